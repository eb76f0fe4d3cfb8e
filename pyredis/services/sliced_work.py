"""
Snapshots written in the background of the server's own process, a slice at a time.

For a server within another program, whose process is not ours to fork, and for
systems that cannot. What is written are the keys as they were at the beginning,
see :mod:`pyredis.keyspace.frozen_keyspace`; between two slices clients have
their turn.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.services.child_process import ChildProcess, Done, Work
from pyredis.services.steps import Job, Steps, advance, attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyredis.execution.instance import Instance

    InThread = Callable[[Job, Callable[[OSError | None], None]], None]

_SLICE_NS = 2_000_000


class SlicedWork(ChildProcess):
    """
    What takes the place of a child process, and looks like one to who starts it.

    Args:
        server: Whose data are worked on.
        in_thread: Does a job elsewhere, then tells here how it failed.
    """

    _log = Logger()

    def __init__(self, server: Instance, in_thread: InThread) -> None:
        super().__init__(server)
        self._in_thread = in_thread
        self._steps: Steps[int] | None = None
        self._frozen: FrozenKeyspace | None = None
        self._next: Any = None
        self._code = 0
        self._is_in_thread = False

    def start(self, kind: str, work: Work, done: Done) -> int:
        """
        Begin some work, with the keys as they are now.

        Args:
            kind: What it does.
            work: In steps.
            done: Called with the outcome and 0 by the first :meth:`poll` after the end.

        Returns:
            The number of this process.
        """
        keyspace = self._server.keyspace
        self.started_ms = self._told_ms = keyspace.clock()
        self.kind, self.pid, self._done = kind, os.getpid(), done
        self._frozen = FrozenKeyspace(keyspace)
        self._keys_expected = len(self._frozen)
        self._steps = work(self._frozen)
        # At once, for all that is looked at besides the keys.
        self._go_on(None)
        return self.pid

    def report(self, keys: int) -> None:
        """Take note of how many keys are written."""
        self._keys = keys

    def poll(self) -> None:
        """Tell who started it if it has ended."""
        if self.pid and self._steps is None:
            self.kind, self.pid = "", 0
            self._done(self._code, 0)
            self._keys = self._keys_expected = 0

    def kill(self) -> None:
        """Do nothing more of it; nobody is told."""
        steps, self._steps = self._steps, None
        if self._next is not None:
            self._next.cancel()
            self._next = None
        # What a thread is busy with ends first, see _job_done.
        if steps is not None and not self._is_in_thread:
            steps.close()
        self._is_in_thread = False
        self._let_go()
        self.kind, self.pid = "", 0
        self._keys = self._keys_expected = 0

    def _go_on(self, error: OSError | None) -> None:
        """
        Work for one slice.

        Args:
            error: How the job failed that ended the last one.
        """
        self._next = None
        steps, timer = self._steps, self._server.timer
        assert steps is not None
        until = timer() + _SLICE_NS
        try:
            while True:
                job = advance(steps, error)
                error = None
                if isinstance(job, float):
                    self._again(job)
                    return
                if job is not None:
                    self._is_in_thread = True
                    self._in_thread(job, partial(self._job_done, steps))
                    return
                if timer() >= until:
                    self._again(0)
                    return
        except StopIteration as end:
            self._code = end.value
        except Exception:
            self._log.failure("The work in the background failed unexpectedly")
            self._code = 1
        self._steps = None
        self._let_go()

    def _again(self, seconds: float) -> None:
        self._next = self._server.scheduler.callLater(seconds, self._go_on, None)

    def _job_done(self, steps: Steps[int], error: OSError | None) -> None:
        if steps is not self._steps:
            steps.close()
            return
        self._is_in_thread = False
        self._go_on(error)

    def _let_go(self) -> None:
        if self._frozen is not None:
            self._frozen.release()
            self._frozen = None


def in_this_thread(job: Job, done: Callable[[OSError | None], None]) -> None:
    """Do a job here and now; what a server without a thread is given."""
    done(attempt(job))
