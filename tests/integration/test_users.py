"""Users of the real daemon: from its configuration, from an ACL file, and back into them."""

from __future__ import annotations

import os
import shutil

from pyredis.acl.users import hashed
from tests.integration.daemon import run
from tests.integration.test_daemon import DaemonTestCase

HASH = hashed(b"pw").decode()


class ConfiguredUsersTests(DaemonTestCase):
    """``user`` lines of redis.conf."""

    def test_they_are_kept_by_config_rewrite(self) -> None:
        """As they are by then, with hashes in the place of passwords."""
        path = self.write(
            "redis.conf",
            "user ann on >pw ~a* +@read (~b +set)\nhz 20\nuser default on nopass +@all -debug &*\n",
        )
        daemon = self.ready(path)
        connection = daemon.connect()
        self.addCleanup(connection.close)
        self.assertEqual(connection.reply("AUTH ann no")[:10], b"-WRONGPASS")
        self.assertEqual(connection.reply("ACL SETUSER ann -get"), b"+OK")
        self.assertEqual(connection.reply("ACL SETUSER bob"), b"+OK")
        self.assertEqual(connection.reply("CONFIG REWRITE"), b"+OK")

        self.assertEqual(
            self.read("redis.conf").splitlines()[:3],
            [
                f"user ann on sanitize-payload #{HASH} ~a* resetchannels -@all +@read -get "
                "(~b resetchannels -@all +set)",
                "hz 20",
                "user bob off sanitize-payload resetchannels -@all",
            ],
        )
        self.assertEqual(daemon.stop(), 0)
        again = self.ready(path).connect()
        self.addCleanup(again.close)
        self.assertEqual(again.reply("AUTH ann pw"), b"+OK")
        self.assertEqual(again.reply("ACL WHOAMI")[:7], b"-NOPERM")
        self.assertEqual(
            again.reply("GET a1"), b"-NOPERM User ann has no permissions to run the 'get' command"
        )

    def test_wrong_users(self) -> None:
        """What is wrong is named, and nothing starts."""
        self.write("users.acl", "user ann on\nuser ann off\n")
        for text, expected in (
            ("port 0\nuser ann on fun\n", ">>> 'user ann on fun'\nError in user declaration 'fun'"),
            ("port 0\nuser ann +fun\n", "Error loading ACL rule '+fun' for the user named 'ann'"),
            ("port 0\nuser ann\naclfile users.acl\n", "define either an ACL file or declare users"),
            (
                f"port 0\ndir {self.directory}\naclfile users.acl\n",
                "users because of ACL errors: WARNING: Duplicate user 'ann' found on line 2.",
            ),
            ("port 0\naclfile no.acl\n", "Error loading ACLs, opening file 'no.acl': No such file"),
        ):
            with self.subTest(text):
                done = run(self.write("redis.conf", text))
                self.assertEqual(done.returncode, 1)
                self.assertIn(expected.removeprefix("users "), done.stdout + done.stderr)

    def test_checking(self) -> None:
        """The rules of users are checked without starting, too."""
        path = self.write("redis.conf", "user ann on\nuser bob on ~\nuser bob off\n")
        done = run("--check-config", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 3: Error in user declaration 'bob': Duplicate user", done.stdout)


class AclFileTests(DaemonTestCase):
    """``aclfile``."""

    def test_saving_and_loading(self) -> None:
        """A file that is wrong changes nothing; one that cannot be written is told in the log."""
        os.mkdir(self.path("acls"))
        self.write("acls/users.acl", "\nuser ann on >pw +@all ~*\n")
        daemon = self.ready("--aclfile", "acls/users.acl")
        connection = daemon.connect()
        ann = daemon.connect()
        self.addCleanup(connection.close)
        self.addCleanup(ann.close)
        self.assertEqual(ann.reply("AUTH ann pw"), b"+OK")
        self.assertEqual(connection.reply("ACL SETUSER bob on"), b"+OK")
        self.assertEqual(connection.reply("ACL SAVE"), b"+OK")
        saved = self.read("acls/users.acl")
        self.assertEqual(
            saved.splitlines()[0], f"user ann on sanitize-payload #{HASH} ~* resetchannels +@all"
        )

        self.write("acls/users.acl", saved + "user carl fun\n")
        self.assertEqual(
            connection.reply("ACL LOAD"),
            b"-ERR acls/users.acl:4: Syntax error. WARNING: ACL errors detected, no change to the "
            b"previously active ACL rules was performed",
        )
        self.assertEqual(ann.reply("PING"), b"+PONG")
        self.write("acls/users.acl", saved)
        self.assertEqual(connection.reply("ACL LOAD"), b"+OK")
        self.assertTrue(ann.is_closed())

        shutil.rmtree(self.path("acls"))
        self.assertEqual(
            connection.reply("ACL SAVE")[:42], b"-ERR There was an error trying to save the"
        )
        daemon.until_logged("Writing ACL file for ACL SAVE: ")
