"""Tests of pyredis.commands.server."""

from __future__ import annotations

import itertools

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.ports import NoHost
from pyredis.wire.replies import NO_REPLY, OK
from tests.commands.session import START_S, Session

SYNTAX = b"ERR syntax error"
NO_DATABASE = b"ERR DB index is out of range"


class FlushingTests(SynchronousTestCase):
    """FLUSHDB, FLUSHALL and DBSIZE."""

    def setUp(self) -> None:
        """Start a server with keys in two databases."""
        self.session = Session()
        self.do = self.session.do
        self.do("MSET", "a", 1, "b", 2)
        self.do("SELECT", 1)
        self.do("SET", "c", 3)

    def sizes(self) -> list[int]:
        """Return how many keys the first two databases have."""
        return [len(db) for db in self.session.server.keyspace.databases[:2]]

    def test_flushdb(self) -> None:
        """Empties the selected database."""
        for words in ([], ["ASYNC"], ["sync"]):
            self.do("SET", "c", 3)
            self.assertEqual(self.do("FLUSHDB", *words), OK)
            self.assertEqual(self.sizes(), [2, 0])
        self.assertEqual(self.do("DBSIZE"), 0)

    def test_flushall(self) -> None:
        """Empties all."""
        self.assertEqual(self.session.changes("FLUSHALL", "ASYNC"), 3)
        self.assertEqual(self.sizes(), [0, 0])

    def test_wrong_options(self) -> None:
        """Leave everything where it is."""
        for command in ("FLUSHDB", "FLUSHALL"):
            for words in (["FOO"], ["ASYNC", "SYNC"], [""]):
                self.assertEqual(self.session.error(command, *words), SYNTAX)
        self.assertEqual(self.sizes(), [2, 1])

    def test_it_is_repeated_elsewhere_even_if_there_is_nothing(self) -> None:
        """Elsewhere there may be something."""
        self.do("FLUSHALL")

        self.assertEqual(self.session.effects("FLUSHDB"), [(b"FLUSHDB",)])
        self.assertEqual(self.session.effects("FLUSHALL", "async"), [(b"FLUSHALL", b"async")])
        self.assertEqual(self.session.changes("FLUSHALL"), 0)

    def test_no_event_is_told(self) -> None:
        """As in Redis."""
        self.assertEqual(self.session.events("FLUSHALL"), [])

    def test_watchers_notice(self) -> None:
        """Those of keys that were there."""
        other = self.session.another()
        for key, aborts in (("a", True), ("none", False)):
            self.do("SELECT", 0)
            self.do("SET", "a", 1)
            other.do("WATCH", key)
            self.do("FLUSHALL")
            other.do("MULTI")
            other.do("PING")
            self.assertEqual(isinstance(other.do("EXEC"), list), not aborts)

    def test_expired_keys_count_until_they_are_removed(self) -> None:
        """DBSIZE does not look at each key."""
        self.do("PEXPIRE", "c", 1)
        self.session.clock.advance(1)

        self.assertEqual(self.do("DBSIZE"), 1)


class SwappingTests(SynchronousTestCase):
    """SWAPDB."""

    def setUp(self) -> None:
        """Start a server with a key in each of two databases."""
        self.session = Session()
        self.do = self.session.do
        self.do("SET", "a", 1, "EX", 100)
        self.do("SELECT", 1)
        self.do("SET", "b", 2)

    def test_clients_see_the_other(self) -> None:
        """Without selecting it; deadlines go along."""
        self.assertEqual(self.do("SWAPDB", 0, 1), OK)
        self.assertEqual((self.do("GET", "a"), self.do("TTL", "a")), (b"1", 100))
        self.assertEqual(self.do("EXISTS", "b"), 0)

    def test_with_itself(self) -> None:
        """Nothing changes, though it counts as a change."""
        self.assertEqual(self.session.changes("SWAPDB", 1, 1), 1)
        self.assertEqual(self.do("GET", "b"), b"2")

    def test_wrong_numbers(self) -> None:
        """Each has its own text, but for those beyond the last database."""
        error = self.session.error
        self.assertEqual(error("SWAPDB", "x", "y"), b"ERR invalid first DB index")
        self.assertEqual(error("SWAPDB", 0, 1 << 40), b"ERR invalid second DB index")
        self.assertEqual(error("SWAPDB", 0, 16), NO_DATABASE)
        self.assertEqual(error("SWAPDB", -1, 0), NO_DATABASE)

    def test_it_wakes_those_who_wait(self) -> None:
        """Their key may be in the other database."""
        waiter = self.session.another()
        waiter.do("BLPOP", "l", 0)
        self.do("RPUSH", "l", "x")
        self.assertEqual(waiter.written, [])
        self.do("SWAPDB", 0, 1)

        self.assertEqual(waiter.written, [[b"l", b"x"]])

    def test_watchers_notice(self) -> None:
        """Whether their key goes or comes."""
        for key in ("a", "b"):
            watcher = self.session.another()
            watcher.do("WATCH", key)
            self.do("SWAPDB", 0, 1)
            watcher.do("MULTI")
            self.assertFalse(isinstance(watcher.do("EXEC"), list))


