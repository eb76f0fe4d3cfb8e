"""Replies as the Python objects that a client library would make of them."""

from __future__ import annotations

from typing import Any

from pyredis.errors import RedisError
from pyredis.wire.replies import (
    NULL_ARRAY,
    BigNumber,
    Boolean,
    Double,
    Entries,
    HumanDouble,
    Pairs,
    Scored,
    SetReply,
    Simple,
    Verbatim,
)


def as_python(reply: Any) -> Any:
    """
    Return a reply as Python objects.

    Texts are ``bytes``, maps ``dict``, sets ``set``, doubles ``float``, pairs
    tuples. An error within an array stays an error object.
    """
    kind = reply.__class__
    if kind is Simple or kind is Verbatim:
        return bytes(reply.text)
    if kind is Double or kind is HumanDouble:
        return float(reply)
    if kind is Boolean:
        return bool(reply.value)
    if kind is BigNumber:
        return int(reply.digits)
    if reply is NULL_ARRAY:
        return None
    if kind is SetReply:
        return {_hashable(as_python(member)) for member in reply}
    if kind is Pairs or kind is Scored:
        return [tuple(as_python(item) for item in pair) for pair in reply]
    if kind is Entries:
        return {_hashable(as_python(key)): as_python(value) for key, value in reply}
    if isinstance(reply, dict):
        return {_hashable(as_python(k)): as_python(v) for k, v in reply.items()}
    if isinstance(reply, list):
        return [as_python(item) for item in reply]
    return reply


def checked(reply: Any) -> Any:
    """
    Return a reply as Python objects.

    Raises:
        RedisError: It is an error.
    """
    if isinstance(reply, RedisError):
        raise reply
    return as_python(reply)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
