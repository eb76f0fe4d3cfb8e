"""Tests of pyredis.acl.files."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.files import AclFileError, DeclaredUsers, text_of, users_in
from pyredis.acl.rules import Rulebook
from pyredis.acl.users import Users
from tests.acl.samples import catalogue

UNCHANGED = (
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
)


class AclFileTests(SynchronousTestCase):
    """ACL files, read and written."""

    def setUp(self) -> None:
        """Make a register."""
        self.users = Users(Rulebook(catalogue()))

    def errors(self, text: bytes) -> str:
        """Return what is wrong with a file, without the words that end each report."""
        error = str(self.assertRaises(AclFileError, users_in, text, "f", self.users))
        self.assertTrue(error.endswith(UNCHANGED))
        return error[: -len(UNCHANGED)]

    def test_round_trip(self) -> None:
        """What was written is read back."""
        for name, rules in ((b"ann", [b"on", b"~a", b"(+get ~b)"]), (b"bob", [b">pw", b"+@all"])):
            self.users.put(self.users.staged(name, rules))
        text = text_of(self.users)
        self.assertEqual(text_of(users_in(text, "f", self.users)), text)

    def test_blanks(self) -> None:
        """Blank lines and blanks around words are passed over."""
        [ann] = users_in(b"\n  user ann on  ~a \r\n\n", "f", self.users)
        self.assertEqual(ann.describe(), b"on sanitize-payload ~a resetchannels -@all")

    def test_errors(self) -> None:
        """Each line is named; of rules only unknown commands are shown."""
        for text, expected in (
            (b"\n# no", "f:2 should start with user keyword followed by the username. "),
            (b"user", "f:1 should start with user keyword followed by the username. "),
            (b"user a\tb", "'f:1: username 'a\tb' contains invalid characters. "),
            (b"user a\nuser a", "WARNING: Duplicate user 'a' found on line 2. "),
            (b"user a (x", "f:1: Unmatched parenthesis in selector definition."),
            (b"user a >p secret #x", "f:1: Syntax error. "),
            (
                b"user a +fun\nuser b fun",
                "f:1: Error in applying operation '+fun': Unknown command or category name in "
                "ACL. f:2: Syntax error. ",
            ),
        ):
            with self.subTest(text):
                self.assertEqual(self.errors(text), expected)


class DeclaredTests(SynchronousTestCase):
    """User lines of a configuration."""

    def setUp(self) -> None:
        """Make a register and nothing declared."""
        self.users = Users(Rulebook(catalogue()))
        self.declared = DeclaredUsers(self.users.rulebook)

    def test_loading(self) -> None:
        """They are entered; the default user starts anew; those who are off are told."""
        self.assertFalse(self.declared)
        self.declared.declare([b"ann", b"on", b"(~a", b"+get)"])
        self.declared.declare([b"default", b"+get"])
        [disabled] = self.declared.load(self.users)

        self.assertIs(disabled, self.users.default)
        self.assertEqual(disabled.describe(), b"off sanitize-payload resetchannels -@all +get")
        self.assertIn(b"(~a resetchannels -@all +get)", text_of(self.users))

    def test_refused_at_once(self) -> None:
        """With the word that is wrong."""
        self.declared.declare([b"ann"])
        for words, text in (
            (b"bob on fun", "Error in user declaration 'fun': Syntax error"),
            (b"ann", "Error in user declaration 'ann': Duplicate user found. "),
            (b"bob (x", "Error in user declaration '(x': Unmatched parenthesis"),
        ):
            error = self.assertRaises(ValueError, self.declared.declare, words.split())
            self.assertTrue(str(error).startswith(text), str(error))

    def test_commands_may_come_later(self) -> None:
        """They are missed only when the users are loaded."""
        self.declared.declare([b"ann", b"+fun"])
        error = self.assertRaises(AclFileError, self.declared.load, self.users)
        self.assertEqual(
            str(error),
            "Error loading ACL rule '+fun' for the user named 'ann': "
            "Unknown command or category name in ACL",
        )

    def test_names(self) -> None:
        """They have no blanks."""
        self.declared.declare([b"a b"])
        error = self.assertRaises(AclFileError, self.declared.load, self.users)
        self.assertEqual(str(error), "Spaces not allowed in ACL usernames")
