"""
Writing a base: all data as they are, as a snapshot or as commands.

Done in a child process, which sees the data as they were when it was forked; or
in the server itself, when there are no data yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis._version import REDIS_VERSION
from pyredis.persistence.aof_rewriter import write_commands
from pyredis.persistence.aof_writer import AofWriter
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.persistence.rdb_reader import Record
    from pyredis.services.files import Files

_SYNC_EVERY_BYTES = 4 << 20

_log = Logger()


def write_base(server: Instance, files: Files, path: str) -> bool:
    """
    Write all data to a file that is then on the disk; return whether that worked.

    Args:
        server: Whose data.
        files: The file system.
        path: Where to. What is there already is written over.
    """
    try:
        file = files.open_to_append(path, empty=True)
    except OSError as error:
        _log.warn(
            "Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): {why}",
            why=error.strerror,
        )
        return False
    try:
        _write_all(AofWriter(file), server)
    except (OSError, OverflowError) as error:
        _log.warn(
            "Write error writing append only file on disk: {why}",
            why=getattr(error, "strerror", None) or str(error),
        )
        return False
    finally:
        file.close()
    return True


def _write_all(writer: AofWriter, server: Instance) -> None:
    step = _SYNC_EVERY_BYTES if server.settings.aof_rewrite_incremental_fsync else 0
    for portion in _portions(server):
        writer.append(portion)
        writer.write()
        if step and writer.size - writer.synced_size >= step:
            writer.sync()
    writer.sync()


def _portions(server: Instance) -> Iterator[bytes]:
    settings = server.settings
    functions = [each.code for each in server.scripting.libraries.libraries.values()]
    records = records_of(server)
    if settings.aof_use_rdb_preamble:
        return write_rdb(
            records,
            ValueWriter(settings.rdb_version, settings.rdbcompression),
            sizes={
                db.number: (len(db.values), len(db.deadlines))
                for db in server.keyspace.databases
                if db.values
            },
            aux=_aux(server),
            functions=functions,
            checking=settings.rdbchecksum,
        )
    timestamp = server.keyspace.clock() // 1000 if settings.aof_timestamp_enabled else None
    return write_commands(records, functions=functions, timestamp=timestamp)


def _aux(server: Instance) -> list[tuple[bytes, bytes]]:
    return [
        (b"redis-ver", REDIS_VERSION.encode()),
        (b"redis-bits", b"64"),
        (b"ctime", b"%d" % (server.keyspace.clock() // 1000)),
        (b"used-mem", b"%d" % server.fact("used_memory")),
        (b"aof-base", b"1"),
    ]


def records_of(server: Instance) -> Iterator[Record]:
    """Yield all keys; with ``rdb-key-save-delay`` slowly, which is for tests."""
    keyspace, settings = server.keyspace, server.settings
    pause_us = settings.rdb_key_save_delay
    for db in keyspace.databases:
        deadline_of = db.deadlines.get
        for key, value in db.values.items():
            yield db.number, key, value, deadline_of(key), None, None
            if pause_us > 0:
                server.host.sleep(pause_us / 1e6)
