"""
LOLWUT: a small picture, another one each time, and the version.

``VERSION 5`` is a maze in the manner of 10 PRINT, any other version a snake that
wanders about until it is trapped by itself. Both take the size of the picture,
columns and lines; as in Redis, what stands there is only looked at for the
versions that had a picture of a size.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import FAST, READONLY
from pyredis.execution.table import family
from pyredis.wire.replies import Reply, Verbatim

command = family("server")

_COLUMNS, _LINES = 66, 12
_MOST_COLUMNS, _MOST_LINES = 200, 100
_SIZED_VERSIONS = (5, 6)

_RIGHT, _LEFT, _DOWN, _UP = (1, 0), (-1, 0), (0, 1), (0, -1)
_STEPS = (_RIGHT, _LEFT, _DOWN, _UP)

# What is drawn where the snake came in and went out by these steps.
_BENDS = {
    (_RIGHT, _RIGHT): "─",
    (_LEFT, _LEFT): "─",
    (_DOWN, _DOWN): "│",
    (_UP, _UP): "│",
    (_RIGHT, _DOWN): "╮",
    (_UP, _LEFT): "╮",
    (_RIGHT, _UP): "╯",
    (_DOWN, _LEFT): "╯",
    (_LEFT, _DOWN): "╭",
    (_UP, _RIGHT): "╭",
    (_LEFT, _UP): "╰",
    (_DOWN, _RIGHT): "╰",
}
_HEADS = {_RIGHT: "▶", _LEFT: "◀", _DOWN: "▼", _UP: "▲"}
_WALLS = "\u2571\u2572"
_STRAIGHT_ON = 3  # how much rather it goes on than it turns


@command(
    "LOLWUT",
    arity=-1,
    flags=READONLY | FAST,
    since="5.0.0",
    syntax="[VERSION version:integer]",
)
def lolwut(ctx: Context, *options: bytes) -> Reply:
    """Draw something, and tell the version."""
    version = 0
    if len(options) >= 2 and options[0].upper() == b"VERSION":
        version = integer(options[1])
        options = options[2:]
    columns, lines = _size(options) if version in _SIZED_VERSIONS else (_COLUMNS, _LINES)
    rng = ctx.server.rng
    if version == _SIZED_VERSIONS[0]:
        picture, title = _maze(rng, columns, lines), "A way out of 10 PRINT"
    else:
        picture, title = _snake(rng, columns, lines), "A snake that minds its own tail"
    rows = "\n".join(row.rstrip() for row in picture)
    text = f"{rows}\n\n{title}. Redis ver. {ctx.server.fact('redis_version')}\n"
    return Verbatim(text.encode())


def _size(options: Sequence[bytes]) -> tuple[int, int]:
    """
    Return the size of the picture, kept within bounds.

    Raises:
        RedisError: One of the sizes is no integer.
    """
    sizes = [integer(option) for option in options[:3]] + [_COLUMNS, _LINES][len(options) :]
    columns, lines = sizes[:2]
    return min(max(columns, 1), _MOST_COLUMNS), min(max(lines, 1), _MOST_LINES)


def _maze(rng: Random, columns: int, lines: int) -> list[str]:
    """Return rows of slashes that are walls."""
    return ["".join(rng.choices(_WALLS, k=columns)) for _ in range(lines)]


def _snake(rng: Random, columns: int, lines: int) -> list[str]:
    """Return rows with a line that never crosses itself, and a head where it could not go on."""
    rows = [[" "] * columns for _ in range(lines)]
    x, y = rng.randrange(columns), rng.randrange(lines)
    step = rng.choice(_STEPS)
    while True:
        rows[y][x] = _HEADS[step]
        free = [
            (dx, dy)
            for dx, dy in _STEPS
            if 0 <= x + dx < columns and 0 <= y + dy < lines and rows[y + dy][x + dx] == " "
        ]
        if not free:
            return ["".join(row) for row in rows]
        weights = [_STRAIGHT_ON if each == step else 1 for each in free]
        (following,) = rng.choices(free, weights)
        rows[y][x] = _BENDS.get((step, following), "·")
        step = following
        x, y = x + step[0], y + step[1]
