"""
Users written down: ACL files, and the ``user`` lines of a configuration.

Both are taken whole or not at all. Reading and writing the files is the
caller's; here are the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyredis.acl.rules import (
    Rulebook,
    RuleError,
    UnknownName,
    UnmatchedParenthesis,
    has_spaces,
    merge_selectors,
)
from pyredis.acl.users import User, Users

_UNCHANGED = (
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
)


class AclFileError(ValueError):
    """What is wrong with users that were written down, in one line."""


def text_of(users: Iterable[User]) -> bytes:
    """Return the ACL file of some users."""
    return b"".join(user.line() + b"\n" for user in users)


def users_in(text: bytes, path: str, users: Users) -> list[User]:
    """
    Read an ACL file.

    Args:
        text: The file's.
        path: What to call it in errors.
        users: Makes the new users; none is entered.

    Raises:
        AclFileError: All that is wrong with it.
    """
    found: dict[bytes, User] = {}
    errors: list[str] = []
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.strip(b" \t\r\n")
        if line:
            errors += _read_line(line.split(b" "), f"{path}:{number}", number, users, found)
    if errors:
        raise AclFileError("".join(errors) + _UNCHANGED)
    return list(found.values())


def _read_line(
    words: list[bytes], place: str, number: int, users: Users, found: dict[bytes, User]
) -> list[str]:
    """Read one line into ``found``; return what is wrong with it."""
    if words[0] != b"user" or len(words) < 2:
        return [f"{place} should start with user keyword followed by the username. "]
    name = words[1]
    shown = name.decode("utf-8", "replace")
    if has_spaces(name):
        return [f"'{place}: username '{shown}' contains invalid characters. "]
    if name in found:
        return [f"WARNING: Duplicate user '{shown}' found on line {number}. "]
    user = found[name] = users.new(name)
    try:
        rules = merge_selectors(words[2:])
    except UnmatchedParenthesis:
        return [f"{place}: Unmatched parenthesis in selector definition."]
    errors = []
    is_refused = False
    for rule in rules:
        rule = rule.strip(b"\t\r\n")
        try:
            user.apply(rule)
        except UnknownName as error:
            # Only these are shown: other rules may have a password in them.
            name_shown = rule.decode("utf-8", "replace")
            errors.append(f"{place}: Error in applying operation '{name_shown}': {error}. ")
        except RuleError as error:
            # What comes after a mistake may be wrong because of it.
            if not is_refused:
                errors.append(f"{place}: {error}. ")
            is_refused = True
    return errors


class DeclaredUsers:
    """
    The ``user`` lines of a configuration, kept until all commands are known.

    Args:
        rulebook: Tells what is wrong with them already.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._rules: dict[bytes, list[bytes]] = {}

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._rules)

    def declare(self, words: Sequence[bytes]) -> None:
        """
        Take the words of a line after ``user``: a name and rules.

        A command that is not known passes: a module may bring it.

        Raises:
            ValueError: With what is wrong, in Redis' words.
        """
        name = words[0]
        if name in self._rules:
            raise ValueError(
                _in_declaration(
                    name,
                    "Duplicate user found. A user can only be defined once in config files",
                )
            )
        try:
            rules = merge_selectors(words[1:])
        except UnmatchedParenthesis as error:
            raise ValueError(_in_declaration(error.rule, str(error))) from None
        trial = User(name, self._rulebook)
        for rule in rules:
            try:
                trial.apply(rule)
            except UnknownName:
                continue
            except RuleError as error:
                raise ValueError(_in_declaration(rule, str(error))) from None
        self._rules[name] = rules

    def load(self, users: Users) -> list[User]:
        """
        Enter the users in a register.

        Returns:
            Those who cannot log in, for a warning.

        Raises:
            AclFileError: A rule is wrong after all.
        """
        disabled = []
        for name, rules in self._rules.items():
            if has_spaces(name):
                raise AclFileError("Spaces not allowed in ACL usernames")
            user = users.new(name)
            for rule in rules:
                try:
                    user.apply(rule)
                except RuleError as error:
                    raise AclFileError(
                        f"Error loading ACL rule '{rule.decode('utf-8', 'replace')}' for the user "
                        f"named '{name.decode('utf-8', 'replace')}': {error}"
                    ) from None
            entered = users.put(user)
            if not entered.enabled:
                disabled.append(entered)
        return disabled


def _in_declaration(word: bytes, problem: str) -> str:
    return f"Error in user declaration '{word.decode('utf-8', 'replace')}': {problem}"
