"""
Hash commands about the time fields live (Redis 7.4), and those that set it on the way (8.0).

A deadline is absolute milliseconds, kept by the hash; the database looks after
what is due (:meth:`Database.expire_fields`). Times that lie in the past delete
their field at once. Elsewhere deadlines are repeated as absolute times and
deletions as HDEL.

What is due is gone for every command, and so is a hash that has nothing else. In
Redis such fields still count in HLEN and EXISTS, and HDEL deletes them, until
something looks for them or they are swept up, a tenth of a second later as a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyredis.datatypes.hashes import HashValue
from pyredis.errors import RedisError, invalid_expire, wrong_arity
from pyredis.execution.arguments import integer, integer_between
from pyredis.execution.client import Context
from pyredis.execution.expire_times import EXPIRY_OPTIONS
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
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
from pyredis.keyspace.events import HASH
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import Reply

command = family("hash", Category.HASH)

_LATEST_MS = (1 << 46) - 1  # a field cannot be made to expire later than this
_NO_FIELD = -2
_NO_DEADLINE = -1
_CONDITION_NOT_MET = 0
_DELETED = 2
_CONDITIONS = frozenset((b"NX", b"XX", b"GT", b"LT"))
_NOT_POSITIVE = "Number of fields must be a positive integer"


@command(
    "HEXPIRE",
    arity=-6,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax="key seconds [NX | XX | GT | LT]:condition (FIELDS numfields:integer field...)",
)
def hexpire(ctx: Context, key: bytes, seconds: bytes, *options: bytes) -> Reply:
    """Let fields of a hash expire after some seconds."""
    return _expire(ctx, "hexpire", key, seconds, (1000, True), options)


@command(
    "HPEXPIRE",
    arity=-6,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax="key milliseconds [NX | XX | GT | LT]:condition (FIELDS numfields:integer field...)",
)
def hpexpire(ctx: Context, key: bytes, milliseconds: bytes, *options: bytes) -> Reply:
    """Let fields of a hash expire after some milliseconds."""
    return _expire(ctx, "hpexpire", key, milliseconds, (1, True), options)


@command(
    "HEXPIREAT",
    arity=-6,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax=(
        "key unix-time-seconds [NX | XX | GT | LT]:condition (FIELDS numfields:integer field...)"
    ),
)
def hexpireat(ctx: Context, key: bytes, unix_time_seconds: bytes, *options: bytes) -> Reply:
    """Let fields of a hash expire at a moment given in seconds."""
    return _expire(ctx, "hexpireat", key, unix_time_seconds, (1000, False), options)


@command(
    "HPEXPIREAT",
    arity=-6,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax=(
        "key unix-time-milliseconds [NX | XX | GT | LT]:condition "
        "(FIELDS numfields:integer field...)"
    ),
)
def hpexpireat(ctx: Context, key: bytes, unix_time_milliseconds: bytes, *options: bytes) -> Reply:
    """Let fields of a hash expire at a moment given in milliseconds."""
    return _expire(ctx, "hpexpireat", key, unix_time_milliseconds, (1, False), options)


@command(
    "HTTL",
    arity=-5,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.4.0",
    complexity="O(N) for N fields",
    tips=["nondeterministic_output"],
    syntax="key (FIELDS numfields:integer field...)",
)
def httl(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return for how many seconds fields of a hash still live."""
    return _times(ctx, key, options, 1000, ctx.now_ms)


