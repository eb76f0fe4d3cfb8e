"""
The keyspace's heartbeat: keys expire, freed values go in slices, unused hashes are packed.

``hz`` times a second it removes what is due, within a quarter of the time
between two beats as Redis does, but never for longer than a client may be let
wait. What is left goes in short slices until the next beat, with as long a pause
after each, or when the first client asks for it. Memory of large deleted values
is given back a slice a turn of the reactor, so that no client waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pyredis.keyspace.resting import Resting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyredis.execution.instance import Instance

_KEYS_A_STEP = 100
_SHARE = 0.25
_BEAT_S = 0.005  # the longest that a beat removes what is due
_SLICE_S = 0.001  # a slice in between, and the pause before it
_FREED_A_SLICE = 5_000
_PACKING_SHARE = 0.02  # of the time; hashes are in no hurry to be packed
_URGENT_SHARE = 0.1  # when very many are not
_PACKING_PAUSE_MS = 5_000


class KeyspaceService(Service):
    """
    Drives expiry and lazy freeing of one server.

    Args:
        server: Whose keyspace it is.
        clock: ``IReactorTime``; tests hand in a ``Clock``.

    Attributes:
        active_expiry: False while DEBUG SET-ACTIVE-EXPIRE 0 holds.
        paused: True while DEBUG PAUSE-CRON 1 holds.
        has_child: Whether a child process shares our memory: what is changed then
            takes twice the room, so nothing is packed.
    """

    _log = Logger()
    name = "keyspace"

    def __init__(self, server: Instance, clock: Any) -> None:
        self._server = server
        self._clock = clock
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self._freeing: Any = None
        self._expiring: Any = None
        server.keyspace.begin_freeing = self._free_soon
        self.active_expiry = True
        self.paused = False
        self.has_child: Callable[[], bool] = lambda: False
        self._resting = Resting(server.keyspace, _PACKING_PAUSE_MS)

    def startService(self) -> None:
        """Start beating."""
        super().startService()
        self._loop.start(1.0 / self._server.settings.hz, now=False)

    def stopService(self) -> None:
        """Stop beating."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        for call in (self._freeing, self._expiring):
            if call is not None and call.active():
                call.cancel()

    def change_pace(self) -> None:
        """Take over a new ``hz``."""
        if self._loop.running:
            self._loop.stop()
            self._loop.start(1.0 / self._server.settings.hz, now=False)

    def _tick(self) -> None:
        # A LoopingCall ends for good at the first exception.
        if self.paused:
            return
        timer = self._server.timer
        started = timer()
        try:
            self.expire_due()
            self._server.tracking.limit()
            self._server.memory_limit.check()
            keyspace = self._server.keyspace
            keyspace.arrivals.note(keyspace.databases, keyspace.now_ms)
            if self._server.keyspace.lazy_free:
                self._free_soon()
            self._pack()
        except Exception:
            self._log.failure("The keyspace's heartbeat failed")
        self._server.statistics.count_tick(timer() - started)

    def expire_due(self) -> None:
        """Remove what is due, as far as this beat's time reaches, and the rest in slices."""
        if self._expire(min(_SHARE / self._server.settings.hz, _BEAT_S)):
            self._server.statistics.expiry_cut_short += 1
            if self._expiring is None and self.running:
                self._expiring = self._clock.callLater(_SLICE_S, self._expire_slice)

    def _expire_slice(self) -> None:
        self._expiring = None
        if self.paused:
            return
        try:
            is_cut_short = self._expire(_SLICE_S)
        except Exception:
            self._log.failure("Removing what is due failed")
            return
        if is_cut_short:
            self._expiring = self._clock.callLater(_SLICE_S, self._expire_slice)

    def _expire(self, seconds: float) -> bool:
        """Remove what is due for so long; return whether time ran out before the keys."""
        if not self.active_expiry:
            return False
        server = self._server
        keyspace, timer = server.keyspace, server.timer
        keyspace.refresh_now()
        is_cut_short = False
        started = timer()
        until = started + int(seconds * 1e9)
        while not is_cut_short and keyspace.expire_due(_KEYS_A_STEP) == _KEYS_A_STEP:
            is_cut_short = timer() >= until
        elapsed = timer() - started
        server.statistics.expiry_ns += elapsed
        server.timings.held_up("expire-cycle", elapsed)
        if server.waiting_room.ready:
            server.waiting_room.serve()
        return is_cut_short

    def _pack(self) -> None:
        """Pack hashes that are not used."""
        if self._server.keyspace.loading or self.has_child():
            return
        share = _URGENT_SHARE if self._resting.is_urgent else _PACKING_SHARE
        timer = self._server.timer
        until = timer() + int(min(share / self._server.settings.hz, _BEAT_S) * 1e9)
        self._resting.work(lambda: timer() >= until)

    def _free_soon(self) -> None:
        if self._freeing is None and self.running:
            self._freeing = self._clock.callLater(0, self._free_slice)

    def _free_slice(self) -> None:
        self._freeing = None
        if self._server.keyspace.free_some(_FREED_A_SLICE):
            self._freeing = self._clock.callLater(0, self._free_slice)
