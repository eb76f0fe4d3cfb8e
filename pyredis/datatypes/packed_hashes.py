"""
Small hashes at rest: one ``bytes`` each, in the form that Redis has in memory and in files.

A hash of ten fields takes a kilobyte as Python objects and 260 bytes packed. It
is packed when it is found so in a file, and when nobody has used it for a while
(:mod:`pyredis.keyspace.resting`); the first use unpacks it. So most of a large
data set is packed, is loaded and saved without being taken apart, and is nothing
for the garbage collector.

A hash that one command makes of several fields is not packed yet, but joined: also
one object, which is made faster than any other, and packed when it was not used.

What is packed is right: it was written here or checked to the last byte. It is
never changed, so whoever holds one may keep it. Hashes with deadlines of fields
and those of the hashtable encoding are never packed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, ClassVar, Final

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue, shared
from pyredis.datatypes.listpacks import HEADER_BYTES, read_listpack_pairs, write_listpack_pairs

MOST_FIELDS: Final = 1024
"""A hash with more is not packed: to unpack it would hold everybody up."""

_END: Final = 255
_SEPARATORS: Final = (b"\0", b"\n", b"\xff")
_MET_OFTEN: Final = 512  # a pattern takes as long to make as it saves with ten times as many
_MOST_MET: Final = 4096
_MOST_SHAPES: Final = 64
_MOST_KNOWN: Final = 8192
_MOST_NAMES: Final = 32

_header = Struct("<IH")

# By its first byte how many bytes an entry takes up to and with the length behind it,
# which is one less. 0 where that takes more than one byte to know.
_STEPS: Final = (2,) * 128 + tuple(range(2, 66)) + (3,) * 32 + (0,) * 17 + (4, 5, 6, 10) + (0,) * 11

# An entry of one of those forms. Its first byte tells which, so nothing is tried twice.
_ENTRY: Final = b"(?:%b)" % b"|".join(
    (
        b"[\\x00-\\x7f]\\x01|[\\xc0-\\xdf].\\x02",
        *(
            b"\\x%02x.{%d}\\x%02x" % (head, _STEPS[head] - 2, _STEPS[head] - 1)
            for head in (0xF1, 0xF2, 0xF3, 0xF4, *range(0x80, 0xC0))
        ),
    )
)

# The number of entries and the first name of listpacks to how often these were met, and
# to the pattern of those met often; and the same with lengths before them that fit.
_met: dict[bytes, int] = {}
_shapes: dict[bytes, Callable[[bytes, int, int], object]] = {}
_known: dict[bytes, Callable[[bytes, int, int], object]] = {}


class PackedHash(bytes):
    """The listpack of a hash; of :class:`HashValue` it has what concerns the whole of it."""

    __slots__ = ()

    type_name: ClassVar[str] = HashValue.type_name
    encoding: ClassVar[str] = "listpack"
    deadlines: ClassVar[None] = None

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The fields and their values, made anew each time."""
        fields = read_listpack_pairs(self, 0, len(self))
        assert fields is not None, "only what is right is packed"
        return fields

    def unpack(self) -> HashValue:
        """Return a hash to be used."""
        return HashValue.of_encoding(self.fields, self.encoding)

    def copy(self) -> PackedHash:
        """Return this one, which nobody changes."""
        return self


