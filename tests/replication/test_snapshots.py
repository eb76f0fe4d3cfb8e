"""Tests for :mod:`pyredis.replication.snapshots`."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence.rdb_reader import RdbReader
from pyredis.replication.snapshots import Contents, Forked, MadeAtOnce, Snapshot, take_snapshot
from tests.commands.session import Session

LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"


def whole(snapshot: Snapshot) -> bytes:
    """Read a snapshot to its end."""
    end = time.monotonic() + 30
    pieces = []
    while (piece := snapshot.read()) is not None:
        pieces.append(piece)
        assert time.monotonic() < end
        if not piece:
            time.sleep(0.001)
    snapshot.close()
    return b"".join(pieces)


class SnapshotTests(SynchronousTestCase):
    """The data set as it was when a snapshot was begun."""

    def setUp(self) -> None:
        """Make a server with some data."""
        self.session = Session()
        self.session.do("SET", "a", "1", "PX", "5000")
        self.session.do("SELECT", "2")
        self.session.do("RPUSH", "l", "x", "y")
        self.session.do("FUNCTION", "LOAD", LIBRARY)

    def contents(self, data: bytes) -> dict[tuple[int, bytes], int | None]:
        """Return databases, keys and deadlines of an RDB file."""
        reader = RdbReader(EncodingLimits())
        records = [*reader.feed(data), *reader.finish()]
        return {(number, key): deadline for number, key, _, deadline, _, _ in records}

    def test_both_kinds_are_equal(self) -> None:
        """A child process writes what this one would."""
        server = self.session.server
        at_once = whole(MadeAtOnce(server, Contents()))
        self.assertEqual(whole(Forked(server, Contents())), at_once)
        deadline = server.keyspace.databases[0].deadline_of(b"a")
        self.assertEqual(self.contents(at_once), {(0, b"a"): deadline, (2, b"l"): None})
        self.assertIn(b"register_function", at_once)

    def test_what_is_written_later_is_not_in_it(self) -> None:
        """A snapshot shows the moment when it was begun."""
        snapshot = take_snapshot(self.session.server, Contents())
        self.session.do("SET", "later", "1")
        self.assertEqual(len(self.contents(whole(snapshot))), 2)

    def test_parts(self) -> None:
        """Keys or libraries can be left out."""
        server = self.session.server
        functions = whole(MadeAtOnce(server, Contents(data=False)))
        self.assertEqual(self.contents(functions), {})
        self.assertIn(b"register_function", functions)
        data = whole(MadeAtOnce(server, Contents(functions=False)))
        self.assertEqual(len(self.contents(data)), 2)
        self.assertNotIn(b"register_function", data)

    def test_a_child_that_fails(self) -> None:
        """A child that could not write everything is no success."""
        server = self.session.server
        server.keyspace.databases[0].values[b"bad"] = object()
        with self.assertRaises(OSError):
            whole(Forked(server, Contents()))

    def test_a_snapshot_nobody_wants_any_more(self) -> None:
        """Closing a snapshot ends its child, twice is as good as once."""
        snapshot = Forked(self.session.server, Contents())
        snapshot.close()
        snapshot.close()
