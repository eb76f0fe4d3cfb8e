"""Tests of pyredis.commands.tracking; what is told is tested with execution.tracking."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK
from tests.commands.session import Session


class ClientTrackingTests(SynchronousTestCase):
    """CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO."""

    def setUp(self) -> None:
        """Start a server."""
        self.session = Session()

    def test_info(self) -> None:
        """It says how a client tracks."""
        self.assertEqual(
            self.session.do("CLIENT", "TRACKINGINFO"),
            {b"flags": [b"off"], b"redirect": -1, b"prefixes": []},
        )
        self.session.do("CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP", "PREFIX", "b", "PREFIX", "a")
        self.assertEqual(
            self.session.do("CLIENT", "TRACKINGINFO"),
            {b"flags": [b"on", b"bcast", b"noloop"], b"redirect": 0, b"prefixes": [b"a", b"b"]},
        )

    def test_redirection(self) -> None:
        """GETREDIR and CLIENT LIST show it."""
        other = self.session.another()
        self.assertEqual(self.session.do("CLIENT", "GETREDIR"), -1)
        self.session.do("CLIENT", "TRACKING", "ON", "REDIRECT", other.client.id)

        self.assertEqual(self.session.do("CLIENT", "GETREDIR"), other.client.id)
        line = self.session.do("CLIENT", "INFO").text
        self.assertIn(b" redir=%d " % other.client.id, line)
        self.assertIn(b" flags=t ", line)

    def test_caching_holds_for_the_next_command(self) -> None:
        """For all of a transaction; the subcommands of CLIENT do not count."""
        self.session.do("CLIENT", "TRACKING", "ON", "OPTIN")
        tracking = self.session.server.tracking
        self.assertEqual(self.session.do("client", "CACHING", "YES"), OK)
        self.session.do("CLIENT", "ID")
        self.session.do("GET", "a")
        self.session.do("GET", "b")
        self.assertEqual(tracking.keys, 1)
        self.session.do("CLIENT", "CACHING", "YES")
        self.session.do("MULTI")
        self.session.do("GET", "c")
        self.session.do("GET", "d")
        self.session.do("EXEC")
        self.session.do("GET", "e")

        self.assertEqual(tracking.keys, 3)

    def test_reset_ends_it(self) -> None:
        """The connection is as new."""
        self.session.do("CLIENT", "TRACKING", "ON")
        self.session.do("RESET")

        self.assertIsNone(self.session.client.tracking)

    def test_refused(self) -> None:
        """Each with its reason."""
        error = self.session.error
        self.assertIn(b"syntax", error("CLIENT", "TRACKING", "MAYBE"))
        self.assertIn(b"BCAST mode", error("CLIENT", "TRACKING", "ON", "PREFIX", "a"))
        self.assertIn(b"does not exist", error("CLIENT", "TRACKING", "ON", "REDIRECT", 99))
        self.assertIn(b"in tracking mode", error("CLIENT", "CACHING", "YES"))
        self.session.do("CLIENT", "TRACKING", "ON")
        self.assertIn(b"OPTIN mode", error("CLIENT", "CACHING", "YES"))
        self.assertIn(b"OPTOUT mode", error("CLIENT", "CACHING", "NO"))
        self.assertIn(b"switch BCAST", error("CLIENT", "TRACKING", "ON", "BCAST"))
