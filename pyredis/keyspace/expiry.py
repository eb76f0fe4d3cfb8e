"""
When keys die: deadlines by key, and keys by the moment they are due.

Deadlines are absolute milliseconds of the wall clock. A key with a deadline
also waits in a slot: a *far* one, shared with all that are due in the same
eight seconds, and from shortly before its time in the *near* one of its very
millisecond. The numbers of the slots stand in two heaps, so what is due is
found earliest first without looking at anything else. Far slots are taken apart
a few keys at a time: a million keys due at once are a sequence of bounded
slices, and an idle server with ten million deadlines does nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from heapq import heappop, heappush
from itertools import repeat

_FAR_SHIFT = 13  # bits of milliseconds: fewer keys a slot would cost memory
_AHEAD_MS = 1000  # a far slot is taken apart from so long before its time
_MOVED_A_KEY = 20  # keys brought near, at most, for each that is asked for
_NOTHING_NEAR = -(1 << 63)
_NEVER = 1 << 64


class _Wheel:
    """
    Keys in numbered slots.

    Attributes:
        slots: The keys of each slot; an emptied one stays until it is the first.
        order: The slots' numbers, as a heap.
    """

    __slots__ = ("_emptied", "order", "slots")

    def __init__(self) -> None:
        self.slots: dict[int, dict[bytes, None]] = {}
        self.order: list[int] = []
        self._emptied = 0

    def add(self, number: int, key: bytes) -> None:
        """Put a key into a slot."""
        slot = self.slots.get(number)
        if slot is None:
            self.slots[number] = {key: None}
            heappush(self.order, number)
        else:
            slot[key] = None

    def add_each(self, number: int, keys: Collection[bytes]) -> None:
        """Put keys into a slot."""
        self.slots.setdefault(number, {}).update(dict.fromkeys(keys))
        if len(self.slots) != len(self.order):
            heappush(self.order, number)

    def remove(self, number: int, key: bytes) -> bool:
        """Take a key out of a slot; return whether it was there."""
        slot = self.slots.get(number)
        if not slot or key not in slot:
            return False
        del slot[key]
        if not slot:
            # It keeps its place in the heap: one that fills again is not to be
            # entered twice. But not its room, which a dict never gives back.
            slot.clear()
            self._emptied += 1
            if self._emptied > 64 + len(self.order) // 2:
                self._drop_empty()
        return True

    def _drop_empty(self) -> None:
        """Drop all empty slots, as they may be many by now."""
        self.slots = {number: slot for number, slot in self.slots.items() if slot}
        self.order = sorted(self.slots)
        self._emptied = 0

    def drop_first(self) -> None:
        """Drop the first slot, which is empty."""
        del self.slots[heappop(self.order)]


class Deadlines(dict[bytes, int]):
    """
    The deadlines of one database: key to absolute milliseconds.

    Read it as the dict it is; change it by its own methods only.
    """

    __slots__ = ("_far", "_near", "_near_until")

    def __init__(self) -> None:
        super().__init__()
        self._far = _Wheel()
        self._near = _Wheel()  # by millisecond
        self._near_until = _NOTHING_NEAR  # keys of far slots up to this one go near at once

    def put(self, key: bytes, deadline_ms: int) -> None:
        """Set or move the deadline of a key."""
        far_slot = deadline_ms >> _FAR_SHIFT
        is_far = far_slot > self._near_until
        old = self.get(key)
        self[key] = deadline_ms
        if old is not None:
            if old == deadline_ms or (is_far and old >> _FAR_SHIFT == far_slot):
                return
            self._leave(key, old)
        if is_far:
            self._far.add(far_slot, key)
        else:
            self._near.add(deadline_ms, key)

    def put_each(self, keys: Collection[bytes], deadline_ms: int) -> None:
        """Set or move the deadlines of keys to the same moment."""
        far_slot = deadline_ms >> _FAR_SHIFT
        if far_slot > self._near_until and self.keys().isdisjoint(keys):
            self.update(dict.fromkeys(keys, deadline_ms))
            self._far.add_each(far_slot, keys)
        else:
            for key in keys:
                self.put(key, deadline_ms)

    def drop_each(self, keys: Collection[bytes]) -> None:
        """Forget the deadlines of those of the keys that have one."""
        for key in self.keys() & keys:
            self.drop(key)

    def are_any_due(self, keys: Collection[bytes], now_ms: int) -> bool:
        """Tell whether the deadline of any of the keys is before this moment."""
        far, near = self._far.order, self._near.order
        if not (far and far[0] << _FAR_SHIFT < now_ms) and not (near and near[0] < now_ms):
            return False  # No key's is.
        return min(map(self.get, keys, repeat(_NEVER)), default=_NEVER) < now_ms

    def drop(self, key: bytes) -> bool:
        """Forget the deadline of a key; return whether it had one."""
        old = self.pop(key, None)
        if old is None:
            return False
        self._leave(key, old)
        return True

    def _leave(self, key: bytes, deadline_ms: int) -> None:
        """Take a key out of the slot it waits in."""
        if not self._far.remove(deadline_ms >> _FAR_SHIFT, key):
            self._near.remove(deadline_ms, key)

    def earliest(self) -> int | None:
        """Return the first deadline there is, None if there is none."""
        firsts = []
        for wheel in (self._near, self._far):
            while wheel.order and not wheel.slots[wheel.order[0]]:
                wheel.drop_first()
            if wheel.order:
                firsts.append(min(map(self.__getitem__, wheel.slots[wheel.order[0]])))
        return min(firsts, default=None)

    def take_due(self, now_ms: int, limit: int) -> list[bytes]:
        """
        Forget and return keys whose deadline has passed, earliest first.

        Where very many are due at about the same time, those of them that were
        not brought near yet come behind the others, or at a later call.

        Args:
            now_ms: A key is due when its deadline is before this moment.
            limit: How many to return at most.
        """
        found: list[bytes] = []
        self._take_near(now_ms, limit, found)
        if len(found) < limit:
            self._bring_near((now_ms + _AHEAD_MS) >> _FAR_SHIFT, _MOVED_A_KEY * limit)
            self._take_near(now_ms, limit, found)
        for key in found:
            del self[key]
        return found

    def _take_near(self, now_ms: int, limit: int, found: list[bytes]) -> None:
        """Take keys that are due out of near slots until ``limit`` are found."""
        near = self._near
        slots, order = near.slots, near.order
        while order and order[0] < now_ms:
            slot = slots[order[0]]
            while slot and len(found) < limit:
                found.append(slot.popitem()[0])
            if slot:
                return
            near.drop_first()

    def first(self) -> bytes:
        """Return the key that is due first, or within eight seconds of it; there must be one."""
        for wheel in (self._near, self._far):
            while wheel.order:
                slot = wheel.slots[wheel.order[0]]
                if slot:
                    return next(reversed(slot))
                wheel.drop_first()
        raise KeyError("no deadlines")

    def _bring_near(self, far_slot: int, limit: int) -> None:
        """Move at most ``limit`` keys from the far slots up to this one to their near slots."""
        if far_slot > self._near_until:
            self._near_until = far_slot
        far, near = self._far, self._near
        while far.order and far.order[0] <= self._near_until and limit > 0:
            slot = far.slots[far.order[0]]
            while slot and limit > 0:
                key = slot.popitem()[0]
                near.add(self[key], key)
                limit -= 1
            if not slot:
                far.drop_first()

    def release(self, limit: int) -> None:
        """Forget about ``limit`` deadlines, whichever: to free them in slices."""
        for wheel in (self._far, self._near):
            while wheel.order and limit > 0:
                slot = wheel.slots[wheel.order[0]]
                while slot and limit > 0:
                    del self[slot.popitem()[0]]
                    limit -= 1
                if not slot:
                    wheel.drop_first()
