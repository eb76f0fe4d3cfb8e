"""One running server's parts, as commands reach them. Several may live in a process."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.execution.blocking import WaitingRoom
from pyredis.execution.client import Client
from pyredis.execution.dispatch import Dispatcher
from pyredis.execution.ports import Host, NoHost, Scheduler
from pyredis.execution.statistics import Statistics
from pyredis.execution.table import CommandTable
from pyredis.execution.transactions import WatchedKeys

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyredis.execution.ports import Connection
    from pyredis.keyspace.keyspace import Keyspace


class Instance:
    """
    The parts of a server that commands may reach.

    Args:
        keyspace: Its data.
        settings: Its configuration.
        scheduler: Calls functions later.
        rng: Its source of chance.
        timer: Returns nanoseconds of a clock that never jumps, for statistics.
        table: Its commands; all declared ones if None.

    Attributes:
        clients: Connected clients by id.
        limits: The encoding limits, kept in step with the settings.
        host: The process around it.
        soon: Calls a function when the command under way is over.
        facts: What INFO says of process and build, by field.
    """

    def __init__(
        self,
        keyspace: Keyspace,
        settings: Any,
        scheduler: Scheduler,
        rng: random.Random,
        timer: Callable[[], int],
        table: CommandTable | None = None,
    ) -> None:
        self.keyspace = keyspace
        self.settings = settings
        self.scheduler = scheduler
        self.rng = rng
        self.timer = timer
        self.table = table or CommandTable()
        self.limits = EncodingLimits()
        self.statistics = Statistics()
        self.clients: dict[int, Client] = {}
        self.host: Host = NoHost()
        self.soon: Callable[[Callable[[], None]], object] = lambda call: call()
        self.facts: dict[str, Any] = {}
        self.run_id = f"{rng.getrandbits(160):040x}"
        self.started_ms = keyspace.now_ms
        self._next_client = 1
        self.watched = WatchedKeys(keyspace)
        self.waiting_room = WaitingRoom(self)
        self.dispatcher = Dispatcher(self)

    def connect(
        self, connection: Connection | None = None, address: str = "", local_address: str = ""
    ) -> Client:
        """Return a new client; :meth:`disconnect` it when its connection is gone."""
        client = Client(self, self._next_client, connection, address, local_address)
        self._next_client += 1
        client.authenticated = not self.settings.requirepass
        client.refresh()
        self.clients[client.id] = client
        return client

    def disconnect(self, client: Client) -> None:
        """Take a client out of every registry: nothing is owed to it any more."""
        client.closing = True
        if self.clients.pop(client.id, None) is not None:
            self.statistics.input_bytes += client.input_bytes
            self.statistics.output_bytes += client.output_bytes
        self.waiting_room.leave(client)
        self.watched.forget(client)
        client.transaction = None
