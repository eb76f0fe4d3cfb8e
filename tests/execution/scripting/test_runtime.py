"""Tests of running scripts: what is counted, and whose they are."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.scripting.offered_functions import version_number
from tests.commands.session import Session


class RuntimeTests(SynchronousTestCase):
    """One server's scripts."""

    def test_a_refused_call_is_counted_as_rejected(self) -> None:
        """The command counts the refusal, and EVAL its failure."""
        session = Session()
        session.do("EVAL", "return redis.call('subscribe', 'c')", 0)
        table = session.server.table
        self.assertEqual(1, table.commands["SUBSCRIBE"].rejected)
        self.assertEqual(0, table.commands["SUBSCRIBE"].calls)
        self.assertEqual(1, session.server.statistics.errors["ERR"])

    def test_calls_are_counted(self) -> None:
        """What a script calls counts as called."""
        session = Session()
        session.do("EVAL", "redis.call('set', 'a', 1) redis.call('set', 'b', 1)", 0)
        self.assertEqual(2, session.server.table.commands["SET"].calls)

    def test_a_large_reply_does_not_fit(self) -> None:
        """A value beyond the sandbox's memory is an error, and the next script runs."""
        session = Session()
        session.do("SET", "a", "x" * 3_000_000)
        session.do("EVAL", "return 1", 0)
        session.server.scripting.sandbox._limit = 2_000_000
        text = session.error("EVAL", "return redis.call('get', 'a')", 0)
        self.assertTrue(text.startswith(b"ERR not enough memory"), text)
        self.assertEqual(1, session.do("EVAL", "return 1", 0))

    def test_versions_are_numbers_too(self) -> None:
        """A byte a part."""
        self.assertEqual(0x070206, version_number("7.2.6"))
