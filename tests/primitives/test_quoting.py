r"""
Tests of splitting and quoting.

The tables were taken from a real Redis 7.2.6.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.quoting import needs_quoting, quote, split_args

LINES = [
    (b"", []),
    (b" \t\r\n\v\f", []),
    (b"set key value", [b"set", b"key", b"value"]),
    (b"  set\tkey\r\n", [b"set", b"key"]),
    (b"\xff\x01 \x80", [b"\xff\x01", b"\x80"]),
    (b"\"\" ''", [b"", b""]),
    (b"set \"a b\" 'c d'", [b"set", b"a b", b"c d"]),
    (rb'"\n\r\t\b\a\"\\\q"', [b'\n\r\t\b\a"\\q']),
    (rb'"\x41\xfF\x4g\x"', [b"A\xffx4gx"]),
    (rb"'\n\' \\x'", [b"\\n' \\\\x"]),
    (rb"'a\\' b'", [b"a\\' b"]),
    (b'a"b c" d', [b"ab c", b"d"]),
    (b"a'b c'\td", [b"ab c", b"d"]),
    (b'"a\nb"', [b"a\nb"]),
    (b'"a"\v"b"\f\'c\'', [b"a", b"b", b"c"]),
    (b'a\vb"c"', [b"a\vbc"]),
    (b"a\vb \fc", [b"a\vb", b"c"]),
    (b'a\\"b c"', [b"a\\b c"]),
    (b'a b\0c "', [b"a", b"b"]),
    (b'"a"\0b', [b"a"]),
]

UNBALANCED = [
    b'"', b"'", b'a "b', b"a 'b", b'"a"b', b"'a'b", b'"a""b"', b"'a''b'", b'"a\\"', b"'a\\'",
    b'"a\0"', b'"\\\0"', b'a"', b"a'b", b'"a\'', b"'a\"",
]  # fmt: skip


class SplitTests(SynchronousTestCase):
    """Lines taken apart."""

    def test_lines(self) -> None:
        """Words, both quotes and their escapes are read as Redis reads them."""
        for line, words in LINES:
            self.assertEqual(split_args(line), words, line)

    def test_unbalanced(self) -> None:
        """A quote left open, or with something stuck to its end, is refused."""
        for line in UNBALANCED:
            self.assertRaises(ValueError, split_args, line)

    @given(st.lists(st.binary(max_size=12), max_size=6))
    def test_quoted_words_come_back(self, words: list[bytes]) -> None:
        """Any words survive being quoted, joined and split."""
        self.assertEqual(split_args(b" ".join(map(quote, words))), words)

    @given(st.lists(st.binary(min_size=1, max_size=12), max_size=6))
    def test_quoted_when_needed(self, words: list[bytes]) -> None:
        """Words survive, too, when only those that need it are quoted."""
        words = [word.replace(b"'", b"") or b"x" for word in words]
        line = b" ".join(quote(word) if needs_quoting(word) else word for word in words)
        self.assertEqual(split_args(line), words)

    def test_long_lines_take_no_time(self) -> None:
        """Many escapes and a quote left open do not make the splitter go back and forth."""
        self.assertEqual(split_args(b'"' + b'\\"' * 50000 + b'"'), [b'"' * 50000])
        self.assertRaises(ValueError, split_args, b'"' + b'\\"' * 50000)
        self.assertRaises(ValueError, split_args, b"'" + b"\\'" * 50000)


class QuoteTests(SynchronousTestCase):
    """Bytes in double quotes."""

    def test_every_byte(self) -> None:
        """Printable ASCII stays, the rest becomes the shortest escape."""
        named = {9: b"\\t", 10: b"\\n", 13: b"\\r", 7: b"\\a", 8: b"\\b", 34: b'\\"', 92: b"\\\\"}
        for byte in range(256):
            text = bytes([byte]) if 32 <= byte < 127 else b"\\x%02x" % byte
            self.assertEqual(quote(bytes([byte])), b'"' + named.get(byte, text) + b'"')

    def test_several(self) -> None:
        """Bytes are escaped one by one."""
        self.assertEqual(quote(b""), b'""')
        self.assertEqual(quote(b'a "b"\n\0\xff'), b'"a \\"b\\"\\n\\x00\\xff"')

    def test_need(self) -> None:
        """Blanks, quotes, backslashes and what is not printable ASCII need quotes."""
        for byte in range(256):
            needed = not 33 <= byte < 127 or byte in b'"\\'
            self.assertIs(needs_quoting(b"a" + bytes([byte])), needed, byte)
        self.assertFalse(needs_quoting(b""))
