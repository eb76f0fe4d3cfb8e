"""Slots given to a cluster's only node, and taken from it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK
from tests.commands.session import Session

DOWN = b"CLUSTERDOWN The cluster is down"
NOT_SERVED = b"CLUSTERDOWN Hash slot not served"
READS_ONLY = b"CLUSTERDOWN The cluster is down and only accepts read commands"


class SlotTestCase(SynchronousTestCase):
    """A node; the slot of foo is 12182, that of bar 5061."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session(cluster_enabled=True)
        self.session.server.facts["tcp_port"] = 7000

    def served(self) -> list[tuple[int, int]]:
        """Return the stretches of slots that the node says it serves."""
        return [(first, last) for first, last, _ in self.session.do("CLUSTER", "SLOTS")]

    def cluster(self, line: str) -> None:
        """Run a subcommand that succeeds."""
        self.assertEqual(self.session.do("CLUSTER", *line.split()), OK, line)


class AssignmentTests(SlotTestCase):
    """CLUSTER ADDSLOTS, DELSLOTS and their kin."""

    def test_the_first_assignment(self) -> None:
        """Who sets a fresh node up finds it empty, as one of Redis'."""
        self.assertEqual(self.served(), [(0, 16383)])
        self.cluster("ADDSLOTS 1 2 5")
        self.assertEqual(self.served(), [(1, 2), (5, 5)])
        self.cluster("ADDSLOTSRANGE 6 7 16000 16383")
        self.assertEqual(self.served(), [(1, 2), (5, 7), (16000, 16383)])
        self.assertIn(b" connected 1-2 5-7 16000-16383\n", self.session.do("CLUSTER", "NODES").text)

    def test_the_whole_at_once(self) -> None:
        """The usual way to set up a cluster of one."""
        self.cluster("ADDSLOTSRANGE 0 16383")
        self.assertEqual(self.session.do("SET", "foo", 1), OK)
        self.assertEqual(
            self.session.error("CLUSTER", "ADDSLOTS", 3), b"ERR Slot 3 is already busy"
        )

    def test_a_node_with_keys_is_not_fresh(self) -> None:
        """Its slots stay as they are."""
        self.session.do("SET", "foo", 1)
        self.assertEqual(
            self.session.error("CLUSTER", "ADDSLOTS", 3), b"ERR Slot 3 is already busy"
        )
        self.assertEqual(self.served(), [(0, 16383)])

    def test_slots_given_up(self) -> None:
        """They are missing from then on, and can be assigned again."""
        self.cluster("DELSLOTS 0 2 16383")
        self.cluster("DELSLOTSRANGE 10 19 30 39")
        self.assertEqual(self.served(), [(1, 1), (3, 9), (20, 29), (40, 16382)])
        info = self.session.do("CLUSTER", "INFO").text
        self.assertIn(b"cluster_state:fail\r\ncluster_slots_assigned:16361\r\n", info)
        self.cluster("ADDSLOTSRANGE 10 19")
        self.cluster("FLUSHSLOTS")
        self.assertEqual(self.served(), [])
        self.assertEqual(self.session.do("CLUSTER", "SHARDS")[0][b"slots"], [])
        self.assertIn(b"cluster_size:0\r\n", self.session.do("CLUSTER", "INFO").text)

    def test_refusals(self) -> None:
        """Nothing changes when something is wrong."""
        for line, text in (
            ("ADDSLOTS 1 x", b"ERR Invalid or out of range slot"),
            ("ADDSLOTS 16384", b"ERR Invalid or out of range slot"),
            ("ADDSLOTS 1 1", b"ERR Slot 1 specified multiple times"),
            ("ADDSLOTSRANGE 5 3", b"ERR start slot number 5 is greater than end slot number 3"),
            ("ADDSLOTSRANGE 1 3 2 4", b"ERR Slot 2 specified multiple times"),
            (
                "ADDSLOTSRANGE 1 2 3",
                b"ERR wrong number of arguments for 'cluster|addslotsrange' command",
            ),
            ("DELSLOTS 1 -1", b"ERR Invalid or out of range slot"),
            ("DELSLOTS 1 1", b"ERR Slot 1 specified multiple times"),
            (
                "DELSLOTSRANGE 1 2 3",
                b"ERR wrong number of arguments for 'cluster|delslotsrange' command",
            ),
        ):
            self.assertEqual(self.session.error("CLUSTER", *line.split()), text, line)
        self.assertEqual(self.served(), [(0, 16383)])
        self.cluster("DELSLOTS 1")
        self.assertEqual(
            self.session.error("CLUSTER", "DELSLOTSRANGE", 0, 5),
            b"ERR Slot 1 is already unassigned",
        )
        self.cluster("ADDSLOTS 1")
        self.session.do("SET", "foo", 1)
        self.assertEqual(
            self.session.error("CLUSTER", "FLUSHSLOTS"),
            b"ERR DB must be empty to perform CLUSTER FLUSHSLOTS.",
        )

    def test_slots_that_move(self) -> None:
        """They can only come here, as there is no other node."""
        mine = self.session.do("CLUSTER", "MYID").decode()
        self.cluster("DELSLOTS 1")
        for line, text in (
            (
                "SETSLOT 1 FOO",
                b"ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP",
            ),
            ("SETSLOT 1 MIGRATING x", b"ERR I'm not the owner of hash slot 1"),
            ("SETSLOT 2 IMPORTING x", b"ERR I'm already the owner of hash slot 2"),
            ("SETSLOT 1 IMPORTING x", b"ERR I don't know about node x"),
            ("SETSLOT 2 MIGRATING x", b"ERR I don't know about node x"),
            ("SETSLOT 1 NODE x", b"ERR Unknown node x"),
            (
                f"SETSLOT 2 MIGRATING {mine}",
                b"ERR This node is a cluster by itself: no slot can move",
            ),
        ):
            self.assertEqual(self.session.error("CLUSTER", *line.split()), text, line)
        self.cluster("SETSLOT 1 STABLE")
        self.cluster(f"SETSLOT 1 NODE {mine}")
        self.cluster(f"SETSLOT 2 NODE {mine}")
        self.assertEqual(self.served(), [(0, 16383)])


