"""A keyspace with a clock in hand, and an observer that keeps what it is told."""

from __future__ import annotations

from random import Random

from pyredis.keyspace.database import Database
from pyredis.keyspace.keyspace import Keyspace

START = 1_700_000_000_000


class SteppedClock:
    """A wall clock that moves when told."""

    def __init__(self) -> None:
        self.now_ms = START

    def __call__(self) -> int:
        """Return the moment it is."""
        return self.now_ms


class Told:
    """What a keyspace told its observers, in order."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.changes: list[tuple[int, bytes]] = []
        self.events: list[tuple[int, bytes, bytes]] = []
        self.expired: list[tuple[int, bytes]] = []
        self._keyspace = keyspace
        keyspace.observe_changes(self._changed)
        keyspace.observe_events(self._happened)
        keyspace.expired_observers = (self._expired,)

    def forget(self) -> None:
        """Observe no longer."""
        self._keyspace.forget_observer(self._changed)
        self._keyspace.forget_observer(self._happened)

    def _changed(self, db: Database, key: bytes) -> None:
        self.changes.append((db.number, key))

    def _happened(self, db: Database, key: bytes, kind: int, event: bytes) -> None:
        self.events.append((db.number, event, key))

    def _expired(self, db: Database, key: bytes) -> None:
        self.expired.append((db.number, key))


def make_keyspace(databases: int = 2) -> tuple[Keyspace, SteppedClock]:
    """Return an empty keyspace and its clock."""
    clock = SteppedClock()
    return Keyspace(clock, databases, Random(7)), clock


def advance(keyspace: Keyspace, clock: SteppedClock, milliseconds: int) -> None:
    """Let time pass for a keyspace."""
    clock.now_ms += milliseconds
    keyspace.refresh_now()
