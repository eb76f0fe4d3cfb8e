"""
DUMP and RESTORE: the value of a key as bytes, and back, here or on another server.

The bytes are those of Redis, in the version that ``rdb-version`` says. What
comes in is checked through and through: there is no ``sanitize-dump-payload``
to be switched off.
"""

from __future__ import annotations

from functools import cache

from twisted.logger import Logger

from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments, integer
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    ASKING,
    DENYOOM,
    OW,
    READONLY,
    RO,
    SYSCMD,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.database import Value
from pyredis.keyspace.events import GENERIC
from pyredis.keyspace.frequencies import FrequencyCounting
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.dump_payloads import PayloadRefused, load
from pyredis.persistence.dump_payloads import dump as payload_of
from pyredis.persistence.rdb_format import RdbError
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import OK, Reply

command = family("generic", Category.KEYSPACE)
_log = Logger()

_PACKED_AS = {
    rdb.HASH_ZIPMAP: "Zipmap",
    rdb.LIST_ZIPLIST: "List ziplist",
    rdb.SET_INTSET: "Intset",
    rdb.ZSET_ZIPLIST: "Zset ziplist",
    rdb.HASH_ZIPLIST: "Hash ziplist",
    rdb.LIST_QUICKLIST: "Quicklist ziplist",
    rdb.STREAM_LISTPACKS: "Stream listpack",
    rdb.HASH_LISTPACK: "Hash listpack",
    rdb.ZSET_LISTPACK: "Zset listpack",
    rdb.LIST_QUICKLIST_2: "Quicklist listpack",
    rdb.STREAM_LISTPACKS_2: "Stream listpack",
    rdb.SET_LISTPACK: "Set listpack",
    rdb.STREAM_LISTPACKS_3: "Stream listpack",
}

_GREATEST_FREQUENCY = 255
_LONGEST_IDLE_S = (1 << 24) - 2  # as long as Redis' clock of accesses can tell
_HISTORY = [
    ("3.0.0", "`REPLACE`."),
    ("5.0.0", "`ABSTTL`."),
    ("5.0.0", "`IDLETIME` and `FREQ`."),
]
_SYNTAX = (
    "key ttl:integer serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] "
    "[IDLETIME seconds@5.0.0] [FREQ frequency:integer@5.0.0]"
)


@command(
    "DUMP",
    arity=2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.6.0",
    complexity="O(N*M) for N items of M bytes",
    tips=["nondeterministic_output"],
    syntax="key",
)
def dump(ctx: Context, key: bytes) -> Reply:
    """Return the value of a key in a form that RESTORE takes, here or elsewhere."""
    value = ctx.db.lookup_read(key)
    if value is None:
        return None
    return payload_of(value, payload_writer(ctx))


def payload_writer(ctx: Context) -> ValueWriter:
    """Return what writes the payloads of a server as it is configured."""
    settings = ctx.settings
    return _writer(settings.rdb_version, settings.rdbcompression)


@cache
def _writer(version: int, compressing: bool) -> ValueWriter:
    return ValueWriter(version, compressing)


@command(
    "RESTORE",
    arity=-4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=OW | UPDATE),
    since="2.6.0",
    complexity="O(N*M) for N items of M bytes, O(N*M*log(N)) for a sorted set",
    categories=Category.DANGEROUS,
    history=_HISTORY,
    syntax=_SYNTAX,
    inflates=True,
)
def restore(
    ctx: Context, key: bytes, ttl: bytes, serialized_value: bytes, *options: bytes
) -> Reply:
    """Give a key the value that DUMP returned."""
    return _restore(ctx, b"RESTORE", key, ttl, serialized_value, options)


