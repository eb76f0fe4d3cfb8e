"""Tests of pyredis.net.protocol: chunks to replies, pauses, and the end of a connection."""

from __future__ import annotations

import socket
from typing import Any, ClassVar

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.special_types import BufferLimit
from pyredis.net import protocol
from pyredis.net.protocol import RedisProtocol
from tests.commands.session import START_S, make_server
from tests.net.loopback import Loopback


def resp(*words: bytes) -> bytes:
    """Return a request as client libraries send it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


PING = resp(b"PING")
PONG = b"+PONG\r\n"


class Wire(StringTransport):
    """
    A transport in memory.

    Attributes:
        writes: What was written, call by call.
        room: How many bytes it takes before it pauses its producer.
    """

    def __init__(self, host: Any = None, peer: Any = None) -> None:
        super().__init__(hostAddress=host, peerAddress=peer)
        self.writes: list[bytes] = []
        self.room = 1 << 30
        self.aborted = False
        self.options: list[Any] = []

    def write(self, data: bytes) -> None:
        """Keep it, and pause the producer when there is no room left."""
        self.writes.append(data)
        self.room -= len(data)
        if self.room < 0 and self.producer is not None:
            self.producer.pauseProducing()

    @property
    def backlog(self) -> int:
        """How many bytes wait."""
        return max(0, -self.room)

    def pause_until_sent(self) -> None:
        """Pause the producer; the test lets it go on."""
        self.producer.pauseProducing()

    def abortConnection(self) -> None:
        """Note it."""
        self.aborted = True
        self.disconnected = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Note it."""
        self.options.append(("no delay", enabled))

    def keep_alive(self, seconds: int) -> None:
        """Note it."""
        self.options.append(("keep alive", seconds))

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data = b"".join(self.writes)
        self.writes.clear()
        return data


class ProtocolTestCase(SynchronousTestCase):
    """A server in memory with one connection."""

    settings: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        """Connect."""
        self.clock = Clock()
        self.clock.advance(START_S)
        self.server = make_server(self.clock, **self.settings)
        self.protocol, self.wire = self.connect()
        self.client = self.protocol.client

    def connect(self, peer: Any = None, host: Any = None) -> tuple[RedisProtocol, Wire]:
        """Return a new connection and its wire."""
        protocol = RedisProtocol(self.server)
        wire = Wire(
            host or IPv4Address("TCP", "127.0.0.1", 6379),
            peer or IPv4Address("TCP", "127.0.0.1", 1234),
        )
        protocol.makeConnection(wire)
        return protocol, wire

    def exchange(self, *chunks: bytes) -> bytes:
        """Send chunks; return what was written to them."""
        for chunk in chunks:
            self.protocol.dataReceived(chunk)
        return self.wire.take()

    def lose(self, protocol: RedisProtocol | None = None) -> None:
        """Let the peer hang up."""
        (protocol or self.protocol).connectionLost(Failure(ConnectionDone()))


