"""
Bitmap commands: strings as rows of bits.

SETBIT and BITFIELD leave a ``bytearray`` that they change in place; what they
and the others compute is in :mod:`pyredis.datatypes.bits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyredis.datatypes import bits
from pyredis.datatypes.bits import BitOperation, Overflow
from pyredis.datatypes.strings import to_buffer
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import integer
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DENYOOM,
    FAST,
    OW,
    READONLY,
    RO,
    RW,
    UPDATE,
    VARIABLE_FLAGS,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import FoundKey, KeyRange
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC, STRING
from pyredis.primitives.numbers import parse_int
from pyredis.wire.replies import Reply

command = family("bitmap", Category.BITMAP)

_BAD_OFFSET = "bit offset is not an integer or out of range"
_BAD_BIT = "bit is not an integer or out of range"


@command(
    "BITCOUNT",
    arity=-2,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.6.0",
    complexity="O(N)",
    history=[("7.0.0", "`BYTE` and `BIT`.")],
    syntax="key [start:integer end:integer [BYTE | BIT]:unit@7.0.0]:range",
)
def bitcount(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Count the bits that are set in a string, or in a range of it."""
    value = _read(ctx, key)
    # Redis looks at the options only of a key that exists.
    if value is None:
        return 0
    if not options:
        return bits.count_bits(value, 0, len(value) * 8 - 1)
    if len(options) not in (2, 3):
        raise syntax_error()
    start, end = integer(options[0]), integer(options[1])
    if end < start < 0:
        return 0
    if len(options) == 3 and _is_in_bits(options[2]):
        return bits.count_bits(value, *bits.resolve_range(start, end, len(value) * 8))
    start, end = bits.resolve_range(start, end, len(value))
    return bits.count_bits(value, start * 8, end * 8 + 7)


@command(
    "BITPOS",
    arity=-3,
    flags=READONLY,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.8.7",
    complexity="O(N)",
    history=[("7.0.0", "`BYTE` and `BIT`.")],
    syntax=(
        "key bit:integer [start:integer [end:integer [BYTE | BIT]:unit@7.0.0]:end-unit-block]:range"
    ),
)
def bitpos(ctx: Context, key: bytes, bit: bytes, *options: bytes) -> Reply:
    """Find the first bit that is set, or clear, in a string or a range of it."""
    wanted = integer(bit)
    if wanted not in (0, 1):
        raise RedisError("The bit argument must be 1 or 0.")
    value = _read(ctx, key)
    if value is None:
        return -wanted
    if len(options) > 3:
        raise syntax_error()
    start, end = 0, -1
    in_bits = False
    if options:
        start = integer(options[0])
        in_bits = len(options) == 3 and _is_in_bits(options[2])
        if len(options) > 1:
            end = integer(options[1])
    if in_bits:
        first, last = bits.resolve_range(start, end, len(value) * 8)
    else:
        start, end = bits.resolve_range(start, end, len(value))
        first, last = start * 8, end * 8 + 7
    if first > last:
        return -1
    position = bits.find_bit(value, wanted, first, last)
    # Without an end the string goes on with zeros.
    if position < 0 and not wanted and len(options) < 2:
        return last + 1
    return position


def _is_in_bits(unit: bytes) -> bool:
    """Tell whether a range is given in bits, not in bytes."""
    word = unit.upper()
    if word not in (b"BIT", b"BYTE"):
        raise syntax_error()
    return word == b"BIT"


@command(
    "BITOP",
    arity=-4,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(2, access=OW | UPDATE),
        KeyRange(3, last=-1, access=RO | ACCESS),
    ),
    since="2.6.0",
    complexity="O(N)",
    syntax="(AND | OR | XOR | NOT):operation destkey:key key...",
)
def bitop(ctx: Context, operation: bytes, target: bytes, *keys: bytes) -> Reply:
    """Combine strings bit by bit into another."""
    word = operation.upper()
    if word not in _OPERATIONS:
        raise syntax_error()
    if word == b"NOT" and len(keys) != 1:
        raise RedisError("BITOP NOT must be called with a single source key.")
    db = ctx.db
    sources = [_read(ctx, key) or b"" for key in keys]
    result = bits.combine(_OPERATIONS[word], sources)
    if result:
        db.store(target, result)
        db.changed(target, STRING, b"set")
    elif db.lookup_write(target) is not None and db.delete(target):
        db.changed(target, GENERIC, b"del")
    return len(result)


