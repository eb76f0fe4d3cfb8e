"""Commands on databases as a whole, and on the server itself."""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.errors import RedisError, db_index_out_of_range, syntax_error
from pyredis.execution.arguments import integer_between
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    ALLOW_BUSY,
    FAST,
    LOADING,
    NO_MULTI,
    NOSCRIPT,
    READONLY,
    STALE,
    WRITE,
    Category,
)
from pyredis.execution.table import family
from pyredis.wire.replies import NO_REPLY, OK, Reply

command = family("server")

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_SHUTDOWN_WORDS = frozenset({b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT"})


@command(
    "DBSIZE",
    arity=1,
    flags=READONLY | FAST,
    since="1.0.0",
    complexity="O(1)",
    categories=Category.KEYSPACE,
    tips=["request_policy:all_shards", "response_policy:agg_sum"],
)
def dbsize(ctx: Context) -> Reply:
    """Return how many keys the selected database has, expired ones not yet removed included."""
    return len(ctx.db)


@command(
    "FLUSHALL",
    arity=-1,
    flags=WRITE,
    since="1.0.0",
    complexity="O(N) for N keys in all databases",
    categories=Category.KEYSPACE | Category.DANGEROUS,
    history=[("4.0.0", "`ASYNC`."), ("6.2.0", "`SYNC`.")],
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="[ASYNC@4.0.0 | SYNC@6.2.0]:flush-type",
)
def flushall(ctx: Context, *options: bytes) -> Reply:
    """Remove all keys of all databases."""
    _check_flush_options(options)
    ctx.server.remove_all_keys(ctx.keyspace.databases)
    ctx.server.snapshots.all_flushed()
    # Repeated elsewhere even if there was nothing to remove here.
    ctx.propagate(b"FLUSHALL", *options)
    return OK


@command(
    "FLUSHDB",
    arity=-1,
    flags=WRITE,
    since="1.0.0",
    complexity="O(N) for N keys in the database",
    categories=Category.KEYSPACE | Category.DANGEROUS,
    history=[("4.0.0", "`ASYNC`."), ("6.2.0", "`SYNC`.")],
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="[ASYNC@4.0.0 | SYNC@6.2.0]:flush-type",
)
def flushdb(ctx: Context, *options: bytes) -> Reply:
    """Remove all keys of the selected database."""
    _check_flush_options(options)
    ctx.server.remove_all_keys([ctx.db])
    ctx.propagate(b"FLUSHDB", *options)
    return OK


@command(
    "SHUTDOWN",
    arity=-1,
    flags=ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
    since="1.0.0",
    complexity="O(N) for N keys if they are saved, else O(1)",
    history=[("7.0.0", "`NOW`, `FORCE` and `ABORT`.")],
    syntax="[NOSAVE | SAVE]:save-selector [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
    may_wait=True,
)
def shutdown(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Stop the server, after saving if that is configured or asked for."""
    words = {option.upper() for option in options}
    if not words <= _SHUTDOWN_WORDS or words >= {b"SAVE", b"NOSAVE"}:
        raise syntax_error()
    if b"ABORT" in words:
        if len(words) > 1:
            raise syntax_error()
        if not ctx.server.host.abort_shutdown():
            raise RedisError("No shutdown in progress.")
        return OK
    now = b"NOW" in words
    if not now and not ctx.may_block:
        raise RedisError("SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client")
    save = True if b"SAVE" in words else False if b"NOSAVE" in words else None
    busy = ctx.server.scripting.busy
    if busy.is_on:
        if save is not False:
            raise busy.refusal()
        busy.shut_down()
    waiting = ctx.server.host.shutdown(save, now, b"FORCE" in words)
    if waiting is not None:
        return waiting
    # The client is to see the end of the connection, and no reply.
    ctx.client.close()
    return NO_REPLY


@command(
    "SWAPDB",
    arity=3,
    flags=WRITE | FAST,
    since="4.0.0",
    complexity="O(N) for N clients watching or waiting in the two databases",
    categories=Category.KEYSPACE | Category.DANGEROUS,
    syntax="index1:integer index2:integer",
)
def swapdb(ctx: Context, index1: bytes, index2: bytes) -> Reply:
    """Exchange the keys of two databases; clients see the other's from now on."""
    if ctx.server.cluster.is_on:
        raise RedisError("SWAPDB is not allowed in cluster mode")
    keyspace = ctx.keyspace
    first = integer_between(index1, _INT_MIN, _INT_MAX, "invalid first DB index")
    second = integer_between(index2, _INT_MIN, _INT_MAX, "invalid second DB index")
    count = len(keyspace.databases)
    if not (0 <= first < count and 0 <= second < count):
        raise db_index_out_of_range()
    if first != second:
        one, other = keyspace.databases[first], keyspace.databases[second]
        server = ctx.server
        server.watched.database_changed(one, other)
        server.watched.database_changed(other, one)
        one.exchange(other)
        server.waiting_room.database_changed(one, other)
    keyspace.dirty += 1
    return OK


@command(
    "TIME",
    arity=1,
    flags=LOADING | STALE | FAST,
    since="2.6.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def time(ctx: Context) -> Reply:
    """Return the time of the server: Unix seconds, and microseconds of the second."""
    # Within a script or a transaction time stands still.
    seconds, microseconds = divmod(ctx.server.time_us(frozen=not ctx.may_block), 1_000_000)
    return [b"%d" % seconds, b"%d" % microseconds]


def _check_flush_options(options: Sequence[bytes]) -> None:
    """
    Refuse anything but one of ASYNC and SYNC, which are all the same here.

    What was removed is freed little by little in any case: the loop is never
    held up, and no client can tell the difference.
    """
    if len(options) > 1 or (options and options[0].upper() not in (b"ASYNC", b"SYNC")):
        raise syntax_error()
