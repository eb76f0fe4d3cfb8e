"""
The vocabulary of replies: what a command may return.

``bytes`` is a bulk string, ``int`` an integer, ``None`` the null, ``list`` (or
``tuple``-free nesting of these) an array, ``dict`` a map; the classes below say
the rest. A :class:`~pyredis.errors.RedisError` instance is an error inside an
array. ``str``, ``float``, ``bool``, ``set`` and ``tuple`` are not replies: the
encoder refuses them instead of guessing.

Only :mod:`pyredis.wire.encoder` knows how each looks in RESP2 and RESP3.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import Union

from pyredis.errors import RedisError


class Simple:
    """A status such as ``+OK``; ``wire`` is its ready form, alike in both protocols."""

    __slots__ = ("text", "wire")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.wire = b"+%b\r\n" % text

    def __repr__(self) -> str:
        """Show the text."""
        return f"Simple({self.text!r})"

    def __eq__(self, other: object) -> bool:
        """Two statuses are equal when their texts are."""
        return isinstance(other, Simple) and other.text == self.text

    def __hash__(self) -> int:
        """Hash by text."""
        return hash(self.text)


class Double(float):
    """A score or other double: ``,3.5`` in RESP3, a bulk string in RESP2."""

    __slots__ = ()


class HumanDouble(float):
    """A double with up to 17 decimals and no exponent, such as a coordinate; else as Double."""

    __slots__ = ()


class Boolean(enum.Enum):
    """``#t`` or ``#f`` in RESP3, 1 or 0 in RESP2 (scripts only; commands answer 1 or 0)."""

    TRUE = 1
    FALSE = 0


class SetReply(list[object]):
    """An unordered reply without duplicates: a set in RESP3, an array in RESP2."""

    __slots__ = ()


class Pairs(list[Sequence[object]]):
    """Pairs such as member and score: an array of pairs in RESP3, one flat array in RESP2."""

    __slots__ = ()


class Scored:
    """
    Members and their scores: as Pairs look, but quick to make and to write.

    Iteration gives pairs of a member and a Double.

    Args:
        members: Bulk strings.
        scores: As many, in the same order.
    """

    __slots__ = ("members", "scores")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, members: list[bytes], scores: list[float]) -> None:
        self.members = members
        self.scores = scores

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.members)

    def __iter__(self) -> Iterator[tuple[bytes, Double]]:
        """Iterate over the pairs."""
        return zip(self.members, map(Double, self.scores), strict=True)

    def __eq__(self, other: object) -> bool:
        """It is equal to what has the same pairs in the same order."""
        if isinstance(other, Scored):
            return self.members == other.members and self.scores == other.scores
        return isinstance(other, list) and list(self) == other

    def __repr__(self) -> str:
        """Show the pairs."""
        return f"Scored({list(self)!r})"


class Entries(list[list[object]]):
    """Pairs of a key and something: a map in RESP3 (even of equal keys), nested pairs in RESP2."""

    __slots__ = ()


class Push(list[object]):
    """Out-of-band data: ``>`` in RESP3, an array in RESP2."""

    __slots__ = ()


class Several(list[object]):
    """Replies in a row to one command, such as SUBSCRIBE's one confirmation a channel."""

    __slots__ = ()


class Encoded:
    """A message as one client will receive it, encoded once for all who get it."""

    __slots__ = ("wire",)

    def __init__(self, wire: bytes) -> None:
        self.wire = wire


class Verbatim:
    """Text with a three-letter format (``txt``, ``mkd``): a plain bulk string in RESP2."""

    __slots__ = ("format", "text")

    def __init__(self, text: bytes, format: bytes = b"txt") -> None:
        self.text = text
        self.format = format


class BigNumber:
    """An integer beyond 64 bits, as decimal digits: a bulk string in RESP2."""

    __slots__ = ("digits",)

    def __init__(self, digits: bytes) -> None:
        self.digits = digits


class Special(enum.Enum):
    """Replies that are not values."""

    NULL_ARRAY = "null array"  # *-1 in RESP2, _ in RESP3
    NO_REPLY = "no reply"  # nothing is written (CLIENT REPLY, a push already sent)
    LATER = "later"  # the client waits; Client.answer() brings the reply


NULL_ARRAY = Special.NULL_ARRAY
NO_REPLY = Special.NO_REPLY
LATER = Special.LATER

OK = Simple(b"OK")
QUEUED = Simple(b"QUEUED")
PONG = Simple(b"PONG")

Reply = Union[
    bytes,
    int,
    None,
    Simple,
    Double,
    HumanDouble,
    Boolean,
    "list[Reply]",
    "dict[Reply, Reply]",
    SetReply,
    Pairs,
    Scored,
    Entries,
    Push,
    Several,
    Encoded,
    Verbatim,
    BigNumber,
    Special,
    RedisError,
]
