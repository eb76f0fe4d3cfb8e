"""What pipelines of stream commands do at once; see :mod:`pyredis.commands.batches`."""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands import streams
from pyredis.commands.batch_forms import in_turn, only_value
from pyredis.datatypes.stream_ids import MAX_ID, MAX_PART
from pyredis.datatypes.streams import StreamValue
from pyredis.execution.client import Context
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import STREAM
from pyredis.wire.replies import Reply

_xadd_in_turn = in_turn(streams.xadd)


@in_batch(streams.xadd)
def xadd_each(
    ctx: Context,
    count: int,
    keys: Sequence[bytes],
    ids: Sequence[bytes],
    *columns: Sequence[bytes],
) -> list[Reply]:
    """Add entries to one stream, with the IDs that are next."""
    if ids.count(b"*") != count or not columns or len(columns) & 1 or ctx.effects is not None:
        return _xadd_in_turn(ctx, count, keys, ids, *columns)
    stream = only_value(ctx, keys, StreamValue)
    if stream is None:
        return _xadd_in_turn(ctx, count, keys, ids, *columns)
    first = stream.next_id(ctx.keyspace.now_ms)
    last = first + count - 1
    if last > MAX_ID:
        return []
    stream.append_each(first, columns, ctx.limits)
    ctx.db.changed(keys[0], STREAM, b"xadd", count)
    return [*_texts(first, last)]


def _texts(first: int, last: int) -> list[bytes]:
    """Return the texts of IDs that follow one another."""
    ms = first >> 64
    if last >> 64 != ms:
        return [b"%d-%d" % (each >> 64, each & MAX_PART) for each in range(first, last + 1)]
    form = b"%d-%%d" % ms
    return [form % sequence for sequence in range(first & MAX_PART, (last & MAX_PART) + 1)]
