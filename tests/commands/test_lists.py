"""Tests of pyredis.commands.lists."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import NULL_ARRAY, OK
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
SYNTAX = b"ERR syntax error"
HUGE = (1 << 63) - 1


class ListCase(SynchronousTestCase):
    """A server in memory with a string under ``s`` and the list a b c d e under ``l``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "x")
        self.do("RPUSH", "l", "a", "b", "c", "d", "e")

    def elements(self, key: str = "l") -> bytes:
        """Return the elements of a list, joined."""
        return b"".join(self.do("LRANGE", key, 0, -1))


class PushTests(ListCase):
    """LPUSH, RPUSH and what pushes only to lists that exist."""

    def test_elements_are_pushed_one_after_the_other(self) -> None:
        """The last one given is the outermost."""
        self.assertEqual(self.do("RPUSH", "k", "a", "b"), 2)
        self.assertEqual(self.do("LPUSH", "k", "c", "d"), 4)
        self.assertEqual(self.elements("k"), b"dcab")

    def test_pushx_needs_a_list(self) -> None:
        """Where there is no list nothing is made."""
        self.assertEqual([self.do(c, "k", "a") for c in ("LPUSHX", "RPUSHX")], [0, 0])
        self.assertIsNone(self.session.db.peek(b"k"))
        self.assertEqual(self.do("LPUSHX", "l", "x", "y"), 7)
        self.assertEqual(self.do("RPUSHX", "l", "z"), 8)
        self.assertEqual(self.elements(), b"yxabcdez")

    def test_another_type_is_refused(self) -> None:
        """None of them touches a string."""
        for command in ("LPUSH", "RPUSH", "LPUSHX", "RPUSHX"):
            self.assertEqual(self.error(command, "s", "a"), WRONG_TYPE)

    def test_events(self) -> None:
        """A push is one event and counts each element."""
        self.assertEqual(
            self.session.events("RPUSH", "k", "a", "b"), [(b"new", b"k"), (b"rpush", b"k")]
        )
        self.assertEqual(self.session.events("LPUSHX", "k", "a"), [(b"lpush", b"k")])
        self.assertEqual(self.session.changes("LPUSH", "k", "a", "b", "c"), 3)

    def test_a_list_keeps_its_expiry(self) -> None:
        """Pushing does not touch the deadline."""
        self.session.db.set_deadline(b"l", self.session.server.keyspace.now_ms + 1000)
        self.do("RPUSH", "l", "f")
        self.assertIsNotNone(self.session.db.deadline_of(b"l"))
        self.session.clock.advance(2)
        self.assertEqual(self.do("RPUSH", "l", "g"), 1)


