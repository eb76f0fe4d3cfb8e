"""The server under test as a service, with virtual time, and connections in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.testing.data import Stream, ZSet
from pyredis.testing.service import RedisTestService, used_table

START = 1_700_000_000.0


class Wire(Protocol):
    """A client that keeps what it is sent."""

    def __init__(self) -> None:
        self.received = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        """Note it."""
        self.lost = True


class ServiceTestCase(SynchronousTestCase):
    """A service in memory, frozen, whose reactor is a clock."""

    def make(self, **directives: object) -> RedisTestService:
        """Return a started service."""
        self.reactor = Clock()
        self.reactor.advance(START)
        service = RedisTestService(directives, reactor=self.reactor, listens=False, seed=1)
        service.startService()
        self.addCleanup(service.stopService)
        service.clock.freeze()
        return service

    def setUp(self) -> None:
        """Start one."""
        self.redis = self.make()

    def connected(self) -> Wire:
        """Return a client connected in memory."""
        wire = Wire()
        self.redis.connect(wire)
        return wire

    def say(self, wire: Wire, line: str) -> bytes:
        """Send a request and return what came back so far, and forget it."""
        words = line.encode().split()
        request = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        transport: Any = wire.transport
        transport.write(b"*%d\r\n%b" % (len(words), request))
        return self.heard(wire)

    def heard(self, wire: Wire) -> bytes:
        """Let the reactor turn, and return what came, and forget it."""
        for _ in range(5):
            self.reactor.advance(0)
        received, wire.received = wire.received, b""
        return received


class VirtualTimeTests(ServiceTestCase):
    """Everything in the server follows the clock."""

    def test_keys_expire_when_time_passes(self) -> None:
        """A key is there until its seconds have passed, and gone when they have."""
        self.redis.execute("SET", "k", "v", "EX", 60)
        self.redis.clock.advance(59.999)
        self.assertEqual(self.redis.execute("GET", "k"), b"v")
        self.redis.clock.advance(0.001)
        self.assertEqual(len(self.redis.instance.keyspace.databases[0].values), 0)
        self.assertIsNone(self.redis.execute("GET", "k"))

    def test_each_key_expires_at_its_own_moment(self) -> None:
        """Notifications of one long jump come in the order of the deadlines."""
        self.redis = self.make(notify_keyspace_events="Ex")
        wire = self.connected()
        self.say(wire, "SUBSCRIBE __keyevent@0__:expired")
        for key, seconds in (("late", 30), ("early", 10), ("middle", 20)):
            self.redis.execute("SET", key, "v", "EX", seconds)
        self.redis.clock.advance(100)
        told = self.heard(wire)
        self.assertTrue(told.index(b"early") < told.index(b"middle") < told.index(b"late"))

    def test_fields_expire(self) -> None:
        """Fields of hashes follow the clock, too."""
        self.redis.execute("HSET", "h", "a", 1, "b", 2)
        self.redis.execute("HEXPIRE", "h", 5, "FIELDS", 1, "a")
        self.redis.clock.advance(5)
        self.assertEqual(self.redis.data["h"], {b"b": b"2"})

    def test_a_blocked_client_times_out(self) -> None:
        """What a client sent before is served first; then its timeout passes."""
        wire = self.connected()
        self.heard(wire)
        self.assertEqual(self.say(wire, "BLPOP q 30"), b"")
        self.redis.clock.advance(29)
        self.assertEqual(self.heard(wire), b"")
        self.redis.clock.advance(1)
        self.assertEqual(self.heard(wire), b"*-1\r\n")

    def test_ids_of_streams_and_time_follow(self) -> None:
        """XADD and TIME tell the moment that was set."""
        moment = datetime(2030, 1, 1, tzinfo=UTC)
        self.redis.clock.set(moment)
        milliseconds = int(moment.timestamp() * 1000)
        entry_id = self.redis.execute("XADD", "s", "*", "a", "b")
        self.assertEqual(entry_id, b"%d-0" % milliseconds)
        self.assertEqual(self.redis.execute("TIME")[0], b"%d" % int(moment.timestamp()))

    def test_time_turned_back_revives_nothing(self) -> None:
        """Set to an earlier moment, expired keys stay away and others live longer."""
        self.redis.execute("SET", "short", "v", "EX", 10)
        self.redis.execute("SET", "long", "v", "EX", 100)
        self.redis.clock.advance(50)
        self.redis.clock.set(START)
        self.assertIsNone(self.redis.execute("GET", "short"))
        self.assertEqual(self.redis.execute("TTL", "long"), 100)

    def test_it_can_be_frozen_at_a_moment_and_resumed(self) -> None:
        """freeze(at=…) sets the moment; resume() lets the reactor's time pass again."""
        self.redis.clock.freeze(at=START + 500)
        self.assertEqual((self.redis.clock.now(), self.redis.clock.frozen), (START + 500, True))
        self.redis.clock.resume()
        self.reactor.advance(2)
        self.assertEqual(self.redis.clock.now(), START + 502)

    def test_nothing_expires_while_expiry_is_switched_off(self) -> None:
        """Advancing ends though keys are due that may not expire."""
        self.redis.execute("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        self.redis.execute("SET", "k", "v", "EX", 1)
        self.redis.clock.advance(10)
        self.assertEqual(len(self.redis.instance.keyspace.databases[0].values), 1)


class ServiceTests(ServiceTestCase):
    """What a test does with its server."""

    def test_execute_gives_python_objects(self) -> None:
        """Replies come as a client library would give them."""
        self.redis.execute("ZADD", "z", 1.5, "a")
        self.redis.execute("HSET", "h", "f", "v")
        self.assertEqual(self.redis.execute("SET", "k", 1), b"OK")
        self.assertEqual(self.redis.execute("ZSCORE", "z", "a"), 1.5)
        self.assertEqual(self.redis.execute("HGETALL", "h"), {b"f": b"v"})

    def test_execute_raises_errors(self) -> None:
        """An error is raised with Redis' text."""
        error = self.assertRaises(RedisError, self.redis.execute, "NOPE")
        self.assertIn("unknown command 'NOPE'", str(error))

    def test_execute_never_waits(self) -> None:
        """A command that would wait answers as if its time had run out."""
        self.assertIsNone(self.redis.execute("BLPOP", "q", 0))

    def test_execute_is_not_held_by_a_pause(self) -> None:
        """While all clients are paused the test goes on preparing data; clients wait."""
        wire = self.connected()
        self.redis.execute("CLIENT", "PAUSE", 60_000)
        self.redis.data["k"] = 1
        self.assertEqual(self.say(wire, "GET k"), b"")
        self.redis.clock.advance(60)
        self.assertEqual(self.heard(wire), b"$1\r\n1\r\n")

    def test_commands_are_received(self) -> None:
        """What clients sent is kept with who sent it; what the test did is not."""
        wire = self.connected()
        self.say(wire, "CLIENT SETNAME worker")
        self.say(wire, "SET k v")
        self.redis.execute("GET", "k")
        received = self.redis.commands.of("set")[0]
        self.assertEqual((received.name, received.args), ("SET", (b"k", b"v")))
        self.assertEqual((received.client_name, received.at), ("worker", START))
        self.assertEqual(self.redis.commands.names(), ["CLIENT", "SET"])
        self.assertEqual(str(self.redis.commands.by("worker")[-1]), "SET k v")

    def test_commands_are_received_though_refused(self) -> None:
        """Even what is no command was received."""
        wire = self.connected()
        self.say(wire, "NOPE")
        self.assertEqual(self.redis.commands.count("NOPE"), 1)

    def test_a_debug_log_does_not_hide_them(self) -> None:
        """Changing the log level goes on receiving."""
        wire = self.connected()
        self.say(wire, "CONFIG SET loglevel debug")
        self.say(wire, "CONFIG SET loglevel notice")
        self.say(wire, "PING")
        self.assertEqual(self.redis.commands.names(), ["CONFIG", "CONFIG", "PING"])

    def test_snapshot_and_restore(self) -> None:
        """All types come back as they were, with their deadlines, as often as one likes."""
        self.redis.data.update(
            {"s": "x", "l": ["a"], "t": {"m"}, "h": {"f": "v"}, "z": ZSet(a=1.0)}
        )
        self.redis.data["x"] = Stream([("1-1", {"f": "v"})])
        self.redis.data.expire("s", 10)
        self.redis.data.database(3)["k"] = 1
        before = dict(self.redis.data)
        snapshot = self.redis.snapshot()
        for _ in range(2):
            self.redis.execute("FLUSHALL")
            self.redis.execute("SET", "other", 1)
            self.redis.restore(snapshot)
            self.assertEqual(dict(self.redis.data), before)
            self.assertEqual(self.redis.data.ttl("s"), 10)
            self.assertEqual(dict(self.redis.data.database(3)), {b"k": b"1"})
        self.assertEqual(len(snapshot), 7)

    def test_a_restored_key_serves_who_waits(self) -> None:
        """A client that waits for a list gets it when a snapshot brings it."""
        self.redis.data["q"] = ["a"]
        snapshot = self.redis.snapshot()
        self.redis.data.clear()
        wire = self.connected()
        self.say(wire, "BLPOP q 0")
        self.redis.restore(snapshot)
        self.assertIn(b"$1\r\na\r\n", self.heard(wire))

    def test_wait_for_a_condition(self) -> None:
        """The Deferred fires when something has happened that makes the condition true."""
        waiting = self.redis.wait_for(lambda: self.redis.data.get("k"))
        self.assertNoResult(waiting)
        self.say(self.connected(), "SET k v")
        self.assertEqual(self.successResultOf(waiting), b"v")

    def test_wait_for_a_command(self) -> None:
        """A name waits until the command has been received."""
        waiting = self.redis.wait_for("blpop")
        self.say(self.connected(), "BLPOP q 0")
        self.assertEqual(self.successResultOf(waiting)[0].args, (b"q", b"0"))

    def test_wait_for_gives_up(self) -> None:
        """It fails when the real time it was given is over."""
        waiting = self.redis.wait_for(lambda: False, timeout=2)
        self.reactor.advance(2)
        self.failureResultOf(waiting, TimeoutError)

    def test_wait_for_a_condition_that_raises(self) -> None:
        """It fails with that at once, now or later, and is asked no more."""
        asked: list[int] = []

        def condition() -> None:
            asked.append(1)
            if len(asked) == 2:
                raise ZeroDivisionError

        waiting = self.redis.wait_for(condition)
        self.say(self.connected(), "PING")
        self.failureResultOf(waiting, ZeroDivisionError)
        self.failureResultOf(self.redis.wait_for(lambda: {}["k"]), KeyError)
        self.say(self.connected(), "PING")
        self.assertEqual(len(asked), 2)
        self.assertFalse(self.redis.has_plans)

    def test_wait_for_tells_what_came_instead(self) -> None:
        """The error says what was waited for, and what was received."""
        self.say(self.connected(), "BLPOP q 0")
        waiting = self.redis.wait_for("brpop", timeout=2)
        self.reactor.advance(2)
        error = self.failureResultOf(waiting, TimeoutError).value
        self.assertEqual(str(error), "no BRPOP within 2 s; the server has <1 received: BLPOP q 0>")

    def test_wait_for_connections(self) -> None:
        """Clients that come and go make conditions be looked at."""
        clients = self.redis.instance.clients
        waiting = self.redis.wait_for(lambda: clients)
        wire = self.connected()
        self.heard(wire)
        self.successResultOf(waiting)
        gone = self.redis.wait_for(lambda: not clients)
        transport: Any = wire.transport
        transport.loseConnection()
        self.heard(wire)
        self.successResultOf(gone)

    def test_the_same_seed_gives_the_same_chance(self) -> None:
        """Random replies repeat from server to server."""
        replies = []
        for _ in range(2):
            redis = self.make()
            redis.data["s"] = {str(number) for number in range(100)}
            replies.append([redis.execute("SRANDMEMBER", "s") for _ in range(10)])
        self.assertEqual(replies[0], replies[1])

    def test_a_used_table_counts_from_zero(self) -> None:
        """What one server counted is not seen by the next that has its table."""
        self.redis.execute("SET", "k", 1)
        table = used_table(self.redis)
        assert table is not None
        self.assertEqual(table.commands["SET"].calls, 0)

    def test_directives(self) -> None:
        """Directives are those of redis.conf, with underscores."""
        redis = self.make(maxmemory_policy="allkeys-lru", lazyfree_lazy_eviction=True)
        self.assertEqual(
            redis.execute("CONFIG", "GET", "lazyfree-lazy-eviction"),
            {b"lazyfree-lazy-eviction": b"yes"},
        )
