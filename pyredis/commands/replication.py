"""
Replication: replicas that ask for the data, and waiting for them.

What a replica tells of itself is kept with its client; whom it follows, and
what it is sent, is known to the replication of the floors above.
"""

from __future__ import annotations

from twisted.logger import Logger

from pyredis.config.special_types import PrimaryAddress
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import integer, integer_between, positive_count
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.client_lines import client_line
from pyredis.execution.flags import (
    ADMIN,
    ALLOW_BUSY,
    FAST,
    LOADING,
    NO_ASYNC_LOADING,
    NO_MULTI,
    NOSCRIPT,
    STALE,
    SYSCMD,
    Category,
)
from pyredis.execution.replicas import (
    FailoverState,
    ReplicaState,
    Stage,
    Target,
    replica_ip,
    replica_name,
)
from pyredis.execution.table import family
from pyredis.primitives.numbers import INT64_MAX, parse_int
from pyredis.primitives.quoting import split_args
from pyredis.wire.replies import NO_REPLY, OK, Reply, Simple

command = family("server")
waiting_command = family("generic", Category.CONNECTION)

_LONGEST_ADDRESS = 255
_log = Logger()


@command(
    "SYNC",
    arity=1,
    flags=ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
    since="1.0.0",
)
def sync(ctx: Context) -> Reply:
    """Follow this server as a replica of the old kind does."""
    ctx.server.replication.synchronize(ctx.client, None, 0)
    return NO_REPLY


@command(
    "PSYNC",
    arity=-3,
    flags=ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
    since="2.8.0",
    syntax="replicationid offset",
)
def psync(ctx: Context, replicationid: bytes, offset: bytes, *options: bytes) -> Reply:
    """Follow this server as a replica, from where it was left if that is possible."""
    if ctx.client.is_replica:
        return NO_REPLY
    history = replicationid.decode("latin-1")
    if options and options[0].lower() == b"failover":
        _take_over(ctx, history)
    ctx.server.replication.synchronize(ctx.client, history, _offset(ctx, offset))
    return NO_REPLY


def _offset(ctx: Context, word: bytes) -> int:
    try:
        return integer(word)
    except RedisError:
        name = replica_name(ctx.client)
        _log.warn("Replica {name} asks for synchronization but with a wrong offset", name=name)
        raise


def _take_over(ctx: Context, history: str) -> None:
    """
    Be a primary from now on, as the one that is followed asks for it.

    Raises:
        RedisError: It is a primary already, or follows another.
    """
    server = ctx.server
    _log.info("Failover request received for replid {history}.", history=history)
    if not server.following.is_on:
        raise RedisError("PSYNC FAILOVER can't be sent to a master.")
    if history.lower() != server.replication_id:
        raise RedisError("PSYNC FAILOVER replid must match my replid.")
    server.following.unfollow()
    _log.info("MASTER MODE enabled (failover request from '{who}')", who=_who(ctx))


@command(
    "REPLCONF",
    arity=-1,
    flags=ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY | SYSCMD,
    since="3.0.0",
    complexity="O(1)",
)
def replconf(ctx: Context, *options: bytes) -> Reply:
    """Tell what a replica is, what it is able to do, and how far it is."""
    if len(options) % 2:
        raise syntax_error()
    client = ctx.client
    state = client.replica or ReplicaState()
    for at in range(0, len(options), 2):
        name, value = options[at].lower(), options[at + 1]
        if name == b"ack":
            return _acknowledge(ctx, options[at:])
        if name == b"getack":
            if ctx.server.following.is_primary(client):
                ctx.server.following.acknowledge()
            return NO_REPLY  # nobody else asks
        tell = _FACTS.get(name)
        if tell is None:
            raise RedisError(b"Unrecognized REPLCONF option: " + options[at])
        tell(state, value)
        client.replica = state
    return OK


