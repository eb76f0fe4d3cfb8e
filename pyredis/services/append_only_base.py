"""
Writing a base: all data as they are, as a snapshot or as commands.

Done in a child process, which sees the data as they were when it was forked; in
slices, of a frozen keyspace; or at once, when there are no data yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.persistence.aof_rewriter import write_commands
from pyredis.services.snapshots import file_writing, records_of, snapshot
from pyredis.services.steps import Steps, finish

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
    from pyredis.services.files import Files

_log = Logger()


def write_base(server: Instance, files: Files, path: str) -> bool:
    """
    Write all data to a file that is then on the disk; return whether that worked.

    Args:
        server: Whose data.
        files: The file system.
        path: Where to. What is there already is written over.
    """
    return finish(base_writing(server, files, path))


def base_writing(
    server: Instance, files: Files, path: str, frozen: FrozenKeyspace | None = None
) -> Steps[bool]:
    """
    Do what :func:`write_base` does, in steps.

    Args:
        server: Whose data.
        files: The file system.
        path: Where to.
        frozen: The keys of which moment; else those of now.
    """
    incremental = server.settings.aof_rewrite_incremental_fsync
    try:
        portions = _portions(server, frozen)
        yield from file_writing(files, path, portions, incremental=incremental)
    except (OSError, OverflowError) as error:
        _log.warn(
            "Write error writing append only file on disk: {why}",
            why=getattr(error, "strerror", None) or str(error),
        )
        return False
    return True


def _portions(server: Instance, frozen: FrozenKeyspace | None) -> Iterator[bytes]:
    settings = server.settings
    if settings.aof_use_rdb_preamble:
        return snapshot(server, is_base=True, frozen=frozen)
    return write_commands(
        records_of(server, frozen=frozen),
        functions=[each.code for each in server.scripting.libraries.libraries.values()],
        timestamp=server.keyspace.clock() // 1000 if settings.aof_timestamp_enabled else None,
    )