class JoinedHash(bytes):
    """The fields and values of a hash, in turn, with a separator before each."""

    __slots__ = ()

    type_name: ClassVar[str] = HashValue.type_name
    encoding: ClassVar[str] = "listpack"
    deadlines: ClassVar[None] = None

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The fields and their values, made anew each time."""
        parts = self.split(self[:1])
        return dict(zip(shared(parts[1::2]), parts[2::2], strict=True))

    def unpack(self) -> HashValue:
        """Return a hash to be used."""
        return HashValue.of_encoding(self.fields, self.encoding)

    def copy(self) -> JoinedHash:
        """Return this one, which nobody changes."""
        return self


class RestingHash(HashValue):
    """A hash that was not used since it was made one of these; its first user makes it plain."""

    __slots__ = ()


PACKED: Final[frozenset[Any]] = frozenset({PackedHash, JoinedHash})
"""Hashes of one object, which have to be unpacked to be used."""

AnyHash = HashValue | PackedHash | JoinedHash

HASHES: Final[frozenset[Any]] = PACKED | {HashValue, RestingHash}
"""What a key that holds a hash may have as its value."""


def woken(value: HashValue) -> HashValue:
    """Return a hash, which is in use now."""
    value.__class__ = HashValue
    return value


def is_packable(value: HashValue) -> bool:
    """Tell whether a hash has a packed form."""
    is_small = value.encoding == "listpack" and value.deadlines is None
    return is_small and 0 < len(value.fields) <= MOST_FIELDS


def pack(value: HashValue | JoinedHash) -> PackedHash:
    """Return the packed form of a hash, which must have one."""
    fields = value.fields
    return PackedHash(write_listpack_pairs(fields.items(), len(fields)))


def joined(pairs: Sequence[bytes], limits: EncodingLimits) -> JoinedHash | None:
    """
    Return a hash that is made by one command, None if it cannot be one object.

    Args:
        pairs: Field, value, field, value and so on.
        limits: What decides the encoding.
    """
    size = len(pairs)
    if (
        size > 2 * min(limits.hash_max_listpack_entries, MOST_FIELDS)
        or max(map(len, pairs)) > limits.hash_max_listpack_value
        or 2 * len({*pairs[::2]}) != size
    ):
        return None
    for separator in _SEPARATORS:
        text = separator.join((b"", *pairs))
        if text.count(separator) == size:
            return JoinedHash(text)
    return None


def packed_in(data: bytes, head: int, start: int, stop: int, most: int) -> PackedHash | None:
    """
    Return the hash whose listpack was found in some data.

    Most values of most files are small hashes, and most of these have the same
    names as others before them: a pattern with these names checks them at the
    speed of C.

    Args:
        data: What it is in.
        head: Where its length is written, in whatever way.
        start: Where it begins, right behind that.
        stop: Where it ends.
        most: How many fields it may have.

    Returns:
        The hash; None if that is no listpack of a hash, or has too many fields.

    Raises:
        IndexError: It ends behind the data.
    """
    at = start + HEADER_BYTES
    # The length outside and inside, the number of entries and the first name.
    begin = data[head : at + _STEPS[data[at]]]
    matches = _known.get(begin)
    if (
        matches is not None
        and most >= _MOST_NAMES
        and data[stop - 1] == _END
        and matches(data, at, stop - 1)
    ):
        return PackedHash(data[start:stop])
    return _newly_met(begin, data, start, stop, most)


def _newly_met(begin: bytes, data: bytes, start: int, stop: int, most: int) -> PackedHash | None:
    """Do what :func:`packed_in` does for a listpack that does not begin as others before it."""
    last = stop - 1
    at = start + HEADER_BYTES
    if data[last] != _END or last <= at:
        return None
    total, count = _header.unpack_from(data, start)
    if total != stop - start or count & 1 or not 0 < count <= 2 * min(most, MOST_FIELDS):
        return None
    shape = data[start + 4 : at + _STEPS[data[at]]]
    matches = _shapes.get(shape)
    if matches is not None and matches(data, at, last):
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[begin] = matches
        return PackedHash(data[start:stop])
    try:
        names = _distinct_names(data, at, last, count)
    except IndexError:
        return None
    if names is None:
        if read_listpack_pairs(data, start, stop) is None:
            return None
    elif matches is None:
        _note_shape(shape, names)
    return PackedHash(data[start:stop])


def _distinct_names(data: bytes, at: int, last: int, count: int) -> Sequence[bytes] | None:
    """
    Return every second entry, as written, if that tells that all of them are different.

    Returns:
        None if there is anything that this does not know: a name twice or that is
        written as an integer, which can be written in several ways, a long entry,
        or what is no entry.

    Raises:
        IndexError: It is no listpack.
    """
    steps = _STEPS
    names: dict[bytes, None] = {}
    while at < last:
        start = at
        step = steps[data[at]]
        at += step
        if data[at - 1] != step - 1:
            return None
        names[data[start:at]] = None
        step = steps[data[at]]
        at += step
        if data[at - 1] != step - 1:
            return None
    if at != last or 2 * len(names) != count:
        return None
    if min(names)[0] < 0x80 or max(names)[0] >= 0xC0:
        return None
    return list(names)


def _note_shape(shape: bytes, names: Sequence[bytes]) -> None:
    """Note that names were met; make a pattern of those that come again and again."""
    if len(names) > _MOST_NAMES or len(_shapes) >= _MOST_SHAPES:
        return
    if shape not in _met and len(_met) >= _MOST_MET:
        _met.clear()
    times = _met[shape] = _met.get(shape, 0) + 1
    if times >= _MET_OFTEN:
        del _met[shape]
        pattern = b"".join(re.escape(name) + _ENTRY for name in names)
        _shapes[shape] = re.compile(pattern, re.DOTALL).fullmatch
