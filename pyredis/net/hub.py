"""
Reads many connections in one go: an epoll within the reactor's.

Twisted's reactor spends several microseconds on each event of each connection,
as much as a whole GET. Here the connections of a server wait in an epoll object
of their own, which is a single reader to the reactor: whenever anything has
come, all connections that have something are read in one tight loop. Writing
that has to wait, closing and everything else stay with the reactor.

Where the platform has no epoll, connections are read by the reactor itself.
"""

from __future__ import annotations

import select
from typing import Any

from twisted.internet import main
from twisted.logger import Logger
from twisted.python.failure import Failure

_EVENTS_A_ROUND = 256
_ROUNDS = 8


class ReadHub:
    """
    The connections of one server, as one reader of the reactor.

    Args:
        reactor: Where the hub itself is registered while it has connections.
    """

    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._epoll = select.epoll()
        self._connections: dict[int, Any] = {}

    def fileno(self) -> int:
        """Return the epoll object's own descriptor."""
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        """Name it for the reactor's log."""
        return "connections"

    def add(self, connection: Any) -> None:
        """Read a connection (a Twisted transport) from now on."""
        number = connection.fileno()
        if number in self._connections:
            return
        if not self._connections:
            self._reactor.addReader(self)
        self._connections[number] = connection
        self._epoll.register(number, select.EPOLLIN)

    def remove(self, connection: Any) -> None:
        """Read a connection no more."""
        number = connection.fileno()
        if self._connections.get(number) is not connection:
            return
        del self._connections[number]
        self._epoll.unregister(number)
        if not self._connections:
            self._reactor.removeReader(self)

    def doRead(self) -> None:
        """Read every connection that has something; called by the reactor."""
        poll, find = self._epoll.poll, self._connections.get
        for _ in range(_ROUNDS):
            events = poll(0, _EVENTS_A_ROUND)
            for number, _event in events:
                connection = find(number)
                if connection is None:
                    continue
                try:
                    why = connection.doRead()
                except Exception:
                    self._log.failure("A connection failed unexpectedly")
                    why = main.CONNECTION_LOST
                if why is not None:
                    self._lose(connection, why)
            if len(events) < 2:
                # Nearly idle: the reactor waits better than a loop here.
                return

    def _lose(self, connection: Any, why: Exception) -> None:
        self.remove(connection)
        self._reactor.removeWriter(connection)
        connection.connectionLost(Failure(why))

    def connectionLost(self, reason: Failure) -> None:
        """Ignore: the reactor says so when it is torn down."""

    def close(self) -> None:
        """Give the epoll object back; no connection may be left."""
        if self._connections:
            self._reactor.removeReader(self)
            self._connections.clear()
        self._epoll.close()


def make_hub(reactor: Any) -> ReadHub | None:
    """Return a hub, or None where the platform has no epoll."""
    return ReadHub(reactor) if hasattr(select, "epoll") else None
