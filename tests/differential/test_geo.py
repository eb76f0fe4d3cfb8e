"""Geo commands, compared with a real server."""

from __future__ import annotations

from random import Random

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, Step, since, step

_SICILY = "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2"


def _crowd(seed: int, count: int, spread: float, ties: bool) -> tuple[Step, ...]:
    """Return a script that fills a key with places around one and searches in all ways."""
    rng = Random(seed)
    longitude, latitude = rng.uniform(-180, 180), rng.uniform(-85, 85)
    places: list[object] = []
    for number in range(count):
        column = min(max(longitude + rng.uniform(-spread, spread), -180), 180)
        row = min(max(latitude + rng.uniform(-spread, spread), -85), 85)
        if ties and number % 3:
            column, row = places[-3], places[-2]  # type: ignore[assignment]
        places += (column, row, f"m{number}")
    steps = [step("GEOADD", "g", *places)]
    for _ in range(25):
        center = ("FROMLONLAT", longitude + rng.uniform(-0.1, 0.1) * spread, latitude)
        if abs(float(center[1])) > 180 or rng.random() < 0.5:
            center = ("FROMMEMBER", f"m{rng.randrange(count)}")  # type: ignore[assignment]
        unit = rng.choice(["m", "km", "ft", "mi"])
        size = (
            10 ** rng.uniform(0, 5.2) * spread / {"m": 0.1, "km": 100, "ft": 0.1, "mi": 100}[unit]
        )
        shape = rng.choice([("BYRADIUS", size), ("BYBOX", size, size * rng.uniform(0.1, 5))])
        options = [
            word
            for words in (
                ["", "ASC", "DESC"],
                ["", "WITHDIST"],
                ["", "WITHHASH"],
                ["", "COUNT 3", "COUNT 3 ANY", f"COUNT {count // 2}", "COUNT 1000000"],
            )
            for word in rng.choice(words).split()
        ]
        steps.append(step("GEOSEARCH", "g", *center, *shape, unit, *options))
    return tuple(steps)


