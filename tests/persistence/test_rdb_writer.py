"""Tests of writing whole files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.sets import SetValue
from pyredis.persistence.rdb_reader import RdbReader, Record
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from tests.persistence.contents import plain
from tests.persistence.test_rdb_reader import all_of
from tests.persistence.test_rdb_value_writer import STRINGS, VALUES

LIMITS = EncodingLimits()
OPTIONAL = st.one_of(st.none(), st.integers(0, 1 << 40))
RECORDS = st.lists(
    st.tuples(STRINGS, VALUES, OPTIONAL, OPTIONAL, st.one_of(st.none(), st.integers(0, 255))),
    max_size=8,
)


def file_of(records: list[Record], version: int = 11, **options: Any) -> bytes:
    """Return a file."""
    return b"".join(write_rdb(records, ValueWriter(version), **options))


class WriterTests(SynchronousTestCase):
    """What is written is read."""

    @given(RECORDS, RECORDS, st.sampled_from((9, 10, 11)))
    def test_records_come_back(self, first: list[Any], second: list[Any], version: int) -> None:
        """Of several databases, with all that is said of them."""
        records: list[Record] = [(0, *record) for record in first]
        records += [(300, *record) for record in second]
        found = all_of(file_of(records, version))
        self.assertEqual(
            [(db, key, plain(value), *rest) for db, key, value, *rest in found],
            [(db, key, plain(value), *rest) for db, key, value, *rest in records],
        )

    def test_a_file_is_that_of_redis(self) -> None:
        """Byte by byte: its header, what it says of itself, a database, a key, the end."""
        data = file_of(
            [(0, b"key", b"value", None, None, None)],
            sizes={0: (1, 0)},
            aux=[(b"redis-ver", b"7.2.6"), (b"redis-bits", b"64")],
        )
        self.assertEqual(
            data.hex(),
            "524544495330303131fa0972656469732d76657205372e322e36fa0a72656469732d62697473c040"
            "fe00fb010000036b65790576616c7565ff" + data[-8:].hex(),
        )

    def test_what_stands_beside_the_keys(self) -> None:
        """AUX fields, sizes, functions; these not for Redis 6."""
        options: dict[str, Any] = {
            "sizes": {1: (70000, 1)},
            "aux": [(b"name", b"value")],
            "functions": [b"#!lua"],
        }
        for version, functions in ((11, [b"#!lua"]), (10, [b"#!lua"]), (9, [])):
            reader = RdbReader(LIMITS)
            all_of(file_of([(1, b"k", 5, None, None, None)], version, **options), reader=reader)
            self.assertEqual(reader.version, version)
            self.assertEqual(reader.sizes, {1: (70000, 1)})
            self.assertEqual(reader.aux, {b"name": b"value"})
            self.assertEqual(reader.functions, functions)

    def test_it_is_made_as_it_is_asked_for(self) -> None:
        """Records are taken a few at a time, and no portion is large."""
        taken = 0

        def records() -> Iterator[Record]:
            nonlocal taken
            for number in range(10_000):
                taken += 1
                yield 0, b"key:%d" % number, b"x" * 100, None, None, None

        portions = write_rdb(records(), ValueWriter())
        next(portions)
        self.assertLess(taken, 1000)
        self.assertLess(max(map(len, portions)), 1 << 17)
        self.assertEqual(taken, 10_000)

    def test_a_large_value_is_made_of_portions(self) -> None:
        """So that a server can do something else in between."""
        value = SetValue.of([b"member:%d" % number for number in range(80_000)], LIMITS)
        records: list[Record] = [(0, b"key", value, None, None, None)]
        portions = list(write_rdb(records, ValueWriter()))
        self.assertGreater(len(portions), 10)
        self.assertEqual(plain(all_of(b"".join(portions))[0][2]), sorted(value))

    def test_the_checksum_can_be_left_out(self) -> None:
        """Then it is zero, which no reader minds."""
        data = file_of([(0, b"k", b"v", None, None, None)], checking=False)
        self.assertEqual(data[-8:], bytes(8))
        self.assertEqual(len(all_of(data)), 1)
