"""
CLIENT PAUSE: commands that wait until the server goes on.

A command that has passed the guards waits as if it had blocked, without a key;
when the pause ends it runs as if it had come only then. Meanwhile nothing
expires, so that the data stands still.

Keys alone can be held as well, while they move to another server: then those
commands wait that name one of them, or that may change any key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pyredis.execution.blocking import Blocked, Waiting
from pyredis.execution.flags import PUBSUB, READONLY
from pyredis.execution.key_specs import find_keys_and_access, has_keys
from pyredis.wire.replies import LATER, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database

_REASON = "pause"
_UNTIL_LATER = Blocked((), 0, bytes, may_be_ended=False)


class ClientPause:
    """
    The pause of a server's clients.

    Attributes:
        is_on: Whether commands may have to wait now.
        spared: Who never has to.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._until_ms = 0
        self._holds_all = False
        self._timer: Timer | None = None
        self._postponed: list[Waiting] = []
        self._held_keys: Counter[bytes] = Counter()
        self._unserved: dict[tuple[Database, bytes], None] = {}
        self._afterwards: list[Callable[[], None]] = []
        self.is_on = False
        self.spared: Client | None = None

    def when_over(self, call: Callable[[], None]) -> None:
        """Call a function when nobody has to wait any more, behind those who did."""
        self._afterwards.append(call)

    def begin(self, until_ms: int, holds_all: bool) -> None:
        """
        Pause until a moment.

        A pause under way is never made shorter, nor does it hold less.

        Args:
            until_ms: When to go on.
            holds_all: Hold all commands, not only those that may change something.
        """
        self._holds_all = holds_all or self._holds_all
        self._until_ms = max(until_ms, self._until_ms)
        server = self._server
        server.keyspace.may_expire = False
        self._look_out()
        self._cancel()
        seconds = max(0, self._until_ms - server.keyspace.now_ms) / 1000
        self._timer = server.scheduler.callLater(seconds, self.end)

    def end(self) -> None:
        """Go on: what waited runs when the command under way is over."""
        if self._timer is None:
            return
        self._cancel()
        self._holds_all = False
        self._until_ms = 0
        self._server.keyspace.may_expire = not self._server.following.is_on
        self._go_on()

    def hold_keys(self, keys: Iterable[bytes]) -> None:
        """Let nobody touch some keys, in whichever database, until :meth:`release_keys`."""
        self._held_keys.update(keys)
        self._look_out()

    def release_keys(self, keys: Iterable[bytes]) -> None:
        """End what :meth:`hold_keys` began with the same keys."""
        self._held_keys.subtract(keys)
        self._held_keys = +self._held_keys
        self._go_on()

    def _look_out(self) -> None:
        self.is_on = True
        self._server.dispatcher.watch_over(_REASON)

    def _go_on(self) -> None:
        """Run what waited; it waits again if something else still holds it."""
        self.is_on = self._timer is not None or bool(self._held_keys)
        if not self.is_on:
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
                    client.answer_anyway(reply)
        if self._unserved:
            room.ready.update(self._unserved)
            self._unserved.clear()
            room.serve()
        if not self.is_on:
            afterwards, self._afterwards = self._afterwards, []
            for call in afterwards:
                call()

    def holds(self, client: Client, command: Command, argv: Sequence[bytes]) -> bool:
        """Tell whether a command has to wait."""
        if client is self.spared:
            return False
        if self._timer is not None and (self._holds_all or self._may_replicate(command, argv)):
            return True
        transaction = client.transaction
        if transaction is not None:
            if not command.runs_queue:
                return False
            return any(self._holds_queued(*queued) for queued in transaction.queued)
        return self._touches_held(command, argv)

    def _holds_queued(self, command: Command, argv: Sequence[bytes]) -> bool:
        is_paused = self._timer is not None
        return (is_paused and self._may_replicate(command, argv)) or self._touches_held(
            command, argv
        )

    def _may_replicate(self, command: Command, argv: Sequence[bytes]) -> bool:
        """Tell whether replicas may hear of a command; not of a script that will not write."""
        if not command.may_replicate:
            return command.is_write
        runs_script = command.declaration.runs_commands
        return not (runs_script and self._server.scripting.promises_no_writes(argv[1]))

    def _touches_held(self, command: Command, argv: Sequence[bytes]) -> bool:
        """Tell whether a command names a held key, or may change keys that it does not name."""
        held = self._held_keys
        if not held or _may_change_any_key(command):
            return bool(held)
        return any(
            argv[index] in held for index, _ in find_keys_and_access(command.key_specs, argv)
        )

    def keeps_from_serving(self, waiting: Waiting, key: bytes) -> bool:
        """
        Tell whether a waiting command must not run although its key is ready.

        BLMOVE may be about to push to a key that is held; it is looked at again
        when that is released.
        """
        if not self._touches_held(waiting.command, waiting.argv):
            return False
        self._unserved[(waiting.db, key)] = None
        return True

    def postpone(self, client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
        """Let a command wait for the end of the pause."""
        command.calls += 1  # as whoever waits has been called once, which enter() takes back
        reply = self._server.waiting_room.enter(client, command, argv, _UNTIL_LATER)
        assert client.waiting is not None
        self._postponed.append(client.waiting)
        return reply

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _may_change_any_key(command: Command) -> bool:
    """Tell whether a command may change keys that it does not name: FLUSHALL, a script."""
    if command.is_write:
        return not has_keys(command.key_specs)
    return command.may_replicate and not command.flags & (PUBSUB | READONLY)
