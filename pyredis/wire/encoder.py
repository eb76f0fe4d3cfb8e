"""
Values to bytes: the one place that knows RESP2 from RESP3.

The dispatcher writes the commonest replies (bulk, status, integer, null)
itself; everything else passes :func:`encode`. Arrays of bulk strings, the big
replies of real life, are joined at C speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from pyredis.errors import RedisError
from pyredis.primitives.numbers import format_double, format_human_double
from pyredis.wire.replies import (
    NO_REPLY,
    NULL_ARRAY,
    BigNumber,
    Boolean,
    Double,
    Encoded,
    Entries,
    HumanDouble,
    Pairs,
    Push,
    Scored,
    SetReply,
    Several,
    Simple,
    Special,
    Verbatim,
)

Append = Callable[[bytes], object]

CRLF = b"\r\n"
_NOTHING = (b"", 0)
LARGE_BULK = 1024
"""From this length on, the heads of bulk strings are not kept ready."""

BULK_HEADS = [b"$%d\r\n" % length for length in range(LARGE_BULK)]
SMALL_INTEGERS = [b":%d\r\n" % number for number in range(LARGE_BULK)]
# The end of one bulk string and the head of the next, by the next one's length.
_BETWEEN = [CRLF + head for head in BULK_HEADS]
_between = _BETWEEN.__getitem__


def _bulk_body(items: Iterable[bytes]) -> bytes:
    """
    Join bulk strings, each with its head, as the inside of an array.

    Raises:
        TypeError: An item is no bytes-like object.
    """
    return _bulks(items)[0]


def _bulks(items: Iterable[bytes], only_even: bool = False) -> tuple[bytes, int]:
    """Join bulk strings; see `encoded_each`."""
    lengths = list(map(len, items))
    first = lengths[0]
    if lengths.count(first) == len(lengths):
        head = b"\r\n$%d\r\n" % first
        return head[2:] + head.join(items) + CRLF, len(head) + first
    if only_even:
        return _NOTHING
    try:
        body = b"".join(chain.from_iterable(zip(map(_between, lengths), items, strict=True)))
    except IndexError:
        heads = [b"\r\n$%d\r\n" % length for length in lengths]
        body = b"".join(chain.from_iterable(zip(heads, items, strict=True)))
    return body[2:] + CRLF, 0


def _encode_items(items: Iterable[Any], append: Append, resp: int) -> None:
    """Write the members of an aggregate one after another."""
    for item in items:
        kind = item.__class__
        if kind is bytes:
            append(b"$%d\r\n%b\r\n" % (len(item), item))
        elif kind is list:
            _encode_list(item, append, resp)
        elif kind is int:
            append(b":%d\r\n" % item)
        elif kind is Double:
            _encode_double(item, append, resp)
        else:
            encode(item, append, resp)


_FEW = 3
_STRINGS: frozenset[Any] = frozenset({bytes, bytearray})


def _encode_list(reply: list[Any], append: Append, resp: int, kind: bytes = b"*") -> None:
    """Write an array, or with another ``kind`` a set or push, of any members."""
    size = len(reply)
    if size == 2 and kind == b"*":
        first, second = reply
        if first.__class__ is bytes:
            # Entries of streams, members with scores, fields with values.
            if second.__class__ is bytes:
                both = (len(first), first, len(second), second)
                append(b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % both)
                return
            if second.__class__ is list:
                append(b"*2\r\n$%d\r\n%b\r\n" % (len(first), first))
                _encode_list(second, append, resp)
                return
            if second.__class__ is Double:
                append(_encoded_pair(first, second, resp))
                return
    head = b"%b%d\r\n" % (kind, size)
    if not reply:
        append(head)
        return
    # A look at both ends saves most arrays that are not of strings a costly exception.
    if reply[0].__class__ in _STRINGS and reply[-1].__class__ in _STRINGS:
        try:
            append(head + _bulk_body(reply))
            return
        except TypeError:
            pass
    elif size > _FEW and reply[0].__class__ is list is reply[-1].__class__:
        body = _rows_body(reply)
        if body is not None:
            append(head)
            append(body)
            return
    append(head)
    _encode_items(reply, append, resp)


def _rows_body(reply: list[list[Any]]) -> bytes | None:
    """
    Join arrays of a string and an array of strings each, as the inside of an array.

    Returns:
        None if they are anything else than that, or of different lengths.
    """
    try:
        names, rows = zip(*reply, strict=True)
        columns = [*zip(*rows, strict=True)]
        if bytes in {*map(type, rows)}:
            return None
        pieces: list[Iterable[bytes]] = [repeat(b"\r\n*2"), map(_between, map(len, names)), names]
        pieces.append(repeat(b"\r\n*%d" % len(columns)))
        for column in columns:
            pieces += (map(_between, map(len, column)), column)
        return b"".join(chain.from_iterable(zip(*pieces, strict=False)))[2:] + CRLF
    except (IndexError, TypeError, ValueError):
        return None


def _encoded_pair(member: bytes, score: Double, resp: int) -> bytes:
    """Return an array of a member and its score."""
    text = format_double(score)
    if resp == 3:
        return b"*2\r\n$%d\r\n%b\r\n,%b\r\n" % (len(member), member, text)
    return b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(member), member, len(text), text)


def _encode_set(reply: SetReply, append: Append, resp: int) -> None:
    _encode_list(reply, append, resp, b"~" if resp == 3 else b"*")


def _encode_push(reply: Push, append: Append, resp: int) -> None:
    _encode_list(reply, append, resp, b">" if resp == 3 else b"*")


def _encode_several(reply: Several, append: Append, resp: int) -> None:
    _encode_items(reply, append, resp)


def _encode_encoded(reply: Encoded, append: Append, resp: int) -> None:
    append(reply.wire)


def _encode_dict(reply: dict[Any, Any], append: Append, resp: int) -> None:
    head = b"%%%d\r\n" % len(reply) if resp == 3 else b"*%d\r\n" % (2 * len(reply))
    flat = list(chain.from_iterable(reply.items()))
    if flat and flat[1].__class__ in _STRINGS and flat[-1].__class__ in _STRINGS:
        try:
            append(head + _bulk_body(flat))
            return
        except TypeError:
            pass
    append(head)
    _encode_items(flat, append, resp)


def _encode_pairs(reply: Pairs, append: Append, resp: int) -> None:
    if resp == 3:
        append(b"*%d\r\n" % len(reply))
        for pair in reply:
            append(b"*%d\r\n" % len(pair))
            _encode_items(pair, append, resp)
    else:
        append(b"*%d\r\n" % sum(map(len, reply)))
        _encode_items(chain.from_iterable(reply), append, resp)


_PLAIN_INT_LIMIT = 1 << 62

# Whole numbers are left out: they are quick to write, and -0.0 would be found as 0.0.
_format_fraction = lru_cache(maxsize=8192)(format_double)


def _score_texts(scores: list[float]) -> list[bytes]:
    """Write doubles; whole numbers, the commonest scores, all at once."""
    try:
        wholes = list(map(int, scores))
    except (OverflowError, ValueError):
        return list(map(format_double, scores))
    if wholes == scores:
        if min(wholes) > 0 and max(wholes) < _PLAIN_INT_LIMIT:
            return repr(wholes)[1:-1].encode("ascii").split(b", ")
        return list(map(format_double, scores))
    return [
        _format_fraction(score) if whole != score else format_double(score)
        for whole, score in zip(wholes, scores, strict=True)
    ]


def _encode_scored(reply: Scored, append: Append, resp: int) -> None:
    members = reply.members
    count = len(members)
    if not count:
        append(b"*0\r\n")
        return
    texts = _score_texts(reply.scores)
    if resp == 3:
        append(b"*%d\r\n" % count)
        for member, text in zip(members, texts, strict=True):
            append(b"*2\r\n$%d\r\n%b\r\n,%b\r\n" % (len(member), member, text))
    else:
        flat = [b""] * (2 * count)
        flat[::2] = members
        flat[1::2] = texts
        append(b"*%d\r\n" % (2 * count) + _bulk_body(flat))


def _encode_entries(reply: Entries, append: Append, resp: int) -> None:
    if resp == 3:
        append(b"%%%d\r\n" % len(reply))
        for entry in reply:
            _encode_items(entry, append, resp)
    else:
        append(b"*%d\r\n" % len(reply))
        _encode_items(reply, append, resp)


def _encode_human_double(reply: HumanDouble, append: Append, resp: int) -> None:
    text = format_human_double(reply)
    append(b",%b\r\n" % text if resp == 3 else b"$%d\r\n%b\r\n" % (len(text), text))


def _encode_double(reply: Double, append: Append, resp: int) -> None:
    text = format_double(reply)
    append(b",%b\r\n" % text if resp == 3 else b"$%d\r\n%b\r\n" % (len(text), text))


def _encode_bytes(reply: bytes, append: Append, resp: int) -> None:
    append(b"$%d\r\n%b\r\n" % (len(reply), reply))


def _encode_int(reply: int, append: Append, resp: int) -> None:
    append(b":%d\r\n" % reply)


def _encode_none(reply: None, append: Append, resp: int) -> None:
    append(b"_\r\n" if resp == 3 else b"$-1\r\n")


def _encode_simple(reply: Simple, append: Append, resp: int) -> None:
    append(reply.wire)


def _encode_boolean(reply: Boolean, append: Append, resp: int) -> None:
    true = reply is Boolean.TRUE
    if resp == 3:
        append(b"#t\r\n" if true else b"#f\r\n")
    else:
        append(b":1\r\n" if true else b":0\r\n")


def _encode_verbatim(reply: Verbatim, append: Append, resp: int) -> None:
    if resp == 3:
        append(b"=%d\r\n%b:%b\r\n" % (len(reply.text) + 4, reply.format, reply.text))
    else:
        _encode_bytes(reply.text, append, resp)


def _encode_big_number(reply: BigNumber, append: Append, resp: int) -> None:
    if resp == 3:
        append(b"(%b\r\n" % reply.digits)
    else:
        _encode_bytes(reply.digits, append, resp)


def _encode_special(reply: Special, append: Append, resp: int) -> None:
    if reply is NULL_ARRAY:
        append(b"_\r\n" if resp == 3 else b"*-1\r\n")
    elif reply is not NO_REPLY:
        raise TypeError(f"{reply} cannot be written")


def _encode_error(reply: RedisError, append: Append, resp: int) -> None:
    append(b"-%b\r\n" % reply.text)


_ENCODERS: dict[type, Callable[[Any, Append, int], None]] = {
    bytes: _encode_bytes,
    int: _encode_int,
    type(None): _encode_none,
    Simple: _encode_simple,
    list: _encode_list,
    dict: _encode_dict,
    Double: _encode_double,
    Boolean: _encode_boolean,
    SetReply: _encode_set,
    Pairs: _encode_pairs,
    Scored: _encode_scored,
    Entries: _encode_entries,
    HumanDouble: _encode_human_double,
    Push: _encode_push,
    Several: _encode_several,
    Encoded: _encode_encoded,
    Verbatim: _encode_verbatim,
    BigNumber: _encode_big_number,
    Special: _encode_special,
}


def encode(reply: object, append: Append, resp: int) -> None:
    """
    Write one reply.

    Args:
        reply: A value of the reply vocabulary.
        append: Takes each piece of the encoded reply.
        resp: The client's protocol version, 2 or 3.

    Raises:
        TypeError: ``reply`` is not of the vocabulary.
    """
    encoder = _ENCODERS.get(reply.__class__)
    if encoder is not None:
        encoder(reply, append, resp)
    elif isinstance(reply, RedisError):
        _encode_error(reply, append, resp)
    else:
        raise TypeError(f"{type(reply).__name__} is not a reply")


def encoded(reply: Any, resp: int) -> bytes:
    """Return one reply as bytes."""
    kind = reply.__class__
    if kind is bytes:
        length = len(reply)
        if length < LARGE_BULK:
            bulk: bytes = BULK_HEADS[length] + reply + CRLF
            return bulk
        # Copied once; the form would grow on the way.
        return b"".join((b"$%d\r\n" % length, reply, CRLF))
    if kind is Simple:
        wire: bytes = reply.wire
        return wire
    if kind is int:
        return b":%d\r\n" % reply
    if kind is list and len(reply) == 2 and reply[1].__class__ is Double:
        member, score = reply
        if member.__class__ is bytes:
            return _encoded_pair(member, score, resp)
    pieces: list[bytes] = []
    encode(reply, pieces.append, resp)
    return b"".join(pieces)


def encoded_each(replies: list[Any], resp: int, only_even: bool = False) -> tuple[bytes, int]:
    """
    Return several replies, at least one, as bytes; fast where all are alike.

    Args:
        replies: The replies.
        resp: The protocol's version.
        only_even: Whether they are of use in one piece only if they can be cut out of it.

    Returns:
        All of them, and how many bytes each is. If they differ in that, or it is not
        known, it is 0, and nothing is encoded in vain.
    """
    first = replies[0]
    kind = first.__class__
    count = len(replies)
    if [*map(type, replies)].count(kind) == count:
        if kind is bytes:
            return _bulks(replies, only_even)
        if kind is int:
            return _encoded_integers(replies, only_even)
        if kind is Simple and replies.count(first) == count:
            return first.wire * count, len(first.wire)
        if replies[-1] is first and all(reply is first for reply in replies):
            wire = encoded(first, resp)
            return wire * count, len(wire)
        if only_even:
            return _NOTHING
        if kind is Double:
            texts = _score_texts(replies)
            wire = _bulk_body(texts) if resp == 2 else b",%b\r\n" * count % tuple(texts)
            return wire, 0
        if kind is list and first and {*map(len, replies)} == {len(first)}:
            encode_rows = _encoded_strings if first[-1].__class__ is bytes else _encoded_pairs
            wire = encode_rows(replies, resp)
            if wire:
                return wire, 0
    if only_even:
        return _NOTHING
    pieces: list[bytes] = []
    _encode_items(replies, pieces.append, resp)
    return b"".join(pieces), 0


def _encoded_integers(numbers: list[int], only_even: bool) -> tuple[bytes, int]:
    """Return integers as bytes; see `encoded_each`."""
    count = len(numbers)
    least, most = min(numbers), max(numbers)
    wire = b":%d\r\n" % most
    if least == most:
        return wire * count, len(wire)
    width = len(wire) if least >= 0 and len(b"%d" % least) == len(wire) - 3 else 0
    if only_even and not width:
        return _NOTHING
    if least >= 0 and most < LARGE_BULK:
        return b"".join(itemgetter(*numbers)(SMALL_INTEGERS)), width
    return b":%d\r\n" * count % tuple(numbers), width


def _encoded_strings(replies: list[list[Any]], resp: int) -> bytes:
    """Return arrays of as many strings each, all of one length, as bytes; nothing for others."""
    strings = [*chain.from_iterable(replies)]
    if [*map(type, strings)].count(bytes) != len(strings):
        return b""
    lengths = [*map(len, strings)]
    if lengths.count(lengths[0]) != len(lengths):
        return b""
    row = b"*%d\r\n" % len(replies[0]) + b"$%d\r\n%%b\r\n" % lengths[0] * len(replies[0])
    return row * len(replies) % tuple(strings)


def _encoded_pairs(replies: list[list[Any]], resp: int) -> bytes:
    """Return arrays as bytes, if each is a member of moderate length and its score."""
    if len(replies[0]) != 2:
        return b""
    members, scores = zip(*replies, strict=True)
    if {*map(type, members)} != {bytes} or {*map(type, scores)} != {Double}:
        return b""
    texts = _score_texts(list(scores))
    try:
        heads = map(_between, map(len, members))
        score_heads = repeat(b"\r\n,") if resp == 3 else map(_between, map(len, texts))
        columns = zip(repeat(b"*2"), heads, members, score_heads, texts, repeat(CRLF), strict=False)
        return b"".join(chain.from_iterable(columns))
    except IndexError:
        return b""
