"""
Values between commands, scripts and clients, as Redis converts them.

A command's reply goes into Lua as Redis' parser of replies would have it: in
RESP2 maps are flat arrays, doubles are strings and null is ``false``; a script
that asked for RESP3 gets tables with one field that says what they are. What a
script returns comes out as tokens, written in Lua, from which a reply is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from pyredis.errors import RedisError
from pyredis.primitives.numbers import format_double, format_human_double
from pyredis.wire.replies import (
    OK,
    BigNumber,
    Boolean,
    Double,
    Entries,
    HumanDouble,
    Pairs,
    Push,
    Reply,
    Scored,
    SetReply,
    Several,
    Simple,
    Special,
    Verbatim,
)

_LIST = (list, Push, Several)
_INT64 = 1 << 63
_MEMBER_BYTES = 48  # what a table's entry takes in Lua, more or less


class TooLarge(Exception):
    """A value would not fit into the memory of the sandbox."""


def words(arguments: Sequence[Any]) -> list[bytes]:
    """
    Return the request that a script's arguments make.

    Raises:
        TypeError: One is neither string nor number.
    """
    argv: list[bytes] = []
    for argument in arguments:
        kind = argument.__class__
        if kind is bytes:
            argv.append(argument)
        elif kind is int:
            argv.append(b"%d" % argument)
        elif kind is float:
            argv.append(_number(argument))
        else:
            raise TypeError(kind.__name__)
    return argv


def _number(value: float) -> bytes:
    if -_INT64 <= value < _INT64 and value == int(value):
        return b"%d" % int(value)
    if value != value:
        return b"-nan" if math.copysign(1, value) < 0 else b"nan"
    return format_double(value)


def integer_of(value: float) -> int:
    """Return the integer that Redis answers for a Lua number."""
    if -_INT64 <= value < _INT64:
        return int(value)
    return -_INT64


class ToLua:
    """
    Makes Lua values of replies.

    Args:
        resp: 2 or 3, what the script has asked for.
        room: How many bytes the sandbox still holds.
    """

    def __init__(self, resp: int, room: int) -> None:
        self._resp = resp
        self._room = room

    def value(self, reply: Any) -> Any:
        """
        Return a reply as bytes, numbers, booleans, lists and dicts.

        Raises:
            TooLarge: There is no room for it.
        """
        kind = reply.__class__
        if kind is bytes:
            self._take(len(reply))
            return reply
        if kind is int:
            return reply
        if reply is None or kind is Special:
            return None if self._resp == 3 else False
        if kind in _LIST:
            return self._list(reply)
        if kind is Simple:
            return {b"ok": reply.text}
        if isinstance(reply, RedisError):
            return {b"err": reply.text}
        return self._rich(kind, reply)

    def _take(self, size: int) -> None:
        self._room -= size + _MEMBER_BYTES
        if self._room < 0:
            raise TooLarge

    def _list(self, members: Any) -> list[Any]:
        self._take(0)
        value = self.value
        made = [value(member) for member in members]
        self._take(len(made) * _MEMBER_BYTES)
        return made

    def _rich(self, kind: type, reply: Any) -> Any:
        """Convert what only RESP3 tells apart."""
        value = self.value
        tells_apart = self._resp == 3
        if kind is dict:
            if tells_apart:
                pairs = ((value(k), value(v)) for k, v in reply.items())
                return {b"map": {k: v for k, v in pairs if v is not None}}
            return self._list(chain.from_iterable(reply.items()))
        if kind is SetReply:
            if tells_apart:
                return {b"set": {value(member): True for member in reply}}
            return self._list(reply)
        if kind is Pairs or kind is Scored:
            if tells_apart:
                return [self._list(pair) for pair in reply]
            return self._list(chain.from_iterable(reply))
        if kind is Entries:
            if tells_apart:
                pairs = ((value(k), value(v)) for k, v in reply)
                return {b"map": {k: v for k, v in pairs if v is not None}}
            return self._list(reply)
        if kind is HumanDouble:
            return {b"double": float(reply)} if tells_apart else format_human_double(reply)
        if kind is Double:
            return {b"double": float(reply)} if tells_apart else format_double(reply)
        if kind is Boolean:
            return reply is Boolean.TRUE if tells_apart else reply.value
        if kind is BigNumber:
            return {b"big_number": reply.digits} if tells_apart else reply.digits
        assert kind is Verbatim, kind
        self._take(len(reply.text))
        if tells_apart:
            return {b"verbatim_string": {b"format": reply.format, b"string": reply.text}}
        return reply.text


class ScriptError(RedisError):
    """An error whose text, code included, a script made: there may be no more than a code."""

    def __init__(self, text: bytes) -> None:
        code, _, message = text.partition(b" ")
        super().__init__(message, code.decode("utf-8", "replace"))
        self._text = text.replace(b"\r", b" ").replace(b"\n", b" ")

    @property
    def text(self) -> bytes:
        """The reply's text, as it was made."""
        return self._text


