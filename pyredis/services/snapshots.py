"""
All data of a server as an RDB file: its bytes, in portions.

Who asks for the portions decides where they go and when: a file, the base of an
append-only file, a replica's socket; in a child process, which sees the data as
they were when it was forked, at once, or in slices, of a frozen keyspace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pyredis._version import REDIS_VERSION
from pyredis.keyspace.frozen_keyspace import FrozenDatabase
from pyredis.persistence.aof_writer import AofWriter
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from pyredis.services.steps import Steps, finish

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
    from pyredis.keyspace.keyspace import Keyspace
    from pyredis.persistence.rdb_reader import Record
    from pyredis.services.files import Files

_SYNC_EVERY_BYTES = 4 << 20
_TOLD_EVERY = 1024

Usage = Callable[[bytes], tuple[int | None, int | None]]
_Contents = tuple["Database | FrozenDatabase", Iterable[tuple[bytes, Any]]]


def snapshot(
    server: Instance,
    *,
    is_base: bool = False,
    aux: Iterable[tuple[bytes, bytes]] = (),
    has_data: bool = True,
    has_functions: bool = True,
    on_keys: Callable[[int], None] = lambda keys: None,
    frozen: FrozenKeyspace | None = None,
) -> Iterator[bytes]:
    """
    Yield all data as an RDB file.

    Args:
        server: Whose data.
        is_base: Whether it is the base of an append-only file.
        aux: What else is to be told of the data (a primary's id and offset).
        has_data: Whether the keys are in it.
        has_functions: Whether the function libraries are.
        on_keys: Called with how many keys are written, now and then.
        frozen: The keys of which moment; without it those of now, which must not
            change until the last portion is taken.
    """
    settings = server.settings
    libraries = server.scripting.libraries.libraries.values() if has_functions else ()
    return write_rdb(
        records_of(server, on_keys, frozen) if has_data else (),
        ValueWriter(settings.rdb_version, settings.rdbcompression),
        sizes={
            db.number: (len(db.values), len(db.deadlines))
            for db in (frozen or server.keyspace).databases
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
    server: Instance,
    on_keys: Callable[[int], None] = lambda keys: None,
    frozen: FrozenKeyspace | None = None,
) -> Iterator[Record]:
    """
    Yield all keys; with ``rdb-key-save-delay`` slowly, which is for tests.

    Args:
        server: Whose keys.
        on_keys: Called with how many were yielded, now and then.
        frozen: The keys of which moment, without that pause; else those of now.
    """
    pause_us = 0 if frozen else server.settings.rdb_key_save_delay
    written = 0
    for db, items in _databases(server.keyspace, frozen):
        deadline_of = db.deadlines.get
        usage = _usage(server, db)
        for key, value in items:
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


def _databases(keyspace: Keyspace, frozen: FrozenKeyspace | None) -> Iterator[_Contents]:
    """Yield databases and what is in them."""
    if frozen is None:
        for db in keyspace.databases:
            yield db, db.values.items()
    else:
        for each in frozen.databases:
            yield each, each.take()


def _usage(server: Instance, db: Database | FrozenDatabase) -> Usage | None:
    """Return what tells how a key was used, if the eviction policy goes by that."""
    keyspace, policy = server.keyspace, server.settings.maxmemory_policy
    # How keys were used is not frozen: what it is by now tells as much.
    db = db.home if isinstance(db, FrozenDatabase) else db
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
    finish(file_writing(files, path, portions, incremental=incremental))


def file_writing(
    files: Files, path: str, portions: Iterable[bytes], *, incremental: bool = True
) -> Steps[None]:
    """
    Do what :func:`write_file` does, in steps.

    Args:
        files: See there, as for the rest.
        path: Where to.
        portions: What to write; a step takes one.
        incremental: Whether to sync now and then.
    """
    writer = AofWriter(files.open_to_append(path, empty=True))
    try:
        for portion in portions:
            writer.append(portion)
            writer.write()
            if incremental and writer.size - writer.synced_size >= _SYNC_EVERY_BYTES:
                yield writer.sync
            yield None
        yield writer.sync
    finally:
        writer.close()
