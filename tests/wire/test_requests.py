"""Tests of pyredis.wire.requests: every stream is fed whole, in pieces and with a tail."""

import random
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import ProtocolError
from pyredis.wire.requests import RequestReader, TypedRequest

Requests = list[list[bytes]]

KIB = 1024
MIB = 1024 * KIB


def resp(*words: bytes) -> bytes:
    """Return a request as client libraries send it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


PING = resp(b"PING")

ACCEPTED: dict[str, tuple[bytes, Requests]] = {
    "a command": (resp(b"GET", b"k"), [[b"GET", b"k"]]),
    "a pipeline": (
        resp(b"SET", b"k", b"v") + resp(b"GET", b"k"),
        [[b"SET", b"k", b"v"], [b"GET", b"k"]],
    ),
    "an empty argument": (resp(b"SET", b"", b""), [[b"SET", b"", b""]]),
    "an argument of two digits": (resp(b"ECHO", b"x" * 12), [[b"ECHO", b"x" * 12]]),
    "many arguments": (resp(*[b"%d" % n for n in range(40)]), [[b"%d" % n for n in range(40)]]),
    "any byte": (resp(bytes(range(256))), [[bytes(range(256))]]),
    "arguments that look like headers": (
        resp(b"SET", b"\r\n$3\r\n", b"\r\n*1\r\n") + resp(b"$", b"*", b"$1\r\n*1"),
        [[b"SET", b"\r\n$3\r\n", b"\r\n*1\r\n"], [b"$", b"*", b"$1\r\n*1"]],
    ),
    "arguments that start like other types": (
        resp(b"+1", b"-1", b":1", b"=1", b"(1", b"~1", b">1", b"%1", b"|1", b"_", b"#t", b",1"),
        [[b"+1", b"-1", b":1", b"=1", b"(1", b"~1", b">1", b"%1", b"|1", b"_", b"#t", b",1"]],
    ),
    "an argument that announces much": (
        resp(b"ECHO", b"*99999\r\n>99999"),
        [[b"ECHO", b"*99999\r\n>99999"]],
    ),
    "an argument that ends as a line does": (
        resp(b"a\r", b"\n", b"\r\n"),
        [[b"a\r", b"\n", b"\r\n"]],
    ),
    "an empty array": (b"*0\r\n" + PING, [[b"PING"]]),
    "empty arrays between": (PING + b"*0\r\n*0\r\n" + PING + b"*0\r\n", [[b"PING"]] * 2),
    "a null array": (b"*-1\r\n" + PING, [[b"PING"]]),
    "any negative array": (PING + b"*-9223372036854775808\r\n" + PING, [[b"PING"]] * 2),
    # Redis passes over the two bytes behind an argument, whatever they are.
    "no line end behind an argument": (b"*1\r\n$4\r\nPINGxyPING\r\n", [[b"PING"], [b"PING"]]),
    "a map where no line ended": (
        b"*1\r\n$4\r\nPINGxy%1\r\n$1\r\na\r\n$1\r\nb\r\n",
        [[b"PING"], [b"%1"], [b"$1"], [b"a"], [b"$1"], [b"b"]],
    ),
    "a push where no line ended": (
        b"*1\r\n$4\r\nPINGxy>1\r\n$1\r\na\r\n",
        [[b"PING"], [b">1"], [b"$1"], [b"a"]],
    ),
    "no line feed behind a length": (b"*1\rx$4\rxPING\r\n", [[b"PING"]]),
    "a typed line": (b"PING\r\n", [[b"PING"]]),
    "a line without CR": (b"set k v\n", [[b"set", b"k", b"v"]]),
    "blanks": (b"  set \t k   v  \r\n", [[b"set", b"k", b"v"]]),
    "quotes": (rb"""set "a \"b\" \x00" 'it\'s'""" + b"\n", [[b"set", b'a "b" \x00', b"it's"]]),
    "a quoted empty word": (b"set '' \"\"\r\n", [[b"set", b"", b""]]),
    "empty lines": (b"\r\n\n   \r\nPING\r\n\r\n", [[b"PING"]]),
    "lines and arrays": (
        b"PING\r\n" + resp(b"GET", b"k") + b"get k\n\r\n" + PING,
        [[b"PING"], [b"GET", b"k"], [b"get", b"k"], [b"PING"]],
    ),
    "arrays and lines": (
        PING + PING + b"ping\r\n" + PING + b"echo '*1'\r\n",
        [[b"PING"], [b"PING"], [b"ping"], [b"PING"], [b"echo", b"*1"]],
    ),
    # RESP3 types and replies at the start of a line are just lines.
    "a map": (b"%1\r\n$1\r\na\r\n$1\r\nb\r\n", [[b"%1"], [b"$1"], [b"a"], [b"$1"], [b"b"]]),
    "a map behind a command": (
        PING + b"%1\r\n$1\r\na\r\n$1\r\nb\r\n",
        [[b"PING"], [b"%1"], [b"$1"], [b"a"], [b"$1"], [b"b"]],
    ),
    "a set behind a command": (PING + b"~1\r\n$1\r\na\r\n", [[b"PING"], [b"~1"], [b"$1"], [b"a"]]),
    "a push behind a command": (PING + b">1\r\n$1\r\na\r\n", [[b"PING"], [b">1"], [b"$1"], [b"a"]]),
    "an attribute behind a command": (
        PING + b"|1\r\n+a\r\n+b\r\n" + PING,
        [[b"PING"], [b"|1"], [b"+a"], [b"+b"], [b"PING"]],
    ),
    "a status behind a command": (PING + b"+OK\r\n", [[b"PING"], [b"+OK"]]),
    "a bulk behind a command": (PING + b"$4\r\nPING\r\n", [[b"PING"], [b"$4"], [b"PING"]]),
    "an integer behind a command": (PING + b":5\r\n", [[b"PING"], [b":5"]]),
    "a null behind a command": (PING + b"$-1\r\n_\r\n", [[b"PING"], [b"$-1"], [b"_"]]),
}

REFUSED: dict[str, tuple[bytes, Requests, bytes]] = {
    "too many arguments": (b"*2147483648\r\n", [], b"invalid multibulk length"),
    "more than 64 bits of arguments": (
        b"*20000000000000000000000\r\n",
        [],
        b"invalid multibulk length",
    ),
    "less than 64 bits of arguments": (
        b"*-9223372036854775809\r\n",
        [],
        b"invalid multibulk length",
    ),
    "no number of arguments": (b"*\r\n", [], b"invalid multibulk length"),
    "letters for arguments": (PING + b"*a\r\n", [[b"PING"]], b"invalid multibulk length"),
    "a leading zero": (b"*01\r\n$4\r\nPING\r\n", [], b"invalid multibulk length"),
    "a leading plus": (b"*+1\r\n$4\r\nPING\r\n", [], b"invalid multibulk length"),
    "a leading blank": (b"* 1\r\n$4\r\nPING\r\n", [], b"invalid multibulk length"),
    "a negative zero": (b"*-0\r\n", [], b"invalid multibulk length"),
    "line feeds alone": (b"*1\n$4\nPING\r\n", [], b"invalid multibulk length"),
    "a negative length": (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", [], b"invalid bulk length"),
    "a null argument": (PING + b"*1\r\n$-1\r\n", [[b"PING"]], b"invalid bulk length"),
    "too long an argument": (b"*2\r\n$3\r\nSET\r\n$536870913\r\n", [], b"invalid bulk length"),
    "a length of 65 bits": (b"*1\r\n$18446744073709551617\r\n", [], b"invalid bulk length"),
    "no length": (b"*1\r\n$\r\n", [], b"invalid bulk length"),
    "a length with a zero": (b"*1\r\n$04\r\nPING\r\n", [], b"invalid bulk length"),
    "a length with a blank": (b"*1\r\n$4 \r\nPING\r\n", [], b"invalid bulk length"),
    "a bare argument": (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", [], b"expected '$', got 'f'"),
    "an integer": (PING + PING + b"*1\r\n:5\r\n", [[b"PING"]] * 2, b"expected '$', got ':'"),
    "a status": (b"*2\r\n+GET\r\n$1\r\nk\r\n", [], b"expected '$', got '+'"),
    "an error": (b"*1\r\n-ERR\r\n", [], b"expected '$', got '-'"),
    "a nested array": (PING + b"*1\r\n" + PING, [[b"PING"]], b"expected '$', got '*'"),
    "a null": (b"*1\r\n_\r\n", [], b"expected '$', got '_'"),
    "a boolean": (b"*1\r\n#t\r\n", [], b"expected '$', got '#'"),
    "a double": (b"*1\r\n,1.5\r\n", [], b"expected '$', got ','"),
    "a big number": (b"*1\r\n(123\r\n", [], b"expected '$', got '('"),
    "a verbatim string": (b"*1\r\n=8\r\ntxt:PING\r\n", [], b"expected '$', got '='"),
    "a map inside": (b"*1\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n", [], b"expected '$', got '%'"),
    "a set inside": (b"*1\r\n~1\r\n$1\r\na\r\n", [], b"expected '$', got '~'"),
    "a push inside": (b"*1\r\n>1\r\n$1\r\na\r\n", [], b"expected '$', got '>'"),
    "an attribute inside": (
        b"*1\r\n|1\r\n+a\r\n+b\r\n$4\r\nPING\r\n",
        [],
        b"expected '$', got '|'",
    ),
    "a byte that is no text": (b"*1\r\n\xff\r\n", [], b"expected '$', got '\xff'"),
    "nothing for an argument": (b"*1\r\n\r\n", [], b"expected '$', got ' '"),
    "a status, with a made up head to balance it": (
        b"*2\r\n+GET\r\n$2\r\n$a\r\n",
        [],
        b"expected '$', got '+'",
    ),
    "a status, with a head inside an argument": (
        b"*3\r\n+SET\r\n$1\r\nk\r\n$4\r\n\r\n$1\r\n",
        [],
        b"expected '$', got '+'",
    ),
    "a verbatim string, balanced": (
        b"*2\r\n$2\r\n$a\r\n=8\r\ntxt:PING\r\n",
        [],
        b"expected '$', got '='",
    ),
    "a big number, balanced": (b"*2\r\n$2\r\n$a\r\n(12\r\n", [], b"expected '$', got '('"),
    "an open quote": (b'PING\r\nset "k\r\n', [[b"PING"]], b"unbalanced quotes in request"),
    "a quote stuck to a word": (b"set 'k'x\r\n", [], b"unbalanced quotes in request"),
    "a line that never ends": (
        PING + b"a" * (64 * KIB + 1),
        [[b"PING"]],
        b"too big inline request",
    ),
    "an array header that never ends": (
        PING + b"*" + b"1" * (64 * KIB),
        [[b"PING"]],
        b"too big mbulk count string",
    ),
    "a length that never ends": (b"*1\r\n$" + b"1" * (64 * KIB), [], b"too big bulk count string"),
}


def read(chunks: Iterable[bytes], reader: RequestReader | None = None) -> tuple[Requests, bytes]:
    """Return what a reader makes of the chunks: the requests, and the error's text or nothing."""
    reader = reader or RequestReader()
    requests: Requests = []
    try:
        for chunk in chunks:
            for request in reader.feed(chunk):
                requests.append(list(request))
    except ProtocolError as error:
        return requests, error.text
    return requests, b""


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut data into pieces of one size."""
    return (data[start : start + size] for start in range(0, len(data), size))


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield the data whole, in pieces of every size, and in two parts everywhere."""
    sizes: Iterable[int] = range(1, len(data) + 1)
    places: Iterable[int] = range(1, len(data))
    if len(data) > 1000:
        sizes = (1460, 4096, 16 * KIB, len(data))
        places = (1, 17, len(data) - 1)
    for size in sizes:
        yield list(pieces(data, size))
    for place in places:
        yield [data[:place], data[place:]]


