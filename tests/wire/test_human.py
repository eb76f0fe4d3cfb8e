"""Tests of pyredis.wire.human: replies as the founding document shows them at a telnet prompt."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError, wrong_arity
from pyredis.wire.encoder import encoded
from pyredis.wire.human import encode_human, encoded_human
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
    HumanDouble,
    Pairs,
    Push,
    Scored,
    SetReply,
    Verbatim,
)

ROWS: dict[str, tuple[object, bytes]] = {
    # The founding document's own examples.
    "SET": (OK, b"+OK\r\n"),
    "GET": (b"PyRedis", b"+PyRedis\r\n"),
    "INCR": (11, b":11\r\n"),
    "LRANGE": ([b"c", b"b", b"a"], b"*3\r\n+c\r\n+b\r\n+a\r\n"),
    "SMEMBERS": (SetReply([b"apple", b"cherry"]), b"*2\r\n+apple\r\n+cherry\r\n"),
    "HGETALL": (
        {b"name": b"John", b"age": b"30", b"city": b"NYC"},
        b"*6\r\n+name\r\n+John\r\n+age\r\n+30\r\n+city\r\n+NYC\r\n",
    ),
    "GET of a missing key": (None, b"$-1\r\n"),
    "an error": (RedisError("unknown command 'INVALID'"), b"-ERR unknown command 'INVALID'\r\n"),
    "PING": (PONG, b"+PONG\r\n"),
    "a simple string": (b"Hello World", b"+Hello World\r\n"),
    # And what it does not mention.
    "an empty string": (b"", b"+\r\n"),
    "UTF-8": ("grüße, 世界".encode(), "+grüße, 世界\r\n".encode()),
    "an empty array": ([], b"*0\r\n"),
    "a missing array": (NULL_ARRAY, b"$-1\r\n"),
    "nulls in an array": ([b"a", None, NULL_ARRAY], b"*3\r\n+a\r\n$-1\r\n$-1\r\n"),
    "nested arrays": ([[b"0", 1], [[]]], b"*2\r\n*2\r\n+0\r\n:1\r\n*1\r\n*0\r\n"),
    "members and scores": (
        Pairs([[b"a", Double(1.5)], [b"b", Double(2)]]),
        b"*4\r\n+a\r\n+1.5\r\n+b\r\n+2\r\n",
    ),
    "members and their scores": (Scored([b"a"], [1.5]), b"*2\r\n+a\r\n+1.5\r\n"),
    "a coordinate": (HumanDouble(0.25), b"+0.25\r\n"),
    "a score": (Double("inf"), b"+inf\r\n"),
    "a truth": (Boolean.TRUE, b":1\r\n"),
    "a big number": (
        BigNumber(b"123456789012345678901234567890"),
        b"+123456789012345678901234567890\r\n",
    ),
    "a line of text": (Verbatim(b"text"), b"+text\r\n"),
    "several lines of text": (Verbatim(b"a\nb"), b"$3\r\na\nb\r\n"),
    "a message": (Push([b"message", b"channel", b"hi"]), b"*3\r\n+message\r\n+channel\r\n+hi\r\n"),
    "EXEC": (
        [OK, QUEUED, wrong_arity("get"), {b"k": [b"v"]}],
        b"*4\r\n+OK\r\n+QUEUED\r\n-ERR wrong number of arguments for 'get' command\r\n"
        b"*2\r\n+k\r\n*1\r\n+v\r\n",
    ),
    "no reply": (NO_REPLY, b""),
    # What would break the line keeps its RESP form.
    "CR": (b"a\rb", b"$3\r\na\rb\r\n"),
    "LF": (b"a\nb", b"$3\r\na\nb\r\n"),
    "tabulators": (b"a\tb", b"$3\r\na\tb\r\n"),
    "a control byte": (b"\x1b[2J", b"$4\r\n\x1b[2J\r\n"),
    "no UTF-8": (b"\xff\xfe", b"$2\r\n\xff\xfe\r\n"),
    "a line separator": ("a\u2028b".encode(), b"$5\r\na\xe2\x80\xa8b\r\n"),
    "one bad member": ([b"a", b"\0"], b"*2\r\n+a\r\n$1\r\n\0\r\n"),
}


def human(reply: object) -> bytes:
    """Return a reply in the human form."""
    pieces: list[bytes] = []
    encode_human(reply, pieces.append)
    return b"".join(pieces)


class HumanRepliesTests(SynchronousTestCase):
    """Replies read well, and can always be told apart."""

    def test_rows(self) -> None:
        """Every kind of reply."""
        for name, (reply, expected) in ROWS.items():
            with self.subTest(name):
                self.assertEqual(human(reply), expected)

    def test_refused(self) -> None:
        """What is no reply is none here either."""
        for reply in ("text", 1.5, (b"a",), LATER, [True]):
            with self.subTest(reply=reply):
                self.assertRaises(TypeError, human, reply)

    @given(st.binary(max_size=30))
    def test_a_string_is_one_line_or_resp(self, value: bytes) -> None:
        """A string is ``+`` and itself on one line, or its RESP form."""
        line = human(value)
        if line != encoded(value, 2):
            self.assertEqual(line, b"+%b\r\n" % value)
            self.assertEqual(len(line.splitlines()), 1)


class SeveralTests(SynchronousTestCase):
    """Several replies in one go."""

    def test_one_after_the_other(self) -> None:
        """Each in its own form."""
        self.assertEqual(encoded_human([b"a", 1, None]), b"+a\r\n:1\r\n$-1\r\n")