class ReplyTests(ProtocolTestCase):
    """Requests are answered in order, a chunk in one write."""

    def test_a_pipeline_of_one_command(self) -> None:
        """Requests that are alike are answered as all others are, however often they come."""
        data = b"".join(resp(b"INCR", b"%d" % n) for n in range(8))
        for number in range(1, 5):
            self.assertEqual(self.exchange(data), b":%d\r\n" % number * 8)
            self.assertEqual(len(self.wire.writes), 0)

    def test_an_error_in_the_middle(self) -> None:
        """What comes before a request that fails, and behind it, is run."""
        self.exchange(resp(b"SET", b"b", b"x"))
        data = b"".join(resp(b"INCR", key) for key in (b"a", b"b", b"c"))

        replies = self.exchange(data, data)

        not_integer = b"-ERR value is not an integer or out of range\r\n"
        self.assertEqual(
            replies, b"".join(b":%d\r\n%b:%d\r\n" % (n, not_integer, n) for n in (1, 2))
        )

    def test_a_line_again_and_again(self) -> None:
        """Typed lines that are alike are answered in the form people read."""
        self.exchange(resp(b"SET", b"k", b"v"))

        self.assertEqual(self.exchange(b"GET k\r\n" * 3), b"+v\r\n" * 3)
        self.assertEqual(self.exchange(b"PING\r\n" * 3), PONG * 3)
        self.assertEqual(self.exchange(b"STRLEN k\r\n" * 3), b":1\r\n" * 3)
        self.server.settings.inline_replies = "resp"
        self.assertEqual(self.exchange(b"GET k\r\n" * 3), b"$1\r\nv\r\n" * 3)

    def test_a_batch_for_a_client_that_does_not_read(self) -> None:
        """It stops being answered where its output is full, and goes on when there is room."""
        self.exchange(resp(b"RPUSH", b"list", *[b"x" * 8192] * 40))
        self.wire.room = 0
        self.protocol.dataReceived(resp(b"RPOP", b"list") * 30)
        self.assertLess(len(self.wire.take()), 20 * 8192)

        self.wire.room = 1 << 30
        self.protocol.resumeProducing()

        self.assertEqual(self.exchange(resp(b"LLEN", b"list"))[-5:], b":10\r\n")

    def test_a_batch_that_closes(self) -> None:
        """Nothing behind QUIT is run."""
        self.assertEqual(self.exchange(resp(b"QUIT") * 3), b"+OK\r\n")
        self.assertTrue(self.wire.disconnecting)

    def test_a_pipeline(self) -> None:
        """All replies to a chunk leave in one write."""
        self.protocol.dataReceived(
            resp(b"SET", b"k", b"v") + resp(b"GET", b"k") + resp(b"NOTHING") + PING * 100
        )

        self.assertEqual(
            self.wire.writes,
            [
                b"+OK\r\n$1\r\nv\r\n"
                b"-ERR unknown command 'NOTHING', with args beginning with: \r\n" + PONG * 100
            ],
        )

    def test_in_pieces(self) -> None:
        """A request may come in any pieces."""
        stream = resp(b"SET", b"k", b"v") + resp(b"GET", b"k") + b"get k\r\n"
        for size in range(1, len(stream)):
            pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
            with self.subTest(size=size):
                self.assertEqual(self.exchange(*pieces), b"+OK\r\n$1\r\nv\r\n+v\r\n")

    def test_nothing_to_say(self) -> None:
        """Where there is no reply nothing is written."""
        self.protocol.dataReceived(PING[:5])
        self.protocol.dataReceived(PING[5:] + resp(b"CLIENT", b"REPLY", b"OFF"))
        self.protocol.dataReceived(PING * 3)
        self.protocol.dataReceived(b"\r\nping\r\n")

        self.assertEqual(self.wire.writes, [PONG])

    def test_traffic_is_counted(self) -> None:
        """Bytes are counted in both directions."""
        self.exchange(PING, PING[:3], PING[3:] + b"ping\r\n")

        self.assertEqual(self.client.input_bytes, 2 * len(PING) + 6)
        self.assertEqual(self.client.output_bytes, 3 * len(PONG))

    def test_time_goes_on(self) -> None:
        """Each chunk sees the time it came at."""
        self.exchange(resp(b"SET", b"k", b"v", b"PX", b"1000"))
        self.clock.advance(0.999)
        self.assertEqual(self.exchange(resp(b"GET", b"k")), b"$1\r\nv\r\n")
        self.clock.advance(0.002)

        self.assertEqual(self.exchange(resp(b"GET", b"k")), b"$-1\r\n")

    def test_resp3(self) -> None:
        """HELLO changes the protocol for what follows it in the chunk."""
        replies = self.exchange(resp(b"HELLO", b"3") + resp(b"GET", b"k"))

        self.assertTrue(replies.startswith(b"%7\r\n"))
        self.assertTrue(replies.endswith(b"_\r\n"))


