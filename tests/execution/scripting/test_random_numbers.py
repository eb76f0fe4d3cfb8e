"""Tests of scripts' source of chance."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.scripting.random_numbers import RandomNumbers


class RandomNumbersTests(SynchronousTestCase):
    """The generator."""

    def test_a_seed_begins_anew(self) -> None:
        """The same seed is followed by the same numbers."""
        numbers = RandomNumbers()
        numbers.seed(7)
        first = [numbers.random() for _ in range(5)]
        numbers.seed(7)
        self.assertEqual(first, [numbers.random() for _ in range(5)])
        self.assertTrue(all(0 <= number < 1 for number in first))

    def test_it_is_lrand48(self) -> None:
        """The first number after seed 0 is the one of C's library."""
        numbers = RandomNumbers()
        numbers.seed(0)
        self.assertEqual(366850414, round(numbers.random() * ((1 << 31) - 1)))
