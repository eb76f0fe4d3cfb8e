"""Tests of lists."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.lists import ListValue

LIMITS = EncodingLimits()
ELEMENTS = st.sampled_from([b"a", b"b", b"c", b"17", b"-4097", b"x" * 70, b"y" * 900])


def numbered(size: int, *, left: bool = False) -> ListValue:
    """Return a list of the numbers from 0, pushed from one side."""
    value = ListValue()
    numbers = [b"%d" % number for number in range(size)]
    if left:
        value.push_left(numbers[::-1], LIMITS)
    else:
        value.push_right(numbers, LIMITS)
    return value


class ListMachine(RuleBasedStateMachine):
    """A list beside a Python list that is told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.value = ListValue()
        self.model: list[bytes] = []

    @rule(items=st.lists(ELEMENTS, min_size=1, max_size=30), left=st.booleans())
    def push(self, items: list[bytes], left: bool) -> None:
        """Push at one side."""
        if left:
            self.value.push_left(items, LIMITS)
            self.model[:0] = items[::-1]
        else:
            self.value.push_right(items, LIMITS)
            self.model += items

    @rule(left=st.booleans(), times=st.integers(1, 20))
    def pop(self, left: bool, times: int) -> None:
        """Pop one by one."""
        for _ in range(min(times, len(self.model))):
            if left:
                assert self.value.pop_left() == self.model.pop(0)
            else:
                assert self.value.pop_right() == self.model.pop()

    @rule(left=st.booleans(), number=st.integers(0, 40))
    def pop_many(self, left: bool, number: int) -> None:
        """Pop many at once."""
        number = min(number, len(self.model))
        if left:
            assert self.value.pop_left_many(number) == self.model[:number]
            del self.model[:number]
        else:
            rest = len(self.model) - number
            assert self.value.pop_right_many(number) == self.model[rest:][::-1]
            del self.model[rest:]

    @rule(start=st.integers(0, 50), stop=st.integers(0, 80))
    def trim(self, start: int, stop: int) -> None:
        """Keep a range."""
        self.value.trim(start, stop)
        self.model = self.model[start:stop]

    @rule(start=st.integers(0, 90), stop=st.integers(0, 90))
    def slice(self, start: int, stop: int) -> None:
        """Read a range."""
        assert self.value.slice(start, stop) == self.model[start:stop]

    @rule(place=st.floats(0, 1, exclude_max=True), element=ELEMENTS)
    def replace(self, place: float, element: bytes) -> None:
        """Replace and read one element."""
        if self.model:
            index = int(place * len(self.model))
            assert self.value[index] == self.model[index]
            self.value.set(index, element, LIMITS)
            self.model[index] = element

    @rule(pivot=ELEMENTS, element=ELEMENTS, after=st.booleans())
    def insert(self, pivot: bytes, element: bytes, after: bool) -> None:
        """Insert beside an element."""
        insert = self.value.insert_after if after else self.value.insert_before
        assert insert(pivot, element, LIMITS) == (pivot in self.model)
        if pivot in self.model:
            self.model.insert(self.model.index(pivot) + after, element)

    @rule(element=ELEMENTS, count=st.integers(-8, 8))
    def remove(self, element: bytes, count: int) -> None:
        """Remove some elements."""
        places = [place for place, other in enumerate(self.model) if other == element]
        if count > 0:
            places = places[:count]
        elif count < 0:
            places = places[count:]
        assert self.value.remove(element, count) == len(places)
        for place in reversed(places):
            del self.model[place]

    @rule(
        element=ELEMENTS,
        rank=st.integers(-4, 4).filter(bool),
        count=st.integers(0, 4),
        maxlen=st.integers(0, 50),
    )
    def find(self, element: bytes, rank: int, count: int, maxlen: int) -> None:
        """Look for an element."""
        places = list(range(len(self.model)))
        if rank < 0:
            places.reverse()
        found = [place for place in places[: maxlen or None] if self.model[place] == element][
            abs(rank) - 1 :
        ]
        expected = found[: count or None]
        assert self.value.positions(element, rank, count, maxlen) == expected

    @rule(from_left=st.booleans(), to_left=st.booleans())
    def rotate(self, from_left: bool, to_left: bool) -> None:
        """Move an element from end to end."""
        if self.model:
            moved = self.model.pop(0 if from_left else -1)
            assert self.value.rotate(from_left, to_left, LIMITS) == moved
            self.model.insert(0 if to_left else len(self.model), moved)

    @rule()
    def copy(self) -> None:
        """Go on with a copy, after spoiling the original."""
        original, self.value = self.value, self.value.copy()
        original.push_left([b"spoilt"] * 5, LIMITS)

    @invariant()
    def same(self) -> None:
        """Both hold the same elements."""
        assert len(self.value) == len(self.model)
        assert list(self.value) == self.model


