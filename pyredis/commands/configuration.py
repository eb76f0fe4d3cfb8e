"""CONFIG: the configuration of a running server."""

from __future__ import annotations

from pyredis.config.settings import is_sensitive, pairs_of
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.wire.replies import OK, Reply

command = family("server")

container(
    "CONFIG",
    "server",
    since="2.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "CONFIG|GET",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N parameters",
    history=[("7.0.0", "Several patterns.")],
    syntax="parameter...",
)
def config_get(ctx: Context, *parameters: bytes) -> Reply:
    """Return the parameters whose names match one of the patterns, with their values."""
    return {name.encode(): value for name, value in ctx.settings.get(*parameters)}


@command(
    "CONFIG|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def config_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("CONFIG")


@command(
    "CONFIG|RESETSTAT",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def config_resetstat(ctx: Context) -> Reply:
    """Count the statistics that INFO shows anew."""
    ctx.server.reset_statistics()
    return OK


@command(
    "CONFIG|REWRITE",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.0",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def config_rewrite(ctx: Context) -> Reply:
    """Write the configuration as it is now to the file it came from."""
    ctx.server.host.rewrite_config()
    return OK


@command(
    "CONFIG|SET",
    arity=-4,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N parameters",
    history=[("7.0.0", "Several parameters.")],
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="(parameter value):data...",
)
def config_set(ctx: Context, *options: bytes) -> Reply:
    """Set parameters, all of them or none."""
    first = len(ctx.client.argv) - len(options)
    for index, name in enumerate(options[: len(options) // 2 * 2 : 2]):
        if is_sensitive(name):
            ctx.client.redact(first + 2 * index + 1)
    keyspace = ctx.keyspace
    ctx.settings.set_many(
        pairs_of(options),
        is_local=ctx.client.is_local,
        loading=keyspace.loading or keyspace.loading_aside,
    )
    return OK
