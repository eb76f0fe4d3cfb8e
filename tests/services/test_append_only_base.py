"""Tests of pyredis.services.append_only_base: all data to a file."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.aof_reader import AofReader
from pyredis.persistence.rdb_reader import RdbReader
from pyredis.services.append_only_base import records_of, write_base
from tests.commands.session import START_S, Session
from tests.services.memory_files import MemoryFiles


class BaseTests(SynchronousTestCase):
    """A snapshot, or commands."""

    def setUp(self) -> None:
        """Have some data."""
        self.session = Session()
        self.server = self.session.server
        self.session.do("SET", "k", "v", "PX", 1000)
        self.session.do("SELECT", 2)
        self.session.do("RPUSH", "l", "a", "b")
        self.files = MemoryFiles()

    def write(self) -> bytes:
        """Write a base and return it."""
        self.assertTrue(write_base(self.server, self.files, "/base"))
        self.assertEqual(self.files.contents["/base"].synced, self.files.data("/base"))
        return self.files.data("/base")

    def test_a_snapshot(self) -> None:
        """It says what it is for, and how many keys there are."""
        reader = RdbReader(self.server.limits)
        found = [*reader.feed(self.write()), *reader.finish()]
        self.assertEqual(
            [(number, key, deadline) for number, key, _, deadline, _, _ in found],
            [(0, b"k", START_S * 1000 + 1000), (2, b"l", None)],
        )
        self.assertEqual(reader.aux[b"aof-base"], b"1")
        self.assertEqual(reader.sizes, {0: (1, 1), 2: (1, 0)})

    def test_commands(self) -> None:
        """With the time, if that is asked for."""
        self.server.settings.aof_use_rdb_preamble = False
        self.server.settings.aof_timestamp_enabled = True
        reader = AofReader()
        found = list(reader.feed(self.write()))
        self.assertEqual(found[0], [b"SELECT", b"0"])
        self.assertEqual(found[-1], [b"RPUSH", b"l", b"a", b"b"])
        self.assertEqual(reader.timestamp, START_S)

    def test_it_is_synced_as_it_grows(self) -> None:
        """So that the end does not have to wait for all of it."""
        for number in range(6):
            self.session.do("SET", f"big{number}", b"%d" % number * (1 << 20))
        self.server.settings.rdbcompression = False
        self.write()
        self.assertGreater(self.files.contents["/base"].syncs, 1)
        self.server.settings.aof_rewrite_incremental_fsync = False
        self.files.contents.clear()
        self.write()
        self.assertEqual(self.files.contents["/base"].syncs, 1)

    def test_a_disk_that_fails(self) -> None:
        """Says so."""
        for failing in ("open_to_append", "write", "sync"):
            self.files.failing = {failing: errno.ENOSPC}
            self.assertFalse(write_base(self.server, self.files, "/base"))

    def test_slowly(self) -> None:
        """A test may want to look on."""
        slept: list[float] = []
        self.server.settings.rdb_key_save_delay = 1000
        self.server.host.sleep = slept.append  # type: ignore[method-assign]
        self.assertEqual(len(list(records_of(self.server))), 2)
        self.assertEqual(slept, [0.001, 0.001])
