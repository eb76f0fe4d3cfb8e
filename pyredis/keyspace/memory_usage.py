"""
How much memory a key and its value take (MEMORY USAGE).

Counted are the Python objects that there are, as large as Python says. Of a
large container some members are looked at, and the others taken to be like
them, so that asking costs little.
"""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.strings import PrintedNumber
from pyredis.keyspace.database import Database, Value

_size = sys.getsizeof

_OF_ONE_PIECE: frozenset[type] = frozenset({bytes, bytearray, float, array, PrintedNumber})
# Integers that Python has ready: nobody owns them.
_SHARED_INTEGERS = range(-5, 257)

# A dict of theirs has the members; lists and indexes beside it refer to the same objects.
_HELD_BY_A_DICT = (HashValue, SetValue, SortedSetValue)


def key_bytes(db: Database, key: bytes, samples: int) -> int:
    """
    Return about how many bytes a key, its value and its place in the tables take.

    Args:
        db: Where it is.
        key: A key that exists.
        samples: How many members of a container are looked at; 0 for all.
    """
    place = _size(db.values) // len(db.values)
    if key in db.deadlines:
        place += _size(db.deadlines) // len(db.deadlines) + _size(db.deadlines[key])
    return _size(key) + place + value_bytes(db.values[key], samples)


def value_bytes(value: Value, samples: int) -> int:
    """Return about how many bytes a value takes."""
    return _Measurement(samples or sys.maxsize).size_of(value)


class _Measurement:
    """Walks over the objects of one value, over none twice."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._seen: set[int] = set()

    def size_of(self, thing: Any, is_shared: bool = False) -> int:
        """
        Return the bytes of an object and of what it refers to.

        Args:
            thing: The object.
            is_shared: Its members belong to a dict beside it: only their places count.
        """
        kind = thing.__class__
        if thing is None or kind in (bool, str, type, EncodingLimits):
            return 0
        if kind in _OF_ONE_PIECE:
            return 0 if is_shared else _size(thing)
        if kind is int:
            return 0 if is_shared or thing in _SHARED_INTEGERS else _size(thing)
        if isinstance(thing, dict):
            count = len(thing)
            contents = self._average(thing, count) + self._average(thing.values(), count)
            return _size(thing) + contents
        if isinstance(thing, list | tuple | deque | set | frozenset):
            return _size(thing) + self._average(thing, len(thing), is_shared)
        return self._size_of_object(thing, is_shared)

    def _size_of_object(self, thing: Any, is_shared: bool) -> int:
        if id(thing) in self._seen:
            return 0
        self._seen.add(id(thing))
        is_owner = isinstance(thing, _HELD_BY_A_DICT)
        total = _size(thing)
        for name in _attributes(thing.__class__):
            part = getattr(thing, name, None)
            beside = (is_shared or is_owner) and not isinstance(part, dict | bytes)
            total += self.size_of(part, beside)
        return total

    def _average(self, members: Iterable[Any], count: int, is_shared: bool = False) -> int:
        """Return what all members take, if they are like the first ones."""
        looked_at = list(islice(members, self._samples))
        if not looked_at:
            return 0
        if _OF_ONE_PIECE.issuperset(map(type, looked_at)):
            # As those of large values are: they need no call each.
            total = 0 if is_shared else sum(map(_size, looked_at))
        else:
            total = sum([self.size_of(member, is_shared) for member in looked_at])
        return total * count // len(looked_at)


def _attributes(kind: type) -> Iterable[str]:
    """Return the names of what objects of a class refer to."""
    for each in kind.__mro__:
        yield from getattr(each, "__slots__", ())
