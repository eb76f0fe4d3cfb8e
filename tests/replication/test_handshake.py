"""What a replica says before it is sent anything."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.handshake import Handshake, Refused

PSYNC = b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n"


class HandshakeTests(SynchronousTestCase):
    """PING, then who it is, then what it wants."""

    def setUp(self) -> None:
        """Begin one."""
        self.sent: list[bytes] = []
        self.notes: list[str] = []
        introduction = [
            ("AUTH", (b"AUTH", b"secret")),
            ("capa", (b"REPLCONF", b"capa", b"eof")),
        ]
        self.handshake = Handshake(
            introduction, (b"PSYNC", b"?", b"-1"), self.sent.append, self.notes.append
        )

    def take(self, *lines: bytes) -> None:
        """Let the primary say something."""
        for line in lines:
            self.handshake.take(line)

    def test_one_step_after_another(self) -> None:
        """Nothing is asked for before all is answered; empty lines mean patience."""
        self.assertEqual(self.sent, [b"*1\r\n$4\r\nPING\r\n"])
        self.take(b"", b"+PONG", b"+OK")
        self.assertEqual(len(self.sent), 2)
        self.take(b"+OK")
        self.assertEqual(self.sent[2], PSYNC)
        self.take(b"", b"+FULLRESYNC abc 1")
        self.assertEqual(self.handshake.answer, b"+FULLRESYNC abc 1")

    def test_a_primary_that_wants_a_password_first(self) -> None:
        """PING may be refused for that."""
        self.take(b"-NOAUTH Authentication required.")
        self.assertEqual(len(self.sent), 2)

    def test_a_primary_that_cannot_be_followed(self) -> None:
        """Any other refusal of PING ends it."""
        error = self.assertRaises(Refused, self.take, b"-ERR busy")
        self.assertEqual(str(error), "Error reply to PING from master: 'ERR busy'")

    def test_a_wrong_password(self) -> None:
        """It ends, with Redis' text for the log."""
        error = self.assertRaises(Refused, self.take, b"+PONG", b"-WRONGPASS no")
        self.assertEqual(str(error), "Unable to AUTH to MASTER: WRONGPASS no")

    def test_what_an_old_primary_does_not_know(self) -> None:
        """It is noted, and it goes on."""
        self.take(b"+PONG", b"+OK", b"-ERR unknown")
        self.assertIn("does not understand REPLCONF capa: ERR unknown", self.notes[-1])
        self.assertEqual(self.sent[-1], PSYNC)
