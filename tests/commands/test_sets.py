"""Tests of pyredis.commands.sets."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import SetReply
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
SYNTAX = b"ERR syntax error"
HUGE = (1 << 63) - 1


class SetCase(SynchronousTestCase):
    """A server in memory: sets ``a`` {1 2 3 x}, ``b`` {2 3 y}, ``c`` {3 z}, a string ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SADD", "a", "1", "2", "3", "x")
        self.do("SADD", "b", "2", "3", "y")
        self.do("SADD", "c", "3", "z")
        self.do("SET", "s", "v")

    def members(self, key: str) -> set[bytes]:
        """Return the members of a set."""
        return set(self.do("SMEMBERS", key))

    def exists(self, key: bytes) -> bool:
        """Tell whether a key exists."""
        return self.session.db.peek(key) is not None


class MemberTests(SetCase):
    """Adding, removing and asking for members."""

    def test_sadd_counts_new_members(self) -> None:
        """One or several, each counts once."""
        self.assertEqual(self.do("SADD", "k", "m"), 1)
        self.assertEqual(self.do("SADD", "k", "m"), 0)
        self.assertEqual(self.do("SADD", "k", "m", "n", "o", "n"), 2)
        self.assertEqual(self.do("SCARD", "k"), 3)
        self.assertEqual(self.error("SADD", "s", "m"), WRONG_TYPE)

    def test_srem(self) -> None:
        """It counts what was there, and the last member takes the key with it."""
        self.assertEqual(self.do("SREM", "a", "x", "nope", "x"), 1)
        self.assertEqual(self.do("SREM", "k", "x"), 0)
        self.assertEqual(
            self.session.events("SREM", "c", "z", "3", "3"), [(b"srem", b"c"), (b"del", b"c")]
        )
        self.assertFalse(self.exists(b"c"))
        self.assertEqual(self.error("SREM", "s", "x"), WRONG_TYPE)

    def test_membership(self) -> None:
        """SISMEMBER answers one number, SMISMEMBER one for each member."""
        self.assertEqual([self.do("SISMEMBER", "a", m) for m in ("1", "y")], [1, 0])
        self.assertEqual(self.do("SISMEMBER", "k", "1"), 0)
        self.assertEqual(self.do("SMISMEMBER", "a", "1", "y", "x"), [1, 0, 1])
        self.assertEqual(self.do("SMISMEMBER", "k", "1", "y"), [0, 0])
        self.assertEqual(self.error("SMISMEMBER", "s", "1"), WRONG_TYPE)

    def test_smembers_is_a_set(self) -> None:
        """In RESP3 it has a type of its own; it is no part of the value."""
        reply = self.do("SMEMBERS", "a")
        self.assertIsInstance(reply, SetReply)
        self.do("SADD", "a", "new")
        self.assertEqual(set(reply), {b"1", b"2", b"3", b"x"})
        self.session.resp3 = True
        self.assertEqual(self.session.sent("SMEMBERS", "k"), b"~0\r\n")
        self.assertEqual(self.error("SMEMBERS", "s"), WRONG_TYPE)

    def test_smembers_of_integers_are_in_order(self) -> None:
        """As Redis shows an intset."""
        self.do("SADD", "n", "10", "-5", "7")
        self.assertEqual(self.do("SMEMBERS", "n"), [b"-5", b"7", b"10"])

    def test_smove(self) -> None:
        """A member goes from one set to another, made if needed."""
        self.assertEqual(self.do("SMOVE", "a", "new", "x"), 1)
        self.assertEqual((self.members("a"), self.members("new")), ({b"1", b"2", b"3"}, {b"x"}))
        self.assertEqual(self.do("SMOVE", "a", "b", "nope"), 0)
        self.assertEqual(self.do("SMOVE", "k", "s", "x"), 0)
        self.assertEqual(self.do("SMOVE", "a", "a", "1"), 1)
        self.assertEqual(self.do("SMOVE", "a", "a", "nope"), 0)
        self.assertEqual(self.error("SMOVE", "a", "s", "nope"), WRONG_TYPE)
        self.assertEqual(self.error("SMOVE", "s", "a", "1"), WRONG_TYPE)

    def test_smove_events(self) -> None:
        """The destination changes only if the member is new to it."""
        self.assertEqual(
            self.session.events("SMOVE", "c", "b", "z"), [(b"srem", b"c"), (b"sadd", b"b")]
        )
        self.assertEqual(
            self.session.events("SMOVE", "c", "b", "3"), [(b"srem", b"c"), (b"del", b"c")]
        )
        self.assertEqual(self.session.changes("SMOVE", "a", "b", "x"), 2)
        self.assertEqual(self.session.changes("SMOVE", "a", "b", "2"), 1)

    def test_what_changes_nothing_tells_nothing(self) -> None:
        """Neither events nor changes are counted."""
        for words in (("SADD", "a", "1"), ("SADD", "a", "1", "2"), ("SREM", "a", "nope")):
            self.assertEqual(self.session.events(*words), [])
            self.assertEqual(self.session.changes(*words), 0)
        self.assertEqual(self.session.changes("SADD", "a", "1", "8", "9"), 2)

    def test_encodings(self) -> None:
        """They follow the members and the limits."""
        session = Session(set_max_intset_entries=4, set_max_listpack_entries=5)
        for members, encoding in (("12", "intset"), ("34x", "listpack"), ("6", "hashtable")):
            session.do("SADD", "k", *members)
            self.assertEqual(session.encoding("k"), encoding)


