"""
What pipelines of one command do at once.

Each of these does for a number of requests what the command's body does for
one, with the look-ups and the bookkeeping done once. They know the common case
only: what is rare, or would fail, is left to the body by returning fewer
replies (see :func:`pyredis.execution.table.in_batch`). Nobody observes changes
while they run, so of an event only the count of changes is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyredis.commands import (
    bitmaps,
    connection,
    counters,
    expiration,
    geo,
    hashes,
    hyperloglog,
    keys,
    lists,
    sets,
    sorted_set_pops,
    sorted_set_ranges,
    sorted_sets,
    streams,
    strings,
)
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sets import SetValue
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.dispatch import FLUSH_BYTES
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import HASH, LIST, SET, STRING
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import OK, Reply

_READABLE: frozenset[Any] = frozenset({bytes, int, type(None)})
_FEW = 1000
_COUNTABLE: frozenset[Any] = frozenset({int, type(None)})


@in_batch(connection.ping)
def ping_each(ctx: Context, count: int) -> list[Reply]:
    """Answer PONG several times."""
    return [connection.ping(ctx)] * count


@in_batch(strings.get)
def get_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Return string values."""
    db = ctx.db
    found = db.lookup_many(keys)
    if found is None:
        return []
    kinds = {*map(type, found)}
    if not kinds <= _READABLE:
        return []
    if int in kinds:
        found = [b"%d" % value if value.__class__ is int else value for value in found]
    missing = 0
    if None.__class__ in kinds:
        missing = found.count(None)
    while len(found) > 1 and sum(map(len, filter(None, found))) > FLUSH_BYTES:
        found = found[: len(found) // 2]
        missing = found.count(None)
    db.hits += len(found) - missing
    db.misses += missing
    return found


@in_batch(strings.set_)
def set_each(
    ctx: Context, count: int, keys: Sequence[bytes], values: Sequence[bytes]
) -> list[Reply]:
    """Set strings."""
    if not ctx.db.store_many(keys, values):
        return []
    ctx.db.changed(keys[0], STRING, b"set", count)
    return [OK] * count


@in_batch(counters.incr)
def incr_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Add one to integers."""
    db = ctx.db
    found = db.lookup_many(keys)
    if found is None:
        return []
    if keys.count(keys[0]) == count:
        return _count_up(ctx, keys[0], 0 if found[0] is None else found[0], count)
    if len({*keys}) != count or not {*map(type, found)} <= _COUNTABLE:
        return []
    totals: list[Any] = [1 if number is None else number + 1 for number in found]
    if max(totals) > INT64_MAX or not db.store_many(keys, totals):
        return []
    db.changed(keys[0], STRING, b"incrby", count)
    return totals


def _count_up(ctx: Context, key: bytes, number: Any, count: int) -> list[Reply]:
    """Add one to one integer again and again."""
    if number.__class__ is not int or number > INT64_MAX - count:
        return []
    ctx.db.overwrite(key, number + count)
    ctx.db.changed(key, STRING, b"incrby", count)
    return [*range(number + 1, number + count + 1)]


@in_batch(strings.mset, in_order=True)
def mset_each(ctx: Context, count: int, words: Sequence[bytes]) -> list[Reply]:
    """Set several strings, again and again."""
    keys = words[::2]
    if len(words) // count % 2 or not ctx.db.store_many(keys, words[1::2]):
        return []
    ctx.db.changed(keys[0], STRING, b"set", len(keys))
    return [OK] * count


@in_batch(lists.lpush)
def lpush_each(
    ctx: Context, count: int, keys: Sequence[bytes], elements: Sequence[bytes]
) -> list[Reply]:
    """Put elements before one list."""
    return _push_each(ctx, count, keys, elements, ListValue.push_left_each)


@in_batch(lists.rpush)
def rpush_each(
    ctx: Context, count: int, keys: Sequence[bytes], elements: Sequence[bytes]
) -> list[Reply]:
    """Put elements behind one list."""
    return _push_each(ctx, count, keys, elements, ListValue.push_right_each)


def _push_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    elements: Sequence[bytes],
    push: Callable[..., range],
) -> list[Reply]:
    value = _only_value(ctx, keys, ListValue)
    if value is None:
        return []
    lengths = push(value, elements, ctx.limits)
    ctx.db.changed(keys[0], LIST, b"push", count)
    return [*lengths]


@in_batch(lists.lpop)
def lpop_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take elements from the beginning of one list, but not its last one."""
    return _pop_each(ctx, count, keys, ListValue.pop_left_each)


@in_batch(lists.rpop)
def rpop_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take elements from the end of one list, but not its last one."""
    return _pop_each(ctx, count, keys, ListValue.pop_right_each)


@in_batch(lists.lrange)
def lrange_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    starts: Sequence[bytes],
    stops: Sequence[bytes],
) -> list[Reply]:
    """Return the same few elements of one list several times."""
    db = ctx.db
    for words in (keys, starts, stops):
        if words.count(words[0]) != count:
            return []
    first, last = integer(starts[0]), integer(stops[0])
    if not 0 <= first <= last < first + _FEW or db.accesses is not None:
        return []
    hits, misses = db.hits, db.misses
    elements: Any = lists.lrange(ctx, keys[0], starts[0], stops[0])
    # At least one, which the body would send as well.
    times = max(1, min(count, FLUSH_BYTES // (sum(map(len, elements)) + len(elements) + 1)))
    db.hits += (db.hits - hits) * (times - 1)
    db.misses += (db.misses - misses) * (times - 1)
    return [elements] * times


def _pop_each(
    ctx: Context, count: int, keys: Sequence[bytes], pop: Callable[..., list[Any]]
) -> list[Reply]:
    value = _only_value(ctx, keys, ListValue)
    if value is None:
        return []
    popped: list[Reply] = pop(value, count, FLUSH_BYTES)
    if popped:
        ctx.db.changed(keys[0], LIST, b"pop", count)
    return popped


@in_batch(sets.sadd)
def sadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], members: Sequence[bytes]
) -> list[Reply]:
    """Add members to one set."""
    value = _only_value(ctx, keys, SetValue)
    if value is None:
        return []
    added: list[Any] = value.add_each(members, ctx.limits)
    number = sum(added)
    if number:
        ctx.db.changed(keys[0], SET, b"sadd", number)
    return added


@in_batch(sets.spop)
def spop_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take members from one set at random, but not its last one."""
    value = _only_value(ctx, keys, SetValue)
    if value is None or len(value) <= count or ctx.effects is not None:
        return []
    pop, rng = value.pop_random, ctx.server.rng
    popped: list[Reply] = []
    size = 0
    for _ in range(count):
        member = pop(rng)
        popped.append(member)
        size += len(member)
        if size > FLUSH_BYTES:
            break
    ctx.db.changed(keys[0], SET, b"spop", len(popped))
    return popped


@in_batch(hashes.hset)
def hset_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    fields: Sequence[bytes],
    values: Sequence[bytes],
) -> list[Reply]:
    """Set fields of one hash."""
    value = _only_value(ctx, keys, HashValue)
    if value is None:
        return []
    created: list[Any] = value.set_each(fields, values, ctx.limits)
    ctx.db.changed(keys[0], HASH, b"hset", count)
    return created


