"""
Looks at counters and clients now and then.

What INFO tells of the last seconds is not measured while commands run: rates
come from the differences of totals. Clients are looked at some in a turn, for
the size of their buffers and for limits that are passed by doing nothing: of
output that nobody reads (the soft one), and ``timeout``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

_INTERVAL_S = 0.4
_CLIENTS_A_TURN = 200


class SamplingService(Service):
    """
    Samples the statistics of one server.

    Args:
        server: Whose statistics they are.
        clock: ``IReactorTime``; tests hand in a ``Clock``.
    """

    _log = Logger()
    name = "sampling"

    def __init__(self, server: Instance, clock: Any) -> None:
        self._server = server
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self._clients: Iterator[Client] = iter(())
        self._turns = (0, 0)
        self._largest_input = 0
        self._largest_output = 0
        self._buffered = 0
        self.paused = False

    def startService(self) -> None:
        """Start looking."""
        super().startService()
        self._loop.start(_INTERVAL_S, now=False)

    def stopService(self) -> None:
        """Stop looking."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def _tick(self) -> None:
        if self.paused:
            return
        timer = self._server.timer
        started = timer()
        # A LoopingCall ends for good at the first exception.
        try:
            self.sample()
        except Exception:
            self._log.failure("Sampling the statistics failed")
        self._server.statistics.count_tick(timer() - started)

    def sample(self) -> None:
        """Take the totals of this moment, and look at the next clients."""
        server, statistics = self._server, self._server.statistics
        now = server.timer()
        commands = server.commands_processed()
        statistics.commands.sample(commands, now)
        statistics.input.sample(server.input_bytes(), now)
        statistics.output.sample(server.output_bytes(), now)
        statistics.cycles.sample(server.fact("eventloop_cycles", statistics.ticks), now)
        statistics.busy.sample(server.busy_ns() + statistics.tick_ns, now)
        self._note_commands(commands)
        self._look_at_clients()

    def _note_commands(self, processed: int) -> None:
        """Note how many commands ran in each turn of the event loop since the last time."""
        server = self._server
        before, self._turns = self._turns, (processed, server.fact("rounds_of_reading"))
        commands, rounds = (now - then for now, then in zip(self._turns, before, strict=True))
        if rounds > 0:
            most = server.statistics.most_commands
            server.statistics.most_commands = max(most, -(-commands // rounds))

    def _end_if_idle(self, client: Client) -> None:
        """Hang up on a client that has sent nothing for ``timeout``, unless it just listens."""
        server = self._server
        timeout_ms = server.settings.timeout * 1000
        if not timeout_ms or client.waiting is not None or client.closing:
            return
        if client.subscriptions or client.is_monitor:
            return
        if server.keyspace.now_ms - client.last_interaction_ms > timeout_ms:
            self._log.debug("Closing idle client: id={id}", id=client.id)
            client.kill()
            server.disconnect(client)

    def _look_at_clients(self) -> None:
        """Look at a few clients; when all had their turn, tell of the largest buffers."""
        # All have their turn within a second: soft limits of buffers are counted in these.
        most = max(_CLIENTS_A_TURN, len(self._server.clients) // 2)
        looked_at = list(islice(self._clients, most))
        for client in looked_at:
            client.connection.check_limits()
            self._server.client_limit.look_at(client)
            self._end_if_idle(client)
            received, unsent = client.connection.pending_input(), client.connection.pending_output()
            if not client.is_replica:  # those are counted by themselves
                self._buffered += received + unsent
            self._largest_input = max(self._largest_input, received)
            self._largest_output = max(self._largest_output, unsent)
        if len(looked_at) < most:
            statistics = self._server.statistics
            statistics.largest_input = self._largest_input
            statistics.largest_output = self._largest_output
            statistics.client_buffers = self._buffered
            self._largest_input = self._largest_output = self._buffered = 0
            self._clients = iter(list(self._server.clients.values()))
