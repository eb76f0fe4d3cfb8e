"""Tests of pyredis.services.append_only_rewrite: when to rewrite, and how often."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.append_only_files import AppendOnlyError, AppendOnlyFiles
from pyredis.services.append_only_rewrite import KIND, RewriteLimit, Rewriter
from tests.commands.session import Session
from tests.services.memory_files import Child, MemoryFiles, in_one_step


class LimitTests(SynchronousTestCase):
    """Rewrites that fail again and again are held back."""

    def setUp(self) -> None:
        """Make a limit."""
        self.clock = Clock()
        self.clock.advance(1000)
        self.limit = RewriteLimit(lambda: int(self.clock.seconds() * 1000))

    def test_three_failures(self) -> None:
        """Before that there is no limit."""
        self.assertFalse(self.limit.holds(2))
        self.assertTrue(self.limit.holds(3))

    def test_the_delay_doubles(self) -> None:
        """From a minute to an hour."""
        for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
            self.assertTrue(self.limit.holds(5))
            self.clock.advance(minutes * 60 - 1)
            self.assertTrue(self.limit.holds(5))
            self.clock.advance(1)
            self.assertFalse(self.limit.holds(5))

    def test_success_ends_it(self) -> None:
        """The next limit begins with a minute."""
        self.limit.holds(3)
        self.assertFalse(self.limit.holds(0))
        self.assertTrue(self.limit.holds(3))
        self.clock.advance(60)
        self.assertFalse(self.limit.holds(3))


class RewriterTests(SynchronousTestCase):
    """What a rewrite comes to."""

    def setUp(self) -> None:
        """Make a rewriter whose child works in memory."""
        self.server = Session(dir="/").server
        self.files = MemoryFiles()
        self.child = Child()
        self.told: list[object] = []
        self.refused: list[str] = []
        self.rewriter = Rewriter(
            self.server,
            AppendOnlyFiles(self.server.settings, self.files),
            self.files,
            self.child,  # type: ignore[arg-type]
            lambda: self.tell("prepare"),
            lambda path, as_rdb: self.tell("take"),
            lambda: self.tell("over"),
        )

    def tell(self, what: str) -> None:
        """Note a call, and refuse it if so told."""
        if what in self.refused:
            raise AppendOnlyError
        self.told.append(what)

    def test_success(self) -> None:
        """The new increment first, then the new base."""
        self.rewriter.start()
        self.assertTrue(self.rewriter.is_running)
        self.assertEqual(self.rewriter.seconds_so_far >= 0, True)
        self.assertEqual(self.told, ["prepare"])
        self.child.end()
        self.assertEqual(self.told, ["prepare", "take", "over"])
        self.assertEqual((self.rewriter.last_is_ok, self.rewriter.failures), (True, 0))
        self.assertEqual(self.rewriter.seconds_so_far, -1)

    def test_failures(self) -> None:
        """The child fails, is killed, or what it wrote cannot be taken."""
        for end in ({"code": 1}, {"signal": 9}):
            self.rewriter.start()
            self.child.end(**end)
        self.refused = ["take"]
        self.rewriter.start()
        self.child.end()
        self.assertEqual((self.rewriter.failures, self.rewriter.last_is_ok), (3, False))
        self.assertEqual(self.files.names, [])

    def test_to_be_stopped_is_no_failure(self) -> None:
        """By us, or by the signal that we would send."""
        self.rewriter.start()
        self.rewriter.stop()
        self.assertFalse(self.rewriter.is_running)
        self.rewriter.start()
        self.child.end(signal=10)
        self.assertEqual(self.rewriter.failures, 0)
        self.rewriter.stop()

    def test_it_cannot_begin(self) -> None:
        """Another child works, there is no new increment, or no new process."""
        self.refused = ["prepare"]
        self.assertRaises(AppendOnlyError, self.rewriter.start)
        self.refused = []
        self.child.cannot_start = True
        self.assertRaises(AppendOnlyError, self.rewriter.start)
        self.assertFalse(self.rewriter.last_is_ok)
        self.child.cannot_start = False
        self.child.start("rdb", in_one_step(lambda: 0), None)
        self.assertRaises(AppendOnlyError, self.rewriter.start)

    def test_later(self) -> None:
        """What is scheduled begins when the other child has ended."""
        self.rewriter.is_scheduled = True
        self.child.start("rdb", in_one_step(lambda: 0), lambda code, signal: None)
        self.rewriter.start_if_scheduled()
        self.assertNotEqual(self.child.kind, KIND)
        self.child.end()
        self.rewriter.start_if_scheduled()
        self.assertEqual(self.child.kind, KIND)
        self.assertFalse(self.rewriter.is_scheduled)

    def test_growth(self) -> None:
        """Beyond the least size, by the percentage, and not at all if that is 0."""
        settings = self.server.settings
        settings.auto_aof_rewrite_min_size = 100
        for size, base, percentage, begins in (
            (100, 1, 100, False),
            (199, 100, 100, False),
            (200, 100, 100, True),
            (200, 100, 0, False),
            (101, 0, 100, True),
        ):
            settings.auto_aof_rewrite_percentage = percentage
            self.rewriter.start_if_grown(size, base)
            self.assertEqual(self.rewriter.is_running, begins, (size, base, percentage))
            if begins:
                self.child.end()

    def test_what_cannot_begin_by_itself_counts_as_failed(self) -> None:
        """So that it is not tried ten times a second."""
        self.refused = ["prepare"]
        self.rewriter.is_scheduled = True
        for _ in range(10):
            self.rewriter.start_if_scheduled()
        self.assertEqual(self.rewriter.failures, 3)
