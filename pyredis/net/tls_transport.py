"""
Encrypted connections; imported only where TLS is used.

A layer between the TCP transport and the protocol of a client, which sees a
transport like any other. The socket is read and written by the TCP transport,
with all that it does for plain connections: all that one read brought is
decrypted before it is handed on, so that its replies leave in one write.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from zope.interface import implementer

from pyredis.net.factory import TOO_MANY, RefusingProtocol
from pyredis.net.tls_contexts import reason_of

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress
    from twisted.python.failure import Failure

    from pyredis.net.hub import ReadHub

_HANDSHAKE_S = 10
_RECORD_BYTES = 16 * 1024
_CIPHERTEXT_BYTES = 64 * 1024
_GATHERED_BYTES = 16 * _RECORD_BYTES


@implementer(ITransport)
class TlsTransport(Protocol):
    """
    One encrypted connection: a protocol to TCP, a transport to the client's protocol.

    Args:
        connection: OpenSSL's state of it, without a socket.
        inner: The protocol within.
        reactor: Ends a handshake that takes too long.

    Attributes:
        is_encrypted: True, to tell it from the transports of sockets.
    """

    is_encrypted = True
    transport: Any
    _log = Logger()

    def __init__(self, connection: SSL.Connection, inner: Any, reactor: Any) -> None:
        self._connection = connection
        self._inner = inner
        self._reactor = reactor
        self._timer: Any = None
        self._is_open = False
        self._is_closing = False
        # What is to be sent when the handshake is over, and whether that is all.
        self._early: list[bytes] = []
        self._is_refused = False

    # To the TCP transport

    def connectionMade(self) -> None:
        """Show the client its transport; the handshake is the other end's to begin."""
        self._timer = self._reactor.callLater(_HANDSHAKE_S, self._give_up)
        self._inner.makeConnection(self)

    def dataReceived(self, data: bytes) -> None:
        """Decrypt what came, and hand it on in one piece."""
        self._connection.bio_write(data)
        if not self._is_open and not self._shake_hands():
            return
        received: list[bytes] = []
        is_over = False
        try:
            while True:
                received.append(self._connection.recv(_RECORD_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            is_over = True
            if not isinstance(error, SSL.ZeroReturnError):
                self._tell("Error reading from", error)
        if received and not self._is_closing:
            self._inner.dataReceived(b"".join(received))
        if is_over:
            self.loseConnection()
        else:
            # New keys, if the other end wanted some.
            self._send_ciphertext()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the client."""
        self._is_closing = True
        self._stop_timer()
        self._inner.connectionLost(reason)

    # To the protocol within

    def write(self, data: bytes) -> None:
        """Encrypt and send bytes, as soon as there are keys."""
        if not self._is_open:
            self._early.append(data)
        elif not self._is_closing:
            self._encrypt(data)

    def writeSequence(self, data: Any) -> None:
        """Send several pieces as one."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close when all that was written has left; the other end's goodbye is not awaited."""
        if self._is_closing:
            return
        if not self._is_open and self._early:
            # The handshake will be over soon, one way or the other.
            self._is_refused = True
            return
        self._is_closing = True
        if not self._is_open:
            self.transport.abortConnection()
            return
        # Where the other end broke it there is nobody to say goodbye to.
        with contextlib.suppress(SSL.Error):
            self._connection.shutdown()
        self._send_ciphertext()
        self._hang_up()

    def abortConnection(self) -> None:
        """Close now."""
        self._is_closing = True
        self.transport.abortConnection()

    def getPeer(self) -> Any:
        """Return the address of the other end."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """Return the address of this end."""
        return self.transport.getHost()

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 once it is closed."""
        number: int = self.transport.fileno()
        return number

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Send small pieces at once."""
        self.transport.setTcpNoDelay(enabled)

    def keep_alive(self, seconds: int) -> None:
        """Let the system find out that a silent peer is gone."""
        self.transport.keep_alive(seconds)

    def read_through(self, hub: ReadHub, gatherer: object = None) -> None:
        """Be read by a hub instead of the reactor from now on; nobody takes ciphertext."""
        self.transport.read_through(hub)

    @property
    def backlog(self) -> int:
        """How many bytes wait for the kernel to take them."""
        waiting: int = self.transport.backlog
        return waiting

    @property
    def backlog_memory(self) -> int:
        """How much memory that takes."""
        memory: int = self.transport.backlog_memory
        return memory

    @property
    def on_backlog(self) -> Callable[[int], None] | None:
        """Called with the backlog whenever the kernel does not take a write at once."""
        callback: Callable[[int], None] | None = self.transport.on_backlog
        return callback

    @on_backlog.setter
    def on_backlog(self, callback: Callable[[int], None]) -> None:
        self.transport.on_backlog = callback

    def pause_until_sent(self) -> None:
        """Pause the producer until nothing waits any more."""
        self.transport.pause_until_sent()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let the TCP transport say when its buffer is full."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Say so no more."""
        self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Read no more for now."""
        self.transport.pauseProducing()

    def stopProducing(self) -> None:
        """Read no more at all."""
        self.transport.stopProducing()

    def resumeProducing(self) -> None:
        """Read on."""
        self.transport.resumeProducing()

    # Within

    def _shake_hands(self) -> bool:
        """Go on with the handshake; return whether it is over."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._send_ciphertext()
            return False
        except SSL.Error as error:
            self._tell("Error accepting", error)
            self._is_closing = True
            # The alert that says what was wrong.
            self._send_ciphertext()
            self._hang_up()
            return False
        self._is_open = True
        self._stop_timer()
        self._send_ciphertext()
        if self._early:
            self._encrypt(b"".join(self._early))
            self._early.clear()
            if self._is_refused:
                self.loseConnection()
        return True

    def _encrypt(self, data: bytes) -> None:
        send = self._connection.send
        try:
            sent = send(data)
            size = len(data)
            # OpenSSL takes one record at a time.
            while sent < size:
                sent += send(data[sent : sent + _RECORD_BYTES])
                if not sent % _GATHERED_BYTES:
                    self._send_ciphertext()
        except SSL.Error as error:
            self._tell("Error writing to", error)
            self.abortConnection()
            return
        self._send_ciphertext()

    def _send_ciphertext(self) -> None:
        """Hand what OpenSSL has for the other end to the TCP transport."""
        pieces: list[bytes] = []
        try:
            while not pieces or len(pieces[-1]) == _CIPHERTEXT_BYTES:
                pieces.append(self._connection.bio_read(_CIPHERTEXT_BYTES))
        except SSL.WantReadError:
            pass
        if pieces:
            self.transport.write(b"".join(pieces))

    def _give_up(self) -> None:
        """Hang up on who does not come to the end of its handshake."""
        self._timer = None
        self._log.info(
            "Error accepting a client connection: handshake timed out (addr={addr})",
            addr=_spelled(self.getPeer()),
            verbose=True,
        )
        self.abortConnection()

    def _hang_up(self) -> None:
        """Close when all that was written has left."""
        # A producer would be asked for more then, and nobody would close.
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _tell(self, what: str, error: SSL.Error) -> None:
        self._log.info(
            "{what} a client connection: {why} (addr={addr})",
            what=what,
            why=reason_of(error),
            addr=_spelled(self.getPeer()),
            verbose=True,
        )


class TlsFactory(Factory):
    """
    Makes encrypted connections.

    Args:
        factory: Makes the protocols within them.
        accept: Returns OpenSSL's state of a new connection.
        reactor: Ends handshakes that take too long.
    """

    noisy = False

    def __init__(
        self, factory: Factory, accept: Callable[[], SSL.Connection], reactor: Any
    ) -> None:
        self._factory = factory
        self._accept = accept
        self._reactor = reactor

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Return a new connection's layer, or None to hang up."""
        inner = self._factory.buildProtocol(addr)
        if isinstance(inner, RefusingProtocol) and inner.reason == TOO_MANY:
            # To say so would take a handshake, which is what there are too many of.
            return None
        return TlsTransport(self._accept(), inner, self._reactor)


def _spelled(address: Any) -> str:
    return f"{address.host}:{address.port}"
