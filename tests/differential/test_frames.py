"""The scanner that the comparison rests on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.differential.forms import FORMS
from tests.differential.frames import NotAFrame, frame_end, parse

FRAMES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":-7\r\n",
    b"$-1\r\n",
    b"$0\r\n\r\n",
    b"$4\r\n\r\n\x00$\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"*2\r\n*1\r\n:1\r\n$1\r\na\r\n",
    b"_\r\n",
    b"#t\r\n",
    b",3.5\r\n",
    b"(12345678901234567890\r\n",
    b"!5\r\nERR a\r\n",
    b"=7\r\ntxt:abc\r\n",
    b"~2\r\n:1\r\n:2\r\n",
    b"%1\r\n+a\r\n*1\r\n:1\r\n",
    b">2\r\n+message\r\n$1\r\na\r\n",
    b"|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n",
]


class FrameTests(SynchronousTestCase):
    """One reply is found, whatever comes before and after."""

    def test_a_frame_ends_where_it_ends(self) -> None:
        """The end is found with a tail behind, and is not seen before it is there."""
        for frame in FRAMES:
            self.assertEqual(frame_end(b"x" + frame + b"+tail", 1), len(frame) + 1)
            for cut in range(len(frame)):
                self.assertEqual(frame_end(frame[:cut]), -1, frame[:cut])

    def test_taken_apart_and_put_together(self) -> None:
        """A parsed frame renders as the bytes it was."""
        for frame in FRAMES:
            self.assertEqual(parse(frame).render(), frame)

    def test_what_is_no_reply(self) -> None:
        """Anything else is named as such at once."""
        for junk in (b"hello\r\n", b"x", b"$x\r\n", b"$1\r\nabc", b"*z\r\n"):
            self.assertRaises(NotAFrame, frame_end, junk)

    @given(st.permutations([b"a", b"b", b"c"]))
    def test_order_is_the_only_thing_a_form_forgives(self, members: list[bytes]) -> None:
        """The same members in any order are equal; others, or an error, are not."""
        frame = b"~3\r\n" + b"".join(b"$1\r\n%b\r\n" % member for member in members)
        same = FORMS["unordered"]
        straight = b"~3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"
        self.assertTrue(same(straight, frame))
        self.assertFalse(same(straight, frame.replace(b"c", b"d")))
        self.assertFalse(same(straight, frame.replace(b"~", b"*")))
        self.assertFalse(same(b"-ERR a\r\n", b"-ERR b\r\n"))

    def test_near_is_for_positive_numbers(self) -> None:
        """Times may differ a little; the answers -1 and -2 may not."""
        self.assertTrue(FORMS["near"](b":100\r\n", b":99\r\n"))
        self.assertFalse(FORMS["near"](b":100\r\n", b":90\r\n"))
        self.assertFalse(FORMS["near"](b":-1\r\n", b":-2\r\n"))
        self.assertFalse(FORMS["near"](b":0\r\n", b":-1\r\n"))
