"""
All databases of one server, the moment it is, and who is told of changes.

The clock is frozen for one top-level command: :attr:`Keyspace.now_ms` moves
only when the dispatcher calls :meth:`Keyspace.refresh_now`.

Access times cost memory and time, so they are kept only while something needs
them: an LRU or LFU ``maxmemory-policy``, or a client that has asked for OBJECT
IDLETIME or FREQ. A key not accessed since then counts as idle since the start,
and as used as often as a new one.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyredis.datatypes.strings import SharedStrings
from pyredis.keyspace.arrivals import Arrivals
from pyredis.keyspace.database import FREED_AT_ONCE, Database
from pyredis.keyspace.frequencies import FrequencyCounting

if TYPE_CHECKING:
    from pyredis.keyspace.frozen_keyspace import FrozenKeyspace

ChangeObserver = Callable[[Database, bytes], None]
FieldsObserver = Callable[[Database, bytes, Sequence[bytes]], None]
EventObserver = Callable[[Database, bytes, int, bytes], None]

_FREE_AT_ONCE = 512


class Keyspace:
    """
    The databases of a server.

    Args:
        clock: Returns the wall clock in milliseconds.
        databases: How many there are.
        rng: The server's one source of chance.

    Attributes:
        now_ms: The frozen moment.
        dirty: Changes since the start.
        saved_at: What that was when the data were last saved or loaded.
        observed: True while anybody observes all changes or events.
        told: True while anybody is told of changes, if only of those of some keys.
        loading: True while a file is loaded: nothing expires then.
        loading_aside: True while other data are loaded that are to take the place of
            these, which are served until then.
        may_expire: False on a replica and while writes are paused: what is due
            then reads as absent but stays.
        replaces_expired: On a replica that clients write to: a key that is due makes way
            for what they write.
        keeps_expired: True while a command of the primary is repeated: what is due is
            there as long as the primary does not say otherwise.
        is_sweeping: While what is due is removed that nobody has looked for.
        expire_own: Called with a limit where what is due must stay: removes what may
            go all the same, and returns how much that was.
        frequency: How accesses are counted; None while their time is kept, or nothing.
        arrivals: When keys came, for those whose accesses were not noted yet.
        touching: False while a client runs a command that asked for no traces
            (CLIENT NO-TOUCH): looking a key up is no access then.
        short_strings: Gives short values as objects that keys share.
        frozen: What was there at a moment and is still being read, if anything is.
        free_later: Called with a container that is used no more.
        lazy_free: Containers waiting to be freed in slices.
        begin_freeing: Called when the first of them comes.
    """

    def __init__(self, clock: Callable[[], int], databases: int, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.now_ms = clock()
        self.started_ms = self.now_ms
        self.short_strings = SharedStrings()
        self.databases = [Database(number, self) for number in range(databases)]
        self.dirty = 0
        self.saved_at = 0
        self.expired_keys = 0
        self.expired_fields = 0
        self.evicted_keys = 0
        self.observed = False
        self.told = False
        self.loading = False
        self.loading_aside = False
        self.may_expire = True
        self.keeps_expired = False
        self.replaces_expired = False
        self.is_sweeping = False
        self.expire_own: Callable[[int], int] = lambda limit: 0
        self.frequency: FrequencyCounting | None = None
        self.arrivals = Arrivals()
        self.touching = True
        self.frozen: FrozenKeyspace | None = None
        self.free_later: Callable[[Any], None] = self.free_in_slices
        self.lazy_free: deque[Any] = deque()
        self.lazy_freed = 0
        self.begin_freeing: Callable[[], object] = lambda: None
        self._change_observers: tuple[ChangeObserver, ...] = ()
        self._event_observers: tuple[EventObserver, ...] = ()
        self._awaiting_observers: tuple[ChangeObserver, ...] = ()
        self.expired_observers: tuple[ChangeObserver, ...] = ()
        self.evicted_observers: tuple[ChangeObserver, ...] = ()
        self.expired_fields_observers: tuple[FieldsObserver, ...] = ()

    def refresh_now(self) -> int:
        """Move the frozen moment to the present and return it."""
        self.now_ms = self.clock()
        return self.now_ms

    # Who is told

    def observe_changes(self, observer: ChangeObserver) -> None:
        """Call ``observer(db, key)`` after every change of a key, until it is forgotten."""
        self._change_observers = (*self._change_observers, observer)
        self.observed = self.told = True

    def await_changes(self, observer: ChangeObserver) -> None:
        """Do the same for one that need not be told of keys that nobody waits for."""
        self._awaiting_observers = (*self._awaiting_observers, observer)
        self.told = True

    def observe_events(self, observer: EventObserver) -> None:
        """Call ``observer(db, key, kind, event)`` for every event, until it is forgotten."""
        self._event_observers = (*self._event_observers, observer)
        self.observed = self.told = True

    def forget_observer(self, observer: Callable[..., None]) -> None:
        """Stop telling an observer."""
        self._change_observers = tuple(o for o in self._change_observers if o != observer)
        self._event_observers = tuple(o for o in self._event_observers if o != observer)
        self._awaiting_observers = tuple(o for o in self._awaiting_observers if o != observer)
        self.observed = bool(self._change_observers or self._event_observers)
        self.told = self.observed or bool(self._awaiting_observers)

    def tell_change(self, db: Database, key: bytes) -> None:
        """Tell the observers of changes."""
        for observer in self._change_observers:
            observer(db, key)
        for observer in self._awaiting_observers:
            observer(db, key)

    def tell_event(self, db: Database, key: bytes, kind: int, event: bytes) -> None:
        """Tell the observers of events."""
        for observer in self._event_observers:
            observer(db, key, kind, event)

    def tell_expired(self, db: Database, key: bytes) -> None:
        """Tell those who must repeat the deletion elsewhere (the append-only file, replicas)."""
        for observer in self.expired_observers:
            observer(db, key)

    def tell_evicted(self, db: Database, key: bytes) -> None:
        """Tell those who must repeat the deletion elsewhere of a key that had to make room."""
        for observer in self.evicted_observers:
            observer(db, key)

    def tell_fields_expired(self, db: Database, key: bytes, fields: Sequence[bytes]) -> None:
        """Tell those who must repeat the deletion of fields elsewhere."""
        for observer in self.expired_fields_observers:
            observer(db, key, fields)

    # Accesses

    def track_accesses(self, frequency: FrequencyCounting | None = None) -> None:
        """
        Keep when keys are accessed from now on, or how often if told how to count.

        Going from one to the other forgets what was kept.
        """
        begins_anew = (frequency is None) != (self.frequency is None)
        self.frequency = frequency
        for db in self.databases:
            if db.accesses is None or begins_anew:
                db.accesses = self.arrivals.came_ms(db) if frequency is None else {}
                db.watchful = True

    def accessed(self, db: Database, key: bytes, is_new: bool = False) -> None:
        """Note that a key is accessed now."""
        accesses = db.accesses
        assert accesses is not None
        frequency = self.frequency
        if frequency is None:
            accesses[key] = self.now_ms
        elif is_new:
            accesses[key] = frequency.first(self.now_ms)
        else:
            accesses[key] = frequency.accessed(accesses.get(key), self.now_ms, self.rng)

    def accessed_each(self, db: Database, keys: Collection[bytes]) -> None:
        """Note that keys are accessed now, if only to be made."""
        accesses = db.accesses
        assert accesses is not None
        frequency, now_ms = self.frequency, self.now_ms
        if frequency is None:
            accesses.update(dict.fromkeys(keys, now_ms))
            return
        for key in keys:
            if key in accesses or key in db.values:
                accesses[key] = frequency.accessed(accesses.get(key), now_ms, self.rng)
            else:
                accesses[key] = frequency.first(now_ms)

    def idle_ms(self, db: Database, key: bytes) -> int:
        """Return how long ago a key was last accessed, as far as is known."""
        self.track_accesses()
        assert db.accesses is not None
        return max(0, self.now_ms - db.accesses.get(key, self.started_ms))

    def set_idle_ms(self, db: Database, key: bytes, idle_ms: int) -> None:
        """Note that a key was last accessed so long ago, on another server or before the start."""
        self.track_accesses()
        assert db.accesses is not None
        db.accesses[key] = self.now_ms - idle_ms

    def access_count(self, db: Database, key: bytes, counting: FrequencyCounting) -> int:
        """Return how often a key is accessed, from 0 to 255, as far as is known."""
        self.track_accesses(counting)
        assert db.accesses is not None
        return counting.count_of(db.accesses.get(key), self.now_ms)

    def set_access_count(
        self, db: Database, key: bytes, counting: FrequencyCounting, count: int
    ) -> None:
        """Note how often a key was accessed so far, on another server or before the start."""
        self.track_accesses(counting)
        assert db.accesses is not None
        db.accesses[key] = counting.state_of(count, self.now_ms)

    # Expiry and freeing, in slices

    def expire_due(self, limit: int) -> int:
        """
        Remove keys and fields that are due, at most ``limit``, earliest first in each database.

        Returns:
            How many were removed; less than ``limit`` when none is left.
        """
        if self.loading:
            return 0
        if not self.may_expire:
            return self.expire_own(limit)
        with self.sweeping():
            return self._expire_due(limit)

    @contextmanager
    def sweeping(self) -> Iterator[None]:
        """Remove what is due, come across by chance: each removal is a thing of its own."""
        self.is_sweeping = True
        try:
            yield
        finally:
            self.is_sweeping = False

    def _expire_due(self, limit: int) -> int:
        removed = 0
        for db in self.databases:
            if db.deadlines:
                for key in db.deadlines.take_due(self.now_ms, limit - removed):
                    db.expire(key)
                    removed += 1
            while db.field_deadlines and removed < limit:
                hashes = db.field_deadlines.take_due(self.now_ms, 1)
                if not hashes:
                    break
                # Looking counts, though nothing of it may be due any more.
                removed += max(1, db.expire_fields(hashes[0], limit - removed))
            if removed >= limit:
                break
        return removed

    def earliest_deadline(self) -> int | None:
        """Return when the next key or field is due, in milliseconds; None if none ever is."""
        moments = [
            moment
            for db in self.databases
            for deadlines in (db.deadlines, db.field_deadlines)
            if deadlines and (moment := deadlines.earliest()) is not None
        ]
        return min(moments, default=None)

    def free_in_slices(self, container: Any) -> None:
        """Take over a container that is used no more; a large one is freed in slices."""
        if len(container) > _FREE_AT_ONCE:
            if not self.lazy_free:
                self.begin_freeing()
            self.lazy_free.append(container)

    def free_some(self, limit: int) -> bool:
        """
        Free members of waiting containers.

        Args:
            limit: How many members to free at most, more or less.

        Returns:
            Whether any are left.
        """
        waiting = self.lazy_free
        while waiting and limit > 0:
            container = waiting[0]
            size = len(container)
            if container.__class__ is dict:
                limit = self._free_values(container, limit)
            else:
                container.release(limit)
                limit -= size
            if not container:
                waiting.popleft()
                self.lazy_freed += 1
        return bool(waiting)

    def _free_values(self, values: dict[bytes, Any], limit: int) -> int:
        """Free values of a database that was cleared; return what is left of ``limit``."""
        while values and limit > 0:
            value = values.popitem()[1]
            limit -= 1
            if value.__class__ not in FREED_AT_ONCE:
                size = len(value)
                if size > _FREE_AT_ONCE:
                    self.lazy_free.append(value)
                else:
                    limit -= size
        return limit
