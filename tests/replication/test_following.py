"""A server that follows another, both in memory and in virtual time."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.special_types import PrimaryAddress
from pyredis.errors import RedisError
from pyredis.replication import following
from pyredis.testing.service import RedisTestService
from pyredis.wire.replies import LATER

START = 1_700_000_000.0
ADDRESS = PrimaryAddress("10.0.0.1", 6379)


class MemoryEndpoint:
    """Connects to a server in memory, unless it is down."""

    def __init__(self, service: RedisTestService | None) -> None:
        self.service = service

    def connect(self, factory: Any) -> Deferred[Any]:
        """Connect, or fail."""
        if self.service is None:
            return fail(ConnectionRefusedError())
        protocol = factory.buildProtocol(None)
        self.service.connect(protocol)
        return succeed(protocol)


class FollowingTestCase(SynchronousTestCase):
    """A primary, and one that may follow it."""

    def setUp(self) -> None:
        """Start a primary and one that may follow it."""
        self.reactor = Clock()
        self.reactor.advance(START)
        self.primary = self.make()
        self.replica = self.make()
        self.endpoint = MemoryEndpoint(self.primary)
        self.replica.following._endpoint = lambda place, timeout: self.endpoint

    def make(self, **directives: object) -> RedisTestService:
        """Return a started service."""
        directives.setdefault("repl_diskless_sync_delay", 0)
        service = RedisTestService(directives, reactor=self.reactor, listens=False, seed=1)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    def settle(self, seconds: float = 3) -> None:
        """Let time pass in small steps."""
        for _ in range(int(seconds * 10)):
            self.reactor.advance(0.1)
            for _ in range(4):
                self.reactor.advance(0)

    def follow(self) -> None:
        """Let the replica follow, and wait until it does."""
        self.replica.execute("REPLICAOF", *map(str, ADDRESS))
        self.settle()

    def info(self, service: RedisTestService) -> dict[str, str]:
        """Return INFO replication."""
        text = service.execute("INFO", "replication").decode()
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)

    def digests(self) -> tuple[Any, Any]:
        """Return what both hold."""
        return (
            self.primary.execute("DEBUG", "DIGEST"),
            self.replica.execute("DEBUG", "DIGEST"),
        )


class FollowingTests(FollowingTestCase):
    """What a replica does, seen from both sides."""

    def test_the_data_come_over(self) -> None:
        """What was there, and what comes later, in all databases; what it had itself is gone."""
        self.primary.data["before"] = {"f": "v"}
        self.primary.data.database(3)["k"] = [1, 2]
        self.replica.data["own"] = 1
        self.follow()
        self.primary.execute("INCR", "after")
        self.primary.execute_in(5, [b"SET", b"k", b"v", b"EX", b"100"])
        self.primary.execute("EVAL", "redis.call('set','a',1) redis.call('incr','a')", 0)
        self.settle(0.5)
        first, second = self.digests()
        self.assertEqual(first, second)
        self.assertNotIn("own", self.replica.data)
        self.assertEqual(
            self.replica.data.database(5).ttl("k"), self.primary.data.database(5).ttl("k")
        )

    def test_both_tell_of_each_other(self) -> None:
        """INFO, ROLE and WAIT on both sides."""
        self.follow()
        self.primary.execute("SET", "k", "v")
        self.settle(1.5)
        theirs, own = self.info(self.primary), self.info(self.replica)
        self.assertEqual((theirs["role"], theirs["connected_slaves"]), ("master", "1"))
        self.assertEqual((own["role"], own["master_link_status"]), ("slave", "up"))
        self.assertEqual(own["slave_repl_offset"], theirs["master_repl_offset"])
        self.assertEqual(own["master_replid"], theirs["master_replid"])
        self.assertEqual(self.replica.execute("ROLE")[3], b"connected")
        self.assertEqual(self.primary.execute("WAIT", 1, 1000), 1)
        self.assertRaises(RedisError, self.replica.execute, "WAIT", 1, 0)

    def test_it_does_not_write(self) -> None:
        """Writes of its own clients are refused, in transactions and scripts as well."""
        self.follow()
        for words in (
            ("SET", "k", "v"),
            ("EVAL", "return redis.call('set','k','v')", 0),
            ("EVAL", "#!lua\nreturn 1", 0),
        ):
            error = self.assertRaises(RedisError, self.replica.execute, *words)
            self.assertEqual(error.code, "READONLY")
        self.assertIsNone(self.replica.execute("GET", "k"))
        self.replica.execute("CONFIG", "SET", "replica-read-only", "no")
        self.replica.execute("SET", "k", "v")

    def test_a_lost_link(self) -> None:
        """It comes back and is sent only what it has missed."""
        self.follow()
        self.primary.execute("SET", "k", "1")
        self.settle(0.5)
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        self.primary.execute("SET", "k", "2")
        self.settle()
        self.assertEqual(self.replica.data["k"], b"2")
        stats = self.primary.execute("INFO", "stats")
        self.assertIn(b"sync_full:1\r\nsync_partial_ok:1\r\n", stats)

    def test_a_primary_that_is_away(self) -> None:
        """It goes on trying, and serves what it has only if it may."""
        self.endpoint.service = None
        self.replica.data["k"] = 1
        self.follow()
        self.assertEqual(self.info(self.replica)["master_link_status"], "down")
        self.assertEqual(self.replica.data["k"], b"1")
        self.replica.execute("CONFIG", "SET", "replica-serve-stale-data", "no")
        error = self.assertRaises(RedisError, self.replica.execute, "GET", "k")
        self.assertEqual(error.code, "MASTERDOWN")
        self.endpoint.service = self.primary
        self.settle()
        self.assertIsNone(self.replica.execute("GET", "k"))

    def test_keys_expire_when_the_primary_says_so(self) -> None:
        """What is due reads as absent, and stays until then."""
        self.follow()
        self.primary.execute("SET", "k", "v", "PX", "100")
        self.settle(0.1)
        self.primary.execute("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        self.settle(1)
        self.assertIsNone(self.replica.execute("GET", "k"))
        self.assertEqual(self.replica.execute("DBSIZE"), 1)
        self.primary.execute("GET", "k")
        self.settle(0.5)
        self.assertEqual(self.replica.execute("DBSIZE"), 0)

    def test_own_keys_of_one_that_may_write(self) -> None:
        """They expire by themselves; those of the primary wait for it."""
        self.replica.execute("CONFIG", "SET", "replica-read-only", "no")
        self.follow()
        self.primary.execute("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        self.primary.execute("SET", "theirs", "v", "PX", "100")
        self.replica.execute("SET", "own", "v", "PX", "100")
        self.settle(1)
        self.assertEqual(self.replica.execute("DBSIZE"), 1)
        self.replica.execute("CONFIG", "SET", "replica-read-only", "yes")
        self.assertFalse(self.replica.instance.keyspace.observed)

    def test_it_becomes_a_primary(self) -> None:
        """The history goes on under another name; a replica of its own follows on."""
        self.follow()
        third = self.make()
        third.following._endpoint = lambda place, timeout: MemoryEndpoint(self.replica)
        third.execute("REPLICAOF", "10.0.0.2", "6379")
        self.settle()
        self.primary.execute("SET", "k", "1")
        self.settle(0.5)
        self.assertEqual(third.data["k"], b"1")
        before = self.info(self.replica)
        self.replica.execute("REPLICAOF", "NO", "ONE")
        self.replica.execute("SET", "k", "2")
        self.settle()
        after = self.info(self.replica)
        self.assertEqual(
            (after["role"], after["master_replid2"]), ("master", before["master_replid"])
        )
        self.assertEqual(third.data["k"], b"2")
        self.assertIn(b"sync_partial_ok:1\r\n", self.replica.execute("INFO", "stats"))

    def test_following_the_same_again(self) -> None:
        """It says that it does already."""
        self.follow()
        self.assertEqual(
            self.replica.execute("REPLICAOF", *map(str, ADDRESS)),
            b"OK Already connected to specified master",
        )

    def test_who_waits_is_sent_away(self) -> None:
        """Clients that wait for keys are told that nobody here will push any."""
        self.replica.wait_for("BLPOP")
        client = self.replica.instance.connect()
        client.authenticated = True
        client.refresh()
        self.replica.instance.dispatcher.dispatch(client, [b"BLPOP", b"q", b"0"])
        self.follow()
        written: Any = client.connection
        self.assertIn(b"-UNBLOCKED force unblock", b"".join(written.written))

    def test_a_silent_primary(self) -> None:
        """After repl-timeout it hangs up and tries again."""
        self.follow()
        self.primary.replication_service.paused = True
        self.replica.execute("CONFIG", "SET", "repl-timeout", "5")
        self.settle(6.5)
        self.assertNotEqual(self.info(self.replica).get("master_link_down_since_seconds"), "")
        self.primary.replication_service.paused = False
        self.settle()
        self.assertEqual(self.info(self.replica)["master_link_status"], "up")

    def test_a_primary_that_is_none(self) -> None:
        """What does not speak the protocol is left alone, and tried again."""
        with self.primary.faults.error("PSYNC", "ERR what"):
            self.follow()
            self.assertEqual(self.info(self.replica)["master_link_status"], "down")
        self.settle()
        self.assertEqual(self.info(self.replica)["master_link_status"], "up")

    def test_one_that_follows_a_replica(self) -> None:
        """The stream goes on in the database that was selected before its snapshot."""
        self.follow()
        self.primary.execute_in(3, [b"SET", b"k", b"1"])
        self.settle(0.5)
        third = self.make()
        third.following._endpoint = lambda place, timeout: MemoryEndpoint(self.replica)
        third.execute("REPLICAOF", *map(str, ADDRESS))
        self.settle()
        self.primary.execute_in(3, [b"INCR", b"k"])
        self.settle(0.5)
        self.assertEqual(third.data.database(3)["k"], b"2")
        self.assertEqual(self.digests()[0], third.execute("DEBUG", "DIGEST"))

    def test_a_pause_here(self) -> None:
        """While clients are paused nothing is repeated; then it is, in order."""
        self.follow()
        before = self.info(self.replica)["slave_repl_offset"]
        self.replica.execute("CLIENT", "PAUSE", "100000", "WRITE")
        self.primary.execute("SET", "k", "1")
        self.settle(0.5)
        self.primary.execute("INCR", "k")
        self.settle(0.5)
        own = self.info(self.replica)
        self.assertEqual(own["slave_repl_offset"], before)
        self.assertEqual(
            own["slave_read_repl_offset"], self.info(self.primary)["master_repl_offset"]
        )
        self.assertIsNone(self.replica.execute("GET", "k"))
        self.replica.execute("CLIENT", "UNPAUSE")
        self.settle(0.5)
        self.assertEqual(self.replica.execute("GET", "k"), b"2")

    def test_a_link_lost_during_a_pause(self) -> None:
        """What was not repeated is asked for again."""
        self.follow()
        self.replica.execute("CLIENT", "PAUSE", "100000", "WRITE")
        self.primary.execute("INCR", "k")
        self.settle(0.5)
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        self.replica.execute("CLIENT", "UNPAUSE")
        self.settle()
        self.assertEqual(self.replica.execute("GET", "k"), b"1")

    def test_too_much_during_a_pause(self) -> None:
        """What comes is kept up to a point, then left to the system."""
        self.patch(following, "_MOST_UNREPEATED_BYTES", 100)
        self.follow()
        self.replica.execute("CLIENT", "PAUSE", "100000", "WRITE")
        link: Any = self.replica.following._link
        pauses: list[None] = []
        self.patch(link, "pause", lambda: pauses.append(None))
        for number in range(10):
            self.primary.execute("SET", f"k{number}", "x" * 50)
            self.settle(0.1)
        self.assertTrue(pauses)
        self.replica.execute("CLIENT", "UNPAUSE")
        self.settle()
        self.assertEqual(*self.digests())

    def test_clients_that_write_here(self) -> None:
        """On a writable replica a key that is due makes way for what a client writes."""
        self.follow()
        self.replica.execute("CONFIG", "SET", "replica-read-only", "no")
        self.primary.keyspace_service.active_expiry = False
        self.primary.execute("SET", "k", "5", "PX", "10")
        self.settle(0.5)
        self.assertEqual(self.replica.execute("DBSIZE"), 1)
        self.assertEqual(self.replica.execute("INCR", "k"), 1)
        self.assertEqual(self.replica.execute("TTL", "k"), -1)

    def test_too_few_replicas(self) -> None:
        """A replica without replicas of its own takes what its primary writes."""
        self.replica.execute("CONFIG", "SET", "min-replicas-to-write", "1")
        self.follow()
        self.primary.execute("SET", "k", "v")
        self.settle(0.5)
        self.assertEqual(self.replica.execute("GET", "k"), b"v")
        self.replica.execute("REPLICAOF", "NO", "ONE")
        self.assertRaises(RedisError, self.replica.execute, "SET", "k", "v")

    def test_reads_go_the_short_way(self) -> None:
        """While the link is up only writes, alone or in scripts, are looked at; else all is."""
        self.follow()
        server = self.replica.instance
        server.dispatcher.let_go("a test")
        client = server.connect()
        client.authenticated = True
        client.refresh()
        self.assertFalse(server.dispatcher.special)
        self.assertIsNot(server.dispatcher.call_plain(client, [b"GET", b"k"]), LATER)
        for name in (b"SET", b"set", b"DEL", b"PUBLISH"):
            self.assertIs(server.dispatcher.call_plain(client, [name, b"k", b"v"]), LATER)
        for words in (["SET", "k", "v"], ["EVAL", "return redis.call('set','k','v')", "0"]):
            error = self.assertRaises(RedisError, self.replica.execute, *words)
            self.assertIn("READONLY", str(error.text))
        self.endpoint.service = None
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        self.settle(0.5)
        self.assertTrue(server.dispatcher.special)
        self.endpoint.service = self.primary
        self.settle()
        self.assertFalse(server.dispatcher.special)
        self.replica.execute("REPLICAOF", "NO", "ONE")
        self.assertIsNot(server.dispatcher.call_plain(client, [b"SET", b"k", b"v"]), LATER)
        self.assertFalse(server.dispatcher.special)

    def test_scripts_that_may_write_are_refused(self) -> None:
        """Scripts and functions whose flags let them write are refused though they only read."""
        self.primary.execute("SET", "k", "v")
        library = "#!lua name=library\nredis.register_function('read', function(keys) "
        self.primary.execute("FUNCTION", "LOAD", library + "return redis.call('get', keys[1]) end)")
        self.follow()
        self.replica.instance.dispatcher.let_go("a test")
        read = "return redis.call('get', KEYS[1])"
        self.assertEqual(self.replica.execute("EVAL", read, "1", "k"), b"v")
        promised = "#!lua flags=no-writes\n" + read
        self.assertEqual(self.replica.execute("EVAL", promised, "1", "k"), b"v")
        for words in (["EVAL", "#!lua\n" + read, "1", "k"], ["FCALL", "read", "1", "k"]):
            error = self.assertRaises(RedisError, self.replica.execute, *words)
            self.assertEqual(error.code, "READONLY")
