"""Tests of pyredis.commands.stream_reading."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import LATER, NULL_ARRAY
from tests.commands.session import START_S, Session

SYNTAX = b"ERR syntax error"
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
BAD_ID = b"ERR Invalid stream ID specified as stream command argument"
NO_GROUP = b"NOGROUP No such key 's' or consumer group 'x' in XREADGROUP with GROUP option"
NOW = START_S * 1000


class ReadingCase(SynchronousTestCase):
    """A server in memory with a stream and a group."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.add("s", "1-1", "2-1")
        self.do("XGROUP", "CREATE", "s", "g", "0")

    def add(self, key: str, *ids: str) -> None:
        """Add entries."""
        for text in ids:
            self.do("XADD", key, text, "f", "v")

    def waiting(self, *words: str | int) -> Session:
        """Return a client that waits for a command's answer."""
        client = self.session.another()
        self.assertIs(client.do(*words), LATER)
        return client

    @staticmethod
    def entries(*ids: str) -> list[Any]:
        """Return the replies of some entries."""
        return [[text.encode(), [b"f", b"v"]] for text in ids]


class ReadTests(ReadingCase):
    """XREAD without waiting."""

    def test_what_came_after(self) -> None:
        """Of each stream that has something, in the order asked for."""
        self.add("t", "5-5")
        self.assertEqual(
            self.do("XREAD", "STREAMS", "t", "none", "s", "0", "0", "1-1"),
            [[b"t", self.entries("5-5")], [b"s", self.entries("2-1")]],
        )
        self.assertEqual(
            self.do("XREAD", "COUNT", 1, "STREAMS", "s", "0"), [[b"s", self.entries("1-1")]]
        )
        self.assertIs(self.do("XREAD", "STREAMS", "s", "2-1"), NULL_ARRAY)
        self.assertIs(self.do("XREAD", "STREAMS", "s", "$"), NULL_ARRAY)

    def test_a_map_in_resp3(self) -> None:
        """Streams by their keys, a key asked for twice is there twice."""
        found = self.do("XREAD", "STREAMS", "s", "s", "1-1", "1-1")

        row = b"$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
        self.assertEqual(encoded(found, 3), b"%2\r\n" + row + row)

    def test_deleted_entries_are_no_news(self) -> None:
        """The last entry there is counts, not the last one there was."""
        self.do("XDEL", "s", "2-1")
        self.assertIs(self.do("XREAD", "STREAMS", "s", "1-1"), NULL_ARRAY)

    def test_refusals(self) -> None:
        """Options first, then keys and IDs in turn."""
        self.do("SET", "str", "x")
        for words, error in (
            ("COUNT x STREAMS s 0", b"ERR value is not an integer or out of range"),
            ("BLOCK x STREAMS s 0", b"ERR timeout is not an integer or out of range"),
            ("BLOCK -1 STREAMS s 0", b"ERR timeout is negative"),
            ("BLOCK 9223372036854775807 STREAMS s 0", b"ERR timeout is out of range"),
            ("COUNT 1 s 0", SYNTAX),
            ("COUNT 1 STREAMS", SYNTAX),
            ("STREAMS str 0", WRONG_TYPE),
            ("STREAMS s x", BAD_ID),
            (
                "GROUP g c STREAMS s 0",
                b"ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
            ),
            (
                "NOACK STREAMS s 0",
                b"ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
            ),
            (
                "STREAMS s 0 t",
                b"ERR Unbalanced 'xread' list of streams: "
                b"for each stream key an ID or '$' must be specified.",
            ),
            (
                "STREAMS s >",
                b"ERR The > ID can be specified only when calling XREADGROUP "
                b"using the GROUP <group> <consumer> option.",
            ),
        ):
            self.assertEqual(self.error("XREAD", *words.split()), error)


