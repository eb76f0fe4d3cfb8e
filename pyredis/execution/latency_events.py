"""
Moments at which the server was held up, by what held it up (LATENCY).

An event such as ``command`` or ``expire-cycle`` keeps its last samples: the
worst of each second in which it happened.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_SAMPLES = 160


class Sample(NamedTuple):
    """When, in seconds of the wall clock, and how long, in milliseconds."""

    time_s: int
    milliseconds: int


class LatencyStats(NamedTuple):
    """
    The samples of an event in figures.

    Attributes:
        samples: How many there are.
        average: Of their milliseconds.
        deviation: Their mean distance from the average.
        seconds: From the first until now, at least 1.
        worst: The longest ever, of samples now forgotten as well.
    """

    samples: int
    average: int
    deviation: int
    seconds: int
    worst: int


class LatencyEvent:
    """
    One kind of event.

    Attributes:
        samples: The last ones, the oldest first.
        worst: The most milliseconds ever.
    """

    __slots__ = ("samples", "worst")

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=_SAMPLES)
        self.worst = 0

    def add(self, milliseconds: int, now_s: int) -> None:
        """Take a sample; of several in one second the worst counts."""
        self.worst = max(self.worst, milliseconds)
        if self.samples and self.samples[-1].time_s == now_s:
            milliseconds = max(milliseconds, self.samples.pop().milliseconds)
        self.samples.append(Sample(now_s, milliseconds))

    def stats(self, now_s: int) -> LatencyStats:
        """Sum up the samples; there is at least one."""
        values = [sample.milliseconds for sample in self.samples]
        average = sum(values) // len(values)
        deviation = sum(abs(average - value) for value in values) // len(values)
        seconds = max(1, now_s - self.samples[0].time_s)
        return LatencyStats(len(values), average, deviation, seconds, self.worst)


class LatencyEvents:
    """All kinds of events that happened, by name."""

    def __init__(self) -> None:
        self._events: dict[str, LatencyEvent] = {}

    def add(self, name: str, milliseconds: int, now_s: int) -> None:
        """Take a sample of an event."""
        self._events.setdefault(name, LatencyEvent()).add(milliseconds, now_s)

    def find(self, name: str) -> LatencyEvent | None:
        """Return an event if it ever happened."""
        return self._events.get(name)

    def items(self) -> list[tuple[str, LatencyEvent]]:
        """Return all events with their names."""
        return list(self._events.items())

    def forget(self, name: str) -> int:
        """Forget an event, its name in any case; return how many that were."""
        found = [each for each in self._events if each.lower() == name.lower()]
        for each in found:
            del self._events[each]
        return len(found)

    def forget_all(self) -> int:
        """Forget everything; return how many events that were."""
        count = len(self._events)
        self._events.clear()
        return count
