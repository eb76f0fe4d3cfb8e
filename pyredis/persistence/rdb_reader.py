"""
A whole RDB file, read in portions.

The reader is fed bytes as they come, from a file or a socket, and yields
records: a key with everything the file says of it. It has never heard of a
keyspace. A record that is not complete yet waits for more; of one that is long
the beginning is read again only when there is twice as much of it.

What stands beside the keys (AUX fields, functions) is gathered in attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any, Final

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.rdb_format import (
    PAST_THE_END,
    CorruptRdb,
    EmptyValue,
    RdbError,
    TruncatedRdb,
    UnsupportedRdb,
    WrongChecksum,
    read_length,
    read_string,
)
from pyredis.persistence.rdb_modules import UNSIGNED, module_name, skip_module_value
from pyredis.persistence.rdb_value_reader import READERS
from pyredis.primitives.checksums import crc64

Record = tuple[int, bytes, Any, "int | None", "int | None", "int | None"]
"""
A key of a file: database, key, value, deadline in absolute milliseconds, seconds
idle, frequency of use; None for what the file does not say.
"""

_MAGIC: Final = b"REDIS"
_HEADER_BYTES: Final = 9
_CHECKSUM_BYTES: Final = 8
_CHECKSUMS_SINCE: Final = 5
_EMPTY_KEYS_NAMED: Final = 10

_read_i64 = Struct("<q").unpack_from
_read_i32 = Struct("<i").unpack_from
_read_u64 = Struct("<Q").unpack_from


class RdbReader:
    """
    Reads one file.

    Args:
        limits: What decides the encodings of values.
        checking: Whether the checksum must be right.
        skipping_modules: Pass over data of modules, and note it in
            :attr:`modules`, instead of refusing the file.
        total_bytes: The size of the file, if known: what claims more than that
            is refused at once, not when all was read.

    Attributes:
        version: That of the file; 0 before it is known.
        aux: The AUX fields so far.
        functions: The code of the function libraries so far.
        sizes: Database to the numbers of keys and of deadlines it was announced with.
        empty_keys: How many keys were passed over for they hold collections of nothing,
            which old Redis wrote by mistake.
        empty_key_names: The first of them.
        modules: What was passed over of modules, one line each.
        bytes_read: How much has been read and understood.
        finished: Whether the file is complete.
        unchecked: Whether it has no checksum, for its writer was told not to count one.
        rest: What came behind its end.
    """

    def __init__(
        self,
        limits: EncodingLimits,
        *,
        checking: bool = True,
        skipping_modules: bool = False,
        total_bytes: int | None = None,
    ) -> None:
        self.version = 0
        self.aux: dict[bytes, bytes] = {}
        self.functions: list[bytes] = []
        self.sizes: dict[int, tuple[int, int]] = {}
        self.empty_keys = 0
        self.empty_key_names: list[bytes] = []
        self.modules: list[str] = []
        self.bytes_read = 0
        self.finished = False
        self.unchecked = False
        self.rest = b""
        self._limits = limits
        self._checking = checking
        self._skipping_modules = skipping_modules
        self._readers = dict(READERS)
        if skipping_modules:
            del self._readers[rdb.MODULE_2]
        self._total_bytes = total_bytes
        self._checksum = 0
        self._database = 0
        # What was said of the next key: deadline, idle seconds, frequency.
        self._marks: tuple[int | None, int | None, int | None] | None = None
        # What was not understood yet, and how much of it there must be to try again.
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._wanted_bytes = _HEADER_BYTES

    def feed(self, data: bytes) -> Iterator[Record]:
        """
        Take the next bytes of the file and yield the records that are complete.

        All of them must be taken before the next bytes are fed.

        Raises:
            RdbError: The file is not right; where, is told by :attr:`bytes_read`.
        """
        if self.finished:
            self.rest += data
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= self._wanted_bytes:
            yield from self._read_waiting()

    def finish(self) -> Iterator[Record]:
        """
        Say that there is nothing more, and yield what still waited for more.

        Raises:
            RdbError: The file is not right or not complete.
        """
        if not self.finished:
            if self._waiting_bytes >= _HEADER_BYTES:
                yield from self._read_waiting()
            if not self.finished:
                raise TruncatedRdb

    def _read_waiting(self) -> Iterator[Record]:
        waiting = self._waiting
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        self._waiting = []
        at = 0
        if not self.version:
            at = self._read_header(data)
            self._consumed(data, 0, at)
        yield from self._records(data, at)

    def _read_header(self, data: bytes) -> int:
        number = data[len(_MAGIC) : _HEADER_BYTES]
        if not data.startswith(_MAGIC) or not number.isdigit():
            raise CorruptRdb("not an RDB file")
        self.version = int(number)
        if not 1 <= self.version <= rdb.NEWEST_READ:
            raise UnsupportedRdb(f"RDB version {self.version}")
        return _HEADER_BYTES

    def _consumed(self, data: bytes, start: int, end: int) -> None:
        """Account for what was understood."""
        if self._checking and self.version >= _CHECKSUMS_SINCE and end > start:
            self._checksum = crc64(memoryview(data)[start:end], self._checksum)
        self.bytes_read += end - start

    def _records(self, data: bytes, at: int) -> Iterator[Record]:
        """Yield the records of some data; keep what is left of it."""
        size = len(data)
        begin = start = at
        limits, readers = self._limits, self._readers
        database, marks = self._database, self._marks
        try:
            while True:
                start = at
                kind = data[at]
                if kind >= rdb.SLOT_INFO:
                    at = self._read_opcode(kind, data, at + 1)
                    if self.finished:
                        break
                    database, marks = self._database, self._marks
                    continue
                # Keys and short strings are read right here: they are most of most files.
                head = data[at + 1]
                if head < 0x40:
                    at += 2
                    key = data[at : at + head]
                    at += head
                else:
                    key, at = read_string(data, at + 1)
                if not kind and (head := data[at]) < 0x80:
                    if head < 0x40:
                        at += 1
                    else:
                        head = (head & 0x3F) << 8 | data[at + 1]
                        at += 2
                    value: Any = data[at : at + head]
                    at += head
                    if at > size:
                        raise TruncatedRdb(at - size)
                else:
                    reader = readers.get(kind)
                    if reader is None:
                        value, at = self._read_foreign_value(kind, key, data, at)
                    else:
                        try:
                            value, at = reader(data, at, limits)
                        except EmptyValue as error:
                            value, at = None, error.at
                            self._note_empty(key)
                if marks is not None:
                    record = (database, key, value, *marks)
                    self._marks = marks = None
                else:
                    record = (database, key, value, None, None, None)
                if value is not None:
                    yield record
        except (TruncatedRdb, *PAST_THE_END) as error:
            self._consumed(data, begin, start)
            self._wait(data[start:], getattr(error, "missing", 1))
        except RdbError:
            self._consumed(data, begin, start)
            raise
        else:
            self._consumed(data, begin, at)
            self._finish(data, at)

    def _wait(self, left: bytes, missing: int) -> None:
        """Keep what could not be understood until there is more."""
        size = len(left)
        total = self._total_bytes
        if total is not None and self.bytes_read + size + missing > total:
            raise TruncatedRdb(missing)
        self._waiting = [left]
        self._waiting_bytes = size
        self._wanted_bytes = size + max(missing, size)
        if total is not None:
            self._wanted_bytes = min(self._wanted_bytes, total - self.bytes_read)

    def _read_foreign_value(self, kind: int, key: bytes, data: bytes, at: int) -> tuple[Any, int]:
        """Pass over a value of a module and return the position behind it; refuse all else."""
        if kind != rdb.MODULE_2:
            raise CorruptRdb(f"no value is of type {kind}")
        number, at = read_length(data, at)
        at = skip_module_value(data, at)
        self.modules.append(f"key {key!r}, of the module type '{module_name(number)}'")
        return None, at

    def _note_empty(self, key: bytes) -> None:
        self.empty_keys += 1
        if len(self.empty_key_names) < _EMPTY_KEYS_NAMED:
            self.empty_key_names.append(key)

    def _read_opcode(self, opcode: int, data: bytes, at: int) -> int:
        """Read what is no key; return the position behind it."""
        if opcode == rdb.EXPIRETIME_MS:
            self._mark(deadline_ms=_read_i64(data, at)[0])
            return at + 8
        if opcode == rdb.EXPIRETIME:
            self._mark(deadline_ms=_read_i32(data, at)[0] * 1000)
            return at + 4
        if opcode == rdb.IDLE:
            idle_s, at = read_length(data, at)
            self._mark(idle_s=idle_s)
            return at
        if opcode == rdb.FREQ:
            self._mark(frequency=data[at])
            return at + 1
        if opcode == rdb.SELECTDB:
            self._database, at = read_length(data, at)
            return at
        if opcode == rdb.RESIZEDB:
            keys, at = read_length(data, at)
            deadlines, at = read_length(data, at)
            self.sizes[self._database] = keys, deadlines
            return at
        return self._read_rare_opcode(opcode, data, at)

    def _read_rare_opcode(self, opcode: int, data: bytes, at: int) -> int:
        if opcode == rdb.AUX:
            name, at = read_string(data, at)
            self.aux[name], at = read_string(data, at)
        elif opcode == rdb.FUNCTION2:
            code, at = read_string(data, at)
            self.functions.append(code)
        elif opcode == rdb.MODULE_AUX:
            at = self._read_module_aux(data, at)
        elif opcode == rdb.SLOT_INFO:
            for _ in range(3):
                _, at = read_length(data, at)
        elif opcode == rdb.EOF:
            if self.version >= _CHECKSUMS_SINCE and len(data) - at < _CHECKSUM_BYTES:
                raise TruncatedRdb(_CHECKSUM_BYTES - (len(data) - at))
            self.finished = True
        else:
            raise UnsupportedRdb("functions in the form of a pre-release of Redis 7.0")
        return at

    def _read_module_aux(self, data: bytes, at: int) -> int:
        number, at = read_length(data, at)
        opcode, at = read_length(data, at)
        if opcode != UNSIGNED:
            raise CorruptRdb("data of a module that does not say when to load it")
        _, at = read_length(data, at)
        at = skip_module_value(data, at)
        name = module_name(number)
        if not self._skipping_modules:
            raise UnsupportedRdb(f"auxiliary data of the module type '{name}'")
        self.modules.append(f"auxiliary data of the module type '{name}'")
        return at

    def _mark(
        self,
        deadline_ms: int | None = None,
        idle_s: int | None = None,
        frequency: int | None = None,
    ) -> None:
        """Note what is said of the next key."""
        old = self._marks or (None, None, None)
        self._marks = (
            old[0] if deadline_ms is None else deadline_ms,
            old[1] if idle_s is None else idle_s,
            old[2] if frequency is None else frequency,
        )

    def _finish(self, data: bytes, at: int) -> None:
        """Compare the checksum, which stands behind all that it counts."""
        if self.version >= _CHECKSUMS_SINCE:
            checksum = _read_u64(data, at)[0]
            at += _CHECKSUM_BYTES
            self.bytes_read += _CHECKSUM_BYTES
            self.unchecked = not checksum
            if self._checking and checksum and checksum != self._checksum:
                self.finished = False
                raise WrongChecksum(
                    f"the checksum is {checksum:#x}, that of the data {self._checksum:#x}"
                )
        self.rest = data[at:]
