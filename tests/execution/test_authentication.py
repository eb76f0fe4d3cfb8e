"""Tests of pyredis.execution.authentication; AUTH and HELLO are tested with their commands."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.authentication import has_user, log_in, log_out, may_log_in, needs_password
from tests.commands.session import MemoryConnection, Session


class LimitedConnection(MemoryConnection):
    """A wire that notes whether requests must be small."""

    limited: bool | None = None

    def set_limited(self, limited: bool) -> None:
        """Note it."""
        self.limited = limited


class AuthenticationTests(SynchronousTestCase):
    """Names and passwords."""

    def setUp(self) -> None:
        """Start a server with a password."""
        self.server = Session(requirepass=b"secret").server
        self.connection = LimitedConnection()
        self.client = self.server.connect(self.connection)

    def test_there_is_one_user(self) -> None:
        """He is called default, and names have their case."""
        self.assertTrue(has_user(self.server, b"default"))
        self.assertFalse(has_user(self.server, b"Default"))

    def test_his_password_is_requirepass(self) -> None:
        """Without one he needs none, and any will do."""
        self.assertTrue(may_log_in(self.server, b"default", b"secret"))
        self.assertFalse(may_log_in(self.server, b"default", b"secre"))
        self.server.settings.requirepass = b""
        self.assertFalse(needs_password(self.server))
        self.assertTrue(may_log_in(self.server, b"default", b"any"))
        self.assertFalse(may_log_in(self.server, b"nobody", b"any"))

    def test_logging_in_lifts_the_limits(self) -> None:
        """Requests may be large, and the client is nothing special any more."""
        self.assertTrue(self.client.special)
        log_in(self.client, b"default", b"secret")

        self.assertIs(self.connection.limited, False)
        self.assertFalse(self.client.special)

    def test_a_failed_login_changes_nothing(self) -> None:
        """Who was logged in stays so."""
        log_in(self.client, b"default", b"secret")
        with self.assertRaises(RedisError):
            log_in(self.client, b"default", b"wrong")

        self.assertTrue(self.client.authenticated)

    def test_logging_out(self) -> None:
        """The limits are back, if there is a password."""
        log_in(self.client, b"default", b"secret")
        log_out(self.client)
        self.assertEqual((self.client.authenticated, self.connection.limited), (False, True))

        self.server.settings.requirepass = b""
        log_out(self.client)
        self.assertEqual((self.client.authenticated, self.connection.limited), (True, False))
