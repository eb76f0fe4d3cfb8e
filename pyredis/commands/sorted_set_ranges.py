"""
Sorted-set commands for ranges: by position, by score, by the bytes of members.

Whatever a range is given by, the datatype turns it into ranks; what LIMIT and
REV mean is a matter of ranks, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from pyredis.datatypes.sorted_set_ranges import LexRange, ScoreRange
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    OW,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC, SORTED_SET
from pyredis.wire.replies import Reply, Scored

command = family("sorted-set", Category.SORTEDSET)

_INDEXES = {b"%d" % number: number for number in range(-128, 1024)}  # read already
_FEW = 1000  # members up to which it is quicker to read on than to find the end


class By(Enum):
    """What a range is given by."""

    RANK = "rank"
    SCORE = "score"
    MEMBER = "member"


class RangeQuery:
    """
    A range as a client asks for it.

    Args:
        by: What it is given by, None if the options say so.
        reverse: From the greatest member; None if the options say so.
        start: The end that is written first.
        stop: The other end.
        options: What is written behind.
        may_have_scores: Whether WITHSCORES is an option.

    Raises:
        RedisError: In Redis' order: options, their conflicts, the ends.
    """

    __slots__ = ("bounds", "by", "count", "offset", "reverse", "with_scores")

    def __init__(
        self,
        by: By | None,
        reverse: bool | None,
        start: bytes,
        stop: bytes,
        options: Sequence[bytes],
        may_have_scores: bool = True,
    ) -> None:
        self.with_scores = False
        self.offset, self.count = 0, -1
        if options:
            by, reverse = self._read_options(by, reverse, options, may_have_scores)
        self.by = by = by or By.RANK
        self.reverse = reverse = bool(reverse)
        if self.count != -1 and by is By.RANK:
            raise RedisError(
                "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
            )
        if self.with_scores and by is By.MEMBER:
            raise RedisError("syntax error, WITHSCORES not supported in combination with BYLEX")
        self.bounds: tuple[int, int] | ScoreRange | LexRange
        if by is By.RANK:
            self.bounds = integer(start), integer(stop)
            return
        if reverse:
            start, stop = stop, start
        self.bounds = score_range(start, stop) if by is By.SCORE else lex_range(start, stop)

    def _read_options(
        self,
        by: By | None,
        reverse: bool | None,
        options: Sequence[bytes],
        may_have_scores: bool,
    ) -> tuple[By | None, bool | None]:
        words = iter(options)
        left = len(options)
        for word in words:
            word = word.upper()
            left -= 1
            if word == b"LIMIT" and left > 1:
                self.offset, self.count = integer(next(words)), integer(next(words))
                left -= 2
            elif word == b"WITHSCORES" and may_have_scores:
                self.with_scores = True
            elif word == b"REV" and reverse is None:
                reverse = True
            elif word == b"BYLEX" and by is None:
                by = By.MEMBER
            elif word == b"BYSCORE" and by is None:
                by = By.SCORE
            else:
                raise syntax_error()
        return by, reverse

    def ranks(self, value: SortedSetValue) -> tuple[int, int]:
        """Return the ranks of what is asked for, the second excluded."""
        bounds = self.bounds
        if isinstance(bounds, tuple):
            return value.ranks_by_index(*bounds, self.reverse)
        if isinstance(bounds, ScoreRange):
            start, stop = value.ranks_by_score(bounds)
        else:
            start, stop = value.ranks_by_member(bounds, self.reverse)
        if not self.offset and self.count < 0:
            return start, stop
        if self.offset < 0:
            return 0, 0
        if self.reverse:
            stop -= self.offset
            if self.count >= 0:
                start = max(start, stop - self.count)
        else:
            start += self.offset
            if self.count >= 0:
                stop = min(stop, start + self.count)
        return (start, stop) if start < stop else (0, 0)


def score_range(minimum: bytes, maximum: bytes) -> ScoreRange:
    """
    Return a range of scores.

    Raises:
        RedisError: An end is no float.
    """
    try:
        return ScoreRange.parse(minimum, maximum)
    except ValueError:
        raise RedisError("min or max is not a float") from None


def lex_range(minimum: bytes, maximum: bytes) -> LexRange:
    """
    Return a range of members.

    Raises:
        RedisError: An end is written wrongly.
    """
    try:
        return LexRange(minimum, maximum)
    except ValueError:
        raise RedisError("min or max not valid string range item") from None


# Returning


@command(
    "ZRANGE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.2.0",
    complexity="O(log(N)+M) for M returned of N members",
    history=[("6.2.0", "`REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")],
    syntax=(
        "key start stop [BYSCORE | BYLEX]:sortby@6.2.0 [REV@6.2.0] [LIMIT offset count]@6.2.0 "
        "[WITHSCORES]"
    ),
)
def zrange(ctx: Context, key: bytes, start: bytes, stop: bytes, *options: bytes) -> Reply:
    """Return the members in a range."""
    if options and (len(options) > 1 or options[0].upper() != b"WITHSCORES"):
        return _range(ctx, key, RangeQuery(None, None, start, stop, options))
    first, last = _INDEXES.get(start), _INDEXES.get(stop)
    if first is None:
        first = integer(start)
    if last is None:
        last = integer(stop)
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return []
    first, last = value.ranks_by_index(first, last)
    members = value.members_between(first, last)
    if options:
        return Scored(members, value.scores_between(first, last))
    return members  # type: ignore[return-value]


@command(
    "ZREVRANGE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.2.0",
    complexity="O(log(N)+M) for M returned of N members",
    deprecated=("6.2.0", "`ZRANGE` with `REV`"),
    syntax="key start:integer stop:integer [WITHSCORES]",
)
def zrevrange(ctx: Context, key: bytes, start: bytes, stop: bytes, *options: bytes) -> Reply:
    """Return the members in a range of positions, the highest score first."""
    return _range(ctx, key, RangeQuery(By.RANK, True, start, stop, options))


@command(
    "ZRANGEBYSCORE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.0.5",
    complexity="O(log(N)+M) for M returned of N members",
    deprecated=("6.2.0", "`ZRANGE` with `BYSCORE`"),
    history=[("2.0.0", "`WITHSCORES`.")],
    syntax="key min:double max:double [WITHSCORES@2.0.0] [LIMIT offset count]",
)
def zrangebyscore(
    ctx: Context, key: bytes, minimum: bytes, maximum: bytes, *options: bytes
) -> Reply:
    """Return the members in a range of scores."""
    return _range(ctx, key, RangeQuery(By.SCORE, False, minimum, maximum, options))


@command(
    "ZREVRANGEBYSCORE",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.2.0",
    complexity="O(log(N)+M) for M returned of N members",
    deprecated=("6.2.0", "`ZRANGE` with `REV` and `BYSCORE`"),
    history=[("2.1.6", "Ranges without their ends.")],
    syntax="key max:double min:double [WITHSCORES] [LIMIT offset count]",
)
def zrevrangebyscore(
    ctx: Context, key: bytes, maximum: bytes, minimum: bytes, *options: bytes
) -> Reply:
    """Return the members in a range of scores, the highest first."""
    return _range(ctx, key, RangeQuery(By.SCORE, True, maximum, minimum, options))


@command(
    "ZRANGEBYLEX",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.9",
    complexity="O(log(N)+M) for M returned of N members",
    deprecated=("6.2.0", "`ZRANGE` with `BYLEX`"),
    syntax="key min max [LIMIT offset count]",
)
def zrangebylex(ctx: Context, key: bytes, minimum: bytes, maximum: bytes, *options: bytes) -> Reply:
    """Return the members between two, where all scores are alike."""
    return _range(ctx, key, RangeQuery(By.MEMBER, False, minimum, maximum, options))


@command(
    "ZREVRANGEBYLEX",
    arity=-4,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.9",
    complexity="O(log(N)+M) for M returned of N members",
    deprecated=("6.2.0", "`ZRANGE` with `REV` and `BYLEX`"),
    syntax="key max min [LIMIT offset count]",
)
def zrevrangebylex(
    ctx: Context, key: bytes, maximum: bytes, minimum: bytes, *options: bytes
) -> Reply:
    """Return the members between two, the greatest first, where all scores are alike."""
    return _range(ctx, key, RangeQuery(By.MEMBER, True, maximum, minimum, options))


def _range(ctx: Context, key: bytes, query: RangeQuery) -> Reply:
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return []
    bounds = query.bounds
    few = 0 <= query.offset <= _FEW and 0 <= query.count <= _FEW
    if few and not query.reverse and isinstance(bounds, ScoreRange):
        return _reply(query, *value.first_by_score(bounds, query.offset, query.count))
    start, stop = query.ranks(value)
    members = value.members_between(start, stop)
    scores = value.scores_between(start, stop) if query.with_scores else []
    if query.reverse:
        members.reverse()
        scores.reverse()
    return _reply(query, members, scores)


def _reply(query: RangeQuery, members: list[bytes], scores: list[float]) -> Reply:
    if query.with_scores:
        return Scored(members, scores)
    return members  # type: ignore[return-value]


# Counting


@command(
    "ZCOUNT",
    arity=4,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(log(N)) for a sorted set of N members",
    syntax="key min:double max:double",
)
def zcount(ctx: Context, key: bytes, minimum: bytes, maximum: bytes) -> Reply:
    """Return how many members are in a range of scores."""
    bounds = score_range(minimum, maximum)
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return 0
    start, stop = value.ranks_by_score(bounds)
    return stop - start


@command(
    "ZLEXCOUNT",
    arity=4,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.9",
    complexity="O(log(N)) for a sorted set of N members",
    syntax="key min max",
)
def zlexcount(ctx: Context, key: bytes, minimum: bytes, maximum: bytes) -> Reply:
    """Return how many members are between two, where all scores are alike."""
    bounds = lex_range(minimum, maximum)
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return 0
    start, stop = value.ranks_by_member(bounds)
    return stop - start


# Storing and removing


@command(
    "ZRANGESTORE",
    arity=-5,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=OW | UPDATE),
        KeyRange(2, access=RO | ACCESS),
    ),
    since="6.2.0",
    complexity="O(log(N)+M) for M stored of N members",
    syntax="dst:key src:key min max [BYSCORE | BYLEX]:sortby [REV] [LIMIT offset count]",
)
def zrangestore(
    ctx: Context, dst: bytes, src: bytes, minimum: bytes, maximum: bytes, *options: bytes
) -> Reply:
    """Store the members in a range as a sorted set."""
    query = RangeQuery(None, None, minimum, maximum, options, may_have_scores=False)
    db = ctx.db
    value = db.lookup_read(src, SortedSetValue)
    start, stop = (0, 0) if value is None else query.ranks(value)
    if value is None or start == stop:
        if db.delete(dst):
            db.changed(dst, GENERIC, b"del")
        return 0
    members = value.members_between(start, stop)
    scores = dict(zip(members, value.scores_between(start, stop), strict=True))
    db.store(dst, SortedSetValue.of(scores, ctx.limits))
    db.changed(dst, SORTED_SET, b"zrangestore")
    return stop - start


@command(
    "ZREMRANGEBYRANK",
    arity=4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="2.0.0",
    complexity="O(log(N)+M) for M removed of N members",
    syntax="key start:integer stop:integer",
)
def zremrangebyrank(ctx: Context, key: bytes, start: bytes, stop: bytes) -> Reply:
    """Remove the members in a range of positions."""
    return _remove_range(ctx, key, RangeQuery(By.RANK, False, start, stop, ()), b"zremrangebyrank")


@command(
    "ZREMRANGEBYSCORE",
    arity=4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="1.2.0",
    complexity="O(log(N)+M) for M removed of N members",
    syntax="key min:double max:double",
)
def zremrangebyscore(ctx: Context, key: bytes, minimum: bytes, maximum: bytes) -> Reply:
    """Remove the members in a range of scores."""
    return _remove_range(
        ctx, key, RangeQuery(By.SCORE, False, minimum, maximum, ()), b"zremrangebyscore"
    )


@command(
    "ZREMRANGEBYLEX",
    arity=4,
    flags=WRITE,
    keys=KeyRange(1, access=RW | DELETE),
    since="2.8.9",
    complexity="O(log(N)+M) for M removed of N members",
    syntax="key min max",
)
def zremrangebylex(ctx: Context, key: bytes, minimum: bytes, maximum: bytes) -> Reply:
    """Remove the members between two, where all scores are alike."""
    return _remove_range(
        ctx, key, RangeQuery(By.MEMBER, False, minimum, maximum, ()), b"zremrangebylex"
    )


def _remove_range(ctx: Context, key: bytes, query: RangeQuery, event: bytes) -> Reply:
    value = ctx.db.lookup_write(key, SortedSetValue)
    if value is None:
        return 0
    removed = len(value.delete_between(*query.ranks(value)))
    if removed:
        ctx.db.changed(key, SORTED_SET, event, removed)
        if not value:
            ctx.db.delete_emptied(key)
    return removed
