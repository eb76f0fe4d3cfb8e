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
# As syslog numbers them: debug, info, notice, warning.
_PRIORITIES = {".": 7, "-": 6, "*": 5, "#": 4}
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

    Attributes:
        is_replica: Returns whether the server is one, which each line says.
    """

    def __init__(self, stream: TextIO, process_id: int, level: Callable[[], str]) -> None:
        self._stream = stream
        self._process_id = process_id
        self._level = level
        self.is_replica: Callable[[], bool] = bool

    def __call__(self, event: Any) -> None:
        """Write one event if its level is shown."""
        sign = _sign_of(event, self._level())
        if not sign or not (text := _text_of(event)):
            return
        self._stream.write(self._prefix(event, sign) + text + "\n")
        self._stream.flush()

    def _prefix(self, event: Any, sign: str) -> str:
        moment = event.get("log_time", 0.0)
        day = time.strftime("%d %b %Y %H:%M:%S", time.localtime(moment))
        milliseconds = int(moment * 1000) % 1000
        role = "S" if self.is_replica() else "M"
        return f"{self._process_id}:{role} {day}.{milliseconds:03d} {sign} "


class SyslogObserver:
    """
    Hands log events to syslog, a line each.

    Args:
        write: Takes a priority of syslog and a line.
        level: Returns the current ``loglevel``.
    """

    def __init__(self, write: Callable[[int, str], object], level: Callable[[], str]) -> None:
        self._write = write
        self._level = level

    def __call__(self, event: Any) -> None:
        """Hand on one event if its level is shown."""
        sign = _sign_of(event, self._level())
        if not sign:
            return
        for line in _text_of(event).splitlines():
            self._write(_PRIORITIES[sign], line)


def _sign_of(event: Any, wanted: str) -> str:
    """
    Return the sign of an event's level, nothing if it is not shown.

    Args:
        event: What happened.
        wanted: The ``loglevel``.
    """
    level = event.get("log_level", LogLevel.info)
    if level is LogLevel.info and event.get("log_namespace") == _OF_TWISTED:
        level = LogLevel.debug
    threshold = _THRESHOLDS.get(wanted)
    if threshold is None or level < threshold:
        return ""
    if event.get("verbose"):
        return "" if wanted == "notice" else _VERBOSE_SIGN
    return _SIGNS[level]


def _text_of(event: Any) -> str:
    """Return an event's text, with the traceback indented below if there is one."""
    text = formatEvent(event)
    if text and (failure := event.get("log_failure")) is not None:
        text += ("\n" + failure.getTraceback().rstrip()).replace("\n", "\n    ")
    return text
