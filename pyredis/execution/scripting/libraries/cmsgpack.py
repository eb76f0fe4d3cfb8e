"""cmsgpack: MessagePack for scripts, in Lua; only floats become bytes in Python."""

import struct
from collections.abc import Callable

_DOUBLE = struct.Struct(">d")
_FLOAT = struct.Struct(">f")


def pack_float(value: float) -> bytes:
    """Return a number's token: a single where that is the same, or a double."""
    try:
        if _FLOAT.unpack(_FLOAT.pack(value))[0] == value:
            return b"\xca" + _FLOAT.pack(value)
    except OverflowError:
        pass
    return b"\xcb" + _DOUBLE.pack(value)


def unpack_float(data: bytes) -> float:
    """Return the number in four or eight bytes."""
    number: float = (_FLOAT if len(data) == 4 else _DOUBLE).unpack(data)[0]
    return number


HELPERS: dict[bytes, Callable[..., object]] = {
    b"pack_float": pack_float,
    b"unpack_float": unpack_float,
}

SOURCE = rb"""
return function(helpers)
local byte, char, sub, format = string.byte, string.char, string.sub, string.format
local concat, floor, next, rawget, type = table.concat, math.floor, next, rawget, type
local select, unpack, error, pcall, tonumber = select, unpack, error, pcall, tonumber
local pack_float, unpack_float = helpers.pack_float, helpers.unpack_float
local MAX_DEPTH = 16

local function big_endian(value, count)
  local bytes = {}
  for i = count, 1, -1 do
    bytes[i] = char(value % 256)
    value = floor(value / 256)
  end
  return concat(bytes)
end

local function integer(n)
  if n >= 0 then
    if n <= 127 then return char(n) end
    if n <= 0xff then return '\204' .. char(n) end
    if n <= 0xffff then return '\205' .. big_endian(n, 2) end
    if n <= 0xffffffff then return '\206' .. big_endian(n, 4) end
    return '\207' .. big_endian(n, 8)
  end
  if n >= -32 then return char(256 + n) end
  if n >= -128 then return '\208' .. char(256 + n) end
  if n >= -32768 then return '\209' .. big_endian(n, 2) end
  if n >= -2147483648 then return '\210' .. big_endian(n, 4) end
  return '\211' .. big_endian(floor(n / 4294967296), 4) .. big_endian(n % 4294967296, 4)
end

local function head(count, small, limit, one, two, four)
  if count < limit then return char(small + count) end
  if one and count <= 0xff then return char(one, count) end
  if count <= 0xffff then return char(two) .. big_endian(count, 2) end
  return char(four) .. big_endian(count, 4)
end

local function array_length(value)
  local largest, count = 0, 0
  for k in next, value do
    if type(k) ~= 'number' or k <= 0 or floor(k) ~= k then return nil end
    if k > largest then largest = k end
    count = count + 1
  end
  return largest == count and count or nil
end

local put
local function put_table(value, depth, out)
  local length = array_length(value)
  if length then
    out[#out + 1] = head(length, 0x90, 16, nil, 0xdc, 0xdd)
    for i = 1, length do put(rawget(value, i), depth + 1, out) end
    return
  end
  local count = 0
  for _ in next, value do count = count + 1 end
  out[#out + 1] = head(count, 0x80, 16, nil, 0xde, 0xdf)
  for k, v in next, value do
    put(k, depth + 1, out)
    put(v, depth + 1, out)
  end
end

function put(value, depth, out)
  local kind = type(value)
  if kind == 'string' then
    out[#out + 1] = head(#value, 0xa0, 32, 0xd9, 0xda, 0xdb) .. value
  elseif kind == 'number' then
    if value == floor(value) and value >= -9223372036854775808 and value < 9223372036854775808 then
      out[#out + 1] = integer(value)
    else
      out[#out + 1] = pack_float(value)
    end
  elseif kind == 'boolean' then
    out[#out + 1] = value and '\195' or '\194'
  elseif kind == 'table' and depth < MAX_DEPTH then
    put_table(value, depth, out)
  else
    out[#out + 1] = '\192'
  end
end

local cmsgpack = {_NAME = 'cmsgpack', _VERSION = 'lua-cmsgpack 0.4.0',
  _COPYRIGHT = 'PyRedis contributors', _DESCRIPTION = 'MessagePack C implementation for Lua'}

function cmsgpack.pack(...)
  local count = select('#', ...)
  if count == 0 then
    error("bad argument #0 to 'pack' (MessagePack pack needs input.)", 2)
  end
  local out = {}
  for i = 1, count do put((select(i, ...)), 0, out) end
  local text = concat(out)
  return text
end

local MISSING, BAD = 'Missing bytes in input.', 'Bad data format in input.'

local function need(data, at, count)
  if at + count - 1 > #data then error({MISSING}) end
end

local function unsigned(data, at, count)
  need(data, at, count)
  local value = 0
  for i = at, at + count - 1 do value = value * 256 + byte(data, i) end
  return value
end

local function signed(data, at, count)
  need(data, at, count)
  if count == 8 then
    local high = unsigned(data, at, 4)
    if high >= 2147483648 then high = high - 4294967296 end
    return high * 4294967296 + unsigned(data, at + 4, 4)
  end
  local value = unsigned(data, at, count)
  local half = 2 ^ (8 * count - 1)
  return value >= half and value - 2 * half or value
end

local function text_at(data, at, count)
  need(data, at, count)
  return sub(data, at, at + count - 1), at + count
end

local take
local function take_array(data, at, count, depth)
  local array = {}
  for i = 1, count do array[i], at = take(data, at, depth) end
  return array, at
end

local function take_map(data, at, count, depth)
  local map = {}
  for _ = 1, count do
    local key, value
    key, at = take(data, at, depth)
    value, at = take(data, at, depth)
    if key == nil or key ~= key then error({BAD}) end
    map[key] = value
  end
  return map, at
end

function take(data, at, depth)
  if depth > 190 then error({BAD}) end
  depth = depth + 1
  need(data, at, 1)
  local kind = byte(data, at)
  at = at + 1
  if kind < 0x80 then return kind, at end
  if kind >= 0xe0 then return kind - 256, at end
  if kind < 0x90 then return take_map(data, at, kind - 0x80, depth) end
  if kind < 0xa0 then return take_array(data, at, kind - 0x90, depth) end
  if kind < 0xc0 then return text_at(data, at, kind - 0xa0) end
  if kind == 0xc0 then return nil, at end
  if kind == 0xc2 then return false, at end
  if kind == 0xc3 then return true, at end
  if kind == 0xca or kind == 0xcb then
    local count = kind == 0xca and 4 or 8
    need(data, at, count)
    return unpack_float(sub(data, at, at + count - 1)), at + count
  end
  if kind >= 0xcc and kind <= 0xcf then
    local count = 2 ^ (kind - 0xcc)
    return unsigned(data, at, count), at + count
  end
  if kind >= 0xd0 and kind <= 0xd3 then
    local count = 2 ^ (kind - 0xd0)
    return signed(data, at, count), at + count
  end
  if kind >= 0xd9 and kind <= 0xdb then
    local count = 2 ^ (kind - 0xd9)
    return text_at(data, at + count, unsigned(data, at, count))
  end
  if kind == 0xdc or kind == 0xdd then
    local count = kind == 0xdc and 2 or 4
    return take_array(data, at + count, unsigned(data, at, count), depth)
  end
  if kind == 0xde or kind == 0xdf then
    local count = kind == 0xde and 2 or 4
    return take_map(data, at + count, unsigned(data, at, count), depth)
  end
  error({BAD})
end

local function objects(data, limit, offset, whole)
  local found, count, at = {}, 0, offset + 1
  while at <= #data and (whole or count < limit) do
    count = count + 1
    found[count], at = take(data, at, 0)
  end
  return found, count, at
end

local function unpack_with(name, data, limit, offset)
  if type(data) == 'number' then data = tostring(data) end
  if type(data) ~= 'string' then
    error(format("bad argument #1 to '%s' (string expected, got %s)", name,
      data == nil and 'no value' or type(data)), 3)
  end
  if offset < 0 or limit < 0 then
    error(format('Invalid request to unpack with offset of %d and limit of %d.', offset, #data), 3)
  end
  if offset > #data then
    error(format('Start offset %d greater than input length %d.', offset, #data), 3)
  end
  local whole = limit == 0 and offset == 0
  if whole then limit = 2147483647 end
  local ok, found, count, at = pcall(objects, data, limit, offset, whole)
  if not ok then
    if type(found) == 'table' and rawget(found, 1) then
      error(found[1], 3)
    end
    error(found, 0)
  end
  if whole then return unpack(found, 1, count) end
  return at > #data and -1 or at - 1, unpack(found, 1, count)
end

local function number(name, place, value, default)
  if value == nil then
    if default then return default end
    error(format("bad argument #%d to '%s' (number expected, got no value)", place, name), 3)
  end
  local found = tonumber(value)
  if not found then
    error(format("bad argument #%d to '%s' (number expected, got %s)", place, name, type(value)), 3)
  end
  return floor(found)
end

function cmsgpack.unpack(data) return unpack_with('unpack', data, 0, 0) end
function cmsgpack.unpack_one(data, offset)
  return unpack_with('unpack_one', data, 1, number('unpack_one', 2, offset, 0))
end
function cmsgpack.unpack_limit(data, limit, offset)
  return unpack_with('unpack_limit', data, number('unpack_limit', 2, limit),
    number('unpack_limit', 3, offset, 0))
end
return cmsgpack
end
"""
