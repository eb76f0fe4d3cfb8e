"""CLIENT: what clients say about themselves, and what others may do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyredis.errors import RedisError, c_text, syntax_error, wrong_subcommand
from pyredis.execution.arguments import Arguments, integer
from pyredis.execution.client import Client, Context
from pyredis.execution.client_lines import CLIENT_TYPES, client_line, client_type
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    STALE,
    Category,
)
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NO_REPLY, OK, Reply, Verbatim

command = family("connection", Category.CONNECTION)

container(
    "CLIENT",
    "connection",
    since="2.4.0",
    complexity="Depends on the subcommand",
)


@command(
    "CLIENT|GETNAME",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="2.6.9",
    complexity="O(1)",
)
def client_getname(ctx: Context) -> Reply:
    """Return the name of this connection."""
    return ctx.client.name or None


@command(
    "CLIENT|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def client_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("CLIENT")


@command(
    "CLIENT|ID",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def client_id(ctx: Context) -> Reply:
    """Return the id of this connection, which no other ever had."""
    return ctx.client.id


@command(
    "CLIENT|INFO",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.2.0",
    complexity="O(1)",
    tips=["nondeterministic_output"],
)
def client_info(ctx: Context) -> Reply:
    """Describe this connection as CLIENT LIST would."""
    return _lines(ctx, [ctx.client])


@command(
    "CLIENT|KILL",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.4.0",
    complexity="O(N) for N connections",
    history=[
        ("2.8.12", "Filters instead of an address."),
        ("2.8.12", "`ID`."),
        ("3.2.0", "`TYPE master`."),
        ("5.0.0", "`TYPE replica`; `slave` still means the same."),
        ("6.2.0", "`LADDR`."),
    ],
    syntax=(
        "(old-format/ip:port!2.8.12 | ([ID client-id:integer@2.8.12] | [TYPE (NORMAL | "
        "MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB):client-type@2.8.12] | "
        "[USER username] | [ADDR addr/ip:port] | [LADDR laddr/ip:port@6.2.0] | [SKIPME (YES | "
        "NO)]):new-format...):filter"
    ),
)
def client_kill(ctx: Context, *options: bytes) -> Reply:
    """Close the connection from an address, or all that pass the filters."""
    if len(options) == 1:
        address = options[0]
        killed = _kill(ctx, [lambda client: client.address.encode() == address])
        if not killed:
            raise RedisError("No such client")
        return OK
    arguments = Arguments(options)
    filters: dict[bytes, Callable[[Client], bool]] = {}
    spares_itself = True
    while arguments:
        word = arguments.take_word()
        if word == b"SKIPME":
            spares_itself = _is_yes(arguments.take_word())
        elif word in _FILTERS:
            filters[word] = _FILTERS[word](ctx, arguments.take())
        else:
            raise syntax_error()
    if spares_itself:
        filters[b"SKIPME"] = lambda client: client is not ctx.client
    return _kill(ctx, list(filters.values()))


@command(
    "CLIENT|LIST",
    arity=-2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="2.4.0",
    complexity="O(N) for N connections",
    history=[
        ("2.8.12", "The field `id`."),
        ("5.0.0", "`TYPE`."),
        ("6.0.0", "The field `user`."),
        ("6.2.0", "`ID`, and the fields `argv-mem`, `tot-mem`, `laddr` and `redir`."),
        ("7.0.0", "The fields `resp`, `multi-mem`, `rbs` and `rbp`."),
        ("7.0.3", "The field `ssub`."),
    ],
    tips=["nondeterministic_output"],
    syntax=(
        "[TYPE (NORMAL | MASTER | REPLICA | PUBSUB):client-type@5.0.0] "
        "[ID client-id:integer@6.2.0...]"
    ),
)
def client_list(ctx: Context, *options: bytes) -> Reply:
    """Describe the connections, one a line."""
    clients = list(ctx.server.clients.values())
    option = options[0].upper() if options else b""
    if option == b"TYPE" and len(options) == 2:
        wanted = _type_named(options[1])
        clients = [client for client in clients if client_type(client) == wanted]
    elif option == b"ID" and len(options) > 1:
        numbers = [integer(option, "Invalid client ID") for option in options[1:]]
        clients = [ctx.server.clients[n] for n in numbers if n in ctx.server.clients]
    elif options:
        raise syntax_error()
    return _lines(ctx, clients)


@command(
    "CLIENT|NO-EVICT",
    arity=3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="7.0.0",
    complexity="O(1)",
    syntax="(ON | OFF):enabled",
)
def client_no_evict(ctx: Context, enabled: bytes) -> Reply:
    """Spare this connection when clients take too much memory, or no longer."""
    ctx.client.no_evict = _is_on(enabled)
    return OK


@command(
    "CLIENT|NO-TOUCH",
    arity=3,
    flags=NOSCRIPT | LOADING | STALE,
    since="7.2.0",
    complexity="O(1)",
    syntax="(ON | OFF):enabled",
)
def client_no_touch(ctx: Context, enabled: bytes) -> Reply:
    """Leave the access times of keys alone when this connection uses them, or no longer."""
    ctx.client.no_touch = _is_on(enabled)
    ctx.client.refresh()
    return OK


@command(
    "CLIENT|PAUSE",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="3.0.0",
    complexity="O(1)",
    history=[("6.2.0", "`WRITE` and `ALL`.")],
    syntax="timeout:integer [WRITE | ALL]:mode@6.2.0",
)
def client_pause(ctx: Context, timeout: bytes, *options: bytes) -> Reply:
    """Let the commands of all connections wait, or only those that may change something."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "CLIENT")
    mode = options[0].upper() if options else b"ALL"
    if mode not in (b"WRITE", b"ALL"):
        raise RedisError("CLIENT PAUSE mode must be WRITE or ALL")
    milliseconds = integer(timeout, "timeout is not an integer or out of range")
    if milliseconds < 0:
        raise RedisError("timeout is negative")
    if milliseconds > INT64_MAX - ctx.now_ms:
        raise RedisError("timeout is out of range")
    ctx.server.pause.begin(ctx.now_ms + milliseconds, mode == b"ALL")
    return OK