class AlgebraTests(SetCase):
    """SINTER, SUNION, SDIFF, what stores their results, and SINTERCARD."""

    def test_results(self) -> None:
        """A key that does not exist is an empty set."""
        for words, expected in (
            (("SINTER", "a", "b"), {b"2", b"3"}),
            (("SINTER", "a", "b", "c"), {b"3"}),
            (("SINTER", "a", "k"), set()),
            (("SINTER", "a"), {b"1", b"2", b"3", b"x"}),
            (("SUNION", "b", "c", "k"), {b"2", b"3", b"y", b"z"}),
            (("SDIFF", "a", "b", "c"), {b"1", b"x"}),
            (("SDIFF", "a", "k"), {b"1", b"2", b"3", b"x"}),
            (("SDIFF", "k", "a"), set()),
            (("SDIFF", "a", "b", "a"), set()),
        ):
            reply = self.do(*words)
            self.assertIsInstance(reply, SetReply)
            self.assertEqual(set(reply), expected)
            self.assertEqual(len(reply), len(expected))

    def test_each_key_must_be_a_set(self) -> None:
        """Even where the result is known to be empty."""
        for command in ("SINTER", "SUNION", "SDIFF"):
            self.assertEqual(self.error(command, "k", "s"), WRONG_TYPE)
            self.assertEqual(self.error(command + "STORE", "d", "k", "s"), WRONG_TYPE)

    def test_stored_results(self) -> None:
        """The destination's old value of any type goes, and so does its expiry."""
        self.do("SET", "d", "v", "EX", 100)
        self.assertEqual(self.do("SINTERSTORE", "d", "a", "b"), 2)
        self.assertEqual(self.members("d"), {b"2", b"3"})
        self.assertIsNone(self.session.db.deadline_of(b"d"))
        self.assertEqual(self.do("SUNIONSTORE", "d", "d", "c"), 3)
        self.assertEqual(self.do("SDIFFSTORE", "d", "d", "a"), 1)
        self.assertEqual(self.members("d"), {b"z"})

    def test_an_empty_result_is_no_key(self) -> None:
        """The destination is deleted if it was there."""
        for command, words in (
            ("SINTERSTORE", ("b", "k")),
            ("SUNIONSTORE", ("k", "k2")),
            ("SDIFFSTORE", ("b", "b")),
        ):
            self.do("SET", "d", "v")
            self.assertEqual(self.session.events(command, "d", *words)[-1], (b"del", b"d"))
            self.assertFalse(self.exists(b"d"))
            self.assertEqual(self.session.changes(command, "d", *words), 0)
            self.assertEqual(self.do(command, "d", *words), 0)

    def test_stored_events(self) -> None:
        """A result is one change, whatever its size."""
        for command in ("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"):
            self.assertEqual(
                self.session.events(command, "b", "a")[-1], (command.lower().encode(), b"b")
            )
            self.assertEqual(self.session.changes(command, "b", "a"), 1)

    def test_a_stored_result_is_not_its_source(self) -> None:
        """Changing one does not change the other."""
        self.do("SUNIONSTORE", "d", "a")
        self.do("SINTERSTORE", "e", "a")
        self.do("SADD", "a", "new")
        self.assertEqual((self.do("SCARD", "d"), self.do("SCARD", "e")), (4, 4))

    def test_sintercard(self) -> None:
        """LIMIT ends the counting; 0 is no limit."""
        for words, expected in (
            ((2, "a", "b"), 2),
            ((2, "a", "b", "LIMIT", 1), 1),
            ((2, "a", "b", "limit", 0), 2),
            ((2, "a", "b", "LIMIT", HUGE), 2),
            ((2, "a", "b", "LIMIT", 9, "LIMIT", 1), 1),
            ((3, "a", "b", "k"), 0),
        ):
            self.assertEqual(self.do("SINTERCARD", *words), expected)

    def test_sintercard_refusals(self) -> None:
        """Numbers, then words, then types."""
        for words, text in (
            ((0, "a"), b"ERR numkeys should be greater than 0"),
            (("x", "a"), b"ERR numkeys should be greater than 0"),
            ((2, "a"), b"ERR Number of keys can't be greater than number of args"),
            ((1, "s", "LIMIT", -1), b"ERR LIMIT can't be negative"),
            ((1, "s", "LIMIT", "x"), b"ERR LIMIT can't be negative"),
            ((1, "s", "LIMIT"), SYNTAX),
            ((1, "s", "a"), SYNTAX),
            ((2, "k", "s"), WRONG_TYPE),
        ):
            self.assertEqual(self.error("SINTERCARD", *words), text)


