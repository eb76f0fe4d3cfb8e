"""Tests of pyredis.keyspace.expiry."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.keyspace.expiry import Deadlines

START = 1_700_000_000_000

# Few enough to be brought near all at once, so that their order is exact.
KEYS = st.integers(0, 18).map(lambda number: b"k%d" % number)
# Of the same millisecond, the same second, the next ones, far away and long ago.
DEADLINES = st.one_of(
    st.integers(START, START + 5),
    st.integers(START, START + 5000),
    st.integers(START, START + 10**9),
    st.sampled_from([0, 1, -5, -(2**63), 2**63 - 1]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, DEADLINES),
        st.tuples(st.just("put each"), st.lists(KEYS, max_size=5), DEADLINES),
        st.tuples(st.just("drop"), KEYS),
        st.tuples(st.just("drop each"), st.lists(KEYS, max_size=5)),
        st.tuples(st.just("ask"), st.lists(KEYS, max_size=5), st.integers(0, 3000)),
        st.tuples(st.just("take"), st.integers(0, 3000), st.integers(1, 40)),
    ),
    max_size=60,
)


def near(deadlines: Deadlines) -> int:
    """Return how many keys wait in slots of their millisecond."""
    return sum(map(len, deadlines._near.slots.values()))


class DeadlinesTests(SynchronousTestCase):
    """Keys, and the order in which they are due."""

    def test_it_is_a_dict_of_deadlines(self) -> None:
        """It is read as a dict; a second deadline replaces the first."""
        deadlines = Deadlines()
        deadlines.put(b"a", START)
        deadlines.put(b"b", START + 5)
        deadlines.put(b"a", START + 10)

        self.assertEqual(deadlines, {b"a": START + 10, b"b": START + 5})
        self.assertEqual(deadlines.get(b"c"), None)

    def test_drop_tells_whether_there_was_one(self) -> None:
        """A deadline can be dropped once."""
        deadlines = Deadlines()
        deadlines.put(b"a", START)

        self.assertTrue(deadlines.drop(b"a"))
        self.assertFalse(deadlines.drop(b"a"))
        self.assertEqual(deadlines.take_due(START + 1, 10), [])

    def test_a_key_is_due_behind_its_deadline(self) -> None:
        """In the millisecond of its deadline itself a key is still alive, as in Redis."""
        deadlines = Deadlines()
        deadlines.put(b"a", START)

        self.assertEqual(deadlines.take_due(START, 10), [])
        self.assertEqual(deadlines.take_due(START + 1, 10), [b"a"])
        self.assertEqual(deadlines, {})

    def test_the_earliest_come_first(self) -> None:
        """To the millisecond, soon and later."""
        deadlines = Deadlines()
        for delay in (5000, 30, 2, 100_000, 1, 31):
            deadlines.put(b"%d" % delay, START + delay)

        self.assertEqual(deadlines.take_due(START + 6000, 3), [b"1", b"2", b"30"])
        self.assertEqual(deadlines.take_due(START + 6000, 3), [b"31", b"5000"])
        self.assertEqual(list(deadlines), [b"100000"])

    def test_a_deadline_can_move_nearer_and_farther(self) -> None:
        """Also shortly before its time."""
        deadlines = Deadlines()
        deadlines.put(b"a", START + 900)
        deadlines.put(b"b", START + 900)
        self.assertEqual(deadlines.take_due(START + 1, 10), [])

        deadlines.put(b"a", START + 5)
        deadlines.put(b"b", START + 50_000)

        self.assertEqual(deadlines.take_due(START + 1000, 10), [b"a"])
        self.assertEqual(deadlines.take_due(START + 50_001, 10), [b"b"])

    @given(STEPS)
    def test_it_agrees_with_a_plain_dict(self, steps: list[tuple[Any, ...]]) -> None:
        """Whatever is put, moved, dropped and taken: nothing is lost, early, or out of order."""
        deadlines, model = Deadlines(), dict[bytes, int]()
        now = START
        for step, *operands in steps:
            if step == "put":
                key, deadline = operands
                deadlines.put(key, deadline)
                model[key] = deadline
            elif step == "put each":
                keys, deadline = operands
                deadlines.put_each(keys, deadline)
                model.update(dict.fromkeys(keys, deadline))
            elif step == "drop each":
                (keys,) = operands
                deadlines.drop_each(keys)
                for key in keys:
                    model.pop(key, None)
            elif step == "ask":
                keys, later = operands
                due = any(model.get(key, now + later) < now + later for key in keys)
                self.assertEqual(deadlines.are_any_due(keys, now + later), due)
            elif step == "drop":
                (key,) = operands
                self.assertEqual(deadlines.drop(key), key in model)
                model.pop(key, None)
            else:
                elapsed, limit = operands
                now += elapsed
                taken = deadlines.take_due(now, limit)
                all_due = sorted(deadline for deadline in model.values() if deadline < now)
                # Moments, not keys: those of one moment come in any order.
                self.assertEqual([model.pop(key) for key in taken], all_due[:limit])
            self.assertEqual(deadlines, model)

        self.assertEqual(sorted(deadlines.take_due(2**63, 100)), sorted(model))
        self.assertEqual(deadlines.take_due(2**63, 100), [])

    def test_a_slice_is_bounded_however_many_are_due_at_once(self) -> None:
        """Of very many keys due together a call looks at a few for each that it returns."""
        deadlines = Deadlines()
        for number in range(20_000):
            deadlines.put(b"%d" % number, START + number % 1000)

        self.assertEqual(deadlines.take_due(START - 100, 10), [])
        self.assertLessEqual(near(deadlines), 200)

        taken = deadlines.take_due(START + 5000, 10)
        self.assertEqual(len(taken), 10)
        self.assertLessEqual(near(deadlines), 400)

        rounds = 1
        while more := deadlines.take_due(START + 5000, 10):
            taken += more
            rounds += 1
        self.assertEqual((rounds, len(set(taken)), deadlines), (2000, 20_000, {}))

    def test_far_deadlines_cost_nothing(self) -> None:
        """What is due in an hour is not looked at now."""
        deadlines = Deadlines()
        for number in range(1000):
            deadlines.put(b"%d" % number, START + 3_600_000 + number)

        self.assertEqual(deadlines.take_due(START, 100), [])
        self.assertEqual(near(deadlines), 0)

    def test_keys_that_move_on_leave_nothing_behind(self) -> None:
        """A deadline that is moved again and again takes the room of one."""
        deadlines = Deadlines()
        for number in range(10_000):
            deadlines.put(b"k", START + 2000 * number)

        self.assertLess(len(deadlines._far.slots), 200)
        self.assertEqual(len(deadlines._far.order), len(deadlines._far.slots))

    def test_the_first_is_known(self) -> None:
        """Near or far, whatever was dropped; far ones within eight seconds."""
        deadlines = Deadlines()
        for number in range(10):
            deadlines.put(b"%d" % number, 1_000_000 - 20_000 * number)
        self.assertEqual(deadlines.first(), b"9")
        deadlines.drop(b"9")
        self.assertEqual(deadlines.first(), b"8")
        deadlines.take_due(840_001, 1)
        self.assertEqual(deadlines.first(), b"7")
        deadlines.put(b"near", 840_500)
        self.assertEqual(deadlines.first(), b"near")
        self.assertRaises(KeyError, Deadlines().first)

    def test_release_forgets_in_slices(self) -> None:
        """A database that was cleared frees its deadlines by and by."""
        deadlines = Deadlines()
        for number in range(100):
            deadlines.put(b"%d" % number, START + 700 * number)
        deadlines.take_due(START - 500, 1)

        sizes = []
        while deadlines:
            deadlines.release(30)
            sizes.append(len(deadlines))

        self.assertEqual(sizes, [70, 40, 10, 0])
