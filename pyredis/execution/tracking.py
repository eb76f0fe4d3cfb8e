"""
Client-side caching (CLIENT TRACKING): who may hold which key, and who is told when it changes.

A client that tracks is special: its requests go the dispatcher's long way, and
the keys that its read-only commands name, those of its scripts' commands
included, are remembered here. A change of such a key is told to those clients
once, and the key is forgotten; a client that caches it must read it again to be
told again. In broadcasting mode nothing is remembered: changes of all keys with
a prefix are told at the end of the reactor's turn.

The keyspace is observed only while somebody tracks. What is told to a client in
the middle of its own request leaves behind the reply.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError, c_text
from pyredis.execution.flags import PUBSUB, READONLY, SKIP_MONITOR
from pyredis.execution.key_specs import KeyFinder, key_finder
from pyredis.wire.replies import Push

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.keyspace.database import Database

CHANNEL = b"__redis__:invalidate"
"""Where a REDIRECT target that speaks RESP2 seems to get invalidations from."""

_FORGOTTEN_AT_ONCE = 100


class TrackingState:
    """
    How one client tracks.

    Attributes:
        redirect: Id of the client that is told instead; 0 for itself.
        broadcasts: Changes of all keys with one of the prefixes are told, read or not.
        opts_in: Keys are remembered only if CLIENT CACHING YES came before.
        opts_out: Keys are remembered unless CLIENT CACHING NO came before.
        skips_own: The client's own changes are not told (NOLOOP).
        caching: The commands behind which CLIENT CACHING still holds; none if it does not.
        is_broken: The client that is told instead was gone when there was something to tell.
        prefixes: In broadcasting mode.
    """

    __slots__ = (
        "broadcasts",
        "caching",
        "is_broken",
        "opts_in",
        "opts_out",
        "prefixes",
        "redirect",
        "skips_own",
    )

    def __init__(self) -> None:
        self.redirect = 0
        self.broadcasts = False
        self.opts_in = False
        self.opts_out = False
        self.skips_own = False
        self.caching: Collection[Command] = ()
        self.is_broken = False
        self.prefixes: set[bytes] = set()

    @property
    def remembers(self) -> bool:
        """Whether the keys that are read now are to be remembered."""
        if self.broadcasts:
            return False
        return bool(self.caching) if self.opts_in else not (self.opts_out and self.caching)

    def flags(self) -> list[bytes]:
        """Return the words with which CLIENT TRACKINGINFO describes it."""
        words = (
            (b"on", True),
            (b"bcast", self.broadcasts),
            (b"optin", self.opts_in),
            (b"caching-yes", self.opts_in and bool(self.caching)),
            (b"optout", self.opts_out),
            (b"caching-no", self.opts_out and bool(self.caching)),
            (b"noloop", self.skips_own),
            (b"broken_redirect", self.is_broken),
        )
        return [word for word, holds in words if holds]

    def check_prefixes(self, prefixes: Sequence[bytes]) -> None:
        """
        Refuse prefixes that would tell a key twice.

        Raises:
            RedisError: One begins as another, or as one that the client has.
        """
        for index, prefix in enumerate(prefixes):
            for other in sorted(self.prefixes):
                _check_overlap(prefix, other, b"an existing prefix")
            for other in prefixes[index + 1 :]:
                _check_overlap(prefix, other, b"another provided prefix")


def _check_overlap(prefix: bytes, other: bytes, what: bytes) -> None:
    if prefix.startswith(other) or other.startswith(prefix):
        raise RedisError(
            b"Prefix '%b' overlaps with %b '%b'. Prefixes for a single client must not overlap."
            % (c_text(prefix), what, c_text(other))
        )


class _Readers:
    """
    Which clients read which keys: ids, since most of them are gone when a key changes.

    Attributes:
        items: How many pairs of a key and a client there are.
    """

    def __init__(self) -> None:
        self.items = 0
        # An id alone where there is one: a set would take most of the memory.
        self._readers: dict[bytes, int | set[int]] = {}
        # So that any key can be picked by chance.
        self._keys: list[bytes] = []
        self._places: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: bytes, number: int) -> None:
        """Remember that a client read a key."""
        readers = self._readers.get(key)
        if readers is None:
            self._readers[key] = number
            self._places[key] = len(self._keys)
            self._keys.append(key)
        elif isinstance(readers, set):
            before = len(readers)
            readers.add(number)
            if len(readers) == before:
                return
        elif readers == number:
            return
        else:
            self._readers[key] = {readers, number}
        self.items += 1

    def take(self, key: bytes) -> Collection[int]:
        """Forget a key; return who read it."""
        readers = self._readers.pop(key, None)
        if readers is None:
            return ()
        place = self._places.pop(key)
        last = self._keys.pop()
        if place < len(self._keys):
            self._keys[place] = last
            self._places[last] = place
        found = readers if isinstance(readers, set) else (readers,)
        self.items -= len(found)
        return found

    def pick(self, rng: random.Random) -> bytes:
        """Return one of the keys by chance."""
        return self._keys[rng.randrange(len(self._keys))]

    def clear(self) -> None:
        """Forget all."""
        self._readers.clear()
        self._keys.clear()
        self._places.clear()
        self.items = 0


class Tracking:
    """
    The tracking clients of a server, and what they may have cached.

    Args:
        server: Whose clients they are.

    Attributes:
        owed: What is told when the request under way is over, behind all messages that
            it published to the same client: who tracks, how, and which keys.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._keyspace = server.keyspace
        self._clients: dict[int, Client] = {}
        self._readers = _Readers()
        # By prefix: who is told, and the keys changed in this turn with who changed them.
        self._listeners: dict[bytes, dict[Client, None]] = {}
        self._changed: dict[bytes, dict[bytes, Client | None]] = {}
        self._finders: dict[Command, KeyFinder | None] = {}
        self.owed: list[tuple[Client, TrackingState, Sequence[bytes] | None]] = []
        self._is_expiry = False
        self._runs_over = 0

    # For INFO

    def __len__(self) -> int:
        """Return how many clients track."""
        return len(self._clients)

    @property
    def keys(self) -> int:
        """How many keys are remembered."""
        return len(self._readers)

    @property
    def items(self) -> int:
        """How many pairs of a key and a client that read it are remembered."""
        return self._readers.items

    @property
    def prefixes(self) -> int:
        """How many prefixes are broadcast."""
        return len(self._listeners)

    # Who tracks

    def begin(self, client: Client, wanted: TrackingState, prefixes: Sequence[bytes]) -> None:
        """
        Let a client track, or track in another way.

        Args:
            client: Who.
            wanted: How from now on.
            prefixes: To broadcast in addition to those it has; all keys if none is given.
        """
        if client.tracking is not None:
            wanted.prefixes |= client.tracking.prefixes
            wanted.caching = client.tracking.caching
        if not self._clients:
            self._observe()
        self._clients[client.id] = client
        client.tracking = wanted
        client.tell(True)
        if wanted.redirect:
            self._server.clients[wanted.redirect].tell(True)
        if wanted.broadcasts:
            for prefix in prefixes or (b"",):
                wanted.prefixes.add(prefix)
                self._listeners.setdefault(prefix, {})[client] = None

    def end(self, client: Client) -> None:
        """Let a client track no more; its keys are forgotten when they change."""
        state = client.tracking
        if state is None:
            return
        client.tracking = None
        for prefix in state.prefixes:
            listeners = self._listeners[prefix]
            listeners.pop(client, None)
            if not listeners:
                del self._listeners[prefix]
                self._changed.pop(prefix, None)
        del self._clients[client.id]
        client.tell(
            any(
                other.tracking is not None and other.tracking.redirect == client.id
                for other in self._clients.values()
            )
        )
        if not self._clients:
            self._readers.clear()
            self._forget()

    def _observe(self) -> None:
        keyspace = self._keyspace
        keyspace.observe_changes(self._key_changed)
        keyspace.expired_observers = (*keyspace.expired_observers, self._key_expires)
        keyspace.expired_fields_observers = (
            *keyspace.expired_fields_observers,
            self._fields_expire,
        )

    def _forget(self) -> None:
        keyspace = self._keyspace
        keyspace.forget_observer(self._key_changed)
        keyspace.expired_observers = tuple(
            observer for observer in keyspace.expired_observers if observer != self._key_expires
        )
        keyspace.expired_fields_observers = tuple(
            observer
            for observer in keyspace.expired_fields_observers
            if observer != self._fields_expire
        )

    # What they read

    def remember(self, client: Client, command: Command, argv: Sequence[bytes]) -> None:
        """
        Remember the keys that a command of a client read.

        Args:
            client: Who tracks; the command may be one of its script's.
            command: What ran.
            argv: The request.
        """
        state = client.tracking
        if state is None or not state.remembers:
            return
        try:
            finder = self._finders[command]
        except KeyError:
            finder = self._finders[command] = _finder_of(command)
        if finder is not None:
            for index in finder(argv):
                self._readers.add(argv[index], client.id)

    def limit(self) -> None:
        """
        Forget keys by chance while there are more than ``tracking-table-max-keys``.

        Those who may have cached them are told. At most so many go at once that
        nobody has to wait; the more often this is not enough the more go.
        """
        most: int = self._server.settings.tracking_table_max_keys
        readers = self._readers
        if not most or len(readers) <= most:
            self._runs_over = 0
            return
        self._runs_over += 1
        for _ in range(_FORGOTTEN_AT_ONCE * self._runs_over):
            self._tell_readers(readers.pick(self._server.rng))
            if len(readers) <= most:
                self._runs_over = 0
                return

    # What changes

    def _key_expires(self, db: Database, key: bytes) -> None:
        """Know that it is nobody's change that is told next."""
        self._is_expiry = True

    def _fields_expire(self, db: Database, key: bytes, fields: Sequence[bytes]) -> None:
        self._is_expiry = True

    def _key_changed(self, db: Database, key: bytes) -> None:
        is_expiry, self._is_expiry = self._is_expiry, False
        if self._listeners:
            self._note(key, None if is_expiry else self._server.dispatcher.running)
        self._tell_readers(key)

    def _note(self, key: bytes, writer: Client | None) -> None:
        """Note a change for all prefixes of its key; they are told when the turn ends."""
        is_first = not self._changed
        for prefix in self._listeners:
            if key.startswith(prefix):
                self._changed.setdefault(prefix, {})[key] = writer
        if is_first and self._changed:
            self._server.soon(self.broadcast)

    def broadcast(self) -> None:
        """Tell of the changes noted since the last time, by prefix and in the order of keys."""
        changed, self._changed = self._changed, {}
        for prefix in sorted(changed):
            writers = changed[prefix]
            keys = sorted(writers)
            for client in list(self._listeners.get(prefix, ())):
                state = client.tracking
                if state is None:
                    continue
                told = keys
                if state.skips_own:
                    told = [key for key in sorted(writers) if writers[key] is not client]
                if told:
                    self._tell(client, state, told)

    def _tell_readers(self, key: bytes) -> None:
        """Forget a key, and tell those who read it."""
        for number in self._readers.take(key):
            client = self._clients.get(number)
            if client is None or client.tracking is None or client.tracking.broadcasts:
                continue
            if client is not self._writer():
                self._tell(client, client.tracking, [key])
            elif not client.tracking.skips_own:
                self.owed.append((client, client.tracking, [key]))

    def _writer(self) -> Client | None:
        """Return who runs a command now, the caller of a script for the script's."""
        running = self._server.dispatcher.running
        return None if running is None else self._server.scripting.asker(running)

    def all_changed(self) -> None:
        """Tell all who track that no key is what it was (FLUSHALL, FLUSHDB)."""
        self._readers.clear()
        writer = self._writer()
        for client in list(self._clients.values()):
            if client.tracking is None:
                continue
            if client is writer:
                self.owed.append((client, client.tracking, None))
            else:
                self._tell(client, client.tracking, None)

    def _tell(self, client: Client, state: TrackingState, keys: Sequence[bytes] | None) -> None:
        """
        Tell a client, or the one that hears for it, that keys have changed.

        Args:
            client: Who tracks.
            state: How.
            keys: Which; None for all there are.
        """
        hearer: Client | None = client
        if state.redirect:
            hearer = self._server.clients.get(state.redirect)
            if hearer is None or hearer.closing:
                state.is_broken = True
                if client.resp == 3:
                    client.push(Push([b"tracking-redir-broken", state.redirect]))
                return
        assert hearer is not None
        if hearer.resp == 3:
            hearer.push(Push([b"invalidate", keys]))
        elif state.redirect and hearer.subscriptions:
            hearer.push(Push([b"message", CHANNEL, keys]))

    def settle(self) -> None:
        """Tell those whose request changed what they had read, now that it is over."""
        owed, self.owed = self.owed, []
        for client, state, keys in owed:
            self._tell(client, state, keys)

    @staticmethod
    def request_over(client: Client) -> None:
        """Let CLIENT CACHING hold no longer than the one command behind it, or its transaction."""
        state = client.tracking
        if (
            state is not None
            and state.caching
            and client.transaction is None
            and client.last_command not in state.caching
        ):
            state.caching = ()


def _finder_of(command: Command) -> KeyFinder | None:
    """Return what finds the keys that a command reads, None if it reads none."""
    # The commands of a script are shown to monitors, and remembered, one by one;
    # shard channels are no keys.
    if READONLY not in command.flags or command.flags & (SKIP_MONITOR | PUBSUB):
        return None
    return key_finder(command.key_specs)
