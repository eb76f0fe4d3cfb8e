"""The commands that took too long, the last first (SLOWLOG)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

_ARGUMENTS = 32
_ARGUMENT_BYTES = 128


class SlowCommand(NamedTuple):
    """
    One entry.

    Attributes:
        number: Its id, never given twice.
        time_s: When it ran, in seconds of the wall clock.
        microseconds: How long.
        argv: The request, long ones shortened.
        address: Of the client, and ``client_name`` as CLIENT SETNAME set it.
    """

    number: int
    time_s: int
    microseconds: int
    argv: list[bytes]
    address: str
    client_name: bytes


class SlowLog:
    """
    The log.

    Attributes:
        limit: How many entries are kept.
    """

    def __init__(self) -> None:
        self._entries: deque[SlowCommand] = deque()
        self._next = 0
        self.limit = 128

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._entries)

    def add(
        self,
        argv: Sequence[bytes],
        microseconds: int,
        time_s: int,
        address: str = "",
        client_name: bytes = b"",
    ) -> None:
        """Enter a command, as the newest."""
        entry = SlowCommand(self._next, time_s, microseconds, shortened(argv), address, client_name)
        self._next += 1
        self._entries.appendleft(entry)
        self.trim()

    def trim(self) -> None:
        """Forget the oldest entries beyond the limit."""
        while len(self._entries) > self.limit:
            self._entries.pop()

    def newest(self, count: int) -> Iterator[SlowCommand]:
        """Iterate over so many entries, the newest first."""
        return islice(self._entries, count)

    def clear(self) -> None:
        """Forget all entries; their numbers are not given again."""
        self._entries.clear()


def shortened(argv: Sequence[bytes]) -> list[bytes]:
    """Shorten a request for the log: long arguments, and many of them."""
    shown = [_shortened(argument) for argument in argv[:_ARGUMENTS]]
    if len(argv) > _ARGUMENTS:
        shown[-1] = b"... (%d more arguments)" % (len(argv) - _ARGUMENTS + 1)
    return shown


def _shortened(argument: bytes) -> bytes:
    if len(argument) <= _ARGUMENT_BYTES:
        return argument
    rest = len(argument) - _ARGUMENT_BYTES
    return b"%b... (%d more bytes)" % (argument[:_ARGUMENT_BYTES], rest)
