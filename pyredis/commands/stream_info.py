"""XINFO: what there is to know of streams, their groups and consumers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pyredis.commands.stream_arguments import (
    entry_replies,
    no_group,
)
from pyredis.datatypes.stream_groups import (
    NEVER,
    UNKNOWN_ENTRIES_READ,
    Consumer,
    ConsumerGroup,
)
from pyredis.datatypes.stream_ids import format_id
from pyredis.datatypes.streams import StreamValue
from pyredis.errors import c_text, no_such_key, wrong_subcommand
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import ACCESS, LOADING, READONLY, RO, STALE, Category
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import container, family
from pyredis.wire.replies import Reply

command = family("stream", Category.STREAM)

container(
    "XINFO",
    "stream",
    since="5.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "XINFO|CONSUMERS",
    arity=4,
    flags=READONLY,
    keys=KeyRange(2, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(1)",
    history=[("7.2.0", "The field `inactive`.")],
    tips=["nondeterministic_output"],
    syntax="key group",
)
def xinfo_consumers(ctx: Context, key: bytes, group: bytes) -> Reply:
    """Return the consumers of a group."""
    found = _stream(ctx, key).groups.get(group)
    if found is None:
        raise no_group(
            b"No such consumer group '%b' for key name '%b'" % (c_text(group), c_text(key))
        )
    now_ms = ctx.now_ms
    return [
        {
            b"name": name,
            b"pending": len(consumer.pending),
            b"idle": max(now_ms - consumer.seen_ms, 0),
            b"inactive": NEVER if consumer.active_ms == NEVER else now_ms - consumer.active_ms,
        }
        for name, consumer in sorted(found.consumers.items())
    ]


@command(
    "XINFO|GROUPS",
    arity=3,
    flags=READONLY,
    keys=KeyRange(2, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(1)",
    history=[("7.0.0", "The fields `entries-read` and `lag`.")],
    syntax="key",
)
def xinfo_groups(ctx: Context, key: bytes) -> Reply:
    """Return the consumer groups of a stream."""
    stream = _stream(ctx, key)
    return [
        {
            b"name": name,
            b"consumers": len(group.consumers),
            b"pending": len(group.pending),
            b"last-delivered-id": format_id(group.last_id),
            b"entries-read": _entries_read(group),
            b"lag": stream.lag_of(group),
        }
        for name, group in sorted(stream.groups.items())
    ]


@command(
    "XINFO|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def xinfo_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("XINFO")


@command(
    "XINFO|STREAM",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(2, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(1)",
    history=[
        ("6.0.0", "`FULL`."),
        (
            "7.0.0",
            "The fields `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, "
            "`entries-read` and `lag`.",
        ),
        ("7.2.0", "The field `active-time`; `seen-time` counts attempts, too."),
    ],
    syntax="key [(FULL) [COUNT count]]:full-block",
)
def xinfo_stream(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return what is known of a stream, with FULL also its entries and all about its groups."""
    stream = _stream(ctx, key)
    count = _parse_full(ctx, options)
    reply: dict[Reply, Reply] = {
        b"length": stream.length,
        b"radix-tree-keys": len(stream.nodes),
        b"radix-tree-nodes": stream.radix_tree_nodes,
        b"last-generated-id": format_id(stream.last_id),
        b"max-deleted-entry-id": format_id(stream.max_deleted_id),
        b"entries-added": stream.entries_added,
        b"recorded-first-entry-id": format_id(stream.first_id),
    }
    if count is None:
        reply[b"groups"] = len(stream.groups)
        for name, reverse in ((b"first-entry", False), (b"last-entry", True)):
            edge = entry_replies(stream.entries(count=1, reverse=reverse))
            reply[name] = edge[0] if edge else None
    else:
        reply[b"entries"] = entry_replies(stream.entries(count=count))
        reply[b"groups"] = [
            _group_in_full(stream, name, group, count)
            for name, group in sorted(stream.groups.items())
        ]
    return reply


def _parse_full(ctx: Context, options: Sequence[bytes]) -> int | None:
    """Return how many entries to show of everything, 0 for all, or None without FULL."""
    if not options:
        return None
    words = [option.upper() for option in options]
    if words[0] != b"FULL" or len(words) not in (1, 3) or words[1:2] not in ([], [b"COUNT"]):
        raise wrong_subcommand(ctx.client.argv[1], "XINFO")
    if len(words) == 1:
        return 10
    count = integer(options[2])
    return count if count >= 0 else 10


def _group_in_full(stream: StreamValue, name: bytes, group: ConsumerGroup, count: int) -> Reply:
    """Return all about a group, with some of what is pending."""
    shown = count or None
    pending: list[Reply] = []
    for pending_id in islice(group.order, shown):
        entry = group.pending[pending_id]
        pending.append(
            [format_id(pending_id), entry.consumer.name, entry.delivered_ms, entry.deliveries]
        )
    return {
        b"name": name,
        b"last-delivered-id": format_id(group.last_id),
        b"entries-read": _entries_read(group),
        b"lag": stream.lag_of(group),
        b"pel-count": len(group.pending),
        b"pending": pending,
        b"consumers": [
            _consumer_in_full(group, consumer, shown)
            for _, consumer in sorted(group.consumers.items())
        ],
    }


def _consumer_in_full(group: ConsumerGroup, consumer: Consumer, shown: int | None) -> Reply:
    """Return all about a consumer, with some of what is pending for it."""
    pending: list[Reply] = []
    for pending_id in islice(consumer.pending, shown):
        entry = group.pending[pending_id]
        pending.append([format_id(pending_id), entry.delivered_ms, entry.deliveries])
    return {
        b"name": consumer.name,
        b"seen-time": consumer.seen_ms,
        b"active-time": consumer.active_ms,
        b"pel-count": len(consumer.pending),
        b"pending": pending,
    }


def _stream(ctx: Context, key: bytes) -> StreamValue:
    """Return the stream of a key that must exist."""
    stream = ctx.db.lookup_read(key, StreamValue)
    if stream is None:
        raise no_such_key()
    return stream


def _entries_read(group: ConsumerGroup) -> int | None:
    """Return how many entries a group has read, or None if nobody can say."""
    return None if group.entries_read == UNKNOWN_ENTRIES_READ else group.entries_read