class TypedTests(ProtocolTestCase):
    """Lines are answered in the form that people read."""

    def test_another_protocol_within_a_transaction(self) -> None:
        """What is answered before HELLO has the old form, what comes behind it the new one."""
        asked = resp(b"GET", b"no") + resp(b"HGETALL", b"no")
        for number, before, behind in (
            (b"3", b"$-1\r\n*0\r\n", b"_\r\n%0\r\n"),
            (b"2", b"_\r\n%0\r\n", b"$-1\r\n*0\r\n"),
        ):
            answer = self.exchange(
                resp(b"MULTI") + asked + resp(b"HELLO", number) + asked + resp(b"EXEC")
            )
            replies = answer.partition(b"+QUEUED\r\n" * 5)[2]

            self.assertTrue(replies.startswith(b"*5\r\n" + before), replies)
            self.assertTrue(replies.endswith(behind), replies)

    def test_lines(self) -> None:
        """Values stand on lines of their own."""
        self.assertEqual(
            self.exchange(
                b'set greeting "Hello, PyRedis!"\r\nget greeting\r\nget nothing\r\n'
                b"rpush l a b\r\nlrange l 0 -1\r\nbogus\r\n"
            ),
            b"+OK\r\n+Hello, PyRedis!\r\n$-1\r\n:2\r\n*2\r\n+a\r\n+b\r\n"
            b"-ERR unknown command 'bogus', with args beginning with: \r\n",
        )

    def test_mixed(self) -> None:
        """Each request is answered in its own form."""
        self.exchange(resp(b"SET", b"k", b"v"))
        self.protocol.dataReceived(resp(b"GET", b"k") + b"get k\r\n" + resp(b"GET", b"k") * 2)

        self.assertEqual(self.wire.writes, [b"$1\r\nv\r\n+v\r\n$1\r\nv\r\n$1\r\nv\r\n"])

    def test_as_redis_does(self) -> None:
        """Unless inline-replies asks for Redis' own form."""
        self.server.settings.inline_replies = "resp"
        self.exchange(resp(b"SET", b"k", b"v"))

        self.assertEqual(self.exchange(b"get k\r\nget nothing\r\n"), b"$1\r\nv\r\n$-1\r\n")

    def test_a_later_answer(self) -> None:
        """Who typed a command that waits reads its answer in the same form."""
        self.exchange(b"blpop l 0\r\n")
        other, _ = self.connect()
        other.dataReceived(resp(b"RPUSH", b"l", b"a"))

        self.assertEqual(self.wire.take(), b"*2\r\n+l\r\n+a\r\n")
        self.clock.advance(0)
        self.exchange(resp(b"BLPOP", b"l", b"0"))
        other.dataReceived(resp(b"RPUSH", b"l", b"b"))

        self.assertEqual(self.wire.take(), b"*2\r\n$1\r\nl\r\n$1\r\nb\r\n")

    def test_a_typed_transaction(self) -> None:
        """Replies inside of a reply read well too."""
        self.assertEqual(
            self.exchange(b"multi\r\nset k v\r\nget k\r\nexec\r\n"),
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+v\r\n",
        )

    def test_interaction(self) -> None:
        """Who types is not idle."""
        self.clock.advance(10)
        self.exchange(b"ping\r\n")

        self.assertEqual(self.client.last_interaction_ms, (START_S + 10) * 1000)


class ClosingTests(ProtocolTestCase):
    """A connection ends behind its last reply."""

    def test_quit(self) -> None:
        """QUIT is answered behind what came before it; what follows is not read."""
        for end in (resp(b"QUIT") + PING, b"quit\r\nping\r\n", resp(b"QUIT") + b"*bogus\r\n"):
            with self.subTest(end):
                self.setUp()

                self.assertEqual(self.exchange(PING + end, PING), PONG + b"+OK\r\n")
                self.assertTrue(self.wire.disconnecting)
                self.assertFalse(self.wire.aborted)

    def test_no_bytes_are_kept(self) -> None:
        """What comes behind the end is dropped."""
        self.exchange(resp(b"QUIT"), PING * 1000)

        self.assertEqual(self.protocol.pending_input(), 0)

    def test_a_protocol_error(self) -> None:
        """The replies before it come first, then the error, and that is all."""
        for wrong in (
            PING + b"*1\r\n:5\r\n" + PING,
            b"ping\r\n*1\r\n:5\r\n",
            PING + b"*2\r\n:5\r\n",
        ):
            with self.subTest(wrong):
                self.setUp()
                self.protocol.dataReceived(wrong)
                writes = list(self.wire.writes)
                self.wire.take()

                self.assertEqual(writes, [PONG + b"-ERR Protocol error: expected '$', got ':'\r\n"])
                self.assertTrue(self.wire.disconnecting)
                self.assertEqual(self.exchange(PING), b"")
                self.assertEqual(self.server.statistics.errors, {"ERR": 1})

    def test_an_error_in_pieces(self) -> None:
        """An error is found wherever the stream is cut."""
        stream = PING + b"*2147483648\r\n"
        for place in range(1, len(stream)):
            self.setUp()

            self.assertEqual(
                self.exchange(stream[:place], stream[place:]),
                PONG + b"-ERR Protocol error: invalid multibulk length\r\n",
            )

    def test_the_peer_leaves(self) -> None:
        """Who is gone is forgotten."""
        self.exchange(PING + PING[:7])
        self.lose()

        self.assertEqual(self.server.clients, {})

    def test_killed(self) -> None:
        """A killed client is hung up on at once."""
        self.client.kill()

        self.assertTrue(self.wire.aborted)
        self.assertEqual(self.exchange(PING), b"")

    def test_no_producer_at_the_end(self) -> None:
        """A transport that was told to close has no producer to ask for more instead."""
        self.exchange(resp(b"QUIT"))

        self.assertIsNone(self.wire.producer)


