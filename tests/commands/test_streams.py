"""Tests of pyredis.commands.streams."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import NULL_ARRAY, OK
from tests.commands.session import START_S, Session

SYNTAX = b"ERR syntax error"
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
BAD_ID = b"ERR Invalid stream ID specified as stream command argument"
NOT_GREATER = b"ERR The ID specified in XADD is equal or smaller than the target stream top item"
SMALLER = b"ERR The ID specified in XSETID is smaller than "
MAX_ID = "18446744073709551615-18446744073709551615"
NOW = START_S * 1000


class StreamCase(SynchronousTestCase):
    """A server in memory."""

    def setUp(self) -> None:
        """Start the server, with a string in the way."""
        self.session = Session(stream_node_max_entries=3)
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "str", "x")

    def add(self, *ids: str) -> None:
        """Add entries."""
        for text in ids:
            self.do("XADD", "s", text, "f", text)

    def ids(self, *words: str) -> list[Any]:
        """Return the IDs of the entries of the stream."""
        return [reply[0].decode() for reply in self.do("XRANGE", "s", "-", "+", *words)]


class AddTests(StreamCase):
    """XADD."""

    def test_ids(self) -> None:
        """They are made of the time and what came before, or given in whole or in part."""
        self.assertEqual(self.do("XADD", "s", "*", "f", "v"), b"%d-0" % NOW)
        self.assertEqual(self.do("XADD", "s", "*", "f", "v"), b"%d-1" % NOW)
        self.session.clock.advance(0.002)
        self.assertEqual(self.do("XADD", "s", "*", "f", "v"), b"%d-0" % (NOW + 2))
        self.assertEqual(self.do("XADD", "s", f"{NOW + 9}-*", "f", "v"), b"%d-0" % (NOW + 9))
        self.assertEqual(self.do("XADD", "s", f"{NOW + 9}-*", "f", "v"), b"%d-1" % (NOW + 9))
        self.assertEqual(self.do("XADD", "s", f"{NOW + 9}-7", "f", "v"), b"%d-7" % (NOW + 9))
        self.assertEqual(self.do("XADD", "s", "*", "f", "v"), b"%d-8" % (NOW + 9))

    def test_ids_that_cannot_be(self) -> None:
        """Those that are none, the least one, and those that are not greater."""
        self.assertEqual(self.error("XADD", "s", "x", "f", "v"), BAD_ID)
        self.assertEqual(
            self.error("XADD", "s", "0-0", "f", "v"),
            b"ERR The ID specified in XADD must be greater than 0-0",
        )
        self.assertNotIn(b"s", self.session.db.values)
        self.assertEqual(self.do("XADD", "s", "0-*", "f", "v"), b"0-1")
        self.assertEqual(self.error("XADD", "s", "0-1", "f", "v"), NOT_GREATER)
        self.do("XADD", "s", "5-18446744073709551615", "f", "v")
        self.assertEqual(self.error("XADD", "s", "5-*", "f", "v"), NOT_GREATER)
        self.do("XADD", "s", MAX_ID, "f", "v")
        self.assertEqual(
            self.error("XADD", "s", "*", "f", "v"),
            b"ERR The stream has exhausted the last possible ID, unable to add more items",
        )

    def test_fields_come_in_pairs(self) -> None:
        """What is wrong with their number is found before what is wrong with the key."""
        arity = b"ERR wrong number of arguments for 'xadd' command"
        self.assertEqual(self.error("XADD", "str", "*", "f", "v", "g"), arity)
        self.assertEqual(self.error("XADD", "str", "NOMKSTREAM", "1-1", "f"), arity)
        self.assertEqual(self.error("XADD", "str", "MAXLEN", "5", "NOMKSTREAM"), arity)
        self.assertEqual(self.error("XADD", "str", "*", "f", "v"), WRONG_TYPE)

    def test_a_stream_that_must_exist(self) -> None:
        """NOMKSTREAM makes none."""
        self.assertIsNone(self.do("XADD", "s", "NOMKSTREAM", "*", "f", "v"))
        self.assertNotIn(b"s", self.session.db.values)
        self.add("1-1")
        self.assertEqual(self.do("XADD", "s", "nomkstream", "2-2", "f", "v"), b"2-2")

    def test_trimming(self) -> None:
        """Exactly, or by whole nodes up to a limit."""
        self.add(*(f"{number}-1" for number in range(1, 9)))
        self.do("XADD", "s", "MAXLEN", "=", 5, "9-1", "f", "v")
        self.assertEqual(self.ids(), ["5-1", "6-1", "7-1", "8-1", "9-1"])
        self.do("XADD", "s", "MAXLEN", "~", 3, "10-1", "f", "v")
        self.assertEqual(len(self.ids()), 4)
        self.do("XADD", "s", "MINID", "9", "11-1", "f", "v")
        self.assertEqual(self.ids(), ["9-1", "10-1", "11-1"])
        self.do("XADD", "s", "MAXLEN", 0, "12-1", "f", "v")
        self.assertEqual(self.ids(), [])
        self.assertIn(b"s", self.session.db.values)

    def test_events(self) -> None:
        """Adding and trimming each have their own; trimming nothing has none."""
        self.assertEqual(
            self.session.events("XADD", "s", "MAXLEN", 1, "1-1", "f", "v"),
            [(b"new", b"s"), (b"xadd", b"s")],
        )
        self.assertEqual(
            self.session.events("XADD", "s", "MAXLEN", 1, "2-1", "f", "v"),
            [(b"xadd", b"s"), (b"xtrim", b"s")],
        )
        self.assertEqual(self.session.changes("XADD", "s", "3-1", "f", "v"), 1)

    def test_what_is_repeated_elsewhere(self) -> None:
        """The ID it got, and exactly what was trimmed."""
        self.assertEqual(
            self.session.effects("XADD", "s", "*", "f", "v"),
            [(b"XADD", b"s", b"%d-0" % NOW, b"f", b"v")],
        )
        self.session.clock.advance(1)
        for _ in range(4):
            self.do("XADD", "s", "*", "f", "v")
        words = ["XADD", "s", "NOMKSTREAM", "MAXLEN", "~", "1", "LIMIT", "10", "*", "f", "v"]
        exact = b"XADD s NOMKSTREAM MAXLEN = 3 %d-4 f v" % (NOW + 1000)
        self.assertEqual(self.session.effects(*words), [tuple(exact.split())])

    def test_trim_options_that_contradict(self) -> None:
        """One way of trimming, and a limit only where whole nodes go."""
        both = b"ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
        lonely = b"ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
        exact = b"ERR syntax error, LIMIT cannot be used without the special ~ option"
        for options, error in (
            ("MAXLEN 1 MINID 1-1", both),
            ("LIMIT 5", lonely),
            ("LIMIT 0", exact),
            ("MAXLEN 5 LIMIT 5", exact),
            ("MAXLEN -1", b"ERR The MAXLEN argument must be >= 0."),
            ("MAXLEN ~ 1 LIMIT -1", b"ERR The LIMIT argument must be >= 0."),
            ("MAXLEN x", b"ERR value is not an integer or out of range"),
            ("MINID x", BAD_ID),
            ("MINID -", BAD_ID),
        ):
            self.assertEqual(self.error("XADD", "s", *options.split(), "*", "f", "v"), error)
        self.assertNotIn(b"s", self.session.db.values)


class RangeTests(StreamCase):
    """XRANGE, XREVRANGE and XLEN."""

    def setUp(self) -> None:
        """Add some entries."""
        super().setUp()
        self.add("1-1", "1-2", "2-1", "3-1")

    def test_ranges(self) -> None:
        """Ends are included unless marked with a bracket; short ones cover a millisecond."""
        for start, end, expected in (
            ("-", "+", ["1-1", "1-2", "2-1", "3-1"]),
            ("1", "1", ["1-1", "1-2"]),
            ("(1-1", "(3-1", ["1-2", "2-1"]),
            ("(1", "(2", ["1-1", "1-2", "2-1"]),
            ("2-2", "2-9", []),
            ("3", "1", []),
        ):
            found = [reply[0].decode() for reply in self.do("XRANGE", "s", start, end)]
            self.assertEqual(found, expected, (start, end))
            found = [reply[0].decode() for reply in self.do("XREVRANGE", "s", end, start)]
            self.assertEqual(found, expected[::-1], (start, end))

    def test_entries(self) -> None:
        """An entry is its ID and its fields and values in turn, a list that is the reply's own."""
        self.do("XADD", "s", "9-1", "a", "1", "b", "2", "a", "3")
        reply = self.do("XREVRANGE", "s", "+", "-", "COUNT", 1)
        self.assertEqual(reply, [[b"9-1", [b"a", b"1", b"b", b"2", b"a", b"3"]]])
        reply[0][1].clear()
        self.assertEqual(len(self.do("XRANGE", "s", "9", "9")[0][1]), 6)

    def test_counts(self) -> None:
        """None at all is the null array, but only of a stream that exists."""
        self.assertEqual(self.ids("COUNT", "2"), ["1-1", "1-2"])
        self.assertEqual(self.ids("COUNT", "1", "count", "3"), ["1-1", "1-2", "2-1"])
        self.assertIs(self.do("XRANGE", "s", "-", "+", "COUNT", 0), NULL_ARRAY)
        self.assertIs(self.do("XRANGE", "s", "-", "+", "COUNT", -5), NULL_ARRAY)
        self.assertEqual(self.do("XRANGE", "missing", "-", "+", "COUNT", 0), [])

    def test_refusals(self) -> None:
        """Bad ends, bad options, and values that are no streams."""
        self.assertEqual(self.error("XRANGE", "s", "x", "+"), BAD_ID)
        self.assertEqual(self.error("XRANGE", "s", "(-", "+"), BAD_ID)
        self.assertEqual(
            self.error("XRANGE", "s", f"({MAX_ID}", "+"),
            b"ERR invalid start ID for the interval",
        )
        self.assertEqual(
            self.error("XRANGE", "s", "-", "(0-0"), b"ERR invalid end ID for the interval"
        )
        self.assertEqual(self.error("XRANGE", "s", "-", "+", "COUNT"), SYNTAX)
        self.assertEqual(self.error("XRANGE", "s", "-", "+", "LIMIT", 1), SYNTAX)
        self.assertEqual(self.error("XRANGE", "str", "-", "+"), WRONG_TYPE)
        self.assertEqual(self.error("XLEN", "str"), WRONG_TYPE)

    def test_lengths(self) -> None:
        """How many entries there are."""
        self.assertEqual((self.do("XLEN", "s"), self.do("XLEN", "missing")), (4, 0))


