"""Places as scores, and the distance of places."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import geohash
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.geohash import (
    decode,
    distance,
    encode,
)

LIMITS = EncodingLimits()
PALERMO = (13.361389, 38.115556)
CATANIA = (15.087269, 37.502669)

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-85.05112878, 85.05112878)


class ScoreTests(SynchronousTestCase):
    """Coordinates to scores and back."""

    def test_known_scores(self) -> None:
        """The scores of Redis' own examples."""
        self.assertEqual(encode(*PALERMO), 3479099956230698)
        self.assertEqual(encode(*CATANIA), 3479447370796909)
        self.assertEqual(decode(3479099956230698.0), (13.361389338970184, 38.1155563954963))

    def test_the_ends_of_the_map(self) -> None:
        """The first cell is 0; beyond the last is one more bit in each direction."""
        self.assertEqual(encode(-180, -85.05112878), 0)
        self.assertEqual(encode(180, 85.05112878), 3 << 52)
        self.assertEqual(decode(float(3 << 52)), (180.0, 85.05112878))

    @given(LONGITUDES, LATITUDES)
    def test_a_place_is_found_again(self, longitude: float, latitude: float) -> None:
        """Decoding gives the middle of the cell that a place is in."""
        column, row = decode(float(encode(longitude, latitude)))

        self.assertLess(abs(column - longitude), 360 / 2**26)
        # At the eastern edge a score has more bits than a double and loses its last.
        self.assertLess(abs(row - latitude), 171 / 2**25)
        if abs(longitude) < 179.9 and abs(latitude) < 85:
            self.assertEqual(encode(column, row), encode(longitude, latitude))

    def test_scores_that_are_no_places(self) -> None:
        """Any double is taken for a place, as a C program on a PC does it."""
        for score, longitude in (
            (-1.0, 180.0),
            (1.5, -180.0),
            (1e300, -180.0),
            (inf, -180.0),
            (-inf, 180.0),
            (2.0**63, 180.0),
        ):
            self.assertAlmostEqual(decode(score)[0], longitude, 5)

    def test_geohash_text(self) -> None:
        """Geohashes as other programs write them, with a zero at the end."""
        self.assertEqual(geohash.geohash_text(3479099956230698.0), b"sqc8b49rny0")
        self.assertEqual(geohash.geohash_text(3479447370796909.0), b"sqdtr74hyu0")


class DistanceTests(SynchronousTestCase):
    """Metres between places."""

    def test_known_distances(self) -> None:
        """Redis' own example, to the last bit of what it computes."""
        places = *decode(3479099956230698.0), *decode(3479447370796909.0)

        self.assertAlmostEqual(distance(*places), 166274.15156960033, 9)
        self.assertEqual(distance(1.0, 2.0, 1.0, 2.0), 0.0)

    def test_along_a_meridian(self) -> None:
        """One degree of latitude, which takes a shorter formula."""
        self.assertAlmostEqual(distance(7.0, 10.0, 7.0, 11.0), 111226.30, 2)

    @given(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES)
    def test_both_ways_are_as_long(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """A distance is symmetrical and no longer than half the equator."""
        there, back = distance(x1, y1, x2, y2), distance(x2, y2, x1, y1)

        if there == there:
            self.assertAlmostEqual(there, back, 3)
            self.assertLessEqual(there, 20020734.1)

    def test_antipodes(self) -> None:
        """Places opposite to each other are half the equator apart."""
        self.assertAlmostEqual(distance(0.0, 0.0, 180.0, 0.0), 20020734.0, 0)
        self.assertAlmostEqual(distance(-100.0, 30.0, 80.0, -30.0), 20020734.0, 0)
