"""Ranges of a sorted set as clients write them: of scores, or of members."""

from __future__ import annotations

from pyredis.primitives.numbers import parse_double_laxly


class ScoreRange:
    """A range of scores, either end of which may be excluded."""

    __slots__ = ("max", "max_excluded", "min", "min_excluded")

    def __init__(
        self,
        minimum: float,
        maximum: float,
        min_excluded: bool = False,
        max_excluded: bool = False,
    ) -> None:
        self.min = minimum
        self.max = maximum
        self.min_excluded = min_excluded
        self.max_excluded = max_excluded

    @classmethod
    def parse(cls, minimum: bytes, maximum: bytes) -> ScoreRange:
        """
        Read a range from its ends as a client writes them: ``1.5``, ``(1.5``, ``-inf``.

        Raises:
            ValueError: An end is not a float.
        """
        min_excluded = minimum[:1] == b"("
        max_excluded = maximum[:1] == b"("
        return cls(
            parse_double_laxly(minimum[1:] if min_excluded else minimum),
            parse_double_laxly(maximum[1:] if max_excluded else maximum),
            min_excluded,
            max_excluded,
        )


class LexRange:
    """
    A range of members, to be asked of a set whose scores are all alike.

    Args:
        minimum: ``[a`` (included), ``(a`` (excluded), ``-`` or ``+``, as a client writes it.
        maximum: Likewise.

    Attributes:
        min: The lower end, None for ``-``.
        max: The upper end, None for ``+``.
        empty: Nothing can be between the ends.

    Raises:
        ValueError: An end is written otherwise.
    """

    __slots__ = ("empty", "max", "max_excluded", "min", "min_excluded")

    def __init__(self, minimum: bytes, maximum: bytes) -> None:
        low_side, low, self.min_excluded = _lex_end(minimum)
        high_side, high, self.max_excluded = _lex_end(maximum)
        self.min = None if low_side else low
        self.max = None if high_side else high
        if low_side or high_side:
            self.empty = low_side > 0 or high_side < 0
        else:
            self.empty = low > high or (low == high and (self.min_excluded or self.max_excluded))

    def reached(self, member: bytes) -> bool:
        """Tell whether a member is not below the range."""
        low = self.min
        return low is None or member > low or (member == low and not self.min_excluded)

    def not_passed(self, member: bytes) -> bool:
        """Tell whether a member is not above the range."""
        high = self.max
        return high is None or member < high or (member == high and not self.max_excluded)


def _lex_end(text: bytes) -> tuple[int, bytes, bool]:
    """Return whether an end is below (-1) or above (1) all members, the member, and if excluded."""
    first = text[:1]
    if first == b"[":
        return 0, text[1:], False
    if first == b"(":
        return 0, text[1:], True
    # Redis looks at a C string: a NUL byte ends it.
    if first and first in b"-+" and text[1:2] in (b"", b"\0"):
        return (-1 if first == b"-" else 1), b"", True
    raise ValueError("not a string range item")


def ranks_by_walking(members: list[bytes], bounds: LexRange, reverse: bool) -> tuple[int, int]:
    """Return the ranks Redis comes to in a small set whose members are not in order of bytes."""
    if not bounds.reached(members[-1]) or not bounds.not_passed(members[0]):
        return 0, 0
    size = len(members)
    if reverse:
        stop = size
        while stop and not bounds.not_passed(members[stop - 1]):
            stop -= 1
        start = stop
        while start and bounds.reached(members[start - 1]):
            start -= 1
    else:
        start = 0
        while start < size and not bounds.reached(members[start]):
            start += 1
        stop = start
        while stop < size and bounds.not_passed(members[stop]):
            stop += 1
    return start, stop