class ModelTests(SynchronousTestCase):
    """A list does what a Python list does."""

    def test_it_holds_what_was_put_in(self) -> None:
        """Any history of operations leaves the same elements in both."""
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            ListMachine,
            settings=settings(max_examples=60, stateful_step_count=40),
        )


class EndTests(SynchronousTestCase):
    """Both ends and indexes."""

    def test_an_empty_list_gives_nothing(self) -> None:
        """Popping from an empty list raises IndexError."""
        self.assertRaises(IndexError, ListValue().pop_left)
        self.assertRaises(IndexError, ListValue().pop_right)
        self.assertRaises(IndexError, ListValue().set, 0, b"x", LIMITS)

    def test_elements_pushed_together_lie_in_the_order_of_pushing(self) -> None:
        """LPUSH a b c makes c b a."""
        value = ListValue()
        value.push_left([b"a", b"b", b"c"], LIMITS)
        value.push_right([b"d", b"e"], LIMITS)
        self.assertEqual(list(value), [b"c", b"b", b"a", b"d", b"e"])

    def test_a_drain_moves_each_element_a_constant_number_of_times(self) -> None:
        """Popping a list from the side it was not pushed to halves, it does not shift."""
        for left in (False, True):
            value = numbered(10_000, left=left)
            refills = 0
            for _ in range(10_000):
                if left:
                    refills += not value._back
                    value.pop_right()
                else:
                    refills += not value._front
                    value.pop_left()
            self.assertTrue(refills <= 15, refills)

    def test_pops_at_both_ends_alternate_cheaply(self) -> None:
        """Neither end takes back what the other has just taken over."""
        value = numbered(10_000)
        refills = 0
        while len(value) > 1:
            refills += (not value._front) + (not value._back)
            value.pop_left()
            value.pop_right()
        self.assertTrue(refills <= 15, refills)


