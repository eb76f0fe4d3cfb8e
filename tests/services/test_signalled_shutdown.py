"""Signals that ask a server to end."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.services.signalled_shutdown import SignalledShutdown
from tests.commands.session import Session


class SignalledShutdownTests(SynchronousTestCase):
    """A signal ends a server as it is configured."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()
        self.ends: list[tuple[bool | None, bool, bool]] = []
        self.shutdown = SignalledShutdown(self.session.server, lambda *how: self.ends.append(how))

    def test_as_configured(self) -> None:
        """Each signal has its own words."""
        settings = self.session.server.settings
        for name, words, how in (
            ("SIGTERM", (), (None, False, False)),
            ("SIGTERM", ("nosave", "now"), (False, True, False)),
            ("SIGINT", ("save", "force"), (True, False, True)),
        ):
            setattr(settings, f"shutdown_on_{name.lower()}", words)
            self.shutdown.ask(name)
            self.session.clock.advance(1)
            self.assertEqual(self.ends.pop(), how)

    def test_aborted(self) -> None:
        """Until it is carried out it can be taken back."""
        self.assertFalse(self.shutdown.abort())
        self.shutdown.ask("SIGTERM")
        self.assertTrue(self.shutdown.abort())
        self.session.clock.advance(1)

        self.assertEqual(self.ends, [])

    def test_paused(self) -> None:
        """While nothing ticks it waits."""
        self.shutdown.paused = True
        self.shutdown.ask("SIGTERM")
        self.session.clock.advance(0.1)
        self.assertEqual(self.ends, [])

        self.shutdown.paused = False
        self.session.clock.advance(0.1)
        self.assertEqual(len(self.ends), 1)

    def test_refused(self) -> None:
        """A server that cannot end goes on, and can be asked again."""

        def refuse(*how: object) -> None:
            raise RedisError("cannot")

        shutdown = SignalledShutdown(self.session.server, refuse)
        shutdown.ask("SIGTERM")
        self.session.clock.advance(1)

        self.assertFalse(shutdown.abort())
