"""Tests for :mod:`pyredis.services.sliced_work`."""

from __future__ import annotations

import errno
from collections.abc import Callable
from itertools import count
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.instance import Instance
from pyredis.keyspace.digest import digest_of_keyspace
from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.services.append_only_service import AppendOnlyService
from pyredis.services.loading import Loading
from pyredis.services.sliced_work import SlicedWork, in_this_thread
from pyredis.services.snapshot_service import SnapshotService
from pyredis.services.steps import Job, Steps
from tests.commands.session import Session
from tests.services.memory_files import MemoryFiles, in_one_step

_STEP_NS = 1_500_000  # by the timer: two steps are a slice


_TURN_S = 0.0001


class Turns:
    """A scheduler with which what is to happen soon happens at the next turn, as in a reactor."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def callLater(self, seconds: float, call: Callable[..., object], *args: object) -> Any:
        """Call later."""
        return self._clock.callLater(seconds or _TURN_S, call, *args)


def let_turns_pass(server: Instance) -> None:
    """Let a server's turns be apart, and each step take its time."""
    server.scheduler = Turns(server.scheduler)
    ticks = count(step=_STEP_NS)
    server.timer = lambda: next(ticks)


class SlicedWorkTests(SynchronousTestCase):
    """Work that goes on whenever there is time."""

    def setUp(self) -> None:
        """Have a server whose timer goes on by itself."""
        self.session = Session()
        self.server = self.session.server
        let_turns_pass(self.server)
        self.work = SlicedWork(self.server, in_this_thread)
        self.addCleanup(self.work.kill)
        self.ended: list[tuple[int, int]] = []
        self.done: list[int] = []

    def start(self, steps: Callable[[FrozenKeyspace | None], Steps[int]]) -> None:
        """Begin some work."""
        self.work.start("rdb", steps, lambda *how: self.ended.append(how))

    def counting(self, frozen: FrozenKeyspace | None) -> Steps[int]:
        """Count to six."""
        for number in range(6):
            self.done.append(number)
            yield None
        return 3

    def turn(self, seconds: float = _TURN_S) -> None:
        """Let one turn of the event loop pass."""
        self.session.clock.advance(seconds)

    def test_slices(self) -> None:
        """Each turn of the loop has one; the end is told when somebody looks."""
        self.start(self.counting)
        seen = [len(self.done)]
        while self.server.keyspace.frozen is not None:
            self.assertTrue(self.work.is_active)
            self.work.poll()
            self.turn()
            seen.append(len(self.done))
        self.assertEqual(seen, [2, 4, 6, 6])
        self.assertEqual((self.work.kind, self.ended), ("rdb", []))
        self.work.poll()
        self.work.poll()
        self.assertEqual(self.ended, [(3, 0)])
        self.assertFalse(self.work.is_active)

    def test_killed(self) -> None:
        """Nothing more happens, and nobody is told."""
        self.start(self.counting)
        self.work.kill()
        self.turn()
        self.assertEqual((self.work.pid, self.done, self.ended), (0, [0, 1], []))
        self.assertIsNone(self.server.keyspace.frozen)
        self.assertEqual(self.session.clock.getDelayedCalls(), [])

    def test_a_pause(self) -> None:
        """Work that can do nothing now costs no turns."""

        def steps(frozen: FrozenKeyspace | None) -> Steps[int]:
            yield 0.5
            self.done.append(1)
            return 0

        self.start(steps)
        self.turn(0.4)
        self.assertEqual(self.done, [])
        self.turn(0.2)
        self.assertEqual(self.done, [1])

    def test_a_failure_of_ours(self) -> None:
        """It is logged, and is a failure of the work."""
        self.start(in_one_step(lambda: 1 // 0))
        self.work.poll()
        self.assertEqual(self.ended, [(1, 0)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_killed_while_a_thread_works(self) -> None:
        """What the thread works on is closed when it comes back."""
        waiting: list[Callable[[OSError | None], None]] = []

        def in_thread(job: Job, done: Callable[[OSError | None], None]) -> None:
            waiting.append(done)

        def steps(frozen: FrozenKeyspace | None) -> Steps[int]:
            try:
                yield lambda: None
            finally:
                self.done.append(1)
            return 0

        self.work = SlicedWork(self.server, in_thread)
        self.start(steps)
        self.work.kill()
        self.assertEqual(self.done, [])
        self.start(self.counting)
        waiting.pop()(None)
        self.assertEqual(self.done, [0, 1, 1])
        self.assertTrue(self.work.is_active)


class PersistenceTests(SynchronousTestCase):
    """Files that are written while clients go on."""

    def setUp(self) -> None:
        """Have a server with data."""
        self.session = Session(save=(), enable_debug_command="yes", dir="d", appenddirname="a")
        server = self.session.server
        let_turns_pass(server)
        self.files = MemoryFiles()
        self.work = SlicedWork(server, in_this_thread)
        loading = Loading(server)
        self.snapshots = SnapshotService(server, self.files, self.work, loading, self.session.clock)
        server.snapshots = self.snapshots
        self.append_only = AppendOnlyService(
            server, self.files, self.work, in_this_thread, loading, self.session.clock
        )
        server.append_only = self.append_only
        for service in (self.snapshots, self.append_only):
            service.startService()
            self.addCleanup(service.stopService)
        for number in range(1500):
            self.session.do("SET", f"s{number}", number)
        for line in ("RPUSH l a b", "HSET h f v", "SET e v PX 50", "XADD x 1-1 f v"):
            self.session.do(*line.split())

    def info(self, field: str) -> str:
        """Return a field of INFO."""
        lines = self.session.do("INFO", "persistence").text.decode().split("\r\n")
        return dict(line.split(":") for line in lines if ":" in line)[field]

    def change(self) -> None:
        """Change everything."""
        for line in ("RPUSH l c", "HSET h f w", "XADD x 2-2 f v", "SET new 1", "SWAPDB 0 1"):
            self.session.do(*line.split())

    def test_bgsave(self) -> None:
        """The file has what was there when it was asked for, and INFO says how far it is."""
        digest = digest_of_keyspace(self.session.server.keyspace)
        self.session.do("BGSAVE")
        self.assertEqual(self.info("rdb_bgsave_in_progress"), "1")
        self.assertEqual(self.info("current_save_keys_total"), "1504")
        self.session.clock.advance(_TURN_S)
        self.change()
        self.assertEqual(self.session.error("BGSAVE"), b"ERR Background save already in progress")
        processed = []
        while self.session.server.keyspace.frozen is not None:
            processed.append(int(self.info("current_save_keys_processed")))
            self.session.clock.advance(_TURN_S)
        self.assertEqual(processed, sorted(processed))
        self.assertGreater(processed[-1], 0)
        self.session.clock.advance(0.1)
        self.assertEqual(self.info("rdb_bgsave_in_progress"), "0")
        self.assertEqual(self.info("rdb_last_bgsave_status"), "ok")
        self.assertEqual(self.info("rdb_changes_since_last_save"), "5")
        self.assertEqual(self.files.names, ["d/dump.rdb"])
        self.session.do("DEBUG", "RELOAD", "NOSAVE")
        self.session.do("SET", "e", "v", "PX", 50)  # it was due meanwhile
        self.assertEqual(digest_of_keyspace(self.session.server.keyspace), digest)

    def test_a_disk_that_is_full(self) -> None:
        """The save has failed, and leaves nothing behind."""
        for method in ("open_to_append", "write", "sync", "rename"):
            self.files.failing = {method: errno.ENOSPC}
            self.session.do("BGSAVE")
            self.session.clock.pump([_TURN_S] * 20 + [0.1])
            self.assertEqual(self.info("rdb_last_bgsave_status"), "err", method)
            self.assertEqual(self.files.names, [])
            self.assertIsNone(self.session.server.keyspace.frozen)

    def test_given_up(self) -> None:
        """Nothing is left when all keys go, and when the server does."""
        self.session.do("BGSAVE")
        self.session.do("FLUSHALL")
        self.assertEqual(self.info("rdb_bgsave_in_progress"), "0")
        self.session.do("SET", "a", 1)
        self.session.do("BGSAVE")
        self.snapshots.prepare_shutdown(save=False, force=False)
        self.assertEqual(self.files.names, [])

    def test_a_reload_meanwhile(self) -> None:
        """What is written at once does not touch what is written slowly."""
        self.session.do("BGSAVE")
        self.session.do("DEBUG", "RELOAD")
        self.session.clock.pump([_TURN_S] * 20 + [0.1])
        self.assertEqual(self.info("rdb_last_bgsave_status"), "ok")
        self.assertEqual(self.files.names, ["d/dump.rdb"])

    def test_rewriting(self) -> None:
        """The base of the append-only file, in both forms, has the data of its beginning."""
        for preamble in ("yes", "no"):
            self.session.do("CONFIG", "SET", "aof-use-rdb-preamble", preamble)
            self.session.do("BGREWRITEAOF")
            self.assertEqual(self.info("aof_rewrite_in_progress"), "1")
            self.session.do("RPUSH", "l", "later")
            self.session.clock.pump([_TURN_S] * 40 + [0.1])
            self.assertEqual(self.info("aof_rewrite_in_progress"), "0")
            self.assertEqual(self.info("aof_last_bgrewrite_status"), "ok")
            base = max(name for name in self.files.names if ".base." in name)
            held: Any = self.files.contents[base].data
            self.assertNotIn(b"later" if preamble == "yes" else b"later\r\nlater", bytes(held))
