"""
A sorted set of IDs, made for ones that mostly arrive in order.

What a consumer group has delivered and not seen acknowledged is looked through
from an ID on, and shrinks at any place. IDs lie in runs of bounded length, so
that a change moves little, and adding at the end costs hardly more than a list.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Final

_LONGEST_RUN: Final = 1024


class OrderedIds:
    """IDs, each once, in order."""

    __slots__ = ("_firsts", "_runs", "_size")

    def __init__(self) -> None:
        self._runs: list[list[int]] = []
        self._firsts: list[int] = []  # of each run, at or below its first ID
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        for run in self._runs:
            yield from run

    @property
    def first(self) -> int:
        """The least ID; there must be one."""
        return self._runs[0][0]

    @property
    def last(self) -> int:
        """The greatest ID; there must be one."""
        return self._runs[-1][-1]

    def copy(self) -> OrderedIds:
        """Return a set of its own with the same IDs."""
        twin = OrderedIds()
        twin._runs = [run.copy() for run in self._runs]
        twin._firsts = self._firsts.copy()
        twin._size = self._size
        return twin

    def add(self, entry_id: int) -> None:
        """Add an ID that is not there yet."""
        self._size += 1
        runs = self._runs
        if not runs or (entry_id > runs[-1][-1] and len(runs[-1]) >= _LONGEST_RUN):
            runs.append([entry_id])
            self._firsts.append(entry_id)
            return
        if entry_id > runs[-1][-1]:
            runs[-1].append(entry_id)
            return
        number = max(bisect_right(self._firsts, entry_id) - 1, 0)
        run = runs[number]
        insort(run, entry_id)
        self._firsts[number] = min(self._firsts[number], entry_id)
        if len(run) > 2 * _LONGEST_RUN:
            runs.insert(number + 1, run[_LONGEST_RUN:])
            self._firsts.insert(number + 1, run[_LONGEST_RUN])
            del run[_LONGEST_RUN:]

    def remove(self, entry_id: int) -> None:
        """
        Remove an ID.

        Raises:
            KeyError: It is not there.
        """
        number = bisect_right(self._firsts, entry_id) - 1
        if number >= 0:
            run = self._runs[number]
            place = bisect_left(run, entry_id)
            if place < len(run) and run[place] == entry_id:
                self._size -= 1
                del run[place]
                if not run:
                    del self._runs[number], self._firsts[number]
                return
        raise KeyError(entry_id)

    def shed(self) -> int:
        """Drop some of the IDs, the greatest ones; return how many."""
        dropped = len(self._runs.pop())
        self._firsts.pop()
        self._size -= dropped
        return dropped

    def since(self, entry_id: int) -> Iterator[int]:
        """Iterate over the IDs from one on; they must not change meanwhile."""
        number = bisect_right(self._firsts, entry_id) - 1
        if number < 0:
            yield from self
            return
        run = self._runs[number]
        yield from run[bisect_left(run, entry_id) :]
        for later in self._runs[number + 1 :]:
            yield from later
