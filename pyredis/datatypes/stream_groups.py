"""
Consumer groups: who was given which entries of a stream and did not acknowledge them.

A group knows nothing of its stream's entries; :class:`~pyredis.datatypes.streams.StreamValue`
delivers them. What is pending is held once, by ID, with the order of the IDs
beside it for the group and for each consumer.
"""

from __future__ import annotations

from typing import Final

from pyredis.datatypes.ordered_ids import OrderedIds

UNKNOWN_ENTRIES_READ: Final = -1
"""What ``entries_read`` is while nobody can say."""

NEVER: Final = -1
"""The moment of what has not happened yet."""


class Consumer:
    """
    A member of a group.

    Attributes:
        name: What it calls itself.
        seen_ms: When it last asked for something.
        active_ms: When it last got something, or :data:`NEVER`.
        pending: The IDs of the entries it has not acknowledged.
    """

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int) -> None:
        self.name = name
        self.seen_ms = seen_ms
        self.active_ms = NEVER
        self.pending = OrderedIds()


class PendingEntry:
    """An entry that was delivered and not acknowledged."""

    __slots__ = ("consumer", "delivered_ms", "deliveries")

    def __init__(self, consumer: Consumer, delivered_ms: int, deliveries: int) -> None:
        self.consumer = consumer
        self.delivered_ms = delivered_ms
        self.deliveries = deliveries


class ConsumerGroup:
    """
    A group of consumers that share the entries of a stream among them.

    Attributes:
        last_id: The ID of the last entry delivered.
        entries_read: How many entries precede and include it, counted from the
            stream's beginning, or :data:`UNKNOWN_ENTRIES_READ`.
        consumers: The consumers by name.
        pending: What is not acknowledged, by ID, in no order.
        order: The same IDs in order.
    """

    __slots__ = ("consumers", "entries_read", "last_id", "order", "pending")

    def __init__(self, last_id: int, entries_read: int = UNKNOWN_ENTRIES_READ) -> None:
        self.last_id = last_id
        self.entries_read = entries_read
        self.consumers: dict[bytes, Consumer] = {}
        self.pending: dict[int, PendingEntry] = {}
        self.order = OrderedIds()

    def create_consumer(self, name: bytes, now_ms: int) -> Consumer:
        """Add a consumer whose name is not taken."""
        consumer = self.consumers[name] = Consumer(name, now_ms)
        return consumer

    def delete_consumer(self, name: bytes) -> int:
        """Remove a consumer with all that is pending for it; return how much that was."""
        consumer = self.consumers.pop(name)
        for entry_id in consumer.pending:
            del self.pending[entry_id]
            self.order.remove(entry_id)
        return len(consumer.pending)

    def assign(
        self, entry_id: int, consumer: Consumer, delivered_ms: int, deliveries: int
    ) -> PendingEntry:
        """Let an entry be pending for a consumer, whoever had it before."""
        entry = self.pending.get(entry_id)
        if entry is None:
            entry = self.pending[entry_id] = PendingEntry(consumer, delivered_ms, deliveries)
            self.order.add(entry_id)
            consumer.pending.add(entry_id)
            return entry
        if entry.consumer is not consumer:
            entry.consumer.pending.remove(entry_id)
            entry.consumer = consumer
            consumer.pending.add(entry_id)
        entry.delivered_ms = delivered_ms
        entry.deliveries = deliveries
        return entry

    def acknowledge(self, entry_id: int) -> bool:
        """Forget that an entry is pending; tell whether it was."""
        entry = self.pending.pop(entry_id, None)
        if entry is None:
            return False
        self.order.remove(entry_id)
        entry.consumer.pending.remove(entry_id)
        return True

    def copy(self) -> ConsumerGroup:
        """Return a group that shares nothing that changes with this one."""
        twin = ConsumerGroup(self.last_id, self.entries_read)
        twin.order = self.order.copy()
        for name, consumer in self.consumers.items():
            member = twin.create_consumer(name, consumer.seen_ms)
            member.active_ms = consumer.active_ms
            member.pending = consumer.pending.copy()
        twin.pending = {
            entry_id: PendingEntry(
                twin.consumers[entry.consumer.name], entry.delivered_ms, entry.deliveries
            )
            for entry_id, entry in self.pending.items()
        }
        return twin

    def release(self, limit: int) -> int:
        """Drop about ``limit`` pending entries, whichever; return how much of it is left."""
        pending = self.pending
        while limit > 0 and pending:
            pending.popitem()
            limit -= 1
        for ids in (self.order, *(consumer.pending for consumer in self.consumers.values())):
            while limit > 0 and ids:
                limit -= ids.shed()
        return limit
