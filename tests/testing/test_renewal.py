"""A server made as new is in every respect like one that has just been built."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import pyredis.process_memory
import pyredis.server
from pyredis.testing.data import Stream, ZSet
from pyredis.testing.folders import make_folder, remove_folder
from pyredis.testing.renewal import _WORLD, Renewal, all_commands
from pyredis.testing.service import RedisTestService
from tests.testing.state import differences
from tests.testing.test_service import Wire

START = 1_700_000_000.0
LATER = START + 5000

_MEAN_NOTHING = (
    # Read only by a server that follows another, or writes an append-only file: it takes
    # the time anew when it begins to.
    *("._down_since_ms:", "._heard_ms:", "._last_sync_s:"),
    # What the connections' reader had counted before: it is subtracted.
    *("<rounds>:", "<reads>:", "<writes>:"),
)

# What tests do that leaves something behind, a line each.
HABITS = {
    "strings": ["SET k v EX 100", "APPEND k w", "INCR n", "SETBIT b 7 1", "PFADD p a", "GET k"],
    "lists": ["RPUSH l a b c", "LMOVE l m LEFT RIGHT", "BLPOP l 0", "LPOS m a"],
    "sets": ["SADD s a b c", "SPOP s", "SRANDMEMBER s", "SINTERSTORE t s s"],
    "hashes": ["HSET h f 1 g 2", "HEXPIRE h 10 FIELDS 1 f", "HINCRBY h g 5", "HSCAN h 0"],
    "sorted sets": ["ZADD z 1 a 2 b", "ZRANGESTORE y z 0 -1", "BZPOPMIN z 0", "GEOADD g 1 1 m"],
    "streams": ["XADD x * f v", "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >"],
    "keys": ["SET a 1", "COPY a b", "RENAME b c", "EXPIRE c 50", "RANDOMKEY", "SCAN 0", "SORT l"],
    "databases": ["SELECT 3", "SET k v", "SELECT 0", "MOVE k 4", "SWAPDB 0 3", "FLUSHALL"],
    "transactions": ["WATCH k", "MULTI", "SET k v", "EXEC", "WATCH k", "UNWATCH"],
    "scripts": ["EVAL return{redis.call('incr',KEYS[1])} 1 k", "SCRIPT LOAD return(1)"],
    "functions": ["FUNCTION LOAD {library}", "FCALL f 0", "FUNCTION STATS"],
    "messages": ["PUBLISH c m", "SUBSCRIBE c", "PSUBSCRIBE c*", "UNSUBSCRIBE", "PUNSUBSCRIBE"],
    "errors": ["GET", "NOSUCH", "CLIENT", "SET k v", "LPUSH k x", "EVAL error( 0", "AUTH a b"],
    "waiting": ["BLPOP nothing 0.01"],
    "reading": ["INFO", "OBJECT ENCODING k", "COMMAND COUNT", "MEMORY USAGE k", "TIME", "DBSIZE"],
    "clients": ["HELLO 3", "CLIENT SETINFO LIB-NAME x", "CLIENT ID", "CLIENT GETNAME", "PING"],
}
LIBRARY = "#!lua name=l\nredis.register_function('f', function() return 1 end)"

# After these not even idle objects are trusted: a whole new server is built.
BEYOND = (
    "CONFIG SET maxmemory 1mb",
    "CONFIG RESETSTAT",
    "ACL SETUSER u on",
    "ACL LOG RESET",
    "CLIENT NO-EVICT on",
    "CLIENT PAUSE 100000",
    "DEBUG SET-ACTIVE-EXPIRE 0",
    "SLOWLOG RESET",
    "LATENCY RESET",
    "REPLICAOF 127.0.0.1 1",
    "SAVE",
    "MIGRATE 127.0.0.1 1 k 0 10",
    "SUBSCRIBE c",
    "MULTI",
    "WATCH k",
    "SELECT 1",
    "CLIENT SETNAME me",
    "CLIENT REPLY OFF",
    "CLIENT TRACKING on",
    "MONITOR",
    "BLPOP q 0",
    "BLPOP q 1000",
)


class RenewalTestCase(SynchronousTestCase):
    """A service in memory that remembers how it was."""

    def setUp(self) -> None:
        """Let nothing depend on how fast this machine is, nor on what else is in its memory."""
        still = SimpleNamespace(perf_counter_ns=lambda: 1, sleep=lambda s: None, time_ns=int)
        self.patch(pyredis.server, "time", still)
        for measure in ("small_objects_bytes", "_large_bytes"):
            self.patch(pyredis.process_memory, measure, lambda: 1000)
        self.folder = Path(make_folder())
        self.addCleanup(remove_folder, str(self.folder))
        self.redis, self.reactor = self.make(START)

    def make(self, moment: float, seed: int | None = 1, **directives: object) -> Any:
        """Return a service, and its reactor's clock."""
        reactor = Clock()
        reactor.advance(moment)
        redis = RedisTestService(
            {"dir": self.folder, **directives}, reactor=reactor, listens=False, seed=seed
        )
        redis.startService()
        redis.remember()
        self.addCleanup(redis.stopService)
        return redis, reactor

    def say(self, wire: Wire, line: str, redis: RedisTestService | None = None) -> bytes:
        """Send a request, with time for its answer."""
        words = [
            LIBRARY.encode() if word == "{library}" else word.encode() for word in line.split()
        ]
        transport: Any = wire.transport
        request = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        transport.write(b"*%d\r\n%b" % (len(words), request))
        self.turn()
        received, wire.received = wire.received, b""
        return received

    def turn(self) -> None:
        """Let the reactor turn."""
        for _ in range(5):
            self.reactor.advance(0.02)

    def connected(self) -> Wire:
        """Return a client."""
        wire = Wire()
        self.redis.connect(wire)
        self.turn()
        return wire

    def hang_up(self, wire: Wire) -> None:
        """Close a client's connection."""
        transport: Any = wire.transport
        transport.loseConnection()
        self.turn()

    def not_as_new(self, seed: int | None = 1) -> list[str]:
        """Return in what the server differs from a new one of this moment."""
        new, _ = self.make(self.reactor.seconds(), seed)
        world = tuple(kind for kind in _WORLD if kind is not random.Random)
        found = differences(self.redis, new, (*world, Clock, Renewal))
        found = [line for line in found if not any(name in line for name in _MEAN_NOTHING)]
        for mine, its in zip(
            *(all_commands(redis.instance.table) for redis in (self.redis, new)), strict=True
        ):
            counted = ("calls", "nanoseconds", "rejected", "failed", "histogram")
            if [getattr(mine, name) for name in counted] != [getattr(its, n) for n in counted]:
                found.append(f"statistics of {mine.display_name}")
        return found


