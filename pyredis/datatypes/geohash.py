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

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from math import asin, cos, dist, isfinite, nan, pi, sin, sqrt
from typing import Final

from pyredis.datatypes.sorted_sets import SortedSetValue

LONGITUDE_MAX: Final = 180.0
LATITUDE_MAX: Final = 85.05112878

_WIDTH: Final = LONGITUDE_MAX + LONGITUDE_MAX  # of the map, in degrees
_HEIGHT: Final = LATITUDE_MAX + LATITUDE_MAX
_EARTH_RADIUS: Final = 6372797.560856  # in metres
_DIAMETER: Final = 2.0 * _EARTH_RADIUS
_QUARTER: Final = pi / 2 * _EARTH_RADIUS  # the way from the equator to a pole
_RADIANS: Final = pi / 180.0
_MERCATOR_MAX: Final = 20037726.37
_STEPS: Final = 26  # bits of each coordinate in a score
_CELLS: Final = float(1 << _STEPS)
_SCORE_BITS: Final = 2 * _STEPS
_MASK64: Final = (1 << 64) - 1
_MASK32: Final = (1 << 32) - 1
_ALPHABET: Final = b"0123456789bcdefghjkmnpqrstuvwxyz"

# A byte with its bits spread over the even bits of two; and, of each byte, the bits in even
# places as half a byte.
_SPREAD: Final = [int(f"{byte:b}", 4) for byte in range(256)]
_EVEN_BITS: Final = bytes(int(f"{byte:08b}"[1::2], 2) for byte in range(256))

# Scores from here on are of no place; what is beyond the map's edge comes to it.
_SCORES_END: Final = float(1 << _SCORE_BITS)
# A cell's sixteen parts in the order of their scores: rows up, columns to the right.
_PARTS: Final = 16
_PLACES_OF_PARTS: Final = [
    (part & 1 | part >> 1 & 2, part >> 1 & 1 | part >> 2 & 2) for part in range(_PARTS)
]
_DIRECTIONS_KEPT: Final = 1 << 15
# Members up to which it is quicker to measure each than to look at parts of their cell.
_FEW: Final = 200

# distance in metres, member, score, longitude, latitude
Place = tuple[float, bytes, float, float, float]


def _spread(number: int) -> int:
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


def _cell(longitude: float, latitude: float, steps: int, latitude_max: float) -> tuple[int, int]:
    """Return row and column of a place on a grid of ``2**steps`` cells in each direction."""
    cells = 1 << steps
    row = (latitude + latitude_max) / (latitude_max + latitude_max) * cells
    column = (longitude + LONGITUDE_MAX) / _WIDTH * cells
    return int(row), int(column)


def encode(longitude: float, latitude: float) -> int:
    """Return the score of a place within the limits, as an integer."""
    row, column = _cell(longitude, latitude, _STEPS, LATITUDE_MAX)
    return _spread(row) | _spread(column) << 1


def _to_unsigned(score: float) -> int:
    """Return what a C program on a PC makes of any double as an unsigned integer."""
    if -(2.0**63) <= score < 2.0**64:
        return int(score) & _MASK64
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
    scale = _HEIGHT
    south = row / _CELLS * scale - LATITUDE_MAX
    north = (row + 1 & _MASK32) / _CELLS * scale - LATITUDE_MAX
    scale = _WIDTH
    west = column / _CELLS * scale - LONGITUDE_MAX
    east = (column + 1 & _MASK32) / _CELLS * scale - LONGITUDE_MAX
    longitude = max(min((west + east) / 2, LONGITUDE_MAX), -LONGITUDE_MAX)
    latitude = max(min((south + north) / 2, LATITUDE_MAX), -LATITUDE_MAX)
    radians = latitude * _RADIANS
    return longitude, latitude, longitude * _RADIANS, radians, cos(radians)


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
    row, column = _cell(longitude, latitude, _STEPS, 90.0)
    bits = _spread(row) | _spread(column) << 1
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
        self._column = longitude * _RADIANS
        self._row = latitude * _RADIANS
        self._cosine = cos(self._row)
        # Half the sides of a box around it in radians, with room for rounding.
        self._rows = rows = self.radius / _EARTH_RADIUS * 1.000001
        if rows + abs(self._row) > 1.57:
            self._columns = 4.0  # with a pole inside, all longitudes are
        else:
            self._columns = asin(min(sin(rows) / self._cosine, 1.0)) * 1.000001
        self._towards = (
            self._cosine * cos(self._column),
            self._cosine * sin(self._column),
            sin(self._row),
        )
        columns, rows = self._columns / _RADIANS, rows / _RADIANS
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
                metres = _EARTH_RADIUS * abs(rows)
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
                _cell(longitude, latitude, _STEPS - shift, LATITUDE_MAX)
                for longitude, latitude in (self._south_west, self._north_east)
            )
        first_row, first_column = self._first_part
        last_row, last_column = self._last_part
        bits = int(low)
        row, column = _even_bits(bits) >> shift, _even_bits(bits >> 1) >> shift
        runs = []
        step = size / _PARTS
        begin = None
        for number, (up, right) in enumerate(_PLACES_OF_PARTS):
            is_near = (
                first_row <= row + up <= last_row and first_column <= column + right <= last_column
            )
            if is_near and begin is None:
                begin = low + number * step
            elif begin is not None and not is_near:
                runs.append((begin, low + number * step))
                begin = None
        if begin is not None:
            runs.append((begin, high))
        return runs

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
            if stop - start <= _FEW or high - low < 4.0:
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
        for members, scores in value.pieces(low, high):
            for start, stop, _ in shape.parts(low, high, scores):
                found += shape.within(members[start:stop], scores[start:stop])
                if limit and len(found) >= limit:
                    return found[:limit]
    return found


