"""Tests of pyredis.commands.hash_expiration."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import START_S, Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NO_FIELDS = b"ERR Mandatory argument FIELDS is missing or not at the right position"
NO_MATCH = b"ERR The `numfields` parameter must match the number of arguments"
START_MS = START_S * 1000
LATEST_MS = (1 << 46) - 1

SETTERS = ("HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT")
READERS = ("HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME")


class FieldCase(SynchronousTestCase):
    """A server in memory with the hash ``h`` {a 1, b 2, c 3} and the string ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("HSET", "h", "a", "1", "b", "2", "c", "3")
        self.do("SET", "s", "v")

    def expire(self, milliseconds: int, *fields: str) -> None:
        """Let fields of the hash expire."""
        self.do("HPEXPIRE", "h", milliseconds, "FIELDS", len(fields), *fields)

    def deadlines(self) -> dict[bytes, int]:
        """Return the deadlines of the hash, in milliseconds from the start of the test."""
        deadlines = self.session.db.values[b"h"].deadlines or {}
        return {field: deadline - START_MS for field, deadline in deadlines.items()}

    def exists(self, key: bytes) -> bool:
        """Tell whether a key exists."""
        return self.session.db.peek(key) is not None


class ExpireTests(FieldCase):
    """HEXPIRE and its kind."""

    def test_each_spelling_of_a_time(self) -> None:
        """All end as absolute milliseconds."""
        for command, time, expected in (
            ("HEXPIRE", 10, 10_000),
            ("HPEXPIRE", 10, 10),
            ("HEXPIREAT", START_S + 7, 7000),
            ("HPEXPIREAT", START_MS + 7, 7),
        ):
            self.assertEqual(self.do(command, "h", time, "FIELDS", 1, "a"), [1])
            self.assertEqual(self.deadlines(), {b"a": expected})

    def test_one_answer_for_each_field(self) -> None:
        """-2 where there is no field, or no hash."""
        self.assertEqual(self.do("HEXPIRE", "h", 9, "fields", 3, "a", "nope", "b"), [1, -2, 1])
        self.assertEqual(self.do("HEXPIRE", "k", 9, "FIELDS", 2, "a", "b"), [-2, -2])
        self.assertFalse(self.exists(b"k"))

    def test_conditions(self) -> None:
        """They compare with the deadline a field has; none is later than any."""
        self.expire(1000, "a")
        for condition, after, expected in (
            ("NX", 500, [0, 1, -2]),
            ("XX", 500, [1, 0, -2]),
            ("GT", 2000, [1, 0, -2]),
            ("GT", 1000, [0, 0, -2]),
            ("LT", 1000, [0, 1, -2]),
            ("lt", 500, [1, 1, -2]),
        ):
            self.expire(1000, "a")
            self.do("HPERSIST", "h", "FIELDS", 1, "b")
            reply = self.do("HPEXPIRE", "h", after, condition, "FIELDS", 3, "a", "b", "nope")
            self.assertEqual((condition, reply), (condition, expected))

    def test_a_field_named_twice(self) -> None:
        """The second time it is as the first time left it."""
        for condition, expected in ((["NX"], [1, 0]), (["LT"], [1, 0]), ([], [1, 1])):
            self.do("HSET", "h", "a", "1")
            self.assertEqual(
                self.do("HEXPIRE", "h", 9, *condition, "FIELDS", 2, "a", "a"), expected
            )
        self.assertEqual(self.do("HEXPIRE", "h", 0, "FIELDS", 2, "a", "a"), [2, -2])

    def test_a_time_that_has_passed_deletes_the_field(self) -> None:
        """And the hash with the last one."""
        self.assertEqual(self.do("HEXPIRE", "h", 0, "FIELDS", 1, "a"), [2])
        self.assertEqual(self.do("HPEXPIREAT", "h", 1, "FIELDS", 1, "b"), [2])
        self.assertEqual(self.do("HKEYS", "h"), [b"c"])
        self.assertEqual(self.do("HEXPIREAT", "h", 1, "FIELDS", 2, "c", "a"), [2, -2])
        self.assertFalse(self.exists(b"h"))
        self.assertEqual(self.session.server.keyspace.expired_fields, 3)

    def test_refusals(self) -> None:
        """The type first, then the time, then the words."""
        for command in SETTERS:
            late = b"ERR invalid expire time in '%b' command" % command.lower().encode()
            limit = LATEST_MS // (1000 if command in ("HEXPIRE", "HEXPIREAT") else 1)
            for words, text in (
                (("s", "x", "NX", "FIELDS", 1), WRONG_TYPE),
                (("h", "x", "FIELDS", 1, "a"), NOT_INTEGER),
                (("h", -1, "FIELDS", 1, "a"), b"ERR invalid expire time, must be >= 0"),
                (("h", limit + 1, "FIELDS", 1, "a"), late),
                (("h", (1 << 63) - 1, "FIELDS", 1, "a"), late),
                (("h", 1, "FOO", 1, "a"), NO_FIELDS),
                (("h", 1, "NX", "XX", "FIELDS", 1, "a"), NO_FIELDS),
                (("h", 1, "FIELDS", 2, "a"), NO_MATCH),
                (("h", 1, "NX", "FIELDS", 1), NO_MATCH),
                (
                    ("h", 1, "FIELDS", 0, "a"),
                    b"ERR Parameter `numFields` should be greater than 0",
                ),
                (
                    ("h", 1, "FIELDS", "x", "a"),
                    b"ERR Parameter `numFields` should be greater than 0",
                ),
            ):
                self.assertEqual(self.error(command, *words), text)
        self.assertEqual(self.deadlines(), {})

    def test_the_latest_moment(self) -> None:
        """It is refused one millisecond later."""
        self.assertEqual(self.do("HPEXPIREAT", "h", LATEST_MS, "FIELDS", 1, "a"), [1])
        left = LATEST_MS - START_MS
        self.assertEqual(self.do("HPEXPIRE", "h", left, "FIELDS", 1, "a"), [1])
        self.assertEqual(
            self.error("HPEXPIRE", "h", left + 1, "FIELDS", 1, "a"),
            b"ERR invalid expire time in 'hpexpire' command",
        )

    def test_events(self) -> None:
        """One for the command, whatever it did, and one for the hash that went."""
        events = self.session.events
        self.assertEqual(events("HEXPIRE", "h", 9, "FIELDS", 2, "a", "b"), [(b"hexpire", b"h")])
        self.assertEqual(events("HEXPIRE", "h", 9, "NX", "FIELDS", 1, "a"), [])
        self.assertEqual(events("HEXPIRE", "h", 0, "FIELDS", 2, "a", "b"), [(b"hdel", b"h")])
        self.assertEqual(
            events("HEXPIRE", "h", 0, "FIELDS", 1, "c"), [(b"hdel", b"h"), (b"del", b"h")]
        )

    def test_what_is_propagated(self) -> None:
        """An absolute time for the fields it was set for, or their deletion."""
        effects = self.session.effects
        self.assertEqual(
            effects("HEXPIRE", "h", 9, "FIELDS", 3, "a", "nope", "b"),
            [(b"HPEXPIREAT", b"h", b"%d" % (START_MS + 9000), b"FIELDS", b"2", b"a", b"b")],
        )
        self.assertEqual(
            effects("HEXPIRE", "h", 99, "gt", "FIELDS", 2, "a", "c"),
            [(b"HPEXPIREAT", b"h", b"%d" % (START_MS + 99000), b"GT", b"FIELDS", b"1", b"a")],
        )
        self.assertEqual(
            effects("HEXPIRE", "h", 0, "FIELDS", 2, "a", "nope"), [(b"HDEL", b"h", b"a")]
        )
        self.assertEqual(effects("HEXPIRE", "h", 9, "FIELDS", 1, "nope"), [])
        self.assertEqual(
            effects("HEXPIRE", "h", 0, "FIELDS", 2, "b", "c"),
            [(b"HDEL", b"h", b"b"), (b"HDEL", b"h", b"c")],
        )


