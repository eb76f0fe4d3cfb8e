"""
The last part of the history, for replicas that come back.

Offsets count the bytes of the replication stream from 1; the offset of a
history is that of its last byte.
"""

from __future__ import annotations

_SLACK_BYTES = 16 * 1024


class Backlog:
    """
    The newest bytes of the stream.

    Args:
        limit: How many bytes to keep.
        offset: How long the history is already.

    Attributes:
        offset: How long the history is now.
    """

    def __init__(self, limit: int, offset: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self.offset = offset

    def append(self, data: bytes) -> None:
        """Take what comes next."""
        kept = self._kept
        kept += data
        self.offset += len(data)
        # Not at each step: what is cut off moves the rest, now and then.
        if len(kept) > self._limit + _SLACK_BYTES:
            self._trim()

    def _trim(self) -> None:
        excess = len(self._kept) - self._limit
        if excess > 0:
            del self._kept[:excess]

    @property
    def length(self) -> int:
        """How many bytes are kept."""
        self._trim()
        return len(self._kept)

    @property
    def first(self) -> int:
        """The offset of the first byte kept, or of the next one if none is."""
        return self.offset - self.length + 1

    def since(self, offset: int) -> bytes | None:
        """Return all bytes from an offset on; None if they are gone, or not there yet."""
        if not self.first <= offset <= self.offset + 1:
            return None
        return bytes(self._kept[offset - self.first :])

    def resize(self, limit: int) -> None:
        """Keep more or fewer bytes from now on."""
        self._limit = limit
        self._trim()
