"""Tests of benchmarks.drive."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from benchmarks import drive
from benchmarks.drive import CASES, Case, connect, quickest, request

ROOT = Path(drive.__file__).resolve().parents[1]


class CaseTests(SynchronousTestCase):
    """What is sent."""

    def test_each_request_has_a_number_of_its_own(self) -> None:
        """Through all the chunks, and then from the beginning."""
        chunks = Case(("GET", "k{n}"), pipeline=2, chunks=2).made()

        self.assertEqual(request("GET", "k000000") + request("GET", "k000001"), chunks[0])
        self.assertEqual(request("GET", "k000002") + request("GET", "k000003"), chunks[1])


class DriveTests(SynchronousTestCase):
    """What is timed."""

    def test_no_request_is_answered_with_an_error(self) -> None:
        """What is watched is the work, not the refusal."""
        exchange = connect(ROOT)
        for name, case in CASES.items():
            replies = exchange(case.made()[0])
            self.assertNotIn(b"-ERR", replies, name)
            self.assertNotIn(b"$-1", replies, name)

    def test_a_request_takes_time(self) -> None:
        """Some nanoseconds of CPU."""
        self.patch(drive, "SAMPLE_NS", 10_000)
        self.patch(drive, "SAMPLES", 2)

        self.assertGreater(quickest(connect(ROOT), CASES["PING"]), 100)

    def test_another_tree_is_not_mistaken_for_the_one_wanted(self) -> None:
        """It would be compared with itself."""
        self.assertRaises(ImportError, connect, ROOT / "nowhere")
