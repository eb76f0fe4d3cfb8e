"""
Shutting down because a signal said so: a moment later, so that it can be aborted.

How, is told by ``shutdown-on-sigterm`` and ``shutdown-on-sigint``; what cannot be
saved lets the server go on, unless they say ``force``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance

_LATER_S = 0.1

End = Callable[["bool | None", bool, bool], object]


class SignalledShutdown:
    """
    Ends one server when a signal asks for it.

    Args:
        server: Which.
        end: Shuts it down: told whether to save, at once, and by force.

    Attributes:
        paused: True while DEBUG PAUSE-CRON 1 holds.
        is_under_way: A signal has come, and what it asked for is not done.
    """

    _log = Logger()

    def __init__(self, server: Instance, end: End) -> None:
        self._server = server
        self._end = end
        self._asked = ""
        self._timer: Any = None
        self.paused = False
        self.is_under_way = False

    def note(self, name: str) -> None:
        """
        Note that a signal of this name has come; :meth:`take_up` must follow.

        This may be called in the middle of anything, a handler of signals included.
        """
        self.is_under_way = True
        self._asked = name

    def ask(self, name: str) -> None:
        """Shut down soon, as if a signal of this name had come."""
        self.note(name)
        self.take_up(name)

    def take_up(self, name: str) -> None:
        """Shut down soon, unless that was aborted since."""
        if self._server.keyspace.loading:
            self._log.warn("Received shutdown signal during loading, exiting now.")
        else:
            self._log.warn("Received {name} scheduling shutdown...", name=name)
        self._wait()

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self._server.scheduler.callLater(_LATER_S, self._go_on)

    def abort(self) -> bool:
        """Do not shut down; return whether it was asked for."""
        was_asked = bool(self._asked)
        self._asked = ""
        self.is_under_way = False
        if was_asked:
            self._log.info("Shutdown manually aborted.")
        return was_asked

    def _go_on(self) -> None:
        self._timer = None
        if not self._asked:
            return
        if self.paused:
            self._wait()
            return
        words = getattr(self._server.settings, f"shutdown_on_{self._asked.lower()}")
        self._asked = ""
        save = True if "save" in words else False if "nosave" in words else None
        try:
            self._end(save, "now" in words, "force" in words)
        except RedisError:
            self.is_under_way = False  # why it cannot is in the log
