"""A snapshot on its way from a primary: into a temporary file, up to its end."""

from __future__ import annotations

from collections.abc import Iterator

from pyredis.replication.transfer import Spool

_MARK_BYTES = 40
_PORTION_BYTES = 1 << 18


class IncomingSnapshot:
    """
    Takes the bytes of a snapshot.

    A primary sends it as a file of a length that it says before (``$123``), or
    as a stream that ends with a mark of its choice (``$EOF:…``).

    Args:
        header: The line that announces it, without its end.
        spool: Keeps it.

    Attributes:
        total_bytes: Its size, 0 if that is not known before its end.
        taken_bytes: How much has come.
        is_complete: All of it is there.

    Raises:
        ValueError: The line announces no snapshot.
    """

    def __init__(self, header: bytes, spool: Spool) -> None:
        self._spool = spool
        self._mark = b""
        self._tail = b""
        self.total_bytes = self.taken_bytes = 0
        self.is_complete = False
        if header.startswith(b"$EOF:") and len(header) == len(b"$EOF:") + _MARK_BYTES:
            self._mark = header[len(b"$EOF:") :]
        elif header.startswith(b"$") and header[1:].isdigit():
            self.total_bytes = int(header[1:])
            self.is_complete = not self.total_bytes
        else:
            raise ValueError("no snapshot is announced")

    def take(self, data: bytes) -> bytes:
        """
        Take the next bytes.

        Returns:
            What is no part of the snapshot any more.

        Raises:
            OSError: They cannot be kept.
        """
        if not self._mark:
            part, rest = data[: self.total_bytes - self.taken_bytes], b""
            rest = data[len(part) :]
            self._keep(part)
            self.is_complete = self.taken_bytes == self.total_bytes
            return rest
        # What may be the mark's beginning waits for its end.
        data = self._tail + data
        self._tail = data[-_MARK_BYTES:]
        self._keep(data[:-_MARK_BYTES])
        if self._tail == self._mark:
            self.is_complete = True
            self.total_bytes = self.taken_bytes
        return b""

    def _keep(self, data: bytes) -> None:
        if data:
            self._spool.write(data)
            self.taken_bytes += len(data)

    def portions(self) -> Iterator[bytes]:
        """Yield the snapshot, once it is complete."""
        self._spool.seek(0)
        while data := self._spool.read(_PORTION_BYTES):
            yield data

    def close(self) -> None:
        """Let go of the file."""
        self._spool.close()
