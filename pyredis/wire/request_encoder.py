"""Requests to bytes, as a client, a primary or the append-only file writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from pyredis.wire.encoder import BULK_HEADS, CRLF


def encode_request(argv: Sequence[bytes]) -> bytes:
    """Write a request as an array of bulk strings."""
    heads = BULK_HEADS
    try:
        if len(argv) == 3:
            name, key, value = argv
            # Most of what is ever written: without a list in between.
            return b"".join(
                (
                    b"*3\r\n",
                    heads[len(name)],
                    name,
                    CRLF,
                    heads[len(key)],
                    key,
                    CRLF,
                    heads[len(value)],
                    value,
                    CRLF,
                )
            )
        pieces = [b"*%d\r\n" % len(argv)]
        for word in argv:
            pieces += (heads[len(word)], word, CRLF)
    except IndexError:  # a word too long for the heads that are kept ready
        pieces = [b"*%d\r\n" % len(argv)]
        for word in argv:
            pieces += (b"$%d\r\n" % len(word), word, CRLF)
    return b"".join(pieces)


def encode_alike(words: Sequence[bytes], columns: Sequence[Sequence[bytes]]) -> bytes:
    """
    Write requests of one command that have as many arguments each.

    Args:
        words: What all of them begin with: the command's name.
        columns: The arguments behind it: the first ones of all requests, the second
            ones and so on; at least one.
    """
    count = len(columns[0])
    before = b"*%d\r\n" % (len(words) + len(columns))
    before += b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])
    pieces: list[Iterable[bytes]] = []
    for column in columns:
        lengths = [*map(len, column)]
        if lengths.count(lengths[0]) == count:
            pieces.append(repeat(b"%b$%d\r\n" % (before, lengths[0]), count))
        else:
            pieces.append([b"%b$%d\r\n" % (before, length) for length in lengths])
        pieces.append(column)
        before = CRLF
    pieces.append(repeat(CRLF, count))
    return b"".join(chain.from_iterable(zip(*pieces, strict=True)))
