"""
Where a server keeps its data: snapshots and the append-only file, put together.

Loads what there is before a server says that it is ready, in slices between
which clients are told so, and gives persistence its files, its thread and its
child process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.errors import RedisError
from pyredis.execution.instance import Instance
from pyredis.file_system import FileSystem
from pyredis.services.append_only_files import AppendOnlyError
from pyredis.services.append_only_service import AppendOnlyService
from pyredis.services.child_process import ChildProcess
from pyredis.services.listeners import ListenerService
from pyredis.services.loading import Loading, LoadingFailed, Steps
from pyredis.services.replacement import Replacement
from pyredis.services.sliced_work import SlicedWork
from pyredis.services.snapshot_service import SnapshotService

OnHistory = Callable[[Mapping[bytes, bytes], Sequence[tuple[int, bytes]]], None]
"""Called with what a file says beside its keys, and the keys that were due and not loaded."""


class BackgroundThread:
    """
    One thread for what may take long on a disk; jobs are done in the order they come.

    Args:
        reactor: In whose thread the outcome is told.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pool: ThreadPoolExecutor | None = None

    def __call__(self, work: Callable[[], None], done: Callable[[OSError | None], None]) -> None:
        """Do some work in the thread, then tell the outcome in the reactor's."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "pyredis-disk")

        def run() -> None:
            error: OSError | None = None
            try:
                work()
            except OSError as raised:
                error = raised
            self._reactor.callFromThread(done, error)

        self._pool.submit(run)

    def close(self) -> None:
        """Wait until all is done."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


