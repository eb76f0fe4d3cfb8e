"""
Arguments to Python values, with Redis' words for what does not fit.

Positional arguments are converted by the functions here; the options behind
them are read by :class:`Arguments`, a cursor.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.errors import (
    RedisError,
    not_a_float,
    not_an_integer,
    not_positive,
    syntax_error,
)
from pyredis.primitives.long_doubles import parse_long_double
from pyredis.primitives.numbers import INT64_MAX, parse_double, parse_int

_SURELY_IN_RANGE = 13  # digits of seconds whose milliseconds and the clock's make no overflow


def integer(argument: bytes, error: str | None = None) -> int:
    """
    Return a 64-bit integer.

    Args:
        argument: Its text, in Redis' canonical form.
        error: What to say instead of "value is not an integer or out of range".

    Raises:
        RedisError: It is none.
    """
    try:
        return parse_int(argument)
    except ValueError:
        raise (not_an_integer() if error is None else RedisError(error)) from None


def integer_between(argument: bytes, low: int, high: int, error: str | None = None) -> int:
    """
    Return an integer within bounds, both included.

    Raises:
        RedisError: It is none ("value is not an integer or out of range"), or
            is out of bounds ("value is out of range, value must between …").
    """
    number = integer(argument, error)
    if not low <= number <= high:
        raise RedisError(error or f"value is out of range, value must between {low} and {high}")
    return number


def positive_count(argument: bytes, error: str | None = None) -> int:
    """
    Return an integer that is not negative.

    Raises:
        RedisError: It is none, or negative ("value is out of range, must be positive").
    """
    try:
        number = parse_int(argument)
    except ValueError:
        number = -1
    if number < 0:
        raise not_positive() if error is None else RedisError(error)
    return number


def double(argument: bytes, error: str | None = None) -> float:
    """
    Return a float; infinities are ones, NaN is not.

    Raises:
        RedisError: It is none.
    """
    try:
        return parse_double(argument)
    except ValueError:
        raise (not_a_float() if error is None else RedisError(error)) from None


def timeout_ms(argument: bytes, now_ms: int = 0) -> int:
    """
    Return the timeout of a blocking command, given in seconds, in milliseconds; 0 is for ever.

    It is rounded up as Redis does, so what is less than a millisecond below
    zero is for ever too.

    Args:
        argument: A float.
        now_ms: The moment it counts from, which must not make it overflow.

    Raises:
        RedisError: It is no float, negative, or too large.
    """
    if argument.isdigit() and len(argument) < _SURELY_IN_RANGE:
        return int(argument) * 1000
    try:
        mantissa, exponent = parse_long_double(argument)
    except ValueError:
        raise RedisError("timeout is not a float or out of range") from None
    # An infinity is held as a number that no sum comes near.
    mantissa *= 1000
    timeout = mantissa << exponent if exponent >= 0 else -(-mantissa >> -exponent)
    if timeout < 0:
        raise RedisError("timeout is negative")
    if timeout > INT64_MAX - now_ms:
        raise RedisError("timeout is out of range")
    return timeout


class Arguments:
    """
    A cursor over the options of a request.

    Args:
        items: What stands behind the positional arguments.
    """

    __slots__ = ("_items", "_position")

    def __init__(self, items: Sequence[bytes]) -> None:
        self._items = items
        self._position = 0

    def __bool__(self) -> bool:
        """Tell whether anything is left."""
        return self._position < len(self._items)

    @property
    def left(self) -> int:
        """How many arguments are left."""
        return len(self._items) - self._position

    def peek(self) -> bytes:
        """Return the next argument in capitals without taking it; empty at the end."""
        if self._position < len(self._items):
            return self._items[self._position].upper()
        return b""

    def take(self) -> bytes:
        """
        Take the next argument as it is.

        Raises:
            RedisError: There is none: a syntax error.
        """
        if self._position >= len(self._items):
            raise syntax_error()
        self._position += 1
        return self._items[self._position - 1]

    def take_word(self) -> bytes:
        """Take the next argument in capitals, as options are compared."""
        return self.take().upper()

    def eat(self, word: bytes) -> bool:
        """Take the next argument if it is this word (given in capitals), in any case."""
        if self._position < len(self._items) and self._items[self._position].upper() == word:
            self._position += 1
            return True
        return False

    def take_integer(self, error: str | None = None) -> int:
        """Take a 64-bit integer."""
        return integer(self.take(), error)

    def take_double(self, error: str | None = None) -> float:
        """Take a float."""
        return double(self.take(), error)

    def take_rest(self) -> Sequence[bytes]:
        """Take all that is left."""
        rest = self._items[self._position :]
        self._position = len(self._items)
        return rest
