"""Unix sockets that send at once; imported only where the platform has them."""

from __future__ import annotations

from twisted.internet import unix

from pyredis.net.transport import SendAtOnce


class RedisUnixTransport(SendAtOnce, unix.Server):
    """A Unix socket connection of a client."""


class RedisUnixPort(unix.Port):
    """A Unix socket whose connections send at once."""

    transport = RedisUnixTransport
