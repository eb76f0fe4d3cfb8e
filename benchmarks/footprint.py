"""
Startup, memory and idle connections, beside redis-server: ``python -m benchmarks.footprint``.

Startup is the time from starting the process to its first PONG, the median of
several starts in turn.  Memory is the growth of the resident set when a
million keys come in, or a hundred thousand small collections, read from /proc.
Idle connections are opened and held, and a PING on one more must still be
answered at once.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import OURS, REFERENCE, machine
from benchmarks.servers import (
    BenchmarkError,
    Connection,
    ServerSpec,
    pyredis_command,
    redis_command,
    running,
)
from benchmarks.snapshots import Commands, fill

RESULTS = Path("benchmarks/results")
SPARE_DESCRIPTORS = 200
KEYS_AT_ONCE = 500
CONNECTIONS_AT_ONCE = 200
PINGS = 100

Figures = dict[str, float]


def startup(specs: Sequence[ServerSpec], starts: int) -> dict[str, Figures]:
    """Return how long each server takes to its first PONG."""
    times: dict[str, list[float]] = {spec.name: [] for spec in specs}
    for _ in range(starts):
        for spec in specs:
            with running(spec) as server:
                times[spec.name].append(server.ready_s * 1000)
    return {
        name: {"ms": median(found), "least_ms": min(found), "greatest_ms": max(found)}
        for name, found in times.items()
    }


def memory(spec: ServerSpec, commands: Commands, keys: int) -> Figures:
    """Return by how much a server's resident memory grows with commands that store so many keys."""
    with running(spec) as server:
        connection = server.connect()
        connection.ask("DBSIZE")
        server.settle()
        before = server.rss_bytes()
        began = time.monotonic()
        fill(connection, commands)
        seconds = time.monotonic() - began
        stored = connection.ask("DBSIZE")
        if stored != keys:
            raise BenchmarkError(f"{spec.name} holds {stored} keys, not {keys}")
        server.settle()
        grown = server.rss_bytes() - before
        connection.close()
    return {
        "mib_before": before / 2**20,
        "mib_grown": grown / 2**20,
        "bytes_per_key": grown / keys,
        "fill_s": seconds,
    }


def strings(keys: int, value_bytes: int) -> Commands:
    """Yield commands that store strings."""
    for start in range(0, keys, KEYS_AT_ONCE):
        numbers = range(start, min(start + KEYS_AT_ONCE, keys))
        yield "MSET", *(word for number in numbers for word in _pair(number, value_bytes))


def _pair(number: int, value_bytes: int) -> tuple[str, str]:
    # A letter first: as integers the values would take no room of their own.
    # Then the last digits: neighbours differ.
    return f"key:{number:012d}", "v" + f"{number:0{value_bytes}d}"[1 - value_bytes :]


def hashes(keys: int) -> Commands:
    """Yield commands that store hashes of ten fields, alike in their names as records are."""
    for number in range(keys):
        fields = (word for n in range(10) for word in (f"field:{n}", f"v{number}:{n}"))
        yield "HSET", f"hash:{number:08d}", *fields


def sets(keys: int) -> Commands:
    """Yield commands that store sets of five members."""
    for number in range(keys):
        yield "SADD", f"set:{number:08d}", *(f"member:{number * 3 + n}" for n in range(5))


def sorted_sets(keys: int) -> Commands:
    """Yield commands that store sorted sets of ten members."""
    for number in range(keys):
        members = (
            word for n in range(10) for word in (f"{number + n}", f"member:{number * 3 + n}")
        )
        yield "ZADD", f"zset:{number:08d}", *members


COLLECTIONS = {
    "hashes of 10 fields": hashes,
    "sets of 5 members": sets,
    "sorted sets of 10 members": sorted_sets,
}