class TimeTests(FieldCase):
    """HTTL and its kind, and HPERSIST."""

    def test_each_spelling_of_a_time(self) -> None:
        """Seconds are rounded up."""
        self.expire(1500, "a")
        expected = (2, 1500, START_S + 2, START_MS + 1500)
        for command, time in zip(READERS, expected, strict=True):
            reply = self.do(command, "h", "FIELDS", 3, "a", "b", "nope")
            self.assertEqual(reply, [time, -1, -2])
            self.assertEqual(self.do(command, "k", "FIELDS", 1, "a"), [-2])

    def test_persist(self) -> None:
        """1 where there was a deadline, -1 where not, -2 where there is no field."""
        self.expire(1000, "a", "b")
        self.assertEqual(self.do("HPERSIST", "h", "FIELDS", 3, "a", "c", "nope"), [1, -1, -2])
        self.assertEqual(self.deadlines(), {b"b": 1000})
        self.assertEqual(self.do("HPERSIST", "k", "FIELDS", 1, "a"), [-2])
        self.session.clock.advance(5)
        self.assertEqual(self.do("HKEYS", "h"), [b"a", b"c"])

    def test_persist_tells_of_changes_only(self) -> None:
        """No deadline less, no event."""
        self.expire(1000, "a")
        self.assertEqual(
            self.session.events("HPERSIST", "h", "FIELDS", 2, "a", "b"), [(b"hpersist", b"h")]
        )
        self.assertEqual(self.session.events("HPERSIST", "h", "FIELDS", 1, "a"), [])

    def test_refusals(self) -> None:
        """The type first, then the words."""
        for command in (*READERS, "HPERSIST", "HGETDEL"):
            for words, text in (
                (("s", "FOO", 1, "a"), WRONG_TYPE),
                (("h", "FOO", 1, "a"), NO_FIELDS),
                (("h", "FIELDS", 0, "a"), b"ERR Number of fields must be a positive integer"),
                (("h", "FIELDS", "x", "a"), b"ERR Number of fields must be a positive integer"),
                (("h", "FIELDS", 2, "a"), NO_MATCH),
                (("k", "FIELDS", 1, "a", "b"), NO_MATCH),
            ):
                self.assertEqual(self.error(command, *words), text)


