"""
What is measured: redis-benchmark's own tests, each as the command it sends.

They are given to redis-benchmark as custom commands, since only so can each
be prepared for: GET finds its keys, and a pop pops a real element to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from benchmarks.servers import BenchmarkError, Connection

BATCH = 500
RANDOM = "__rand_int__"
LRANGE_LIST_LENGTH = 10_000
LRANGE_LONGEST = 600
# What values may take together: large ones are fewer.
MOST_BYTES = 64 << 20
PLACES = 10_000


@dataclass(frozen=True)
class Size:
    """
    How much a workload will touch.

    Attributes:
        keyspace: How many different random numbers redis-benchmark draws.
        requests: How many requests it may send at most.
        data: The value it stores.
    """

    keyspace: int
    requests: int
    data: str


Preparation = Callable[[Connection, Size], None]


def _batches(words: Iterable[str], length: int = BATCH) -> Iterable[list[str]]:
    rest = iter(words)
    while batch := list(islice(rest, length)):
        yield batch


def _nothing(connection: Connection, size: Size) -> None:
    """Leave the database empty."""


def _string_keys(connection: Connection, size: Size) -> None:
    """Store every key that a random number can name."""
    for keys in _batches(f"key:{number:012d}" for number in range(size.keyspace)):
        connection.ask("MSET", *(word for key in keys for word in (key, size.data)))


def _list_of(length: int, connection: Connection, size: Size) -> None:
    for elements in _batches(size.data for _ in range(length)):
        connection.ask("RPUSH", "mylist", *elements)


def _long_list(connection: Connection, size: Size) -> None:
    """Store a list with an element for each request."""
    _list_of(size.requests, connection, size)


def _range_list(connection: Connection, size: Size) -> None:
    """Store the list that LRANGE reads the head of."""
    fitting = max(LRANGE_LONGEST, MOST_BYTES // len(size.data))
    _list_of(min(LRANGE_LIST_LENGTH, fitting), connection, size)


def _large_set(connection: Connection, size: Size) -> None:
    """Store a set with a member for each request."""
    for members in _batches(f"element:{number:012d}" for number in range(size.requests)):
        connection.ask("SADD", "myset", *members)


def _large_hash(connection: Connection, size: Size) -> None:
    """Store every field that a random number can name."""
    for fields in _batches(f"element:{number:012d}" for number in range(size.keyspace)):
        connection.ask("HSET", "myhash", *(word for field in fields for word in (field, size.data)))


def _large_sorted_set(connection: Connection, size: Size) -> None:
    """Store a sorted set with a member for each request."""
    for numbers in _batches(str(number) for number in range(size.requests)):
        pairs = (word for number in numbers for word in (number, f"element:{number:>012}"))
        connection.ask("ZADD", "myzset", *pairs)


def _bitmap(connection: Connection, size: Size) -> None:
    """Store a string of a kibibyte with half of its bits set."""
    connection.ask("SET", "mybits", "\x0f" * 1024)


def _places(connection: Connection, size: Size) -> None:
    """Store ten thousand places in a square of a degree."""
    numbers = range(PLACES)
    words = (
        word
        for number in numbers
        for word in (f"{15 + number % 100 / 100}", f"{37 + number // 100 / 100}", f"place:{number}")
    )
    for batch in _batches(words, 3 * BATCH):
        connection.ask("GEOADD", "myplaces", *batch)


_PREPARED_WITH_VALUES = (_string_keys, _long_list, _range_list, _large_hash)


@dataclass(frozen=True)
class Workload:
    """
    One test.

    Attributes:
        name: redis-benchmark's name of it.
        command: The words sent; empty for the one test that is not an array of words.
        prepare: What is stored before.
        leftover: A command whose answer must not be 0 afterwards, or nothing.
    """

    name: str
    command: tuple[str, ...]
    prepare: Preparation = _nothing
    leftover: tuple[str, ...] = ()

    @property
    def has_values(self) -> bool:
        """Whether the size of values makes a difference."""
        return "{data}" in self.command or self.prepare in _PREPARED_WITH_VALUES

    @property
    def values(self) -> int:
        """How many values a request or its reply holds, at most."""
        if self.command[:1] == ("LRANGE",):
            return int(self.command[-1]) + 1
        return max(1, self.command.count("{data}"))

    @property
    def destructive(self) -> bool:
        """Whether each request uses up something prepared."""
        return bool(self.leftover)

    def arguments(self, data: str) -> list[str]:
        """Return the end of redis-benchmark's command line."""
        if not self.command:
            return ["-t", self.name.lower()]
        return [data if word == "{data}" else word for word in self.command]

    def check(self, connection: Connection) -> None:
        """Refuse a run that has outlasted what was prepared for it."""
        if self.leftover and connection.ask(*self.leftover) == 0:
            raise BenchmarkError(f"{self.name} ran out of elements: its figures mean nothing")


