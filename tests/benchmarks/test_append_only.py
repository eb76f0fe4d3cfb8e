"""Tests of benchmarks.append_only."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.append_only import arguments_for, durable
from benchmarks.servers import redis_command
from benchmarks.throughput import parser


class ArgumentTests(SynchronousTestCase):
    """How the servers are started."""

    def test_both_write_an_append_only_file(self) -> None:
        """With the same policy, and no rewrite in between."""
        options = parser().parse_args(arguments_for("always", []))
        for command in (options.server, options.reference):
            self.assertIn("--appendonly yes --appendfsync always", command)
            self.assertNotIn("--appendonly no", command)
        self.assertEqual(options.pipelines, [1, 16])

    def test_what_is_given_wins(self) -> None:
        """As with any option given twice."""
        options = parser().parse_args(arguments_for("everysec", ["--pipelines", "4"]))
        self.assertEqual(options.pipelines, [4])

    def test_a_command(self) -> None:
        """All else stays as it is."""
        self.assertTrue(durable(redis_command(), "no").startswith("redis-server --port {port}"))
