"""The connection of a replica to its primary."""

from __future__ import annotations

from socket import socketpair

from twisted.internet.error import ConnectionDone
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net.primary_link import PrimaryLink, PrimaryLinkFactory


class PrimaryLinkTests(SynchronousTestCase):
    """It hands on what comes, and tells once when it is over."""

    def setUp(self) -> None:
        """Connect one."""
        self.link: PrimaryLink = PrimaryLinkFactory().buildProtocol(None)  # type: ignore
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.link
        self.transport.setTcpNoDelay = lambda enabled: None  # type: ignore[attr-defined]
        self.link.makeConnection(self.transport)
        self.seen: list[object] = []
        self.link.on_data = self.seen.append
        self.link.on_lost = lambda: self.seen.append("lost")

    def test_both_ways(self) -> None:
        """Bytes come and go."""
        self.link.dataReceived(b"+OK\r\n")
        self.link.write(b"PING")
        self.assertEqual((self.seen, self.transport.value()), ([b"+OK\r\n"], b"PING"))

    def test_a_pause(self) -> None:
        """It can be told to take nothing for a while."""
        self.link.pause()
        self.assertEqual(self.transport.producerState, "paused")
        self.link.resume()
        self.assertEqual(self.transport.producerState, "producing")

    def test_its_loss_is_told_once(self) -> None:
        """However often Twisted says so."""
        self.link.connectionLost()
        self.link.connectionLost()
        self.assertEqual(self.seen, ["lost"])

    def test_hanging_up_when_it_is_lost(self) -> None:
        """There is no socket any more to be shut down."""
        socket, other = socketpair()
        self.addCleanup(other.close)
        connection = Connection(socket, self.link, MemoryReactor())
        connection.connected = 1
        self.link.transport = connection
        self.link.on_lost = self.link.abort
        connection.connectionLost(Failure(ConnectionDone()))
        self.assertFalse(connection.connected)

    def test_who_hangs_up_is_not_told(self) -> None:
        """After abort() nothing is heard any more."""
        self.link.abort()
        self.link.dataReceived(b"late")
        self.assertEqual(self.seen, [])
