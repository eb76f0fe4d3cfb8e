"""MEMORY: what takes it."""

from __future__ import annotations

from collections.abc import Iterator

from pyredis.errors import syntax_error
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    LOADING,
    READONLY,
    RO,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.memory_figures import MemoryFigures
from pyredis.execution.table import container, family
from pyredis.keyspace.memory_usage import key_bytes
from pyredis.wire.replies import OK, Double, Reply, Verbatim

command = family("server")

_USUAL_SAMPLES = 5

# What MEMORY DOCTOR finds worth a word.
_LITTLE_BYTES = 5 << 20
_PEAK_FACTOR = 1.5
_RESIDENT_FACTOR = 1.4
_RESIDENT_BYTES = 10 << 20
_CLIENT_BYTES = 200 << 10
_SCRIPTS = 1000

container(
    "MEMORY",
    "server",
    since="4.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "MEMORY|DOCTOR",
    arity=2,
    since="4.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def memory_doctor(ctx: Context) -> Reply:
    """Tell in words what is remarkable about the memory in use."""
    figures = MemoryFigures(ctx.server)
    if figures.since_startup < _LITTLE_BYTES:
        return Verbatim(b"This server holds little data: there is nothing to say about it.\n")
    findings = list(_findings(ctx, figures))
    if not findings:
        return Verbatim(b"There is nothing remarkable about the memory of this server.\n")
    text = "Remarkable about the memory of this server:\n\n"
    return Verbatim((text + "".join(f" * {each}\n\n" for each in findings)).encode())


@command(
    "MEMORY|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="4.0.0",
    complexity="O(1)",
)
def memory_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("MEMORY")


@command(
    "MEMORY|MALLOC-STATS",
    arity=2,
    since="4.0.0",
    complexity="Depends on the memory in use",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def memory_malloc_stats(ctx: Context) -> Reply:
    """Return the memory allocator's own statistics, if it has any to tell."""
    statistics: bytes = ctx.server.fact("malloc_stats", b"")
    return Verbatim(statistics) if statistics else b"Stats not supported for the current allocator"


@command(
    "MEMORY|PURGE",
    arity=2,
    since="4.0.0",
    complexity="Depends on the memory in use",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def memory_purge(ctx: Context) -> Reply:
    """Give memory that is free inside the process back to the system."""
    ctx.server.host.release_memory()
    return OK


@command(
    "MEMORY|STATS",
    arity=2,
    since="4.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def memory_stats(ctx: Context) -> Reply:
    """Return what the memory is used for."""
    figures = MemoryFigures(ctx.server)
    excess = figures.resident - figures.used
    reply: dict[bytes, Reply] = {
        b"peak.allocated": figures.peak,
        b"total.allocated": figures.used,
        b"startup.allocated": figures.startup,
        b"replication.backlog": figures.backlog,
        b"clients.slaves": figures.replicas,
        b"clients.normal": figures.clients,
        b"cluster.links": 0,
        b"aof.buffer": figures.aof_buffer,
        b"lua.caches": figures.scripts,
        b"functions.caches": figures.functions,
    }
    for tables in figures.tables:
        reply[b"db.%d" % tables.number] = {
            b"overhead.hashtable.main": tables.keys,
            b"overhead.hashtable.expires": tables.deadlines,
            b"overhead.hashtable.slot-to-keys": 0,
        }
    keys = figures.key_count
    reply |= {
        b"overhead.total": figures.overhead,
        b"keys.count": keys,
        b"keys.bytes-per-key": figures.since_startup // keys if keys else 0,
        b"dataset.bytes": figures.dataset,
        b"dataset.percentage": Double(figures.dataset_percentage),
        b"peak.percentage": Double(figures.peak_percentage),
        b"allocator.allocated": figures.used,
        b"allocator.active": figures.used,
        b"allocator.resident": figures.resident,
        b"allocator-fragmentation.ratio": Double(1),
        b"allocator-fragmentation.bytes": 0,
        b"allocator-rss.ratio": Double(figures.resident_ratio),
        b"allocator-rss.bytes": excess,
        b"rss-overhead.ratio": Double(1),
        b"rss-overhead.bytes": 0,
        b"fragmentation": Double(figures.resident_ratio),
        b"fragmentation.bytes": excess,
    }
    return reply  # type: ignore[return-value]


@command(
    "MEMORY|USAGE",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(2, access=RO),
    since="4.0.0",
    complexity="O(N) for N samples",
    syntax="key [SAMPLES count]",
)
def memory_usage(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return about how many bytes a key and its value take."""
    arguments = Arguments(options)
    samples = _USUAL_SAMPLES
    while arguments:
        if not arguments.eat(b"SAMPLES"):
            raise syntax_error()
        samples = arguments.take_integer()
        if samples < 0:
            raise syntax_error()
    # Straight from the table: asking is no access, and a key past its time takes memory as well.
    if key not in ctx.db.values:
        return None
    return key_bytes(ctx.db, key, samples)


def _findings(ctx: Context, figures: MemoryFigures) -> Iterator[str]:
    excess = figures.resident - figures.used
    if figures.peak > _PEAK_FACTOR * figures.used:
        yield (
            "Once there was much more in use than now. What was freed since is used for new data "
            "first; MEMORY PURGE gives some of it back to the system."
        )
    if figures.resident_ratio > _RESIDENT_FACTOR and excess > _RESIDENT_BYTES:
        yield "The process takes much more memory than its data: libraries, or gaps between values."
    if figures.clients > _CLIENT_BYTES * len(ctx.server.clients):
        yield (
            "Connections take much memory. CLIENT LIST shows which of them do not read what they "
            "asked for."
        )
    if ctx.server.fact("number_of_cached_scripts") > _SCRIPTS:
        yield "There are very many scripts. Pass what changes by KEYS and ARGV, or flush them."
