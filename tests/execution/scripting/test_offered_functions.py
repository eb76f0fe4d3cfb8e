"""Tests of pyredis.execution.scripting.offered_functions: what scripts get besides calls."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import Boolean
from tests.commands.session import Session


class OfferedFunctionsTests(SynchronousTestCase):
    """Functions of ``redis``, called by scripts."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()

    def run_script(self, body: str) -> object:
        """Return what a script gives."""
        return self.session.do("EVAL", body, 0)

    def problem(self, body: str) -> bytes:
        """Return how a script fails."""
        return self.session.error("EVAL", body, 0)

    def test_digests(self) -> None:
        """Those of strings, of numbers as they are written, and of nothing."""
        digest = b"da39a3ee5e6b4b0d3255bfef95601890afd80709"
        self.assertEqual(self.run_script("return redis.sha1hex('')"), digest)
        self.assertEqual(self.run_script("return redis.sha1hex({})"), digest)
        self.assertEqual(
            self.run_script("return redis.sha1hex(1)"),
            b"356a192b7913b04c54574d18c28d46e6395428ab",
        )
        self.assertIn(b"wrong number of arguments", self.problem("redis.sha1hex()"))

    def test_protocols(self) -> None:
        """A script may have replies in either."""
        self.session.do("HSET", "h", "a", 1)
        body = "redis.setresp(%s) return redis.call('hgetall', 'h')['map'] ~= nil"
        self.assertIs(self.run_script(body % "3"), Boolean.TRUE)
        self.assertIsNone(self.run_script(body % "'2'"))
        for wrong in ("4", "'x'", "nil"):
            self.assertIn(b"RESP version must be 2 or 3.", self.problem(f"redis.setresp({wrong})"))
        self.assertIn(b"requires one argument", self.problem("redis.setresp()"))

    def test_the_log(self) -> None:
        """Strings and numbers are written at a level."""
        told: list[tuple[str, bytes]] = []
        self.session.server.scripting.log = lambda level, text: told.append((level, text))
        self.run_script("redis.log(redis.LOG_NOTICE, 'a', 1, {}, 2.5)")
        self.assertEqual(told, [("notice", b"a 1 2.5")])
        for wrong, text in (
            ("1", b"requires two arguments or more"),
            ("'x', 1", b"must be a number (log level)"),
            ("9, 1", b"Invalid debug level"),
        ):
            self.assertIn(text, self.problem(f"redis.log({wrong})"))

    def test_whom_effects_are_repeated_to(self) -> None:
        """Flags that are none are refused."""
        self.assertIsNone(self.run_script("redis.set_repl(redis.REPL_NONE)"))
        self.assertIn(b"Invalid replication flags", self.problem("redis.set_repl(64)"))
        self.assertIn(b"requires one argument", self.problem("redis.set_repl()"))

    def test_permissions(self) -> None:
        """A script may ask what its caller may do."""
        self.session.do("ACL", "SETUSER", "default", "resetkeys", "~a")
        self.assertEqual(self.run_script("return redis.acl_check_cmd('get', 'a')"), 1)
        self.assertIsNone(self.run_script("return redis.acl_check_cmd('get', 'b')"))
        self.assertIn(b"Invalid command passed", self.problem("redis.acl_check_cmd('nope')"))
        self.assertIn(b"at least one argument", self.problem("redis.acl_check_cmd()"))
        self.assertIn(b"must be strings or integers", self.problem("redis.acl_check_cmd({})"))
