"""
Geo commands: places on Earth as scores of a sorted set.

GEORADIUS and its variants are older ways to write GEOSEARCH; all of them are
read into one :class:`GeoQuery`, whose order of refusals is Redis'.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from pyredis.commands.sorted_sets import zadd
from pyredis.datatypes.geohash import (
    LATITUDE_MAX,
    LONGITUDE_MAX,
    Box,
    Circle,
    Place,
    Shape,
    decode,
    distance,
    encode,
    geohash_text,
    search,
)
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments, double
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DENYOOM,
    OW,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange, Keyword
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC, SORTED_SET
from pyredis.primitives.numbers import format_fixed, format_human_double
from pyredis.primitives.partial_sort import first_in_order
from pyredis.wire.replies import NULL_ARRAY, Reply

command = family("geo", Category.GEO)

_UNITS = {b"M": 1.0, b"KM": 1000.0, b"FT": 0.3048, b"MI": 1609.34}


def _unit(word: bytes) -> float:
    """Return the metres in a unit."""
    metres = _UNITS.get(word.upper())
    if metres is None:
        raise RedisError("unsupported unit provided. please use M, KM, FT, MI")
    return metres


def _position(longitude: bytes, latitude: bytes) -> tuple[float, float]:
    """Return coordinates that are within what a score can hold."""
    column, row = double(longitude), double(latitude)
    if abs(column) > LONGITUDE_MAX or abs(row) > LATITUDE_MAX:
        raise RedisError(f"invalid longitude,latitude pair {column:f},{row:f}")
    return column, row


def _distance_text(metres: float) -> bytes:
    """Write a distance with the four decimals that Redis gives."""
    if isfinite(metres):
        return format_fixed(metres, 4)
    # What a C program makes of NaN as an integer.
    return b"-922337203685477.5808"


def _coordinates(longitude: float, latitude: float) -> list[Reply]:
    return [format_human_double(longitude), format_human_double(latitude)]


# Members


@command(
    "GEOADD",
    arity=-5,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=RW | UPDATE),
    since="3.2.0",
    complexity="O(M*log(N)) for M members added to N",
    history=[("6.2.0", "`CH`, `NX` and `XX`.")],
    syntax=(
        "key [NX | XX]:condition@6.2.0 [CH:change@6.2.0] "
        "(longitude:double latitude:double member):data..."
    ),
)
def geoadd(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Add members with their positions, or change them."""
    start = 0
    conditions = set()
    for word in options:
        word = word.upper()
        if word not in (b"NX", b"XX", b"CH"):
            break
        conditions.add(word)
        start += 1
    triples = options[start:]
    if len(triples) % 3 or {b"NX", b"XX"} <= conditions:
        raise syntax_error()
    pairs: list[bytes] = []
    for at in range(0, len(triples), 3):
        score = encode(*_position(triples[at], triples[at + 1]))
        pairs += (b"%d" % score, triples[at + 2])
    reply: Reply = zadd(ctx, key, *options[:start], *pairs)
    return reply


