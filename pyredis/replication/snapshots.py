"""
Snapshots of the data set, as replicas are sent them.

A snapshot shows the data as it was when it was begun. It is read piece by
piece, by whoever has room for the next piece. What is in the pieces is not this
module's business: whoever puts the server together says how to make them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple, Protocol

from pyredis.keyspace.frozen_keyspace import FrozenKeyspace

_PIECE_BYTES = 1 << 18
_MOST_WAITING_BYTES = 1 << 20
_PAUSE_S = 0.01


class Contents(NamedTuple):
    """What a snapshot is to hold: the keys, the function libraries."""

    data: bool = True
    functions: bool = True


Pieces = Callable[[Contents], Iterator[bytes]]
"""Yields a file with the data as they are while the pieces are asked for."""


FrozenPieces = Callable[[Contents, FrozenKeyspace], Iterator[bytes]]
"""Yields a file with the data of a moment."""

Work = Callable[[FrozenKeyspace | None], Generator[Any, None, int]]


class Snapshot(Protocol):
    """
    A snapshot that is being made.

    Attributes:
        pid: Of the process that makes it.
    """

    pid: int

    def read(self) -> bytes | None:
        """
        Return the next piece, nothing if it is not ready yet, or None at the end.

        Raises:
            OSError: It could not be made.
        """

    def close(self) -> None:
        """Let go of it, finished or not."""


class Snapshots(Protocol):
    """Makes snapshots."""

    @property
    def is_busy(self) -> bool:
        """Whether none can be begun now, for something else of the kind is under way."""

    def begin(self, contents: Contents) -> Snapshot:
        """
        Begin a snapshot.

        Raises:
            OSError: It cannot be made.
        """


class Child(Protocol):
    """
    Starts one child process at a time, or what looks like one.

    Attributes:
        pid: The child's number, 0 while there is none.
    """

    pid: int

    @property
    def is_active(self) -> bool:
        """Whether there is one."""

    def start(self, kind: str, work: Work, done: Callable[[int, int], None]) -> int:
        """Fork: ``work`` is done there, ``done`` is called here with exit code and signal."""

    def poll(self) -> None:
        """Find out whether the child has ended."""

    def kill(self) -> None:
        """End the child; nobody is told."""


class MadeAtOnce:
    """Snapshots that are complete as soon as they are begun, where no process can be forked."""

    is_busy = False

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def begin(self, contents: Contents) -> Snapshot:
        """Make a snapshot."""
        return _Kept([*self._pieces(contents)])


class _Kept:
    def __init__(self, pieces: list[bytes]) -> None:
        self.pid = os.getpid()
        self._pieces = iter(pieces)

    def read(self) -> bytes | None:
        """Return the next piece."""
        return next(self._pieces, None)

    def close(self) -> None:
        """Drop what was not read."""
        self._pieces = iter(())


class MadeByChild:
    """
    Snapshots made by a child process, which has the data as they were at the fork.

    Args:
        pieces: Makes the file.
        child: Where.
    """

    def __init__(self, pieces: Pieces, child: Child) -> None:
        self._pieces = pieces
        self._child = child

    @property
    def is_busy(self) -> bool:
        """Whether there is a child already, whatever it does."""
        return self._child.is_active

    def begin(self, contents: Contents) -> Snapshot:
        """
        Begin a snapshot.

        Raises:
            OSError: No process can be forked.
        """
        return _Piped(self._pieces, contents, self._child)


class _Piped:
    def __init__(self, pieces: Pieces, contents: Contents, child: Child) -> None:
        self._child = child
        self._failure: str | None = None
        self._is_done = False
        self._end, child_end = os.pipe()

        def work(frozen: FrozenKeyspace | None) -> Generator[None, None, int]:
            os.close(self._end)  # only then it is noticed if the parent has no end any more
            for piece in pieces(contents):
                left = memoryview(piece)
                while left:
                    left = left[os.write(child_end, left) :]
                yield
            return 0

        try:
            self.pid = child.start("rdb", work, self._ended)
        except OSError:
            os.close(self._end)
            raise
        finally:
            os.close(child_end)
        os.set_blocking(self._end, False)

    def _ended(self, code: int, signal: int) -> None:
        self._is_done = True
        if code or signal:
            self._failure = f"the child process ended with code {code}, signal {signal}"

    def read(self) -> bytes | None:
        """
        Return the next piece, nothing if the child has none ready, None at the end.

        Raises:
            OSError: The child has failed.
        """
        try:
            piece = os.read(self._end, _PIECE_BYTES)
        except BlockingIOError:
            return b""
        if piece:
            return piece
        self._child.poll()
        if not self._is_done and self._child.pid != self.pid:
            self._is_done, self._failure = True, "the child process was killed"
        if self._failure is not None:
            raise OSError(self._failure)
        return None if self._is_done else b""

    def close(self) -> None:
        """End the child, if it is still there."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1
            if not self._is_done:
                self._is_done = True
                self._child.kill()


class MadeInSlices:
    """
    Snapshots made by this process, whenever it has time, where none can be forked.

    Args:
        pieces: Makes the file.
        child: What gives the work its time, and the data as they were at its start.
    """

    def __init__(self, pieces: FrozenPieces, child: Child) -> None:
        self._pieces = pieces
        self._child = child

    @property
    def is_busy(self) -> bool:
        """Whether something of the kind is under way already."""
        return self._child.is_active

    def begin(self, contents: Contents) -> Snapshot:
        """Begin a snapshot."""
        return _Queued(self._pieces, contents, self._child)


class _Queued:
    def __init__(self, pieces: FrozenPieces, contents: Contents, child: Child) -> None:
        self._pieces = pieces
        self._contents = contents
        self._child = child
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._outcome: int | None = None
        self._is_closed = False
        self.pid = child.start("rdb", self._work, self._ended)

    def _work(self, frozen: FrozenKeyspace | None) -> Generator[float | None, None, int]:
        """Make one piece after the other, while not too many wait to be read."""
        assert frozen is not None, "a process that goes on needs the data of a moment"
        for piece in self._pieces(self._contents, frozen):
            self._waiting.append(piece)
            self._size += len(piece)
            yield None
            while self._size > _MOST_WAITING_BYTES:
                yield _PAUSE_S
        return 0

    def _ended(self, code: int, signal: int) -> None:
        self._outcome = code or signal

    def read(self) -> bytes | None:
        """
        Return the next piece, nothing if there is none yet, None at the end.

        Raises:
            OSError: It could not be made.
        """
        if self._waiting:
            piece = self._waiting.popleft()
            self._size -= len(piece)
            return piece
        if self._outcome is None:
            self._child.poll()
        if self._outcome is None:
            if not self._child.is_active:
                raise OSError("the snapshot was given up")
            return b""
        if self._outcome:
            raise OSError(f"the snapshot failed with code {self._outcome}")
        return None

    def close(self) -> None:
        """Make no more of it."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.clear()
            if self._outcome is None:
                self._child.kill()
