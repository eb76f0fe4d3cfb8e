"""
String values: ``bytes``, ``int`` or ``bytearray``.

There is no class for a string, since a wrapper would cost more memory than
most values.  ``bytes`` is what clients set, ``int`` the result of INCR and its
like (Redis's int encoding), ``bytearray`` one that has been changed in place:
APPEND, SETRANGE and SETBIT turn a value into one, and go on in it at the cost
of what they change only.  :class:`PrintedNumber` is a kind of ``bytes`` that only
OBJECT ENCODING can tell from others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from pyredis.datatypes.encodings import is_integer

StringValue: TypeAlias = bytes | int | bytearray

_EMBEDDED_BYTES = 44  # longer strings do not fit into one allocation with Redis's object


class PrintedNumber(bytes):
    """The text of an integer that is stored as a text: INCRBYFLOAT does not look what it prints."""

    __slots__ = ()


SHORT_BYTES = 8
"""Values of so many bytes or fewer are shared."""

_MOST_SHARED = 10_000


class SharedStrings(dict[bytes, bytes]):
    """
    One object for each short value that many keys have: flags, states, small numbers.

    An object of three bytes takes 48. As Redis shares integers below 10,000, keys
    share what is here; and who reads one of many keys finds it in the processor's
    cache. What comes after ten thousand others begins anew.
    """

    __slots__ = ()

    def __missing__(self, value: bytes) -> bytes:
        """Return the value itself, and keep it for others if it is short."""
        if len(value) <= SHORT_BYTES:
            if len(self) >= _MOST_SHARED:
                self.clear()
            self[value] = value
        return value

    def of(self, value: bytes) -> bytes:
        """Return the object to store for a value."""
        return self[value] if len(value) <= SHORT_BYTES else value

    def of_each(self, values: Sequence[bytes]) -> Sequence[bytes]:
        """Return the objects to store for values; it is worth it if the first one is short."""
        first = values[0]
        if len(first) > SHORT_BYTES:
            return values
        if values[-1] == first and values.count(first) == len(values):
            return [self[first]] * len(values)
        return [*map(self.__getitem__, values)]


def from_float(text: bytes) -> bytes:
    """Return the value that INCRBYFLOAT stores for what it printed."""
    return PrintedNumber(text) if is_integer(text) else text


def to_bytes(value: StringValue) -> bytes:
    """Return the bytes of a string value, as clients read them."""
    if type(value) is bytes:
        return value
    if type(value) is int:
        return b"%d" % value
    return bytes(value)


def string_length(value: StringValue) -> int:
    """Return how many bytes clients would read."""
    return len(str(value)) if isinstance(value, int) else len(value)


def encoding_of(value: StringValue) -> str:
    """Return what OBJECT ENCODING calls the value."""
    if isinstance(value, int):
        return "int"
    if isinstance(value, bytearray):
        return "raw"
    size = len(value)
    if size <= 20 and is_integer(value) and not isinstance(value, PrintedNumber):
        return "int"
    return "embstr" if size <= _EMBEDDED_BYTES else "raw"


def to_buffer(value: StringValue) -> bytearray:
    """Return a value to be changed in place: itself if it is one already."""
    return value if isinstance(value, bytearray) else bytearray(to_bytes(value))


def copy_string(value: StringValue) -> StringValue:
    """Return a value that does not change with the given one."""
    return value[:] if isinstance(value, bytearray) else value


def append(value: StringValue, tail: bytes) -> bytearray:
    """Return the value with ``tail`` behind it; changed in place if it can be."""
    buffer = to_buffer(value)
    buffer += tail
    return buffer


def set_range(value: StringValue, offset: int, data: bytes) -> bytearray:
    """Return the value with ``data`` from ``offset`` on, with zero bytes where it was shorter."""
    buffer = to_buffer(value)
    missing = offset - len(buffer)
    if missing > 0:
        buffer += bytes(missing)
    buffer[offset : offset + len(data)] = data
    return buffer


def get_range(value: StringValue, start: int, end: int) -> bytes:
    """Return the bytes from ``start`` to ``end``, both included, negative ones from the end."""
    data = to_bytes(value) if isinstance(value, int) else value
    size = len(data)
    if start < 0:
        if start > end and end < 0:
            # Before they are bound to the string, as Redis does.
            return b""
        start = max(start + size, 0)
    if end < 0:
        end = max(end + size, 0)
    part = data[start : end + 1]
    return part if type(part) is bytes else bytes(part)


class Match(NamedTuple):
    """A run of bytes two strings share: first and last index in each."""

    first_start: int
    first_end: int
    second_start: int
    second_end: int

    @property
    def length(self) -> int:
        """How many bytes are shared."""
        return self.first_end - self.first_start + 1


class CommonSubsequence(NamedTuple):
    """A longest common subsequence, and where its runs are, the last one first."""

    text: bytes
    matches: list[Match]


def lcs_table_bytes(first: bytes, second: bytes) -> int:
    """
    Return how much memory Redis takes for the longest common subsequence of two strings.

    Ours takes a thirtieth of it, but what Redis refuses for it is to be refused.
    """
    return (len(first) + 1) * (len(second) + 1) * 4


def _places(text: bytes) -> dict[int, int]:
    """Return for each byte an integer with a bit set wherever the byte is in the text."""
    size = (len(text) + 7) // 8
    marks: dict[int, bytearray] = {}
    for place, byte in enumerate(text):
        marks.setdefault(byte, bytearray(size))[place >> 3] |= 1 << (place & 7)
    return {byte: int.from_bytes(mark, "little") for byte, mark in marks.items()}


def lcs_length(first: bytes, second: bytes) -> int:
    """
    Return the length of the longest common subsequence of two strings.

    This is Redis's table with a row of it in one big integer: bit ``j`` of a
    row is clear where the number in column ``j + 1`` is one more than the one
    before it.  A row follows from the last one by one addition.
    """
    every = row = (1 << len(second)) - 1
    places = _places(second)
    for byte in first:
        here = places.get(byte)
        if here:
            common = row & here
            row = (row + common | row - common) & every
    return len(second) - row.bit_count()


def longest_common_subsequence(first: bytes, second: bytes) -> CommonSubsequence:
    """Return the very one of the longest common subsequences that Redis returns."""
    every = row = (1 << len(second)) - 1
    places = _places(second)
    rows: list[int] = []
    for byte in first:
        here = places.get(byte)
        if here:
            common = row & here
            row = (row + common | row - common) & every
        rows.append(row)
    return _walk_back(first, second, rows)


def _walk_back(first: bytes, second: bytes, rows: list[int]) -> CommonSubsequence:
    """Go from the last corner of the table to the first one, as Redis does where there is a tie."""
    text = bytearray()
    matches: list[Match] = []
    run = 0
    size = (len(second) + 7) // 8
    i, j = len(first), len(second)
    bits = b""
    bits_of = -1
    while i and j:
        if first[i - 1] == second[j - 1]:
            text.append(first[i - 1])
            run += 1
            i -= 1
            j -= 1
            continue
        if run:
            matches.append(Match(i, i + run - 1, j, j + run - 1))
            run = 0
        if bits_of != i:
            bits = rows[i - 1].to_bytes(size, "little")
            bits_of = i
        if bits[(j - 1) >> 3] >> ((j - 1) & 7) & 1:
            j -= 1
        else:
            i -= 1
    if run:
        matches.append(Match(i, i + run - 1, j, j + run - 1))
    text.reverse()
    return CommonSubsequence(bytes(text), matches)
