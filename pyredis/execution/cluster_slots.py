"""
Which slots the only node of a cluster serves.

A cluster of one serves all slots from its start, so that clients need no setting
up. Who sets one up all the same, as is done with a fresh node of Redis, is taken
at their word: the first assignment to an empty node says what it serves, and
from then on slots are given and taken as in Redis. That is not kept over a
restart, as nothing else about the cluster is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyredis.errors import RedisError
from pyredis.primitives.checksums import SLOTS

Ranges = Iterable[tuple[int, int]]
"""First and last slots."""


class ServedSlots:
    """
    The slots of the node.

    Attributes:
        count: How many it serves.
        was_told: Somebody has said which; until then it is all of them.
    """

    def __init__(self) -> None:
        self.count = SLOTS
        self.was_told = False
        self._served = bytearray(b"\1") * SLOTS

    def __contains__(self, slot: int) -> bool:
        """Tell whether a slot is served."""
        return bool(self._served[slot])

    @property
    def all_are_served(self) -> bool:
        """Whether no slot is missing."""
        return self.count == SLOTS

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last slot of each stretch."""
        start = self._served.find(1)
        while start >= 0:
            end = self._served.find(0, start)
            if end < 0:
                end = SLOTS
            yield start, end - 1
            start = self._served.find(1, end)

    def assign(self, ranges: Ranges, is_fresh: bool) -> None:
        """
        Serve more slots.

        Args:
            ranges: Which.
            is_fresh: The node holds no keys: if nobody has said what it serves,
                it is these slots alone.

        Raises:
            RedisError: One of them is served already, or named twice.
        """
        starts_anew = is_fresh and not self.was_told
        served = bytearray(SLOTS) if starts_anew else self._served
        self._set(_checked(ranges, served, 0, "busy"), served, 1)

    def give_up(self, ranges: Ranges) -> set[int]:
        """
        Serve some slots no longer, and return them.

        Raises:
            RedisError: One of them is not served, or named twice.
        """
        slots = _checked(ranges, self._served, 1, "unassigned")
        self._set(slots, self._served, 0)
        return slots

    def give_all_up(self) -> set[int]:
        """Serve nothing until slots are assigned; return what was served."""
        return self.give_up(list(self.ranges()))

    def _set(self, slots: Iterable[int], served: bytearray, state: int) -> None:
        for slot in slots:
            served[slot] = state
        self._served = served
        self.count = served.count(1)
        self.was_told = True


def _checked(ranges: Ranges, served: bytearray, wanted: int, otherwise: str) -> set[int]:
    """
    Return the slots of ranges, if all are in a state.

    Raises:
        RedisError: One is not, or is named twice.
    """
    named: set[int] = set()
    for first, last in ranges:
        for slot in range(first, last + 1):
            if served[slot] != wanted:
                raise RedisError(f"Slot {slot} is already {otherwise}")
            if slot in named:
                raise RedisError(f"Slot {slot} specified multiple times")
            named.add(slot)
    return named
