"""
Places on Earth as scores of a sorted set, and how to find those near a point.

A score interleaves 26 bits of latitude and 26 of longitude, so that the cells
of any coarser grid are ranges of scores. A search looks through the cell of
its centre and the eight around, on the finest grid whose nine cells are sure
to cover the shape, and then measures each place.

Every formula and the order of every operation is Redis': distances and
coordinates come out equal to the last bit, and members in the same order.
Latitudes end at 85.05112878 degrees, where Mercator's square map does.
"""

from __future__ import annotations

from functools import lru_cache
from math import asin, cos, isfinite, nan, pi, sin, sqrt
from typing import Final

from pyredis.datatypes.sorted_sets import ScoreRange, SortedSetValue

LONGITUDE_MAX: Final = 180.0
LATITUDE_MAX: Final = 85.05112878

_EARTH_RADIUS: Final = 6372797.560856  # in metres
_RADIANS: Final = pi / 180.0
_MERCATOR_MAX: Final = 20037726.37
_STEPS: Final = 26  # bits of each coordinate in a score
_CELLS: Final = float(1 << _STEPS)
_SCORE_BITS: Final = 2 * _STEPS
_MASK64: Final = (1 << 64) - 1
_MASK32: Final = (1 << 32) - 1
_LONGITUDE_BITS: Final = 0xAAAAAAAAAAAAAAAA
_LATITUDE_BITS: Final = 0x5555555555555555
_ALPHABET: Final = b"0123456789bcdefghjkmnpqrstuvwxyz"

# A byte with its bits spread over the even bits of two; and, of each byte, the bits in even
# places as half a byte.
_SPREAD: Final = [int(f"{byte:b}", 4) for byte in range(256)]
_EVEN_BITS: Final = bytes(int(f"{byte:08b}"[1::2], 2) for byte in range(256))

_FEW: Final = 256

# distance in metres, member, score, longitude, latitude
Place = tuple[float, bytes, float, float, float]


def _interleave(even: int, odd: int) -> int:
    """Return a number whose even bits are one number and whose odd bits are another."""
    bits = 0
    for shift in (0, 8, 16, 24):
        spread = _SPREAD[even >> shift & 255] | _SPREAD[odd >> shift & 255] << 1
        bits |= spread << 2 * shift
    return bits


def _even_bits(bits: int) -> int:
    """Return the number in the even bits of a 64-bit number."""
    # Each byte becomes half a byte, which is the second of its two hexadecimal digits.
    return int(bits.to_bytes(8, "big").translate(_EVEN_BITS).hex()[1::2], 16)


def _hash(longitude: float, latitude: float, steps: int, latitude_max: float) -> int:
    """Return the cell of a place on a grid of ``2**steps`` cells in each direction."""
    cells = 1 << steps
    row = (latitude + latitude_max) / (latitude_max + latitude_max) * cells
    column = (longitude + LONGITUDE_MAX) / (LONGITUDE_MAX + LONGITUDE_MAX) * cells
    return _interleave(int(row), int(column))


def encode(longitude: float, latitude: float) -> int:
    """Return the score of a place within the limits, as an integer."""
    return _hash(longitude, latitude, _STEPS, LATITUDE_MAX)


def _to_unsigned(score: float) -> int:
    """Return what a C program on a PC makes of any double as an unsigned integer."""
    if -(2.0**63) <= score < 2.0**64:
        return int(score) & _MASK64
    return 0 if score > 0 else 1 << 63


def decode(score: float) -> tuple[float, float]:
    """Return longitude and latitude of the place a score stands for."""
    longitude, latitude, *_ = _decoded(score)
    return longitude, latitude


@lru_cache(maxsize=1 << 14)
def _decoded(score: float) -> tuple[float, float, float, float, float]:
    """Return longitude and latitude, both in radians, and the cosine of the latitude."""
    bits = _to_unsigned(score)
    row = _even_bits(bits)
    column = _even_bits(bits >> 1)
    scale = LATITUDE_MAX + LATITUDE_MAX
    south = row / _CELLS * scale - LATITUDE_MAX
    north = (row + 1 & _MASK32) / _CELLS * scale - LATITUDE_MAX
    scale = LONGITUDE_MAX + LONGITUDE_MAX
    west = column / _CELLS * scale - LONGITUDE_MAX
    east = (column + 1 & _MASK32) / _CELLS * scale - LONGITUDE_MAX
    longitude = max(min((west + east) / 2, LONGITUDE_MAX), -LONGITUDE_MAX)
    latitude = max(min((south + north) / 2, LATITUDE_MAX), -LATITUDE_MAX)
    radians = latitude * _RADIANS
    return longitude, latitude, longitude * _RADIANS, radians, cos(radians)


def geohash_text(score: float) -> bytes:
    """
    Return the eleven characters of a place's geohash as the rest of the world writes them.

    There latitudes reach to the poles, so the place is encoded anew. The last
    character would need three bits more than there are; Redis writes a zero.
    """
    longitude, latitude = decode(score)
    bits = _hash(longitude, latitude, _STEPS, 90.0)
    digits = [_ALPHABET[bits >> _SCORE_BITS - 5 * place & 31] for place in range(1, 11)]
    return bytes(digits) + b"0"


