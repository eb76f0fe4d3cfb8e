"""
What is in a persistence file, and how much of it is whole: the eyes of ``pyredis-check``.

Files are read in portions, and what is counted takes bounded memory, however
large or damaged they are.
"""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.execution.key_specs import KeyFinder, key_finder
from pyredis.execution.table import Declaration, declared_commands
from pyredis.keyspace.database import type_name
from pyredis.keyspace.memory_usage import value_bytes
from pyredis.persistence.aof_manifest import MANIFEST_SUFFIX, ManifestError, parse_manifest
from pyredis.persistence.aof_reader import (
    PORTION_BYTES,
    RDB_MAGIC,
    AofReader,
    CorruptAof,
    Request,
    TruncatedAof,
)
from pyredis.persistence.rdb_format import RdbError
from pyredis.persistence.rdb_reader import RdbReader, Record

_BIGGEST = 10
_SAMPLES = 5
_MANIFEST_MAX = 1 << 24
_LONGEST_WORD = 1 << 40
_MOST_COUNTED = 100_000


@dataclass
class FileReport:
    """
    What was found in one file.

    Attributes:
        path: Its path.
        kind: ``rdb``, ``aof``, ``aof with a snapshot in front`` or ``manifest``.
        size: How many bytes it has.
        whole: How many of them are whole and understood.
        problem: What is wrong behind those, empty if nothing is.
        can_be_cut: Whether it can be used if it is cut off there.
        about: What the file says of itself.
        types: Keys of a snapshot by type.
        databases: Keys of a snapshot by database.
        expiring: Keys of a snapshot with a deadline.
        functions: Libraries of functions in a snapshot.
        commands: Commands by name.
        biggest: Names of the biggest keys, with their type and about how many bytes they
            take: in memory for a snapshot, in the file for commands.
        parts: What the files of a manifest are, in order.
    """

    path: str
    kind: str = ""
    size: int = 0
    whole: int = 0
    problem: str = ""
    can_be_cut: bool = False
    about: dict[str, str] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    databases: Counter[int] = field(default_factory=Counter)
    expiring: int = 0
    functions: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    biggest: list[tuple[str, str, int]] = field(default_factory=list)
    parts: list[FileReport] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong with it, or with any of its parts."""
        return not self.problem and all(part.is_valid for part in self.parts)

    @property
    def torn(self) -> FileReport | None:
        """The file to cut off so that all is valid, None if that is not possible."""
        if self.problem:
            return self if self.can_be_cut else None
        wrong = [part for part in self.parts if part.problem]
        # Only the last one may end early: what comes behind builds on what is missing.
        if len(wrong) == 1 and wrong[0] is self.parts[-1] and wrong[0].can_be_cut:
            return wrong[0]
        return None


def examine(path: str) -> FileReport:
    """
    Find out what is in a file.

    Args:
        path: Of an RDB file, an append-only file or a manifest; which it is, is seen
            by what it contains.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(PORTION_BYTES)
        if not (path.endswith(MANIFEST_SUFFIX) or head.startswith(b"file ")):
            return _examine_data(path, file, head)
        report = FileReport(path, "manifest", os.path.getsize(path))
        _examine_manifest(report, head + file.read(_MANIFEST_MAX))
        return report


def _examine_manifest(report: FileReport, text: bytes) -> None:
    try:
        manifest = parse_manifest(text)
    except ManifestError as error:
        report.problem = f"{error}, in line {error.number}" if error.number else str(error)
        return
    report.whole = len(text)
    directory = os.path.dirname(report.path)
    for part in manifest.parts:
        path = os.path.join(directory, part.name)
        try:
            with open(path, "rb") as file:
                # Data in any case: a manifest that names itself would be read for ever.
                found = _examine_data(path, file, file.read(PORTION_BYTES))
        except OSError as error:
            found = FileReport(path, problem=error.strerror or str(error))
        report.parts.append(found)
    if manifest.history:
        report.about["superfluous files"] = str(len(manifest.history))


def _examine_data(path: str, file: BinaryIO, head: bytes) -> FileReport:
    report = FileReport(path, "aof", os.path.getsize(path))
    biggest = _Biggest()
    rest, start = head, 0
    if head.startswith(RDB_MAGIC):
        report.kind = "rdb"
        reader = RdbReader(EncodingLimits(), skipping_modules=True, total_bytes=report.size)
        _examine_snapshot(report, reader, file, head, biggest)
        rest, start = reader.rest, reader.bytes_read
        if not report.problem and start < report.size:
            report.kind = "aof with a snapshot in front"
    if not report.problem and (report.kind != "rdb"):
        _examine_commands(report, AofReader(start, _LONGEST_WORD), file, rest, biggest)
    report.biggest = biggest.found()
    return report


