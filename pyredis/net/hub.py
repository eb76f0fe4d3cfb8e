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
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet import main
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.net.together import Gathered, take_together

if TYPE_CHECKING:
    from pyredis.net.protocol import RedisProtocol

SMALL_READ_BYTES = 512 - sys.getsizeof(b"")
"""So many bytes Python takes from a pool of its own: a read costs a sixth less."""

_EVENTS_A_ROUND = 256
_ROUNDS = 8
# A round of so few counts half. The next request of one of them is looked for, so often:
# about 150 microseconds, in which most clients ask again. To look in vain is forgiven after
# some successes; otherwise it is paused, twice as long each time, half as long after a success.
_FEW = 7
_LOOKS = 350
_SUCCESSES = 4
_LEAST_PAUSE = 16
_LONGEST_PAUSE = 4096
# Fewer connections than this are not worth gathering what they received.
_SEVERAL = 4
# With fewer than this a round is lingered behind. And behind how many it is not, once
# somebody was found waiting.
_MANY = 16
_HASTE = 16


class ReadHub:
    """
    The connections of one server, as one reader of the reactor.

    Args:
        reactor: Where the hub itself is registered while it has connections.
        on_round: Called before each round of reading.

    Attributes:
        on_round: The same; may be replaced.
        is_reading: True during a round: connections hold back what they write.
        unsent: Those that did.
        gathered: Where connections put small chunks instead of taking them, to be
            run together; None while they shall not.
        linger: Lets some microseconds pass for more requests to come, where that pays;
            None for never.
        rounds: How often it read, since the start; ``reads`` how many connections
            in all, and ``writes`` how many it wrote to.
    """

    _log = Logger()

    def __init__(self, reactor: Any, on_round: Callable[[], object]) -> None:
        self._reactor = reactor
        self.on_round = on_round
        self._epoll = select.epoll()
        self._connections: dict[int, Any] = {}
        self._is_over = False
        # Behind so many rounds of a few is not looked for the next.
        self._pause = 0
        self._successes = 0
        self._next_pause = _LEAST_PAUSE
        self.linger: Callable[[], object] | None = None
        # One of those who were served in the last round.
        self._served: tuple[int, int] | None = None
        self._in_haste = 0
        self.is_reading = False
        self.rounds = 0
        self.reads = 0
        self.writes = 0
        self.unsent: list[Any] = []
        self.gathered: Gathered | None = None
        # Those of them that cannot be served together, while they are one by one.
        self._alone: deque[tuple[RedisProtocol, bytes]] = deque()
        self._passes: Callable[[], bool] | None = None
        self._finish: Callable[[], None] = self._flush

    def put_barrier(self, passes: Callable[[], bool] | None) -> None:
        """
        Let a function be called before the replies of a round leave.

        Args:
            passes: Returns False if they must not: those connections are cut off
                then. None for no barrier.
        """
        self._passes = passes
        self._finish = self._flush if passes is None else self._flush_behind_barrier

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
        # Who was cut off is gone only when the reactor has had its turn.
        self._is_over = True
        self._epoll.unregister(number)
        if not self._connections:
            self._reactor.removeReader(self)

    def doRead(self) -> None:
        """Read every connection that has something; called by the reactor."""
        self._is_over = False
        rounds_left: float = _ROUNDS
        events = self._epoll.poll(0, _EVENTS_A_ROUND)
        while events:
            self._serve(events)
            if self._is_over:
                return
            are_few = len(events) <= _FEW
            rounds_left -= 0.5 if are_few else 1
            if rounds_left <= 0:
                return
            if self.linger is not None:
                self._let_more_come(events, self.linger)
            events = self._next_of_few() if are_few else self._epoll.poll(0, _EVENTS_A_ROUND)
        # The reactor waits better than a loop here.

    def yield_turn(self) -> None:
        """Let the reactor have its turn behind this round, before anything else is read."""
        self._is_over = True

    def _serve(self, events: list[tuple[int, int]]) -> None:
        """Read connections, and send what they answer."""
        self.on_round()
        self.rounds += 1
        self.reads += len(events)
        self.is_reading = True
        try:
            if len(events) < _SEVERAL:
                self._read(events)
            else:
                self._read_together(events)
        finally:
            self.is_reading = False
            self._finish()

    def _next_of_few(self) -> list[tuple[int, int]]:
        """
        Return what comes within some microseconds; what is there if that was in vain lately.

        Clients that are few and quick send their next requests before the reactor has
        had a turn. To sleep until then and be woken takes longer, for both ends, than to
        look for them.
        """
        poll = self._epoll.poll
        if self._pause:
            self._pause -= 1
            return poll(0, _EVENTS_A_ROUND)
        for _ in range(_LOOKS):
            events = poll(0, _EVENTS_A_ROUND)
            if events:
                self._successes = min(self._successes + 1, 2 * _SUCCESSES)
                self._next_pause = max(self._next_pause // 2, _LEAST_PAUSE)
                return events
        self._successes -= _SUCCESSES
        if self._successes < 0:
            self._successes = 0
            self._pause = self._next_pause
            self._next_pause = min(self._next_pause * 2, _LONGEST_PAUSE)
        return []

    def _let_more_come(self, events: list[tuple[int, int]], linger: Callable[[], object]) -> None:
        """
        Linger behind a round of a few, if those who were served before are still busy.

        What a round costs by itself is shared by all its requests, and a server that
        is quicker than its clients would spend what it gains on smaller rounds. But if
        who was answered last asks again, everybody may be waiting for the next answers.
        """
        served, self._served = self._served, events[0]
        if not _SEVERAL <= len(events) < _MANY:
            return
        if served in events:
            self._in_haste = _HASTE
        elif self._in_haste:
            self._in_haste -= 1
        else:
            linger()

    def read_others(self, but: int) -> None:
        """
        Read once what has come, in the middle of a connection's request.

        Args:
            but: The descriptor of that connection: it has to wait.
        """
        events = [event for event in self._epoll.poll(0, _EVENTS_A_ROUND) if event[0] != but]
        connections = [self._connections[number] for number, _ in events]
        outer, self.is_reading = self.is_reading, True
        gathered, self.gathered = self.gathered, None
        try:
            self._take_alone()  # what was read already
            self._read(events)
        finally:
            self.is_reading = False
            self._finish()
            self.is_reading = outer
            self.gathered = gathered
        for connection in connections:
            # The reactor, which would close it, has no turn now.
            if connection.disconnecting and connection.connected:
                why = connection.doWrite()
                if why is not None:
                    self._lose(connection, why)

    def _read(self, events: list[tuple[int, int]]) -> None:
        find = self._connections.get
        for number, _event in events:
            connection = find(number)
            if connection is not None:
                self._meet(connection, connection.doRead)

    def _meet(self, connection: Any, take: Callable[[], Any]) -> None:
        """Let a connection take what has come, or learn that it is lost."""
        try:
            why = take()
        except Exception:
            self._log.failure("A connection failed unexpectedly")
            why = main.CONNECTION_LOST
        if why is not None:
            self._lose(connection, why)

    def _read_together(self, events: list[tuple[int, int]]) -> None:
        """Read connections which may have requests that can be run as one batch."""
        self.gathered = []
        find = self._connections.get
        try:
            for number, _event in events:
                connection = find(number)
                if connection is None:
                    continue
                if connection.receive is None:
                    self._meet(connection, connection.doRead)
                    continue
                # Most of the time: what `doRead` would do, but without a call.
                size = connection.read_bytes
                try:
                    data = connection.receive(size)
                except OSError:
                    self._meet(connection, connection.doRead)
                    continue
                if connection.least_bytes <= len(data) < size:
                    self.gathered.append((connection.gatherer, data))
                else:
                    self._meet(connection, partial(connection.received, data))
            self.take_gathered()
        finally:
            self.gathered = None

    def take_gathered(self) -> None:
        """Serve the connections gathered so far: together if that can be, else one by one."""
        if not self.gathered:
            return
        gathered, self.gathered = self.gathered, []
        self._alone.extend(self._serve_together(gathered))
        self._take_alone()

    def _serve_together(self, gathered: Gathered) -> Gathered:
        """Serve as many as can be at once; return what is left."""
        if len(gathered) < _SEVERAL:
            return gathered
        try:
            left = take_together(gathered, self._passes is None)
        except Exception:
            self._log.failure("Connections failed unexpectedly")
            # Nobody knows who was served.
            for protocol, _ in gathered:
                self._lose(protocol.transport, main.CONNECTION_LOST)
            return []
        if self._passes is None:
            self.writes += len(gathered) - len(left)
        return left

    def _take_alone(self) -> None:
        alone = self._alone
        while alone:
            protocol, data = alone.popleft()
            try:
                protocol.take(data)
            except Exception:
                self._log.failure("A connection failed unexpectedly")
                self._lose(protocol.transport, main.CONNECTION_LOST)

    def _flush(self) -> None:
        """Send what the connections held back during the round."""
        unsent, self.unsent = self.unsent, []
        self.writes += len(unsent)
        for connection in unsent:
            connection.flush()

    def _flush_behind_barrier(self) -> None:
        """Send what the connections held back, if it may leave."""
        if self._passes is None or self._passes():
            self._flush()
            return
        unsent, self.unsent = self.unsent, []
        for connection in unsent:
            if connection.holds_back:
                connection.abortConnection()

    def let_out(self, connection: Any) -> None:
        """Send what a connection holds back before the round ends, if it may leave."""
        if self._passes is None or self._passes():
            connection.flush()
        else:
            connection.abortConnection()

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


def make_hub(reactor: Any, on_round: Callable[[], object]) -> ReadHub | None:
    """Return a hub, or None where the platform has no epoll."""
    return ReadHub(reactor, on_round) if hasattr(select, "epoll") else None
