"""
All data of a server as an RDB file: its bytes, in portions.

Who asks for the portions decides where they go and when: a file, the base of an
append-only file, a replica's socket; in a child process, which sees the data as
they were when it was forked, or at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pyredis._version import REDIS_VERSION
from pyredis.persistence.aof_writer import AofWriter
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.database import Database
    from pyredis.persistence.rdb_reader import Record
    from pyredis.services.files import Files

_SYNC_EVERY_BYTES = 4 << 20
_TOLD_EVERY = 1024

Usage = Callable[[bytes], tuple[int | None, int | None]]


def snapshot(
    server: Instance,
    *,
    is_base: bool = False,
    aux: Iterable[tuple[bytes, bytes]] = (),
    has_data: bool = True,
    has_functions: bool = True,
    on_keys: Callable[[int], None] = lambda keys: None,
) -> Iterator[bytes]:
    """
    Yield all data as an RDB file; nothing may change until the last portion is taken.

    Args:
        server: Whose data.
        is_base: Whether it is the base of an append-only file.
        aux: What else is to be told of the data (a primary's id and offset).
        has_data: Whether the keys are in it.
        has_functions: Whether the function libraries are.
        on_keys: Called with how many keys are written, now and then.
    """
    settings = server.settings
    libraries = server.scripting.libraries.libraries.values() if has_functions else ()
    return write_rdb(
        records_of(server, on_keys) if has_data else (),
        ValueWriter(settings.rdb_version, settings.rdbcompression),
        sizes={
            db.number: (len(db.values), len(db.deadlines))
            for db in server.keyspace.databases
            if db.values
        },
        aux=[*_aux(server), *aux, (b"aof-base", b"%d" % is_base)],
        functions=[each.code for each in libraries],
        checking=settings.rdbchecksum,
    )


def _aux(server: Instance) -> list[tuple[bytes, bytes]]:
    return [
        (b"redis-ver", REDIS_VERSION.encode()),
        (b"redis-bits", b"64"),
        (b"ctime", b"%d" % (server.keyspace.clock() // 1000)),
        (b"used-mem", b"%d" % server.fact("used_memory")),
    ]


def records_of(
    server: Instance, on_keys: Callable[[int], None] = lambda keys: None
) -> Iterator[Record]:
    """
    Yield all keys; with ``rdb-key-save-delay`` slowly, which is for tests.

    Args:
        server: Whose keys.
        on_keys: Called with how many were yielded, now and then.
    """
    keyspace = server.keyspace
    pause_us = server.settings.rdb_key_save_delay
    written = 0
    for db in keyspace.databases:
        deadline_of = db.deadlines.get
        usage = _usage(server, db)
        for key, value in db.values.items():
            if usage is None:
                yield db.number, key, value, deadline_of(key), None, None
            else:
                yield db.number, key, value, deadline_of(key), *usage(key)
            written += 1
            if not written % _TOLD_EVERY:
                on_keys(written)
            if pause_us > 0:
                server.host.sleep(pause_us / 1e6)
    on_keys(written)


def _usage(server: Instance, db: Database) -> Usage | None:
    """Return what tells how a key was used, if the eviction policy goes by that."""
    keyspace, policy = server.keyspace, server.settings.maxmemory_policy
    if db.accesses is None:
        return None
    counting = keyspace.frequency
    if policy.endswith("lfu") and counting is not None:
        return lambda key: (None, keyspace.access_count(db, key, counting))
    if policy.endswith("lru"):
        return lambda key: (keyspace.idle_ms(db, key) // 1000, None)
    return None


def write_file(
    files: Files, path: str, portions: Iterable[bytes], *, incremental: bool = True
) -> None:
    """
    Write a new file that is then on the disk; what is there already is written over.

    Args:
        files: The file system.
        path: Where to.
        portions: What to write.
        incremental: Whether to sync every few megabytes, so that the disk is
            never kept busy for long.

    Raises:
        OSError: It cannot be written.
    """
    writer = AofWriter(files.open_to_append(path, empty=True))
    try:
        for portion in portions:
            writer.append(portion)
            writer.write()
            if incremental and writer.size - writer.synced_size >= _SYNC_EVERY_BYTES:
                writer.sync()
        writer.sync()
    finally:
        writer.close()
