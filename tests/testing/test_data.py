"""Keys as Python objects."""

from __future__ import annotations

from pyredis.testing.data import Data, Stream, ZSet
from tests.testing.test_service import ServiceTestCase


class DataTests(ServiceTestCase):
    """A database as a mapping."""

    @property
    def data(self) -> Data:
        """The keys of the server."""
        return self.redis.data

    def test_what_is_written_is_read(self) -> None:
        """Every type comes back as bytes in its own container."""
        cases = [
            ("text", b"text"),
            (b"\x00\xff", b"\x00\xff"),
            (12, b"12"),
            (1.5, b"1.5"),
            (["a", b"b", 1], [b"a", b"b", b"1"]),
            (("a",), [b"a"]),
            ({"a", "b"}, {b"a", b"b"}),
            ({"f": 1}, {b"f": b"1"}),
            (ZSet(b=2, a=1.5), {b"a": 1.5, b"b": 2.0}),
            (Stream([("1-1", {"f": "v"})]), [(b"1-1", {b"f": b"v"})]),
        ]
        for written, read in cases:
            self.data["k"] = written
            self.assertEqual(self.data["k"], read)

    def test_a_sorted_set_is_read_in_order(self) -> None:
        """Members come by score."""
        self.data["z"] = ZSet({"b": 2, "a": 3, "c": 1})
        self.assertEqual(list(self.data["z"]), [b"c", b"b", b"a"])

    def test_an_empty_collection_is_no_key(self) -> None:
        """Redis keeps no empty collections."""
        self.data["k"] = ["a"]
        self.data["k"] = []
        self.assertNotIn("k", self.data)

    def test_what_redis_does_not_keep(self) -> None:
        """Other types are refused, and what was there stays."""
        self.data["k"] = "v"
        for wrong in (None, True, object(), [object()]):
            with self.assertRaises(TypeError):
                self.data["k"] = wrong
        self.assertEqual(len(self.data), 1)

    def test_it_is_a_mapping(self) -> None:
        """Iterating, counting, deleting, defaults."""
        self.data.update({"a": 1, "b": 2})
        self.assertEqual((set(self.data), len(self.data)), ({b"a", b"b"}, 2))
        del self.data["a"]
        self.assertRaises(KeyError, self.data.__delitem__, "a")
        self.assertRaises(KeyError, self.data.__getitem__, "a")
        self.assertEqual(self.data.get("a", "none"), "none")
        self.data.clear()
        self.assertFalse(self.data)

    def test_expiry(self) -> None:
        """ttl() and expire() in seconds."""
        self.data["k"] = 1
        self.assertIsNone(self.data.ttl("k"))
        self.data.expire("k", 1.5)
        self.assertEqual(self.data.ttl("k"), 1.5)
        self.assertRaises(KeyError, self.data.ttl, "none")
        self.assertRaises(KeyError, self.data.expire, "none", 1)
