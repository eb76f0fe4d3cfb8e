"""Tests of pyredis.execution.guards: who is refused what, and which refusal comes first."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Client, Context
from pyredis.execution.flags import LOADING, NO_AUTH, NO_MULTI, PROTECTED, Flag
from pyredis.execution.guards import refusal
from pyredis.execution.table import Command, Declaration
from pyredis.execution.transactions import Transaction
from pyredis.wire.replies import OK, Reply
from tests.execution.playground import Playground


def body(ctx: Context) -> Reply:
    """Do nothing."""
    return OK


def command(flags: Flag = Flag.NONE, name: str = "DEBUG") -> Command:
    """Return a command with flags."""
    return Command(Declaration(name, body, arity=name.count("|") + 1, flags=flags))


DENIED = b"NOPERM User default has no permissions to run the 'debug' command"
NOAUTH = b"NOAUTH Authentication required."
NOT_QUEUED = b"ERR Command not allowed inside a transaction"
IS_LOADING = b"LOADING Redis is loading the dataset in memory"
NOT_OPEN = (
    b'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you '
    b"can run it from a local connection, otherwise you need to set this option in the "
    b"configuration file, and then restart the server."
)


class GuardTests(SynchronousTestCase):
    """Each refusal, and their order."""

    def setUp(self) -> None:
        """Make a server and a client."""
        self.play = Playground()
        self.client = self.play.client

    def refusal(self, flags: Flag = Flag.NONE, client: Client | None = None) -> bytes | None:
        """Return the text that a command with flags is refused with."""
        error = refusal(client or self.client, command(flags), [b"debug"])
        return error.text if error is not None else None

    def test_nothing_special(self) -> None:
        """A plain client may run anything that is not protected."""
        self.assertIsNone(self.refusal())
        self.assertIsNone(self.refusal(NO_MULTI))
        self.assertIsNone(self.refusal(NO_AUTH | LOADING))

    def test_unauthenticated(self) -> None:
        """Without its password a client gets nowhere but to what needs none."""
        self.play.server.access.users.default.apply(b"off")
        self.client.authenticated = False

        self.assertEqual(self.refusal(), NOAUTH)
        self.assertIsNone(self.refusal(NO_AUTH))

    def test_in_a_transaction(self) -> None:
        """What cannot be queued is refused in a transaction."""
        self.client.transaction = Transaction()

        self.assertEqual(self.refusal(NO_MULTI), NOT_QUEUED)
        self.assertIsNone(self.refusal())

    def test_denied(self) -> None:
        """A user gets no further than its permissions; AUTH and its kind need none."""
        self.play.server.access.users.default.apply(b"-@all")

        self.assertEqual(self.refusal(), DENIED)
        self.assertIsNone(self.refusal(NO_AUTH))

    def test_loading(self) -> None:
        """While data is loaded only what says so may run."""
        self.play.server.keyspace.loading = True

        self.assertEqual(self.refusal(), IS_LOADING)
        self.assertIsNone(self.refusal(LOADING))

    def test_protected(self) -> None:
        """What is protected is refused to all, to those from elsewhere, or to nobody."""
        from_elsewhere = self.play.server.connect(address="192.0.2.1:1234")
        for value, here, elsewhere in (
            ("no", NOT_OPEN, NOT_OPEN),
            ("local", None, NOT_OPEN),
            ("yes", None, None),
        ):
            with self.subTest(value):
                self.play.server.settings.enable_debug_command = value

                self.assertEqual(self.refusal(PROTECTED), here)
                self.assertEqual(self.refusal(PROTECTED, from_elsewhere), elsewhere)

    def test_a_protected_subcommand(self) -> None:
        """A subcommand is protected by its container's option."""
        error = refusal(self.client, command(PROTECTED, "MODULE|LOAD"), [b"module", b"load"])
        assert error is not None

        self.assertIn(b"MODULE command not allowed. If the enable-module-command", error.text)

    def test_order(self) -> None:
        """The first refusal in Redis' order is the one that is heard."""
        self.play.server.keyspace.loading = True
        self.client.transaction = Transaction()
        self.client.authenticated = False
        default = self.play.server.access.users.default
        default.apply(b"off")
        default.apply(b"-@all")
        flags = PROTECTED | NO_MULTI
        heard = []
        for mend in (
            lambda: setattr(self.play.server.settings, "enable_debug_command", "yes"),
            lambda: setattr(self.client, "authenticated", True),
            lambda: setattr(self.client, "transaction", None),
            lambda: default.apply(b"+@all"),
            lambda: setattr(self.play.server.keyspace, "loading", False),
        ):
            heard.append(self.refusal(flags))
            mend()

        self.assertEqual(heard, [NOT_OPEN, NOAUTH, NOT_QUEUED, DENIED, IS_LOADING])
        self.assertIsNone(self.refusal(flags))
