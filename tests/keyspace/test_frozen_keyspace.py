"""Tests for :mod:`pyredis.keyspace.frozen_keyspace`."""

from __future__ import annotations

import pkgutil
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import tests.differential
from pyredis.datatypes.hashes import HashValue
from pyredis.execution.flags import WRITE
from pyredis.keyspace.database import STRING_TYPES, Database
from pyredis.keyspace.digest import digest_of_value
from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.persistence.rdb_value_writer import ValueWriter
from tests.commands.session import Session
from tests.differential.grammar import Choose, Grammar
from tests.differential.walk import grammar_of

State = dict[tuple[int, bytes], Any]

_ELSEWHERE = Session().server.keyspace

_SMALL = {
    "hash_max_listpack_entries": 3,
    "list_max_listpack_size": 3,
    "set_max_listpack_entries": 3,
    "set_max_intset_entries": 3,
    "zset_max_listpack_entries": 3,
    "stream_node_max_entries": 3,
}

_MORE = """
    APPEND {key} {value}
    BITOP AND {key} {key} {key}
    COPY {key} {key} [DB {db}] [REPLACE]
    MOVE {key} {db}
    SWAPDB {db} {db}
    FLUSHDB
    RENAME {key} {key}
    RENAMENX {key} {key}
    EXPIRE {key} {ttl}
    PERSIST {key}
    SELECT {db}
    FLUSHALL
    HEXPIRE {key} {ttl} FIELDS 1 {field}
    HGETDEL {key} FIELDS 1 {field}
    HSETEX {key} EX {ttl} FIELDS 1 {field} {value}
    LPUSHX {key} {value}
    RPUSHX {key} {value}
    RPOP {key}
    LMOVE {key} {key} LEFT RIGHT
    LMPOP 1 {key} LEFT
    SPOP {key}
    SMOVE {key} {key} {member}
    SDIFFSTORE {key} {key} {key}
    SINTERSTORE {key} {key} {key}
    GEOADD {key} 1 1 {member}
    GEORADIUSBYMEMBER {key} {member} 10 km STORE {key}
    ZREMRANGEBYRANK {key} 0 0
    ZREMRANGEBYSCORE {key} 0 1
    ZREMRANGEBYLEX {key} - +
    PFDEBUG GETREG {key}
    EVAL "return redis.call('LPUSH',KEYS[1],'a')" 1 {key}
"""

# What the walks cannot make do anything: they wait, need another server or a payload.
_OTHERS = {
    "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN",
    "MIGRATE", "RESTORE", "RESTORE-ASKING",
}  # fmt: skip


# What needs too much luck in a walk: each is done with all before it frozen.
_RARE = (
    "RPUSH l a b c d", "LINSERT l BEFORE a z", "LSET l 0 y", "LREM l 0 y", "LTRIM l 0 1",
    "SADD s a b", "SADD t c", "SMOVE s t a",
    "ZADD z 1 a 2 b", "ZPOPMIN z", "ZPOPMAX z",
    "HSET h f1 a f2 b f3 c f4 d", "HEXPIREAT h 4102444800 FIELDS 1 f1",
    "HPEXPIREAT h 4102444800000 FIELDS 1 f2", "HPEXPIRE h 100000 FIELDS 1 f3",
    "HPERSIST h FIELDS 3 f1 f2 f3", "HGETEX h PX 100 FIELDS 1 f4",
    "XADD x 1-1 f v", "XADD x 2-2 f v", "XADD x 3-3 f v", "XGROUP CREATE x g 0",
    "XREADGROUP GROUP g c STREAMS x >", "XCLAIM x g d 0 1-1", "XAUTOCLAIM x g e 0 0",
    "XACK x g 1-1", "XDEL x 2-2", "XTRIM x MAXLEN 1", "XSETID x 9-9",
)  # fmt: skip


def every_grammar() -> Grammar:
    """Return the grammars of all families as one."""
    names = [module.name for module in pkgutil.iter_modules(tests.differential.__path__)]
    return grammar_of([name[5:] for name in names if name.startswith("test_")]).joined(
        Grammar(_MORE)
    )


