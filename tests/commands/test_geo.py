"""Tests of pyredis.commands.geo."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import NULL_ARRAY, HumanDouble
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NOT_FLOAT = b"ERR value is not a valid float"
NO_UNIT = b"ERR unsupported unit provided. please use M, KM, FT, MI"
NO_MEMBER = b"ERR could not decode requested zset member"
SYNTAX = b"ERR syntax error"
AROUND = ("FROMLONLAT", 15, 37)


class GeoCase(SynchronousTestCase):
    """Palermo and Catania under ``g`` and a string under ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "x")
        self.do("GEOADD", "g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")


class MemberTests(GeoCase):
    """GEOADD, GEOPOS, GEOHASH and GEODIST."""

    def test_geoadd(self) -> None:
        """Places are members of a sorted set; ZADD's conditions hold."""
        self.assertEqual(float(self.do("ZSCORE", "g", "Palermo")), 3479099956230698.0)
        self.assertEqual(self.do("GEOADD", "g", "CH", 13, 38, "Palermo", 1, 1, "new"), 2)
        self.assertEqual(self.do("GEOADD", "g", "NX", 9, 9, "Palermo"), 0)
        self.assertEqual(self.do("GEOADD", "g", "XX", 9, 9, "none"), 0)
        self.assertEqual(self.session.events("GEOADD", "g", 2, 2, "new"), [(b"zadd", b"g")])

    def test_geoadd_refuses(self) -> None:
        """Incomplete places, contradictions, and places off the map."""
        self.assertEqual(self.error("GEOADD", "g", 1, 1, "a", 2), SYNTAX)
        self.assertEqual(self.error("GEOADD", "g", "NX", "XX", 1, 1, "a"), SYNTAX)
        self.assertEqual(self.error("GEOADD", "g", "CH", "CH", "CH"), SYNTAX)
        self.assertEqual(self.error("GEOADD", "g", "x", 1, "a"), NOT_FLOAT)
        self.assertEqual(
            self.error("GEOADD", "s", 181, 1, "a"),
            b"ERR invalid longitude,latitude pair 181.000000,1.000000",
        )
        self.assertEqual(self.error("GEOADD", "s", 1, 1, "a"), WRONG_TYPE)
        self.assertEqual(self.error("GEOADD", "g", 1, 1, "ok", 1, 86, "a")[:11], b"ERR invalid")
        self.assertIsNone(self.do("ZSCORE", "g", "ok"))

    def test_geopos(self) -> None:
        """Positions have up to 17 decimals; the null array stands for who is not there."""
        self.assertEqual(
            self.session.sent("GEOPOS", "g", "Palermo", "x"),
            b"*2\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*-1\r\n",
        )
        self.assertEqual(self.do("GEOPOS", "k", "a"), [NULL_ARRAY])
        self.assertEqual(self.do("GEOPOS", "g"), [])
        self.assertEqual(self.error("GEOPOS", "s", "a"), WRONG_TYPE)

    def test_geohash(self) -> None:
        """Geohashes, nil for who is not there."""
        self.assertEqual(
            self.do("GEOHASH", "g", "Palermo", "x", "Catania"),
            [b"sqc8b49rny0", None, b"sqdtr74hyu0"],
        )
        self.assertEqual(self.do("GEOHASH", "k", "a"), [None])

    def test_geodist(self) -> None:
        """Distances with four decimals, in any unit."""
        for unit, text in (
            ((), b"166274.1516"),
            (("km",), b"166.2742"),
            (("MI",), b"103.3182"),
            (("ft",), b"545518.8700"),
        ):
            self.assertEqual(self.do("GEODIST", "g", "Palermo", "Catania", *unit), text)
        self.assertIsNone(self.do("GEODIST", "g", "Palermo", "x"))
        self.assertIsNone(self.do("GEODIST", "k", "a", "b"))

    def test_geodist_refuses(self) -> None:
        """The unit is read before the key."""
        self.assertEqual(self.error("GEODIST", "s", "a", "b", "yd"), NO_UNIT)
        self.assertEqual(self.error("GEODIST", "s", "a", "b", "m", "m"), SYNTAX)
        self.assertEqual(self.error("GEODIST", "s", "a", "b"), WRONG_TYPE)


