"""Tests of pyredis.net.together: requests of many clients as one batch."""

from __future__ import annotations

import select
import socket
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from pyredis.net import hub as hub_module
from pyredis.net.protocol import RedisProtocol
from pyredis.net.together import Gathered, take_together
from tests.net.loopback import Loopback
from tests.net.test_protocol import PING, PONG, ProtocolTestCase, resp


class TogetherTests(ProtocolTestCase):
    """Several connections that received something at the same time."""

    def setUp(self) -> None:
        """Connect five."""
        super().setUp()
        self.five = [self.connect() for _ in range(5)]
        self.exchange(resp(b"MSET", *(word for n in range(5) for word in (b"k%d" % n, b"v%d" % n))))

    def take(self, *chunks: bytes) -> tuple[Gathered, list[bytes]]:
        """Let each connection take a chunk; return those not served, and what each was sent."""
        gathered = [
            (protocol, chunk) for (protocol, _), chunk in zip(self.five, chunks, strict=True)
        ]
        rest = take_together(gathered)
        return rest, [wire.take() for _, wire in self.five]

    @property
    def input_bytes(self) -> int:
        """How much all of them have sent."""
        return sum(protocol.client.input_bytes for protocol, _ in self.five)

    def left_alone(self, *chunks: bytes) -> bool:
        """Tell whether nobody is served."""
        rest, sent = self.take(*chunks)
        return len(rest) == 5 and not any(sent)

    @property
    def gets(self) -> list[bytes]:
        """A request for each."""
        return [resp(b"GET", b"k%d" % n) for n in range(5)]

    def test_alike(self) -> None:
        """Each is sent the answer to its own request."""
        rest, sent = self.take(*self.gets)

        self.assertEqual((rest, sent), ([], [b"$2\r\nv%d\r\n" % n for n in range(5)]))

    def test_whose_request_it_was(self) -> None:
        """The dispatcher can find out who sent any of the requests, for the slow log."""
        askers: list[Any] = []
        first = self.five[0][0]
        first._run_batch = lambda client, batch, most, asker: askers.append(asker) or []

        self.take(PING * 2, PING, PING * 3, PING, PING)

        senders = [protocol.client for protocol, _ in self.five]
        self.assertEqual(
            [senders.index(askers[0](number)) for number in range(8)], [0, 0, 1, 2, 2, 2, 3, 4]
        )

    def test_the_first_is_served_in_part(self) -> None:
        """What was run is not run again: the rest begins behind it."""
        requests = [resp(b"HINCRBY", b"h%d" % n, b"f", b"1") for n in range(5)]
        self.exchange(resp(b"HSET", b"h3", b"f", b"x"))

        rest, sent = self.take(b"".join(requests), *[requests[0]] * 4)

        self.assertEqual(sent, [b":1\r\n" * 3, b"", b"", b"", b""])
        self.assertEqual([chunk for _, chunk in rest], [b"".join(requests[3:]), *[requests[0]] * 4])
        self.assertEqual(self.exchange(resp(b"HGET", b"h0", b"f")), b"$1\r\n1\r\n")

    def test_the_same(self) -> None:
        """All may have asked for the same."""
        self.assertEqual(
            self.take(*[resp(b"INCR", b"n")] * 5)[1], [b":%d\r\n" % n for n in range(1, 6)]
        )
        self.assertEqual(self.take(*[PING] * 5), ([], [PONG] * 5))

    def test_lines(self) -> None:
        """Typed lines are answered as they always are."""
        self.assertEqual(self.take(*[b"GET k1\r\n"] * 5)[1], [b"+v1\r\n"] * 5)
        self.server.settings.inline_replies = "resp"
        self.assertEqual(self.take(*[b"GET k1\r\n"] * 5)[1], [b"$2\r\nv1\r\n"] * 5)

    def test_pipelines(self) -> None:
        """Each may have asked several things at once, some more than others."""
        chunks = [b"".join(self.gets[: n + 1]) for n in range(5)]

        rest, sent = self.take(*chunks)

        values = [b"$2\r\nv%d\r\n" % n for n in range(5)]
        self.assertEqual((rest, sent), ([], [b"".join(values[: n + 1]) for n in range(5)]))

    def test_pipelines_of_the_same(self) -> None:
        """Statuses and numbers, each to who asked."""
        self.assertEqual(self.take(*[PING * 3] * 5), ([], [PONG * 3] * 5))
        chunks = [resp(b"INCR", b"n") * 2] * 5
        expected = [b":%d\r\n:%d\r\n" % (n, n + 1) for n in range(1, 10, 2)]
        self.assertEqual(self.take(*chunks), ([], expected))

    def test_arguments_that_look_like_the_next_request(self) -> None:
        """An asterisk is what XADD is given as ID."""
        for times in (1, 3):
            chunks = [resp(b"XADD", b"x", b"*", b"f", b"%d" % n) * times for n in range(5)]
            rest, sent = self.take(*chunks)
            self.assertEqual(rest, [])
            self.assertEqual([data.count(b"-") for data in sent], [times] * 5)

    def test_typed_pipelines(self) -> None:
        """The same lines are answered in the form of lines."""
        self.assertEqual(self.take(*[b"GET k1\r\n" * 3] * 5), ([], [b"+v1\r\n" * 3] * 5))
        self.assertEqual(self.take(*[b"PING\n" * 3] * 5), ([], [PONG * 3] * 5))
        self.assertTrue(self.left_alone(*[b"GET k1\r\nGET k2\r\n"] * 5))
        self.assertTrue(self.left_alone(*[b"GET k1\r\nGET"] * 5))

    def test_large_arguments(self) -> None:
        """Requests of any size that many may have sent at once find their way."""
        for size in (100, 400, 511, 512, 513, 1000, 1900, 2040):
            data = b"v" * size
            for chunks in (
                [resp(b"SET", b"k%d" % n, data) for n in range(5)],
                [resp(b"SET", b"k", data)] * 5,
                [b"SET k %b\r\n" % data] * 5,
            ):
                rest, sent = self.take(*chunks)
                for protocol, chunk in rest:
                    protocol.take(chunk)
                sent = [
                    before + wire.take() for before, (_, wire) in zip(sent, self.five, strict=True)
                ]
                self.assertEqual(sent, [b"+OK\r\n"] * 5, size)
            self.assertEqual(self.exchange(resp(b"STRLEN", b"k")), b":%d\r\n" % size)

    def test_many(self) -> None:
        """More than are run in one batch are run in several."""
        chunks = [PING * 140] * 5

        self.assertEqual(self.take(*chunks), ([], [PONG * 140] * 5))

    def test_a_pipeline_that_is_answered_in_part(self) -> None:
        """What is left of it is for its client to run, with all behind it."""
        self.exchange(resp(b"LPUSH", b"k10", b"x"))
        asked = [resp(b"STRLEN", b"k%02d" % n) for n in range(15)]
        chunks = [b"".join(asked[n : n + 3]) for n in range(0, 15, 3)]
        before = self.input_bytes

        rest, sent = self.take(*chunks)

        none = b":0\r\n"
        self.assertEqual(sent, [none * 3] * 3 + [none, b""])
        self.assertEqual(
            rest, [(self.five[3][0], asked[10] + asked[11]), (self.five[4][0], chunks[4])]
        )
        for protocol, chunk in rest:
            protocol.take(chunk)
        answer = self.five[3][1].take()
        self.assertTrue(answer.startswith(b"-WRONGTYPE") and answer.endswith(none), answer)
        self.assertEqual(self.five[4][1].take(), none * 3)
        self.assertEqual(self.input_bytes - before, sum(map(len, asked)))

    def test_what_is_noted(self) -> None:
        """Bytes, times and commands are noted of each client, and calls of the command."""
        self.clock.advance(1)
        self.server.keyspace.refresh_now()
        before = self.input_bytes
        self.take(*self.gets)

        for protocol, _ in self.five:
            client = protocol.client
            self.assertEqual(client.last_interaction_ms, self.server.keyspace.now_ms)
            assert client.last_command is not None
            self.assertEqual(client.last_command.display_name, "get")
        self.assertEqual(self.input_bytes - before, sum(map(len, self.gets)))
        self.assertEqual(sum(protocol.client.output_bytes for protocol, _ in self.five), 8 * 5)
        command = self.server.table.find(b"GET")
        assert command is not None
        self.assertEqual(command.calls, 5)

    def test_not_alike(self) -> None:
        """Other commands, lengths or anything but one request: each by itself."""
        for other in (
            resp(b"DEL", b"k0"),
            resp(b"GET", b"k10"),
            resp(b"GET", b"k0")[:-1],
            PING * 2,
            resp(b"GET", b"k0") * 2 + resp(b"GET", b"k0")[:-1],
            b"GET k0\r\n",
            resp(b"GET", b"k0").replace(b"$2", b"$3"),
        ):
            for place in (0, 2, 4):
                chunks = self.gets
                chunks[place] = other
                self.assertTrue(self.left_alone(*chunks), (place, other))

    def test_a_client_that_is_special(self) -> None:
        """One of them in a transaction, another database, another protocol: each by itself."""
        for prepare in ([b"MULTI"], [b"SELECT", b"1"], [b"HELLO", b"3"], [b"SUBSCRIBE", b"c"]):
            with self.subTest(prepare):
                protocol, wire = self.five[3]
                protocol.dataReceived(resp(*prepare))
                wire.take()
                self.assertTrue(self.left_alone(*self.gets))
                self.lose(protocol)
                self.five[3] = self.connect()

    def test_a_connection_that_is_busy(self) -> None:
        """Who waits, or has sent the beginning of a request, takes what comes behind it."""
        for data in (resp(b"BLPOP", b"l", b"0"), b"*1\r\n"):
            with self.subTest(data):
                protocol, _ = self.five[3]
                protocol.dataReceived(data)
                self.assertTrue(self.left_alone(*self.gets))
                self.lose(protocol)
                self.five[3] = self.connect()

    def test_one_that_is_about_to_go_on(self) -> None:
        """Who has waited first runs what came meanwhile."""
        protocol, wire = self.five[3]
        protocol.dataReceived(resp(b"BLPOP", b"l", b"0"))
        protocol.dataReceived(resp(b"SET", b"k3", b"new"))
        self.exchange(resp(b"RPUSH", b"l", b"a"))
        wire.take()

        self.assertTrue(self.left_alone(*self.gets))
        protocol.take(self.gets[3])
        self.clock.advance(0)

        self.assertEqual(wire.take(), b"+OK\r\n$3\r\nnew\r\n")

    def test_a_client_that_was_closed(self) -> None:
        """Another's command may have closed it since it sent."""
        self.five[3][0].client.kill()

        self.assertTrue(self.left_alone(*self.gets))

    def test_those_that_fail(self) -> None:
        """The first that fails and all behind it are left."""
        self.exchange(resp(b"LPUSH", b"k3", b"x"), resp(b"DEL", b"k3"), resp(b"LPUSH", b"k3", b"x"))

        self.assertTrue(self.left_alone(*self.gets))

    def test_a_server_that_is_watched(self) -> None:
        """Nothing takes the short way then."""
        self.server.dispatcher.watch_over("test")

        self.assertTrue(self.left_alone(*self.gets))


