"""
String commands.

A string is ``bytes``, ``int`` or ``bytearray`` (see
:mod:`pyredis.datatypes.strings`): SET stores the bytes as they came, INCR
leaves an ``int``, APPEND and SETRANGE a ``bytearray`` that they change in place.
So a reply is always made of ``bytes``, never of the value itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyredis.datatypes import strings
from pyredis.errors import (
    RedisError,
    string_too_long,
    syntax_error,
    wrong_arity,
)
from pyredis.execution.arguments import Arguments, integer
from pyredis.execution.client import Context
from pyredis.execution.expire_times import EXPIRY_OPTIONS, positive_deadline
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
    VARIABLE_FLAGS,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import FoundKey, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.database import STRING_TYPES
from pyredis.keyspace.events import GENERIC, STRING
from pyredis.keyspace.many_keys import lookup_many, store_many
from pyredis.wire.replies import OK, Reply

_READ_AS_THEY_ARE: frozenset[Any] = frozenset({bytes, type(None)})

command = family("string", Category.STRING)


@command(
    "APPEND",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.0.0",
    complexity="O(N) for a value of N bytes after appending",
    syntax="key value",
)
def append(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Put bytes at the end of a string, or make it."""
    db = ctx.db
    old = db.lookup_write(key, bytes)
    if old is None:
        _check_length(ctx, len(value))
        db.overwrite(key, value)
        length = len(value)
    else:
        _check_length(ctx, strings.string_length(old) + len(value))
        new = strings.append(old, value)
        if new is not old:
            db.overwrite(key, new)
        length = len(new)
    db.changed(key, STRING, b"append")
    return length


