"""Tests of pyredis.keyspace.arrivals: how old keys are whose accesses nobody noted."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace import arrivals
from pyredis.keyspace.keyspace import Keyspace


class ArrivalsTests(SynchronousTestCase):
    """Idle times asked for the first time."""

    def setUp(self) -> None:
        """Make a keyspace whose clock stands."""
        self.ms = 1_000_000
        self.keyspace = Keyspace(lambda: self.ms, 2, random.Random(1))
        self.db, self.other = self.keyspace.databases

    def wait(self, ms: int) -> None:
        """Let time go by, looked at ten times a second."""
        until = self.ms + ms
        while self.ms < until:
            self.ms = min(self.ms + 100, until)
            self.keyspace.refresh_now()
            self.keyspace.arrivals.note(self.keyspace.databases, self.ms)

    def idle_ms(self, key: bytes) -> int:
        """Return how long a key was idle."""
        return self.keyspace.idle_ms(self.db, key)

    def test_keys_that_came_lately(self) -> None:
        """They are as old as they are, within a fifth of a second."""
        self.wait(5000)
        self.db.store(b"a", b"")
        self.wait(60_000)
        self.db.store(b"b", b"")
        self.db.store(b"c", b"")
        self.wait(1000)
        self.db.store(b"d", b"")

        for key, age in ((b"a", 61_000), (b"b", 1000), (b"c", 1000), (b"d", 0)):
            self.assertTrue(age <= self.idle_ms(key) <= age + 200, (key, self.idle_ms(key)))

    def test_keys_that_nobody_saw_come(self) -> None:
        """They count as idle since the start, as before anybody looks."""
        self.db.store(b"a", b"")
        self.wait(3000)
        self.db.store(b"b", b"")

        self.assertEqual(self.idle_ms(b"a"), 3000)
        self.assertLessEqual(self.idle_ms(b"b"), 200)

    def test_another_dict(self) -> None:
        """What was noted of keys that are gone, or elsewhere, is forgotten."""
        self.wait(1000)
        self.db.store(b"a", b"")
        self.wait(1000)
        self.db.clear()
        self.db.store(b"a", b"")

        self.assertEqual(self.keyspace.arrivals.came_ms(self.db), {})
        self.other.store(b"b", b"")
        self.wait(1000)
        self.db.exchange(self.other)
        self.assertEqual(self.keyspace.arrivals.came_ms(self.db), {})

    def test_only_the_last_keys_are_looked_at(self) -> None:
        """Of others it is not worth the time."""
        self.patch(arrivals, "_LOOKED_AT", 3)
        self.wait(1000)
        for number in range(9):
            self.db.store(b"%d" % number, b"")
            self.wait(1000)

        self.assertEqual([*self.keyspace.arrivals.came_ms(self.db)], [b"7", b"8"])
        self.assertTrue(1000 <= self.idle_ms(b"8") <= 1200)

    @settings(max_examples=60)
    @given(
        st.lists(
            st.tuples(st.sampled_from("sssdw"), st.integers(0, 30), st.sampled_from([0, 200, 900])),
            max_size=300,
        )
    )
    def test_never_younger_than_they_are(self, steps: list[tuple[str, int, int]]) -> None:
        """Whatever comes, goes and comes again, however many moments were noted."""
        self.setUp()
        self.patch(arrivals, "_MOST_MARKS", 8)
        self.wait(1000)
        came: dict[bytes, int] = {}
        for step, number, pause in steps:
            key = b"%d" % number
            if step == "s":
                self.db.store(key, b"")
                came.setdefault(key, self.ms)
            elif step == "d":
                self.db.delete(key)
                came.pop(key, None)
            self.wait(pause)

        for key, moment in came.items():
            self.assertGreaterEqual(self.idle_ms(key), self.ms - moment)
