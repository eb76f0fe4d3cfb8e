"""
Streams: entries in the order of their IDs, and the groups that consume them.

Entries lie in the nodes of :mod:`pyredis.datatypes.stream_nodes`, which are
those of Redis; adding is O(1), finding an ID two binary searches. A node whose
last entry goes, goes. ``length``, ``last_id`` and the like are to be read
freely; what changes several of them together is a method.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.stream_groups import UNKNOWN_ENTRIES_READ, Consumer, ConsumerGroup
from pyredis.datatypes.stream_ids import MAX_ID, MAX_PART
from pyredis.datatypes.stream_nodes import (
    GREATEST_NODE,
    Entry,
    OpenNode,
    Row,
    SealedNode,
)


class IdNotGreater(ValueError):
    """An entry's ID must be greater than that of every entry before it."""


class EntryTooLarge(ValueError):
    """An entry's fields and values are more than a node may hold."""


class StreamValue:
    """
    A log of entries.

    Attributes:
        length: How many entries there are.
        last_id: The ID of the last entry ever added, which later ones must exceed.
        max_deleted_id: The greatest ID that XDEL deleted, or 0.
        entries_added: How many entries were ever added.
        groups: The consumer groups by name.
        nodes: The entries. Changed by this class only.
    """

    __slots__ = (
        "_firsts",
        "_radix_tree",
        "entries_added",
        "groups",
        "last_id",
        "length",
        "max_deleted_id",
        "nodes",
    )

    type_name: ClassVar[str] = "stream"
    encoding: ClassVar[str] = "stream"

    def __init__(self) -> None:
        self.length = 0
        self.last_id = 0
        self.max_deleted_id = 0
        self.entries_added = 0
        self.groups: dict[bytes, ConsumerGroup] = {}
        self.nodes: list[OpenNode | SealedNode] = []
        self._firsts: list[int] = []  # of each node, its attribute ``first``
        self._radix_tree = (0, 0, 1)

    def __len__(self) -> int:
        return self.length

    def copy(self) -> StreamValue:
        """Return a stream that shares nothing that changes with this one."""
        twin = StreamValue()
        twin.length = self.length
        twin.last_id = self.last_id
        twin.max_deleted_id = self.max_deleted_id
        twin.entries_added = self.entries_added
        twin.groups = {name: group.copy() for name, group in self.groups.items()}
        twin.nodes = [node.copy() for node in self.nodes]
        twin._firsts = self._firsts.copy()
        return twin

    def release(self, limit: int) -> None:
        """Drop about ``limit`` entries or pending ones: to free a value that is gone in slices."""
        for name, group in [*self.groups.items()]:
            limit = group.release(limit)
            if limit <= 0:
                return
            del self.groups[name]
        while limit > 0 and self.nodes:
            node = self.nodes.pop()
            self.length -= node.live
            limit -= node.total
        if not self.nodes:
            self.length = 0

    # Adding

    def next_id(self, now_ms: int) -> int:
        """Return the ID of an entry added now; it may be beyond the greatest there is."""
        candidate = now_ms << 64
        return candidate if candidate > self.last_id else self.last_id + 1

    def next_id_in(self, ms: int) -> int:
        """
        Return the next ID with these milliseconds.

        Raises:
            IdNotGreater: There is none.
        """
        last_id = self.last_id
        if last_id >> 64 != ms:
            return ms << 64
        if last_id & MAX_PART == MAX_PART:
            raise IdNotGreater("no sequence number left")
        return last_id + 1

    def append(self, entry_id: int, row: Row, limits: EncodingLimits) -> None:
        """
        Add an entry at the end.

        Args:
            entry_id: Its ID.
            row: Its fields and values, in turn.
            limits: What decides whether it begins a new node.

        Raises:
            IdNotGreater: The ID is not greater than the last one.
            EntryTooLarge: Fields and values together pass 1 GiB.
        """
        if entry_id <= self.last_id:
            raise IdNotGreater("not greater than the last ID")
        payload = len(row[0]) + len(row[1]) if len(row) == 2 else sum(map(len, row))
        if payload > GREATEST_NODE:
            raise EntryTooLarge("entry too large")
        nodes = self.nodes
        node = nodes[-1] if nodes else None
        if isinstance(node, SealedNode):
            node = nodes[-1] = node.reopen()
        if node is None or not node.append(
            entry_id, row, payload, limits.stream_node_max_bytes, limits.stream_node_max_entries
        ):
            if node is not None:
                nodes[-1] = node.seal()
            node = OpenNode(entry_id, row[::2])
            node.put(entry_id, row, payload)
            nodes.append(node)
            self._firsts.append(entry_id)
        self.length += 1
        self.entries_added += 1
        self.last_id = entry_id

    def append_each(
        self, entry_id: int, columns: Sequence[Sequence[bytes]], limits: EncodingLimits
    ) -> None:
        """
        Add small entries with IDs that follow one another, as so many appends would.

        Args:
            entry_id: The ID of the first, greater than the last one there is.
            columns: Their first fields, their first values, and so on.
            limits: What decides where new nodes begin.
        """
        rows = [*zip(*columns, strict=True)]
        done, count = 0, len(rows)
        largest = sum(max(map(len, column)) for column in columns)
        while done < count:
            node = self.nodes[-1] if self.nodes else None
            taken = 0
            if isinstance(node, OpenNode):
                part = rows[done:] if done else rows
                taken = node.append_each(
                    entry_id,
                    part,
                    largest,
                    limits.stream_node_max_bytes,
                    limits.stream_node_max_entries,
                )
            if taken:
                self.length += taken
                self.entries_added += taken
                self.last_id = entry_id + taken - 1
            else:
                self.append(entry_id, rows[done], limits)
                taken = 1
            entry_id += taken
            done += taken

    def load_node(
        self,
        first: int,
        fields: Row,
        ids: Sequence[int],
        rows: Sequence[Row],
        dead_positions: Sequence[int] = (),
    ) -> None:
        """
        Add a whole node at the end, as read from a file; counts its entries in ``length``.

        Args:
            first: The ID by which it is found.
            fields: Its master fields.
            ids: The IDs of its entries, tombstones among them.
            rows: The contents of these.
            dead_positions: Which of them are tombstones.

        Raises:
            ValueError: IDs are not in order, or there is none.
        """
        previous = self.nodes[-1].last if self.nodes else -1
        if first <= previous or not ids or ids[0] < first:
            raise ValueError("nodes are not in order")
        if any(left >= right for left, right in pairwise(ids)):
            raise ValueError("entries are not in order")
        node = SealedNode(first, fields, ids, rows)
        for position in dead_positions:
            node.delete(position)
        self.nodes.append(node)
        self._firsts.append(first)
        self.length += node.live

    # Reading

    @property
    def first_id(self) -> int:
        """The ID of the first entry, or 0."""
        # Trimming by ID may leave a first node of nothing but tombstones.
        return next((node.first_live for node in self.nodes if node.live), 0)

    @property
    def last_live_id(self) -> int:
        """The ID of the last entry there is, or 0."""
        return next((node.last_live for node in reversed(self.nodes) if node.live), 0)

    def __contains__(self, entry_id: int) -> bool:
        node = self._node_of(entry_id)
        return node is not None and node.find(entry_id) >= 0

    def get(self, entry_id: int) -> Row | None:
        """Return the fields and values of an entry, or None."""
        node = self._node_of(entry_id)
        if node is None:
            return None
        position = node.find(entry_id)
        return None if position < 0 else node.rows(position, position + 1)[0]

    def entries(
        self, start: int = 0, end: int = MAX_ID, count: int = 0, reverse: bool = False
    ) -> list[Entry]:
        """
        Return the entries from one ID to another.

        Args:
            start: The least ID.
            end: The greatest ID.
            count: How many at most; 0 for all.
            reverse: Whether the last come first.
        """
        if start > end:
            return []
        nodes = self.nodes
        number = max(bisect_right(self._firsts, start) - 1, 0)
        stop = bisect_right(self._firsts, end)
        found: list[Entry] = []
        numbers = range(number, stop)
        for number in reversed(numbers) if reverse else numbers:
            node = nodes[number]
            begin = node.seek(start) if start > node.first else 0
            past = node.total if end >= node.last else node.seek(end + 1)
            missing = count - len(found) if count else 0
            found += node.entries(begin, past, missing, reverse)
            if count and len(found) >= count:
                break
        return found

    def _node_of(self, entry_id: int) -> OpenNode | SealedNode | None:
        """Return the node in which an ID would be."""
        number = bisect_right(self._firsts, entry_id) - 1
        return self.nodes[number] if number >= 0 else None

    # Deleting

    def delete(self, entry_id: int) -> bool:
        """Delete an entry; tell whether it was there."""
        number = bisect_right(self._firsts, entry_id) - 1
        if number < 0:
            return False
        node = self.nodes[number]
        position = node.find(entry_id)
        if position < 0:
            return False
        if node.live == 1:
            del self.nodes[number], self._firsts[number]
        else:
            node.delete(position)
        self.length -= 1
        self.max_deleted_id = max(self.max_deleted_id, entry_id)
        return True

    def trim_to_length(self, length: int, approximate: bool = False, limit: int = 0) -> int:
        """
        Delete the oldest entries beyond a number.

        Args:
            length: How many may stay.
            approximate: Whether to delete whole nodes only.
            limit: How many to delete at most, if not 0.

        Returns:
            How many were deleted.
        """
        whole = deleted = 0
        for node in self.nodes:
            live = node.live
            left = self.length - deleted
            if left <= length or (limit and deleted + live > limit):
                break
            if left - live < length:
                if not approximate:
                    node.delete_first(left - length)
                    deleted += left - length
                break
            whole += 1
            deleted += live
        return self._trimmed(whole, deleted)

    def trim_before(self, entry_id: int, approximate: bool = False, limit: int = 0) -> int:
        """
        Delete the entries with IDs less than one.

        Args:
            entry_id: The least ID that stays.
            approximate: Whether to delete whole nodes only.
            limit: How many to delete at most, if not 0.

        Returns:
            How many were deleted.
        """
        whole = deleted = 0
        for node in self.nodes:
            live = node.live
            if limit and deleted + live > limit:
                break
            if node.last >= entry_id:
                if not approximate:
                    deleted += node.delete_before(node.seek(entry_id))
                break
            whole += 1
            deleted += live
        return self._trimmed(whole, deleted)

    def _trimmed(self, whole: int, deleted: int) -> int:
        """Drop nodes from the beginning and count what went."""
        if whole:
            del self.nodes[:whole], self._firsts[:whole]
        self.length -= deleted
        return deleted

    # Consumer groups

    def deliver(
        self, group: ConsumerGroup, consumer: Consumer, count: int, now_ms: int, noack: bool
    ) -> list[Entry]:
        """
        Give a consumer the entries its group was not given yet.

        Args:
            group: The group.
            consumer: The member that asks.
            count: How many at most; 0 for all.
            now_ms: The current time.
            noack: Whether they count as acknowledged at once.
        """
        found = self.entries(group.last_id + 1, MAX_ID, count)
        if not found:
            return found
        fragmented_to = self._fragmented_to()
        for entry_id, _ in found:
            if group.entries_read != UNKNOWN_ENTRIES_READ and entry_id > fragmented_to:
                group.entries_read += 1
            elif self.entries_added:
                group.entries_read = self.entries_read_at(entry_id)
            if not noack:
                group.assign(entry_id, consumer, now_ms, 1)
        group.last_id = found[-1][0]
        if not noack:
            consumer.active_ms = now_ms
        return found

    def redeliver(
        self, group: ConsumerGroup, consumer: Consumer, start: int, count: int, now_ms: int
    ) -> list[tuple[int, Row | None]]:
        """
        Give a consumer again what is pending for it; deleted entries without content.

        Args:
            group: The group.
            consumer: The member that asks.
            start: The least ID.
            count: How many at most; 0 for all.
            now_ms: The current time.
        """
        found: list[tuple[int, Row | None]] = []
        for entry_id in consumer.pending.since(start):
            row = self.get(entry_id)
            found.append((entry_id, row))
            if row is not None:
                entry = group.pending[entry_id]
                entry.delivered_ms = now_ms
                entry.deliveries += 1
            if len(found) == count:
                break
        return found

    def lag_of(self, group: ConsumerGroup) -> int | None:
        """Return how many entries a group is behind, or None if nobody can say."""
        if not self.entries_added:
            return 0
        entries_read = group.entries_read
        if entries_read == UNKNOWN_ENTRIES_READ or group.last_id <= self._fragmented_to():
            entries_read = self.entries_read_at(group.last_id)
            if entries_read == UNKNOWN_ENTRIES_READ:
                return None
        return self.entries_added - entries_read

    def entries_read_at(self, entry_id: int) -> int:
        """
        Return how many entries were ever added up to an ID.

        That is known of the first entry and of the last, and of IDs before the
        first, as long as XDEL left no gaps; of others it is
        :data:`~pyredis.datatypes.stream_groups.UNKNOWN_ENTRIES_READ`.
        """
        if not self.entries_added:
            return 0
        if entry_id == self.last_id or (not self.length and entry_id < self.last_id):
            return self.entries_added
        if entry_id > self.last_id:
            return UNKNOWN_ENTRIES_READ
        first_id = self.first_id
        if not self.max_deleted_id or self.max_deleted_id < first_id:
            if entry_id < first_id:
                return self.entries_added - self.length
            if entry_id == first_id:
                return self.entries_added - self.length + 1
        return UNKNOWN_ENTRIES_READ

    def _fragmented_to(self) -> int:
        """Return the ID up to which XDEL may have left gaps among the entries, or -1."""
        if not self.length or not self.max_deleted_id or self.first_id > self.max_deleted_id:
            return -1
        return self.max_deleted_id

    # What XINFO tells of the radix tree that holds the nodes in Redis

    @property
    def radix_tree_nodes(self) -> int:
        """
        How many nodes Redis' radix tree of this stream's nodes has.

        Its keys are the nodes' first IDs in 16 bytes. It has a node for each key,
        one for each place where keys part, and one for each stretch between.
        """
        firsts = self._firsts
        if not firsts:
            return 1
        # IDs only ever grow and nodes only go, so these two tell all states apart.
        if self._radix_tree[:2] != (len(firsts), firsts[-1]):
            self._radix_tree = len(firsts), firsts[-1], _radix_tree_nodes(firsts)
        return self._radix_tree[2]


def _radix_tree_nodes(keys: Sequence[int]) -> int:
    """Count the nodes of a radix tree over sorted 128-bit keys, compressed as Redis does it."""
    count = 1  # the leaf of the first key
    # Where the path to the current key parts from earlier ones: the depths in bytes.
    forks: list[int] = []
    stretches = 0
    previous = keys[0]
    for key in keys[1:]:
        depth = 16 - ((previous ^ key).bit_length() + 7 >> 3)
        previous = key
        count += 1
        closed = 16
        while forks and forks[-1] > depth:
            fork = forks.pop()
            stretches += closed > fork + 1
            closed = fork
        stretches += closed > depth + 1
        if not forks or forks[-1] < depth:
            forks.append(depth)
            count += 1
    closed = 16
    while forks:
        fork = forks.pop()
        stretches += closed > fork + 1
        closed = fork
    stretches += closed > 0
    return count + stretches