@command(
    "CLIENT|REPLY",
    arity=3,
    flags=NOSCRIPT | LOADING | STALE,
    since="3.2.0",
    complexity="O(1)",
    syntax="(ON | OFF | SKIP):action",
)
def client_reply(ctx: Context, action: bytes) -> Reply:
    """Say whether commands are answered: all, none, or all but the next."""
    client = ctx.client
    action = action.upper()
    if action == b"ON":
        client.reply_mode = "on"
    elif action == b"OFF":
        client.reply_mode = "off"
    elif action != b"SKIP":
        raise syntax_error()
    elif client.reply_mode != "off":
        client.reply_mode = "skip next"
    client.refresh()
    return OK if action == b"ON" else NO_REPLY


@command(
    "CLIENT|SETINFO",
    arity=4,
    flags=NOSCRIPT | LOADING | STALE,
    since="7.2.0",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="(LIB-NAME libname | LIB-VER libver):attr",
)
def client_setinfo(ctx: Context, attribute: bytes, value: bytes) -> Reply:
    """Tell which library in which version uses this connection."""
    word = attribute.upper()
    if word not in (b"LIB-NAME", b"LIB-VER"):
        raise RedisError(b"Unrecognized option '%b'" % c_text(attribute))
    if not _is_printable(value):
        raise RedisError(
            b"%b cannot contain spaces, newlines or special characters." % c_text(attribute)
        )
    if word == b"LIB-NAME":
        ctx.client.library_name = value
    else:
        ctx.client.library_version = value
    return OK


@command(
    "CLIENT|SETNAME",
    arity=3,
    flags=NOSCRIPT | LOADING | STALE,
    since="2.6.9",
    complexity="O(1)",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="connection-name",
)
def client_setname(ctx: Context, connection_name: bytes) -> Reply:
    """Give this connection a name, or none if it is empty."""
    check_name(connection_name)
    ctx.client.name = connection_name
    return OK


