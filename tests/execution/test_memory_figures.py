"""Tests of pyredis.execution.memory_figures."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client_lines import CLIENT_BYTES
from pyredis.execution.memory_figures import MemoryFigures
from tests.commands.session import Session


class MemoryFiguresTests(SynchronousTestCase):
    """What the memory is used for."""

    def setUp(self) -> None:
        """Start a server that takes ten megabytes."""
        self.session = Session()
        self.session.server.facts.update(
            used_memory=10_000_000,
            used_memory_rss=15_000_000,
            used_memory_peak=9_000_000,
            used_memory_startup=4_000_000,
        )

    def test_what_is_no_overhead_is_data(self) -> None:
        """Start, connections, tables and buffers are overhead."""
        self.session.do("SET", "k", "v")
        self.session.server.facts["mem_replication_backlog"] = 1000
        self.session.server.statistics.client_buffers = 500
        figures = MemoryFigures(self.session.server)

        [tables] = figures.tables
        self.assertEqual(figures.clients, CLIENT_BYTES + 500)
        self.assertEqual(
            figures.overhead,
            4_000_000 + figures.clients + 1000 + tables.keys + tables.deadlines,
        )
        self.assertEqual(figures.dataset + figures.overhead, figures.used)
        self.assertEqual(figures.key_count, 1)

    def test_the_peak_is_not_below_what_is_used(self) -> None:
        """The system may tell of it late."""
        figures = MemoryFigures(self.session.server)

        self.assertEqual((figures.peak, figures.peak_percentage), (10_000_000, 100))

    def test_ratios(self) -> None:
        """Of what was added since the start, and of what is resident."""
        figures = MemoryFigures(self.session.server)

        self.assertEqual(figures.since_startup, 6_000_000)
        self.assertEqual(round(figures.dataset_percentage), 100)
        self.assertEqual(figures.resident_ratio, 1.5)

    def test_where_nothing_is_known(self) -> None:
        """All is 0, and nothing is divided by it."""
        self.session.server.facts.clear()
        figures = MemoryFigures(self.session.server)

        self.assertEqual((figures.used, figures.peak_percentage, figures.resident_ratio), (0, 0, 0))