@command(
    "GET",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def get(ctx: Context, key: bytes) -> Reply:
    """Return the string value of a key."""
    value = ctx.db.lookup_read(key, bytes)
    if value.__class__ is bytes or value is None:
        return value
    return strings.to_bytes(value)


@command(
    "GETDEL",
    arity=2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="6.2.0",
    complexity="O(1)",
    syntax="key",
)
def getdel(ctx: Context, key: bytes) -> Reply:
    """Return the string value of a key and delete the key."""
    db = ctx.db
    value = db.lookup_read(key, bytes)
    if value is None:
        return None
    db.delete(key)
    db.changed(key, GENERIC, b"del")
    ctx.propagate(b"DEL", key)
    return strings.to_bytes(value)


@command(
    "GETEX",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(
        1,
        access=RW | ACCESS | UPDATE,
        notes="RW and UPDATE for the change of the TTL",
    ),
    since="6.2.0",
    complexity="O(1)",
    syntax=(
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
        "PXAT unix-time-milliseconds | PERSIST]:expiration"
    ),
)
def getex(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the string value of a key and set or take away its expiry."""
    chosen = _read_getex_options(options)
    value = ctx.db.lookup_read(key, bytes)
    if value is None:
        return None
    reply = strings.to_bytes(value)
    if chosen is None:
        return reply
    option, argument = chosen
    if option == b"PERSIST":
        if ctx.db.persist(key):
            ctx.db.changed(key, GENERIC, b"persist")
            ctx.propagate(b"PERSIST", key)
        return reply
    deadline = positive_deadline(argument, *EXPIRY_OPTIONS[option], ctx.now_ms, "getex")
    if deadline < ctx.now_ms:
        ctx.db.delete(key)
        ctx.db.changed(key, GENERIC, b"del")
        ctx.propagate(b"UNLINK" if ctx.settings.lazyfree_lazy_expire else b"DEL", key)
    else:
        ctx.db.set_deadline(key, deadline)
        ctx.db.changed(key, GENERIC, b"expire")
        ctx.propagate(b"PEXPIREAT", key, b"%d" % deadline)
    return reply


@command(
    "GETRANGE",
    arity=4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.4.0",
    complexity="O(N) for N bytes returned",
    syntax="key start:integer end:integer",
)
def getrange(ctx: Context, key: bytes, start: bytes, end: bytes) -> Reply:
    """Return the part of a string between two offsets, both included."""
    first, last = integer(start), integer(end)
    value = ctx.db.lookup_read(key, bytes)
    return b"" if value is None else strings.get_range(value, first, last)


@command(
    "GETSET",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    deprecated=("6.2.0", "`SET` with `GET`"),
    syntax="key value",
)
def getset(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Set the string value of a key and return the old one."""
    old = get(ctx, key)
    ctx.db.store(key, ctx.db.short_strings.of(value))
    ctx.db.changed(key, STRING, b"set")
    ctx.propagate(b"SET", key, value)
    return old


@command(
    "LCS",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, last=1, access=RO | ACCESS),
    since="7.0.0",
    complexity="O(N*M) for strings of N and M bytes",
    syntax="key1:key key2:key#0 [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]",
)
def lcs(ctx: Context, key1: bytes, key2: bytes, *options: bytes) -> Reply:
    """Find the longest common subsequence of two strings."""
    first = ctx.db.lookup_read(key1)
    second = ctx.db.lookup_read(key2)
    for value in (first, second):
        if value is not None and value.__class__ not in STRING_TYPES:
            raise RedisError("The specified keys must contain string values")
    asked = _read_lcs_options(options)
    a = b"" if first is None else strings.to_bytes(first)
    b = b"" if second is None else strings.to_bytes(second)
    if strings.lcs_table_bytes(a, b) > ctx.settings.proto_max_bulk_len:
        raise RedisError("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    if asked.only_length:
        return strings.lcs_length(a, b)
    common, runs = strings.longest_common_subsequence(a, b)
    if not asked.indexes:
        return common
    matches: list[Reply] = []
    for run in runs:
        if run.length >= asked.shortest:
            ranges: list[Reply] = [
                [run.first_start, run.first_end],
                [run.second_start, run.second_end],
            ]
            matches.append([*ranges, run.length] if asked.with_length else ranges)
    return {b"matches": matches, b"len": len(common)}


@command(
    "MGET",
    arity=-2,
    flags=READONLY | FAST,
    keys=KeyRange(1, last=-1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N keys",
    tips=["request_policy:multi_shard"],
    syntax="key...",
)
def mget(ctx: Context, *keys: bytes) -> Reply:
    """Return the string values of several keys."""
    db = ctx.db
    found = None if ctx.keyspace.observed else lookup_many(db, keys)
    if found is None:
        found = [*map(db.lookup_read, keys)]
    else:
        missing = found.count(None)
        db.hits += len(found) - missing
        db.misses += missing
    if {*map(type, found)} <= _READ_AS_THEY_ARE:
        return found
    return [
        value
        if value.__class__ is bytes
        else strings.to_bytes(value)
        if value.__class__ in STRING_TYPES
        else None
        for value in found
    ]


@command(
    "MSET",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, last=-1, step=2, access=OW | UPDATE),
    since="1.0.1",
    complexity="O(N) for N keys",
    tips=["request_policy:multi_shard", "response_policy:all_succeeded"],
    syntax="(key value):data...",
)
def mset(ctx: Context, *options: bytes) -> Reply:
    """Set the string values of several keys."""
    if len(options) % 2:
        raise wrong_arity("mset")
    _store_pairs(ctx, options)
    return OK


@command(
    "MSETNX",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, last=-1, step=2, access=OW | INSERT),
    since="1.0.1",
    complexity="O(N) for N keys",
    syntax="(key value):data...",
)
def msetnx(ctx: Context, *options: bytes) -> Reply:
    """Set the string values of several keys unless one of them exists."""
    if len(options) % 2:
        raise wrong_arity("msetnx")
    if any(ctx.db.lookup_write(key) is not None for key in options[::2]):
        return 0
    _store_pairs(ctx, options)
    return 1


@command(
    "PSETEX",
    arity=4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=OW | UPDATE),
    since="2.6.0",
    complexity="O(1)",
    deprecated=("2.6.12", "`SET` with `PX`"),
    syntax="key milliseconds value",
)
def psetex(ctx: Context, key: bytes, milliseconds: bytes, value: bytes) -> Reply:
    """Set the string value of a key that expires after some milliseconds."""
    return _set_expiring(
        ctx, key, value, positive_deadline(milliseconds, 1, True, ctx.now_ms, "psetex")
    )


