"""
DUMP's payloads: a value in RDB form, the version and a checksum.

They go from server to server as they are, so both ends have to agree in the version.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence.rdb_format import NEWEST_READ, CorruptRdb
from pyredis.persistence.rdb_value_reader import read_value
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.primitives.checksums import crc64

_footer = Struct("<HQ")
_pack_version = Struct("<H").pack
_pack_checksum = Struct("<Q").pack
_CHECKSUM_BYTES: Final = 8


class PayloadRefused(ValueError):
    """The version is too new, or the checksum wrong, or there is none."""


def dump(value: Any, writer: ValueWriter) -> bytes:
    """Return the payload of a value."""
    kind, pieces = writer.encode(value)
    payload = b"".join((bytes((kind,)), *pieces, _pack_version(writer.version)))
    return payload + _pack_checksum(crc64(payload))


def load(payload: bytes, limits: EncodingLimits, *, checking: bool = True) -> Any:
    """
    Return the value of a payload.

    Args:
        payload: What :func:`dump` or Redis made.
        limits: What decides the value's encoding.
        checking: Whether the checksum must be right.

    Raises:
        PayloadRefused: It was not looked at any further.
        RdbError: There is no value in it.
    """
    end = len(payload) - _footer.size
    if end < 0:
        raise PayloadRefused("too short")
    version, checksum = _footer.unpack_from(payload, end)
    if version > NEWEST_READ:
        raise PayloadRefused("of a later version")
    if checking and crc64(memoryview(payload)[:-_CHECKSUM_BYTES]) != checksum:
        raise PayloadRefused("changed on its way")
    if not end:
        raise CorruptRdb("nothing in it")
    body = payload[:end]
    value, at = read_value(body[0], body, 1, limits)
    if at != end:
        raise CorruptRdb("something behind the value")
    return value