class ExpiredTests(FieldCase):
    """Fields whose time has passed, as the other commands see them."""

    def setUp(self) -> None:
        """Let a field live for ten milliseconds."""
        super().setUp()
        self.expire(10, "a")

    def test_a_field_lives_up_to_its_deadline(self) -> None:
        """For all commands."""
        self.session.clock.advance(0.01)
        self.assertEqual(self.do("HGET", "h", "a"), b"1")
        self.session.clock.advance(0.001)
        self.assertIsNone(self.do("HGET", "h", "a"))
        self.assertEqual(self.do("HLEN", "h"), 2)
        self.assertEqual(self.do("HGETALL", "h"), {b"b": b"2", b"c": b"3"})
        self.assertEqual(self.do("HTTL", "h", "FIELDS", 1, "a"), [-2])
        self.assertEqual(self.do("HDEL", "h", "a"), 0)
        self.assertEqual(self.do("HSETNX", "h", "a", "9"), 1)

    def test_a_new_value_has_no_deadline(self) -> None:
        """HSET forgets it, increments keep it."""
        self.do("HINCRBY", "h", "a", 1)
        self.do("HINCRBYFLOAT", "h", "a", 1)
        self.assertEqual(self.deadlines(), {b"a": 10})
        self.do("HSET", "h", "a", "1")
        self.assertEqual(self.deadlines(), {})

    def test_an_increment_starts_anew(self) -> None:
        """What has expired counts as nothing."""
        self.session.clock.advance(1)
        self.assertEqual(self.do("HINCRBY", "h", "a", 5), 5)
        self.assertEqual(self.deadlines(), {})

    def test_an_increment_is_propagated_with_its_deadline_kept(self) -> None:
        """An HSET would forget it elsewhere."""
        self.assertEqual(
            self.session.effects("HINCRBYFLOAT", "h", "a", 1),
            [(b"HSETEX", b"h", b"KEEPTTL", b"FIELDS", b"1", b"a", b"2")],
        )

    def test_events(self) -> None:
        """hexpired, and del when the hash went with its last field."""
        self.session.clock.advance(1)
        self.assertEqual(self.session.events("HGET", "h", "b"), [(b"hexpired", b"h")])
        self.expire(1, "b", "c")
        self.session.clock.advance(1)
        self.assertEqual(
            self.session.events("HLEN", "h"),
            [(b"hexpired", b"h"), (b"del", b"h"), (b"keymiss", b"h")],
        )

    def test_a_hash_without_deadlines_is_watched_no_more(self) -> None:
        """Once the last field that had one was deleted or made to stay."""
        for command in (("HDEL", "h", "a"), ("HPERSIST", "h", "FIELDS", 1, "a")):
            self.do("HSET", "h", "a", "1")
            self.expire(10, "a")
            self.assertIn(b"h", self.session.db.field_deadlines)
            self.do(*command)
            self.assertNotIn(b"h", self.session.db.field_deadlines)
        self.expire(10, "b")
        self.do("HGETDEL", "h", "FIELDS", 1, "b")
        self.assertNotIn(b"h", self.session.db.field_deadlines)

    def test_renamed_and_copied_hashes_keep_their_deadlines(self) -> None:
        """Wherever they go."""
        self.do("COPY", "h", "copy")
        self.do("COPY", "h", "elsewhere", "DB", 1)
        self.do("RENAME", "h", "new")
        self.session.clock.advance(1)
        self.assertEqual([self.do("HLEN", key) for key in ("copy", "new")], [2, 2])
        self.do("SELECT", 1)
        self.assertEqual(self.do("HLEN", "elsewhere"), 2)

    def test_an_expired_field_touches_who_watches(self) -> None:
        """EXEC is aborted: the hash is not what it was."""
        self.do("WATCH", "h")
        self.session.clock.advance(1)
        self.session.another().do("HLEN", "h")
        self.do("MULTI")
        self.do("PING")
        self.assertNotIsInstance(self.do("EXEC"), list)


