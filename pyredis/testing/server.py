"""A server under test on a thread of its own: any client, in any language, can connect."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any

from pyredis.execution.table import CommandTable
from pyredis.testing.clock import ServerClock
from pyredis.testing.commands import ReceivedCommands
from pyredis.testing.data import Data
from pyredis.testing.faults import Faults
from pyredis.testing.folders import empty_folder, make_folder, remove_folder
from pyredis.testing.service import Condition, RedisTestService, used_table
from pyredis.testing.snapshots import Snapshot
from pyredis.testing.thread import reactor, run_on_reactor, wait_on_reactor


class RedisForTests:
    """
    A true server, made for tests.

    Args:
        port: Where to listen on 127.0.0.1; 0 picks a free port, which is kept.
        unixsocket: True to listen on a Unix socket instead, with a short path
            in a folder that goes with the server; or a path.
        frozen: True to let the clock stand still from the start, or the moment
            at which it does.
        seed: For the server's source of chance; the same seed, the same random replies.
        directives: Any directive of redis.conf, with underscores: ``maxmemory="1mb"``.

    Example::

        with RedisForTests() as server:
            client = redis.Redis.from_url(server.url)
    """

    __test__ = False

    def __init__(
        self,
        *,
        port: int = 0,
        unixsocket: bool | str = False,
        frozen: bool | float | datetime = False,
        seed: int | None = None,
        **directives: object,
    ) -> None:
        self._port = port
        self._wanted_socket = unixsocket
        self._frozen = frozen
        self._seed = seed
        self._directives = directives
        self._folder = ""
        self._socket = ""
        self._service: RedisTestService | None = None
        # Tables of commands are costly to make: two take turns.
        self._spare_table: CommandTable | None = None

    # Its life

    def start(self) -> RedisForTests:
        """
        Start it, and return when it listens; twice does no harm.

        Returns:
            This server.

        Raises:
            pyredis.services.listeners.CannotListen: The port or socket is taken.
            pyredis.config.conf_file.ConfigFileError: A directive is wrong, or the module
                or the users that it names; the text says which.
        """
        if self._service is None:
            self._folder = make_folder()
            if self._wanted_socket is True:
                self._socket = f"{self._folder}/s"
            elif self._wanted_socket:
                self._socket = str(self._wanted_socket)
            try:
                run_on_reactor(self._open)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Stop it, and return when it is gone; twice does no harm."""
        if self._service is not None:
            wait_on_reactor(self._close)
        if self._folder:
            remove_folder(self._folder)
            self._folder = ""

    def reset(self) -> None:
        """
        Begin anew at the same address: no keys, no settings changed, time running by itself.

        Connections that are idle and as new stay open; all others are closed, and
        client libraries connect again by themselves.
        """
        run_on_reactor(self._begin_anew)

    def __enter__(self) -> RedisForTests:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Its address

    @property
    def host(self) -> str:
        """Where it listens."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The TCP port, 0 if it listens on a Unix socket."""
        return 0 if self._socket else self._port

    @property
    def unixsocket(self) -> str:
        """The path of the Unix socket, empty if it listens on TCP."""
        return self._socket

    @property
    def url(self) -> str:
        """What client libraries take: ``redis://…`` or ``unix://…``."""
        if self._socket:
            return f"unix://{self._socket}?db=0"
        return f"redis://{self.host}:{self._port}/0"

    # What a test does with it

    @property
    def service(self) -> RedisTestService:
        """
        The service underneath, to be used on the reactor's thread only.

        Raises:
            RuntimeError: It is not started.
        """
        service = self._running
        service.is_exposed = True
        return service

    @property
    def clock(self) -> ServerClock:
        """Its time: ``clock.advance(60)``, ``clock.freeze()``, ``clock.set(moment)``."""
        return self._running.clock

    @property
    def faults(self) -> Faults:
        """What goes wrong: ``with faults.error("GET", "LOADING not yet"): ...``."""
        return self._running.faults

    @property
    def commands(self) -> ReceivedCommands:
        """What it has received: ``commands.names() == ["SET", "GET"]``."""
        return self._running.commands

    @property
    def data(self) -> Data:
        """The keys of database 0, as a mapping: ``data["k"] = 1``."""
        return self._running.data

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._running.instance.clients)

    @property
    def blocked_clients(self) -> int:
        """How many clients wait: for a key, or for a delay to pass."""
        return len(self._running.instance.waiting_room)

    def execute(self, *words: bytes | str | int | float) -> Any:
        """
        Run a command without a client; it is not noted as received, and meets no fault.

        Args:
            words: The command and its arguments, a word each: ``execute("SET", "k", 1)``.

        Returns:
            Its reply as Python objects: ``bytes``, ``int``, None, ``list``, ``dict``, ….

        Raises:
            pyredis.errors.RedisError: The command failed, or would have to wait.
        """
        return run_on_reactor(lambda: self._running.execute(*words))

    def snapshot(self) -> Snapshot:
        """Return all keys as they are now, for :meth:`restore`."""
        return run_on_reactor(self._running.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Let the keys be what they were at a :meth:`snapshot`; connections stay."""
        run_on_reactor(lambda: self._running.restore(snapshot))

    def load(self, path: Any) -> int:
        """
        Add the keys of a file: RDB, or commands as typed at redis-cli, one a line.

        Returns:
            How many keys, or commands, there were.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no such file; the text says where.
        """
        return run_on_reactor(lambda: self._running.load(path))

    def wait_for(self, condition: Condition | str, timeout: float = 5.0) -> Any:
        """
        Wait until something is so, without polling.

        Args:
            condition: Returns something true when it is so; it is called on the
                server's thread whenever anything has happened there. Or the name
                of a command that must have been received.
            timeout: Seconds of real time.

        Returns:
            What the condition returned.

        Raises:
            TimeoutError: It was not so in time.

        Example::

            server.wait_for(lambda: server.blocked_clients == 2)
            server.wait_for("BLPOP")
        """
        return wait_on_reactor(lambda: self._running.wait_for(condition, timeout))

    # Within

    @property
    def _running(self) -> RedisTestService:
        if self._service is None:
            raise RuntimeError("the server is not started")
        return self._service

    # On the reactor's thread

    def _make(self) -> RedisTestService:
        return RedisTestService(
            {"dir": self._folder, **self._directives},
            reactor=reactor(),
            port=self._port,
            unixsocket=self._socket or None,
            seed=self._seed,
            run=run_on_reactor,
            table=self._spare_table,
        )

    def _open(self) -> None:
        service = self._make()
        service.startService()
        self._started(service)

    def _begin_anew(self) -> None:
        old = self._running
        empty_folder(self._folder, self._socket)
        if old.renew():
            self._started(old)
            return
        # Remembering takes longer than building: it pays if the next test is like this one.
        pays = old.can_be_taken_back
        service = self._make()
        service.replace(old, pays)
        self._spare_table = used_table(old)
        self._started(service)

    def _started(self, service: RedisTestService) -> None:
        self._service = service
        self._port = self._port or service.port
        if self._frozen:
            service.clock.freeze(None if self._frozen is True else self._frozen)

    def _close(self) -> Any:
        service, self._service = self._running, None
        return service.stopService()
