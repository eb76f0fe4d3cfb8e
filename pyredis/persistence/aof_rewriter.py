"""
Data as the commands that bring it back: a base file without a snapshot in it.

Records come in as :mod:`~pyredis.persistence.rdb_reader` yields them, bytes go
out, and who asks for the next bytes decides when work is done. Large values are
written a few items a command, as Redis does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, Final

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES, AnyHash
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.stream_groups import ConsumerGroup
from pyredis.datatypes.stream_ids import format_id
from pyredis.datatypes.streams import StreamValue
from pyredis.datatypes.strings import to_bytes
from pyredis.persistence.rdb_reader import Record
from pyredis.primitives.numbers import format_double
from pyredis.wire.request_encoder import encode_request

Commands = Iterator[Sequence[bytes]]

_ITEMS_A_COMMAND: Final = 64
_PORTION_BYTES: Final = 1 << 16
_ENTRIES_A_STEP: Final = 256


def timestamp_annotation(seconds: int) -> bytes:
    """Return the line that says when the commands behind it were written (Unix seconds)."""
    return b"#TS:%d\r\n" % seconds


def write_commands(
    records: Iterable[Record], *, functions: Iterable[bytes] = (), timestamp: int | None = None
) -> Iterator[bytes]:
    """
    Yield a base file in portions.

    Args:
        records: All keys, those of one database together. They are asked for as
            the file is.
        functions: The code of the function libraries.
        timestamp: The Unix seconds to note at the beginning, if any.
    """
    parts: list[bytes] = []
    held = 0
    if timestamp is not None:
        parts.append(timestamp_annotation(timestamp))
    for argv in _all_commands(records, functions):
        part = encode_request(argv)
        parts.append(part)
        held += len(part)
        if held >= _PORTION_BYTES:
            yield b"".join(parts)
            parts.clear()
            held = 0
    if parts:
        yield b"".join(parts)


def _all_commands(records: Iterable[Record], functions: Iterable[bytes]) -> Commands:
    for code in functions:
        yield b"FUNCTION", b"LOAD", code
    database = -1
    for number, key, value, deadline_ms, _idle_s, _frequency in records:
        if number != database:
            database = number
            yield b"SELECT", b"%d" % number
        yield from commands_of(key, value)
        if deadline_ms is not None:
            yield b"PEXPIREAT", key, b"%d" % deadline_ms


def commands_of(key: bytes, value: Any) -> Commands:
    """Yield the commands that make a key hold a value; its deadline is not among them."""
    writer = _WRITERS.get(value.__class__)
    if writer is None:
        yield b"SET", key, to_bytes(value)
    else:
        yield from writer(key, value)


def _batches(items: Iterable[bytes], size: int = _ITEMS_A_COMMAND) -> Iterator[list[bytes]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _list_commands(key: bytes, value: ListValue) -> Commands:
    for batch in _batches(value):
        yield b"RPUSH", key, *batch


def _set_commands(key: bytes, value: SetValue) -> Commands:
    for batch in _batches(value):
        yield b"SADD", key, *batch


def _sorted_set_commands(key: bytes, value: SortedSetValue) -> Commands:
    words = (word for member, score in value.items() for word in (format_double(score), member))
    for batch in _batches(words, 2 * _ITEMS_A_COMMAND):
        yield b"ZADD", key, *batch


def _hash_commands(key: bytes, value: AnyHash) -> Commands:
    words = (word for pair in value.fields.items() for word in pair)
    for batch in _batches(words, 2 * _ITEMS_A_COMMAND):
        yield b"HMSET", key, *batch
    if not value.deadlines:
        return
    by_deadline = sorted(value.deadlines.items(), key=_deadline)
    for deadline_ms, pairs in groupby(by_deadline, _deadline):
        for batch in _batches(field for field, _ in pairs):
            yield (
                b"HPEXPIREAT",
                key,
                b"%d" % deadline_ms,
                b"FIELDS",
                b"%d" % len(batch),
                *batch,
            )


def _deadline(pair: tuple[bytes, int]) -> int:
    return pair[1]


def _stream_commands(key: bytes, value: StreamValue) -> Commands:
    if value.length:
        start = 0
        while entries := value.entries(start, count=_ENTRIES_A_STEP):
            for entry_id, row in entries:
                yield b"XADD", key, format_id(entry_id), *row
            start = entries[-1][0] + 1
    else:
        # A stream that holds nothing is made by adding an entry that is cut off at once.
        yield b"XADD", key, b"MAXLEN", b"0", b"0-1", b"x", b"y"
    yield (
        b"XSETID",
        key,
        format_id(value.last_id),
        b"ENTRIESADDED",
        b"%d" % value.entries_added,
        b"MAXDELETEDID",
        format_id(value.max_deleted_id),
    )
    for name, group in value.groups.items():
        yield from _group_commands(key, name, group)


def _group_commands(key: bytes, name: bytes, group: ConsumerGroup) -> Commands:
    yield (
        b"XGROUP",
        b"CREATE",
        key,
        name,
        format_id(group.last_id),
        b"ENTRIESREAD",
        b"%d" % group.entries_read,
    )
    for consumer in group.consumers.values():
        if not consumer.pending:
            yield b"XGROUP", b"CREATECONSUMER", key, name, consumer.name
        for entry_id in consumer.pending:
            entry = group.pending[entry_id]
            yield (
                b"XCLAIM",
                key,
                name,
                consumer.name,
                b"0",
                format_id(entry_id),
                b"TIME",
                b"%d" % entry.delivered_ms,
                b"RETRYCOUNT",
                b"%d" % entry.deliveries,
                b"JUSTID",
                b"FORCE",
            )


_WRITERS: Final[dict[type, Callable[[bytes, Any], Commands]]] = {
    ListValue: _list_commands,
    SetValue: _set_commands,
    SortedSetValue: _sorted_set_commands,
    **dict.fromkeys(HASHES, _hash_commands),
    StreamValue: _stream_commands,
}
