"""
Tests of extended precision arithmetic.

The tables were taken from a real Redis 7.2.6 on x86-64 with INCRBYFLOAT.
"""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.long_doubles import (
    add_long_doubles,
    format_long_double,
    is_infinite,
    is_long_double,
    parse_long_double,
    sum_long_doubles,
)


class AddTests(SynchronousTestCase):
    """Sums as INCRBYFLOAT answers them."""

    def test_as_redis_adds(self) -> None:
        """Sums are rounded to 64 bits and written with 17 decimals at most."""
        for a, b, total in SUMS:
            self.assertEqual(add_long_doubles(a, b), total, (a, b))
            self.assertEqual(add_long_doubles(b, a), total, (b, a))

    def test_overflow(self) -> None:
        """An infinite sum, and infinity less infinity, are told apart from bad operands."""
        for a, b in [(b"inf", b"1"), (b"1", b"-Infinity"), (b"inf", b"-inf"), (b"1.1e4932",) * 2]:
            self.assertRaises(OverflowError, add_long_doubles, a, b)

    def test_bad_operands(self) -> None:
        """An operand that is no number is refused, on either side."""
        for data in REFUSED:
            self.assertFalse(is_long_double(data), data)
            self.assertRaises(ValueError, add_long_doubles, data, b"1")
            self.assertRaises(ValueError, add_long_doubles, b"1", data)

    @given(st.integers(-(2**63), 2**63), st.integers(-(2**62), 2**62))
    def test_integers_are_exact(self, a: int, b: int) -> None:
        """Integers of 64 bits lose nothing."""
        self.assertEqual(add_long_doubles(b"%d" % a, b"%d" % b), b"%d" % (a + b))

    @given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
    def test_short_decimals_are_exact(self, a: int, b: int) -> None:
        """Numbers below 16 with a few decimals add up as on paper."""
        a, b = a % (16 * 10**8), b % (16 * 10**8)
        texts = [b"%d.%08d" % divmod(n, 10**8) for n in (a, b, a + b)]
        expected = texts[2].rstrip(b"0").rstrip(b".")
        self.assertEqual(add_long_doubles(texts[0], texts[1]), expected)


class ParseTests(SynchronousTestCase):
    """Reading extended precision numbers."""

    def test_notations(self) -> None:
        """Decimal, hexadecimal and infinite notations are read."""
        for data, value in [
            (b"1", Fraction(1)),
            (b"+.5", Fraction(1, 2)),
            (b"-5.", Fraction(-5)),
            (b"25e-2", Fraction(1, 4)),
            (b"0x1.8p+1", Fraction(3)),
            (b"-0X.8", Fraction(-1, 2)),
            (b"0e999999999999", Fraction(0)),
            (b"0x0p99999999999", Fraction(0)),
            (b"1e0000000000000000000000002", Fraction(100)),
        ]:
            mantissa, exponent = parse_long_double(data)
            self.assertEqual(mantissa * Fraction(2) ** exponent, value, data)

    def test_infinity(self) -> None:
        """Infinity can be read and recognized, finite numbers are not taken for it."""
        for data in (b"inf", b"-INF", b"+Infinity"):
            self.assertTrue(is_infinite(parse_long_double(data)), data)
        self.assertFalse(is_infinite(parse_long_double(b"1e4932")))
        self.assertFalse(is_infinite(parse_long_double(b"0")))

    def test_limits(self) -> None:
        """The least and greatest numbers are read, what rounds past them is not."""
        for data in (b"4e-4951", b"1.1897314953572317650e4932", b"0x1p-16445", b"0x.8p16384"):
            self.assertTrue(is_long_double(data), data)
        for data in (b"1e-4951", b"1.2e4932", b"0x1p-16446", b"0x1p16384"):
            self.assertFalse(is_long_double(data), data)

    def test_length_limit(self) -> None:
        """Numbers are read up to 5119 bytes."""
        self.assertEqual(format_long_double(parse_long_double(b"0" * 5118 + b"7")), b"7")
        self.assertFalse(is_long_double(b"0" * 5119 + b"7"))

    @given(st.integers(1, 10**40), st.integers(-60, 60))
    def test_nearest(self, digits: int, place: int) -> None:
        """The number read is one of 64 bits nearest to the text."""
        mantissa, exponent = parse_long_double(b"%de%d" % (digits, place))
        exact = Fraction(digits) * Fraction(10) ** place
        self.assertLessEqual(mantissa, 2**64)
        error = abs(mantissa * Fraction(2) ** exponent - exact)
        self.assertLessEqual(error, Fraction(2) ** exponent / 2)


