"""
When what was appended is written to the file, and when that is synced.

It is written before the replies of a round leave, so that nothing is
acknowledged that only memory knows of. ``appendfsync always`` syncs it then as
well, once for all commands of the round; ``everysec`` does so once a second in
a thread, and puts off writing while the disk is still busy with the last sync.

A disk that is full or fails is told to clients (MISCONF) until it takes what
waits; that is tried once a second.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.persistence.aof_writer import AofWriter, PartlyWritten

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance

InThread = Callable[[Callable[[], None], Callable[[OSError | None], None]], None]
"""Runs its first argument in a thread, all of them in order, and then calls the second here."""

_FAILING = "append-only file failing"
_LOG_EVERY_S = 30
_LONGEST_POSTPONED_S = 2
# What a sync fails with when its file was closed meanwhile, or is none that can be synced.
_HARMLESS = frozenset({errno.EBADF, errno.EINVAL})


class Flusher:
    """
    Writes and syncs the append-only file of one server.

    Args:
        server: Whose commands are appended.
        in_thread: Where syncs are done that nobody waits for.
        child_is_active: Tells whether a child process is writing to the disk.

    Attributes:
        writer: The end of the current file; None while there is none.
        on_written: Called with how many bytes were written.
        written_offset: How many bytes were written since the start, whatever the file.
        synced_offset: How many of them are on the disk.
        on_synced: Called when :attr:`synced_offset` has moved.
        write_error: What the last write failed with, None if it did not.
        sync_error: The same of the last sync in a thread.
        delayed_syncs: How often writing did not wait any longer for a sync.
        pending_syncs: How many syncs are asked for and not done.
        sleep_us: How long to sleep before writing (DEBUG AOF-FLUSH-SLEEP).
    """

    _log = Logger()

    def __init__(
        self, server: Instance, in_thread: InThread, child_is_active: Callable[[], bool]
    ) -> None:
        self._server = server
        self._in_thread = in_thread
        self._child_is_active = child_is_active
        self.writer: AofWriter | None = None
        self.on_written: Callable[[int], None] = lambda count: None
        self.written_offset = 0
        self.synced_offset = 0
        self.on_synced: Callable[[], None] = lambda: None
        self.write_error: OSError | None = None
        self.sync_error: OSError | None = None
        self.delayed_syncs = 0
        self.pending_syncs = 0
        self.sleep_us = 0
        self._syncing: AofWriter | None = None
        self._last_sync_s = server.keyspace.now_ms // 1000
        self._postponed_since_s = 0
        self._logged_s = -_LOG_EVERY_S

    @property
    def error_text(self) -> str | None:
        """What is wrong with the disk, in the system's words; None if nothing is."""
        error = self.write_error or self.sync_error
        return None if error is None else (error.strerror or str(error))

    @property
    def appended_offset(self) -> int:
        """How many bytes were appended since the start, written or not."""
        return self.written_offset + (0 if self.writer is None else self.writer.waiting_bytes)

    @property
    def _now_s(self) -> int:
        return self._server.keyspace.now_ms // 1000

    def end_round(self) -> bool:
        """
        Write what the commands of a round have appended, before their replies leave.

        Returns:
            False if it had to be on the disk, and is not: no reply may leave.
        """
        if self.write_error is not None:
            # Writes are refused by now, and what else is appended is acknowledged to nobody.
            return True
        self.flush()
        return not self._has_failed() or self._server.settings.appendfsync != "always"

    def _has_failed(self) -> bool:
        return self.write_error is not None

    def flush(self, force: bool = False) -> None:
        """
        Write what waits, and sync it if it is time.

        Args:
            force: Even if the disk is busy with a sync.
        """
        writer = self.writer
        if writer is None:
            return
        policy = self._server.settings.appendfsync
        if writer.waits:
            if (
                policy == "everysec"
                and self._syncing is not None
                and not force
                and self._postpone()
            ):
                return
            if not self._write(writer, policy == "always" and not self._spares_disk()):
                return
        if writer.synced_size != writer.size and not self._spares_disk():
            self._sync_if_due(writer, policy)

    def retry(self) -> None:
        """Try again what failed or was put off; called now and then."""
        if self._postponed_since_s or self.write_error is not None:
            self.flush()
        elif self.sync_error is not None and self.writer is not None and self._syncing is None:
            self._start_sync(self.writer)

    def forgive(self) -> None:
        """Forget errors of a file that is used no more."""
        if self.sync_error is not None:
            self._log.warn("AOF reopen, just ignore the AOF fsync error in bio job")
        if self.write_error is not None:
            self._log.warn("AOF reopen, just ignore the last error.")
        self.forget_errors()

    def forget_errors(self) -> None:
        """Forget them without a word."""
        self.sync_error = self.write_error = None
        self._recovered()

    def change_writer(self, writer: AofWriter | None) -> None:
        """
        Go on in another file, with what could not be written to the one before.

        That one is synced in a thread, then closed. It must not be torn.
        """
        old, self.writer = self.writer, writer
        self._postponed_since_s = 0
        if old is not None:
            if writer is not None:
                writer.take_over(old)
            self._last_sync_s = self._now_s
            self._start_sync(old, close=True)

    def drop_waiting(self) -> None:
        """Forget what is not written: it is part of what a base will hold."""
        self.written_offset = self.appended_offset
        if self.writer is not None:
            self.writer.drop_waiting()

    def held_elsewhere(self, offset: int) -> None:
        """Take it that so much of all that was appended is on the disk, in a base."""
        self._move_offset(offset)

    def close(self) -> None:
        """Write, sync and close the file, at once."""
        writer = self.writer
        if writer is None:
            return
        self.flush(force=True)
        self.sync_now()
        self.writer = None
        # In the thread, behind whatever sync is still to come.
        self._in_thread(writer.close, lambda error: None)

    def sync_now(self) -> None:
        """Sync what is written, at once; tell the operator if it cannot be done."""
        if self.writer is None:
            return
        try:
            self.writer.sync()
        except OSError as error:
            self._log.warn("Fail to fsync the AOF file: {why}", why=error.strerror)
        else:
            self._last_sync_s = self._now_s
            self._move_offset(self.written_offset)

    # Writing

    def _spares_disk(self) -> bool:
        """Tell whether nothing is to be synced while a child writes."""
        spares: bool = self._server.settings.no_appendfsync_on_rewrite
        return spares and self._child_is_active()

    def _postpone(self) -> bool:
        """Tell whether to write later, for the disk is busy with a sync."""
        if not self._postponed_since_s:
            self._postponed_since_s = self._now_s
            return True
        if self._now_s - self._postponed_since_s < _LONGEST_POSTPONED_S:
            return True
        self.delayed_syncs += 1
        self._log.info(
            "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer "
            "without waiting for fsync to complete, this may slow down the server."
        )
        return False

    def _write(self, writer: AofWriter, synced: bool) -> bool:
        """Write what waits, and sync it if so told; return whether that worked."""
        if self.sleep_us:
            self._server.host.sleep(self.sleep_us / 1e6)
        timer = self._server.timer
        started = timer()
        size = writer.size
        self._postponed_since_s = 0
        try:
            written = writer.write_synced() if synced else writer.write()
        except OSError as error:
            self.written_offset += writer.size - size  # what could not be cut off again
            self._failed(error)
            return False
        self._timed(timer() - started, synced)
        self.on_written(written)
        self.written_offset += written
        if synced:
            self._last_sync_s = self._now_s
            self._move_offset(self.written_offset)
        if self.write_error is not None:
            self._log.info("AOF write error looks solved, the server can write again.")
            self.write_error = None
            self._recovered()
        return True

    def _timed(self, nanoseconds: int, synced: bool) -> None:
        held_up = self._server.timings.held_up
        if synced:
            held_up("aof-fsync-always", nanoseconds)
            return
        if self._syncing is not None:
            held_up("aof-write-pending-fsync", nanoseconds)
        elif self._child_is_active():
            held_up("aof-write-active-child", nanoseconds)
        else:
            held_up("aof-write-alone", nanoseconds)
        held_up("aof-write", nanoseconds)

    def _failed(self, error: OSError) -> None:
        """Refuse writes from now on."""
        what = "Error"
        self.write_error = error
        if isinstance(error, PartlyWritten):
            what = "Short write while"
            self.write_error = OSError(error.errno, os.strerror(errno.ENOSPC))
        self._server.dispatcher.watch_over(_FAILING)
        if self._now_s - self._logged_s >= _LOG_EVERY_S:
            self._logged_s = self._now_s
            self._log.warn("{what} writing to the AOF file: {why}", what=what, why=error.strerror)

    def _recovered(self) -> None:
        """Take writes again, if nothing else is wrong."""
        if self.error_text is None:
            self._server.dispatcher.let_go(_FAILING)

    # Syncing

    def _sync_if_due(self, writer: AofWriter, policy: str) -> None:
        if policy == "always":
            # The policy has changed, or syncing was not allowed before.
            try:
                writer.sync()
            except OSError as error:
                self._failed(error)
            else:
                self._move_offset(self.written_offset)
        elif policy == "everysec" and self._now_s > self._last_sync_s:
            if self._syncing is None:
                self._start_sync(writer)
            self._last_sync_s = self._now_s

    def _start_sync(self, writer: AofWriter, *, close: bool = False) -> None:
        """Sync what is written by now, in a thread."""
        size, offset = writer.size, self.written_offset
        self._syncing = None if close else writer
        self.pending_syncs += 1

        def work() -> None:
            try:
                writer.file.sync()
            finally:
                if close:
                    writer.close()

        def done(error: OSError | None) -> None:
            self.pending_syncs -= 1
            if self._syncing is writer:
                self._syncing = None
            if error is not None and error.errno not in _HARMLESS:
                self._sync_failed(error)
                return
            writer.synced_size = max(writer.synced_size, size)
            if self.sync_error is not None:
                self.sync_error = None
                self._recovered()
            self._move_offset(offset)

        self._in_thread(work, done)

    def _sync_failed(self, error: OSError) -> None:
        if self.sync_error is None:
            self._log.warn("Fail to fsync the AOF file: {why}", why=error.strerror)
        self.sync_error = error
        self._server.dispatcher.watch_over(_FAILING)

    def _move_offset(self, offset: int) -> None:
        if offset > self.synced_offset:
            self.synced_offset = offset
            self.on_synced()
