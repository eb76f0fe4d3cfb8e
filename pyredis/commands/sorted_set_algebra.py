"""Sorted-set commands that make one set of several: union, intersection, difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue, in_order
from pyredis.errors import RedisError, WrongType, syntax_error
from pyredis.execution.arguments import Arguments, integer, positive_count
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DENYOOM,
    OW,
    READONLY,
    RO,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC, SORTED_SET
from pyredis.wire.replies import Reply, Scored

command = family("sorted-set", Category.SORTEDSET)


class Source:
    """
    One of the sets: sorted, or plain with a score of 1 for each member, or missing.

    Attributes:
        value: The value itself, None if there is no key.
        weight: What scores are multiplied by.
    """

    __slots__ = ("value", "weight")

    def __init__(self, value: SortedSetValue | SetValue | None) -> None:
        self.value = value
        self.weight = 1.0

    def __len__(self) -> int:
        return 0 if self.value is None else len(self.value)

    def scores(self) -> Mapping[bytes, float]:
        """Return the score of each member, before weighting."""
        value = self.value
        if value is None:
            return {}
        if isinstance(value, SetValue):
            return dict.fromkeys(value.members, 1.0)
        return value.scores


Aggregate = Callable[[float, float], float]


def _sum(a: float, b: float) -> float:
    total = a + b
    # Infinity less infinity is taken for nothing.
    return total if total == total else 0.0


def _min(a: float, b: float) -> float:
    return b if b < a else a


def _max(a: float, b: float) -> float:
    return b if b > a else a


_AGGREGATES: dict[bytes, Aggregate] = {b"SUM": _sum, b"MIN": _min, b"MAX": _max}


class Query:
    """
    The sources and options of a command.

    Args:
        ctx: Whose keys are read.
        name: The command's, for an error.
        numkeys: How many keys there are.
        words: The keys and the options behind.
        allowed: The options that the command has.

    Raises:
        RedisError: In Redis' order: the keys' types before the options.
    """

    __slots__ = ("aggregate", "limit", "sources", "with_scores")

    def __init__(
        self,
        ctx: Context,
        name: str,
        numkeys: bytes,
        words: Sequence[bytes],
        allowed: Sequence[bytes],
    ) -> None:
        number = integer(numkeys)
        if number < 1:
            raise RedisError(f"at least 1 input key is needed for '{name}' command")
        if number > len(words):
            raise syntax_error()
        self.sources = [_source(ctx, key) for key in words[:number]]
        self.aggregate: Aggregate = _sum
        self.with_scores = False
        self.limit = 0
        arguments = Arguments(words[number:])
        while arguments:
            if arguments.peek() not in allowed:
                raise syntax_error()
            self._read_option(arguments)

    def _read_option(self, arguments: Arguments) -> None:
        if arguments.left > len(self.sources) and arguments.eat(b"WEIGHTS"):
            for source in self.sources:
                source.weight = arguments.take_double("weight value is not a float")
        elif arguments.left > 1 and arguments.eat(b"AGGREGATE"):
            aggregate = _AGGREGATES.get(arguments.take_word())
            if aggregate is None:
                raise syntax_error()
            self.aggregate = aggregate
        elif arguments.eat(b"WITHSCORES"):
            self.with_scores = True
        elif arguments.left > 1 and arguments.eat(b"LIMIT"):
            self.limit = positive_count(arguments.take(), "LIMIT can't be negative")
        else:
            raise syntax_error()


def _source(ctx: Context, key: bytes) -> Source:
    value = ctx.db.lookup_read(key)
    if value is not None and value.__class__ not in (SortedSetValue, SetValue):
        raise WrongType()
    return Source(value)


def _weighted(source: Source) -> Iterator[tuple[bytes, float]]:
    """Iterate over members and their weighted scores; nothing times infinity is 0."""
    weight = source.weight
    for member, score in source.scores().items():
        score *= weight
        yield member, (score if score == score else 0.0)


def _union(query: Query) -> dict[bytes, float]:
    """Return all members of all sources with their aggregated scores."""
    # Smallest first, as Redis does: the order of additions is seen in the last digit.
    sources = sorted(query.sources, key=len)
    aggregate = query.aggregate
    result: dict[bytes, float] = {}
    for source in sources:
        for member, score in _weighted(source):
            old = result.get(member)
            result[member] = score if old is None else aggregate(old, score)
    return result


def _common(sources: Sequence[Source]) -> Iterator[bytes]:
    """Iterate over the members of the first, smallest source that are in all."""
    first, *others = [source.scores() for source in sources]
    for member in first:
        for other in others:
            if member not in other:
                break
        else:
            yield member


def _intersection(query: Query) -> dict[bytes, float]:
    """Return the members that are in all sources with their aggregated scores."""
    sources = sorted(query.sources, key=len)
    aggregate = query.aggregate
    result = {}
    others = [(source.scores(), source.weight) for source in sources[1:]]
    for member, score in _weighted(sources[0]):
        for scores, weight in others:
            other = scores.get(member)
            if other is None:
                break
            score = aggregate(score, other * weight)
        else:
            result[member] = score
    return result


def _difference(query: Query) -> dict[bytes, float]:
    """Return the members of the first source that are in no other."""
    first, *others = query.sources
    result = dict(first.scores())
    for source in others:
        if source.value is first.value:
            return {}
        gone = source.scores()
        if len(gone) < len(result):
            for member in gone:
                result.pop(member, None)
        else:
            result = {member: score for member, score in result.items() if member not in gone}
    return result


_Operation = Callable[[Query], dict[bytes, float]]
_MERGE_OPTIONS = (b"WEIGHTS", b"AGGREGATE")


def _reply(query: Query, result: dict[bytes, float]) -> Reply:
    members = in_order(result)
    if query.with_scores:
        return Scored(members, list(map(result.__getitem__, members)))
    return members  # type: ignore[return-value]


def _store(ctx: Context, destination: bytes, result: dict[bytes, float], event: bytes) -> Reply:
    db = ctx.db
    if result:
        db.store(destination, SortedSetValue.of(result, ctx.limits))
        db.changed(destination, SORTED_SET, event)
    elif db.delete(destination):
        db.changed(destination, GENERIC, b"del")
    return len(result)


@command(
    "ZUNION",
    arity=-3,
    flags=READONLY,
    keys=KeyNum(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N+M*log(M)) for N members in all and M in the result",
    syntax=(
        "numkeys key... [WEIGHTS weight:integer...] [AGGREGATE (SUM | MIN | MAX)] [WITHSCORES]"
    ),
)
def zunion(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Return the members of any of several sets, their scores put together."""
    query = Query(ctx, "zunion", numkeys, options, (*_MERGE_OPTIONS, b"WITHSCORES"))
    return _reply(query, _union(query))


