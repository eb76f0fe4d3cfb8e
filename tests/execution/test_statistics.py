"""Tests of pyredis.execution.statistics."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.statistics import Rate, Statistics

SECOND = 10**9


class RateTests(SynchronousTestCase):
    """How fast a counter grows."""

    def test_two_samples_make_a_rate(self) -> None:
        """One alone makes none."""
        rate = Rate()
        rate.sample(1000, SECOND)
        self.assertEqual(rate.per_second, 0)
        rate.sample(1050, SECOND * 3 // 2)
        self.assertEqual(rate.per_second, 100)

    def test_old_samples_are_forgotten(self) -> None:
        """The rate of an idle counter falls to 0."""
        rate = Rate()
        rate.sample(0, 0)
        for turn in range(1, 7):
            rate.sample(400, turn * SECOND)
            if turn == 2:
                self.assertEqual(rate.per_second, 200)

        self.assertEqual(rate.per_second, 0)

    def test_a_counter_that_was_reset_does_not_shrink(self) -> None:
        """There is no negative rate."""
        rate = Rate()
        rate.sample(1000, 0)
        rate.sample(0, SECOND)

        self.assertEqual(rate.per_second, 0)

    def test_a_clock_that_stands_still(self) -> None:
        """Two samples at one moment make no rate."""
        rate = Rate()
        rate.sample(0, SECOND)
        rate.sample(10, SECOND)

        self.assertEqual(rate.per_second, 0)


class StatisticsTests(SynchronousTestCase):
    """Errors by their codes."""

    def test_codes_are_counted(self) -> None:
        """And all together."""
        statistics = Statistics()
        for code in ("ERR", "WRONGTYPE", "ERR"):
            statistics.count_error(code)

        self.assertEqual(statistics.error_replies, 3)
        self.assertEqual(statistics.errors, {"ERR": 2, "WRONGTYPE": 1})

    def test_there_is_no_end_of_codes_but_of_counting(self) -> None:
        """Scripts can make up codes: at 128 kinds the counting by code stops."""
        statistics = Statistics()
        for number in range(200):
            statistics.count_error(f"CODE{number}")

        self.assertEqual(statistics.errors, {"ERRORSTATS_OVERFLOW": 1})
        self.assertEqual(statistics.error_replies, 200)
