"""Tests of pyredis.keyspace.memory_usage."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.memory_usage import key_bytes, value_bytes
from tests.commands.session import Session, Word


class MemoryUsageTests(SynchronousTestCase):
    """How large values are."""

    def setUp(self) -> None:
        """Start a server."""
        self.session = Session()

    def bytes_after(self, *words: Word, samples: int = 0) -> int:
        """Return the size of the value of ``k`` after a command."""
        self.session.do(*words)
        return value_bytes(self.session.db.values[b"k"], samples)

    def test_strings(self) -> None:
        """As large as Python says; small integers cost nothing of their own."""
        self.assertEqual(self.bytes_after("SET", "k", "x" * 100), sys.getsizeof(b"x" * 100))
        self.assertEqual(self.bytes_after("SET", "k", 10), sys.getsizeof(b"10"))
        self.assertEqual(self.bytes_after("INCR", "k"), 0)

    def test_members_count_once(self) -> None:
        """However many tables a value keeps beside each other."""
        members = [b"member:%06d" % number for number in range(2000)]
        own = sum(map(sys.getsizeof, members))
        scores = [word for number, member in enumerate(members) for word in (number + 0.5, member)]
        fields = [word for member in members for word in (member, member[::-1])]
        for words, least in (
            (("SADD", "k", *members), own),
            (("RPUSH", "k", *members), own),
            (("ZADD", "k", *scores), own + 2000 * 24),
            (("HSET", "k", *fields), 2 * own),
        ):
            self.session.do("DEL", "k")
            size = self.bytes_after(*words)
            self.assertLess(least, size, words[0])
            self.assertLess(size, least + 2000 * 130, words[0])

    def test_streams(self) -> None:
        """Entries and groups count."""
        for number in range(300):
            self.session.do("XADD", "k", f"{number + 1}-1", "field", f"value:{number}")
        entries = self.bytes_after("PING")
        self.session.do("XGROUP", "CREATE", "k", "group", "0")
        self.session.do("XREADGROUP", "GROUP", "group", "me", "STREAMS", "k", ">")

        self.assertGreater(entries, 300 * 5)
        self.assertGreater(self.bytes_after("PING"), entries + 300 * 20)

    def test_some_members_stand_for_all(self) -> None:
        """The first ones are looked at, unless all are to be."""
        members = ["x" * 10] * 1000 + ["y" * 1000] * 1000

        self.session.do("RPUSH", "k", *members)
        sampled = self.bytes_after("PING", samples=5)
        exact = self.bytes_after("PING")
        self.assertLess(sampled * 5, exact)

    def test_a_key_has_its_place(self) -> None:
        """The table's share, the key itself, and its deadline."""
        self.session.do("SET", "k", "v")
        size = key_bytes(self.session.db, b"k", 5)
        self.assertGreater(size, sys.getsizeof(b"k") + sys.getsizeof(b"v"))
        self.session.do("EXPIRE", "k", 100)
        self.assertGreater(key_bytes(self.session.db, b"k", 5), size)
