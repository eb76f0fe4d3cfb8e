"""
Set commands.

A set is a :class:`~pyredis.datatypes.sets.SetValue`. Results that are sets
themselves are replies without an order, but small ones come in the order Redis
shows. What is chosen at random is repeated elsewhere by its outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.datatypes.sets import SetValue, difference, intersection, union
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments, integer_between, positive_count
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    INSERT,
    OW,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.repetitions import check_repetitions
from pyredis.execution.scan_options import read_cursor, read_scan_options, scan_reply
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC, SET
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import Reply, SetReply

command = family("set", Category.SET)

_REMOVED_AT_ONCE = 1024  # members in one SREM that repeats a SPOP elsewhere


@command(
    "SADD",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="1.0.0",
    complexity="O(1) for each member added",
    history=[("2.4.0", "Several members.")],
    syntax="key member...",
)
def sadd(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Add members to a set, or make it of them."""
    db = ctx.db
    value = db.lookup_write(key, SetValue)
    if value is None:
        value = SetValue()
        db.store(key, value)
    if len(members) == 1:
        if not value.add(members[0], ctx.limits):
            return 0
        db.changed(key, SET, b"sadd")
        return 1
    added = value.add_many(members, ctx.limits)
    if added:
        db.changed(key, SET, b"sadd", added)
    return added


@command(
    "SCARD",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def scard(ctx: Context, key: bytes) -> Reply:
    """Return how many members a set has."""
    value = ctx.db.lookup_read(key, SetValue)
    return 0 if value is None else len(value.members)


@command(
    "SDIFF",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, last=-1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N members of all sets",
    tips=["nondeterministic_output_order"],
    syntax="key...",
)
def sdiff(ctx: Context, *keys: bytes) -> Reply:
    """Return the members of the first set that are in none of the others."""
    return SetReply(_difference(ctx, keys))


@command(
    "SDIFFSTORE",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyRange(2, last=-1, access=RO | ACCESS),
    ),
    since="1.0.0",
    complexity="O(N) for N members of all sets",
    syntax="destination key...",
)
def sdiffstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store the members of the first set that are in none of the others."""
    value = SetValue.of(_difference(ctx, keys), ctx.limits)
    return _store(ctx, destination, value, b"sdiffstore")


@command(
    "SINTER",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, last=-1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N*M) for N members of the smallest set and M sets",
    tips=["nondeterministic_output_order"],
    syntax="key...",
)
def sinter(ctx: Context, *keys: bytes) -> Reply:
    """Return the members that all sets have."""
    sets = _lookup_all(ctx, keys)
    return SetReply(intersection(sets) if len(sets) == len(keys) else ())


@command(
    "SINTERCARD",
    arity=-3,
    flags=READONLY,
    keys=KeyNum(1, access=RO | ACCESS),
    since="7.0.0",
    complexity="O(N*M) for N members of the smallest set and M sets",
    syntax="numkeys key... [LIMIT limit:integer]",
)
def sintercard(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Count the members that all sets have."""
    number = integer_between(numkeys, 1, INT64_MAX, "numkeys should be greater than 0")
    if number > len(options):
        raise RedisError("Number of keys can't be greater than number of args")
    limit = 0
    arguments = Arguments(options[number:])
    while arguments:
        if not arguments.eat(b"LIMIT") or not arguments:
            raise syntax_error()
        limit = positive_count(arguments.take(), "LIMIT can't be negative")
    sets = _lookup_all(ctx, options[:number])
    return len(intersection(sets, limit)) if len(sets) == number else 0


@command(
    "SINTERSTORE",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RW | UPDATE),
        KeyRange(2, last=-1, access=RO | ACCESS),
    ),
    since="1.0.0",
    complexity="O(N*M) for N members of the smallest set and M sets",
    syntax="destination key...",
)
def sinterstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store the members that all sets have."""
    sets = _lookup_all(ctx, keys)
    if len(sets) == len(keys):
        value = SetValue.of_intersection(sets, ctx.limits)
    else:
        value = SetValue()
    return _store(ctx, destination, value, b"sinterstore")


@command(
    "SISMEMBER",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="1.0.0",
    complexity="O(1)",
    syntax="key member",
)
def sismember(ctx: Context, key: bytes, member: bytes) -> Reply:
    """Tell whether a set has a member."""
    value = ctx.db.lookup_read(key, SetValue)
    return 1 if value is not None and member in value.members else 0


@command(
    "SMEMBERS",
    arity=2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N members",
    tips=["nondeterministic_output_order"],
    syntax="key",
)
def smembers(ctx: Context, key: bytes) -> Reply:
    """Return all members of a set."""
    value = ctx.db.lookup_read(key, SetValue)
    return SetReply(() if value is None else value.listing())


@command(
    "SMISMEMBER",
    arity=-3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N) for N members asked for",
    syntax="key member...",
)
def smismember(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Tell of several members whether a set has them."""
    value = ctx.db.lookup_read(key, SetValue)
    known = () if value is None else value.members
    return [1 if member in known else 0 for member in members]


@command(
    "SMOVE",
    arity=4,
    flags=WRITE | FAST,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=RW | INSERT),
    ),
    since="1.0.0",
    complexity="O(1)",
    syntax="source destination member",
)
def smove(ctx: Context, source: bytes, destination: bytes, member: bytes) -> Reply:
    """Move a member from one set to another."""
    db = ctx.db
    value = db.lookup_write(source, SetValue)
    if value is None:
        return 0
    target = db.lookup_write(destination, SetValue)
    if target is value:
        return 1 if member in value.members else 0
    if not value.remove(member):
        return 0
    db.changed(source, SET, b"srem")
    if not value.members:
        db.delete_emptied(source)
    if target is None:
        target = SetValue()
        db.store(destination, target)
    if target.add(member, ctx.limits):
        db.changed(destination, SET, b"sadd")
    return 1