class RandomTests(SetCase):
    """SPOP and SRANDMEMBER."""

    def test_spop(self) -> None:
        """Each member comes out once, and the last takes the key with it."""
        popped = [self.do("SPOP", "a") for _ in range(4)]
        self.assertEqual(sorted(popped), [b"1", b"2", b"3", b"x"])
        self.assertIsNone(self.do("SPOP", "a"))
        self.assertFalse(self.exists(b"a"))
        self.assertEqual(self.error("SPOP", "s"), WRONG_TYPE)

    def test_spop_with_a_count(self) -> None:
        """It answers different members, as a set."""
        popped = self.do("SPOP", "a", 3)
        self.assertIsInstance(popped, SetReply)
        self.assertEqual(len(set(popped)), 3)
        self.assertEqual(self.do("SPOP", "a", 0), [])
        self.assertEqual(set(popped) | set(self.do("SPOP", "a", 9)), {b"1", b"2", b"3", b"x"})
        self.assertEqual(self.do("SPOP", "a", 1), [])

    def test_spop_refusals(self) -> None:
        """The count is looked at before the key."""
        self.assertEqual(
            self.error("SPOP", "s", -1), b"ERR value is out of range, must be positive"
        )
        self.assertEqual(self.error("SPOP", "s", 1, 1), SYNTAX)
        self.assertEqual(self.error("SPOP", "s", 1), WRONG_TYPE)

    def test_spop_is_repeated_by_its_outcome(self) -> None:
        """As removals of the members, or of the key when all went."""
        [(command, key, member)] = self.session.effects("SPOP", "a")
        self.assertEqual((command, key), (b"SREM", b"a"))
        self.assertEqual(self.do("SISMEMBER", "a", member), 0)
        [effect] = self.session.effects("SPOP", "a", 2)
        self.assertEqual((effect[:2], len(effect)), ((b"SREM", b"a"), 4))
        self.assertEqual(self.session.effects("SPOP", "a", 5), [(b"DEL", b"a")])
        self.session.server.settings.lazyfree_lazy_server_del = True
        self.assertEqual(self.session.effects("SPOP", "b", 5), [(b"UNLINK", b"b")])

    def test_a_large_spop_is_repeated_in_portions(self) -> None:
        """No single removal has more than 1024 members, and together they are what was popped."""
        self.do("SADD", "big", *range(5000))
        effects = self.session.effects("SPOP", "big", 3000)
        self.assertEqual([len(effect) - 2 for effect in effects], [1024, 1024, 952])
        gone = {member for effect in effects for member in effect[2:]}
        self.assertEqual(len(gone), 3000)
        self.assertTrue(gone.isdisjoint(self.members("big")))

    def test_spop_events(self) -> None:
        """One event, and as many changes as members."""
        self.assertEqual(self.session.events("SPOP", "c"), [(b"spop", b"c")])
        self.assertEqual(self.session.events("SPOP", "c", 9), [(b"spop", b"c"), (b"del", b"c")])
        self.assertEqual(self.session.changes("SPOP", "a", 3), 3)

    def test_srandmember(self) -> None:
        """It answers members and removes none."""
        self.assertIn(self.do("SRANDMEMBER", "a"), self.members("a"))
        self.assertEqual(len(set(self.do("SRANDMEMBER", "a", 3))), 3)
        self.assertEqual(set(self.do("SRANDMEMBER", "a", 9)), self.members("a"))
        repeated = self.do("SRANDMEMBER", "c", -20)
        self.assertEqual((len(repeated), set(repeated)), (20, {b"3", b"z"}))
        self.assertEqual(self.do("SCARD", "a"), 4)

    def test_srandmember_of_nothing(self) -> None:
        """Nil without a count, an empty array with one."""
        self.assertIsNone(self.do("SRANDMEMBER", "k"))
        self.assertEqual(self.do("SRANDMEMBER", "k", -5), [])
        self.assertEqual(self.do("SRANDMEMBER", "a", 0), [])

    def test_srandmember_refusals(self) -> None:
        """The count is looked at before the key."""
        self.assertEqual(self.error("SRANDMEMBER", "s", "x"), NOT_INTEGER)
        self.assertEqual(self.error("SRANDMEMBER", "s", 1, 1), SYNTAX)
        self.assertEqual(self.error("SRANDMEMBER", "s", 1), WRONG_TYPE)
        self.assertEqual(
            self.error("SRANDMEMBER", "s", -(1 << 63)),
            b"ERR value is out of range, value must between "
            b"-9223372036854775807 and 9223372036854775807",
        )

    def test_a_reply_that_no_memory_holds_is_refused(self) -> None:
        """Redis would begin to send it; one member repeated for ever helps nobody."""
        self.assertEqual(self.error("SRANDMEMBER", "a", -HUGE), b"ERR value is out of range")

    def test_all_members_have_the_same_chance(self) -> None:
        """In small sets and in big ones."""
        for size in (8, 600):
            self.do("SADD", "n", *range(size))
            counts = dict.fromkeys(self.members("n"), 0)
            for member in self.do("SRANDMEMBER", "n", -size * 100):
                counts[member] += 1
            self.assertLess(max(counts.values()), 160)
            self.assertGreater(min(counts.values()), 50)


