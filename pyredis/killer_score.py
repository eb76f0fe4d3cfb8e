"""
What the kernel's out-of-memory killer is told about this process (Linux).

With ``oom-score-adj`` a primary, a replica and a child that saves get a score each:
the higher, the sooner the kernel picks the process when memory runs out. What
stood there before is put back when the directive is switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

_FILE = "/proc/self/oom_score_adj"
_LEAST, _MOST = -1000, 1000
_PRIMARY, _REPLICA, _CHILD = range(3)


class KillerScore:
    """
    The score of this process.

    Args:
        settings: Which scores are wanted.
        is_replica: Tells whether the server follows another.
        path: Where the kernel has the score.
    """

    _log = Logger()

    def __init__(self, settings: Any, is_replica: Callable[[], bool], path: str = _FILE) -> None:
        self._settings = settings
        self._is_replica = is_replica
        self._path = path
        self._before: int | None = None

    def apply(self) -> None:
        """
        Give the process the score that is wanted.

        Raises:
            ValueError: That is not possible; the log says why.
        """
        self._apply(_REPLICA if self._is_replica() else _PRIMARY)

    def apply_if_possible(self) -> None:
        """Give the process the score that is wanted, or leave the one it has."""
        try:
            self.apply()
        except ValueError:
            return  # the log says it

    def apply_to_child(self) -> None:
        """Give this process the score of a child that saves; it is one."""
        try:
            self._apply(_CHILD)
        except ValueError:
            return

    def _apply(self, role: int) -> None:
        settings = self._settings
        try:
            if settings.oom_score_adj == "no":
                if self._before is not None:
                    before, self._before = self._before, None
                    self._write(before)
                return
            if self._before is None:
                with open(self._path, encoding="ascii") as file:
                    self._before = int(file.read())
            score: int = settings.oom_score_adj_values[role]
            # The other choice is ``absolute``; Redis calls this one ``relative``, too.
            if settings.oom_score_adj == "yes":
                score += self._before
            self._write(max(_LEAST, min(score, _MOST)))
        except OSError as error:
            self._log.warn("Unable to change oom_score_adj: {why}", why=error.strerror)
            raise ValueError("Failed to set current oom_score_adj. Check server logs.") from None

    def _write(self, score: int) -> None:
        with open(self._path, "w", encoding="ascii") as file:
            file.write(f"{score}\n")
