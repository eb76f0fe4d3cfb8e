"""The real daemon: how it starts, what it serves, how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from typing import Any
from unittest import SkipTest

import redis
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.daemon import PATIENCE_S, READY, ROOT, Daemon, free_port, run, until

LINE = r"\d+:M \d\d \w\w\w \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] "


class DaemonTestCase(SynchronousTestCase):
    """Servers that end with their test, in a directory of its own."""

    def setUp(self) -> None:
        """Make the directory."""
        self.directory = tempfile.mkdtemp(prefix="pyredis-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name: str) -> str:
        """Return a path in the directory."""
        return os.path.join(self.directory, name)

    def write(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def read(self, name: str) -> str:
        """Return a file's text."""
        with open(self.path(name)) as file:
            return file.read()

    def start(self, *arguments: str, **options: Any) -> Daemon:
        """Return a server that is starting."""
        daemon = Daemon(*arguments, directory=self.directory, **options)
        self.addCleanup(daemon.dispose)
        return daemon

    def ready(self, *arguments: str, **options: Any) -> Daemon:
        """Return a server that listens."""
        return self.start(*arguments, **options).until_ready()


class ServingTests(DaemonTestCase):
    """The clients that people use."""

    def setUp(self) -> None:
        """Start the server."""
        super().setUp()
        self.daemon = self.ready("--unixsocket", self.path("socket"))

    def try_out(self, client: redis.Redis) -> None:
        """Use a client of redis-py a little."""
        with client:
            client.flushall()
            self.assertTrue(client.ping())
            self.assertTrue(client.set("k", b"\x00\r\n\xff"))
            self.assertEqual(client.get("k"), b"\x00\r\n\xff")
            self.assertIsNone(client.get("nothing"))
            client.hset("h", mapping={"a": "1", "b": "2"})
            self.assertEqual(client.hgetall("h"), {b"a": b"1", b"b": b"2"})
            client.zadd("z", {"one": 1, "two": 2.5})
            self.assertEqual(client.zrange("z", 0, -1, withscores=True)[1][1], 2.5)
            with client.pipeline() as pipe:
                pipe.incr("n").incr("n").rpush("l", *range(1000)).lrange("l", 0, -1)
                self.assertEqual(pipe.execute()[:3], [1, 2, 1000])
            self.assertIsNone(client.blpop("none", timeout=0.01))
            self.assertEqual(client.info("server")["process_id"], self.daemon.pid)
            with self.assertRaises(redis.ResponseError) as caught:
                client.lpush("k", "x")
            self.assertIn("WRONGTYPE", str(caught.exception))

    def test_redis_py(self) -> None:
        """redis-py over TCP, in both protocols."""
        for protocol in (2, 3):
            self.try_out(
                redis.Redis(port=self.daemon.port, protocol=protocol, socket_timeout=PATIENCE_S)
            )

    def test_a_unix_socket(self) -> None:
        """The same over the Unix socket."""
        self.try_out(redis.Redis(unix_socket_path=self.path("socket"), socket_timeout=PATIENCE_S))

    def test_subscribing(self) -> None:
        """A message arrives at who subscribed."""
        with (
            redis.Redis(port=self.daemon.port, socket_timeout=PATIENCE_S) as client,
            client.pubsub(ignore_subscribe_messages=True) as listener,
        ):
            listener.subscribe("news")
            until(lambda: listener.get_message() is None and client.publish("news", "hello"))
            message = until(listener.get_message)

        self.assertEqual((message["channel"], message["data"]), (b"news", b"hello"))

    def test_broadcasting(self) -> None:
        """Who is answered finds out at once that somebody else changed a key before."""
        listener, writer = self.daemon.connect(), self.daemon.connect()
        self.addCleanup(listener.close)
        self.addCleanup(writer.close)
        writer.ask(b"SET key 0\r\n", b"+OK\r\n")
        listener.socket.sendall(b"HELLO 3\r\n")
        until(lambda: listener.socket.recv(65536).endswith(b"*0\r\n"))
        listener.ask(b"CLIENT TRACKING ON BCAST\r\n", b"+OK\r\n")

        told = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n"
        for count in range(1, 51):
            writer.ask(b"INCR key\r\n", b":%d\r\n" % count)
            listener.ask(b"PING\r\n", told + b"+PONG\r\n")

    def test_redis_cli(self) -> None:
        """redis-cli, where it is installed."""
        program = shutil.which("redis-cli")
        if program is None:
            raise SkipTest("redis-cli is not installed")

        def cli(*words: str, stdin: str = "") -> str:
            return subprocess.run(
                [program, "-p", str(self.daemon.port), *words],
                input=stdin,
                text=True,
                capture_output=True,
                timeout=PATIENCE_S,
                check=True,
            ).stdout

        self.assertEqual(cli("SET", "cli", "hello world"), "OK\n")
        self.assertEqual(cli("GET", "cli"), "hello world\n")
        self.assertEqual(cli("-3", "GET", "nothing"), "\n")
        self.assertEqual(cli(stdin="DEL cl\nRPUSH cl a b\nLRANGE cl 0 -1\n"), "0\n2\na\nb\n")
        self.assertIn("PONG", cli("--no-raw", "PING"))

    def test_telnet(self) -> None:
        """A person at a telnet prompt, as the founding document shows it."""
        connection = self.daemon.connect()
        self.addCleanup(connection.close)
        connection.ask(b"FLUSHALL\r\n", b"+OK\r\n")
        for line, reply in (
            (b'SET name "PyRedis"', b"+OK\r\n"),
            (b"GET name", b"+PyRedis\r\n"),
            (b"SET counter 10", b"+OK\r\n"),
            (b"INCR counter", b":11\r\n"),
            (b"LPUSH mylist a b c", b":3\r\n"),
            (b"LRANGE mylist 0 -1", b"*3\r\n+c\r\n+b\r\n+a\r\n"),
            (b"RPOP mylist", b"+a\r\n"),
            (b"SADD fruits apple banana cherry", b":3\r\n"),
            (b"SISMEMBER fruits apple", b":1\r\n"),
            (b"HSET user name John age 30 city NYC", b":3\r\n"),
            (b"HGETALL user", b"*6\r\n+name\r\n+John\r\n+age\r\n+30\r\n+city\r\n+NYC\r\n"),
            (b"TTL name", b":-1\r\n"),
            (b"GET nothing", b"$-1\r\n"),
            (b"SUBSCRIBE c", b"*3\r\n+subscribe\r\n+c\r\n:1\r\n"),
            (b"QUIT", b"+OK\r\n"),
        ):
            connection.ask(line + b"\r\n", reply)

        self.assertTrue(connection.is_closed())

    def test_the_log(self) -> None:
        """The log has the lines that tools wait for, in Redis' form."""
        self.assertRegex(
            self.daemon.log, rf"(?s) PID: {self.daemon.pid}.*Server initialized.*{READY} tcp"
        )
        self.daemon.until_logged(f"{READY} unix")
        for line in self.daemon.log.splitlines():
            self.assertRegex(line, LINE)
            self.assertTrue(line.startswith(f"{self.daemon.pid}:"))

    def test_a_protocol_error(self) -> None:
        """Nonsense is answered and hung up on; the server goes on."""
        connection = self.daemon.connect()
        self.addCleanup(connection.close)
        connection.ask(b"*1\r\n:5\r\n", b"-ERR Protocol error: expected '$', got ':'\r\n")
        self.assertTrue(connection.is_closed())

        self.assertEqual(self.daemon.connect().reply("PING"), b"+PONG")