class SearchTests(GeoCase):
    """GEOSEARCH."""

    def test_shapes_and_centres(self) -> None:
        """A circle or a box, around a position or a member."""
        self.assertEqual(
            self.do("GEOSEARCH", "g", *AROUND, "BYRADIUS", 200, "km", "ASC"),
            [b"Catania", b"Palermo"],
        )
        self.assertEqual(
            self.do("GEOSEARCH", "g", "FROMMEMBER", "Palermo", "BYBOX", 400, 200, "km", "DESC"),
            [b"Catania", b"Palermo"],
        )
        self.assertEqual(self.do("GEOSEARCH", "g", *AROUND, "BYRADIUS", 60, "km"), [b"Catania"])

    def test_details(self) -> None:
        """Distance, hash and coordinates come in this order, whatever the order of the options."""
        self.assertEqual(
            self.do(
                "GEOSEARCH", "g", *AROUND, "BYRADIUS", 60, "km", "WITHCOORD", "WITHHASH", "WITHDIST"
            ),
            [
                [
                    b"Catania",
                    b"56.4413",
                    3479447370796909,
                    [HumanDouble(15.08726745843887329), HumanDouble(37.50266842333162032)],
                ]
            ],
        )

    def test_count(self) -> None:
        """COUNT gives the nearest, COUNT ANY whichever are found first."""
        search = ("GEOSEARCH", "g", *AROUND, "BYRADIUS", 200, "km")
        self.assertEqual(self.do(*search, "COUNT", 1), [b"Catania"])
        self.assertEqual(self.do(*search, "COUNT", 1, "DESC"), [b"Palermo"])
        self.assertEqual(len(self.do(*search, "COUNT", 1, "ANY")), 1)
        self.assertEqual(
            self.error(*search, "ANY"), b"ERR the ANY argument requires COUNT argument"
        )
        self.assertEqual(self.error(*search, "COUNT", 0), b"ERR COUNT must be > 0")
        self.assertEqual(self.error(*search, "COUNT", "x"), NOT_INTEGER)
        self.assertEqual(self.error(*search, "COUNT"), SYNTAX)

    def test_a_key_that_is_not_there(self) -> None:
        """Nothing is found, but what is asked must be right."""
        self.assertEqual(self.do("GEOSEARCH", "k", "FROMMEMBER", "x", "BYRADIUS", 1, "m"), [])
        self.assertEqual(self.error("GEOSEARCH", "k", *AROUND, "BYRADIUS", 1, "yd"), NO_UNIT)
        self.assertEqual(self.error("GEOSEARCH", "s", *AROUND, "BYRADIUS", 1, "yd"), WRONG_TYPE)

    def test_wrong_words(self) -> None:
        """What is missing, doubled or no number."""
        circle = ("BYRADIUS", 1, "km")
        for words, error in (
            (
                (*circle, "ASC", "ASC"),
                b"exactly one of FROMMEMBER or FROMLONLAT can be specified for",
            ),
            ((*AROUND, "ASC", "ASC"), b"exactly one of BYRADIUS and BYBOX can be specified for"),
            ((*AROUND, "FROMMEMBER", "Palermo", *circle), SYNTAX),
            (("FROMMEMBER", "Palermo", *AROUND, *circle), SYNTAX),
            ((*AROUND, *circle, "BYBOX", 1, 1, "km"), SYNTAX),
            ((*AROUND, "BYBOX", 1, 1, "km", *circle), SYNTAX),
            ((*AROUND, *circle, "STOREDIST"), SYNTAX),
            ((*AROUND, *circle, "STORE", "d"), SYNTAX),
            (("FROMMEMBER", "x", *circle), NO_MEMBER),
            (("FROMLONLAT", 15, 90, *circle), b"invalid longitude,latitude pair"),
            ((*AROUND, "BYRADIUS", "x", "km"), b"need numeric radius"),
            ((*AROUND, "BYRADIUS", -1, "km"), b"radius cannot be negative"),
            ((*AROUND, "BYBOX", "x", "y", "km"), b"need numeric width"),
            ((*AROUND, "BYBOX", 1, "y", "km"), b"need numeric height"),
            ((*AROUND, "BYBOX", 1, -1, "km"), b"height or width cannot be negative"),
        ):
            self.assertIn(error, self.error("GEOSEARCH", "g", *words))


