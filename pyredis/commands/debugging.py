"""
DEBUG: for tests of servers and clients, never for applications.

The subcommands are no commands of their own (COMMAND does not know them), so
they are declared here in a small way: a body's parameters are what it takes,
and its docstring is its line in DEBUG HELP.
"""

from __future__ import annotations

import contextlib
import inspect
import signal
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.logger import Logger

from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES, PACKED
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.strings import encoding_of, to_bytes
from pyredis.errors import RedisError, no_such_key, wrong_subcommand
from pyredis.execution.arguments import integer, integer_between, positive_count
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    PROTECTED,
    STALE,
    SYSCMD,
)
from pyredis.execution.help import help_reply
from pyredis.execution.propagation import ANY_DATABASE
from pyredis.execution.table import family
from pyredis.keyspace.database import STRING_TYPES, Value
from pyredis.keyspace.digest import digest_of_keyspace, digest_of_value, hexadecimal
from pyredis.primitives.numbers import parse_double, parse_memory
from pyredis.primitives.patterns import compile_glob
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import (
    OK,
    BigNumber,
    Boolean,
    Double,
    Push,
    Reply,
    SetReply,
    Simple,
    Verbatim,
)

command = family("server")
_log = Logger()

_LRU_CLOCK_BITS = 0xFFFFFF
_LONGEST_SLEEP_S = 10.0**6
_LONGEST_SLEEP_US = 10**12
_PACKED_MAX = (1 << 32) - (1 << 20)


@command(
    "DEBUG",
    arity=-2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED | SYSCMD,
    since="1.0.0",
    complexity="Depends on the subcommand",
)
def debug(ctx: Context, name: bytes, *options: bytes) -> Reply:
    """Look and reach inside the server, to test it or its clients."""
    subcommand = _SUBCOMMANDS.get(name.upper())
    if subcommand is None or not subcommand.takes(len(options)):
        raise wrong_subcommand(name, "DEBUG")
    reply: Reply = subcommand.body(ctx, *options)
    return reply


class _Subcommand(NamedTuple):
    body: Callable[..., Reply]
    signature: inspect.Signature
    syntax: str

    def takes(self, count: int) -> bool:
        """Tell whether the body takes so many arguments."""
        try:
            self.signature.bind(None, *[b""] * count)
        except TypeError:
            return False
        return True

    @property
    def summary(self) -> str:
        return (self.body.__doc__ or "").partition("\n")[0].rstrip(".")


_SUBCOMMANDS: dict[bytes, _Subcommand] = {}


def _subcommand(name: str, syntax: str = "") -> Callable[[Any], Any]:
    def decorate(body: Callable[..., Reply]) -> Callable[..., Reply]:
        _SUBCOMMANDS[name.encode()] = _Subcommand(body, inspect.signature(body), syntax)
        return body

    return decorate


@_subcommand("HELP")
def _help(ctx: Context) -> Reply:
    return help_reply(
        "DEBUG",
        (
            (name.decode(), subcommand.syntax, subcommand.summary)
            for name, subcommand in _SUBCOMMANDS.items()
            if name != b"HELP"
        ),
    )


# The process


def _flag(argument: bytes) -> bool:
    """Read a switch the way C's ``atoi`` reads it: what is no number is off."""
    digits = argument.lstrip(b" \t\n\v\f\r").lstrip(b"+-")
    length = next((i for i, byte in enumerate(digits) if not 48 <= byte <= 57), len(digits))
    return bool(int(digits[:length] or b"0"))


@_subcommand("AOF-FLUSH-SLEEP", "microseconds:integer")
def _aof_flush_sleep(ctx: Context, microseconds: bytes) -> Reply:
    """Sleep before each writing of the append-only file."""
    ctx.server.append_only.set_flush_sleep(integer_between(microseconds, 0, _LONGEST_SLEEP_US))
    return OK


@_subcommand("ASSERT")
def _assert(ctx: Context) -> Reply:
    """End the server as a failed assertion would."""
    ctx.server.host.crash("=== ASSERTION FAILED === DEBUG ASSERT was called", signal.SIGABRT)
    return OK


@_subcommand("CONFIG-REWRITE-FORCE-ALL")
def _config_rewrite(ctx: Context) -> Reply:
    """Do as CONFIG REWRITE, and write every parameter, whatever its value."""
    ctx.server.host.rewrite_config(force_all=True)
    return OK


