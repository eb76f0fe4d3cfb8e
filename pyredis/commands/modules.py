"""
Modules of users: Python modules that declare commands (see ``loadmodule``).

A module takes no arguments and has no parameters, so what Redis would pass on
to it is refused.
"""

from __future__ import annotations

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    LOADING,
    NO_ASYNC_LOADING,
    NOSCRIPT,
    PROTECTED,
    STALE,
)
from pyredis.execution.help import help_of
from pyredis.execution.table import container, family
from pyredis.wire.replies import OK, Reply

command = family("server")

_log = Logger()


container(
    "MODULE",
    "server",
    since="4.0.0",
    complexity="Depends on the subcommand",
)


@command(
    "MODULE|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
)
def module_help(ctx: Context) -> Reply:
    """Describe the subcommands of MODULE."""
    return help_of("MODULE")


@command(
    "MODULE|LIST",
    arity=2,
    flags=ADMIN | NOSCRIPT,
    since="4.0.0",
    complexity="O(N) for N modules",
    tips=["nondeterministic_output_order"],
)
def module_list(ctx: Context) -> Reply:
    """Return the modules that are loaded."""
    return [module.reply() for module in ctx.server.modules]


@command(
    "MODULE|LOAD",
    arity=-3,
    flags=ADMIN | NOSCRIPT | PROTECTED | NO_ASYNC_LOADING,
    since="4.0.0",
    complexity="O(1)",
    syntax="path [arg...]",
)
def module_load(ctx: Context, path: bytes, *args: bytes) -> Reply:
    """Load a module: serve the commands that a Python module declares."""
    return _load(ctx, path, len(args))


@command(
    "MODULE|LOADEX",
    arity=-3,
    flags=ADMIN | NOSCRIPT | PROTECTED | NO_ASYNC_LOADING,
    since="7.0.0",
    complexity="O(1)",
    syntax="path [CONFIG name value]:configs... [ARGS args...]",
)
def module_loadex(ctx: Context, path: bytes, *options: bytes) -> Reply:
    """Load a module, with parameters and arguments for those that take any."""
    arguments = Arguments(options)
    refused = 0
    while arguments:
        word = arguments.take_word()
        if word == b"ARGS":
            refused += len(arguments.take_rest())
        elif word == b"CONFIG" and arguments.left >= 2:
            arguments.take()
            arguments.take()
            refused += 1
        else:
            raise _cannot_load()
    return _load(ctx, path, refused)


@command(
    "MODULE|UNLOAD",
    arity=3,
    flags=ADMIN | NOSCRIPT | PROTECTED | NO_ASYNC_LOADING,
    since="4.0.0",
    complexity="O(1)",
    syntax="name",
)
def module_unload(ctx: Context, name: bytes) -> Reply:
    """Unload a module: serve its commands no longer."""
    server = ctx.server
    module = next((m for m in server.modules if m.name.encode() == name), None)
    if module is None:
        raise RedisError("Error unloading module: no such module with that name")
    for command_name, record in list(server.table.commands.items()):
        body = record.declaration.body
        if body is not None and f"{body.__module__}.".startswith(f"{module.name}."):
            server.table.remove(command_name)
    server.modules.remove(module)
    _log.info("Module '{name}' unloaded", name=module.name)
    return OK


def _load(ctx: Context, path: bytes, arguments: int) -> Reply:
    """Load a module by its dotted name; ``arguments`` are too many if there are any."""
    name = path.decode("utf-8", "replace")
    try:
        if arguments:
            raise ValueError("it takes no arguments")
        ctx.server.host.load_module(name)
    except Exception as error:
        # Importing runs a user's code: whatever goes wrong there is for the log.
        _log.warn("Can't load module {name}: {error}", name=name, error=error)
        raise _cannot_load() from None
    return OK


def _cannot_load() -> RedisError:
    """A module that is not there, or does not do what it should."""
    return RedisError("Error loading the extension. Please check the server logs.")
