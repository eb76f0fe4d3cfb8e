"""Tests of pyredis.execution.latency_events."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.latency_events import LatencyEvent, LatencyEvents


class LatencyEventTests(SynchronousTestCase):
    """The samples of one event."""

    def test_of_one_second_the_worst_counts(self) -> None:
        """Each second has one sample."""
        event = LatencyEvent()
        for milliseconds in (5, 9, 7):
            event.add(milliseconds, 100)
        event.add(3, 101)

        self.assertEqual(list(event.samples), [(100, 9), (101, 3)])
        self.assertEqual(event.worst, 9)

    def test_old_samples_are_forgotten_but_not_the_worst(self) -> None:
        """The last 160 are kept."""
        event = LatencyEvent()
        event.add(1000, 0)
        for second in range(1, 161):
            event.add(10, second)

        self.assertEqual(len(event.samples), 160)
        self.assertEqual(event.samples[0], (1, 10))
        self.assertEqual(event.worst, 1000)

    def test_figures(self) -> None:
        """Average, deviation, and how long ago the first was."""
        event = LatencyEvent()
        event.add(10, 100)
        event.add(20, 110)
        self.assertEqual(event.stats(120), (2, 15, 5, 20, 20))
        self.assertEqual(event.stats(100).seconds, 1)


class LatencyEventsTests(SynchronousTestCase):
    """Events by their names."""

    def setUp(self) -> None:
        """Let two things happen."""
        self.events = LatencyEvents()
        self.events.add("command", 5, 1)
        self.events.add("fork", 6, 1)

    def test_names(self) -> None:
        """They are exact where one is looked for."""
        self.assertIsNotNone(self.events.find("fork"))
        self.assertIsNone(self.events.find("Fork"))
        self.assertEqual([name for name, _ in self.events.items()], ["command", "fork"])

    def test_forgetting(self) -> None:
        """One by its name in any case, or all; how many is told."""
        self.assertEqual(self.events.forget("FORK"), 1)
        self.assertEqual(self.events.forget("fork"), 0)
        self.assertEqual(self.events.forget_all(), 1)
        self.assertEqual(self.events.items(), [])