def _set_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Return the key, which SET reads only with GET among its options."""
    reads = any(word.upper() == b"GET" for word in argv[3:])
    return [(1, RW | ACCESS | UPDATE if reads else OW | UPDATE)]


@command(
    "SET",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=KeyRange(
        1,
        access=RW | ACCESS | UPDATE | VARIABLE_FLAGS,
        notes="RW and ACCESS if `GET` is given",
        positions=_set_keys,
    ),
    since="1.0.0",
    complexity="O(1)",
    history=[
        ("2.6.12", "`EX`, `PX`, `NX` and `XX`."),
        ("6.0.0", "`KEEPTTL`."),
        ("6.2.0", "`GET`, `EXAT` and `PXAT`."),
        ("7.0.0", "`NX` and `GET` together."),
    ],
    syntax=(
        "key value [NX | XX]:condition@2.6.12 [GET@6.2.0] [EX seconds@2.6.12 | "
        "PX milliseconds@2.6.12 | EXAT unix-time-seconds@6.2.0 | "
        "PXAT unix-time-milliseconds@6.2.0 | KEEPTTL@6.0.0]:expiration"
    ),
)
def set_(ctx: Context, key: bytes, value: bytes, *options: bytes) -> Reply:
    """Set the string value of a key, whatever it held."""
    if options:
        return _set_with_options(ctx, key, value, options)
    db = ctx.db
    db.store(key, db.short_strings[value] if len(value) <= strings.SHORT_BYTES else value)
    db.changed(key, STRING, b"set")
    return OK


@command(
    "SETEX",
    arity=4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=OW | UPDATE),
    since="2.0.0",
    complexity="O(1)",
    deprecated=("2.6.12", "`SET` with `EX`"),
    syntax="key seconds value",
)
def setex(ctx: Context, key: bytes, seconds: bytes, value: bytes) -> Reply:
    """Set the string value of a key that expires after some seconds."""
    return _set_expiring(
        ctx, key, value, positive_deadline(seconds, 1000, True, ctx.now_ms, "setex")
    )


@command(
    "SETNX",
    arity=3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=OW | INSERT),
    since="1.0.0",
    complexity="O(1)",
    deprecated=("2.6.12", "`SET` with `NX`"),
    syntax="key value",
)
def setnx(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Set the string value of a key unless the key exists."""
    if ctx.db.lookup_write(key) is not None:
        return 0
    ctx.db.store(key, ctx.db.short_strings.of(value))
    ctx.db.changed(key, STRING, b"set")
    return 1


@command(
    "SETRANGE",
    arity=4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=RW | UPDATE),
    since="2.2.0",
    complexity="O(N) for a string of N bytes",
    syntax="key offset value",
    inflates=True,
)
def setrange(ctx: Context, key: bytes, offset: bytes, value: bytes) -> Reply:
    """Write over a part of a string, growing it with zero bytes where needed."""
    position = integer(offset)
    if position < 0:
        raise RedisError("offset is out of range")
    db = ctx.db
    old = db.lookup_write(key, bytes)
    if not value:
        return 0 if old is None else strings.string_length(old)
    _check_length(ctx, position + len(value))
    new = strings.set_range(b"" if old is None else old, position, value)
    if new is not old:
        db.overwrite(key, new)
    db.changed(key, STRING, b"setrange")
    return len(new)


@command(
    "STRLEN",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="2.2.0",
    complexity="O(1)",
    syntax="key",
)
def strlen(ctx: Context, key: bytes) -> Reply:
    """Return the length of a string."""
    value = ctx.db.lookup_read(key, bytes)
    if value.__class__ is bytes:
        return len(value)
    return 0 if value is None else strings.string_length(value)


@command(
    "SUBSTR",
    arity=4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N bytes returned",
    deprecated=("2.0.0", "`GETRANGE`"),
    syntax="key start:integer end:integer",
)
def substr(ctx: Context, key: bytes, start: bytes, end: bytes) -> Reply:
    """Return the part of a string between two offsets, both included."""
    return getrange(ctx, key, start, end)


def _check_length(ctx: Context, length: int) -> None:
    """Refuse a string longer than a client could ever send or be sent."""
    if length > ctx.settings.proto_max_bulk_len:
        raise string_too_long()


def _set_expiring(
    ctx: Context, key: bytes, value: bytes, deadline_ms: int, request: Sequence[bytes] = ()
) -> Reply:
    """
    Set a value that expires, as SETEX, PSETEX and SET with an expiry do.

    Args:
        ctx: Of the command.
        key: Whose value.
        value: The value.
        deadline_ms: When it expires.
        request: What to repeat elsewhere, if it means the same there.
    """
    db = ctx.db
    db.store(key, db.short_strings.of(value))
    db.set_deadline(key, deadline_ms)
    db.changed(key, STRING, b"set")
    db.notify(key, GENERIC, b"expire")
    if ctx.effects is not None:
        ctx.propagate(*(request or (b"SET", key, value, b"PXAT", b"%d" % deadline_ms)))
    return OK


