"""Tests of pyredis.commands.slow_log."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK
from tests.commands.session import START_S, Session


class SlowLogCommandTests(SynchronousTestCase):
    """SLOWLOG on a server that logs every command."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session(slowlog_log_slower_than=0)
        self.session.client.address = "127.0.0.1:1001"
        self.do = self.session.do

    def logged(self, *words: object) -> list[list[bytes]]:
        """Return the requests in the log."""
        return [entry[3] for entry in self.do("SLOWLOG", "GET", *words)]

    def test_an_entry(self) -> None:
        """Number, time, microseconds, request, address and name."""
        self.do("CLIENT", "SETNAME", "me")

        self.assertEqual(
            self.do("SLOWLOG", "GET"),
            [[0, START_S, 0, [b"CLIENT", b"SETNAME", b"me"], b"127.0.0.1:1001", b"me"]],
        )

    def test_how_many_come(self) -> None:
        """Ten if not told, all for -1."""
        for number in range(20):
            self.do("SET", "k", number)

        self.assertEqual(len(self.logged()), 10)
        self.assertEqual(len(self.logged(3)), 3)
        self.assertEqual(len(self.logged(0)), 0)
        self.assertEqual(len(self.logged(-1)), self.do("SLOWLOG", "LEN") - 1)

    def test_secrets_are_hidden(self) -> None:
        """Passwords, and the values of parameters that are secret."""
        self.do("AUTH", "default", "pass")
        self.do("CONFIG", "SET", "maxmemory", "1gb", "masterauth", "secret")

        self.assertEqual(
            self.logged(),
            [
                [b"CONFIG", b"SET", b"maxmemory", b"1gb", b"masterauth", b"(redacted)"],
                [b"AUTH", b"(redacted)", b"(redacted)"],
            ],
        )

    def test_transactions_and_waiting(self) -> None:
        """The commands of EXEC are logged, not itself; one that waited, when it is served."""
        other = self.session.another()
        other.do("BLPOP", "list", 0)
        for words in (("MULTI",), ("RPUSH", "list", "a"), ("EXEC",)):
            self.do(*words)

        self.assertEqual(
            self.logged(), [[b"BLPOP", b"list", b"0"], [b"RPUSH", b"list", b"a"], [b"MULTI"]]
        )

    def test_reset_and_help(self) -> None:
        """The log can be emptied: the reset is its first entry."""
        self.do("PING")
        self.assertEqual(self.do("SLOWLOG", "RESET"), OK)
        self.assertEqual(self.do("SLOWLOG", "LEN"), 1)
        self.assertIn(b"GET [count]", [line.text for line in self.do("SLOWLOG", "HELP")])

    def test_refusals(self) -> None:
        """Counts below -1, no numbers, and too many words."""
        for count in ("-2", "x", "1.5"):
            self.assertEqual(
                self.session.error("SLOWLOG", "GET", count),
                b"ERR count should be greater than or equal to -1",
            )
        self.assertTrue(
            self.session.error("SLOWLOG", "Get", "1", "2").startswith(
                b"ERR unknown subcommand or wrong number of arguments for 'Get'."
            )
        )
