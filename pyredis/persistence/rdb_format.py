"""
The alphabet of RDB: types, opcodes, lengths and strings.

RDB is the format of Redis' snapshots, and DUMP's payloads are pieces of it. Two
bits in front of a length say how long it is itself, or that what follows is an
integer or a compressed string. A reader here takes the data and a position and
returns what it read and the position behind it; it never trusts a length
further than there is data.

What is not right is an :class:`RdbError`, a ``ValueError``. Data that merely
ends too early is told apart (:class:`TruncatedRdb`), so that one who reads a
file in portions can come back with more of it.
"""

from __future__ import annotations

import sys
from struct import Struct
from struct import error as StructError
from typing import Final

from pyredis.primitives.lzf import decompress

VERSION: Final = 11
"""The version of Redis 7.2, which is what is written unless another is asked for."""

OLDEST_WRITTEN: Final = 9
"""The version of Redis 5 to 6.2, the oldest that can be written."""

NEWEST_READ: Final = 12
"""The version of Redis 7.4, which added fields that expire."""

# Types of values, in the order they came.
STRING: Final = 0
LIST: Final = 1
SET: Final = 2
ZSET: Final = 3
HASH: Final = 4
ZSET_2: Final = 5
MODULE_PRE_GA: Final = 6
MODULE_2: Final = 7
HASH_ZIPMAP: Final = 9
LIST_ZIPLIST: Final = 10
SET_INTSET: Final = 11
ZSET_ZIPLIST: Final = 12
HASH_ZIPLIST: Final = 13
LIST_QUICKLIST: Final = 14
STREAM_LISTPACKS: Final = 15
HASH_LISTPACK: Final = 16
ZSET_LISTPACK: Final = 17
LIST_QUICKLIST_2: Final = 18
STREAM_LISTPACKS_2: Final = 19
SET_LISTPACK: Final = 20
STREAM_LISTPACKS_3: Final = 21
HASH_METADATA_PRE_GA: Final = 22
HASH_LISTPACK_EX_PRE_GA: Final = 23
HASH_METADATA: Final = 24
HASH_LISTPACK_EX: Final = 25

# What else a file has between its values.
SLOT_INFO: Final = 244
FUNCTION2: Final = 245
FUNCTION_PRE_GA: Final = 246
MODULE_AUX: Final = 247
IDLE: Final = 248
FREQ: Final = 249
AUX: Final = 250
RESIZEDB: Final = 251
EXPIRETIME_MS: Final = 252
EXPIRETIME: Final = 253
SELECTDB: Final = 254
EOF: Final = 255

# The containers of a quicklist's nodes.
PLAIN_NODE: Final = 1
PACKED_NODE: Final = 2

# How a string is written if not as its length and itself.
_INT8: Final = 0xC0
_INT16: Final = 0xC1
_INT32: Final = 0xC2
_LZF: Final = 0xC3

_LENGTH_32: Final = 0x80
_LENGTH_64: Final = 0x81
_MOST_EXPANSION: Final = 264  # LZF makes no more bytes than this of one

_read_u32 = Struct(">I").unpack_from
_read_u64 = Struct(">Q").unpack_from
_read_i8 = Struct("b").unpack_from
_read_i16 = Struct("<h").unpack_from
_read_i32 = Struct("<i").unpack_from
_pack_i8 = Struct("<Bb").pack
_pack_i16 = Struct("<Bh").pack
_pack_i32 = Struct("<Bi").pack
_pack_u32 = Struct(">BI").pack
_pack_u64 = Struct(">BQ").pack


class RdbError(ValueError):
    """This cannot be read."""


class CorruptRdb(RdbError):
    """The data contradicts itself or the format."""


class WrongChecksum(CorruptRdb):
    """The data is not that which was written."""


class TruncatedRdb(RdbError):
    """
    The data ends too early.

    Args:
        missing: How many bytes more there must be, at least.
    """

    def __init__(self, missing: int = 1) -> None:
        super().__init__("unexpected end of the data")
        self.missing = missing


class EmptyValue(RdbError):
    """
    A collection without anything in it, which no key may hold.

    Args:
        at: The position behind it.
    """

    def __init__(self, at: int) -> None:
        super().__init__("an empty collection")
        self.at = at


class UnsupportedRdb(RdbError):
    """The data may be right, but is of a kind that this server does not have."""


SWAPPED: Final = sys.byteorder == "big"
"""Whether this machine keeps numbers the other way round than files do."""