@command(
    "GEOPOS",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="3.2.0",
    complexity="O(N) for N members",
    syntax="key [member...]",
)
def geopos(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Return the positions of members."""
    value = ctx.db.lookup_read(key, SortedSetValue)
    scores = {} if value is None else value.scores
    return [
        NULL_ARRAY if score is None else _coordinates(*decode(score))
        for score in map(scores.get, members)
    ]


@command(
    "GEOHASH",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="3.2.0",
    complexity="O(N) for N members",
    syntax="key [member...]",
)
def geohash(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Return the geohashes of members as other programs write them."""
    value = ctx.db.lookup_read(key, SortedSetValue)
    scores = {} if value is None else value.scores
    return [None if score is None else geohash_text(score) for score in map(scores.get, members)]


@command(
    "GEODIST",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="3.2.0",
    complexity="O(1)",
    syntax="key member1 member2 [M | KM | FT | MI]:unit",
)
def geodist(ctx: Context, key: bytes, member1: bytes, member2: bytes, *options: bytes) -> Reply:
    """Return the distance between two members."""
    if len(options) > 1:
        raise syntax_error()
    unit = _unit(options[0]) if options else 1.0
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return None
    score1, score2 = value.score(member1), value.score(member2)
    if score1 is None or score2 is None:
        return None
    return _distance_text(distance(*decode(score1), *decode(score2)) / unit)


# Searches


class GeoQuery:
    """
    What is searched, and what is wanted of what is found.

    Args:
        value: Where to search; None for a key that is not there: its request
            must be correct all the same.
        destination: Where to store, None to return what is found.
    """

    __slots__ = (
        "any",
        "box",
        "center",
        "count",
        "destination",
        "from_member",
        "from_position",
        "order",
        "radius",
        "store_distance",
        "unit",
        "value",
        "with_coordinates",
        "with_distance",
        "with_hash",
    )

    def __init__(self, value: SortedSetValue | None, destination: bytes | None = None) -> None:
        self.value = value
        self.destination = destination
        self.store_distance = False
        self.center = (0.0, 0.0)
        self.from_member = self.from_position = False
        self.radius: float | None = None
        self.box: tuple[float, float] | None = None
        self.unit = 1.0
        self.order = 0  # 1 for the nearest first, -1 for the farthest
        self.any = False
        self.count = 0
        self.with_coordinates = self.with_distance = self.with_hash = False

    @property
    def shape(self) -> Shape:
        """What to search through."""
        if self.box is not None:
            return Box(*self.center, self.unit, *self.box)
        return Circle(*self.center, self.unit, self.radius or 0.0)

    # The centre and the shape

    def read_member(self, member: bytes) -> None:
        """Search around a member; there is none if there is no key."""
        self.from_member = True
        if self.value is not None:
            score = self.value.score(member)
            if score is None:
                raise RedisError("could not decode requested zset member")
            self.center = decode(score)

    def read_position(self, longitude: bytes, latitude: bytes) -> None:
        """Search around a position."""
        self.from_position = True
        self.center = _position(longitude, latitude)

    def read_circle(self, radius: bytes, unit: bytes) -> None:
        """Search through a circle."""
        self.radius = double(radius, "need numeric radius")
        if self.radius < 0:
            raise RedisError("radius cannot be negative")
        self.unit = _unit(unit)

    def read_box(self, width: bytes, height: bytes, unit: bytes) -> None:
        """Search through a box."""
        self.box = double(width, "need numeric width"), double(height, "need numeric height")
        if min(self.box) < 0:
            raise RedisError("height or width cannot be negative")
        self.unit = _unit(unit)

    # Options

    def read(
        self, options: Sequence[bytes], is_search: bool = False, may_store: bool = False
    ) -> None:
        """
        Read what is not at a fixed place.

        Args:
            options: The words.
            is_search: Centre and shape are options, too, as is a STOREDIST of
                GEOSEARCHSTORE.
            may_store: STORE and STOREDIST, with a key, are options.
        """
        arguments = Arguments(options)
        while arguments:
            left = arguments.left - 1
            word = arguments.take_word()
            if not (
                self._read_common(word, left, arguments)
                or (may_store and self._read_store(word, left, arguments))
                or (is_search and self._read_shape(word, left, arguments))
            ):
                raise syntax_error()

    def _read_common(self, word: bytes, left: int, arguments: Arguments) -> bool:
        """Take an option that all searches have; return whether it was one."""
        if word == b"WITHDIST":
            self.with_distance = True
        elif word == b"WITHHASH":
            self.with_hash = True
        elif word == b"WITHCOORD":
            self.with_coordinates = True
        elif word == b"ANY":
            self.any = True
        elif word == b"ASC":
            self.order = 1
        elif word == b"DESC":
            self.order = -1
        elif word == b"COUNT" and left:
            self.count = arguments.take_integer()
            if self.count <= 0:
                raise RedisError("COUNT must be > 0")
        else:
            return False
        return True

    def _read_store(self, word: bytes, left: int, arguments: Arguments) -> bool:
        """Take an option of GEORADIUS; return whether it was one."""
        if word not in (b"STORE", b"STOREDIST") or not left:
            return False
        self.destination = arguments.take()
        self.store_distance = word == b"STOREDIST"
        return True

    def _read_shape(self, word: bytes, left: int, arguments: Arguments) -> bool:
        """Take an option of GEOSEARCH; return whether it was one."""
        take = arguments.take
        if word == b"STOREDIST" and self.destination is not None:
            self.store_distance = True
        elif word == b"FROMMEMBER" and left and not self.from_position:
            self.read_member(take())
        elif word == b"FROMLONLAT" and left > 1 and not self.from_member:
            self.read_position(take(), take())
        elif word == b"BYRADIUS" and left > 1 and self.box is None:
            self.read_circle(take(), take())
        elif word == b"BYBOX" and left > 2 and self.radius is None:
            self.read_box(take(), take(), take())
        else:
            return False
        return True

    def check(self, search_name: str | None = None) -> None:
        """
        Refuse options that do not go together.

        Args:
            search_name: Of a command that takes centre and shape as options.
        """
        if self.destination is not None and (
            self.with_distance or self.with_hash or self.with_coordinates
        ):
            what = search_name or "STORE option in GEORADIUS"
            raise RedisError(
                f"{what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )
        if search_name and not (self.from_member or self.from_position):
            raise RedisError(
                f"exactly one of FROMMEMBER or FROMLONLAT can be specified for {search_name}"
            )
        if search_name and self.box is None and self.radius is None:
            raise RedisError(
                f"exactly one of BYRADIUS and BYBOX can be specified for {search_name}"
            )
        if self.any and not self.count:
            raise RedisError("the ANY argument requires COUNT argument")

    # Finding

    def places(self) -> list[Place]:
        """Return what is found, in the order and number wanted."""
        if self.value is None:
            return []
        found = search(self.value, self.shape, self.count if self.any else 0)
        order, count = self.order, self.count or len(found)
        if not order:
            # The first few of many can only be the nearest, unless any will do.
            if not self.count or self.any:
                return found
            order = 1
        ranks = first_in_order([order * place[0] for place in found], count)
        return [found[rank] for rank in ranks]

    def reply(self, places: list[Place]) -> Reply:
        """Return places as a client wants to see them."""
        if not (self.with_distance or self.with_hash or self.with_coordinates):
            return [member for _, member, _, _, _ in places]
        return [self._details(place) for place in places]

    def _details(self, place: Place) -> list[Reply]:
        metres, member, score, longitude, latitude = place
        details: list[Reply] = [member]
        if self.with_distance:
            details.append(_distance_text(metres / self.unit))
        if self.with_hash:
            details.append(int(score) if abs(score) < 2.0**63 else -(2**63))
        if self.with_coordinates:
            details.append(_coordinates(longitude, latitude))
        return details


def _search(ctx: Context, query: GeoQuery, event: bytes) -> Reply:
    """Search, and return or store what is found."""
    places = query.places()
    destination = query.destination
    if destination is None:
        return query.reply(places)
    db = ctx.db
    if places:
        if query.store_distance:
            scores = {member: metres / query.unit for metres, member, _, _, _ in places}
        else:
            scores = {member: score for _, member, score, _, _ in places}
        db.store(destination, SortedSetValue.of(scores, ctx.limits))
        db.changed(destination, SORTED_SET, event, len(places))
    elif db.delete(destination):
        db.changed(destination, GENERIC, b"del")
    return len(places)


@command(
    "GEOSEARCH",
    arity=-7,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N+log(M)) for N members in the shape's bounding box and M in the shape",
    history=[("7.0.0", "Units in capitals.")],
    syntax=(
        "key (FROMMEMBER member | FROMLONLAT longitude:double latitude:double):from "
        "(((BYRADIUS radius:double) (M | KM | FT | MI):unit):circle | "
        "((BYBOX width:double) height:double (M | KM | FT | MI):unit):box):by "
        "[ASC | DESC]:order [(COUNT count) [ANY]]:count-block "
        "[WITHCOORD] [WITHDIST] [WITHHASH]"
    ),
)
def geosearch(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return the members inside a circle or a box."""
    query = GeoQuery(ctx.db.lookup_read(key, SortedSetValue))
    query.read(options, is_search=True)
    query.check("GEOSEARCH")
    return _search(ctx, query, b"")


@command(
    "GEOSEARCHSTORE",
    arity=-8,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyRange(2, access=RO | ACCESS),
    ),
    since="6.2.0",
    complexity="O(N+log(M)) for N members in the shape's bounding box and M in the shape",
    history=[("7.0.0", "Units in capitals.")],
    syntax=(
        "destination source "
        "(FROMMEMBER member | FROMLONLAT longitude:double latitude:double):from "
        "(((BYRADIUS radius:double) (M | KM | FT | MI):unit):circle | "
        "((BYBOX width:double) height:double (M | KM | FT | MI):unit):box):by "
        "[ASC | DESC]:order [(COUNT count) [ANY]]:count-block [STOREDIST]"
    ),
)
def geosearchstore(ctx: Context, destination: bytes, source: bytes, *options: bytes) -> Reply:
    """Store the members inside a circle or a box."""
    query = GeoQuery(ctx.db.lookup_read(source, SortedSetValue), destination)
    query.read(options, is_search=True)
    query.check("GEOSEARCHSTORE")
    return _search(ctx, query, b"geosearchstore")


@command(
    "GEORADIUS",
    arity=-6,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RO | ACCESS),
        KeyRange(Keyword("STORE", 6), access=OW | UPDATE),
        KeyRange(Keyword("STOREDIST", 6), access=OW | UPDATE),
    ),
    since="3.2.0",
    complexity="O(N+log(M)) for N members in the circle's bounding box and M in all",
    deprecated=("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS`"),
    history=[("6.2.0", "`ANY` behind `COUNT`."), ("7.0.0", "Units in capitals.")],
    syntax=(
        "key longitude:double latitude:double radius:double (M | KM | FT | MI):unit "
        "[WITHCOORD] [WITHDIST] [WITHHASH] [(COUNT count) [ANY@6.2.0]]:count-block "
        "[ASC | DESC]:order [STORE storekey:key/key | STOREDIST storedistkey:key/key]:store"
    ),
)
def georadius(
    ctx: Context, key: bytes, longitude: bytes, latitude: bytes, radius: bytes, *options: bytes
) -> Reply:
    """Return or store the members within a distance of a position."""
    return _around_position(ctx, key, (longitude, latitude), radius, options, may_store=True)


@command(
    "GEORADIUS_RO",
    arity=-6,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="3.2.10",
    complexity="O(N+log(M)) for N members in the circle's bounding box and M in all",
    deprecated=("6.2.0", "`GEOSEARCH` with `BYRADIUS`"),
    history=[("6.2.0", "`ANY` behind `COUNT`.")],
    syntax=(
        "key longitude:double latitude:double radius:double (M | KM | FT | MI):unit "
        "[WITHCOORD] [WITHDIST] [WITHHASH] [(COUNT count) [ANY@6.2.0]]:count-block "
        "[ASC | DESC]:order"
    ),
)
def georadius_ro(
    ctx: Context, key: bytes, longitude: bytes, latitude: bytes, radius: bytes, *options: bytes
) -> Reply:
    """Return the members within a distance of a position."""
    return _around_position(ctx, key, (longitude, latitude), radius, options, may_store=False)


def _around_position(
    ctx: Context,
    key: bytes,
    position: tuple[bytes, bytes],
    radius: bytes,
    options: Sequence[bytes],
    may_store: bool,
) -> Reply:
    query = GeoQuery(ctx.db.lookup_read(key, SortedSetValue))
    query.read_position(*position)
    query.read_circle(radius, options[0])
    query.read(options[1:], may_store=may_store)
    query.check()
    return _search(ctx, query, b"georadiusstore")


@command(
    "GEORADIUSBYMEMBER",
    arity=-5,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RO | ACCESS),
        KeyRange(Keyword("STORE", 5), access=OW | UPDATE),
        KeyRange(Keyword("STOREDIST", 5), access=OW | UPDATE),
    ),
    since="3.2.0",
    complexity="O(N+log(M)) for N members in the circle's bounding box and M in all",
    deprecated=("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS` and `FROMMEMBER`"),
    history=[("7.0.0", "Units in capitals.")],
    syntax=(
        "key member radius:double (M | KM | FT | MI):unit "
        "[WITHCOORD] [WITHDIST] [WITHHASH] [(COUNT count) [ANY]]:count-block "
        "[ASC | DESC]:order [STORE storekey:key/key | STOREDIST storedistkey:key/key]:store"
    ),
)
def georadiusbymember(
    ctx: Context, key: bytes, member: bytes, radius: bytes, *options: bytes
) -> Reply:
    """Return or store the members within a distance of a member."""
    return _around_member(ctx, key, member, radius, options, may_store=True)


@command(
    "GEORADIUSBYMEMBER_RO",
    arity=-5,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="3.2.10",
    complexity="O(N+log(M)) for N members in the circle's bounding box and M in all",
    deprecated=("6.2.0", "`GEOSEARCH` with `BYRADIUS` and `FROMMEMBER`"),
    syntax=(
        "key member radius:double (M | KM | FT | MI):unit "
        "[WITHCOORD] [WITHDIST] [WITHHASH] [(COUNT count) [ANY]]:count-block "
        "[ASC | DESC]:order"
    ),
)
def georadiusbymember_ro(
    ctx: Context, key: bytes, member: bytes, radius: bytes, *options: bytes
) -> Reply:
    """Return the members within a distance of a member."""
    return _around_member(ctx, key, member, radius, options, may_store=False)


def _around_member(
    ctx: Context,
    key: bytes,
    member: bytes,
    radius: bytes,
    options: Sequence[bytes],
    may_store: bool,
) -> Reply:
    value = ctx.db.lookup_read(key, SortedSetValue)
    query = GeoQuery(value)
    if value is not None:
        # Of a key that is not there, Redis does not look at the circle.
        query.read_member(member)
        query.read_circle(radius, options[0])
    query.read(options[1:], may_store=may_store)
    query.check()
    return _search(ctx, query, b"georadiusstore")