class FormatTests(SynchronousTestCase):
    """Writing extended precision numbers."""

    def test_infinities(self) -> None:
        """Infinities have names."""
        self.assertEqual(format_long_double(parse_long_double(b"Infinity")), b"inf")
        self.assertEqual(format_long_double(parse_long_double(b"-inf")), b"-inf")

    def test_greatest(self) -> None:
        """The greatest number is written in full, all 4932 digits of it."""
        text = format_long_double(parse_long_double(b"1.1e4932"))
        self.assertEqual(len(text), 4933)
        self.assertTrue(text.startswith(b"1099999999999999999"), text[:30])
        self.assertEqual(format_long_double(parse_long_double(text)), text)
        self.assertEqual(format_long_double(parse_long_double(b"-" + text)), b"-" + text)

    def test_no_negative_zero(self) -> None:
        """What rounds to zero is 0 without a sign."""
        for data in (b"0", b"-0", b"-0.0", b"1e-18", b"-1e-18", b"-4e-4951"):
            self.assertEqual(format_long_double(parse_long_double(data)), b"0", data)

    def test_sum_of_parsed(self) -> None:
        """Parsed numbers can be added without going through text."""
        total = sum_long_doubles(parse_long_double(b"0.1"), parse_long_double(b"0.2"))
        self.assertEqual(format_long_double(total), b"0.3")


REFUSED = [
    b"", b" 1", b"1 ", b"1\n", b"1\0", b"1_0", b"nan", b"-nan", b"nan(1)", b"infinit", b"1e",
    b"1e+", b"e5", b".", b"-", b"0x", b"0x.", b"0x1p", b"1e5000", b"1e-5000", b"1e999999999999",
    b"-1e-999999999999", b"0x1p99999999999", b"0x1p-99999999999", b"\xd9\xa1", b"1,5",
]  # fmt: skip

SUMS = [
    (b"10", b"5", b"15"),
    (b"10.50", b"0.1", b"10.6"),
    (b"5.0e3", b"2.0e2", b"5200"),
    (b"0.1", b"0.2", b"0.3"),
    (b"3", b"1.1", b"4.1"),
    (b"1.23", b"1.0", b"2.23"),
    (b"-0.1", b"0.1", b"0"),
    (b"1e-17", b"0", b"0.00000000000000001"),
    (b"5e-18", b"0", b"0"),
    (b"6e-18", b"0", b"0.00000000000000001"),
    (b"1000.1", b"0", b"1000.09999999999999998"),
    (b"17179869184.1", b"0.2", b"17179869184.29999999888241291"),
    (b"99999999999999999999", b"1", b"100000000000000000000"),
    (b"18446744073709551615", b"1", b"18446744073709551616"),
    (b"18446744073709551617", b"0", b"18446744073709551616"),
    (b"0x1.8p1", b"0", b"3"),
    (b"123456789.123456789", b"987654321.987654321", b"1111111111.11111110995989293"),
    (b"1e30", b"1", b"1000000000000000000024696061952"),
    (b"-1e30", b"1e-17", b"-1000000000000000000024696061952"),
    (b"1e18", b"0.3", b"1000000000000000000.3125"),
    (b"9007199254740993", b"0.5", b"9007199254740993.5"),
    (b"-1.00000000000000001", b"0", b"-1.00000000000000001"),
    (b"100", b"-99.99", b"0.01"),
    (b"1e-4940", b"1", b"1"),
    (b"3.0e-5", b"2.5e-5", b"0.000055"),
    (b"16777216.2", b"0.0000001", b"16777216.20000010000148905"),
    (b"0", b"-0", b"0"),
    (b".5", b"5.", b"5.5"),
]
