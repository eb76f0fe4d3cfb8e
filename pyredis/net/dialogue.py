"""
A conversation with one client while everything else waits.

The client's socket is used here directly, past the reactor: a debugger of scripts
speaks from the middle of a command. The descriptor is a copy, so the connection
itself keeps its own, whatever becomes of either.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.client import Client

_RECEIVED_AT_ONCE = 1 << 16
_SEND_MS = 5000
_LOOK_UP_MS = 1000


class SocketDialogue:
    """
    The way to the client behind a socket.

    Args:
        descriptor: Of the socket.
        must_end: Tells whether nothing may be waited for any more; asked every second.
    """

    def __init__(self, descriptor: int, must_end: Callable[[], bool] = lambda: False) -> None:
        self._must_end = must_end
        self._socket = socket.socket(fileno=os.dup(descriptor))

    def fileno(self) -> int:
        """Return the number of the copied descriptor."""
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """Send bytes; a client that does not take them for five seconds is left to itself."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                if not self._wait(select.POLLOUT, _SEND_MS):
                    return
            except OSError:
                return  # the next attempt to receive will tell

    def receive(self) -> bytes:
        """Wait for bytes and return them; none mean that the client has gone, or has to."""
        while not self._must_end():
            try:
                return self._socket.recv(_RECEIVED_AT_ONCE)
            except BlockingIOError:
                self._wait(select.POLLIN, _LOOK_UP_MS)
            except OSError:
                break
        return b""

    def _wait(self, event: int, timeout_ms: int) -> bool:
        poll = select.poll()
        poll.register(self._socket, event)
        return bool(poll.poll(timeout_ms))

    def close(self) -> None:
        """Give the copy back; the last one ends the connection, and what was sent arrives."""
        self._socket.close()


def open_dialogue(client: Client, must_end: Callable[[], bool] = lambda: False) -> SocketDialogue:
    """
    Return the way to a client.

    Args:
        client: Whose socket it is.
        must_end: See :class:`SocketDialogue`.

    Raises:
        RedisError: There is none, or what is sent there is encrypted.
    """
    connection = client.connection
    descriptor = connection.fileno()
    transport = getattr(connection, "transport", None)
    # Not by its class: without TLS there may be no OpenSSL to load that with.
    if descriptor < 0 or getattr(transport, "is_encrypted", False):
        raise RedisError("scripts can be debugged over TCP without TLS, or a Unix socket")
    return SocketDialogue(descriptor, must_end)
