"""Tests of pyredis.net.factory: who gets in."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net.factory import RedisFactory, RefusingProtocol
from pyredis.net.protocol import RedisProtocol
from tests.commands.session import make_server

LOOPBACK = IPv4Address("TCP", "127.0.0.1", 1234)
ELSEWHERE = IPv4Address("TCP", "192.0.2.1", 1234)


class FactoryTestCase(SynchronousTestCase):
    """A factory of a server in memory."""

    def make(self, **settings: Any) -> None:
        """Make the server."""
        self.server = make_server(Clock(), **settings)
        self.factory = RedisFactory(self.server)

    def refusal(self, address: IAddress | None = LOOPBACK) -> bytes:
        """Return what a connection from an address is refused with; nothing if it is not."""
        protocol = self.factory.buildProtocol(address)
        if isinstance(protocol, RedisProtocol):
            return b""
        self.assertIsInstance(protocol, RefusingProtocol)
        transport = StringTransport()
        protocol.makeConnection(transport)
        self.assertTrue(transport.disconnecting)
        return transport.value()


class AcceptingTests(FactoryTestCase):
    """Connections that are welcome."""

    def test_a_protocol_each(self) -> None:
        """Each connection has a protocol of its own and is counted."""
        self.make()
        first, second = self.factory.buildProtocol(LOOPBACK), self.factory.buildProtocol(LOOPBACK)

        self.assertIsInstance(first, RedisProtocol)
        self.assertIsNot(first, second)
        self.assertEqual(self.server.statistics.connections_received, 2)
        self.assertEqual(self.server.statistics.connections_rejected, 0)

    def test_quiet(self) -> None:
        """The log is not told of each port."""
        self.assertFalse(RedisFactory.noisy)


class TooManyTests(FactoryTestCase):
    """maxclients."""

    def test_refused(self) -> None:
        """One more than allowed is refused, and counted as that."""
        self.make(maxclients=2)
        for _ in range(2):
            self.server.connect()

        self.assertEqual(self.refusal(), b"-ERR max number of clients reached\r\n")
        self.assertEqual(self.server.statistics.connections_rejected, 1)
        self.assertEqual(self.server.statistics.connections_received, 0)

    def test_room_again(self) -> None:
        """When somebody has left there is room, and when the setting has grown."""
        self.make(maxclients=1)
        client = self.server.connect()
        self.assertNotEqual(self.refusal(), b"")
        self.server.disconnect(client)
        self.assertEqual(self.refusal(), b"")
        self.server.connect()
        self.server.settings.maxclients = 2

        self.assertEqual(self.refusal(), b"")


class ProtectedModeTests(FactoryTestCase):
    """Without a password only this machine gets in."""

    def test_from_elsewhere(self) -> None:
        """A connection from elsewhere is told why it is refused."""
        self.make(protected_mode=True)

        self.assertTrue(self.refusal(ELSEWHERE).startswith(b"-DENIED "))
        self.assertTrue(self.refusal(IPv6Address("TCP", "2001:db8::1", 1)).startswith(b"-DENIED "))
        self.assertEqual(self.server.statistics.connections_rejected, 2)

    def test_one_line(self) -> None:
        """The reason is one error reply."""
        self.make(protected_mode=True)

        self.assertEqual(self.refusal(ELSEWHERE).count(b"\r\n"), 1)
        self.assertTrue(self.refusal(ELSEWHERE).endswith(b"\r\n"))

    def test_from_here(self) -> None:
        """Loopback addresses of any spelling and Unix sockets get in."""
        self.make(protected_mode=True)
        for address in (
            LOOPBACK,
            IPv4Address("TCP", "127.8.8.8", 1),
            IPv6Address("TCP", "::1", 1),
            IPv6Address("TCP", "::ffff:127.0.0.1", 1),
            UNIXAddress(b"/tmp/socket"),
            UNIXAddress(None),
            None,
        ):
            with self.subTest(address):
                self.assertEqual(self.refusal(address), b"")

    def test_with_a_password(self) -> None:
        """With a password everybody may try."""
        self.make(protected_mode=True, requirepass=b"secret")

        self.assertEqual(self.refusal(ELSEWHERE), b"")

    def test_switched_off(self) -> None:
        """Without the mode everybody gets in."""
        self.make(protected_mode=False)

        self.assertEqual(self.refusal(ELSEWHERE), b"")

    def test_too_many_first(self) -> None:
        """Where both hold, Redis says first that there are too many."""
        self.make(protected_mode=True, maxclients=0)

        self.assertEqual(self.refusal(ELSEWHERE), b"-ERR max number of clients reached\r\n")
