"""Tests of fields that expire, in pyredis.keyspace.database and pyredis.keyspace.keyspace."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from tests.keyspace.keyspaces import START, Told, advance, make_keyspace

LIMITS = EncodingLimits()


class FieldExpiryCase(SynchronousTestCase):
    """A hash under ``h`` whose fields a, b and c are due after 10, 20 ms and never."""

    def setUp(self) -> None:
        """Store it."""
        self.keyspace, self.clock = make_keyspace()
        self.db, self.other = self.keyspace.databases
        self.value = self.make({b"a": 10, b"b": 20, b"c": None})
        self.db.store(b"h", self.value)

    @staticmethod
    def make(fields: dict[bytes, int | None]) -> HashValue:
        """Return a hash with fields that are due after some milliseconds."""
        value = HashValue()
        for field, after in fields.items():
            value.set(field, b"v", LIMITS)
            if after is not None:
                value.set_deadline(field, START + after)
        return value

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        advance(self.keyspace, self.clock, milliseconds)

    def fields(self, key: bytes = b"h") -> set[bytes]:
        """Return the fields a command would see."""
        value = self.db.lookup_write(key, HashValue)
        return set() if value is None else set(value.fields)


class LazyTests(FieldExpiryCase):
    """What is due is gone before anybody sees it."""

    def test_a_field_lives_up_to_its_deadline(self) -> None:
        """And not a millisecond longer."""
        self.advance(10)
        self.assertEqual(self.fields(), {b"a", b"b", b"c"})
        self.advance(1)
        self.assertEqual(self.fields(), {b"b", b"c"})
        self.advance(100)
        self.assertEqual(self.fields(), {b"c"})
        self.assertEqual(self.keyspace.expired_fields, 2)
        self.assertEqual(dict(self.db.field_deadlines), {})

    def test_every_way_to_look_finds_it_gone(self) -> None:
        """Counted or not, for reading or writing."""
        for look in (
            self.db.lookup_read,
            self.db.lookup_write,
            self.db.look_at,
            self.db.peek,
        ):
            self.db.store(b"x", self.make({b"a": 0, b"b": None}))
            self.advance(1)
            self.assertEqual(set(look(b"x").fields), {b"b"})

    def test_the_last_field_takes_the_hash_with_it(self) -> None:
        """The key is gone, and all is told."""
        self.db.store(b"x", self.make({b"a": 5, b"b": 6}))
        told = Told(self.keyspace)
        fields: list[tuple[bytes, list[bytes]]] = []
        self.keyspace.expired_fields_observers = (
            lambda db, key, names: fields.append((key, list(names))),
        )
        self.advance(7)
        self.assertIsNone(self.db.lookup_read(b"x"))
        self.assertEqual(fields, [(b"x", [b"a", b"b"])])
        self.assertEqual(told.changes, [(0, b"x")])
        self.assertEqual(
            [event for _, event, key in told.events if key == b"x"],
            [b"hexpired", b"del", b"keymiss"],
        )
        self.assertEqual(told.expired, [])
        self.assertNotIn(b"x", self.db.field_deadlines)
        self.assertEqual(len(self.db), 1)

    def test_deadlines_that_were_forgotten_do_nothing(self) -> None:
        """Setting a field, deleting it or persisting it needs to tell nobody."""
        self.value.set(b"a", b"w", LIMITS)
        self.value.persist(b"b")
        self.advance(100)
        self.assertEqual(self.fields(), {b"a", b"b", b"c"})
        self.assertEqual(dict(self.db.field_deadlines), {})

    def test_another_value_under_the_key_does_not_expire(self) -> None:
        """A string that took the place of a hash is left alone."""
        self.db.store(b"h", b"v")
        self.advance(100)
        self.assertEqual(self.db.lookup_read(b"h"), b"v")
        self.assertEqual(dict(self.db.field_deadlines), {})

    def test_a_replica_hides_it_and_leaves_it(self) -> None:
        """What is due goes when the primary says so."""
        self.keyspace.may_expire = False
        self.advance(15)
        self.assertEqual(self.fields(), {b"b", b"c"})
        self.assertEqual(set(self.value.fields), {b"a", b"b", b"c"})
        self.db.store(b"x", self.make({b"a": 0}))
        self.assertIsNone(self.db.peek(b"x"))
        self.assertIn(b"x", self.db.values)

    def test_nothing_expires_while_loading(self) -> None:
        """A file is loaded as it was written."""
        self.keyspace.loading = True
        self.advance(100)
        self.assertEqual(self.fields(), {b"a", b"b", b"c"})
        self.assertEqual(self.keyspace.expire_due(10), 0)


class MovedTests(FieldExpiryCase):
    """Hashes that go elsewhere take their deadlines with them."""

    def test_handing_over(self) -> None:
        """To another key, or to another database."""
        self.db.hand_over(b"h", self.db, b"k")
        self.assertEqual(list(self.db.field_deadlines), [b"k"])
        self.db.hand_over(b"k", self.other, b"m")
        self.assertEqual(dict(self.db.field_deadlines), {})
        self.advance(15)
        value = self.other.lookup_read(b"m", HashValue)
        assert value is not None
        self.assertEqual(set(value.fields), {b"b", b"c"})

    def test_copies(self) -> None:
        """Each expires for itself."""
        self.db.store(b"k", self.value.copy())
        self.value.persist(b"a")
        self.advance(15)
        self.assertEqual((self.fields(b"k"), self.fields()), ({b"b", b"c"}, {b"a", b"b", b"c"}))

    def test_whole_databases(self) -> None:
        """SWAPDB and FLUSHDB."""
        self.db.exchange(self.other)
        self.advance(15)
        value = self.other.peek(b"h")
        self.assertEqual(set(value.fields), {b"b", b"c"})
        self.other.clear()
        self.assertEqual(dict(self.other.field_deadlines), {})

    def test_deleting(self) -> None:
        """Nothing is left to be looked at."""
        self.db.delete(b"h")
        self.assertEqual(dict(self.db.field_deadlines), {})


class ActiveTests(FieldExpiryCase):
    """Fields expire by themselves."""

    def test_they_go_without_being_looked_at(self) -> None:
        """One after the other, with the hash at last."""
        self.db.store(b"x", self.make({b"a": 5}))
        self.advance(15)
        self.assertEqual(self.keyspace.expire_due(100), 2)
        self.assertEqual(set(self.value.fields), {b"b", b"c"})
        self.assertNotIn(b"x", self.db.values)
        self.advance(15)
        self.assertEqual(self.keyspace.expire_due(100), 1)
        self.assertEqual(self.keyspace.expire_due(100), 0)

    def test_very_many_go_in_slices(self) -> None:
        """No call removes more than it was allowed to."""
        big = self.make({b"%d" % number: number % 7 for number in range(5000)})
        self.db.store(b"big", big)
        for number in range(100):
            self.db.store(b"%d" % number, self.make({b"a": 1, b"b": 2}))
        self.advance(15)
        slices = 1
        while (removed := self.keyspace.expire_due(100)) == 100:
            slices += 1
        self.assertLess(removed, 100)
        self.assertGreater(slices, 50)
        self.assertEqual(set(self.db.values), {b"h"})
        self.assertEqual(self.keyspace.expired_fields, 5000 + 200 + 1)

    def test_a_hash_looked_at_in_vain_waits_for_its_next_field(self) -> None:
        """Its earliest deadline may have been forgotten meanwhile."""
        self.value.persist(b"a")
        self.advance(15)
        self.assertEqual(self.keyspace.expire_due(100), 1)
        self.assertEqual(dict(self.db.field_deadlines), {b"h": START + 20})
        self.assertEqual(set(self.value.fields), {b"a", b"b", b"c"})
