"""
Lists: O(1) at both ends and by index, ranges at the speed of C.

A list is two Python lists back to back: ``_front`` holds the first elements in
reverse order, ``_back`` the rest.  Both ends are then ends of a Python list.
When the one that is popped from runs out it takes half of the other, so a
drain costs O(1) a pop whichever way it goes.

The encoding reported is that of Redis: a listpack until it is too long, a
quicklist from then on, and a listpack again when it has shrunk far enough (see
:mod:`pyredis.datatypes.quicklist_nodes`).  For the first, an upper bound of the
listpack's size is kept and made exact only when it meets the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import ClassVar

from pyredis.datatypes.encodings import (
    LIST_NODE_LIMITS,
    LISTPACK_OVERHEAD,
    EncodingLimits,
    listpack_entry_size,
)
from pyredis.datatypes.quicklist_nodes import QuicklistNodes

_ENTRY_OVERHEAD = 10  # no entry of a listpack takes more besides its bytes


class ListValue:
    """A sequence of byte strings."""

    __slots__ = ("_back", "_front", "_nodes", "_size_bound")

    type_name: ClassVar[str] = "list"

    def __init__(self) -> None:
        self._front: list[bytes] = []  # reversed
        self._back: list[bytes] = []
        self._nodes: QuicklistNodes | None = None  # None while a listpack
        self._size_bound = LISTPACK_OVERHEAD  # a listpack of this list is not larger

    @classmethod
    def of(
        cls, elements: Iterable[bytes], limits: EncodingLimits, *, shrinking: bool = True
    ) -> ListValue:
        """
        Return a list of these, encoded as Redis does one made at once (SORT STORE).

        Args:
            elements: What is in it.
            limits: Those of the server.
            shrinking: Whether a short one becomes a listpack, or stays a quicklist.
        """
        value = cls()
        value._back = list(elements)
        value._nodes = nodes = QuicklistNodes(limits)
        nodes.pending_right = len(value._back)
        nodes.settle(value)
        if shrinking:
            value._shrink(half=False)
        return value

    @classmethod
    def of_nodes(cls, parts: Iterable[Sequence[bytes]], limits: EncodingLimits) -> ListValue:
        """Return a list made of the nodes of a quicklist, as they are found in an RDB file."""
        value = cls()
        value._nodes = nodes = QuicklistNodes(limits)
        for part in parts:
            if part:
                value._back += part
                nodes.append_node(len(part), -1)
        value._shrink(half=False)
        return value

    @classmethod
    def of_listpack(cls, elements: list[bytes], size: int, limits: EncodingLimits) -> ListValue:
        """
        Return a list made of a single node.

        Args:
            elements: What is in it; the list keeps it.
            size: How many bytes its listpack takes, at most.
            limits: Those of the server.
        """
        fill = limits.list_max_listpack_size
        max_bytes, max_entries = LIST_NODE_LIMITS[fill]
        if len(elements) > max_entries or (size > max_bytes and fill < 0):
            return cls.of_nodes([elements], limits)
        value = cls()
        value._back = elements
        value._size_bound = size
        return value

    def copy(self) -> ListValue:
        """Return a list that shares nothing that changes with this one."""
        twin = ListValue.__new__(ListValue)
        twin._front = self._front[:]
        twin._back = self._back[:]
        twin._nodes = None if self._nodes is None else self._nodes.copy()
        twin._size_bound = self._size_bound
        return twin

    def release(self, limit: int) -> None:
        """Forget ``limit`` elements, whichever: to free a value that is gone in slices."""
        self._nodes = None
        rest = limit - len(self._back)
        del self._back[-limit:]
        if rest > 0:
            del self._front[-rest:]

    # Reading

    @property
    def encoding(self) -> str:
        """What OBJECT ENCODING calls it."""
        return "listpack" if self._nodes is None else "quicklist"

    def node_lengths(self) -> list[int]:
        """Return how many elements are in each node, for writing them as Redis would."""
        if self._nodes is None:
            return [len(self)] if self else []
        self._nodes.settle_all(self)
        return list(self._nodes.counts)

    def __len__(self) -> int:
        return len(self._front) + len(self._back)

    def __iter__(self) -> Iterator[bytes]:
        return chain(reversed(self._front), self._back)

    def __getitem__(self, index: int) -> bytes:
        """Return the element at a non-negative index."""
        place = index - len(self._front)
        if place >= 0:
            return self._back[place]
        return self._front[~index]

    def slice(self, start: int, stop: int) -> list[bytes]:
        """Return the elements from ``start`` to before ``stop``; both are non-negative."""
        if stop <= start:
            return []
        front = self._front
        size = len(front)
        if start >= size:
            return self._back[start - size : stop - size]
        if stop <= size:
            part = front[size - stop : size - start]
            part.reverse()
            return part
        part = front[: size - start]
        part.reverse()
        part += self._back[: stop - size]
        return part

    def positions(self, value: bytes, rank: int = 1, count: int = 1, maxlen: int = 0) -> list[int]:
        """
        Return where a value is found, as LPOS does.

        Args:
            value: What to look for.
            rank: The first match to return; negative ranks look from the end.
            count: How many matches to return; 0 is all.
            maxlen: How many elements to compare; 0 is all.
        """
        size = len(self)
        reach = min(maxlen, size) if maxlen else size
        found: list[int] = []
        skip = abs(rank) - 1
        index = size if rank < 0 else -1
        while not count or len(found) < count:
            if rank < 0:
                index = self._rfind(value, index, size - reach)
            else:
                index = self._find(value, index + 1, reach)
            if index < 0:
                break
            if skip:
                skip -= 1
            else:
                found.append(index)
        return found

    def _find(self, value: bytes, start: int, stop: int) -> int:
        """Return the first index of a value from ``start`` to before ``stop``, or -1."""
        front = self._front
        size = len(front)
        step = 64
        while start < size and start < stop:
            # The front lies in reverse, so it is turned round piece by piece.
            end = min(start + step, size, stop)
            part = front[size - end : size - start]
            if value in part:
                part.reverse()
                return start + part.index(value)
            start = end
            step *= 2
        if start < stop:
            try:
                return size + self._back.index(value, start - size, stop - size)
            except ValueError:
                pass
        return -1

    def _rfind(self, value: bytes, stop: int, start: int) -> int:
        """Return the last index of a value from ``start`` to before ``stop``, or -1."""
        back = self._back
        size = len(self._front)
        step = 64
        while stop > size and stop > start:
            begin = max(stop - step, size, start)
            part = back[begin - size : stop - size]
            if value in part:
                part.reverse()
                return stop - 1 - part.index(value)
            stop = begin
            step *= 2
        if stop > start:
            try:
                return size - 1 - self._front.index(value, size - stop, size - start)
            except ValueError:
                pass
        return -1

    # Pushing

    def push_left(self, items: Sequence[bytes], limits: EncodingLimits) -> int:
        """Push items at the left, the last one becoming the first element; return the length."""
        nodes = self._nodes
        if nodes is None:
            nodes = self._grow(items, limits)
        if len(items) == 1:
            self._front.append(items[0])
        else:
            self._front.extend(items)
        if nodes is not None:
            nodes.pending_left += len(items)
            if len(nodes.counts) < 2:
                nodes.settle(self)
        return len(self._front) + len(self._back)

    def push_right(self, items: Sequence[bytes], limits: EncodingLimits) -> int:
        """Push items one after the other at the right; return the length."""
        nodes = self._nodes
        if nodes is None:
            nodes = self._grow(items, limits)
        if len(items) == 1:
            self._back.append(items[0])
        else:
            self._back.extend(items)
        if nodes is not None:
            nodes.pending_right += len(items)
            if len(nodes.counts) < 2:
                nodes.settle(self)
        return len(self._front) + len(self._back)

    def push_left_each(self, items: Sequence[bytes], limits: EncodingLimits) -> range:
        """Push items as so many commands would; return the lengths after each."""
        before = len(self)
        if self._nodes is not None:
            self.push_left(items, limits)
        else:
            for item in items:
                self.push_left((item,), limits)
        return range(before + 1, before + 1 + len(items))

    def push_right_each(self, items: Sequence[bytes], limits: EncodingLimits) -> range:
        """Push items as so many commands would; return the lengths after each."""
        before = len(self)
        if self._nodes is not None:
            self.push_right(items, limits)
        else:
            for item in items:
                self.push_right((item,), limits)
        return range(before + 1, before + 1 + len(items))

    def _grow(self, items: Sequence[bytes], limits: EncodingLimits) -> QuicklistNodes | None:
        """Make a listpack that cannot take the items a quicklist, before they are added."""
        number = len(items)
        payload = len(items[0]) if number == 1 else sum(map(len, items))
        bound = self._size_bound + payload + number * _ENTRY_OVERHEAD
        max_bytes, max_entries = LIST_NODE_LIMITS[limits.list_max_listpack_size]
        size = len(self._front) + len(self._back)
        if bound <= max_bytes and size + number <= max_entries:
            self._size_bound = bound
            return None
        exact = LISTPACK_OVERHEAD + sum(map(listpack_entry_size, self))
        if exact + payload <= max_bytes and size + number <= max_entries:
            self._size_bound = exact + payload + number * _ENTRY_OVERHEAD
            return None
        self._nodes = nodes = QuicklistNodes(limits)
        if size:
            nodes.append_node(size, exact)
        return nodes

    def _shrink(self, *, half: bool = True) -> None:
        """Make a quicklist that has become small enough a listpack."""
        if self._nodes is not None:
            size = self._nodes.listpack_size(self, half=half)
            if size >= 0:
                self._nodes = None
                self._size_bound = size

    # Popping

    def pop_left(self) -> bytes:
        """
        Remove the first element and return it.

        Raises:
            IndexError: The list is empty.
        """
        front = self._front
        item = front.pop() if front else self._take_left()
        nodes = self._nodes
        if nodes is not None:
            if nodes.pending_left:
                nodes.pending_left -= 1
            elif nodes.popped_left(self, item):
                self._shrink()
        return item

    def pop_right(self) -> bytes:
        """
        Remove the last element and return it.

        Raises:
            IndexError: The list is empty.
        """
        back = self._back
        item = back.pop() if back else self._take_right()
        nodes = self._nodes
        if nodes is not None:
            if nodes.pending_right:
                nodes.pending_right -= 1
            elif nodes.popped_right(self, item):
                self._shrink()
        return item

    def _take_left(self) -> bytes:
        """Take the first element off, moving the first half of the back to an empty front."""
        front = self._front
        if not front:
            back = self._back
            half = (len(back) + 1) // 2
            if half <= 1:
                return back.pop(0)
            front += reversed(back[:half])
            del back[:half]
        return front.pop()

    def _take_right(self) -> bytes:
        """Take the last element off, moving the second half of the front to an empty back."""
        back = self._back
        if not back:
            front = self._front
            half = (len(front) + 1) // 2
            if half <= 1:
                return front.pop(0)
            back += reversed(front[:half])
            del front[:half]
        return back.pop()

    def pop_left_each(self, number: int, max_bytes: int) -> list[bytes]:
        """
        Remove elements at the left as so many pops would, if that is simple.

        Args:
            number: How many.
            max_bytes: More than this is too much.

        Returns:
            The elements, the first one first; none at all if nothing was done.
        """
        front, nodes = self._front, self._nodes
        popped = front[-number:]
        if (
            len(front) <= number
            or sum(map(len, popped)) > max_bytes
            or (nodes is not None and not nodes.shed_left(self, number))
        ):
            return []
        del front[-number:]
        popped.reverse()
        return popped

    def pop_right_each(self, number: int, max_bytes: int) -> list[bytes]:
        """Remove elements at the right, the last one first, as :meth:`pop_left_each` does."""
        back, nodes = self._back, self._nodes
        popped = back[-number:]
        if (
            len(back) <= number
            or sum(map(len, popped)) > max_bytes
            or (nodes is not None and not nodes.shed_right(self, number))
        ):
            return []
        del back[-number:]
        popped.reverse()
        return popped

    def pop_left_many(self, number: int) -> list[bytes]:
        """Remove up to ``number`` elements at the left; return them, the first one first."""
        popped = self.slice(0, number)
        self._drop_left(len(popped))
        self._shrink()
        return popped

    def pop_right_many(self, number: int) -> list[bytes]:
        """Remove up to ``number`` elements at the right; return them, the last one first."""
        size = len(self)
        popped = self.slice(max(size - number, 0), size)
        popped.reverse()
        self._drop_right(len(popped))
        self._shrink()
        return popped

    def rotate(self, from_left: bool, to_left: bool, limits: EncodingLimits) -> bytes:
        """Move an element from one end to one end, as LMOVE does within a list; return it."""
        # Pushed before it is seen whether the list is small enough for a listpack.
        nodes = self._nodes
        if from_left:
            item = self._take_left()
            if nodes is not None:
                nodes.popped_left(self, item)
        else:
            item = self._take_right()
            if nodes is not None:
                nodes.popped_right(self, item)
        (self.push_left if to_left else self.push_right)((item,), limits)
        self._shrink()
        return item

    def trim(self, start: int, stop: int) -> None:
        """Keep only the elements from ``start`` to before ``stop``; both are non-negative."""
        size = len(self)
        start = min(start, size)
        stop = max(min(stop, size), start)
        self._drop_left(start)
        self._drop_right(size - stop)
        self._shrink()

    def _drop_left(self, number: int) -> None:
        if not number:
            return
        if self._nodes is not None:
            self._nodes.drop_left(self, number)
        front = self._front
        rest = len(front) - number
        if rest >= 0:
            del front[rest:]
        else:
            front.clear()
            del self._back[:-rest]

    def _drop_right(self, number: int) -> None:
        if not number:
            return
        if self._nodes is not None:
            self._nodes.drop_right(self, number)
        back = self._back
        rest = len(back) - number
        if rest >= 0:
            del back[rest:]
        else:
            back.clear()
            del self._front[:-rest]

    # Changing the middle

    def set(self, index: int, value: bytes, limits: EncodingLimits) -> None:
        """
        Replace the element at a non-negative index.

        Raises:
            IndexError: There is none.
        """
        # Redis makes room for the new element without taking the old one out,
        # and before it looks whether there is one.
        nodes = self._nodes
        if nodes is None:
            nodes = self._grow((value,), limits)
        if not 0 <= index < len(self):
            raise IndexError(index)
        if nodes is not None:
            nodes.set(self, index, value)
        place = index - len(self._front)
        if place >= 0:
            self._back[place] = value
        else:
            self._front[~index] = value
        if nodes is not None:
            self._shrink()

    def insert_before(self, pivot: bytes, value: bytes, limits: EncodingLimits) -> bool:
        """Insert a value before the first element equal to ``pivot``; tell whether there is one."""
        return self._insert(pivot, value, limits, after=False)

    def insert_after(self, pivot: bytes, value: bytes, limits: EncodingLimits) -> bool:
        """Insert a value after the first element equal to ``pivot``; tell whether there is one."""
        return self._insert(pivot, value, limits, after=True)

    def _insert(self, pivot: bytes, value: bytes, limits: EncodingLimits, *, after: bool) -> bool:
        # Redis makes room first, also when the pivot is then not found.
        nodes = self._nodes
        if nodes is None:
            nodes = self._grow((value,), limits)
        index = self._find(pivot, 0, len(self))
        if index < 0:
            return False
        if nodes is not None:
            nodes.insert(self, index, value, after=after)
        place = index + after - len(self._front)
        if place > 0:
            self._back.insert(place, value)
        else:
            self._front.insert(-place, value)
        if nodes is not None and len(nodes.counts) < 2:
            nodes.settle(self)
        return True

    def remove(self, value: bytes, count: int) -> int:
        """
        Remove elements equal to a value, as LREM does.

        Args:
            value: What to remove.
            count: How many at most, from the left, or from the right if negative; 0 is all.

        Returns:
            How many were removed.
        """
        indexes = self.positions(value, -1 if count < 0 else 1, abs(count))
        if not indexes:
            return 0
        if count < 0:
            indexes.reverse()
        if self._nodes is not None:
            self._nodes.remove(self, indexes)
        if len(indexes) <= 4:
            size = len(self._front)
            for index in reversed(indexes):
                if index >= size:
                    del self._back[index - size]
                else:
                    del self._front[size - 1 - index]
                    size -= 1
        else:
            self._delete_many(indexes)
        if self._nodes is not None:
            if len(self._nodes.counts) < 2:
                self._nodes.settle(self)
            self._shrink()
        return len(indexes)

    def _delete_many(self, indexes: list[int]) -> None:
        """Delete the elements at ascending indexes in one pass."""
        kept: list[bytes] = []
        start = 0
        for index in indexes:
            if index > start:
                kept += self.slice(start, index)
            start = index + 1
        kept += self.slice(start, len(self))
        self._front = []
        self._back = kept
