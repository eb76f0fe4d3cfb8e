"""Tests of streams in RDB."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.listpacks import write_listpack
from pyredis.datatypes.stream_groups import ConsumerGroup
from pyredis.datatypes.stream_ids import MAX_ID, make_id
from pyredis.datatypes.streams import StreamValue
from pyredis.persistence.rdb_format import (
    STREAM_LISTPACKS,
    STREAM_LISTPACKS_2,
    STREAM_LISTPACKS_3,
    CorruptRdb,
    encode_length,
)
from pyredis.persistence.rdb_streams import read_stream, stream_pieces
from pyredis.persistence.rdb_strings import StringWriter
from tests.persistence.contents import plain

LIMITS = EncodingLimits(stream_node_max_entries=5)
FORMS = (STREAM_LISTPACKS, STREAM_LISTPACKS_2, STREAM_LISTPACKS_3)
PARTS = st.one_of(st.integers(0, 3), st.sampled_from([1 << 63, (1 << 64) - 1, 70000]))
FIELDS = st.sampled_from([(b"f", b"1"), (b"f", b"x", b"g", b"-5"), (b"other", b"y" * 100)])


def written(stream: StreamValue, form: int) -> bytes:
    """Return a stream as it is written."""
    return b"".join(stream_pieces(stream, form, StringWriter()))


def example() -> StreamValue:
    """Return a stream with tombstones, groups and pending entries."""
    stream = StreamValue()
    for number in range(1, 18):
        row = (b"f", b"%d" % number) if number % 4 else (b"g", b"x", b"h", b"")
        stream.append(make_id(number, 3), row, LIMITS)
    for number in (2, 7, 8):
        stream.delete(make_id(number, 3))
    stream.trim_to_length(12)
    group = stream.groups[b"g"] = ConsumerGroup(0, 0)
    stream.groups[b"other"] = ConsumerGroup(make_id(5, 3))
    alice, bob = group.create_consumer(b"alice", 100), group.create_consumer(b"bob", 200)
    group.create_consumer(b"idle", 300)
    stream.deliver(group, alice, 3, 1000, False)
    stream.deliver(group, bob, 2, 2000, False)
    return stream


class RoundTripTests(SynchronousTestCase):
    """What is written is read."""

    def test_everything_comes_back(self) -> None:
        """Entries, tombstones, groups, consumers and what is pending."""
        stream = example()
        data = written(stream, STREAM_LISTPACKS_3)
        twin, at = read_stream(b"x" + data + b"y", 1, STREAM_LISTPACKS_3)
        self.assertEqual(plain(twin), plain(stream))
        self.assertEqual(at, 1 + len(data))
        self.assertEqual(
            [node.dead_positions() for node in twin.nodes],
            [node.dead_positions() for node in stream.nodes],
        )
        self.assertEqual(written(twin, STREAM_LISTPACKS_3), data)

    def test_older_forms_know_less(self) -> None:
        """When somebody was active, what was deleted and how much was read is worked out."""
        stream = example()
        second, _ = read_stream(written(stream, STREAM_LISTPACKS_2), 0, STREAM_LISTPACKS_2)
        self.assertEqual(second.groups[b"g"].consumers[b"alice"].active_ms, 100)
        self.assertEqual(second.entries_added, 17)
        first, _ = read_stream(written(stream, STREAM_LISTPACKS), 0, STREAM_LISTPACKS)
        self.assertEqual((first.entries_added, first.max_deleted_id), (12, 0))
        self.assertEqual(first.entries(), stream.entries())
        self.assertEqual(first.groups[b"g"].entries_read, -1)

    def test_a_read_stream_can_be_added_to(self) -> None:
        """Where it stopped, in the node it stopped in."""
        stream = example()
        twin, _ = read_stream(written(stream, STREAM_LISTPACKS_3), 0, STREAM_LISTPACKS_3)
        for number in range(18, 30):
            twin.append(make_id(number, 0), (b"f", b"v"), LIMITS)
            stream.append(make_id(number, 0), (b"f", b"v"), LIMITS)
        self.assertEqual(
            [(node.first, node.total) for node in twin.nodes],
            [(node.first, node.total) for node in stream.nodes],
        )

    @given(
        st.lists(st.tuples(PARTS, PARTS, FIELDS, st.booleans()), max_size=20),
        st.sampled_from(FORMS),
    )
    def test_any_ids(self, rows: list[tuple[int, int, Any, bool]], form: int) -> None:
        """Differences between them have up to 64 bits, either way."""
        stream = StreamValue()
        for ms, sequence, row, deleted in sorted(rows):
            entry_id = make_id(ms, sequence)
            if entry_id > stream.last_id:
                stream.append(entry_id, row, LIMITS)
                if deleted:
                    stream.delete(entry_id)
        twin, _ = read_stream(written(stream, form), 0, form)
        self.assertEqual(twin.entries(), stream.entries())
        self.assertEqual(twin.last_id, stream.last_id)


NODE = [b"1", b"0", b"1", b"f", b"0", b"2", b"0", b"0", b"v", b"4"]


def with_node(*entries: bytes, key: int = 1, length: int = 1, last_id: int = 1) -> bytes:
    """Return a stream of one node."""
    strings = StringWriter()
    return b"".join(
        (
            b"\x01\x10" + key.to_bytes(16, "big") + strings.encode(write_listpack(entries)),
            encode_length(length),
            encode_length(last_id >> 64) + encode_length(last_id & (1 << 64) - 1),
            b"\0",
        )
    )


class RefusalTests(SynchronousTestCase):
    """What contradicts itself is refused."""

    def refused(self, data: bytes, form: int = STREAM_LISTPACKS) -> None:
        """Fail unless this is corrupt."""
        self.assertRaises(CorruptRdb, read_stream, data, 0, form)

    def test_a_plain_node_is_read(self) -> None:
        """The one that the others here were made from."""
        stream, _ = read_stream(with_node(*NODE), 0, STREAM_LISTPACKS)
        self.assertEqual(stream.entries(), [(1, (b"f", b"v"))])

    def test_nodes(self) -> None:
        """Every entry of a node has its meaning."""
        for place, entry in (
            (0, b"2"),
            (0, b"0"),
            (0, b"-1"),
            (0, b"x"),
            (0, b"9223372036854775807"),
            (1, b"1"),
            (1, b"-1"),
            (2, b"2"),
            (2, b"0"),
            (2, b"-1"),
            (2, b"9223372036854775807"),
            (4, b"1"),
            (5, b"x"),
            (5, b"3"),
            (5, b"0"),
            (6, b"x"),
            (6, b"-1"),
            (7, b""),
            (9, b"5"),
            (9, b"04"),
        ):
            entries = NODE.copy()
            entries[place] = entry
            self.refused(with_node(*entries))
        for size in range(len(NODE)):
            self.refused(with_node(*NODE[:size]))
        self.refused(with_node(*NODE, b"1"))
        own_fields = [*NODE[:5], b"0", b"0", b"0", b"1", b"g", b"w", b"6"]
        read_stream(with_node(*own_fields), 0, STREAM_LISTPACKS)
        for count in (b"0", b"-1", b"2"):
            self.refused(with_node(*own_fields[:8], count, *own_fields[9:]))

    def test_counters(self) -> None:
        """The number of entries, the last ID, the key of a node."""
        self.refused(with_node(*NODE, length=2))
        self.refused(with_node(*NODE, last_id=0))
        self.refused(with_node(*NODE).replace(b"\x10" + bytes(15), b"\x0f" + bytes(14), 1))
        self.refused(with_node(*NODE, key=MAX_ID).replace(b"v", b"w"))

    def test_the_order_of_entries_and_nodes(self) -> None:
        """IDs grow."""
        two = [b"2", *NODE[1:], b"2", b"0", b"0", b"w", b"4"]
        self.refused(with_node(*two, length=2))
        one = with_node(*NODE)
        node = one[1 : one.index(b"\xff") + 1]
        self.refused(b"\x02" + node + node + b"\x02\x00\x01\x00")

    def test_groups(self) -> None:
        """Names once, pending entries once, for somebody, and known to the group."""
        entry = (1).to_bytes(16, "big")
        nack = entry + bytes(8) + b"\x01"
        head = with_node(*NODE)[:-1]

        def group(pending: bytes, *consumers: bytes) -> bytes:
            return b"\x01g\0\1" + pending + encode_length(len(consumers)) + b"".join(consumers)

        def consumer(name: bytes, *entries: bytes) -> bytes:
            return b"\x01" + name + bytes(8) + encode_length(len(entries)) + b"".join(entries)

        good = group(b"\x01" + nack, consumer(b"a", entry))
        read_stream(head + b"\x01" + good, 0, STREAM_LISTPACKS)
        self.refused(head + b"\x02" + good + good)
        for bad in (
            group(b"\x02" + nack + nack, consumer(b"a", entry)),
            group(b"\x01" + nack, consumer(b"a")),
            group(b"\x01" + nack),
            group(b"\x00", consumer(b"a", entry)),
            group(b"\x01" + nack, consumer(b"a", entry, entry)),
            group(b"\x01" + nack, consumer(b"a", entry), consumer(b"b", entry)),
            group(b"\x01" + nack, consumer(b"a", entry), consumer(b"a")),
        ):
            self.refused(head + b"\x01" + bad)
