"""Tests of lengths and strings in RDB."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_format import (
    PAST_THE_END,
    CorruptRdb,
    RdbError,
    TruncatedRdb,
    encode_integer,
    encode_length,
    read_count,
    read_length,
    read_string,
    read_string_value,
    read_strings,
)


class LengthTests(SynchronousTestCase):
    """Lengths take one, two, five or nine bytes."""

    def test_the_forms_are_those_of_redis(self) -> None:
        """At every border between two forms."""
        for number, written in {
            0: "00",
            63: "3f",
            64: "4040",
            16383: "7fff",
            16384: "8000004000",
            (1 << 32) - 1: "80ffffffff",
            1 << 32: "810000000100000000",
            (1 << 64) - 1: "81ffffffffffffffff",
        }.items():
            data = bytes.fromhex(written)
            self.assertEqual(encode_length(number), data)
            self.assertEqual(read_length(b"x" + data + b"y", 1), (number, 1 + len(data)))

    @given(st.integers(0, (1 << 64) - 1))
    def test_what_is_written_is_read(self, number: int) -> None:
        """Any number that is not negative."""
        data = encode_length(number)
        self.assertEqual(read_length(data, 0), (number, len(data)))

    def test_what_is_no_length_is_refused(self) -> None:
        """Unused beginnings, and those of special strings."""
        for head in (0x82, 0xBF, 0xC0, 0xFF):
            self.assertRaises(CorruptRdb, read_length, bytes((head,)) + bytes(9), 0)

    def test_a_length_cut_off_is_past_the_end(self) -> None:
        """Whichever form it has."""
        for data in ("", "40", "80000000", "8100000000000000"):
            self.assertRaises(PAST_THE_END, read_length, bytes.fromhex(data), 0)

    def test_a_count_needs_data(self) -> None:
        """It is told how much is missing."""
        self.assertEqual(read_count(b"\x02ab", 0), (2, 1))
        error = self.assertRaises(TruncatedRdb, read_count, b"\x05ab", 0, 3)
        self.assertEqual(error.missing, 13)


class StringTests(SynchronousTestCase):
    """Strings are themselves, integers or compressed."""

    def test_integers_are_strings(self) -> None:
        """Of 8, 16 and 32 bits; longer ones are written out."""
        for number in (0, -1, 127, -128, 128, -129, 32767, -32768, 2**31 - 1, -(2**31), 2**31):
            data = encode_integer(number)
            self.assertEqual(read_string(data, 0), (b"%d" % number, len(data)))
            value, end = read_string_value(data, 0)
            self.assertEqual((int(value), end), (number, len(data)))
        self.assertEqual(read_string_value(b"\xc0\x07", 0), (7, 2))

    def test_compressed_strings_are_decompressed(self) -> None:
        """As Redis wrote one of eighty bytes."""
        data = bytes.fromhex("c30a405002616261e04201016162")
        self.assertEqual(read_string(data, 0), (b"ab" * 40, len(data)))

    def test_compressed_strings_may_not_claim_too_much(self) -> None:
        """Nothing is allocated for a length that cannot be."""
        for data in ("c30281ffffffffffffffff0061", "c3020300 61", "c302050061", "c3810000000000"):
            self.assertRaises(
                (RdbError, *PAST_THE_END), read_string, bytes.fromhex(data.replace(" ", "")), 0
            )

    def test_unknown_forms_are_refused(self) -> None:
        """They may come with a later Redis."""
        for head in (0xC4, 0xFF, 0x82):
            self.assertRaises(CorruptRdb, read_string, bytes((head,)) + bytes(9), 0)
        self.assertRaises(CorruptRdb, read_string_value, b"\xc4\0\0\0\0\0", 0)

    def test_many_strings_are_read_at_once(self) -> None:
        """Of all forms and lengths; cut off anywhere, it is noticed."""
        strings = [b"", b"a", b"x" * 63, b"y" * 64, b"7", b"z" * 16384]
        forms = [encode_length(len(string)) + string for string in strings]
        forms[4] = encode_integer(7)
        data = b"".join(forms)
        self.assertEqual(read_strings(data, 0, len(strings)), (strings, len(data)))
        for size in (*range(140), len(data) - 1):
            self.assertRaises(
                (TruncatedRdb, *PAST_THE_END), read_strings, data[:size], 0, len(strings)
            )
