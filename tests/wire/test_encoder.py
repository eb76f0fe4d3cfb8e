"""Tests of pyredis.wire.encoder: every reply in both protocols."""

from typing import Any

import hiredis
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import ProtocolError, RedisError, WrongType
from pyredis.wire.encoder import LARGE_BULK, encode, encoded, encoded_each
from pyredis.wire.replies import (
    LATER,
    NO_REPLY,
    NULL_ARRAY,
    OK,
    PONG,
    QUEUED,
    BigNumber,
    Boolean,
    Double,
    Entries,
    HumanDouble,
    Pairs,
    Push,
    Scored,
    SetReply,
    Simple,
    Verbatim,
)

# Name: (reply, RESP2, RESP3; None if it is the same).
ROWS: dict[str, tuple[object, bytes, bytes | None]] = {
    "a bulk string": (b"value", b"$5\r\nvalue\r\n", None),
    "an empty string": (b"", b"$0\r\n\r\n", None),
    "any bytes": (b"\0\r\n\xff", b"$4\r\n\0\r\n\xff\r\n", None),
    "an integer": (42, b":42\r\n", None),
    "zero": (0, b":0\r\n", None),
    "a member and its score": (
        [b"m", Double(-1.5)],
        b"*2\r\n$1\r\nm\r\n$4\r\n-1.5\r\n",
        b"*2\r\n$1\r\nm\r\n,-1.5\r\n",
    ),
    "a number and a score": ([1, Double(2.0)], b"*2\r\n:1\r\n$1\r\n2\r\n", b"*2\r\n:1\r\n,2\r\n"),
    "a set of a member and a score": (
        SetReply([b"m", Double(2.0)]),
        b"*2\r\n$1\r\nm\r\n$1\r\n2\r\n",
        b"~2\r\n$1\r\nm\r\n,2\r\n",
    ),
    "the least integer": (-(2**63), b":-9223372036854775808\r\n", None),
    "the null": (None, b"$-1\r\n", b"_\r\n"),
    "the null array": (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
    "no reply": (NO_REPLY, b"", None),
    "OK": (OK, b"+OK\r\n", None),
    "QUEUED": (QUEUED, b"+QUEUED\r\n", None),
    "PONG": (PONG, b"+PONG\r\n", None),
    "any status": (Simple(b"Background saving started"), b"+Background saving started\r\n", None),
    "a double": (Double(3.5), b"$3\r\n3.5\r\n", b",3.5\r\n"),
    "a whole double": (Double(7), b"$1\r\n7\r\n", b",7\r\n"),
    "an infinite double": (Double("-inf"), b"$4\r\n-inf\r\n", b",-inf\r\n"),
    "a human double": (
        HumanDouble(1.5e-7),
        b"$10\r\n0.00000015\r\n",
        b",0.00000015\r\n",
    ),
    "a whole human double": (HumanDouble(-2), b"$2\r\n-2\r\n", b",-2\r\n"),
    "true": (Boolean.TRUE, b":1\r\n", b"#t\r\n"),
    "false": (Boolean.FALSE, b":0\r\n", b"#f\r\n"),
    "a big number": (
        BigNumber(b"123456789" * 3),
        b"$27\r\n" + b"123456789" * 3 + b"\r\n",
        b"(" + b"123456789" * 3 + b"\r\n",
    ),
    "text": (Verbatim(b"some text"), b"$9\r\nsome text\r\n", b"=13\r\ntxt:some text\r\n"),
    "marked up text": (Verbatim(b"# x", b"mkd"), b"$3\r\n# x\r\n", b"=7\r\nmkd:# x\r\n"),
    "an error": (RedisError("no such key"), b"-ERR no such key\r\n", None),
    "an error of another code": (
        RedisError("Background save", "BUSY"),
        b"-BUSY Background save\r\n",
        None,
    ),
    "an error's class": (
        WrongType(),
        b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        None,
    ),
    "an error of several lines": (ProtocolError("a\r\nb"), b"-ERR Protocol error: a  b\r\n", None),
    "an empty array": ([], b"*0\r\n", None),
    "an empty map": ({}, b"*0\r\n", b"%0\r\n"),
    "an empty set": (SetReply(), b"*0\r\n", b"~0\r\n"),
    "no pairs": (Pairs(), b"*0\r\n", None),
    "an empty push": (Push(), b"*0\r\n", b">0\r\n"),
    "an array": ([b"a", b"bc"], b"*2\r\n$1\r\na\r\n$2\r\nbc\r\n", None),
    "an array of equal lengths": ([b"a", b"b"], b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", None),
    "an array of one": ([b"a"], b"*1\r\n$1\r\na\r\n", None),
    "an array of empty strings": ([b"", b""], b"*2\r\n$0\r\n\r\n$0\r\n\r\n", None),
    "an array of bytearrays": ([bytearray(b"a"), b"bc"], b"*2\r\n$1\r\na\r\n$2\r\nbc\r\n", None),
    "an array of bytearrays alone": ([bytearray(b"a")], b"*1\r\n$1\r\na\r\n", None),
    "an array of integers": ([1, -2], b"*2\r\n:1\r\n:-2\r\n", None),
    "an array with nulls": (
        [b"a", None, b"b"],
        b"*3\r\n$1\r\na\r\n$-1\r\n$1\r\nb\r\n",
        b"*3\r\n$1\r\na\r\n_\r\n$1\r\nb\r\n",
    ),
    "a mixed array": (
        [b"a", 1, OK, Double(2), WrongType()],
        b"*5\r\n$1\r\na\r\n:1\r\n+OK\r\n$1\r\n2\r\n-" + WrongType().text + b"\r\n",
        b"*5\r\n$1\r\na\r\n:1\r\n+OK\r\n,2\r\n-" + WrongType().text + b"\r\n",
    ),
    "arrays of one length": ([[b"a"], [b"b"]], b"*2\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", None),
    "an array behind a string of its length": (
        [b"a", [b"b"]],
        b"*2\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n",
        None,
    ),
    "deep arrays": ([[[[]]], []], b"*2\r\n*1\r\n*1\r\n*0\r\n*0\r\n", None),
    "a map": (
        {b"a": b"1", b"b": b"2"},
        b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
        b"%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
    ),
    "a map of integers": (
        {b"a": 1, b"b": 2},
        b"*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n",
        b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n",
    ),
    "a map of maps": (
        {b"a": {}, Simple(b"b"): {b"c": None}},
        b"*4\r\n$1\r\na\r\n*0\r\n+b\r\n*2\r\n$1\r\nc\r\n$-1\r\n",
        b"%2\r\n$1\r\na\r\n%0\r\n+b\r\n%1\r\n$1\r\nc\r\n_\r\n",
    ),
    "a set": (
        SetReply([b"a", b"bc"]),
        b"*2\r\n$1\r\na\r\n$2\r\nbc\r\n",
        b"~2\r\n$1\r\na\r\n$2\r\nbc\r\n",
    ),
    "a set of statuses": (SetReply([Simple(b"fast")]), b"*1\r\n+fast\r\n", b"~1\r\n+fast\r\n"),
    "pairs": (
        Pairs([[b"a", Double(1)], (b"b", Double(2))]),
        b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
        b"*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2\r\n",
    ),
    "members and scores": (
        Scored([b"a", b"bc"], [1.0, 20.0]),
        b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\nbc\r\n$2\r\n20\r\n",
        b"*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$2\r\nbc\r\n,20\r\n",
    ),
    "no members and scores": (Scored([], []), b"*0\r\n", None),
    "entries": (
        Entries([[b"k", [b"a"]], [b"k", [b"b"]]]),
        b"*2\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\nb\r\n",
        b"%2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n$1\r\nk\r\n*1\r\n$1\r\nb\r\n",
    ),
    "no entries": (Entries(), b"*0\r\n", b"%0\r\n"),
    "strings around something else": (
        [b"a", [b"b"], 1, b"c"],
        b"*4\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n:1\r\n$1\r\nc\r\n",
        None,
    ),
    "a push": (
        Push([b"message", b"channel", b"hi"]),
        b"*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$2\r\nhi\r\n",
        b">3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$2\r\nhi\r\n",
    ),
    "a push with a null": (
        Push([b"invalidate", None]),
        b"*2\r\n$10\r\ninvalidate\r\n$-1\r\n",
        b">2\r\n$10\r\ninvalidate\r\n_\r\n",
    ),
    "what EXEC answers": (
        [OK, [b"a"], None, NULL_ARRAY, {b"k": 1}, SetReply([b"m"])],
        b"*6\r\n+OK\r\n*1\r\n$1\r\na\r\n$-1\r\n*-1\r\n*2\r\n$1\r\nk\r\n:1\r\n*1\r\n$1\r\nm\r\n",
        b"*6\r\n+OK\r\n*1\r\n$1\r\na\r\n_\r\n_\r\n%1\r\n$1\r\nk\r\n:1\r\n~1\r\n$1\r\nm\r\n",
    ),
}

scalars = st.one_of(
    st.binary(max_size=12),
    st.integers(-(2**63), 2**63 - 1),
    st.none(),
    st.sampled_from([b"x" * (LARGE_BULK - 1), b"y" * LARGE_BULK]),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=6), max_leaves=30)

scores = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63).map(float),
    st.sampled_from([0.0, -0.0]),
)


