"""Tests of pyredis.keyspace.frequencies."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.frequencies import FrequencyCounting

NOW = 1_700_000_000_000
MINUTE = 60_000


class FrequencyCountingTests(SynchronousTestCase):
    """Counters that grow slowly and fade."""

    def count_after(self, accesses: int, log_factor: int = 10) -> int:
        """Return the count of a new key after so many accesses at once."""
        counting = FrequencyCounting(log_factor)
        rng = Random(1)
        state = counting.first(NOW)
        for _ in range(accesses):
            state = counting.accessed(state, NOW, rng)
        return counting.count_of(state, NOW)

    def test_a_new_key_has_a_head_start(self) -> None:
        """It counts as accessed five times, and so does one that was not watched so far."""
        self.assertEqual(self.count_after(0), 5)
        self.assertEqual(FrequencyCounting().count_of(None, NOW), 5)

    def test_the_first_access_always_counts(self) -> None:
        """At the head start, chance does not decide."""
        self.assertEqual(self.count_after(1), 6)

    def test_counts_grow_with_the_logarithm(self) -> None:
        """About as in redis.conf's table: factor 10 reaches 10 at 100 hits and 18 at 1000."""
        self.assertIn(self.count_after(100), range(8, 13))
        self.assertIn(self.count_after(1000), range(14, 23))
        self.assertEqual(self.count_after(1000, log_factor=0), 255)

    def test_counts_fade(self) -> None:
        """One is lost for each decay time without an access, and none below zero."""
        counting = FrequencyCounting(decay_minutes=2)
        state = counting.first(NOW)

        self.assertEqual(counting.count_of(state, NOW + 5 * MINUTE), 3)
        self.assertEqual(counting.count_of(state, NOW + 500 * MINUTE), 0)
        again = counting.accessed(state, NOW + 500 * MINUTE, Random(1))
        self.assertEqual(counting.count_of(again, NOW + 500 * MINUTE), 1)

    def test_counts_need_not_fade(self) -> None:
        """With a decay time of zero they stay."""
        counting = FrequencyCounting(decay_minutes=0)

        self.assertEqual(counting.count_of(counting.first(NOW), NOW + 500 * MINUTE), 5)
