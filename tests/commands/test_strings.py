"""Tests of pyredis.commands.strings."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK
from tests.commands.session import START_S, Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NOT_FLOAT = b"ERR value is not a valid float"
SYNTAX = b"ERR syntax error"
START_MS = START_S * 1000


class StringCase(SynchronousTestCase):
    """A server in memory, and a list under ``l`` to be of the wrong type."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        value = type("OtherValue", (list,), {"type_name": "other"})([b"x"])
        self.session.db.store(b"l", value)

    def deadline(self, key: bytes) -> int | None:
        """Return when a key expires, in milliseconds from the start of the test."""
        deadline = self.session.db.deadline_of(key)
        return None if deadline is None else deadline - START_MS


class SetTests(StringCase):
    """SET and what it replaced."""

    def test_a_value_comes_back_as_it_was_set(self) -> None:
        """GET returns the very bytes, and None for a key that is not there."""
        value = bytes(range(256))
        self.assertEqual(self.do("SET", b"\x00\r\n", value), OK)
        self.assertEqual(self.do("GET", b"\x00\r\n"), value)
        self.assertIsNone(self.do("GET", "missing"))

    def test_set_replaces_a_value_of_any_type(self) -> None:
        """SET does not mind what the key held."""
        self.assertEqual(self.do("SET", "l", "v"), OK)
        self.assertEqual(self.do("GET", "l"), b"v")

    def test_get_refuses_another_type(self) -> None:
        """GET of a key that holds no string is refused."""
        self.assertEqual(self.error("GET", "l"), WRONG_TYPE)

    def test_nx_and_xx_ask_for_absence_and_presence(self) -> None:
        """A condition that does not hold answers nil and changes nothing."""
        self.assertIsNone(self.do("SET", "k", "a", "XX"))
        self.assertEqual(self.do("SET", "k", "a", "nx"), OK)
        self.assertIsNone(self.do("SET", "k", "b", "NX"))
        self.assertEqual(self.do("GET", "k"), b"a")
        self.assertEqual(self.do("SET", "k", "c", "XX"), OK)
        self.assertEqual(self.do("GET", "k"), b"c")

    def test_get_option_returns_the_old_value(self) -> None:
        """SET GET answers what was there, whether it sets or not."""
        self.assertIsNone(self.do("SET", "k", "a", "GET"))
        self.assertEqual(self.do("SET", "k", "b", "GET"), b"a")
        self.assertEqual(self.do("SET", "k", "c", "NX", "GET"), b"b")
        self.assertEqual(self.do("GET", "k"), b"b")
        self.assertIsNone(self.do("SET", "new", "c", "XX", "GET"))
        self.assertEqual(self.error("SET", "l", "v", "GET"), WRONG_TYPE)

    def test_each_kind_of_expiry(self) -> None:
        """EX, PX, EXAT and PXAT all end as absolute milliseconds."""
        for option, number, expected in (
            ("EX", 10, 10_000),
            ("PX", 10, 10),
            ("EXAT", START_S + 7, 7000),
            ("PXAT", START_MS + 7, 7),
        ):
            self.do("SET", "k", "v", option, number)
            self.assertEqual(self.deadline(b"k"), expected)

    def test_set_forgets_the_expiry_unless_told_to_keep_it(self) -> None:
        """KEEPTTL keeps the deadline, a plain SET takes it away."""
        self.do("SET", "k", "v", "EX", 10)
        self.do("SET", "k", "w", "KEEPTTL")
        self.assertEqual(self.deadline(b"k"), 10_000)
        self.do("SET", "k", "w")
        self.assertIsNone(self.deadline(b"k"))

    def test_an_expired_value_is_gone(self) -> None:
        """After its time a key is absent for all commands."""
        self.do("SET", "k", "v", "PX", 1000)
        self.session.clock.advance(1)
        self.assertEqual(self.do("GET", "k"), b"v")
        self.session.clock.advance(0.001)
        self.assertIsNone(self.do("GET", "k"))
        self.assertEqual(self.do("SET", "k", "w", "NX"), OK)

    def test_times_that_are_refused(self) -> None:
        """Zero, negative and overflowing times name the command; others are no integers."""
        for option, time in (
            ("EX", 0),
            ("PX", -1),
            ("EX", 1 << 62),
            ("PX", (1 << 63) - 1),
            ("EXAT", 0),
        ):
            self.assertEqual(
                self.error("SET", "k", "v", option, time),
                b"ERR invalid expire time in 'set' command",
            )
        self.assertEqual(self.error("SET", "k", "v", "EX", "1.5"), NOT_INTEGER)
        self.assertEqual(self.error("SET", "k", "v", "EX"), SYNTAX)
        self.assertIsNone(self.do("GET", "k"))

    def test_options_that_contradict_each_other(self) -> None:
        """Two conditions or two kinds of expiry are a syntax error."""
        for options in (
            ("NX", "XX"),
            ("EX", 1, "PX", 1),
            ("EX", 1, "KEEPTTL"),
            ("KEEPTTL", "EX", 1),
            ("PERSIST",),
            ("foo",),
        ):
            self.assertEqual(self.error("SET", "k", "v", *options), SYNTAX)

    def test_repeated_options_are_taken(self) -> None:
        """An option given twice is no contradiction."""
        self.assertEqual(self.do("SET", "k", "v", "NX", "NX", "GET", "GET"), None)
        self.assertEqual(self.do("GET", "k"), b"v")

    def test_setex_and_psetex(self) -> None:
        """They set a value that expires, and refuse times that are not positive."""
        self.do("SETEX", "k", 10, "v")
        self.assertEqual(self.deadline(b"k"), 10_000)
        self.do("PSETEX", "k", 10, "w")
        self.assertEqual((self.do("GET", "k"), self.deadline(b"k")), (b"w", 10))
        self.assertEqual(
            self.error("SETEX", "k", 0, "v"), b"ERR invalid expire time in 'setex' command"
        )
        self.assertEqual(
            self.error("PSETEX", "k", -1, "v"), b"ERR invalid expire time in 'psetex' command"
        )

    def test_setnx(self) -> None:
        """It sets only what is not there, whatever type is there."""
        self.assertEqual(self.do("SETNX", "k", "a"), 1)
        self.assertEqual(self.do("SETNX", "k", "b"), 0)
        self.assertEqual(self.do("SETNX", "l", "b"), 0)
        self.assertEqual(self.do("GET", "k"), b"a")

    def test_getset(self) -> None:
        """It returns the old value and forgets the expiry."""
        self.do("SET", "k", "a", "EX", 10)
        self.assertEqual(self.do("GETSET", "k", "b"), b"a")
        self.assertIsNone(self.deadline(b"k"))
        self.assertEqual(self.error("GETSET", "l", "b"), WRONG_TYPE)

    def test_events(self) -> None:
        """SET tells of one change, and of the expiry if there is one."""
        self.assertEqual(self.session.events("SET", "k", "v"), [(b"new", b"k"), (b"set", b"k")])
        self.assertEqual(
            self.session.events("SET", "k", "v", "EX", 1), [(b"set", b"k"), (b"expire", b"k")]
        )
        self.assertEqual(self.session.events("SET", "k", "v", "NX"), [])

    def test_what_is_propagated(self) -> None:
        """A relative time is repeated as an absolute one, and GET is left out."""
        self.assertEqual(
            self.session.effects("SET", "k", "v", "EX", 10, "NX"),
            [(b"SET", b"k", b"v", b"PXAT", b"%d" % (START_MS + 10_000))],
        )
        self.assertEqual(
            self.session.effects("SET", "k", "w", "XX", "GET"), [(b"SET", b"k", b"w", b"XX")]
        )
        self.assertEqual(self.session.effects("SET", "k", "w"), [])


