"""
Directives with a syntax of their own: save points, buffer limits, addresses, event classes.

Each reads and writes exactly as Redis does, oddities included; the oddities are named where they
are imitated.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pyredis.config.parameter_types import (
    Parameter,
    Trait,
    decode,
    encode,
    strtoll_clamped,
    with_unit,
    wrapped,
)
from pyredis.primitives import numbers, quoting

MAX_ADDRESSES = 16

_CLASSES = {b"normal": "normal", b"slave": "replica", b"replica": "replica", b"pubsub": "pubsub"}


class SavePoint(NamedTuple):
    """Save after ``seconds`` if at least ``changes`` were made."""

    seconds: int
    changes: int


class BufferLimit(NamedTuple):
    """How much output may wait for a client: ``hard_bytes`` at once, ``soft_bytes`` for long."""

    hard_bytes: int
    soft_bytes: int
    soft_seconds: int


class BufferLimits(NamedTuple):
    """The output limits of the three classes of clients."""

    normal: BufferLimit
    replica: BufferLimit
    pubsub: BufferLimit


class PrimaryAddress(NamedTuple):
    """Whom a replica follows."""

    host: str
    port: int


class SavePoints(Parameter[tuple[SavePoint, ...]]):
    """When to save: pairs of seconds and changes. Lines of a file add up; the default gives way."""

    several = True

    def parse(self, words: list[bytes], current: tuple[SavePoint, ...]) -> tuple[SavePoint, ...]:
        """Read the pairs; no words or one empty word mean never."""
        if words == [b""]:
            return ()
        if len(words) % 2:
            raise ValueError("Invalid save parameters")
        return tuple(map(self._point, words[::2], words[1::2]))

    def parse_line(
        self, words: list[bytes], current: tuple[SavePoint, ...], repeated: bool
    ) -> tuple[SavePoint, ...]:
        """Add a line's pairs to those of earlier lines; an empty word forgets them."""
        points = self.parse(words, current)
        return current + points if repeated and words != [b""] else points

    @staticmethod
    def _point(seconds_word: bytes, changes_word: bytes) -> SavePoint:
        try:
            seconds, changes = strtoll_clamped(seconds_word), strtoll_clamped(changes_word)
        except ValueError:
            raise ValueError("Invalid save parameters") from None
        if seconds < 1 or changes < 0:
            raise ValueError("Invalid save parameters")
        return SavePoint(seconds, wrapped(changes, 32))

    def text(self, value: tuple[SavePoint, ...]) -> bytes:
        """Write all pairs in one line."""
        return b" ".join(b"%d %d" % point for point in value)

    def lines(self, value: tuple[SavePoint, ...]) -> Iterator[tuple[bytes, bool]]:
        """Write a line for each pair, or an empty word, lest the default comes back."""
        if not value:
            yield self.line(b'""'), True
        for point in value:
            yield self.line(b"%d %d" % point), True


class OutputBufferLimits(Parameter[BufferLimits]):
    """Output limits, set for one class of clients or several at a time."""

    several = True

    def parse(self, words: list[bytes], current: BufferLimits) -> BufferLimits:
        """Read groups of class, hard limit, soft limit and seconds."""
        if len(words) % 4:
            raise ValueError("Wrong number of arguments in buffer limit configuration.")
        limits = {}
        for index in range(0, len(words), 4):
            name = _CLASSES.get(words[index].lower())
            if name is None:
                raise ValueError("Invalid client class specified in buffer limit configuration.")
            limits[name] = self._limit(*words[index + 1 : index + 4])
        return current._replace(**limits)

    @staticmethod
    def _limit(hard_word: bytes, soft_word: bytes, seconds_word: bytes) -> BufferLimit:
        refusal = "Error in hard, soft or soft_seconds setting in buffer limit configuration."
        try:
            hard, soft = numbers.parse_memory(hard_word), numbers.parse_memory(soft_word)
            seconds = wrapped(strtoll_clamped(seconds_word), 32)
        except ValueError:
            raise ValueError(refusal) from None
        if seconds < 0:
            raise ValueError(refusal)
        return BufferLimit(hard, soft, seconds)

    def text(self, value: BufferLimits) -> bytes:
        """Write all classes; CONFIG GET still says ``slave``."""
        return b" ".join(
            b"%b %d %d %d" % (name, *limit)
            for name, limit in zip((b"normal", b"slave", b"pubsub"), value, strict=True)
        )

    def lines(self, value: BufferLimits) -> Iterator[tuple[bytes, bool]]:
        """Write a line for each class; a file says ``replica``."""
        classes = zip(BufferLimits._fields, value, self.default, strict=True)
        for name, (hard, soft, seconds), default in classes:
            text = b"%b %b %b %d" % (name.encode(), with_unit(hard), with_unit(soft), seconds)
            yield self.line(text), (hard, soft, seconds) != default


