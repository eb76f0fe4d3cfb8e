"""Tests of reading whole files."""

from __future__ import annotations

from random import Random
from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence.rdb_format import (
    CorruptRdb,
    TruncatedRdb,
    UnsupportedRdb,
    encode_length,
)
from pyredis.persistence.rdb_reader import RdbReader, Record
from pyredis.primitives.checksums import crc64
from tests.persistence.contents import plain
from tests.persistence.payloads import PAYLOADS
from tests.persistence.test_rdb_modules import number_of

LIMITS = EncodingLimits()
MODULE = encode_length(number_of("ReJSON-RL"))


def sealed(body: bytes, version: int = 11) -> bytes:
    """Return a file with a header, an end and a right checksum."""
    data = b"REDIS%04d" % version + body + b"\xff"
    return data + pack("<Q", crc64(data)) if version >= 5 else data


def example() -> bytes:
    """Return a file with every type, and everything else that may stand in one."""
    parts = [b"\xfa\x09redis-ver\x057.2.6\xfa\x05ctime\xc2\x01\x02\x03\x04"]
    parts.append(b"\xf5\x0d#!lua name=l\n\xfe\x00\xfb\x40\x64\x01\xfc" + pack("<q", 1 << 40))
    parts += [
        payload.data[:1]
        + encode_length(7 + number // 10)
        + b"key%04d" % number
        + b"x" * (number // 10)
        + payload.data[1:-10]
        for number, payload in enumerate(PAYLOADS)
    ]
    parts.append(b"\xfe\x09\xf8\x80\x00\x01\x00\x00\x00\x01k\x01v\xf9\x07\x00\x40\x50" + b"l" * 80)
    parts.append(b"\xc0\x07\xfd\x00\x00\x00\x10\xf9\xff\x00\x01e\x40\x50" + b"w" * 80)
    return sealed(b"".join(parts))


def all_of(data: bytes, portion: int = 1 << 20, reader: RdbReader | None = None) -> list[Record]:
    """Read a whole file."""
    reader = reader or RdbReader(LIMITS)
    records: list[Record] = []
    for start in range(0, len(data), portion):
        records += reader.feed(data[start : start + portion])
    records += reader.finish()
    return records


class ReadingTests(SynchronousTestCase):
    """A file gives records."""

    def test_records_and_all_that_stands_beside(self) -> None:
        """Keys, databases, deadlines, uses; AUX fields, functions, sizes."""
        reader = RdbReader(LIMITS)
        records = all_of(example(), reader=reader)
        self.assertEqual(
            [plain(value) for _, _, value, *_ in records[: len(PAYLOADS)]],
            [payload.contents for payload in PAYLOADS],
        )
        self.assertEqual(records[0], (0, b"key0000", -128, 1 << 40, None, None))
        self.assertEqual(records[1][3:], (None, None, None))
        self.assertEqual(
            records[-3:],
            [
                (9, b"k", b"v", None, 65536, None),
                (9, b"l" * 80, 7, None, None, 7),
                (9, b"e", b"w" * 80, 0x10000000 * 1000, None, 255),
            ],
        )
        self.assertEqual(reader.aux, {b"redis-ver": b"7.2.6", b"ctime": b"67305985"})
        self.assertEqual(reader.functions, [b"#!lua name=l\n"])
        self.assertEqual((reader.sizes, reader.version), ({0: (100, 1)}, 11))
        self.assertTrue(reader.finished)
        self.assertEqual(reader.bytes_read, len(example()))

    def test_it_does_not_matter_where_the_portions_end(self) -> None:
        """From one byte on, with and without the size being known."""
        data = example()
        expected = [(key, plain(value), *rest) for _, key, value, *rest in all_of(data)]
        for portion in (1, 2, 3, 7, 50, 1000, len(data) - 1):
            for total in (None, len(data)):
                reader = RdbReader(LIMITS, total_bytes=total)
                found = all_of(data, portion, reader)
                self.assertEqual([(k, plain(v), *rest) for _, k, v, *rest in found], expected)
                self.assertEqual(reader.bytes_read, len(data))

    def test_a_long_value_is_not_read_over_and_over(self) -> None:
        """Only when there is twice as much as the last time."""
        members = b"".join(b"\x08%08d" % number for number in range(40000))
        data = sealed(b"\x02\x01k" + encode_length(40000) + members)
        reader = RdbReader(LIMITS)
        tries = 0
        for start in range(0, len(data), 500):
            waiting = reader._wanted_bytes
            list(reader.feed(data[start : start + 500]))
            tries += reader._wanted_bytes != waiting
        list(reader.finish())
        self.assertLess(tries, 20)

    def test_what_is_behind_the_end_is_kept(self) -> None:
        """An append-only file may begin with a snapshot."""
        reader = RdbReader(LIMITS)
        self.assertEqual(len(all_of(sealed(b"\0\1a\1b") + b"*1\r\n", 5, reader)), 1)
        list(reader.feed(b"$4\r\n"))
        self.assertEqual(reader.rest, b"*1\r\n$4\r\n")
        self.assertEqual(reader.bytes_read, len(sealed(b"\0\1a\1b")))

    def test_old_versions_have_no_checksum(self) -> None:
        """Before version 5."""
        for version in (1, 2, 3, 4):
            reader = RdbReader(LIMITS)
            records = all_of(sealed(b"\0\1a\1b", version) + b"tail", reader=reader)
            self.assertEqual((len(records), reader.rest), (1, b"tail"))

    def test_collections_of_nothing_are_passed_over(self) -> None:
        """With whatever was said of them; they are counted and named."""
        data = b"\xfc" + pack("<q", 5) + b"\x02\x01s\x00" + b"\0\1a\1b" + b"\x04\x01h\x00"
        reader = RdbReader(LIMITS)
        records = all_of(sealed(data), reader=reader)
        self.assertEqual(records, [(0, b"a", b"b", None, None, None)])
        self.assertEqual((reader.empty_keys, reader.empty_key_names), (2, [b"s", b"h"]))


class ModuleTests(SynchronousTestCase):
    """Data of modules is refused, or passed over and told of."""

    DATA = sealed(
        b"\xf7" + MODULE + b"\x02\x02\x05\x03abc\x00"
        b"\x07\x01m" + MODULE + b"\x01\x05\x00" + b"\0\1a\1b"
    )

    def test_it_is_refused_by_name(self) -> None:
        """Auxiliary data and values."""
        for data in (self.DATA, sealed(b"\x07\x01m" + MODULE + b"\x00")):
            error = self.assertRaises(UnsupportedRdb, all_of, data)
            self.assertIn("ReJSON-RL", str(error))

    def test_it_is_passed_over(self) -> None:
        """When asked for; nothing is silently lost."""
        for portion in (1, 1000):
            reader = RdbReader(LIMITS, skipping_modules=True)
            records = all_of(self.DATA, portion, reader)
            self.assertEqual([key for _, key, *_ in records], [b"a"])
            self.assertEqual(
                reader.modules,
                [
                    "auxiliary data of the module type 'ReJSON-RL'",
                    "key b'm', of the module type 'ReJSON-RL'",
                ],
            )

    def test_it_must_be_well_formed(self) -> None:
        """It says when it is to be loaded, in a form that is known."""
        data = sealed(b"\xf7" + MODULE + b"\x05\x02\x00")
        reader = RdbReader(LIMITS, skipping_modules=True)
        self.assertRaises(CorruptRdb, all_of, data, 100, reader)


class RefusalTests(SynchronousTestCase):
    """What is wrong with a file is found."""

    def test_other_files(self) -> None:
        """No RDB file, or one of a version that is not known."""
        for data in (b"PYRED0011xxxxxx", b"REDISabcdxxxx", b"REDIS 11 xxxx"):
            self.assertRaises(CorruptRdb, all_of, data)
        for version in (b"0000", b"0013", b"9999"):
            self.assertRaises(UnsupportedRdb, all_of, b"REDIS" + version + b"xxxx")

    def test_files_that_are_cut_off(self) -> None:
        """Wherever."""
        data = example()
        for size in (*range(60), *range(60, len(data), 37), len(data) - 1):
            self.assertRaises(TruncatedRdb, all_of, data[:size])

    def test_the_checksum(self) -> None:
        """It must be right, unless it is zero or nobody asks."""
        data = sealed(b"\0\1a\1b")
        wrong = data[:-1] + bytes((data[-1] ^ 1,))
        self.assertRaises(CorruptRdb, all_of, wrong)
        self.assertEqual(len(all_of(wrong, reader=RdbReader(LIMITS, checking=False))), 1)
        self.assertEqual(len(all_of(data[:-8] + bytes(8))), 1)

    def test_any_byte_that_is_changed_is_found(self) -> None:
        """By the format or by the checksum; the checksum's own as well."""
        data = example()
        rng = Random(5)
        for place in rng.sample(range(9, len(data)), 700):
            bad = bytearray(data)
            bad[place] ^= 1 << rng.randrange(8)
            reader = RdbReader(LIMITS, total_bytes=len(bad))
            self.assertRaises(ValueError, all_of, bytes(bad), 1000, reader)

    def test_lengths_beyond_the_file(self) -> None:
        """Where the size is known they are refused at once, before all is read."""
        body = b"\0\1a\x81" + b"\x7f" * 8
        data = b"REDIS0011" + body + bytes(1000)
        reader = RdbReader(LIMITS, total_bytes=1 << 30)
        self.assertRaises(TruncatedRdb, list, reader.feed(data))
        reader = RdbReader(LIMITS)
        self.assertEqual(list(reader.feed(data)), [])
        self.assertRaises(TruncatedRdb, list, reader.finish())

    def test_pre_releases(self) -> None:
        """Their forms are no longer known to anybody."""
        self.assertRaises(UnsupportedRdb, all_of, sealed(b"\xf6\x01a"))
        self.assertRaises(UnsupportedRdb, all_of, sealed(b"\x06\x01a\x01"))

    def test_where_it_went_wrong_is_told(self) -> None:
        """By the bytes that were understood before."""
        reader = RdbReader(LIMITS)
        data = sealed(b"\0\1a\1b\x63\1a\1b")
        self.assertRaises(CorruptRdb, all_of, data, 1000, reader)
        self.assertEqual(reader.bytes_read, 9 + 5)
