"""
Which key goes when memory is short: the eviction policies.

Like Redis', they look at a few keys at random and take the best of them: the
ones idle for longest or used least often, of all keys or of those with a
deadline. What was seen and not taken is remembered in a small pool, so that the
choice becomes better than a few samples are. The key that is due first, wanted
by ``volatile-ttl``, is known without looking at any other.
"""

from __future__ import annotations

from bisect import insort
from typing import Any, NamedTuple

from pyredis.keyspace.database import Database
from pyredis.keyspace.keyspace import Keyspace

_POOL = 16
_OFTENEST = 255
# Where at least one key in so many has a deadline, such keys are found by chance.
_RARE = 4
_TRIES = 8


class Candidate(NamedTuple):
    """A key that may go, the better to lose the greater its score."""

    score: int
    number: int
    key: bytes


class Eviction:
    """
    Chooses the keys to be evicted from a keyspace.

    Args:
        keyspace: Whose keys they are.

    Attributes:
        policy: A ``maxmemory-policy``.
        samples: How many keys are looked at for each (``maxmemory-samples``).
    """

    def __init__(self, keyspace: Keyspace) -> None:
        self._keyspace = keyspace
        self._pool: list[Candidate] = []
        self._last_database = 0
        self._volatile = [_KeyList() for _ in keyspace.databases]
        self._takes_all = False
        self.policy = "noeviction"
        self.samples = 5

    def set_policy(self, policy: str, samples: int) -> None:
        """Choose by a policy from now on; what was seen so far is forgotten if it is another."""
        if policy != self.policy:
            self._pool.clear()
        self.policy = policy
        self._takes_all = policy.startswith("allkeys")
        self.samples = samples

    def victim(self) -> tuple[Database, bytes] | None:
        """Return the key to be evicted next, None if the policy allows none to be."""
        if self.policy.endswith("random"):
            return self._any()
        if self.policy == "volatile-ttl":
            return self._first_due()
        if self.policy == "noeviction":
            return None
        return self._best()

    def _keys(self, db: Database) -> dict[bytes, Any]:
        """Return those keys of a database that may go, as the keys of a dict."""
        return db.values if self._takes_all else db.deadlines

    def _samples(self, db: Database) -> list[bytes]:
        """Return some of the keys that may go, at least one; there must be one."""
        wanted = self.samples
        keys = self._keys(db)
        if len(keys) <= wanted:
            return list(keys)
        found: list[bytes] = []
        if len(keys) * _RARE >= len(db.values):
            for _ in range(_TRIES):
                some = db.some_keys(wanted)
                found += some if self._takes_all else [key for key in some if key in keys]
                if len(found) >= wanted:
                    return found[:wanted]
        if self._takes_all:
            return found or [db.any_key()]
        return found or [self._volatile[db.number].pick(db) for _ in range(wanted)]

    def _one(self, db: Database) -> bytes:
        """Return one of the keys that may go, each with the same chance; there must be one."""
        if self._takes_all:
            return db.any_key()
        if len(db.deadlines) * _RARE < len(db.values):
            return self._volatile[db.number].pick(db)
        while (key := db.any_key()) not in db.deadlines:
            pass
        return key

    def _any(self) -> tuple[Database, bytes] | None:
        """Return any key, the databases taking turns."""
        databases = self._keyspace.databases
        for _ in databases:
            self._last_database = (self._last_database + 1) % len(databases)
            db = databases[self._last_database]
            if self._keys(db):
                return db, self._one(db)
        return None

    def _first_due(self) -> tuple[Database, bytes] | None:
        """Return the key of all databases whose deadline is next."""
        first: tuple[int, Database, bytes] | None = None
        for db in self._keyspace.databases:
            if db.deadlines:
                key = db.deadlines.first()
                deadline = db.deadlines[key]
                if first is None or deadline < first[0]:
                    first = (deadline, db, key)
        return None if first is None else first[1:]

    def _best(self) -> tuple[Database, bytes] | None:
        """Return the best of the pool and of a few more keys of each database."""
        databases = self._keyspace.databases
        while True:
            if self._takes_all:
                found = [db for db in databases if db.values]
            else:
                found = [db for db in databases if db.deadlines]
            if not found:
                return None
            for db in found:
                self._look_at_some(db)
            while self._pool:
                best = self._pool.pop()
                db = databases[best.number]
                if best.key in self._keys(db):
                    return db, best.key

    def _look_at_some(self, db: Database) -> None:
        """Put the best of a few keys into the pool."""
        pool = self._pool
        known = {candidate.key for candidate in pool if candidate.number == db.number}
        for key in self._samples(db):
            score = self._score(db, key)
            if key not in known and (len(pool) < _POOL or score > pool[0].score):
                known.add(key)
                insort(pool, Candidate(score, db.number, key))
                if len(pool) > _POOL:
                    del pool[0]

    def _score(self, db: Database, key: bytes) -> int:
        keyspace = self._keyspace
        state = None if db.accesses is None else db.accesses.get(key)
        if keyspace.frequency is not None:
            return _OFTENEST - keyspace.frequency.count_of(state, keyspace.now_ms)
        return keyspace.now_ms - (keyspace.started_ms if state is None else state)


class _KeyList:
    """
    The few keys of a database that have deadlines, to choose from by chance.

    The list is made anew when a quarter of it may have changed: what it costs
    is shared by the choices made from it.
    """

    def __init__(self) -> None:
        self._keys: list[bytes] = []
        self._choices_left = 0

    def pick(self, db: Database) -> bytes:
        """Return a key with a deadline; there must be one."""
        while True:
            if not self._keys or self._choices_left <= 0:
                self._keys = list(db.deadlines)
                self._choices_left = len(self._keys) // 4 + 1
            self._choices_left -= 1
            place = int(db.keyspace.rng.random() * len(self._keys))
            key = self._keys[place]
            if key in db.deadlines:
                return key
            self._keys[place] = self._keys[-1]
            self._keys.pop()