class GetTests(StringCase):
    """Reading, and reading that changes something."""

    def test_getdel(self) -> None:
        """It returns the value and deletes the key."""
        self.do("SET", "k", "v")
        self.assertEqual(self.do("GETDEL", "k"), b"v")
        self.assertIsNone(self.do("GETDEL", "k"))
        self.assertEqual(self.error("GETDEL", "l"), WRONG_TYPE)
        self.do("SET", "k", "v")
        self.assertEqual(self.session.effects("GETDEL", "k"), [(b"DEL", b"k")])

    def test_getex_changes_the_expiry(self) -> None:
        """It sets a deadline of each kind, or takes it away."""
        self.do("SET", "k", "v")
        self.assertEqual(self.do("GETEX", "k", "EX", 10), b"v")
        self.assertEqual(self.deadline(b"k"), 10_000)
        self.assertEqual(self.do("GETEX", "k"), b"v")
        self.assertEqual(self.deadline(b"k"), 10_000)
        self.do("GETEX", "k", "PXAT", START_MS + 5)
        self.assertEqual(self.deadline(b"k"), 5)
        self.do("GETEX", "k", "PERSIST")
        self.assertIsNone(self.deadline(b"k"))

    def test_getex_with_a_time_that_has_passed(self) -> None:
        """It answers the value and deletes the key."""
        self.do("SET", "k", "v")
        self.assertEqual(self.session.effects("GETEX", "k", "EXAT", 1), [(b"DEL", b"k")])
        self.assertIsNone(self.do("GET", "k"))

    def test_getex_propagates_absolute_times(self) -> None:
        """A deadline is repeated as PEXPIREAT, PERSIST only where there was one."""
        self.do("SET", "k", "v")
        self.assertEqual(
            self.session.effects("GETEX", "k", "EX", 1),
            [(b"PEXPIREAT", b"k", b"%d" % (START_MS + 1000))],
        )
        self.assertEqual(self.session.effects("GETEX", "k", "PERSIST"), [(b"PERSIST", b"k")])
        self.assertEqual(self.session.events("GETEX", "k", "PERSIST"), [])

    def test_getex_refuses_what_contradicts(self) -> None:
        """Two options, or an unknown one, are a syntax error; a missing key hides a bad time."""
        self.do("SET", "k", "v")
        self.assertEqual(self.error("GETEX", "k", "EX", 1, "PERSIST"), SYNTAX)
        self.assertEqual(self.error("GETEX", "k", "KEEPTTL"), SYNTAX)
        self.assertEqual(
            self.error("GETEX", "k", "EX", 0), b"ERR invalid expire time in 'getex' command"
        )
        self.assertIsNone(self.do("GETEX", "missing", "EX", 0))

    def test_getrange(self) -> None:
        """Offsets count from either end and are bound to the string."""
        self.do("SET", "k", "Hello World")
        for start, end, expected in (
            (0, 4, b"Hello"),
            (-5, -1, b"World"),
            (5, 2, b""),
            (-1000, 2, b"Hel"),
            (8, 1000, b"rld"),
            (-1, -5, b""),
            (20, 30, b""),
        ):
            self.assertEqual(self.do("GETRANGE", "k", start, end), expected)
        self.assertEqual(self.do("SUBSTR", "k", 0, 1), b"He")
        self.assertEqual(self.do("GETRANGE", "missing", 0, -1), b"")
        self.assertEqual(self.error("GETRANGE", "k", "x", 1), NOT_INTEGER)

    def test_strlen(self) -> None:
        """It counts bytes, of a number those of its text."""
        self.do("INCRBY", "n", -12345)
        self.do("SET", "k", "hello")
        self.assertEqual([self.do("STRLEN", k) for k in ("n", "k", "missing")], [6, 5, 0])
        self.assertEqual(self.error("STRLEN", "l"), WRONG_TYPE)

    def test_mget_shows_what_is_no_string_as_missing(self) -> None:
        """Keys of other types are nil, each form of a string is its text."""
        self.do("SET", "a", "1")
        self.do("INCR", "b")
        self.do("APPEND", "a", "2")
        self.assertEqual(self.do("MGET", "a", "b", "l", "missing"), [b"12", b"1", None, None])

    def test_replies_do_not_change_with_the_value(self) -> None:
        """A reply kept while its key is changed in place stays as it was."""
        self.do("SET", "k", "a")
        self.do("APPEND", "k", "b")
        kept = self.do("GET", "k"), self.do("MGET", "k")
        self.do("APPEND", "k", "c")
        self.assertEqual(kept, (b"ab", [b"ab"]))


