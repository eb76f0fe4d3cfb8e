"""
What GEOSEARCH and its older forms ask for, and the words they ask with.

GEORADIUS and its variants have some of GEOSEARCH's options at fixed places;
all are read into one :class:`GeoQuery`. Which options a command has is a table.
What is refused, and in which order, is Redis'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from operator import itemgetter

from pyredis.datatypes.geo_search import search, search_members
from pyredis.datatypes.geohash import (
    LATITUDE_MAX,
    LONGITUDE_MAX,
    Box,
    Circle,
    Place,
    Shape,
    decode,
)
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import double, integer
from pyredis.primitives.numbers import format_fixed
from pyredis.primitives.partial_sort import first_in_order
from pyredis.wire.replies import HumanDouble, Reply

_UNITS = {b"M": 1.0, b"KM": 1000.0, b"FT": 0.3048, b"MI": 1609.34}


def unit_of(word: bytes) -> float:
    """Return the metres in a unit."""
    metres = _UNITS.get(word.upper())
    if metres is None:
        raise RedisError("unsupported unit provided. please use M, KM, FT, MI")
    return metres


def position_of(longitude: bytes, latitude: bytes) -> tuple[float, float]:
    """Return coordinates that are within what a score can hold."""
    column, row = double(longitude), double(latitude)
    if abs(column) > LONGITUDE_MAX or abs(row) > LATITUDE_MAX:
        raise RedisError(f"invalid longitude,latitude pair {column:f},{row:f}")
    return column, row


def distance_text(metres: float) -> bytes:
    """Write a distance with the four decimals that Redis gives."""
    if isfinite(metres):
        return format_fixed(metres, 4)
    # What a C program makes of NaN as an integer.
    return b"-922337203685477.5808"


def coordinates(longitude: float, latitude: float) -> list[Reply]:
    """Return a position as clients get it."""
    return [HumanDouble(longitude), HumanDouble(latitude)]


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

    # Options, each with the words behind it

    def read_member(self, member: bytes) -> None:
        """Search around a member; there is none if there is no key."""
        if self.from_position:
            raise syntax_error()
        self.from_member = True
        if self.value is not None:
            score = self.value.score(member)
            if score is None:
                raise RedisError("could not decode requested zset member")
            self.center = decode(score)

    def read_position(self, longitude: bytes, latitude: bytes) -> None:
        """Search around a position."""
        if self.from_member:
            raise syntax_error()
        self.from_position = True
        self.center = position_of(longitude, latitude)

    def read_circle(self, radius: bytes, unit: bytes) -> None:
        """Search through a circle."""
        if self.box is not None:
            raise syntax_error()
        self.radius = double(radius, "need numeric radius")
        if self.radius < 0:
            raise RedisError("radius cannot be negative")
        self.unit = unit_of(unit)

    def read_box(self, width: bytes, height: bytes, unit: bytes) -> None:
        """Search through a box."""
        if self.radius is not None:
            raise syntax_error()
        self.box = double(width, "need numeric width"), double(height, "need numeric height")
        if min(self.box) < 0:
            raise RedisError("height or width cannot be negative")
        self.unit = unit_of(unit)

    def read_count(self, count: bytes) -> None:
        """Return so many only."""
        self.count = integer(count)
        if self.count <= 0:
            raise RedisError("COUNT must be > 0")

    def read_any(self) -> None:
        """Of so many, return those that are found first."""
        self.any = True

    def read_ascending(self) -> None:
        """Return the nearest first."""
        self.order = 1

    def read_descending(self) -> None:
        """Return the farthest first."""
        self.order = -1

    def read_with_distance(self) -> None:
        """Return distances."""
        self.with_distance = True

    def read_with_hash(self) -> None:
        """Return scores."""
        self.with_hash = True

    def read_with_coordinates(self) -> None:
        """Return positions."""
        self.with_coordinates = True

    def read_store(self, key: bytes) -> None:
        """Store places under a key (GEORADIUS)."""
        self.destination = key
        self.store_distance = False

    def read_store_distances(self, key: bytes) -> None:
        """Store distances under a key (GEORADIUS)."""
        self.destination = key
        self.store_distance = True

    def read_distances(self) -> None:
        """Store distances under the key that is given already (GEOSEARCHSTORE)."""
        self.store_distance = True

    def read(self, options: Sequence[bytes], readers: Readers) -> None:
        """
        Read what is not at a fixed place.

        Args:
            options: The words.
            readers: The options there are, with the number of words behind each.
        """
        at, count = 0, len(options)
        while at < count:
            needs, read = readers.get(options[at].upper(), _NO_OPTION)
            at += 1
            if at + needs > count:
                raise syntax_error()
            read(self, *options[at : at + needs])
            at += needs

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

    def only_members(self) -> list[bytes] | None:
        """Return the members found if nothing else of them matters, else None."""
        if (
            self.order
            or self.count
            or self.destination is not None
            or self.with_distance
            or self.with_hash
            or self.with_coordinates
        ):
            return None
        return [] if self.value is None else search_members(self.value, self.shape)

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
        distances = [order * place[0] for place in found]
        if count < len(found) and len(set(distances)) < len(found):
            return [found[rank] for rank in first_in_order(distances, count)]
        found.sort(key=itemgetter(0), reverse=order < 0)
        return found[:count]

    def reply(self, places: list[Place]) -> Reply:
        """Return places as a client wants to see them."""
        if not (self.with_distance or self.with_hash or self.with_coordinates):
            return [member for _, member, _, _, _ in places]
        return [self._details(place) for place in places]

    def _details(self, place: Place) -> list[Reply]:
        metres, member, score, longitude, latitude = place
        details: list[Reply] = [member]
        if self.with_distance:
            details.append(distance_text(metres / self.unit))
        if self.with_hash:
            details.append(int(score) if abs(score) < 2.0**63 else -(2**63))
        if self.with_coordinates:
            details.append(coordinates(longitude, latitude))
        return details


Reader = tuple[int, Callable[..., None]]
Readers = Mapping[bytes, Reader]

_NO_OPTION: Reader = (1 << 60, GeoQuery.read_any)  # more words than there can be
RADIUS_READ_ONLY: Readers = {
    b"WITHDIST": (0, GeoQuery.read_with_distance),
    b"WITHHASH": (0, GeoQuery.read_with_hash),
    b"WITHCOORD": (0, GeoQuery.read_with_coordinates),
    b"ANY": (0, GeoQuery.read_any),
    b"ASC": (0, GeoQuery.read_ascending),
    b"DESC": (0, GeoQuery.read_descending),
    b"COUNT": (1, GeoQuery.read_count),
}
RADIUS: Readers = {
    **RADIUS_READ_ONLY,
    b"STORE": (1, GeoQuery.read_store),
    b"STOREDIST": (1, GeoQuery.read_store_distances),
}
SEARCH: Readers = {
    **RADIUS_READ_ONLY,
    b"FROMMEMBER": (1, GeoQuery.read_member),
    b"FROMLONLAT": (2, GeoQuery.read_position),
    b"BYRADIUS": (2, GeoQuery.read_circle),
    b"BYBOX": (3, GeoQuery.read_box),
}
SEARCH_STORE: Readers = {**SEARCH, b"STOREDIST": (0, GeoQuery.read_distances)}
