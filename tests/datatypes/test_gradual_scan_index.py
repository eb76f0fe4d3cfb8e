"""A scan index that is made a little at each call."""

import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import gradual_scan_index
from pyredis.datatypes.gradual_scan_index import GradualScanIndex

KEYS = st.integers(0, 60).map(lambda number: b"%d" % number)


class GradualScanIndexTests(SynchronousTestCase):
    """Scans of what changes while the index is made."""

    def setUp(self) -> None:
        """Take in three keys at a call."""
        self.patch(gradual_scan_index, "_SLICE", 3)

    def scan(self, index: GradualScanIndex, keys: dict[bytes, None]) -> list[bytes]:
        """Return all a whole scan returns."""
        found: list[bytes] = []
        cursor, calls = 0, 0
        while calls == 0 or cursor:
            cursor, some = index.scan(cursor, 5, keys)
            found += some
            calls += 1
        return found

    def test_all_keys_are_found(self) -> None:
        """However many calls it takes, each key is returned once."""
        keys = dict.fromkeys(b"%d" % number for number in range(200))
        index = GradualScanIndex(keys)

        self.assertEqual(index.scan(0, 5, keys), (1 << 63, []))
        self.assertEqual(sorted(self.scan(index, keys)), sorted(keys))
        self.assertEqual(sorted(self.scan(index, keys)), sorted(keys))

    def test_few_keys_are_found_at_once(self) -> None:
        """An index that is full after one call answers it."""
        keys = dict.fromkeys([b"a", b"b", b"c"])

        self.assertEqual(sorted(self.scan(GradualScanIndex(keys), keys)), [b"a", b"b", b"c"])

    def test_nothing(self) -> None:
        """No keys are found among none."""
        self.assertEqual(GradualScanIndex([]).scan(0, 10, {}), (0, []))

    @given(st.sets(KEYS), st.lists(st.one_of(st.none(), KEYS), max_size=80))
    def test_changes_while_it_is_made(self, there: set[bytes], steps: list[bytes | None]) -> None:
        """Keys that come, go and come back are in it once if they are there at all."""
        keys = dict.fromkeys(sorted(there))
        index = GradualScanIndex(keys)
        cursor = 0
        for key in steps:
            if key is None:
                cursor, _ = index.scan(cursor, 2, keys)
            elif key in keys:
                del keys[key]
                index.remove(key)
            else:
                keys[key] = None
                index.add(key)

        self.assertEqual(sorted(self.scan(index, keys)), sorted(keys))

    def test_random_keys_while_it_is_made(self) -> None:
        """Whatever is there is chosen sooner or later, and nothing that is gone."""
        keys = dict.fromkeys(b"%d" % number for number in range(40))
        index = GradualScanIndex(keys)
        for number in range(0, 40, 2):
            del keys[b"%d" % number]
            index.remove(b"%d" % number)
        index.add(b"new")
        keys[b"new"] = None

        chosen = {index.random(random.Random(seed), keys) for seed in range(2000)}

        self.assertEqual(chosen, set(keys))

    def test_it_is_released_in_slices(self) -> None:
        """Whether or not it was finished."""
        for calls in (0, 1, 100):
            keys = dict.fromkeys(b"%d" % number for number in range(20))
            index = GradualScanIndex(keys)
            for _ in range(calls):
                index.scan(0, 5, keys)
            self.assertEqual(len(index), 20)
            while len(index):
                before = len(index)
                index.release(4)
                self.assertLess(len(index), before)

    def test_neighbours(self) -> None:
        """Some keys from any place, while the index is made and after; none twice."""
        keys = dict.fromkeys(b"%d" % number for number in range(100))
        index = GradualScanIndex(keys)
        del keys[b"7"]
        index.remove(b"7")
        rng = random.Random(1)
        seen: set[bytes] = set()
        for _ in range(300):
            some = index.some(rng, keys, 5)
            self.assertLessEqual(len(some), 5)
            self.assertEqual(len(set(some)), len(some))
            seen.update(some)

        self.assertEqual(seen, set(keys))
