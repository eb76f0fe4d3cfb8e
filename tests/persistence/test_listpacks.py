"""Tests of pyredis.persistence.listpacks: listpacks in RDB files."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.listpacks import write_listpack
from pyredis.persistence.listpacks import read_listpack
from pyredis.persistence.rdb_format import CorruptRdb


class ListpackTests(SynchronousTestCase):
    """What is wrong with a listpack is wrong with the file."""

    def test_a_listpack_is_read(self) -> None:
        """Entry by entry."""
        self.assertEqual(read_listpack(write_listpack([b"a", b"1"])), [b"a", b"1"])

    def test_what_is_none_makes_the_file_corrupt(self) -> None:
        """With the reason."""
        error = self.assertRaises(CorruptRdb, read_listpack, write_listpack([b"a"])[:-1])
        self.assertIn("without its end", str(error))
