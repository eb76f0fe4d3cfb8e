"""
Streams in RDB: nodes as listpacks, then the counters, then the consumer groups.

There are three forms: that of Redis 5 and 6 knows neither the first ID nor what
was deleted nor how much was read, that of 7.0 does, and that of 7.2 says of each
consumer when it last got something.

A node begins with a master entry: how many entries it has and how many
tombstones, and the field names of its first entry, which later entries with the
same fields need not repeat. IDs are differences from the node's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import Final

from pyredis.datatypes.encodings import is_integer
from pyredis.datatypes.listpacks import (
    encode_entry,
    encode_integer_entry,
    write_encoded_listpack,
)
from pyredis.datatypes.stream_groups import UNKNOWN_ENTRIES_READ, Consumer, ConsumerGroup
from pyredis.datatypes.stream_ids import MAX_PART
from pyredis.datatypes.stream_nodes import Row, StreamNode
from pyredis.datatypes.streams import StreamValue
from pyredis.persistence.listpacks import read_listpack
from pyredis.persistence.rdb_format import (
    STREAM_LISTPACKS,
    STREAM_LISTPACKS_3,
    CorruptRdb,
    encode_length,
    read_count,
    read_length,
    read_string,
)
from pyredis.persistence.rdb_strings import StringWriter

_DELETED: Final = 1
_SAME_FIELDS: Final = 2
_ID_BYTES: Final = 16
_MOMENT_BYTES: Final = 8
_INT64_END: Final = 1 << 63

_read_i64 = Struct("<q").unpack_from
_read_id = Struct(">QQ").unpack_from
_pack_i64 = Struct("<q").pack

_ZERO: Final = encode_integer_entry(0)
# Nearly all in a node are: flags, counts, and differences from its first ID.
_NUMBERS: Final = {b"%d" % number: number for number in range(1024)}
_FLAGS: Final = [encode_integer_entry(flags) for flags in range(_SAME_FIELDS + _DELETED + 1)]

# Reading


def read_stream(data: bytes, at: int, form: int) -> tuple[StreamValue, int]:
    """
    Return a stream and the position behind it.

    Args:
        data: What to read from.
        at: Where it begins.
        form: The type by which it was announced.

    Raises:
        RdbError: It is none.
    """
    stream = StreamValue()
    nodes, at = read_count(data, at, 2)
    for _ in range(nodes):
        key, at = read_string(data, at)
        if len(key) != _ID_BYTES:
            raise CorruptRdb("a stream's node whose key is no ID")
        blob, at = read_string(data, at)
        _read_node(stream, int.from_bytes(key, "big"), blob)
    at = _read_counters(data, at, form, stream)
    groups, at = read_count(data, at, 4)
    for _ in range(groups):
        name, at = read_string(data, at)
        group, at = _read_group(data, at, form, stream)
        if name in stream.groups:
            raise CorruptRdb("two consumer groups of one name")
        stream.groups[name] = group
    return stream, at


def _read_counters(data: bytes, at: int, form: int, stream: StreamValue) -> int:
    length, at = read_length(data, at)
    stream.last_id, at = _read_parts(data, at)
    if form == STREAM_LISTPACKS:
        stream.entries_added = length
    else:
        # Which entry is the first is seen from the nodes.
        _, at = _read_parts(data, at)
        stream.max_deleted_id, at = _read_parts(data, at)
        stream.entries_added, at = read_length(data, at)
    if length != stream.length:
        raise CorruptRdb("a stream with another number of entries than it says")
    if stream.nodes and stream.nodes[-1].last > stream.last_id:
        raise CorruptRdb("a stream with entries behind its last one")
    return at


def _read_parts(data: bytes, at: int) -> tuple[int, int]:
    """Return an ID whose parts are written like lengths, and the position behind."""
    ms, at = read_length(data, at)
    sequence, at = read_length(data, at)
    return ms << 64 | sequence, at


def _read_node(stream: StreamValue, first: int, blob: bytes) -> None:
    """Add a node to the end of a stream."""
    entries = iter(read_listpack(blob))
    take = entries.__next__
    ids: list[int] = []
    rows: list[Row] = []
    dead: list[int] = []
    try:
        total, deleted, width = _integer(take()), _integer(take()), _integer(take())
        if total < 0 or deleted < 0 or width < 1:
            raise CorruptRdb("a stream's node whose counts cannot be")
        total += deleted
        fields = tuple([take() for _ in range(width)])
        if _integer(take()):
            raise CorruptRdb("a stream's node without the end of its master entry")
        template = [*fields, *fields]
        template[::2] = fields
        first_ms, first_sequence = first >> 64, first & MAX_PART
        for position in range(total):
            flags = _integer(take())
            ms, sequence = first_ms + _integer(take()), first_sequence + _integer(take())
            ids.append((ms & MAX_PART) << 64 | sequence & MAX_PART)
            if flags & _DELETED:
                dead.append(position)
            if flags & _SAME_FIELDS:
                template[1::2] = [take() for _ in range(width)]
                rows.append(tuple(template))
                pieces = width + 3
            else:
                count = _integer(take())
                if count < 1:
                    raise CorruptRdb("a stream's entry without fields")
                rows.append(tuple([take() for _ in range(2 * count)]))
                pieces = 2 * count + 4
            if _integer(take()) != pieces:
                raise CorruptRdb("a stream's entry with another number of pieces than it says")
    except StopIteration:
        raise CorruptRdb("a stream's node with fewer entries than it says") from None
    if next(entries, None) is not None or len(dead) != deleted:
        raise CorruptRdb("a stream's node with other entries than it says")
    try:
        stream.load_node(first, fields, ids, rows, dead)
    except ValueError as error:
        raise CorruptRdb(f"a stream whose {error}") from None


def _integer(entry: bytes) -> int:
    number = _NUMBERS.get(entry)
    if number is not None:
        return number
    if not is_integer(entry):
        raise CorruptRdb("a stream's node with something else in the place of a number")
    return int(entry)


def _read_group(data: bytes, at: int, form: int, stream: StreamValue) -> tuple[ConsumerGroup, int]:
    last_id, at = _read_parts(data, at)
    if form == STREAM_LISTPACKS:
        entries_read = stream.entries_read_at(last_id)
    else:
        entries_read, at = read_length(data, at)
        if entries_read >= _INT64_END:
            entries_read = UNKNOWN_ENTRIES_READ
    group = ConsumerGroup(last_id, entries_read)
    # First all that is pending, then the consumers with the IDs of what each has of it.
    unclaimed: dict[int, tuple[int, int]] = {}
    count, at = read_count(data, at, _ID_BYTES + _MOMENT_BYTES + 1)
    for _ in range(count):
        ms, sequence = _read_id(data, at)
        delivered_ms = _read_i64(data, at + _ID_BYTES)[0]
        deliveries, at = read_length(data, at + _ID_BYTES + _MOMENT_BYTES)
        unclaimed[ms << 64 | sequence] = delivered_ms, deliveries
    if len(unclaimed) != count:
        raise CorruptRdb("an entry twice pending")
    consumers, at = read_count(data, at, 1 + _MOMENT_BYTES + 1)
    for _ in range(consumers):
        at = _read_consumer(data, at, form, group, unclaimed)
    if unclaimed:
        raise CorruptRdb("an entry pending for nobody")
    return group, at


def _read_consumer(
    data: bytes,
    at: int,
    form: int,
    group: ConsumerGroup,
    unclaimed: dict[int, tuple[int, int]],
) -> int:
    name, at = read_string(data, at)
    if name in group.consumers:
        raise CorruptRdb("Duplicate stream consumer detected")
    consumer = group.create_consumer(name, _read_i64(data, at)[0])
    consumer.active_ms = consumer.seen_ms
    at += _MOMENT_BYTES
    if form >= STREAM_LISTPACKS_3:
        consumer.active_ms = _read_i64(data, at)[0]
        at += _MOMENT_BYTES
    count, at = read_count(data, at, _ID_BYTES)
    for _ in range(count):
        ms, sequence = _read_id(data, at)
        at += _ID_BYTES
        entry_id = ms << 64 | sequence
        claim = unclaimed.pop(entry_id, None)
        if claim is None:
            raise CorruptRdb("an entry pending for a consumer and not for its group")
        group.assign(entry_id, consumer, *claim)
    return at


# Writing


def stream_pieces(stream: StreamValue, form: int, strings: StringWriter) -> Iterable[bytes]:
    """
    Return a stream in one of its forms, in pieces.

    The pieces of its nodes are made as they are asked for, but of what the
    stream has in it now: it may be changed meanwhile.
    """
    nodes = [node.copy() for node in stream.nodes]
    head = encode_length(len(nodes))
    return chain((head,), _node_pieces(nodes, strings), [*_tail_pieces(stream, form, strings)])


def _node_pieces(nodes: Sequence[StreamNode], strings: StringWriter) -> Iterator[bytes]:
    for node in nodes:
        yield b"\x10" + node.first.to_bytes(_ID_BYTES, "big") + strings.encode(_write_node(node))


def _tail_pieces(stream: StreamValue, form: int, strings: StringWriter) -> Iterator[bytes]:
    """Yield what comes behind the nodes: the counters and the consumer groups."""
    yield encode_length(stream.length)
    yield _encode_parts(stream.last_id)
    if form != STREAM_LISTPACKS:
        yield _encode_parts(stream.first_id)
        yield _encode_parts(stream.max_deleted_id)
        yield encode_length(stream.entries_added)
    yield encode_length(len(stream.groups))
    for name, group in sorted(stream.groups.items()):
        yield strings.encode(name)
        yield from _group_pieces(group, form, strings)


def _encode_parts(entry_id: int) -> bytes:
    return encode_length(entry_id >> 64) + encode_length(entry_id & MAX_PART)


def _write_node(node: StreamNode) -> bytes:
    """Return a node as a listpack."""
    total = node.total
    fields = node.fields
    dead = frozenset(node.dead_positions())
    count = 4 + len(fields)
    parts = [
        encode_integer_entry(total - len(dead)),
        encode_integer_entry(len(dead)),
        encode_integer_entry(len(fields)),
        *map(encode_entry, fields),
        _ZERO,
    ]
    same_pieces = encode_integer_entry(len(fields) + 3)
    first_ms, first_sequence = node.first >> 64, node.first & MAX_PART
    rows = zip(node.ids(0, total), node.rows(0, total), strict=True)
    for position, (entry_id, row) in enumerate(rows):
        same = row[::2] == fields
        ms, sequence = (entry_id >> 64) - first_ms, (entry_id & MAX_PART) - first_sequence
        parts += (
            _FLAGS[(_SAME_FIELDS if same else 0) | (position in dead)],
            encode_integer_entry(ms if ms < _INT64_END else _signed(ms)),
            encode_integer_entry(sequence if sequence.bit_length() < 64 else _signed(sequence)),
        )
        if same:
            parts += map(encode_entry, row[1::2])
            parts.append(same_pieces)
            count += len(fields) + 4
        else:
            parts.append(encode_integer_entry(len(row) // 2))
            parts += map(encode_entry, row)
            parts.append(encode_integer_entry(len(row) + 4))
            count += len(row) + 5
    return write_encoded_listpack(parts, count)


def _signed(difference: int) -> int:
    """Return a difference of unsigned 64-bit numbers as the signed number of the same bits."""
    return (difference + _INT64_END & MAX_PART) - _INT64_END


def _group_pieces(group: ConsumerGroup, form: int, strings: StringWriter) -> Iterator[bytes]:
    yield _encode_parts(group.last_id)
    if form != STREAM_LISTPACKS:
        yield encode_length(group.entries_read & MAX_PART)
    pending = group.pending
    parts = [encode_length(len(pending))]
    for entry_id in group.order:
        entry = pending[entry_id]
        parts += (
            entry_id.to_bytes(_ID_BYTES, "big"),
            _pack_i64(entry.delivered_ms),
            encode_length(entry.deliveries),
        )
    parts.append(encode_length(len(group.consumers)))
    yield b"".join(parts)
    for name in sorted(group.consumers):
        yield strings.encode(name)
        yield _encode_consumer(group.consumers[name], form)


def _encode_consumer(consumer: Consumer, form: int) -> bytes:
    """Write a consumer but for its name."""
    parts = [_pack_i64(consumer.seen_ms)]
    if form >= STREAM_LISTPACKS_3:
        parts.append(_pack_i64(consumer.active_ms))
    parts.append(encode_length(len(consumer.pending)))
    parts += [entry_id.to_bytes(_ID_BYTES, "big") for entry_id in consumer.pending]
    return b"".join(parts)
