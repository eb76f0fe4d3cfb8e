"""Tests of pyredis.commands.stream_groups."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import NULL_ARRAY, OK
from tests.commands.session import START_S, Session

SYNTAX = b"ERR syntax error"
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
BAD_ID = b"ERR Invalid stream ID specified as stream command argument"
NO_GROUP = b"NOGROUP No such key 's' or consumer group 'x'"
NOT_AN_INTEGER = b"ERR value is not an integer or out of range"
NOW = START_S * 1000


class GroupCase(SynchronousTestCase):
    """A server in memory, a stream of four entries, and a group that read none."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "str", "x")
        for number in range(1, 5):
            self.do("XADD", "s", f"{number}-1", "f", number)
        self.do("XGROUP", "CREATE", "s", "g", "0")

    def read(self, consumer: str, count: int) -> None:
        """Let a consumer read some entries."""
        self.do("XREADGROUP", "GROUP", "g", consumer, "COUNT", count, "STREAMS", "s", ">")

    def pending(self, *words: str) -> list[Any]:
        """Return what is pending: ID, consumer, idle time and deliveries."""
        return list(self.do("XPENDING", "s", "g", "-", "+", 100, *words))


class GroupTests(GroupCase):
    """XGROUP."""

    def test_creating(self) -> None:
        """Behind an ID or at the end, with a stream if asked for, and once."""
        self.assertIs(self.do("XGROUP", "CREATE", "s", "h", "$", "ENTRIESREAD", 3), OK)
        groups = {group[b"name"]: group for group in self.do("XINFO", "GROUPS", "s")}
        self.assertEqual(groups[b"h"][b"last-delivered-id"], b"4-1")
        self.assertEqual((groups[b"h"][b"entries-read"], groups[b"h"][b"lag"]), (3, 1))
        self.assertEqual(
            self.error("XGROUP", "CREATE", "s", "g", "$"),
            b"BUSYGROUP Consumer Group name already exists",
        )
        self.assertEqual(
            self.session.events("XGROUP", "CREATE", "t", "g", "$", "MKSTREAM"),
            [(b"new", b"t"), (b"xgroup-create", b"t")],
        )
        self.assertEqual(self.do("XLEN", "t"), 0)

    def test_creating_needs_a_stream(self) -> None:
        """Errors of options come first, then the key, then the ID."""
        self.assertTrue(
            self.error("XGROUP", "CREATE", "none", "g", "x").startswith(
                b"ERR The XGROUP subcommand requires the key to exist."
            )
        )
        self.assertEqual(self.error("XGROUP", "CREATE", "none", "g", "x", "MKSTREAM"), BAD_ID)
        self.assertNotIn(b"none", self.session.db.values)
        self.assertEqual(self.error("XGROUP", "CREATE", "str", "g", "0"), WRONG_TYPE)
        bad = b"ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP."
        self.assertEqual(self.error("XGROUP", "CREATE", "str", "g", "0", "x"), bad)
        many = ("MKSTREAM", "MKSTREAM", "ENTRIESREAD", 1)
        self.assertEqual(self.error("XGROUP", "CREATE", "s", "h", "0", *many), bad)
        self.assertEqual(
            self.error("XGROUP", "CREATE", "s", "h", "0", "ENTRIESREAD", -2),
            b"ERR value for ENTRIESREAD must be positive or -1",
        )

    def test_setting_the_position(self) -> None:
        """Anywhere, and what was read is unknown unless told."""
        self.assertIs(self.do("XGROUP", "SETID", "s", "g", "2-1", "ENTRIESREAD", 2), OK)
        self.assertEqual(self.do("XINFO", "GROUPS", "s")[0][b"lag"], 2)
        self.assertEqual(
            self.session.events("XGROUP", "SETID", "s", "g", "$"), [(b"xgroup-setid", b"s")]
        )
        group = self.do("XINFO", "GROUPS", "s")[0]
        self.assertEqual((group[b"last-delivered-id"], group[b"entries-read"]), (b"4-1", None))
        self.do("XGROUP", "SETID", "s", "g", "-")
        self.assertEqual(self.do("XINFO", "GROUPS", "s")[0][b"last-delivered-id"], b"0-0")
        self.assertEqual(
            self.error("XGROUP", "SETID", "s", "x", "bad"),
            b"NOGROUP No such consumer group 'x' for key name 's'",
        )
        self.assertEqual(self.error("XGROUP", "SETID", "s", "g", "bad"), BAD_ID)
        self.assertTrue(
            self.error("XGROUP", "SETID", "s", "g", "0", "MKSTREAM").startswith(
                b"ERR unknown subcommand or wrong number of arguments for 'SETID'."
            )
        )

    def test_destroying(self) -> None:
        """Once."""
        self.assertEqual(
            self.session.events("XGROUP", "DESTROY", "s", "g"), [(b"xgroup-destroy", b"s")]
        )
        self.assertEqual(self.do("XGROUP", "DESTROY", "s", "g"), 0)
        self.assertTrue(
            self.error("XGROUP", "DESTROY", "none", "g").startswith(b"ERR The XGROUP subcommand")
        )

    def test_destroying_touches_nobody(self) -> None:
        """WATCH does not look at groups."""
        self.do("XGROUP", "CREATE", "watched", "g", "$", "MKSTREAM")
        other = self.session.another()
        other.do("WATCH", "watched")
        self.do("XGROUP", "DESTROY", "watched", "g")
        other.do("MULTI")
        self.assertEqual(other.do("EXEC"), [])

    def test_consumers(self) -> None:
        """Made once, and deleted with what is pending for them."""
        self.assertEqual(self.do("XGROUP", "CREATECONSUMER", "s", "g", "alice"), 1)
        self.assertEqual(self.do("XGROUP", "CREATECONSUMER", "s", "g", "alice"), 0)
        self.read("alice", 3)
        self.assertEqual(self.session.events("XGROUP", "DELCONSUMER", "s", "g", "nobody"), [])
        self.assertEqual(self.do("XGROUP", "DELCONSUMER", "s", "g", "alice"), 3)
        self.assertEqual(self.pending(), [])
        self.assertEqual(
            self.error("XGROUP", "CREATECONSUMER", "s", "x", "alice"),
            b"NOGROUP No such consumer group 'x' for key name 's'",
        )