class GeoTests(FamilyTests):
    """Geo commands answer as Redis does."""

    scenarios = {
        "GEOADD": f"""
            {_SICILY} ; ZRANGE g 0 -1 WITHSCORES ; GEOADD g 13 38 Palermo ; GEOADD g CH 14 38 Palermo 1 1 new ; GEOADD g NX 1 1 Palermo 2 2 n2
            GEOADD g XX 1 1 Palermo 2 2 n3 ; GEOADD g NX XX 1 1 a ; GEOADD g XX CH 3 3 Palermo ; GEOADD g nx ch 3 3 n4 ; GEOADD g 1 1
            GEOADD g 1 1 a 2 ; GEOADD g CH CH CH ; GEOADD g 181 1 a ; GEOADD g -180.1 1 a ; GEOADD g 1 85.06 a ; GEOADD g 1 -85.06 a
            GEOADD g x 1 a ; GEOADD g 1 x a ; GEOADD g nan 1 a ; GEOADD g inf 1 a ; GEOADD g 1 1 ok 200 1 a ; ZSCORE g ok
            GEOADD g 180 85.05112878 max -180 -85.05112878 min 180 -85.05112878 a -180 85.05112878 b 0 0 zero ; ZRANGE g 0 -1 WITHSCORES
            SET s v ; GEOADD s 1 1 a ; GEOADD s 181 1 a ; GEOADD g FOO 1 1 a
        """,
        "GEOHASH": Scenario(
            f"""
            {_SICILY} ; GEOHASH g Palermo Catania x ; GEOHASH missing a b ; GEOHASH g ; GEOHASH missing ; SET s v ; GEOHASH s a
            GEOADD h 180 85.05112878 max -180 -85.05112878 min 0 0 zero -0.1 0.1 near ; GEOHASH h max min zero near
            ZADD odd 0 zero -1 neg 1.5 frac 1e300 huge inf inf -inf ninf 4503599627370495 top 4503599627370496 over 18446744073709551615 u64
            GEOHASH odd zero neg frac huge inf ninf top over u64
            """,
            audit=False,
        ),
        "GEODIST": f"""
            {_SICILY} ; GEODIST g Palermo Catania ; GEODIST g Palermo Catania km ; GEODIST g Palermo Catania MI ; GEODIST g Palermo Catania ft
            GEODIST g Palermo Palermo ; GEODIST g Palermo x ; GEODIST g x y ; GEODIST missing a b ; GEODIST g Palermo Catania yd ; GEODIST missing a b yd
            GEODIST g Palermo Catania km km ; GEODIST g Palermo ; SET s v ; GEODIST s a b ; GEODIST s a b yd
            GEOADD h 180 85.05112878 max -180 -85.05112878 min 0 0 zero 90 0 quarter 179.999 0 far 0 1 north ; GEODIST h max min ; GEODIST h zero far
            GEODIST h zero quarter km ; GEODIST h zero north m ; GEODIST h max zero ; GEODIST h north zero
        """,
        "GEOPOS": Scenario(
            f"""
            {_SICILY} ; GEOPOS g Palermo x Catania ; GEOPOS missing a b ; GEOPOS g ; GEOPOS missing ; SET s v ; GEOPOS s a
            GEOADD h 180 85.05112878 max -180 -85.05112878 min 0 0 zero ; GEOPOS h max min zero
            ZADD odd 0 zero -1 neg 1.5 frac 1e300 huge inf inf -inf ninf 4503599627370495 top 4503599627370496 over 18446744073709551615 u64
            GEOPOS odd zero neg frac huge inf ninf top over u64
            """,
            audit=False,
        ),
        "GEOSEARCH": f"""
            {_SICILY} ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC
            GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH ; GEOSEARCH g FROMMEMBER Palermo BYRADIUS 100 mi ASC WITHDIST
            GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHDIST ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 20000 km COUNT 2 ANY ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0 ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT -1
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT x ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 yd
            GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km ; GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km ; GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km
            GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 -1 km ; GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 yd ; GEOSEARCH g FROMLONLAT 200 37 BYRADIUS 1 km
            GEOSEARCH g FROMLONLAT x 37 BYRADIUS 1 km ; GEOSEARCH g FROMMEMBER nope BYRADIUS 1 km ; GEOSEARCH missing FROMMEMBER nope BYRADIUS 1 km
            GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 km ; GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 1 km
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km ; GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 1 km
            GEOSEARCH g BYRADIUS 200 km ASC DESC ; GEOSEARCH g FROMLONLAT 15 37 ASC ASC ASC ; GEOSEARCH g ASC ASC ASC ASC ASC
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km STORE x ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km FOO
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 0 m ; GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m ; GEOSEARCH g FROMMEMBER Palermo BYBOX 0 0 m
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS inf km ASC ; GEOSEARCH g FROMLONLAT 15 37 BYBOX inf 1 km ASC ; GEOSEARCH g FROMLONLAT 15 37 BYBOX 0 inf km ASC
            GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1e300 km ASC ; GEOSEARCH missing FROMLONLAT 15 37 BYRADIUS 1 km ; GEOSEARCH missing FROMLONLAT 200 37 BYRADIUS 1 km
            GEOSEARCH missing FROMLONLAT 15 37 BYRADIUS 1 km ANY ; GEOSEARCH missing FOO 15 37 BYRADIUS 1 km ; SET s v ; GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km
            GEOSEARCH s FROMLONLAT 200 37 BYRADIUS 1 km ; GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 100 km BYRADIUS 200 km ASC ; GEOSEARCH g FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 km
        """,
        "GEOSEARCHSTORE": f"""
            {_SICILY} ; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km ; ZRANGE d 0 -1 WITHSCORES ; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 3
            ZRANGE d 0 -1 WITHSCORES ; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 1 km ; EXISTS d ; GEOSEARCHSTORE d missing FROMLONLAT 15 37 BYRADIUS 1 km
            SET s v ; GEOSEARCHSTORE s g FROMLONLAT 15 37 BYRADIUS 200 km ; TYPE s ; GEOSEARCHSTORE s missing FROMLONLAT 15 37 BYRADIUS 1 km ; EXISTS s
            GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST ; GEOSEARCHSTORE d missing FROMLONLAT 15 37 BYRADIUS 200 km WITHCOORD
            GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST x ; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STORE x
            GEOSEARCHSTORE d g BYRADIUS 200 km ASC ASC ASC ; GEOSEARCHSTORE d g FROMLONLAT 15 37 ASC ASC ASC ; GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 100 km
            ZRANGE g 0 -1 ; SET s v ; GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 1 km ; GEOSEARCHSTORE d g FROMMEMBER nope BYRADIUS 1 km
        """,
        "stored distances": since(
            "7.2",
            f"""
            {_SICILY} ; GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 400 km STOREDIST ; ZRANGE d 0 -1 WITHSCORES
            GEOSEARCHSTORE d g FROMMEMBER Palermo BYBOX 400 400 mi STOREDIST DESC COUNT 2 ; ZRANGE d 0 -1 WITHSCORES
            GEORADIUS g 15 37 200 mi STOREDIST d ; ZRANGE d 0 -1 WITHSCORES ; GEORADIUSBYMEMBER g Palermo 200 ft STOREDIST d ; ZRANGE d 0 -1 WITHSCORES
            """,
        ),
        "GEORADIUS": f"""
            {_SICILY} ; GEORADIUS g 15 37 200 km ASC ; GEORADIUS g 15 37 200 km WITHDIST WITHHASH DESC ; GEORADIUS_RO g 15 37 200 km COUNT 1
            GEORADIUS g 15 37 200 km WITHCOORD COUNT 2 ANY ASC ; GEORADIUS g 15 37 200 km STORE d ; ZRANGE d 0 -1 WITHSCORES ; GEORADIUS_RO g 15 37 200 km STORE d
            GEORADIUS g 15 37 200 km STOREDIST ; GEORADIUS g 15 37 200 km STORE d WITHDIST ; GEORADIUS g 15 37 1 km STORE d ; EXISTS d ; GEORADIUS g 200 37 1 km
            GEORADIUS g x 37 1 km ; GEORADIUS g 15 37 x km ; GEORADIUS g 15 37 -1 km ; GEORADIUS g 15 37 1 yd ; GEORADIUS g 15 37 1 km FOO ; GEORADIUS g 15 37 1 km ANY
            GEORADIUS missing 15 37 1 km ; GEORADIUS missing 200 37 1 km ; GEORADIUS missing 15 37 1 km STORE d ; SET d v ; GEORADIUS missing 15 37 1 km STORE d ; EXISTS d
            SET s v ; GEORADIUS s 15 37 1 km ; GEORADIUS s 200 37 1 km ; GEORADIUS g 15 37 200 km STORE a STORE b ; GEORADIUS g 15 37 200 km BYRADIUS 1 km ; GEORADIUS g 15 37 200 km FROMMEMBER x
            GEORADIUS g 15 37 200 km COUNT 0 ; GEORADIUS g 15 37 200 km COUNT ; GEORADIUS_RO g 15 37 200 km STOREDIST d
        """,
        "GEORADIUSBYMEMBER": f"""
            {_SICILY} ; GEORADIUSBYMEMBER g Palermo 200 km ASC ; GEORADIUSBYMEMBER_RO g Catania 200 km WITHDIST ; GEORADIUSBYMEMBER g nope 200 km
            GEORADIUSBYMEMBER missing nope 200 km ; GEORADIUSBYMEMBER missing nope x yd ; GEORADIUSBYMEMBER missing nope x yd FOO ; GEORADIUSBYMEMBER g Palermo x km
            GEORADIUSBYMEMBER g nope x km ; GEORADIUSBYMEMBER g Palermo 200 km STORE d ; ZRANGE d 0 -1 WITHSCORES ; GEORADIUSBYMEMBER_RO g Palermo 200 km STORE d
            GEORADIUSBYMEMBER missing a 1 km STORE d ; EXISTS d ; GEORADIUSBYMEMBER missing a 1 km STORE d WITHDIST ; SET s v ; GEORADIUSBYMEMBER s a 1 km ; GEORADIUSBYMEMBER g Palermo 0 m
        """,
        "searches at the ends of the map": f"""
            {_SICILY} ; GEOADD h 179.9 0 east -179.9 0 west 0 85 north 0 -85 south 179.9 84.9 ne -179.9 -84.9 sw 0 0 zero 90 89 ; GEOADD h 90 80 high -90 -80 low
            GEOSEARCH h FROMLONLAT 180 0 BYRADIUS 100 km ASC WITHDIST ; GEOSEARCH h FROMLONLAT -180 0 BYRADIUS 100 km ASC ; GEOSEARCH h FROMLONLAT 0 85 BYRADIUS 1000 km ASC WITHDIST
            GEOSEARCH h FROMLONLAT 0 -85 BYRADIUS 1000 km ASC WITHDIST ; GEOSEARCH h FROMLONLAT 0 0 BYRADIUS 5000 km ASC ; GEOSEARCH h FROMLONLAT 0 0 BYRADIUS 10000 km
            GEOSEARCH h FROMLONLAT 0 0 BYRADIUS 20000 km ; GEOSEARCH h FROMLONLAT 0 0 BYRADIUS 30000 km ASC ; GEOSEARCH h FROMLONLAT 180 85.05112878 BYRADIUS 5000 km
            GEOSEARCH h FROMLONLAT -180 -85.05112878 BYBOX 5000 5000 km ; GEOSEARCH h FROMLONLAT 0 0 BYBOX 40000 40000 km ; GEOSEARCH h FROMLONLAT 0 0 BYBOX 40000 100 km
            GEOSEARCH h FROMLONLAT 90 80 BYBOX 4000 100 km ; GEOSEARCH h FROMLONLAT 90 67 BYRADIUS 3000 km ; GEOSEARCH h FROMLONLAT -90 -80.5 BYRADIUS 3000 km
        """,
        "scores that are no places": Scenario(
            """
            ZADD odd 0 zero -1 neg 1.5 frac 1e300 huge inf inf -inf ninf 4503599627370495 top 4503599627370496 over 18446744073709551615 u64
            GEODIST odd zero neg ; GEODIST odd huge inf ; GEODIST odd ninf u64 ; GEODIST odd over top ; GEOSEARCH odd FROMMEMBER inf BYRADIUS 40000 km WITHHASH WITHDIST
            GEOSEARCH odd FROMMEMBER neg BYRADIUS 1000 km WITHHASH ; GEOSEARCH odd FROMMEMBER zero BYBOX 1000 1000 km ASC WITHHASH WITHDIST
            """,
            audit=False,
        ),
        **{
            f"{count} places within {spread} degrees, {seed}{' with ties' * ties}": Scenario(
                _crowd(seed, count, spread, ties), audit=False
            )
            for seed, count, spread, ties in (
                (1, 6, 0.01, True),
                (2, 40, 1, False),
                (3, 60, 0.001, True),
                (4, 300, 10, False),
                (5, 300, 10, True),
                (6, 300, 90, True),
                (7, 100, 180, False),
                (8, 100, 180, True),
            )
        },
    }

    samples = [
        Sample("GEOADD missing 13 38 a", "NX|XX|CH|1 2 b"),
        Sample("GEOADD zset CH 13 38 a"),
        Sample("GEODIST zset a b", "km"),
        Sample("GEOHASH zset a"),
        Sample("GEOSEARCH zset FROMMEMBER a BYRADIUS 10 m", "ASC|COUNT 2|ANY|WITHDIST|STOREDIST"),
        Sample("GEOSEARCH zset FROMLONLAT -180 -85 BYBOX 10 10 km", "DESC|COUNT 2 ANY|WITHHASH"),
        Sample("GEOSEARCHSTORE missing zset FROMMEMBER a BYRADIUS 10 km", "ASC|COUNT 2|WITHDIST"),
        Sample("GEORADIUS zset -180 -85 100 km", "ASC|COUNT 2|ANY|WITHDIST|STORE missing"),
        Sample("GEORADIUS_RO zset -180 -85 100 km", "DESC|STORE missing|STOREDIST missing"),
        Sample("GEORADIUSBYMEMBER zset a 100 m", "ASC|COUNT 2|ANY|WITHHASH|STORE missing"),
        Sample("GEORADIUSBYMEMBER_RO zset a 100 m", "STORE missing"),
    ]

    pools = {
        "lon": ["13.36", "13.37", "13.3601", "0", "180", "-180", "-0.5", "179.99", "13.36", "200"],
        "lat": ["38.11", "38.12", "38.1101", "0", "85", "-85.05112878", "66.5", "-80.1", "90"],
        "radius": ["1", "100", "1000", "12345.678", "1e6", "2e7", "0", "0.5"],
        "unit": ["m", "km", "ft", "mi"],
        "some": [1, 2, 3, 7, 100],
    }

    grammar = """
        GEOADD {key} ({lon} {lat} {member})+
        GEOADD {key} ({lon} {lat} {member})+
        GEOADD {key} ({lon} {lat} {member})+
        GEOADD {key} [NX|XX] [CH] ({lon} {lat} {member})+
        GEODIST {key} {member} {member} [{unit}]
        GEOHASH {key} {member}+
        GEOSEARCH {key} (FROMLONLAT {lon} {lat}|FROMMEMBER {member}) (BYRADIUS {radius} {unit}|BYBOX {radius} {radius} {unit}) [ASC|DESC] [COUNT {some} [ANY]] [WITHDIST] [WITHHASH]
        GEOSEARCH {key} (FROMLONLAT {lon} {lat}|FROMMEMBER {member}) (BYRADIUS {radius} {unit}|BYBOX {radius} {radius} {unit}) [ASC|DESC] [COUNT {some} [ANY]] [WITHDIST] [WITHHASH]
        GEOSEARCHSTORE {key} {key} (FROMLONLAT {lon} {lat}|FROMMEMBER {member}) (BYRADIUS {radius} {unit}|BYBOX {radius} {radius} {unit}) [ASC|DESC] [COUNT {some}]
        GEORADIUS {key} {lon} {lat} {radius} {unit} [ASC|DESC] [COUNT {some} [ANY]] [STORE {key}]
        GEORADIUSBYMEMBER {key} {member} {radius} {unit} [ASC|DESC] [COUNT {some}] [WITHDIST]
        ZREM {key} {member}
        ZADD {key} {some} {member}
        DEL {key}
    """
