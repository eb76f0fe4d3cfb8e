"""Tests of pyredis.net.unix_transport: the same over a Unix socket."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net.factory import RedisFactory
from pyredis.net.hub import make_hub
from pyredis.net.unix_transport import RedisUnixPort
from tests.commands.session import make_server
from tests.net.loopback import Peer, dispose, make_reactor, turn_until


class UnixTransportTests(SynchronousTestCase):
    """A server that listens on a path."""

    def setUp(self) -> None:
        """Listen."""
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, "socket")
        self.reactor = make_reactor()
        self.addCleanup(dispose, self.reactor)
        self.server = make_server(Clock())
        self.hub = make_hub(self.reactor, self.server.keyspace.refresh_now)
        if self.hub is not None:
            self.addCleanup(self.hub.close)
        port = RedisUnixPort(self.path, RedisFactory(self.server, self.hub), reactor=self.reactor)
        port.startListening()
        self.addCleanup(self._stop, port)

    def _stop(self, port: RedisUnixPort) -> None:
        for client in list(self.server.clients.values()):
            client.kill()
        port.stopListening()
        turn_until(self.reactor, lambda: not self.server.clients and not port.connected)

    def connect(self) -> Peer:
        """Return a new peer."""
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.connect(self.path)
        return Peer(sock)

    def test_served(self) -> None:
        """Requests are answered, large ones too."""
        peer = self.connect()
        value = b"x" * 3_000_000
        peer.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%b\r\nget k\r\n" % (len(value), value))
        expected = b"+OK\r\n+" + value + b"\r\n"
        turn_until(self.reactor, lambda: len(peer.received) >= len(expected), peer.pump)

        self.assertTrue(peer.received == expected)

    def test_known_as_local(self) -> None:
        """The client is one of a Unix socket, on this machine."""
        self.connect()
        turn_until(self.reactor, lambda: bool(self.server.clients))
        client = next(iter(self.server.clients.values()))

        self.assertTrue(client.is_unix)
        self.assertTrue(client.is_local)
        self.assertEqual(client.local_address, f"{self.path}:0")

    def test_a_peer_that_leaves(self) -> None:
        """Who is gone is forgotten."""
        peer = self.connect()
        turn_until(self.reactor, lambda: bool(self.server.clients))
        peer.socket.close()
        turn_until(self.reactor, lambda: not self.server.clients)

        self.assertEqual(self.server.clients, {})
