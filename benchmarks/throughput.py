"""
Throughput and CPU per request, beside redis-server: ``python -m benchmarks.throughput``.

Both servers run all the time; redis-benchmark asks one and then the other, so
that whatever else the machine does falls on both alike.  A round is one such
pair; each round gives a ratio, and what counts is the median of the ratios.
Before each run the server is emptied, prepared for the test and left to
settle; the CPU time of its process is read from /proc before and after.
All tests at three depths in five rounds take about twenty minutes.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import (
    MINIMUM_ROUNDS,
    OURS,
    REFERENCE,
    Measurement,
    Report,
    Result,
    machine,
    print_table,
    save_json,
    save_png,
)
from benchmarks.servers import (
    BenchmarkError,
    RunningServer,
    ServerSpec,
    fakeredis_command,
    pyredis_command,
    redis_command,
    running,
)
from benchmarks.workloads import Size, Workload, chosen

CALIBRATION_REQUESTS = 4_000
# Preparing a list for a pop takes longer than popping it.
DESTRUCTIVE_LIMIT = 500_000
RUN_LIMIT_S = 60.0
RESULTS = Path("benchmarks/results")


class Bench:
    """redis-benchmark with the settings of one invocation."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.program: str = options.redis_benchmark
        self.clients: int = options.clients
        self.keyspace: int = options.keyspace
        self.fixed_requests: int | None = options.requests
        self.seconds: float = options.seconds
        self.data = "x" * options.data_size

    def measure(
        self, server: RunningServer, workload: Workload, pipeline: int, requests: int
    ) -> Measurement:
        """Prepare the server and run one test against it."""
        # Each client may have one pipeline more under way than asked for.
        most = requests + 2 * self.clients * pipeline
        connection = server.connect()
        try:
            connection.ask("FLUSHALL")
            workload.prepare(connection, Size(self.keyspace, most, self.data))
            server.settle()
            before = server.cpu_s()
            rate = self._run(server.port, workload, pipeline, requests)
            cpu_s = server.cpu_s() - before
            workload.check(connection)
        finally:
            connection.close()
        return Measurement(rate, cpu_s * 1e6 / requests, requests)

    def requests_for(
        self, servers: Sequence[RunningServer], workload: Workload, pipeline: int
    ) -> int:
        """Return with how many requests a run takes about the wanted time."""
        if self.fixed_requests is not None:
            return self.fixed_requests
        trial = max(CALIBRATION_REQUESTS, self.clients * pipeline * 4)
        rates = [self.measure(s, workload, pipeline, trial).requests_per_s for s in servers]
        requests = max(trial, int(self.seconds * sum(rates) / len(rates)))
        return min(requests, DESTRUCTIVE_LIMIT) if workload.destructive else requests

    def _run(self, port: int, workload: Workload, pipeline: int, requests: int) -> float:
        argv = [self.program, "-h", "127.0.0.1", "-p", str(port), "--csv"]
        argv += ["-c", str(self.clients), "-n", str(requests), "-P", str(pipeline)]
        argv += ["-r", str(self.keyspace), "-d", str(len(self.data))]
        argv += workload.arguments(self.data)
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise BenchmarkError(f"no end after {RUN_LIMIT_S:.0f} s") from error
        rows = list(csv.DictReader(done.stdout.splitlines()))
        if done.returncode != 0 or len(rows) != 1:
            complaint = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise BenchmarkError(f"redis-benchmark: {' '.join(complaint) or 'no result'}")
        return float(rows[0]["rps"])


@dataclass(eq=False)
class Case:
    """One line of the report: a test at a pipeline depth, and with how many requests it runs."""

    workload: Workload
    result: Result
    requests: dict[str, int] = field(default_factory=dict)


def run_round(
    bench: Bench,
    label: str,
    cases: Sequence[Case],
    pair: Sequence[RunningServer],
    third: ServerSpec | None,
) -> None:
    """Measure every case once on each server, and put the figures into its result."""
    for case in cases:
        run_case(bench, label, case, pair)
        # It stalls when pipelined, and at times otherwise: it is started anew
        # for each test, so that one that hangs takes no CPU from the next.
        if third and case.result.pipeline == 1 and third.name not in case.result.errors:
            try:
                with running(third) as server:
                    run_case(bench, label, case, [server])
            except BenchmarkError as error:
                case.result.errors[third.name] = str(error)


