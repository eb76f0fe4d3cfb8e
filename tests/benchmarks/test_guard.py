"""Tests of benchmarks.guard."""

from __future__ import annotations

import io
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from benchmarks import guard
from benchmarks.guard import CURRENT, EARLIER, Figures, NothingToCompare, earlier_revision

IDENTITY = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")


class VerdictTests(SynchronousTestCase):
    """What is called slower."""

    def compared(self, *found: Figures) -> tuple[list[str], str]:
        """Return the verdict when measuring gives these figures, and what is printed."""
        answers = iter(found)

        def measure(*_: Any) -> Figures:
            return next(answers)

        self.patch(guard, "measure", measure)
        with redirect_stdout(io.StringIO()) as output:
            beyond = guard.compare({}, 1, 15.0)
        self.assertEqual([], list(answers))
        return beyond, output.getvalue()

    def test_within_the_limit(self) -> None:
        """Fifteen per cent are let through, and nothing is measured again."""
        beyond, table = self.compared({"GET": {EARLIER: 100.0, CURRENT: 115.0}})

        self.assertEqual([], beyond)
        self.assertIn("+15.0%", table)

    def test_slow_once(self) -> None:
        """What was noise does not show again."""
        slow, fine = {EARLIER: 100.0, CURRENT: 140.0}, {EARLIER: 100.0, CURRENT: 101.0}
        beyond, table = self.compared({"GET": slow, "SET": fine}, {"GET": fine})

        self.assertEqual([], beyond)
        self.assertIn("SLOWER", table)

    def test_slow_twice(self) -> None:
        """What is slow stays slow."""
        slow = {EARLIER: 100.0, CURRENT: 120.0}

        self.assertEqual(["GET"], self.compared({"GET": slow}, {"GET": slow})[0])

    def test_the_exit_code(self) -> None:
        """It tells slower from nothing to compare with."""
        self.patch(guard, "git", lambda *words: b"")
        self.patch(guard, "lay_out", lambda *words: None)
        self.patch(guard, "compare", lambda *words: ["GET"])
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as complaint:
            self.assertEqual(1, guard.main(["--base", "x"]))
        self.assertIn("more than 15% slower: GET", complaint.getvalue())


@skipUnless(shutil.which("git"), "git is not installed")
class HistoryTests(SynchronousTestCase):
    """What is compared with."""

    def setUp(self) -> None:
        """Make a repository."""
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.patch(guard, "ROOT", self.root)
        self.git("init", "--quiet")

    def git(self, *words: str) -> None:
        """Run git there."""
        subprocess.run(["git", *IDENTITY, *words], cwd=self.root, check=True, capture_output=True)

    def commit(self, text: str) -> str:
        """Return the commit made."""
        self.git("commit", "--allow-empty", "--quiet", "-m", text)
        return guard.git("rev-parse", "HEAD").decode().strip()

    def test_without_a_tag(self) -> None:
        """It is so many commits back, or as many as there are."""
        first, second, _ = map(self.commit, "abc")

        self.assertEqual(second, earlier_revision(1))
        self.assertEqual(first, earlier_revision(10))

    def test_the_last_tag(self) -> None:
        """A tag of the current commit itself says nothing about a change."""
        self.commit("a")
        self.git("tag", "v1")
        self.commit("b")
        self.git("tag", "v2")

        self.assertEqual("v1", earlier_revision(1))

    def test_a_first_commit(self) -> None:
        """There is nothing to compare with."""
        self.commit("a")

        self.assertRaises(NothingToCompare, earlier_revision, 10)

    def test_a_shallow_clone(self) -> None:
        """It is named, and the exit code says skipped."""
        first, *_ = map(self.commit, "abc")
        (self.root / ".git" / "shallow").write_text(guard.git("rev-parse", "HEAD~1").decode())
        with redirect_stdout(io.StringIO()) as output:
            self.assertEqual(guard.NOTHING_TO_COMPARE, guard.main([]))
        self.assertIn("SKIPPED: a shallow clone of 2 commits", output.getvalue())
        self.assertNotEqual(first, guard.git("rev-list", "HEAD").decode().split()[-1])

    def test_a_tree_is_laid_out(self) -> None:
        """With the files of that commit."""
        for name in ("pyredis", "tests"):
            (self.root / name).mkdir()
            (self.root / name / "file").write_text("old")
        self.git("add", ".")
        revision = self.commit("a")
        (self.root / "pyredis" / "file").write_text("new")

        guard.lay_out(revision, self.root / "there")

        self.assertEqual("old", (self.root / "there" / "pyredis" / "file").read_text())
