r"""
Tests of glob patterns.

The table was taken from a real Redis 7.2.6 with KEYS and CONFIG GET; compiled patterns are
besides compared with a matcher as plain (and slow) as can be.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.patterns import compile_glob, compile_globs, glob_match

MATCHES = [
    (b"", b""), (b"*", b"a"), (b"*", b"a\nb\0\xff"), (b"**", b"a"), (b"h?llo", b"hello"),
    (b"h*llo", b"hllo"), (b"h*llo", b"heeeello"), (b"h[ae]llo", b"hallo"), (b"?", b"\n"),
    (b"h[^e]llo", b"hbllo"), (b"h[a-b]llo", b"hbllo"), (b"[z-a]", b"m"), (b"[^]", b"]"),
    (b"[^]x", b"yx"), (b"[abc", b"b"), (b"x[^", b"xy"), (b"[a-", b"-"), (b"[\\", b"\\"),
    (b"[\\]]", b"]"), (b"[\\]", b"]"), (b"[a\\-z]", b"-"), (b"[a-]]", b"^"), (b"[a-\\]", b"^"),
    (b"[a-]b", b"b"), (b"\\*", b"*"), (b"a\\", b"a\\"), (b"\\a", b"a"), (b"]", b"]"),
    (b"[a-\xff]", b"\0"), (b"[a-\xff]", b"\xff"), (b"[\x80-\xff]", b"\x90"), (b"a*", b"a"),
    (b"a**", b"a"), (b"*a*", b"a"), (b"*aab", b"aaab"), (b"a*b*c", b"a-b-c"), (b"*[ab]?", b"xbz"),
    (b"*a?b*c", b"aaxbaxbc"), (b"[*]", b"*"), (b"[?]", b"?"), (b"[[]", b"["), (b"a.c+", b"a.c+"),
]  # fmt: skip

DIFFERENT = [
    (b"", b"a"), (b"*", b""), (b"**", b""), (b"?", b""), (b"a", b""), (b"?", b"ab"), (b"[]", b"]"),
    (b"[]a]", b"a"), (b"[", b"["), (b"[", b"a"), (b"h[^e]llo", b"hello"), (b"[\\]", b"\\"),
    (b"\\*", b"x"), (b"\\a", b"\\a"), (b"[a-\xff]", b"b"), (b"[a-\xff]", b"\x80x"), (b"A", b"a"),
    (b"a*b*c", b"a-c-b"), (b"*ab*ab", b"xab"), (b"*[ab]?", b"b"), (b"a.c", b"abc"),
    (b"ab*ba", b"aba"),
    (b"[a\\-z]", b"b"), (b"[a-]", b"]x"), (b"a*", b"ba"), (b"*a", b"ab"),
    (b"*a?*b", b"ab"),
]  # fmt: skip


def slow_match(pattern: bytes, text: bytes, ignore_case: bool) -> bool:
    """Match by trying everything, one element of the pattern after the other."""
    if not text:
        return not pattern

    def reachable(starts: set[int]) -> set[int]:
        return set(range(min(starts), len(text) + 1)) if starts else starts

    def lower(char: int) -> int:
        # Negative ones but for -1 become unsigned: an oddity of glibc's tolower().
        return char + (256 if char < -1 else 32 if 65 <= char <= 90 else 0)

    def signed(byte: int) -> int:
        return byte - 256 if byte > 127 else byte

    fold = lower if ignore_case else int
    starts = {0}
    rest = list(pattern)
    while rest:
        char = rest.pop(0)
        if char == ord("*"):
            starts = reachable(starts)
            continue
        accepted: set[int]
        if char == ord("?"):
            accepted = set(range(256))
        elif char == ord("["):
            accepted = set()
            negated = rest[:1] == [ord("^")]
            del rest[: int(negated)]
            while rest:
                char = rest.pop(0)
                if char == ord("\\") and rest:
                    accepted.add(rest.pop(0))
                elif char == ord("]"):
                    break
                elif len(rest) >= 2 and rest[0] == ord("-"):
                    ends = sorted([signed(char), signed(rest[1])])
                    del rest[:2]
                    accepted.update(
                        byte
                        for byte in range(256)
                        if fold(ends[0]) <= fold(signed(byte)) <= fold(ends[1])
                    )
                else:
                    accepted.update(byte for byte in range(256) if fold(byte) == fold(char))
            if negated:
                accepted = set(range(256)) - accepted
        else:
            if char == ord("\\") and rest:
                char = rest.pop(0)
            accepted = {byte for byte in range(256) if fold(byte) == fold(char)}
        starts = {at + 1 for at in starts if at < len(text) and text[at] in accepted}
    return len(text) in starts


def alphabet(characters: str) -> st.SearchStrategy[bytes]:
    """Return texts and patterns of few characters, so that many of them match."""
    return st.text(characters, max_size=9).map(lambda text: text.encode("latin-1"))


class GlobTests(SynchronousTestCase):
    """Patterns against whole texts."""

    def test_matches(self) -> None:
        """What a real server finds is found."""
        for pattern, text in MATCHES:
            self.assertIs(glob_match(pattern, text), True, (pattern, text))

    def test_differences(self) -> None:
        """What a real server does not find is not found."""
        for pattern, text in DIFFERENT:
            self.assertIs(glob_match(pattern, text), False, (pattern, text))

    def test_table_holds_for_the_slow_matcher(self) -> None:
        """The matcher that the others are compared with agrees with the server, too."""
        for pattern, text in MATCHES:
            self.assertTrue(slow_match(pattern, text, False), (pattern, text))
        for pattern, text in DIFFERENT:
            self.assertFalse(slow_match(pattern, text, False), (pattern, text))

    def test_ignoring_case(self) -> None:
        """Case is ignored but for escaped members of a class, and ranges turn odd."""
        for pattern, text, expected in [
            (b"MaxMem*", b"maxmemory", True),
            (b"*MEMORY", b"maxmemory", True),
            (b"maxmemory", b"MAXMEMORY", True),
            (b"123", b"123", True),
            (b"[A-C]x", b"BX", True),
            (b"[a-c]x", b"BX", True),
            (b"[ABC]", b"b", True),
            (b"[\\a]", b"A", False),
            (b"[\\a]", b"a", True),
            (b"\\a", b"A", True),
            (b"[Z-a]", b"a", False),
            (b"\xe4", b"\xc4", False),
            (b"[\x80-\n]", b"\xff", False),
            (b"[\xff-\n]", b"\xff", True),
            (b"[\x90-\xa0]", b"\x98", True),
        ]:
            self.assertIs(glob_match(pattern, text, ignore_case=True), expected, (pattern, text))

    @given(alphabet("ab*?[]^-\\"), alphabet("ab-]^\\*"))
    def test_as_the_slow_matcher(self, pattern: bytes, text: bytes) -> None:
        """A compiled pattern agrees with trying everything."""
        self.assertEqual(compile_glob(pattern)(text), slow_match(pattern, text, False))

    @given(alphabet("ab**"), alphabet("ab"))
    def test_stars_as_the_slow_matcher(self, pattern: bytes, text: bytes) -> None:
        """Literals between stars agree with trying everything."""
        self.assertEqual(compile_glob(pattern)(text), slow_match(pattern, text, False))

    @given(alphabet("aZ\xff*?[]^-\\"), alphabet("AaZz\xff["))
    def test_ignoring_case_as_the_slow_matcher(self, pattern: bytes, text: bytes) -> None:
        """Ignoring case, a compiled pattern agrees with trying everything, too."""
        self.assertEqual(compile_glob(pattern, True)(text), slow_match(pattern, text, True))

    @given(st.binary(max_size=6))
    def test_every_byte_is_itself_when_escaped(self, text: bytes) -> None:
        """A text of any bytes is matched by itself, escaped byte by byte."""
        pattern = b"".join(b"\\" + bytes([byte]) for byte in text)
        self.assertTrue(glob_match(pattern, text))
        self.assertFalse(glob_match(pattern, text + b"x"))

    def test_several_at_once(self) -> None:
        """A text matches any of several patterns as it matches each."""
        patterns = [b"app:*", b"*", b"exact", b"a*z", rb"\*", b"x?", b"*end", b"b[ab]*", b""]
        texts = [b"", b"app:", b"app:1", b"exact", b"exactly", b"az", b"*", b"xy", b"bend", b"ba"]
        for first in patterns:
            for second in patterns:
                for text in texts:
                    expected = glob_match(first, text) or glob_match(second, text)
                    self.assertEqual(compile_globs([first, second])(text), expected)
                    self.assertEqual(compile_globs([first])(text), glob_match(first, text))
                    three = compile_globs([first, second, b"app:*"])(text)
                    self.assertEqual(three, expected or text.startswith(b"app:"))

    def test_abusive_patterns_take_no_time(self) -> None:
        """Patterns made to try every combination end at once."""
        text = b"a" * 2000
        for pattern in (b"*a" * 500 + b"*b", b"*?a[ab]" * 300 + b"*b", b"*[ab]" * 900 + b"*c*"):
            self.assertFalse(glob_match(pattern, text))

    def test_too_many_stars(self) -> None:
        """Redis gives up after a thousand stars, if there is something to the right."""
        for stars, tail, expected in [
            (1000, b"", True),
            (1000, b"*", True),
            (1001, b"", False),
            (1001, b"*", False),
        ]:
            pattern = b"*a" * stars + tail
            self.assertIs(glob_match(pattern, b"a" * stars), expected, (stars, tail))

    def test_long_patterns(self) -> None:
        """Patterns too long to be remembered work like others."""
        pattern = b"[a-c]?" * 20000
        self.assertTrue(glob_match(pattern, b"bx" * 20000))
        self.assertFalse(glob_match(pattern, b"bx" * 19999 + b"xb"))
        self.assertFalse(glob_match(pattern, b"bx"))
