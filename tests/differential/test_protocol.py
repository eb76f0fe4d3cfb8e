"""The protocol itself: malformed requests, typed lines, limits, pipelines.

Whole byte streams are compared, up to the moment the server hangs up or
answers a PING sent behind; in one piece, byte by byte and in odd pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from tests.differential.compare import shown
from tests.differential.families import DifferentialTestCase, walking
from tests.differential.frames import request
from tests.differential.peers import Connection, Peer

_MARK = b"the-last-words"
_LAST = request((b"PING", _MARK))


def _r(line: str) -> bytes:
    return request(tuple(line.encode().split()))


class StreamTests(DifferentialTestCase):
    """Compares streams; the tables are below."""

    pieces: ClassVar[Sequence[int]] = (0, 1, 7)
    last: ClassVar[bytes] = b""
    config: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Make a test of each row of the class's table."""
        super().__init_subclass__(**options)
        for title, data in cls.__dict__.get("streams", {}).items():
            name = "test_" + "".join(c if c.isalnum() else "_" for c in title)
            setattr(cls, name, _stream_test(title, data))

    def same_stream(self, data: bytes, pieces: Sequence[int] | None = None) -> None:
        """Fail unless both servers answer these bytes alike, however they arrive."""
        with self.pair.configured(self.config):
            for size in self.pieces if pieces is None else pieces:
                expected = answer(self.pair.oracle, data, size, self.last)
                got = answer(self.pair.subject, data, size, self.last)
                how = f"in pieces of {size}" if size else "in one piece"
                self.assertEqual(shown(got), shown(expected), f"{shown(data)} {how}")


#: Bytes that mean something to a parser.
_TELLING = [b"", b"\r", b"\n", b"\r\n", b"*", b"$", b"-", b"+", b"0", b"1", b"3", b"9", b'"', b"'", b" ", b"\xff", b"a"]  # fmt: skip
_SOUND = [_r("SET k v"), _r("GET k"), _r("INCR n"), _r("PING"), b"PING\r\n", b"GET k\r\n", b"*0\r\n", b'ECHO "a b"\r\n']  # fmt: skip


def _stream_test(title: str, data: bytes) -> Any:
    def test(self: StreamTests) -> None:
        self.same_stream(data)

    test.__doc__ = f"Both servers answer alike: {title}."
    return test


def answer(peer: Peer, data: bytes, size: int, last: bytes = b"", patience: float = 3) -> bytes:
    """Return all that a server says to these bytes, and to ``last`` and a PING behind them."""
    connection = Connection(peer.address, patience=patience)
    try:
        if not size:
            connection.send(data + last + _LAST)
        else:
            for at in range(0, len(data), size):
                connection.send(data[at : at + size])
            connection.send(last + _LAST)
        return connection.rest(until=_MARK + b"\r\n")
    finally:
        connection.close()


