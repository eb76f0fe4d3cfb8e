"""
The thread on which servers under test live.

It runs a reactor of its own, not the process's: that one may belong to the
application under test, to pytest-twisted, or may never be started.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from twisted.python import threadable

_T = TypeVar("_T")


class _ReactorThread:
    """A reactor on a daemon thread, started when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reactor: Any = None
        self._thread: threading.Thread | None = None

    def reactor(self) -> Any:
        """Return the reactor, running; a forked child gets one of its own."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._start()
            return self._reactor

    def is_current(self) -> bool:
        """Tell whether this is its thread."""
        return threading.current_thread() is self._thread

    def _start(self) -> None:
        self._reactor = _new_reactor()
        running = threading.Event()
        self._reactor.callWhenRunning(running.set)
        # Which thread Twisted takes for the reactor's is the application's affair.
        registered = threadable.ioThread
        self._thread = threading.Thread(
            target=self._reactor.run,
            kwargs={"installSignalHandlers": False},
            name="pyredis-for-tests",
            daemon=True,
        )
        self._thread.start()
        running.wait()
        threadable.ioThread = registered


def _new_reactor() -> Any:
    try:
        from twisted.internet.epollreactor import EPollReactor
    except ImportError:
        from twisted.internet.selectreactor import SelectReactor

        return SelectReactor()
    return EPollReactor()


_thread = _ReactorThread()


def reactor() -> Any:
    """Return the reactor of servers under test, running on its thread."""
    return _thread.reactor()


def run_on_reactor(call: Callable[[], _T]) -> _T:
    """Call a function on that thread and return what it returns, or raise what it raises."""
    if _thread.is_current():
        return call()
    # As ``blockingCallFromThread`` does, but with no Deferred and no queue: this is
    # called several times a test.
    results: list[_T] = []
    errors: list[BaseException] = []
    is_over = threading.Lock()
    is_over.acquire()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)
        finally:
            is_over.release()

    _thread.reactor().callFromThread(run)
    is_over.acquire()
    if errors:
        raise errors.pop()
    return results[0]


def wait_on_reactor(call: Callable[[], Deferred[_T]]) -> _T:
    """
    Call a function on that thread, and wait for what its Deferred brings.

    Raises:
        RuntimeError: This is that thread: it would wait for itself.
    """
    if _thread.is_current():
        raise RuntimeError("the thread of the servers under test cannot wait for itself")
    waiting: Any = call
    result: _T = blockingCallFromThread(_thread.reactor(), waiting)
    return result
