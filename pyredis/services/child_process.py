"""
The one child process that writes a snapshot in the background.

A child is a fork: it sees the data as they were, does its work and ends, and
never comes back to the event loop. There is one at a time, whoever started it,
for each doubles what changes in memory meanwhile. That it ended is found out by
asking now and then.
"""

from __future__ import annotations

import gc
import os
import signal
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance

Done = Callable[[int, int], None]

KILL_SIGNAL = signal.SIGUSR1
"""What ends a child that is not wanted any more; to end by it is no failure."""

_STANDARD_STREAMS = 3


class ChildProcess:
    """
    At most one child of this server.

    Args:
        server: Whose data the child sees.

    Attributes:
        kind: What the child does (``rdb``, ``aof``), empty while there is none.
        pid: Its number, 0 while there is none.
        started_ms: When it began.
    """

    _log = Logger()

    def __init__(self, server: Instance) -> None:
        self._server = server
        self.kind = ""
        self.pid = 0
        self.started_ms = 0
        self._done: Done = lambda code, signal: None
        server.facts.update(total_forks=0, latest_fork_usec=0)

    @property
    def is_active(self) -> bool:
        """Whether there is a child."""
        return bool(self.pid)

    def start(self, kind: str, work: Callable[[], int], done: Done) -> int:
        """
        Fork.

        Args:
            kind: What the child does.
            work: Done in the child; returns the exit code.
            done: Called here with the exit code and the signal it ended by, or 0.

        Returns:
            The child's number.

        Raises:
            OSError: There is no room for another process.
        """
        timer, facts = self._server.timer, self._server.facts
        began = timer()
        pid = os.fork()
        if not pid:
            _become_child(work)
        elapsed = timer() - began
        facts["latest_fork_usec"] = elapsed // 1000
        facts["total_forks"] += 1
        self._server.timings.held_up("fork", elapsed)
        self.kind, self.pid, self._done = kind, pid, done
        self.started_ms = self._server.keyspace.clock()
        return pid

    def poll(self) -> None:
        """Find out whether the child has ended, and tell who started it."""
        if self.pid:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended(status, tell=True)

    def kill(self) -> None:
        """End the child and wait for that; who started it is not told."""
        if self.pid:
            os.kill(self.pid, KILL_SIGNAL)
            self._ended(os.waitpid(self.pid, 0)[1], tell=False)

    def _ended(self, status: int, *, tell: bool) -> None:
        done = self._done
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.kind, self.pid = "", 0
        if tell:
            done(code, number)


def _become_child(work: Callable[[], int]) -> Any:
    """Do the work and end; nothing of the parent's event loop may be touched."""
    code = 1
    try:
        # What is looked through is copied: let nothing look through everything.
        gc.disable()
        # The parent's handlers would wake up the parent.
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, KILL_SIGNAL, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        _close_sockets()
        code = work()
    finally:
        os._exit(code)


def _close_sockets() -> None:
    """Give back ports and connections: they are to end with the parent."""
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        descriptor = int(name)
        if descriptor < _STANDARD_STREAMS:
            continue
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.close(descriptor)
        except OSError:
            continue  # that of the listing itself
