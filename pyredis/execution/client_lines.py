"""
One line about a client, as CLIENT LIST and the log show it.

What Redis keeps in buffers of its own and this server does not (a reply buffer
of fixed size) reads 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sys import getsizeof
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyredis.execution.client import Client

CLIENT_BYTES = 3200
"""What a connected client takes: its objects here and on the floors above, measured."""

# What a key or channel takes in the tables of all clients, measured.
_WATCHED_KEY_BYTES = 450
_SUBSCRIPTION_BYTES = 430

CLIENT_TYPES = {
    b"normal": "normal",
    b"slave": "replica",
    b"replica": "replica",
    b"pubsub": "pubsub",
    b"master": "master",
}
"""Words for the types of clients, and the type that :func:`client_type` returns."""


def client_type(client: Client) -> str:
    """Return the type of a client, which decides about its limits and which filters find it."""
    if client.is_replica:
        return "replica"
    if client.ctx.server.following.is_primary(client):
        return "master"
    return "pubsub" if client.subscriptions else "normal"


def request_bytes(argv: Sequence[bytes]) -> int:
    """Return how many bytes a request has in RESP."""
    return len(b"*%d\r\n" % len(argv)) + sum(len(b"$%d\r\n\r\n" % len(w)) + len(w) for w in argv)


def queued_bytes(client: Client) -> int:
    """Return how long the arguments of the commands queued since MULTI are."""
    if client.transaction is None:
        return 0
    return client.transaction.queued_bytes()


def waiting_output(client: Client) -> int:
    """
    Return how many bytes wait to be sent to a client, as its limits count them.

    A replica's are those of the history: a snapshot on its way is not its fault.
    """
    pending, replica = client.connection.pending_output(), client.replica
    if replica is None or not replica.is_attached:
        return pending
    unsent = client.ctx.server.replication.unsent(client)
    return unsent + pending if replica.takes_history else unsent


def memory_of(client: Client) -> int:
    """Return about how much memory a client takes, with what waits in its buffers."""
    connection = client.connection
    waiting = connection.pending_input() + waiting_output(client)
    prefixes = client.tracking.prefixes if client.tracking is not None else ()
    waiting += queued_bytes(client) + sum(map(getsizeof, prefixes))
    if client.watching:
        waiting += _WATCHED_KEY_BYTES * len(client.watching)
    own = client.subscriptions
    if own is not None:
        waiting += _SUBSCRIPTION_BYTES * (own.count + len(own.shard_channels))
    return CLIENT_BYTES + waiting


def client_line(client: Client, now_ms: int) -> bytes:
    """
    Describe a client in one line, without a line end.

    Args:
        client: Whom.
        now_ms: The moment that its age and idleness count to.
    """
    connection = client.connection
    pending_output = waiting_output(client)
    argv = client.argv if client.waiting is None else client.waiting.argv
    transaction = client.transaction
    own = client.subscriptions
    running = request_bytes(argv) if argv else 0
    fields: list[tuple[str, object]] = [
        ("id", client.id),
        ("addr", client.address),
        ("laddr", client.local_address),
        ("fd", connection.fileno()),
        ("name", _text(client.name)),
        ("age", (now_ms - client.created_ms) // 1000),
        ("idle", max(0, now_ms - client.last_interaction_ms) // 1000),
        ("flags", _flags(client)),
        ("db", client.ctx.db.number),
        ("sub", len(own.channels) if own else 0),
        ("psub", len(own.patterns) if own else 0),
        ("ssub", len(own.shard_channels) if own else 0),
        ("multi", -1 if transaction is None else len(transaction.queued)),
        ("qbuf", connection.pending_input() + running),
        ("qbuf-free", 0),
        ("argv-mem", _words_bytes(argv)),
        ("multi-mem", queued_bytes(client)),
        ("rbs", 0),
        ("rbp", 0),
        ("obl", 0),
        ("oll", int(pending_output > 0)),
        ("omem", pending_output),
        ("tot-mem", memory_of(client) + running),
        ("events", "rw" if pending_output else "r"),
        ("cmd", "NULL" if client.last_command is None else client.last_command.display_name),
        ("user", client.user_name),
        ("redir", -1 if client.tracking is None else client.tracking.redirect),
        ("resp", client.resp),
        ("lib-name", _text(client.library_name)),
        ("lib-ver", _text(client.library_version)),
    ]
    line = " ".join(f"{name}={value}" for name, value in fields)
    return line.encode("utf-8", "surrogateescape")


def _words_bytes(argv: Iterable[bytes]) -> int:
    return sum(map(len, argv))


def _text(value: bytes) -> str:
    """Return a name as far as Redis, which ends it at a NUL byte, shows it."""
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _flags(client: Client) -> str:
    tracking = client.tracking
    is_touched = client.watching is not None and client.ctx.server.watched.is_touched(client)
    flags = (
        ("S", client.is_replica),
        ("M", client.ctx.server.following.is_primary(client)),
        ("O", client.is_monitor),
        ("P", bool(client.subscriptions)),
        ("x", client.transaction is not None),
        ("b", client.waiting is not None),
        ("t", tracking is not None),
        ("R", tracking is not None and tracking.is_broken),
        ("B", tracking is not None and tracking.broadcasts),
        ("d", is_touched),
        ("c", client.closing),
        ("U", client.is_unix),
        ("e", client.no_evict),
        ("T", client.no_touch),
    )
    return "".join(letter for letter, holds in flags if holds) or "N"
