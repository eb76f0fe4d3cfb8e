"""
Expiry times given by clients, as absolute milliseconds.

Four spellings everywhere: seconds or milliseconds, from now or since the
epoch. What overflows 64 bits is refused by the name of the command.
"""

from __future__ import annotations

from pyredis.errors import invalid_expire
from pyredis.execution.arguments import integer
from pyredis.primitives.numbers import INT64_MAX

# Option: milliseconds in its unit, and whether it counts from now.
EXPIRY_OPTIONS = {
    b"EX": (1000, True),
    b"PX": (1, True),
    b"EXAT": (1000, False),
    b"PXAT": (1, False),
}


def positive_deadline(
    argument: bytes, unit_ms: int, relative: bool, now_ms: int, command: str
) -> int:
    """
    Return the deadline of SET, GETEX and their kind, which take positive times only.

    Args:
        argument: The time as given.
        unit_ms: Milliseconds in one unit of it.
        relative: Whether it counts from now.
        now_ms: The moment it counts from.
        command: Its name, for the error.

    Raises:
        RedisError: It is no integer, not positive, or too large.
    """
    number = integer(argument)
    deadline = number * unit_ms + (now_ms if relative else 0)
    if number <= 0 or deadline > INT64_MAX:
        raise invalid_expire(command)
    return deadline


def any_deadline(argument: bytes, unit_ms: int, relative: bool, now_ms: int, command: str) -> int:
    """
    Return the deadline of EXPIRE and its kind, which may lie in the past.

    Raises:
        RedisError: It is no integer, or too large either way.
    """
    milliseconds = integer(argument) * unit_ms
    deadline = milliseconds + (now_ms if relative else 0)
    if not -INT64_MAX - 1 <= milliseconds <= INT64_MAX or deadline > INT64_MAX:
        raise invalid_expire(command)
    return deadline
