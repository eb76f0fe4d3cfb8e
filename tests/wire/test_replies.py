"""Tests of pyredis.wire.replies."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Double, Pairs, Push, SetReply, Simple


class SimpleTests(SynchronousTestCase):
    """A status is its text."""

    def test_ready_form(self) -> None:
        """It carries the bytes that are sent."""
        self.assertEqual(Simple(b"OK").wire, b"+OK\r\n")

    def test_equal_by_text(self) -> None:
        """Statuses of one text are equal and hash alike; bytes of that text are not a status."""
        self.assertEqual(Simple(b"OK"), OK)
        self.assertEqual(len({OK, Simple(b"OK"), Simple(b"PONG")}), 2)
        self.assertNotEqual(OK, b"OK")

    def test_shown(self) -> None:
        """A failed test shows its text."""
        self.assertEqual(repr(OK), "Simple(b'OK')")


class AggregateTests(SynchronousTestCase):
    """Aggregates are lists with a name, doubles are floats with a name."""

    def test_they_compare_as_lists(self) -> None:
        """Tests may compare with plain lists and numbers."""
        self.assertEqual(SetReply([b"a"]), [b"a"])
        self.assertEqual(Pairs([[b"a", Double(1)]]), [[b"a", 1.0]])
        self.assertEqual(Push([1]), [1])
