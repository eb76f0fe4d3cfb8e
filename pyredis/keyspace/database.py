"""
One numbered database: keys, values and their deadlines.

A value's type is its Python type. Strings are ``bytes``, ``int`` (what INCR
left) or ``bytearray`` (what APPEND, SETRANGE and SETBIT change in place);
collections are classes of :mod:`pyredis.datatypes`. A collection that becomes
empty must be deleted by the command that emptied it.

Every change is told once, by :meth:`Database.changed`. Nothing else but
:mod:`pyredis.keyspace.many_keys` may write to ``values`` or ``deadlines``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pyredis.datatypes.gradual_scan_index import GradualScanIndex
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.packed_hashes import (
    PACKED,
    JoinedHash,
    RestingHash,
    is_packable,
    pack,
    woken,
)
from pyredis.datatypes.strings import PrintedNumber
from pyredis.errors import WrongType
from pyredis.keyspace.events import EVICTED, EXPIRED, GENERIC, HASH, KEY_MISS, NEW
from pyredis.keyspace.expiry import Deadlines

if TYPE_CHECKING:
    from pyredis.keyspace.keyspace import Keyspace

Value = Any
StringValue = bytes | int | bytearray
STRING_TYPES: frozenset[Any] = frozenset({bytes, int, bytearray, PrintedNumber})

_T = TypeVar("_T")

FREED_AT_ONCE: frozenset[Any] = STRING_TYPES | PACKED  # one object each
_RANDOM_TRIES = 100


# What databases exchange.
_CONTENTS = (
    "values",
    "deadlines",
    "field_deadlines",
    "index",
    "accesses",
    "unpacked",
    "watchful",
)


def type_name(value: Value) -> str:
    """Return the name TYPE answers for a value."""
    return "string" if value.__class__ in STRING_TYPES else str(value.type_name)


class Database:
    """
    The keys of one database.

    Attributes:
        number: As SELECT knows it.
        values: Key to value. Read-only outside this package.
        deadlines: Key to absolute milliseconds. Read-only outside this package.
        field_deadlines: Key of a hash with fields that expire to the moment
            before which none of them does.
        accesses: Key to the moment of last access, or its state of
            :mod:`pyredis.keyspace.frequencies`; None while nobody asked for it
            (see :mod:`pyredis.keyspace.keyspace`).
        index: What SCAN goes through; None while nobody scans.
        hits: Look-ups for reading that found a key; ``misses`` those that did not.
        short_strings: Gives short values as objects that keys share.
        unpacked: Keys under which there was a hash lately that was not packed; see
            :mod:`pyredis.keyspace.resting`.
        watchful: True while a key or field may have a deadline or accesses are
            noted, so that a look-up has to attend to more than the value.
    """

    __slots__ = (
        "accesses",
        "deadlines",
        "field_deadlines",
        "hits",
        "index",
        "keyspace",
        "misses",
        "number",
        "short_strings",
        "unpacked",
        "values",
        "watchful",
    )

    def __init__(self, number: int, keyspace: Keyspace) -> None:
        self.number = number
        self.keyspace = keyspace
        self.short_strings = keyspace.short_strings
        self.values: dict[bytes, Value] = {}
        self.deadlines = Deadlines()
        self.field_deadlines = Deadlines()
        self.index: GradualScanIndex | None = None
        self.accesses: dict[bytes, int] | None = None
        self.hits = 0
        self.misses = 0
        self.unpacked: deque[bytes] = deque()
        self.watchful = False

    def __len__(self) -> int:
        """Return how many keys there are, expired ones not yet removed included."""
        return len(self.values)

    # Reading

    @overload
    def lookup_read(self, key: bytes) -> Value: ...
    @overload
    def lookup_read(self, key: bytes, kind: type[bytes]) -> StringValue | None: ...
    @overload
    def lookup_read(self, key: bytes, kind: type[_T]) -> _T | None: ...
    def lookup_read(self, key: bytes, kind: type | None = None) -> Value:
        """
        Return the value of a key for reading, or None.

        Counts as an access, a hit or a miss. ``kind`` is the type wanted;
        ``bytes`` stands for a string in any of its three forms. A hash that is
        asked for as one is unpacked; without a kind it may be one of ``PACKED``.

        Raises:
            WrongType: The value is of another type.
        """
        value = self.values.get(key)
        if value is not None and self.watchful:
            value = self._attend(key, value)
        if value is None:
            return self._missed(key)
        self.hits += 1
        if kind is not None and value.__class__ is not kind:
            return self._checked(key, value, kind)
        return value

    @overload
    def lookup_write(self, key: bytes) -> Value: ...
    @overload
    def lookup_write(self, key: bytes, kind: type[bytes]) -> StringValue | None: ...
    @overload
    def lookup_write(self, key: bytes, kind: type[_T]) -> _T | None: ...
    def lookup_write(self, key: bytes, kind: type | None = None) -> Value:
        """
        Return the value of a key that is about to be changed, or None.

        As :meth:`lookup_read`, but counts neither hit nor miss.
        """
        value = self.values.get(key)
        if value is not None and self.watchful:
            value = self._attend(key, value)
            if value is None and self.keyspace.replaces_expired and key in self.values:
                self.expire(key)
        if value is None:
            return None
        if kind is not None and value.__class__ is not kind:
            return self._checked(key, value, kind)
        return value

    @overload
    def lookup_to_change(self, key: bytes, kind: type[bytes]) -> StringValue | None: ...
    @overload
    def lookup_to_change(self, key: bytes, kind: type[_T]) -> _T | None: ...
    def lookup_to_change(self, key: bytes, kind: type) -> Value:
        """
        Return the value of a key that is read, and may be changed by that, or None.

        As :meth:`lookup_read`: reading the news for a consumer group is a change.
        """
        return self.lookup_read(key, kind)

    def look_at(self, key: bytes) -> Value:
        """Return the value of a key, or None; a hit or a miss, but no access (EXISTS, TTL)."""
        value = self.peek(key)
        if value is None:
            return self._missed(key)
        self.hits += 1
        return value

    def peek(self, key: bytes) -> Value:
        """Return the value of a key, or None; neither counted nor told of, and no access."""
        value = self.values.get(key)
        if value is None or (key in self.deadlines and self.expire_if_due(key)):
            return None
        if key in self.field_deadlines:
            return self._without_due_fields(key, value)
        return value

    def living(self, key: bytes) -> Value:
        """Return the value of a key, or None if it is due, and leave it to others to expire it."""
        deadline = self.deadlines.get(key)
        if deadline is not None and deadline < self.keyspace.now_ms and not self.keyspace.loading:
            return None
        return self.values.get(key)

    def _attend(self, key: bytes, value: Value) -> Value:
        """Expire what is due, note the access; return the value, None if it is gone."""
        if key in self.deadlines:
            if self.expire_if_due(key):
                return None
        elif not self.deadlines and not self.field_deadlines and self.accesses is None:
            self.watchful = False
        if key in self.field_deadlines:
            value = self._without_due_fields(key, value)
            if value is None:
                return None
        if self.accesses is not None and self.keyspace.touching:
            self.keyspace.accessed(self, key)
        return value

    def _without_due_fields(self, key: bytes, value: Value) -> Value:
        """Return a value without the fields that are due, None if there are no others."""
        keyspace = self.keyspace
        if self.field_deadlines[key] >= keyspace.now_ms or keyspace.loading:
            return value
        if keyspace.may_expire:
            self.expire_fields(key)
            return self.values.get(key)
        if value.__class__ is HashValue and not keyspace.keeps_expired:
            # Another one: what is due must stay until the primary says so.
            value = value.without_due(keyspace.now_ms)
            return value if value.fields else None
        return value

    def _missed(self, key: bytes) -> None:
        keyspace = self.keyspace
        self.misses += 1
        if keyspace.observed:
            keyspace.tell_event(self, key, KEY_MISS, b"keymiss")

    def _checked(self, key: bytes, value: Value, kind: type) -> Value:
        """Return a value whose class is not ``kind``, but what stands for it: a string, a hash."""
        if kind is bytes and value.__class__ in STRING_TYPES:
            return value
        if kind is HashValue:
            if value.__class__ in PACKED:
                self.values[key] = value = value.unpack()
                self.unpacked.append(key)
                return value
            if value.__class__ is RestingHash:
                return woken(value)
        raise WrongType()

    # Writing

    def store(self, key: bytes, value: Value) -> None:
        """Give a key a value, whatever it held before; its deadline goes."""
        if self.watchful and key in self.deadlines:
            self.expire_if_due(key)
            self.deadlines.drop(key)
        values = self.values
        count = len(values)
        values[key] = value
        if self.watchful or len(values) != count:
            self._stored(key, len(values) != count)

    def overwrite(self, key: bytes, value: Value) -> None:
        """Give a key a value and leave its deadline as it is."""
        values = self.values
        count = len(values)
        values[key] = value
        if len(values) != count:
            self._stored(key, True)

    def load(self, key: bytes, value: Value, deadline_ms: int | None = None) -> None:
        """Enter a key that is not there yet, as a file has it; nobody is told."""
        self.values[key] = value
        if self.index is not None:
            self.index.add(key)
        if deadline_ms is not None:
            self.set_deadline(key, deadline_ms)
        if value.__class__ is HashValue and value.deadlines:
            self.note_field_deadlines(key, value)

    def _stored(self, key: bytes, is_new: bool) -> None:
        """Enter a new key in the index, note the access and which fields expire."""
        if is_new:
            if self.index is not None:
                self.index.add(key)
            if self.keyspace.observed:
                self.keyspace.tell_event(self, key, NEW, b"new")
        value = self.values[key]
        if value.__class__ is HashValue:
            if value.deadlines:
                self.note_field_deadlines(key, value)
            else:
                self.unpacked.append(key)
        if self.accesses is not None:
            self.keyspace.accessed(self, key, is_new)

    def delete(self, key: bytes) -> bool:
        """
        Remove a key, its value and deadline; return whether it was there.

        Tells nobody: the command calls :meth:`changed` with its own event.
        """
        value = self.values.pop(key, None)
        if value is None:
            return False
        if self.index is not None:
            self.index.remove(key)
        if self.deadlines:
            self.deadlines.drop(key)
        if self.field_deadlines:
            self.field_deadlines.drop(key)
        if self.accesses is not None:
            self.accesses.pop(key, None)
        if value.__class__ not in FREED_AT_ONCE:
            self.keyspace.free_later(value)
        return True

    def changed(self, key: bytes, kind: int, event: bytes, count: int = 1) -> None:
        """
        Tell that a key was changed: the one signal for everybody who must know.

        Args:
            key: The key, after the change.
            kind: The event's class, of :mod:`pyredis.keyspace.events`.
            event: Its name, such as ``lpush``.
            count: How many changes it counts for in rdb_changes_since_last_save.
        """
        keyspace = self.keyspace
        keyspace.dirty += count
        if keyspace.told:
            keyspace.tell_change(self, key)
            keyspace.tell_event(self, key, kind, event)

    def notify(self, key: bytes, kind: int, event: bytes) -> None:
        """Tell of one more event of a change already told (``del`` after the last ``lpop``)."""
        if self.keyspace.observed:
            self.keyspace.tell_event(self, key, kind, event)

    def delete_emptied(self, key: bytes) -> None:
        """Remove a collection whose last member went, with its ``del`` event."""
        self.delete(key)
        self.notify(key, GENERIC, b"del")

    def hand_over(self, key: bytes, target: Database, new_key: bytes) -> None:
        """
        Give the value of a key that is there to another key, with its deadline and access time.

        What the other key held is gone. Tells nobody, as :meth:`delete`.

        Args:
            key: Whose value it is.
            target: The database of the other key; it may be this one.
            new_key: The other key.
        """
        target.delete(new_key)
        value = self.values.pop(key)
        if value.__class__ is RestingHash:
            woken(value)  # it is to be noted under its new key
        if self.index is not None:
            self.index.remove(key)
        self.field_deadlines.drop(key)
        target.overwrite(new_key, value)
        deadline = self.deadlines.get(key)
        if deadline is not None:
            self.deadlines.drop(key)
            target.set_deadline(new_key, deadline)
        if self.accesses is not None and target.accesses is not None and key in self.accesses:
            target.accesses[new_key] = self.accesses.pop(key)

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """
        Return some keys and the cursor for the next call, with SCAN's guarantee.

        The first scan of a database makes an index, a little at each call, which
        from then on is kept; see :mod:`pyredis.datatypes.gradual_scan_index`.

        Args:
            cursor: Where to go on; 0 begins.
            count: How much to look at.
        """
        return self._made_index().scan(cursor, count, self.values)

    def _made_index(self) -> GradualScanIndex:
        if self.index is None:
            self.index = GradualScanIndex(self.values)
        return self.index

    def random_key(self) -> bytes | None:
        """Return a key that has not expired, each with the same chance; None if there is none."""
        tries = _RANDOM_TRIES
        while self.values:
            key = self._made_index().random(self.keyspace.rng, self.values)
            if not self.expire_if_due(key):
                return key
            # Where what is due must stay (a replica), there may be nothing else.
            if not self.keyspace.may_expire and len(self.deadlines) == len(self.values):
                tries -= 1
                if not tries:
                    return key
        return None

    def any_key(self) -> bytes:
        """Return a key, each with the same chance, due or not; there must be one."""
        return self._made_index().random(self.keyspace.rng, self.values)

    def some_keys(self, count: int) -> list[bytes]:
        """Return at most so many keys from a random place, due or not; it may have none."""
        return self._made_index().some(self.keyspace.rng, self.values, count)

    def living_keys(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those keys that have not expired; the others stay (KEYS)."""
        if not self.deadlines or self.keyspace.loading:
            return list(keys)
        deadline_of, now_ms = self.deadlines.get, self.keyspace.now_ms
        return [key for key in keys if deadline_of(key, now_ms) >= now_ms]

    def rest(self, count: int) -> None:
        """
        Look at so many of the keys noted as unpacked, those noted first.

        A hash that nobody used since it was noted is packed, one that somebody
        did is marked and noted again.
        """
        values, unpacked = self.values, self.unpacked
        for _ in range(count):
            key = unpacked.popleft()
            value = values.get(key)
            if value.__class__ is RestingHash or value.__class__ is JoinedHash:
                values[key] = pack(value)
            elif value.__class__ is HashValue and is_packable(value):
                value.__class__ = RestingHash
                unpacked.append(key)

    # Deadlines

    def deadline_of(self, key: bytes) -> int | None:
        """Return the absolute milliseconds at which a key expires, or None."""
        return self.deadlines.get(key)

    def set_deadline(self, key: bytes, deadline_ms: int) -> None:
        """Let an existing key expire at a moment."""
        self.deadlines.put(key, deadline_ms)
        self.watchful = True

    def persist(self, key: bytes) -> bool:
        """Take a key's deadline away; return whether it had one."""
        return self.deadlines.drop(key)

    def expire_if_due(self, key: bytes) -> bool:
        """Remove a key if its deadline has passed; return whether it did."""
        keyspace = self.keyspace
        deadline = self.deadlines.get(key)
        if deadline is None or deadline >= keyspace.now_ms or keyspace.loading:
            return False
        if keyspace.may_expire:
            self.expire(key)
        return not keyspace.keeps_expired

    def expire(self, key: bytes) -> None:
        """Remove a key because it is due, and tell."""
        keyspace = self.keyspace
        self.delete(key)
        keyspace.expired_keys += 1
        keyspace.tell_expired(self, key)
        if keyspace.told:
            keyspace.tell_change(self, key)
            keyspace.tell_event(self, key, EXPIRED, b"expired")

    def evict(self, key: bytes) -> None:
        """Remove a key because memory is short, and tell."""
        keyspace = self.keyspace
        self.delete(key)
        keyspace.evicted_keys += 1
        keyspace.tell_evicted(self, key)
        if keyspace.told:
            keyspace.tell_change(self, key)
            keyspace.tell_event(self, key, EVICTED, b"evicted")

    # Deadlines of fields

    def note_field_deadlines(self, key: bytes, value: HashValue) -> None:
        """Watch over the fields of a hash that expire, after deadlines were set."""
        first = value.deadlines.next_deadline() if value.deadlines else None
        if first is None:
            self.field_deadlines.drop(key)
        else:
            self.field_deadlines.put(key, first)
            self.watchful = True

    def expire_fields(self, key: bytes, limit: int | None = None) -> int:
        """
        Remove fields of a hash that are due, the hash itself with its last one, and tell.

        Args:
            key: The hash's.
            limit: How many fields to remove at most; None for all.

        Returns:
            How many were removed.
        """
        keyspace = self.keyspace
        value = self.values.get(key)
        if value.__class__ is not HashValue:
            self.field_deadlines.drop(key)
            return 0
        fields = value.take_due(keyspace.now_ms, limit)
        is_empty = not value.fields
        if is_empty:
            self.delete(key)
        else:
            self.note_field_deadlines(key, value)
        if fields:
            keyspace.expired_fields += len(fields)
            keyspace.tell_fields_expired(self, key, fields)
            if keyspace.told:
                keyspace.tell_change(self, key)
                keyspace.tell_event(self, key, HASH, b"hexpired")
                if is_empty:
                    keyspace.tell_event(self, key, GENERIC, b"del")
        return len(fields)

    # Whole

    def clear(self) -> int:
        """
        Remove all keys; return how many.

        The old containers are handed to the keyspace, which frees them in slices.
        """
        count = len(self.values)
        if count:
            for container in (
                self.values,
                self.deadlines,
                self.field_deadlines,
                self.index,
                self.accesses,
            ):
                if container:
                    self.keyspace.free_later(container)
            self.values = {}
            self.deadlines = Deadlines()
            self.field_deadlines = Deadlines()
            self.index = None
            self.unpacked = deque()
            if self.accesses is not None:
                self.accesses = {}
        return count

    def exchange(self, other: Database) -> None:
        """Swap contents with another database (SWAPDB); the clients stay where they are."""
        for name in _CONTENTS:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, theirs)
            setattr(other, name, mine)
