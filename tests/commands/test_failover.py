"""What FAILOVER refuses; who takes over is for :mod:`tests.replication.test_handover`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.replicas import ReplicaState, Stage
from pyredis.wire.replies import OK
from tests.commands.session import Session


class FailoverTests(SynchronousTestCase):
    """Whom it hands over to, and when it does not."""

    def test_options(self) -> None:
        """Options are read before anything is looked at."""
        session = Session()
        for line, text in (
            ("FAILOVER", b"ERR FAILOVER requires connected replicas."),
            ("FAILOVER ABORT", b"ERR No failover in progress."),
            ("FAILOVER TO x", b"ERR syntax error"),
            ("FAILOVER TO x 1 FORCE", b"ERR FAILOVER requires connected replicas."),
            ("FAILOVER TO a b", b"ERR value is not an integer or out of range"),
            ("FAILOVER TIMEOUT x", b"ERR value is not an integer or out of range"),
            ("FAILOVER TIMEOUT -1", b"ERR FAILOVER timeout must be greater than 0"),
            ("FAILOVER TIMEOUT 5 ABORT", b"ERR syntax error"),
            ("FAILOVER FORCE FORCE", b"ERR syntax error"),
        ):
            self.assertEqual(session.error(*line.split()), text, line)

    def test_in_a_cluster(self) -> None:
        """A cluster has a command of its own for it."""
        self.assertEqual(
            Session(cluster_enabled=True).error("FAILOVER"),
            b"ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.",
        )

    def test_with_replicas(self) -> None:
        """The target must be one that is online."""
        session = Session()
        replica = session.another()
        replica.client.address = "10.0.0.7:5555"
        state = replica.client.replica = ReplicaState()
        state.port = 6380
        state.stage = Stage.SENDING
        self.patch(session.server.replication, "replicas", lambda: [replica.client])
        for line, text in (
            (
                "FAILOVER FORCE",
                b"ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
            ),
            (
                "FAILOVER TO 10.0.0.7 6379",
                b"ERR FAILOVER target HOST and PORT is not a replica.",
            ),
            ("FAILOVER TO 10.0.0.7 6380", b"ERR FAILOVER target replica is not online."),
        ):
            self.assertEqual(session.error(*line.split()), text, line)
        begun: list[object] = []
        session.server.failover.begin = lambda *words: begun.append(words)  # type: ignore[assignment,method-assign]
        state.stage = Stage.ONLINE
        self.assertEqual(session.do("FAILOVER", "TO", "10.0.0.7", "6380", "TIMEOUT", 5), OK)
        self.assertEqual(session.do("FAILOVER"), OK)
        self.assertEqual(begun, [(("10.0.0.7", 6380), 5, False), (None, 0, False)])
