"""Tests of reading values."""

from __future__ import annotations

from struct import pack
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.listpacks import write_listpack
from pyredis.datatypes.packed_hashes import PackedHash
from pyredis.persistence import rdb_format as rdb
from pyredis.persistence.rdb_format import (
    CorruptRdb,
    EmptyValue,
    RdbError,
    TruncatedRdb,
    UnsupportedRdb,
    encode_length,
)
from pyredis.persistence.rdb_strings import StringWriter
from pyredis.persistence.rdb_value_reader import read_value
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.ziplists import write_intset, write_ziplist
from tests.persistence.contents import encoding, plain
from tests.persistence.payloads import PAYLOADS
from tests.persistence.test_rdb_modules import number_of

LIMITS = EncodingLimits()
NOTHING = EncodingLimits(
    hash_max_listpack_entries=0,
    set_max_intset_entries=0,
    set_max_listpack_entries=0,
    zset_max_listpack_entries=0,
)
FOOTER = 10
string = StringWriter(compressing=False).encode


def packed(*entries: bytes) -> bytes:
    """Return a listpack as it is written."""
    return string(write_listpack(entries))


def zipped(*entries: bytes) -> bytes:
    """Return a ziplist as it is written."""
    return string(write_ziplist(entries))


def value_of(kind: int, data: bytes, limits: EncodingLimits = LIMITS) -> Any:
    """Return the value that is all there is of some data."""
    value, at = read_value(kind, data, 0, limits)
    assert at == len(data)
    return value


class PayloadTests(SynchronousTestCase):
    """What real servers wrote is read."""

    def test_every_type_and_encoding(self) -> None:
        """Contents and encodings are those of the servers; the end is found."""
        for payload in PAYLOADS:
            value, at = read_value(payload.data[0], payload.data, 1, LIMITS)
            self.assertEqual(plain(value), payload.contents, payload.name)
            self.assertEqual(at, len(payload.data) - FOOTER, payload.name)
            since = "7.2.6" if payload.server == "7.0.15" else payload.server
            if payload.server == since:
                self.assertEqual(encoding(value), payload.encoding, payload.name)

    def test_what_is_cut_off_is_told_apart(self) -> None:
        """Every beginning of a value is truncated, not corrupt."""
        for payload in PAYLOADS:
            body = payload.data[:-FOOTER]
            for size in range(1, len(body)):
                error = self.assertRaises(TruncatedRdb, read_value, body[0], body[:size], 1, LIMITS)
                self.assertGreaterEqual(len(body) - size, error.missing)


