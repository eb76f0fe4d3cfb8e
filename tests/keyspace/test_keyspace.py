"""Tests of pyredis.keyspace.keyspace."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.streams import StreamValue
from pyredis.keyspace.events import GENERIC
from pyredis.keyspace.frequencies import FrequencyCounting
from tests.keyspace.keyspaces import START, Told, advance, make_keyspace

LIMITS = EncodingLimits()


class KeyspaceCase(SynchronousTestCase):
    """A keyspace of two databases and its clock."""

    def setUp(self) -> None:
        """Make them."""
        self.keyspace, self.clock = make_keyspace()
        self.db, self.other = self.keyspace.databases

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        advance(self.keyspace, self.clock, milliseconds)

    def fill(self, count: int, deadline: Callable[[int], int]) -> None:
        """Store keys with deadlines in the first database."""
        for number in range(count):
            self.db.store(b"%d" % number, b"v")
            self.db.set_deadline(b"%d" % number, deadline(number))


class TimeTests(KeyspaceCase):
    """The frozen moment."""

    def test_it_moves_when_refreshed(self) -> None:
        """Not when the clock does."""
        self.clock.now_ms += 5
        self.assertEqual(self.keyspace.now_ms, START)
        self.assertEqual(self.keyspace.refresh_now(), START + 5)
        self.assertEqual(self.keyspace.now_ms, START + 5)


class ObserverTests(KeyspaceCase):
    """Who is told."""

    def test_nobody_is_told_unless_he_asks(self) -> None:
        """And no longer than he likes; ``observed`` says whether anybody listens."""
        self.assertFalse(self.keyspace.observed)
        told = Told(self.keyspace)
        self.assertTrue(self.keyspace.observed)
        self.db.changed(b"k", GENERIC, b"del")
        told.forget()
        self.assertFalse(self.keyspace.observed)
        self.db.changed(b"k", GENERIC, b"del")

        self.assertEqual(told.changes, [(0, b"k")])
        self.assertEqual(told.events, [(0, b"del", b"k")])
        self.assertEqual(self.keyspace.dirty, 2)

    def test_several_are_told(self) -> None:
        """One who forgets does not end it for the others."""
        first, second = Told(self.keyspace), Told(self.keyspace)
        self.db.changed(b"a", GENERIC, b"del")
        first.forget()
        self.other.changed(b"b", GENERIC, b"del")

        self.assertEqual(first.changes, [(0, b"a")])
        self.assertEqual(second.changes, [(0, b"a"), (1, b"b")])
        self.assertTrue(self.keyspace.observed)


class ActiveExpiryTests(KeyspaceCase):
    """Keys that expire by themselves."""

    def test_what_is_due_goes_in_order(self) -> None:
        """Everybody is told of each; what is not due stays."""
        for key, delay in ((b"late", 300), (b"early", 100), (b"stays", 900)):
            self.db.store(key, b"v")
            self.db.set_deadline(key, START + delay)
        told = Told(self.keyspace)
        self.advance(301)

        self.assertEqual(self.keyspace.expire_due(10), 2)
        self.assertEqual(told.expired, [(0, b"early"), (0, b"late")])
        self.assertEqual(told.events, [(0, b"expired", b"early"), (0, b"expired", b"late")])
        self.assertEqual(list(self.db.values), [b"stays"])
        self.assertEqual(self.keyspace.expired_keys, 2)

    def test_slices_are_of_the_size_asked_for(self) -> None:
        """Over all databases together, until less than that is found."""
        self.fill(25, lambda number: START)
        for number in range(10):
            self.other.store(b"%d" % number, b"v")
            self.other.set_deadline(b"%d" % number, START)
        self.advance(1)
        sizes = [self.keyspace.expire_due(10) for _ in range(5)]

        self.assertEqual(sizes, [10, 10, 10, 5, 0])
        self.assertEqual((len(self.db), len(self.other)), (0, 0))

    def test_what_was_found_already_is_not_expired_twice(self) -> None:
        """Lazy and active expiry share the work."""
        self.fill(2, lambda number: START)
        self.advance(1)
        self.db.lookup_read(b"0")

        self.assertEqual(self.keyspace.expire_due(10), 1)
        self.assertEqual(self.keyspace.expired_keys, 2)

    def test_a_key_stored_again_does_not_expire(self) -> None:
        """Nor one whose deadline was moved."""
        self.fill(3, lambda number: START)
        self.db.store(b"0", b"w")
        self.db.set_deadline(b"1", START + 5000)
        self.advance(1)

        self.assertEqual(self.keyspace.expire_due(10), 1)
        self.assertEqual(list(self.db.values), [b"0", b"1"])

    def test_replicas_and_loading_servers_expire_nothing(self) -> None:
        """The keys are there when they may."""
        self.fill(2, lambda number: START)
        self.advance(1)
        self.keyspace.may_expire = False
        self.assertEqual(self.keyspace.expire_due(10), 0)
        self.keyspace.may_expire, self.keyspace.loading = True, True
        self.assertEqual(self.keyspace.expire_due(10), 0)
        self.keyspace.loading = False

        self.assertEqual(self.keyspace.expire_due(10), 2)


class AccessTests(KeyspaceCase):
    """When and how often keys are used."""

    def test_nothing_is_kept_until_it_is_asked_for(self) -> None:
        """Then keys count as idle since the server began."""
        self.db.store(b"k", b"v")
        self.advance(5000)
        self.db.lookup_read(b"k")
        self.assertIsNone(self.db.accesses)

        self.assertEqual(self.keyspace.idle_ms(self.db, b"k"), 5000)

    def test_reading_and_writing_are_accesses(self) -> None:
        """Looking at a key is none."""
        self.keyspace.track_accesses()
        self.db.store(b"k", b"v")
        self.advance(3000)
        self.db.look_at(b"k")
        self.db.peek(b"k")
        self.assertEqual(self.keyspace.idle_ms(self.db, b"k"), 3000)

        for access in (
            lambda: self.db.lookup_read(b"k"),
            lambda: self.db.lookup_write(b"k"),
            lambda: self.db.store(b"k", b"w"),
        ):
            self.advance(1000)
            self.assertGreaterEqual(self.keyspace.idle_ms(self.db, b"k"), 1000)
            access()
            self.assertEqual(self.keyspace.idle_ms(self.db, b"k"), 0)

    def test_deleted_keys_are_forgotten(self) -> None:
        """A new key of that name begins anew."""
        self.keyspace.track_accesses()
        self.db.store(b"k", b"v")
        self.db.delete(b"k")

        self.assertEqual(self.db.accesses, {})

    def test_counting_accesses(self) -> None:
        """A new key has a head start of five, the first access adds one."""
        counting = FrequencyCounting()
        self.keyspace.track_accesses(counting)
        self.db.store(b"k", b"v")
        self.assertEqual(self.keyspace.access_count(self.db, b"k", counting), 5)
        self.db.lookup_read(b"k")

        self.assertEqual(self.keyspace.access_count(self.db, b"k", counting), 6)

    def test_counts_and_times_are_not_mixed(self) -> None:
        """Going from one to the other forgets what was kept."""
        counting = FrequencyCounting()
        self.keyspace.track_accesses()
        self.db.store(b"k", b"v")
        self.advance(1000)

        self.assertEqual(self.keyspace.access_count(self.db, b"k", counting), 5)
        self.assertEqual(self.keyspace.idle_ms(self.db, b"k"), 1000)

    def test_what_is_known_from_elsewhere_can_be_noted(self) -> None:
        """How long a key was idle, or how often it was used."""
        self.db.store(b"k", b"v")
        self.keyspace.set_idle_ms(self.db, b"k", 7000)
        self.assertEqual(self.keyspace.idle_ms(self.db, b"k"), 7000)
        counting = FrequencyCounting()
        self.keyspace.set_access_count(self.db, b"k", counting, 100)
        self.assertEqual(self.keyspace.access_count(self.db, b"k", counting), 100)


class LazyFreeingTests(KeyspaceCase):
    """Values that are freed little by little."""

    def free(self, limit: int) -> int:
        """Free all that waits; return in how many slices."""
        slices = 1
        while self.keyspace.free_some(limit):
            slices += 1
        return slices

    def test_small_values_are_freed_at_once(self) -> None:
        """There is nothing to wait for."""
        self.db.store(b"l", ListValue.of([b"a"] * 500, LIMITS))
        self.db.delete(b"l")

        self.assertEqual(len(self.keyspace.lazy_free), 0)

    def test_a_large_value_is_freed_in_slices(self) -> None:
        """Of every type."""
        members = [b"%d" % number for number in range(5000)]
        stream = StreamValue()
        for number in range(1, 5001):
            stream.append(number, (b"f", b"v"), LIMITS)
        fields = HashValue()
        fields.set_many(members, LIMITS)
        for value in (
            ListValue.of(members, LIMITS),
            SetValue.of(members, LIMITS),
            SortedSetValue.of(dict.fromkeys(members, 1.0), LIMITS),
            fields,
            stream,
        ):
            self.db.store(b"k", value)
            self.db.delete(b"k")

            self.assertEqual(len(self.keyspace.lazy_free), 1)
            self.assertGreaterEqual(self.free(1000), 3)
            self.assertEqual(len(self.keyspace.lazy_free), 0)
        self.assertEqual(self.keyspace.lazy_freed, 5)

    def test_a_cleared_database_is_freed_in_slices(self) -> None:
        """With its deadlines, its index, and the large values that were in it."""
        self.fill(3000, lambda number: START + 1000 * number)
        members = {b"%d" % number: float(number) for number in range(5000)}
        self.db.store(b"z", SortedSetValue.of(members, LIMITS))
        self.db.store(b"small", SortedSetValue.of({b"a": 1.0}, LIMITS))
        self.db.scan(0, 10)  # makes an index, which has to go as well
        self.db.clear()

        self.assertGreaterEqual(self.free(1000), 9)
        self.assertEqual(self.keyspace.lazy_freed, 4)

    def test_a_slice_counts_the_members_of_values(self) -> None:
        """A database of many collections is not freed as fast as one of strings."""
        for number in range(2000):
            self.db.store(b"%d" % number, ListValue.of([b"a"] * 99, LIMITS))
        self.db.clear()

        self.assertGreaterEqual(self.free(1000), 200)
