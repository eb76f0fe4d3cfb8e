"""
Shutting down with replicas: they get what they lack first.

Writes are held meanwhile, so that there is an end to it; it takes no longer than
``shutdown-timeout``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.execution.blocking import Blocked

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.replication.primary import Primary

_LOOK_EVERY_S = 0.1


class CatchingUp:
    """
    Waits for the replicas of a server that is to end.

    Args:
        server: Which.
        primary: Knows the replicas.

    Attributes:
        waiting: What a client waits with that has asked for the end.
        is_under_way: It is waited.
    """

    _log = Logger()

    def __init__(self, server: Instance, primary: Primary) -> None:
        self._server = server
        self._primary = primary
        self._timer: Timer | None = None
        self._until_ms = 0
        self._end: Callable[[], None] = lambda: None
        self.waiting = Blocked(
            (), 0, object, RedisError("Errors trying to SHUTDOWN. Check logs."), may_be_ended=False
        )
        self.is_under_way = False

    def begin(self, end: Callable[[], None]) -> bool:
        """
        Wait, if anybody lacks anything.

        Args:
            end: Called when the waiting is over; may raise RedisError.

        Returns:
            Whether it is waited.
        """
        seconds = self._server.settings.shutdown_timeout
        if not seconds or self._primary.is_in_step():
            return False
        self._end = end
        self.is_under_way = True
        now_ms = self._server.keyspace.clock()
        self._until_ms = now_ms + seconds * 1000
        self._primary.ask()
        self._server.pause.begin(self._until_ms + 1000, holds_all=False)
        self._log.info("Waiting for replicas before shutting down.")
        self._look_later()
        return True

    @property
    def left_ms(self) -> int:
        """How long it is waited at most from now on, 0 if it is not."""
        if not self.is_under_way:
            return 0
        return max(1, self._until_ms - self._server.keyspace.clock())

    def _look_later(self) -> None:
        self._timer = self._server.scheduler.callLater(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        is_over = self._server.keyspace.clock() >= self._until_ms
        if not (is_over or self._primary.is_in_step()):
            self._look_later()
            return
        try:
            self._end()
        except RedisError:  # why it cannot is in the log
            self._give_up()

    def abort(self) -> bool:
        """Do not end; return whether it was waited for that."""
        was_under_way = self.is_under_way
        if was_under_way:
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self._give_up()
            self._log.info("Shutdown manually aborted.")
        return was_under_way

    def _give_up(self) -> None:
        """Let everybody go on, those with an error who wanted the end."""
        self.is_under_way = False
        self._server.pause.end()
        for client in list(self._server.clients.values()):
            waiting = client.waiting
            if waiting is not None and waiting.blocked is self.waiting:
                self._server.waiting_room.leave(client)
                client.answer(self.waiting.on_timeout)
