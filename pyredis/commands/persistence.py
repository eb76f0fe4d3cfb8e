"""SAVE and its kin: all data as a file, now or in the background."""

from __future__ import annotations

from pyredis.errors import syntax_error
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    FAST,
    LOADING,
    NO_ASYNC_LOADING,
    NO_MULTI,
    NOSCRIPT,
    STALE,
    Category,
)
from pyredis.execution.table import family
from pyredis.wire.replies import OK, Reply, Simple

command = family("server")


@command(
    "BGSAVE",
    arity=-1,
    flags=ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
    since="1.0.0",
    complexity="O(1)",
    history=[("3.2.2", "`SCHEDULE`.")],
    syntax="[SCHEDULE@3.2.2]",
)
def bgsave(ctx: Context, *options: bytes) -> Reply:
    """Save all data to disk in the background."""
    if options and (len(options) > 1 or options[0].upper() != b"SCHEDULE"):
        raise syntax_error()
    server = ctx.server
    begun = server.snapshots.save_in_background(
        later=bool(options), in_transaction=server.transactions.is_running
    )
    return Simple(b"Background saving " + begun.encode())


@command(
    "LASTSAVE",
    arity=1,
    flags=LOADING | STALE | FAST,
    since="1.0.0",
    complexity="O(1)",
    categories=Category.ADMIN | Category.DANGEROUS,
    tips=["nondeterministic_output"],
)
def lastsave(ctx: Context) -> Reply:
    """Return when the data were last saved, in Unix seconds."""
    return ctx.server.snapshots.last_save_s


@command(
    "SAVE",
    arity=1,
    flags=ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
    since="1.0.0",
    complexity="O(N) for N keys in all databases",
)
def save(ctx: Context) -> Reply:
    """Save all data to disk; everybody waits meanwhile."""
    ctx.server.snapshots.save()
    return OK
