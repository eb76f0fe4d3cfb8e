"""Tests of benchmarks.report."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.report import (
    Measurement,
    Report,
    Result,
    percentile,
    print_table,
    save_json,
    save_markdown,
)


def result_of(ours: list[float], reference: list[float]) -> Result:
    """Return a result with these requests a second, each at one microsecond of CPU."""
    measurements = {
        "pyredis": [Measurement(rate, 2.0, 1000) for rate in ours],
        "redis-server": [Measurement(rate, 1.0, 1000) for rate in reference],
    }
    return Result("GET", 16, measurements)


def report_of(result: Result) -> Report:
    """Return a report with one result in it."""
    about = {
        "date": "today",
        "cpus": 2,
        "cpu": "slow",
        "system": "Linux",
        "python": "3.11",
        "versions": {"redis-server": "7.0.15", "pyredis": "0.1"},
    }
    settings = {"clients": 50, "commands": {"redis-server": "a", "pyredis": "b"}}
    return Report(about, settings, len(result.pairs()), [result])


class ResultTests(SynchronousTestCase):
    """What is made of the single runs."""

    def test_a_ratio_is_taken_within_a_round(self) -> None:
        """A machine that slows down for a whole round does not change the ratio."""
        result = result_of([50.0, 5.0, 60.0], [100.0, 10.0, 100.0])

        ratio = result.rate_ratio()

        assert ratio is not None
        self.assertEqual((0.5, 0.5, 0.6), (ratio.median, ratio.least, ratio.greatest))

    def test_a_run_without_measurable_cpu_gives_no_cpu_ratio(self) -> None:
        """No ratio is made of a reference that spent less than a clock tick."""
        result = Result("GET", 1, {"pyredis": [Measurement(1.0, 1.0, 1)]})
        result.measurements["redis-server"] = [Measurement(1.0, 0.0, 1)]

        self.assertIsNone(result.cpu_ratio())

    def test_a_failure_of_the_third_server_leaves_the_pair_valid(self) -> None:
        """Only the two servers compared decide whether a test was measured."""
        result = result_of([1.0], [1.0])
        result.errors["fakeredis"] = "no end"

        self.assertEqual("", result.failed)

    def test_latencies_are_compared_by_percentile(self) -> None:
        """Where both servers have one."""
        ours, theirs = (
            Measurement(1.0, 1.0, 1, {"p50": 3.0}),
            Measurement(1.0, 1.0, 1, {"p50": 2.0}),
        )
        result = Result("GET", 1, {"pyredis": [ours], "redis-server": [theirs]})

        ratio = result.latency_ratio("p50")

        assert ratio is not None
        self.assertEqual(1.5, ratio.median)
        self.assertIsNone(result.latency_ratio("p99"))

    def test_the_label_names_what_is_unusual(self) -> None:
        """Other clients than fifty, other values than three bytes."""
        self.assertEqual("GET", Result("GET", 1).label)
        self.assertEqual("GET -c 1 -d 9", Result("GET", 1, clients=1, data_bytes=9).label)

    def test_percentiles(self) -> None:
        """A percentile is one of the figures."""
        figures = [float(number) for number in range(1, 1001)]

        self.assertEqual(500.0, percentile(figures, 50.0))
        self.assertEqual(999.0, percentile(figures, 99.9))
        self.assertEqual(7.0, percentile([7.0], 0.0))


class OutputTests(SynchronousTestCase):
    """What a reader gets to see."""

    def printed(self, report: Report) -> str:
        """Return the table."""
        with redirect_stdout(io.StringIO()) as output:
            print_table(report)
        return output.getvalue()

    def saved(self, report: Report) -> dict[str, Any]:
        """Return the JSON document, read back."""
        with TemporaryDirectory() as directory, redirect_stderr(io.StringIO()):
            path = Path(directory, "below", "figures.json")
            save_json(report, path)
            document: dict[str, Any] = json.loads(path.read_text())
        return document

    def test_five_rounds_give_ratios(self) -> None:
        """The table and the document hold the median, the least and the greatest ratio."""
        report = report_of(result_of([50.0, 60.0, 70.0, 80.0, 90.0], [100.0] * 5))

        self.assertIn("0.70 [0.50-0.90]", self.printed(report))
        self.assertIn("2.00 [2.00-2.00]", self.printed(report))
        self.assertEqual(
            {"median": 0.7, "least": 0.5, "greatest": 0.9},
            self.saved(report)["results"][0]["ratios"]["pyredis"]["throughput"],
        )

    def test_a_table_for_documents(self) -> None:
        """It has a row for each test, and there is none of too few rounds."""
        with TemporaryDirectory() as directory, redirect_stderr(io.StringIO()):
            path = Path(directory, "table.md")
            save_markdown(report_of(result_of([50.0] * 4, [100.0] * 4)), path)
            self.assertFalse(path.exists())
            save_markdown(report_of(result_of([50.0] * 5, [100.0] * 5)), path)
            table = path.read_text().splitlines()

        self.assertEqual(
            "| GET | 16 | 100 | 50 | 0.50 [0.50-0.50] | 2.00 [2.00-2.00] | - | - | - |", table[2]
        )
        self.assertEqual(1, len({line.count("|") for line in table}))

    def test_fewer_rounds_give_raw_figures_only(self) -> None:
        """A look at four rounds says that it must not be quoted, and shows no ratio."""
        report = report_of(result_of([50.0] * 4, [100.0] * 4))

        table, document = self.printed(report), self.saved(report)

        self.assertIn("NOT TO BE QUOTED", table)
        self.assertNotIn("0.50", table)
        self.assertIn("note", document)
        self.assertNotIn("ratios", document["results"][0])

    def test_a_failed_test_says_why(self) -> None:
        """The row of a test that could not be measured holds the reason."""
        result = result_of([50.0] * 5, [100.0] * 5)
        result.errors["pyredis"] = "ERR unknown command"

        self.assertIn("not measured: ERR unknown command", self.printed(report_of(result)))
