"""
List commands that answer at once; those that wait are in :mod:`pyredis.commands.blocking_lists`.

A list is a :class:`~pyredis.datatypes.lists.ListValue`. What LMOVE and LMPOP do
is also what their blocking kin do once there is something to take, so it is
told here in functions both use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyredis.datatypes.lists import ListValue
from pyredis.errors import (
    RedisError,
    index_out_of_range,
    no_such_key,
    syntax_error,
    wrong_arity,
)
from pyredis.execution.arguments import Arguments, integer, integer_between, positive_count
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    INSERT,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import LIST
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NULL_ARRAY, OK, Reply

command = family("list", Category.LIST)


@command(
    "LINDEX",
    arity=3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(N) for N elements between the index and the nearer end",
    syntax="key index",
)
def lindex(ctx: Context, key: bytes, index: bytes) -> Reply:
    """Return the element at an index, negative ones counted from the end."""
    value = ctx.db.lookup_read(key, ListValue)
    if value is None:
        return None
    position = integer(index)
    size = len(value)
    if position < 0:
        position += size
    return value[position] if 0 <= position < size else None


@command(
    "LINSERT",
    arity=5,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.2.0",
    complexity="O(N) for N elements before the pivot",
    syntax="key (BEFORE | AFTER):where pivot element",
)
def linsert(ctx: Context, key: bytes, where: bytes, pivot: bytes, element: bytes) -> Reply:
    """Insert an element before or after the first one equal to a pivot."""
    side = where.upper()
    if side not in (b"BEFORE", b"AFTER"):
        raise syntax_error()
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        return 0
    insert = value.insert_before if side == b"BEFORE" else value.insert_after
    if not insert(pivot, element, ctx.limits):
        return -1
    db.changed(key, LIST, b"linsert")
    return len(value)


@command(
    "LLEN",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="1.0.0",
    complexity="O(1)",
    syntax="key",
)
def llen(ctx: Context, key: bytes) -> Reply:
    """Return how many elements a list has."""
    value = ctx.db.lookup_read(key, ListValue)
    return 0 if value is None else len(value)


@command(
    "LMOVE",
    arity=5,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=RW | INSERT),
    ),
    since="6.2.0",
    complexity="O(1)",
    syntax="source destination (LEFT | RIGHT):wherefrom (LEFT | RIGHT):whereto",
)
def lmove(
    ctx: Context, source: bytes, destination: bytes, wherefrom: bytes, whereto: bytes
) -> Reply:
    """Move an element from one end of a list to one end of a list, and return it."""
    from_left, to_left = is_left(wherefrom), is_left(whereto)
    value = ctx.db.lookup_write(source, ListValue)
    return None if value is None else move(ctx, value, source, destination, from_left, to_left)


@command(
    "LMPOP",
    arity=-4,
    flags=WRITE,
    keys=KeyNum(1, access=RW | ACCESS | DELETE),
    since="7.0.0",
    complexity="O(N+M) for N keys and M popped elements",
    syntax="numkeys key... (LEFT | RIGHT):where [COUNT count]",
)
def lmpop(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Pop elements from the first of several lists that is there."""
    asked = read_pop_options(numkeys, options)
    popped = pop_from_first(ctx, asked.keys, asked.from_left, asked.limit)
    return NULL_ARRAY if popped is None else popped


