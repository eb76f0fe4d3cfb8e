"""
The commands that rules speak of.

Nothing is known here of what a command does: its name, its categories and its
subcommands are handed in. Names are lower-case, those of subcommands whole
(``config|get``). Commands keep their names here however ``rename-command``
calls them, so that rules mean the same in every configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class CommandEntry(NamedTuple):
    """What rules may say about a command."""

    name: str
    categories: frozenset[str]
    subcommands: tuple[str, ...] = ()
    is_listed: bool = True
    """Whether ACL CAT shows it; commands of modules are not shown."""

    @property
    def is_subcommand(self) -> bool:
        """Whether it belongs to a container."""
        return "|" in self.name


class Catalogue:
    """
    The commands of one server.

    Args:
        categories: The names of all categories, without ``@``, in the order of ACL CAT.

    Attributes:
        categories: The same.
    """

    def __init__(self, categories: Sequence[str], entries: Iterable[CommandEntry] = ()) -> None:
        self.categories = tuple(categories)
        self._entries: dict[str, CommandEntry] = {}
        self._reached: dict[str, frozenset[str]] = {}
        self.add(entries)

    def add(self, entries: Iterable[CommandEntry]) -> None:
        """Enter commands, of a module that was loaded for one."""
        for entry in entries:
            self._entries[entry.name] = entry
        self._reached.clear()

    def __iter__(self) -> Iterator[CommandEntry]:
        """Iterate over commands and subcommands."""
        return iter(self._entries.values())

    def find(self, name: str) -> CommandEntry | None:
        """Find a command or subcommand by its whole lower-case name."""
        return self._entries.get(name)

    def reached_by(self, category: str) -> frozenset[str] | None:
        """
        Return the names of what a rule for a category changes, or None if there is none such.

        A container in the category takes its subcommands along, whatever theirs are.
        """
        reached = self._reached.get(category)
        if reached is None and category in self.categories:
            names: set[str] = set()
            for entry in self._entries.values():
                if category in entry.categories:
                    names.add(entry.name)
                    names.update(entry.subcommands)
            reached = self._reached[category] = frozenset(names)
        return reached

    def listed_in(self, category: str) -> list[str] | None:
        """Return the names that ACL CAT shows for a category, or None if there is none such."""
        if category not in self.categories:
            return None
        return [e.name for e in self._entries.values() if e.is_listed and category in e.categories]
