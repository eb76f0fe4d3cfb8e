"""Tests of pyredis.commands.replication."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import LATER
from tests.commands.session import Session

NOT_INTEGER = b"ERR value is not an integer or out of range"


class WaitTests(SynchronousTestCase):
    """WAIT and WAITAOF of a server that has no replicas."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error

    def test_nobody_need_not_be_waited_for(self) -> None:
        """The answer is how many replicas there are."""
        self.assertEqual(self.do("WAIT", 0, 0), 0)
        self.assertEqual(self.do("WAIT", -1, 1000), 0)
        self.assertEqual(self.do("WAITAOF", 0, 0, 0), [0, 0])

    def test_somebody_is_waited_for_in_vain(self) -> None:
        """Until the time has run out."""
        for words, answer in ((("WAIT", 1, 1500), 0), (("WAITAOF", 0, 2, 1500), [0, 0])):
            waiter = self.session.another()
            self.assertIs(waiter.do(*words), LATER)
            self.session.clock.advance(1.4)
            self.do("SET", "k", "v")
            self.assertEqual(waiter.written, [])
            self.session.clock.advance(0.2)
            self.assertEqual(waiter.written, [answer])

    def test_no_timeout_is_for_ever(self) -> None:
        """Only CLIENT UNBLOCK or the end of the connection ends it."""
        waiter = self.session.another()
        waiter.do("WAIT", 1, 0)
        self.session.clock.advance(1_000_000)
        self.assertTrue(waiter.waits)
        self.do("CLIENT", "UNBLOCK", waiter.client.id)

        self.assertEqual(waiter.written, [0])

    def test_a_transaction_does_not_wait(self) -> None:
        """It answers as if the time had run out."""
        self.do("MULTI")
        self.do("WAIT", 1, 0)
        self.do("SET", "k", "v")

        self.assertEqual(self.do("EXEC")[0], 0)

    def test_wrong_arguments(self) -> None:
        """In the order of Redis."""
        self.assertEqual(self.error("WAIT", "x", "y"), NOT_INTEGER)
        timeout = b"ERR timeout is not an integer or out of range"
        self.assertEqual(self.error("WAIT", 1, "1.5"), timeout)
        self.assertEqual(self.error("WAIT", 0, -1), b"ERR timeout is negative")
        self.assertEqual(self.error("WAIT", 0, 2**63 - 1), b"ERR timeout is out of range")
        self.assertEqual(
            self.error("WAITAOF", 2, 0, 0), b"ERR value is out of range, value must between 0 and 1"
        )
        self.assertEqual(
            self.error("WAITAOF", 0, -1, 0), b"ERR value is out of range, must be positive"
        )
        self.assertEqual(self.error("WAITAOF", 1, 0, "x"), timeout)

    def test_there_is_no_append_only_file(self) -> None:
        """Whoever wants to wait for it is told."""
        self.assertIn(b"appendonly is disabled", self.error("WAITAOF", 1, 0, 0))
