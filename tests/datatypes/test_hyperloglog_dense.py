"""Tests of pyredis.datatypes.hyperloglog_dense: registers, packed and unpacked."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import hyperloglog, hyperloglog_dense
from pyredis.datatypes.hyperloglog_dense import (
    UnpackedRegisters,
    add_hashes,
    pack_registers,
    raise_dense_register,
    unpack_registers,
    value_of,
)
from pyredis.datatypes.hyperloglog_sparse import HEADER_SIZE, REGISTERS


def empty() -> bytearray:
    """Return a dense HyperLogLog that saw nothing."""
    string = hyperloglog.create()
    hyperloglog.make_dense(string)
    return string


def one_by_one(string: bytearray, hashes: list[int]) -> list[int]:
    """Add elements by their hashes without keeping anything."""
    return [
        int(raise_dense_register(string, hashed & REGISTERS - 1, value_of(hashed)))
        for hashed in hashes
    ]


class RegisterTests(SynchronousTestCase):
    """Registers as they lie in the string."""

    def test_packing_undoes_unpacking(self) -> None:
        """All registers come through, and each is where it is read alone."""
        rng = Random(3)
        registers = bytes(rng.randrange(64) for _ in range(REGISTERS))
        string = empty()
        string[HEADER_SIZE:] = pack_registers(registers)

        self.assertEqual(unpack_registers(string), registers)
        for register, value in enumerate(registers):
            self.assertFalse(raise_dense_register(string, register, value))

    def test_what_a_hash_asks_for(self) -> None:
        """The zeros behind the register's number count, and there are fifty at most."""
        self.assertEqual([value_of(1 << 14), value_of(1 << 20), value_of(0)], [1, 7, 51])


class AddHashesTests(SynchronousTestCase):
    """Adding batches of elements."""

    @settings(max_examples=40)
    @given(
        st.lists(st.sampled_from([1, 5, 40, 300]), max_size=8),
        st.integers(0, 12),
        st.randoms(use_true_random=False),
    )
    def test_as_one_by_one(self, sizes: list[int], change: int, rng: Random) -> None:
        """Whatever is kept in between, and whoever changes the string besides."""
        mine, theirs = empty(), empty()
        unpacked = UnpackedRegisters()
        for number, size in enumerate(sizes):
            hashes = [rng.getrandbits(64) >> rng.choice([0, 40]) for _ in range(size)]
            if number == change:
                raise_dense_register(mine, 5, 9)
                raise_dense_register(theirs, 5, 9)
            hyperloglog.mark_stale(mine)
            hyperloglog.mark_stale(theirs)

            self.assertEqual(add_hashes(mine, hashes, unpacked), one_by_one(theirs, hashes))
            self.assertEqual(mine, theirs)

    def test_registers_are_unpacked_when_it_pays(self) -> None:
        """For many elements at once, or for a few that are not the first."""
        calls: list[int] = []
        unpack = hyperloglog_dense.unpack_registers

        def counted(string: bytes | bytearray) -> bytearray:
            calls.append(len(string))
            return unpack(string)

        self.patch(hyperloglog_dense, "unpack_registers", counted)
        few, many = empty(), empty()
        unpacked = UnpackedRegisters(2)
        add_hashes(many, [1 << 60] * 200, unpacked)
        add_hashes(few, [1 << 60], unpacked)
        self.assertEqual(len(calls), 1)
        for _ in range(5):
            add_hashes(few, [1 << 60, 77], unpacked)
        self.assertEqual(len(calls), 2)

    def test_only_so_many_are_kept(self) -> None:
        """A string that was not added to for long is forgotten."""
        unpacked = UnpackedRegisters(2)
        strings = [empty() for _ in range(5)]
        for string in strings:
            self.assertIsNone(unpacked.take(string, 1))

        self.assertIsNone(unpacked.take(strings[0], 1))
        self.assertIsNotNone(unpacked.take(strings[4], 1))
