"""Tests of pyredis.datatypes.packed_hashes: hashes that are one object."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import packed_hashes
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.listpacks import (
    encode_entry,
    read_listpack_pairs,
    write_encoded_listpack,
    write_listpack,
)
from pyredis.datatypes.packed_hashes import (
    MOST_FIELDS,
    PackedHash,
    is_packable,
    joined,
    pack,
    packed_in,
)
from pyredis.persistence.rdb_format import encode_length
from tests.datatypes.test_listpacks import ENTRIES
from tests.persistence.damage import damaged

LIMITS = EncodingLimits()
FIELDS = st.dictionaries(ENTRIES, ENTRIES, min_size=1, max_size=12)


def flat(fields: dict[bytes, bytes]) -> list[bytes]:
    """Return fields and values in turn."""
    return [word for pair in fields.items() for word in pair]


def found(blob: bytes) -> PackedHash | None:
    """Return the hash that a listpack is found to be."""
    length = encode_length(len(blob))
    return packed_in(length + blob, 0, len(length), len(length) + len(blob), MOST_FIELDS)


class PackingTests(SynchronousTestCase):
    """A packed hash is the same hash."""

    @given(FIELDS)
    def test_it_comes_back(self, fields: dict[bytes, bytes]) -> None:
        """With the order of its fields."""
        packed = pack(HashValue.of_encoding(fields, "listpack"))
        self.assertEqual(packed, write_listpack(flat(fields)))
        value = packed.unpack()
        self.assertEqual(list(value.fields.items()), list(fields.items()))
        self.assertEqual((value.encoding, value.deadlines), ("listpack", None))
        self.assertIs(packed.copy(), packed)

    def test_what_is_not_packed(self) -> None:
        """Hashes with deadlines, of the other encoding, with very many fields, without any."""
        value = HashValue.of_encoding({b"f": b"v"}, "listpack")
        self.assertTrue(is_packable(value))
        value.set_deadline(b"f", 1)
        self.assertFalse(is_packable(value))
        value.persist(b"f")
        self.assertFalse(is_packable(value))  # it stays a listpackex
        self.assertFalse(is_packable(HashValue.of_encoding({b"f": b"v"}, "hashtable")))
        many = {b"%d" % number: b"" for number in range(MOST_FIELDS + 1)}
        self.assertFalse(is_packable(HashValue.of_encoding(many, "listpack")))
        self.assertFalse(is_packable(HashValue()))


class JoinedTests(SynchronousTestCase):
    """A hash that one command makes."""

    @given(st.lists(st.tuples(ENTRIES, ENTRIES), min_size=1, max_size=8))
    def test_it_is_what_the_command_makes(self, pairs: list[tuple[bytes, bytes]]) -> None:
        """Or nothing."""
        words = [word for pair in pairs for word in pair]
        value = HashValue()
        value.set_many(words, LIMITS)
        whole = joined(words, LIMITS)
        if whole is not None:
            self.assertEqual(list(whole.fields.items()), list(value.fields.items()))
            self.assertEqual(whole.unpack().encoding, value.encoding)
            self.assertEqual(pack(whole).fields, value.fields)
            self.assertIs(whole.copy(), whole)

    def test_any_bytes(self) -> None:
        """Some byte is not among them, or the hash is made in another way."""
        for text in (b"", b"\0", b"\0\n", b"\xff\n"):
            whole = joined([b"f", text, b"", b"x"], LIMITS)
            assert whole is not None
            self.assertEqual(whole.fields, {b"f": text, b"": b"x"})
        self.assertIsNone(joined([b"f", b"\0\n\xff", b"g", b"x"], LIMITS))

    def test_limits(self) -> None:
        """What is no listpack, or names a field twice, is made in another way."""
        self.assertIsNone(joined([b"f", b"x" * 65, b"g", b"y"], LIMITS))
        self.assertIsNone(joined([b"f", b"x", b"f", b"y"], LIMITS))
        few = EncodingLimits(hash_max_listpack_entries=1)
        self.assertIsNone(joined([b"f", b"x", b"g", b"y"], few))
        most = EncodingLimits(hash_max_listpack_entries=1 << 30)
        words = [b"%d" % number for number in range(2 * MOST_FIELDS + 2)]
        self.assertIsNone(joined(words, most))
        self.assertIsNotNone(joined(words[2:], most))


class FoundTests(SynchronousTestCase):
    """What lies in a file is taken as it is if it is right."""

    def setUp(self) -> None:
        """Make patterns soon, and forget those of others."""
        self.patch(packed_hashes, "_MET_OFTEN", 2)
        self.patch(packed_hashes, "_met", {})
        self.patch(packed_hashes, "_shapes", {})
        self.patch(packed_hashes, "_known", {})

    @given(FIELDS, st.binary(max_size=3), st.booleans())
    def test_it_is_found_wherever_it_lies(
        self, fields: dict[bytes, bytes], before: bytes, is_last: bool
    ) -> None:
        """The first time, when its shape is noted, and by the pattern of that."""
        blob = write_listpack(flat(fields))
        length = encode_length(len(blob))
        start = len(before) + len(length)
        stop = start + len(blob)
        data = before + length + blob + (b"" if is_last else b"\xff\xff")
        for _ in range(4):
            packed = packed_in(data, len(before), start, stop, MOST_FIELDS)
            self.assertEqual(packed, blob)
            self.assertIs(packed.__class__, PackedHash)

    def test_what_is_beyond_the_data(self) -> None:
        """Is told by an IndexError: more of it may come."""
        blob = write_listpack([b"f", b"v"])
        self.assertRaises(IndexError, packed_in, blob[:-1], 0, 0, len(blob), MOST_FIELDS)

    def test_damage_is_found(self) -> None:
        """Nothing is taken that a careful reader would not take, nor another hash."""
        shapes = [
            {b"name": b"Ada", b"age": b"36", b"born": b"-70000", b"long": b"1" * 19, b"": b""},
            {b"5": b"five", b"-300": b"x" * 63, b"90000": b"x" * 70},
        ]
        for fields in shapes:
            blob = write_listpack(flat(fields))
            for _ in range(4):
                self.assertEqual(found(blob), blob)
            for number, bad in enumerate(damaged(blob, seed=3, count=4000)):
                if number % 5 == 0:
                    self.assertEqual(found(blob), blob)
                expected = read_listpack_pairs(bad, 0, len(bad)) if len(bad) > 6 else None
                packed = found(bad) if bad else None
                self.assertEqual(None if packed is None else packed.fields, expected or None, bad)

    def test_a_field_twice_is_refused(self) -> None:
        """Also if it is written in different ways."""
        for entries in (
            [b"\x81a\x02", b"\x81b\x02"] * 2,
            [b"\x815\x02", b"\x81b\x02", encode_entry(b"5"), b"\x81b\x02"],
            [b"\xf1\x05\x00\x03", b"\x81b\x02", encode_entry(b"5"), b"\x81b\x02"],
        ):
            for _ in range(4):
                self.assertIsNone(found(write_encoded_listpack(entries, len(entries))))

    def test_counts(self) -> None:
        """An odd number of entries, none, too many, or another one than it says."""
        for entries in ([b"a"], [b"a", b"b", b"c"], []):
            self.assertIsNone(found(write_listpack(entries)))
        blob = write_listpack([b"a", b"b", b"c", b"d"])
        self.assertIsNone(packed_in(blob, 0, 0, len(blob), 1))
        self.assertIsNotNone(packed_in(blob, 0, 0, len(blob), 2))
        parts = [b"\x81a\x02", b"\x81b\x02"]
        for count in (0, 4, 0xFFFF):
            self.assertIsNone(found(write_encoded_listpack(parts, count)))

    def test_two_shapes_that_begin_alike(self) -> None:
        """One has the pattern, the other is walked over."""
        blobs = [write_listpack([b"id", b"1", name, b"2"]) for name in (b"to", b"of")]
        for _ in range(5):
            for blob in blobs:
                self.assertEqual(found(blob), blob)
        self.assertEqual(len(packed_hashes._shapes), 1)

    def test_shapes_are_bounded(self) -> None:
        """Only so many are noted, of so many names."""
        self.patch(packed_hashes, "_MOST_MET", 10)
        self.patch(packed_hashes, "_MOST_SHAPES", 3)
        self.patch(packed_hashes, "_MOST_NAMES", 4)
        for number in range(50):
            blob = write_listpack([b"f:%d" % number, b"v"])
            self.assertEqual(found(blob), blob)
            self.assertLessEqual(len(packed_hashes._met), 10)
        for number in range(5):
            blob = write_listpack([b"g:%d" % number, b"v"])
            for _ in range(4):
                self.assertEqual(found(blob), blob)
        self.assertEqual(len(packed_hashes._shapes), 3)
        self.patch(packed_hashes, "_shapes", {})
        many = write_listpack([b"x%d" % number for number in range(10)])
        for _ in range(4):
            self.assertEqual(found(many), many)
        self.assertEqual(packed_hashes._shapes, {})
