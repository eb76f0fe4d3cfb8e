"""struct: C structures for scripts, as Lua Struct 0.2 packs and unpacks them, in Lua."""

import struct
from collections.abc import Callable


def pack_float(value: float, size: int, little: bool) -> bytes:
    """Return a number as a float of four or eight bytes."""
    code = ("<" if little else ">") + ("f" if size == 4 else "d")
    try:
        return struct.pack(code, value)
    except OverflowError:
        return struct.pack(code, float("inf") if value > 0 else float("-inf"))


def unpack_float(data: bytes, little: bool) -> float:
    """Return the number in four or eight bytes."""
    number: float = struct.unpack(
        ("<" if little else ">") + ("f" if len(data) == 4 else "d"), data
    )[0]
    return number


HELPERS: dict[bytes, Callable[..., object]] = {
    b"pack_float": pack_float,
    b"unpack_float": unpack_float,
}

SOURCE = rb"""
return function(helpers)
local byte, char, sub, find, rep, format = string.byte, string.char, string.sub, string.find,
  string.rep, string.format
local concat, floor, type, tonumber, tostring = table.concat, math.floor, type, tonumber, tostring
local error, select, unpack, remove = error, select, unpack, table.remove
local pack_float, unpack_float = helpers.pack_float, helpers.unpack_float
local INTEGER_LIMIT = 32
local SIZES = {b = 1, B = 1, h = 2, H = 2, l = 8, L = 8, T = 8, f = 4, d = 8, x = 1}

local function read_number(layout, at, default)
  local digits = string.match(layout, '^%d+', at)
  if not digits then return default, at end
  local number = tonumber(digits)
  if number > 2147483647 then error('integral size overflow', 4) end
  return number, at + #digits
end

-- Returns an option, its size, the bytes to skip before it, and where the next one is.
local function option_at(layout, at, state, total)
  local option = sub(layout, at, at)
  at = at + 1
  local size = SIZES[option] or 0
  if option == 'c' then
    size, at = read_number(layout, at, 1)
  elseif option == 'i' or option == 'I' then
    size, at = read_number(layout, at, 4)
    if size > INTEGER_LIMIT then
      error(format('integral size %d is larger than limit of %d', size, INTEGER_LIMIT), 3)
    end
  end
  local skip = 0
  local unit = size > state.align and state.align or size
  if unit > 1 and option ~= 'c' then
    skip = (unit - total % unit) % unit
  end
  return option, size, skip, at
end

local function control(layout, option, at, state)
  if option == ' ' then return at end
  if option == '>' then state.little = false
  elseif option == '<' then state.little = true
  elseif option == '!' then
    local align
    align, at = read_number(layout, at, 8)
    local power = 1
    while power < align do power = power * 2 end
    if align == 0 or power ~= align then
      error(format('alignment %d is not a power of 2', align), 3)
    end
    state.align = align
  else
    error(format("bad argument #1 to '%s' (invalid format option '%s')", state.name, option), 3)
  end
  return at
end

local function pack_integer(value, size, little)
  local bytes, rest = {}, value < 0 and -floor(-value) or floor(value)
  for i = 1, size do
    local place = little and i or size - i + 1
    -- C takes 64 bits of a number; what lies beyond is nothing.
    if i <= 8 then
      bytes[place] = char(rest % 256)
      rest = floor(rest / 256)
    else
      bytes[place] = '\0'
    end
  end
  return concat(bytes)
end

local function unpack_integer(data, at, size, little, signed)
  local value, limit = 0, size < 8 and size or 8
  for i = limit, 1, -1 do
    value = value * 256 + byte(data, little and at + i - 1 or at + size - i)
  end
  if signed then
    local half = 2 ^ (8 * limit - 1)
    if value >= half then
      if limit < 8 then return value - 2 * half end
      local high = 0
      for i = 8, 5, -1 do high = high * 256 + byte(data, little and at + i - 1 or at + size - i) end
      local low = 0
      for i = 4, 1, -1 do low = low * 256 + byte(data, little and at + i - 1 or at + size - i) end
      return (high - 4294967296) * 4294967296 + low
    end
  end
  return value
end

local function wrong(place, name, expected, value, missing)
  error(format("bad argument #%d to '%s' (%s expected, got %s)", place, name, expected,
    missing and 'no value' or type(value)), 3)
end

local function layout_of(name, value, count)
  if type(value) == 'number' then return tostring(value) end
  if type(value) ~= 'string' then wrong(1, name, 'string', value, count == 0) end
  return value
end

local struct = {}

function struct.pack(...)
  local count = select('#', ...)
  local layout = layout_of('pack', (...), count)
  local state = {little = true, align = 1, name = 'pack'}
  local out, total, argument, at = {}, 0, 1, 1
  while at <= #layout do
    local option, size, skip
    option, size, skip, at = option_at(layout, at, state, total)
    if skip > 0 then out[#out + 1] = rep('\0', skip) total = total + skip end
    local piece
    if option == 'x' then
      piece = '\0'
    elseif find(option, '^[bBhHlLTiIfdcs]$') then
      argument = argument + 1
      local value = select(argument, ...)
      if option == 's' or option == 'c' then
        if type(value) == 'number' then value = tostring(value) end
        if type(value) ~= 'string' then
          wrong(argument, 'pack', 'string', value, argument > count)
        end
        if option == 's' then
          piece = value .. '\0'
        else
          if size == 0 then size = #value end
          if #value < size then
            error(format("bad argument #%d to 'pack' (string too short)", argument), 2)
          end
          piece = sub(value, 1, size)
        end
      else
        local number = tonumber(value)
        if not number then wrong(argument, 'pack', 'number', value, argument > count) end
        if option == 'f' or option == 'd' then
          piece = pack_float(number, size, state.little)
        else
          piece = pack_integer(number, size, state.little)
        end
      end
    else
      at = control(layout, option, at, state)
      piece = ''
    end
    out[#out + 1] = piece
    total = total + #piece
  end
  local text = concat(out)
  return text
end

function struct.unpack(...)
  local count = select('#', ...)
  local layout = layout_of('unpack', (...), count)
  local _, data, position = ...
  if type(data) == 'number' then data = tostring(data) end
  if type(data) ~= 'string' then wrong(2, 'unpack', 'string', data, count < 2) end
  local from = 1
  if position ~= nil then
    from = tonumber(position)
    if not from then wrong(3, 'unpack', 'number', position) end
    if from < 1 then error("bad argument #3 to 'unpack' (offset must be 1 or greater)", 2) end
  end
  local pos, found, n, at = floor(from) - 1, {}, 0, 1
  local state = {little = true, align = 1, name = 'unpack'}
  while at <= #layout do
    local option, size, skip
    option, size, skip, at = option_at(layout, at, state, pos)
    pos = pos + skip
    if pos + size > #data then
      error("bad argument #2 to 'unpack' (data string too short)", 2)
    end
    if option == 'f' or option == 'd' then
      n = n + 1
      found[n] = unpack_float(sub(data, pos + 1, pos + size), state.little)
    elseif option == 'c' then
      if size == 0 then
        if n == 0 or type(found[n]) ~= 'number' then
          error("format 'c0' needs a previous size", 2)
        end
        size = found[n]
        n = n - 1
        if size < 0 or pos + size > #data then
          error("bad argument #2 to 'unpack' (data string too short)", 2)
        end
      end
      n = n + 1
      found[n] = sub(data, pos + 1, pos + size)
    elseif option == 's' then
      local stop = find(data, '\0', pos + 1, true) or find(data, '%z', pos + 1)
      if not stop then error('unfinished string in data', 2) end
      n = n + 1
      found[n] = sub(data, pos + 1, stop - 1)
      size = stop - pos
    elseif find(option, '^[bBhHlLTiI]$') then
      n = n + 1
      found[n] = unpack_integer(data, pos + 1, size, state.little, find(option, '%l') ~= nil)
    elseif option ~= 'x' then
      at = control(layout, option, at, state)
    end
    pos = pos + size
  end
  found[n + 1] = pos + 1
  return unpack(found, 1, n + 1)
end

function struct.size(...)
  local layout = layout_of('size', (...), select('#', ...))
  local state, total, at = {little = true, align = 1, name = 'size'}, 0, 1
  while at <= #layout do
    local option, size, skip
    option, size, skip, at = option_at(layout, at, state, total)
    total = total + skip + size
    if option == 's' then
      error("bad argument #1 to 'size' (option 's' has no fixed size)", 2)
    end
    if option == 'c' and size == 0 then
      error("bad argument #1 to 'size' (option 'c0' has no fixed size)", 2)
    end
    if find(option, '^[ <>!]$') then at = control(layout, option, at, state) end
  end
  return total
end
return struct
end
"""
