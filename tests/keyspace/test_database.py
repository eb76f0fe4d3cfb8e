"""Tests of pyredis.keyspace.database."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.errors import WrongType
from pyredis.keyspace.database import Database, type_name
from pyredis.keyspace.events import LIST
from tests.keyspace.keyspaces import START, Told, advance, make_keyspace

LIMITS = EncodingLimits()


def scanned(db: Database) -> list[bytes]:
    """Return the keys that a whole scan finds, in order."""
    found: list[bytes] = []
    cursor = 0
    while True:
        cursor, some = db.scan(cursor, 100)
        found += some
        if not cursor:
            return sorted(found)


class DatabaseCase(SynchronousTestCase):
    """A keyspace of two databases and its clock."""

    def setUp(self) -> None:
        """Make them."""
        self.keyspace, self.clock = make_keyspace()
        self.db, self.other = self.keyspace.databases

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        advance(self.keyspace, self.clock, milliseconds)

    def assert_consistent(self) -> None:
        """Index, deadlines and access times know the keys that there are, and no others."""
        for db in self.keyspace.databases:
            self.assertEqual(scanned(db), sorted(db.values))
            self.assertLessEqual(db.deadlines.keys(), db.values.keys())
            self.assertLessEqual((db.accesses or {}).keys(), db.values.keys())


class LookupTests(DatabaseCase):
    """Looking for keys."""

    def test_reading_counts_hits_and_misses(self) -> None:
        """Looking up for writing counts neither."""
        self.db.store(b"k", b"v")

        self.assertEqual(self.db.lookup_read(b"k"), b"v")
        self.assertEqual(self.db.look_at(b"k"), b"v")
        self.assertIsNone(self.db.lookup_read(b"none"))
        self.assertIsNone(self.db.look_at(b"none"))
        self.assertEqual(self.db.lookup_write(b"k"), b"v")
        self.assertIsNone(self.db.lookup_write(b"none"))
        self.assertEqual(self.db.peek(b"k"), b"v")
        self.assertIsNone(self.db.peek(b"none"))
        self.assertEqual((self.db.hits, self.db.misses), (2, 2))

    def test_a_miss_is_told(self) -> None:
        """But not when only peeked for, or about to be written."""
        told = Told(self.keyspace)
        self.db.lookup_read(b"a")
        self.db.look_at(b"b")
        self.db.lookup_write(b"c")
        self.db.peek(b"d")

        self.assertEqual(told.events, [(0, b"keymiss", b"a"), (0, b"keymiss", b"b")])

    def test_a_string_has_three_forms(self) -> None:
        """``bytes`` stands for all of them."""
        for value in (b"v", 12, bytearray(b"v")):
            self.db.store(b"k", value)

            self.assertEqual(self.db.lookup_read(b"k", bytes), value)
            self.assertEqual(self.db.lookup_write(b"k", bytes), value)
            self.assertEqual(type_name(value), "string")
            self.assertRaises(WrongType, self.db.lookup_read, b"k", ListValue)

    def test_another_type_is_refused(self) -> None:
        """For reading and for writing; without a wish, anything goes."""
        value = ListValue.of([b"a"], LIMITS)
        self.db.store(b"l", value)

        self.assertIs(self.db.lookup_read(b"l", ListValue), value)
        self.assertIs(self.db.lookup_read(b"l"), value)
        self.assertRaises(WrongType, self.db.lookup_read, b"l", bytes)
        self.assertRaises(WrongType, self.db.lookup_write, b"l", HashValue)
        self.assertIsNone(self.db.lookup_read(b"none", HashValue))
        self.assertEqual(type_name(value), "list")


class StoreTests(DatabaseCase):
    """Giving keys values."""

    def test_storing_drops_the_deadline_and_overwriting_keeps_it(self) -> None:
        """SET does the one, APPEND the other."""
        self.db.store(b"k", b"v")
        self.db.set_deadline(b"k", START + 1000)
        self.db.overwrite(b"k", b"w")
        self.assertEqual(self.db.deadline_of(b"k"), START + 1000)

        self.db.store(b"k", b"x")
        self.assertIsNone(self.db.deadline_of(b"k"))
        self.assert_consistent()

    def test_a_new_key_is_told(self) -> None:
        """Storing what is there again is not."""
        told = Told(self.keyspace)
        self.db.store(b"a", b"v")
        self.db.store(b"a", b"w")
        self.db.overwrite(b"b", b"v")
        self.db.overwrite(b"b", b"w")

        self.assertEqual(told.events, [(0, b"new", b"a"), (0, b"new", b"b")])
        self.assertEqual(told.changes, [])

    def test_storing_over_an_expired_key(self) -> None:
        """It expires first, so that all who must know are told."""
        self.db.store(b"k", b"v")
        self.db.set_deadline(b"k", START + 1000)
        self.advance(1001)
        told = Told(self.keyspace)
        self.db.store(b"k", b"w")

        self.assertEqual(told.events, [(0, b"expired", b"k"), (0, b"new", b"k")])
        self.assertEqual(self.db.lookup_read(b"k"), b"w")
        self.assert_consistent()

    def test_deleting(self) -> None:
        """Value and deadline go, silently."""
        self.db.store(b"k", b"v")
        self.db.set_deadline(b"k", START + 1000)
        told = Told(self.keyspace)

        self.assertTrue(self.db.delete(b"k"))
        self.assertFalse(self.db.delete(b"k"))
        self.assertEqual((told.events, len(self.db), self.db.deadlines), ([], 0, {}))
        self.assert_consistent()

    def test_a_change_is_told_once(self) -> None:
        """It counts for persistence; the events of one change may be several."""
        told = Told(self.keyspace)
        self.db.store(b"l", ListValue.of([b"a"], LIMITS))
        self.db.changed(b"l", LIST, b"rpush", 3)
        self.db.delete_emptied(b"l")

        self.assertEqual(self.keyspace.dirty, 3)
        self.assertEqual(told.changes, [(0, b"l")])
        self.assertEqual(told.events, [(0, b"new", b"l"), (0, b"rpush", b"l"), (0, b"del", b"l")])
        self.assertEqual(len(self.db), 0)

    def test_handing_over(self) -> None:
        """Value, deadline and access time go along; what was there is gone."""
        self.keyspace.track_accesses()
        value = ListValue.of([b"a"], LIMITS)
        self.db.store(b"a", value)
        self.db.set_deadline(b"a", START + 1000)
        self.other.store(b"b", b"old")
        self.other.set_deadline(b"b", START + 5)
        self.advance(3)
        self.db.hand_over(b"a", self.other, b"b")

        self.assertIs(self.other.lookup_read(b"b"), value)
        self.assertEqual(self.other.deadlines, {b"b": START + 1000})
        self.assertEqual((len(self.db), self.db.deadlines), (0, {}))
        self.assert_consistent()

    def test_handing_over_within_a_database(self) -> None:
        """Without a deadline the new key has none either; it counts as new."""
        self.db.store(b"a", b"v")
        self.db.store(b"b", b"w")
        self.db.set_deadline(b"b", START + 5)
        told = Told(self.keyspace)
        self.db.hand_over(b"a", self.db, b"b")

        self.assertEqual((self.db.values, self.db.deadlines), ({b"b": b"v"}, {}))
        self.assertEqual(told.events, [(0, b"new", b"b")])
        self.assert_consistent()


class ExpiryTests(DatabaseCase):
    """Keys past their deadline."""

    def setUp(self) -> None:
        """Give ``k`` a second to live."""
        super().setUp()
        self.db.store(b"k", b"v")
        self.db.set_deadline(b"k", START + 1000)

    def test_a_key_lives_up_to_its_deadline(self) -> None:
        """And through the millisecond of it."""
        self.advance(1000)

        self.assertEqual(self.db.lookup_read(b"k"), b"v")

    def test_every_way_to_look_finds_it_gone(self) -> None:
        """Looking removes it, and tells everybody."""
        for look in ("lookup_read", "lookup_write", "look_at", "peek", "expire_if_due"):
            keyspace, clock = make_keyspace()
            db = keyspace.databases[0]
            db.store(b"k", b"v")
            db.set_deadline(b"k", START + 1000)
            advance(keyspace, clock, 1001)
            told = Told(keyspace)

            self.assertIn(getattr(db, look)(b"k"), (None, True))
            self.assertEqual(told.events[0], (0, b"expired", b"k"))
            self.assertEqual((told.changes, told.expired), ([(0, b"k")], [(0, b"k")]))
            self.assertEqual((len(db), db.deadlines, keyspace.expired_keys), (0, {}, 1))
            self.assertEqual(keyspace.dirty, 0)

    def test_a_replica_hides_it_and_leaves_it(self) -> None:
        """Only its primary deletes."""
        self.keyspace.may_expire = False
        self.advance(1001)

        self.assertIsNone(self.db.lookup_read(b"k"))
        self.assertEqual(self.db.living_keys(self.db.values), [])
        self.assertEqual(len(self.db), 1)

    def test_nothing_expires_while_loading(self) -> None:
        """What is due is as good as new until the file is read."""
        self.keyspace.loading = True
        self.advance(1001)

        self.assertEqual(self.db.lookup_read(b"k"), b"v")
        self.assertEqual(self.db.living_keys(self.db.values), [b"k"])

    def test_persisting(self) -> None:
        """The key lives on; there is nothing left to take away."""
        self.assertTrue(self.db.persist(b"k"))
        self.assertFalse(self.db.persist(b"k"))
        self.advance(5000)

        self.assertEqual(self.db.lookup_read(b"k"), b"v")

    def test_living_keys_leaves_the_others_where_they_are(self) -> None:
        """KEYS removes nothing."""
        self.db.store(b"l", b"v")
        self.db.set_deadline(b"l", START + 1001)
        self.db.store(b"m", b"v")
        self.advance(1001)

        self.assertEqual(self.db.living_keys([b"k", b"l", b"m"]), [b"l", b"m"])
        self.assertEqual(len(self.db), 3)

    def test_a_random_key_has_not_expired(self) -> None:
        """Those that have are removed on the way."""
        for number in range(50):
            self.db.store(b"%d" % number, b"v")
            self.db.set_deadline(b"%d" % number, START + 1000)
        self.db.store(b"here", b"v")
        self.advance(1001)

        self.assertEqual({self.db.random_key() for _ in range(20)}, {b"here"})
        self.db.delete(b"here")
        self.assertIsNone(self.db.random_key())
        self.assertEqual(len(self.db), 0)

    def test_a_random_key_of_a_replica_may_have_expired(self) -> None:
        """Where nothing else is there and nothing may go, the search ends nevertheless."""
        self.keyspace.may_expire = False
        self.advance(1001)

        self.assertEqual(self.db.random_key(), b"k")
        self.db.store(b"here", b"v")
        self.assertEqual({self.db.random_key() for _ in range(20)}, {b"here"})

    def test_looking_without_consequences(self) -> None:
        """What is due reads as absent, and stays for whoever expires it."""
        self.db.store(b"k", b"v")
        self.db.set_deadline(b"k", self.keyspace.now_ms)
        self.assertEqual(self.db.living(b"k"), b"v")
        self.db.set_deadline(b"k", self.keyspace.now_ms - 1)
        self.assertIsNone(self.db.living(b"k"))
        self.assertIn(b"k", self.db.values)


class WholeTests(DatabaseCase):
    """Databases as a whole."""

    def test_clearing(self) -> None:
        """All is gone, and the database goes on as new."""
        self.keyspace.track_accesses()
        for number in range(10):
            self.db.store(b"%d" % number, b"v")
            self.db.set_deadline(b"%d" % number, START + 1000)

        self.assertEqual(self.db.clear(), 10)
        self.assertEqual(self.db.clear(), 0)
        self.assert_consistent()

        self.db.store(b"1", b"w")
        self.advance(2000)
        self.assertEqual(self.db.lookup_read(b"1"), b"w")
        self.assertEqual(scanned(self.db), [b"1"])

    def test_exchanging(self) -> None:
        """Keys and deadlines change places; the numbers, and who counts what, do not."""
        self.db.store(b"a", b"v")
        self.db.set_deadline(b"a", START + 1000)
        self.other.store(b"b", b"w")
        self.db.lookup_read(b"a")
        self.db.exchange(self.other)

        self.assertEqual((self.db.number, self.db.hits, self.db.values), (0, 1, {b"b": b"w"}))
        self.assertEqual(self.other.deadlines, {b"a": START + 1000})
        self.assert_consistent()
        self.advance(1001)
        self.assertIsNone(self.other.lookup_read(b"a"))
