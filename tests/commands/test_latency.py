"""Tests of pyredis.commands.latency."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import START_S, Session

MILLISECOND = 1_000_000


class LatencyCase(SynchronousTestCase):
    """A server that notes what holds it up for ten milliseconds."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session(latency_monitor_threshold=10)
        self.timings = self.session.server.timings
        self.do = self.session.do

    def hold_up(self, event: str, *milliseconds: int) -> None:
        """Let something happen, once a second."""
        for each in milliseconds:
            self.session.clock.advance(1)
            self.session.server.keyspace.refresh_now()
            self.timings.held_up(event, each * MILLISECOND)


class EventTests(LatencyCase):
    """LATEST, HISTORY and RESET."""

    def test_latest(self) -> None:
        """The last sample and the worst."""
        self.hold_up("command", 50, 20)
        self.hold_up("fork", 30)

        self.assertEqual(
            self.do("LATENCY", "LATEST"),
            [[b"command", START_S + 2, 20, 50], [b"fork", START_S + 3, 30, 30]],
        )

    def test_history(self) -> None:
        """All samples; of what never happened there are none."""
        self.hold_up("command", 50, 20)

        self.assertEqual(
            self.do("LATENCY", "HISTORY", "command"), [[START_S + 1, 50], [START_S + 2, 20]]
        )
        self.assertEqual(self.do("LATENCY", "HISTORY", "foo"), [])

    def test_reset(self) -> None:
        """Named events or all; how many is answered."""
        self.hold_up("command", 50)
        self.hold_up("fork", 50)
        self.hold_up("expire-cycle", 50)

        self.assertEqual(self.do("LATENCY", "RESET", "FORK", "foo"), 1)
        self.assertEqual(self.do("LATENCY", "RESET"), 2)
        self.assertEqual(self.do("LATENCY", "LATEST"), [])


class GraphTests(LatencyCase):
    """GRAPH."""

    def test_a_graph(self) -> None:
        """Labels say how long ago in the largest unit that fits."""
        self.hold_up("command", 50)
        self.session.clock.advance(2 * 86400)
        self.hold_up("command", 20)
        self.session.clock.advance(7200)
        self.hold_up("command", 30)
        self.session.clock.advance(120)
        self.hold_up("command", 40)
        lines = self.do("LATENCY", "GRAPH", "command").text.decode().split("\n")

        self.assertEqual(lines[0], "command - high 50 ms, low 20 ms (all time high 50 ms)")
        self.assertEqual(lines[1], "-" * 80)
        self.assertEqual(lines[7:], ["2220", "dhms", ""])

    def test_of_what_never_happened(self) -> None:
        """There is nothing to draw."""
        self.assertEqual(
            self.session.error("LATENCY", "GRAPH", "foo"),
            b"ERR No samples available for event 'foo'",
        )


class HistogramTests(LatencyCase):
    """HISTOGRAM."""

    def setUp(self) -> None:
        """Let commands take some time."""
        super().setUp()
        self.do("CONFIG", "RESETSTAT")
        table = self.session.server.table.commands
        for command, nanoseconds in (
            (table["SET"], 900),
            (table["SET"], 5000),
            (table["CLIENT"].subcommands["ID"], 700),
        ):
            self.timings.took(self.session.client, command, (), nanoseconds)

    def test_all_commands_that_ran(self) -> None:
        """The reset itself is the first."""
        reply = self.do("LATENCY", "HISTOGRAM")

        self.assertEqual(set(reply), {b"config|resetstat", b"set", b"client|id"})
        self.assertEqual(reply[b"set"], {b"calls": 2, b"histogram_usec": {1: 1, 8: 2}})

    def test_commands_by_name(self) -> None:
        """A container stands for its subcommands; unknown names are passed over."""
        self.assertEqual(set(self.do("LATENCY", "HISTOGRAM", "client")), {b"client|id"})
        self.assertEqual(set(self.do("LATENCY", "HISTOGRAM", "client|id")), {b"client|id"})
        self.assertEqual(set(self.do("LATENCY", "HISTOGRAM", "foo", "SET", "get")), {b"set"})


class DoctorTests(LatencyCase):
    """DOCTOR."""

    def report(self) -> str:
        """Return its report."""
        return str(self.do("LATENCY", "DOCTOR").text.decode())

    def test_when_nothing_is_watched(self) -> None:
        """It says how to watch."""
        self.do("CONFIG", "SET", "latency-monitor-threshold", 0)

        self.assertIn("CONFIG SET latency-monitor-threshold", self.report())

    def test_when_nothing_happened(self) -> None:
        """It says so."""
        self.assertIn("Nothing held up this server for 10 milliseconds", self.report())

    def test_figures_and_advice(self) -> None:
        """Each event is summed up; what may help depends on it."""
        for event in ("command", "fast-command", "fork", "eviction-del", "aof-fsync-always"):
            self.hold_up(event, 50, 30)
        self.hold_up("expire-cycle", 20)
        report = self.report()

        self.assertIn(
            "1. command: 2 latency spikes (average 40ms, mean deviation 10ms, period 5.00 sec). "
            "Worst all time event 50ms.",
            report,
        )
        for word in ("SLOWLOG GET", "processor", "Forking", "maxmemory", "disk", "hz"):
            self.assertIn(word, report)
        self.assertNotIn("slowlog-log-slower-than", report)

    def test_a_slow_log_that_misses_what_counts(self) -> None:
        """Its threshold should not be above that of the events."""
        self.do("CONFIG", "SET", "slowlog-log-slower-than", 20_000)
        self.hold_up("command", 50)

        self.assertIn("CONFIG SET slowlog-log-slower-than 10000", self.report())


class HelpTests(LatencyCase):
    """HELP."""

    def test_help(self) -> None:
        """It takes no more words."""
        self.assertIn(b"GRAPH event", [line.text for line in self.do("LATENCY", "HELP")])
        self.assertEqual(
            self.session.error("LATENCY", "HELP", "x"),
            b"ERR wrong number of arguments for 'latency|help' command",
        )