class PendingTests(GroupCase):
    """XACK and XPENDING."""

    def setUp(self) -> None:
        """Let two consumers read."""
        super().setUp()
        self.read("bob", 2)
        self.session.clock.advance(1)
        self.read("alice", 1)

    def test_acknowledging(self) -> None:
        """Counts what was pending, and is no change that WATCH sees."""
        self.do("WATCH", "s")
        other = self.session.another()
        self.assertEqual(other.changes("XACK", "s", "g", "1-1", "1-1", "9-9"), 1)
        self.assertEqual(other.do("XACK", "s", "g", "2-1", "3-1"), 2)
        self.do("MULTI")
        self.do("XPENDING", "s", "g")
        self.assertEqual(self.do("EXEC"), [[0, None, None, NULL_ARRAY]])

    def test_acknowledging_nothing(self) -> None:
        """Without stream or group IDs are not even read."""
        self.assertEqual(self.do("XACK", "none", "g", "x"), 0)
        self.assertEqual(self.do("XACK", "s", "x", "x"), 0)
        self.assertEqual(self.error("XACK", "s", "g", "1-1", "x"), BAD_ID)
        self.assertEqual(len(self.pending()), 3)

    def test_in_sum(self) -> None:
        """How much, between which IDs, and for whom in the order of their names."""
        self.do("XGROUP", "CREATECONSUMER", "s", "g", "idle")
        self.assertEqual(
            self.do("XPENDING", "s", "g"),
            [3, b"1-1", b"3-1", [[b"alice", b"1"], [b"bob", b"2"]]],
        )

    def test_entry_by_entry(self) -> None:
        """By range, count, consumer and idle time."""
        first, second = [b"1-1", b"bob", 1000, 1], [b"2-1", b"bob", 1000, 1]
        third = [b"3-1", b"alice", 0, 1]
        for words, expected in (
            ("- + 10", [first, second, third]),
            ("- + 2", [first, second]),
            ("(1-1 (3-1 10", [second]),
            ("2 + 10", [second, third]),
            ("- + 0", []),
            ("- + -1", []),
            ("- + 10 bob", [first, second]),
            ("- + 10 nobody", []),
            ("IDLE 1000 - + 10", [first, second]),
            ("idle 1001 - + 10 bob", []),
        ):
            self.assertEqual(self.do("XPENDING", "s", "g", *words.split()), expected, words)

    def test_refusals(self) -> None:
        """Options first, then the group."""
        for words, error in (
            ("s x", NO_GROUP),
            ("s x - +", SYNTAX),
            ("s x - + 1 c d e f", SYNTAX),
            ("s x - + many", NOT_AN_INTEGER),
            ("s x a + 1", BAD_ID),
            ("s x IDLE a - + 1", NOT_AN_INTEGER),
            ("s x IDLE 1 - +", SYNTAX),
            ("str g", WRONG_TYPE),
            ("s x - (0-0 1", b"ERR invalid end ID for the interval"),
        ):
            self.assertEqual(self.error("XPENDING", *words.split()), error)