class EncodingTests(SynchronousTestCase):
    """A value gets the encoding Redis gives it when loading."""

    def test_what_passes_a_limit_is_unpacked(self) -> None:
        """Packed collections with more entries than are allowed now."""
        for kind, data, expected in (
            (rdb.SET_INTSET, string(write_intset([1])), "hashtable"),
            (rdb.SET_LISTPACK, packed(b"a"), "hashtable"),
            (rdb.SET, b"\x01\x01a", "hashtable"),
            (rdb.SET, b"\x01\x011", "hashtable"),
            (rdb.HASH_LISTPACK, packed(b"f", b"v"), "hashtable"),
            (rdb.HASH_ZIPLIST, zipped(b"f", b"v"), "hashtable"),
            (rdb.HASH, b"\x01\x01f\x01v", "hashtable"),
            (rdb.ZSET_LISTPACK, packed(b"a", b"1"), "skiplist"),
            (rdb.ZSET_ZIPLIST, zipped(b"a", b"1"), "skiplist"),
            (rdb.ZSET_2, b"\x01\x01a" + pack("<d", 1), "skiplist"),
        ):
            self.assertEqual(encoding(value_of(kind, data, NOTHING)), expected)

    def test_long_entries_of_packed_values_are_let_be(self) -> None:
        """Redis does not look at each; those of unpacked values it does look at."""
        long = b"x" * 65
        for kind, data, expected in (
            (rdb.SET_LISTPACK, packed(long), "listpack"),
            (rdb.SET, b"\x01" + string(long), "hashtable"),
            (rdb.HASH_LISTPACK, packed(b"f", long), "listpack"),
            (rdb.HASH, b"\x01\x01f" + string(long), "hashtable"),
            (rdb.ZSET_LISTPACK, packed(long, b"1"), "listpack"),
            (rdb.ZSET_2, b"\x01" + string(long) + pack("<d", 1), "skiplist"),
        ):
            self.assertEqual(encoding(value_of(kind, data)), expected)

    def test_sets_are_made_compact(self) -> None:
        """By their members, one after the other."""
        for members, expected in (
            ([b"1", b"2"], "intset"),
            ([b"1", b"a"], "listpack"),
            ([b"%d" % number for number in range(513)], "hashtable"),
            ([b"m%d" % number for number in range(129)], "hashtable"),
        ):
            data = encode_length(len(members)) + b"".join(map(string, members))
            self.assertEqual(encoding(value_of(rdb.SET, data)), expected)

    def test_lists_keep_their_nodes(self) -> None:
        """A list of one small node is a listpack, but for one that was a ziplist."""
        two = b"\x02" + b"\x02" + packed(b"a") + b"\x02" + packed(b"b", b"c")
        value = value_of(rdb.LIST_QUICKLIST_2, two)
        self.assertEqual((value.encoding, value.node_lengths()), ("quicklist", [1, 2]))
        one = value_of(rdb.LIST_QUICKLIST_2, b"\x01\x02" + packed(b"a"))
        self.assertEqual(one.encoding, "listpack")
        plain_node = value_of(rdb.LIST_QUICKLIST_2, b"\x01\x01\x01a")
        self.assertEqual((plain_node.encoding, plain(plain_node)), ("quicklist", [b"a"]))
        self.assertEqual(value_of(rdb.LIST_ZIPLIST, zipped(b"a")).encoding, "quicklist")
        self.assertEqual(value_of(rdb.LIST, b"\x01\x01a").encoding, "listpack")

    def test_empty_nodes_are_passed_over(self) -> None:
        """As long as one has something in it."""
        data = b"\x02" + zipped() + zipped(b"a")
        self.assertEqual(plain(value_of(rdb.LIST_QUICKLIST, data)), [b"a"])


class KeptListpackTests(SynchronousTestCase):
    """What is not used is saved as it was found."""

    def test_sorted_sets(self) -> None:
        """Until they are used; equal scores are in the order of their members."""
        data = packed(b"a", b"1", b"c", b"1", b"b", b"2.5", b"d", b"70000")
        value = value_of(rdb.ZSET_LISTPACK, data)
        kept = [(b"a", 1.0), (b"c", 1.0), (b"b", 2.5), (b"d", 70000.0)]
        for each in (value, value.copy()):
            self.assertEqual((len(each), list(each.items())), (4, kept))
            kind, pieces = ValueWriter().encode(each)
            self.assertEqual((kind, b"".join(pieces)), (rdb.ZSET_LISTPACK, data))
            self.assertIsNotNone(each.found_listpack)
        value.put(b"e", 3.0, LIMITS)
        self.assertIsNone(value.found_listpack)
        self.assertEqual(value.rank(b"e"), 3)
        wrong = packed(b"c", b"1", b"a", b"1")
        self.assertRaises(CorruptRdb, value_of, rdb.ZSET_LISTPACK, wrong)

    def test_scores_that_are_no_plain_numbers(self) -> None:
        """They are read, and written as Redis has them."""
        value = value_of(rdb.ZSET_LISTPACK, packed(b"a", b"-inf", b"b", b"inf"))
        self.assertIsNone(value.found_listpack)
        self.assertEqual(value.score(b"b"), float("inf"))

    def test_hashes(self) -> None:
        """Long ones too, whose length has more bytes; those with too many fields are unpacked."""
        for count in (1, 5, 40, 512):
            data = packed(*(b"%d" % number for number in range(2 * count)))
            value = value_of(rdb.HASH_LISTPACK, data)
            self.assertIs(value.__class__, PackedHash)
            self.assertEqual(len(value.fields), count)
            kind, pieces = ValueWriter(compressing=False).encode(value)
            self.assertEqual((kind, b"".join(pieces)), (rdb.HASH_LISTPACK, data))
        many = packed(*(b"%d" % number for number in range(4000)))
        roomy = EncodingLimits(hash_max_listpack_entries=5000)
        value = value_of(rdb.HASH_LISTPACK, many, roomy)
        self.assertIs(value.__class__, HashValue)
        self.assertEqual(value.encoding, "listpack")


