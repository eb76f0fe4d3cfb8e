"""Access control: who may log in, and what each user may run and touch."""

from __future__ import annotations

from pyredis.acl.files import AclFileError
from pyredis.acl.log import LogEntry
from pyredis.acl.rules import UnmatchedParenthesis, has_spaces
from pyredis.acl.selectors import Reason, Selector
from pyredis.acl.users import DEFAULT_USER, RefusedRule
from pyredis.errors import RedisError, c_text, wrong_subcommand
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NOSCRIPT,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.permissions import denial_text
from pyredis.execution.table import check_arity, container, family
from pyredis.wire.replies import OK, Double, Reply, SetReply

command = family("server")

_MAX_PASSWORD_BITS = 4096
_PASSWORD_BITS = 256
_ENTRIES_SHOWN = 10

_REASONS = {
    Reason.COMMAND: b"command",
    Reason.KEY: b"key",
    Reason.CHANNEL: b"channel",
    Reason.AUTH: b"auth",
}


container(
    "ACL",
    "server",
    since="6.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "ACL|CAT",
    arity=-2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
    syntax="[category]",
)
def acl_cat(ctx: Context, *options: bytes) -> Reply:
    """List the categories, or the commands in one."""
    _check_one_option(ctx, options)
    catalogue = ctx.server.access.rulebook.catalogue
    if not options:
        return [name.encode() for name in catalogue.categories]
    category = c_text(options[0])
    names = catalogue.listed_in(category.lower().decode("latin-1"))
    if names is None:
        raise RedisError(b"Unknown category '%b'" % category[:128])
    return [name.encode() for name in names]


@command(
    "ACL|DELUSER",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1) amortized",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="username...",
)
def acl_deluser(ctx: Context, *usernames: bytes) -> Reply:
    """Delete users and hang up on their clients."""
    if any(c_text(name) == DEFAULT_USER for name in usernames):
        raise RedisError("The 'default' user cannot be removed")
    return sum(ctx.server.access.delete_user(name) for name in usernames)


@command(
    "ACL|DRYRUN",
    arity=-4,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="7.0.0",
    complexity="O(1)",
    syntax="username command [arg...]",
)
def acl_dryrun(ctx: Context, username: bytes, command: bytes, *args: bytes) -> Reply:
    """Tell whether a user may run a command, without running it."""
    user = ctx.server.access.users.find(username)
    if user is None:
        raise RedisError(b"User '%b' not found" % c_text(username))
    argv = (command, *args)
    try:
        found = ctx.server.table.resolve(argv)
    except RedisError:
        raise RedisError(b"Command '%b' not found" % c_text(command)) from None
    check_arity(found, argv)
    denial = user.denial(ctx.server.access.request(found, argv))
    if denial is None:
        return OK
    return denial_text(denial, user, found, argv, verbose=True)


