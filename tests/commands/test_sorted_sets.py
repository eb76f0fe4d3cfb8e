"""Tests of pyredis.commands.sorted_sets."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import NULL_ARRAY, Double, Scored
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_FLOAT = b"ERR value is not a valid float"
NOT_INTEGER = b"ERR value is not an integer or out of range"
SYNTAX = b"ERR syntax error"
HUGE = (1 << 63) - 1


class SortedSetCase(SynchronousTestCase):
    """A server with a string under ``s`` and members a, b, c scored 1, 2, 3 under ``z``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "x")
        self.do("ZADD", "z", 1, "a", 2, "b", 3, "c")

    def pairs(self, key: str = "z") -> list[tuple[bytes, float]]:
        """Return the members of a sorted set with their scores."""
        pairs = self.do("ZRANGE", key, 0, -1, "WITHSCORES")
        return [(member, float(score)) for member, score in pairs]


class AddTests(SortedSetCase):
    """ZADD and ZINCRBY."""

    def test_new_members_are_counted(self) -> None:
        """A changed score counts only with CH, an equal one never."""
        self.assertEqual(self.do("ZADD", "z", 9, "a", 4, "d"), 1)
        self.assertEqual(self.do("ZADD", "z", "CH", 1, "a", 4, "d", 5, "e"), 2)
        self.assertEqual(self.do("ZADD", "z", 7, "f"), 1)
        self.assertEqual(self.do("ZADD", "z", 8, "f"), 0)
        self.assertEqual(self.do("ZSCORE", "z", "f"), Double(8))

    def test_conditions(self) -> None:
        """NX, XX, GT and LT let through what they say."""
        self.assertEqual(self.do("ZADD", "z", "NX", 9, "a", 4, "d"), 1)
        self.assertEqual(self.do("ZADD", "z", "XX", "CH", 5, "d", 1, "e"), 1)
        self.assertEqual(self.do("ZADD", "z", "GT", "CH", 0, "a", 9, "b", 1, "n"), 2)
        self.assertEqual(self.do("ZADD", "z", "LT", "XX", "CH", 0, "a", 99, "b", 1, "m"), 1)
        self.assertEqual(
            self.pairs(), [(b"a", 0.0), (b"n", 1.0), (b"c", 3.0), (b"d", 5.0), (b"b", 9.0)]
        )

    def test_xx_makes_no_key(self) -> None:
        """Where nothing is, XX leaves nothing."""
        self.assertEqual(self.do("ZADD", "k", "XX", 1, "a"), 0)
        self.assertIsNone(self.do("ZADD", "k", "XX", "INCR", 1, "a"))
        self.assertIsNone(self.session.db.peek(b"k"))

    def test_options_that_do_not_go_together(self) -> None:
        """Contradictions are refused before anything is read."""
        self.assertEqual(
            self.error("ZADD", "s", "NX", "XX", "x", "a"),
            b"ERR XX and NX options at the same time are not compatible",
        )
        for options in (("GT", "LT"), ("NX", "GT"), ("LT", "NX")):
            self.assertEqual(
                self.error("ZADD", "s", *options, 1, "a"),
                b"ERR GT, LT, and/or NX options at the same time are not compatible",
            )
        self.assertEqual(
            self.error("ZADD", "s", "INCR", 1, "a", 2, "b"),
            b"ERR INCR option supports a single increment-element pair",
        )

    def test_all_scores_are_read_before_the_first_is_set(self) -> None:
        """One wrong score, and nothing happens."""
        self.assertEqual(self.error("ZADD", "z", 9, "a", "x", "b"), NOT_FLOAT)
        self.assertEqual(self.error("ZADD", "z", "nan", "a"), NOT_FLOAT)
        self.assertEqual(self.error("ZADD", "s", "x", "a"), NOT_FLOAT)
        self.assertEqual(self.do("ZSCORE", "z", "a"), Double(1))

    def test_words_are_missing(self) -> None:
        """A score without a member is a syntax error, as are options alone."""
        for options in ((1, "a", 2), ("NX", 1), ("NX", "CH"), ("NX", "CH", "XX")):
            self.assertEqual(self.error("ZADD", "z", *options), SYNTAX)

    def test_incr(self) -> None:
        """INCR answers the score, or nil where a condition forbids."""
        self.assertEqual(self.do("ZADD", "z", "INCR", 2.5, "a"), Double(3.5))
        self.assertEqual(self.do("ZADD", "z", "INCR", "NX", 4, "n"), Double(4))
        self.assertIsNone(self.do("ZADD", "z", "INCR", "NX", 4, "n"))
        self.assertIsNone(self.do("ZADD", "z", "INCR", "GT", -1, "a"))
        self.assertIsNone(self.do("ZADD", "z", "INCR", "XX", 1, "none"))
        self.assertEqual(self.do("ZADD", "z", "INCR", "LT", -1, "a"), Double(2.5))

    def test_zincrby(self) -> None:
        """A member that is not there begins at 0."""
        self.assertEqual(self.do("ZINCRBY", "z", 2, "a"), Double(3))
        self.assertEqual(self.do("ZINCRBY", "k", "-1.5", "a"), Double(-1.5))
        self.assertEqual(self.error("ZINCRBY", "z", "x", "a"), NOT_FLOAT)
        self.assertEqual(self.error("ZINCRBY", "z", "NX", "a"), SYNTAX)
        self.assertEqual(self.error("ZINCRBY", "s", 1, "a"), WRONG_TYPE)

    def test_no_score_becomes_nan(self) -> None:
        """Infinity less infinity is refused and changes nothing."""
        self.do("ZADD", "z", "inf", "a")
        for command in (("ZINCRBY", "z", "-inf", "a"), ("ZADD", "z", "INCR", "-inf", "a")):
            self.assertEqual(self.error(*command), b"ERR resulting score is not a number (NaN)")
        self.assertEqual(self.do("ZSCORE", "z", "a"), Double("inf"))

    def test_events_and_changes(self) -> None:
        """ZADD and ZINCRBY tell of what they changed, and only then."""
        events, changes = self.session.events, self.session.changes
        self.assertEqual(events("ZADD", "z", 5, "a"), [(b"zadd", b"z")])
        self.assertEqual(events("ZADD", "z", 5, "a"), [])
        self.assertEqual(events("ZADD", "z", "CH", 5, "a", 6, "d"), [(b"zadd", b"z")])
        self.assertEqual(events("ZINCRBY", "z", 1, "a"), [(b"zincr", b"z")])
        self.assertEqual(events("ZINCRBY", "z", 0, "a"), [])
        self.assertEqual(events("ZADD", "z", "INCR", 0, "new"), [(b"zincr", b"z")])
        self.assertEqual(changes("ZADD", "z", 7, "a", 8, "b", 8, "b", 1, "n"), 3)

    def test_the_number_of_pairs_decides_about_the_encoding(self) -> None:
        """Too many pairs at once make a skiplist even if they name one member."""
        self.do("ZADD", "k", *[word for number in range(129) for word in (number, "a")])
        self.assertEqual(self.session.encoding("k"), "skiplist")
        self.do("ZADD", "z", *[word for number in range(129) for word in (number, "a")])
        self.assertEqual(self.session.encoding("z"), "skiplist")
        self.do("ZADD", "l", 1, "x" * 65)
        self.assertEqual(self.session.encoding("l"), "skiplist")


