"""Tests of pyredis.commands.hashes."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Pairs
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
SYNTAX = b"ERR syntax error"
HUGE = (1 << 63) - 1


class HashCase(SynchronousTestCase):
    """A server in memory with the hash ``h`` {a 1, b two} and the string ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("HSET", "h", "a", "1", "b", "two")
        self.do("SET", "s", "v")


class FieldTests(HashCase):
    """Setting, reading and deleting fields."""

    def test_hset_counts_new_fields(self) -> None:
        """Values of fields that exist are replaced."""
        self.assertEqual(self.do("HSET", "k", "f", "v"), 1)
        self.assertEqual(self.do("HSET", "k", "f", "w"), 0)
        self.assertEqual(self.do("HSET", "k", "f", "x", "g", "y", "g", "z"), 1)
        self.assertEqual(self.do("HGETALL", "k"), {b"f": b"x", b"g": b"z"})
        self.assertEqual(self.error("HSET", "s", "f", "v"), WRONG_TYPE)

    def test_hmset_answers_ok(self) -> None:
        """It is HSET of old."""
        self.assertEqual(self.do("HMSET", "k", "f", "v", "g", "w"), OK)
        self.assertEqual(self.do("HLEN", "k"), 2)

    def test_half_a_pair_is_refused(self) -> None:
        """Before the key is looked at."""
        for command in ("HSET", "HMSET"):
            self.assertEqual(
                self.error(command, "s", "f", "v", "g"),
                b"ERR wrong number of arguments for '%b' command" % command.lower().encode(),
            )

    def test_hsetnx(self) -> None:
        """It sets only fields that are not there."""
        self.assertEqual(self.do("HSETNX", "h", "a", "9"), 0)
        self.assertEqual(self.do("HSETNX", "h", "c", "9"), 1)
        self.assertEqual(self.do("HSETNX", "k", "c", "9"), 1)
        self.assertEqual(self.do("HMGET", "h", "a", "c"), [b"1", b"9"])
        self.assertEqual(self.error("HSETNX", "s", "c", "9"), WRONG_TYPE)

    def test_reading(self) -> None:
        """A field that is not there is nil, a key that is not there an empty hash."""
        self.assertEqual([self.do("HGET", "h", f) for f in "abc"], [b"1", b"two", None])
        self.assertIsNone(self.do("HGET", "k", "a"))
        self.assertEqual(self.do("HMGET", "h", "a", "c", "b"), [b"1", None, b"two"])
        self.assertEqual(self.do("HMGET", "k", "a", "b"), [None, None])
        self.assertEqual([self.do("HEXISTS", "h", f) for f in "ac"], [1, 0])
        self.assertEqual([self.do("HSTRLEN", "h", f) for f in "bc"], [3, 0])
        self.assertEqual((self.do("HLEN", "h"), self.do("HLEN", "k")), (2, 0))
        self.assertEqual((self.do("HEXISTS", "k", "a"), self.do("HSTRLEN", "k", "a")), (0, 0))

    def test_reading_all(self) -> None:
        """In the order the fields came, as Redis shows a small hash."""
        self.assertEqual(self.do("HGETALL", "h"), {b"a": b"1", b"b": b"two"})
        self.assertEqual(self.do("HKEYS", "h"), [b"a", b"b"])
        self.assertEqual(self.do("HVALS", "h"), [b"1", b"two"])
        self.assertEqual([self.do(c, "k") for c in ("HGETALL", "HKEYS", "HVALS")], [{}, [], []])
        self.session.resp3 = True
        self.assertEqual(self.session.sent("HGETALL", "k"), b"%0\r\n")

    def test_replies_do_not_change_with_the_hash(self) -> None:
        """What EXEC keeps stays as it was."""
        kept = self.do("HGETALL", "h")
        self.do("HSET", "h", "c", "3")
        self.assertEqual(len(kept), 2)

    def test_another_type_is_refused(self) -> None:
        """By all that read."""
        for command in ("HGETALL", "HKEYS", "HVALS", "HLEN", "HRANDFIELD"):
            self.assertEqual(self.error(command, "s"), WRONG_TYPE)
        for command in ("HGET", "HMGET", "HEXISTS", "HSTRLEN", "HDEL"):
            self.assertEqual(self.error(command, "s", "f"), WRONG_TYPE)

    def test_hdel(self) -> None:
        """It counts what was there, and the last field takes the key with it."""
        self.assertEqual(self.do("HDEL", "h", "a", "nope", "a"), 1)
        self.assertEqual(self.do("HDEL", "k", "a"), 0)
        self.assertEqual(
            self.session.events("HDEL", "h", "b", "b"), [(b"hdel", b"h"), (b"del", b"h")]
        )
        self.assertIsNone(self.session.db.peek(b"h"))

    def test_events(self) -> None:
        """Setting is one event and counts each pair, deleting each field."""
        self.assertEqual(self.session.events("HSET", "k", "f", "v", "g", "w")[-1], (b"hset", b"k"))
        self.assertEqual(self.session.events("HSETNX", "k", "h", "w"), [(b"hset", b"k")])
        self.assertEqual(self.session.events("HSETNX", "k", "h", "w"), [])
        self.assertEqual(self.session.changes("HSET", "k", "f", "v", "g", "w", "f", "x"), 3)
        self.assertEqual(self.session.changes("HSET", "k", "f", "x"), 1)
        self.assertEqual(self.session.changes("HDEL", "k", "f", "g", "nope"), 2)

    def test_encodings(self) -> None:
        """They follow the sizes and the limits."""
        session = Session(hash_max_listpack_entries=3, hash_max_listpack_value=4)
        session.do("HSET", "k", "a", "1", "b", "2", "c", "3")
        self.assertEqual(session.encoding("k"), "listpack")
        session.do("HSET", "k", "d", "4")
        self.assertEqual(session.encoding("k"), "hashtable")
        session.do("HSET", "long", "a", "12345")
        self.assertEqual(session.encoding("long"), "hashtable")


