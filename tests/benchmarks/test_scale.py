"""Tests of benchmarks.scale."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.report import OURS, REFERENCE
from benchmarks.scale import print_shares, request_words


class RequestTests(SynchronousTestCase):
    """What redis-benchmark is told."""

    def test_the_command_is_last(self) -> None:
        """Options stand before the command, which takes whatever follows it."""
        words = request_words("SET", 16, 1000, 50, 999)

        self.assertEqual(["-c", "1000", "-P", "16", "-r", "50", "-n", "999"], words[:8])
        self.assertEqual("SET", words[8])


class ShareTests(SynchronousTestCase):
    """What is printed."""

    def test_medians(self) -> None:
        """A share of each server's own median, and the median of the rounds' ratios."""
        at_first = {REFERENCE: [100.0, 90.0, 500.0], OURS: [50.0, 40.0, 60.0]}
        found = {REFERENCE: [80.0, 80.0, 10.0], OURS: [40.0, 20.0, 50.0]}
        out = io.StringIO()
        with redirect_stdout(out):
            print_shares("all", found, at_first)

        self.assertEqual(["all", "0.80", "0.80", "0.50"], out.getvalue().split())
