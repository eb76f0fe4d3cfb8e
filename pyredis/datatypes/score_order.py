"""
Members of a sorted set in order: by score, then by the bytes of the member.

Two structures with the same methods. :class:`FlatOrder` is two parallel lists,
for up to about a thousand members. :class:`ChunkedOrder` cuts them into chunks
of some hundreds, with the last score and member of each chunk beside: two
bisections find any place, an insertion moves one chunk's tail, and counts kept
for groups of chunks answer ranks. All the work is done by ``bisect`` and slices
at C speed.

Scores and members lie in parallel rather than as tuples, which takes half the
memory of ``SortedList`` of tuples and two thirds of its time (a million
members: 62 against 116 bytes a member with the dict of scores, ZADD 3.4
against 6.0 microseconds, ZINCRBY 5.7 against 10.7). The chunks keep bare
doubles: that a bisection meets no scattered float objects outweighs making
new ones.

A rank is a position counted from 0. Where a member is handed in with its
score, it must be there; nothing here looks members up.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, chain

# Members and their scores.
Pairs = tuple[list[bytes], list[float]]

FLAT_MAX = 1024  # members above which a flat order is worth cutting into chunks
_CHUNK = 512  # a chunk of twice this is split in two
_SPARSE = 128  # a chunk of fewer than this joins a neighbour that has room
_GROUP_BITS = 4  # chunks are counted in groups of 16
_GROUP = 1 << _GROUP_BITS


class FlatOrder:
    """
    The order of a small sorted set: two parallel lists.

    Attributes:
        scores: The scores, ascending.
        members: The members, in the same order.
    """

    __slots__ = ("members", "scores")

    def __init__(self, scores: list[float], members: list[bytes]) -> None:
        self.scores = scores
        self.members = members

    def copy(self) -> FlatOrder:
        """Return an order of the same members that lives on its own."""
        return FlatOrder(self.scores[:], self.members[:])

    def insert(self, score: float, member: bytes) -> None:
        """Take in a member."""
        scores = self.scores
        place = bisect_left(scores, score)
        if place < len(scores) and scores[place] == score:
            place = bisect_left(self.members, member, place, bisect_right(scores, score, place))
        scores.insert(place, score)
        self.members.insert(place, member)

    def rank(self, score: float, member: bytes) -> int:
        """Return the rank of a member."""
        place = bisect_left(self.scores, score)
        members = self.members
        if members[place] != member:
            place = bisect_left(members, member, place, bisect_right(self.scores, score, place))
        return place

    def remove(self, score: float, member: bytes) -> None:
        """Take out a member."""
        place = self.rank(score, member)
        del self.scores[place]
        del self.members[place]

    def move(self, old: float, new: float, member: bytes) -> None:
        """Change the score of a member."""
        scores = self.scores
        place = self.rank(old, member)
        if (not place or scores[place - 1] < new) and (
            place + 1 == len(scores) or new < scores[place + 1]
        ):
            scores[place] = new
            return
        del scores[place]
        # The set's dict and this list go on sharing one object for the member.
        self.insert(new, self.members.pop(place))

    def count_below(self, score: float) -> int:
        """Return how many scores are less than this."""
        return bisect_left(self.scores, score)

    def count_through(self, score: float) -> int:
        """Return how many scores are at most this."""
        return bisect_right(self.scores, score)

    def count_members_below(self, member: bytes) -> int:
        """Return how many members are less than this, if all scores are alike."""
        return bisect_left(self.members, member)

    def count_members_through(self, member: bytes) -> int:
        """Return how many members are at most this, if all scores are alike."""
        return bisect_right(self.members, member)

    def members_between(self, start: int, stop: int) -> list[bytes]:
        """Return the members of ranks ``start`` up to, but not including, ``stop``."""
        return self.members[start:stop]

    def scores_between(self, start: int, stop: int) -> list[float]:
        """Return the scores of ranks ``start`` up to, but not including, ``stop``."""
        return self.scores[start:stop]

    def delete_between(self, start: int, stop: int) -> None:
        """Take out the members of ranks ``start`` up to, but not including, ``stop``."""
        del self.scores[start:stop]
        del self.members[start:stop]

    def pop(self, last: bool) -> tuple[bytes, float]:
        """Take out the last or the first member; return it and its score."""
        place = -1 if last else 0
        return self.members.pop(place), self.scores.pop(place)

    def pairs_from(self, score: float, after: bool, count: int) -> Pairs:
        """Return ``count`` members and their scores, from a score on or from behind it."""
        start = bisect_right(self.scores, score) if after else bisect_left(self.scores, score)
        return self.members[start : start + count], self.scores[start : start + count]

    def pieces(self, low: float, high: float) -> Iterator[Pairs]:
        """Iterate over the members from one score up to, not including, another, in lists."""
        start, stop = bisect_left(self.scores, low), bisect_left(self.scores, high)
        if start < stop:
            yield self.members[start:stop], self.scores[start:stop]


class ChunkedOrder:
    """
    The order of a large sorted set: parallel chunks of scores and members.

    There is always a chunk; only a single one may be empty, and what is then
    said of its last score and member does not matter: any search ends in it.
    """

    __slots__ = ("_groups", "_last_members", "_last_scores", "_member_chunks", "_score_chunks")

    def __init__(self, scores: list[float], members: list[bytes]) -> None:
        starts = range(0, len(members), _CHUNK) or range(1)
        self._score_chunks = [array("d", scores[at : at + _CHUNK]) for at in starts]
        self._member_chunks = [members[at : at + _CHUNK] for at in starts]
        self._groups: list[int] = []
        self._renew_lasts()

    def _renew_lasts(self) -> None:
        """Read the chunks' last scores and members, and count, anew."""
        # A list, unlike the chunks: so few are always at hand.
        self._last_scores = [chunk[-1] if chunk else 0.0 for chunk in self._score_chunks]
        self._last_members = [chunk[-1] if chunk else b"" for chunk in self._member_chunks]
        self._renew_groups()

    def _renew_groups(self, number: int = 0) -> None:
        """Count groups of chunks anew, from a chunk's on, after chunks came or went."""
        chunks = self._member_chunks
        group = number >> _GROUP_BITS
        self._groups[group:] = [
            sum(map(len, chunks[at : at + _GROUP]))
            for at in range(group << _GROUP_BITS, len(chunks), _GROUP)
        ]

    def copy(self) -> ChunkedOrder:
        """Return an order of the same members that lives on its own."""
        twin = ChunkedOrder.__new__(ChunkedOrder)
        twin._score_chunks = [chunk[:] for chunk in self._score_chunks]
        twin._member_chunks = [chunk[:] for chunk in self._member_chunks]
        twin._last_scores = self._last_scores[:]
        twin._last_members = self._last_members[:]
        twin._groups = self._groups[:]
        return twin

    # Places: the number of a chunk and a position in it

    def _chunk_for(self, score: float, member: bytes) -> int:
        """Return the chunk a member is in or belongs in."""
        lasts = self._last_scores
        number = bisect_left(lasts, score)
        if number == len(lasts):
            return number - 1
        return self._chunk_among(number, score, member) if lasts[number] == score else number

    def _chunk_among(self, number: int, score: float, member: bytes) -> int:
        """Return the chunk a member is in or belongs in, of those from one on that end alike."""
        lasts, last_members = self._last_scores, self._last_members
        if last_members[number] < member:
            number += 1
            end = len(lasts) if lasts[-1] == score else bisect_right(lasts, score, number)
            number = bisect_left(last_members, member, number, end)
            if number == len(lasts):
                return number - 1
        return number

    def _position(self, number: int, score: float, member: bytes) -> int:
        """Return where in its chunk a member is."""
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        if scores[0] == score == scores[-1]:
            return bisect_left(members, member)
        at = bisect_left(scores, score)
        if members[at] != member:
            at = bisect_left(members, member, at, bisect_right(scores, score, at))
        return at

    def _before(self, number: int) -> int:
        """Return how many members the chunks before one have."""
        group = number >> _GROUP_BITS
        count = sum(map(len, self._member_chunks[group << _GROUP_BITS : number]))
        return count + sum(self._groups[:group]) if group else count

    def _place(self, rank: int) -> tuple[int, int]:
        """Return the place of a rank."""
        chunks = self._member_chunks
        if rank < len(chunks[0]):
            return 0, rank
        number = 0
        groups = self._groups
        # Next to the beginning it is the end that is asked for most.
        from_end = sum(groups) - rank
        size = len(chunks[-1])
        if from_end <= size:
            return len(chunks) - 1, size - from_end
        if rank >= groups[0]:
            counts = list(accumulate(groups))
            group = bisect_right(counts, rank)
            rank -= counts[group - 1]
            number = group << _GROUP_BITS
        counts = list(accumulate(map(len, chunks[number : number + _GROUP])))
        at = bisect_right(counts, rank)
        if at:
            rank -= counts[at - 1]
        return number + at, rank

    # One member

    def insert(self, score: float, member: bytes) -> None:
        """Take in a member."""
        lasts = self._last_scores
        number = bisect_left(lasts, score)
        may_be_alike = False
        if number == len(lasts):
            number -= 1
        elif lasts[number] == score:
            number = self._chunk_among(number, score, member)
            may_be_alike = lasts[number] == score
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        size = len(scores)
        if may_be_alike and size and scores[0] == score:
            # All of the chunk are: to bisect its scores is to make and drop floats.
            at = bisect_left(members, member)
        else:
            at = bisect_left(scores, score)
            if at < size and scores[at] == score:
                at = bisect_left(members, member, at, bisect_right(scores, score, at))
        scores.insert(at, score)
        members.insert(at, member)
        self._groups[number >> _GROUP_BITS] += 1
        if at == size:
            lasts[number] = score
            self._last_members[number] = member
        if size >= 2 * _CHUNK:
            self._split(number)

    def _split(self, number: int) -> None:
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        self._score_chunks.insert(number + 1, scores[_CHUNK:])
        self._member_chunks.insert(number + 1, members[_CHUNK:])
        del scores[_CHUNK:]
        del members[_CHUNK:]
        self._last_scores.insert(number, scores[-1])
        self._last_members.insert(number, members[-1])
        self._renew_groups(number)

    def rank(self, score: float, member: bytes) -> int:
        """Return the rank of a member."""
        number = self._chunk_for(score, member)
        return self._before(number) + self._position(number, score, member)

    def remove(self, score: float, member: bytes) -> None:
        """Take out a member."""
        number = self._chunk_for(score, member)
        self._delete(number, self._position(number, score, member), 1)

    def move(self, old: float, new: float, member: bytes) -> None:
        """Change the score of a member."""
        # The commonest change of all: what other methods do by parts stands here in one piece.
        lasts = self._last_scores
        number = bisect_left(lasts, old)
        if number == len(lasts) or lasts[number] == old:
            number = self._chunk_for(old, member)
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        left = len(scores) - 1
        if scores[0] == old == scores[-1]:
            at = bisect_left(members, member)
        else:
            at = bisect_left(scores, old)
            # Members are looked at, wherever in memory they are, only where scores are alike.
            if at < left and scores[at + 1] == old and members[at] != member:
                at += 1
                if at < left and scores[at + 1] == old:
                    at = bisect_left(members, member, at, bisect_right(scores, old, at))
        if at == left or left < _SPARSE:
            member = members[at]
            self._delete(number, at, 1)
            self.insert(new, member)
            return
        # The set's dict and these chunks share one object for a member.
        member = members.pop(at)
        del scores[at]
        target = bisect_left(lasts, new)
        if target == len(lasts) or lasts[target] == new:
            self._groups[number >> _GROUP_BITS] -= 1
            self.insert(new, member)
            return
        if target != number:
            groups = self._groups
            groups[number >> _GROUP_BITS] -= 1
            groups[target >> _GROUP_BITS] += 1
            scores = self._score_chunks[target]
            members = self._member_chunks[target]
        at = bisect_left(scores, new)
        if scores[at] == new:
            if at + 1 < len(scores) and scores[at + 1] == new:
                at = bisect_left(members, member, at, bisect_right(scores, new, at))
            elif members[at] < member:
                at += 1
        scores.insert(at, new)
        members.insert(at, member)
        if len(scores) > 2 * _CHUNK:
            self._split(target)

    # Bounds

    def count_below(self, score: float) -> int:
        """Return how many scores are less than this."""
        number = bisect_left(self._last_scores, score)
        before = self._before(number)
        if number == len(self._last_scores):
            return before
        return before + bisect_left(self._score_chunks[number], score)

    def count_through(self, score: float) -> int:
        """Return how many scores are at most this."""
        number = bisect_right(self._last_scores, score)
        before = self._before(number)
        if number == len(self._last_scores):
            return before
        return before + bisect_right(self._score_chunks[number], score)

    def count_members_below(self, member: bytes) -> int:
        """Return how many members are less than this, if all scores are alike."""
        number = bisect_left(self._last_members, member)
        before = self._before(number)
        if number == len(self._last_members):
            return before
        return before + bisect_left(self._member_chunks[number], member)

    def count_members_through(self, member: bytes) -> int:
        """Return how many members are at most this, if all scores are alike."""
        number = bisect_right(self._last_members, member)
        before = self._before(number)
        if number == len(self._last_members):
            return before
        return before + bisect_right(self._member_chunks[number], member)

    # Ranges of ranks

    def items(self) -> Iterator[tuple[bytes, float]]:
        """Iterate over members and scores."""
        return zip(
            chain.from_iterable(self._member_chunks),
            chain.from_iterable(self._score_chunks),
            strict=True,
        )

    def members_between(self, start: int, stop: int) -> list[bytes]:
        """Return the members of ranks ``start`` up to, but not including, ``stop``."""
        if start >= stop:
            return []
        chunks = self._member_chunks
        number, at = self._place(start)
        found = chunks[number][at : at + stop - start]
        missing = stop - start - len(found)
        while missing > 0:
            number += 1
            found += chunks[number][:missing]
            missing = stop - start - len(found)
        return found

    def scores_between(self, start: int, stop: int) -> list[float]:
        """Return the scores of ranks ``start`` up to, but not including, ``stop``."""
        if start >= stop:
            return []
        chunks = self._score_chunks
        number, at = self._place(start)
        found = chunks[number][at : at + stop - start].tolist()
        missing = stop - start - len(found)
        while missing > 0:
            number += 1
            found += chunks[number][:missing]
            missing = stop - start - len(found)
        return found

    def pairs_from(self, score: float, after: bool, count: int) -> Pairs:
        """Return ``count`` members and their scores, from a score on or from behind it."""
        find = bisect_right if after else bisect_left
        number = find(self._last_scores, score)
        if number == len(self._last_scores):
            return [], []
        scores = self._score_chunks[number]
        start = find(scores, score)
        found = self._member_chunks[number][start : start + count]
        found_scores = scores[start : start + count].tolist()
        while len(found) < count and number + 1 < len(self._score_chunks):
            number += 1
            missing = count - len(found)
            found += self._member_chunks[number][:missing]
            found_scores += self._score_chunks[number][:missing]
        return found, found_scores

    def pieces(self, low: float, high: float) -> Iterator[Pairs]:
        """Iterate over the members from one score up to, not including, another, in lists."""
        number = bisect_left(self._last_scores, low)
        count = len(self._score_chunks)
        start = bisect_left(self._score_chunks[number], low) if number < count else 0
        while number < count:
            scores = self._score_chunks[number]
            stop = bisect_left(scores, high, start)
            if start < stop:
                yield self._member_chunks[number][start:stop], scores[start:stop].tolist()
            if stop < len(scores):
                return
            number += 1
            start = 0

    def pop(self, last: bool) -> tuple[bytes, float]:
        """Take out the last or the first member; return it and its score."""
        number = len(self._score_chunks) - 1 if last else 0
        place = -1 if last else 0
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        popped = members.pop(place), scores.pop(place)
        self._groups[number >> _GROUP_BITS] -= 1
        size = len(scores)
        if last and size:
            self._last_scores[number] = scores[-1]
            self._last_members[number] = members[-1]
        if size < _SPARSE:
            self._thin_out(number, size)
        return popped

    def delete_between(self, start: int, stop: int) -> None:
        """Take out the members of ranks ``start`` up to, but not including, ``stop``."""
        if start >= stop:
            return
        number, at = self._place(start)
        count = stop - start
        if at + count <= len(self._member_chunks[number]):
            self._delete(number, at, count)
            return
        last, end = self._place(stop - 1)
        for chunks in (self._score_chunks, self._member_chunks):
            del chunks[number][at:]
            del chunks[last][: end + 1]
        between = slice(number + 1, last)
        del self._score_chunks[between], self._member_chunks[between]
        del self._last_scores[between], self._last_members[between]
        self._cut(number + 1)
        self._cut(number)
        self._renew_groups(number)

    def _cut(self, number: int) -> None:
        """Read the last score and member of a chunk anew, or remove it if it is empty."""
        scores = self._score_chunks[number]
        if scores:
            self._last_scores[number] = scores[-1]
            self._last_members[number] = self._member_chunks[number][-1]
        elif len(self._score_chunks) > 1:
            del self._score_chunks[number], self._member_chunks[number]
            del self._last_scores[number], self._last_members[number]

    def _delete(self, number: int, at: int, count: int) -> None:
        """Take out members that lie in one chunk."""
        scores = self._score_chunks[number]
        members = self._member_chunks[number]
        del scores[at : at + count]
        del members[at : at + count]
        self._groups[number >> _GROUP_BITS] -= count
        size = len(scores)
        if at == size and size:
            self._last_scores[number] = scores[-1]
            self._last_members[number] = members[-1]
        if size < _SPARSE:
            self._thin_out(number, size)

    def _thin_out(self, number: int, size: int) -> None:
        """Remove a chunk that is empty, or join a small one with a neighbour that has room."""
        chunks = self._member_chunks
        if len(chunks) == 1:
            return
        if size:
            if number + 1 < len(chunks) and size + len(chunks[number + 1]) <= _CHUNK:
                number += 1
            elif not number or size + len(chunks[number - 1]) > _CHUNK:
                return
            # Whatever is joined, it goes to the end of the chunk before.
            self._score_chunks[number - 1] += self._score_chunks[number]
            chunks[number - 1] += chunks[number]
            self._last_scores[number - 1] = self._last_scores[number]
            self._last_members[number - 1] = self._last_members[number]
        del self._score_chunks[number]
        del chunks[number]
        del self._last_scores[number]
        del self._last_members[number]
        self._renew_groups(max(number - 1, 0))

    def shed(self) -> list[bytes]:
        """Take out the members of one chunk and return them, to free a large order in slices."""
        members = self._member_chunks.pop()
        self._score_chunks.pop()
        self._last_scores.pop()
        self._last_members.pop()
        if self._member_chunks:
            self._renew_groups(len(self._member_chunks))
        else:
            self._score_chunks.append(array("d"))
            self._member_chunks.append([])
            self._renew_lasts()
        return members
