"""Tests of pyredis.net.links: what goes to another server and comes back, on real sockets."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import Cargo, Delivery
from pyredis.net.links import Links
from tests.net.loopback import Peer, dispose, make_reactor, turn_until

RESTORE = (b"RESTORE", b"k", b"0", b"payload")
RESTORE_WIRE = b"*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$1\r\n0\r\n$7\r\npayload\r\n"
SELECT_0 = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
SOON_S = 0.1


class LinksTestCase(SynchronousTestCase):
    """Links in a reactor of their own, and the other server in hand."""

    def setUp(self) -> None:
        """Listen."""
        self.reactor = make_reactor()
        self.links = Links(self.reactor)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setblocking(False)
        self.place: tuple[str, int] = self.listening.getsockname()
        self.peers: list[Peer] = []
        self.ends: list[Delivery] = []

    def tearDown(self) -> None:
        """Hang up."""
        self.links.close()
        for peer in self.peers:
            peer.socket.close()
        for _ in range(3):
            self.reactor.iterate(0)
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        self.listening.close()
        dispose(self.reactor)

    def send(self, *requests: tuple[bytes, ...], **facts: Any) -> None:
        """Send requests."""
        cargo = Cargo(*self.place, 5.0, (), 0, requests or (RESTORE,))
        self.links.send(cargo._replace(**facts), self.ends.append)

    def until(self, condition: Any) -> None:
        """Turn until something is so."""

        def pump() -> None:
            with contextlib.suppress(BlockingIOError):
                self.peers.append(Peer(self.listening.accept()[0]))
            for peer in self.peers:
                peer.pump()

        turn_until(self.reactor, condition, pump)

    def accept(self) -> Peer:
        """Return the next connection."""
        known = len(self.peers)
        self.until(lambda: len(self.peers) > known)
        return self.peers[-1]

    def expect(self, peer: Peer, data: bytes) -> None:
        """Wait for exactly these bytes."""
        self.until(lambda: len(peer.received) >= len(data))
        self.assertEqual(peer.take(), data)

    def end(self) -> Delivery:
        """Wait for the end of what was sent."""
        self.until(lambda: bool(self.ends))
        return self.ends.pop()


class SendingTests(LinksTestCase):
    """One cargo."""

    def test_all_is_well(self) -> None:
        """SELECT and the requests leave together; the first lines of the answers come back."""
        self.send(RESTORE, RESTORE)
        peer = self.accept()
        self.expect(peer, SELECT_0 + RESTORE_WIRE * 2)
        peer.send(b"+OK\r\n+O")
        peer.send(b"K\r\n-BUSYKEY taken\r\n")

        self.assertEqual(self.end(), Delivery((b"+OK", b"-BUSYKEY taken")))

    def test_credentials(self) -> None:
        """AUTH goes first, and its refusal is told apart."""
        self.send(credentials=(b"user", b"word"))
        peer = self.accept()
        self.expect(
            peer, b"*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$4\r\nword\r\n" + SELECT_0 + RESTORE_WIRE
        )
        peer.send(b"-WRONGPASS no\r\n-NOAUTH a\r\n-NOAUTH b\r\n")
        self.assertEqual(self.end(), Delivery((b"-NOAUTH b",), b"-WRONGPASS no"))

    def test_much(self) -> None:
        """What is larger than the system takes at once arrives whole."""
        payload = bytes(range(256)) * 40_000
        self.send((b"RESTORE", b"k", b"0", payload))
        peer = self.accept()
        self.until(lambda: len(peer.received) > len(payload))
        peer.send(b"+OK\r\n+OK\r\n")
        self.end()
        self.assertTrue(peer.take().endswith(b"$%d\r\n%b\r\n" % (len(payload), payload)))

    def test_nobody_there(self) -> None:
        """Nothing listens."""
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        self.send(port=port)
        self.assertEqual(self.end().failure, "writing")

    def test_no_such_place(self) -> None:
        """There is no such port, or no way there in time."""
        self.send(port=99999)
        self.assertEqual(self.end().failure, "connecting")
        self.send(host="192.0.2.1", timeout_s=SOON_S)
        self.assertIn(self.end().failure, ("connecting", "writing"))

    def test_from_an_address(self) -> None:
        """The address of this machine to come from can be chosen."""
        self.links = Links(self.reactor, lambda: "127.0.0.9")
        self.send()
        self.assertEqual(self.accept().socket.getpeername()[0], "127.0.0.9")

    def test_an_answer_without_end(self) -> None:
        """Who answers with a line that does not end is hung up on."""
        self.send()
        for _ in range(2):
            self.accept().send(b"+" * (3 << 20))
        self.assertEqual(self.end().failure, "reading")

    def test_stopping(self) -> None:
        """When the server stops, what is under way is over."""
        self.send()
        self.accept()
        self.links.close()
        self.assertEqual(self.end().failure, "reading")


class TimeTests(LinksTestCase):
    """Another server that keeps us waiting."""

    def test_no_answer(self) -> None:
        """It takes the requests and does not answer."""
        self.send(timeout_s=SOON_S)
        peer = self.accept()
        self.assertEqual(self.end(), Delivery((), b"", "reading"))
        self.until(lambda: peer.closed)

    def test_half_an_answer(self) -> None:
        """What it has answered is known."""
        self.send(RESTORE, RESTORE, timeout_s=SOON_S)
        self.accept().send(b"+OK\r\n+OK\r\n")
        self.assertEqual(self.end(), Delivery((b"+OK",), b"", "reading"))

    def test_it_does_not_read(self) -> None:
        """What cannot be sent is a failure of writing."""
        self.send((b"RESTORE", b"k", b"0", bytes(30 << 20)), timeout_s=SOON_S)
        self.accept().reads = False
        self.assertEqual(self.end().failure, "writing")


class KeptLinksTests(LinksTestCase):
    """Links that were used."""

    def use(self) -> Peer:
        """Have a link that was used."""
        self.send()
        peer = self.accept()
        self.expect(peer, SELECT_0 + RESTORE_WIRE)
        peer.send(b"+OK\r\n+OK\r\n")
        self.end()
        return peer

    def test_used_again(self) -> None:
        """Without a SELECT if the database is the same."""
        peer = self.use()
        self.send()
        self.expect(peer, RESTORE_WIRE)
        peer.send(b"+OK\r\n")
        self.assertEqual(self.end(), Delivery((b"+OK",)))
        self.assertEqual((len(self.peers), len(self.links)), (1, 1))

    def test_after_an_error(self) -> None:
        """The database is selected again: who knows what it is."""
        peer = self.use()
        self.send()
        self.expect(peer, RESTORE_WIRE)
        peer.send(b"-ERR x\r\n")
        self.end()
        self.send()
        self.expect(peer, SELECT_0 + RESTORE_WIRE)

    def test_closed_meanwhile(self) -> None:
        """One that the other end closed is replaced, and nobody notices."""
        self.use().socket.close()
        self.peers.clear()
        self.send()
        peer = self.accept()
        self.expect(peer, SELECT_0 + RESTORE_WIRE)
        peer.send(b"+OK\r\n+OK\r\n")
        self.assertEqual(self.end(), Delivery((b"+OK",)))

    def test_closed_twice(self) -> None:
        """It is tried once more, not for ever."""
        self.send()
        for _ in range(2):
            self.accept().socket.close()
            self.peers.clear()
        self.assertEqual(self.end().failure, "reading")

    def test_what_nobody_asked_for(self) -> None:
        """A kept link on which something comes is closed."""
        peer = self.use()
        peer.send(b"+HELLO\r\n")
        self.until(lambda: peer.closed)
        self.assertIsNone(self.links.take(self.place))

    def test_let_go_after_a_while(self) -> None:
        """A link that nobody uses is closed."""
        peer = self.use()
        (call,) = self.reactor.getDelayedCalls()
        self.assertAlmostEqual((call.getTime() - self.reactor.seconds()) / 10, 1, 1)
        call.reset(0)
        self.until(lambda: peer.closed)
        self.assertEqual(len(self.links), 0)

    def test_two_at_a_time(self) -> None:
        """Each has a link of its own; one of them is kept."""
        self.send()
        first = self.accept()
        self.send()
        second = self.accept()
        for peer in (first, second):
            peer.send(b"+OK\r\n+OK\r\n")
        self.until(lambda: len(self.ends) == 2)
        self.until(lambda: first.closed or second.closed)
        self.assertEqual(len(self.links), 1)
