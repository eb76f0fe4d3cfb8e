"""Measurements of throughput as medians and ratios: a table, JSON and a chart."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.servers import BenchmarkError, RunningServer

# One noisy neighbour is enough to turn the ratio of a single run around.
MINIMUM_ROUNDS = 5
REFERENCE = "redis-server"
OURS = "pyredis"
NOT_TO_BE_QUOTED = (
    f"Fewer than {MINIMUM_ROUNDS} rounds: raw figures for a quick look, NOT TO BE QUOTED;"
    " no ratios."
)


PERCENTILES = ("p50", "p99", "p99.9")
USUAL_CLIENTS = 50
USUAL_BYTES = 3


@dataclass(frozen=True)
class Measurement:
    """
    One run of redis-benchmark against one server.

    Attributes:
        requests_per_s: The throughput.
        cpu_us: Microseconds of the server's CPU for each request.
        requests: How many there were.
        latency_ms: What so many of a hundred requests did not exceed, by `PERCENTILES`.
    """

    requests_per_s: float
    cpu_us: float
    requests: int
    latency_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """The median of some figures, with the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.least:.2f}-{self.greatest:.2f}]"


def spread(figures: Sequence[float]) -> Spread:
    """Return the spread of at least one figure."""
    return Spread(median(figures), min(figures), max(figures))


def percentile(ordered: Sequence[float], share: float) -> float:
    """
    Return the least of some figures that so many of them do not exceed.

    Args:
        ordered: At least one figure, ascending.
        share: In per cent.
    """
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)]


@dataclass(eq=False)
class Result:
    """All runs of one test at one pipeline depth, by server name."""

    test: str
    pipeline: int
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    clients: int = USUAL_CLIENTS
    data_bytes: int = USUAL_BYTES

    @property
    def label(self) -> str:
        """The test, and what is unusual about it."""
        words = [self.test]
        if self.clients != USUAL_CLIENTS:
            words.append(f"-c {self.clients}")
        if self.data_bytes != USUAL_BYTES:
            words.append(f"-d {self.data_bytes}")
        return " ".join(words)

    @property
    def failed(self) -> str:
        """Why the two servers compared could not both be measured, or nothing."""
        return self.errors.get(OURS) or self.errors.get(REFERENCE) or ""

    def rate(self, server: str) -> Spread | None:
        """Return the requests a second of a server, if it was measured."""
        runs = self.measurements.get(server)
        return spread([run.requests_per_s for run in runs]) if runs else None

    def cpu(self, server: str) -> Spread | None:
        """Return the microseconds of CPU per request of a server, if it was measured."""
        runs = self.measurements.get(server)
        return spread([run.cpu_us for run in runs]) if runs else None

    def pairs(self, server: str = OURS) -> list[tuple[Measurement, Measurement]]:
        """Return the runs of a server with the reference's run of the same round."""
        theirs = self.measurements.get(REFERENCE, [])
        return list(zip(self.measurements.get(server, []), theirs, strict=False))

    def rate_ratio(self, server: str = OURS) -> Spread | None:
        """Return a server's throughput relative to the reference, round by round."""
        ratios = [ours.requests_per_s / ref.requests_per_s for ours, ref in self.pairs(server)]
        return spread(ratios) if ratios else None

    def cpu_ratio(self, server: str = OURS) -> Spread | None:
        """Return a server's CPU per request relative to the reference, round by round."""
        ratios = [ours.cpu_us / ref.cpu_us for ours, ref in self.pairs(server) if ref.cpu_us]
        return spread(ratios) if ratios else None

    def latency_ratio(self, name: str, server: str = OURS) -> Spread | None:
        """Return a server's latency relative to the reference, round by round, at a percentile."""
        ratios = [
            ours.latency_ms[name] / ref.latency_ms[name]
            for ours, ref in self.pairs(server)
            if name in ours.latency_ms and ref.latency_ms.get(name)
        ]
        return spread(ratios) if ratios else None

    def ratios(self, server: str = OURS) -> dict[str, Spread | None]:
        """Return all ratios of a server to the reference, by what they are of."""
        return {
            "throughput": self.rate_ratio(server),
            "cpu": self.cpu_ratio(server),
            **{name: self.latency_ratio(name, server) for name in PERCENTILES},
        }


