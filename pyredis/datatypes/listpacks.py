"""
Listpacks, the compact form of Redis' small collections since 7.0.

A listpack is a header (bytes in all, number of entries), entries and a byte 255.
An entry is its encoding, its content and, for walking backwards, the length of
both. Integers are stored as such; here an entry is always the bytes a client
would see.

Everything is checked that can be: the sizes, every length from behind, the
number of entries and the end. So what was found right can be kept as it is, and
read later without a thought (:mod:`~pyredis.datatypes.packed_hashes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from struct import error as StructError
from typing import Final

from pyredis.datatypes.encodings import is_integer
from pyredis.primitives.numbers import format_double

HEADER_BYTES: Final = 6
_END: Final = 255
_COUNT_UNKNOWN: Final = 0xFFFF
_GREATEST: Final = 0xFFFFFFFF
_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 64
_DIGITS_OF_INT32: Final = 9  # with so many it surely is one
_ZERO: Final = ord("0")
_PLAIN_SCORE: Final = 1 << 53
_PAST_THE_END: Final = (IndexError, StructError)

_header = Struct("<IH")
_pack_header = _header.pack
_read_i16 = Struct("<h").unpack_from
_read_i32 = Struct("<i").unpack_from
_read_i64 = Struct("<q").unpack_from
_read_u32 = Struct("<I").unpack_from
_pack_i16 = Struct("<BhB").pack
_pack_i32 = Struct("<BiB").pack
_pack_i64 = Struct("<BqB").pack
_pack_u32 = Struct("<BI").pack

# Numbers of one byte, then those of two.
_SMALL_TEXTS: Final = tuple(b"%d" % number for number in range(0x1000))
_SMALL_ENTRIES: Final = {
    text: bytes((number, 1)) if number < 0x80 else bytes((0xC0 | number >> 8, number & 0xFF, 2))
    for number, text in enumerate(_SMALL_TEXTS)
}
_SHORT_HEADS: Final = tuple(bytes((0x80 | length,)) for length in range(64))
_SHORT_TAILS: Final = tuple(bytes((length + 1,)) for length in range(64))


class CorruptListpack(ValueError):
    """This is no listpack."""


def read_listpack(blob: bytes) -> list[bytes]:
    """
    Return the entries of a listpack.

    Raises:
        CorruptListpack: It is none.
    """
    last = len(blob) - 1
    if last < HEADER_BYTES or blob[last] != _END:
        raise CorruptListpack("a listpack without its end")
    total, count = _header.unpack_from(blob)
    if total != last + 1:
        raise CorruptListpack("a listpack of another size than it says")
    entries: list[bytes] = []
    append = entries.append
    texts, from_bytes = _SMALL_TEXTS, int.from_bytes
    at = HEADER_BYTES
    try:
        while at < last:
            head = blob[at]
            if head > 0x7F:
                if head < 0xC0:
                    end = at + head - 0x7F
                    if blob[end] + 0x7F != head:
                        raise CorruptListpack("a listpack entry whose lengths differ")
                    append(blob[at + 1 : end])
                    at = end + 1
                elif head < 0xD0 and blob[at + 2] == 2:
                    append(texts[(head & 0x0F) << 8 | blob[at + 1]])
                    at += 3
                elif 0xF0 < head < 0xF4:
                    end = at + head - 0xEE
                    if blob[end] != head - 0xEE:
                        raise CorruptListpack("a listpack entry whose lengths differ")
                    append(b"%d" % from_bytes(blob[at + 1 : end], "little", signed=True))
                    at = end + 1
                else:
                    entry, at = _read_long_entry(blob, at, head)
                    append(entry)
            elif blob[at + 1] == 1:
                append(texts[head])
                at += 2
            else:
                raise CorruptListpack("a listpack entry whose lengths differ")
    except _PAST_THE_END:
        at = -1
    if at != last:
        raise CorruptListpack("a listpack entry beyond the end")
    if count != len(entries) and count != _COUNT_UNKNOWN:
        raise CorruptListpack("a listpack with another number of entries than it says")
    return entries


def _read_long_entry(blob: bytes, at: int, head: int) -> tuple[bytes, int]:
    """Return an entry that takes more than one byte for its encoding, and the position behind."""
    if head < 0xE0:
        number = (head & 0x1F) << 8 | blob[at + 1]
        if number >= 0x1000:
            number -= 0x2000
        size = 2
    elif head < 0xF1:
        return _read_long_text(blob, at, head)
    elif head == 0xF1:
        number = _read_i16(blob, at + 1)[0]
        size = 3
    elif head == 0xF2:
        number = int.from_bytes(blob[at + 1 : at + 4], "little", signed=True)
        size = 4
    elif head == 0xF3:
        number = _read_i32(blob, at + 1)[0]
        size = 5
    elif head == 0xF4:
        number = _read_i64(blob, at + 1)[0]
        size = 9
    else:
        raise CorruptListpack("an unknown listpack entry")
    if blob[at + size] != size:
        raise CorruptListpack("a listpack entry whose lengths differ")
    return b"%d" % number, at + size + 1


def _read_long_text(blob: bytes, at: int, head: int) -> tuple[bytes, int]:
    if head < 0xF0:
        start = at + 2
        end = start + ((head & 0x0F) << 8 | blob[at + 1])
    else:
        start = at + 5
        end = start + int(_read_u32(blob, at + 1)[0])
    tail = encode_back_length(end - at)
    if blob[end : end + len(tail)] != tail:
        raise CorruptListpack("a listpack entry whose lengths differ")
    return blob[start:end], end + len(tail)


_names: dict[bytes, bytes] = {}


def read_listpack_pairs(blob: bytes, start: int, stop: int) -> dict[bytes, bytes] | None:
    """
    Return the entries of a listpack as a dict, each second one the value of the first.

    Most values of most files are small hashes, so this is :func:`read_listpack`
    once more without a list in between, which takes a third of the time off.
    Names that come again and again are the same objects: that is a quarter of
    the memory of a million users with five fields each.

    Args:
        blob: What it is in.
        start: Where it begins.
        stop: Where it ends.

    Returns:
        The dict, or None if there is anything out of the ordinary: an entry
        twice or too many, or a listpack that is none.
    """
    last = stop - 1
    if last < start + HEADER_BYTES or blob[last] != _END:
        return None
    total, count = _header.unpack_from(blob, start)
    pairs: dict[bytes, bytes] = {}
    names, texts, from_bytes = _names, _SMALL_TEXTS, int.from_bytes
    at = start + HEADER_BYTES
    try:
        while at < last:
            head = blob[at]
            if 0x7F < head < 0xC0:
                end = at + head - 0x7F
                if blob[end] + 0x7F != head:
                    return None
                first = blob[at + 1 : end]
                at = end + 1
            elif head < 0x80:
                if blob[at + 1] != 1:
                    return None
                first = texts[head]
                at += 2
            else:
                first, at = _read_long_entry(blob, at, head)
            name = names.get(first)
            if name is None:
                name = first
                if len(first) <= _LONGEST_REMEMBERED:
                    if len(names) >= _MOST_REMEMBERED:
                        names.clear()
                    names[first] = first
            head = blob[at]
            if 0x7F < head < 0xC0:
                end = at + head - 0x7F
                if blob[end] + 0x7F != head:
                    return None
                pairs[name] = blob[at + 1 : end]
                at = end + 1
            elif head < 0x80:
                if blob[at + 1] != 1:
                    return None
                pairs[name] = texts[head]
                at += 2
            elif head < 0xD0 and blob[at + 2] == 2:
                pairs[name] = texts[(head & 0x0F) << 8 | blob[at + 1]]
                at += 3
            elif 0xF0 < head < 0xF4:
                end = at + head - 0xEE
                if blob[end] != head - 0xEE:
                    return None
                pairs[name] = b"%d" % from_bytes(blob[at + 1 : end], "little", signed=True)
                at = end + 1
            else:
                pairs[name], at = _read_long_entry(blob, at, head)
    except (CorruptListpack, *_PAST_THE_END):
        return None
    return pairs if at == last and total == stop - start and count == 2 * len(pairs) else None


def encode_back_length(length: int) -> bytes:
    """Write the length of an entry so that it can be read from behind, seven bits a byte."""
    if length < 128:
        return bytes((length,))
    # All but the first, which is the last one read, have the highest bit set.
    tail = bytearray()
    while length > 127:
        tail.append(length & 0x7F | 0x80)
        length >>= 7
    tail.append(length)
    tail.reverse()
    return bytes(tail)


def write_listpack(entries: Iterable[bytes]) -> bytes:
    """
    Return a listpack of entries; those that are integers are written as such.

    Raises:
        OverflowError: They are too much for one.
    """
    parts: list[bytes] = []
    count = 0
    small, heads, tails = _SMALL_ENTRIES, _SHORT_HEADS, _SHORT_TAILS
    for entry in entries:
        count += 1
        size = len(entry)
        # Most are short texts: what begins behind "9" is no number.
        if size < 64 and (not size or entry[0] > 57):
            parts += (heads[size], entry, tails[size])
        elif (encoded := small.get(entry)) is not None:
            parts.append(encoded)
        else:
            parts.append(encode_entry(entry))
    return write_encoded_listpack(parts, count)


def write_listpack_pairs(pairs: Iterable[tuple[bytes, bytes]], count: int) -> bytes:
    """
    Return a listpack of pairs, whose first entries are the same in many listpacks.

    So they are in the hashes of most data sets; their written form is remembered.

    Args:
        pairs: The entries, two by two.
        count: How many pairs there are.

    Raises:
        OverflowError: They are too much for one.
    """
    parts: list[bytes] = []
    known, small, heads, tails = _known_entries, _SMALL_ENTRIES, _SHORT_HEADS, _SHORT_TAILS
    for first, second in pairs:
        encoded = known.get(first)
        if encoded is None:
            encoded = _remembered_entry(first)
        size = len(second)
        if size < 64 and (not size or second[0] > 57):
            parts += (encoded, heads[size], second, tails[size])
        else:
            parts += (encoded, small.get(second) or encode_entry(second))
    return write_encoded_listpack(parts, 2 * count)


def write_listpack_scores(pairs: Sequence[tuple[bytes, float]]) -> bytes:
    """
    Return a listpack of members and their scores.

    Raises:
        OverflowError: They are too much for one.
    """
    parts: list[bytes] = []
    heads, tails = _SHORT_HEADS, _SHORT_TAILS
    for member, score in pairs:
        size = len(member)
        if size < 64 and (not size or member[0] > 57):
            parts += (heads[size], member, tails[size], _encode_score(score))
        else:
            parts += (encode_entry(member), _encode_score(score))
    return write_encoded_listpack(parts, 2 * len(pairs))


_known_entries: dict[bytes, bytes] = {}


def _remembered_entry(entry: bytes) -> bytes:
    """Write one entry, and remember how."""
    if len(_known_entries) >= _MOST_REMEMBERED:
        _known_entries.clear()
    encoded = encode_entry(entry)
    if len(entry) <= _LONGEST_REMEMBERED:
        _known_entries[entry] = encoded
    return encoded


def write_encoded_listpack(parts: list[bytes], count: int) -> bytes:
    """
    Return a listpack of what :func:`encode_entry` and its like made.

    Args:
        parts: The entries, in whatever pieces.
        count: How many they are.

    Raises:
        OverflowError: They are too much for one.
    """
    body = b"".join(parts)
    total = HEADER_BYTES + len(body) + 1
    if total > _GREATEST:
        raise OverflowError("too much for a listpack")
    if count > _COUNT_UNKNOWN:
        count = _COUNT_UNKNOWN
    return b"%b%b\xff" % (_pack_header(total, count), body)


def encode_entry(entry: bytes) -> bytes:
    """Write one entry."""
    size = len(entry)
    if size <= _DIGITS_OF_INT32 and entry.isdigit() and entry[0] > _ZERO:
        # As most numbers are, which therefore need no call.
        number = int(entry)
        if number > 0x7FFFFF:
            return _pack_i32(0xF3, number, 5)
        if number > 0x7FFF:
            return (number << 8 | 0x4000000F2).to_bytes(5, "little")
    if size <= 20 and is_integer(entry):
        return encode_integer_entry(int(entry))
    if size < 64:
        return b"%b%b%b" % (_SHORT_HEADS[size], entry, _SHORT_TAILS[size])
    if size < 4096:
        head = bytes((0xE0 | size >> 8, size & 0xFF))
    else:
        head = _pack_u32(0xF0, size)
    return b"".join((head, entry, encode_back_length(len(head) + size)))


def _encode_score(score: float) -> bytes:
    """Write one entry that is the score of a member of a sorted set."""
    if -_PLAIN_SCORE < score < _PLAIN_SCORE:
        whole = int(score)
        # Minus zero is a text.
        if whole == score and whole:
            return encode_integer_entry(whole)
    return encode_entry(format_double(score))


def encode_integer_entry(number: int) -> bytes:
    """Write one entry that is an integer of 64 bits."""
    if 0 <= number <= 127:
        return bytes((number, 1))
    if -0x1000 <= number <= 0xFFF:
        number &= 0x1FFF
        return bytes((0xC0 | number >> 8, number & 0xFF, 2))
    if -0x8000 <= number <= 0x7FFF:
        return _pack_i16(0xF1, number, 3)
    if -0x800000 <= number <= 0x7FFFFF:
        return ((number & 0xFFFFFF) << 8 | 0x4000000F2).to_bytes(5, "little")
    if -0x80000000 <= number <= 0x7FFFFFFF:
        return _pack_i32(0xF3, number, 5)
    return _pack_i64(0xF4, number, 9)