class GetdelTests(FieldCase):
    """HGETDEL."""

    def test_values_come_and_fields_go(self) -> None:
        """A field named twice is gone the second time."""
        self.assertEqual(
            self.do("HGETDEL", "h", "FIELDS", 4, "a", "nope", "b", "a"), [b"1", None, b"2", None]
        )
        self.assertEqual(self.do("HKEYS", "h"), [b"c"])
        self.assertEqual(self.do("HGETDEL", "k", "FIELDS", 2, "a", "b"), [None, None])

    def test_the_last_field_takes_the_hash_with_it(self) -> None:
        """With the events of HDEL."""
        self.assertEqual(
            self.session.events("HGETDEL", "h", "FIELDS", 3, "a", "b", "c"),
            [(b"hdel", b"h"), (b"del", b"h")],
        )
        self.assertFalse(self.exists(b"h"))

    def test_it_is_propagated_as_a_deletion(self) -> None:
        """Of what was there, and nothing of nothing."""
        self.assertEqual(
            self.session.effects("HGETDEL", "h", "FIELDS", 2, "a", "nope"), [(b"HDEL", b"h", b"a")]
        )
        self.assertEqual(self.session.effects("HGETDEL", "h", "FIELDS", 1, "nope"), [])
        self.assertEqual(self.session.changes("HGETDEL", "h", "FIELDS", 1, "nope"), 0)


