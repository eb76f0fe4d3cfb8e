"""
Hash commands.

A hash is a :class:`~pyredis.datatypes.hashes.HashValue`; its ``fields`` are read
directly. Fields may expire (see :mod:`pyredis.commands.hash_expiration`): those
that are due are gone before a command sees the value, so that nothing here has
to ask.
"""

from __future__ import annotations

from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.packed_hashes import joined
from pyredis.errors import (
    RedisError,
    not_a_float,
    out_of_range,
    overflow,
    syntax_error,
    wrong_arity,
)
from pyredis.execution.arguments import integer, integer_between
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    INSERT,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.repetitions import check_repetitions
from pyredis.execution.scan_options import read_cursor, read_scan_options, scan_reply
from pyredis.execution.table import family
from pyredis.keyspace.events import HASH
from pyredis.primitives.long_doubles import (
    format_long_double,
    is_infinite,
    parse_long_double,
    sum_long_doubles,
)
from pyredis.primitives.numbers import INT64_MAX, INT64_MIN, parse_int
from pyredis.wire.replies import OK, Pairs, Reply

command = family("hash", Category.HASH)


@command(
    "HDEL",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | DELETE),
    since="2.0.0",
    complexity="O(1) for each field",
    history=[("2.4.0", "Several fields.")],
    syntax="key field...",
)
def hdel(ctx: Context, key: bytes, *fields: bytes) -> Reply:
    """Delete fields of a hash."""
    db = ctx.db
    value = db.lookup_write(key, HashValue)
    if value is None:
        return 0
    deleted = 0
    for field in fields:
        if value.delete(field):
            deleted += 1
    if deleted:
        db.changed(key, HASH, b"hdel", deleted)
        if not value.fields:
            db.delete_emptied(key)
        elif db.field_deadlines and value.deadlines is None:
            db.note_field_deadlines(key, value)
    return deleted


