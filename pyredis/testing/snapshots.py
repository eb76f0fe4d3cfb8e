"""All keys of a server at one moment, kept in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyredis.datatypes.strings import copy_string
from pyredis.keyspace.database import STRING_TYPES

if TYPE_CHECKING:
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace


class Snapshot:
    """
    What all databases held when it was taken; :meth:`restore` it as often as you like.

    Args:
        keyspace: Whose keys they are.
    """

    def __init__(self, keyspace: Keyspace) -> None:
        self._databases = [
            (db.number, _copied(db.values), dict(db.deadlines))
            for db in keyspace.databases
            if len(db)
        ]

    def __len__(self) -> int:
        """Return how many keys it holds."""
        return sum(len(values) for _, values, _ in self._databases)

    def restore(self, keyspace: Keyspace) -> None:
        """Let the databases hold what they did, and nothing else; nobody is notified."""
        for db in keyspace.databases:
            if len(db):
                db.clear()
        for number, values, deadlines in self._databases:
            _fill(keyspace.databases[number], _copied(values), deadlines)


def _copied(values: dict[bytes, Any]) -> dict[bytes, Any]:
    return {
        key: copy_string(value) if value.__class__ in STRING_TYPES else value.copy()
        for key, value in values.items()
    }


def _fill(db: Database, values: dict[bytes, Any], deadlines: dict[bytes, int]) -> None:
    for key, value in values.items():
        db.store(key, value)
    for key, deadline_ms in deadlines.items():
        db.set_deadline(key, deadline_ms)
