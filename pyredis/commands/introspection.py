"""COMMAND: the command table, told to clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from pyredis.errors import RedisError, syntax_error
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    LOADING,
    MODULE,
    NO_MANDATORY_KEYS,
    STALE,
    SYSCMD,
    Category,
    access_names,
    category_names,
    find_category,
    wire_names,
)
from pyredis.execution.help import help_of
from pyredis.execution.key_specs import FoundKey, find_keys_and_access, has_keys, legacy_range
from pyredis.execution.syntax import parse_syntax
from pyredis.execution.table import Command, Declaration, family
from pyredis.primitives.patterns import compile_glob
from pyredis.wire.replies import Reply, SetReply, Simple

command = family("server")


@command(
    "COMMAND",
    arity=-1,
    flags=LOADING | STALE,
    since="2.8.13",
    complexity="O(N) for N commands of the server",
    categories=Category.CONNECTION,
    tips=["nondeterministic_output_order"],
)
def command_(ctx: Context, *options: bytes) -> Reply:
    """Describe all commands."""
    return [_info(each) for each in ctx.server.table]


@command(
    "COMMAND|COUNT",
    arity=2,
    flags=LOADING | STALE,
    since="2.8.13",
    complexity="O(1)",
    categories=Category.CONNECTION,
)
def command_count(ctx: Context) -> Reply:
    """Return how many commands there are."""
    return len(ctx.server.table.commands)


@command(
    "COMMAND|DOCS",
    arity=-2,
    flags=LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N commands asked for",
    categories=Category.CONNECTION,
    tips=["nondeterministic_output_order"],
    syntax="[command-name...]",
)
def command_docs(ctx: Context, *command_names: bytes) -> Reply:
    """Document commands, or all of them."""
    return {
        each.display_name.encode(): _document(each.declaration)
        for each in _named(ctx, command_names)
        if each is not None
    }


@command(
    "COMMAND|GETKEYS",
    arity=-3,
    flags=LOADING | STALE,
    since="2.8.13",
    complexity="O(N) for N arguments",
    categories=Category.CONNECTION,
    syntax="command [arg...]",
)
def command_getkeys(ctx: Context, name: bytes, *args: bytes) -> Reply:
    """Return the keys of a request."""
    argv = (name, *args)
    return [argv[index] for index, _ in _keys(ctx, argv)]


@command(
    "COMMAND|GETKEYSANDFLAGS",
    arity=-3,
    flags=LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N arguments",
    categories=Category.CONNECTION,
    syntax="command [arg...]",
)
def command_getkeysandflags(ctx: Context, name: bytes, *args: bytes) -> Reply:
    """Return the keys of a request and what it does with each."""
    argv = (name, *args)
    return [[argv[index], _statuses(access_names(access))] for index, access in _keys(ctx, argv)]


@command(
    "COMMAND|HELP",
    arity=2,
    flags=LOADING | STALE,
    since="5.0.0",
    complexity="O(1)",
    categories=Category.CONNECTION,
)
def command_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_of("COMMAND")


@command(
    "COMMAND|INFO",
    arity=-2,
    flags=LOADING | STALE,
    since="2.8.13",
    complexity="O(N) for N commands asked for",
    categories=Category.CONNECTION,
    history=[("7.0.0", "Without arguments: all commands.")],
    tips=["nondeterministic_output_order"],
    syntax="[command-name...]",
)
def command_info(ctx: Context, *command_names: bytes) -> Reply:
    """Describe commands, or all of them."""
    return [None if each is None else _info(each) for each in _named(ctx, command_names)]


@command(
    "COMMAND|LIST",
    arity=-2,
    flags=LOADING | STALE,
    since="7.0.0",
    complexity="O(N) for N commands of the server",
    categories=Category.CONNECTION,
    tips=["nondeterministic_output_order"],
    syntax="[FILTERBY (MODULE module-name | ACLCAT category | PATTERN pattern)]",
)
def command_list(ctx: Context, *options: bytes) -> Reply:
    """Return the names of all commands and subcommands, or of those that pass a filter."""
    passes: Callable[[Declaration], bool] = lambda declaration: True  # noqa: E731
    if options:
        if len(options) != 3 or options[0].upper() != b"FILTERBY":
            raise syntax_error()
        make_filter = _LIST_FILTERS.get(options[1].upper())
        if make_filter is None:
            raise syntax_error()
        passes = make_filter(options[2])
    return [
        each.display_name.encode() for each in _with_subcommands(ctx) if passes(each.declaration)
    ]


def _named(ctx: Context, names: Sequence[bytes]) -> Iterable[Command | None]:
    table = ctx.server.table
    return [table.lookup(name) for name in names] if names else table


def _with_subcommands(ctx: Context) -> Iterator[Command]:
    for each in ctx.server.table:
        yield each
        yield from each.subcommands.values()


# COMMAND INFO


def _info(each: Command) -> Reply:
    """Describe a command as COMMAND INFO does."""
    declaration = each.declaration
    first, last, step = legacy_range(declaration.key_specs)
    subcommands = [_info(subcommand) for subcommand in each.subcommands.values()]
    return [
        each.display_name.encode(),
        each.arity,
        _statuses(wire_names(declaration.flags)),
        first,
        last,
        step,
        _statuses(category_names(declaration.categories)),
        SetReply(tip.encode() for tip in declaration.tips),
        SetReply(_map(spec.reply()) for spec in declaration.key_specs),
        # A set if there are none, an array if there are: such is Redis.
        subcommands or SetReply(),
    ]


def _statuses(names: Iterable[str]) -> SetReply:
    return SetReply(Simple(name.encode()) for name in names)


def _map(described: dict[str, Any]) -> Reply:
    """Turn a description in Python's words into a reply."""
    return {
        name.encode(): _statuses(value) if name == "flags" else _value(value)
        for name, value in described.items()
    }