class ChangeTests(StringCase):
    """APPEND, SETRANGE and what sets several keys."""

    def test_append(self) -> None:
        """It makes a string or puts bytes behind it, and keeps the expiry."""
        self.assertEqual(self.do("APPEND", "k", "ab"), 2)
        self.assertEqual(self.do("APPEND", "k", "c"), 3)
        self.assertEqual(self.do("GET", "k"), b"abc")
        self.do("SET", "n", 12, "EX", 10)
        self.do("APPEND", "n", 3)
        self.assertEqual((self.do("INCR", "n"), self.deadline(b"n")), (124, 10_000))
        self.assertEqual(self.error("APPEND", "l", "x"), WRONG_TYPE)

    def test_append_of_nothing_makes_an_empty_string(self) -> None:
        """As in Redis the key exists afterwards."""
        self.assertEqual(self.do("APPEND", "k", ""), 0)
        self.assertEqual(self.do("GET", "k"), b"")

    def test_setrange(self) -> None:
        """It writes over a part, with zero bytes up to it."""
        self.assertEqual(self.do("SETRANGE", "k", 2, "ab"), 4)
        self.assertEqual(self.do("GET", "k"), b"\0\0ab")
        self.assertEqual(self.do("SETRANGE", "k", 1, "XY"), 4)
        self.assertEqual(self.do("GET", "k"), b"\0XYb")
        self.assertEqual(self.error("SETRANGE", "k", -1, "a"), b"ERR offset is out of range")
        self.assertEqual(self.error("SETRANGE", "l", 0, "a"), WRONG_TYPE)

    def test_setrange_of_nothing_changes_nothing(self) -> None:
        """It answers the length and makes no key."""
        self.assertEqual(self.do("SETRANGE", "k", 10, ""), 0)
        self.assertIsNone(self.do("GET", "k"))
        self.assertEqual(self.session.changes("SETRANGE", "k", 10, ""), 0)

    def test_strings_have_a_longest_length(self) -> None:
        """proto-max-bulk-len bounds what APPEND and SETRANGE make."""
        session = Session(proto_max_bulk_len=8)
        session.do("SET", "k", "12345678")
        text = b"ERR string exceeds maximum allowed size (proto-max-bulk-len)"
        self.assertEqual(session.error("APPEND", "k", "9"), text)
        self.assertEqual(session.error("SETRANGE", "k", 8, "9"), text)
        self.assertEqual(session.error("SETRANGE", "new", (1 << 63) - 1, "9"), text)

    def test_mset(self) -> None:
        """It sets pairs, replaces any type and refuses half a pair."""
        self.assertEqual(self.do("MSET", "a", 1, "l", 2, "a", 3), OK)
        self.assertEqual(self.do("MGET", "a", "l"), [b"3", b"2"])
        self.assertEqual(
            self.error("MSET", "a", 1, "b"), b"ERR wrong number of arguments for 'mset' command"
        )

    def test_msetnx_sets_all_or_nothing(self) -> None:
        """One key that exists keeps all from being set."""
        self.assertEqual(self.do("MSETNX", "a", 1, "l", 2), 0)
        self.assertIsNone(self.do("GET", "a"))
        self.assertEqual(self.do("MSETNX", "a", 1, "b", 2), 1)
        self.assertEqual(
            self.error("MSETNX", "a", 1, "b"), b"ERR wrong number of arguments for 'msetnx' command"
        )

    def test_each_change_counts(self) -> None:
        """The dirty counter grows by the keys changed."""
        self.assertEqual(self.session.changes("MSET", "a", 1, "b", 2), 2)
        self.assertEqual(self.session.changes("APPEND", "a", "x"), 1)
        self.assertEqual(self.session.changes("GET", "a"), 0)


