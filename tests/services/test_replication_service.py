"""Tests of pyredis.services.replication_service."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.replication_service import ReplicationService


class Beats:
    """Counts what a part of replication is told."""

    def __init__(self) -> None:
        self.ticks = 0
        self.is_closed = False
        self.fails = False

    def tick(self) -> None:
        """Count, and fail if that is wanted."""
        self.ticks += 1
        if self.fails:
            raise ValueError("broken")

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


class ReplicationServiceTests(SynchronousTestCase):
    """A beat each second."""

    def setUp(self) -> None:
        """Start."""
        self.clock = Clock()
        self.beats = Beats()
        self.other = Beats()
        parts = cast(Any, self.beats), cast(Any, self.other)
        self.service = ReplicationService(*parts, self.clock)
        self.service.startService()

    def test_it_beats(self) -> None:
        """Each second, but not while it is paused, and not behind the end."""
        self.clock.pump([1, 1])
        self.assertEqual(self.beats.ticks, 2)
        self.service.paused = True
        self.clock.advance(1)
        self.assertEqual(self.beats.ticks, 2)
        self.service.stopService()
        self.clock.advance(5)
        self.assertEqual(self.beats.ticks, 2)
        self.assertTrue(self.beats.is_closed and self.other.is_closed)
        self.assertEqual(self.other.ticks, 2)

    def test_it_survives_a_failure(self) -> None:
        """A beat that fails is logged, and the next one comes."""
        self.beats.fails = True
        self.clock.pump([1, 1])
        self.assertEqual(self.beats.ticks, 2)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        self.service.stopService()
