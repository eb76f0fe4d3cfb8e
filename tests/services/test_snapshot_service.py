"""Saving, with files in memory and a child that ends when told."""

from __future__ import annotations

import errno
import signal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.special_types import SavePoint
from pyredis.errors import RedisError
from pyredis.services.loading import Loading
from pyredis.services.snapshot_service import SnapshotService
from tests.commands.session import Session
from tests.services.memory_files import Child, MemoryFiles, in_one_step


class SnapshotServiceTests(SynchronousTestCase):
    """The RDB file of a server."""

    def setUp(self) -> None:
        """Make a server that saves."""
        self.session = Session(save=(), enable_debug_command="yes", dir="d")
        server = self.session.server
        self.files, self.child = MemoryFiles(), Child()
        self.service = SnapshotService(
            server,
            self.files,
            self.child,  # type: ignore[arg-type]
            Loading(server),
            self.session.clock,
        )
        server.snapshots = self.service
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def info(self, field: str) -> str:
        """Return a field of INFO."""
        lines = self.session.do("INFO", "persistence").text.decode().split("\r\n")
        return dict(line.split(":") for line in lines if ":" in line)[field]

    def reloaded(self) -> list[Any]:
        """Return the values of a and b, as the file has them."""
        self.session.do("DEBUG", "RELOAD", "NOSAVE")
        return list(self.session.do("MGET", "a", "b"))

    def test_save(self) -> None:
        """What is saved comes back, and counts as saved."""
        self.session.do("SET", "a", "1")
        self.session.clock.advance(3)
        self.assertEqual(self.info("rdb_changes_since_last_save"), "1")
        self.session.do("SAVE")
        self.session.do("SET", "b", "2")

        self.assertEqual(self.files.names, ["d/dump.rdb"])
        self.assertEqual(self.info("rdb_changes_since_last_save"), "1")
        self.assertEqual(self.session.do("LASTSAVE"), self.session.server.keyspace.now_ms // 1000)
        self.assertEqual(self.reloaded(), [b"1", None])

    def test_in_the_background(self) -> None:
        """The file is there when the child has ended; what changed meanwhile is unsaved."""
        self.session.do("SET", "a", "1")
        self.assertEqual(self.session.sent("BGSAVE"), b"+Background saving started\r\n")
        self.session.do("SET", "b", "2")
        self.assertEqual(self.info("rdb_bgsave_in_progress"), "1")
        for command in ("SAVE", "BGSAVE"):
            self.assertEqual(
                self.session.error(command), b"ERR Background save already in progress"
            )
        self.session.clock.advance(2)
        self.child.end()

        self.assertEqual(self.info("rdb_bgsave_in_progress"), "0")
        self.assertEqual(
            self.info("rdb_last_bgsave_time_sec"), self.info("rdb_last_bgsave_time_sec")
        )
        self.assertEqual(self.info("rdb_changes_since_last_save"), "1")
        self.assertEqual(self.reloaded(), [b"1", None])

    def test_scheduled(self) -> None:
        """Another child goes first, and a transaction is finished."""
        self.child.start("aof", in_one_step(lambda: 0), lambda code, number: None)
        self.assertIn(b"Another child process", self.session.error("BGSAVE"))
        self.assertEqual(
            self.session.sent("BGSAVE", "SCHEDULE"), b"+Background saving scheduled\r\n"
        )
        self.child.end()
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.kind, "rdb")
        self.child.end()

        self.session.do("MULTI")
        self.session.do("BGSAVE")
        self.session.do("EXEC")
        self.assertEqual(self.child.kind, "")
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.kind, "rdb")

    def test_wrong_options(self) -> None:
        """BGSAVE knows one."""
        self.assertEqual(self.session.error("BGSAVE", "NOW"), b"ERR syntax error")

    def test_save_points(self) -> None:
        """After so many changes and seconds it is saved."""
        self.session.do("CONFIG", "SET", "save", "10 2")
        self.session.do("SET", "a", "1")
        self.session.clock.advance(20)
        self.assertEqual(self.child.starts, 0)
        self.session.do("SET", "a", "2")
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.starts, 1)

    def test_failures(self) -> None:
        """A disk that fails leaves the old file, nothing temporary, and a word for everybody."""
        for method in ("open_to_append", "write", "sync", "rename", "sync_directory"):
            with self.subTest(method):
                self.files.contents.clear()
                self.files.put("d/dump.rdb", b"old")
                self.files.failing = {method: errno.ENOSPC}
                self.assertEqual(self.session.error("SAVE"), b"ERR")
                self.assertEqual(self.files.names, ["d/dump.rdb"])
                if method != "sync_directory":
                    self.assertEqual(self.files.data("d/dump.rdb"), b"old")

    def test_writes_are_refused(self) -> None:
        """As long as saving fails, if that is configured."""
        self.session.server.settings.save = (SavePoint(900, 1),)
        self.files.failing["write"] = errno.ENOSPC
        self.session.do("BGSAVE")
        self.child.end()
        self.assertEqual(self.info("rdb_last_bgsave_status"), "err")
        self.assertTrue(self.session.error("SET", "a", "1").startswith(b"MISCONF Redis is config"))
        self.assertIsNone(self.session.do("GET", "a"))
        self.session.do("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        self.session.do("SET", "a", "1")
        self.session.do("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        self.files.failing.clear()
        self.session.do("SAVE")
        self.session.do("SET", "a", "1")
        self.assertEqual(self.info("rdb_last_bgsave_status"), "ok")

    def test_killed(self) -> None:
        """Only a signal that is not ours is a failure."""
        for number, status in ((signal.SIGUSR1, "ok"), (signal.SIGKILL, "err")):
            self.session.do("BGSAVE")
            self.child.end(number)
            self.assertEqual(self.info("rdb_last_bgsave_status"), status)

    def test_no_process(self) -> None:
        """Where none can be forked, that is a failure."""
        self.child.cannot_start = True
        self.assertEqual(self.session.error("BGSAVE"), b"ERR")
        self.assertEqual(self.info("rdb_last_bgsave_status"), "err")

    def test_flushed(self) -> None:
        """A running save ends; with save points the file is empty as well."""
        self.session.do("SET", "a", "1")
        self.session.do("BGSAVE")
        self.session.do("FLUSHALL")
        self.assertEqual(self.child.kind, "")
        self.assertEqual(self.info("rdb_changes_since_last_save"), "2")
        self.assertEqual(self.reloaded(), [b"1", None])

        self.session.server.settings.save = (SavePoint(900, 1),)
        self.session.do("FLUSHALL")
        self.assertEqual(self.reloaded(), [None, None])

    def test_shutdown(self) -> None:
        """What is saved then is for the save points to say, or for the one who asks."""
        self.service.prepare_shutdown(None, force=False)
        self.service.prepare_shutdown(False, force=False)
        self.assertEqual(self.files.names, [])
        self.service.prepare_shutdown(True, force=False)
        self.assertEqual(self.files.names, ["d/dump.rdb"])

        self.session.server.settings.save = (SavePoint(900, 1),)
        self.files.failing["rename"] = errno.EISDIR
        self.assertRaises(RedisError, self.service.prepare_shutdown, None, force=False)
        self.service.prepare_shutdown(None, force=True)

    def test_reload(self) -> None:
        """What is in memory gives way to the file, or is merged with it."""
        self.session.do("SET", "a", "1")
        self.session.do("DEBUG", "RELOAD")
        self.session.do("SET", "a", "2")
        self.session.do("SET", "b", "2")
        self.session.do("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")
        self.assertEqual(self.session.do("MGET", "a", "b"), [b"1", b"2"])
        self.assertIn(b"only supports", self.session.error("DEBUG", "RELOAD", "X"))
        self.files.contents.clear()
        self.assertIn(b"Error trying to load", self.session.error("DEBUG", "RELOAD", "NOSAVE"))