class WaitingTests(ProtocolTestCase):
    """A client that waits is read on, and keeps its turn."""

    def setUp(self) -> None:
        """Connect another client as well."""
        super().setUp()
        self.other, self.other_wire = self.connect()

    def push(self, *elements: bytes) -> None:
        """Push to the list by another client."""
        self.other.dataReceived(resp(b"RPUSH", b"l", *elements))

    POPPED = b"*2\r\n$1\r\nl\r\n$1\r\n%b\r\n"

    def test_what_follows_waits(self) -> None:
        """Requests behind a command that waits run after it, in order, sent with it or later."""
        self.assertEqual(
            self.exchange(
                PING + resp(b"BLPOP", b"l", b"0") + resp(b"GET", b"k"),
                resp(b"SET", b"k", b"v"),
                resp(b"GET", b"k") + PING[:4],
            ),
            PONG,
        )
        self.push(b"a")
        self.assertEqual(self.wire.take(), self.POPPED % b"a")
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), b"$-1\r\n+OK\r\n$1\r\nv\r\n")
        self.assertEqual(self.exchange(PING[4:]), PONG)

    def test_waiting_again(self) -> None:
        """What follows may wait again."""
        self.exchange(resp(b"BLPOP", b"l", b"0") * 2, PING + resp(b"BLPOP", b"l", b"0"), PING)
        for element, expected in (
            (b"a", self.POPPED % b"a"),
            (b"b", self.POPPED % b"b" + PONG),
            (b"c", self.POPPED % b"c" + PONG),
        ):
            self.push(element)
            self.clock.advance(0)

            self.assertEqual(self.wire.take(), expected)

    def test_typed_lines_wait_too(self) -> None:
        """So do lines, and what follows them of either kind."""
        self.exchange(b"blpop l 0\r\nping\r\n" + PING + b"get k\r\n", b"ping\r\n")
        self.push(b"a")
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), b"*2\r\n+l\r\n+a\r\n" + PONG * 2 + b"$-1\r\n" + PONG)

    def test_what_comes_before_it_goes_on(self) -> None:
        """What comes after the end of the wait does not overtake what came during it."""
        self.exchange(resp(b"BLPOP", b"l", b"0"), resp(b"SET", b"k", b"first"))
        self.push(b"a")
        self.assertEqual(
            self.exchange(resp(b"SET", b"k", b"second"), resp(b"GET", b"k")), self.POPPED % b"a"
        )
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), b"+OK\r\n+OK\r\n$6\r\nsecond\r\n")

    def test_a_silence_that_waits(self) -> None:
        """What CLIENT REPLY SKIP silences is one request, also if a pause holds both up."""
        self.other.dataReceived(resp(b"CLIENT", b"PAUSE", b"100", b"ALL"))
        self.exchange(
            resp(b"CLIENT", b"REPLY", b"SKIP") + resp(b"INCR", b"n") * 2 + resp(b"ECHO", b"a"),
        )
        self.clock.advance(0.1)
        for _ in range(4):
            self.clock.advance(0)

        self.assertEqual(self.wire.take(), b":2\r\n$1\r\na\r\n")

    def test_an_error_that_follows(self) -> None:
        """A protocol error behind it waits for its turn as well."""
        self.exchange(resp(b"BLPOP", b"l", b"0"), PING + b"*bogus\r\n")
        self.assertFalse(self.wire.disconnecting)
        self.push(b"a")
        self.clock.advance(0)

        self.assertEqual(
            self.wire.take(),
            self.POPPED % b"a" + PONG + b"-ERR Protocol error: invalid multibulk length\r\n",
        )
        self.assertTrue(self.wire.disconnecting)

    def test_the_end_that_follows(self) -> None:
        """So does QUIT."""
        self.exchange(resp(b"BLPOP", b"l", b"0") + resp(b"QUIT") + PING)
        self.assertFalse(self.wire.disconnecting)
        self.push(b"a")
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), self.POPPED % b"a" + b"+OK\r\n")
        self.assertTrue(self.wire.disconnecting)

    def test_time_runs_out(self) -> None:
        """After a timeout it goes on too."""
        self.exchange(resp(b"BLPOP", b"l", b"0.5") + PING)
        self.clock.advance(0.5)
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), b"*-1\r\n" + PONG)

    def test_the_peer_leaves(self) -> None:
        """Who leaves while waiting takes nothing from the others."""
        self.exchange(resp(b"BLPOP", b"l", b"0") + PING, PING)
        self.lose()
        self.push(b"a")
        self.clock.advance(1)

        self.assertEqual(self.wire.take(), b"")
        self.assertEqual(self.other_wire.take(), b":1\r\n")
        self.assertEqual(len(self.server.waiting_room), 0)

    def test_who_goes_on_sees_the_time(self) -> None:
        """What had to wait sees the moment it runs at."""
        self.exchange(resp(b"SET", b"k", b"v", b"PX", b"1000"))
        self.exchange(resp(b"BLPOP", b"l", b"2") + resp(b"GET", b"k"))
        self.clock.advance(2)
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), b"*-1\r\n$-1\r\n")

    def test_served_within_its_own_pipeline(self) -> None:
        """A client that serves another goes on with its own pipeline undisturbed."""
        self.exchange(resp(b"BLPOP", b"l", b"0") + resp(b"RPUSH", b"m", b"x"))
        self.other.dataReceived(resp(b"RPUSH", b"l", b"a") + resp(b"BLPOP", b"m", b"0") + PING)
        self.assertEqual(self.other_wire.take(), b":1\r\n")
        self.clock.advance(0)
        self.clock.advance(0)

        self.assertEqual(self.wire.take(), self.POPPED % b"a" + b":1\r\n")
        self.assertEqual(self.other_wire.take(), b"*2\r\n$1\r\nm\r\n$1\r\nx\r\n" + PONG)


