"""
MurmurHash64A, with the seed by which Redis' HyperLogLogs use it.

Words are read little-endian, whatever the machine. Several elements of one length
are hashed at once: each has a lane of 128 bits in one large integer, where the
product of two words of 64 bits has room. Words at which all elements agree, as
names of one kind do at their beginning, are hashed once.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

_SEED: Final = 0xADC83B19
_FACTOR: Final = 0xC6A4A7935BD1E995
_UINT64: Final = 2**64 - 1
_READY_WORDS: Final = 9
_WORDS: Final = [Struct(f"<{words}Q").unpack_from for words in range(_READY_WORDS)]
_STARTS: Final = [_SEED ^ (size * _FACTOR & _UINT64) for size in range(8 * _READY_WORDS)]

# So many elements are hashed faster one by one; words of arrays are the machine's own.
_FEW: Final = 6 if sys.byteorder == "little" else sys.maxsize
_MOST: Final = 512  # elements that are hashed at once
_LANE: Final = 16  # bytes


def murmur_hash(data: bytes) -> int:
    """Return the hash of bytes, 64 bits."""
    size = len(data)
    if size < 8 * _READY_WORDS:
        result = _STARTS[size]
        words_of = _WORDS[size >> 3]
    else:
        result = _SEED ^ (size * _FACTOR & _UINT64)
        words_of = Struct(f"<{size >> 3}Q").unpack_from
    if size >= 8:
        for word in words_of(data):
            word = word * _FACTOR & _UINT64
            # The high half of these products never reaches the low one.
            result = (result ^ (word ^ word >> 47) * _FACTOR) * _FACTOR & _UINT64
        if size & 7:
            tail = int.from_bytes(data[size & ~7 :], "little")
            result = (result ^ tail) * _FACTOR & _UINT64
    elif size:
        result = (result ^ int.from_bytes(data, "little")) * _FACTOR & _UINT64
    result = (result ^ result >> 47) * _FACTOR & _UINT64
    return result ^ result >> 47


def murmur_hashes(elements: Sequence[bytes]) -> Sequence[int]:
    """Return the hash of each of several elements."""
    count = len(elements)
    size = len(elements[0]) if elements else 0
    if count < _FEW or not 0 < size < 8 * _READY_WORDS or {*map(len, elements)} != {size}:
        return [*map(murmur_hash, elements)]
    if count <= _MOST:
        return _hashed_in_lanes(elements)
    hashes: list[int] = []
    for start in range(0, count, _MOST):
        hashes += murmur_hashes(elements[start : start + _MOST])
    return hashes


def _hashed_in_lanes(elements: Sequence[bytes]) -> list[int]:
    """Return the hashes of at most so many elements of one length, not empty and not long."""
    count, size = len(elements), len(elements[0])
    ones, mask = _lanes_of(count)
    width = (size + 7) >> 3
    padding = bytes(-size & 7)
    words = array("Q", padding.join(elements) + padding)
    lanes = array("Q", bytes(_LANE * count))
    result = _STARTS[size]
    keep = _UINT64
    is_shared = True
    for place in range(width):
        column = words[place::width]
        is_last = place == size >> 3  # and shorter than a word
        # As bytes, or each would be made an integer.
        if is_shared and column.tobytes() == column[:1].tobytes() * count:
            word = column[0]
        else:
            if is_shared:
                is_shared = False
                result *= ones
                keep = mask
            lanes[::2] = column
            word = int.from_bytes(lanes, "little")
        if not is_last:
            word = _mixed(word, keep)
        result = (result ^ word) * _FACTOR & keep
    if is_shared:
        result *= ones
    result = ((result ^ result >> 47) & mask) * _FACTOR & mask
    hashed = ((result ^ result >> 47) & mask).to_bytes(_LANE * count, "little")
    return array("Q", hashed)[::2].tolist()


def _mixed(word: int, mask: int) -> int:
    """Return what is mixed into the hash for words in lanes."""
    word = word * _FACTOR & mask
    # What comes in from the next lane goes.
    return ((word ^ word >> 47) & mask) * _FACTOR & mask


@lru_cache(maxsize=32)
def _lanes_of(count: int) -> tuple[int, int]:
    """Return a one in each of so many lanes, and a word of ones in each."""
    ones = int.from_bytes((b"\1" + bytes(_LANE - 1)) * count, "little")
    return ones, ones * _UINT64
