"""Tests of pyredis.services.append_only_flush: when is written and synced."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.aof_writer import AofWriter
from pyredis.services.append_only_flush import Flusher
from tests.commands.session import Session
from tests.persistence.faulty_files import FaultyFile
from tests.services.memory_files import Thread


class FlusherTestCase(SynchronousTestCase):
    """The end of a file in memory."""

    policy = "everysec"

    def setUp(self) -> None:
        """Make it."""
        self.session = Session(appendfsync=self.policy)
        self.server = self.session.server
        self.thread = Thread()
        self.child_is_active = False
        self.flusher = Flusher(self.server, self.thread, lambda: self.child_is_active)
        self.file = FaultyFile()
        self.writer = self.flusher.writer = AofWriter(self.file)

    def append(self, data: bytes) -> None:
        """Append something."""
        self.writer.append(data)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.session.clock.advance(seconds)
        self.server.keyspace.refresh_now()


class EverySecondTests(FlusherTestCase):
    """A sync a second, in a thread."""

    def test_it_is_written_at_once_and_synced_later(self) -> None:
        """The end of a round writes; a second later the thread is asked."""
        self.append(b"a")
        self.assertTrue(self.flusher.end_round())
        self.assertEqual(self.file.data, b"a")
        self.assertEqual(self.thread.jobs, [])
        self.advance(1)
        self.flusher.flush()
        self.assertEqual(self.flusher.pending_syncs, 1)
        self.assertEqual(self.flusher.synced_offset, 0)
        self.append(b"b")
        self.thread.run()
        self.assertEqual(self.flusher.synced_offset, 1)
        self.assertEqual(self.flusher.pending_syncs, 0)
        self.assertEqual(self.file.synced, b"a")

    def test_nothing_new_is_not_synced_again(self) -> None:
        """What is on the disk stays there."""
        self.append(b"a")
        self.flusher.flush()
        self.advance(1)
        self.flusher.flush()
        self.thread.run()
        self.advance(1)
        self.flusher.flush()
        self.assertEqual(self.thread.jobs, [])

    def test_writing_waits_for_a_slow_sync(self) -> None:
        """For two seconds; then it is written all the same, and counted."""
        self.append(b"a")
        self.advance(1)
        self.flusher.flush()
        self.append(b"b")
        for _ in range(2):
            self.flusher.flush()
            self.assertEqual(self.file.data, b"a")
            self.advance(1)
        self.flusher.flush()
        self.assertEqual(self.file.data, b"ab")
        self.assertEqual(self.flusher.delayed_syncs, 1)

    def test_what_was_put_off_is_tried_again(self) -> None:
        """As soon as the sync is over."""
        self.append(b"a")
        self.advance(1)
        self.flusher.flush()
        self.append(b"b")
        self.flusher.flush()
        self.thread.run()
        self.flusher.retry()
        self.assertEqual(self.file.data, b"ab")

    def test_force_does_not_wait(self) -> None:
        """Before a rewrite, say."""
        self.append(b"a")
        self.advance(1)
        self.flusher.flush()
        self.append(b"b")
        self.flusher.flush(force=True)
        self.assertEqual(self.file.data, b"ab")

    def test_a_sync_that_fails_refuses_writes(self) -> None:
        """Until one succeeds, which is tried again and again."""
        self.file.sync_error = errno.EIO
        self.append(b"a")
        self.advance(1)
        self.flusher.flush()
        self.thread.run()
        self.assertEqual(self.flusher.error_text, "Input/output error")
        self.assertTrue(self.server.dispatcher.special)
        self.flusher.retry()
        self.thread.run()
        self.assertIsNotNone(self.flusher.error_text)
        self.file.sync_error = 0
        self.flusher.retry()
        self.thread.run()
        self.assertIsNone(self.flusher.error_text)
        self.assertFalse(self.server.dispatcher.special)
        self.assertEqual(self.flusher.synced_offset, 1)

    def test_a_full_disk(self) -> None:
        """Writes are refused; replies leave, for nobody was promised a sync."""
        self.file.room = 0
        self.append(b"a")
        self.assertTrue(self.flusher.end_round())
        self.assertEqual(self.flusher.error_text, "No space left on device")
        self.file.room = None
        self.flusher.retry()
        self.assertIsNone(self.flusher.error_text)
        self.assertEqual(self.file.data, b"a")

    def test_a_child_may_have_the_disk_for_itself(self) -> None:
        """With no-appendfsync-on-rewrite nothing is synced meanwhile."""
        self.server.settings.no_appendfsync_on_rewrite = True
        self.child_is_active = True
        self.append(b"a")
        self.advance(2)
        self.flusher.flush()
        self.assertEqual((self.file.data, self.thread.jobs), (b"a", []))
        self.child_is_active = False
        self.flusher.flush()
        self.assertEqual(len(self.thread.jobs), 1)

    def test_going_on_in_another_file(self) -> None:
        """The one before is synced and closed, in the thread."""
        self.append(b"a")
        self.flusher.flush()
        other = FaultyFile()
        self.append(b"b")
        self.flusher.change_writer(AofWriter(other))
        self.thread.run()
        self.assertEqual((self.file.synced, self.file.is_open), (b"a", False))
        self.flusher.flush()
        self.assertEqual(other.data, b"b")

    def test_closing(self) -> None:
        """All is written, synced and given back."""
        self.append(b"a")
        self.flusher.close()
        self.assertEqual(self.file.synced, b"a")
        self.thread.run()
        self.assertFalse(self.file.is_open)
        self.flusher.close()
        self.flusher.flush()
        self.flusher.sync_now()


class AlwaysTests(FlusherTestCase):
    """A sync before any reply."""

    policy = "always"

    def test_a_round_is_synced_once(self) -> None:
        """All its commands together."""
        self.append(b"a")
        self.append(b"b")
        self.assertTrue(self.flusher.end_round())
        self.assertEqual((self.file.synced, self.file.syncs), (b"ab", 1))
        self.assertEqual(self.flusher.synced_offset, 2)
        self.assertTrue(self.flusher.end_round())
        self.assertEqual(self.file.syncs, 1)

    def test_nothing_is_acknowledged_that_is_not_on_the_disk(self) -> None:
        """The round whose writing or syncing fails has no replies."""
        for fail in ("room", "sync_error"):
            self.setUp()
            setattr(self.file, fail, 0 if fail == "room" else errno.EIO)
            self.append(b"command")
            self.assertFalse(self.flusher.end_round())
            self.assertIsNotNone(self.flusher.error_text)
            self.assertEqual(self.file.data, b"")
            # Writes are refused from now on: what is answered is no write.
            self.assertTrue(self.flusher.end_round())
            self.flusher.retry()
            self.assertIsNotNone(self.flusher.error_text)
            self.file.room, self.file.sync_error = None, 0
            self.flusher.retry()
            self.assertIsNone(self.flusher.error_text)
            self.assertEqual(self.file.synced, b"command")

    def test_a_torn_write_is_a_full_disk(self) -> None:
        """To the client, as to Redis."""
        self.file.room = 3
        self.append(b"command")
        self.assertFalse(self.flusher.end_round())
        self.assertEqual(self.flusher.error_text, "No space left on device")
        self.assertEqual(self.file.data, b"")

    def test_a_policy_that_was_changed(self) -> None:
        """What everysec had not synced yet is synced by the next round."""
        self.server.settings.appendfsync = "everysec"
        self.append(b"a")
        self.flusher.end_round()
        self.assertEqual(self.file.syncs, 0)
        self.server.settings.appendfsync = "always"
        self.assertTrue(self.flusher.end_round())
        self.assertEqual(self.file.synced, b"a")
        self.assertEqual(self.flusher.synced_offset, 1)

    def test_errors_are_forgiven_with_the_file(self) -> None:
        """A new file begins without those of the old one."""
        self.file.room = 0
        self.append(b"a")
        self.flusher.end_round()
        self.flusher.forgive()
        self.assertIsNone(self.flusher.error_text)
        self.assertFalse(self.server.dispatcher.special)


class NeverTests(FlusherTestCase):
    """No sync but at the end."""

    policy = "no"

    def test_only_written(self) -> None:
        """The system decides when it is on the disk."""
        self.append(b"a")
        self.flusher.end_round()
        self.advance(5)
        self.flusher.flush()
        self.assertEqual((self.file.data, self.file.syncs, self.thread.jobs), (b"a", 0, []))
