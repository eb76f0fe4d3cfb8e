"""The replication stream: effects as the bytes that every replica gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyredis.replication.backlog import Backlog
from pyredis.wire.request_encoder import encode_request

if TYPE_CHECKING:
    from pyredis.execution.propagation import Effect

_FLUSH_BYTES = 64 * 1024


class ReplicationStream:
    """
    What all replicas get, in the order it happened.

    Args:
        backlog: Keeps the newest part, and what replicas are still to be sent.
        deliver: Called when there is something new in it.
        soon: Calls a function when the command under way is over: what commands of
            one moment did leaves together.

    Attributes:
        backlog: The same.
    """

    def __init__(
        self,
        backlog: Backlog,
        deliver: Callable[[], None],
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self.backlog = backlog
        self._deliver = deliver
        self._soon = soon
        self._undelivered = 0
        self._database = -1

    def feed(self, effects: Sequence[Effect]) -> None:
        """Take what one command did."""
        for database, argv in effects:
            if database != self._database and database >= 0:
                self._select(database)
            self.write(encode_request(argv))

    def feed_requests(self, database: int, data: bytes) -> None:
        """Take what commands did one after the other, as encoded requests to one database."""
        if database != self._database:
            self._select(database)
        self.write(data)

    def _select(self, database: int) -> None:
        self._database = database
        self.write(encode_request((b"SELECT", b"%d" % database)))

    def write(self, data: bytes) -> None:
        """Take what comes next as bytes."""
        self.backlog.append(data)
        was_idle = not self._undelivered
        self._undelivered += len(data)
        if was_idle:
            self._soon(self.flush)
        elif self._undelivered >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Let everything written so far leave."""
        if self._undelivered:
            self._undelivered = 0
            self._deliver()

    def select_anew(self) -> None:
        """Say the database before the next effect: somebody begins to listen."""
        self._database = -1
