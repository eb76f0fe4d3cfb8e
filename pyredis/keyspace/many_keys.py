"""
Looking up, and setting, strings of several keys of a database at once.

What is done here is what :class:`~pyredis.keyspace.database.Database` does for
one key after the other, as long as there is nothing to attend to by key: none
is due, and nobody observes. Otherwise nothing is done, and the caller goes on
key by key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyredis.keyspace.database import Database, StringValue, Value


def lookup_many(db: Database, keys: Sequence[bytes]) -> list[Value] | None:
    """
    Return the values of several keys, each None where there is none.

    Counts neither hits nor misses, which is for the caller to do.

    Returns:
        None alone if any of them is due: then they must be looked up singly.
    """
    if db.watchful and _are_any_due(db, keys):
        return None
    found = [*map(db.values.get, keys)]
    if db.accesses is not None and db.keyspace.touching:
        there = [key for key, value in zip(keys, found, strict=True) if value is not None]
        db.keyspace.accessed_each(db, there)
    return found


def store_many(
    db: Database,
    keys: Collection[bytes],
    values: Collection[StringValue],
    deadline_ms: int | None = None,
) -> bool:
    """
    Give several keys strings as values, one after the other.

    Args:
        db: The database.
        keys: Which; their deadlines go.
        values: As many.
        deadline_ms: When all of them expire; None for never.

    Returns:
        False if nothing was done because it takes more than that: somebody
        observes, or keys are due.
    """
    if db.keyspace.observed or (db.watchful and _are_any_due(db, keys)):
        return False
    if db.accesses is not None:
        db.keyspace.accessed_each(db, keys)
    if db.index is not None:
        _enter(db, keys)
    db.values.update(zip(keys, values, strict=True))
    if deadline_ms is not None:
        set_deadlines(db, keys, deadline_ms)
    elif db.deadlines:
        db.deadlines.drop_each(keys)
    return True


def store_all(db: Database, values: Mapping[bytes, StringValue]) -> None:
    """Give keys that :func:`lookup_many` has found strings, unobserved; their deadlines stay."""
    if db.accesses is not None:
        there = db.values
        db.keyspace.accessed_each(db, [key for key in values if key not in there])
    if db.index is not None:
        _enter(db, values)
    db.values.update(values)


def set_deadlines(db: Database, keys: Collection[bytes], deadline_ms: int) -> None:
    """Let several keys that are there expire at the same time."""
    db.deadlines.put_each(keys, deadline_ms)
    db.watchful = True


def _enter(db: Database, keys: Collection[bytes]) -> None:
    """Enter those of the keys that are not there yet in the index for scans."""
    assert db.index is not None
    for key in dict.fromkeys(keys):
        if key not in db.values:
            db.index.add(key)


def _are_any_due(db: Database, keys: Collection[bytes]) -> bool:
    """Tell whether any of the keys is due, or has fields that may be."""
    return db.deadlines.are_any_due(keys, db.keyspace.now_ms) or bool(
        db.field_deadlines and not db.field_deadlines.keys().isdisjoint(keys)
    )