@command(
    "ACL|GENPASS",
    arity=-2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
    syntax="[bits:integer]",
)
def acl_genpass(ctx: Context, *options: bytes) -> Reply:
    """Make up a password that nobody can guess."""
    _check_one_option(ctx, options)
    bits = integer(options[0]) if options else _PASSWORD_BITS
    if not 0 < bits <= _MAX_PASSWORD_BITS:
        raise RedisError(
            "ACL GENPASS argument must be the number of bits for the output password, a positive "
            f"number up to {_MAX_PASSWORD_BITS}"
        )
    digits = (bits + 3) // 4
    return ctx.server.entropy((digits + 1) // 2).hex()[:digits].encode()


@command(
    "ACL|GETUSER",
    arity=3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N rules of the user",
    history=[
        ("6.2.0", "Channel patterns."),
        ("7.0.0", "Selectors; keys and channels are shown as rules."),
    ],
    syntax="username",
)
def acl_getuser(ctx: Context, username: bytes) -> Reply:
    """Show the rules of one user."""
    user = ctx.server.access.users.find(username)
    if user is None:
        return None
    return {
        b"flags": SetReply(user.flags()),
        b"passwords": list(user.passwords),
        **_shown(user.root),
        b"selectors": [_shown(selector) for selector in user.selectors[1:]],
    }


@command(
    "ACL|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
)
def acl_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("ACL")


@command(
    "ACL|LIST",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N users",
)
def acl_list(ctx: Context) -> Reply:
    """Show all users as an ACL file has them."""
    return [user.line() for user in ctx.server.access.users]


@command(
    "ACL|LOAD",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N users",
)
def acl_load(ctx: Context) -> Reply:
    """Put the users of the ACL file in place of all."""
    path = _acl_file(ctx)
    try:
        text = ctx.server.host.read_acl_file()
    except OSError as error:
        raise RedisError(
            f"Error loading ACLs, opening file '{path}': {error.strerror}".encode(
                "utf-8", "surrogateescape"
            )
        ) from None
    try:
        ctx.server.access.load(text, path)
    except AclFileError as error:
        raise RedisError(str(error).encode("utf-8", "surrogateescape")) from None
    return OK


@command(
    "ACL|LOG",
    arity=-2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N entries shown",
    history=[
        ("7.2.0", "Entries have an id and the times of their creation and last update."),
    ],
    syntax="[count | RESET]:operation",
)
def acl_log(ctx: Context, *options: bytes) -> Reply:
    """Show what was denied lately, or forget it."""
    _check_one_option(ctx, options)
    log = ctx.server.access.log
    if options and c_text(options[0]).upper() == b"RESET":
        log.clear()
        return OK
    count = integer(options[0]) if options else _ENTRIES_SHOWN
    return [_log_entry(entry, ctx.now_ms) for entry in log.newest(min(max(count, 0), len(log)))]


@command(
    "ACL|SAVE",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N users",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def acl_save(ctx: Context) -> Reply:
    """Write all users to the ACL file."""
    _acl_file(ctx)
    if not ctx.server.host.write_acl_file(ctx.server.access.text()):
        raise RedisError(
            "There was an error trying to save the ACLs. Please check the server logs for more "
            "information"
        )
    return OK


@command(
    "ACL|SETUSER",
    arity=-3,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N rules",
    history=[
        ("6.2.0", "Channel patterns."),
        ("7.0.0", "Selectors, and permissions for keys."),
    ],
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
    syntax="username [rule...]",
)
def acl_setuser(ctx: Context, username: bytes, *rules: bytes) -> Reply:
    """Make or change a user by rules, by all of them or none."""
    ctx.client.redact(*range(2, len(ctx.client.argv)))
    if has_spaces(username):
        raise RedisError("Usernames can't contain spaces or null characters")
    try:
        ctx.server.access.set_user(username, rules)
    except UnmatchedParenthesis as error:
        raise RedisError(
            b"Unmatched parenthesis in acl selector starting at '%b'." % c_text(error.rule)
        ) from None
    except RefusedRule as error:
        raise RedisError(
            b"Error in ACL SETUSER modifier '%b': %b" % (c_text(error.rule), str(error).encode())
        ) from None
    return OK


@command(
    "ACL|USERS",
    arity=2,
    flags=ADMIN | NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(N) for N users",
)
def acl_users(ctx: Context) -> Reply:
    """List the names of all users."""
    return [user.name for user in ctx.server.access.users]


@command(
    "ACL|WHOAMI",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
)
def acl_whoami(ctx: Context) -> Reply:
    """Return the name of the user who asks."""
    return ctx.client.user.name


def _check_one_option(ctx: Context, options: tuple[bytes, ...]) -> None:
    if len(options) > 1:
        raise wrong_subcommand(ctx.client.argv[1], "ACL")


def _acl_file(ctx: Context) -> str:
    """
    Return the path of the ACL file.

    Raises:
        RedisError: None is configured.
    """
    path: str = ctx.settings.aclfile
    if not path:
        raise RedisError(
            "This Redis instance is not configured to use an ACL file. You may want to specify "
            "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have "
            "a Redis configuration file set) in order to store users in the Redis configuration."
        )
    return path


def _shown(selector: Selector) -> dict[Reply, Reply]:
    return {
        b"commands": selector.describe_commands(),
        b"keys": selector.describe_keys(),
        b"channels": selector.describe_channels(),
    }


def _log_entry(entry: LogEntry, now_ms: int) -> Reply:
    return {
        b"count": entry.count,
        b"reason": _REASONS[entry.reason],
        b"context": entry.where.value,
        b"object": entry.what,
        b"username": entry.user_name,
        b"age-seconds": Double((now_ms - entry.updated_ms) / 1000),
        b"client-info": entry.client,
        b"entry-id": entry.number,
        b"timestamp-created": entry.created_ms,
        b"timestamp-last-updated": entry.updated_ms,
    }
