"""
A scan index made when it is first asked for, a little at each call.

Sorted sets need a :class:`~pyredis.datatypes.scan_index.ScanIndex` for nothing
but ZSCAN, hashes for HSCAN and HRANDFIELD, databases for SCAN and RANDOMKEY,
which few of them ever see, so they have none until then: it would be a tenth of
a small key's memory and of the time to store it. To make one for a million members at once would
stop the server for half a second.
Here each call of a scan takes some of them in, and until all are in answers
what Redis may answer, too: nothing found, go on.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress
from random import Random

from pyredis.datatypes.scan_index import ScanIndex

_SLICE = 4096  # keys taken in at a call, in about two milliseconds
_BEGIN = 1 << 63  # the cursor of a scan that has yet to begin; no index is so large


class GradualScanIndex:
    """
    The keys of a dict, for scans.

    Args:
        keys: Those there are; of any change :meth:`add` or :meth:`remove` must tell.
    """

    __slots__ = ("_index", "_waiting")

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._index = ScanIndex()
        self._waiting = list(keys)

    def add(self, key: bytes) -> None:
        """Take in a key that was not there."""
        self._index.add(key)

    def remove(self, key: bytes) -> None:
        """Take out a key that was there."""
        if self._waiting:
            with suppress(KeyError):
                self._index.remove(key)
        else:
            self._index.remove(key)

    def scan(self, cursor: int, count: int, keys: Container[bytes]) -> tuple[int, list[bytes]]:
        """
        Return some keys and the cursor for the next call, as :meth:`ScanIndex.scan` does.

        Args:
            cursor: Where to go on.
            count: How much to look at.
            keys: Tells which keys there are now.
        """
        if self._waiting:
            self._take_in(keys)
            if self._waiting:
                return _BEGIN, []
            cursor = 0
        return self._index.scan(0 if cursor == _BEGIN else cursor, count)

    def random(self, rng: Random, keys: Container[bytes]) -> bytes:
        """
        Choose one key, each with the same chance, and take some more in.

        Until all are in, one that went and came back has twice the chance.

        Args:
            rng: The source of chance.
            keys: Tells which keys there are now; there must be one.
        """
        if self._waiting:
            self._take_in(keys)
        index, waiting = self._index, self._waiting
        while waiting:
            place = int(rng.random() * (len(index) + len(waiting)))
            if place >= len(waiting):
                break
            if waiting[place] in keys:
                return waiting[place]
        return index.random(rng)

    def some(self, rng: Random, keys: Container[bytes], count: int) -> list[bytes]:
        """
        Return some keys from a random place, none if it had none, and take some more in.

        Args:
            rng: The source of chance.
            keys: Tells which keys there are now.
            count: How many to return at most.
        """
        if self._waiting:
            self._take_in(keys)
        index, waiting = self._index, self._waiting
        if waiting and rng.random() * (len(index) + len(waiting)) < len(waiting):
            place = int(rng.random() * len(waiting))
            return [key for key in dict.fromkeys(waiting[place : place + count]) if key in keys]
        return index.some(rng, count)

    def release(self, limit: int) -> None:
        """Forget about ``limit`` keys: to free an index that is done with in slices."""
        if self._waiting:
            del self._waiting[-limit:]
        else:
            self._index.release(limit)

    def __len__(self) -> int:
        return len(self._index) + len(self._waiting)

    def _take_in(self, keys: Container[bytes]) -> None:
        index = self._index
        some = self._waiting[-_SLICE:]
        del self._waiting[-_SLICE:]
        for key in some:
            if key in keys:
                # It may have gone and come back meanwhile, and so be in already.
                with suppress(KeyError):
                    index.remove(key)
                index.add(key)
