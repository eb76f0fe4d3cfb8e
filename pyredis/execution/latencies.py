"""
How long a command takes, as a distribution.

Short durations, those of nearly all commands, are counted in steps of 64 ns:
finding the bucket is one shift. Longer ones are counted in buckets that grow
with them, sixteen to each power of two. So percentiles are exact to some six
per cent, and a histogram takes the same little memory whatever it has seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

STEP_BITS = 6
SHORT_NS = 1 << 15
"""A duration below this is counted in ``short[duration >> STEP_BITS]``."""

_SUBBUCKET_BITS = 4
_SUBBUCKETS = 1 << _SUBBUCKET_BITS

LARGEST_NS = 1_000_000_000
"""Longer durations count as this one, as in Redis."""


class LatencyHistogram:
    """
    The durations of one command, in nanoseconds.

    Attributes:
        short: How many took each number of steps; a plain list, so that the
            dispatcher can count a short duration without a call.
    """

    __slots__ = ("_long", "short")

    def __init__(self) -> None:
        self.short = [0] * (SHORT_NS >> STEP_BITS)
        self._long: dict[int, int] = {}

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.short) + sum(self._long.values())

    def record(self, nanoseconds: int, count: int = 1) -> None:
        """Count a duration, as often as it was measured."""
        if nanoseconds < SHORT_NS:
            self.short[nanoseconds >> STEP_BITS] += count
        else:
            bucket = _bucket(min(nanoseconds, LARGEST_NS))
            self._long[bucket] = self._long.get(bucket, 0) + count

    def value_at(self, percentile: float) -> int:
        """Return the duration that so many per cent of all did not exceed."""
        wanted = max(1, round(percentile / 100 * self.total))
        seen = 0
        for largest, count in self.counts():
            seen += count
            if seen >= wanted:
                return largest
        return 0

    def counts(self) -> Iterator[tuple[int, int]]:
        """Iterate over the buckets that are not empty: their largest duration, and the count."""
        for step, count in enumerate(self.short):
            if count:
                yield (step + 1 << STEP_BITS) - 1, count
        for bucket in sorted(self._long):
            yield _largest(bucket), self._long[bucket]

    def by_powers_of_two(self) -> list[tuple[int, int]]:
        """
        Return how many did not exceed 1, 2, 4, … microseconds, as LATENCY HISTOGRAM does.

        The limits are those of Redis' own histogram: a little more than the
        power of two from 33 on. One that adds nothing to the one before is left
        out.

        Returns:
            Pairs of a limit in microseconds and a count.
        """
        counts = list(self.counts())
        found: list[tuple[int, int]] = []
        seen = position = 0
        limit, slack = 1024, 8
        while position < len(counts):
            before = seen
            while position < len(counts) and counts[position][0] < limit + slack:
                seen += counts[position][1]
                position += 1
            if seen > before:
                found.append(((limit + slack - 1) // 1000, seen))
            limit, slack = 2 * limit, 2 * slack
        return found


def _bucket(nanoseconds: int) -> int:
    """Return the bucket of a long duration."""
    shift = nanoseconds.bit_length() - _SUBBUCKET_BITS - 1
    return (shift << _SUBBUCKET_BITS) + (nanoseconds >> shift)


def _largest(bucket: int) -> int:
    """Return the largest duration of a bucket."""
    shift = (bucket >> _SUBBUCKET_BITS) - 1
    return ((bucket - (shift << _SUBBUCKET_BITS) + 1) << shift) - 1


def percentiles_line(histogram: LatencyHistogram, percentiles: Sequence[float]) -> str:
    """Write percentiles as INFO latencystats has them: ``p50=1.003,p99=4.015`` in microseconds."""
    return ",".join(
        f"p{_spelled(percentile)}={histogram.value_at(percentile) / 1000:.3f}"
        for percentile in percentiles
    )


def _spelled(percentile: float) -> str:
    return f"{percentile:f}".rstrip("0").rstrip(".")