class CommonSubsequenceTests(StringCase):
    """LCS."""

    def setUp(self) -> None:
        """Store the strings of Redis' own example."""
        super().setUp()
        self.do("MSET", "a", "ohmytext", "b", "mynewtext")

    def test_text_and_length(self) -> None:
        """It answers the subsequence, or with LEN how long it is."""
        self.assertEqual(self.do("LCS", "a", "b"), b"mytext")
        self.assertEqual(self.do("LCS", "a", "b", "LEN"), 6)
        self.assertEqual(self.do("LCS", "a", "missing"), b"")

    def test_matches(self) -> None:
        """IDX answers where the runs are, the last one first."""
        self.assertEqual(
            self.do("LCS", "a", "b", "IDX"),
            {b"matches": [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], b"len": 6},
        )
        self.assertEqual(
            self.do("LCS", "a", "b", "IDX", "MINMATCHLEN", 4, "WITHMATCHLEN"),
            {b"matches": [[[4, 7], [5, 8], 4]], b"len": 6},
        )

    def test_refusals(self) -> None:
        """Other types, LEN with IDX and half an option are refused, each with its text."""
        self.assertEqual(
            self.error("LCS", "a", "l"), b"ERR The specified keys must contain string values"
        )
        self.assertEqual(
            self.error("LCS", "a", "b", "LEN", "IDX"),
            b"ERR If you want both the length and indexes, please just use IDX.",
        )
        self.assertEqual(self.error("LCS", "a", "b", "MINMATCHLEN"), SYNTAX)
        self.assertEqual(self.error("LCS", "a", "b", "MINMATCHLEN", "x"), NOT_INTEGER)
        self.assertEqual(self.error("LCS", "a", "b", "foo"), SYNTAX)
