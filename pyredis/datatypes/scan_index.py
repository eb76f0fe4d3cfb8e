"""
An index over the keys of a dict: what Redis's SCAN promises, and a random key in O(1).

A Python dict can neither be resumed from a position after it changed nor asked
for its n-th key.  :class:`ScanIndex` stands beside a dict and is told of each
key that comes and each that goes (overwriting a value is neither), for about
14 bytes a key.

It is a table of linear hashing: lists of about sixteen keys, or of one or two
while there are a few hundred, chosen by the low bits of the hash.  It grows by
splitting one bucket and shrinks by merging two, so that no single call ever
pays for a whole rehash.

Cursors are those of Redis: the bucket number, counted up from its *highest*
bit.  A table of half the size has the same order with neighbours merged, a
table of twice the size the same order with each bucket split in place; what
lies behind a cursor stays behind it, whatever the table does in between.  A
bucket that has been split already is always given together with its twin, so
each moment looks like a table of ``_mask + 1`` buckets.  Therefore: a key that
is there from the first call to the last is returned at least once, and a
cursor needs no memory here and stays good for hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from random import Random

_FULL = 16  # mean keys a bucket above which one bucket is split
_SPARSE = 8  # mean keys a bucket below which two are merged

# So many buckets are as short as Redis's: whoever asks for half of a small hash is
# given about half of it, as clients that read it page by page count on.
_SHORT_BUCKETS = 256
_SHORT_FULL = 2
_SHORT_SPARSE = 1


class ScanIndex:
    """
    The keys of a dict, for SCAN and for choosing at random.

    The caller keeps it in step: ``add`` only keys that are not there yet.
    """

    __slots__ = ("_buckets", "_count", "_grow_at", "_mask", "_shrink_at", "_slots", "_wide_mask")

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self.clear()
        for key in keys:
            self.add(key)

    def clear(self) -> None:
        """Forget all keys."""
        self._buckets: list[list[bytes]] = [[]]
        self._mask = 0  # of the buckets as they were when the last doubling was complete
        self._wide_mask = 1  # of the doubling under way: 2 * _mask + 1
        self._count = 0
        self._grow_at = _SHORT_FULL
        self._shrink_at = 0
        self._slots = 2 * _SHORT_FULL  # no bucket has ever been longer than this power of two

    def release(self, limit: int) -> None:
        """Forget about ``limit`` keys, whichever: to free an index that is done with in slices."""
        buckets = self._buckets
        while limit > 0 and buckets:
            gone = len(buckets.pop())
            limit -= gone
            self._count -= gone
        if not buckets:
            self.clear()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(self._buckets)

    def add(self, key: bytes) -> None:
        """Take in a key that is not in the index."""
        buckets = self._buckets
        number = hash(key) & self._wide_mask
        if number >= len(buckets):
            number &= self._mask
        bucket = buckets[number]
        bucket.append(key)
        if len(bucket) > self._slots:
            self._slots *= 2
        self._count = count = self._count + 1
        if count > self._grow_at:
            self._split()

    def remove(self, key: bytes) -> None:
        """
        Take out a key.

        Raises:
            KeyError: The key is not in the index.
        """
        buckets = self._buckets
        number = hash(key) & self._wide_mask
        if number >= len(buckets):
            number &= self._mask
        try:
            buckets[number].remove(key)
        except ValueError:
            raise KeyError(key) from None
        self._count = count = self._count - 1
        if count < self._shrink_at:
            self._merge()

    def _split(self) -> None:
        """Share the keys of the next bucket in turn with a new twin at the end."""
        buckets = self._buckets
        half = self._mask + 1
        turn = len(buckets) - half
        stay: list[bytes] = []
        move: list[bytes] = []
        for key in buckets[turn]:
            (move if hash(key) & half else stay).append(key)
        buckets[turn] = stay
        buckets.append(move)
        self._resized()

    def _merge(self) -> None:
        """Give the keys of the last bucket back to the one it was split from."""
        buckets = self._buckets
        if len(buckets) == self._mask + 1:
            self._mask >>= 1
            self._wide_mask >>= 1
        last = buckets.pop()
        target = buckets[len(buckets) & self._mask]
        target += last
        while len(target) > self._slots:
            self._slots *= 2
        self._resized()

    def _resized(self) -> None:
        size = len(self._buckets)
        if size > self._wide_mask:
            self._mask = self._wide_mask
            self._wide_mask = 2 * self._wide_mask + 1
        self._grow_at = size * (_SHORT_FULL if size < _SHORT_BUCKETS else _FULL)
        sparse = _SHORT_SPARSE if size <= _SHORT_BUCKETS else _SPARSE
        self._shrink_at = size * sparse if size > 1 else 0

    def some(self, rng: Random, count: int) -> list[bytes]:
        """
        Return neighbours from a random place: cheap, all different, but not each as likely.

        Args:
            rng: The source of chance.
            count: How many to return at most; fewer if there are not so many near by.
        """
        buckets = self._buckets
        place = int(rng.random() * len(buckets))
        found: list[bytes] = []
        for _ in range(min(count, len(buckets))):
            bucket = buckets[place]
            first = int(rng.random() * len(bucket))
            found += bucket[first : first + count - len(found)]
            if len(found) == count:
                break
            found += bucket[: min(first, count - len(found))]
            if len(found) == count:
                break
            place = (place + 1) % len(buckets)
        return found

    def random(self, rng: Random) -> bytes:
        """
        Choose one key, each with the same chance.

        A bucket and a place in it are drawn together and thrown away while
        that place is empty: choosing a bucket first and then among its keys
        would favour the keys of short buckets.

        Raises:
            KeyError: There is no key.
        """
        if not self._count:
            raise KeyError("empty")
        buckets = self._buckets
        slots = self._slots
        span = len(buckets) * slots
        draw = rng.random
        while True:
            number, place = divmod(int(draw() * span), slots)
            bucket = buckets[number]
            if place < len(bucket):
                return bucket[place]

    def sample(self, rng: Random, count: int) -> list[bytes]:
        """
        Return about ``count`` keys from a few places, quickly and not quite at random.

        For estimates such as choosing what to evict: neighbours in a bucket
        come together, which is of no matter there and several times cheaper
        than as many calls of :meth:`random`.
        """
        buckets = self._buckets
        found: list[bytes] = []
        if self._count:
            number = int(rng.random() * len(buckets))
            for _ in range(min(len(buckets), 10 * count)):
                found += buckets[number]
                if len(found) >= count:
                    break
                number = number + 1 if number + 1 < len(buckets) else 0
        del found[count:]
        return found

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """
        Return some keys and the cursor for the next call; 0 begins, and 0 says all was seen.

        Whole buckets are visited until at least ``count`` keys were found or,
        as in Redis, ten times as many buckets were visited.
        """
        buckets = self._buckets
        size = len(buckets)
        half = self._mask + 1
        number = cursor & self._mask
        visits = 10 * count
        found: list[bytes] = []
        while True:
            found += buckets[number]
            if number + half < size:
                found += buckets[number + half]
            bit = half >> 1
            while number & bit:
                number ^= bit
                bit >>= 1
            number |= bit
            visits -= 1
            if not number or visits < 0 or len(found) >= count:
                return number, found
