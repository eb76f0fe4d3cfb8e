"""Tests for :mod:`pyredis.replication.handover`."""

from __future__ import annotations

from typing import Any

from pyredis.config.special_types import PrimaryAddress
from pyredis.errors import RedisError
from pyredis.testing.service import RedisTestService
from tests.replication.test_following import ADDRESS, FollowingTestCase, MemoryEndpoint

REPLICA = PrimaryAddress("10.0.0.2", 6380)


class HandoverTests(FollowingTestCase):
    """A primary and a replica change places."""

    def setUp(self) -> None:
        """Let the replica follow, and each find the other."""
        super().setUp()
        services = {ADDRESS: self.primary, REPLICA: self.replica}
        for service in services.values():
            service.following._endpoint = lambda place, timeout: MemoryEndpoint(
                services[PrimaryAddress(*place)]
            )
        self.replica.settings.replica_announce_ip = REPLICA.host
        self.replica.settings.replica_announce_port = REPLICA.port
        self.primary.execute("SET", "a", "1")
        self.follow()

    def state(self) -> str:
        """Return how far the primary has handed over."""
        return self.info(self.primary)["master_failover_state"]

    def fail_over(self, *words: object) -> None:
        """Begin."""
        self.assertEqual(self.primary.execute("FAILOVER", *map(str, words)), b"OK")

    def roles(self) -> list[Any]:
        """Return what both say they are."""
        return [each.execute("ROLE")[0] for each in (self.primary, self.replica)]

    def silence(self) -> None:
        """Let the replica say nothing any more, as if it stood still."""
        self.replica.following._say_offset = lambda: None  # type: ignore[method-assign]
        self.primary.execute("SET", "a", "2")

    def test_they_change_places(self) -> None:
        """Nothing is lost, nothing is sent again, and writes go on at the new primary."""
        self.fail_over()
        self.assertEqual(self.state(), "waiting-for-sync")
        self.settle()
        self.assertEqual(self.state(), "no-failover")
        self.assertEqual(self.roles(), [b"slave", b"master"])
        self.assertEqual(self.info(self.primary)["master_link_status"], "up")
        self.assertRaises(RedisError, self.primary.execute, "SET", "a", "2")
        self.replica.execute("SET", "b", "2")
        self.settle(0.5)
        self.assertEqual(*self.digests())
        facts = self.replica.primary.facts()
        self.assertEqual((facts["sync_full"], facts["sync_partial_ok"]), (0, 1))

    def test_a_target(self) -> None:
        """The replica that is named takes over, and no other."""
        self.fail_over("TO", *REPLICA)
        self.settle()
        self.assertEqual(self.roles(), [b"slave", b"master"])

    def test_one_that_never_has_everything(self) -> None:
        """When the time is up it stays as it was, and writes go on."""
        self.silence()
        self.fail_over("TIMEOUT", 500)
        self.assertTrue(self.primary.instance.pause.is_on)
        self.settle(1)
        self.assertEqual(self.state(), "no-failover")
        self.assertFalse(self.primary.instance.pause.is_on)
        self.assertEqual(self.roles(), [b"master", b"slave"])

    def test_by_force(self) -> None:
        """When the time is up the replica takes over whatever it lacks."""
        self.silence()
        self.fail_over("TO", *REPLICA, "TIMEOUT", 500, "FORCE")
        self.settle(1)
        self.assertEqual(self.roles(), [b"slave", b"master"])

    def test_it_is_given_up(self) -> None:
        """FAILOVER ABORT ends it; meanwhile there is neither a second one nor REPLICAOF."""
        self.silence()
        self.fail_over()
        self.assertRaises(RedisError, self.primary.execute, "FAILOVER")
        self.assertRaises(RedisError, self.primary.execute, "REPLICAOF", "NO", "ONE")
        self.fail_over("ABORT")
        self.assertEqual((self.state(), self.roles()), ("no-failover", [b"master", b"slave"]))
        self.assertRaises(RedisError, self.primary.execute, "FAILOVER", "ABORT")

    def test_the_replica_refuses(self) -> None:
        """Then this server is the primary again, with a new history, and writes go on."""
        self.replica.execute("ACL", "SETUSER", "default", "-psync")
        self.fail_over()
        self.settle(5)
        self.assertEqual((self.state(), self.roles()), ("no-failover", [b"master", b"slave"]))
        self.primary.execute("SET", "b", "2")
        self.settle()
        self.assertEqual(*self.digests())

    def test_who_is_asked_wrongly(self) -> None:
        """Only a replica with the same history takes over."""
        for service, name, text in (
            (self.primary, "x", "PSYNC FAILOVER can't be sent to a master."),
            (self.replica, "x" * 40, "PSYNC FAILOVER replid must match my replid."),
        ):
            error = self.assertRaises(RedisError, service.execute, "PSYNC", name, "1", "FAILOVER")
            self.assertIn(text, str(error))

    def test_the_server_stops(self) -> None:
        """Nobody is looked for any more."""
        self.silence()
        self.fail_over()
        service: RedisTestService = self.primary
        service.failover.close()
        self.settle(1)
        self.assertEqual(self.roles(), [b"master", b"slave"])