@_subcommand("LOG", "message")
def _log_message(ctx: Context, message: bytes) -> Reply:
    """Write a message to the server's log."""
    _log.warn("DEBUG LOG: {message}", message=message.decode("utf-8", "backslashreplace"))
    return OK


@_subcommand("PANIC")
def _panic(ctx: Context) -> Reply:
    """End the server as an error beyond repair would."""
    ctx.server.host.crash("=== PANIC === DEBUG PANIC was called", signal.SIGABRT)
    return OK


@_subcommand("PAUSE-CRON", "(0 | 1):paused")
def _pause_cron(ctx: Context, paused: bytes) -> Reply:
    """Stop all periodic work of the server, or go on with it."""
    ctx.server.host.pause_ticking(_flag(paused))
    return OK


@_subcommand("RELOAD", "[option...]")
def _reload(ctx: Context, *options: bytes) -> Reply:
    """Save all data and load them again; NOSAVE, NOFLUSH and MERGE leave parts of that out."""
    words = {option.upper() for option in options}
    if not words <= {b"NOSAVE", b"NOFLUSH", b"MERGE"}:
        raise RedisError("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    ctx.server.snapshots.reload(
        saving=b"NOSAVE" not in words,
        flushing=b"NOFLUSH" not in words,
        merging=b"MERGE" in words,
    )
    return OK


@_subcommand("SEGFAULT")
def _segfault(ctx: Context) -> Reply:
    """End the server as a bad memory access would."""
    ctx.server.host.crash("crashed by signal: 11 (DEBUG SEGFAULT was called)", signal.SIGSEGV)
    return OK


@_subcommand("SET-ACTIVE-EXPIRE", "(0 | 1):active")
def _set_active_expire(ctx: Context, active: bytes) -> Reply:
    """Let keys expire by themselves, or only when a client asks for them."""
    ctx.server.host.set_active_expiry(_flag(active))
    return OK


@_subcommand("SET-DISABLE-DENY-SCRIPTS", "(0 | 1):disabled")
def _set_disable_deny_scripts(ctx: Context, disabled: bytes) -> Reply:
    """Let scripts run commands that are refused to them, or no longer."""
    ctx.server.switches.scripts_run_anything = _flag(disabled)
    return OK


@_subcommand("SET-SKIP-CHECKSUM-VALIDATION", "(0 | 1):skipped")
def _set_skip_checksum_validation(ctx: Context, skipped: bytes) -> Reply:
    """Take RDB files and payloads of RESTORE whatever their checksum, or no longer."""
    ctx.server.switches.checksums_ignored = _flag(skipped)
    return OK


@_subcommand("SLEEP", "seconds:double")
def _sleep(ctx: Context, seconds: bytes) -> Reply:
    """Hold up the whole server."""
    # No number is no time, as for C's strtod.
    with contextlib.suppress(ValueError):
        ctx.server.host.sleep(min(max(0.0, parse_double(seconds)), _LONGEST_SLEEP_S))
    return OK


# The protocol


@_subcommand("ERROR", "message")
def _error(ctx: Context, message: bytes) -> Reply:
    """Answer this error."""
    return _GivenError(message)


class _GivenError(RedisError):
    """An error whose code is whatever its first word is."""

    @property
    def text(self) -> bytes:
        """The message alone."""
        return self.message.replace(b"\r", b" ").replace(b"\n", b" ")


@_subcommand("PROTOCOL", "type")
def _protocol(ctx: Context, type_: bytes) -> Reply:
    """Answer a value of a type, such as ``map``, ``double`` or ``verbatim``."""
    name = type_.lower()
    client = ctx.client
    if name in _SAMPLES:
        return _SAMPLES[name]
    if name == b"attrib":
        if client.resp == 3:
            popularity = encoded([b"key:123", 90], client.resp)
            client.connection.write(b"|1\r\n$14\r\nkey-popularity\r\n" + popularity)
        return b"Some real reply following the attribute"
    if name == b"push":
        if client.resp < 3:
            raise RedisError("RESP2 is not supported by this command")
        client.write(Push([b"server-cpu-usage", 42]))
        return b"Some real reply following the push reply"
    raise RedisError(
        "Wrong protocol type name. Please use one of the following: string|integer|double|bignum"
        "|null|array|set|map|attrib|push|verbatim|true|false"
    )


