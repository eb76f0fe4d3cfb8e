"""
Sending the history to the replicas.

Each replica has a place in the history that is kept (``next_offset``) and is sent
what comes there, as far as its connection takes it: what that does not take stays
where it is, once for all of them. A replica that waits for its snapshot keeps its
place, too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyredis.execution.client_lines import waiting_output
from pyredis.replication.history import History

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.execution.replicas import ReplicaState

_PIECE_BYTES = 1 << 16
_MOST_UNSENT_BYTES = 1 << 18
_AGAIN_S = 0.005


class Feed:
    """
    Sends all replicas of one server what comes next.

    Args:
        server: Whose history it is.
        replicas: The replicas there are at any time.

    Attributes:
        history: What is sent.
        sent_bytes: How much was sent, to all of them.
    """

    def __init__(self, server: Instance, replicas: Mapping[Client, ReplicaState]) -> None:
        self._scheduler = server.scheduler
        self._replicas = replicas
        self._again: Timer | None = None
        self.history = History(server, self.send, self._oldest_wanted)
        self.sent_bytes = 0

    def _oldest_wanted(self) -> int:
        """Return the first offset that any replica is still to be sent."""
        wanted = [state.next_offset for state in self._replicas.values() if state.next_offset]
        return min(wanted, default=sys.maxsize)

    def unsent(self, state: ReplicaState) -> int:
        """Return how many bytes of the history so far a replica is still to be sent."""
        place = state.next_offset
        return self.history.backlog.offset - place + 1 if place else 0

    def send(self) -> None:
        """Send replicas what they lack, as far as they take it; the rest follows soon."""
        is_behind = False
        for client, state in list(self._replicas.items()):
            if state.takes_history and state.next_offset:
                self._send_one(client, state)
            if self.unsent(state):
                was_cut_off = client.connection.check_output(waiting_output(client))
                is_behind = is_behind or (state.takes_history and not was_cut_off)
        if is_behind and self._again is None:
            self._again = self._scheduler.callLater(_AGAIN_S, self._go_on)

    def _send_one(self, client: Client, state: ReplicaState) -> None:
        backlog, connection = self.history.backlog, client.connection
        while state.next_offset <= backlog.offset and not client.closing:
            if connection.pending_output() > _MOST_UNSENT_BYTES:
                break
            data = backlog.read(state.next_offset, _PIECE_BYTES)
            state.next_offset += len(data)
            self.sent_bytes += len(data)
            client.deliver(data)

    def _go_on(self) -> None:
        self._again = None
        self.send()
        self.history.trim()

    def close(self) -> None:
        """Send nothing more: the server stops."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
