"""
The keys of a server under test as Python objects.

==========  ==========================================  ========================
type        read as                                     written from
==========  ==========================================  ========================
string      ``bytes``                                   ``bytes``, ``str``, ``int``, ``float``
list        ``list`` of ``bytes``                       ``list``, ``tuple``
set         ``set`` of ``bytes``                        ``set``, ``frozenset``
hash        ``dict`` of ``bytes``                       ``dict``
sorted set  :class:`ZSet`: member to score, in order    :class:`ZSet`
stream      :class:`Stream`: pairs of ID and fields     :class:`Stream`
==========  ==========================================  ========================

Reading and writing go through the server's own commands, so that waiting
clients, notifications and limits behave as if a client had done it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyredis.testing.service import Execute

Key = str | bytes


class ZSet(dict[bytes, float]):
    """A sorted set: members and their scores, by score when read."""

    def __init__(
        self, scores: Mapping[Any, float] | Iterable[tuple[Any, float]] = (), **named: float
    ) -> None:
        scored = dict(scores) | named
        super().__init__({_word(member): score for member, score in scored.items()})


class Stream(list[tuple[bytes, dict[bytes, bytes]]]):
    """The entries of a stream: pairs of an ID (``*`` for a new one) and its fields."""

    def __init__(self, entries: Iterable[tuple[Any, Mapping[Any, Any]]] = ()) -> None:
        super().__init__(
            (_word(entry_id), {_word(name): _word(value) for name, value in fields.items()})
            for entry_id, fields in entries
        )


def _word(value: Any) -> bytes:
    """Return a value as it is sent."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"Redis keeps bytes, text and numbers, not {type(value).__name__}")
    return str(value).encode()


class Data(MutableMapping[Any, Any]):
    """
    The keys of one database, as a mapping.

    Args:
        execute: Runs a command in a database.
        database: Its number.

    Example::

        server.data["queue"] = ["a", "b"]
        assert server.data["user:1"] == {b"name": b"Ada"}
        del server.data["session"]
        assert "k" in server.data.database(3)
    """

    def __init__(self, execute: Execute, database: int = 0) -> None:
        self._execute = execute
        self._database = database

    def database(self, number: int) -> Data:
        """Return the keys of another database."""
        return Data(self._execute, number)

    def _do(self, *words: Any) -> Any:
        return self._execute([_word(word) for word in words], self._database)

    def __getitem__(self, key: Key) -> Any:
        kind = self._do("TYPE", key)
        if kind == b"none":
            raise KeyError(key)
        return self._READERS[kind](self, key)

    def __setitem__(self, key: Key, value: Any) -> None:
        """
        Give a key a value, whatever it held before; its expiry goes.

        Raises:
            TypeError: Redis has no such type; what was there stays.
        """
        requests = [[_word(word) for word in words] for words in self._requests(key, value)]
        self._do("DEL", key)
        for words in requests:
            self._do(*words)

    def __delitem__(self, key: Key) -> None:
        if not self._do("DEL", key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return bool(self._do("EXISTS", key))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._do("KEYS", "*"))

    def __len__(self) -> int:
        """Return how many keys there are that have not expired."""
        return len(self._do("KEYS", "*"))

    def __repr__(self) -> str:
        return f"<database {self._database}: {dict(self)!r}>"

    def clear(self) -> None:
        """Remove all keys of this database."""
        self._do("FLUSHDB")

    def ttl(self, key: Key) -> float | None:
        """
        Return in how many seconds a key expires, None if it never does.

        Raises:
            KeyError: There is no such key.
        """
        left = self._do("PTTL", key)
        if left == -2:
            raise KeyError(key)
        return None if left == -1 else left / 1000

    def expire(self, key: Key, seconds: float) -> None:
        """
        Let a key expire in so many seconds.

        Raises:
            KeyError: There is no such key.
        """
        if not self._do("PEXPIRE", key, round(seconds * 1000)):
            raise KeyError(key)

    @staticmethod
    def _requests(key: Key, value: Any) -> list[list[Any]]:
        """Return the commands that make a value; none for an empty collection."""
        if isinstance(value, bytes | str | int | float):
            return [["SET", key, value]]
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            raise TypeError(f"no type of Redis for {type(value).__name__}")
        if isinstance(value, Stream):
            return [
                ["XADD", key, entry_id, *(word for field in fields.items() for word in field)]
                for entry_id, fields in value
            ]
        if not value:
            return []
        if isinstance(value, ZSet):
            scored = ([repr(float(score)), member] for member, score in value.items())
            return [["ZADD", key, *(word for pair in scored for word in pair)]]
        if isinstance(value, Mapping):
            return [["HSET", key, *(word for field in value.items() for word in field)]]
        return [["RPUSH" if isinstance(value, list | tuple) else "SADD", key, *value]]

    def _read_sorted_set(self, key: Key) -> ZSet:
        return ZSet(self._do("ZRANGE", key, 0, -1, "WITHSCORES"))

    def _read_stream(self, key: Key) -> Stream:
        entries = self._do("XRANGE", key, "-", "+")
        return Stream(
            (entry_id, dict(zip(fields[::2], fields[1::2], strict=True)))
            for entry_id, fields in entries
        )

    _READERS: Mapping[bytes, Any] = {
        b"string": lambda self, key: self._do("GET", key),
        b"list": lambda self, key: self._do("LRANGE", key, 0, -1),
        b"set": lambda self, key: self._do("SMEMBERS", key),
        b"hash": lambda self, key: self._do("HGETALL", key),
        b"zset": _read_sorted_set,
        b"stream": _read_stream,
    }