class RemoveTests(SortedSetCase):
    """ZREM."""

    def test_what_was_there_is_counted(self) -> None:
        """Members that are not there, or named twice, do not count."""
        self.assertEqual(self.do("ZREM", "z", "a", "x", "a"), 1)
        self.assertEqual(self.pairs(), [(b"b", 2.0), (b"c", 3.0)])
        self.assertEqual(self.do("ZREM", "k", "a"), 0)
        self.assertEqual(self.error("ZREM", "s", "a"), WRONG_TYPE)

    def test_the_last_member_takes_the_key_along(self) -> None:
        """An empty sorted set does not exist."""
        self.assertEqual(self.session.events("ZREM", "z", "x"), [])
        self.assertEqual(
            self.session.events("ZREM", "z", "a", "b", "c", "d"), [(b"zrem", b"z"), (b"del", b"z")]
        )
        self.assertIsNone(self.session.db.peek(b"z"))


class AskTests(SortedSetCase):
    """ZCARD, ZSCORE, ZMSCORE, ZRANK and ZREVRANK."""

    def test_zcard(self) -> None:
        """A missing key has no members."""
        self.assertEqual((self.do("ZCARD", "z"), self.do("ZCARD", "k")), (3, 0))
        self.assertEqual(self.error("ZCARD", "s"), WRONG_TYPE)

    def test_scores(self) -> None:
        """Scores are doubles, nil where there is no member."""
        self.assertEqual(self.do("ZSCORE", "z", "b"), Double(2))
        self.assertIsNone(self.do("ZSCORE", "z", "x"))
        self.assertIsNone(self.do("ZSCORE", "k", "x"))
        self.assertEqual(self.do("ZMSCORE", "z", "c", "x", "a"), [Double(3), None, Double(1)])
        self.assertEqual(self.do("ZMSCORE", "k", "c", "x"), [None, None])

    def test_scores_on_the_wire(self) -> None:
        """A score is a bulk string in RESP2 and a double in RESP3."""
        self.do("ZADD", "z", "-inf", "n", 1e20, "big", 3.14, "pi")
        self.assertEqual(self.session.sent("ZSCORE", "z", "pi"), b"$4\r\n3.14\r\n")
        self.session.resp3 = True
        self.assertEqual(self.session.sent("ZSCORE", "z", "n"), b",-inf\r\n")
        self.assertEqual(self.session.sent("ZSCORE", "z", "big"), b",1e+20\r\n")

    def test_ranks(self) -> None:
        """Ranks count from the lowest, or from the highest."""
        self.assertEqual((self.do("ZRANK", "z", "a"), self.do("ZREVRANK", "z", "a")), (0, 2))
        self.assertEqual(self.do("ZRANK", "z", "c", "withscore"), [2, Double(3)])
        self.assertEqual(self.do("ZREVRANK", "z", "b", "WITHSCORE"), [1, Double(2)])

    def test_no_rank(self) -> None:
        """What has no rank is nil, or with WITHSCORE the null array."""
        for key in ("z", "k"):
            self.assertIsNone(self.do("ZRANK", key, "x"))
            self.assertIs(self.do("ZREVRANK", key, "x", "WITHSCORE"), NULL_ARRAY)

    def test_options_of_zrank(self) -> None:
        """One option is allowed, and only one word is."""
        self.assertEqual(self.error("ZRANK", "s", "a", "WITHSCORES"), SYNTAX)
        self.assertEqual(
            self.error("ZREVRANK", "s", "a", "WITHSCORE", "x"),
            b"ERR wrong number of arguments for 'zrevrank' command",
        )
        self.assertEqual(self.error("ZRANK", "s", "a"), WRONG_TYPE)