class RenewalTests(RenewalTestCase):
    """Nothing is left of what a test has done."""

    def test_the_comparison_sees_what_differs(self) -> None:
        """Before it is made as new, a server that was used is found to differ in many places."""
        self.redis.execute("SET", "k", "v")
        found = "\n".join(self.not_as_new())
        for part in (".values", ".dirty", "statistics of set"):
            self.assertIn(part, found)
        self.reactor.advance(10)
        self.assertIn("started_ms", "\n".join(self.not_as_new()))

    def test_nothing_is_left(self) -> None:
        """After each kind of use it is like one just built, in all that can be reached."""
        for habit, lines in HABITS.items():
            wire = self.connected()
            for line in lines:
                self.say(wire, line)
            self.hang_up(wire)
            self.reactor.advance(LATER - START)
            self.assertTrue(self.redis.renew(), habit)
            self.assertEqual(self.not_as_new(), [], habit)

    def test_nothing_is_left_of_what_python_did(self) -> None:
        """Data, snapshots, files, time and conditions are gone as well."""
        redis = self.redis
        redis.data["z"], redis.data["x"] = ZSet(a=1.0), Stream([("1-1", {"f": "v"})])
        redis.restore(redis.snapshot())
        redis.clock.freeze(at=START + 10**6)
        redis.data["k"] = "v"
        redis.data.expire("k", 10)
        redis.clock.advance(100)
        file = self.folder / "fixture"
        file.write_text("SET from file\n")
        redis.load(str(file))
        given_up = redis.wait_for(lambda: False, timeout=1)
        self.reactor.advance(2)
        self.failureResultOf(given_up, TimeoutError)
        self.assertTrue(redis.renew())
        self.assertEqual(self.not_as_new(), [])

    def test_idle_clients_stay(self) -> None:
        """They are numbered anew, and their replies go on."""
        first, second = self.connected(), self.connected()
        self.say(second, "HELLO 3")
        self.hang_up(first)
        self.assertTrue(self.redis.renew())
        self.assertEqual(self.say(second, "CLIENT ID"), b":1\r\n")
        third = self.connected()
        self.assertEqual(self.say(third, "CLIENT ID"), b":2\r\n")
        self.assertEqual(list(self.redis.instance.clients), [1, 2])

    def test_a_client_that_leaves_late_takes_no_other_with_it(self) -> None:
        """Whoever was there before may hang up afterwards: the others stay registered."""
        wires = [self.connected() for _ in range(3)]
        self.hang_up(wires[0])
        self.assertTrue(self.redis.renew())
        self.hang_up(wires[2])
        self.assertEqual(list(self.redis.instance.clients), [1])
        self.assertEqual(self.say(wires[1], "PING"), b"+PONG\r\n")

    def test_each_run_has_its_names(self) -> None:
        """Without a seed no two runs have the same IDs, nor the same chance."""
        self.redis, self.reactor = self.make(START, None)
        seen = set()
        for _ in range(3):
            instance = self.redis.instance
            seen |= {instance.run_id, instance.replication_id, instance.cluster.node_id}
            seen.add(instance.rng.random())
            self.assertTrue(self.redis.renew())
        self.assertEqual(len(seen), 12)

    def test_the_same_seed_the_same_chance(self) -> None:
        """With a seed every run has the same random replies."""
        replies = set()
        for _ in range(2):
            self.redis.data["s"] = {str(number) for number in range(100)}
            replies.add(repr([self.redis.execute("SRANDMEMBER", "s") for _ in range(10)]))
            self.assertTrue(self.redis.renew())
        self.assertEqual(len(replies), 1)


