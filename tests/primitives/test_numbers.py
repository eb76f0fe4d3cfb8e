"""
Tests of reading and writing numbers.

The tables were taken from a real Redis 7.2.6: integers with PEXPIREAT, cursors with SCAN,
doubles with ZADD and ZSCORE, score bounds with ZCOUNT, amounts of memory with CONFIG.
"""

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.numbers import (
    INT64_MAX,
    INT64_MIN,
    UINT64_MAX,
    canonical_int,
    format_double,
    format_fixed,
    format_human_double,
    format_memory,
    parse_double,
    parse_double_laxly,
    parse_int,
    parse_memory,
    parse_plain_doubles,
    parse_unsigned,
)

NOT_INTEGERS = [
    b"", b"-", b"+1", b"01", b"00", b"-0", b"-01", b" 1", b"1 ", b"1\n", b"1_0", b"1.0", b"--1",
    b"1\0", b"0x1", b"\xb2", b"\xd9\xa1", b"9223372036854775808", b"-9223372036854775809",
    b"18446744073709551616", b"9" * 5000, b"-" + b"9" * 5000,
]  # fmt: skip


class ParseIntTests(SynchronousTestCase):
    """Strict 64-bit integers."""

    def test_whole_range(self) -> None:
        """The ends of the range, zero and what lies between are read."""
        for value in (INT64_MIN, INT64_MIN + 1, -10, -1, 0, 1, 9, 10, INT64_MAX - 1, INT64_MAX):
            self.assertEqual(parse_int(b"%d" % value), value)
            self.assertEqual(canonical_int(b"%d" % value), value)

    def test_refusals(self) -> None:
        """Whatever Redis would not write itself is refused."""
        for data in NOT_INTEGERS:
            self.assertRaises(ValueError, parse_int, data)
            self.assertIsNone(canonical_int(data), data)

    @given(st.integers(-(2**66), 2**66))
    def test_range_is_sharp(self, value: int) -> None:
        """Integers are read exactly when they fit 64 bits."""
        expected = value if INT64_MIN <= value <= INT64_MAX else None
        self.assertEqual(canonical_int(b"%d" % value), expected)

    @given(st.text("-+0123456789 _", max_size=22).map(str.encode))
    def test_what_is_read_is_written_back(self, data: bytes) -> None:
        """An accepted spelling is the only one of its number."""
        value = canonical_int(data)
        if value is None:
            self.assertRaises(ValueError, parse_int, data)
        else:
            self.assertEqual(b"%d" % value, data)
            self.assertEqual(parse_int(data), value)


class ParseUnsignedTests(SynchronousTestCase):
    """Scan cursors."""

    def test_accepted(self) -> None:
        """Cursors are read as laxly as strtoul reads."""
        for data, value in [
            (b"0", 0),
            (b"17", 17),
            (b"007", 7),
            (b"+5", 5),
            (b"", 0),
            (b"\0x", 0),
            (b"5\0abc", 5),
            (b"-0", 0),
            (b"-1", UINT64_MAX),
            (b"-18446744073709551615", 1),
            (b"18446744073709551615", UINT64_MAX),
            (b"0" * 5000 + b"7", 7),
        ]:
            self.assertEqual(parse_unsigned(data), value, data)

    def test_refusals(self) -> None:
        """Blanks, signs alone, other characters and 65 bits are refused."""
        for data in [
            b" 5", b"5 ", b"\t5", b"+", b"-", b"+\0", b"x", b"1_0", b"5x", b"0x5", b"\xb2",
            b"18446744073709551616", b"-18446744073709551616", b"9" * 5000,
        ]:  # fmt: skip
            self.assertRaises(ValueError, parse_unsigned, data)