def distance(longitude1: float, latitude1: float, longitude2: float, latitude2: float) -> float:
    """
    Return the distance of two places in metres, on a sphere.

    NaN for some exact antipodes, as the sine gets a little greater than one.
    """
    row1 = latitude1 * _RADIANS
    row2 = latitude2 * _RADIANS
    v = sin((longitude2 * _RADIANS - longitude1 * _RADIANS) / 2)
    if v == 0.0:
        return _EARTH_RADIUS * abs(row2 - row1)
    u = sin((row2 - row1) / 2)
    return _arc(u * u + cos(row1) * cos(row2) * v * v)


def _arc(a: float) -> float:
    """Return the length of an arc of a great circle from the square of the sine of its half."""
    root = sqrt(a)
    return 2.0 * _EARTH_RADIUS * asin(root) if root <= 1.0 else nan


class Shape:
    """
    What a search covers, around a centre.

    Args:
        longitude: Of the centre.
        latitude: Of the centre.
        unit: Metres in what lengths are given in.
    """

    def __init__(self, longitude: float, latitude: float, unit: float) -> None:
        self.longitude = longitude
        self.latitude = latitude
        self.unit = unit

    def reach(self) -> tuple[float, float, float]:
        """Return half the width, half the height and the greatest distance inside, in metres."""
        raise NotImplementedError

    def within(self, members: list[bytes], scores: list[float]) -> list[Place]:
        """Return those members that the shape covers, in the same order."""
        raise NotImplementedError


class Circle(Shape):
    """
    All places within a distance of the centre.

    Args:
        longitude: Of the centre.
        latitude: Of the centre.
        unit: Metres in what the radius is given in.
        radius: How far a place may be.
    """

    def __init__(self, longitude: float, latitude: float, unit: float, radius: float) -> None:
        super().__init__(longitude, latitude, unit)
        self.radius = radius * unit

    def reach(self) -> tuple[float, float, float]:
        """Return the radius, three times."""
        return self.radius, self.radius, self.radius

    def within(self, members: list[bytes], scores: list[float]) -> list[Place]:
        """Return those members that are near enough."""
        radius = self.radius
        column1 = self.longitude * _RADIANS
        row1 = self.latitude * _RADIANS
        cosine = cos(row1)
        # Far places are told by the square of the sine already, with a margin for rounding.
        half_angle = radius / (2.0 * _EARTH_RADIUS)
        too_far = sin(half_angle) ** 2 * 1.000001 if half_angle < 1.57 else 2.0
        found = []
        for member, score in zip(members, scores, strict=True):
            longitude, latitude, column2, row2, cosine2 = _decoded(score)
            v = sin((column2 - column1) / 2)
            if v == 0.0:
                metres = _EARTH_RADIUS * abs(row2 - row1)
            else:
                u = sin((row2 - row1) / 2)
                a = u * u + cosine * cosine2 * v * v
                if a > too_far:
                    continue
                metres = _arc(a)
            if not metres > radius:
                found.append((metres, member, score, longitude, latitude))
        return found


class Box(Shape):
    """
    All places within a width and height, measured along the circles through the place.

    Args:
        longitude: Of the centre.
        latitude: Of the centre.
        unit: Metres in what width and height are given in.
        width: From west to east.
        height: From south to north.
    """

    def __init__(
        self, longitude: float, latitude: float, unit: float, width: float, height: float
    ) -> None:
        super().__init__(longitude, latitude, unit)
        self.half_width = width / 2
        self.half_height = height / 2

    def reach(self) -> tuple[float, float, float]:
        """Return half the width, half the height, and the distance of a corner."""
        width, height, unit = self.half_width, self.half_height, self.unit
        return width * unit, height * unit, sqrt(width * width + height * height) * unit

    def within(self, members: list[bytes], scores: list[float]) -> list[Place]:
        """Return those members that are in the box."""
        half_width, half_height, _ = self.reach()
        center_longitude, center_latitude = self.longitude, self.latitude
        row1 = center_latitude * _RADIANS
        found = []
        for member, score in zip(members, scores, strict=True):
            longitude, latitude, _, row2, _ = _decoded(score)
            if _EARTH_RADIUS * abs(row1 - row2) > half_height:
                continue
            if distance(longitude, latitude, center_longitude, latitude) > half_width:
                continue
            metres = distance(center_longitude, center_latitude, longitude, latitude)
            found.append((metres, member, score, longitude, latitude))
        return found


def search(value: SortedSetValue, shape: Shape, limit: int = 0) -> list[Place]:
    """
    Return the members that a shape covers.

    Args:
        value: Scores are places.
        shape: What to cover.
        limit: Stop when so many are found, 0 for never.
    """
    found: list[Place] = []
    for low, high in areas(shape):
        start, stop = value.ranks_by_score(ScoreRange(low, high, max_excluded=True))
        # Where the first few will do, a crowded area need not be measured to its end.
        step = _FEW if limit else stop - start
        while start < stop:
            end = min(start + step, stop)
            found += shape.within(
                value.members_between(start, end), value.scores_between(start, end)
            )
            if limit and len(found) >= limit:
                return found[:limit]
            start = end
    return found


