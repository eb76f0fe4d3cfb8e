"""A one-line language for the arguments of a command.

From a line such as ::

    key value [NX | XX]:condition@2.6.12 [GET@6.2.0] [EX seconds | PX milliseconds]:expiration

follow the argument trees of COMMAND DOCS and the line that HELP shows to a human. Nothing here
reads a request: what a command accepts is in its function, this only describes it.

The language:

=========================== ==========================================================
``value``                   a value of this name, its type told by the name or a string
``count:double``            a value with its type: string, integer, double, key,
                            pattern or unix-time
``NX``                      a word to be typed as it is (whatever begins with no lower-case
                            letter; ``""`` is the empty one)
``NX:unchanged``            the same with a name other than ``nx``
``COUNT count``             a value behind a word; a word stands alone only before
                            ``[``, before another word and at the end (else ``(NX) value``)
``[a]``                     may be left out
``(a b):pair``              several that belong together: a block with its name
``(A | B):which``           one of several
``(LIMIT offset count)``    a block behind a word, named for the word if not otherwise
``UNIT (M | KM)``           one of several behind a word, named likewise
``key...``                  one or more
``[KEYS key...]``           one or more behind one word
``[GET pattern]...``        one or more, the word each time
=========================== ==========================================================

Behind a value, a word or a closing bracket may follow, in this order: ``:type`` or ``:name``,
``/shown`` (the text for a human where it is not the name), ``#1`` (the index of its key
specification), ``@6.2.0`` (since), ``!7.0.0`` (deprecated since) and ``...``. Keys count their
specifications from 0 as they come, so ``#`` is needed only where that is wrong.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

VALUE_TYPES = frozenset({"string", "integer", "double", "key", "pattern", "unix-time"})
TOKEN = "pure-token"
ONE_OF = "oneof"
BLOCK = "block"

# What these names mean wherever they stand without a type.
_USUAL_TYPES = {
    "key": "key",
    "newkey": "key",
    "source": "key",
    "destination": "key",
    "pattern": "pattern",
    "cursor": "integer",
    "count": "integer",
    "numkeys": "integer",
    "offset": "integer",
    "index": "integer",
    "seconds": "integer",
    "milliseconds": "integer",
    "port": "integer",
    "slot": "integer",
    "unix-time-seconds": "unix-time",
    "unix-time-milliseconds": "unix-time",
}

_LEXEME = re.compile(
    r"""\s*(?:
    (?P<mark>[\[(|]) |
    (?: (?P<close>[\])]) | (?P<word>"" | [^\s\[\]()|:/\#@!."]+) )
    (?: :(?P<label>[^\s\[\]()|:/\#@!."]+) )?
    (?: /(?P<shown>[^\s\[\]()|/\#@!."]+) )?
    (?: \#(?P<index>\d+) )?
    (?: @(?P<since>\d+\.\d+\.\d+) )?
    (?: !(?P<deprecated>\d+\.\d+\.\d+) )?
    (?P<more>\.\.\.)?
    (?= [\s\[\]()|] | $ )
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, or a group of them.

    Attributes:
        name: What it is called in COMMAND DOCS.
        type: One of :data:`VALUE_TYPES`, :data:`TOKEN`, :data:`ONE_OF` or :data:`BLOCK`.
        token: The word before it (the argument itself, for a token); ``""`` is a word, too.
        shown: What a human reads.
        key_spec_index: Which of the command's key specifications finds it.
        since: The version that brought it, or ``""``.
        deprecated_since: The version that advised against it, or ``""``.
        optional: Whether it may be left out.
        multiple: Whether it may be repeated.
        multiple_token: Whether its word is repeated with it.
        arguments: The members of a group.
    """

    name: str
    type: str
    token: str | None = None
    shown: str = ""
    key_spec_index: int | None = None
    since: str = ""
    deprecated_since: str = ""
    optional: bool = False
    multiple: bool = False
    multiple_token: bool = False
    arguments: tuple["Argument", ...] = ()

    def reply(self) -> dict[str, object]:
        """Describe the argument as COMMAND DOCS does.

        Returns:
            A map of strings, integers and lists of such maps; ``flags`` is a list of statuses.
        """
        described: dict[str, object] = {"name": self.name, "type": self.type}
        grouped = self.type in (ONE_OF, BLOCK)
        if not grouped:
            described["display_text"] = self.shown
        if self.key_spec_index is not None:
            described["key_spec_index"] = self.key_spec_index
        if self.token is not None:
            described["token"] = self.token
        if self.since:
            described["since"] = self.since
        if self.deprecated_since:
            described["deprecated_since"] = self.deprecated_since
        flags = [name for name in ("optional", "multiple", "multiple_token") if getattr(self, name)]
        if flags:
            described["flags"] = flags
        if grouped:
            described["arguments"] = [member.reply() for member in self.arguments]
        return described


def parse_syntax(text: str) -> tuple[Argument, ...]:
    """Read a line of the language.

    Raises:
        ValueError: The line is not in the language; the message says where.
    """
    return _number_keys(_Reader(text).read(), count())


def syntax_line(name: str, arguments: Sequence[Argument]) -> str:
    """Write for a human how a command is called, as Redis's documentation does."""
    return " ".join([name.replace("|", " "), *map(_show, arguments)])


def fewest_words(arguments: Sequence[Argument]) -> int:
    """Count the words that the shortest correct call has behind the command's name."""
    return sum(_fewest(argument) for argument in arguments if not argument.optional)


def is_variadic(arguments: Sequence[Argument]) -> bool:
    """Say whether not all correct calls have the same number of words."""
    return any(
        argument.optional
        or argument.multiple
        or is_variadic(argument.arguments)
        or (argument.type == ONE_OF and len({_fewest(one) for one in argument.arguments}) > 1)
        for argument in arguments
    )


def _fewest(argument: Argument) -> int:
    if argument.type == TOKEN:
        return 1
    if argument.type == ONE_OF:
        words = min(_fewest(one) for one in argument.arguments)
    elif argument.type == BLOCK:
        words = fewest_words(argument.arguments)
    else:
        words = 1
    return words + (argument.token is not None)


def _show(argument: Argument) -> str:
    shown = _show_once(argument)
    word = "" if argument.token is None or argument.type == TOKEN else f"{argument.token} "
    if argument.multiple:
        again = word + shown if argument.multiple_token else shown
        shown = f"{shown} [{again} ...]"
    shown = word + shown
    return f"[{shown}]" if argument.optional else shown


def _show_once(argument: Argument) -> str:
    if argument.type == TOKEN:
        return argument.token or '""'
    if argument.type == BLOCK:
        return " ".join(map(_show, argument.arguments))
    if argument.type == ONE_OF:
        choice = " | ".join(map(_show, argument.arguments))
        bare = argument.optional and argument.token is None and not argument.multiple
        return choice if bare else f"<{choice}>"
    return argument.shown


def _number_keys(arguments: tuple[Argument, ...], numbers: Iterator[int]) -> tuple[Argument, ...]:
    """Give every key that names no specification the next one."""
    numbered = []
    for argument in arguments:
        if argument.arguments:
            members = _number_keys(argument.arguments, numbers)
            argument = replace(argument, arguments=members)
        elif argument.type == "key":
            index = next(numbers)
            if argument.key_spec_index is None:
                argument = replace(argument, key_spec_index=index)
        numbered.append(argument)
    return tuple(numbered)


@dataclass(frozen=True, slots=True)
class _Lexeme:
    """A bracket, bar, value or word of a line, with what is written behind it."""

    kind: str  # "[", "(", "|", "]", ")", "value" or "word"
    text: str = ""
    label: str = ""
    shown: str = ""
    index: int | None = None
    since: str = ""
    deprecated: str = ""
    more: bool = False

    @classmethod
    def of(cls, found: re.Match[str]) -> "_Lexeme":
        mark, close, word, label, shown, index, since, deprecated, more = found.groups()
        kind = mark or close or ("value" if word[0].islower() else "word")
        return cls(
            kind,
            "" if word == '""' else word or "",
            label or "",
            shown or "",
            None if index is None else int(index),
            since or "",
            deprecated or "",
            more is not None,
        )

    @property
    def is_bare(self) -> bool:
        return self == _Lexeme(self.kind, self.text)


_END = _Lexeme("end")


class _Reader:
    """Reads one line, left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lexemes = list(self._split())
        self._at = 0

    def read(self) -> tuple[Argument, ...]:
        """Read the line to its end."""
        arguments = tuple(self._sequence())
        if self._next is not _END:
            raise self._error("a bracket or bar out of place")
        self._require_names(arguments)
        return arguments

    def _error(self, reason: str) -> ValueError:
        return ValueError(f"{reason} in the syntax {self._text!r}")

    def _split(self) -> Iterator[_Lexeme]:
        text = self._text.rstrip()
        at = 0
        while at < len(text):
            found = _LEXEME.match(text, at)
            if found is None:
                raise self._error(f"{text[at:].split()[0]!r} is not understood")
            yield _Lexeme.of(found)
            at = found.end()

    @property
    def _next(self) -> _Lexeme:
        return self._lexemes[self._at] if self._at < len(self._lexemes) else _END

    def _take(self) -> _Lexeme:
        lexeme = self._next
        self._at += 1
        return lexeme

    def _sequence(self) -> list[Argument]:
        """Read arguments up to what is none: a bar, a closing bracket, the end."""
        arguments = []
        while self._next.kind in ("value", "word", "[", "("):
            arguments.append(self._argument())
        return arguments

    def _argument(self) -> Argument:
        lexeme = self._take()
        if lexeme.kind in ("[", "("):
            return self._group(lexeme.kind)
        if lexeme.kind == "value":
            return self._value(lexeme)
        if lexeme.is_bare and self._next.kind in ("value", "("):
            return _behind(lexeme.text, [self._argument()])
        return self._word(lexeme)

    def _value(self, lexeme: _Lexeme) -> Argument:
        name = lexeme.text
        kind = lexeme.label or _USUAL_TYPES.get(name, "string")
        if kind not in VALUE_TYPES:
            raise self._error(f"no type {kind!r}")
        argument = Argument(name, kind, None, lexeme.shown or name, lexeme.index)
        return self._modify(argument, lexeme)

    def _word(self, lexeme: _Lexeme) -> Argument:
        name = lexeme.label or lexeme.text.lower()
        argument = Argument(name, TOKEN, lexeme.text, lexeme.shown or name, lexeme.index)
        return self._modify(argument, lexeme)

    def _group(self, opened: str) -> Argument:
        members = [self._alternative()]
        while self._next.kind == "|":
            self._take()
            members.append(self._alternative())
        closed = self._take()
        if opened + closed.kind not in ("[]", "()"):
            raise self._error("a bracket is not closed")
        argument = members[0] if len(members) == 1 else Argument("", ONE_OF, arguments=(*members,))
        if closed.label:
            if argument.type not in (ONE_OF, BLOCK):
                raise self._error(f"a name {closed.label!r} for what is no group")
            argument = replace(argument, name=closed.label)
        if closed.shown or closed.index is not None:
            raise self._error("a bracket takes no / and no #")
        if opened == "[":
            argument = replace(argument, optional=True)
        return self._modify(argument, closed)

    def _alternative(self) -> Argument:
        """Read one alternative of a group; a word in front goes with all the rest of it."""
        if self._next.kind == "word" and self._next.is_bare:
            word = self._take()
            members = self._sequence()
            return _behind(word.text, members) if members else self._word(word)
        members = self._sequence()
        if not members:
            raise self._error("nothing between brackets or bars")
        return members[0] if len(members) == 1 else Argument("", BLOCK, arguments=(*members,))

    def _modify(self, argument: Argument, lexeme: _Lexeme) -> Argument:
        """Add what is written behind a value, a word or a bracket, except for its label."""
        again = lexeme.more and argument.type != TOKEN and argument.token is not None
        return replace(
            argument,
            since=lexeme.since or argument.since,
            deprecated_since=lexeme.deprecated or argument.deprecated_since,
            multiple=lexeme.more or argument.multiple,
            multiple_token=again or argument.multiple_token,
        )

    def _require_names(self, arguments: Sequence[Argument]) -> None:
        for argument in arguments:
            if not argument.name:
                raise self._error("a group without a name")
            self._require_names(argument.arguments)


def _behind(word: str, members: list[Argument]) -> Argument:
    """Put arguments behind a word: it becomes the token of the only one, or of their block."""
    only = members[0]
    if len(members) > 1 or only.optional or only.token is not None:
        return Argument(word.lower(), BLOCK, word, arguments=(*members,))
    return replace(only, token=word, name=only.name or word.lower())
