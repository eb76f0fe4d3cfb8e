"""
Users: their names, passwords and selectors, and the register of them.

A password is kept as the SHA-256 of it, in hexadecimal digits, and nowhere else.
Rules are applied to a copy of a user first, so that one that is wrong changes
nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence

from pyredis.acl.rules import Rulebook, RuleError, apply, recompute, selector_of
from pyredis.acl.selectors import Denial, Reason, Request, Selector

DEFAULT_USER = b"default"

_HASH_DIGITS = frozenset(b"0123456789abcdef")


def hashed(password: bytes) -> bytes:
    """Return what is kept of a password."""
    return hashlib.sha256(password).hexdigest().encode()


class User:
    """
    One user.

    Args:
        name: As clients give it.
        rulebook: What its rules are read by.

    Attributes:
        enabled: Whether it may log in.
        no_password: Whether any password will do.
        skips_sanitizing: What ACL GETUSER shows; payloads are always checked here, as
            reading one without would not be quicker.
        passwords: Hashes, in the order they were set.
        selectors: The root selector, then the others.
        is_unrestricted: Whether nothing can be denied to it.
    """

    __slots__ = (
        "_described",
        "_rulebook",
        "enabled",
        "is_unrestricted",
        "name",
        "no_password",
        "passwords",
        "selectors",
        "skips_sanitizing",
    )

    def __init__(self, name: bytes, rulebook: Rulebook) -> None:
        self.name = name
        self._rulebook = rulebook
        self.enabled = False
        self.no_password = False
        self.skips_sanitizing = False
        self.passwords: dict[bytes, None] = {}
        self.selectors = [rulebook.new_selector()]
        self.is_unrestricted = False
        self._described: bytes | None = None

    @property
    def root(self) -> Selector:
        """The selector that rules outside parentheses change."""
        return self.selectors[0]

    def take_over(self, other: User) -> None:
        """Get all that another user has but its name."""
        self.enabled = other.enabled
        self.no_password = other.no_password
        self.skips_sanitizing = other.skips_sanitizing
        self.passwords = dict(other.passwords)
        self.selectors = [selector.copy() for selector in other.selectors]
        self._changed()

    def apply(self, rule: bytes) -> None:
        """
        Change the user by one rule.

        Raises:
            RuleError: The rule is wrong; the user is as it was.
        """
        if rule:
            word = rule.partition(b"\0")[0].lower()
            if rule[:1] in (b">", b"#", b"<", b"!"):
                self._apply_password(rule[:1], rule[1:])
            elif rule.startswith(b"(") and rule.endswith(b")"):
                self.selectors.append(selector_of(rule, self._rulebook))
            elif not self._apply_keyword(word):
                apply(self.root, rule, self._rulebook.catalogue)
            self._changed()

    def _apply_keyword(self, word: bytes) -> bool:
        """Apply a rule that is a word and concerns the user; tell whether it was one."""
        if word in (b"on", b"off"):
            self.enabled = word == b"on"
        elif word in (b"skip-sanitize-payload", b"sanitize-payload"):
            self.skips_sanitizing = word == b"skip-sanitize-payload"
        elif word in (b"nopass", b"resetpass"):
            self.no_password = word == b"nopass"
            self.passwords.clear()
        elif word == b"clearselectors":
            del self.selectors[1:]
        elif word == b"reset":
            self.take_over(User(self.name, self._rulebook))
        else:
            return False
        return True

    def _apply_password(self, sign: bytes, text: bytes) -> None:
        if sign in b"#!" and (len(text) != 64 or not _HASH_DIGITS.issuperset(text)):
            raise RuleError(
                "The password hash must be exactly 64 characters and contain only lowercase "
                "hexadecimal characters"
            )
        kept = hashed(text) if sign in b"><" else text
        if sign in b">#":
            self.passwords[kept] = None
            self.no_password = False
        elif kept in self.passwords:
            del self.passwords[kept]
        else:
            raise RuleError("The password you are trying to remove from the user does not exist")

    def _changed(self) -> None:
        self._described = None
        self.is_unrestricted = any(selector.is_unrestricted for selector in self.selectors)

    def has_password(self, password: bytes) -> bool:
        """Tell whether a password is the user's, in a time that does not depend on which."""
        given = hashed(password)
        found = False
        for kept in self.passwords:
            found |= hmac.compare_digest(given, kept)
        return self.no_password or found

    def denial(self, request: Request) -> Denial | None:
        """
        Tell what of a request is denied, if no selector permits all of it.

        Of the selectors' reasons the most particular one is told, of equal ones the last word.
        """
        told = Denial(Reason.COMMAND, 0)
        for selector in self.selectors:
            denial = selector.denial(request)
            if denial is None:
                return None
            told = max(told, denial)
        return told

    def recompute(self) -> None:
        """Take commands into account that were added to the catalogue."""
        for selector in self.selectors:
            recompute(selector, self._rulebook.catalogue)
        self._changed()

    def flags(self) -> list[bytes]:
        """Name what is set besides passwords and permissions."""
        flags = [b"on" if self.enabled else b"off"]
        if self.no_password:
            flags.append(b"nopass")
        flags.append(b"skip-sanitize-payload" if self.skips_sanitizing else b"sanitize-payload")
        return flags

    def describe(self) -> bytes:
        """Return the rules that make such a user of a new one, as ACL LIST shows them."""
        if self._described is None:
            parts = [*self.flags(), *(b"#" + kept for kept in self.passwords)]
            parts.append(self.root.describe())
            parts += [b"(%b)" % selector.describe() for selector in self.selectors[1:]]
            self._described = b" ".join(parts)
        return self._described

    def line(self) -> bytes:
        """Return the ``user`` line of a configuration or ACL file that brings the user back."""
        return b"user %b %b" % (self.name, self.describe())


