"""SAVE and its kin on a server without files; see tests/services/test_snapshot_service.py."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class WithoutFilesTests(SynchronousTestCase):
    """A server that keeps nothing says so."""

    def test_refused(self) -> None:
        """Nothing answers OK that was not done."""
        session = Session()
        for command in ("SAVE", "BGSAVE"):
            self.assertEqual(session.error(command), b"ERR this server keeps no files")
        self.assertEqual(session.do("LASTSAVE"), 0)
        self.assertEqual(session.error("BGSAVE", "SCHEDULE", "NOW"), b"ERR syntax error")
