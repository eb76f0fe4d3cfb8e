"""Tests of MIGRATE, with a carrier in hand instead of a network."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import Cargo, Delivery
from pyredis.wire.replies import LATER, OK, Simple
from tests.commands.session import Session

OK_LINE = b"+OK"


class HandCarrier:
    """Keeps what it is to send until the test says what became of it."""

    def __init__(self) -> None:
        self.sent: list[tuple[Cargo, Callable[[Delivery], None]]] = []

    def send(self, cargo: Cargo, on_end: Callable[[Delivery], None]) -> None:
        """Keep it."""
        self.sent.append((cargo, on_end))

    def deliver(self, *replies: bytes, refusal: bytes = b"", failure: str = "") -> None:
        """Let what was sent first be over; without a reply for each, all are accepted."""
        cargo, on_end = self.sent.pop(0)
        if not (replies or failure):
            replies = (OK_LINE,) * len(cargo.requests)
        on_end(Delivery(replies, refusal, failure))


class MigrationTestCase(SynchronousTestCase):
    """A server whose network is in hand, and two clients."""

    def setUp(self) -> None:
        """Make both."""
        self.session = Session()
        self.do = self.session.do
        self.other = self.session.another()
        self.carrier = HandCarrier()
        self.session.server.migrations.carrier = self.carrier

    def migrate(self, *words: str | int) -> None:
        """Send keys off."""
        self.assertIs(self.do("MIGRATE", "there", 1, *words), LATER)

    def pass_time(self, seconds: float = 0) -> None:
        """Let the clock tick, and what was to happen soon happen."""
        self.session.clock.advance(seconds)
        self.session.clock.advance(0)

    def deliver(self, *replies: bytes, refusal: bytes = b"", failure: str = "") -> object:
        """Let a cargo arrive; return the answer."""
        self.carrier.deliver(*replies, refusal=refusal, failure=failure)
        self.pass_time()
        (answer,) = self.session.written
        self.session.written.clear()
        return answer

    @property
    def cargo(self) -> Cargo:
        """What is under way."""
        return self.carrier.sent[0][0]


class SendingTests(MigrationTestCase):
    """What is sent."""

    def test_one_key(self) -> None:
        """A RESTORE with what DUMP returns."""
        self.do("SET", "k", "v")
        payload = self.do("DUMP", "k")
        self.migrate("k", 3, 2500)

        self.assertEqual(
            self.cargo,
            Cargo("there", 1, 2.5, (), 3, [(b"RESTORE", b"k", b"0", payload)]),
        )

    def test_options(self) -> None:
        """REPLACE goes with each, deadlines as what is left, a timeout of nothing is a second."""
        self.do("SET", "k", "v", "PX", 5000)
        self.do("SET", "l", "v")
        self.migrate("", 0, -5, "replace", "AUTH2", "user", "word", "KEYS", "k", "no", "l")
        restores = self.cargo.requests

        self.assertEqual(
            [(r[1], r[2], r[4]) for r in restores],
            [
                (b"k", b"5000", b"REPLACE"),
                (b"l", b"0", b"REPLACE"),
            ],
        )
        self.assertEqual((self.cargo.timeout_s, self.cargo.credentials), (1.0, (b"user", b"word")))

    def test_password(self) -> None:
        """AUTH has one word, and it is shown to nobody."""
        self.do("CONFIG", "SET", "slowlog-log-slower-than", 0)
        self.do("SET", "k", "v")
        self.migrate("k", 0, 9, "AUTH", "secret", "COPY")
        self.assertEqual(self.cargo.credentials, (b"secret",))
        self.deliver()

        shown = [entry[3] for entry in self.do("SLOWLOG", "GET")]
        self.assertIn(b"(redacted)", shown[0])
        self.assertFalse(any(b"secret" in words for words in shown))

    def test_nothing_there(self) -> None:
        """Without a key that exists nothing is sent."""
        self.assertEqual(self.do("MIGRATE", "there", 1, "k", 0, 9), Simple(b"NOKEY"))
        self.assertEqual(
            self.do("MIGRATE", "there", 1, "", 0, 9, "KEYS", "a", "b"), Simple(b"NOKEY")
        )
        self.assertEqual(self.carrier.sent, [])

    def test_refused(self) -> None:
        """What cannot be meant."""
        error = self.session.error
        for words in ("AUTH", "AUTH2 user", "NO", "COPY COPYY"):
            refused = error("MIGRATE", "there", 1, "k", 0, 9, *words.split())
            self.assertEqual(refused, b"ERR syntax error")
        self.assertEqual(
            error("MIGRATE", "there", 1, "k", 0, 9, "KEYS", "a"),
            b"ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        )
        for words in ("k x 9", "k 0 x"):
            self.assertIn(b"not an integer", error("MIGRATE", "there", 1, *words.split()))

    def test_where_nobody_can_wait(self) -> None:
        """A transaction and a script are told so."""
        self.do("SET", "k", "v")
        self.do("MULTI")
        self.do("MIGRATE", "there", 1, "k", 0, 9)
        (refused,) = self.do("EXEC")

        self.assertIn(b"not allowed in a transaction", refused.text)
        self.assertEqual(self.do("GET", "k"), b"v")

    def test_no_network(self) -> None:
        """A server without one says so."""
        session = Session()
        session.do("SET", "k", "v")
        self.assertIn(b"no way to other servers", session.error("MIGRATE", "h", 1, "k", 0, 9))
        self.assertEqual(session.do("DEL", "k"), 1)


class ArrivingTests(MigrationTestCase):
    """What happens when the answers are there."""

    def test_moved(self) -> None:
        """The keys go from here, in one step, and DEL is propagated."""
        self.do("MSET", "k", "v", "l", "w")
        self.session.client.ctx.effects = []
        before = self.session.server.keyspace.dirty
        self.migrate("", 0, 9, "KEYS", "k", "l")
        self.assertEqual(self.deliver(), OK.text)

        self.assertEqual(self.do("EXISTS", "k", "l"), 0)
        self.assertEqual(self.session.server.keyspace.dirty, before + 2)
        self.assertEqual(self.session.client.ctx.effects, [(0, (b"DEL", b"k", b"l"))])

    def test_copied(self) -> None:
        """With COPY nothing changes here."""
        self.do("SET", "k", "v")
        before = self.session.server.keyspace.dirty
        self.migrate("k", 0, 9, "COPY")
        self.assertEqual(self.deliver(), b"OK")
        self.assertEqual(self.session.server.keyspace.dirty, before)
        self.assertEqual(self.do("GET", "k"), b"v")

    def test_some_refused(self) -> None:
        """Only what was accepted goes; the first refusal is the answer."""
        self.do("MSET", "a", 1, "b", 2, "c", 3)
        self.migrate("", 0, 9, "KEYS", "a", "b", "c")
        answer = self.deliver(b"-BUSYKEY taken", OK_LINE, b"-ERR other")

        self.assertEqual(str(answer), "Target instance replied with error: BUSYKEY taken")
        self.assertEqual(self.do("MGET", "a", "b", "c"), [b"1", None, b"3"])

    def test_not_let_in(self) -> None:
        """What AUTH or SELECT was refused with counts for all that follows."""
        self.do("SET", "k", "v")
        self.migrate("k", 0, 9)
        answer = self.deliver(OK_LINE, refusal=b"-WRONGPASS no")
        self.assertEqual(str(answer), "Target instance replied with error: WRONGPASS no")
        self.assertEqual(self.do("GET", "k"), b"v")

    def test_failures(self) -> None:
        """What was not done in time is named, and what was acknowledged before is gone."""
        self.do("MSET", "a", 1, "b", 2)
        for failure, text in (
            ("connecting", "error or timeout connecting to the client"),
            ("writing", "error or timeout writing to target instance"),
            ("reading", "error or timeout reading to target instance"),
        ):
            self.migrate("", 0, 9, "KEYS", "a", "b")
            answer = self.deliver(failure=failure)
            self.assertEqual((answer.code, str(answer)), ("IOERR", text))  # type: ignore[attr-defined]
        self.assertEqual(self.do("EXISTS", "a", "b"), 2)
        self.migrate("", 0, 9, "KEYS", "a", "b")
        self.deliver(OK_LINE, failure="reading")
        self.assertEqual(self.do("KEYS", "*"), [b"b"])

    def test_events(self) -> None:
        """A key that goes is told of as deleted."""
        told: list[tuple[bytes, bytes]] = []
        self.session.server.keyspace.observe_events(
            lambda db, key, kind, event: told.append((event, key))
        )
        self.do("SET", "k", "v")
        self.migrate("k", 0, 9)
        self.deliver()
        self.assertIn((b"del", b"k"), told)

    def test_expired_meanwhile(self) -> None:
        """A key that expired on the way is not deleted a second time."""
        self.do("SET", "k", "v", "PX", 100)
        self.migrate("k", 0, 9000)
        self.pass_time(1)
        self.assertEqual(self.other.do("DBSIZE"), 1)
        self.assertIsNone(self.session.db.peek(b"k"))
        before = self.session.server.keyspace.dirty
        self.assertEqual(self.deliver(), b"OK")
        self.assertEqual(self.session.server.keyspace.dirty, before)

    def test_the_client_left(self) -> None:
        """What arrived goes from here although nobody is there to be told."""
        self.do("SET", "k", "v")
        self.migrate("k", 0, 9)
        self.session.disconnect()
        self.carrier.deliver()
        self.pass_time()
        self.assertEqual(self.other.do("EXISTS", "k"), 0)
        self.assertFalse(self.session.server.dispatcher.special)


class HoldingTests(MigrationTestCase):
    """The keys stand still on their way."""

    def setUp(self) -> None:
        """Let a key be on its way."""
        super().setUp()
        self.do("MSET", "k", "v", "free", "f")
        self.migrate("k", 0, 9)

    def waits(self, *words: str | int) -> bool:
        """Tell whether a command of another client has to wait."""
        return self.session.another().do(*words) is LATER

    def test_who_waits(self) -> None:
        """Whoever names the key, or may change any key."""
        for words in (
            "GET k",
            "SET k w",
            "MGET free k",
            "COPY free k DB 3",
            "WATCH k",
            "FLUSHALL",
            "SWAPDB 0 1",
            "EVAL return 0",
        ):
            self.assertTrue(self.waits(*words.split()), words)

    def test_who_does_not(self) -> None:
        """Others go on: other keys, all that has none, publishing."""
        for words in (
            "GET free",
            "SET free w",
            "PING",
            "DBSIZE",
            "SCAN 0",
            "PUBLISH c m",
            "PFCOUNT other",
            "MULTI",
        ):
            self.assertFalse(self.waits(*words.split()), words)

    def test_going_on(self) -> None:
        """What waited finds the key gone."""
        self.assertIs(self.other.do("INCR", "k"), LATER)
        self.deliver()
        self.assertEqual(self.other.written, [1])
        self.assertFalse(self.session.server.dispatcher.special)

    def test_transactions(self) -> None:
        """Queueing does not wait, EXEC does if anything in it would."""
        do = self.other.do
        do("MULTI")
        self.assertIsNot(do("GET", "k"), LATER)
        self.assertIs(do("EXEC"), LATER)
        self.deliver()
        self.assertEqual(self.other.written, [[None]])

    def test_a_second_one(self) -> None:
        """The same key can be sent off once only: the second finds none."""
        self.assertIs(self.other.do("MIGRATE", "there", 1, "k", 0, 9), LATER)
        self.assertEqual(len(self.carrier.sent), 1)
        self.deliver()
        self.assertEqual(self.other.written, [b"NOKEY"])

    def test_other_keys_move_at_the_same_time(self) -> None:
        """Two on their way, ended in the other order."""
        self.assertIs(self.other.do("MIGRATE", "there", 1, "free", 0, 9), LATER)
        self.carrier.sent.reverse()
        self.carrier.deliver()
        self.pass_time()
        self.assertEqual(self.other.written, [b"OK"])
        self.assertTrue(self.waits("GET", "k"))
        self.assertFalse(self.waits("GET", "free"))

    def test_blocked_clients(self) -> None:
        """One that was waiting already and would push to the key is served later."""
        third = self.session.another()
        third.do("BLMOVE", "source", "k", "LEFT", "LEFT", 0)
        self.assertEqual(self.other.do("RPUSH", "source", "x"), 1)
        self.assertTrue(third.waits)
        self.deliver()
        self.assertEqual(third.written, [b"x"])
        self.assertEqual(self.other.do("LRANGE", "k", 0, -1), [b"x"])

    def test_nobody_can_end_it(self) -> None:
        """CLIENT UNBLOCK finds nothing it could end."""
        self.assertEqual(self.other.do("CLIENT", "UNBLOCK", self.session.client.id), 0)
        self.assertEqual(self.deliver(), b"OK")

    def test_together_with_a_pause(self) -> None:
        """CLIENT PAUSE ends for itself, and so does the move."""
        self.other.do("CLIENT", "PAUSE", 100, "WRITE")
        self.assertTrue(self.waits("SET", "free", 1))
        self.pass_time(1)
        self.assertFalse(self.waits("SET", "free", 1))
        self.assertTrue(self.waits("SET", "k", 1))
