"""
Lua scripts: EVAL and its kin, and SCRIPT.

A script is compiled once, when it is first seen, and kept until SCRIPT FLUSH.
"""

from __future__ import annotations

from functools import partial

from pyredis.errors import RedisError
from pyredis.execution.arguments import integer
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    ALLOW_BUSY,
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
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyNum
from pyredis.execution.scripting.debugging import FORKED, SYNC
from pyredis.execution.table import container, family
from pyredis.wire.replies import OK, Reply

command = family("scripting", Category.SCRIPTING)

_SHA_DIGITS = 40


def announce(ctx: Context) -> None:
    """Show a request that went the long way to monitors now, before its script's commands."""
    monitors = ctx.server.monitors
    if monitors:
        monitors.show(ctx.client, ctx.client.argv)


def key_count(numkeys: bytes, given: int, error: str | None = None) -> int:
    """
    Return how many of the arguments are keys.

    Raises:
        RedisError: It is no number, or not so many were given.
    """
    count = integer(numkeys, error)
    if count > given:
        raise RedisError("Number of keys can't be greater than number of args")
    if count < 0:
        raise RedisError("Number of keys can't be negative")
    return count


@command(
    "EVAL",
    arity=-3,
    flags=NOSCRIPT | STALE | SKIP_MONITOR | MAY_REPLICATE | NO_MANDATORY_KEYS,
    keys=KeyNum(
        2,
        access=RW | ACCESS | UPDATE,
        notes="What is done with the keys is up to the script, so RW and UPDATE",
    ),
    since="2.6.0",
    complexity="Depends on the script",
    syntax="script numkeys [key...] [arg...]",
    runs_commands=True,
)
def eval_(ctx: Context, script: bytes, numkeys: bytes, *options: bytes) -> Reply | Blocked:
    """Run a Lua script."""
    if ctx.client.argv:
        if ctx.client.debug_mode and ctx.may_block:
            return _debug(ctx, script, numkeys, options, False)
        announce(ctx)
    count = key_count(numkeys, len(options)) if numkeys != b"0" else 0
    scripting = ctx.server.scripting
    return scripting.run(ctx, scripting.load(script).code, count, options, False)


@command(
    "EVAL_RO",
    arity=-3,
    flags=READONLY | NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS,
    keys=KeyNum(
        2,
        access=RO | ACCESS,
        notes="What is done with the keys is up to the script, so RO and ACCESS",
    ),
    since="7.0.0",
    complexity="Depends on the script",
    syntax="script numkeys [key...] [arg...]",
)
def eval_ro(ctx: Context, script: bytes, numkeys: bytes, *options: bytes) -> Reply | Blocked:
    """Run a Lua script that changes nothing."""
    if ctx.client.argv:
        if ctx.client.debug_mode and ctx.may_block:
            return _debug(ctx, script, numkeys, options, True)
        announce(ctx)
    count = key_count(numkeys, len(options)) if numkeys != b"0" else 0
    scripting = ctx.server.scripting
    return scripting.run(ctx, scripting.load(script).code, count, options, True)


