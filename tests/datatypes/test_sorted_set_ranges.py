"""Ranges of a sorted set as clients write them; what they find is tested with the sets."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.sorted_set_ranges import LexRange, ScoreRange, ranks_by_walking


class RangeTests(SynchronousTestCase):
    """What is a range, and what is none."""

    def test_scores_that_are_none(self) -> None:
        """What is no float is refused, but not what strtod takes for one."""
        for minimum in (b"a", b"1a", b"((1", b"nan", b"1 ", b"(", b" 1", b"", b"1\x00junk"):
            if minimum in (b"(", b" 1", b"", b"1\x00junk"):
                self.assertIn(ScoreRange.parse(minimum, b"2").min, (0.0, 1.0))
            else:
                self.assertRaises(ValueError, ScoreRange.parse, minimum, b"2")
                self.assertRaises(ValueError, ScoreRange.parse, b"2", minimum)

    def test_members_that_are_none(self) -> None:
        """An end needs its bracket; a C string ends at a NUL byte."""
        for end in (b"a", b"", b"++", b"-a", b"]a"):
            self.assertRaises(ValueError, LexRange, end, b"+")
            self.assertRaises(ValueError, LexRange, b"-", end)
        self.assertIsNone(LexRange(b"-\x00a", b"+").min)

    def test_ends(self) -> None:
        """Either end of a range of scores may be excluded."""
        bounds = ScoreRange.parse(b"(1.5", b"+inf")

        self.assertEqual(
            (bounds.min, bounds.min_excluded, bounds.max, bounds.max_excluded),
            (1.5, True, float("inf"), False),
        )

    def test_ranges_without_members(self) -> None:
        """Some ranges of members are empty whatever there is."""
        for minimum, maximum in ((b"+", b"-"), (b"[b", b"[a"), (b"(a", b"[a"), (b"[a", b"-")):
            self.assertTrue(LexRange(minimum, maximum).empty)
        for minimum, maximum in ((b"-", b"+"), (b"[a", b"[a"), (b"[a", b"+"), (b"-", b"[")):
            self.assertFalse(LexRange(minimum, maximum).empty)

    def test_members_in_no_order(self) -> None:
        """Walking stops at the first member outside, from either end."""
        members = [b"b", b"d", b"a", b"c"]

        self.assertEqual(ranks_by_walking(members, LexRange(b"[b", b"[c"), False), (0, 1))
        self.assertEqual(ranks_by_walking(members, LexRange(b"[b", b"[c"), True), (3, 4))
        self.assertEqual(ranks_by_walking(members, LexRange(b"[d", b"+"), False), (0, 0))
