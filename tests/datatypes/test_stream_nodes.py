"""Nodes of streams: packing, tombstones, and the bytes Redis would need."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.stream_ids import make_id
from pyredis.datatypes.stream_nodes import OpenNode, Row, SealedNode, StreamNode

FIELDS = st.sampled_from([b"f", b"g", b"a longer field", b"12"])
VALUES = st.one_of(st.binary(max_size=70), st.integers(-(2**63), 2**63).map(lambda n: b"%d" % n))
ROWS = st.lists(st.tuples(FIELDS, VALUES), min_size=1, max_size=3).map(
    lambda pairs: tuple(piece for pair in pairs for piece in pair)
)
GAPS = st.sampled_from([1, 2, 300, 2**40, 1 << 64, 5 << 64, (1 << 80) + 7])
CONTENTS = st.lists(st.tuples(GAPS, ROWS), min_size=1, max_size=12)
UNIFORM = st.tuples(st.integers(1, 3), st.lists(GAPS, min_size=1, max_size=12)).map(
    lambda drawn: [(gap, (b"f", b"v%d" % gap) * drawn[0]) for gap in drawn[1]]
)


def opened(contents: list[tuple[int, Row]]) -> OpenNode:
    """Return a node of entries given by the distances of their IDs."""
    entry_id = make_id(1000, 500)
    node = OpenNode(entry_id, contents[0][1][::2])
    for gap, row in contents:
        node.put(entry_id, row, sum(map(len, row)))
        entry_id += gap
    return node


class StreamNodeTests(SynchronousTestCase):
    """What open and sealed nodes have in common."""

    @given(st.one_of(CONTENTS, UNIFORM), st.data())
    def test_a_sealed_node_is_the_open_one(
        self, contents: list[tuple[int, Row]], data: st.DataObject
    ) -> None:
        """Packing changes nothing that can be read, nor does unpacking again."""
        node = opened(contents)
        total = len(contents)
        for position in data.draw(st.sets(st.integers(0, total - 1), max_size=total)):
            node.delete(position)
        start = data.draw(st.integers(0, total))
        stop = data.draw(st.integers(start, total))
        count = data.draw(st.integers(0, 4))
        entry_id = data.draw(st.sampled_from(node.ids(0, total))) + data.draw(st.integers(-1, 1))

        def facts(of: StreamNode) -> list[object]:
            return [
                (of.first, of.last, of.fields, of.total, of.live, of.deleted),
                (of.ids(start, stop), of.rows(start, stop)),
                (of.entries(start, stop, count, False), of.entries(start, stop, count, True)),
                (of.seek(entry_id), of.find(entry_id), of.dead_positions()),
            ]

        sealed = node.seal()
        self.assertEqual(facts(sealed), facts(node))
        self.assertEqual(facts(sealed.copy()), facts(node))
        self.assertEqual(facts(sealed.reopen()), facts(node))
        self.assertEqual(facts(node.copy()), facts(node))
        self.assertEqual(sealed.reopen().size, node.size)

    @given(st.lists(st.integers(0, 9), max_size=10, unique=True), st.integers(0, 10))
    def test_tombstones(self, deleted: list[int], before: int) -> None:
        """Entries deleted one by one and in a row are gone, and only these."""
        node = opened([(1, (b"f", b"%d" % number)) for number in range(10)])
        alive = set(range(10))
        for position in deleted:
            node.delete(position)
            alive.remove(position)
        gone = {position for position in alive if position < before}

        self.assertEqual(node.delete_before(before), len(gone))

        alive -= gone
        left = [int(row[1]) for _, row in node.entries(0, 10, 0, False)]
        self.assertEqual(left, sorted(alive))
        self.assertEqual(node.live, len(alive))
        self.assertEqual(node.dead_positions(), sorted(set(range(10)) - alive))
        for position, entry_id in enumerate(node.ids(0, 10)):
            self.assertEqual(node.find(entry_id), position if position in alive else -1)
        if alive:
            self.assertEqual(node.first_live, node.ids(0, 10)[min(alive)])
            self.assertEqual(node.last_live, node.ids(0, 10)[max(alive)])

    def test_deleting_the_first_ones_passes_over_tombstones(self) -> None:
        """So many entries go, however many had gone between them."""
        node = opened([(1, (b"f", b"%d" % number)) for number in range(6)])
        node.delete(1)
        node.delete(2)

        node.delete_first(2)

        self.assertEqual([int(row[1]) for _, row in node.entries(0, 6, 0, False)], [4, 5])

    def test_a_copy_is_apart(self) -> None:
        """Deleting from one leaves the other."""
        for node in (opened([(1, (b"f", b"v"))] * 3), opened([(1, (b"f", b"v"))] * 3).seal()):
            node.delete(1)
            twin = node.copy()
            twin.delete(0)
            twin.delete(2)

            self.assertEqual((node.live, twin.live), (2, 0))


class SizeTests(SynchronousTestCase):
    """How full a node is."""

    def test_sizes_are_those_of_redis(self) -> None:
        """As MEMORY and DUMP of redis-server 7.2.6 tell them: the bytes of the listpack."""
        for contents, size in (
            # header, end, two counters, number of fields, "f", its end; the entry.
            ([(1, (b"f", b"v"))], 7 + 2 + 2 + 2 + 3 + 2 + (2 + 2 + 2 + 3 + 2)),
            # A second one with other fields tells their number and names.
            (
                [(1, (b"f", b"v")), (1, (b"gg", b"1"))],
                18 + 11 + (2 + 2 + 2 + 2 + 4 + 2 + 2),
            ),
            # Distances of more than 127, and a sequence number below the first one's.
            (
                [((300 << 64) - 400, (b"f", b"v")), (1, (b"f", b"x" * 64))],
                18 + 11 + (2 + 3 + 3 + 67 + 2),
            ),
            ([(1, (b"f", b"x" * 4096))], 18 + (2 + 2 + 2 + 4096 + 5 + 2 + 2)),
        ):
            self.assertEqual(opened(contents).size, size)

    @given(CONTENTS, st.integers(20, 900), GAPS, ROWS)
    @settings(max_examples=60)
    def test_room_is_what_the_size_says(
        self, contents: list[tuple[int, Row]], limit: int, gap: int, row: Row
    ) -> None:
        """The bound that spares the measuring never changes the answer."""
        node, measured = opened(contents), opened(contents)
        payload = sum(map(len, row))

        added = node.append(node.last + gap, row, payload, limit, 0)

        self.assertEqual(added, measured.size + payload < limit)
        self.assertEqual(node.total, measured.total + added)

    def test_room_by_number_of_entries(self) -> None:
        """Tombstones count; no limit is no limit."""
        node = opened([(1, (b"f", b"v"))] * 3)
        node.delete(0)
        row = (b"f", b"v")

        self.assertFalse(node.append(node.last + 1, row, 2, 4096, 3))
        self.assertTrue(node.append(node.last + 1, row, 2, 4096, 4))
        self.assertTrue(node.append(node.last + 1, row, 2, 0, 0))
        self.assertTrue(node.append(node.last + 1, row, 2, 2**62, 0))
        self.assertIsInstance(node.seal(), SealedNode)
