"""Tests of pyredis.execution.slow_log."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.slow_log import SlowLog, shortened


class SlowLogTests(SynchronousTestCase):
    """The entries of the log."""

    def setUp(self) -> None:
        """Enter five commands in a log for three."""
        self.log = SlowLog()
        self.log.limit = 3
        for number in range(5):
            self.log.add([b"GET", b"%d" % number], 1000 + number, 77, "1.2.3.4:5", b"me")

    def test_the_newest_are_kept_and_come_first(self) -> None:
        """The oldest go when the limit is passed; numbers go on."""
        self.assertEqual([entry.number for entry in self.log.newest(9)], [4, 3, 2])
        self.assertEqual([entry.number for entry in self.log.newest(1)], [4])

    def test_an_entry_tells_who_what_and_when(self) -> None:
        """Duration and request, time and client."""
        [entry] = self.log.newest(1)

        self.assertEqual(entry, (4, 77, 1004, [b"GET", b"4"], "1.2.3.4:5", b"me"))

    def test_numbers_are_not_given_again(self) -> None:
        """Not even after the log was emptied."""
        self.log.clear()
        self.assertEqual(len(self.log), 0)
        self.log.add([b"PING"], 1, 1)
        self.assertEqual([entry.number for entry in self.log.newest(9)], [5])

    def test_a_smaller_limit_holds_at_once(self) -> None:
        """When it is applied."""
        self.log.limit = 1
        self.log.trim()

        self.assertEqual(len(self.log), 1)


class ShortenedTests(SynchronousTestCase):
    """Requests as the log keeps them."""

    def test_long_arguments_are_cut(self) -> None:
        """What is cut off is counted."""
        self.assertEqual(
            shortened([b"a" * 128, b"b" * 131]), [b"a" * 128, b"b" * 128 + b"... (3 more bytes)"]
        )

    def test_of_many_arguments_the_last_counts_the_rest(self) -> None:
        """There are 32 at most."""
        self.assertEqual(shortened([b"x"] * 32), [b"x"] * 32)
        self.assertEqual(shortened([b"x"] * 33), [b"x"] * 31 + [b"... (2 more arguments)"])
