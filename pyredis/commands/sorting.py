"""
SORT and SORT_RO.

Elements are weighed by themselves or by values found under keys made of them
(BY), as numbers or as text (ALPHA), and other values found so may be returned
in their place (GET).

Where the order of equals shows, it is Redis': with numbers the elements
decide, with ALPHA equals stay as they were, unless BY meets LIMIT (see
:mod:`pyredis.primitives.partial_sort`). Text compares as C strings compare in
the C locale, which a NUL byte ends; byte for byte where the result is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.strings import to_bytes
from pyredis.errors import RedisError, WrongType, syntax_error
from pyredis.execution.arguments import Arguments
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ACCESS,
    DENYOOM,
    OW,
    READONLY,
    RO,
    UPDATE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import FoundKey, KeyRange, UnknownKeys
from pyredis.execution.table import family
from pyredis.keyspace.database import STRING_TYPES, Database
from pyredis.keyspace.events import GENERIC, LIST
from pyredis.primitives.numbers import parse_double, parse_plain_doubles
from pyredis.primitives.partial_sort import first_in_order
from pyredis.wire.replies import Reply

command = family("generic")

# Who wants so many times less than there is gets it without all being sorted.
_FEW = 16
_LEAST_NORMAL = 2.2250738585072014e-308


_SORT_WORDS = {b"LIMIT": 2, b"GET": 1, b"BY": 1}


def _sort_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Return the key to sort and the last one that STORE names, as SORT understands it."""
    found = [(1, RO | ACCESS)]
    at = 2
    while at < len(argv):
        word = argv[at].upper()
        if word == b"STORE" and at + 1 < len(argv):
            found[1:] = [(at + 1, OW | UPDATE)]
        at += 1 + _SORT_WORDS.get(word, 0)
    return found


