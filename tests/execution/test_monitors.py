"""Tests of pyredis.execution.monitors; what monitors see is tested with MONITOR."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class MonitorsTests(SynchronousTestCase):
    """The registry of monitoring clients."""

    def setUp(self) -> None:
        """Start a server with two clients."""
        self.session = Session()
        self.other = self.session.another()
        self.monitors = self.session.server.monitors

    def test_while_there_are_any_commands_go_the_long_way(self) -> None:
        """Until the last has left."""
        dispatcher = self.session.server.dispatcher
        self.monitors.add(self.session.client)
        self.monitors.add(self.other.client)
        self.assertEqual(len(self.monitors), 2)
        self.monitors.remove(self.other.client)
        self.assertTrue(dispatcher.special)
        self.monitors.remove(self.session.client)
        self.assertFalse(dispatcher.special)

    def test_a_monitor_is_something_special(self) -> None:
        """Its commands are looked at before they run."""
        self.monitors.add(self.other.client)
        self.assertTrue(self.other.client.is_monitor and self.other.client.special)
        self.monitors.remove(self.other.client)
        self.assertFalse(self.other.client.is_monitor or self.other.client.special)

    def test_who_is_none_can_leave(self) -> None:
        """Every client does, at its end."""
        self.monitors.remove(self.other.client)

        self.assertEqual(len(self.monitors), 0)

    def test_all_are_shown_the_same_bytes(self) -> None:
        """A client that is closing is shown nothing."""
        self.monitors.add(self.session.client)
        self.monitors.add(self.other.client)
        self.other.client.closing = True
        self.monitors.show(self.session.client, [b"PING"])

        self.session.clock.advance(0)
        self.assertEqual(len(self.session.written), 1)
        self.assertEqual(self.other.written, [])

    def test_own_commands_are_shown_behind_their_replies(self) -> None:
        """Soon, if the client still monitors then."""
        self.monitors.add(self.session.client)
        self.monitors.show(self.session.client, [b"PING"])
        self.assertEqual(self.session.written, [])
        self.session.clock.advance(0)
        self.assertEqual(len(self.session.written), 1)

        self.monitors.show(self.session.client, [b"PING"])
        self.monitors.remove(self.session.client)
        self.session.clock.advance(0)
        self.assertEqual(len(self.session.written), 1)
