"""Tests of pyredis.services.append_only_files: the directory of the append-only file."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import Settings
from pyredis.services.append_only_files import AppendOnlyError, AppendOnlyFiles
from tests.services.memory_files import MemoryFiles

MANIFEST = "/data/aofs/a.aof.manifest"
ONE = b"file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n"


class FilesTestCase(SynchronousTestCase):
    """A directory in memory."""

    def setUp(self) -> None:
        """Make it."""
        self.files = MemoryFiles()
        settings = Settings("/data")
        settings.appenddirname = "aofs"
        settings.appendfilename = "a.aof"
        self.settings = settings
        self.directory = AppendOnlyFiles(settings, self.files)

    def put_one(self) -> None:
        """Let there be a base and an increment."""
        self.files.put(MANIFEST, ONE)
        self.files.put("/data/aofs/a.aof.1.base.rdb", b"base")
        self.files.put("/data/aofs/a.aof.1.incr.aof", b"incr!")
        self.directory.read_manifest()


class ReadingTests(FilesTestCase):
    """What there is."""

    def test_nothing(self) -> None:
        """No directory is no append-only file."""
        self.directory.read_manifest()
        self.assertEqual(self.directory.manifest.parts, [])
        self.assertEqual(self.directory.sizes(), {})

    def test_sizes(self) -> None:
        """Of all that is to be loaded."""
        self.put_one()
        self.assertEqual(self.directory.sizes(), {"a.aof.1.base.rdb": 4, "a.aof.1.incr.aof": 5})
        self.assertEqual(self.directory.size_of("a.aof.1.incr.aof"), 5)

    def test_what_is_missing_is_fatal(self) -> None:
        """A file that the manifest names has to be there."""
        self.put_one()
        self.files.remove("/data/aofs/a.aof.1.base.rdb")
        self.assertRaises(AppendOnlyError, self.directory.sizes)
        self.assertEqual(self.directory.size_of("a.aof.1.base.rdb"), 0)

    def test_a_manifest_that_cannot_be_used(self) -> None:
        """It is wrong, or cannot be read."""
        self.files.put(MANIFEST, b"file ../x seq 1 type b\n")
        self.assertRaises(AppendOnlyError, self.directory.read_manifest)
        self.files.put(MANIFEST, b"")
        self.assertRaises(AppendOnlyError, self.directory.read_manifest)
        self.files.failing["read_all"] = errno.EIO
        self.assertRaises(AppendOnlyError, self.directory.read_manifest)


class UpgradeTests(FilesTestCase):
    """The single file of older versions."""

    def test_it_is_moved(self) -> None:
        """It becomes the base, under its own name."""
        self.files.put("/data/a.aof", b"old")
        self.directory.upgrade()
        self.assertEqual(self.files.names, ["/data/aofs/a.aof", MANIFEST])
        self.assertEqual(self.files.data(MANIFEST), b"file a.aof seq 1 type b\n")

    def test_it_is_moved_if_that_was_interrupted(self) -> None:
        """The manifest names it, and it is not there yet."""
        self.files.put("/data/a.aof", b"old")
        self.files.put(MANIFEST, b"file a.aof seq 1 type b\n")
        self.directory.read_manifest()
        self.directory.upgrade()
        self.assertEqual(self.files.names, ["/data/aofs/a.aof", MANIFEST])

    def test_it_stays_where_there_is_another(self) -> None:
        """What the directory has counts."""
        self.put_one()
        self.files.put("/data/a.aof", b"old")
        self.directory.upgrade()
        self.assertIn("/data/a.aof", self.files.names)
        self.files.put(MANIFEST, b"file a.aof seq 1 type b\n")
        self.files.put("/data/aofs/a.aof", b"newer")
        self.directory.read_manifest()
        self.directory.upgrade()
        self.assertEqual(self.files.data("/data/a.aof"), b"old")

    def test_it_cannot_be_moved(self) -> None:
        """That is fatal, and can be tried again."""
        self.files.put("/data/a.aof", b"old")
        self.files.failing["rename a.aof"] = errno.EACCES
        self.assertRaises(AppendOnlyError, self.directory.upgrade)
        self.files.failing.clear()
        self.directory.read_manifest()
        self.directory.upgrade()
        self.assertIn("/data/aofs/a.aof", self.files.names)


class ChangingTests(FilesTestCase):
    """What there is changes in one step, or not at all."""

    def test_the_first_increment(self) -> None:
        """It is made where there is none."""
        self.directory.make_directory()
        writer = self.directory.open_last_increment()
        self.assertEqual(writer.size, 0)
        self.assertEqual(self.files.data(MANIFEST), b"file a.aof.1.incr.aof seq 1 type i\n")

    def test_the_last_increment(self) -> None:
        """It is gone on with behind what it has."""
        self.put_one()
        self.assertEqual(self.directory.open_last_increment().size, 5)
        self.assertEqual(self.files.data(MANIFEST), ONE)

    def test_a_rewrite(self) -> None:
        """A new increment, then a new base; the rest is history, and gone."""
        self.put_one()
        self.directory.open_next_increment()
        self.assertIn(b"a.aof.2.incr.aof seq 2 type i", self.files.data(MANIFEST))
        self.files.put("/data/temp", b"new base")
        name = self.directory.take_base("/data/temp", as_rdb=False, is_on=True, was_temporary=False)
        self.assertEqual(name, "a.aof.2.base.aof")
        self.assertIn(b"seq 1 type h", self.files.data(MANIFEST))
        self.directory.remove_history()
        self.assertEqual(
            self.files.names,
            ["/data/aofs/a.aof.2.base.aof", "/data/aofs/a.aof.2.incr.aof", MANIFEST],
        )
        self.assertNotIn(b"type h", self.files.data(MANIFEST))

    def test_the_first_rewrite(self) -> None:
        """What was gathered meanwhile gets a number."""
        self.directory.make_directory()
        self.directory.open_temporary_increment()
        self.assertEqual(self.files.names, ["/data/aofs/temp-a.aof.incr"])
        self.files.put("/data/temp", b"new base")
        self.directory.take_base("/data/temp", as_rdb=True, is_on=True, was_temporary=True)
        self.assertEqual(self.files.data(MANIFEST), ONE)
        self.assertEqual(len(self.files.names), 3)

    def test_history_may_be_kept(self) -> None:
        """Where the configuration says so."""
        self.put_one()
        self.settings.aof_disable_auto_gc = True
        self.files.put("/data/temp", b"new base")
        self.directory.take_base("/data/temp", as_rdb=True, is_on=False, was_temporary=False)
        self.directory.remove_history()
        self.assertIn("/data/aofs/a.aof.1.incr.aof", self.files.names)
        self.settings.aof_disable_auto_gc = False
        self.directory.remove_history()
        self.assertNotIn("/data/aofs/a.aof.1.incr.aof", self.files.names)

    def test_whatever_fails_the_old_manifest_holds(self) -> None:
        """At every step of a new increment and of a new base."""
        for failing in ("open_to_append", "write", "sync", "rename", "sync_directory"):
            self.put_one()
            self.files.failing = {failing: errno.EIO}
            self.assertRaises(AppendOnlyError, self.directory.open_next_increment)
            self.assertEqual(self.directory.manifest.to_bytes(), ONE, failing)
        for failing in ("rename a.aof.2.base.rdb", "rename a.aof.manifest", "sync"):
            self.files.failing = {}
            self.put_one()
            self.files.put("/data/temp", b"new base")
            self.files.failing = {failing: errno.EIO}
            self.assertRaises(
                AppendOnlyError,
                self.directory.take_base,
                "/data/temp",
                as_rdb=True,
                is_on=True,
                was_temporary=False,
            )
            self.assertEqual(self.directory.manifest.to_bytes(), ONE)
            self.assertEqual(self.files.data(MANIFEST), ONE)
            self.assertNotIn("/data/aofs/a.aof.2.base.rdb", self.files.names)

    def test_a_directory_that_cannot_be_made(self) -> None:
        """Says why."""
        self.files.failing["make_directory"] = errno.EACCES
        self.assertRaises(AppendOnlyError, self.directory.make_directory)

    def test_what_cannot_be_removed_is_left(self) -> None:
        """It is superfluous, not wrong."""
        self.directory.make_directory()
        self.directory.open_temporary_increment()
        self.files.failing["remove"] = errno.EACCES
        self.directory.remove_temporary_increment()
        self.assertEqual(len(self.files.names), 1)
        self.files.failing.clear()
        self.directory.remove_temporary_increment()
        self.assertEqual(self.files.names, [])
