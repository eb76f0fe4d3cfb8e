"""
TCP and Unix transports that send at once.

Twisted's own ``write`` keeps the bytes for the next turn of the reactor, with
two changes of the poll set around the send: half the rate of unpipelined
requests. Here a reply leaves during ``write`` if nothing waits before it; what
the kernel does not take goes Twisted's way. While the hub reads a round of
connections their replies are held back until its end: waking the clients one by
one in between costs the kernel more than the replies do.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet import main, tcp

from pyredis.net.hub import SMALL_READ_BYTES, ReadHub
from pyredis.net.together import LARGEST_CHUNK

if TYPE_CHECKING:
    from pyredis.net.protocol import RedisProtocol

# How much is read at a time: as little as fits what comes.
_SIZES = (SMALL_READ_BYTES, *(kilobytes << 10 for kilobytes in (4, 16, 32, 64, 128, 256)))
_FIRST_STEP = 2
_LITTLE_READS = 16
_HELD_MAX_BYTES = 64 * 1024
_READS_A_TURN = 16

# What a piece that waits to be sent takes besides its bytes: its object, rounded up, its place.
_PIECE_OVERHEAD = sys.getsizeof(b"") + 8 + 8


class SendAtOnce:
    """Mixed into a stream transport: immediate writes, and reads sized by what comes."""

    # The protocol decides when to stop: see ``on_backlog``.
    bufferSize = sys.maxsize
    # How many bytes the next read may bring. With fewer than the least, it is too large.
    read_bytes = _SIZES[_FIRST_STEP]
    least_bytes = _SIZES[_FIRST_STEP - 1]
    _step = _FIRST_STEP
    # How many brought little since one was full or they became smaller.
    _little_reads = 0
    _hub: ReadHub | None = None
    # Takes small chunks together with those of others.
    gatherer: RedisProtocol | None = None
    # Reads so many bytes, while chunks to be gathered are expected.
    receive: Callable[[int], bytes] | None = None
    _held: bytes | None = None
    # Called with the backlog whenever the kernel does not take a write at once.
    on_backlog: Callable[[int], None] | None = None
    # Tells whether what has come is part of something large, and may be read on.
    wants_more: Callable[[], bool] = staticmethod(lambda: False)

    # What the transport it is mixed into provides.
    socket: Any
    producer: Any
    producerPaused: Any
    protocol: Any
    reactor: Any
    connected: Any
    disconnecting: Any
    dataBuffer: Any
    offset: int
    _tempDataBuffer: Any
    _tempDataLen: int

    def write(self, data: bytes) -> None:
        """Send bytes now, or when the hub has read its other connections."""
        hub = self._hub
        if hub is None or not hub.is_reading:
            self.send_now(data)
        elif self._held is None:
            self._held = data
            hub.unsent.append(self)
        else:
            self._held += data
            if len(self._held) > _HELD_MAX_BYTES:
                hub.let_out(self)

    @property
    def holds_back(self) -> bool:
        """Whether anything waits for the end of the hub's round."""
        return self._held is not None

    def flush(self) -> None:
        """Send what was held back."""
        data, self._held = self._held, None
        if data is not None:
            self.send_now(data)

    def send_now(self, data: bytes) -> None:
        """Send bytes, even during a round, if nothing waits before them; queue what is refused."""
        if self._held is not None:
            self._held += data
            return
        if not (self.dataBuffer or self._tempDataBuffer or self.disconnecting) and self.connected:
            try:
                sent = self.socket.send(data)
            except OSError:
                # A full buffer, or an error that the reactor will meet and report.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)  # type: ignore[misc]
        if self.on_backlog is not None:
            self.on_backlog(self.backlog)

    @property
    def backlog(self) -> int:
        """How many bytes wait for the kernel to take them."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    @property
    def backlog_memory(self) -> int:
        """How much memory that takes: it came in pieces, and is let go of as a whole."""
        return (
            len(self.dataBuffer) + self._tempDataLen + _PIECE_OVERHEAD * len(self._tempDataBuffer)
        )

    def pause_until_sent(self) -> None:
        """Pause the producer until nothing waits any more."""
        self.producerPaused = True
        self.producer.pauseProducing()

    def loseConnection(self, *args: Any) -> None:
        """Close when all that was written has left."""
        if self._held is not None and self._hub is not None:
            self._hub.let_out(self)
        super().loseConnection(*args)  # type: ignore[misc]

    def abortConnection(self) -> None:
        """Close now; what was held back is dropped."""
        self._held = None
        super().abortConnection()  # type: ignore[misc]

    def _closeSocket(self, orderly: bool) -> None:
        """Close; who is cut off still gets what the kernel took, as from Redis, and no reset."""
        if orderly:
            super()._closeSocket(orderly)  # type: ignore[misc]
        else:
            with contextlib.suppress(OSError):
                self.socket.close()

    def connectionLost(self, reason: Any) -> None:
        """Give back at once what was not sent: circles of references keep this object a while."""
        super().connectionLost(reason)  # type: ignore[misc]
        self._held = self.on_backlog = self.receive = None
        self.dataBuffer, self.offset = b"", 0
        self._tempDataBuffer, self._tempDataLen = [], 0

    def doRead(self) -> Any:
        """Receive what is there; called by the reactor."""
        try:
            data = self.socket.recv(self.read_bytes)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return main.CONNECTION_LOST
        return self.received(data)

    def received(self, data: bytes) -> Any:
        """Take what a read has brought; return why the connection is lost, if it is."""
        if not data:
            return main.CONNECTION_DONE
        size = self.read_bytes
        is_full = len(data) == size
        if is_full:
            if size == SMALL_READ_BYTES:
                is_full = False
                data += self._receive_rest()
            self._expect_more(len(data))
        elif len(data) < self.least_bytes:
            self._expect_less()
        if len(data) < LARGEST_CHUNK and self.gatherer is not None:
            gathered = self._hub.gathered  # type: ignore[union-attr]
            if gathered is not None:
                gathered.append((self.gatherer, data))
                return None
        self.protocol.dataReceived(data)
        return self._read_on() if is_full else None

    def _receive_rest(self) -> bytes:
        """Receive what did not fit a small read, if there is anything."""
        try:
            rest: bytes = self.socket.recv(LARGEST_CHUNK - SMALL_READ_BYTES)
        except OSError:
            return b""  # an error will meet the next read, too
        return rest

    def _expect_more(self, length: int) -> None:
        """Make the next reads larger: the last one was full, and brought so much."""
        step = self._step
        while step < len(_SIZES) - 1 and _SIZES[step] <= length:
            step += 1
        self._little_reads = 0
        self._read_by(step)

    def _expect_less(self) -> None:
        """Make the next reads smaller if several brought little."""
        self._little_reads += 1
        if self._little_reads == _LITTLE_READS:
            self._little_reads = 0
            self._read_by(self._step - 1)

    def _read_by(self, step: int) -> None:
        self._step = step
        self.read_bytes = _SIZES[step]
        self.least_bytes = _SIZES[step - 1] if step else 1
        is_gathered = self.gatherer is not None and self.read_bytes <= LARGEST_CHUNK
        self.receive = self.socket.recv if is_gathered else None

    def _read_on(self) -> Any:
        """Receive more, within bounds, while the protocol is in the middle of something large."""
        for _ in range(_READS_A_TURN):
            if not self.wants_more():
                break
            try:
                data = self.socket.recv(_SIZES[-1])
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                return main.CONNECTION_LOST
            if not data:
                return main.CONNECTION_DONE
            self.protocol.dataReceived(data)
        return None

    def read_through(self, hub: ReadHub, gatherer: RedisProtocol | None = None) -> None:
        """
        Be read by a hub instead of the reactor from now on.

        Args:
            hub: Which.
            gatherer: The protocol, if it takes what is received as it comes.
        """
        reading = self in self.reactor.getReaders()
        self.stopReading()
        self._hub = hub
        self.gatherer = gatherer
        self._read_by(self._step)
        if reading:
            self.startReading()

    def startReading(self) -> None:
        """Wait for input."""
        if self._hub is not None:
            self._hub.add(self)
        else:
            super().startReading()  # type: ignore[misc]

    def stopReading(self) -> None:
        """Wait for input no more."""
        if self._hub is not None:
            self._hub.remove(self)
        else:
            super().stopReading()  # type: ignore[misc]


class RedisTransport(SendAtOnce, tcp.Server):
    """A TCP connection of a client."""

    def keep_alive(self, seconds: int) -> None:
        """
        Let the system find out that a silent peer is gone.

        Args:
            seconds: How long it may be silent; as long again passes until it is given up.
        """
        self.setTcpKeepAlive(True)
        for name, value in (
            ("TCP_KEEPIDLE", seconds),
            ("TCP_KEEPINTVL", max(seconds // 3, 1)),
            ("TCP_KEEPCNT", 3),
        ):
            if hasattr(socket, name):
                self.socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class RedisPort(tcp.Port):
    """A TCP port whose connections send at once."""

    transport = RedisTransport

    def createInternetSocket(self) -> socket.socket:
        """Return a new socket; one for IPv6 leaves IPv4 to another on the same port."""
        created: socket.socket = super().createInternetSocket()
        if self.addressFamily == socket.AF_INET6:
            created.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return created
