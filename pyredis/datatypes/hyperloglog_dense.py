"""
HyperLogLogs in their dense form: 16384 registers of 6 bits.

One register is read and raised where it lies. Many are unpacked, a byte each, by
operations on all of them; those of the HyperLogLogs that batches of elements are
added to are kept so, since most elements raise nothing and that is seen at a glance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyredis.datatypes.hyperloglog_sparse import HEADER_SIZE, REGISTERS

RANK_BITS: Final = 50
"""How many bits of a hash tell what it raises its register to; the others say which one."""

_INDEX_BITS: Final = 64 - RANK_BITS
# Of the bits of a hash, by a register's value: unless these are zeros it raises nothing.
_ZEROS_NEEDED: Final = [((1 << value) - 1) << _INDEX_BITS for value in range(64)]
_MANY: Final = 128  # registers that are unpacked and packed as fast as they are raised


class UnpackedRegisters:
    """
    The registers of the dense HyperLogLogs that batches were added to last.

    They are used only if the string still has the bytes it had when they were
    kept, so that others may change it.
    """

    __slots__ = ("_capacity", "_entries")

    def __init__(self, capacity: int = 16) -> None:
        self._capacity = capacity
        # Where they lie in the string, and a byte each; None if they were only asked for.
        self._entries: dict[int, tuple[bytearray, bytearray] | None] = {}

    def take(self, string: bytearray, number: int) -> bytearray | None:
        """
        Return the registers of a string, or None if it is not worth while to have them.

        Args:
            string: A dense HyperLogLog; after a change see :meth:`keep`.
            number: How many elements are to be added now.
        """
        entries = self._entries
        key = id(string)
        if key in entries:
            entry = entries[key]
            # What is before the registers may have changed with them or without.
            if entry is not None and string.endswith(entry[0]):
                return entry[1]
        else:
            if len(entries) >= self._capacity:
                del entries[next(iter(entries))]
            if number < _MANY:
                # Whoever adds some again may go on to do so.
                entries[key] = None
                return None
        registers = unpack_registers(string)
        entries[key] = string[HEADER_SIZE:], registers
        return registers

    def keep(self, string: bytearray) -> None:
        """Note that a string has been changed together with its registers."""
        entry = self._entries[id(string)]
        if entry is not None:
            entry[0][:] = string[HEADER_SIZE:]


def value_of(hashed: int) -> int:
    """Return what a hash raises its register to: how many zeros the rest begins with, and one."""
    rest = hashed >> _INDEX_BITS | 1 << RANK_BITS
    return (rest & -rest).bit_length()


def add_hashes(string: bytearray, hashes: Sequence[int], unpacked: UnpackedRegisters) -> list[int]:
    """
    Add elements, given by their hashes, one after the other.

    Args:
        string: A dense HyperLogLog, changed in place.
        hashes: Of the elements.
        unpacked: Where registers are kept between calls.

    Returns:
        1 for each element that raised a register, else 0.
    """
    registers = unpacked.take(string, len(hashes))
    if registers is None:
        return [
            int(raise_dense_register(string, hashed & REGISTERS - 1, value_of(hashed)))
            for hashed in hashes
        ]
    masks, last, limit = _ZEROS_NEEDED, REGISTERS - 1, 1 << RANK_BITS
    done = [0] * len(hashes)
    raised: list[int] = []
    for place, hashed in enumerate(hashes):
        register = hashed & last
        if not hashed & masks[registers[register]]:
            rest = hashed >> _INDEX_BITS | limit
            value = (rest & -rest).bit_length()
            # Not so if the register has the greatest value there is.
            if value > registers[register]:
                registers[register] = value
                raised.append(register)
                done[place] = 1
    if len(raised) > _MANY:
        string[HEADER_SIZE:] = pack_registers(registers)
    else:
        for register in raised:
            raise_dense_register(string, register, registers[register])
    if raised:
        unpacked.keep(string)
    return done


def raise_dense_register(string: bytearray, register: int, value: int) -> bool:
    """Raise a register of a dense HyperLogLog unless it is as great already."""
    bit = register * 6
    offset = HEADER_SIZE + (bit >> 3)
    shift = bit & 7
    if shift <= 2:
        byte = string[offset]
        if byte >> shift & 63 >= value:
            return False
        string[offset] = byte & ~(63 << shift) | value << shift
        return True
    pair = string[offset] | string[offset + 1] << 8
    if pair >> shift & 63 >= value:
        return False
    pair = pair & ~(63 << shift) | value << shift
    string[offset] = pair & 0xFF
    string[offset + 1] = pair >> 8
    return True


# Registers as bytes. Four of them lie in three bytes of the dense form; the four are
# worked on apart, all first ones together, all second ones, and so on.

_KEEP_6: Final = bytes(byte & 63 for byte in range(256))
_KEEP_4_UP_2: Final = bytes((byte & 15) << 2 for byte in range(256))
_KEEP_2_UP_4: Final = bytes((byte & 3) << 4 for byte in range(256))
_KEEP_2_UP_6: Final = bytes((byte & 3) << 6 for byte in range(256))
_KEEP_4_UP_4: Final = bytes((byte & 15) << 4 for byte in range(256))
_UP_2: Final = bytes(byte << 2 & 0xFF for byte in range(256))
_DOWN_2: Final = bytes(byte >> 2 for byte in range(256))
_DOWN_4: Final = bytes(byte >> 4 for byte in range(256))
_DOWN_6: Final = bytes(byte >> 6 for byte in range(256))


def unpack_registers(string: bytes | bytearray) -> bytearray:
    """Return the registers, a byte each."""
    first = string[HEADER_SIZE::3]
    second = string[HEADER_SIZE + 1 :: 3]
    third = string[HEADER_SIZE + 2 :: 3]
    registers = bytearray(REGISTERS)
    registers[0::4] = first.translate(_KEEP_6)
    registers[1::4] = _either(first.translate(_DOWN_6), second.translate(_KEEP_4_UP_2))
    registers[2::4] = _either(second.translate(_DOWN_4), third.translate(_KEEP_2_UP_4))
    registers[3::4] = third.translate(_DOWN_2)
    return registers


def pack_registers(registers: bytes | bytearray) -> bytearray:
    """Return the dense form of registers given as a byte each."""
    second, third = registers[1::4], registers[2::4]
    packed = bytearray(REGISTERS * 6 // 8)
    packed[0::3] = _either(registers[0::4], second.translate(_KEEP_2_UP_6))
    packed[1::3] = _either(second.translate(_DOWN_2), third.translate(_KEEP_4_UP_4))
    packed[2::3] = _either(third.translate(_DOWN_4), registers[3::4].translate(_UP_2))
    return packed


def _either(left: bytes | bytearray, right: bytes | bytearray) -> bytes:
    """Return the bits set in one or the other of two strings of one length."""
    number = int.from_bytes(left, "little") | int.from_bytes(right, "little")
    return number.to_bytes(len(left), "little")
