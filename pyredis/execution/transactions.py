"""MULTI and WATCH: queued commands, and keys that must not change before EXEC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pyredis.execution.blocking import Blocked
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import Encoded, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace


class Transaction:
    """
    The commands queued since MULTI.

    Attributes:
        queued: Command and request, in order.
        aborted: A command was refused while queueing: EXEC will refuse all.
    """

    __slots__ = ("_bytes", "_counted", "aborted", "queued")

    def __init__(self) -> None:
        self.queued: list[tuple[Command, Sequence[bytes]]] = []
        self.aborted = False
        self._bytes = 0
        self._counted = 0

    def queued_bytes(self) -> int:
        """Return how long the arguments of all queued commands are."""
        for _, argv in self.queued[self._counted :]:
            self._bytes += sum(map(len, argv))
        self._counted = len(self.queued)
        return self._bytes


class TransactionRunner:
    """
    Runs what EXEC has to run.

    Attributes:
        is_running: True while the commands of a transaction run.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._timer = server.timer
        self.is_running = False

    def run(self, client: Client, queued: Sequence[tuple[Command, Sequence[bytes]]]) -> Reply:
        """
        Run the commands of a transaction; none of them may wait.

        Returns:
            Their replies in order, errors included.
        """
        ctx = client.ctx
        replies: list[Reply] = []
        resp = client.resp
        is_short = self._may_run_simple(client)
        ctx.may_block = False
        self.is_running = True
        try:
            for command, argv in queued:
                if is_short and command.is_simple:
                    replies.append(self._run_simple(client, command, argv))
                    continue
                # The rules may have changed since it was queued, even by the command before.
                denied = self._server.access.refusal_of_queued(client, command, argv)
                if denied is not None:
                    self._server.statistics.count_error(denied.code)
                    replies.append(denied)
                    continue
                reply = self._server.dispatcher.call(client, command, argv)
                if client.resp != resp:
                    # HELLO: what was answered before keeps its form.
                    replies = [Encoded(encoded(each, resp)) for each in replies]
                    resp = client.resp
                replies.append(reply.on_timeout if reply.__class__ is Blocked else reply)
                is_short = self._may_run_simple(client)
        finally:
            ctx.may_block = True
            self.is_running = False
        return replies

    def _may_run_simple(self, client: Client) -> bool:
        """Tell whether nobody would look at simple commands of a client, nor deny them."""
        watched = client.special or self._server.dispatcher.special
        return not watched and client.user.is_unrestricted

    def _run_simple(self, client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
        """Run a queued command that would go the short way by itself."""
        dispatcher = self._server.dispatcher
        outer, client.argv = client.argv, argv
        started = self._timer()
        try:
            reply: Reply = command.call(client.ctx, *argv[1:])  # type: ignore[misc]
        except Exception as error:
            reply = dispatcher.failed(command, len(argv), error)
        client.argv = outer
        dispatcher.account(client, command, argv, 1, started, self._timer())
        return reply


def leave_transaction(client: Client) -> None:
    """End a client's transaction and its watching."""
    client.transaction = None
    client.ctx.server.watched.forget(client)
    client.refresh()


class WatchedKeys:
    """Which clients watch which keys; it observes the keyspace only while somebody does."""

    def __init__(self, keyspace: Keyspace) -> None:
        self._keyspace = keyspace
        self._watchers: dict[tuple[Database, bytes], set[Client]] = {}
        self._touched: set[Client] = set()

    def watch(self, client: Client, keys: Iterable[bytes]) -> None:
        """Let a client's EXEC fail if one of the keys changes from now on."""
        db = client.ctx.db
        if client.watching is None:
            client.watching = {}
        for key in keys:
            place = (db, key)
            if place in client.watching:
                continue
            # A key already expired (though not yet removed) must not abort
            # EXEC by being removed later: remember how it was.
            client.watching[place] = _is_expired(db, key)
            if not self._watchers:
                self._keyspace.observe_changes(self._key_changed)
            self._watchers.setdefault(place, set()).add(client)

    def _key_changed(self, db: Database, key: bytes) -> None:
        watchers = self._watchers.get((db, key))
        if not watchers:
            return
        for client in watchers:
            if client.watching and client.watching[(db, key)] and key not in db.values:
                # The removal of an expired key is no change; its return would be.
                client.watching[(db, key)] = False
            else:
                self._touched.add(client)

    def database_changed(self, db: Database, other: Database | None = None) -> None:
        """
        Touch the watchers of keys that a FLUSHDB or SWAPDB is about to change.

        Args:
            db: Whose keys are about to go.
            other: Whose keys come in their place.
        """
        for place, watchers in self._watchers.items():
            key = place[1]
            if place[0] is not db or not (key in db.values or (other and key in other.values)):
                continue
            for client in watchers:
                assert client.watching is not None
                was_expired = client.watching[place]
                if other is None or key not in other.values:
                    is_changed, is_expired = not was_expired, False
                else:
                    is_expired = _is_expired(other, key)
                    # An expired key is as good as none.
                    is_changed = not (is_expired and (was_expired or key not in db.values))
                if is_changed:
                    self._touched.add(client)
                else:
                    client.watching[place] = is_expired

    def is_touched(self, client: Client) -> bool:
        """Tell whether a key the client watches was changed, or has expired."""
        if client in self._touched:
            return True
        return any(
            _is_expired(db, key) and not was_expired
            for (db, key), was_expired in (client.watching or {}).items()
        )

    def forget(self, client: Client) -> None:
        """Let a client watch nothing (UNWATCH, EXEC, DISCARD, its end)."""
        self._touched.discard(client)
        if client.watching is None:
            return
        for place in client.watching:
            watchers = self._watchers[place]
            watchers.discard(client)
            if not watchers:
                del self._watchers[place]
        client.watching = None
        if not self._watchers:
            self._keyspace.forget_observer(self._key_changed)

    def __len__(self) -> int:
        """Return how many keys are watched."""
        return len(self._watchers)


def _is_expired(db: Database, key: bytes) -> bool:
    deadline = db.deadlines.get(key)
    return deadline is not None and deadline < db.keyspace.now_ms