def shown(key: bytes, value: Any, deadline_ms: int | None) -> Any:
    """Return all there is to a key, in a form that does not change with it."""
    if value.__class__ in STRING_TYPES:
        return bytes(value) if value.__class__ is not int else value, deadline_ms
    if value.type_name == "stream":
        return b"".join(ValueWriter().encode(value)[1]), deadline_ms
    db = Database(0, _ELSEWHERE)
    db.values[key] = value
    fields = dict(value.deadlines or {}) if isinstance(value, HashValue) else None
    # SORT, which only reads, leaves a sorted set in its other form.
    encoding = None if value.type_name == "zset" else value.encoding
    return digest_of_value(db, key), encoding, fields, deadline_ms


def state_of(session: Session) -> State:
    """Return all that the databases hold."""
    return {
        (db.number, key): shown(key, value, db.deadlines.get(key))
        for db in session.server.keyspace.databases
        for key, value in db.values.items()
    }


def taken(frozen: FrozenKeyspace) -> Iterator[tuple[tuple[int, bytes], Any]]:
    """Yield what a frozen keyspace holds, as it is asked for."""
    for db in frozen.databases:
        for key, value in db.take():
            yield (db.number, key), shown(key, value, db.deadlines.get(key))


class FrozenKeyspaceTests(SynchronousTestCase):
    """What is read later is what was there."""

    def setUp(self) -> None:
        """Make a server with small packed forms."""
        self.session = Session(**_SMALL)
        self.keyspace = self.session.server.keyspace

    def freeze(self) -> FrozenKeyspace:
        """Freeze the keys as they are."""
        frozen = FrozenKeyspace(self.keyspace)
        self.addCleanup(frozen.release)
        return frozen

    def assert_kept(self, *changes: str) -> FrozenKeyspace:
        """Check that changes leave a frozen keyspace as it was."""
        before = state_of(self.session)
        frozen = self.freeze()
        for change in changes:
            self.session.do(*change.split())
        self.assertEqual(dict(taken(frozen)), before)
        return frozen

    def test_values_that_are_replaced(self) -> None:
        """Strings and deadlines cost no copy."""
        for line in ("SET a 1", "SET b x EX 100", "SET c x", "RPUSH l a"):
            self.session.do(*line.split())
        frozen = self.assert_kept(
            "SET a 2", "INCR a", "PERSIST b", "EXPIRE c 5", "SET d new", "DEL l", "RPUSH l b"
        )
        self.assertEqual(frozen.copied, 0)

    def test_values_that_change_in_place(self) -> None:
        """They are copied at the first change, and once."""
        for line in ("RPUSH l a b", "SADD s a", "APPEND t x", "APPEND t y", "HSET h f v"):
            self.session.do(*line.split())
        frozen = self.assert_kept("RPUSH l c", "LPOP l", "RPUSH l d", "SADD s b", "APPEND t z")
        self.assertEqual(frozen.copied, 3)

    def test_what_was_read_is_not_copied(self) -> None:
        """Nobody asks for it again."""
        self.session.do("RPUSH", "l", "a")
        frozen = self.freeze()
        list(taken(frozen))
        self.session.do("RPUSH", "l", "b")
        self.assertEqual(frozen.copied, 0)

    def test_under_another_name(self) -> None:
        """A value that moved is known no more, so it was copied."""
        self.session.do("RPUSH", "l", "a", "b")
        self.session.do("RPUSH", "m", "a", "b")
        self.assert_kept("RENAME l n", "RPUSH n c", "MOVE m 1", "SELECT 1", "RPUSH m c")

    def test_databases_exchanged(self) -> None:
        """And exchanged again."""
        self.session.do("RPUSH", "l", "a")
        self.session.do("SELECT", 1)
        self.session.do("RPUSH", "l", "b")
        self.assert_kept("SWAPDB 0 1", "RPUSH l c", "SWAPDB 1 2", "SELECT 2", "LPOP l", "FLUSHALL")

    def test_what_is_freed_in_slices(self) -> None:
        """It is freed when it was read: not before, and not never."""
        self.session.do("RPUSH", "l", *range(2000))
        self.session.do("SADD", "s", *range(2000))
        before = state_of(self.session)
        frozen = self.freeze()
        self.session.do("UNLINK", "l")
        self.session.do("FLUSHALL")
        self.assertFalse(self.keyspace.free_some(10**6))
        self.assertEqual(dict(taken(frozen)), before)
        frozen.release()
        self.assertTrue(self.keyspace.lazy_free)
        self.assertFalse(self.keyspace.free_some(10**6))

    def test_deadlines(self) -> None:
        """What expires meanwhile is there, with its deadline; fields too."""
        self.session.do("SET", "a", "1", "PX", 10)
        self.session.do("HSET", "h", "f", "v", "g", "w")
        value = self.session.db.lookup_write(b"h", HashValue)
        value.set_deadline(b"f", self.keyspace.now_ms + 10)
        self.session.db.note_field_deadlines(b"h", value)
        before = state_of(self.session)
        frozen = self.freeze()
        self.session.clock.advance(1)
        self.keyspace.refresh_now()
        self.keyspace.expire_due(100)
        self.assertEqual(self.session.do("DBSIZE"), 1)
        self.assertEqual(self.session.do("HLEN", "h"), 1)
        self.assertEqual(dict(taken(frozen)), before)

    def test_release(self) -> None:
        """Everything is as if nothing had been frozen, also after a second release."""
        self.session.do("RPUSH", "l", "a")
        frozen = self.freeze()
        self.assertEqual(len(frozen), 1)
        self.assertRaises(AssertionError, FrozenKeyspace, self.keyspace)
        frozen.release()
        other = self.freeze()
        frozen.release()
        self.assertIs(self.keyspace.frozen, other)
        other.release()
        self.assertEqual({db.__class__ for db in self.keyspace.databases}, {Database})
        self.assertEqual(len(frozen), 0)