def _acknowledge(ctx: Context, words: tuple[bytes, ...]) -> Reply:
    """Take note how far a replica is; what is wrong about that is not answered either."""
    client = ctx.client
    state = client.replica
    if state is None or not state.is_attached:
        return NO_REPLY
    try:
        state.ack_offset = max(state.ack_offset, parse_int(words[1]))
        if len(words) > 3 and words[2].lower() == b"fack":
            state.file_offset = max(state.file_offset, parse_int(words[3]))
    except ValueError:
        return NO_REPLY
    ctx.server.replication.acknowledged(client)
    return NO_REPLY


def _listens_at(state: ReplicaState, value: bytes) -> None:
    state.port = integer(value)


def _is_reached_at(state: ReplicaState, value: bytes) -> None:
    if len(value) > _LONGEST_ADDRESS:
        raise RedisError(
            f"REPLCONF ip-address provided by replica instance is too long: {len(value)} bytes"
        )
    state.ip = value.decode("utf-8", "replace")


def _is_able_to(state: ReplicaState, value: bytes) -> None:
    ability = value.lower()
    if ability == b"eof":
        state.takes_streams = True
    elif ability == b"psync2":
        state.takes_new_ids = True


def _is_of_version(state: ReplicaState, value: bytes) -> None:
    state.version = value


def _wants_snapshot_only(state: ReplicaState, value: bytes) -> None:
    state.rdb_only = bool(integer_between(value, 0, 1))


def _wants_parts(state: ReplicaState, value: bytes) -> None:
    try:
        parts = split_args(value)
    except ValueError:
        raise RedisError("Missing rdb-filter-only values") from None
    state.wants_data = state.wants_functions = False
    for part in parts:
        if part.lower() != b"functions":
            raise RedisError(b"Unsupported rdb-filter-only option: " + part)
        state.wants_functions = True


_FACTS = {
    b"listening-port": _listens_at,
    b"ip-address": _is_reached_at,
    b"capa": _is_able_to,
    b"version": _is_of_version,
    b"rdb-only": _wants_snapshot_only,
    b"rdb-filter-only": _wants_parts,
}


@command(
    "ROLE",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | FAST,
    since="2.8.12",
    complexity="O(1)",
    categories=Category.ADMIN | Category.DANGEROUS,
)
def role(ctx: Context) -> Reply:
    """Return what part this server has in replication, and its replicas or its primary."""
    replication, following = ctx.server.replication, ctx.server.following
    if following.address is not None:
        host, port = following.address
        how_far = str(following.state.value).encode()
        offset = replication.offset if following.is_linked else -1
        return [b"slave", host.encode("utf-8", "surrogateescape"), port, how_far, offset]
    replicas: list[Reply] = []
    for client in replication.replicas():
        state = client.replica
        if state is not None and state.stage is Stage.ONLINE:
            address = replica_ip(client).encode("utf-8", "surrogateescape")
            replicas.append([address, b"%d" % state.port, b"%d" % state.ack_offset])
    return [b"master", replication.offset, replicas]


_FOLLOWING = {
    "arity": 3,
    "flags": ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING,
    "complexity": "O(1)",
    "syntax": "((host port):host-port | ((NO) ONE):no-one):args",
}


@command("REPLICAOF", since="5.0.0", **_FOLLOWING)
def replicaof(ctx: Context, host: bytes, port: bytes) -> Reply:
    """Follow another server, or none."""
    return _follow(ctx, host, port)


@command("SLAVEOF", since="1.0.0", deprecated=("5.0.0", "`REPLICAOF`"), **_FOLLOWING)
def slaveof(ctx: Context, host: bytes, port: bytes) -> Reply:
    """Follow another server, or none."""
    return _follow(ctx, host, port)


