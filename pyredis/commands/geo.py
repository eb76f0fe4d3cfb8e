"""
Geo commands: places on Earth as scores of a sorted set.

What a search asks for is read by :mod:`~pyredis.commands.geo_queries`; how it
is found is in :mod:`pyredis.datatypes.geohash`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands.geo_queries import (
    RADIUS,
    RADIUS_READ_ONLY,
    SEARCH,
    SEARCH_STORE,
    GeoQuery,
    Readers,
    coordinates,
    distance_text,
    position_of,
    unit_of,
)
from pyredis.commands.sorted_sets import zadd
from pyredis.datatypes.geohash import decode, distance, encode, geohash_text
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import syntax_error
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
from pyredis.wire.replies import NULL_ARRAY, Reply

command = family("geo", Category.GEO)

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
        score = encode(*position_of(triples[at], triples[at + 1]))
        pairs += (b"%d" % score, triples[at + 2])
    before = ctx.keyspace.dirty
    reply: Reply = zadd(ctx, key, *options[:start], *pairs)
    if ctx.keyspace.dirty != before:
        ctx.propagate(b"zadd", key, *options[:start], *pairs)
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
        NULL_ARRAY if score is None else coordinates(*decode(score))
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
    unit = unit_of(options[0]) if options else 1.0
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return None
    score1, score2 = value.score(member1), value.score(member2)
    if score1 is None or score2 is None:
        return None
    return distance_text(distance(*decode(score1), *decode(score2)) / unit)


# Searches


def _search(ctx: Context, query: GeoQuery, event: bytes) -> Reply:
    """Search, and return or store what is found."""
    members = query.only_members()
    if members is not None:
        return members  # type: ignore[return-value]
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
    query.read(options, SEARCH)
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
    query.read(options, SEARCH_STORE)
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
    return _around_position(ctx, key, (longitude, latitude), radius, options, RADIUS)


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
    return _around_position(ctx, key, (longitude, latitude), radius, options, RADIUS_READ_ONLY)


def _around_position(
    ctx: Context,
    key: bytes,
    position: tuple[bytes, bytes],
    radius: bytes,
    options: Sequence[bytes],
    readers: Readers,
) -> Reply:
    query = GeoQuery(ctx.db.lookup_read(key, SortedSetValue))
    query.read_position(*position)
    query.read_circle(radius, options[0])
    query.read(options[1:], readers)
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
    return _around_member(ctx, key, member, radius, options, RADIUS)


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
    return _around_member(ctx, key, member, radius, options, RADIUS_READ_ONLY)


def _around_member(
    ctx: Context,
    key: bytes,
    member: bytes,
    radius: bytes,
    options: Sequence[bytes],
    readers: Readers,
) -> Reply:
    value = ctx.db.lookup_read(key, SortedSetValue)
    query = GeoQuery(value)
    if value is not None:
        # Of a key that is not there, Redis does not look at the circle.
        query.read_member(member)
        query.read_circle(radius, options[0])
    query.read(options[1:], readers)
    query.check()
    return _search(ctx, query, b"georadiusstore")
