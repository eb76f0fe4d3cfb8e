"""
Bits of strings: counting, finding, combining, and integers of any width inside them.

Bit 0 is the most significant bit of the first byte, and a string goes on with
zeros beyond its end. Strings are ``bytes`` or ``bytearray``; what changes one
takes a ``bytearray`` and changes it in place. Work on whole strings goes in
pieces that stay in the processor's cache, each turned into one Python integer;
pieces of nothing but zeros, common in big bitmaps, are passed over at the
speed of a comparison.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_, xor
from typing import Final
from zlib import adler32

_PIECE: Final = 16384
_ZEROS: Final = bytes(_PIECE)
_ONES: Final = b"\xff" * _PIECE
_INVERTED: Final = bytes(255 - byte for byte in range(256))
_ONES_OF: Final = bytes(byte.bit_count() for byte in range(256))
# Bytes that have less than 65520 ones together: from there on Adler's checksum starts anew.
_SUMMED: Final = 8184
_FIRST_LOOK: Final = 64  # bits looked for are mostly near; a whole piece costs a copy


class BitOperation(enum.Enum):
    """What BITOP computes."""

    AND = enum.auto()
    OR = enum.auto()
    XOR = enum.auto()
    NOT = enum.auto()


class Overflow(enum.Enum):
    """What becomes of a number that does not fit its field."""

    WRAP = enum.auto()
    SATURATE = enum.auto()
    FAIL = enum.auto()


# Single bits


def get_bit(value: bytes | bytearray, offset: int) -> int:
    """Return the bit at an offset."""
    index = offset >> 3
    return value[index] >> (~offset & 7) & 1 if index < len(value) else 0


def set_bit(value: bytearray, offset: int, bit: int) -> int:
    """Set the bit at an offset, inside the string, and return what it was."""
    index = offset >> 3
    byte = value[index]
    mask = 0x80 >> (offset & 7)
    if bit:
        value[index] = byte | mask
    else:
        value[index] = byte & ~mask
    return 1 if byte & mask else 0


def grow(value: bytearray, last_bit: int) -> bool:
    """Lengthen a string with zeros so that it holds a bit; tell whether that was needed."""
    missing = (last_bit >> 3) + 1 - len(value)
    if missing <= 0:
        return False
    value.extend(bytes(missing))
    return True


# Ranges


def resolve_range(start: int, end: int, total: int) -> tuple[int, int]:
    """Turn the ends of a range, counted from the end where negative, into positions."""
    if start < 0:
        start = max(total + start, 0)
    if end < 0:
        end = max(total + end, 0)
    return start, min(end, total - 1)


def count_bits(value: bytes | bytearray, first: int, last: int) -> int:
    """Count the ones from bit ``first`` to bit ``last``, both inside the string."""
    if first > last:
        return 0
    start, stop = first >> 3, (last >> 3) + 1
    count = _count_ones(value, start, stop)
    if first & 7:
        count -= (value[start] >> (8 - (first & 7))).bit_count()
    if ~last & 7:
        count -= (value[stop - 1] & (1 << (~last & 7)) - 1).bit_count()
    return count


def _count_ones(value: bytes | bytearray, start: int, stop: int) -> int:
    """Count the ones of the bytes from ``start`` to before ``stop``."""
    if stop - start <= _SUMMED:
        return int.from_bytes(value[start:stop], "little").bit_count()
    count = 0
    blank = _ZEROS[:_SUMMED]
    for begin in range(start, stop, _SUMMED):
        piece = value[begin : min(begin + _SUMMED, stop)]
        if piece != blank:
            # The low half of Adler's checksum is one more than the sum of the bytes.
            count += (adler32(piece.translate(_ONES_OF)) & 0xFFFF) - 1
    return count


def find_bit(value: bytes | bytearray, bit: int, first: int, last: int) -> int:
    """Return the position of the first such bit from ``first`` to ``last``, or -1."""
    if first > last:
        return -1
    start, stop = first >> 3, last >> 3
    # The bits before the first are made the kind that is not looked for.
    head = 0xFF >> (first & 7)
    byte = value[start] & head if bit else ~value[start] & head
    if not byte:
        start = _find_other_byte(value, 0 if bit else 0xFF, start + 1, stop + 1)
        if start > stop:
            return -1
        byte = value[start] if bit else value[start] ^ 0xFF
    position = (start << 3) + 8 - byte.bit_length()
    return position if position <= last else -1


def _find_other_byte(value: bytes | bytearray, byte: int, start: int, stop: int) -> int:
    """Return the first index from ``start`` on with another byte than this, or ``stop``."""
    blank = _ONES if byte else _ZEROS
    strip = b"\xff" if byte else b"\0"
    size = _FIRST_LOOK
    while start < stop:
        piece = value[start : min(start + size, stop)]
        if size == _PIECE and piece == blank:
            start += size
            continue
        left = len(piece.lstrip(strip))
        if left:
            return start + len(piece) - left
        start += len(piece)
        size = _PIECE
    return stop


# Whole strings


def combine(operation: BitOperation, sources: Sequence[bytes | bytearray]) -> bytearray:
    """
    Combine strings bit by bit; the result is as long as the longest.

    Args:
        operation: Which operation; NOT takes one string.
        sources: At least one string.
    """
    if operation is BitOperation.NOT:
        return _invert(sources[0])
    longest = max(map(len, sources))
    if operation is BitOperation.AND:
        shortest = min(map(len, sources))
        result = _combine_pieces(and_, sources, shortest)
        result.extend(bytes(longest - shortest))
        return result
    return _combine_pieces(or_ if operation is BitOperation.OR else xor, sources, longest)


def _invert(source: bytes | bytearray) -> bytearray:
    """Return a string with every bit turned over."""
    result = bytearray(len(source))
    for begin in range(0, len(source), _PIECE):
        result[begin : begin + _PIECE] = source[begin : begin + _PIECE].translate(_INVERTED)
    return result


def _combine_pieces(
    operator: Callable[[int, int], int], sources: Sequence[bytes | bytearray], size: int
) -> bytearray:
    """Combine the first ``size`` bytes of strings, the shorter ones filled up with zeros."""
    result = bytearray(size)
    for begin in range(0, size, _PIECE):
        end = min(begin + _PIECE, size)
        pieces = [source[begin:end] for source in sources if len(source) > begin]
        blanks = pieces.count(_ZEROS)
        if blanks:
            if operator is and_:
                continue
            pieces = [piece for piece in pieces if piece != _ZEROS]
            if not pieces:
                continue
        if len(pieces) == 1:
            result[begin : begin + len(pieces[0])] = pieces[0]
            continue
        # Little-endian, so that a piece that ends early counts as one with zeros behind.
        numbers = [int.from_bytes(piece, "little") for piece in pieces]
        result[begin:end] = reduce(operator, numbers).to_bytes(end - begin, "little")
    return result


# Fields


def get_field(value: bytes | bytearray, offset: int, width: int, signed: bool) -> int:
    """Read the integer of ``width`` bits that begins at an offset, also beyond the end."""
    start = offset >> 3
    stop = offset + width
    window = int.from_bytes(value[start : (stop + 7) >> 3], "big")
    missing = ((stop + 7) >> 3) - max(len(value), start)
    if missing > 0:
        window <<= 8 * missing
    number = window >> (-stop & 7) & (1 << width) - 1
    if signed and number >> (width - 1):
        number -= 1 << width
    return number


def set_field(value: bytearray, offset: int, width: int, number: int) -> None:
    """Write the low ``width`` bits of an integer at an offset, inside the string."""
    start = offset >> 3
    stop = offset + width
    end = (stop + 7) >> 3
    shift = -stop & 7
    mask = (1 << width) - 1
    window = int.from_bytes(value[start:end], "big") & ~(mask << shift)
    window |= (number & mask) << shift
    value[start:end] = window.to_bytes(end - start, "big")


def fit(number: int, width: int, signed: bool, overflow: Overflow) -> int | None:
    """Return what a field of ``width`` bits holds for a number, or None if it refuses it."""
    if signed:
        low, high = -1 << (width - 1), (1 << (width - 1)) - 1
    else:
        low, high = 0, (1 << width) - 1
    if low <= number <= high:
        return number
    if overflow is Overflow.WRAP:
        number &= (1 << width) - 1
        return number - (1 << width) if number > high else number
    if overflow is Overflow.SATURATE:
        return high if number > high else low
    return None
