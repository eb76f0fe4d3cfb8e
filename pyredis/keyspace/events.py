"""
Classes of keyspace events, as ``notify-keyspace-events`` names them by letters.

Plain integers, because every change of a key carries one.
"""

GENERIC = 1 << 0
STRING = 1 << 1
LIST = 1 << 2
SET = 1 << 3
HASH = 1 << 4
SORTED_SET = 1 << 5
EXPIRED = 1 << 6
EVICTED = 1 << 7
STREAM = 1 << 8
MODULE = 1 << 9
KEY_MISS = 1 << 10
NEW = 1 << 11

KEYSPACE = 1 << 12
"""Publish to ``__keyspace@db__:key``."""
KEYEVENT = 1 << 13
"""Publish to ``__keyevent@db__:event``."""

ALL = GENERIC | STRING | LIST | SET | HASH | SORTED_SET | EXPIRED | EVICTED | STREAM | MODULE
"""What the letter ``A`` stands for: all but misses and new keys."""

LETTERS = {
    "A": ALL,
    "g": GENERIC,
    "$": STRING,
    "l": LIST,
    "s": SET,
    "h": HASH,
    "z": SORTED_SET,
    "x": EXPIRED,
    "e": EVICTED,
    "K": KEYSPACE,
    "E": KEYEVENT,
    "m": KEY_MISS,
    "d": MODULE,
    "t": STREAM,
    "n": NEW,
}


def parse_event_classes(letters: str) -> int:
    """
    Return the classes that the letters of ``notify-keyspace-events`` name.

    Raises:
        ValueError: A letter names no class.
    """
    classes = 0
    for letter in letters:
        if letter not in LETTERS:
            raise ValueError(f"no event class {letter!r}")
        classes |= LETTERS[letter]
    return classes
