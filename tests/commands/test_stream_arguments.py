"""Tests of pyredis.commands.stream_arguments."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.commands import stream_arguments as arguments
from pyredis.commands.stream_arguments import Trim, TrimReader
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.stream_ids import MAX_ID, make_id
from pyredis.datatypes.streams import StreamValue
from pyredis.errors import RedisError
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NULL_ARRAY

GREATEST = b"18446744073709551615-18446744073709551615"


def stream(count: int) -> StreamValue:
    """Return a stream of entries 1-0, 2-0 and so on, four to a node."""
    value = StreamValue()
    for number in range(1, count + 1):
        limits = EncodingLimits(stream_node_max_entries=4)
        value.append(make_id(number, 0), (b"f", b"v"), limits)
    return value


class IdTests(SynchronousTestCase):
    """IDs and the ends of ranges."""

    def refused(self, read: Callable[[bytes], int], argument: bytes) -> bytes:
        """Return the error for an argument."""
        return self.assertRaises(RedisError, read, argument).text

    def test_ends(self) -> None:
        """Both ends are included; a bracket moves them by one."""
        self.assertEqual(arguments.range_start(b"-"), 0)
        self.assertEqual(arguments.range_start(b"5"), make_id(5, 0))
        self.assertEqual(arguments.range_start(b"(5"), make_id(5, 1))
        self.assertEqual(arguments.range_end(b"+"), MAX_ID)
        self.assertEqual(arguments.range_end(b"5"), make_id(6, 0) - 1)
        self.assertEqual(arguments.range_end(b"(5-5"), make_id(5, 4))
        self.assertEqual(arguments.range_end(b"(5"), make_id(6, 0) - 2)

    def test_ends_that_cannot_be(self) -> None:
        """There is nothing behind the greatest ID, nor before the least."""
        bad = b"ERR Invalid stream ID specified as stream command argument"
        for argument in (b"", b"(", b"(-", b"(+", b"x", b"(x"):
            self.assertEqual(self.refused(arguments.range_start, argument), bad)
            self.assertEqual(self.refused(arguments.range_end, argument), bad)
        for argument in (b"-", b"+", b"(1-1"):
            self.assertEqual(self.refused(arguments.entry_id, argument), bad)
        self.assertEqual(
            self.refused(arguments.range_start, b"(" + GREATEST),
            b"ERR invalid start ID for the interval",
        )
        self.assertEqual(
            self.refused(arguments.range_end, b"(0-0"), b"ERR invalid end ID for the interval"
        )


class ReplyTests(SynchronousTestCase):
    """Entries as clients get them."""

    def test_entries(self) -> None:
        """An ID and a list, or the null array for what was deleted."""
        entry = make_id(1, 2), (b"f", b"v")
        self.assertEqual(arguments.entry_reply(*entry), [b"1-2", [b"f", b"v"]])
        self.assertEqual(arguments.entry_reply(make_id(1, 2), None), [b"1-2", NULL_ARRAY])
        self.assertEqual(arguments.entry_replies([entry, entry]), [[b"1-2", [b"f", b"v"]]] * 2)


class TimeoutTests(SynchronousTestCase):
    """BLOCK."""

    def test_the_moment_it_ends_must_be_one(self) -> None:
        """The greatest timeout is that which ends with the clock."""
        self.assertEqual(arguments.timeout_in_ms(b"0", 1000), 0)
        self.assertEqual(
            arguments.timeout_in_ms(b"%d" % (INT64_MAX - 1000), 1000), INT64_MAX - 1000
        )
        self.assertRaises(RedisError, arguments.timeout_in_ms, b"%d" % (INT64_MAX - 999), 1000)


class TrimTests(SynchronousTestCase):
    """The trim options."""

    def read(self, options: str, node_entries: int = 100) -> Trim:
        """Read trim options."""
        words = options.encode().split()
        reader = TrimReader(words)
        at = 0
        while at < len(words):
            at = reader.read(at)
        trim = reader.finish(node_entries, required=True)
        assert trim is not None
        return trim

    def test_reading(self) -> None:
        """A threshold, exact unless marked, with or without a limit."""
        for options, facts in (
            ("MAXLEN 5", (True, 5, False, 0)),
            ("maxlen = 5", (True, 5, False, 0)),
            ("MINID 5-1", (False, make_id(5, 1), False, 0)),
            ("MAXLEN ~ 5", (True, 5, True, 10000)),
            ("MAXLEN ~ 5 LIMIT 7", (True, 5, True, 7)),
            ("LIMIT 0 MINID ~ 5", (False, make_id(5, 0), True, 0)),
        ):
            trim = self.read(options)
            found = (trim.by_length, trim.threshold, trim.approximate, trim.limit)
            self.assertEqual(found, facts, options)

    def test_work_is_limited_to_a_hundred_nodes(self) -> None:
        """Whatever a node holds, within reason."""
        for node_entries, limit in ((5, 500), (0, 10_000), (10**6, 10**6)):
            self.assertEqual(self.read("MAXLEN ~ 1", node_entries).limit, limit)

    def test_what_is_no_trim_option_is_left(self) -> None:
        """A word that is last, too, for its value is missing."""
        for words in ([b"*", b"f"], [b"MAXLEN"], [b"LIMIT"]):
            self.assertEqual(TrimReader(words).read(0), 0)

    def test_being_made_exact(self) -> None:
        """What was trimmed is said as it turned out, without its limit."""
        value = stream(10)
        options = b"LIMIT 100 MAXLEN ~ 3 LIMIT 50 9-9".split()
        reader = TrimReader(options)
        self.assertEqual(reader.read(reader.read(reader.read(0))), 7)
        trim = reader.finish(100, required=False)
        assert trim is not None

        self.assertEqual(trim.apply(value), 4)
        trim.make_exact(options, value)

        self.assertEqual(options, b"MAXLEN = 6 9-9".split())

    def test_being_made_exact_by_id(self) -> None:
        """The first entry left, or an ID beyond all of none is left."""
        for threshold, first in ((b"5", b"5-0"), (b"99", GREATEST)):
            value = stream(10)
            options = [b"MINID", b"~", threshold]
            reader = TrimReader(options)
            reader.read(0)
            trim = reader.finish(100, required=True)
            assert trim is not None
            trim.apply(value)
            trim.make_exact(options, value)

            self.assertEqual(options, [b"MINID", b"=", first])