_OPERATIONS = {operation.name.encode(): operation for operation in BitOperation}


@command(
    "GETBIT",
    arity=3,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="2.2.0",
    complexity="O(1)",
    syntax="key offset",
)
def getbit(ctx: Context, key: bytes, offset: bytes) -> Reply:
    """Return a bit of a string."""
    position = _bit_offset(ctx, offset)
    value = _read(ctx, key)
    return 0 if value is None else bits.get_bit(value, position)


@command(
    "SETBIT",
    arity=4,
    flags=WRITE | DENYOOM,
    keys=KeyRange(1, access=RW | ACCESS | UPDATE),
    since="2.2.0",
    complexity="O(1)",
    syntax="key offset value:integer",
    inflates=True,
)
def setbit(ctx: Context, key: bytes, offset: bytes, value: bytes) -> Reply:
    """Set or clear a bit of a string and return what it was."""
    position = _bit_offset(ctx, offset)
    if value == b"1":
        bit = 1
    elif value == b"0":
        bit = 0
    else:
        raise RedisError(_BAD_BIT)
    buffer, grown = _writable(ctx, key, position)
    old = bits.set_bit(buffer, position, bit)
    if grown or old != bit:
        ctx.db.changed(key, STRING, b"setbit")
    return old


def _read(ctx: Context, key: bytes) -> bytes | bytearray | None:
    """Return the bytes of a string, or None if there is none."""
    value = ctx.db.lookup_read(key, bytes)
    return b"%d" % value if isinstance(value, int) else value


def _writable(ctx: Context, key: bytes, last_bit: int) -> tuple[bytearray, bool]:
    """
    Return a key's string to be changed in place, long enough to hold a bit.

    Also tells whether it was made or had to grow.
    """
    value = ctx.db.lookup_write(key, bytes)
    if isinstance(value, bytearray):
        return value, bits.grow(value, last_bit)
    buffer = bytearray() if value is None else to_buffer(value)
    grown = bits.grow(buffer, last_bit)
    ctx.db.overwrite(key, buffer)
    return buffer, grown


def _bit_offset(ctx: Context, text: bytes, width: int = 0) -> int:
    """Return a bit's offset; ``#n`` is that of the nth field of a width."""
    try:
        if width and text[:1] == b"#":
            offset = parse_int(text[1:]) * width
        else:
            offset = parse_int(text)
    except ValueError:
        raise RedisError(_BAD_OFFSET) from None
    if not 0 <= offset >> 3 < ctx.settings.proto_max_bulk_len:
        raise RedisError(_BAD_OFFSET)
    return offset


# BITFIELD


class _Field(NamedTuple):
    """One operation of BITFIELD; ``number`` is None for GET."""

    offset: int
    width: int
    signed: bool
    number: int | None = None
    is_increment: bool = False
    overflow: Overflow = Overflow.WRAP


_BITFIELD_WORDS = {b"GET": 2, b"OVERFLOW": 1}
_OVERFLOWS = {b"WRAP": Overflow.WRAP, b"SAT": Overflow.SATURATE, b"FAIL": Overflow.FAIL}
_BAD_FIELD = (
    "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
)