@command(
    "SORT",
    arity=-2,
    flags=WRITE | DENYOOM,
    keys=(
        KeyRange(1, access=RO | ACCESS),
        UnknownKeys(
            access=RO | ACCESS,
            notes="The keys of BY and GET follow from the elements that are sorted",
        ),
        UnknownKeys(
            access=OW | UPDATE,
            notes="The key of STORE, which may stand anywhere among the options",
            positions=_sort_keys,
        ),
    ),
    since="1.0.0",
    complexity="O(N+M*log(M)) for N elements to sort and M returned",
    categories=Category.SET | Category.SORTEDSET | Category.LIST | Category.DANGEROUS,
    syntax=(
        "key [BY by-pattern:pattern/pattern#1] [LIMIT offset count] "
        "[GET get-pattern:pattern/pattern#1]... [ASC | DESC]:order [ALPHA:sorting] "
        "[STORE destination#2]"
    ),
)
def sort(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Sort the elements of a list, set or sorted set, and return or store them."""
    request = _read(ctx, options, may_store=True)
    found = _sorted(ctx, key, request)
    if request.destination is None:
        return found  # type: ignore[return-value]  # a list of bytes is a reply
    return _store(ctx, request.destination, found)


def _sort_ro_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Return the key to sort; those of BY and GET are known only while sorting."""
    return [(1, RO | ACCESS)]


@command(
    "SORT_RO",
    arity=-2,
    flags=READONLY,
    keys=(
        KeyRange(1, access=RO | ACCESS),
        UnknownKeys(
            access=RO | ACCESS,
            notes="The keys of BY and GET follow from the elements that are sorted",
            positions=_sort_ro_keys,
        ),
    ),
    since="7.0.0",
    complexity="O(N+M*log(M)) for N elements to sort and M returned",
    categories=Category.SET | Category.SORTEDSET | Category.LIST | Category.DANGEROUS,
    syntax=(
        "key [BY by-pattern:pattern/pattern#1] [LIMIT offset count] "
        "[GET get-pattern:pattern/pattern#1]... [ASC | DESC]:order [ALPHA:sorting]"
    ),
)
def sort_ro(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Sort the elements of a list, set or sorted set, and return them."""
    return _sorted(ctx, key, _read(ctx, options, may_store=False))  # type: ignore[return-value]


class _Pattern:
    """
    A pattern of BY or GET: which key to look into for an element.

    The first star stands for the element, ``->`` behind it parts off the field
    of a hash, and ``#`` is the element itself.
    """

    __slots__ = ("_field", "_is_element", "_prefix", "_suffix", "has_star")

    def __init__(self, text: bytes) -> None:
        # Redis looks for all of these in a C string: a NUL byte hides what follows.
        visible = text.partition(b"\0")[0]
        self._is_element = visible == b"#"
        star = visible.find(b"*")
        self.has_star = star >= 0
        arrow = visible.find(b"->", star + 1)
        self._field: bytes | None = None
        if 0 <= arrow < len(visible) - 2:
            self._field = text[arrow + 2 :]
            text = text[:arrow]
        self._prefix = text[:star]
        self._suffix = text[star + 1 :]

    def value_for(self, db: Database, element: bytes) -> bytes | None:
        """Return what the pattern finds for an element, or None."""
        if self._is_element:
            return element
        if not self.has_star:
            return None
        value = db.lookup_read(self._prefix + element + self._suffix)
        if self._field is not None:
            return value.fields.get(self._field) if value.__class__ in HASHES else None
        return to_bytes(value) if value.__class__ in STRING_TYPES else None


@dataclass(slots=True)
class _Request:
    """
    What is asked of SORT.

    Attributes:
        by: Where to find the weights; None for the elements themselves.
        unsorted: Leave the elements in their order (a BY without a star).
        gets: What to return for each element; nothing for itself.
        offset: How many to skip.
        count: How many to return; negative for all.
        destination: The key of STORE.
    """

    by: _Pattern | None = None
    unsorted: bool = False
    gets: list[_Pattern] = field(default_factory=list)
    descending: bool = False
    alpha: bool = False
    offset: int = 0
    count: int = -1
    destination: bytes | None = None

    def window(self, size: int) -> tuple[int, int]:
        """Return where, among so many sorted elements, those asked for start and stop."""
        start = min(max(self.offset, 0), size)
        return start, size if self.count < 0 else min(start + self.count, size)


def _read(ctx: Context, options: Sequence[bytes], *, may_store: bool) -> _Request:
    """
    Read the options.

    Raises:
        RedisError: One is unknown, or lacks something.
    """
    request = _Request()
    arguments = Arguments(options)
    while arguments:
        option = arguments.take_word()
        if option in (b"ASC", b"DESC"):
            request.descending = option == b"DESC"
        elif option == b"ALPHA":
            request.alpha = True
        elif option == b"LIMIT" and arguments.left >= 2:
            request.offset = arguments.take_integer()
            request.count = arguments.take_integer()
        elif option == b"STORE" and may_store and arguments:
            request.destination = arguments.take()
        elif option == b"BY" and arguments:
            request.by = _Pattern(arguments.take())
            if request.by.has_star:
                _check_access(ctx, "BY")
            # Once told not to sort, Redis does not, whatever BY follows.
            request.unsorted = request.unsorted or not request.by.has_star
        elif option == b"GET" and arguments:
            _check_access(ctx, "GET")
            request.gets.append(_Pattern(arguments.take()))
        else:
            raise syntax_error()
    return request


def _check_access(ctx: Context, option: str) -> None:
    """
    Refuse an option that looks into keys which the request does not name.

    Raises:
        RedisError: They may be on other nodes, or the user may not read them all.
    """
    if ctx.server.cluster.is_on:
        raise RedisError(f"{option} option of SORT denied in Cluster mode.")
    if not ctx.server.access.may_read_every_key(ctx.client):
        raise RedisError(f"{option} option of SORT denied due to insufficient ACL permissions.")


def _sorted(ctx: Context, key: bytes, request: _Request) -> list[bytes | None]:
    """Return what is asked for: elements, or values found for them."""
    db = ctx.db
    value = db.lookup_read(key)
    kind = value.__class__
    if value is None:
        return []
    if kind is SetValue:
        is_kept = request.destination is not None or ctx.server.scripting.runs(ctx.client)
        if request.unsorted and is_kept:
            # A set has no order of its own that could be repeated elsewhere.
            request.unsorted, request.alpha, request.by = False, True, None
    elif kind is SortedSetValue:
        value.encoding = "skiplist"  # as Redis has it from now on
    elif kind is not ListValue:
        raise WrongType()
    start, stop = request.window(len(value))
    if request.unsorted:
        elements = _unsorted(value, start, stop, request.descending)
    else:
        elements = _in_order(db, list(value), request, start, stop)[start:stop]
    if not request.gets:
        return elements  # type: ignore[return-value]  # elements are bytes
    return [pattern.value_for(db, element) for element in elements for pattern in request.gets]


def _unsorted(
    value: ListValue | SetValue | SortedSetValue, start: int, stop: int, descending: bool
) -> list[bytes]:
    """Return some elements in the order they have in the value, from its end if descending."""
    if isinstance(value, SetValue):
        return value.to_list()[start:stop]
    part = value.slice if isinstance(value, ListValue) else value.members_between
    if descending:
        size = len(value)
        return part(size - stop, size - start)[::-1]
    return part(start, stop)


def _in_order(
    db: Database, elements: list[bytes], request: _Request, start: int, stop: int
) -> list[bytes]:
    """Return the elements sorted, at least from ``start`` to ``stop``."""
    by = request.by
    weights: Sequence[bytes | None] = (
        elements if by is None else [by.value_for(db, element) for element in elements]
    )
    if not request.alpha:
        return _by_score(_scores(weights), elements, request.descending, stop)
    texts = list(map(_bytewise if request.destination is not None else _collated, weights))
    if by is None or (start == 0 and stop == len(elements)):
        places = sorted(range(len(elements)), key=texts.__getitem__, reverse=request.descending)
    else:
        rank_of = {text: rank for rank, text in enumerate(sorted(set(texts)))}
        step = -1 if request.descending else 1
        places = first_in_order([step * rank_of[text] for text in texts], stop, start)
    return [elements[place] for place in places]


def _by_score(
    scores: list[float], elements: list[bytes], descending: bool, stop: int
) -> list[bytes]:
    """Return the elements up to ``stop`` by their scores, equal ones by themselves."""
    size = len(elements)
    pairs = zip(scores, elements, strict=True)
    if stop * _FEW <= size:
        few = nlargest(stop, pairs) if descending else nsmallest(stop, pairs)
        return [element for _, element in few]
    if len(set(scores)) == size:
        # Numbers alone are compared twice as fast as pairs.
        places = sorted(range(size), key=scores.__getitem__, reverse=descending)
        return [elements[place] for place in places]
    return [element for _, element in sorted(pairs, reverse=descending)]


def _scores(weights: Sequence[bytes | None]) -> list[float]:
    """
    Return weights as numbers.

    Raises:
        RedisError: One is none.
    """
    if all(weights):
        scores = parse_plain_doubles(weights)  # type: ignore[arg-type]  # none is None
        if scores is not None:
            return scores
    return list(map(_score, weights))


def _score(weight: bytes | None) -> float:
    """
    Return a weight as ``strtod`` reads it; none weighs nothing.

    Raises:
        RedisError: It is no number, or one that a double cannot hold in full.
    """
    if weight is None:
        return 0.0
    try:
        score = parse_double(weight)
    except ValueError:
        score = _lax_score(weight)
    if -_LEAST_NORMAL < score < _LEAST_NORMAL and score:
        raise _no_number()
    return score


def _lax_score(weight: bytes) -> float:
    """Return as a score what only C takes for a number: with blanks ahead, up to a NUL byte."""
    text = weight.partition(b"\0")[0]
    if not text:
        return 0.0
    try:
        return parse_double(text.lstrip(b" \t\n\v\f\r"))
    except ValueError:
        raise _no_number() from None


def _no_number() -> RedisError:
    """An element or weight that is no number, and no ALPHA."""
    return RedisError("One or more scores can't be converted into double")


def _bytewise(weight: bytes | None) -> tuple[bool, bytes]:
    """Return what to compare a weight by where the result is stored; none comes first."""
    return weight is not None, weight or b""


def _collated(weight: bytes | None) -> tuple[bool, bytes]:
    """Return what to compare a weight by otherwise; none comes first."""
    return weight is not None, (weight or b"").partition(b"\0")[0]


def _store(ctx: Context, destination: bytes, found: list[bytes | None]) -> int:
    """Make a list of what was found; return its length."""
    db = ctx.db
    if found:
        elements = [b"" if each is None else each for each in found]
        db.store(destination, ListValue.of(elements, ctx.limits))
        db.changed(destination, LIST, b"sortstore", len(found))
    elif db.delete(destination):
        db.changed(destination, GENERIC, b"del")
    return len(found)