class AcceptedRequestsTests(SynchronousTestCase):
    """What is a request to Redis is one here, however it is cut."""

    def test_every_cut(self) -> None:
        """Every row is read alike in every cut."""
        for name, (data, expected) in ACCEPTED.items():
            for chunks in cuts(data):
                with self.subTest(name, sizes=list(map(len, chunks))[:3]):
                    reader = RequestReader()

                    self.assertEqual(read(chunks, reader), (expected, b""))
                    self.assertEqual(reader.pending_bytes, 0)

    def test_with_a_tail(self) -> None:
        """The start of another request behind a row waits for its end."""
        tail = resp(b"ECHO", b"tail")
        for name, (data, expected) in ACCEPTED.items():
            for place in range(1, len(tail)):
                with self.subTest(name, tail=tail[:place]):
                    reader = RequestReader()

                    self.assertEqual(read([data + tail[:place]], reader), (expected, b""))
                    self.assertEqual(reader.pending_bytes, place)
                    self.assertEqual(read([tail[place:]], reader), ([[b"ECHO", b"tail"]], b""))
                    self.assertEqual(reader.pending_bytes, 0)

    def test_arrays_come_as_a_list(self) -> None:
        """A chunk of complete RESP requests is a plain list: no line is among them."""
        requests = RequestReader().feed(PING + PING[:-2] + b"\r\n*1\r\n$4\r\nECHO\r\n")

        self.assertIs(requests.__class__, list)

    def test_a_request_alone(self) -> None:
        """One small request can be taken by itself; of anything else nothing is."""
        alone = (
            [b"PING"],
            [b"GET", b"k"],
            [b"SET", b"k", b""],
            [b"HSET", b"h", b"f", b"v"],
            [b"MSET", *[b"%d" % n for n in range(40)]],
        )
        for words in alone:
            self.assertEqual(RequestReader().take_only(resp(*words)), words)
        others = (
            *(resp(b"GET", b"k")[:end] for end in range(1, 20)),
            *(resp(b"SET", b"k", b"v")[:end] for end in range(1, 27)),
            resp(b"GET", b"a\r\nb"),
            resp(b"GET", b"k") * 2,
            resp(b"SET", b"k" * 16 * KIB, b"x"),
            resp(b"GET", b"k").replace(b"$1", b"$2"),
            resp(b"SET", b"k", b"v").replace(b"*3", b"*4"),
            resp(b"PING").replace(b"*1", b"*01"),
            b"GET 'k'\r\n",
            b"GET k",
            b"PING\nPING\r\n",
            b"\r\n",
            b"*0\r\n",
        )
        for data in others:
            reader = RequestReader()
            self.assertIsNone(reader.take_only(data), data)
            self.assertEqual(reader.pending_bytes, 0)

    def test_a_line_alone(self) -> None:
        """So can a line, which is marked as one."""
        words = RequestReader().take_only(b"GET  k \r\n")

        self.assertEqual(words, [b"GET", b"k"])
        self.assertIs(words.__class__, TypedRequest)

    def test_a_request_is_not_alone(self) -> None:
        """Not behind the beginning of another, and not while requests are limited."""
        reader = RequestReader()
        list(reader.feed(b"*1\r\n"))
        self.assertIsNone(reader.take_only(PING))
        reader = RequestReader()
        reader.limited = True
        self.assertIsNone(reader.take_only(PING))

    def test_typed_lines_are_marked(self) -> None:
        """Lines can be told from arrays: people read the answers to lines."""
        kinds = [type(request) for request in RequestReader().feed(b"PING\r\n" + PING + b"PING\n")]

        self.assertEqual(kinds, [TypedRequest, list, TypedRequest])

    def test_a_line_of_any_length(self) -> None:
        """A line that came with its end may be longer than 64 KiB, as in Redis."""
        word = b"a" * 70000

        self.assertEqual(read([b"ECHO " + word + b"\r\n"]), ([[b"ECHO", word]], b""))

    def test_64_kib_may_wait(self) -> None:
        """A line of exactly 64 KiB without an end is still waited for."""
        reader = RequestReader()

        self.assertEqual(read([b"a" * 64 * KIB], reader), ([], b""))
        self.assertEqual(reader.pending_bytes, 64 * KIB)

    def test_the_longest_argument_may_be_changed(self) -> None:
        """proto-max-bulk-len counts from the next argument on."""
        reader = RequestReader(max_bulk=MIB)
        self.assertEqual(
            read([b"*1\r\n$1048577\r\n"], reader)[1], b"ERR Protocol error: invalid bulk length"
        )
        reader = RequestReader(max_bulk=MIB)
        reader.max_bulk = MIB + 1

        self.assertEqual(read([b"*1\r\n$1048577\r\n"], reader), ([], b""))

    def test_nothing_is_shared(self) -> None:
        """Two readers do not mix their streams."""
        first, second = RequestReader(), RequestReader()
        read([PING[:5]], first)
        read([b"*1\r\n$4\r\nQU"], second)

        self.assertEqual(read([PING[5:]], first), ([[b"PING"]], b""))
        self.assertEqual(read([b"IT\r\n"], second), ([[b"QUIT"]], b""))


