"""Tests of pyredis.execution.expire_times."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.expire_times import EXPIRY_OPTIONS, any_deadline, positive_deadline

NOW = 1_700_000_000_000
MOST = 2**63 - 1
INVALID = b"ERR invalid expire time in 'set' command"
NO_INTEGER = b"ERR value is not an integer or out of range"


class DeadlineTestCase(SynchronousTestCase):
    """Deadlines, or refusals."""

    def positive(self, argument: bytes, option: bytes) -> int | bytes:
        """Return the deadline of an option of SET, or the refusal's text."""
        unit, relative = EXPIRY_OPTIONS[option]
        try:
            return positive_deadline(argument, unit, relative, NOW, "set")
        except RedisError as error:
            return error.text

    def any(self, argument: bytes, unit: int, relative: bool) -> int | bytes:
        """Return the deadline of a command like EXPIRE, or the refusal's text."""
        try:
            return any_deadline(argument, unit, relative, NOW, "set")
        except RedisError as error:
            return error.text


class PositiveDeadlineTests(DeadlineTestCase):
    """SET and its kind take positive times."""

    def test_spellings(self) -> None:
        """Seconds or milliseconds, from now or since the epoch."""
        self.assertEqual(self.positive(b"10", b"EX"), NOW + 10_000)
        self.assertEqual(self.positive(b"10", b"PX"), NOW + 10)
        self.assertEqual(self.positive(b"10", b"EXAT"), 10_000)
        self.assertEqual(self.positive(b"10", b"PXAT"), 10)

    def test_not_positive(self) -> None:
        """Nothing and less are refused in every spelling."""
        for option in EXPIRY_OPTIONS:
            for argument in (b"0", b"-1", b"-9223372036854775808"):
                self.assertEqual(self.positive(argument, option), INVALID)

    def test_too_large(self) -> None:
        """So is what does not fit 64 bits."""
        self.assertEqual(self.positive(b"%d" % (MOST - NOW), b"PX"), MOST)
        self.assertEqual(self.positive(b"%d" % (MOST - NOW + 1), b"PX"), INVALID)
        self.assertEqual(self.positive(b"%d" % MOST, b"PXAT"), MOST)
        self.assertEqual(self.positive(b"%d" % (MOST // 1000 + 1), b"EXAT"), INVALID)
        self.assertEqual(self.positive(b"%d" % MOST, b"EX"), INVALID)

    def test_no_integer(self) -> None:
        """What is no number has words of its own."""
        self.assertEqual(self.positive(b"x", b"EX"), NO_INTEGER)


class AnyDeadlineTests(DeadlineTestCase):
    """EXPIRE and its kind take times in the past as well."""

    def test_the_past(self) -> None:
        """Negative times are good."""
        self.assertEqual(self.any(b"-10", 1000, True), NOW - 10_000)
        self.assertEqual(self.any(b"0", 1, False), 0)
        self.assertEqual(self.any(b"-1", 1, False), -1)

    def test_too_large(self) -> None:
        """What does not fit is refused, in both directions."""
        for argument in (MOST, MOST // 1000 + 1, -(MOST // 1000) - 2):
            self.assertEqual(self.any(b"%d" % argument, 1000, True), INVALID)
        self.assertEqual(self.any(b"%d" % (MOST - NOW), 1, True), MOST)
        self.assertEqual(self.any(b"%d" % (MOST - NOW + 1), 1, True), INVALID)

    def test_no_integer(self) -> None:
        """What is no number has words of its own."""
        self.assertEqual(self.any(b"1.5", 1, True), NO_INTEGER)
