r"""
Redis's quoting, of typed command lines and of configuration files.

A line is split at blanks.  ``"..."`` knows the escapes ``\n \r \t \b \a \xHH`` and takes
any other escaped byte as it is; ``'...'`` knows ``\'`` alone.  A quote may open in the
middle of a word (``a"b c"`` is one word), but after it is closed the word must end.
"""

import re
from typing import Final

# A word: bare bytes, then perhaps one quoted part, with what must follow the closing quote.
# Inside quotes the loop is unrolled, so that it never goes over the same bytes twice.
_WORD = re.compile(
    rb"""
    ([^ \n\r\t"']*)
    (?: "([^"\\]* (?:\\. [^"\\]*)*)" (?=[\x20\n\r\t\v\f]|\Z)
      | '([^'\\]* (?:\\ (?:'|(?!')) [^'\\]*)*)' (?=[\x20\n\r\t\v\f]|\Z)
    )?
    """,
    re.VERBOSE | re.DOTALL,
).match
_BLANKS = re.compile(rb"[ \n\r\t\v\f]*").match
_NOT_PLAIN = re.compile(rb"[\"'\v\f\0]").search

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL).sub
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}

_SPECIAL = re.compile(rb"[^ !#-\[\]-~]")
_REPRESENTATIONS: Final = {
    bytes([byte]): b"\\x%02x" % byte for byte in range(256) if not 32 <= byte < 127
} | {
    b"\\": b"\\\\",
    b'"': b'\\"',
    b"\n": b"\\n",
    b"\r": b"\\r",
    b"\t": b"\\t",
    b"\a": b"\\a",
    b"\b": b"\\b",
}
_NEEDS_QUOTES = re.compile(rb"[^!#-\[\]-~]").search


def split_args(line: bytes) -> list[bytes]:
    """
    Split a line into words and take their quotes off.

    The line ends at its first NUL byte, if it has one.

    Raises:
        ValueError: when a quote is not closed, or something is stuck to a closed one.
    """
    if _NOT_PLAIN(line) is None:
        return line.split()
    line = line.partition(b"\0")[0]
    words: list[bytes] = []
    position = 0
    while True:
        match = _BLANKS(line, position)
        if match is not None:
            position = match.end()
        if position == len(line):
            return words
        match = _WORD(line, position)
        position = match.end() if match is not None else position
        if match is None or line[position : position + 1] in (b'"', b"'"):
            raise ValueError("unbalanced quotes")
        bare, double, single = match.groups()
        if double is not None:
            bare += _ESCAPE(_unescape, double) if b"\\" in double else double
        elif single is not None:
            bare += single.replace(b"\\'", b"'")
        words.append(bare)


def _unescape(match: re.Match[bytes]) -> bytes:
    """Return the byte that an escape in double quotes stands for."""
    escape = match[1]
    if len(escape) > 1:
        return bytes.fromhex(escape[1:].decode("ascii"))
    return _ESCAPED.get(escape, escape)


def quote(data: bytes) -> bytes:
    """Write bytes in double quotes, with escapes for all that is not printable ASCII."""
    return b'"%b"' % _SPECIAL.sub(_represent, data)


def _represent(match: re.Match[bytes]) -> bytes:
    """Return the escape for one byte."""
    return _REPRESENTATIONS[match[0]]


def needs_quoting(data: bytes) -> bool:
    """Tell whether a word must be quoted to be read back as it is (the empty one is not asked)."""
    return _NEEDS_QUOTES(data) is not None
