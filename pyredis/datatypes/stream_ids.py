"""
The IDs of stream entries.

An ID is milliseconds and a sequence number, ``1526919030474-55`` in text, 64 bits
each. Here it is one integer, the milliseconds above the sequence number, so that
IDs compare, sort and hash as fast as Python can, and the next one is one more.
In files it is the same integer in 16 bytes, big-endian.
"""

from __future__ import annotations

from re import compile as compile_pattern
from typing import Final

MIN_ID: Final = 0
MAX_ID: Final = (1 << 128) - 1
MAX_PART: Final = (1 << 64) - 1

_LONGEST_TEXT: Final = 127
_INT64_MAX: Final = (1 << 63) - 1
_plain_number = compile_pattern(rb"0|[1-9][0-9]{0,18}").fullmatch
_lax_number = compile_pattern(rb"[ \t-\r]*([+-]?)0*([0-9]{1,20})").fullmatch


def make_id(ms: int, sequence: int) -> int:
    """Return the ID of two parts."""
    return ms << 64 | sequence


def format_id(entry_id: int) -> bytes:
    """Write an ID the way clients read it."""
    return b"%d-%d" % (entry_id >> 64, entry_id & MAX_PART)


def parse_id(text: bytes, missing_sequence: int = 0) -> int:
    """
    Read an ID; a text without ``-`` is the milliseconds alone.

    Args:
        text: What a client sent.
        missing_sequence: The sequence number to take if there is none.

    Raises:
        ValueError: It is no ID.
    """
    ms_text, dash, sequence_text = _read(text).partition(b"-")
    if not dash:
        return _parse_part(ms_text) << 64 | missing_sequence
    return _parse_part(ms_text) << 64 | _parse_part(sequence_text)


def parse_bound(text: bytes, missing_sequence: int) -> int:
    """
    Read an ID that may also be ``-`` or ``+``, the least and the greatest there is.

    Raises:
        ValueError: It is neither.
    """
    text = _read(text)
    if text == b"-":
        return MIN_ID
    if text == b"+":
        return MAX_ID
    return parse_id(text, missing_sequence)


def parse_new_id(text: bytes) -> tuple[int, bool]:
    """
    Read the ID of an entry to add, whose sequence number may be ``*``.

    Returns:
        The ID, and whether its sequence number was given.

    Raises:
        ValueError: It is no ID.
    """
    text = _read(text)
    if text.endswith(b"-*") and text.find(b"-") == len(text) - 2:
        return _parse_part(text[:-2]) << 64, False
    return parse_id(text), True


def _read(text: bytes) -> bytes:
    """Return what C would read of a text: it ends at a NUL byte and has a greatest length."""
    if len(text) > _LONGEST_TEXT:
        raise ValueError("too long")
    return text.partition(b"\0")[0]


def _parse_part(text: bytes) -> int:
    """Read one half of an ID: a plain number, or else whatever ``strtoull`` makes of it."""
    if _plain_number(text):
        return int(text)
    match = _lax_number(text)
    if match is None or (value := int(match[2])) > MAX_PART:
        raise ValueError("not a number, or out of range")
    if match[1] != b"-":
        return value
    if text[:1] == b"-" and match[2] == text[1:] and value <= _INT64_MAX + 1 and value:
        raise ValueError("negative")
    return -value & MAX_PART