class PopTests(ListCase):
    """LPOP, RPOP and LMPOP."""

    def test_one_element(self) -> None:
        """Without a count a pop answers the element, nil where there is none."""
        self.assertEqual((self.do("LPOP", "l"), self.do("RPOP", "l")), (b"a", b"e"))
        self.assertIsNone(self.do("LPOP", "k"))
        self.assertEqual(self.error("RPOP", "s"), WRONG_TYPE)

    def test_several_elements(self) -> None:
        """With a count it answers an array, in the order of popping."""
        self.assertEqual(self.do("LPOP", "l", 2), [b"a", b"b"])
        self.assertEqual(self.do("RPOP", "l", 0), [])
        self.assertEqual(self.do("RPOP", "l", 100), [b"e", b"d", b"c"])
        self.assertIs(self.do("RPOP", "l", 1), NULL_ARRAY)
        self.assertIs(self.do("RPOP", "l", 0), NULL_ARRAY)

    def test_wrong_counts(self) -> None:
        """A count is checked before the key is looked at."""
        text = b"ERR value is out of range, must be positive"
        for count in (-1, "x", 1 << 63):
            self.assertEqual(self.error("LPOP", "s", count), text)
        self.assertEqual(
            self.error("RPOP", "l", 1, 1), b"ERR wrong number of arguments for 'rpop' command"
        )

    def test_the_last_element_takes_the_key_with_it(self) -> None:
        """An emptied list is deleted, with an event of its own."""
        self.do("RPUSH", "k", "a")
        self.assertEqual(self.session.events("LPOP", "k"), [(b"lpop", b"k"), (b"del", b"k")])
        self.assertIsNone(self.session.db.peek(b"k"))
        self.assertEqual(self.session.events("RPOP", "l", 5), [(b"rpop", b"l"), (b"del", b"l")])
        self.assertEqual(len(self.session.db), 1)

    def test_lmpop_pops_from_the_first_key_that_is_there(self) -> None:
        """It answers the key and the elements, a null array where there is no list."""
        self.assertEqual(self.do("LMPOP", 2, "k", "l", "LEFT"), [b"l", [b"a"]])
        self.assertEqual(self.do("LMPOP", 1, "l", "right", "count", 2), [b"l", [b"e", b"d"]])
        self.assertIs(self.do("LMPOP", 1, "k", "LEFT"), NULL_ARRAY)
        self.assertEqual(self.error("LMPOP", 2, "s", "l", "LEFT"), WRONG_TYPE)

    def test_lmpop_refusals(self) -> None:
        """Numbers must be positive, and each word has its place."""
        keys = b"ERR numkeys should be greater than 0"
        self.assertEqual(self.error("LMPOP", 0, "l", "LEFT"), keys)
        self.assertEqual(self.error("LMPOP", "x", "l", "LEFT"), keys)
        for words in (
            (2, "l", "LEFT"),
            (HUGE, "l", "LEFT"),
            (1, "l", "UP"),
            (1, "l", "LEFT", "COUNT"),
            (1, "l", "LEFT", "COUNT", 1, "COUNT", 1),
            (1, "l", "LEFT", "foo", 1),
        ):
            self.assertEqual(self.error("LMPOP", *words), SYNTAX)
        for count in (0, -1, "x"):
            self.assertEqual(
                self.error("LMPOP", 1, "l", "LEFT", "COUNT", count),
                b"ERR count should be greater than 0",
            )

    def test_lmpop_is_repeated_as_a_pop_of_what_it_took(self) -> None:
        """Elsewhere no key has to be searched, and no more is popped than here."""
        self.assertEqual(
            self.session.effects("LMPOP", 2, "k", "l", "RIGHT", "COUNT", 9),
            [(b"RPOP", b"l", b"5")],
        )

    def test_a_popped_reply_is_not_the_list(self) -> None:
        """What EXEC keeps does not change with the list."""
        kept = self.do("LRANGE", "l", 0, -1)
        self.do("LPOP", "l", 2)
        self.do("RPUSH", "l", "x")
        self.assertEqual(b"".join(kept), b"abcde")


class ReadTests(ListCase):
    """LRANGE, LINDEX, LLEN and LPOS."""

    def test_lrange(self) -> None:
        """Indexes count from either end and are bound to the list."""
        for start, stop, expected in (
            (0, 1, b"ab"),
            (-2, -1, b"de"),
            (-100, 100, b"abcde"),
            (3, 1, b""),
            (5, 9, b""),
            (0, -6, b""),
            (2, HUGE, b"cde"),
            (-HUGE - 1, 0, b"a"),
        ):
            self.assertEqual(b"".join(self.do("LRANGE", "l", start, stop)), expected)
        self.assertEqual(self.do("LRANGE", "k", 0, -1), [])
        self.assertEqual(self.error("LRANGE", "s", 0, -1), WRONG_TYPE)
        self.assertEqual(self.error("LRANGE", "s", "x", -1), NOT_INTEGER)

    def test_lrange_spans_both_ends(self) -> None:
        """Whatever was pushed where, the order is that of the list."""
        self.do("LPUSH", "l", "3", "2", "1")
        self.assertEqual(self.elements(), b"123abcde")
        self.assertEqual(self.do("LRANGE", "l", 1, 4), [b"2", b"3", b"a", b"b"])

    def test_lindex(self) -> None:
        """It answers nil beyond the ends."""
        self.assertEqual(
            [self.do("LINDEX", "l", i) for i in (0, 4, -1, -5, 5, -6)],
            [b"a", b"e", b"e", b"a", None, None],
        )
        self.assertIsNone(self.do("LINDEX", "k", "x"))
        self.assertEqual(self.error("LINDEX", "l", "x"), NOT_INTEGER)
        self.assertEqual(self.error("LINDEX", "s", "x"), WRONG_TYPE)

    def test_llen(self) -> None:
        """It answers 0 where there is no list."""
        self.assertEqual((self.do("LLEN", "l"), self.do("LLEN", "k")), (5, 0))
        self.assertEqual(self.error("LLEN", "s"), WRONG_TYPE)

    def test_lpos(self) -> None:
        """RANK, COUNT and MAXLEN say which of the matches are meant."""
        self.do("RPUSH", "p", *"abcabcabc")
        for options, expected in (
            ((), 1),
            (("RANK", 2), 4),
            (("RANK", -1), 7),
            (("COUNT", 0), [1, 4, 7]),
            (("COUNT", 2), [1, 4]),
            (("COUNT", 2, "RANK", -2), [4, 1]),
            (("COUNT", 0, "MAXLEN", 5), [1, 4]),
            (("RANK", -1, "MAXLEN", 1), None),
            (("rank", 9), None),
            (("RANK", 9, "COUNT", 0), []),
            (("RANK", HUGE, "COUNT", HUGE, "MAXLEN", HUGE), []),
        ):
            self.assertEqual(self.do("LPOS", "p", "b", *options), expected)
        self.assertIsNone(self.do("LPOS", "k", "b"))
        self.assertEqual(self.do("LPOS", "k", "b", "COUNT", 1), [])

    def test_lpos_refusals(self) -> None:
        """Each option has its own text, and all come before the type."""
        for options, text in (
            (
                ("RANK", 0),
                b"ERR RANK can't be zero: use 1 to start from the first match, 2 from the second "
                b"... or use negative to start from the end of the list",
            ),
            (("RANK", "x"), NOT_INTEGER),
            (
                ("RANK", -(1 << 63)),
                b"ERR value is out of range, value must between "
                b"-9223372036854775807 and 9223372036854775807",
            ),
            (("COUNT", -1), b"ERR COUNT can't be negative"),
            (("COUNT", "x"), b"ERR COUNT can't be negative"),
            (("MAXLEN", -1), b"ERR MAXLEN can't be negative"),
            (("RANK",), SYNTAX),
            (("foo", 1), SYNTAX),
            ((), WRONG_TYPE),
        ):
            self.assertEqual(self.error("LPOS", "s", "x", *options), text)