class FieldDeadlineTests(SynchronousTestCase):
    """Hashes of Redis 7.4 have fields that expire."""

    def test_deadlines_are_counted_from_the_earliest(self) -> None:
        """A field without one has a zero."""
        data = pack("<Q", 1000) + b"\x03" + b"\x00\x01a\x011" + b"\x01\x01b\x012"
        data += b"\x40\x65\x01c\x013"
        value = value_of(rdb.HASH_METADATA, data)
        expected = {b"a": b"1", b"b": b"2", b"c": b"3"}, {b"b": 1000, b"c": 1100}
        self.assertEqual(plain(value), expected)
        self.assertEqual(value.encoding, "listpackex")
        self.assertEqual(value_of(rdb.HASH_METADATA, data, NOTHING).encoding, "hashtable")

    def test_the_packed_form_has_triples(self) -> None:
        """Field, value, deadline."""
        data = pack("<Q", 1000) + packed(b"b", b"2", b"1000", b"a", b"1", b"0")
        value = value_of(rdb.HASH_LISTPACK_EX, data)
        self.assertEqual(plain(value), ({b"a": b"1", b"b": b"2"}, {b"b": 1000}))
        self.assertEqual(value.encoding, "listpackex")

    def test_the_forms_of_the_release_candidates(self) -> None:
        """They do not say which deadline is the earliest."""
        value = value_of(rdb.HASH_METADATA_PRE_GA, b"\x01\x80\0\0\x10\0\x01a\x011")
        self.assertEqual(plain(value), ({b"a": b"1"}, {b"a": 4096}))
        value = value_of(rdb.HASH_LISTPACK_EX_PRE_GA, packed(b"a", b"1", b"7"))
        self.assertEqual(plain(value), ({b"a": b"1"}, {b"a": 7}))

    def test_wrong_deadlines_are_refused(self) -> None:
        """No number, negative, beyond 48 bits, missing."""
        for entries in (
            (b"a", b"1", b"x"),
            (b"a", b"1", b"-1"),
            (b"a", b"1", b"281474976710656"),
            (b"a", b"1"),
            (b"a", b"1", b"0", b"a", b"1", b"0"),
        ):
            self.assertRaises(CorruptRdb, value_of, rdb.HASH_LISTPACK_EX_PRE_GA, packed(*entries))
        data = pack("<Q", 1 << 60) + b"\x01\x01\x01a\x011"
        self.assertRaises(CorruptRdb, value_of, rdb.HASH_METADATA, data)


