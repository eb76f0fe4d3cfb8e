"""The ports and the Unix socket a server listens on."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.net.factory import RedisFactory
from pyredis.net.hub import ReadHub, make_hub
from pyredis.net.transport import RedisPort

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

_EVERYWHERE = {"*": "0.0.0.0", "::*": "::"}


class CannotListen(Exception):
    """A port or socket could not be opened; the text names it."""


class ListenerService(Service):
    """
    Listens where ``bind``, ``port`` and ``unixsocket`` say.

    Args:
        server: Whose connections they are.
        reactor: Listens.
        pick_port: Let the system choose a free port instead of ``port``.

    Attributes:
        tcp_port: The port listened on, 0 if none.
        factory: Makes the connections' protocols.
    """

    name = "listeners"
    _log = Logger()

    def __init__(self, server: Instance, reactor: Any, pick_port: bool = False) -> None:
        self._server = server
        self._reactor = reactor
        self._pick_port = pick_port
        self._hub = make_hub(reactor, server.begin_round)
        self.factory = RedisFactory(server, self._hub)
        if self._hub is not None:
            self._state_facts(self._hub)
        server.round_changed = self._change_round
        self._tcp: list[Any] = []
        self._unix: Any = None
        self.tcp_port = 0

    def _state_facts(self, hub: ReadHub) -> None:
        self._server.facts.update(
            rounds_of_reading=lambda: hub.rounds,
            total_reads_processed=lambda: hub.reads,
            total_writes_processed=lambda: hub.writes,
        )

    def _change_round(self) -> None:
        if self._hub is not None:
            self._hub.on_round = self._server.begin_round

    def is_reading(self) -> bool:
        """Tell whether a round of reading is under way, at whose end replies leave."""
        return self._hub is not None and self._hub.is_reading

    def hold_replies_for(self, passes: Callable[[], bool] | None) -> None:
        """
        Let a function be called before the replies of a round leave.

        Args:
            passes: Returns False if they must not leave. None for no function.
        """
        if self._hub is not None:
            self._hub.put_barrier(passes)

    def open(self) -> None:
        """
        Start listening, unless it has begun already.

        Raises:
            CannotListen: Something is taken or forbidden; nothing is open then.
        """
        if self._tcp or self._unix:
            return
        try:
            self._open_tcp()
            self._open_unix()
        except CannotListen:
            self._close()
            raise

    def take_over(self, other: ListenerService) -> None:
        """
        Listen where another server does, in its place, and keep its idle connections.

        Args:
            other: Listens nowhere afterwards.
        """
        if self._hub is not None:
            self._hub.close()
        self._tcp, other._tcp = other._tcp, []
        self._unix, other._unix = other._unix, None
        self.tcp_port, other.tcp_port = other.tcp_port, 0
        self._hub, other._hub = other._hub, None
        self.factory = other.factory
        self.factory.move_to(self._server)
        if self._hub is not None:
            self._change_round()
            self._state_facts(self._hub)
        for client in list(other._server.clients.values()):
            client.connection.move_to(self._server)

    def read_arrived(self) -> None:
        """Serve, now, what has arrived but was not read yet: connections, then requests."""
        for port in (*self._tcp, *([self._unix] if self._unix else [])):
            port.doRead()
        if self._hub is not None:
            self._hub.doRead()

    def rebind(self) -> None:
        """
        Listen where the changed settings say, and no longer where they do not.

        Raises:
            ValueError: It cannot; what was open before stays open.
        """
        before, self._tcp = self._tcp, []
        old_port = self.tcp_port
        if self._wanted_port() == old_port:
            # The same port on other addresses: the old ones have to go first.
            for port in before:
                _close_at_once(port)
            before = []
        try:
            self._open_tcp()
        except CannotListen as error:
            for port in self._tcp:
                _close_at_once(port)
            self._tcp, self.tcp_port = before, old_port
            self._log.warn("{error}", error=error)
            raise ValueError("Unable to listen on this port. Check server logs.") from None
        for port in before:
            port.stopListening()

    def serve_others(self, client: Client) -> None:
        """
        Serve all connections but one, new ones as well, in the middle of that one's command.

        Where the platform has no epoll nobody can be served.
        """
        if self._hub is None:
            return
        try:
            for port in self._ports:
                port.doRead()
            self._hub.read_others(client.connection.fileno())
        except Exception:
            self._log.failure("Other clients could not be served while one was")

    def stopService(self) -> Deferred[Any]:
        """Stop listening and hang up on every client."""
        super().stopService()
        closed = self._close()
        for client in list(self._server.clients.values()):
            client.close()
            if client.connection.pending_output():
                # Who does not read must not keep the others waiting.
                client.kill()
        return closed

    def _close(self) -> Deferred[Any]:
        ports = self._ports
        self._tcp, self._unix, self.tcp_port = [], None, 0
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    def close_ports(self) -> None:
        """Stop listening now; who is connected stays."""
        for port in self._ports:
            _close_at_once(port)
        self._tcp, self._unix = [], None

    @property
    def _ports(self) -> list[Any]:
        return [*self._tcp, *([self._unix] if self._unix else [])]

    def _wanted_port(self) -> int:
        """Return the port to listen on; one that the system picked is kept."""
        port: int = self._server.settings.port
        return port or (self.tcp_port if self._pick_port else 0)

    def _open_tcp(self) -> None:
        settings = self._server.settings
        self.tcp_port = self._wanted_port()
        if not self.tcp_port and not self._pick_port:
            return
        for spelled in settings.bind:
            address = spelled.removeprefix("-")
            try:
                self._open_port(_EVERYWHERE.get(address, address))
            except CannotListenError as error:
                # Redis passes over an optional address only if the system does not have it.
                if spelled.startswith("-") and not _is_taken(error.socketError):
                    continue
                raise CannotListen(
                    f"Could not create server TCP listening socket {address}:{self.tcp_port}: "
                    f"bind: {_reason(error.socketError)}\n"
                    f"Failed listening on port {self.tcp_port} (tcp), aborting."
                ) from None

    def _open_port(self, interface: str) -> None:
        port = RedisPort(
            self.tcp_port,
            self.factory,
            self._server.settings.tcp_backlog,
            interface,
            self._reactor,
        )
        port.startListening()
        self._tcp.append(port)
        self.tcp_port = port.getHost().port

    def _open_unix(self) -> None:
        settings = self._server.settings
        path = settings.unixsocket
        if not path:
            return
        from pyredis.net.unix_transport import RedisUnixPort

        try:
            _remove_socket(path)
            port = RedisUnixPort(path, self.factory, settings.tcp_backlog, reactor=self._reactor)
            port.startListening()
            if settings.unixsocketperm:
                os.chmod(path, settings.unixsocketperm)
        except (CannotListenError, OSError) as error:
            reason = getattr(error, "socketError", error)
            raise CannotListen(
                f"Failed opening Unix socket: bind: {path}: {_reason(reason)}"
            ) from None
        self._unix = port


def _close_at_once(port: Any) -> None:
    """Free a port for the next to listen on; ``stopListening`` would a turn later."""
    port.stopReading()
    port.connectionLost(Failure(CONNECTION_DONE))


def _reason(error: Any) -> str:
    return getattr(error, "strerror", None) or str(error)


def _is_taken(error: Any) -> bool:
    return getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)


def _remove_socket(path: str) -> None:
    """Remove what an earlier server left; never a file that is no socket."""
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
    except FileNotFoundError:
        pass
