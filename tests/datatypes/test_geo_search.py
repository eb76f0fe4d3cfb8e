"""Searches among places."""

from math import inf
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.geo_search import areas, search, search_members
from pyredis.datatypes.geohash import Box, Circle, Shape, decode, encode
from pyredis.datatypes.sorted_sets import SortedSetValue

LIMITS = EncodingLimits()
PALERMO = (13.361389, 38.115556)
CATANIA = (15.087269, 37.502669)

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-85.05112878, 85.05112878)


def places(*coordinates: tuple[float, float]) -> SortedSetValue:
    """Return a sorted set of places, named by their number."""
    scores = {b"%d" % n: float(encode(*place)) for n, place in enumerate(coordinates)}
    return SortedSetValue.of(scores, LIMITS)


class SearchTests(SynchronousTestCase):
    """Circles and boxes."""

    def found(self, value: SortedSetValue, shape: Shape, limit: int = 0) -> list[bytes]:
        """Return the members found."""
        return [member for _, member, _, _, _ in search(value, shape, limit)]

    def test_a_circle(self) -> None:
        """Members within the radius, with distance, score and position."""
        value = places(PALERMO, CATANIA)
        [(metres, member, score, longitude, latitude)] = search(value, Circle(15, 37, 1000.0, 100))

        self.assertEqual((member, score), (b"1", 3479447370796909.0))
        self.assertAlmostEqual(metres, 56441.2579, 3)
        self.assertEqual((longitude, latitude), decode(score))

    def test_a_box(self) -> None:
        """Members within half the width and half the height."""
        value = places(PALERMO, CATANIA, (13.361389, 36.9))

        self.assertEqual(set(self.found(value, Box(15, 37, 1000.0, 400, 200))), {b"1", b"2"})
        self.assertEqual(len(self.found(value, Box(15, 37, 1000.0, 400, 400))), 3)
        self.assertEqual(self.found(value, Box(15, 37, 1000.0, 100, 400)), [b"1"])

    def test_units(self) -> None:
        """Lengths are given in a unit."""
        value = places(CATANIA)
        for unit, radius in ((1.0, 56442), (1000.0, 56.442), (0.3048, 185178), (1609.34, 35.072)):
            self.assertEqual(self.found(value, Circle(15, 37, unit, radius)), [b"0"])
            self.assertEqual(self.found(value, Circle(15, 37, unit, radius * 0.9999)), [])

    def test_nothing_but_the_centre(self) -> None:
        """A radius of zero finds the very place only."""
        value = places(PALERMO, CATANIA)
        center = decode(float(encode(*PALERMO)))

        self.assertEqual(self.found(value, Circle(*center, 1.0, 0)), [b"0"])
        self.assertEqual(self.found(value, Circle(*PALERMO, 1.0, 0)), [])

    def test_everything(self) -> None:
        """Without bounds all members are found, once."""
        rng = Random(3)
        coordinates = [(rng.uniform(-180, 180), rng.uniform(-85, 85)) for _ in range(50)]
        value = places(*coordinates)
        for shape in (
            Circle(0, 0, 1.0, inf),
            Circle(0, 0, 1.0, 1e300),
            Circle(150, -70, 1000.0, 20100),
            Box(0, 0, 1.0, inf, inf),
            Box(0, 0, 1.0, 1e300, 1e300),
        ):
            self.assertEqual(sorted(self.found(value, shape)), sorted(value.scores))

    def test_the_first_that_come(self) -> None:
        """A limit stops the search."""
        rng = Random(4)
        value = places(*[(rng.uniform(1, 2), rng.uniform(1, 2)) for _ in range(2000)])
        everything = self.found(value, Circle(1.5, 1.5, 1000.0, 50))

        self.assertGreater(len(everything), 1000)
        for limit in (1, 7, 300, 5000):
            self.assertEqual(
                self.found(value, Circle(1.5, 1.5, 1000.0, 50), limit), everything[:limit]
            )

    @settings(max_examples=200)
    @given(
        st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=60),
        st.floats(-178, 178),
        st.floats(-80, 80),
        st.floats(0.1, 150_000),
    )
    def test_the_nine_cells_cover_the_shape(
        self, offsets: list[tuple[float, float]], longitude: float, latitude: float, size: float
    ) -> None:
        """A search finds what measuring each member finds."""
        value = places(*[(longitude + dx, latitude + dy) for dx, dy in offsets])
        members, scores = list(value), list(value.scores_between(0, len(value)))
        for shape in (
            Circle(longitude, latitude, 1.0, size),
            Box(longitude, latitude, 1.0, size, size / 2),
        ):
            wanted = [member for _, member, _, _, _ in shape.within(members, scores)]

            self.assertEqual(sorted(self.found(value, shape)), sorted(wanted))

    def test_areas_are_searched_in_the_order_of_redis(self) -> None:
        """The centre first, then north, south, east, west, and the corners."""
        ranges = areas(Circle(11.25, 5.5, 1000.0, 1249))

        self.assertEqual(len(ranges), 9)
        middles = [decode((low + high) / 2) for low, high in ranges]
        x, y = middles[0]
        compass = [
            ("N" if row > y + 1 else "S" if row < y - 1 else "")
            + ("E" if column > x + 1 else "W" if column < x - 1 else "")
            for column, row in middles
        ]

        self.assertEqual(compass, ["", "N", "S", "E", "W", "NE", "NW", "SE", "SW"])

    @given(LONGITUDES, LATITUDES, st.floats(0, 8), st.integers(0, 2**32))
    @settings(max_examples=40)
    def test_crowded_cells(
        self, longitude: float, latitude: float, exponent: float, seed: int
    ) -> None:
        """Nothing is lost or added by leaving out parts of crowded cells, nor by not measuring."""
        rng = Random(seed)
        radius = 10.0**exponent
        spread = radius / 80000
        crowd = places(
            *(
                (
                    max(-180.0, min(rng.gauss(longitude, spread), 180.0)),
                    max(-85.05112878, min(rng.gauss(latitude, spread), 85.05112878)),
                )
                for _ in range(400)
            )
        )
        circle = Circle(longitude, latitude, 1.0, radius)
        expected = [
            place
            for low, high in areas(circle)
            for piece in crowd.pieces(low, high)
            for place in circle.within(*piece)
        ]

        self.assertEqual(search(crowd, circle), expected)
        self.assertEqual(search_members(crowd, circle), [place[1] for place in expected])

    def test_the_same_area_is_not_searched_twice_in_a_row(self) -> None:
        """On the coarsest grid there are only four cells."""
        self.assertEqual(len(areas(Circle(10, 10, 1.0, 30_000_000))), 4)
