"""
What a cluster's node is told about nodes, where there is only this one.

What would bring another node in is refused; the rest is answered as Redis does.
"""

from __future__ import annotations

from pyredis.commands.cluster import cluster_of
from pyredis.commands.cluster_slots import leave_shard_channels
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import ADMIN, NO_ASYNC_LOADING, NOSCRIPT, STALE
from pyredis.execution.table import family
from pyredis.wire.replies import OK, Reply, Simple

command = family("cluster")


def _check_name(ctx: Context, node_id: bytes) -> None:
    """
    Check that a node's name is this one's.

    Raises:
        RedisError: There is no such node.
    """
    if node_id != cluster_of(ctx).node_id:
        raise RedisError(b"Unknown node " + node_id)


# Asked about nodes


@command(
    "CLUSTER|REPLICAS",
    arity=3,
    flags=ADMIN | STALE,
    since="5.0.0",
    complexity="O(N) for N replicas",
    tips=["nondeterministic_output"],
    syntax="node-id",
)
def cluster_replicas(ctx: Context, node_id: bytes) -> Reply:
    """Tell of a node's replicas, a line each."""
    _check_name(ctx, node_id)
    return []


@command(
    "CLUSTER|SLAVES",
    arity=3,
    flags=ADMIN | STALE,
    since="3.0.0",
    complexity="O(N) for N replicas",
    deprecated=("5.0.0", "`CLUSTER REPLICAS`"),
    tips=["nondeterministic_output"],
    syntax="node-id",
)
def cluster_slaves(ctx: Context, node_id: bytes) -> Reply:
    """Tell of a node's replicas, a line each."""
    return cluster_replicas(ctx, node_id)


@command(
    "CLUSTER|COUNT-FAILURE-REPORTS",
    arity=3,
    flags=ADMIN | STALE,
    since="3.0.0",
    complexity="O(N) for N failure reports",
    tips=["nondeterministic_output"],
    syntax="node-id",
)
def cluster_count_failure_reports(ctx: Context, node_id: bytes) -> Reply:
    """Count the nodes that think a node has failed."""
    _check_name(ctx, node_id)
    return 0


# Told what to do


@command(
    "CLUSTER|FORGET",
    arity=3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax="node-id",
)
def cluster_forget(ctx: Context, node_id: bytes) -> Reply:
    """Forget a node; the only one cannot forget itself."""
    _check_name(ctx, node_id)
    raise RedisError("I tried hard but I can't forget myself...")


@command(
    "CLUSTER|REPLICATE",
    arity=3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax="node-id",
)
def cluster_replicate(ctx: Context, node_id: bytes) -> Reply:
    """Become a replica of another node; the only one cannot follow itself."""
    _check_name(ctx, node_id)
    raise RedisError("Can't replicate myself")


@command(
    "CLUSTER|FAILOVER",
    arity=-2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax="[FORCE | TAKEOVER]:options",
)
def cluster_failover(ctx: Context, *options: bytes) -> Reply:
    """Take a primary's place; only replicas can."""
    cluster_of(ctx)
    if len(options) > 1 or (options and options[0].upper() not in (b"FORCE", b"TAKEOVER")):
        raise syntax_error()
    raise RedisError("You should send CLUSTER FAILOVER to a replica")


@command(
    "CLUSTER|MEET",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    history=[("4.0.0", "The bus port.")],
    syntax="ip port [cluster-bus-port:integer@4.0.0]",
)
def cluster_meet(ctx: Context, ip: bytes, port: bytes, *options: bytes) -> Reply:
    """Meet another node; nobody can join this cluster."""
    cluster_of(ctx)
    for text, kind in ((port, b"base"), *((option, b"bus") for option in options[:1])):
        try:
            integer(text)
        except RedisError:
            raise RedisError(b"Invalid %b port specified: %b" % (kind, text)) from None
    raise RedisError("This node is a cluster by itself: no other can join it")


@command(
    "CLUSTER|RESET",
    arity=-2,
    flags=ADMIN | NOSCRIPT | STALE,
    since="3.0.0",
    complexity="O(N) for N known nodes, and a FLUSHALL if data must go",
    syntax="[HARD | SOFT]:reset-type",
)
def cluster_reset(ctx: Context, *options: bytes) -> Reply:
    """Give all slots up; with HARD, be another node without a history."""
    cluster = cluster_of(ctx)
    if len(options) > 1 or (options and options[0].upper() not in (b"HARD", b"SOFT")):
        raise syntax_error()
    if ctx.keyspace.databases[0].values:
        raise RedisError("CLUSTER RESET can't be called with master nodes containing keys")
    leave_shard_channels(ctx, cluster.slots.give_all_up())
    if options and options[0].upper() == b"HARD":
        cluster.become_another()
    return OK


@command(
    "CLUSTER|BUMPEPOCH",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def cluster_bumpepoch(ctx: Context) -> Reply:
    """Give this node's slots a new configuration epoch."""
    cluster = cluster_of(ctx)
    word = b"BUMPED" if cluster.bump_epoch() else b"STILL"
    return Simple(b"%b %d" % (word, cluster.config_epoch))


@command(
    "CLUSTER|SET-CONFIG-EPOCH",
    arity=3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax="config-epoch:integer",
)
def cluster_set_config_epoch(ctx: Context, config_epoch: bytes) -> Reply:
    """Set the configuration epoch of a node that has none."""
    cluster = cluster_of(ctx)
    epoch = integer(config_epoch)
    if epoch < 0:
        raise RedisError(f"Invalid config epoch specified: {epoch}")
    if cluster.config_epoch:
        raise RedisError("Node config epoch is already non-zero")
    cluster.config_epoch = epoch
    cluster.current_epoch = max(cluster.current_epoch, epoch)
    return OK


@command(
    "CLUSTER|SAVECONFIG",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
)
def cluster_saveconfig(ctx: Context) -> Reply:
    """Write down what is known of the cluster; this node does not."""
    cluster_of(ctx)
    raise RedisError("This node keeps nothing of its cluster on disk")
