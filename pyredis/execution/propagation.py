"""
What must be repeated elsewhere: by the append-only file, by replicas.

While there is a :class:`Feed`, the bodies of commands that may change something
are called through a small function of this module, on the short way and on the
long one: it looks whether the dirty counter moved and hands on what must be
repeated. That is the request itself, or what its body asked for instead with
:meth:`~pyredis.execution.client.Context.propagate`; before it come deletions of
keys that turned out to have expired. While there is no feed the bodies are
called directly, and nothing of this costs anything.

What one command at the top level did is one unit: with more than one effect it
is wrapped in MULTI and EXEC. EXEC, scripts and functions are such commands, the
ones that they run are not. A client that waited and is served by another's push
runs a unit of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntFlag
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol

from pyredis.wire.request_encoder import encode_alike

if TYPE_CHECKING:
    from pyredis.execution.client import Context
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database

Effect = tuple[int, Sequence[bytes]]
"""A request and the number of its database, or :data:`ANY_DATABASE`."""

ANY_DATABASE = -1
"""Stands for the database of what needs none: MULTI and EXEC. Nothing is to be selected for it."""

NO_EFFECT: Effect = (ANY_DATABASE, ())
"""Stands for a command that is not to be repeated although it changed something."""

_MULTI: Effect = (ANY_DATABASE, (b"MULTI",))
_EXEC: Effect = (ANY_DATABASE, (b"EXEC",))


class Audience(IntFlag):
    """Who repeats an effect; the numbers are those of ``redis.set_repl``."""

    NOBODY = 0
    FILE = 1
    REPLICAS = 2
    ALL = 3


class Feed(Protocol):
    """Repeats effects elsewhere."""

    def feed(self, effects: Sequence[Effect]) -> None:
        """
        Take what one command at the top level did, or one expiry or eviction.

        Args:
            effects: In order, wrapped in MULTI and EXEC where there are several. The
                sequence is the feed's only during the call.
        """

    def feed_requests(self, database: int, data: bytes) -> None:
        """Take the effects of commands at the top level as encoded requests to one database."""


class _Deletion(tuple[int, Sequence[bytes]]):
    """The effect of an expiry or eviction: it does not replace the command's own."""


class _ForFile(tuple[int, Sequence[bytes]]):
    """An effect for the append-only file alone."""


class _ForReplicas(tuple[int, Sequence[bytes]]):
    """An effect for replicas alone."""


_AIMED: dict[Audience, Callable[[Any], Any]] = {
    Audience.FILE: _ForFile,
    Audience.REPLICAS: _ForReplicas,
}
_OTHERS: dict[Audience, Any] = {Audience.FILE: _ForReplicas, Audience.REPLICAS: _ForFile}


