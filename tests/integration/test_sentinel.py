"""Redis Sentinel watches over a primary and its replicas, and replaces it when it dies."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import Any
from unittest import SkipTest

import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from tests.integration.daemon import Daemon, free_port, until
from tests.integration.test_daemon import DaemonTestCase
from tests.marks import takes_minutes

NAME = "mine"
OURS = ("--save", "", "--repl-diskless-sync-delay", "0")
CONFIGURATION = """\
port {port}
bind 127.0.0.1
dir {directory}
sentinel monitor {name} 127.0.0.1 {primary} 1
sentinel down-after-milliseconds {name} 500
sentinel failover-timeout {name} 5000
sentinel parallel-syncs {name} 2
"""
# What it does each second or two it does more often.
PERIODS = ("INFO", "PUBLISH", "PING", "ASK")
NOT_YET = (redis.ConnectionError, redis.ReadOnlyError, redis.TimeoutError, MasterNotFoundError)


class SentinelTests(DaemonTestCase):
    """A primary of ours, a replica of ours and a redis-server, and a Sentinel."""

    def setUp(self) -> None:
        """Look for redis-server."""
        super().setUp()
        self.binary = shutil.which("redis-server")
        if self.binary is None:
            raise SkipTest("there is no redis-server")

    def spawn(self, *arguments: str) -> None:
        """Start a redis-server."""
        assert self.binary is not None
        process = subprocess.Popen(
            [self.binary, *arguments], cwd=self.directory, stdout=subprocess.DEVNULL
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def client(self, port: int) -> redis.Redis:
        """Return a client of a server."""
        client = redis.Redis(port=port, protocol=2, socket_timeout=5)
        self.addCleanup(client.close)
        return client

    def follows(self, port: int, primary: int) -> bool:
        """Tell whether a server follows another and has its data."""
        try:
            info: dict[str, Any] = self.client(port).info("replication")
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False
        return info.get("master_port") == primary and info["master_link_status"] == "up"

    def redis_server(self, primary: int, priority: int) -> int:
        """Start a redis-server that follows; return where it listens."""
        port = free_port()
        self.spawn(
            *("--port", str(port), "--bind", "127.0.0.1", "--save", ""),
            *("--replicaof", f"127.0.0.1 {primary}", "--replica-priority", str(priority)),
            *("--dir", self.directory, "--dbfilename", f"{port}.rdb"),
        )
        return port

    def ours(self, primary: int, priority: int) -> Daemon:
        """Start a server of ours that follows."""
        words = ("--replicaof", f"127.0.0.1 {primary}", "--replica-priority", str(priority))
        return self.ready(*OURS, "--rdb-version", "10", *words)

    def watch(self, primary: int) -> Sentinel:
        """Let a Sentinel watch over a primary; return what finds it, and asks it who is who."""
        port = free_port()
        given = {"port": port, "directory": self.directory, "name": NAME, "primary": primary}
        path = self.write("sentinel.conf", CONFIGURATION.format(**given))
        self.spawn(path, "--sentinel")
        sentinel = Sentinel([("127.0.0.1", port)], socket_timeout=5)
        asked = sentinel.sentinels[0]
        self.addCleanup(asked.close)
        until(lambda: self._answers(asked), "the Sentinel")
        for period in PERIODS:
            asked.execute_command("SENTINEL", "DEBUG", f"{period}-PERIOD", "100")
        until(lambda: len(sentinel.discover_slaves(NAME)) == 2, "that it finds the replicas")
        return sentinel

    @staticmethod
    def _answers(client: redis.Redis) -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    def fail_over(self, priorities: tuple[int, int]) -> None:
        """
        Kill a primary, see who takes over, and start it again.

        Args:
            priorities: Of our replica and of redis-server: the lower one takes over.
        """
        primary = self.ready(*OURS, "--rdb-version", "10")
        replica = self.ours(primary.port, priorities[0])
        real = self.redis_server(primary.port, priorities[1])
        for port in (replica.port, real):
            until(lambda port=port: self.follows(port, primary.port), "that it follows")
        sentinel = self.watch(primary.port)
        writer = sentinel.master_for(NAME, retry=None)
        self.addCleanup(writer.close)
        self.assertEqual(sentinel.discover_master(NAME)[1], primary.port)
        writer.set("before", "1")
        self.assertEqual(writer.wait(2, 5000), 2)

        primary.stop(signal.SIGKILL)
        until(lambda: self.may_write(writer), "that writes go on")
        heir, other = replica.port, real
        if priorities[1] < priorities[0]:
            heir, other = other, heir
        self.assertEqual(sentinel.discover_master(NAME)[1], heir)
        until(lambda: self.follows(other, heir), "that the other follows the new primary")

        again = self.ready(*OURS, port=primary.port)
        until(lambda: self.follows(again.port, heir), "that the former primary follows")
        writer.set("after", "3")
        self.assertEqual(writer.wait(2, 5000), 2)
        for port in (again.port, other):
            values = self.client(port).mget("before", "meanwhile", "after")
            self.assertEqual(values, [b"1", b"2", b"3"])
        reader = sentinel.slave_for(NAME)
        self.addCleanup(reader.close)
        self.assertEqual(reader.get("after"), b"3")

    @staticmethod
    def may_write(writer: redis.Redis) -> bool:
        """Try to write; return whether that was possible."""
        try:
            return bool(writer.set("meanwhile", "2"))
        except NOT_YET:
            return False

    def test_one_of_ours_takes_over(self) -> None:
        """The other replica, a redis-server, follows it; so does the old primary, once back."""
        self.fail_over((10, 100))

    @takes_minutes
    def test_a_redis_server_takes_over(self) -> None:
        """Ours follow it."""
        self.fail_over((100, 10))
