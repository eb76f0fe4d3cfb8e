"""All data as a file."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_reader import RdbReader
from pyredis.services.snapshots import snapshot, write_file
from tests.commands.session import START_S, Session
from tests.services.memory_files import MemoryFiles


class SnapshotTests(SynchronousTestCase):
    """Snapshots have everything."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()

    def read(self, **how: object) -> tuple[RdbReader, list[object]]:
        """Return what a reader finds in a snapshot."""
        reader = RdbReader(self.session.server.limits)
        data = b"".join(snapshot(self.session.server, **how))  # type: ignore[arg-type]
        return reader, [*reader.feed(data), *reader.finish()]

    def test_everything(self) -> None:
        """Keys of all databases, deadlines, functions and what is told of the file."""
        code = b"#!lua name=l\nredis.register_function('f', function() end)"
        self.session.do("FUNCTION", "LOAD", code)
        self.session.do("SET", "a", "1", "PX", 5000)
        self.session.do("SELECT", 3)
        self.session.do("RPUSH", "b", "x")
        reader, records = self.read(aux=[(b"repl-id", b"abc")])

        self.assertEqual(records[0], (0, b"a", 1, START_S * 1000 + 5000, None, None))
        self.assertEqual(records[1][:2], (3, b"b"))  # type: ignore[index]
        self.assertEqual(reader.functions, [code])
        self.assertEqual(reader.aux[b"repl-id"], b"abc")
        self.assertEqual(reader.aux[b"aof-base"], b"0")
        self.assertEqual(reader.sizes, {0: (1, 1), 3: (1, 0)})

    def test_usage(self) -> None:
        """How keys were used is written if the eviction policy goes by it."""
        self.session.server.settings.maxmemory_policy = "allkeys-lru"
        self.session.server.keyspace.track_accesses()
        self.session.do("SET", "a", "1")
        self.session.clock.advance(7)
        self.session.do("PING")
        _, records = self.read()

        self.assertEqual(records[0][4:], (7, None))  # type: ignore[index]

    def test_progress(self) -> None:
        """How far it is, is told now and then."""
        self.session.do("DEBUG", "POPULATE", 1)
        for number in range(1030):
            self.session.do("SET", number, "x")
        told: list[int] = []
        self.read(on_keys=told.append)

        self.assertEqual(told, [1024, 1030])


class WritingTests(SynchronousTestCase):
    """Files are written so that they are on the disk."""

    def test_synced(self) -> None:
        """At the end, and in between if it is large."""
        for incremental, syncs in ((True, 3), (False, 1)):
            files = MemoryFiles()
            write_file(files, "f", [b"x" * (5 << 20)] * 2, incremental=incremental)

            self.assertEqual(files.contents["f"].syncs, syncs)
            self.assertEqual(len(files.contents["f"].synced), 10 << 20)
            self.assertFalse(files.contents["f"].is_open)

    def test_no_room(self) -> None:
        """A disk that fails is told of, and the file is closed."""
        for method in ("write", "sync"):
            files = MemoryFiles()
            files.failing[method] = errno.ENOSPC
            self.assertRaises(OSError, write_file, files, "f", [b"x"])
            self.assertFalse(files.contents["f"].is_open)
