r"""
Bytes to requests: RESP arrays through hiredis, typed lines by Redis' quoting.

hiredis takes a pipeline apart four times as fast as Python can, but it trusts
its peer: any reply type, nested arrays and any announced length pass. So it
only ever sees a chunk that starts at a request's first byte and announces no
large array, and what it returns is checked as a whole, at C speed, to be lists
of ``bytes``; if a line looks like another type that hiredis hands on as bytes,
the requests are encoded again and compared. A chunk that fails a check, is
incomplete or holds anything unusual goes the patient way, a parser in Python
that stops at the first wrong byte with Redis' own error.

No announced length allocates anything: memory grows with what arrived. This
module knows no socket, client or command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import hiredis

from pyredis.errors import ProtocolError
from pyredis.primitives.numbers import INT64_MAX, INT64_MIN
from pyredis.primitives.quoting import split_args
from pyredis.wire.batches import (
    LARGEST_REQUEST,
    SMALL_HEADS,
    SMALL_REQUEST,
    Batch,
    TypedRequest,
    batch_by,
    batch_of_one,
    holds_plain_lines,
    shape_of,
    size_of_first,
    split_request,
    words_of,
    words_of_line,
)
from pyredis.wire.headers import long_requests, request_with_long_end
from pyredis.wire.layouts import Layout, Shape, layout_of

__all__ = ["INLINE_MAX_BYTES", "Request", "RequestReader", "TypedRequest"]

Request = list[bytes]

INLINE_MAX_BYTES = 64 * 1024
"""The longest line, and the longest ``*`` or ``$`` header, that is waited for."""

UNAUTHENTICATED_MAX_ARGUMENTS = 10
UNAUTHENTICATED_MAX_BULK = 16384
MULTIBULK_MAX = 2**31 - 1

_FAST_MAX_BYTES = 256 * 1024
# In a longer chunk it pays to look for requests alike even if it does not end with one.
_LONG_CHUNK = 4096
_LARGE_BULK = 16 * 1024
# Those of a request of four words, and what is behind the last.
_USUAL_LINES = 10
# What other types than bulk strings begin with, those that hiredis hands on as
# bytes or lists, or allocates when they are announced. An argument may contain
# them as well: then the chunk is looked at more closely.
_ALIENS = b"+=(~%>|"
_has_alien_line = re.compile(rb"\n[+=(~%>|]").search
# The bytes behind an argument need not be a line's end, so what makes hiredis
# allocate is looked for everywhere.
_announces_array = re.compile(rb"\*\d{5}").search
_announces_more = re.compile(rb"[>~|]\d{5}").search
_flatten = chain.from_iterable
_STAR = ord("*")
_PROBE, _PROBED = b":1\r\n", 1


class RequestReader:
    """
    Turns the bytes of one connection into requests.

    Args:
        max_bulk: ``proto-max-bulk-len``, the longest argument taken, in bytes;
            Redis takes no value below 1 MiB.

    Attributes:
        buffer: What has come of a request that is not complete. While there is
            anything, no chunk can be taken as if it were the first.
        limited: True until the client is authenticated; only small requests
            are taken then.
        max_bulk: May be changed at any time.
    """

    __slots__ = (
        "_argv",
        "_argv_bytes",
        "_bulk",
        "_counted",
        "_hiredis",
        "_layout",
        "_missing",
        "_position",
        "_shape",
        "_start",
        "buffer",
        "limited",
        "max_bulk",
    )

    def __init__(self, max_bulk: int = 512 * 1024 * 1024) -> None:
        self.max_bulk = max_bulk
        self.limited = False
        self._hiredis = hiredis.Reader()
        self.buffer = bytearray()
        # Of the last pipeline whose requests were alike.
        self._shape: Shape | None = None
        self._layout: Layout | None = None
        self._reset()

    def _reset(self) -> None:
        """Start anew at a request's first byte."""
        self._position = 0
        # Where the request under way starts in the buffer; negative once so many
        # of its first bytes were dropped because it is large.
        self._start = 0
        # Its arguments so far, how many are missing, and the announced length
        # of the next one (-1: its header has not come).
        self._argv: Request = []
        # How many of them were added up, and how long these are together.
        self._counted = 0
        self._argv_bytes = 0
        self._missing = 0
        self._bulk = -1

    @property
    def pending_bytes(self) -> int:
        """How many bytes are held for a request that is not complete."""
        if self._start < 0:
            # The headers of what was taken out of the buffer are done with.
            self._argv_bytes += sum(map(len, self._argv[self._counted :]))
            self._counted = len(self._argv)
            return len(self.buffer) + self._argv_bytes
        return len(self.buffer) - self._start

    def take_only(self, data: bytes) -> Request | None:
        """
        Take the next chunk if it is one small request, array or line, complete and alone.

        A client that waits for each reply sends such chunks.

        Args:
            data: What was received, at least one byte.

        Returns:
            The request; None if nothing was done and the chunk must be fed.
        """
        if self.buffer or self.limited:
            return None
        layout = self._layout
        if layout is not None and layout.size == len(data):
            # It is as long as the last pipeline.
            return None
        if len(data) >= SMALL_REQUEST:
            return self._take_long(data) if data[0] == _STAR else None
        # No more than it takes to see that this is not one of the usual requests:
        # most chunks that are not, are pipelines.
        lines = data.split(b"\r\n", _USUAL_LINES)
        # The usual ones without a loop.
        if len(lines) == 6:
            first, head1, word1, head2, word2, end = lines
            if (
                not end
                and first == b"*2"
                and head1 == SMALL_HEADS[len(word1)]
                and head2 == SMALL_HEADS[len(word2)]
            ):
                return [word1, word2]
            return None
        if len(lines) == 8:
            first, head1, word1, head2, word2, head3, word3, end = lines
            if (
                not end
                and first == b"*3"
                and head1 == SMALL_HEADS[len(word1)]
                and head2 == SMALL_HEADS[len(word2)]
                and head3 == SMALL_HEADS[len(word3)]
            ):
                return [word1, word2, word3]
            return None
        if len(lines) == 2:
            return words_of_line(data)
        return words_of(lines) if len(lines) <= _USUAL_LINES else split_request(data)

    def _take_long(self, data: bytes) -> Request | None:
        """Take a chunk that is one request of at least `SMALL_REQUEST` bytes; see `take_only`."""
        request = request_with_long_end(data, self.max_bulk)
        if request is None and len(data) < LARGEST_REQUEST:
            return split_request(data)
        return request

    def feed(self, data: bytes) -> Iterable[Request]:
        """
        Take the next chunk of the stream.

        Args:
            data: What was received, at least one byte.

        Returns:
            The requests completed by it, in order: a list if all came as RESP
            arrays, a batch if besides they were found to be alike, or were all
            the same line. Else it must be used up before the next call; it reads
            on as it is used, so that a request which authenticates the client
            lifts the limits for those behind it.

        Raises:
            ProtocolError: (While iterating.) The bytes are no request; nothing
                more can be read from this stream.
        """
        buffer = self.buffer
        if buffer:
            if self._start == 0 and len(buffer) <= len(data):
                # The start of a small request: read it again together with its
                # end. Not when the new chunk is the smaller one, or dripping
                # bytes would cost their square.
                data = bytes(buffer) + data
                buffer.clear()
                self._reset()
            else:
                buffer += data
                return self._patient()
        if data[0] != _STAR or self.limited or len(data) > _FAST_MAX_BYTES:
            if holds_plain_lines(data) and not self.limited:
                return _plain_lines(data)
            buffer += data
            return self._patient()
        layout = self._layout
        if layout is not None and layout.size == len(data):
            batch = batch_by(layout, data)
            if batch is not None:
                return batch
        size = size_of_first(data)
        is_pipeline = size < LARGEST_REQUEST and size < len(data)
        if is_pipeline and (len(data) > _LONG_CHUNK or not len(data) % size):
            batch = self._batch(data, size)
            if batch is not None:
                return batch
        if size >= SMALL_REQUEST:
            found, end = long_requests(data, self.max_bulk)
            return self._followed_by(found, data[end:]) if end < len(data) else found
        # Else it ends within an argument.
        requests = self._complete_requests(data) if data.endswith(b"\r\n") else None
        if requests is None:
            return self._feed_unusual(data)
        return requests

    def _batch(self, data: bytes, size: int) -> Batch | None:
        """
        Return the requests of a chunk if they seem alike and are; keep the start of one more.

        Args:
            data: The chunk.
            size: Where its second request seems to begin.
        """
        batch = batch_of_one(data, size)
        if batch is None:
            # To make a layout takes longer than to do without: it must be used again.
            shape, before = shape_of(data, size), self._shape
            self._shape = shape
            if shape is None or before is None or shape[1:] != before[1:]:
                return None
            batch = self._cut(data, size, shape)
        if batch is not None and len(data) % size:
            self.buffer += data[len(data) - len(data) % size :]
        return batch

    def _cut(self, data: bytes, size: int, shape: Shape) -> Batch | None:
        """Return the whole requests of a chunk that has a shape, if this is what it is."""
        layout = layout_of(shape)
        rest = len(data) % size
        if layout is None:
            return None
        if not rest:
            self._layout = layout
            return batch_by(layout, data)
        one = layout_of((1, *shape[1:]))
        return batch_by(layout, data[:-rest]) if one and one.may_begin(data[-rest:]) else None

    def _complete_requests(self, data: bytes) -> list[Request] | None:
        """Return the requests of a chunk, or None if it is not just complete requests."""
        looks_alien = False
        holds_aliens = len(data.translate(None, _ALIENS)) != len(data)
        if holds_aliens:
            if _announces_more(data):
                return None
            looks_alien = _has_alien_line(data) is not None
        if _announces_array(data):
            return None
        reader = self._hiredis
        reader.feed(data)
        # hiredis does not say whether it is in the middle of a request, so let it
        # read on: only at a request's end does it hand this on alone.
        reader.feed(_PROBE)
        try:
            requests: list[Any] = list(iter(reader.gets, False))
            is_at_end = requests.pop() == _PROBED
            b"".join(_flatten(requests))
            if is_at_end and all(requests):
                if holds_aliens and (
                    any(request.__class__ is not list for request in requests)
                    or (looks_alien and _encoded(requests) != data)
                ):
                    return None
                return requests
        except (hiredis.ProtocolError, TypeError, LookupError):
            pass
        self._hiredis = hiredis.Reader()
        return None

    def _feed_unusual(self, data: bytes) -> Iterable[Request]:
        """Go on with a chunk that is not just complete requests, as they are most of the time."""
        # Its end is likely to be the start of a request.
        end = data.rfind(b"\n*") + 1
        requests = self._complete_requests(data[:end]) if end else None
        if requests is None:
            requests, end = [], 0
        return self._followed_by(requests, data[end:])

    def _followed_by(self, requests: list[Request], data: bytes) -> Iterable[Request]:
        """Return requests and those that bytes behind them complete."""
        self.buffer += data
        if not requests:
            return self._patient()
        rest: list[Request] = []
        try:
            rest.extend(self._patient())
        except ProtocolError as error:
            return _ending_with([*requests, *rest], error)
        # A list promises that all its members came as RESP arrays.
        return chain(requests, rest) if rest else requests

    def _patient(self) -> Iterator[Request]:
        """Yield requests one by one, checking every byte that announces something."""
        while self._position < len(self.buffer):
            if self._missing:
                request = self._read_bulks()
            elif self.buffer[self._position] == _STAR:
                request = self._read_multibulk_header()
            else:
                request = self._read_line()
            if request is None:
                break
            if not self._missing:
                self._start = self._position
            if request:
                yield request
        is_small = 0 <= self._position - self._start <= _LARGE_BULK
        # The arguments of a large request need not be kept twice.
        self._forget(self._start if self._start >= 0 and is_small else self._position)

    def _forget(self, count: int) -> None:
        """Drop the buffer's first ``count`` bytes, but keep one while a request is under way."""
        if self._missing:
            # With an empty buffer the next chunk would be taken for a new request:
            # an argument's bytes for a typed line.
            count = min(count, len(self.buffer) - 1)
        del self.buffer[:count]
        self._position -= count
        self._start -= count

    def _take_line(self, too_long: str) -> bytes | None:
        """Return the header line at the position, without CRLF; None if it has not all come."""
        end = self.buffer.find(b"\r", self._position)
        if end < 0:
            if len(self.buffer) - self._position > INLINE_MAX_BYTES:
                raise ProtocolError(too_long)
            return None
        if end + 1 >= len(self.buffer):
            return None
        line = bytes(self.buffer[self._position : end])
        self._position = end + 2
        return line

    def _read_multibulk_header(self) -> Request | None:
        """Read ``*N``; return an empty request to go on, None to wait for more."""
        line = self._take_line("too big mbulk count string")
        if line is None:
            return None
        count = _header_number(line)
        if count is None or count > MULTIBULK_MAX:
            raise ProtocolError("invalid multibulk length")
        if self.limited and count > UNAUTHENTICATED_MAX_ARGUMENTS:
            raise ProtocolError("unauthenticated multibulk length")
        self._missing = max(count, 0)
        return []

    def _read_bulks(self) -> Request | None:
        """Read arguments; return the request if that was the last, None to wait for more."""
        while self._missing:
            if self._bulk < 0 and not self._read_bulk_header():
                return None
            end = self._position + self._bulk
            if len(self.buffer) < end + 2:
                if self._bulk > _LARGE_BULK:
                    self._forget(self._position)
                return None
            self._argv.append(bytes(memoryview(self.buffer)[self._position : end]))
            self._position = end + 2
            self._bulk = -1
            self._missing -= 1
        request, self._argv = self._argv, []
        self._counted = self._argv_bytes = 0
        return request

    def _read_bulk_header(self) -> bool:
        """Read ``$N``; return False to wait for more."""
        line = self._take_line("too big bulk count string")
        if line is None:
            return False
        if line[:1] != b"$":
            first = line[:1] or b"\r"
            raise ProtocolError(b"expected '$', got '%b'" % first)
        length = _header_number(line)
        if length is None or length < 0 or length > self.max_bulk:
            raise ProtocolError("invalid bulk length")
        if self.limited and length > UNAUTHENTICATED_MAX_BULK:
            raise ProtocolError("unauthenticated bulk length")
        self._bulk = length
        return True

    def _read_line(self) -> Request | None:
        """Read a typed line; return an empty request for a blank one."""
        end = self.buffer.find(b"\n", self._position)
        if end < 0:
            if len(self.buffer) - self._position > INLINE_MAX_BYTES:
                raise ProtocolError("too big inline request")
            return None
        line = bytes(self.buffer[self._position : end])
        self._position = end + 1
        if line.endswith(b"\r"):
            line = line[:-1]
        try:
            return TypedRequest(split_args(line))
        except ValueError:
            raise ProtocolError("unbalanced quotes in request") from None


