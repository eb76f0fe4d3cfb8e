"""
Waiting for replicas and for the append-only file.

This server has neither yet, which is what it answers.
"""

from __future__ import annotations

from pyredis.errors import RedisError
from pyredis.execution.arguments import integer, integer_between, positive_count
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import NOSCRIPT, Category
from pyredis.execution.table import family
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import Reply

command = family("generic", Category.CONNECTION)


@command(
    "WAIT",
    arity=3,
    since="3.0.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:agg_min"],
    syntax="numreplicas:integer timeout:integer",
    may_wait=True,
)
def wait(ctx: Context, numreplicas: bytes, timeout: bytes) -> Reply | Blocked:
    """Wait until so many replicas have all writes of this client; return how many have."""
    wanted = integer(numreplicas)
    timeout_ms = _timeout_ms(ctx, timeout)
    if wanted <= 0:
        return 0
    return Blocked((), timeout_ms, object, on_timeout=0)


@command(
    "WAITAOF",
    arity=4,
    flags=NOSCRIPT,
    since="7.2.0",
    complexity="O(1)",
    tips=["request_policy:all_shards", "response_policy:agg_min"],
    syntax="numlocal:integer numreplicas:integer timeout:integer",
)
def waitaof(ctx: Context, numlocal: bytes, numreplicas: bytes, timeout: bytes) -> Reply | Blocked:
    """Wait until all writes of this client are on disk, here and on so many replicas."""
    wants_local = integer_between(numlocal, 0, 1)
    wanted = positive_count(numreplicas)
    timeout_ms = _timeout_ms(ctx, timeout)
    if wants_local:
        raise RedisError("WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
    if not wanted:
        return [0, 0]
    return Blocked((), timeout_ms, object, on_timeout=[0, 0])


def _timeout_ms(ctx: Context, argument: bytes) -> int:
    """
    Return a timeout that is given in milliseconds; 0 is for ever.

    Raises:
        RedisError: It is no integer, negative, or ends beyond time.
    """
    timeout = integer(argument, "timeout is not an integer or out of range")
    if timeout < 0:
        raise RedisError("timeout is negative")
    if timeout > INT64_MAX - ctx.now_ms:
        raise RedisError("timeout is out of range")
    return timeout
