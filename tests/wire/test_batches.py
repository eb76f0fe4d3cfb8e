"""Tests of pyredis.wire.batches: what is cut by its layout is what a parser would find."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import ProtocolError
from pyredis.wire.batches import Batch, TypedRequest, batch_by, batch_of, split_request
from pyredis.wire.layouts import layout_of
from pyredis.wire.requests import RequestReader


def resp(*words: bytes) -> bytes:
    """Return a request as client libraries send it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


def outcome(chunks: Iterable[bytes]) -> tuple[list[list[bytes]], str]:
    """Return the requests a reader finds in a stream, and how it ends."""
    reader = RequestReader()
    found: list[list[bytes]] = []
    try:
        for chunk in chunks:
            found += reader.feed(chunk)
    except ProtocolError as error:
        return found, error.message.decode("latin-1")
    return found, ""


def by_bytes(data: bytes) -> list[bytes]:
    """Return the bytes one by one, which no layout fits."""
    return [data[place : place + 1] for place in range(len(data))]


pieces = st.sampled_from([b"", b"\r\n", b"*2", b"$1", b"\r\n*1\r\n", b"1", b"ab", b"\r\n$1\r\na"])
alike = st.integers(0, 3).flatmap(
    lambda width: st.lists(st.integers(0, 6), min_size=width, max_size=width).flatmap(
        lambda lengths: st.lists(
            st.tuples(*(st.binary(min_size=n, max_size=n) for n in lengths)),
            min_size=2,
            max_size=5,
        )
    )
)


