"""Tests of the manifest of an append-only file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.aof_manifest import (
    BASE,
    HISTORY,
    INCREMENT,
    Manifest,
    ManifestError,
    Part,
    parse_manifest,
    temporary_increment_name,
)

TEXT = (
    b"file a.aof.2.base.rdb seq 2 type b\n"
    b"file a.aof.1.base.rdb seq 1 type h\n"
    b"file a.aof.1.incr.aof seq 1 type h\n"
    b"file a.aof.2.incr.aof seq 2 type i\n"
    b"file a.aof.4.incr.aof seq 4 type i\n"
)


class ParseManifestTests(SynchronousTestCase):
    """What is read, and what is refused with Redis' words."""

    def test_files_are_told_apart_by_their_kind(self) -> None:
        """Base, increments and history are found in their places, with the last numbers."""
        manifest = parse_manifest(TEXT)
        self.assertEqual(manifest.base, Part("a.aof.2.base.rdb", 2, BASE))
        self.assertEqual([part.sequence for part in manifest.increments], [2, 4])
        self.assertEqual([part.sequence for part in manifest.history], [1, 1])
        self.assertEqual((manifest.base_sequence, manifest.increment_sequence), (2, 4))
        self.assertFalse(manifest.is_changed)

    def test_what_is_written_is_read_back(self) -> None:
        """A manifest is written as it was read."""
        self.assertEqual(parse_manifest(TEXT).to_bytes(), TEXT)

    def test_comments_and_unknown_words_are_passed_over(self) -> None:
        """A later version may say more."""
        manifest = parse_manifest(b"# hello\nFILE a.1.base.rdb Seq 1 TYPE base newkey newvalue\n")
        self.assertEqual(manifest.base, Part("a.1.base.rdb", 1, BASE))

    def test_quoted_names(self) -> None:
        """A name with blanks and line feeds is written in quotes."""
        manifest = Manifest()
        manifest.new_base(" file seq \n\n.aof ", as_rdb=True)
        line = b'file " file seq \\n\\n.aof .1.base.rdb" seq 1 type b\n'
        self.assertEqual(manifest.to_bytes(), line)
        self.assertEqual(parse_manifest(line).base, manifest.base)

    def test_what_is_refused(self) -> None:
        """Each mistake has its words, and the line it is in."""
        good = b"file a.1.incr.aof seq 1 type i\n"
        for text, message, number in (
            (b"", "Found an empty AOF manifest", 0),
            (good + b"\n", "Invalid AOF manifest file format", 2),
            (good.replace(b"file", b"filx"), "Invalid AOF manifest file format", 1),
            (b"file a.1.incr.aof type i\n", "Invalid AOF manifest file format", 1),
            (b"file a.1.incr.aof seq 1 type i odd\n", "Invalid AOF manifest file format", 1),
            (b"file a.1.incr.aof seq zero type i\n", "Invalid AOF manifest file format", 1),
            (b'file a.1.incr.aof seq 1 type ""\n', "Invalid AOF manifest file format", 1),
            (b'file "a seq 1 type i\n', "Invalid AOF manifest file format", 1),
            (good.replace(b"type i", b"type x"), "Unknown AOF file type", 1),
            (good + good, "Found a non-monotonic sequence number", 2),
            (2 * good.replace(b"type i", b"type b"), "Found duplicate base file information", 2),
            (good[:-1], "The AOF manifest file contains too long line", 0),
            (b"file " + b"a" * 1020 + b"\n", "The AOF manifest file contains too long line", 0),
        ):
            error = self.assertRaises(ManifestError, parse_manifest, text)
            self.assertEqual((str(error), error.number), (message, number), text)

    def test_no_name_leads_out_of_the_directory(self) -> None:
        """A name is a name, and neither a path nor a directory."""
        for name in (b"../x", b"/etc/passwd", b"a/b", b"a\\\\b", b"..", b".", b'"a\\x00b"'):
            error = self.assertRaises(
                ManifestError, parse_manifest, b"file %b seq 1 type i\n" % name
            )
            self.assertEqual(str(error), "File can't be a path, just a filename")
            self.assertEqual(error.number, 1)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        """Nothing but a ManifestError comes of bytes that mean nothing."""
        try:
            manifest = parse_manifest(data)
        except ManifestError:
            return
        if manifest.parts or manifest.history:
            self.assertEqual(parse_manifest(manifest.to_bytes()).parts, manifest.parts)


class ManifestTests(SynchronousTestCase):
    """How a manifest changes in the life of a server."""

    def test_from_the_first_file_to_a_rewrite(self) -> None:
        """A new base retires the old one and the increments before the last."""
        manifest = Manifest()
        self.assertEqual(manifest.new_base("a", as_rdb=False).name, "a.1.base.aof")
        manifest.new_increment("a")
        manifest.new_increment("a")
        manifest.new_base("a", as_rdb=True)
        manifest.retire_increments(keep_last=True)
        self.assertEqual([part.name for part in manifest.parts], ["a.2.base.rdb", "a.2.incr.aof"])
        self.assertEqual(
            [(part.name, part.kind) for part in manifest.history],
            [("a.1.incr.aof", HISTORY), ("a.1.base.aof", HISTORY)],
        )
        self.assertTrue(manifest.is_changed)
        manifest.forget_history()
        self.assertEqual(manifest.history, [])

    def test_all_increments_may_be_retired(self) -> None:
        """Nothing is kept when nothing is being written."""
        manifest = parse_manifest(TEXT)
        manifest.retire_increments(keep_last=False)
        self.assertEqual(manifest.increments, [])
        self.assertEqual(len(manifest.history), 4)
        self.assertEqual(manifest.new_increment("a.aof").kind, INCREMENT)
        self.assertEqual(manifest.increments[0].sequence, 5)

    def test_a_copy_changes_by_itself(self) -> None:
        """What fails is thrown away with the copy it was tried on."""
        manifest = parse_manifest(TEXT)
        twin = manifest.copy()
        twin.new_base("a.aof", as_rdb=True)
        twin.retire_increments(keep_last=True)
        self.assertEqual(manifest.to_bytes(), TEXT)

    def test_a_file_of_an_older_version_becomes_the_base(self) -> None:
        """It keeps its name."""
        manifest = Manifest()
        manifest.adopt_base("appendonly.aof")
        self.assertEqual(manifest.to_bytes(), b"file appendonly.aof seq 1 type b\n")

    def test_the_name_before_there_is_a_base(self) -> None:
        """It is Redis' own, so that its leftovers are known."""
        self.assertEqual(temporary_increment_name("a.aof"), "temp-a.aof.incr")