@command(
    "HEXISTS",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="2.0.0",
    complexity="O(1)",
    syntax="key field",
)
def hexists(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Tell whether a hash has a field."""
    value = ctx.db.lookup_read(key, HashValue)
    return 1 if value is not None and field in value.fields else 0


@command(
    "HGET",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(1)",
    syntax="key field",
)
def hget(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return the value of a field of a hash."""
    value = ctx.db.lookup_read(key, HashValue)
    return None if value is None else value.fields.get(field)


@command(
    "HGETALL",
    arity=2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(N) for a hash of N fields",
    tips=["nondeterministic_output_order"],
    syntax="key",
)
def hgetall(ctx: Context, key: bytes) -> Reply:
    """Return all fields of a hash with their values."""
    value = ctx.db.lookup_read(key, HashValue)
    return {} if value is None else value.fields.copy()  # type: ignore[return-value]


@command(
    "HINCRBY",
    arity=4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="2.0.0",
    complexity="O(1)",
    syntax="key field increment:integer",
)
def hincrby(ctx: Context, key: bytes, field: bytes, increment: bytes) -> Reply:
    """Add a number to the integer value of a field."""
    by = integer(increment)
    value = ctx.db.lookup_write(key, HashValue)
    old = None if value is None else value.fields.get(field)
    try:
        total = by if old is None else parse_int(old) + by
    except ValueError:
        raise RedisError("hash value is not an integer") from None
    if not INT64_MIN <= total <= INT64_MAX:
        raise overflow()
    _replace(ctx, key, value, field, b"%d" % total, b"hincrby")
    return total


@command(
    "HINCRBYFLOAT",
    arity=4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="2.6.0",
    complexity="O(1)",
    syntax="key field increment:double",
)
def hincrbyfloat(ctx: Context, key: bytes, field: bytes, increment: bytes) -> Reply:
    """Add a floating point number to the value of a field."""
    try:
        by = parse_long_double(increment)
    except ValueError:
        raise not_a_float() from None
    if is_infinite(by):
        raise RedisError("value is NaN or Infinity")
    value = ctx.db.lookup_write(key, HashValue)
    old = None if value is None else value.fields.get(field)
    try:
        total = by if old is None else sum_long_doubles(parse_long_double(old), by)
    except ValueError:
        raise RedisError("hash value is not a float") from None
    except OverflowError:
        raise RedisError("increment would produce NaN or Infinity") from None
    text = format_long_double(total)
    _replace(ctx, key, value, field, text, b"hincrbyfloat")
    # Sums may come out differently elsewhere.
    if value is not None and value.deadlines and field in value.deadlines:
        ctx.propagate(b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", field, text)
    else:
        ctx.propagate(b"HSET", key, field, text)
    return text


@command(
    "HKEYS",
    arity=2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(N) for a hash of N fields",
    tips=["nondeterministic_output_order"],
    syntax="key",
)
def hkeys(ctx: Context, key: bytes) -> Reply:
    """Return all fields of a hash."""
    value = ctx.db.lookup_read(key, HashValue)
    return [] if value is None else list(value.fields)


@command(
    "HLEN",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="2.0.0",
    complexity="O(1)",
    syntax="key",
)
def hlen(ctx: Context, key: bytes) -> Reply:
    """Return how many fields a hash has."""
    value = ctx.db.lookup_read(key, HashValue)
    return 0 if value is None else len(value.fields)


@command(
    "HMGET",
    arity=-3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(N) for N fields",
    syntax="key field...",
)
def hmget(ctx: Context, key: bytes, *fields: bytes) -> Reply:
    """Return the values of several fields of a hash."""
    value = ctx.db.lookup_read(key, HashValue)
    if value is None:
        return [None] * len(fields)
    return list(map(value.fields.get, fields))


@command(
    "HMSET",
    arity=-4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.0.0",
    complexity="O(N) for N fields",
    deprecated=("4.0.0", "`HSET` with several fields"),
    syntax="key (field value):data...",
)
def hmset(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Set fields of a hash, or make it of them."""
    if len(options) % 2:
        raise wrong_arity("hmset")
    hset(ctx, key, *options)
    return OK


@command(
    "HRANDFIELD",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N) for N fields returned",
    tips=["nondeterministic_output"],
    syntax="key [count [WITHVALUES]]:options",
)
def hrandfield(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return a field chosen at random, or several, with their values if wanted."""
    rng = ctx.server.rng
    if not options:
        value = ctx.db.lookup_read(key, HashValue)
        return None if value is None else value.random(rng)
    count = integer_between(options[0], -INT64_MAX, INT64_MAX)
    with_values = len(options) > 1
    if with_values:
        if len(options) > 2 or options[1].upper() != b"WITHVALUES":
            raise syntax_error()
        if abs(count) > INT64_MAX // 2:
            raise out_of_range()
    value = ctx.db.lookup_read(key, HashValue)
    if value is None or not count:
        return []
    if count > 0:
        found = value.random_distinct(rng, count)
    else:
        check_repetitions(ctx, -count)
        found = value.random_many(rng, -count)
    if with_values:
        fields = value.fields
        return Pairs([field, fields[field]] for field in found)
    return found  # type: ignore[return-value]


@command(
    "HSCAN",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.0",
    complexity="O(1) a call, O(N) for a whole iteration over N elements",
    tips=["nondeterministic_output"],
    syntax="key cursor [MATCH pattern] [COUNT count]",
)
def hscan(ctx: Context, key: bytes, cursor: bytes, *options: bytes) -> Reply:
    """Return some fields of a hash with their values, and a cursor for the next call."""
    position = read_cursor(cursor)
    value = ctx.db.lookup_read(key, HashValue)
    if value is None:
        return scan_reply(0, [])
    asked = read_scan_options(options)
    rest, found = value.scan(position, asked.effort)
    if asked.matches is not None:
        found = list(filter(asked.matches, found))
    fields = value.fields
    flat: list[bytes] = []
    for field in found:
        flat.append(field)
        flat.append(fields[field])
    return scan_reply(rest, flat)


@command(
    "HSET",
    arity=-4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.0.0",
    complexity="O(1) for each field",
    history=[("4.0.0", "Several fields with their values.")],
    syntax="key (field value):data...",
)
def hset(ctx: Context, key: bytes, field: bytes, value: bytes, *more: bytes) -> Reply:
    """Set fields of a hash, or make it of them."""
    if len(more) % 2:
        raise wrong_arity("hset")
    db = ctx.db
    hash_value = db.lookup_write(key, HashValue)
    if hash_value is None:
        if more and (whole := joined((field, value, *more), ctx.limits)) is not None:
            created = 1 + len(more) // 2
            db.store(key, whole)
            db.unpacked.append(key)
            db.changed(key, HASH, b"hset", created)
            return created
        hash_value = HashValue()
        db.store(key, hash_value)
    if not more:
        created = 1 if hash_value.set(field, value, ctx.limits) else 0
        db.changed(key, HASH, b"hset")
        return created
    created = hash_value.set_many((field, value, *more), ctx.limits)
    db.changed(key, HASH, b"hset", 1 + len(more) // 2)
    return created


@command(
    "HSETNX",
    arity=4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.0.0",
    complexity="O(1)",
    syntax="key field value",
)
def hsetnx(ctx: Context, key: bytes, field: bytes, value: bytes) -> Reply:
    """Set a field of a hash unless it exists."""
    hash_value = ctx.db.lookup_write(key, HashValue)
    if hash_value is not None and field in hash_value.fields:
        return 0
    return hset(ctx, key, field, value)


@command(
    "HSTRLEN",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="3.2.0",
    complexity="O(1)",
    syntax="key field",
)
def hstrlen(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return the length of the value of a field."""
    value = ctx.db.lookup_read(key, HashValue)
    return 0 if value is None else len(value.fields.get(field, b""))


@command(
    "HVALS",
    arity=2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(N) for a hash of N fields",
    tips=["nondeterministic_output_order"],
    syntax="key",
)
def hvals(ctx: Context, key: bytes) -> Reply:
    """Return all values of a hash."""
    value = ctx.db.lookup_read(key, HashValue)
    return [] if value is None else list(value.fields.values())


def _replace(
    ctx: Context, key: bytes, value: HashValue | None, field: bytes, text: bytes, event: bytes
) -> None:
    """Give a field the result of an increment; its deadline stays."""
    db = ctx.db
    if value is None:
        value = HashValue()
        db.store(key, value)
    value.replace(field, text, ctx.limits)
    db.changed(key, HASH, event)
