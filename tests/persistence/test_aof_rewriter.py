"""Tests of writing data as commands."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.streams import StreamValue
from pyredis.persistence.aof_reader import AofReader, Request
from pyredis.persistence.aof_rewriter import commands_of, timestamp_annotation, write_commands
from pyredis.persistence.rdb_reader import Record
from tests.commands.session import Session
from tests.persistence.contents import plain
from tests.persistence.test_rdb_value_writer import STRINGS, VALUES

LIMITS = EncodingLimits()
FUTURE_MS = 1 << 42


def commands(records: list[Record], **options: Any) -> list[Request]:
    """Return the commands of a base file."""
    reader = AofReader()
    found = list(reader.feed(b"".join(write_commands(records, **options))))
    return found + list(reader.finish())


def replayed(records: list[Record]) -> Session:
    """Return a server that ran the commands of a base file."""
    session = Session()
    for argv in commands(records):
        session.do(*argv)
    return session


def record(value: Any, deadline_ms: int | None = None) -> Record:
    """Return a key of database 0."""
    return (0, b"key", value, deadline_ms, None, None)


class RewriterTests(SynchronousTestCase):
    """What is written makes the same data."""

    @settings(max_examples=60)
    @given(st.dictionaries(STRINGS, VALUES, max_size=4), st.integers(0, 15))
    def test_any_values(self, values: dict[bytes, Any], number: int) -> None:
        """Of any type, in any database."""
        values = {key: value for key, value in values.items() if not _is_beyond_commands(value)}
        session = replayed(
            [(number, key, value, None, None, None) for key, value in values.items()]
        )
        found = session.server.keyspace.databases[number].values
        self.assertEqual(
            {key: _settled(value) for key, value in found.items()},
            {key: _settled(value) for key, value in values.items()},
        )

    def test_large_values_take_several_commands(self) -> None:
        """Sixty-four items each."""
        items = [b"%d" % number for number in range(130)]
        found = commands([record(ListValue.of(items, LIMITS))])[1:]
        self.assertEqual([len(argv) - 2 for argv in found], [64, 64, 2])
        self.assertEqual([word for argv in found for word in argv[2:]], items)
        scores = SortedSetValue.of({item: float(item) for item in items}, LIMITS)
        found = commands([record(scores)])[1:]
        self.assertEqual([len(argv) - 2 for argv in found], [128, 128, 4])

    def test_deadlines(self) -> None:
        """Of a key and of the fields of a hash, those of one moment in one command."""
        value = HashValue()
        for field in (b"a", b"b", b"c", b"d"):
            value.set(field, b"1", LIMITS)
        for field, deadline_ms in ((b"a", FUTURE_MS), (b"c", 7 * FUTURE_MS), (b"d", FUTURE_MS)):
            value.set_deadline(field, deadline_ms)
        found = commands([record(value, FUTURE_MS)])
        self.assertEqual(
            found[2:],
            [
                [b"HPEXPIREAT", b"key", b"%d" % FUTURE_MS, b"FIELDS", b"2", b"a", b"d"],
                [b"HPEXPIREAT", b"key", b"%d" % (7 * FUTURE_MS), b"FIELDS", b"1", b"c"],
                [b"PEXPIREAT", b"key", b"%d" % FUTURE_MS],
            ],
        )
        session = replayed([record(value, FUTURE_MS)])
        self.assertEqual(session.db.deadline_of(b"key"), FUTURE_MS)
        self.assertEqual(plain(session.db.values[b"key"]), plain(value))

    def test_streams(self) -> None:
        """Entries, what was deleted, groups, consumers with and without pending entries."""
        session = Session()
        for number in range(1, 1000):
            session.do("XADD", "key", f"{number}-1", "f", number)
        for line in (
            "XDEL key 3-1 999-1",
            "XGROUP CREATE key g 0 ENTRIESREAD 0",
            "XREADGROUP GROUP g alice COUNT 2 STREAMS key >",
            "XREADGROUP GROUP g bob COUNT 1 STREAMS key >",
            "XGROUP CREATECONSUMER key g carol",
            "XGROUP CREATE key empty $",
        ):
            session.do(*line.split())
        value = session.db.values[b"key"]
        twin = replayed([record(value)]).db.values[b"key"]
        self.assertEqual(_settled(twin), _settled(value))

    def test_an_empty_stream(self) -> None:
        """It exists, and remembers its last ID."""
        session = Session()
        session.do("XADD", "key", "5-1", "a", "b")
        session.do("XDEL", "key", "5-1")
        value = session.db.values[b"key"]
        self.assertEqual(plain(replayed([record(value)]).db.values[b"key"]), plain(value))

    def test_what_stands_before_the_keys(self) -> None:
        """The time, then the functions, then each database."""
        data = b"".join(
            write_commands(
                [(0, b"a", 5, None, None, None), (3, b"b", b"x", None, None, None)],
                functions=[b"#!lua name=l"],
                timestamp=1628217470,
            )
        )
        self.assertTrue(data.startswith(timestamp_annotation(1628217470)))
        self.assertEqual(
            list(AofReader().feed(data)),
            [
                [b"FUNCTION", b"LOAD", b"#!lua name=l"],
                [b"SELECT", b"0"],
                [b"SET", b"a", b"5"],
                [b"SELECT", b"3"],
                [b"SET", b"b", b"x"],
            ],
        )

    def test_it_is_made_as_it_is_asked_for(self) -> None:
        """A large value comes in several portions."""
        items = [b"x" * 1000 for _ in range(1000)]
        portions = list(write_commands([record(ListValue.of(items, LIMITS))]))
        self.assertGreater(len(portions), 5)
        self.assertLess(max(map(len, portions)), 200_000)

    def test_a_string_in_any_form(self) -> None:
        """Bytes, a number, a buffer."""
        for value in (b"5", 5, bytearray(b"5")):
            self.assertEqual(list(commands_of(b"k", value)), [(b"SET", b"k", b"5")])


def _is_beyond_commands(value: Any) -> bool:
    """Tell whether a value is one that a file can hold but commands cannot make."""
    if isinstance(value, StreamValue):
        return True  # tried by themselves: the IDs of random ones do not fit together
    return isinstance(value, HashValue) and bool(value.deadlines)


def _settled(value: Any) -> Any:
    """Return a value as plain objects, but for when consumers were last seen."""
    found = plain(value)
    if isinstance(value, StreamValue):
        for group in found["groups"].values():
            group["consumers"] = {
                name: pending for name, (_, _, pending) in group["consumers"].items()
            }
    return found
