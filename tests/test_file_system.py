"""Tests of pyredis.file_system, on a real one."""

from __future__ import annotations

import os
import shutil
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from pyredis.file_system import FileSystem


class FileSystemTests(SynchronousTestCase):
    """Files in a directory that is new."""

    def setUp(self) -> None:
        """Make it."""
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        self.files = FileSystem()
        self.path = os.path.join(self.root, "file")

    def test_appending(self) -> None:
        """What is there stays, unless it is to be emptied; a file can be cut off."""
        for empty, expected in ((False, b"ab"), (False, b"abab"), (True, b"ab")):
            file = self.files.open_to_append(self.path, empty=empty)
            self.assertEqual(file.write(b"ab"), 2)
            file.sync()
            file.close()
            self.assertEqual(self.files.read_all(self.path, 100), expected)
        file = self.files.open_to_append(self.path)
        file.truncate(1)
        file.write(b"c")
        file.close()
        self.assertEqual(self.files.size(self.path), 2)
        self.files.truncate(self.path, 1)
        self.assertEqual(self.files.read_all(self.path, 100), b"a")

    def test_reading(self) -> None:
        """In portions, to the end."""
        self.files.open_to_append(self.path).write(b"abc")
        file = self.files.open_to_read(self.path)
        self.assertEqual([file.read(2), file.read(2), file.read(2)], [b"ab", b"c", b""])
        file.close()
        self.assertEqual(self.files.read_all(self.path, 2), b"ab")

    def test_names(self) -> None:
        """Files and directories come and go."""
        directory = os.path.join(self.root, "directory")
        self.assertFalse(self.files.exists(directory))
        for _ in range(2):
            self.files.make_directory(directory)
        self.assertTrue(self.files.is_directory(directory))
        self.files.open_to_append(self.path).close()
        self.files.rename(self.path, os.path.join(directory, "other"))
        self.files.sync_directory(directory)
        self.assertTrue(self.files.exists(os.path.join(directory, "other")))
        for _ in range(2):
            self.files.remove(os.path.join(directory, "other"))
        self.assertEqual(os.listdir(directory), [])

    def test_what_is_not_there(self) -> None:
        """The error is that of the system."""
        self.assertRaises(FileNotFoundError, self.files.size, self.path)
        self.assertRaises(FileNotFoundError, self.files.open_to_read, self.path)
