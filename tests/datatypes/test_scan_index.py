"""Tests of the index that stands beside a dict."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.scan_index import ScanIndex

# Bursts of additions (positive) and removals (negative) of very different sizes,
# and steps of a scan with the COUNT they ask for.
BURSTS = st.one_of(
    st.integers(-6, 6), st.integers(-100, 100), st.integers(-3000, 3000), st.just(-(10**6))
)
STEPS = st.lists(
    st.one_of(st.tuples(st.just("change"), BURSTS), st.tuples(st.just("scan"), st.integers(1, 60))),
    max_size=40,
)


class CountingIndex(ScanIndex):
    """An index that counts the buckets it splits and merges, and the keys in them."""

    __slots__ = ("largest", "moved", "resized")

    def __init__(self) -> None:
        self.moved = self.resized = self.largest = 0
        super().__init__()

    def _note(self, keys: int) -> None:
        self.resized += 1
        self.moved += keys
        self.largest = max(self.largest, keys)

    def _split(self) -> None:
        self._note(len(self._buckets[len(self._buckets) - self._mask - 1]))
        super()._split()

    def _merge(self) -> None:
        self._note(len(self._buckets[-1]))
        super()._merge()


def names(start: int, stop: int) -> list[bytes]:
    """Return keys that are told apart by a number."""
    return [b"key:%d" % number for number in range(start, stop)]


def scan_all(index: ScanIndex, count: int = 10) -> list[bytes]:
    """Scan an index that does not change."""
    cursor, found = index.scan(0, count)
    while cursor:
        cursor, more = index.scan(cursor, count)
        found += more
    return found


class MembershipTests(SynchronousTestCase):
    """Adding, removing, counting."""

    def test_keys_come_and_go(self) -> None:
        """What was added and not removed is in the index."""
        index = ScanIndex(names(0, 1000))
        for key in names(100, 900):
            index.remove(key)
        self.assertEqual(len(index), 200)
        self.assertEqual(sorted(index), sorted(names(0, 100) + names(900, 1000)))

    def test_removing_what_is_not_there_is_an_error(self) -> None:
        """A key that is not in the index raises KeyError and changes nothing."""
        index = ScanIndex([b"here"])
        self.assertRaises(KeyError, index.remove, b"gone")
        self.assertEqual(len(index), 1)

    def test_clearing_forgets_everything(self) -> None:
        """A cleared index is as good as new."""
        index = ScanIndex(names(0, 500))
        index.clear()
        self.assertEqual((len(index), list(index), index.scan(0, 10)), (0, [], (0, [])))
        index.add(b"new")
        self.assertEqual(list(index), [b"new"])


class ScanTests(SynchronousTestCase):
    """What SCAN promises."""

    def test_an_index_at_rest_is_seen_once(self) -> None:
        """Without changes each key is returned exactly once, whatever the count and size."""
        for size in (0, 1, 16, 17, 100, 257, 1000, 5000):
            index = ScanIndex(names(0, size))
            for count in (1, 10, 1000, 10**6):
                self.assertEqual(sorted(scan_all(index, count)), sorted(names(0, size)))

    @settings(max_examples=150)
    @given(steps=STEPS, start=st.sampled_from([0, 10, 300, 5000]), kept=st.integers(0, 300))
    def test_a_key_that_stays_is_always_returned(
        self, steps: list[tuple[str, int]], start: int, kept: int
    ) -> None:
        """However the index grows and shrinks, keys present throughout are all returned."""
        stay = [b"stay:%d" % number for number in range(kept)]
        index = ScanIndex(stay)
        others = names(0, start)
        for key in others:
            index.add(key)
        born = start
        seen: set[bytes] = set()
        cursor, found = index.scan(0, 1)
        seen.update(found)
        for kind, amount in steps:
            if kind == "scan" and cursor:
                cursor, found = index.scan(cursor, amount)
                seen.update(found)
            elif kind == "change" and amount > 0:
                fresh = names(born, born + amount)
                born += amount
                for key in fresh:
                    index.add(key)
                others += fresh
            elif kind == "change":
                for _ in range(min(-amount, len(others))):
                    index.remove(others.pop())
        while cursor:
            cursor, found = index.scan(cursor, 10)
            seen.update(found)
        self.assertEqual(set(stay) - seen, set())

    def test_a_call_visits_only_so_many_empty_buckets(self) -> None:
        """A nearly empty table is given in several calls, at most ten buckets a count each."""
        index = ScanIndex(names(0, 2 * 64))
        for bucket in index._buckets:
            bucket.clear()
        calls = 1
        cursor, _ = index.scan(0, 1)
        while cursor:
            cursor, found = index.scan(cursor, 1)
            self.assertEqual(found, [])
            calls += 1
        self.assertTrue(3 <= calls <= 7, calls)

    def test_a_foreign_cursor_does_no_harm(self) -> None:
        """Any 64-bit number is taken for a cursor."""
        index = ScanIndex(names(0, 1000))
        for cursor in (2**64 - 1, 2**63, 12345678901234567):
            following, found = index.scan(cursor, 10)
            self.assertTrue(0 <= following < 2**64)
            self.assertTrue(set(found) <= set(names(0, 1000)))


class CostTests(SynchronousTestCase):
    """No call pays for many."""

    def test_growing_and_shrinking_cost_a_constant_a_key(self) -> None:
        """Each key moves a few times only, and never more than a bucket or two at once."""
        index = CountingIndex()
        keys = names(0, 40_000)
        for key in keys:
            index.add(key)
        self.assertTrue(index.resized <= len(keys) / 16)
        self.assertTrue(index.moved <= 3 * len(keys), index.moved)
        index.moved = index.resized = 0
        for key in keys:
            index.remove(key)
        self.assertTrue(index.moved <= 3 * len(keys), index.moved)
        self.assertTrue(index.largest < 128, index.largest)
        self.assertEqual(len(index._buckets), 1)

    def test_going_to_and_fro_does_not_resize(self) -> None:
        """Adding and removing one key at a threshold splits once."""
        index = CountingIndex()
        for key in names(0, 16 * 8):
            index.add(key)
        index.resized = 0
        for _ in range(100):
            index.add(b"one more")
            index.remove(b"one more")
        self.assertTrue(index.resized <= 1)


class RandomTests(SynchronousTestCase):
    """Choosing at random."""

    def test_each_key_has_the_same_chance(self) -> None:
        """Counts of many draws are those of a uniform choice, in the middle of a doubling too."""
        keys = names(0, 16 * 11)
        index = ScanIndex(keys)
        draws = 200 * len(keys)
        rng = Random(7)
        counts = Counter(index.random(rng) for _ in range(draws))
        self.assertEqual(set(counts), set(keys))
        chi_square = sum((count - 200) ** 2 / 200 for count in counts.values())
        # 175 degrees of freedom: a mean of 175 and a deviation of 19.
        self.assertTrue(chi_square < 175 + 5 * 19, chi_square)

    def test_a_bucket_longer_than_any_so_far_is_reached_to_its_end(self) -> None:
        """However the keys fall into buckets, none is out of reach."""
        index = ScanIndex()
        keys = [b"%d" % number for number in range(200_000)]
        same = [key for key in keys if hash(key) & 1023 == 5][:100]
        for key in same:
            index.add(key)
        rng = Random(1)
        self.assertEqual({index.random(rng) for _ in range(5000)}, set(same))

    def test_nothing_can_be_chosen_from_nothing(self) -> None:
        """An empty index raises KeyError."""
        self.assertRaises(KeyError, ScanIndex().random, Random(1))
        self.assertEqual(ScanIndex().sample(Random(1), 5), [])

    def test_a_sample_has_the_number_asked_for(self) -> None:
        """As many different keys as asked for, or all there are."""
        index = ScanIndex(names(0, 1000))
        for count in (1, 5, 100):
            sample = index.sample(Random(count), count)
            self.assertEqual((len(sample), len(set(sample))), (count, count))
        few = ScanIndex(names(0, 3))
        self.assertEqual(sorted(few.sample(Random(1), 10)), names(0, 3))

    def test_release_forgets_in_slices(self) -> None:
        """Bucket by bucket, down to an empty index that works."""
        index = ScanIndex(names(0, 1000))
        sizes = []
        while index:
            index.release(300)
            sizes.append(len(index))

        self.assertEqual(len(sizes), 4)
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        index.release(1)
        index.add(b"k")
        self.assertEqual(list(index), [b"k"])
