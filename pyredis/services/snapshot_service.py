"""
The RDB file of one server: saved when asked, and by itself after so many changes.

A child process writes it under a temporary name, syncs it, and gives it the
final one; the server goes on meanwhile. SAVE and a shutdown do the same without
a child, and hold everybody up.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pyredis.errors import RedisError, Unexplained
from pyredis.services.child_process import KILL_SIGNAL
from pyredis.services.loading import LoadingFailed
from pyredis.services.snapshots import file_writing, snapshot
from pyredis.services.steps import Steps, finish

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
    from pyredis.services.child_process import ChildProcess
    from pyredis.services.files import Files
    from pyredis.services.loading import Loading

KIND = "rdb"
"""What the child process is called."""

_TICK_S = 0.1
_RETRY_S = 5
_REASON = "failing snapshots"


class SnapshotService(Service):
    """
    Saves, by itself and when asked.

    Args:
        server: Whose data are saved.
        files: The file system.
        child: What writes in the background.
        loading: What loads the file again (DEBUG RELOAD).
        clock: ``IReactorTime``.

    Attributes:
        last_save_s: When the data were last saved, in Unix seconds.
        last_is_ok: Whether the last attempt succeeded.
        paused: True while DEBUG PAUSE-CRON 1 holds.
    """

    _log = Logger()
    name = "snapshots"

    def __init__(
        self,
        server: Instance,
        files: Files,
        child: ChildProcess,
        loading: Loading,
        clock: Any,
    ) -> None:
        self._server = server
        self._settings = server.settings
        self._files = files
        self._child = child
        self._loading = loading
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self._is_scheduled = False
        self._pid = 0
        self._dirty_before = 0
        self._tried_s = 0
        self._saves = 0
        self._last_seconds = -1
        self._last_copied_bytes = 0
        self.last_save_s = server.keyspace.clock() // 1000
        self.last_is_ok = True
        self.paused = False
        server.settings.observe(("save", "stop-writes-on-bgsave-error"), self._look_out)
        self._state_facts()

    @property
    def path(self) -> str:
        """Where the file is."""
        name: str = self._settings.dbfilename
        return os.path.join(self._settings.dir, name)

    @property
    def is_running(self) -> bool:
        """Whether a child is saving."""
        return self._child.kind == KIND

    @property
    def is_failing(self) -> bool:
        """Whether the last one failed, and writes are refused for that."""
        settings = self._settings
        return bool(not self.last_is_ok and settings.stop_writes_on_bgsave_error and settings.save)

    def startService(self) -> None:
        """Begin to look whether it is time to save."""
        super().startService()
        self._loop.start(_TICK_S, now=False)

    def stopService(self) -> None:
        """End what runs."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        self._kill()

    # Here and now

    def save(self) -> None:
        """
        Save everything, and come back when that is done.

        Raises:
            RedisError: It cannot be done; why is in the log.
        """
        if self.is_running:
            raise RedisError("Background save already in progress")
        self._saves += 1
        self._save_here()

    def _save_here(self) -> None:
        if not self._write():
            raise Unexplained
        keyspace = self._server.keyspace
        keyspace.saved_at = keyspace.dirty
        self._succeeded()

    def _write(self) -> bool:
        """Write the file here and now; return whether that worked."""
        return finish(self._writing(None))

    def _work(self, frozen: FrozenKeyspace | None) -> Steps[int]:
        """Write the file in the background."""
        return 0 if (yield from self._writing(frozen)) else 1

    def _writing(self, frozen: FrozenKeyspace | None) -> Steps[bool]:
        """Write the file, in this process or as the child; return whether that worked."""
        files, path = self._files, self.path
        folder = os.path.dirname(path)
        temporary = self._temporary(os.getpid(), in_slices=frozen is not None)
        # Of a frozen moment it is not known any more how long the history was.
        aux = self._server.replication.place() if frozen is None else ()
        portions = snapshot(self._server, aux=aux, on_keys=self._child.report, frozen=frozen)
        try:
            yield from file_writing(
                files,
                temporary,
                portions,
                incremental=self._settings.rdb_save_incremental_fsync,
            )
        except (OSError, OverflowError) as error:
            self._log.warn(
                "Write error while saving DB to the disk, in {folder}: {why}",
                folder=folder,
                why=getattr(error, "strerror", None) or str(error),
            )
            self._remove(temporary)
            return False
        try:
            files.rename(temporary, path)
            files.sync_directory(folder or ".")
        except OSError as error:
            self._log.warn(
                "Error moving temp DB file {temporary} on the final destination {path}: {why}",
                temporary=temporary,
                path=path,
                why=error.strerror,
            )
            self._remove(temporary)
            return False
        self._log.info("DB saved on disk")
        return True

    def _temporary(self, pid: int, *, in_slices: bool = False) -> str:
        # In one process two may be written: one in slices, one at once meanwhile.
        name = f"temp-bg-{pid}.rdb" if in_slices else f"temp-{pid}.rdb"
        return os.path.join(self._settings.dir, name)

    def remove_temporary(self) -> None:
        """Remove what this process has written so far of a file that will not be whole."""
        self._remove(self._temporary(os.getpid()))

    def _remove(self, path: str) -> None:
        try:
            self._files.remove(path)
        except OSError as error:
            self._log.warn("Can't remove {path}: {why}", path=path, why=error.strerror)

    def _succeeded(self) -> None:
        self.last_save_s = self._server.keyspace.clock() // 1000
        self.last_is_ok = True
        self._look_out()

    def _failed(self) -> None:
        self.last_is_ok = False
        self._look_out()

    def _look_out(self) -> None:
        """See every command while writes are refused."""
        dispatcher = self._server.dispatcher
        (dispatcher.watch_over if self.is_failing else dispatcher.let_go)(_REASON)

    # In the background

    def save_in_background(self, *, later: bool, in_transaction: bool) -> str:
        """
        Save everything as it is now, in the background.

        Args:
            later: Begin when another child process has ended, if there is one.
            in_transaction: Not now, for a transaction is under way.

        Returns:
            ``started`` or ``scheduled``.

        Raises:
            RedisError: It cannot be done; why is in the log.
        """
        if self.is_running:
            raise RedisError("Background save already in progress")
        if self._child.is_active or in_transaction:
            if later or in_transaction:
                self._is_scheduled = True
                return "scheduled"
            raise RedisError(
                "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE "
                "SCHEDULE in order to schedule a BGSAVE whenever possible."
            )
        if not self._start():
            raise Unexplained
        return "started"

    def _start(self) -> bool:
        keyspace = self._server.keyspace
        self._saves += 1
        self._dirty_before = keyspace.dirty
        self._tried_s = keyspace.clock() // 1000
        try:
            pid = self._child.start(KIND, self._work, self._ended)
        except OSError as error:
            self._log.warn("Can't save in background: fork: {why}", why=error.strerror)
            self._failed()
            return False
        self._log.info("Background saving started by pid {pid}", pid=pid)
        self._pid = pid
        return True

    def _ended(self, code: int, signal: int) -> None:
        """Take note of how the child ended."""
        now_ms = self._server.keyspace.clock()
        self._last_seconds = (now_ms - self._child.started_ms) // 1000
        if signal:
            self._remove(self._temporary(self._pid, in_slices=self._pid == os.getpid()))
            self._log.warn("Background saving terminated by signal {signal}", signal=signal)
            if signal != KILL_SIGNAL:
                self._failed()
        elif code:
            self._log.warn("Background saving error")
            self._failed()
        else:
            self._log.info("Background saving terminated with success")
            self._last_copied_bytes = self._child.copied_bytes
            self._server.keyspace.saved_at = self._dirty_before
            self._succeeded()

    def _kill(self) -> None:
        """End a child whose work is of no use any more."""
        if self.is_running:
            self._child.kill()
            self._ended(0, KILL_SIGNAL)

    def all_flushed(self) -> None:
        """Let the file be empty as well, if the data are saved by themselves."""
        self._kill()
        if self._settings.save:
            # Why it failed is in the log.
            if not self._write():
                return
            keyspace = self._server.keyspace
            keyspace.saved_at = keyspace.dirty
            self._succeeded()

    def _tick(self) -> None:
        if self.paused:
            return
        # A LoopingCall ends for good at the first exception.
        try:
            self._child.poll()
            if not self._child.is_active and not self._server.keyspace.loading:
                self._start_if_due()
        except Exception:
            self._log.failure("The snapshots could not be looked after")

    def _start_if_due(self) -> None:
        keyspace = self._server.keyspace
        now_s = keyspace.clock() // 1000
        if not self.last_is_ok and now_s - self._tried_s <= _RETRY_S:
            return
        if self._is_scheduled:
            self._is_scheduled = not self._start()
            return
        changes = keyspace.dirty - keyspace.saved_at
        for point in self._settings.save:
            if changes >= point.changes and now_s - self.last_save_s > point.seconds:
                self._log.info(
                    "{changes} changes in {seconds} seconds. Saving...",
                    changes=point.changes,
                    seconds=point.seconds,
                )
                self._start()
                return

    # The end, and DEBUG

    def prepare_shutdown(self, save: bool | None, force: bool) -> None:
        """
        Save what is to be saved before the server ends.

        Args:
            save: Whether to; None if that is for the save points to say.
            force: Whether the server ends though it could not be saved.

        Raises:
            RedisError: It could not be saved: the server is to go on.
        """
        if self.is_running:
            self._log.warn("There is a child saving an .rdb. Killing it!")
            self._kill()
        if self._server.keyspace.loading:
            # What is not there yet must not take the place of what is.
            return
        if not (self._settings.save if save is None else save):
            return
        self._log.info("Saving the final RDB snapshot before exiting.")
        if self._write():
            return
        if not force:
            self._log.warn("Error trying to save the DB, can't exit.")
            raise RedisError("Errors trying to SHUTDOWN. Check logs.")
        self._log.warn("Error trying to save the DB. Exit anyway.")

    def reload(self, *, saving: bool, flushing: bool, merging: bool) -> None:
        """
        Save everything and load it, as DEBUG RELOAD asks.

        Args:
            saving: False to load the file that is there.
            flushing: False to keep what is in memory.
            merging: Whether keys of the file take the places of those in memory.

        Raises:
            RedisError: It cannot be done; why is in the log.
        """
        server = self._server
        if saving:
            self._save_here()
        if flushing:
            server.remove_all_keys(server.keyspace.databases)
            server.scripting.libraries.flush()
        try:
            steps = self._loading.file(self._files, self.path, replacing=merging)
            if steps is None:
                raise LoadingFailed(f"There is no file {self.path}")
            self._loading.at_once(steps)
        except LoadingFailed as error:
            for line in error.lines:
                self._log.error("{line}", line=line)
            raise RedisError("Error trying to load the RDB dump, check server logs.") from None
        self._log.info("DB reloaded by DEBUG RELOAD")

    # Figures

    def _state_facts(self) -> None:
        self._server.facts.update(
            rdb_bgsave_in_progress=lambda: int(self.is_running),
            rdb_last_save_time=lambda: self.last_save_s,
            rdb_last_bgsave_status=lambda: "ok" if self.last_is_ok else "err",
            rdb_last_bgsave_time_sec=lambda: self._last_seconds,
            rdb_current_bgsave_time_sec=self._seconds_so_far,
            rdb_saves=lambda: self._saves,
            rdb_last_cow_size=lambda: self._last_copied_bytes,
        )

    def _seconds_so_far(self) -> int:
        if not self.is_running:
            return -1
        return (self._server.keyspace.clock() - self._child.started_ms) // 1000
