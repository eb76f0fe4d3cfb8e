"""
Tests of LZF compression.

The compressed strings were cut out of what DUMP of a real Redis 7.2.6 returned.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.lzf import compress, decompress

COMPRESSED = [
    (b"ab" * 40, b"\x02aba\xe0B\x01\x01ab"),
    (
        b"The quick brown fox. " * 5 + b"The lazy dog.",
        b"\x15The quick brown fox. T\xe0N\x14\x08lazy dog.",
    ),
    (
        bytes(range(48)) + b"0" * 300 + bytes(range(48)),
        b"\x1f"
        + bytes(range(32))
        + b"\x10"
        + bytes(range(32, 49))
        + b"\xe0\xff\x00\xe0\x1a\x00\x00\x00\xe1$[\x01./",
    ),
]


# Bytes that repeat now and then, near and far, and in themselves.
REPETITIVE = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.builds(lambda part, times: part * times, st.binary(max_size=5), st.integers(0, 300)),
    ),
    max_size=8,
).map(lambda parts: b"".join(parts + parts[::2]))


class CompressTests(SynchronousTestCase):
    """Strings made shorter."""

    def test_shorter(self) -> None:
        """What repeats takes less room, about as little as in Redis."""
        for data, compressed in COMPRESSED:
            result = compress(data)
            assert result is not None
            self.assertLessEqual(len(result), len(compressed) + 4)
            self.assertEqual(decompress(result, len(data)), data)

    def test_not_worth_it(self) -> None:
        """Data that would not become four bytes shorter is left alone."""
        for data in (b"", b"a", b"aaaa", b"abcdefghijklmnopqrstuvwxyz", bytes(range(256))):
            self.assertIsNone(compress(data))

    def test_what_is_to_shrink_a_great_deal_is_given_up_when_it_does_not(self) -> None:
        """As soon as a part of it does not, wherever that is."""
        words = b"".join(b"word%d " % number for number in range(2000))
        self.assertIsNotNone(compress(words))
        self.assertIsNone(compress(words, 8))
        self.assertIsNone(compress(bytes(8192) + words + bytes(1_000_000), 8))
        self.assertEqual(compress(bytes(8192), 8), compress(bytes(8192)))

    def test_far_repetitions(self) -> None:
        """A repetition may be 8192 bytes back, one further back is not pointed at."""
        word = b"repetition" * 2
        filler = b"".join(b"%04x" % (number * 40503 & 0xFFFF) for number in range(2100))
        for gap in range(8192 - len(word) - 3, 8192 - len(word) + 4):
            data = word + filler[:gap] + word + bytes(64)
            compressed = compress(data)
            assert compressed is not None
            self.assertEqual(decompress(compressed, len(data)), data)

    def test_much_data(self) -> None:
        """Data with many different places is compressed with bounded memory of them."""
        data = b"".join(b"%x," % (number * number) for number in range(30000))
        compressed = compress(data)
        assert compressed is not None
        self.assertLess(len(compressed), len(data))
        self.assertEqual(decompress(compressed, len(data)), data)

    @given(REPETITIVE)
    def test_comes_back(self, data: bytes) -> None:
        """What was compressed is at least four bytes shorter and comes back the same."""
        compressed = compress(data)
        if compressed is not None:
            self.assertLessEqual(len(compressed), len(data) - 4)
            self.assertEqual(decompress(compressed, len(data)), data)


class DecompressTests(SynchronousTestCase):
    """Strings brought back."""

    def test_from_redis(self) -> None:
        """What Redis compressed is read."""
        for data, compressed in COMPRESSED:
            self.assertEqual(decompress(compressed, len(data)), data)

    def test_format(self) -> None:
        """Runs, short and long repetitions, and those that reach into themselves are read."""
        for compressed, data in [
            (b"", b""),
            (b"\x00a", b"a"),
            (b"\x02abc\x20\x02", b"abcabc"),
            (b"\x00a\x20\x00", b"aaaa"),
            (b"\x01ab\xc0\x01", b"abababab" + b"ab"),
            (b"\x00a\xe0\x00\x00", b"a" * 10),
            (b"\x00a\xe0\xff\x00", b"a" * 265),
        ]:
            self.assertEqual(decompress(compressed, len(data)), data)

    def test_corrupt(self) -> None:
        """Input cut short, pointing too far back, or of another length is refused."""
        for compressed, length in [
            (b"\x02ab", 3),
            (b"\x1f", 32),
            (b"\x00a\x20", 4),
            (b"\x00a\xe0", 10),
            (b"\x00a\xe0\x00", 10),
            (b"\x20\x00", 3),
            (b"\x00a\x20\x01", 4),
            (b"\x00a\x3f\x00", 4),
            (b"\x02abc", 2),
            (b"\x02abc", 4),
            (b"\x00a\x20\x00", 3),
            (b"\x00a\xe0\xff\x00", 264),
            (b"", 1),
            (b"\x00a", 0),
            (b"\x00a", 1 << 60),
        ]:
            self.assertRaises(ValueError, decompress, compressed, length)

    @given(st.binary(max_size=60), st.integers(0, 2000))
    def test_any_input(self, data: bytes, length: int) -> None:
        """Whatever comes in, there is either the announced length or ValueError."""
        try:
            result = decompress(data, length)
        except ValueError:
            return
        self.assertEqual(len(result), length)

    @given(REPETITIVE, st.data())
    def test_every_cut(self, data: bytes, draw: st.DataObject) -> None:
        """Compressed data without its end is refused."""
        compressed = compress(data)
        if compressed is not None:
            cut = draw.draw(st.integers(0, len(compressed) - 1))
            self.assertRaises(ValueError, decompress, compressed[:cut], len(data))
