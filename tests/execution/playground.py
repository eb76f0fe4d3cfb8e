"""A server of a few made up commands, and clients whose wires keep what is sent."""

from __future__ import annotations

import random
from typing import Any

from twisted.internet.task import Clock

from pyredis.config.settings import Settings
from pyredis.execution.client import Client
from pyredis.execution.instance import Instance
from pyredis.execution.ports import NoConnection
from pyredis.execution.table import CommandTable, Declaration
from pyredis.keyspace.keyspace import Keyspace

START_MS = 1_700_000_000_000


class Wire(NoConnection):
    """A wire that keeps what is sent, and what else happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[str] = []

    @property
    def sent(self) -> bytes:
        """All bytes sent so far."""
        return b"".join(self.written)

    def resume(self) -> None:
        """Note it."""
        self.happened.append("resumed")

    def close(self) -> None:
        """Note it."""
        self.happened.append("closed")

    def abort(self) -> None:
        """Note it."""
        self.happened.append("aborted")


class Playground:
    """
    A server in memory.

    Args:
        declarations: Its commands.
        settings: Configuration values by attribute name.

    Attributes:
        clock: Its time; ``advance()`` moves it, the statistics' clock included.
        client: A first client.
        failures: Names of commands that failed unexpectedly.
    """

    def __init__(self, *declarations: Declaration, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(START_MS / 1000)
        values = Settings()
        for name, value in settings.items():
            setattr(values, name, value)
        rng = random.Random(0)
        keyspace = Keyspace(lambda: round(self.clock.seconds() * 1000), 16, rng)
        self.server = Instance(
            keyspace,
            values,
            self.clock,
            rng,
            lambda: round(self.clock.seconds() * 1000) * 1_000_000,
            CommandTable(declarations),
        )
        self.failures: list[str] = []
        self.server.dispatcher.log_failure = self.failures.append
        self.client = self.connect()

    def connect(self) -> Client:
        """Return a new client."""
        return self.server.connect(Wire(), "127.0.0.1:1234", "127.0.0.1:6379")

    def run(self, *requests: bytes, client: Client | None = None) -> bytes:
        """Run a pipeline of requests, words separated by blanks; return the replies' bytes."""
        pieces: list[bytes] = []
        iterator = iter([request.split() for request in requests])
        self.server.dispatcher.run(client or self.client, iterator, pieces.append)
        return b"".join(pieces)

    def dispatch(self, *words: bytes, client: Client | None = None) -> Any:
        """Run one request the long way; return the reply's value."""
        return self.server.dispatcher.dispatch(client or self.client, words)

    def command(self, name: str) -> Any:
        """Return the record of a command."""
        return self.server.table.lookup(name.encode())


def wire_of(client: Client) -> Wire:
    """Return the wire behind a client."""
    assert isinstance(client.connection, Wire)
    return client.connection
