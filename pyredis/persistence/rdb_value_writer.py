"""
One value in its RDB form, as the Redis of a version can read it.

- 11 is Redis 7.2's: small sets are listpacks, streams remember who was active.
- 10 is Redis 7.0's: listpacks instead of ziplists, quicklists of the second kind.
- 9 is that of Redis 5 to 6.2: ziplists, quicklists and streams of the first kind.

A collection is written packed where its ``encoding`` says that Redis would hold
it packed: so OBJECT ENCODING is the same there. Deadlines of fields exist since
Redis 7.4 only. They are written, in its form, with version 11, which loses
nothing here and is refused by 7.2; whoever asks for 9 or 10 gets hashes without.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from struct import Struct
from typing import Any, Final

from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.listpacks import (
    write_listpack,
    write_listpack_pairs,
    write_listpack_scores,
)
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES, AnyHash, PackedHash
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.streams import StreamValue
from pyredis.datatypes.strings import PrintedNumber
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.rdb_format import encode_integer, encode_length
from pyredis.persistence.rdb_streams import stream_pieces
from pyredis.persistence.rdb_strings import StringWriter
from pyredis.persistence.ziplists import write_intset, write_ziplist
from pyredis.primitives.numbers import format_double

Encoded = tuple[int, Iterable[bytes]]
"""A type and the value in pieces."""

_PIECE: Final = 2048  # elements written at a time
_PACKED_NODE: Final = encode_length(rdb.PACKED_NODE)
_ONE_NODE: Final = encode_length(1) + _PACKED_NODE
_PLAIN_NODE: Final = encode_length(rdb.PLAIN_NODE)
_PLAIN_FROM: Final = 1 << 30  # a longer element of a list has a node of its own

_pack_u64 = Struct("<Q").pack


class ValueWriter:
    """
    Writes values.

    Args:
        version: 11, 10 or 9.
        compressing: Whether long strings are compressed where it is worth it.

    Attributes:
        version: The same.
        strings: Writes strings.

    Raises:
        ValueError: No values can be written in this version.
    """

    __slots__ = ("_lists", "strings", "version")

    def __init__(self, version: int = rdb.VERSION, compressing: bool = True) -> None:
        if not rdb.OLDEST_WRITTEN <= version <= rdb.VERSION:
            raise ValueError(f"no RDB version {version} is written")
        self.version = version
        self.strings = StringWriter(compressing)
        self._lists = write_listpack if version > 9 else write_ziplist

    def encode(self, value: Any) -> Encoded:
        """
        Return the type of a value, and the value in pieces.

        The pieces of a large collection are made as they are asked for, but of
        what it has in it now: it may be changed meanwhile.

        Raises:
            TypeError: It is none.
            OverflowError: Parts of it are too large for the format.
        """
        kind = value.__class__
        if kind is bytes:
            return rdb.STRING, (self.strings.encode(value),)
        if kind is int:
            return rdb.STRING, (encode_integer(value),)
        if kind is bytearray or kind is PrintedNumber:
            return rdb.STRING, (self.strings.encode(bytes(value)),)
        if kind is PackedHash:
            return self._packed_hash(value)
        if kind in HASHES:
            return self._hash(value)
        if kind is ListValue:
            return self._list(value)
        if kind is SetValue:
            return self._set(value)
        if kind is SortedSetValue:
            return self._sorted_set(value)
        if kind is StreamValue:
            return self._stream(value)
        raise TypeError(f"no value: {value!r}")

    def _blob(self, blob: bytes) -> tuple[bytes]:
        return (self.strings.encode(blob),)

    def _counted(self, elements: Sequence[bytes], count: int) -> Iterable[bytes]:
        """Return a count and strings."""
        encode_all = self.strings.encode_all
        if len(elements) <= _PIECE:
            return encode_length(count), encode_all(elements)
        pieces = (
            encode_all(elements[start : start + _PIECE])
            for start in range(0, len(elements), _PIECE)
        )
        return chain((encode_length(count),), pieces)

    # Lists

    def _list(self, value: ListValue) -> Encoded:
        kind = rdb.LIST_QUICKLIST_2 if self.version > 9 else rdb.LIST_QUICKLIST
        elements = value.slice(0, len(value))
        if len(elements) > 1 and self.version > 9 and value.encoding == "listpack":
            # As most are, which need not be split.
            return kind, (_ONE_NODE, self.strings.encode(write_listpack(elements)))
        lengths = value.node_lengths()
        head = encode_length(len(lengths))
        return kind, chain((head,), self._nodes(iter(elements), lengths))

    def _nodes(self, elements: Iterator[bytes], lengths: Iterable[int]) -> Iterator[bytes]:
        encode, pack = self.strings.encode, self._lists
        for length in lengths:
            node = list(islice(elements, length))
            if self.version == 9:
                yield encode(pack(node))
            elif length == 1 and len(node[0]) >= _PLAIN_FROM:
                yield _PLAIN_NODE + encode_length(len(node[0]))
                yield node[0]
            else:
                yield _PACKED_NODE + encode(pack(node))

    # Sets

    def _set(self, value: SetValue) -> Encoded:
        if value.encoding == "intset":
            return rdb.SET_INTSET, self._blob(write_intset(map(int, value.members)))
        if value.encoding == "listpack":
            if self.version > 10:
                return rdb.SET_LISTPACK, self._blob(write_listpack(value.members))
            # Not by its listing, which a set in use would then keep.
            members = list(value.members)
        else:
            members = value.to_list()
        return rdb.SET, self._counted(members, len(members))

    # Hashes

    def _hash(self, value: AnyHash) -> Encoded:
        fields = value.fields
        if value.deadlines and self.version > 10:
            return self._expiring_hash(value)
        if value.encoding != "hashtable":
            if self.version > 9:
                blob = write_listpack_pairs(fields.items(), len(fields))
                return rdb.HASH_LISTPACK, (self.strings.encode(blob),)
            return rdb.HASH_ZIPLIST, self._blob(write_ziplist(chain.from_iterable(fields.items())))
        entries = list(chain.from_iterable(fields.items()))
        return rdb.HASH, self._counted(entries, len(fields))

    def _packed_hash(self, value: PackedHash) -> Encoded:
        if self.version > 9:
            return rdb.HASH_LISTPACK, (self.strings.encode(value),)
        return self._hash(value)

    def _expiring_hash(self, value: HashValue) -> Encoded:
        deadlines: Mapping[bytes, int] = value.deadlines or {}
        rows = [
            (field, content, deadlines.get(field, 0)) for field, content in value.fields.items()
        ]
        earliest_ms = min(deadline_ms for _, _, deadline_ms in rows if deadline_ms)
        head = _pack_u64(earliest_ms)
        if value.encoding != "hashtable":
            # The earliest come first, those that stay for ever last.
            rows.sort(key=lambda row: row[2] or 1 << 64)
            entries = chain.from_iterable((f, c, b"%d" % deadline) for f, c, deadline in rows)
            return rdb.HASH_LISTPACK_EX, (head, *self._blob(write_listpack(entries)))
        encode = self.strings.encode
        pieces = (
            encode_length(deadline_ms - earliest_ms + 1 if deadline_ms else 0)
            + encode(field)
            + encode(content)
            for field, content, deadline_ms in rows
        )
        return rdb.HASH_METADATA, chain((head + encode_length(len(rows)),), pieces)

    # Sorted sets

    def _sorted_set(self, value: SortedSetValue) -> Encoded:
        if value.encoding == "listpack" and self.version > 9:
            listpack = value.found_listpack
            if listpack is not None:
                return rdb.ZSET_LISTPACK, (self.strings.encode(listpack),)
        pairs = list(value.items())
        if value.encoding == "listpack":
            if self.version > 9:
                return rdb.ZSET_LISTPACK, self._blob(write_listpack_scores(pairs))
            texts = chain.from_iterable((member, format_double(score)) for member, score in pairs)
            return rdb.ZSET_ZIPLIST, self._blob(write_ziplist(texts))
        # The greatest first, as Redis has it: so it inserts each at once at the right place.
        pairs.reverse()
        return rdb.ZSET_2, chain((encode_length(len(pairs)),), self._scored(pairs))

    def _scored(self, pairs: Sequence[tuple[bytes, float]]) -> Iterator[bytes]:
        encode = self.strings.encode
        for start in range(0, len(pairs), _PIECE):
            some = pairs[start : start + _PIECE]
            numbers = array("d", [score for _, score in some])
            if rdb.SWAPPED:
                numbers.byteswap()
            scores = numbers.tobytes()
            parts: list[bytes] = []
            for index, (member, _) in enumerate(some):
                parts += (encode(member), scores[8 * index : 8 * index + 8])
            yield b"".join(parts)

    # Streams

    def _stream(self, value: StreamValue) -> Encoded:
        kind = (rdb.STREAM_LISTPACKS, rdb.STREAM_LISTPACKS_2, rdb.STREAM_LISTPACKS_3)[
            self.version - 9
        ]
        return kind, stream_pieces(value, kind, self.strings)
