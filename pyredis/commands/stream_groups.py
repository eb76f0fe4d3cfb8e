"""
Commands that manage consumer groups: XGROUP, and what is done with pending entries.

What a group has delivered is no part of the stream's entries: acknowledging
and claiming are changes that WATCH does not see, as in Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pyredis.commands.stream_arguments import (
    bad_id,
    entry_id,
    entry_reply,
    group_of,
    no_group,
    range_end,
    range_start,
)
from pyredis.commands.stream_effects import (
    create_consumer,
    propagate_claim,
    propagate_group_position,
)
from pyredis.datatypes.stream_groups import UNKNOWN_ENTRIES_READ, Consumer, ConsumerGroup
from pyredis.datatypes.stream_ids import format_id, parse_bound, parse_id
from pyredis.datatypes.streams import StreamValue
from pyredis.errors import RedisError, c_text, syntax_error, wrong_subcommand
from pyredis.execution.arguments import Arguments, integer, integer_between
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    INSERT,
    LOADING,
    READONLY,
    RO,
    RW,
    STALE,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import container, family
from pyredis.keyspace.events import STREAM
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NULL_ARRAY, OK, Reply

command = family("stream", Category.STREAM)

container(
    "XGROUP",
    "stream",
    since="5.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "XGROUP|CREATE",
    arity=-5,
    flags=WRITE | DENYOOM,
    keys=KeyRange(2, access=RW | INSERT),
    since="5.0.0",
    complexity="O(1)",
    history=[("7.0.0", "`ENTRIESREAD`.")],
    syntax=("key group (id | $:new-id):id-selector [MKSTREAM] [ENTRIESREAD entries-read:integer]"),
)
def xgroup_create(ctx: Context, key: bytes, group: bytes, start: bytes, *options: bytes) -> Reply:
    """Make a consumer group that begins behind an ID."""
    entries_read, make_stream = _parse_group_options(ctx, options, creating=True)
    stream = ctx.db.lookup_write(key, StreamValue)
    if stream is None and not make_stream:
        raise _no_stream()
    if len(options) > 3:
        raise wrong_subcommand(ctx.client.argv[1], "XGROUP")
    if start == b"$":
        last_id = 0 if stream is None else stream.last_id
    else:
        last_id = entry_id(start)
    if stream is None:
        stream = StreamValue()
        ctx.db.overwrite(key, stream)
        _add_group(stream, group, last_id, entries_read)
        ctx.db.changed(key, STREAM, b"xgroup-create")
        return OK
    if group in stream.groups:
        raise RedisError("Consumer Group name already exists", "BUSYGROUP")
    _add_group(stream, group, last_id, entries_read)
    _changed_quietly(ctx, key, b"xgroup-create")
    return OK


def _add_group(stream: StreamValue, name: bytes, last_id: int, entries_read: int) -> None:
    stream.groups[name] = ConsumerGroup(last_id, entries_read)


@command(
    "XGROUP|CREATECONSUMER",
    arity=5,
    flags=WRITE | DENYOOM,
    keys=KeyRange(2, access=RW | INSERT),
    since="6.2.0",
    complexity="O(1)",
    syntax="key group consumer",
)
def xgroup_createconsumer(ctx: Context, key: bytes, group: bytes, consumer: bytes) -> Reply:
    """Add a consumer to a group, unless it is there."""
    found = _existing_group(ctx, key, group)
    if consumer in found.consumers:
        return 0
    create_consumer(ctx, key, found, consumer)
    return 1


@command(
    "XGROUP|DELCONSUMER",
    arity=5,
    flags=WRITE,
    keys=KeyRange(2, access=RW | DELETE),
    since="5.0.0",
    complexity="O(1)",
    syntax="key group consumer",
)
def xgroup_delconsumer(ctx: Context, key: bytes, group: bytes, consumer: bytes) -> Reply:
    """Remove a consumer from a group, and forget what is pending for it."""
    found = _existing_group(ctx, key, group)
    if consumer not in found.consumers:
        return 0
    pending = found.delete_consumer(consumer)
    _changed_quietly(ctx, key, b"xgroup-delconsumer")
    return pending


@command(
    "XGROUP|DESTROY",
    arity=4,
    flags=WRITE,
    keys=KeyRange(2, access=RW | DELETE),
    since="5.0.0",
    complexity="O(N) for N pending entries of the group",
    syntax="key group",
)
def xgroup_destroy(ctx: Context, key: bytes, group: bytes) -> Reply:
    """Remove a consumer group."""
    stream = ctx.db.lookup_write(key, StreamValue)
    if stream is None:
        raise _no_stream()
    if stream.groups.pop(group, None) is None:
        return 0
    _changed_quietly(ctx, key, b"xgroup-destroy")
    # Clients that wait for entries of the group are to learn of it.
    ctx.server.waiting_room.look_at(ctx.db, key)
    return 1


@command(
    "XGROUP|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def xgroup_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("XGROUP")


@command(
    "XGROUP|SETID",
    arity=-5,
    flags=WRITE,
    keys=KeyRange(2, access=RW | UPDATE),
    since="5.0.0",
    complexity="O(1)",
    history=[("7.0.0", "`ENTRIESREAD`.")],
    syntax=("key group (id | $:new-id):id-selector [ENTRIESREAD entriesread:integer/entries-read]"),
)
def xgroup_setid(ctx: Context, key: bytes, group: bytes, start: bytes, *options: bytes) -> Reply:
    """Set the ID behind which a consumer group goes on."""
    entries_read, _ = _parse_group_options(ctx, options, creating=False)
    found = _existing_group(ctx, key, group)
    if len(options) not in (0, 2):
        raise wrong_subcommand(ctx.client.argv[1], "XGROUP")
    if start == b"$":
        found.last_id = ctx.db.lookup_write(key, StreamValue).last_id  # type: ignore[union-attr]
    else:
        try:
            found.last_id = parse_bound(start, 0)
        except ValueError:
            raise bad_id() from None
    found.entries_read = entries_read
    _changed_quietly(ctx, key, b"xgroup-setid")
    return OK


def _parse_group_options(
    ctx: Context, options: Sequence[bytes], creating: bool
) -> tuple[int, bool]:
    """Read the options of XGROUP CREATE and SETID: ENTRIESREAD, and whether MKSTREAM is there."""
    entries_read = UNKNOWN_ENTRIES_READ
    make_stream = False
    arguments = Arguments(options)
    while arguments:
        if creating and arguments.eat(b"MKSTREAM"):
            make_stream = True
        elif arguments.left > 1 and arguments.eat(b"ENTRIESREAD"):
            entries_read = arguments.take_integer()
            if entries_read < UNKNOWN_ENTRIES_READ:
                raise RedisError("value for ENTRIESREAD must be positive or -1")
        else:
            raise wrong_subcommand(ctx.client.argv[1], "XGROUP")
    return entries_read, make_stream


def _no_stream() -> RedisError:
    """Return the error of XGROUP for a key that does not exist."""
    return RedisError(
        "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
        "use the MKSTREAM option to create an empty stream automatically."
    )


def _existing_group(ctx: Context, key: bytes, group: bytes) -> ConsumerGroup:
    """Return a group that a subcommand of XGROUP needs."""
    stream = ctx.db.lookup_write(key, StreamValue)
    if stream is None:
        raise _no_stream()
    found = stream.groups.get(group)
    if found is None:
        raise no_group(
            b"No such consumer group '%b' for key name '%b'" % (c_text(group), c_text(key))
        )
    return found


def _changed_quietly(ctx: Context, key: bytes, event: bytes) -> None:
    """Count a change and send its event, without telling WATCH or waiting clients."""
    ctx.keyspace.dirty += 1
    ctx.db.notify(key, STREAM, event)


# Pending entries


@command(
    "XACK",
    arity=-4,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="5.0.0",
    complexity="O(N) for N ids",
    syntax="key group id...",
)
def xack(ctx: Context, key: bytes, group: bytes, *ids: bytes) -> Reply:
    """Acknowledge entries: they are pending no more."""
    stream = ctx.db.lookup_to_change(key, StreamValue)
    found = None if stream is None else stream.groups.get(group)
    if found is None:
        return 0
    wanted = [entry_id(argument) for argument in ids]
    acknowledged = sum(map(found.acknowledge, wanted))
    ctx.keyspace.dirty += acknowledged
    return acknowledged


@command(
    "XPENDING",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(N) for N entries scanned, or for N consumers in the short form",
    history=[("6.2.0", "`IDLE`, and ranges without their ends.")],
    tips=["nondeterministic_output"],
    syntax="key group [[IDLE min-idle-time:integer@6.2.0] start end count [consumer]]:filters",
)
def xpending(ctx: Context, key: bytes, group: bytes, *options: bytes) -> Reply:
    """Return what is pending in a group: in sum, or entry by entry."""
    if options and not 3 <= len(options) <= 6:
        raise syntax_error()
    if not options:
        found = group_of(ctx.db.lookup_read(key, StreamValue), key, group)
        return _pending_summary(found)
    min_idle_ms = 0
    at = 0
    if options[0].upper() == b"IDLE":
        min_idle_ms = integer(options[1])
        if len(options) < 5:
            raise syntax_error()
        at = 2
    count = max(integer(options[at + 2]), 0)
    first, last = range_start(options[at]), range_end(options[at + 1])
    found = group_of(ctx.db.lookup_read(key, StreamValue), key, group)
    ids = found.order
    if len(options) > at + 3:
        consumer = found.consumers.get(options[at + 3])
        if consumer is None:
            return []
        ids = consumer.pending
    replies: list[Reply] = []
    now_ms = ctx.now_ms
    for pending_id in ids.since(first):
        if pending_id > last or len(replies) == count:
            break
        entry = found.pending[pending_id]
        idle_ms = now_ms - entry.delivered_ms
        if min_idle_ms and idle_ms < min_idle_ms:
            continue
        replies.append(
            [format_id(pending_id), entry.consumer.name, max(idle_ms, 0), entry.deliveries]
        )
    return replies


def _pending_summary(group: ConsumerGroup) -> Reply:
    """Return how much is pending, between which IDs, and how much of it for whom."""
    if not group.order:
        return [0, None, None, NULL_ARRAY]
    consumers: list[Reply] = [
        [name, b"%d" % len(consumer.pending)]
        for name, consumer in sorted(group.consumers.items())
        if consumer.pending
    ]
    order = group.order
    return [len(order), format_id(order.first), format_id(order.last), consumers]


@command(
    "XCLAIM",
    arity=-6,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="5.0.0",
    complexity="O(M*log(N)) for M ids and N pending entries of the group",
    tips=["nondeterministic_output"],
    syntax=(
        "key group consumer min-idle-time id... [IDLE ms:integer] "
        "[TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]"
    ),
)
def xclaim(
    ctx: Context, key: bytes, group: bytes, consumer: bytes, min_idle_time: bytes, *options: bytes
) -> Reply:
    """Let pending entries be another consumer's."""
    stream = ctx.db.lookup_to_change(key, StreamValue)
    found = group_of(stream, key, group)
    assert stream is not None
    min_idle_ms = max(integer(min_idle_time, "Invalid min-idle-time argument for XCLAIM"), 0)
    claim = _Claim(options, ctx.now_ms)
    moved = claim.last_id > found.last_id
    found.last_id = max(found.last_id, claim.last_id)
    claimer = _claimer(ctx, key, found, consumer)
    replies: list[Reply] = []
    for wanted in claim.ids:
        entry = found.pending.get(wanted)
        row = stream.get(wanted)
        if row is None:
            if entry is not None:
                propagate_claim(ctx, key, group, found, wanted, found.last_id)
                moved = False
                ctx.keyspace.dirty += 1
                found.acknowledge(wanted)
            continue
        if entry is None:
            if not claim.force:
                continue
            deliveries = 1
        else:
            if min_idle_ms and ctx.now_ms - entry.delivered_ms < min_idle_ms:
                continue
            deliveries = entry.deliveries
        if claim.deliveries is not None:
            deliveries = claim.deliveries
        elif not claim.just_id:
            deliveries += 1
        found.assign(wanted, claimer, claim.delivered_ms, deliveries)
        claimer.active_ms = ctx.now_ms
        replies.append(format_id(wanted) if claim.just_id else entry_reply(wanted, row))
        propagate_claim(ctx, key, group, found, wanted, found.last_id)
        moved = False
        ctx.keyspace.dirty += 1
    if moved:
        propagate_group_position(ctx, key, group, found)
        ctx.keyspace.dirty += 1
    ctx.propagate_no_more()
    return replies


