"""
The commands of an append-only file, read in portions.

The reader is fed bytes as they come and yields requests. It keeps account of
how much of the file is whole: a file that ends too early, in a command or in a
transaction, can be cut off there; one that is wrong in the middle cannot be
trusted any further.

Between the commands there may be annotations, lines that begin with ``#``.
``#TS:`` says when, in Unix seconds, the following commands were written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

Request = list[bytes]

RDB_MAGIC: Final = b"REDIS"
"""How a file begins whose first part is a snapshot."""

PORTION_BYTES: Final = 1 << 16
"""How much of a file is well read at once."""

_ANNOTATION_MAX: Final = 1024
_HEADER_MAX: Final = 32
_STAR, _DOLLAR, _HASH = b"*$#"
_LONGEST_DIGITS: Final = 18
_TIMESTAMP: Final = b"#TS:"

# What most headers say; a line is ended by CR LF, or by LF alone as Redis allows.
_NUMBERS: Final = {b"%d\r" % number: number for number in range(1024)}


class AofError(ValueError):
    """The file cannot be read on."""


class CorruptAof(AofError):
    """It contradicts the format."""


class TruncatedAof(AofError):
    """It ends in the middle of a command or of a transaction."""


class AofReader:
    """
    Reads the commands of one file.

    Args:
        start: How many bytes of the file came before, as a snapshot.
        longest: How many bytes a word may have at most.

    Attributes:
        offset: Where the last complete command or annotation ends.
        whole_offset: How much of the file would be whole if it ended there: up
            to the MULTI of a transaction that is open.
        in_transaction: Whether one is.
        timestamp: What the last annotation says, 0 before there is one.
    """

    def __init__(self, start: int = 0, longest: int = 1 << 29) -> None:
        self.offset = start
        self.in_transaction = False
        self.timestamp = 0
        self._longest = longest
        self._multi_offset = start
        # What was not understood yet, and how much of it there must be to try again.
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._wanted_bytes = 1

    @property
    def whole_offset(self) -> int:
        """See the class."""
        return self._multi_offset if self.in_transaction else self.offset

    def feed(self, data: bytes) -> Iterator[Request]:
        """
        Take the next bytes of the file and yield the commands that are complete.

        All of them must be taken before the next bytes are fed.

        Raises:
            CorruptAof: The file is not right behind :attr:`offset`.
        """
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= self._wanted_bytes:
            waiting = self._waiting
            yield from self._read(waiting[0] if len(waiting) == 1 else b"".join(waiting))

    def finish(self) -> Iterator[Request]:
        """
        Say that there is nothing more, and yield what still waited for more.

        Raises:
            CorruptAof: The file is not right behind :attr:`offset`.
            TruncatedAof: It is whole up to :attr:`whole_offset` only.
        """
        if self._waiting_bytes:
            yield from self._read(b"".join(self._waiting))
        if self._waiting_bytes or self.in_transaction:
            raise TruncatedAof("unexpected end of file")

    def _read(self, data: bytes) -> Iterator[Request]:
        at = 0
        size = len(data)
        base = self.offset
        find, number_of = data.find, _NUMBERS.get
        while at < size:
            start = at
            kind = data[at]
            if kind == _HASH:
                at = self._annotation(data, at)
                if not at:
                    self._wait(data[start:], 1)
                    return
                self.offset = base + at
                continue
            end = find(b"\n", at, at + _HEADER_MAX)
            if kind != _STAR or end < 0:
                self._wait_for_header(data[start:], _STAR)
                return
            count = number_of(data[at + 1 : end])
            if count is None:
                count = _number(data[at + 1 : end])
            if not count:
                raise CorruptAof("a command of no words")
            at = end + 1
            argv: Request = []
            while count:
                end = find(b"\n", at, at + _HEADER_MAX)
                if end < 0 or data[at] != _DOLLAR:
                    self._wait_for_header(data[start:], _DOLLAR, at - start)
                    return
                length = number_of(data[at + 1 : end])
                if length is None:
                    length = _number(data[at + 1 : end])
                    if length > self._longest:
                        raise CorruptAof(f"a word of {length} bytes")
                at = end + 1
                stop = at + length
                if stop + 2 > size:
                    if data[stop : stop + 1] not in (b"", b"\r"):
                        raise CorruptAof("no line end behind a word")
                    self._wait(data[start:], stop + 2 - size)
                    return
                if data[stop] != 13 or data[stop + 1] != 10:
                    raise CorruptAof("no line end behind a word")
                argv.append(data[at:stop])
                at = stop + 2
                count -= 1
            if len(argv) == 1:
                self._follow_transaction(argv[0].upper(), base + start)
            self.offset = base + at
            yield argv
        self._wait(b"", 1)

    def _follow_transaction(self, name: bytes, start: int) -> None:
        if name == b"MULTI":
            if not self.in_transaction:
                self._multi_offset = start
            self.in_transaction = True
        elif name in (b"EXEC", b"DISCARD"):
            self.in_transaction = False

    def _annotation(self, data: bytes, at: int) -> int:
        """Read an annotation; return the position behind it, 0 if it does not end yet."""
        end = data.find(b"\n", at, at + _ANNOTATION_MAX)
        if end < 0:
            if len(data) - at >= _ANNOTATION_MAX:
                raise CorruptAof("an annotation without an end")
            return 0
        line = data[at:end].rstrip(b"\r")
        digits = line[len(_TIMESTAMP) :]
        if line.startswith(_TIMESTAMP) and digits.isdigit() and len(digits) <= _LONGEST_DIGITS:
            self.timestamp = int(digits)
        return end + 1

    def _wait_for_header(self, left: bytes, kind: int, at: int = 0) -> None:
        """Keep a command whose header at a position is not complete, if it may become one."""
        head = left[at : at + _HEADER_MAX]
        if len(head) == _HEADER_MAX or (head and head[0] != kind):
            raise CorruptAof("neither a command nor an annotation")
        digits = head[1:].removesuffix(b"\r")
        if digits and not digits.isdigit():
            raise CorruptAof("no number where one is due")
        self._wait(left, 1)

    def _wait(self, left: bytes, missing: int) -> None:
        """Keep what is no complete command until there is more, and twice as much of a long one."""
        self._waiting = [left] if left else []
        self._waiting_bytes = len(left)
        self._wanted_bytes = len(left) + max(missing, len(left) if len(left) > PORTION_BYTES else 1)


def _number(text: bytes) -> int:
    """
    Read the number of a header.

    Raises:
        CorruptAof: It is none.
    """
    digits = text.removesuffix(b"\r")
    if not digits.isdigit() or len(digits) > _LONGEST_DIGITS:
        raise CorruptAof("no number where one is due")
    return int(digits)
