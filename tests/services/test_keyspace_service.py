"""Tests of pyredis.services.keyspace_service: the heartbeat."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.packed_hashes import PackedHash
from pyredis.services.keyspace_service import KeyspaceService
from tests.commands.session import Session


class KeyspaceServiceTestCase(SynchronousTestCase):
    """A server in memory with a heartbeat."""

    hz = 10

    def setUp(self) -> None:
        """Start it."""
        self.session = Session(hz=self.hz)
        self.clock: Clock = self.session.clock
        self.server = self.session.server
        self.service = KeyspaceService(self.server, self.clock)
        self.service.startService()

    def put(self, count: int, ms: int, prefix: str = "k") -> None:
        """Store keys that live so long."""
        for number in range(count):
            self.session.do("SET", f"{prefix}{number}", "v", "PX", ms)

    @property
    def size(self) -> int:
        """How many keys there are, expired ones included."""
        return len(self.session.db)


class IdleTimeTests(KeyspaceServiceTestCase):
    """How long keys were idle."""

    def test_the_first_time_somebody_asks(self) -> None:
        """A key that came while the server ran is no older than that."""
        self.clock.pump([0.1] * 100)
        self.session.do("SET", "a", "v")
        self.clock.pump([0.1] * 30)
        self.session.do("SET", "b", "v")

        self.assertEqual(self.session.do("OBJECT", "IDLETIME", "b"), 0)
        self.assertEqual(self.session.do("OBJECT", "IDLETIME", "a"), 3)


class ExpiryTests(KeyspaceServiceTestCase):
    """Keys expire by themselves."""

    def test_without_being_asked_for(self) -> None:
        """A key that is due is removed by the next beat, not before it is due."""
        self.put(3, 1050)
        self.clock.pump([0.1] * 10)
        self.assertEqual(self.size, 3)
        self.clock.pump([0.1])

        self.assertEqual(self.size, 0)
        self.assertEqual(self.server.keyspace.expired_keys, 3)

    def test_in_all_databases(self) -> None:
        """So do those of other databases."""
        self.session.do("SELECT", 5)
        self.put(3, 10)
        self.clock.advance(0.1)

        self.assertEqual(self.size, 0)

    def test_many_at_once(self) -> None:
        """As many as are due are removed in one beat, if there is time."""
        self.put(1234, 10)
        self.clock.advance(0.1)

        self.assertEqual(self.size, 0)
        self.assertEqual(self.server.statistics.expiry_cut_short, 0)

    def test_a_beat_is_bounded(self) -> None:
        """A beat ends after a quarter of the time to the next one; what is left goes later."""
        self.put(1000, 10)
        self.slow_down(8)
        self.clock.advance(0.1)
        left = self.size

        self.assertGreater(left, 0)
        self.assertLess(left, 1000)
        self.assertEqual(self.server.statistics.expiry_cut_short, 1)
        self.clock.pump([0.1] * 5)
        self.assertEqual(self.size, 0)

    def slow_down(self, ms: int) -> None:
        """Let each look at the timer find it so much later."""
        now = [0]

        def timer() -> int:
            now[0] += ms * 1_000_000
            return now[0]

        self.server.timer = timer

    def test_what_is_left_goes_in_slices(self) -> None:
        """Between two beats, with a pause after each, so that clients have their turn."""
        self.put(1000, 10)
        self.slow_down(8)
        self.clock.advance(0.1)
        self.assertEqual(self.size, 900)
        self.clock.advance(0.0005)
        self.assertEqual(self.size, 900)
        self.clock.pump([0.001] * 4)

        self.assertEqual(self.size, 500)
        self.assertEqual(self.server.statistics.expiry_cut_short, 1)
        self.clock.pump([0.001] * 20)
        self.assertEqual(self.size, 0)
        self.assertEqual(1, len(self.clock.getDelayedCalls()))

    def test_slices_heed_the_switches(self) -> None:
        """A pause, expiry switched off, and the service's end stop them as they do beats."""
        self.put(1000, 10)
        self.slow_down(8)
        for attribute, value in (("paused", True), ("active_expiry", False)):
            before = self.size
            self.clock.advance(0.1)
            setattr(self.service, attribute, value)
            self.clock.pump([0.001] * 20)
            self.assertEqual(self.size, before - 100)
            setattr(self.service, attribute, not value)
        self.clock.advance(0.1)
        self.service.stopService()

        self.assertEqual([], self.clock.getDelayedCalls())

    def test_who_waits_for_a_key(self) -> None:
        """Who waits for what expired is told."""
        self.session.do("XADD", "s", "*", "f", "v")
        self.session.do("XGROUP", "CREATE", "s", "g", "$")
        self.session.do("PEXPIRE", "s", 50)
        waiter = self.session.another()
        waiter.do("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">")
        self.assertTrue(waiter.waits)
        self.clock.advance(0.1)

        self.assertFalse(waiter.waits)
        self.assertIn(b"NOGROUP", waiter.written[0].text)

    def test_switched_off(self) -> None:
        """DEBUG SET-ACTIVE-EXPIRE 0 leaves keys to those who ask for them."""
        self.service.active_expiry = False
        self.put(3, 10)
        self.clock.advance(1)
        self.assertEqual(self.size, 3)
        self.assertIsNone(self.session.do("GET", "k0"))
        self.assertEqual(self.size, 2)
        self.service.active_expiry = True
        self.clock.advance(0.1)

        self.assertEqual(self.size, 0)

    def test_paused(self) -> None:
        """A paused heartbeat does nothing at all."""
        self.service.paused = True
        self.put(3, 10)
        self.clock.advance(1)

        self.assertEqual((self.size, self.server.statistics.ticks), (3, 0))


class PaceTests(KeyspaceServiceTestCase):
    """``hz`` beats a second."""

    def test_hz(self) -> None:
        """Ten a second by default."""
        self.clock.pump([0.01] * 100)

        self.assertIn(self.server.statistics.ticks, (9, 10))

    def test_changed(self) -> None:
        """A new hz counts at once."""
        self.server.settings.hz = 100
        self.service.change_pace()
        self.clock.pump([0.01] * 50)

        self.assertIn(self.server.statistics.ticks, (49, 50))

    def test_stopped(self) -> None:
        """Stopped, nothing is scheduled any more; it can start again."""
        self.service.stopService()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.service.change_pace()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.service.startService()
        self.put(1, 10)
        self.clock.advance(0.1)

        self.assertEqual(self.size, 0)

    def test_stopped_twice(self) -> None:
        """Stopping twice does no harm."""
        self.service.stopService()
        self.service.stopService()

        self.assertFalse(self.service.running)


class FreeingTests(KeyspaceServiceTestCase):
    """Large values are given back in slices."""

    def fill(self, count: int) -> None:
        """Make a set of so many members."""
        for start in range(0, count, 1000):
            self.session.do("SADD", "s", *range(start, min(start + 1000, count)))

    def test_in_slices(self) -> None:
        """Each turn gives back a slice, until nothing is left."""
        slices: list[int] = []
        keyspace = self.server.keyspace
        free_some = keyspace.free_some

        def watched(limit: int) -> bool:
            before = sum(map(len, keyspace.lazy_free))
            try:
                return free_some(limit)
            finally:
                slices.append(before - sum(map(len, keyspace.lazy_free)))

        keyspace.free_some = watched  # type: ignore[method-assign]
        self.fill(50_000)
        self.session.do("UNLINK", "s")
        self.assertEqual(len(keyspace.lazy_free), 1)
        self.clock.advance(0.1)

        self.assertEqual(slices, [5_000] * 10)
        self.assertEqual((len(keyspace.lazy_free), keyspace.lazy_freed), (0, 1))

    def test_a_flushed_database(self) -> None:
        """So is a database that was emptied."""
        self.put(5000, 1_000_000)
        self.session.do("FLUSHALL")
        self.clock.advance(0.1)
        self.clock.pump([0] * 5)

        self.assertEqual(len(self.server.keyspace.lazy_free), 0)

    def test_stopped_in_the_middle(self) -> None:
        """Stopping ends it."""
        self.fill(50_000)
        self.session.do("UNLINK", "s")
        self.clock.advance(0.1)
        self.service.stopService()

        self.assertEqual(self.clock.getDelayedCalls(), [])


class FailingTests(KeyspaceServiceTestCase):
    """A heartbeat that fails goes on."""

    def test_logged(self) -> None:
        """What fails is logged, and the next beat comes all the same."""

        def fail(*arguments: Any) -> int:
            raise ZeroDivisionError

        keyspace = self.server.keyspace
        working, keyspace.expire_due = keyspace.expire_due, fail  # type: ignore[method-assign]
        self.put(1, 10)
        self.clock.pump([0.1, 0.1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        keyspace.expire_due = working  # type: ignore[method-assign]
        self.clock.advance(0.1)

        self.assertEqual(self.size, 0)
        self.assertEqual(self.server.statistics.ticks, 3)


class PackingTests(KeyspaceServiceTestCase):
    """Hashes that nobody uses are packed."""

    def kind(self) -> type:
        """Return the class of the value."""
        kind: type = self.session.db.values[b"h"].__class__
        return kind

    def test_by_itself(self) -> None:
        """After some seconds without use."""
        self.session.do("HSET", "h", "f", "v")
        self.clock.pump([0.1] * 30)
        self.assertIsNot(self.kind(), PackedHash)
        self.clock.pump([0.1] * 80)
        self.assertIs(self.kind(), PackedHash)

    def test_not_while_memory_is_shared_or_filled(self) -> None:
        """What a child process has, too, would be held twice."""
        self.session.do("HSET", "h", "f", "v")
        self.service.has_child = lambda: True
        self.clock.pump([0.1] * 150)
        self.assertIsNot(self.kind(), PackedHash)
        self.service.has_child = lambda: False
        self.server.keyspace.loading = True
        self.clock.pump([0.1] * 150)
        self.assertIsNot(self.kind(), PackedHash)
        self.server.keyspace.loading = False
        self.clock.pump([0.1] * 150)
        self.assertIs(self.kind(), PackedHash)