def _only_value(ctx: Context, keys: Sequence[bytes], kind: type[Any]) -> Any:
    """
    Return the value of the key, if it is the same in all requests and is there.

    Raises:
        WrongType: The value is of another type.
    """
    key = keys[0]
    return ctx.db.lookup_write(key, kind) if keys.count(key) == len(keys) else None


def _in_turn(body: Callable[..., Any]) -> Callable[..., list[Reply]]:
    """
    Return a form that only calls the body again and again.

    Even that spares each request most of what it costs by itself. The body must
    check its arguments before it changes anything, and answer with little.
    """

    def form(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
        replies: list[Reply] = []
        if ctx.effects is not None:
            return replies  # effects belong to one request each
        db = ctx.db
        size = 0
        try:
            for request in zip(*columns, strict=True):
                hits, misses = db.hits, db.misses
                reply = body(ctx, *request)
                replies.append(reply)
                if reply.__class__ is list and reply:
                    size += _length(reply)
                    if size > FLUSH_BYTES:
                        break
        except Exception:
            # Run by itself the request says why, and counts what it looked up.
            db.hits, db.misses = hits, misses
        return replies

    return form


def _length(reply: list[Any]) -> int:
    """Return how many bytes the members of a reply have; a score with the only one is none."""
    return sum(map(len, reply)) if reply[-1].__class__ is bytes else len(reply[0])


for _body in (
    bitmaps.bitcount,
    bitmaps.getbit,
    bitmaps.setbit,
    counters.decr,
    counters.incrby,
    expiration.expire,
    expiration.ttl,
    geo.geoadd,
    hashes.hget,
    hashes.hincrby,
    hyperloglog.pfadd,
    keys.exists,
    lists.llen,
    sets.scard,
    sets.sismember,
    sets.srem,
    sorted_set_pops.zpopmax,
    sorted_set_pops.zpopmin,
    sorted_set_ranges.zrange,
    sorted_sets.zadd,
    sorted_sets.zincrby,
    sorted_sets.zrank,
    sorted_sets.zscore,
    streams.xadd,
    strings.setex,
    strings.strlen,
):
    in_batch(_body)(_in_turn(_body))
