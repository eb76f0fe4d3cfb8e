"""
A whole server in memory, and clients without sockets.

    session = Session(list_max_listpack_size=4)
    session.do("SET", "k", 1)                 # the reply value: Simple(b"OK")
    waiter = session.another()
    waiter.do("BLPOP", "l", 5)                # LATER: the client waits
    session.do("RPUSH", "l", "a")
    waiter.written                            # [[b"l", b"a"]]: what came later
    session.clock.advance(5)                  # virtual time: deadlines, timeouts

Requests take the dispatcher's long way, guards and all; each reply is encoded
in both protocols, so that what no client could be sent fails here. A body that
fails with anything but a RedisError fails the test.
"""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import hiredis
from twisted.internet.task import Clock

import pyredis.commands  # noqa: F401 - declares the commands
from pyredis.config.settings import Settings
from pyredis.errors import RedisError
from pyredis.execution.client import Client
from pyredis.execution.instance import Instance
from pyredis.execution.ports import NoConnection
from pyredis.keyspace.database import Database
from pyredis.keyspace.keyspace import Keyspace
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import LATER

Word = bytes | str | int | float

START_S = 1_700_000_000
"""When the clock starts, in seconds of the wall clock."""


def word(value: Word) -> bytes:
    """Return a word of a request as it would be sent."""
    if isinstance(value, bytes):
        return value
    return str(value).encode()


def _reply_error(text: str) -> RedisError:
    code, _, message = text.partition(" ")
    return RedisError(message, code)


class MemoryConnection(NoConnection):
    """A wire that decodes what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Any] = []
        self.closed = False
        self._reader = hiredis.Reader(replyError=_reply_error)

    def write(self, data: bytes) -> None:
        """Decode complete replies and keep them."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self.replies.append(reply)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def abort(self) -> None:
        """Note it."""
        self.closed = True


def make_server(clock: Clock, seed: int = 0, **settings: Any) -> Instance:
    """
    Return a server that lives in memory and in virtual time.

    Args:
        clock: Its scheduler and its wall clock.
        seed: For its source of chance.
        settings: Configuration values by attribute name.
    """
    values = Settings()
    for name, value in settings.items():
        setattr(values, name, value)
    rng = random.Random(seed)
    keyspace = Keyspace(lambda: round(clock.seconds() * 1000), values.databases, rng)
    server = Instance(keyspace, values, clock, rng, lambda: int(clock.seconds() * 1e9))
    server.soon = lambda call: clock.callLater(0, call)
    for field in fields(server.limits):
        setattr(server.limits, field.name, getattr(values, field.name))

    def fail(name: str) -> None:
        raise  # called where the exception is being handled

    server.dispatcher.log_failure = fail
    return server


class Session:
    """
    A client of a server in memory.

    Args:
        seed: For the server's source of chance.
        settings: Configuration values by attribute name.

    Attributes:
        clock: The server's time; ``advance()`` moves it.
        server: The server.
        client: The server's view of this client.
    """

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(START_S)
        self._connect(make_server(self.clock, seed, **settings))

    def _connect(self, server: Instance) -> None:
        self.server = server
        self.connection = MemoryConnection()
        self.client: Client = server.connect(self.connection)

    def another(self) -> Session:
        """Return a second client of the same server."""
        session = Session.__new__(Session)
        session.clock = self.clock
        session._connect(self.server)
        return session

    @property
    def db(self) -> Database:
        """The database the client has selected."""
        return self.client.ctx.db

    @property
    def resp3(self) -> bool:
        """Whether the client speaks RESP3; may be set."""
        return self.client.resp == 3

    @resp3.setter
    def resp3(self, wanted: bool) -> None:
        self.client.resp = 3 if wanted else 2

    @property
    def waits(self) -> bool:
        """Whether the client is blocked."""
        return self.client.waiting is not None

    @property
    def written(self) -> list[Any]:
        """Later answers and pushes so far, decoded; errors are RedisError instances."""
        return self.connection.replies

    def do(self, *words: Word) -> Any:
        """
        Run a command.

        Returns:
            The reply's value, an error as a RedisError instance; ``LATER`` if
            the client now waits.
        """
        assert not self.waits, "this client waits: it would not be listened to"
        reply = self.server.dispatcher.dispatch(self.client, [word(w) for w in words])
        if reply is not LATER:
            for resp in (2, 3):
                encoded(reply, resp)
        return reply

    def sent(self, *words: Word) -> bytes:
        """Run a command and return its reply as this client would receive it."""
        return encoded(self.do(*words), self.client.resp)

    def error(self, *words: Word) -> bytes:
        """Run a command that must be refused, and return the error's text."""
        reply = self.do(*words)
        assert isinstance(reply, RedisError), f"not refused: {reply!r}"
        return reply.text

    def events(self, *words: Word) -> list[tuple[bytes, bytes]]:
        """Run a command and return the events it told of: name and key."""
        told: list[tuple[bytes, bytes]] = []

        def observer(db: Database, key: bytes, kind: int, event: bytes) -> None:
            told.append((event, key))

        self.server.keyspace.observe_events(observer)
        try:
            self.do(*words)
        finally:
            self.server.keyspace.forget_observer(observer)
        return told

    def effects(self, *words: Word) -> list[tuple[bytes, ...]]:
        """Run a command and return what it asks to be propagated in its place."""
        ctx = self.client.ctx
        ctx.effects = []
        try:
            self.do(*words)
            return [argv for _, argv in ctx.effects if argv]
        finally:
            ctx.effects = None

    def changes(self, *words: Word) -> int:
        """Run a command and return how much it added to the dirty counter."""
        before = self.server.keyspace.dirty
        self.do(*words)
        return self.server.keyspace.dirty - before

    def encoding(self, key: Word) -> str:
        """Return the encoding a collection reports."""
        return str(self.db.values[word(key)].encoding)

    def disconnect(self) -> None:
        """Hang up."""
        self.server.disconnect(self.client)
