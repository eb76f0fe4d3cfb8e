"""The data of a replica, replaced by those of its primary; both in memory, in virtual time."""

from __future__ import annotations

from pyredis.errors import RedisError
from pyredis.replication import intake, transfer
from pyredis.replication.incoming_snapshot import IncomingSnapshot
from pyredis.wire.replies import NULL_ARRAY
from tests.replication.test_following import FollowingTestCase

LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return '%s' end)"


class ReplacementTestCase(FollowingTestCase):
    """What clients of a replica see while its data are replaced, and afterwards."""

    def setUp(self) -> None:
        """Give both other data."""
        super().setUp()
        # Most of a snapshot is still at the primary when its loading begins.
        self.patch(intake, "_MOST_HELD_BYTES", 50_000)
        self.patch(transfer, "_MOST_UNSENT_BYTES", 50_000)
        self.primary.execute("CONFIG", "SET", "rdbcompression", "no")
        self.primary.execute("DEBUG", "POPULATE", "1000", "theirs", "1000")
        self.primary.execute("FUNCTION", "LOAD", LIBRARY % "new")
        self.replica.execute("CONFIG", "SET", "replica-read-only", "no")

    def fill(self) -> None:
        """Give the replica data of its own."""
        self.replica.execute("SET", "own", "v")
        self.replica.execute_in(3, [b"SET", b"other", b"v", b"EX", b"1000"])
        self.replica.execute("FUNCTION", "LOAD", "REPLACE", LIBRARY % "old")

    def begin(self, way: str) -> None:
        """Let the replica follow until it has loaded a part."""
        self.replica.execute("CONFIG", "SET", "repl-diskless-load", way, "key-load-delay", "1000")
        self.replica.execute("REPLICAOF", "10.0.0.1", "6379")
        self.settle(0.5)

    def states(self) -> tuple[int, int]:
        """Return whether it is loading, and whether aside, as INFO says."""
        fields = dict(
            line.split(":", 1)
            for line in self.replica.execute("INFO", "persistence").decode().split("\r\n")
            if ":" in line
        )
        self.assertEqual("loading_total_bytes" in fields, self.is_loading())
        return int(fields["loading"]), int(fields["async_loading"])

    def is_loading(self) -> bool:
        """Tell whether there is a snapshot on its way."""
        return self.replica.following._intake is not None

    def cut(self) -> None:
        """Lose the link, and the primary."""
        self.endpoint.service = None
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        self.finish()

    def finish(self) -> None:
        """Let the rest be loaded."""
        self.replica.execute("CONFIG", "SET", "key-load-delay", "0")
        self.settle(2)

    def check_new(self) -> None:
        """The replica has what its primary has, and hears of changes."""
        self.primary.execute("SET", "after", "v")
        self.settle(0.5)
        self.assertEqual(*self.digests())
        self.assertEqual(self.replica.execute("FCALL", "f", 0), b"new")
        self.assertEqual(self.info(self.replica)["master_link_status"], "up")
        self.assertEqual(self.states(), (0, 0))

    def check_old(self) -> None:
        """The replica has what it had."""
        self.assertEqual(self.replica.execute("DBSIZE"), 1)
        self.assertEqual(self.replica.execute("GET", "own"), b"v")
        self.assertTrue(self.replica.execute_in(3, [b"EXISTS", b"other"]))
        self.assertEqual(self.replica.execute("FCALL", "f", 0), b"old")