class _SetOptions:
    """The options of SET, read in any order as Redis allows them together."""

    __slots__ = ("condition", "expiry", "keep_ttl", "returns_old")

    def __init__(self, words: tuple[bytes, ...]) -> None:
        self.condition = b""
        self.returns_old = False
        self.keep_ttl = False
        self.expiry: tuple[bytes, bytes] | None = None
        place = 0
        while place < len(words):
            word = words[place].upper()
            place += 1
            if word in EXPIRY_OPTIONS:
                if (
                    self.keep_ttl
                    or place == len(words)
                    or (self.expiry is not None and self.expiry[0] != word)
                ):
                    raise syntax_error()
                self.expiry = word, words[place]
                place += 1
            elif word in (b"NX", b"XX") and self.condition in (b"", word):
                self.condition = word
            elif word == b"GET":
                self.returns_old = True
            elif word == b"KEEPTTL" and self.expiry is None:
                self.keep_ttl = True
            else:
                raise syntax_error()


def _set_with_options(ctx: Context, key: bytes, value: bytes, words: tuple[bytes, ...]) -> Reply:
    options = _SetOptions(words)
    deadline: int | None = None
    if options.expiry is not None:
        unit_ms, relative = EXPIRY_OPTIONS[options.expiry[0]]
        deadline = positive_deadline(options.expiry[1], unit_ms, relative, ctx.now_ms, "set")
    old = get(ctx, key) if options.returns_old else None
    exists = ctx.db.lookup_write(key) is not None
    if exists if options.condition == b"NX" else options.condition == b"XX" and not exists:
        return old
    if deadline is not None:
        is_final = options.expiry is not None and options.expiry[0] == b"PXAT"
        _set_expiring(ctx, key, value, deadline, (b"SET", key, value, *words) if is_final else ())
    else:
        (ctx.db.overwrite if options.keep_ttl else ctx.db.store)(key, value)
        ctx.db.changed(key, STRING, b"set")
        if options.returns_old:
            ctx.propagate(b"SET", key, value, *(w for w in words if w.upper() != b"GET"))
    return old if options.returns_old else OK


def _read_getex_options(options: tuple[bytes, ...]) -> tuple[bytes, bytes] | None:
    """Return the option of GETEX and its argument, or None without one."""
    chosen: tuple[bytes, bytes] | None = None
    arguments = Arguments(options)
    while arguments:
        word = arguments.take_word()
        if chosen is not None and chosen[0] != word:
            raise syntax_error()
        if word in EXPIRY_OPTIONS:
            chosen = word, arguments.take()
        elif word == b"PERSIST":
            chosen = word, b""
        else:
            raise syntax_error()
    return chosen


def _store_pairs(ctx: Context, pairs: tuple[bytes, ...]) -> None:
    db = ctx.db
    keys, values = pairs[::2], pairs[1::2]
    if store_many(db, keys, db.short_strings.of_each(values)):
        db.changed(keys[0], STRING, b"set", len(keys))
        return
    for key, value in zip(keys, values, strict=True):
        db.store(key, db.short_strings.of(value))
        db.changed(key, STRING, b"set")


class _LcsOptions:
    """The options of LCS."""

    __slots__ = ("indexes", "only_length", "shortest", "with_length")

    def __init__(self) -> None:
        self.indexes = False
        self.only_length = False
        self.shortest = 0
        self.with_length = False


def _read_lcs_options(words: tuple[bytes, ...]) -> _LcsOptions:
    options = _LcsOptions()
    arguments = Arguments(words)
    while arguments:
        word = arguments.take_word()
        if word == b"IDX":
            options.indexes = True
        elif word == b"LEN":
            options.only_length = True
        elif word == b"WITHMATCHLEN":
            options.with_length = True
        elif word == b"MINMATCHLEN" and arguments:
            options.shortest = max(0, arguments.take_integer())
        else:
            raise syntax_error()
    if options.indexes and options.only_length:
        raise RedisError("If you want both the length and indexes, please just use IDX.")
    return options
