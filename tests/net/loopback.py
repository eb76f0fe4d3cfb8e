r"""
A server on real sockets, in a reactor of its own that tests turn by hand.

    loopback = Loopback()
    peer = loopback.connect()
    peer.send(b"PING\r\n")
    loopback.until(lambda: peer.received == b"+PONG\r\n")

The process's own reactor belongs to the test runner. Time is a clock in hand;
only the sockets are real.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from pyredis.net.factory import RedisFactory
from pyredis.net.hub import ReadHub
from pyredis.net.transport import RedisPort
from tests.commands.session import START_S, make_server

PATIENCE_S = 20.0
"""After so long a test fails instead of turning on."""


def make_reactor() -> Any:
    """Return a new reactor that nobody has run."""
    try:
        from twisted.internet.epollreactor import EPollReactor as Reactor
    except ImportError:
        from twisted.internet.selectreactor import SelectReactor as Reactor
    return Reactor()


def dispose(reactor: Any) -> None:
    """Give back what a reactor holds."""
    for reader in reactor.removeAll():
        with contextlib.suppress(Exception):
            reader.connectionLost(None)
    waker = getattr(reactor, "waker", None)
    if waker is not None:
        with contextlib.suppress(Exception):
            waker.connectionLost(None)
    poller = getattr(reactor, "_poller", None)
    if poller is not None:
        poller.close()


def turn_until(
    reactor: Any, condition: Callable[[], bool], between: Callable[[], object] = lambda: None
) -> None:
    """
    Turn a reactor until something is so.

    Args:
        reactor: To turn.
        condition: What to wait for.
        between: Called after each turn.

    Raises:
        AssertionError: It takes too long.
    """
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        reactor.iterate(0.001)
        between()


class Peer:
    """
    The other end of a connection: a plain socket.

    Attributes:
        received: All that came.
        closed: Whether the server has hung up.
        reads: Whether it takes what comes.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.received = bytearray()
        self.closed = False
        self.reads = True
        self._unsent = b""

    def send(self, data: bytes) -> None:
        """Send bytes, as fast as they are taken."""
        self._unsent += data
        self.pump()

    @property
    def unsent(self) -> int:
        """How many bytes the server's system has not taken yet."""
        return len(self._unsent)

    def pump(self) -> None:
        """Send and receive what is possible now."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        try:
            while self.reads and not self.closed:
                data = self.socket.recv(1 << 20)
                self.received += data
                self.closed = not data
        except BlockingIOError:
            pass
        except ConnectionError:
            self.closed = True

    def take(self) -> bytes:
        """Return what came since the last time."""
        data = bytes(self.received)
        self.received.clear()
        return data


class Loopback:
    """
    A server that listens on loopback.

    Args:
        with_hub: Read connections through a hub, as the real server does.
        settings: Configuration values by attribute name.
    """

    def __init__(self, with_hub: bool = True, **settings: Any) -> None:
        self.reactor = make_reactor()
        self.clock = Clock()
        self.clock.advance(START_S)
        self.server = make_server(self.clock, **settings)
        self.server.soon = lambda call: self.reactor.callLater(0, call)
        self.hub = ReadHub(self.reactor, self.server.keyspace.refresh_now) if with_hub else None
        self.factory = RedisFactory(self.server, self.hub)
        self.port = RedisPort(0, self.factory, 50, "127.0.0.1", self.reactor)
        self.port.startListening()
        self.peers: list[Peer] = []

    def connect(self, receive_buffer: int = 0) -> Peer:
        """
        Return a new peer that is connected.

        Args:
            receive_buffer: How much its system takes before it reads, if not the usual.
        """
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        known = len(self.server.clients)
        sock.connect(("127.0.0.1", self.port.getHost().port))
        peer = Peer(sock)
        self.peers.append(peer)
        self.until(lambda: len(self.server.clients) > known or peer.closed)
        return peer

    def client_of(self, peer: Peer) -> Any:
        """Return the server's view of a peer."""
        host, port = peer.socket.getsockname()
        return next(c for c in self.server.clients.values() if c.address == f"{host}:{port}")

    def transport_of(self, peer: Peer) -> Any:
        """Return the transport at the server's end."""
        return self.client_of(peer).connection.transport

    def turn(self, times: int = 1) -> None:
        """Let the server and all peers do what they can."""
        for _ in range(times):
            self.reactor.iterate(0)
            self._pump()

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn until something is so."""
        turn_until(self.reactor, condition, self._pump)

    def _pump(self) -> None:
        for peer in self.peers:
            peer.pump()

    def ask(self, peer: Peer, data: bytes, expected: bytes) -> None:
        """Send bytes and wait for exactly these."""
        peer.send(data)
        self.until(lambda: len(peer.received) >= len(expected) or peer.closed)
        got = peer.take()
        assert got == expected, f"{got[:200]!r} instead of {expected[:200]!r}"

    def close(self) -> None:
        """Close everything."""
        for client in list(self.server.clients.values()):
            client.kill()
        self.port.stopListening()
        self.until(lambda: not self.server.clients)
        self.turn(3)
        for peer in self.peers:
            peer.socket.close()
        if self.hub is not None:
            self.hub.close()
        dispose(self.reactor)
