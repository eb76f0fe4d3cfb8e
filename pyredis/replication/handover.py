"""
A primary that hands its part over to one of its replicas (FAILOVER).

Its writes wait. When a replica has all there is, this server follows it, and asks
it in the same breath to be the primary; nothing is lost, and there are never two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.config.special_types import PrimaryAddress
from pyredis.execution.replicas import FailoverState, Stage, replica_ip
from pyredis.replication.transfer import state_of

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.replication.following import Following
    from pyredis.replication.primary import Primary

_LOOK_EVERY_S = 0.1
_LONG_MS = 365 * 24 * 3600 * 1000


class Handover:
    """
    One server's failover (:class:`pyredis.execution.replicas.Failover`).

    Args:
        server: Which.
        primary: Knows the replicas.
        following: Its part as a replica, later.

    Attributes:
        state: How far it is.
    """

    _log = Logger()

    def __init__(self, server: Instance, primary: Primary, following: Following) -> None:
        self._server = server
        self._primary = primary
        self._following = following
        self._target: tuple[str, int] | None = None
        self._end_ms = 0
        self._by_force = False
        self._timer: Timer | None = None
        self.state = FailoverState.NONE

    def begin(self, target: tuple[str, int] | None, timeout_ms: int, by_force: bool) -> None:
        """
        Hand over to a replica as soon as it has everything.

        Args:
            target: Where it listens; any that has everything first if None.
            timeout_ms: How long to wait for that, 0 for ever.
            by_force: Hand over when the time is up, too, instead of giving up.
        """
        self._log.info("FAILOVER requested to {target}.", target=_spelled(target))
        server, now_ms = self._server, self._server.keyspace.clock()
        self._target = target
        self._end_ms = now_ms + timeout_ms if timeout_ms else 0
        self._by_force = by_force
        self.state = FailoverState.WAITING
        server.pause.begin(now_ms + _LONG_MS, holds_all=False)
        self._primary.ask()
        self._look_later()

    def _look_later(self) -> None:
        self._timer = self._server.scheduler.callLater(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._end_ms and self._server.keyspace.clock() >= self._end_ms:
            self._time_is_up()
            return
        target = self._equal_replica()
        if target is None:
            self._look_later()
            return
        self._target = target
        self._log.info("Failover target {target} is synced, failing over.", target=_spelled(target))
        self._hand_over(target)

    def _time_is_up(self) -> None:
        if self._by_force and self._target is not None:
            self._log.info(
                "FAILOVER to {target} time out exceeded, failing over.",
                target=_spelled(self._target),
            )
            self._hand_over(self._target)
        else:
            self._give_up("Replica never caught up before timeout")

    def _equal_replica(self) -> tuple[str, int] | None:
        """Return where a replica listens that has everything, and may be handed over to."""
        offset = self._primary.offset
        for client in self._primary.replicas():
            state = state_of(client)
            place = replica_ip(client), state.port
            is_equal = state.stage is Stage.ONLINE and state.ack_offset == offset
            if is_equal and self._target in (None, place):
                return place
        return None

    def _hand_over(self, target: tuple[str, int]) -> None:
        self.state = FailoverState.UNDER_WAY
        self._following.hand_over(PrimaryAddress(*target), self._answered)

    def _answered(self, is_accepted: bool) -> None:
        if is_accepted:
            self._end()
        else:
            self._give_up("Failover target rejected psync request")

    def abort(self) -> None:
        """Stay, or become again, the primary."""
        self._give_up("Failover manually aborted")

    def _give_up(self, why: str) -> None:
        self._log.info(
            "FAILOVER to {target} aborted: {why}", target=_spelled(self._target), why=why
        )
        if self.state is FailoverState.UNDER_WAY:
            self._following.unfollow()
        self._end()

    def _end(self) -> None:
        """Let those go on who waited: with their writes, or with a refusal."""
        self.close()
        self._target = None
        self.state = FailoverState.NONE
        self._server.pause.end()

    def close(self) -> None:
        """Look no more: the server stops."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _spelled(target: tuple[str, int] | None) -> str:
    return "any replica" if target is None else f"{target[0]}:{target[1]}"