def _bitfield_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Return the key, which BITFIELD only reads if all its operations are GET."""
    at = 2
    while at < len(argv):
        words = _BITFIELD_WORDS.get(argv[at].upper())
        if words is None or at + words >= len(argv):
            return [(1, RW | ACCESS | UPDATE)]
        at += 1 + words
    return [(1, RO | ACCESS)]


@command(
    "BITFIELD",
    arity=-2,
    flags=WRITE | DENYOOM,
    keys=KeyRange(
        1,
        access=RW | ACCESS | UPDATE | VARIABLE_FLAGS,
        notes="Reads only if all its operations are GET",
        positions=_bitfield_keys,
    ),
    since="3.2.0",
    complexity="O(N) for N operations",
    syntax=(
        "key [(GET encoding offset):get-block | ([OVERFLOW (WRAP | SAT | "
        "FAIL):overflow-block] ((SET encoding offset value:integer):set-block | "
        "(INCRBY encoding offset increment:integer):incrby-block):write-operation):write]"
        ":operation..."
    ),
    inflates=True,
)
def bitfield(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Read, set and increment integers of any width anywhere in a string."""
    fields = _parse_fields(ctx, options)
    written = [field.offset + field.width - 1 for field in fields if field.number is not None]
    if not written:
        return _read_fields(ctx, key, fields)
    buffer, grown = _writable(ctx, key, max(written))
    replies: list[Reply] = []
    changes = 0
    for field in fields:
        old = bits.get_field(buffer, field.offset, field.width, field.signed)
        if field.number is None:
            replies.append(old)
            continue
        new = _new_number(field, old)
        if new is None:
            replies.append(None)
            continue
        bits.set_field(buffer, field.offset, field.width, new)
        replies.append(new if field.is_increment else old)
        changes += grown or new != old
    if changes:
        ctx.db.changed(key, STRING, b"setbit", changes)
    return replies


@command(
    "BITFIELD_RO",
    arity=-2,
    flags=READONLY | FAST,
    keys=KeyRange(1, access=RO | ACCESS),
    since="6.0.0",
    complexity="O(N) for N operations",
    syntax="key [GET encoding offset]:get-block...",
)
def bitfield_ro(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Read integers of any width anywhere in a string."""
    fields = _parse_fields(ctx, options)
    if any(field.number is not None for field in fields):
        raise RedisError("BITFIELD_RO only supports the GET subcommand")
    return _read_fields(ctx, key, fields)


def _read_fields(ctx: Context, key: bytes, fields: list[_Field]) -> Reply:
    """Return the numbers in some fields."""
    value = _read(ctx, key) or b""
    return [bits.get_field(value, field.offset, field.width, field.signed) for field in fields]


def _new_number(field: _Field, old: int) -> int | None:
    """Return the number a field is to hold, or None if it would overflow and must not."""
    assert field.number is not None
    if field.is_increment:
        return bits.fit(old + field.number, field.width, field.signed, field.overflow)
    number = field.number
    if number < 0 and not field.signed:
        # Redis takes the 64 bits of a negative number for a great one.
        number += 1 << 64
    elif field.width < 64 and number < (1 << (field.width - 1)) - (1 << 63):
        # So low that Redis, which looks how much room is left above, takes it for too great.
        return _too_great(field, number)
    return bits.fit(number, field.width, field.signed, field.overflow)


def _too_great(field: _Field, number: int) -> int | None:
    """Return what a signed field is to hold for a number that counts as too great."""
    if field.overflow is Overflow.WRAP:
        return bits.fit(number, field.width, True, Overflow.WRAP)
    return bits.fit(1 << 64, field.width, True, field.overflow)


def _parse_fields(ctx: Context, options: Sequence[bytes]) -> list[_Field]:
    """Read the operations of BITFIELD."""
    fields = []
    overflow = Overflow.WRAP
    at = 0
    while at < len(options):
        left = len(options) - at - 1
        word = options[at].upper()
        if word == b"OVERFLOW" and left >= 1:
            name = options[at + 1].upper()
            if name not in _OVERFLOWS:
                raise RedisError("Invalid OVERFLOW type specified")
            overflow = _OVERFLOWS[name]
            at += 2
            continue
        is_get = word == b"GET" and left >= 2
        if not is_get and not (word in (b"SET", b"INCRBY") and left >= 3):
            raise syntax_error()
        signed, width = _parse_field_type(options[at + 1])
        offset = _bit_offset(ctx, options[at + 2], width)
        if is_get:
            fields.append(_Field(offset, width, signed))
            at += 3
        else:
            number = integer(options[at + 3])
            fields.append(_Field(offset, width, signed, number, word == b"INCRBY", overflow))
            at += 4
    return fields


def _parse_field_type(text: bytes) -> tuple[bool, int]:
    """Read a field's type: whether it is signed, and its width."""
    signed = text[:1] == b"i"
    try:
        # C takes a NUL byte for the end.
        width = parse_int(text[1:].partition(b"\0")[0])
    except ValueError:
        width = 0
    if not (signed or text[:1] == b"u") or not 1 <= width <= 63 + signed:
        raise RedisError(_BAD_FIELD)
    return signed, width
