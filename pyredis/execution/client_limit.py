"""
``maxmemory-clients``: what the connections of all clients may take together.

Every client takes a little; what some take beyond it (a large request that has
not all come, output that nobody reads, a long transaction, many subscriptions)
is kept in a table and looked at anew whenever it may have changed. When all
together take too much, clients are cut off, the largest first, until they do
not. The usual client never appears in the table and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.execution.client_lines import CLIENT_BYTES, client_line, client_type, memory_of

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

# With less nobody could say anything any more, not even CONFIG SET.
_LEAST = 128 << 10

# Replicas and primaries have limits of their own.
_LIMITED = ("normal", "pubsub")

# Clients of about the same size, by powers of two, are evicted as they came.
_LEAST_BITS = 15
_MOST_BITS = 33


class ClientLimit:
    """
    The limit of what all clients of one server take.

    Args:
        server: Whose clients are limited; its settings say to what.

    Attributes:
        bytes: The limit, 0 for none.
    """

    _log = Logger()

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._beyond: dict[Client, int] = {}
        self._sum = 0
        self.bytes = 0
        server.settings.observe(("maxmemory-clients", "maxmemory"), self.apply_settings)
        self.apply_settings()

    def apply_settings(self) -> None:
        """Take over the limit, and keep it at once."""
        settings = self._server.settings
        limit = settings.maxmemory_clients
        if limit < 0:
            limit = settings.maxmemory * -limit // 100
        self.bytes = max(limit, _LEAST) if limit else 0
        self._beyond.clear()
        self._sum = 0
        if self.bytes:
            for client in self._server.clients.values():
                self._measure(client)
            self._keep()

    def look_at(self, client: Client, argv: Sequence[bytes] = ()) -> None:
        """
        Take into account that a client may take more or less than before.

        Args:
            client: Whom to look at.
            argv: Its request that is about to run.
        """
        if self.bytes and not client.closing:
            self._measure(client, sum(map(len, argv)))
            self._keep(client, argv)

    def forget(self, client: Client) -> None:
        """Count a client no longer, as it is gone."""
        self._sum -= self._beyond.pop(client, 0)

    def _measure(self, client: Client, running: int = 0) -> None:
        self._sum -= self._beyond.pop(client, 0)
        beyond = memory_of(client) - CLIENT_BYTES + running
        if beyond > 0 and client_type(client) in _LIMITED:
            self._beyond[client] = beyond
            self._sum += beyond

    @property
    def _total(self) -> int:
        return self._sum + CLIENT_BYTES * len(self._server.clients)

    def _keep(self, asking: Client | None = None, argv: Sequence[bytes] = ()) -> None:
        """Evict clients while all together take too much, with the request that is to run."""
        if self._total < self.bytes:
            return
        # What waited to be sent may have left since it was counted.
        for client in list(self._beyond):
            self._measure(client, sum(map(len, argv)) if client is asking else 0)
        clients = [
            each
            for each in self._server.clients.values()
            if not each.no_evict and client_type(each) in _LIMITED
        ]
        for client in sorted(clients, key=self._size_class, reverse=True):
            if self._total < self.bytes:
                return
            self._evict(client)

    def _size_class(self, client: Client) -> int:
        size = CLIENT_BYTES + self._beyond.get(client, 0)
        return min(max(size.bit_length(), _LEAST_BITS), _MOST_BITS)

    def _evict(self, client: Client) -> None:
        server = self._server
        line = client_line(client, server.keyspace.now_ms).decode("utf-8", "backslashreplace")
        self._log.info("Evicting client: {line}", line=line)
        client.kill()
        server.disconnect(client)
        server.statistics.evicted_clients += 1
