"""Tests of cmsgpack."""

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session

PACKED = (
    ("0", "00"),
    ("127", "7f"),
    ("200", "ccc8"),
    ("65535", "cdffff"),
    ("70000", "ce00011170"),
    ("4294967296", "cf0000000100000000"),
    ("-1", "ff"),
    ("-33", "d0df"),
    ("-1099511627776", "d3ffffff0000000000"),
    ("0.5", "ca3f000000"),
    ("0.1", "cb3fb999999999999a"),
    ("'ab'", "a26162"),
    ("true", "c3"),
    ("nil", "c0"),
    ("{1, 2}", "920102"),
    ("{}", "90"),
    ("{a = 1}", "81a16101"),
)


class CmsgpackTests(SynchronousTestCase):
    """MessagePack in scripts."""

    def test_packing(self) -> None:
        """Every value takes its shortest form."""
        for value, text in PACKED:
            with self.subTest(value):
                packed = Session().do("EVAL", f"return cmsgpack.pack({value})", 0)
                self.assertEqual(text, packed.hex())

    def test_unpacking(self) -> None:
        """What was packed packs alike again."""
        for value, text in PACKED:
            with self.subTest(value):
                script = "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))"
                self.assertEqual(text, Session().do("EVAL", script, 0, bytes.fromhex(text)).hex())

    def test_one_by_one(self) -> None:
        """Offsets say where to go on, -1 at the end."""
        script = """
            local data = cmsgpack.pack(1, 'a', 3)
            local at, one = cmsgpack.unpack_one(data)
            local after, two, three = cmsgpack.unpack_limit(data, 2, at)
            return {at, one, after, two, three}
        """
        self.assertEqual([1, 1, -1, b"a", 3], Session().do("EVAL", script, 0))

    def test_bad_data(self) -> None:
        """It is refused."""
        for data, text in (("a5", "Missing bytes in input."), ("c1", "Bad data format in input.")):
            script = "local ok, e = pcall(cmsgpack.unpack, ARGV[1]) return e"
            self.assertIn(text.encode(), Session().do("EVAL", script, 0, bytes.fromhex(data)))
