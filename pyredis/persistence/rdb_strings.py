"""
Strings as they are written: as integers, compressed, or as they are.

Redis tries to compress whatever has more than 20 bytes, which costs it next to
nothing. In Python a byte costs 300 nanoseconds, so that a snapshot of short
strings would take a minute instead of a second and be hardly smaller. So only
long strings are compressed, and of those only the ones that shrink to a small
fraction, as a sample shows: these are done quickly, a hundred nanoseconds a byte
at most. Who waits for DUMP, SAVE or a slice of a snapshot waits for this.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zlib import compress as deflate

from pyredis.datatypes.encodings import is_integer
from pyredis.persistence.rdb_format import SHORT_LENGTHS, encode_integer, encode_length
from pyredis.primitives.lzf import compress

_LONGEST_INTEGER: Final = 11  # characters of one with 32 bits
_COMPRESSED_FROM: Final = 512
_SAMPLE: Final = 1024
_WORTHWHILE: Final = 12  # how many times smaller a sample must become
_SHRINKING: Final = 8  # and the whole: LZF is not as good at it as what tries the sample


class StringWriter:
    """
    Writes strings.

    Args:
        compressing: Whether to compress what is worth it.
    """

    __slots__ = ("_compressed_from",)

    def __init__(self, compressing: bool = True) -> None:
        self._compressed_from = _COMPRESSED_FROM if compressing else 1 << 63

    def encode(self, data: bytes) -> bytes:
        """Return a string as it is written."""
        size = len(data)
        if size <= _LONGEST_INTEGER:
            # What begins behind "9" is no number.
            if size and data[0] < 58 and is_integer(data):
                return encode_integer(int(data))
            return SHORT_LENGTHS[size] + data
        if size >= self._compressed_from:
            packed = _compressed(data)
            if packed is not None:
                parts = (b"\xc3", encode_length(len(packed)), encode_length(size), packed)
                return b"".join(parts)
        return encode_length(size) + data

    def encode_all(self, strings: Iterable[bytes]) -> bytes:
        """Return strings one behind the other."""
        parts: list[bytes] = []
        encode, heads = self.encode, SHORT_LENGTHS
        for data in strings:
            size = len(data)
            if 0 < size < _COMPRESSED_FROM and (data[0] > 57 or size > _LONGEST_INTEGER):
                parts += (heads[size], data)
            else:
                parts.append(encode(data))
        return b"".join(parts)


def _compressed(data: bytes) -> bytes | None:
    """Return a string in LZF form, or None where that is not worth it."""
    sample = data[:_SAMPLE]
    if len(deflate(sample, 1)) * _WORTHWHILE > len(sample):
        return None
    return compress(data, _SHRINKING)
