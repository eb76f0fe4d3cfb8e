"""A file system in memory whose disk can fail, a child that runs when told, and a thread."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.services.child_process import Work
from pyredis.services.steps import Steps, finish
from tests.persistence.faulty_files import FaultyFile


def in_one_step(work: Callable[[], int]) -> Work:
    """Return work that is done in a single step, whatever the keys are."""

    def steps(frozen: FrozenKeyspace | None) -> Steps[int]:
        yield None
        return work()

    return steps


class MemoryFiles:
    """
    Files by their paths.

    Attributes:
        contents: Path to file.
        failing: What fails, by the method's name, with the number of its error.
        directories: Those that were made.
    """

    def __init__(self, **contents: bytes) -> None:
        self.contents: dict[str, FaultyFile] = {}
        self.failing: dict[str, int] = {}
        self.directories: set[str] = set()
        self.room: int | None = None

    def put(self, path: str, data: bytes) -> None:
        """Let there be a file."""
        self.contents[path] = FaultyFile(data)
        self.directories.add(os.path.dirname(path))

    def data(self, path: str) -> bytes:
        """Return what is in a file."""
        return bytes(self.contents[path].data)

    @property
    def names(self) -> list[str]:
        """The paths of all files."""
        return sorted(self.contents)

    def _may(self, method: str) -> None:
        number = self.failing.get(method)
        if number:
            raise OSError(number, os.strerror(number))

    def _found(self, path: str) -> FaultyFile:
        if path not in self.contents:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self.contents[path]

    def exists(self, path: str) -> bool:
        """See Files."""
        return path in self.contents or path in self.directories

    def is_directory(self, path: str) -> bool:
        """See Files."""
        return path in self.directories

    def make_directory(self, path: str) -> None:
        """See Files."""
        self._may("make_directory")
        self.directories.add(path)

    def size(self, path: str) -> int:
        """See Files."""
        return len(self._found(path).data)

    def read_all(self, path: str, most: int) -> bytes:
        """See Files."""
        self._may("read_all")
        return bytes(self._found(path).data[:most])

    def open_to_read(self, path: str) -> Reading:
        """See Files."""
        self._may("open_to_read")
        return Reading(self, bytes(self._found(path).data))

    def open_to_append(self, path: str, *, empty: bool = False) -> FaultyFile:
        """See Files."""
        self._may("open_to_append")
        file = self.contents.setdefault(path, FaultyFile())
        if empty:
            file.data.clear()
        file.sync_error = self.failing.get("sync", 0)
        file.room = 0 if "write" in self.failing else None
        return file

    def truncate(self, path: str, size: int) -> None:
        """See Files."""
        self._may("truncate")
        self._found(path).truncate(size)

    def rename(self, old: str, new: str) -> None:
        """See Files."""
        self._may("rename")
        self._may(f"rename {os.path.basename(new)}")
        self.contents[new] = self._found(old)
        del self.contents[old]

    def remove(self, path: str) -> None:
        """See Files."""
        self._may("remove")
        self.contents.pop(path, None)

    def sync_directory(self, path: str) -> None:
        """See Files."""
        self._may("sync_directory")


class Reading:
    """A file that is read in portions."""

    def __init__(self, files: MemoryFiles, data: bytes) -> None:
        self._files = files
        self._data = data

    def read(self, count: int) -> bytes:
        """See ReadFile."""
        self._files._may("read")
        data, self._data = self._data[:count], self._data[count:]
        return data

    def close(self) -> None:
        """See ReadFile."""


class Thread:
    """Runs what it is given when told."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[[], None], Callable[[OSError | None], None]]] = []

    def __call__(self, work: Callable[[], None], done: Callable[[OSError | None], None]) -> None:
        """Take a job."""
        self.jobs.append((work, done))

    def run(self) -> None:
        """Do all jobs."""
        while self.jobs:
            work, done = self.jobs.pop(0)
            error: OSError | None = None
            try:
                work()
            except OSError as raised:
                error = raised
            done(error)


class Child:
    """A child process that works at once and ends when told."""

    def __init__(self) -> None:
        self.kind = ""
        self.pid = 0
        self.started_ms = 0
        self.code = 0
        self.starts = 0
        self.copied_bytes = 0
        self.cannot_start = False
        self._done: Any = None

    @property
    def is_active(self) -> bool:
        """Whether it has begun and not ended."""
        return bool(self.pid)

    def start(self, kind: str, work: Work, done: Any) -> int:
        """Do the work as the process that would have been forked."""
        if self.cannot_start:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        self.starts += 1
        self.kind, self.pid, self._done = kind, os.getpid(), done
        self.code = finish(work(None))
        return self.pid

    def end(self, signal: int = 0, code: int | None = None) -> None:
        """End, by a signal or by itself."""
        self.kind, self.pid = "", 0
        self._done(0 if signal else self.code if code is None else code, signal)

    def report(self, keys: int) -> None:
        """See ChildProcess."""

    def poll(self) -> None:
        """It ends when told."""

    def kill(self) -> None:
        """End without a word."""
        self.kind, self.pid = "", 0