class QueryBufferTests(ProtocolTestCase):
    """What a client may have pending is limited."""

    settings: ClassVar[dict[str, Any]] = {"client_query_buffer_limit": 1_000_000}

    def test_an_unfinished_request(self) -> None:
        """Who sends more of a request than the limit is hung up on."""
        self.exchange(b"*2\r\n$3\r\nGET\r\n$2000000\r\n")
        for _ in range(9):
            self.exchange(b"x" * 100_000)
        self.assertFalse(self.wire.aborted)
        self.exchange(b"x" * 110_000)

        self.assertTrue(self.wire.aborted)
        self.assertEqual(self.server.statistics.query_buffer_disconnections, 1)

    def test_while_waiting(self) -> None:
        """So is who sends it while waiting."""
        self.exchange(resp(b"BLPOP", b"l", b"0"))
        for _ in range(10):
            self.exchange(PING * 7000)
        self.assertFalse(self.wire.aborted)
        self.assertEqual(self.protocol.pending_input(), 70_000 * len(PING))
        self.exchange(PING * 7000)

        self.assertTrue(self.wire.aborted)
        self.lose()
        self.assertEqual(self.protocol.pending_input(), 0)

    def test_whole_requests(self) -> None:
        """What is complete is no matter, however much comes at once."""
        self.assertEqual(len(self.exchange(PING * 100_000)), len(PONG) * 100_000)

    def test_dripping_while_waiting(self) -> None:
        """Bytes one by one to a client that waits cost no more the more there are."""
        self.exchange(resp(b"BLPOP", b"l", b"0"))
        kept: list[int] = []
        for _ in range(2):
            for _ in range(5000):
                self.protocol.dataReceived(b"x")
            kept.append(self.protocol.pending_input())

        self.assertEqual(kept, [5000, 10_000])


class LimitedTests(ProtocolTestCase):
    """Before authentication only small requests are read."""

    settings: ClassVar[dict[str, Any]] = {"requirepass": b"secret"}

    def test_large_requests(self) -> None:
        """A large one is refused, and the connection closed."""
        self.assertEqual(
            self.exchange(PING + resp(*[b"x"] * 11)),
            b"-NOAUTH Authentication required.\r\n"
            b"-ERR Protocol error: unauthenticated multibulk length\r\n",
        )
        self.assertTrue(self.wire.disconnecting)

    def test_after_authentication(self) -> None:
        """AUTH lifts the limits, for what follows it in the same chunk too."""
        self.assertEqual(
            self.exchange(
                resp(b"AUTH", b"secret") + resp(b"DEL", *[b"x"] * 20) + resp(b"ECHO", b"x" * 20_000)
            ),
            b"+OK\r\n:0\r\n$20000\r\n" + b"x" * 20_000 + b"\r\n",
        )

    def test_reset(self) -> None:
        """RESET takes the authentication away, and the limits come back."""
        self.exchange(resp(b"AUTH", b"secret"), resp(b"RESET"))

        self.assertEqual(
            self.exchange(resp(*[b"x"] * 11)),
            b"-ERR Protocol error: unauthenticated multibulk length\r\n",
        )


