"""
Arithmetic in the 80-bit extended precision of x86, for INCRBYFLOAT and HINCRBYFLOAT.

Redis adds ``long double`` values, on x86-64 numbers with 64 bits of mantissa, and prints
them with 17 decimals.  That shows: 0.1 and 0.2 make 0.3, where doubles give
0.30000000000000004.  Here it is done in Python's integers, so the result is the same
on every machine.

A finite value is held as ``(mantissa, exponent)`` for mantissa * 2**exponent, the mantissa
being signed and of 64 bits at most.  There is no negative zero: Redis prints it as 0.
"""

import re
from typing import Final, TypeAlias

LongDouble: TypeAlias = tuple[int, int]

_PRECISION: Final = 64
_LEAST_EXPONENT: Final = -16445  # of the last bit of the smallest denormal
_OVERFLOW_BITS: Final = 16384  # 2**16384 and more is infinity
_MAX_CHARS: Final = 5 * 1024 - 1

_ZERO: Final = (0, 0)
_INFINITY: Final = (1, _OVERFLOW_BITS)
_NEGATIVE_INFINITY: Final = (-1, _OVERFLOW_BITS)

# Beyond these powers of ten any number of at most _MAX_CHARS digits is infinity or zero.
_GREATEST_DECIMAL: Final = 4933
_LEAST_DECIMAL: Final = -4952

_DECIMALS: Final = 17
_SCALE: Final = 10**_DECIMALS

# int() and str() refuse more than 4300 digits (sys.set_int_max_str_digits); this is below.
_CHUNK: Final = 4000
_CHUNK_SCALE: Final = 10**_CHUNK

_DECIMAL = re.compile(
    rb"([+-]?)(?=[0-9]|\.[0-9])([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?"
).fullmatch
_HEXADECIMAL = re.compile(
    rb"([+-]?)0[xX](?=[0-9a-fA-F]|\.[0-9a-fA-F])"
    rb"([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?[0-9]+))?"
).fullmatch
_INFINITE = re.compile(rb"([+-]?)inf(?:inity)?", re.IGNORECASE).fullmatch


def parse_long_double(data: bytes) -> LongDouble:
    """
    Read an extended precision number in the notations of ``strtold``, NaN excepted.

    Raises:
        ValueError: when it is not a number, is surrounded by blanks, is too great, so
            small that it becomes zero, or of 5 kB and more.
    """
    if len(data) > _MAX_CHARS:
        raise ValueError("not a float")
    match = _DECIMAL(data)
    if match is not None:
        return _from_decimal(*match.groups())
    match = _HEXADECIMAL(data)
    if match is not None:
        return _from_hexadecimal(*match.groups())
    match = _INFINITE(data)
    if match is None:
        raise ValueError("not a float")
    return _NEGATIVE_INFINITY if match[1] == b"-" else _INFINITY


def is_long_double(data: bytes) -> bool:
    """Tell whether :func:`parse_long_double` can read this."""
    try:
        parse_long_double(data)
    except ValueError:
        return False
    return True


def is_infinite(value: LongDouble) -> bool:
    """Tell whether this is one of the two infinities."""
    return value[1] == _OVERFLOW_BITS


def add_long_doubles(a: bytes, b: bytes) -> bytes:
    """
    Add two numbers given and returned as text.

    Raises:
        ValueError: when one of them is not a number.
        OverflowError: when the sum is infinite, or NaN.
    """
    # Up to 18 digits every sum is exact: no rounding, no decimals, no need to come apart.
    if len(a) < 19 and len(b) < 19 and a.isdigit() and b.isdigit():
        return b"%d" % (int(a) + int(b))
    return format_long_double(sum_long_doubles(parse_long_double(a), parse_long_double(b)))


def sum_long_doubles(a: LongDouble, b: LongDouble) -> LongDouble:
    """
    Add two numbers and round the sum to extended precision.

    Raises:
        OverflowError: when the sum is infinite, or NaN.
    """
    mantissa, exponent = a
    other, other_exponent = b
    if exponent == _OVERFLOW_BITS or other_exponent == _OVERFLOW_BITS:
        raise OverflowError("infinite, or not a number")
    if exponent > other_exponent:
        mantissa <<= exponent - other_exponent
        exponent = other_exponent
    else:
        other <<= other_exponent - exponent
    total = mantissa + other
    excess = total.bit_length() - _PRECISION
    if excess > 0:
        total = _shift_right(total, excess)
        exponent += excess
    if total.bit_length() + exponent > _OVERFLOW_BITS:
        raise OverflowError("infinite")
    return total, exponent