class _Claim:
    """
    The IDs and options of XCLAIM.

    Attributes:
        ids: The entries to claim.
        delivered_ms: When they count as delivered.
        deliveries: How often they count as delivered; None for once more.
        force: Whether entries that are not pending are to be.
        just_id: Whether to answer with IDs alone, which counts as no delivery.
        last_id: Where the group is to be, at least.
    """

    __slots__ = ("delivered_ms", "deliveries", "force", "ids", "just_id", "last_id")

    def __init__(self, options: Sequence[bytes], now_ms: int) -> None:
        self.ids: list[int] = []
        self.delivered_ms = now_ms
        self.deliveries: int | None = None
        self.force = self.just_id = False
        self.last_id = 0
        # What is no ID begins the options.
        for argument in options:
            try:
                self.ids.append(parse_id(argument))
            except ValueError:
                break
        arguments = Arguments(options[len(self.ids) :])
        while arguments:
            self._read_option(arguments, now_ms)

    def _read_option(self, arguments: Arguments, now_ms: int) -> None:
        option = arguments.take()
        word = option.upper()
        if word == b"FORCE":
            self.force = True
        elif word == b"JUSTID":
            self.just_id = True
        elif not arguments or word not in (b"IDLE", b"TIME", b"RETRYCOUNT", b"LASTID"):
            raise RedisError(b"Unrecognized XCLAIM option '%b'" % c_text(option))
        elif word == b"LASTID":
            self.last_id = entry_id(arguments.take())
        else:
            error = f"Invalid {word.decode()} option argument for XCLAIM"
            number = arguments.take_integer(error)
            if word == b"RETRYCOUNT":
                self.deliveries = number if number >= 0 else None
            else:
                delivered_ms = number if word == b"TIME" else now_ms - number
                # A moment that cannot be is taken for now: clients' clocks differ.
                self.delivered_ms = delivered_ms if 0 <= delivered_ms <= now_ms else now_ms


