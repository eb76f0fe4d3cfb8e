"""Tests of pyredis.net.dialogue: a socket used past the reactor."""

from __future__ import annotations

import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.ports import NoConnection
from pyredis.net.dialogue import SocketDialogue, open_dialogue
from tests.commands.session import Session


class SocketDialogueTests(SynchronousTestCase):
    """A real pair of sockets, one of them as the reactor leaves it."""

    def setUp(self) -> None:
        """Connect them."""
        self.socket, self.peer = socket.socketpair()
        self.socket.setblocking(False)
        self.addCleanup(self.socket.close)
        self.addCleanup(self.peer.close)
        self.dialogue = SocketDialogue(self.socket.fileno())

    def test_both_ways(self) -> None:
        """What one sends the other receives, and the connection keeps its own descriptor."""
        self.dialogue.send(b"hello")
        self.assertEqual(self.peer.recv(9), b"hello")
        self.peer.send(b"you")
        self.assertEqual(self.dialogue.receive(), b"you")
        self.dialogue.close()
        self.socket.send(b"more")
        self.assertEqual(self.peer.recv(9), b"more")

    def test_waiting(self) -> None:
        """For bytes, and for room."""
        timer = threading.Timer(0.05, self.peer.send, [b"late"])
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual(self.dialogue.receive(), b"late")
        received: list[int] = []

        def read() -> None:
            while sum(received) < 5_000_000:
                received.append(len(self.peer.recv(1 << 20)))

        reader = threading.Thread(target=read)
        reader.start()
        self.dialogue.send(b"x" * 5_000_000)
        reader.join(20)
        self.assertEqual(sum(received), 5_000_000)
        self.dialogue.close()

    def test_a_client_that_has_gone(self) -> None:
        """Nothing is raised: it is told when bytes are waited for."""
        self.peer.close()
        self.dialogue.send(b"x")
        self.assertEqual(self.dialogue.receive(), b"")
        self.dialogue.close()

    def test_an_end_from_outside(self) -> None:
        """Then nothing is waited for."""
        dialogue = SocketDialogue(self.socket.fileno(), lambda: True)
        self.assertEqual(dialogue.receive(), b"")
        dialogue.close()

    def test_the_last_copy(self) -> None:
        """What was sent arrives, then the end."""
        self.socket.close()
        self.dialogue.send(b"bye")
        self.dialogue.close()
        self.assertEqual((self.peer.recv(9), self.peer.recv(9)), (b"bye", b""))


class OpeningTests(SynchronousTestCase):
    """Ways to clients."""

    def test_no_way(self) -> None:
        """A client without a socket cannot be spoken to."""
        client = Session().client
        client.connection = NoConnection()
        with self.assertRaises(RedisError):
            open_dialogue(client)
