"""Replicas of the real daemon: a redis-server that follows it through random work."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import Any
from unittest import SkipTest

import redis

from tests.differential.peers import Connection
from tests.differential.walk import grammar_of
from tests.integration.daemon import Daemon, free_port, until
from tests.integration.test_daemon import DaemonTestCase

OURS = ("--save", "", "--enable-debug-command", "yes", "--rdb-version", "10")
FAMILIES = ["strings", "lists", "sets", "hashes", "sorted_sets", "streams", "expiration", "keys"]
FAMILIES += ["bitmaps", "hyperloglog", "geo", "sorting"]
STEPS = 1500


class ReplicaTestCase(DaemonTestCase):
    """A daemon and a redis-server that is its replica."""

    def setUp(self) -> None:
        """Look for redis-server."""
        super().setUp()
        self.binary = shutil.which("redis-server")
        if self.binary is None:
            raise SkipTest("there is no redis-server")

    def client(self, port: int) -> redis.Redis:
        """Return a client of a server."""
        client = redis.Redis(port=port, protocol=2)
        self.addCleanup(client.close)
        return client

    def follow(self, daemon: Daemon) -> redis.Redis:
        """Start a replica; return a client of it."""
        port = free_port()
        assert self.binary is not None
        arguments = f"--port {port} --bind 127.0.0.1 --enable-debug-command yes".split()
        process = subprocess.Popen(
            [self.binary, *arguments, "--save", "", "--replicaof", f"127.0.0.1 {daemon.port}"],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        client = self.client(port)
        until(lambda: self._is_up(client), "the link to the primary")
        return client

    @staticmethod
    def _is_up(client: redis.Redis) -> bool:
        try:
            info: dict[str, Any] = client.info("replication")
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False
        return bool(info["master_link_status"] == "up")

    def work(self, daemon: Daemon, seed: int) -> None:
        """Send a random lot of requests, whatever is answered."""
        grammar, rng = grammar_of(FAMILIES), random.Random(seed)
        connection = Connection(("127.0.0.1", daemon.port))
        for _ in range(STEPS):
            argv = grammar.step(rng.randrange).argv
            if argv[0].upper() not in (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP"):
                connection.call(*argv)
        connection.close()

    def assert_equal(self, primary: redis.Redis, replica: redis.Redis) -> None:
        """Wait for the replica to have everything, and compare the data."""
        self.assertEqual(primary.execute_command("WAIT", 1, 10000), 1)
        digests = [c.execute_command("DEBUG", "DIGEST") for c in (primary, replica)]
        self.assertEqual(*digests)


class RandomWorkTests(ReplicaTestCase):
    """Whatever is done here is done there."""

    def test_a_replica_is_equal(self) -> None:
        """After a snapshot, after the stream, and after the connection was cut."""
        daemon = self.ready(*OURS, "--repl-diskless-sync-delay", "0")
        primary = self.client(daemon.port)
        self.work(daemon, 1)
        replica = self.follow(daemon)
        self.assert_equal(primary, replica)
        self.work(daemon, 2)
        self.assert_equal(primary, replica)
        self.assertEqual(primary.client_kill_filter(_type="replica"), 1)
        self.work(daemon, 3)
        until(lambda: primary.info("stats")["sync_partial_ok"] == 1, "a partial synchronization")
        self.assert_equal(primary, replica)
        self.assertEqual(primary.info("stats")["sync_full"], 1)

    def test_a_restart(self) -> None:
        """A primary that saves and comes back goes on where it was: no new snapshot is sent."""
        daemon = self.ready(*OURS, "--repl-diskless-sync-delay", "0")
        primary = self.client(daemon.port)
        replica = self.follow(daemon)
        primary.select(5)
        primary.set("short", "life", px=1)
        primary.mset({f"key:{number}": number for number in range(100)})
        self.assert_equal(primary, replica)
        daemon.connect().socket.sendall(b"SHUTDOWN SAVE\r\n")
        daemon.wait()
        again = self.client(self.ready(*OURS, port=daemon.port).port)
        until(lambda: again.info("stats")["sync_partial_ok"] == 1, "a partial synchronization")
        again.incr("key:1")
        self.assert_equal(again, replica)
        self.assertEqual(again.info("stats")["sync_full"], 0)

    def test_a_file_for_the_replica(self) -> None:
        """A snapshot that is sent as a file is as good, and keys expire there as here."""
        daemon = self.ready(*OURS, "--repl-diskless-sync", "no")
        primary = self.client(daemon.port)
        primary.mset({f"key:{number}": "x" * 1000 for number in range(2000)})
        replica = self.follow(daemon)
        primary.set("short", "life", px=50)
        primary.hset("h", mapping={"a": 1})
        until(lambda: not primary.exists("short"))
        self.assert_equal(primary, replica)
        self.assertEqual(replica.dbsize(), 2001)
        self.assertEqual(primary.role()[2][0][0], b"127.0.0.1")