class KillerScores(Parameter[tuple[int, ...]]):
    """Three scores for the kernel's out-of-memory killer."""

    several = True

    def parse(self, words: list[bytes], current: tuple[int, ...]) -> tuple[int, ...]:
        """Read the scores of a primary, a replica and a forked child."""
        if len(words) != 3:
            raise ValueError("wrong number of arguments")
        refusal = "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
        try:
            scores = tuple(map(strtoll_clamped, words))
        except ValueError:
            raise ValueError(refusal) from None
        if not all(-2000 <= score <= 2000 for score in scores):
            raise ValueError(refusal)
        return scores

    def text(self, value: tuple[int, ...]) -> bytes:
        """Write the scores in one line."""
        return b" ".join(b"%d" % score for score in value)


class EventClasses(Parameter[str]):
    """
    Which keyspace events are published, as the letters of their classes.

    The value has every letter written out and never an ``A``, so that one test for a letter
    tells whether its class is wanted.
    """

    ALL = "g$lshzxetd"
    _ORDER = "g$lshzxetdnKEm"

    def parse(self, words: list[bytes], current: str) -> str:
        """Read letters in any order; ``A`` stands for most of them."""
        letters = set(words[0].partition(b"\0")[0].decode("latin-1"))
        if "A" in letters:
            letters = letters - {"A"} | set(self.ALL)
        if not letters.issubset(self._ORDER):
            raise ValueError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        return "".join(letter for letter in self._ORDER if letter in letters)

    def text(self, value: str) -> bytes:
        """Write the letters, with ``A`` where it fits; Redis then drops an ``n``, and so do we."""
        if value.startswith(self.ALL):
            value = "A" + value.removeprefix(self.ALL).removeprefix("n")
        return value.encode()

    def lines(self, value: str) -> Iterator[tuple[bytes, bool]]:
        """Write the letters quoted."""
        yield self.line(quoting.quote(self.text(value))), bool(value)


class Addresses(Parameter[tuple[str, ...]]):
    """The addresses to listen on; a leading ``-`` lets one be missing."""

    several = True

    def parse(self, words: list[bytes], current: tuple[str, ...]) -> tuple[str, ...]:
        """Read the addresses; one empty word means none."""
        if len(words) > MAX_ADDRESSES:
            raise ValueError("Too many bind addresses specified.")
        return () if words == [b""] else tuple(map(decode, words))

    def text(self, value: tuple[str, ...]) -> bytes:
        """Write the addresses in one line."""
        return encode(" ".join(value))

    def lines(self, value: tuple[str, ...]) -> Iterator[tuple[bytes, bool]]:
        """Write the addresses; nothing if they are the default."""
        if value != self.default:
            yield self.line(self.text(value) or b'""'), True


class ReplicaOf(Parameter[PrimaryAddress | None]):
    """The primary to follow."""

    several = True

    def parse(self, words: list[bytes], current: PrimaryAddress | None) -> PrimaryAddress | None:
        """Read host and port, or ``no one``."""
        if len(words) != 2:
            raise ValueError("wrong number of arguments")
        if [word.lower() for word in words] == [b"no", b"one"]:
            return None
        try:
            port = wrapped(strtoll_clamped(words[1]), 32)
        except ValueError:
            raise ValueError("Invalid master port") from None
        if not 0 <= port <= 65535:
            raise ValueError("Invalid master port")
        return PrimaryAddress(decode(words[0]), port)

    def text(self, value: PrimaryAddress | None) -> bytes:
        """Write host and port, or nothing."""
        return b"" if value is None else encode(f"{value.host} {value.port}")

    def lines(self, value: PrimaryAddress | None) -> Iterator[tuple[bytes, bool]]:
        """Write host and port; nothing for a primary."""
        if value is not None:
            yield self.line(self.text(value)), True


class Percentiles(Parameter[tuple[float, ...]]):
    """The percentiles INFO tells of each command's latency."""

    several = True

    def parse(self, words: list[bytes], current: tuple[float, ...]) -> tuple[float, ...]:
        """Read numbers from 0 to 100; one empty word means none."""
        return () if words == [b""] else tuple(map(self._percentile, words))

    @staticmethod
    def _percentile(word: bytes) -> float:
        try:
            percentile = numbers.parse_double(word)
        except ValueError:
            raise ValueError("Invalid latency-tracking-info-percentiles parameters") from None
        if not 0.0 <= percentile <= 100.0:
            raise ValueError(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
            )
        return percentile

    def text(self, value: tuple[float, ...]) -> bytes:
        """Write each with up to six digits after the point."""
        return b" ".join((b"%f" % number).rstrip(b"0").rstrip(b".") for number in value)

    def lines(self, value: tuple[float, ...]) -> Iterator[tuple[bytes, bool]]:
        """Write all in one line, or an empty word, lest the default comes back."""
        yield self.line(self.text(value) or b'""'), True


class Directory(Parameter[str]):
    """The working directory. Whoever holds the value finds out what a path means."""

    def __init__(self, traits: Trait) -> None:
        super().__init__("", traits)

    def parse(self, words: list[bytes], current: str) -> str:
        """Read one path."""
        return decode(words[0])

    def text(self, value: str) -> bytes:
        """Write the path as it is."""
        return encode(value)

    def lines(self, value: str) -> Iterator[tuple[bytes, bool]]:
        """Write the path quoted, always, for a restart may begin elsewhere."""
        yield self.line(quoting.quote(encode(value))), True
