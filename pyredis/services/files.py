"""What persistence asks of the file system, as protocols; :mod:`pyredis.file_system` has it."""

from __future__ import annotations

from typing import Protocol

from pyredis.persistence.aof_writer import AppendFile


class ReadFile(Protocol):
    """A file that is open for reading; its methods raise OSError."""

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end and none behind it."""

    def close(self) -> None:
        """Give it back."""


class Files(Protocol):
    """Files by their paths; all methods raise OSError when they cannot do it."""

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or directory."""

    def is_directory(self, path: str) -> bool:
        """Tell whether there is a directory."""

    def make_directory(self, path: str) -> None:
        """Make a directory, unless it is there already."""

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""

    def read_all(self, path: str, most: int) -> bytes:
        """Return what is in a file, so many bytes of it at most."""

    def open_to_read(self, path: str) -> ReadFile:
        """Open a file for reading."""

    def open_to_append(self, path: str, *, empty: bool = False) -> AppendFile:
        """Open a file for appending, made if it is not there, and emptied if so told."""

    def truncate(self, path: str, size: int) -> None:
        """Cut a file off behind so many bytes."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, that of a file that goes by it included."""

    def remove(self, path: str) -> None:
        """Remove a file; it may be gone already."""

    def sync_directory(self, path: str) -> None:
        """Wait until the names in a directory are on the disk."""
