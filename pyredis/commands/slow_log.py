"""SLOWLOG: the commands that took too long."""

from __future__ import annotations

from pyredis.errors import wrong_subcommand
from pyredis.execution.arguments import integer_between
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import OK, Reply

command = family("server")

_USUAL_COUNT = 10

container(
    "SLOWLOG",
    "server",
    since="2.2.12",
    complexity="Depends on the subcommand",
)


@command(
    "SLOWLOG|GET",
    arity=-2,
    flags=ADMIN | LOADING | STALE,
    since="2.2.12",
    complexity="O(N) for N entries returned",
    history=[("4.0.0", "Entries have the client's address and name.")],
    tips=["request_policy:all_nodes", "nondeterministic_output"],
    syntax="[count]",
)
def slowlog_get(ctx: Context, *options: bytes) -> Reply:
    """Return the newest entries of the slow log."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "SLOWLOG")
    log = ctx.server.timings.slow_log
    count = _USUAL_COUNT
    if options:
        error = "count should be greater than or equal to -1"
        count = integer_between(options[0], -1, INT64_MAX, error)
    return [
        [
            entry.number,
            entry.time_s,
            entry.microseconds,
            list(entry.argv),
            entry.address.encode(),
            entry.client_name,
        ]
        for entry in log.newest(len(log) if count < 0 else min(count, len(log)))
    ]


@command(
    "SLOWLOG|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="6.2.0",
    complexity="O(1)",
)
def slowlog_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("SLOWLOG")


@command(
    "SLOWLOG|LEN",
    arity=2,
    flags=ADMIN | LOADING | STALE,
    since="2.2.12",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
)
def slowlog_len(ctx: Context) -> Reply:
    """Return how many entries the slow log has."""
    return len(ctx.server.timings.slow_log)


@command(
    "SLOWLOG|RESET",
    arity=2,
    flags=ADMIN | LOADING | STALE,
    since="2.2.12",
    complexity="O(N) for N entries",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def slowlog_reset(ctx: Context) -> Reply:
    """Forget the entries of the slow log."""
    ctx.server.timings.slow_log.clear()
    return OK
