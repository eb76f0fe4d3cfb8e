"""Tests of pyredis.net.tls_transport: encrypted connections behave as plain ones do."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import Settings
from pyredis.config.special_types import BufferLimit, BufferLimits
from pyredis.net import protocol
from pyredis.net.tls_contexts import make_contexts
from pyredis.net.tls_transport import TlsFactory
from pyredis.net.transport import RedisPort
from tests.net.certificates import Authority
from tests.net.loopback import Loopback, Peer


class TlsPeer(Peer):
    """
    The other end of an encrypted connection.

    Attributes:
        chunks: What each read of the socket brought, encrypted.
        is_open: Whether the handshake is over.
        error: What is wrong, if anything is.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self.chunks: list[bytes] = []
        self.is_open = False
        self.error: ssl.SSLError | None = None
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out)
        self._plain = b""

    def send(self, data: bytes) -> None:
        """Send bytes, encrypted as soon as there are keys."""
        self._plain += data
        self.pump()

    def send_plain(self, data: bytes) -> None:
        """Send bytes as they are."""
        super().send(data)

    def say_goodbye(self) -> None:
        """End the TLS of the connection, but not the connection."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self.pump()

    def pump(self) -> None:
        """Do what is possible now."""
        before = len(self.received)
        super().pump()
        if len(self.received) > before:
            chunk = bytes(self.received[before:])
            del self.received[before:]
            self.chunks.append(chunk)
            self._in.write(chunk)
        try:
            self._step()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error
        if data := self._out.read():
            super().send(data)

    def _step(self) -> None:
        if not self.is_open:
            self._tls.do_handshake()
            self.is_open = True
        if self._plain:
            self._tls.write(self._plain)
            self._plain = b""
        while data := self._tls.read(1 << 16):
            self.received += data


class TlsLoopback(Loopback):
    """A server that listens on an encrypted port as well."""

    def __init__(self, directory: str, with_hub: bool = True, **settings: Any) -> None:
        super().__init__(with_hub, **settings)
        authority = Authority(directory)
        values = Settings()
        values.tls_cert_file, values.tls_key_file = authority.issue("server")
        values.tls_auth_clients = "no"
        self.contexts = make_contexts(values, lambda path: Path(path).read_bytes())
        self.client_context = ssl.create_default_context(cafile=authority.path)
        self.client_context.check_hostname = False
        self.tls_factory = TlsFactory(self.factory, lambda: self.contexts.accept(), self.reactor)
        self.tls_port = RedisPort(0, self.tls_factory, 50, "127.0.0.1", self.reactor)
        self.tls_port.startListening()

    def connect_tls(self, receive_buffer: int = 0, shakes_hands: bool = True) -> TlsPeer:
        """Return a new peer; by default one whose handshake is over."""
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(("127.0.0.1", self.tls_port.getHost().port))
        peer = TlsPeer(sock, self.client_context)
        self.peers.append(peer)
        if shakes_hands:
            self.until(lambda: peer.is_open or peer.closed)
        return peer

    def close(self) -> None:
        """Close everything."""
        self.tls_port.stopListening()
        super().close()


class TlsTestCase(SynchronousTestCase):
    """A server with an encrypted port."""

    with_hub = True

    def setUp(self) -> None:
        """Make a directory for certificates."""
        self.directory = tempfile.mkdtemp()
        self.loopback: TlsLoopback | None = None

    def tearDown(self) -> None:
        """Close everything."""
        if self.loopback is not None:
            self.loopback.close()
        shutil.rmtree(self.directory)

    def make(self, **settings: Any) -> TlsLoopback:
        """Make the server."""
        self.loopback = TlsLoopback(self.directory, self.with_hub, **settings)
        return self.loopback


class RequestsTests(TlsTestCase):
    """Requests and replies."""

    def test_one(self) -> None:
        """A request, a reply."""
        loopback = self.make()
        loopback.ask(loopback.connect_tls(), b"PING\r\n", b"+PONG\r\n")

    def test_byte_by_byte(self) -> None:
        """Records that come in pieces, handshake included."""
        loopback = self.make()
        peer = loopback.connect_tls(shakes_hands=False)
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
        loopback.until(lambda: peer.is_open)
        loopback.ask(peer, b"*1\r\n$4\r\nPING\r\n" * 50, b"+PONG\r\n" * 50)

    def test_one_write_for_what_one_read_brings(self) -> None:
        """The replies to a pipeline leave together, however many records it took."""
        loopback = self.make()
        peer = loopback.connect_tls()
        loopback.turn(5)
        peer.chunks.clear()
        many = 2500
        peer.send(b"*1\r\n$4\r\nPING\r\n" * many)
        loopback.until(lambda: len(peer.received) == many * 7)
        self.assertLess(len(peer.chunks), 6)

    def test_large_values(self) -> None:
        """There and back."""
        loopback = self.make()
        peer = loopback.connect_tls()
        value = bytes(range(256)) * 12_000
        loopback.ask(
            peer, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%b\r\n" % (len(value), value), b"+OK\r\n"
        )
        loopback.ask(
            peer, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", b"$%d\r\n%b\r\n" % (len(value), value)
        )

    def test_publishing(self) -> None:
        """Messages come through, between encrypted and plain clients."""
        loopback = self.make()
        subscriber, plain = loopback.connect_tls(), loopback.connect()
        subscriber.send(b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n")
        loopback.until(lambda: subscriber.received.endswith(b":1\r\n"))
        subscriber.take()
        loopback.ask(plain, b"PUBLISH c hi\r\n", b":1\r\n")
        loopback.until(lambda: subscriber.received.endswith(b"hi\r\n"))

    def test_new_certificates(self) -> None:
        """Connections from now on get those that are loaded now; the others go on."""
        loopback = self.make()
        peer = loopback.connect_tls()
        loopback.contexts = None  # type: ignore[assignment]
        loopback.ask(peer, b"PING\r\n", b"+PONG\r\n")


class WithoutHubTests(RequestsTests):
    """The same where the reactor itself reads connections."""

    with_hub = False


class EndingTests(TlsTestCase):
    """How connections end."""

    def test_quit(self) -> None:
        """The answer comes, then the end."""
        loopback = self.make()
        peer = loopback.connect_tls()
        peer.send(b"QUIT\r\n")
        loopback.until(lambda: peer.closed)
        self.assertEqual(peer.take(), b"+OK\r\n")
        loopback.until(lambda: not loopback.server.clients)

    def test_goodbye(self) -> None:
        """A client that ends TLS is gone, though it keeps the connection."""
        loopback = self.make()
        peer = loopback.connect_tls()
        self.assertEqual(len(loopback.server.clients), 1)
        peer.say_goodbye()
        loopback.until(lambda: not loopback.server.clients)

    def test_answered_before_goodbye(self) -> None:
        """What came together with the goodbye is answered."""
        loopback = self.make()
        peer = loopback.connect_tls()
        peer.send(b"INCR k\r\n")
        peer.say_goodbye()
        loopback.until(lambda: not loopback.server.clients)
        self.assertEqual(loopback.server.keyspace.databases[0].values[b"k"], 1)

    def test_hung_up(self) -> None:
        """A client that just goes."""
        loopback = self.make()
        loopback.connect_tls().socket.close()
        loopback.peers.clear()
        loopback.until(lambda: not loopback.server.clients)

    def test_killed(self) -> None:
        """CLIENT KILL works on them, and LIST shows their address."""
        loopback = self.make()
        peer, plain = loopback.connect_tls(), loopback.connect()
        port = peer.socket.getsockname()[1]
        loopback.ask(
            plain,
            b"*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nADDR\r\n$%d\r\n127.0.0.1:%d\r\n"
            % (10 + len(str(port)), port),
            b":1\r\n",
        )
        loopback.until(lambda: peer.closed)

    def test_garbage_in_between(self) -> None:
        """Bytes that are no TLS end the connection."""
        loopback = self.make()
        peer = loopback.connect_tls()
        peer.send_plain(b"PING\r\n" * 10)
        loopback.until(lambda: peer.closed)
        self.assertEqual(len(loopback.server.clients), 0)


class HandshakeTests(TlsTestCase):
    """Who does not come in."""

    def test_plain_text(self) -> None:
        """A client that does not speak TLS."""
        loopback = self.make()
        peer = Peer(socket.create_connection(("127.0.0.1", loopback.tls_port.getHost().port)))
        loopback.peers.append(peer)
        peer.send(b"PING\r\n")
        loopback.until(lambda: peer.closed)
        self.assertNotIn(b"PONG", peer.received)
        loopback.until(lambda: not loopback.server.clients)

    def test_it_takes_too_long(self) -> None:
        """Who connects and says nothing is hung up on."""
        loopback = self.make()
        peer = loopback.connect_tls(shakes_hands=False)
        loopback.until(lambda: bool(loopback.server.clients))
        (call,) = loopback.reactor.getDelayedCalls()
        self.assertEqual(round(call.getTime() - loopback.reactor.seconds()), 10)
        peer.reads = False
        call.reset(0)
        loopback.until(lambda: not loopback.server.clients)

    def test_no_timer_stays(self) -> None:
        """A handshake that is over is not timed any more."""
        loopback = self.make()
        loopback.connect_tls()
        loopback.until(lambda: not loopback.reactor.getDelayedCalls())

    def test_too_many(self) -> None:
        """One client more than allowed is hung up on at once: no handshake for it."""
        loopback = self.make(maxclients=1)
        loopback.connect_tls()
        refused = loopback.connect_tls()
        self.assertTrue(refused.closed)
        self.assertEqual(loopback.server.statistics.connections_rejected, 1)

    def test_protected_mode(self) -> None:
        """Who is refused for where it comes from is told so, encrypted."""
        loopback = self.make(protected_mode=True)
        self.patch(loopback.factory, "_is_protected_from", lambda address: True)
        peer = loopback.connect_tls()
        loopback.until(lambda: peer.closed)
        self.assertTrue(peer.received.startswith(b"-DENIED"))


class SlowReaderTests(TlsTestCase):
    """Clients that do not take their replies."""

    def test_not_read_from(self) -> None:
        """A client that pipelines and never reads costs little."""
        self.patch(protocol, "_UNSENT_MOST", 200_000)
        loopback = self.make()
        peer = loopback.connect_tls(4096)
        loopback.server.keyspace.databases[0].store(b"k", bytes(100_000))
        peer.reads = False
        peer.send(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 100)
        loopback.turn(50)
        (client,) = loopback.server.clients.values()
        self.assertLess(client.connection.pending_output(), 1_000_000)
        peer.reads = True
        loopback.until(lambda: len(peer.received) == 100 * (100_000 + 11))

    def test_output_limit(self) -> None:
        """One that subscribed and does not read is cut off at the limit."""
        limit = BufferLimit(1_000_000, 0, 0)
        loopback = self.make(client_output_buffer_limit=BufferLimits(limit, limit, limit))
        peer, plain = loopback.connect_tls(4096), loopback.connect()
        peer.send(b"SUBSCRIBE c\r\n")
        loopback.until(lambda: bool(peer.received))
        peer.reads = False
        for _ in range(60):
            plain.send(b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$100000\r\n%b\r\n" % bytes(100_000))
        loopback.until(lambda: len(loopback.server.clients) == 1)
        self.assertEqual(loopback.server.statistics.output_buffer_disconnections, 1)
