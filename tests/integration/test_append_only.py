"""The append-only file of the real daemon: killed, out of space, damaged, and read by Redis."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import Any
from unittest import SkipTest

import redis
from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.request_encoder import encode_request
from tests.integration.daemon import Daemon, free_port, until
from tests.integration.test_daemon import DaemonTestCase
from tests.marks import takes_minutes

OURS = ("--appendonly", "yes", "--save", "", "--enable-debug-command", "yes")
REFUSAL = "MISCONF Errors writing to the AOF file: (File too large|No space left on device)"


class AppendOnlyTestCase(DaemonTestCase):
    """Daemons that write an append-only file."""

    def begin(self, *arguments: str) -> Daemon:
        """Return a daemon that has loaded what there is."""
        return self.ready(*OURS, *arguments)

    def client(self, daemon: Daemon) -> redis.Redis:
        """Return a client of it."""
        client = redis.Redis(port=daemon.port, protocol=2)
        self.addCleanup(client.close)
        return client

    def until_rewritten(self, client: redis.Redis) -> None:
        """Wait for the end of a rewrite."""
        until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])

    def increment(self, number: int = 1) -> str:
        """Return the path of an increment."""
        return self.path(f"appendonlydir/appendonly.aof.{number}.incr.aof")


class Ledger(threading.Thread):
    """
    A client that writes numbers one by one, and notes what was acknowledged.

    Attributes:
        acknowledged: The last number whose reply came.
    """

    def __init__(self, port: int, name: str, first: int) -> None:
        super().__init__(daemon=True)
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._name = name.encode()
        self.acknowledged = first

    def run(self) -> None:
        """Write until the server is gone."""
        name = self._name
        with contextlib.suppress(OSError), self._socket as sock:
            while True:
                number = b"%d" % (self.acknowledged + 1)
                argvs = (
                    [b"MULTI"],
                    [b"SET", b"n:" + name, number],
                    [b"RPUSH", b"l:" + name, number],
                    [b"EXEC"],
                )
                sock.sendall(b"".join(map(encode_request, argvs)))
                reply = b""
                # OK, QUEUED twice, and an array of two.
                while reply.count(b"\r\n") < 6:
                    data = sock.recv(1000)
                    if not data:
                        return
                    reply += data
                if not reply.startswith(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n"):
                    return
                self.acknowledged += 1


class KillTests(AppendOnlyTestCase):
    """A server that is killed has all that it acknowledged."""

    def rounds(self, count: int, policy: str, seed: int) -> None:
        """Kill a server under load so often; each time all that was acknowledged must be there."""
        rng = random.Random(seed)
        done = [0] * 4
        for turn in range(count):
            daemon = self.begin("--appendfsync", policy)
            client = self.client(daemon)
            for number, known in enumerate(done):
                found = int(client.get(f"n:{number}") or 0)
                self.assertIn(found, (known, known + 1), f"round {turn}")
                self.assertEqual(client.llen(f"l:{number}"), found)
                done[number] = found
            ledgers = [Ledger(daemon.port, str(n), known) for n, known in enumerate(done)]
            for ledger in ledgers:
                ledger.start()
            if rng.random() < 0.4:
                client.bgrewriteaof()
            time.sleep(rng.uniform(0.01, 0.25))
            daemon.stop(signal.SIGKILL)
            for ledger in ledgers:
                ledger.join(20)
            done = [ledger.acknowledged for ledger in ledgers]
            daemon.dispose()
        self.assertGreater(min(done), count)

    def test_a_few_times(self) -> None:
        """With a sync before each reply, while the file is rewritten now and then."""
        self.rounds(8, "always", 1)

    def test_without_syncs(self) -> None:
        """What the system was given it has, though the server is gone."""
        # With everysec, as in Redis, writing waits while the disk is busy with a sync.
        self.rounds(3, "no", 2)

    @takes_minutes
    def test_many_times(self) -> None:
        """The same, two hundred times."""
        self.rounds(200, "always", time.time_ns())


class SpaceTests(AppendOnlyTestCase):
    """A disk without room."""

    def limit(self, daemon: Daemon, size: int) -> None:
        """Let no file of a daemon become larger than this."""
        hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, hard))

    def test_nothing_is_acknowledged_that_was_not_written(self) -> None:
        """Writes are refused, reads served, and all goes on when there is room again."""
        daemon = self.begin("--appendfsync", "always")
        client = self.client(daemon)
        client.set("before", 1)
        size = os.path.getsize(self.increment())
        self.limit(daemon, size + 20)
        connection = daemon.connect()
        self.addCleanup(connection.close)
        connection.socket.sendall(encode_request([b"SET", b"torn", b"x" * 100]))
        # No reply: whether it was done, the client cannot know.
        with contextlib.suppress(ConnectionResetError):
            self.assertTrue(connection.is_closed())
        self.assertEqual(os.path.getsize(self.increment()), size)
        with self.assertRaisesRegex(redis.ResponseError, REFUSAL):
            client.set("refused", 1)
        self.assertEqual(client.get("before"), b"1")
        self.assertEqual(client.info("persistence")["aof_last_write_status"], "err")
        self.limit(daemon, resource.RLIM_INFINITY)
        until(lambda: client.info("persistence")["aof_last_write_status"] == "ok")
        client.set("after", 1)
        daemon.stop(signal.SIGKILL)
        client = self.client(self.begin())
        self.assertEqual(client.mget("before", "after", "refused"), [b"1", b"1", None])

    def test_every_second(self) -> None:
        """What was acknowledged before the disk was full is written when there is room."""
        daemon = self.begin()
        client = self.client(daemon)
        client.set("before", 1)
        self.limit(daemon, os.path.getsize(self.increment()) + 20)
        client.set("torn", "x" * 100)
        until(lambda: client.info("persistence")["aof_last_write_status"] == "err")
        with self.assertRaisesRegex(redis.ResponseError, REFUSAL):
            client.set("refused", 1)
        with self.assertRaisesRegex(redis.ResponseError, "MISCONF"):
            client.ping()
        self.limit(daemon, resource.RLIM_INFINITY)
        until(lambda: client.info("persistence")["aof_last_write_status"] == "ok")
        daemon.stop(signal.SIGKILL)
        client = self.client(self.begin())
        self.assertEqual(client.mget("torn", "refused"), [b"x" * 100, None])


class WaitingTests(AppendOnlyTestCase):
    """WAITAOF tells the truth about the disk."""

    def test_in_one_pipeline(self) -> None:
        """The replies come in order, whether the sync is the round's own or a later one."""
        for policy in ("always", "everysec"):
            daemon = self.begin("--appendfsync", policy)
            connection = daemon.connect()
            self.addCleanup(connection.close)
            connection.ask(b"SET k v\r\nWAITAOF 1 0 5000\r\n", b"+OK\r\n*2\r\n:1\r\n:0\r\n")
            daemon.stop()


