"""Stream IDs."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.stream_ids import (
    MAX_ID,
    MAX_PART,
    MIN_ID,
    format_id,
    make_id,
    parse_bound,
    parse_id,
    parse_new_id,
)

PARTS = st.one_of(st.integers(0, 300), st.integers(0, MAX_PART))


class StreamIdTests(SynchronousTestCase):
    """Texts and numbers."""

    @given(PARTS, PARTS)
    def test_round_trip(self, ms: int, sequence: int) -> None:
        """An ID written is the ID read."""
        entry_id = make_id(ms, sequence)

        self.assertEqual(format_id(entry_id), b"%d-%d" % (ms, sequence))
        self.assertEqual(parse_id(format_id(entry_id)), entry_id)
        self.assertEqual(parse_new_id(format_id(entry_id)), (entry_id, True))

    @given(PARTS, PARTS, PARTS, PARTS)
    def test_the_order_is_that_of_the_parts(self, a: int, b: int, c: int, d: int) -> None:
        """IDs compare by milliseconds, then by sequence number."""
        self.assertEqual(make_id(a, b) < make_id(c, d), (a, b) < (c, d))

    def test_a_missing_sequence_number(self) -> None:
        """It is what the caller says."""
        self.assertEqual(parse_id(b"5"), make_id(5, 0))
        self.assertEqual(parse_id(b"5", MAX_PART), make_id(5, MAX_PART))
        self.assertEqual(parse_bound(b"5", MAX_PART), make_id(5, MAX_PART))

    def test_what_strtoull_reads(self) -> None:
        """Blanks before a number, signs, leading zeros and NULs are read as C does it."""
        for text, parts in (
            (b"0005-007", (5, 7)),
            (b" 5-\t+7", (5, 7)),
            (b"5--07", (5, 2**64 - 7)),
            (b"5--0", (5, 0)),
            (b"5--9223372036854775809", (5, 2**63 - 1)),
            (b"5-7\x00junk", (5, 7)),
            (b"18446744073709551615-18446744073709551615", (MAX_PART, MAX_PART)),
            (b"0" * 60 + b"9-1", (9, 1)),
        ):
            self.assertEqual(parse_id(text), make_id(*parts), text)

    def test_what_is_no_id(self) -> None:
        """Everything else, and what is too long to be one."""
        for text in (
            b"",
            b"-",
            b"+",
            b"-5",
            b"5-",
            b"x-1",
            b"1-x",
            b"1-2-3",
            b"1 -2",
            b"5--7",
            b"1-*",
            b"18446744073709551616-0",
            b"0-18446744073709551616",
            b"1_0-0",
            b"(1-1",
            b"0" * 126 + b"1-1",
        ):
            self.assertRaises(ValueError, parse_id, text)

    def test_bounds(self) -> None:
        """The least and the greatest ID have names."""
        self.assertEqual(parse_bound(b"-", 0), MIN_ID)
        self.assertEqual(parse_bound(b"+", 0), MAX_ID)
        self.assertEqual(parse_bound(b"1-1", 0), make_id(1, 1))
        self.assertRaises(ValueError, parse_bound, b"--", 0)

    def test_new_ids(self) -> None:
        """The sequence number of a new entry may be left open."""
        self.assertEqual(parse_new_id(b"7-*"), (make_id(7, 0), False))
        self.assertEqual(parse_new_id(b"7"), (make_id(7, 0), True))
        for text in (b"*", b"-*", b"*-1", b"1-1-*", b"7-**"):
            self.assertRaises(ValueError, parse_new_id, text)
