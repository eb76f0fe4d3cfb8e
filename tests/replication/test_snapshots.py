"""Tests for :mod:`pyredis.replication.snapshots`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.snapshots import Contents, MadeAtOnce, MadeByChild, Snapshot
from pyredis.services.child_process import ChildProcess
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
