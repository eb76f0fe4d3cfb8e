"""
Sorted sets: members with scores, in order of score and then of bytes.

A dict of scores answers lookups; a :mod:`~pyredis.datatypes.score_order` beside
it answers ranks and ranges. Every range, by rank, score or member, is turned
into a pair of ranks ``start, stop`` (``stop`` excluded) and then read, counted
or deleted as such.

Small sets that nobody is using are packed into one ``bytes`` object each: a
key with ten members takes 1.9 kB as Python objects, packed 370 to 430 bytes
(Redis: 235 with small integers as scores, 460 with fractions). The last
``_WARM_MAX`` sets that were made or used are kept unpacked, so a set in use is
packed only now and then; any access unpacks.

Redis keeps the scores of its compact encoding as text or integers, and so
forgets the sign of zero there; so do we.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from operator import ne
from random import Random
from typing import ClassVar, cast

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.gradual_scan_index import GradualScanIndex
from pyredis.datatypes.packed_sorted_sets import (
    PACK_MAX,
    FoundListpack,
    keep,
    pack,
    packed_size,
    unpack,
)
from pyredis.datatypes.score_order import FLAT_MAX, ChunkedOrder, FlatOrder, Pairs
from pyredis.datatypes.sorted_set_ranges import LexRange, ScoreRange, ranks_by_walking

_WARM_MAX = 1024  # sets kept unpacked
_LEAST, _GREATEST = float("-inf"), float("inf")


class SortedSetValue:
    """
    A sorted set.

    Scores are never NaN; it is for the caller to refuse them.

    Attributes:
        encoding: What OBJECT ENCODING reports: ``listpack``, or ``skiplist``
            once a limit was passed; there is no way back.
    """

    __slots__ = ("_order", "_scan_index", "_scores", "encoding")

    type_name: ClassVar[str] = "zset"

    # Packed, there is no dict, and the packed bytes stand in the place of the order.
    _scores: dict[bytes, float] | None
    _order: FlatOrder | ChunkedOrder
    _scan_index: GradualScanIndex | None

    def __init__(self) -> None:
        self.encoding = "listpack"
        self._scores = {}
        self._order = FlatOrder([], [])
        self._scan_index = None
        _keep_warm(self)

    @classmethod
    def of(cls, scores: dict[bytes, float], limits: EncodingLimits) -> SortedSetValue:
        """
        Make a sorted set of a dict, which it keeps.

        The encoding is chosen at once and by the result, as Redis does for
        what ZUNIONSTORE and its like compute and what it loads from a file.
        """
        is_long = len(scores) > limits.zset_max_listpack_entries or (
            scores and max(map(len, scores)) > limits.zset_max_listpack_value
        )
        return cls.of_ordered(scores, in_order(scores), "skiplist" if is_long else "listpack")

    @classmethod
    def of_ordered(
        cls, scores: dict[bytes, float], members: list[bytes], encoding: str
    ) -> SortedSetValue:
        """
        Make a sorted set of a dict, which it keeps, in an encoding that is known.

        Args:
            scores: The score of each member.
            members: The same members in the order of a sorted set.
            encoding: What OBJECT ENCODING is to report.
        """
        if encoding == "listpack" and 0.0 in scores.values():
            for member, score in scores.items():
                if not score:
                    scores[member] = 0.0
        value = cls.__new__(cls)
        value._scan_index = None
        value.encoding = encoding
        ordered = list(map(scores.__getitem__, members))
        value._scores = scores
        if len(members) <= FLAT_MAX:
            value._order = FlatOrder(ordered, members)
        else:
            value._order = ChunkedOrder(ordered, members)
        if len(members) <= PACK_MAX:
            _keep_warm(value)
        return value

    @classmethod
    def of_listpack(
        cls, scores: list[float], members: list[bytes], found: bytes | None = None
    ) -> SortedSetValue | None:
        """
        Make a sorted set that is packed until it is used; None if it cannot be.

        Args:
            scores: In the order of a sorted set.
            members: Likewise, each once.
            found: The same as a listpack, if it was found so and its scores are plain numbers.
        """
        packed = None if found is None else keep(found)
        if packed is None:
            if 0.0 in scores:
                scores = [score or 0.0 for score in scores]  # a listpack knows no minus zero
            packed = pack(scores, members)
        if packed is None:
            return None
        value = cls.__new__(cls)
        value._scan_index = None
        value.encoding = "listpack"
        value._scores = None
        value._order = packed  # type: ignore[assignment]
        return value

    @property
    def found_listpack(self) -> bytes | None:
        """The listpack it was found as, None if there is none or it was used since."""
        order: object = self._order
        return order if isinstance(order, FoundListpack) else None

    def copy(self) -> SortedSetValue:
        """Return a sorted set of the same members and encoding that lives on its own."""
        twin = SortedSetValue.__new__(SortedSetValue)
        twin.encoding = self.encoding
        twin._scan_index = None
        scores = self._scores
        if scores is None:
            twin._scores = None
            twin._order = self._order
        else:
            twin._scores = scores.copy()
            twin._order = self._order.copy()
            if len(scores) <= PACK_MAX:
                _keep_warm(twin)
        return twin

    def __len__(self) -> int:
        """Return how many members there are."""
        scores = self._scores
        return packed_size(self._packed) if scores is None else len(scores)

    def __bool__(self) -> bool:
        """Tell whether there is any member."""
        return self._scores is None or bool(self._scores)

    def __contains__(self, member: object) -> bool:
        """Tell whether a member is there."""
        return member in self.scores

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the members in order."""
        return (member for member, _ in self.items())

    @property
    def scores(self) -> dict[bytes, float]:
        """The score of each member. To be read only, and at once: not after another change."""
        return self._unpack() if self._scores is None else self._scores

    def items(self) -> Iterator[tuple[bytes, float]]:
        """
        Iterate over members and scores in order, without unpacking the set for good.

        So a snapshot of all keys leaves those in memory as they are.
        """
        if self._scores is None:
            scores, members = unpack(self._packed)
            return zip(members, scores, strict=True)
        if isinstance(self._order, FlatOrder):
            return zip(self._order.members, self._order.scores, strict=True)
        return self._order.items()

    # One member

    def score(self, member: bytes) -> float | None:
        """Return the score of a member, or None if it is not there."""
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        return scores.get(member)

    def put(self, member: bytes, score: float, limits: EncodingLimits) -> float | None:
        """
        Give a member a score.

        Returns:
            Its former score, or None if it was not there.
        """
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        old = scores.get(member)
        if old is None:
            size = len(scores)
            if self.encoding == "listpack":
                if (
                    size >= limits.zset_max_listpack_entries
                    or len(member) > limits.zset_max_listpack_value
                ):
                    self.encoding = "skiplist"
                elif not score:
                    score = 0.0
            scores[member] = score
            self._order.insert(score, member)
            if self._scan_index is not None:
                self._scan_index.add(member)
            if size == PACK_MAX:
                # Being kept warm would keep a large set in memory after its deletion.
                _warm.pop(self, None)
            elif size == FLAT_MAX:
                self._outgrow_flat()
        elif old != score:
            if not score and self.encoding == "listpack":
                score = 0.0
            scores[member] = score
            self._order.move(old, score, member)
        return old

    def put_each(
        self, members: Sequence[bytes], scores: Sequence[float], limits: EncodingLimits
    ) -> tuple[list[int], int]:
        """
        Give several members scores, one after the other; a member may come twice.

        Returns:
            For each whether it was not there, as 1 or 0, and how many there are
            in all that were not there or had another score.
        """
        by_member = self.scores
        size = len(by_member)
        added: list[int] = []
        if self.encoding == "listpack" or size <= FLAT_MAX or self._scan_index is not None:
            olds = [self.put(*pair, limits) for pair in zip(members, scores, strict=True)]
            added = [1 if old is None else 0 for old in olds]
            return added, sum(map(ne, olds, scores))
        find = by_member.get
        insert, move = self._order.insert, self._order.move
        moved = 0
        for member, score in zip(members, scores, strict=True):
            old = find(member)
            if old is None:
                by_member[member] = score
                insert(score, member)
                added.append(1)
            else:
                added.append(0)
                if old != score:
                    by_member[member] = score
                    move(old, score, member)
                    moved += 1
        return added, len(by_member) - size + moved

    def remove(self, member: bytes) -> bool:
        """Take out a member; return whether it was there."""
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        score = scores.pop(member, None)
        if score is None:
            return False
        self._order.remove(score, member)
        if self._scan_index is not None:
            self._scan_index.remove(member)
        if not len(scores) & 63:
            self._release_memory()
        return True

    def rank(self, member: bytes) -> int | None:
        """Return the rank of a member, or None if it is not there."""
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        score = scores.get(member)
        return None if score is None else self._order.rank(score, member)

    def expect(self, limits: EncodingLimits, count: int, length: int = 0) -> None:
        """
        Take on the skiplist encoding if so much is announced that it will be needed.

        Redis decides by how many pairs a ZADD brings, before it knows whether
        they are new.

        Args:
            limits: What decides.
            count: How many members are coming.
            length: The length of the first one.
        """
        if self.encoding == "listpack" and (
            count > limits.zset_max_listpack_entries or length > limits.zset_max_listpack_value
        ):
            if self._scores is None:
                self._unpack()
            self.encoding = "skiplist"

    # Ranges

    def ranks_by_index(self, start: int, stop: int, reverse: bool = False) -> tuple[int, int]:
        """
        Return the ranks that a client's inclusive indexes mean, negative ones from the end.

        With ``reverse`` the indexes count from the greatest member.
        """
        size = len(self)
        if start < 0:
            start = max(start + size, 0)
        stop = min(stop + size if stop < 0 else stop, size - 1) + 1
        if start >= stop:
            return 0, 0
        return (size - stop, size - start) if reverse else (start, stop)

    def ranks_by_score(self, bounds: ScoreRange) -> tuple[int, int]:
        """Return the ranks of the members whose scores are in a range."""
        if self._scores is None:
            self._unpack()
        order = self._order
        if bounds.min == _LEAST and not bounds.min_excluded:
            start = 0
        elif bounds.min_excluded:
            start = order.count_through(bounds.min)
        else:
            start = order.count_below(bounds.min)
        if bounds.max == _GREATEST and not bounds.max_excluded:
            stop = len(self)
        elif bounds.max_excluded:
            stop = order.count_below(bounds.max)
        else:
            stop = order.count_through(bounds.max)
        return (start, stop) if start < stop else (0, 0)

    def first_by_score(self, bounds: ScoreRange, skip: int, count: int) -> Pairs:
        """
        Return a few members of a range of scores, from its beginning.

        Quicker than by ranks, while not many are skipped.

        Args:
            bounds: The range.
            skip: How many to leave out.
            count: How many to return at most.
        """
        if self._scores is None:
            self._unpack()
        members, scores = self._order.pairs_from(bounds.min, bounds.min_excluded, skip + count)
        if scores and scores[-1] >= bounds.max:
            find = bisect_left if bounds.max_excluded else bisect_right
            end = find(scores, bounds.max)
            del members[end:]
            del scores[end:]
        return (members[skip:], scores[skip:]) if skip else (members, scores)

    def pieces(self, low: float, high: float) -> Iterator[Pairs]:
        """Iterate over the members from one score up to, not including, another, in lists."""
        if self._scores is None:
            self._unpack()
        return self._order.pieces(low, high)

    def ranks_by_member(self, bounds: LexRange, reverse: bool = False) -> tuple[int, int]:
        """
        Return the ranks of the members that are in a range.

        Redis leaves open what is returned if scores differ. Small sets follow
        it even so; ``reverse`` tells that it would start from the greater end.
        """
        if bounds.empty:
            return 0, 0
        if self._scores is None:
            self._unpack()
        order = self._order
        if isinstance(order, FlatOrder) and order.scores and order.scores[0] != order.scores[-1]:
            return ranks_by_walking(order.members, bounds, reverse)
        start, stop = 0, len(self)
        if bounds.min is not None:
            if bounds.min_excluded:
                start = order.count_members_through(bounds.min)
            else:
                start = order.count_members_below(bounds.min)
        if bounds.max is not None:
            if bounds.max_excluded:
                stop = order.count_members_below(bounds.max)
            else:
                stop = order.count_members_through(bounds.max)
        return (start, stop) if start < stop else (0, 0)

    def members_between(self, start: int, stop: int) -> list[bytes]:
        """Return the members of ranks ``start`` up to, but not including, ``stop``."""
        if self._scores is None:
            self._unpack()
        return self._order.members_between(start, stop)

    def scores_between(self, start: int, stop: int) -> list[float]:
        """Return the scores of ranks ``start`` up to, but not including, ``stop``."""
        if self._scores is None:
            self._unpack()
        return self._order.scores_between(start, stop)

    def pop(self, last: bool = False) -> tuple[bytes, float]:
        """Take out the last or the first member; return it and its score."""
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        popped = self._order.pop(last)
        del scores[popped[0]]
        if self._scan_index is not None:
            self._scan_index.remove(popped[0])
        if not len(scores) & 63:
            self._release_memory()
        return popped

    def pop_several(self, count: int, last: bool, limit: int) -> Pairs:
        """
        Take out members from an end, the outermost first, but not the last one there is.

        Args:
            count: How many at most.
            last: Whether from the end of the greatest.
            limit: How many bytes they may have together; nothing is taken if they have more.

        Returns:
            The members and their scores.
        """
        scores = self.scores
        size = len(scores)
        count = min(count, size - 1)
        start = size - count if last else 0
        order = self._order
        members = order.members_between(start, start + count)
        if sum(map(len, members)) > limit:
            return [], []
        order.delete_between(start, start + count)
        if last:
            members.reverse()
        if self._scan_index is not None:
            for member in members:
                self._scan_index.remove(member)
        popped = list(map(scores.pop, members))
        if len(scores) >> 6 != size >> 6:
            self._release_memory()
        return members, popped

    def delete_between(self, start: int, stop: int) -> list[bytes]:
        """Take out the members of ranks ``start`` up to ``stop`` and return them."""
        scores = self._scores
        if scores is None:
            scores = self._unpack()
        order = self._order
        members = order.members_between(start, stop)
        order.delete_between(start, stop)
        for member in members:
            del scores[member]
        if self._scan_index is not None:
            for member in members:
                self._scan_index.remove(member)
        self._release_memory()
        return members

    def _release_memory(self) -> None:
        """
        Make the dict anew once it holds very little of what it has room for.

        A dict never gives room back by itself. Sixty-four bytes a member are
        usual; waiting for much more keeps the rebuild too short to be felt.
        """
        scores = self._scores
        if scores is not None and scores.__sizeof__() > 4096 * (len(scores) + 16):
            self._scores = dict(self.items())

    # Chance, cursors, the end

    def random(self, rng: Random) -> bytes:
        """
        Return a member, each with the same chance.

        Raises:
            ValueError: The set is empty.
        """
        rank = rng.randrange(len(self))
        return self.members_between(rank, rank + 1)[0]

    def choices(self, rng: Random, count: int) -> list[bytes]:
        """Return members chosen one by one, perhaps the same several times."""
        return self._at(rng.choices(range(len(self)), k=count))

    def sample(self, rng: Random, count: int) -> list[bytes]:
        """
        Return different members.

        Raises:
            ValueError: There are not so many.
        """
        return self._at(rng.sample(range(len(self)), count))

    def _at(self, ranks: list[int]) -> list[bytes]:
        """Return the members of some ranks."""
        size = len(self)
        if size <= FLAT_MAX or len(ranks) > size >> 4:
            members = self.members_between(0, size)
            return [members[rank] for rank in ranks]
        find = self._order.members_between
        return [find(rank, rank + 1)[0] for rank in ranks]

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """
        Return some members and the cursor for the next call, as ZSCAN does.

        A small set is returned at once, as Redis returns its compact encoding.
        """
        if self.encoding == "listpack":
            return 0, self.members_between(0, len(self))
        scores = self.scores
        if self._scan_index is None:
            self._scan_index = GradualScanIndex(scores)
        return self._scan_index.scan(cursor, count, scores)

    def release(self, limit: int) -> None:
        """Forget about ``limit`` members, whichever: for freeing a value that is gone in slices."""
        self._scan_index = None
        scores = self.scores
        order = self._order
        if isinstance(order, FlatOrder):
            self._scores = {}
            self._order = FlatOrder([], [])
            return
        while limit > 0 and scores:
            members = order.shed()
            for member in members:
                del scores[member]
            limit -= len(members)

    # Packing

    def _outgrow_flat(self) -> None:
        """Cut the order into chunks."""
        order = self._order
        if isinstance(order, FlatOrder):
            self._order = ChunkedOrder(order.scores, order.members)

    @property
    def _packed(self) -> bytes:
        return cast(bytes, self._order)

    def _pack(self) -> None:
        """Go over to the packed form, unless that would not be worth it or not be faithful."""
        scores, order = self._scores, self._order
        if not scores or self.encoding != "listpack" or not isinstance(order, FlatOrder):
            return
        packed = pack(order.scores, order.members)
        if packed is not None:
            self._scores = None
            self._order = packed  # type: ignore[assignment]

    def _unpack(self) -> dict[bytes, float]:
        """Go over to the form for use; return the dict of scores."""
        scores, members = unpack(self._packed)
        self._order = FlatOrder(scores, members)
        self._scores = by_member = dict(zip(members, scores, strict=True))
        _keep_warm(self)
        return by_member


# The sets that are not packed but may be, the one that was left so longest first.
_warm: OrderedDict[SortedSetValue, None] = OrderedDict()


def _keep_warm(value: SortedSetValue) -> None:
    """Leave a set unpacked for a while; the one that was left so longest is packed."""
    _warm[value] = None
    if len(_warm) > _WARM_MAX:
        _warm.popitem(last=False)[0]._pack()


def in_order(scores: dict[bytes, float]) -> list[bytes]:
    """Return the members of a dict of scores in the order of a sorted set."""
    # Two plain sorts are faster than one of tuples.
    members = sorted(scores)
    members.sort(key=scores.__getitem__)
    return members