class DamageTests(AppendOnlyTestCase):
    """Files that are not what they were."""

    def files(self) -> bytes:
        """Write a few commands, stop, and return the increment."""
        daemon = self.begin()
        client = self.client(daemon)
        client.set("a", 1)
        client.set("b", 2)
        daemon.stop()
        with open(self.increment(), "rb") as file:
            return file.read()

    def put(self, data: bytes) -> None:
        """Let the increment be this."""
        with open(self.increment(), "wb") as file:
            file.write(data)

    def test_refused_or_right(self) -> None:
        """Cut off it is loaded up to there; with anything behind it is refused, and says so."""
        data = self.files()
        self.put(data[:-3])
        daemon = self.begin()
        self.assertEqual(self.client(daemon).mget("a", "b"), [b"1", None])
        daemon.stop()
        self.assertIn("loaded anyway because aof-load-truncated is enabled", daemon.log)
        for behind in (b"\0" * 4096, b"garbage"):
            self.put(data + behind)
            daemon = self.start(*OURS)
            self.assertEqual(daemon.wait(), 1)
            self.assertRegex(
                daemon.log.splitlines()[-1], "Bad file format reading the append only file"
            )
        self.put(data[:-3])
        daemon = self.start(*OURS, "--aof-load-truncated", "no")
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("Unexpected end of file reading the append only file", daemon.log)

    def test_a_manifest_that_is_wrong(self) -> None:
        """The server does not begin anew beside data that it does not know."""
        self.files()
        self.write("appendonlydir/appendonly.aof.manifest", "file ../../x seq 1 type b\n")
        daemon = self.start(*OURS)
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("File can't be a path, just a filename", daemon.log)

    def test_loading_takes_time(self) -> None:
        """Clients are told so meanwhile."""
        self.files()
        daemon = self.start(*OURS, "--key-load-delay", "300000")
        daemon.until_logged("Server initialized")
        connection = daemon.connect()
        self.addCleanup(connection.close)
        self.assertEqual(
            connection.reply("GET a"), b"-LOADING Redis is loading the dataset in memory"
        )
        daemon.until_logged("Ready to accept connections")
        self.assertEqual(self.client(daemon).get("a"), b"1")


