"""Tests for :mod:`pyredis.replication.history`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.special_types import PrimaryAddress
from pyredis.execution.replicas import NO_HISTORY
from pyredis.replication.backlog import nobody_waits
from pyredis.replication.history import History
from pyredis.wire.request_encoder import encode_request
from tests.commands.session import Session

PING = encode_request((b"PING",))


class HistoryTests(SynchronousTestCase):
    """What a history is called, and how long it is."""

    def setUp(self) -> None:
        """Make a server with a history that nobody is sent."""
        self.session = Session()
        self.server = self.session.server
        self.history = History(self.server, lambda: None, nobody_waits)

    def test_none_is_kept(self) -> None:
        """Before there is a replica nothing is kept, and nothing gathered."""
        self.session.do("SET", "a", "1")
        self.history.trim()
        self.history.resize()
        kept = (self.history.first, self.history.length, self.history.memory)
        self.assertEqual((self.history.is_kept, self.history.offset, kept), (False, 0, (0, 0, 0)))
        self.assertFalse(self.server.propagation.is_on)

    def test_its_own(self) -> None:
        """From its beginning on it has what the server does."""
        before = self.server.replication_id
        self.history.begin()
        self.assertNotEqual(self.server.replication_id, before)
        self.session.do("SET", "a", "1")
        self.history.add(0, (b"PING",))
        self.assertTrue(self.history.backlog.read(1, 1000).endswith(PING))
        self.assertEqual(self.history.length, self.history.offset)

    def test_its_end(self) -> None:
        """Its length outlives it, its name does not."""
        self.history.begin()
        self.history.add(-1, (b"PING",))
        name = self.server.replication_id
        self.history.end()
        self.assertEqual(self.history.offset, len(PING))
        self.assertTrue(self.history.lacks("somebody", name, 1))
        self.history.begin()
        self.assertFalse(self.history.lacks("somebody", self.server.replication_id, len(PING) + 1))

    def test_anothers(self) -> None:
        """It is repeated byte by byte, and gone on with under a name of its own."""
        self.history.stop_writing()
        self.history.repeat("a" * 40, 100)
        self.history.pass_on(PING)
        self.history.add(-1, (b"PING",))  # nothing is added to another's
        self.assertEqual(self.history.offset, 100 + len(PING))
        self.history.write_on()
        self.assertEqual(self.history.second_id, "a" * 40)
        self.assertEqual(self.history.second_offset, 101 + len(PING))
        self.assertFalse(self.history.lacks("somebody", "A" * 40, 101))
        self.assertTrue(self.history.lacks("somebody", "a" * 40, 102 + len(PING)))

    def test_the_name_that_was_taken_back(self) -> None:
        """A new name for the same data makes all others begin anew."""
        self.history.begin()
        name = self.server.replication_id
        self.history.change_name()
        self.assertTrue(self.history.lacks("somebody", name, 1))
        self.assertEqual((self.history.second_id, self.history.second_offset), (NO_HISTORY, -1))

    def test_the_start_of_a_primary(self) -> None:
        """It goes on behind the history that is in its data, and tells what was due meanwhile."""
        aux = {b"repl-id": b"a" * 40, b"repl-offset": b"100", b"repl-stream-db": b"3"}
        self.history.resume(aux, [(3, b"k")])
        self.assertEqual((self.history.second_id, self.history.second_offset), ("a" * 40, 101))
        self.assertNotEqual(self.server.replication_id, "a" * 40)
        self.assertFalse(self.history.lacks("somebody", "a" * 40, 101))
        told = encode_request((b"SELECT", b"3")) + encode_request((b"DEL", b"k"))
        self.assertEqual(self.history.backlog.read(101, 1000), told)

    def test_the_start_of_a_replica(self) -> None:
        """It has the part of its primary's history that is in its data."""
        self.server.settings.replicaof = PrimaryAddress("10.0.0.1", 6379)
        aux = {b"repl-id": b"a" * 40, b"repl-offset": b"100", b"repl-stream-db": b"3"}
        self.history.resume(aux, [])
        self.assertEqual((self.server.replication_id, self.history.offset), ("a" * 40, 100))
        self.assertEqual(self.server.following.database, 3)

    def test_the_start_without_a_history(self) -> None:
        """What is no history is none."""
        for name, offset in ((b"", b""), (b"x" * 40, b"1"), (b"a" * 40, b"-1"), (b"a" * 39, b"1")):
            self.history.resume({b"repl-id": name, b"repl-offset": offset}, [])
            self.assertFalse(self.history.is_kept)

    def test_what_files_say(self) -> None:
        """Name and offset, and the database that a primary's stream has selected."""
        self.assertEqual(self.history.place(), ())
        self.history.begin()
        name = self.server.replication_id.encode()
        self.assertEqual(
            self.history.place(),
            ((b"repl-stream-db", b"0"), (b"repl-id", name), (b"repl-offset", b"0")),
        )