class NumberTests(HashCase):
    """HINCRBY and HINCRBYFLOAT."""

    def test_hincrby(self) -> None:
        """It adds to what is there, from zero where there is nothing."""
        self.assertEqual(self.do("HINCRBY", "h", "a", 41), 42)
        self.assertEqual(self.do("HINCRBY", "h", "n", -5), -5)
        self.assertEqual(self.do("HINCRBY", "k", "n", HUGE), HUGE)
        self.assertEqual(self.do("HGET", "k", "n"), b"%d" % HUGE)
        self.assertEqual(self.session.events("HINCRBY", "h", "a", 1), [(b"hincrby", b"h")])

    def test_hincrby_refusals(self) -> None:
        """The increment first, then the type, the value, the sum; nothing is made."""
        self.do("HSET", "h", "max", HUGE)
        for words, text in (
            (("s", "f", "x"), NOT_INTEGER),
            (("s", "f", 1), WRONG_TYPE),
            (("h", "b", 1), b"ERR hash value is not an integer"),
            (("h", "max", 1), b"ERR increment or decrement would overflow"),
            (("k", "f", 1 << 63), NOT_INTEGER),
        ):
            self.assertEqual(self.error("HINCRBY", *words), text)
        self.assertIsNone(self.session.db.peek(b"k"))

    def test_hincrbyfloat(self) -> None:
        """It adds in long doubles."""
        self.assertEqual(self.do("HINCRBYFLOAT", "h", "a", "0.1"), b"1.1")
        self.assertEqual(self.do("HINCRBYFLOAT", "h", "a", "-2.1"), b"-1")
        self.assertEqual(self.do("HINCRBYFLOAT", "k", "f", "3.0e3"), b"3000")
        self.assertEqual(self.do("HGET", "k", "f"), b"3000")

    def test_hincrbyfloat_refusals(self) -> None:
        """The increment first, then the type, the value, the sum."""
        self.do("HSET", "h", "inf", "inf")
        for words, text in (
            (("s", "f", "x"), b"ERR value is not a valid float"),
            (("s", "f", "nan"), b"ERR value is not a valid float"),
            (("s", "f", "-inf"), b"ERR value is NaN or Infinity"),
            (("s", "f", "1"), WRONG_TYPE),
            (("h", "b", "1"), b"ERR hash value is not a float"),
            (("h", "inf", "1"), b"ERR increment would produce NaN or Infinity"),
        ):
            self.assertEqual(self.error("HINCRBYFLOAT", *words), text)

    def test_hincrbyfloat_is_repeated_by_its_outcome(self) -> None:
        """Sums may differ elsewhere."""
        self.assertEqual(
            self.session.effects("HINCRBYFLOAT", "h", "a", "1.5"),
            [(b"HSET", b"h", b"a", b"2.5")],
        )
        self.assertEqual(
            self.session.events("HINCRBYFLOAT", "h", "a", "1"), [(b"hincrbyfloat", b"h")]
        )