class RandomMemberTests(SortedSetCase):
    """ZRANDMEMBER."""

    def test_one(self) -> None:
        """Without a count a member is answered, nil where there is none."""
        self.assertIn(self.do("ZRANDMEMBER", "z"), (b"a", b"b", b"c"))
        self.assertIsNone(self.do("ZRANDMEMBER", "k"))
        self.assertEqual(self.error("ZRANDMEMBER", "s"), WRONG_TYPE)

    def test_different_members(self) -> None:
        """A positive count never gives a member twice, and no more than there are."""
        self.assertEqual(len(set(self.do("ZRANDMEMBER", "z", 2))), 2)
        self.assertEqual(sorted(self.do("ZRANDMEMBER", "z", HUGE)), [b"a", b"b", b"c"])
        self.assertEqual(self.do("ZRANDMEMBER", "z", 0), [])
        self.assertEqual(self.do("ZRANDMEMBER", "k", 5), [])

    def test_any_members(self) -> None:
        """A negative count gives exactly so many."""
        members = self.do("ZRANDMEMBER", "z", -50)
        self.assertEqual(len(members), 50)
        self.assertEqual(set(members), {b"a", b"b", b"c"})

    def test_members_of_a_large_set(self) -> None:
        """Few of many, and many of many, are all there and all different."""
        for start in range(0, 2000, 500):
            words = [word for number in range(start, start + 500) for word in (number, number)]
            self.do("ZADD", "big", *words)
        for count in (3, 500, 1999):
            members = self.do("ZRANDMEMBER", "big", count)
            self.assertEqual(len(set(members)), count)
            self.assertNotIn(None, self.do("ZMSCORE", "big", *members))
        self.assertEqual(len(self.do("ZRANDMEMBER", "big", -7)), 7)

    def test_scores(self) -> None:
        """WITHSCORES gives pairs."""
        pairs = self.do("ZRANDMEMBER", "z", -5, "WITHSCORES")
        self.assertIsInstance(pairs, Scored)
        self.assertLessEqual(set(pairs), {(b"a", 1.0), (b"b", 2.0), (b"c", 3.0)})

    def test_wrong_words(self) -> None:
        """The count is looked at before the option, the option before the key."""
        self.assertEqual(self.error("ZRANDMEMBER", "s", "x", "y"), NOT_INTEGER)
        self.assertEqual(self.error("ZRANDMEMBER", "s", 1, "y"), SYNTAX)
        self.assertEqual(self.error("ZRANDMEMBER", "s", 1, "WITHSCORES", "y"), SYNTAX)
        self.assertEqual(
            self.error("ZRANDMEMBER", "z", -HUGE, "WITHSCORES"), b"ERR value is out of range"
        )
        self.assertEqual(
            self.error("ZRANDMEMBER", "z", -HUGE - 1),
            b"ERR value is out of range, value must between -9223372036854775807 and "
            b"9223372036854775807",
        )


