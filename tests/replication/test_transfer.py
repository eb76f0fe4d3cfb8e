"""Tests for :mod:`pyredis.replication.transfer`."""

from __future__ import annotations

from io import BytesIO

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Client
from pyredis.execution.replicas import ReplicaState, Stage
from pyredis.replication.transfer import Transfer
from tests.commands.session import Session
from tests.replication.followers import Follower, settle


class Pieces:
    """A snapshot of given pieces; an error among them is raised."""

    def __init__(self, *pieces: bytes | OSError) -> None:
        self.left = list(pieces)
        self.is_closed = False

    def read(self) -> bytes | None:
        """Return the next one."""
        if not self.left:
            return None
        piece = self.left.pop(0)
        if isinstance(piece, OSError):
            raise piece
        return piece

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


class TransferTests(SynchronousTestCase):
    """A snapshot reaches the replicas that wait for it."""

    def setUp(self) -> None:
        """Make two replicas."""
        self.session = Session()
        self.followers = [Follower(self.session), Follower(self.session)]
        for follower in self.followers:
            follower.client.replica = ReplicaState()
            follower.client.replica.stage = Stage.SNAPSHOT
        self.sent: list[Client] = []
        self.ends: list[str | None] = []

    def begin(self, snapshot: Pieces, mark: bytes | None = None) -> Transfer:
        """Begin a transfer to both."""
        return Transfer(
            self.session.server,
            snapshot,
            [follower.client for follower in self.followers],
            mark=mark,
            spool=None if mark else BytesIO(),
            on_sent=self.sent.append,
            on_end=lambda transfer, reason: self.ends.append(reason),
        )

    def test_as_a_stream(self) -> None:
        """Pieces are passed on as they come, and the mark comes behind them."""
        snapshot = Pieces(b"one", b"", b"two")
        transfer = self.begin(snapshot, b"MARK")
        settle(self.session)
        for follower in self.followers:
            self.assertEqual(follower.taken(), b"$EOF:MARK\r\nonetwoMARK")
        self.assertEqual(self.sent, [follower.client for follower in self.followers])
        self.assertEqual(self.ends, [None])
        self.assertTrue(transfer.is_made)
        self.assertTrue(snapshot.is_closed)

    def test_as_a_file(self) -> None:
        """The length is known before the first byte."""
        self.begin(Pieces(b"one", b"two"))
        settle(self.session)
        for follower in self.followers:
            self.assertEqual(follower.taken(), b"$6\r\nonetwo")
        self.assertEqual(len(self.sent), 2)
        self.assertEqual(self.ends, [None])

    def test_the_slowest_sets_the_pace_of_a_stream(self) -> None:
        """Nothing is read while a replica takes nothing."""
        snapshot = Pieces(b"one", b"two")
        self.followers[1].wire.unsent = 1 << 21
        self.begin(snapshot, b"MARK")
        settle(self.session)
        self.assertEqual(len(snapshot.left), 2)
        self.followers[1].wire.unsent = 0
        settle(self.session)
        self.assertEqual(len(self.sent), 2)

    def test_each_has_its_own_pace_with_a_file(self) -> None:
        """A replica that takes nothing holds up nobody else."""
        self.followers[0].wire.unsent = 1 << 21
        self.begin(Pieces(b"one"))
        settle(self.session)
        self.assertEqual(self.sent, [self.followers[1].client])
        self.followers[0].wire.unsent = 0
        settle(self.session)
        self.assertEqual(len(self.sent), 2)

    def test_one_who_joins(self) -> None:
        """A file that is still made can be for one more replica."""
        late = Follower(self.session)
        late.client.replica = ReplicaState()
        transfer = self.begin(Pieces(b"one"))
        transfer.join(late.client)
        settle(self.session)
        self.assertEqual(late.taken(), b"$3\r\none")

    def test_a_snapshot_that_fails(self) -> None:
        """Why it failed is told, and nobody has got it."""
        transfer = self.begin(Pieces(b"one", OSError("no room")), b"MARK")
        settle(self.session)
        self.assertEqual((self.ends, self.sent), (["no room"], []))
        self.assertEqual(transfer.members, [])

    def test_without_replicas_it_ends(self) -> None:
        """When all replicas are gone the snapshot is given up."""
        snapshot = Pieces(b"one", b"two")
        transfer = self.begin(snapshot, b"MARK")
        for follower in self.followers:
            transfer.leave(follower.client)
        self.assertTrue(snapshot.is_closed)
        self.assertEqual(len(self.ends), 1)
        settle(self.session)
        self.assertEqual(len(self.ends), 1)

    def test_closing(self) -> None:
        """A server that stops lets go of everything."""
        snapshot = Pieces(b"one")
        transfer = self.begin(snapshot)
        transfer.close()
        settle(self.session)
        self.assertTrue(snapshot.is_closed)
        self.assertEqual((self.ends, self.sent), ([], []))

    def test_who_holds_up_the_others(self) -> None:
        """Only who takes nothing falls behind, not those that wait for it."""
        self.begin(Pieces(*[b"x"] * 100), b"MARK")
        settle(self.session)
        stuck, other = self.followers
        started_ms = self.session.server.keyspace.clock()
        self.begin(Pieces(*[b"x"] * 100), b"MARK")
        stuck.wire.unsent = 1 << 24
        settle(self.session, 3)
        assert stuck.client.replica is not None and other.client.replica is not None
        self.assertLess(stuck.client.replica.last_taken_ms, started_ms + 1000)
        self.assertGreater(other.client.replica.last_taken_ms, started_ms + 2000)
        stuck.wire.unsent -= 1
        settle(self.session, 3)
        self.assertGreater(stuck.client.replica.last_taken_ms, started_ms + 2000)
