"""Tests of pyredis.commands.bitmaps."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session

SYNTAX = b"ERR syntax error"
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
BAD_OFFSET = b"ERR bit offset is not an integer or out of range"


class BitmapCase(SynchronousTestCase):
    """A server in memory."""

    def setUp(self) -> None:
        """Start the server, with a list in the way."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("RPUSH", "l", "x")


class SingleBitTests(BitmapCase):
    """SETBIT and GETBIT."""

    def test_bits_are_counted_from_the_left(self) -> None:
        """Bit 0 is the most significant one of the first byte."""
        self.assertEqual(self.do("SETBIT", "k", 0, 1), 0)
        self.assertEqual(self.do("SETBIT", "k", 15, 1), 0)
        self.assertEqual(self.do("SETBIT", "k", 0, 0), 1)
        self.assertEqual(self.do("GET", "k"), b"\x00\x01")
        self.assertEqual([self.do("GETBIT", "k", bit) for bit in (0, 15, 16, 10**6)], [0, 1, 0, 0])

    def test_the_string_is_changed_in_place(self) -> None:
        """Whatever form it had it is raw afterwards, and stays the same buffer."""
        self.do("SET", "k", "7")
        self.do("INCR", "k")
        self.do("SETBIT", "k", 7, 1)
        buffer = self.session.db.values[b"k"]
        self.do("SETBIT", "k", 100, 1)

        self.assertIs(self.session.db.values[b"k"], buffer)
        self.assertEqual(buffer, b"9" + bytes(11) + b"\x08")

    def test_only_changes_count(self) -> None:
        """A bit that was so already changes nothing, but a string that grew does."""
        events = [(b"new", b"k"), (b"setbit", b"k")]
        self.assertEqual(self.session.events("SETBIT", "k", 9, 0), events)
        self.assertEqual(self.session.changes("SETBIT", "k", 9, 0), 0)
        self.assertEqual(self.session.events("SETBIT", "k", 9, 0), [])
        self.assertEqual(self.session.changes("SETBIT", "k", 9, 1), 1)
        self.assertEqual(self.session.changes("SETBIT", "k", 30, 0), 1)

    def test_refusals(self) -> None:
        """Offsets and bits must be such, and the value a string."""
        for offset in ("-1", "x", "#1", "4294967296", "1.0"):
            self.assertEqual(self.error("SETBIT", "k", offset, 1), BAD_OFFSET)
            self.assertEqual(self.error("GETBIT", "k", offset), BAD_OFFSET)
        for bit in ("2", "-1", "x", "01"):
            self.assertEqual(
                self.error("SETBIT", "k", 0, bit), b"ERR bit is not an integer or out of range"
            )
        self.assertEqual(self.error("SETBIT", "l", 0, 1), WRONG_TYPE)
        self.assertEqual(self.error("GETBIT", "l", 0), WRONG_TYPE)

    def test_the_greatest_offset_follows_the_configuration(self) -> None:
        """No string becomes longer than a client may send."""
        session = Session(proto_max_bulk_len=2)

        self.assertEqual(session.do("SETBIT", "k", 15, 1), 0)
        self.assertEqual(session.error("SETBIT", "k", 16, 1), BAD_OFFSET)


class RangeTests(BitmapCase):
    """BITCOUNT and BITPOS."""

    def test_counting(self) -> None:
        """In whole strings, bytes and bits, numbers included."""
        self.do("SET", "k", "foobar")
        for options, count in (
            ((), 26),
            ((0, 0), 4),
            ((-2, -1), 7),
            ((5, 30, "bit"), 17),
            ((1, 1, "BYTE"), 6),
            ((3, 2), 0),
            ((-1, -2, "nonsense"), 0),
        ):
            self.assertEqual(self.do("BITCOUNT", "k", *options), count, options)
        self.do("SET", "n", "9")
        self.do("INCR", "n")
        self.assertEqual(self.do("BITCOUNT", "n"), 5)

    def test_counting_refuses(self) -> None:
        """Bad ranges of a string that exists; of others nothing is looked at."""
        self.do("SET", "k", "foobar")
        self.assertEqual(self.do("BITCOUNT", "missing", "x"), 0)
        self.assertEqual(self.error("BITCOUNT", "k", 0), SYNTAX)
        self.assertEqual(self.error("BITCOUNT", "k", 0, 1, "BITS"), SYNTAX)
        self.assertEqual(self.error("BITCOUNT", "k", 0, 1, "BIT", 2), SYNTAX)
        self.assertEqual(
            self.error("BITCOUNT", "k", "x", 1), b"ERR value is not an integer or out of range"
        )
        self.assertEqual(self.error("BITCOUNT", "l", "x"), WRONG_TYPE)

    def test_finding(self) -> None:
        """The string goes on with zeros unless an end is given."""
        self.do("SET", "k", b"\xff\xf0\x00")
        self.do("SET", "ones", b"\xff\xff")
        for key, options, position in (
            ("k", (0,), 12),
            ("k", (1,), 0),
            ("k", (1, 2), -1),
            ("k", (0, 0, 0), -1),
            ("k", (0, 0, 11, "BIT"), -1),
            ("k", (0, 5, 12, "BIT"), 12),
            ("ones", (0,), 16),
            ("ones", (0, 1), 16),
            ("ones", (0, 0, -1), -1),
            ("ones", (0, 5), -1),
            ("missing", (0,), 0),
            ("missing", (1,), -1),
        ):
            self.assertEqual(self.do("BITPOS", key, *options), position, (key, options))

    def test_finding_refuses(self) -> None:
        """The bit first, then the type, then the range."""
        self.assertEqual(self.error("BITPOS", "l", 2), b"ERR The bit argument must be 1 or 0.")
        self.assertEqual(self.error("BITPOS", "l", 1, "x"), WRONG_TYPE)
        self.do("SET", "k", "v")
        self.assertEqual(self.error("BITPOS", "k", 1, 0, "x", "BITS"), SYNTAX)
        self.assertEqual(self.error("BITPOS", "k", 1, 0, 1, "BIT", 1), SYNTAX)


