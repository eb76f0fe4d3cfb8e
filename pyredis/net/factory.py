"""Makes a protocol for each connection, or refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger

from pyredis.net.protocol import RedisProtocol

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress

    from pyredis.execution.instance import Instance
    from pyredis.net.hub import ReadHub

TOO_MANY = b"-ERR max number of clients reached\r\n"
_PROTECTED = (
    b"-DENIED PyRedis is running in protected mode because protected mode is enabled and no "
    b"password is set for the default user. In this mode connections are only accepted from the "
    b"loopback interface. To connect from other computers, either set a password (requirepass), "
    b"or disable protected mode by 'CONFIG SET protected-mode no' from the loopback interface, "
    b"provided that the server cannot be reached from the internet.\r\n"
)


class RefusingProtocol(Protocol):
    """
    Says why, and hangs up.

    Attributes:
        reason: What it says.
    """

    def __init__(self, reason: bytes) -> None:
        self.reason = reason

    def connectionMade(self) -> None:
        """Send the reason and close."""
        transport: Any = self.transport
        transport.write(self.reason)
        transport.loseConnection()


class RedisFactory(Factory):
    """
    The factory of a server's connections.

    Args:
        server: The server its clients are connected to.
        hub: Reads the connections; the reactor does if None.

    Attributes:
        intercept: Asked for a protocol before all else; None goes on as usual.
    """

    noisy = False
    _log = Logger()

    def __init__(self, server: Instance, hub: ReadHub | None = None) -> None:
        self._server = server
        self._hub = hub
        self.intercept: Callable[[], Protocol | None] = lambda: None

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """Return the protocol of a new connection, or one that refuses it."""
        server = self._server
        intercepted = self.intercept()
        if intercepted is not None:
            return intercepted
        if len(server.clients) >= server.settings.maxclients:
            server.statistics.connections_rejected += 1
            return RefusingProtocol(TOO_MANY)
        if self._is_protected_from(addr):
            server.statistics.connections_rejected += 1
            self._log.warn("Connection from {addr} refused: protected mode", addr=addr)
            return RefusingProtocol(_PROTECTED)
        server.statistics.connections_received += 1
        return RedisProtocol(server, self._hub)

    def move_to(self, server: Instance) -> None:
        """Make connections of another server from now on."""
        self._server = server

    def _is_protected_from(self, addr: Any) -> bool:
        default_user = self._server.access.users.default
        if not self._server.settings.protected_mode or not default_user.no_password:
            return False
        host = getattr(addr, "host", None)
        return host is not None and not (host.startswith(("127.", "::ffff:127.")) or host == "::1")
