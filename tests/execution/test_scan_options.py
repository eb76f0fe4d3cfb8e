"""Tests of pyredis.execution.scan_options."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.scan_options import read_cursor, read_scan_options, scan_reply


class CursorTests(SynchronousTestCase):
    """Cursors are unsigned 64-bit integers, read laxly."""

    def test_cursors(self) -> None:
        """What strtoul reads is a cursor."""
        for text, cursor in ((b"0", 0), (b"007", 7), (b"18446744073709551615", (1 << 64) - 1)):
            self.assertEqual(read_cursor(text), cursor)

    def test_what_is_no_cursor(self) -> None:
        """Anything else is refused with Redis' text."""
        for text in (b"x", b"1x", b" 1", b"18446744073709551616"):
            with self.assertRaisesRegex(RedisError, "^invalid cursor$"):
                read_cursor(text)

    def test_reply(self) -> None:
        """The cursor comes as text."""
        self.assertEqual(scan_reply(12, [b"a"]), [b"12", [b"a"]])


class OptionTests(SynchronousTestCase):
    """MATCH, COUNT and TYPE."""

    def test_without_options(self) -> None:
        """Ten elements of any name and type."""
        self.assertEqual(read_scan_options(()), (10, None, None))

    def test_all_options(self) -> None:
        """In any order and case, the last of a kind counts."""
        options = read_scan_options(
            [b"count", b"5", b"TYPE", b"zset", b"Match", b"a*", b"COUNT", b"7"], takes_type=True
        )
        self.assertEqual((options.effort, options.type_name), (7, b"zset"))
        assert options.matches is not None
        self.assertEqual([options.matches(text) for text in (b"ab", b"b")], [True, False])

    def test_a_lone_star_matches_everything(self) -> None:
        """Also the empty name, which a pattern of one star would not."""
        self.assertIsNone(read_scan_options([b"MATCH", b"x", b"MATCH", b"*"]).matches)

    def test_refusals(self) -> None:
        """Unknown words and missing or wrong arguments."""
        for words, text in (
            ([b"FOO", b"1"], "syntax error"),
            ([b"COUNT"], "syntax error"),
            ([b"COUNT", b"0"], "syntax error"),
            ([b"COUNT", b"-1"], "syntax error"),
            ([b"COUNT", b"1.0"], "value is not an integer or out of range"),
            ([b"COUNT", b"5", b"MATCH"], "syntax error"),
            ([b"TYPE", b"string"], "syntax error"),
        ):
            with self.assertRaisesRegex(RedisError, f"^{text}$"):
                read_scan_options(words)