class RefusalTests(SynchronousTestCase):
    """What cannot be is refused."""

    def test_collections_of_nothing(self) -> None:
        """They are told apart, with the position behind them."""
        for kind, data in (
            (rdb.LIST, b"\0"),
            (rdb.SET, b"\0"),
            (rdb.ZSET, b"\0"),
            (rdb.HASH, b"\0"),
            (rdb.ZSET_2, b"\0"),
            (rdb.LIST_ZIPLIST, zipped()),
            (rdb.ZSET_ZIPLIST, zipped()),
            (rdb.HASH_ZIPLIST, zipped()),
            (rdb.LIST_QUICKLIST, b"\0"),
            (rdb.LIST_QUICKLIST, b"\x01" + zipped()),
            (rdb.LIST_QUICKLIST_2, b"\x01\x02" + packed()),
            (rdb.HASH_LISTPACK, packed()),
            (rdb.ZSET_LISTPACK, packed()),
            (rdb.SET_LISTPACK, packed()),
            (rdb.HASH_METADATA_PRE_GA, b"\0"),
        ):
            error = self.assertRaises(EmptyValue, read_value, kind, b"x" + data + b"y", 1, LIMITS)
            self.assertEqual(error.at, len(data) + 1, kind)
        self.assertRaises(CorruptRdb, value_of, rdb.HASH_ZIPMAP, string(b"\0\xff"))
        self.assertRaises(CorruptRdb, value_of, rdb.SET_INTSET, string(write_intset([])))

    def test_members_and_fields_that_are_there_twice(self) -> None:
        """In every encoding."""
        for kind, data in (
            (rdb.SET, b"\x02\x01a\x01a"),
            (rdb.SET_LISTPACK, packed(b"a", b"a")),
            (rdb.HASH, b"\x02\x01a\x01b\x01a\x01b"),
            (rdb.HASH_LISTPACK, packed(b"a", b"1", b"a", b"2")),
            (rdb.HASH_ZIPLIST, zipped(b"a", b"1", b"a", b"2")),
            (rdb.HASH_ZIPMAP, string(b"\x02\x01a\x01\x001\x01a\x01\x002\xff")),
            (rdb.ZSET_2, b"\x02" + (b"\x01a" + pack("<d", 1)) * 2),
            (rdb.ZSET, b"\x02" + b"\x01a\x011" * 2),
            (rdb.ZSET_LISTPACK, packed(b"a", b"1", b"a", b"2")),
            (rdb.ZSET_ZIPLIST, zipped(b"a", b"1", b"a", b"2")),
        ):
            self.assertRaises(CorruptRdb, value_of, kind, data)
        members = b"".join(b"\x03%03d" % number for number in range(999)) + b"\x03998"
        self.assertRaises(CorruptRdb, value_of, rdb.SET, encode_length(1000) + members)

    def test_pairs_that_are_none(self) -> None:
        """A field without a value, a member without a score."""
        for kind, data in (
            (rdb.HASH_LISTPACK, packed(b"a")),
            (rdb.HASH_ZIPLIST, zipped(b"a", b"b", b"c")),
            (rdb.ZSET_LISTPACK, packed(b"a")),
            (rdb.ZSET_ZIPLIST, zipped(b"a", b"1", b"c")),
        ):
            self.assertRaises(CorruptRdb, value_of, kind, data)

    def test_scores_that_are_none(self) -> None:
        """NaN, text, nothing, and members that are not in their order."""
        for kind, data in (
            (rdb.ZSET_2, b"\x01\x01a" + pack("<d", float("nan"))),
            (rdb.ZSET, b"\x01\x01a\xfd"),
            (rdb.ZSET, b"\x01\x01a\x00"),
            (rdb.ZSET, b"\x01\x01a\x03one"),
            (rdb.ZSET, b"\x01\x01a\x031\x002"),
            (rdb.ZSET_LISTPACK, packed(b"a", b"nan")),
            (rdb.ZSET_LISTPACK, packed(b"a", b"")),
            (rdb.ZSET_LISTPACK, packed(b"a", b"2", b"b", b"1")),
            (rdb.ZSET_LISTPACK, packed(b"b", b"1", b"a", b"1")),
            (rdb.ZSET_ZIPLIST, zipped(b"a", b"x")),
        ):
            self.assertRaises(CorruptRdb, value_of, kind, data)

    def test_nodes_that_are_none(self) -> None:
        """An unknown container, an empty plain node, something else than a listpack."""
        for data in (
            b"\x01\x03" + packed(b"a"),
            b"\x01\x01\x00",
            b"\x01\x02\x01a",
            b"\x01\x02\xc0\x01",
        ):
            self.assertRaises(CorruptRdb, value_of, rdb.LIST_QUICKLIST_2, data)

    def test_counts_beyond_the_data(self) -> None:
        """At once, without making room for them."""
        for kind in (rdb.LIST, rdb.SET, rdb.ZSET, rdb.HASH, rdb.ZSET_2, rdb.LIST_QUICKLIST_2):
            for count in (b"\x81" + b"\xff" * 8, b"\x80\x7f\xff\xff\xff"):
                error = self.assertRaises(TruncatedRdb, read_value, kind, count + b"\1", 0, LIMITS)
                self.assertGreater(error.missing, 1 << 30)

    def test_types_that_are_none(self) -> None:
        """Unknown ones, and those of modules, which are named."""
        for kind in (8, 26, 100, 243):
            self.assertRaises(CorruptRdb, value_of, kind, b"\0" * 20)
        data = encode_length(number_of("ReJSON-RL")) + bytes.fromhex("05 0161 00")
        error = self.assertRaises(UnsupportedRdb, value_of, rdb.MODULE_2, data)
        self.assertIn("ReJSON-RL", str(error))
        self.assertRaises(UnsupportedRdb, value_of, rdb.MODULE_PRE_GA, data)
        self.assertRaises(RdbError, value_of, rdb.MODULE_2, data[:-1] + b"\x07")
