"""Tests of pyredis.startup: what a process is set to that is the server's own."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

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
        path = self.mktemp()
        with open(path, "w"):
            pass

        self.assertTrue(self.lingers(path))
        with open(path) as slack:
            self.assertEqual(slack.read(), "1000")

    def test_any_other(self) -> None:
        """Nothing is changed where there is no such setting."""
        self.assertFalse(self.lingers(os.path.join(self.mktemp(), "none")))
