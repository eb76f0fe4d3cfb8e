"""LATENCY: what held up the server, and how long commands take."""

from __future__ import annotations

from collections.abc import Iterator

from pyredis.errors import RedisError, c_text
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.latency_events import LatencyEvent
from pyredis.execution.table import Command, container, family
from pyredis.primitives.sparklines import sparkline
from pyredis.wire.replies import Reply, Verbatim

command = family("server")

_COLUMNS, _ROWS = 80, 4
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 24 * 3600

container(
    "LATENCY",
    "server",
    since="2.8.13",
    complexity="Depends on the subcommand",
)


@command(
    "LATENCY|DOCTOR",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
)
def latency_doctor(ctx: Context) -> Reply:
    """Tell in words what held up the server, and what may help."""
    return Verbatim("".join(_report(ctx)).encode())


@command(
    "LATENCY|GRAPH",
    arity=3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    syntax="event",
)
def latency_graph(ctx: Context, event: bytes) -> Reply:
    """Draw the samples of an event in letters."""
    name = event.decode("utf-8", "surrogateescape")
    found = ctx.server.timings.events.find(name)
    if found is None:
        raise RedisError(b"No samples available for event '%b'" % c_text(event))
    now_s = ctx.now_ms // 1000
    values = [sample.milliseconds for sample in found.samples]
    labels = [_ago(now_s - sample.time_s) for sample in found.samples]
    head = (
        f"{name} - high {max(values)} ms, low {min(values)} ms "
        f"(all time high {found.worst} ms)\n{'-' * _COLUMNS}\n"
    )
    graph = sparkline(list(zip(values, labels, strict=True)), _COLUMNS, _ROWS)
    return Verbatim((head + graph).encode("utf-8", "surrogateescape"))


@command(
    "LATENCY|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
)
def latency_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("LATENCY")


@command(
    "LATENCY|HISTOGRAM",
    arity=-2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N commands with recorded latencies",
    tips=["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    syntax="[command...]",
)
def latency_histogram(ctx: Context, *commands: bytes) -> Reply:
    """Return how long commands took, as cumulative counts by powers of two of a microsecond."""
    return {
        each.display_name.encode(): {
            b"calls": each.histogram.total,
            b"histogram_usec": dict(each.histogram.by_powers_of_two()),
        }
        for each in _timed(ctx, commands)
        if each.histogram is not None
    }


@command(
    "LATENCY|HISTORY",
    arity=3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    syntax="event",
)
def latency_history(ctx: Context, event: bytes) -> Reply:
    """Return the samples of an event: when, and how many milliseconds."""
    found = ctx.server.timings.events.find(event.decode("utf-8", "surrogateescape"))
    if found is None:
        return []
    return [[sample.time_s, sample.milliseconds] for sample in found.samples]


@command(
    "LATENCY|LATEST",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    tips=["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
)
def latency_latest(ctx: Context) -> Reply:
    """Return of each event the last sample and the worst ever."""
    return [
        [
            name.encode(),
            event.samples[-1].time_s,
            event.samples[-1].milliseconds,
            event.worst,
        ]
        for name, event in ctx.server.timings.events.items()
    ]


@command(
    "LATENCY|RESET",
    arity=-2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:agg_sum"],
    syntax="[event...]",
)
def latency_reset(ctx: Context, *events: bytes) -> Reply:
    """Forget the samples of events, or of all of them."""
    known = ctx.server.timings.events
    if not events:
        return known.forget_all()
    return sum(known.forget(event.decode("utf-8", "surrogateescape")) for event in events)


def _timed(ctx: Context, names: tuple[bytes, ...]) -> Iterator[Command]:
    """Iterate over commands by their names, and over their subcommands; over all if none."""
    table = ctx.server.table
    if not names:
        yield from table.every()
    for name in names:
        found = table.lookup(name)
        if found is not None:
            yield found
            yield from found.subcommands.values()


def _ago(seconds: int) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds}s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S}m"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S}h"
    return f"{seconds // _DAY_S}d"


# LATENCY DOCTOR


def _report(ctx: Context) -> Iterator[str]:
    threshold = ctx.settings.latency_monitor_threshold
    events = ctx.server.timings.events.items()
    if not events and not threshold:
        yield (
            "Nothing was observed, because latency monitoring is switched off. Switch it on with "
            "CONFIG SET latency-monitor-threshold <milliseconds>.\n"
        )
        return
    if not events:
        yield f"Nothing held up this server for {threshold} milliseconds or more.\n"
        return
    yield "This server was held up at times:\n\n"
    for number, (name, event) in enumerate(events, 1):
        yield f"{number}. {name}: {_in_words(event, ctx.now_ms // 1000)}\n"
    yield "\nWhat may help:\n\n"
    for name, _ in events:
        yield from (f"- {advice}\n" for advice in _advice(ctx, name))


def _in_words(event: LatencyEvent, now_s: int) -> str:
    stats = event.stats(now_s)
    return (
        f"{stats.samples} latency spikes (average {stats.average}ms, mean deviation "
        f"{stats.deviation}ms, period {stats.seconds / stats.samples:.2f} sec). "
        f"Worst all time event {stats.worst}ms."
    )


def _advice(ctx: Context, name: str) -> Iterator[str]:
    """Yield what can be done about an event."""
    if name == "command":
        threshold_us = ctx.settings.latency_monitor_threshold * 1000
        if not 0 <= ctx.settings.slowlog_log_slower_than <= threshold_us:
            yield (
                "The slow log misses commands that held up the server. Let it have them: CONFIG "
                f"SET slowlog-log-slower-than {threshold_us}."
            )
        yield "SLOWLOG GET shows which commands took long, and with which arguments."
        yield (
            "Commands over whole large collections take long by nature. Ask for parts (SCAN, "
            "ranges), or split the collections."
        )
    elif name == "fast-command":
        yield (
            "Commands that take constant time were slow: the process did not get the processor. "
            "Look for other work on this machine, for a virtual machine that is short of time, "
            "and for swapping."
        )
    elif name == "expire-cycle":
        yield (
            "Many keys expire at once. Spread their times to live, or let a larger hz remove them "
            "in smaller portions."
        )
    elif name.startswith("eviction"):
        yield (
            "Keys had to be evicted in large numbers. Leave more room below maxmemory, or raise "
            "it in smaller steps."
        )
    elif name == "fork":
        yield "Forking took long: it does for large data sets, more so on some virtual machines."
    else:
        yield f"'{name}' waited for the disk. A faster or less busy one helps."
