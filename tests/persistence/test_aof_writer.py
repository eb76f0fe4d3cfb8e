"""Tests of writing to an append-only file on a disk that fails."""

from __future__ import annotations

import errno

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.aof_writer import AofWriter, PartlyWritten
from tests.persistence.faulty_files import FaultyFile


class WriterTests(SynchronousTestCase):
    """Writing, while all goes well."""

    def setUp(self) -> None:
        """Make a file that has something in it."""
        self.file = FaultyFile(b"old")
        self.writer = AofWriter(self.file, 3)

    def test_what_was_appended_is_one_write(self) -> None:
        """Several commands leave together, in order."""
        self.writer.append(b"ab")
        self.writer.append(b"cd")
        self.assertTrue(self.writer.waits)
        self.assertEqual(self.writer.waiting_bytes, 4)
        self.assertEqual(self.writer.write(), 4)
        self.assertEqual(self.file.data, b"oldabcd")
        self.assertEqual((self.writer.size, self.writer.synced_size), (7, 3))
        self.assertFalse(self.writer.waits)

    def test_sync(self) -> None:
        """What is on the disk is known."""
        self.writer.append(b"ab")
        self.writer.write()
        self.writer.sync()
        self.assertEqual(self.writer.synced_size, 5)
        self.writer.append(b"cd")
        self.assertEqual(self.writer.write_synced(), 2)
        self.assertEqual((self.file.synced, self.writer.synced_size), (b"oldabcd", 7))

    def test_short_writes_are_continued(self) -> None:
        """A write that took a part is no error while the next takes more."""
        self.file.most_at_once = 2
        self.writer.append(b"abcde")
        self.assertEqual(self.writer.write(), 5)
        self.assertEqual(self.file.data, b"oldabcde")

    def test_waiting_may_be_dropped(self) -> None:
        """What nobody wants any more is not written."""
        self.writer.append(b"ab")
        self.writer.drop_waiting()
        self.assertEqual(self.writer.write(), 0)
        self.writer.append(b"cd")
        self.writer.write()
        self.assertEqual(self.file.data, b"oldcd")

    def test_close(self) -> None:
        """The file is given back."""
        self.writer.close()
        self.assertFalse(self.file.is_open)


class FaultTests(SynchronousTestCase):
    """Writing, while the disk fails."""

    def setUp(self) -> None:
        """Let a command wait."""
        self.file = FaultyFile(b"old")
        self.writer = AofWriter(self.file, 3)
        self.writer.append(b"command")

    def test_a_full_disk(self) -> None:
        """What was not taken waits until there is room."""
        self.file.room = 0
        error = self.assertRaises(OSError, self.writer.write)
        self.assertEqual(error.errno, errno.ENOSPC)
        self.assertTrue(self.writer.waits)
        self.file.room = None
        self.writer.append(b"!")
        self.writer.write()
        self.assertEqual(self.file.data, b"oldcommand!")

    def test_half_a_command_is_cut_off(self) -> None:
        """A disk that fills up in the middle of a command leaves no trace of it."""
        self.file.room = 4
        error = self.assertRaises(PartlyWritten, self.writer.write)
        self.assertEqual(error.errno, errno.ENOSPC)
        self.assertEqual(self.file.data, b"old")
        self.assertEqual((self.writer.size, self.writer.torn), (3, False))
        self.file.room = None
        self.writer.write()
        self.assertEqual(self.file.data, b"oldcommand")

    def test_half_a_command_that_cannot_be_cut_off(self) -> None:
        """Its other half is what is written next."""
        self.file.room = 4
        self.file.truncate_error = errno.EIO
        self.assertRaises(PartlyWritten, self.writer.write)
        self.assertEqual(self.file.data, b"oldcomm")
        self.assertTrue(self.writer.torn)
        self.file.room = None
        self.writer.append(b"!")
        self.writer.write()
        self.assertEqual(self.file.data, b"oldcommand!")
        self.assertEqual((self.writer.size, self.writer.torn), (11, False))

    def test_a_failed_sync_is_not_trusted_again(self) -> None:
        """What it was for is cut off and written again."""
        self.file.sync_error = errno.EIO
        self.assertRaises(OSError, self.writer.write_synced)
        self.assertEqual(self.file.data, b"old")
        self.assertEqual((self.writer.size, self.writer.waiting_bytes), (3, 7))
        self.file.sync_error = 0
        self.writer.write_synced()
        self.assertEqual(self.file.synced, b"oldcommand")

    def test_a_failed_sync_of_what_cannot_be_cut_off(self) -> None:
        """It is not written twice, and synced with what comes next."""
        self.file.sync_error = self.file.truncate_error = errno.EIO
        self.assertRaises(OSError, self.writer.write_synced)
        self.assertEqual(self.writer.synced_size, 3)
        self.file.sync_error = 0
        self.writer.append(b"!")
        self.writer.write_synced()
        self.assertEqual(self.file.synced, b"oldcommand!")
        self.assertEqual(self.writer.synced_size, 11)

    @given(
        st.lists(
            st.tuples(
                st.binary(max_size=6),
                st.one_of(st.none(), st.integers(0, 8)),
                st.sampled_from((0, errno.EIO)),
                st.sampled_from((0, errno.EIO)),
            ),
            max_size=20,
        )
    )
    def test_nothing_is_lost_or_doubled(
        self, rounds: list[tuple[bytes, int | None, int, int]]
    ) -> None:
        """Whatever fails and when, in the end the file holds what was appended, once."""
        file = FaultyFile()
        writer = AofWriter(file)
        expected = b""
        for data, room, sync_error, truncate_error in rounds:
            file.room, file.sync_error, file.truncate_error = room, sync_error, truncate_error
            if data:
                writer.append(data)
                expected += data
            try:
                writer.write_synced()
            except OSError:
                self.assertTrue(expected.startswith(bytes(file.data)))
            else:
                self.assertEqual(file.synced, expected)
        file.room, file.sync_error = None, 0
        writer.write_synced()
        self.assertEqual(file.synced, expected)
        self.assertEqual(writer.size, len(expected))