def search_members(value: SortedSetValue, shape: Shape) -> list[bytes]:
    """Return the members that a shape covers, without asking where exactly they are."""
    found: list[bytes] = []
    near_members: list[bytes] = []
    near_scores: list[float] = []
    for low, high in areas(shape):
        for first, end in shape.runs(low, high):
            for members, scores in value.pieces(first, end):
                if len(members) <= _FEW:
                    near_members += members
                    near_scores += scores
                    continue
                found += shape.members_within(near_members, near_scores)
                near_members, near_scores = [], []
                for start, stop, surely in shape.parts(first, end, scores):
                    part = members[start:stop]
                    found += part if surely else shape.members_within(part, scores[start:stop])
    return found + shape.members_within(near_members, near_scores)


# The neighbours of a cell as steps to the east and to the north, in the order of Redis' search.
_NEIGHBOURS: Final = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))


def areas(shape: Shape) -> list[tuple[float, float]]:
    """Return the ranges of scores, the upper end excluded, that together cover a shape."""
    grid = _Grid(_fitting_steps(shape.reach()[2], shape.latitude), shape)
    west, south, east, north = _bounding_box(shape)
    if grid.steps > 1 and not grid.neighbours_reach(west, south, east, north):
        grid = _Grid(grid.steps - 1, shape)
    scores = grid.ranges()
    ranges = [scores(0, 0)]
    last = None
    # On the coarsest grid all neighbours are searched.
    every = grid.steps < 2
    skip_west = not every and grid.west(0) < west
    skip_south = not every and grid.south(0) < south
    skip_east = not every and grid.west(1) > east
    skip_north = not every and grid.south(1) > north
    for dx, dy in _NEIGHBOURS:
        if (dx and (skip_east if dx > 0 else skip_west)) or (
            dy and (skip_north if dy > 0 else skip_south)
        ):
            continue
        found = scores(dx, dy)
        # On a coarse grid neighbours are the same; Redis does not compare them with the centre.
        if found != last:
            ranges.append(found)
            last = found
    return ranges


class _Grid:
    """
    The map as ``2**steps`` cells in each direction, seen from one of them.

    Args:
        steps: Bits of a row and of a column.
        shape: Its centre is in the cell.
    """

    __slots__ = ("_column", "_mask", "_row", "_shift", "steps")

    def __init__(self, steps: int, shape: Shape) -> None:
        self.steps = steps
        self._row, self._column = _cell(shape.longitude, shape.latitude, steps, LATITUDE_MAX)
        self._mask = (1 << steps) - 1
        self._shift = _SCORE_BITS - 2 * steps

    def west(self, dx: int) -> float:
        """Return the western limit of the cell, or of one to the east or west."""
        column = self._column + dx
        return column / (self._mask + 1) * _WIDTH - LONGITUDE_MAX

    def south(self, dy: int) -> float:
        """Return the southern limit of the cell, or of one to the north or south."""
        row = self._row + dy
        return row / (self._mask + 1) * _HEIGHT - LATITUDE_MAX

    def neighbours_reach(self, west: float, south: float, east: float, north: float) -> bool:
        """Tell whether the outer edges of the four neighbours are beyond some limits."""
        mask = self._mask
        # Beyond the edge of the map the neighbour is on its other side.
        up = (self._row + 1 & mask) - self._row
        down = (self._row - 1 & mask) - self._row
        right = (self._column + 1 & mask) - self._column
        left = (self._column - 1 & mask) - self._column
        return not (
            self.south(up + 1) < north
            or self.south(down) > south
            or self.west(right + 1) < east
            or self.west(left) > west
        )

    def ranges(self) -> Callable[[int, int], tuple[float, float]]:
        """Return a function that gives the range of the scores in the cell or a neighbour."""
        row, column, mask, shift = self._row, self._column, self._mask, self._shift
        # Index -1 is the last.
        rows = _spread(row), _spread(row + 1 & mask), _spread(row - 1 & mask)
        columns = _spread(column), _spread(column + 1 & mask), _spread(column - 1 & mask)

        def scores(dx: int, dy: int) -> tuple[float, float]:
            bits = rows[dy] | columns[dx] << 1
            return float(bits << shift & _MASK64), float((bits + 1) << shift & _MASK64)

        return scores


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


# The least radius for each number of steps, the most steps first.
_REACHES: Final = [_MERCATOR_MAX / (1 << step) for step in range(_STEPS + 5)][::-1]


def _fitting_steps(metres: float, latitude: float) -> int:
    """Return the bits of each coordinate on a grid whose cells are about as large as a radius."""
    if metres == 0:
        return _STEPS
    steps = len(_REACHES) - bisect_right(_REACHES, metres) - 1
    # Degrees of longitude are shorter towards the poles.
    if abs(latitude) > 66:
        steps -= 1
        if abs(latitude) > 80:
            steps -= 1
    return max(1, min(steps, _STEPS))
