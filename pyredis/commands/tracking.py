"""CLIENT TRACKING and its kin: help for clients that cache what they read."""

from __future__ import annotations

import pyredis.commands.clients  # noqa: F401 - declares the container
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Client, Context
from pyredis.execution.flags import LOADING, NOSCRIPT, STALE, Category
from pyredis.execution.table import family
from pyredis.execution.tracking import TrackingState
from pyredis.wire.replies import OK, Reply, SetReply

command = family("connection", Category.CONNECTION)


@command(
    "CLIENT|CACHING",
    arity=3,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
    syntax="(YES | NO):mode",
)
def client_caching(ctx: Context, mode: bytes) -> Reply:
    """Say whether the keys of the next command are to be tracked."""
    state = ctx.client.tracking
    if state is None:
        raise RedisError(
            "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
            "OPTOUT mode enabled"
        )
    mode = mode.upper()
    if mode not in (b"YES", b"NO"):
        raise syntax_error()
    if mode == b"YES" and not state.opts_in:
        raise RedisError("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
    if mode == b"NO" and not state.opts_out:
        raise RedisError("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    # No subcommand of CLIENT is the next command that was meant.
    container = ctx.server.table.find(ctx.client.argv[0])
    state.caching = frozenset(container.subcommands.values() if container else ())
    return OK


@command(
    "CLIENT|GETREDIR",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1)",
)
def client_getredir(ctx: Context) -> Reply:
    """Return the id of the client that is told in place of this one: 0 for none, -1 untracked."""
    return _redirect_of(ctx.client)


@command(
    "CLIENT|TRACKING",
    arity=-3,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.0.0",
    complexity="O(1), O(N) for N prefixes",
    syntax=(
        "(ON | OFF):status [REDIRECT client-id:integer] [PREFIX prefix]... "
        "[BCAST] [OPTIN] [OPTOUT] [NOLOOP]"
    ),
)
def client_tracking(ctx: Context, status: bytes, *options: bytes) -> Reply:
    """Have this connection told when keys change that it has read, or no longer."""
    wanted, prefixes = _options(ctx, options)
    status = status.upper()
    if status == b"ON":
        _check(ctx.client.tracking, wanted, prefixes)
        ctx.server.tracking.begin(ctx.client, wanted, prefixes)
    elif status == b"OFF":
        ctx.server.tracking.end(ctx.client)
    else:
        raise syntax_error()
    return OK


@command(
    "CLIENT|TRACKINGINFO",
    arity=2,
    flags=NOSCRIPT | LOADING | STALE,
    since="6.2.0",
    complexity="O(1)",
)
def client_trackinginfo(ctx: Context) -> Reply:
    """Tell how this connection tracks."""
    state = ctx.client.tracking
    return {
        b"flags": SetReply(state.flags() if state else [b"off"]),
        b"redirect": _redirect_of(ctx.client),
        b"prefixes": list[Reply](sorted(state.prefixes)) if state else [],
    }


def _redirect_of(client: Client) -> int:
    return -1 if client.tracking is None else client.tracking.redirect


def _options(ctx: Context, options: tuple[bytes, ...]) -> tuple[TrackingState, list[bytes]]:
    """Return what the options of CLIENT TRACKING ask for, and the prefixes apart."""
    wanted = TrackingState()
    prefixes: list[bytes] = []
    arguments = Arguments(options)
    while arguments:
        word = arguments.take_word()
        if word == b"REDIRECT" and arguments:
            if wanted.redirect:
                raise RedisError("A client can only redirect to a single other client")
            wanted.redirect = arguments.take_integer()
            if wanted.redirect not in ctx.server.clients:
                raise RedisError("The client ID you want redirect to does not exist")
        elif word == b"PREFIX" and arguments:
            prefixes.append(arguments.take())
        elif word == b"BCAST":
            wanted.broadcasts = True
        elif word == b"OPTIN":
            wanted.opts_in = True
        elif word == b"OPTOUT":
            wanted.opts_out = True
        elif word == b"NOLOOP":
            wanted.skips_own = True
        else:
            raise syntax_error()
    return wanted, prefixes


def _check(now: TrackingState | None, wanted: TrackingState, prefixes: list[bytes]) -> None:
    """
    Refuse options that do not go together, or not with how the client tracks now.

    Raises:
        RedisError: They do not.
    """
    if prefixes and not wanted.broadcasts:
        raise RedisError("PREFIX option requires BCAST mode to be enabled")
    if now is not None and now.broadcasts != wanted.broadcasts:
        raise RedisError(
            "You can't switch BCAST mode on/off before disabling tracking for this client, and "
            "then re-enabling it with a different mode."
        )
    if wanted.broadcasts and (wanted.opts_in or wanted.opts_out):
        raise RedisError("OPTIN and OPTOUT are not compatible with BCAST")
    if wanted.opts_in and wanted.opts_out:
        raise RedisError("You can't specify both OPTIN mode and OPTOUT mode")
    if now is not None and ((wanted.opts_in and now.opts_out) or (wanted.opts_out and now.opts_in)):
        raise RedisError(
            "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
            "then re-enabling it with a different mode."
        )
    if wanted.broadcasts:
        (now or wanted).check_prefixes(prefixes)
