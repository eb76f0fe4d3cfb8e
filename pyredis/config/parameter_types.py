"""
The types a configuration parameter can have.

A type turns words (of a redis.conf line or of CONFIG SET) into a Python value, and a value back
into the text of CONFIG GET and the lines of CONFIG REWRITE. It refuses with a ``ValueError``
whose text is Redis' own. Types hold no values and know nothing of a server; directives with a
syntax of their own are in ``special_types``.

A parameter says ``several`` when it takes more than one word. Redis splits such a value by single
spaces in CONFIG SET and by its quoting rules in a file; both happen before a type sees the words.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from enum import Flag, auto
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from pyredis.primitives import numbers, quoting

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

INT_MAX = 2**31 - 1
INT_MIN = -(2**31)
UINT_MAX = 2**32 - 1
LONG_MAX = 2**63 - 1
LONG_MIN = -(2**63)
ULONG_MAX = 2**64 - 1


class Trait(Flag):
    """What the server must know of a parameter besides its type."""

    NONE = 0
    IMMUTABLE = auto()
    """Can be set at start only."""
    SENSITIVE = auto()
    """The value is a secret: it is kept out of the slow log, MONITOR and the like."""
    HIDDEN = auto()
    """CONFIG GET shows it under its exact name only, never for a pattern."""
    PROTECTED = auto()
    """CONFIG SET refuses it unless ``enable-protected-configs`` lets the client."""
    DENY_LOADING = auto()
    """CONFIG SET refuses it while the data set is loaded."""
    VOLATILE = auto()
    """The value names something that can change by itself, such as a file: setting it to the
    value it has counts as a change."""


class Parameter(ABC, Generic[T]):
    """
    One directive of redis.conf.

    Parameters are declared as class attributes (see ``parameters``) and take their name from the
    attribute, with hyphens for underscores. For a type checker, reading one through an instance
    gives a value; at run time the declarations are taken off the class, so that the instance's
    own attribute is all there is to look up.

    Args:
        default: The value without any configuration.
        traits: What is special about it.
        name: The directive's name, if it cannot be told from the attribute.
        alias: A second name, kept by Redis for old configurations.
        no_effect: Why setting it changes nothing in this server.
    """

    several = False
    name: str
    attribute: str

    def __init__(
        self,
        default: T,
        traits: Trait = Trait.NONE,
        *,
        name: str = "",
        alias: str | None = None,
        no_effect: str | None = None,
    ) -> None:
        self.default = default
        self.traits = traits
        self.alias = alias
        self.no_effect = no_effect
        self.name = name

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute
        self.name = self.name or attribute.replace("_", "-")

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Self | T: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @abstractmethod
    def parse(self, words: list[bytes], current: T) -> T:
        """
        Read a value.

        Args:
            words: The value's words; exactly one unless ``several``.
            current: The value so far, for types whose words change a part of it.

        Raises:
            ValueError: The words are no value of this parameter; the text says why.
        """

    def parse_line(self, words: list[bytes], current: T, repeated: bool) -> T:
        """Read the value from a line of a file; ``repeated`` if an earlier line had it, too."""
        return self.parse(words, current)

    @abstractmethod
    def text(self, value: T) -> bytes:
        """Write a value as CONFIG GET shows it."""

    def lines(self, value: T) -> Iterator[tuple[bytes, bool]]:
        """
        Write a value as lines of redis.conf.

        Yields:
            A line, and whether it must be written even where the old file has no such line.
            Nothing at all, if the value can only be had by leaving the directive out.
        """
        yield self.line(self.text(value)), value != self.default

    def line(self, text: bytes) -> bytes:
        """Put the directive's name before a text."""
        return self.name.encode() + b" " + text


class YesNo(Parameter[bool]):
    """A switch."""

    def __init__(
        self,
        default: bool,
        traits: Trait = Trait.NONE,
        *,
        alias: str | None = None,
        no_effect: str | None = None,
        refuse_yes: str | None = None,
    ) -> None:
        super().__init__(default, traits, alias=alias, no_effect=no_effect)
        self._refuse_yes = refuse_yes

    def parse(self, words: list[bytes], current: bool) -> bool:
        """Read ``yes`` or ``no``, in any case."""
        word = words[0].lower()
        if word not in (b"yes", b"no"):
            raise ValueError("argument must be 'yes' or 'no'")
        if word == b"yes" and self._refuse_yes is not None:
            raise ValueError(self._refuse_yes)
        return word == b"yes"

    def text(self, value: bool) -> bytes:
        """Write ``yes`` or ``no``."""
        return b"yes" if value else b"no"


