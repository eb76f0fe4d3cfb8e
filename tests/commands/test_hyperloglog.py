"""Tests of pyredis.commands.hyperloglog."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Simple
from tests.commands.session import Session

NONE = b"WRONGTYPE Key is not a valid HyperLogLog string value."
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
CORRUPT = b"INVALIDOBJ Corrupted HLL object detected"
CORRUPT_STRING = b"HYLL\x01" + bytes(10) + b"\x80\x7f\xffhello"


class HyperLogLogCase(SynchronousTestCase):
    """A server in memory."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error


class CountTests(HyperLogLogCase):
    """PFADD and PFCOUNT."""

    def test_elements_are_counted_once(self) -> None:
        """Adding says whether anything changed, counting how many there were."""
        self.assertEqual(self.do("PFADD", "h", "a", "b", "a"), 1)
        self.assertEqual(self.do("PFADD", "h", "b"), 0)
        self.assertEqual(self.do("PFCOUNT", "h"), 2)

    def test_a_new_one_counts_as_a_change(self) -> None:
        """Even without elements."""
        self.assertEqual(self.session.events("PFADD", "h"), [(b"new", b"h"), (b"pfadd", b"h")])
        self.assertEqual(self.session.events("PFADD", "h"), [])
        self.assertEqual(self.do("PFCOUNT", "h"), 0)
        self.assertEqual(self.session.changes("PFADD", "g", "a", "b"), 3)

    def test_counting_several(self) -> None:
        """Keys together, absent ones empty."""
        self.do("PFADD", "g", "a", "b")
        self.do("PFADD", "h", "b", "c")

        self.assertEqual(self.do("PFCOUNT", "g", "h", "missing"), 3)
        self.assertEqual(self.do("PFCOUNT", "missing"), 0)

    def test_the_count_is_kept_in_the_string(self) -> None:
        """That is a change without an event; the next time it is only read."""
        self.do("PFADD", "h", "a", "b", "c")

        self.assertEqual(self.session.changes("PFCOUNT", "h"), 1)
        self.assertEqual(self.session.changes("PFCOUNT", "h"), 0)
        self.assertEqual(self.do("GETRANGE", "h", 8, 15), b"\x03" + bytes(7))

    def test_a_string_set_by_others_is_one(self) -> None:
        """Its bytes are what counts."""
        self.do("PFADD", "h", "a", "b", "c")
        self.do("SET", "copy", self.do("GET", "h"))

        self.assertEqual(self.do("PFCOUNT", "copy"), 3)
        self.assertEqual(self.do("PFADD", "copy", "d"), 1)
        self.assertEqual(self.do("PFCOUNT", "copy"), 4)

    def test_what_watches_a_key_sees_its_count_change(self) -> None:
        """The bytes of the string are others."""
        self.do("PFADD", "h", "a")
        self.do("WATCH", "h")
        self.session.another().do("PFCOUNT", "h")
        self.do("MULTI")
        self.do("GET", "h")

        self.assertNotIsInstance(self.do("EXEC"), list)

    def test_refusals(self) -> None:
        """Other types, other strings, and strings that only begin well."""
        self.do("RPUSH", "l", "x")
        self.do("SET", "s", "v")
        self.do("SET", "n", "1")
        self.do("INCR", "n")
        self.do("SET", "c", CORRUPT_STRING)
        for key, error in (("l", WRONG_TYPE), ("s", NONE), ("n", NONE)):
            self.assertEqual(self.error("PFADD", key, "a"), error)
            self.assertEqual(self.error("PFCOUNT", key), error)
            self.assertEqual(self.error("PFCOUNT", "missing", key), error)
            self.assertEqual(self.error("PFMERGE", "h", key), error)
        self.assertEqual(self.error("PFCOUNT", "c"), CORRUPT)
        self.assertEqual(self.error("PFCOUNT", "c", "missing"), CORRUPT)
        self.assertEqual(self.error("PFMERGE", "h", "c"), CORRUPT)
        self.do("SET", "short", b"HYLL\x01" + bytes(11) + b"\x00")
        self.assertEqual(self.error("PFADD", "short", "a", "b"), CORRUPT)
        self.assertNotIn(b"h", self.session.db.values)


class MergeTests(HyperLogLogCase):
    """PFMERGE."""

    def test_the_target_saw_all(self) -> None:
        """It is made if it is not there, and keeps its deadline if it is."""
        self.do("PFADD", "g", "a", "b")
        self.do("PFADD", "h", "b", "c")

        self.assertIs(self.do("PFMERGE", "t", "g", "h"), OK)
        self.assertEqual(self.do("PFCOUNT", "t"), 3)
        self.do("SETEX", "g", 100, self.do("GET", "g"))
        self.assertEqual(self.session.events("PFMERGE", "g", "h"), [(b"pfadd", b"g")])
        self.assertEqual(self.do("PFCOUNT", "g"), 3)
        self.assertIsNotNone(self.session.db.deadline_of(b"g"))

    def test_without_sources(self) -> None:
        """A target that does not exist becomes an empty one."""
        self.assertIs(self.do("PFMERGE", "t"), OK)
        self.assertEqual(self.do("PFCOUNT", "t"), 0)


class DebugTests(HyperLogLogCase):
    """PFDEBUG and PFSELFTEST."""

    def test_looking_inside(self) -> None:
        """Encoding, opcodes and registers."""
        self.do("PFADD", "h", "a")

        self.assertEqual(self.do("PFDEBUG", "ENCODING", "h"), Simple(b"sparse"))
        self.assertEqual(self.do("PFDEBUG", "decode", "h"), b"Z:12711 v:2,1 Z:3672")
        self.assertEqual(sum(self.do("PFDEBUG", "GETREG", "h")), 2)
        self.assertEqual(self.do("PFDEBUG", "ENCODING", "h"), Simple(b"dense"))
        self.assertEqual(self.error("PFDEBUG", "DECODE", "h"), b"ERR HLL encoding is not sparse")

    def test_making_it_dense(self) -> None:
        """Once."""
        self.do("PFADD", "h", "a")

        self.assertEqual(self.session.changes("PFDEBUG", "TODENSE", "h"), 1)
        self.assertEqual(self.do("PFDEBUG", "TODENSE", "h"), 0)
        self.assertEqual(self.do("STRLEN", "h"), 12304)

    def test_refusals(self) -> None:
        """The key first, then the subcommand."""
        self.assertEqual(
            self.error("PFDEBUG", "x", "missing"), b"ERR The specified key does not exist"
        )
        self.do("PFADD", "h", "a")
        self.assertEqual(self.error("PFDEBUG", "x", "h"), b"ERR Unknown PFDEBUG subcommand 'x'")
        self.do("SET", "c", CORRUPT_STRING)
        self.assertEqual(self.error("PFDEBUG", "GETREG", "c"), CORRUPT)

    def test_the_self_test_passes(self) -> None:
        """Whatever the chance, as long as the estimator is right."""
        self.assertIs(self.do("PFSELFTEST"), OK)

    def test_the_self_test_can_fail(self) -> None:
        """An estimator that is wrong is found."""
        from pyredis.datatypes import hyperloglog

        right = hyperloglog.estimate
        self.patch(hyperloglog, "estimate", lambda histogram: right(histogram) // 2)

        self.assertTrue(self.error("PFSELFTEST").startswith(b"TESTFAILED Too big error. card:"))
