"""
Commands on keys, whatever they hold.

Expiry is in :mod:`~pyredis.commands.expiration`, SORT in
:mod:`~pyredis.commands.sorting`, what concerns a database as a whole in
:mod:`~pyredis.commands.server`.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyredis.datatypes.strings import copy_string, encoding_of
from pyredis.errors import RedisError, db_index_out_of_range, no_such_key, syntax_error
from pyredis.execution.arguments import Arguments, integer_between
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    INSERT,
    LOADING,
    OW,
    READONLY,
    RM,
    RO,
    RW,
    STALE,
    TOUCHES_ARBITRARY_KEYS,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.scan_options import read_cursor, read_scan_options, scan_reply
from pyredis.execution.table import container, family
from pyredis.keyspace.database import STRING_TYPES, Database, Value, type_name
from pyredis.keyspace.events import GENERIC
from pyredis.keyspace.frequencies import FrequencyCounting
from pyredis.primitives.patterns import compile_glob
from pyredis.wire.replies import OK, Reply, Simple

command = family("generic", Category.KEYSPACE)

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_SPECIAL_IN_PATTERNS = b"*?[\\"
_SHARED = _INT_MAX  # what Redis calls the references to an object that is shared by all
_SHARED_INTEGERS = 10_000
_NO_TYPE = Simple(b"none")
_TYPES = {
    name: Simple(name.encode()) for name in ("string", "list", "set", "zset", "hash", "stream")
}


@command(
    "COPY",
    arity=-3,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RO | ACCESS),
        KeyRange(2, access=OW | UPDATE),
    ),
    since="6.2.0",
    complexity="O(N) for a collection of N items, O(1) for a string",
    syntax="source destination [DB destination-db:integer] [REPLACE]",
)
def copy(ctx: Context, source: bytes, destination: bytes, *options: bytes) -> Reply:
    """Copy the value of a key, with its expiry, to another key."""
    db = target = ctx.db
    replaces = False
    arguments = Arguments(options)
    while arguments:
        option = arguments.take_word()
        if option == b"REPLACE":
            replaces = True
        elif option == b"DB" and arguments:
            target = _database(ctx, arguments.take())
        else:
            raise syntax_error()
    if target is db and source == destination:
        raise _same_object()
    value = db.lookup_read(source)
    if value is None:
        return 0
    if target.lookup_write(destination) is not None:
        if not replaces:
            return 0
        target.delete(destination)
    is_string = value.__class__ in STRING_TYPES
    target.overwrite(destination, copy_string(value) if is_string else value.copy())
    deadline = db.deadline_of(source)
    if deadline is not None:
        target.set_deadline(destination, deadline)
    target.changed(destination, GENERIC, b"copy_to")
    return 1


@command(
    "DEL",
    arity=-2,
    flags=WRITE,
    keys=KeyRange(1, last=-1, access=RM | DELETE),
    since="1.0.0",
    complexity="O(N) for N keys, and O(M) for each collection of M items",
    tips=["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax="key...",
)
def del_(ctx: Context, *keys: bytes) -> Reply:
    """Delete keys."""
    return _delete(ctx.db, keys)


@command(
    "EXISTS",
    arity=-2,
    flags=READONLY | FAST,
    keys=KeyRange(1, last=-1, access=RO),
    since="1.0.0",
    complexity="O(N) for N keys",
    history=[("3.0.3", "Several keys.")],
    tips=["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax="key...",
)
def exists(ctx: Context, *keys: bytes) -> Reply:
    """Count those of the given keys that exist; one that is given twice counts twice."""
    look_at = ctx.db.look_at
    found = 0
    for key in keys:
        if look_at(key) is not None:
            found += 1
    return found


@command(
    "KEYS",
    arity=2,
    flags=READONLY,
    since="1.0.0",
    complexity="O(N) for N keys in the database",
    categories=Category.DANGEROUS,
    tips=["request_policy:all_shards", "nondeterministic_output_order"],
    syntax="pattern",
)
def keys(ctx: Context, pattern: bytes) -> Reply:
    """Return the keys that match a pattern."""
    db = ctx.db
    found: Iterable[bytes]
    if pattern == b"*":
        # Redis does not ask its matcher here: even the empty key is found.
        found = db.values
    elif len(pattern.translate(None, _SPECIAL_IN_PATTERNS)) == len(pattern):
        found = (pattern,) if pattern in db.values else ()
    else:
        found = filter(compile_glob(pattern), db.values)
    return db.living_keys(found)  # type: ignore[return-value]  # a list of bytes is a reply


@command(
    "MOVE",
    arity=3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.0.0",
    complexity="O(1)",
    syntax="key db:integer",
)
def move(ctx: Context, key: bytes, db: bytes) -> Reply:
    """Move a key to another database, unless it has that key as well."""
    if ctx.server.cluster.is_on:
        raise RedisError("MOVE is not allowed in cluster mode")
    source = ctx.db
    target = _database(ctx, db)
    if target is source:
        raise _same_object()
    if source.lookup_write(key) is None or target.lookup_write(key) is not None:
        return 0
    source.hand_over(key, target, key)
    source.changed(key, GENERIC, b"move_from", 0)
    target.changed(key, GENERIC, b"move_to")
    return 1


container(
    "OBJECT",
    "generic",
    since="2.2.3",
    complexity="Depends on the subcommand",
)


@command(
    "OBJECT|ENCODING",
    arity=3,
    flags=READONLY,
    keys=KeyRange(2, access=RO),
    since="2.2.3",
    complexity="O(1)",
    tips=["nondeterministic_output"],
    syntax="key",
)
def object_encoding(ctx: Context, key: bytes) -> Reply:
    """Return the name of the form in which Redis would hold the value of a key."""
    value = _look(ctx, key)
    if value is None:
        return None
    is_string = value.__class__ in STRING_TYPES
    return str(encoding_of(value) if is_string else value.encoding).encode()


@command(
    "OBJECT|FREQ",
    arity=3,
    flags=READONLY,
    keys=KeyRange(2, access=RO),
    since="4.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
    syntax="key",
)
def object_freq(ctx: Context, key: bytes) -> Reply:
    """Return how often a key is accessed, on a logarithmic scale from 0 to 255."""
    if _look(ctx, key) is None:
        return None
    settings = ctx.settings
    if not settings.maxmemory_policy.endswith("lfu"):
        raise RedisError(
            "An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
            "that when switching between policies at runtime LRU and LFU data will take some "
            "time to adjust."
        )
    counting = FrequencyCounting(settings.lfu_log_factor, settings.lfu_decay_time)
    return ctx.keyspace.access_count(ctx.db, key, counting)


@command(
    "OBJECT|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="6.2.0",
    complexity="O(1)",
)
def object_help(ctx: Context) -> Reply:
    """Describe the subcommands of OBJECT."""
    return help_of("OBJECT")


@command(
    "OBJECT|IDLETIME",
    arity=3,
    flags=READONLY,
    keys=KeyRange(2, access=RO),
    since="2.2.3",
    complexity="O(1)",
    tips=["nondeterministic_output"],
    syntax="key",
)
def object_idletime(ctx: Context, key: bytes) -> Reply:
    """Return for how many seconds a key was not accessed."""
    if _look(ctx, key) is None:
        return None
    if ctx.settings.maxmemory_policy.endswith("lfu"):
        raise RedisError(
            "An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
            "switching between policies at runtime LRU and LFU data will take some time to adjust."
        )
    return ctx.keyspace.idle_ms(ctx.db, key) // 1000


@command(
    "OBJECT|REFCOUNT",
    arity=3,
    flags=READONLY,
    keys=KeyRange(2, access=RO),
    since="2.2.3",
    complexity="O(1)",
    tips=["nondeterministic_output"],
    syntax="key",
)
def object_refcount(ctx: Context, key: bytes) -> Reply:
    """Return how many references to the value of a key Redis would count."""
    value = _look(ctx, key)
    if value is None:
        return None
    return _SHARED if _is_shared(ctx, value) else 1


@command(
    "RANDOMKEY",
    arity=1,
    flags=READONLY | TOUCHES_ARBITRARY_KEYS,
    since="1.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
)
def randomkey(ctx: Context) -> Reply:
    """Return a key chosen at random."""
    with ctx.keyspace.sweeping():
        return ctx.db.random_key()


@command(
    "RENAME",
    arity=3,
    flags=WRITE,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=OW | UPDATE),
    ),
    since="1.0.0",
    complexity="O(1)",
    syntax="key newkey",
)
def rename(ctx: Context, key: bytes, newkey: bytes) -> Reply:
    """Give a key another name, in the place of what had that name."""
    if ctx.db.lookup_write(key) is None:
        raise no_such_key()
    if key != newkey:
        ctx.db.expire_if_due(newkey)  # its end is told before it is replaced
        _rename(ctx.db, key, newkey)
    return OK


@command(
    "RENAMENX",
    arity=3,
    flags=WRITE | FAST,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=OW | INSERT),
    ),
    since="1.0.0",
    complexity="O(1)",
    history=[("3.2.0", "A key may be renamed to itself.")],
    syntax="key newkey",
)
def renamenx(ctx: Context, key: bytes, newkey: bytes) -> Reply:
    """Give a key another name unless there is a key of that name."""
    db = ctx.db
    if db.lookup_write(key) is None:
        raise no_such_key()
    if key == newkey or db.lookup_write(newkey) is not None:
        return 0
    _rename(db, key, newkey)
    return 1


@command(
    "SCAN",
    arity=-2,
    flags=READONLY | TOUCHES_ARBITRARY_KEYS,
    since="2.8.0",
    complexity="O(1) a call, O(N) for a whole iteration over N elements",
    history=[("6.0.0", "`TYPE`.")],
    tips=["nondeterministic_output", "request_policy:special", "response_policy:special"],
    syntax="cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]",
)
def scan(ctx: Context, cursor: bytes, *options: bytes) -> Reply:
    """Return some of the keys, and a cursor with which to ask for the next ones."""
    position = read_cursor(cursor)
    effort, matches, wanted = read_scan_options(options, takes_type=True)
    db = ctx.db
    position, found = db.scan(position, effort)
    if matches is not None:
        found = list(filter(matches, found))
    with ctx.keyspace.sweeping():
        if wanted is not None:
            name = wanted.lower().decode("latin-1")
            # Looked up as TYPE would, which counts; but a miss is told to nobody.
            found = [key for key in found if _is_of_type(_look(ctx, key), name)]
        elif db.deadlines:
            found = [key for key in found if not db.expire_if_due(key)]
    return scan_reply(position, found)


@command(
    "TOUCH",
    arity=-2,
    flags=READONLY | FAST,
    keys=KeyRange(1, last=-1, access=RO),
    since="3.2.1",
    complexity="O(N) for N keys",
    tips=["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax="key...",
)
def touch(ctx: Context, *keys: bytes) -> Reply:
    """Access keys so that they count as used now, and count those that exist."""
    ctx.keyspace.touching = True  # even for a client that asked to leave no traces
    lookup = ctx.db.lookup_read
    found = 0
    for key in keys:
        if lookup(key) is not None:
            found += 1
    return found


@command(
    "TYPE",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def type_(ctx: Context, key: bytes) -> Reply:
    """Return the name of the type of the value of a key."""
    value = ctx.db.look_at(key)
    return _NO_TYPE if value is None else _TYPES[type_name(value)]


@command(
    "UNLINK",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, last=-1, access=RM | DELETE),
    since="4.0.0",
    complexity="O(N) for N keys; the memory is freed later",
    tips=["request_policy:multi_shard", "response_policy:agg_sum"],
    syntax="key...",
)
def unlink(ctx: Context, *keys: bytes) -> Reply:
    """Delete keys; what they held is freed little by little."""
    return _delete(ctx.db, keys)


def _database(ctx: Context, index: bytes) -> Database:
    """
    Return a database by its number.

    Raises:
        RedisError: There is none of this number.
    """
    number = integer_between(index, _INT_MIN, _INT_MAX)
    databases = ctx.keyspace.databases
    if not 0 <= number < len(databases):
        raise db_index_out_of_range()
    return databases[number]


def _same_object() -> RedisError:
    """A copy or move of a key onto itself."""
    return RedisError("source and destination objects are the same")


def _delete(db: Database, keys: tuple[bytes, ...]) -> int:
    """Delete keys and return how many there were; those already due expire instead."""
    deleted = 0
    for key in keys:
        if db.deadlines:
            db.expire_if_due(key)
        if db.delete(key):
            db.changed(key, GENERIC, b"del")
            deleted += 1
    return deleted


def _rename(db: Database, key: bytes, newkey: bytes) -> None:
    """Give the value of a key that is there to another one, and tell."""
    db.hand_over(key, db, newkey)
    db.changed(key, GENERIC, b"rename_from", 0)
    db.changed(newkey, GENERIC, b"rename_to")


def _look(ctx: Context, key: bytes) -> Value:
    """Return the value of a key for OBJECT and SCAN TYPE: counted, but neither told nor access."""
    db = ctx.db
    value = db.peek(key)
    if value is None:
        db.misses += 1
    else:
        db.hits += 1
    return value


def _is_of_type(value: Value, name: str) -> bool:
    return value is not None and type_name(value) == name


def _is_shared(ctx: Context, value: Value) -> bool:
    """Tell whether Redis would have one object for all keys of this value: small integers."""
    settings = ctx.settings
    if settings.maxmemory and settings.maxmemory_policy.endswith(("lru", "lfu")):
        return False
    is_string = value.__class__ in STRING_TYPES
    return is_string and encoding_of(value) == "int" and 0 <= int(value) < _SHARED_INTEGERS
