"""
A server under test as a Twisted service: no thread, and no socket unless wanted.

For applications on Twisted and for trial::

    class MyTests(TestCase):
        def setUp(self):
            self.redis = RedisTestService()
            self.redis.startService()               # listens on a free port
            self.addCleanup(self.redis.stopService)

With ``listens=False`` nothing is listened on; :meth:`RedisTestService.connect`
gives a protocol of yours a connection in memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IProtocol

from pyredis.execution.client import Client
from pyredis.execution.ports import NoConnection
from pyredis.execution.table import CommandTable
from pyredis.server import RedisServer
from pyredis.testing.clock import ServerClock, VirtualClock
from pyredis.testing.commands import ReceivedCommands
from pyredis.testing.data import Data
from pyredis.testing.directives import configure, word
from pyredis.testing.faults import Faults
from pyredis.testing.files import load_file
from pyredis.testing.folders import make_folder, remove_folder
from pyredis.testing.memory import connect_in_memory
from pyredis.testing.renewal import Renewal, all_commands, stays_within, used_commands
from pyredis.testing.replies import checked
from pyredis.testing.snapshots import Snapshot
from pyredis.wire.replies import LATER

Execute = Callable[[Sequence[bytes], int], Any]
Condition = Callable[[], Any]


def _at_once(call: Callable[[], Any]) -> Any:
    return call()


class RedisTestService(RedisServer):
    """
    A server made for tests, as a service of a running reactor.

    Args:
        directives: Any directive of redis.conf, with underscores: ``maxmemory="1mb"``.
        reactor: Twisted's reactor; a ``Clock`` does if nothing is listened on.
        port: Where to listen on 127.0.0.1; 0 picks a free port.
        unixsocket: The path of a Unix socket to listen on instead.
        listens: False for connections in memory only.
        seed: For the server's source of chance; the same seed, the same random replies.
        run: Calls a function where the server lives.
        table: Commands that an earlier server has used no more.

    Attributes:
        clock: The server's time (:class:`~pyredis.testing.clock.ServerClock`).
        faults: What goes wrong (:class:`~pyredis.testing.faults.Faults`).
        commands: What was received (:class:`~pyredis.testing.commands.ReceivedCommands`).
        data: The keys of database 0 (:class:`~pyredis.testing.data.Data`).
        has_renamed: Whether it has commands under names of its own.
        is_exposed: Whether a test has had this object itself in its hands.
    """

    def __init__(
        self,
        directives: Mapping[str, object] | None = None,
        *,
        reactor: Any = None,
        port: int = 0,
        unixsocket: str | None = None,
        listens: bool = True,
        seed: int | None = None,
        run: Callable[[Callable[[], Any]], Any] = _at_once,
        table: CommandTable | None = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._reactor: Any = reactor
        self._time = VirtualClock(reactor)
        self._folder = ""
        self._seed = seed
        self.is_exposed = False
        settings, others = configure(directives or {}, port if listens else 0, unixsocket)
        super().__init__(
            settings,
            reactor,
            clock=self._time,
            rng=random.Random(seed),
            pick_port=listens and not port and unixsocket is None,
            table=table,
        )
        self.has_renamed = bool(others.renamed)
        self.apply_directives(others)
        self.clock = ServerClock(self._time, self, self.listeners.read_arrived, run)
        self.faults = Faults(self.instance, run)
        self.listeners.factory.intercept = self.faults.refuse_connection
        self.data = Data(lambda argv, db: run(lambda: self.execute_in(db, argv)))
        self.commands = ReceivedCommands()
        self._logs_command: Callable[[Client, Sequence[bytes]], None] | None = None
        self._conditions: list[Callable[[], None]] = []
        self._to_be_checked: Any = None
        self._renewal = Renewal(self)
        self.instance.on_clients_changed = self._check_soon
        # As the log does, which has its turn before.
        self.settings.observe("loglevel", self._receive_commands)
        self._receive_commands()

    # Talking to it

    def execute(self, *words: bytes | str | int | float) -> Any:
        """
        Run a command in database 0, as a client of its own would.

        Returns:
            Its reply as Python objects.

        Raises:
            RedisError: The command failed, or would have to wait.
        """
        return self.execute_in(0, [word(each) for each in words])

    def execute_in(self, database: int, argv: Sequence[bytes]) -> Any:
        """Run a command in a database; see :meth:`execute`. It is not noted as received."""
        instance = self.instance
        client = Client(instance, 0, NoConnection())
        client.authenticated = True
        client.refresh()
        client.ctx.db = instance.keyspace.databases[database]
        client.ctx.may_block = False
        dispatcher = instance.dispatcher
        noting, dispatcher.log_command = dispatcher.log_command, None
        intercept, dispatcher.intercept = dispatcher.intercept, None
        instance.pause.spared = client
        try:
            reply = dispatcher.dispatch(client, argv)
        finally:
            instance.pause.spared = None
            dispatcher.log_command, dispatcher.intercept = noting, intercept
            self._check_soon()
        assert reply is not LATER
        return checked(reply)

    def connect(self, protocol: IProtocol) -> None:
        """Connect a protocol of yours in memory, with no socket."""
        connect_in_memory(self.listeners.factory, protocol, self._reactor)

    # State

    def snapshot(self) -> Snapshot:
        """Return all keys as they are now, for :meth:`restore`."""
        return Snapshot(self.instance.keyspace)

    def restore(self, snapshot: Snapshot) -> None:
        """Let the keys be what they were; connections stay, nobody is notified."""
        instance = self.instance
        for db in instance.keyspace.databases:
            instance.watched.database_changed(db)
        snapshot.restore(instance.keyspace)
        instance.waiting_room.database_changed(*instance.keyspace.databases)
        instance.waiting_room.serve()

    def load(self, path: str) -> int:
        """
        Add the keys of a file to those that are there.

        Args:
            path: An RDB file, or a text file with a command a line as at redis-cli
                (``#`` begins a comment).

        Returns:
            How many keys, or commands, there were.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no such file; the text says where.
        """
        return load_file(path, self)

    def wait_for(self, condition: Condition | str, timeout: float = 5.0) -> Deferred[Any]:
        """
        Wait until something is so; it is looked at whenever anything has happened here.

        Args:
            condition: Returns something true when it is so; or the name of a
                command that must have been received.
            timeout: Seconds of real time.

        Returns:
            A Deferred of what the condition returned; it fails with what the
            condition raised, or with ``TimeoutError`` when the time is over.
        """
        result: Deferred[Any] = Deferred()
        holds = (lambda: self.commands.of(condition)) if isinstance(condition, str) else condition

        def check() -> None:
            try:
                value = holds()
            except Exception:
                end(result.errback)
                return
            if value:
                end(result.callback, value)

        def give_up() -> None:
            what = f"no {condition.upper()}" if isinstance(condition, str) else "nothing such"
            told = f"{what} within {timeout} s; the server has {self.commands!r}"
            end(result.errback, TimeoutError(told))

        def end(tell: Callable[..., None], *what: object) -> None:
            self._conditions.remove(check)
            if limit.active():
                limit.cancel()
            tell(*what)

        limit = self._reactor.callLater(timeout, give_up)
        self._conditions.append(check)
        check()
        return result

    def startService(self) -> None:
        """Start serving, with a folder of its own unless ``dir`` was given."""
        if not self.settings.dir:
            self._folder = self.settings.dir = make_folder()
        super().startService()

    def replace(self, other: RedisTestService, is_to_be_renewed: bool = False) -> None:
        """
        Start in the place of another service, which stops: at its ports, with its idle clients.

        Args:
            other: Its faults, commands and time end with it.
            is_to_be_renewed: Whether to remember, how it is to begin with, see :meth:`renew`.
        """
        self.listeners.take_over(other.listeners)
        self.listeners.factory.intercept = self.faults.refuse_connection
        self.startService()
        if is_to_be_renewed:
            self.remember()
        self.listeners.take_clients(other.listeners)
        other.stopService()

    def remember(self) -> None:
        """Take this for the state to return to; it must have just started, without clients."""
        self._renewal.remember(type(self._reactor))

    def renew(self) -> bool:
        """
        Be as new, with the idle clients, if that takes no other server.

        Returns:
            False if it does, see :meth:`Renewal.renew`; it is as it was then.
        """
        return self._renewal.renew()

    @property
    def can_be_taken_back(self) -> bool:
        """Whether nothing has happened but what a server that was remembered could undo."""
        return stays_within(self, used_commands(all_commands(self.instance.table)))

    def begin_run(self) -> None:
        """Take what differs from one run of a server to the next: names, and the time it is."""
        instance = self.instance
        instance.rng.seed(self._seed)
        instance.keyspace.started_ms = instance.keyspace.refresh_now()
        instance.begin_run()
        instance.cluster.become_another()
        self.listeners.count_anew()
        self._memory.begin_anew()

    def stopService(self) -> Deferred[Any]:
        """Hang up; the Deferred fires when every connection is gone."""
        self._time.stop()
        if self._folder:
            remove_folder(self._folder)
        if self._to_be_checked is not None and self._to_be_checked.active():
            self._to_be_checked.cancel()
        gone: Deferred[None] = Deferred()
        clients = self.instance.clients

        def look() -> None:
            if not clients and not gone.called:
                gone.callback(None)

        self.instance.on_clients_changed = look
        stopped = super().stopService()
        look()
        return gatherResults([stopped, gone])

    @property
    def has_plans(self) -> bool:
        """Whether anything is to happen at some moment, or is waited for."""
        return bool(self._conditions or self._time.getDelayedCalls())

    # The clock's view of the keyspace

    def earliest(self) -> float | None:
        """Return when the next key or field expires, in seconds; None if none may."""
        keyspace = self.instance.keyspace
        may_expire = keyspace.may_expire and not keyspace.loading
        if not (may_expire and self.keyspace_service.active_expiry):
            return None
        moment = keyspace.earliest_deadline()
        return None if moment is None else moment / 1000

    def happen(self) -> None:
        """Let all keys expire whose moment has come."""
        keyspace = self.instance.keyspace
        # A key goes when its moment has passed; here, when it is reached.
        keyspace.now_ms = round(self._time.seconds() * 1000) + 1
        if self.earliest() is not None:
            while keyspace.expire_due(1000) == 1000:
                pass
        self.instance.waiting_room.serve()
        self._check_soon()

    # Within

    def _receive_commands(self) -> None:
        """See every command when it comes, besides the log if that shows them."""
        dispatcher = self.instance.dispatcher
        self._logs_command, dispatcher.log_command = dispatcher.log_command, self._received
        dispatcher.watch_over("a test")

    def _received(self, client: Client, argv: Sequence[bytes]) -> None:
        if self._logs_command is not None:
            self._logs_command(client, argv)
        self.commands.note(client, argv)
        self._check_soon()

    def _check_soon(self) -> None:
        """Look at the conditions when what happens now is over."""
        if self._conditions and (self._to_be_checked is None or not self._to_be_checked.active()):
            self._to_be_checked = self._reactor.callLater(0, self._check)

    def _check(self) -> None:
        for check in list(self._conditions):
            check()


def used_table(service: RedisTestService) -> CommandTable | None:
    """Return a stopped server's table for another to use, None if commands were changed."""
    table = service.instance.table
    if service.instance.modules or service.has_renamed:
        return None
    for command in used_commands(all_commands(table)):
        command.reset_statistics()
    return table
