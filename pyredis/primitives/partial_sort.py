"""
The order in which Redis leaves equals when it sorts only the first few.

Where a client wants the first N of many (GEOSEARCH with COUNT, SORT with
LIMIT), Redis runs a quicksort that leaves alone what lies behind N. That sort
is not stable, so which of several equals come first, and in which order,
follows from its very steps: Bentley and McIlroy's, with ninthers. Nothing is
compared differently here; where no two are equal any sort gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_INSERTION_BELOW = 7
_NINTHER_ABOVE = 40


def first_in_order(keys: Sequence[Any], count: int, start: int = 0) -> list[int]:
    """
    Return the positions of the ``count`` smallest keys, in the order Redis puts them.

    With all of them wanted, Redis sorts by merging, and equals stay as they were.

    Args:
        keys: What to compare.
        count: How many are sorted.
        start: The first of those that will be looked at: if it is not the very
            first, not all are wanted.
    """
    size = len(keys)
    positions = range(size)
    if (count >= size and not start) or len(set(keys)) == size:
        return sorted(positions, key=keys.__getitem__)[:count]
    order = list(positions)
    _sort_up_to(list(keys), order, count)
    return order[:count]


def _sort_up_to(keys: list[Any], order: list[int], count: int) -> None:
    """Sort keys, and the order along with them, as far as the first ``count`` need."""
    ranges = [(0, len(keys))]
    while ranges:
        low, high = ranges.pop()
        if high - low < _INSERTION_BELOW:
            _insert_sort(keys, order, low, high)
            continue
        less_end, greater_start = _partition(keys, order, low, high)
        if high - greater_start > 1 and greater_start < count:
            ranges.append((greater_start, high))
        if less_end - low > 1 and low < count:
            ranges.append((low, less_end))


def _insert_sort(keys: list[Any], order: list[int], low: int, high: int) -> None:
    for start in range(low + 1, high):
        at = start
        while at > low and keys[at - 1] > keys[at]:
            _swap(keys, order, at, at - 1)
            at -= 1


def _partition(keys: list[Any], order: list[int], low: int, high: int) -> tuple[int, int]:
    """Part a range around a pivot; return where the lesser end and where the greater begin."""
    _swap(keys, order, low, _pivot(keys, low, high))
    pivot = keys[low]
    # Equals gather at both ends first and go to the middle in the end.
    equals_end = left = low + 1
    equals_start = right = high - 1
    while True:
        while left <= right and keys[left] <= pivot:
            if keys[left] == pivot:
                _swap(keys, order, equals_end, left)
                equals_end += 1
            left += 1
        while left <= right and keys[right] >= pivot:
            if keys[right] == pivot:
                _swap(keys, order, right, equals_start)
                equals_start -= 1
            right -= 1
        if left > right:
            break
        _swap(keys, order, left, right)
        left += 1
        right -= 1
    moved = min(equals_end - low, left - equals_end)
    for step in range(moved):
        _swap(keys, order, low + step, left - moved + step)
    moved = min(equals_start - right, high - 1 - equals_start)
    for step in range(moved):
        _swap(keys, order, left + step, high - moved + step)
    return low + left - equals_end, high - (equals_start - right)


def _pivot(keys: list[Any], low: int, high: int) -> int:
    """Choose the position of a pivot: the middle, or a median of three or of nine."""
    size = high - low
    middle = low + size // 2
    if size <= _INSERTION_BELOW:
        return middle
    first, last = low, high - 1
    if size > _NINTHER_ABOVE:
        step = size // 8
        first = _median(keys, first, first + step, first + 2 * step)
        middle = _median(keys, middle - step, middle, middle + step)
        last = _median(keys, last - 2 * step, last - step, last)
    return _median(keys, first, middle, last)


def _median(keys: list[Any], a: int, b: int, c: int) -> int:
    """Return the position of the median of three; which one of equals is as Redis has it."""
    if keys[a] < keys[b]:
        if keys[b] < keys[c]:
            return b
        return c if keys[a] < keys[c] else a
    if keys[b] > keys[c]:
        return b
    return a if keys[a] < keys[c] else c


def _swap(keys: list[Any], order: list[int], a: int, b: int) -> None:
    keys[a], keys[b] = keys[b], keys[a]
    order[a], order[b] = order[b], order[a]