class ParseDoubleTests(SynchronousTestCase):
    """Scores, weights and coordinates."""

    def test_accepted(self) -> None:
        """Every notation of strtod is read."""
        for data, value in [
            (b"1", 1.0),
            (b"-1.5", -1.5),
            (b"+.5", 0.5),
            (b"5.", 5.0),
            (b"1e3", 1000.0),
            (b"1E+3", 1000.0),
            (b"007", 7.0),
            (b"0e999999999999", 0.0),
            (b"inf", math.inf),
            (b"+INF", math.inf),
            (b"-Infinity", -math.inf),
            (b"5e-324", 5e-324),
            (b"1.7976931348623157e308", 1.7976931348623157e308),
            (b"0x10", 16.0),
            (b"-0x1.8p1", -3.0),
            (b"0X.8", 0.5),
            (b"0x1.p-1", 0.5),
            (b"0x0p99999", 0.0),
        ]:
            self.assertEqual(parse_double(data), value, data)
        self.assertEqual(math.copysign(1, parse_double(b"-0")), -1)

    def test_refusals(self) -> None:
        """Blanks, NaN, Python's own notations and numbers out of range are refused."""
        for data in [
            b"", b" 1", b"1 ", b"1\n", b"\t1", b"\v1", b"1\0", b"1_0", b"nan", b"-nan", b"NaN(1)",
            b"infinit", b"1e", b"1e+", b"e5", b".", b"-", b"0x", b"0x.", b"0x1p", b"0x1_0",
            b"1e400", b"-1e400", b"1e-400", b"-0.0001e-400", b"0x1p1024", b"-0x1p9999",
            b"0x1p-1080", b" 0x1", b"\xd9\xa1", b"1.5abc", b"1,5",
        ]:  # fmt: skip
            self.assertRaises(ValueError, parse_double, data)

    def test_lax_bounds(self) -> None:
        """A bound of a score range may be empty, out of range or led by blanks."""
        for data, value in [
            (b"", 0.0),
            (b" 5", 5.0),
            (b"\v\t-5", -5.0),
            (b"1e400", math.inf),
            (b"-1e400", -math.inf),
            (b"1e-400", 0.0),
            (b"0x1p1024", math.inf),
            (b"-0x1p1024", -math.inf),
            (b" 0x1p-1080", 0.0),
            (b"5\0abc", 5.0),
            (b"\0abc", 0.0),
            (b"-inf", -math.inf),
        ]:
            self.assertEqual(parse_double_laxly(data), value, data)

    def test_lax_refusals(self) -> None:
        """NaN and anything after the number are refused for a bound, too."""
        for data in [b"nan", b"5 ", b" ", b"x", b"1_0", b"5x", b"1e", b" \0"]:
            self.assertRaises(ValueError, parse_double_laxly, data)