def _lrange(count: int) -> Workload:
    command = ("LRANGE", "mylist", "0", str(count - 1))
    return Workload(f"LRANGE_{count}", command, _range_list)


_MSET = ("MSET", *(word for _ in range(10) for word in (f"key:{RANDOM}", "{data}")))
_LLEN = ("LLEN", "mylist")

STANDARD = (
    Workload("PING_INLINE", ()),
    Workload("PING_MBULK", ("PING",)),
    Workload("SET", ("SET", f"key:{RANDOM}", "{data}")),
    Workload("GET", ("GET", f"key:{RANDOM}"), _string_keys),
    Workload("INCR", ("INCR", f"counter:{RANDOM}")),
    Workload("LPUSH", ("LPUSH", "mylist", "{data}")),
    Workload("RPUSH", ("RPUSH", "mylist", "{data}")),
    Workload("LPOP", ("LPOP", "mylist"), _long_list, _LLEN),
    Workload("RPOP", ("RPOP", "mylist"), _long_list, _LLEN),
    Workload("SADD", ("SADD", "myset", f"element:{RANDOM}")),
    Workload("HSET", ("HSET", "myhash", f"element:{RANDOM}", "{data}")),
    Workload("SPOP", ("SPOP", "myset"), _large_set, ("SCARD", "myset")),
    Workload("MSET", _MSET),
    _lrange(100),
    _lrange(300),
    _lrange(LRANGE_LONGEST),
)

FURTHER = (
    Workload("HGET", ("HGET", "myhash", f"element:{RANDOM}"), _large_hash),
    Workload("EXISTS", ("EXISTS", f"key:{RANDOM}"), _string_keys),
    Workload("EXPIRE", ("EXPIRE", f"key:{RANDOM}", "1000"), _string_keys),
    Workload("SETEX", ("SETEX", f"key:{RANDOM}", "1000", "{data}")),
    Workload("SISMEMBER", ("SISMEMBER", "myset", f"element:{RANDOM}"), _large_set),
    Workload("ZADD", ("ZADD", "myzset", RANDOM, f"element:{RANDOM}")),
    Workload(
        "ZRANGEBYSCORE",
        ("ZRANGEBYSCORE", "myzset", "1000", "+inf", "LIMIT", "0", "10"),
        _large_sorted_set,
    ),
    Workload("ZPOPMIN", ("ZPOPMIN", "myzset"), _large_sorted_set, ("ZCARD", "myzset")),
    Workload("ZRANGE_10", ("ZRANGE", "myzset", "0", "9"), _large_sorted_set),
    Workload("ZRANGE_100", ("ZRANGE", "myzset", "0", "99"), _large_sorted_set),
    Workload("XADD", ("XADD", "mystream", "*", "myfield", "{data}")),
    Workload("BITCOUNT", ("BITCOUNT", "mybits"), _bitmap),
    Workload("PFADD", ("PFADD", "myhll", f"element:{RANDOM}")),
    Workload("EVAL", ("EVAL", "return 1", "0")),
    Workload("GEOADD", ("GEOADD", "mygeo", "15.5", "37.5", f"element:{RANDOM}")),
    Workload(
        "GEOSEARCH",
        ("GEOSEARCH", "myplaces", "FROMLONLAT", "15.5", "37.5", "BYRADIUS", "5", "km"),
        _places,
    ),
)

BY_NAME = {workload.name: workload for workload in (*STANDARD, *FURTHER)}


def chosen(names: str) -> list[Workload]:
    """
    Return the workloads of a comma-separated list.

    ``standard`` and ``all`` stand for their sets, ``PING`` for both pings.

    Raises:
        ValueError: A name is unknown.
    """
    sets = {
        "STANDARD": STANDARD,
        "ALL": (*STANDARD, *FURTHER),
        "PING": (BY_NAME["PING_INLINE"], BY_NAME["PING_MBULK"]),
        "LRANGE": tuple(w for w in STANDARD if w.name.startswith("LRANGE")),
    }
    found: dict[str, Workload] = {}
    for name in names.upper().split(","):
        for workload in sets.get(name) or (BY_NAME.get(name),):
            if workload is None:
                known = ", ".join([*BY_NAME, *sets])
                raise ValueError(f"unknown test {name!r}; known are {known}")
            found[workload.name] = workload
    return list(found.values())
