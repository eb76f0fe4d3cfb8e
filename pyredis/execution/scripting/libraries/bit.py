"""bit: operations on 32-bit words for scripts, as Lua BitOp has them."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_, xor

_MASK = 0xFFFFFFFF


def _word(value: float) -> int:
    """Return a number's 32 bits; what has none (NaN, infinities) has zeros."""
    try:
        return round(value) & _MASK
    except (ValueError, OverflowError):
        return 0


def _signed(word: int) -> int:
    return word - (1 << 32) if word & 0x80000000 else word


def _of_all(operation: Callable[[int, int], int]) -> Callable[..., int]:
    return lambda *values: _signed(reduce(operation, map(_word, values)))


def _shift(operation: Callable[[int, int], int]) -> Callable[[float, float], int]:
    return lambda value, by: _signed(operation(_word(value), _word(by) & 31) & _MASK)


def _tohex(value: float, digits: float = 8) -> bytes:
    count = _signed(_word(digits))
    text = b"%08X" if count < 0 else b"%08x"
    count = min(abs(count), 8)
    return (text % _word(value))[8 - count :]


HELPERS: dict[bytes, Callable[..., object]] = {
    b"tobit": lambda value: _signed(_word(value)),
    b"bnot": lambda value: _signed(~_word(value) & _MASK),
    b"band": _of_all(and_),
    b"bor": _of_all(or_),
    b"bxor": _of_all(xor),
    b"lshift": _shift(lambda word, by: word << by),
    b"rshift": _shift(lambda word, by: word >> by),
    b"arshift": _shift(lambda word, by: _signed(word) >> by),
    b"rol": _shift(lambda word, by: word << by | word >> (32 - by)),
    b"ror": _shift(lambda word, by: word >> by | word << (32 - by)),
    b"bswap": lambda value: _signed(int.from_bytes(_word(value).to_bytes(4, "little"), "big")),
    b"tohex": _tohex,
}

SOURCE = rb"""
return function(helpers)
local type, tonumber, error, select, unpack = type, tonumber, error, select, unpack
local LEAST = {tobit = 1, bnot = 1, band = 1, bor = 1, bxor = 1, lshift = 2, rshift = 2,
  arshift = 2, rol = 2, ror = 2, bswap = 1, tohex = 1}
local MOST = {tobit = 1, bnot = 1, lshift = 2, rshift = 2, arshift = 2, rol = 2, ror = 2,
  bswap = 1, tohex = 2}
local bit = {}
for name, least in next, LEAST do
  local operation, most = helpers[name], MOST[name]
  bit[name] = function(...)
    local count = select('#', ...)
    if most and count > most then count = most end
    if most == 2 and least == 1 and count == 2 and select(2, ...) == nil then count = 1 end
    local values = {}
    for i = 1, count > least and count or least do
      local value = select(i, ...)
      local number = i <= count and tonumber(value)
      if not number then
        error("bad argument #" .. i .. " to '" .. name .. "' (number expected, got " ..
          (i > count and 'no value' or type(value)) .. ')', 2)
      end
      values[i] = number
    end
    local result = operation(unpack(values))
    return result
  end
end
return bit
end
"""
