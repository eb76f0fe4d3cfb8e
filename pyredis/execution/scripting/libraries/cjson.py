"""cjson: JSON for scripts, as Lua CJSON 2.1 in Redis reads and writes it, in Lua."""

SOURCE = rb"""
return function()
local byte, char, sub, find = string.byte, string.char, string.sub, string.find
local format = string.format
local gsub, concat, floor = string.gsub, table.concat, math.floor
local type, next, rawget, tostring, tonumber, error = type, next, rawget, tostring, tonumber, error
local pcall, select = pcall, select

local null = newproxy()
local NOT_JSON = {}

local ESCAPES = {['"'] = '\\"', ['\\'] = '\\\\', ['/'] = '\\/', ['\b'] = '\\b', ['\t'] = '\\t',
  ['\n'] = '\\n', ['\f'] = '\\f', ['\r'] = '\\r', ['\127'] = '\\u007f'}
for code = 0, 31 do
  local c = char(code)
  ESCAPES[c] = ESCAPES[c] or format('\\u%04x', code)
end
local PLAIN = '[%z\1-\31"\\/\127]'
local UNESCAPES = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', t = '\t', n = '\n',
  f = '\f', r = '\r'}

local function new()
local settings = {convert = false, ratio = 2, safe = 10, encode_depth = 1000, decode_depth = 1000,
  precision = 14, keep = true, encode_invalid = false, decode_invalid = true}
local number_format = '%.14g'

local function quoted(text)
  if find(text, PLAIN) then text = gsub(text, PLAIN, ESCAPES) end
  return '"' .. text .. '"'
end

local function number_text(value)
  if value ~= value or value == 1/0 or value == -1/0 then
    local mode = settings.encode_invalid
    if mode == 'null' then return 'null' end
    if not mode then error({'Cannot serialise number: must not be NaN or Inf'}) end
    if value ~= value then return value < 0 and '-nan' or format('%.14g', value) end
  end
  return format(number_format, value)
end

local function array_length(value)
  local largest, items = 0, 0
  for k in next, value do
    if type(k) ~= 'number' or k < 1 or k ~= floor(k) then return -1 end
    if k > largest then largest = k end
    items = items + 1
  end
  if settings.ratio > 0 and largest > items * settings.ratio and largest > settings.safe then
    if not settings.convert then
      error({'Cannot serialise table: excessively sparse array'})
    end
    return -1
  end
  return largest
end

local put_value
local function put_table(value, depth, out)
  depth = depth + 1
  if depth > settings.encode_depth then
    error({format('Cannot serialise, excessive nesting (%d)', depth)})
  end
  local length = array_length(value)
  if length > 0 then
    out[#out + 1] = '['
    for i = 1, length do
      if i > 1 then out[#out + 1] = ',' end
      put_value(rawget(value, i), depth, out)
    end
    out[#out + 1] = ']'
    return
  end
  out[#out + 1] = '{'
  local first = true
  for k, v in next, value do
    if not first then out[#out + 1] = ',' end
    first = false
    if type(k) == 'number' then
      out[#out + 1] = '"' .. number_text(k) .. '":'
    elseif type(k) == 'string' then
      out[#out + 1] = quoted(k) .. ':'
    else
      error({'Cannot serialise ' .. type(k) .. ': table key must be a number or string'})
    end
    put_value(v, depth, out)
  end
  out[#out + 1] = '}'
end

function put_value(value, depth, out)
  local kind = type(value)
  if kind == 'string' then out[#out + 1] = quoted(value)
  elseif kind == 'number' then out[#out + 1] = number_text(value)
  elseif kind == 'boolean' then out[#out + 1] = value and 'true' or 'false'
  elseif kind == 'table' then put_table(value, depth, out)
  elseif value == nil or value == null then out[#out + 1] = 'null'
  else error({'Cannot serialise ' .. kind .. ': type not supported'})
  end
end

local function fail(expected, found, at)
  error({format('Expected %s but found %s at character %d', expected, found, at)})
end

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64,
    0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

local function unicode(text, at)
  local digits = sub(text, at, at + 3)
  return find(digits, '^%x%x%x%x$') and tonumber(digits, 16) or nil
end

-- Returns the string and where it ends, or nil and the token that is wrong.
local function read_string(text, at)
  local stop = find(text, '["\\%z]', at + 1)
  if stop and byte(text, stop) == 34 then return sub(text, at + 1, stop - 1), stop + 1 end
  local pieces, from = {}, at + 1
  while true do
    stop = find(text, '["\\]', from)
    if not stop then return nil, 'unexpected end of string', #text + 1 end
    pieces[#pieces + 1] = sub(text, from, stop - 1)
    if byte(text, stop) == 34 then return concat(pieces), stop + 1 end
    local letter = sub(text, stop + 1, stop + 1)
    if letter == 'u' then
      local code = unicode(text, stop + 2)
      from = stop + 6
      if code and code >= 0xD800 and code <= 0xDFFF then
        local low = sub(text, from, from + 1) == '\\u' and unicode(text, from + 2)
        if code >= 0xDC00 or not low or low < 0xDC00 or low > 0xDFFF then
          code = nil
        else
          code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
          from = from + 6
        end
      end
      if not code then return nil, 'invalid unicode escape code', stop end
      pieces[#pieces + 1] = utf8(code)
    else
      local plain = UNESCAPES[letter]
      if not plain then return nil, 'invalid escape code', stop end
      pieces[#pieces + 1] = plain
      from = stop + 2
    end
  end
end

local NAMES = {['{'] = 'T_OBJ_BEGIN', ['}'] = 'T_OBJ_END', ['['] = 'T_ARR_BEGIN',
  [']'] = 'T_ARR_END', [':'] = 'T_COLON', [','] = 'T_COMMA'}

local function read_number(text, at)
  local word = find(text, '^[+-]?0[xX]%x', at) and string.match(text, '^[+-]?0[xX]%x+', at)
    or string.match(text, '^[+-]?%d+%.?%d*[eE][+-]?%d+', at)
    or string.match(text, '^[+-]?%d+%.?%d*', at)
  if word then
    if not settings.decode_invalid
      and (find(word, '[xX]') or find(word, '^%-?0%d')) then
      return nil
    end
    local sign, digits = string.match(word, '^([+-]?)(0[xX]%x+)$')
    local number = digits and tonumber(digits) or tonumber(word)
    return sign == '-' and -number or number, at + #word
  end
  if settings.decode_invalid then
    local sign, letters = string.match(text, '^([+-]?)(%a+)', at)
    local lower = letters and string.lower(letters) or ''
    local factor = sign == '-' and -1 or 1
    if sub(lower, 1, 8) == 'infinity' then return factor * (1/0), at + #sign + 8 end
    if sub(lower, 1, 3) == 'inf' then return factor * (1/0), at + #sign + 3 end
    if sub(lower, 1, 3) == 'nan' then return 0/0, at + #sign + 3 end
  end
end

-- Returns a token's name, where it begins and ends, and its value.
local function token(text, at)
  at = find(text, '[^ \t\n\r]', at) or #text + 1
  local c = sub(text, at, at)
  if c == '' then return 'T_END', at, at end
  local name = NAMES[c]
  if name then return name, at, at + 1 end
  if c == '"' then
    local value, stop, where = read_string(text, at)
    if value then return 'T_STRING', at, stop, value end
    return 'T_ERROR', where, stop
  end
  if find(c, '[%d+%-]') then
    if c ~= '+' or settings.decode_invalid then
      local value, stop = read_number(text, at)
      if value then return 'T_NUMBER', at, stop, value end
    end
    return 'T_ERROR', at, c == '+' and 'invalid token' or 'invalid number'
  end
  if sub(text, at, at + 3) == 'true' then return 'T_BOOLEAN', at, at + 4, true end
  if sub(text, at, at + 4) == 'false' then return 'T_BOOLEAN', at, at + 5, false end
  if sub(text, at, at + 3) == 'null' then return 'T_NULL', at, at + 4, null end
  if settings.decode_invalid and find(c, '[iInN]') then
    local value, stop = read_number(text, at)
    if value then return 'T_NUMBER', at, stop, value end
  end
  return 'T_ERROR', at, 'invalid token'
end

local function wrong(expected, name, at, stop)
  fail(expected, name == 'T_ERROR' and stop or name, at)
end

local read_value
local function deeper(depth, at)
  depth = depth + 1
  if depth > settings.decode_depth then
    error({format('Found too many nested data structures (%d) at character %d', depth, at - 1)})
  end
  return depth
end

local function read_object(text, at, depth)
  depth = deeper(depth, at)
  local object = {}
  local name, where, stop, key = token(text, at)
  if name == 'T_OBJ_END' then return object, stop end
  while true do
    if name ~= 'T_STRING' then wrong('object key string', name, where, stop) end
    local colon, place, after = token(text, stop)
    if colon ~= 'T_COLON' then wrong('colon', colon, place, after) end
    object[key], at = read_value(text, depth, token(text, after))
    name, where, stop = token(text, at)
    if name == 'T_OBJ_END' then return object, stop end
    if name ~= 'T_COMMA' then wrong('comma or object end', name, where, stop) end
    name, where, stop, key = token(text, stop)
  end
end

local function read_array(text, at, depth)
  depth = deeper(depth, at)
  local array, count = {}, 0
  local name, where, stop, value = token(text, at)
  if name == 'T_ARR_END' then return array, stop end
  while true do
    count = count + 1
    array[count], at = read_value(text, depth, name, where, stop, value)
    name, where, stop = token(text, at)
    if name == 'T_ARR_END' then return array, stop end
    if name ~= 'T_COMMA' then wrong('comma or array end', name, where, stop) end
    name, where, stop, value = token(text, stop)
  end
end

function read_value(text, depth, name, where, stop, value)
  if name == 'T_OBJ_BEGIN' then return read_object(text, stop, depth) end
  if name == 'T_ARR_BEGIN' then return read_array(text, stop, depth) end
  if name == 'T_STRING' or name == 'T_NUMBER' or name == 'T_BOOLEAN' or name == 'T_NULL' then
    return value, stop
  end
  wrong('value', name, where, stop)
end

local function finish(ok, ...)
  if ok then return ... end
  local problem = ...
  if type(problem) == 'table' and rawget(problem, 1) then error(problem[1], 3) end
  error(problem, 0)
end

local function one_argument(name, count, value)
  if count ~= 1 then
    error("bad argument #1 to '" .. name .. "' (expected 1 argument)", 3)
  end
end

local cjson = {null = null, _NAME = 'cjson', _VERSION = '2.1.0'}

local function encode(value)
  local out = {}
  put_value(value, 0, out)
  return concat(out)
end

function cjson.encode(...)
  one_argument('encode', select('#', ...))
  local text = finish(pcall(encode, (...)))
  return text
end

local function decode(text)
  if #text >= 2 and (byte(text, 1) == 0 or byte(text, 2) == 0) then
    error({'JSON parser does not support UTF-16 or UTF-32'})
  end
  local value, at = read_value(text, 0, token(text, 1))
  local name, where, stop = token(text, at)
  if name ~= 'T_END' then wrong('the end', name, where, stop) end
  return value
end

function cjson.decode(...)
  one_argument('decode', select('#', ...))
  local text = ...
  if type(text) == 'number' then text = tostring(text) end
  if type(text) ~= 'string' then
    error("bad argument #1 to 'decode' (string expected, got " .. type(text) .. ')', 2)
  end
  local value = finish(pcall(decode, text))
  return value
end

local function most(name, count, limit)
  if count > limit then
    error(format("bad argument #%d to '%s' (found too many arguments)", limit + 1, name), 3)
  end
end

local function set_integer(name, key, value, place, low, high)
  if value == nil then return end
  local number = tonumber(value)
  if not number then
    error(format("bad argument #%d to '%s' (number expected, got %s)", place, name, type(value)), 3)
  end
  if number < low or number > high then
    error(format("bad argument #%d to '%s' (expected integer between %d and %d)", place, name,
      low, high), 3)
  end
  settings[key] = floor(number)
end

local function set_choice(name, key, value, place, words)
  if value == nil then return end
  if type(value) == 'boolean' then settings[key] = value return end
  if value == 'on' then settings[key] = true
  elseif value == 'off' then settings[key] = false
  elseif words and value == 'null' then settings[key] = 'null'
  else
    error(format("bad argument #%d to '%s' (invalid option '%s')", place, name, tostring(value)), 3)
  end
end

function cjson.encode_sparse_array(...)
  local name = 'encode_sparse_array'
  most(name, select('#', ...), 3)
  local convert, ratio, safe = ...
  set_choice(name, 'convert', convert, 1)
  set_integer(name, 'ratio', ratio, 2, 0, 2147483647)
  set_integer(name, 'safe', safe, 3, 0, 2147483647)
  return settings.convert, settings.ratio, settings.safe
end
function cjson.encode_max_depth(...)
  most('encode_max_depth', select('#', ...), 1)
  set_integer('encode_max_depth', 'encode_depth', (...), 1, 1, 2147483647)
  return settings.encode_depth
end
function cjson.decode_max_depth(...)
  most('decode_max_depth', select('#', ...), 1)
  set_integer('decode_max_depth', 'decode_depth', (...), 1, 1, 2147483647)
  return settings.decode_depth
end
function cjson.encode_number_precision(...)
  most('encode_number_precision', select('#', ...), 1)
  set_integer('encode_number_precision', 'precision', (...), 1, 1, 14)
  number_format = '%.' .. settings.precision .. 'g'
  return settings.precision
end
function cjson.encode_keep_buffer(...)
  most('encode_keep_buffer', select('#', ...), 1)
  set_choice('encode_keep_buffer', 'keep', (...), 1)
  return settings.keep
end
function cjson.encode_invalid_numbers(...)
  most('encode_invalid_numbers', select('#', ...), 1)
  set_choice('encode_invalid_numbers', 'encode_invalid', (...), 1, true)
  return settings.encode_invalid
end
function cjson.decode_invalid_numbers(...)
  most('decode_invalid_numbers', select('#', ...), 1)
  set_choice('decode_invalid_numbers', 'decode_invalid', (...), 1)
  return settings.decode_invalid
end
cjson.new = new
return cjson
end
return new()
end
"""
