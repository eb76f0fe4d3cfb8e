"""
List commands that wait until there is something to take.

Each does at once what its plain kin does, or returns
:class:`~pyredis.execution.blocking.Blocked` and is run again when one of its
keys has become a list. Elsewhere the plain command is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands.lists import is_left, move, pop_from_first, read_pop_options
from pyredis.datatypes.lists import ListValue
from pyredis.execution.arguments import timeout_ms
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    BLOCKING,
    DELETE,
    DENYOOM,
    INSERT,
    RW,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import LIST
from pyredis.wire.replies import NULL_ARRAY, Reply

command = family("list", Category.LIST)


@command(
    "BLMOVE",
    arity=6,
    flags=WRITE | DENYOOM | BLOCKING,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=RW | INSERT),
    ),
    since="6.2.0",
    complexity="O(1)",
    syntax="source destination (LEFT | RIGHT):wherefrom (LEFT | RIGHT):whereto timeout:double",
)
def blmove(
    ctx: Context,
    source: bytes,
    destination: bytes,
    wherefrom: bytes,
    whereto: bytes,
    timeout: bytes,
) -> Reply | Blocked:
    """Move an element from one end of a list to one end of a list, once there is one."""
    from_left, to_left = is_left(wherefrom), is_left(whereto)
    wait_ms = timeout_ms(timeout, ctx.now_ms)
    value = ctx.db.lookup_write(source, ListValue)
    if value is None:
        return _wait_to_move(ctx, source, wait_ms)
    element = move(ctx, value, source, destination, from_left, to_left)
    ctx.propagate(b"LMOVE", source, destination, wherefrom, whereto)
    return element


@command(
    "BLMPOP",
    arity=-5,
    flags=WRITE | BLOCKING,
    keys=KeyNum(2, access=RW | ACCESS | DELETE),
    since="7.0.0",
    complexity="O(N+M) for N keys and M popped elements",
    syntax="timeout:double numkeys key... (LEFT | RIGHT):where [COUNT count]",
)
def blmpop(ctx: Context, timeout: bytes, numkeys: bytes, *options: bytes) -> Reply | Blocked:
    """Pop elements from the first of several lists that is there, once one is."""
    asked = read_pop_options(numkeys, options)
    wait_ms = timeout_ms(timeout, ctx.now_ms)
    popped = pop_from_first(ctx, asked.keys, asked.from_left, asked.limit)
    return Blocked(asked.keys, wait_ms, ListValue) if popped is None else popped


@command(
    "BLPOP",
    arity=-3,
    flags=WRITE | BLOCKING,
    keys=KeyRange(1, last=-2, access=RW | ACCESS | DELETE),
    since="2.0.0",
    complexity="O(N) for N keys",
    history=[("6.0.0", "`timeout` may have a fraction.")],
    syntax="key... timeout:double",
)
def blpop(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Remove the first element of the first list that is there, once one is."""
    return _pop(ctx, options, True)


@command(
    "BRPOP",
    arity=-3,
    flags=WRITE | BLOCKING,
    keys=KeyRange(1, last=-2, access=RW | ACCESS | DELETE),
    since="2.0.0",
    complexity="O(N) for N keys",
    history=[("6.0.0", "`timeout` may have a fraction.")],
    syntax="key... timeout:double",
)
def brpop(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Remove the last element of the first list that is there, once one is."""
    return _pop(ctx, options, False)


@command(
    "BRPOPLPUSH",
    arity=4,
    flags=WRITE | DENYOOM | BLOCKING,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=RW | INSERT),
    ),
    since="2.2.0",
    complexity="O(1)",
    deprecated=("6.2.0", "`BLMOVE` with `RIGHT` and `LEFT`"),
    history=[("6.0.0", "`timeout` may have a fraction.")],
    syntax="source destination timeout:double",
)
def brpoplpush(ctx: Context, source: bytes, destination: bytes, timeout: bytes) -> Reply | Blocked:
    """Move the last element of a list to the beginning of a list, once there is one."""
    wait_ms = timeout_ms(timeout, ctx.now_ms)
    value = ctx.db.lookup_write(source, ListValue)
    if value is None:
        return _wait_to_move(ctx, source, wait_ms)
    element = move(ctx, value, source, destination, False, True)
    ctx.propagate(b"RPOPLPUSH", source, destination)
    return element


def _pop(ctx: Context, words: Sequence[bytes], from_left: bool) -> Reply | Blocked:
    """Do what BLPOP and BRPOP do: their words are keys, and a timeout at last."""
    keys = words[:-1]
    wait_ms = timeout_ms(words[-1], ctx.now_ms)
    db = ctx.db
    for key in keys:
        value = db.lookup_write(key, ListValue)
        if value is not None:
            element = value.pop_left() if from_left else value.pop_right()
            db.changed(key, LIST, b"lpop" if from_left else b"rpop")
            if not value:
                db.delete_emptied(key)
            ctx.propagate(b"LPOP" if from_left else b"RPOP", key)
            return [key, element]
    return Blocked(keys, wait_ms, ListValue)


def _wait_to_move(ctx: Context, source: bytes, wait_ms: int) -> Blocked | None:
    """Wait for a list to move from; where that is not allowed the answer is a plain null."""
    return Blocked([source], wait_ms, ListValue, on_timeout=NULL_ARRAY) if ctx.may_block else None