def _follow(ctx: Context, host: bytes, port: bytes) -> Reply:
    server = ctx.server
    if server.cluster.is_on:
        raise RedisError("REPLICAOF not allowed in cluster mode.")
    if server.failover.state is not FailoverState.NONE:
        raise RedisError("REPLICAOF not allowed while failing over.")
    if (host.lower(), port.lower()) == (b"no", b"one"):
        if server.following.is_on:
            server.following.unfollow()
            _log.info("MASTER MODE enabled (user request from '{who}')", who=_who(ctx))
        return OK
    if ctx.client.is_replica:
        raise RedisError("Command is not valid when client is a replica.")
    number = integer_between(port, 0, 65535, "Invalid master port")
    name = host.decode("utf-8", "surrogateescape")
    if not server.following.follow(PrimaryAddress(name, number)):
        _log.info(
            "REPLICAOF would result into synchronization with the master we are already "
            "connected with. No operation performed."
        )
        return Simple(b"OK Already connected to specified master")
    _log.info(
        "REPLICAOF {host}:{port} enabled (user request from '{who}')",
        host=host.decode("utf-8", "backslashreplace"),
        port=number,
        who=_who(ctx),
    )
    return OK


def _who(ctx: Context) -> str:
    """Return who asks, as the log names clients."""
    return client_line(ctx.client, ctx.now_ms).decode("utf-8", "backslashreplace")


@waiting_command(
    "WAIT",
    arity=3,
    since="3.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:agg_min"],
    syntax="numreplicas:integer timeout:integer",
    may_wait=True,
)
def wait(ctx: Context, numreplicas: bytes, timeout: bytes) -> Reply | Blocked:
    """Wait until so many replicas have all writes of this client; return how many have."""
    if ctx.server.following.is_on:
        raise RedisError(
            "WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
            "a replica is configured to be writable (which is not the default) writes to replicas "
            "are just local and are not propagated."
        )
    wanted = integer(numreplicas)
    timeout_ms = _timeout_ms(ctx, timeout)
    replication = ctx.server.replication
    target = _awaited(ctx)
    offset = target[0]

    def acknowledged() -> Reply:
        return replication.acknowledgements(offset)

    if replication.acknowledgements(offset) >= wanted or not ctx.may_block:
        return acknowledged()
    replication.wait(ctx.client, target)
    return Blocked((), timeout_ms, object, on_timeout=acknowledged)


@waiting_command(
    "WAITAOF",
    arity=4,
    flags=NOSCRIPT,
    since="7.2.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:agg_min"],
    syntax="numlocal:integer numreplicas:integer timeout:integer",
    may_wait=True,
)
def waitaof(ctx: Context, numlocal: bytes, numreplicas: bytes, timeout: bytes) -> Reply | Blocked:
    """Wait until all writes of this client are on disk, here and on so many replicas."""
    wants_local = integer_between(numlocal, 0, 1)
    wanted = positive_count(numreplicas)
    timeout_ms = _timeout_ms(ctx, timeout)
    replication, append_only = ctx.server.replication, ctx.server.append_only
    if ctx.server.following.is_on:
        raise RedisError(
            "WAITAOF cannot be used with replica instances. Please also note that writes to "
            "replicas are just local and are not propagated."
        )
    if wants_local and not append_only.is_on:
        raise RedisError("WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
    target = _awaited(ctx)
    offset, appended = target

    def acknowledged() -> tuple[int, int]:
        is_synced = append_only.is_on and append_only.synced_offset >= appended
        return int(is_synced), replication.acknowledgements(offset, in_file=True)

    here, there = acknowledged()
    if (here >= wants_local and there >= wanted) or not ctx.may_block:
        return [here, there]
    replication.wait(ctx.client, target)
    return Blocked((), timeout_ms, object, on_timeout=lambda: [*acknowledged()])


def _awaited(ctx: Context) -> Target:
    """Return how far replicas and the file must be: as far as the server when waiting began."""
    server = ctx.server
    target = server.replication.awaited(ctx.client)
    if target is None:
        target = server.replication.offset, server.append_only.appended_offset
    return target


def _timeout_ms(ctx: Context, argument: bytes) -> int:
    """
    Return a timeout that is given in milliseconds; 0 is for ever.

    Raises:
        RedisError: It is no integer, negative, or ends beyond time.
    """
    timeout = integer(argument, "timeout is not an integer or out of range")
    if timeout < 0:
        raise RedisError("timeout is negative")
    if timeout > INT64_MAX - ctx.now_ms:
        raise RedisError("timeout is out of range")
    return timeout