class Text(Parameter[str]):
    """
    A string the server itself understands: a path, a name, an address.

    Bytes that are no UTF-8 survive as surrogates, as they do in Python's file names. A NUL ends
    the string, for Redis keeps these as C strings.

    Args:
        default: The value without any configuration; ``None`` if the directive is then absent,
            so that an empty string means "not set" and CONFIG REWRITE leaves it out.
        traits: What is special about it.
        name: The directive's name, if it cannot be told from the attribute.
        alias: A second name, kept by Redis for old configurations.
        no_effect: Why setting it changes nothing in this server.
        check: Raises ``ValueError`` for a value that is refused.
    """

    def __init__(
        self,
        default: str | None,
        traits: Trait = Trait.NONE,
        *,
        name: str = "",
        alias: str | None = None,
        no_effect: str | None = None,
        check: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(default or "", traits, name=name, alias=alias, no_effect=no_effect)
        self.empty_means_unset = default is None
        self._check = check

    def parse(self, words: list[bytes], current: str) -> str:
        """Read one word."""
        value = decode(words[0])
        if self._check is not None:
            self._check(value)
        return value

    def text(self, value: str) -> bytes:
        """Write the string as it is."""
        return encode(value)

    def lines(self, value: str) -> Iterator[tuple[bytes, bool]]:
        """Write the string quoted; nothing if it is not set."""
        if value or not self.empty_means_unset:
            yield self.line(quoting.quote(encode(value))), value != self.default


class Binary(Parameter[bytes]):
    """A string of bytes that the server passes on or compares; empty means "not set"."""

    def __init__(self, traits: Trait = Trait.NONE) -> None:
        super().__init__(b"", traits)

    def parse(self, words: list[bytes], current: bytes) -> bytes:
        """Read one word."""
        return words[0]

    def text(self, value: bytes) -> bytes:
        """Write the bytes as they are."""
        return value

    def lines(self, value: bytes) -> Iterator[tuple[bytes, bool]]:
        """Write the bytes quoted; nothing if there are none."""
        if value:
            yield self.line(quoting.quote(value)), True


class Choice(Parameter[str]):
    """One of several words. A synonym (``relative=yes``) reads as the word it stands for."""

    def __init__(
        self,
        default: str,
        words: str,
        traits: Trait = Trait.NONE,
        *,
        no_effect: str | None = None,
    ) -> None:
        super().__init__(default, traits, no_effect=no_effect)
        pairs = [word.partition("=") for word in words.split()]
        self._meanings = {word.encode(): meaning or word for word, _, meaning in pairs}

    def parse(self, words: list[bytes], current: str) -> str:
        """Read one of the words, in any case."""
        try:
            return self._meanings[words[0].lower()]
        except KeyError:
            raise not_one_of(self._meanings) from None

    def text(self, value: str) -> bytes:
        """Write the word."""
        return value.encode()


class Choices(Parameter[tuple[str, ...]]):
    """Any of several words; ``default`` stands for none of them."""

    several = True

    def __init__(self, words: str, *, exclusive: tuple[str, str], refusal: str) -> None:
        super().__init__(())
        self._words = words.split()
        self._exclusive = exclusive
        self._refusal = refusal

    def parse(self, words: list[bytes], current: tuple[str, ...]) -> tuple[str, ...]:
        """Read the words, in any order and case."""
        known = {b"default": "default", **{word.encode(): word for word in self._words}}
        try:
            found = {known[word.lower()] for word in words}
        except KeyError:
            raise not_one_of(known) from None
        if not found:
            raise not_one_of(known)
        if found.issuperset(self._exclusive):
            raise ValueError(self._refusal)
        return tuple(word for word in self._words if word in found)

    def text(self, value: tuple[str, ...]) -> bytes:
        """Write the words in their own order."""
        return " ".join(value or ("default",)).encode()


class Integer(Parameter[int]):
    """
    A whole number within bounds.

    Args:
        default: The value without any configuration.
        low: The least value.
        high: The greatest value.
        traits: What is special about it.
        alias: A second name, kept by Redis for old configurations.
        no_effect: Why setting it changes nothing in this server.
        unsigned: Redis keeps it in an unsigned type: a negative number is a huge one then, and
            the bounds decide.
        clamp: Bounds a value is silently moved into after it was accepted.
    """

    def __init__(
        self,
        default: int,
        low: int,
        high: int,
        traits: Trait = Trait.NONE,
        *,
        alias: str | None = None,
        no_effect: str | None = None,
        unsigned: bool = False,
        clamp: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(default, traits, alias=alias, no_effect=no_effect)
        self.low = low
        self.high = high
        self._unsigned = unsigned
        self._clamp = clamp

    def parse(self, words: list[bytes], current: int) -> int:
        """Read the number and check its bounds."""
        value = self._number(words[0])
        value = value % 2**64 if self._unsigned else wrapped(value, 64)
        self._check(value)
        if self._clamp is not None:
            value = min(max(value, self._clamp[0]), self._clamp[1])
        return value

    def text(self, value: int) -> bytes:
        """Write the number."""
        return b"%d" % value

    def _number(self, word: bytes) -> int:
        try:
            return numbers.parse_int(word)
        except ValueError:
            raise ValueError("argument couldn't be parsed into an integer") from None

    def _check(self, value: int) -> None:
        if not self.low <= value <= self.high:
            low, high = self._bound(self.low), self._bound(self.high)
            raise ValueError(f"argument must be between {low} and {high} inclusive")

    def _bound(self, value: int) -> str:
        return str(value)


class Octal(Integer):
    """File permissions, read and written in base eight."""

    def _number(self, word: bytes) -> int:
        try:
            return strtoll(word, 8)
        except (ValueError, OverflowError):
            raise ValueError("argument couldn't be parsed as an octal number") from None

    def text(self, value: int) -> bytes:
        """Write the number in base eight."""
        return b"%o" % value

    def _bound(self, value: int) -> str:
        return f"{value:o}"


class Memory(Integer):
    """A number of bytes, read with units."""

    _refusal = "argument must be a memory value"

    def _number(self, word: bytes) -> int:
        try:
            return numbers.parse_memory(word)
        except ValueError:
            raise ValueError(self._refusal) from None

    def lines(self, value: int) -> Iterator[tuple[bytes, bool]]:
        """Write the number in the largest unit that divides it."""
        yield self.line(with_unit(value)), value != self.default


class MemoryOrPercent(Memory):
    """A number of bytes, or a percentage, which is kept as a negative number."""

    _refusal = "argument must be a memory or percent value"

    def _number(self, word: bytes) -> int:
        try:
            return super()._number(word)
        except ValueError:
            percentage = self._percentage(word)
            if percentage is None:
                raise
            return -percentage

    @staticmethod
    def _percentage(word: bytes) -> int | None:
        if len(word) < 2 or not word.endswith(b"%"):
            return None
        try:
            percentage = numbers.parse_int(word[:-1])
        except ValueError:
            return None
        return percentage if percentage >= 0 else None

    def _check(self, value: int) -> None:
        if value >= 0:
            super()._check(value)
        elif value < self.low:
            raise ValueError(f"percentage argument must be less or equal to {-self.low}")

    def text(self, value: int) -> bytes:
        """Write the bytes or the percentage."""
        return b"%d%%" % -value if value < 0 else b"%d" % value

    def lines(self, value: int) -> Iterator[tuple[bytes, bool]]:
        """Write the bytes in a unit, or the percentage."""
        text = with_unit(value) if value >= 0 else self.text(value)
        yield self.line(text), value != self.default


def decode(word: bytes) -> str:
    """Read a C string: up to the first NUL, undecodable bytes kept as surrogates."""
    return word.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Undo ``decode``."""
    return text.encode("utf-8", "surrogateescape")


def not_one_of(known: dict[bytes, str]) -> ValueError:
    """The refusal of a word that is none of the known ones."""
    listed = ", ".join(word.decode() for word in known)
    return ValueError(f"argument(s) must be one of the following: {listed}")


def with_unit(value: int) -> bytes:
    """Write a number of bytes in gb, mb or kb where that leaves no rest."""
    for shift, unit in ((30, b"gb"), (20, b"mb"), (10, b"kb")):
        if value and value % (1 << shift) == 0:
            return b"%d%b" % (value >> shift, unit)
    return b"%d" % value


def wrapped(value: int, bits: int) -> int:
    """Take the value a signed C integer of so many bits would hold."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


_DECIMAL = re.compile(rb"[ \t-\r]*([+-]?[0-9]+)|")
_OCTAL = re.compile(rb"[ \t-\r]*([+-]?[0-7]+)|")


def strtoll(word: bytes, base: int = 10) -> int:
    """
    Read a number the way C's ``strtoll`` does when the whole word must be used up.

    Leading blanks and a sign are taken, an empty word is 0.

    Raises:
        ValueError: Something is left over.
        OverflowError: The number needs more than 64 bits.
    """
    match = (_DECIMAL if base == 10 else _OCTAL).fullmatch(word.partition(b"\0")[0])
    if match is None:
        raise ValueError("not a number")
    value = int(match[1] or b"0", base)
    if not LONG_MIN <= value <= LONG_MAX:
        raise OverflowError("more than 64 bits")
    return value


def strtoll_clamped(word: bytes) -> int:
    """Read a number as ``strtoll`` does, one that is too large as the largest there is."""
    try:
        return strtoll(word)
    except OverflowError:
        return LONG_MIN if b"-" in word else LONG_MAX
