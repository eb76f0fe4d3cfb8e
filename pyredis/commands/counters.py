"""
Commands that count on string values.

INCR leaves an ``int``, which is Redis' int encoding; INCRBYFLOAT computes with
80-bit floats as Redis does on x86-64 and leaves text.
"""

from __future__ import annotations

from pyredis.datatypes import strings
from pyredis.errors import RedisError, not_a_float, not_an_integer, overflow
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import ACCESS, DENYOOM, FAST, RW, UPDATE, WRITE, Category
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import STRING
from pyredis.primitives.long_doubles import add_long_doubles
from pyredis.primitives.numbers import INT64_MAX, INT64_MIN, parse_int
from pyredis.wire.replies import Reply

command = family("string", Category.STRING)


@command(
    "DECR",
    arity=2,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def decr(ctx: Context, key: bytes) -> Reply:
    """Take one from the integer value of a key."""
    return _increment(ctx, key, -1)


@command(
    "DECRBY",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    syntax="key decrement:integer",
)
def decrby(ctx: Context, key: bytes, decrement: bytes) -> Reply:
    """Take a number from the integer value of a key."""
    number = integer(decrement)
    if number == INT64_MIN:
        raise RedisError("decrement would overflow")
    return _increment(ctx, key, -number)


@command(
    "INCR",
    arity=2,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def incr(ctx: Context, key: bytes) -> Reply:
    """Add one to the integer value of a key."""
    return _increment(ctx, key, 1)


@command(
    "INCRBY",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    syntax="key increment:integer",
)
def incrby(ctx: Context, key: bytes, increment: bytes) -> Reply:
    """Add a number to the integer value of a key."""
    return _increment(ctx, key, integer(increment))


@command(
    "INCRBYFLOAT",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="2.6.0",
    complexity="O(1)",
    syntax="key increment:double",
)
def incrbyfloat(ctx: Context, key: bytes, increment: bytes) -> Reply:
    """Add a floating point number to the value of a key."""
    db = ctx.db
    old = db.lookup_write(key, bytes)
    try:
        text = add_long_doubles(b"0" if old is None else strings.to_bytes(old), increment)
    except ValueError:
        raise not_a_float() from None
    except OverflowError:
        raise RedisError("increment would produce NaN or Infinity") from None
    db.overwrite(key, strings.from_float(text))
    db.changed(key, STRING, b"incrbyfloat")
    ctx.propagate(b"SET", key, text, b"KEEPTTL")
    return text


def _increment(ctx: Context, key: bytes, by: int) -> int:
    """Add to an integer value and return the sum."""
    db = ctx.db
    old = db.lookup_write(key, bytes)
    if isinstance(old, int):
        total = old + by
    elif old is None:
        total = by
    else:
        try:
            total = parse_int(bytes(old)) + by
        except ValueError:
            raise not_an_integer() from None
    if not INT64_MIN <= total <= INT64_MAX:
        raise overflow()
    db.overwrite(key, total)
    db.changed(key, STRING, b"incrby")
    return total
