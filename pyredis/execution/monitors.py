"""Clients that watch all others (MONITOR)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pyredis.primitives.quoting import quote

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

_REASON = "monitors"


class Monitors:
    """The monitoring clients of a server; while there are any, all commands go the long way."""

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._clients: dict[Client, None] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._clients)

    def add(self, client: Client) -> None:
        """Show a client every command from now on."""
        self._clients[client] = None
        client.is_monitor = True
        client.refresh()
        self._server.dispatcher.watch_over(_REASON)

    def remove(self, client: Client) -> None:
        """Show a client nothing any more."""
        if self._clients.pop(client, self) is self:
            return
        client.is_monitor = False
        client.refresh()
        if not self._clients:
            self._server.dispatcher.let_go(_REASON)

    def show(self, client: Client, argv: Sequence[bytes]) -> None:
        """
        Show a command to all monitors.

        Args:
            client: Who runs it.
            argv: The request, without what must not be shown.
        """
        keyspace = self._server.keyspace
        if not self._clients or keyspace.loading:
            return
        seconds, milliseconds = divmod(keyspace.clock(), 1000)
        words = b" ".join(map(quote, argv))
        line = b"+%d.%06d [%d %b] %b\r\n" % (
            seconds,
            milliseconds * 1000,
            client.ctx.db.number,
            self._address(client),
            words,
        )
        for monitor in list(self._clients):
            if monitor is client:
                # Its own command is shown behind the reply, which is not written yet.
                self._server.soon(partial(self._deliver, monitor, line))
            else:
                monitor.deliver(line)

    @staticmethod
    def _deliver(monitor: Client, line: bytes) -> None:
        if monitor.is_monitor:
            monitor.deliver(line)

    def _address(self, client: Client) -> bytes:
        if client.is_unix:
            path: str = self._server.settings.unixsocket
            return b"unix:" + path.encode("utf-8", "surrogateescape")
        return client.address.encode()
