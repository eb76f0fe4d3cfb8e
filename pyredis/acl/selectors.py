"""
A selector: one set of permissions for commands, keys and channels.

A user has at least one, the root selector, and may do what any one of them
permits in full. The rules that made a selector are kept in order, so that it
can be described as it was made; what they came to is kept beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol

from pyredis.primitives.patterns import Matcher, compile_glob

READ = 1
WRITE = 2
_SIGNS = {READ: b"%R~", WRITE: b"%W~", READ | WRITE: b"~"}


class Reason(IntEnum):
    """Why something was denied; of several reasons the greater is told."""

    COMMAND = 1
    KEY = 2
    AUTH = 3
    CHANNEL = 4


class Denial(NamedTuple):
    """A refusal, and the position of the word that caused it."""

    reason: Reason
    position: int


class Request(Protocol):
    """A request as far as permissions go."""

    name: str
    """The command's whole name."""
    is_free: bool
    """Whether every user may run the command (AUTH, for one)."""
    argv: Sequence[bytes]

    def find_keys(self) -> Sequence[tuple[int, int]]:
        """Return the index of each key, and what is done with it (:data:`READ`, :data:`WRITE`)."""

    def find_channels(self) -> Sequence[tuple[int, bool]]:
        """Return the index of each channel that is used, and whether it is a pattern."""


class Selector:
    """
    One set of permissions.

    Attributes:
        all_keys: No key needs a pattern; the same holds for ``all_channels``.
        all_commands: No command needs a look at ``allowed``.
        future: Made by leaving out of all commands: those of modules loaded
            later are allowed.
        allowed: Whole names of commands.
        first_arguments: Lower-case first arguments that make a command allowed.
        keys: What may be done with the keys that match a pattern.
        channels: Patterns of channels.
        rules: The rules for commands and categories since all or none were
            allowed, ``+get`` for one, none twice.
    """

    __slots__ = (
        "_key_matchers",
        "all_channels",
        "all_commands",
        "all_keys",
        "allowed",
        "channels",
        "first_arguments",
        "future",
        "keys",
        "rules",
    )

    def __init__(self, all_channels: bool = False) -> None:
        self.all_keys = False
        self.all_channels = all_channels
        self.all_commands = False
        self.future = False
        self.allowed: set[str] = set()
        self.first_arguments: dict[str, dict[bytes, None]] = {}
        self.keys: dict[bytes, int] = {}
        self.channels: dict[bytes, None] = {}
        self.rules: list[bytes] = []
        self._key_matchers: list[tuple[Matcher, int]] | None = None

    def copy(self) -> Selector:
        """Return an equal selector that shares nothing with this one."""
        other = Selector(self.all_channels)
        other.all_keys = self.all_keys
        other.all_commands = self.all_commands
        other.future = self.future
        other.allowed = set(self.allowed)
        other.first_arguments = {name: dict(own) for name, own in self.first_arguments.items()}
        other.keys = dict(self.keys)
        other.channels = dict(self.channels)
        other.rules = list(self.rules)
        return other

    @property
    def is_unrestricted(self) -> bool:
        """Whether nothing at all is denied."""
        return self.all_commands and self.all_keys and self.all_channels

    # What rules change.

    def allow_all(self, names: Iterable[str]) -> None:
        """Allow every command there is or will be."""
        self.allowed = set(names)
        self.first_arguments.clear()
        self.rules.clear()
        self.all_commands = self.future = True

    def deny_all(self) -> None:
        """Deny every command."""
        self.allowed.clear()
        self.first_arguments.clear()
        self.rules.clear()
        self.all_commands = self.future = False

    def allow(self, names: Collection[str]) -> None:
        """Allow commands, whatever their first argument is."""
        self.allowed.update(names)
        for name in names:
            self.first_arguments.pop(name, None)

    def deny(self, names: Collection[str]) -> None:
        """Deny commands."""
        self.allowed.difference_update(names)
        for name in names:
            self.first_arguments.pop(name, None)
        self.all_commands = False

    def keep_rule(self, sign: bytes, rule: bytes) -> None:
        """Keep a rule in mind; what it makes idle (the same, or of its subcommands) goes."""
        below = rule + b"|"
        self.rules = [r for r in self.rules if r[1:] != rule and not r[1:].startswith(below)]
        self.rules.append(sign + rule)

    def add_keys(self, pattern: bytes, access: int) -> None:
        """Permit access to the keys that match a pattern."""
        self.keys[pattern] = self.keys.get(pattern, 0) | access
        self._key_matchers = None

    def set_all_keys(self, permitted: bool) -> None:
        """Permit access to every key, or to none."""
        self.all_keys = permitted
        self.keys.clear()
        self._key_matchers = None

    def set_all_channels(self, permitted: bool) -> None:
        """Permit access to every channel, or to none."""
        self.all_channels = permitted
        self.channels.clear()

    # What is asked of it.

    def permits_key(self, key: bytes, access: int) -> bool:
        """Tell whether a key may be read, written or, with no access, mentioned."""
        if self.all_keys:
            return True
        matchers = self._key_matchers
        if matchers is None:
            matchers = [(compile_glob(pattern), held) for pattern, held in self.keys.items()]
            self._key_matchers = matchers
        return any(held & access == access and matches(key) for matches, held in matchers)

    def permits_every_key(self, access: int) -> bool:
        """Tell whether all keys may be accessed."""
        return self.all_keys or self.keys.get(b"*", 0) & access == access > 0

    def permits_channel(self, channel: bytes, is_pattern: bool) -> bool:
        """
        Tell whether a channel may be used.

        A pattern to subscribe to is permitted only where it is the very pattern of the rule.
        """
        if self.all_channels:
            return True
        if is_pattern:
            return channel in self.channels
        return any(compile_glob(pattern)(channel) for pattern in self.channels)

    def permits_command(self, request: Request) -> bool:
        """Tell whether a command may run, whatever it touches."""
        if self.all_commands or request.is_free or request.name in self.allowed:
            return True
        arguments = self.first_arguments.get(request.name)
        if arguments is None or len(request.argv) < 2:
            return False
        return request.argv[1].partition(b"\0")[0].lower() in arguments

    def denial(self, request: Request) -> Denial | None:
        """Tell what of a request is denied first, if anything is."""
        if not self.permits_command(request):
            return Denial(Reason.COMMAND, 0)
        if not self.all_keys:
            for index, access in request.find_keys():
                if not self.permits_key(request.argv[index], access):
                    return Denial(Reason.KEY, index)
        if not self.all_channels:
            for index, is_pattern in request.find_channels():
                if not self.permits_channel(request.argv[index], is_pattern):
                    return Denial(Reason.CHANNEL, index)
        return None

    # Its description.

    def describe_commands(self) -> bytes:
        """Return the rules for commands that bring about what is allowed."""
        return b" ".join([b"+@all" if self.future else b"-@all", *self.rules])

    def describe_keys(self) -> bytes:
        """Return the rules for keys."""
        if self.all_keys:
            return b"~*"
        return b" ".join(_SIGNS[access] + pattern for pattern, access in self.keys.items())

    def describe_channels(self) -> bytes:
        """Return the rules for channels."""
        return b"&*" if self.all_channels else b" ".join(b"&" + name for name in self.channels)

    def describe(self) -> bytes:
        """Return the rules that make such a selector of a new one."""
        parts = [self.describe_keys()] if self.all_keys or self.keys else []
        if not self.all_channels:
            parts.append(b"resetchannels")
        if self.all_channels or self.channels:
            parts.append(self.describe_channels())
        return b" ".join([*parts, self.describe_commands()])
