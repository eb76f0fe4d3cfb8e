"""Tests of pyredis.configuration_files: the files that a configuration is in."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.files import AclFileError
from pyredis.configuration_files import ConfigurationFiles
from pyredis.errors import RedisError
from tests.commands.session import Session


class ConfigurationFilesTests(SynchronousTestCase):
    """Reading and writing them."""

    def setUp(self) -> None:
        """Make a server with a folder for its files."""
        self.session = Session()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.config = self.folder / "redis.conf"
        self.acl = self.folder / "users.acl"
        self.files = ConfigurationFiles(self.session.server, str(self.config))

    def test_the_configuration(self) -> None:
        """It is written in one step; what was there is kept, a comment for one."""
        self.config.write_bytes(b"# mine\nmaxclients 100\n")
        self.session.do("CONFIG", "SET", "maxmemory", "1mb")
        self.files.rewrite_config()
        text = self.config.read_bytes()
        self.assertTrue(text.startswith(b"# mine\n"))
        self.assertIn(b"\nmaxmemory 1mb\n", text)
        self.assertEqual([each.name for each in self.folder.iterdir()], ["redis.conf"])

    def test_a_configuration_that_was_not_there(self) -> None:
        """It is made."""
        self.files.rewrite_config(force_all=True)
        self.assertIn(b"\nmaxclients 10000\n", self.config.read_bytes())

    def test_no_configuration(self) -> None:
        """Without a file there is nothing to write; nor where none can be."""
        with self.assertRaises(RedisError) as caught:
            ConfigurationFiles(self.session.server, None).rewrite_config()
        self.assertEqual(caught.exception.message, b"The server is running without a config file")
        files = ConfigurationFiles(self.session.server, str(self.folder / "no" / "redis.conf"))
        with self.assertRaises(RedisError) as caught:
            files.rewrite_config()
        self.assertEqual(
            caught.exception.message, b"Rewriting config file: No such file or directory"
        )

    def test_users(self) -> None:
        """They are read from their file, and written to it."""
        self.session.server.settings.aclfile = str(self.acl)
        with self.assertRaises(AclFileError):
            self.files.load_users()
        self.acl.write_bytes(b"user ann on nopass ~* +@all\n")
        self.files.load_users()
        self.assertEqual(self.session.do("ACL", "USERS"), [b"ann", b"default"])
        self.assertTrue(self.files.write_acl_file(b"user bob off\n"))
        self.assertEqual(self.files.read_acl_file(), b"user bob off\n")
        self.acl.write_bytes(b"user ann wrong\n")
        with self.assertRaises(AclFileError):
            self.files.load_users()

    def test_users_that_cannot_be_written(self) -> None:
        """That is told, and nothing is left behind."""
        self.session.server.settings.aclfile = str(self.folder / "no" / "users.acl")
        self.assertFalse(self.files.write_acl_file(b"x"))
        self.assertEqual(list(self.folder.iterdir()), [])
