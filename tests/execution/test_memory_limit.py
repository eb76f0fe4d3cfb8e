"""Tests of pyredis.execution.memory_limit."""

from __future__ import annotations

import itertools
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.replies import LATER, NULL_ARRAY, OK, QUEUED
from tests.commands.session import Session
from tests.execution.memories import KEY_BYTES, SimulatedMemory

LIMIT = 100_000_000
OOM = b"OOM command not allowed when used memory > 'maxmemory'."
BEFORE_SCRIPT = (
    b"OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
)


class MemoryLimitTestCase(SynchronousTestCase):
    """A server whose memory is a hundred megabytes at most."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session()
        self.server = self.session.server
        self.memory = SimulatedMemory(self.server.keyspace)
        self.server.memory = self.memory

    def limit(self, policy: str = "noeviction", **settings: Any) -> None:
        """Set the limit, so that ten kilobytes are left."""
        words: list[Any] = ["maxmemory", LIMIT, "maxmemory-policy", policy]
        for name, value in settings.items():
            words += [name.replace("_", "-"), value]
        self.memory.other = 0
        self.memory.other = LIMIT - self.memory.used() - 10_000
        self.assertEqual(self.session.do("CONFIG", "SET", *words), OK)

    def error(self, *words: Any) -> bytes:
        """Return the text of the error that a command answers."""
        reply = self.session.do(*words)
        assert isinstance(reply, RedisError), reply
        return reply.text

    def fill(self, count: int = 200, size: int = 0) -> int:
        """Set keys of a hundred bytes until one is refused; return how many there are then."""
        for number in range(count):
            if self.session.do("SET", f"k{number}", b"x" * size) != OK:
                break
        return int(self.session.do("DBSIZE"))


class RefusalTests(MemoryLimitTestCase):
    """What is refused while memory is short and nothing may go."""

    def setUp(self) -> None:
        """Fill the server."""
        super().setUp()
        self.limit()
        self.kept = self.fill()

    def test_what_takes_memory(self) -> None:
        """It is refused, until there is room again."""
        self.assertEqual(self.kept, 10_000 // KEY_BYTES + 1)
        self.assertEqual(self.error("SET", "other", ""), OOM)
        self.assertEqual(self.session.do("GET", "k0"), b"")
        self.assertEqual(self.session.do("DEL", "k0", "k1"), 2)
        self.assertEqual(self.session.do("SET", "other", ""), OK)
        self.assertIn("errorstat_OOM:count=2", self.session.do("INFO", "errorstats").text.decode())

    def test_without_a_limit(self) -> None:
        """Nothing is refused."""
        self.session.do("CONFIG", "SET", "maxmemory", 0)

        self.assertEqual(self.session.do("SET", "other", ""), OK)
        self.assertFalse(self.server.dispatcher.special)

    def test_transactions(self) -> None:
        """Nothing is queued; what was queued before is refused if it takes memory."""
        other = self.session.another()
        self.assertEqual(self.session.do("MULTI"), OK)
        self.assertEqual(self.error("GET", "k0"), OOM)
        self.assertIn(b"EXECABORT", self.error("EXEC"))
        self.session.do("DEL", "k0", "k1")
        for command in (("SET", "a", ""), ("GET", "a")):
            self.session.do("MULTI")
            self.assertEqual(self.session.do(*command), QUEUED)
            other.do("SET", "b", "x" * 500)
            reply = self.session.do("EXEC")
            if command[0] == "SET":
                self.assertEqual(reply.text, b"EXECABORT Transaction discarded because of: " + OOM)
            else:
                self.assertEqual(reply, [None])
            other.do("DEL", "b")

    def test_blocked_clients(self) -> None:
        """One whose turn comes is refused what takes memory."""
        self.session.do("DEL", "k0", "k1")
        mover, popper = self.session.another(), self.session.another()
        self.assertIs(mover.do("BLMOVE", "l", "m", "LEFT", "LEFT", 0), LATER)
        self.memory.other += 1
        self.session.do("RPUSH", "l", *range(10))

        self.assertEqual([error.text for error in mover.written], [OOM])
        self.assertIs(popper.do("BLPOP", "n", 1), LATER)
        self.session.clock.advance(2)
        self.assertEqual(popper.written, [None])

    def test_scripts(self) -> None:
        """Their first write decides, unless their header does."""
        self.assertEqual(self.error("EVAL", "return redis.call('SET','x','')", 0)[:3], b"OOM")
        self.assertEqual(self.session.do("EVAL", "return redis.call('GET','k0')", 0), b"")
        freeing = "redis.call('DEL','k0') return redis.call('SET','x','')"
        self.assertEqual(self.session.do("EVAL", freeing, 0), OK)
        self.assertEqual(self.error("EVAL", "#!lua\nreturn 1", 0), BEFORE_SCRIPT)
        self.assertEqual(self.session.do("EVAL", "#!lua flags=no-writes\nreturn 1", 0), 1)
        writing = "#!lua flags=allow-oom\nreturn redis.call('SET','y','')"
        self.assertEqual(self.session.do("EVAL", writing, 0), OK)


class EvictionTests(MemoryLimitTestCase):
    """How room is made."""

    def test_room_is_made(self) -> None:
        """Before the command that needs it; the keys used last stay."""
        self.limit("allkeys-lru", maxmemory_samples=1000)
        for number in range(300):
            self.session.clock.advance(0.001)
            self.assertEqual(self.session.do("SET", f"k{number}", ""), OK)
        kept = self.session.do("DBSIZE")

        self.assertEqual(kept, 100)
        self.assertEqual(self.session.do("EXISTS", "k0", "k150", "k250", "k299"), 2)
        self.assertEqual(self.server.keyspace.evicted_keys, 200)

    def test_nothing_that_may_go(self) -> None:
        """Without deadlines the volatile policies refuse like noeviction."""
        self.limit("volatile-lru")

        self.assertEqual(self.fill(), 101)
        self.session.do("EXPIRE", "k5", 100)
        self.assertEqual(self.session.do("SET", "k200", ""), OK)
        self.assertEqual(self.session.do("EXISTS", "k5"), 0)

    def test_who_is_told(self) -> None:
        """Watchers, those who repeat it elsewhere, and who listens to events."""
        told: list[bytes] = []
        events: list[bytes] = []
        self.limit("allkeys-random")
        self.server.keyspace.evicted_observers += (lambda db, key: told.append(key),)
        self.session.do("SET", "k", "")
        self.server.keyspace.observe_events(lambda db, key, kind, event: events.append(event))
        self.session.do("WATCH", "k")
        self.memory.other = LIMIT
        self.session.do("MULTI")

        self.assertEqual(told, [b"k"])
        self.assertEqual(events, [b"evicted"])
        self.memory.other = 0
        self.session.do("PING")
        self.assertEqual(self.session.do("EXEC"), NULL_ARRAY)

    def test_it_is_repeated_elsewhere(self) -> None:
        """As a deletion, before the command that needs the room."""
        units: list[list[tuple[bytes, ...]]] = []

        class Feed:
            """Keeps what it is handed."""

            def feed(self, effects: Any) -> None:
                units.append([tuple(argv) for _, argv in effects])

        self.server.propagation.add(Feed())
        self.limit("allkeys-random")
        self.session.do("SET", "k", "")
        self.memory.other = LIMIT
        self.session.do("SET", "l", "")

        self.assertEqual(units[1:], [[(b"DEL", b"k")], [(b"SET", b"l", b"")]])

    def test_time_is_limited(self) -> None:
        """What is left is done between commands."""
        self.fill(200)
        self.limit("allkeys-random", maxmemory_eviction_tenacity=0)
        ticks = itertools.count(1_000_000_000, 100_000)
        self.server.timer = lambda: next(ticks)
        self.memory.other += 20_000
        self.session.do("PING")

        self.assertEqual(len(self.server.keyspace.databases[0]), 200 - 16)
        self.assertGreater(self.fields()["current_eviction_exceeded_time"], 0)
        self.assertEqual(self.session.do("SET", "k0", ""), OK)
        for _ in range(20):
            self.session.clock.advance(0)
        self.assertLessEqual(self.memory.used(), LIMIT)
        fields = self.fields()
        self.assertEqual(fields["current_eviction_exceeded_time"], 0)
        self.assertGreater(fields["total_eviction_exceeded_time"], 0)
        self.session.do("CONFIG", "RESETSTAT")
        self.assertEqual(self.fields()["total_eviction_exceeded_time"], 0)

    def fields(self) -> dict[str, int]:
        """Return what INFO says about time over the limit."""
        return self.server.memory_limit.facts()

    def test_a_lower_limit(self) -> None:
        """It is kept without a command."""
        self.fill(200)
        self.memory.other = LIMIT
        self.session.do("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", LIMIT)
        for _ in range(20):
            self.session.clock.advance(0)

        self.assertEqual(self.session.do("DBSIZE"), 0)

    def test_large_values(self) -> None:
        """They are freed at once, or in slices if that is wanted."""
        for lazy in ("no", "yes"):
            self.session.do("CONFIG", "SET", "lazyfree-lazy-eviction", lazy)
            self.session.do("DEL", "x")
            self.session.do("RPUSH", "l", *range(3000))
            self.limit("allkeys-random", latency_monitor_threshold=1)
            self.memory.other += 10_001
            self.assertEqual(self.session.do("SET", "x", ""), OK)

            self.assertEqual(self.session.do("EXISTS", "l"), 0)
            self.assertEqual(bool(self.server.keyspace.lazy_free), lazy == "yes")
            self.server.keyspace.free_some(10_000)
            self.session.do("CONFIG", "SET", "maxmemory", 0)

    def test_what_waits_to_be_freed(self) -> None:
        """It goes first: after FLUSHALL or DEL nothing is refused, and no key is evicted."""
        for policy in ("noeviction", "allkeys-random", "volatile-ttl"):
            for flush in (["FLUSHALL"], ["DEL", "l"]):
                self.session.do("CONFIG", "SET", "maxmemory", 0)
                self.session.do("RPUSH", "l", *range(3000))
                for number in range(3000):
                    self.session.do("SET", f"k{number}", "")
                self.limit(policy)
                self.session.do(*flush)
                self.memory.other += 50_000
                kept = self.session.do("DBSIZE")
                self.assertTrue(self.server.keyspace.lazy_free)
                self.assertEqual(self.session.do("SET", "x", ""), OK)

                self.assertEqual(self.session.do("DBSIZE"), kept + 1)
                self.session.do("FLUSHALL")
                self.server.keyspace.free_some(100_000)

    def test_freeing_has_little_time(self) -> None:
        """What is left of it then is freed between commands; nothing is refused meanwhile."""
        self.session.do("RPUSH", "l", *range(3000))
        self.limit(maxmemory_eviction_tenacity=0)
        ticks = itertools.count(1_000_000_000, 100_000)
        self.server.timer = lambda: next(ticks)
        self.session.do("DEL", "l")
        self.memory.other += 300_000
        self.assertEqual(self.session.do("SET", "k", ""), OK)

        self.assertEqual(len(self.server.keyspace.lazy_free[0]), 3000 - 256)

    def test_when_nothing_may_change(self) -> None:
        """While a file is loaded or clients are paused, and on a replica, nothing goes."""
        self.limit("allkeys-random")
        self.fill(3)
        self.session.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.memory.other = LIMIT
        self.session.do("PING")
        self.assertEqual(self.session.do("DBSIZE"), 3)
        self.server.keyspace.loading = True
        self.session.do("CLIENT", "UNPAUSE")
        self.assertTrue(self.server.memory_limit.make_room())
        self.server.keyspace.loading = False
        self.server.settings.replicaof = ("primary", 6379)
        self.assertTrue(self.server.memory_limit.make_room())
        self.server.settings.replicaof = None
        self.session.do("PING")

        self.assertEqual(self.session.do("DBSIZE"), 0)


class WatchTests(MemoryLimitTestCase):
    """When commands go the long way."""

    def test_far_and_near(self) -> None:
        """They do near the limit only; it is looked at when rounds begin, and periodically."""
        rounds: list[Any] = []
        self.server.round_changed = lambda: rounds.append(self.server.begin_round)
        self.session.do("CONFIG", "SET", "maxmemory", LIMIT)
        self.assertEqual(rounds, [self.server.memory_limit.begin_round])
        self.assertFalse(self.server.dispatcher.special)
        self.memory.other = LIMIT - 1_000_000
        rounds[0]()
        self.assertFalse(self.server.dispatcher.special)
        self.session.clock.advance(0.011)
        rounds[0]()
        self.assertTrue(self.server.dispatcher.special)
        self.memory.other = LIMIT // 2
        self.server.memory_limit.check()
        self.assertFalse(self.server.dispatcher.special)
        self.session.do("CONFIG", "SET", "maxmemory", 0)
        self.assertEqual(rounds[1:], [self.server.keyspace.refresh_now])

    def test_what_inflates(self) -> None:
        """It goes the long way wherever there is a limit."""
        plain = self.server.table.plain
        inflating = {b"SETRANGE", b"setbit", b"BITFIELD", b"RESTORE", b"COPY", b"SUNIONSTORE"}
        self.assertLessEqual(inflating, set(plain))
        self.session.do("CONFIG", "SET", "maxmemory", LIMIT)

        self.assertEqual(inflating & set(plain), set())
        self.assertLessEqual({b"SET", b"GET", b"LPUSH", b"HSET", b"DEL"}, set(plain))
        self.assertEqual(self.session.do("SETRANGE", "k", 5, "x"), 6)
        self.session.do("CONFIG", "SET", "maxmemory", 0)
        self.assertLessEqual(inflating, set(plain))

    def test_uncounted(self) -> None:
        """What INFO says is not counted is not."""
        self.limit()
        self.memory.other += 20_000
        self.assertEqual(self.error("SET", "k", ""), OOM)
        self.server.facts["mem_not_counted_for_evict"] = 20_000

        self.assertEqual(self.session.do("SET", "k", ""), OK)