def _value(value: Any) -> Reply:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list):
        return [_value(member) for member in value]
    number: int = value
    return number


# COMMAND DOCS


def _document(declaration: Declaration) -> Reply:
    """Document a command as COMMAND DOCS does."""
    document: dict[str, Any] = {}
    if declaration.summary:
        document["summary"] = declaration.summary
    document["since"] = declaration.since
    document["group"] = declaration.group
    if declaration.complexity:
        document["complexity"] = declaration.complexity
    if MODULE in declaration.flags and declaration.body is not None:
        document["module"] = declaration.body.__module__
    reply = {name.encode(): _value(value) for name, value in document.items()}
    flags = ["deprecated"] if declaration.deprecated else []
    flags += ["syscmd"] if SYSCMD in declaration.flags else []
    if flags:
        reply[b"doc_flags"] = _statuses(flags)
    if declaration.deprecated:
        since, replaced_by = declaration.deprecated
        reply[b"deprecated_since"] = since.encode()
        reply[b"replaced_by"] = replaced_by.encode()
    if declaration.history:
        reply[b"history"] = SetReply(
            [since.encode(), change.encode()] for since, change in declaration.history
        )
    arguments = _arguments(declaration.syntax)
    if arguments:
        reply[b"arguments"] = arguments
    if declaration.subcommands:
        reply[b"subcommands"] = {
            each.display_name.encode(): _document(each) for each in declaration.subcommands.values()
        }
    return reply  # type: ignore[return-value]


@cache
def _arguments(syntax: str) -> list[Reply]:
    """Describe the arguments of a line of syntax; redis-cli asks for all whenever it starts."""
    return [_map(argument.reply()) for argument in parse_syntax(syntax)]


# COMMAND GETKEYS


def _keys(ctx: Context, argv: Sequence[bytes]) -> Sequence[FoundKey]:
    """
    Find the keys of a request.

    Raises:
        RedisError: It is none, or has no keys.
    """
    try:
        each = ctx.server.table.resolve(argv)
    except RedisError:
        raise RedisError("Invalid command specified") from None
    if not has_keys(each.key_specs):
        raise RedisError("The command has no key arguments")
    if not each.minimum <= len(argv) <= each.maximum:
        raise RedisError("Invalid number of arguments specified for command")
    found = find_keys_and_access(each.key_specs, argv)
    if not found and NO_MANDATORY_KEYS not in each.flags:
        raise RedisError("Invalid arguments specified for command")
    return found


# COMMAND LIST FILTERBY


def _of_module(name: bytes) -> Callable[[Declaration], bool]:
    prefix = name.decode("utf-8", "surrogateescape") + "."

    def passes(declaration: Declaration) -> bool:
        body = declaration.body
        return (
            MODULE in declaration.flags
            and body is not None
            and (body.__module__ + ".").startswith(prefix)
        )

    return passes


def _of_category(name: bytes) -> Callable[[Declaration], bool]:
    category = find_category(name.decode("latin-1"))
    if category is None:
        return lambda declaration: False
    return lambda declaration: bool(declaration.categories & category)


def _matching(pattern: bytes) -> Callable[[Declaration], bool]:
    matches = compile_glob(pattern, ignore_case=True)
    return lambda declaration: matches(declaration.display_name.encode())


_LIST_FILTERS: dict[bytes, Callable[[bytes], Callable[[Declaration], bool]]] = {
    b"MODULE": _of_module,
    b"ACLCAT": _of_category,
    b"PATTERN": _matching,
}
