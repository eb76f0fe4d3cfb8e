"""Tests of pyredis.execution.timings."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session

MILLISECOND = 1_000_000


class TimingsTests(SynchronousTestCase):
    """What is noted of commands that took some time."""

    def start(self, **settings: Any) -> None:
        """Start a server with settings."""
        self.session = Session(**settings)
        self.timings = self.session.server.timings
        self.commands = self.session.server.table.commands

    def took(self, name: str, nanoseconds: int) -> None:
        """Say that a command took so long."""
        argv = [name.encode(), b"k"]
        self.timings.took(self.session.client, self.commands[name], argv, nanoseconds)

    def test_slow_commands_are_logged(self) -> None:
        """From the threshold on, with their client."""
        self.start(slowlog_log_slower_than=2000)
        self.session.client.name = b"me"
        self.took("GET", 2 * MILLISECOND - 1)
        self.took("GET", 2 * MILLISECOND)

        [entry] = self.timings.slow_log.newest(9)
        self.assertEqual((entry.microseconds, entry.argv), (2000, [b"GET", b"k"]))
        self.assertEqual(entry.client_name, b"me")

    def test_some_are_never_logged(self) -> None:
        """EXEC is not, its commands are."""
        self.start(slowlog_log_slower_than=0)
        self.took("EXEC", MILLISECOND)

        self.assertEqual(len(self.timings.slow_log), 0)

    def test_a_negative_threshold_logs_nothing(self) -> None:
        """Whatever it took."""
        self.start(slowlog_log_slower_than=-1)
        self.took("GET", 10**12)

        self.assertEqual(len(self.timings.slow_log), 0)

    def test_events(self) -> None:
        """Fast commands and others are two events, from the threshold on."""
        self.start(latency_monitor_threshold=5)
        for name in ("GET", "KEYS"):
            self.took(name, 5 * MILLISECOND - 1)
            self.took(name, 5 * MILLISECOND)
        self.timings.held_up("fork", 7 * MILLISECOND)

        events = {name: event.worst for name, event in self.timings.events.items()}
        self.assertEqual(events, {"fast-command": 5, "command": 5, "fork": 7})

    def test_no_threshold_no_events(self) -> None:
        """They are switched off by default."""
        self.start()
        self.timings.held_up("fork", 10**12)

        self.assertEqual(self.timings.events.items(), [])

    def test_histograms(self) -> None:
        """Durations are counted unless that is switched off; a reset forgets them."""
        self.start()
        self.took("GET", 500)
        self.took("GET", 5 * MILLISECOND)
        histogram = self.commands["GET"].histogram
        assert histogram is not None
        self.assertEqual(histogram.total, 2)
        self.session.do("CONFIG", "RESETSTAT")
        self.assertIsNone(self.commands["GET"].histogram)

        self.session.do("CONFIG", "SET", "latency-tracking", "no")
        self.took("GET", 500)
        self.assertIsNone(self.commands["GET"].histogram)

    def test_short_thresholds_send_all_commands_the_long_way(self) -> None:
        """Only there all of them are timed one by one."""
        self.start()
        dispatcher = self.session.server.dispatcher
        self.assertFalse(dispatcher.special)
        self.assertEqual(self.timings.long_ns, 10 * MILLISECOND)
        self.session.do("CONFIG", "SET", "slowlog-log-slower-than", 999)
        self.assertTrue(dispatcher.special)
        self.session.do("CONFIG", "SET", "slowlog-log-slower-than", 1000)
        self.assertFalse(dispatcher.special)

    def test_the_length_holds_at_once(self) -> None:
        """CONFIG SET slowlog-max-len forgets the oldest."""
        self.start(slowlog_log_slower_than=1000)
        for _ in range(5):
            self.took("GET", MILLISECOND)
        self.session.do("CONFIG", "SET", "slowlog-max-len", 2)

        self.assertEqual(len(self.timings.slow_log), 2)
