"""
HyperLogLog: how many different elements were seen, in 12 KiB at most.

A HyperLogLog is a string, and the bytes of that string are Redis' own: four
bytes ``HYLL``, the encoding, three unused bytes, the cardinality last computed
(little-endian, its top bit set while it is out of date), then 16384 registers,
dense with 6 bits each or sparse as in :mod:`pyredis.datatypes.hyperloglog_sparse`.
So GET, DUMP and files interchange with Redis, down to which elements make the
string dense.

Python would be slow register by register. Whole sets of registers are handled
as single integers whose lanes are the registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

from pyredis.datatypes.hyperloglog_dense import (
    RANK_BITS,
    UnpackedRegisters,
    add_hashes,
    pack_registers,
    raise_dense_register,
    unpack_registers,
    value_of,
)
from pyredis.datatypes.hyperloglog_sparse import (
    HEADER_SIZE,
    REGISTERS,
    CorruptHyperLogLog,
    SparseIndex,
    describe,
    empty_body,
    histogram_of,
    registers_of,
)
from pyredis.datatypes.murmur_hash import murmur_hash, murmur_hashes

__all__ = [
    "DENSE_SIZE",
    "REGISTERS",
    "CorruptHyperLogLog",
    "NotHyperLogLog",
    "SparseIndexes",
    "Union",
    "UnpackedRegisters",
    "add",
    "add_each",
    "cached_cardinality",
    "checked",
    "create",
    "describe",
    "estimate",
    "is_dense",
    "make_dense",
    "mark_stale",
    "merge",
    "raise_dense_register",
    "read_registers",
    "refresh_cardinality",
]

DENSE_SIZE: Final = HEADER_SIZE + REGISTERS * 6 // 8

_MAGIC: Final = b"HYLL"
_ENCODING: Final = 4  # the offset of that byte
_DENSE: Final = 0
_SPARSE: Final = 1
_STALE: Final = 15  # the offset of the byte whose top bit says so
_CARDINALITY: Final = slice(8, 16)

_ALPHA: Final = 0.721347520444481703680  # 0.5 / ln 2

_LOW_BIT_OF_6: Final = sum(1 << 6 * lane for lane in range(REGISTERS))
_LOW_BIT_OF_8: Final = int.from_bytes(b"\x01" * REGISTERS, "little")
_HIGH_BIT_OF_8: Final = _LOW_BIT_OF_8 << 7
_LOW_7_OF_8: Final = _HIGH_BIT_OF_8 - _LOW_BIT_OF_8


class NotHyperLogLog(ValueError):
    """The string is no HyperLogLog: its header or its length is not that of one."""


class SparseIndexes:
    """
    The indexes of the sparse HyperLogLogs changed last.

    Building an index takes as long as walking the string once, which for an
    element at a time would be every time. An index is handed out only if the
    string still has the bytes it had when the index was put here.
    """

    __slots__ = ("_capacity", "_entries")

    _WORTH_KEEPING: Final = 24  # bytes; a shorter string is walked as fast as it is compared

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._entries: dict[int, tuple[bytes, SparseIndex]] = {}

    def take(self, string: bytearray) -> SparseIndex:
        """Return an index of a string, which the caller may now change."""
        if len(string) > self._WORTH_KEEPING:
            entry = self._entries.pop(id(string), None)
            if entry is not None and entry[0] == string:
                return entry[1]
        return SparseIndex(string)

    def keep(self, string: bytearray, index: SparseIndex) -> None:
        """Keep the index of a string for the next change."""
        if len(string) > self._WORTH_KEEPING:
            entries = self._entries
            if len(entries) >= self._capacity:
                del entries[next(iter(entries))]
            entries[id(string)] = bytes(string), index


# Strings


def create() -> bytearray:
    """Return an empty HyperLogLog, sparse, with its cardinality known."""
    return bytearray(_MAGIC + bytes((_SPARSE,)) + bytes(11) + empty_body())


def checked(string: bytes | bytearray | int) -> bytes | bytearray:
    """
    Return a string if it is a HyperLogLog.

    Raises:
        NotHyperLogLog: Its header or its length is wrong.
    """
    if (
        isinstance(string, int)
        or len(string) < HEADER_SIZE
        or not string.startswith(_MAGIC)
        or string[_ENCODING] > _SPARSE
        or (string[_ENCODING] == _DENSE and len(string) != DENSE_SIZE)
    ):
        raise NotHyperLogLog("not a HyperLogLog")
    return string


def is_dense(string: bytes | bytearray) -> bool:
    """Tell whether a HyperLogLog has its registers spelt out."""
    return string[_ENCODING] == _DENSE


def make_dense(string: bytearray) -> bool:
    """
    Spell the registers out; tell whether they were not.

    Raises:
        CorruptHyperLogLog: The sparse form is nonsense.
    """
    if string[_ENCODING] == _DENSE:
        return False
    string[HEADER_SIZE:] = pack_registers(registers_of(string))
    string[_ENCODING] = _DENSE
    return True


# Adding


def add(
    string: bytearray, elements: Iterable[bytes], max_sparse_bytes: int, indexes: SparseIndexes
) -> int:
    """
    Add elements; return how many changed something.

    The cached cardinality is marked as out of date if any did.

    Args:
        string: A HyperLogLog, changed in place.
        elements: What to add.
        max_sparse_bytes: The length at which a sparse one becomes dense.
        indexes: Where indexes are kept between calls.

    Raises:
        CorruptHyperLogLog: The sparse form is nonsense; elements before stay added.
    """
    changed = 0
    index = None
    for element in elements:
        hashed = murmur_hash(element)
        register = hashed & REGISTERS - 1
        value = value_of(hashed)
        if string[_ENCODING] == _DENSE:
            if raise_dense_register(string, register, value):
                changed += 1
            continue
        if index is None:
            index = indexes.take(string)
        raised = index.raise_register(string, register, value, max_sparse_bytes)
        if raised is None:
            make_dense(string)
            index = None
            raised = raise_dense_register(string, register, value)
        if raised:
            changed += 1
            # At once: a later element may find the rest of the string to be nonsense.
            mark_stale(string)
    if index is not None:
        indexes.keep(string, index)
    elif changed:
        mark_stale(string)
    return changed


def add_each(
    string: bytearray,
    elements: Sequence[bytes],
    max_sparse_bytes: int,
    indexes: SparseIndexes,
    unpacked: UnpackedRegisters,
) -> list[int]:
    """
    Add elements as so many calls of :func:`add` would.

    Args:
        string: A HyperLogLog, changed in place.
        elements: What to add.
        max_sparse_bytes: The length at which a sparse one becomes dense.
        indexes: Where indexes are kept between calls.
        unpacked: Where registers are kept between calls.

    Returns:
        1 for each that changed something, else 0; fewer than there are elements if
        the sparse form turned out to be nonsense at the next one.
    """
    hashes = murmur_hashes(elements)
    done = [] if is_dense(string) else _add_to_sparse(string, hashes, max_sparse_bytes, indexes)
    if is_dense(string):
        done += add_hashes(string, hashes[len(done) :] if done else hashes, unpacked)
    if 1 in done:
        mark_stale(string)
    return done


def _add_to_sparse(
    string: bytearray, hashes: Sequence[int], max_sparse_bytes: int, indexes: SparseIndexes
) -> list[int]:
    """Add elements by their hashes while the string is sparse, and sound; see :func:`add_each`."""
    done: list[int] = []
    index = indexes.take(string)
    for hashed in hashes:
        register, value = hashed & REGISTERS - 1, value_of(hashed)
        try:
            raised = index.raise_register(string, register, value, max_sparse_bytes)
        except CorruptHyperLogLog:
            return done
        if raised is None:
            with suppress(CorruptHyperLogLog):
                make_dense(string)
            return done
        done.append(int(raised))
    indexes.keep(string, index)
    return done


def mark_stale(string: bytearray) -> None:
    """Mark the cached cardinality as out of date."""
    string[_STALE] |= 0x80


# Counting


def cached_cardinality(string: bytes | bytearray) -> int | None:
    """Return the cardinality computed last if nothing changed since."""
    if string[_STALE] & 0x80:
        return None
    return int.from_bytes(string[_CARDINALITY], "little")


def refresh_cardinality(string: bytearray) -> int:
    """
    Compute the cardinality and note it in the string.

    Raises:
        CorruptHyperLogLog: The sparse form is nonsense.
    """
    if string[_ENCODING] == _DENSE:
        registers = int.from_bytes(string[HEADER_SIZE:], "little")
        histogram = _count_lanes(registers, _LOW_BIT_OF_6)
    else:
        histogram = histogram_of(string)
    cardinality = estimate(histogram)
    string[_CARDINALITY] = cardinality.to_bytes(8, "little")
    return cardinality


def _count_lanes(registers: int, low_bits: int) -> list[int]:
    """
    Count how many lanes hold each value from 0 to 63.

    Lanes are parted by their highest bit, each part by the next, and so on; most
    values are held by no lane, and their parts are dropped as soon as empty.

    Args:
        registers: The lanes.
        low_bits: An integer with the lowest bit of each lane set.
    """
    parts = [(low_bits, 0)]
    for bit in (5, 4, 3, 2, 1, 0):
        plane = registers >> bit & low_bits
        halves = []
        for lanes, value in parts:
            ones = lanes & plane
            if ones:
                halves.append((ones, value | 1 << bit))
            zeros = lanes ^ ones
            if zeros:
                halves.append((zeros, value))
        parts = halves
    counts = [0] * 64
    for lanes, value in parts:
        counts[value] = lanes.bit_count()
    return counts


def estimate(histogram: Sequence[int]) -> int:
    """
    Estimate a cardinality from how many registers hold each value.

    The estimator is Ertl's (arXiv:1702.01284), in doubles and in the order of
    operations that gives Redis' own results.
    """
    total = float(REGISTERS)
    z = total * _tau((total - histogram[RANK_BITS + 1]) / total)
    for value in range(RANK_BITS, 0, -1):
        z += histogram[value]
        z *= 0.5
    z += total * _sigma(histogram[0] / total)
    if z == 0.0:
        return 2**63  # every register full, which no elements bring about
    estimated = _ALPHA * total * total / z
    whole = math.floor(estimated)
    return whole + (estimated - whole >= 0.5)


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y = 1.0
    z = x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if before == z:
            return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y = 1.0
    z = 1.0 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1.0 - x) * (1.0 - x) * y
        if before == z:
            return z / 3.0


# Merging


class Union:
    """
    What several HyperLogLogs saw together.

    Attributes:
        dense: Whether one of them is dense.
    """

    __slots__ = ("_lanes", "dense")

    def __init__(self) -> None:
        self._lanes = 0
        self.dense = False

    def add(self, string: bytes | bytearray) -> None:
        """
        Add what a HyperLogLog saw.

        Raises:
            CorruptHyperLogLog: Its sparse form is nonsense.
        """
        self.dense |= is_dense(string)
        lanes = int.from_bytes(read_registers(string), "little")
        greatest = self._lanes
        if greatest:
            # A lane's top bit survives the subtraction where it is as great or greater.
            ahead = ((greatest | _HIGH_BIT_OF_8) - lanes) & _HIGH_BIT_OF_8
            chosen = ahead - (ahead >> 7)
            lanes = greatest & chosen | lanes & (chosen ^ _LOW_7_OF_8)
        self._lanes = lanes

    @property
    def registers(self) -> bytes:
        """The greatest value of each register, a byte each."""
        return self._lanes.to_bytes(REGISTERS, "little")

    @property
    def cardinality(self) -> int:
        """How many different elements they saw."""
        return estimate(_count_lanes(self._lanes, _LOW_BIT_OF_8))


def merge(target: bytearray, union: Union, max_sparse_bytes: int, indexes: SparseIndexes) -> None:
    """
    Let a HyperLogLog have seen what others and itself saw.

    It becomes dense if one of them is. Its cached cardinality is marked as out of date.

    Args:
        target: Changed in place.
        union: What all saw together, the target included.
        max_sparse_bytes: The length at which a sparse one becomes dense.
        indexes: Where indexes are kept between calls.
    """
    registers = union.registers
    if union.dense or not _raise_all(target, registers, max_sparse_bytes, indexes):
        target[HEADER_SIZE:] = pack_registers(registers)
        target[_ENCODING] = _DENSE
    mark_stale(target)


def _raise_all(
    target: bytearray, registers: bytes, max_sparse_bytes: int, indexes: SparseIndexes
) -> bool:
    """Raise the registers of a sparse HyperLogLog; tell whether it could stay sparse."""
    index = indexes.take(target)
    for register, value in enumerate(registers):
        if value and index.raise_register(target, register, value, max_sparse_bytes) is None:
            return False
    indexes.keep(target, index)
    return True


def read_registers(string: bytes | bytearray) -> bytes | bytearray:
    """
    Return the registers of a HyperLogLog, a byte each.

    Raises:
        CorruptHyperLogLog: The sparse form is nonsense.
    """
    return unpack_registers(string) if is_dense(string) else registers_of(string)
