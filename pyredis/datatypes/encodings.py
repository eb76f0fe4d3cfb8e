"""
How Redis would store a value: the limits of its compact encodings, and sizes in them.

PyRedis keeps values in Python containers.  Clients and tests can see which
encoding Redis would have chosen (OBJECT ENCODING, the size of DUMP), so the
value classes report it.  What decides it is here: the limits, which CONFIG SET
changes, and the exact size of an entry of a listpack.
"""

from __future__ import annotations

from dataclasses import dataclass

LISTPACK_OVERHEAD = 7  # its header and the byte that ends it
_NODE_BYTES = (4096, 8192, 16384, 32768, 65536)  # for list-max-listpack-size -1 to -5
_NODE_SAFETY_BYTES = 8192  # when it counts entries
_NO_LIMIT = 1 << 62
_INT64_MAX_DIGITS = b"9223372036854775807"
_INT64_MIN_DIGITS = b"9223372036854775808"


@dataclass(slots=True)
class EncodingLimits:
    """
    The limits of the compact encodings, by the names of their parameters.

    One instance is shared by all values of a server and changed in place.
    """

    hash_max_listpack_entries: int = 512
    hash_max_listpack_value: int = 64
    list_max_listpack_size: int = -2
    list_compress_depth: int = 0
    set_max_intset_entries: int = 512
    set_max_listpack_entries: int = 128
    set_max_listpack_value: int = 64
    zset_max_listpack_entries: int = 128
    zset_max_listpack_value: int = 64
    stream_node_max_bytes: int = 4096
    stream_node_max_entries: int = 100
    hll_sparse_max_bytes: int = 3000


class _ListNodeLimits(dict[int, tuple[int, int]]):
    """Made as asked for: a subscription is all it costs where elements are pushed."""

    def __missing__(self, fill: int) -> tuple[int, int]:
        if fill < 0:
            limits = _NODE_BYTES[min(-fill, 5) - 1], _NO_LIMIT
        else:
            limits = _NODE_SAFETY_BYTES, fill or 1
        if len(self) < 1000:
            self[fill] = limits
        return limits


LIST_NODE_LIMITS = _ListNodeLimits()
"""The bytes and the entries a listpack of a list may have, by list-max-listpack-size."""


def is_integer(data: bytes) -> bool:
    """Tell whether this is the canonical decimal text of a signed 64-bit integer."""
    if data.isdigit():
        size = len(data)
        if data[0] == 48:
            return size == 1
        return size < 19 or (size == 19 and data <= _INT64_MAX_DIGITS)
    size = len(data)
    if size < 2 or size > 20 or data[0] != 45 or data[1] == 48 or not data[1:].isdigit():
        return False
    return size < 20 or data[1:] <= _INT64_MIN_DIGITS


def _integer_size(number: int) -> int:
    """Return how many bytes a listpack takes for an integer, its back length included."""
    if 0 <= number <= 127:
        return 2
    if -4096 <= number <= 4095:
        return 3
    if -32768 <= number <= 32767:
        return 4
    if -8388608 <= number <= 8388607:
        return 5
    if -2147483648 <= number <= 2147483647:
        return 6
    return 10


def listpack_entry_size(data: bytes) -> int:
    """Return how many bytes a listpack takes for an entry, its back length included."""
    size = len(data)
    # What begins behind "9" is no number.
    if 0 < size <= 20 and data[0] < 58 and is_integer(data):
        return _integer_size(int(data))
    if size < 64:
        return size + 2
    size += 2 if size < 4096 else 5
    if size <= 127:
        return size + 1
    if size < 16383:
        return size + 2
    if size < 2097151:
        return size + 3
    return size + (4 if size < 268435455 else 5)
