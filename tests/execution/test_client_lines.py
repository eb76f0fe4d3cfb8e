"""Tests of pyredis.execution.client_lines; the fields are tested with CLIENT LIST."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client_lines import (
    CLIENT_BYTES,
    client_line,
    client_type,
    memory_of,
    queued_bytes,
    request_bytes,
)
from tests.commands.session import MemoryConnection, Session


class SlowConnection(MemoryConnection):
    """A wire whose other end neither finishes its request nor reads."""

    def fileno(self) -> int:
        """Return a number."""
        return 42

    def pending_input(self) -> int:
        """Return how much came of a request."""
        return 100

    def pending_output(self) -> int:
        """Return how much has not left."""
        return 3000


class ClientLineTests(SynchronousTestCase):
    """A client in one line, and what it takes."""

    def setUp(self) -> None:
        """Connect a client that is slow."""
        self.session = Session()
        self.client = self.session.server.connect(SlowConnection(), "1.2.3.4:5", "6.7.8.9:10")

    def test_buffers(self) -> None:
        """What waits on either side is told, and counted."""
        line = client_line(self.client, self.client.created_ms)

        self.assertIn(b" fd=42 ", line)
        self.assertIn(b" qbuf=100 ", line)
        self.assertIn(b" oll=1 omem=3000 tot-mem=%d events=rw " % (CLIENT_BYTES + 3100), line)

    def test_memory(self) -> None:
        """Queued commands count as well."""
        before = memory_of(self.session.client)
        self.session.do("MULTI")
        self.session.do("SET", "key", "value")

        self.assertEqual(queued_bytes(self.session.client), 11)
        self.assertEqual(memory_of(self.session.client), before + 11)

    def test_a_request(self) -> None:
        """As long as it is in RESP."""
        self.assertEqual(request_bytes([b"client", b"list"]), 26)

    def test_types(self) -> None:
        """Who has subscribed is of another type."""
        self.assertEqual(client_type(self.client), "normal")
        self.session.do("SUBSCRIBE", "c")
        self.assertEqual(client_type(self.session.client), "pubsub")
