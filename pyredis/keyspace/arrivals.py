"""
When keys came, where nobody notes when they are accessed.

That is noted only once somebody asks, or memory is limited: it costs each access.
But a dict keeps its keys in the order they came. So it is enough to look now and
then which key is the newest one, and until when: what is behind it came later.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyredis.keyspace.database import Database, Value

_INTERVAL_MS = 200
_MOST_MARKS = 128
_LOOKED_AT = 50_000


class _Line:
    """
    The keys of one dict, in the order they came.

    Attributes:
        values: The dict.
        marks: Keys that were the newest, None where there was no key, each with the
            moment it was so last.
    """

    __slots__ = ("marks", "values")

    def __init__(self, values: dict[bytes, Value]) -> None:
        self.values = values
        self.marks: list[tuple[int, bytes | None]] = []

    def note(self, now_ms: int) -> None:
        """Note which key is the newest."""
        newest = next(reversed(self.values), None)
        marks = self.marks
        if marks and marks[-1][1] == newest:
            marks.pop()
        marks.append((now_ms, newest))
        if len(marks) > _MOST_MARKS:
            # The longer ago, the less it matters.
            del marks[1 : _MOST_MARKS // 2 : 2]

    def came_ms(self) -> dict[bytes, int]:
        """Return the moments after which the last keys came, each as late as is known."""
        moments = {key: moment for moment, key in self.marks}
        keys = [*islice(reversed(self.values), _LOOKED_AT)]
        came: dict[bytes, int] = {}
        latest = moments.get(None, 0) if len(keys) == len(self.values) else 0
        for key in reversed(keys):
            if latest:
                came[key] = latest
            # A key may have gone and come again since it was noted.
            latest = max(latest, moments.get(key, 0))
        return came


class Arrivals:
    """When the keys of some databases came, as far as that is known."""

    __slots__ = ("_lines", "_noted_ms")

    def __init__(self) -> None:
        self._lines: dict[int, _Line] = {}
        self._noted_ms = 0

    def note(self, databases: Sequence[Database], now_ms: int) -> None:
        """Look which keys are the newest, if that is some time ago."""
        if 0 <= now_ms - self._noted_ms < _INTERVAL_MS:
            return
        self._noted_ms = now_ms
        lines = self._lines
        for db in databases:
            if db.accesses is not None:
                lines.pop(db.number, None)
                continue
            line = lines.get(db.number)
            # FLUSHDB and SWAPDB leave another dict.
            if line is None or line.values is not db.values:
                line = lines[db.number] = _Line(db.values)
            line.note(now_ms)

    def came_ms(self, db: Database) -> dict[bytes, int]:
        """Return when the last keys of a database came, those of which that is known."""
        line = self._lines.get(db.number)
        return line.came_ms() if line is not None and line.values is db.values else {}
