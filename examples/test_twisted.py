"""
Testing a Twisted application: the server as a service, or with no socket at all.

Run it: ``python -m twisted.trial examples/test_twisted.py``, or with pytest
"""

from typing import Any

from twisted.internet import task
from twisted.protocols.basic import LineReceiver
from twisted.trial.unittest import SynchronousTestCase

from pyredis.testing import RedisTestService


class Greeter(LineReceiver):
    """The application: a client that asks for a greeting, and keeps it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def greet(self) -> None:
        """Ask."""
        self.sendLine(b"GET greeting")

    def lineReceived(self, line: bytes) -> None:
        """Keep what comes."""
        self.lines.append(line)


class GreeterTests(SynchronousTestCase):
    """Everything in one thread, in virtual time, without a socket."""

    def setUp(self) -> None:
        """Connect the application to a server in memory."""
        self.reactor = task.Clock()
        self.redis = RedisTestService(reactor=self.reactor, listens=False)
        self.redis.startService()
        self.addCleanup(self.redis.stopService)
        self.greeter = Greeter()
        self.redis.connect(self.greeter)

    def turn(self) -> None:
        """Let what was written arrive."""
        self.reactor.pump([0] * 4)

    def test_it_is_told(self) -> None:
        """What the server holds comes as a line."""
        self.redis.data["greeting"] = "hello"
        self.greeter.greet()
        self.turn()
        self.assertEqual(self.greeter.lines, [b"+hello"])

    def test_it_is_told_nothing_after_a_while(self) -> None:
        """Greetings expire."""
        self.redis.execute("SET", "greeting", "hello", "EX", 60)
        self.redis.clock.advance(60)
        self.greeter.greet()
        self.turn()
        self.assertEqual(self.greeter.lines, [b"$-1"])

    def test_it_survives_an_error(self) -> None:
        """An error is a line like any other."""
        fault: Any = self.redis.faults.error("GET", "LOADING not yet")
        with fault:
            self.greeter.greet()
            self.turn()
        self.assertEqual(self.greeter.lines, [b"-LOADING not yet"])
