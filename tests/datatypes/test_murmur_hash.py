"""Tests of pyredis.datatypes.murmur_hash: one hash, however many elements."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.murmur_hash import murmur_hash, murmur_hashes


class HashTests(SynchronousTestCase):
    """One element."""

    def test_hashes(self) -> None:
        """The hash is MurmurHash64A with Redis' seed, for every length of the last word."""
        for data, hashed in (
            (b"", 0xD8DFEA6585BC9732),
            (b"a", 0x53D2470A9B43B1A7),
            (b"abcdefg", 0x22FE613BB08C9602),
            (b"abcdefgh", 0xF3A65DF559914567),
            (b"abcdefghijk", 0xF85070A21C57729),
            (b"x" * 100, 0x2C4D1FDDABBFFBB8),
        ):
            self.assertEqual(murmur_hash(data), hashed)


class HashesTests(SynchronousTestCase):
    """Several elements at once."""

    @given(
        st.integers(0, 90),
        st.integers(0, 40),
        st.integers(0, 40),
        st.randoms(use_true_random=False),
    )
    def test_as_one_by_one(self, size: int, shared: int, count: int, rng: Random) -> None:
        """Whatever their length, their number and how much of their beginnings is shared."""
        start = rng.randbytes(min(shared, size))
        elements = [start + rng.randbytes(size - len(start)) for _ in range(count)]

        self.assertEqual([*murmur_hashes(elements)], [*map(murmur_hash, elements)])

    @given(st.lists(st.binary(max_size=20)))
    def test_different_lengths(self, elements: list[bytes]) -> None:
        """They need not be of one length."""
        self.assertEqual([*murmur_hashes(elements)], [*map(murmur_hash, elements)])

    def test_very_many(self) -> None:
        """Of a large number not all are hashed at once."""
        for count in (255, 256, 257, 1000):
            elements = [b"element:%06d" % number for number in range(count)]

            self.assertEqual([*murmur_hashes(elements)], [*map(murmur_hash, elements)])

    def test_all_the_same(self) -> None:
        """Equal elements have equal hashes."""
        self.assertEqual({*murmur_hashes([b"x" * 21] * 50)}, {murmur_hash(b"x" * 21)})
