"""Memory that takes just what keys and values are long."""

from __future__ import annotations

from typing import Any

from pyredis.datatypes.strings import to_bytes
from pyredis.keyspace.database import STRING_TYPES
from pyredis.keyspace.keyspace import Keyspace

KEY_BYTES = 100


class SimulatedMemory:
    """
    The memory of a process that has nothing but a keyspace.

    Args:
        keyspace: A key takes a hundred bytes, a string one a byte, and each
            member of a collection a hundred.

    Attributes:
        other: What is in use besides.
    """

    def __init__(self, keyspace: Keyspace) -> None:
        self._keyspace = keyspace
        self.other = 0

    def used(self) -> int:
        """Add up what is there, what waits to be freed included."""
        waiting = sum(len(each) * KEY_BYTES for each in self._keyspace.lazy_free)
        return (
            self.other
            + waiting
            + sum(
                KEY_BYTES + self._size(value)
                for db in self._keyspace.databases
                for value in db.values.values()
            )
        )

    estimate = large = used

    def note_freed(self, size: int) -> None:
        """Ignore it: it is known anyway."""

    @staticmethod
    def _size(value: Any) -> int:
        if value.__class__ in STRING_TYPES:
            return len(to_bytes(value))
        return len(value) * KEY_BYTES
