"""
Commands that do nothing else for several requests at once than for each.

Even so it pays to run them as a batch (see :mod:`~pyredis.commands.batch_forms`),
above all where many clients send one request each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyredis.commands import (
    bitmaps,
    blocking_lists,
    counters,
    expiration,
    hashes,
    keys,
    lists,
    pubsub,
    sets,
    sorted_set_pops,
    strings,
)
from pyredis.commands.batch_forms import in_turn, once_for_equal, without_waiting
from pyredis.execution.table import in_batch

_body: Callable[..., Any]

for _body in (
    bitmaps.setbit,
    counters.incrbyfloat,
    expiration.expireat,
    expiration.persist,
    expiration.pexpire,
    expiration.pexpireat,
    hashes.hdel,
    hashes.hincrby,
    hashes.hincrbyfloat,
    hashes.hmset,
    hashes.hsetnx,
    keys.del_,
    keys.touch,
    keys.unlink,
    lists.linsert,
    lists.lmove,
    lists.lpushx,
    lists.lrem,
    lists.lset,
    lists.ltrim,
    lists.rpoplpush,
    lists.rpushx,
    pubsub.publish,
    pubsub.spublish,
    sets.smove,
    sets.srandmember,
    sets.srem,
    strings.append,
    strings.getdel,
    strings.getset,
    strings.psetex,
    strings.setnx,
    strings.setrange,
):
    in_batch(_body)(in_turn(_body))

# These only read.
for _body in (
    bitmaps.bitcount,
    bitmaps.getbit,
    expiration.pttl,
    expiration.ttl,
    hashes.hexists,
    hashes.hget,
    hashes.hgetall,
    hashes.hkeys,
    hashes.hlen,
    hashes.hmget,
    hashes.hstrlen,
    hashes.hvals,
    keys.exists,
    keys.type_,
    lists.lindex,
    lists.llen,
    lists.lpos,
    lists.lrange,
    sets.scard,
    sets.sismember,
    sets.smembers,
    sets.smismember,
    strings.getrange,
    strings.mget,
    strings.strlen,
):
    in_batch(_body)(once_for_equal(_body, in_turn(_body)))

# These may have to wait, mostly do not.
for _body in (
    blocking_lists.blmove,
    blocking_lists.blmpop,
    blocking_lists.blpop,
    blocking_lists.brpop,
    blocking_lists.brpoplpush,
    sorted_set_pops.bzmpop,
    sorted_set_pops.bzpopmax,
    sorted_set_pops.bzpopmin,
):
    in_batch(_body)(without_waiting(_body))
