"""Tests of pyredis.execution.statistics."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.statistics import Rate, Statistics


class ErrorCountTests(SynchronousTestCase):
    """Error replies are counted by their code."""

    def test_by_code(self) -> None:
        """Each code has its count."""
        statistics = Statistics()
        for code in ("ERR", "WRONGTYPE", "ERR"):
            statistics.count_error(code)

        self.assertEqual(statistics.errors, {"ERR": 2, "WRONGTYPE": 1})
        self.assertEqual(statistics.error_replies, 3)

    def test_made_up_codes(self) -> None:
        """At 128 codes it gives up, so that scripts cannot fill the memory."""
        statistics = Statistics()
        for number in range(128):
            statistics.count_error(f"CODE{number}")
        self.assertEqual(len(statistics.errors), 128)
        statistics.count_error("CODE5")
        self.assertEqual(statistics.errors["CODE5"], 2)
        statistics.count_error("ONE_MORE")
        statistics.count_error("CODE5")

        self.assertEqual(statistics.errors, {"ERRORSTATS_OVERFLOW": 1})
        self.assertEqual(statistics.error_replies, 131)

    def test_reset(self) -> None:
        """A reset begins anew, behind an overflow too."""
        statistics = Statistics()
        for number in range(200):
            statistics.count_error(f"CODE{number}")
        statistics.connections_received = 5
        statistics.reset()
        statistics.count_error("ERR")

        self.assertEqual(statistics.errors, {"ERR": 1})
        self.assertEqual((statistics.error_replies, statistics.connections_received), (1, 0))


SECOND = 1_000_000_000


class RateTests(SynchronousTestCase):
    """How fast a counter grows."""

    def test_unknown(self) -> None:
        """One sample says nothing."""
        rate = Rate()
        self.assertEqual(rate.per_second, 0)
        rate.sample(1000, SECOND)

        self.assertEqual(rate.per_second, 0)

    def test_two_samples(self) -> None:
        """Two make a rate, however long the time between them."""
        rate = Rate()
        rate.sample(1000, SECOND)
        rate.sample(1050, SECOND * 3 // 2)

        self.assertEqual(rate.per_second, 100)

    def test_average(self) -> None:
        """It is the average of the last intervals; older ones are forgotten."""
        rate = Rate()
        rate.sample(0, 0)
        rate.sample(100, SECOND)
        rate.sample(400, 2 * SECOND)
        self.assertEqual(rate.per_second, 200)
        for number in range(50):
            rate.sample(400, (3 + number) * SECOND)

        self.assertEqual(rate.per_second, 0)

    def test_a_counter_that_was_reset(self) -> None:
        """A counter that starts anew does not shrink the rate below nothing."""
        rate = Rate()
        rate.sample(1000, 0)
        rate.sample(0, SECOND)

        self.assertEqual(rate.per_second, 0)

    def test_no_time_between(self) -> None:
        """Two samples at one moment divide by nothing."""
        rate = Rate()
        rate.sample(0, SECOND)
        rate.sample(10, SECOND)
        rate.sample(20, 2 * SECOND)

        self.assertEqual(rate.per_second, 10)
