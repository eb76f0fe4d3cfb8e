"""
What is at the same places in all chunks of one shape.

A pipeline of requests that are alike has a *layout*: what announces arguments
stands at the same places in each of them. Whether a chunk has it is found out
without taking it apart; then all arguments are cut out by one call of
:mod:`struct`, at a fifth of what any parser costs a request.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache

Shape = tuple[int, bytes, tuple[int, ...]]
"""How many requests, of which command, and the lengths of their arguments."""

# A layout with more arguments than this takes more memory than it is worth.
_MOST_ARGUMENTS = 2048
# From so many bytes for each argument on, what announces them is faster looked at
# one by one than all bytes are made an integer.
_MANY_BYTES = 32


class Layout(ABC):
    """
    The bytes of a chunk that are alike in all chunks of one shape.

    Args:
        shape: What such a chunk consists of; every request has an argument at least,
            or there is one only.

    Attributes:
        shape: The same.
        size: How long such a chunk is.
    """

    __slots__ = ("_between", "_unpack", "shape", "size")

    def __init__(self, shape: Shape) -> None:
        count, name, lengths = shape
        # What is before the first argument, before the second one, and at the end.
        self._between = [b"*%d\r\n$%d\r\n%b\r\n" % (len(lengths) + 1, len(name), name)]
        for length in lengths:
            self._between[-1] += b"$%d\r\n" % length
            self._between.append(b"\r\n")
        self.shape = shape
        self.size = count * (sum(map(len, self._between)) + sum(lengths))
        self._unpack: Callable[[bytes], tuple[bytes, ...]]

    @abstractmethod
    def cut(self, data: bytes) -> Sequence[bytes] | None:
        """
        Return the arguments of a chunk that is as long as this.

        Returns:
            The arguments of the first request, then those of the second, and so on;
            None if it is of another shape.
        """

    def may_begin(self, data: bytes) -> bool:
        """Tell whether a request of this shape may begin with these bytes."""
        place = 0
        lengths = (*self.shape[2], 0)
        for expected, length in zip(self._between, lengths, strict=True):
            found = data[place : place + len(expected)]
            if found != expected:
                return expected.startswith(found) and place + len(found) >= len(data)
            place += len(expected) + length
        return True


class MaskedLayout(Layout):
    """A layout that is compared with one mask, as one large integer: for short arguments."""

    __slots__ = ("_expected", "_mask")

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        count, _, lengths = shape
        *before, end = self._between
        request, mask, form = b"", b"", ""
        for fixed, length in zip(before, lengths, strict=True):
            request += fixed + bytes(length)
            mask += b"\xff" * len(fixed) + bytes(length)
            form += f"{len(fixed)}x{length}s"
        # Zeros stand for the arguments, so this is what is left behind the mask.
        self._expected = int.from_bytes((request + end) * count, "little")
        self._mask = int.from_bytes((mask + b"\xff" * len(end)) * count, "little")
        self._unpack = struct.Struct(f"{form}{len(end)}x" * count).unpack

    def cut(self, data: bytes) -> Sequence[bytes] | None:
        """Return the arguments; see `Layout.cut`."""
        if int.from_bytes(data, "little") & self._mask != self._expected:
            return None
        return self._unpack(data)


class PiecewiseLayout(Layout):
    """A layout of which the pieces between arguments are compared: for long arguments."""

    __slots__ = ("_expected",)

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        count, _, lengths = shape
        first, *others, end = self._between
        # The end of a request is taken together with the beginning of the next one.
        pieces = [first, *others, *[end + first, *others] * (count - 1)]
        form = [f"{len(p)}s{length}s" for p, length in zip(pieces, lengths * count, strict=True)]
        self._unpack = struct.Struct("".join(form) + f"{len(end)}s").unpack
        self._expected = (*pieces, end)

    def cut(self, data: bytes) -> Sequence[bytes] | None:
        """Return the arguments; see `Layout.cut`."""
        fields = self._unpack(data)
        return fields[1::2] if fields[::2] == self._expected else None


def _make(shape: Shape) -> Layout:
    _, _, lengths = shape
    are_long = bool(lengths) and sum(lengths) > _MANY_BYTES * len(lengths)
    return PiecewiseLayout(shape) if are_long else MaskedLayout(shape)


_layout_of = lru_cache(maxsize=128)(_make)


def layout_of(shape: Shape) -> Layout | None:
    """Return the layout of chunks of a shape, or None if it would be too large."""
    return _layout_of(shape) if shape[0] * len(shape[2]) <= _MOST_ARGUMENTS else None