class AsideTests(ReplacementTestCase):
    """``repl-diskless-load swapdb``."""

    def test_other_data(self) -> None:
        """Clients wait; then all is replaced at once."""
        self.fill()
        self.begin("swapdb")
        self.assertEqual(self.states(), (1, 0))
        error = self.assertRaises(RedisError, self.replica.execute, "GET", "own")
        self.assertEqual(error.code, "LOADING")
        self.finish()
        self.check_new()
        self.assertEqual(self.replica.execute_in(3, [b"DBSIZE"]), 0)

    def test_other_data_that_do_not_come(self) -> None:
        """Those that were there are served again."""
        self.fill()
        self.begin("swapdb")
        self.cut()
        self.assertEqual(self.states(), (0, 0))
        self.check_old()

    def resynchronize(self) -> None:
        """Let the replica follow, then change much while it is away."""
        self.follow()
        self.fill()
        self.replica.execute("CONFIG", "SET", "repl-diskless-load", "swapdb")
        self.replica.execute("CONFIG", "SET", "key-load-delay", "1000")
        self.primary.execute("CONFIG", "SET", "repl-backlog-size", "16384")
        self.endpoint.service = None
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        for number in range(20):
            self.primary.execute("SET", f"more {number}", "x" * 2000)
        self.endpoint.service = self.primary
        self.settle(1.5)

    def test_newer_data(self) -> None:
        """What a replica had of the same history is served until it is replaced."""
        self.resynchronize()
        self.assertEqual(self.states(), (0, 1))
        self.check_served()
        for words in (
            ("REPLICAOF", "NO", "ONE"),
            ("CONFIG", "SET", "appendonly", "no"),
            ("BGREWRITEAOF",),
        ):
            error = self.assertRaises(RedisError, self.replica.execute, *words)
            self.assertEqual(error.code, "LOADING")
        self.finish()
        self.check_new()
        self.assertIsNone(self.replica.execute("GET", "own"))

    def check_served(self) -> None:
        """What the replica had of its primary and of its own is there."""
        self.assertEqual(self.replica.execute("DBSIZE"), 1001)
        self.assertEqual(self.replica.execute("GET", "own"), b"v")
        self.assertEqual(self.replica.execute("FCALL", "f", 0), b"old")

    def test_newer_data_that_do_not_come(self) -> None:
        """What is there stays, and the place in the history."""
        self.resynchronize()
        self.cut()
        self.assertEqual(self.states(), (0, 0))
        self.check_served()
        self.assertTrue(self.replica.primary.history.is_kept)
        self.endpoint.service = self.primary
        self.finish()
        self.settle()
        self.check_new()

    def test_clients_that_watch_wait_and_track(self) -> None:
        """They hear of what the swap has changed."""
        server = self.replica.instance
        self.resynchronize()
        self.replica.execute("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        client = server.connect()
        client.authenticated = True
        client.refresh()
        for words in ([b"WATCH", b"own"], [b"MULTI"], [b"PING"]):
            server.dispatcher.dispatch(client, words)
        self.finish()
        self.assertIs(server.dispatcher.dispatch(client, [b"EXEC"]), NULL_ARRAY)
        db = server.keyspace.databases[0]
        self.assertIsNotNone(db.accesses)
        self.assertTrue(db.watchful)

    def test_a_damaged_one(self) -> None:
        """It is discarded."""
        self.fill()
        self.replica.execute("CONFIG", "SET", "repl-diskless-load", "swapdb")
        take = IncomingSnapshot.take
        self.patch(
            IncomingSnapshot,
            "take",
            lambda one, data: take(one, data.replace(b"theirs:500", b"theirs:501")),
        )
        self.replica.execute("REPLICAOF", "10.0.0.1", "6379")
        self.endpoint.service = None
        self.settle(2)
        self.assertFalse(self.is_loading())
        self.check_old()


class AtOnceTests(ReplacementTestCase):
    """From a file, and as long as there is nothing (``on-empty-db``)."""

    def test_while_nothing_is_there(self) -> None:
        """It is loaded while it comes; what has come is no data if the rest does not."""
        self.begin("on-empty-db")
        self.assertEqual(self.states(), (1, 0))
        self.cut()
        self.assertEqual(self.states(), (0, 0))
        self.assertEqual(self.replica.execute("DBSIZE"), 0)
        self.endpoint.service = self.primary
        self.finish()
        self.settle()
        self.check_new()

    def test_while_something_is_there(self) -> None:
        """Then it is kept on disk, and clients are served, until all has come."""
        self.fill()
        self.replica.execute("CONFIG", "SET", "repl-diskless-load", "on-empty-db")
        self.replica.execute("REPLICAOF", "10.0.0.1", "6379")
        self.reactor.advance(0)
        self.check_old()
        self.settle()
        self.check_new()

    def test_a_history_whose_data_are_gone(self) -> None:
        """After the old data were removed one cannot go on from where they were."""
        self.follow()
        self.endpoint.service = None
        self.primary.execute("CLIENT", "KILL", "TYPE", "replica")
        other = self.make()
        other.execute("DEBUG", "POPULATE", "1000", "others", "1000")
        self.endpoint.service = other
        self.replica.execute("CONFIG", "SET", "key-load-delay", "1000")
        self.replica.execute("REPLICAOF", "10.0.0.2", "6379")
        self.settle(0.5)
        self.assertEqual(self.states(), (1, 0))
        self.replica.following._drop_link()
        self.replica.following.address = None
        self.endpoint.service = self.primary
        self.replica.execute("CONFIG", "SET", "key-load-delay", "0")
        self.follow()
        self.check_new()