def format_long_double(value: LongDouble) -> bytes:
    """Write a number in full: at most 17 decimals, no trailing zeros, never an exponent."""
    mantissa, exponent = value
    if exponent == _OVERFLOW_BITS:
        return b"inf" if mantissa > 0 else b"-inf"
    if exponent >= 0:
        return _decimal_digits(mantissa << exponent)
    scaled = _shift_right(mantissa * _SCALE, -exponent)
    if scaled < 0:
        sign = b"-"
        scaled = -scaled
    else:
        sign = b""
    whole, fraction = divmod(scaled, _SCALE)
    text = sign + _decimal_digits(whole)
    if fraction:
        return text + (b".%017d" % fraction).rstrip(b"0")
    return text if scaled else b"0"


def _from_decimal(sign: bytes, whole: bytes, decimals: bytes, exponent: bytes | None) -> LongDouble:
    """Round a number in decimal notation to extended precision."""
    number = _read_digits(whole + decimals)
    if not number:
        return _ZERO
    place = _clamped(exponent) - len(decimals)
    # Tell what is hopeless before raising ten to a power of a million digits.
    top = place + len((whole + decimals).lstrip(b"0"))
    if top > _GREATEST_DECIMAL or top < _LEAST_DECIMAL:
        raise ValueError("out of range")
    if place >= 0:
        rounded = _round(number * 10**place, 1)
    else:
        rounded = _round(number, 10**-place)
    return _signed(sign, rounded)


def _from_hexadecimal(
    sign: bytes, whole: bytes, decimals: bytes, exponent: bytes | None
) -> LongDouble:
    """Round a number in hexadecimal notation to extended precision."""
    number = int(whole + decimals, 16)
    if not number:
        return _ZERO
    place = _clamped(exponent) - 4 * len(decimals)
    top = place + number.bit_length()
    if top > _OVERFLOW_BITS or top < _LEAST_EXPONENT:
        raise ValueError("out of range")
    if place >= 0:
        rounded = _round(number << place, 1)
    else:
        rounded = _round(number, 1 << -place)
    return _signed(sign, rounded)


def _signed(sign: bytes, value: LongDouble) -> LongDouble:
    """Apply a sign to a rounded number, refusing what became zero or infinite."""
    mantissa, exponent = value
    if not mantissa or mantissa.bit_length() + exponent > _OVERFLOW_BITS:
        raise ValueError("out of range")
    return (-mantissa, exponent) if sign == b"-" else value


def _round(numerator: int, denominator: int) -> LongDouble:
    """Round a positive fraction to 64 bits, ties to even, or to fewer when denormal."""
    shift = _PRECISION - numerator.bit_length() + denominator.bit_length()
    shift = min(shift, -_LEAST_EXPONENT)
    if shift >= 0:
        numerator <<= shift
    else:
        denominator <<= -shift
    if numerator >= denominator << _PRECISION:
        # The estimate was one bit too long.
        denominator <<= 1
        shift -= 1
    mantissa, rest = divmod(numerator, denominator)
    rest <<= 1
    if rest > denominator or (rest == denominator and mantissa & 1):
        mantissa += 1
    return mantissa, -shift


def _shift_right(number: int, bits: int) -> int:
    """Divide by a power of two and round to the nearest integer, ties to even."""
    quotient = number >> bits
    rest = number - (quotient << bits)
    half = 1 << bits - 1
    if rest > half or (rest == half and quotient & 1):
        quotient += 1
    return quotient


def _clamped(exponent: bytes | None) -> int:
    """Read an exponent, which may have any number of digits; only so many matter."""
    if exponent is None:
        return 0
    value = int(exponent.lstrip(b"+-0")[:9] or b"0")
    return -value if exponent[:1] == b"-" else value


def _read_digits(digits: bytes) -> int:
    """Read a decimal integer of any length."""
    if len(digits) <= _CHUNK:
        return int(digits)
    return int(digits[:-_CHUNK]) * _CHUNK_SCALE + int(digits[-_CHUNK:])


def _decimal_digits(number: int) -> bytes:
    """Write an integer of any length that a long double can have."""
    if -_CHUNK_SCALE < number < _CHUNK_SCALE:
        return b"%d" % number
    high, low = divmod(abs(number), _CHUNK_SCALE)
    return b"%b%d%0*d" % (b"-" if number < 0 else b"", high, _CHUNK, low)
