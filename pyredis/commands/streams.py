"""
Stream commands that know no consumers: adding, reading by range, deleting.

What waits for entries is in :mod:`pyredis.commands.stream_reading`, consumer
groups in :mod:`pyredis.commands.stream_groups`. A stream does not go away when
its last entry does.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands.stream_arguments import (
    Trim,
    TrimReader,
    bad_id,
    entry_id,
    entry_replies,
    range_end,
    range_start,
)
from pyredis.datatypes.stream_ids import MAX_ID, MAX_PART, parse_new_id
from pyredis.datatypes.streams import EntryTooLarge, IdNotGreater, StreamValue
from pyredis.errors import RedisError, no_such_key, syntax_error, wrong_arity
from pyredis.execution.arguments import Arguments, integer
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import STREAM
from pyredis.wire.replies import NULL_ARRAY, OK, Reply

command = family("stream", Category.STREAM)


@command(
    "XADD",
    arity=-5,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(
        1,
        access=RW | UPDATE,
        notes="UPDATE rather than INSERT because the stream may be trimmed",
    ),
    since="5.0.0",
    complexity="O(1) to add, O(N) to trim N entries",
    history=[
        ("6.2.0", "`NOMKSTREAM`, `MINID` and `LIMIT`."),
        ("7.0.0", "Ids of the form `<ms>-*`."),
    ],
    tips=["nondeterministic_output"],
    syntax=(
        "key [NOMKSTREAM@6.2.0] [(MAXLEN | MINID@6.2.0):strategy [=:equal | "
        "~:approximately]:operator threshold [LIMIT count@6.2.0]]:trim "
        "(*:auto-id | id):id-selector (field value):data..."
    ),
)
def xadd(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Add an entry to a stream, which is made if there is none."""
    trim = None
    must_exist = False
    at = 0
    if options[0] != b"*":
        at, trim, must_exist = _parse_add(ctx, options)
    row = options[at + 1 :]
    if not row or len(row) & 1:
        raise wrong_arity("xadd")
    wanted = None if options[at] == b"*" else _parse_new_id(options[at])
    db = ctx.db
    stream = known = db.lookup_write(key, StreamValue)
    if stream is None:
        if must_exist:
            return None
        stream = StreamValue()
    elif stream.last_id == MAX_ID:
        raise RedisError("The stream has exhausted the last possible ID, unable to add more items")
    try:
        if wanted is None:
            new_id = stream.next_id(ctx.keyspace.now_ms)
        else:
            new_id, is_whole = wanted
            if not is_whole:
                new_id = stream.next_id_in(new_id >> 64)
        stream.append(new_id, row, ctx.limits)
    except IdNotGreater:
        raise RedisError(
            "The ID specified in XADD is equal or smaller than the target stream top item"
        ) from None
    except EntryTooLarge:
        raise RedisError("Elements are too large to be stored") from None
    if known is None:
        db.overwrite(key, stream)
    db.changed(key, STREAM, b"xadd")
    if trim is not None and trim.apply(stream):
        db.notify(key, STREAM, b"xtrim")
    text = b"%d-%d" % (new_id >> 64, new_id & MAX_PART)
    if ctx.effects is not None:
        _propagate_add(ctx, key, [*options[:at], text, *row], trim, stream)
    return text


def _parse_new_id(argument: bytes) -> tuple[int, bool]:
    """Read the ID of an entry to add, and whether its sequence number was given."""
    try:
        wanted = parse_new_id(argument)
    except ValueError:
        raise bad_id() from None
    if wanted == (0, True):
        raise RedisError("The ID specified in XADD must be greater than 0-0")
    return wanted


def _parse_add(ctx: Context, options: Sequence[bytes]) -> tuple[int, Trim | None, bool]:
    """Read the options of XADD: where the ID is, how to trim, and whether the key must exist."""
    reader = TrimReader(options)
    must_exist = False
    at = 0
    while at < len(options) and options[at] != b"*":
        behind = reader.read(at)
        if behind != at:
            at = behind
        elif options[at].upper() == b"NOMKSTREAM":
            must_exist = True
            at += 1
        else:
            try:
                parse_new_id(options[at])
            except ValueError:
                raise bad_id() from None
            break
    return at, reader.finish(ctx.limits.stream_node_max_entries, required=False), must_exist


def _propagate_add(
    ctx: Context, key: bytes, options: list[bytes], trim: Trim | None, stream: StreamValue
) -> None:
    """Let what was added and trimmed here be added and trimmed elsewhere."""
    if trim is not None and trim.approximate:
        trim.make_exact(options, stream)
    ctx.propagate(b"XADD", key, *options)


@command(
    "XDEL",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | DELETE),
    since="5.0.0",
    complexity="O(N) for N ids",
    syntax="key id...",
)
def xdel(ctx: Context, key: bytes, *ids: bytes) -> Reply:
    """Delete entries of a stream by their IDs."""
    stream = ctx.db.lookup_write(key, StreamValue)
    if stream is None:
        return 0
    wanted = [entry_id(argument) for argument in ids]
    deleted = sum(map(stream.delete, wanted))
    if deleted:
        ctx.db.changed(key, STREAM, b"xdel", deleted)
    return deleted


