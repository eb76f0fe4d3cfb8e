"""Tests of pyredis.services.debug_sessions: children that debug."""

from __future__ import annotations

import os
import socket
import time

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.services.debug_sessions import DebugSessions


class DebugSessionsTests(SynchronousTestCase):
    """Real forks."""

    def setUp(self) -> None:
        """Have a socket for the child."""
        self.clock = Clock()
        self.sessions = DebugSessions(self.clock, True)
        self.addCleanup(self.sessions.stop)
        self.socket, self.peer = socket.socketpair()
        self.addCleanup(self.socket.close)
        self.addCleanup(self.peer.close)

    def test_a_child_keeps_its_socket(self) -> None:
        """It speaks while the parent has closed its own, and is let go of when it has ended."""
        self.sessions.start(self.socket.fileno(), lambda: self.socket.sendall(b"hello"))
        self.socket.close()
        self.assertEqual((self.peer.recv(9), self.peer.recv(9)), (b"hello", b""))
        end = time.monotonic() + 20
        while len(self.sessions):
            assert time.monotonic() < end
            self.clock.advance(1)
            time.sleep(0.005)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_end_of_the_server(self) -> None:
        """Children end with it."""
        self.sessions.start(self.socket.fileno(), lambda: time.sleep(60))
        self.socket.close()
        self.sessions.stop()
        self.assertEqual(self.peer.recv(9), b"")
        self.assertEqual((len(self.sessions), self.clock.getDelayedCalls()), (0, []))

    def test_where_nothing_may_fork(self) -> None:
        """It is refused; and so it is where the system refuses."""
        for sessions in (DebugSessions(self.clock, False), self.sessions):
            self.patch(os, "fork", self.refuse)
            with self.assertRaises(RedisError) as caught:
                sessions.start(0, lambda: None)
            self.assertTrue(caught.exception.message.startswith(b"Fork() failed: can't run EVAL"))

    @staticmethod
    def refuse() -> int:
        """Refuse as the system would."""
        raise OSError(11, "Resource temporarily unavailable")
