"""
How long a client waits while something large happens: ``python -m benchmarks.stalls``.

A server holds a million keys, or one large value. While it saves, expires,
deletes or lists them, a client on another connection sends PING after PING:
what its replies take shows how long the server was busy with nothing else. The
same is done with redis-server, in turn. The share of PINGs that is slow says how
often clients meet such a moment; the slowest says how long it is.
"""

from __future__ import annotations

import argparse
import json
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import OURS, REFERENCE, machine, percentile, spread
from benchmarks.servers import (
    BenchmarkError,
    Connection,
    RunningServer,
    ServerSpec,
    pyredis_command,
    redis_command,
    running,
)
from benchmarks.snapshots import fill

RESULTS = Path("benchmarks/results")
OPTIONS = "--enable-debug-command yes"
AT_ONCE = 500
BETWEEN_PINGS_S = 0.0002
BETWEEN_LOOKS_S = 0.05
LIMIT_S = 120.0

Words = tuple[str, ...]


@dataclass(frozen=True)
class Pings:
    """
    How the PINGs of one run fared.

    Attributes:
        p50_ms: Half of the replies took no longer.
        p99_ms: All but one of a hundred.
        p999_ms: All but one of a thousand.
        worst_ms: The slowest.
        seconds: How long it took until everything was over.
    """

    p50_ms: float
    p99_ms: float
    p999_ms: float
    worst_ms: float
    seconds: float


@dataclass(frozen=True)
class Event:
    """
    Something large that happens to a server.

    Attributes:
        name: What it is called in the report.
        prepared: Yields the commands before, for a number of keys or members.
        command: What starts it.
        is_over: Tells by a connection whether it has come to its end.
    """

    name: str
    prepared: Callable[[int], Iterator[Words]]
    command: Words
    is_over: Callable[[Connection], bool]


def strings(count: int) -> Iterator[Words]:
    """Yield commands that store so many keys."""
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        yield "MSET", *(word for n in numbers for word in (f"key:{n:012d}", f"value:{n}"))


def due(count: int) -> Iterator[Words]:
    """Yield commands that store so many keys which are due, but not removed before the event."""
    yield "DEBUG", "SET-ACTIVE-EXPIRE", "0"
    for number in range(count):
        yield "SET", f"key:{number:012d}", f"value:{number}", "PX", "1"


def one_set(count: int) -> Iterator[Words]:
    """Yield commands that store one set."""
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        yield "SADD", "large", *(f"member:{number:012d}" for number in numbers)


def one_hash(count: int) -> Iterator[Words]:
    """Yield commands that store one hash."""
    for _, *words in strings(count):
        yield "HSET", "large", *words


def one_sorted_set(count: int) -> Iterator[Words]:
    """Yield commands that store one sorted set."""
    for _, _, *members in one_set(count):
        yield "ZADD", "large", *(word for m in members for word in (m[-12:], m))


def one_list(count: int) -> Iterator[Words]:
    """Yield commands that store one list."""
    for _, _, *elements in one_set(count):
        yield "RPUSH", "large", *elements


def _info(connection: Connection, section: str, name: str) -> int:
    lines = connection.ask("INFO", section).decode().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).partition(":")[2])


def _saved(connection: Connection) -> bool:
    return not _info(connection, "persistence", "rdb_bgsave_in_progress")


def _empty(connection: Connection) -> bool:
    return bool(connection.ask("DBSIZE") == 0)


def _freed(connection: Connection) -> bool:
    return not _info(connection, "memory", "lazyfree_pending_objects")


def _answered(_: Connection) -> bool:
    return True


EVENTS = {
    event.name: event
    for event in (
        Event("BGSAVE", strings, ("BGSAVE",), _saved),
        Event("expiry", due, ("DEBUG", "SET-ACTIVE-EXPIRE", "1"), _empty),
        Event("FLUSHALL", strings, ("FLUSHALL", "ASYNC"), _freed),
        Event("UNLINK-set", one_set, ("UNLINK", "large"), _freed),
        Event("UNLINK-hash", one_hash, ("UNLINK", "large"), _freed),
        Event("UNLINK-zset", one_sorted_set, ("UNLINK", "large"), _freed),
        Event("UNLINK-list", one_list, ("UNLINK", "large"), _freed),
        Event("KEYS", strings, ("KEYS", "nothing*"), _answered),
    )
}


