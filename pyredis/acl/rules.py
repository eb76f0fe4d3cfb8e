"""
Rules: the words of ACL SETUSER, of ``user`` lines and of ACL files.

A rule is read as Redis reads it: its keywords in any case and up to a NUL byte,
its patterns and passwords as they are. What a rule gets wrong is told in the
words of Redis.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.acl.catalogue import Catalogue, CommandEntry
from pyredis.acl.selectors import READ, WRITE, Selector
from pyredis.primitives.quoting import split_args

_SPACES = frozenset(b" \t\n\v\f\r\0")
_ACCESS = {b"R": READ, b"W": WRITE}


class RuleError(ValueError):
    """A rule that cannot be applied; the text says why."""


class UnknownName(RuleError):
    """A rule for a command or a category that is not there, or not yet."""

    def __init__(self) -> None:
        super().__init__("Unknown command or category name in ACL")


class UnmatchedParenthesis(RuleError):
    """A selector that does not end; ``index`` is the word it begins with."""

    def __init__(self, index: int, rule: bytes) -> None:
        super().__init__("Unmatched parenthesis in acl selector")
        self.index = index
        self.rule = rule


def syntax_error() -> RuleError:
    """A rule that is none."""
    return RuleError("Syntax error")


def has_spaces(text: bytes) -> bool:
    """Tell whether blanks or NUL bytes are in a name or pattern, where rules cannot have them."""
    return not _SPACES.isdisjoint(text)


def merge_selectors(words: Sequence[bytes]) -> list[bytes]:
    """
    Join the words of each selector that was not quoted: ``(~a +get)`` is one rule.

    Raises:
        UnmatchedParenthesis: One does not end.
    """
    merged: list[bytes] = []
    opened: list[bytes] = []
    start = 0
    for index, word in enumerate(words):
        if opened:
            opened.append(word.partition(b"\0")[0])
            if word.endswith(b")"):
                merged.append(b" ".join(opened))
                opened = []
        elif word.startswith(b"(") and not word.endswith(b")"):
            opened, start = [word], index
        else:
            merged.append(word)
    if opened:
        raise UnmatchedParenthesis(start, words[start])
    return merged


class Rulebook:
    """
    What rules are read by in one server.

    Args:
        catalogue: The commands that rules may name.

    Attributes:
        all_channels: Whether users and selectors start with all channels (``acl-pubsub-default``).
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.all_channels = False

    def new_selector(self) -> Selector:
        """Return a selector that no rule has changed yet."""
        return Selector(self.all_channels)


def selector_of(rule: bytes, rulebook: Rulebook) -> Selector:
    """
    Return the selector that a rule in parentheses makes.

    Raises:
        RuleError: A rule in it is wrong.
    """
    selector = rulebook.new_selector()
    try:
        words = split_args(rule[1:-1])
    except ValueError:
        words = []  # as Redis has it: a selector without rules
    for word in words:
        apply(selector, word, rulebook.catalogue)
    return selector


def apply(selector: Selector, rule: bytes, catalogue: Catalogue) -> None:
    """
    Change a selector by one rule.

    Raises:
        RuleError: The rule is wrong; the selector is as it was.
    """
    word = rule.partition(b"\0")[0].lower()
    if word in (b"allkeys", b"~*"):
        selector.set_all_keys(True)
    elif word == b"resetkeys":
        selector.set_all_keys(False)
    elif word in (b"allchannels", b"&*"):
        selector.set_all_channels(True)
    elif word == b"resetchannels":
        selector.set_all_channels(False)
    elif word in (b"allcommands", b"+@all"):
        selector.allow_all(entry.name for entry in catalogue)
    elif word in (b"nocommands", b"-@all"):
        selector.deny_all()
    elif word.startswith((b"~", b"%")):
        _apply_keys(selector, rule)
    elif word.startswith(b"&"):
        _apply_channel(selector, rule[1:])
    elif word.startswith((b"+@", b"-@")):
        _apply_category(selector, word, catalogue)
    elif word.startswith(b"+"):
        _allow(selector, word[1:], catalogue)
    elif word.startswith(b"-"):
        entry = _find(word[1:], catalogue)
        selector.deny((entry.name, *entry.subcommands))
        selector.keep_rule(b"-", entry.name.encode())
    else:
        raise syntax_error()


def recompute(selector: Selector, catalogue: Catalogue) -> None:
    """Apply a selector's own rules again: commands were added to the catalogue."""
    rules = list(selector.rules)
    apply(selector, b"+@all" if selector.future else b"-@all", catalogue)
    for rule in rules:
        apply(selector, rule, catalogue)


def _apply_keys(selector: Selector, rule: bytes) -> None:
    if selector.all_keys:
        raise RuleError(
            "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
            "not have any effect. Try 'resetkeys' to start with an empty list of patterns"
        )
    # Without a tilde the pattern is the empty one, as in Redis.
    sign, _, pattern = rule.partition(b"~")
    access = 0 if sign else READ | WRITE
    for letter in (sign[at : at + 1].upper() for at in range(1, len(sign))):
        bit = _ACCESS.get(letter, 0)
        if not bit or access & bit:
            raise syntax_error()
        access |= bit
    if not access or has_spaces(pattern):
        raise syntax_error()
    selector.add_keys(pattern, access)


def _apply_channel(selector: Selector, pattern: bytes) -> None:
    if selector.all_channels:
        raise RuleError(
            "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
            "does not have any effect. Try 'resetchannels' to start with an empty list of channels"
        )
    if has_spaces(pattern):
        raise syntax_error()
    selector.channels[pattern] = None


def _apply_category(selector: Selector, word: bytes, catalogue: Catalogue) -> None:
    names = catalogue.reached_by(word[2:].decode("latin-1"))
    if names is None:
        raise UnknownName
    if word.startswith(b"+"):
        selector.allow(names)
    else:
        selector.deny(names)
    selector.keep_rule(word[:1], word[1:])


def _allow(selector: Selector, name: bytes, catalogue: Catalogue) -> None:
    """Allow a command, a subcommand, or a command with one first argument."""
    head, bar, argument = name.rpartition(b"|")
    if not bar:
        entry = _find(name, catalogue)
        selector.allow((entry.name, *entry.subcommands))
        selector.keep_rule(b"+", name)
        return
    entry = _find(head, catalogue)
    if entry.is_subcommand:
        raise RuleError("Allowing first-arg of a subcommand is not supported")
    # Redis takes blanks here, and then cannot read its own description of the user.
    if not argument or has_spaces(argument):
        raise syntax_error()
    if entry.subcommands:
        selector.allow((_find(name, catalogue).name,))
    else:
        selector.first_arguments.setdefault(entry.name, {})[argument] = None
    selector.keep_rule(b"+", name)


def _find(name: bytes, catalogue: Catalogue) -> CommandEntry:
    entry = catalogue.find(name.decode("latin-1"))
    if entry is None:
        raise UnknownName
    return entry
