"""The connection of a replica to its primary, and the client that stands for that."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet import tcp
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from pyredis.execution.ports import NoConnection


class PrimaryLink(Protocol):
    """
    Hands on what comes, and says when it is over.

    Attributes:
        on_data: Called with bytes.
        on_lost: Called once, when the connection is gone.
    """

    transport: Any

    def __init__(self) -> None:
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_lost: Callable[[], None] = lambda: None

    def connectionMade(self) -> None:
        """Send without delay."""
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        """Hand it on."""
        self.on_data(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Tell."""
        lost, self.on_lost = self.on_lost, lambda: None
        self.on_data = lambda data: None
        lost()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.transport.write(data)

    def pause(self) -> None:
        """Take nothing for a while."""
        self.transport.pauseProducing()

    def resume(self) -> None:
        """Take what comes again."""
        self.transport.resumeProducing()

    def abort(self) -> None:
        """Hang up at once; nobody is told any more."""
        self.on_lost = lambda: None
        self.on_data = lambda data: None
        if isinstance(self.transport, tcp.Connection) and self.transport.connected:
            # At once, not at the reactor's next turn: a command under way may take long.
            with suppress(OSError):
                self.transport.socket.shutdown(socket.SHUT_RDWR)
        self.transport.abortConnection()


class PrimaryConnection(NoConnection):
    """The wire behind the client that stands for the primary: nothing is answered."""

    def __init__(self, hang_up: Callable[[], None]) -> None:
        super().__init__()
        self._hang_up = hang_up

    def write(self, data: bytes) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Hang up (CLIENT KILL)."""
        self._hang_up()

    def abort(self) -> None:
        """Hang up."""
        self._hang_up()


class PrimaryLinkFactory(Factory):
    """Makes the one connection."""

    noisy = False
    protocol = PrimaryLink
