"""Ordered IDs, against a sorted list."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import ordered_ids
from pyredis.datatypes.ordered_ids import OrderedIds

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=150)


class OrderedIdsTests(SynchronousTestCase):
    """Adding, removing and walking."""

    def setUp(self) -> None:
        """Let runs be short, so that a few IDs make many."""
        self.patch(ordered_ids, "_LONGEST_RUN", 4)

    @given(STEPS, st.integers(-1, 61))
    def test_as_a_sorted_list(self, steps: list[tuple[bool, int]], start: int) -> None:
        """Any changes leave the IDs in order."""
        ids = OrderedIds()
        model: set[int] = set()
        for adding, number in steps:
            if number in model:
                ids.remove(number)
                model.remove(number)
            elif adding:
                ids.add(number)
                model.add(number)
            else:
                self.assertRaises(KeyError, ids.remove, number)

        expected = sorted(model)
        self.assertEqual(list(ids), expected)
        self.assertEqual(len(ids), len(expected))
        self.assertEqual(list(ids.since(start)), [n for n in expected if n >= start])
        self.assertEqual(list(ids.copy()), expected)
        if expected:
            self.assertEqual((ids.first, ids.last), (expected[0], expected[-1]))

    def test_a_copy_is_apart(self) -> None:
        """Changing one leaves the other."""
        ids = OrderedIds()
        ids.add(1)
        twin = ids.copy()

        twin.add(2)
        ids.remove(1)

        self.assertEqual((list(ids), list(twin)), ([], [1, 2]))

    def test_shedding_empties_it_bit_by_bit(self) -> None:
        """Each call drops some, and says how many."""
        ids = OrderedIds()
        for number in range(10):
            ids.add(number)
        dropped = []
        while ids:
            dropped.append(ids.shed())

        self.assertEqual(sum(dropped), 10)
        self.assertGreater(len(dropped), 1)
