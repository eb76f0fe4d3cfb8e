"""
When the fields of a hash expire: the moment of each, and the earliest found quickly.

Beside the dict stands a heap of moments and fields. It is not told when a field
loses its deadline or gets another one: what it says is compared with the dict
when it comes to the top, and it is made anew when most of it is out of date.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

_SPARE = 64  # outdated entries that are always tolerated
_ONE_BY_ONE = 1000  # due fields from which on all deadlines are looked through instead


class FieldDeadlines(dict[bytes, int]):
    """
    The deadlines of the fields of one hash: field to absolute milliseconds.

    Taking a field out is done as with any dict; deadlines are set by :meth:`put`.
    """

    __slots__ = ("_order",)

    def __init__(self) -> None:
        super().__init__()
        self._order: list[tuple[int, bytes]] = []

    def copy(self) -> FieldDeadlines:
        """Return deadlines that share nothing with these."""
        twin = FieldDeadlines()
        twin.update(self)
        twin._order = self._order[:]
        return twin

    def put(self, field: bytes, deadline_ms: int) -> None:
        """Set or move the deadline of a field."""
        self[field] = deadline_ms
        order = self._order
        heappush(order, (deadline_ms, field))
        if len(order) > 2 * len(self) + _SPARE:
            self._order = order = [(deadline, field) for field, deadline in self.items()]
            heapify(order)

    def next_deadline(self) -> int | None:
        """Return the earliest deadline, or None if there is none."""
        order = self._order
        while order:
            deadline, field = order[0]
            if self.get(field) == deadline:
                return deadline
            heappop(order)
        return None

    def take_due(self, now_ms: int, limit: int | None = None) -> list[bytes]:
        """
        Forget and return fields whose deadline has passed, earliest first.

        Args:
            now_ms: A field is due when its deadline is before this moment.
            limit: How many to return at most; None for all.
        """
        found: list[bytes] = []
        order = self._order
        most = _ONE_BY_ONE if limit is None else limit
        while order and order[0][0] < now_ms and len(found) < most:
            deadline, field = heappop(order)
            if self.get(field) == deadline:
                del self[field]
                found.append(field)
        if limit is None and len(found) == _ONE_BY_ONE:
            found += self._take_all_due(now_ms)
        return found

    def _take_all_due(self, now_ms: int) -> list[bytes]:
        """Do the same for however many there are, in one pass over all deadlines."""
        due = sorted((deadline, field) for field, deadline in self.items() if deadline < now_ms)
        for _, field in due:
            del self[field]
        self._order = [(deadline, field) for field, deadline in self.items()]
        heapify(self._order)
        return [field for _, field in due]
