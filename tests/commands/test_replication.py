"""Tests of pyredis.commands.replication."""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.special_types import PrimaryAddress
from pyredis.execution.replicas import NoFollowing
from pyredis.wire.replies import LATER, NO_REPLY, OK
from tests.commands.session import Session
from tests.replication.followers import Follower, primary_of, settle

NOT_INTEGER = b"ERR value is not an integer or out of range"


class WaitTests(SynchronousTestCase):
    """WAIT and WAITAOF of a server that has no replicas."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error

    def test_nobody_need_not_be_waited_for(self) -> None:
        """The answer is how many replicas there are."""
        self.assertEqual(self.do("WAIT", 0, 0), 0)
        self.assertEqual(self.do("WAIT", -1, 1000), 0)
        self.assertEqual(self.do("WAITAOF", 0, 0, 0), [0, 0])

    def test_somebody_is_waited_for_in_vain(self) -> None:
        """Until the time has run out."""
        for words, answer in ((("WAIT", 1, 1500), 0), (("WAITAOF", 0, 2, 1500), [0, 0])):
            waiter = self.session.another()
            self.assertIs(waiter.do(*words), LATER)
            self.session.clock.advance(1.4)
            self.do("SET", "k", "v")
            self.assertEqual(waiter.written, [])
            self.session.clock.advance(0.2)
            self.assertEqual(waiter.written, [answer])

    def test_no_timeout_is_for_ever(self) -> None:
        """Only CLIENT UNBLOCK or the end of the connection ends it."""
        waiter = self.session.another()
        waiter.do("WAIT", 1, 0)
        self.session.clock.advance(1_000_000)
        self.assertTrue(waiter.waits)
        self.do("CLIENT", "UNBLOCK", waiter.client.id)

        self.assertEqual(waiter.written, [0])

    def test_a_transaction_does_not_wait(self) -> None:
        """It answers as if the time had run out."""
        self.do("MULTI")
        self.do("WAIT", 1, 0)
        self.do("SET", "k", "v")

        self.assertEqual(self.do("EXEC")[0], 0)

    def test_wrong_arguments(self) -> None:
        """In the order of Redis."""
        self.assertEqual(self.error("WAIT", "x", "y"), NOT_INTEGER)
        timeout = b"ERR timeout is not an integer or out of range"
        self.assertEqual(self.error("WAIT", 1, "1.5"), timeout)
        self.assertEqual(self.error("WAIT", 0, -1), b"ERR timeout is negative")
        self.assertEqual(self.error("WAIT", 0, 2**63 - 1), b"ERR timeout is out of range")
        self.assertEqual(
            self.error("WAITAOF", 2, 0, 0), b"ERR value is out of range, value must between 0 and 1"
        )
        self.assertEqual(
            self.error("WAITAOF", 0, -1, 0), b"ERR value is out of range, must be positive"
        )
        self.assertEqual(self.error("WAITAOF", 1, 0, "x"), timeout)

    def test_there_is_no_append_only_file(self) -> None:
        """Whoever wants to wait for it is told."""
        self.assertIn(b"appendonly is disabled", self.error("WAITAOF", 1, 0, 0))


class ReplconfTests(SynchronousTestCase):
    """What a replica tells of itself."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error

    def test_facts(self) -> None:
        """Every fact is kept with the client."""
        self.assertEqual(self.do("REPLCONF"), OK)
        self.assertIsNone(self.session.client.replica)
        self.do("REPLCONF", "LISTENING-PORT", 7000, "ip-address", "host", "version", "7.2.6")
        self.do("REPLCONF", "capa", "eof", "capa", "psync2", "capa", "unheard-of")
        self.do("REPLCONF", "rdb-only", 1, "rdb-filter-only", "functions")
        state = self.session.client.replica
        assert state is not None
        self.assertEqual((state.port, state.ip, state.version), (7000, "host", b"7.2.6"))
        self.assertTrue(state.takes_streams and state.takes_new_ids and state.rdb_only)
        self.assertEqual((state.wants_data, state.wants_functions), (False, True))

    def test_wrong_facts(self) -> None:
        """In Redis' words."""
        self.assertEqual(self.error("REPLCONF", "capa"), b"ERR syntax error")
        self.assertEqual(
            self.error("REPLCONF", "Hello", "x"), b"ERR Unrecognized REPLCONF option: Hello"
        )
        self.assertEqual(self.error("REPLCONF", "listening-port", "x"), NOT_INTEGER)
        self.assertIn(b"must between 0 and 1", self.error("REPLCONF", "rdb-only", 2))
        self.assertEqual(
            self.error("REPLCONF", "ip-address", "x" * 256),
            b"ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes",
        )
        self.assertEqual(
            self.error("REPLCONF", "rdb-filter-only", '"'), b"ERR Missing rdb-filter-only values"
        )
        self.assertEqual(
            self.error("REPLCONF", "rdb-filter-only", "keys"),
            b"ERR Unsupported rdb-filter-only option: keys",
        )

    def test_what_is_not_answered(self) -> None:
        """Acknowledgements get no reply, whoever sends them."""
        for words in (("ACK", "5"), ("ACK", "x"), ("GETACK", "*")):
            self.assertIs(self.do("REPLCONF", *words), NO_REPLY)


