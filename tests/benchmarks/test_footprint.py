"""Tests of benchmarks.footprint."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.footprint import COLLECTIONS, strings
from tests.commands.session import Session


class CommandTests(SynchronousTestCase):
    """What is stored."""

    def test_strings(self) -> None:
        """So many keys, whose values have the size wanted."""
        session = Session()
        for words in strings(1234, 5):
            session.do(*words)

        self.assertEqual(1234, session.do("DBSIZE"))
        self.assertEqual(5, session.do("STRLEN", "key:000000001233"))

    def test_collections_stay_small(self) -> None:
        """They are of the sizes their names tell, in the compact encodings."""
        sizes = {"hash": ("HLEN", 10), "set": ("SCARD", 5), "zset": ("ZCARD", 10)}
        for make in COLLECTIONS.values():
            session = Session()
            for words in make(7):
                session.do(*words)
            self.assertEqual(7, session.do("DBSIZE"))
            key = session.do("RANDOMKEY")
            command, size = sizes[key.partition(b":")[0].decode()]
            self.assertEqual(size, session.do(command, key))
            self.assertEqual("listpack", session.encoding(key))
