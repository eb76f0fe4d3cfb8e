"""Tests for :mod:`pyredis.replication.feed`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.feed import Feed
from pyredis.wire.request_encoder import encode_request
from tests.commands.session import Session
from tests.replication.followers import Follower, primary_of, settle

MIB = 1 << 20


class FeedTests(SynchronousTestCase):
    """Replicas are sent the one history, each from its own place."""

    def setUp(self) -> None:
        """Start a primary with two replicas that have everything."""
        self.session = Session(repl_diskless_sync_delay=0, repl_ping_replica_period=1000)
        self.primary = primary_of(self.session)
        self.feed: Feed = self.primary._feed
        self.fast, self.slow = self.online(7000), self.online(7001)

    def online(self, port: int) -> Follower:
        """Return a replica that follows the stream."""
        follower = Follower(self.session, port)
        follower.introduce(port)
        follower.do("PSYNC", "?", -1)
        settle(self.session)
        follower.do("REPLCONF", "ACK", self.primary.offset)
        follower.taken()
        return follower

    def test_one_that_takes_nothing(self) -> None:
        """It is sent nothing until it takes something, then all of it; others do not notice."""
        self.slow.wire.unsent = MIB
        value = "x" * 3 * MIB
        self.session.do("SET", "a", value)
        sent = self.fast.taken()
        self.assertIn(encode_request((b"SET", b"a", value.encode())), sent)
        self.assertEqual(self.slow.taken(), b"")
        self.assertGreater(self.primary.unsent(self.slow.client), 3 * MIB)
        self.assertGreater(self.primary.history.memory, 3 * MIB)
        self.slow.wire.unsent = 0
        settle(self.session)
        self.assertEqual(self.slow.taken(), sent)
        self.assertEqual(self.primary.unsent(self.slow.client), 0)
        self.assertLess(self.primary.history.memory, 2 * MIB)

    def test_it_is_kept_once(self) -> None:
        """Two replicas that are behind take no more memory than one."""
        self.slow.wire.unsent = MIB
        self.session.do("SET", "a", "x" * 3 * MIB)
        before = self.primary.history.memory
        third = self.online(7002)
        third.wire.unsent = MIB
        self.session.do("SET", "b", "y")
        self.assertLess(self.primary.history.memory - before, 1000)

    def test_one_that_leaves(self) -> None:
        """What was kept for it alone is given back."""
        self.slow.wire.unsent = MIB
        self.session.do("SET", "a", "x" * 3 * MIB)
        self.fast.taken()
        self.slow.leave()
        self.assertLess(self.primary.history.memory, 2 * MIB)

    def test_what_waits_is_limited(self) -> None:
        """What it has not been sent, and what has not left yet, count as its output."""
        self.slow.wire.unsent = MIB
        self.session.do("SET", "a", "x" * 1000)
        self.fast.taken()
        self.assertGreater(self.slow.wire.checked[-1], MIB + 1000)
        self.assertEqual(self.fast.wire.checked, [])

    def test_the_server_stops(self) -> None:
        """Nothing is tried again."""
        self.slow.wire.unsent = MIB
        self.session.do("SET", "a", "1")
        self.fast.taken()
        self.primary.close()
        self.slow.wire.unsent = 0
        settle(self.session)
        self.assertEqual(self.slow.taken(), b"")
