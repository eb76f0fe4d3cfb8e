"""One running server's parts, as commands reach them. Several may live in a process."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pyredis._version import REDIS_VERSION, __version__
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.execution.blocking import WaitingRoom
from pyredis.execution.client import Client
from pyredis.execution.client_limit import ClientLimit
from pyredis.execution.cluster_rules import ClusterRules
from pyredis.execution.debug_switches import DebugSwitches
from pyredis.execution.dispatch import Dispatcher
from pyredis.execution.memory_limit import MemoryLimit
from pyredis.execution.migrations import Migrations
from pyredis.execution.monitors import Monitors
from pyredis.execution.notifications import KeyspaceNotifier
from pyredis.execution.pausing import ClientPause
from pyredis.execution.permissions import AccessControl
from pyredis.execution.ports import (
    AppendOnly,
    Host,
    Memory,
    NoAppendOnly,
    NoHost,
    NoMemory,
    NoSnapshots,
    Scheduler,
    Snapshots,
)
from pyredis.execution.propagation import Propagation
from pyredis.execution.replicas import (
    Failover,
    Following,
    NoFailover,
    NoFollowing,
    NoReplication,
    Replication,
)
from pyredis.execution.scripting.runtime import Scripting
from pyredis.execution.statistics import Statistics
from pyredis.execution.table import CommandTable
from pyredis.execution.timings import Timings
from pyredis.execution.tracking import Tracking
from pyredis.execution.transactions import TransactionRunner, WatchedKeys
from pyredis.pubsub.broker import Broker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyredis.execution.modules import LoadedModule
    from pyredis.execution.ports import Connection
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace


class Instance:
    """
    The parts of a server that commands may reach.

    Args:
        keyspace: Its data.
        settings: Its configuration.
        scheduler: Calls functions later.
        rng: Its source of chance.
        timer: Returns nanoseconds of a clock that never jumps, for statistics.
        table: Its commands; all declared ones if None.

    Attributes:
        clients: Connected clients by id.
        on_clients_changed: Called when one came or went.
        limits: The encoding limits, kept in step with the settings.
        host: The process around it; ``memory`` is what that has in use.
        begin_round: Called when connections are about to be read; ``round_changed``
            must be called when that has become another function.
        append_only: Where all that is done is written down.
        snapshots: The file that all data are saved to.
        soon: Calls a function when the command under way is over.
        wall_us: Returns the time now, in microseconds of the wall clock.
        serve_others: Called in the middle of a command that takes long: serves all
            connections but that client's, for a moment.
        access: Its users and what they may do.
        entropy: Returns so many bytes that nobody can guess.
        facts: What INFO says of process and build, by field: values, or functions for them.
        modules: Of users, in the order they were loaded.
        switches: What DEBUG has switched.
        run_id: Of this run of the server; ``replication_id`` of its data's history.
    """

    def __init__(
        self,
        keyspace: Keyspace,
        settings: Any,
        scheduler: Scheduler,
        rng: random.Random,
        timer: Callable[[], int],
        table: CommandTable | None = None,
    ) -> None:
        self.keyspace = keyspace
        self.settings = settings
        self.scheduler = scheduler
        self.rng = rng
        self.timer = timer
        self.table = table or CommandTable()
        self.limits = EncodingLimits()
        self.statistics = Statistics()
        self.access = AccessControl(self)
        self.clients: dict[int, Client] = {}
        self.on_clients_changed: Callable[[], None] = lambda: None
        self.host: Host = NoHost()
        self.memory: Memory = NoMemory()
        self.begin_round: Callable[[], object] = keyspace.refresh_now
        self.round_changed: Callable[[], None] = lambda: None
        self.append_only: AppendOnly = NoAppendOnly()
        self.snapshots: Snapshots = NoSnapshots()
        self.soon: Callable[[Callable[[], None]], object] = lambda call: call()
        self.wall_us: Callable[[], int] = lambda: keyspace.now_ms * 1000
        self._told_us = self._told_at_ms = 0
        self.serve_others: Callable[[Client], None] = lambda client: None
        self.entropy: Callable[[int], bytes] = rng.randbytes
        self.facts: dict[str, Any] = {
            "redis_version": REDIS_VERSION,
            "pyredis_version": __version__,
        }
        self.modules: list[LoadedModule] = []
        self.switches = DebugSwitches()
        self.begin_run()
        self._next_client = 1
        self.propagation = Propagation(self)
        self.replication: Replication = NoReplication()
        self.following: Following = NoFollowing()
        self.failover: Failover = NoFailover()
        self.cluster = ClusterRules(self)
        self.access.users.set_default_password(settings.requirepass)
        self.access.rulebook.all_channels = settings.acl_pubsub_default == "allchannels"
        self.watched = WatchedKeys(keyspace)
        self.broker = Broker()
        self.notifier = KeyspaceNotifier(keyspace, self.broker)
        self.waiting_room = WaitingRoom(self)
        self.dispatcher = Dispatcher(self)
        if self.cluster.is_on:
            self.dispatcher.watch_over("cluster rules")
        self.transactions = TransactionRunner(self)
        self.pause = ClientPause(self)
        self.migrations = Migrations(self)
        self.monitors = Monitors(self)
        self.scripting = Scripting(self)
        self.tracking = Tracking(self)
        self.timings = Timings(self)
        self.memory_limit = MemoryLimit(self)
        self.client_limit = ClientLimit(self)
        self.dispatcher.after_call = self._after_call
        self.dispatcher.took_long = self._took_long
        self.dispatcher.count_durations = self._count_durations

    def begin_run(self) -> None:
        """Take names that no other run has, and the time for that of the start."""
        self.run_id = f"{self.rng.getrandbits(160):040x}"
        self.replication_id = f"{self.rng.getrandbits(160):040x}"
        self.started_ms = self.keyspace.now_ms

    def _after_call(
        self,
        client: Client,
        command: Command,
        argv: Sequence[bytes],
        nanoseconds: int,
        waits: bool,
    ) -> None:
        if not waits:
            self.statistics.held_up(nanoseconds)
            self.timings.took(client, command, argv, nanoseconds)
        reader = self.scripting.asker(client)
        if reader.tracking is not None:
            self.tracking.remember(reader, command, argv)
        # One that waited was shown when it began to.
        if self.monitors and client.waiting is None and not command.is_hidden:
            self.monitors.show(client, argv)

    def _took_long(
        self, client: Client, command: Command, argv: Sequence[bytes], nanoseconds: int
    ) -> None:
        self.statistics.held_up(nanoseconds)
        if nanoseconds >= self.timings.long_ns:
            self.timings.took_long(client, command, argv, nanoseconds)

    def _count_durations(self, command: Command, nanoseconds: int, times: int) -> None:
        if self.timings.are_counted:
            self.timings.count(command, nanoseconds, times)

    def time_us(self, frozen: bool) -> int:
        """
        Return the time in microseconds of the wall clock.

        Args:
            frozen: What was told last, if that was at the same frozen moment.
        """
        now_ms = self.keyspace.now_ms
        if not frozen or self._told_at_ms != now_ms:
            self._told_us, self._told_at_ms = self.wall_us(), now_ms
        return self._told_us

    def fact(self, name: str, default: Any = 0) -> Any:
        """Return what is so, at this moment, of process, build or a part that states it."""
        fact = self.facts.get(name, default)
        return fact() if callable(fact) else fact

    def commands_processed(self) -> int:
        """Return how many commands ran."""
        return sum(command.calls for command in self.table.every())

    def busy_ns(self) -> int:
        """Return how long commands ran."""
        return sum(command.nanoseconds for command in self.table.every())

    def input_bytes(self) -> int:
        """Return how many bytes clients sent, those that are gone included."""
        return self.statistics.input_bytes + sum(c.input_bytes for c in self.clients.values())

    def output_bytes(self) -> int:
        """Return how many bytes were sent to clients, those that are gone included."""
        return self.statistics.output_bytes + sum(c.output_bytes for c in self.clients.values())

    def remove_all_keys(self, databases: Sequence[Database]) -> None:
        """Remove all keys of some databases, and tell whoever must know."""
        for db in databases:
            self.watched.database_changed(db)
            self.keyspace.dirty += db.clear()
        self.waiting_room.database_changed(*databases)
        self.tracking.all_changed()

    def reset_statistics(self) -> None:
        """Count anew, as CONFIG RESETSTAT asks."""
        self.statistics.reset()
        for client in self.clients.values():
            client.input_bytes = client.output_bytes = 0
        for command in self.table:
            command.reset_statistics()
        self.memory_limit.reset_statistics()
        self.replication.reset_statistics()
        keyspace = self.keyspace
        keyspace.expired_keys = keyspace.expired_fields = 0
        keyspace.evicted_keys = keyspace.lazy_freed = 0
        for db in keyspace.databases:
            db.hits = db.misses = 0

    def connect(
        self, connection: Connection | None = None, address: str = "", local_address: str = ""
    ) -> Client:
        """Return a new client; :meth:`disconnect` it when its connection is gone."""
        client = Client(self, self._next_client, connection, address, local_address)
        self._next_client += 1
        client.authenticated = not self.access.requires_login
        client.refresh()
        self.clients[client.id] = client
        self.on_clients_changed()
        return client

    def hang_up(self, client: Client) -> None:
        """Close a connection at once, or after its reply if it is the one whose command runs."""
        if self.dispatcher.running is client:
            client.close()
        else:
            client.kill()
            # The socket's end comes a turn later; the client is no client from now on.
            self.disconnect(client)

    def disconnect(self, client: Client) -> None:
        """Take a client out of every registry: nothing is owed to it any more."""
        client.closing = True
        self.client_limit.forget(client)
        if self.clients.get(client.id) is client:
            del self.clients[client.id]
            self.statistics.input_bytes += client.input_bytes
            self.statistics.output_bytes += client.output_bytes
        self.waiting_room.leave(client)
        self.replication.forget(client)
        self.watched.forget(client)
        self.broker.forget(client)
        self.monitors.remove(client)
        self.tracking.end(client)
        client.transaction = None
        self.on_clients_changed()
