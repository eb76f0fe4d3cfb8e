"""Tests of pyredis.commands.append_only; what it does is tried with the service."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import NoAppendOnly
from pyredis.wire.replies import Simple
from tests.commands.session import Session


class Recorder(NoAppendOnly):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def rewrite(self, *, later: bool) -> str:
        """Note it."""
        self.asked.append(later)
        return "scheduled" if later else "started"


class BgrewriteaofTests(SynchronousTestCase):
    """BGREWRITEAOF."""

    def test_where_there_are_no_files(self) -> None:
        """A server in memory has nothing to write to."""
        self.assertTrue(Session().error("BGREWRITEAOF").startswith(b"ERR Can't execute an AOF"))

    def test_what_is_answered(self) -> None:
        """That it began; in a transaction, that it will."""
        session = Session()
        recorder = session.server.append_only = Recorder()
        self.assertEqual(
            session.do("BGREWRITEAOF"), Simple(b"Background append only file rewriting started")
        )
        session.do("MULTI")
        session.do("BGREWRITEAOF")
        self.assertEqual(
            session.do("EXEC"), [Simple(b"Background append only file rewriting scheduled")]
        )
        self.assertEqual(recorder.asked, [False, True])
