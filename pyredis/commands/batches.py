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
    connection,
    counters,
    expiration,
    hashes,
    lists,
    sets,
    strings,
)
from pyredis.commands.batch_forms import Form, in_turn, none_each, only_value
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sets import SetValue
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.expire_times import EXPIRY_OPTIONS, any_deadline, positive_deadline
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import GENERIC, HASH, LIST, SET, STRING
from pyredis.keyspace.many_keys import lookup_many, set_deadlines, store_all, store_many
from pyredis.primitives.numbers import INT64_MAX, INT64_MIN, canonical_int
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
        deadline_ms = _same_deadline(ctx, count, options, "set")
        if deadline_ms is None:
            return _set_in_turn(ctx, count, keys, values, *options)
    return _store_each(ctx, count, keys, values, deadline_ms)


def _same_deadline(
    ctx: Context, count: int, options: Sequence[Sequence[bytes]], command: str
) -> int | None:
    """Return the deadline that all requests give, None if their options are any others."""
    same = [column[0] for column in options if column.count(column[0]) == count]
    if len(options) != 2 or len(same) != 2 or same[0].upper() not in EXPIRY_OPTIONS:
        return None
    return positive_deadline(same[1], *EXPIRY_OPTIONS[same[0].upper()], ctx.now_ms, command)


@in_batch(strings.getex)
def getex_each(
    ctx: Context, count: int, keys: Sequence[bytes], *options: Sequence[bytes]
) -> list[Reply]:
    """Return string values, which expire at the same time from now on."""
    deadline_ms = None if ctx.effects is not None else _same_deadline(ctx, count, options, "getex")
    if deadline_ms is None or deadline_ms < ctx.now_ms:
        return _getex_in_turn(ctx, count, keys, *options)
    found = get_each(ctx, count, keys)
    there = [key for key, value in zip(keys, found, strict=False) if value is not None]
    if there:
        set_deadlines(ctx.db, there, deadline_ms)
        ctx.db.changed(there[0], GENERIC, b"expire", len(there))
    return found


_getex_in_turn = in_turn(strings.getex)


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
    return _add_each(ctx, count, keys, 1)


@in_batch(counters.decr)
def decr_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take one from integers."""
    return _add_each(ctx, count, keys, -1)


@in_batch(counters.incrby)
def incrby_each(
    ctx: Context, count: int, keys: Sequence[bytes], increments: Sequence[bytes]
) -> list[Reply]:
    """Add numbers to integers."""
    by = integer(increments[0]) if increments.count(increments[0]) == count else 0
    return _add_each(ctx, count, keys, by) if by else _incrby_in_turn(ctx, count, keys, increments)


@in_batch(counters.decrby)
def decrby_each(
    ctx: Context, count: int, keys: Sequence[bytes], decrements: Sequence[bytes]
) -> list[Reply]:
    """Take numbers from integers."""
    by = -integer(decrements[0]) if decrements.count(decrements[0]) == count else 0
    if not by or by > INT64_MAX:
        return _decrby_in_turn(ctx, count, keys, decrements)
    return _add_each(ctx, count, keys, by)


_incrby_in_turn = in_turn(counters.incrby)
_decrby_in_turn = in_turn(counters.decrby)


def _add_each(ctx: Context, count: int, keys: Sequence[bytes], by: int) -> list[Reply]:
    """Add the same number, which is not zero, to integers."""
    db = ctx.db
    found = lookup_many(db, keys)
    if found is None:
        return []
    if keys[-1] == keys[0] and keys.count(keys[0]) == count:
        return _count_on(ctx, keys[0], 0 if found[0] is None else found[0], by, count)
    try:
        totals: list[Any] = [by if number is None else number + by for number in found]
    except TypeError:
        numbers = [*map(_number, found)]
        if None in numbers:
            return []
        totals = [number + by for number in numbers]
    stored = dict(zip(keys, totals, strict=True))
    if len(stored) != count:
        _count_again(keys, totals, stored, by)
    if max(totals) > INT64_MAX if by > 0 else min(totals) < INT64_MIN:
        return []
    store_all(db, stored)
    db.changed(keys[0], STRING, b"incrby", count)
    return totals


def _count_again(
    keys: Sequence[bytes], totals: list[int], stored: dict[bytes, int], by: int
) -> None:
    """
    Count on for keys that come more than once.

    Args:
        keys: All of them.
        totals: What each is if counted on once; corrected for the others.
        stored: What is stored for each key, in the order in which they come first; corrected.
        by: How much is counted.
    """
    firsts = iter([*stored])
    first: bytes | None = next(firsts)
    more: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        if key is first:
            first = next(firsts, None)
        else:
            more[key] = again = more.get(key, 0) + by
            totals[place] += again
            stored[key] = totals[place]


def _number(value: Any) -> Any:
    """Return the integer that a value is to INCR, None if it is none."""
    if value.__class__ is bytes:
        return canonical_int(value)  # SET does not look whether it stores a number
    if value is None:
        return 0
    return value if value.__class__ is int else None


def _count_on(ctx: Context, key: bytes, number: Any, by: int, count: int) -> list[Reply]:
    """Add to one integer again and again."""
    if number.__class__ is not int or not INT64_MIN <= number + by * count <= INT64_MAX:
        return []
    ctx.db.overwrite(key, number + by * count)
    ctx.db.changed(key, STRING, b"incrby", count)
    return [number + by * times for times in range(1, count + 1)]


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
    ctx: Context, count: int, keys: Sequence[bytes], *elements: Sequence[bytes]
) -> list[Reply]:
    """Put elements before one list, an element at a time, or before several."""
    if len(elements) > 1 or (value := only_value(ctx, keys, ListValue)) is None:
        return _lpush_in_turn(ctx, count, keys, *elements)
    return _push_each(ctx, keys[0], value.push_left_each(elements[0], ctx.limits))


@in_batch(lists.rpush)
def rpush_each(
    ctx: Context, count: int, keys: Sequence[bytes], *elements: Sequence[bytes]
) -> list[Reply]:
    """Put elements behind one list, an element at a time, or behind several."""
    if len(elements) > 1 or (value := only_value(ctx, keys, ListValue)) is None:
        return _rpush_in_turn(ctx, count, keys, *elements)
    return _push_each(ctx, keys[0], value.push_right_each(elements[0], ctx.limits))


_lpush_in_turn = in_turn(lists.lpush)
_rpush_in_turn = in_turn(lists.rpush)


def _push_each(ctx: Context, key: bytes, lengths: range) -> list[Reply]:
    ctx.db.changed(key, LIST, b"push", len(lengths))
    return [*lengths]


@in_batch(lists.lpop)
def lpop_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take elements from the beginning of one list, but not its last one."""
    return _pop_each(ctx, count, keys, ListValue.pop_left_each, _lpop_in_turn)