class FollowingTests(SynchronousTestCase):
    """Whom this server follows."""

    def test_nobody(self) -> None:
        """It follows nobody, and says so."""
        session = Session()
        self.assertEqual(session.do("REPLICAOF", "NO", "one"), OK)
        self.assertEqual(session.do("SLAVEOF", "no", "ONE"), OK)
        self.assertEqual(session.do("ROLE"), [b"master", 0, []])

    def test_somebody(self) -> None:
        """It cannot, and does not pretend to."""
        session = Session()
        self.assertEqual(session.error("REPLICAOF", "host", "x"), b"ERR Invalid master port")
        self.assertIn(b"cannot follow", session.error("REPLICAOF", "host", 6379))

    def test_the_log_tells_who_asked(self) -> None:
        """Of a change, and why there is none."""

        class Obedient(NoFollowing):
            def follow(self, address: PrimaryAddress) -> bool:
                changes, self.is_on = not self.is_on, True
                return changes

            def unfollow(self) -> None:
                self.is_on = False

        session = Session()
        session.server.following = Obedient()
        with capturedLogs() as events:
            for words in (("no", "one"), ("host", 7), ("host", 7), ("no", "one")):
                session.do("REPLICAOF", *words)
        lines = [formatEvent(event) for event in events]
        self.assertEqual(len(lines), 3)
        asked = "enabled (user request from 'id="
        self.assertTrue(lines[0].startswith(f"REPLICAOF host:7 {asked}"), lines[0])
        self.assertIn("No operation performed", lines[1])
        self.assertTrue(lines[2].startswith(f"MASTER MODE {asked}"), lines[2])

    def test_role_with_replicas(self) -> None:
        """Those that are online are named, with what they have acknowledged."""
        session = Session()
        primary_of(session)
        follower = Follower(session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        self.assertEqual(session.do("ROLE")[2], [])
        settle(session, 6)
        session.server.replication.tick()
        settle(session)
        follower.do("REPLCONF", "ACK", 12)
        self.assertEqual(session.do("ROLE")[2], [[b"10.0.0.1", b"7000", b"12"]])
        self.assertIn(
            b"slave0:ip=10.0.0.1,port=7000,state=online,offset=12,lag=0",
            session.do("INFO", "replication").text,
        )

    def test_asking_twice(self) -> None:
        """Who is a replica already asks in vain."""
        session = Session()
        primary_of(session)
        follower = Follower(session)
        follower.do("SYNC")
        self.assertIs(follower.do("PSYNC", "?", "x"), NO_REPLY)
        self.assertIs(follower.do("SYNC"), NO_REPLY)

    def test_failover(self) -> None:
        """Only a replica can take over."""
        self.assertEqual(
            Session().error("PSYNC", "x", "1", "FAILOVER"),
            b"ERR PSYNC FAILOVER can't be sent to a master.",
        )
