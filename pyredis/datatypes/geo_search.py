"""
Finding the places of a sorted set that a shape covers.

A search looks through the cell of its centre and the eight around, on the
finest grid whose nine cells are sure to cover the shape, and then measures each
place. Places are found in the order in which Redis finds them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from math import cos, isfinite, nan
from typing import Final

from pyredis.datatypes.geohash import (
    EARTH_RADIUS,
    FEW,
    HEIGHT,
    LATITUDE_MAX,
    LONGITUDE_MAX,
    MASK64,
    RADIANS,
    SCORE_BITS,
    STEPS,
    WIDTH,
    Place,
    Shape,
    cell_of,
    spread,
)
from pyredis.datatypes.sorted_sets import SortedSetValue

_MERCATOR_MAX: Final = 20037726.37


def search(value: SortedSetValue, shape: Shape, limit: int = 0) -> list[Place]:
    """
    Return the members that a shape covers.

    Args:
        value: Scores are places.
        shape: What to cover.
        limit: Stop when so many are found, 0 for never.
    """
    found: list[Place] = []
    runs = (run for area in areas(shape) for run in shape.runs(*area))
    for low, high in runs:
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
                if len(members) <= FEW:
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
        self._row, self._column = cell_of(shape.longitude, shape.latitude, steps, LATITUDE_MAX)
        self._mask = (1 << steps) - 1
        self._shift = SCORE_BITS - 2 * steps

    def west(self, dx: int) -> float:
        """Return the western limit of the cell, or of one to the east or west."""
        column = self._column + dx
        return column / (self._mask + 1) * WIDTH - LONGITUDE_MAX

    def south(self, dy: int) -> float:
        """Return the southern limit of the cell, or of one to the north or south."""
        row = self._row + dy
        return row / (self._mask + 1) * HEIGHT - LATITUDE_MAX

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
        rows = spread(row), spread(row + 1 & mask), spread(row - 1 & mask)
        columns = spread(column), spread(column + 1 & mask), spread(column - 1 & mask)

        def scores(dx: int, dy: int) -> tuple[float, float]:
            bits = rows[dy] | columns[dx] << 1
            return float(bits << shift & MASK64), float((bits + 1) << shift & MASK64)

        return scores


def _bounding_box(shape: Shape) -> tuple[float, float, float, float]:
    """Return the western, southern, eastern and northern limits of a shape."""
    width, height, _ = shape.reach()
    longitude, latitude = shape.longitude, shape.latitude
    rows = height / EARTH_RADIUS / RADIANS
    # In degrees a shape is widest at the end towards its pole.
    edge = latitude - rows if latitude < 0 else latitude + rows
    cosine = cos(edge * RADIANS) if isfinite(edge) else nan
    columns = width / EARTH_RADIUS / cosine / RADIANS
    return longitude - columns, latitude - rows, longitude + columns, latitude + rows


# The least radius for each number of steps, the most steps first.
_REACHES: Final = [_MERCATOR_MAX / (1 << step) for step in range(STEPS + 5)][::-1]


def _fitting_steps(metres: float, latitude: float) -> int:
    """Return the bits of each coordinate on a grid whose cells are about as large as a radius."""
    if metres == 0:
        return STEPS
    steps = len(_REACHES) - bisect_right(_REACHES, metres) - 1
    # Degrees of longitude are shorter towards the poles.
    if abs(latitude) > 66:
        steps -= 1
        if abs(latitude) > 80:
            steps -= 1
    return max(1, min(steps, STEPS))
