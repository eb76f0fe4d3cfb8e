"""Tests of pyredis.commands.stream_info."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import START_S, Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOW = START_S * 1000


class InfoTests(SynchronousTestCase):
    """XINFO."""

    def setUp(self) -> None:
        """Make a stream of three nodes and two groups, one of which read something."""
        self.session = Session(stream_node_max_entries=5)
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "str", "x")
        for number in range(1, 13):
            self.do("XADD", "s", f"{number}-1", "f", number)
        self.do("XGROUP", "CREATE", "s", "g", "0")
        self.do("XGROUP", "CREATE", "s", "a", "5-1")
        self.do("XREADGROUP", "GROUP", "g", "bob", "COUNT", 11, "STREAMS", "s", ">")
        self.do("XGROUP", "CREATECONSUMER", "s", "g", "alice")
        self.session.clock.advance(2)

    def test_streams(self) -> None:
        """Counters, edges, and the tree Redis would have."""
        self.do("XDEL", "s", "1-1", "12-1")
        self.assertEqual(
            self.do("XINFO", "STREAM", "s"),
            {
                b"length": 10,
                b"radix-tree-keys": 3,
                b"radix-tree-nodes": 8,
                b"last-generated-id": b"12-1",
                b"max-deleted-entry-id": b"12-1",
                b"entries-added": 12,
                b"recorded-first-entry-id": b"2-1",
                b"groups": 2,
                b"first-entry": [b"2-1", [b"f", b"2"]],
                b"last-entry": [b"11-1", [b"f", b"11"]],
            },
        )

    def test_an_empty_stream(self) -> None:
        """It has no edges."""
        self.do("XTRIM", "s", "MAXLEN", 0)
        info = self.do("XINFO", "STREAM", "s")
        self.assertEqual((info[b"first-entry"], info[b"last-entry"]), (None, None))
        self.assertEqual((info[b"radix-tree-keys"], info[b"radix-tree-nodes"]), (0, 1))

    def test_streams_in_full(self) -> None:
        """Entries and all that is known of the groups, ten of everything unless told."""
        info = self.do("XINFO", "STREAM", "s", "FULL", "COUNT", 1)
        self.assertEqual(info[b"entries"], [[b"1-1", [b"f", b"1"]]])
        self.assertEqual([group[b"name"] for group in info[b"groups"]], [b"a", b"g"])
        self.assertEqual(
            info[b"groups"][1],
            {
                b"name": b"g",
                b"last-delivered-id": b"11-1",
                b"entries-read": 11,
                b"lag": 1,
                b"pel-count": 11,
                b"pending": [[b"1-1", b"bob", NOW, 1]],
                b"consumers": [
                    {
                        b"name": b"alice",
                        b"seen-time": NOW,
                        b"active-time": -1,
                        b"pel-count": 0,
                        b"pending": [],
                    },
                    {
                        b"name": b"bob",
                        b"seen-time": NOW,
                        b"active-time": NOW,
                        b"pel-count": 11,
                        b"pending": [[b"1-1", NOW, 1]],
                    },
                ],
            },
        )
        for words, entries, pending in (
            (("FULL",), 10, 10),
            (("full", "count", 0), 12, 11),
            (("FULL", "COUNT", -1), 10, 10),
        ):
            info = self.do("XINFO", "STREAM", "s", *words)
            self.assertEqual(len(info[b"entries"]), entries)
            self.assertEqual(len(info[b"groups"][1][b"pending"]), pending)

    def test_groups(self) -> None:
        """In the order of their names; what nobody can say is null."""
        self.assertEqual(
            self.do("XINFO", "GROUPS", "s"),
            [
                {
                    b"name": b"a",
                    b"consumers": 0,
                    b"pending": 0,
                    b"last-delivered-id": b"5-1",
                    b"entries-read": None,
                    b"lag": None,
                },
                {
                    b"name": b"g",
                    b"consumers": 2,
                    b"pending": 11,
                    b"last-delivered-id": b"11-1",
                    b"entries-read": 11,
                    b"lag": 1,
                },
            ],
        )

    def test_consumers(self) -> None:
        """Since when they asked for nothing, and got nothing."""
        self.assertEqual(
            self.do("XINFO", "CONSUMERS", "s", "g"),
            [
                {b"name": b"alice", b"pending": 0, b"idle": 2000, b"inactive": -1},
                {b"name": b"bob", b"pending": 11, b"idle": 2000, b"inactive": 2000},
            ],
        )

    def test_refusals(self) -> None:
        """The key first, then what is asked about it."""
        for words, error in (
            ("STREAM none x", b"ERR no such key"),
            ("GROUPS none", b"ERR no such key"),
            ("CONSUMERS none g", b"ERR no such key"),
            ("STREAM str", WRONG_TYPE),
            ("CONSUMERS s x", b"NOGROUP No such consumer group 'x' for key name 's'"),
            ("STREAM s FULL COUNT x", b"ERR value is not an integer or out of range"),
        ):
            self.assertEqual(self.error("XINFO", *words.split()), error)
        for words in ("x", "FULL COUNT", "FULL x 1", "x COUNT 1", "FULL COUNT 1 2"):
            self.assertEqual(
                self.error("XINFO", "STREAM", "s", *words.split()),
                b"ERR unknown subcommand or wrong number of arguments for 'STREAM'. "
                b"Try XINFO HELP.",
            )
