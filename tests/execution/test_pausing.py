"""Tests of pyredis.execution.pausing and of CLIENT PAUSE."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.replies import LATER, OK, PONG, QUEUED
from tests.commands.session import Session


class PauseTests(SynchronousTestCase):
    """Commands that wait for the end of a pause."""

    def setUp(self) -> None:
        """Connect two clients."""
        self.session = Session()
        self.other = self.session.another()
        self.do = self.session.do

    def pass_time(self, seconds: float = 0) -> None:
        """Let the clock tick, and what was to happen soon happen."""
        self.session.clock.advance(seconds)
        self.session.clock.advance(0)

    def test_writes_wait(self) -> None:
        """What may change something waits, in order; what reads does not."""
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.assertIs(self.other.do("INCR", "k"), LATER)
        self.assertEqual(self.do("GET", "k"), None)
        third = self.session.another()
        self.assertIs(third.do("INCR", "k"), LATER)
        self.assertIn(b"flags=b ", self.do("CLIENT", "LIST", "ID", third.client.id).text)

        self.do("CLIENT", "UNPAUSE")
        self.pass_time()
        self.assertEqual((self.other.written, third.written), ([1], [2]))

    def test_what_waited_is_counted_once(self) -> None:
        """When it runs."""
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.other.do("INCR", "k")
        self.do("CLIENT", "UNPAUSE")
        self.pass_time()
        self.assertEqual(self.session.server.table.resolve([b"incr"]).calls, 1)

    def test_who_is_served_meanwhile(self) -> None:
        """A client that waits for a key waits for the pause as well."""
        self.assertIs(self.other.do("BLPOP", "l", 0), LATER)
        self.do("MULTI")
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.do("RPUSH", "l", "x")
        self.do("EXEC")
        self.assertEqual((self.other.written, self.do("LLEN", "l")), ([], 1))

        self.do("CLIENT", "UNPAUSE")
        self.pass_time()
        self.assertEqual((self.other.written, self.do("LLEN", "l")), ([[b"l", b"x"]], 0))

    def test_scripts_that_do_not_write(self) -> None:
        """A script or function that declares that it does not write need not wait."""
        script = "#!lua flags=no-writes\nreturn 1"
        library = (
            "#!lua name=lib\nredis.register_function{function_name='reads', flags={'no-writes'}, "
            "callback=function() return 2 end}"
        )
        self.do("FUNCTION", "LOAD", library)
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.assertEqual(self.do("EVAL", script, 0), 1)
        self.assertEqual(self.do("EVAL", script, 0), 1)
        self.assertEqual(self.do("FCALL", "reads", 0), 2)
        self.assertIs(self.do("EVAL", "return 1", 0), LATER)
        self.assertIs(self.other.do("EVAL", "#!nonsense", 0), LATER)

    def test_it_ends_by_itself(self) -> None:
        """When its time has run out."""
        self.do("CLIENT", "PAUSE", 1000, "write")
        self.other.do("SET", "k", "v")
        self.pass_time(0.999)
        self.assertTrue(self.other.waits)
        self.pass_time(0.001)
        self.assertEqual(self.other.written, [b"OK"])
        self.assertFalse(self.session.server.dispatcher.special)

    def test_all_commands_wait(self) -> None:
        """Without WRITE even reading waits, and UNPAUSE as well."""
        self.do("CLIENT", "PAUSE", 1000)
        self.assertIs(self.do("PING"), LATER)
        self.assertIs(self.other.do("CLIENT", "UNPAUSE"), LATER)
        self.pass_time(1)

        self.assertEqual((self.session.written, self.other.written), ([b"PONG"], [b"OK"]))

    def test_a_second_pause_neither_shortens_nor_weakens_the_first(self) -> None:
        """The later end and the wider hold stay."""
        self.do("CLIENT", "PAUSE", 500, "WRITE")
        self.do("CLIENT", "PAUSE", 200, "ALL")
        self.pass_time(0.3)
        self.assertIs(self.do("GET", "k"), LATER)
        self.pass_time(0.2)
        self.assertEqual(self.session.written, [None])

    def test_wrong_commands_are_answered_at_once(self) -> None:
        """They would not run anyway."""
        self.do("CLIENT", "PAUSE", 1000, "WRITE")

        self.assertIsInstance(self.other.do("SET", "k"), RedisError)

    def test_a_transaction_waits_for_what_it_holds(self) -> None:
        """One that writes waits at EXEC, one that reads does not."""
        for words in (("MULTI",), ("SET", "k", "v")):
            self.other.do(*words)
        self.do("MULTI")
        self.assertEqual(self.do("PING"), QUEUED)
        self.session.another().do("CLIENT", "PAUSE", 1000, "WRITE")
        self.assertEqual(self.do("EXEC"), [PONG])
        self.assertIs(self.other.do("EXEC"), LATER)
        self.do("CLIENT", "UNPAUSE")
        self.pass_time()

        self.assertEqual(self.other.written, [[b"OK"]])

    def test_nothing_expires_meanwhile(self) -> None:
        """Keys past their time are not seen, but they are there."""
        self.do("SET", "k", "v", "PX", 10)
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.pass_time(0.5)
        self.assertIsNone(self.do("GET", "k"))
        self.assertEqual(self.session.server.keyspace.expired_keys, 0)
        self.do("CLIENT", "UNPAUSE")
        self.assertIsNone(self.do("GET", "k"))

        self.assertEqual(self.session.server.keyspace.expired_keys, 1)

    def test_who_hangs_up_waits_no_more(self) -> None:
        """His command never runs."""
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.other.do("SET", "k", "v")
        self.other.disconnect()
        self.do("CLIENT", "UNPAUSE")
        self.pass_time()

        self.assertIsNone(self.do("GET", "k"))

    def test_a_pause_that_begins_at_once_again(self) -> None:
        """What waited waits on."""
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.other.do("SET", "k", "v")
        self.do("CLIENT", "UNPAUSE")
        self.do("CLIENT", "PAUSE", 1000, "WRITE")
        self.pass_time()
        self.assertTrue(self.other.waits)
        self.pass_time(1)
        self.assertEqual(self.other.written, [b"OK"])

    def test_what_it_refuses(self) -> None:
        """The mode is read first, then the time."""
        for words, expected in (
            (("x", "some"), b"ERR CLIENT PAUSE mode must be WRITE or ALL"),
            (("x",), b"ERR timeout is not an integer or out of range"),
            (("-1",), b"ERR timeout is negative"),
            (("9223372036854775807",), b"ERR timeout is out of range"),
        ):
            self.assertEqual(self.session.error("CLIENT", "PAUSE", *words), expected)
        self.assertTrue(
            self.session.error("CLIENT", "PAUSE", "1", "ALL", "x").startswith(
                b"ERR unknown subcommand or wrong number of arguments for 'PAUSE'."
            )
        )
        self.assertEqual(self.do("CLIENT", "UNPAUSE"), OK)
