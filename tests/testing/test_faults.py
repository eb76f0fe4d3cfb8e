"""Faults happen to whom they are meant for, as often as asked, and are counted."""

from __future__ import annotations

from typing import Any

from tests.testing.test_service import ServiceTestCase


class FaultTests(ServiceTestCase):
    """What goes wrong between a client and its server."""

    def test_an_error_is_answered(self) -> None:
        """The command does not run; its client gets the error's text."""
        wire = self.connected()
        with self.redis.faults.error("SET", "OOM command not allowed") as fault:
            self.assertEqual(self.say(wire, "SET k v"), b"-OOM command not allowed\r\n")
            self.assertEqual(self.say(wire, "GET k"), b"$-1\r\n")
        self.assertEqual(self.say(wire, "SET k v"), b"+OK\r\n")
        self.assertEqual(fault.count, 1)

    def test_what_the_test_does_is_spared(self) -> None:
        """execute() meets no fault."""
        with self.redis.faults.error() as fault:
            self.redis.execute("SET", "k", "v")
        self.assertEqual(fault.count, 0)

    def test_it_is_narrowed_by_key(self) -> None:
        """Only requests with a key that matches are met."""
        wire = self.connected()
        with self.redis.faults.error(["GET", "MGET"], "ERR no", key="user:*"):
            self.assertEqual(self.say(wire, "GET other"), b"$-1\r\n")
            self.assertEqual(self.say(wire, "MGET other user:1"), b"-ERR no\r\n")
            self.assertEqual(self.say(wire, "PING"), b"+PONG\r\n")

    def test_it_is_narrowed_by_client(self) -> None:
        """Only the connection of that name is met."""
        worker, other = self.connected(), self.connected()
        self.say(worker, "CLIENT SETNAME worker")
        with self.redis.faults.error("PING", "ERR no", client="worker"):
            self.assertEqual(self.say(other, "PING"), b"+PONG\r\n")
            self.assertEqual(self.say(worker, "PING"), b"-ERR no\r\n")

    def test_it_is_narrowed_by_subcommand(self) -> None:
        """A subcommand is named with its container."""
        wire = self.connected()
        with self.redis.faults.error("client getname", "ERR no"):
            self.assertEqual(self.say(wire, "CLIENT ID")[:1], b":")
            self.assertEqual(self.say(wire, "CLIENT GETNAME"), b"-ERR no\r\n")

    def test_it_happens_so_many_times(self) -> None:
        """Then it is over, though not removed."""
        wire = self.connected()
        fault = self.redis.faults.error("PING", "ERR no", times=2)
        replies = [self.say(wire, "PING") for _ in range(3)]
        self.assertEqual(replies, [b"-ERR no\r\n", b"-ERR no\r\n", b"+PONG\r\n"])
        self.assertEqual(fault.count, 2)

    def test_chance_repeats_with_its_seed(self) -> None:
        """The same seed lets the same requests be met."""
        wire = self.connected()
        self.redis.faults.error("PING", "ERR no", probability=0.5)
        runs = []
        for _ in range(2):
            self.redis.faults.seed(7)
            runs.append([self.say(wire, "PING") for _ in range(20)])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(len(set(runs[0])), 2)

    def test_a_delay_passes_on_the_servers_clock(self) -> None:
        """The command runs when its time has come, and what was sent behind it afterwards."""
        wire = self.connected()
        with self.redis.faults.delay(0.2, "SET") as fault:
            self.assertEqual(self.say(wire, "SET k v"), b"")
            self.assertEqual(self.say(wire, "GET k"), b"")
            self.redis.clock.advance(0.1)
            self.assertEqual(self.heard(wire), b"")
            self.redis.clock.advance(0.1)
            self.assertEqual(self.heard(wire), b"+OK\r\n$1\r\nv\r\n")
        self.assertEqual(fault.count, 1)

    def test_a_delayed_client_may_leave(self) -> None:
        """What a client asked for that has left does not run."""
        wire = self.connected()
        self.redis.faults.delay(1, "SET")
        self.say(wire, "SET k v")
        transport: Any = wire.transport
        transport.abortConnection()
        self.heard(wire)
        self.redis.clock.advance(2)
        self.assertNotIn("k", self.redis.data)

    def test_a_connection_is_dropped(self) -> None:
        """The command has run, some bytes have come, and the connection is gone."""
        wire = self.connected()
        with self.redis.faults.drop_connection("INCR"):
            self.say(wire, "INCR n")
        self.assertTrue(wire.lost)
        self.assertEqual(self.redis.data["n"], b"1")

    def test_a_reply_is_truncated(self) -> None:
        """Half of the reply arrives, then the connection is closed."""
        self.redis.data["k"] = "value"
        wire = self.connected()
        with self.redis.faults.truncate_reply("GET"):
            self.assertEqual(self.say(wire, "GET k"), b"$5\r\nv")
        self.assertTrue(wire.lost)

    def test_a_half_open_connection_is_silent(self) -> None:
        """It stays open, and nothing comes any more; others are served."""
        wire = self.connected()
        with self.redis.faults.half_open("PING", times=1):
            self.assertEqual(self.say(wire, "PING"), b"")
            self.assertEqual(self.say(wire, "GET k"), b"")
            self.assertFalse(wire.lost)
            self.assertEqual(self.say(self.connected(), "PING"), b"+PONG\r\n")

    def test_connections_are_refused(self) -> None:
        """Who connects is hung up on; who was connected stays."""
        before = self.connected()
        with self.redis.faults.refuse() as fault:
            after = self.connected()
            self.say(after, "PING")
            self.assertTrue(after.lost)
            self.assertEqual(self.say(before, "PING"), b"+PONG\r\n")
        self.assertEqual(fault.count, 1)
        self.assertEqual(self.say(self.connected(), "PING"), b"+PONG\r\n")

    def test_the_first_that_meets_happens(self) -> None:
        """Of several faults one happens; cleared, none does."""
        wire = self.connected()
        first = self.redis.faults.error("PING", "ERR first")
        second = self.redis.faults.error("*", "ERR second")
        self.assertEqual(self.say(wire, "PING"), b"-ERR first\r\n")
        self.assertEqual(self.say(wire, "GET k"), b"-ERR second\r\n")
        self.redis.faults.clear()
        self.assertEqual(self.say(wire, "PING"), b"+PONG\r\n")
        self.assertEqual((first.count, second.count), (1, 1))

    def test_a_command_that_does_not_exist(self) -> None:
        """A misspelt name is refused: its fault would never happen."""
        self.assertRaises(ValueError, self.redis.faults.error, "GTE")
        self.assertRaises(ValueError, self.redis.faults.delay, 1, ["GET", "CLIENT LOST"])
        self.redis.faults.error(["client list", "get"]).remove()

    def test_nothing_is_asked_while_there_is_none(self) -> None:
        """Without a fault the dispatcher has nothing to ask."""
        fault = self.redis.faults.error()
        self.assertIsNotNone(self.redis.instance.dispatcher.intercept)
        fault.remove()
        self.assertIsNone(self.redis.instance.dispatcher.intercept)