class BlockingReadTests(ReadingCase):
    """XREAD BLOCK."""

    def test_there_may_be_nothing_to_wait_for(self) -> None:
        """What is there is served at once."""
        self.assertEqual(
            self.do("XREAD", "BLOCK", 0, "STREAMS", "s", "1-1"), [[b"s", self.entries("2-1")]]
        )

    def test_dollar_is_what_it_was(self) -> None:
        """Entries added after the request are served, each to all who wait."""
        first = self.waiting("XREAD", "BLOCK", 0, "STREAMS", "none", "s", "$", "$")
        second = self.waiting("XREAD", "BLOCK", 0, "STREAMS", "s", "2-1")
        later = self.waiting("XREAD", "BLOCK", 0, "STREAMS", "s", "3-1")
        self.add("s", "3-1")
        for client in (first, second):
            self.assertEqual(client.written, [[[b"s", self.entries("3-1")]]])
            self.assertFalse(client.waits)
        self.assertTrue(later.waits)
        self.add("s", "4-1")
        self.assertEqual(later.written, [[[b"s", self.entries("4-1")]]])

    def test_all_entries_of_a_transaction(self) -> None:
        """The client is served when EXEC is over."""
        client = self.waiting("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
        self.do("MULTI")
        self.add("s", "3-1", "3-2")
        self.do("EXEC")
        self.assertEqual(client.written, [[[b"s", self.entries("3-1", "3-2")]]])

    def test_time_runs_out(self) -> None:
        """Then the answer is the null array."""
        client = self.waiting("XREAD", "BLOCK", 1500, "STREAMS", "s", "$")
        self.session.clock.advance(1.4)
        self.assertTrue(client.waits)
        self.session.clock.advance(0.2)
        self.assertEqual(client.written, [None])

    def test_nobody_waits_inside_a_transaction(self) -> None:
        """It is as if time had run out."""
        self.do("MULTI")
        self.do("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
        self.assertEqual(self.do("EXEC"), [NULL_ARRAY])

    def test_a_key_of_another_type_does_not_wake(self) -> None:
        """The client goes on waiting for a stream."""
        client = self.waiting("XREAD", "BLOCK", 0, "STREAMS", "n", "$")
        self.do("SET", "n", "x")
        self.assertTrue(client.waits)
        self.session.db.delete(b"n")
        self.add("n", "1-1")
        self.assertEqual(client.written, [[[b"n", self.entries("1-1")]]])


class GroupReadTests(ReadingCase):
    """XREADGROUP without waiting."""

    def read(self, *words: str | int) -> Any:
        """Read for a consumer of the group."""
        return self.do("XREADGROUP", "GROUP", "g", "alice", *words)

    def test_new_entries(self) -> None:
        """Each goes to one consumer, for whom it is pending."""
        self.assertEqual(self.read("COUNT", 1, "STREAMS", "s", ">"), [[b"s", self.entries("1-1")]])
        self.assertEqual(
            self.do("XREADGROUP", "GROUP", "g", "bob", "STREAMS", "s", ">"),
            [[b"s", self.entries("2-1")]],
        )
        self.assertIs(self.read("STREAMS", "s", ">"), NULL_ARRAY)
        self.assertEqual(self.do("XPENDING", "s", "g")[0], 2)

    def test_history(self) -> None:
        """What is pending for the consumer, deleted entries without their content."""
        self.read("STREAMS", "s", ">")
        self.do("XDEL", "s", "1-1")
        self.assertEqual(
            self.read("STREAMS", "s", "0"),
            [[b"s", [[b"1-1", NULL_ARRAY], *self.entries("2-1")]]],
        )
        self.assertEqual(self.read("STREAMS", "s", "2-1"), [[b"s", []]])
        self.assertEqual(self.do("XPENDING", "s", "g", "-", "+", 9)[1][3], 2)

    def test_without_acknowledgement(self) -> None:
        """NOACK leaves nothing pending."""
        self.read("NOACK", "STREAMS", "s", ">")
        self.assertEqual(self.do("XPENDING", "s", "g")[0], 0)

    def test_asking_is_being_seen(self) -> None:
        """A consumer is made by asking, and active by getting something."""
        self.read("STREAMS", "s", ">")
        self.session.clock.advance(5)
        self.read("STREAMS", "s", ">")
        consumer = self.do("XINFO", "CONSUMERS", "s", "g")[0]
        self.assertEqual((consumer[b"idle"], consumer[b"inactive"]), (0, 5000))

    def test_events_and_changes(self) -> None:
        """Only a new consumer has an event, and no entry counts for WATCH."""
        self.do("WATCH", "s")
        self.assertEqual(
            self.session.another().events("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"),
            [(b"xgroup-createconsumer", b"s")],
        )
        self.do("MULTI")
        self.do("XLEN", "s")
        self.assertEqual(self.do("EXEC"), [2])

    def test_what_is_repeated_elsewhere(self) -> None:
        """Each entry is claimed; without acknowledgement the group is moved."""
        words = ("XREADGROUP", "GROUP", "g", "c", "COUNT", "1")
        claim = b"XCLAIM s g c 0 1-1 TIME %d RETRYCOUNT 1 FORCE JUSTID LASTID 1-1" % NOW
        self.assertEqual(self.session.effects(*words, "STREAMS", "s", ">"), [tuple(claim.split())])
        self.assertEqual(
            self.session.effects("XREADGROUP", "GROUP", "g", "d", "NOACK", "STREAMS", "s", ">"),
            [
                (b"XGROUP", b"CREATECONSUMER", b"s", b"g", b"d"),
                (b"XGROUP", b"SETID", b"s", b"g", b"2-1", b"ENTRIESREAD", b"2"),
            ],
        )
        self.assertEqual(self.session.effects(*words, "STREAMS", "s", "0"), [])

    def test_refusals(self) -> None:
        """A group there is not, IDs that mean nothing here, options that are missing."""
        self.assertEqual(self.error("XREADGROUP", "GROUP", "x", "c", "STREAMS", "s", ">"), NO_GROUP)
        self.assertTrue(
            self.error("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", "$").startswith(
                b"ERR The $ ID is meaningless in the context of XREADGROUP: "
            )
        )
        self.assertEqual(
            self.error("XREADGROUP", "COUNT", 1, "NOACK", "STREAMS", "s", ">"),
            b"ERR Missing GROUP option for XREADGROUP",
        )
        self.assertEqual(self.error("XREADGROUP", "GROUP", "g", "STREAMS", "s", ">", ">"), SYNTAX)


class BlockingGroupReadTests(ReadingCase):
    """XREADGROUP BLOCK."""

    def setUp(self) -> None:
        """Let the group have read all."""
        super().setUp()
        self.do("XGROUP", "SETID", "s", "g", "$")

    def test_one_of_those_who_wait_is_served(self) -> None:
        """The first one; the others wait on."""
        words = ("BLOCK", 0, "STREAMS", "s", ">")
        first = self.waiting("XREADGROUP", "GROUP", "g", "alice", *words)
        second = self.waiting("XREADGROUP", "GROUP", "g", "bob", *words)
        self.add("s", "3-1")
        self.assertEqual(first.written, [[[b"s", self.entries("3-1")]]])
        self.assertTrue(second.waits)
        self.add("s", "4-1")
        self.assertEqual(second.written, [[[b"s", self.entries("4-1")]]])

    def test_history_is_never_waited_for(self) -> None:
        """It is served even when it is empty."""
        self.assertEqual(
            self.do("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", "0"),
            [[b"s", []]],
        )

    def test_the_group_may_go(self) -> None:
        """Destroyed, or with its stream for a value of another type."""
        for change, error in (
            (("XGROUP", "DESTROY", "s", "x"), NO_GROUP),
            (("SET", "s", "v"), WRONG_TYPE),
        ):
            self.do("XGROUP", "CREATE", "s", "x", "$")
            client = self.waiting("XREADGROUP", "GROUP", "x", "c", "BLOCK", 0, "STREAMS", "s", ">")
            self.do(*change)
            reply = client.written[0]
            self.assertIsInstance(reply, RedisError)
            self.assertEqual(reply.text, error)