class DeleteTests(StreamCase):
    """XDEL, XTRIM and XSETID."""

    def setUp(self) -> None:
        """Add some entries."""
        super().setUp()
        self.add("1-1", "2-1", "3-1", "4-1")

    def test_deleting(self) -> None:
        """Each entry once; the stream stays when all are gone."""
        self.assertEqual(self.do("XDEL", "s", "2-1", "2-1", "9-9", "3"), 1)
        self.assertEqual(self.ids(), ["1-1", "3-1", "4-1"])
        self.assertEqual(self.session.events("XDEL", "s", "1-1", "3-1"), [(b"xdel", b"s")])
        self.assertEqual(self.session.changes("XDEL", "s", "4-1"), 1)
        self.assertEqual(self.do("XLEN", "s"), 0)
        self.assertIn(b"s", self.session.db.values)
        self.assertEqual(self.session.events("XDEL", "s", "4-1"), [])

    def test_all_ids_are_read_first(self) -> None:
        """A bad one deletes nothing."""
        self.assertEqual(self.error("XDEL", "s", "1-1", "x"), BAD_ID)
        self.assertEqual(self.do("XDEL", "missing", "x"), 0)
        self.assertEqual(len(self.ids()), 4)

    def test_trimming(self) -> None:
        """By length, by ID, by whole nodes."""
        self.assertEqual(self.do("XTRIM", "s", "MAXLEN", "~", 0, "LIMIT", 2), 0)
        self.assertEqual(self.do("XTRIM", "s", "MAXLEN", 3), 1)
        self.assertEqual(self.session.events("XTRIM", "s", "MINID", "3"), [(b"xtrim", b"s")])
        self.assertEqual(self.ids(), ["3-1", "4-1"])
        self.assertEqual(self.session.changes("XTRIM", "s", "MAXLEN", 0), 2)
        self.assertEqual(self.session.events("XTRIM", "s", "MAXLEN", 0), [])
        self.assertEqual(self.do("XTRIM", "missing", "MAXLEN", 0), 0)

    def test_what_is_repeated_of_an_approximate_trim(self) -> None:
        """Exactly what it left; an exact one is repeated as it is."""
        self.assertEqual(
            self.session.effects("XTRIM", "s", "MINID", "~", "4", "LIMIT", "0"),
            [(b"XTRIM", b"s", b"MINID", b"=", b"4-1")],
        )
        self.assertEqual(self.session.effects("XTRIM", "s", "MAXLEN", "0"), [])

    def test_trimming_needs_a_threshold(self) -> None:
        """And knows no other options."""
        self.assertEqual(
            self.error("XTRIM", "s", "LIMIT", 0),
            b"ERR syntax error, XTRIM must be called with a trimming strategy",
        )
        self.assertEqual(self.error("XTRIM", "s", "MAXLEN", 5, "x"), SYNTAX)
        self.assertEqual(self.error("XTRIM", "s", "NOMKSTREAM", "MAXLEN", 5), SYNTAX)

    def test_setting_the_last_id(self) -> None:
        """New entries must exceed it."""
        self.assertIs(self.do("XSETID", "s", "9-9", "ENTRIESADDED", 7, "MAXDELETEDID", "2-2"), OK)
        self.assertEqual(self.error("XADD", "s", "9-9", "f", "v"), NOT_GREATER)
        info = self.do("XINFO", "STREAM", "s")
        self.assertEqual((info[b"entries-added"], info[b"max-deleted-entry-id"]), (7, b"2-2"))
        self.assertEqual(self.session.events("XSETID", "s", "9-9"), [(b"xsetid", b"s")])

    def test_last_ids_that_cannot_be(self) -> None:
        """Below an entry, below one deleted, or with counters that do not fit."""
        self.do("XDEL", "s", "4-1")
        for words, error in (
            ("s x", BAD_ID),
            ("missing 1-1", b"ERR no such key"),
            (
                "s 4-0",
                b"ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
            ),
            (
                "s 9-1 ENTRIESADDED 2",
                b"ERR The entries_added specified in XSETID "
                b"is smaller than the target stream length",
            ),
            ("s 9-1 ENTRIESADDED -1", b"ERR entries_added must be positive"),
            (
                "s 9-1 MAXDELETEDID 9-2",
                SMALLER + b"the provided max_deleted_entry_id",
            ),
            ("s 9-1 MAXDELETEDID", SYNTAX),
            ("str 9-1", WRONG_TYPE),
        ):
            self.assertEqual(self.error("XSETID", *words.split()), error)
        self.add("5-1")
        self.assertEqual(self.error("XSETID", "s", "4-9"), SMALLER + b"the target stream top item")
