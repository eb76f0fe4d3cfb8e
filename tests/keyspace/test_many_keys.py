"""Tests of pyredis.keyspace.many_keys."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.keyspace.many_keys import lookup_many, set_deadlines, store_all, store_many
from tests.keyspace.keyspaces import START, Told, advance, make_keyspace


class ManyKeysTests(SynchronousTestCase):
    """Strings of several keys."""

    def setUp(self) -> None:
        """Make a keyspace."""
        self.keyspace, self.clock = make_keyspace()
        self.db = self.keyspace.databases[0]

    def test_in_order(self) -> None:
        """The last value of a key stays."""
        self.assertTrue(store_many(self.db, [b"a", b"b", b"a"], [b"1", b"2", b"3"]))

        self.assertEqual(self.db.values, {b"a": b"3", b"b": b"2"})
        self.assertEqual(lookup_many(self.db, [b"b", b"no", b"a"]), [b"2", None, b"3"])
        self.assertEqual((self.db.hits, self.db.misses), (0, 0))

    def test_until_they_expire(self) -> None:
        """All at the same time, until they are stored anew; unless they were only overwritten."""
        self.assertTrue(store_many(self.db, [b"a", b"b", b"c"], [b"1"] * 3, START + 100))
        self.assertTrue(store_many(self.db, [b"a", b"d"], [b"2"] * 2))
        store_all(self.db, {b"b": b"3"})

        self.assertEqual(self.db.deadlines, {b"b": START + 100, b"c": START + 100})

        set_deadlines(self.db, [b"a", b"b"], START + 50)
        self.assertEqual(self.db.deadlines, {b"a": START + 50, b"b": START + 50, b"c": START + 100})

    def test_not_when_one_is_due(self) -> None:
        """Then each has to be looked at by itself; those that are not are in nobody's way."""
        store_many(self.db, [b"a", b"b"], [b"1", b"2"], START + 100)
        store_many(self.db, [b"c"], [b"3"], START + 200)
        advance(self.keyspace, self.clock, 101)

        self.assertIsNone(lookup_many(self.db, [b"c", b"a"]))
        self.assertFalse(store_many(self.db, [b"x", b"b"], [b""] * 2))
        self.assertEqual(lookup_many(self.db, [b"c", b"x"]), [b"3", None])
        self.assertTrue(store_many(self.db, [b"c", b"x"], [b""] * 2))

    def test_not_when_fields_may_be_due(self) -> None:
        """They are looked for when their hash is looked up."""
        value = HashValue()
        value.set(b"f", b"v", EncodingLimits())
        value.set_deadline(b"f", START + 5)
        self.db.store(b"h", value)

        self.assertIsNone(lookup_many(self.db, [b"a", b"h"]))
        self.assertEqual(lookup_many(self.db, [b"a", b"b"]), [None, None])

    def test_not_while_somebody_observes(self) -> None:
        """Who does is told of each."""
        Told(self.keyspace)

        self.assertFalse(store_many(self.db, [b"a"], [b""]))

    def test_while_somebody_scans(self) -> None:
        """New keys are found, once."""
        store_many(self.db, [b"a", b"b"], [b""] * 2)
        self.assertEqual(sorted(self.db.scan(0, 9)[1]), [b"a", b"b"])
        store_many(self.db, [b"b", b"c", b"c"], [b""] * 3)
        store_all(self.db, {b"a": b"", b"d": b""})

        self.assertEqual(sorted(self.db.scan(0, 9)[1]), [b"a", b"b", b"c", b"d"])