@command(
    "ZUNIONSTORE",
    arity=-4,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyNum(2, access=RO | ACCESS),
    ),
    since="2.0.0",
    complexity="O(N+M*log(M)) for N members in all and M in the result",
    syntax=("destination numkeys key... [WEIGHTS weight:integer...] [AGGREGATE (SUM | MIN | MAX)]"),
)
def zunionstore(ctx: Context, destination: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Store the members of any of several sets, their scores put together."""
    query = Query(ctx, "zunionstore", numkeys, options, _MERGE_OPTIONS)
    return _store(ctx, destination, _union(query), b"zunionstore")


@command(
    "ZINTER",
    arity=-3,
    flags=READONLY,
    keys=KeyNum(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N*K+M*log(M)) for N members of the smallest of K sets and M in the result",
    syntax=(
        "numkeys key... [WEIGHTS weight:integer...] [AGGREGATE (SUM | MIN | MAX)] [WITHSCORES]"
    ),
)
def zinter(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Return the members common to several sets, their scores put together."""
    query = Query(ctx, "zinter", numkeys, options, (*_MERGE_OPTIONS, b"WITHSCORES"))
    return _reply(query, _intersection(query))


@command(
    "ZINTERSTORE",
    arity=-4,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyNum(2, access=RO | ACCESS),
    ),
    since="2.0.0",
    complexity="O(N*K+M*log(M)) for N members of the smallest of K sets and M in the result",
    syntax=("destination numkeys key... [WEIGHTS weight:integer...] [AGGREGATE (SUM | MIN | MAX)]"),
)
def zinterstore(ctx: Context, destination: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Store the members common to several sets, their scores put together."""
    query = Query(ctx, "zinterstore", numkeys, options, _MERGE_OPTIONS)
    return _store(ctx, destination, _intersection(query), b"zinterstore")


@command(
    "ZINTERCARD",
    arity=-3,
    flags=READONLY,
    keys=KeyNum(1, access=RO | ACCESS),
    since="7.0.0",
    complexity="O(N*K) for N members of the smallest of K sets",
    syntax="numkeys key... [LIMIT limit:integer]",
)
def zintercard(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Return how many members are common to several sets."""
    query = Query(ctx, "zintercard", numkeys, options, (b"LIMIT",))
    common = _common(sorted(query.sources, key=len))
    return sum(1 for _ in islice(common, query.limit or None))


@command(
    "ZDIFF",
    arity=-3,
    flags=READONLY,
    keys=KeyNum(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(L+(N-K)*log(N)) for L members in all, N in the first and K in the result",
    syntax="numkeys key... [WITHSCORES]",
)
def zdiff(ctx: Context, numkeys: bytes, *options: bytes) -> Reply:
    """Return the members of the first of several sets that are in no other."""
    query = Query(ctx, "zdiff", numkeys, options, (b"WITHSCORES",))
    return _reply(query, _difference(query))


@command(
    "ZDIFFSTORE",
    arity=-4,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyNum(2, access=RO | ACCESS),
    ),
    since="6.2.0",
    complexity="O(L+(N-K)*log(N)) for L members in all, N in the first and K in the result",
    syntax="destination numkeys key...",
)
def zdiffstore(ctx: Context, destination: bytes, numkeys: bytes, *options: bytes) -> Reply:
    """Store the members of the first of several sets that are in no other."""
    query = Query(ctx, "zdiffstore", numkeys, options, ())
    return _store(ctx, destination, _difference(query), b"zdiffstore")