def error_of(text: bytes) -> RedisError:
    """Return the error whose text a script made."""
    return ScriptError(text.strip(b"\r\n"))


def status_of(text: bytes) -> Simple:
    """Return the status whose text a script made."""
    return OK if text == b"OK" else Simple(_one_line(text))


class FromLua:
    """
    Builds a reply of the tokens that the sandbox flattened a table to.

    Args:
        resp: 2 or 3, what the script has asked for.
    """

    def __init__(self, resp: int) -> None:
        self._resp = resp

    def plain(self, value: Any) -> Reply:
        """Return the reply for a string, number, boolean or nil."""
        kind = value.__class__
        if kind is bytes or kind is int or value is None:
            return value  # type: ignore[no-any-return]
        if kind is bool:
            if self._resp == 3:
                return Boolean.TRUE if value else Boolean.FALSE
            return 1 if value else None
        return integer_of(value)

    def read(self, tokens: Iterator[Any]) -> Reply:
        """Return the reply that begins with the next token."""
        return _FORMS[next(tokens)](self, tokens)

    def _plain(self, tokens: Iterator[Any]) -> Reply:
        return self.plain(next(tokens))

    def _nothing(self, tokens: Iterator[Any]) -> Reply:
        return None

    def _status(self, tokens: Iterator[Any]) -> Reply:
        return status_of(next(tokens))

    def _double(self, tokens: Iterator[Any]) -> Reply:
        return Double(next(tokens))

    def _big_number(self, tokens: Iterator[Any]) -> Reply:
        return BigNumber(_one_line(next(tokens)))

    def _set(self, tokens: Iterator[Any]) -> Reply:
        return SetReply(self._several(tokens))

    def _error(self, tokens: Iterator[Any]) -> Reply:
        text = next(tokens)
        next(tokens)
        return error_of(text)

    def _verbatim(self, tokens: Iterator[Any]) -> Reply:
        form = next(tokens)
        return Verbatim(next(tokens), (form + b"   ")[:3])

    def _several(self, tokens: Iterator[Any]) -> list[Reply]:
        return [self.read(tokens) for _ in range(next(tokens))]

    def _map(self, tokens: Iterator[Any]) -> Reply:
        pairs = [(self.read(tokens), self.read(tokens)) for _ in range(next(tokens))]
        return dict(pairs)


_FORMS: dict[int, Callable[[FromLua, Iterator[Any]], Reply]] = {
    0: FromLua._plain,
    1: FromLua._error,
    2: FromLua._status,
    3: FromLua._double,
    4: FromLua._big_number,
    5: FromLua._verbatim,
    6: FromLua._map,
    7: FromLua._set,
    8: FromLua._several,
    9: FromLua._nothing,
}


def _one_line(text: bytes) -> bytes:
    return text.partition(b"\0")[0].replace(b"\r", b" ").replace(b"\n", b" ")
