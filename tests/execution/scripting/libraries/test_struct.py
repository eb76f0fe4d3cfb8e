"""Tests of struct."""

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class StructTests(SynchronousTestCase):
    """C structures in scripts."""

    def test_packing(self) -> None:
        """Sizes, byte order and alignment follow the format."""
        for call, text in (
            ("'bBhH', -1, 255, -2, 65534", "fffffefffeff"),
            ("'>i4', 258", "00000102"),
            ("'<l', -2", "feffffffffffffff"),
            ("'f', 0.5", "0000003f"),
            ("'>d', 1", "3ff0000000000000"),
            ("'s', 'ab'", "616200"),
            ("'c2', 'abc'", "6162"),
            ("'c0', 'abc'", "616263"),
            ("'!4bi4', 1, 2", "0100000002000000"),
            ("'bxb', 1, 2", "010002"),
        ):
            with self.subTest(call):
                self.assertEqual(text, Session().do("EVAL", f"return struct.pack({call})", 0).hex())

    def test_unpacking(self) -> None:
        """The values come back, then where the next would be."""
        packed = "struct.pack('>bHi4sc2bc0', -1, 2, -3, 'x', 'yz', 2, 'ab')"
        script = f"return {{struct.unpack('>bHi4sc2bc0', {packed})}}"
        self.assertEqual([-1, 2, -3, b"x", b"yz", b"ab", 15], Session().do("EVAL", script, 0))

    def test_sizes(self) -> None:
        """What has none is refused."""
        self.assertEqual(19, Session().do("EVAL", "return struct.size('bhi4ldx') - 5", 0))
        self.assertIn(
            b"option 's' has no fixed size",
            Session().error("EVAL", "return struct.size('s') + 1", 0),
        )

    def test_refusals(self) -> None:
        """The errors are Lua Struct's."""
        for call, text in (
            ("struct.pack('i99', 1)", "integral size 99 is larger than limit of 32"),
            ("struct.pack('q', 1)", "invalid format option 'q'"),
            ("struct.unpack('i4', 'ab')", "data string too short"),
        ):
            script = f"local ok, e = pcall(function() local x = {call} end) return e"
            self.assertIn(text.encode(), Session().do("EVAL", script, 0))
