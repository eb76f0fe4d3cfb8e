"""Tests of pyredis.startup: what a process is set to that is the server's own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any
from unittest import SkipTest, mock

from twisted.trial.unittest import SynchronousTestCase

from pyredis import startup


class LingeringTests(SynchronousTestCase):
    """Requests are let gather where the system wakes the process in time."""

    def lingers(self, path: str) -> bool:
        """Tell whether a server is told to linger."""
        server: Any = mock.Mock()
        self.patch(startup, "_TIMER_SLACK", path)
        startup._let_requests_gather(server)
        return bool(server.listeners.linger.called)

    def test_a_system_that_can_be_told(self) -> None:
        """It is told to wake it within a microsecond."""
        with tempfile.NamedTemporaryFile("r") as slack:
            self.assertTrue(self.lingers(slack.name))
            self.assertEqual(slack.read(), "1000")

    def test_any_other(self) -> None:
        """Nothing is changed where there is no such setting."""
        with tempfile.TemporaryDirectory() as folder:
            self.assertFalse(self.lingers(os.path.join(folder, "none", "none")))


_TAKEN_AGAIN = """
import resource
from pyredis import startup

def taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        [bytes(65536) for _ in range(40)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = taken()
startup._keep_freed_memory()
taken()
print(before, taken())
"""


class FreedMemoryTests(SynchronousTestCase):
    """What large replies were made in is kept for the next ones."""

    def test_pages_are_not_taken_anew(self) -> None:
        """The C library no longer gives megabytes back, to take it again page by page."""
        code = [sys.executable, "-c", _TAKEN_AGAIN]
        before, after = map(
            int, subprocess.run(code, capture_output=True, check=True).stdout.split()
        )
        if before < 1000:
            raise SkipTest("the C library keeps it anyway")
        self.assertLess(after, before // 10)
