"""
Sets: members in a dict, and how Redis would hold them.

``SetValue.members`` is a dict whose keys are the members; what its values are
is private.  A small set (intset or listpack in Redis) is nothing but that
dict.  A big one (hashtable) has its members in a flat list as well, and the
values of the dict are the places in it: a random member is one index, and
removing a member moves the last one into its place.

That list makes SSCAN simple too.  It is read from its end to its beginning
and the cursor is how many members are still ahead.  A member only ever moves to a *lower*
place (it was the last, and fills a gap), and new ones come behind: what a
cursor has ahead of it stays ahead until returned, whatever is added and
removed in between, and no memory of the cursor is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import filterfalse, islice
from random import Random
from typing import ClassVar

from pyredis.datatypes.encodings import EncodingLimits, is_integer

_INTSET_CEILING = 1 << 30
_SPARSE_BYTES = 2048  # a dict with more bytes a key than this is made anew


class SetValue:
    """
    A set of byte strings.

    Made empty; the first addition decides the first encoding as Redis does
    when it creates the key.
    """

    __slots__ = ("_keys", "_listing", "encoding", "members")

    type_name: ClassVar[str] = "set"

    def __init__(self) -> None:
        self.members: dict[bytes, int] = {}
        self.encoding = "intset"
        # Small sets: the members in the order Redis shows them, or None when it must be redone.
        self._listing: list[bytes] | None = None
        # Big sets: the members, each at the place which is its value in the dict.
        self._keys: list[bytes] | None = None

    @classmethod
    def of(cls, members: Iterable[bytes], limits: EncodingLimits) -> SetValue:
        """Return a set of these, encoded as SUNIONSTORE and SDIFFSTORE do: from an empty intset."""
        value = cls()
        value._extend(iter(members), limits)
        return value

    @classmethod
    def of_intersection(cls, sets: Sequence[SetValue], limits: EncodingLimits) -> SetValue:
        """Return the members common to all sets, encoded as SINTERSTORE does."""
        members = intersection(sets)
        value = cls()
        if min(sets, key=len).encoding != "intset":
            value.encoding = "listpack"
        value._extend(iter(members), limits)
        if len(members) <= limits.set_max_intset_entries and all(map(is_integer, members)):
            value._keys = value._listing = None
            value.encoding = "intset"
        return value

    @classmethod
    def of_encoding(cls, members: Sequence[bytes], encoding: str) -> SetValue:
        """
        Return a set of these in an encoding that is known, as it is found in a file.

        Raises:
            ValueError: One is there twice.
        """
        value = cls()
        value.encoding = encoding
        if encoding == "hashtable":
            value._keys = list(members)
            value.members = dict(zip(members, range(len(members)), strict=True))
        else:
            value.members = dict.fromkeys(members, 0)
        if len(value.members) != len(members):
            raise ValueError("a member twice")
        return value

    def copy(self) -> SetValue:
        """Return a set that shares nothing that changes with this one."""
        twin = SetValue.__new__(SetValue)
        twin.members = self.members.copy()
        twin.encoding = self.encoding
        twin._listing = None
        twin._keys = None if self._keys is None else self._keys[:]
        return twin

    def release(self, limit: int) -> None:
        """Forget ``limit`` members, whichever: to free a value that is gone in slices."""
        self._listing = None
        if self._keys is not None:
            del self._keys[-limit:]
        members = self.members
        for _ in range(min(limit, len(members))):
            members.popitem()

    # Reading

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, member: object) -> bool:
        return member in self.members

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.listing())

    def to_list(self) -> list[bytes]:
        """Return all members in a new list, in the order Redis would show them if small."""
        return self.listing()[:]

    def listing(self) -> list[bytes]:
        """Return all members as a list that belongs to this set: not to be changed or kept."""
        # Not the dict's own order for big sets: a dict that lost most of its
        # keys is slow to walk, since it keeps the room of those that went.
        keys = self._keys
        if keys is not None:
            return keys
        listing = self._listing
        if listing is None:
            if self.encoding == "intset":
                listing = sorted(self.members, key=int)
            else:
                listing = list(self.members)
            self._listing = listing
        return listing

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """
        Return some members and the cursor for the next call; 0 begins and ends.

        A small set is returned whole, whatever the cursor, as in Redis.
        """
        keys = self._keys
        if keys is None:
            return 0, self.to_list()
        ahead = len(keys)
        if 0 < cursor < ahead:
            ahead = cursor
        rest = max(ahead - count, 0)
        return rest, keys[rest:ahead]

    # Adding

    def add(self, member: bytes, limits: EncodingLimits) -> bool:
        """Add a member; tell whether it is new."""
        keys = self._keys
        if keys is None:
            if not self.members:
                self._expect((member,), limits)
            return self._add_small(member, limits)
        place = len(keys)
        if self.members.setdefault(member, place) != place:
            return False
        keys.append(member)
        return True

    def add_each(self, members: Sequence[bytes], limits: EncodingLimits) -> list[int]:
        """Add members as so many commands would; return 1 for each that is new, else 0."""
        keys = self._keys
        if keys is None:
            return [int(self.add(member, limits)) for member in members]
        place_of = self.members.setdefault
        place = len(keys)
        added: list[int] = []
        for member in members:
            if place_of(member, place) == place:
                keys.append(member)
                place += 1
                added.append(1)
            else:
                added.append(0)
        return added

    def add_many(self, members: Sequence[bytes], limits: EncodingLimits) -> int:
        """Add the members of one command, whose number decides encodings too; count the new."""
        before = len(self.members)
        if self._keys is None:
            self._expect(members, limits)
        self._extend(iter(members), limits)
        return len(self.members) - before

    def _extend(self, members: Iterator[bytes], limits: EncodingLimits) -> None:
        """Add members one after the other, quickly once the set is big."""
        if self.encoding != "hashtable":
            for member in members:
                self._add_small(member, limits)
                if self.encoding == "hashtable":
                    break
            else:
                return
        keys = self._keys
        assert keys is not None
        place_of = self.members.setdefault
        append = keys.append
        place = len(keys)
        for member in members:
            if place_of(member, place) == place:
                append(member)
                place += 1

    def _expect(self, members: Sequence[bytes], limits: EncodingLimits) -> None:
        """Choose the encoding for an announced number of members, as SADD does beforehand."""
        announced = len(members)
        if not self.members and members:
            if announced <= limits.set_max_intset_entries and is_integer(members[0]):
                self.encoding = "intset"
            elif announced <= limits.set_max_listpack_entries:
                self.encoding = "listpack"
            else:
                self._to_hashtable()
        elif (self.encoding == "listpack" and announced > limits.set_max_listpack_entries) or (
            self.encoding == "intset" and announced > limits.set_max_intset_entries
        ):
            self._to_hashtable()

    def _add_small(self, member: bytes, limits: EncodingLimits) -> bool:
        members = self.members
        if member in members:
            return False
        if self.encoding == "intset":
            if is_integer(member):
                members[member] = 0
                self._listing = None
                if len(members) > min(limits.set_max_intset_entries, _INTSET_CEILING):
                    self._to_hashtable()
                return True
            if self._fits_listpack(member, limits) and self._integers_fit(limits):
                # The listpack begins in the order of the intset.
                self.members = members = dict.fromkeys(self.listing(), 0)
                self.encoding = "listpack"
            else:
                self._to_hashtable()
        elif self.encoding == "listpack" and not self._fits_listpack(member, limits):
            self._to_hashtable()
        if self._keys is None:
            members[member] = 0
            self._listing = None
        else:
            members[member] = len(self._keys)
            self._keys.append(member)
        return True

    def _fits_listpack(self, member: bytes, limits: EncodingLimits) -> bool:
        return (
            len(self.members) < limits.set_max_listpack_entries
            and len(member) <= limits.set_max_listpack_value
        )

    def _integers_fit(self, limits: EncodingLimits) -> bool:
        """Tell whether no integer of an intset is too long to be an entry of a listpack."""
        if limits.set_max_listpack_value >= 20 or not self.members:
            return True
        ordered = self.listing()
        return max(len(ordered[0]), len(ordered[-1])) <= limits.set_max_listpack_value

    def _to_hashtable(self) -> None:
        # In Redis the order is lost here; keeping the one shown so far is as good as any.
        self._keys = keys = self.listing()[:]
        members = self.members
        for place, member in enumerate(keys):
            members[member] = place
        self._listing = None
        self.encoding = "hashtable"

    # Removing

    def remove(self, member: bytes) -> bool:
        """Remove a member; tell whether it was there."""
        place = self.members.pop(member, None)
        if place is None:
            return False
        keys = self._keys
        if keys is None:
            self._listing = None
            return True
        last = keys.pop()
        if place < len(keys):
            keys[place] = last
            self.members[last] = place
        if not len(keys) & 127:
            self._release_memory()
        return True

    def _release_memory(self) -> None:
        """
        Make the dict anew once it holds very little of what it has room for.

        A dict never gives room back by itself.  Forty to a hundred bytes a key
        are usual; waiting for far more keeps the rebuild too short to be felt.
        """
        keys = self._keys
        if keys is not None and self.members.__sizeof__() > _SPARSE_BYTES * (len(keys) + 16):
            self.members = dict(zip(keys, range(len(keys)), strict=True))

    # At random

    def random(self, rng: Random) -> bytes:
        """
        Return one member, each with the same chance.

        Raises:
            IndexError: The set is empty.
        """
        keys = self._keys
        if keys is None:
            keys = self.listing()
        return keys[int(rng.random() * len(keys))]

    def random_distinct(self, rng: Random, count: int) -> list[bytes]:
        """Return up to ``count`` different members."""
        ordered = self.listing()
        if count >= len(ordered):
            return ordered[:]
        return rng.sample(ordered, count)

    def pop_random(self, rng: Random) -> bytes:
        """
        Remove one member, each with the same chance, and return it.

        Raises:
            IndexError: The set is empty.
        """
        keys = self._keys
        if keys is None:
            listing = self.listing()
            member = listing.pop(int(rng.random() * len(listing)))
            del self.members[member]
            return member
        place = int(rng.random() * len(keys))
        member = keys[place]
        last = keys.pop()
        if place < len(keys):
            keys[place] = last
            self.members[last] = place
        del self.members[member]
        if not len(keys) & 127:
            self._release_memory()
        return member

    def pop_random_each(self, rng: Random, number: int, max_bytes: int) -> list[bytes]:
        """
        Remove members as so many :meth:`pop_random` would, until they are too much together.

        Args:
            rng: What chooses.
            number: How many; there must be more.
            max_bytes: The member that passes this is the last one.

        Returns:
            The members.
        """
        popped: list[bytes] = []
        keys = self._keys
        size = 0
        if keys is None:
            while len(popped) < number and size <= max_bytes:
                popped.append(self.pop_random(rng))
                size += len(popped[-1])
            return popped
        # The same again without calls; it waits for memory most of the time as it is.
        draw, members, append, pop = rng.random, self.members, popped.append, keys.pop
        left = len(keys)
        while number and size <= max_bytes:
            number -= 1
            place = int(draw() * left)
            left -= 1
            member = last = pop()
            if place < left:
                member = keys[place]
                keys[place] = last
                members[last] = place
            del members[member]
            append(member)
            size += len(member)
        if left >> 7 != left + len(popped) >> 7:
            self._release_memory()
        return popped

    def pop_random_many(
        self, rng: Random, count: int, limits: EncodingLimits | None = None
    ) -> list[bytes]:
        """
        Remove up to ``count`` different members and return them.

        When five times as many go as stay, Redis makes a new set of those that
        stay, which begins as a listpack again; with ``limits`` so does this.
        """
        members = self.members
        staying = len(members) - count
        if staying <= 0:
            popped = self.to_list()
            self._keep([])
            return popped
        if staying * 5 > count:
            pop = self.pop_random
            return [pop(rng) for _ in range(count)]
        ordered = self.listing()
        chosen = set(rng.sample(range(len(ordered)), staying))
        popped = [member for place, member in enumerate(ordered) if place not in chosen]
        # In their old order, so that cursors of SSCAN stay good.
        self._keep([ordered[place] for place in sorted(chosen)])
        if limits is not None and self._keys is not None:
            kept, self._keys, self.members = self._keys, None, {}
            self.encoding = "listpack"
            self._extend(iter(kept), limits)
        return popped

    def _keep(self, members: list[bytes]) -> None:
        """Replace the members by some of them."""
        self.members = {member: place for place, member in enumerate(members)}
        self._listing = None
        if self._keys is not None:
            self._keys = members


def intersection(sets: Sequence[SetValue], limit: int = 0) -> list[bytes]:
    """
    Return the members common to all sets, in the order of the smallest.

    Args:
        sets: At least one.
        limit: Stop when so many were found; 0 is no limit.
    """
    smallest, *others = sorted(sets, key=len)
    common: Iterable[bytes] = smallest
    for other in others:
        if other is not smallest:
            common = filter(other.members.__contains__, common)
    return list(islice(common, limit) if limit else common)


def union(sets: Iterable[SetValue], limits: EncodingLimits | None = None) -> list[bytes]:
    """
    Return the members of any of the sets.

    Args:
        sets: Any number.
        limits: Give them in the order Redis does, which puts them into a set of its own first.
    """
    found: dict[bytes, None] = {}
    for value in sets:
        found.update(dict.fromkeys(value))
    return _as_redis_orders(list(found), limits)


def difference(
    first: SetValue, others: Iterable[SetValue], limits: EncodingLimits | None = None
) -> list[bytes]:
    """
    Return the members of the first set that are in none of the others.

    Redis chooses by the sizes between asking each other set for each member
    and crossing out the members of the others; so do we.

    Args:
        first: The set to take from.
        others: Those to subtract.
        limits: Give them in the order Redis does, which puts them into a set of its own first.
    """
    rest = sorted(others, key=len, reverse=True)
    if any(other is first for other in rest):
        return []
    size = len(first)
    if size * (len(rest) + 1) // 2 <= size + sum(map(len, rest)):
        left: Iterable[bytes] = first
        for other in rest:
            left = filterfalse(other.members.__contains__, left)
        return _as_redis_orders(list(left), limits)
    remaining = dict.fromkeys(first)
    for other in rest:
        for member in other:
            remaining.pop(member, None)
        if not remaining:
            break
    return _as_redis_orders(list(remaining), limits)


def _as_redis_orders(members: list[bytes], limits: EncodingLimits | None) -> list[bytes]:
    """Order a small result by value if all are integers, and so on; a big one has no order."""
    if limits is None or len(members) > limits.set_max_intset_entries:
        return members
    return SetValue.of(members, limits).to_list()