def run_case(bench: Bench, label: str, case: Case, servers: Sequence[RunningServer]) -> None:
    """Measure one case on servers that are to get equally many requests."""
    result = case.result
    if any(server.spec.name in result.errors for server in servers):
        return
    for server in servers:
        name = server.spec.name
        try:
            if name not in case.requests:
                requests = bench.requests_for(servers, case.workload, result.pipeline)
                case.requests.update({s.spec.name: requests for s in servers})
            measured = bench.measure(server, case.workload, result.pipeline, case.requests[name])
        except BenchmarkError as error:
            result.errors[name] = str(error)
            print(f"{result.test} -P {result.pipeline}, {name}: {error}", file=sys.stderr)
            return
        result.measurements.setdefault(name, []).append(measured)
        print(
            f"{label}  {result.test:<14}-P {result.pipeline:<4}{name:<14}"
            f"{measured.requests_per_s:>12,.0f} requests/s{measured.cpu_us:>9.2f} us CPU each",
            file=sys.stderr,
            flush=True,
        )


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    description = (__doc__ or "").strip().partition("\n")[0]
    grammar = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = grammar.add_argument
    add("--tests", default="standard", type=_tests, help="names, or 'standard', or 'all'")
    add("--pipelines", default="1,16,100", type=_numbers, help="depths, e.g. 1,16,100")
    add("--clients", default=50, type=int, help="connections of redis-benchmark")
    add("--rounds", default=MINIMUM_ROUNDS, type=int, help="fewer than 5 give no ratios")
    add("--seconds", default=1.5, type=float, help="how long a run shall take, roughly")
    add("--requests", type=int, help="requests of each run, instead of --seconds")
    add("--keyspace", default=100_000, type=int, help="how many different keys; 1 for one hot key")
    add("--data-size", default=3, type=int, help="bytes of a value")
    add("--server", default=pyredis_command(), help="how to start the server measured")
    add("--reference", default=redis_command(), help="how to start the server compared with")
    add("--third", choices=["fakeredis"], help="a third column, at -P 1 only")
    add("--redis-benchmark", default="redis-benchmark", help="the program that measures")
    add("--json", default=RESULTS / "throughput.json", type=Path, help="where the figures go")
    add("--png", default=RESULTS / "throughput.png", type=Path, help="where the chart goes")
    return grammar


def _tests(text: str) -> list[Workload]:
    try:
        return chosen(text)
    except ValueError as error:
        # argparse shows the text of this kind of error only.
        raise argparse.ArgumentTypeError(str(error)) from error


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; return 1 if a test could not be measured."""
    options = parser().parse_args(arguments)
    if shutil.which(options.redis_benchmark) is None:
        print(f"{options.redis_benchmark}: not found (Debian: redis-tools)", file=sys.stderr)
        return 1
    bench = Bench(options)
    specs = [ServerSpec(REFERENCE, options.reference), ServerSpec(OURS, options.server)]
    third = ServerSpec(options.third, fakeredis_command()) if options.third else None
    cases = [
        Case(workload, Result(workload.name, pipeline))
        for pipeline in options.pipelines
        for workload in options.tests
    ]
    results = [case.result for case in cases]
    try:
        with ExitStack() as stack:
            servers = [stack.enter_context(running(spec)) for spec in specs]
            settings = {
                "clients": options.clients,
                "rounds": options.rounds,
                "keyspace": options.keyspace,
                "data_size": options.data_size,
                "commands": {s.name: s.command for s in (*specs, third) if s},
            }
            about = machine(servers, [third.name] if third else [])
            report = Report(about, settings, options.rounds, results)
            try:
                for number in range(options.rounds):
                    # Whoever goes first meets a cooler machine: take turns.
                    pair = servers if number % 2 == 0 else servers[::-1]
                    run_round(bench, f"round {number + 1}/{options.rounds}", cases, pair, third)
            except KeyboardInterrupt:
                # What is there is worth seeing; there are ratios only if it is enough.
                report.rounds = min(len(result.pairs()) for result in results)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    print_table(report)
    save_json(report, options.json)
    save_png(report, options.png)
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
