"""
Which slots a cluster's only node serves, given and taken.

See :class:`~pyredis.execution.cluster_slots.ServedSlots` for what is served while
nobody has said anything.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import cast

from pyredis.commands.cluster import cluster_of
from pyredis.errors import RedisError, wrong_arity
from pyredis.execution.arguments import integer
from pyredis.execution.client import Client, Context
from pyredis.execution.flags import ADMIN, NO_ASYNC_LOADING, STALE
from pyredis.execution.table import family
from pyredis.primitives.checksums import SLOTS, key_slot
from pyredis.wire.replies import OK, Push, Reply

command = family("cluster")


def _slot(text: bytes) -> int:
    """
    Return a slot's number.

    Raises:
        RedisError: There is no such slot.
    """
    try:
        slot = integer(text)
    except RedisError:
        slot = -1
    if not 0 <= slot < SLOTS:
        raise RedisError("Invalid or out of range slot")
    return slot


def _single(texts: Iterable[bytes]) -> list[tuple[int, int]]:
    """Return slots as ranges of one each."""
    return [(slot, slot) for slot in map(_slot, texts)]


def _ranges(texts: tuple[bytes, ...], name: str) -> Iterable[tuple[int, int]]:
    """
    Yield the ranges that pairs of slots stand for.

    Raises:
        RedisError: There are no pairs, or the range is none.
    """
    if len(texts) % 2:
        raise wrong_arity(name)
    for start, end in zip(texts[::2], texts[1::2], strict=True):
        first, last = _slot(start), _slot(end)
        if first > last:
            raise RedisError(f"start slot number {first} is greater than end slot number {last}")
        yield first, last


def _is_fresh(ctx: Context) -> bool:
    """Tell whether the node holds no keys."""
    return not ctx.keyspace.databases[0].values


def leave_shard_channels(ctx: Context, slots: Container[int]) -> None:
    """End all subscriptions to shard channels of slots that are served no longer."""
    broker = ctx.server.broker
    for channel in [name for name in broker.shard_channels if key_slot(name) in slots]:
        for subscriber in list(broker.shard_channels[channel]):
            client = cast(Client, subscriber)
            broker.unsubscribe_shard(client, channel)
            left = len(client.subscriptions.shard_channels) if client.subscriptions else 0
            client.push(Push([b"sunsubscribe", channel, left]))
            client.refresh()


@command(
    "CLUSTER|ADDSLOTS",
    arity=-3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(N) for N slots",
    syntax="slot...",
)
def cluster_addslots(ctx: Context, *slots: bytes) -> Reply:
    """Serve slots that are not served; said for the first time, serve no others."""
    cluster_of(ctx).slots.assign(_single(slots), _is_fresh(ctx))
    return OK


@command(
    "CLUSTER|ADDSLOTSRANGE",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="7.0.0",
    complexity="O(N) for N slots in the ranges",
    syntax="(start-slot:integer end-slot:integer):range...",
)
def cluster_addslotsrange(ctx: Context, *options: bytes) -> Reply:
    """Serve ranges of slots that are not served; said for the first time, serve no others."""
    served = cluster_of(ctx).slots
    served.assign(_ranges(options, "cluster|addslotsrange"), _is_fresh(ctx))
    return OK


@command(
    "CLUSTER|DELSLOTS",
    arity=-3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(N) for N slots",
    syntax="slot...",
)
def cluster_delslots(ctx: Context, *slots: bytes) -> Reply:
    """Serve some slots no longer."""
    served = cluster_of(ctx).slots
    leave_shard_channels(ctx, served.give_up(_single(slots)))
    return OK


@command(
    "CLUSTER|DELSLOTSRANGE",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="7.0.0",
    complexity="O(N) for N slots in the ranges",
    syntax="(start-slot:integer end-slot:integer):range...",
)
def cluster_delslotsrange(ctx: Context, *options: bytes) -> Reply:
    """Serve some ranges of slots no longer."""
    served = cluster_of(ctx).slots
    leave_shard_channels(ctx, served.give_up(_ranges(options, "cluster|delslotsrange")))
    return OK


@command(
    "CLUSTER|FLUSHSLOTS",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
)
def cluster_flushslots(ctx: Context) -> Reply:
    """Serve no slots any longer."""
    slots = cluster_of(ctx).slots
    if not _is_fresh(ctx):
        raise RedisError("DB must be empty to perform CLUSTER FLUSHSLOTS.")
    leave_shard_channels(ctx, slots.give_all_up())
    return OK


@command(
    "CLUSTER|SETSLOT",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax=(
        "slot (IMPORTING importing/node-id | MIGRATING migrating/node-id | NODE node/node-id | "
        "STABLE):subcommand"
    ),
)
def cluster_setslot(ctx: Context, slot: bytes, *options: bytes) -> Reply:
    """Let a slot come from or go to another node, of which there is none; or serve it here."""
    cluster = cluster_of(ctx)
    number = _slot(slot)
    action = options[0].upper()
    if action == b"STABLE" and len(options) == 1:
        return OK
    if action not in (b"IMPORTING", b"MIGRATING", b"NODE") or len(options) != 2:
        raise RedisError("Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")
    is_served = number in cluster.slots
    if action == b"MIGRATING" and not is_served:
        raise RedisError(f"I'm not the owner of hash slot {number}")
    if action == b"IMPORTING" and is_served:
        raise RedisError(f"I'm already the owner of hash slot {number}")
    name = options[1]
    if name != cluster.node_id:
        unknown = b"Unknown node " if action == b"NODE" else b"I don't know about node "
        raise RedisError(unknown + name)
    if action != b"NODE":
        raise RedisError("This node is a cluster by itself: no slot can move")
    if not is_served:
        cluster.slots.assign([(number, number)], is_fresh=False)
    return OK
