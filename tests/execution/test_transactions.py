"""Tests of pyredis.execution.transactions: whose EXEC must not run."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Client
from pyredis.execution.transactions import Transaction
from pyredis.keyspace.database import Database
from pyredis.keyspace.events import GENERIC, STRING
from tests.execution.playground import START_MS, Playground


class TransactionTests(SynchronousTestCase):
    """What is queued."""

    def test_new(self) -> None:
        """A new transaction holds nothing and can run."""
        transaction = Transaction()

        self.assertEqual(transaction.queued, [])
        self.assertFalse(transaction.aborted)


class WatchedKeysTestCase(SynchronousTestCase):
    """A keyspace with a client that watches."""

    def setUp(self) -> None:
        """Make them."""
        self.play = Playground()
        self.server = self.play.server
        self.watched = self.server.watched
        self.client = self.play.client
        self.db, self.other_db = self.server.keyspace.databases[:2]

    def watch(self, *keys: bytes, client: Client | None = None) -> None:
        """Watch keys."""
        self.watched.watch(client or self.client, keys)

    def change(self, key: bytes, db: Database | None = None) -> None:
        """Give a key a value."""
        db = self.db if db is None else db
        db.store(key, b"value")
        db.changed(key, STRING, b"set")

    def delete(self, key: bytes) -> None:
        """Delete a key."""
        self.db.delete(key)
        self.db.changed(key, GENERIC, b"del")

    def expire_at(self, key: bytes, seconds: float) -> None:
        """Let a key be there until so many seconds from the start."""
        self.db.store(key, b"value")
        self.db.set_deadline(key, START_MS + int(seconds * 1000))

    def go_to(self, seconds: float) -> None:
        """Move time to so many seconds from the start."""
        self.play.clock.advance(seconds - self.play.clock.seconds() + START_MS / 1000)
        self.server.keyspace.refresh_now()

    def flush(self, db: Database | None = None) -> None:
        """Empty a database."""
        db = self.db if db is None else db
        self.watched.database_changed(db)
        db.clear()

    def swap(self) -> None:
        """Exchange the two databases."""
        self.watched.database_changed(self.db, self.other_db)
        self.watched.database_changed(self.other_db, self.db)
        self.db.exchange(self.other_db)

    def assert_touched(self, expected: bool, client: Client | None = None) -> None:
        """Say whether EXEC of a client must not run."""
        self.assertIs(self.watched.is_touched(client or self.client), expected)


class WatchTests(WatchedKeysTestCase):
    """A change of a watched key is remembered."""

    def test_nothing_watched(self) -> None:
        """Who watches nothing is never touched, and nothing is observed."""
        self.change(b"k")

        self.assert_touched(False)
        self.assertFalse(self.server.keyspace.observed)

    def test_changed(self) -> None:
        """A change touches."""
        self.watch(b"j", b"k")
        self.assert_touched(False)
        self.change(b"other")
        self.assert_touched(False)
        self.change(b"k")

        self.assert_touched(True)

    def test_changed_before(self) -> None:
        """A change before WATCH does not."""
        self.change(b"k")
        self.watch(b"k")

        self.assert_touched(False)

    def test_deleted(self) -> None:
        """A deletion touches."""
        self.change(b"k")
        self.watch(b"k")
        self.delete(b"k")

        self.assert_touched(True)

    def test_changed_by_itself(self) -> None:
        """A client's own change touches it as well."""
        self.watch(b"k")
        self.client.ctx.db.store(b"k", b"v")
        self.client.ctx.db.changed(b"k", STRING, b"set")

        self.assert_touched(True)

    def test_in_another_database(self) -> None:
        """The same name in another database is another key."""
        self.watch(b"k")
        self.change(b"k", self.other_db)
        self.assert_touched(False)
        self.client.ctx.db = self.other_db
        self.watch(b"k")
        self.change(b"k", self.other_db)

        self.assert_touched(True)

    def test_for_each_client(self) -> None:
        """All who watch the key are touched, and nobody else."""
        second, third = self.play.connect(), self.play.connect()
        self.watch(b"k")
        self.watch(b"k", client=second)
        self.watch(b"j", client=third)
        self.change(b"k")

        self.assert_touched(True)
        self.assert_touched(True, second)
        self.assert_touched(False, third)

    def test_watched_twice(self) -> None:
        """Watching again does not forget what happened since the first time."""
        self.watch(b"k")
        self.change(b"k")
        self.watch(b"k")

        self.assert_touched(True)

    def test_forgotten(self) -> None:
        """After UNWATCH all is well, and nothing is observed any more."""
        self.watch(b"k", b"j")
        self.change(b"k")
        self.watched.forget(self.client)
        self.change(b"j")

        self.assert_touched(False)
        self.assertEqual(len(self.watched), 0)
        self.assertIsNone(self.client.watching)
        self.assertFalse(self.server.keyspace.observed)

    def test_forgotten_by_one(self) -> None:
        """Others go on watching."""
        second = self.play.connect()
        self.watch(b"k")
        self.watch(b"k", client=second)
        self.watched.forget(self.client)
        self.assertEqual(len(self.watched), 1)
        self.change(b"k")

        self.assert_touched(False)
        self.assert_touched(True, second)

    def test_disconnected(self) -> None:
        """Who is gone watches nothing."""
        self.watch(b"k")
        self.server.disconnect(self.client)

        self.assertEqual(len(self.watched), 0)
        self.assertFalse(self.server.keyspace.observed)


