"""Tests of pyredis.primitives.partial_sort."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.partial_sort import first_in_order

#: Keys, and the positions of the first so many of them as redis-server had them.
GIVEN = "444444444442222222222222000000000000000000111111111333333333"
ANSWERS = """
1: 40
10: 40 41 24 25 26 27 28 29 30 31
40: 40 41 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 43 50 49 48 47 46 45 44 42 14 15 16
    18 17 19 20 21 22 23 11 12 13
59: 40 41 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 43 50 49 48 47 46 45 44 42 14 15 16
    18 17 19 20 21 22 23 11 12 13 59 51 52 53 54 55 56 57 58 3 1 0 10 9 8 7 6 5 4
"""


class FirstInOrderTests(SynchronousTestCase):
    """The first few of many, in Redis' order."""

    @given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 200))
    def test_they_are_the_smallest(self, keys: list[int], count: int) -> None:
        """Whatever equals do, the keys come out sorted, and each position once."""
        positions = first_in_order(keys, count)

        self.assertEqual([keys[at] for at in positions], sorted(keys)[:count])
        self.assertEqual(len(set(positions)), len(positions))

    @given(st.lists(st.integers(), unique=True), st.integers(1, 50))
    def test_without_equals_any_sort_does(self, keys: list[int], count: int) -> None:
        """Different keys have one order only."""
        wanted = sorted(range(len(keys)), key=keys.__getitem__)[:count]

        self.assertEqual(first_in_order(keys, count), wanted)

    def test_all_of_them_are_sorted_stably(self) -> None:
        """Wanting all, equals stay in the order they had."""
        self.assertEqual(first_in_order([1, 0, 1, 0, 1, 0, 1, 0], 8), [1, 3, 5, 7, 0, 2, 4, 6])

    def test_all_but_the_first_are_not(self) -> None:
        """Wanting all behind the first, equals come as from a partial sort (SORT with LIMIT)."""
        positions = first_in_order([0, 1, 0, 0, 0, 0, 0], 7, start=1)

        self.assertEqual(positions, [3, 6, 2, 0, 4, 5, 1])

    def test_few_are_sorted_by_insertion(self) -> None:
        """Up to six keys are sorted stably."""
        self.assertEqual(first_in_order([1, 0, 1, 0, 1, 0], 3), [1, 3, 5])

    def test_equals_come_as_from_redis(self) -> None:
        """What redis-server answered to GEOSEARCH with COUNT among places at equal distances."""
        keys = [int(digit) for digit in GIVEN]
        for line in ANSWERS.replace("\n    ", " ").split("\n")[1:-1]:
            count, _, positions = line.partition(": ")
            wanted = [int(position) for position in positions.split()]

            self.assertEqual(first_in_order(keys, int(count)), wanted)

    def test_many_equals_take_no_longer(self) -> None:
        """A hundred thousand keys of which few differ are not sorted quadratically."""
        rng = Random(2)
        keys = [rng.randrange(3) for _ in range(100_000)]

        self.assertEqual({keys[at] for at in first_in_order(keys, 10)}, {0})
