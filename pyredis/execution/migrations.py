"""
Keys on their way to another server (MIGRATE).

Redis stands still until the other server has answered. Here only those wait
meanwhile who would see or change the keys (see
:mod:`pyredis.execution.pausing`), so that to every client the move is one step.
When the answers are there the command runs again, finds them, and does what has
to be done here: in one go, as any other command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pyredis.execution.blocking import Blocked
from pyredis.execution.ports import Cargo, Carrier, Delivery, NoCarrier

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database


class Arrival(NamedTuple):
    """What became of keys that were sent off, and where they were from."""

    db: Database
    cargo: Cargo
    delivery: Delivery


class Migrations:
    """
    The migrations of a server's keys.

    Attributes:
        carrier: What takes them there.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self.carrier: Carrier = NoCarrier()
        self._arrival: Arrival | None = None

    def begin(
        self, client: Client, argv: Sequence[bytes], keys: Sequence[bytes], cargo: Cargo
    ) -> Blocked:
        """
        Send keys off; return what a body returns whose client has to wait.

        Nobody can end the wait before its time: what has arrived must go from here.

        Args:
            client: Who asked for it.
            argv: The whole request, to run again at the end: it will get what
                became of the cargo from :meth:`take_arrival`.
            keys: To hold meanwhile.
            cargo: What to send where.

        Raises:
            RedisError: There is no way to other servers.
        """
        command = client.last_command
        assert command is not None
        blocked = Blocked((), 0, bytes, None, argv, may_be_ended=False)
        db = client.ctx.db

        def end(delivery: Delivery) -> None:
            self._end(client, command, blocked, keys, Arrival(db, cargo, delivery))

        self.carrier.send(cargo, end)
        self._server.pause.hold_keys(keys)
        return blocked

    def take_arrival(self) -> Arrival | None:
        """Return what became of keys if that is why a command runs, or None."""
        arrival, self._arrival = self._arrival, None
        return arrival

    def _end(
        self,
        client: Client,
        command: Command,
        blocked: Blocked,
        keys: Sequence[bytes],
        arrival: Arrival,
    ) -> None:
        server = self._server
        server.keyspace.refresh_now()
        self._arrival = arrival
        waiting = client.waiting
        try:
            if waiting is not None and waiting.blocked is blocked:
                server.waiting_room.run_again(client)
            else:
                # The client has gone; the keys that arrived have to go from here all the same.
                server.dispatcher.call(client, command, blocked.argv or ())
        finally:
            self._arrival = None
            server.pause.release_keys(keys)
        if server.waiting_room.ready:
            server.waiting_room.serve()
