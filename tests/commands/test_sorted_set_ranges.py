"""Tests of pyredis.commands.sorted_set_ranges."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import Scored
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NOT_FLOAT = b"ERR min or max is not a float"
NOT_LEX = b"ERR min or max not valid string range item"
SYNTAX = b"ERR syntax error"


class RangeCase(SynchronousTestCase):
    """Members a to e scored 1 to 5 under ``z``, all 0 under ``l``, and a string under ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "x")
        self.do("ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e")
        self.do("ZADD", "l", 0, "a", 0, "b", 0, "c", 0, "d", 0, "e")

    def got(self, *words: str | int) -> bytes:
        """Run a command and return the members it answers, joined."""
        return b"".join(self.do(*words))


class ByPositionTests(RangeCase):
    """ZRANGE and ZREVRANGE by position."""

    def test_indexes(self) -> None:
        """Indexes are inclusive; negative ones count from the end."""
        self.assertEqual(self.got("ZRANGE", "z", 0, -1), b"abcde")
        self.assertEqual(self.got("ZRANGE", "z", -2, 100), b"de")
        self.assertEqual(self.got("ZRANGE", "z", 3, 2), b"")
        self.assertEqual(self.got("ZRANGE", "z", 0, 1, "REV"), b"ed")
        self.assertEqual(self.got("ZREVRANGE", "z", 1, 2), b"dc")
        self.assertEqual(self.got("ZRANGE", "k", 0, -1), b"")

    def test_scores(self) -> None:
        """WITHSCORES gives pairs, in the order asked for."""
        pairs = self.do("ZREVRANGE", "z", 0, 1, "WITHSCORES")
        self.assertIsInstance(pairs, Scored)
        self.assertEqual(pairs, [(b"e", 5.0), (b"d", 4.0)])

    def test_pairs_on_the_wire(self) -> None:
        """Pairs are flat in RESP2 and nested in RESP3."""
        sent = self.session.sent
        self.assertEqual(sent("ZRANGE", "z", 0, 0, "WITHSCORES"), b"*2\r\n$1\r\na\r\n$1\r\n1\r\n")
        self.session.resp3 = True
        self.assertEqual(sent("ZRANGE", "z", 0, 0, "WITHSCORES"), b"*1\r\n*2\r\n$1\r\na\r\n,1\r\n")

    def test_errors(self) -> None:
        """Options are read first, then their conflicts, then the ends, then the key."""
        self.assertEqual(self.error("ZRANGE", "s", "x", 1, "FOO"), SYNTAX)
        self.assertEqual(
            self.error("ZRANGE", "s", "x", 1, "LIMIT", 0, 1),
            b"ERR syntax error, LIMIT is only supported in combination with either "
            b"BYSCORE or BYLEX",
        )
        self.assertEqual(self.error("ZRANGE", "s", "x", 1), NOT_INTEGER)
        self.assertEqual(self.error("ZRANGE", "s", 0, 1), WRONG_TYPE)
        self.assertEqual(self.error("ZREVRANGE", "z", 0, 1, "REV"), SYNTAX)
        self.assertEqual(self.error("ZREVRANGE", "z", 0, 1, "BYSCORE"), SYNTAX)
        self.assertEqual(self.error("ZRANGE", "z", 0, 1, "LIMIT", 0), SYNTAX)
        self.assertEqual(self.error("ZRANGE", "z", 0, 1, "LIMIT", "x", "y"), NOT_INTEGER)


