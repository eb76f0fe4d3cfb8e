"""
Rewriting the append-only file: a new base in the background, and what it makes superfluous.

While a child process writes the base, the server goes on in a new increment.
When the base is there, it takes the place of all that was before that
increment. If it fails nothing is lost: there is one increment more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.services.append_only_base import base_writing
from pyredis.services.append_only_files import AppendOnlyError
from pyredis.services.child_process import KILL_SIGNAL

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
    from pyredis.services.append_only_files import AppendOnlyFiles
    from pyredis.services.child_process import ChildProcess
    from pyredis.services.files import Files
    from pyredis.services.steps import Steps

KIND = "aof"
"""What the child process is called."""

_FAILURES_IN_A_ROW = 3
_LONGEST_DELAY_MINUTES = 60
_MINUTE_MS = 60_000


class RewriteLimit:
    """
    Holds back automatic rewrites that fail again and again: each leaves an increment behind.

    Args:
        now_ms: Returns the moment.
    """

    _log = Logger()

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._delay_minutes = 0
        self._next_ms = 0

    def holds(self, failures: int) -> bool:
        """Tell whether to wait, after so many failures in a row."""
        if failures < _FAILURES_IN_A_ROW:
            self._delay_minutes = self._next_ms = 0
            return False
        if self._next_ms:
            if self._now_ms() < self._next_ms:
                return True
            self._next_ms = 0
            return False
        self._delay_minutes = min(max(1, self._delay_minutes * 2), _LONGEST_DELAY_MINUTES)
        self._next_ms = self._now_ms() + self._delay_minutes * _MINUTE_MS
        self._log.warn(
            "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in "
            "{minutes} minutes",
            minutes=self._delay_minutes,
        )
        return True


class Rewriter:
    """
    Rewrites the append-only file of one server.

    Args:
        server: Whose data.
        directory: Where the file is.
        files: The file system.
        child: What writes.
        prepare: Called before the child is forked: goes on in a new increment.
            Raises AppendOnlyError if it cannot.
        take: Lets what was written to a path be the base; it is told whether
            that is a snapshot. Raises AppendOnlyError if it cannot.
        finished: Called when a rewrite is over, however it ended.

    Attributes:
        is_scheduled: Whether one is to begin as soon as it can.
        failures: How many failed in a row.
        rewrites: How many were begun.
        last_is_ok: Whether the last one was a success.
        last_seconds: How long the last one took, -1 before the first.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        directory: AppendOnlyFiles,
        files: Files,
        child: ChildProcess,
        prepare: Callable[[], None],
        take: Callable[[str, bool], None],
        finished: Callable[[], None],
    ) -> None:
        self._server = server
        self._directory = directory
        self._files = files
        self._child = child
        self._prepare = prepare
        self._take = take
        self._finished = finished
        self._limit = RewriteLimit(server.keyspace.clock)
        self._as_rdb = False
        self._path = ""
        self.is_scheduled = False
        self.failures = 0
        self.rewrites = 0
        self.last_is_ok = True
        self.last_seconds = -1

    @property
    def is_running(self) -> bool:
        """Whether a child is writing."""
        return self._child.kind == KIND

    @property
    def seconds_so_far(self) -> int:
        """How long it has been doing so, -1 if none is."""
        if not self.is_running:
            return -1
        return (self._server.keyspace.clock() - self._child.started_ms) // 1000

    def start(self) -> None:
        """
        Begin a rewrite.

        Raises:
            AppendOnlyError: It cannot begin.
        """
        if self._child.is_active:
            raise AppendOnlyError
        try:
            self._directory.make_directory()
            self._prepare()
            self.rewrites += 1
            self._as_rdb = self._server.settings.aof_use_rdb_preamble
            pid = self._fork()
        except AppendOnlyError:
            self.last_is_ok = False
            raise
        self._path = self._temporary_path(pid)
        self._log.info("Background append only file rewriting started by pid {pid}", pid=pid)
        self.is_scheduled = False

    def _fork(self) -> int:
        try:
            return self._child.start(KIND, self._work, self._ended)
        except OSError as error:
            self._log.warn(
                "Can't rewrite append only file in background: fork: {why}", why=error.strerror
            )
            raise AppendOnlyError from None

    def _temporary_path(self, pid: int) -> str:
        return self._directory.outer_path(f"temp-rewriteaof-bg-{pid}.aof")

    def _work(self, frozen: FrozenKeyspace | None) -> Steps[int]:
        """Write the base, in the child."""
        path = self._temporary_path(os.getpid())
        if not (yield from base_writing(self._server, self._files, path, frozen)):
            return 1
        self._log.info(
            "Successfully created the temporary AOF base file {name}", name=os.path.basename(path)
        )
        return 0

    def _ended(self, code: int, number: int) -> None:
        """Go on with what the child has written, or without it."""
        self.last_seconds = (self._server.keyspace.clock() - self._child.started_ms) // 1000
        if number:
            self._log.warn(
                "Background AOF rewrite terminated by signal {number}", number=int(number)
            )
            if number != KILL_SIGNAL:
                self._failed()
        elif code:
            self._log.warn("Background AOF rewrite terminated with error")
            self._failed()
        else:
            self._succeeded()
        self._directory.remove(self._path)
        self._finished()

    def _succeeded(self) -> None:
        self._log.info("Background AOF rewrite terminated with success")
        try:
            self._take(self._path, self._as_rdb)
        except AppendOnlyError:
            self._failed()
            return
        self.last_is_ok = True
        self.failures = 0
        self._log.info("Background AOF rewrite finished successfully")

    def _failed(self) -> None:
        self.last_is_ok = False
        self.failures += 1

    def stop(self) -> None:
        """End a rewrite that is not wanted any more."""
        if self.is_running:
            self._log.info("Killing running AOF rewrite child: {pid}", pid=self._child.pid)
            self._child.kill()
            self._directory.remove(self._path)

    def start_if_scheduled(self) -> None:
        """Begin what could not begin before."""
        if self.is_scheduled and not self._child.is_active and not self._limit.holds(self.failures):
            self._try()

    def start_if_grown(self, size: int, base_size: int) -> None:
        """Begin a rewrite if the file has grown as much as the configuration allows."""
        settings = self._server.settings
        percentage = settings.auto_aof_rewrite_percentage
        if self._child.is_active or not percentage or size <= settings.auto_aof_rewrite_min_size:
            return
        growth = size * 100 // (base_size or 1) - 100
        if growth >= percentage and not self._limit.holds(self.failures):
            self._log.info("Starting automatic rewriting of AOF on {growth}% growth", growth=growth)
            self._try()

    def _try(self) -> None:
        try:
            self.start()
        except AppendOnlyError:
            # Why is in the log; what is scheduled stays so.
            self.failures += 1
