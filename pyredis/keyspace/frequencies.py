"""
How often keys are used: the counters behind the LFU policies and OBJECT FREQ.

A counter goes from 0 to 255 and grows with the logarithm of the accesses: the
higher it is, the less likely one more access adds to it. It loses one for each
``lfu-decay-time`` minutes without an access. Counter and minute are kept in one
integer a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_INITIAL = 5  # so that a new key is not the first to go
_HIGHEST = 255
_MINUTE_MS = 60_000


@dataclass(slots=True)
class FrequencyCounting:
    """
    How to count.

    Attributes:
        log_factor: The greater, the more accesses it takes to reach a count.
        decay_minutes: A count loses one for each so many idle minutes; 0 for never.
    """

    log_factor: int = 10
    decay_minutes: int = 1

    def first(self, now_ms: int) -> int:
        """Return the state of a key that is new now."""
        return self.state_of(_INITIAL, now_ms)

    def state_of(self, count: int, now_ms: int) -> int:
        """Return the state of a key that is now as often accessed as this count says."""
        return now_ms // _MINUTE_MS << 8 | count

    def accessed(self, state: int | None, now_ms: int, rng: Random) -> int:
        """Return the state of a key that is accessed now; None if it was not counted so far."""
        count = self.count_of(state, now_ms)
        weight = max(count - _INITIAL, 0) * self.log_factor + 1
        if count < _HIGHEST and rng.random() * weight < 1:
            count += 1
        return now_ms // _MINUTE_MS << 8 | count

    def count_of(self, state: int | None, now_ms: int) -> int:
        """Return how often a key was accessed, from 0 to 255, from its state."""
        if state is None:
            return _INITIAL
        count = state & _HIGHEST
        if self.decay_minutes:
            count -= (now_ms // _MINUTE_MS - (state >> 8)) // self.decay_minutes
        return min(max(count, 0), _HIGHEST)
