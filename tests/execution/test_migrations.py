"""Tests of pyredis.execution.migrations; how MIGRATE uses them is in tests/commands."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import Cargo, Delivery
from tests.commands.session import Session
from tests.commands.test_migration import HandCarrier

CARGO = Cargo("there", 1, 1.0, (), 0, [(b"RESTORE", b"k", b"0", b"")])


class MigrationsTests(SynchronousTestCase):
    """What became of keys is handed to the command that asks."""

    def test_taken_once(self) -> None:
        """Nobody but the command that runs again finds it."""
        session = Session()
        carrier = session.server.migrations.carrier = HandCarrier()
        session.do("SET", "k", "v")
        self.assertIsNone(session.server.migrations.take_arrival())
        session.do("MIGRATE", "there", 1, "k", 0, 9)
        carrier.deliver()
        self.assertIsNone(session.server.migrations.take_arrival())

    def test_a_wait_that_is_another(self) -> None:
        """A client that left and whose wait is over does not get a second answer."""
        session = Session()
        carrier = session.server.migrations.carrier = HandCarrier()
        session.do("SET", "k", "v")
        session.do("MIGRATE", "there", 1, "k", 0, 9)
        session.disconnect()
        carrier.sent[0][1](Delivery((b"+OK",)))
        self.assertEqual(session.written, [])
        self.assertEqual(session.another().do("EXISTS", "k"), 0)
