"""Tests of pyredis.commands.memory."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import NoHost
from pyredis.wire.replies import OK, Double, Verbatim
from tests.commands.session import Session

MEGABYTE = 1 << 20


class PurgedHost(NoHost):
    """A process that notes that memory was to be given back."""

    purged = 0

    def release_memory(self) -> None:
        """Note it."""
        self.purged += 1


class MemoryCase(SynchronousTestCase):
    """A server of 100 megabytes."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session()
        self.facts = self.session.server.facts
        self.facts.update(
            used_memory=100 * MEGABYTE,
            used_memory_rss=110 * MEGABYTE,
            used_memory_peak=120 * MEGABYTE,
            used_memory_startup=20 * MEGABYTE,
        )
        self.do = self.session.do


class UsageTests(MemoryCase):
    """MEMORY USAGE."""

    def test_larger_values_take_more(self) -> None:
        """What is not there takes nothing at all."""
        self.do("SET", "short", "x")
        self.do("SET", "long", "x" * 10_000)

        self.assertIsNone(self.do("MEMORY", "USAGE", "missing"))
        difference = self.do("MEMORY", "USAGE", "long") - self.do("MEMORY", "USAGE", "short")
        self.assertLess(abs(difference - 9_999), 200)

    def test_it_is_no_access(self) -> None:
        """Neither hit nor miss."""
        self.do("SET", "k", "v")
        self.do("MEMORY", "USAGE", "k", "SAMPLES", 0)
        self.do("MEMORY", "USAGE", "x", "samples", 3)

        self.assertEqual((self.session.db.hits, self.session.db.misses), (0, 0))

    def test_options(self) -> None:
        """One that is known, with a number that is not negative."""
        for words in (["x"], ["SAMPLES"], ["SAMPLES", "-1"], ["SAMPLES", "1", "x"]):
            self.assertEqual(
                self.session.error("MEMORY", "USAGE", "k", *words), b"ERR syntax error"
            )
        self.assertEqual(
            self.session.error("MEMORY", "USAGE", "k", "SAMPLES", "x"),
            b"ERR value is not an integer or out of range",
        )


class StatsTests(MemoryCase):
    """MEMORY STATS."""

    def test_the_fields(self) -> None:
        """Bytes are integers, ratios doubles; databases with keys are maps inside."""
        self.do("SET", "k", "v")
        self.do("SELECT", 3)
        self.do("SET", "k", "v")
        stats = self.do("MEMORY", "STATS")

        self.assertEqual(stats[b"total.allocated"], 100 * MEGABYTE)
        self.assertEqual(stats[b"keys.count"], 2)
        self.assertEqual(stats[b"keys.bytes-per-key"], 40 * MEGABYTE)
        self.assertIsInstance(stats[b"dataset.percentage"], Double)
        self.assertEqual(stats[b"fragmentation.bytes"], 10 * MEGABYTE)
        self.assertGreater(stats[b"db.3"][b"overhead.hashtable.main"], 0)
        self.assertNotIn(b"db.1", stats)
        self.assertEqual(len(stats), 29)


class DoctorTests(MemoryCase):
    """MEMORY DOCTOR."""

    def report(self) -> bytes:
        """Return its report."""
        text: bytes = self.do("MEMORY", "DOCTOR").text
        return text

    def test_nothing_to_say(self) -> None:
        """Of an empty server, and of a healthy one."""
        self.assertIn(b"nothing remarkable", self.report())
        self.facts["used_memory"] = 21 * MEGABYTE
        self.assertIn(b"holds little data", self.report())

    def test_findings(self) -> None:
        """A peak long ago, gaps, clients that do not read, too many scripts."""
        self.facts.update(
            used_memory_peak=200 * MEGABYTE,
            used_memory_rss=150 * MEGABYTE,
            number_of_cached_scripts=2000,
        )
        self.session.server.statistics.client_buffers = MEGABYTE
        report = self.report()

        for word in (b"MEMORY PURGE", b"gaps", b"CLIENT LIST", b"scripts"):
            self.assertIn(word, report)


class ProcessTests(MemoryCase):
    """What concerns the process."""

    def test_purge(self) -> None:
        """The process gives back what it can."""
        host = self.session.server.host = PurgedHost()

        self.assertEqual(self.do("MEMORY", "PURGE"), OK)
        self.assertEqual(host.purged, 1)

    def test_malloc_stats(self) -> None:
        """What the allocator says of itself, or Redis' words if it says nothing."""
        self.assertEqual(
            self.do("MEMORY", "MALLOC-STATS"), b"Stats not supported for the current allocator"
        )
        self.facts["malloc_stats"] = lambda: b"class size"

        reply = self.do("MEMORY", "MALLOC-STATS")
        assert isinstance(reply, Verbatim)
        self.assertEqual(reply.text, b"class size")

    def test_help(self) -> None:
        """It lists the subcommands."""
        self.assertIn(
            b"USAGE key [SAMPLES count]", [line.text for line in self.do("MEMORY", "HELP")]
        )
