"""
PyRedis inside a program, run as programs of their own.

A reactor starts once in a process and belongs to the test runner here, so each
test is a small program in a process of its own.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]


def run_program(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program from the repository's root and return what came of it."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class EmbeddingTests(SynchronousTestCase):
    """What the founding document shows of servers and clients in a program."""

    def assert_prints(self, program: str, *lines: str) -> None:
        """Check that a program ends well and prints exactly these lines."""
        done = run_program(program)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), list(lines))

    def test_replies_read_as_the_founding_document_shows_them(self) -> None:
        """Values, numbers, nil, errors and arrays have their short forms."""
        self.assert_prints(
            """
            from pyredis import PyRedisClient, PyRedisServer
            with PyRedisServer(host="localhost", port=0) as server:
                client = PyRedisClient(host="localhost", port=server.port)
                client.connect()
                for line in (
                    'SET greeting "Hello, PyRedis!"', "GET greeting", "GET nothing",
                    "SET counter 10", "INCR counter", "LPUSH mylist a b c",
                    "LRANGE mylist 0 -1", "NOSUCH", "LPUSH greeting x",
                    r'SET binary "\\x00\\r\\n"', "GET binary",
                ):
                    print(repr(client.execute(line)))
                client.disconnect()
            """,
            "'+OK'",
            "'+Hello, PyRedis!'",
            "'$-1'",
            "'+OK'",
            "':11'",
            "':3'",
            r"'*3\n+c\n+b\n+a'",
            "\"-ERR unknown command 'NOSUCH', with args beginning with: \"",
            "'-WRONGTYPE Operation against a key holding the wrong kind of value'",
            "'+OK'",
            r"'$3\r\n\x00\r\n'",
        )

    def test_the_founding_documents_own_unit_test_passes(self) -> None:
        """A new server for each test, started on a thread that is not the main one."""
        done = run_program(
            """
            import threading, time, unittest
            from pyredis import PyRedisClient, PyRedisServer

            class TestPyRedis(unittest.TestCase):
                def setUp(self):
                    self.server = PyRedisServer(port=26381)
                    self.thread = threading.Thread(target=self.server.start, daemon=True)
                    self.thread.start()
                    time.sleep(0.1)
                    self.client = PyRedisClient(port=26381)
                    self.client.connect()

                def tearDown(self):
                    self.client.disconnect()
                    self.server.stop()
                    self.thread.join(10)
                    assert not self.thread.is_alive()

                def test_string_operations(self):
                    self.assertEqual(self.client.execute("SET key value"), "+OK")
                    self.assertEqual(self.client.execute("GET key"), "+value")

                def test_each_server_starts_empty(self):
                    self.assertEqual(self.client.execute("GET key"), "$-1")
                    self.assertEqual(self.client.execute("SET key other"), "+OK")

                def test_once_more(self):
                    self.assertEqual(self.client.execute("EXISTS key"), ":0")

            unittest.main()
            """
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 3 tests", done.stderr)

    def test_several_servers_live_side_by_side(self) -> None:
        """They share a process, not their data, and free their ports when they stop."""
        self.assert_prints(
            """
            from pyredis import PyRedisClient, PyRedisServer
            with PyRedisServer(port=0) as one, PyRedisServer(port=0) as other:
                with PyRedisClient(port=one.port) as client:
                    client.execute("SET where one")
                with PyRedisClient(port=other.port) as client:
                    print(one.port != other.port, client.execute("GET where"))
                port = one.port
            with PyRedisServer(port=port) as again, PyRedisClient(port=port) as client:
                print(client.execute("GET where"))
            """,
            "True $-1",
            "$-1",
        )

    def test_a_taken_port_is_an_exception_that_names_it(self) -> None:
        """The caller hears of it, not a log."""
        self.assert_prints(
            """
            from pyredis import PyRedisServer
            from pyredis.services.listeners import CannotListen
            with PyRedisServer(host="127.0.0.1", port=0) as server:
                try:
                    PyRedisServer(host="127.0.0.1", port=server.port).start_in_background()
                except CannotListen as error:
                    print(f":{server.port}: bind: Address already in use" in str(error))
            """,
            "True",
        )

    def test_directives_are_keyword_arguments(self) -> None:
        """Any directive of redis.conf; a wrong one is refused with Redis' words."""
        self.assert_prints(
            """
            from pyredis import PyRedisClient, PyRedisServer
            with PyRedisServer(port=0, databases=2, maxmemory="100mb") as server:
                with PyRedisClient(port=server.port) as client:
                    print(client.execute("SELECT 2"), server.service.settings.maxmemory)
            try:
                PyRedisServer(port=0, databases=0).start_in_background()
            except Exception as error:
                print(type(error).__name__)
            """,
            "-ERR DB index is out of range 104857600",
            "ConfigFileError",
        )

    def test_users_modules_and_names_are_directives_too(self) -> None:
        """They are served, not passed over."""
        self.assert_prints(
            """
            import sys
            from pyredis import PyRedisClient, PyRedisServer
            sys.path.insert(0, "examples")
            with PyRedisServer(
                port=0, user=["default on nopass ~* +@all", "ann on >pw"],
                loadmodule="visits", rename_command="KEYS LOOK", maxmemory=None,
            ) as server, PyRedisClient(port=server.port) as client:
                for line in ("ACL USERS", "VISIT page ann", "LOOK *"):
                    print(repr(client.execute(line)))
            """,
            r"'*2\n+ann\n+default'",
            "':1'",
            r"'*1\n+page'",
        )

    def test_what_keeps_it_from_starting_is_an_exception_that_names_it(self) -> None:
        """Each of a documented kind; the port is free afterwards."""
        self.assert_prints(
            """
            import os, tempfile
            from pyredis import PyRedisServer
            folder = tempfile.mkdtemp()
            with open(os.path.join(folder, "dump.rdb"), "wb") as file:
                file.write(b"REDIS0011broken")
            port = 0
            def start(**directives):
                try:
                    PyRedisServer(**{"port": port, **directives}).start_in_background()
                except Exception as error:
                    print(type(error).__name__, str(error).replace(folder, "FOLDER"))
            start(port=99999)
            start(maxmemroy="1mb")
            start(dir="/no/such")
            start(loadmodule="no_such_module")
            start(user="ann +@none")
            start(aclfile="/no/such/file")
            with PyRedisServer(port=0) as server:
                port = server.port
            start(dir=folder)
            with PyRedisServer(port=port):
                print("free")
            """,
            "ConfigFileError port: argument must be between 0 and 65535 inclusive",
            "ConfigFileError there is no option or directive maxmemroy, did you mean maxmemory?",
            "ConfigFileError dir: No such file or directory",
            "ConfigFileError No module named 'no_such_module'",
            "ConfigFileError Error loading ACL rule '+@none' for the user named 'ann': "
            "Unknown command or category name in ACL",
            "ConfigFileError Aborting Redis startup because of ACL errors: Error loading ACLs, "
            "opening file '/no/such/file': No such file or directory",
            "LoadingFailed the RDB file FOLDER/dump.rdb: Short read or OOM loading DB. "
            "Unrecoverable error, aborting now.",
            "free",
        )

    def test_a_reply_that_comes_too_late(self) -> None:
        """The connection is closed, so that it is not taken for the next reply."""
        self.assert_prints(
            """
            from pyredis import PyRedisClient, PyRedisServer
            with PyRedisServer(port=0) as server:
                client = PyRedisClient(port=server.port, timeout=0.05)
                client.connect()
                for line in ("BLPOP nothing 10", "PING"):
                    try:
                        print(client.execute(line))
                    except OSError as error:
                        print(type(error).__name__)
                client.connect()
                print(client.execute("PING"))
            """,
            "TimeoutError",
            "ConnectionError",
            "+PONG",
        )

    def test_a_client_can_shut_the_server_down(self) -> None:
        """SHUTDOWN ends this server, not the process, and start() returns."""
        self.assert_prints(
            """
            import threading
            from pyredis import PyRedisClient, PyRedisServer
            server = PyRedisServer(port=0)
            server.start_in_background()
            port = server.port
            waiter = threading.Thread(target=server._stopped.wait)
            waiter.start()
            with PyRedisClient(port=port) as client:
                try:
                    client.execute("SHUTDOWN NOSAVE")
                except ConnectionError:
                    print("gone")
            waiter.join(10)
            print(waiter.is_alive())
            server.stop()
            """,
            "gone",
            "False",
        )

    def test_an_application_that_runs_the_reactor_adds_a_service(self) -> None:
        """No thread at all; and starting a threaded server there is refused, not a deadlock."""
        self.assert_prints(
            """
            from twisted.internet import reactor
            from pyredis import PyRedisServer
            from pyredis.config.settings import Settings
            from pyredis.server import RedisServer
            import threading

            settings = Settings()
            service = RedisServer(settings, pick_port=True)

            def check():
                service.startService()
                print(service.port > 0, threading.active_count())
                try:
                    PyRedisServer(port=0).start_in_background()
                except RuntimeError as error:
                    print("as a service instead" in str(error))
                service.stopService().addBoth(lambda _: reactor.stop())

            reactor.callWhenRunning(check)
            reactor.run()
            """,
            "True 1",
            "True",
        )


class DemonstrationTests(SynchronousTestCase):
    """``python -m pyredis demo``."""

    def test_the_demonstration_shows_every_type_without_an_error(self) -> None:
        """Each line is really sent; none is refused."""
        done = subprocess.run(
            [sys.executable, "-m", "pyredis", "demo"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("-ERR", done.stdout)
        self.assertNotIn("-WRONGTYPE", done.stdout)
        for title in ("Strings", "Lists", "Sets", "Hashes", "Sorted sets", "Streams"):
            self.assertIn(f"== {title} ==", done.stdout)
