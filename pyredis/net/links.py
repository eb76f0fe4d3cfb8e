"""
Connections to other servers, for what this one has to tell them.

A link that was used is kept for a while, with the database that was selected,
so that the next key to the same place goes without a handshake. A kept link may
have been closed by the other end: as long as nothing was answered, the whole is
tried once more on a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
)
from twisted.internet.error import ConnectError, TimeoutError
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from pyredis.execution.ports import Cargo, Delivery

if TYPE_CHECKING:
    from twisted.python.failure import Failure

OnEnd = Callable[[Delivery], None]
Place = tuple[str, int]

_KEPT_S: Final = 10
_MOST_KEPT: Final = 64
_CHUNK_BYTES: Final = 64 * 1024


class Link(LineOnlyReceiver):
    """
    A connection to another server.

    Attributes:
        place: Where it leads.
        database: What is selected there, None if that is not known.
        exchange: What it is used for, None while it is kept.
        is_lost: It leads nowhere any more.
    """

    MAX_LENGTH = 1 << 20  # of an answer, which is an error message at most

    def __init__(self, place: Place) -> None:
        self.place = place
        self.database: int | None = None
        self.exchange: Exchange | None = None
        self.is_lost = False

    def connectionMade(self) -> None:
        """Let small requests go at once."""
        transport: Any = self.transport
        transport.setTcpNoDelay(True)

    def lineReceived(self, line: bytes) -> None:
        """Hand over an answer; who was not asked is not listened to."""
        if self.exchange is None:
            self.drop()
        else:
            self.exchange.line_received(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Hang up on who answers with a line that does not end."""
        self.drop()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Tell who uses it."""
        self.is_lost = True
        if self.exchange is not None:
            self.exchange.link_lost()

    def drop(self) -> None:
        """Hang up."""
        self.is_lost = True
        transport: Any = self.transport
        transport.abortConnection()


class Exchange:
    """
    One cargo on its way, and the answers to it.

    It is a pull producer to the link: the next part is handed over when the
    last one has left, so a slow server is seen to be alive.
    """

    def __init__(self, links: Links, cargo: Cargo, on_end: OnEnd) -> None:
        self._links = links
        self._cargo = cargo
        self._on_end = on_end
        self._may_retry = True
        self._link: Link | None = None
        self._timer: Any = None
        self._parts: Iterator[bytes] = iter(())
        self._next_part: bytes | None = None
        self._handshake: list[str] = []
        self._replies: list[bytes] = []
        self._refusal = b""
        self._is_over = False

    def start(self) -> None:
        """Find a link, or make one."""
        self._replies.clear()
        self._refusal = b""
        link = self._links.take(self._place)
        if link is not None:
            # Not before who called has returned.
            self._links.reactor.callLater(0, self._use, link)
            return
        self._links.reactor.callLater(0, self._connect)

    @property
    def _place(self) -> Place:
        return self._cargo.host, self._cargo.port

    def _connect(self) -> None:
        factory = Factory.forProtocol(lambda: Link(self._place))
        factory.noisy = False
        timeout_s = self._cargo.timeout_s
        connecting = self._links.endpoint(self._place, timeout_s).connect(factory)
        # The endpoint does not count the time it takes to find out an address.
        connecting.addTimeout(timeout_s, self._links.reactor)
        connecting.addCallbacks(self._use, self._not_connected)

    def _not_connected(self, failure: Failure) -> None:
        """Name what could not be done; Redis finds out by writing that nobody listens."""
        error: Any = failure.value
        refused = isinstance(error, ConnectError) and not isinstance(error, TimeoutError)
        self._end("writing" if refused and error.osError else "connecting")

    def _use(self, link: Link) -> None:
        if self._is_over:
            link.drop()
            return
        self._link = link
        link.exchange = self
        if link.is_lost:
            self.link_lost()
            return
        self._handshake = []
        requests: list[Sequence[bytes]] = []
        if self._cargo.credentials:
            self._handshake.append("AUTH")
            requests.append((b"AUTH", *self._cargo.credentials))
        if link.database != self._cargo.database:
            self._handshake.append("SELECT")
            requests.append((b"SELECT", b"%d" % self._cargo.database))
        self._parts = _parts_of([*requests, *self._cargo.requests])
        self._next_part = next(self._parts)
        self._alive()
        transport: Any = link.transport
        transport.registerProducer(self, False)

    # IPullProducer

    def resumeProducing(self) -> None:
        """Hand over the next part."""
        link, part = self._link, self._next_part
        if link is None or part is None:
            return
        transport: Any = link.transport
        self._alive()
        self._next_part = next(self._parts, None)
        transport.write(part)
        if self._next_part is None:
            transport.unregisterProducer()

    def stopProducing(self) -> None:
        """Nothing more is asked for; the link tells why."""

    # Answers

    def line_received(self, line: bytes) -> None:
        """Take an answer."""
        self._alive()
        if self._handshake:
            step = self._handshake.pop(0)
            if line.startswith(b"-"):
                self._refusal = self._refusal or line
            elif step == "SELECT" and self._link is not None:
                self._link.database = self._cargo.database
            return
        self._replies.append(line)
        if len(self._replies) == len(self._cargo.requests):
            self._end()

    def link_lost(self) -> None:
        """Try once more if nothing was done yet."""
        if self._may_retry and not self._replies:
            self._may_retry = False
            self._let_go()
            self.start()
        else:
            self._end("reading" if self._next_part is None else "writing")

    def abort(self) -> None:
        """Give up: the server stops."""
        self._end("reading")

    def _alive(self) -> None:
        """Begin to wait anew."""
        if self._timer is None:
            self._timer = self._links.reactor.callLater(self._cargo.timeout_s, self._time_out)
        else:
            self._timer.reset(self._cargo.timeout_s)

    def _time_out(self) -> None:
        self._timer = None
        self._end("reading" if self._next_part is None else "writing")

    def _let_go(self) -> Link | None:
        """Leave the link and stop waiting."""
        link, self._link = self._link, None
        if link is not None:
            link.exchange = None
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        return link

    def _end(self, failure: str = "") -> None:
        if self._is_over:
            return
        self._is_over = True
        link = self._let_go()
        if link is not None:
            if failure:
                link.drop()
            else:
                if self._refusal or any(line.startswith(b"-") for line in self._replies):
                    link.database = None
                self._links.keep(link)
        self._links.exchanges.discard(self)
        self._on_end(Delivery(tuple(self._replies), self._refusal, failure))


class Links:
    """
    All connections from one server to others; it is its carrier.

    Args:
        reactor: Makes them.
        source: Returns the address of this machine to connect from, "" for any.
        wrap: Returns the endpoint to use instead of a plain one, where connections
            are to be encrypted.

    Attributes:
        reactor: The same.
        exchanges: What is under way.
    """

    def __init__(
        self,
        reactor: Any,
        source: Callable[[], str] = str,
        wrap: Callable[[Any], Any] = lambda endpoint: endpoint,
    ) -> None:
        self.reactor = reactor
        self._source = source
        self._wrap = wrap
        self.exchanges: set[Exchange] = set()
        self._kept: dict[Place, tuple[Link, Any]] = {}

    def __len__(self) -> int:
        """Return how many connections there are (INFO migrate_cached_sockets)."""
        return len(self._kept) + len(self.exchanges)

    def send(self, cargo: Cargo, on_end: OnEnd) -> None:
        """Send requests to another server; see :class:`pyredis.execution.ports.Carrier`."""
        exchange = Exchange(self, cargo, on_end)
        self.exchanges.add(exchange)
        exchange.start()

    def endpoint(self, place: Place, timeout_s: float) -> Any:
        """
        Return the endpoint of another server.

        Args:
            place: Its host, a name or an address, and its port.
            timeout_s: How long connecting may take.
        """
        host, port = place
        source = self._source()
        options: dict[str, Any] = {"timeout": timeout_s}
        if source:
            options["bindAddress"] = (source, 0)
        if isIPAddress(host):
            return self._wrap(TCP4ClientEndpoint(self.reactor, host, port, **options))
        if isIPv6Address(host):
            return self._wrap(TCP6ClientEndpoint(self.reactor, host, port, **options))
        return self._wrap(HostnameEndpoint(self.reactor, host, port, **options))

    def take(self, place: Place) -> Link | None:
        """Return a link that was kept, to be used."""
        link, timer = self._kept.pop(place, (None, None))
        if timer is not None:
            timer.cancel()
        return None if link is None or link.is_lost else link

    def keep(self, link: Link) -> None:
        """Keep a link for those who come next."""
        if link.is_lost or link.place in self._kept:
            link.drop()
            return
        if len(self._kept) >= _MOST_KEPT:
            self._drop(next(iter(self._kept)))
        timer = self.reactor.callLater(_KEPT_S, self._drop, link.place)
        self._kept[link.place] = link, timer

    def _drop(self, place: Place) -> None:
        link, timer = self._kept.pop(place)
        if timer.active():
            timer.cancel()
        link.drop()

    def close(self) -> None:
        """Hang up everywhere."""
        for exchange in list(self.exchanges):
            exchange.abort()
        for place in list(self._kept):
            self._drop(place)


def _parts_of(requests: Sequence[Sequence[bytes]]) -> Iterator[bytes]:
    """Yield requests as they are sent, in parts of a moderate size."""
    held: list[bytes] = []
    size = 0
    for argv in requests:
        held.append(b"*%d\r\n" % len(argv))
        for word in argv:
            held += (b"$%d\r\n" % len(word), word, b"\r\n")
            size += len(word)
        if size >= _CHUNK_BYTES:
            yield from _chunks(b"".join(held))
            held.clear()
            size = 0
    if held:
        yield from _chunks(b"".join(held))


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]