class ByScoreTests(RangeCase):
    """Ranges of scores."""

    def test_ends(self) -> None:
        """Ends may be excluded and infinite; reversed, the greater comes first."""
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", "(1", 3), b"bc")
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", "-inf", "(3"), b"ab")
        self.assertEqual(self.got("ZREVRANGEBYSCORE", "z", "+inf", "(3"), b"ed")
        self.assertEqual(self.got("ZRANGE", "z", 4, 2, "BYSCORE", "REV"), b"dcb")
        self.assertEqual(self.got("ZRANGE", "z", 4, 2, "byscore"), b"")
        self.assertEqual(self.got("ZRANGEBYSCORE", "k", 1, 2), b"")

    def test_limit(self) -> None:
        """LIMIT skips and counts from the end asked for."""
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", 1, 5, "LIMIT", 1, 2), b"bc")
        self.assertEqual(self.got("ZREVRANGEBYSCORE", "z", 5, 1, "LIMIT", 1, 2), b"dc")
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", 1, 5, "LIMIT", 3, -1), b"de")
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", 1, 5, "LIMIT", 9, 1), b"")
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", 1, 5, "LIMIT", -1, 1), b"")
        self.assertEqual(self.got("ZRANGEBYSCORE", "z", 1, 5, "LIMIT", 0, 0), b"")
        self.assertEqual(self.got("ZREVRANGEBYSCORE", "z", 5, 1, "LIMIT", 4, 9), b"a")

    def test_counting(self) -> None:
        """ZCOUNT counts what the range would return."""
        self.assertEqual(self.do("ZCOUNT", "z", "(1", 4), 3)
        self.assertEqual(self.do("ZCOUNT", "z", 4, 1), 0)
        self.assertEqual(self.do("ZCOUNT", "k", 1, 4), 0)
        self.assertEqual(self.error("ZCOUNT", "k", "a", 4), NOT_FLOAT)
        self.assertEqual(self.error("ZCOUNT", "s", 1, 4), WRONG_TYPE)

    def test_errors(self) -> None:
        """Ends that are no floats are refused."""
        self.assertEqual(self.error("ZRANGEBYSCORE", "s", "a", 1), NOT_FLOAT)
        self.assertEqual(self.error("ZRANGE", "z", 1, "nan", "BYSCORE"), NOT_FLOAT)
        self.assertEqual(self.error("ZRANGEBYSCORE", "z", 1, 2, "REV"), SYNTAX)
        self.assertEqual(self.error("ZRANGE", "z", 1, 2, "BYSCORE", "BYLEX"), SYNTAX)


class ByMemberTests(RangeCase):
    """Ranges of members."""

    def test_ends(self) -> None:
        """Ends are included with ``[``, excluded with ``(``, and ``-`` and ``+`` are beyond all."""
        self.assertEqual(self.got("ZRANGEBYLEX", "l", "-", "+"), b"abcde")
        self.assertEqual(self.got("ZRANGEBYLEX", "l", "[b", "(d"), b"bc")
        self.assertEqual(self.got("ZREVRANGEBYLEX", "l", "(d", "-", "LIMIT", 0, 2), b"cb")
        self.assertEqual(self.got("ZRANGE", "l", "+", "(c", "BYLEX", "REV"), b"ed")
        self.assertEqual(self.got("ZRANGEBYLEX", "l", "+", "-"), b"")

    def test_counting(self) -> None:
        """ZLEXCOUNT counts what the range would return."""
        self.assertEqual(self.do("ZLEXCOUNT", "l", "(a", "+"), 4)
        self.assertEqual(self.do("ZLEXCOUNT", "k", "-", "+"), 0)
        self.assertEqual(self.error("ZLEXCOUNT", "k", "a", "+"), NOT_LEX)

    def test_errors(self) -> None:
        """Scores cannot be asked for, and ends need their bracket."""
        message = b"ERR syntax error, WITHSCORES not supported in combination with BYLEX"
        self.assertEqual(self.error("ZRANGE", "s", "a", "b", "BYLEX", "WITHSCORES"), message)
        self.assertEqual(self.error("ZRANGEBYLEX", "s", "a", "b", "WITHSCORES"), message)
        self.assertEqual(self.error("ZRANGEBYLEX", "s", "a", "b"), NOT_LEX)
        self.assertEqual(self.error("ZREVRANGEBYLEX", "s", "+", "-"), WRONG_TYPE)


class StoreTests(RangeCase):
    """ZRANGESTORE."""

    def test_what_is_stored(self) -> None:
        """Members keep their scores; what the key held, and its expiry, is gone."""
        self.session.db.set_deadline(b"s", self.session.server.keyspace.now_ms + 9999)
        self.assertEqual(self.do("ZRANGESTORE", "s", "z", "(1", 4, "BYSCORE", "LIMIT", 1, 5), 2)
        self.assertEqual(self.do("ZRANGE", "s", 0, -1, "WITHSCORES"), [(b"c", 3.0), (b"d", 4.0)])
        self.assertIsNone(self.session.db.deadline_of(b"s"))

    def test_onto_itself(self) -> None:
        """Source and destination may be one key."""
        self.assertEqual(self.do("ZRANGESTORE", "z", "z", 0, 1, "REV"), 2)
        self.assertEqual(self.got("ZRANGE", "z", 0, -1), b"de")

    def test_nothing_deletes(self) -> None:
        """An empty result deletes the destination, whatever the source is."""
        self.assertEqual(self.session.events("ZRANGESTORE", "s", "z", 9, 9), [(b"del", b"s")])
        self.assertEqual(self.do("ZRANGESTORE", "l", "missing", 0, 1), 0)
        self.assertIsNone(self.session.db.peek(b"l"))
        self.assertEqual(self.session.events("ZRANGESTORE", "s", "z", 9, 9), [])

    def test_event_and_errors(self) -> None:
        """One event; WITHSCORES is no option here."""
        self.assertEqual(
            self.session.events("ZRANGESTORE", "z", "z", 0, 1), [(b"zrangestore", b"z")]
        )
        self.assertEqual(self.error("ZRANGESTORE", "k", "z", 0, 1, "WITHSCORES"), SYNTAX)
        self.assertEqual(self.error("ZRANGESTORE", "k", "s", 0, 1), WRONG_TYPE)


class RemoveTests(RangeCase):
    """ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX."""

    def test_what_is_removed(self) -> None:
        """The members of the range go and are counted."""
        self.assertEqual(self.do("ZREMRANGEBYRANK", "z", 0, 1), 2)
        self.assertEqual(self.do("ZREMRANGEBYSCORE", "z", "(3", 4), 1)
        self.assertEqual(self.got("ZRANGE", "z", 0, -1), b"ce")
        self.assertEqual(self.do("ZREMRANGEBYLEX", "l", "[b", "(e"), 3)
        self.assertEqual(self.got("ZRANGE", "l", 0, -1), b"ae")
        self.assertEqual(self.do("ZREMRANGEBYRANK", "k", 0, 1), 0)

    def test_events(self) -> None:
        """Each has its event; the last member takes the key along."""
        events = self.session.events
        self.assertEqual(events("ZREMRANGEBYRANK", "z", 9, 9), [])
        self.assertEqual(events("ZREMRANGEBYRANK", "z", 0, 0), [(b"zremrangebyrank", b"z")])
        self.assertEqual(
            events("ZREMRANGEBYSCORE", "z", "-inf", "inf"),
            [(b"zremrangebyscore", b"z"), (b"del", b"z")],
        )
        self.assertEqual(self.session.changes("ZREMRANGEBYLEX", "l", "-", "(c"), 2)
        self.assertEqual(events("ZREMRANGEBYLEX", "l", "-", "(d"), [(b"zremrangebylex", b"l")])

    def test_errors(self) -> None:
        """The range is read before the key."""
        self.assertEqual(self.error("ZREMRANGEBYRANK", "s", "a", 1), NOT_INTEGER)
        self.assertEqual(self.error("ZREMRANGEBYSCORE", "s", "a", 1), NOT_FLOAT)
        self.assertEqual(self.error("ZREMRANGEBYLEX", "s", "a", 1), NOT_LEX)
        self.assertEqual(self.error("ZREMRANGEBYRANK", "s", 0, 1), WRONG_TYPE)
