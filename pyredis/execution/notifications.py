"""Keyspace notifications: events, published to ``__keyspace@…`` and ``__keyevent@…``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyredis.keyspace.events import KEYEVENT, KEYSPACE, parse_event_classes

if TYPE_CHECKING:
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace
    from pyredis.pubsub.broker import Broker


class KeyspaceNotifier:
    """
    Publishes the events that ``notify-keyspace-events`` asks for; observes only while it asks.

    Args:
        keyspace: Whose events.
        broker: Who publishes them.
    """

    def __init__(self, keyspace: Keyspace, broker: Broker) -> None:
        self._keyspace = keyspace
        self._broker = broker
        self._classes = 0

    def set_classes(self, letters: str) -> None:
        """Take over a new value of ``notify-keyspace-events``."""
        self._keyspace.forget_observer(self._event)
        self._classes = parse_event_classes(letters)
        if self._classes & (KEYSPACE | KEYEVENT):
            self._keyspace.observe_events(self._event)

    def _event(self, db: Database, key: bytes, kind: int, event: bytes) -> None:
        classes = self._classes
        if not classes & kind:
            return
        if classes & KEYSPACE:
            self._broker.publish(b"__keyspace@%d__:%b" % (db.number, key), event)
        if classes & KEYEVENT:
            self._broker.publish(b"__keyevent@%d__:%b" % (db.number, event), key)
