"""Tests of pyredis.open_files: how many files the process may have open."""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import ConfigError, Settings
from pyredis.open_files import Limits, OpenFiles, of_this_process


class OpenFilesTests(SynchronousTestCase):
    """Room for clients, in a system that is made up."""

    limits: Limits = (1024, 4096)
    may_exceed = False

    def write(self, limits: Limits) -> None:
        """Take new limits, as the system does."""
        if limits[1] > self.limits[1] != -1 and not self.may_exceed:
            raise ValueError("not allowed to raise maximum limit")
        self.limits = limits

    def files(self, maxclients: int) -> OpenFiles:
        """Return the limit of a process that wants so many clients."""
        self.settings = Settings()
        self.settings.maxclients = maxclients
        return OpenFiles(self.settings, lambda: self.limits, self.write)

    def prepared(self, maxclients: int) -> list[str]:
        """Return what the log says when so many clients are wanted at the start."""
        with capturedLogs() as events:
            self.files(maxclients).prepare()
        return [formatEvent(event) for event in events]

    def test_enough(self) -> None:
        """Nothing is done where there is room."""
        self.assertEqual(self.prepared(992), [])
        self.limits = (-1, -1)
        self.assertEqual(self.prepared(10000), [])
        self.assertEqual(self.limits, (-1, -1))

    def test_raised(self) -> None:
        """As far as needed; beyond what the process was given if it may."""
        said = "Increased maximum number of open files to {} (it was originally set to 1024)."
        for limits, may_exceed, clients, now in (
            ((1024, 4096), False, 2000, (2032, 4096)),
            ((1024, -1), False, 10000, (10032, -1)),
            ((1024, 4096), True, 10000, (10032, 10032)),
        ):
            self.limits, self.may_exceed = limits, may_exceed
            self.assertEqual(self.prepared(clients), [said.format(clients + 32)])
            self.assertEqual(self.limits, now)
            self.assertEqual(self.settings.maxclients, clients)

    def test_lowered(self) -> None:
        """What the system does not give is taken from the clients."""
        lines = self.prepared(10000)
        self.assertEqual(self.limits, (4096, 4096))
        self.assertEqual(self.settings.maxclients, 4064)
        self.assertEqual(
            lines,
            [
                "You requested maxclients of 10000 requiring at least 10032 max file descriptors.",
                "Server can't set maximum open files to 10032 because of OS error: Operation not "
                "permitted.",
                "Current maximum open files is 4096. maxclients has been reduced to 4064 to "
                "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
            ],
        )

    def test_too_few_to_start(self) -> None:
        """With no room for a client there is no server."""
        self.limits = (20, 20)
        caught = self.assertRaises(ValueError, self.prepared, 10000)
        self.assertIn("'ulimit -n' of 20 is not enough", str(caught))
        self.assertIn("at least 10032", str(caught))

    def test_a_change_at_run_time(self) -> None:
        """Is refused, with what would do, or makes room."""
        files = self.files(100)
        self.settings.observe("maxclients", files.apply)
        self.settings.set_many([(b"maxclients", b"2000")])
        self.assertEqual(self.limits, (2032, 4096))
        caught = self.assertRaises(ConfigError, self.settings.set_many, [(b"maxclients", b"5000")])
        self.assertIn("specified number of clients, try with 4064", str(caught))
        self.assertEqual(self.settings.maxclients, 2000)

    def test_the_real_system(self) -> None:
        """Has room for a few more than a test needs."""
        settings = Settings()
        settings.maxclients = 10
        files = of_this_process(settings)
        assert files is not None
        files.prepare()
        self.assertEqual(settings.maxclients, 10)
