"""Tests of pyredis.killer_score: what the kernel's out-of-memory killer is told."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import ConfigError, Settings
from pyredis.killer_score import KillerScore


class KillerScoreTests(SynchronousTestCase):
    """The score, in a file that stands for the kernel's."""

    def setUp(self) -> None:
        """Make a process with a score of 22."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "oom_score_adj"
        self.file.write_text("22\n")
        self.settings = Settings()
        self.is_replica = False
        self.score = KillerScore(self.settings, lambda: self.is_replica, str(self.file))
        names = ("oom-score-adj", "oom-score-adj-values")
        self.settings.observe(names, self.score.apply)

    def set(self, **values: str) -> None:
        """Change the configuration, as CONFIG SET does."""
        pairs = [(name.replace("_", "-").encode(), v.encode()) for name, v in values.items()]
        self.settings.set_many(pairs)

    def now(self) -> int:
        """Return the score the process has."""
        return int(self.file.read_text())

    def test_left_alone(self) -> None:
        """By default the score stays, whatever the values are."""
        self.score.apply()
        self.set(oom_score_adj_values="1 2 3")
        self.assertEqual(self.now(), 22)

    def test_roles(self) -> None:
        """A primary, a replica and a child that saves have each their own."""
        self.set(oom_score_adj="yes", oom_score_adj_values="10 20 30")
        self.assertEqual(self.now(), 32)
        self.is_replica = True
        self.score.apply_if_possible()
        self.assertEqual(self.now(), 42)
        self.score.apply_to_child()
        self.assertEqual(self.now(), 52)
        self.set(oom_score_adj="no")
        self.assertEqual(self.now(), 22)

    def test_absolute_scores(self) -> None:
        """They do not depend on what was there; the kernel's bounds are kept."""
        self.set(oom_score_adj="absolute", oom_score_adj_values="9 0 0")
        self.assertEqual(self.now(), 9)
        self.set(oom_score_adj_values="2000 0 0")
        self.assertEqual(self.now(), 1000)
        self.set(oom_score_adj="relative", oom_score_adj_values="-2000 0 0")
        self.assertEqual(self.now(), -1000)

    def test_what_is_not_possible(self) -> None:
        """It is refused to who asks, logged, and is no reason not to start."""
        events: list[str] = []
        observe = lambda event: events.append(event["log_format"])  # noqa: E731
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.file.unlink()
        self.file.mkdir()
        with self.assertRaises(ConfigError) as caught:
            self.set(oom_score_adj="yes")
        self.assertIn("Failed to set current oom_score_adj", str(caught.exception))
        self.assertEqual(self.settings.oom_score_adj, "no")
        self.settings.oom_score_adj = "yes"
        self.score.apply_if_possible()
        self.score.apply_to_child()
        self.assertIn("Unable to change oom_score_adj: {why}", events)
