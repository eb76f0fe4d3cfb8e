"""
How long a command takes, as a distribution.

Durations are counted in buckets that grow with them, sixteen to each power of
two: percentiles are exact to some six per cent, and a histogram takes the same
little memory whatever it has seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_SUBBUCKET_BITS = 4
_SUBBUCKETS = 1 << _SUBBUCKET_BITS
_EXACT_BITS = _SUBBUCKET_BITS + 1

LARGEST_NS = 1_000_000_000
"""Longer durations count as this one, as in Redis."""


class LatencyHistogram:
    """The durations of one command, in nanoseconds."""

    __slots__ = ("_buckets", "total")

    def __init__(self) -> None:
        self._buckets = [0] * (_index(LARGEST_NS) + 1)
        self.total = 0

    def record(self, nanoseconds: int, count: int = 1) -> None:
        """Count a duration, as often as it was measured."""
        self._buckets[_index(min(nanoseconds, LARGEST_NS))] += count
        self.total += count

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
        for index, count in enumerate(self._buckets):
            if count:
                yield _largest(index), count


def _index(nanoseconds: int) -> int:
    """Return the bucket of a duration: one for each of the small, one for a range of others."""
    bits = nanoseconds.bit_length()
    if bits <= _EXACT_BITS:
        return nanoseconds
    shift = bits - _EXACT_BITS
    return (shift << _SUBBUCKET_BITS) + (nanoseconds >> shift)


def _largest(index: int) -> int:
    """Return the largest duration of a bucket."""
    if index < 2 * _SUBBUCKETS:
        return index
    shift = (index >> _SUBBUCKET_BITS) - 1
    return ((index - (shift << _SUBBUCKET_BITS) + 1) << shift) - 1


def percentiles_line(histogram: LatencyHistogram, percentiles: Sequence[float]) -> str:
    """Write percentiles as INFO latencystats has them: ``p50=1.003,p99=4.015`` in microseconds."""
    return ",".join(
        f"p{_spelled(percentile)}={histogram.value_at(percentile) / 1000:.3f}"
        for percentile in percentiles
    )


def _spelled(percentile: float) -> str:
    return f"{percentile:f}".rstrip("0").rstrip(".")
