"""What a cluster's only node is told about nodes."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Simple
from tests.commands.session import Session


class NodeTests(SynchronousTestCase):
    """There is one node, and no other can come."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session(cluster_enabled=True)
        self.session.server.facts["tcp_port"] = 7000
        self.my_id = self.session.do("CLUSTER", "MYID")

    def test_other_nodes(self) -> None:
        """What is about them is refused, with Redis' text where there is one."""
        mine = self.my_id.decode()
        for line, text in (
            ("REPLICAS x", b"ERR Unknown node x"),
            ("FORGET x", b"ERR Unknown node x"),
            (f"FORGET {mine}", b"ERR I tried hard but I can't forget myself..."),
            (f"REPLICATE {mine}", b"ERR Can't replicate myself"),
            ("FAILOVER", b"ERR You should send CLUSTER FAILOVER to a replica"),
            ("FAILOVER x", b"ERR syntax error"),
            ("MEET x y", b"ERR Invalid base port specified: y"),
            ("MEET 10.0.0.2 7001 x", b"ERR Invalid bus port specified: x"),
            (
                "MEET 10.0.0.2 7001",
                b"ERR This node is a cluster by itself: no other can join it",
            ),
            ("SAVECONFIG", b"ERR This node keeps nothing of its cluster on disk"),
        ):
            self.assertEqual(self.session.error("CLUSTER", *line.split()), text, line)
        self.assertEqual(self.session.do("CLUSTER", "REPLICAS", mine), [])
        self.assertEqual(self.session.do("CLUSTER", "SLAVES", mine), [])
        self.assertEqual(self.session.do("CLUSTER", "COUNT-FAILURE-REPORTS", mine), 0)

    def test_epochs(self) -> None:
        """A node without one is given any; then each new one is the newest."""
        session = self.session
        self.assertEqual(
            session.error("CLUSTER", "SET-CONFIG-EPOCH", -1),
            b"ERR Invalid config epoch specified: -1",
        )
        self.assertEqual(session.do("CLUSTER", "SET-CONFIG-EPOCH", 7), OK)
        self.assertEqual(
            session.error("CLUSTER", "SET-CONFIG-EPOCH", 8),
            b"ERR Node config epoch is already non-zero",
        )
        self.assertEqual(session.do("CLUSTER", "BUMPEPOCH"), Simple(b"STILL 7"))
        info = session.do("CLUSTER", "INFO").text
        self.assertIn(b"cluster_current_epoch:7\r\ncluster_my_epoch:7\r\n", info)
        self.assertIn(b" 0 0 7 connected 0-16383", session.do("CLUSTER", "NODES").text)

    def test_the_first_epoch(self) -> None:
        """It is one more than none."""
        self.assertEqual(self.session.do("CLUSTER", "BUMPEPOCH"), Simple(b"BUMPED 1"))
        self.assertEqual(self.session.do("CLUSTER", "BUMPEPOCH"), Simple(b"STILL 1"))

    def test_reset(self) -> None:
        """It gives all slots up; a hard one makes another node, and neither leaves keys behind."""
        session = self.session
        self.assertEqual(session.error("CLUSTER", "RESET", "foo"), b"ERR syntax error")
        session.do("SET", "a", 1)
        self.assertEqual(
            session.error("CLUSTER", "RESET"),
            b"ERR CLUSTER RESET can't be called with master nodes containing keys",
        )
        session.do("FLUSHALL")
        session.do("CLUSTER", "BUMPEPOCH")
        self.assertEqual(session.do("CLUSTER", "RESET"), OK)
        self.assertEqual(session.do("CLUSTER", "SLOTS"), [])
        self.assertEqual(session.do("CLUSTER", "MYID"), self.my_id)
        self.assertEqual(session.do("CLUSTER", "RESET", "HARD"), OK)
        self.assertNotEqual(session.do("CLUSTER", "MYID"), self.my_id)
        self.assertIn(b"cluster_current_epoch:0\r\n", session.do("CLUSTER", "INFO").text)