class GetexTests(FieldCase):
    """HGETEX."""

    def test_without_an_option_it_reads(self) -> None:
        """And changes nothing."""
        self.assertEqual(self.do("HGETEX", "h", "FIELDS", 2, "a", "nope"), [b"1", None])
        self.assertEqual(self.session.changes("HGETEX", "h", "FIELDS", 1, "a"), 0)
        self.assertEqual(self.do("HGETEX", "k", "EX", 5, "FIELDS", 1, "a"), [None])

    def test_each_spelling_of_a_time(self) -> None:
        """For the fields that are there."""
        for option, time, expected in (
            ("EX", 10, 10_000),
            ("px", 10, 10),
            ("EXAT", START_S + 7, 7000),
            ("PXAT", START_MS + 7, 7),
        ):
            reply = self.do("HGETEX", "h", option, time, "FIELDS", 2, "a", "nope")
            self.assertEqual(reply, [b"1", None])
            self.assertEqual(self.deadlines(), {b"a": expected})
        self.do("HGETEX", "h", "PERSIST", "FIELDS", 1, "a")
        self.assertEqual(self.deadlines(), {})

    def test_a_time_that_has_passed_deletes_what_is_read(self) -> None:
        """The value is answered all the same."""
        self.assertEqual(
            self.session.events("HGETEX", "h", "EX", 0, "FIELDS", 3, "a", "b", "c"),
            [(b"hdel", b"h"), (b"del", b"h")],
        )
        self.do("HSET", "h", "a", "1", "b", "2")
        self.assertEqual(self.do("HGETEX", "h", "PXAT", 1, "FIELDS", 1, "a"), [b"1"])
        self.assertEqual(self.do("HKEYS", "h"), [b"b"])

    def test_what_is_told(self) -> None:
        """An event and an effect of what was done."""
        self.assertEqual(
            self.session.events("HGETEX", "h", "EX", 5, "FIELDS", 1, "a"), [(b"hexpire", b"h")]
        )
        self.assertEqual(
            self.session.effects("HGETEX", "h", "EX", 5, "FIELDS", 2, "a", "nope"),
            [(b"HPEXPIREAT", b"h", b"%d" % (START_MS + 5000), b"FIELDS", b"1", b"a")],
        )
        self.assertEqual(
            self.session.effects("HGETEX", "h", "PERSIST", "FIELDS", 1, "a"),
            [(b"HPERSIST", b"h", b"FIELDS", b"1", b"a")],
        )
        self.assertEqual(
            self.session.effects("HGETEX", "h", "EX", 0, "FIELDS", 2, "a", "a"),
            [(b"HDEL", b"h", b"a")],
        )

    def test_nothing_is_told_of_fields_that_live_for_ever_already(self) -> None:
        """PERSIST speaks of those alone that had a deadline."""
        self.expire(5000, "a")
        self.assertEqual(
            self.session.effects("HGETEX", "h", "PERSIST", "FIELDS", 2, "a", "b"),
            [(b"HPERSIST", b"h", b"FIELDS", b"1", b"a")],
        )
        for tell in (self.session.effects, self.session.events):
            self.assertEqual(tell("HGETEX", "h", "PERSIST", "FIELDS", 2, "a", "b"), [])
        self.assertEqual(self.session.changes("HGETEX", "h", "PERSIST", "FIELDS", 1, "a"), 0)

    def test_refusals(self) -> None:
        """The type first, then the time, then the words."""
        for words, text in (
            (("s", "EX", "x", "FIELDS"), WRONG_TYPE),
            (("h", "EX", "x", "FIELDS", 1, "a"), NOT_INTEGER),
            (("h", "PX", -1, "FIELDS", 1, "a"), b"ERR invalid expire time, must be >= 0"),
            (
                ("h", "PXAT", LATEST_MS + 1, "FIELDS", 1, "a"),
                b"ERR invalid expire time in 'hgetex' command",
            ),
            (("h", "KEEPTTL", "FIELDS", 1, "a"), NO_FIELDS),
            (("h", "EX", 1, "PX", 1, "FIELDS", 1, "a"), NO_FIELDS),
            (("h", "FIELDS", 0, "a"), b"ERR Number of fields must be a positive integer"),
            (("h", "PERSIST", "FIELDS", 2, "a"), NO_MATCH),
            (("h", "EX", 1, "FIELDS"), b"ERR wrong number of arguments for 'hgetex' command"),
        ):
            self.assertEqual(self.error("HGETEX", *words), text)


