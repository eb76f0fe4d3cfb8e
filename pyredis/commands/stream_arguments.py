"""What stream commands share: reading IDs and trim options, the shape of entries in replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyredis.datatypes.stream_groups import ConsumerGroup
from pyredis.datatypes.stream_ids import (
    MAX_ID,
    MAX_PART,
    MIN_ID,
    format_id,
    parse_bound,
    parse_id,
)
from pyredis.datatypes.stream_nodes import Row
from pyredis.datatypes.streams import StreamValue
from pyredis.errors import RedisError, c_text
from pyredis.execution.arguments import integer
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.replies import NULL_ARRAY, Reply


def bad_id() -> RedisError:
    """Return the error for what is no ID."""
    return RedisError("Invalid stream ID specified as stream command argument")


def entry_id(argument: bytes) -> int:
    """
    Return an ID; its sequence number is 0 if it has none.

    Raises:
        RedisError: It is none.
    """
    try:
        return parse_id(argument)
    except ValueError:
        raise bad_id() from None


def range_start(argument: bytes) -> int:
    """
    Return the least ID of a range, which may be ``-``, or exclude its end with ``(``.

    Raises:
        RedisError: It is none.
    """
    if len(argument) > 1 and argument[0] == 40:
        start = entry_id(argument[1:])
        if start == MAX_ID:
            raise RedisError("invalid start ID for the interval")
        return start + 1
    try:
        return parse_bound(argument, 0)
    except ValueError:
        raise bad_id() from None


def range_end(argument: bytes) -> int:
    """
    Return the greatest ID of a range, which may be ``+``, or exclude its end with ``(``.

    Raises:
        RedisError: It is none.
    """
    try:
        if len(argument) > 1 and argument[0] == 40:
            end = parse_id(argument[1:], MAX_PART)
            if end == MIN_ID:
                raise RedisError("invalid end ID for the interval")
            return end - 1
        return parse_bound(argument, MAX_PART)
    except ValueError:
        raise bad_id() from None


def no_group(text: bytes) -> RedisError:
    """Return the error for a consumer group that does not exist."""
    return RedisError(text, "NOGROUP")


def group_of(stream: StreamValue | None, key: bytes, group: bytes) -> ConsumerGroup:
    """
    Return a stream's consumer group.

    Raises:
        RedisError: The stream or the group does not exist.
    """
    found = None if stream is None else stream.groups.get(group)
    if found is None:
        raise no_group(b"No such key '%b' or consumer group '%b'" % (c_text(key), c_text(group)))
    return found


def entry_reply(found_id: int, row: Row | None) -> list[Reply]:
    """Return an entry as clients get it; one without content was deleted."""
    return [b"%d-%d" % (found_id >> 64, found_id & MAX_PART), NULL_ARRAY if row is None else [*row]]


def entry_replies(entries: Iterable[tuple[int, Row]]) -> list[Reply]:
    """Return entries as clients get them."""
    return [[b"%d-%d" % (found_id >> 64, found_id & MAX_PART), [*row]] for found_id, row in entries]


class Trim:
    """
    The trim options of XADD and XTRIM.

    Attributes:
        by_length: Whether ``threshold`` is a length; else it is an ID.
        threshold: What may stay.
        approximate: Whether only whole nodes go.
        limit: How many entries may go, or 0.
        position: Where the threshold stands among the options.
        limit_positions: Where LIMIT does.
    """

    __slots__ = (
        "approximate",
        "by_length",
        "limit",
        "limit_positions",
        "position",
        "threshold",
    )

    def __init__(self, by_length: bool, threshold: int, approximate: bool, position: int) -> None:
        self.by_length = by_length
        self.threshold = threshold
        self.approximate = approximate
        self.position = position
        self.limit = 0
        self.limit_positions: list[int] = []

    def apply(self, stream: StreamValue) -> int:
        """Trim a stream; return how many entries went."""
        trim = stream.trim_to_length if self.by_length else stream.trim_before
        return trim(self.threshold, self.approximate, self.limit)

    def make_exact(self, options: list[bytes], stream: StreamValue) -> None:
        """
        Change options so that they trim a stream elsewhere to what it is here.

        What ``~`` removes depends on how the entries lie in nodes, so what was
        removed is said exactly instead, without a limit to the work.
        """
        first = stream.nodes[0].first_ever if stream.nodes else MAX_ID
        options[self.position - 1] = b"="
        options[self.position] = b"%d" % stream.length if self.by_length else format_id(first)
        for position in reversed(self.limit_positions):
            del options[position : position + 2]


class TrimReader:
    """
    Reads trim options one by one.

    Args:
        options: What stands behind the key.
    """

    __slots__ = ("_limit", "_limit_positions", "_options", "trim")

    def __init__(self, options: Sequence[bytes]) -> None:
        self._options = options
        self._limit: int | None = None
        self._limit_positions: list[int] = []
        self.trim: Trim | None = None

    def read(self, at: int) -> int:
        """
        Read the option at a position; return the position behind it, the same if it is none.

        Raises:
            RedisError: It is one, but not a good one.
        """
        options = self._options
        if at + 1 >= len(options):
            return at
        word = options[at].upper()
        if word == b"LIMIT":
            self._limit = integer(options[at + 1])
            if self._limit < 0:
                raise RedisError("The LIMIT argument must be >= 0.")
            self._limit_positions.append(at)
            return at + 2
        if word not in (b"MAXLEN", b"MINID"):
            return at
        if self.trim is not None:
            raise RedisError(
                "syntax error, MAXLEN and MINID options at the same time are not compatible"
            )
        at += 1
        operator = options[at]
        is_operator = operator in (b"~", b"=") and at + 1 < len(options)
        at += is_operator
        by_length = word == b"MAXLEN"
        threshold = integer(options[at]) if by_length else entry_id(options[at])
        if by_length and threshold < 0:
            raise RedisError("The MAXLEN argument must be >= 0.")
        self.trim = Trim(by_length, threshold, is_operator and operator == b"~", at)
        return at + 1

    def finish(self, node_entries: int, required: bool) -> Trim | None:
        """
        Return what was read, if anything.

        Args:
            node_entries: ``stream-node-max-entries``: the work is limited to some nodes.
            required: Whether there must be a threshold.

        Raises:
            RedisError: The options contradict each other.
        """
        trim = self.trim
        if trim is None:
            if self._limit:
                raise RedisError(
                    "syntax error, LIMIT cannot be used without specifying a trimming strategy"
                )
            if required:
                raise RedisError("syntax error, XTRIM must be called with a trimming strategy")
        if self._limit is not None:
            if trim is None or not trim.approximate:
                raise RedisError("syntax error, LIMIT cannot be used without the special ~ option")
            trim.limit = self._limit
            trim.limit_positions = self._limit_positions
        elif trim is not None and trim.approximate:
            trim.limit = min(100 * node_entries, 1_000_000) if node_entries > 0 else 10_000
        return trim


def timeout_in_ms(argument: bytes, now_ms: int) -> int:
    """
    Return the timeout of BLOCK; 0 is for ever.

    Raises:
        RedisError: It is no integer, negative, or too large.
    """
    timeout = integer(argument, "timeout is not an integer or out of range")
    if timeout < 0:
        raise RedisError("timeout is negative")
    if timeout > INT64_MAX - now_ms:
        raise RedisError("timeout is out of range")
    return timeout
