"""Tests for :mod:`pyredis.execution.replicas`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.replicas import NoReplication, ReplicaState, Stage, replica_ip
from tests.commands.session import Session


class ReplicaStateTests(SynchronousTestCase):
    """What is known of a replica."""

    def test_attached(self) -> None:
        """Having told of itself makes no replica yet."""
        state = ReplicaState()
        self.assertFalse(state.is_attached)
        state.stage = Stage.WAITING
        self.assertTrue(state.is_attached)

    def test_when_it_takes_the_history(self) -> None:
        """Only one that has its snapshot does, and not before it has said so if it must."""
        state = ReplicaState()
        self.assertFalse(state.takes_history)
        state.stage = Stage.ONLINE
        self.assertTrue(state.takes_history)
        state.starts_on_ack = True
        self.assertFalse(state.takes_history)

    def test_address(self) -> None:
        """Where it came from, unless it has said where others reach it."""
        server = Session().server
        client = server.connect(None, "[::1]:5000")
        self.assertEqual(replica_ip(client), "::1")
        client.replica = ReplicaState()
        client.replica.ip = "elsewhere"
        self.assertEqual(replica_ip(client), "elsewhere")


class NoReplicationTests(SynchronousTestCase):
    """A server that no replica can follow."""

    def test_it_has_none(self) -> None:
        """Nothing is counted, nobody is waited for."""
        nothing, client = NoReplication(), Session().client
        self.assertEqual((*nothing.replicas(), nothing.near_replicas()), (0,))
        self.assertEqual((nothing.acknowledgements(0), nothing.awaited(client)), (0, None))
        self.assertEqual(nothing.facts(), {})
        nothing.acknowledged(client)
        nothing.repeat(0, ())
        nothing.change_id()
        with self.assertRaises(RedisError):
            nothing.synchronize(client, None, 0)
