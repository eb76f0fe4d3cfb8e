"""Values as plain Python objects, to compare and to write down."""

from __future__ import annotations

from typing import Any

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.stream_groups import ConsumerGroup
from pyredis.datatypes.streams import StreamValue
from pyredis.datatypes.strings import encoding_of, to_bytes


def plain(value: Any) -> Any:
    """Return what clients can see of a value, but for its encoding."""
    if value.__class__ in HASHES:
        if value.deadlines:
            return value.fields, dict(value.deadlines)
        return value.fields
    if isinstance(value, bytes | int | bytearray):
        return to_bytes(value)
    if isinstance(value, ListValue):
        return list(value)
    if isinstance(value, SetValue):
        return sorted(value)
    if isinstance(value, SortedSetValue):
        return list(value.items())
    assert isinstance(value, StreamValue)
    return {
        "entries": value.entries(),
        "last_id": value.last_id,
        "max_deleted_id": value.max_deleted_id,
        "entries_added": value.entries_added,
        "groups": {name: _group(group) for name, group in value.groups.items()},
    }


def _group(group: ConsumerGroup) -> Any:
    return {
        "last_id": group.last_id,
        "entries_read": group.entries_read,
        "pending": [
            (
                entry_id,
                group.pending[entry_id].consumer.name,
                group.pending[entry_id].delivered_ms,
                group.pending[entry_id].deliveries,
            )
            for entry_id in group.order
        ],
        "consumers": {
            consumer.name: (consumer.seen_ms, consumer.active_ms, list(consumer.pending))
            for consumer in group.consumers.values()
        },
    }


def encoding(value: Any) -> str:
    """Return what OBJECT ENCODING would say of a value."""
    if value.__class__ in (bytes, int, bytearray):
        return encoding_of(value)
    return str(value.encoding)