class StoreTests(GeoCase):
    """GEOSEARCHSTORE, and STORE and STOREDIST of GEORADIUS."""

    def test_scores_are_stored(self) -> None:
        """The result is a sorted set of places again."""
        self.assertEqual(
            self.do("GEOSEARCHSTORE", "s", "g", *AROUND, "BYRADIUS", 200, "km", "COUNT", 1), 1
        )
        self.assertEqual(
            self.do("ZRANGE", "s", 0, -1, "WITHSCORES"), [(b"Catania", 3479447370796909.0)]
        )
        self.assertEqual(
            self.session.events("GEORADIUS", "g", 15, 37, 200, "km", "STORE", "s"),
            [(b"georadiusstore", b"s")],
        )
        self.assertEqual(self.do("ZCARD", "s"), 2)

    def test_distances_are_stored(self) -> None:
        """With STOREDIST the scores are distances in the unit asked for."""
        self.do("GEOSEARCHSTORE", "d", "g", *AROUND, "BYRADIUS", 100, "km", "STOREDIST")
        self.assertAlmostEqual(float(self.do("ZSCORE", "d", "Catania")), 56.4412578701582, 9)
        self.do("GEORADIUSBYMEMBER", "g", "Palermo", 200, "km", "STOREDIST", "d")
        self.assertAlmostEqual(float(self.do("ZSCORE", "d", "Catania")), 166.27415156960033, 9)

    def test_nothing_deletes(self) -> None:
        """Where nothing is found the destination goes."""
        self.assertEqual(
            self.session.events("GEOSEARCHSTORE", "s", "g", *AROUND, "BYRADIUS", 1, "km"),
            [(b"del", b"s")],
        )
        self.do("SET", "s", "x")
        self.assertEqual(self.do("GEORADIUS", "k", 1, 1, 1, "m", "STORE", "s"), 0)
        self.assertIsNone(self.session.db.peek(b"s"))

    def test_counts_as_so_many_changes(self) -> None:
        """Each member stored is a change."""
        words = ("GEOSEARCHSTORE", "d", "g", *AROUND, "BYRADIUS", 200, "km")
        self.assertEqual(self.session.changes(*words), 2)
        self.assertEqual(self.session.events(*words), [(b"geosearchstore", b"d")])

    def test_details_cannot_be_stored(self) -> None:
        """What would be returned cannot be asked for."""
        words = b"%s is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
        self.assertIn(
            words % b"GEOSEARCHSTORE",
            self.error("GEOSEARCHSTORE", "d", "k", *AROUND, "BYRADIUS", 1, "m", "WITHDIST"),
        )
        self.assertIn(
            words % b"STORE option in GEORADIUS",
            self.error("GEORADIUS", "g", 1, 1, 1, "m", "WITHHASH", "STORE", "d"),
        )


class RadiusTests(GeoCase):
    """GEORADIUS and its variants."""

    def test_around_a_position(self) -> None:
        """As GEOSEARCH, with everything at its place."""
        for name in ("GEORADIUS", "GEORADIUS_RO"):
            self.assertEqual(
                self.do(name, "g", 15, 37, 200, "km", "WITHDIST", "ASC"),
                [[b"Catania", b"56.4413"], [b"Palermo", b"190.4424"]],
            )

    def test_around_a_member(self) -> None:
        """The member itself is found, too."""
        for name in ("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"):
            self.assertEqual(
                self.do(name, "g", "Palermo", 200, "km", "COUNT", 5), [b"Palermo", b"Catania"]
            )
            self.assertEqual(self.error(name, "g", "x", "y", "z"), NO_MEMBER)

    def test_a_key_that_is_not_there(self) -> None:
        """Around a member of nothing, not even the radius is looked at."""
        self.assertEqual(self.do("GEORADIUSBYMEMBER", "k", "x", "y", "z"), [])
        self.assertEqual(self.error("GEORADIUSBYMEMBER", "k", "x", "y", "z", "FOO"), SYNTAX)
        self.assertEqual(self.error("GEORADIUS", "k", 1, 1, "y", "z"), b"ERR need numeric radius")

    def test_reading_variants_do_not_store(self) -> None:
        """STORE and STOREDIST are no options of theirs."""
        for words in (
            ("GEORADIUS_RO", "g", 15, 37, 1, "km", "STORE", "d"),
            ("GEORADIUSBYMEMBER_RO", "g", "Palermo", 1, "km", "STOREDIST", "d"),
            ("GEORADIUS", "g", 15, 37, 1, "km", "STORE"),
            ("GEORADIUS", "g", 15, 37, 1, "km", "BYRADIUS", 1, "km"),
        ):
            self.assertEqual(self.error(*words), SYNTAX)
