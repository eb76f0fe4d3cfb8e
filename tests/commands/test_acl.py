"""Tests of pyredis.commands.acl; replies are compared with Redis's in tests/differential."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.ports import NoHost
from pyredis.wire.replies import OK, Double, Simple
from tests.commands.session import Session


class AclFileHost(NoHost):
    """A process with an ACL file in memory."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self.is_full = False

    def read_acl_file(self) -> bytes:
        """Return it, if it is there."""
        if self.text is None:
            raise FileNotFoundError(2, "No such file or directory")
        return self.text

    def write_acl_file(self, text: bytes) -> bool:
        """Keep it, if there is room."""
        if not self.is_full:
            self.text = text
        return not self.is_full


class AclTestCase(SynchronousTestCase):
    """A server and a client."""

    def setUp(self) -> None:
        """Make them."""
        self.session = Session()
        self.do = self.session.do

    def error(self, *words: str | bytes) -> bytes:
        """Return the text of the error that a command answers."""
        reply = self.do(*words)
        assert isinstance(reply, RedisError), reply
        return reply.text


class UserTests(AclTestCase):
    """Users made, shown and deleted."""

    def test_a_user(self) -> None:
        """All rules at once, or none."""
        self.assertEqual(self.do("ACL", "SETUSER", "ann", "on", "+get", "(~a", "+set)"), OK)
        self.assertEqual(
            self.error("ACL", "SETUSER", "ann", "off", "+fun"),
            b"ERR Error in ACL SETUSER modifier '+fun': Unknown command or category name in ACL",
        )
        self.assertEqual(
            self.do("ACL", "GETUSER", "ann"),
            {
                b"flags": [b"on", b"sanitize-payload"],
                b"passwords": [],
                b"commands": b"-@all +get",
                b"keys": b"",
                b"channels": b"",
                b"selectors": [{b"commands": b"-@all +set", b"keys": b"~a", b"channels": b""}],
            },
        )
        self.assertEqual(self.do("ACL", "USERS"), [b"ann", b"default"])
        self.assertEqual(self.do("ACL", "DELUSER", "ann", "bob"), 1)
        self.assertIsNone(self.do("ACL", "GETUSER", "ann"))

    def test_words_of_setuser_are_hidden(self) -> None:
        """They may be passwords."""
        monitor = self.session.another()
        monitor.do("MONITOR")
        self.do("CONFIG", "SET", "slowlog-log-slower-than", "0")
        self.do("ACL", "SETUSER", "ann", ">secret")

        [entry] = [e for e in self.do("SLOWLOG", "GET") if b"SETUSER" in e[3]]
        self.assertEqual(entry[3][2:], [b"(redacted)"] * 2)
        self.assertFalse([line for line in monitor.written if b"secret" in str(line).encode()])

    def test_new_users_and_channels(self) -> None:
        """They have those that acl-pubsub-default gives them."""
        session = Session(acl_pubsub_default="allchannels")
        session.do("ACL", "SETUSER", "ann")
        self.assertIn(b"user ann off sanitize-payload &* -@all", session.do("ACL", "LIST"))


class AnswerTests(AclTestCase):
    """Commands that only tell something."""

    def test_cat(self) -> None:
        """Containers and subcommands are in categories of their own."""
        self.assertEqual(len(self.do("ACL", "CAT")), 21)
        admin = self.do("ACL", "CAT", "ADMIN")
        self.assertIn(b"acl|setuser", admin)
        self.assertNotIn(b"acl", admin)
        self.assertEqual(self.error("ACL", "CAT", "fun"), b"ERR Unknown category 'fun'")

    def test_genpass(self) -> None:
        """As many hexadecimal digits as the bits need; never the same."""
        for bits, digits in ((1, 1), (5, 2), (256, 64), (4096, 1024)):
            self.assertEqual(len(self.do("ACL", "GENPASS", bits)), digits)
        self.assertNotEqual(self.do("ACL", "GENPASS"), self.do("ACL", "GENPASS"))

    def test_dryrun(self) -> None:
        """OK, or which key it is."""
        self.do("ACL", "SETUSER", "ann", "+get", "~a")
        self.assertEqual(self.do("ACL", "DRYRUN", "ann", "GET", "a"), OK)
        self.assertEqual(
            self.do("ACL", "DRYRUN", "ann", "GET", "b"),
            b"User ann has no permissions to access the 'b' key",
        )

    def test_log(self) -> None:
        """Entries have all that is known of a denial, and their age."""
        self.do("AUTH", "mallory", "x")
        self.session.clock.advance(2.5)
        [entry] = self.do("ACL", "LOG")

        line = entry.pop(b"client-info")
        self.assertIn(b" cmd=auth user=default ", line)
        self.assertEqual(
            entry,
            {
                b"count": 1,
                b"reason": b"auth",
                b"context": b"toplevel",
                b"object": b"AUTH",
                b"username": b"mallory",
                b"age-seconds": Double(2.5),
                b"entry-id": 0,
                b"timestamp-created": 1_700_000_000_000,
                b"timestamp-last-updated": 1_700_000_000_000,
            },
        )
        self.assertEqual(self.do("ACL", "LOG", "RESET"), OK)
        self.assertEqual(self.do("ACL", "LOG"), [])

    def test_help(self) -> None:
        """It is made of what is declared."""
        self.assertIn(Simple(b"SETUSER username [rule [rule ...]]"), self.do("ACL", "HELP"))


class FileTests(AclTestCase):
    """ACL SAVE and ACL LOAD."""

    def setUp(self) -> None:
        """Give the server a file."""
        self.session = Session(aclfile="users.acl")
        self.do = self.session.do
        self.host = AclFileHost()
        self.session.server.host = self.host

    def test_saving_and_loading(self) -> None:
        """What was saved comes back; what was not is gone."""
        self.do("ACL", "SETUSER", "ann", "on")
        self.assertEqual(self.do("ACL", "SAVE"), OK)
        self.do("ACL", "SETUSER", "ann", "off")
        self.do("ACL", "SETUSER", "bob")
        self.assertEqual(self.do("ACL", "LOAD"), OK)

        self.assertEqual(self.do("ACL", "USERS"), [b"ann", b"default"])
        self.assertEqual(self.do("ACL", "GETUSER", "ann")[b"flags"][0], b"on")

    def test_errors(self) -> None:
        """No file, a wrong one, no room."""
        self.assertEqual(
            self.error("ACL", "LOAD"),
            b"ERR Error loading ACLs, opening file 'users.acl': No such file or directory",
        )
        self.host.text = b"user ann fun"
        self.assertEqual(
            self.error("ACL", "LOAD"),
            b"ERR users.acl:1: Syntax error. WARNING: ACL errors detected, no change to the "
            b"previously active ACL rules was performed",
        )
        self.host.is_full = True
        self.assertIn(b"There was an error trying to save the ACLs.", self.error("ACL", "SAVE"))

    def test_without_a_file(self) -> None:
        """Users go into the configuration instead."""
        self.session.server.settings.aclfile = ""
        self.assertIn(b"is not configured to use an ACL file", self.error("ACL", "SAVE"))
