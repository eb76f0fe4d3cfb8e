"""Tests of ziplists, zipmaps and intsets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_format import CorruptRdb
from pyredis.persistence.ziplists import (
    read_intset,
    read_ziplist,
    read_zipmap,
    write_intset,
    write_ziplist,
)
from tests.datatypes.test_listpacks import BORDERS, ENTRIES
from tests.persistence.damage import damaged


class ZiplistTests(SynchronousTestCase):
    """Ziplists are those of Redis before 7.0."""

    def test_a_ziplist_is_that_of_redis(self) -> None:
        """Two short strings and an integer in its encoding."""
        self.assertEqual(
            write_ziplist([b"a", b"b", b"5"]).hex(), "1300000010000000030000016103016203f6ff"
        )
        self.assertEqual(read_ziplist(write_ziplist([b"a", b"b", b"5"])), [b"a", b"b", b"5"])

    @given(st.lists(ENTRIES, max_size=20))
    def test_what_is_written_is_read(self, entries: list[bytes]) -> None:
        """Any strings."""
        self.assertEqual(read_ziplist(write_ziplist(entries)), entries)

    def test_integers_of_every_size(self) -> None:
        """At each border between two forms."""
        entries = [b"%d" % number for number in (*BORDERS, 12, 13, -128, -129)]
        self.assertEqual(read_ziplist(write_ziplist(entries)), entries)

    def test_long_entries(self) -> None:
        """Lengths of one, two and five bytes; those in front of the next of one and five."""
        entries = [b"x" * size for size in (63, 64, 251, 252, 253, 254, 16383, 16384)]
        self.assertEqual(read_ziplist(write_ziplist(entries)), entries)

    def test_a_length_in_front_may_take_more_than_it_needs(self) -> None:
        """Redis leaves it so when the entry before has become shorter."""
        blob = bytearray(write_ziplist([b"a", b"b"]))
        blob[13:14] = b"\xfe\x03\0\0\0"
        blob[0] += 4
        self.assertEqual(read_ziplist(bytes(blob)), [b"a", b"b"])

    def test_more_entries_than_can_be_counted(self) -> None:
        """Then the header does not say how many there are."""
        self.assertEqual(len(read_ziplist(write_ziplist([b"a"] * 70000))), 70000)

    def test_damage_is_found_or_gives_other_entries(self) -> None:
        """Whatever byte is changed or missing: no other exception, no endless loop."""
        entries = [b"a", b"5", b"-300", b"70000", b"9" * 18, b"x" * 70, b"y" * 300, b"z"]
        refused = 0
        for bad in damaged(write_ziplist(entries), seed=2, count=3000):
            try:
                read_ziplist(bad)
            except CorruptRdb:
                refused += 1
        self.assertGreater(refused, 300)

    def test_what_contradicts_itself_is_refused(self) -> None:
        """The size, the place of the last entry, the count, the length in front, the end."""
        blob = write_ziplist([b"ab", b"c", b"5"])
        for place in (0, 4, 8, 10, 14, len(blob) - 1):
            bad = bytearray(blob)
            bad[place] ^= 1
            self.assertRaises(CorruptRdb, read_ziplist, bytes(bad))
        for size in range(len(blob)):
            self.assertRaises(CorruptRdb, read_ziplist, blob[:size])


class ZipmapTests(SynchronousTestCase):
    """Zipmaps are read."""

    def test_values_may_have_room_behind_them(self) -> None:
        """It is passed over."""
        self.assertEqual(
            read_zipmap(b"\x02\x01a\x02\x001x\x01b\x00\x03---\xff"), [b"a", b"1x", b"b", b""]
        )

    def test_many_and_long_ones(self) -> None:
        """From 254 fields on they are not counted, and from 254 bytes lengths take five."""
        long = b"\xfe\x04\x01\0\0" + b"v" * 260
        blob = b"\xfe" + b"".join(b"\x03%03d" % n + b"\x01\0x" for n in range(300)) + b"\xff"
        self.assertEqual(len(read_zipmap(blob)), 600)
        self.assertEqual(
            read_zipmap(b"\x01" + long + long[:5] + b"\0" + long[5:] + b"\xff"), [b"v" * 260] * 2
        )

    def test_what_contradicts_itself_is_refused(self) -> None:
        """The count, lengths, the end."""
        blob = b"\x02\x01a\x02\x001x\x02bc\x02\x03yy---\xff"
        for bad in (blob[1:], b"\x03" + blob[1:], b"\xff" + blob[1:], blob + b"\xff", b"\0", b""):
            self.assertRaises(CorruptRdb, read_zipmap, bad)
        for size in range(len(blob)):
            self.assertRaises(CorruptRdb, read_zipmap, blob[:size])
        for bad in damaged(blob, seed=3, count=2000):
            try:
                read_zipmap(bad)
            except CorruptRdb:
                continue


class IntsetTests(SynchronousTestCase):
    """Intsets hold integers in order."""

    def test_an_intset_is_that_of_redis(self) -> None:
        """Of 16, 32 and 64 bits."""
        self.assertEqual(write_intset([3, -1]).hex(), "0200000002000000ffff0300")
        self.assertEqual(write_intset([70000]).hex(), "040000000100000070110100")
        self.assertEqual(write_intset([2**40]).hex(), "0800000001000000" + "0000000000010000")

    @given(st.sets(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
    def test_what_is_written_is_read(self, members: set[int]) -> None:
        """In order."""
        self.assertEqual(read_intset(write_intset(members)), sorted(members))

    def test_what_contradicts_itself_is_refused(self) -> None:
        """The width, the count, the size, the order, a member twice."""
        for bad in (
            "",
            "02000000",
            "03000000010000000100",
            "02000000010000000100 00",
            "0200000002000000 0100",
            "0200000002000000 02000100",
            "0200000002000000 01000100",
            "02000000ffffffff 0100",
        ):
            self.assertRaises(CorruptRdb, read_intset, bytes.fromhex(bad.replace(" ", "")))
