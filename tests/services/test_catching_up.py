"""Tests of pyredis.services.catching_up."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.services.catching_up import CatchingUp
from tests.commands.session import Session
from tests.replication.followers import Follower, primary_of, settle


class CatchingUpTests(SynchronousTestCase):
    """A server that is to end waits for its replicas."""

    def setUp(self) -> None:
        """Have a replica that lacks something."""
        self.session = Session(repl_diskless_sync_delay=0)
        self.primary = primary_of(self.session)
        self.catching_up = CatchingUp(self.session.server, self.primary)
        self.ends: list[str] = []
        self.follower = Follower(self.session)
        self.follower.introduce()
        self.follower.do("PSYNC", "?", -1)
        settle(self.session)
        self.session.do("SET", "a", "1")

    def begin(self) -> bool:
        """Want the end."""
        return self.catching_up.begin(lambda: self.ends.append("end"))

    def test_nobody_lacks_anything(self) -> None:
        """Then nobody is waited for."""
        self.follower.do("REPLCONF", "ACK", self.primary.offset)
        self.assertFalse(self.begin())

    def test_no_time(self) -> None:
        """shutdown-timeout 0 waits for nobody."""
        self.session.server.settings.shutdown_timeout = 0
        self.assertFalse(self.begin())

    def test_until_all_have_everything(self) -> None:
        """It ends when the last has acknowledged; writes wait meanwhile."""
        self.assertTrue(self.begin())
        writer = self.session.another()
        writer.do("SET", "b", "2")
        self.session.clock.advance(1)
        self.assertTrue(writer.waits)
        self.assertEqual(self.ends, [])
        self.follower.do("REPLCONF", "ACK", self.primary.offset)
        self.session.clock.advance(0.1)
        self.assertEqual(self.ends, ["end"])

    def test_how_long_it_waits(self) -> None:
        """INFO shows what is left of the time, and nothing while nobody is waited for."""
        self.assertEqual(self.catching_up.left_ms, 0)
        self.begin()
        self.session.clock.advance(1)
        self.assertEqual(self.catching_up.left_ms, 9000)
        self.session.server.facts["shutdown_in_milliseconds"] = lambda: self.catching_up.left_ms
        self.assertIn(b"shutdown_in_milliseconds:9000\r\n", self.session.do("INFO", "server").text)
        self.assertTrue(self.catching_up.abort())
        self.assertNotIn(b"shutdown_in", self.session.do("INFO", "server").text)

    def test_no_longer_than_that(self) -> None:
        """It ends when the time has run out, and the log tells who lags."""
        self.begin()
        for _ in range(101):
            self.session.clock.advance(0.1)
        self.assertEqual(self.ends, ["end"])
        self.primary.log_step()

    def test_aborting(self) -> None:
        """Everything goes on; who wanted the end is told."""
        self.assertFalse(self.catching_up.abort())
        self.begin()
        self.assertTrue(self.catching_up.abort())
        self.session.clock.advance(60)
        self.assertEqual(self.ends, [])
        self.assertFalse(self.session.server.pause.is_on)

    def test_it_cannot_end(self) -> None:
        """What keeps it from ending lets everything go on."""

        def fail() -> None:
            raise RedisError("no room")

        self.catching_up.begin(fail)
        self.follower.do("REPLCONF", "ACK", self.primary.offset)
        self.session.clock.advance(0.1)
        self.assertFalse(self.catching_up.is_under_way)
        self.assertFalse(self.session.server.pause.is_on)
