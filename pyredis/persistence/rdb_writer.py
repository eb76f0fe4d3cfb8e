"""
A whole RDB file, written in portions.

Records come in as :mod:`~pyredis.persistence.rdb_reader` yields them and bytes
go out. Who asks for the next bytes decides when work is done: a forked child
asks as fast as it can, a server that goes on serving asks now and then. The
records of one database have to come together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final

from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.rdb_format import SHORT_LENGTHS, encode_length
from pyredis.persistence.rdb_reader import Record
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.primitives.checksums import crc64

_FUNCTIONS_SINCE: Final = 10
_PORTION_RECORDS: Final = 256  # records that are handed out together
_PORTION_BYTES: Final = 1 << 16  # or fewer, when their values have so many bytes
_SHORT: Final = 64
_PLAIN_FROM: Final = 58  # behind the digits: what begins so is no integer
_CHECKSUM_BYTES: Final = 8

_pack_deadline = Struct("<Bq").pack
_pack_checksum = Struct("<Q").pack


def write_rdb(
    records: Iterable[Record],
    writer: ValueWriter,
    *,
    sizes: Mapping[int, tuple[int, int]] | None = None,
    aux: Iterable[tuple[bytes, bytes]] = (),
    functions: Iterable[bytes] = (),
    checking: bool = True,
) -> Iterator[bytes]:
    """
    Yield an RDB file.

    Args:
        records: All keys. They are asked for as the file is.
        writer: Writes values, and says in which version.
        sizes: For each database how many keys and how many deadlines it will
            have, so that who reads can make room.
        aux: What else is to be told of the file, by name.
        functions: The code of the function libraries; Redis before 7.0 knows of none.
        checking: Whether to count a checksum.
    """
    checksum = 0
    for portion in _portions(records, writer, sizes or {}, aux, functions):
        if checking:
            checksum = crc64(portion, checksum)
        yield portion
    yield _pack_checksum(checksum)


def _portions(
    records: Iterable[Record],
    writer: ValueWriter,
    sizes: Mapping[int, tuple[int, int]],
    aux: Iterable[tuple[bytes, bytes]],
    functions: Iterable[bytes],
) -> Iterator[bytes]:
    """Yield all that the checksum counts."""
    encode = writer.strings.encode
    parts = [b"REDIS%04d" % writer.version]
    for name, value in aux:
        parts += (bytes((rdb.AUX,)), encode(name), encode(value))
    if writer.version >= _FUNCTIONS_SINCE:
        for code in functions:
            parts += (bytes((rdb.FUNCTION2,)), encode(code))
    database = -1
    heads = SHORT_LENGTHS
    left = _PORTION_RECORDS
    held = 0
    for number, key, value, deadline_ms, idle_s, frequency in records:
        if number != database:
            database = number
            parts.append(_select(database, sizes))
        if deadline_ms is not None:
            parts.append(_pack_deadline(rdb.EXPIRETIME_MS, deadline_ms))
        if idle_s is not None:
            parts.append(bytes((rdb.IDLE,)) + encode_length(idle_s))
        if frequency is not None:
            parts.append(bytes((rdb.FREQ, frequency)))
        # Most keys and values are short texts, which need no call.
        size = len(key)
        written = heads[size] + key if 0 < size < _SHORT and key[0] >= _PLAIN_FROM else encode(key)
        if (
            value.__class__ is bytes
            and 0 < (size := len(value)) < _SHORT
            and value[0] >= _PLAIN_FROM
        ):
            parts += (b"\0", written, heads[size], value)
        else:
            kind, pieces = writer.encode(value)
            parts += (bytes((kind,)), written)
            for piece in pieces:
                parts.append(piece)
                held += len(piece)
                if held >= _PORTION_BYTES:
                    yield b"".join(parts)
                    parts.clear()
                    held = 0
        left -= 1
        if not left:
            left = _PORTION_RECORDS
            if parts:
                yield b"".join(parts)
                parts.clear()
                held = 0
    parts.append(bytes((rdb.EOF,)))
    yield b"".join(parts)


def _select(database: int, sizes: Mapping[int, tuple[int, int]]) -> bytes:
    """Begin a database."""
    parts = [bytes((rdb.SELECTDB,)), encode_length(database)]
    if database in sizes:
        keys, deadlines = sizes[database]
        parts += (bytes((rdb.RESIZEDB,)), encode_length(keys), encode_length(deadlines))
    return b"".join(parts)
