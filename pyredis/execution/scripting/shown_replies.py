"""Replies as the debugger of scripts shows them: one line, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator

from pyredis.primitives.quoting import quote


def shown(reply: bytes) -> bytes:
    """Return an encoded reply in a form for people."""
    return b"".join(_Reader(reply).pieces())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def _line(self) -> bytes:
        end = self._data.index(b"\r\n", self._position)
        line = self._data[self._position : end]
        self._position = end + 2
        return line

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces of the next value's form."""
        line = self._line()
        sign, text = line[:1], line[1:]
        if sign in (b"$", b"="):
            yield self._bulk(int(text))
        elif sign == b"*":
            yield from self._members(int(text), b"[", b"]")
        elif sign == b"~":
            yield from self._members(int(text), b"~(", b")")
        elif sign == b"%":
            yield from self._pairs(int(text))
        elif sign == b"_":
            yield b"(null)"
        elif sign == b"#":
            yield b"#true" if text == b"t" else b"#false"
        elif sign == b",":
            yield b"(double) " + text
        elif sign in (b":", b"("):
            yield text
        else:  # a status or an error, its sign included
            yield quote(line)

    def _bulk(self, size: int) -> bytes:
        if size < 0:
            return b"NULL"
        start = self._position
        self._position += size + 2
        return quote(self._data[start : start + size])

    def _members(self, count: int, opening: bytes, closing: bytes) -> Iterator[bytes]:
        if count < 0:
            yield b"NULL"
            return
        yield opening
        for number in range(count):
            if number:
                yield b","
            yield from self.pieces()
        yield closing

    def _pairs(self, count: int) -> Iterator[bytes]:
        yield b"{"
        for number in range(count):
            if number:
                yield b","
            yield from self.pieces()
            yield b" => "
            yield from self.pieces()
        yield b"}"
