"""A snapshot on its way from a primary: into a temporary file or straight to who loads it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from pyredis.replication.transfer import Spool

_MARK_BYTES = 40
_PORTION_BYTES = 1 << 18


class IncomingSnapshot:
    """
    Takes the bytes of a snapshot.

    A primary sends it as a file of a length that it says before (``$123``), or
    as a stream that ends with a mark of its choice (``$EOF:…``).

    Args:
        header: The line that announces it, without its end.
        spool: Keeps it; None if it is read while it comes.

    Attributes:
        total_bytes: Its size, 0 if that is not known before its end.
        taken_bytes: How much has come.
        held_bytes: How much of that waits in memory to be read.
        is_complete: All of it is there.
        is_over: Nothing more will come, complete or not.
        on_read: Called when some of what waited in memory was read.

    Raises:
        ValueError: The line announces no snapshot.
    """

    def __init__(self, header: bytes, spool: Spool | None) -> None:
        self._spool = spool
        self._waiting: deque[bytes] = deque()
        self._mark = b""
        self._tail = b""
        self.total_bytes = self.taken_bytes = self.held_bytes = 0
        self.is_complete = self.is_over = False
        self.on_read: Callable[[], None] = lambda: None
        if header.startswith(b"$EOF:") and len(header) == len(b"$EOF:") + _MARK_BYTES:
            self._mark = header[len(b"$EOF:") :]
        elif header.startswith(b"$") and header[1:].isdigit():
            self.total_bytes = int(header[1:])
            self.is_complete = self.is_over = not self.total_bytes
        else:
            raise ValueError("no snapshot is announced")

    @property
    def is_direct(self) -> bool:
        """Whether it is read while it comes."""
        return self._spool is None

    def take(self, data: bytes) -> bytes:
        """
        Take the next bytes.

        Returns:
            What is no part of the snapshot any more.

        Raises:
            OSError: They cannot be kept.
        """
        if self.is_complete:
            return data
        if not self._mark:
            part, rest = data[: self.total_bytes - self.taken_bytes], b""
            rest = data[len(part) :]
            self._keep(part)
            self.is_complete = self.is_over = self.taken_bytes == self.total_bytes
            return rest
        # What may be the mark's beginning waits for its end.
        data = self._tail + data
        self._tail = data[-_MARK_BYTES:]
        self._keep(data[:-_MARK_BYTES])
        if self._tail == self._mark:
            self.is_complete = self.is_over = True
            self.total_bytes = self.taken_bytes
        return b""

    def break_off(self) -> None:
        """Take note that nothing more will come."""
        self.is_over = True

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        self.taken_bytes += len(data)
        if self._spool is not None:
            self._spool.write(data)
        else:
            self._waiting.append(data)
            self.held_bytes += len(data)

    def portions(self) -> Iterator[bytes]:
        """Yield the snapshot: once it is complete, or nothing where the next is still to come."""
        if self._spool is None:
            yield from self._waiting_portions()
            return
        self._spool.seek(0)
        while data := self._spool.read(_PORTION_BYTES):
            yield data

    def _waiting_portions(self) -> Iterator[bytes]:
        waiting = self._waiting
        while waiting or not self.is_over:
            if not waiting:
                yield b""
                continue
            data = waiting.popleft()
            self.held_bytes -= len(data)
            self.on_read()
            yield data

    def close(self) -> None:
        """Let go of what is kept."""
        self._waiting.clear()
        self.held_bytes = 0
        self.on_read = lambda: None
        if self._spool is not None:
            self._spool.close()
