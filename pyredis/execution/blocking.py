"""
Clients that wait for a key: Redis' blocking commands without a second implementation.

A body that finds nothing returns :class:`Blocked`; its client then waits in a
first-in first-out queue for each key. When one of the keys was changed to a
value of the awaited type, the same command runs again for the first in line,
and for the next as long as there is something to take. A client waits on
several keys but is served once. Work is proportional to clients served, not to
clients waiting.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError, memory_exceeded
from pyredis.wire.replies import LATER, NULL_ARRAY, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database


class Blocked:
    """
    What a body returns when its client has to wait.

    Args:
        keys: Any of them may wake it.
        timeout_ms: How long to wait; 0 is for ever.
        kind: The type of value that wakes it (a class of ``datatypes``).
        on_timeout: The reply when the time has run out, or a function for it.
        argv: What to run again, name included, if not the request as it came
            (XREAD with ``$`` must remember what ``$`` was).
        wakes_on_removal: Run again as well when the key is deleted or changes
            type (XREADGROUP answers an error then).
        may_be_ended: Another client can end the wait (CLIENT UNBLOCK).
    """

    __slots__ = (
        "_on_timeout",
        "argv",
        "keys",
        "kind",
        "may_be_ended",
        "timeout_ms",
        "wakes_on_removal",
    )

    def __init__(
        self,
        keys: Sequence[bytes],
        timeout_ms: int,
        kind: type,
        on_timeout: Reply | Callable[[], Reply] = NULL_ARRAY,
        argv: Sequence[bytes] | None = None,
        wakes_on_removal: bool = False,
        may_be_ended: bool = True,
    ) -> None:
        self.keys = keys
        self.timeout_ms = timeout_ms
        self.kind = kind
        self._on_timeout = on_timeout
        self.argv = argv
        self.wakes_on_removal = wakes_on_removal
        self.may_be_ended = may_be_ended

    @property
    def on_timeout(self) -> Reply:
        """The reply when the time has run out, as it is now."""
        reply = self._on_timeout
        return reply() if callable(reply) else reply


class Waiting:
    """A client in the queues of its keys."""

    __slots__ = ("argv", "blocked", "client", "command", "db", "timer")

    def __init__(
        self, client: Client, command: Command, argv: Sequence[bytes], blocked: Blocked
    ) -> None:
        self.client = client
        self.command = command
        self.argv = list(blocked.argv or argv)
        self.blocked = blocked
        self.db: Database = client.ctx.db
        self.timer: Timer | None = None


class WaitingRoom:
    """
    All waiting clients of a server.

    Attributes:
        ready: Keys that were changed while somebody waits for them, in order; to be
            served behind the command that did it.
        awaited: The names of keys that somebody waits for, in any database, and how
            many places in queues they have.
        is_held: Nobody is served, as long as a script is busy.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        # An ordered dict gives its first member and loses any in O(1).
        self._queues: dict[tuple[Database, bytes], OrderedDict[Waiting, None]] = {}
        self._await_removal = 0
        self.ready: dict[tuple[Database, bytes], None] = {}
        self.awaited: Counter[bytes] = Counter()
        self._count = 0
        self.is_held = False

    def __len__(self) -> int:
        """Return how many clients wait."""
        return self._count

    @property
    def keys(self) -> int:
        """How many keys are waited for (INFO total_blocking_keys)."""
        return len(self._queues)

    def enter(
        self, client: Client, command: Command, argv: Sequence[bytes], blocked: Blocked
    ) -> Reply:
        """
        Let a client wait.

        Returns:
            ``LATER``, or the reply of a timeout where the client may not wait.
        """
        if not client.ctx.may_block:
            return blocked.on_timeout
        waiting = Waiting(client, command, argv, blocked)
        client.waiting = waiting
        if blocked.keys and not self.awaited:
            self._server.keyspace.await_changes(self.look_at)
        for key in dict.fromkeys(blocked.keys):
            self._queues.setdefault((waiting.db, key), OrderedDict())[waiting] = None
            self.awaited[key] += 1
        if blocked.timeout_ms:
            waiting.timer = self._server.scheduler.callLater(
                blocked.timeout_ms / 1000, self._time_out, waiting
            )
        self._await_removal += blocked.wakes_on_removal
        self._count += 1
        # Counted when it is over.
        command.calls -= 1
        return LATER

    def look_at(self, db: Database, key: bytes) -> None:
        """Look at who waits for a key, when the command under way is over."""
        if (db, key) in self._queues:
            self.ready[(db, key)] = None

    def database_changed(self, *databases: Database) -> None:
        """Look at all awaited keys of databases that were changed as a whole (SWAPDB, FLUSHDB)."""
        for db, key in self._queues:
            if db in databases:
                self.ready[(db, key)] = None

    def serve(self) -> None:
        """Run again the commands of clients whose keys became ready, until none is."""
        if self.is_held:
            return
        # A transaction may have taken long: what it pushed can have expired since.
        self._server.keyspace.refresh_now()
        while self.ready:
            place = next(iter(self.ready))
            del self.ready[place]
            self._serve_key(*place)

    def _serve_key(self, db: Database, key: bytes) -> None:
        queue = self._queues.get((db, key))
        while queue:
            if not self._is_worth_trying(queue, db, key):
                return
            if not self._try(next(iter(queue)), key):
                break
        # The first in line stays (it awaits another type, or a later entry of a
        # stream): ask the others, in order.
        for waiting in list(queue or ())[1:]:
            if not self._is_worth_trying(queue or {}, db, key):
                return
            self._try(waiting, key)

    def _is_worth_trying(self, queue: Mapping[Waiting, None], db: Database, key: bytes) -> bool:
        """Tell whether anybody in a queue can be served by the key as it is now."""
        if db.living(key) is not None:
            return True
        return bool(self._await_removal) and any(w.blocked.wakes_on_removal for w in queue)

    def _try(self, waiting: Waiting, key: bytes) -> bool:
        """Run a waiting command again if the key suits it; return whether its client left."""
        if waiting.client.waiting is not waiting:
            return True
        blocked = waiting.blocked
        if blocked.wakes_on_removal or waiting.db.living(key).__class__ is blocked.kind:
            pause = self._server.pause
            if pause.is_on and pause.keeps_from_serving(waiting, key):
                return False
            if pause.is_on and pause.holds(waiting.client, waiting.command, waiting.argv):
                self.leave(waiting.client)
                pause.postpone(waiting.client, waiting.command, waiting.argv)
            else:
                self._run_again(waiting)
        return waiting.client.waiting is not waiting

    def run_again(self, client: Client) -> None:
        """Run again what a client waits with: what it awaits is no key, and has come."""
        if client.waiting is not None:
            self._run_again(client.waiting)

    def _run_again(self, waiting: Waiting) -> None:
        client = waiting.client
        # Its user's permissions may have changed while it waited.
        denied = self._server.access.refusal(client, waiting.command, waiting.argv)
        if denied is not None:
            waiting.command.rejected += 1
            self._server.statistics.count_error(denied.code)
            self.leave(client)
            client.answer(denied)
            return
        limit = self._server.memory_limit
        if limit.bytes and not limit.make_room() and waiting.command.deny_oom:
            self.release_with_error(client, memory_exceeded())
            return
        outer, client.behind = client.behind, []
        reply = self._server.dispatcher.call(client, waiting.command, waiting.argv)
        if self._server.tracking.owed:
            self._server.tracking.settle()
        if reply.__class__ is Blocked:
            waiting.command.calls -= 1
        else:
            self.leave(client)
            client.answer(reply)
        behind, client.behind = client.behind, outer
        for push in behind:
            client.push(push)

    def _time_out(self, waiting: Waiting) -> None:
        if waiting.client.waiting is waiting:
            self.release(waiting.client)

    def release(self, client: Client) -> bool:
        """End a client's wait as if its time had run out; return whether it waited."""
        waiting = client.waiting
        if waiting is None or not waiting.blocked.may_be_ended:
            return False
        self.leave(client)
        waiting.command.calls += 1
        client.answer(waiting.blocked.on_timeout)
        return True

    def release_with_error(self, client: Client, error: RedisError) -> bool:
        """End a client's wait with an error (CLIENT UNBLOCK id ERROR); return whether it waited."""
        waiting = client.waiting
        if waiting is None or not waiting.blocked.may_be_ended:
            return False
        self.leave(client)
        waiting.command.calls += 1
        waiting.command.failed += 1
        self._server.statistics.count_error(error.code)
        client.answer(error)
        return True

    def leave(self, client: Client) -> None:
        """Take a client out of its queues without answering it."""
        waiting = client.waiting
        if waiting is None:
            return
        client.waiting = None
        for key in dict.fromkeys(waiting.blocked.keys):
            place = (waiting.db, key)
            queue = self._queues.get(place)
            if queue is not None:
                queue.pop(waiting, None)
                if not queue:
                    del self._queues[place]
            self.awaited[key] -= 1
            if not self.awaited[key]:
                del self.awaited[key]
        if waiting.timer is not None and waiting.timer.active():
            waiting.timer.cancel()
        self._await_removal -= waiting.blocked.wakes_on_removal
        self._count -= 1
        if waiting.blocked.keys and not self.awaited:
            self._server.keyspace.forget_observer(self.look_at)
