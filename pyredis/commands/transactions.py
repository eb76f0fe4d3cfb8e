"""
Transaction commands.

MULTI lets a client's commands queue up, EXEC runs them in one go; WATCH makes
EXEC do nothing if a key was changed meanwhile. What queues and what does not is
the dispatcher's business, by the ``runs_in_transaction`` of the declarations.
"""

from __future__ import annotations

from pyredis.errors import RedisError
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ALLOW_BUSY,
    FAST,
    LOADING,
    NOSCRIPT,
    RO,
    SKIP_SLOWLOG,
    STALE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.execution.transactions import Transaction, leave_transaction
from pyredis.wire.replies import NULL_ARRAY, OK, Reply

command = family("transactions", Category.TRANSACTION)


@command(
    "DISCARD",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
    since="2.0.0",
    complexity="O(N) for N queued commands",
    runs_in_transaction=True,
)
def discard(ctx: Context) -> Reply:
    """Forget the queued commands and watch no key any more."""
    if ctx.client.transaction is None:
        raise RedisError("DISCARD without MULTI")
    leave_transaction(ctx.client)
    return OK


@command(
    "EXEC",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,
    since="1.2.0",
    complexity="Depends on the queued commands",
    runs_in_transaction=True,
    runs_queue=True,
)
def exec_(ctx: Context) -> Reply:
    """Run the queued commands, unless a watched key was changed."""
    client = ctx.client
    transaction = client.transaction
    if transaction is None:
        raise RedisError("EXEC without MULTI")
    touched = ctx.server.watched.is_touched(client)
    leave_transaction(client)
    if transaction.aborted:
        raise RedisError("Transaction discarded because of previous errors.", code="EXECABORT")
    if touched:
        return NULL_ARRAY
    return ctx.server.transactions.run(client, transaction.queued)


@command(
    "MULTI",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
    since="1.2.0",
    complexity="O(1)",
    runs_in_transaction=True,
)
def multi(ctx: Context) -> Reply:
    """Queue the commands that follow until EXEC or DISCARD."""
    if ctx.client.transaction is not None:
        raise RedisError("MULTI calls can not be nested")
    ctx.client.transaction = Transaction()
    ctx.client.refresh()
    return OK


@command(
    "UNWATCH",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
    since="2.2.0",
    complexity="O(1)",
)
def unwatch(ctx: Context) -> Reply:
    """Watch no key any more."""
    ctx.server.watched.forget(ctx.client)
    return OK


@command(
    "WATCH",
    arity=-2,
    flags=NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
    keys=KeyRange(1, last=-1, access=RO),
    since="2.2.0",
    complexity="O(N) for N keys",
    syntax="key...",
    runs_in_transaction=True,
)
def watch(ctx: Context, *keys: bytes) -> Reply:
    """Let the next EXEC do nothing if one of these keys changes before it."""
    if ctx.client.transaction is not None:
        raise RedisError("WATCH inside MULTI is not allowed")
    ctx.server.watched.watch(ctx.client, keys)
    return OK