class ExpiryTests(WatchedKeysTestCase):
    """An expired key counts as changed when it expires, not when it is removed."""

    def test_expires(self) -> None:
        """A key that expires touches, removed or not."""
        self.expire_at(b"k", 1)
        self.watch(b"k")
        self.go_to(1)
        self.assert_touched(False)
        self.go_to(1.001)

        self.assert_touched(True)

    def test_expires_and_is_removed(self) -> None:
        """Its removal touches too."""
        self.expire_at(b"k", 1)
        self.watch(b"k")
        self.go_to(2)
        self.server.keyspace.expire_due(10)

        self.assert_touched(True)

    def test_expired_before(self) -> None:
        """A key that had expired when it was watched may be removed."""
        self.expire_at(b"k", 1)
        self.go_to(2)
        self.watch(b"k")
        self.assert_touched(False)
        self.server.keyspace.expire_due(10)

        self.assert_touched(False)

    def test_expired_before_and_deleted(self) -> None:
        """Or deleted."""
        self.expire_at(b"k", 1)
        self.go_to(2)
        self.watch(b"k")
        self.delete(b"k")

        self.assert_touched(False)

    def test_expired_before_and_created(self) -> None:
        """But not created anew, whether it was removed before or not."""
        for removed in (False, True):
            self.setUp()
            self.expire_at(b"k", 1)
            self.go_to(2)
            self.watch(b"k")
            if removed:
                self.server.keyspace.expire_due(10)
            self.change(b"k")

            self.assert_touched(True)

    def test_persisted(self) -> None:
        """A key that got rid of its deadline was changed."""
        self.expire_at(b"k", 1)
        self.watch(b"k")
        self.db.persist(b"k")
        self.db.changed(b"k", GENERIC, b"persist")

        self.assert_touched(True)


class WholeDatabaseTests(WatchedKeysTestCase):
    """FLUSHDB and SWAPDB change all keys at once."""

    def test_flushed(self) -> None:
        """A key that was there is touched, one that was not is not."""
        second = self.play.connect()
        self.change(b"k")
        self.watch(b"k")
        self.watch(b"absent", client=second)
        self.flush()

        self.assert_touched(True)
        self.assert_touched(False, second)

    def test_another_flushed(self) -> None:
        """Another database does not matter."""
        self.change(b"k")
        self.change(b"k", self.other_db)
        self.watch(b"k")
        self.flush(self.other_db)

        self.assert_touched(False)

    def test_flushed_when_expired(self) -> None:
        """A key that had expired when it was watched is not changed by a flush."""
        self.expire_at(b"k", 1)
        self.go_to(2)
        self.watch(b"k")
        self.flush()

        self.assert_touched(False)
        self.change(b"k")
        self.assert_touched(True)

    def test_swapped(self) -> None:
        """A key of either database is touched."""
        for here, there, touched in (
            (True, False, True),
            (False, True, True),
            (True, True, True),
            (False, False, False),
        ):
            with self.subTest(here=here, there=there):
                self.setUp()
                if here:
                    self.change(b"k")
                if there:
                    self.change(b"k", self.other_db)
                self.watch(b"k")
                self.swap()

                self.assert_touched(touched)

    def test_watched_places_stay(self) -> None:
        """After a swap it is still the numbered database that is watched."""
        self.watch(b"k")
        self.swap()
        self.change(b"k", self.other_db)
        self.assert_touched(False)
        self.change(b"k")

        self.assert_touched(True)

    def test_an_expired_key_swapped_away(self) -> None:
        """An expired key that is replaced by none, or by an expired one, was not changed."""
        for replaced in (False, True):
            with self.subTest(replaced=replaced):
                self.setUp()
                self.expire_at(b"k", 1)
                if replaced:
                    self.other_db.store(b"k", b"v")
                    self.other_db.set_deadline(b"k", START_MS + 1000)
                self.go_to(2)
                self.watch(b"k")
                self.swap()

                self.assert_touched(False)

    def test_an_expired_key_swapped_in(self) -> None:
        """Nor was an absent key that is replaced by an expired one."""
        self.other_db.store(b"k", b"v")
        self.other_db.set_deadline(b"k", START_MS + 1000)
        self.go_to(2)
        self.watch(b"k")
        self.swap()

        self.assert_touched(False)

    def test_an_expired_key_replaced(self) -> None:
        """An expired key that is replaced by a living one was changed."""
        self.expire_at(b"k", 1)
        self.change(b"k", self.other_db)
        self.go_to(2)
        self.watch(b"k")
        self.swap()

        self.assert_touched(True)
