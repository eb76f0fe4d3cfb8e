"""
What pipelines of one sorted-set or geo command do at once.

As in :mod:`~pyredis.commands.batches`, these know the common case only: one
key that is there, scores that are plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import ne
from typing import Any

from pyredis.commands import (
    geo,
    sorted_set_pops,
    sorted_set_ranges,
    sorted_sets,
)
from pyredis.commands.batch_forms import Form, in_turn, once_for_equal, only_value
from pyredis.commands.geo_queries import position_of
from pyredis.datatypes.geohash import encode
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.execution.client import Context
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import SORTED_SET
from pyredis.primitives.numbers import parse_plain_doubles
from pyredis.wire.replies import Double, Reply


def _put_each(
    ctx: Context, key: bytes, value: SortedSetValue, scores: list[float], members: Sequence[bytes]
) -> list[Reply]:
    """Give members of one sorted set scores."""
    added, changes = value.put_each(members, scores, ctx.limits)
    if changes:
        ctx.db.changed(key, SORTED_SET, b"zadd", changes)
    return added  # type: ignore[return-value]


def _changes_each(value: SortedSetValue, scores: Sequence[float], members: Sequence[bytes]) -> bool:
    """
    Tell whether each of several scores will change something.

    Only then may they be given at once while effects are repeated elsewhere: what
    is answered to those that change nothing is answered to some others as well.
    Of a member that comes twice the second change depends on the first.
    """
    return len({*members}) == len(members) and all(map(ne, map(value.scores.get, members), scores))


_add_in_turn = in_turn(sorted_sets.zadd)


@in_batch(sorted_sets.zadd)
def zadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], *columns: Sequence[bytes]
) -> list[Reply]:
    """Add members to one sorted set, or change their scores."""
    if len(columns) == 2:
        # Scores first: who is refused for one has not looked at the key.
        scores = parse_plain_doubles(columns[0])
        value = None if scores is None else only_value(ctx, keys, SortedSetValue)
        if (
            scores is not None
            and value is not None
            and (ctx.effects is None or _changes_each(value, scores, columns[1]))
        ):
            return _put_each(ctx, keys[0], value, scores, columns[1])
    return _add_in_turn(ctx, count, keys, *columns)


_geoadd_in_turn = in_turn(geo.geoadd)


@in_batch(geo.geoadd)
def geoadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], *columns: Sequence[bytes]
) -> list[Reply]:
    """Add places to one sorted set, or change their positions."""
    if len(columns) == 3 and ctx.effects is None:
        longitudes, latitudes, members = columns
        # Places told one after the other may be one and the same.
        scores = {
            place: float(encode(*position_of(*place)))
            for place in {*zip(longitudes, latitudes, strict=True)}
        }
        value = only_value(ctx, keys, SortedSetValue)
        if value is not None:
            ordered = [scores[place] for place in zip(longitudes, latitudes, strict=True)]
            return _put_each(ctx, keys[0], value, ordered, members)
    return _geoadd_in_turn(ctx, count, keys, *columns)


_increase_in_turn = in_turn(sorted_sets.zincrby)


@in_batch(sorted_sets.zincrby)
def zincrby_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    increments: Sequence[bytes],
    members: Sequence[bytes],
) -> list[Reply]:
    """Add numbers to the scores of different members of one sorted set."""
    numbers = parse_plain_doubles(increments)
    value = None if numbers is None else only_value(ctx, keys, SortedSetValue)
    if numbers is not None and value is not None and len({*members}) == count:
        olds = map(value.scores.get, members)
        scores = [
            number if old is None else old + number
            for old, number in zip(olds, numbers, strict=True)
        ]
        if ctx.effects is None or _changes_each(value, scores, members):
            _, changes = value.put_each(members, scores, ctx.limits)
            if changes:
                ctx.db.changed(keys[0], SORTED_SET, b"zincr", changes)
            return [*map(Double, scores)]
    return _increase_in_turn(ctx, count, keys, increments, members)


@in_batch(sorted_set_pops.zpopmin)
def zpopmin_each(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
    """Take the members with the lowest scores from one sorted set, but not its last one."""
    return _pop_each(ctx, count, columns, False, _pop_least_in_turn)


@in_batch(sorted_set_pops.zpopmax)
def zpopmax_each(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
    """Take the members with the highest scores from one sorted set, but not its last one."""
    return _pop_each(ctx, count, columns, True, _pop_greatest_in_turn)


_pop_least_in_turn = in_turn(sorted_set_pops.zpopmin)
_pop_greatest_in_turn = in_turn(sorted_set_pops.zpopmax)


def _pop_each(
    ctx: Context, count: int, columns: Sequence[Sequence[bytes]], greatest: bool, otherwise: Form
) -> list[Reply]:
    value = only_value(ctx, columns[0], SortedSetValue) if len(columns) == 1 else None
    if value is None:
        return otherwise(ctx, count, *columns)
    members, scores = value.pop_several(count, greatest, ctx.batch_bytes)
    if members:
        event = b"zpopmax" if greatest else b"zpopmin"
        ctx.db.changed(columns[0][0], SORTED_SET, event, len(members))
    return [*map(list, zip(members, map(Double, scores), strict=True))]


# Asking


def _of_members(body: Callable[..., Any], ask: Callable[[SortedSetValue], Any]) -> Form:
    """
    Return a form for what is asked of members of one sorted set.

    Args:
        body: The command's, for anything else.
        ask: Returns, of a sorted set, what gives the reply for a member.
    """
    otherwise = in_turn(body)

    def form(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
        db = ctx.db
        if len(columns) == 2 and ctx.keyspace.frequency is None:
            value = only_value(ctx, columns[0], SortedSetValue)
            if value is not None:
                db.hits += count
                return [*map(ask(value), columns[1])]
        return otherwise(ctx, count, *columns)

    return form


def _ask_score(value: SortedSetValue) -> Callable[[bytes], Double | None]:
    find = value.scores.get

    def score(member: bytes) -> Double | None:
        found = find(member)
        return None if found is None else Double(found)

    return score


def _ask_reverse_rank(value: SortedSetValue) -> Callable[[bytes], int | None]:
    last = len(value) - 1
    find = value.rank

    def rank(member: bytes) -> int | None:
        found = find(member)
        return None if found is None else last - found

    return rank


in_batch(sorted_sets.zscore)(_of_members(sorted_sets.zscore, _ask_score))
in_batch(sorted_sets.zrank)(_of_members(sorted_sets.zrank, lambda value: value.rank))
in_batch(sorted_sets.zrevrank)(_of_members(sorted_sets.zrevrank, _ask_reverse_rank))

_body: Callable[..., Any]
for _body in (sorted_sets.zcard, sorted_sets.zrem, sorted_set_ranges.zcount, geo.geodist):
    in_batch(_body)(in_turn(_body))

for _body in (sorted_set_ranges.zrange, sorted_set_ranges.zrevrange):
    in_batch(_body)(once_for_equal(_body, in_turn(_body)))

for _body in (
    sorted_set_ranges.zrangebyscore,
    sorted_set_ranges.zrevrangebyscore,
    sorted_set_ranges.zrangebylex,
    sorted_set_ranges.zrevrangebylex,
    geo.geosearch,
    geo.georadius_ro,
    geo.georadiusbymember_ro,
):
    in_batch(_body)(once_for_equal(_body))
