"""
One value from its RDB form: every type in every encoding since Redis 2.6.

Whatever Redis 7.2 with ``sanitize-dump-payload yes`` refuses is refused, and a
little more: scores that are no numbers or not in order, counts that contradict
each other. A value is either as it was written or an error.

The encoding a value gets is the one Redis gives it when loading, which may
differ from the one it was written in if the limits have changed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from math import isnan
from struct import Struct
from typing import Any, Final

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.listpacks import write_listpack
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import MOST_FIELDS, PackedHash, packed_in
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.listpacks import read_listpack
from pyredis.persistence.rdb_format import (
    PAST_THE_END,
    CorruptRdb,
    EmptyValue,
    TruncatedRdb,
    UnsupportedRdb,
    read_count,
    read_length,
    read_string,
    read_string_value,
    read_strings,
)
from pyredis.persistence.rdb_modules import module_name, skip_module_value
from pyredis.persistence.rdb_streams import read_stream
from pyredis.persistence.ziplists import read_intset, read_ziplist, read_zipmap
from pyredis.primitives.numbers import parse_double_laxly

Value = Any
"""What a key holds: a string in any of its forms or an instance of a value class."""

_Found = tuple[Value, int]
_Reader = Callable[[bytes, int, EncodingLimits], _Found]

_MOST_INTSET_ENTRIES: Final = 1 << 30
_LATEST: Final = (1 << 48) - 1  # moments of fields have 48 bits in Redis 7.4
_SCORE_BYTES: Final = 8
_OF_NUMBERS: Final = b"0123456789+-.e"

_read_u64 = Struct("<Q").unpack_from


def read_value(kind: int, data: bytes, at: int, limits: EncodingLimits) -> _Found:
    """
    Return a value and the position behind it.

    Args:
        kind: The type by which it was announced.
        data: What to read from.
        at: Where the value begins.
        limits: What decides its encoding.

    Raises:
        TruncatedRdb: The data ends before the value.
        EmptyValue: It is a collection of nothing.
        UnsupportedRdb: It belongs to a module, or is of a later Redis.
        CorruptRdb: Anything else is wrong with it.
    """
    reader = READERS.get(kind)
    if reader is None:
        raise CorruptRdb(f"no value is of type {kind}")
    try:
        return reader(data, at, limits)
    except PAST_THE_END:
        raise TruncatedRdb from None


def _at_least_one(count: int, at: int) -> None:
    if not count:
        raise EmptyValue(at)


# Strings and lists


def _string(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    return read_string_value(data, at)


def _list(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at)
    _at_least_one(count, at)
    elements, at = read_strings(data, at, count)
    return ListValue.of(elements, limits), at


def _list_ziplist(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    elements = read_ziplist(blob)
    _at_least_one(len(elements), at)
    # Redis 7.2 leaves this one a quicklist, however short it is.
    return ListValue.of(elements, limits, shrinking=False), at


def _list_quicklist(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at)
    nodes: list[list[bytes]] = []
    for _ in range(count):
        blob, at = read_string(data, at)
        nodes.append(read_ziplist(blob))
    return _of_nodes(nodes, limits, at), at


def _list_quicklist_2(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at, 2)
    nodes: list[list[bytes]] = []
    plain: list[bytes] = []
    for _ in range(count):
        container, at = read_length(data, at)
        blob, at = read_string(data, at)
        if container == rdb.PACKED_NODE:
            elements = read_listpack(blob)
            if count == 1 and elements:
                return ListValue.of_listpack(elements, len(blob), limits), at
            nodes.append(elements)
        elif container == rdb.PLAIN_NODE and blob:
            plain.append(blob)
            nodes.append([blob])
        else:
            raise CorruptRdb("a quicklist with an unknown or empty node")
    if plain and sum(map(len, nodes)) == 1:
        # An element that had a node of its own keeps it.
        return ListValue.of(plain, limits, shrinking=False), at
    return _of_nodes(nodes, limits, at), at


def _of_nodes(nodes: list[list[bytes]], limits: EncodingLimits, at: int) -> ListValue:
    # Nodes of nothing are passed over, as by Redis; a list of nothing is none.
    if not any(nodes):
        raise EmptyValue(at)
    return ListValue.of_nodes(nodes, limits)


# Sets


def _set(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at)
    _at_least_one(count, at)
    members, at = read_strings(data, at, count)
    if count > min(limits.set_max_intset_entries, _MOST_INTSET_ENTRIES):
        return _set_of(members, "hashtable"), at
    value = SetValue.of(members, limits)
    if len(value) != count:
        raise CorruptRdb("a set with a member twice")
    return value, at


def _set_intset(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    numbers = read_intset(blob)
    if not numbers:
        raise CorruptRdb("an intset of nothing")
    encoding = "intset" if len(numbers) <= limits.set_max_intset_entries else "hashtable"
    return _set_of([b"%d" % number for number in numbers], encoding), at


def _set_listpack(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    members = read_listpack(blob)
    _at_least_one(len(members), at)
    encoding = "listpack" if len(members) <= limits.set_max_listpack_entries else "hashtable"
    return _set_of(members, encoding), at


def _set_of(members: Sequence[bytes], encoding: str) -> SetValue:
    try:
        return SetValue.of_encoding(members, encoding)
    except ValueError:
        raise CorruptRdb("a set with a member twice") from None


# Hashes


def _hash(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at, 2)
    entries, at = read_strings(data, at, 2 * count)
    return _hash_at_rest(entries, _hash_encoding(entries, limits), at), at


def _hash_zipmap(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    entries = read_zipmap(blob)
    if not entries:
        raise CorruptRdb("a zipmap of nothing")
    return _hash_at_rest(entries, _hash_encoding(entries, limits), at), at


def _hash_ziplist(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    return _packed_hash(read_ziplist(blob), limits, at), at


def _hash_listpack(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    head = data[at]
    if head < 0x80:
        # As nearly always it is short and not compressed, and can be read where it is.
        if head < 0x40:
            start = at + 1
            stop = start + head
        else:
            start = at + 2
            stop = start + ((head & 0x3F) << 8 | data[at + 1])
        packed = packed_in(data, at, start, stop, limits.hash_max_listpack_entries)
        if packed is not None:
            return packed, stop
    blob, at = read_string(data, at)
    return _packed_hash(read_listpack(blob), limits, at), at


def _hash_encoding(entries: Sequence[bytes], limits: EncodingLimits) -> str:
    """Choose an encoding by everything that counts."""
    if len(entries) > 2 * limits.hash_max_listpack_entries or (
        entries and max(map(len, entries)) > limits.hash_max_listpack_value
    ):
        return "hashtable"
    return "listpack"


def _packed_hash(
    entries: Sequence[bytes], limits: EncodingLimits, at: int
) -> HashValue | PackedHash:
    """Return a hash of what was packed already: only its number of fields is looked at."""
    is_long = len(entries) > 2 * limits.hash_max_listpack_entries
    return _hash_at_rest(entries, "hashtable" if is_long else "listpack", at)


def _hash_at_rest(entries: Sequence[bytes], encoding: str, at: int) -> HashValue | PackedHash:
    """Return a hash of fields and values in turn, packed if it can be."""
    value = _hash_of(entries, encoding, at)
    if encoding == "listpack" and len(entries) <= 2 * MOST_FIELDS:
        return PackedHash(write_listpack(entries))
    return value


def _hash_of(entries: Sequence[bytes], encoding: str, at: int) -> HashValue:
    """Return a hash of fields and values in turn."""
    size = len(entries)
    if size & 1:
        raise CorruptRdb("a hash with a field without value")
    _at_least_one(size, at)
    fields = dict(zip(entries[::2], entries[1::2], strict=True))
    if len(fields) * 2 != size:
        raise CorruptRdb("a hash with a field twice")
    return HashValue.of_encoding(fields, encoding)


# Hashes with fields that expire, of Redis 7.4


def _hash_metadata(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    # Deadlines are counted from the earliest one.
    earliest_ms = _read_u64(data, at)[0]
    return _expiring_hash(data, at + 8, limits, earliest_ms - 1)


def _hash_metadata_pre_ga(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    return _expiring_hash(data, at, limits, 0)


def _expiring_hash(data: bytes, at: int, limits: EncodingLimits, origin_ms: int) -> _Found:
    """Return a hash whose every field has a deadline in front; 0 is for ever."""
    count, at = read_count(data, at, 3)
    entries: list[bytes] = []
    deadlines: list[int] = []
    for _ in range(count):
        distance, at = read_length(data, at)
        deadlines.append(origin_ms + distance if distance else 0)
        pair, at = read_strings(data, at, 2)
        entries += pair
    encoding = _hash_encoding(entries, limits)
    if encoding == "listpack":
        encoding = "listpackex"
    return _with_deadlines(_hash_of(entries, encoding, at), entries[::2], deadlines), at


def _hash_listpack_ex(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    # The earliest deadline is there to be found quickly, and repeated among the others.
    return _hash_listpack_ex_pre_ga(data, at + 8, limits)


def _hash_listpack_ex_pre_ga(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    triples = read_listpack(blob)
    if len(triples) % 3:
        raise CorruptRdb("a hash with a field without value or deadline")
    try:
        deadlines = list(map(int, triples[2::3]))
    except ValueError:
        raise CorruptRdb("a field whose deadline is no number") from None
    fields = triples[::3]
    entries = [entry for index, entry in enumerate(triples) if index % 3 < 2]
    is_long = len(fields) > limits.hash_max_listpack_entries
    value = _hash_of(entries, "hashtable" if is_long else "listpackex", at)
    return _with_deadlines(value, fields, deadlines), at


def _with_deadlines(
    value: HashValue, fields: Sequence[bytes], deadlines: Sequence[int]
) -> HashValue:
    for field, deadline_ms in zip(fields, deadlines, strict=True):
        if not 0 <= deadline_ms <= _LATEST:
            raise CorruptRdb("a field whose deadline is out of range")
        if deadline_ms:
            value.set_deadline(field, deadline_ms)
    return value


# Sorted sets


def _zset(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at, 2)
    members: list[bytes] = []
    scores: list[float] = []
    for _ in range(count):
        member, at = read_string(data, at)
        score, at = _read_score(data, at)
        members.append(member)
        scores.append(score)
    return _zset_of(members, scores, limits, at), at


_SCORE_MARKS: Final = {253: float("nan"), 254: float("inf"), 255: float("-inf")}


def _read_score(data: bytes, at: int) -> tuple[float, int]:
    """Return a score that is written as text."""
    length = data[at]
    if length in _SCORE_MARKS:
        return _SCORE_MARKS[length], at + 1
    end = at + 1 + length
    if end > len(data):
        raise TruncatedRdb(end - len(data))
    return _parse_score(data[at + 1 : end]), end


def _plain_scores(texts: list[bytes]) -> list[float] | None:
    """Return scores, None if any of them is no plain decimal number."""
    if b"".join(texts).translate(None, _OF_NUMBERS):
        return None
    try:
        return list(map(float, texts))
    except ValueError:
        return None


def _parse_score(text: bytes) -> float:
    if text.isdigit():
        return float(text)
    try:
        if text and 0 not in text:
            return parse_double_laxly(text)
    except ValueError:
        pass
    raise CorruptRdb("a sorted set with a score that is no number")


def _zset_2(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    count, at = read_count(data, at, 1 + _SCORE_BYTES)
    members: list[bytes] = []
    raw: list[bytes] = []
    for _ in range(count):
        head = data[at]
        if head < 0x40:
            end = at + 1 + head
            members.append(data[at + 1 : end])
        else:
            member, end = read_string(data, at)
            members.append(member)
        at = end + _SCORE_BYTES
        raw.append(data[end:at])
    if at > len(data):
        raise TruncatedRdb(at - len(data))
    return _zset_of(members, _doubles(raw), limits, at), at


def _doubles(raw: list[bytes]) -> list[float]:
    numbers = array("d", b"".join(raw))
    if rdb.SWAPPED:
        numbers.byteswap()
    return numbers.tolist()


def _zset_of(
    members: list[bytes], scores: list[float], limits: EncodingLimits, at: int
) -> SortedSetValue:
    """Return a sorted set whose members come in any order."""
    count = len(members)
    _at_least_one(count, at)
    if any(map(isnan, scores)):
        raise CorruptRdb("a sorted set with a score that is no number")
    is_long = count > limits.zset_max_listpack_entries or (
        max(map(len, members)) > limits.zset_max_listpack_value
    )
    by_member = dict(zip(members, scores, strict=True))
    if len(by_member) != count:
        raise CorruptRdb("a sorted set with a member twice")
    # They are mostly in descending order, which costs the sort next to nothing.
    pairs = sorted(zip(scores, members, strict=True))
    ordered = [member for _, member in pairs]
    return SortedSetValue.of_ordered(by_member, ordered, "skiplist" if is_long else "listpack")


def _zset_ziplist(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    return _packed_zset(read_ziplist(blob), None, limits, at), at


def _zset_listpack(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    blob, at = read_string(data, at)
    return _packed_zset(read_listpack(blob), blob, limits, at), at


def _packed_zset(
    entries: list[bytes], listpack: bytes | None, limits: EncodingLimits, at: int
) -> SortedSetValue:
    """Return a sorted set of members and scores in turn, which must be in order."""
    size = len(entries)
    if size & 1:
        raise CorruptRdb("a sorted set with a member without score")
    _at_least_one(size, at)
    members, texts = entries[::2], entries[1::2]
    plain = _plain_scores(texts)
    scores = list(map(_parse_score, texts)) if plain is None else plain
    if len(set(members)) * 2 != size:
        raise CorruptRdb("a sorted set with a member twice")
    if not _are_in_order(scores, members):
        raise CorruptRdb("a sorted set that is not in order")
    is_long = len(members) > limits.zset_max_listpack_entries
    found = None if plain is None else listpack
    value = None if is_long else SortedSetValue.of_listpack(scores, members, found)
    if value is not None:
        return value
    by_member = dict(zip(members, scores, strict=True))
    return SortedSetValue.of_ordered(by_member, members, "skiplist" if is_long else "listpack")


def _are_in_order(scores: list[float], members: list[bytes]) -> bool:
    if sorted(scores) != scores:
        return False
    if len(set(scores)) == len(scores):
        return True
    pairs = list(zip(scores, members, strict=True))
    return sorted(pairs) == pairs


# The rest


def _stream(form: int) -> _Reader:
    def read(data: bytes, at: int, limits: EncodingLimits) -> _Found:
        return read_stream(data, at, form)

    return read


def _module(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    number, at = read_length(data, at)
    # It must be well-formed, or the error would be another one.
    skip_module_value(data, at)
    raise UnsupportedRdb(f"a value of the module type '{module_name(number)}'")


def _module_pre_ga(data: bytes, at: int, limits: EncodingLimits) -> _Found:
    raise UnsupportedRdb("a module's value in the form of a pre-release of Redis 4.0")


READERS: Final[dict[int, _Reader]] = {
    rdb.STRING: _string,
    rdb.LIST: _list,
    rdb.SET: _set,
    rdb.ZSET: _zset,
    rdb.HASH: _hash,
    rdb.ZSET_2: _zset_2,
    rdb.MODULE_PRE_GA: _module_pre_ga,
    rdb.MODULE_2: _module,
    rdb.HASH_ZIPMAP: _hash_zipmap,
    rdb.LIST_ZIPLIST: _list_ziplist,
    rdb.SET_INTSET: _set_intset,
    rdb.ZSET_ZIPLIST: _zset_ziplist,
    rdb.HASH_ZIPLIST: _hash_ziplist,
    rdb.LIST_QUICKLIST: _list_quicklist,
    rdb.STREAM_LISTPACKS: _stream(rdb.STREAM_LISTPACKS),
    rdb.HASH_LISTPACK: _hash_listpack,
    rdb.ZSET_LISTPACK: _zset_listpack,
    rdb.LIST_QUICKLIST_2: _list_quicklist_2,
    rdb.STREAM_LISTPACKS_2: _stream(rdb.STREAM_LISTPACKS_2),
    rdb.SET_LISTPACK: _set_listpack,
    rdb.STREAM_LISTPACKS_3: _stream(rdb.STREAM_LISTPACKS_3),
    rdb.HASH_METADATA_PRE_GA: _hash_metadata_pre_ga,
    rdb.HASH_LISTPACK_EX_PRE_GA: _hash_listpack_ex_pre_ga,
    rdb.HASH_METADATA: _hash_metadata,
    rdb.HASH_LISTPACK_EX: _hash_listpack_ex,
}
"""What reads the values of each type; see :func:`read_value` for what they raise."""
