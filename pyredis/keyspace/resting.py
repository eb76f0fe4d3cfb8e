"""
Hashes that nobody uses go back to their packed form, a few at a time.

A hash is unpacked by its first use (:mod:`pyredis.datatypes.packed_hashes`) and
its key noted in ``Database.unpacked``. Those keys are looked at in rounds: what is
in use is marked by its class, which its next user sets right, and what is still
marked in the next round was not used since, and is packed. So using a hash costs
nothing more, and one that is in use all the time is never packed.

Notes are hints: the key may be gone by now or hold something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyredis.keyspace.keyspace import Keyspace

_KEYS_A_LOOK = 16  # looked at before the time is
_MANY = 10_000  # so many may be unpacked in any case,
_SHARE = 8  # and this part of all keys, before there is no pause between rounds


class Resting:
    """
    Packs the hashes of one keyspace.

    Args:
        keyspace: Whose.
        pause_ms: From the beginning of a round to the next: how long a hash is
            left alone at least.
    """

    def __init__(self, keyspace: Keyspace, pause_ms: int) -> None:
        self._keyspace = keyspace
        self._pause_ms = pause_ms
        self._next_ms = 0
        self._round: Iterator[None] = iter(())

    @property
    def is_urgent(self) -> bool:
        """Whether very many hashes are unpacked."""
        databases = self._keyspace.databases
        unpacked = sum(len(db.unpacked) for db in databases)
        return unpacked > _MANY and unpacked > _MANY + sum(map(len, databases)) // _SHARE

    def work(self, is_time_up: Callable[[], bool]) -> None:
        """
        Go on with a round, or begin one if it is time.

        Args:
            is_time_up: Asked now and then.
        """
        for _ in self._round:
            if is_time_up():
                return
        now_ms = self._keyspace.clock()
        if now_ms >= self._next_ms or self.is_urgent:
            self._next_ms = now_ms + self._pause_ms
            self._round = self._steps()

    def _steps(self) -> Iterator[None]:
        """Look at the keys that are noted now, a few at each step."""
        for db in self._keyspace.databases:
            left = len(db.unpacked)
            while left > 0:
                # What is noted may have become less, too: FLUSHDB, SWAPDB.
                count = min(left, _KEYS_A_LOOK, len(db.unpacked))
                left = left - count if count else 0
                db.rest(count)
                yield