class ConfigurationTests(DaemonTestCase):
    """Where the configuration comes from."""

    def test_a_file(self) -> None:
        """A file, with options of the command line behind it."""
        path = self.write("redis.conf", "maxmemory 100mb\nhz 50\n# a comment\n")
        daemon = self.ready(path, "--hz", "20")
        connection = daemon.connect()
        self.addCleanup(connection.close)

        connection.ask(
            b"CONFIG GET maxmemory\r\nCONFIG GET hz\r\n",
            b"*2\r\n+maxmemory\r\n+104857600\r\n*2\r\n+hz\r\n+20\r\n",
        )
        connection.ask(b"CONFIG REWRITE\r\n", b"+OK\r\n")
        self.assertRegex(self.read("redis.conf"), r"(?m)^hz 20$")
        self.assertIn("# a comment", self.read("redis.conf"))

    def test_standard_input(self) -> None:
        """Standard input, with options of the command line behind it."""
        daemon = self.ready("--hz", "20", stdin="hz 30\nrequirepass secret\n")
        connection = daemon.connect()
        self.addCleanup(connection.close)

        connection.ask(
            b"PING\r\nAUTH secret\r\nCONFIG GET hz\r\n",
            b"-NOAUTH Authentication required.\r\n+OK\r\n*2\r\n+hz\r\n+20\r\n",
        )

    def test_a_directory(self) -> None:
        """``dir`` is where relative paths are from; the file was before."""
        os.mkdir(self.path("data"))
        self.write("redis.conf", "dir data\nlogfile server.log\npidfile server.pid\n")
        daemon = self.start("redis.conf")

        def is_ready() -> bool:
            self.assertIsNone(daemon.process.poll(), daemon.log)
            log = self.path("data/server.log")
            return os.path.exists(log) and READY in self.read("data/server.log")

        until(is_ready)
        self.assertEqual(daemon.connect().reply("PING"), b"+PONG")

        self.assertEqual(self.read("data/server.pid"), f"{daemon.pid}\n")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.log, "")

    def test_wrong_directives(self) -> None:
        """What is wrong is named with its line, and nothing starts."""
        path = self.write("redis.conf", "port 0\n\nbogus 1\n")
        for arguments, expected in (
            ((path,), ">>> 'bogus 1'\nBad directive or wrong number of arguments"),
            (("--bogus", "1"), ">>> 'bogus \"1\"'\nBad directive or wrong number of arguments"),
            (("--maxmemory", "lots"), "argument must be a memory value"),
            (("--port", "65536"), "argument must be between 0 and 65535 inclusive"),
        ):
            with self.subTest(arguments):
                done = run(*arguments)

                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n", done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertNotIn("Traceback", done.stderr)

    def test_a_file_that_cannot_be_read(self) -> None:
        """A missing file, and a directory in its place, are said in one line."""
        for path, why in (
            (self.path("missing.conf"), "No such file or directory"),
            (self.directory, "Is a directory"),
        ):
            done = run(path)

            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr, f"Fatal error, can't open config file '{path}': {why}\n")

    def test_a_log_that_cannot_be_opened(self) -> None:
        """So is a log file that cannot be written."""
        done = run("--port", "0", "--logfile", self.path("no/such/log"))

        self.assertEqual(done.returncode, 1)
        self.assertIn("Can't open the log file", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_help_and_version(self) -> None:
        """They are said, and that is all."""
        for argument, expected in (
            ("--help", "Usage: pyredis-server"),
            ("-v", "PyRedis server v="),
        ):
            done = run(argument)

            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(expected))


