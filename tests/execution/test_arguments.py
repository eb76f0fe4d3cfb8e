"""Tests of pyredis.execution.arguments: Redis' words for what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.arguments import (
    Arguments,
    double,
    integer,
    integer_between,
    positive_count,
    timeout_ms,
)

NOT_INTEGER = b"ERR value is not an integer or out of range"
NOT_FLOAT = b"ERR value is not a valid float"


class ConversionTests(SynchronousTestCase):
    """Arguments become numbers, or are refused."""

    def refused(self, convert: Callable[..., Any], *arguments: Any) -> bytes:
        """Return the text of a refusal."""
        return self.assertRaises(RedisError, convert, *arguments).text

    def test_integers(self) -> None:
        """64 bits, in one spelling."""
        for text in (b"0", b"-1", b"9223372036854775807", b"-9223372036854775808"):
            self.assertEqual(integer(text), int(text))
        for text in (
            b"",
            b" 1",
            b"1 ",
            b"+1",
            b"01",
            b"-0",
            b"1.0",
            b"x",
            b"9223372036854775808",
            b"-9223372036854775809",
            b"\xb2",
            b"1_0",
        ):
            with self.subTest(text):
                self.assertEqual(self.refused(integer, text), NOT_INTEGER)

    def test_in_other_words(self) -> None:
        """A command may have words of its own."""
        self.assertEqual(
            self.refused(integer, b"x", "bit is not an integer"), b"ERR bit is not an integer"
        )
        self.assertEqual(self.refused(positive_count, b"-1", "count"), b"ERR count")
        self.assertEqual(
            self.refused(double, b"x", "min or max is not a float"),
            b"ERR min or max is not a float",
        )

    def test_bounds(self) -> None:
        """Both bounds are included."""
        self.assertEqual([integer_between(b"%d" % n, 1, 3) for n in (1, 2, 3)], [1, 2, 3])
        for text in (b"0", b"4"):
            self.assertEqual(
                self.refused(integer_between, text, 1, 3),
                b"ERR value is out of range, value must between 1 and 3",
            )
        self.assertEqual(self.refused(integer_between, b"x", 1, 3), NOT_INTEGER)
        self.assertEqual(self.refused(integer_between, b"4", 1, 3, "no"), b"ERR no")

    def test_counts(self) -> None:
        """What is no number is told as what is negative."""
        self.assertEqual(positive_count(b"0"), 0)
        for text in (b"-1", b"x", b""):
            self.assertEqual(
                self.refused(positive_count, text), b"ERR value is out of range, must be positive"
            )

    def test_floats(self) -> None:
        """Infinities are floats, NaN is not."""
        self.assertEqual(double(b"1.5e3"), 1500.0)
        self.assertEqual(double(b"-inf"), float("-inf"))
        for text in (b"nan", b"", b" 1", b"1 ", b"x", b"1,5"):
            with self.subTest(text):
                self.assertEqual(self.refused(double, text), NOT_FLOAT)

    def test_timeouts(self) -> None:
        """Seconds become milliseconds, rounded up so that none becomes for ever."""
        for text, expected in (
            (b"0", 0),
            (b"1", 1000),
            (b"0.0001", 1),
            (b"1.5", 1500),
            (b"0.001", 1),
            (b"9223372036854775", 9223372036854775000),
        ):
            with self.subTest(text):
                self.assertEqual(timeout_ms(text), expected)

    def test_wrong_timeouts(self) -> None:
        """Three refusals, in Redis' order."""
        for text in (b"x", b"", b"nan", b" 1"):
            self.assertEqual(
                self.refused(timeout_ms, text), b"ERR timeout is not a float or out of range"
            )
        for text in (b"inf", b"1e20", b"9223372036854776"):
            self.assertEqual(self.refused(timeout_ms, text), b"ERR timeout is out of range")
        for text in (b"-1", b"-0.5", b"-inf", b"-1e20"):
            self.assertEqual(self.refused(timeout_ms, text), b"ERR timeout is negative")


class ArgumentsTests(SynchronousTestCase):
    """A cursor over options."""

    def test_taking(self) -> None:
        """Arguments are taken in order, as they are or in capitals."""
        arguments = Arguments((b"a", b"b", b"12", b"1.5"))

        self.assertEqual(arguments.left, 4)
        self.assertEqual(arguments.take(), b"a")
        self.assertEqual(arguments.take_word(), b"B")
        self.assertEqual(arguments.take_integer(), 12)
        self.assertTrue(arguments)
        self.assertEqual(arguments.take_double(), 1.5)
        self.assertFalse(arguments)
        self.assertEqual(arguments.left, 0)

    def test_nothing_left(self) -> None:
        """What is missing is a syntax error."""
        for take in ("take", "take_word", "take_integer", "take_double"):
            with self.subTest(take):
                error = self.assertRaises(RedisError, getattr(Arguments(()), take))

                self.assertEqual(error.text, b"ERR syntax error")

    def test_words(self) -> None:
        """A word is eaten if it is the one, in any case, and else left alone."""
        arguments = Arguments([b"Limit", b"1"])

        self.assertFalse(arguments.eat(b"COUNT"))
        self.assertTrue(arguments.eat(b"LIMIT"))
        self.assertFalse(arguments.eat(b"LIMIT"))
        self.assertEqual(arguments.take(), b"1")
        self.assertFalse(arguments.eat(b""))

    def test_peeking(self) -> None:
        """The next word can be seen without being taken; there is none at the end."""
        arguments = Arguments([b"asc"])

        self.assertEqual(arguments.peek(), b"ASC")
        self.assertEqual(arguments.take(), b"asc")
        self.assertEqual(arguments.peek(), b"")

    def test_the_rest(self) -> None:
        """The rest is taken in one go."""
        arguments = Arguments([b"a", b"b", b"c"])
        arguments.take()

        self.assertEqual(list(arguments.take_rest()), [b"b", b"c"])
        self.assertFalse(arguments)
        self.assertEqual(list(arguments.take_rest()), [])

    def test_refusals(self) -> None:
        """Numbers are refused in the usual words or in those given."""
        self.assertEqual(
            self.assertRaises(RedisError, Arguments([b"x"]).take_integer).text, NOT_INTEGER
        )
        self.assertEqual(
            self.assertRaises(RedisError, Arguments([b"x"]).take_double, "weight").text,
            b"ERR weight",
        )
