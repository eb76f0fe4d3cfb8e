"""
HELP of a container, made of what is declared about its subcommands.

So a subcommand needs no line of help anywhere: its syntax and the first line of
its docstring are the help.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from pyredis.execution.syntax import parse_syntax, syntax_line
from pyredis.execution.table import declared_commands
from pyredis.wire.replies import Reply, Simple

_WIDTH = 80


def help_of(name: str) -> Reply:
    """
    Return what HELP of a container answers.

    Args:
        name: The container's, such as ``CLIENT``.
    """
    subcommands = declared_commands()[name].subcommands.items()
    return help_reply(
        name, ((sub, each.syntax, each.summary) for sub, each in subcommands if sub != "HELP")
    )


def help_reply(name: str, subcommands: Iterable[tuple[str, str, str]]) -> Reply:
    """
    Return a help of subcommands that need not be declared in the table.

    Args:
        name: The command's, in capitals.
        subcommands: Name, syntax and summary of each.
    """
    lines = [f"{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for subcommand, syntax, summary in sorted(subcommands):
        usage = syntax_line(subcommand, parse_syntax(syntax))
        indent = " " * (len(subcommand) + 1)
        lines += textwrap.wrap(usage, _WIDTH, subsequent_indent=indent, break_long_words=False)
        lines += textwrap.wrap(
            f"{summary}.", _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    lines += ["HELP", "    Print this help."]
    return [Simple(line.encode()) for line in lines]