class ChangeTests(ListCase):
    """LSET, LINSERT, LREM and LTRIM."""

    def test_lset(self) -> None:
        """It replaces one element, and refuses an index beyond the ends."""
        self.assertEqual(self.do("LSET", "l", 0, "A"), OK)
        self.assertEqual(self.do("LSET", "l", -1, "E"), OK)
        self.assertEqual(self.elements(), b"AbcdE")
        self.assertEqual(self.error("LSET", "l", 5, "x"), b"ERR index out of range")
        self.assertEqual(self.error("LSET", "l", -6, "x"), b"ERR index out of range")
        self.assertEqual(self.error("LSET", "k", "x", "x"), b"ERR no such key")
        self.assertEqual(self.error("LSET", "l", "x", "x"), NOT_INTEGER)

    def test_linsert(self) -> None:
        """It inserts beside the first element like the pivot."""
        self.assertEqual(self.do("LINSERT", "l", "before", "c", "1"), 6)
        self.assertEqual(self.do("LINSERT", "l", "AFTER", "e", "2"), 7)
        self.assertEqual(self.elements(), b"ab1cde2")
        self.assertEqual(self.do("LINSERT", "l", "AFTER", "z", "3"), -1)
        self.assertEqual(self.do("LINSERT", "k", "AFTER", "z", "3"), 0)
        self.assertEqual(self.error("LINSERT", "s", "above", "c", "1"), SYNTAX)
        self.assertEqual(self.error("LINSERT", "s", "AFTER", "c", "1"), WRONG_TYPE)

    def test_lrem(self) -> None:
        """It removes from the left, from the right or everywhere."""
        self.do("RPUSH", "r", *"abababab")
        self.assertEqual(self.do("LREM", "r", 1, "a"), 1)
        self.assertEqual(self.elements("r"), b"bababab")
        self.assertEqual(self.do("LREM", "r", -2, "a"), 2)
        self.assertEqual(self.elements("r"), b"babbb")
        self.assertEqual(self.do("LREM", "r", -(1 << 63), "a"), 1)
        self.assertEqual(self.session.events("LREM", "r", 0, "z"), [])
        self.assertEqual(
            self.session.events("LREM", "r", 0, "b"), [(b"lrem", b"r"), (b"del", b"r")]
        )
        self.assertEqual(self.do("LREM", "r", 0, "b"), 0)
        self.assertEqual(self.error("LREM", "s", "x", "b"), NOT_INTEGER)

    def test_ltrim(self) -> None:
        """What is outside goes, with everything if nothing is inside."""
        for start, stop, expected in (
            (1, -1, b"bcde"),
            (-2, -1, b"de"),
            (0, HUGE, b"abcde"),
            (2, 2, b"c"),
            (3, 1, b""),
            (9, 10, b""),
            (0, -9, b""),
        ):
            self.do("RPUSH", "t", *"abcde")
            self.assertEqual(self.do("LTRIM", "t", start, stop), OK)
            self.assertEqual(self.elements("t"), expected)
            self.do("LTRIM", "t", 1, 0)
        self.assertEqual(self.do("LTRIM", "k", 0, 1), OK)
        self.assertEqual(self.error("LTRIM", "s", 0, 1), WRONG_TYPE)

    def test_ltrim_tells_even_of_nothing(self) -> None:
        """As in Redis, a trim that removes nothing is an event but no change."""
        self.assertEqual(self.session.events("LTRIM", "l", 0, -1), [(b"ltrim", b"l")])
        self.assertEqual(self.session.changes("LTRIM", "l", 0, -1), 0)
        self.assertEqual(self.session.changes("LTRIM", "l", 1, 2), 3)
        self.assertEqual(
            self.session.events("LTRIM", "l", 5, 9), [(b"ltrim", b"l"), (b"del", b"l")]
        )


