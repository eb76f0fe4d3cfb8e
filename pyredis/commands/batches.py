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
    hashes,
    keys,
    lists,
    sets,
    strings,
)
from pyredis.commands.batch_forms import in_turn, none_each, once_for_equal, only_value
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sets import SetValue
from pyredis.execution.client import Context
from pyredis.execution.expire_times import EXPIRY_OPTIONS, any_deadline, positive_deadline
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import GENERIC, HASH, LIST, SET, STRING
from pyredis.keyspace.many_keys import lookup_many, set_deadlines, store_all, store_many
from pyredis.primitives.numbers import INT64_MAX, canonical_int
from pyredis.wire.replies import OK, Reply

_READABLE: frozenset[Any] = frozenset({bytes, int, type(None)})


@in_batch(connection.ping)
def ping_each(ctx: Context, count: int) -> list[Reply]:
    """Answer PONG several times."""
    return [connection.ping(ctx)] * count


@in_batch(strings.get)
def get_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Return string values."""
    db = ctx.db
    found = lookup_many(db, keys)
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
    while len(found) > 1 and sum(map(len, filter(None, found))) > ctx.batch_bytes:
        found = found[: len(found) // 2]
        missing = found.count(None)
    db.hits += len(found) - missing
    db.misses += missing
    return found


@in_batch(strings.set_)
def set_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    values: Sequence[bytes],
    *options: Sequence[bytes],
) -> list[Reply]:
    """Set strings, which may expire at the same time."""
    deadline_ms = None
    if options:
        expiry = [column[0] for column in options if column.count(column[0]) == count]
        if len(expiry) != 2 or len(options) != 2 or expiry[0].upper() not in EXPIRY_OPTIONS:
            return _set_in_turn(ctx, count, keys, values, *options)
        unit_ms, relative = EXPIRY_OPTIONS[expiry[0].upper()]
        deadline_ms = positive_deadline(expiry[1], unit_ms, relative, ctx.now_ms, "set")
    return _store_each(ctx, count, keys, values, deadline_ms)


@in_batch(strings.setex)
def setex_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    seconds: Sequence[bytes],
    values: Sequence[bytes],
) -> list[Reply]:
    """Set strings that expire at the same time."""
    if seconds.count(seconds[0]) < count:
        return _setex_in_turn(ctx, count, keys, seconds, values)
    deadline_ms = positive_deadline(seconds[0], 1000, True, ctx.now_ms, "setex")
    return _store_each(ctx, count, keys, values, deadline_ms)


_set_in_turn = in_turn(strings.set_)
_setex_in_turn = in_turn(strings.setex)


def _store_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    values: Sequence[bytes],
    deadline_ms: int | None,
) -> list[Reply]:
    if deadline_ms is not None and ctx.effects is not None:
        return []  # repeated elsewhere with the time itself
    if not store_many(ctx.db, keys, ctx.db.short_strings.of_each(values), deadline_ms):
        return []
    ctx.db.changed(keys[0], STRING, b"set", count)
    return [OK] * count


@in_batch(counters.incr)
def incr_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Add one to integers."""
    db = ctx.db
    found = lookup_many(db, keys)
    if found is None:
        return []
    if keys[-1] == keys[0] and keys.count(keys[0]) == count:
        return _count_up(ctx, keys[0], 0 if found[0] is None else found[0], count)
    try:
        totals: list[Any] = [1 if number is None else number + 1 for number in found]
    except TypeError:
        totals = [*map(_one_more, found)]
        if None in totals:
            return []
    stored = dict(zip(keys, totals, strict=True))
    if len(stored) != count:
        _count_again(keys, totals, stored)
    if max(totals) > INT64_MAX or not store_all(db, stored):
        return []
    db.changed(keys[0], STRING, b"incrby", count)
    return totals


def _count_again(keys: Sequence[bytes], totals: list[int], stored: dict[bytes, int]) -> None:
    """
    Count on for keys that come more than once.

    Args:
        keys: All of them.
        totals: What each is if counted up once; corrected for the others.
        stored: What is stored for each key, in the order in which they come first; corrected.
    """
    firsts = iter([*stored])
    first: bytes | None = next(firsts)
    times: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        if key is first:
            first = next(firsts, None)
        else:
            times[key] = more = times.get(key, 0) + 1
            totals[place] += more
            stored[key] = totals[place]


def _one_more(value: Any) -> int | None:
    """Return the value that INCR makes of one, None if it makes none."""
    if value.__class__ is bytes:
        value = canonical_int(value)  # SET does not look whether it stores a number
    elif value is None:
        return 1
    return value + 1 if value.__class__ is int else None


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
    if len(words) // count % 2:
        return []
    db, keys = ctx.db, words[::2]
    if not store_many(db, keys, db.short_strings.of_each(words[1::2])):
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
    value = only_value(ctx, keys, ListValue)
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


def _pop_each(
    ctx: Context, count: int, keys: Sequence[bytes], pop: Callable[..., list[Any]]
) -> list[Reply]:
    value = only_value(ctx, keys, ListValue)
    if value is None:
        return none_each(ctx, count, keys)
    popped: list[Reply] = pop(value, count, ctx.batch_bytes)
    if popped:
        ctx.db.changed(keys[0], LIST, b"pop", count)
    return popped


@in_batch(sets.sadd)
def sadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], members: Sequence[bytes]
) -> list[Reply]:
    """Add members to one set."""
    value = only_value(ctx, keys, SetValue)
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
    value = only_value(ctx, keys, SetValue)
    if value is None:
        return none_each(ctx, count, keys)
    if len(value) <= count or ctx.effects is not None:
        return []
    popped: list[Any] = value.pop_random_each(ctx.server.rng, count, ctx.batch_bytes)
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
    value = only_value(ctx, keys, HashValue)
    if value is None:
        return []
    created: list[Any] = value.set_each(fields, values, ctx.limits)
    ctx.db.changed(keys[0], HASH, b"hset", count)
    return created


@in_batch(expiration.expire)
def expire_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    seconds: Sequence[bytes],
    *options: Sequence[bytes],
) -> list[Reply]:
    """Let keys that are there expire at the same time."""
    same = ctx.effects is None and not options and seconds.count(seconds[0]) == count
    found = lookup_many(ctx.db, keys) if same else None
    if found is None:
        return _expire_in_turn(ctx, count, keys, seconds, *options)
    deadline_ms = any_deadline(seconds[0], 1000, True, ctx.now_ms, "expire")
    if deadline_ms <= ctx.now_ms:
        return []
    if None in found:
        keys = [key for key, value in zip(keys, found, strict=True) if value is not None]
    if keys:
        set_deadlines(ctx.db, keys, deadline_ms)
        ctx.db.changed(keys[0], GENERIC, b"expire", len(keys))
    return [0 if value is None else 1 for value in found]


_expire_in_turn = in_turn(expiration.expire)

for _body in (
    bitmaps.setbit,
    counters.decr,
    counters.incrby,
    hashes.hincrby,
    sets.srem,
):
    in_batch(_body)(in_turn(_body))

for _read in (
    bitmaps.bitcount,
    bitmaps.getbit,
    expiration.ttl,
    hashes.hget,
    keys.exists,
    lists.llen,
    sets.scard,
    sets.sismember,
    strings.strlen,
):
    in_batch(_read)(once_for_equal(_read, in_turn(_read)))

in_batch(lists.lrange)(once_for_equal(lists.lrange))
