"""
Numbers as Redis reads and writes them.

Reading is strict where Redis is strict and lax where C's ``strto*`` family is: a
value stored as an integer must give back the very bytes it came from, while a scan
cursor of ``+7`` or ``-1`` is fine.  What cannot be read raises ``ValueError``; the
caller knows what to tell its client.

Extended precision lives in :mod:`pyredis.primitives.long_doubles`, the digits of a
double in :mod:`pyredis.primitives.shortest_digits`; their names are handed on here.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from pyredis.primitives.long_doubles import (
    LongDouble,
    add_long_doubles,
    format_long_double,
    is_infinite,
    is_long_double,
    parse_long_double,
    sum_long_doubles,
)
from pyredis.primitives.shortest_digits import format_shortest

__all__ = [
    "INT64_MAX",
    "INT64_MIN",
    "LongDouble",
    "UINT64_MAX",
    "add_long_doubles",
    "canonical_int",
    "format_double",
    "format_fixed",
    "format_human_double",
    "format_long_double",
    "format_memory",
    "is_infinite",
    "is_long_double",
    "parse_double",
    "parse_double_laxly",
    "parse_int",
    "parse_long_double",
    "parse_memory",
    "parse_plain_doubles",
    "parse_unsigned",
    "sum_long_doubles",
]

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
UINT64_MAX: Final = 2**64 - 1

_INT_CHARS: Final = 20  # b"-9223372036854775808"
_ZERO: Final = 48
_MINUS: Final = 45

# C's isspace() in the "C" locale.
_BLANKS: Final = b" \t\n\v\f\r"

# Doubles up to here are integers that Redis prints through its integer printer.
_PLAIN_INT_LIMIT: Final = 2.0**62

_CURSOR = re.compile(rb"([+-]?)([0-9]+)(?:\0.*)?", re.DOTALL).fullmatch
_HEX_FLOAT = re.compile(
    rb"([+-]?)0[xX](?=[0-9a-fA-F]|\.[0-9a-fA-F])([0-9a-fA-F]*\.?[0-9a-fA-F]*)(?:[pP][+-]?[0-9]+)?"
).fullmatch
_NONZERO_DECIMAL = re.compile(rb"[+-]?[0.]*[1-9]").match
_NOT_ZERO: Final = b"123456789abcdefABCDEF"
_PLAIN: Final = b"0123456789.-"
_PLAIN_LENGTH: Final = 300

_MEMORY = re.compile(r"([0-9]{0,127})([a-zA-Z]*)").fullmatch
_MEMORY_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1024,
    "m": 1000**2,
    "mb": 1024**2,
    "g": 1000**3,
    "gb": 1024**3,
}


def parse_int(data: bytes) -> int:
    """
    Read a signed 64-bit integer written the one way Redis itself would write it.

    Raises:
        ValueError: for anything else, such as blanks, ``+1``, ``01`` or ``-0``.
    """
    # isdigit() also keeps out the underscores and blanks that int() allows.
    if data.isdigit():
        if data[0] != _ZERO or len(data) == 1:
            value = int(data)
            if value <= INT64_MAX:
                return value
    elif data[:1] == b"-" and len(data) <= _INT_CHARS and data[1:].isdigit() and data[1] != _ZERO:
        value = int(data)
        if value >= INT64_MIN:
            return value
    raise ValueError("not an integer or out of range")


def canonical_int(data: bytes) -> int | None:
    """
    Return the integer these bytes spell exactly, or None where :func:`parse_int` raises.

    Asked for every value that is stored, most of which are not numbers: an exception
    would cost more than the answer.
    """
    if data.isdigit():
        if len(data) <= _INT_CHARS and (data[0] != _ZERO or len(data) == 1):
            value = int(data)
            if value <= INT64_MAX:
                return value
    elif data[:1] == b"-" and len(data) <= _INT_CHARS and data[1:].isdigit() and data[1] != _ZERO:
        value = int(data)
        if value >= INT64_MIN:
            return value
    return None


def parse_unsigned(data: bytes) -> int:
    """
    Read a scan cursor as Redis does, with ``strtoul`` and little else.

    So ``+7`` and ``007`` are 7, ``-1`` is the greatest cursor there is, nothing at all
    is 0, and a NUL byte ends the number.  Only a leading blank is looked for.

    Raises:
        ValueError: when it is not a number, or one past 64 bits.
    """
    if data.isdigit() and len(data) < _INT_CHARS:
        return int(data)
    if not data or data[0] == 0:
        return 0
    match = _CURSOR(data)
    # Leading zeros are taken off first: int() refuses thousands of digits, strtoul not.
    if match is None or len(digits := match[2].lstrip(b"0")) > _INT_CHARS:
        raise ValueError("not a cursor")
    value = int(digits or b"0")
    if value > UINT64_MAX:
        raise ValueError("cursor out of range")
    return -value & UINT64_MAX if match[1] == b"-" else value


def parse_double(data: bytes) -> float:
    """
    Read a double: a score, a weight, a coordinate, a timeout.

    Decimal and hexadecimal notation and any spelling of infinity are allowed; what
    overflows to infinity or underflows to zero is not.

    Raises:
        ValueError: for these, for NaN and for blanks.
    """
    try:
        value = float(data)
    except ValueError:
        return _parse_hexadecimal(data)
    # float() takes blanks around and underscores between digits, C does not.
    if data[0] <= 32 or data[-1] <= 32 or b"_" in data:
        raise ValueError("not a float")
    if value - value != 0.0:
        if value != value or b"n" not in data.lower():
            raise ValueError("NaN, or out of range")
    elif value == 0.0 and _NONZERO_DECIMAL(data):
        raise ValueError("out of range")
    return value


def parse_plain_doubles(words: Sequence[bytes]) -> list[float] | None:
    """
    Read doubles all at once, or return None unless all are short and without exponent.

    What is read is what :func:`parse_double` reads, which may read more.
    """
    together = b"".join(words)
    if not together.isdigit() and together.translate(None, _PLAIN):
        return None
    # So many digits neither overflow nor underflow.
    if max(map(len, words)) > _PLAIN_LENGTH:
        return None
    try:
        return list(map(float, words))
    except ValueError:
        return None


def parse_double_laxly(data: bytes) -> float:
    """
    Read a double the way the bounds of a score range are read: bare ``strtod``.

    Unlike :func:`parse_double` leading blanks are skipped, nothing at all is zero, a
    NUL byte ends the number, and what is too great or too small becomes infinity or zero.

    Raises:
        ValueError: for NaN, or when something follows the number.
    """
    data = data.partition(b"\0")[0]
    if not data:
        return 0.0
    data = data.lstrip(_BLANKS)
    if not data or data[-1] <= 32 or b"_" in data:
        raise ValueError("not a float")
    try:
        value = float(data)
    except ValueError:
        return _parse_hexadecimal(data, lax=True)
    if value != value:
        raise ValueError("NaN")
    return value


def _parse_hexadecimal(data: bytes, lax: bool = False) -> float:
    """Read ``0x1.8p3`` and the like, which ``strtod`` knows and ``float()`` does not."""
    match = _HEX_FLOAT(data)
    if match is None:
        raise ValueError("not a float")
    try:
        value = float.fromhex(data.decode("ascii"))
    except OverflowError:
        value = -math.inf if match[1] == b"-" else math.inf
    if not lax:
        underflow = value == 0.0 and len(match[2].translate(None, _NOT_ZERO)) != len(match[2])
        if underflow or math.isinf(value):
            raise ValueError("out of range")
    return value


def format_double(value: float) -> bytes:
    """
    Write a double as replies and stored scores have it: the fewest digits that read back.

    Integers up to 2**62 are written in full, ``1e+20`` and ``1e-7`` have no padding, zero
    keeps its sign.
    """
    if -_PLAIN_INT_LIMIT <= value <= _PLAIN_INT_LIMIT:
        whole = int(value)
        if whole != value:
            return format_shortest(value)
        if whole:
            return b"%d" % whole
        return b"-0" if math.copysign(1.0, value) < 0 else b"0"
    if value - value == 0.0:
        return format_shortest(value)
    if value != value:
        return b"nan"
    return b"inf" if value > 0 else b"-inf"


def format_human_double(value: float) -> bytes:
    """Write a double with up to 17 decimals and no exponent, as GEOPOS writes coordinates."""
    if value - value != 0.0:
        return format_double(value)
    text = (b"%.17f" % value).rstrip(b"0").rstrip(b".")
    return text if text != b"-0" else b"0"


def format_fixed(value: float, decimals: int) -> bytes:
    """
    Write a double with a fixed number of decimals, as GEODIST writes distances.

    Redis multiplies first and then rounds the product to an even integer, which is not
    quite what ``%.4f`` does.  The product must fit 64 bits, as any distance on Earth does.
    """
    scaled = round(value * 10.0**decimals)
    sign = b"-" if scaled < 0 else b""
    digits = b"%0*d" % (decimals + 1, abs(scaled))
    return b"%b%b.%b" % (sign, digits[:-decimals], digits[-decimals:])


def parse_memory(text: str | bytes) -> int:
    """
    Read an amount of memory as configuration has it: ``100``, ``1k``, ``64mb``, ``2GB``.

    ``k`` is 1000 and ``kb`` is 1024.  Like Redis, digits may be left out (``mb`` is 0),
    digits past 64 bits stay at the greatest value, and the product wraps around.

    Raises:
        ValueError: for a sign, a fraction or an unknown unit.
    """
    match = _MEMORY(text if isinstance(text, str) else text.decode("latin-1"))
    unit = None if match is None else _MEMORY_UNITS.get(match[2].lower())
    if match is None or unit is None:
        raise ValueError("not an amount of memory")
    return min(int(match[1] or 0), UINT64_MAX) * unit & UINT64_MAX


def format_memory(amount: int) -> bytes:
    """Write an amount of memory for people, as the ``_human`` fields of INFO do: ``1.00M``."""
    if amount < 1024 or amount >= 1 << 60:
        return b"%dB" % amount
    power = (amount.bit_length() - 1) // 10
    return b"%.2f%c" % (amount / (1 << 10 * power), b"BKMGTP"[power])