class MoveTests(ListCase):
    """LMOVE and RPOPLPUSH."""

    def test_all_four_directions(self) -> None:
        """Either end may be taken from and pushed to."""
        for wherefrom, whereto, expected in (
            ("LEFT", "LEFT", b"axy"),
            ("left", "right", b"xya"),
            ("RIGHT", "LEFT", b"exy"),
            ("RIGHT", "RIGHT", b"xye"),
        ):
            self.do("RPUSH", "from", *"abcde")
            self.do("RPUSH", "to", "x", "y")
            moved = self.do("LMOVE", "from", "to", wherefrom, whereto)
            self.assertEqual(moved, b"a" if wherefrom.upper() == "LEFT" else b"e")
            self.assertEqual(self.elements("to"), expected)
            self.do("LTRIM", "from", 1, 0)
            self.do("LTRIM", "to", 1, 0)

    def test_rotating_a_list(self) -> None:
        """Source and destination may be the same."""
        self.assertEqual(self.do("RPOPLPUSH", "l", "l"), b"e")
        self.assertEqual(self.elements(), b"eabcd")
        self.assertEqual(self.do("LMOVE", "l", "l", "LEFT", "LEFT"), b"e")
        self.assertEqual(self.elements(), b"eabcd")
        self.do("RPUSH", "one", "1")
        self.assertEqual(self.do("LMOVE", "one", "one", "LEFT", "RIGHT"), b"1")
        self.assertEqual(self.elements("one"), b"1")

    def test_the_last_element_takes_the_source_with_it(self) -> None:
        """Events come in Redis' order: the push, the pop, the deletion; one change is counted."""
        self.do("RPUSH", "one", "1")
        self.assertEqual(
            self.session.events("RPOPLPUSH", "one", "new"),
            [(b"new", b"new"), (b"lpush", b"new"), (b"rpop", b"one"), (b"del", b"one")],
        )
        self.assertIsNone(self.session.db.peek(b"one"))
        self.assertEqual(self.session.changes("LMOVE", "l", "new", "LEFT", "RIGHT"), 1)
        self.assertEqual(self.elements("new"), b"1a")

    def test_refusals(self) -> None:
        """Words first, then the source, then the destination; a refused move changes nothing."""
        self.assertEqual(self.error("LMOVE", "s", "l", "UP", "LEFT"), SYNTAX)
        self.assertEqual(self.error("LMOVE", "s", "l", "LEFT", "DOWN"), SYNTAX)
        self.assertEqual(self.error("LMOVE", "s", "l", "LEFT", "LEFT"), WRONG_TYPE)
        self.assertEqual(self.error("RPOPLPUSH", "l", "s"), WRONG_TYPE)
        self.assertEqual(self.elements(), b"abcde")
        self.assertIsNone(self.do("LMOVE", "k", "s", "LEFT", "LEFT"))
        self.assertIsNone(self.do("RPOPLPUSH", "k", "s"))


class EncodingTests(ListCase):
    """What OBJECT ENCODING is told."""

    def test_a_long_list_is_a_quicklist_until_it_has_shrunk(self) -> None:
        """The limits are those of the configuration."""
        session = Session(list_max_listpack_size=4)
        session.do("RPUSH", "k", *"abcd")
        self.assertEqual(session.encoding("k"), "listpack")
        session.do("LPUSH", "k", "x")
        self.assertEqual(session.encoding("k"), "quicklist")
        session.do("LPOP", "k", 3)
        self.assertEqual(session.encoding("k"), "listpack")

    def test_lset_beyond_the_end_may_still_change_the_encoding(self) -> None:
        """Redis makes room for the element before it looks for its place."""
        self.assertEqual(self.error("LSET", "l", 9, b"x" * 9000), b"ERR index out of range")
        self.assertEqual(self.session.encoding("l"), "quicklist")
