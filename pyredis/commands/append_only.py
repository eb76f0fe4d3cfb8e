"""The append-only file, as clients know it."""

from __future__ import annotations

from pyredis.execution.client import Context
from pyredis.execution.flags import ADMIN, NO_ASYNC_LOADING, NOSCRIPT
from pyredis.execution.table import family
from pyredis.wire.replies import Reply, Simple

command = family("server")


@command(
    "BGREWRITEAOF",
    arity=1,
    flags=ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
    since="1.0.0",
    complexity="O(1)",
)
def bgrewriteaof(ctx: Context) -> Reply:
    """Write the append-only file anew in the background, as short as the data allow."""
    server = ctx.server
    begun = server.append_only.rewrite(later=server.transactions.is_running)
    return Simple(b"Background append only file rewriting " + begun.encode())