class RefusedTests(DaemonTestCase):
    """Where it cannot listen."""

    def test_a_port_that_is_taken(self) -> None:
        """The port and the reason are named, without a traceback; exit code 1."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            port = sock.getsockname()[1]
            done = run("--port", str(port), "--bind", "127.0.0.1")
        output = done.stdout + done.stderr

        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            len(
                re.findall(
                    f"Could not create server TCP listening socket 127.0.0.1:{port}: "
                    "bind: Address already in use",
                    output,
                )
            ),
            1,
        )
        self.assertNotIn("Traceback", output)
        self.assertNotIn(READY, output)

    def test_a_path_that_is_none(self) -> None:
        """The same for a Unix socket."""
        done = run("--port", "0", "--unixsocket", self.path("no/such/socket"))
        output = done.stdout + done.stderr

        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed opening Unix socket: bind:", output)
        self.assertNotIn("Traceback", output)

    def test_modules(self) -> None:
        """And for a module: one that is none, one that raises, one that ends the process."""
        raising = self.write("raising.py", "\nraise RuntimeError('no luck')\n")
        self.write("ending.py", "import sys\nsys.exit(3)\n")
        for module, why in (
            ("no.such.module", "No module named 'no'"),
            ("raising", f"RuntimeError: no luck ({raising}, line 2)"),
            ("ending", "SystemExit: 3"),
        ):
            found = f"{ROOT}{os.pathsep}{self.directory}"
            done = run("--port", "0", "--loadmodule", module, PYTHONPATH=found)

            self.assertEqual((done.returncode, done.stderr), (1, ""))
            self.assertIn(f"# Can't load module {module}: {why}", done.stdout)

    def test_nothing_to_listen_on(self) -> None:
        """A server that nobody could reach does not start."""
        done = run("--port", "0")

        self.assertEqual(done.returncode, 1)
        self.assertIn("# Configured to not listen anywhere, exiting.\n", done.stdout)


class EndingTests(DaemonTestCase):
    """How it ends."""

    def test_signals(self) -> None:
        """SIGTERM and SIGINT end it well: exit code 0, clients hung up on, the data saved."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                daemon = self.ready(
                    "--pidfile", self.path("pid"), "--unixsocket", self.path("socket")
                )
                self.assertEqual(self.read("pid"), f"{daemon.pid}\n")
                connection = daemon.connect()
                self.addCleanup(connection.close)
                connection.ask(b"PING\r\n", b"+PONG\r\n")

                self.assertEqual(daemon.stop(number), 0)
                self.assertTrue(connection.is_closed())
                self.assertEqual(os.listdir(self.directory), ["dump.rdb"])
                self.assertIn("bye bye", daemon.log)
                self.assertNotIn("Traceback", daemon.log)

    def test_shutdown(self) -> None:
        """SHUTDOWN ends it too, unanswered."""
        daemon = self.ready()
        connection = daemon.connect()
        self.addCleanup(connection.close)
        connection.socket.sendall(b"SHUTDOWN NOSAVE\r\n")

        self.assertTrue(connection.is_closed())
        self.assertEqual(daemon.wait(), 0)

    def test_clients_that_wait(self) -> None:
        """Clients that wait, and such that do not read, do not hold it up."""
        daemon = self.ready()
        waiting, full = daemon.connect(), daemon.connect()
        self.addCleanup(waiting.close)
        self.addCleanup(full.close)
        waiting.socket.sendall(b"BLPOP l 0\r\n")
        full.ask(b"SETRANGE k 1000000 x\r\n", b":1000001\r\n")
        full.socket.sendall(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 100)
        self.assertIn(b"$1000001", full.socket.recv(100))

        self.assertEqual(daemon.stop(), 0)

    def test_a_pid_file_that_is_gone(self) -> None:
        """Who removed its pid file removed no more than that."""
        daemon = self.ready("--pidfile", self.path("pid"))
        os.unlink(self.path("pid"))

        self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("Traceback", daemon.log)


