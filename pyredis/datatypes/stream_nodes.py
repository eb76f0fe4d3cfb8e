"""
The nodes of a stream: some entries in a row, held together.

Redis keeps a stream in nodes of up to ``stream-node-max-entries`` entries and
``stream-node-max-bytes`` bytes. Where one ends is visible: trimming with ``~``
removes whole nodes. So nodes begin and end here where they do in Redis, down to
the bytes Redis would need. An entry that is deleted stays as a tombstone until
its node has no other left, as in Redis; it goes on counting for the node's size.

The last node of a stream is an :class:`OpenNode`, plain lists. When the next is
begun it is packed into a :class:`SealedNode`: one string of all values and small
columns of numbers. That takes a fifth of the memory, gives the garbage collector
nothing to walk, and any range of entries is unpacked at about the speed at which
a reply is built.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, chain, compress, pairwise, zip_longest
from typing import Final, TypeAlias

from pyredis.datatypes.encodings import LISTPACK_OVERHEAD, listpack_entry_size
from pyredis.datatypes.stream_ids import MAX_PART

Row = tuple[bytes, ...]
"""An entry's content: field, value, field, value and so on."""

Entry = tuple[int, Row]
"""An entry's ID and its content."""

GREATEST_NODE: Final = 1 << 30
"""What fits one node, and so one entry, whatever the configuration."""

# The size of an entry's flags, its two ID deltas, its number of fields and its length:
# the greatest there is, and of those whose numbers are not as great as that.
_GREATEST_FRAME: Final = 2 + 10 + 10 + 6 + 6
_USUAL_FRAME: Final = 2 + 6 + 6 + 2 + 2
_USUAL_SPAN: Final = 1 << 31  # of milliseconds and of sequence numbers in a node
_UNUSUAL_SEQUENCE: Final = MAX_PART - (_USUAL_SPAN - 1)  # its bits are set in greater ones
_USUAL_ROW: Final = 120  # pieces of an entry whose number takes one byte
_COUNTERS: Final = 12  # the greatest size of a node's two counters

_Numbers: TypeAlias = "bytes | array[int]"


class StreamNode:
    """
    Some entries in a row, tombstones among them.

    Positions count both; the first entry has position 0 even when it is deleted.

    Attributes:
        first: The ID of the first entry there ever was, by which the node is found.
        fields: The field names of that entry.
        head: The position before which all entries are deleted.
        holes: The positions of other deleted entries.
    """

    __slots__ = ("fields", "first", "head", "holes")

    def __init__(self, first: int, fields: Row) -> None:
        self.first = first
        self.fields = fields
        self.head = 0
        self.holes: set[int] | None = None

    @property
    def last(self) -> int:
        """The ID of the last entry there ever was."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        """How many entries there are, tombstones included."""
        raise NotImplementedError

    def seek(self, entry_id: int) -> int:
        """Return the position of the first entry with this ID or a greater one."""
        raise NotImplementedError

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the IDs at positions from ``start`` to before ``stop``, tombstones included."""
        raise NotImplementedError

    def rows(self, start: int, stop: int) -> list[Row]:
        """Return the contents at positions from ``start`` to before ``stop``, likewise."""
        raise NotImplementedError

    def copy(self) -> StreamNode:
        """Return a node that shares nothing that changes with this one."""
        raise NotImplementedError

    @property
    def deleted(self) -> int:
        """How many tombstones there are."""
        return self.head + (len(self.holes) if self.holes else 0)

    @property
    def live(self) -> int:
        """How many entries are left."""
        return self.total - self.deleted

    @property
    def first_ever(self) -> int:
        """The ID of the first entry there ever was."""
        return self.ids(0, 1)[0]

    @property
    def first_live(self) -> int:
        """The ID of the first entry that is left; there must be one."""
        return self.ids(self.head, self.head + 1)[0]

    @property
    def last_live(self) -> int:
        """The ID of the last entry that is left; there must be one."""
        position = self.total - 1
        while self.holes and position in self.holes:
            position -= 1
        return self.ids(position, position + 1)[0]

    def find(self, entry_id: int) -> int:
        """Return the position of an entry, or -1 if it is not here or deleted."""
        position = self.seek(entry_id)
        if position >= self.total or position < self.head:
            return -1
        if self.ids(position, position + 1)[0] != entry_id:
            return -1
        return -1 if self.holes and position in self.holes else position

    def delete(self, position: int) -> None:
        """Make the entry at a position a tombstone."""
        if position > self.head:
            if self.holes is None:
                self.holes = set()
            self.holes.add(position)
            return
        self.head += 1
        self._skip_holes()

    def delete_before(self, position: int) -> int:
        """Make all entries before a position tombstones; return how many were none."""
        if position <= self.head:
            return 0
        before = self.deleted
        if self.holes:
            self.holes = {hole for hole in self.holes if hole >= position}
        self.head = position
        self._skip_holes()
        return self.deleted - before

    def delete_first(self, count: int) -> None:
        """Make that many entries at the beginning tombstones."""
        while count:
            count -= self.delete_before(self.head + 1)

    def _skip_holes(self) -> None:
        """Let ``head`` be the position of an entry that is left."""
        holes = self.holes
        if holes:
            while self.head in holes:
                holes.remove(self.head)
                self.head += 1
        if not holes:
            self.holes = None

    def entries(self, start: int, stop: int, count: int, reverse: bool) -> list[Entry]:
        """
        Return the entries left at some positions.

        Args:
            start: The first position.
            stop: The position after the last.
            count: How many entries at most; 0 for all.
            reverse: Whether the last come first.
        """
        start = max(start, self.head)
        if not self.holes:
            if count and stop - start > count:
                if reverse:
                    start = stop - count
                else:
                    stop = start + count
            found = list(zip(self.ids(start, stop), self.rows(start, stop), strict=True))
        else:
            wanted = [int(position not in self.holes) for position in range(start, stop)]
            if reverse:
                wanted.reverse()
            if count and sum(wanted) > count:
                reached = list(accumulate(wanted)).index(count) + 1
                del wanted[reached:]
                if reverse:
                    start = stop - reached
                else:
                    stop = start + reached
            if reverse:
                wanted.reverse()
            pairs = zip(self.ids(start, stop), self.rows(start, stop), strict=True)
            found = list(compress(pairs, wanted))
        if reverse:
            found.reverse()
        return found

    def dead_positions(self) -> list[int]:
        """Return the positions of the tombstones, in order."""
        return [*range(self.head), *sorted(self.holes or ())]

    def _copy_to(self, twin: StreamNode) -> None:
        twin.head = self.head
        twin.holes = None if self.holes is None else self.holes.copy()