class MissingSlotTests(SlotTestCase):
    """Requests while some slots are not served."""

    def test_the_cluster_is_down(self) -> None:
        """Nothing with keys is served, whatever the slot; the rest is."""
        session = self.session
        self.cluster("DELSLOTS 5061")
        self.assertEqual(session.error("GET", "bar"), NOT_SERVED)
        self.assertEqual(session.error("GET", "foo"), DOWN)
        self.assertEqual(session.error("EVAL", "return 1", 1, "foo"), DOWN)
        self.assertEqual(session.do("EVAL", "return 1", 0), 1)
        self.assertEqual(session.do("SPUBLISH", "foo", "x"), 0)
        session.do("CONFIG", "SET", "cluster-allow-pubsubshard-when-down", "no")
        self.assertEqual(session.error("SPUBLISH", "foo", "x"), DOWN)
        self.assertEqual(session.do("DBSIZE"), 0)

    def test_reads_while_it_is_down(self) -> None:
        """They may be allowed."""
        session = self.session
        session.do("SET", "foo", 1)
        self.cluster("DELSLOTS 5061")
        session.do("CONFIG", "SET", "cluster-allow-reads-when-down", "yes")
        self.assertEqual(session.do("GET", "foo"), b"1")
        self.assertEqual(session.error("SET", "foo", 2), READS_ONLY)
        self.assertEqual(
            session.error("EVAL", "#!lua\nreturn redis.call('set', 'foo', 1)", 1, "foo"), READS_ONLY
        )
        self.assertIn(
            b"Script attempted to execute a write command while the cluster is down and readonly",
            session.error("EVAL", "return redis.call('set', 'foo', 1)", 1, "foo"),
        )
        self.assertEqual(session.do("EVAL", "return redis.call('get', KEYS[1])", 1, "foo"), b"1")

    def test_without_full_coverage(self) -> None:
        """Only the missing slots are refused, by commands, transactions and scripts."""
        session = self.session
        session.do("CONFIG", "SET", "cluster-require-full-coverage", "no")
        self.cluster("DELSLOTS 5061")
        self.assertIn(b"cluster_state:ok\r\n", session.do("CLUSTER", "INFO").text)
        self.assertEqual(session.do("SET", "foo", 1), OK)
        self.assertEqual(session.error("MGET", "bar", "foo"), NOT_SERVED)
        self.assertEqual(session.error("MGET", "foo", "bar").split()[0], b"CROSSSLOT")
        self.assertIn(
            b"Script attempted to access a non local key in a cluster node",
            session.error("EVAL", "return redis.call('get', 'bar')", 0),
        )
        session.do("DEL", "foo")
        self.cluster("FLUSHSLOTS")
        self.assertEqual(session.error("GET", "foo"), NOT_SERVED)

    def test_a_transaction(self) -> None:
        """It is given up with the error itself when its slot has gone meanwhile."""
        session, other = self.session, self.session.another()
        session.do("CONFIG", "SET", "cluster-require-full-coverage", "no")
        session.do("MULTI")
        session.do("GET", "bar")
        other.do("CLUSTER", "DELSLOTS", 5061)
        self.assertEqual(session.error("EXEC"), NOT_SERVED)
        self.assertEqual(session.error("EXEC"), b"ERR EXEC without MULTI")

    def test_subscribers_of_shard_channels(self) -> None:
        """They are told that they listen no longer when the slot goes."""
        session, other = self.session, self.session.another()
        other.do("SSUBSCRIBE", "bar", "x{bar}")
        other.do("SSUBSCRIBE", "foo")
        self.cluster("DELSLOTS 5061")
        self.assertEqual(
            other.written, [[b"sunsubscribe", b"bar", 2], [b"sunsubscribe", b"x{bar}", 1]]
        )
        self.cluster("FLUSHSLOTS")
        self.assertEqual(session.do("PUBSUB", "SHARDCHANNELS"), [])
        self.assertFalse(other.client.special)
