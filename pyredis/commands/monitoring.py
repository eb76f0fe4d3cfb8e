"""MONITOR: watch what other clients do."""

from __future__ import annotations

from pyredis.errors import RedisError
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    STALE,
)
from pyredis.execution.table import family
from pyredis.wire.replies import NO_REPLY, OK, Reply

command = family("server")


@command(
    "MONITOR",
    arity=1,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="1.0.0",
)
def monitor(ctx: Context) -> Reply:
    """Show every command that any client runs from now on."""
    if not ctx.may_block:
        raise RedisError("MONITOR isn't allowed for DENY BLOCKING client")
    if ctx.client.is_monitor:
        return NO_REPLY
    ctx.server.monitors.add(ctx.client)
    return OK
