"""Tests of sizes and limits of Redis's compact encodings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import (
    LIST_NODE_LIMITS,
    EncodingLimits,
    is_integer,
    listpack_entry_size,
)

INT64 = st.integers(-(2**63), 2**63 - 1)


class IntegerTests(SynchronousTestCase):
    """Which texts are integers to Redis."""

    @given(number=INT64)
    def test_every_integer_of_64_bits_is_one(self, number: int) -> None:
        """The canonical text of any signed 64-bit integer is accepted."""
        self.assertTrue(is_integer(b"%d" % number))

    @given(text=st.text("0123456789-+ ", max_size=22).map(str.encode))
    def test_only_canonical_texts_are_integers(self, text: bytes) -> None:
        """What Python would write differently, or does not fit 64 bits, is refused."""
        try:
            number = int(text)
            expected = b"%d" % number == text and -(2**63) <= number < 2**63
        except ValueError:
            expected = False
        self.assertEqual(is_integer(text), expected)

    def test_the_ends_of_the_range(self) -> None:
        """One more than the range has is refused, the last one is not."""
        self.assertTrue(is_integer(b"9223372036854775807"))
        self.assertFalse(is_integer(b"9223372036854775808"))
        self.assertTrue(is_integer(b"-9223372036854775808"))
        self.assertFalse(is_integer(b"-9223372036854775809"))
        self.assertFalse(is_integer(b"-0"))
        self.assertFalse(is_integer(b""))
        self.assertFalse(is_integer(b"-"))


class EntrySizeTests(SynchronousTestCase):
    """How long an entry of a listpack is."""

    def test_integers(self) -> None:
        """An integer takes one to nine bytes by its range, and one for the way back."""
        sizes = {
            0: 2, 127: 2, 128: 3, -1: 3, 4095: 3, -4096: 3, 4096: 4, -4097: 4, 32767: 4, 32768: 5,
            -32769: 5, 8388607: 5, 8388608: 6, -8388609: 6, 2**31 - 1: 6, 2**31: 10,
            -(2**31) - 1: 10, 2**63 - 1: 10, -(2**63): 10,
        }  # fmt: skip
        for number, size in sizes.items():
            self.assertEqual(listpack_entry_size(b"%d" % number), size, number)

    def test_strings(self) -> None:
        """A string has a header of 1, 2 or 5 bytes, and one to five for the way back."""
        sizes = {
            0: 2, 63: 65, 64: 67, 125: 128, 126: 130, 4095: 4099, 4096: 4103, 16377: 16384,
            16378: 16386, 2097145: 2097153, 2097146: 2097155,
        }  # fmt: skip
        for length, size in sizes.items():
            self.assertEqual(listpack_entry_size(b"x" * length), size, length)

    def test_a_number_too_big_is_a_string(self) -> None:
        """Twenty digits are stored as they are."""
        self.assertEqual(listpack_entry_size(b"9223372036854775808"), 21)


class LimitTests(SynchronousTestCase):
    """What configuration means."""

    def test_the_defaults_are_those_of_redis(self) -> None:
        """As CONFIG GET of Redis 7.2 answers."""
        limits = EncodingLimits()
        self.assertEqual(limits.hash_max_listpack_entries, 512)
        self.assertEqual(limits.hash_max_listpack_value, 64)
        self.assertEqual(limits.set_max_intset_entries, 512)
        self.assertEqual(limits.set_max_listpack_entries, 128)
        self.assertEqual(limits.zset_max_listpack_entries, 128)
        self.assertEqual(limits.list_max_listpack_size, -2)
        self.assertEqual(limits.stream_node_max_bytes, 4096)
        self.assertEqual(limits.stream_node_max_entries, 100)
        self.assertEqual(limits.hll_sparse_max_bytes, 3000)

    def test_list_nodes_are_limited_by_bytes_or_entries(self) -> None:
        """Negative sizes choose bytes, others count; 0 counts as 1 and below -5 is -5."""
        for fill, size in {-1: 4096, -2: 8192, -3: 16384, -4: 32768, -5: 65536, -9: 65536}.items():
            self.assertEqual(LIST_NODE_LIMITS[fill][0], size)
        self.assertEqual(LIST_NODE_LIMITS[0], (8192, 1))
        self.assertEqual(LIST_NODE_LIMITS[128], (8192, 128))
