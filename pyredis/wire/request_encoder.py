"""Requests to bytes, as a client, a primary or the append-only file writes them."""

from __future__ import annotations

from collections.abc import Sequence

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
