"""
Hashes: fields in a dict, and how Redis would hold them.

Small hashes are records as a rule, with the same names in very many of them: equal
names that come with one command are kept once for all hashes, which takes a
third less memory.

``HashValue.fields`` is that dict, to be read freely (HGETALL, HKEYS and the
like work on it at the speed of C) and changed only through the methods.  A hash
that is a hashtable in Redis gets a :class:`GradualScanIndex` beside it when it is
first scanned in parts or, if it has more than a few hundred fields, asked for a
random one.

Fields may have deadlines of their own.  They live in ``deadlines``, absolute
milliseconds, None while no field has one; setting a field forgets its
deadline, as HSET does, and so does deleting it.  The database sees to it that
fields go when they are due (:meth:`Database.expire_fields`), and has to be told
when deadlines were set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import ClassVar

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.field_deadlines import FieldDeadlines
from pyredis.datatypes.gradual_scan_index import GradualScanIndex

_INDEX_FROM = 512  # up to so many fields are counted off for a random one
_SPARSE_BYTES = 2048  # a dict with more bytes a field than this is made anew


# Each to itself; forgotten when there are too many, as those of records never are.
_names: dict[bytes, bytes] = {}
_NAMES_MAX = 4096
_SHARED_AT_ONCE = 128


def shared(names: Sequence[bytes]) -> Sequence[bytes]:
    """Return equal names as the same objects, as far as they were met lately."""
    if len(names) > _SHARED_AT_ONCE:
        return names
    if len(_names) > _NAMES_MAX:
        _names.clear()
    return list(map(_names.setdefault, names, names))


class HashValue:
    """A map of byte strings to byte strings."""

    __slots__ = ("_index", "deadlines", "encoding", "fields")

    type_name: ClassVar[str] = "hash"

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.encoding = "listpack"
        self.deadlines: FieldDeadlines | None = None
        self._index: GradualScanIndex | None = None

    @classmethod
    def of_encoding(cls, fields: dict[bytes, bytes], encoding: str) -> HashValue:
        """Return a hash that keeps this dict, in an encoding that is known, as found in a file."""
        value = cls.__new__(cls)
        value.fields = fields
        value.encoding = encoding
        value.deadlines = None
        value._index = None
        return value

    def copy(self) -> HashValue:
        """Return a hash that shares nothing that changes with this one."""
        twin = HashValue.__new__(HashValue)
        twin.fields = self.fields.copy()
        twin.encoding = self.encoding
        twin.deadlines = None if self.deadlines is None else self.deadlines.copy()
        twin._index = None
        return twin

    def release(self, limit: int) -> None:
        """Forget ``limit`` fields, whichever: to free a value that is gone in slices."""
        self.deadlines = None
        if self._index is not None:
            self._index.release(limit)
        fields = self.fields
        for _ in range(min(limit, len(fields))):
            fields.popitem()

    # Reading

    def __len__(self) -> int:
        return len(self.fields)

    def __contains__(self, field: object) -> bool:
        return field in self.fields

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.fields)

    def get(self, field: bytes) -> bytes | None:
        """Return the value of a field, or None."""
        return self.fields.get(field)

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """
        Return some fields and the cursor for the next call; 0 begins and ends.

        A compact hash is returned whole, whatever the cursor and the count, as in Redis.
        """
        index = self._index
        if index is None:
            fields = self.fields
            if self.encoding != "hashtable" or (cursor == 0 and len(fields) <= count):
                return 0, list(fields)
            index = self._index = GradualScanIndex(fields)
        return index.scan(cursor, count, self.fields)

    def _indexed(self) -> GradualScanIndex | None:
        """Return the index, which a big hash has from now on; None while none is needed."""
        if self._index is None and self.encoding == "hashtable" and len(self.fields) > _INDEX_FROM:
            self._index = GradualScanIndex(self.fields)
        return self._index

    def random(self, rng: Random) -> bytes:
        """
        Return one field, each with the same chance.

        Raises:
            KeyError: The hash is empty.
        """
        index = self._indexed()
        if index is not None:
            return index.random(rng, self.fields)
        fields = self.fields
        for field in islice(fields, int(rng.random() * len(fields)), None):
            return field
        raise KeyError("empty")

    def random_distinct(self, rng: Random, count: int) -> list[bytes]:
        """Return up to ``count`` different fields."""
        fields = self.fields
        size = len(fields)
        if count >= size:
            return list(fields)
        index = self._indexed()
        if index is None or count * 3 > size:
            return rng.sample(list(fields), count)
        found: dict[bytes, None] = {}
        while len(found) < count:
            found[index.random(rng, fields)] = None
        return list(found)

    def random_many(self, rng: Random, count: int) -> list[bytes]:
        """
        Return ``count`` fields, each chosen from all.

        Raises:
            IndexError: The hash is empty.
        """
        index = self._indexed()
        if index is None or count * 3 > len(self.fields):
            return rng.choices(list(self.fields), k=count)
        return [index.random(rng, self.fields) for _ in range(count)]

    # Changing

    def set(self, field: bytes, value: bytes, limits: EncodingLimits) -> bool:
        """Set a field and forget its deadline; tell whether the field is new."""
        fields = self.fields
        before = len(fields)
        fields[field] = value
        if self.deadlines is not None:
            self.deadlines.pop(field, None)
        if self.encoding != "hashtable":
            if (
                len(value) > limits.hash_max_listpack_value
                or len(field) > limits.hash_max_listpack_value
                or len(fields) > limits.hash_max_listpack_entries
            ):
                self.encoding = "hashtable"
        elif self._index is not None and len(fields) != before:
            self._index.add(field)
        return len(fields) != before

    def set_many(self, pairs: Sequence[bytes], limits: EncodingLimits) -> int:
        """
        Set the fields of one command, whose number decides the encoding too.

        Args:
            pairs: Field, value, field, value and so on.
            limits: Those of the server.

        Returns:
            How many fields are new.
        """
        fields = self.fields
        before = len(fields)
        names = pairs[::2]
        if self.encoding != "hashtable":
            if (
                len(pairs) // 2 > limits.hash_max_listpack_entries
                or max(map(len, pairs)) > limits.hash_max_listpack_value
            ):
                self.encoding = "hashtable"
            else:
                names = shared(names)
        if self.deadlines is not None or self._index is not None:
            for name, value in zip(names, pairs[1::2], strict=True):
                self.set(name, value, limits)
            return len(fields) - before
        fields.update(zip(names, pairs[1::2], strict=True))
        if self.encoding != "hashtable" and len(fields) > limits.hash_max_listpack_entries:
            self.encoding = "hashtable"
        return len(fields) - before

    def set_each(
        self, names: Sequence[bytes], values: Sequence[bytes], limits: EncodingLimits
    ) -> list[int]:
        """Set fields as so many commands would; return 1 for each that is new, else 0."""
        if self.encoding != "hashtable" or self.deadlines is not None or self._index is not None:
            return [int(self.set(*pair, limits)) for pair in zip(names, values, strict=True)]
        fields = self.fields
        size = len(fields)
        created: list[int] = []
        for name, value in zip(names, values, strict=True):
            fields[name] = value
            before, size = size, len(fields)
            created.append(size - before)
        return created

    def replace(self, field: bytes, value: bytes, limits: EncodingLimits) -> bool:
        """Set a field as HINCRBY does, which leaves its deadline; tell whether the field is new."""
        deadlines = self.deadlines
        self.deadlines = None
        new = self.set(field, value, limits)
        self.deadlines = deadlines
        return new

    def delete(self, field: bytes) -> bool:
        """Delete a field and its deadline; tell whether it was there."""
        fields = self.fields
        if fields.pop(field, None) is None:
            return False
        if self._index is not None:
            self._index.remove(field)
        if not len(fields) & 127:
            self._release_memory()
        if self.deadlines is not None:
            self.deadlines.pop(field, None)
            if not self.deadlines:
                self.deadlines = None
        return True

    # Deadlines

    def set_deadline(self, field: bytes, deadline_ms: int) -> None:
        """Let a field that is there expire at a moment."""
        deadlines = self.deadlines
        if deadlines is None:
            self.deadlines = deadlines = FieldDeadlines()
            if self.encoding == "listpack":
                # With room for deadlines, as Redis 7.4 has it; it stays so.
                self.encoding = "listpackex"
        deadlines.put(field, deadline_ms)

    def persist(self, field: bytes) -> bool:
        """Take the deadline of a field away; tell whether it had one."""
        deadlines = self.deadlines
        if deadlines is None or deadlines.pop(field, None) is None:
            return False
        if not deadlines:
            self.deadlines = None
        return True

    def take_due(self, now_ms: int, limit: int | None = None) -> list[bytes]:
        """
        Delete fields that are due and return them, earliest first.

        Args:
            now_ms: The moment before which a deadline has passed.
            limit: How many to delete at most; None for all.
        """
        if self.deadlines is None:
            return []
        due = self.deadlines.take_due(now_ms, limit)
        if len(due) > _INDEX_FROM and 2 * len(due) > len(self.fields):
            self._keep_others(frozenset(due))
        else:
            for field in due:
                self.delete(field)
        return due

    def _keep_others(self, gone: frozenset[bytes]) -> None:
        """Drop very many fields, whose deadlines are dropped already, at once."""
        self.fields = {f: value for f, value in self.fields.items() if f not in gone}
        self._index = None  # to be made anew; a scan under way starts again
        if not self.deadlines:
            self.deadlines = None

    def without_due(self, now_ms: int) -> HashValue:
        """Return a hash without the fields that are due: this one if none is, else another."""
        deadlines = self.deadlines
        first = None if deadlines is None else deadlines.next_deadline()
        if first is None or first >= now_ms:
            return self
        twin = self.copy()
        twin.take_due(now_ms)
        return twin

    def _release_memory(self) -> None:
        """
        Make the dict anew once it holds very little of what it has room for.

        A dict never gives room back by itself, and is slow to walk while it
        has much of it.  So ``fields`` may be another dict after a deletion.
        """
        if self.fields.__sizeof__() > _SPARSE_BYTES * (len(self.fields) + 16):
            self.fields = self.fields.copy()
