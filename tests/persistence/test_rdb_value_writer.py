"""Tests of writing values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.stream_groups import ConsumerGroup
from pyredis.datatypes.streams import StreamValue
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.rdb_value_reader import read_value
from pyredis.persistence.rdb_value_writer import ValueWriter
from tests.persistence.contents import encoding, plain
from tests.persistence.payloads import PAYLOADS

LIMITS = EncodingLimits()
VERSIONS = (9, 10, 11)
STRINGS = st.one_of(
    st.binary(max_size=12),
    st.integers(-(2**63), 2**63 - 1).map(b"%d".__mod__),
    st.sampled_from([b"", b"x" * 65, b"y" * 600]),
)
SCORES = st.floats(allow_nan=False)


def hash_of(fields: dict[bytes, bytes]) -> HashValue:
    """Return a hash of some fields."""
    value = HashValue()
    for field, content in fields.items():
        value.set(field, content, LIMITS)
    return value


def list_of(elements: Sequence[bytes], size: int) -> ListValue:
    """Return a list with nodes of a size."""
    value = ListValue()
    for element in elements:
        value.push_right([element], EncodingLimits(list_max_listpack_size=size))
    return value


VALUES = st.one_of(
    STRINGS,
    st.integers(-(2**63), 2**63 - 1),
    STRINGS.map(bytearray),
    st.builds(list_of, st.lists(STRINGS, min_size=1, max_size=12), st.sampled_from([-2, 2])),
    st.lists(STRINGS, min_size=1).map(lambda members: SetValue.of(members, LIMITS)),
    st.dictionaries(STRINGS, STRINGS, min_size=1).map(hash_of),
    st.dictionaries(STRINGS, SCORES, min_size=1).map(lambda s: SortedSetValue.of(s, LIMITS)),
)


def loaded(value: Any, version: int) -> Any:
    """Write a value and read it."""
    kind, pieces = ValueWriter(version).encode(value)
    data = b"".join(pieces)
    twin, at = read_value(kind, data, 0, LIMITS)
    assert at == len(data)
    return twin


class RoundTripTests(SynchronousTestCase):
    """What is written is read."""

    @settings(max_examples=300)
    @given(VALUES, st.sampled_from(VERSIONS))
    def test_values_come_back(self, value: Any, version: int) -> None:
        """In every version, and in the same encoding."""
        twin = loaded(value, version)
        self.assertEqual(plain(twin), plain(value))
        if isinstance(value, ListValue | bytearray):
            return  # Which may have been a quicklist, or raw, for its past.
        self.assertEqual(encoding(twin), encoding(value))

    def test_it_writes_what_servers_write(self) -> None:
        """Byte by byte, but for what is compressed, and what has the order of a hash table."""
        for payload in PAYLOADS:
            # Elements are packed as long as they have less than a gigabyte.
            if payload.server == "old" or payload.data[1] == 0xC3 or "plain" in payload.name:
                continue
            version = payload.data[-10]
            value, _ = read_value(payload.data[0], payload.data, 1, LIMITS)
            kind, pieces = ValueWriter(version, compressing=False).encode(value)
            again = bytes((kind,)) + b"".join(pieces)
            if payload.encoding == "hashtable":
                self.assertEqual(sorted(again), sorted(payload.data[:-10]), payload.name)
            elif encoding(value) == payload.encoding:
                self.assertEqual(again.hex(), payload.data[:-10].hex(), payload.name)

    def test_large_collections(self) -> None:
        """They are written in pieces."""
        words = [b"word:%d" % number for number in range(5000)]
        for value in (
            SetValue.of(words, LIMITS),
            hash_of(dict(zip(words, words, strict=True))),
            SortedSetValue.of({word: len(word) / 7 for word in words}, LIMITS),
            ListValue.of(words, LIMITS),
        ):
            for version in VERSIONS:
                twin = loaded(value, version)
                self.assertEqual(plain(twin), plain(value))
                self.assertEqual(encoding(twin), encoding(value))
            if isinstance(value, ListValue):
                self.assertEqual(twin.node_lengths(), value.node_lengths())

    def test_a_collection_may_change_while_it_is_written(self) -> None:
        """What it had at the beginning is written."""
        words = [b"word:%d" % number for number in range(9000)]
        values: list[Any] = [
            SetValue.of(words, LIMITS),
            hash_of(dict(zip(words, words, strict=True))),
            SortedSetValue.of(dict.fromkeys(words, 1.0), LIMITS),
        ]
        for value in values:
            before = plain(value.copy())
            kind, pieces = ValueWriter().encode(value)
            iterator = iter(pieces)
            data = next(iterator) + next(iterator)
            for word in words[::2]:
                (value.delete if isinstance(value, HashValue) else value.remove)(word)
            data += b"".join(iterator)
            self.assertEqual(plain(read_value(kind, data, 0, LIMITS)[0]), before)
        value = ListValue.of(words, LIMITS)
        kind, pieces = ValueWriter().encode(value)
        value.pop_left_many(8000)
        self.assertEqual(plain(read_value(kind, b"".join(pieces), 0, LIMITS)[0]), words)

    def test_a_stream_may_change_while_it_is_written(self) -> None:
        """Its nodes and groups as they were are written, and made as they are asked for."""
        stream = StreamValue()
        for number in range(1, 1001):
            stream.append(number << 64, (b"field", b"%d" % number), LIMITS)
        stream.groups[b"group"] = ConsumerGroup(5 << 64, 5)
        before = plain(stream.copy())
        kind, pieces = ValueWriter().encode(stream)
        iterator = iter(pieces)
        data = next(iterator) + next(iterator)
        for number in range(1, 1001, 2):
            stream.delete(number << 64)
        stream.groups.clear()
        data += b"".join(iterator)
        self.assertEqual(plain(read_value(kind, data, 0, LIMITS)[0]), before)


class VersionTests(SynchronousTestCase):
    """Each version has its types."""

    def test_types(self) -> None:
        """Version 9 has none that came after Redis 6.2, version 10 none after 7.0."""
        long = b"x" * 65
        for value, kinds in (
            (b"string", (rdb.STRING,) * 3),
            (ListValue.of([b"a"], LIMITS), (rdb.LIST_QUICKLIST,) + (rdb.LIST_QUICKLIST_2,) * 2),
            (SetValue.of([b"a"], LIMITS), (rdb.SET, rdb.SET, rdb.SET_LISTPACK)),
            (SetValue.of([b"1"], LIMITS), (rdb.SET_INTSET,) * 3),
            (SetValue.of([long], LIMITS), (rdb.SET,) * 3),
            (hash_of({b"f": b"v"}), (rdb.HASH_ZIPLIST,) + (rdb.HASH_LISTPACK,) * 2),
            (hash_of({b"f": long}), (rdb.HASH,) * 3),
            (
                SortedSetValue.of({b"a": 1.0}, LIMITS),
                (rdb.ZSET_ZIPLIST,) + (rdb.ZSET_LISTPACK,) * 2,
            ),
            (SortedSetValue.of({long: 1.0}, LIMITS), (rdb.ZSET_2,) * 3),
            (
                StreamValue(),
                (rdb.STREAM_LISTPACKS, rdb.STREAM_LISTPACKS_2, rdb.STREAM_LISTPACKS_3),
            ),
        ):
            found = tuple(ValueWriter(version).encode(value)[0] for version in VERSIONS)
            self.assertEqual(found, kinds)

    def test_deadlines_of_fields(self) -> None:
        """They are written in the newest version, packed or not; older ones know of none."""
        for content, kind in (
            (b"v", rdb.HASH_LISTPACK_EX),
            (b"x" * 65, rdb.HASH_METADATA),
        ):
            value = hash_of({b"a": content, b"b": b"2", b"c": b"3"})
            value.set_deadline(b"c", 5000)
            value.set_deadline(b"a", 7000)
            self.assertEqual(ValueWriter().encode(value)[0], kind)
            twin = loaded(value, 11)
            self.assertEqual((twin.fields, twin.deadlines), (value.fields, value.deadlines))
            self.assertEqual(twin.encoding, value.encoding)
            for version in (9, 10):
                self.assertIsNone(loaded(value, version).deadlines)
            value.persist(b"a")
            value.persist(b"c")
            self.assertIn(ValueWriter().encode(value)[0], (rdb.HASH, rdb.HASH_LISTPACK))

    def test_other_versions_are_refused(self) -> None:
        """Older and later ones; and what is no value."""
        for version in (8, 12):
            self.assertRaises(ValueError, ValueWriter, version)
        self.assertRaises(TypeError, ValueWriter().encode, "text")

    def test_small_sets_keep_no_listing_for_it(self) -> None:
        """A snapshot of a million of them must not take memory for each."""
        for members in ([b"a", b"b"], [b"1", b"2"]):
            for version in VERSIONS:
                value = SetValue.of(members, LIMITS)
                value.add(b"7", LIMITS)
                ValueWriter(version).encode(value)
                self.assertIsNone(value._listing)
