"""A scan index that is made a little at each call."""

from hypothesis import given, settings
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

    @settings(deadline=None)
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
