"""
Small sorted sets as one ``bytes`` each, for those that nobody is using.

A head of three bytes (how scores are written, how many there are, what parts
the members), the scores as an array of the smallest type that holds them all,
and the members joined. It is made and read at C speed: ten members take half
a microsecond either way.

A set that was found as a listpack in a file stays that until it is used, so that
it can be saved as it is.
"""

from __future__ import annotations

from array import array

from pyredis.datatypes.listpacks import read_listpack

PACK_MAX = 128  # members of a set that is worth packing
_PACK_BYTES = 16384  # larger members than make this gain nothing by it
_CODES = {code: array(code).itemsize for code in "bhid"}  # how scores may be written
_SEPARATORS = (b"\0", b"\n", b"\xff", b"|", b"\x01", b"\xfe")


def pack(scores: list[float], members: list[bytes]) -> bytes | None:
    """Return scores and members as one ``bytes``, or None if that cannot or should not be."""
    size = len(members)
    if size > PACK_MAX:
        return None
    for separator in _SEPARATORS:
        joined = separator.join(members)
        if joined.count(separator) == size - 1:
            break
    else:
        return None
    if len(joined) > _PACK_BYTES:
        return None
    code, numbers = _compact(scores)
    head = b"%c%c%b" % (ord(code), size, separator)
    return b"".join((head, array(code, numbers), joined))


def _compact(scores: list[float]) -> tuple[str, list[int] | list[float]]:
    """Return the code of the smallest array that holds ascending scores, and what goes into it."""
    low, high = scores[0], scores[-1]
    if low >= -2147483648.0 and high <= 2147483647.0:
        whole = list(map(int, scores))
        if whole == scores:
            if low >= -128 and high <= 127:
                return "b", whole
            if low >= -32768 and high <= 32767:
                return "h", whole
            return "i", whole
    return "d", scores


class FoundListpack(bytes):
    """Members in order and their scores, plain decimal numbers, in turn: checked, and not empty."""

    __slots__ = ()


def keep(listpack: bytes) -> bytes | None:
    """Return a listpack that was checked as the packed form of its set, None if it is too large."""
    is_small = listpack[4] | listpack[5] << 8 <= 2 * PACK_MAX and len(listpack) <= _PACK_BYTES
    return FoundListpack(listpack) if is_small else None


def packed_size(packed: bytes) -> int:
    """Return how many members were packed."""
    if packed.__class__ is FoundListpack:
        return (packed[4] | packed[5] << 8) // 2
    return packed[1]


def unpack(packed: bytes) -> tuple[list[float], list[bytes]]:
    """Return the scores and the members that were packed."""
    if packed.__class__ is FoundListpack:
        entries = read_listpack(packed)
        # A listpack knows no minus zero.
        return [float(text) or 0.0 for text in entries[1::2]], entries[::2]
    code = chr(packed[0])
    end = 3 + packed[1] * _CODES[code]
    scores: list[float] = memoryview(packed)[3:end].cast(code).tolist()  # type: ignore[call-overload]
    if code != "d":
        scores = list(map(float, scores))
    return scores, packed[end:].split(packed[2:3])
