"""
Tests of checksums.

Slots were taken from a real Redis 7.2.6 with CLUSTER KEYSLOT, the payload with DUMP.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.checksums import SLOTS, crc16, crc64, key_slot


class Crc16Tests(SynchronousTestCase):
    """Cluster slots."""

    def test_check_value(self) -> None:
        """The variant is XMODEM."""
        self.assertEqual(crc16(b"123456789"), 0x31C3)
        self.assertEqual(crc16(b""), 0)

    def test_slots(self) -> None:
        """Keys go to the slots a real cluster tells."""
        for key, slot in KEY_SLOTS:
            self.assertEqual(key_slot(key), slot, key)

    def test_tags(self) -> None:
        """The first closed and filled pair of braces decides, otherwise the whole key."""
        for key, tag in [
            (b"{user1}.a", b"user1"),
            (b"a{user1}{other}", b"user1"),
            (b"a{{b}}", b"{b"),
            (b"a}b{c}", b"c"),
        ]:
            self.assertEqual(key_slot(key), crc16(tag) % SLOTS, key)
        for key in [b"{}a", b"a{}{b}", b"a{b", b"{", b"}", b"a}b", b""]:
            self.assertEqual(key_slot(key), crc16(key) % SLOTS, key)


class Crc64Tests(SynchronousTestCase):
    """Checksums on disk."""

    def test_check_value(self) -> None:
        """The polynomial is Redis's."""
        self.assertEqual(crc64(b"123456789"), 0xE9C6D914C4B8D9CA)
        self.assertEqual(crc64(b""), 0)

    def test_payload(self) -> None:
        """A payload made by a real server ends with its checksum."""
        payload = PAYLOAD
        self.assertEqual(crc64(payload[:-8]), int.from_bytes(payload[-8:], "little"))

    @given(st.binary(max_size=60), st.integers(0, 60))
    def test_in_pieces(self, data: bytes, cut: int) -> None:
        """Going on from the checksum of a part gives that of the whole."""
        self.assertEqual(crc64(memoryview(data)[cut:], crc64(bytearray(data[:cut]))), crc64(data))


KEY_SLOTS = [
    (b"", 0),
    (b"foo", 12182),
    (b"bar", 5061),
    (b"hello", 866),
    (b"{user1000}.following", 3443),
    (b"foo{}{bar}", 8363),
    (b"foo{{bar}}zap", 4015),
    (b"foo{bar}{zap}", 5061),
    (b"a\x00\xff\n", 3539),
]

PAYLOAD = b"\x00\x05hello\x0b\x00\n\xadb\x05\x98\xab\xc9\x83"
