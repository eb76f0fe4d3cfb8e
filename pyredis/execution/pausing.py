"""
CLIENT PAUSE: commands that wait until the server goes on.

A command that has passed the guards waits as if it had blocked, without a key;
when the pause ends it runs as if it had come only then. Meanwhile nothing
expires, so that the data stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyredis.execution.blocking import Blocked, Waiting
from pyredis.wire.replies import LATER, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.execution.table import Command

_REASON = "pause"


class ClientPause:
    """
    The pause of a server's clients.

    Attributes:
        is_on: Whether it lasts now.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._until_ms = 0
        self._holds_all = False
        self._timer: Timer | None = None
        self._postponed: list[Waiting] = []
        self.is_on = False

    def begin(self, until_ms: int, holds_all: bool) -> None:
        """
        Pause until a moment.

        A pause under way is never made shorter, nor does it hold less.

        Args:
            until_ms: When to go on.
            holds_all: Hold all commands, not only those that may change something.
        """
        self._holds_all = holds_all or (self.is_on and self._holds_all)
        self._until_ms = max(until_ms, self._until_ms)
        self.is_on = True
        server = self._server
        server.keyspace.may_expire = False
        server.dispatcher.watch_over(_REASON)
        self._cancel()
        seconds = max(0, self._until_ms - server.keyspace.now_ms) / 1000
        self._timer = server.scheduler.callLater(seconds, self.end)

    def end(self) -> None:
        """Go on: what waited runs when the command under way is over."""
        if not self.is_on:
            return
        self._cancel()
        self.is_on = False
        self._until_ms = 0
        self._server.keyspace.may_expire = True
        self._server.dispatcher.let_go(_REASON)
        self._server.soon(self._run_postponed)

    def _run_postponed(self) -> None:
        """Run what waited, in order; it waits again if a new pause has begun."""
        room, dispatcher = self._server.waiting_room, self._server.dispatcher
        postponed, self._postponed = self._postponed, []
        for waiting in postponed:
            client = waiting.client
            if client.waiting is waiting:
                room.leave(client)
                reply = dispatcher.dispatch(client, waiting.argv)
                if reply is not LATER:
                    client.answer(reply)

    def holds(self, client: Client, command: Command) -> bool:
        """Tell whether a command has to wait."""
        if not self.is_on:
            return False
        if self._holds_all or _may_replicate(command):
            return True
        if not command.runs_queue or client.transaction is None:
            return False
        return any(_may_replicate(queued) for queued, _ in client.transaction.queued)

    def postpone(self, client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
        """Let a command wait for the end of the pause."""
        reply = self._server.waiting_room.enter(client, command, argv, Blocked((), 0, bytes))
        assert client.waiting is not None
        self._postponed.append(client.waiting)
        return reply

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _may_replicate(command: Command) -> bool:
    return command.is_write or command.may_replicate