@command(
    "LPOP",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="1.0.0",
    complexity="O(1) for each element returned",
    history=[("6.2.0", "`count`.")],
    syntax="key [count@6.2.0]",
)
def lpop(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Remove the first element of a list, or several, and return them."""
    if options:
        return _pop_many(ctx, key, options, True)
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        return None
    element = value.pop_left()
    db.changed(key, LIST, b"lpop")
    if not value:
        db.delete_emptied(key)
    return element


@command(
    "LPOS",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.0.6",
    complexity="O(N) for N elements compared",
    syntax="key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
)
def lpos(ctx: Context, key: bytes, element: bytes, *options: bytes) -> Reply:
    """Return where elements equal to a given one are in a list."""
    asked = _PositionOptions(options)
    value = ctx.db.lookup_read(key, ListValue)
    if asked.count is None:
        found = [] if value is None else value.positions(element, asked.rank, 1, asked.maxlen)
        return found[0] if found else None
    positions: list[Reply] = []
    if value is not None:
        positions += value.positions(element, asked.rank, asked.count, asked.maxlen)
    return positions


@command(
    "LPUSH",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="1.0.0",
    complexity="O(1) for each element added",
    history=[("2.4.0", "Several elements.")],
    syntax="key element...",
)
def lpush(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Put elements before a list one after the other, or make it of them."""
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        value = ListValue()
        db.store(key, value)
    length = value.push_left(elements, ctx.limits)
    db.changed(key, LIST, b"lpush", len(elements))
    return length


@command(
    "LPUSHX",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.2.0",
    complexity="O(1) for each element added",
    history=[("4.0.0", "Several elements.")],
    syntax="key element...",
)
def lpushx(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Put elements before a list that exists."""
    if ctx.db.lookup_write(key, ListValue) is None:
        return 0
    return lpush(ctx, key, *elements)


@command(
    "LRANGE",
    arity=4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.0",
    complexity="O(S+N) for S elements between start and the nearer end and N returned",
    syntax="key start:integer stop:integer",
)
def lrange(ctx: Context, key: bytes, start: bytes, stop: bytes) -> Reply:
    """Return the elements between two indexes, both included."""
    first, last = integer(start), integer(stop)
    value = ctx.db.lookup_read(key, ListValue)
    if value is None:
        return []
    if first < 0 or last < 0:
        size = len(value)
        if first < 0:
            first = max(first + size, 0)
        if last < 0:
            last += size
    return value.slice(first, last + 1)  # type: ignore[return-value]


@command(
    "LREM",
    arity=4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="1.0.0",
    complexity="O(N+M) for a list of N elements and M removed",
    syntax="key count element",
)
def lrem(ctx: Context, key: bytes, count: bytes, element: bytes) -> Reply:
    """Remove elements equal to a given one, some or all, from either end."""
    number = integer(count)
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        return 0
    removed = value.remove(element, number)
    if removed:
        db.changed(key, LIST, b"lrem", removed)
        if not value:
            db.delete_emptied(key)
    return removed


@command(
    "LSET",
    arity=4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=RW | UPDATE),
    since="1.0.0",
    complexity="O(N) for N elements between the index and the nearer end",
    syntax="key index element",
)
def lset(ctx: Context, key: bytes, index: bytes, element: bytes) -> Reply:
    """Replace the element at an index."""
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        raise no_such_key()
    position = integer(index)
    if position < 0:
        position += len(value)
    try:
        value.set(position, element, ctx.limits)
    except IndexError:
        raise index_out_of_range() from None
    db.changed(key, LIST, b"lset")
    return OK


@command(
    "LTRIM",
    arity=4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="1.0.0",
    complexity="O(N) for N elements removed",
    syntax="key start:integer stop:integer",
)
def ltrim(ctx: Context, key: bytes, start: bytes, stop: bytes) -> Reply:
    """Remove all elements but those between two indexes, both included."""
    first, last = integer(start), integer(stop)
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        return OK
    size = len(value)
    if first < 0:
        first = max(first + size, 0)
    if last < 0:
        last += size
    value.trim(first, max(last + 1, 0))
    # Told even when nothing was outside, as Redis does.
    db.changed(key, LIST, b"ltrim", size - len(value))
    if not value:
        db.delete_emptied(key)
    return OK


@command(
    "RPOP",
    arity=-2,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | ACCESS | DELETE),
    since="1.0.0",
    complexity="O(1) for each element returned",
    history=[("6.2.0", "`count`.")],
    syntax="key [count@6.2.0]",
)
def rpop(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Remove the last element of a list, or several, and return them."""
    if options:
        return _pop_many(ctx, key, options, False)
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        return None
    element = value.pop_right()
    db.changed(key, LIST, b"rpop")
    if not value:
        db.delete_emptied(key)
    return element


@command(
    "RPOPLPUSH",
    arity=3,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RW | ACCESS | DELETE),
        KeyRange(2, access=RW | INSERT),
    ),
    since="1.2.0",
    complexity="O(1)",
    deprecated=("6.2.0", "`LMOVE` with `RIGHT` and `LEFT`"),
    syntax="source destination",
)
def rpoplpush(ctx: Context, source: bytes, destination: bytes) -> Reply:
    """Move the last element of a list to the beginning of a list, and return it."""
    value = ctx.db.lookup_write(source, ListValue)
    return None if value is None else move(ctx, value, source, destination, False, True)