class PausingTests(ProtocolTestCase):
    """Who does not take replies is not worked for."""

    def fill(self) -> None:
        """Store a value and leave room for a few of it."""
        self.exchange(resp(b"SET", b"k", b"x" * 50_000))
        self.wire.room = 300_000

    VALUE = b"$50000\r\n" + b"x" * 50_000 + b"\r\n"

    def go_on(self) -> bytes:
        """Take what was written, make room, and let the protocol go on."""
        taken = self.wire.take()
        self.wire.room = 300_000
        if self.wire.producer is not None:
            self.wire.producer.resumeProducing()
        return taken

    def test_in_the_middle(self) -> None:
        """A pipeline stops when there is no room, and goes on when there is."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 50)
        self.assertEqual(self.wire.producerState, "paused")
        replies = b""
        for _ in range(20):
            self.assertLess(sum(map(len, self.wire.writes)), 500_000)
            replies += self.go_on()

        self.assertEqual(replies, self.VALUE * 50)
        self.assertEqual(self.wire.producerState, "producing")

    def test_what_came_meanwhile(self) -> None:
        """What had been received when it stopped is run behind, in order."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 10)
        self.protocol.dataReceived(resp(b"SET", b"k", b"v"))
        self.protocol.dataReceived(b"get k\r\n" + resp(b"GET", b"k"))
        replies = b"".join(self.go_on() for _ in range(5))

        self.assertEqual(replies, self.VALUE * 10 + b"+OK\r\n+v\r\n$1\r\nv\r\n")

    def test_mixed(self) -> None:
        """Lines stop and go on as arrays do."""
        self.fill()
        self.protocol.dataReceived((resp(b"GET", b"k") + b"get k\r\n") * 20)
        self.assertEqual(self.wire.producerState, "paused")
        replies = b"".join(self.go_on() for _ in range(20))

        self.assertEqual(replies, (self.VALUE + b"+" + b"x" * 50_000 + b"\r\n") * 20)

    def test_at_the_very_end(self) -> None:
        """After a pause at its last reply a pipeline is over."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 8)
        replies = b"".join(self.go_on() for _ in range(3))

        self.assertEqual(replies, self.VALUE * 8)
        self.assertEqual(self.exchange(PING), PONG)
        self.assertEqual(self.protocol.pending_input(), 0)

    def test_the_end_is_not_missed(self) -> None:
        """QUIT behind a pause is found, and closes."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 10 + resp(b"QUIT") + PING)
        replies = b"".join(self.go_on() for _ in range(5))

        self.assertEqual(replies, self.VALUE * 10 + b"+OK\r\n")
        self.assertTrue(self.wire.disconnecting)

    def test_leaving_while_paused(self) -> None:
        """Who leaves then leaves nothing behind."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 50)
        self.protocol.dataReceived(resp(b"SET", b"k", b"x" * 100_000)[:-1])
        self.lose()

        self.assertEqual(self.server.clients, {})
        self.assertEqual(self.protocol.pending_input(), 0)

    def test_what_waits_to_be_sent(self) -> None:
        """The bytes not sent yet are known."""
        self.fill()
        self.protocol.dataReceived(resp(b"GET", b"k") * 50)

        self.assertEqual(self.protocol.pending_output(), -self.wire.room)
        self.assertGreater(self.protocol.pending_output(), 0)


class OutputLimitTests(ProtocolTestCase):
    """client-output-buffer-limit: who lets too much wait is cut off."""

    def limit(self, limit: BufferLimit, kind: str = "normal") -> None:
        """Set the limit of a class of clients."""
        limits = self.server.settings.client_output_buffer_limit
        self.server.settings.client_output_buffer_limit = limits._replace(**{kind: limit})

    def backlog(self, size: int) -> None:
        """Let so many bytes wait."""
        self.wire.on_backlog(size)

    def assert_cut_off(self, expected: bool) -> None:
        """Say whether the client was cut off, and counted."""
        self.assertIs(self.wire.aborted, expected)
        self.assertEqual(self.server.statistics.output_buffer_disconnections, int(expected))

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.server.keyspace.refresh_now()

    def test_no_limit(self) -> None:
        """By default normal clients have none, but are served no further."""
        self.backlog(10_000_000)
        self.assertEqual(self.wire.producerState, "producing")
        self.later(1000)
        self.backlog(10**9)

        self.assert_cut_off(False)
        self.assertEqual(self.wire.producerState, "paused")

    def test_many_clients(self) -> None:
        """Each may let wait only its share of what all may."""
        for _ in range(3000):
            self.server.connect()
        self.backlog(100_000)

        self.assertEqual(self.wire.producerState, "paused")

    def test_before_it_is_sent(self) -> None:
        """A pipeline whose replies pass the hard limit is not answered at all."""
        self.exchange(resp(b"SET", b"k", b"x" * 1000))
        self.limit(BufferLimit(5000, 0, 0))
        self.protocol.apply_limits()
        self.assertEqual(len(self.exchange(resp(b"GET", b"k") * 3)), 3 * 1009)
        self.assertEqual(self.exchange(resp(b"PING") + resp(b"GET", b"k") * 5), b"")
        self.assert_cut_off(True)

    def test_beyond_any_limit(self) -> None:
        """Who asks for what its limit will not let through is cut off without an answer."""
        self.exchange(resp(b"HSET", b"h", b"f", b"v"))
        self.limit(BufferLimit(1_000_000, 0, 0))
        self.protocol.apply_limits()
        self.assertEqual(self.exchange(resp(b"HRANDFIELD", b"h", b"-999999999")), b"")
        self.assert_cut_off(True)

    def test_without_a_write(self) -> None:
        """The soft limit passes while nothing is written, too."""
        self.limit(BufferLimit(0, 1000, 10))
        self.wire.room = -2000
        self.protocol.check_limits()
        self.later(11)
        self.assert_cut_off(False)
        self.protocol.check_limits()

        self.assert_cut_off(True)

    def test_the_hard_limit(self) -> None:
        """Who reaches the hard limit is cut off at once."""
        self.limit(BufferLimit(1000, 0, 0))
        self.backlog(999)
        self.assert_cut_off(False)
        self.backlog(1000)

        self.assert_cut_off(True)

    def test_the_soft_limit(self) -> None:
        """Who is over the soft limit for longer than its time is cut off."""
        self.limit(BufferLimit(0, 1000, 10))
        self.backlog(1000)
        self.later(10)
        self.backlog(1000)
        self.assert_cut_off(False)
        self.later(0.001)
        self.backlog(1000)

        self.assert_cut_off(True)

    def test_below_in_between(self) -> None:
        """Who got below it in between begins anew."""
        self.limit(BufferLimit(0, 1000, 10))
        self.backlog(1000)
        self.later(9)
        self.backlog(999)
        self.later(9)
        self.backlog(1000)
        self.later(9)
        self.backlog(1000)

        self.assert_cut_off(False)

    def test_by_class(self) -> None:
        """A subscriber has limits of its own."""
        self.limit(BufferLimit(1000, 0, 0), "pubsub")
        self.backlog(2000)
        self.assert_cut_off(False)
        self.exchange(resp(b"SUBSCRIBE", b"c"))
        self.backlog(2000)

        self.assert_cut_off(True)


class AddressTests(ProtocolTestCase):
    """CLIENT LIST shows where a client is."""

    def test_addresses(self) -> None:
        """IPv4, IPv6 in brackets, and the path of a Unix socket."""
        for address, spelled, is_unix in (
            (IPv4Address("TCP", "192.0.2.1", 1234), "192.0.2.1:1234", False),
            (IPv6Address("TCP", "2001:db8::1", 1234), "[2001:db8::1]:1234", False),
            (UNIXAddress(b"/tmp/socket"), "/tmp/socket:0", True),
            (UNIXAddress(None), ":0", True),
        ):
            with self.subTest(spelled):
                protocol, _ = self.connect(peer=address, host=address)

                self.assertEqual(protocol.client.address, spelled)
                self.assertEqual(protocol.client.local_address, spelled)
                self.assertIs(protocol.client.is_unix, is_unix)

    def test_options(self) -> None:
        """A TCP connection sends without delay and is kept alive; a Unix socket is left alone."""
        self.server.settings.tcp_keepalive = 60
        _, wire = self.connect()
        _, unix = self.connect(UNIXAddress(b"/tmp/socket"), UNIXAddress(b"/tmp/socket"))
        self.server.settings.tcp_keepalive = 0
        _, mortal = self.connect()

        self.assertEqual(wire.options, [("no delay", True), ("keep alive", 60)])
        self.assertEqual(unix.options, [])
        self.assertEqual(mortal.options, [("no delay", True)])


class LoopbackTests(SynchronousTestCase):
    """The same on real sockets, read through the hub."""

    with_hub = True

    def setUp(self) -> None:
        """Listen."""
        self.loopback = Loopback(self.with_hub)
        self.addCleanup(self.loopback.close)

    def test_a_pipeline(self) -> None:
        """A pipeline of any size comes back whole and in order."""
        peer = self.loopback.connect()
        words = [b"%d" % number for number in range(30_000)]

        self.loopback.ask(
            peer,
            b"".join(resp(b"ECHO", word) for word in words),
            b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words),
        )

    def test_byte_by_byte(self) -> None:
        """A request may drip."""
        peer = self.loopback.connect()
        for byte in resp(b"ECHO", b"hello"):
            peer.send(bytes([byte]))
            self.loopback.turn()

        self.loopback.ask(peer, b"", b"$5\r\nhello\r\n")

    def test_a_large_value(self) -> None:
        """8 MiB go in and come out."""
        peer = self.loopback.connect()
        value = bytes(range(256)) * 32_768

        self.loopback.ask(peer, resp(b"SET", b"k", value), b"+OK\r\n")
        self.loopback.ask(peer, resp(b"GET", b"k"), b"$%d\r\n%b\r\n" % (len(value), value))

    def test_who_does_not_read_is_not_read_from(self) -> None:
        """3000 replies of 100 kB are not made for a client that takes none; then all come."""
        self.patch(protocol, "_UNSENT_MOST", 200_000)
        peer, other = self.loopback.connect(), self.loopback.connect()
        value = b"x" * 100_000
        self.loopback.ask(peer, resp(b"SET", b"k", value), b"+OK\r\n")
        peer.reads = False
        peer.send(resp(b"GET", b"k") * 3000 + resp(b"QUIT"))
        client = self.loopback.client_of(peer)
        most = 0
        for _ in range(100):
            self.loopback.turn()
            most = max(most, client.connection.pending_output())
        self.loopback.ask(other, PING, PONG)

        self.assertLess(most, 400_000)
        self.assertLess(client.output_bytes, 20_000_000)
        peer.reads = True
        self.loopback.until(lambda: peer.closed)
        reply = b"$100000\r\n%b\r\n" % value

        self.assertEqual(len(peer.received), 3000 * len(reply) + 5)
        self.assertTrue(peer.received == reply * 3000 + b"+OK\r\n")
        self.assertEqual(list(self.loopback.server.clients), [self.loopback.client_of(other).id])

    def test_closing_with_much_to_send(self) -> None:
        """QUIT, or a protocol error, behind much output of the same chunk closes behind it."""
        for end, reply in (
            (resp(b"QUIT"), b"+OK\r\n"),
            (b"*bogus\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
            (b"quit\r\n", b"+OK\r\n"),
        ):
            with self.subTest(end):
                peer = self.loopback.connect(receive_buffer=4096)
                transport = self.loopback.transport_of(peer)
                transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                self.loopback.ask(peer, resp(b"SET", b"k", b"x" * 1000), b"+OK\r\n")
                peer.reads = False
                peer.send(resp(b"GET", b"k") * 500 + end)
                self.loopback.turn(5)
                self.assertGreater(transport.backlog, 100_000)
                peer.reads = True
                self.loopback.until(lambda peer=peer: peer.closed)

                self.assertTrue(peer.received == (b"$1000\r\n%b\r\n" % (b"x" * 1000)) * 500 + reply)
                self.assertEqual(self.loopback.server.clients, {})

    def test_who_waits_is_read_on(self) -> None:
        """A waiting client's departure is noticed, and what it sent meanwhile dropped."""
        peer, other = self.loopback.connect(), self.loopback.connect()
        peer.send(resp(b"BLPOP", b"l", b"0") + PING)
        self.loopback.until(lambda: len(self.loopback.server.waiting_room) == 1)
        peer.send(PING)
        peer.socket.close()
        self.loopback.peers.remove(peer)
        self.loopback.until(lambda: len(self.loopback.server.clients) == 1)

        self.assertEqual(len(self.loopback.server.waiting_room), 0)
        self.loopback.ask(other, resp(b"RPUSH", b"l", b"a") + resp(b"LLEN", b"l"), b":1\r\n:1\r\n")

    def test_what_follows_a_wait(self) -> None:
        """What came behind a command that waits runs after it."""
        peer, other = self.loopback.connect(), self.loopback.connect()
        peer.send(resp(b"BLPOP", b"l", b"0") + PING)
        self.loopback.until(lambda: len(self.loopback.server.waiting_room) == 1)
        peer.send(resp(b"LLEN", b"l"))
        self.loopback.turn(3)
        self.assertEqual(peer.take(), b"")
        self.loopback.ask(other, resp(b"RPUSH", b"l", b"a", b"b"), b":2\r\n")

        self.loopback.ask(peer, b"", b"*2\r\n$1\r\nl\r\n$1\r\na\r\n" + PONG + b":1\r\n")

    def test_killed_by_another(self) -> None:
        """CLIENT KILL closes at once."""
        peer, other = self.loopback.connect(), self.loopback.connect()
        number = b"%d" % self.loopback.client_of(peer).id
        self.loopback.ask(other, resp(b"CLIENT", b"KILL", b"ID", number), b":1\r\n")
        self.loopback.until(lambda: peer.closed)

        self.assertEqual(len(self.loopback.server.clients), 1)

    def test_killed_by_itself(self) -> None:
        """Who kills itself is answered first."""
        peer = self.loopback.connect()
        number = b"%d" % self.loopback.client_of(peer).id
        peer.send(resp(b"CLIENT", b"KILL", b"ID", number, b"SKIPME", b"no") + PING)
        self.loopback.until(lambda: peer.closed)

        self.assertEqual(peer.take(), b":1\r\n")
        self.assertEqual(self.loopback.server.clients, {})

    def test_many_at_once(self) -> None:
        """Hundreds of clients that all have something are all answered."""
        peers = [self.loopback.connect() for _ in range(300)]
        for number, peer in enumerate(peers):
            peer.send(resp(b"ECHO", b"%03d" % number) * 3)
        self.loopback.until(lambda: all(len(peer.received) == 27 for peer in peers))

        self.assertEqual(
            [peer.take() for peer in peers],
            [b"$3\r\n%03d\r\n" % number * 3 for number in range(300)],
        )


class LoopbackWithoutHubTests(LoopbackTests):
    """The same where the reactor itself reads."""

    with_hub = False
