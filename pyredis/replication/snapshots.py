"""
Snapshots of the data set, as bytes of an RDB file.

A snapshot shows the data as it was when it was begun. It is read piece by
piece, by whoever has room for the next piece.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.persistence.rdb_reader import Record

_PIECE_BYTES = 1 << 18


class Contents(NamedTuple):
    """What a snapshot is to hold: the keys, the function libraries."""

    data: bool = True
    functions: bool = True


class Snapshot(Protocol):
    """A snapshot that is being made."""

    def read(self) -> bytes | None:
        """
        Return the next piece, nothing if it is not ready yet, or None at the end.

        Raises:
            OSError: It could not be made.
        """

    def close(self) -> None:
        """Let go of it, finished or not."""


def rdb_pieces(server: Instance, contents: Contents) -> Iterator[bytes]:
    """Yield an RDB file with the data as it is while the pieces are asked for."""
    settings, keyspace = server.settings, server.keyspace
    aux = [
        (b"redis-ver", server.facts["redis_version"].encode()),
        (b"redis-bits", b"64"),
        (b"ctime", b"%d" % (keyspace.now_ms // 1000)),
        (b"repl-stream-db", b"0"),
        (b"repl-id", server.replication_id.encode()),
        (b"repl-offset", b"%d" % server.replication.offset),
        (b"aof-base", b"0"),
    ]
    return write_rdb(
        _records(server) if contents.data else (),
        ValueWriter(settings.rdb_version, settings.rdbcompression),
        sizes={db.number: (len(db.values), len(db.deadlines)) for db in keyspace.databases},
        aux=aux,
        functions=_libraries(server) if contents.functions else (),
        checking=settings.rdbchecksum,
    )


def _records(server: Instance) -> Iterator[Record]:
    for db in server.keyspace.databases:
        deadline_of = db.deadlines.get
        for key, value in db.values.items():
            yield db.number, key, value, deadline_of(key), None, None


def _libraries(server: Instance) -> Iterator[bytes]:
    for library in server.scripting.libraries.libraries.values():
        yield library.code


class MadeAtOnce:
    """A snapshot that is complete as soon as it is begun, where no process can be forked."""

    def __init__(self, server: Instance, contents: Contents) -> None:
        self._pieces = iter(list(rdb_pieces(server, contents)))

    def read(self) -> bytes | None:
        """Return the next piece."""
        return next(self._pieces, None)

    def close(self) -> None:
        """Drop what was not read."""
        self._pieces = iter(())


class Forked:
    """
    A snapshot made by a child process, which has the data as they were at the fork.

    Args:
        server: Whose data.
        contents: What of them.

    Raises:
        OSError: No process can be forked.
    """

    def __init__(self, server: Instance, contents: Contents) -> None:
        self._end, child_end = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._end)
            os.close(child_end)
            raise
        if not self._pid:
            _write_and_exit(child_end, rdb_pieces(server, contents))
        os.close(child_end)
        os.set_blocking(self._end, False)

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
        status = self._reap()
        if status:
            raise OSError(f"the child process ended with status {status}")
        return None

    def _reap(self) -> int:
        pid, self._pid = self._pid, 0
        if not pid:
            return 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def close(self) -> None:
        """End the child, if it is still there."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1
        if self._pid:
            os.kill(self._pid, 9)
            self._reap()


def _write_and_exit(descriptor: int, pieces: Iterator[bytes]) -> NoReturn:
    """Be the child: write all pieces and end without a trace of the parent's business."""
    status = 1
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
        status = 0
    finally:
        os._exit(status)


def take_snapshot(server: Instance, contents: Contents) -> Snapshot:
    """
    Begin a snapshot.

    Raises:
        OSError: It cannot be made now.
    """
    return Forked(server, contents) if hasattr(os, "fork") else MadeAtOnce(server, contents)
