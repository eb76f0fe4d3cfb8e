"""
Places on Earth as scores of a sorted set, and shapes that cover some of them.

A score interleaves 26 bits of latitude and 26 of longitude, so that the cells
of any coarser grid are ranges of scores; :mod:`~pyredis.datatypes.geo_search`
looks through such cells.

Every formula and the order of every operation is Redis': distances and
coordinates come out equal to the last bit, and members in the same order.
Latitudes end at 85.05112878 degrees, where Mercator's square map does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import compress, repeat
from math import asin, cos, dist, nan, pi, sin, sqrt
from typing import Final

LONGITUDE_MAX: Final = 180.0
LATITUDE_MAX: Final = 85.05112878

WIDTH: Final = LONGITUDE_MAX + LONGITUDE_MAX  # of the map, in degrees
HEIGHT: Final = LATITUDE_MAX + LATITUDE_MAX
EARTH_RADIUS: Final = 6372797.560856  # in metres
_DIAMETER: Final = 2.0 * EARTH_RADIUS
_QUARTER: Final = pi / 2 * EARTH_RADIUS  # the way from the equator to a pole
RADIANS: Final = pi / 180.0
STEPS: Final = 26  # bits of each coordinate in a score
_CELLS: Final = float(1 << STEPS)
SCORE_BITS: Final = 2 * STEPS
MASK64: Final = (1 << 64) - 1
_MASK32: Final = (1 << 32) - 1
_ALPHABET: Final = b"0123456789bcdefghjkmnpqrstuvwxyz"

# A byte with its bits spread over the even bits of two; and, of each byte, the bits in even
# places as half a byte.
_SPREAD: Final = [int(f"{byte:b}", 4) for byte in range(256)]
_EVEN_BITS: Final = bytes(int(f"{byte:08b}"[1::2], 2) for byte in range(256))

# Scores from here on are of no place; what is beyond the map's edge comes to it.
_SCORES_END: Final = float(1 << SCORE_BITS)
# A cell's sixteen parts in the order of their scores: rows up, columns to the right.
_PARTS: Final = 16
_PLACES_OF_PARTS: Final = [
    (part & 1 | part >> 1 & 2, part >> 1 & 1 | part >> 2 & 2) for part in range(_PARTS)
]
# A bit for each part that is in one of the four rows or columns.
_PARTS_IN_ROW: Final = [
    sum(1 << part for part, (up, _) in enumerate(_PLACES_OF_PARTS) if up == row) for row in range(4)
]
_PARTS_IN_COLUMN: Final = [
    sum(1 << part for part, (_, right) in enumerate(_PLACES_OF_PARTS) if right == column)
    for column in range(4)
]
_DIRECTIONS_KEPT: Final = 1 << 15
# Members up to which it is quicker to measure each than to look at parts of their cell.
FEW: Final = 200

# distance in metres, member, score, longitude, latitude
Place = tuple[float, bytes, float, float, float]


@cache
def _runs_of_parts(parts: int) -> list[tuple[int, int]]:
    """Return where runs of bits begin and end, the lowest first."""
    edges = [bit for bit in range(_PARTS + 1) if (parts >> bit ^ parts << 1 >> bit) & 1]
    return list(zip(edges[::2], edges[1::2], strict=True))


def spread(number: int) -> int:
    """Return a number of up to 32 bits with its bits in the even places of 64."""
    return (
        _SPREAD[number & 255]
        | _SPREAD[number >> 8 & 255] << 16
        | _SPREAD[number >> 16 & 255] << 32
        | _SPREAD[number >> 24] << 48
    )


def _even_bits(bits: int) -> int:
    """Return the number in the even bits of a 64-bit number."""
    # Each byte becomes half a byte, which is the second of its two hexadecimal digits.
    return int(bits.to_bytes(8, "big").translate(_EVEN_BITS).hex()[1::2], 16)


def cell_of(longitude: float, latitude: float, steps: int, latitude_max: float) -> tuple[int, int]:
    """Return row and column of a place on a grid of ``2**steps`` cells in each direction."""
    cells = 1 << steps
    row = (latitude + latitude_max) / (latitude_max + latitude_max) * cells
    column = (longitude + LONGITUDE_MAX) / WIDTH * cells
    return int(row), int(column)


def encode(longitude: float, latitude: float) -> int:
    """Return the score of a place within the limits, as an integer."""
    row, column = cell_of(longitude, latitude, STEPS, LATITUDE_MAX)
    return spread(row) | spread(column) << 1


def _to_unsigned(score: float) -> int:
    """Return what a C program on a PC makes of any double as an unsigned integer."""
    if -(2.0**63) <= score < 2.0**64:
        return int(score) & MASK64
    return 0 if score > 0 else 1 << 63


def decode(score: float) -> tuple[float, float]:
    """Return longitude and latitude of the place a score stands for."""
    longitude, latitude, *_ = _decoded(score)
    return longitude, latitude


_Decoded = tuple[float, float, float, float, float]


@lru_cache(maxsize=1 << 15)
def _decoded(score: float) -> _Decoded:
    """Return longitude and latitude, both in radians, and the cosine of the latitude."""
    bits = _to_unsigned(score)
    row = _even_bits(bits)
    column = _even_bits(bits >> 1)
    scale = HEIGHT
    south = row / _CELLS * scale - LATITUDE_MAX
    north = (row + 1 & _MASK32) / _CELLS * scale - LATITUDE_MAX
    scale = WIDTH
    west = column / _CELLS * scale - LONGITUDE_MAX
    east = (column + 1 & _MASK32) / _CELLS * scale - LONGITUDE_MAX
    longitude = max(min((west + east) / 2, LONGITUDE_MAX), -LONGITUDE_MAX)
    latitude = max(min((south + north) / 2, LATITUDE_MAX), -LATITUDE_MAX)
    radians = latitude * RADIANS
    return longitude, latitude, longitude * RADIANS, radians, cos(radians)


class _Directions(dict[float, tuple[float, float, float]]):
    """The unit vectors from the middle of the Earth towards places, by their scores."""

    def __missing__(self, score: float) -> tuple[float, float, float]:
        """Return the one that is not kept yet, and keep it."""
        _, _, column, row, cosine = _decoded(score)
        if len(self) >= _DIRECTIONS_KEPT:
            self.clear()
        self[score] = direction = (cosine * cos(column), cosine * sin(column), sin(row))
        return direction


# A look-up in a dict costs half of one in an lru_cache.
_direction = _Directions().__getitem__


def geohash_text(score: float) -> bytes:
    """
    Return the eleven characters of a place's geohash as the rest of the world writes them.

    There latitudes reach to the poles, so the place is encoded anew. The last
    character would need three bits more than there are; Redis writes a zero.
    """
    longitude, latitude = decode(score)
    row, column = cell_of(longitude, latitude, STEPS, 90.0)
    bits = spread(row) | spread(column) << 1
    digits = [_ALPHABET[bits >> SCORE_BITS - 5 * place & 31] for place in range(1, 11)]
    return bytes(digits) + b"0"


def distance(longitude1: float, latitude1: float, longitude2: float, latitude2: float) -> float:
    """
    Return the distance of two places in metres, on a sphere.

    NaN for some exact antipodes, as the sine gets a little greater than one.
    """
    row1 = latitude1 * RADIANS
    row2 = latitude2 * RADIANS
    v = sin((longitude2 * RADIANS - longitude1 * RADIANS) / 2)
    if v == 0.0:
        return EARTH_RADIUS * abs(row2 - row1)
    u = sin((row2 - row1) / 2)
    root = sqrt(u * u + cos(row1) * cos(row2) * v * v)
    return _DIAMETER * asin(root) if root <= 1.0 else nan


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

    def members_within(self, members: list[bytes], scores: list[float]) -> list[bytes]:
        """Return the same as :meth:`within`, but members only."""
        return [place[1] for place in self.within(members, scores)]

    def runs(self, low: float, high: float) -> Iterable[tuple[float, float]]:
        """Return ranges of scores in a cell, in order, outside of which nothing is covered."""
        return ((low, high),)

    def parts(
        self, low: float, high: float, scores: list[float]
    ) -> Iterator[tuple[int, int, bool]]:
        """
        Iterate over those parts of a cell that the shape may cover.

        Args:
            low: The first score of the cell.
            high: Where it ends.
            scores: The scores in it, in order.

        Yields:
            Where a run of scores starts and ends, and whether all are sure to
            be covered; what is in no run is not covered.
        """
        yield 0, len(scores), False


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
        self._column = longitude * RADIANS
        self._row = latitude * RADIANS
        self._cosine = cos(self._row)
        # Half the sides of a box around it in radians, with room for rounding.
        self._rows = rows = self.radius / EARTH_RADIUS * 1.000001
        if rows + abs(self._row) > 1.57:
            self._columns = 4.0  # with a pole inside, all longitudes are
        else:
            self._columns = asin(min(sin(rows) / self._cosine, 1.0)) * 1.000001
        self._towards = (
            self._cosine * cos(self._column),
            self._cosine * sin(self._column),
            sin(self._row),
        )
        columns, rows = self._columns / RADIANS, rows / RADIANS
        self._south_west = longitude - columns, latitude - rows
        self._north_east = longitude + columns, latitude + rows
        self._is_inside_map = (
            longitude - columns >= -LONGITUDE_MAX
            and longitude + columns < LONGITUDE_MAX
            and latitude - rows >= -LATITUDE_MAX
            and latitude + rows < LATITUDE_MAX
        )
        # The first and the last part of cells in the box, for cells of the size last seen.
        self._shift = -1
        self._first_part = self._last_part = (0, 0)
        # The way through the Earth up to which a place is surely within, and beyond which it
        # surely is not; with a tiny or a huge radius all have to be measured.
        self._nearly = self._beyond = nan
        if 1.0 < self.radius < _QUARTER:
            chord = 2.0 * sin(self.radius / _DIAMETER)
            self._nearly, self._beyond = chord * 0.999999, chord * 1.000001

    def reach(self) -> tuple[float, float, float]:
        """Return the radius, three times."""
        return self.radius, self.radius, self.radius

    def within(self, members: list[bytes], scores: list[float]) -> list[Place]:
        """Return those members that are near enough."""
        beyond = self._beyond
        if beyond == beyond:
            # Most of those that are not are told without being measured.
            near = [dist(self._towards, there) <= beyond for there in map(_direction, scores)]
            members, scores = list(compress(members, near)), list(compress(scores, near))
        radius = self.radius
        column1, row1, cosine = self._column, self._row, self._cosine
        max_rows, max_columns = self._rows, self._columns
        other_side = 2 * pi - max_columns
        found = []
        decoded = _decoded
        for member, score in zip(members, scores, strict=True):
            longitude, latitude, column2, row2, cosine2 = decoded(score)
            columns = column2 - column1
            rows = row2 - row1
            if abs(rows) > max_rows or max_columns < abs(columns) < other_side:
                continue
            v = sin(columns / 2)
            if v == 0.0:
                metres = EARTH_RADIUS * abs(rows)
            else:
                u = sin(rows / 2)
                root = sqrt(u * u + cosine * cosine2 * v * v)
                metres = _DIAMETER * asin(root) if root <= 1.0 else nan
            if not metres > radius:
                found.append((metres, member, score, longitude, latitude))
        return found

    def members_within(self, members: list[bytes], scores: list[float]) -> list[bytes]:
        """Return those members that are near enough; only what is close to the edge is measured."""
        nearly, beyond = self._nearly, self._beyond
        if nearly != nearly:
            return super().members_within(members, scores)
        chords = map(dist, repeat(self._towards), map(_direction, scores))
        return [
            member
            for member, score, chord in zip(members, scores, chords, strict=True)
            if chord < nearly or (chord <= beyond and self.within([member], [score]))
        ]

    def runs(self, low: float, high: float) -> Iterable[tuple[float, float]]:
        """Cut a cell in sixteen; leave out what is not in the box around the circle."""
        size = high - low
        if size < _PARTS or high > _SCORES_END or not self._is_inside_map:
            return ((low, high),)
        # A part has a fourth of the cell's width; the score's bits are rows and columns in turn.
        shift = (int(size).bit_length() - 1) // 2 - 2
        if shift != self._shift:
            self._shift = shift
            self._first_part, self._last_part = (
                cell_of(longitude, latitude, STEPS - shift, LATITUDE_MAX)
                for longitude, latitude in (self._south_west, self._north_east)
            )
        first_row, first_column = self._first_part
        last_row, last_column = self._last_part
        bits = int(low)
        row, column = _even_bits(bits) >> shift, _even_bits(bits >> 1) >> shift
        rows = _PARTS_IN_ROW[max(first_row - row, 0) : max(last_row - row + 1, 0)]
        columns = _PARTS_IN_COLUMN[max(first_column - column, 0) : max(last_column - column + 1, 0)]
        step = size / _PARTS
        return [
            (low + begin * step, low + end * step)
            for begin, end in _runs_of_parts(sum(rows) & sum(columns))
        ]

    def parts(
        self, low: float, high: float, scores: list[float]
    ) -> Iterator[tuple[int, int, bool]]:
        """Iterate over what the circle may cover, after cutting crowded cells in four."""
        if high > _SCORES_END:
            yield 0, len(scores), False
            return
        cells = [(low, high, 0, len(scores))]
        while cells:
            low, high, start, stop = cells.pop()
            if stop - start <= FEW or high - low < 4.0:
                yield start, stop, False
                continue
            covered = self._covers(_decoded(low), _decoded(high - 1.0))
            if covered is not None:
                if covered:
                    yield start, stop, True
                continue
            quarter = (high - low) / 4.0
            while stop > start:
                high -= quarter
                cut = bisect_left(scores, high, start, stop)
                if cut < stop:
                    cells.append((high, high + quarter, cut, stop))
                stop = cut

    def _covers(self, first: _Decoded, last: _Decoded) -> bool | None:
        """
        Tell whether the circle covers all (True) or nothing (False) of what is between two corners.

        Both answers leave room for rounding; None means some, or who knows.
        """
        _, _, west, south, cosine1 = first
        _, _, east, north, cosine2 = last
        west -= self._column
        east -= self._column
        south -= self._row
        north -= self._row
        max_rows, max_columns = self._rows, self._columns
        if south > max_rows or north < -max_rows:
            return False
        if (max_columns < west and east < 2 * pi - max_columns) or (
            east < -max_columns and max_columns - 2 * pi < west
        ):
            return False
        farthest = max(-west, east)
        if farthest > pi or self.radius > _QUARTER:
            return None
        # Along a parallel it is one of the ends that is farthest, and along a meridian too,
        # as long as all is on this half of the Earth.
        v = sin(farthest / 2)
        v *= v * self._cosine
        u = sin(south / 2)
        w = sin(north / 2)
        root = sqrt(max(u * u + cosine1 * v, w * w + cosine2 * v))
        if root > 0.7:
            return None
        return True if _DIAMETER * asin(root) < self.radius * 0.999999 - 1e-6 else None


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
        row1 = center_latitude * RADIANS
        found = []
        for member, score in zip(members, scores, strict=True):
            longitude, latitude, _, row2, _ = _decoded(score)
            if EARTH_RADIUS * abs(row1 - row2) > half_height:
                continue
            if distance(longitude, latitude, center_longitude, latitude) > half_width:
                continue
            metres = distance(center_longitude, center_latitude, longitude, latitude)
            found.append((metres, member, score, longitude, latitude))
        return found