_SAMPLES: dict[bytes, Reply] = {
    b"string": b"Hello World",
    b"integer": 12345,
    b"double": Double(3.141),
    b"bignum": BigNumber(b"1234567999999999999999999999999999999"),
    b"null": None,
    b"array": [0, 1, 2],
    b"set": SetReply([0, 1, 2]),
    b"map": {0: Boolean.FALSE, 1: Boolean.TRUE, 2: Boolean.FALSE},
    b"verbatim": Verbatim(b"This is a verbatim\nstring"),
    b"true": Boolean.TRUE,
    b"false": Boolean.FALSE,
}


@_subcommand("STRINGMATCH-LEN", "pattern string")
def _stringmatch(ctx: Context, pattern: bytes, string: bytes) -> Reply:
    """Tell whether a string matches a pattern."""
    return int(compile_glob(pattern)(string))


# The data


@_subcommand("DIGEST")
def _digest(ctx: Context) -> Reply:
    """Return a signature of all data; equal data has equal ones."""
    return Simple(hexadecimal(digest_of_keyspace(ctx.keyspace)))


@_subcommand("DIGEST-VALUE", "[key...]")
def _digest_value(ctx: Context, *keys: bytes) -> Reply:
    """Return a signature of the value of each key."""
    return [Simple(hexadecimal(digest_of_value(ctx.db, key))) for key in keys]


@_subcommand("HTSTATS", "dbid:integer [FULL]")
def _htstats(ctx: Context, dbid: bytes, *options: bytes) -> Reply:
    """Describe the tables of a database."""
    number = integer(dbid)
    if not 0 <= number < len(ctx.keyspace.databases):
        raise RedisError("Out of range database")
    db = ctx.keyspace.databases[number]
    keys, deadlines = _table_stats(db.values), _table_stats(db.deadlines)
    return Verbatim(b"[Dictionary HT]\n%b[Expires HT]\n%b" % (keys, deadlines))