@command(
    "SPOP",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="1.0.0",
    complexity="O(1) for each member popped",
    history=[("3.2.0", "`count`.")],
    tips=["nondeterministic_output"],
    syntax="key [count@3.2.0]",
)
def spop(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Remove a member chosen at random, or several, and return them."""
    if options:
        return _pop_many(ctx, key, options)
    db = ctx.db
    value = db.lookup_write(key, SetValue)
    if value is None:
        return None
    member = value.pop_random(ctx.server.rng)
    db.changed(key, SET, b"spop")
    if ctx.effects is not None:
        ctx.propagate(b"SREM", key, member)
    if not value.members:
        db.delete_emptied(key)
    return member


@command(
    "SRANDMEMBER",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N members returned",
    history=[("2.6.0", "`count`.")],
    tips=["nondeterministic_output"],
    syntax="key [count@2.6.0]",
)
def srandmember(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return a member chosen at random, or several."""
    rng = ctx.server.rng
    if not options:
        value = ctx.db.lookup_read(key, SetValue)
        return None if value is None else value.random(rng)
    if len(options) > 1:
        raise syntax_error()
    count = integer_between(options[0], -INT64_MAX, INT64_MAX)
    value = ctx.db.lookup_read(key, SetValue)
    members: list[Reply] = []
    if value is None or not count:
        return members
    if count > 0:
        members += value.random_distinct(rng, count)
    else:
        check_repetitions(ctx, -count)
        members += rng.choices(value.listing(), k=-count)
    return members


@command(
    "SREM",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | DELETE),
    since="1.0.0",
    complexity="O(N) for N members",
    history=[("2.4.0", "Several members.")],
    syntax="key member...",
)
def srem(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Remove members from a set."""
    db = ctx.db
    value = db.lookup_write(key, SetValue)
    if value is None:
        return 0
    removed = 0
    for member in members:
        if value.remove(member):
            removed += 1
    if removed:
        db.changed(key, SET, b"srem", removed)
        if not value.members:
            db.delete_emptied(key)
    return removed


@command(
    "SSCAN",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.0",
    complexity="O(1) a call, O(N) for a whole iteration over N elements",
    tips=["nondeterministic_output"],
    syntax="key cursor [MATCH pattern] [COUNT count]",
)
def sscan(ctx: Context, key: bytes, cursor: bytes, *options: bytes) -> Reply:
    """Return some members of a set, and a cursor for the next call."""
    position = read_cursor(cursor)
    value = ctx.db.lookup_read(key, SetValue)
    if value is None:
        return scan_reply(0, [])
    asked = read_scan_options(options)
    rest, found = value.scan(position, asked.effort)
    if asked.matches is not None:
        found = list(filter(asked.matches, found))
    return scan_reply(rest, found)


@command(
    "SUNION",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, last=-1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N members of all sets",
    tips=["nondeterministic_output_order"],
    syntax="key...",
)
def sunion(ctx: Context, *keys: bytes) -> Reply:
    """Return the members that any of several sets has."""
    return SetReply(union(_lookup_all(ctx, keys), ctx.limits))


@command(
    "SUNIONSTORE",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyRange(2, last=-1, access=RO | ACCESS),
    ),
    since="1.0.0",
    complexity="O(N) for N members of all sets",
    syntax="destination key...",
)
def sunionstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store the members that any of several sets has."""
    value = SetValue.of(union(_lookup_all(ctx, keys)), ctx.limits)
    return _store(ctx, destination, value, b"sunionstore")


def _lookup_all(ctx: Context, keys: Sequence[bytes]) -> list[SetValue]:
    """Return the sets that are there; a key of another type is refused, a missing one left out."""
    lookup = ctx.db.lookup_read
    return [value for key in keys if (value := lookup(key, SetValue)) is not None]


def _difference(ctx: Context, keys: Sequence[bytes]) -> list[bytes]:
    first = ctx.db.lookup_read(keys[0], SetValue)
    others = _lookup_all(ctx, keys[1:])
    return [] if first is None else difference(first, others, ctx.limits)


def _store(ctx: Context, destination: bytes, value: SetValue, event: bytes) -> int:
    """Store the result of a set operation, an empty one as no key at all; return its size."""
    db = ctx.db
    if value.members:
        db.store(destination, value)
        db.changed(destination, SET, event)
    elif db.delete(destination):
        db.changed(destination, GENERIC, b"del")
    return len(value.members)


def _pop_many(ctx: Context, key: bytes, options: tuple[bytes, ...]) -> Reply:
    """Do what SPOP does when a count is given."""
    if len(options) > 1:
        raise syntax_error()
    count = positive_count(options[0])
    db = ctx.db
    value = db.lookup_write(key, SetValue)
    if value is None or not count:
        return SetReply()
    popped = value.pop_random_many(ctx.server.rng, count, ctx.limits)
    db.changed(key, SET, b"spop", len(popped))
    if not value.members:
        db.delete_emptied(key)
        ctx.propagate(b"UNLINK" if ctx.settings.lazyfree_lazy_server_del else b"DEL", key)
    elif ctx.effects is not None:
        for start in range(0, len(popped), _REMOVED_AT_ONCE):
            ctx.propagate(b"SREM", key, *popped[start : start + _REMOVED_AT_ONCE])
    return SetReply(popped)
