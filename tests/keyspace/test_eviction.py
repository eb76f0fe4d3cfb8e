"""Tests of pyredis.keyspace.eviction."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.eviction import Eviction
from pyredis.keyspace.frequencies import FrequencyCounting
from tests.keyspace.keyspaces import START, advance, make_keyspace

POLICIES = (
    *("allkeys-lru", "allkeys-lfu", "allkeys-random"),
    *("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"),
)


class EvictionTests(SynchronousTestCase):
    """Which key goes."""

    def setUp(self) -> None:
        """Make two databases."""
        self.keyspace, self.clock = make_keyspace()
        self.db = self.keyspace.databases[0]
        self.eviction = Eviction(self.keyspace)

    def fill(self, count: int, volatile: int, number: int = 0) -> None:
        """Store keys, a millisecond apart; the last ones expire, each later than the next."""
        db = self.keyspace.databases[number]
        for index in range(count):
            advance(self.keyspace, self.clock, 1)
            key = b"%d" % index
            db.store(key, b"v")
            if index >= count - volatile:
                db.set_deadline(key, START + 1_000_000 - 10_000 * index)

    def evict(self, policy: str, count: int, samples: int = 5) -> list[tuple[int, bytes]]:
        """Evict keys; return them with the numbers of their databases."""
        self.eviction.set_policy(policy, samples)
        evicted = []
        for _ in range(count):
            victim = self.eviction.victim()
            if victim is None:
                break
            db, key = victim
            db.evict(key)
            evicted.append((db.number, key))
        return evicted

    def track(self, policy: str) -> None:
        """Keep the accesses that a policy goes by."""
        self.keyspace.track_accesses(FrequencyCounting() if policy.endswith("lfu") else None)

    def test_nothing_is_evicted(self) -> None:
        """Where the policy forbids it, or there is nothing."""
        for policy in POLICIES:
            self.assertEqual(self.evict(policy, 1), [])
        self.fill(3, 3)

        self.assertEqual(self.evict("noeviction", 1), [])

    def test_all_are_evicted(self) -> None:
        """In the end every key goes that may."""
        for policy in POLICIES:
            with self.subTest(policy=policy):
                self.track(policy)
                self.fill(300, 50)
                self.fill(100, 100, number=1)
                evicted = self.evict(policy, 1000)
                may_go = 400 if policy.startswith("allkeys") else 150

                self.assertEqual(len(set(evicted)), may_go)
                self.assertEqual(sum(len(db) for db in self.keyspace.databases), 400 - may_go)
                for db in self.keyspace.databases:
                    db.clear()

    def test_the_longest_idle_goes_first(self) -> None:
        """With enough samples exactly, with few of them nearly."""
        self.track("allkeys-lru")
        self.fill(200, 0)
        self.db.lookup_read(b"0")

        self.assertEqual(
            self.evict("allkeys-lru", 3, samples=500), [(0, b"1"), (0, b"2"), (0, b"3")]
        )
        evicted = [int(key) for _, key in self.evict("allkeys-lru", 50, samples=10)]
        self.assertNotIn(0, evicted)
        self.assertLess(sum(evicted) / len(evicted), 60)

    def test_of_those_with_a_deadline(self) -> None:
        """The others are spared, however idle; the few are found among many."""
        for volatile in (3, 150):
            self.track("volatile-lru")
            self.fill(200, volatile)

            self.assertEqual(
                self.evict("volatile-lru", 2, samples=500),
                [(0, b"%d" % (200 - volatile)), (0, b"%d" % (201 - volatile))],
            )
            self.assertEqual(len(self.evict("volatile-lru", 500, samples=5)), volatile - 2)
            self.db.clear()

    def test_the_least_used_goes_first(self) -> None:
        """Whenever that was."""
        self.track("allkeys-lfu")
        self.fill(20, 0)
        for index in range(20):
            if index != 7:
                for _ in range(100):
                    self.db.lookup_read(b"%d" % index)

        self.assertEqual(self.evict("allkeys-lfu", 1, samples=50), [(0, b"7")])

    def test_the_first_due_goes_first(self) -> None:
        """Within the accuracy of the far deadlines, over all databases."""
        self.fill(50, 50)
        self.fill(10, 1, number=1)
        self.keyspace.databases[1].set_deadline(b"9", START + 1000)
        order = self.evict("volatile-ttl", 51)

        self.assertEqual(order, [(1, b"9"), *((0, b"%d" % index) for index in range(49, -1, -1))])

    def test_databases_take_turns(self) -> None:
        """Where chance decides."""
        self.fill(10, 10)
        self.fill(10, 10, number=1)
        for policy in ("allkeys-random", "volatile-random"):
            numbers = [number for number, _ in self.evict(policy, 4)]

            self.assertEqual(sorted(numbers), [0, 0, 1, 1])

    def test_a_candidate_that_came_back(self) -> None:
        """What is gone is passed over; another policy begins anew."""
        self.track("allkeys-lru")
        self.fill(10, 10)
        self.evict("allkeys-lru", 1, samples=50)
        for index in range(1, 10):
            self.db.delete(b"%d" % index)
        self.db.store(b"new", b"v")

        self.assertEqual(self.evict("allkeys-lru", 2), [(0, b"new")])
