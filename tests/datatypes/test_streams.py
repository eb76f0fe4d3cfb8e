"""Streams, against a sorted list of entries."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.stream_groups import UNKNOWN_ENTRIES_READ, ConsumerGroup
from pyredis.datatypes.stream_ids import MAX_ID, MAX_PART, make_id
from pyredis.datatypes.streams import EntryTooLarge, IdNotGreater, StreamValue

SMALL = EncodingLimits(stream_node_max_entries=4)


def stream(count: int, limits: EncodingLimits = SMALL) -> StreamValue:
    """Return a stream of entries 1-0, 2-0 and so on."""
    value = StreamValue()
    for number in range(1, count + 1):
        value.append(make_id(number, 0), (b"f", b"%d" % number), limits)
    return value


def numbers(value: StreamValue) -> list[int]:
    """Return the milliseconds of the entries there are."""
    return [entry_id >> 64 for entry_id, _ in value.entries()]


@dataclass
class Model:
    """What a stream should hold."""

    entries: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    last_id: int = 0
    added: int = 0


class StreamMachine(RuleBasedStateMachine):
    """Adds, deletes and trims, and compares with a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = StreamValue()
        self.model = Model()
        self.limits = EncodingLimits(stream_node_max_entries=3, stream_node_max_bytes=120)

    @rule(gap=st.sampled_from([1, 2, 1 << 64, 9 << 66]), value=st.binary(max_size=30))
    def append(self, gap: int, value: bytes) -> None:
        """Add an entry."""
        entry_id = self.model.last_id + gap
        row = (b"f", value) if gap != 2 else (b"g", value, b"h", b"7")
        self.stream.append(entry_id, row, self.limits)
        self.model.entries[entry_id] = row
        self.model.last_id = entry_id
        self.model.added += 1

    @rule(gap=st.sampled_from([1, 1 << 64]), values=st.lists(st.binary(max_size=30), min_size=1))
    def append_each(self, gap: int, values: list[bytes]) -> None:
        """Add several entries at once."""
        entry_id = self.model.last_id + gap
        self.stream.append_each(entry_id, [[b"f"] * len(values), values], self.limits)
        for value in values:
            self.model.entries[entry_id] = (b"f", value)
            self.model.last_id = entry_id
            self.model.added += 1
            entry_id += 1

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), off=st.sampled_from([0, 0, 0, 1]))
    def delete(self, data: st.DataObject, off: int) -> None:
        """Delete an entry that is there, or is not."""
        entry_id = data.draw(st.sampled_from(sorted(self.model.entries))) + off
        there = self.model.entries.pop(entry_id, None) is not None
        assert self.stream.delete(entry_id) is there

    @rule(spare=st.integers(0, 8))
    def trim_to_length(self, spare: int) -> None:
        """Keep the last few."""
        keep = max(len(self.model.entries) - spare, 0)
        gone = sorted(self.model.entries)[: len(self.model.entries) - keep]
        assert self.stream.trim_to_length(keep) == len(gone)
        for entry_id in gone:
            del self.model.entries[entry_id]

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data(), off=st.integers(-1, 1))
    def trim_before(self, data: st.DataObject, off: int) -> None:
        """Keep what is not older than an ID."""
        least = data.draw(st.sampled_from(sorted(self.model.entries))) + off
        gone = [entry_id for entry_id in self.model.entries if entry_id < least]
        assert self.stream.trim_before(least) == len(gone)
        for entry_id in gone:
            del self.model.entries[entry_id]

    @rule()
    def copy(self) -> None:
        """Go on with a copy."""
        self.stream = self.stream.copy()

    @rule(data=st.data(), count=st.integers(0, 5), reverse=st.booleans())
    def read(self, data: st.DataObject, count: int, reverse: bool) -> None:
        """Read a range."""
        ids = st.sampled_from([0, MAX_ID, *self.model.entries])
        start, end = data.draw(ids), data.draw(ids)
        expected = [e for e in sorted(self.model.entries.items()) if start <= e[0] <= end]
        if reverse:
            expected.reverse()
        found = self.stream.entries(start, end, count, reverse)
        assert found == (expected[:count] if count else expected)

    @invariant()
    def agrees(self) -> None:
        """The stream is the model."""
        entries = sorted(self.model.entries.items())
        assert self.stream.entries() == entries
        assert len(self.stream) == len(entries)
        assert self.stream.first_id == (entries[0][0] if entries else 0)
        assert self.stream.last_live_id == (entries[-1][0] if entries else 0)
        assert (self.stream.last_id, self.stream.entries_added) == (
            self.model.last_id,
            self.model.added,
        )
        for entry_id, row in entries:
            assert entry_id in self.stream
            assert self.stream.get(entry_id) == row


StreamMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
StreamMachineTests = StreamMachine.TestCase


class IdTests(SynchronousTestCase):
    """Which IDs new entries get and may have."""

    def test_the_next_id_is_now_or_one_more(self) -> None:
        """The clock going back does not take the IDs with it."""
        value = stream(5)

        self.assertEqual(value.next_id(9), make_id(9, 0))
        self.assertEqual(value.next_id(5), make_id(5, 1))
        self.assertEqual(value.next_id(2), make_id(5, 1))

    def test_the_sequence_number_carries_over(self) -> None:
        """After the last sequence number comes the next millisecond."""
        value = StreamValue()
        value.append(make_id(5, MAX_PART), (b"f", b"v"), SMALL)

        self.assertEqual(value.next_id(1), make_id(6, 0))
        self.assertRaises(IdNotGreater, value.next_id_in, 5)
        self.assertEqual(value.next_id_in(6), make_id(6, 0))

    def test_open_sequence_numbers(self) -> None:
        """They go on within the last millisecond and begin with 0 in others."""
        value = stream(5)

        self.assertEqual(value.next_id_in(5), make_id(5, 1))
        self.assertEqual(value.next_id_in(7), make_id(7, 0))

    def test_ids_must_grow(self) -> None:
        """Even beyond entries that were deleted."""
        value = stream(5)
        value.delete(make_id(5, 0))

        self.assertRaises(IdNotGreater, value.append, make_id(5, 0), (b"f", b"v"), SMALL)

    def test_an_entry_must_fit_a_node(self) -> None:
        """An entry of more than 1 GiB is refused."""

        class Huge(bytes):
            def __len__(self) -> int:
                return 2**30

        value = StreamValue()
        self.assertRaises(EntryTooLarge, value.append, 1, (b"f", Huge()), SMALL)
        self.assertEqual(len(value), 0)


class NodeTests(SynchronousTestCase):
    """Nodes end where they do in Redis."""

    def test_by_number(self) -> None:
        """A node takes so many entries, deleted ones included."""
        value = stream(9)
        self.assertEqual([node.total for node in value.nodes], [4, 4, 1])
        value.delete(make_id(9, 0))

        value.append(make_id(10, 0), (b"f", b"v"), SMALL)

        self.assertEqual([node.total for node in value.nodes], [4, 4, 1])

    def test_a_full_node_takes_more_when_the_limit_is_raised(self) -> None:
        """The last node is opened again."""
        value = stream(8)
        value.append(make_id(9, 0), (b"f", b"v"), SMALL)
        value.delete(make_id(9, 0))

        value.append(make_id(10, 0), (b"f", b"v"), EncodingLimits())

        self.assertEqual([node.total for node in value.nodes], [4, 5])
        self.assertEqual(numbers(value), [1, 2, 3, 4, 5, 6, 7, 8, 10])

    def test_radix_tree(self) -> None:
        """The tree over the nodes' IDs has the nodes redis-server 7.2.6 reports."""
        for firsts, count in (
            ([], 1),
            ([make_id(1, 0)], 2),
            ([make_id(1, 0), make_id(2, 0)], 6),
            ([make_id(1, 0), make_id(1, 1)], 4),
            ([make_id(1, 0), make_id(256, 0), make_id(257, 9)], 9),
        ):
            value = StreamValue()
            for first in firsts:
                value.append(first, (b"f", b"v"), EncodingLimits(stream_node_max_entries=1))

            self.assertEqual(value.radix_tree_nodes, count, firsts)

    def test_nodes_are_loaded_whole(self) -> None:
        """A node from a file keeps its first ID, its fields and its tombstones."""
        value = StreamValue()
        ids = [make_id(3, 0), make_id(4, 0), make_id(5, 0)]
        rows = [(b"f", b"1"), (b"g", b"2"), (b"f", b"3")]

        value.load_node(make_id(3, 0), (b"f",), ids, rows, [1])

        self.assertEqual(value.entries(), [(ids[0], rows[0]), (ids[2], rows[2])])
        self.assertEqual(value.nodes[0].dead_positions(), [1])
        self.assertRaises(ValueError, value.load_node, make_id(5, 0), (b"f",), ids, rows)
        self.assertRaises(ValueError, value.load_node, make_id(9, 0), (b"f",), [], [])
        self.assertRaises(
            ValueError, value.load_node, make_id(7, 0), (b"f",), [make_id(8, 0)] * 2, rows[:2]
        )

    def test_releasing_in_slices(self) -> None:
        """What was deleted is freed bit by bit until nothing is left."""
        value = stream(20)
        group = value.groups[b"g"] = ConsumerGroup(0)
        value.deliver(group, group.create_consumer(b"c", 0), 0, 0, False)
        rounds = 0
        while value:
            value.release(5)
            rounds += 1

        self.assertGreater(rounds, 5)
        self.assertEqual((value.groups, value.nodes), ({}, []))