class GatheringTests(SynchronousTestCase):
    """What the hub reads in one round."""

    def setUp(self) -> None:
        """Connect a few clients to a server on real sockets."""
        if not hasattr(select, "epoll"):
            raise SkipTest("this platform has no epoll")
        self.loopback = Loopback()
        self.addCleanup(self.loopback.close)
        self.peers = [self.loopback.connect() for _ in range(6)]
        self.served: list[int] = []
        take = take_together

        def counting(gathered: Gathered, at_once: bool) -> Gathered:
            rest = take(gathered, at_once)
            self.served.append(len(gathered) - len(rest))
            return rest

        self.patch(hub_module, "take_together", counting)

    def round(self, *requests: bytes) -> list[bytes]:
        """Send a request from each peer, and return the answers."""
        for peer, data in zip(self.peers, requests, strict=True):
            peer.send(data)
        self.loopback.until(lambda: all(peer.received or peer.closed for peer in self.peers))
        return [peer.take() for peer in self.peers]

    def test_alike(self) -> None:
        """They are run together."""
        requests = [resp(b"SET", b"k%d" % n, b"v") for n in range(6)]

        self.assertEqual(self.round(*requests), [b"+OK\r\n"] * 6)
        self.assertEqual(self.served, [6])

    def test_small_ones_again_and_again(self) -> None:
        """Nothing changes when the hub itself reads what is expected to be small."""
        for number in range(40):
            requests = [resp(b"SET", b"k%d" % n, b"%d" % number) for n in range(6)]
            self.assertEqual(self.round(*requests), [b"+OK\r\n"] * 6)
        large = resp(b"SET", b"k2", b"x" * 1000)
        self.assertEqual(self.round(*requests[:2], large, *requests[3:]), [b"+OK\r\n"] * 6)
        self.peers.pop(0).socket.shutdown(socket.SHUT_WR)
        replies = self.round(*[resp(b"GET", b"k%d" % n) for n in range(1, 6)])

        self.assertEqual(replies[1], b"$1000\r\n" + b"x" * 1000 + b"\r\n")
        self.assertEqual([replies[0], *replies[2:]], [b"$2\r\n39\r\n"] * 4)

    def test_behind_a_barrier(self) -> None:
        """No answer leaves before the barrier lets those of the round out."""
        hub = self.loopback.hub
        assert hub is not None
        seen: list[list[bytes]] = []

        def passes() -> bool:
            seen.append([bytes(peer.received) for peer in self.peers])
            return True

        hub.put_barrier(passes)
        self.assertEqual(self.round(*[PING] * 6), [PONG] * 6)
        self.assertEqual(seen[0], [b""] * 6)
        self.assertEqual(self.served, [6])

    def test_mixed(self) -> None:
        """They are run one by one, large requests as well."""
        requests = [PING] * 5 + [resp(b"ECHO", b"x" * 1000)]

        self.assertEqual(self.round(*requests), [PONG] * 5 + [b"$1000\r\n" + b"x" * 1000 + b"\r\n"])
        requests[2] = resp(b"ECHO", b"x")
        self.assertEqual(self.round(*requests)[2], b"$1\r\nx\r\n")

    def test_one_that_fails_unexpectedly(self) -> None:
        """Its connection is lost; the others are served."""
        take = RedisProtocol.take

        def failing(protocol: RedisProtocol, data: bytes) -> None:
            if data == resp(b"ECHO", b"bad"):
                raise ZeroDivisionError
            take(protocol, data)

        self.patch(RedisProtocol, "take", failing)
        answers = self.round(*[PING] * 2, resp(b"ECHO", b"bad"), *[PING] * 3)

        self.assertEqual(answers, [PONG, PONG, b"", PONG, PONG, PONG])
        self.assertTrue(self.peers[2].closed)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_batch_that_fails_unexpectedly(self) -> None:
        """Whoever is in it is cut off: nobody waits for an answer that will not come."""

        def failing(gathered: Gathered, at_once: bool) -> Gathered:
            raise ZeroDivisionError

        self.patch(hub_module, "take_together", failing)

        self.assertEqual(self.round(*[PING] * 6), [b""] * 6)
        self.assertTrue(all(peer.closed for peer in self.peers))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_others_in_the_middle(self) -> None:
        """While one is served for long, those read already are served before new ones."""
        hub = self.loopback.hub
        assert hub is not None
        take = RedisProtocol.take
        order: list[bytes] = []

        def noting(protocol: RedisProtocol, data: bytes) -> None:
            order.append(data)
            if data == resp(b"ECHO", b"long"):
                hub.read_others(protocol.fileno())
                self.assertEqual(len(order), 6)
            take(protocol, data)

        self.patch(RedisProtocol, "take", noting)
        requests = [PING, resp(b"ECHO", b"long"), *[resp(b"ECHO", b"%d" % n) for n in range(4)]]

        self.assertEqual(self.round(*requests)[-1], b"$1\r\n3\r\n")