class Durability:
    """
    The persistence of one server.

    Args:
        server: Whose data are kept.
        reactor: Twisted's reactor.
        clock: ``IReactorTime``.
        listeners: Whose clients are to be answered when their writes are safe.
        keeps_snapshots: Whether there are snapshots, to be loaded at start.
        forks: Whether the process is ours to fork.

    Attributes:
        loading: Loads snapshots.
        snapshots: Saves them, None if there are none.
        append_only: The append-only file.
        replacement: Replaces the data by those of a primary.
        child: What writes in the background.
        give_up: Called when the server cannot start, to end it.
        failure: Why the data could not be loaded, in one line; None if they could.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        reactor: Any,
        clock: Any,
        listeners: ListenerService,
        *,
        keeps_snapshots: bool,
        forks: bool,
    ) -> None:
        self._server = server
        self._reactor = reactor
        self._listeners = listeners
        self._thread = BackgroundThread(reactor)
        self._next_slice: Any = None
        self._snapshot: Deferred[None] | None = None
        self._ready: Callable[[], None] = lambda: None
        self._awaiting: list[Deferred[None]] = []
        self._is_ready = False
        self._is_prepared = False
        self._files = FileSystem()
        self.loading = Loading(server)
        self.failure: str | None = None
        self.give_up: Callable[[], None] = lambda: None
        self.on_history: OnHistory = lambda aux, expired: None
        self._forks = forks
        self.child = ChildProcess(server) if forks else SlicedWork(server, self._thread)
        self.append_only = AppendOnlyService(
            server, self._files, self.child, self._thread, self.loading, clock
        )
        self.append_only.in_round = listeners.is_reading
        self.append_only.listen = self._listen
        server.append_only = self.append_only
        self.replacement = Replacement(server, self.loading, self.append_only)
        self.snapshots: SnapshotService | None = None
        if keeps_snapshots:
            self.snapshots = SnapshotService(server, self._files, self.child, self.loading, clock)
            server.snapshots = self.snapshots
        extras = server.facts["persistence_extras"]
        server.facts.update(
            persistence_extras=lambda: {**extras(), **self.loading.fields()},
            rdb_last_load_keys_expired=lambda: self.loading.keys_expired,
            rdb_last_load_keys_loaded=lambda: self.loading.keys_loaded,
        )
        server.settings.observe("appendonly", self.append_only.apply_setting)
        server.settings.observe("aof-disable-auto-gc", self.append_only.remove_history)

    def call_in_children(self, call: Callable[[str], None]) -> None:
        """Have a function called in each child that is forked, with what the child does."""
        if isinstance(self.child, ChildProcess):
            self.child.on_fork.append(call)

    def start(self, ready: Callable[[], None]) -> None:
        """Load what there is, then say that the server is ready."""
        self._ready = ready
        if not self._server.settings.appendonly:
            self._load_snapshot()
            return
        self.loading.begin(0)
        self._advance(self.append_only.load())

    def when_ready(self) -> Deferred[None]:
        """
        Wait until everybody is served.

        Returns:
            A Deferred; it fails with :class:`LoadingFailed` if there are data that
            cannot be loaded.
        """
        result: Deferred[None] = Deferred()
        if self._is_ready:
            result.callback(None)
        else:
            self._awaiting.append(result)
        return result

    def _be_ready(self) -> None:
        self._is_ready = True
        self._ready()
        awaiting, self._awaiting = self._awaiting, []
        for each in awaiting:
            each.callback(None)

    def _load_snapshot(self) -> None:
        snapshots = self.snapshots
        try:
            steps = self._loading_steps(snapshots.path) if snapshots else None
        except LoadingFailed:
            self._snapshot_failed(Failure())
            return
        if steps is None:
            self._be_ready()
            return
        self._snapshot = self.loading.in_slices(steps)
        self._snapshot.addCallbacks(lambda _: self._snapshot_loaded(), self._snapshot_failed)

    def _loading_steps(self, path: str) -> Steps | None:
        expired: list[tuple[int, bytes]] = []
        return self.loading.file(
            self._files,
            path,
            # What is due on a replica goes when its primary says so.
            keeping_expired=self._server.settings.replicaof is not None,
            on_expired=lambda number, key: expired.append((number, key)),
            on_end=lambda reader: self.on_history(reader.aux, expired),
        )

    def _snapshot_loaded(self) -> None:
        self._log.info("DB loaded from disk: {seconds:.3f} seconds", seconds=self.loading.elapsed_s)
        self._keep_for_good()
        self._be_ready()

    def _keep_for_good(self) -> None:
        """Spare the garbage collector what was loaded, in a process that is ours."""
        if self._forks:
            gc.freeze()

    def _snapshot_failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if isinstance(failure.value, LoadingFailed):
            self._log.error("The RDB file {path} cannot be loaded:", path=self._snapshot_path)
            for line in failure.value.lines:
                self._log.error("{line}", line=line)
        else:
            self._log.failure("Loading the RDB file failed unexpectedly", failure)
        self._fail(f"the RDB file {self._snapshot_path}: {failure.value}")

    @property
    def _snapshot_path(self) -> str:
        return self.snapshots.path if self.snapshots else ""

    def _advance(self, steps: Iterator[None]) -> None:
        """Load one slice more."""
        self._next_slice = None
        try:
            if next(steps, steps) is None:
                self._next_slice = self._reactor.callLater(0, self._advance, steps)
                return
            self._end_loading()
            self.append_only.open()
        except AppendOnlyError:
            self._append_only_failed()
        except Exception:
            self._log.failure("Loading the append only file failed unexpectedly")
            self._append_only_failed()
        else:
            self._be_ready()

    def _append_only_failed(self) -> None:
        folder = self._server.settings.appenddirname
        self._fail(f"the append-only file in {folder}: see the log, or ask pyredis-check about it")

    def _end_loading(self) -> None:
        keyspace = self._server.keyspace
        keyspace.saved_at = keyspace.dirty
        self.loading.end()
        self._keep_for_good()

    def _fail(self, why: str) -> None:
        """Refuse to serve other data than those there are."""
        self.failure = why
        awaiting, self._awaiting = self._awaiting, []
        for each in awaiting:
            each.errback(LoadingFailed(why))
        self.give_up()

    def _listen(self, wanted: bool) -> None:
        """Hear of all that is done, and hold replies back until it is written."""
        append_only = self.append_only
        if wanted:
            self._server.propagation.add(append_only)
            self._listeners.hold_replies_for(append_only.end_round)
        else:
            self._server.propagation.remove(append_only)
            self._listeners.hold_replies_for(None)

    def join(self, parent: MultiService) -> None:
        """Start and stop with a server."""
        self.append_only.setServiceParent(parent)
        if self.snapshots is not None:
            self.snapshots.setServiceParent(parent)

    def pause(self, paused: bool) -> None:
        """Stop all periodic work, or go on with it."""
        self.append_only.paused = paused
        if self.snapshots is not None:
            self.snapshots.paused = paused

    def prepare_shutdown(self, save: bool | None, force: bool) -> None:
        """
        Let the disk have everything.

        Args:
            save: Whether to save a snapshot; None if that is for the save points to say.
            force: Whether to end though it fails.

        Raises:
            RedisError: It cannot yet; the server goes on unless forced.
        """
        # What is not there in full must not take the place of what is on the disk.
        if self._is_prepared or not self._is_ready:
            return
        try:
            self.append_only.prepare_shutdown(force)
            if self.snapshots is not None:
                self.snapshots.prepare_shutdown(save, force)
        except RedisError:
            self._log.warn(
                "Errors trying to shut down the server. Check the logs for more information."
            )
            raise
        self._is_prepared = True

    def remove_temporary(self) -> None:
        """Remove what is written of a snapshot: the process ends before it is done."""
        if self.snapshots is not None:
            self.snapshots.remove_temporary()

    def stop(self) -> None:
        """Load no further, and wait for the disk."""
        if self._next_slice is not None and self._next_slice.active():
            self._next_slice.cancel()
        if self._snapshot is not None:
            self._snapshot.cancel()
        self._thread.close()