class EncoderTests(SynchronousTestCase):
    """Replies look as Redis writes them."""

    def test_resp2(self) -> None:
        """Every reply in RESP2."""
        for name, (reply, resp2, _) in ROWS.items():
            with self.subTest(name):
                self.assertEqual(encoded(reply, 2), resp2)

    def test_resp3(self) -> None:
        """Every reply in RESP3."""
        for name, (reply, resp2, resp3) in ROWS.items():
            with self.subTest(name):
                self.assertEqual(encoded(reply, 3), resp2 if resp3 is None else resp3)

    def test_pieces_in_order(self) -> None:
        """Pieces are given away in the order of the stream, behind what was there."""
        pieces = [b"before"]
        encode([1, b"a", {b"k": None}], pieces.append, 3)

        self.assertEqual(b"".join(pieces), b"before*3\r\n:1\r\n$1\r\na\r\n%1\r\n$1\r\nk\r\n_\r\n")

    def test_lengths(self) -> None:
        """Strings of every length around the ready made heads, alone and in arrays."""
        for length in (0, 9, 10, 99, 100, LARGE_BULK - 1, LARGE_BULK, LARGE_BULK + 1, 70_000):
            word = b"x" * length
            bulk = b"$%d\r\n%b\r\n" % (length, word)
            with self.subTest(length=length):
                self.assertEqual(encoded(word, 2), bulk)
                self.assertEqual(
                    encoded([word, b"abc", word], 2), b"*3\r\n" + bulk + b"$3\r\nabc\r\n" + bulk
                )
                self.assertEqual(encoded([word, word], 3), b"*2\r\n" + bulk + bulk)
                self.assertEqual(encoded({word: b"abc"}, 3), b"%1\r\n" + bulk + b"$3\r\nabc\r\n")

    @given(st.lists(st.tuples(st.binary(max_size=4), scores), max_size=6))
    def test_scores(self, pairs: list[tuple[bytes, float]]) -> None:
        """Members and scores look as pairs do, whatever the scores."""
        scored = Scored([member for member, _ in pairs], [score for _, score in pairs])
        alike = Pairs((member, Double(score)) for member, score in pairs)

        self.assertEqual(scored, alike)
        for resp in (2, 3):
            self.assertEqual(encoded(scored, resp), encoded(alike, resp))

    @given(values)
    def test_a_client_reads_the_same(self, value: object) -> None:
        """What a client library reads is what was written."""
        for resp in (2, 3):
            reader = hiredis.Reader()
            reader.feed(encoded(value, resp))

            self.assertEqual(reader.gets(), value)
            self.assertIs(reader.gets(), False)