class SetexTests(FieldCase):
    """HSETEX."""

    def test_it_sets_fields(self) -> None:
        """Existing or not, and makes the hash if there is none."""
        self.assertEqual(self.do("HSETEX", "h", "FIELDS", 2, "a", "9", "d", "4"), 1)
        self.assertEqual(self.do("HMGET", "h", "a", "d"), [b"9", b"4"])
        self.assertEqual(self.do("HSETEX", "k", "fields", 1, "a", "1"), 1)
        self.assertEqual(self.do("HGETALL", "k"), {b"a": b"1"})

    def test_conditions_hold_for_all_fields(self) -> None:
        """Or nothing is set."""
        for words, expected in (
            (("h", "FNX", "FIELDS", 2, "d", "1", "a", "1"), 0),
            (("h", "fnx", "FIELDS", 2, "d", "1", "e", "1"), 1),
            (("h", "FXX", "FIELDS", 2, "a", "1", "f", "1"), 0),
            (("h", "FXX", "FIELDS", 2, "a", "1", "b", "1"), 1),
            (("k", "FXX", "FIELDS", 1, "a", "1"), 0),
            (("k", "FNX", "FIELDS", 1, "a", "1"), 1),
        ):
            self.assertEqual(self.do("HSETEX", *words), expected)
        self.assertEqual(self.do("HLEN", "h"), 5)

    def test_expiry(self) -> None:
        """Set, kept or forgotten."""
        self.do("HSETEX", "h", "EX", 10, "FIELDS", 2, "a", "1", "d", "2")
        self.assertEqual(self.deadlines(), {b"a": 10_000, b"d": 10_000})
        self.do("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "a", "2", "b", "2")
        self.assertEqual(self.deadlines(), {b"a": 10_000, b"d": 10_000})
        self.do("HSETEX", "h", "FIELDS", 1, "a", "3")
        self.assertEqual(self.deadlines(), {b"d": 10_000})
        self.do("HSETEX", "h", "FXX", "PXAT", START_MS + 5, "FIELDS", 1, "d", "3")
        self.assertEqual(self.deadlines(), {b"d": 5})

    def test_a_time_that_has_passed_deletes_what_is_set(self) -> None:
        """It counts as set, and is gone."""
        self.assertEqual(
            self.session.events("HSETEX", "h", "EX", 0, "FIELDS", 1, "a", "1"),
            [(b"hset", b"h"), (b"hdel", b"h")],
        )
        self.assertEqual(self.do("HKEYS", "h"), [b"b", b"c"])
        self.assertEqual(self.do("HSETEX", "k", "PXAT", 1, "FIELDS", 2, "a", "1", "a", "2"), 1)
        self.assertFalse(self.exists(b"k"))

    def test_what_is_told(self) -> None:
        """Two events where a deadline was set, and an absolute time."""
        self.assertEqual(
            self.session.events("HSETEX", "h", "EX", 5, "FIELDS", 1, "a", "1"),
            [(b"hset", b"h"), (b"hexpire", b"h")],
        )
        self.assertEqual(
            self.session.events("HSETEX", "h", "FIELDS", 1, "a", "1"), [(b"hset", b"h")]
        )
        self.assertEqual(
            self.session.effects("HSETEX", "h", "FXX", "EX", 5, "FIELDS", 1, "a", "1"),
            [
                (
                    b"HSETEX",
                    b"h",
                    b"PXAT",
                    b"%d" % (START_MS + 5000),
                    b"FIELDS",
                    b"1",
                    b"a",
                    b"1",
                )
            ],
        )
        self.assertEqual(
            self.session.effects("HSETEX", "h", "EX", 0, "FIELDS", 1, "a", "1"),
            [(b"HDEL", b"h", b"a")],
        )
        self.assertEqual(self.session.effects("HSETEX", "h", "KEEPTTL", "FIELDS", 1, "a", "1"), [])

    def test_refusals(self) -> None:
        """All words before the key."""
        arity = b"ERR wrong number of arguments for 'hsetex' command"
        only_one = b"ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
        for words, text in (
            (("s", "FOO", "FIELDS", 1, "a", "1"), b"ERR unknown argument: FOO"),
            (("s", "EX", 1, "PX", 1, "FIELDS", 1, "a", "1"), only_one),
            (("s", "KEEPTTL", "EX", 1, "FIELDS", 1, "a", "1"), only_one),
            (
                ("s", "FNX", "FXX", "FIELDS", 1, "a", "1"),
                b"ERR Only one of FXX or FNX arguments can be specified",
            ),
            (("s", "EX", "x", "FIELDS", 1, "a", "1"), NOT_INTEGER),
            (("s", "PX", -1, "FIELDS", 1, "a", "1"), b"ERR invalid expire time, must be >= 0"),
            (
                ("s", "EX", LATEST_MS, "FIELDS", 1, "a", "1"),
                b"ERR invalid expire time in 'hsetex' command",
            ),
            (("s", "FNX", "KEEPTTL", "FIELDS", 1), arity),
            (("s", "FIELDS", 0, "a", "1"), b"ERR invalid number of fields"),
            (("s", "FIELDS", "x", "a", "1"), b"ERR invalid number of fields"),
            (("s", "FIELDS", 2, "a", "1"), arity),
            (("s", "FIELDS", 1, "a", "1", "b"), arity),
            (("s", "FNX", "EX", 1, "KEEPTTL"), only_one),
            (("s", "FIELDS", 1, "a", "1"), WRONG_TYPE),
        ):
            self.assertEqual(self.error("HSETEX", *words), text)


class EncodingTests(FieldCase):
    """OBJECT ENCODING of hashes with deadlines."""

    def test_a_small_hash_is_a_listpack_with_room_for_deadlines(self) -> None:
        """As Redis 7.4 calls it."""
        self.expire(1000, "a")
        self.assertEqual(self.do("OBJECT", "ENCODING", "h"), b"listpackex")
