"""What objects held, held again."""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from threading import Lock
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.testing.pristine import CannotRemember, Pristine


class Outside:
    """What is not to be touched."""

    def __init__(self) -> None:
        self.count = 0


class Slotted:
    """An object without a dict."""

    __slots__ = ("given", "missing")

    def __init__(self) -> None:
        self.given: Any = 1


class Filled:
    """An object whose only slot has a value."""

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given: Any = 1


class Plain:
    """An object that holds one of each kind."""

    def __init__(self) -> None:
        self.number: Any = 1
        self.items: Any = [1, [2]]
        self.pairs: Any = {"a": 1, "b": {"c": 2}}
        self.members = {1, 2}
        self.queue = deque([1, 2], maxlen=3)
        self.counter = Counter("aab")
        self.buffer = bytearray(b"abc")
        self.slotted = Slotted()
        self.filled = Filled()
        self.outside = Outside()
        self.count, self.counted = self.closure()
        self.partial = partial(dict, [("k", [1])])
        self.append = self.items.append

    @staticmethod
    def closure() -> Any:
        """Return two functions that share a variable."""
        number = 0

        def count() -> None:
            nonlocal number
            number += 1

        return count, lambda: number


class PristineTests(SynchronousTestCase):
    """Remembering and restoring."""

    def setUp(self) -> None:
        """Remember one of each."""
        self.one = Plain()
        self.pristine = Pristine(
            self.one, (Outside,), lambda kind: kind in (Plain, Slotted, Filled)
        )

    def test_attributes(self) -> None:
        """Changed ones are as they were, new ones are gone, deleted ones are there again."""
        self.one.number = 2
        self.one.more = 3  # type: ignore[attr-defined]
        items = self.one.items
        del self.one.items
        self.pristine.restore()
        self.assertEqual(self.one.number, 1)
        self.assertFalse(hasattr(self.one, "more"))
        self.assertIs(self.one.items, items)

    def test_slots(self) -> None:
        """Changed ones are as they were, and those without a value have none again."""
        self.one.slotted.given = 2
        self.one.slotted.missing = 3  # type: ignore[attr-defined]
        self.pristine.restore()
        self.assertEqual(self.one.slotted.given, 1)
        self.assertFalse(hasattr(self.one.slotted, "missing"))
        del self.one.slotted.given
        del self.one.filled.given
        self.pristine.restore()
        self.assertEqual((self.one.slotted.given, self.one.filled.given), (1, 1))

    def test_containers(self) -> None:
        """All of them, those within others, and those reached through functions."""
        one = self.one
        one.items[1].append(3)
        one.append(4)
        one.pairs["b"]["d"] = one.pairs.pop("a")
        one.members.add(3)
        one.queue.extend([3, 4])
        one.counter["a"] += 1
        one.buffer += b"d"
        one.partial.args[0][0][1].append(2)
        self.pristine.restore()
        self.assertEqual(one.items, [1, [2]])
        self.assertEqual(list(one.pairs.items()), [("a", 1), ("b", {"c": 2})])
        self.assertEqual((one.members, one.queue), ({1, 2}, deque([1, 2])))
        self.assertEqual((one.counter, one.buffer), (Counter("aab"), b"abc"))
        self.assertEqual(one.partial(), {"k": [1]})

    def test_a_container_put_in_anothers_place(self) -> None:
        """The old one is there again, with what it held."""
        old, self.one.pairs = self.one.pairs, {"new": 1}
        old.clear()
        self.pristine.restore()
        self.assertIs(self.one.pairs, old)
        self.assertEqual(len(old), 2)

    def test_variables_of_functions(self) -> None:
        """What functions share is as it was."""
        self.one.count()
        self.pristine.restore()
        self.assertEqual(self.one.counted(), 0)

    def test_as_often_as_one_likes(self) -> None:
        """What was restored may be changed and restored again."""
        for _ in range(3):
            self.one.items.clear()
            self.pristine.restore()
            self.assertEqual(self.one.items, [1, [2]])

    def test_the_world_is_left_alone(self) -> None:
        """What is named as outside goes on as it is."""
        self.one.outside.count = 7
        self.pristine.restore()
        self.assertEqual(self.one.outside.count, 7)

    def test_what_cannot_be_remembered(self) -> None:
        """Something unknown is refused by the name of its type, wherever it is."""
        self.one.items[1].append(Lock())
        error = self.assertRaises(
            CannotRemember,
            Pristine,
            self.one,
            (Outside,),
            lambda kind: kind in (Plain, Slotted, Filled),
        )
        self.assertEqual(str(error), "_thread.lock")
