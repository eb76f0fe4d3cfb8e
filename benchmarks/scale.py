"""
How a server bears many keys and many clients: ``python -m benchmarks.scale``.

Both servers hold ever more keys, and are asked for random ones; then they hold ten
thousand connections, of which a thousand ask. What is told is each server's
throughput as a share of its own with few keys, or few clients: what it loses by
growing, and redis-server beside it. Both are asked in turn, as by
:mod:`benchmarks.throughput`.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.report import MINIMUM_ROUNDS, OURS, REFERENCE, USUAL_CLIENTS, machine
from benchmarks.servers import (
    BenchmarkError,
    Connection,
    RunningServer,
    ServerSpec,
    pyredis_command,
    redis_command,
    running,
)
from benchmarks.throughput import asked
from benchmarks.workloads import BY_NAME, Size

RESULTS = Path("benchmarks/results")
VALUE = "xxx"
TESTS = ("GET", "SET")
PIPELINES = (1, 16)
CROWD_KEYS = 100_000
SPARE_DESCRIPTORS = 200
CONNECTED_AT_ONCE = 100

Rates = dict[str, list[float]]
"""Requests a second of each server, one for each round."""


@contextmanager
def connected(server: RunningServer, count: int) -> Iterator[None]:
    """Hold so many connections that ask for nothing."""
    with ExitStack() as stack:
        for number in range(count):
            stack.callback(Connection(server.port).close)
            if number % CONNECTED_AT_ONCE == 0:
                time.sleep(0.01)  # the queue of those not yet accepted is short
        yield


def rates(
    servers: Sequence[RunningServer], options: argparse.Namespace, words: Sequence[str]
) -> Rates:
    """Ask each server in turn; ``words`` are options and command of redis-benchmark."""
    found: Rates = {server.spec.name: [] for server in servers}
    for number in range(options.rounds):
        for server in servers if number % 2 == 0 else servers[::-1]:
            argv = ["redis-benchmark", "-p", str(server.port), *words]
            found[server.spec.name].append(asked(argv)[0])
    return found


def request_words(test: str, pipeline: int, clients: int, keys: int, requests: int) -> list[str]:
    """Return options and command of redis-benchmark for a test."""
    numbers = {"-c": clients, "-P": pipeline, "-r": keys, "-n": requests}
    words = [word for name, number in numbers.items() for word in (name, str(number))]
    return [*words, *BY_NAME[test].arguments(VALUE)]


def fill(servers: Sequence[RunningServer], keys: int) -> None:
    """Store every key that will be asked for."""
    for server in servers:
        connection = server.connect()
        BY_NAME["GET"].prepare(connection, Size(keys, 0, VALUE))
        connection.close()
        server.settle()


def print_shares(what: str, found: Rates, at_first: Rates) -> None:
    """Print throughput as a share of what it was at first, and beside redis-server's."""
    share = {
        name: statistics.median(found[name]) / statistics.median(at_first[name]) for name in found
    }
    pairs = zip(found[OURS], found[REFERENCE], strict=True)
    beside = statistics.median(ours / theirs for ours, theirs in pairs)
    print(
        f"{what:<34}{share[REFERENCE]:>14.2f}{share[OURS]:>14.2f}{beside:>16.2f}",
        flush=True,
    )


def measure_keys(
    specs: Sequence[ServerSpec], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Measure with ever more keys."""
    results: dict[str, Rates] = {}
    at_first: dict[tuple[str, int], Rates] = {}
    with ExitStack() as stack:
        servers = [stack.enter_context(running(spec)) for spec in specs]
        for keys in options.keys:
            fill(servers, keys)
            for test in TESTS:
                for pipeline in PIPELINES:
                    words = request_words(
                        test, pipeline, USUAL_CLIENTS, keys, options.requests * pipeline
                    )
                    found = rates(servers, options, words)
                    what = f"{keys:>9} keys, {test} -P {pipeline}"
                    print_shares(what, found, at_first.setdefault((test, pipeline), found))
                    results[what.strip()] = found
    return results


def measure_clients(
    specs: Sequence[ServerSpec], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Measure few clients, then some of very many."""
    results: dict[str, Rates] = {}
    at_first: dict[str, Rates] = {}
    most = f" --maxclients {options.connections + SPARE_DESCRIPTORS}"
    crowd = [ServerSpec(spec.name, spec.command + most) for spec in specs]
    idle = options.connections - options.active
    with ExitStack() as stack:
        servers = [stack.enter_context(running(spec)) for spec in crowd]
        fill(servers, CROWD_KEYS)
        for clients in (USUAL_CLIENTS, options.active):
            if clients == options.active:
                for server in servers:
                    stack.enter_context(connected(server, idle))
            for test in TESTS:
                words = request_words(test, 1, clients, CROWD_KEYS, options.requests)
                found = rates(servers, options, words)
                held = clients if clients == USUAL_CLIENTS else options.connections
                what = f"{clients} of {held} clients ask, {test}"
                print_shares(what, found, at_first.setdefault(test, found))
                results[what] = found
    return results


def allow_descriptors(count: int) -> None:
    """
    Let this process hold idle connections to both servers.

    Raises:
        BenchmarkError: The system does not allow so many.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < count:
        raise BenchmarkError(f"{count} descriptors are needed, {most} allowed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=(__doc__ or "").strip().partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = grammar.add_argument
    add("--keys", default="10000,100000,1000000,10000000", help="how many, in turn")
    add("--connections", default=10_000, type=int, help="how many to hold")
    add("--active", default=1_000, type=int, help="how many of them ask")
    add("--rounds", default=MINIMUM_ROUNDS, type=int, help="how often each is measured")
    add("--requests", default=50_000, type=int, help="of each run, times the pipeline's depth")
    add("--server", default=pyredis_command(), help="how to start the server measured")
    add("--reference", default=redis_command(), help="how to start the server compared with")
    add("--json", default=RESULTS / "scale.json", type=Path, help="where the figures go")
    return grammar


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; return 1 if something could not be measured."""
    options = parser().parse_args(arguments)
    options.keys = [int(word) for word in options.keys.split(",")]
    specs = [ServerSpec(REFERENCE, options.reference), ServerSpec(OURS, options.server)]
    print(f"{'share of throughput with few':<34}{REFERENCE:>14}{OURS:>14}{'beside it':>16}")
    try:
        allow_descriptors(2 * (options.connections - options.active) + SPARE_DESCRIPTORS)
        with running(specs[0]) as reference, running(specs[1]) as ours:
            about = machine([reference, ours])
        results = measure_clients(specs, options) | measure_keys(specs, options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"machine": about, "rates": results}, indent=1) + "\n")
    print(f"\nfigures in {options.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
