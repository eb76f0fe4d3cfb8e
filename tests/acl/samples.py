"""A small catalogue of commands, and requests of them, for the tests of this package."""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.acl.catalogue import Catalogue, CommandEntry
from pyredis.acl.rules import Rulebook
from pyredis.acl.users import User

CATEGORIES = ("read", "write", "fast", "slow", "admin")


def catalogue() -> Catalogue:
    """Return commands with and without subcommands."""
    subcommands = ("config|get", "config|set")
    return Catalogue(
        CATEGORIES,
        [
            CommandEntry("get", frozenset({"read", "fast"})),
            CommandEntry("set", frozenset({"write", "slow"})),
            CommandEntry("select", frozenset({"fast"})),
            CommandEntry("config", frozenset({"slow"}), subcommands),
            CommandEntry("config|get", frozenset({"admin", "slow"})),
            CommandEntry("config|set", frozenset({"admin", "write"})),
            CommandEntry("extra", frozenset({"read"}), is_listed=False),
        ],
    )


def new_user(*rules: bytes, all_channels: bool = False) -> User:
    """Return a user made by rules."""
    rulebook = Rulebook(catalogue())
    rulebook.all_channels = all_channels
    user = User(b"ann", rulebook)
    for rule in rules:
        user.apply(rule)
    return user


class Asked:
    """
    A request whose keys and channels are told.

    Args:
        line: Its words.
        name: The command's whole name, if not the first word.
        keys: Index and access of each key.
        channels: Index of each channel, and whether it is a pattern.
    """

    def __init__(
        self,
        line: bytes,
        name: str = "",
        keys: Sequence[tuple[int, int]] = (),
        channels: Sequence[tuple[int, bool]] = (),
        is_free: bool = False,
    ) -> None:
        self.argv: Sequence[bytes] = line.split(b" ")
        self.name = name or self.argv[0].decode()
        self.is_free = is_free
        self._keys = keys
        self._channels = channels

    def find_keys(self) -> Sequence[tuple[int, int]]:
        """Return the keys."""
        return self._keys

    def find_channels(self) -> Sequence[tuple[int, bool]]:
        """Return the channels."""
        return self._channels