class EveryCommandTests(SynchronousTestCase):
    """No command changes what was frozen."""

    grammar = every_grammar()

    def walk(self, choose: Choose, steps: int, rounds: int) -> set[str]:
        """Freeze, do steps, and compare, again and again; return who changed anything."""
        session = Session(**_SMALL)
        table = session.server.table
        grammar = self.grammar.restricted_to(
            # What is queued would hide who changed something.
            lambda name: name != "MULTI" and table.find(name.encode()) is not None
        )
        changing = set()
        for _ in range(rounds):
            calls = (grammar.step(choose).argv for _ in range(steps))
            changing |= self.compare(session, calls, choose(5), lambda: 0.001 * choose(3))
        return changing

    def compare(
        self,
        session: Session,
        calls: Iterable[Sequence[bytes]],
        read_before: int = 0,
        seconds: Callable[[], float] = float,
    ) -> set[str]:
        """Freeze, make calls half-way through and compare; return who changed anything."""
        keyspace = session.server.keyspace
        changing = set()
        before = state_of(session)
        frozen = FrozenKeyspace(keyspace)
        items = taken(frozen)
        after = dict(islice(items, read_before))
        for argv in calls:
            if session.waits:
                session = session.another()
            dirty = keyspace.dirty
            session.do(*argv)
            session.clock.advance(seconds())
            if keyspace.dirty != dirty:
                changing.add(argv[0].decode().upper())
        after.update(items)
        frozen.release()
        self.assertEqual(after, before)
        return changing

    def test_every_write_command(self) -> None:
        """All of the table that write have changed something half-way through."""
        seen = self.walk(random.Random(1).randrange, 20, 3000)
        session = Session(**_SMALL)
        for call in _RARE:
            seen |= self.compare(session, [call.encode().split()])
        commands = session.server.table.commands.items()
        writing = {name for name, command in commands if command.flags & WRITE}
        self.assertEqual(writing - seen - _OTHERS, set())

    @settings(max_examples=20)
    @given(st.randoms(use_true_random=False))
    def test_walks(self, rng: random.Random) -> None:
        """Whatever comes in whatever order."""
        self.walk(rng.randrange, 15, 3)