@command(
    "RPUSH",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="1.0.0",
    complexity="O(1) for each element added",
    history=[("2.4.0", "Several elements.")],
    syntax="key element...",
)
def rpush(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Put elements behind a list, or make it of them."""
    db = ctx.db
    value = db.lookup_write(key, ListValue)
    if value is None:
        value = ListValue()
        db.store(key, value)
    length = value.push_right(elements, ctx.limits)
    db.changed(key, LIST, b"rpush", len(elements))
    return length


@command(
    "RPUSHX",
    arity=-3,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.2.0",
    complexity="O(1) for each element added",
    history=[("4.0.0", "Several elements.")],
    syntax="key element...",
)
def rpushx(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Put elements behind a list that exists."""
    if ctx.db.lookup_write(key, ListValue) is None:
        return 0
    return rpush(ctx, key, *elements)


def is_left(word: bytes) -> bool:
    """
    Return whether a word names the left end of a list.

    Raises:
        RedisError: It names neither end.
    """
    end = word.upper()
    if end == b"LEFT":
        return True
    if end != b"RIGHT":
        raise syntax_error()
    return False


def move(
    ctx: Context,
    value: ListValue,
    source: bytes,
    destination: bytes,
    from_left: bool,
    to_left: bool,
) -> bytes:
    """
    Move one element, and return it.

    Args:
        ctx: The command's context.
        value: What ``source`` holds; not empty.
        source: The key to take from.
        destination: The key to push to; made if it is not there.
        from_left: Take from the left end.
        to_left: Push to the left end.
    """
    db = ctx.db
    target = db.lookup_write(destination, ListValue)
    if target is value:
        element = value.rotate(from_left, to_left, ctx.limits)
    else:
        element = value.pop_left() if from_left else value.pop_right()
        if target is None:
            target = ListValue()
            db.store(destination, target)
        (target.push_left if to_left else target.push_right)((element,), ctx.limits)
    # One change in Redis' count, though two keys are told of.
    db.changed(destination, LIST, b"lpush" if to_left else b"rpush", 0)
    db.changed(source, LIST, b"lpop" if from_left else b"rpop")
    if not value:
        db.delete_emptied(source)
    return element


class PopOptions(NamedTuple):
    """What LMPOP and BLMPOP are asked for."""

    keys: Sequence[bytes]
    from_left: bool
    limit: int


def read_pop_options(numkeys: bytes, words: Sequence[bytes]) -> PopOptions:
    """
    Read what stands behind the number of keys, the keys included.

    Raises:
        RedisError: Something is missing, unknown or out of range.
    """
    number = integer_between(numkeys, 1, INT64_MAX, "numkeys should be greater than 0")
    if number >= len(words):
        raise syntax_error()
    from_left = is_left(words[number])
    count = 0
    arguments = Arguments(words[number + 1 :])
    while arguments:
        if count or not arguments.eat(b"COUNT") or not arguments:
            raise syntax_error()
        count = integer_between(arguments.take(), 1, INT64_MAX, "count should be greater than 0")
    return PopOptions(words[:number], from_left, count or 1)


def pop_from_first(
    ctx: Context, keys: Sequence[bytes], from_left: bool, count: int
) -> list[Reply] | None:
    """Pop from the first key that is there; return the key and the elements, None if none is."""
    for key in keys:
        value = ctx.db.lookup_write(key, ListValue)
        if value is not None:
            elements = pop_elements(ctx, key, value, from_left, count)
            ctx.propagate(b"LPOP" if from_left else b"RPOP", key, b"%d" % len(elements))
            return [key, elements]
    return None


def pop_elements(
    ctx: Context, key: bytes, value: ListValue, from_left: bool, count: int
) -> list[Reply]:
    """Remove up to ``count`` elements of a list at one end, and tell."""
    elements: list[Reply] = []
    elements += value.pop_left_many(count) if from_left else value.pop_right_many(count)
    ctx.db.changed(key, LIST, b"lpop" if from_left else b"rpop", len(elements))
    if not value:
        ctx.db.delete_emptied(key)
    return elements


def _pop_many(ctx: Context, key: bytes, options: tuple[bytes, ...], from_left: bool) -> Reply:
    """Do what LPOP and RPOP do when a count is given."""
    if len(options) > 1:
        raise wrong_arity("lpop" if from_left else "rpop")
    count = positive_count(options[0])
    value = ctx.db.lookup_write(key, ListValue)
    if value is None:
        return NULL_ARRAY
    return pop_elements(ctx, key, value, from_left, count) if count else []


class _PositionOptions:
    """The options of LPOS."""

    __slots__ = ("count", "maxlen", "rank")

    def __init__(self, words: tuple[bytes, ...]) -> None:
        self.rank = 1
        self.count: int | None = None
        self.maxlen = 0
        arguments = Arguments(words)
        while arguments.left > 1:
            self._read(arguments.take_word(), arguments.take())
        if arguments:
            raise syntax_error()

    def _read(self, option: bytes, argument: bytes) -> None:
        if option == b"RANK":
            self.rank = integer_between(argument, -INT64_MAX, INT64_MAX)
            if self.rank == 0:
                raise RedisError(
                    "RANK can't be zero: use 1 to start from the first match, 2 from the second "
                    "... or use negative to start from the end of the list"
                )
        elif option == b"COUNT":
            self.count = positive_count(argument, "COUNT can't be negative")
        elif option == b"MAXLEN":
            self.maxlen = positive_count(argument, "MAXLEN can't be negative")
        else:
            raise syntax_error()
