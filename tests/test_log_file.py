"""Tests of pyredis.log_file, on a real file system."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.log_file import LogFile


class LogFileTests(SynchronousTestCase):
    """A log whose file somebody else moves about."""

    def setUp(self) -> None:
        """Make a directory."""
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root, True)
        self.path = self.root / "log"

    def open(self) -> LogFile:
        """Return an open log."""
        log = LogFile(str(self.path))
        self.addCleanup(log.close)
        return log

    def say(self, log: LogFile, line: str) -> None:
        """Write a line."""
        log.write(line)
        log.flush()

    def test_lines_are_appended(self) -> None:
        """Behind what was there; what is no text is shown as an escape."""
        self.path.write_text("before ")
        self.say(self.open(), "after \udcff")
        self.assertEqual(self.path.read_text(), "before after \\udcff")

    def test_a_rotated_log_begins_anew(self) -> None:
        """Lines go to the path, and not to where the file was moved."""
        log = self.open()
        self.say(log, "one")
        number = log.fileno()
        self.path.rename(self.root / "log.1")
        self.say(log, "two")
        self.path.unlink()
        self.say(log, "three")
        self.assertEqual((self.root / "log.1").read_text(), "one")
        self.assertEqual(self.path.read_text(), "three")
        self.assertEqual(log.fileno(), number)

    def test_without_its_directory_it_goes_on_where_it_was(self) -> None:
        """Nothing fails, and lines come back when the directory does."""
        log = self.open()
        away = self.root.with_name(self.root.name + "-away")
        self.addCleanup(shutil.rmtree, away, True)
        self.root.rename(away)
        self.say(log, "one")
        self.assertEqual((away / "log").read_text(), "one")
        away.rename(self.root)
        self.say(log, " two")
        self.assertEqual(self.path.read_text(), "one two")

    def test_what_cannot_be_opened(self) -> None:
        """Says so at once."""
        self.assertRaises(OSError, LogFile, str(self.root / "no" / "log"))