def areas(shape: Shape) -> list[tuple[float, float]]:
    """Return the ranges of scores, the upper end excluded, that together cover a shape."""
    longitude, latitude = shape.longitude, shape.latitude
    west, south, east, north = bounds = _bounding_box(shape)
    steps = _fitting_steps(shape.reach()[2], latitude)
    cell = _hash(longitude, latitude, steps, LATITUDE_MAX)
    if steps > 1 and not _neighbours_cover(cell, steps, bounds):
        steps -= 1
        cell = _hash(longitude, latitude, steps, LATITUDE_MAX)
    directions = set(_DIRECTIONS)
    if steps >= 2:
        area_west, area_south, area_east, area_north = _cell_bounds(cell, steps)
        directions = {
            (dx, dy)
            for dx, dy in _DIRECTIONS
            if not (dy < 0 and area_south < south)
            and not (dy > 0 and area_north > north)
            and not (dx < 0 and area_west < west)
            and not (dx > 0 and area_east > east)
        }
    shift = _SCORE_BITS - 2 * steps
    ranges: list[tuple[float, float]] = []
    last = None
    for direction in _DIRECTIONS:
        if direction not in directions:
            continue
        bits = _moved(cell, steps, *direction)
        # On the coarsest grids neighbours are the same; Redis does not compare with the centre.
        if bits != last:
            low = float(bits << shift & _MASK64)
            ranges.append((low, float((bits + 1) << shift & _MASK64)))
            last = bits if direction != (0, 0) else None
    return ranges


# The centre, then the neighbours in the order in which Redis searches them.
_DIRECTIONS: Final = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))


def _bounding_box(shape: Shape) -> tuple[float, float, float, float]:
    """Return the western, southern, eastern and northern limits of a shape."""
    width, height, _ = shape.reach()
    longitude, latitude = shape.longitude, shape.latitude
    rows = height / _EARTH_RADIUS / _RADIANS
    # In degrees a shape is widest at the end towards its pole.
    edge = latitude - rows if latitude < 0 else latitude + rows
    cosine = cos(edge * _RADIANS) if isfinite(edge) else nan
    columns = width / _EARTH_RADIUS / cosine / _RADIANS
    return longitude - columns, latitude - rows, longitude + columns, latitude + rows


def _fitting_steps(metres: float, latitude: float) -> int:
    """Return the bits of each coordinate on a grid whose cells are about as large as a radius."""
    if metres == 0:
        return _STEPS
    steps = 1
    while metres < _MERCATOR_MAX:
        metres *= 2
        steps += 1
    steps -= 2
    # Degrees of longitude are shorter towards the poles.
    if abs(latitude) > 66:
        steps -= 1
        if abs(latitude) > 80:
            steps -= 1
    return max(1, min(steps, _STEPS))


def _neighbours_cover(cell: int, steps: int, bounds: tuple[float, float, float, float]) -> bool:
    """Tell whether the outer edges of the four neighbours reach as far as a shape."""
    west, south, east, north = bounds
    return not (
        _cell_bounds(_moved(cell, steps, 0, 1), steps)[3] < north
        or _cell_bounds(_moved(cell, steps, 0, -1), steps)[1] > south
        or _cell_bounds(_moved(cell, steps, 1, 0), steps)[2] < east
        or _cell_bounds(_moved(cell, steps, -1, 0), steps)[0] > west
    )


def _cell_bounds(cell: int, steps: int) -> tuple[float, float, float, float]:
    """Return the western, southern, eastern and northern limits of a cell."""
    cells = float(1 << steps)
    row, column = _even_bits(cell), _even_bits(cell >> 1)
    height = LATITUDE_MAX + LATITUDE_MAX
    width = LONGITUDE_MAX + LONGITUDE_MAX
    return (
        column / cells * width - LONGITUDE_MAX,
        row / cells * height - LATITUDE_MAX,
        (column + 1) / cells * width - LONGITUDE_MAX,
        (row + 1) / cells * height - LATITUDE_MAX,
    )


def _moved(cell: int, steps: int, dx: int, dy: int) -> int:
    """Return the cell next to another; beyond the edge of the map it is on the other side."""
    column = cell & _LONGITUDE_BITS
    row = cell & _LATITUDE_BITS
    shift = 64 - 2 * steps
    # With the other coordinate's bits all set (or all clear) a carry (or a borrow) passes them.
    if dx:
        others = _LATITUDE_BITS >> shift
        column = column + others + 1 if dx > 0 else (column | others) - (others + 1)
        column &= _LONGITUDE_BITS >> shift
    if dy:
        others = _LONGITUDE_BITS >> shift
        row = row + others + 1 if dy > 0 else (row | others) - (others + 1)
        row &= _LATITUDE_BITS >> shift
    return row | column
