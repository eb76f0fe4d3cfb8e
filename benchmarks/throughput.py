"""
Throughput and CPU per request, beside redis-server: ``python -m benchmarks.throughput``.

Both servers run all the time; redis-benchmark asks one and then the other, so
that whatever else the machine does falls on both alike.  A round is one such
pair; each round gives a ratio, and what counts is the median of the ratios.
Before each run the server is emptied, prepared for the test and left to
settle; the CPU time of its process is read from /proc before and after.
Latencies are those that redis-benchmark reports.

Without options, redis-benchmark's own tests run at three depths, and SET and GET
with one and with 500 clients and with large values too: a quarter of an hour.
With ``--full`` every test runs with everything, which takes a night.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from benchmarks.report import (
    MINIMUM_ROUNDS,
    OURS,
    PERCENTILES,
    REFERENCE,
    USUAL_BYTES,
    USUAL_CLIENTS,
    Measurement,
    Report,
    Result,
    machine,
    print_table,
    save_json,
    save_markdown,
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
from benchmarks.workloads import BY_NAME, MOST_BYTES, Size, Workload, chosen

CALIBRATION_REQUESTS = 4_000
# Preparing a list for a pop takes longer than popping it.
DESTRUCTIVE_LIMIT = 500_000
MOST_UNDER_WAY_BYTES = 512 << 20
RUN_LIMIT_S = 60.0
CLIENTS = (1, USUAL_CLIENTS, 500)
DATA_BYTES = (USUAL_BYTES, 1 << 10, 64 << 10)
RESULTS = Path("benchmarks/results")


class Bench:
    """redis-benchmark with the settings of one invocation."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.program: str = options.redis_benchmark
        self.keyspace: int = options.keyspace
        self.fixed_requests: int | None = options.requests
        self.seconds: float = options.seconds

    def measure(self, server: RunningServer, case: Case, requests: int) -> Measurement:
        """Prepare the server and run one test against it."""
        # Each client may have one pipeline more under way than asked for.
        most = requests + 2 * case.at_once
        connection = server.connect()
        try:
            connection.ask("FLUSHALL")
            case.workload.prepare(connection, Size(self._keys(case), most, case.data))
            server.settle()
            before = server.cpu_s()
            rate, latency_ms = self._run(server.port, case, requests)
            cpu_s = server.cpu_s() - before
            case.workload.check(connection)
        finally:
            connection.close()
        return Measurement(rate, cpu_s * 1e6 / requests, requests, latency_ms)

    def requests_for(self, servers: Sequence[RunningServer], case: Case) -> int:
        """Return with how many requests a run takes about the wanted time."""
        if self.fixed_requests is not None:
            return self.fixed_requests
        fitting = case.most_requests
        trial = min(max(CALIBRATION_REQUESTS, case.at_once * 4), fitting)
        rates = [self.measure(server, case, trial).requests_per_s for server in servers]
        return min(max(trial, int(self.seconds * sum(rates) / len(rates))), fitting)

    def _keys(self, case: Case) -> int:
        return min(self.keyspace, MOST_BYTES // len(case.data))

    def _run(self, port: int, case: Case, requests: int) -> tuple[float, dict[str, float]]:
        argv = [self.program, "-h", "127.0.0.1", "-p", str(port)]
        argv += ["-c", str(case.result.clients), "-n", str(requests)]
        argv += ["-P", str(case.result.pipeline)]
        argv += ["-r", str(self._keys(case)), "-d", str(len(case.data))]
        argv += case.workload.arguments(case.data)
        return asked(argv)


def asked(argv: Sequence[str]) -> tuple[float, dict[str, float]]:
    """
    Run redis-benchmark; return what `told` finds in its report.

    Raises:
        BenchmarkError: It fails, or does not end.
    """
    try:
        done = subprocess.run(
            [argv[0], "--precision", "3", *argv[1:]],
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"no end after {RUN_LIMIT_S:.0f} s") from error
    try:
        return told(done.stdout if done.returncode == 0 else "")
    except ValueError as error:
        complaint = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BenchmarkError(f"redis-benchmark: {' '.join(complaint) or error}") from error


def told(text: str) -> tuple[float, dict[str, float]]:
    """
    Return requests a second, and milliseconds by `PERCENTILES`, from redis-benchmark's report.

    Raises:
        ValueError: It is not there.
    """
    rate = re.search(r"throughput summary: ([0-9.]+) requests", text)
    # The steps of the first list halve what is left above them: a percentile is
    # what is told for the first step that reaches it.
    steps = [
        (float(share), float(ms))
        for share, ms in re.findall(
            r"^([0-9.]+)% <= ([0-9.]+) milliseconds", text.partition("Cumulative")[0], re.MULTILINE
        )
    ]
    if rate is None or not steps:
        raise ValueError("no result")
    return float(rate[1]), {
        name: next(ms for share, ms in steps if share >= float(name[1:])) for name in PERCENTILES
    }


@dataclass(eq=False)
class Case:
    """One line of the report: a test at a pipeline depth, and with how many requests it runs."""

    workload: Workload
    result: Result
    requests: dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """The value."""
        return "x" * self.result.data_bytes

    @property
    def at_once(self) -> int:
        """How many requests are under way."""
        return self.result.clients * self.result.pipeline

    @property
    def most_requests(self) -> int:
        """How many requests fit into the memory meant for it."""
        most = DESTRUCTIVE_LIMIT if self.workload.destructive else sys.maxsize
        return min(most, MOST_BYTES // len(self.data)) if self.workload.has_values else most

    @property
    def is_feasible(self) -> bool:
        """Whether what is under way fits into memory."""
        return self.workload.values * self.result.data_bytes * self.at_once <= MOST_UNDER_WAY_BYTES

    @property
    def is_usual(self) -> bool:
        """Whether it is one that a third server is compared in: it stalls when pipelined."""
        return self.result.label == self.result.test and self.result.pipeline == 1


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
        # It stalls at times: it is started anew for each test, so that one that
        # hangs takes no CPU from the next.
        if third and case.is_usual and third.name not in case.result.errors:
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
                requests = bench.requests_for(servers, case)
                case.requests.update({s.spec.name: requests for s in servers})
            measured = bench.measure(server, case, case.requests[name])
        except BenchmarkError as error:
            result.errors[name] = str(error)
            print(f"{result.label} -P {result.pipeline}, {name}: {error}", file=sys.stderr)
            return
        result.measurements.setdefault(name, []).append(measured)
        print(
            f"{label}  {result.label:<24}-P {result.pipeline:<4}{name:<14}"
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
    add("--tests", type=_tests, help="names, or 'standard', or 'all'")
    add("--pipelines", default="1,16,100", type=_numbers, help="depths, e.g. 1,16,100")
    add("--clients", type=_numbers, help="connections of redis-benchmark, e.g. 1,50,500")
    add("--data-sizes", type=_numbers, help="bytes of a value, e.g. 3,1024,65536")
    add("--full", action="store_true", help="every test with all numbers of clients and bytes")
    add("--rounds", default=MINIMUM_ROUNDS, type=int, help="fewer than 5 give no ratios")
    add("--seconds", default=0.5, type=float, help="how long a run shall take, roughly")
    add("--requests", type=int, help="requests of each run, instead of --seconds")
    add("--keyspace", default=100_000, type=int, help="how many different keys; 1 for one hot key")
    add("--server", default=pyredis_command(), help="how to start the server measured")
    add("--reference", default=redis_command(), help="how to start the server compared with")
    add("--third", choices=["fakeredis"], help="a third column, at -P 1 only")
    add("--redis-benchmark", default="redis-benchmark", help="the program that measures")
    add("--json", default=RESULTS / "throughput.json", type=Path, help="where the figures go")
    add("--markdown", default=RESULTS / "throughput.md", type=Path, help="where the table goes")
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


def cases_of(options: argparse.Namespace) -> list[Case]:
    """Return what is to be measured, leaving out those that do not fit into memory."""
    clients = options.clients or (CLIENTS if options.full else [USUAL_CLIENTS])
    sizes = options.data_sizes or (DATA_BYTES if options.full else [USUAL_BYTES])
    tests = options.tests or chosen("all" if options.full else "standard")
    found = [*product(options.pipelines, clients, sizes, tests)]
    if not (options.full or options.tests or options.clients or options.data_sizes):
        # One of them at a time.
        found += [
            (pipeline, count, size, BY_NAME[name])
            for name in ("SET", "GET")
            for count, size in product(CLIENTS, DATA_BYTES)
            if (count == USUAL_CLIENTS) != (size == USUAL_BYTES)
            for pipeline in options.pipelines[:2]
        ]
    cases = [
        Case(workload, Result(workload.name, pipeline, clients=count, data_bytes=size))
        for pipeline, count, size, workload in found
        if size == USUAL_BYTES or workload.has_values or len(sizes) == 1
    ]
    return [case for case in cases if case.is_feasible]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; return 1 if a test could not be measured."""
    options = parser().parse_args(arguments)
    if shutil.which(options.redis_benchmark) is None:
        print(f"{options.redis_benchmark}: not found (Debian: redis-tools)", file=sys.stderr)
        return 1
    bench = Bench(options)
    specs = [ServerSpec(REFERENCE, options.reference), ServerSpec(OURS, options.server)]
    third = ServerSpec(options.third, fakeredis_command()) if options.third else None
    cases = cases_of(options)
    results = [case.result for case in cases]
    try:
        with ExitStack() as stack:
            servers = [stack.enter_context(running(spec)) for spec in specs]
            settings = {
                "clients": "/".join(str(n) for n in sorted({r.clients for r in results})),
                "rounds": options.rounds,
                "keyspace": options.keyspace,
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
    save_markdown(report, options.markdown)
    save_png(report, options.png)
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