class RandomTests(HashCase):
    """HRANDFIELD."""

    def test_one_field(self) -> None:
        """Nil where there is no hash."""
        self.assertIn(self.do("HRANDFIELD", "h"), (b"a", b"b"))
        self.assertIsNone(self.do("HRANDFIELD", "k"))

    def test_a_positive_count_asks_for_different_fields(self) -> None:
        """At most all of them."""
        self.assertEqual(sorted(self.do("HRANDFIELD", "h", 9)), [b"a", b"b"])
        self.assertEqual(len(self.do("HRANDFIELD", "h", 1)), 1)
        self.assertEqual(self.do("HRANDFIELD", "h", 0), [])
        self.assertEqual(self.do("HRANDFIELD", "k", 5), [])

    def test_a_negative_count_may_repeat(self) -> None:
        """So many are returned, however few there are."""
        fields = self.do("HRANDFIELD", "h", -20)
        self.assertEqual((len(fields), set(fields)), (20, {b"a", b"b"}))

    def test_with_values(self) -> None:
        """Pairs, nested in RESP3 and flat in RESP2."""
        self.do("HDEL", "h", "b")
        pairs = self.do("HRANDFIELD", "h", -2, "withvalues")
        self.assertIsInstance(pairs, Pairs)
        self.assertEqual(pairs, [[b"a", b"1"], [b"a", b"1"]])
        self.assertEqual(
            self.session.sent("HRANDFIELD", "h", 1, "WITHVALUES"),
            b"*2\r\n$1\r\na\r\n$1\r\n1\r\n",
        )
        self.session.resp3 = True
        self.assertEqual(
            self.session.sent("HRANDFIELD", "h", 1, "WITHVALUES"),
            b"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
        )
        self.assertEqual(self.session.sent("HRANDFIELD", "k", 1, "WITHVALUES"), b"*0\r\n")

    def test_refusals(self) -> None:
        """All before the key is looked at."""
        between = (
            b"ERR value is out of range, value must between "
            b"-9223372036854775807 and 9223372036854775807"
        )
        for options, text in (
            (("x",), NOT_INTEGER),
            ((-(1 << 63),), between),
            ((1, "foo"), SYNTAX),
            ((1, "WITHVALUES", "x"), SYNTAX),
            ((HUGE, "WITHVALUES"), b"ERR value is out of range"),
            ((-HUGE, "WITHVALUES"), b"ERR value is out of range"),
            ((1, "WITHVALUES"), WRONG_TYPE),
        ):
            self.assertEqual(self.error("HRANDFIELD", "s", *options), text)

    def test_a_reply_that_no_memory_holds_is_refused(self) -> None:
        """Redis would begin to send it."""
        self.assertEqual(self.error("HRANDFIELD", "h", -HUGE), b"ERR value is out of range")

    def test_big_hashes(self) -> None:
        """Different fields stay different, and all have their chance."""
        self.do("HSET", "n", *(word for n in range(1000) for word in (n, n)))
        self.assertEqual(len(set(self.do("HRANDFIELD", "n", 100))), 100)
        self.assertEqual(len(set(self.do("HRANDFIELD", "n", 900))), 900)
        self.assertGreater(len(set(self.do("HRANDFIELD", "n", -9000))), 990)
        self.assertGreater(len(set(self.do("HRANDFIELD", "n", -100))), 80)


class ScanTests(HashCase):
    """HSCAN."""

    def test_fields_come_with_their_values(self) -> None:
        """In one flat array."""
        self.assertEqual(self.do("HSCAN", "h", 0), [b"0", [b"a", b"1", b"b", b"two"]])
        self.assertEqual(self.do("HSCAN", "h", 0, "MATCH", "b"), [b"0", [b"b", b"two"]])
        self.assertEqual(self.do("HSCAN", "h", 0, "MATCH", "two"), [b"0", []])

    def test_a_big_hash_comes_in_pages(self) -> None:
        """What stays from the first call to the last is returned, with its value."""
        self.do("HSET", "n", *(word for n in range(2000) for word in (n, -n)))
        seen: dict[bytes, bytes] = {}
        cursor, calls = b"0", 0
        while calls == 0 or cursor != b"0":
            cursor, flat = self.do("HSCAN", "n", cursor, "COUNT", 20)
            seen.update(zip(flat[::2], flat[1::2], strict=True))
            self.do("HDEL", "n", calls)
            calls += 1
        self.assertGreater(calls, 20)
        for number in range(calls, 2000):
            self.assertEqual(seen[b"%d" % number], b"%d" % -number)

    def test_refusals(self) -> None:
        """The cursor first, then the key, then the options."""
        self.assertEqual(self.error("HSCAN", "s", "1x"), b"ERR invalid cursor")
        self.assertEqual(self.error("HSCAN", "s", 0, "foo"), WRONG_TYPE)
        self.assertEqual(self.do("HSCAN", "k", 0, "foo"), [b"0", []])
        self.assertEqual(self.error("HSCAN", "h", 0, "COUNT", 0), SYNTAX)