class ScanTests(SetCase):
    """SSCAN."""

    def test_a_small_set_comes_whole(self) -> None:
        """Whatever the cursor and COUNT."""
        cursor, members = self.do("SSCAN", "a", 17, "COUNT", 1)
        self.assertEqual((cursor, set(members)), (b"0", self.members("a")))

    def test_a_big_set_comes_in_pages(self) -> None:
        """What stays from the first call to the last is returned."""
        self.do("SADD", "n", *range(1000))
        seen: set[bytes] = set()
        cursor, calls = b"0", 0
        while calls == 0 or cursor != b"0":
            cursor, members = self.do("SSCAN", "n", cursor)
            seen.update(members)
            self.do("SREM", "n", calls)
            calls += 1
        self.assertGreaterEqual(seen, {b"%d" % n for n in range(calls, 1000)})
        self.assertGreater(calls, 50)

    def test_match(self) -> None:
        """It filters what is returned."""
        self.assertEqual(self.do("SSCAN", "a", 0, "MATCH", "[x-z]"), [b"0", [b"x"]])
        self.do("SADD", "a", "")
        self.assertEqual(len(self.do("SSCAN", "a", 0, "MATCH", "*")[1]), 5)

    def test_refusals(self) -> None:
        """The cursor first, then the key, then the options."""
        self.assertEqual(self.error("SSCAN", "s", "x"), b"ERR invalid cursor")
        self.assertEqual(self.error("SSCAN", "s", 0, "foo"), WRONG_TYPE)
        self.assertEqual(self.do("SSCAN", "k", 0, "foo"), [b"0", []])
        for options, text in (
            (("foo",), SYNTAX),
            (("MATCH",), SYNTAX),
            (("COUNT", 0), SYNTAX),
            (("COUNT", "x"), NOT_INTEGER),
            (("TYPE", "set"), SYNTAX),
            (("COUNT", 5, "MATCH"), SYNTAX),
        ):
            self.assertEqual(self.error("SSCAN", "a", 0, *options), text)