@command(
    "XAUTOCLAIM",
    arity=-6,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | DELETE),
    since="6.2.0",
    complexity="O(N) for N entries scanned",
    history=[("7.0.0", "The reply lists deleted entries that are pending no more.")],
    tips=["nondeterministic_output"],
    syntax="key group consumer min-idle-time start [COUNT count] [JUSTID]",
)
def xautoclaim(
    ctx: Context,
    key: bytes,
    group: bytes,
    consumer: bytes,
    min_idle_time: bytes,
    start: bytes,
    *options: bytes,
) -> Reply:
    """Let entries that have been pending for long be another consumer's."""
    error = "Invalid min-idle-time argument for XAUTOCLAIM"
    min_idle_ms = max(integer(min_idle_time, error), 0)
    first = range_start(start)
    count, just_id = _parse_autoclaim(options)
    stream = ctx.db.lookup_to_change(key, StreamValue)
    found = group_of(stream, key, group)
    assert stream is not None
    if count > _GREATEST_CLAIM:
        raise RedisError("Insufficient memory, failed allocating transient memory, COUNT too high.")
    claimer = _claimer(ctx, key, found, consumer)
    now_ms = ctx.now_ms
    replies: list[Reply] = []
    deleted: list[Reply] = []
    attempts = count * _ATTEMPTS_PER_ENTRY
    # A list, because claiming changes what is walked through; one more for the cursor.
    candidates = iter([*islice(found.order.since(first), attempts + 1)])
    for pending_id in candidates:
        if not attempts or len(replies) + len(deleted) == count:
            break
        attempts -= 1
        entry = found.pending[pending_id]
        row = stream.get(pending_id)
        if row is None:
            propagate_claim(ctx, key, group, found, pending_id, found.last_id)
            found.acknowledge(pending_id)
            deleted.append(format_id(pending_id))
        elif min_idle_ms and now_ms - entry.delivered_ms < min_idle_ms:
            continue
        else:
            found.assign(pending_id, claimer, now_ms, entry.deliveries + (not just_id))
            claimer.active_ms = now_ms
            replies.append(format_id(pending_id) if just_id else entry_reply(pending_id, row))
            propagate_claim(ctx, key, group, found, pending_id, found.last_id)
        ctx.keyspace.dirty += 1
    else:
        pending_id = 0
    ctx.propagate_no_more()
    return [format_id(pending_id), replies, deleted]


_ATTEMPTS_PER_ENTRY = 10
_GREATEST_CLAIM = 1 << 43  # Redis makes room for the IDs, which must fit an address space


def _parse_autoclaim(options: Sequence[bytes]) -> tuple[int, bool]:
    """Read the options of XAUTOCLAIM: how many entries, and whether to answer with IDs alone."""
    count = 100
    just_id = False
    arguments = Arguments(options)
    while arguments:
        if arguments.left > 1 and arguments.eat(b"COUNT"):
            count = integer_between(arguments.take(), 1, INT64_MAX // 16, "COUNT must be > 0")
        elif arguments.eat(b"JUSTID"):
            just_id = True
        else:
            raise syntax_error()
    return count, just_id


def _claimer(ctx: Context, key: bytes, group: ConsumerGroup, name: bytes) -> Consumer:
    """Return the consumer that claims, which is made if it is new."""
    consumer = group.consumers.get(name)
    if consumer is None:
        consumer = create_consumer(ctx, key, group, name)
    consumer.seen_ms = ctx.now_ms
    return consumer