class RefusedRepliesTests(SynchronousTestCase):
    """What is not of the vocabulary is refused, not guessed."""

    def test_types(self) -> None:
        """Python types that could mean several replies are none."""
        for reply in (
            "text",
            1.5,
            True,
            (1, 2),
            {b"a"},
            frozenset(),
            bytearray(b"a"),
            memoryview(b"a"),
            object(),
            ValueError("x"),
            bytes,
            range(3),
        ):
            for resp in (2, 3):
                with self.subTest(reply=reply, resp=resp):
                    self.assertRaises(TypeError, encoded, reply, resp)

    def test_inside(self) -> None:
        """Nor are they inside of an aggregate."""
        for wrong in ("text", 1.5, True, (b"a",), {b"a"}):
            for reply in (
                [wrong],
                [b"a", wrong],
                [1, wrong],
                {b"k": wrong},
                SetReply([wrong]),
                Push([wrong]),
                Pairs([[b"a", wrong]]),
                [[wrong]],
            ):
                with self.subTest(reply=reply):
                    self.assertRaises(TypeError, encoded, reply, 2)

    def test_later(self) -> None:
        """A promise is no reply."""
        self.assertRaises(TypeError, encoded, LATER, 2)
        self.assertRaises(TypeError, encoded, [LATER], 3)


