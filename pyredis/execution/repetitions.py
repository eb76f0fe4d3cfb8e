"""
Replies that repeat elements as often as a client asks for.

HRANDFIELD, SRANDMEMBER and ZRANDMEMBER answer a negative count with so many
elements, however few there are. A short request must not make the server hold
a reply of many gigabytes, so what would pass the client's output limit is told
from the count alone, and what no limit stops has a bound of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyredis.errors import out_of_range

if TYPE_CHECKING:
    from pyredis.execution.client import Context

MOST_REPEATED: Final = 1 << 24
"""How many elements such a reply may have; Redis goes on until its memory is used up."""

_LEAST_BYTES = 6  # of an element: an empty bulk string


def check_repetitions(ctx: Context, count: int) -> None:
    """
    See that a reply of so many elements can be made and sent.

    A client whose output limit is less than the reply is cut off, as it would
    be in the midst of it.

    Raises:
        RedisError: There are more than :data:`MOST_REPEATED`.
    """
    if count > MOST_REPEATED:
        ctx.client.connection.check_output(count * _LEAST_BYTES)
        raise out_of_range()