class RecordingHost(NoHost):
    """A process that notes how it is to be stopped, or refuses."""

    def __init__(self, error: RedisError | None = None) -> None:
        self.asked: list[tuple[bool | None, bool, bool]] = []
        self.error = error

    def shutdown(self, save: bool | None, now: bool, force: bool) -> None:
        """Note it."""
        if self.error is not None:
            raise self.error
        self.asked.append((save, now, force))


class ShutdownTests(SynchronousTestCase):
    """SHUTDOWN."""

    def ask(self, *words: str) -> object:
        """Return how the process is asked to stop."""
        session = Session()
        session.server.host = host = RecordingHost()
        self.assertIs(session.do("SHUTDOWN", *words), NO_REPLY)
        self.assertTrue(session.connection.closed)
        (asked,) = host.asked
        return asked

    def test_the_process_is_asked(self) -> None:
        """There is no reply; the connection ends."""
        self.assertEqual(self.ask(), (None, False, False))
        self.assertEqual(self.ask("save"), (True, False, False))
        self.assertEqual(self.ask("NOSAVE", "NOW", "FORCE", "now"), (False, True, True))

    def test_the_process_may_refuse(self) -> None:
        """Then the client stays, and reads why."""
        session = Session()
        session.server.host = RecordingHost(RedisError("Errors trying to SHUTDOWN. Check logs."))

        self.assertEqual(session.error("SHUTDOWN"), b"ERR Errors trying to SHUTDOWN. Check logs.")
        self.assertFalse(session.connection.closed)

    def test_wrong_options(self) -> None:
        """Unknown ones and contradictions."""
        session = Session()
        for words in (
            ["FOO"],
            ["SAVE", "NOSAVE"],
            ["ABORT", "NOW"],
            ["ABORT", "SAVE"],
            ["NOW", ""],
        ):
            self.assertEqual(session.error("SHUTDOWN", *words), SYNTAX)

    def test_there_is_nothing_to_abort(self) -> None:
        """A shutdown never waits."""
        session = Session()
        session.server.host = host = RecordingHost()

        self.assertEqual(session.error("SHUTDOWN", "ABORT"), b"ERR No shutdown in progress.")
        self.assertEqual(host.asked, [])


class TimeTests(SynchronousTestCase):
    """TIME."""

    def test_seconds_and_microseconds(self) -> None:
        """As texts without padding."""
        session = Session()
        self.assertEqual(session.do("TIME"), [b"%d" % START_S, b"0"])
        session.clock.advance(5.025)

        self.assertEqual(session.do("TIME"), [b"%d" % (START_S + 5), b"25000"])
        session.server.wall_us = lambda: 12_000_034
        self.assertEqual(session.do("TIME"), [b"12", b"34"])

    def test_it_stands_still_in_what_runs_as_one(self) -> None:
        """In a transaction and in a script."""
        session = Session()
        moments = itertools.count(12_000_034)
        session.server.wall_us = lambda: next(moments)
        session.do("MULTI")
        session.do("TIME")
        session.do("TIME")
        self.assertEqual(session.do("EXEC"), [[b"12", b"34"]] * 2)
        self.assertEqual(session.do("TIME"), [b"12", b"35"])
        session.clock.advance(1)
        script = "return redis.call('time')[2] - redis.call('time')[2]"
        self.assertEqual(session.do("EVAL", script, 0), 0)
