"""Tests of pyredis.keyspace.events."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace import events
from pyredis.keyspace.events import parse_event_classes


class EventClassTests(SynchronousTestCase):
    """The letters of notify-keyspace-events."""

    def test_each_letter_is_a_class_of_its_own(self) -> None:
        """No two letters but ``A`` overlap."""
        classes = [parse_event_classes(letter) for letter in events.LETTERS if letter != "A"]

        self.assertEqual(sum(classes), events.NEW * 8 - 1)
        self.assertEqual(len(set(classes)), len(classes))

    def test_all_leaves_out_misses_and_new_keys(self) -> None:
        """As in Redis, and says nothing about where to publish."""
        every = parse_event_classes("A")

        self.assertEqual(every, parse_event_classes("g$lshzxetd"))
        for letter in "mnKE":
            self.assertFalse(every & parse_event_classes(letter))

    def test_letters_add_up(self) -> None:
        """In any order, and twice is once."""
        self.assertEqual(parse_event_classes("Kgx"), parse_event_classes("xgKK"))
        self.assertEqual(parse_event_classes(""), 0)

    def test_an_unknown_letter_is_refused(self) -> None:
        """It is named."""
        error = self.assertRaises(ValueError, parse_event_classes, "KEq")

        self.assertIn("'q'", str(error))
