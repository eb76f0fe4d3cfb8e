"""Where in its arguments a command has its keys.

A command declares one or more specifications. Each says where to begin (an index, or a keyword
searched for) and how to go on from there: a range, or a number of keys given by an argument.
Cluster routing, ACL key patterns, client tracking and the COMMAND command all read the keys from
here, so that none of them needs to know a command by name.

Some commands cannot be described so (SORT's ``STORE`` may stand anywhere), and some access their
key in a way that depends on an option (SET with ``GET``). Such a command hands a function to one
of its specifications as ``positions``; it then answers for the whole command, as in Redis.

Indexes count the command's name as 0. Those of a subcommand's keys count the container's name,
too: in ``OBJECT ENCODING key`` the key has index 2.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pyredis.execution.flags import Access, access_names

FoundKey: TypeAlias = tuple[int, Access]
"""The index of a key among the arguments, and what the command does with it."""

KeyFinder: TypeAlias = Callable[[Sequence[bytes]], Sequence[int]]
PositionsFunction: TypeAlias = Callable[[Sequence[bytes]], list[FoundKey]]


class Keyword(NamedTuple):
    """Begin after this word, wherever it stands.

    A positive ``start_from`` searches forward from that index; a negative one counts from the
    end and searches backward.
    """

    word: str
    start_from: int = 1


Begin: TypeAlias = int | Keyword


@dataclass(frozen=True, slots=True)
class KeySpec(ABC):
    """One specification: what is done with the keys it finds, and how to find them."""

    access: Access = field(kw_only=True)
    notes: str = field(default="", kw_only=True)
    positions: PositionsFunction | None = field(default=None, kw_only=True)

    @abstractmethod
    def find(self, argv: Sequence[bytes]) -> list[int]:
        """Find the indexes of the keys in ``argv``.

        Raises:
            ValueError: The arguments do not fit the specification.
        """

    @abstractmethod
    def _begin_reply(self) -> dict[str, object]: ...

    @abstractmethod
    def _find_reply(self) -> dict[str, object]: ...

    def reply(self) -> dict[str, object]:
        """Describe the specification as COMMAND INFO does.

        Returns:
            A map of strings, integers, lists and such maps; ``flags`` is a list of statuses.
        """
        described: dict[str, object] = {"notes": self.notes} if self.notes else {}
        described["flags"] = access_names(self.access)
        described["begin_search"] = self._begin_reply()
        described["find_keys"] = self._find_reply()
        return described


@dataclass(frozen=True, slots=True)
class KeyRange(KeySpec):
    """Every ``step``-th argument from the beginning to the last.

    Attributes:
        begin: Where the first key is.
        last: Where the last key is: relative to the first if not negative (0: there is only the
            one), else counted from the end of the arguments (-1: the last).
        step: The distance of one key from the next.
        limit: With ``last=-1``: only the first 1/``limit`` of the remaining arguments are keys.
    """

    begin: Begin
    last: int = 0
    step: int = 1
    limit: int = field(default=0, kw_only=True)

    def find(self, argv: Sequence[bytes]) -> list[int]:
        """Find the indexes of the keys in ``argv``."""
        first = _beginning(self.begin, argv)
        if not first:
            return []
        if self.last >= 0:
            last = first + self.last
        elif self.limit:
            last = first + (len(argv) - first) // self.limit + self.last
        else:
            last = len(argv) + self.last
        return _stretch(first, last, self.step, argv)

    def _begin_reply(self) -> dict[str, object]:
        return _describe_beginning(self.begin)

    def _find_reply(self) -> dict[str, object]:
        spec = {"lastkey": self.last, "keystep": self.step, "limit": self.limit}
        return {"type": "range", "spec": spec}


@dataclass(frozen=True, slots=True)
class KeyNum(KeySpec):
    """As many keys as an argument says.

    Attributes:
        begin: Where the other places are counted from.
        keynum_index: Where the number of keys is, relative to ``begin``.
        first: Where the first key is, relative to ``begin``.
        step: The distance of one key from the next.
    """

    begin: Begin
    keynum_index: int = 0
    first: int = 1
    step: int = 1

    def find(self, argv: Sequence[bytes]) -> list[int]:
        """Find the indexes of the keys in ``argv``."""
        begin = _beginning(self.begin, argv)
        if not begin:
            return []
        index = begin + self.keynum_index
        count = _count(argv[index]) if index < len(argv) else 0
        first = begin + self.first
        return _stretch(first, first + count - 1, self.step, argv)

    def _begin_reply(self) -> dict[str, object]:
        return _describe_beginning(self.begin)

    def _find_reply(self) -> dict[str, object]:
        spec = {"keynumidx": self.keynum_index, "firstkey": self.first, "keystep": self.step}
        return {"type": "keynum", "spec": spec}


@dataclass(frozen=True, slots=True)
class UnknownKeys(KeySpec):
    """There are keys, but no specification says where; ``notes`` tells a human."""

    def find(self, argv: Sequence[bytes]) -> list[int]:
        """Refuse, whatever the arguments are."""
        raise ValueError("the keys cannot be told from a specification")

    def _begin_reply(self) -> dict[str, object]:
        return {"type": "unknown", "spec": {}}

    def _find_reply(self) -> dict[str, object]:
        return {"type": "unknown", "spec": {}}


@dataclass(frozen=True, slots=True)
class Channels:
    """
    Which arguments are channels that a command uses: all of them, or the first alone.

    Leaving a channel takes no permission, so it is no use of one.
    """

    only_first: bool = False
    are_patterns: bool = False

    def find(self, argv: Sequence[bytes]) -> list[tuple[int, bool]]:
        """Find the indexes of the channels, and say of each whether it is a pattern."""
        end = min(2, len(argv)) if self.only_first else len(argv)
        return [(index, self.are_patterns) for index in range(1, end)]


def key_finder(specs: Sequence[KeySpec], *, routed: bool = False) -> KeyFinder:
    """Make the function that finds the indexes of all keys of a command.

    It is asked before a command runs, so it is made once for each command and as plain as the
    specifications allow. Arguments that do not fit (a number of keys that is none, say) have no
    keys: the command itself will say what is wrong with them.

    Args:
        specs: The command's specifications; the keys come in their order.
        routed: Whether to find what is only routed like a key, too (a shard channel).
    """
    wanted = [spec for spec in specs if routed or Access.NOT_KEY not in spec.access]
    if any(spec.access & (Access.INCOMPLETE | Access.VARIABLE_FLAGS) for spec in wanted) or any(
        isinstance(spec, UnknownKeys) for spec in wanted
    ):
        return lambda argv: [index for index, _ in find_keys_and_access(specs, argv)]
    if not wanted:
        return lambda argv: ()
    if len(wanted) == 1:
        only = wanted[0]
        if isinstance(only, KeyRange) and isinstance(only.begin, int) and only.last == 0:
            return _one_place(only.begin)
    return _all_places([spec.find for spec in wanted])


def _one_place(index: int) -> KeyFinder:
    found = (index,)
    return lambda argv: found if index < len(argv) else ()


def _all_places(finders: Sequence[KeyFinder]) -> KeyFinder:
    def find(argv: Sequence[bytes]) -> Sequence[int]:
        try:
            return [index for finder in finders for index in finder(argv)]
        except ValueError:
            return ()

    return find


def find_keys_and_access(specs: Sequence[KeySpec], argv: Sequence[bytes]) -> list[FoundKey]:
    """Find all keys of a command with what it does to each, as COMMAND GETKEYSANDFLAGS does."""
    if not any(Access.VARIABLE_FLAGS in spec.access for spec in specs):
        try:
            return _keys_by_spec(specs, argv)
        except ValueError:
            pass
    for spec in specs:
        if spec.positions is not None:
            return spec.positions(argv)
    return []


def has_keys(specs: Sequence[KeySpec]) -> bool:
    """Say whether a command may have keys at all (a shard channel is none)."""
    return any(Access.NOT_KEY not in spec.access for spec in specs)


def legacy_range(specs: Sequence[KeySpec]) -> tuple[int, int, int]:
    """Sum up the specifications as the first key, the last key and the step of COMMAND INFO.

    Several ranges count as one if they have step 1 and follow each other; others are left out
    (see :func:`is_movable`). The last key is an absolute index, or negative from the end.
    """
    if len(specs) == 1:
        only = specs[0]
        if isinstance(only, KeyRange) and isinstance(only.begin, int):
            last = only.last + only.begin if only.last >= 0 else only.last
            return only.begin, last, only.step
    plain, _ = _plain_ranges(specs)
    if not plain:
        return 0, 0, 0
    # -1, the end, is the farthest of all.
    last = max((last for _, last in plain), key=_farther)
    return min(first for first, _ in plain), last, 1


def is_movable(specs: Sequence[KeySpec]) -> bool:
    """Say whether :func:`legacy_range` misses some keys (the ``movablekeys`` flag)."""
    if any(Access.INCOMPLETE in spec.access for spec in specs):
        return True
    if len(specs) == 1:
        return not (isinstance(specs[0], KeyRange) and isinstance(specs[0].begin, int))
    return _plain_ranges(specs)[1]


def _plain_ranges(specs: Sequence[KeySpec]) -> tuple[list[tuple[int, int]], bool]:
    """Collect the adjoining (first, last) ranges; say whether something had to be left out."""
    plain: list[tuple[int, int]] = []
    left_out = False
    previous = 0
    for spec in specs:
        if (
            not isinstance(spec, KeyRange)
            or not isinstance(spec.begin, int)
            or spec.step != 1
            or (previous and previous != spec.begin - 1)
        ):
            left_out = True
            continue
        last = spec.last + spec.begin if spec.last >= 0 else spec.last
        plain.append((spec.begin, last))
        previous = max(previous, last, key=_farther)
    return plain, left_out


def _farther(last: int) -> tuple[bool, int]:
    return last < 0, last


def _keys_by_spec(specs: Sequence[KeySpec], argv: Sequence[bytes]) -> list[FoundKey]:
    found: list[FoundKey] = []
    for spec in specs:
        access = spec.access
        if Access.NOT_KEY in access:
            continue
        indexes = spec.find(argv)
        # A keyword that is absent finds nothing, and then nothing is missing.
        if indexes and Access.INCOMPLETE in access:
            raise ValueError("the specification may miss keys")
        found.extend((index, access) for index in indexes)
    return found


def _beginning(begin: Begin, argv: Sequence[bytes]) -> int:
    """Return the index to begin at, or 0 if the keyword is absent."""
    if isinstance(begin, int):
        return begin
    word = begin.word.encode()
    if begin.start_from > 0:
        indexes = range(begin.start_from, len(argv) - 1)
    else:
        indexes = range(len(argv) + begin.start_from, 1, -1)
    for index in indexes:
        if 1 <= index < len(argv) and argv[index].upper() == word:
            return index + 1
    return 0


def _stretch(first: int, last: int, step: int, argv: Sequence[bytes]) -> list[int]:
    if not first <= last < len(argv):
        raise ValueError("the keys are not among the arguments")
    return list(range(first, last + 1, step))


def _count(raw: bytes) -> int:
    """Read a number of keys; Redis takes canonical decimals alone, no ``+1`` and no ``01``."""
    if not raw.isdigit() or (raw[0] == 0x30 and len(raw) > 1) or len(raw) > 19:
        raise ValueError("the number of keys is not a number")
    return int(raw)


def _describe_beginning(begin: Begin) -> dict[str, object]:
    if isinstance(begin, int):
        return {"type": "index", "spec": {"index": begin}}
    spec = {"keyword": begin.word, "startfrom": begin.start_from}
    return {"type": "keyword", "spec": spec}