class Propagation:
    """
    The way of a server's effects to their feeds.

    Attributes:
        is_on: Whether there is a feed.
        effects: What has gathered since the unit under way began; None while there
            is no feed. Clients' contexts refer to it.
        audience: Whom the script under way wants to repeat what it does.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._keyspace = server.keyspace
        self._feeds: tuple[tuple[Audience, Feed], ...] = ()
        self._feed_one: Callable[[Sequence[Effect]], object] = self._distribute
        self._gathered: list[Effect] = []
        self._depth = 0
        self._is_aimed = False
        self.is_on = False
        self.effects: list[Effect] | None = None
        self.audience = Audience.ALL

    def add(self, feed: Feed, audience: Audience = Audience.FILE) -> None:
        """
        Hand effects to a feed from now on.

        Args:
            feed: Who takes them.
            audience: What it stands for: some effects are for replicas only.
        """
        self.flush()
        self._set_feeds((*self._feeds, (audience, feed)))

    def remove(self, feed: Feed) -> None:
        """Hand a feed nothing more."""
        self.flush()
        self._set_feeds(tuple(entry for entry in self._feeds if entry[1] is not feed))

    def stop(self) -> None:
        """Hand nothing on any more: what is done now concerns a copy of the data."""
        self._set_feeds(())

    def _set_feeds(self, feeds: tuple[tuple[Audience, Feed], ...]) -> None:
        self._feeds = feeds
        self._feed_one = feeds[0][1].feed if len(feeds) == 1 else self._distribute
        if bool(feeds) == self.is_on:
            return
        self.is_on = bool(feeds)
        self.effects = self._gathered if feeds else None
        for client in self._server.clients.values():
            client.ctx.effects = self.effects
        table, keyspace = self._server.table, self._keyspace
        if feeds:
            keyspace.expired_observers += (self._key_expired,)
            keyspace.evicted_observers += (self._key_evicted,)
            keyspace.expired_fields_observers += (self._fields_expired,)
            table.on_add = self._look_at
        else:
            keyspace.expired_observers = _without(keyspace.expired_observers, self._key_expired)
            keyspace.evicted_observers = _without(keyspace.evicted_observers, self._key_evicted)
            keyspace.expired_fields_observers = _without(
                keyspace.expired_fields_observers, self._fields_expired
            )
            table.on_add = None
        for name, command in table.commands.items():
            self._look_at(command, name)

    # Calling bodies

    def _look_at(self, command: Command, *names: str) -> None:
        """Let the body of a command be called directly, or as :meth:`_watched` does."""
        declaration = command.declaration
        for name, subcommand in command.subcommands.items():
            self._look_at(subcommand, *names, name)
        if not (command.is_write or command.may_replicate or declaration.runs_commands):
            return
        command.call, command.batch = declaration.body, declaration.batch
        if not self.is_on or command.call is None:
            return
        words = tuple(name.encode() for name in names)
        if declaration.runs_commands:
            command.call = self._unit(command.call)
            command.batch = None  # effects belong to one run each
        else:
            command.call = self._watched(command.call, words)
        if command.batch is not None:
            command.batch = self._watched_batch(command.batch, words, command.batch_in_order)

    def _watched(self, body: Callable[..., Any], words: tuple[bytes, ...]) -> Callable[..., Any]:
        """
        Return what calls the body of a command and hands on what must be repeated.

        Args:
            body: Of the command.
            words: Its name, for requests that went the short way.
        """
        keyspace, gathered = self._keyspace, self._gathered

        def call(ctx: Context, *arguments: bytes) -> Any:
            if gathered and not self._depth:
                self.flush()
            mark = len(gathered)
            before = keyspace.dirty
            try:
                return body(ctx, *arguments)
            finally:
                is_changed = keyspace.dirty > before
                if is_changed or len(gathered) != mark:
                    # Only the long way keeps the request as it was sent.
                    argv = ctx.client.argv or (*words, *arguments)
                    if gathered or self._depth or not self.is_on:
                        self._ended(ctx, argv, mark, is_changed)
                    else:
                        self._feed_one(((ctx.db.number, argv),))

        return call

    def _ended(self, ctx: Context, argv: Sequence[bytes], mark: int, is_changed: bool) -> None:
        """
        Gather what a command did, whose body may have propagated something by itself.

        Args:
            ctx: The command's.
            argv: Its request.
            mark: How much had gathered when it began.
            is_changed: The dirty counter moved.
        """
        gathered = self._gathered
        is_gathering = ctx.effects is not None
        if is_gathering and is_changed and all(e.__class__ is _Deletion for e in gathered[mark:]):
            gathered.append((ctx.db.number, argv))
        if NO_EFFECT in gathered[mark:]:
            gathered[mark:] = [effect for effect in gathered[mark:] if effect is not NO_EFFECT]
        if self.audience is not Audience.ALL:
            self._aim(mark)
        if not self._depth:
            self.flush()

    def _aim(self, mark: int) -> None:
        """Let a command's effects be repeated only by those whom the script has named."""
        gathered = self._gathered
        aimed = _AIMED.get(self.audience)
        if aimed is None:
            gathered[mark:] = [e for e in gathered[mark:] if e.__class__ is _Deletion]
            return
        other = _OTHERS[self.audience]
        self._is_aimed = True
        gathered[mark:] = [
            aimed(e) if e.__class__ is tuple else e
            for e in gathered[mark:]
            if e.__class__ is not other
        ]

    def _watched_batch(
        self, form: Callable[..., Any], words: tuple[bytes, ...], in_order: bool
    ) -> Callable[..., Any]:
        """Return the same as :meth:`_watched` for the form that runs several requests at once."""
        keyspace = self._keyspace

        def batch(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Any]:
            self.flush()
            before = keyspace.dirty
            replies: list[Any] = form(ctx, count, *columns)
            moved = keyspace.dirty - before
            if moved > 0:
                data = self._server.dispatcher.wire
                if data is None or moved < count or len(replies) < count:
                    if in_order:
                        width = len(columns[0]) // count
                        columns = tuple(columns[0][place::width] for place in range(width))
                    data = _changing(words, columns, replies, moved)
                for _, feed in self._feeds:
                    feed.feed_requests(ctx.db.number, data)
            return replies

        return batch

    def _unit(self, body: Callable[..., Any]) -> Callable[..., Any]:
        """Return what calls a body that runs other commands, whose effects belong together."""

        def call(ctx: Context, *arguments: bytes) -> Any:
            if not self._depth:
                self.flush()
            self._depth += 1
            try:
                return body(ctx, *arguments)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.flush()

        return call

    # What is no command's doing

    def _key_expired(self, db: Database, key: bytes) -> None:
        self._delete(db, key, self._server.settings.lazyfree_lazy_expire)

    def _fields_expired(self, db: Database, key: bytes, fields: Sequence[bytes]) -> None:
        for field in fields:
            self._gathered.append(_Deletion((db.number, (b"HDEL", key, field))))
            self._note_deletion()

    def _key_evicted(self, db: Database, key: bytes) -> None:
        self._delete(db, key, self._server.settings.lazyfree_lazy_eviction)
        self.flush()

    def _delete(self, db: Database, key: bytes, is_lazy: bool) -> None:
        name = b"UNLINK" if is_lazy else b"DEL"
        self._gathered.append(_Deletion((db.number, (name, key))))
        self._note_deletion()

    def _note_deletion(self) -> None:
        if self._depth:
            return
        if self._keyspace.is_sweeping:
            self.flush()
        elif len(self._gathered) == 1:
            # Found by a command that only reads, maybe: nothing waits for its end.
            self._server.soon(self.flush)

    # Handing over

    def flush(self) -> None:
        """Hand over what has gathered outside a unit that is under way."""
        gathered = self._gathered
        if not gathered or self._depth:
            return
        effects = gathered.copy()
        gathered.clear()
        if self._is_aimed:
            there = {audience for audience, _ in self._feeds}
            absent = [other for audience, other in _OTHERS.items() if not {audience} ^ there]
            effects = [effect for effect in effects if effect.__class__ not in absent]
        if len(effects) > 1:
            effects = [_MULTI, *effects, _EXEC]
        self._distribute(effects)

    def _distribute(self, effects: Sequence[Effect]) -> None:
        is_aimed, self._is_aimed = self._is_aimed, False
        for audience, feed in self._feeds:
            theirs = effects
            if is_aimed:
                other = _OTHERS.get(audience)
                theirs = [effect for effect in effects if effect.__class__ is not other]
                if all(database == ANY_DATABASE for database, _ in theirs):
                    continue
            feed.feed(theirs)

    def for_replicas(self, effect: Effect) -> None:
        """Repeat an effect that only replicas are told of, instead of the command."""
        self._is_aimed = True
        self._gathered.append(_ForReplicas(effect))


def _without(observers: Iterable[Any], observer: Any) -> tuple[Any, ...]:
    return tuple(each for each in observers if each != observer)


def _changing(
    words: Sequence[bytes],
    columns: Sequence[Sequence[bytes]],
    replies: Sequence[Any],
    changes: int,
) -> bytes:
    """Return those of several requests that were answered and changed something, encoded."""
    if changes < len(replies):
        # 0 is the answer of those that changed nothing.
        columns = [[*compress(column, replies)] for column in columns]
    elif len(replies) < len(columns[0]):
        columns = [column[: len(replies)] for column in columns]
    return encode_alike(words, columns) if columns[0] else b""