class RefusedRequestsTests(SynchronousTestCase):
    """What Redis refuses is refused in its words, behind the requests before it."""

    def test_every_cut(self) -> None:
        """Every row is refused alike in every cut."""
        for name, (data, expected, error) in REFUSED.items():
            for chunks in cuts(data):
                with self.subTest(name, sizes=list(map(len, chunks))[:3]):
                    self.assertEqual(read(chunks), (expected, b"ERR Protocol error: " + error))

    def test_what_follows_changes_nothing(self) -> None:
        """A good request behind a bad one is not read."""
        for name, (data, expected, error) in REFUSED.items():
            if name.endswith("never ends"):
                continue  # it would end
            with self.subTest(name):
                self.assertEqual(
                    read([data + PING + PING]), (expected, b"ERR Protocol error: " + error)
                )

    def test_the_error_is_not_awaited(self) -> None:
        """The first wrong byte is enough, though its request is not complete."""
        for start in (
            b"*2\r\n:5\r\n",
            b"*2\r\n$4\r\nPING\r\n+OK\r\n",
            PING + b"*1\r\n$-1\r\n",
            PING + b"*2\r\n$999999999999\r\n",
        ):
            with self.subTest(start):
                self.assertIn(b"Protocol error", read([start])[1])


class LimitedTests(SynchronousTestCase):
    """Before authentication only small requests are taken."""

    def _limited(self) -> RequestReader:
        reader = RequestReader()
        reader.limited = True
        return reader

    def test_ten_arguments_pass(self) -> None:
        """Ten arguments of 16 KiB are the most."""
        words = [b"x" * 16384] * 10

        self.assertEqual(read([resp(*words)], self._limited()), ([words], b""))

    def test_eleven_do_not(self) -> None:
        """Eleven arguments are refused when they are announced."""
        for chunks in cuts(b"*11\r\n"):
            self.assertEqual(
                read(chunks, self._limited()),
                ([], b"ERR Protocol error: unauthenticated multibulk length"),
            )

    def test_long_arguments_do_not(self) -> None:
        """A longer argument is refused when it is announced."""
        for chunks in cuts(b"*2\r\n$4\r\nAUTH\r\n$16385\r\n"):
            self.assertEqual(
                read(chunks, self._limited()),
                ([], b"ERR Protocol error: unauthenticated bulk length"),
            )

    def test_lifted_in_mid_stream(self) -> None:
        """A request that authenticates lifts the limits for those behind it in the chunk."""
        many = [b"%d" % n for n in range(11)]
        stream = resp(b"AUTH", b"secret") + resp(*many) + resp(b"ECHO", b"x" * 20000)
        for chunks in ([stream], list(pieces(stream, 1)), list(pieces(stream, 100))):
            reader = self._limited()
            requests = []
            for chunk in chunks:
                for request in reader.feed(chunk):
                    requests.append(request)
                    reader.limited = False

            self.assertEqual(requests, [[b"AUTH", b"secret"], many, [b"ECHO", b"x" * 20000]])

    def test_not_lifted(self) -> None:
        """Without authentication the same stream ends at the eleventh argument."""
        stream = resp(b"AUTH", b"wrong") + resp(*[b"x"] * 11)

        self.assertEqual(
            read([stream], self._limited()),
            ([[b"AUTH", b"wrong"]], b"ERR Protocol error: unauthenticated multibulk length"),
        )


words = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                b"",
                b"\r\n",
                b"$3\r\nabc\r\n",
                b"*1\r\n",
                b"\r\n*1\r\n$4\r\nPING\r\n",
                b"+OK",
                b"%1",
                b">99999",
                b"x" * 600,
                b"y" * 17000,
            ]
        ),
    ),
    min_size=1,
    max_size=5,
)
tokens = st.sampled_from(
    [
        b"*0\r\n",
        b"*1\r\n",
        b"*2\r\n",
        b"*3\r\n",
        b"*-1\r\n",
        b"*10000\r\n",
        b"$1\r\na\r\n",
        b"$0\r\n\r\n",
        b"$2\r\n$a\r\n",
        b"$4\r\n\r\n$1\r\n",
        b"$4\r\n\r\n*1\r\n",
        b"$-1\r\n",
        b"+OK\r\n",
        b":5\r\n",
        b"-E\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1\r\n",
        b"(1\r\n",
        b"=5\r\ntxt:a\r\n",
        b"%1\r\n",
        b"~1\r\n",
        b">1\r\n",
        b"|1\r\n",
        b"~0\r\n",
        b">100000\r\n",
        b"PING\r\n",
        b"'\r\n",
        b"\r\n",
        PING,
        PING + PING,
    ]
)


def cut_at(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut data at places given as any numbers."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


class RandomStreamsTests(SynchronousTestCase):
    """The two ways of reading, at C speed and byte for byte, agree on anything."""

    @given(st.lists(words, min_size=1, max_size=12), st.lists(st.integers(0, 100_000), max_size=8))
    def test_pipelines(self, requests: Requests, places: list[int]) -> None:
        """Any pipeline, cut anywhere, is read as it was written."""
        stream = b"".join(resp(*request) for request in requests)

        self.assertEqual(read(cut_at(stream, places)), (requests, b""))

    @given(st.lists(tokens, min_size=1, max_size=8), st.lists(st.integers(0, 1000), max_size=3))
    def test_hostile_streams(self, parts: list[bytes], places: list[int]) -> None:
        """Well-formed RESP of any types, put together at random, is read as byte by byte."""
        stream = b"".join(parts)
        expected = read(pieces(stream, 1))

        self.assertEqual(read([stream]), expected)
        self.assertEqual(read(cut_at(stream, places)), expected)

    @given(st.lists(st.sampled_from([*b"*$+:%~>|=_-019aPX\r\n\"'"]), max_size=40))
    def test_noise(self, noise: list[int]) -> None:
        """Whatever arrives, requests are lists of bytes or the stream is refused."""
        reader = RequestReader()
        try:
            for request in reader.feed(PING + bytes(noise) + b"\r\n"):
                self.assertIn(type(request), (list, TypedRequest))
                self.assertEqual({type(word) for word in request}, {bytes})
        except ProtocolError:
            self.assertRaises(ProtocolError, list, reader.feed(b"*a\r\n"))


def peak_of(work: Callable[[], object]) -> int:
    """Return how many bytes a function had allocated at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class CostTests(SynchronousTestCase):
    """Nobody makes the reader hold or do more than what they sent is worth."""

    def test_announcements_allocate_nothing(self) -> None:
        """A large announced number of arguments or bytes costs no memory."""
        for announced in (
            b"*2147483647\r\n",
            b"*1000000\r\n$4\r\nPING\r\n",
            b"*1\r\n$536870912\r\n",
            PING + b"*99999999\r\n$1\r\n",
            b"*1\r\n*99999999\r\n",
            b"*1\r\n>99999999\r\n",
            PING + b">99999999\r\n",
            PING + b"~99999999\r\n",
            PING + b"|99999999\r\n",
            PING + b"%99999999\r\n",
            b"*1\r\n|99999999\r\n",
            b"*1\r\n~99999999\r\n",
            b"*1\r\n$4\r\nPINGxy>99999999\r\n",
        ):
            with self.subTest(announced):
                self.assertLess(peak_of(lambda data=announced: read([data])), 100 * KIB)

    def test_a_large_argument(self) -> None:
        """An argument of 8 MiB in 16 KiB pieces takes about twice its size, and then once."""
        value = random.Random(1).randbytes(8 * MIB)
        stream = list(pieces(resp(b"SET", b"k", value), 16 * KIB))
        found: Requests = []

        peak = peak_of(lambda: found.extend(read(stream)[0]))

        self.assertTrue(found == [[b"SET", b"k", value]])
        self.assertLess(peak, 20 * MIB)

    def test_a_large_argument_is_let_go(self) -> None:
        """Nothing of a large request remains once it was taken."""
        reader = RequestReader()
        stream = list(pieces(resp(b"SET", b"k", bytes(8 * MIB)), 16 * KIB))
        tracemalloc.start()
        try:
            read(stream, reader)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

        self.assertLess(held, 200 * KIB)

    def test_dripping_is_linear(self) -> None:
        """Twice the bytes, one at a time, cost about twice the time, not four times."""

        def drip(count: int) -> float:
            reader = RequestReader()
            stream = resp(b"MSET", *[b"x"] * count)
            started = time.process_time()
            for byte in pieces(stream, 1):
                for _ in reader.feed(byte):
                    pass
                reader.pending_bytes  # noqa: B018 - asked after each chunk by the protocol
            return time.process_time() - started

        ratio = min(drip(8000) for _ in range(3)) / min(drip(2000) for _ in range(3))

        self.assertLess(ratio, 8)

    def test_many_arguments_are_linear(self) -> None:
        """A request of many arguments in many chunks costs its size, its pending bytes included."""

        def take(count: int) -> float:
            reader = RequestReader()
            stream = resp(b"MSET", *[b"x"] * count)
            started = time.process_time()
            for chunk in pieces(stream, 1400):
                for _ in reader.feed(chunk):
                    pass
                reader.pending_bytes  # noqa: B018 - asked after each chunk by the protocol
            return time.process_time() - started

        ratio = min(take(60_000) for _ in range(2)) / min(take(15_000) for _ in range(2))

        self.assertLess(ratio, 8)

    def test_a_large_argument_behind_its_header(self) -> None:
        """It is an argument and no typed line, though it comes as a chunk of its own."""
        value = b"FLUSHALL\r\n" * 2000
        header = b"$%d\r\n" % len(value)
        for before in ([b"SET", b"k"], [b"MSET", b"k", value, b"l"]):
            stream = resp(*before, value)
            cut = stream.rindex(header) + len(header)

            self.assertEqual(read([stream[:cut], stream[cut:]]), ([[*before, value]], b""))

    def test_pending_bytes_count_what_came(self) -> None:
        """The bytes of an unfinished request count once, large arguments included."""
        stream = resp(b"MSET", b"k", b"x" * 100_000, b"l", b"y" * 100_000)
        reader = RequestReader()
        for number, chunk in enumerate(pieces(stream[:-1], 1000), 1):
            read([chunk], reader)
            came = min(number * 1000, len(stream) - 1)

            # Headers are forgotten, sooner or later.
            self.assertLessEqual(reader.pending_bytes, came)
            self.assertGreater(reader.pending_bytes, came - 60)
        self.assertEqual(reader.pending_bytes, 200_000 + len(b"MSETkl\r"))
        read([stream[-1:]], reader)

        self.assertEqual(reader.pending_bytes, 0)
