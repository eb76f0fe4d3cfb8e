"""Tests of pyredis.keyspace.digest: the digests are those of redis-server 7.2.6."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.digest import digest_of_keyspace, digest_of_value, hexadecimal
from tests.commands.session import Session, Word

DIGESTS: dict[tuple[Word, ...], bytes] = {
    ("SET", "k", "value"): b"d59ec93db87f4cd915db3cdf44bb63755bc4a635",
    ("SET", "k", 12345): b"e1cf90774e995ae03de66e8109dc5cb9d9c2dc83",
    ("APPEND", "k", "tail"): b"3439845342032fbbdd3cf74489cfa4d9d3be57cc",
    ("RPUSH", "k", "a", "b", "1"): b"981fd62c1655c074205cff40b800bd5a5bfdcd41",
    ("RPUSH", "k", *range(20)): b"8d183186b2990034e0afa59c2bbd2a2ab0ace0b9",
    ("SADD", "k", 1, 2, 3): b"2a462a3f51a1db89738ebbeef0c47ce1bbc85246",
    ("SADD", "k", "a", "b"): b"dd99329063ca0f1f28df2ac68d94b82fd95501c6",
    ("ZADD", "k", 1, "a", 2.5, "b"): b"c45c5b051acd64070e5ed1a949939d5145f806c5",
    ("HSET", "k", "f", "v", "g", 7): b"42e8aee1f7247f7f7997132f31f0ea5085e70d29",
    ("XADD", "k", "1-5", "a", "b", "c", "d"): b"cd86b83c02949f16c772539b5e04916e101a5d73",
}
"""What DEBUG DIGEST-VALUE answers for ``k`` after a command on an empty server."""

SCORES = {
    "0": b"669bd9943b43e6b31f3ab60847ee6a38dd154aba",
    "-0": b"669bd9943b43e6b31f3ab60847ee6a38dd154aba",
    "1": b"55b22a2d85d3adfd2cac2b794dd8556ba8529cbb",
    "-1": b"84598695b35c53c290ae83d6f39a391196e55b4f",
    "3.5": b"46f634c4fa0e67f0ebf218679579305c8ec655cc",
    "100000": b"f39caf817920b3bd8933f2b58f4fe01d4fe7238b",
    "10000000": b"2a05888aba5449f6d6a4e5348e8093573fcb806c",
    "100000000": b"b4ce5f2c55a395a1c2198a4e1afd7646f4ea5658",
    "123456789": b"9c687246d5fec380228cf6889ded8487b456d387",
    "1e15": b"6ef296d344e35ace142cd2a86abf27a7acd1482b",
    "1e20": b"b377665f5bd30745a470a82f5eae12611fe2d854",
    "9007199254740992": b"9e71b9482b1762ea0da4ae0ff31da1f3b3e8d701",
    "4611686018427387904": b"5de93ce2e8672ca03e4f010ac2502d48a580ed3d",
    "-1000000000": b"f273a66037c95be2d23f5c19478da1f3ca9f862a",
    "0.1": b"7e1bae26d61f35a2675e4748edc8fe0bff072cee",
    "1e-7": b"d8fb3b79e0660adc9c4d845c640d221d3c25f635",
    "123456789.5": b"decc398a3efe6de5179561912635d4189942af5b",
    "3.14159": b"23c71043b3b633deefd22bbfe90a95b87ce1f215",
    "1e300": b"d5a03a0b01f6552aef60764c5ddb6ce623ff5718",
    "inf": b"61a9a206eaf26d298dc4d0f7c1b377be6038b61f",
    "-inf": b"c882cc3ef9fd5dde1409a63622a944684310008f",
}
"""The same after ZADD k SCORE m."""

WHOLE = b"fd33dc6d0bc5f8ff2d01dbd22d4524b5d10af842"
"""What DEBUG DIGEST answers after all of these, each on a key and in a database of its own."""


class DigestTests(SynchronousTestCase):
    """The digests of values and of all data."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()

    def digest(self, key: bytes = b"k") -> bytes:
        """Return the digest of a value as DEBUG shows it."""
        return hexadecimal(digest_of_value(self.session.db, key))

    def test_every_type(self) -> None:
        """Strings in all forms, lists, sets, sorted sets, hashes, streams."""
        for words, expected in DIGESTS.items():
            with self.subTest(words=words[:3]):
                self.session.db.clear()
                self.session.do(*words)
                self.assertEqual(self.digest(), expected)

    def test_scores(self) -> None:
        """They are mixed in with the digits that Redis would write."""
        for score, expected in SCORES.items():
            with self.subTest(score=score):
                self.session.db.clear()
                self.session.do("ZADD", "k", score, "m")
                self.assertEqual(self.digest(), expected)

    def test_all_data(self) -> None:
        """Keys and databases count."""
        for number, words in enumerate(DIGESTS):
            self.session.do("SELECT", number)
            self.session.do(words[0], f"key:{number}", *words[2:])

        self.assertEqual(hexadecimal(digest_of_keyspace(self.session.server.keyspace)), WHOLE)

    def test_nothing(self) -> None:
        """An empty server, and a key that is not there."""
        self.assertEqual(digest_of_keyspace(self.session.server.keyspace), 0)
        self.assertEqual(self.digest(b"missing"), b"0" * 40)

    def test_a_deadline_counts_but_not_when(self) -> None:
        """Keys that expire differ from those that do not."""
        self.session.do("SET", "k", "v")
        lasting = self.digest()
        self.session.do("SET", "k", "v", "EX", 10)
        expiring = self.digest()
        self.session.do("SET", "k", "v", "EX", 20)

        self.assertNotEqual(lasting, expiring)
        self.assertEqual(self.digest(), expiring)

    @given(st.lists(st.binary(max_size=4), min_size=1, unique=True))
    def test_sets_have_no_order(self, members: list[bytes]) -> None:
        """However members came in, the digest is the same; that of a list is not."""
        session = Session()
        session.do("SADD", "a", *members)
        session.do("SADD", "b", *reversed(members))
        session.do("RPUSH", "c", *members)
        session.do("RPUSH", "d", *reversed(members))
        a, b, c, d = (digest_of_value(session.db, key) for key in (b"a", b"b", b"c", b"d"))

        self.assertEqual(a, b)
        self.assertEqual(c == d, len(members) == 1)
