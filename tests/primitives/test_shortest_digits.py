"""
Tests of the digits of doubles.

The table was taken from a real Redis 7.2.6 with ZADD and ZSCORE.  A wider comparison,
hundreds of thousands of doubles of every kind, needs a server; it found no difference.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.shortest_digits import _emit, format_shortest, shortest_digits


class ShortestDigitsTests(SynchronousTestCase):
    """Doubles in Redis's digits."""

    def test_as_redis_writes_them(self) -> None:
        """Digits are Grisu2's, also where these are not the shortest."""
        for value, text in WRITTEN:
            self.assertEqual(format_shortest(value), text)

    @given(st.integers(1, 2**40 * 1000))
    def test_short_decimals(self, thousandths: int) -> None:
        """Numbers with three decimals have just these digits: what the short cut relies on."""
        digits, exponent = shortest_digits(thousandths / 1000)
        self.assertEqual(int(digits) * 10 ** (exponent + 3), thousandths)

    def test_room_for_digits(self) -> None:
        """Scientific notation has room for 18 digits, and cuts off one for a minus sign."""
        digits = b"123456789012345678"
        self.assertEqual(_emit(digits, 20, 18), b"1.23456789012345678e+37")
        self.assertEqual(_emit(digits, 20, 17), b"1.2345678901234567e+37")

    @given(st.floats(min_value=5e-324, allow_infinity=False))
    def test_digits_read_back(self, value: float) -> None:
        """Whatever the digits, they are those of the same double."""
        digits, exponent = shortest_digits(value)
        self.assertEqual(float(b"%be%d" % (digits, exponent)), value)
        self.assertLessEqual(len(digits), 18)
        self.assertNotEqual(digits[:1], b"0")

    @given(st.floats(min_value=5e-324, allow_infinity=False))
    def test_layout_reads_back(self, value: float) -> None:
        """Laying digits out does not change the number, nor does a sign."""
        self.assertEqual(float(format_shortest(value)), value)
        self.assertEqual(float(format_shortest(-value)), -value)


WRITTEN = [
    (-3233489.766302395, b"-3.233489766302395e+6"),
    (-7.351488544602835e19, b"-73514885446028350000"),
    (451412.70448260976, b"4.5141270448260976e+5"),
    (7.916254159631788e19, b"79162541596317880000"),
    (-6.046593055828893e19, b"-60465930558288930000"),
    (0.000784950436405891, b"7.84950436405891e-4"),
    (160677857.45346174, b"1.6067785745346174e+8"),
    (-0.0006516701913064305, b"-6.516701913064305e-4"),
    (-15978.515045612785, b"-1.5978515045612785e+4"),
    (3.6644996116132745e19, b"36644996116132745000"),
    (2.2250738585072014e-308, b"2.2250738585072014e-308"),
    (2.225073858507201e-308, b"2.225073858507201e-308"),
    (5e-324, b"5e-324"),
    (1e-323, b"1e-323"),
    (1.7976931348623157e308, b"1.7976931348623157e+308"),
    (3.6893488147419103e19, b"36893488147419103000"),
    (9.223372036854776e18, b"9223372036854776000"),
    (1.8446744073709552e19, b"18446744073709552000"),
    (1e22, b"1e+22"),
    (1e23, b"99999999999999990000000"),
    (1.2345678901234567e20, b"123456789012345670000"),
    (1.2345678901234568e20, b"123456789012345680000"),
    (0.0001, b"0.0001"),
    (1.234e-05, b"1.234e-5"),
    (1.234e-06, b"1.234e-6"),
    (1.234e-07, b"1.234e-7"),
    (-1.2345678901234568e-10, b"-1.2345678901234568e-10"),
    (-1.5e-08, b"-1.5e-8"),
    (1e-06, b"0.000001"),
    (5e18, b"5e+18"),
    (1.2345e22, b"1.2345e+22"),
    (1.23e27, b"1.23e+27"),
    (1e21, b"1e+21"),
    (18.49892706621395, b"18.498927066213952"),
    (152.5568693421652, b"152.55686934216519"),
    (509.4003717231341, b"509.40037172313413"),
    (402.0037795693286, b"402.00377956932857"),
    (327.6644463439454, b"327.66444634394537"),
]
