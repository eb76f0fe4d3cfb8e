"""
XREAD and XREADGROUP: reading what came after an ID, and waiting for it.

Both are one command but for where the entries come from: XREAD takes them from
the stream, XREADGROUP from what the consumer's group was not given yet, or, for
an ID other than ``>``, from what is pending for the consumer.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands.stream_arguments import (
    entry_id,
    entry_replies,
    entry_reply,
    no_group,
    timeout_in_ms,
)
from pyredis.commands.stream_effects import (
    create_consumer,
    propagate_claim,
    propagate_consumer,
    propagate_group_position,
)
from pyredis.datatypes.stream_groups import Consumer, ConsumerGroup
from pyredis.datatypes.stream_ids import MAX_ID, format_id
from pyredis.datatypes.streams import StreamValue
from pyredis.errors import RedisError, c_text, syntax_error
from pyredis.execution.arguments import integer
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import ACCESS, BLOCKING, READONLY, RO, WRITE, Category
from pyredis.execution.key_specs import KeyRange, Keyword
from pyredis.execution.table import family
from pyredis.wire.replies import NULL_ARRAY, Entries, Reply

command = family("stream", Category.STREAM)

_NEW = MAX_ID
"""The ID that stands for ``>``; Redis takes the greatest ID for it, too."""


@command(
    "XREAD",
    arity=-4,
    flags=READONLY | BLOCKING,
    keys=KeyRange(Keyword("STREAMS", 1), last=-1, limit=2, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(N) for N entries returned",
    syntax="[COUNT count] [BLOCK milliseconds] (STREAMS key... id...)",
)
def xread(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Return the entries of streams that came after given IDs, waiting for some if asked to."""
    request = _Request(ctx, options, "xread")
    afters = []
    for key, text in zip(request.keys, request.ids, strict=True):
        stream = ctx.db.lookup_read(key, StreamValue)
        if text == b"$":
            afters.append(0 if stream is None else stream.last_id)
        elif text == b">":
            raise RedisError(
                "The > ID can be specified only when calling XREADGROUP "
                "using the GROUP <group> <consumer> option."
            )
        else:
            afters.append(entry_id(text))
    found = Entries()
    for key, after in zip(request.keys, afters, strict=True):
        stream = ctx.db.lookup_read(key, StreamValue)
        if stream is not None and stream.last_live_id > after:
            entries = stream.entries(after + 1, MAX_ID, request.count)
            found.append([key, entry_replies(entries)])
    if found:
        return found
    if request.timeout_ms is None:
        return NULL_ARRAY
    # "$" means the same when the client is looked at again.
    ids = [
        format_id(after) if text == b"$" else text
        for text, after in zip(request.ids, afters, strict=True)
    ]
    argv = [b"XREAD", *options[: len(options) - len(ids)], *ids]
    return Blocked(request.keys, request.timeout_ms, StreamValue, NULL_ARRAY, argv)


