"""
One client's connection.

Chunks go to the request reader, whole pipelines to the dispatcher, and all
replies to one chunk leave in one write. A client that does not take its
replies is not read from: its transport pauses this protocol, which stops in
the middle of a pipeline and goes on when there is room.

A client that waits (BLPOP) is read on, so that its departure is noticed; what
it sends meanwhile is kept as raw bytes, within the query buffer's limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from pyredis.errors import ProtocolError
from pyredis.execution.client_lines import client_type, waiting_output
from pyredis.net.together import LARGEST_CHUNK
from pyredis.wire.batches import Batch, batch_of
from pyredis.wire.encoder import encoded, encoded_each
from pyredis.wire.human import encode_human, encoded_human
from pyredis.wire.replies import LATER, Reply
from pyredis.wire.requests import Request, RequestReader, TypedRequest

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from pyredis.config.special_types import BufferLimit
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.net.hub import ReadHub


# How much output a client may leave unread until it is not served any further:
# its share of what all may, within bounds.
_UNSENT_OF_ALL = 256 << 20
_UNSENT_MOST = 16 << 20
_UNSENT_LEAST = 64 << 10

_LARGE_REQUEST = 8 << 10


@implementer(IPushProducer)
class RedisProtocol(LineReceiver):
    """
    The connection of one client.

    Args:
        server: The server it is connected to.
        hub: Reads the connection; the reactor does if None.
    """

    # Raw mode from the first byte: line mode would cut and copy every chunk.
    line_mode = 0
    transport: Any
    _log = Logger()

    def __init__(self, server: Instance, hub: ReadHub | None = None) -> None:
        self._be_served_by(server)
        self._hub = hub
        self.send: Callable[[bytes], None]
        # The same for what need not wait for the end of a round.
        self.answer: Callable[[bytes], None]
        self.reader = RequestReader(server.settings.proto_max_bulk_len)
        self._out: list[bytes] = []
        self._draining = False
        # Output that waits to be measured, while there is a hard limit.
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        # Requests of a pipeline that had to stop, and bytes that came since.
        self.rest: Iterator[Request] | None = None
        self._rest_is_mixed = False
        self.unread = bytearray()
        self._over_soft_limit_since_ms: int | None = None
        self.client: Client

    # Twisted calls these

    def connectionMade(self) -> None:
        """Enter the client and ask the transport to say when its buffer is full."""
        peer, host = self.transport.getPeer(), self.transport.getHost()
        self.client = self._server.connect(self, _spelled(peer), _spelled(host))
        self.client.is_unix = not hasattr(peer, "port")
        if not self.client.is_unix:
            self._set_options()
        self.set_limited(self.client.must_log_in)
        self.apply_limits()
        if self._hub is not None:
            self.transport.read_through(self._hub, self)
        self.transport.on_backlog = self._check_output
        self.transport.wants_more = self._wants_more
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk: run the requests it completes, now or together with others."""
        hub = self._hub
        if hub is None:
            self._server.keyspace.refresh_now()
        elif hub.gathered is not None:
            if len(data) < LARGEST_CHUNK:
                hub.gathered.append((self, data))
                return
            hub.take_gathered()  # who came before goes before
        self.take(data)

    rawDataReceived = dataReceived

    def take(self, data: bytes) -> None:
        """Run the requests that a chunk completes."""
        client = self.client
        client.input_bytes += len(data)
        if self.rest is not None or self.unread or client.waiting is not None or client.closing:
            self._keep(data)
            return
        argv = self.reader.take_only(data)
        if argv is not None:
            # Without detours: this is what a client waits for.
            self._draining = True
            reply = self._call_plain(client, argv)
            self._draining = False
            if reply is LATER:
                self._drain(iter((argv,)), argv.__class__ is not list)
                return
            if argv.__class__ is list or not self.speaks_human:
                answer = encoded(reply, client.resp)
            else:
                answer = encoded_human((reply,))
            if self._out:  # pushes to this very client
                answer = b"".join([*self._out, answer])
                self._out.clear()
            client.output_bytes += len(answer)
            self.send(answer)
            return
        requests = self.reader.feed(data)
        is_list = requests.__class__ is list
        batch: Any = batch_of(requests) if is_list else requests  # type: ignore[arg-type]
        if batch.__class__ is Batch:
            self._take_batch(batch)
        else:
            self._drain(iter(requests), not is_list)

    @property
    def speaks_human(self) -> bool:
        """Whether typed lines are answered in the form people read."""
        return bool(self._server.settings.inline_replies == "human")

    def run_batch(
        self, batch: Batch, most_bytes: int, asker: Callable[[int], Client]
    ) -> list[Reply]:
        """Run requests of many as if all were this client's; see :meth:`Dispatcher.run_batch`."""
        return self._run_batch(self.client, batch, most_bytes, asker)

    def resumeProducing(self) -> None:
        """Go on: the transport's buffer has room again."""
        self.paused = False
        self._go_on()
        if not (self.paused or self.client.closing):
            self.transport.resumeProducing()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Leave every registry, and give back what is in the buffers."""
        self.rest = None
        self.unread.clear()
        self._out.clear()
        self._gathered.clear()
        self.reader = RequestReader(0)
        self._server.disconnect(self.client)

    def move_to(self, server: Instance) -> None:
        """
        Be a connection of another server from now on; one that is not idle is closed.

        Args:
            server: What takes the place of the one it is connected to.
        """
        old = self.client
        is_idle = old.is_as_new and self.rest is None and not self.pending_input()
        self._server.disconnect(old)
        if not is_idle:
            self.abort()
            return
        self._be_served_by(server)
        self.client = server.connect(self, old.address, old.local_address)
        self.client.is_unix = old.is_unix
        self.client.resp = old.resp
        self.client.library_name = old.library_name
        self.client.library_version = old.library_version
        self.set_limited(self.client.must_log_in)

    def _be_served_by(self, server: Instance) -> None:
        self._server = server
        self._run = server.dispatcher.run
        self._run_batch = server.dispatcher.run_batch
        self._call_plain = server.dispatcher.call_plain

    # The execution floor calls these (ports.Connection)

    def write(self, data: bytes) -> None:
        """Send bytes behind what was written before."""
        if self._draining:
            self._out.append(data)
        else:
            self._send(data)

    def resume(self) -> None:
        """Go on, soon, with the requests that had to wait while the client did."""
        if self.rest is not None and length_hint(self.rest, 1) == 0:
            self.rest = None
        if (self.rest is not None or self.unread) and not self._draining:
            # Not at once: the client may have been answered in the middle of
            # another's command.
            self._server.soon(self._go_on)

    def _go_on(self) -> None:
        if self._draining or not self._may_go_on():
            return
        self._server.keyspace.refresh_now()
        if self.rest is not None:
            rest, self.rest = self.rest, None
            self._drain(rest, self._rest_is_mixed)
        while self.unread and self.rest is None and self._may_go_on():
            unread = bytes(self.unread)
            self.unread.clear()
            self._feed(unread)

    def close(self) -> None:
        """Close when all that was written has left."""
        if not self._draining:
            self._hang_up()

    def abort(self) -> None:
        """Close now."""
        self.transport.abortConnection()

    def set_limited(self, limited: bool) -> None:
        """Take small requests only, before authentication."""
        self.reader.limited = limited

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 once it is closed."""
        number: int = self.transport.fileno()
        return number

    def pending_input(self) -> int:
        """Return how many received bytes are no complete request yet, or wait their turn."""
        return self.reader.pending_bytes + len(self.unread)

    def pending_output(self) -> int:
        """Return how many bytes the kernel has not taken yet."""
        backlog: int = self.transport.backlog
        return backlog

    def output_memory(self) -> int:
        """Return how much memory those bytes take."""
        memory: int = self.transport.backlog_memory
        return memory

    def set_no_delay(self, no_delay: bool) -> None:
        """Let the system send at once, or gather small pieces."""
        if not self.client.is_unix:
            self.transport.setTcpNoDelay(no_delay)

    # Within

    def _wants_more(self) -> bool:
        """Tell whether a large request is under way that may be read on."""
        return self._may_go_on() and self.reader.pending_bytes > _LARGE_REQUEST

    def _may_go_on(self) -> bool:
        client = self.client
        return not (self.paused or client.closing or client.waiting is not None)

    def _keep(self, data: bytes) -> None:
        """Keep what comes while the client waits; drop what comes behind its end."""
        if not self.client.closing:
            self.unread += data
            self._check_query_buffer()

    def _take_batch(self, batch: Batch) -> None:
        """Run requests that are alike: together, as far as that goes, then one by one."""
        while True:
            replies = self._run_batch(self.client, batch)
            done = len(replies)
            if done:
                if batch.typed and self.speaks_human:
                    self._send(encoded_human(replies))
                else:
                    self._send(encoded_each(replies, self.client.resp)[0])
            if done == batch.count:
                return
            if not done or not self._may_go_on():
                break
            batch = batch.behind(done)
        rest = batch.requests(done)
        if self._may_go_on():
            self._drain(rest, batch.typed)
        elif self.client.closing:
            self._hang_up()
        else:
            self.rest, self._rest_is_mixed = rest, batch.typed

    def _feed(self, data: bytes) -> None:
        requests = self.reader.feed(data)
        self._drain(iter(requests), requests.__class__ is not list)

    def _drain(self, requests: Iterator[Request], mixed: bool) -> None:
        """
        Run requests until they end, the client must wait, or its output is full.

        Args:
            requests: What to run.
            mixed: Typed lines may be among them, and the reader may refuse the
                next bytes.
        """
        self._draining = True
        run = self._run_mixed if mixed else self._run
        client, out = self.client, self._out
        try:
            while True:
                finished = run(client, requests, out.append)
                if out:
                    self._send(b"".join(out))
                    out.clear()
                if finished:
                    break
                if not self._may_go_on():
                    self.rest, self._rest_is_mixed = requests, mixed
                    break
        except ProtocolError as error:
            self._refuse(error)
        finally:
            self._draining = False
        if self._gathered:
            self._send_gathered()
        if client.closing:
            self.rest = None
            self._hang_up()
        elif mixed:
            self._check_query_buffer()

    def _run_mixed(self, client: Client, requests: Iterator[Request], append: Any) -> bool:
        """Run requests one by one, answering typed lines in the form people read."""
        for argv in requests:
            self._server.client_limit.look_at(client, argv)
            if client.closing:
                return False
            if argv.__class__ is TypedRequest and self.speaks_human:
                client.last_interaction_ms = self._server.keyspace.now_ms
                reply = self._call_plain(client, argv)
                if reply is LATER:
                    reply = self._server.dispatcher.dispatch(client, argv)
                client.reads_lines = client.waiting is not None
                if client.waiting is None:
                    encode_human(reply, append)
                if client.waiting is not None or client.closing:
                    return False
            elif not self._run(client, iter((argv,)), append):
                return False
            if self.paused:
                return False
        return True

    def _set_options(self) -> None:
        """Send without delay, and find out when a silent peer is gone."""
        self.transport.setTcpNoDelay(True)
        if self._server.settings.tcp_keepalive:
            self.transport.keep_alive(self._server.settings.tcp_keepalive)

    def _hang_up(self) -> None:
        """Close when all that was written has left."""
        # A paused producer would be asked for more then, and nobody would close.
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def _send(self, data: bytes) -> None:
        self.client.output_bytes += len(data)
        self.send(data)

    def _refuse(self, error: ProtocolError) -> None:
        """Answer what came before, then the error, and hang up."""
        self._server.statistics.count_error(error.code)
        self._log.info(
            "Protocol error from client id={id} addr={addr}: {error}",
            id=self.client.id,
            addr=self.client.address,
            error=error.message.decode("latin-1"),
        )
        self._out.append(b"-%b\r\n" % error.text)
        self._send(b"".join(self._out))
        self._out.clear()
        self.client.closing = True

    def check_output(self, waiting: int) -> bool:
        """
        Cut off a client whose waiting output passes client-output-buffer-limit.

        Args:
            waiting: How many bytes wait.

        Returns:
            Whether it was cut off.
        """
        limit = self._limit()
        now_ms = self._server.keyspace.now_ms
        if not limit.soft_bytes or waiting < limit.soft_bytes:
            self._over_soft_limit_since_ms = None
        elif self._over_soft_limit_since_ms is None:
            self._over_soft_limit_since_ms = now_ms
        since = self._over_soft_limit_since_ms
        is_over = bool(limit.hard_bytes) and waiting >= limit.hard_bytes
        if is_over or (since is not None and now_ms - since > limit.soft_seconds * 1000):
            self._cut_off()
            return True
        return False

    def _check_output(self, backlog: int) -> None:
        """Look at a client whose output the kernel does not take at once."""
        client = self.client
        if self.check_output(waiting_output(client) if client.is_replica else backlog):
            return
        if backlog > self._most_unsent():
            self.transport.pause_until_sent()
        self._server.client_limit.look_at(client)

    def apply_limits(self) -> None:
        """Measure output before it is sent, if there is a hard limit for it, or no longer."""
        limits = self._server.settings.client_output_buffer_limit
        is_measured = limits.normal.hard_bytes and not self.client.is_replica
        if self._gathered and not is_measured:
            self._send_gathered()
        if is_measured:
            self.send = self.answer = self._send_limited
        else:
            self.send = self.transport.write
            self.answer = getattr(self.transport, "send_now", self.send)

    def _send_limited(self, data: bytes) -> None:
        """Send what a pipeline answers all at once, or nothing if it is too much."""
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        hard_bytes = self._limit().hard_bytes
        if hard_bytes and self.pending_output() + self._gathered_bytes >= hard_bytes:
            self._gathered.clear()
            self._gathered_bytes = 0
            self._cut_off()
        elif not self._draining:
            self._send_gathered()

    def _send_gathered(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._gathered_bytes = 0
        self.transport.write(data)

    def _limit(self) -> BufferLimit:
        """Return the limit of its class of clients."""
        settings = self._server.settings
        limit: BufferLimit = getattr(settings.client_output_buffer_limit, client_type(self.client))
        if limit.hard_bytes and self.client.is_replica:
            # What the backlog keeps anyway costs nothing more.
            return limit._replace(hard_bytes=max(limit.hard_bytes, settings.repl_backlog_size))
        return limit

    def _cut_off(self) -> None:
        """Hang up on a client that does not take its output."""
        self._server.statistics.output_buffer_disconnections += 1
        self._log.warn(
            "Client id={id} addr={addr} closed for overcoming of output buffer limits.",
            id=self.client.id,
            addr=self.client.address,
        )
        self.client.kill()
        self.send = self.answer = _discard  # what the request under way still answers

    def check_limits(self) -> None:
        """Look at what waits to be sent once more: a soft limit is one of time."""
        backlog = self.pending_output()
        if backlog or self.client.is_replica or self._over_soft_limit_since_ms is not None:
            self._check_output(backlog)

    def _most_unsent(self) -> int:
        """Return how much output may wait before nothing more is read and run."""
        share = _UNSENT_OF_ALL // max(1, len(self._server.clients))
        return min(max(share, _UNSENT_LEAST), _UNSENT_MOST)

    def _check_query_buffer(self) -> None:
        """Hang up on a client whose unfinished request passes client-query-buffer-limit."""
        self._server.client_limit.look_at(self.client)
        limit = self._server.settings.client_query_buffer_limit
        if limit and self.pending_input() > limit:
            self._server.statistics.query_buffer_disconnections += 1
            self._log.warn(
                "Closing client that reached max query buffer length: id={id} addr={addr}",
                id=self.client.id,
                addr=self.client.address,
            )
            self.client.kill()


def _discard(data: bytes) -> None:
    """Send nothing: the client was cut off."""


def _spelled(address: Any) -> str:
    """Return an address as CLIENT LIST shows it."""
    host = getattr(address, "host", None)
    if host is None:
        name = getattr(address, "name", b"") or b""
        return f"{name.decode('utf-8', 'replace') if isinstance(name, bytes) else name}:0"
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
