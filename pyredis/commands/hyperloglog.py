"""
HyperLogLog commands.

A HyperLogLog is a string whose bytes :mod:`pyredis.datatypes.hyperloglog` makes
and reads; other commands may read and write it too, so each command looks first
whether it still is one.
"""

from __future__ import annotations

import math

from pyredis.datatypes import hyperloglog
from pyredis.datatypes.hyperloglog import CorruptHyperLogLog, NotHyperLogLog, SparseIndexes, Union
from pyredis.errors import RedisError, c_text
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    ADMIN,
    DENYOOM,
    FAST,
    INSERT,
    MAY_REPLICATE,
    READONLY,
    RO,
    RW,
    SYSCMD,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import STRING
from pyredis.wire.replies import OK, Reply, Simple

command = family("hyperloglog", Category.HYPERLOGLOG)

indexes = SparseIndexes()
"""
Of HyperLogLogs that were changed last.

What is in it is compared with the string before it is used, so that any number of
servers may share it.
"""

_STANDARD_ERROR = 1.04 / math.sqrt(hyperloglog.REGISTERS)


@command(
    "PFADD",
    arity=-2,
    flags=WRITE | DENYOOM | FAST,
    keys=KeyRange(1, access=RW | INSERT),
    since="2.8.9",
    complexity="O(N) for N elements",
    syntax="key [element...]",
)
def pfadd(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Count elements in a HyperLogLog, which is made if there is none."""
    db = ctx.db
    string = db.lookup_write(key, bytes)
    changed = 0
    if string is None:
        buffer = hyperloglog.create()
        db.overwrite(key, buffer)
        changed = 1
    else:
        buffer = own_buffer(ctx, key, string)
    try:
        changed += hyperloglog.add(buffer, elements, ctx.limits.hll_sparse_max_bytes, indexes)
    except CorruptHyperLogLog:
        raise _corrupt() from None
    if not changed:
        return 0
    hyperloglog.mark_stale(buffer)
    db.changed(key, STRING, b"pfadd", changed)
    return 1


@command(
    "PFCOUNT",
    arity=-2,
    flags=READONLY | MAY_REPLICATE,
    keys=KeyRange(
        1,
        last=-1,
        access=RW | ACCESS,
        notes="RW because the count may be stored in the key",
    ),
    since="2.8.9",
    complexity="O(N) for N keys; a single one is answered from its cache",
    syntax="key...",
)
def pfcount(ctx: Context, key: bytes, *keys: bytes) -> Reply:
    """Estimate how many different elements HyperLogLogs have counted together."""
    if keys:
        return _union(ctx, (key, *keys)).cardinality
    string = ctx.db.lookup_to_change(key, bytes)
    if string is None:
        return 0
    string = _checked(string)
    cardinality = hyperloglog.cached_cardinality(string)
    if cardinality is None:
        buffer = own_buffer(ctx, key, string)
        try:
            cardinality = hyperloglog.refresh_cardinality(buffer)
        except CorruptHyperLogLog:
            raise _corrupt() from None
        # The bytes of the string are others now, though nobody is told by an event.
        ctx.keyspace.dirty += 1
        if ctx.keyspace.told:
            ctx.keyspace.tell_change(ctx.db, key)
    return cardinality if cardinality < 2**63 else cardinality - 2**64


@command(
    "PFDEBUG",
    arity=3,
    flags=WRITE | DENYOOM | ADMIN | SYSCMD,
    keys=KeyRange(2, access=RW | ACCESS),
    since="2.8.9",
    complexity="N/A",
    syntax="subcommand key",
)
def pfdebug(ctx: Context, subcommand: bytes, key: bytes) -> Reply:
    """Look inside a HyperLogLog: DECODE, ENCODING, GETREG or TODENSE."""
    string = ctx.db.lookup_write(key, bytes)
    if string is None:
        raise RedisError("The specified key does not exist")
    buffer = own_buffer(ctx, key, string)
    word = subcommand.upper()
    if word == b"ENCODING":
        return Simple(b"dense" if hyperloglog.is_dense(buffer) else b"sparse")
    if word == b"DECODE":
        if hyperloglog.is_dense(buffer):
            raise RedisError("HLL encoding is not sparse")
        return hyperloglog.describe(buffer)
    if word not in (b"GETREG", b"TODENSE"):
        raise RedisError(b"Unknown PFDEBUG subcommand '%b'" % c_text(subcommand))
    try:
        converted = hyperloglog.make_dense(buffer)
    except CorruptHyperLogLog:
        raise _corrupt() from None
    ctx.keyspace.dirty += converted
    if word == b"GETREG":
        return [*hyperloglog.read_registers(buffer)]
    return int(converted)


@command(
    "PFMERGE",
    arity=-2,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RW | ACCESS | INSERT),
        KeyRange(2, last=-1, access=RO | ACCESS),
    ),
    since="2.8.9",
    complexity="O(N) for N keys",
    syntax="destkey:key [sourcekey:key...]",
)
def pfmerge(ctx: Context, target: bytes, *sources: bytes) -> Reply:
    """Let a HyperLogLog have counted what others have."""
    db = ctx.db
    union = _union(ctx, (target, *sources))
    string = db.lookup_write(target, bytes)
    if string is None:
        buffer = hyperloglog.create()
        db.overwrite(target, buffer)
    else:
        buffer = own_buffer(ctx, target, string)
    hyperloglog.merge(buffer, union, ctx.limits.hll_sparse_max_bytes, indexes)
    db.changed(target, STRING, b"pfadd")
    return OK


@command(
    "PFSELFTEST",
    arity=1,
    flags=ADMIN | SYSCMD,
    since="2.8.9",
    complexity="N/A",
)
def pfselftest(ctx: Context) -> Reply:
    """Test that registers keep what is put in them and that estimates are near."""
    _test_registers(ctx)
    _test_estimates(ctx)
    return OK


def _checked(string: bytes | bytearray | int) -> bytes | bytearray:
    """Return a string if it is a HyperLogLog."""
    try:
        return hyperloglog.checked(string)
    except NotHyperLogLog:
        text = "Key is not a valid HyperLogLog string value."
        raise RedisError(text, "WRONGTYPE") from None


def _corrupt() -> RedisError:
    """Return the error for a HyperLogLog whose header is good and whose registers are not."""
    return RedisError("Corrupted HLL object detected", "INVALIDOBJ")


def own_buffer(ctx: Context, key: bytes, string: bytes | bytearray | int) -> bytearray:
    """
    Return a key's string to be changed in place.

    Raises:
        RedisError: It is no HyperLogLog.
    """
    string = _checked(string)
    if isinstance(string, bytearray):
        return string
    buffer = bytearray(string)
    ctx.db.overwrite(key, buffer)
    return buffer


def _union(ctx: Context, keys: tuple[bytes, ...]) -> Union:
    """Return what the HyperLogLogs of some keys saw together; absent ones saw nothing."""
    union = Union()
    for key in keys:
        string = ctx.db.lookup_read(key, bytes)
        if string is None:
            continue
        string = _checked(string)
        try:
            union.add(string)
        except CorruptHyperLogLog:
            raise _corrupt() from None
    return union


# Redis runs these tests a thousand times as long, in which it answers nobody.
_REGISTER_ROUNDS = 5
_LAST_CHECKPOINT = 10000


def _test_registers(ctx: Context) -> None:
    """Put random values in all registers and read them back."""
    rng = ctx.server.rng
    for _ in range(_REGISTER_ROUNDS):
        string = hyperloglog.create()
        hyperloglog.make_dense(string)
        values = [rng.randrange(64) for _ in range(hyperloglog.REGISTERS)]
        for register, value in enumerate(values):
            hyperloglog.raise_dense_register(string, register, value)
        for register, found in enumerate(hyperloglog.read_registers(string)):
            if found != values[register]:
                text = f"Register {register} should be {values[register]} but is {found}"
                raise RedisError(text, "TESTFAILED")


def _test_estimates(ctx: Context) -> None:
    """Add random elements to a dense and a sparse HyperLogLog and compare the estimates."""
    limit = ctx.limits.hll_sparse_max_bytes
    seed = ctx.server.rng.getrandbits(64)
    dense, sparse = hyperloglog.create(), hyperloglog.create()
    hyperloglog.make_dense(dense)
    checkpoint = 1
    for number in range(1, _LAST_CHECKPOINT + 1):
        element = (number ^ seed).to_bytes(8, "little")
        hyperloglog.add(dense, (element,), limit, indexes)
        hyperloglog.add(sparse, (element,), limit, indexes)
        if number != checkpoint:
            continue
        if checkpoint < limit // 2 and hyperloglog.is_dense(sparse):
            raise RedisError("sparse encoding not used", "TESTFAILED")
        estimated = hyperloglog.refresh_cardinality(dense)
        if hyperloglog.refresh_cardinality(sparse) != estimated:
            raise RedisError("dense/sparse disagree", "TESTFAILED")
        error = abs(checkpoint - estimated)
        allowed = 1 if checkpoint == 10 else math.ceil(_STANDARD_ERROR * 6 * checkpoint)
        if error > allowed:
            text = f"Too big error. card:{checkpoint} abserr:{error}"
            raise RedisError(text, "TESTFAILED")
        checkpoint *= 10
