"""VISIT and VISITS: a list of visits that keeps only the newest."""

from pyredis import command
from pyredis.datatypes.lists import ListValue
from pyredis.errors import RedisError
from pyredis.execution.arguments import integer
from pyredis.execution.flags import ACCESS, DENYOOM, FAST, INSERT, READONLY, RO, RW, WRITE
from pyredis.execution.key_specs import KeyRange
from pyredis.keyspace.events import LIST

KEPT = 100


@command(
    "VISIT",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    complexity="O(N) for N visitors",
    syntax="key visitor...",
)
def visit(ctx, key, *visitors):
    """Note visitors, newest last, and forget all but the newest hundred."""
    value = ctx.db.lookup_write(key, ListValue)
    if value is None:
        value = ListValue()
        ctx.db.overwrite(key, value)
    value.push_left(visitors, ctx.limits)
    value.trim(0, KEPT)
    ctx.db.changed(key, LIST, b"visit", len(visitors))
    return len(value)


@command(
    "VISITS",
    arity=3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    complexity="O(N) for N visitors returned",
    syntax="key count:integer",
)
def visits(ctx, key, count):
    """Return how many visits are kept, and the newest of them."""
    wanted = integer(count)
    if wanted < 0:
        raise RedisError("count must not be negative")
    value = ctx.db.lookup_read(key, ListValue)
    if value is None:
        return {b"kept": 0, b"newest": []}
    return {b"kept": len(value), b"newest": value.slice(0, wanted)}
