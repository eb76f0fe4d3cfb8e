"""Tests of pyredis.commands.transactions."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import LATER, NULL_ARRAY, OK, QUEUED
from tests.commands.session import Session


class TransactionTests(SynchronousTestCase):
    """MULTI, EXEC, DISCARD and WATCH as a client sees them."""

    def setUp(self) -> None:
        """Start a server with two clients."""
        self.session = Session()
        self.other = self.session.another()
        self.do = self.session.do

    def test_commands_queue_and_run_together(self) -> None:
        """An error of one does not keep the others from running."""
        self.assertEqual(self.do("MULTI"), OK)
        self.assertEqual(self.do("SET", "k", "v"), QUEUED)
        self.assertEqual(self.do("INCR", "k"), QUEUED)
        self.assertEqual(self.do("APPEND", "k", "w"), QUEUED)
        self.assertIsNone(self.other.do("GET", "k"))
        replies = self.do("EXEC")
        self.assertEqual((replies[0], replies[2]), (OK, 2))
        self.assertEqual(replies[1].text, b"ERR value is not an integer or out of range")
        self.assertEqual(self.do("GET", "k"), b"vw")

    def test_a_refusal_while_queueing_discards_everything(self) -> None:
        """An unknown command or a wrong arity is known before EXEC."""
        for wrong in (("NOSUCH",), ("GET",), ("GET", "a", "b")):
            self.do("MULTI")
            self.do("SET", "k", "v")
            self.do(*wrong)
            self.assertEqual(
                self.do("EXEC").text,
                b"EXECABORT Transaction discarded because of previous errors.",
            )
            self.assertIsNone(self.do("GET", "k"))

    def test_exec_with_words_ends_the_transaction(self) -> None:
        """The refusal says so, as Redis does."""
        self.do("MULTI")
        self.assertEqual(
            self.do("EXEC", "x").text,
            b"EXECABORT Transaction discarded because of: "
            b"wrong number of arguments for 'exec' command",
        )
        self.assertEqual(self.do("EXEC").text, b"ERR EXEC without MULTI")

    def test_outside_and_inside(self) -> None:
        """EXEC and DISCARD need MULTI; MULTI and WATCH must not be in it, yet do not end it."""
        self.assertEqual(self.do("DISCARD").text, b"ERR DISCARD without MULTI")
        self.do("MULTI")
        self.assertEqual(self.do("MULTI").text, b"ERR MULTI calls can not be nested")
        self.assertEqual(self.do("WATCH", "k").text, b"ERR WATCH inside MULTI is not allowed")
        self.assertEqual(self.do("EXEC"), [])

    def test_a_watched_key_that_changes_stops_exec(self) -> None:
        """And nothing of the transaction is done."""
        self.do("WATCH", "k")
        self.other.do("SET", "k", 1)
        self.do("MULTI")
        self.do("SET", "k", 2)
        self.assertIs(self.do("EXEC"), NULL_ARRAY)
        self.assertEqual(self.do("GET", "k"), b"1")
        self.do("MULTI")
        self.assertEqual(self.do("EXEC"), [])

    def test_unwatch_and_discard_forget(self) -> None:
        """A change after them does not matter."""
        for forget in ("UNWATCH", "DISCARD"):
            self.do("WATCH", "k")
            if forget == "DISCARD":
                self.do("MULTI")
            self.do(forget)
            self.other.do("INCR", "k")
            self.do("MULTI")
            self.assertEqual(self.do("EXEC"), [])

    def test_a_watched_key_that_expires_stops_exec(self) -> None:
        """Whether or not anybody looked it up meanwhile."""
        self.do("SET", "k", 1, "PX", 10)
        self.do("WATCH", "k")
        self.session.clock.advance(1)
        self.do("MULTI")
        self.assertIs(self.do("EXEC"), NULL_ARRAY)

    def test_flushing_touches_what_was_there(self) -> None:
        """A key that did not exist is not changed by FLUSHALL."""
        self.do("WATCH", "missing")
        self.other.do("FLUSHALL")
        self.do("MULTI")
        self.assertEqual(self.do("EXEC"), [])
        self.do("SET", "k", 1)
        self.do("WATCH", "k")
        self.other.do("FLUSHALL")
        self.do("MULTI")
        self.assertIs(self.do("EXEC"), NULL_ARRAY)

    def test_nothing_waits_inside(self) -> None:
        """A blocking command answers as if its time had run out."""
        self.do("MULTI")
        self.do("BLPOP", "nothing", 0)
        self.assertEqual(self.do("EXEC"), [NULL_ARRAY])
        self.assertIs(self.do("BLPOP", "nothing", 0), LATER)


class BrowserTests(SynchronousTestCase):
    """Requests that a web page makes a browser send."""

    def test_post_and_host_end_the_connection_without_a_word(self) -> None:
        """Before the body could bring commands."""
        for words in (("POST", "/", "HTTP/1.1"), ("Host:", "localhost")):
            session = Session()
            told: list[object] = []
            session.server.dispatcher.log_intrusion = told.append
            session.do(*words)
            self.assertTrue(session.connection.closed)
            self.assertEqual(session.connection.replies, [])
            self.assertEqual(told, [session.client])
