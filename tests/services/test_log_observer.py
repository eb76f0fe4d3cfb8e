"""Tests of pyredis.services.log_observer: the log in Redis' form."""

from __future__ import annotations

import io
import re
from typing import Any

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.log_observer import RedisLogObserver, SyslogObserver

LINE = re.compile(
    r"(\d+):M \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) (.*)", re.DOTALL
)


class LogObserverTestCase(SynchronousTestCase):
    """A log that is kept."""

    def setUp(self) -> None:
        """Begin a log."""
        self.stream = io.StringIO()
        self.level = "notice"
        self.observer = RedisLogObserver(self.stream, 4711, lambda: self.level)
        self.publisher = LogPublisher(self.observer)
        self.log = Logger(namespace="pyredis", observer=self.publisher)

    def lines(self) -> list[tuple[str, str]]:
        """Return sign and text of each line."""
        found = []
        for line in self.stream.getvalue().splitlines():
            match = LINE.fullmatch(line)
            assert match is not None and match[1] == "4711", line
            found.append((match[2], match[3]))
        return found


class RoleTests(LogObserverTestCase):
    """What the server is at the time."""

    def test_a_replica_says_so(self) -> None:
        """From when it is one, as long as it is."""
        self.observer.is_replica = iter((False, True, False)).__next__
        for text in "abc":
            self.log.info(text)
        self.assertEqual(re.findall("4711:(.) ", self.stream.getvalue()), ["M", "S", "M"])


class FormTests(LogObserverTestCase):
    """What a line looks like."""

    def test_a_line(self) -> None:
        """Process, role, day, time, sign, text."""
        self.log.info("Server initialized")

        self.assertEqual(self.lines(), [("*", "Server initialized")])

    def test_the_time(self) -> None:
        """The time is the event's, to the millisecond."""
        for moment, milliseconds in (
            (1_700_000_000.25, "250"),
            (1_700_000_000.0, "000"),
            (1_700_000_000.9999, "999"),
        ):
            self.observer({"log_level": LogLevel.info, "log_format": "x", "log_time": moment})
            last = self.stream.getvalue().splitlines()[-1]

            self.assertRegex(last, rf"^4711:M \d\d Nov 2023 \d\d:\d\d:20\.{milliseconds} \* x$")

    def test_signs(self) -> None:
        """Each level has its sign."""
        self.level = "debug"
        for level in ("debug", "info", "warn", "error", "critical"):
            getattr(self.log, level)(level)

        self.assertEqual(
            self.lines(),
            [(".", "debug"), ("*", "info"), ("#", "warn"), ("#", "error"), ("#", "critical")],
        )

    def test_fields(self) -> None:
        """Fields are put into the text, braces in them do no harm."""
        self.log.info("Client {id} said {word}", id=5, word="{nonsense}")

        self.assertEqual(self.lines(), [("*", "Client 5 said {nonsense}")])

    def test_a_traceback(self) -> None:
        """A failure's traceback follows its line, indented."""
        try:
            raise ZeroDivisionError("of course")
        except ZeroDivisionError:
            self.log.failure("It failed")
        first, *rest = self.stream.getvalue().splitlines()

        self.assertRegex(first, r"# It failed$")
        self.assertTrue(all(line.startswith("    ") for line in rest), rest)
        self.assertIn("of course", rest[-1])

    def test_nothing_to_say(self) -> None:
        """An event without a text is no line."""
        self.observer({"log_level": LogLevel.info})

        self.assertEqual(self.stream.getvalue(), "")

    def test_flushed(self) -> None:
        """Each line is out at once: service managers and tests wait for them."""
        flushed: list[str] = []
        self.stream.flush = lambda: flushed.append(  # type: ignore[method-assign]
            self.stream.getvalue()
        )
        self.log.info("one")
        self.log.info("two")

        self.assertEqual([text.count("\n") for text in flushed], [1, 2])


class LevelTests(LogObserverTestCase):
    """``loglevel`` decides what is shown."""

    def shown(self, level: str) -> list[str]:
        """Return which levels are shown."""
        self.level = level
        self.stream.truncate(0)
        self.stream.seek(0)
        for name in ("debug", "info", "warn", "error"):
            getattr(self.log, name)(name)
        return [text for _, text in self.lines()]

    def test_levels(self) -> None:
        """From everything to nothing, changed at any time."""
        for level, shown in (
            ("debug", ["debug", "info", "warn", "error"]),
            ("verbose", ["info", "warn", "error"]),
            ("notice", ["info", "warn", "error"]),
            ("warning", ["warn", "error"]),
            ("nothing", []),
        ):
            with self.subTest(level):
                self.assertEqual(self.shown(level), shown)

    def test_what_twisted_says(self) -> None:
        """What Twisted says of ports it opens and closes is a detail; its errors are not."""
        event: dict[str, Any] = {
            "log_namespace": "log_legacy",
            "log_level": LogLevel.info,
            "log_format": "{log_text}",
            "log_text": "RedisFactory starting on 6379",
        }
        self.observer(event)
        self.assertEqual(self.lines(), [])
        self.observer({**event, "log_level": LogLevel.critical, "log_text": "Unhandled Error"})
        self.level = "debug"
        self.observer(event)

        self.assertEqual(
            self.lines(), [("#", "Unhandled Error"), (".", "RedisFactory starting on 6379")]
        )


class VerboseTests(LogObserverTestCase):
    """What is shown to those alone who want to know much."""

    def test_shown(self) -> None:
        """From loglevel verbose on, with a sign of its own."""
        for level, lines in (("notice", []), ("verbose", [("-", "x")]), ("nothing", [])):
            self.level = level
            self.stream.truncate(0)
            self.stream.seek(0)
            self.log.info("x", verbose=True)
            self.assertEqual(self.lines(), lines)


class SyslogTests(SynchronousTestCase):
    """Syslog gets what the log gets."""

    def test_priorities(self) -> None:
        """Each level has its priority; what is not shown is not handed on."""
        told: list[tuple[int, str]] = []
        level = "debug"
        observer = SyslogObserver(lambda *line: told.append(line), lambda: level)
        log = Logger(namespace="pyredis", observer=LogPublisher(observer))
        log.debug("d")
        log.info("v", verbose=True)
        log.info("n")
        log.warn("w")
        log.error("two\nlines")
        level = "warning"
        log.info("n")

        self.assertEqual(told, [(7, "d"), (6, "v"), (5, "n"), (4, "w"), (4, "two"), (4, "lines")])