@command(
    "EVALSHA",
    arity=-3,
    flags=NOSCRIPT | STALE | SKIP_MONITOR | MAY_REPLICATE | NO_MANDATORY_KEYS,
    keys=KeyNum(2, access=RW | ACCESS | UPDATE),
    since="2.6.0",
    complexity="Depends on the script",
    syntax="sha1 numkeys [key...] [arg...]",
    runs_commands=True,
)
def evalsha(ctx: Context, sha1: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Run a Lua script that is known by its digest."""
    return _run_known(ctx, sha1, numkeys, options, False)


@command(
    "EVALSHA_RO",
    arity=-3,
    flags=READONLY | NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS,
    keys=KeyNum(2, access=RO | ACCESS),
    since="7.0.0",
    complexity="Depends on the script",
    syntax="sha1 numkeys [key...] [arg...]",
)
def evalsha_ro(ctx: Context, sha1: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Run a Lua script that is known by its digest and changes nothing."""
    return _run_known(ctx, sha1, numkeys, options, True)


def _debug(
    ctx: Context, script: bytes, numkeys: bytes, options: tuple[bytes, ...], ro: bool
) -> Reply | Blocked:
    if ctx.client.waiting is None:
        announce(ctx)
    count = partial(key_count, numkeys, len(options))
    return ctx.server.scripting.debugging.run(ctx, script, count, options, ro)


def _run_known(
    ctx: Context, sha1: bytes, numkeys: bytes, options: tuple[bytes, ...], ro: bool
) -> Reply:
    if ctx.client.argv:
        announce(ctx)
        if ctx.client.debug_mode and len(sha1) == _SHA_DIGITS:
            raise RedisError("Please use EVAL instead of EVALSHA for debugging")
    scripting = ctx.server.scripting
    script = scripting.scripts.get(sha1)
    if script is None and len(sha1) != _SHA_DIGITS:
        script = scripting.find(sha1)
    count = key_count(numkeys, len(options)) if numkeys != b"0" else 0
    return scripting.run(ctx, (script or scripting.find(sha1)).code, count, options, ro)


container(
    "SCRIPT",
    "scripting",
    since="2.6.0",
    complexity="Depends on the subcommand",
)


@command(
    "SCRIPT|DEBUG",
    arity=3,
    flags=NOSCRIPT,
    since="3.2.0",
    complexity="O(1)",
    syntax="(YES | SYNC | NO):mode",
)
def script_debug(ctx: Context, mode: bytes) -> Reply:
    """Debug this connection's next script, on a copy of the data or on the data themselves."""
    if not ctx.may_block:
        raise RedisError("SCRIPT DEBUG must be called outside a pipeline")
    modes = {b"yes": FORKED, b"sync": SYNC, b"no": ""}
    chosen = modes.get(mode.lower())
    if chosen is None:
        raise RedisError("Use SCRIPT DEBUG YES/SYNC/NO")
    ctx.client.debug_mode = chosen
    ctx.client.refresh()
    return OK


@command(
    "SCRIPT|EXISTS",
    arity=-3,
    flags=NOSCRIPT,
    since="2.6.0",
    complexity="O(N) for N digests",
    tips=["request_policy:all_shards", "response_policy:agg_logical_and"],
    syntax="sha1...",
)
def script_exists(ctx: Context, *sha1s: bytes) -> Reply:
    """Tell which digests are those of kept scripts."""
    scripts = ctx.server.scripting.scripts
    return [int(sha1 in scripts) for sha1 in sha1s]


@command(
    "SCRIPT|FLUSH",
    arity=-2,
    flags=NOSCRIPT,
    since="2.6.0",
    complexity="O(N) for N scripts in the cache",
    history=[("6.2.0", "`ASYNC` and `SYNC`.")],
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="[ASYNC | SYNC]:flush-type@6.2.0",
)
def script_flush(ctx: Context, *options: bytes) -> Reply:
    """Forget all scripts."""
    if len(options) > 1 or (options and options[0].upper() not in (b"ASYNC", b"SYNC")):
        raise RedisError("SCRIPT FLUSH only support SYNC|ASYNC option")
    ctx.server.scripting.flush()
    return OK


@command(
    "SCRIPT|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def script_help(ctx: Context) -> Reply:
    """Describe the subcommands."""
    return help_of("SCRIPT")


@command(
    "SCRIPT|KILL",
    arity=2,
    flags=NOSCRIPT | ALLOW_BUSY,
    since="2.6.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:one_succeeded"],
)
def script_kill(ctx: Context) -> Reply:
    """End the script that runs, if it has written nothing."""
    ctx.server.scripting.kill(True)
    return OK


@command(
    "SCRIPT|LOAD",
    arity=3,
    flags=NOSCRIPT | STALE,
    since="2.6.0",
    complexity="O(N) for a script of N bytes",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="script",
)
def script_load(ctx: Context, script: bytes) -> Reply:
    """Compile and keep a script, and return its digest."""
    return ctx.server.scripting.load(script).sha
