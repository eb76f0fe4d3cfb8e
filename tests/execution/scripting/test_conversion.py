"""Tests of values on their way between commands, scripts and clients."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.scripting.conversion import (
    FromLua,
    ToLua,
    TooLarge,
    error_of,
    integer_of,
    words,
)
from pyredis.wire.replies import BigNumber, Boolean, Double, Pairs, SetReply, Simple, Verbatim

REPLIES = (
    (b"a", b"a", b"a"),
    (5, 5, 5),
    (None, False, None),
    (Simple(b"OK"), {b"ok": b"OK"}, {b"ok": b"OK"}),
    (RedisError("no"), {b"err": b"ERR no"}, {b"err": b"ERR no"}),
    ([b"a", [None]], [b"a", [False]], [b"a", [None]]),
    ({b"k": 1}, [b"k", 1], {b"map": {b"k": 1}}),
    (SetReply([b"m"]), [b"m"], {b"set": {b"m": True}}),
    (Pairs([[b"m", Double(1.5)]]), [b"m", b"1.5"], [[b"m", {b"double": 1.5}]]),
    (Boolean.TRUE, 1, True),
    (BigNumber(b"12"), b"12", {b"big_number": b"12"}),
    (
        Verbatim(b"x"),
        b"x",
        {b"verbatim_string": {b"format": b"txt", b"string": b"x"}},
    ),
)


class ToLuaTests(SynchronousTestCase):
    """Replies for scripts."""

    def test_both_protocols(self) -> None:
        """RESP3 tells more apart."""
        for reply, resp2, resp3 in REPLIES:
            with self.subTest(repr(reply)):
                self.assertEqual(resp2, ToLua(2, 10_000).value(reply))
                self.assertEqual(resp3, ToLua(3, 10_000).value(reply))

    def test_no_room(self) -> None:
        """What is larger than the room is refused."""
        with self.assertRaises(TooLarge):
            ToLua(2, 1000).value([b"x" * 600, b"x" * 600])


class FromLuaTests(SynchronousTestCase):
    """Tokens of scripts."""

    def test_tokens(self) -> None:
        """They nest."""
        tokens = iter([8, 3, 0, 1.9, 7, 1, 0, b"m", 6, 1, 0, b"k", 3, 1.5])
        self.assertEqual(
            [1, [b"m"], {b"k": Double(1.5)}],
            FromLua(2).read(tokens),
        )

    def test_numbers_are_cut(self) -> None:
        """Towards zero; what is beyond 64 bits is the least of all."""
        self.assertEqual(-3, integer_of(-3.9))
        self.assertEqual(-(1 << 63), integer_of(1e300))
        self.assertEqual(-(1 << 63), integer_of(float("nan")))


class WordsTests(SynchronousTestCase):
    """Arguments of calls."""

    def test_numbers(self) -> None:
        """Whole numbers are written in full."""
        self.assertEqual([b"a", b"1", b"0.5", b"1e+20"], words([b"a", 1, 0.5, 1e20]))
        self.assertEqual([b"inf", b"nan"], words([float("inf"), float("nan")]))

    def test_others_are_refused(self) -> None:
        """There is no word for them."""
        for value in (None, True, object()):
            self.assertRaises(TypeError, words, [value])

    def test_an_error_has_a_code(self) -> None:
        """The first word is it."""
        self.assertEqual(b"MY error here", error_of(b"MY error here\r\n").text)
