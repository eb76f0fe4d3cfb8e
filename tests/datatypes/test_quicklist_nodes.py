"""Tests of the nodes a quicklist would have, against a quicklist that really has them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import LIST_NODE_LIMITS, EncodingLimits, listpack_entry_size
from pyredis.datatypes.lists import ListValue

ELEMENTS = st.sampled_from([b"a", b"bb", b"17", b"-4097", b"x" * 70, b"y" * 900, b"z" * 3000])


class EagerQuicklist:
    """
    A list of nodes, each a list, on which everything is done at once.

    It is slow and plain on purpose: what the followed nodes must agree with.
    """

    def __init__(self, fill: int) -> None:
        self.fill = fill
        self.nodes: list[list[bytes]] = []

    @staticmethod
    def size(node: list[bytes]) -> int:
        """Return the bytes of a node as a listpack."""
        return 7 + sum(map(listpack_entry_size, node))

    def has_room(self, number: int, element: bytes) -> bool:
        """Tell whether there is such a node and it takes the element."""
        if not 0 <= number < len(self.nodes):
            return False
        most_bytes, most_entries = LIST_NODE_LIMITS[self.fill]
        node = self.nodes[number]
        return self.size(node) + len(element) + 8 <= most_bytes and len(node) < most_entries

    def push(self, element: bytes, *, left: bool) -> None:
        """Push an element at one end."""
        end = 0 if left else len(self.nodes) - 1
        if not self.has_room(end, element):
            end = 0 if left else len(self.nodes)
            self.nodes.insert(end, [])
        node = self.nodes[end]
        node.insert(0 if left else len(node), element)

    def delete(self, indexes: range | list[int]) -> None:
        """Delete the elements at some indexes; nodes are never merged for it."""
        gone = set(indexes)
        index = -1
        kept = []
        for node in self.nodes:
            rest = []
            for element in node:
                index += 1
                if index not in gone:
                    rest.append(element)
            if rest:
                kept.append(rest)
        self.nodes = kept

    def find(self, index: int) -> tuple[int, int]:
        """Return the node of an element and its place there."""
        for number, node in enumerate(self.nodes):
            if index < len(node):
                return number, index
            index -= len(node)
        raise IndexError(index)

    def insert(self, index: int, element: bytes, *, after: bool) -> None:
        """Insert beside the element at an index."""
        number, place = self.find(index)
        node = self.nodes[number]
        if self.has_room(number, element):
            node.insert(place + after, element)
        elif after and place == len(node) - 1:
            if self.has_room(number + 1, element):
                self.nodes[number + 1].insert(0, element)
            else:
                self.nodes.insert(number + 1, [element])
        elif not after and place == 0:
            if self.has_room(number - 1, element):
                self.nodes[number - 1].append(element)
            else:
                self.nodes.insert(number, [element])
        else:
            self.split(number, place, element, after=after)

    def split(self, number: int, place: int, element: bytes, *, after: bool) -> None:
        """Split a full node for a new element, and merge what became small."""
        node = self.nodes[number]
        if after:
            parts = [node[: place + 1], [element, *node[place + 1 :]]]
            centre = parts[0]
        else:
            parts = [[*node[:place], element], node[place:]]
            centre = parts[1]
        self.nodes[number : number + 1] = parts
        at = number + (not after)
        assert self.nodes[at] is centre
        at -= self.merge(at - 2)
        self.merge(at + 1)
        at -= self.merge(at - 1)
        self.merge(at)

    def merge(self, number: int) -> bool:
        """Merge a node with the next if both fit into one."""
        if not 0 <= number < len(self.nodes) - 1:
            return False
        both = self.nodes[number] + self.nodes[number + 1]
        most_bytes, most_entries = LIST_NODE_LIMITS[self.fill]
        if self.size(both) > most_bytes or len(both) > most_entries:
            return False
        self.nodes[number : number + 2] = [both]
        return True

    def lengths(self) -> list[int]:
        """Return how many elements each node has."""
        return [len(node) for node in self.nodes]

    def elements(self) -> list[bytes]:
        """Return all elements."""
        return [element for node in self.nodes for element in node]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.lists(ELEMENTS, min_size=1, max_size=40), st.booleans()),
        st.tuples(st.just("pop"), st.integers(1, 60), st.booleans()),
        st.tuples(st.just("cut"), st.integers(1, 60), st.booleans()),
        st.tuples(st.just("insert"), ELEMENTS, st.booleans()),
        st.tuples(st.just("remove"), ELEMENTS, st.booleans()),
        st.tuples(st.just("set"), ELEMENTS, st.booleans()),
        st.tuples(st.just("look"), st.none(), st.booleans()),
    ),
    min_size=5,
    max_size=60,
)


class FollowedNodesTests(SynchronousTestCase):
    """Nodes that are only counted are the nodes of a real quicklist."""

    @settings(max_examples=300)
    @given(
        operations=OPERATIONS,
        fill=st.sampled_from([-2, -1, 1, 2, 3, 5, 40]),
        chance=st.randoms(use_true_random=False),
    )
    def test_they_are_the_same_after_any_history(self, operations, fill, chance) -> None:  # type: ignore[no-untyped-def]
        """Lengths of nodes, the encoding and the elements agree after every step."""
        limits = EncodingLimits(list_max_listpack_size=fill)
        start = [b"s" * 9000, b"t" * 9000]
        value = ListValue.of(start, limits)
        real = EagerQuicklist(fill)
        for element in start:
            real.push(element, left=False)
        for name, detail, left in operations:
            size = len(value)
            if name == "push":
                (value.push_left if left else value.push_right)(detail, limits)
                for element in detail:
                    real.push(element, left=left)
            elif size - 1 <= 0:
                continue
            elif name == "pop":
                number = min(detail, size - 1)
                for _ in range(number):
                    if value.encoding == "quicklist":
                        (value.pop_left if left else value.pop_right)()
                        real.delete([0 if left else len(real.elements()) - 1])
            elif name == "cut":
                number = min(detail, size - 1)
                (value.pop_left_many if left else value.pop_right_many)(number)
                real.delete(range(number) if left else range(size - number, size))
            elif name == "insert":
                pivot = chance.choice(real.elements())
                (value.insert_before if left else value.insert_after)(pivot, detail, limits)
                real.insert(real.elements().index(pivot), detail, after=not left)
            elif name == "remove":
                places = [at for at, each in enumerate(real.elements()) if each == detail]
                if len(places) == size:
                    continue
                value.remove(detail, 0)
                real.delete(places)
            elif name == "set":
                index = chance.randrange(size)
                value.set(index, detail, limits)
                number, place = real.find(index)
                real.nodes[number][place] = detail
            else:
                value.node_lengths()
            self.assertEqual(list(value), real.elements())
            if value.encoding == "listpack":
                most_bytes, most_entries = LIST_NODE_LIMITS[fill]
                self.assertEqual(len(real.nodes), 1)
                self.assertTrue(len(real.nodes[0]) * 2 <= most_entries)
                self.assertTrue(fill >= 0 or real.size(real.nodes[0]) * 2 <= most_bytes)
                return
        self.assertEqual(value.node_lengths(), real.lengths())

    def test_pushing_is_not_looked_at_until_it_matters(self) -> None:
        """A million elements pushed are a number, and draining them settles a bit at a time."""
        limits = EncodingLimits()
        value = ListValue.of([b"s" * 9000, b"t" * 9000], limits)
        value.push_right([b"element"] * 50_000, limits)
        nodes = value._nodes
        assert nodes is not None
        self.assertEqual((nodes.pending_right, len(nodes.counts)), (50_000, 2))
        most = before = nodes.pending_right
        for _ in range(3000):
            value.pop_left()
            most = min(most, nodes.pending_right - before)
            before = nodes.pending_right
        # One node takes 8 KiB, at 9 bytes an element.
        self.assertTrue(-1000 < most < 0, most)
        self.assertTrue(nodes.pending_right > 40_000)