class FormatDoubleTests(SynchronousTestCase):
    """Doubles in replies."""

    def test_as_redis_writes_them(self) -> None:
        """Integers are plain, exponents short, special values in lower case."""
        for value, text in [
            (0.0, b"0"),
            (-0.0, b"-0"),
            (1.0, b"1"),
            (-17.0, b"-17"),
            (3.14, b"3.14"),
            (0.1 + 0.2, b"0.30000000000000004"),
            (1e15, b"1000000000000000"),
            (2.0**62, b"4611686018427387904"),
            (-(2.0**62), b"-4611686018427387904"),
            (1e19, b"1e+19"),
            (1e20, b"1e+20"),
            (1.5e300, b"1.5e+300"),
            (1e-7, b"1e-7"),
            (5e-324, b"5e-324"),
            (math.inf, b"inf"),
            (-math.inf, b"-inf"),
            (math.nan, b"nan"),
        ]:
            self.assertEqual(format_double(value), text, value)

    @given(
        st.lists(
            st.one_of(
                st.from_regex(rb"-?[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True),
                st.sampled_from(
                    [b"1_0", b" 1", b"1 ", b"inf", b"nan", b"1e5", b"+1", b"0x1", b"--1"]
                ),
                st.sampled_from([b"9" * 300, b"9" * 400, b"0." + b"0" * 400 + b"1", b"-", b"."]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_plain_doubles(self, words: list[bytes]) -> None:
        """What is read all at once is what would be read one by one."""
        values = parse_plain_doubles(words)
        if values is not None:
            self.assertEqual(repr(values), repr([*map(parse_double, words)]))

    def test_what_is_plain(self) -> None:
        """Integers and decimals are; who writes in other ways is read one by one."""
        self.assertEqual(parse_plain_doubles([b"1", b"20"]), [1.0, 20.0])
        self.assertEqual(parse_plain_doubles([b"1", b"-2.5"]), [1.0, -2.5])
        for word in (b"1e5", b"+1", b"inf", b"", b"1-", b"9" * 400):
            self.assertIsNone(parse_plain_doubles([b"1", word]), word)

    @given(st.floats(allow_nan=False))
    def test_reads_back(self, value: float) -> None:
        """What is written reads back as the same double, sign of zero included."""
        again = parse_double(format_double(value))
        self.assertEqual((again, math.copysign(1, again)), (value, math.copysign(1, value)))

    def test_human_form(self) -> None:
        """Coordinates have up to 17 decimals, no exponent and no negative zero."""
        for value, text in [
            (13.361389338970184, b"13.36138933897018433"),
            (-38.5, b"-38.5"),
            (100.0, b"100"),
            (1e20, b"100000000000000000000"),
            (1e-18, b"0"),
            (-1e-18, b"0"),
            (-0.0, b"0"),
            (math.inf, b"inf"),
        ]:
            self.assertEqual(format_human_double(value), text, value)

    def test_fixed_form(self) -> None:
        """Distances have all their decimals, rounded after multiplying."""
        for value, text in [
            (166274.15156960033, b"166274.1516"),
            (0.0, b"0.0000"),
            (0.0775, b"0.0775"),
            (0.00001, b"0.0000"),
            (12.0, b"12.0000"),
            (-0.5, b"-0.5000"),
        ]:
            self.assertEqual(format_fixed(value, 4), text, value)


class MemoryTests(SynchronousTestCase):
    """Amounts of memory in configuration and INFO."""

    def test_units(self) -> None:
        """Units are decimal without and binary with a b, in any case."""
        for text, amount in [
            ("100", 100),
            ("100b", 100),
            ("1k", 1000),
            ("1KB", 1024),
            ("00012m", 12_000_000),
            ("64mb", 64 << 20),
            ("5G", 5_000_000_000),
            ("2Gb", 2 << 30),
        ]:
            self.assertEqual(parse_memory(text), amount)
            self.assertEqual(parse_memory(text.encode()), amount)

    def test_oddities(self) -> None:
        """No digits are zero, too great digits stay at the top, the product wraps."""
        for text, amount in [
            ("", 0),
            ("mb", 0),
            ("18446744073709551616", UINT64_MAX),
            ("99999999999999999999gb", 18446744072635809792),
            ("17179869184gb", 0),
            ("9" * 127 + "b", UINT64_MAX),
        ]:
            self.assertEqual(parse_memory(text), amount)

    def test_refusals(self) -> None:
        """Signs, fractions, blanks, unknown units and 128 digits are refused."""
        for text in ["-1", "+1", "1.5mb", " 1", "1 ", "1tb", "1 k", "0" * 128, "1\0", "\u0661"]:
            self.assertRaises(ValueError, parse_memory, text)
        self.assertRaises(ValueError, parse_memory, b"1\xff")

    def test_for_people(self) -> None:
        """Amounts are written with two decimals and the unit that fits."""
        for amount, text in [
            (0, b"0B"),
            (1023, b"1023B"),
            (1024, b"1.00K"),
            (1048575, b"1024.00K"),
            (1 << 20, b"1.00M"),
            (1_500_000_000, b"1.40G"),
            (1 << 40, b"1.00T"),
            (1 << 50, b"1.00P"),
            (1 << 60, b"1152921504606846976B"),
        ]:
            self.assertEqual(format_memory(amount), text)