@dataclass
class Report:
    """Everything one invocation has found out."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    rounds: int
    results: list[Result]

    @property
    def may_be_quoted(self) -> bool:
        """Whether there are enough rounds to speak of ratios."""
        return self.rounds >= MINIMUM_ROUNDS


def machine(servers: Sequence[RunningServer], packages: Sequence[str] = ()) -> dict[str, Any]:
    """
    Return what the figures depend on.

    Args:
        servers: Running servers, which are asked for their versions.
        packages: Installed packages, whose versions are added.
    """
    versions = {server.spec.name: _version(server) for server in servers}
    versions |= {package: _package_version(package) for package in packages}
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "system": platform.platform(),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "load_average": list(os.getloadavg()),
        "python": platform.python_version(),
        "versions": versions,
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _package_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _version(server: RunningServer) -> str:
    connection = server.connect()
    try:
        info = connection.ask("INFO", "server")
    except BenchmarkError:
        return "unknown"
    finally:
        connection.close()
    fields = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    return str(fields.get("pyredis_version") or fields.get("redis_version") or "unknown")


def print_table(report: Report) -> None:
    """Print medians, and ratios where there are enough rounds for them."""
    third = next(
        (name for name in report.settings["commands"] if name not in (REFERENCE, OURS)), ""
    )
    _print_machine(report)
    heading = f"{'test':<24}{'-P':>4}{REFERENCE + '/s':>16}{OURS + '/s':>14}"
    heading += f"{'us CPU each':>16}"
    if report.may_be_quoted:
        heading += f"{'throughput ratio':>21}{'CPU ratio':>21}"
        heading += "".join(f"{f'{name} ratio':>21}" for name in PERCENTILES)
    if third:
        heading += f"{third + '/s':>14}" + (f"{'ratio':>8}" if report.may_be_quoted else "")
    print(heading)
    for result in report.results:
        print(_row(report, result, third))
    if not report.may_be_quoted:
        print(f"\n{NOT_TO_BE_QUOTED}")
    else:
        print(
            f"\nRatios: {OURS} to {REFERENCE}, medians of {report.rounds} rounds [least-greatest]."
        )


def _print_machine(report: Report) -> None:
    about = report.machine
    print(f"\n{about['date']}, {about['cpus']} x {about['cpu']}, {about['system']}")
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    print(f"{versions}; Python {about['python']}; {report.settings['clients']} clients\n")


def _row(report: Report, result: Result, third: str) -> str:
    start = f"{result.label:<24}{result.pipeline:>4}"
    reference, ours = result.rate(REFERENCE), result.rate(OURS)
    reference_cpu, our_cpu = result.cpu(REFERENCE), result.cpu(OURS)
    if not (reference and ours and reference_cpu and our_cpu) or result.failed:
        return f"{start}  not measured: {result.failed or 'interrupted'}"
    row = f"{start}{reference.median:>16,.0f}{ours.median:>14,.0f}"
    row += f"{f'{reference_cpu.median:.2f} {our_cpu.median:.2f}':>16}"
    if report.may_be_quoted:
        row += "".join(f"{ratio or '-'!s:>21}" for ratio in result.ratios().values())
    other, ratio = result.rate(third), result.rate_ratio(third)
    if third in result.errors:
        row += f"{'failed':>14}"
    elif other and ratio:
        row += f"{other.median:>14,.0f}"
        row += f"{ratio.median:>8.3f}" if report.may_be_quoted else ""
    return row


def save_json(report: Report, path: Path) -> None:
    """Write every single figure, and the ratios where there are enough rounds."""
    document: dict[str, Any] = {
        "machine": report.machine,
        "settings": report.settings,
        "rounds": report.rounds,
        "may_be_quoted": report.may_be_quoted,
        "results": [_as_json(report, result) for result in report.results],
    }
    if not report.may_be_quoted:
        document["note"] = NOT_TO_BE_QUOTED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"figures in {path}", file=sys.stderr)


def _as_json(report: Report, result: Result) -> dict[str, Any]:
    found: dict[str, Any] = {
        "test": result.test,
        "pipeline": result.pipeline,
        "clients": result.clients,
        "data_bytes": result.data_bytes,
    }
    if result.errors:
        found["errors"] = result.errors
    found["runs"] = {
        name: [vars(run) for run in runs] for name, runs in result.measurements.items()
    }
    if report.may_be_quoted:
        others = [name for name in result.measurements if name != REFERENCE]
        found["ratios"] = {
            name: {what: ratio and vars(ratio) for what, ratio in result.ratios(name).items()}
            for name in others
        }
    return found


def save_markdown(report: Report, path: Path) -> None:
    """Write the ratios as a table for a document, if there are any."""
    if not report.may_be_quoted:
        return
    lines = [
        f"| test | -P | {REFERENCE}/s | {OURS}/s | throughput | CPU | {' | '.join(PERCENTILES)} |",
        f"| --- {'| ---: ' * (5 + len(PERCENTILES))}|",
    ]
    for result in report.results:
        reference, ours = result.rate(REFERENCE), result.rate(OURS)
        if reference and ours and not result.failed:
            cells = [result.label, str(result.pipeline)]
            cells += [f"{rate.median:,.0f}" for rate in (reference, ours)]
            cells += [str(ratio or "-") for ratio in result.ratios().values()]
            lines.append(f"| {' | '.join(cells)} |")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    print(f"table in {path}", file=sys.stderr)


def save_png(report: Report, path: Path) -> None:
    """Draw the ratios as bars, if there are any and matplotlib is installed."""
    if not report.may_be_quoted:
        return
    try:
        import matplotlib
    except ImportError:
        print("no chart: matplotlib is not installed", file=sys.stderr)
        return
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, figsize=(12, 13), sharex=True, layout="constrained")
    _bars(axes[0], report, "throughput", Result.rate_ratio)
    _bars(axes[1], report, "CPU per request", Result.cpu_ratio)
    _bars(axes[2], report, "latency, p99.9", lambda result: result.latency_ratio("p99.9"))
    versions = report.machine["versions"]
    figure.suptitle(
        f"PyRedis {versions[OURS]} to redis-server {versions[REFERENCE]}, "
        f"medians of {report.rounds} rounds"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    print(f"chart in {path}", file=sys.stderr)


def _bars(axes: Any, report: Report, what: str, ratio_of: Any) -> None:
    """Draw a group of bars for each test, a bar for each pipeline depth."""
    tests = list(dict.fromkeys(result.label for result in report.results))
    depths = list(dict.fromkeys(result.pipeline for result in report.results))
    width = 0.8 / len(depths)
    for place, depth in enumerate(depths):
        found = [
            (tests.index(result.label) + place * width, ratio)
            for result in report.results
            if result.pipeline == depth and (ratio := ratio_of(result)) is not None
        ]
        if found:
            medians = [ratio.median for _, ratio in found]
            below = [ratio.median - ratio.least for _, ratio in found]
            above = [ratio.greatest - ratio.median for _, ratio in found]
            axes.bar([x for x, _ in found], medians, width, label=f"-P {depth}")
            axes.errorbar(
                [x for x, _ in found], medians, (below, above), fmt="none", color="black", lw=0.7
            )
    axes.axhline(1.0, color="grey", lw=0.8)
    axes.set_ylabel(f"{what}, redis-server = 1")
    middle = 0.4 - width / 2
    axes.set_xticks([place + middle for place in range(len(tests))], tests, rotation=45, ha="right")
    axes.legend()
