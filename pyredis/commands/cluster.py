"""
The commands of a cluster, as a node answers them that is the only one.

Without ``cluster-enabled`` they are refused, as Redis refuses them. With it the
server owns all slots, and that does not change: what would give slots away or
bring other nodes in is refused with Redis' text where it has one for the case.
"""

from __future__ import annotations

from itertools import islice

from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.cluster_rules import ClusterRules
from pyredis.execution.flags import (
    ADMIN,
    FAST,
    LOADING,
    NO_ASYNC_LOADING,
    NOSCRIPT,
    STALE,
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.primitives.checksums import SLOTS, key_slot
from pyredis.wire.replies import OK, Reply, Verbatim

command = family("cluster")

_LAST_SLOT = SLOTS - 1
_BUS_OFFSET = 10_000

container("CLUSTER", "cluster", since="3.0.0", complexity="Depends on the subcommand")


def _cluster(ctx: Context) -> ClusterRules:
    """
    Return the cluster.

    Raises:
        RedisError: There is none.
    """
    cluster = ctx.server.cluster
    if not cluster.is_on:
        raise RedisError("This instance has cluster support disabled")
    return cluster


def _slot(text: bytes) -> int:
    """
    Return a slot's number.

    Raises:
        RedisError: There is no such slot.
    """
    try:
        slot = integer(text)
    except RedisError:
        slot = -1
    if not 0 <= slot <= _LAST_SLOT:
        raise RedisError("Invalid or out of range slot")
    return slot


def _is_myself(ctx: Context, node_id: bytes) -> bool:
    """
    Tell whether a node's name is this one's.

    Raises:
        RedisError: There is no such node.
    """
    if node_id != _cluster(ctx).node_id:
        raise RedisError(b"Unknown node " + node_id)
    return True


def _unchangeable() -> RedisError:
    return RedisError("This node is a cluster by itself: its slots and nodes do not change")


# Where to find what


@command(
    "CLUSTER|INFO",
    arity=2,
    flags=STALE,
    since="3.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def cluster_info(ctx: Context) -> Reply:
    """Tell how the cluster is."""
    _cluster(ctx)
    lines = (
        "cluster_state:ok",
        f"cluster_slots_assigned:{SLOTS}",
        f"cluster_slots_ok:{SLOTS}",
        "cluster_slots_pfail:0",
        "cluster_slots_fail:0",
        "cluster_known_nodes:1",
        "cluster_size:1",
        "cluster_current_epoch:0",
        "cluster_my_epoch:0",
        "cluster_stats_messages_sent:0",
        "cluster_stats_messages_received:0",
        "total_cluster_links_buffer_limit_exceeded:0",
    )
    return Verbatim("".join(f"{line}\r\n" for line in lines).encode())


@command("CLUSTER|MYID", arity=2, flags=STALE, since="3.0.0", complexity="O(1)")
def cluster_myid(ctx: Context) -> Reply:
    """Return the name of this node."""
    return _cluster(ctx).node_id


@command(
    "CLUSTER|MYSHARDID",
    arity=2,
    flags=STALE,
    since="7.2.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def cluster_myshardid(ctx: Context) -> Reply:
    """Return the name of this node's shard."""
    return _cluster(ctx).shard_id


@command(
    "CLUSTER|NODES",
    arity=2,
    flags=STALE,
    since="3.0.0",
    complexity="O(N) for N nodes",
    tips=["nondeterministic_output"],
)
def cluster_nodes(ctx: Context) -> Reply:
    """Tell of all nodes, a line each."""
    node_id = _cluster(ctx).node_id.decode()
    port = _port(ctx)
    place = f"{_address(ctx).decode()}:{port}@{port + _BUS_OFFSET}"
    line = f"{node_id} {place} myself,master - 0 0 0 connected 0-{_LAST_SLOT}\n"
    return Verbatim(line.encode())


@command(
    "CLUSTER|SLOTS",
    arity=2,
    flags=LOADING | STALE,
    since="3.0.0",
    complexity="O(N) for N nodes",
    deprecated=("7.0.0", "`CLUSTER SHARDS`"),
    history=[("4.0.0", "Node ids."), ("7.0.0", "More about each node's addresses.")],
    tips=["nondeterministic_output"],
)
def cluster_slots(ctx: Context) -> Reply:
    """Tell which nodes have which slots."""
    node_id = _cluster(ctx).node_id
    return [[0, _LAST_SLOT, [_address(ctx), _port(ctx), node_id, []]]]


@command(
    "CLUSTER|SHARDS",
    arity=2,
    flags=LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N nodes",
    tips=["nondeterministic_output"],
)
def cluster_shards(ctx: Context) -> Reply:
    """Tell which shards there are, with their slots and nodes."""
    node: dict[Reply, Reply] = {
        b"id": _cluster(ctx).node_id,
        b"port": _port(ctx),
        b"ip": _address(ctx),
        b"endpoint": _address(ctx),
        b"role": b"master",
        b"replication-offset": 0,
        b"health": b"online",
    }
    return [{b"slots": [0, _LAST_SLOT], b"nodes": [node]}]


@command(
    "CLUSTER|LINKS",
    arity=2,
    flags=STALE,
    since="7.0.0",
    complexity="O(N) for N nodes",
    tips=["nondeterministic_output"],
)
def cluster_links(ctx: Context) -> Reply:
    """Tell of the links to other nodes: there are none."""
    _cluster(ctx)
    return []


@command(
    "CLUSTER|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def cluster_help(ctx: Context) -> Reply:
    """List the subcommands."""
    _cluster(ctx)
    return help_of("CLUSTER")


# Keys and slots


@command(
    "CLUSTER|KEYSLOT",
    arity=3,
    flags=STALE,
    since="3.0.0",
    complexity="O(N) for a key of N bytes",
    syntax="key:string",
)
def cluster_keyslot(ctx: Context, key: bytes) -> Reply:
    """Return the slot of a key."""
    _cluster(ctx)
    return key_slot(key)


@command(
    "CLUSTER|COUNTKEYSINSLOT",
    arity=3,
    flags=STALE,
    since="3.0.0",
    complexity="O(N) for N keys in all slots",
    syntax="slot",
)
def cluster_countkeysinslot(ctx: Context, slot: bytes) -> Reply:
    """Count the keys of a slot."""
    _cluster(ctx)
    number = integer(slot)
    if not 0 <= number <= _LAST_SLOT:
        raise RedisError("Invalid slot")
    return sum(key_slot(key) == number for key in ctx.db.values)


@command(
    "CLUSTER|GETKEYSINSLOT",
    arity=4,
    flags=STALE,
    since="3.0.0",
    complexity="O(N) for N keys in all slots",
    tips=["nondeterministic_output"],
    syntax="slot count",
)
def cluster_getkeysinslot(ctx: Context, slot: bytes, count: bytes) -> Reply:
    """Return some keys of a slot."""
    _cluster(ctx)
    number, most = integer(slot), integer(count)
    if not 0 <= number <= _LAST_SLOT or most < 0:
        raise RedisError("Invalid slot or number of keys")
    keys = (key for key in ctx.db.values if key_slot(key) == number)
    return list(islice(keys, most))


# Other nodes, of which there are none


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
    _is_myself(ctx, node_id)
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
    _is_myself(ctx, node_id)
    return 0


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
    _is_myself(ctx, node_id)
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
    _is_myself(ctx, node_id)
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
    _cluster(ctx)
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
    _cluster(ctx)
    for text, kind in ((port, b"base"), *((option, b"bus") for option in options[:1])):
        try:
            integer(text)
        except RedisError:
            raise RedisError(b"Invalid %b port specified: %b" % (kind, text)) from None
    raise _unchangeable()


# Slots, which stay where they are


def _check_ranges(texts: tuple[bytes, ...]) -> None:
    for start, end in zip(texts[::2], texts[1::2], strict=True):
        first, last = _slot(start), _slot(end)
        if first > last:
            raise RedisError(f"start slot number {first} is greater than end slot number {last}")


@command(
    "CLUSTER|ADDSLOTS",
    arity=-3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(N) for N slots",
    syntax="slot...",
)
def cluster_addslots(ctx: Context, *slots: bytes) -> Reply:
    """Take slots over that nobody has; all are taken."""
    _cluster(ctx)
    numbers = [_slot(slot) for slot in slots]
    raise RedisError(f"Slot {numbers[0]} is already busy")


@command(
    "CLUSTER|ADDSLOTSRANGE",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="7.0.0",
    complexity="O(N) for N slots in the ranges",
    syntax="(start-slot:integer end-slot:integer):range...",
)
def cluster_addslotsrange(ctx: Context, *options: bytes) -> Reply:
    """Take ranges of slots over that nobody has; all are taken."""
    _cluster(ctx)
    if len(options) % 2:
        raise RedisError("wrong number of arguments for 'cluster|addslotsrange' command")
    _check_ranges(options)
    raise RedisError(f"Slot {_slot(options[0])} is already busy")


@command(
    "CLUSTER|DELSLOTS",
    arity=-3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(N) for N slots",
    syntax="slot...",
)
def cluster_delslots(ctx: Context, *slots: bytes) -> Reply:
    """Give slots up; this node does not."""
    _cluster(ctx)
    for slot in slots:
        _slot(slot)
    raise _unchangeable()


@command(
    "CLUSTER|DELSLOTSRANGE",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="7.0.0",
    complexity="O(N) for N slots in the ranges",
    syntax="(start-slot:integer end-slot:integer):range...",
)
def cluster_delslotsrange(ctx: Context, *options: bytes) -> Reply:
    """Give ranges of slots up; this node does not."""
    _cluster(ctx)
    if len(options) % 2:
        raise RedisError("wrong number of arguments for 'cluster|delslotsrange' command")
    _check_ranges(options)
    raise _unchangeable()


@command(
    "CLUSTER|FLUSHSLOTS",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
)
def cluster_flushslots(ctx: Context) -> Reply:
    """Give all slots up; this node does not."""
    _cluster(ctx)
    raise _unchangeable()


@command(
    "CLUSTER|SETSLOT",
    arity=-4,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax=(
        "slot (IMPORTING importing/node-id | MIGRATING migrating/node-id | NODE node/node-id | "
        "STABLE):subcommand"
    ),
)
def cluster_setslot(ctx: Context, slot: bytes, *options: bytes) -> Reply:
    """Let a slot go to another node, of which there is none; STABLE ends such a move."""
    _cluster(ctx)
    _slot(slot)
    action = options[0].upper()
    if action == b"STABLE" and len(options) == 1:
        return OK
    if action not in (b"IMPORTING", b"MIGRATING", b"NODE") or len(options) != 2:
        raise RedisError("Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")
    _is_myself(ctx, options[1])
    if action == b"NODE":
        return OK
    raise _unchangeable()


@command(
    "CLUSTER|RESET",
    arity=-2,
    flags=ADMIN | NOSCRIPT | STALE,
    since="3.0.0",
    complexity="O(N) for N known nodes, and a FLUSHALL if data must go",
    syntax="[HARD | SOFT]:reset-type",
)
def cluster_reset(ctx: Context, *options: bytes) -> Reply:
    """Give all slots up and forget all nodes; this node does not."""
    _cluster(ctx)
    if len(options) > 1 or (options and options[0].upper() not in (b"HARD", b"SOFT")):
        raise syntax_error()
    raise _unchangeable()


@command(
    "CLUSTER|BUMPEPOCH",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def cluster_bumpepoch(ctx: Context) -> Reply:
    """Give this node a new configuration epoch; nobody would compare it."""
    _cluster(ctx)
    raise _unchangeable()


@command(
    "CLUSTER|SET-CONFIG-EPOCH",
    arity=3,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
    syntax="config-epoch:integer",
)
def cluster_set_config_epoch(ctx: Context, config_epoch: bytes) -> Reply:
    """Set this node's configuration epoch; nobody would compare it."""
    _cluster(ctx)
    if integer(config_epoch) < 0:
        raise RedisError(b"Invalid config epoch specified: " + config_epoch)
    raise _unchangeable()


@command(
    "CLUSTER|SAVECONFIG",
    arity=2,
    flags=ADMIN | STALE | NO_ASYNC_LOADING,
    since="3.0.0",
    complexity="O(1)",
)
def cluster_saveconfig(ctx: Context) -> Reply:
    """Write down what is known of the nodes; this node knows of none."""
    _cluster(ctx)
    raise _unchangeable()


# The state of a connection


@command(
    "ASKING",
    arity=1,
    flags=FAST,
    since="3.0.0",
    complexity="O(1)",
    categories=Category.CONNECTION,
)
def asking(ctx: Context) -> Reply:
    """Let the next command through to a slot that is moving here; none is."""
    _cluster(ctx)
    return OK


@command(
    "READONLY",
    arity=1,
    flags=LOADING | STALE | FAST,
    since="3.0.0",
    complexity="O(1)",
    categories=Category.CONNECTION,
)
def readonly(ctx: Context) -> Reply:
    """Let this connection read from a replica; a primary serves it anyway."""
    _cluster(ctx)
    return OK


@command(
    "READWRITE",
    arity=1,
    flags=LOADING | STALE | FAST,
    since="3.0.0",
    complexity="O(1)",
    categories=Category.CONNECTION,
)
def readwrite(ctx: Context) -> Reply:
    """End READONLY."""
    _cluster(ctx)
    return OK


def _address(ctx: Context) -> bytes:
    """Return the announced address; empty means the one the client has connected to."""
    return (ctx.settings.cluster_announce_ip or "").encode()


def _port(ctx: Context) -> int:
    return int(ctx.settings.cluster_announce_port or ctx.server.fact("tcp_port"))