def watch(server: RunningServer, event: Event) -> Pings:
    """
    Let the event happen, and send PINGs until it is over.

    Raises:
        BenchmarkError: It has no end.
    """
    cause, pinging = server.connect(), server.connect()
    taken: list[float] = []
    try:
        pinging.ask("PING")
        began = time.perf_counter()
        cause.send(event.command)
        answered = False
        look_at = began
        while True:
            sent = time.perf_counter()
            if answered and sent > look_at:
                # A hold that this one meets is a hold as well.
                over = event.is_over(pinging)
                look_at = sent + BETWEEN_LOOKS_S
            else:
                pinging.ask("PING")
                over = False
            now = time.perf_counter()
            taken.append((now - sent) * 1000)
            if over:
                break
            if now - began > LIMIT_S:
                raise BenchmarkError(f"{event.name} is not over after {LIMIT_S:.0f} s")
            if not answered and select.select([cause.socket], [], [], 0)[0]:
                cause.receive()
                answered = True
            time.sleep(BETWEEN_PINGS_S)
    finally:
        cause.close()
        pinging.close()
    taken.sort()
    p50, p99, p999 = (percentile(taken, share) for share in (50.0, 99.0, 99.9))
    return Pings(p50, p99, p999, taken[-1], now - began)


def measure(spec: ServerSpec, event: Event, count: int) -> Pings:
    """Start a server, prepare it, and watch the event."""
    with running(ServerSpec(spec.name, f"{spec.command} {OPTIONS}")) as server:
        connection = server.connect()
        fill(connection, event.prepared(count))
        connection.close()
        server.settle()
        return watch(server, event)


def print_event(event: Event, found: dict[str, list[Pings]]) -> None:
    """Print what was found of each server: the median of its runs, and their slowest PINGs."""
    for name, runs in found.items():
        p50, p99, p999, seconds = (
            spread([getattr(run, field) for run in runs]).median
            for field in ("p50_ms", "p99_ms", "p999_ms", "seconds")
        )
        worst = spread([run.worst_ms for run in runs])
        print(
            f"{event.name:<14}{name:<14}{p50:>9.2f}{p99:>9.2f}{p999:>9.2f}{worst!s:>25}{seconds:>9.2f}",
            flush=True,
        )


def _events(text: str) -> list[Event]:
    try:
        return [EVENTS[name] for name in text.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"{error}: known are {', '.join(EVENTS)}") from error


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    grammar = argparse.ArgumentParser(
        prog="python -m benchmarks.stalls",
        description=(__doc__ or "").strip().partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = grammar.add_argument
    add("--events", default=",".join(EVENTS), type=_events, help="which, separated by commas")
    add("--keys", default=1_000_000, type=int, help="how many keys, or members of the large value")
    add("--rounds", default=3, type=int, help="how often each event happens to each server")
    add("--server", default=pyredis_command(), help="how to start the server measured")
    add("--reference", default=redis_command(), help="how to start the server compared with")
    add("--json", default=RESULTS / "stalls.json", type=Path, help="where the figures go")
    return grammar


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save; return 1 if something could not be measured."""
    options = parser().parse_args(arguments)
    specs = [ServerSpec(REFERENCE, options.reference), ServerSpec(OURS, options.server)]
    heading = ("PING, ms: p50", "p99", "p99.9", "worst [least-greatest]", "over, s")
    print("{:>37}{:>9}{:>9}{:>25}{:>9}".format(*heading))
    results: dict[str, dict[str, list[Pings]]] = {}
    try:
        with running(specs[0]) as reference, running(specs[1]) as ours:
            about = machine([reference, ours])
        for event in options.events:
            found: dict[str, list[Pings]] = {spec.name: [] for spec in specs}
            for number in range(options.rounds):
                for spec in specs if number % 2 == 0 else specs[::-1]:
                    found[spec.name].append(measure(spec, event, options.keys))
            print_event(event, found)
            results[event.name] = found
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    document = {
        "machine": about,
        "keys": options.keys,
        "events": {
            event: {name: [vars(run) for run in runs] for name, runs in found.items()}
            for event, found in results.items()
        },
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nfigures in {options.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