class LayoutTests(SynchronousTestCase):
    """A chunk is cut only if each byte that announces something is as expected."""

    @given(st.binary(max_size=4), alike)
    def test_alike(self, name: bytes, requests: list[tuple[bytes, ...]]) -> None:
        """Any words of the same lengths are found, the first time and later."""
        data = b"".join(resp(name, *words) for words in requests)
        expected = [[name, *words] for words in requests]

        self.assertEqual(outcome([data] * 4), (expected * 4, ""))

    @given(alike, st.data())
    def test_one_byte_wrong(self, requests: list[tuple[bytes, ...]], data: st.DataObject) -> None:
        """A chunk with a wrong byte is read as byte by byte, even after a good one."""
        good = b"".join(resp(b"GET", *words) for words in requests)
        bad = bytearray(good)
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))

        self.assertEqual(
            outcome([good, good, bytes(bad)]), outcome([good, good, *by_bytes(bytes(bad))])
        )

    @given(st.lists(st.lists(pieces, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6))
    @example([(b"a", b"\r\n*2\r\n$1\r\na\r\n")] * 2)
    def test_misleading_words(self, requests: list[tuple[bytes, ...]]) -> None:
        """Arguments that look like requests are arguments."""
        data = b"".join(resp(*words) for words in requests)

        self.assertEqual(outcome([data] * 3), outcome([*by_bytes(data)] * 3))

    def test_what_follows_an_argument(self) -> None:
        """Other bytes than a line's end behind an argument are passed over, as ever."""
        good = resp(b"GET", b"a") + resp(b"GET", b"b")
        odd = good.replace(b"a\r\n", b"axy")

        self.assertEqual(outcome([good, good, odd])[0][-2:], [[b"GET", b"a"], [b"GET", b"b"]])

    def test_columns(self) -> None:
        """Arguments are found by column, and requests can be had from any on."""
        layout = layout_of((3, b"SET", (1, 2)))
        assert layout is not None
        data = b"".join(resp(b"SET", b"%d" % n, b"v%d" % n) for n in range(3))
        self.assertEqual(layout.size, len(data))

        batch = batch_by(layout, data)

        assert batch is not None
        self.assertEqual([*map(tuple, batch.columns)], [(b"0", b"1", b"2"), (b"v0", b"v1", b"v2")])
        self.assertEqual([*batch.requests(2)], [[b"SET", b"2", b"v2"]])
        self.assertIsNone(batch_by(layout, data.replace(b"$2", b"$3", 1)))

    def test_a_layout_is_made_the_second_time(self) -> None:
        """What comes only once is not worth one."""
        reader = RequestReader()
        kinds = []
        for start in (0, 2, 4):
            data = b"".join(resp(b"GET", b"k%d" % n) for n in range(start, start + 2))
            kinds.append(reader.feed(data).__class__)

        self.assertEqual(kinds, [list, Batch, Batch])

    def test_large_requests(self) -> None:
        """No layout is made for large requests, which take no time to take apart."""
        reader = RequestReader()
        varied = resp(b"GET", b"k" * 17000) * 2 + resp(b"GET", b"l" * 17000)
        for _ in range(3):
            self.assertIs(reader.feed(varied).__class__, list)


class LongPipelineTests(SynchronousTestCase):
    """A pipeline longer than what is read at once ends anywhere in a request."""

    varied = [resp(b"MSET", b"k%03d" % n, b"value", b"l%03d" % n, b"v") for n in range(200)]
    same = [resp(b"LPUSH", b"list", b"element")] * 200

    def test_cut_anywhere(self) -> None:
        """Whole requests are a batch, and the start of the next one waits for its end."""
        for requests in (self.varied, self.same):
            data = b"".join(requests)
            expected, _ = outcome(requests)
            for end in range(6000, 6000 + len(requests[0])):
                with self.subTest(end):
                    reader = RequestReader()
                    found: list[list[bytes]] = []
                    for chunk in (data[:5000], data[5000:end], data[end:]):
                        found += reader.feed(chunk)
                    self.assertEqual(found, expected)
                    self.assertEqual(reader.pending_bytes, 0)

    def test_asterisks(self) -> None:
        """They do not pass for the beginning of a request."""
        for times in (2, 300):
            data = resp(b"XADD", b"stream", b"*", b"f", b"v") * times
            self.assertIs(RequestReader().feed(data).__class__, Batch)

    def test_they_are_batches(self) -> None:
        """From the second chunk on, if they are not the same all the time."""
        for requests, kinds in ((self.varied, [False, True]), (self.same, [True, True])):
            data = b"".join(requests)
            reader = RequestReader()
            is_batch = []
            for chunk in (data[:5000], data[5000:]):
                found = reader.feed(chunk)
                is_batch.append(found.__class__ is Batch)
                self.assertTrue([*found])
            self.assertEqual(is_batch, kinds)

    def test_a_wrong_end(self) -> None:
        """What cannot begin such a request is looked at byte by byte."""
        for requests in (self.varied, self.same):
            data = b"".join(requests)
            for end in (b"x", b"*5\r\n$4\r\nMSEX", b"*5\r\n$x", b"PING\r\n", b"*-1\r\n*"):
                with self.subTest(end):
                    chunks = [data[:5000], data[5000:], data + end]
                    self.assertEqual(
                        outcome([*chunks, b"\r\n"]), outcome([*by_bytes(b"".join(chunks)), b"\r\n"])
                    )


class RepeatedTests(SynchronousTestCase):
    """The same request again and again needs no layout."""

    def test_arrays(self) -> None:
        """It is a batch at once."""
        batch = RequestReader().feed(resp(b"LPUSH", b"l", b"x") * 5)

        self.assertIs(batch.__class__, Batch)
        self.assertEqual([*batch], [[b"LPUSH", b"l", b"x"]] * 5)

    def test_lines(self) -> None:
        """So are lines, which stay marked."""
        batch = RequestReader().feed(b"GET k\r\n" * 3)

        self.assertIs(batch.__class__, Batch)
        requests = [*batch]
        self.assertEqual(requests, [[b"GET", b"k"]] * 3)
        self.assertEqual({request.__class__ for request in requests}, {TypedRequest})

    def test_blank_lines(self) -> None:
        """Nothing is no request, however often it comes."""
        self.assertEqual([*RequestReader().feed(b"\r\n" * 5)], [])
        self.assertEqual([*RequestReader().feed(b"\r\nPING\r\n" * 2)], [[b"PING"]] * 2)


class BatchOfTests(SynchronousTestCase):
    """Requests that a parser found are a batch if they are alike."""

    def test_alike(self) -> None:
        """The same command, as many arguments."""
        batch = batch_of([[b"SET", b"a", b"1"], [b"SET", b"bc", b"2"]])

        assert batch is not None
        self.assertEqual([*batch], [[b"SET", b"a", b"1"], [b"SET", b"bc", b"2"]])

    def test_not_alike(self) -> None:
        """Another command anywhere, another number of arguments, or one request only."""
        get, put = [b"GET", b"k"], [b"SET", b"k", b"v"]
        for requests in ([get], [get, put], [get, get, [b"DEL", b"k"], get], [put, put[:2], put]):
            self.assertIsNone(batch_of(requests))


class SplitTests(SynchronousTestCase):
    """A single small request is cut at its lines' ends."""

    def test_words(self) -> None:
        """Any number of them."""
        for words in ([b"PING"], [b"GET", b"k"], [b"MSET", *[b"%d" % n for n in range(40)]]):
            self.assertEqual(split_request(resp(*words)), words)

    def test_anything_else(self) -> None:
        """What does not fit is left to a parser."""
        whole = resp(b"GET", b"k")
        for data in (
            *(whole[:end] for end in range(len(whole))),
            resp(b"GET", b"a\r\nb"),
            b"*0\r\n",
            b"*-1\r\n",
            b"\r\n",
            b"GET k\r\n",
            whole.replace(b"$1", b"$2"),
            whole.replace(b"*2", b"*3"),
            whole.replace(b"*2", b"*02"),
        ):
            self.assertIsNone(split_request(data), data)
