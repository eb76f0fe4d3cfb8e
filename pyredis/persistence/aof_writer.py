"""
Writing to the end of an append-only file, and what to do when that fails.

What was appended waits in memory until it is in the file as a whole. A write
that the disk took only in part is cut off again, so that the file never ends
in the middle of a command; where that cannot be done either, the rest of the
command is what is written next. A failed fsync may have lost what it was for,
though the next one succeeds: :meth:`AofWriter.write_synced` therefore cuts off
what was not synced and writes it once more.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Protocol


class AppendFile(Protocol):
    """A file that is open for appending; its methods raise OSError."""

    def write(self, data: bytes) -> int:
        """Write at the end; return how many bytes were taken."""

    def sync(self) -> None:
        """Wait until all that was written is on the disk."""

    def truncate(self, size: int) -> None:
        """Cut off what is behind so many bytes."""

    def close(self) -> None:
        """Give it back."""


class PartlyWritten(OSError):
    """The disk took a part only, and then no more: to Redis a full disk."""


class AofWriter:
    """
    The end of one file.

    Args:
        file: Where to write.
        size: How long it is.

    Attributes:
        append: Takes bytes to write, whole commands.
        size: How long the file is, as far as it is meant to be there.
        synced_size: How much of it is surely on the disk.
        torn: Whether the file ends in the middle of what is to be written,
            for it could not be cut off.
    """

    def __init__(self, file: AppendFile, size: int = 0) -> None:
        self.file = file
        self.size = size
        self.synced_size = size
        self.torn = False
        self._waiting: list[bytes] = []
        self.append: Callable[[bytes], None] = self._waiting.append

    @property
    def waits(self) -> bool:
        """Whether anything is not in the file yet."""
        return bool(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        """How much of it there is."""
        return sum(map(len, self._waiting))

    def drop_waiting(self) -> None:
        """Forget what is not in the file yet."""
        self._waiting.clear()

    def take_over(self, other: AofWriter) -> None:
        """Let wait here what waits at the end of another file; that must not be torn."""
        self._waiting += other._waiting
        other.drop_waiting()

    def write(self) -> int:
        """
        Write what waits; return how many bytes that was.

        Raises:
            PartlyWritten: The disk is full, most likely. What waits, waits on.
            OSError: So does it here.
        """
        data = self._gathered()
        taken = 0
        try:
            while taken < len(data):
                taken += self._write_some(data, taken)
        except OSError as error:
            if not taken:
                raise
            self._cut_off(data, taken)
            raise PartlyWritten(errno.ENOSPC, f"{taken} of {len(data)} bytes written") from error
        self._waiting.clear()
        self.size += taken
        self.torn = False
        return taken

    def sync(self) -> None:
        """
        Wait until all that was written is on the disk.

        Raises:
            OSError: It is not, or not surely.
        """
        self.file.sync()
        self.synced_size = self.size

    def write_synced(self) -> int:
        """
        Write what waits and sync it; return how many bytes that was.

        Raises:
            OSError: It is not on the disk. It waits on, to be written again.
        """
        data = self._gathered()
        before = self.size
        taken = self.write()
        try:
            self.sync()
        except OSError:
            self._take_back(data, before)
            raise
        return taken

    def close(self) -> None:
        """Give the file back."""
        self.file.close()

    def _gathered(self) -> bytes:
        """Return what waits, as one piece."""
        waiting = self._waiting
        if len(waiting) > 1:
            waiting[:] = [b"".join(waiting)]
        return waiting[0] if waiting else b""

    def _write_some(self, data: bytes, start: int) -> int:
        taken = self.file.write(data[start:] if start else data)
        if not taken:
            raise OSError(errno.ENOSPC, "nothing was written")
        return taken

    def _cut_off(self, data: bytes, taken: int) -> None:
        """Remove what was written in part, or else go on where it ends."""
        try:
            self.file.truncate(self.size)
        except OSError:
            self.torn = True
            self.size += taken
            self._waiting[:] = [data[taken:]]

    def _take_back(self, data: bytes, size: int) -> None:
        """Let wait again what was written but could not be synced."""
        try:
            self.file.truncate(size)
        except OSError:
            return  # it stays, and the next sync is for it as well
        self.size = size
        if data:
            self._waiting.insert(0, data)
