"""Tests of pyredis.execution.latencies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.latencies import (
    LARGEST_NS,
    STEP_BITS,
    LatencyHistogram,
    percentiles_line,
)


class LatencyHistogramTests(SynchronousTestCase):
    """Durations in buckets."""

    def test_short_durations_are_counted_in_steps(self) -> None:
        """Up to 32 microseconds they are 64 ns wide."""
        histogram = LatencyHistogram()
        for duration in (0, 63, 64, 32_767):
            histogram.record(duration)

        self.assertEqual(list(histogram.counts()), [(63, 2), (127, 1), (32_767, 1)])
        self.assertEqual(histogram.short[32_767 >> STEP_BITS], 1)

    @given(st.integers(0, LARGEST_NS))
    def test_a_bucket_is_not_wider_than_a_sixteenth(self, duration: int) -> None:
        """What is told of a duration is never less, and little more."""
        histogram = LatencyHistogram()
        histogram.record(duration)
        [(told, count)] = histogram.counts()

        self.assertEqual(count, 1)
        self.assertLessEqual(duration, told)
        self.assertLess(told, duration + max(64, duration // 16 + 1))

    def test_very_long_ones_count_as_a_second(self) -> None:
        """So the number of buckets is bounded."""
        histogram = LatencyHistogram()
        histogram.record(10**15)
        [(told, _)] = histogram.counts()

        self.assertLess(told, LARGEST_NS * 17 // 16)

    @given(st.lists(st.integers(0, 10**8), min_size=1, max_size=50))
    def test_percentiles(self, durations: list[int]) -> None:
        """The hundredth is the largest, and they rise."""
        histogram = LatencyHistogram()
        for duration in durations:
            histogram.record(duration)
        values = [histogram.value_at(percentile) for percentile in (0, 25, 50, 99, 100)]

        self.assertEqual(values, sorted(values))
        self.assertLessEqual(max(durations), values[-1])
        self.assertLess(values[-1], max(durations) * 17 // 16 + 64)

    def test_nothing_measured(self) -> None:
        """No duration is 0."""
        self.assertEqual(LatencyHistogram().value_at(50), 0)

    def test_a_count_stands_for_several(self) -> None:
        """Commands that were timed together have one duration."""
        histogram = LatencyHistogram()
        histogram.record(10, 99)
        histogram.record(1000, 1)

        self.assertEqual(histogram.total, 100)
        self.assertEqual((histogram.value_at(99), histogram.value_at(99.9)), (63, 1023))

    def test_by_powers_of_two(self) -> None:
        """How many took at most so many microseconds, with the limits of Redis."""
        histogram = LatencyHistogram()
        for duration, count in ((500, 2), (900, 1), (3_000, 4), (40_000, 1), (900_000_000, 1)):
            histogram.record(duration, count)

        self.assertEqual(histogram.by_powers_of_two(), [(1, 3), (4, 7), (66, 8), (1082130, 9)])
        self.assertEqual(LatencyHistogram().by_powers_of_two(), [])

    def test_the_line_of_info(self) -> None:
        """Microseconds with three decimals; percentiles without needless zeros."""
        histogram = LatencyHistogram()
        histogram.record(1500, 10)

        self.assertEqual(
            percentiles_line(histogram, (0.0, 50.0, 99.9)), "p0=1.535,p50=1.535,p99.9=1.535"
        )
        self.assertEqual(percentiles_line(histogram, ()), "")
