"""
What SCAN, HSCAN, SSCAN and ZSCAN have in common: the cursor and the options.

The collections behind a key are looked up between the two, as Redis does: a
wrong cursor is refused first, and nobody reads the options of a scan of a key
that does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments
from pyredis.primitives.numbers import parse_unsigned
from pyredis.primitives.patterns import Matcher, compile_glob
from pyredis.wire.replies import Reply


class ScanOptions(NamedTuple):
    """
    How to scan.

    Attributes:
        effort: COUNT, how much to look at in one call.
        matches: Tells whether a name matches MATCH; None if all do.
        type_name: TYPE as it was given; None for all types.
    """

    effort: int
    matches: Matcher | None
    type_name: bytes | None


_NO_OPTIONS = ScanOptions(10, None, None)


def read_cursor(argument: bytes) -> int:
    """
    Return a cursor.

    Raises:
        RedisError: It is no unsigned 64-bit integer.
    """
    try:
        return parse_unsigned(argument)
    except ValueError:
        raise RedisError("invalid cursor") from None


def read_scan_options(words: Sequence[bytes], *, takes_type: bool = False) -> ScanOptions:
    """
    Read what stands behind the cursor.

    Args:
        words: The options.
        takes_type: TYPE is one of them (SCAN alone).

    Raises:
        RedisError: One is unknown, lacks its argument, or has a wrong one.
    """
    if not words:
        return _NO_OPTIONS
    effort, matches, type_name = _NO_OPTIONS
    arguments = Arguments(words)
    while arguments.left > 1:
        option = arguments.take_word()
        if option == b"COUNT":
            effort = arguments.take_integer()
            if effort < 1:
                raise syntax_error()
        elif option == b"MATCH":
            pattern = arguments.take()
            matches = None if pattern == b"*" else compile_glob(pattern)
        elif option == b"TYPE" and takes_type:
            type_name = arguments.take()
        else:
            raise syntax_error()
    if arguments:
        raise syntax_error()
    return ScanOptions(effort, matches, type_name)


def scan_reply(cursor: int, items: list[bytes]) -> Reply:
    """Return the reply of one call: the next cursor, and what was found."""
    return [b"%d" % cursor, items]  # type: ignore[list-item]  # a list of bytes is a reply
