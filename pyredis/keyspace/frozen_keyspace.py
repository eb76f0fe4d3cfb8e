"""
All keys as they are at one moment, to be read slowly while clients go on changing them.

The tables are copied, which is quick, the values are not. Most changes give a
key another value and leave the old one to us; deadlines stand in tables, too.
Only collections and bytearrays are changed in place, and only by commands that
got them from ``Database.lookup_write`` or ``lookup_to_change``: so while there
is a frozen keyspace every database is a :class:`WatchedDatabase`, which lets
such a value be copied first if it was not read yet. While there is none,
nothing asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyredis.datatypes.packed_hashes import PACKED
from pyredis.datatypes.strings import PrintedNumber
from pyredis.keyspace.database import Database, Value

if TYPE_CHECKING:
    from pyredis.keyspace.keyspace import Keyspace

_NEVER_CHANGED = PACKED | {bytes, int, PrintedNumber, type(None)}


class FrozenDatabase:
    """
    What one database held.

    Attributes:
        number: As SELECT knew it at that moment.
        values: Key to value, None for those that were read.
        deadlines: Key to absolute milliseconds.
        home: The database that its keys are in since; SWAPDB makes it another one.
    """

    __slots__ = ("deadlines", "home", "number", "values")

    def __init__(self, db: Database) -> None:
        self.number = db.number
        self.values: dict[bytes, Any] = db.values.copy()
        self.deadlines: dict[bytes, int] = dict(db.deadlines)
        self.home = db

    def __len__(self) -> int:
        """Return how many keys there are, read or not."""
        return len(self.values)

    def release(self, limit: int) -> None:
        """Forget about ``limit`` keys, whichever: to free them in slices."""
        self.deadlines.clear()
        values = self.values
        for _ in range(min(limit, len(values))):
            values.popitem()

    def take(self) -> Iterator[tuple[bytes, Any]]:
        """Yield keys and values, each once; what was yielded is let go of."""
        values = self.values
        for key, value in values.items():
            # Another value for a key that is there: the walk goes on.
            values[key] = None
            yield key, value


def _copied(value: Value) -> Value:
    return bytes(value) if value.__class__ is bytearray else value.copy()


class FrozenKeyspace:
    """
    What all databases held when it was made, until it is released.

    Args:
        keyspace: Whose databases; there is no other frozen keyspace of it.

    Attributes:
        databases: Those that held anything, by their numbers.
        copied: How many values had to be copied, for they were about to change.
    """

    def __init__(self, keyspace: Keyspace) -> None:
        assert keyspace.frozen is None, "one at a time"
        self._keyspace = keyspace
        self._contents = {db: FrozenDatabase(db) for db in keyspace.databases}
        self.databases = [each for each in self._contents.values() if each.values]
        self.copied = 0
        self._held: list[Any] = []
        keyspace.frozen = self
        keyspace.free_later = self._held.append
        for db in keyspace.databases:
            db.__class__ = WatchedDatabase

    def __len__(self) -> int:
        """Return how many keys there were."""
        return sum(map(len, self.databases))

    def keep(self, db: Database, key: bytes, value: Value) -> None:
        """Copy a value that is about to change, if it is one of ours that was not read yet."""
        contents = self._contents[db]
        if contents.values.get(key) is value:
            contents.values[key] = _copied(value)
            self.copied += 1

    def exchange(self, one: Database, other: Database) -> None:
        """Look for the keys of two databases in each other from now on."""
        contents = self._contents
        contents[one], contents[other] = contents[other], contents[one]
        contents[one].home, contents[other].home = one, other

    def release(self) -> None:
        """Let go of everything; twice is as good as once."""
        keyspace = self._keyspace
        if keyspace.frozen is not self:
            return
        keyspace.frozen = None
        for db in keyspace.databases:
            db.__class__ = Database
        keyspace.free_later = keyspace.free_in_slices
        for container in (*self._held, *self.databases):
            keyspace.free_in_slices(container)
        self._held.clear()
        self.databases.clear()
        self._contents.clear()


class WatchedDatabase(Database):
    """A database of which a frozen keyspace keeps what changes in place."""

    __slots__ = ()

    def _keep(self, key: bytes, value: Value) -> None:
        if value.__class__ not in _NEVER_CHANGED:
            frozen = self.keyspace.frozen
            assert frozen is not None
            frozen.keep(self, key, value)

    def lookup_write(self, key: bytes, kind: type | None = None) -> Any:
        """See Database."""
        value = super().lookup_write(key, kind)  # type: ignore[arg-type]
        self._keep(key, value)
        return value

    def lookup_to_change(self, key: bytes, kind: type) -> Any:
        """See Database."""
        value = super().lookup_to_change(key, kind)
        self._keep(key, value)
        return value

    def hand_over(self, key: bytes, target: Database, new_key: bytes) -> None:
        """See Database; under its new key the value would not be known."""
        self._keep(key, self.values[key])
        super().hand_over(key, target, new_key)

    def expire_fields(self, key: bytes, limit: int | None = None) -> int:
        """See Database."""
        self._keep(key, self.values.get(key))
        return super().expire_fields(key, limit)

    def exchange(self, other: Database) -> None:
        """See Database."""
        super().exchange(other)
        frozen = self.keyspace.frozen
        assert frozen is not None
        frozen.exchange(self, other)
