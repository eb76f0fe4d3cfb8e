"""Sorted-set commands that take members from either end, at once or when there are some."""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import syntax_error
from pyredis.execution.arguments import (
    Arguments,
    integer_between,
    positive_count,
    timeout_ms,
)
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import ACCESS, BLOCKING, DELETE, FAST, RW, WRITE, Category
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import SORTED_SET
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NULL_ARRAY, Double, Reply, Scored

command = family("sorted-set", Category.SORTEDSET)


@command(
    "ZPOPMIN",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="5.0.0",
    complexity="O(M*log(N)) for M popped of N members",
    syntax="key [count]",
)
def zpopmin(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Remove the members with the lowest scores and return them."""
    return _pop_from(ctx, key, options, greatest=False)


@command(
    "ZPOPMAX",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="5.0.0",
    complexity="O(M*log(N)) for M popped of N members",
    syntax="key [count]",
)
def zpopmax(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Remove the members with the highest scores and return them."""
    return _pop_from(ctx, key, options, greatest=True)


def _pop_from(ctx: Context, key: bytes, options: Sequence[bytes], greatest: bool) -> Reply:
    if not options:
        value = ctx.db.lookup_write(key, SortedSetValue)
        # A single pair is flat in either protocol.
        return [] if value is None else _pop_one(ctx, key, value, greatest)
    if len(options) > 1:
        raise syntax_error()
    count = positive_count(options[0])
    value = ctx.db.lookup_write(key, SortedSetValue)
    if value is None or not count:
        return []
    members, scores = _pop(ctx, key, value, greatest, count)
    return Scored(members, scores)


def _pop_one(ctx: Context, key: bytes, value: SortedSetValue, greatest: bool) -> list[Reply]:
    """Remove the outermost member and return it and its score."""
    member, score = value.pop(greatest)
    ctx.db.changed(key, SORTED_SET, b"zpopmax" if greatest else b"zpopmin")
    if not value:
        ctx.db.delete_emptied(key)
    return [member, Double(score)]


def _pop(
    ctx: Context, key: bytes, value: SortedSetValue, greatest: bool, count: int
) -> tuple[list[bytes], list[float]]:
    """Remove some members from an end of a sorted set and return them, the outermost first."""
    size = len(value)
    start, stop = (max(size - count, 0), size) if greatest else (0, min(count, size))
    scores = value.scores_between(start, stop)
    members = value.delete_between(start, stop)
    if greatest:
        members.reverse()
        scores.reverse()
    ctx.db.changed(key, SORTED_SET, b"zpopmax" if greatest else b"zpopmin", stop - start)
    if not value:
        ctx.db.delete_emptied(key)
    return members, scores


@command(
    "ZMPOP",
    arity=-4,
    flags=WRITE,
    keys=KeyNum(1, access=RW | ACCESS | DELETE),
    since="7.0.0",
    complexity="O(K+M*log(N)) for K keys, a sorted set of N members and M popped",
    syntax="numkeys key... (MIN | MAX):where [COUNT count]",
)
def zmpop(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Remove members from the first sorted set that has any and return them."""
    keys, greatest, count = _read_pop_options(numkeys, options)
    popped = _pop_any(ctx, keys, greatest, count)
    return NULL_ARRAY if popped is None else popped


@command(
    "BZMPOP",
    arity=-5,
    flags=WRITE | BLOCKING,
    keys=KeyNum(2, access=RW | ACCESS | DELETE),
    since="7.0.0",
    complexity="O(K+M*log(N)) for K keys, a sorted set of N members and M popped",
    syntax="timeout:double numkeys key... (MIN | MAX):where [COUNT count]",
)
def bzmpop(ctx: Context, timeout: bytes, numkeys: bytes, *options: bytes) -> Reply | Blocked:
    """Remove members from the first sorted set that has any, waiting for one."""
    keys, greatest, count = _read_pop_options(numkeys, options)
    wait_ms = timeout_ms(timeout)
    popped = _pop_any(ctx, keys, greatest, count)
    return Blocked(keys, wait_ms, SortedSetValue) if popped is None else popped


def _read_pop_options(
    numkeys: bytes, options: Sequence[bytes]
) -> tuple[Sequence[bytes], bool, int]:
    """Return the keys, whether the greatest members are wanted, and how many."""
    number = integer_between(numkeys, 1, INT64_MAX, "numkeys should be greater than 0")
    keys = options[:number]
    arguments = Arguments(options[number:])
    end = arguments.take_word()
    if end not in (b"MIN", b"MAX"):
        raise syntax_error()
    count = None
    while arguments:
        if count is not None or arguments.left < 2 or not arguments.eat(b"COUNT"):
            raise syntax_error()
        count = integer_between(arguments.take(), 1, INT64_MAX, "count should be greater than 0")
    return keys, end == b"MAX", count or 1


def _pop_any(ctx: Context, keys: Sequence[bytes], greatest: bool, count: int) -> Reply:
    """Pop from the first key that is there; return its name and the pairs, or None."""
    for key in keys:
        value = ctx.db.lookup_write(key, SortedSetValue)
        if value is not None:
            members, scores = _pop(ctx, key, value, greatest, count)
            name = b"ZPOPMAX" if greatest else b"ZPOPMIN"
            ctx.propagate(name, key, b"%d" % len(members))
            pairs = zip(members, map(Double, scores), strict=True)
            return [key, [[member, score] for member, score in pairs]]
    return None


@command(
    "BZPOPMIN",
    arity=-3,
    flags=WRITE | BLOCKING | FAST,
    keys=KeyRange(1, last=-2, access=RW | ACCESS | DELETE),
    since="5.0.0",
    complexity="O(log(N)) for a sorted set of N members",
    history=[("6.0.0", "`timeout` may have a fraction.")],
    syntax="key... timeout:double",
)
def bzpopmin(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Remove the member with the lowest score and return it, waiting for one."""
    return _wait_and_pop(ctx, options, greatest=False)


@command(
    "BZPOPMAX",
    arity=-3,
    flags=WRITE | BLOCKING | FAST,
    keys=KeyRange(1, last=-2, access=RW | ACCESS | DELETE),
    since="5.0.0",
    complexity="O(log(N)) for a sorted set of N members",
    history=[("6.0.0", "`timeout` may have a fraction.")],
    syntax="key... timeout:double",
)
def bzpopmax(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Remove the member with the highest score and return it, waiting for one."""
    return _wait_and_pop(ctx, options, greatest=True)


def _wait_and_pop(ctx: Context, options: Sequence[bytes], greatest: bool) -> Reply | Blocked:
    keys = options[:-1]
    wait_ms = timeout_ms(options[-1])
    for key in keys:
        value = ctx.db.lookup_write(key, SortedSetValue)
        if value is not None:
            ctx.propagate(b"ZPOPMAX" if greatest else b"ZPOPMIN", key)
            return [key, *_pop_one(ctx, key, value, greatest)]
    return Blocked(keys, wait_ms, SortedSetValue)
