"""
What objects hold at one moment, to be held again later: all that is reachable from one of them.

Nothing has to be listed: an attribute that is added to any class of the server is
remembered with the others. What is no value but a part of the world (the reactor,
sockets, timers, a source of chance) is named by whoever remembers, and left as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from itertools import count
from operator import attrgetter, is_
from re import Pattern
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

_VALUES: tuple[type, ...] = (
    *(int, float, complex, str, bytes, bool, range, type(None), type(...), type(NotImplemented)),
    *(type, ModuleType, Enum, Pattern),
    # Only ever tell two things that are otherwise equal apart.
    count,
)

# Containers that are false when they are empty: a class of its own may see that otherwise.
_KNOWN = frozenset({dict, list, bytearray, deque, set})


class CannotRemember(Exception):
    """There is something whose state is not known how to keep; the text names its type."""


class Pristine:
    """
    What is reachable from an object, as it is now.

    Args:
        root: Where to begin.
        world: Types of what is to be left as it is, with what is reachable only through it.
        is_ours: Tells of a class whether its objects' attributes may be remembered.

    Raises:
        CannotRemember: Something is neither a value nor a container, of no class
            that is ours, and not part of the world.
    """

    def __init__(
        self, root: object, world: tuple[type, ...], is_ours: Callable[[type], bool]
    ) -> None:
        self._world = (*_VALUES, *world)
        self._is_ours = is_ours
        # Most containers of a server are empty: those are passed over without a look at each.
        self._empty: list[Any] = []
        self._attributes: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._slots: list[tuple[object, _Slots, tuple[Any, ...]]] = []
        self._dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._sequences: list[tuple[Any, Any]] = []
        self._deques: list[tuple[deque[Any], tuple[Any, ...]]] = []
        self._sets: list[tuple[set[Any], set[Any]]] = []
        self._cells: list[tuple[CellType, Any]] = []
        self._kinds: dict[type, _Slots | None] = {}
        # The objects are kept, so that no other can come to have the identity of one.
        self._seen: dict[int, object] = {}
        left = [root]
        while left:
            each = left.pop()
            if id(each) not in self._seen and not isinstance(each, self._world):
                self._seen[id(each)] = each
                left.extend(self._remember(each))

    def __len__(self) -> int:
        """Return how many objects were looked at."""
        return len(self._seen)

    def restore(self) -> None:
        """Let every object hold again what it held; what has come since is reachable no more."""
        for attributes, kept in self._attributes:
            # Never empty in between: another thread may be looking.
            attributes.update(kept)
            if len(attributes) != len(kept):
                for name in attributes.keys() - kept.keys():
                    del attributes[name]
        for each, slots, values in self._slots:
            try:
                if all(map(is_, slots.values(each), values)):
                    continue
            except AttributeError:
                pass  # one was deleted
            slots.set(each, values)
        for container in filter(None, self._empty):
            container.clear()
        for mapping, pairs in self._dicts:
            mapping.clear()
            mapping.update(pairs)
        for sequence, items in self._sequences:
            sequence[:] = items
        for queue, queued in self._deques:
            queue.clear()
            queue.extend(queued)
        for members, kept_members in self._sets:
            members.clear()
            members.update(kept_members)
        for cell, content in self._cells:
            cell.cell_contents = content

    # Within

    def _remember(self, each: Any) -> Iterator[Any]:
        """Keep what an object holds, and yield what is reachable from it."""
        kind = type(each)
        if isinstance(each, FunctionType):
            yield from self._remember_cells(each)
        elif isinstance(each, MethodType):
            yield from (each.__self__, each.__func__)
        elif isinstance(each, BuiltinFunctionType):
            yield each.__self__
        elif isinstance(each, partial):
            yield from (each.func, each.args, each.keywords)
        elif isinstance(each, (tuple, frozenset)):
            yield from each
        elif isinstance(each, (dict, list, bytearray, deque, set)):
            yield from self._remember_container(each)
        elif not self._is_ours(kind):
            raise CannotRemember(f"{kind.__module__}.{kind.__qualname__}")
        yield from self._remember_attributes(each)

    def _remember_cells(self, function: FunctionType) -> Iterator[Any]:
        for cell in function.__closure__ or ():
            content = cell.cell_contents
            self._cells.append((cell, content))
            yield content

    def _remember_container(self, each: Any) -> Iterator[Any]:
        if not each and type(each) in _KNOWN:
            self._empty.append(each)
        elif isinstance(each, dict):
            self._dicts.append((each, dict(each)))
            yield from each
            yield from each.values()
            return
        elif isinstance(each, deque):
            self._deques.append((each, tuple(each)))
        elif isinstance(each, set):
            self._sets.append((each, set(each)))
        else:
            self._sequences.append((each, each[:]))
        if not isinstance(each, bytearray):
            yield from each

    def _remember_attributes(self, each: Any) -> Iterator[Any]:
        attributes = getattr(each, "__dict__", None)
        if attributes:
            self._attributes.append((attributes, dict(attributes)))
            yield from attributes.values()
        if self._is_ours(type(each)):
            slots = self._slots_of(type(each))
            if slots:
                values = slots.remembered(each)
                self._slots.append((each, slots, values))
                yield from values

    def _slots_of(self, kind: type) -> _Slots | None:
        if kind not in self._kinds:
            names = _slot_names(kind)
            self._kinds[kind] = _Slots(names) if names else None
        return self._kinds[kind]


class _Slots:
    """
    The slots of a class.

    Args:
        names: One at least.

    Attributes:
        values: Returns what an object has in them.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        # Of a single name it would return the value alone.
        self.values: Callable[[object], tuple[Any, ...]] = attrgetter(*names, names[0])

    def remembered(self, each: object) -> tuple[Any, ...]:
        """Return what an object has in them; from then on some of that class may lack values."""
        try:
            return self.values(each)
        except AttributeError:
            self.values = self._with_absent
            return self.values(each)

    def _with_absent(self, each: object) -> tuple[Any, ...]:
        return tuple(getattr(each, name, _ABSENT) for name in (*self._names, self._names[0]))

    def set(self, each: object, values: tuple[Any, ...]) -> None:
        """Let an object have other values in them."""
        for name, value in zip(self._names, values, strict=False):
            if value is not _ABSENT:
                setattr(each, name, value)
            elif hasattr(each, name):
                delattr(each, name)


class _Absent(Enum):
    """The value of a slot that has none."""

    ABSENT = 0


_ABSENT = _Absent.ABSENT


def _slot_names(kind: type) -> list[str]:
    return [
        name
        for each in kind.__mro__
        for name, member in vars(each).items()
        if isinstance(member, MemberDescriptorType)
    ]