class RunningTests(AppendOnlyTestCase):
    """Turned on, rewritten and loaded while it runs."""

    def test_on_and_off(self) -> None:
        """A base is written first; off and on again another one."""
        daemon = self.ready(*OURS[2:])
        client = self.client(daemon)
        client.set("k", "v")
        for sequence in (1, 2):
            client.config_set("appendonly", "yes")
            self.until_rewritten(client)
            client.incr("n")
            self.assertIn(f"seq {sequence} type b", self.manifest())
            client.config_set("appendonly", "no")
        daemon.stop()
        client = self.client(self.begin())
        self.assertEqual(client.mget("k", "n"), [b"v", b"2"])

    def manifest(self) -> str:
        """Return the manifest."""
        return self.read("appendonlydir/appendonly.aof.manifest")

    def test_a_rewrite_in_a_child(self) -> None:
        """It is killed when nobody wants it, and ends when it is done."""
        daemon = self.begin("--rdb-key-save-delay", "200000000")
        client = self.client(daemon)
        client.set("k", "v")
        client.bgrewriteaof()
        with self.assertRaisesRegex(redis.ResponseError, "already in progress"):
            client.bgrewriteaof()
        client.config_set("rdb-key-save-delay", 0)
        client.config_set("appendonly", "no")
        daemon.until_logged("Killing running AOF rewrite child")
        client.bgrewriteaof()
        self.until_rewritten(client)
        self.assertEqual(client.info("persistence")["aof_last_bgrewrite_status"], "ok")

    def test_shutdown(self) -> None:
        """Not before the first base is written, unless forced."""
        daemon = self.ready(*OURS[2:], "--rdb-key-save-delay", "200000000")
        client = self.client(daemon)
        client.set("k", "v")
        client.config_set("appendonly", "yes")
        connection = daemon.connect()
        self.addCleanup(connection.close)
        self.assertEqual(
            connection.reply("SHUTDOWN NOSAVE"), b"-ERR Errors trying to SHUTDOWN. Check logs."
        )
        daemon.until_logged("Writing initial AOF, can't exit")
        connection.socket.sendall(b"SHUTDOWN NOSAVE FORCE\r\n")
        self.assertEqual(daemon.wait(), 0)


FILLING = (
    "SET string value",
    "SET number 12345",
    "SET expires soon PXAT 4102444800000",
    "RPUSH list a b c 1 2 3",
    "SADD ints 1 2 3",
    "SADD set a b c",
    "ZADD zset 1.5 a inf b -3 c",
    "HSET hash f 1 g 2",
    "XADD stream 1-1 f v",
    "XADD stream 2-1 f v",
    "XDEL stream 2-1",
    "XGROUP CREATE stream group 0",
    "XREADGROUP GROUP group alice STREAMS stream >",
    "PFADD hll a b c",
    "SETBIT bits 7 1",
    "GEOADD geo 13.361389 38.115556 Palermo",
    "SELECT 3",
    "SET other database",
    "SELECT 0",
)


class RedisTests(AppendOnlyTestCase):
    """What we write Redis reads, and what Redis writes we read."""

    def setUp(self) -> None:
        """Skip where there is no Redis."""
        super().setUp()
        if not (shutil.which("redis-server") and shutil.which("redis-check-aof")):
            raise SkipTest("no redis-server here")

    def redis_server(self, *arguments: str) -> Any:
        """Return a client of a real Redis in our directory, and its process."""
        port = free_port()
        process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--dir",
                self.directory,
                *arguments,
            ],
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        client = redis.Redis(port=port, protocol=2)
        self.addCleanup(client.close)

        def answers() -> bool:
            with contextlib.suppress(redis.ConnectionError, redis.exceptions.BusyLoadingError):
                return bool(client.ping())
            assert process.poll() is None, "redis-server refused the file"
            return False

        until(answers, "redis-server's answer")
        return client, process

    def fill(self, client: redis.Redis) -> None:
        """Store something of every type."""
        for line in FILLING:
            client.execute_command(*line.split())

    def digest(self, client: redis.Redis) -> Any:
        """Return what all data come to."""
        return client.execute_command("DEBUG", "DIGEST")

    def test_both_ways(self) -> None:
        """With a snapshot and with commands for a base, and with an increment behind."""
        theirs = ("--appendonly", "yes", "--save", "", "--enable-debug-command", "yes")
        for preamble in ("yes", "no"):
            options = ("--aof-use-rdb-preamble", preamble)
            daemon = self.begin("--rdb-version", "10", *options)
            client = self.client(daemon)
            client.flushall()
            self.fill(client)
            client.bgrewriteaof()
            self.until_rewritten(client)
            client.incr("behind")
            digest = self.digest(client)
            daemon.stop()
            checked = subprocess.run(
                ["redis-check-aof", self.path("appendonlydir/appendonly.aof.manifest")],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(checked.returncode, 0, checked.stdout)
            self.assertIn("All AOF files and manifest are valid", checked.stdout)

            client, process = self.redis_server(*theirs, *options)
            self.assertEqual(self.digest(client), digest)
            client.execute_command("BGREWRITEAOF")
            self.until_rewritten(client)
            client.execute_command("INCR", "behind")
            digest = self.digest(client)
            process.terminate()
            process.wait()

            daemon = self.begin()
            self.assertEqual(self.digest(self.client(daemon)), digest)
            daemon.stop()


class CornerTests(SynchronousTestCase):
    """The tools of this module."""

    def test_a_ledger_ends_with_its_server(self) -> None:
        """It does not wait for ever."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            ledger = Ledger(server.getsockname()[1], "x", 5)
            accepted = server.accept()[0]
            ledger.start()
            accepted.close()
            ledger.join(20)
        self.assertEqual((ledger.acknowledged, ledger.is_alive()), (5, False))
