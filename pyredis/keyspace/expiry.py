"""
When keys die: deadlines by key, and keys by the moment they are due.

Deadlines are absolute milliseconds of the wall clock. A key with a deadline
also stands in the bucket of its second (1024 ms), and the buckets' numbers in a
heap, so that what is due is found earliest first without looking at anything
else: expiring a million keys at once is a sequence of bounded slices, and an
idle server with ten million deadlines does nothing.
"""

from __future__ import annotations

from heapq import heappop, heappush

_BUCKET_SHIFT = 10


class Deadlines(dict[bytes, int]):
    """
    The deadlines of one database: key to absolute milliseconds.

    Read it as the dict it is; change it by :meth:`put` and :meth:`drop` only.
    """

    __slots__ = ("_buckets", "_order")

    def __init__(self) -> None:
        super().__init__()
        self._buckets: dict[int, set[bytes]] = {}
        self._order: list[int] = []

    def put(self, key: bytes, deadline_ms: int) -> None:
        """Set or move the deadline of a key."""
        number = deadline_ms >> _BUCKET_SHIFT
        old = self.get(key)
        if old is not None:
            if old >> _BUCKET_SHIFT == number:
                self[key] = deadline_ms
                return
            self._leave_bucket(key, old >> _BUCKET_SHIFT)
        self[key] = deadline_ms
        bucket = self._buckets.get(number)
        if bucket is None:
            self._buckets[number] = {key}
            heappush(self._order, number)
        else:
            bucket.add(key)

    def drop(self, key: bytes) -> bool:
        """Forget the deadline of a key; return whether it had one."""
        old = self.pop(key, None)
        if old is None:
            return False
        self._leave_bucket(key, old >> _BUCKET_SHIFT)
        return True

    def _leave_bucket(self, key: bytes, number: int) -> None:
        bucket = self._buckets[number]
        bucket.discard(key)
        if not bucket:
            # An emptied bucket keeps its place in the heap until it is the
            # earliest, so one that fills again is not entered twice.
            self._trim()

    def _trim(self) -> None:
        """Remove emptied buckets from the front of the heap, and all if they prevail."""
        order = self._order
        while order and not self._buckets[order[0]]:
            del self._buckets[heappop(order)]
        if len(order) > 2 * len(self) + 64:
            self._buckets = {number: keys for number, keys in self._buckets.items() if keys}
            self._order = sorted(self._buckets)

    def due(self, now_ms: int, limit: int) -> list[bytes]:
        """
        Return keys whose deadline has passed, earliest first.

        Args:
            now_ms: A key is due when its deadline is before this moment.
            limit: How many to return at most.
        """
        self._trim()
        found: list[tuple[int, bytes]] = []
        last = now_ms >> _BUCKET_SHIFT
        order = self._order
        # The heap's list is sorted enough only at its head, so take numbers
        # off and put those back that remain.
        taken: list[int] = []
        while order and order[0] <= last and len(found) < limit:
            number = heappop(order)
            taken.append(number)
            for key in self._buckets[number]:
                deadline = self[key]
                if deadline < now_ms:
                    found.append((deadline, key))
        for number in taken:
            heappush(order, number)
        found.sort()
        return [key for _, key in found[:limit]]

    def next_deadline(self) -> int | None:
        """Return the earliest deadline in milliseconds, or None if there is none."""
        self._trim()
        if not self._order:
            return None
        return min(self[key] for key in self._buckets[self._order[0]])
