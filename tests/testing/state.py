"""Finds in what the states of two servers differ: all that is reachable from either."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from itertools import count
from re import Pattern
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

_VALUES = (int, float, complex, str, bytes, range, type(None), type, ModuleType, Enum, Pattern)
_CONTAINERS = (list, tuple, deque)


def differences(one: object, other: object, world: tuple[type, ...]) -> list[str]:
    """
    Compare two objects and all that is reachable from them.

    Args:
        one: An object.
        other: What it should be like.
        world: Types of what is not looked at.

    Returns:
        The paths of what is not equal, with both values.
    """
    found: list[str] = []
    pairs: dict[int, int] = {}
    left = [("", one, other)]
    kept: list[Any] = []
    while left:
        path, a, b = left.pop()
        if isinstance(a, (*world, count)) and type(a) is type(b):
            continue
        if a is b and not isinstance(a, (dict, list, set, deque)):
            continue
        if id(a) in pairs:
            # The same object here must be the same object there.
            if pairs[id(a)] != id(b) and not isinstance(a, (*_VALUES, tuple, frozenset)):
                found.append(f"{path}: another object")
            continue
        if not isinstance(a, _VALUES):
            pairs[id(a)] = id(b)
            kept.append((a, b))
        if type(a) is not type(b) or _value(a) != _value(b):
            found.append(f"{path}: {a!r:.60} instead of {b!r:.60}")
            continue
        theirs = dict(_parts(b))
        for name, part in _parts(a):
            left.append((path + name, part, theirs.get(name)))
    return found


def _value(each: Any) -> Any:
    """Return what must be equal at once: a value, or the shape of a container."""
    if isinstance(each, random.Random):
        return each.getstate()
    if isinstance(each, _VALUES):
        return each
    if isinstance(each, FunctionType):
        return each.__code__
    if isinstance(each, bytearray):
        return bytes(each)
    if isinstance(each, (set, frozenset)):
        return {each_one for each_one in each if isinstance(each_one, _VALUES)}, len(each)
    return [name for name, _ in _parts(each)]


def _parts(each: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(each, dict):
        # Keys that are no values have another identity in the other server.
        for number, (key, value) in enumerate(each.items()):
            yield f"[{key!r}]" if isinstance(key, _VALUES) else f"[#{number}]", value
    elif isinstance(each, _CONTAINERS):
        for number, item in enumerate(each):
            yield f"[{number}]", item
    elif isinstance(each, MethodType):
        yield from ((".__self__", each.__self__), (".__func__", each.__func__))
    elif isinstance(each, BuiltinFunctionType):
        yield ".__self__", each.__self__
    elif isinstance(each, partial):
        yield from ((".func", each.func), (".args", each.args), (".keywords", each.keywords))
    elif isinstance(each, FunctionType):
        for name, cell in zip(each.__code__.co_freevars, each.__closure__ or (), strict=True):
            yield f".<{name}>", cell.cell_contents
    if isinstance(each, (FunctionType, BuiltinFunctionType, MethodType)):
        return
    for name, value in getattr(each, "__dict__", {}).items():
        yield f".{name}", value
    for kind in type(each).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, MemberDescriptorType) and hasattr(each, name):
                yield f".{name}", member.__get__(each)
