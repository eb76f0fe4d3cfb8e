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
from struct import Struct
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.services.steps import Steps, finish

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace

Done = Callable[[int, int], None]

Work = Callable[["FrozenKeyspace | None"], Steps[int]]
"""Work on the keys of a moment, or on those that are there; its outcome is an exit code."""

KILL_SIGNAL = signal.SIGUSR1
"""What ends a child that is not wanted any more; to end by it is no failure."""

_STANDARD_STREAMS = 3
_TELL_EVERY_MS = 1000
_MOST_READ = 1 << 16

_report = Struct("<QQ")


class ChildProcess:
    """
    At most one child of this server.

    Args:
        server: Whose data the child sees.

    Attributes:
        kind: What the child does (``rdb``, ``aof``), empty while there is none.
        pid: Its number, 0 while there is none.
        started_ms: When it began.
        copied_bytes: What it had to copy, for it was changed meanwhile, as last told.
        on_fork: Called in the child with what it does, before it does that.
    """

    _log = Logger()

    def __init__(self, server: Instance) -> None:
        self._server = server
        self.kind = ""
        self.pid = 0
        self.started_ms = 0
        self.copied_bytes = 0
        self._most_copied = 0
        self._done: Done = lambda code, signal: None
        self.on_fork: list[Callable[[str], None]] = []
        self._pipe = -1
        self._keys = self._keys_expected = 0
        self._told_ms = 0
        server.facts.update(total_forks=0, latest_fork_usec=0)
        self._state_facts()

    @property
    def is_active(self) -> bool:
        """Whether there is a child."""
        return bool(self.pid)

    def start(self, kind: str, work: Work, done: Done) -> int:
        """
        Fork.

        Args:
            kind: What the child does.
            work: Done in the child, on the keys that are there.
            done: Called here with the exit code and the signal it ended by, or 0.

        Returns:
            The child's number.

        Raises:
            OSError: There is no room for another process.
        """
        timer, facts = self._server.timer, self._server.facts
        keys = sum(map(len, self._server.keyspace.databases))
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        began = timer()
        try:
            pid = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if not pid:
            os.close(reading)  # only then it is noticed if the parent has no end any more
            self._pipe, self._keys_expected = writing, keys
            become_child(lambda: self._work(kind, work))
        os.close(writing)
        self._pipe = reading
        elapsed = timer() - began
        facts["latest_fork_usec"] = elapsed // 1000
        facts["total_forks"] += 1
        self._server.timings.held_up("fork", elapsed)
        self.kind, self.pid, self._done = kind, pid, done
        self._keys_expected = keys
        self.started_ms = self._told_ms = self._server.keyspace.clock()
        return pid

    def _work(self, kind: str, work: Work) -> int:
        """Work in the child."""
        for tell in self.on_fork:
            tell(kind)
        return finish(work(None))

    def report(self, keys: int) -> None:
        """
        Tell the parent how far this child is, once a second and at the end.

        Args:
            keys: How many are written.

        Raises:
            OSError: The parent is gone: nobody has a use for what is written.
        """
        now_ms = self._server.keyspace.clock()
        if self.pid or self._pipe < 0:
            return  # no child
        if keys < self._keys_expected and now_ms - self._told_ms < _TELL_EVERY_MS:
            return
        self._told_ms = now_ms
        os.write(self._pipe, _report.pack(keys, self._server.fact("private_bytes")))

    def poll(self) -> None:
        """Find out whether the child has ended, and tell who started it."""
        if self.pid:
            self._listen()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended(status, tell=True)

    def kill(self) -> None:
        """End the child and wait for that; who started it is not told."""
        if self.pid:
            os.kill(self.pid, KILL_SIGNAL)
            self._ended(os.waitpid(self.pid, 0)[1], tell=False)

    def _ended(self, status: int, *, tell: bool) -> None:
        self._listen()
        os.close(self._pipe)
        done, self._pipe = self._done, -1
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.kind, self.pid = "", 0
        if tell:
            done(code, number)
        self.copied_bytes = self._keys = self._keys_expected = self._most_copied = 0

    def _listen(self) -> None:
        """Take what the child has told."""
        try:
            data = os.read(self._pipe, _MOST_READ)
        except BlockingIOError:
            return
        if len(data) >= _report.size:
            # Reports are written whole; the last one counts.
            self._keys, self.copied_bytes = _report.unpack(data[-_report.size :])
            self._most_copied = max(self._most_copied, self.copied_bytes)
            self._told_ms = self._server.keyspace.clock()

    def _state_facts(self) -> None:
        self._server.facts.update(
            current_cow_peak=lambda: self._most_copied,
            current_cow_size=lambda: self.copied_bytes,
            current_cow_size_age=self._age_s,
            current_fork_perc=self._percentage,
            current_save_keys_processed=lambda: self._keys,
            current_save_keys_total=lambda: self._keys_expected,
        )

    def _age_s(self) -> int:
        if not self.copied_bytes:
            return 0
        return (self._server.keyspace.clock() - self._told_ms) // 1000

    def _percentage(self) -> str:
        expected = self._keys_expected
        return f"{100 * self._keys / expected if expected and self.pid else 0:.2f}"


def become_child(work: Callable[[], int], kept: int = -1) -> Any:
    """
    Do the work and end; nothing of the parent's event loop may be touched.

    Args:
        work: Returns the exit code.
        kept: The descriptor of a socket that is not closed.
    """
    code = 1
    try:
        # What is looked through is copied: let nothing look through everything.
        gc.disable()
        # The parent's handlers would wake up the parent.
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, KILL_SIGNAL, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        _close_sockets(kept)
        code = work()
    finally:
        os._exit(code)


def _close_sockets(kept: int) -> None:
    """Give back ports and connections but one: they are to end with the parent."""
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        descriptor = int(name)
        if descriptor < _STANDARD_STREAMS or descriptor == kept:
            continue
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.close(descriptor)
        except OSError:
            continue  # that of the listing itself
