"""
Commands on when keys expire.

A deadline is set in four ways, seconds or milliseconds, from now or since the
epoch, and told in the same four. One that has passed already deletes the key.
"""

from __future__ import annotations

from pyredis.errors import RedisError
from pyredis.execution.client import Context
from pyredis.execution.expire_times import any_deadline
from pyredis.execution.flags import (
    ACCESS,
    FAST,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC
from pyredis.wire.replies import Reply

command = family("generic", Category.KEYSPACE)

_NO_DEADLINE, _NO_KEY = -1, -2
_CONDITIONS = frozenset({b"NX", b"XX", b"GT", b"LT"})
_NO_CONDITIONS: frozenset[bytes] = frozenset()


@command(
    "EXPIRE",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    history=[("7.0.0", "`NX`, `XX`, `GT` and `LT`.")],
    syntax="key seconds [NX | XX | GT | LT]:condition@7.0.0",
)
def expire(ctx: Context, key: bytes, seconds: bytes, *options: bytes) -> Reply:
    """Let a key expire after some seconds."""
    return _expire(ctx, key, seconds, options, 1000, relative=True, command="expire")


@command(
    "EXPIREAT",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="1.2.0",
    complexity="O(1)",
    history=[("7.0.0", "`NX`, `XX`, `GT` and `LT`.")],
    syntax="key unix-time-seconds [NX | XX | GT | LT]:condition@7.0.0",
)
def expireat(ctx: Context, key: bytes, unix_time_seconds: bytes, *options: bytes) -> Reply:
    """Let a key expire at a Unix time in seconds."""
    return _expire(ctx, key, unix_time_seconds, options, 1000, relative=False, command="expireat")


@command(
    "EXPIRETIME",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.0.0",
    complexity="O(1)",
    syntax="key",
)
def expiretime(ctx: Context, key: bytes) -> Reply:
    """Return the Unix time in seconds at which a key expires."""
    deadline = _deadline(ctx, key)
    return deadline if deadline < 0 else (deadline + 500) // 1000


@command(
    "PERSIST",
    arity=2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.2.0",
    complexity="O(1)",
    syntax="key",
)
def persist(ctx: Context, key: bytes) -> Reply:
    """Let a key no longer expire."""
    db = ctx.db
    if db.lookup_write(key) is None or not db.persist(key):
        return 0
    db.changed(key, GENERIC, b"persist")
    return 1


@command(
    "PEXPIRE",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.6.0",
    complexity="O(1)",
    history=[("7.0.0", "`NX`, `XX`, `GT` and `LT`.")],
    syntax="key milliseconds [NX | XX | GT | LT]:condition@7.0.0",
)
def pexpire(ctx: Context, key: bytes, milliseconds: bytes, *options: bytes) -> Reply:
    """Let a key expire after some milliseconds."""
    return _expire(ctx, key, milliseconds, options, 1, relative=True, command="pexpire")


@command(
    "PEXPIREAT",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.6.0",
    complexity="O(1)",
    history=[("7.0.0", "`NX`, `XX`, `GT` and `LT`.")],
    syntax="key unix-time-milliseconds [NX | XX | GT | LT]:condition@7.0.0",
)
def pexpireat(ctx: Context, key: bytes, unix_time_milliseconds: bytes, *options: bytes) -> Reply:
    """Let a key expire at a Unix time in milliseconds."""
    at = unix_time_milliseconds
    return _expire(ctx, key, at, options, 1, relative=False, command="pexpireat")


@command(
    "PEXPIRETIME",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.0.0",
    complexity="O(1)",
    syntax="key",
)
def pexpiretime(ctx: Context, key: bytes) -> Reply:
    """Return the Unix time in milliseconds at which a key expires."""
    return _deadline(ctx, key)


@command(
    "PTTL",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.6.0",
    complexity="O(1)",
    history=[("2.8.0", "-2 for an absent key.")],
    tips=["nondeterministic_output"],
    syntax="key",
)
def pttl(ctx: Context, key: bytes) -> Reply:
    """Return in how many milliseconds a key expires."""
    deadline = _deadline(ctx, key)
    return deadline if deadline < 0 else max(deadline - ctx.now_ms, 0)


@command(
    "TTL",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(1)",
    history=[("2.8.0", "-2 for an absent key.")],
    tips=["nondeterministic_output"],
    syntax="key",
)
def ttl(ctx: Context, key: bytes) -> Reply:
    """Return in how many seconds a key expires."""
    deadline = _deadline(ctx, key)
    return deadline if deadline < 0 else (max(deadline - ctx.now_ms, 0) + 500) // 1000


def _deadline(ctx: Context, key: bytes) -> int:
    """Return when a key expires, -1 if never, -2 if there is no such key."""
    db = ctx.db
    if db.look_at(key) is None:
        return _NO_KEY
    deadline = db.deadlines.get(key)
    return _NO_DEADLINE if deadline is None else max(deadline, 0)


def _expire(
    ctx: Context,
    key: bytes,
    time: bytes,
    options: tuple[bytes, ...],
    unit_ms: int,
    *,
    relative: bool,
    command: str,
) -> int:
    """Do what EXPIRE and its three sisters do."""
    conditions = _conditions(options) if options else _NO_CONDITIONS
    keyspace = ctx.keyspace
    now_ms = keyspace.now_ms
    deadline = any_deadline(time, unit_ms, relative, now_ms, command)
    db = ctx.db
    if db.lookup_write(key) is None:
        return 0
    if conditions and not _are_met(conditions, db.deadlines.get(key), deadline):
        return 0
    if deadline <= now_ms and keyspace.may_expire and not keyspace.loading:
        db.delete(key)
        db.changed(key, GENERIC, b"del")
        ctx.propagate(b"UNLINK" if ctx.settings.lazyfree_lazy_expire else b"DEL", key)
        return 1
    db.set_deadline(key, deadline)
    db.changed(key, GENERIC, b"expire")
    if ctx.effects is not None:
        ctx.propagate(b"PEXPIREAT", key, b"%d" % deadline, *options)
    return 1


def _conditions(options: tuple[bytes, ...]) -> frozenset[bytes]:
    """
    Return the conditions among the options, in capitals.

    Raises:
        RedisError: Something else is among them, or they contradict one another.
    """
    conditions = frozenset(option.upper() for option in options)
    if not conditions <= _CONDITIONS:
        unknown = next(option for option in options if option.upper() not in _CONDITIONS)
        # Redis prints it as a C string, and no line ends at the end of an error.
        shown = unknown.partition(b"\0")[0].rstrip(b"\r\n")
        raise RedisError(b"Unsupported option " + shown)
    if b"NX" in conditions and len(conditions) > 1:
        raise RedisError("NX and XX, GT or LT options at the same time are not compatible")
    if conditions >= {b"GT", b"LT"}:
        raise RedisError("GT and LT options at the same time are not compatible")
    return conditions


def _are_met(conditions: frozenset[bytes], old: int | None, new: int) -> bool:
    """Tell whether a key's deadline may become ``new``; no deadline is later than any."""
    if old is None:
        return not conditions & {b"XX", b"GT"}
    if b"NX" in conditions:
        return False
    if b"GT" in conditions:
        return new > old
    return b"LT" not in conditions or new < old