class Users:
    """
    The users of one server.

    Args:
        rulebook: What their rules are read by.

    Attributes:
        default: The user that new clients are; it is always there.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.default = self.new_default()
        self._users: dict[bytes, User] = {DEFAULT_USER: self.default}

    def new(self, name: bytes) -> User:
        """Return a user that may do nothing yet and is not in the register."""
        return User(name, self.rulebook)

    def new_default(self) -> User:
        """Return a default user who may do everything without a password."""
        user = self.new(DEFAULT_USER)
        for rule in (b"+@all", b"~*", b"&*", b"on", b"nopass"):
            user.apply(rule)
        return user

    def find(self, name: bytes) -> User | None:
        """Find a user by its name."""
        return self._users.get(name)

    def __iter__(self) -> Iterator[User]:
        """Iterate over the users in the order of their names."""
        return (self._users[name] for name in sorted(self._users))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._users)

    def staged(self, name: bytes, rules: Iterable[bytes]) -> User:
        """
        Return a user as rules would make it, without entering it.

        Raises:
            RefusedRule: One is wrong.
        """
        user = self.new(name)
        known = self._users.get(name)
        if known is not None:
            user.take_over(known)
        for rule in rules:
            try:
                user.apply(rule)
            except RuleError as error:
                raise RefusedRule(rule, error) from None
        return user

    def put(self, user: User) -> User:
        """Enter a user, or give the one of this name all that it has; return the one entered."""
        known = self._users.setdefault(user.name, user)
        if known is not user:
            known.take_over(user)
        return known

    def remove(self, name: bytes) -> User | None:
        """Take a user out of the register; return it if it was there."""
        return self._users.pop(name, None)

    def replace_all(self, users: Sequence[User]) -> list[User]:
        """
        Put other users in place of all, but keep the default user, who becomes as described.

        Returns:
            Those that are no users any more.
        """
        gone = [user for user in self._users.values() if user is not self.default]
        by_name = {user.name: user for user in users}
        self.default.take_over(by_name.get(DEFAULT_USER) or self.new_default())
        by_name[DEFAULT_USER] = self.default
        self._users = by_name
        return gone

    def set_default_password(self, password: bytes) -> None:
        """Give the default user one password, or none at all (``requirepass``)."""
        self.default.apply(b"resetpass")
        self.default.apply(b">" + password if password else b"nopass")

    def recompute(self) -> None:
        """Take commands into account that were added to the catalogue."""
        for user in self._users.values():
            user.recompute()


class RefusedRule(ValueError):
    """A rule that cannot be applied, and why."""

    def __init__(self, rule: bytes, error: RuleError) -> None:
        super().__init__(str(error))
        self.rule = rule