class TrimTests(SynchronousTestCase):
    """Trimming with ~, and what it leaves."""

    def test_only_whole_nodes_go(self) -> None:
        """Nothing is cut off a node that holds what must stay."""
        value = stream(10)

        self.assertEqual(value.trim_to_length(5, approximate=True), 4)
        self.assertEqual(value.trim_to_length(5, approximate=True), 0)
        self.assertEqual(value.trim_before(make_id(9, 0), approximate=True), 4)
        self.assertEqual(numbers(value), [9, 10])

    def test_a_limit_ends_the_work(self) -> None:
        """A node that would pass it stays."""
        value = stream(12)

        self.assertEqual(value.trim_to_length(0, approximate=True, limit=7), 4)
        self.assertEqual(value.trim_before(MAX_ID, approximate=True, limit=3), 0)
        self.assertEqual(value.trim_before(MAX_ID, approximate=True, limit=4), 4)

    def test_a_node_of_tombstones(self) -> None:
        """Trimming by ID leaves a node whose last entry was deleted before; reading skips it."""
        value = stream(4)
        value.delete(make_id(4, 0))

        self.assertEqual(value.trim_before(make_id(4, 0)), 3)

        self.assertEqual((len(value), len(value.nodes)), (0, 1))
        self.assertEqual((value.first_id, value.last_live_id), (0, 0))
        self.assertEqual(value.entries(), [])
        value.append(make_id(5, 0), (b"f", b"v"), SMALL)
        self.assertEqual(value.first_id, make_id(5, 0))
        self.assertEqual(value.trim_to_length(0), 1)