class MalformedTests(StreamTests):
    """Requests that are no requests get Redis's error and a closed connection."""

    streams: ClassVar[dict[str, bytes]] = {
        "a good command": _r("SET k v") + _r("GET k"),
        "an empty array": b"*0\r\n",
        "a negative array": b"*-1\r\n",
        "a very negative array": b"*-10\r\n",
        "an array length that is no number": b"*abc\r\n",
        "an empty array length": b"*\r\n",
        "an array length with a space": b"* 1\r\n$4\r\nPING\r\n",
        "an array length with a plus": b"*+1\r\n$4\r\nPING\r\n",
        "an array length with a leading zero": b"*01\r\n$4\r\nPING\r\n",
        "an array length that is too big": b"*2147483648\r\n",
        "an array length beyond 64 bits": b"*99999999999999999999\r\n",
        "an array length of a million": b"*1048577\r\n",
        "no dollar": b"*1\r\n4\r\nPING\r\n",
        "a colon for a dollar": b"*1\r\n:4\r\n",
        "a status for a bulk": b"*1\r\n+PING\r\n",
        "an array in an array": b"*1\r\n*1\r\n$4\r\nPING\r\n",
        "a second argument without a dollar": b"*2\r\n$3\r\nGET\r\nk\r\n",
        "a bulk length that is no number": b"*1\r\n$abc\r\n",
        "an empty bulk length": b"*1\r\n$\r\n",
        "a negative bulk length": b"*2\r\n$3\r\nGET\r\n$-1\r\n",
        "a bulk length that is too big": b"*2\r\n$3\r\nGET\r\n$536870913\r\n",
        "a bulk length beyond 64 bits": b"*2\r\n$3\r\nGET\r\n$99999999999999999999\r\n",
        "a bulk length with a space": b"*1\r\n$ 4\r\nPING\r\n",
        "a bulk length with a plus": b"*1\r\n$+4\r\nPING\r\n",
        "a bulk length with a leading zero": b"*1\r\n$04\r\nPING\r\n",
        "a bulk length with a tail": b"*1\r\n$4x\r\nPING\r\n",
        "a bulk that is longer than said": b"*1\r\n$4\r\nPINGPING\r\n",
        "a bulk that does not end in CRLF": b"*1\r\n$4\r\nPINGxx",
        "good commands before bad": _r("SET k v") + _r("GET k") + b"*1\r\n$x\r\n" + _r("PING"),
        "good commands before no dollar": _r("SET k v") + b"*2\r\n$3\r\nGET\r\n!\r\n",
        "an empty command name": b"*1\r\n$0\r\n\r\n",
        "empty arrays between commands": b"*0\r\n" + _r("PING") + b"*-1\r\n" + _r("PING"),
        "LF alone behind the array length": b"*1\n$4\r\nPING\r\n",
        "CR without LF": b"*1\rX$4\r\nPING\r\n",
        "binary words": request((b"SET", b"\r\n", b"\x00\r\n$3\r\n")) + request((b"GET", b"\r\n")),
        "a thousand commands in one write": _r("INCR n") * 1000,
        "a large array": request((b"MSET", *(b"%d" % n for n in range(2000)))),
        "unknown commands go on": _r("foo bar") + _r("PING"),
        "QUIT ends the stream": _r("SET k v") + _r("QUIT") + _r("PING"),
        "an HTTP request": b"GET / HTTP/1.1\r\nAccept: x\r\n\r\n",
        "a POST request": b"POST / HTTP/1.1\r\nHost: here\r\n\r\n",
        "a Host header": b"Host: here\r\nPING\r\n",
        "CLIENT REPLY OFF and ON": _r("CLIENT REPLY OFF")
        + _r("PING")
        + _r("foo")
        + _r("CLIENT REPLY ON")
        + _r("PING"),
        "CLIENT REPLY SKIP": _r("CLIENT REPLY SKIP") + _r("PING") + _r("ECHO a"),
        "CLIENT REPLY SKIP twice": _r("CLIENT REPLY SKIP") * 2 + _r("PING") + _r("ECHO a"),
        "CLIENT REPLY SKIP while off": _r("CLIENT REPLY OFF")
        + _r("CLIENT REPLY SKIP")
        + _r("PING")
        + _r("CLIENT REPLY ON"),
    }

    def setUp(self) -> None:
        """Start from nothing, so that pieces do not see each other's keys."""
        super().setUp()
        self.pair.oracle.reset()
        self.pair.subject.reset()


class InlineTests(StreamTests):
    """Typed lines are split, and answered, as Redis does under ``inline-replies resp``."""

    config: ClassVar[dict[str, str]] = {"inline-replies": "resp"}
    streams: ClassVar[dict[str, bytes]] = {
        "a line": b"PING\r\n",
        "a line with LF alone": b"PING\n",
        "spaces around": b"   PING   hello \t \r\n",
        "tabs between": b"ECHO\thi\r\n",
        "empty lines": b"\r\n\n\r\n  \r\nPING\r\n",
        "a line of spaces": b"    \r\nPING\r\n",
        "lower case": b"set k v\r\nget k\r\n",
        "double quotes": b'SET k "a b"\r\nGET k\r\nSET k ""\r\nGET k\r\n',
        "escapes in double quotes": b'SET k "\\x41\\x00\\n\\r\\t\\b\\a\\q\\\\\\""\r\nGET k\r\n',
        "half a hex escape": b'SET k "\\x4"\r\nGET k\r\nSET k "\\xzz"\r\nGET k\r\n',
        "single quotes": b"SET k 'a b\\n'\r\nGET k\r\nSET k 'it\\'s'\r\nGET k\r\n",
        "quotes inside a word": b'SET k a"b c"d\r\nGET k\r\n',
        "an open double quote": b'SET k "abc\r\n',
        "an open single quote": b"SET k 'abc\r\n",
        "a word right after a quote": b'SET k "a"b\r\n',
        "a word right after a single quote": b"SET k 'a'b\r\n",
        "two quoted words touching": b'SET k "a""b"\r\n',
        "an open quote after good lines": b'SET k v\r\nGET k\r\nGET "\r\nPING\r\n',
        "a lone quote": b'"\r\n',
        "a quoted command": b"\"PING\"\r\n'PING'\r\n",
        "an empty quoted command": b'""\r\n',
        "bytes above 127": b"ECHO \xff\xfe\r\n",
        "CR in the middle": b"ECHO a\rb\r\n",
        "many CRs": b"PING\r\r\r\n",
        "a line after a command and before one": _r("SET k v") + b"GET k\r\n" + _r("GET k"),
        "arity and unknown commands": b"GET\r\nfoo 'a b'\r\nCONFIG foo\r\n",
        "collections": b"RPUSH l a b\r\nLRANGE l 0 -1\r\nHSET h f v\r\nHGETALL h\r\nGET none\r\nSMEMBERS none\r\n",
        "HELLO 3 in a line": b"PING\r\nHELLO 3 AUTH x\r\nSET k v\r\nGET none\r\n",
        "QUIT": b"QUIT\r\nPING\r\n",
        "a line that looks like RESP": b"$4\r\nPING\r\n",
        "a line that starts with a dash": b"-ERR\r\n+OK\r\n:1\r\n",
        "a line of 60 kB": b"SET k " + b"x" * 60_000 + b"\r\nSTRLEN k\r\n",
    }

    def setUp(self) -> None:
        """Start from nothing."""
        super().setUp()
        self.pair.oracle.reset()
        self.pair.subject.reset()

    def test_a_line_that_is_too_long(self) -> None:
        """A line above 64 kB without an end is refused."""
        self.same_stream(b"SET k " + b"x" * 300_000, pieces=(0,))
        self.same_stream(_r("SET k v") + b"x" * 300_000, pieces=(0,))


