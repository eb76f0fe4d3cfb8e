r"""
Glob patterns, with the meaning Redis gives them, quirks included.

A pattern is compiled once into a function from text to bool; the usual ones become a
single method of ``bytes``.  The odd ones become a regular expression whose stars are
atomic: a star takes the first place where its successor fits and never looks back,
which is right for globs and keeps the time at length of text times length of pattern.

What is odd about Redis, and kept:

- The empty text is matched by the empty pattern only, not even by ``*``.  Commands that
  mean "everything" by ``*`` (KEYS, SCAN) do not ask the matcher.
- A class that is not closed ends with the pattern.  A ``]`` is never an ordinary member
  unless escaped or an end of a range, so ``[]`` matches nothing and ``[^]`` everything.
- Ranges may be reversed, and compare bytes as signed numbers: ``[a-\xff]`` reaches down
  from ``a`` over NUL to 0xff.
- Ignoring case, the ends of a range are lower-cased after they were put in order, and an
  escaped member of a class still minds its case.
- More than a thousand stars that have something to their right never match.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

Matcher: TypeAlias = Callable[[bytes], bool]

_SPECIAL = re.compile(rb"[*?\[\\]")
_MAX_STARS: Final = 1000

# Longer patterns are compiled anew: a cache must not become a way to fill the memory.
_CACHED_LENGTH: Final = 256
_CACHE_SIZE: Final = 256

# The re module keeps what it compiled; it is made to forget expressions longer than this.
_KEPT_EXPRESSION: Final = 1 << 16

_STAR: Final = None
_ANY_BYTE: Final = frozenset(range(256))

# A pattern in pieces: literal bytes, a set of bytes for one byte of text, or a star.
_Piece: TypeAlias = bytes | frozenset[int] | None


def compile_glob(pattern: bytes, ignore_case: bool = False) -> Matcher:
    """Return the function that tells whether a text matches the pattern as a whole."""
    if len(pattern) <= _CACHED_LENGTH:
        return _compile_cached(pattern, ignore_case)
    return _compile(pattern, ignore_case)


def compile_globs(patterns: Sequence[bytes]) -> Matcher:
    """Return the function that tells whether a text matches any of some patterns as a whole."""
    if len(patterns) == 1:
        return compile_glob(patterns[0])
    prefixes: list[bytes] = []
    others: list[Matcher] = []
    for pattern in patterns:
        prefix = _prefix_of(pattern)
        if prefix:
            prefixes.append(prefix)
        else:
            others.append(compile_glob(pattern))
    if prefixes:
        beginnings = tuple(prefixes)
        if not others:
            return lambda text: text.startswith(beginnings)
        others.append(lambda text: text.startswith(beginnings))
    return lambda text: any(matches(text) for matches in others)


def _prefix_of(pattern: bytes) -> bytes:
    """Return what stands before the only star, if that is the end and all else is literal."""
    prefix = pattern[:-1]
    return prefix if pattern[-1:] == b"*" and _SPECIAL.search(prefix) is None else b""


def glob_match(pattern: bytes, text: bytes, ignore_case: bool = False) -> bool:
    """Tell whether a text matches a pattern as a whole."""
    return compile_glob(pattern, ignore_case)(text)


def _compile(pattern: bytes, ignore_case: bool) -> Matcher:
    """Choose the cheapest function that does what the pattern says."""
    if not ignore_case and _SPECIAL.search(pattern) is None:
        return pattern.__eq__
    pieces = _parse(pattern, ignore_case)
    if pieces.count(_STAR) - (pieces[-1:] == [_STAR]) > _MAX_STARS:
        return _never
    runs = _literal_runs(pieces)
    if runs is None:
        return _regular_expression(pieces)
    if len(runs) == 1:
        return runs[0].__eq__
    first, *middle, last = runs
    if not middle:
        return _around_star(first, last)
    if not first and not last and len(middle) == 1:
        return _containing(middle[0])
    return _in_order(first, middle, last)


_compile_cached = lru_cache(_CACHE_SIZE)(_compile)


def _never(text: bytes) -> bool:
    """Match nothing."""
    return False


def _around_star(prefix: bytes, suffix: bytes) -> Matcher:
    """Return the matcher of ``prefix*suffix``."""
    if not prefix and not suffix:
        return bool
    if not suffix:
        return lambda text: text.startswith(prefix)
    if not prefix:
        return lambda text: text.endswith(suffix)
    least = len(prefix) + len(suffix)
    return lambda text: len(text) >= least and text.startswith(prefix) and text.endswith(suffix)


def _containing(part: bytes) -> Matcher:
    """Return the matcher of ``*part*``."""
    return lambda text: part in text


def _in_order(prefix: bytes, parts: list[bytes], suffix: bytes) -> Matcher:
    """Return the matcher of ``prefix*part*part*suffix``."""
    start = len(prefix)
    tail = len(suffix)
    least = start + tail + sum(map(len, parts))

    def match(text: bytes) -> bool:
        if len(text) < least or not text.startswith(prefix) or not text.endswith(suffix):
            return False
        position = start
        end = len(text) - tail
        for part in parts:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True

    return match


def _regular_expression(pieces: list[_Piece]) -> Matcher:
    """Return the matcher of a pattern that has classes or question marks."""
    least = sum(len(piece) if isinstance(piece, bytes) else piece is not _STAR for piece in pieces)
    fullmatch: Callable[[bytes], object] | None = None

    def match(text: bytes) -> bool:
        nonlocal fullmatch
        # An abusive pattern is mostly longer than any text: spare the work to compile it.
        if len(text) < least or not text:
            return False
        if fullmatch is None:
            expression = _translate(pieces)
            fullmatch = re.compile(expression, re.DOTALL).fullmatch
            if len(expression) > _KEPT_EXPRESSION:
                re.purge()
        return fullmatch(text) is not None

    return match


def _translate(pieces: list[_Piece]) -> bytes:
    """Write pieces as a regular expression that does not go back over a star."""
    output: list[bytes] = []
    last_star = len(pieces) - 1 - pieces[::-1].index(_STAR) if _STAR in pieces else -1
    in_star = False
    for index, piece in enumerate(pieces):
        if piece is _STAR:
            if in_star:
                output.append(b")")
            # What follows the last star has a fixed length, so that star may be greedy.
            in_star = index != last_star
            output.append(b"(?>.*?" if in_star else b".*")
        elif isinstance(piece, bytes):
            output.append(re.escape(piece))
        else:
            output.append(_translate_class(piece))
    return b"".join(output)


def _translate_class(members: frozenset[int]) -> bytes:
    """Write a set of bytes as a class of a regular expression."""
    if members == _ANY_BYTE:
        return b"."
    if not members:
        return rb"(?!)"
    # Runs are written as ranges: a long expression takes long to compile.
    ranges: list[list[int]] = []
    for member in sorted(members):
        if ranges and ranges[-1][1] == member - 1:
            ranges[-1][1] = member
        else:
            ranges.append([member, member])
    return b"[%b]" % b"".join(rb"\x%02x-\x%02x" % (low, high) for low, high in ranges)


def _literal_runs(pieces: list[_Piece]) -> list[bytes] | None:
    """Return the literals between stars, or None when there are classes, too."""
    runs = [b""]
    for piece in pieces:
        if piece is _STAR:
            runs.append(b"")
        elif isinstance(piece, bytes):
            runs[-1] += piece
        else:
            return None
    return runs


def _parse(pattern: bytes, ignore_case: bool) -> list[_Piece]:
    """Take a pattern apart: literals are joined, stars in a row are one."""
    pieces: list[_Piece] = []
    literal = bytearray()
    position = 0
    end = len(pattern)

    def flush() -> None:
        if literal:
            pieces.extend(_literal_pieces(bytes(literal), ignore_case))
            literal.clear()

    while position < end:
        special = _SPECIAL.search(pattern, position)
        stop = special.start() if special else end
        literal += pattern[position:stop]
        position = stop + 1
        if special is None:
            break
        kind = special[0]
        if kind == b"\\":
            # At the very end a backslash stands for itself.
            literal += pattern[position : position + 1] or kind
            position += 1
            continue
        flush()
        if kind == b"[":
            members, position = _parse_class(pattern, position, ignore_case)
            pieces.append(members)
        elif kind == b"?":
            pieces.append(_ANY_BYTE)
        elif not pieces or pieces[-1] is not _STAR:
            pieces.append(_STAR)
    flush()
    return pieces


def _literal_pieces(literal: bytes, ignore_case: bool) -> list[_Piece]:
    """Return the pieces of literal bytes; ignoring case a letter is a set of two."""
    if not ignore_case or literal.lower() == literal.upper():
        return [literal]
    return [bytes([byte]) if not bytes([byte]).isalpha() else _both_cases(byte) for byte in literal]


def _both_cases(byte: int) -> frozenset[int]:
    """Return a letter in both cases, or another byte alone."""
    one = bytes([byte])
    return frozenset(one.lower() + one.upper())


def _parse_class(pattern: bytes, position: int, ignore_case: bool) -> tuple[frozenset[int], int]:
    """Return the bytes a class matches and the position after it, which starts after ``[``."""
    members: set[int] = set()
    end = len(pattern)
    negated = pattern[position : position + 1] == b"^"
    if negated:
        position += 1
    while position < end:
        byte = pattern[position]
        if byte == 0x5C and position + 1 < end:
            # Redis forgets about the case here.
            members.add(pattern[position + 1])
            position += 2
        elif byte == 0x5D:
            position += 1
            break
        elif position + 2 < end and pattern[position + 1] == 0x2D:
            members |= _range(byte, pattern[position + 2], ignore_case)
            position += 3
        else:
            members |= _both_cases(byte) if ignore_case else {byte}
            position += 1
    return (_ANY_BYTE - members if negated else frozenset(members)), position


def _range(first: int, last: int, ignore_case: bool) -> set[int]:
    """Return the bytes of a range, compared as C compares signed characters."""
    low, high = sorted((_signed(first), _signed(last)))
    if ignore_case:
        low, high = _lower(low), _lower(high)
        return {byte for byte in range(256) if low <= _lower(_signed(byte)) <= high}
    return {byte & 0xFF for byte in range(low, high + 1)}


def _signed(byte: int) -> int:
    """Return a byte as C's signed char."""
    return byte - 256 if byte > 127 else byte


def _lower(char: int) -> int:
    """
    Return what C's ``tolower`` makes of a signed char.

    With the tables of glibc, which Redis is built on, a negative one comes back as an
    unsigned one, except for -1.
    """
    if char < -1:
        return char + 256
    return char + 32 if 65 <= char <= 90 else char
