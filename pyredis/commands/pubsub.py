"""
Publish/subscribe commands.

SUBSCRIBE and its kind confirm each channel by a push of its own, so one command
has several replies in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyredis.errors import RedisError, wrong_subcommand
from pyredis.execution.client import Client, Context
from pyredis.execution.flags import (
    FAST,
    LOADING,
    MAY_REPLICATE,
    NOSCRIPT,
    NOT_KEY,
    PUBSUB,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import Channels, KeyRange
from pyredis.execution.table import container, family
from pyredis.primitives.patterns import compile_glob
from pyredis.pubsub.broker import Subscriber
from pyredis.wire.replies import Push, Reply, Several

command = family("pubsub")

_SHARD_KINDS = (b"ssubscribe", b"sunsubscribe")


@command(
    "PSUBSCRIBE",
    arity=-2,
    channels=Channels(are_patterns=True),
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N patterns",
    syntax="pattern...",
    while_subscribed=True,
)
def psubscribe(ctx: Context, *patterns: bytes) -> Reply:
    """Listen to the channels whose names match patterns."""
    return _confirmed(ctx, b"psubscribe", patterns, ctx.server.broker.subscribe_pattern)


@command(
    "PUBLISH",
    arity=3,
    channels=Channels(only_first=True),
    flags=PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
    since="2.0.0",
    complexity="O(N+M) for N subscribers and M patterns of all clients",
    syntax="channel message",
)
def publish(ctx: Context, channel: bytes, message: bytes) -> Reply:
    """Send a message to a channel."""
    ctx.propagate_to_replicas(b"PUBLISH", channel, message)
    return ctx.server.broker.publish(channel, message)


container(
    "PUBSUB",
    "pubsub",
    since="2.8.0",
    complexity="Depends on the subcommand",
)


@command(
    "PUBSUB|CHANNELS",
    arity=-2,
    flags=PUBSUB | LOADING | STALE,
    since="2.8.0",
    complexity="O(N) for N channels with subscribers",
    syntax="[pattern]",
)
def pubsub_channels(ctx: Context, *options: bytes) -> Reply:
    """List the channels that somebody listens to."""
    return _matching(ctx, ctx.server.broker.channels, options)


@command(
    "PUBSUB|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="6.2.0",
    complexity="O(1)",
)
def pubsub_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("PUBSUB")


@command(
    "PUBSUB|NUMPAT",
    arity=2,
    flags=PUBSUB | LOADING | STALE,
    since="2.8.0",
    complexity="O(1)",
)
def pubsub_numpat(ctx: Context) -> Reply:
    """Count the patterns that somebody listens to."""
    return len(ctx.server.broker.patterns)


@command(
    "PUBSUB|NUMSUB",
    arity=-2,
    flags=PUBSUB | LOADING | STALE,
    since="2.8.0",
    complexity="O(N) for N channels",
    syntax="[channel...]",
)
def pubsub_numsub(ctx: Context, *channels: bytes) -> Reply:
    """Count the subscribers of channels."""
    return _numbers(ctx.server.broker.channels, channels)


@command(
    "PUBSUB|SHARDCHANNELS",
    arity=-2,
    flags=PUBSUB | LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N shard channels with subscribers",
    syntax="[pattern]",
)
def pubsub_shardchannels(ctx: Context, *options: bytes) -> Reply:
    """List the shard channels that somebody listens to."""
    return _matching(ctx, ctx.server.broker.shard_channels, options)


@command(
    "PUBSUB|SHARDNUMSUB",
    arity=-2,
    flags=PUBSUB | LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N shard channels",
    syntax="[shardchannel...]",
)
def pubsub_shardnumsub(ctx: Context, *shardchannels: bytes) -> Reply:
    """Count the subscribers of shard channels."""
    return _numbers(ctx.server.broker.shard_channels, shardchannels)


@command(
    "PUNSUBSCRIBE",
    arity=-1,
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N patterns",
    syntax="[pattern...]",
    while_subscribed=True,
)
def punsubscribe(ctx: Context, *patterns: bytes) -> Reply:
    """Listen to patterns no more, or to none at all."""
    own = ctx.client.subscriptions
    names = patterns or tuple(own.patterns if own else ())
    return _confirmed(ctx, b"punsubscribe", names, ctx.server.broker.unsubscribe_pattern)


@command(
    "SPUBLISH",
    arity=3,
    channels=Channels(only_first=True),
    flags=PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
    keys=KeyRange(1, access=NOT_KEY),
    since="7.0.0",
    complexity="O(N) for N subscribers",
    syntax="shardchannel message",
)
def spublish(ctx: Context, shardchannel: bytes, message: bytes) -> Reply:
    """Send a message to a shard channel."""
    ctx.propagate_to_replicas(b"SPUBLISH", shardchannel, message)
    return ctx.server.broker.publish_shard(shardchannel, message)


@command(
    "SSUBSCRIBE",
    arity=-2,
    channels=Channels(),
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    keys=KeyRange(1, last=-1, access=NOT_KEY),
    since="7.0.0",
    complexity="O(N) for N shard channels",
    syntax="shardchannel...",
    while_subscribed=True,
)
def ssubscribe(ctx: Context, *shardchannels: bytes) -> Reply:
    """Listen to shard channels."""
    if not ctx.may_block:
        raise RedisError("SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    return _confirmed(ctx, b"ssubscribe", shardchannels, ctx.server.broker.subscribe_shard)


@command(
    "SUBSCRIBE",
    arity=-2,
    channels=Channels(),
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N channels",
    syntax="channel...",
    while_subscribed=True,
)
def subscribe(ctx: Context, *channels: bytes) -> Reply:
    """Listen to channels."""
    return _confirmed(ctx, b"subscribe", channels, ctx.server.broker.subscribe)


@command(
    "SUNSUBSCRIBE",
    arity=-1,
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    keys=KeyRange(1, last=-1, access=NOT_KEY),
    since="7.0.0",
    complexity="O(N) for N shard channels",
    syntax="[shardchannel...]",
    while_subscribed=True,
)
def sunsubscribe(ctx: Context, *shardchannels: bytes) -> Reply:
    """Listen to shard channels no more, or to none at all."""
    own = ctx.client.subscriptions
    names = shardchannels or tuple(own.shard_channels if own else ())
    return _confirmed(ctx, b"sunsubscribe", names, ctx.server.broker.unsubscribe_shard)


@command(
    "UNSUBSCRIBE",
    arity=-1,
    flags=PUBSUB | NOSCRIPT | LOADING | STALE,
    since="2.0.0",
    complexity="O(N) for N channels",
    syntax="[channel...]",
    while_subscribed=True,
)
def unsubscribe(ctx: Context, *channels: bytes) -> Reply:
    """Listen to channels no more, or to none at all."""
    own = ctx.client.subscriptions
    names = channels or tuple(own.channels if own else ())
    return _confirmed(ctx, b"unsubscribe", names, ctx.server.broker.unsubscribe)


def _count(ctx: Context, kind: bytes) -> int:
    """Return how much the client listens to, as a confirmation of this kind counts."""
    own = ctx.client.subscriptions
    if own is None:
        return 0
    return len(own.shard_channels) if kind in _SHARD_KINDS else own.count


def _confirmed(
    ctx: Context,
    kind: bytes,
    names: Iterable[bytes],
    act: Callable[[Client, bytes], bool],
) -> Reply:
    """Enter or take away names one by one, and confirm each; even that there was none."""
    pushes = Several()
    for name in names:
        act(ctx.client, name)
        pushes.append(Push([kind, name, _count(ctx, kind)]))
    if not pushes:
        pushes.append(Push([kind, None, _count(ctx, kind)]))
    ctx.client.refresh()
    return pushes


def _matching(ctx: Context, listeners: Iterable[bytes], options: tuple[bytes, ...]) -> Reply:
    """Return the names listened to, or those that match the one pattern given."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "PUBSUB")
    if not options:
        return list(listeners)
    matches = compile_glob(options[0])
    return [name for name in listeners if options[0] == b"*" or matches(name)]


def _numbers(listeners: dict[bytes, dict[Subscriber, None]], names: Iterable[bytes]) -> Reply:
    replies: list[Reply] = []
    for name in names:
        replies += [name, len(listeners.get(name, ()))]
    return replies
