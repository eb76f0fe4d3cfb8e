"""
Sorted-set commands for members and their scores.

Ranges are in :mod:`~pyredis.commands.sorted_set_ranges`, pops in
:mod:`~pyredis.commands.sorted_set_pops`, unions and the like in
:mod:`~pyredis.commands.sorted_set_algebra`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import RedisError, out_of_range, syntax_error, wrong_arity
from pyredis.execution.arguments import double, integer_between
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    DENYOOM,
    FAST,
    READONLY,
    RO,
    RW,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.repetitions import check_repetitions
from pyredis.execution.scan_options import read_cursor, read_scan_options, scan_reply
from pyredis.execution.table import family
from pyredis.keyspace.events import SORTED_SET
from pyredis.primitives.numbers import (
    INT64_MAX,
    format_double,
    parse_double,
)
from pyredis.wire.replies import NULL_ARRAY, Double, Reply, Scored

command = family("sorted-set", Category.SORTEDSET)

_ADD_OPTIONS = frozenset({b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"})


# Adding


@command(
    "ZADD",
    arity=-4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | UPDATE),
    since="1.2.0",
    complexity="O(M*log(N)) for M members added to N",
    history=[
        ("2.4.0", "Several members."),
        ("3.0.2", "`XX`, `NX`, `CH` and `INCR`."),
        ("6.2.0", "`GT` and `LT`."),
    ],
    syntax=(
        "key [NX | XX]:condition@3.0.2 [GT | LT]:comparison@6.2.0 [CH:change@3.0.2] "
        "[INCR:increment@3.0.2] (score:double member):data..."
    ),
)
def zadd(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Add members to a sorted set, or change their scores."""
    if len(options) != 2:
        return _add(ctx, key, options)
    # One member without options, nearly always.
    try:
        score = parse_double(options[0])
    except ValueError:
        return _add(ctx, key, options)
    db = ctx.db
    value = db.lookup_write(key, SortedSetValue)
    if value is None:
        value = SortedSetValue()
        db.overwrite(key, value)
    old = value.put(options[1], score, ctx.limits)
    if old is None:
        db.changed(key, SORTED_SET, b"zadd")
        return 1
    if old != score:
        db.changed(key, SORTED_SET, b"zadd")
    return 0


@command(
    "ZINCRBY",
    arity=4,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="1.2.0",
    complexity="O(log(N)) for a sorted set of N members",
    syntax="key increment:integer member",
)
def zincrby(ctx: Context, key: bytes, increment: bytes, member: bytes) -> Reply:
    """Add a number to the score of a member, which begins at 0."""
    try:
        number = parse_double(increment)
    except ValueError:
        # Redis looks for ZADD's options here, too.
        return _add(ctx, key, (increment, member), increment=True)
    value = ctx.db.lookup_write(key, SortedSetValue)
    if value is None:
        value = SortedSetValue()
        ctx.db.overwrite(key, value)
    return _increment(ctx, key, value, member, number)


def _add(ctx: Context, key: bytes, options: Sequence[bytes], increment: bool = False) -> Reply:
    """Do what ZADD and ZINCRBY do, with any options."""
    chosen, pairs = _split_add_options(options)
    increment = increment or b"INCR" in chosen
    if increment and len(pairs) > 2:
        raise RedisError("INCR option supports a single increment-element pair")
    scores = [double(score) for score in pairs[::2]]
    members = pairs[1::2]
    value = ctx.db.lookup_write(key, SortedSetValue)
    if value is None:
        if b"XX" in chosen:
            return None if increment else 0
        value = SortedSetValue()
        value.expect(ctx.limits, len(members), len(members[0]))
        ctx.db.overwrite(key, value)
    else:
        value.expect(ctx.limits, len(members))
    if increment:
        return _increment(ctx, key, value, members[0], scores[0], chosen)
    added, updated = _put_all(ctx, value, members, scores, chosen)
    if added or updated:
        ctx.db.changed(key, SORTED_SET, b"zadd", added + updated)
    return added + updated if b"CH" in chosen else added


