"""Tests of pyredis.execution.instance: the parts of a server, and what they add up to."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Context
from pyredis.execution.table import Declaration
from pyredis.wire.replies import OK, Reply
from tests.execution.playground import START_MS, Playground


def ping(ctx: Context) -> Reply:
    """Answer."""
    ctx.server.scheduler.advance(0.25)  # type: ignore[attr-defined]
    return OK


class InstanceTests(SynchronousTestCase):
    """One of perhaps several servers of a process."""

    def setUp(self) -> None:
        """Make it."""
        self.play = Playground(Declaration("PING", ping, arity=1))
        self.server = self.play.server

    def test_facts(self) -> None:
        """A fact is a value, or a function that states it at this moment."""
        self.server.facts["tcp_port"] = lambda: 6379

        self.assertEqual(self.server.fact("tcp_port"), 6379)
        self.assertEqual(self.server.fact("redis_version"), "7.2.6")
        self.assertEqual((self.server.fact("unknown"), self.server.fact("unknown", "")), (0, ""))

    def test_names_by_chance(self) -> None:
        """A run has an id of 40 hexadecimal digits, a data set's history another."""
        for name in (self.server.run_id, self.server.replication_id):
            self.assertRegex(name, "^[0-9a-f]{40}$")
        self.assertNotEqual(self.server.run_id, self.server.replication_id)

    def test_what_commands_add_up_to(self) -> None:
        """Calls and time are summed up over all commands."""
        self.play.run(b"PING", b"PING", b"nothing")

        self.assertEqual(self.server.commands_processed(), 2)
        self.assertEqual(self.server.busy_ns(), 500_000_000)

    def test_reset_statistics(self) -> None:
        """CONFIG RESETSTAT forgets what was counted, and nothing else."""
        self.play.run(b"PING", b"nothing")
        self.play.client.input_bytes = 50
        db = self.server.keyspace.databases[0]
        db.store(b"k", b"v")
        db.lookup_read(b"k")
        db.lookup_read(b"j")
        self.server.keyspace.expired_keys = self.server.keyspace.expired_fields = 5
        self.server.reset_statistics()

        self.assertEqual(self.server.commands_processed(), 0)
        self.assertEqual(self.server.statistics.errors, {})
        self.assertEqual((self.server.input_bytes(), db.hits, db.misses), (0, 0, 0))
        self.assertEqual(self.server.keyspace.expired_keys, 0)
        self.assertEqual(self.server.keyspace.expired_fields, 0)
        self.assertEqual((len(db), self.server.started_ms), (1, START_MS))
