"""
The compact forms of before Redis 7.0: ziplists, zipmaps and intsets.

All are read; ziplists and intsets are written, too: ziplists for servers up to
6.2, intsets for all. (Zipmaps were hashes of Redis 2.4 and older files.)

A ziplist is a header (bytes in all, where the last entry is, number of entries),
entries and a byte 255. Each entry begins with the length of the one before it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from struct import Struct
from typing import Final

from pyredis.datatypes.encodings import is_integer
from pyredis.persistence.rdb_format import PAST_THE_END, SWAPPED, CorruptRdb

_HEADER_BYTES: Final = 10
_END: Final = 255
_BIG: Final = 254
_COUNT_UNKNOWN: Final = 0xFFFF

_header = Struct("<IIH")
_read_i16 = Struct("<h").unpack_from
_read_i32 = Struct("<i").unpack_from
_read_i64 = Struct("<q").unpack_from
_read_u32 = Struct("<I").unpack_from
_read_big_endian_u32 = Struct(">I").unpack_from
_pack_i16 = Struct("<Bh").pack
_pack_i32 = Struct("<Bi").pack
_pack_i64 = Struct("<Bq").pack
_pack_u32 = Struct("<BI").pack
_pack_big_endian_u32 = Struct(">BI").pack

_intset_header = Struct("<II")
_INTSET_CODES: Final = {2: "h", 4: "i", 8: "q"}

# Ziplists


def read_ziplist(blob: bytes) -> list[bytes]:
    """
    Return the entries of a ziplist.

    Raises:
        CorruptRdb: It is none.
    """
    last = len(blob) - 1
    if last < _HEADER_BYTES or blob[last] != _END:
        raise CorruptRdb("a ziplist without its end")
    total, tail, count = _header.unpack_from(blob)
    if total != last + 1:
        raise CorruptRdb("a ziplist of another size than it says")
    entries: list[bytes] = []
    begin, at = 0, _HEADER_BYTES
    try:
        while at < last:
            # In front of an entry is the length of the one before it.
            behind, content = blob[at], at + 1
            if behind >= _BIG:
                behind, content = _read_u32(blob, at + 1)[0], at + 5
                if blob[at] != _BIG:
                    raise CorruptRdb("a ziplist entry after the end")
            if behind != (at - begin if entries else 0):
                raise CorruptRdb("a ziplist entry whose lengths differ")
            begin = at
            entry, at = _read_ziplist_entry(blob, content)
            entries.append(entry)
    except PAST_THE_END:
        at = -1
    if at != last:
        raise CorruptRdb("a ziplist entry beyond the end")
    if tail != begin if entries else tail > last:
        raise CorruptRdb("a ziplist whose last entry is not where it says")
    if count != len(entries) and count != _COUNT_UNKNOWN:
        raise CorruptRdb("a ziplist with another number of entries than it says")
    return entries


def _read_ziplist_entry(blob: bytes, at: int) -> tuple[bytes, int]:
    """Return the content of an entry and the position behind it."""
    head = blob[at]
    if head < 0xC0:
        if head < 0x40:
            start = at + 1
            end = start + head
        elif head < 0x80:
            start = at + 2
            end = start + ((head & 0x3F) << 8 | blob[at + 1])
        else:
            start = at + 5
            end = start + _read_big_endian_u32(blob, at + 1)[0]
        return blob[start:end], end
    if 0xF1 <= head <= 0xFD:
        return b"%d" % (head - 0xF1), at + 1
    if head == 0xC0:
        return b"%d" % _read_i16(blob, at + 1)[0], at + 3
    if head == 0xD0:
        return b"%d" % _read_i32(blob, at + 1)[0], at + 5
    if head == 0xE0:
        return b"%d" % _read_i64(blob, at + 1)[0], at + 9
    if head == 0xF0:
        return b"%d" % int.from_bytes(blob[at + 1 : at + 4], "little", signed=True), at + 4
    if head == 0xFE:
        return b"%d" % int.from_bytes(blob[at + 1 : at + 2], "little", signed=True), at + 2
    raise CorruptRdb("an unknown ziplist entry")


def write_ziplist(entries: Iterable[bytes]) -> bytes:
    """
    Return a ziplist of entries; those that are integers are written as such.

    Raises:
        OverflowError: They are too much for one.
    """
    parts: list[bytes] = [b""]
    count = size = 0
    tail = at = _HEADER_BYTES
    for entry in entries:
        encoded = _encode_ziplist_entry(entry)
        behind = bytes((size,)) if size < _BIG else _pack_u32(_BIG, size)
        parts += (behind, encoded)
        size = len(behind) + len(encoded)
        count += 1
        tail = at
        at += size
    if at >= 1 << 32:
        raise OverflowError("too much for a ziplist")
    parts[0] = _header.pack(at + 1, tail, min(count, _COUNT_UNKNOWN))
    parts.append(b"\xff")
    return b"".join(parts)


def _encode_ziplist_entry(entry: bytes) -> bytes:
    """Write an entry but for the length of the one before it."""
    size = len(entry)
    if size <= 20 and is_integer(entry):
        return _encode_ziplist_integer(int(entry))
    if size < 0x40:
        return bytes((size,)) + entry
    if size < 0x4000:
        return bytes((0x40 | size >> 8, size & 0xFF)) + entry
    return _pack_big_endian_u32(0x80, size) + entry


def _encode_ziplist_integer(number: int) -> bytes:
    if 0 <= number <= 12:
        return bytes((0xF1 + number,))
    if -0x80 <= number <= 0x7F:
        return b"\xfe" + number.to_bytes(1, "little", signed=True)
    if -0x8000 <= number <= 0x7FFF:
        return _pack_i16(0xC0, number)
    if -0x800000 <= number <= 0x7FFFFF:
        return b"\xf0" + number.to_bytes(3, "little", signed=True)
    if -0x80000000 <= number <= 0x7FFFFFFF:
        return _pack_i32(0xD0, number)
    return _pack_i64(0xE0, number)


# Zipmaps


def read_zipmap(blob: bytes) -> list[bytes]:
    """
    Return the fields and values of a zipmap, in turn.

    Raises:
        CorruptRdb: It is none.
    """
    last = len(blob) - 1
    if last < 1 or blob[last] != _END:
        raise CorruptRdb("a zipmap without its end")
    entries: list[bytes] = []
    at = 1
    try:
        while at < last:
            field, at = _read_zipmap_string(blob, at, 0)
            # A value may have been made shorter in its place; a byte tells what is left over.
            value, at = _read_zipmap_string(blob, at, 1)
            entries += (field, value)
    except PAST_THE_END:
        at = -1
    if at != last:
        raise CorruptRdb("a zipmap entry beyond the end")
    if blob[0] not in (len(entries) // 2, _BIG):
        raise CorruptRdb("a zipmap with another number of entries than it says")
    return entries


def _read_zipmap_string(blob: bytes, at: int, spare_bytes: int) -> tuple[bytes, int]:
    length, at = blob[at], at + 1
    if length == _END:
        raise CorruptRdb("a zipmap entry after the end")
    if length == _BIG:
        length, at = _read_u32(blob, at)[0], at + 4
    spare = blob[at] if spare_bytes else 0
    start = at + spare_bytes
    end = start + length
    return blob[start:end], end + spare


# Intsets


def read_intset(blob: bytes) -> list[int]:
    """
    Return the members of an intset, in order.

    Raises:
        CorruptRdb: It is none.
    """
    if len(blob) < _intset_header.size:
        raise CorruptRdb("an intset without its header")
    width, count = _intset_header.unpack_from(blob)
    if width not in _INTSET_CODES or len(blob) != _intset_header.size + width * count:
        raise CorruptRdb("an intset of another size than it says")
    numbers = array(_INTSET_CODES[width], blob[_intset_header.size :])
    if SWAPPED:
        numbers.byteswap()
    members = numbers.tolist()
    if members != sorted(set(members)):
        raise CorruptRdb("an intset whose members are not in order")
    return members


def write_intset(members: Iterable[int]) -> bytes:
    """Return an intset of members, which need not be in order."""
    ordered = sorted(members)
    low, high = (ordered[0], ordered[-1]) if ordered else (0, 0)
    width = 2
    while not -1 << 8 * width - 1 <= low <= high < 1 << 8 * width - 1:
        width *= 2
    numbers = array(_INTSET_CODES[width], ordered)
    if SWAPPED:
        numbers.byteswap()
    return _intset_header.pack(width, len(ordered)) + numbers.tobytes()