class EncodingTests(SynchronousTestCase):
    """What OBJECT ENCODING would say."""

    def test_a_list_becomes_a_quicklist_by_bytes(self) -> None:
        """A listpack is left when the payload of what is pushed would not fit."""
        value = ListValue()
        value.push_right([b"x" * 8000], LIMITS)
        self.assertEqual(value.encoding, "listpack")
        value.push_right([b"x" * (8192 - 7 - 8000 - 7)], LIMITS)
        self.assertEqual(value.encoding, "listpack")
        value.push_right([b"x"], LIMITS)
        self.assertEqual(value.encoding, "quicklist")

    def test_the_size_counted_is_exact(self) -> None:
        """Small integers take two bytes, so that far more of them stay a listpack."""
        value = ListValue()
        for _ in range(4093):
            value.push_left([b"7"], LIMITS)
            self.assertEqual(value.encoding, "listpack")
        value.push_left([b"7"], LIMITS)
        self.assertEqual(value.encoding, "quicklist")

    def test_pushes_and_pops_in_turn_do_not_grow_it(self) -> None:
        """What was popped is not counted for ever."""
        value = ListValue()
        for _ in range(2000):
            value.push_left([b"x" * 100], LIMITS)
            value.pop_right()
            self.assertEqual(value.encoding, "listpack")

    def test_a_list_becomes_a_quicklist_by_entries(self) -> None:
        """A positive list-max-listpack-size counts, and 0 counts as 1."""
        for fill, most in ((3, 3), (0, 1)):
            limits = EncodingLimits(list_max_listpack_size=fill)
            value = ListValue()
            value.push_right([b"x"] * most, limits)
            self.assertEqual(value.encoding, "listpack")
            value.push_right([b"x"], limits)
            self.assertEqual(value.encoding, "quicklist")

    def test_it_comes_back_when_half_of_one_node_is_left(self) -> None:
        """As in Redis: one node, and at most half of what a listpack may have."""
        limits = EncodingLimits(list_max_listpack_size=8)
        value = ListValue()
        value.push_right([b"%d" % number for number in range(20)], limits)
        self.assertEqual(value.node_lengths(), [8, 8, 4])
        for _ in range(11):
            value.pop_left()
            self.assertEqual(value.encoding, "quicklist")
        # [5, 4] and then [4]: the last node was never more than half full.
        for _ in range(5):
            self.assertEqual(value.encoding, "quicklist")
            value.pop_left()
        self.assertEqual((len(value), value.encoding), (4, "listpack"))

    def test_two_small_nodes_are_still_a_quicklist(self) -> None:
        """Nodes are not merged by popping from both sides."""
        limits = EncodingLimits(list_max_listpack_size=8)
        value = ListValue()
        value.push_right([b"%d" % number for number in range(16)], limits)
        value.trim(7, 9)
        self.assertEqual((value.encoding, value.node_lengths()), ("quicklist", [1, 1]))
        value.pop_left()
        self.assertEqual(value.encoding, "listpack")

    def test_replacing_a_large_element_makes_it_small(self) -> None:
        """LSET of a small value can bring the listpack back."""
        limits = EncodingLimits(list_max_listpack_size=-1)
        value = ListValue()
        value.push_right([b"x" * 5000, b"a", b"b"], limits)
        value.pop_right_many(2)
        self.assertEqual(value.encoding, "quicklist")
        value.set(0, b"c", limits)
        self.assertEqual(value.encoding, "listpack")

    def test_a_list_made_at_once_may_be_full(self) -> None:
        """SORT STORE and loading use the whole limit, not half of it."""
        limits = EncodingLimits(list_max_listpack_size=4)
        self.assertEqual(ListValue.of([b"x"] * 4, limits).encoding, "listpack")
        self.assertEqual(ListValue.of([b"x"] * 5, limits).node_lengths(), [4, 1])
        loaded = ListValue.of_nodes([[b"a"], [], [b"b", b"c"]], limits)
        self.assertEqual((loaded.node_lengths(), loaded.encoding), ([1, 2], "quicklist"))
        self.assertEqual(ListValue.of_nodes([[b"a", b"b"]], limits).encoding, "listpack")

    def test_a_list_that_was_a_listpack(self) -> None:
        """It stays one if it may be so large, else its size is looked at."""
        for size, fill in product((7, 9, 5000, 9000), (2, 1, -1, -2)):
            limits = EncodingLimits(list_max_listpack_size=fill)
            same = ListValue.of_nodes([[b"a", b"b"]], limits)
            value = ListValue.of_listpack([b"a", b"b"], size, limits)
            self.assertEqual(list(value), [b"a", b"b"])
            self.assertEqual(value.encoding, same.encoding)

    def test_a_short_list_may_stay_a_quicklist(self) -> None:
        """As one loaded from a ziplist does in Redis 7.2."""
        self.assertEqual(ListValue.of([b"a"], LIMITS).encoding, "listpack")
        self.assertEqual(ListValue.of([b"a"], LIMITS, shrinking=False).encoding, "quicklist")

    def test_a_list_rotated_in_place_keeps_its_encoding(self) -> None:
        """LMOVE within a list looks at its size only after it pushed."""
        limits = EncodingLimits(list_max_listpack_size=4)
        value = ListValue()
        value.push_right([b"a", b"b", b"c", b"d", b"e"], limits)
        value.pop_right_many(2)
        self.assertEqual((len(value), value.encoding), (3, "quicklist"))
        value.rotate(False, True, limits)
        self.assertEqual((list(value), value.encoding), ([b"c", b"a", b"b"], "quicklist"))

    def test_configuration_counts_as_it_is_now(self) -> None:
        """A quicklist shrinks by the limit of today, not of when it was made."""
        limits = EncodingLimits(list_max_listpack_size=2)
        value = ListValue()
        value.push_right([b"a", b"b", b"c"], limits)
        limits.list_max_listpack_size = 8
        value.pop_right()
        self.assertEqual(value.encoding, "listpack")

    @given(
        items=st.lists(ELEMENTS, min_size=1, max_size=300),
        fill=st.sampled_from([-1, -2, 1, 3, 16]),
    )
    def test_pushing_together_or_singly_gives_the_same_nodes(
        self, items: list[bytes], fill: int
    ) -> None:
        """Nodes are filled one element at a time, however many come at once."""
        limits = EncodingLimits(list_max_listpack_size=fill)
        # A list that is a quicklist already, since the conversion looks at all items at once.
        together = ListValue.of([b"z" * 5000, b"z" * 9000], limits)
        singly = together.copy()
        together.push_right(items, limits)
        for item in items:
            singly.push_right([item], limits)
        self.assertEqual(together.node_lengths(), singly.node_lengths())

    def test_release_forgets_in_slices(self) -> None:
        """From both of its halves."""
        value = ListValue.of([b"%d" % number for number in range(1000)], LIMITS)
        value.push_left([b"a"] * 500, LIMITS)
        sizes = []
        while value:
            value.release(400)
            sizes.append(len(value))

        self.assertEqual(sizes, [1100, 700, 300, 0])