class BackgroundTests(DaemonTestCase):
    """As a daemon, and under a service manager."""

    def test_daemonize(self) -> None:
        """It detaches, and is found by its pid file and its log."""
        port = free_port()
        done = run(
            "--daemonize",
            "yes",
            "--port",
            str(port),
            "--dir",
            self.directory,
            "--pidfile",
            self.path("pid"),
            "--logfile",
            self.path("log"),
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        pid = int(until(lambda: os.path.exists(self.path("pid")) and self.read("pid"), "the pid"))
        self.addCleanup(_end, pid)
        until(lambda: READY in self.read("log"), "the start")
        with redis.Redis(port=port) as client:
            self.assertEqual(client.info("server")["process_id"], pid)
        self.assertEqual(os.getsid(pid) == os.getsid(0), False)
        os.kill(pid, signal.SIGTERM)
        until(lambda: "bye bye" in self.read("log"), "the end")

        self.assertIn(f" PID: {pid}", self.read("log"))
        self.assertFalse(os.path.exists(self.path("pid")))

    def test_ready(self) -> None:
        """A service manager is told when it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(self.path("notify"))
            manager.settimeout(PATIENCE_S)
            daemon = self.start(NOTIFY_SOCKET=self.path("notify"))
            told = manager.recv(1000).decode().splitlines()

            self.assertIn("READY=1", told)
            self.assertEqual(daemon.connect().reply("PING"), b"+PONG")
            self.assertEqual(daemon.stop(), 0)

    def test_upstart(self) -> None:
        """Upstart is told by a stop."""
        daemon = self.start("--supervised", "upstart", UPSTART_JOB="pyredis")
        pid, status = os.waitpid(daemon.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(daemon.connect().reply("PING"), b"+PONG")
        self.assertEqual(daemon.stop(), 0)

    def test_a_manager_that_did_not_ask(self) -> None:
        """The operator is told that what is to supervise it is not there."""
        daemon = self.ready("--supervised", "systemd")
        self.assertEqual(daemon.stop(), 0)
        self.assertIn("requested, but NOTIFY_SOCKET not found!", daemon.log)

    def test_a_crash(self) -> None:
        """Where it was is in the log, unless that is not wanted."""
        for wanted in ("yes", "no"):
            daemon = self.ready("--crash-log-enabled", wanted)
            self.assertEqual(daemon.stop(signal.SIGABRT), -signal.SIGABRT)
            self.assertEqual("Fatal Python error: Aborted" in daemon.log, wanted == "yes")
            self.assertEqual("crashed by signal: 6" in daemon.log, wanted == "yes")

    def test_a_crash_on_request(self) -> None:
        """The log says why it crashed, then where it was."""
        daemon = self.ready("--enable-debug-command", "yes")
        daemon.connect().socket.sendall(b"DEBUG SEGFAULT\r\n")
        self.assertEqual(daemon.wait(), -signal.SIGSEGV)
        log = daemon.log
        self.assertIn("crashed by signal: 11", log)
        self.assertLess(log.index("STACK TRACE"), log.index("Fatal Python error"))
        self.assertIn(" in crash\n", log[log.index("Fatal Python error") :])

    def test_a_manager_that_is_gone(self) -> None:
        """A notification that cannot be sent does not stop it."""
        daemon = self.ready(NOTIFY_SOCKET=self.path("nobody"))

        self.assertEqual(daemon.connect().reply("PING"), b"+PONG")
        self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("Traceback", daemon.log)


def _end(pid: int) -> None:
    """End a process that is not our child, if it still is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class LogTests(DaemonTestCase):
    """What the log tells, and what it must not."""

    SECRET = "hunter2"

    def test_debug_level(self) -> None:
        """At debug level each command is shown, but no password."""
        daemon = self.ready("--loglevel", "debug", "--requirepass", self.SECRET)
        connection = daemon.connect()
        self.addCleanup(connection.close)
        for line in (
            f"AUTH {self.SECRET}",
            "CONFIG SET loglevel debug",
            "SET visible value",
            f"AUTH default {self.SECRET}",
            "auth wrong" + self.SECRET,
            f"CONFIG SET requirepass {self.SECRET}2",
            f"config set masterauth {self.SECRET}",
            f"hello 3 auth default {self.SECRET}x",
            f"CONFIG SET hz 20 requirepass {self.SECRET}3",
            f"NOTACOMMAND {self.SECRET[0]}",
            "ECHO end",
        ):
            connection.reply(line)
        daemon.until_logged(r"b?'ECHO' '?end|ECHO.*end")
        self.assertEqual(daemon.stop(), 0)

        self.assertRegex(daemon.log, r"(?i)set.*visible.*value")
        self.assertNotIn(self.SECRET, daemon.log)

    def test_other_levels(self) -> None:
        """At the usual levels no command is shown, and no key."""
        daemon = self.ready("--loglevel", "verbose")
        connection = daemon.connect()
        self.addCleanup(connection.close)
        for line in ("SET visible value", "GET visible", "LPUSH visible x", "NOTACOMMAND visible"):
            connection.reply(line)
        self.assertEqual(daemon.stop(), 0)

        self.assertNotIn("visible", daemon.log)


class BusyScriptTests(DaemonTestCase):
    """A script that does not end."""

    def connect(self, daemon: Daemon) -> socket.socket:
        """Return a new connection."""
        sock = socket.create_connection(("127.0.0.1", daemon.port), PATIENCE_S)
        self.addCleanup(sock.close)
        return sock

    def ask(self, sock: socket.socket, request: bytes) -> bytes:
        """Send a line and return a part of the reply."""
        sock.sendall(request + b"\r\n")
        return sock.recv(1000)

    def test_others_are_answered(self) -> None:
        """Old connections and new ones, until one ends it."""
        daemon = self.ready("--busy-reply-threshold", "10")
        caller, old = self.connect(daemon), self.connect(daemon)
        self.assertEqual(self.ask(old, b"PING"), b"+PONG\r\n")
        caller.sendall(b"EVAL 'while true do end' 0\r\nPING\r\n")
        until(lambda: self.ask(old, b"PING").startswith(b"-BUSY"), "a busy reply")
        new = self.connect(daemon)
        self.assertTrue(self.ask(new, b"GET k").startswith(b"-BUSY"))
        self.assertEqual(self.ask(new, b"QUIT"), b"+OK\r\n")
        self.assertEqual(new.recv(10), b"")
        self.assertEqual(self.ask(old, b"SCRIPT KILL"), b"+OK\r\n")

        self.assertIn(b"killed by user", caller.recv(1000))
        self.assertEqual(self.ask(old, b"PING"), b"+PONG\r\n")

    def test_the_server_can_be_stopped(self) -> None:
        """Though the script has written."""
        daemon = self.ready("--busy-reply-threshold", "10")
        caller, other = self.connect(daemon), self.connect(daemon)
        caller.sendall(b"EVAL \"redis.call('incr', 'n') while true do end\" 0\r\n")
        until(lambda: self.ask(other, b"PING").startswith(b"-BUSY"), "a busy reply")
        self.assertTrue(self.ask(other, b"SCRIPT KILL").startswith(b"-UNKILLABLE"))
        self.assertEqual(self.ask(other, b"SHUTDOWN NOSAVE"), b"")

        self.assertRaises(ConnectionRefusedError, self.connect, daemon)
        self.assertEqual(daemon.process.wait(PATIENCE_S), 0)
