"""Tests for :mod:`pyredis.replication.snapshots`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.replication.snapshots import (
    Contents,
    MadeAtOnce,
    MadeByChild,
    MadeInSlices,
    Snapshot,
)
from pyredis.services.child_process import ChildProcess
from pyredis.services.sliced_work import SlicedWork, in_this_thread
from tests.commands.session import Session


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
    """The data as they were when a snapshot was begun."""

    def setUp(self) -> None:
        """Have some data."""
        self.data = [b"one", b"two" * 100_000]
        self.child = ChildProcess(Session().server)
        self.by_child = MadeByChild(self.pieces, self.child)

    def pieces(self, contents: Contents) -> Iterator[bytes]:
        """Yield the data."""
        yield from self.data if contents.data else ()

    def test_both_kinds_are_equal(self) -> None:
        """A child process makes what this one would."""
        for snapshots in (MadeAtOnce(self.pieces), self.by_child):
            self.assertEqual(whole(snapshots.begin(Contents())), b"".join(self.data))
            self.assertEqual(whole(snapshots.begin(Contents(data=False))), b"")
            self.assertFalse(snapshots.is_busy)

    def test_what_is_written_later_is_not_in_it(self) -> None:
        """A snapshot shows the moment when it was begun."""
        for snapshots in (MadeAtOnce(self.pieces), self.by_child):
            snapshot = snapshots.begin(Contents())
            before = b"".join(self.data)
            self.data.append(b"later")
            self.assertEqual(whole(snapshot), before)

    def test_a_child_that_fails(self) -> None:
        """A child that could not make everything is no success."""
        self.data.append(None)  # type: ignore[arg-type]
        with self.assertRaises(OSError):
            whole(self.by_child.begin(Contents()))

    def test_a_child_that_somebody_else_ends(self) -> None:
        """A child that was killed has not made everything."""
        snapshot = self.by_child.begin(Contents())
        self.child.kill()
        with self.assertRaises(OSError):
            whole(snapshot)

    def test_a_snapshot_nobody_wants_any_more(self) -> None:
        """Closing a snapshot ends its child; twice is as good as once."""
        snapshot = self.by_child.begin(Contents())
        self.assertTrue(self.by_child.is_busy)
        snapshot.close()
        snapshot.close()
        self.assertFalse(self.by_child.is_busy)

    def test_closing_what_is_unread(self) -> None:
        """What was made at once is dropped."""
        snapshot = MadeAtOnce(self.pieces).begin(Contents())
        snapshot.close()
        self.assertIsNone(snapshot.read())


class SlicesTests(SynchronousTestCase):
    """Snapshots that a server makes itself, in the time it has."""

    def setUp(self) -> None:
        """Have a list, of which a snapshot has the first elements."""
        self.session = Session()
        self.session.do("RPUSH", "l", "a", "b")
        self.child = SlicedWork(self.session.server, in_this_thread)
        self.addCleanup(self.child.kill)
        self.snapshots = MadeInSlices(self.pieces, self.child)
        self.size = 3

    def pieces(self, contents: Contents, frozen: FrozenKeyspace) -> Iterator[bytes]:
        """Yield large pieces, then the list."""
        for _ in range(self.size):
            yield b"x" * (1 << 19)
        for db in frozen.databases:
            for key, value in db.take():
                yield key + b"".join(value.slice(0, 10))

    def read(self, snapshot: Snapshot) -> bytes:
        """Read a snapshot to its end, with turns of the event loop as long as it is not there."""
        pieces = []
        while (piece := snapshot.read()) is not None:
            pieces.append(piece)
            if not piece:
                self.session.clock.advance(0.01)
        snapshot.close()
        return b"".join(pieces)

    def test_the_moment_it_was_begun(self) -> None:
        """Later changes are not in it; another can begin behind it."""
        for _ in range(2):
            snapshot = self.snapshots.begin(Contents())
            self.assertTrue(self.snapshots.is_busy)
            before = b"l" + b"".join(self.session.do("LRANGE", "l", 0, -1))
            self.session.do("RPUSH", "l", "c")
            self.assertEqual(self.read(snapshot).lstrip(b"x"), before)
            self.assertFalse(self.snapshots.is_busy)

    def test_no_more_than_is_read(self) -> None:
        """While nobody reads, nothing is made."""
        self.size = 10**9
        snapshot = self.snapshots.begin(Contents())
        self.session.clock.pump([0.01] * 20)
        snapshot.close()
        snapshot.close()
        self.assertFalse(self.snapshots.is_busy)

    def test_given_up(self) -> None:
        """Whoever kills the work ends the snapshot."""
        self.size = 10**9
        snapshot = self.snapshots.begin(Contents())
        self.child.kill()
        with self.assertRaises(OSError):
            self.read(snapshot)

    def test_a_failure(self) -> None:
        """A snapshot that could not be made is none."""
        self.size = "none"  # type: ignore[assignment]
        with self.assertRaises(OSError):
            self.read(self.snapshots.begin(Contents()))
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
