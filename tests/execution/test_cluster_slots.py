"""Tests of pyredis.execution.cluster_slots: which slots the only node serves."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.cluster_slots import ServedSlots


class ServedSlotsTests(SynchronousTestCase):
    """Slots, assigned and given up."""

    def test_from_the_start(self) -> None:
        """All of them."""
        slots = ServedSlots()
        self.assertTrue(slots.all_are_served)
        self.assertEqual(list(slots.ranges()), [(0, 16383)])
        self.assertIn(7, slots)

    def test_assigning(self) -> None:
        """Said for the first time to a fresh node it is all there is."""
        slots = ServedSlots()
        slots.assign([(0, 3), (7, 7)], is_fresh=True)
        slots.assign([(16383, 16383)], is_fresh=True)
        self.assertEqual(list(slots.ranges()), [(0, 3), (7, 7), (16383, 16383)])
        self.assertEqual(slots.count, 6)
        self.assertNotIn(8, slots)

    def test_giving_up(self) -> None:
        """What is given up is told."""
        slots = ServedSlots()
        self.assertEqual(slots.give_up([(0, 1), (5, 5)]), {0, 1, 5})
        self.assertEqual(list(slots.ranges()), [(2, 4), (6, 16383)])
        self.assertEqual(len(slots.give_all_up()), 16381)
        self.assertEqual((slots.count, list(slots.ranges())), (0, []))

    def test_a_refusal_changes_nothing(self) -> None:
        """Not even that nobody has said anything yet."""
        slots = ServedSlots()
        for ranges in ([(1, 2), (2, 3)], [(4, 4), (4, 4)]):
            with self.assertRaises(RedisError):
                slots.assign(ranges, is_fresh=True)
            with self.assertRaises(RedisError):
                slots.give_up(ranges)
        with self.assertRaises(RedisError):
            slots.assign([(1, 1)], is_fresh=False)
        self.assertFalse(slots.was_told)
        self.assertTrue(slots.all_are_served)
