"""
The log as Redis writes it: ``pid:role day time sign message``, one flushed line an event.

Service managers, log shippers and Redis' own test suite read this form. The
``loglevel`` decides what is shown; a traceback follows its line, indented.
Twisted has no level between info and debug: an event of info that is marked
``verbose=True`` is shown from ``loglevel verbose`` on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from twisted.logger import LogLevel, formatEvent

_SIGNS = {
    LogLevel.debug: ".",
    LogLevel.info: "*",
    LogLevel.warn: "#",
    LogLevel.error: "#",
    LogLevel.critical: "#",
}
_VERBOSE_SIGN = "-"
_THRESHOLDS = {
    "debug": LogLevel.debug,
    "verbose": LogLevel.info,
    "notice": LogLevel.info,
    "warning": LogLevel.warn,
}
# Twisted's own words, about ports it opens and closes, come without a level.
_OF_TWISTED = "log_legacy"


class RedisLogObserver:
    """
    Writes log events in Redis' form.

    Args:
        stream: Where lines go.
        process_id: Shown before each.
        level: Returns the current ``loglevel``.
    """

    def __init__(self, stream: TextIO, process_id: int, level: Callable[[], str]) -> None:
        self._stream = stream
        self._process_id = process_id
        self._level = level

    def __call__(self, event: Any) -> None:
        """Write one event if its level is shown."""
        level = event.get("log_level", LogLevel.info)
        if level is LogLevel.info and event.get("log_namespace") == _OF_TWISTED:
            level = LogLevel.debug
        wanted = self._level()
        threshold = _THRESHOLDS.get(wanted)
        if threshold is None or level < threshold:
            return
        is_verbose = bool(event.get("verbose"))
        if is_verbose and wanted == "notice":
            return
        text = formatEvent(event)
        if not text:
            return
        if (failure := event.get("log_failure")) is not None:
            text += ("\n" + failure.getTraceback().rstrip()).replace("\n", "\n    ")
        sign = _VERBOSE_SIGN if is_verbose else _SIGNS[level]
        self._stream.write(self._prefix(event, sign) + text + "\n")
        self._stream.flush()

    def _prefix(self, event: Any, sign: str) -> str:
        moment = event.get("log_time", 0.0)
        day = time.strftime("%d %b %Y %H:%M:%S", time.localtime(moment))
        milliseconds = int(moment * 1000) % 1000
        return f"{self._process_id}:M {day}.{milliseconds:03d} {sign} "