class OpenNode(StreamNode):
    """The node that entries are added to."""

    __slots__ = ("_bound", "_ids", "_measured", "_measured_size", "_rows", "_usual_end")

    def __init__(self, first: int, fields: Row) -> None:
        super().__init__(first, fields)
        self._ids: list[int] = []
        self._rows: list[Row] = []
        # The size is only worked out when a bound of it reaches the limit: the sizes
        # of the first entries, and how many these are, are remembered.
        self._measured = 0
        self._measured_size = self._frame_size()
        self._bound = self._measured_size + _COUNTERS
        self._usual_end = 0 if first & _UNUSUAL_SEQUENCE else first + (_USUAL_SPAN << 64)

    @property
    def last(self) -> int:
        """The ID of the last entry there ever was."""
        return self._ids[-1]

    @property
    def total(self) -> int:
        """How many entries there are, tombstones included."""
        return len(self._ids)

    def append(
        self, entry_id: int, row: Row, payload: int, max_bytes: int, max_entries: int
    ) -> bool:
        """
        Add an entry if Redis would add it to this node; tell whether it did.

        Args:
            entry_id: Its ID.
            row: Its fields and values.
            payload: The length of these together.
            max_bytes: ``stream-node-max-bytes``.
            max_entries: ``stream-node-max-entries``.
        """
        ids = self._ids
        if max_entries and len(ids) >= max_entries:
            return False
        if self._bound + payload >= max_bytes or not max_bytes:
            if not 0 < max_bytes <= GREATEST_NODE:
                max_bytes = GREATEST_NODE
            if self.size + payload >= max_bytes:
                return False
        self.put(entry_id, row, payload)
        return True

    def put(self, entry_id: int, row: Row, payload: int) -> None:
        """Add an entry; ``payload`` is the length of its fields and values together."""
        self._ids.append(entry_id)
        self._rows.append(row)
        self._bound += self._bound_of(entry_id, len(row), payload)

    def append_each(
        self, entry_id: int, rows: Sequence[Row], largest: int, max_bytes: int, max_entries: int
    ) -> int:
        """
        Add entries while it is clear that Redis would add them to this node.

        Args:
            entry_id: The ID of the first; those of the others follow one another.
            rows: Their fields and values, as many pieces each.
            largest: What the fields and values of none are longer than.
            max_bytes: ``stream-node-max-bytes``.
            max_entries: ``stream-node-max-entries``.

        Returns:
            How many were added. What it is of the next must be seen by :meth:`append`.
        """
        each = self._bound_of(entry_id + len(rows), len(rows[0]), largest)
        # With the bound of all before it and its own payload the last is below the limit.
        number = min(len(rows), (max_bytes - 1 - largest - self._bound) // each + 1)
        if max_entries:
            number = min(number, max_entries - len(self._ids))
        if number <= 0:
            return 0
        self._ids.extend(range(entry_id, entry_id + number))
        self._rows.extend(rows if number == len(rows) else rows[:number])
        self._bound += number * each
        return number

    def _bound_of(self, entry_id: int, pieces: int, payload: int) -> int:
        """Return how many bytes an entry takes in Redis at most, up to this ID."""
        # A string takes up to two bytes more than its length, or 1/16 if it is longer.
        frame = (
            _USUAL_FRAME
            if entry_id < self._usual_end
            and not entry_id & _UNUSUAL_SEQUENCE
            and pieces < _USUAL_ROW
            else _GREATEST_FRAME
        )
        return payload + (payload >> 4) + 2 * pieces + frame

    @property
    def size(self) -> int:
        """The bytes of the node in Redis."""
        total = len(self._ids)
        if self._measured < total:
            self._measured_size += self._entries_size(self._measured, total)
            self._measured = total
            self._bound = self._measured_size + _COUNTERS
        return self._measured_size + _integer_size(self.live) + _integer_size(self.deleted)

    def _frame_size(self) -> int:
        """Return the size of what stands before the entries, but for two counters."""
        fields = self.fields
        size = LISTPACK_OVERHEAD + _integer_size(len(fields)) + _integer_size(0)
        return size + sum(map(listpack_entry_size, fields))

    def _entries_size(self, start: int, stop: int) -> int:
        """Return the bytes that the entries from ``start`` to before ``stop`` take in Redis."""
        ids, rows = self._ids[start:stop], self._rows[start:stop]
        fields = self.fields
        width = len(fields)
        first_ms = self.first >> 64
        size = _spread_size([(entry_id >> 64) - first_ms for entry_id in ids])
        first_sequence = self.first & MAX_PART
        size += _spread_size([(entry_id & MAX_PART) - first_sequence for entry_id in ids])
        # The flags, and the number of pieces of an entry with the node's own fields.
        size += len(ids) * (_integer_size(0) + _integer_size(width + 3))
        for row in rows:
            pieces: Row = row[1::2]
            if row[::2] != fields:
                count = len(pieces)
                pieces = row
                size += _integer_size(count) + _integer_size(2 * count + 4)
                size -= _integer_size(width + 3)
            for piece in pieces:
                # The greater part are short texts; a number is stored otherwise.
                length = len(piece)
                if length < 64 and (not length or piece[0] > 57):
                    size += length + 2
                else:
                    size += listpack_entry_size(piece)
        return size

    def seek(self, entry_id: int) -> int:
        """Return the position of the first entry with this ID or a greater one."""
        return bisect_left(self._ids, entry_id)

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the IDs at positions from ``start`` to before ``stop``, tombstones included."""
        return self._ids[start:stop]

    def rows(self, start: int, stop: int) -> list[Row]:
        """Return the contents at positions from ``start`` to before ``stop``, likewise."""
        return self._rows[start:stop]

    def copy(self) -> OpenNode:
        """Return a node that shares nothing that changes with this one."""
        twin = OpenNode(self.first, self.fields)
        twin._ids = self._ids.copy()
        twin._rows = self._rows.copy()
        twin._measured = self._measured
        twin._measured_size = self._measured_size
        twin._bound = self._bound
        self._copy_to(twin)
        return twin

    def seal(self) -> SealedNode:
        """Return a packed node with the same entries."""
        twin = SealedNode(self.first, self.fields, self._ids, self._rows)
        self._copy_to(twin)
        return twin


class SealedNode(StreamNode):
    """
    A node that nothing is added to any more, packed.

    Args:
        first: The ID by which it is found.
        fields: The field names of its first entry.
        ids: The IDs of its entries.
        rows: Their contents.
    """

    __slots__ = ("_blob", "_lengths", "_ms", "_pieces", "_sequences")

    def __init__(self, first: int, fields: Row, ids: Sequence[int], rows: Sequence[Row]) -> None:
        super().__init__(first, fields)
        first_ms = first >> 64
        count = len(ids)
        if count and ids[-1] - ids[0] == count - 1 and ids[0] >> 64 == ids[-1] >> 64:
            # They follow one another, as those made in one millisecond do.
            start = ids[0] & MAX_PART
            self._ms = _column([(ids[0] >> 64) - first_ms] * count)
            self._sequences = _column(range(start, start + count))
        else:
            self._ms = _column([(entry_id >> 64) - first_ms for entry_id in ids])
            self._sequences = _column([entry_id & MAX_PART for entry_id in ids])
        pieces: Sequence[bytes] | None = _values_of(rows, fields)
        counts: _Numbers | None = None  # of pieces for each entry, where not all have the same
        if pieces is None:
            pieces = [*chain.from_iterable(rows)]
            counts = _column([*map(len, rows)])
        self._blob = b"".join(pieces)
        self._lengths = _column([*map(len, pieces)])
        self._pieces = counts

    @property
    def last(self) -> int:
        """The ID of the last entry there ever was."""
        return (self.first >> 64) + self._ms[-1] << 64 | self._sequences[-1]

    @property
    def total(self) -> int:
        """How many entries there are, tombstones included."""
        return len(self._ms)

    def seek(self, entry_id: int) -> int:
        """Return the position of the first entry with this ID or a greater one."""
        ms = (entry_id >> 64) - (self.first >> 64)
        start = bisect_left(self._ms, ms)
        stop = bisect_left(self._ms, ms + 1, start)
        return bisect_left(self._sequences, entry_id & MAX_PART, start, stop)

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the IDs at positions from ``start`` to before ``stop``, tombstones included."""
        first_ms = self.first >> 64
        return [
            first_ms + ms << 64 | sequence
            for ms, sequence in zip(self._ms[start:stop], self._sequences[start:stop], strict=True)
        ]

    def rows(self, start: int, stop: int) -> list[Row]:
        """Return the contents at positions from ``start`` to before ``stop``, likewise."""
        counts = self._pieces
        if counts is not None:
            pieces = iter(self._unpack(sum(counts[:start]), sum(counts[:stop])))
            return [tuple(next(pieces) for _ in range(count)) for count in counts[start:stop]]
        fields = self.fields
        width = len(fields)
        values = self._unpack(start * width, stop * width)
        if width == 1:
            field = fields[0]
            return [(field, value) for value in values]
        template = [*fields, *fields]
        template[::2] = fields
        rows = []
        for begin in range(0, len(values), width):
            template[1::2] = values[begin : begin + width]
            rows.append(tuple(template))
        return rows

    def _unpack(self, start: int, stop: int) -> list[bytes]:
        """Return the pieces numbered from ``start`` to before ``stop``."""
        lengths = self._lengths
        begin = sum(lengths[:start])
        ends = accumulate(lengths[start:stop], initial=begin)
        blob = self._blob
        return [blob[left:right] for left, right in pairwise(ends)]

    def copy(self) -> SealedNode:
        """Return a node that shares nothing that changes with this one."""
        twin = SealedNode.__new__(SealedNode)
        twin.first = self.first
        twin.fields = self.fields
        twin._ms = self._ms
        twin._sequences = self._sequences
        twin._blob = self._blob
        twin._lengths = self._lengths
        twin._pieces = self._pieces
        self._copy_to(twin)
        return twin

    def reopen(self) -> OpenNode:
        """Return a node with the same entries to which more can be added."""
        twin = OpenNode(self.first, self.fields)
        total = self.total
        for entry_id, row in zip(self.ids(0, total), self.rows(0, total), strict=True):
            twin.put(entry_id, row, sum(map(len, row)))
        self._copy_to(twin)
        return twin


def _values_of(rows: Sequence[Row], fields: Row) -> Sequence[bytes] | None:
    """Return the values of entries, one after the other, if these are all their fields."""
    try:
        columns = [*zip(*rows, strict=True)]
    except ValueError:
        return None
    for names, field in zip_longest(columns[::2], fields):
        if names is None or names.count(field) != len(rows):
            return None
    return (
        columns[1]
        if len(columns) == 2
        else [*chain.from_iterable(zip(*columns[1::2], strict=True))]
    )


def _column(numbers: Sequence[int]) -> _Numbers:
    """Return numbers, none negative, in as few bytes each as the greatest needs."""
    greatest = max(numbers, default=0)
    if greatest < 1 << 8:
        return bytes(numbers)
    if greatest < 1 << 16:
        return array("H", numbers)
    return array("I" if greatest < 1 << 32 else "Q", numbers)


def _spread_size(numbers: list[int]) -> int:
    """Return how many bytes Redis takes for differences of unsigned 64-bit numbers."""
    least, greatest = min(numbers), max(numbers)
    if least >= 0:
        size = _integer_size(least)
        if size == _integer_size(greatest):
            return size * len(numbers)
    # Beyond 63 bits they are taken as the signed numbers of the same bits.
    return sum(_integer_size((number + (1 << 63) & MAX_PART) - (1 << 63)) for number in numbers)


def _integer_size(number: int) -> int:
    """Return how many bytes Redis takes for a number in a node."""
    return 2 if 0 <= number <= 127 else listpack_entry_size(b"%d" % number)
