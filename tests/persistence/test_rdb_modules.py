"""Tests of passing over the data of modules."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_format import PAST_THE_END, CorruptRdb, RdbError
from pyredis.persistence.rdb_modules import module_name, skip_module_value


def number_of(name: str, version: int = 0) -> int:
    """Return the number by which a module's type is named in files."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    number = 0
    for character in name:
        number = number << 6 | alphabet.index(character)
    return number << 10 | version


class ModuleTests(SynchronousTestCase):
    """Data of modules is well-formed, and that is all we know."""

    def test_a_number_is_a_name(self) -> None:
        """Nine characters and ten bits for the version of the encoding."""
        self.assertEqual(module_name(number_of("ReJSON-RL", 3)), "ReJSON-RL")
        self.assertEqual(module_name(0), "AAAAAAAAA")

    def test_every_kind_of_piece_is_passed_over(self) -> None:
        """Up to the mark of the end."""
        data = bytes.fromhex("01 05 02 4040 03 00000000 04 0000000000000000 05 03616263 00 ff")
        self.assertEqual(skip_module_value(data, 0), len(data) - 1)

    def test_what_is_not_understood_is_refused(self) -> None:
        """An unknown piece, or one that is cut off."""
        self.assertRaises(CorruptRdb, skip_module_value, b"\x06\x00", 0)
        data = bytes.fromhex("01 05 02 4040 03 00000000 04 0000000000000000 05 03616263 00")
        for size in range(len(data)):
            self.assertRaises((RdbError, *PAST_THE_END), skip_module_value, data[:size], 0)