class ScanTests(SortedSetCase):
    """ZSCAN."""

    def test_a_small_set(self) -> None:
        """All members and scores come at once, those that match."""
        self.assertEqual(
            self.do("ZSCAN", "z", 0, "COUNT", 1), [b"0", [b"a", b"1", b"b", b"2", b"c", b"3"]]
        )
        self.assertEqual(
            self.do("ZSCAN", "z", 0, "MATCH", "[bc]"), [b"0", [b"b", b"2", b"c", b"3"]]
        )
        self.assertEqual(self.do("ZSCAN", "k", 0, "FOO"), [b"0", []])

    def test_a_large_set(self) -> None:
        """Page by page all members come."""
        self.do("ZADD", "z", *[word for number in range(300) for word in (number, f"m{number}")])
        cursor, seen, pages = b"0", set(), 0
        while pages == 0 or cursor != b"0":
            cursor, found = self.do("ZSCAN", "z", cursor, "COUNT", 20, "MATCH", "m*")
            seen.update(zip(found[::2], found[1::2], strict=True))
            pages += 1

        self.assertEqual(seen, {(b"m%d" % number, b"%d" % number) for number in range(300)})
        self.assertGreater(pages, 3)

    def test_scores_of_a_skiplist_have_seventeen_digits(self) -> None:
        """Redis writes the scores of its two encodings differently here."""
        self.do("ZADD", "k", 0.1, "a")
        self.assertEqual(self.do("ZSCAN", "k", 0)[1], [b"a", b"0.1"])
        self.do("ZADD", "k", 0.1, "x" * 65)
        self.assertEqual(self.do("ZSCAN", "k", 0, "MATCH", "a")[1], [b"a", b"0.10000000000000001"])

    def test_errors(self) -> None:
        """The cursor is looked at first, the options last."""
        self.assertEqual(self.error("ZSCAN", "s", "x", "FOO"), b"ERR invalid cursor")
        self.assertEqual(self.error("ZSCAN", "s", 0, "FOO"), WRONG_TYPE)
        self.assertEqual(self.error("ZSCAN", "z", 0, "FOO"), SYNTAX)
        self.assertEqual(self.error("ZSCAN", "z", 0, "COUNT", 0), SYNTAX)
