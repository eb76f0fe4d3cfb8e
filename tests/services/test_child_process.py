"""Tests of pyredis.services.child_process: forks that do their work and end."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.child_process import KILL_SIGNAL, ChildProcess
from tests.commands.session import Session
from tests.services.memory_files import in_one_step


class ChildProcessTests(SynchronousTestCase):
    """Real forks."""

    def setUp(self) -> None:
        """Have a server without a child."""
        self.server = Session().server
        self.child = ChildProcess(self.server)
        self.addCleanup(self.child.kill)
        self.ended: list[tuple[int, int]] = []

    def start(self, work: Callable[[], int]) -> int:
        """Start a child."""
        return self.child.start("aof", in_one_step(work), lambda *how: self.ended.append(how))

    def wait(self) -> tuple[int, int]:
        """Wait for it to end; return how it did."""
        end = time.monotonic() + 20
        while self.child.is_active:
            assert time.monotonic() < end
            self.child.poll()
            time.sleep(0.005)
        return self.ended.pop()

    def test_it_does_its_work(self) -> None:
        """With the data of the moment it was started, and tells how it ended."""
        path = Path(tempfile.mkdtemp(dir=os.getcwd())) / "out"
        value = ["before"]

        def work() -> int:
            path.write_text(value[0])
            return 0

        pid = self.start(work)
        value[0] = "after"
        self.assertEqual((self.child.pid, self.child.kind), (pid, "aof"))
        self.assertEqual(self.wait(), (0, 0))
        self.assertEqual(path.read_text(), "before")
        self.assertEqual((self.child.pid, self.child.kind), (0, ""))
        self.assertEqual(self.server.fact("total_forks"), 1)
        path.unlink()
        path.parent.rmdir()

    def test_it_fails(self) -> None:
        """By its exit code, by an exception, by a signal."""
        self.start(lambda: 3)
        self.assertEqual(self.wait(), (3, 0))
        # The traceback would go to the parent's standard error.
        self.start(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2) and 1 // 0)
        self.assertEqual(self.wait(), (1, 0))
        self.start(lambda: time.sleep(30) or 0)
        os.kill(self.child.pid, signal.SIGKILL)
        self.assertEqual(self.wait(), (0, signal.SIGKILL))

    def test_it_is_killed(self) -> None:
        """And nobody is told."""
        pid = self.start(lambda: time.sleep(30) or 0)
        self.child.kill()
        self.assertFalse(self.child.is_active)
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)
        self.child.poll()
        self.assertEqual(self.ended, [])

    def test_the_signal_ends_it(self) -> None:
        """Whoever sends it."""
        pid = self.start(lambda: time.sleep(30) or 0)
        os.kill(pid, KILL_SIGNAL)
        self.assertEqual(self.wait(), (0, KILL_SIGNAL))

    def test_a_parent_that_is_gone(self) -> None:
        """It ends when it finds nobody to tell how far it is."""

        def work() -> int:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            for _ in range(2000):
                time.sleep(0.01)
                self.child.report(0)
            return 0

        self.start(work)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, self.child._pipe)
        os.close(nothing)
        self.assertEqual(self.wait(), (1, 0))
