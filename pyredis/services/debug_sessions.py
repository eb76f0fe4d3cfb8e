"""
Debugging sessions of scripts in processes of their own.

A session works on a copy of the data, as long as its client wants; the server goes
on meanwhile. The children are waited for now and then, and end with the server.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.services.child_process import KILL_SIGNAL, become_child

_LOOK_EVERY_S = 1.0


class DebugSessions:
    """
    The children that debug.

    Args:
        clock: ``IReactorTime``.
        forks: Whether the process may be forked.
    """

    _log = Logger()

    def __init__(self, clock: Any, forks: bool) -> None:
        self._clock = clock
        self._forks = forks
        self._children: set[int] = set()
        self._next_look: Any = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._children)

    def start(self, descriptor: int, work: Callable[[], None]) -> None:
        """
        Do something in a child.

        Args:
            descriptor: Of the socket that the child keeps.
            work: What it does there.

        Raises:
            RedisError: There is no room for another process, or there may be none.
        """
        try:
            if not self._forks:
                raise OSError(0, "this process is not to be forked")
            pid = os.fork()
        except OSError as error:
            raise RedisError(
                f"Fork() failed: can't run EVAL in debugging mode: {error.strerror}"
            ) from None
        if not pid:

            def do() -> int:
                work()
                return 0

            become_child(do, kept=descriptor)
        self._children.add(pid)
        self._look_later()

    def _look_later(self) -> None:
        if self._next_look is None and self._children:
            self._next_look = self._clock.callLater(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        """Let go of children that have ended."""
        self._next_look = None
        for pid in list(self._children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._children.discard(pid)
        self._look_later()

    def stop(self) -> None:
        """End all sessions: the server stops."""
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None
        while self._children:
            pid = self._children.pop()
            self._log.info("Killing debugging session {pid}", pid=pid)
            os.kill(pid, KILL_SIGNAL)
            os.waitpid(pid, 0)
