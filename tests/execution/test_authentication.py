"""Tests of pyredis.execution.authentication; AUTH and HELLO are tested with their commands."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.selectors import Reason
from pyredis.errors import RedisError
from pyredis.execution.authentication import find_user, log_in, log_out
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

    def test_the_password_of_the_default_user_is_requirepass(self) -> None:
        """Without one it needs none, and any will do."""
        default = self.server.access.users.default
        self.assertIs(find_user(self.server, b"default", b"secret"), default)
        self.assertIsNone(find_user(self.server, b"default", b"secre"))
        self.server.access.set_default_password(b"")
        self.assertIs(find_user(self.server, b"default", b"any"), default)
        self.assertIsNone(find_user(self.server, b"nobody", b"any"))

    def test_a_disabled_user_cannot_log_in(self) -> None:
        """Whatever the password is; and names have their case."""
        self.server.access.set_user(b"ann", [b">pw"])
        self.assertIsNone(find_user(self.server, b"ann", b"pw"))
        self.server.access.set_user(b"ann", [b"on"])
        self.assertIsNotNone(find_user(self.server, b"ann", b"pw"))
        self.assertIsNone(find_user(self.server, b"Ann", b"pw"))

    def test_a_failed_login_is_counted_and_logged(self) -> None:
        """Under the name that was tried."""
        with self.assertRaises(RedisError):
            log_in(self.client, b"mallory", b"guess")

        self.assertEqual(self.server.statistics.denials[Reason.AUTH], 1)
        [entry] = self.server.access.log.newest(10)
        self.assertEqual((entry.reason, entry.user_name), (Reason.AUTH, b"mallory"))

    def test_without_passwords_nobody_must_log_in(self) -> None:
        """Who never did must again once there is one."""
        self.server.access.set_default_password(b"")
        self.assertEqual((self.client.special, self.connection.limited), (False, False))
        self.server.access.set_default_password(b"new")
        self.assertEqual((self.client.special, self.connection.limited), (True, True))

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

        self.server.access.set_default_password(b"")
        log_out(self.client)
        self.assertEqual((self.client.authenticated, self.connection.limited), (True, False))
