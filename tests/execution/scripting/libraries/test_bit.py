"""Tests of bit."""

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class BitTests(SynchronousTestCase):
    """Operations on words of 32 bits."""

    def test_operations(self) -> None:
        """Results are signed, as Lua BitOp's."""
        for call, expected in (
            ("bit.tobit(0xffffffff)", -1),
            ("bit.tobit(4294967297)", 1),
            ("bit.bnot(0)", -1),
            ("bit.band(0xff, 0x0f)", 15),
            ("bit.bor(1, 2, 4)", 7),
            ("bit.bxor(1, 3)", 2),
            ("bit.lshift(1, 31)", -(1 << 31)),
            ("bit.rshift(-1, 28)", 15),
            ("bit.arshift(-256, 8)", -1),
            ("bit.rol(0x12345678, 12)", 0x45678123),
            ("bit.ror(0x12345678, 12)", 0x67812345),
            ("bit.bswap(0x12345678)", 0x78563412),
            ("bit.tohex(255)", b"000000ff"),
            ("bit.tohex(255, -4)", b"00FF"),
            ("bit.tohex(65535, -2147483648)", b"0000FFFF"),
        ):
            with self.subTest(call):
                self.assertEqual(expected, Session().do("EVAL", f"return {call}", 0))

    def test_what_is_no_number(self) -> None:
        """It is refused as Lua does."""
        self.assertIn(
            b"bad argument #2 to 'lshift' (number expected, got no value)",
            Session().error("EVAL", "local x = bit.lshift(1) return x", 0),
        )