class NestedTests(SynchronousTestCase):
    """Arrays of arrays, some of which are written at once."""

    def plainly(self, reply: Any) -> bytes:
        """Return what RESP2 makes of strings and arrays."""
        if isinstance(reply, bytes):
            return b"$%d\r\n%b\r\n" % (len(reply), reply)
        if reply is None:
            return b"$-1\r\n"
        return b"*%d\r\n" % len(reply) + b"".join(map(self.plainly, reply))

    def test_entries(self) -> None:
        """Names with as many strings each, as streams have, and all that only resembles them."""
        entry = [b"1-1", [b"f", b"v"]]
        for some in (
            [entry] * 5,
            [entry, [b"1-20", [b"field", b"x" * 2000]]] * 3,
            [entry, [b"1-2", [b"f", b"v", b"g", b"w"]]] * 3,
            [entry, [b"1-2", []]] * 3,
            [[b"1-1", []]] * 5,
            [entry, [b"1-2", None]] * 3,
            [entry, [b"1-2", b"fv"]] * 3,
            [[b"1-1", b"fv"]] * 5,
            [entry, [b"1-2"]] * 3,
            [entry, b"1-2", None, entry],
            [[[b"f", b"v"], b"1-1"]] * 5,
            [[b"1-1", [b"f", None]]] * 5,
            [[b"1-1", [[b"f"], [b"v"]]]] * 5,
        ):
            self.assertEqual(encoded(some, 2), self.plainly(some))


class SeveralTests(SynchronousTestCase):
    """Replies of a batch are written as each by itself would be."""

    def test_alike_and_mixed(self) -> None:
        """However many are of one kind."""
        replies = [row[0] for row in ROWS.values()]
        for some in (
            replies,
            [b"a", b"b"],
            [b"a", b"x" * 2000],
            [1, -2],
            [10, 99],
            [10, 9],
            [-1, 10],
            [7, 7],
            [OK] * 3,
            [OK, PONG],
            [b"a", None],
            [None, None],
            [1, b"a"],
            [[1], [2]],
            [[b"a", b"b"]] * 3,
            [[b"a", b"b"], [b"c", b"d"]],
            [[b"a", b"b"], [b"c", None]],
            [[b"a", b"b"], [b"c", b"dd"]],
            [[b"a", b"b", b"c"], [b"d", b"e", b"f"]],
            [[b"a", 1, b"c"], [b"d", b"e", b"f"]],
            [[], []],
            [[b"a", b"b"], [b"c", Double(1.0)]],
            [[b"a", Double(-0.0)], [b"bb", Double(float("inf"))], [b"", Double(0.1)]],
            [[b"a", Double(3.0)], [b"x" * 2000, Double(17.0)]],
            [[b"a", Double(3.0)], [Double(3.0), b"a"]],
            [[b"a", Double(3.0)], [b"a", 3]],
            [[b"a", Double(3.0)], [None, Double(3.0)], []],
            [Double(1.0), Double(2.0)],
            [Double(-0.0), Double(1e300), Double(0.1)],
            [Double(1.0), None],
            [Scored([b"a", b"b"], [1.0, 2.5])] * 2,
        ):
            for resp in (2, 3):
                each = [encoded(reply, resp) for reply in some]
                wire, width = encoded_each(some, resp)
                self.assertEqual(wire, b"".join(each))
                self.assertIn(width, (0, len(each[0])))
                if width:
                    self.assertEqual({*map(len, each)}, {width})
                self.assertEqual(
                    encoded_each(some, resp, only_even=True), (wire, width) if width else (b"", 0)
                )
