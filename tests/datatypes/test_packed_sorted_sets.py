"""Small sorted sets as bytes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.listpacks import write_listpack, write_listpack_scores
from pyredis.datatypes.packed_sorted_sets import _SEPARATORS, keep, pack, packed_size, unpack

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


class FoundTests(SynchronousTestCase):
    """A listpack found in a file is a packed form, too."""

    @given(st.lists(st.tuples(SCORES, MEMBERS), min_size=1, max_size=20))
    def test_it_is_read_like_any_other(self, pairs: list[tuple[float, bytes]]) -> None:
        """As the same scores and members."""
        packed = keep(write_listpack_scores([(member, score) for score, member in pairs]))
        assert packed is not None
        self.assertEqual(packed_size(packed), len(pairs))
        self.assertEqual(unpack(packed), ([s for s, _ in pairs], [m for _, m in pairs]))

    def test_zero_has_no_sign(self) -> None:
        """However it was written."""
        packed = keep(write_listpack([b"m", b"-0"]))
        assert packed is not None
        self.assertEqual(str(unpack(packed)[0]), "[0.0]")

    def test_what_is_too_large(self) -> None:
        """Too many members, or too many bytes."""
        self.assertIsNone(keep(write_listpack([b"%d" % n for n in range(258)])))
        self.assertIsNotNone(keep(write_listpack([b"%d" % n for n in range(256)])))
        self.assertIsNone(keep(write_listpack([b"x" * 20000, b"1"])))
