"""What pipelines of HyperLogLog commands do at once; see :mod:`pyredis.commands.batches`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyredis.commands.batch_forms import in_turn, only_value
from pyredis.commands.hyperloglog import indexes, own_buffer, pfadd
from pyredis.datatypes.hyperloglog import UnpackedRegisters, add_each
from pyredis.execution.client import Context
from pyredis.execution.table import in_batch
from pyredis.keyspace.events import STRING
from pyredis.wire.replies import Reply

_pfadd_in_turn = in_turn(pfadd)
# Compared with the string before use, as the indexes of sparse ones are.
_unpacked = UnpackedRegisters()


@in_batch(pfadd)
def pfadd_each(
    ctx: Context, count: int, keys: Sequence[bytes], *columns: Sequence[bytes]
) -> list[Reply]:
    """Count elements in one HyperLogLog."""
    string = only_value(ctx, keys, bytes) if len(columns) == 1 else None
    if string is None:
        return _pfadd_in_turn(ctx, count, keys, *columns)
    buffer = own_buffer(ctx, keys[0], string)
    changed: list[Any] = add_each(
        buffer, columns[0], ctx.limits.hll_sparse_max_bytes, indexes, _unpacked
    )
    total = sum(changed)
    if total:
        ctx.db.changed(keys[0], STRING, b"pfadd", total)
    return changed