@command(
    "RESTORE-ASKING",
    arity=-4,
    flags=WRITE | DENYOOM | ASKING | SYSCMD,
    keys=KeyRange(1, access=OW | UPDATE),
    since="3.0.0",
    complexity="O(N*M) for N items of M bytes, O(N*M*log(N)) for a sorted set",
    categories=Category.DANGEROUS,
    group="server",
    history=_HISTORY,
    syntax=_SYNTAX,
)
def restore_asking(
    ctx: Context, key: bytes, ttl: bytes, serialized_value: bytes, *options: bytes
) -> Reply:
    """Do as RESTORE, for a key whose slot moves between the nodes of a cluster."""
    return _restore(ctx, b"RESTORE-ASKING", key, ttl, serialized_value, options)


class _Options:
    """What stands behind the payload."""

    __slots__ = ("absolute", "frequency", "idle_s", "replaces")

    def __init__(self, options: tuple[bytes, ...]) -> None:
        self.replaces = self.absolute = False
        self.idle_s: int | None = None
        self.frequency: int | None = None
        arguments = Arguments(options)
        while arguments:
            option = arguments.take_word()
            if option == b"REPLACE":
                self.replaces = True
            elif option == b"ABSTTL":
                self.absolute = True
            elif option == b"IDLETIME" and arguments and self.frequency is None:
                self.idle_s = arguments.take_integer()
                if self.idle_s < 0:
                    raise RedisError("Invalid IDLETIME value, must be >= 0")
            elif option == b"FREQ" and arguments and self.idle_s is None:
                self.frequency = arguments.take_integer()
                if not 0 <= self.frequency <= _GREATEST_FREQUENCY:
                    raise RedisError("Invalid FREQ value, must be >= 0 and <= 255")
            else:
                raise syntax_error()


def _restore(
    ctx: Context,
    name: bytes,
    key: bytes,
    ttl: bytes,
    payload: bytes,
    words: tuple[bytes, ...],
) -> Reply:
    options = _Options(words)
    db = ctx.db
    if not options.replaces and db.lookup_write(key) is not None:
        raise RedisError("Target key name already exists.", code="BUSYKEY")
    deadline_ms = integer(ttl)
    if deadline_ms < 0:
        raise RedisError("Invalid TTL value, must be >= 0")
    value = _value_of(ctx, payload)
    replaced = options.replaces and db.delete(key)
    is_relative = deadline_ms and not options.absolute
    if is_relative:
        deadline_ms += ctx.now_ms
    if deadline_ms and not ctx.now_ms < deadline_ms <= INT64_MAX:
        # In Redis what is too far away becomes negative, and so lies in the past.
        if replaced:
            db.changed(key, GENERIC, b"del")
            ctx.propagate(b"UNLINK" if ctx.settings.lazyfree_lazy_server_del else b"DEL", key)
        return OK
    db.store(key, value)
    if deadline_ms:
        db.set_deadline(key, deadline_ms)
    if is_relative:
        ctx.propagate(name, key, b"%d" % deadline_ms, payload, *words, b"ABSTTL")
    _note_use(ctx, key, options)
    db.changed(key, GENERIC, b"restore")
    return OK


def _value_of(ctx: Context, payload: bytes) -> Value:
    checking = not ctx.server.switches.checksums_ignored
    try:
        return load(payload, ctx.limits, checking=checking)
    except PayloadRefused:
        raise RedisError("DUMP payload version or checksum are wrong") from None
    except RdbError as error:
        # The operator is told what the client is not: it may be an attempt to break in.
        _log.info(
            "RESTORE refused: {what} integrity check failed: {why}",
            what=_PACKED_AS.get(payload[0] if payload else -1, "payload"),
            why=str(error),
        )
        raise RedisError("Bad data format") from None


def _note_use(ctx: Context, key: bytes, options: _Options) -> None:
    """Note how a key was used elsewhere, as far as the eviction policy asks for it."""
    settings = ctx.settings
    if settings.maxmemory_policy.endswith("lfu"):
        if options.frequency is not None:
            counting = FrequencyCounting(settings.lfu_log_factor, settings.lfu_decay_time)
            ctx.keyspace.set_access_count(ctx.db, key, counting, options.frequency)
    elif options.idle_s is not None:
        ctx.keyspace.set_idle_ms(ctx.db, key, min(options.idle_s, _LONGEST_IDLE_S) * 1000)
