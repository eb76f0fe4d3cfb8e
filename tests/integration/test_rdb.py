"""RDB files between the real daemon and Redis, and damaged ones."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from random import Random
from unittest import SkipTest

from twisted.trial.unittest import TestCase

from tests.integration.daemon import Daemon, environment, free_port, until

REDIS = shutil.which("redis-server")
CHECK = shutil.which("redis-check-rdb")

_FILL = """
SET text "Hello"
SET number 12345
SET negative -3
SET long AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
SET expiring v PX 100000000
RPUSH list a 1 b 2 300 -70000
SADD intset 1 2 3 70000
SADD set a b c
HSET hash f v g 1
ZADD zset 1 a 2.5 b inf c
XADD stream 1-1 f v
XADD stream 2-1 f w g x
XGROUP CREATE stream group 0
XREADGROUP GROUP group alice COUNT 1 STREAMS stream >
PFADD hll a b c d
SETBIT bits 100 1
SELECT 3
SET other 1
"""


def fill(daemon: Daemon) -> None:
    """Give a server values of each type, small and large."""
    connection = daemon.connect()
    lines = _FILL.strip().splitlines()
    for number in range(700):
        lines += [
            f"RPUSH biglist element:{number}",
            f"SADD bigset member:{number}",
            f"SADD bigintset {number}",
            f"HSET bighash field:{number} {number}",
            f"ZADD bigzset {number}.5 member:{number}",
            f"XADD bigstream {number + 1}-0 f {number}",
        ]
    connection.socket.sendall("\r\n".join([*lines, "PING done", ""]).encode())
    got = b""
    while b"done" not in got[-20:]:
        got += connection.socket.recv(1 << 16)
    connection.close()


class Redis(Daemon):
    """The real one."""

    def __init__(self, *arguments: str, directory: str) -> None:
        self.port = free_port()
        self.log = ""
        assert REDIS is not None
        self.process = subprocess.Popen(
            [
                REDIS, "--port", str(self.port), "--dir", directory, "--save", "",
                "--bind", "127.0.0.1", "--enable-debug-command", "yes", *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
        )  # fmt: skip


class RdbTestCase(TestCase):
    """Servers in a folder."""

    def setUp(self) -> None:
        """Make the folder."""
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def ours(self, *arguments: str) -> Daemon:
        """Return a server of ours that is ready."""
        daemon = Daemon(
            "--dir", self.directory, "--enable-debug-command", "yes", "--save", "",
            *arguments, directory=self.directory,
        )  # fmt: skip
        self.addCleanup(daemon.dispose)
        return daemon.until_ready()

    def ask(self, daemon: Daemon, line: str) -> bytes:
        """Return the answer to one line."""
        connection = daemon.connect()
        try:
            return connection.reply(line)
        finally:
            connection.close()


class ExchangeTests(RdbTestCase):
    """Redis and PyRedis load each other's files."""

    def setUp(self) -> None:
        """Skip without Redis."""
        super().setUp()
        if REDIS is None:
            raise SkipTest("there is no redis-server")

    def test_both_ways(self) -> None:
        """All types and encodings, to the same digest."""
        for version in ("10", "9"):
            with self.subTest(version):
                daemon = self.ours("--rdb-version", version)
                fill(daemon)
                self.assertEqual(self.ask(daemon, "SAVE"), b"+OK")
                digest = self.ask(daemon, "DEBUG DIGEST")
                daemon.stop()
                if CHECK is not None:
                    path = f"{self.directory}/dump.rdb"
                    subprocess.run([CHECK, path], check=True, capture_output=True, timeout=30)

                redis = Redis(directory=self.directory)
                self.addCleanup(redis.dispose)
                redis.until_logged("Ready to accept")
                self.assertEqual(self.ask(redis, "DEBUG DIGEST"), digest)
                self.assertEqual(self.ask(redis, "SAVE"), b"+OK")
                redis.stop()

                daemon = self.ours()
                self.assertEqual(self.ask(daemon, "DEBUG DIGEST"), digest)
                daemon.stop()
                Path(self.directory, "dump.rdb").unlink()


class SavingTests(RdbTestCase):
    """What a real process does."""

    def test_in_the_background(self) -> None:
        """A child saves; killed, it leaves nothing behind and its failure is told."""
        daemon = self.ours("--rdb-key-save-delay", "10000000")
        fill(daemon)
        self.assertEqual(self.ask(daemon, "BGSAVE"), b"+Background saving started")
        match = daemon.until_logged(r"started by pid (\d+)")
        temporary = Path(self.directory, f"temp-{match[1]}.rdb")
        until(temporary.exists, "a temporary file")
        subprocess.run(["kill", "-9", match[1]], check=True)
        daemon.until_logged("terminated by signal 9")
        self.assertEqual([path.name for path in Path(self.directory).iterdir()], [])

        self.assertEqual(self.ask(daemon, "CONFIG SET rdb-key-save-delay 0"), b"+OK")
        self.assertEqual(self.ask(daemon, "BGSAVE"), b"+Background saving started")
        daemon.until_logged("terminated with success")
        digest = self.ask(daemon, "DEBUG DIGEST")
        daemon.stop(signal.SIGKILL)
        self.assertEqual(self.ask(self.ours(), "DEBUG DIGEST"), digest)

    def test_at_the_end(self) -> None:
        """With save points the data are saved then."""
        daemon = self.ours("--save", "900 1")
        self.assertEqual(self.ask(daemon, "SET a 1"), b"+OK")
        self.assertEqual(daemon.stop(), 0)
        self.assertIn("Saving the final RDB snapshot", daemon.log)
        self.assertEqual(self.ask(self.ours(), "INCR a"), b":2")


class DamageTests(RdbTestCase):
    """A damaged file is refused with exit code 1."""

    def test_refused(self) -> None:
        """Whatever is wrong, the last lines of the log say so."""
        daemon = self.ours()
        fill(daemon)
        self.ask(daemon, "SAVE")
        daemon.stop()
        path = Path(self.directory, "dump.rdb")
        good = path.read_bytes()
        rng = Random(3)
        places = [3, 7, len(good) - 3, rng.randrange(100, len(good) - 10)]
        for bad in (*(self.flipped(good, place, rng) for place in places), good[:-20]):
            path.write_bytes(bad)
            daemon = Daemon("--dir", self.directory, directory=self.directory)
            self.addCleanup(daemon.dispose)
            self.assertEqual(daemon.wait(), 1)
            self.assertRegex(daemon.log, r"(?s)(Fatal error|Terminating server)[^\n]*\n\Z")
            self.assertNotIn("Traceback", daemon.log)

    @staticmethod
    def flipped(data: bytes, place: int, rng: Random) -> bytes:
        """Return data with one bit changed."""
        return data[:place] + bytes((data[place] ^ 1 << rng.randrange(8),)) + data[place + 1 :]
