"""
Where a server keeps its data: the append-only file, put together.

Loads what there is before a server says that it is ready, in slices between
which clients are told so, and gives persistence its files, its thread and its
child process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.execution.instance import Instance
from pyredis.file_system import FileSystem
from pyredis.services.append_only_files import AppendOnlyError
from pyredis.services.append_only_service import AppendOnlyService
from pyredis.services.child_process import ChildProcess
from pyredis.services.listeners import ListenerService

_LOADING = "loading"


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

    Attributes:
        append_only: The append-only file.
        child: What writes in the background.
        give_up: Called when the server cannot start, to end it.
        has_failed: Whether the data could not be loaded.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        reactor: Any,
        clock: Any,
        listeners: ListenerService,
    ) -> None:
        self._server = server
        self._reactor = reactor
        self._listeners = listeners
        self._thread = BackgroundThread(reactor)
        self._next_slice: Any = None
        self._started_ms = 0
        self.has_failed = False
        self.give_up: Callable[[], None] = lambda: None
        self.child = ChildProcess(server)
        self.append_only = AppendOnlyService(server, FileSystem(), self.child, self._thread, clock)
        self.append_only.in_round = listeners.is_reading
        self.append_only.listen = self._listen
        server.append_only = self.append_only
        server.settings.observe("appendonly", self.append_only.apply_setting)
        server.settings.observe("aof-disable-auto-gc", self.append_only.remove_history)

    def start(self, ready: Callable[[], None]) -> None:
        """Load what there is, then say that the server is ready."""
        if not self._server.settings.appendonly:
            ready()
            return
        keyspace = self._server.keyspace
        keyspace.loading = True
        self._started_ms = keyspace.now_ms
        self._server.dispatcher.watch_over(_LOADING)
        self._advance(self.append_only.load(), ready)

    def _advance(self, steps: Iterator[None], ready: Callable[[], None]) -> None:
        """Load one slice more."""
        self._next_slice = None
        try:
            if next(steps, steps) is None:
                self._next_slice = self._reactor.callLater(0, self._advance, steps, ready)
                return
            self._end_loading()
            self.append_only.open()
        except AppendOnlyError:
            self._fail()
        except Exception:
            self._log.failure("Loading the append only file failed unexpectedly")
            self._fail()
        else:
            ready()

    def _end_loading(self) -> None:
        keyspace = self._server.keyspace
        keyspace.loading = False
        keyspace.dirty = 0
        self._server.dispatcher.let_go(_LOADING)
        # What was loaded lives as long as the process.
        gc.freeze()

    def _fail(self) -> None:
        """Refuse to serve other data than those there are."""
        self.has_failed = True
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

    def prepare_shutdown(self, force: bool) -> None:
        """
        Let the disk have everything.

        Raises:
            RedisError: It cannot yet; the server goes on unless forced.
        """
        try:
            self.append_only.prepare_shutdown(force)
        except RedisError:
            self._log.warn(
                "Errors trying to shut down the server. Check the logs for more information."
            )
            raise

    def stop(self) -> None:
        """Load no further, and wait for the disk."""
        if self._next_slice is not None and self._next_slice.active():
            self._next_slice.cancel()
        self._thread.close()
