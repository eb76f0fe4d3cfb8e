"""Tests of pyredis.net.transport: sending at once, and what the kernel does not take."""

from __future__ import annotations

import socket
import sys
from typing import Any

from twisted.internet import main
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net.transport import SendAtOnce
from tests.net.loopback import Loopback


class Queue:
    """Twisted's part of a transport: what is written to it waits."""

    def __init__(self) -> None:
        self.dataBuffer = b""
        self.offset = 0
        self._tempDataBuffer: list[bytes] = []
        self._tempDataLen = 0
        self.connected = True
        self.disconnecting = False
        self.happened: list[str] = []

    def write(self, data: bytes) -> None:
        """Queue it."""
        self._tempDataBuffer.append(data)
        self._tempDataLen += len(data)

    def loseConnection(self) -> None:
        """Note it."""
        self.happened.append(f"lose with {self._tempDataLen} waiting")
        self.disconnecting = True

    def abortConnection(self) -> None:
        """Note it."""
        self.happened.append("abort")


class Transport(SendAtOnce, Queue):
    """The mixin over a queue."""


class Socket:
    """A socket that takes or gives what it is told to."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.takes: list[int | OSError] = []
        self.gives: list[bytes | OSError] = []
        self.asked: list[int] = []

    def send(self, data: bytes) -> int:
        """Take as much as is said, or all."""
        takes = self.takes.pop(0) if self.takes else len(data)
        if isinstance(takes, OSError):
            raise takes
        self.sent.append(data[:takes])
        return min(takes, len(data))

    def recv(self, size: int) -> bytes:
        """Give what is next."""
        self.asked.append(size)
        gives = self.gives.pop(0)
        if isinstance(gives, OSError):
            raise gives
        return gives[:size]


class Hub:
    """A hub that is reading, or not."""

    def __init__(self) -> None:
        self.is_reading = False
        self.unsent: list[Any] = []

    def let_out(self, connection: Any) -> None:
        """Let it send."""
        connection.flush()


class TransportTestCase(SynchronousTestCase):
    """A transport over a made up socket."""

    def setUp(self) -> None:
        """Make it."""
        self.transport = Transport()
        self.socket = self.transport.socket = Socket()
        self.received: list[bytes] = []
        self.transport.protocol = self
        self.backlogs: list[int] = []
        self.transport.on_backlog = self.backlogs.append

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received.append(data)


class SendingTests(TransportTestCase):
    """Bytes leave during ``write``."""

    def test_at_once(self) -> None:
        """What the kernel takes is gone."""
        self.transport.write(b"hello")

        self.assertEqual(self.socket.sent, [b"hello"])
        self.assertEqual(self.transport.backlog, 0)
        self.assertEqual(self.backlogs, [])

    def test_in_part(self) -> None:
        """The rest waits, and what is written then waits behind it."""
        self.socket.takes = [3]
        self.transport.write(b"hello")
        self.transport.write(b" world")

        self.assertEqual(self.socket.sent, [b"hel"])
        self.assertEqual(self.transport._tempDataBuffer, [b"lo", b" world"])
        self.assertEqual(self.backlogs, [2, 8])

    def test_a_full_buffer(self) -> None:
        """If the kernel takes nothing, all waits."""
        self.socket.takes = [BlockingIOError()]
        self.transport.write(b"hello")

        self.assertEqual(self.transport._tempDataBuffer, [b"hello"])

    def test_an_error(self) -> None:
        """An error is left to the reactor, which will meet it when it sends."""
        self.socket.takes = [ConnectionResetError()]
        self.transport.write(b"hello")

        self.assertEqual(self.transport._tempDataBuffer, [b"hello"])

    def test_behind_what_waits(self) -> None:
        """What Twisted is sending already comes first."""
        self.transport.dataBuffer, self.transport.offset = b"before", 2
        self.transport.write(b"hello")

        self.assertEqual(self.socket.sent, [])
        self.assertEqual(self.transport.backlog, 9)

    def test_at_the_end(self) -> None:
        """A connection that is closing or gone sends nothing more by itself."""
        self.transport.disconnecting = True
        self.transport.write(b"late")
        self.transport.disconnecting, self.transport.connected = False, False
        self.transport._tempDataBuffer.clear()
        self.transport.write(b"too late")

        self.assertEqual(self.socket.sent, [])


class HoldingTests(TransportTestCase):
    """During a hub's round replies are held back."""

    def setUp(self) -> None:
        """Let a hub read."""
        super().setUp()
        self.hub = self.transport._hub = Hub()
        self.hub.is_reading = True

    def test_until_the_end(self) -> None:
        """What is written during a round leaves in one piece when it is flushed."""
        self.transport.write(b"hello")
        self.transport.write(b" world")
        self.assertEqual((self.socket.sent, self.hub.unsent), ([], [self.transport]))
        self.transport.flush()
        self.transport.flush()

        self.assertEqual(self.socket.sent, [b"hello world"])

    def test_now(self) -> None:
        """What may leave during a round does, unless something before it waits for the end."""
        self.transport.send_now(b"now")
        self.transport.write(b"hello")
        self.transport.send_now(b" world")
        self.assertEqual(self.socket.sent, [b"now"])
        self.transport.flush()

        self.assertEqual(self.socket.sent, [b"now", b"hello world"])

    def test_not_too_much(self) -> None:
        """More than 64 KiB are not held back."""
        self.transport.write(b"x" * 40_000)
        self.transport.write(b"y" * 40_000)
        self.transport.write(b"z")

        self.assertEqual(self.socket.sent, [b"x" * 40_000 + b"y" * 40_000])
        self.transport.flush()
        self.assertEqual(self.socket.sent[1:], [b"z"])

    def test_outside_of_a_round(self) -> None:
        """Between rounds writes leave at once."""
        self.hub.is_reading = False
        self.transport.write(b"hello")

        self.assertEqual((self.socket.sent, self.hub.unsent), ([b"hello"], []))

    def test_closing(self) -> None:
        """Who closes sends first what it held back."""
        self.transport.write(b"bye")
        self.transport.loseConnection()

        self.assertEqual(self.socket.sent, [b"bye"])
        self.assertEqual(self.transport.happened, ["lose with 0 waiting"])

    def test_aborting(self) -> None:
        """Who is cut off does not."""
        self.transport.write(b"bye")
        self.transport.abortConnection()
        self.transport.flush()

        self.assertEqual(self.socket.sent, [])


