"""A file in memory on a disk that fills up, tears writes and loses what it was to sync."""

from __future__ import annotations

import errno


class FaultyFile:
    """
    A file open for appending.

    Attributes:
        data: What is in it.
        room: How many bytes more the disk takes; None for any number.
        most_at_once: How many it takes in one write, None for any number.
        sync_error: The number of the error that fsync fails with, 0 for none.
        truncate_error: The same of truncate.
        synced: What was in it when it was last synced.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.synced = data
        self.room: int | None = None
        self.most_at_once: int | None = None
        self.sync_error = 0
        self.truncate_error = 0
        self.is_open = True
        self.syncs = 0

    def write(self, data: bytes) -> int:
        """Take what there is room for."""
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        limits = [limit for limit in (self.room, self.most_at_once) if limit is not None]
        taken = data[: min(limits)] if limits else data
        self.data += taken
        if self.room is not None:
            self.room -= len(taken)
        return len(taken)

    def sync(self) -> None:
        """Note what is in it."""
        self.syncs += 1
        if self.sync_error:
            raise OSError(self.sync_error, "Input/output error")
        self.synced = bytes(self.data)

    def truncate(self, size: int) -> None:
        """Cut it off."""
        if self.truncate_error:
            raise OSError(self.truncate_error, "Input/output error")
        if self.room is not None:
            self.room += len(self.data) - size
        del self.data[size:]

    def close(self) -> None:
        """Note it."""
        self.is_open = False