@command(
    "HPTTL",
    arity=-5,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.4.0",
    complexity="O(N) for N fields",
    tips=["nondeterministic_output"],
    syntax="key (FIELDS numfields:integer field...)",
)
def hpttl(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return for how many milliseconds fields of a hash still live."""
    return _times(ctx, key, options, 1, ctx.now_ms)


@command(
    "HEXPIRETIME",
    arity=-5,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax="key (FIELDS numfields:integer field...)",
)
def hexpiretime(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the moment, in seconds, at which fields of a hash expire."""
    return _times(ctx, key, options, 1000, 0)


@command(
    "HPEXPIRETIME",
    arity=-5,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax="key (FIELDS numfields:integer field...)",
)
def hpexpiretime(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the moment, in milliseconds, at which fields of a hash expire."""
    return _times(ctx, key, options, 1, 0)


@command(
    "HPERSIST",
    arity=-5,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="7.4.0",
    complexity="O(N) for N fields",
    syntax="key (FIELDS numfields:integer field...)",
)
def hpersist(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Let fields of a hash live for ever again."""
    db = ctx.db
    value = db.lookup_write(key, HashValue)
    fields = _read_fields(options, _NOT_POSITIVE)
    if value is None:
        return [_NO_FIELD] * len(fields)
    outcomes: list[Reply] = []
    for field in fields:
        if field not in value.fields:
            outcomes.append(_NO_FIELD)
        else:
            outcomes.append(1 if value.persist(field) else _NO_DEADLINE)
    if 1 in outcomes:
        db.note_field_deadlines(key, value)
        db.changed(key, HASH, b"hpersist")
    return outcomes


@command(
    "HGETDEL",
    arity=-5,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="8.0.0",
    complexity="O(N) for N fields",
    syntax="key (FIELDS numfields:integer field...)",
)
def hgetdel(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the values of fields of a hash and delete the fields."""
    db = ctx.db
    value = db.lookup_write(key, HashValue)
    fields = _read_fields(options, _NOT_POSITIVE)
    if value is None:
        return [None] * len(fields)
    found: list[Reply] = []
    deleted = []
    for field in fields:
        found.append(value.fields.get(field))
        if value.delete(field):
            deleted.append(field)
    if deleted:
        db.changed(key, HASH, b"hdel", len(deleted))
        ctx.propagate(b"HDEL", key, *deleted)
        if value.fields:
            db.note_field_deadlines(key, value)
        else:
            db.delete_emptied(key)
    return found


@command(
    "HGETEX",
    arity=-5,
    flags=WRITE | FAST,
    keys=KeyRange(
        1,
        access=RW | ACCESS | UPDATE,
        notes="RW and UPDATE for the change of the TTL",
    ),
    since="8.0.0",
    complexity="O(N) for N fields",
    syntax=(
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | PERSIST]:expiration (FIELDS numfields:integer field...)"
    ),
)
def hgetex(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the values of fields of a hash and set or take away their expiry."""
    value = ctx.db.lookup_write(key, HashValue)
    option = options[0].upper()
    deadline: int | None = None
    words: Sequence[bytes] = options
    if option in EXPIRY_OPTIONS:
        deadline = _deadline(ctx, "hgetex", options[1], EXPIRY_OPTIONS[option])
        words = options[2:]
    elif option == b"PERSIST":
        words = options[1:]
    fields = _read_fields(words, _NOT_POSITIVE, "hgetex")
    if value is None:
        return [None] * len(fields)
    found: list[Reply] = list(map(value.fields.get, fields))
    there = [field for field, content in zip(fields, found, strict=True) if content is not None]
    if not there:
        return found
    if deadline is not None:
        _set_deadlines(ctx, key, value, there, deadline)
    elif option == b"PERSIST":
        _persist(ctx, key, value, there)
    return found


@command(
    "HSETEX",
    arity=-6,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="8.0.0",
    complexity="O(N) for N fields",
    syntax=(
        "key [FNX | FXX]:condition [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | KEEPTTL]:expiration "
        "(FIELDS numfields:integer (field value):data...)"
    ),
)
def hsetex(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Set fields of a hash on a condition, and set or keep their expiry."""
    asked = _read_setex_options(ctx, options)
    db = ctx.db
    value = db.lookup_write(key, HashValue)
    fields, contents = asked.pairs[::2], asked.pairs[1::2]
    if asked.condition and not _is_met(asked.condition, value, fields):
        return 0
    if value is None:
        value = HashValue()
        db.store(key, value)
    for field, content in zip(fields, contents, strict=True):
        (value.replace if asked.keep_ttl else value.set)(field, content, ctx.limits)
    db.changed(key, HASH, b"hset", len(fields))
    if asked.deadline is None:
        return 1
    names = list(dict.fromkeys(fields))
    if asked.deadline <= ctx.now_ms:
        _delete(ctx, key, value, names)
    else:
        for field in names:
            value.set_deadline(field, asked.deadline)
        db.note_field_deadlines(key, value)
        db.changed(key, HASH, b"hexpire", len(names))
        ctx.propagate(
            b"HSETEX",
            key,
            b"PXAT",
            b"%d" % asked.deadline,
            b"FIELDS",
            b"%d" % len(fields),
            *asked.pairs,
        )
    return 1


def _deadline(ctx: Context, command: str, argument: bytes, unit: tuple[int, bool]) -> int:
    """
    Return a deadline, which may have passed.

    Args:
        ctx: The command's context.
        command: Its name, for the error.
        argument: The time as given.
        unit: Milliseconds in one unit of it, and whether it counts from now.

    Raises:
        RedisError: It is no integer, negative, or too large.
    """
    number = integer(argument)
    if number < 0:
        raise RedisError("invalid expire time, must be >= 0")
    unit_ms, relative = unit
    deadline = number * unit_ms + (ctx.now_ms if relative else 0)
    if deadline > _LATEST_MS:
        raise invalid_expire(command)
    return deadline


def _read_fields(words: Sequence[bytes], not_positive: str, command: str = "") -> Sequence[bytes]:
    """
    Return the fields behind FIELDS and their number.

    Args:
        words: From FIELDS on.
        not_positive: What to say of a number that is none.
        command: Its name, where words may be missing altogether.

    Raises:
        RedisError: FIELDS is not there, or the number is not that of the fields.
    """
    if not words or words[0].upper() != b"FIELDS":
        raise RedisError("Mandatory argument FIELDS is missing or not at the right position")
    if len(words) < 2:
        raise wrong_arity(command)
    number = integer_between(words[1], 1, INT64_MAX, not_positive)
    if number != len(words) - 2:
        raise RedisError("The `numfields` parameter must match the number of arguments")
    return words[2:]


def _expire(
    ctx: Context,
    command: str,
    key: bytes,
    time: bytes,
    unit: tuple[int, bool],
    options: Sequence[bytes],
) -> Reply:
    """Do what HEXPIRE and its kind do."""
    value = ctx.db.lookup_write(key, HashValue)
    deadline = _deadline(ctx, command, time, unit)
    condition = options[0].upper()
    if condition in _CONDITIONS:
        options = options[1:]
    else:
        condition = b""
    fields = _read_fields(options, "Parameter `numFields` should be greater than 0")
    if value is None:
        return [_NO_FIELD] * len(fields)
    outcomes: list[Reply] = []
    # In this order, each once: what is chosen here is changed afterwards.
    chosen: dict[bytes, None] = {}
    is_past = deadline <= ctx.now_ms
    for field in fields:
        if field not in value.fields or (is_past and field in chosen):
            outcomes.append(_NO_FIELD)
        elif not _may_expire_at(value, field, condition, deadline, field in chosen):
            outcomes.append(_CONDITION_NOT_MET)
        else:
            chosen[field] = None
            outcomes.append(_DELETED if is_past else 1)
    if chosen:
        _set_deadlines(ctx, key, value, list(chosen), deadline, condition)
    return outcomes


def _may_expire_at(
    value: HashValue, field: bytes, condition: bytes, deadline: int, is_chosen: bool
) -> bool:
    """Tell whether a field's deadline, or its lack, meets a condition."""
    if not condition:
        return True
    old = deadline if is_chosen else _deadline_of(value, field)
    if old is None:
        return condition in (b"NX", b"LT")
    if condition == b"GT":
        return deadline > old
    if condition == b"LT":
        return deadline < old
    return condition == b"XX"


def _deadline_of(value: HashValue, field: bytes) -> int | None:
    deadlines = value.deadlines
    return None if deadlines is None else deadlines.get(field)


def _times(ctx: Context, key: bytes, options: Sequence[bytes], unit_ms: int, base_ms: int) -> Reply:
    """Return when fields expire, from a moment on and rounded up to a unit."""
    value = ctx.db.lookup_read(key, HashValue)
    fields = _read_fields(options, _NOT_POSITIVE)
    if value is None:
        return [_NO_FIELD] * len(fields)
    times: list[Reply] = []
    for field in fields:
        deadline = _deadline_of(value, field)
        if field not in value.fields:
            times.append(_NO_FIELD)
        elif deadline is None:
            times.append(_NO_DEADLINE)
        else:
            times.append((deadline - base_ms + unit_ms - 1) // unit_ms)
    return times


def _set_deadlines(
    ctx: Context,
    key: bytes,
    value: HashValue,
    fields: Sequence[bytes],
    deadline: int,
    condition: bytes = b"",
) -> None:
    """Let fields that are there expire at a moment, at once if it has passed, and tell."""
    if deadline <= ctx.now_ms:
        _delete(ctx, key, value, fields)
        return
    for field in fields:
        value.set_deadline(field, deadline)
    db = ctx.db
    db.note_field_deadlines(key, value)
    db.changed(key, HASH, b"hexpire", len(fields))
    conditions = [condition] if condition else []
    ctx.propagate(
        b"HPEXPIREAT",
        key,
        b"%d" % deadline,
        *conditions,
        b"FIELDS",
        b"%d" % len(fields),
        *fields,
    )


def _persist(ctx: Context, key: bytes, value: HashValue, fields: Sequence[bytes]) -> None:
    """Let those fields live for ever again that would not, and tell if there are any."""
    persisted = [field for field in fields if value.persist(field)]
    if persisted:
        ctx.db.note_field_deadlines(key, value)
        ctx.db.changed(key, HASH, b"hpersist", len(persisted))
        ctx.propagate(b"HPERSIST", key, b"FIELDS", b"%d" % len(persisted), *persisted)


def _delete(ctx: Context, key: bytes, value: HashValue, fields: Sequence[bytes]) -> None:
    """Delete fields whose new deadline has passed, and tell."""
    db = ctx.db
    deleted = [field for field in fields if value.delete(field)]
    ctx.keyspace.expired_fields += len(deleted)
    db.changed(key, HASH, b"hdel", len(deleted))
    for field in deleted:
        # As fields that expire by themselves are deleted elsewhere.
        ctx.propagate(b"HDEL", key, field)
    if value.fields:
        db.note_field_deadlines(key, value)
    else:
        db.delete_emptied(key)


class _SetexOptions(NamedTuple):
    """What HSETEX is asked for."""

    condition: bytes
    deadline: int | None
    keep_ttl: bool
    pairs: Sequence[bytes]


def _read_setex_options(ctx: Context, words: Sequence[bytes]) -> _SetexOptions:
    condition = expiry = b""
    deadline: int | None = None
    position = 0
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == b"FIELDS":
            pairs = _read_pairs(words[position:])
            return _SetexOptions(condition, deadline, expiry == b"KEEPTTL", pairs)
        if word in (b"FNX", b"FXX"):
            if condition:
                raise RedisError("Only one of FXX or FNX arguments can be specified")
            condition = word
        elif word == b"KEEPTTL" or word in EXPIRY_OPTIONS:
            if expiry:
                raise RedisError(
                    "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
                )
            expiry = word
            if word != b"KEEPTTL":
                if position == len(words):
                    raise RedisError("missing expire time")
                deadline = _deadline(ctx, "hsetex", words[position], EXPIRY_OPTIONS[word])
                position += 1
        else:
            raise RedisError(b"unknown argument: " + words[position - 1])
    raise wrong_arity("hsetex")


def _read_pairs(words: Sequence[bytes]) -> Sequence[bytes]:
    """Return the fields and values behind their number."""
    if len(words) < 3:
        raise wrong_arity("hsetex")
    number = integer_between(words[0], 1, (1 << 31) - 1, "invalid number of fields")
    if 2 * number != len(words) - 1:
        raise wrong_arity("hsetex")
    return words[1:]


def _is_met(condition: bytes, value: HashValue | None, fields: Sequence[bytes]) -> bool:
    """Tell whether all fields are there (FXX), or none is (FNX)."""
    known = () if value is None else value.fields
    if condition == b"FXX":
        return all(field in known for field in fields)
    return not any(field in known for field in fields)
