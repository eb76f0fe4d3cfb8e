"""The heartbeat of replication: pings, timeouts, delayed snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

if TYPE_CHECKING:
    from pyredis.replication.following import Following
    from pyredis.replication.primary import Primary

_INTERVAL_S = 1.0


class ReplicationService(Service):
    """
    Lets both parts of a server's replication do what is due each second.

    Args:
        primary: Its part as a primary.
        following: Its part as a replica.
        clock: ``IReactorTime``; tests hand in a ``Clock``.

    Attributes:
        paused: Nothing is done meanwhile (DEBUG PAUSE-CRON).
    """

    _log = Logger()
    name = "replication"

    def __init__(self, primary: Primary, following: Following, clock: Any) -> None:
        self._primary = primary
        self._following = following
        self._loop = LoopingCall(self._tick)
        self._loop.clock = clock
        self.paused = False

    def startService(self) -> None:
        """Start beating."""
        super().startService()
        self._loop.start(_INTERVAL_S, now=False)

    def stopService(self) -> None:
        """Stop, and end what is being sent."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        self._following.close()
        self._primary.close()

    def _tick(self) -> None:
        if self.paused:
            return
        # A LoopingCall ends for good at the first exception.
        try:
            self._following.tick()
            self._primary.tick()
        except Exception:
            self._log.failure("The heartbeat of replication failed")
