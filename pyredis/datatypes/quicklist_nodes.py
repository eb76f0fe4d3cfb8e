"""
Where Redis would have put the borders between the nodes of a quicklist.

A long list of PyRedis is two Python lists and has no nodes.  But Redis turns a
quicklist that has shrunk back into a listpack when *one node* is left and is
half empty, and clients can see that.  So the borders are followed here, as
cheaply as they can be:

While there are two nodes or more, what happens at one end cannot touch the
other, and a push undone by a pop leaves nothing behind.  Pushes are therefore
only counted (``pending_left``, ``pending_right``) and put into nodes when the
nodes between them run out.  A list that only grows costs one addition a push.

Sizes are those of a listpack with its header.  -1 is a size nobody needs now;
it is worked out again from the elements when somebody does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from pyredis.datatypes.encodings import (
    LIST_NODE_LIMITS,
    LISTPACK_OVERHEAD,
    EncodingLimits,
    listpack_entry_size,
)

_ENTRY_ESTIMATE = 8  # what a quicklist expects an entry to cost besides its bytes
_PORTION = 512  # pending pushes looked at together, at most
_LEAST_PORTION = 8
_EXACT_UP_TO = 4096  # pending pushes which an edit in the middle puts into nodes first


class Elements(Protocol):
    """The list whose nodes are followed."""

    def __len__(self) -> int: ...

    def slice(self, start: int, stop: int, /) -> list[bytes]:
        """Return the elements from ``start`` to before ``stop``."""


class QuicklistNodes:
    """
    How the elements of one list would be spread over nodes.

    Elements are looked up in the list itself, so each method says whether it
    is to be told before or after the list changes.
    """

    __slots__ = ("_portion", "counts", "fill", "limits", "pending_left", "pending_right", "sizes")

    def __init__(self, limits: EncodingLimits) -> None:
        self.limits = limits
        self.fill = limits.list_max_listpack_size  # fixed for a quicklist when it is made
        self.counts: deque[int] = deque()
        self.sizes: deque[int] = deque()
        self.pending_left = 0
        self.pending_right = 0
        # Of large elements a node takes few, so few are looked at.
        self._portion = 4 * _LEAST_PORTION

    def copy(self) -> QuicklistNodes:
        """Return the same nodes, to be followed on their own."""
        twin = QuicklistNodes(self.limits)
        twin.fill = self.fill
        twin.counts = self.counts.copy()
        twin.sizes = self.sizes.copy()
        twin.pending_left = self.pending_left
        twin.pending_right = self.pending_right
        return twin

    def append_node(self, count: int, size: int) -> None:
        """Add a ready node at the end, nothing being pending."""
        self.counts.append(count)
        self.sizes.append(size)

    # The ends

    def settle(self, elements: Elements, nodes: int = 2) -> None:
        """Put pending pushes into nodes until there are enough nodes or nothing is pending."""
        counts = self.counts
        while self.pending_right and len(counts) < nodes:
            self._settle_right(elements)
        while self.pending_left and len(counts) < nodes:
            self._settle_left(elements)

    def settle_all(self, elements: Elements) -> None:
        """Put all pending pushes into nodes."""
        self.settle(elements, len(elements) + 2)

    def _settle_right(self, elements: Elements) -> None:
        """Go on pushing at the right until a new node is full or nothing is pending."""
        start = len(elements) - self.pending_right
        count = size = 0
        if self.counts:
            count = self.counts[-1]
            size = self._size(elements, -1, start - count)
            self.counts.pop()
            self.sizes.pop()
        pushed = elements.slice(start, start + min(self.pending_right, self._portion))
        count, size, taken = self._fill_node(pushed, count, size)
        self.pending_right -= taken
        self.append_node(count, size)
        if taken < len(pushed):
            # The node is full: the next element begins a new one.
            entry = listpack_entry_size(pushed[taken])
            self.append_node(1, LISTPACK_OVERHEAD + entry)
            self.pending_right -= 1
        self._adapt_portion(taken)

    def _settle_left(self, elements: Elements) -> None:
        """Go on pushing at the left until a new node is full or nothing is pending."""
        stop = self.pending_left
        count = size = 0
        if self.counts:
            size = self._size(elements, 0, stop)
            count = self.counts.popleft()
            self.sizes.popleft()
        pushed = elements.slice(stop - min(stop, self._portion), stop)
        pushed.reverse()
        count, size, taken = self._fill_node(pushed, count, size)
        self.pending_left -= taken
        self.counts.appendleft(count)
        self.sizes.appendleft(size)
        if taken < len(pushed):
            entry = listpack_entry_size(pushed[taken])
            self.counts.appendleft(1)
            self.sizes.appendleft(LISTPACK_OVERHEAD + entry)
            self.pending_left -= 1
        self._adapt_portion(taken)

    def _adapt_portion(self, taken: int) -> None:
        """Look at more pushes the next time, or at fewer, by how many a node took."""
        if taken >= self._portion:
            self._portion = min(self._portion * 2, _PORTION)
        elif taken * 4 < self._portion:
            self._portion = max(self._portion // 2, _LEAST_PORTION)

    def _fill_node(self, pushed: list[bytes], count: int, size: int) -> tuple[int, int, int]:
        """Push elements into a node while it takes them; a node without any takes the first."""
        max_bytes, max_entries = LIST_NODE_LIMITS[self.fill]
        max_bytes -= _ENTRY_ESTIMATE
        lengths = [*map(len, pushed)]
        if max(lengths) < 64 and not any(map(bytes.isdigit, pushed)) and not _has_minus(pushed):
            # Every element comes by here once, and most are short texts.
            size = size if count else LISTPACK_OVERHEAD
            ends = [*accumulate(lengths)]
            fitting = bisect_right(
                range(len(ends)), max_bytes - size, key=lambda place: ends[place] + 2 * place
            )
            taken = min(fitting, max(max_entries - count, int(not count)))
            if taken:
                size += ends[taken - 1] + 2 * taken
            return count + taken, size, taken
        before = count
        for element, length in zip(pushed, lengths, strict=True):
            if count:
                if size + length > max_bytes or count >= max_entries:
                    break
            else:
                size = LISTPACK_OVERHEAD
            size += listpack_entry_size(element)
            count += 1
        return count, size, count - before

    def shed_left(self, elements: Elements, number: int) -> bool:
        """
        Follow pops to come as if they were done, if they leave two nodes.

        Args:
            elements: The list, from which nothing is popped yet.
            number: How many elements will be.

        Returns:
            Whether they leave two nodes; if not, nothing has happened.
        """
        counts, sizes = self.counts, self.sizes
        while True:
            left = max(number - self.pending_left, 0)
            whole, left = _within(counts, left)
            if len(counts) - whole >= 2:
                break
            if not self.pending_right:
                return False
            self.settle(elements, len(counts) + 2)
        self.pending_left = max(self.pending_left - number, 0)
        for _ in range(whole):
            counts.popleft()
            sizes.popleft()
        if left:
            counts[0] -= left
            sizes[0] = -1
        return True

    def shed_right(self, elements: Elements, number: int) -> bool:
        """Follow pops to come from the right, as :meth:`shed_left` does."""
        counts, sizes = self.counts, self.sizes
        while True:
            left = max(number - self.pending_right, 0)
            whole, left = _within(reversed(counts), left)
            if len(counts) - whole >= 2:
                break
            if not self.pending_left:
                return False
            self.settle(elements, len(counts) + 2)
        self.pending_right = max(self.pending_right - number, 0)
        for _ in range(whole):
            counts.pop()
            sizes.pop()
        if left:
            counts[-1] -= left
            sizes[-1] = -1
        return True

    def popped_left(self, elements: Elements, element: bytes) -> bool:
        """Follow a pop that was done; tell whether the list may be a listpack now."""
        if self.pending_left:
            self.pending_left -= 1
            return False
        counts = self.counts
        left = counts[0] - 1
        if left:
            counts[0] = left
            sizes = self.sizes
            if len(sizes) > 1:
                sizes[0] = -1
                return False
            if sizes[0] >= 0:
                sizes[0] -= listpack_entry_size(element)
        else:
            counts.popleft()
            self.sizes.popleft()
            if len(counts) < 2:
                self.settle(elements)
        return len(counts) == 1

    def popped_right(self, elements: Elements, element: bytes) -> bool:
        """Follow a pop that was done; tell whether the list may be a listpack now."""
        if self.pending_right:
            self.pending_right -= 1
            return False
        counts = self.counts
        left = counts[-1] - 1
        if left:
            counts[-1] = left
            sizes = self.sizes
            if len(sizes) > 1:
                sizes[-1] = -1
                return False
            if sizes[0] >= 0:
                sizes[0] -= listpack_entry_size(element)
        else:
            counts.pop()
            self.sizes.pop()
            if len(counts) < 2:
                self.settle(elements)
        return len(counts) == 1

    def drop_left(self, elements: Elements, number: int) -> None:
        """Follow the removal of elements at the left, to be told before it is done."""
        if len(self.counts) == 1 and number < self.counts[0]:
            self._shrink_only_node(elements.slice(0, number))
            return
        pending = min(number, self.pending_left)
        self.pending_left -= pending
        number -= pending
        counts = self.counts
        while number:
            self.settle(elements)
            if counts[0] > number:
                counts[0] -= number
                self.sizes[0] = -1
                break
            number -= counts.popleft()
            self.sizes.popleft()
        self.settle(elements)

    def drop_right(self, elements: Elements, number: int) -> None:
        """Follow the removal of elements at the right, to be told before it is done."""
        if len(self.counts) == 1 and number < self.counts[0]:
            self._shrink_only_node(elements.slice(len(elements) - number, len(elements)))
            return
        pending = min(number, self.pending_right)
        self.pending_right -= pending
        number -= pending
        counts = self.counts
        while number:
            self.settle(elements)
            if counts[-1] > number:
                counts[-1] -= number
                self.sizes[-1] = -1
                break
            number -= counts.pop()
            self.sizes.pop()
        self.settle(elements)

    def _shrink_only_node(self, dropped: list[bytes]) -> None:
        self.counts[0] -= len(dropped)
        if len(dropped) > self.counts[0]:
            self.sizes[0] = -1
        elif self.sizes[0] >= 0:
            self.sizes[0] -= sum(map(listpack_entry_size, dropped))

    # One node

    def listpack_size(self, elements: Elements, *, half: bool = True) -> int:
        """
        Return the size of the listpack this may become, or -1 if it stays a quicklist.

        Args:
            elements: The list as it is now.
            half: Only if it would be at most half full, which is the rule for a list that shrank.
        """
        if len(self.counts) != 1 or self.pending_left or self.pending_right:
            return -1
        fill = self.limits.list_max_listpack_size
        max_bytes, max_entries = LIST_NODE_LIMITS[fill]
        if half:
            max_bytes //= 2
            max_entries //= 2
        if self.counts[0] > max_entries:
            return -1
        size = self._size(elements, 0, 0)
        return size if size <= max_bytes or fill >= 0 else -1

    def _size(self, elements: Elements, node: int, start: int) -> int:
        """Return the size of a node, whose elements begin at ``start``."""
        size = self.sizes[node]
        if size < 0:
            content = elements.slice(start, start + self.counts[node])
            size = LISTPACK_OVERHEAD + sum(map(listpack_entry_size, content))
            self.sizes[node] = size
        return size

    # The middle

    def _prepare_edit(self, elements: Elements) -> None:
        """
        Put a moderate number of pending pushes into nodes.

        Where there are more, an edit among them is taken for an edit before
        the push: borders far from both ends may then be a few elements off.
        """
        if self.pending_left + self.pending_right <= _EXACT_UP_TO:
            self.settle_all(elements)

    def _find(self, elements: Elements, index: int) -> tuple[int, int]:
        """Return the node of an element and its place in it; -1 is no node but pending."""
        self._prepare_edit(elements)
        place = index - self.pending_left
        if place >= 0:
            for node, count in enumerate(self.counts):
                if place < count:
                    return node, place
                place -= count
        return -1, index

    def set(self, elements: Elements, index: int, element: bytes) -> None:
        """Follow the replacement of an element, to be told before it is done."""
        node, _ = self._find(elements, index)
        if node >= 0 and self.sizes[node] >= 0:
            old = elements.slice(index, index + 1)[0]
            self.sizes[node] += listpack_entry_size(element) - listpack_entry_size(old)

    def remove(self, elements: Elements, indexes: Sequence[int]) -> None:
        """Follow the removal of elements by ascending indexes, to be told before it is done."""
        self._prepare_edit(elements)
        counts = self.counts
        left = self.pending_left
        node, stop = 0, left + (counts[0] if counts else 0)
        gone: dict[int, int] = {}
        for index in indexes:
            if index < left:
                self.pending_left -= 1
                continue
            while index >= stop and node < len(counts):
                node += 1
                stop += counts[node] if node < len(counts) else 0
            if node < len(counts):
                gone[node] = gone.get(node, 0) + 1
            else:
                self.pending_right -= 1
        for number, lost in gone.items():
            counts[number] -= lost
            self.sizes[number] = -1
        if 0 in counts:
            kept = [(count, size) for count, size in zip(counts, self.sizes, strict=True) if count]
            self.counts = deque(count for count, _ in kept)
            self.sizes = deque(size for _, size in kept)

    def insert(self, elements: Elements, pivot: int, element: bytes, *, after: bool) -> None:
        """Follow an insertion beside the element at ``pivot``, to be told before it is done."""
        node, place = self._find(elements, pivot)
        if node < 0:
            if pivot < self.pending_left:
                self.pending_left += 1
            else:
                self.pending_right += 1
            return
        last = len(self.counts) - 1
        entry = listpack_entry_size(element)
        self._measure_around(elements, node, pivot - place)
        if self._has_room(node, element):
            self._enlarge(node, entry)
        elif after and place == self.counts[node] - 1:
            if node < last and self._has_room(node + 1, element):
                self._enlarge(node + 1, entry)
            else:
                self._insert_node(node + 1, 1, LISTPACK_OVERHEAD + entry)
        elif not after and place == 0:
            if node and self._has_room(node - 1, element):
                self._enlarge(node - 1, entry)
            else:
                self._insert_node(node, 1, LISTPACK_OVERHEAD + entry)
        else:
            self._split_insert(elements, pivot, node, place + after, entry, after)

    def _measure_around(self, elements: Elements, node: int, start: int) -> None:
        """Find out the sizes of a node that begins at ``start`` and of two on either side."""
        counts = self.counts
        first = max(node - 2, 0)
        start -= sum(counts[number] for number in range(first, node))
        for number in range(first, min(node + 3, len(counts))):
            self._size(elements, number, start)
            start += counts[number]

    def _has_room(self, node: int, element: bytes) -> bool:
        max_bytes, max_entries = LIST_NODE_LIMITS[self.fill]
        return (
            self.counts[node] < max_entries
            and self.sizes[node] + len(element) + _ENTRY_ESTIMATE <= max_bytes
        )

    def _enlarge(self, node: int, entry: int) -> None:
        self.counts[node] += 1
        self.sizes[node] += entry

    def _insert_node(self, node: int, count: int, size: int) -> None:
        self.counts.insert(node, count)
        self.sizes.insert(node, size)

    def _split_insert(
        self, elements: Elements, pivot: int, node: int, head: int, entry: int, after: bool
    ) -> None:
        """Split a full node before its place ``head`` and give the new element to the new part."""
        start = pivot + after - head
        size = LISTPACK_OVERHEAD + sum(
            map(listpack_entry_size, elements.slice(start, start + head))
        )
        tail = self.counts[node] - head
        tail_size = self.sizes[node] - size + LISTPACK_OVERHEAD
        if after:
            self.counts[node], self.sizes[node] = head, size
            self._insert_node(node + 1, tail + 1, tail_size + entry)
        else:
            self.counts[node], self.sizes[node] = tail, tail_size
            self._insert_node(node, head + 1, size + entry)
            node += 1
        self._merge_around(node)

    def _merge_around(self, node: int) -> None:
        """Merge small neighbours as Redis does after a split."""
        if node >= 2:
            node -= self._merge(node - 2)
        self._merge(node + 1)
        if node >= 1:
            node -= self._merge(node - 1)
        self._merge(node)

    def _merge(self, node: int) -> bool:
        """Merge a node with the next one if both fit into one."""
        counts, sizes = self.counts, self.sizes
        if node + 1 >= len(counts):
            return False
        max_bytes, max_entries = LIST_NODE_LIMITS[self.fill]
        size = sizes[node] + sizes[node + 1] - LISTPACK_OVERHEAD
        if size > max_bytes or counts[node] + counts[node + 1] > max_entries:
            return False
        counts[node] += counts[node + 1]
        sizes[node] = size
        del counts[node + 1]
        del sizes[node + 1]
        return True


def _within(counts: Iterable[int], number: int) -> tuple[int, int]:
    """Return how many nodes go with so many elements, and how many elements of the next one."""
    whole = 0
    for count in counts:
        if count > number:
            break
        number -= count
        whole += 1
    return whole, number


def _has_minus(elements: list[bytes]) -> bool:
    """Tell whether any element may be a negative number."""
    return b"-" in b"".join(elements)
