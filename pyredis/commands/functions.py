"""Functions: libraries of Lua code that are kept, and called by name."""

from __future__ import annotations

from struct import Struct

from pyredis.commands.scripting import announce, key_count
from pyredis.errors import RedisError, c_text, wrong_subcommand
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    ALLOW_BUSY,
    DENYOOM,
    LOADING,
    MAY_REPLICATE,
    NO_MANDATORY_KEYS,
    NOSCRIPT,
    READONLY,
    RO,
    RW,
    SKIP_MONITOR,
    STALE,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyNum
from pyredis.execution.scripting.function_libraries import Function, Library
from pyredis.execution.scripting.shebang import FLAGS_BY_NAME
from pyredis.execution.table import container, family
from pyredis.persistence.rdb_format import (
    FUNCTION2,
    FUNCTION_PRE_GA,
    VERSION,
    RdbError,
    read_string,
)
from pyredis.persistence.rdb_strings import StringWriter
from pyredis.primitives.checksums import crc64
from pyredis.primitives.patterns import glob_match
from pyredis.wire.replies import OK, Reply, SetReply, Simple

command = family("scripting", Category.SCRIPTING)


@command(
    "FCALL",
    arity=-3,
    flags=NOSCRIPT | STALE | SKIP_MONITOR | MAY_REPLICATE | NO_MANDATORY_KEYS,
    keys=KeyNum(
        2,
        access=RW | ACCESS | UPDATE,
        notes="What is done with the keys is up to the script, so RW and UPDATE",
    ),
    since="7.0.0",
    complexity="Depends on the function",
    syntax="function numkeys [key...] [arg...]",
    runs_commands=True,
)
def fcall(ctx: Context, function: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Call a function of a library."""
    return _call(ctx, function, numkeys, options, False)


@command(
    "FCALL_RO",
    arity=-3,
    flags=READONLY | NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS,
    keys=KeyNum(
        2,
        access=RO | ACCESS,
        notes="What is done with the keys is up to the script, so RO and ACCESS",
    ),
    since="7.0.0",
    complexity="Depends on the function",
    syntax="function numkeys [key...] [arg...]",
)
def fcall_ro(ctx: Context, function: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Call a function of a library that changes nothing."""
    return _call(ctx, function, numkeys, options, True)


container(
    "FUNCTION",
    "scripting",
    since="7.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "FUNCTION|DELETE",
    arity=3,
    flags=WRITE | NOSCRIPT,
    since="7.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="library-name",
)
def function_delete(ctx: Context, library_name: bytes) -> Reply:
    """Delete a library and its functions."""
    ctx.server.scripting.libraries.delete(library_name)
    ctx.keyspace.dirty += 1
    return OK


@command(
    "FUNCTION|DUMP",
    arity=2,
    flags=NOSCRIPT,
    since="7.0.0",
    complexity="O(N) for N functions",
)
def function_dump(ctx: Context) -> Reply:
    """Return all libraries in a form that FUNCTION RESTORE reads."""
    return _payload(ctx)


@command(
    "FUNCTION|FLUSH",
    arity=-2,
    flags=WRITE | NOSCRIPT,
    since="7.0.0",
    complexity="O(N) for N functions",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="[ASYNC | SYNC]:flush-type",
)
def function_flush(ctx: Context, *options: bytes) -> Reply:
    """Delete all libraries."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "FUNCTION")
    if options and options[0].upper() not in (b"SYNC", b"ASYNC"):
        raise RedisError("FUNCTION FLUSH only supports SYNC|ASYNC option")
    ctx.server.scripting.libraries.flush()
    ctx.keyspace.dirty += 1
    return OK


@command(
    "FUNCTION|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="7.0.0",
    complexity="O(1)",
)
def function_help(ctx: Context) -> Reply:
    """Describe the subcommands."""
    return help_of("FUNCTION")


@command(
    "FUNCTION|KILL",
    arity=2,
    flags=NOSCRIPT | ALLOW_BUSY,
    since="7.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:one_succeeded"],
)
def function_kill(ctx: Context) -> Reply:
    """End the function that runs, if it has written nothing."""
    ctx.server.scripting.kill(False)
    return OK


@command(
    "FUNCTION|LIST",
    arity=-2,
    flags=NOSCRIPT,
    since="7.0.0",
    complexity="O(N) for N functions",
    tips=["nondeterministic_output_order"],
    syntax="[LIBRARYNAME library-name-pattern] [WITHCODE]",
)
def function_list(ctx: Context, *options: bytes) -> Reply:
    """List libraries and their functions."""
    with_code = False
    pattern: bytes | None = None
    arguments = Arguments(options)
    while arguments:
        word = arguments.take()
        if not with_code and word.upper() == b"WITHCODE":
            with_code = True
        elif pattern is None and word.upper() == b"LIBRARYNAME":
            if not arguments:
                raise RedisError("library name argument was not given")
            pattern = arguments.take()
        else:
            raise RedisError(b"Unknown argument " + word)
    return [
        _described(library, with_code)
        for library in ctx.server.scripting.libraries.libraries.values()
        if pattern is None or glob_match(pattern, library.name, ignore_case=True)
    ]


@command(
    "FUNCTION|LOAD",
    arity=-3,
    flags=WRITE | DENYOOM | NOSCRIPT,
    since="7.0.0",
    complexity="O(1) besides compiling",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="[REPLACE] function-code",
)
def function_load(ctx: Context, *options: bytes) -> Reply:
    """Create a library of functions."""
    replace = False
    for word in options[:-1]:
        if word.upper() != b"REPLACE":
            raise RedisError(b"Unknown option given: " + c_text(word))
        replace = True
    name = ctx.server.scripting.libraries.load(options[-1], replace)
    ctx.keyspace.dirty += 1
    return name


@command(
    "FUNCTION|RESTORE",
    arity=-3,
    flags=WRITE | DENYOOM | NOSCRIPT,
    since="7.0.0",
    complexity="O(N) for N functions restored",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="serialized-value [FLUSH | APPEND | REPLACE]:policy",
)
def function_restore(ctx: Context, serialized_value: bytes, *options: bytes) -> Reply:
    """Bring back the libraries of a FUNCTION DUMP."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "FUNCTION")
    policy = options[0].upper() if options else b"APPEND"
    if policy not in (b"APPEND", b"REPLACE", b"FLUSH"):
        raise RedisError(
            "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
        )
    kept = ctx.server.scripting.libraries
    libraries: dict[bytes, Library] = {}
    for code in _codes(serialized_value):
        library = kept.read(code, libraries)
        for other in libraries.values():
            for name in library.functions.keys() & other.functions.keys():
                raise RedisError(b"Function %b already exists" % library.functions[name].name)
        libraries[library.name] = library
    if policy == b"FLUSH":
        kept.replace_all(list(libraries.values()))
    else:
        kept.join(list(libraries.values()), policy == b"REPLACE")
    ctx.keyspace.dirty += 1
    return OK


@command(
    "FUNCTION|STATS",
    arity=2,
    flags=NOSCRIPT | ALLOW_BUSY,
    since="7.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def function_stats(ctx: Context) -> Reply:
    """Describe the function that runs, and count libraries."""
    libraries = ctx.server.scripting.libraries
    return {
        b"running_script": _running(ctx),
        b"engines": {
            b"LUA": {
                b"libraries_count": len(libraries.libraries),
                b"functions_count": len(libraries.functions),
            }
        },
    }


_footer = Struct("<HQ")
_pack_version = Struct("<H").pack
_pack_checksum = Struct("<Q").pack
_CHECKSUM_BYTES = 8


def _call(
    ctx: Context, function: bytes, numkeys: bytes, options: tuple[bytes, ...], ro: bool
) -> Reply:
    if ctx.client.argv:
        announce(ctx)
    scripting = ctx.server.scripting
    found = scripting.libraries.functions.get(function.lower())
    if found is None:
        raise RedisError("Function not found")
    count = 0
    if numkeys != b"0":
        count = key_count(numkeys, len(options), "Bad number of keys provided")
    return scripting.run(ctx, found.code, count, options, ro)


def _running(ctx: Context) -> Reply:
    """Describe the function that runs; None if none does."""
    scripting = ctx.server.scripting
    running = scripting.running_function()
    caller = scripting.caller
    if running is None or caller is None:
        return None
    argv = list[Reply](caller.argv)
    if not argv:  # it went the short way, which keeps no requests
        count, arguments, ro = scripting.request
        argv = [b"fcall_ro" if ro else b"fcall", running[0], b"%d" % count, *arguments]
    return {
        b"name": running[0],
        b"command": argv,
        b"duration_ms": running[1],
    }


def _described(library: Library, with_code: bool) -> Reply:
    reply: dict[Reply, Reply] = {
        b"library_name": library.name,
        b"engine": b"LUA",
        b"functions": [_function(function) for function in library.functions.values()],
    }
    if with_code:
        reply[b"library_code"] = library.code
    return reply


def _function(function: Function) -> Reply:
    flags = (Simple(name) for name, flag in FLAGS_BY_NAME.items() if flag in function.code.flags)
    return {
        b"name": function.name,
        b"description": function.description,
        b"flags": SetReply(flags),
    }


def _payload(ctx: Context) -> bytes:
    """Return all libraries as a part of an RDB file, with version and checksum behind."""
    write = StringWriter(ctx.settings.rdbcompression).encode
    opcode = bytes((FUNCTION2,))
    libraries = ctx.server.scripting.libraries.libraries.values()
    payload = b"".join(opcode + write(library.code) for library in libraries)
    payload += _pack_version(VERSION)
    return payload + _pack_checksum(crc64(payload))


def _codes(payload: bytes) -> list[bytes]:
    """
    Return the texts of the libraries in a payload.

    Raises:
        RedisError: It is none.
    """
    end = len(payload) - _footer.size
    if end >= 0:
        version, checksum = _footer.unpack_from(payload, end)
    if end < 0 or version > VERSION or crc64(payload[:-_CHECKSUM_BYTES]) != checksum:
        raise RedisError("DUMP payload version or checksum are wrong")
    codes: list[bytes] = []
    at = 0
    while at < end:
        opcode = payload[at]
        if opcode == FUNCTION_PRE_GA:
            raise RedisError("Pre-GA function format not supported")
        if opcode != FUNCTION2:
            raise RedisError("given type is not a function")
        try:
            code, at = read_string(payload[:end], at + 1)
        except (RdbError, IndexError):
            raise RedisError("failed loading the given functions payload") from None
        codes.append(code)
    return codes