@in_batch(lists.rpop)
def rpop_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Take elements from the end of one list, but not its last one."""
    return _pop_each(ctx, count, keys, ListValue.pop_right_each, _rpop_in_turn)


_lpop_in_turn = in_turn(lists.lpop)
_rpop_in_turn = in_turn(lists.rpop)


def _pop_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    pop: Callable[..., list[Any]],
    otherwise: Form,
) -> list[Reply]:
    value = only_value(ctx, keys, ListValue)
    if value is None:
        return none_each(ctx, count, keys) or otherwise(ctx, count, keys)
    popped: list[Reply] = pop(value, count, ctx.batch_bytes)
    if popped:
        ctx.db.changed(keys[0], LIST, b"pop", count)
    return popped


@in_batch(sets.sadd)
def sadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], *members: Sequence[bytes]
) -> list[Reply]:
    """Add members to one set, one at a time, or to several."""
    if len(members) > 1 or (value := only_value(ctx, keys, SetValue)) is None:
        return _sadd_in_turn(ctx, count, keys, *members)
    added: list[Any] = value.add_each(members[0], ctx.limits)
    number = sum(added)
    if number:
        ctx.db.changed(keys[0], SET, b"sadd", number)
    return added


_sadd_in_turn = in_turn(sets.sadd)


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
    *pairs: Sequence[bytes],
) -> list[Reply]:
    """Set fields of one hash, one at a time, or of several."""
    if len(pairs) != 2 or (value := only_value(ctx, keys, HashValue)) is None:
        return _hset_in_turn(ctx, count, keys, *pairs)
    created: list[Any] = value.set_each(*pairs, ctx.limits)
    ctx.db.changed(keys[0], HASH, b"hset", count)
    return created


_hset_in_turn = in_turn(hashes.hset)


@in_batch(expiration.expire)
def expire_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    seconds: Sequence[bytes],
    *options: Sequence[bytes],
) -> list[Reply]:
    """Let keys that are there expire at the same time."""
    if options or ctx.effects is not None or seconds.count(seconds[0]) < count:
        return _expire_in_turn(ctx, count, keys, seconds, *options)
    deadline_ms = any_deadline(seconds[0], 1000, True, ctx.now_ms, "expire")
    found = lookup_many(ctx.db, keys) if deadline_ms > ctx.now_ms else None
    if found is None:
        return _expire_in_turn(ctx, count, keys, seconds)
    if None in found:
        keys = [key for key, value in zip(keys, found, strict=True) if value is not None]
    if keys:
        set_deadlines(ctx.db, keys, deadline_ms)
        ctx.db.changed(keys[0], GENERIC, b"expire", len(keys))
    return [0 if value is None else 1 for value in found]


_expire_in_turn = in_turn(expiration.expire)
