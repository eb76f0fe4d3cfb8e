"""The ports, encrypted or not, and the Unix socket a server listens on."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.net.factory import RedisFactory
from pyredis.net.hub import make_hub
from pyredis.net.tls import Tls, TlsUnusable
from pyredis.net.transport import RedisPort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

# What the kernel has room for, the zero byte at the end included.
_UNIX_PATH_BYTES = 108

_EVERYWHERE = {"*": "0.0.0.0", "::*": "::"}


class CannotListen(Exception):
    """A port or socket could not be opened; the text names it."""


class _Ports:
    """
    One port, on several addresses.

    Attributes:
        kind: For the operator.
        number: Of the port, 0 if it is closed.
        bind: The addresses, as ``bind`` spells them.
        open: What listens.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.number = 0
        self.bind: Sequence[str] = ()
        self.open: list[Any] = []

    def take(self) -> list[Any]:
        """Return what listens, and forget it."""
        taken, self.open = self.open, []
        return taken


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

    def __init__(
        self, server: Instance, reactor: Any, pick_port: bool = False, tls: Tls | None = None
    ) -> None:
        self._server = server
        self._reactor = reactor
        self._pick_port = pick_port
        self._hub = make_hub(reactor, server.begin_round)
        self.factory = RedisFactory(server, self._hub)
        self.count_anew()
        server.round_changed = self._change_round
        server.settings.observe("client-output-buffer-limit", self._apply_limits)
        self._tls = tls
        self._plain = _Ports("tcp")
        self._encrypted = _Ports("tls")
        self._unix: Any = None

    def count_anew(self) -> None:
        """State how often was read and written from now on."""
        hub = self._hub
        if hub is None:
            return
        rounds, reads, writes = hub.rounds, hub.reads, hub.writes
        self._server.facts.update(
            rounds_of_reading=lambda: hub.rounds - rounds,
            total_reads_processed=lambda: hub.reads - reads,
            total_writes_processed=lambda: hub.writes - writes,
        )

    def _apply_limits(self) -> None:
        for client in self._server.clients.values():
            client.connection.apply_limits()

    def _change_round(self) -> None:
        if self._hub is not None:
            self._hub.on_round = self._server.begin_round

    @property
    def is_open(self) -> bool:
        """Whether anything is listened on."""
        return bool(self._ports)

    def is_reading(self) -> bool:
        """Tell whether a round of reading is under way, at whose end replies leave."""
        return self._hub is not None and self._hub.is_reading

    def soon(self, call: Callable[[], None]) -> None:
        """Call a function in the reactor's next turn, before anything else is read."""
        if self._hub is not None:
            self._hub.yield_turn()
        self._reactor.callLater(0, call)

    def linger(self, seconds: float) -> None:
        """
        Let requests gather where that pays.

        Args:
            seconds: For so long, behind a round of a few of many clients.
        """
        if self._hub is not None:
            self._hub.linger = partial(time.sleep, seconds)

    def hold_replies_for(self, passes: Callable[[], bool] | None) -> None:
        """
        Let a function be called before the replies of a round leave.

        Args:
            passes: Returns False if they must not leave. None for no function.
        """
        if self._hub is not None:
            self._hub.put_barrier(passes)

    @property
    def tcp_port(self) -> int:
        """The port listened on, 0 if none."""
        return self._plain.number

    @property
    def tls_port(self) -> int:
        """The port with encrypted connections, 0 if none."""
        return self._encrypted.number

    def open(self) -> None:
        """
        Start listening, unless it has begun already.

        Raises:
            CannotListen: Something is taken or forbidden; nothing is open then.
        """
        if self._plain.open or self._encrypted.open or self._unix:
            return
        try:
            if self._tls is not None and self._tls.is_wanted:
                self._check_tls(self._tls)
            self._open(self._plain)
            self._open(self._encrypted)
            self._open_unix()
        except CannotListen:
            self._close()
            raise

    def take_over(self, other: ListenerService) -> None:
        """
        Listen where another server does, in its place.

        Args:
            other: Listens nowhere afterwards.
        """
        if self._hub is not None:
            self._hub.close()
        self._plain, other._plain = other._plain, _Ports("tcp")
        self._encrypted, other._encrypted = other._encrypted, _Ports("tls")
        self._unix, other._unix = other._unix, None
        self._hub, other._hub = other._hub, None
        self.factory = other.factory
        self.factory.move_to(self._server)
        if self._hub is not None:
            self._change_round()
            self.count_anew()

    def take_clients(self, other: ListenerService) -> None:
        """Keep the idle connections of another server; those that are not are closed."""
        for client in list(other._server.clients.values()):
            client.connection.move_to(self._server)

    def read_arrived(self) -> None:
        """Serve, now, what has arrived but was not read yet: connections, then requests."""
        for port in self._ports:
            port.doRead()
        if self._hub is not None:
            self._hub.doRead()

    def rebind(self) -> None:
        """
        Listen where the changed settings say, and no longer where they do not.

        Raises:
            ValueError: It cannot; what was open before stays open, but for a
                port that only changed its addresses.
        """
        changed = [
            ports
            for ports in (self._plain, self._encrypted)
            if (ports.number, ports.bind) != (self._wanted(ports), self._server.settings.bind)
            or not ports.open
        ]
        wanted = {self._wanted(ports) for ports in changed}
        before = [(ports, ports.number, ports.bind, ports.take()) for ports in changed]
        for _, number, _, opened in before:
            if number in wanted:
                # Who listened there has to go first.
                while opened:
                    _close_at_once(opened.pop())
        try:
            for ports in changed:
                self._open(ports)
        except CannotListen as error:
            for ports, number, bind, opened in before:
                for port in ports.take():
                    _close_at_once(port)
                ports.number, ports.bind, ports.open = number, bind, opened
            self._log.warn("{error}", error=error)
            moved = any(number != self._wanted(ports) for ports, number, _, _ in before)
            text = "Unable to listen on this port. Check server logs."
            raise ValueError(text if moved else "Failed to bind to specified addresses.") from None
        for _, _, _, opened in before:
            for port in opened:
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
        ports = self._take_ports()
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    def close_ports(self) -> None:
        """Stop listening now; who is connected stays."""
        for port in self._take_ports():
            _close_at_once(port)

    @property
    def _ports(self) -> list[Any]:
        unix = [self._unix] if self._unix else []
        return [*self._plain.open, *self._encrypted.open, *unix]

    def _take_ports(self) -> list[Any]:
        """Return all that listens, and forget it."""
        taken = self._ports
        for ports in (self._plain, self._encrypted):
            ports.open, ports.number = [], 0
        self._unix = None
        return taken

    def _wanted(self, ports: _Ports) -> int:
        """Return the number that a port is to have; one that the system picked is kept."""
        settings = self._server.settings
        number: int = settings.tls_port if ports is self._encrypted else settings.port
        return number or (ports.number if self._pick_port else 0)

    def _open(self, ports: _Ports) -> None:
        """
        Listen on a port of every address.

        Raises:
            CannotListen: One of them is taken or forbidden, or there is no certificate.
        """
        ports.bind = self._server.settings.bind
        ports.number = self._wanted(ports)
        is_encrypted = ports is self._encrypted
        if not ports.number and (is_encrypted or not self._pick_port):
            return
        factory = self._encrypting() if is_encrypted else self.factory
        for spelled in ports.bind:
            address = spelled.removeprefix("-")
            try:
                port = self._open_port(ports.number, factory, _EVERYWHERE.get(address, address))
            except CannotListenError as error:
                # Redis passes over an optional address only if the system does not have it.
                if spelled.startswith("-") and not _is_taken(error.socketError):
                    continue
                raise CannotListen(
                    f"Could not create server TCP listening socket {address}:{ports.number}: "
                    f"bind: {_reason(error.socketError)}\n"
                    f"Failed listening on port {ports.number} ({ports.kind}), aborting."
                ) from None
            ports.open.append(port)
            ports.number = port.getHost().port

    def _encrypting(self) -> Any:
        """Return the factory of encrypted connections."""
        if self._tls is None:
            raise CannotListen("Failed to configure TLS: this server has no certificates")
        self._check_tls(self._tls)
        return self._tls.accepting(self.factory, self._reactor)

    @staticmethod
    def _check_tls(tls: Tls) -> None:
        try:
            tls.contexts()
        except TlsUnusable as error:
            raise CannotListen(f"Failed to configure TLS: {error}") from None

    def _open_port(self, number: int, factory: Any, interface: str) -> RedisPort:
        backlog = self._server.settings.tcp_backlog
        port = RedisPort(number, factory, backlog, interface, self._reactor)
        port.startListening()
        return port

    def _open_unix(self) -> None:
        settings = self._server.settings
        path = settings.unixsocket
        if not path:
            return
        from pyredis.net.unix_transport import RedisUnixPort

        try:
            _check_length(path)
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


def _check_length(path: str) -> None:
    length = len(os.fsencode(path))
    if length >= _UNIX_PATH_BYTES:
        raise OSError(
            errno.ENAMETOOLONG,
            f"unix socket path too long ({length}), must be under {_UNIX_PATH_BYTES}",
        )


def _remove_socket(path: str) -> None:
    """Remove what an earlier server left; never a file that is no socket."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "a file that is no socket has this name")
    os.unlink(path)