class ClaimTests(GroupCase):
    """XCLAIM."""

    def setUp(self) -> None:
        """Let a consumer read three entries a second ago."""
        super().setUp()
        self.read("alice", 3)
        self.session.clock.advance(1)

    def test_entries_change_hands(self) -> None:
        """They are idle no more and delivered once more; others are left out."""
        self.assertEqual(
            self.do("XCLAIM", "s", "g", "bob", 500, "1-1", "4-1", "9-9"),
            [[b"1-1", [b"f", b"1"]]],
        )
        self.assertEqual(self.pending()[0], [b"1-1", b"bob", 0, 2])
        self.assertEqual(self.do("XCLAIM", "s", "g", "alice", 500, "1-1"), [])

    def test_ids_alone(self) -> None:
        """JUSTID counts as no delivery."""
        claimed = self.do("XCLAIM", "s", "g", "bob", 0, "1-1", "2-1", "JUSTID")
        self.assertEqual(claimed, [b"1-1", b"2-1"])
        self.assertEqual(self.pending()[0], [b"1-1", b"bob", 0, 1])

    def test_options(self) -> None:
        """When and how often entries count as delivered, and where the group is."""
        self.do("XCLAIM", "s", "g", "bob", 0, "1-1", "IDLE", 700, "RETRYCOUNT", 9)
        self.do("XCLAIM", "s", "g", "bob", 0, "2-1", "TIME", NOW - 9, "LASTID", "8-8")
        self.do("XCLAIM", "s", "g", "bob", 0, "3-1", "TIME", NOW + 10**6, "RETRYCOUNT", -1)
        self.assertEqual(
            self.pending(),
            [[b"1-1", b"bob", 700, 9], [b"2-1", b"bob", 1009, 2], [b"3-1", b"bob", 0, 2]],
        )
        self.assertEqual(self.do("XINFO", "GROUPS", "s")[0][b"last-delivered-id"], b"8-8")

    def test_forcing(self) -> None:
        """Entries that are not pending become so, if they are in the stream."""
        self.do("XCLAIM", "s", "g", "bob", 10**6, "4-1", "9-9", "FORCE")
        self.assertEqual(self.pending("bob"), [[b"4-1", b"bob", 0, 2]])

    def test_deleted_entries(self) -> None:
        """They are pending no more."""
        self.do("XDEL", "s", "1-1")
        self.assertEqual(self.do("XCLAIM", "s", "g", "bob", 10**6, "1-1"), [])
        self.assertEqual([entry[0] for entry in self.pending()], [b"2-1", b"3-1"])

    def test_what_is_repeated_elsewhere(self) -> None:
        """Each entry as it is now; or else the group's position if it moved."""
        claim = b"XCLAIM s g bob 0 1-1 TIME %d RETRYCOUNT 2 FORCE JUSTID LASTID 5-5" % (NOW + 1000)
        self.assertEqual(
            self.session.effects("XCLAIM", "s", "g", "bob", 0, "1-1", "LASTID", "5-5"),
            [tuple(claim.split())],
        )
        self.assertEqual(
            self.session.effects("XCLAIM", "s", "g", "bob", 0, "9-9", "LASTID", "6-6"),
            [(b"XGROUP", b"SETID", b"s", b"g", b"6-6", b"ENTRIESREAD", b"3")],
        )
        self.assertEqual(self.session.effects("XCLAIM", "s", "g", "bob", 0, "9-9"), [])

    def test_refusals(self) -> None:
        """The group first, then numbers, then options; nothing is claimed."""
        for words, error in (
            ("s x bob a 1-1", NO_GROUP),
            ("none x bob 0 1-1", b"NOGROUP No such key 'none' or consumer group 'x'"),
            ("s g bob a 1-1", b"ERR Invalid min-idle-time argument for XCLAIM"),
            ("s g bob 0 1-1 IDLE a", b"ERR Invalid IDLE option argument for XCLAIM"),
            ("s g bob 0 1-1 TIME a", b"ERR Invalid TIME option argument for XCLAIM"),
            ("s g bob 0 1-1 RETRYCOUNT a", b"ERR Invalid RETRYCOUNT option argument for XCLAIM"),
            ("s g bob 0 1-1 LASTID a", BAD_ID),
            ("s g bob 0 1-1 IDLE", b"ERR Unrecognized XCLAIM option 'IDLE'"),
            ("s g bob 0 1-1 FORCE 2-1", b"ERR Unrecognized XCLAIM option '2-1'"),
            ("str g bob 0 1-1", WRONG_TYPE),
        ):
            self.assertEqual(self.error("XCLAIM", *words.split()), error)
        self.assertEqual({entry[1] for entry in self.pending()}, {b"alice"})
        self.assertEqual(len(self.do("XINFO", "CONSUMERS", "s", "g")), 1)


