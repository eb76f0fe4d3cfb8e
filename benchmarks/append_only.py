"""
Throughput with an append-only file, beside redis-server: ``python -m benchmarks.append_only``.

Both servers write down what they do with the same ``appendfsync``, on the same
disk: what the disk takes falls on both alike. The measuring itself, and all
options, are those of :mod:`benchmarks.throughput`; a table is made for each
policy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks import throughput
from benchmarks.servers import pyredis_command, redis_command

POLICIES = ("always", "everysec")
DEFAULTS = ("--tests", "SET,INCR,LPUSH,HSET", "--pipelines", "1,16")


def durable(command: str, policy: str) -> str:
    """
    Return how to start a server with an append-only file.

    Args:
        command: How it is started without one.
        policy: Its ``appendfsync``.
    """
    wanted = f"--appendonly yes --appendfsync {policy} --auto-aof-rewrite-percentage 0"
    return command.replace("--appendonly no", wanted)


def arguments_for(policy: str, given: Sequence[str]) -> list[str]:
    """Return the arguments of :mod:`benchmarks.throughput` for a policy; those given win."""
    return [
        *DEFAULTS,
        "--server",
        durable(pyredis_command(), policy),
        "--reference",
        durable(redis_command(), policy),
        "--json",
        str(throughput.RESULTS / f"append-only-{policy}.json"),
        "--markdown",
        str(throughput.RESULTS / f"append-only-{policy}.md"),
        "--png",
        str(throughput.RESULTS / f"append-only-{policy}.png"),
        *given,
    ]


def main(given: Sequence[str] | None = None) -> int:
    """Measure with each policy; return the exit code."""
    arguments = sys.argv[1:] if given is None else given
    codes = []
    for policy in POLICIES:
        print(f"\nappendfsync {policy}")
        codes.append(throughput.main(arguments_for(policy, arguments)))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