class DeliveryTests(SynchronousTestCase):
    """Giving entries to the consumers of a group."""

    def setUp(self) -> None:
        """Make a stream of six entries and a group with one consumer."""
        self.stream = stream(6)
        self.group = self.stream.groups[b"g"] = ConsumerGroup(0, 0)
        self.consumer = self.group.create_consumer(b"alice", 100)

    def test_each_entry_is_given_once(self) -> None:
        """Delivered entries are pending for the consumer, and the group goes on behind them."""
        first = self.stream.deliver(self.group, self.consumer, 2, 200, False)
        second = self.stream.deliver(self.group, self.consumer, 0, 300, False)

        self.assertEqual([e >> 64 for e, _ in first], [1, 2])
        self.assertEqual([e >> 64 for e, _ in second], [3, 4, 5, 6])
        self.assertEqual(self.stream.deliver(self.group, self.consumer, 0, 400, False), [])
        self.assertEqual(len(self.group.pending), 6)
        self.assertEqual(self.group.pending[make_id(1, 0)].delivered_ms, 200)
        self.assertEqual(self.consumer.active_ms, 300)
        self.assertEqual((self.group.entries_read, self.stream.lag_of(self.group)), (6, 0))

    def test_without_acknowledgement(self) -> None:
        """NOACK leaves nothing pending, and the consumer does not count as active."""
        self.stream.deliver(self.group, self.consumer, 0, 200, True)

        self.assertEqual(len(self.group.pending), 0)
        self.assertEqual(self.consumer.active_ms, -1)
        self.assertEqual(self.group.last_id, make_id(6, 0))

    def test_an_entry_delivered_again_changes_hands(self) -> None:
        """After the group was set back, the new consumer has it as if for the first time."""
        self.stream.deliver(self.group, self.consumer, 0, 200, False)
        self.group.last_id = 0
        bob = self.group.create_consumer(b"bob", 0)

        self.stream.deliver(self.group, bob, 1, 300, False)

        entry = self.group.pending[make_id(1, 0)]
        self.assertEqual((entry.consumer, entry.deliveries, entry.delivered_ms), (bob, 1, 300))
        self.assertEqual((len(self.consumer.pending), len(bob.pending)), (5, 1))

    def test_history(self) -> None:
        """What is pending is given again and counted, deleted entries without their content."""
        self.stream.deliver(self.group, self.consumer, 3, 200, False)
        self.stream.delete(make_id(2, 0))

        found = self.stream.redeliver(self.group, self.consumer, 0, 0, 500)

        self.assertEqual([row is None for _, row in found], [False, True, False])
        first, second = self.group.pending[make_id(1, 0)], self.group.pending[make_id(2, 0)]
        self.assertEqual((first.deliveries, first.delivered_ms), (2, 500))
        self.assertEqual((second.deliveries, second.delivered_ms), (1, 200))
        later = self.stream.redeliver(self.group, self.consumer, make_id(2, 0), 1, 500)
        self.assertEqual([entry_id for entry_id, _ in later], [make_id(2, 0)])

    def test_lag_is_unknown_behind_a_gap(self) -> None:
        """XDEL ahead of a group hides how far it is behind, until it reads the last entry."""
        self.stream.deliver(self.group, self.consumer, 1, 200, False)
        self.stream.delete(make_id(3, 0))

        self.assertIsNone(self.stream.lag_of(self.group))
        self.stream.deliver(self.group, self.consumer, 1, 200, False)
        self.assertEqual(self.group.entries_read, UNKNOWN_ENTRIES_READ)
        self.stream.deliver(self.group, self.consumer, 0, 200, False)
        self.assertEqual((self.group.entries_read, self.stream.lag_of(self.group)), (6, 0))

    def test_entries_read_is_known_of_the_ends(self) -> None:
        """Of the first entry, the last one, and what lies before the first."""
        self.assertEqual(self.stream.entries_read_at(make_id(6, 0)), 6)
        self.assertEqual(self.stream.entries_read_at(make_id(1, 0)), 1)
        self.assertEqual(self.stream.entries_read_at(0), 0)
        self.assertEqual(self.stream.entries_read_at(make_id(3, 0)), UNKNOWN_ENTRIES_READ)
        self.assertEqual(self.stream.entries_read_at(make_id(9, 0)), UNKNOWN_ENTRIES_READ)
        self.stream.trim_to_length(4)
        self.assertEqual(self.stream.entries_read_at(make_id(1, 0)), 2)
        self.stream.trim_to_length(0)
        self.assertEqual(self.stream.entries_read_at(make_id(2, 0)), 6)
        self.assertEqual(StreamValue().entries_read_at(make_id(9, 0)), 0)

    def test_a_copy_is_apart(self) -> None:
        """Entries, groups, consumers and what is pending are the copy's own."""
        self.stream.deliver(self.group, self.consumer, 0, 200, False)
        twin = self.stream.copy()

        twin.delete(make_id(1, 0))
        twin.groups[b"g"].acknowledge(make_id(2, 0))
        twin.groups[b"g"].delete_consumer(b"alice")

        self.assertEqual(numbers(self.stream), [1, 2, 3, 4, 5, 6])
        self.assertEqual(len(self.group.pending), 6)
        self.assertEqual(len(self.consumer.pending), 6)
        self.assertEqual((len(twin), len(twin.groups[b"g"].pending)), (5, 0))


class RangeTests(SynchronousTestCase):
    """Reading."""

    @given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 5), st.booleans())
    def test_ranges(self, start: int, end: int, count: int, reverse: bool) -> None:
        """Both ends are included, in either direction."""
        value = stream(10)
        expected = [number for number in range(1, 11) if start <= number <= end]
        if reverse:
            expected.reverse()

        found = value.entries(make_id(start, 0), make_id(end, 0), count, reverse)

        self.assertEqual(
            [entry_id >> 64 for entry_id, _ in found], expected[:count] if count else expected
        )
