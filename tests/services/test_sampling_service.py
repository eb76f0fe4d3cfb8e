"""Tests of pyredis.services.sampling_service."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.services.sampling_service import SamplingService
from tests.commands.session import MemoryConnection, Session


class FullConnection(MemoryConnection):
    """A wire with much in its buffers."""

    def pending_input(self) -> int:
        """Return how much came of a request."""
        return 1000

    def pending_output(self) -> int:
        """Return how much has not left."""
        return 2000


class SamplingServiceTests(SynchronousTestCase):
    """The statistics of the last seconds."""

    def setUp(self) -> None:
        """Start a server and look at it."""
        self.session = Session()
        self.server = self.session.server
        self.service = SamplingService(self.server, self.session.clock)
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def pass_time(self, seconds: float) -> None:
        """Let the clock tick."""
        self.session.clock.pump([0.1] * round(seconds * 10))

    def test_rates(self) -> None:
        """Commands and bytes a second, back to none when nothing happens."""
        statistics = self.server.statistics
        self.service.stopService()
        for _ in range(4):
            for _ in range(100):
                self.session.do("PING")
            self.session.client.input_bytes += 2000
            self.session.client.output_bytes += 4000
            self.session.clock.advance(0.5)
            self.service.sample()
        rates = (statistics.commands, statistics.input, statistics.output)
        self.assertEqual([rate.per_second for rate in rates], [200, 4000, 8000])

        self.service.startService()
        self.pass_time(3)
        self.assertEqual([rate.per_second for rate in rates], [0, 0, 0])

    def test_the_fullest_buffers(self) -> None:
        """They are found among many clients in a few turns, and forgotten when emptied."""
        for _ in range(300):
            self.server.connect(MemoryConnection())
        full = self.server.connect(FullConnection())
        self.pass_time(2)
        statistics = self.server.statistics
        self.assertEqual((statistics.largest_input, statistics.largest_output), (1000, 2000))

        self.server.disconnect(full)
        self.pass_time(4)
        self.assertEqual((statistics.largest_input, statistics.largest_output), (0, 0))

    def test_a_failure_does_not_end_it(self) -> None:
        """It is logged, and the next turn comes."""
        sample = self.server.commands_processed
        self.server.commands_processed = lambda: 1 // 0  # type: ignore[method-assign]
        self.pass_time(0.5)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

        self.server.commands_processed = sample  # type: ignore[method-assign]
        ticks = self.server.statistics.ticks
        self.pass_time(0.5)
        self.assertGreater(self.server.statistics.ticks, ticks)

    def test_it_can_pause(self) -> None:
        """DEBUG PAUSE-CRON stops it."""
        self.service.paused = True
        ticks = self.server.statistics.ticks
        self.pass_time(1)

        self.assertEqual(self.server.statistics.ticks, ticks)

    def test_turns_of_the_event_loop(self) -> None:
        """How many commands one ran, and how long the longest took, are remembered."""
        statistics = self.server.statistics
        self.server.facts["rounds_of_reading"] = 10
        for _ in range(35):
            self.session.do("PING")
        self.service.sample()
        self.server.facts["rounds_of_reading"] = 20
        self.service.sample()
        statistics.count_tick(5000)
        statistics.held_up(3000)

        self.assertEqual(statistics.most_commands, 4)
        self.assertEqual(statistics.longest_ns, 5000)

    def test_idle_clients(self) -> None:
        """They are cut off after ``timeout``, unless they wait, listen or monitor."""
        self.session.do("CONFIG", "SET", "timeout", 10)
        waiting, listening, busy = (self.session.another() for _ in range(3))
        idle = self.server.connect(MemoryConnection())
        waiting.do("BLPOP", "l", 0)
        listening.do("SUBSCRIBE", "c")
        for _ in range(12):
            self.pass_time(1)
            self.server.keyspace.refresh_now()
            busy.client.last_interaction_ms = self.server.keyspace.now_ms

        left = [
            client.id in self.server.clients
            for client in (waiting.client, listening.client, busy.client, idle)
        ]
        self.assertEqual(left, [True, True, True, False])
        self.assertTrue(idle.closing)
