"""
The last part of the history, which all replicas are sent from.

Offsets count the bytes of the replication stream from 1; the offset of a
history is that of its last byte. What is kept is kept once, however many
replicas lack it: each of them is no more than a place in it. So it grows beyond
its limit for a replica that is far behind, and shrinks when that has caught up
or is gone.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable

# Blocks are what is let go of at once: a 64th of the limit, within reason.
_SHARE = 64
_SMALLEST_BLOCK = 1 << 10
_LARGEST_BLOCK = 1 << 20

# What a block takes besides its bytes: its object, as the allocator rounds it up, the
# offset of its first byte, and its places in two lists, which grow by an eighth.
_BLOCK_OVERHEAD = sys.getsizeof(b"") + 15 + sys.getsizeof(1 << 40) + 2 * 9


def nobody_waits() -> int:
    """Return the place of replicas that lack nothing."""
    return sys.maxsize


class Backlog:
    """
    The newest bytes of the stream, in blocks.

    Args:
        limit: How many bytes to keep at least.
        offset: How long the history is already.
        oldest_wanted: Returns the first offset that anybody is still to be sent.

    Attributes:
        offset: How long the history is now.
    """

    def __init__(
        self, limit: int, offset: int, oldest_wanted: Callable[[], int] = nobody_waits
    ) -> None:
        self._oldest_wanted = oldest_wanted
        # Full blocks from the place ``_head`` on, and the offsets of their first bytes.
        self._blocks: list[bytes] = []
        self._starts: list[int] = []
        self._head = 0
        self._tail_start = offset + 1
        self.offset = offset
        self._set_limit(limit)
        # Of the size of a block from the start: growing, it would leave pieces behind.
        self._tail = memoryview(bytearray(self._block_bytes))
        self._filled = 0

    def _set_limit(self, limit: int) -> None:
        self._limit = limit
        self._block_bytes = min(max(limit // _SHARE, _SMALLEST_BLOCK), _LARGEST_BLOCK)

    def append(self, data: bytes) -> None:
        """Take what comes next."""
        self.offset += len(data)
        end = self._filled + len(data)
        if end < len(self._tail):
            self._tail[self._filled : end] = data
            self._filled = end
        else:
            self._end_blocks(memoryview(data))
            self.trim()

    def _end_blocks(self, data: memoryview) -> None:
        """Fill the tail and as many blocks as there is data for; a new tail begins behind them."""
        room = len(self._tail) - self._filled
        self._tail[self._filled :] = data[:room]
        self._add_block(self._tail)
        size = self._block_bytes
        end = len(data) - (len(data) - room) % size
        for at in range(room, end, size):
            self._add_block(data[at : at + size])
        if len(self._tail) != size:
            self._tail = memoryview(bytearray(size))
        self._filled = len(data) - end
        self._tail[: self._filled] = data[end:]

    def _add_block(self, data: memoryview) -> None:
        self._blocks.append(bytes(data))
        self._starts.append(self._tail_start)
        self._tail_start += len(data)

    def trim(self) -> None:
        """Let go of what is beyond the limit and wanted by nobody."""
        blocks, starts, head = self._blocks, self._starts, self._head
        dispensable = min(self.offset - self._limit, self._oldest_wanted() - 1)
        while head < len(blocks) and starts[head] + len(blocks[head]) - 1 <= dispensable:
            blocks[head] = b""
            head += 1
        if 2 * head > len(blocks):
            # Not at each step: what is cut off moves the rest.
            del blocks[:head], starts[:head]
            head = 0
        self._head = head

    @property
    def first(self) -> int:
        """The offset of the first byte kept, or of the next one if none is."""
        return self._starts[self._head] if self._head < len(self._starts) else self._tail_start

    @property
    def length(self) -> int:
        """How many bytes are kept."""
        return self.offset - self.first + 1

    @property
    def memory(self) -> int:
        """How many bytes keeping them takes."""
        unused = len(self._tail) - self._filled
        return self.length + unused + _BLOCK_OVERHEAD * (len(self._blocks) - self._head + 1)

    def reaches(self, offset: int) -> bool:
        """Tell whether one may go on from an offset: all from there on is kept."""
        return self.first <= offset <= self.offset + 1

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes from an offset that it reaches on: some, but not more than asked for."""
        if offset >= self._tail_start:
            at = offset - self._tail_start
            return bytes(self._tail[at : min(at + most, self._filled)])
        number = bisect_right(self._starts, offset, self._head) - 1
        at = offset - self._starts[number]
        block = self._blocks[number]
        if len(block) - at >= most or number + 1 == len(self._blocks):
            return block[at : at + most]
        pieces, left = [block[at:]], most - len(block) + at
        for block in self._blocks[number + 1 : number + 2 + left // _SMALLEST_BLOCK]:
            pieces.append(block[:left])
            left -= len(pieces[-1])
            if not left:
                break
        return b"".join(pieces)

    def resize(self, limit: int) -> None:
        """Keep more or fewer bytes from now on."""
        self._set_limit(limit)
        self.trim()
