"""The real daemon within its maxmemory: what it counts, and what it really takes."""

from __future__ import annotations

import random
import sys
from unittest import SkipTest

import redis

from tests.integration.daemon import until
from tests.integration.test_daemon import DaemonTestCase

MEGABYTE = 1 << 20
LIMIT = 24 * MEGABYTE
POLICIES = (
    *("allkeys-lru", "allkeys-lfu", "allkeys-random"),
    *("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"),
    "noeviction",
)


class MemoryLimitTests(DaemonTestCase):
    """A server filled far beyond its limit."""

    def setUp(self) -> None:
        """Start it."""
        super().setUp()
        if not sys.platform.startswith("linux"):
            raise SkipTest("memory is read from Linux' /proc")
        daemon = self.ready()
        self.client = redis.Redis(port=daemon.port)
        self.addCleanup(self.client.close)
        self.chance = random.Random(3)
        self.pid = self.client.info("server")["process_id"]
        self.program = self.own_memory()

    def own_memory(self) -> int:
        """Return the bytes that the daemon has for itself."""
        with open(f"/proc/{self.pid}/statm") as file:
            pages = file.read().split()
        return (int(pages[1]) - int(pages[2])) * 4096

    def fill(self, size: int) -> int:
        """Write that many bytes in values of several sizes; return how many were refused."""
        refused = written = number = 0
        while written < size:
            pipe = self.client.pipeline(transaction=False)
            for _ in range(100):
                length = self.chance.choice((50, 300, 3000, 12_000))
                written += length
                number += 1
                pipe.set(f"key:{number}", b"x" * length, ex=10_000 + number % 5000)
            replies = pipe.execute(raise_on_error=False)
            refused += sum(isinstance(each, redis.ResponseError) for each in replies)
        return refused

    def test_every_policy(self) -> None:
        """What is counted keeps the limit, and is what the process grew by, within 15 %."""
        self.client.config_set("maxmemory", LIMIT)
        for policy in POLICIES:
            self.client.flushall()
            self.client.config_set("maxmemory-policy", policy)
            self.client.config_resetstat()
            refused = self.fill(LIMIT + LIMIT // 2)
            info = self.client.info()
            with self.subTest(policy=policy):
                self.assertLess(info["used_memory"], LIMIT + MEGABYTE)
                self.assertGreater(info["used_memory"], LIMIT * 9 // 10)
                growth = self.own_memory() - self.program
                self.assertLess(abs(growth - info["used_memory"]), 0.15 * growth)
                self.assertEqual(refused > 0, policy == "noeviction")
                self.assertEqual(info["evicted_keys"] > 0, policy != "noeviction")

    def test_freed_memory(self) -> None:
        """It shows as soon as it is freed."""
        # What is kept of requests, to know others like them, is no data: some of it first.
        self.fill(LIMIT)
        self.client.flushall()
        until(lambda: self.client.info("memory")["used_memory"] < LIMIT // 4)
        before = self.client.info("memory")["used_memory"]
        self.fill(LIMIT)
        full = self.client.info("memory")["used_memory"]
        self.client.flushall()

        self.assertGreater(full - before, LIMIT)
        until(lambda: self.client.info("memory")["used_memory"] - before < MEGABYTE)
        self.assertGreaterEqual(self.client.info("memory")["used_memory_peak"], full)