def _portions(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    data = first
    while data:
        yield data
        data = file.read(PORTION_BYTES)


def _examine_snapshot(
    report: FileReport, reader: RdbReader, file: BinaryIO, head: bytes, biggest: _Biggest
) -> None:
    def take(record: Record) -> None:
        number, key, value, deadline_ms, _idle_s, _frequency = record
        name = type_name(value)
        report.types[name] += 1
        report.databases[number] += 1
        report.expiring += deadline_ms is not None
        size = len(value) if value.__class__ is bytes else value_bytes(value, _SAMPLES)
        biggest.take(key, name, size)

    try:
        for data in _portions(file, head):
            for record in reader.feed(data):
                take(record)
            if reader.finished:
                break
        for record in reader.finish():
            take(record)
    except RdbError as error:
        report.problem = str(error)
    report.whole = reader.bytes_read
    report.functions = len(reader.functions)
    report.about["version"] = str(reader.version)
    for name, value in reader.aux.items():
        report.about[_shown(name)] = _shown(value)
    for number, note in enumerate(reader.modules[:_BIGGEST]):
        report.about[f"module data {number + 1}"] = note


def _examine_commands(
    report: FileReport, reader: AofReader, file: BinaryIO, rest: bytes, biggest: _Biggest
) -> None:
    takes = _CommandTally(report, biggest)
    first_time = 0
    try:
        for data in _portions(file, rest or file.read(PORTION_BYTES)):
            for argv in reader.feed(data):
                takes.take(argv)
                first_time = first_time or reader.timestamp
        for argv in reader.finish():
            takes.take(argv)
    except CorruptAof as error:
        # Redis' own tool cuts here as well; what is behind may be more than an end.
        report.problem = str(error)
        report.can_be_cut = True
    except TruncatedAof:
        report.problem = (
            "a transaction without an end" if reader.in_transaction else "a command without an end"
        )
        report.can_be_cut = True
    report.whole = reader.whole_offset
    if reader.timestamp:
        report.about["first time"] = str(first_time)
        report.about["last time"] = str(reader.timestamp)


class _CommandTally:
    """Counts the commands of a file, and how much of it is about which key."""

    def __init__(self, report: FileReport, biggest: _Biggest) -> None:
        self._report = report
        self._biggest = biggest
        self._known: dict[bytes, tuple[str, KeyFinder]] = {}

    def take(self, argv: Request) -> None:
        """Count one command."""
        known = self._known.get(argv[0])
        if known is None:
            known = self._look_up(argv[0])
        name, find = known
        self._report.commands[name] += 1
        for index in find(argv)[:1]:
            self._biggest.add(argv[index], "commands", sum(map(len, argv)))

    def _look_up(self, word: bytes) -> tuple[str, KeyFinder]:
        name = word.upper().decode("latin-1")
        declaration: Declaration | None = declared_commands().get(name)
        if declaration is None:
            # Not kept: any number of them may come.
            return "(unknown)", lambda argv: ()
        found = name, key_finder(declaration.key_specs)
        self._known[word] = found
        return found


class _Biggest:
    """Remembers the biggest of many keys."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, bytes, str]] = []
        self._sums: Counter[tuple[bytes, str]] = Counter()

    def take(self, key: bytes, kind: str, size: int) -> None:
        """Note a key and its size."""
        if len(self._heap) < _BIGGEST:
            heapq.heappush(self._heap, (size, key, kind))
        elif size > self._heap[0][0]:
            heapq.heapreplace(self._heap, (size, key, kind))

    def add(self, key: bytes, kind: str, size: int) -> None:
        """Add to the size of a key; of very many keys the smallest are forgotten."""
        self._sums[key, kind] += size
        if len(self._sums) > _MOST_COUNTED:
            self._sums = Counter(dict(self._sums.most_common(_MOST_COUNTED // 2)))

    def found(self) -> list[tuple[str, str, int]]:
        """Return the biggest, the first of them first."""
        sums = [(size, key, kind) for (key, kind), size in self._sums.most_common(_BIGGEST)]
        ordered = sorted(self._heap + sums, key=_size, reverse=True)[:_BIGGEST]
        return [(_shown(key), kind, size) for size, key, kind in ordered]


def _size(entry: tuple[int, bytes, str]) -> int:
    return entry[0]


def _shown(data: bytes) -> str:
    """Return bytes as text that is safe on a terminal, and not too long."""
    text = repr(data[:60])[2:-1]
    return text if len(data) <= 60 else text + "..."