def idle_connections(spec: ServerSpec, count: int) -> Figures:
    """Return what so many idle connections cost a server, and how a PING fares among them."""
    roomy = ServerSpec(spec.name, f"{spec.command} --maxclients {count + SPARE_DESCRIPTORS // 2}")
    with running(roomy) as server, ExitStack() as stack:
        first = server.connect()
        stack.callback(first.close)
        first.ask("PING")
        server.settle()
        before = server.rss_bytes()
        began = time.monotonic()
        for number in range(count):
            connection = server.connect()
            stack.callback(connection.close)
            # Let the server catch up, lest its backlog overflow.
            if number % CONNECTIONS_AT_ONCE == 0 or number == count - 1:
                connection.ask("PING")
        seconds = time.monotonic() - began
        clients = _connected_clients(first)
        if clients < count:
            raise BenchmarkError(f"{spec.name} holds {clients} connections, not {count}")
        server.settle()
        grown = server.rss_bytes() - before
        cpu_before = server.cpu_s()
        time.sleep(2.0)
        idle_cpu = (server.cpu_s() - cpu_before) / 2.0
        pings = []
        for _ in range(PINGS):
            sent = time.perf_counter()
            first.ask("PING")
            pings.append((time.perf_counter() - sent) * 1000)
    return {
        "held": clients,
        "connect_s": seconds,
        "kib_per_connection": grown / 1024 / count,
        "idle_cpu_percent": idle_cpu * 100,
        "ping_ms": median(pings),
        "slowest_ping_ms": max(pings),
    }


def _connected_clients(connection: Connection) -> int:
    info = connection.ask("INFO", "clients").decode()
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    return int(fields["connected_clients"])


def raise_descriptor_limit(wanted: int) -> int:
    """Raise the limit of open files, for servers started later too, and return what it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (OSError, ValueError):
            wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def print_section(title: str, found: dict[str, Figures]) -> None:
    """Print the figures of both servers side by side, with their ratio."""
    print(f"\n{title:<36}{REFERENCE:>14}{OURS:>14}{'ratio':>9}")
    for name, reference in found[REFERENCE].items():
        ours = found[OURS][name]
        ratio = f"{ours / reference:>9.2f}" if reference else f"{'-':>9}"
        print(f"  {name:<34}{reference:>14,.2f}{ours:>14,.2f}{ratio}")


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser(
        prog="python -m benchmarks.footprint",
        description=(__doc__ or "").strip().partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = grammar.add_argument
    add(
        "--only",
        choices=["startup", "memory", "collections", "connections"],
        help="measure just this",
    )
    add("--starts", default=5, type=int, help="how often each server is started")
    add("--keys", default=1_000_000, type=int, help="how many keys to store")
    add("--value-sizes", default="3,32", help="bytes of the values, one run for each")
    add("--collections", default=100_000, type=int, help="how many small hashes, sets and so on")
    add("--connections", default=10_000, type=int, help="how many connections to hold")
    add("--server", default=pyredis_command(), help="how to start the server measured")
    add("--reference", default=redis_command(), help="how to start the server compared with")
    add("--json", default=RESULTS / "footprint.json", type=Path, help="where the figures go")
    return grammar


def measure(options: argparse.Namespace, specs: Sequence[ServerSpec]) -> dict[str, Any]:
    """Measure what is asked for, printing each part as it is known."""
    document: dict[str, Any] = {}

    def part(title: str, found: dict[str, Figures]) -> None:
        document[title] = found
        print_section(title, found)

    if options.only in (None, "startup"):
        part("startup to first PONG", startup(specs, options.starts))
    if options.only in (None, "memory"):
        for size in map(int, options.value_sizes.split(",")):
            title = f"{options.keys:,} keys, {size} byte values"
            part(
                title,
                {s.name: memory(s, strings(options.keys, size), options.keys) for s in specs},
            )
    if options.only in (None, "collections"):
        count = options.collections
        for title, make in COLLECTIONS.items():
            found = {spec.name: memory(spec, make(count), count) for spec in specs}
            part(f"{count:,} {title}", found)
    if options.only in (None, "connections"):
        limit = raise_descriptor_limit(options.connections + SPARE_DESCRIPTORS)
        count = min(options.connections, limit - SPARE_DESCRIPTORS)
        if count < options.connections:
            print(f"\nNO MORE than {limit} open files are allowed here", file=sys.stderr)
        found = {spec.name: idle_connections(spec, count) for spec in specs}
        part(f"{count:,} idle connections", found)
    return document


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; return 1 if something could not be measured."""
    options = parser().parse_args(arguments)
    specs = [ServerSpec(REFERENCE, options.reference), ServerSpec(OURS, options.server)]
    try:
        with ExitStack() as stack:
            about = machine([stack.enter_context(running(spec)) for spec in specs])
        document = {"machine": about, **measure(options, specs)}
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nfigures in {options.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
