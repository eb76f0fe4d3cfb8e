"""A connection to a server with no socket: two transports that hand each other bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

_FULL_BYTES = 64 * 1024


@implementer(IAddress)
class MemoryAddress:
    """Where a connection in memory comes from: nowhere."""

    name = b"memory"


@implementer(ITransport)
class MemoryTransport:
    """
    One end of a connection in memory.

    What is written arrives a turn of the reactor later, as over a socket; an
    end that is paused is not given anything.

    Args:
        reactor: Delivers.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._inbox: deque[bytes] = deque()
        self._end: Exception | None = None  # how the other end has closed
        self._paused = False
        self._delivering: Any = None
        self._producer: Any = None
        self._producer_paused = False
        self.connected = True
        self.disconnecting = False
        self.other: MemoryTransport
        self.protocol: Any = None
        self.on_backlog: Callable[[int], None] | None = None

    # What a protocol calls

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self.connected and not self.disconnecting and data:
            self.other._inbox.append(data)
            self.other._deliver_soon()
            self._look_at_backlog()

    def writeSequence(self, data: Any) -> None:
        """Send bytes in pieces."""
        self.write(b"".join(data))

    def loseConnection(self, *reason: Any) -> None:
        """Close when what was written has arrived."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self._end_both(ConnectionDone())

    def abortConnection(self) -> None:
        """Close at once; what has not arrived is lost."""
        if self.connected:
            self.other._inbox.clear()
            self._end_both(ConnectionAborted())

    def getPeer(self) -> MemoryAddress:
        """Return the other end's address."""
        return MemoryAddress()

    def getHost(self) -> MemoryAddress:
        """Return this end's address."""
        return MemoryAddress()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing is delayed."""

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Nobody is silent for ever."""

    def fileno(self) -> int:
        """Return -1: there is no descriptor."""
        return -1

    @property
    def backlog(self) -> int:
        """How many bytes have not arrived yet."""
        return sum(map(len, self.other._inbox))

    @property
    def backlog_memory(self) -> int:
        """How much memory those take."""
        return self.backlog

    def read_through(self, hub: object, gatherer: object = None) -> None:
        """There is nothing to be read by a hub."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Pause a producer while much has not arrived."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Pause nobody any more."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Deliver nothing to this end."""
        self._paused = True

    stopReading = pauseProducing

    def resumeProducing(self) -> None:
        """Deliver again."""
        self._paused = False
        if self._inbox or self._end is not None:
            self._deliver_soon()

    startReading = resumeProducing

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    # Within

    def _look_at_backlog(self) -> None:
        backlog = self.backlog
        if self.on_backlog is not None and backlog:
            self.on_backlog(backlog)
        if self._producer is None:
            return
        if backlog > _FULL_BYTES and not self._producer_paused:
            self._producer_paused = True
            self._producer.pauseProducing()
        elif not backlog and self._producer_paused:
            self._producer_paused = False
            self._producer.resumeProducing()

    def _end_both(self, reason: Exception) -> None:
        for end in (self, self.other):
            end._end = reason
            end._deliver_soon()

    def _deliver_soon(self) -> None:
        if self._delivering is None and self.connected:
            self._delivering = self._reactor.callLater(0, self._deliver)

    def _deliver(self) -> None:
        self._delivering = None
        while self._inbox and not self._paused and self.connected:
            self.protocol.dataReceived(self._inbox.popleft())
        self.other._look_at_backlog()
        # What waits for an end that is paused does not keep it from closing itself.
        if self._end is not None and self.connected and (self.disconnecting or not self._inbox):
            self.connected = False
            self.protocol.connectionLost(Failure(self._end))


def connect_in_memory(factory: IProtocolFactory, protocol: IProtocol, reactor: Any) -> None:
    """
    Connect a protocol to one that a factory makes.

    Args:
        factory: The server's.
        protocol: The client's.
        reactor: Delivers what they write, a turn later.
    """
    here, there = MemoryTransport(reactor), MemoryTransport(reactor)
    here.other, there.other = there, here
    server: Any = factory.buildProtocol(MemoryAddress())
    here.protocol, there.protocol = protocol, server
    server.makeConnection(there)
    protocol.makeConnection(here)
