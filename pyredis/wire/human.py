"""
Replies for people at a telnet prompt: the short form of PyRedis' founding document.

A string value reads ``+value``, nil ``$-1``, integers and errors as in RESP,
arrays as ``*N`` and such lines. A value that holds CR, LF or a byte that does
not print would break the line, so it falls back to its RESP form, and a client
program that sends typed lines can still read every reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from pyredis.primitives.numbers import format_double, format_human_double
from pyredis.wire.encoder import Append, encode
from pyredis.wire.replies import (
    NULL_ARRAY,
    BigNumber,
    Double,
    HumanDouble,
    Pairs,
    Scored,
    Several,
    Simple,
    Verbatim,
)


def _is_printable(text: bytes) -> bool:
    """Tell whether a text can stand on a line of its own (UTF-8 included)."""
    try:
        return text.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _flat_items(reply: Any) -> list[Any] | None:
    """Return the members of an aggregate, maps and pairs flattened; None for a scalar."""
    if isinstance(reply, dict):
        return list(chain.from_iterable(reply.items()))
    if isinstance(reply, Pairs | Scored):
        return list(chain.from_iterable(reply))
    return reply if isinstance(reply, list) else None


def encode_human(reply: Any, append: Append) -> None:
    """
    Write one reply in the human form.

    Args:
        reply: A value of the reply vocabulary.
        append: Takes each piece of the encoded reply.
    """
    if reply.__class__ is Simple:
        append(reply.wire)
        return
    if isinstance(reply, Several):
        for each in reply:
            encode_human(each, append)
        return
    items = _flat_items(reply)
    if items is not None:
        append(b"*%d\r\n" % len(items))
        for item in items:
            encode_human(item, append)
        return
    if reply is NULL_ARRAY:
        reply = None
    elif isinstance(reply, Double):
        reply = format_double(reply)
    elif isinstance(reply, HumanDouble):
        reply = format_human_double(reply)
    elif isinstance(reply, Verbatim):
        reply = reply.text
    elif isinstance(reply, BigNumber):
        reply = reply.digits
    if isinstance(reply, bytes) and _is_printable(reply):
        append(b"+%b\r\n" % reply)
    else:
        encode(reply, append, 2)


def encoded_human(replies: Sequence[Any]) -> bytes:
    """Return several replies in the human form, as bytes."""
    pieces: list[bytes] = []
    for reply in replies:
        encode_human(reply, pieces.append)
    return b"".join(pieces)
