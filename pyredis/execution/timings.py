"""
What becomes of the time that commands took: slow log, latency events, histograms.

The dispatcher tells of a command when it is over. On its short way it tells
only of what took a millisecond or more, which costs the others nothing; while
the slow log wants to know of shorter ones, all commands go the long way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyredis.execution.latencies import LatencyHistogram
from pyredis.execution.latency_events import LatencyEvents
from pyredis.execution.slow_log import SlowLog

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command

_NS_IN_US = 1000
_NS_IN_MS = 1_000_000
_NEVER = 1 << 62
_REASON = "slow log"


class Timings:
    """
    The timings of one server.

    Args:
        server: Whose commands are timed; its settings say what is worth telling.

    Attributes:
        slow_log: Commands over ``slowlog-log-slower-than``.
        events: What held up the server for ``latency-monitor-threshold``.
        are_counted: Whether durations go into histograms (``latency-tracking``).
        long_ns: From which duration on slow log or events want to know of a command.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._slow_us = -1
        self._event_ms = 0
        self.are_counted = True
        self.long_ns = _NEVER
        self.slow_log = SlowLog()
        self.events = LatencyEvents()
        names = (
            "slowlog-log-slower-than",
            "slowlog-max-len",
            "latency-monitor-threshold",
            "latency-tracking",
        )
        server.settings.observe(names, self.apply_settings)
        self.apply_settings()

    def apply_settings(self) -> None:
        """Take over the thresholds."""
        settings = self._server.settings
        self._slow_us = settings.slowlog_log_slower_than
        self._event_ms = settings.latency_monitor_threshold
        self.are_counted = settings.latency_tracking
        if not self.are_counted:
            for command in self._server.table.every():
                command.histogram = None
        self.slow_log.limit = settings.slowlog_max_len
        if self._slow_us >= 0:
            self.slow_log.trim()
        slow_ns = self._slow_us * _NS_IN_US if self._slow_us >= 0 else _NEVER
        self.long_ns = min(slow_ns, self._event_ms * _NS_IN_MS or _NEVER)
        dispatcher = self._server.dispatcher
        if slow_ns < _NS_IN_MS:
            dispatcher.watch_over(_REASON)
        else:
            dispatcher.let_go(_REASON)

    def took(
        self, client: Client, command: Command, argv: Sequence[bytes], nanoseconds: int
    ) -> None:
        """
        Note how long a command took.

        Args:
            client: Who ran it.
            command: What ran.
            argv: The request, without what must not be shown.
            nanoseconds: How long.
        """
        if self.are_counted:
            self.count(command, nanoseconds)
        if nanoseconds >= self.long_ns:
            self.took_long(client, command, argv, nanoseconds)

    def count(self, command: Command, nanoseconds: int, times: int = 1) -> None:
        """Count in the command's histogram how long each of some calls took."""
        histogram = command.histogram
        if histogram is None:
            histogram = command.histogram = LatencyHistogram()
        histogram.record(nanoseconds, times)

    def took_long(
        self, client: Client, command: Command, argv: Sequence[bytes], nanoseconds: int
    ) -> None:
        """Note a command that took :attr:`long_ns` or more, but count it in no histogram."""
        if self._event_ms:
            self.held_up("fast-command" if command.is_fast else "command", nanoseconds)
        if 0 <= self._slow_us * _NS_IN_US <= nanoseconds and not command.skip_slowlog:
            self.slow_log.add(
                argv,
                nanoseconds // _NS_IN_US,
                self._server.keyspace.now_ms // 1000,
                client.address,
                client.name,
            )

    def held_up(self, event: str, nanoseconds: int) -> None:
        """Note that something held up the server, if it did so for long enough."""
        milliseconds = nanoseconds // _NS_IN_MS
        if self._event_ms and milliseconds >= self._event_ms:
            self.events.add(event, milliseconds, self._server.keyspace.now_ms // 1000)
