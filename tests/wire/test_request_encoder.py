"""Tests of writing requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.request_encoder import encode_alike, encode_request
from pyredis.wire.requests import RequestReader


class EncodeRequestTests(SynchronousTestCase):
    """What is written is what was to be said."""

    def test_requests_of_any_number_of_words(self) -> None:
        """An array of bulk strings, the empty one included."""
        for argv, expected in (
            ([b"PING"], b"*1\r\n$4\r\nPING\r\n"),
            ([b"GET", b""], b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n"),
            ((b"SET", b"k", b"a\r\n"), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\n"),
            ([b"SET", b"k", b"v", b"NX"], b"*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nNX\r\n"),
        ):
            self.assertEqual(encode_request(argv), expected)

    def test_long_words(self) -> None:
        """Words beyond the sizes of every day."""
        for argv in ([b"SET", b"k", b"x" * 5000], [b"APPEND", b"y" * 1024]):
            (found,) = RequestReader(1 << 29).feed(encode_request(argv))
            self.assertEqual(list(found), argv)

    @given(st.lists(st.binary(max_size=40), min_size=1, max_size=6))
    def test_a_reader_finds_it_again(self, argv: list[bytes]) -> None:
        """Any words whatever."""
        (found,) = RequestReader(1 << 29).feed(encode_request(argv))
        self.assertEqual(list(found), argv)


class EncodeAlikeTests(SynchronousTestCase):
    """Several requests at once are what they are one by one."""

    @given(
        st.lists(st.binary(max_size=9), min_size=1, max_size=2),
        st.integers(1, 3).flatmap(
            lambda width: st.lists(
                st.tuples(*[st.binary(max_size=1300) | st.just(b"abc")] * width), min_size=1
            )
        ),
    )
    def test_as_one_by_one(self, words: list[bytes], requests: list[tuple[bytes, ...]]) -> None:
        """Whatever the words, of equal lengths or not."""
        columns = [*zip(*requests, strict=True)]
        expected = b"".join(encode_request((*words, *request)) for request in requests)
        self.assertEqual(encode_alike(words, columns), expected)