def _ending_with(requests: list[Request], error: ProtocolError) -> Iterator[Request]:
    """Yield the requests, then raise the error."""
    yield from requests
    raise error


def _encoded(requests: list[Request]) -> bytes:
    """Return requests in the one form that clients send."""
    pieces: list[bytes] = []
    for argv in requests:
        pieces.append(b"*%d\r\n" % len(argv))
        pieces += [b"$%d\r\n%b\r\n" % (len(word), word) for word in argv]
    return b"".join(pieces)


def _plain_lines(data: bytes) -> tuple[Request, ...] | Batch:
    """Return the requests of lines whose words stand between blanks, at least one."""
    size = data.find(b"\n") + 1
    if data[size:] == data[:-size]:
        words = data[:size].split()
        count = len(data) // size
        if words:
            return Batch(words[0], count, len(words) - 1, words[1:] * count, typed=True)
    # A tuple, because a list promises RESP arrays.
    return tuple(TypedRequest(words) for words in map(bytes.split, data.split(b"\n")) if words)


def _header_number(line: bytes) -> int | None:
    """Return the number behind the type byte in Redis' strict form, or None."""
    digits = line[2:] if line[1:2] == b"-" else line[1:]
    if not digits.isdigit() or len(digits) > 19:
        return None
    if digits[0] == 48 and (len(digits) > 1 or line[1:2] == b"-"):
        return None
    number = int(line[1:])
    return number if INT64_MIN <= number <= INT64_MAX else None
