"""Tests of pyredis.server_log: what a server writes about the commands it runs."""

from __future__ import annotations

from typing import Any

from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pyredis.server_log import ServerLog
from tests.commands.session import Session


class ServerLogTests(SynchronousTestCase):
    """Lines of the log."""

    def setUp(self) -> None:
        """Make a server whose log is kept."""
        self.session = Session()
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        ServerLog(self.session.server).listen()

    def lines(self) -> list[str]:
        """Return what was written."""
        return [formatEvent(event) for event in self.events]

    def test_commands(self) -> None:
        """Shown at debug level only, without what may be secret."""
        self.session.do("SET", "a", 1)
        self.assertEqual(self.lines(), [])
        self.session.do("CONFIG", "SET", "loglevel", "debug")
        self.session.do("SET", "a", 1)
        self.session.do("CONFIG", "SET", "requirepass", "secret")
        self.session.do("AUTH", "secret")
        self.session.do("CONFIG", "SET", "requirepass", "", "loglevel", "notice")
        self.session.do("SET", "a", 1)
        shown = " / ".join(line.partition(": ")[2] for line in self.lines())
        self.assertEqual(shown.count("'SET' 'a' '1'"), 1)
        self.assertIn("'requirepass' '(redacted)'", shown)
        self.assertIn("'AUTH' '(arguments hidden)'", shown)
        self.assertNotIn("secret", shown)
        self.assertFalse(self.session.server.dispatcher.special)

    def test_scripts(self) -> None:
        """What they say is written at the level they say it at."""
        self.session.do("EVAL", "redis.log(redis.LOG_WARNING, 'so')", 0)
        self.assertEqual(self.lines(), ["so"])
        self.assertIs(self.events[0]["log_level"], LogLevel.warn)

    def test_browsers(self) -> None:
        """They are told of once a minute."""
        server = self.session.server
        for seconds in (61, 1, 61):
            self.session.clock.advance(seconds)
            server.keyspace.refresh_now()
            server.dispatcher.log_intrusion(self.session.client)
        self.assertEqual(len(self.lines()), 2)
        self.assertIn("Possible SECURITY ATTACK detected", self.lines()[0])

    def test_failures(self) -> None:
        """A body that fails is told of with where it did."""
        try:
            raise KeyError("x")
        except KeyError:
            self.session.server.dispatcher.log_failure("get")
        self.assertEqual(self.lines(), ["Command 'get' failed unexpectedly"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