class OperationTests(BitmapCase):
    """BITOP."""

    def test_the_result_replaces_the_target(self) -> None:
        """Deadline and type of what was there are gone."""
        self.do("SET", "a", b"\xf0\x0f")
        self.do("SET", "l", "x", "EX", 100)

        self.assertEqual(self.do("BITOP", "NOT", "l", "a"), 2)
        self.assertEqual(self.do("GET", "l"), b"\x0f\xf0")
        self.assertIsNone(self.session.db.deadline_of(b"l"))
        self.assertEqual(self.do("BITOP", "xor", "r", "a", "l", "missing"), 2)
        self.assertEqual(self.do("GET", "r"), b"\xff\xff")

    def test_an_empty_result_deletes_the_target(self) -> None:
        """With the event of a deletion, if there was one."""
        self.do("SET", "r", "v")

        self.assertIn((b"del", b"r"), self.session.events("BITOP", "OR", "r", "none"))
        self.assertNotIn((b"del", b"r"), self.session.events("BITOP", "OR", "r", "none"))
        self.assertEqual(self.do("BITOP", "OR", "r", "none"), 0)

    def test_refusals(self) -> None:
        """Unknown operations, NOT of several keys, and values that are no strings."""
        self.assertEqual(self.error("BITOP", "NAND", "r", "l"), SYNTAX)
        self.assertEqual(
            self.error("BITOP", "NOT", "r", "a", "b"),
            b"ERR BITOP NOT must be called with a single source key.",
        )
        self.assertEqual(self.error("BITOP", "AND", "r", "a", "l"), WRONG_TYPE)


class FieldTests(BitmapCase):
    """BITFIELD."""

    def fields(self, operations: str) -> object:
        """Run operations on one key."""
        return self.do("BITFIELD", "k", *operations.split())

    def test_several_operations(self) -> None:
        """Each sees what those before it did, and keeps the overflow named last."""
        reply = self.fields(
            "SET u8 #1 250 INCRBY u8 8 10 OVERFLOW SAT INCRBY u8 8 300 "
            "OVERFLOW FAIL INCRBY u8 8 1 GET u8 8 GET i8 8 GET u4 100"
        )

        self.assertEqual(reply, [0, 4, 255, None, 255, -1, 0])
        self.assertEqual(self.do("GET", "k"), b"\x00\xff")

    def test_negative_numbers_in_unsigned_fields(self) -> None:
        """SET takes the 64 bits of a negative number for a great one, as Redis does."""
        self.do("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "u8", 0, -1)
        self.do("BITFIELD", "k", "OVERFLOW", "WRAP", "SET", "u8", 8, -2)

        self.assertEqual(self.do("GET", "k"), b"\xff\xfe")

    def test_numbers_too_low_to_be_told_from_great_ones(self) -> None:
        """The lowest ones of 64 bits saturate a narrower field upwards, as in Redis."""
        for number, result in ((-(2**63), 127), (127 - 2**63, 127), (128 - 2**63, -128)):
            self.do("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", 0, number)
            self.assertEqual(self.fields("GET i8 0"), [result])
        self.do("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i64", 0, -(2**63))
        self.assertEqual(self.fields("GET i64 0"), [-(2**63)])

    def test_changes(self) -> None:
        """Each operation that changes something counts; reading makes no key."""
        for operations, changes in (
            ("GET u8 0", 0),
            ("SET u8 0 1 SET u8 8 0 SET u8 8 2", 3),
            ("SET u8 0 1 SET u8 8 3", 1),
            ("SET u8 0 1 GET u8 8", 0),
        ):
            words = operations.split()
            self.assertEqual(self.session.changes("BITFIELD", "k", *words), changes)
            self.assertEqual(b"k" in self.session.db.values, operations != "GET u8 0")
        words = ["SET", "u8", "0", "7", "SET", "u8", "8", "7"]
        self.assertEqual(self.session.events("BITFIELD", "k", *words), [(b"setbit", b"k")])

    def test_refusals(self) -> None:
        """All operations are read before the first is done."""
        kind = (
            b"ERR Invalid bitfield type. Use something like i16 u8. "
            b"Note that u64 is not supported but i64 is."
        )
        for words, error in (
            ("SET u8 0 1 GET u64 0", kind),
            ("GET i65 0", kind),
            ("GET u0 0", kind),
            ("GET q8 0", kind),
            ("SET u8 0 1 GET u8 -1", BAD_OFFSET),
            ("SET u8 0 x", b"ERR value is not an integer or out of range"),
            ("OVERFLOW more", b"ERR Invalid OVERFLOW type specified"),
            ("SET u8 0", SYNTAX),
            ("PUT u8 0 1", SYNTAX),
        ):
            self.assertEqual(self.error("BITFIELD", "k", *words.split()), error)
        self.assertNotIn(b"k", self.session.db.values)
        self.assertEqual(
            self.error("BITFIELD_RO", "l", "SET", "u8", 0, 1),
            b"ERR BITFIELD_RO only supports the GET subcommand",
        )
        self.assertEqual(self.error("BITFIELD_RO", "l", "GET", "u8", 0), WRONG_TYPE)
