"""
FAILOVER: handing the part of the primary to a replica.

Writes wait until a replica has everything; then this server follows it, and asks
it to be the primary for that.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Context
from pyredis.execution.flags import ADMIN, NOSCRIPT, STALE
from pyredis.execution.replicas import FailoverState, Stage, replica_ip
from pyredis.execution.table import family
from pyredis.wire.replies import OK, Reply

command = family("server")


@command(
    "FAILOVER",
    arity=-1,
    flags=ADMIN | NOSCRIPT | STALE,
    since="6.2.0",
    complexity="O(1)",
    syntax="[TO host port [FORCE]]:target [ABORT] [TIMEOUT milliseconds]",
)
def failover(ctx: Context, *options: bytes) -> Reply:
    """Let a replica take this server's place, in agreement with it."""
    if ctx.server.cluster.is_on:
        raise RedisError(
            "FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead."
        )
    if [option.upper() for option in options] == [b"ABORT"]:
        if ctx.server.failover.state is FailoverState.NONE:
            raise RedisError("No failover in progress.")
        ctx.server.failover.abort()
        return OK
    timeout_ms, force, target = _read(options)
    if ctx.server.failover.state is not FailoverState.NONE:
        raise RedisError("FAILOVER already in progress.")
    if ctx.server.following.is_on:
        raise RedisError("FAILOVER is not valid when server is a replica.")
    replicas = list(ctx.server.replication.replicas())
    if not replicas:
        raise RedisError("FAILOVER requires connected replicas.")
    if force and not (timeout_ms and target):
        raise RedisError(
            "FAILOVER with force option requires both a timeout and target HOST and IP."
        )
    if target is not None:
        stages = [
            client.replica.stage
            for client in replicas
            if client.replica is not None
            and (replica_ip(client).encode(), client.replica.port) == target
        ]
        if not stages:
            raise RedisError("FAILOVER target HOST and PORT is not a replica.")
        if stages[0] is not Stage.ONLINE:
            raise RedisError("FAILOVER target replica is not online.")
    place = None if target is None else (target[0].decode("utf-8", "surrogateescape"), target[1])
    ctx.server.failover.begin(place, timeout_ms, force)
    return OK


def _read(options: Sequence[bytes]) -> tuple[int, bool, tuple[bytes, int] | None]:
    """
    Return the timeout in milliseconds, whether to use force, and the replica's address.

    Raises:
        RedisError: An option is unknown, or lacks something.
    """
    timeout_ms, force = 0, False
    target: tuple[bytes, int] | None = None
    arguments = Arguments(options)
    while arguments:
        option = arguments.take_word()
        if option == b"TIMEOUT" and arguments and not timeout_ms:
            timeout_ms = arguments.take_integer()
            if timeout_ms <= 0:
                raise RedisError("FAILOVER timeout must be greater than 0")
        elif option == b"TO" and arguments.left >= 2 and target is None:
            host = arguments.take()
            target = host, arguments.take_integer()
        elif option == b"FORCE" and not force:
            force = True
        else:
            raise syntax_error()
    return timeout_ms, force, target
