"""Small sorted sets as bytes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.packed_sorted_sets import _SEPARATORS, pack, packed_size, unpack

INF = float("inf")
SCORES = st.one_of(
    st.sampled_from([-INF, INF, 0.0, 127.0, 128.0, -129.0, 32768.0, -32769.0, 2.0**31, 2.0**60]),
    st.floats(allow_nan=False).map(lambda score: score or 0.0),
    st.integers(-5, 5).map(float),
)
MEMBERS = st.one_of(
    st.sampled_from([b"", b"a", b"\x00", b"\n\xff|\x01\xfe\x00"]), st.binary(max_size=3)
)


class PackTests(SynchronousTestCase):
    """Scores and members there and back."""

    @given(st.lists(st.tuples(SCORES, MEMBERS), min_size=1, max_size=128))
    def test_packing_keeps_everything(self, pairs: list[tuple[float, bytes]]) -> None:
        """Any scores and members come back as they were."""
        scores = sorted(score for score, _ in pairs)
        members = [member for _, member in pairs]
        packed = pack(scores, members)
        if packed is None:
            self.assertTrue(all(part in b"".join(members) for part in _SEPARATORS))
            return

        self.assertEqual(packed_size(packed), len(members))
        self.assertEqual(unpack(packed), (scores, members))
        self.assertTrue(all(type(score) is float for score in unpack(packed)[0]))

    def test_it_takes_little(self) -> None:
        """Ten members with small scores take a byte a score and one a member besides its own."""
        packed = pack([float(n) for n in range(10)], [b"member:%04d" % n for n in range(10)])
        assert packed is not None

        self.assertEqual(len(packed), 3 + 10 + 119)

    def test_what_is_not_packed(self) -> None:
        """Many or long members, and members with all separators, stay as they are."""
        self.assertIsNone(pack([1.0] * 129, [b"a"] * 129))
        self.assertIsNone(pack([1.0], [b"x" * 20000]))
        self.assertIsNone(pack([1.0, 2.0], [b"".join(_SEPARATORS), b"a"]))