class EachTests(SynchronousTestCase):
    """What batches do is what so many single steps do."""

    @settings(max_examples=150)
    @given(
        st.lists(
            st.tuples(st.booleans(), st.booleans(), st.integers(1, 25), st.booleans()), max_size=14
        ),
        st.sampled_from([2, 5, -1]),
    )
    def test_pushes_and_pops(self, steps: list[tuple[bool, bool, int, bool]], fill: int) -> None:
        """Elements, encodings and nodes are the same after any history."""
        limits = EncodingLimits(list_max_listpack_size=fill)
        mine, theirs = ListValue(), ListValue()
        words = [b"7", b"-5", b"abc", b"x" * 300]
        for pushes, left, number, looked_at in steps:
            if pushes:
                items = [words[n * number % 4] for n in range(number * 3)]
                (mine.push_left_each if left else mine.push_right_each)(items, limits)
                for item in items:
                    (theirs.push_left if left else theirs.push_right)([item], limits)
            else:
                popped = (mine.pop_left_each if left else mine.pop_right_each)(number, 1 << 20)
                number = len(popped)
                self.assertEqual(
                    popped,
                    [(theirs.pop_left if left else theirs.pop_right)() for _ in range(number)],
                )
            self.assertEqual([*mine], [*theirs])
            self.assertEqual(mine.encoding, theirs.encoding)
            if looked_at:
                self.assertEqual(mine.copy().node_lengths(), theirs.copy().node_lengths())
        self.assertEqual(mine.node_lengths(), theirs.node_lengths())

    def test_pops_over_many_nodes(self) -> None:
        """A batch may take whole nodes, whether they were settled or not."""
        limits = EncodingLimits(list_max_listpack_size=4)
        items = [b"%d" % number for number in range(100)]
        for pushes_left, pops_left in product((False, True), repeat=2):
            value = ListValue()
            (value.push_left_each if pushes_left else value.push_right_each)(items, limits)
            # Half of the list is moved to the end that the first is popped from.
            (value.pop_left if pops_left else value.pop_right)()
            expected = [*value][:30] if pops_left else [*value][:-31:-1]

            popped = (value.pop_left_each if pops_left else value.pop_right_each)(30, 1 << 20)

            self.assertEqual(popped, expected)
            self.assertEqual((len(value), sum(value.node_lengths())), (69, 69))