class ReceivingTests(TransportTestCase):
    """Reads are as large as what comes."""

    def test_sizes(self) -> None:
        """They grow while they come back full, up to 256 KiB, and shrink again if they do not."""
        kib = 1024
        self.socket.gives = [b"x" * 1_000_000] * 7 + [b"x" * 70 * kib] + [b"x"] * 64
        for _ in range(72):
            self.assertIsNone(self.transport.doRead())

        self.assertEqual(
            [size // kib for size in self.socket.asked],
            [
                16,
                32,
                64,
                128,
                256,
                256,
                256,
                *(size for size in (256, 128, 64, 32) for _ in range(16)),
                16,
            ],
        )
        self.assertEqual(len(self.received), 72)

    def test_small_ones(self) -> None:
        """After some that brought little, a read is small; one that fills it is followed up."""
        self.socket.gives = [b"x"] * 33 + [b"y" * 1000, b"z" * 70, b"x"]
        for _ in range(35):
            self.assertIsNone(self.transport.doRead())

        small = self.socket.asked[32]
        self.assertEqual(small, 512 - sys.getsizeof(b""))
        self.assertEqual(
            self.socket.asked,
            [16384] * 16 + [4096] * 16 + [small, small, 16384 - small, 4096],
        )
        self.assertEqual(self.received[33:], [b"y" * small + b"z" * 70, b"x"])

    def test_small_ones_filled_just_so(self) -> None:
        """Nothing may be left behind what fills a small read; an error is met later."""
        self.socket.gives = [b"x"] * 32 + [b"y" * 999, BlockingIOError(), ConnectionResetError()]
        for _ in range(33):
            self.assertIsNone(self.transport.doRead())

        self.assertEqual({*self.received[32]}, {*b"y"})
        self.assertIs(self.transport.doRead(), main.CONNECTION_LOST)

    def test_nothing_yet(self) -> None:
        """A read that would block is no end."""
        self.socket.gives = [BlockingIOError(), InterruptedError()]

        self.assertEqual((self.transport.doRead(), self.transport.doRead()), (None, None))
        self.assertEqual(self.received, [])

    def test_the_end(self) -> None:
        """An end is told from an error."""
        self.socket.gives = [b"", ConnectionResetError()]

        self.assertIs(self.transport.doRead(), main.CONNECTION_DONE)
        self.assertIs(self.transport.doRead(), main.CONNECTION_LOST)
        self.assertEqual(self.received, [])


class LoopbackTests(SynchronousTestCase):
    """The same on real sockets."""

    def setUp(self) -> None:
        """Listen."""
        self.loopback = Loopback()
        self.addCleanup(self.loopback.close)

    def test_a_slow_peer(self) -> None:
        """What the kernel does not take at once arrives all the same, in order."""
        peer = self.loopback.connect(receive_buffer=4096)
        transport = self.loopback.transport_of(peer)
        transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        transport.unregisterProducer()
        peer.reads = False
        expected = b""
        for number in range(200):
            data = b"%d:" % number * 1000
            transport.write(data)
            expected += data
        self.assertGreater(transport.backlog, 100_000)
        # Its pieces are objects, and what was sent of the first of them is there yet.
        memory = len(transport.dataBuffer) + sum(map(sys.getsizeof, transport._tempDataBuffer))
        self.assertGreaterEqual(transport.backlog_memory, memory)
        self.assertLess(transport.backlog_memory, memory + 8 * 1024)
        peer.reads = True
        self.loopback.until(lambda: len(peer.received) == len(expected))

        self.assertTrue(peer.received == expected)
        self.assertEqual(transport.backlog, 0)

    def test_a_peer_that_resets(self) -> None:
        """A reset while much waits to be sent ends the connection."""
        peer = self.loopback.connect()
        self.loopback.transport_of(peer).write(b"x" * 10_000_000)
        transport = self.loopback.transport_of(peer)
        peer.reads = False
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.socket.close()
        self.loopback.peers.remove(peer)
        self.loopback.until(lambda: not self.loopback.server.clients)
        self.assertEqual(transport.backlog, 0)

        self.assertEqual(self.loopback.hub and self.loopback.hub._connections, {})

    def test_a_client_that_is_cut_off(self) -> None:
        """What the kernel has taken for it arrives, then the end: no reset."""
        peer = self.loopback.connect()
        transport = self.loopback.transport_of(peer)
        transport.write(b"the last words")
        transport.abortConnection()
        self.loopback.until(lambda: not self.loopback.server.clients)
        peer.socket.setblocking(True)
        peer.socket.settimeout(20)

        self.assertEqual(peer.received + peer.socket.recv(99), b"the last words")
        self.assertEqual(peer.socket.recv(99), b"")

    def test_half_closed(self) -> None:
        """A peer that sends no more has said its last: what it sent is answered, then it ends."""
        peer = self.loopback.connect()
        peer.send(b"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4")
        peer.socket.shutdown(socket.SHUT_WR)
        self.loopback.until(lambda: peer.closed)

        self.assertEqual(peer.take(), b"+PONG\r\n+PONG\r\n")
        self.assertEqual(self.loopback.server.clients, {})

    def test_options(self) -> None:
        """Small replies are not delayed, and a silent peer is found out."""
        self.loopback.server.settings.tcp_keepalive = 60
        handle = self.loopback.transport_of(self.loopback.connect()).socket

        def option(level: int, name: str) -> int:
            return int(handle.getsockopt(level, getattr(socket, name)))

        self.assertTrue(option(socket.IPPROTO_TCP, "TCP_NODELAY"))
        self.assertTrue(option(socket.SOL_SOCKET, "SO_KEEPALIVE"))
        if hasattr(socket, "TCP_KEEPIDLE"):
            self.assertEqual(option(socket.IPPROTO_TCP, "TCP_KEEPIDLE"), 60)
            self.assertEqual(option(socket.IPPROTO_TCP, "TCP_KEEPINTVL"), 20)
            self.assertEqual(option(socket.IPPROTO_TCP, "TCP_KEEPCNT"), 3)

    def test_read_by_the_hub(self) -> None:
        """Connections are the hub's: to the reactor they are no readers."""
        transport = self.loopback.transport_of(self.loopback.connect())

        self.assertNotIn(transport, self.loopback.reactor.getReaders())
        transport.stopReading()
        assert self.loopback.hub is not None
        self.assertEqual(self.loopback.hub._connections, {})
        transport.startReading()

        self.assertEqual(list(self.loopback.hub._connections.values()), [transport])


class ReadingOnTests(TransportTestCase):
    """What is large is received in one go."""

    def receive(self, gives: list[Any], wanted: int) -> Any:
        """Read when so much comes, while so many chunks are part of something large."""
        self.socket.gives = gives
        self.transport.wants_more = lambda: len(self.received) < wanted
        return self.transport.doRead()

    def test_all_there_is(self) -> None:
        """Until it is complete, or nothing more is there."""
        self.assertIsNone(self.receive([b"x" * 16384, b"y" * 100, b"z"], 2))
        self.assertEqual([len(each) for each in self.received], [16384, 100])
        self.received.clear()
        self.assertIsNone(self.receive([b"x" * 32768, BlockingIOError(), b"z"], 5))
        self.assertEqual(len(self.received), 1)

    def test_within_bounds(self) -> None:
        """The others have to be served as well."""
        self.assertIsNone(self.receive([b"x" * 16384] + [b"y" * 1000] * 100, 1000))
        self.assertEqual(len(self.received), 17)

    def test_the_end(self) -> None:
        """It is found there, too."""
        self.assertIs(self.receive([b"x" * 16384, b""], 5), main.CONNECTION_DONE)
        self.assertIs(self.receive([b"x" * 32768, OSError()], 5), main.CONNECTION_LOST)