@command(
    "XREADGROUP",
    arity=-7,
    flags=WRITE | BLOCKING,
    keys=KeyRange(Keyword("STREAMS", 4), last=-1, limit=2, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(N) for N entries returned",
    syntax=(
        "(GROUP group consumer):group-block [COUNT count] [BLOCK milliseconds] "
        "[NOACK] (STREAMS key... id...)"
    ),
)
def xreadgroup(ctx: Context, *options: bytes) -> Reply | Blocked:
    """Return the next entries for a consumer of a group, or what it has not acknowledged."""
    request = _Request(ctx, options, "xreadgroup")
    afters = [
        _group_position(ctx, key, request.group, text)
        for key, text in zip(request.keys, request.ids, strict=True)
    ]
    found = Entries()
    for key, after in zip(request.keys, afters, strict=True):
        stream = ctx.db.lookup_to_change(key, StreamValue)
        if stream is None:
            continue
        reader = _GroupReader(ctx, request, key, stream)
        if after != _NEW:
            found.append([key, reader.history(after)])
        elif stream.last_live_id > reader.group.last_id:
            found.append([key, reader.news()])
    ctx.propagate_no_more()
    if found:
        return found
    if request.timeout_ms is None:
        return NULL_ARRAY
    return Blocked(request.keys, request.timeout_ms, StreamValue, NULL_ARRAY, wakes_on_removal=True)


def _group_position(ctx: Context, key: bytes, group: bytes, text: bytes) -> int:
    """Check that a group exists, and read the ID to go on after."""
    stream = ctx.db.lookup_read(key, StreamValue)
    if stream is None or group not in stream.groups:
        raise no_group(
            b"No such key '%b' or consumer group '%b' in XREADGROUP with GROUP option"
            % (c_text(key), c_text(group))
        )
    if text == b"$":
        raise RedisError(
            "The $ ID is meaningless in the context of XREADGROUP: you want to read the "
            "history of this consumer by specifying a proper ID, or use the > ID to get new "
            "messages. The $ ID would just return an empty result set."
        )
    return _NEW if text == b">" else entry_id(text)


class _GroupReader:
    """Reads one stream for one consumer, which is made if it is new."""

    __slots__ = ("_consumer", "_ctx", "_key", "_request", "_stream", "group")

    def __init__(self, ctx: Context, request: _Request, key: bytes, stream: StreamValue) -> None:
        self._ctx = ctx
        self._request = request
        self._key = key
        self._stream = stream
        self.group: ConsumerGroup = stream.groups[request.group]
        self._consumer = self._find_consumer()

    def _find_consumer(self) -> Consumer:
        request = self._request
        now_ms = self._ctx.now_ms
        consumer = self.group.consumers.get(request.consumer)
        if consumer is None:
            consumer = create_consumer(self._ctx, self._key, self.group, request.consumer)
            if request.noack:
                propagate_consumer(self._ctx, self._key, request.group, request.consumer)
        consumer.seen_ms = now_ms
        return consumer

    def history(self, after: int) -> list[Reply]:
        """Return what is pending for the consumer after an ID."""
        ctx = self._ctx
        ctx.keyspace.dirty += 1
        found = self._stream.redeliver(
            self.group, self._consumer, after + 1, self._request.count, ctx.now_ms
        )
        return [entry_reply(found_id, row) for found_id, row in found]

    def news(self) -> list[Reply]:
        """Return what the group was not given yet."""
        ctx, request, group = self._ctx, self._request, self.group
        ctx.keyspace.dirty += 1
        noack = request.noack
        entries = self._stream.deliver(group, self._consumer, request.count, ctx.now_ms, noack)
        if ctx.effects is not None:
            if noack:
                propagate_group_position(ctx, self._key, request.group, group)
            else:
                for found_id, _ in entries:
                    propagate_claim(ctx, self._key, request.group, group, found_id, found_id)
        return entry_replies(entries)


class _Request:
    """
    The options of XREAD and XREADGROUP.

    Args:
        ctx: The context, for the time and for what kind of client asks.
        options: What stands behind the name.
        name: The command's name, as errors show it.

    Attributes:
        count: How many entries of each stream at most; 0 for all.
        timeout_ms: How long to wait, 0 for ever; None not to wait.
        group: The group's name; ``consumer`` the consumer's.
        noack: Whether entries count as acknowledged at once.
        keys: The streams.
        ids: An ID for each, as it was given.
    """

    __slots__ = ("consumer", "count", "group", "ids", "keys", "noack", "timeout_ms")

    def __init__(self, ctx: Context, options: Sequence[bytes], name: str) -> None:
        self.count = 0
        self.timeout_ms: int | None = None
        self.group = self.consumer = b""
        self.noack = False
        in_group = name == "xreadgroup"
        has_group = False
        at = 0
        size = len(options)
        while at < size:
            word = options[at].upper()
            left = size - at - 1
            if word == b"STREAMS" and left:
                break
            if word == b"BLOCK" and left:
                _not_in_scripts(ctx)
                self.timeout_ms = timeout_in_ms(options[at + 1], ctx.now_ms)
                at += 2
            elif word == b"COUNT" and left:
                self.count = max(integer(options[at + 1]), 0)
                at += 2
            elif word == b"GROUP" and left >= 2:
                _only_in_group(in_group, "GROUP")
                has_group = True
                self.group, self.consumer = options[at + 1 : at + 3]
                at += 3
            elif word == b"NOACK":
                _only_in_group(in_group, "NOACK")
                self.noack = True
                at += 1
            else:
                raise syntax_error()
        else:
            raise syntax_error()
        self.keys, self.ids = _split(options[at + 1 :], name)
        if in_group and not has_group:
            raise RedisError("Missing GROUP option for XREADGROUP")


def _not_in_scripts(ctx: Context) -> None:
    """Refuse BLOCK in a script, which could only be an oversight."""
    client = ctx.client
    if ctx.server.scripting.runs(client):
        raise RedisError(
            b"%b command is not allowed with BLOCK option from scripts" % c_text(client.argv[0])
        )


def _only_in_group(in_group: bool, option: str) -> None:
    """Refuse an option of XREADGROUP for XREAD."""
    if not in_group:
        raise RedisError(
            f"The {option} option is only supported by XREADGROUP. You called XREAD instead."
        )


def _split(streams: Sequence[bytes], name: str) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Part keys from IDs."""
    if len(streams) % 2:
        symbol = ">" if name == "xreadgroup" else "$"
        raise RedisError(
            f"Unbalanced '{name}' list of streams: "
            f"for each stream key an ID or '{symbol}' must be specified."
        )
    half = len(streams) // 2
    return streams[:half], streams[half:]
