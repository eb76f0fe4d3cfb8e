"""
Pipelines whose requests are alike: one command, the same number of arguments.

Programs that load or read much send the same command over and over, mostly with
arguments of the same few lengths. Such a chunk is cut by its layout
(:mod:`pyredis.wire.layouts`).

A :class:`Batch` gives the arguments by column, the form in which a command can
work on all of them at once (:func:`pyredis.execution.table.in_batch`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter

from pyredis.wire.layouts import Layout, Shape, layout_of

SMALL_REQUEST = 2048
LARGEST_REQUEST = 16 * 1024
"""A request with so many bytes or more is not worth a layout."""

_LARGEST_CHUNK = 256 * 1024
_LEAST_REQUEST = len(b"*1\r\n$0\r\n\r\n")
SMALL_HEADS = [b"$%d" % length for length in range(SMALL_REQUEST)]
"""What announces the arguments of a request of less than `SMALL_REQUEST` bytes."""

# How many line ends a request has that begins so. None that is cut at its lines'
# ends has more: it is faster done by hiredis.
_LINE_ENDS = {b"*%d" % words: 2 * words + 1 for words in range(1, 128)}

# Of so many chunks of so many bytes each: the layout they had last, as the next ones will.
_layouts_seen: dict[tuple[int, int], Layout] = {}
_MOST_SEEN = 256

_NEWLINE = ord("\n")
_STAR = ord("*")
# What may begin a RESP array, or be quoted or strange in a typed line.
_NOT_PLAIN = b"*\"'\\\0"


class TypedRequest(list[bytes]):
    """A request that came as a line, typed by a person or a very simple program."""

    __slots__ = ()


class Batch:
    """
    Requests of one command with as many arguments each.

    Args:
        name: The command, as it was spelled.
        count: How many requests.
        width: How many arguments each has.
        words: The arguments of the first request, then those of the second, and so on.
        typed: Whether they came as lines.
        wire: All of them as they came, if as arrays; None if that is not at hand.
    """

    __slots__ = ("count", "name", "typed", "width", "wire", "words")

    def __init__(
        self,
        name: bytes,
        count: int,
        width: int,
        words: Sequence[bytes],
        typed: bool = False,
        wire: bytes | None = None,
    ) -> None:
        self.name = name
        self.count = count
        self.width = width
        self.words = words
        self.typed = typed
        self.wire = wire

    @property
    def columns(self) -> Sequence[Sequence[bytes]]:
        """The first arguments of all requests, the second ones, and so on."""
        words, width = self.words, self.width
        return (words,) if width == 1 else [words[place::width] for place in range(width)]

    def __iter__(self) -> Iterator[list[bytes]]:
        return self.requests()

    def behind(self, start: int) -> Batch:
        """Return the requests from the one numbered ``start`` on, as a batch of its own."""
        words = self.words[start * self.width :]
        return Batch(self.name, self.count - start, self.width, words, self.typed)

    def requests(self, start: int = 0) -> Iterator[list[bytes]]:
        """Iterate over the requests from the one numbered ``start`` on."""
        columns = [column[start:] for column in self.columns] if start else self.columns
        kind = TypedRequest if self.typed else list
        return map(kind, zip(repeat(self.name, self.count - start), *columns, strict=True))


def batch_by(layout: Layout, data: bytes) -> Batch | None:
    """Return the requests of a chunk that is as long as a layout, None if it has another."""
    words = layout.cut(data)
    if words is None:
        return None
    count, name, lengths = layout.shape
    return Batch(name, count, len(lengths), words, wire=data)


def batch_of_one(data: bytes, size: int) -> Batch | None:
    """
    Return the whole requests of a chunk if they are the same one again and again.

    Args:
        data: The chunk.
        size: Where the second one begins.
    """
    if data[size:] != data[:-size]:
        return None
    words = _split_again(data[:size])
    if words is None:
        return None
    count = len(data) // size
    return Batch(words[0], count, len(words) - 1, words[1:] * count, wire=data[: count * size])


def batch_of_chunks(chunks: Sequence[bytes]) -> tuple[Batch, Sequence[int]] | None:
    """
    Return the requests of small chunks if all are alike.

    Returns:
        All their requests, and how many of them each chunk is; None if they are not
        alike, or a chunk is not whole requests.
    """
    first = chunks[0]
    number = len(chunks)
    data = b"".join(chunks)
    if chunks.count(first) == number:
        times, words = _again_and_again(first)
        if words is not None:
            is_typed = words.__class__ is TypedRequest
            wire = None if is_typed else data
            count = times * number
            batch = Batch(words[0], count, len(words) - 1, words[1:] * count, is_typed, wire)
            return batch, [times] * number
    length = len(first)
    are_even = [*map(len, chunks)].count(length) == number
    if are_even:
        layout = _layouts_seen.get((number, length))
        seen = batch_by(layout, data) if layout else None
        if seen is not None:
            return seen, [seen.count // number] * number
    return _cut_anew(chunks, data, are_even)


@lru_cache(maxsize=64)
def _again_and_again(chunk: bytes) -> tuple[int, list[bytes] | None]:
    """Return how often a chunk holds its first request, and its words; None if something else."""
    size = size_of_first(chunk)
    times, rest = divmod(len(chunk), size)
    if rest or size >= LARGEST_REQUEST or chunk[size:] != chunk[:-size]:
        return 0, None
    return times, split_request(chunk[:size]) or words_of_line(chunk[:size])


def _cut_anew(
    chunks: Sequence[bytes], data: bytes, are_even: bool
) -> tuple[Batch, Sequence[int]] | None:
    """Find out the layout of chunks; see `batch_of_chunks`."""
    size = size_of_first(chunks[0])
    shape = None if len(data) % size else shape_of(data, size)
    layout = layout_of(shape) if shape else None
    if layout is None:
        return None
    batch = batch_by(layout, data)
    if batch is None:
        return None
    counts = [length // size for length in map(len, chunks)]
    if sum(counts) != batch.count:
        return None  # a request begins in one chunk and ends in the next
    if are_even:
        if len(_layouts_seen) >= _MOST_SEEN:
            _layouts_seen.clear()
        _layouts_seen[len(chunks), len(chunks[0])] = layout
    return batch, counts


def size_of_first(data: bytes) -> int:
    """
    Return how long the first request of a chunk seems to be, if the next one is like it.

    What is longer than `LARGEST_REQUEST` is taken for one request.
    """
    if data[0] != _STAR:
        return data.find(b"\n") + 1 or len(data)
    # With as many arguments: an asterisk alone may be an argument (XADD).
    size = data.find(b"\r\n" + data[:4], _LEAST_REQUEST - 2, LARGEST_REQUEST + 4) + 2
    return size if size > 1 else len(data)


def shape_of(data: bytes, size: int) -> Shape | None:
    """
    Return what a chunk consists of if all its whole requests are like the first.

    Args:
        data: The chunk.
        size: Where the second one begins.
    """
    if size >= LARGEST_REQUEST or len(data) > _LARGEST_CHUNK:
        return None
    words = split_request(data[:size])
    if words is None:
        return None
    return len(data) // size, words[0], tuple(map(len, words[1:]))


def split_request(data: bytes) -> list[bytes] | None:
    """
    Return the words of one request of less than `LARGEST_REQUEST` bytes that is alone, or None.

    It is cut at every line's end, which tells as much as a parser does if each
    header fits the line behind it, and takes half the time.
    """
    ends = _LINE_ENDS.get(data[: data.find(b"\r\n")])
    return words_of(data.split(b"\r\n", ends)) if ends else None


def words_of(lines: list[bytes]) -> list[bytes] | None:
    """Return the words of such a request cut at its lines' ends; None if its headers do not fit."""
    words = lines[2:-1:2]
    if lines[-1] or len(lines) != 2 * len(words) + 2 or lines[0] != b"*%d" % len(words):
        return None
    try:
        heads = [SMALL_HEADS[len(word)] for word in words]
    except IndexError:
        heads = [b"$%d" % len(word) for word in words]
    return words if words and lines[1:-1:2] == heads else None


def holds_plain_lines(data: bytes) -> bool:
    """Tell whether a chunk is whole typed lines whose words stand between blanks, no more."""
    return data[-1] == _NEWLINE and len(data.translate(None, _NOT_PLAIN)) == len(data)


def words_of_line(data: bytes) -> TypedRequest | None:
    """Return the words of a chunk that is one plain line; None if it is anything else."""
    if data.find(b"\n") != len(data) - 1 or not holds_plain_lines(data):
        return None
    return TypedRequest(data.split()) or None


# What is sent again and again within a chunk is likely to be sent in the next one, too.
_split_again = lru_cache(maxsize=64)(split_request)


def batch_of(requests: Sequence[Sequence[bytes]]) -> Batch | None:
    """Return requests by column if all are alike, and at least two."""
    count = len(requests)
    first = requests[0]
    name = first[0]
    if count < 2 or requests[-1][0] != name or requests[1][0] != name:
        return None
    if {*map(len, requests)} != {len(first)}:
        return None
    if [*map(itemgetter(0), requests)].count(name) != count:
        return None
    words = [*chain.from_iterable(requests)]
    width = len(first) - 1
    del words[:: width + 1]
    return Batch(name, count, width, words)
