"""Tests of reading the commands of an append-only file."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.aof_reader import (
    PORTION_BYTES,
    AofError,
    AofReader,
    CorruptAof,
    Request,
    TruncatedAof,
)
from pyredis.wire.request_encoder import encode_request

SET = encode_request([b"SET", b"foo", b"hello"])
MULTI = encode_request([b"multi"])
EXEC = encode_request([b"EXEC"])

REQUESTS = st.lists(st.lists(st.binary(max_size=30), min_size=1, max_size=5), max_size=8)


def read(
    data: bytes, reader: AofReader | None = None, *, portions: Iterable[int] = ()
) -> list[Request]:
    """Return the commands of a file that is fed in portions of these sizes, the rest at once."""
    reader = reader or AofReader()
    found: list[Request] = []
    for size in portions:
        found += reader.feed(data[:size])
        data = data[size:]
    found += reader.feed(data)
    found += reader.finish()
    return found


class ReaderTests(SynchronousTestCase):
    """What is read of a file that is right."""

    @given(REQUESTS, st.lists(st.integers(1, 20), max_size=40))
    def test_commands_come_back_whatever_the_portions(
        self, requests: list[Request], portions: list[int]
    ) -> None:
        """A command may be cut anywhere."""
        data = b"".join(map(encode_request, requests))
        reader = AofReader(100)
        self.assertEqual(read(data, reader, portions=portions), requests)
        self.assertEqual(reader.offset, 100 + len(data))

    def test_a_long_word_in_small_portions(self) -> None:
        """It is put together once, not at each portion."""
        value = b"x" * (3 * PORTION_BYTES)
        data = encode_request([b"SET", b"k", value])
        self.assertEqual(read(data, portions=[1000] * 190), [[b"SET", b"k", value]])

    def test_annotations_are_no_commands(self) -> None:
        """The time is noted; what else is said is passed over."""
        reader = AofReader()
        data = b"#TS:1628217470\r\n" + SET + b"# anything\n#TS:x\r\n" + SET
        for cut in range(len(data)):
            reader = AofReader()
            self.assertEqual(len(read(data, reader, portions=[cut])), 2)
            self.assertEqual((reader.timestamp, reader.offset), (1628217470, len(data)))

    def test_lines_may_end_without_a_carriage_return(self) -> None:
        """As Redis reads them."""
        self.assertEqual(read(b"*2\n$3\nGET\r\n$1\nk\r\n"), [[b"GET", b"k"]])

    def test_transactions(self) -> None:
        """While one is open the file is whole up to its MULTI."""
        reader = AofReader()
        list(reader.feed(SET + MULTI + SET))
        self.assertTrue(reader.in_transaction)
        self.assertEqual(reader.whole_offset, len(SET))
        list(reader.feed(EXEC))
        self.assertFalse(reader.in_transaction)
        self.assertEqual(reader.whole_offset, len(SET + MULTI + SET + EXEC))

    def test_nothing(self) -> None:
        """An empty file holds no commands, and is right."""
        self.assertEqual(read(b""), [])


class DamageTests(SynchronousTestCase):
    """What ends too early is told from what is wrong."""

    def test_cut_anywhere(self) -> None:
        """A file that was cut off is whole up to its last complete command."""
        data = b"#TS:1628217470\r\n" + SET + SET
        for cut in range(len(data)):
            reader = AofReader()
            whole = max(end for end in (0, 16, 16 + len(SET)) if end <= cut)
            if cut == whole:
                read(data[:cut], reader)
            else:
                self.assertRaises(TruncatedAof, read, data[:cut], reader)
            self.assertEqual(reader.whole_offset, whole)

    def test_cut_in_a_transaction(self) -> None:
        """Of a transaction all is kept or nothing, however complete its commands are."""
        data = SET + MULTI + SET + SET + EXEC
        for cut in range(len(SET) + 1, len(data)):
            reader = AofReader()
            self.assertRaises(TruncatedAof, read, data[:cut], reader)
            self.assertEqual(reader.whole_offset, len(SET))

    def test_garbage_is_not_a_cut(self) -> None:
        """What can be no command is refused, and where is told."""
        for wrong in (
            b"!!!",
            b"\0" * 40,
            b"*0\r\n",
            b"*-1\r\n",
            b"*x\r\n",
            b"*1x",
            b"*" + b"1" * 40,
            b"*" + b"1" * 20 + b"\r\n",
            b"*1\r\n*1\r\n",
            b"*1\r\n$x\r\n",
            b"*1\r\n$-1\r\n",
            b"*1\r\n$3\r\nGETxx",
            b"*1\r\n$3\r\nGET\rx",
            b"*1\r\n$536870913\r\n",
            b"#" + b"x" * 2000,
            b"PING\r\n",
        ):
            for cut in (len(SET), len(SET) + 2):
                reader = AofReader()
                self.assertRaises(CorruptAof, read, SET + wrong, reader, portions=[cut])
                self.assertEqual(reader.offset, len(SET), wrong)

    def test_a_claim_costs_no_memory(self) -> None:
        """However many words or bytes are announced, only what comes is kept."""
        for claim in (b"*999999999999\r\n", b"*1\r\n$536870912\r\n"):
            reader = AofReader()
            self.assertRaises(TruncatedAof, read, SET + claim + b"$1", reader)
            self.assertEqual(reader.whole_offset, len(SET))

    @given(st.binary(max_size=60), st.integers(0, 60))
    def test_any_bytes_are_read_or_refused(self, data: bytes, cut: int) -> None:
        """Nothing but an AofError comes of bytes that mean nothing, and cuts change nothing."""
        outcomes = []
        for portions in ((), (cut,)):
            reader = AofReader()
            try:
                found: object = read(b"*1\r\n" + data, reader, portions=portions)
            except AofError as error:
                found = type(error)
            outcomes.append((found, reader.whole_offset))
        self.assertEqual(outcomes[0], outcomes[1])
