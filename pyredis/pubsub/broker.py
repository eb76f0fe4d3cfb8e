"""
Channels, patterns and their subscribers.

A message is encoded once for each protocol version in use, however many
subscribers there are. The broker knows no client and no socket: a subscriber is
anything with a protocol version that takes bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from pyredis.primitives.patterns import Matcher, compile_glob
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import Push


class Subscriber(Protocol):
    """Who gets messages."""

    resp: int
    subscriptions: Subscriptions | None

    def hear(self, data: bytes) -> None:
        """Take an encoded message."""


class Subscriptions:
    """What one subscriber listens to; dicts, because they keep the order of subscribing."""

    __slots__ = ("channels", "patterns", "shard_channels")

    def __init__(self) -> None:
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}

    @property
    def count(self) -> int:
        """Channels and patterns together, as replies to SUBSCRIBE count them."""
        return len(self.channels) + len(self.patterns)

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.channels or self.patterns or self.shard_channels)


_Listeners = dict[bytes, dict[Subscriber, None]]


class Broker:
    """
    Who listens to what in one server.

    Attributes:
        channels: Subscribers by channel; one without subscribers is not there.
        patterns: The same by pattern.
        shard_channels: The same by shard channel.
    """

    def __init__(self) -> None:
        self.channels: _Listeners = {}
        self.patterns: _Listeners = {}
        self.shard_channels: _Listeners = {}
        self._matchers: dict[bytes, Matcher] = {}

    def subscribe(self, subscriber: Subscriber, channel: bytes) -> bool:
        """Add a channel; return whether it was new to the subscriber."""
        return _add(self.channels, _all_of(subscriber).channels, subscriber, channel)

    def subscribe_shard(self, subscriber: Subscriber, channel: bytes) -> bool:
        """Add a shard channel; return whether it was new to the subscriber."""
        return _add(self.shard_channels, _all_of(subscriber).shard_channels, subscriber, channel)

    def subscribe_pattern(self, subscriber: Subscriber, pattern: bytes) -> bool:
        """Add a pattern; return whether it was new to the subscriber."""
        if pattern not in self._matchers:
            self._matchers[pattern] = compile_glob(pattern)
        return _add(self.patterns, _all_of(subscriber).patterns, subscriber, pattern)

    def unsubscribe(self, subscriber: Subscriber, channel: bytes) -> bool:
        """Take a channel away; return whether it was there."""
        return _remove(self.channels, _all_of(subscriber).channels, subscriber, channel)

    def unsubscribe_shard(self, subscriber: Subscriber, channel: bytes) -> bool:
        """Take a shard channel away; return whether it was there."""
        return _remove(self.shard_channels, _all_of(subscriber).shard_channels, subscriber, channel)

    def unsubscribe_pattern(self, subscriber: Subscriber, pattern: bytes) -> bool:
        """Take a pattern away; return whether it was there."""
        removed = _remove(self.patterns, _all_of(subscriber).patterns, subscriber, pattern)
        if pattern not in self.patterns:
            self._matchers.pop(pattern, None)
        return removed

    def forget(self, subscriber: Subscriber) -> None:
        """Take everything away from a subscriber, telling it nothing."""
        own = subscriber.subscriptions
        if own is None:
            return
        for channel in list(own.channels):
            self.unsubscribe(subscriber, channel)
        for pattern in list(own.patterns):
            self.unsubscribe_pattern(subscriber, pattern)
        for channel in list(own.shard_channels):
            self.unsubscribe_shard(subscriber, channel)
        subscriber.subscriptions = None

    def publish(self, channel: bytes, message: bytes) -> int:
        """
        Send a message to the channel's subscribers and to those of matching patterns.

        Returns:
            How many times it was sent.
        """
        sent = 0
        listeners = self.channels.get(channel)
        if listeners:
            sent = _send(listeners, [b"message", channel, message])
        for pattern, matches in self._matchers.items():
            if matches(channel):
                sent += _send(self.patterns[pattern], [b"pmessage", pattern, channel, message])
        return sent

    def publish_shard(self, channel: bytes, message: bytes) -> int:
        """Send a message to a shard channel's subscribers; return how many."""
        listeners = self.shard_channels.get(channel)
        return _send(listeners, [b"smessage", channel, message]) if listeners else 0


def _all_of(subscriber: Subscriber) -> Subscriptions:
    if subscriber.subscriptions is None:
        subscriber.subscriptions = Subscriptions()
    return subscriber.subscriptions


def _add(
    listeners: _Listeners, own: dict[bytes, None], subscriber: Subscriber, name: bytes
) -> bool:
    if name in own:
        return False
    own[name] = None
    listeners.setdefault(name, {})[subscriber] = None
    return True


def _remove(
    listeners: _Listeners, own: dict[bytes, None], subscriber: Subscriber, name: bytes
) -> bool:
    if name not in own:
        return False
    del own[name]
    del listeners[name][subscriber]
    if not listeners[name]:
        del listeners[name]
    return True


def _send(listeners: Iterable[Subscriber], parts: list[object]) -> int:
    """Encode a message as often as there are protocol versions, and deliver it to all."""
    forms: dict[int, bytes] = {}
    sent = 0
    # A copy: a subscriber that is cut off for being slow leaves meanwhile.
    for subscriber in list(listeners):
        form = forms.get(subscriber.resp)
        if form is None:
            form = forms[subscriber.resp] = encoded(Push(parts), subscriber.resp)
        subscriber.hear(form)
        sent += 1
    return sent


Publish = Callable[[bytes, bytes], int]
