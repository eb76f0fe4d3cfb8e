"""Tests of benchmarks.throughput."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.throughput import Case, cases_of, parser, told

TOLD = """\
Latency by percentile distribution:
0.000% <= 0.031 milliseconds (cumulative count 16)
50.000% <= 0.463 milliseconds (cumulative count 10352)
98.438% <= 1.527 milliseconds (cumulative count 19696)
99.219% <= 1.551 milliseconds (cumulative count 19872)
99.902% <= 1.575 milliseconds (cumulative count 19984)
100.000% <= 1.583 milliseconds (cumulative count 20000)

Cumulative distribution of latencies:
99.999% <= 0.103 milliseconds (cumulative count 96)

Summary:
  throughput summary: 1250000.00 requests per second
"""


class ReportOfRedisBenchmarkTests(SynchronousTestCase):
    """What is read from redis-benchmark's output."""

    def test_throughput_and_latency(self) -> None:
        """A percentile is what the first step tells that reaches it."""
        rate, latency_ms = told(TOLD)

        self.assertEqual(1_250_000.0, rate)
        self.assertEqual({"p50": 0.463, "p99": 1.551, "p99.9": 1.575}, latency_ms)

    def test_no_result(self) -> None:
        """An error of the server's is not taken for one."""
        self.assertRaises(ValueError, told, "Error from server: ERR unknown command\n")


class CaseTests(SynchronousTestCase):
    """What is measured."""

    def cases(self, *words: str) -> list[Case]:
        """Return the cases of a command line."""
        return cases_of(parser().parse_args(words))

    def test_without_options(self) -> None:
        """All standard tests as usual, SET and GET with other clients or other values."""
        cases = self.cases()

        usual = {c.workload.name for c in cases if c.result.label == c.result.test}
        others = {c.result.label for c in cases if c.result.label != c.result.test}
        self.assertEqual(16, len(usual))
        self.assertEqual(
            {
                f"{name} {option}"
                for name in ("SET", "GET")
                for option in ("-c 1", "-c 500", "-d 1024", "-d 65536")
            },
            others,
        )

    def test_what_is_asked_for(self) -> None:
        """With each number of clients and bytes, and nothing else."""
        cases = self.cases(
            "--tests", "GET", "--pipelines", "4", "--clients", "1,2", "--data-sizes", "3,9"
        )

        self.assertEqual(
            ["GET -c 1", "GET -c 2", "GET -c 1 -d 9", "GET -c 2 -d 9"],
            sorted((case.result.label for case in cases), key=len),
        )

    def test_full(self) -> None:
        """Everything with everything, but for what makes no difference or does not fit."""
        labels = {(case.result.label, case.result.pipeline) for case in self.cases("--full")}

        self.assertIn(("SET -c 500 -d 65536", 16), labels)
        self.assertIn(("LRANGE_100 -c 1 -d 65536", 16), labels)
        self.assertNotIn(("MSET -c 500 -d 65536", 16), labels)
        self.assertNotIn(("LRANGE_600 -c 500 -d 65536", 100), labels)
        self.assertNotIn(("PING_MBULK -d 1024", 1), labels)

    def test_large_values_are_fewer(self) -> None:
        """They fit into the memory meant for them."""
        (case,) = self.cases("--tests", "SET", "--pipelines", "1", "--data-sizes", "65536")

        self.assertEqual(1024, case.most_requests)