@command(
    "XLEN",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="5.0.0",
    complexity="O(1)",
    syntax="key",
)
def xlen(ctx: Context, key: bytes) -> Reply:
    """Return how many entries a stream has."""
    stream = ctx.db.lookup_read(key, StreamValue)
    return 0 if stream is None else stream.length


@command(
    "XRANGE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(N) for N entries returned",
    history=[("6.2.0", "Ranges without their ends.")],
    syntax="key start end [COUNT count]",
)
def xrange(ctx: Context, key: bytes, start: bytes, end: bytes, *options: bytes) -> Reply:
    """Return the entries between two IDs, oldest first."""
    return _range(ctx, key, start, end, options, reverse=False)


@command(
    "XREVRANGE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="5.0.0",
    complexity="O(N) for N entries returned",
    history=[("6.2.0", "Ranges without their ends.")],
    syntax="key end start [COUNT count]",
)
def xrevrange(ctx: Context, key: bytes, end: bytes, start: bytes, *options: bytes) -> Reply:
    """Return the entries between two IDs, newest first."""
    return _range(ctx, key, start, end, options, reverse=True)


def _range(
    ctx: Context,
    key: bytes,
    start: bytes,
    end: bytes,
    options: Sequence[bytes],
    reverse: bool,
) -> Reply:
    first, last = range_start(start), range_end(end)
    count = -1
    if options:
        arguments = Arguments(options)
        while arguments:
            if not arguments.eat(b"COUNT"):
                raise syntax_error()
            count = max(arguments.take_integer(), 0)
    stream = ctx.db.lookup_read(key, StreamValue)
    if stream is None:
        return []
    if count == 0:
        return NULL_ARRAY
    return entry_replies(stream.entries(first, last, max(count, 0), reverse))


@command(
    "XSETID",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="5.0.0",
    complexity="O(1)",
    history=[("7.0.0", "`ENTRIESADDED` and `MAXDELETEDID`.")],
    syntax=(
        "key last-id [ENTRIESADDED entries-added:integer@7.0.0] [MAXDELETEDID max-deleted-id@7.0.0]"
    ),
)
def xsetid(ctx: Context, key: bytes, last_id: bytes, *options: bytes) -> Reply:
    """Set the ID that the next entry of a stream must exceed."""
    new_id = entry_id(last_id)
    entries_added, max_deleted_id = _parse_setid(new_id, options)
    db = ctx.db
    stream = db.lookup_write(key, StreamValue)
    if stream is None:
        raise no_such_key()
    if new_id < stream.max_deleted_id:
        raise RedisError("The ID specified in XSETID is smaller than current max_deleted_entry_id")
    if stream.length:
        if new_id < stream.last_live_id:
            raise RedisError(
                "The ID specified in XSETID is smaller than the target stream top item"
            )
        if entries_added is not None and entries_added < stream.length:
            raise RedisError(
                "The entries_added specified in XSETID is smaller than the target stream length"
            )
    stream.last_id = new_id
    if entries_added is not None:
        stream.entries_added = entries_added
    if max_deleted_id:
        stream.max_deleted_id = max_deleted_id
    # Redis tells neither WATCH nor waiting clients of it.
    ctx.keyspace.dirty += 1
    db.notify(key, STREAM, b"xsetid")
    return OK


def _parse_setid(new_id: int, options: Sequence[bytes]) -> tuple[int | None, int]:
    """Read the options of XSETID: how many entries were added, and the greatest ID deleted."""
    entries_added = None
    max_deleted_id = 0
    at = 0
    while at < len(options):
        word = options[at].upper()
        if at + 1 == len(options) or word not in (b"ENTRIESADDED", b"MAXDELETEDID"):
            raise syntax_error()
        if word == b"ENTRIESADDED":
            entries_added = integer(options[at + 1])
            if entries_added < 0:
                raise RedisError("entries_added must be positive")
        else:
            max_deleted_id = entry_id(options[at + 1])
            if new_id < max_deleted_id:
                raise RedisError(
                    "The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
                )
        at += 2
    return entries_added, max_deleted_id


@command(
    "XTRIM",
    arity=-4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="5.0.0",
    complexity="O(N) for N entries removed",
    history=[("6.2.0", "`MINID` and `LIMIT`.")],
    tips=["nondeterministic_output"],
    syntax=(
        "key ((MAXLEN | MINID@6.2.0):strategy [=:equal | "
        "~:approximately]:operator threshold [LIMIT count@6.2.0]):trim"
    ),
)
def xtrim(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Delete the oldest entries of a stream."""
    reader = TrimReader(options)
    at = 0
    while at < len(options):
        behind = reader.read(at)
        if behind == at:
            raise syntax_error()
        at = behind
    trim = reader.finish(ctx.limits.stream_node_max_entries, required=True)
    assert trim is not None
    stream = ctx.db.lookup_write(key, StreamValue)
    if stream is None:
        return 0
    deleted = trim.apply(stream)
    if deleted:
        if trim.approximate and ctx.effects is not None:
            exact = list(options)
            trim.make_exact(exact, stream)
            ctx.propagate(b"XTRIM", key, *exact)
        ctx.db.changed(key, STREAM, b"xtrim", deleted)
    return deleted
