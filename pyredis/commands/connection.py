"""Connection commands: who a client is, how it speaks, which database it uses."""

from __future__ import annotations

from pyredis.commands.clients import check_name
from pyredis.errors import RedisError, c_text, db_index_out_of_range, syntax_error, wrong_arity
from pyredis.execution.arguments import Arguments, integer_between
from pyredis.execution.authentication import DEFAULT_USER, log_in, log_out
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ALLOW_BUSY,
    FAST,
    LOADING,
    NO_AUTH,
    NOSCRIPT,
    STALE,
    Category,
)
from pyredis.execution.table import family
from pyredis.wire.replies import OK, PONG, Reply, Simple

command = family("connection", Category.CONNECTION)

_INT_MAX = 2**31 - 1

# Redis 7.2 speaks these.
_OLDEST_PROTOCOL, _NEWEST_PROTOCOL = 2, 3


@command(
    "AUTH",
    arity=-2,
    flags=NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    since="1.0.0",
    complexity="O(N) for N passwords of the user",
    history=[("6.0.0", "A user name before the password.")],
    syntax="[username@6.0.0] password",
)
def auth(ctx: Context, *options: bytes) -> Reply:
    """Log in with a password."""
    if len(options) > 2:
        raise syntax_error()
    ctx.client.redact(*range(1, len(options) + 1))
    if len(options) == 2:
        name, password = options
    else:
        name, password = DEFAULT_USER, options[0]
        if ctx.server.access.users.default.no_password:
            raise RedisError(
                "AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?"
            )
    log_in(ctx.client, name, password)
    return OK


@command(
    "ECHO",
    arity=2,
    flags=LOADING | STALE | FAST,
    since="1.0.0",
    complexity="O(1)",
    syntax="message",
)
def echo(ctx: Context, message: bytes) -> Reply:
    """Return the given message."""
    return message


@command(
    "HELLO",
    arity=-1,
    flags=NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    since="6.0.0",
    complexity="O(1)",
    history=[("6.2.0", "Without arguments: tells about the connection.")],
    syntax="[protover:integer [AUTH username password] [SETNAME clientname]]:arguments",
)
def hello(ctx: Context, *options: bytes) -> Reply:
    """Choose the protocol's version, and log in if asked to."""
    arguments = Arguments(options)
    version = None
    if arguments:
        version = arguments.take_integer("Protocol version is not an integer or out of range")
        if not _OLDEST_PROTOCOL <= version <= _NEWEST_PROTOCOL:
            raise RedisError("unsupported protocol version", code="NOPROTO")
    credentials: tuple[bytes, bytes] | None = None
    name: bytes | None = None
    while arguments:
        option = arguments.take()
        if option.upper() == b"AUTH" and arguments.left >= 2:
            word = len(options) - arguments.left + 1  # the name of the command counted
            ctx.client.redact(word, word + 1)
            credentials = (arguments.take(), arguments.take())
        elif option.upper() == b"SETNAME" and arguments:
            name = arguments.take()
            check_name(name)
        else:
            raise RedisError(b"Syntax error in HELLO option '%b'" % c_text(option))
    client = ctx.client
    if credentials is not None:
        log_in(client, *credentials)
    if not client.authenticated:
        raise RedisError(
            "HELLO must be called with the client already authenticated, otherwise the HELLO "
            "<proto> AUTH <user> <pass> option can be used to authenticate the client and "
            "select the RESP protocol version at the same time",
            code="NOAUTH",
        )
    if name is not None:
        client.name = name
    if version is not None:
        client.resp = version
    return {
        b"server": b"redis",
        b"version": str(ctx.server.fact("redis_version")).encode(),
        b"proto": client.resp,
        b"id": client.id,
        b"mode": b"cluster" if ctx.settings.cluster_enabled else b"standalone",
        b"role": b"master",
        b"modules": [module.reply() for module in ctx.server.modules],
    }


@command(
    "PING",
    arity=-1,
    flags=FAST,
    since="1.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
    syntax="[message]",
    while_subscribed=True,
    tells_health=True,
)
def ping(ctx: Context, *message: bytes) -> Reply:
    """Answer PONG, or the given message."""
    if len(message) > 1:
        raise wrong_arity("ping")
    if ctx.client.subscriptions is not None and ctx.client.is_only_listening:
        # Redis 2.8's way of telling a listening client's PONG from a message.
        return [b"pong", message[0] if message else b""]
    return message[0] if message else PONG


@command(
    "QUIT",
    arity=-1,
    flags=NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    since="1.0.0",
    complexity="O(1)",
    deprecated=("7.2.0", "closing the connection"),
    runs_in_transaction=True,
    while_subscribed=True,
)
def quit(ctx: Context, *options: bytes) -> Reply:
    """Close the connection once the reply was sent."""
    ctx.client.close()
    return OK


@command(
    "RESET",
    arity=1,
    flags=NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    since="6.2.0",
    complexity="O(1)",
    runs_in_transaction=True,
    while_subscribed=True,
)
def reset(ctx: Context) -> Reply:
    """Make the connection what it was when it was new."""
    client = ctx.client
    client.transaction = None
    ctx.server.watched.forget(client)
    ctx.server.broker.forget(client)
    ctx.server.monitors.remove(client)
    ctx.server.tracking.end(client)
    client.reset()
    log_out(client)
    return Simple(b"RESET")


@command(
    "SELECT",
    arity=2,
    flags=LOADING | STALE | FAST,
    since="1.0.0",
    complexity="O(1)",
    syntax="index",
)
def select(ctx: Context, index: bytes) -> Reply:
    """Use another database."""
    number = integer_between(index, -_INT_MAX - 1, _INT_MAX)
    if number and ctx.server.cluster.is_on:
        raise RedisError("SELECT is not allowed in cluster mode")
    if not 0 <= number < len(ctx.keyspace.databases):
        raise db_index_out_of_range()
    ctx.db = ctx.keyspace.databases[number]
    return OK
