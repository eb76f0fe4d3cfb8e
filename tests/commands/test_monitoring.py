"""Tests of pyredis.commands.monitoring."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.replies import LATER, NO_REPLY, OK
from tests.commands.session import START_S, Session


class MonitorTests(SynchronousTestCase):
    """A client that watches another."""

    def setUp(self) -> None:
        """Connect two clients; the second watches."""
        self.session = Session()
        self.session.client.address = "127.0.0.1:1001"
        self.monitor = self.session.another()
        self.assertEqual(self.monitor.do("MONITOR"), OK)

    def seen(self) -> list[str]:
        """Return what the monitor was shown, without the times."""
        lines = [line.decode() for line in self.monitor.written]
        self.monitor.written.clear()
        return [line.partition(" ")[2] for line in lines]

    def test_a_line_tells_when_where_who_and_what(self) -> None:
        """Words are quoted as redis-cli would take them."""
        self.session.clock.advance(1.25)
        self.session.do("SELECT", 3)
        self.session.do("SET", "k", b'a "b"\r\n\x00')

        head = f"{START_S + 1}.250000 [3 127.0.0.1:1001]".encode()
        self.assertEqual(
            self.monitor.written,
            [
                head + b' "SELECT" "3"',
                head + rb' "SET" "k" "a \"b\"\r\n\x00"',
            ],
        )

    def test_clients_of_a_unix_socket(self) -> None:
        """They are known by the socket."""
        self.session.server.settings.unixsocket = "/tmp/x.sock"
        self.session.client.is_unix = True
        self.session.do("PING")

        self.assertEqual(self.seen(), ['[0 unix:/tmp/x.sock] "PING"'])

    def test_administration_is_not_shown(self) -> None:
        """Nor what did not run."""
        self.session.do("CONFIG", "SET", "requirepass", "x")
        self.session.do("foo")
        self.session.do("GET")

        self.assertEqual(self.seen(), [])

    def test_passwords_are_not_shown(self) -> None:
        """AUTH and HELLO show that there was one."""
        self.session.do("AUTH", "user", "pass")
        self.session.do("AUTH", "pass")
        self.session.do("HELLO", "3", "AUTH", "user", "pass", "SETNAME", "me")

        hidden = '"(redacted)"'
        self.assertEqual(
            [line.partition("] ")[2] for line in self.seen()],
            [
                f'"AUTH" {hidden} {hidden}',
                f'"AUTH" {hidden}',
                f'"HELLO" "3" "AUTH" {hidden} {hidden} "SETNAME" "me"',
            ],
        )

    def test_a_transaction_is_shown_when_it_runs(self) -> None:
        """EXEC behind its commands, with its own words."""
        for words in (("MULTI",), ("SET", "k", "v"), ("EXEC",)):
            self.session.do(*words)

        self.assertEqual(
            [line.partition("] ")[2] for line in self.seen()],
            ['"MULTI"', '"SET" "k" "v"', '"EXEC"'],
        )

    def test_a_waiting_command_is_shown_once(self) -> None:
        """When it begins to wait."""
        other = self.session.another()
        self.assertIs(other.do("BLPOP", "list", 0), LATER)
        self.assertEqual(len(self.seen()), 1)
        self.session.do("RPUSH", "list", "a")

        self.assertEqual([line.partition("] ")[2] for line in self.seen()], ['"RPUSH" "list" "a"'])

    def test_it_may_not_touch_data(self) -> None:
        """It is a kind of replica; asking for more of the same is not answered."""
        error = self.monitor.do("GET", "k")
        self.assertIsInstance(error, RedisError)
        self.assertEqual(error.text, b"ERR Replica can't interact with the keyspace")
        self.assertIs(self.monitor.do("MONITOR"), NO_REPLY)
        self.assertIn(b"flags=O ", self.monitor.do("CLIENT", "INFO").text)

    def test_not_inside_a_transaction(self) -> None:
        """There it is refused when it runs."""
        self.session.do("MULTI")
        self.session.do("MONITOR")
        [error] = self.session.do("EXEC")

        self.assertEqual(error.text, b"ERR MONITOR isn't allowed for DENY BLOCKING client")

    def test_it_ends(self) -> None:
        """With RESET, or with the connection; then commands go the short way again."""
        dispatcher = self.session.server.dispatcher
        self.assertTrue(dispatcher.special)
        self.monitor.do("RESET")
        self.assertFalse(dispatcher.special)
        self.session.do("PING")
        self.assertEqual(self.seen(), [])

        self.monitor.do("MONITOR")
        self.monitor.disconnect()
        self.assertEqual(len(self.session.server.monitors), 0)
        self.assertFalse(dispatcher.special)

    def test_while_loading_nothing_is_shown(self) -> None:
        """Nor are the commands of an append-only file."""
        self.session.server.keyspace.loading = True
        self.session.do("PING")
        self.session.do("INFO")

        self.assertEqual(self.seen(), [])
