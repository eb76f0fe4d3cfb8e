"""
Changes of consumer groups that several commands make, and what repeats them elsewhere.

Redis counts these changes as such and sends events of some, but tells neither
WATCH nor waiting clients: the entries of the stream stay what they are.
"""

from __future__ import annotations

from pyredis.datatypes.stream_groups import Consumer, ConsumerGroup
from pyredis.datatypes.stream_ids import format_id
from pyredis.execution.client import Context
from pyredis.keyspace.events import STREAM


def create_consumer(ctx: Context, key: bytes, group: ConsumerGroup, name: bytes) -> Consumer:
    """Add a consumer to a group."""
    consumer = group.create_consumer(name, ctx.now_ms)
    ctx.keyspace.dirty += 1
    ctx.db.notify(key, STREAM, b"xgroup-createconsumer")
    return consumer


def propagate_claim(
    ctx: Context,
    key: bytes,
    group_name: bytes,
    group: ConsumerGroup,
    entry_id: int,
    last_id: int,
) -> None:
    """Let an entry be pending elsewhere for whom it is here, and the group be as far as an ID."""
    if ctx.effects is None:
        return
    entry = group.pending[entry_id]
    ctx.propagate(
        b"XCLAIM",
        key,
        group_name,
        entry.consumer.name,
        b"0",
        format_id(entry_id),
        b"TIME",
        b"%d" % entry.delivered_ms,
        b"RETRYCOUNT",
        b"%d" % entry.deliveries,
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        format_id(last_id),
    )


def propagate_group_position(
    ctx: Context, key: bytes, group_name: bytes, group: ConsumerGroup
) -> None:
    """Let a group go on elsewhere where it does here."""
    ctx.propagate(
        b"XGROUP",
        b"SETID",
        key,
        group_name,
        format_id(group.last_id),
        b"ENTRIESREAD",
        b"%d" % group.entries_read,
    )


def propagate_consumer(ctx: Context, key: bytes, group_name: bytes, name: bytes) -> None:
    """Let a group have a consumer elsewhere."""
    ctx.propagate(b"XGROUP", b"CREATECONSUMER", key, group_name, name)
