"""
Saving and loading an RDB file, beside redis-server: ``python -m benchmarks.snapshots``.

A million short strings, then a hundred thousand small hashes. SAVE is timed by
its answer; loading is DEBUG RELOAD NOSAVE of the same file, which forgets and
loads everything, so that no start of a process is in it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from benchmarks.report import OURS, REFERENCE
from benchmarks.servers import (
    Connection,
    ServerSpec,
    pyredis_command,
    redis_command,
    running,
)

AT_ONCE = 500
OPTIONS = "--enable-debug-command yes --dir {directory} --port {port}"

Commands = Iterator[tuple[str, ...]]


def strings(count: int) -> Commands:
    """Yield commands that make string keys."""
    for number in range(count):
        yield "SET", f"key:{number:08d}", f"value:{number}"


def hashes(count: int) -> Commands:
    """Yield commands that make hashes of five fields."""
    for number in range(count):
        fields = [f"{word}{field}" for field in range(5) for word in ("field:", f"v{number}:")]
        yield "HSET", f"hash:{number:08d}", *fields


def fill(connection: Connection, commands: Commands) -> None:
    """Run commands, many at a time."""
    pending: list[tuple[str, ...]] = []
    for command in commands:
        pending.append(command)
        if len(pending) == AT_ONCE:
            send(connection, pending)
    send(connection, pending)


def send(connection: Connection, pending: list[tuple[str, ...]]) -> None:
    """Run commands and drop their replies."""
    connection.send(*pending)
    for _ in pending:
        connection.receive()
    pending.clear()


def measure(spec: ServerSpec, commands: Commands, rounds: int) -> tuple[float, float]:
    """Return the least seconds that saving and loading took."""
    with running(spec) as server:
        connection = Connection(server.port, 600.0)
        fill(connection, commands)
        times = [
            (timed(connection, "SAVE"), timed(connection, "DEBUG", "RELOAD", "NOSAVE"))
            for _ in range(rounds)
        ]
        connection.close()
    return min(save for save, _ in times), min(load for _, load in times)


def timed(connection: Connection, *command: str) -> float:
    """Return how many seconds a command takes."""
    began = time.perf_counter()
    reply = connection.ask(*command)
    if reply not in (b"OK", "OK"):
        raise SystemExit(f"{' '.join(command)}: {reply!r}")
    return time.perf_counter() - began


def main() -> None:
    """Measure both servers and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshots", description=__doc__)
    parser.add_argument("--strings", default=1_000_000, type=int, help="how many")
    parser.add_argument("--hashes", default=100_000, type=int, help="how many")
    parser.add_argument("--rounds", default=3, type=int, help="the best of so many counts")
    options = parser.parse_args()
    data: list[tuple[str, Callable[[int], Commands], int]] = [
        ("strings", strings, options.strings),
        ("hashes", hashes, options.hashes),
    ]
    print(f"{'':>22}{REFERENCE:>14}{OURS:>14}{'ratio':>8}")
    for name, make, count in data:
        reference, ours = (
            measure(ServerSpec(label, f"{command} {OPTIONS}"), make(count), options.rounds)
            for label, command in ((REFERENCE, redis_command()), (OURS, pyredis_command()))
        )
        for what, theirs_s, ours_s in zip(("save", "load"), reference, ours, strict=True):
            label = f"{what} {count} {name}"
            print(f"{label:>22}{theirs_s:>12.3f} s{ours_s:>12.3f} s{ours_s / theirs_s:>8.2f}")


if __name__ == "__main__":
    main()
