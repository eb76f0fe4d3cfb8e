"""
The gate before a command: an ordered tuple of small functions, each named for its refusal.

They read flags of the command and states of client and server, never names.
The order is Redis' (``processCommand``): it decides which error a client sees.
Only the long way through the dispatcher asks them; see
:mod:`pyredis.execution.dispatch`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyredis.errors import RedisError, memory_exceeded, too_few_replicas
from pyredis.execution.cluster_rules import SlotRefusal

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command

Guard = Callable[["Client", "Command", Sequence[bytes]], RedisError | None]


def protected(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse what only the configuration can open (DEBUG, MODULE), from elsewhere at least."""
    if not command.is_protected:
        return None
    name = command.declaration.name.partition("|")[0]
    option = f"enable-{name.lower()}-command"
    settings = client.ctx.settings
    if settings.allows(getattr(settings, option.replace("-", "_")), client.is_local):
        return None
    return RedisError(
        f'{name} command not allowed. If the {option} option is set to "local", you can run it '
        "from a local connection, otherwise you need to set this option in the configuration "
        "file, and then restart the server."
    )


def unauthenticated(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse all but AUTH, HELLO, QUIT and RESET before authentication."""
    if not command.needs_auth or not client.must_log_in:
        return None
    return RedisError("Authentication required.", code="NOAUTH")


def forbidden_in_transaction(
    client: Client, command: Command, argv: Sequence[bytes]
) -> RedisError | None:
    """Refuse what a transaction cannot hold (WATCH, MULTI, SUBSCRIBE in RESP2, …)."""
    if client.transaction is not None and command.no_multi:
        return RedisError("Command not allowed inside a transaction")
    return None


def denied(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse what the client's user has no permission for."""
    if client.user.is_unrestricted:
        return None
    return client.ctx.server.access.refusal(client, command, argv)


def memory_short(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse what would take memory that is not to be had; what makes room is let through."""
    limit = client.ctx.server.memory_limit
    if not limit.bytes or limit.make_room():
        return None
    transaction = client.transaction
    if transaction is None:
        is_refused = command.deny_oom
    elif command.runs_queue:
        is_refused = any(queued.deny_oom for queued, _ in transaction.queued)
    else:
        # Queueing takes memory, too.
        is_refused = not command.runs_in_transaction
    return memory_exceeded() if is_refused else None


def replicas_lacking(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse writes that too few replicas would have soon (min-replicas-to-write)."""
    if not client.ctx.server.replication.lacks_replicas:
        return None
    return too_few_replicas() if _writes(client, command) else None


def only_listening(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse a subscribed RESP2 client what it could not tell from a message."""
    if command.while_subscribed or not client.is_only_listening:
        return None
    return RedisError(
        f"Can't execute '{command.display_name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
        "QUIT / RESET are allowed in this context"
    )


def across_slots(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse keys that a cluster would have on different nodes, or nowhere."""
    cluster = client.ctx.server.cluster
    if not cluster.is_on:
        return None
    try:
        if command.runs_queue and client.transaction is not None:
            cluster.check_all(client.transaction)
        else:
            cluster.check(command, argv)
    except SlotRefusal as error:
        return error
    return None


def loading(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse most commands while the data set is loaded, and some while its successor is."""
    keyspace = client.ctx.keyspace
    if (keyspace.loading and not command.allowed_loading) or (
        keyspace.loading_aside and _disturbs_loading(client, command)
    ):
        return RedisError("Redis is loading the dataset in memory", code="LOADING")
    return None


def _disturbs_loading(client: Client, command: Command) -> bool:
    if command.runs_queue and client.transaction is not None:
        return any(queued.no_async_loading for queued, _ in client.transaction.queued)
    return command.no_async_loading


def busy(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse most commands in the middle of a script that runs for too long."""
    mode = client.ctx.server.scripting.busy
    return mode.refusal() if mode.is_on and not command.allow_busy else None


def disk_error(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse writes, and PING, while the disk does not take what is written down."""
    if _writes(client, command) or command.tells_health:
        return disk_failure(client.ctx.server)
    return None


def disk_failure(server: Instance) -> RedisError | None:
    """Return the refusal of all writes if the disk does not take them."""
    if server.snapshots.is_failing:
        return RedisError(
            "Redis is configured to save RDB snapshots, but it's currently unable to persist to "
            "disk. Commands that may modify the data set are disabled, because this instance is "
            "configured to report errors during writes if RDB snapshotting fails "
            "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about "
            "the RDB error.",
            code="MISCONF",
        )
    why = server.append_only.error_text
    if why is None:
        return None
    return RedisError(f"Errors writing to the AOF file: {why}", code="MISCONF")


def _writes(client: Client, command: Command) -> bool:
    """Tell whether a command writes, or runs queued ones that do."""
    if not command.runs_queue or client.transaction is None:
        return command.is_write
    promises = client.ctx.server.scripting.may_write_as_it_says
    return any(
        queued.is_write or (queued.declaration.runs_commands and promises(words[1]))
        for queued, words in client.transaction.queued
    )


def read_only(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse writes where only the primary's are to be repeated."""
    if is_read_only_for(client) and _writes(client, command):
        return not_writable()
    return None


def is_read_only_for(client: Client) -> bool:
    """Tell whether a client may not write since only the primary's writes are repeated."""
    server = client.ctx.server
    following = server.following
    return (
        following.is_on
        and bool(server.settings.replica_read_only)
        and not following.is_primary(client)
    )


def not_writable() -> RedisError:
    """Return the refusal of writes to a replica."""
    return RedisError("You can't write against a read only replica.", code="READONLY")


def stale(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Refuse what needs the data while the primary is not heard of, if so configured."""
    server = client.ctx.server
    following = server.following
    if (
        following.is_on
        and not following.is_linked
        and not server.settings.replica_serve_stale_data
        and not _allows_stale(client, command)
    ):
        return not_in_touch()
    return None


def not_in_touch() -> RedisError:
    """Return the refusal of data that may be old."""
    return RedisError(
        "Link with MASTER is down and replica-serve-stale-data is set to 'no'.", code="MASTERDOWN"
    )


def _allows_stale(client: Client, command: Command) -> bool:
    if command.runs_queue and client.transaction is not None:
        return all(queued.allowed_stale for queued, _ in client.transaction.queued)
    return command.allowed_stale


def monitoring(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Keep replicas from the data, and clients that monitor: to Redis they are a kind of them."""
    if (client.is_monitor or client.is_replica) and command.touches_keys:
        return RedisError("Replica can't interact with the keyspace")
    return None


GUARDS: tuple[Guard, ...] = (
    protected,
    unauthenticated,
    forbidden_in_transaction,
    denied,
    across_slots,
    memory_short,
    disk_error,
    replicas_lacking,
    read_only,
    only_listening,
    stale,
    loading,
    busy,
    monitoring,
)


def refusal(client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
    """Return the first guard's refusal, or None if the command may run."""
    for guard in GUARDS:
        error = guard(client, command, argv)
        if error is not None:
            return error
    return None