def _split_add_options(options: Sequence[bytes]) -> tuple[set[bytes], Sequence[bytes]]:
    """Return the options of ZADD in capitals, and the scores and members behind them."""
    chosen = set()
    for position, word in enumerate(options):
        word = word.upper()
        if word not in _ADD_OPTIONS:
            pairs = options[position:]
            break
        chosen.add(word)
    else:
        raise syntax_error()
    if len(pairs) % 2:
        raise syntax_error()
    if {b"NX", b"XX"} <= chosen:
        raise RedisError("XX and NX options at the same time are not compatible")
    if len(chosen & {b"GT", b"LT", b"NX"}) > 1:
        raise RedisError("GT, LT, and/or NX options at the same time are not compatible")
    return chosen, pairs


def _refuses(chosen: Set[bytes], old: float | None, new: float) -> bool:
    """Tell whether the options forbid to give a member that had one score another."""
    if old is None:
        return b"XX" in chosen
    return b"NX" in chosen or (b"GT" in chosen and new <= old) or (b"LT" in chosen and new >= old)


def _put_all(
    ctx: Context,
    value: SortedSetValue,
    members: Sequence[bytes],
    scores: list[float],
    chosen: Set[bytes],
) -> tuple[int, int]:
    """Give members their scores as the options allow; return how many were added and changed."""
    limits = ctx.limits
    put = value.put
    conditional = bool(chosen - {b"CH"})
    added = updated = 0
    for member, score in zip(members, scores, strict=True):
        if conditional and _refuses(chosen, value.score(member), score):
            continue
        old = put(member, score, limits)
        if old is None:
            added += 1
        elif old != score:
            updated += 1
    return added, updated


def _increment(
    ctx: Context,
    key: bytes,
    value: SortedSetValue,
    member: bytes,
    increment: float,
    chosen: Set[bytes] = frozenset(),
) -> Reply:
    """Add to the score of a member as the options allow; return it, or None."""
    old = value.score(member)
    score = increment
    if old is not None:
        if b"NX" in chosen:
            return None
        score += old
        if score != score:
            raise RedisError("resulting score is not a number (NaN)")
    if chosen and _refuses(chosen, old, score):
        return None
    value.put(member, score, ctx.limits)
    if old != score:
        ctx.db.changed(key, SORTED_SET, b"zincr")
    return Double(score)


