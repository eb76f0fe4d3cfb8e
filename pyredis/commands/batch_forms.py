"""
What forms of commands for several requests at once have in common.

A *form* does for a number of requests what a command's body does for one, see
:func:`pyredis.execution.table.in_batch`. Two of them can be made of any body that
is fit for it: one calls it again and again, one calls it once for requests that
are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.dispatch import A_WHILE_NS
from pyredis.execution.table import may_take_long
from pyredis.wire.replies import Pairs, Reply, Scored, SetReply

Form = Callable[..., list[Reply]]

_NUMBER_SIZE = 24  # bytes of a double as text, at most
_SIZED: frozenset[Any] = frozenset({bytes, dict, list, Pairs, Scored, SetReply})


class _WouldWait(Exception):
    """A client would have to wait: that is left to the body."""


def only_value(ctx: Context, keys: Sequence[bytes], kind: type[Any]) -> Any:
    """
    Return the value of the key, if it is the same in all requests and is there.

    Raises:
        WrongType: The value is of another type.
    """
    key = keys[0]
    return ctx.db.lookup_write(key, kind) if keys.count(key) == len(keys) else None


def none_each(ctx: Context, count: int, keys: Sequence[bytes]) -> list[Reply]:
    """Return that nothing is there, if the key is the same in all requests and is not there."""
    key = keys[0]
    return [None] * count if keys.count(key) == count and ctx.db.lookup_write(key) is None else []


def reply_size(reply: Any) -> int:
    """Return about how many bytes it takes to write a reply of strings, numbers and arrays."""
    kind = reply.__class__
    if kind is bytes:
        return len(reply) + 1
    if kind is Scored:
        return sum(map(len, reply.members)) + _NUMBER_SIZE * len(reply) + 1
    if kind is dict:
        return sum(map(len, reply)) + sum(map(len, reply.values())) + 2 * len(reply) + 1
    if kind not in _SIZED:
        return _NUMBER_SIZE
    if reply and reply[0].__class__ is bytes is reply[-1].__class__:
        try:
            return sum(map(len, reply)) + len(reply) + 1
        except TypeError:
            pass  # there are others between
    return sum(map(reply_size, reply)) + 1


def in_turn(body: Callable[..., Any], attempt: Callable[..., Any] | None = None) -> Form:
    """
    Return a form that only calls the body again and again.

    Even that spares each request most of what it costs by itself. The body must
    check its arguments before it changes anything. One request that takes so long
    that it has to be timed by itself is the last.

    Args:
        body: The command's.
        attempt: Called in its place, if that is not what to call.
    """
    is_timed = may_take_long(body)
    call = body if attempt is None else attempt

    def form(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
        replies: list[Reply] = []
        if ctx.effects is not None:
            return replies  # effects belong to one request each
        db, timer = ctx.db, ctx.server.timer
        size = 0
        now = timer()
        try:
            for request in zip(*columns, strict=True):
                hits, misses = db.hits, db.misses
                reply = call(ctx, *request)
                replies.append(reply)
                if reply.__class__ in _SIZED:
                    size += reply_size(reply)
                    if size > ctx.batch_bytes:
                        break
                if is_timed:
                    started, now = now, timer()
                    if now - started > A_WHILE_NS:
                        ctx.server.dispatcher.last_ns = now - started
                        break
        except Exception:
            # Run by itself the request says why, and counts what it looked up.
            db.hits, db.misses = hits, misses
        return replies

    return form


def without_waiting(body: Callable[..., Any]) -> Form:
    """Return a form that calls the body again and again, as long as no client has to wait."""

    def attempt(ctx: Context, *arguments: bytes) -> Any:
        reply = body(ctx, *arguments)
        if reply.__class__ is Blocked:
            raise _WouldWait
        return reply

    return in_turn(body, attempt)


def once_for_equal(body: Callable[..., Any], otherwise: Form | None = None) -> Form:
    """
    Return a form that calls the body once for requests that are equal.

    The body must change nothing and leave nothing to chance. It gets its
    requests one by one if it takes so long that each has to be timed by itself,
    and if accesses of keys are counted.

    Args:
        body: What is called.
        otherwise: The form for requests that differ; None leaves them to the body.
    """

    def form(ctx: Context, count: int, *columns: Sequence[bytes]) -> list[Reply]:
        for column in columns:
            if column.count(column[0]) != count:
                return [] if otherwise is None else otherwise(ctx, count, *columns)
        db = ctx.db
        if ctx.keyspace.frequency is not None:
            return []
        hits, misses, timer = db.hits, db.misses, ctx.server.timer
        started = timer()
        try:
            reply = body(ctx, *[column[0] for column in columns])
        except Exception:
            # Run by itself the request says why, and counts what it looked up.
            db.hits, db.misses = hits, misses
            return []
        if timer() - started > A_WHILE_NS:
            return [reply]
        # At least one, which the body would send as well.
        times = max(1, min(count, ctx.batch_bytes // reply_size(reply)))
        db.hits += (db.hits - hits) * (times - 1)
        db.misses += (db.misses - misses) * (times - 1)
        return [reply] * times

    return form
