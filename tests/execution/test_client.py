"""Tests of pyredis.execution.client: state, what is special, and what is sent."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Client
from pyredis.execution.transactions import Transaction
from pyredis.wire.replies import NO_REPLY, OK, Push
from tests.execution.playground import START_MS, Playground, wire_of


def must_log_in(client: Client, wanted: bool) -> None:
    """Let a client need to log in, or need not."""
    client.authenticated = not wanted
    client.ctx.server.access.users.default.apply(b"off" if wanted else b"on")


class ClientTestCase(SynchronousTestCase):
    """A server with a client."""

    def setUp(self) -> None:
        """Make them."""
        self.play = Playground()
        self.client = self.play.client


class ConnectingTests(ClientTestCase):
    """A client comes and goes."""

    def test_new(self) -> None:
        """A new client speaks RESP2, has database 0 and nothing special."""
        self.assertEqual((self.client.id, self.client.resp, self.client.ctx.db.number), (1, 2, 0))
        self.assertEqual(self.client.address, "127.0.0.1:1234")
        self.assertEqual(self.client.created_ms, START_MS)
        self.assertTrue(self.client.authenticated)
        self.assertFalse(self.client.special)

    def test_ids(self) -> None:
        """Ids grow and are never given twice."""
        second = self.play.connect()
        self.play.server.disconnect(second)

        self.assertEqual((second.id, self.play.connect().id), (2, 3))
        self.assertEqual(list(self.play.server.clients), [1, 3])

    def test_with_a_password(self) -> None:
        """A server with a password lets nobody in at first."""
        client = Playground(requirepass=b"secret").client

        self.assertFalse(client.authenticated)
        self.assertTrue(client.special)

    def test_disconnected(self) -> None:
        """Who is gone is in no registry, and its traffic still counts."""
        self.client.input_bytes, self.client.output_bytes = 100, 200
        self.client.transaction = Transaction()
        for _ in range(2):
            self.play.server.disconnect(self.client)

        self.assertEqual(self.play.server.clients, {})
        self.assertTrue(self.client.closing)
        self.assertIsNone(self.client.transaction)
        self.assertEqual(self.play.server.input_bytes(), 100)
        self.assertEqual(self.play.server.output_bytes(), 200)

    def test_without_a_wire(self) -> None:
        """A client of the in-process interface has no wire, and needs none."""
        client = self.play.server.connect()
        client.write(OK)
        client.answer(1)
        client.close()
        client.kill()

        self.assertTrue(client.is_local)

    def test_local(self) -> None:
        """Loopback, Unix sockets and the process itself are local."""
        for address, local in (
            ("127.0.0.1:1", True),
            ("127.8.8.8:1", True),
            ("[::1]:1", True),
            ("192.0.2.1:1", False),
            ("[2001:db8::1]:1", False),
            ("", True),
        ):
            with self.subTest(address):
                self.assertIs(self.play.server.connect(address=address).is_local, local)
        client = self.play.server.connect(address="/tmp/socket:0")
        client.is_unix = True

        self.assertTrue(client.is_local)


class SpecialTests(ClientTestCase):
    """Special is who needs a look before each command."""

    def test_each_reason(self) -> None:
        """Every state that a guard or the dispatcher looks at makes special, and its end plain."""
        changes: dict[str, tuple[Callable[[Client], None], Callable[[Client], None]]] = {
            "not authenticated": (
                lambda client: must_log_in(client, True),
                lambda client: must_log_in(client, False),
            ),
            "in a transaction": (
                lambda client: setattr(client, "transaction", Transaction()),
                lambda client: setattr(client, "transaction", None),
            ),
            "without replies": (
                lambda client: setattr(client, "reply_mode", "off"),
                lambda client: setattr(client, "reply_mode", "on"),
            ),
            "not touching": (
                lambda client: setattr(client, "no_touch", True),
                lambda client: setattr(client, "no_touch", False),
            ),
        }
        for why, (begin, end) in changes.items():
            with self.subTest(why):
                begin(self.client)
                self.client.refresh()
                self.assertTrue(self.client.special)
                end(self.client)
                self.client.refresh()

                self.assertFalse(self.client.special)

    def test_reset(self) -> None:
        """RESET leaves a client as new, but for its authentication."""
        client = self.client
        client.ctx.db = client.ctx.keyspace.databases[3]
        client.name, client.resp, client.reply_mode = b"me", 3, "off"
        client.no_touch = client.no_evict = True
        client.refresh()
        client.reset()

        self.assertEqual((client.ctx.db.number, client.name, client.resp), (0, b"", 2))
        self.assertEqual(
            (client.reply_mode, client.no_touch, client.no_evict), ("on", False, False)
        )
        self.assertTrue(client.authenticated)
        self.assertFalse(client.special)


class SendingTests(ClientTestCase):
    """What is sent outside the normal course."""

    def test_in_its_protocol(self) -> None:
        """A push looks as the client's protocol has it."""
        self.client.write(Push([b"message", None]))
        self.client.resp = 3
        self.client.write(Push([b"message", None]))

        self.assertEqual(
            wire_of(self.client).sent,
            b"*2\r\n$7\r\nmessage\r\n$-1\r\n>2\r\n$7\r\nmessage\r\n_\r\n",
        )

    def test_nothing(self) -> None:
        """No reply is not even an empty write."""
        self.client.write(NO_REPLY)

        self.assertEqual(wire_of(self.client).written, [])

    def test_an_answer(self) -> None:
        """Behind a later answer the client goes on."""
        self.client.answer(OK)

        self.assertEqual(wire_of(self.client).sent, b"+OK\r\n")
        self.assertEqual(wire_of(self.client).happened, ["resumed"])

    def test_closing(self) -> None:
        """A closed client is closed behind its replies, a killed one at once."""
        self.client.close()
        other = self.play.connect()
        other.kill()

        self.assertEqual(wire_of(self.client).happened, ["closed"])
        self.assertEqual(wire_of(other).happened, ["aborted"])
        self.assertTrue(self.client.closing and other.closing)


class ContextTests(ClientTestCase):
    """What a body gets."""

    def test_the_frozen_moment(self) -> None:
        """Its time stands still until the keyspace's is refreshed."""
        self.play.clock.advance(5)
        self.assertEqual(self.client.ctx.now_ms, START_MS)
        self.play.server.keyspace.refresh_now()

        self.assertEqual(self.client.ctx.now_ms, START_MS + 5000)

    def test_effects(self) -> None:
        """What to propagate is kept only while somebody listens, with its database."""
        ctx = self.client.ctx
        ctx.propagate(b"SREM", b"s", b"m")
        self.assertIsNone(ctx.effects)
        ctx.effects = []
        ctx.db = ctx.keyspace.databases[2]
        ctx.propagate(b"SREM", b"s", b"m")

        self.assertEqual(ctx.effects, [(2, (b"SREM", b"s", b"m"))])
