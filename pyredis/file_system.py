"""The file system, as persistence knows it (:mod:`pyredis.services.files`)."""

from __future__ import annotations

import contextlib
import os
from typing import BinaryIO

_MODE = 0o644


class AppendedFile:
    """A file open for appending, without a buffer."""

    def __init__(self, path: str, flags: int) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, _MODE)

    def write(self, data: bytes) -> int:
        """Write at the end; return how many bytes were taken."""
        return os.write(self._descriptor, data)

    def sync(self) -> None:
        """Wait until all that was written is on the disk."""
        # Times of access and change are of no interest.
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def truncate(self, size: int) -> None:
        """Cut off what is behind so many bytes."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Give it back."""
        os.close(self._descriptor)


class FileSystem:
    """Files by their paths."""

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or directory."""
        return os.path.exists(path)

    def is_directory(self, path: str) -> bool:
        """Tell whether there is a directory."""
        return os.path.isdir(path)

    def make_directory(self, path: str) -> None:
        """Make a directory, unless it is there already."""
        os.makedirs(path, 0o755, exist_ok=True)

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        return os.stat(path).st_size

    def read_all(self, path: str, most: int) -> bytes:
        """Return what is in a file, so many bytes of it at most."""
        with open(path, "rb") as file:
            return file.read(most)

    def open_to_read(self, path: str) -> BinaryIO:
        """Open a file for reading."""
        return open(path, "rb", buffering=0)

    def open_to_append(self, path: str, *, empty: bool = False) -> AppendedFile:
        """Open a file for appending, made if it is not there, and emptied if so told."""
        return AppendedFile(path, os.O_APPEND | (os.O_TRUNC if empty else 0))

    def truncate(self, path: str, size: int) -> None:
        """Cut a file off behind so many bytes."""
        os.truncate(path, size)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, that of a file that goes by it included."""
        os.replace(old, new)

    def remove(self, path: str) -> None:
        """Remove a file; it may be gone already."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def sync_directory(self, path: str) -> None:
        """Wait until the names in a directory are on the disk."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
