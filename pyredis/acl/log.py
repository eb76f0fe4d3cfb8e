"""The log of what was denied: the newest first, and what repeats itself once."""

from __future__ import annotations

from collections import deque
from enum import Enum
from itertools import islice

from pyredis.acl.selectors import Reason

GROUPED_MS = 60_000
"""Within this time the same denial counts up its entry."""

_LOOKED_AT = 10


class Where(Enum):
    """What a denied command was part of."""

    TOPLEVEL = b"toplevel"
    MULTI = b"multi"
    LUA = b"lua"


class LogEntry:
    """
    One kind of denial.

    Attributes:
        number: Unique since the server started.
        count: How often it happened.
        what: The command, key or channel; the command's own word for a failed login.
        user_name: Who was denied, or as whom the login was tried.
        client: The line of the client who was denied last.
        created_ms: When it happened first; ``updated_ms`` last.
    """

    __slots__ = (
        "client",
        "count",
        "created_ms",
        "number",
        "reason",
        "updated_ms",
        "user_name",
        "what",
        "where",
    )

    def __init__(
        self,
        number: int,
        reason: Reason,
        where: Where,
        what: bytes,
        user_name: bytes,
        client: bytes,
        now_ms: int,
    ) -> None:
        self.number = number
        self.count = 1
        self.reason = reason
        self.where = where
        self.what = what
        self.user_name = user_name
        self.client = client
        self.created_ms = self.updated_ms = now_ms

    def is_of(
        self, reason: Reason, where: Where, what: bytes, user_name: bytes, now_ms: int
    ) -> bool:
        """Tell whether a denial that happens now belongs to the entry."""
        return (
            self.reason is reason
            and self.where is where
            and abs(self.updated_ms - now_ms) <= GROUPED_MS
            and self.what == what
            and self.user_name == user_name
        )


class AccessLog:
    """What was denied lately in one server."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        self._next = 0

    def add(
        self,
        reason: Reason,
        where: Where,
        what: bytes,
        user_name: bytes,
        client: bytes,
        now_ms: int,
        max_len: int,
    ) -> None:
        """Enter a denial, see :class:`LogEntry`; so many entries may stay (acllog-max-len)."""
        entries = self._entries
        for entry in list(islice(entries, _LOOKED_AT)):
            if entry.is_of(reason, where, what, user_name, now_ms):
                entry.count += 1
                entry.client = client
                entry.updated_ms = now_ms
                entries.remove(entry)
                entries.appendleft(entry)
                return
        entry = LogEntry(self._next, reason, where, what, user_name, client, now_ms)
        entries.appendleft(entry)
        self._next += 1
        while len(entries) > max_len:
            entries.pop()

    def newest(self, count: int) -> list[LogEntry]:
        """Return so many entries, the newest first."""
        return list(islice(self._entries, count))

    def clear(self) -> None:
        """Forget all; the numbers go on."""
        self._entries.clear()

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._entries)
