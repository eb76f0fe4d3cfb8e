"""Consumer groups."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.stream_groups import NEVER, ConsumerGroup


class ConsumerGroupTests(SynchronousTestCase):
    """Who has what."""

    def setUp(self) -> None:
        """Make a group of two consumers."""
        self.group = ConsumerGroup(0)
        self.alice = self.group.create_consumer(b"alice", 5)
        self.bob = self.group.create_consumer(b"bob", 6)

    def test_a_new_consumer_was_seen_and_never_active(self) -> None:
        """It got nothing yet."""
        self.assertEqual((self.alice.seen_ms, self.alice.active_ms), (5, NEVER))

    def test_an_entry_has_one_consumer(self) -> None:
        """Assigning it again takes it from the one who had it."""
        self.group.assign(1, self.alice, 10, 1)
        self.group.assign(1, self.bob, 20, 3)

        entry = self.group.pending[1]
        self.assertEqual((entry.consumer, entry.delivered_ms, entry.deliveries), (self.bob, 20, 3))
        self.assertEqual((list(self.alice.pending), list(self.bob.pending)), ([], [1]))
        self.assertEqual(list(self.group.order), [1])

    def test_acknowledging(self) -> None:
        """An entry is forgotten once."""
        self.group.assign(1, self.alice, 10, 1)
        self.group.assign(2, self.alice, 10, 1)

        self.assertTrue(self.group.acknowledge(1))
        self.assertFalse(self.group.acknowledge(1))
        self.assertEqual((list(self.alice.pending), list(self.group.order)), ([2], [2]))

    def test_deleting_a_consumer_deletes_what_it_had(self) -> None:
        """The others keep theirs."""
        self.group.assign(1, self.alice, 10, 1)
        self.group.assign(2, self.bob, 10, 1)

        self.assertEqual(self.group.delete_consumer(b"alice"), 1)
        self.assertEqual(list(self.group.order), [2])
        self.assertEqual([*self.group.consumers], [b"bob"])

    def test_releasing_says_what_is_left_of_the_limit(self) -> None:
        """Pending entries are dropped up to about the limit."""
        for entry_id in range(10):
            self.group.assign(entry_id, self.alice, 10, 1)

        self.assertLessEqual(self.group.release(4), 0)
        self.assertEqual(len(self.group.pending), 6)
        self.assertGreater(self.group.release(1000), 0)
        self.assertEqual((len(self.group.order), len(self.alice.pending)), (0, 0))
