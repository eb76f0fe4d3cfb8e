"""Tests of pyredis.datatypes.field_deadlines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.field_deadlines import FieldDeadlines

_FIELDS = st.sampled_from([b"a", b"b", b"c", b"d"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _FIELDS, st.integers(0, 20)),
        st.tuples(st.just("pop"), _FIELDS, st.just(0)),
        st.tuples(st.just("due"), st.none(), st.integers(0, 20)),
    ),
    max_size=60,
)


class FieldDeadlinesTests(SynchronousTestCase):
    """Deadlines of fields, and the earliest of them."""

    def test_the_earliest_is_found(self) -> None:
        """Also after deadlines were moved and taken away."""
        deadlines = FieldDeadlines()
        self.assertIsNone(deadlines.next_deadline())
        deadlines.put(b"a", 30)
        deadlines.put(b"b", 10)
        deadlines.put(b"c", 20)
        self.assertEqual(deadlines.next_deadline(), 10)
        deadlines.put(b"b", 40)
        self.assertEqual(deadlines.next_deadline(), 20)
        del deadlines[b"c"]
        self.assertEqual(deadlines.next_deadline(), 30)

    def test_what_is_due_is_taken_earliest_first(self) -> None:
        """A field lives up to its very deadline."""
        deadlines = FieldDeadlines()
        for field, deadline in ((b"a", 3), (b"b", 1), (b"c", 2), (b"d", 4)):
            deadlines.put(field, deadline)
        self.assertEqual(deadlines.take_due(1), [])
        self.assertEqual(deadlines.take_due(9, limit=2), [b"b", b"c"])
        self.assertEqual(deadlines.take_due(4), [b"a"])
        self.assertEqual(dict(deadlines), {b"d": 4})

    def test_a_copy_lives_on_its_own(self) -> None:
        """Neither sees what happens to the other."""
        deadlines = FieldDeadlines()
        deadlines.put(b"a", 1)
        twin = deadlines.copy()
        self.assertEqual(deadlines.take_due(5), [b"a"])
        self.assertEqual(twin.take_due(5), [b"a"])

    def test_moving_deadlines_does_not_pile_up(self) -> None:
        """What is out of date is forgotten in time."""
        deadlines = FieldDeadlines()
        for number in range(10_000):
            deadlines.put(b"f%d" % (number % 10), number)
        self.assertLess(len(deadlines._order), 100)
        self.assertEqual(deadlines.next_deadline(), 9990)

    def test_very_many_are_taken_at_once(self) -> None:
        """In the same order, and leaving the others."""
        deadlines = FieldDeadlines()
        for number in range(5000):
            deadlines.put(b"%d" % number, 5000 - number)
        taken = deadlines.take_due(4001)
        self.assertEqual(taken, [b"%d" % number for number in range(4999, 999, -1)])
        self.assertEqual((len(deadlines), deadlines.next_deadline()), (1000, 4001))

    @given(_STEPS)
    def test_any_sequence(self, steps: list[tuple[str, bytes, int]]) -> None:
        """It does what a plain dict searched through would do."""
        deadlines = FieldDeadlines()
        model: dict[bytes, int] = {}
        for action, field, number in steps:
            if action == "put":
                deadlines.put(field, number)
                model[field] = number
            elif action == "pop":
                self.assertEqual(deadlines.pop(field, None), model.pop(field, None))
            else:
                due = {f for f, deadline in model.items() if deadline < number}
                taken = deadlines.take_due(number)
                self.assertEqual(set(taken), due)
                self.assertEqual([model[f] for f in taken], sorted(model[f] for f in due))
                for f in due:
                    del model[f]
            self.assertEqual(dict(deadlines), model)
            self.assertEqual(deadlines.next_deadline(), min(model.values(), default=None))
