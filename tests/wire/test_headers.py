"""Tests of pyredis.wire.headers: long requests are found as any parser finds them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.headers import long_requests, request_with_long_end
from pyredis.wire.requests import RequestReader
from tests.wire.test_batches import resp

MIB = 1024 * 1024
arguments = st.one_of(
    st.binary(max_size=6),
    st.integers(4090, 4100).map(bytes),
    st.sampled_from([b"\r\n", b"*1\r\n$4\r\nPING\r\n", b"$5", b"x" * 70_000]),
)
requests = st.lists(st.lists(arguments, min_size=1, max_size=4), min_size=1, max_size=5)


class LongRequestTests(SynchronousTestCase):
    """A chunk that begins with a request."""

    @given(requests, st.data())
    def test_cut_anywhere(self, sent: list[list[bytes]], data: st.DataObject) -> None:
        """Whole requests are found, and where the next one begins."""
        wires = [resp(*words) for words in sent]
        whole = b"".join(wires)
        end = data.draw(st.integers(0, len(whole)))
        found, start = long_requests(whole[:end], MIB)

        self.assertEqual(found, sent[: len(found)])
        self.assertEqual(start, sum(map(len, wires[: len(found)])))
        self.assertLess(end - start, len(wires[len(found)]) if len(found) < len(wires) else 1)

    def test_what_no_client_sends(self) -> None:
        """It is left where it begins, with all behind it."""
        good = resp(b"SET", b"k", b"v" * 5000)
        for bad in (
            b"PING\r\n",
            b"*0\r\n",
            b"*-1\r\n",
            b"*01\r\n$4\r\nPING\r\n",
            b"*1\r\n$04\r\nPING\r\n",
            b"*1\r\n$04097\r\n" + b"x" * 4097 + b"\r\n",
            b"*1\r\n$+4\r\nPING\r\n",
            b"*1\r\n$-1\r\n",
            b"*1\r\n$x\r\n",
            b"*1\r\n:4\r\nPING\r\n",
            b"*1\r\n$4\r\nPINGxx",
            b"*1\n$4\nPING\n",
            b"*1\r\n$%d\r\n" % (MIB + 1) + bytes(MIB + 1) + b"\r\n",
            b"*5000\r\n" + b"$1\r\nx\r\n" * 5000,
            b"*9999999999\r\n",
            b"*",
            b"",
        ):
            with self.subTest(bad[:20]):
                found, start = long_requests(good + bad + good, MIB)
                if bad:
                    self.assertEqual((found, start), ([[b"SET", b"k", b"v" * 5000]], len(good)))
                else:
                    self.assertEqual((len(found), start), (2, 2 * len(good)))

    def test_within_a_stream(self) -> None:
        """What is left is read by the reader, which says what is wrong."""
        good = resp(b"SET", b"k", b"v" * 5000)
        reader = RequestReader()

        self.assertEqual([*reader.feed(good + good[:-3])], [[b"SET", b"k", b"v" * 5000]])
        self.assertEqual([*reader.feed(good[-3:])], [[b"SET", b"k", b"v" * 5000]])
        self.assertEqual(
            [*reader.feed(good + b"PING\r\n" + good)][1:], [[b"PING"], [b"SET", b"k", b"v" * 5000]]
        )


class LongEndTests(SynchronousTestCase):
    """A chunk that is one request with a long last argument."""

    def setUp(self) -> None:
        """Prepare the usual one."""
        self.words = [b"SET", b"key", b"v" * 20_000]
        self.wire = resp(*self.words)

    @given(st.lists(arguments, min_size=1, max_size=4), st.data())
    def test_cut_anywhere(self, words: list[bytes], data: st.DataObject) -> None:
        """It is found if it is all there, and never anything else."""
        whole = resp(*words)
        end = data.draw(st.integers(0, len(whole)))

        self.assertIsNone(request_with_long_end(whole[:end] + b"x" * (len(whole) - end + 1), MIB))
        if end < len(whole):
            self.assertIsNone(request_with_long_end(whole[:end], MIB))
        self.assertIn(request_with_long_end(whole, MIB), (None, words))

    def test_the_usual(self) -> None:
        """What stands before the long argument may be short words of any number."""
        for words in (self.words, [*self.words[:2], b"\r\n$5\r\n" * 3000], [b"E", *self.words]):
            self.assertEqual(request_with_long_end(resp(*words), MIB), words)

    def test_unusual(self) -> None:
        """What is spelled otherwise, or not alone, is left to the parser."""
        for wire in (
            self.wire + b"\n",
            self.wire * 2,
            self.wire[:-1],
            self.wire[:-2] + b"xx",
            self.wire.replace(b"*3", b"*03"),
            self.wire.replace(b"*3", b"*2"),
            self.wire.replace(b"*3", b"*4"),
            self.wire.replace(b"$3\r\nkey", b"$03\r\nkey"),
            self.wire.replace(b"$3\r\nkey", b"$4\r\nkey"),
            self.wire.replace(b"$20000", b"$020000"),
            self.wire.replace(b"$20000", b"$-20000"),
            self.wire.replace(b"$20000", b"$"),
            self.wire.replace(b"$20000", b""),
            self.wire.replace(b"$20000", b":20000"),
            self.wire.replace(b"$20000", b"$20001"),
            resp(self.words[2]),
            resp(b"SET", b"k" * 600, self.words[2]),
        ):
            with self.subTest(wire[:30]):
                self.assertIsNone(request_with_long_end(wire, MIB))

    def test_too_long(self) -> None:
        """A longer argument than is taken is left to the parser, which refuses it."""
        self.assertIsNone(request_with_long_end(self.wire, 19_999))
        self.assertIsNotNone(request_with_long_end(self.wire, 20_000))

    def test_by_the_reader(self) -> None:
        """It is taken without detours."""
        self.assertEqual(RequestReader().take_only(self.wire), self.words)
        self.assertIsNone(RequestReader().take_only(self.wire[:-1]))
        self.assertIsNone(RequestReader().take_only(self.wire * 2))