class AutoclaimTests(GroupCase):
    """XAUTOCLAIM."""

    def setUp(self) -> None:
        """Let a consumer read all a second ago."""
        super().setUp()
        self.read("alice", 4)
        self.session.clock.advance(1)

    def claim(self, *words: str | int) -> Any:
        """Claim for another consumer."""
        return self.do("XAUTOCLAIM", "s", "g", "bob", *words)

    def test_by_count(self) -> None:
        """The cursor is where the next call goes on; 0-0 is the end."""
        self.assertEqual(
            self.claim(1000, "-", "COUNT", 3, "JUSTID"), [b"4-1", [b"1-1", b"2-1", b"3-1"], []]
        )
        entry = [b"4-1", [b"f", b"4"]]
        self.assertEqual(self.claim(1000, "4-1", "COUNT", 3), [b"0-0", [entry], []])
        self.assertEqual([entry[3] for entry in self.pending()], [1, 1, 1, 2])

    def test_entries_that_are_not_idle(self) -> None:
        """They are passed over, up to ten times the count."""
        for number in range(5, 30):
            self.do("XADD", "s", f"{number}-1", "f", "v")
        self.read("alice", 25)
        self.assertEqual(self.claim(500, "4-2", "COUNT", 1), [b"15-1", [], []])
        self.assertEqual(self.claim(500, "(3-1", "COUNT", 2)[1], [[b"4-1", [b"f", b"4"]]])

    def test_deleted_entries(self) -> None:
        """They are pending no more, are told, and count."""
        self.do("XDEL", "s", "2-1")
        self.assertEqual(self.claim(0, "0", "COUNT", 2, "JUSTID"), [b"3-1", [b"1-1"], [b"2-1"]])
        self.assertEqual(len(self.pending()), 3)

    def test_what_is_repeated_elsewhere(self) -> None:
        """Each entry, deleted ones with who had them."""
        self.do("XDEL", "s", "1-1")
        effects = self.session.effects("XAUTOCLAIM", "s", "g", "bob", 0, "0", "COUNT", 2)
        self.assertEqual([argv[3:6:2] for argv in effects], [(b"alice", b"1-1"), (b"bob", b"2-1")])

    def test_refusals(self) -> None:
        """Numbers and options first, then the group."""
        for words, error in (
            ("s x bob a 0", b"ERR Invalid min-idle-time argument for XAUTOCLAIM"),
            ("s x bob 0 a", BAD_ID),
            ("s x bob 0 0 COUNT 0", b"ERR COUNT must be > 0"),
            ("s x bob 0 0 COUNT a", b"ERR COUNT must be > 0"),
            ("s x bob 0 0 COUNT", SYNTAX),
            ("s x bob 0 0 FORCE", SYNTAX),
            ("s x bob 0 0", NO_GROUP),
            ("str g bob 0 0", WRONG_TYPE),
            (
                "s g bob 0 0 COUNT 576460752303423487",
                b"ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
            ),
        ):
            self.assertEqual(self.error("XAUTOCLAIM", *words.split()), error)