@command(
    "ZREM",
    arity=-3,
    flags=WRITE | FAST,
    keys=KeyRange(1, access=RW | DELETE),
    since="1.2.0",
    complexity="O(M*log(N)) for M removed of N members",
    history=[("2.4.0", "Several members.")],
    syntax="key member...",
)
def zrem(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Remove members from a sorted set."""
    value = ctx.db.lookup_write(key, SortedSetValue)
    if value is None:
        return 0
    removed = sum(map(value.remove, members))
    if removed:
        ctx.db.changed(key, SORTED_SET, b"zrem", removed)
        if not value:
            ctx.db.delete_emptied(key)
    return removed


# Asking


@command(
    "ZCARD",
    arity=2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO),
    since="1.2.0",
    complexity="O(1)",
    syntax="key",
)
def zcard(ctx: Context, key: bytes) -> Reply:
    """Return how many members a sorted set has."""
    value = ctx.db.lookup_read(key, SortedSetValue)
    return 0 if value is None else len(value)


@command(
    "ZSCORE",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="1.2.0",
    complexity="O(1)",
    syntax="key member",
)
def zscore(ctx: Context, key: bytes, member: bytes) -> Reply:
    """Return the score of a member."""
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return None
    score = value.score(member)
    return None if score is None else Double(score)


@command(
    "ZMSCORE",
    arity=-3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N) for N members",
    syntax="key member...",
)
def zmscore(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Return the scores of several members."""
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return [None] * len(members)
    return [None if score is None else Double(score) for score in map(value.score, members)]


@command(
    "ZRANK",
    arity=-3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(log(N))",
    history=[("7.2.0", "`WITHSCORE`.")],
    syntax="key member [WITHSCORE]",
)
def zrank(ctx: Context, key: bytes, member: bytes, *options: bytes) -> Reply:
    """Return the position of a member, counted from the lowest score."""
    return _rank(ctx, key, member, options, "zrank")


@command(
    "ZREVRANK",
    arity=-3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.0.0",
    complexity="O(log(N))",
    history=[("7.2.0", "`WITHSCORE`.")],
    syntax="key member [WITHSCORE]",
)
def zrevrank(ctx: Context, key: bytes, member: bytes, *options: bytes) -> Reply:
    """Return the position of a member, counted from the highest score."""
    return _rank(ctx, key, member, options, "zrevrank")


def _rank(ctx: Context, key: bytes, member: bytes, options: Sequence[bytes], name: str) -> Reply:
    if len(options) > 1:
        raise wrong_arity(name)
    if options and options[0].upper() != b"WITHSCORE":
        raise syntax_error()
    value = ctx.db.lookup_read(key, SortedSetValue)
    rank = None if value is None else value.rank(member)
    if value is None or rank is None:
        return NULL_ARRAY if options else None
    if name == "zrevrank":
        rank = len(value) - 1 - rank
    return [rank, Double(value.scores[member])] if options else rank


# Chance


@command(
    "ZRANDMEMBER",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.2.0",
    complexity="O(N) for N members returned",
    tips=["nondeterministic_output"],
    syntax="key [count [WITHSCORES]]:options",
)
def zrandmember(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Return members chosen at random."""
    if not options:
        value = ctx.db.lookup_read(key, SortedSetValue)
        return None if value is None else value.random(ctx.server.rng)
    count = integer_between(options[0], -INT64_MAX, INT64_MAX)
    with_scores = len(options) == 2 and options[1].upper() == b"WITHSCORES"
    if len(options) > 1 and not with_scores:
        raise syntax_error()
    if with_scores and abs(count) > INT64_MAX // 2:
        raise out_of_range()
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None or not count:
        return []
    members = _chosen(ctx, value, count)
    if not with_scores:
        return members  # type: ignore[return-value]
    return Scored(members, list(map(value.scores.__getitem__, members)))


def _chosen(ctx: Context, value: SortedSetValue, count: int) -> list[bytes]:
    """Return different members, or with a negative count any number of perhaps the same."""
    if count < 0:
        check_repetitions(ctx, -count)
        return value.choices(ctx.server.rng, -count)
    if count >= len(value):
        # Redis walks backwards here.
        return value.members_between(0, len(value))[::-1]
    return value.sample(ctx.server.rng, count)


# Cursors


@command(
    "ZSCAN",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.0",
    complexity="O(1) a call, O(N) for a whole iteration over N elements",
    tips=["nondeterministic_output"],
    syntax="key cursor [MATCH pattern] [COUNT count]",
)
def zscan(ctx: Context, key: bytes, cursor: bytes, *options: bytes) -> Reply:
    """Return some members of a sorted set with their scores, and a cursor for the next call."""
    position = read_cursor(cursor)
    value = ctx.db.lookup_read(key, SortedSetValue)
    if value is None:
        return scan_reply(0, [])
    asked = read_scan_options(options)
    rest, members = value.scan(position, asked.effort)
    if asked.matches is not None:
        members = list(filter(asked.matches, members))
    # Redis' two encodings write scores differently here.
    write = format_double if value.encoding == "listpack" else b"%.17g".__mod__
    scores = value.scores
    found: list[bytes] = []
    for member in members:
        found += (member, write(scores[member]))
    return scan_reply(rest, found)