class BeyondTests(RenewalTestCase):
    """Where more may have happened, it refuses, and nothing has changed."""

    def test_commands_that_reach_out_and_clients_that_are_not_idle(self) -> None:
        """Each of them asks for a new server."""
        for line in BEYOND:
            self.redis, self.reactor = self.make(START)
            wire = self.connected()
            self.say(wire, line)
            self.assertFalse(self.redis.renew(), line)
            self.assertEqual(len(self.redis.commands), 1, line)

    def test_a_request_that_came_in_part(self) -> None:
        """The connection is not idle: the rest must not reach the next test's server."""
        wire = self.connected()
        transport: Any = wire.transport
        transport.write(b"*2\r\n$3\r\nGE")
        self.turn()
        self.assertFalse(self.redis.renew())

    def test_faults(self) -> None:
        """Whatever faults have done to connections is not taken back."""
        with self.redis.faults.error("GET"):
            pass
        self.assertFalse(self.redis.renew())

    def test_values_that_are_being_freed(self) -> None:
        """What goes on in slices belongs to the server it was begun by."""
        self.redis.data["large"] = {str(number) for number in range(20_000)}
        self.redis.execute("UNLINK", "large")
        self.assertTrue(self.redis.has_plans)
        self.assertFalse(self.redis.renew())

    def test_a_condition_that_is_waited_for(self) -> None:
        """Another thread of the test may still be waiting: it is told by the server it asked."""
        waiting = self.redis.wait_for(lambda: False, timeout=1)
        self.assertFalse(self.redis.renew())
        self.reactor.advance(2)
        self.failureResultOf(waiting, TimeoutError)

    def test_a_service_that_was_handed_out(self) -> None:
        """Who has had the service itself may have done anything."""
        self.redis.is_exposed = True
        self.assertFalse(self.redis.renew())

    def test_directives_with_effects_outside(self) -> None:
        """With an append-only file, or a primary, every server is built."""
        self.redis, self.reactor = self.make(START, replicaof="127.0.0.1 1")
        self.assertFalse(self.redis.renew())