class LimitTests(StreamTests):
    """Announcing more than is allowed is refused before anything is stored."""

    def test_the_longest_bulk(self) -> None:
        """``proto-max-bulk-len`` is the limit, and may be moved."""
        with self.pair.configured({"proto-max-bulk-len": "1mb"}):
            self.same_stream(b"*2\r\n$4\r\nECHO\r\n$1048577\r\n", pieces=(0, 1))
            self.same_stream(request((b"STRLEN", b"x" * 1_048_576)), pieces=(0,))
            self.same_stream(
                _r("SETRANGE k 1048576 a") + _r("SETRANGE k 1048575 a") + _r("APPEND k b"),
                pieces=(0,),
            )

    def test_array_headers_that_are_too_long(self) -> None:
        """A header above 64 kB without its end is refused."""
        for head in (b"*", b"*1\r\n$", b"*2\r\n$3\r\nGET\r\n$"):
            self.same_stream(head + b"1" * 200_000, pieces=(0,))

    def test_a_value_of_two_megabytes(self) -> None:
        """Large words are served however they arrive."""
        data = (
            request((b"SET", b"big", b"\x00\r\n$" * 500_000))
            + _r("STRLEN big")
            + _r("GETRANGE big -9 -1")
        )
        self.same_stream(data, pieces=(0, 65_521))


class UnauthenticatedTests(StreamTests):
    """Before authentication a client may announce ten words of 16 kB."""

    config: ClassVar[dict[str, str]] = {"requirepass": "secret"}
    last: ClassVar[bytes] = _r("AUTH secret")
    streams: ClassVar[dict[str, bytes]] = {
        "eleven words": b"*11\r\n",
        "ten words": _r("a b c d e f g h i j"),
        "a long word": b"*2\r\n$3\r\nGET\r\n$16385\r\n",
        "a word that is not too long": request((b"ECHO", b"x" * 16_384)),
        "thirteen words after AUTH": _r("AUTH secret") + _r("MSET a 1 b 2 c 3 d 4 e 5 f 6"),
        "a line": b"PING\r\n",
        "commands that need a login and one that does not": _r("GET k")
        + _r("foo")
        + _r("GET")
        + _r("QUIT"),
    }


class PipelineTests(StreamTests):
    """Long pipelines keep order, and no reply is lost."""

    def test_replies_far_larger_than_socket_buffers(self) -> None:
        """A client that sends first and reads later gets everything."""
        value = b"v" * 10_000
        data = request((b"SET", b"k", value)) + _r("GET k") * 800
        answers = []
        for peer in (self.pair.oracle, self.pair.subject):
            peer.reset()
            answers.append(answer(peer, data, 0))
        self.assertEqual(len(answers[0]), len(answers[1]))
        self.assertTrue(answers[0] == answers[1])

    def test_ten_thousand_mixed_commands(self) -> None:
        """Each reply stands where its command stood."""
        lines = [
            "INCR n",
            "GET n",
            "RPUSH l a",
            "LLEN l",
            "foo",
            "GET",
            "HSET h f v",
            "HGETALL h",
            "SET n x EX",
        ]
        data = b"".join(_r(line) for line in lines) * 1_100
        self.pair.oracle.reset()
        self.pair.subject.reset()
        self.same_stream(data, pieces=(0, 1_021))


class DamageTests(DifferentialTestCase):
    """Sound streams with a few bytes changed."""

    @walking
    @given(
        st.lists(st.sampled_from(_SOUND), min_size=1, max_size=6).map(b"".join),
        st.lists(st.tuples(st.integers(0, 120), st.integers(0, 2), st.sampled_from(_TELLING))),
    )
    def test_damaged_streams(self, data: bytes, damage: list[tuple[int, int, bytes]]) -> None:
        """What can still be read is answered, what cannot is refused in the same words."""
        for at, length, put in damage[:3]:
            data = data[:at] + put + data[at + length :]
        with self.pair.configured({"inline-replies": "resp"}):
            # Neither answers when it waits for more; that need not take long to see.
            for patience in (0.1, 3):
                answers = []
                for peer in (self.pair.oracle, self.pair.subject):
                    peer.reset()
                    answers.append(answer(peer, data, 0, patience=patience))
                if answers[0] == answers[1]:
                    return
        self.assertEqual(shown(answers[1]), shown(answers[0]), shown(data))
