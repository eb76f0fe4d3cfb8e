"""
The append-only file of one server: everything that is done is written down.

What propagation hands over is appended here, and written before the replies of
the round leave (:mod:`~pyredis.services.append_only_flush`). Turned on while
the server runs, it first writes a base; what is done meanwhile goes to an
increment without a number, which gets one when there is a base to go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.persistence.aof_rewriter import timestamp_annotation
from pyredis.services.append_only_base import write_base
from pyredis.services.append_only_files import AppendOnlyError, AppendOnlyFiles
from pyredis.services.append_only_flush import Flusher, InThread
from pyredis.services.append_only_loading import AppendOnlyLoader
from pyredis.services.append_only_rewrite import Rewriter
from pyredis.wire.request_encoder import encode_request

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.services.child_process import ChildProcess
    from pyredis.services.files import Files
    from pyredis.services.loading import Loading

Effect = tuple[int, Sequence[bytes]]

_TICK_S = 0.1
_TICKS_A_SECOND = 10

OFF = "off"
ON = "on"
WAITING = "waiting for the first base"


class AppendOnlyService(Service):
    """
    Appends, rewrites and loads.

    Args:
        server: Whose commands are appended.
        files: The file system.
        child: What writes a base in the background.
        in_thread: Where syncs are done that nobody waits for.
        loading: Loads snapshots.
        clock: ``IReactorTime``.

    Attributes:
        state: :data:`OFF`, :data:`ON` or :data:`WAITING`.
        flusher: Writes what was appended.
        listen: Lets effects be fed from now on (True) or no longer.
        in_round: Tells whether a round of reading is under way, whose end will
            call :meth:`end_round`.
        paused: True while DEBUG PAUSE-CRON 1 holds.
    """

    _log = Logger()
    name = "append-only"

    def __init__(
        self,
        server: Instance,
        files: Files,
        child: ChildProcess,
        in_thread: InThread,
        loading: Loading,
        clock: Any,
    ) -> None:
        self._server = server
        self._loading = loading
        self._settings = server.settings
        self._keyspace = server.keyspace
        self._files = files
        self._child = child
        self._clock = clock
        self._directory = AppendOnlyFiles(server.settings, files)
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self._ticks = 0
        self._is_flush_due = False
        self._database = -1
        self._timestamp_s = 0
        self._size = 0
        self._base_size = 0
        self._base_offset = 0
        self.state = OFF
        self.paused = False
        self.listen: Callable[[bool], None] = lambda wanted: None
        self.in_round: Callable[[], bool] = lambda: False
        self.flusher = Flusher(server, in_thread, lambda: child.is_active)
        self.flusher.on_written = self._written
        self._rewriter = Rewriter(
            server, self._directory, files, child, self._begin_rewrite, self._take_base,
            self._rewrite_over,
        )  # fmt: skip
        self._state_facts()

    # Starting

    def load(self) -> Iterator[None]:
        """
        Load what there is, in slices.

        Raises:
            AppendOnlyError: It cannot be loaded; why is in the log.
        """
        began = self._server.timer()
        self._directory.read_manifest()
        loader = AppendOnlyLoader(self._server, self._directory, self._files, self._loading)
        yield from loader.steps()
        self._size, self._base_size = loader.total_bytes, loader.base_bytes
        if self._directory.manifest.parts:
            self._log.info(
                "DB loaded from append only file: {seconds:.3f} seconds",
                seconds=(self._server.timer() - began) / 1e9,
            )

    def open(self) -> None:
        """
        Go on where the file ends, once it is loaded; an empty server begins one.

        Raises:
            AppendOnlyError: It cannot be opened; why is in the log.
        """
        directory = self._directory
        directory.make_directory()
        if not directory.manifest.parts:
            manifest = directory.manifest.copy()
            base = manifest.new_base(directory.stem, as_rdb=self._settings.aof_use_rdb_preamble)
            if not write_base(self._server, self._files, directory.path(base.name)):
                raise AppendOnlyError
            self._log.info("Creating AOF base file {name} on server start", name=base.name)
            directory.manifest = manifest
        self.flusher.writer = directory.open_last_increment()
        directory.remove_history()
        self.state = ON
        self.listen(True)
        self._look_after()

    def stopService(self) -> None:
        """Write and sync what there is, and end what runs."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        self._rewriter.stop()
        self.flusher.close()
        self.listen(False)
        self.state = OFF

    def prepare_shutdown(self, force: bool) -> None:
        """
        Write and sync everything.

        Raises:
            RedisError: The first base is not written yet: the data would be lost.
        """
        if self._rewriter.is_running:
            if self.state == WAITING:
                if not force:
                    self._log.warn("Writing initial AOF, can't exit.")
                    raise RedisError("Errors trying to SHUTDOWN. Check logs.")
                self._log.warn("Writing initial AOF. Exit anyway.")
            self._log.warn("There is a child rewriting the AOF. Killing it!")
            self._rewriter.stop()
        if self.state != OFF:
            self._log.info("Calling fsync() on the AOF file.")
            self.flusher.flush(force=True)
            self.flusher.sync_now()

    # Appending

    def feed(self, effects: Sequence[Effect]) -> None:
        """
        Append what one command did.

        Args:
            effects: In order, with the number of the database of each, negative for
                what needs none.

        Raises:
            RedisError: The client could be answered at once, but what it wrote is not
                on the disk as it should be.
        """
        writer = self.flusher.writer
        if writer is None or self._keyspace.loading:
            return
        append = writer.append
        if self._settings.aof_timestamp_enabled:
            self._annotate(append)
        for number, argv in effects:
            if number != self._database and number >= 0:
                self._select(number, append)
            append(encode_request(argv))
        if not self._is_flush_due:
            self._arrange_flush()

    def feed_requests(self, database: int, data: bytes) -> None:
        """
        Append what commands did one after the other, as encoded requests to one database.

        Raises:
            RedisError: As :meth:`feed` does.
        """
        writer = self.flusher.writer
        if writer is None or self._keyspace.loading:
            return
        if self._settings.aof_timestamp_enabled:
            self._annotate(writer.append)
        if database != self._database:
            self._select(database, writer.append)
        writer.append(data)
        if not self._is_flush_due:
            self._arrange_flush()

    def _select(self, database: int, append: Callable[[bytes], None]) -> None:
        self._database = database
        append(encode_request((b"SELECT", b"%d" % database)))

    def _annotate(self, append: Callable[[bytes], None]) -> None:
        """Note the time, once a second."""
        now_s = self._keyspace.now_ms // 1000
        if now_s > self._timestamp_s:
            self._timestamp_s = now_s
            append(timestamp_annotation(now_s))

    def _arrange_flush(self) -> None:
        """See to it that what was appended is written: by the end of the round, if there is one."""
        if self.in_round():
            self._is_flush_due = True
        elif self._settings.appendfsync == "always":
            # Whoever caused it may be answered at once.
            if not self.end_round():
                raise RedisError(
                    f"Errors writing to the AOF file: {self.error_text}", code="MISCONF"
                )
        else:
            self._is_flush_due = True
            self._server.soon(self._flush_soon)

    def _flush_soon(self) -> None:
        self._is_flush_due = False
        self.flusher.flush()

    def end_round(self) -> bool:
        """
        Write what was appended, before the replies of a round leave.

        Returns:
            False if no reply may leave.
        """
        self._is_flush_due = False
        return self.flusher.end_round()

    def _written(self, count: int) -> None:
        self._size += count

    # execution.ports.AppendOnly

    @property
    def is_on(self) -> bool:
        """Whether what is done is appended, now or when the first base is written."""
        return self.state != OFF

    @property
    def error_text(self) -> str | None:
        """What is wrong with the disk, in the system's words; None if nothing is."""
        return self.flusher.error_text if self.state != OFF else None

    @property
    def synced_offset(self) -> int:
        """How far the stream of all writes is on the disk, -1 while nothing is appended."""
        if self.state == OFF:
            return -1
        return self.flusher.synced_offset if self.state == ON else 0

    @property
    def appended_offset(self) -> int:
        """How far the stream of all writes has come."""
        return self.flusher.appended_offset

    def call_when_synced(self, call: Callable[[], None]) -> None:
        """Call a function when :attr:`synced_offset` has moved."""

        def tell() -> None:
            # Not at once: replies that are held back until then have to leave first.
            if len(self._server.waiting_room):
                self._server.soon(call)

        self.flusher.on_synced = tell

    def rewrite(self, *, later: bool) -> str:
        """Write a new base in the background, as BGREWRITEAOF asks."""
        if self._rewriter.is_running:
            raise RedisError("Background append only file rewriting already in progress")
        self._look_after()
        if self._child.is_active or later:
            self._rewriter.is_scheduled = True
            self._rewriter.failures = 0
            return "scheduled"
        try:
            self._rewriter.start()
        except AppendOnlyError:
            raise RedisError(
                "Can't execute an AOF background rewriting. Please check the server logs for "
                "more information."
            ) from None
        return "started"

    def reload(self) -> None:
        """Forget all data and load the file, as DEBUG LOADAOF asks."""
        keyspace = self._server.keyspace
        self.flusher.flush(force=True)
        for db in keyspace.databases:
            db.clear()
        self._loading.begin(0)
        try:
            for _ in self.load():
                pass
            self._directory.remove_history()
        except AppendOnlyError:
            raise RedisError("Error trying to load the AOF files, check server logs.") from None
        finally:
            self._loading.end()
        keyspace.saved_at = keyspace.dirty
        self._log.info("Append Only File loaded by DEBUG LOADAOF")

    def set_flush_sleep(self, microseconds: int) -> None:
        """Sleep before each writing, as DEBUG AOF-FLUSH-SLEEP asks."""
        self.flusher.sleep_us = microseconds

    # Turning it on and off

    def remove_history(self) -> None:
        """Remove superfluous files, if the configuration allows it now."""
        self._directory.remove_history()

    def apply_setting(self) -> None:
        """
        Begin or end appending as ``appendonly`` says.

        Raises:
            ValueError: It cannot begin.
        """
        if not self._settings.appendonly:
            if self.state != OFF:
                self._turn_off()
        elif self.state == OFF:
            self._turn_on()

    def _turn_on(self) -> None:
        self.state = WAITING
        self.listen(True)
        self._look_after()
        if self._child.is_active and not self._rewriter.is_running:
            self._rewriter.is_scheduled = True
            self._log.info(
                "AOF was enabled but there is already another background operation. An AOF "
                "background was scheduled to start when possible."
            )
        elif self._server.transactions.is_running:
            self._rewriter.is_scheduled = True
            self._log.info(
                "AOF was enabled during a transaction. An AOF background was scheduled to start "
                "when possible."
            )
        else:
            self._start_first_rewrite()
        self.flusher.forgive()

    def _start_first_rewrite(self) -> None:
        if self._rewriter.is_running:
            # It has not seen what is done since it began.
            self._log.info(
                "AOF was enabled but there is already an AOF rewriting in background. Stopping "
                "background AOF and starting a rewrite now."
            )
            self._rewriter.stop()
        try:
            self._rewriter.start()
        except AppendOnlyError:
            self._turned_off()
            self._log.warn(
                "The server needs to enable the AOF but can't trigger a background AOF rewrite "
                "operation. Check the above logs for more info about the error."
            )
            raise ValueError("Unable to turn on AOF. Check server logs.") from None

    def _turn_off(self) -> None:
        self.flusher.close()
        self._rewriter.is_scheduled = False
        self._rewriter.stop()
        self._turned_off()

    def _turned_off(self) -> None:
        self.state = OFF
        self.listen(False)
        self._database = -1
        self._is_flush_due = False
        self.flusher.forget_errors()

    # Rewriting

    def _begin_rewrite(self) -> None:
        """Go on in a new increment: what the child is about to write is in those before."""
        self._database = -1
        flusher = self.flusher
        flusher.flush(force=True)
        self._base_offset = flusher.appended_offset
        if self.state == ON:
            if flusher.writer is not None and flusher.writer.torn:
                # What is missing can be written nowhere else.
                raise AppendOnlyError
            flusher.change_writer(self._directory.open_next_increment())
        elif self.state == WAITING:
            flusher.change_writer(self._directory.open_temporary_increment())

    def _take_base(self, path: str, as_rdb: bool) -> None:
        """Let a base that was written hold."""
        was_waiting = self.state == WAITING
        name = self._directory.take_base(
            path, as_rdb=as_rdb, is_on=self.state != OFF, was_temporary=was_waiting
        )
        writer = self.flusher.writer
        if self.state != OFF and writer is not None:
            self._size = self._directory.size_of(name) + writer.size
            self._base_size = self._size
        self._directory.remove_history()
        if was_waiting:
            self.state = ON
        self.flusher.held_elsewhere(self._base_offset)

    def _rewrite_over(self) -> None:
        """Begin again if there is still no base."""
        if self.state == WAITING:
            if self.flusher.writer is not None:
                self.flusher.drop_waiting()
                self.flusher.change_writer(None)
                self.flusher.forget_errors()
            self._directory.remove_temporary_increment()
            self._rewriter.is_scheduled = True

    # Now and then

    def _look_after(self) -> None:
        """Look after what was put off, from now on."""
        if self.running and not self._loop.running:
            self._loop.start(_TICK_S, now=False)

    def _tick(self) -> None:
        if self.paused:
            return
        if self.state == OFF and not (self._rewriter.is_running or self._rewriter.is_scheduled):
            self._loop.stop()
            return
        # A LoopingCall ends for good at the first exception.
        try:
            self._ticks += 1
            self._child.poll()
            self._rewriter.start_if_scheduled()
            if self.state == ON:
                self._rewriter.start_if_grown(self._size, self._base_size)
            if self.flusher.error_text is None:
                self.flusher.flush()
            elif not self._ticks % _TICKS_A_SECOND:
                self.flusher.retry()
        except Exception:
            self._log.failure("The append-only file could not be looked after")

    # Figures

    def _state_facts(self) -> None:
        rewriter, flusher = self._rewriter, self.flusher
        self._server.facts.update(
            aof_enabled=lambda: int(self.state != OFF),
            aof_rewrite_in_progress=lambda: int(rewriter.is_running),
            aof_rewrite_scheduled=lambda: int(rewriter.is_scheduled),
            aof_last_rewrite_time_sec=lambda: rewriter.last_seconds,
            aof_current_rewrite_time_sec=lambda: rewriter.seconds_so_far,
            aof_last_bgrewrite_status=lambda: "ok" if rewriter.last_is_ok else "err",
            aof_rewrites=lambda: rewriter.rewrites,
            aof_rewrites_consecutive_failures=lambda: rewriter.failures,
            aof_last_write_status=lambda: "ok" if flusher.error_text is None else "err",
            persistence_extras=self._extras,
        )

    def _extras(self) -> dict[str, object]:
        """Return the fields that are there only while the file is in use."""
        if not self._settings.appendonly:
            return {}
        writer = self.flusher.writer
        return {
            "aof_current_size": self._size,
            "aof_base_size": self._base_size,
            "aof_pending_rewrite": int(self._rewriter.is_scheduled),
            "aof_buffer_length": 0 if writer is None else writer.waiting_bytes,
            "aof_pending_bio_fsync": self.flusher.pending_syncs,
            "aof_delayed_fsync": self.flusher.delayed_syncs,
        }
