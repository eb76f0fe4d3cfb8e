"""Reply frames as raw bytes: where one ends, and what is inside it.

The harness compares bytes, so this is a scanner, not a client's parser: it
finds the end of a reply without turning it into values.  Only a form that has
to look past legitimate differences (the order of a set) takes a frame apart
into `Node` trees.  Written apart from the product on purpose: a bug shared by
both sides of a comparison cannot be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

CRLF = b"\r\n"
_LINES = frozenset(b"+-:_,#(")
_BULKS = frozenset(b"$=!")
_CHILDREN_PER_ENTRY = {ord("*"): 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ord("|"): 2}
PUSH = b">"


class NotAFrame(ValueError):
    """The bytes cannot be the start of a reply."""


@dataclass(frozen=True)
class Node:
    """One reply taken apart: its type byte, and its text or its children."""

    kind: bytes
    text: bytes = b""
    children: tuple[Node, ...] | None = None

    @property
    def is_error(self) -> bool:
        """Whether this is an error reply of either form."""
        return self.kind in (b"-", b"!")

    @property
    def is_null(self) -> bool:
        """Whether this is a null of either protocol."""
        return self.kind == b"_" or self.text is _NULL

    def render(self) -> bytes:
        """Return the bytes this node was read from."""
        if self.children is not None:
            count = len(self.children) // (2 if self.kind in (b"%", b"|") else 1)
            head = self.kind + b"%d" % count + CRLF
            return head + b"".join(child.render() for child in self.children)
        if self.kind[0] in _BULKS and self.text is not _NULL:
            return self.kind + b"%d" % len(self.text) + CRLF + self.text + CRLF
        return self.kind + self.text + CRLF


#: The text of a null bulk or null array; told from a real ``-1`` by identity.
_NULL = b"-1"


def frame_end(buffer: bytes | bytearray, start: int = 0) -> int:
    """Return the index just after the frame at ``start``, or -1 if it is incomplete.

    Raises:
        NotAFrame: The bytes are no RESP2 or RESP3 reply.
    """
    wanted = 1
    at = start
    while wanted:
        eol = buffer.find(CRLF, at)
        if eol < 0:
            if at < len(buffer) and not _known(buffer[at]):
                raise NotAFrame(bytes(buffer[at : at + 40]))
            return -1
        kind = buffer[at]
        if kind in _LINES:
            at = eol + 2
        elif kind in _BULKS:
            length = _count(buffer, at, eol)
            at = eol + 2 if length < 0 else eol + 4 + length
            if at > len(buffer):
                return -1
            if length >= 0 and buffer[at - 2 : at] != CRLF:
                raise NotAFrame(bytes(buffer[at - 2 : at + 40]))
        elif kind in _CHILDREN_PER_ENTRY:
            wanted += max(_count(buffer, at, eol), 0) * _CHILDREN_PER_ENTRY[kind]
            if kind == ord("|"):
                wanted += 1  # An attribute goes before the reply it speaks of.
            at = eol + 2
        else:
            raise NotAFrame(bytes(buffer[at : at + 40]))
        wanted -= 1
    return at


def _known(kind: int) -> bool:
    return kind in _LINES or kind in _BULKS or kind in _CHILDREN_PER_ENTRY


def _count(buffer: bytes | bytearray, at: int, eol: int) -> int:
    try:
        return int(buffer[at + 1 : eol])
    except ValueError:
        raise NotAFrame(bytes(buffer[at : eol + 2])) from None


def parse(frame: bytes) -> Node:
    """Take one complete frame apart.

    Raises:
        NotAFrame: ``frame`` is not exactly one frame.
    """
    if frame_end(frame) != len(frame):
        raise NotAFrame(frame[:40])
    return _parse_at(frame, 0)[0]


def _parse_at(frame: bytes, at: int) -> tuple[Node, int]:
    eol = frame.index(CRLF, at)
    kind = frame[at : at + 1]
    if kind[0] in _LINES:
        return Node(kind, frame[at + 1 : eol]), eol + 2
    count = int(frame[at + 1 : eol])
    if count < 0:
        return Node(kind, _NULL), eol + 2
    if kind[0] in _BULKS:
        return Node(kind, frame[eol + 2 : eol + 2 + count]), eol + 4 + count
    children = []
    at = eol + 2
    for _ in range(count * _CHILDREN_PER_ENTRY[kind[0]]):
        child, at = _parse_at(frame, at)
        children.append(child)
    node = Node(kind, children=tuple(children))
    if kind == b"|":
        spoken_of, at = _parse_at(frame, at)
        node = Node(b"|", children=(*node.children, spoken_of))  # type: ignore[misc]
    return node, at


def request(argv: tuple[bytes, ...]) -> bytes:
    """Return a command as the RESP array a client sends."""
    parts = [b"*%d\r\n" % len(argv)]
    for word in argv:
        parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(parts)
