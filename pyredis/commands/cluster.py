"""
A cluster of one, as its node tells of it.

Without ``cluster-enabled`` all of this is refused, as Redis refuses it. With it
the server is a cluster's only node. What changes its slots is in
:mod:`pyredis.commands.cluster_slots`, what speaks of nodes in
:mod:`pyredis.commands.cluster_nodes`.
"""

from __future__ import annotations

from itertools import islice

from pyredis.errors import RedisError
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.cluster_rules import ClusterRules
from pyredis.execution.flags import FAST, LOADING, STALE, Category
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.primitives.checksums import SLOTS, key_slot
from pyredis.wire.replies import OK, Reply, Verbatim

command = family("cluster")

_BUS_OFFSET = 10_000

container("CLUSTER", "cluster", since="3.0.0", complexity="Depends on the subcommand")


def cluster_of(ctx: Context) -> ClusterRules:
    """
    Return the cluster.

    Raises:
        RedisError: There is none.
    """
    cluster = ctx.server.cluster
    if not cluster.is_on:
        raise RedisError("This instance has cluster support disabled")
    return cluster


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
    cluster = cluster_of(ctx)
    served = cluster.slots.count
    lines = (
        f"cluster_state:{'fail' if cluster.is_down else 'ok'}",
        f"cluster_slots_assigned:{served}",
        f"cluster_slots_ok:{served}",
        "cluster_slots_pfail:0",
        "cluster_slots_fail:0",
        "cluster_known_nodes:1",
        f"cluster_size:{int(served > 0)}",
        f"cluster_current_epoch:{cluster.current_epoch}",
        f"cluster_my_epoch:{cluster.config_epoch}",
        "cluster_stats_messages_sent:0",
        "cluster_stats_messages_received:0",
        "total_cluster_links_buffer_limit_exceeded:0",
    )
    return Verbatim("".join(f"{line}\r\n" for line in lines).encode())


@command("CLUSTER|MYID", arity=2, flags=STALE, since="3.0.0", complexity="O(1)")
def cluster_myid(ctx: Context) -> Reply:
    """Return the name of this node."""
    return cluster_of(ctx).node_id


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
    return cluster_of(ctx).shard_id


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
    cluster = cluster_of(ctx)
    place = f"{_address(ctx).decode()}:{_port(ctx)}@{_bus_port(ctx)}"
    if _hostname(ctx):
        place += f",{_hostname(ctx)}"
    words = [cluster.node_id.decode(), place, "myself,master - 0 0", str(cluster.config_epoch)]
    words.append("connected")
    for first, last in cluster.slots.ranges():
        words.append(str(first) if first == last else f"{first}-{last}")
    return Verbatim(f"{' '.join(words)}\n".encode())


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
    cluster = cluster_of(ctx)
    preferred = ctx.settings.cluster_preferred_endpoint_type
    endpoint = None if preferred == "unknown-endpoint" else _endpoint(ctx)
    others: dict[Reply, Reply] = {}
    if preferred != "ip":
        others[b"ip"] = _address(ctx)
    if preferred != "hostname" and _hostname(ctx):
        others[b"hostname"] = _hostname(ctx).encode()
    return [
        [first, last, [endpoint, _port(ctx), cluster.node_id, dict(others)]]
        for first, last in cluster.slots.ranges()
    ]


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
    cluster = cluster_of(ctx)
    node: dict[Reply, Reply] = {b"id": cluster.node_id}
    if _plain_port(ctx):
        node[b"port"] = _plain_port(ctx)
    if _tls_port(ctx):
        node[b"tls-port"] = _tls_port(ctx)
    node[b"ip"] = _address(ctx)
    node[b"endpoint"] = _endpoint(ctx)
    if _hostname(ctx):
        node[b"hostname"] = _hostname(ctx).encode()
    node[b"role"] = b"master"
    node[b"replication-offset"] = ctx.server.replication.offset
    node[b"health"] = b"online"
    served: list[Reply] = [slot for stretch in cluster.slots.ranges() for slot in stretch]
    return [{b"slots": served, b"nodes": [node]}]


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
    cluster_of(ctx)
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
    cluster_of(ctx)
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
    cluster_of(ctx)
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
    cluster_of(ctx)
    number = integer(slot)
    if not 0 <= number < SLOTS:
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
    cluster_of(ctx)
    number, most = integer(slot), integer(count)
    if not 0 <= number < SLOTS or most < 0:
        raise RedisError("Invalid slot or number of keys")
    keys = (key for key in ctx.db.values if key_slot(key) == number)
    return list(islice(keys, most))


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
    cluster_of(ctx)
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
    cluster_of(ctx)
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
    cluster_of(ctx)
    return OK


# How the node announces itself


def _address(ctx: Context) -> bytes:
    """Return the announced address; empty means the one the client has connected to."""
    return (ctx.settings.cluster_announce_ip or "").encode()


def _hostname(ctx: Context) -> str:
    """Return the announced name, empty if there is none."""
    return ctx.settings.cluster_announce_hostname or ""


def _endpoint(ctx: Context) -> bytes:
    """Return what clients are to connect to, as ``cluster-preferred-endpoint-type`` says."""
    preferred = ctx.settings.cluster_preferred_endpoint_type
    if preferred == "hostname":
        return _hostname(ctx).encode() or b"?"
    return b"" if preferred == "unknown-endpoint" else _address(ctx)


def _plain_port(ctx: Context) -> int:
    return int(ctx.settings.cluster_announce_port or ctx.server.fact("tcp_port"))


def _tls_port(ctx: Context) -> int:
    return int(ctx.settings.cluster_announce_tls_port or ctx.settings.tls_port)


def _port(ctx: Context) -> int:
    return _plain_port(ctx) or _tls_port(ctx)


def _bus_port(ctx: Context) -> int:
    """Return the port where other nodes would speak to this one."""
    settings = ctx.settings
    own = settings.tls_port if settings.tls_cluster else ctx.server.fact("tcp_port")
    return settings.cluster_announce_bus_port or settings.cluster_port or int(own) + _BUS_OFFSET
