"""
The sparse form of a HyperLogLog: its registers as runs, in Redis' own bytes.

After a header of 16 bytes follow opcodes, each standing for a run of equal
registers: ``00xxxxxx`` is 1 to 64 zeros, ``01xxxxxx yyyyyyyy`` is 1 to 16384
zeros, ``1vvvvvxx`` is 1 to 4 times the value 1 to 32. Where a register stands
is only known by adding up what comes before it; :class:`SparseIndex` remembers
these sums, so that one change costs a few searches and not a walk.

The bytes after a change are the very bytes Redis would have left: opcodes are
split and joined as it does it. Strings that Redis did not write may be nonsense;
what is found to be so raises :class:`CorruptHyperLogLog`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from re import DOTALL
from re import compile as compile_pattern
from typing import Final

HEADER_SIZE: Final = 16
REGISTERS: Final = 16384

_LONG_ZEROS: Final = 0x40
_VALUES: Final = 0x80
_LONGEST_SHORT_RUN: Final = 64
_LONGEST_VALUE_RUN: Final = 4
_GREATEST_VALUE: Final = 32
_OPCODES_JOINED: Final = 5  # how far behind a change Redis looks for runs to join

# Opcodes of one byte never look like the first byte of a long run of zeros,
# so searching from an opcode's beginning finds no second byte by mistake.
_long_zeros = compile_pattern(rb"[\x40-\x7f].", DOTALL)


class CorruptHyperLogLog(ValueError):
    """The runs of a sparse HyperLogLog do not add up."""


def empty_body() -> bytes:
    """Return the opcodes of a HyperLogLog whose registers are all zero."""
    return _zeros(REGISTERS)


def _zeros(run: int) -> bytes:
    """Return the opcode of a run of zeros."""
    if run > _LONGEST_SHORT_RUN:
        return (_LONG_ZEROS << 8 | run - 1).to_bytes(2, "big")
    return (run - 1).to_bytes(1, "big")


def _value(value: int, run: int) -> int:
    """Return the opcode of a run of one value."""
    return _VALUES | value - 1 << 2 | run - 1


class SparseIndex:
    """
    Where the opcodes of one sparse HyperLogLog begin.

    Args:
        string: The whole string, header included. It is not kept; each change is
            given the same string again, and nothing else may have changed it.
    """

    __slots__ = ("_covered", "_long", "_starts")

    def __init__(self, string: bytes | bytearray) -> None:
        starts = array("H")  # the first register of each opcode
        long = array("H")  # the same, of the opcodes of two bytes
        register = 0
        opcodes = iter(string[HEADER_SIZE:])
        for opcode in opcodes:
            if register >= REGISTERS:
                break
            starts.append(register)
            if opcode & _VALUES:
                register += (opcode & 3) + 1
            elif opcode & _LONG_ZEROS:
                long.append(register)
                register += ((opcode & 63) << 8 | next(opcodes, 0)) + 1
            else:
                register += opcode + 1
        self._starts = starts
        self._long = long
        self._covered = register

    def raise_register(
        self, string: bytearray, register: int, value: int, max_bytes: int
    ) -> bool | None:
        """
        Raise a register to a value unless it is as great already.

        Returns:
            Whether it was raised; None if only the dense form can hold the result.

        Raises:
            CorruptHyperLogLog: No opcode covers the register.
        """
        if value > _GREATEST_VALUE:
            return None
        if register >= self._covered:
            raise CorruptHyperLogLog("register not covered")
        position = bisect_right(self._starts, register) - 1
        first = self._starts[position]
        offset = HEADER_SIZE + position + bisect_left(self._long, first)
        opcode = string[offset]
        old = 0
        size = 1
        if opcode & _VALUES:
            old = (opcode >> 2 & 31) + 1
            if old >= value:
                return False
            run = (opcode & 3) + 1
        elif opcode & _LONG_ZEROS:
            size = 2
            run = ((opcode & 63) << 8 | int.from_bytes(string[offset + 1 : offset + 2], "big")) + 1
        else:
            run = opcode + 1
        if run == 1 and size == 1:
            string[offset] = _value(value, 1)
        elif not self._split(string, register, value, old, position, run, size, max_bytes):
            return None
        self._join(string, max(position - 1, 0))
        return True

    def _split(
        self,
        string: bytearray,
        register: int,
        value: int,
        old: int,
        position: int,
        run: int,
        size: int,
        max_bytes: int,
    ) -> bool:
        """Put a value inside a run; tell whether the string may become that long."""
        first = self._starts[position]
        before, after = register - first, first + run - 1 - register
        opcodes = bytearray()
        starts = array("H")
        if before:
            opcodes += _value(old, before).to_bytes(1, "big") if old else _zeros(before)
            starts.append(first)
        opcodes.append(_value(value, 1))
        starts.append(register)
        if after:
            opcodes += _value(old, after).to_bytes(1, "big") if old else _zeros(after)
            starts.append(register + 1)
        growth = len(opcodes) - size
        if growth > 0 and len(string) + growth > max_bytes:
            return False
        place = bisect_left(self._long, first)
        offset = HEADER_SIZE + position + place
        string[offset : offset + size] = opcodes
        self._starts[position : position + 1] = starts
        if size == 2:
            long = array("H")
            if before > _LONGEST_SHORT_RUN:
                long.append(first)
            if after > _LONGEST_SHORT_RUN:
                long.append(register + 1)
            self._long[place : place + 1] = long
        return True

    def _join(self, string: bytearray, position: int) -> None:
        """Join neighbouring runs of one value, looking at five opcodes from ``position`` on."""
        starts = self._starts
        offset = HEADER_SIZE + position + bisect_left(self._long, starts[position])
        for _ in range(_OPCODES_JOINED):
            if position >= len(starts):
                return
            opcode = string[offset]
            if not opcode & _VALUES:
                offset += 2 if opcode & _LONG_ZEROS else 1
                position += 1
                continue
            if position + 1 < len(starts):
                following = string[offset + 1]
                run = (opcode & 3) + (following & 3) + 2
                if not (opcode ^ following) & 0xFC and run <= _LONGEST_VALUE_RUN:
                    string[offset + 1] = opcode & 0xFC | run - 1
                    del string[offset]
                    del starts[position + 1]
                    continue
            offset += 1
            position += 1


def histogram_of(string: bytes | bytearray) -> list[int]:
    """
    Count how many registers hold each value from 0 to 63.

    Raises:
        CorruptHyperLogLog: The runs are not those of 16384 registers.
    """
    body = bytes(string[HEADER_SIZE:])
    counts = [0] * 64
    for opcode in _long_zeros.findall(body):
        counts[0] += ((opcode[0] & 63) << 8 | opcode[1]) + 1
    for byte, times in Counter(_long_zeros.sub(b"", body)).items():
        if byte & _VALUES:
            counts[(byte >> 2 & 31) + 1] += ((byte & 3) + 1) * times
        elif byte & _LONG_ZEROS:
            counts[0] += ((byte & 63) << 8) + 1  # cut off after its first byte
        else:
            counts[0] += (byte + 1) * times
    if sum(counts) != REGISTERS:
        raise CorruptHyperLogLog("runs do not add up")
    return counts


def registers_of(string: bytes | bytearray) -> bytearray:
    """
    Return the registers, a byte each.

    Raises:
        CorruptHyperLogLog: The runs are not those of 16384 registers.
    """
    registers = bytearray(REGISTERS)
    register = 0
    opcodes = iter(string[HEADER_SIZE:])
    for opcode in opcodes:
        if opcode & _VALUES:
            run = (opcode & 3) + 1
            if register + run > REGISTERS:
                break
            if run == 1:
                registers[register] = (opcode >> 2 & 31) + 1
            else:
                registers[register : register + run] = bytes(((opcode >> 2 & 31) + 1,)) * run
            register += run
        elif opcode & _LONG_ZEROS:
            register += ((opcode & 63) << 8 | next(opcodes, 0)) + 1
        else:
            register += opcode + 1
    if register != REGISTERS:
        raise CorruptHyperLogLog("runs do not add up")
    return registers


def describe(string: bytes | bytearray) -> bytes:
    """Spell the opcodes out: ``z:1`` and ``Z:100`` for zeros, ``v:2,1`` for a value and its run."""
    words = []
    opcodes = iter(string[HEADER_SIZE:])
    for opcode in opcodes:
        if opcode & _VALUES:
            words.append(b"v:%d,%d" % ((opcode >> 2 & 31) + 1, (opcode & 3) + 1))
        elif opcode & _LONG_ZEROS:
            words.append(b"Z:%d" % (((opcode & 63) << 8 | next(opcodes, 0)) + 1))
        else:
            words.append(b"z:%d" % (opcode + 1))
    return b" ".join(words)