@command(
    "CLIENT|UNBLOCK",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="5.0.0",
    complexity="O(log(N)) for N connections",
    syntax="client-id:integer [TIMEOUT | ERROR]:unblock-type",
)
def client_unblock(ctx: Context, client_id: bytes, *options: bytes) -> Reply:
    """End the waiting of a connection as if its time had run out, or with an error."""
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "CLIENT")
    reason = options[0].upper() if options else b"TIMEOUT"
    if reason not in (b"TIMEOUT", b"ERROR"):
        raise RedisError("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    client = ctx.server.clients.get(integer(client_id))
    if client is None:
        return 0
    room = ctx.server.waiting_room
    if reason == b"TIMEOUT":
        return int(room.release(client))
    error = RedisError("client unblocked via CLIENT UNBLOCK", code="UNBLOCKED")
    return int(room.release_with_error(client, error))


@command(
    "CLIENT|UNPAUSE",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.2.0",
    complexity="O(N) for N paused clients",
)
def client_unpause(ctx: Context) -> Reply:
    """End a pause, and run what waits for its end."""
    ctx.server.pause.end()
    return OK


def check_name(name: bytes) -> None:
    """
    Refuse a name that would break the lines of CLIENT LIST.

    Raises:
        RedisError: It would.
    """
    if not _is_printable(name):
        raise RedisError("Client names cannot contain spaces, newlines or special characters.")


def _is_printable(value: bytes) -> bool:
    """Tell whether a value has printable ASCII only and no blank; Redis ends it at a NUL."""
    return all(33 <= byte <= 126 for byte in value.partition(b"\0")[0])


def _is_on(word: bytes) -> bool:
    word = word.upper()
    if word not in (b"ON", b"OFF"):
        raise syntax_error()
    return word == b"ON"


def _is_yes(word: bytes) -> bool:
    if word not in (b"YES", b"NO"):
        raise syntax_error()
    return word == b"YES"


def _lines(ctx: Context, clients: Iterable[Client]) -> Reply:
    return Verbatim(b"".join(client_line(client, ctx.now_ms) + b"\n" for client in clients))


def _type_named(word: bytes) -> str:
    try:
        return CLIENT_TYPES[word.lower()]
    except KeyError:
        raise RedisError(b"Unknown client type '%b'" % c_text(word)) from None


def _kill(ctx: Context, filters: list[Callable[[Client], bool]]) -> int:
    """Close the connections that pass all filters, this one after its reply; count them."""
    doomed = [
        client
        for client in ctx.server.clients.values()
        if all(passes(client) for passes in filters)
    ]
    for client in doomed:
        ctx.server.hang_up(client)
    return len(doomed)


def _by_id(ctx: Context, value: bytes) -> Callable[[Client], bool]:
    error = "client-id should be greater than 0"
    number = integer(value, error)
    if not 1 <= number <= INT64_MAX:
        raise RedisError(error)
    return lambda client: client.id == number


def _by_type(ctx: Context, value: bytes) -> Callable[[Client], bool]:
    wanted = _type_named(value)
    return lambda client: client_type(client) == wanted


def _by_user(ctx: Context, value: bytes) -> Callable[[Client], bool]:
    user = ctx.server.access.users.find(value)
    if user is None:
        raise RedisError(b"No such user '%b'" % c_text(value))
    return lambda client: client.user is user


def _by_address(ctx: Context, value: bytes) -> Callable[[Client], bool]:
    return lambda client: client.address.encode() == value


def _by_local_address(ctx: Context, value: bytes) -> Callable[[Client], bool]:
    return lambda client: client.local_address.encode() == value


_FILTERS: dict[bytes, Callable[[Context, bytes], Callable[[Client], bool]]] = {
    b"ID": _by_id,
    b"TYPE": _by_type,
    b"USER": _by_user,
    b"ADDR": _by_address,
    b"LADDR": _by_local_address,
}
