"""
The manifest of an append-only file: which files it consists of, in their order.

A *base* holds the data of one moment, *increments* what was done since, and
*history* is what a newer base has made superfluous and what is about to be
deleted. One line tells of one file::

    file appendonly.aof.2.base.rdb seq 2 type b
    file appendonly.aof.4.incr.aof seq 4 type i

A manifest is read strictly and names files of its own directory only: what it
says decides which files are opened, truncated and deleted.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Final

from pyredis.primitives.quoting import needs_quoting, quote, split_args

BASE: Final = "b"
INCREMENT: Final = "i"
HISTORY: Final = "h"

MANIFEST_SUFFIX: Final = ".manifest"
TEMPORARY_PREFIX: Final = "temp-"

_LONGEST_LINE: Final = 1024
_LEAST_WORDS: Final = 6
_INTEGER = re.compile(rb"\s*([+-]?[0-9]{1,18})").match
_BAD_FORMAT: Final = "Invalid AOF manifest file format"


class ManifestError(ValueError):
    """
    A manifest that cannot be used; the text is Redis' own.

    Args:
        message: What is wrong.
        number: Of the line, from 1.
        line: The line itself, None if it could not be told apart.
    """

    def __init__(self, message: str, number: int = 0, line: bytes | None = None) -> None:
        super().__init__(message)
        self.number = number
        self.line = line


@dataclass(frozen=True, slots=True)
class Part:
    """
    One file.

    Attributes:
        name: Its name within the directory.
        sequence: Its number among those of its kind.
        kind: :data:`BASE`, :data:`INCREMENT` or :data:`HISTORY`.
    """

    name: str
    sequence: int
    kind: str

    def to_line(self) -> bytes:
        """Return its line in the manifest."""
        name = os.fsencode(self.name)
        shown = quote(name) if needs_quoting(name) else name
        return b"file %b seq %d type %b\n" % (shown, self.sequence, self.kind.encode())

    def retired(self) -> Part:
        """Return it as a file that is superfluous."""
        return Part(self.name, self.sequence, HISTORY)


@dataclass(slots=True)
class Manifest:
    """
    The files of one append-only file.

    Attributes:
        base: The data of one moment, None if there is none.
        increments: What was done since; the last is the one written to.
        history: What may be deleted.
        base_sequence: The number of the last base there was.
        increment_sequence: The number of the last increment there was.
        is_changed: Whether it differs from what is on disk.
    """

    base: Part | None = None
    increments: list[Part] = field(default_factory=list)
    history: list[Part] = field(default_factory=list)
    base_sequence: int = 0
    increment_sequence: int = 0
    is_changed: bool = False

    @property
    def parts(self) -> list[Part]:
        """What there is to load, in order."""
        return ([self.base] if self.base else []) + self.increments

    def copy(self) -> Manifest:
        """Return one that can be changed without changing this."""
        return Manifest(
            self.base,
            self.increments[:],
            self.history[:],
            self.base_sequence,
            self.increment_sequence,
            self.is_changed,
        )

    def to_bytes(self) -> bytes:
        """Return the text of the file."""
        parts = ([self.base] if self.base else []) + self.history + self.increments
        return b"".join(part.to_line() for part in parts)

    def adopt_base(self, name: str) -> Part:
        """Take a file that has no number, as older versions wrote it, for the base."""
        self.base = Part(name, 1, BASE)
        self.base_sequence = 1
        self.is_changed = True
        return self.base

    def new_base(self, stem: str, *, as_rdb: bool) -> Part:
        """Enter the next base and retire the one before; ``stem`` begins all names."""
        if self.base is not None:
            self.history.insert(0, self.base.retired())
        self.base_sequence += 1
        suffix = "rdb" if as_rdb else "aof"
        name = f"{stem}.{self.base_sequence}.base.{suffix}"
        self.base = Part(name, self.base_sequence, BASE)
        self.is_changed = True
        return self.base

    def new_increment(self, stem: str) -> Part:
        """Enter the next increment; ``stem`` begins all names."""
        self.increment_sequence += 1
        name = f"{stem}.{self.increment_sequence}.incr.aof"
        part = Part(name, self.increment_sequence, INCREMENT)
        self.increments.append(part)
        self.is_changed = True
        return part

    def retire_increments(self, *, keep_last: bool) -> None:
        """Retire what a new base contains; the last one is kept if it is being written to."""
        kept = self.increments[-1:] if keep_last else []
        gone = self.increments[: len(self.increments) - len(kept)]
        self.history[:0] = [part.retired() for part in gone]
        self.increments = kept
        self.is_changed = True

    def forget_history(self) -> None:
        """Drop what was deleted."""
        self.history = []
        self.is_changed = True


def temporary_increment_name(stem: str) -> str:
    """Return the name of an increment that no base goes with yet."""
    return f"{TEMPORARY_PREFIX}{stem}.incr"


def parse_manifest(data: bytes) -> Manifest:
    """
    Read a manifest.

    Raises:
        ManifestError: It is wrong anywhere.
    """
    manifest = Manifest()
    if not data:
        raise ManifestError("Found an empty AOF manifest")
    for number, line in enumerate(_lines(data), 1):
        if line.startswith(b"#"):
            continue
        if len(line) > _LONGEST_LINE or not line.endswith(b"\n"):
            raise ManifestError("The AOF manifest file contains too long line")
        line = line.strip(b" \t\r\n")
        try:
            _enter(manifest, _parse_line(line))
        except ValueError as error:
            raise ManifestError(str(error), number, line) from None
    return manifest


def _lines(data: bytes) -> list[bytes]:
    """Split at line feeds alone."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _parse_line(line: bytes) -> Part:
    """Return the file that a line tells of; further pairs of words are for later versions."""
    try:
        words = split_args(line)
    except ValueError:
        raise ValueError(_BAD_FORMAT) from None
    if len(words) < _LEAST_WORDS or len(words) % 2:
        raise ValueError(_BAD_FORMAT)
    name, sequence, kind = b"", 0, ""
    for key, value in zip(words[::2], words[1::2], strict=True):
        key = key.lower()
        if key == b"file":
            name = _checked_name(value)
        elif key == b"seq":
            match = _INTEGER(value)
            sequence = int(match[1]) if match else 0
        elif key == b"type":
            kind = value[:1].decode("latin-1")
    if not (name and sequence and kind):
        raise ValueError(_BAD_FORMAT)
    return Part(os.fsdecode(name), sequence, kind)


def _checked_name(name: bytes) -> bytes:
    """Refuse what would lead out of the directory."""
    if name in (b".", b"..") or any(byte in name for byte in b"/\\\0"):
        raise ValueError("File can't be a path, just a filename")
    return name


def _enter(manifest: Manifest, part: Part) -> None:
    if part.kind == BASE:
        if manifest.base is not None:
            raise ValueError("Found duplicate base file information")
        manifest.base = part
        manifest.base_sequence = part.sequence
    elif part.kind == HISTORY:
        manifest.history.append(part)
    elif part.kind == INCREMENT:
        if part.sequence <= manifest.increment_sequence:
            raise ValueError("Found a non-monotonic sequence number")
        manifest.increments.append(part)
        manifest.increment_sequence = part.sequence
    else:
        raise ValueError("Unknown AOF file type")
