"""Tests of writing strings."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_format import read_string, read_strings
from pyredis.persistence.rdb_strings import StringWriter

STRINGS = st.one_of(
    st.binary(max_size=40),
    st.integers(-(2**40), 2**40).map(b"%d".__mod__),
    st.sampled_from([b"", b"007", b"-0", b"x" * 511, b"x" * 512, b"ab" * 20000, bytes(70000)]),
)


class StringWriterTests(SynchronousTestCase):
    """Strings are written in the shortest form that is worth its while."""

    @given(st.lists(STRINGS, max_size=8), st.booleans())
    def test_what_is_written_is_read(self, strings: list[bytes], compressing: bool) -> None:
        """One by one or together, which gives the same bytes."""
        writer = StringWriter(compressing)
        data = writer.encode_all(strings)
        self.assertEqual(data, b"".join(map(writer.encode, strings)))
        self.assertEqual(read_strings(data, 0, len(strings)), (strings, len(data)))

    def test_integers_take_few_bytes(self) -> None:
        """Those of up to 32 bits, if they are canonical."""
        writer = StringWriter()
        sizes = {b"7": 2, b"-300": 3, b"-2147483648": 5, b"2147483648": 11, b"007": 4, b"-": 2}
        for string, size in sizes.items():
            self.assertEqual(len(writer.encode(string)), size)

    def test_long_strings_are_compressed_where_it_pays(self) -> None:
        """Not short ones, not what is hardly smaller then, and not when told not to."""
        noise = Random(1).randbytes(4096)
        writer = StringWriter()
        self.assertLess(len(writer.encode(bytes(100_000))), 2000)
        self.assertEqual(len(writer.encode(bytes(500))), 502)
        self.assertEqual(len(writer.encode(noise)), 4098)
        self.assertEqual(len(StringWriter(compressing=False).encode(bytes(1000))), 1002)
        # Ten times as long to compress as to write, for half of the size.
        words = b"".join(b"element:%d " % number for number in range(100))
        self.assertEqual(len(writer.encode(words)), 2 + len(words))
        # The beginning may promise too much.
        self.assertEqual(read_string(writer.encode(bytes(1024) + noise), 0)[0][-4096:], noise)
