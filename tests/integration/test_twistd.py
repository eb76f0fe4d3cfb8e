"""``twistd pyredis``: a managed daemon, as its operator starts and stops it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.python.filepath import FilePath
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from pyredis.tap import Options
from tests.integration.test_embedding import ROOT


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, line: bytes) -> bytes:
    """Send a typed line and return what comes back."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(line + b"\r\n")
        return connection.recv(65536)


class OptionsTests(SynchronousTestCase):
    """The command line becomes the text of a redis.conf."""

    def test_named_options_and_set(self) -> None:
        """Each is a line; values are quoted, addresses are several words."""
        options = Options()
        options.parseOptions(
            ["--port", "7", "--bind", "127.0.0.1 ::1", "--set", "save=900 1", "--set", "hz=20"]
        )
        line = options.command_line()
        self.assertEqual(
            line.options.splitlines(),
            [b'port "7"', b"bind 127.0.0.1 ::1", b'save "900 1"', b'hz "20"'],
        )
        self.assertIsNone(line.path)

    def test_a_set_without_a_value_is_refused(self) -> None:
        """The usage error names it."""
        with self.assertRaises(UsageError) as caught:
            Options().parseOptions(["--set", "hz"])
        self.assertIn("'hz'", str(caught.exception))


class DaemonTests(SynchronousTestCase):
    """The real twistd, with the plugin found as an operator's would be."""

    def setUp(self) -> None:
        """Make a place for the daemon's files."""
        self.place = Path(tempfile.mkdtemp(prefix="pyredis-"))
        self.addCleanup(shutil.rmtree, self.place, True)
        self.pid_path = self.place / "twistd.pid"
        self.addCleanup(self.stop)

    def twistd(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run twistd to its end, or until it has become a daemon."""
        twistd = [sys.executable, "-m", "twisted", *arguments]
        twistd[1:3] = ["-c", "from twisted.scripts.twistd import run; run()"]
        return subprocess.run(
            twistd,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start the daemon."""
        files = ["--pidfile", str(self.pid_path), "--logfile", str(self.place / "log")]
        return self.twistd(*files, "pyredis", "--port", str(port), *arguments)

    def process_id(self) -> int | None:
        """Return the daemon's process id, None if there is none."""
        try:
            return int(self.pid_path.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def stop(self) -> None:
        """Stop the daemon and wait until it is gone."""
        number = self.process_id()
        if number is None:
            return
        os.kill(number, signal.SIGTERM)
        for _ in range(200):
            if not FilePath(str(self.pid_path)).exists():
                return
            time.sleep(0.05)  # another process: there is no clock of ours to advance
        os.kill(number, signal.SIGKILL)

    def test_it_daemonises_serves_and_stops(self) -> None:
        """With a pid file and a log file; SIGTERM ends it cleanly."""
        port = free_port()
        done = self.start(port, "--databases", "3", "--set", "maxmemory=5mb")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(ask(port, b"SET k v"), b"+OK\r\n")
        self.assertEqual(ask(port, b"CONFIG GET databases"), b"*2\r\n+databases\r\n+3\r\n")
        self.assertIn(b"5242880", ask(port, b"CONFIG GET maxmemory"))
        self.stop()
        self.assertIsNone(self.process_id())
        log = (self.place / "log").read_text()
        self.assertIn("Ready to accept connections tcp", log)
        self.assertNotIn("Traceback", log)

    def test_a_configuration_file_and_a_password(self) -> None:
        """Options win over the file."""
        port = free_port()
        config = self.place / "redis.conf"
        config.write_text("requirepass fromfile\ntimeout 17\n")
        self.start(port, "--config", str(config), "--requirepass", "secret")
        self.assertEqual(ask(port, b"PING"), b"-NOAUTH Authentication required.\r\n")
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"AUTH fromfile\r\nAUTH secret\r\nCONFIG GET timeout\r\n")
            received = b""
            while received.count(b"\r\n") < 5:
                received += connection.recv(65536)
        self.assertTrue(received.startswith(b"-WRONGPASS "), received)
        self.assertTrue(received.endswith(b"+OK\r\n*2\r\n+timeout\r\n+17\r\n"), received)

    def test_what_keeps_it_from_starting_is_one_line(self) -> None:
        """A taken port, a wrong directive, an unreadable file: exit code 1, no traceback."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for arguments, named in (
                (["--port", str(port)], f"127.0.0.1:{port}: bind: Address already in use"),
                (["--set", "nosuch=1"], 'nosuch "1"'),
                (["--config", "/no/such/file"], "/no/such/file"),
            ):
                pid_path = str(self.place / "refused.pid")
                done = self.twistd("-n", "--pidfile", pid_path, "pyredis", *arguments)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(named, done.stdout + done.stderr)
                self.assertNotIn("Traceback", done.stdout + done.stderr)

    def test_data_that_are_damaged(self) -> None:
        """They keep it from starting as well: a snapshot, and an append-only file."""
        (self.place / "dump.rdb").write_bytes(b"REDIS0011broken")
        folder = self.place / "appendonlydir"
        folder.mkdir()
        (folder / "appendonly.aof.manifest").write_text("broken\n")
        for value, named in (("no", str(self.place / "dump.rdb")), ("yes", "appendonlydir")):
            done = self.twistd(
                *("-n", "--pidfile", str(self.place / "refused.pid"), "pyredis"),
                *("--port", str(free_port()), "--set", f"dir={self.place}"),
                *("--set", f"appendonly={value}"),
            )
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("pyredis: cannot load the ", done.stdout)
            self.assertIn(named, done.stdout)
            self.assertNotIn("Traceback", done.stdout + done.stderr)

    def test_data_that_are_found_damaged_late(self) -> None:
        """When the reactor runs already, the process ends with exit code 1 all the same."""
        keys = b"".join(b"\x00\x06%06d\x01x" % number for number in range(100_000))
        (self.place / "dump.rdb").write_bytes(b"REDIS0011\xfe\x00" + keys)
        done = self.twistd(
            *("-n", "--pidfile", str(self.pid_path), "pyredis"),
            *("--port", str(free_port()), "--set", f"dir={self.place}"),
        )
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("Server Shut Down", done.stdout)
        self.assertIn("Unexpected EOF reading RDB file", done.stdout)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        self.assertFalse(self.pid_path.exists())

    def test_a_daemon_that_cannot_start_says_so_and_leaves_no_pid_file(self) -> None:
        """Twistd tells what is wrong and ends with exit code 1, instead of waiting for ever."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = self.start(taken.getsockname()[1])
        self.assertEqual(done.returncode, 1)
        self.assertIn("pyredis: Could not create server TCP listening socket", done.stderr)
        log = ""
        for _ in range(200):
            log = (self.place / "log").read_text()
            if "bind: Address already in use" in log and self.process_id() is None:
                break
            time.sleep(0.05)  # twistd is told before the daemon has come to its end
        self.assertIsNone(self.process_id())
        self.assertIn("bind: Address already in use", log)
        self.assertNotIn("Traceback", log)
