"""
A client as commands know it: a connection without its socket.

It also carries the :class:`Context` its commands get. A client is *special*
while anything about it needs a look before each command (not authenticated, in
a transaction, subscribed, replies switched off, …); :meth:`Client.refresh`
recomputes that one attribute when such a state changes, so that a client with
nothing special about it is never asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyredis.execution.ports import Connection, NoConnection
from pyredis.execution.propagation import NO_EFFECT
from pyredis.wire.encoder import encode, encoded
from pyredis.wire.human import encode_human
from pyredis.wire.replies import Encoded, Push, Reply

if TYPE_CHECKING:
    from pyredis.acl.users import User
    from pyredis.datatypes.encodings import EncodingLimits
    from pyredis.execution.blocking import Waiting
    from pyredis.execution.instance import Instance
    from pyredis.execution.propagation import Effect
    from pyredis.execution.replicas import ReplicaState
    from pyredis.execution.table import Command
    from pyredis.execution.tracking import TrackingState
    from pyredis.execution.transactions import Transaction
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace
    from pyredis.pubsub.broker import Subscriptions


class Context:
    """
    What a command's body gets: the way to the data and to the client who asks.

    Attributes:
        client: Who asks.
        server: All parts of this server.
        keyspace: All databases.
        db: The client's database.
        settings: The configuration's current values.
        limits: Up to which sizes collections are reported as compact.
        batch_bytes: How much output a batch of requests may be, about.
        may_block: False inside transactions and scripts: a command that would
            wait answers as if its time had run out.
        effects: What to propagate instead of the command itself; None while
            nobody listens.
    """

    __slots__ = (
        "batch_bytes",
        "client",
        "db",
        "effects",
        "keyspace",
        "limits",
        "may_block",
        "server",
        "settings",
    )

    def __init__(self, client: Client, server: Instance) -> None:
        self.client = client
        self.server = server
        self.keyspace: Keyspace = server.keyspace
        self.settings: Any = server.settings
        self.limits: EncodingLimits = server.limits
        self.db: Database = server.keyspace.databases[0]
        self.batch_bytes = 0
        self.may_block = True
        self.effects: list[Effect] | None = server.propagation.effects

    @property
    def now_ms(self) -> int:
        """The frozen moment, in milliseconds of the wall clock."""
        return self.keyspace.now_ms

    def propagate(self, *argv: bytes) -> None:
        """Repeat this effect elsewhere instead of the command (random or clock-dependent ones)."""
        if self.effects is not None:
            self.effects.append((self.db.number, argv))

    def propagate_no_more(self) -> None:
        """Repeat nothing elsewhere but what was propagated, not even the command."""
        if self.effects is not None:
            self.effects.append(NO_EFFECT)

    def propagate_to_replicas(self, *argv: bytes) -> None:
        """Repeat this effect on replicas only, instead of the command: it changes no data."""
        if self.effects is not None:
            self.server.propagation.for_replicas((self.db.number, argv))


class Client:
    """
    One client.

    Args:
        server: The server it is connected to.
        number: Its id, unique in this server.
        connection: Its wire.
        address: ``host:port`` or the Unix socket's path.
        local_address: The same of our end.

    Attributes:
        argv: The request under way, if it takes the dispatcher's long way.
        behind: What is pushed to it while its own request runs and leaves behind the
            reply; None while pushes leave at once.
        debug_mode: Its scripts are debugged: ``forked`` with a copy of the data, ``sync``
            while everything else stands still; empty if they are not.
        is_told: It is told of changed keys, its own or another client's.
        plain: Finds the commands that may go the dispatcher's short way for its user,
            those that may have to wait included; ``plain_in_scripts`` those that its
            scripts may call so.
        queues: It is special for nothing but its transaction.
        replica: What it has told of itself as a replica; None for any other client.
        reads_lines: The request that waits was typed as a line: its answer has
            the form that people read.
    """

    __slots__ = (
        "address",
        "argv",
        "authenticated",
        "behind",
        "closing",
        "connection",
        "created_ms",
        "ctx",
        "debug_mode",
        "id",
        "input_bytes",
        "is_monitor",
        "is_told",
        "is_unix",
        "last_command",
        "last_interaction_ms",
        "library_name",
        "library_version",
        "local_address",
        "name",
        "no_evict",
        "no_touch",
        "output_bytes",
        "plain",
        "plain_in_scripts",
        "queues",
        "reads_lines",
        "replica",
        "reply_mode",
        "resp",
        "special",
        "subscriptions",
        "tracking",
        "transaction",
        "user",
        "waiting",
        "watching",
    )

    def __init__(
        self,
        server: Instance,
        number: int,
        connection: Connection | None = None,
        address: str = "",
        local_address: str = "",
    ) -> None:
        self.id = number
        self.connection: Connection = connection or NoConnection()
        self.address = address
        self.local_address = local_address
        self.is_unix = False
        self.name = b""
        self.library_name = b""
        self.library_version = b""
        self.created_ms = self.last_interaction_ms = server.keyspace.now_ms
        self.input_bytes = 0
        self.output_bytes = 0
        self.last_command: Command | None = None
        self.argv: Sequence[bytes] = ()
        self.no_evict = False
        self.replica: ReplicaState | None = None
        self.waiting: Waiting | None = None
        self.reads_lines = False
        self.closing = False
        self.special = True
        self.queues = False
        self.ctx = Context(self, server)
        self.transaction: Transaction | None = None
        self.watching: dict[tuple[Database, bytes], bool] | None = None
        self.no_touch = False
        self.debug_mode = ""
        self.is_monitor = False
        self.tracking: TrackingState | None = None
        self.is_told = False
        self.behind: list[Push | Encoded] | None = None
        self.subscriptions: Subscriptions | None = None
        self.reply_mode = "on"
        self.resp = 2
        self.authenticated = False
        self.become(server.access.users.default)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine: over loopback, a Unix socket, or in this process."""
        return self.is_unix or self.address.startswith(("127.", "[::1]:")) or not self.address

    @property
    def user_name(self) -> str:
        """The name of the user it is."""
        return self.user.name.decode("utf-8", "surrogateescape")

    @property
    def must_log_in(self) -> bool:
        """Whether it may do nothing before it has logged in."""
        return not self.authenticated and self.ctx.server.access.requires_login

    def become(self, user: User) -> None:
        """Be a user from now on, with the permissions the user has now."""
        self.user = user
        access = self.ctx.server.access
        self.plain = access.plain_of(user)
        self.plain_in_scripts = access.plain_in_scripts_of(user)

    @property
    def is_replica(self) -> bool:
        """Whether it follows this server."""
        return self.replica is not None and self.replica.is_attached

    def refresh(self) -> None:
        """Recompute :attr:`special` and :attr:`queues` after a change of state."""
        is_otherwise_special = bool(
            self.must_log_in
            or self.reply_mode != "on"
            or self.no_touch
            or self.is_monitor
            or self.is_replica
            or self.is_told
            or bool(self.debug_mode)
            or bool(self.subscriptions)
        )
        in_transaction = self.transaction is not None
        self.special = is_otherwise_special or in_transaction
        self.queues = in_transaction and not is_otherwise_special

    def tell(self, is_told: bool) -> None:
        """Say whether this client is told of changed keys."""
        self.is_told = is_told
        self.refresh()

    @property
    def is_as_new(self) -> bool:
        """Whether it could just have connected, but for its protocol and what it calls itself."""
        return not (
            self.closing
            or self.waiting is not None
            or self.special
            or self.subscriptions
            or self.watching
            or self.name
            or self.no_evict
            or self.user_name != "default"
            or self.ctx.db.number
        )

    def redact(self, *indexes: int) -> None:
        """Hide words of the request under way from all who are shown it (MONITOR, SLOWLOG)."""
        if self.argv:
            shown = list(self.argv)
            for index in indexes:
                shown[index] = b"(redacted)"
            self.argv = shown

    @property
    def is_only_listening(self) -> bool:
        """Whether it has subscribed in RESP2, where pushes cannot be told from replies."""
        return self.resp == 2 and bool(self.subscriptions)

    def reset(self) -> None:
        """Return to the state of a new connection, but for authentication (RESET)."""
        self.ctx.db = self.ctx.keyspace.databases[0]
        self.name = b""
        self.no_touch = False
        self.no_evict = False
        self.reply_mode = "on"
        self.resp = 2
        self.refresh()

    def answer(self, reply: Reply) -> None:
        """Send a reply that came later, and go on with the client's requests."""
        if self.reply_mode == "on":
            self.answer_anyway(reply)
            return
        if self.reply_mode == "skip":
            self.reply_mode = "on"
            self.refresh()
        self.connection.resume()

    def answer_anyway(self, reply: Reply) -> None:
        """Send what CLIENT REPLY has left of a reply, and go on with the client's requests."""
        if self.reads_lines:
            pieces: list[bytes] = []
            encode_human(reply, pieces.append)
            if pieces:
                self.connection.write(b"".join(pieces))
            self.reads_lines = False
        else:
            self.write(reply)
        self.connection.resume()

    def write(self, reply: Reply) -> None:
        """Send a reply or push outside the normal course."""
        pieces: list[bytes] = []
        encode(reply, pieces.append, self.resp)
        if pieces:
            self.connection.write(b"".join(pieces))

    def deliver(self, data: bytes) -> None:
        """Send encoded bytes at once."""
        if not self.closing:
            self.connection.write(data)

    def hear(self, data: bytes) -> None:
        """Send a message of a channel: now, or behind the reply to the request under way."""
        if self.behind is not None:
            self.behind.append(Encoded(data))
        else:
            self.deliver(data)

    def push(self, push: Push | Encoded) -> None:
        """Send a push: now, or behind the reply to the request under way."""
        if self.behind is not None:
            self.behind.append(push)
        else:
            self.deliver(encoded(push, self.resp))

    def close(self) -> None:
        """Close when the replies written so far have left; nothing more is read."""
        self.closing = True
        self.connection.close()

    def kill(self) -> None:
        """Close at once."""
        self.closing = True
        self.connection.abort()