@_subcommand("HTSTATS-KEY", "key [FULL]")
def _htstats_key(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Describe the table that holds the value of a key."""
    value = _existing(ctx, key)
    table: dict[Any, Any] | None = None
    if isinstance(value, HashValue) and value.encoding == "hashtable":
        table = value.fields
    elif isinstance(value, SetValue) and value.encoding == "hashtable":
        table = value.members
    elif isinstance(value, SortedSetValue) and value.encoding == "skiplist":
        table = value.scores
    if table is None:
        raise RedisError(
            "The value stored at the specified key is not represented using an hash table"
        )
    return Verbatim(_table_stats(table))


@_subcommand("LISTPACK", "key")
def _listpack(ctx: Context, key: bytes) -> Reply:
    """Show in the log what a listpack of Redis would have for the value of a key."""
    value = _existing(ctx, key)
    if _encoding(value) not in ("listpack", "listpackex"):
        raise RedisError("Not a listpack encoded object.")
    _log.info("{elements}", elements=list(value))
    return Simple(b"Listpack structure printed on stdout")


@_subcommand("LOADAOF")
def _loadaof(ctx: Context) -> Reply:
    """Forget all data and load the append-only file."""
    ctx.server.append_only.reload()
    return OK


@_subcommand("OBJECT", "key")
def _object(ctx: Context, key: bytes) -> Reply:
    """Describe the value of a key as it is inside."""
    # Straight from the table: a key past its time that is still there shows here.
    value = ctx.db.values.get(key)
    if value is None:
        raise no_such_key()
    accesses = ctx.db.accesses
    if ctx.keyspace.frequency is not None and accesses is not None:
        accessed, idle_ms = accesses.get(key, 0), 0
    else:
        idle_ms = ctx.keyspace.idle_ms(ctx.db, key)
        accessed = (ctx.now_ms - idle_ms) // 1000
    text = (
        f"Value at:{id(value):#x} refcount:1 encoding:{_encoding(value)} "
        f"serializedlength:{_plain_length(value)} "
        f"lru:{accessed & _LRU_CLOCK_BITS} lru_seconds_idle:{idle_ms // 1000}"
    )
    if isinstance(value, ListValue) and value.encoding == "quicklist":
        text += _quicklist(ctx, value)
    return Simple(text.encode())


@_subcommand("POPULATE", "count [prefix] [size:integer]")
def _populate(
    ctx: Context, count: bytes, prefix: bytes = b"key", size: bytes | None = None
) -> Reply:
    """Make so many string keys, of ``prefix:0`` and so on, that are not there yet."""
    number = positive_count(count)
    length = 0 if size is None else positive_count(size)
    db, keyspace = ctx.db, ctx.keyspace
    for index in range(number):
        key = b"%b:%d" % (prefix, index)
        if db.lookup_write(key) is None:
            value = b"value:%d" % index
            db.store(key, value[:length].ljust(length, b"\0") if length else value)
            keyspace.tell_change(db, key)
    return OK


@_subcommand("QUICKLIST-PACKED-THRESHOLD", "size")
def _quicklist_packed_threshold(ctx: Context, size: bytes) -> Reply:
    """Check the size from which an element of a list would get a node of its own."""
    # Elements are held one by one here, whatever their size: there is nothing to set.
    try:
        is_possible = parse_memory(size) <= _PACKED_MAX
    except ValueError:
        is_possible = False
    if not is_possible:
        raise RedisError("argument must be a memory value bigger than 1 and smaller than 4gb")
    return OK


@_subcommand("CHANGE-REPL-ID")
def _change_repl_id(ctx: Context) -> Reply:
    """Begin a new history, so that replicas have to begin anew."""
    ctx.server.replication.change_id()
    return OK


@_subcommand("REPLICATE", "word...")
def _replicate(ctx: Context, word: bytes, *words: bytes) -> Reply:
    """Let replicas run a request that is not run here."""
    ctx.server.replication.repeat(ANY_DATABASE, (word, *words))
    return OK


@_subcommand("REPLYBUFFER", "(PEAK-RESET-TIME time | RESIZING enabled):option")
def _replybuffer(ctx: Context, option: bytes, value: bytes) -> Reply:
    """Check the settings of a reply buffer of fixed size, which connections here do not have."""
    if option.upper() == b"PEAK-RESET-TIME":
        if value.upper() not in (b"NEVER", b"RESET"):
            integer(value)
    elif option.upper() != b"RESIZING":
        raise wrong_subcommand(b"replybuffer", "DEBUG")
    return OK


@_subcommand("SDSLEN", "key")
def _sdslen(ctx: Context, key: bytes) -> Reply:
    """Tell the lengths of a key and of the string it holds, and what memory they take."""
    value = ctx.db.values.get(key)
    if value is None:
        raise no_such_key()
    if value.__class__ not in STRING_TYPES or encoding_of(value) == "int":
        raise RedisError("Not an sds encoded string.")
    return Simple(
        b"key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, "
        b"val_sds_len:%d, val_sds_avail:0, val_zmalloc: %d"
        % (len(key), sys.getsizeof(key), len(value), sys.getsizeof(value))
    )


def _existing(ctx: Context, key: bytes) -> Value:
    value = ctx.db.peek(key)
    if value is None:
        raise no_such_key()
    return value.unpack() if value.__class__ in PACKED else value


def _encoding(value: Value) -> str:
    return str(encoding_of(value) if value.__class__ in STRING_TYPES else value.encoding)


def _plain_length(value: Value) -> int:
    """Return how long the parts of a value are together, as bytes."""
    if value.__class__ in STRING_TYPES:
        return len(to_bytes(value))
    if value.__class__ in HASHES:
        return sum(len(field) + len(content) for field, content in value.fields.items())
    if isinstance(value, SortedSetValue):
        return sum(len(member) + 8 for member in value)
    if isinstance(value, ListValue | SetValue):
        return sum(map(len, value))
    return sum(16 + sum(map(len, row)) for _, row in value.entries())


def _quicklist(ctx: Context, value: ListValue) -> str:
    lengths = value.node_lengths()
    return (
        f" ql_nodes:{len(lengths)} ql_avg_node:{len(value) / len(lengths):.2f}"
        f" ql_listpack_max:{ctx.limits.list_max_listpack_size}"
        f" ql_compressed:{int(ctx.limits.list_compress_depth > 0)}"
        f" ql_uncompressed_size:{_plain_length(value)}"
    )


def _table_stats(table: dict[Any, Any]) -> bytes:
    """Describe a table in the words of Redis; chains of entries there are none."""
    head = b"Hash table 0 stats (main hash table):\n"
    if not table:
        return head + b"No stats available for empty dictionaries\n"
    return head + b" table size: %d\n number of elements: %d\n" % (_slots(table), len(table))


def _slots(table: dict[Any, Any]) -> int:
    """Return how many slots a dict has, told by how much memory it takes."""
    available = sys.getsizeof(table) - sys.getsizeof({})
    slots = 8
    # A slot is an index of one, two, four or eight bytes, and two thirds of an entry.
    while True:
        index_bytes = 1 if slots <= 0xFF else 2 if slots <= 0xFFFF else 4
        if 2 * slots * (index_bytes + 2 / 3 * 16) > available:
            return slots
        slots *= 2
