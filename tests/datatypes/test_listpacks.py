"""Tests of listpacks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import LISTPACK_OVERHEAD, listpack_entry_size
from pyredis.datatypes.listpacks import (
    CorruptListpack,
    encode_back_length,
    encode_entry,
    read_listpack,
    read_listpack_pairs,
    write_encoded_listpack,
    write_listpack,
    write_listpack_pairs,
    write_listpack_scores,
)
from pyredis.primitives.numbers import format_double
from tests.persistence.damage import damaged

BORDERS = [0, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32769, 8388607, 8388608]
BORDERS += [-8388609, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)]
ENTRIES = st.one_of(
    st.binary(max_size=200),
    st.integers(-(2**63), 2**63 - 1).map(b"%d".__mod__),
    st.sampled_from(
        [b"", b"007", b"-0", b"9223372036854775808", b"x" * 63, b"x" * 64, b"x" * 5000]
    ),
)


class ListpackTests(SynchronousTestCase):
    """Listpacks are those of Redis."""

    def test_a_listpack_is_that_of_redis(self) -> None:
        """As found in the payload of a list of these elements."""
        entries = [b"a", b"1", b"-7", b"4096", b"70000", b"9000000000", b""]
        blob = bytes.fromhex(
            "2400000007008161020101dff902f1001003f270110104f4001a711802000000098001ff"
        )
        self.assertEqual(write_listpack(entries), blob)
        self.assertEqual(read_listpack(blob), entries)

    @given(st.lists(ENTRIES, max_size=20))
    def test_what_is_written_is_read(self, entries: list[bytes]) -> None:
        """And has the size that the value classes reckon with."""
        blob = write_listpack(entries)
        self.assertEqual(read_listpack(blob), entries)
        self.assertEqual(len(blob), LISTPACK_OVERHEAD + sum(map(listpack_entry_size, entries)))

    def test_integers_of_every_size(self) -> None:
        """At each border between two forms."""
        entries = [b"%d" % number for number in BORDERS]
        self.assertEqual(read_listpack(write_listpack(entries)), entries)

    def test_long_entries(self) -> None:
        """Their lengths behind them take one to four bytes."""
        entries = [b"x" * size for size in (64, 125, 126, 4095, 4096, 16382, 16383, 2100000)]
        self.assertEqual(read_listpack(write_listpack(entries)), entries)
        self.assertEqual(encode_back_length(127).hex(), "7f")
        self.assertEqual(encode_back_length(128).hex(), "0180")
        self.assertEqual(encode_back_length(16384).hex(), "018080")

    def test_more_entries_than_can_be_counted(self) -> None:
        """Then the header does not say how many there are."""
        entries = [b"a"] * 70000
        blob = write_listpack(entries)
        self.assertEqual(blob[4:6], b"\xff\xff")
        self.assertEqual(len(read_listpack(blob)), 70000)

    def test_an_integer_may_be_wider_than_it_needs(self) -> None:
        """Redis reads what another one wrote."""
        blob = write_encoded_listpack([bytes.fromhex("f4070000000000000009")], 1)
        self.assertEqual(read_listpack(blob), [b"7"])

    def test_damage_is_found_or_gives_other_entries(self) -> None:
        """Whatever byte is changed or missing: no other exception, no endless loop."""
        entries = [b"a", b"12", b"-4097", b"70000", b"9" * 19, b"x" * 70, b"y" * 4096]
        blob = write_listpack(entries)
        refused = 0
        for bad in damaged(blob, seed=1, count=3000):
            try:
                read_listpack(bad)
            except CorruptListpack:
                refused += 1
        self.assertGreater(refused, 300)

    def test_lengths_that_differ_are_refused(self) -> None:
        """The size in the header, the count, the length behind an entry, the end."""
        blob = write_listpack([b"ab", b"c", b"5", b"-5000"])
        for place in (0, 4, 9, 12, 14, len(blob) - 2, len(blob) - 1):
            bad = bytearray(blob)
            bad[place] ^= 1
            self.assertRaises(CorruptListpack, read_listpack, bytes(bad))
        for size in range(len(blob)):
            self.assertRaises(CorruptListpack, read_listpack, blob[:size])

    def test_an_end_before_the_end_is_refused(self) -> None:
        """No entry begins with 255, nor with what no encoding is."""
        for head in (0xF5, 0xFE, 0xFF):
            blob = write_encoded_listpack([bytes((head, 1))], 1)
            self.assertRaises(CorruptListpack, read_listpack, blob)
        self.assertEqual(encode_entry(b"5"), b"\x05\x01")


class PairTests(SynchronousTestCase):
    """Small hashes are read and written without a list in between."""

    @given(st.dictionaries(ENTRIES, ENTRIES, max_size=12), st.binary(max_size=3))
    def test_it_is_the_same_listpack(self, pairs: dict[bytes, bytes], before: bytes) -> None:
        """Wherever it lies."""
        entries = [entry for pair in pairs.items() for entry in pair]
        blob = write_listpack_pairs(pairs.items(), len(pairs))
        self.assertEqual(blob, write_listpack(entries))
        start, stop = len(before), len(before) + len(blob)
        self.assertEqual(read_listpack_pairs(before + blob + b"\xff", start, stop), pairs)

    def test_what_is_not_plain_is_left_to_others(self) -> None:
        """An odd number of entries, one twice, one that is damaged, more than can be counted."""
        for entries in ([b"a"], [b"a", b"1", b"a", b"2"], [b"a", b"1"] * 40000):
            blob = write_listpack(entries)
            self.assertIsNone(read_listpack_pairs(blob, 0, len(blob)))
        entries = [b"a", b"12", b"-4097", b"70000", b"9" * 19, b"x" * 70]
        for bad in damaged(write_listpack(entries), seed=4, count=2000):
            found = read_listpack_pairs(bad, 0, len(bad))
            if found is not None:
                self.assertEqual([e for pair in found.items() for e in pair], read_listpack(bad))

    def test_more_names_than_are_remembered(self) -> None:
        """They are forgotten, and remembered again."""
        for number in (*range(5000), *range(10)):
            pairs = {b"field:%d" % number: b"v", b"x" * 100: b"w"}
            blob = write_listpack_pairs(pairs.items(), 2)
            self.assertEqual(read_listpack_pairs(blob, 0, len(blob)), pairs)


class ScoresTests(SynchronousTestCase):
    """Members with their scores."""

    @given(st.lists(st.tuples(st.binary(max_size=70), st.floats(allow_nan=False))))
    def test_it_is_the_listpack_of_their_texts(self, pairs: list[tuple[bytes, float]]) -> None:
        """Scores are written as what clients see."""
        pairs += [(b"m", float(number)) for number in (*BORDERS, 2**53 - 1, 2**54)]
        pairs += [(b"", -0.0), (b"i", float("inf"))]
        texts = [entry for member, score in pairs for entry in (member, format_double(score))]
        self.assertEqual(write_listpack_scores(pairs), write_listpack(texts))