PAST_THE_END: Final = (IndexError, StructError)
"""What Python raises where data is looked for behind its end."""

# Lengths


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Return a length, or whatever number is written like one, and the position behind it."""
    head = data[at]
    if head < 0x40:
        return head, at + 1
    if head < 0x80:
        return (head & 0x3F) << 8 | data[at + 1], at + 2
    if head == _LENGTH_32:
        return _read_u32(data, at + 1)[0], at + 5
    if head == _LENGTH_64:
        return _read_u64(data, at + 1)[0], at + 9
    raise CorruptRdb(f"no length begins with {head:#x}")


def read_count(data: bytes, at: int, least_bytes: int = 1) -> tuple[int, int]:
    """
    Return how many things follow, and the position behind; there must be data for them.

    Args:
        data: All there is.
        at: Where the count stands.
        least_bytes: What each thing takes at least.
    """
    count, at = read_length(data, at)
    missing = count * least_bytes - (len(data) - at)
    if missing > 0:
        raise TruncatedRdb(missing)
    return count, at


def encode_length(number: int) -> bytes:
    """Write a length, or a number that is not negative and fits 64 bits, like one."""
    if number < 0x4000:
        return SHORT_LENGTHS[number]
    if number <= 0xFFFFFFFF:
        return _pack_u32(_LENGTH_32, number)
    return _pack_u64(_LENGTH_64, number)


SHORT_LENGTHS: Final = tuple(
    bytes((number,)) if number < 0x40 else bytes((0x40 | number >> 8, number & 0xFF))
    for number in range(0x4000)
)
"""The written form of the lengths of up to two bytes."""

# Strings


def read_string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return a string and the position behind it."""
    head = data[at]
    if head < 0x40:
        start = at + 1
        end = start + head
    elif head < _INT8:
        length, start = read_length(data, at)
        end = start + length
    else:
        return _read_special(data, at)
    if end > len(data):
        raise TruncatedRdb(end - len(data))
    return data[start:end], end


def read_string_value(data: bytes, at: int) -> tuple[bytes | int, int]:
    """Return a string as it is kept under a key, an integer if written as one, and the position."""
    head = data[at]
    if head < _INT8 or head == _LZF:
        return read_string(data, at)
    return _read_integer(data, at)


def read_strings(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """Return some strings in a row and the position behind them."""
    strings: list[bytes] = []
    append = strings.append
    for _ in range(count):
        head = data[at]
        if head < 0x40:
            start = at + 1
            at = start + head
            append(data[start:at])
        elif head < 0x80:
            start = at + 2
            at = start + ((head & 0x3F) << 8 | data[at + 1])
            append(data[start:at])
        else:
            string, at = read_string(data, at)
            append(string)
    # What was cut off at the end of the data shows here only.
    if at > len(data):
        raise TruncatedRdb(at - len(data))
    return strings, at


def _read_integer(data: bytes, at: int) -> tuple[int, int]:
    head = data[at]
    if head == _INT8:
        return _read_i8(data, at + 1)[0], at + 2
    if head == _INT16:
        return _read_i16(data, at + 1)[0], at + 3
    if head == _INT32:
        return _read_i32(data, at + 1)[0], at + 5
    raise CorruptRdb(f"no string begins with {head:#x}")


def _read_special(data: bytes, at: int) -> tuple[bytes, int]:
    """Return a string that is written as an integer or compressed."""
    if data[at] != _LZF:
        number, at = _read_integer(data, at)
        return b"%d" % number, at
    packed_length, at = read_length(data, at + 1)
    length, at = read_length(data, at)
    end = at + packed_length
    if end > len(data):
        raise TruncatedRdb(end - len(data))
    if length > packed_length * _MOST_EXPANSION:
        raise CorruptRdb("a compressed string that claims too much")
    try:
        return decompress(data[at:end], length), end
    except ValueError as error:
        raise CorruptRdb(str(error)) from None


def encode_integer(number: int) -> bytes:
    """Write an integer as a string, in a few bytes if it has no more than 32 bits."""
    if -0x80 <= number <= 0x7F:
        return _pack_i8(_INT8, number)
    if -0x8000 <= number <= 0x7FFF:
        return _pack_i16(_INT16, number)
    if -0x80000000 <= number <= 0x7FFFFFFF:
        return _pack_i32(_INT32, number)
    text = b"%d" % number
    return SHORT_LENGTHS[len(text)] + text
