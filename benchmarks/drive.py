"""
A tree's protocol without a socket, timed request by request.

This is a process that :mod:`benchmarks.guard` starts. It is given the tree to
import ``pyredis`` from, and makes its server as that tree's own tests do, so
that it fits trees of different age. It reads names of cases from its standard
input and answers each with the least nanoseconds of CPU that a request took.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SAMPLES = 8  # runs of which the quickest counts, for each answer
SAMPLE_NS = 2_000_000  # of CPU, for each run
KEYS = 2_000
READY = "ready"


def request(*words: str) -> bytes:
    """Return a request as client libraries send it."""
    parts = [f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]
    return "".join(parts).encode()


@dataclass(frozen=True)
class Case:
    """
    A request whose cost is watched.

    Attributes:
        words: The request; ``{n}`` is another number in each.
        pipeline: How many of them a chunk holds.
        chunks: How many different chunks take turns.
    """

    words: tuple[str, ...]
    pipeline: int = 1
    chunks: int = 50

    def made(self) -> list[bytes]:
        """Return the chunks."""
        return [
            b"".join(
                request(
                    *(
                        word.replace("{n}", f"{(at * self.pipeline + i) % KEYS:06d}")
                        for word in self.words
                    )
                )
                for i in range(self.pipeline)
            )
            for at in range(self.chunks)
        ]


CASES = {
    "PING": Case(("PING",)),
    "GET": Case(("GET", "key:{n}")),
    "SET": Case(("SET", "key:{n}", "value")),
    "GET x16": Case(("GET", "key:{n}"), 16),
    "SET x16": Case(("SET", "key:{n}", "value"), 16),
    "SET EX x16": Case(("SET", "key:{n}", "value", "EX", "1000"), 16),
    "INCR x16": Case(("INCR", "counter:{n}"), 16),
    "MSET x16": Case(("MSET", *(w for i in range(5) for w in (f"m{i}:{{n}}", "value"))), 16),
    "HSET": Case(("HSET", "hash", "field:{n}", "value")),
    "HGET x16": Case(("HGET", "hash", "field:{n}"), 16),
    "SADD x16": Case(("SADD", "set", "member:{n}"), 16),
    "ZADD": Case(("ZADD", "zset", "{n}", "member:{n}")),
    "LPUSH RPOP x16": Case(("RPOPLPUSH", "list", "list"), 16),
    "LRANGE": Case(("LRANGE", "list", "0", "99"), 1),
    "ZRANGE": Case(("ZRANGE", "zset", "0", "9", "WITHSCORES")),
    "XADD": Case(("XADD", "stream", "MAXLEN", "100", "*", "field", "{n}")),
}

PREPARATION = (
    *(Case(CASES[name].words, 100, KEYS // 100) for name in ("SET", "HSET", "SADD x16", "ZADD")),
    Case(("RPUSH", "list", "element:{n}"), 100, 5),
)


def quickest(exchange: Callable[..., bytes], case: Case) -> float:
    """Return the least nanoseconds of CPU that a request takes."""
    chunks = case.made()
    exchange(*chunks)
    began = time.process_time_ns()
    exchange(*chunks)
    once = max(time.process_time_ns() - began, 1)
    many = chunks * max(1, SAMPLE_NS // once)
    taken = []
    for _ in range(SAMPLES):
        began = time.process_time_ns()
        exchange(*many)
        taken.append(time.process_time_ns() - began)
        gc.collect(0)
    return min(taken) / (len(many) * case.pipeline)


def connect(tree: Path) -> Callable[..., bytes]:
    """
    Return what sends chunks to a new server of a tree and returns its replies.

    Raises:
        ImportError: The tree is not what would be imported.
    """
    package = importlib.import_module("pyredis")
    if tree not in Path(package.__file__ or "/").resolve().parents:
        raise ImportError(f"pyredis comes from {package.__file__}, not from {tree}")
    made = importlib.import_module("tests.net.test_protocol").ProtocolTestCase("exchange")
    made.setUp()
    exchange: Callable[..., bytes] = made.exchange
    for case in PREPARATION:
        if b"-" in exchange(*case.made()):
            raise ImportError(f"{case.words[0]} fails in {tree}")
    return exchange


def main() -> None:
    """Answer until there is no more input."""
    exchange = connect(Path(sys.argv[1]).resolve())
    # Only the requests are to be timed, not what the modules have left.
    gc.collect()
    gc.freeze()
    gc.disable()
    print(READY, flush=True)
    for line in sys.stdin:
        print(json.dumps(quickest(exchange, CASES[line.strip()])), flush=True)


if __name__ == "__main__":
    main()
