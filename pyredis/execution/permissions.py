"""
Who may run what: the users of a server, asked about its requests.

Rules and users live in :mod:`pyredis.acl`, which knows no command. Here they
meet the command table: which keys and channels a request has, which commands a
user may run without being asked each time, whom a change of rules cuts off.

A user to whom nothing is denied is never asked. Others have tables of their own
of the plain commands that may go the short way through the dispatcher, see
:mod:`pyredis.execution.checked_commands`; all else is asked for by a guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from pyredis.acl.catalogue import Catalogue, CommandEntry
from pyredis.acl.files import text_of, users_in
from pyredis.acl.log import AccessLog, Where
from pyredis.acl.rules import Rulebook, merge_selectors
from pyredis.acl.selectors import READ, Denial, Reason
from pyredis.acl.users import User, Users
from pyredis.errors import RedisError
from pyredis.execution.checked_commands import CommandsOfUser, Refusal, permissions_for
from pyredis.execution.client_lines import client_line
from pyredis.execution.flags import (
    INCOMPLETE,
    MODULE,
    NOT_KEY,
    VARIABLE_FLAGS,
    Category,
    category_names,
)
from pyredis.execution.key_specs import KeyRange, KeySpec, find_keys_and_access

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command, CommandTable, Declaration

CATEGORIES = tuple(str(category.name).lower() for category in Category)

NeedsFinder: TypeAlias = Callable[[Sequence[bytes]], Sequence[tuple[int, int]]]
"""Finds the indexes of keys, and of each the permissions it takes."""

_UNCERTAIN = INCOMPLETE | VARIABLE_FLAGS

_WHY_NOT_ANY_MORE = {
    Reason.COMMAND: "no permission to execute the command or subcommand",
    Reason.KEY: "no permission to touch the specified keys",
    Reason.CHANNEL: "no permission to access one of the channels used as arguments",
}


class CommandRequest:
    """
    A request as :mod:`pyredis.acl` asks about it.

    Args:
        command: What it runs.
        argv: All of its words.
        find: Finds the keys among them.
    """

    __slots__ = ("_command", "_find", "_keys", "argv", "is_free", "name")

    def __init__(self, command: Command, argv: Sequence[bytes], find: NeedsFinder) -> None:
        self.name = command.display_name
        self.is_free = not command.needs_auth
        self.argv = argv
        self._command = command
        self._find = find
        self._keys: Sequence[tuple[int, int]] | None = None

    def find_keys(self) -> Sequence[tuple[int, int]]:
        """Return the index of each key, and what is done with it."""
        if self._keys is None:
            self._keys = self._find(self.argv)
        return self._keys

    def find_channels(self) -> Sequence[tuple[int, bool]]:
        """Return the index of each channel that is used, and whether it is a pattern."""
        channels = self._command.declaration.channels
        return () if channels is None else channels.find(self.argv)


def needs_finder(specs: Sequence[KeySpec]) -> NeedsFinder:
    """
    Make the function that finds the keys of a command's requests and what each of them takes.

    It is asked before each request of a user that may not touch every key, so
    what can be known of a command without a request is looked at once.
    """
    wanted = [spec for spec in specs if NOT_KEY not in spec.access]
    plain = [(spec.find, permissions_for(spec.access)) for spec in wanted]

    def find_any(argv: Sequence[bytes]) -> Sequence[tuple[int, int]]:
        # A script may ask about a request with words missing.
        return [
            (index, permissions_for(access))
            for index, access in find_keys_and_access(specs, argv)
            if index < len(argv)
        ]

    def find_plain(argv: Sequence[bytes]) -> Sequence[tuple[int, int]]:
        try:
            return [(index, needed) for find, needed in plain for index in find(argv)]
        except ValueError:
            return find_any(argv)

    if any(spec.access & _UNCERTAIN for spec in specs):
        return find_any
    only = wanted[0] if len(wanted) == 1 else None
    if isinstance(only, KeyRange) and isinstance(only.begin, int) and only.last == 0:
        index = only.begin
        found = ((index, permissions_for(only.access)),)
        return lambda argv: found if index < len(argv) else ()
    return find_plain


class AccessControl:
    """
    The users of one server and what they may do.

    Attributes:
        rulebook: What rules are read by.
        users: The register.
        log: What was denied.
        superuser: Of no register: for what the server itself runs.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self.rulebook = rulebook_of(server.table)
        self.users = Users(self.rulebook)
        self.log = AccessLog()
        self.superuser = self.users.new_default()
        self.superuser.name = b"(superuser)"
        self._plain: dict[User, CommandsOfUser] = {}
        self._plain_in_scripts: dict[User, CommandsOfUser] = {}
        self._finders: dict[Command, NeedsFinder] = {}

    @property
    def requires_login(self) -> bool:
        """Whether a client must log in before it may do anything."""
        default = self.users.default
        return not (default.no_password and default.enabled)

    def plain_of(self, user: User) -> Callable[[bytes], Command | None]:
        """Return the lookup of the commands that may go the short way for a user."""
        return self._short_way(user, self._server.table.short, self._plain, self.refusal)

    def plain_in_scripts_of(self, user: User) -> Callable[[bytes], Command | None]:
        """Return the lookup of the commands that scripts may call in the short way for a user."""
        return self._short_way(user, self._server.table.plain, self._plain_in_scripts, None)

    @staticmethod
    def _short_way(
        user: User,
        table: dict[bytes, Command],
        known: dict[User, CommandsOfUser],
        refusal: Refusal | None,
    ) -> Callable[[bytes], Command | None]:
        if user.is_unrestricted:
            return table.get
        own = known.get(user)
        if own is None:
            own = known[user] = CommandsOfUser(user, table, refusal)
        return own.__getitem__

    # Requests

    def request(self, command: Command, argv: Sequence[bytes]) -> CommandRequest:
        """Return a request as users are asked about it."""
        find = self._finders.get(command)
        if find is None:
            find = self._finders[command] = needs_finder(command.key_specs)
        return CommandRequest(command, argv, find)

    def denial(
        self, client: Client, command: Command, argv: Sequence[bytes], where: Where
    ) -> Denial | None:
        """Tell what of a request is denied to a client, and enter it in the log."""
        user = client.user
        if user.is_unrestricted:
            return None
        denial = user.denial(self.request(command, argv))
        if denial is not None:
            named = denial.reason is Reason.COMMAND
            what = command.display_name.encode() if named else argv[denial.position]
            self._note(client, denial.reason, where, what, user.name)
        return denial

    def refusal(self, client: Client, command: Command, argv: Sequence[bytes]) -> RedisError | None:
        """Return the refusal of a request that is denied to its client, or None."""
        denial = self.denial(client, command, argv, _where(client))
        if denial is None:
            return None
        return RedisError(denial_text(denial, client.user, command, argv), code="NOPERM")

    def refusal_of_queued(
        self, client: Client, command: Command, argv: Sequence[bytes]
    ) -> RedisError | None:
        """Return the refusal of a request that may have become denied since it was queued."""
        denial = self.denial(client, command, argv, Where.MULTI)
        if denial is None:
            return None
        return RedisError(
            "ACLs rules changed between the moment the transaction was accumulated and the EXEC "
            "call. This command is no longer allowed for the following reason: "
            + _WHY_NOT_ANY_MORE[denial.reason],
            code="NOPERM",
        )

    def may_read_every_key(self, client: Client) -> bool:
        """Tell whether the request under way may look into keys that its words do not name."""
        argv = client.argv
        if client.user.is_unrestricted or not argv:
            # The short way is open only where the words name all keys, or none is denied.
            return True
        request = self.request(self._server.table.resolve(argv), argv)
        return any(
            selector.permits_every_key(READ) and selector.denial(request) is None
            for selector in client.user.selectors
        )

    def note_failed_login(self, client: Client, name: bytes) -> None:
        """Enter in the log that somebody was not who they said."""
        word = client.argv[0] if client.argv else b""
        self._note(client, Reason.AUTH, _where(client), word, name)

    def _note(
        self, client: Client, reason: Reason, where: Where, what: bytes, user_name: bytes
    ) -> None:
        server = self._server
        server.statistics.denials[reason] += 1
        now_ms = server.keyspace.now_ms
        line = client_line(server.scripting.caller or client, now_ms)
        max_len = server.settings.acllog_max_len
        self.log.add(reason, where, what, user_name, line, now_ms, max_len)

    # Changes

    def set_user(self, name: bytes, rules: Sequence[bytes]) -> None:
        """
        Make or change a user.

        Raises:
            UnmatchedParenthesis: A selector does not end.
            RefusedRule: A rule is wrong; nothing has changed.
        """
        staged = self.users.staged(name, merge_selectors(rules))
        known = self.users.find(name)
        if known is not None:
            self._cut_off_listeners(known, staged)
        self.user_changed(self.users.put(staged))

    def delete_user(self, name: bytes) -> bool:
        """Delete a user and hang up on its clients; return whether there was one."""
        user = self.users.remove(name)
        if user is None:
            return False
        self._cut_off(user)
        return True

    def load(self, text: bytes, path: str) -> None:
        """
        Put the users of an ACL file in place of all; clients of the old ones are hung up on.

        Raises:
            AclFileError: Something is wrong; nothing has changed.
        """
        for user in self.users.replace_all(users_in(text, path, self.users)):
            self._cut_off(user)
        self.user_changed(self.users.default)

    def text(self) -> bytes:
        """Return the ACL file of the users as they are."""
        return text_of(self.users)

    def set_default_password(self, password: bytes) -> None:
        """Give the default user one password, or none at all (``requirepass``)."""
        self.users.set_default_password(password)
        self.user_changed(self.users.default)

    def user_changed(self, user: User) -> None:
        """Let the clients of a user feel what it may do now."""
        self._forget(user)
        for client in self._server.clients.values():
            if client.user is user:
                client.become(user)
            if user is self.users.default:
                # Who never logged in needs not, or does again.
                client.connection.set_limited(client.must_log_in)
                client.refresh()

    def commands_added(self) -> None:
        """Let rules speak of commands that were added to the table."""
        self.rulebook.catalogue.add(_entries(self._server.table))
        self.users.recompute()
        self._plain.clear()
        self._plain_in_scripts.clear()
        for client in self._server.clients.values():
            client.become(client.user)

    def _forget(self, user: User) -> None:
        """Forget which commands may go the short way for a user."""
        self._plain.pop(user, None)
        self._plain_in_scripts.pop(user, None)

    def _cut_off(self, user: User) -> None:
        """Hang up on the clients of a user that is none any more."""
        self._forget(user)
        for client in [c for c in self._server.clients.values() if c.user is user]:
            client.become(self.users.default)
            client.authenticated = False
            self._server.hang_up(client)

    def _cut_off_listeners(self, old: User, new: User) -> None:
        """Hang up on subscribers who listen to what the user may not hear any more."""
        if any(selector.all_channels for selector in new.selectors):
            return
        if not any(selector.all_channels or selector.channels for selector in old.selectors):
            return
        for client in [c for c in self._server.clients.values() if c.user is old]:
            if not _may_listen(new, client):
                self._server.hang_up(client)


def rulebook_of(table: CommandTable) -> Rulebook:
    """Return what rules about the commands of a table are read by."""
    return Rulebook(Catalogue(CATEGORIES, _entries(table)))


def _entries(table: CommandTable) -> Iterator[CommandEntry]:
    """Tell of all commands, each by its own name, in the words of rules."""
    for command in table:
        yield _entry(command.declaration)
        for each in command.subcommands.values():
            yield _entry(each.declaration)


@cache
def _entry(declaration: Declaration) -> CommandEntry:
    """Tell of one command; declarations are shared by all servers, so once is enough."""
    return CommandEntry(
        declaration.display_name,
        frozenset(name[1:] for name in category_names(declaration.categories)),
        tuple(each.display_name for each in declaration.subcommands.values()),
        MODULE not in declaration.flags,
    )


def _may_listen(user: User, client: Client) -> bool:
    """Tell whether a user may listen to all that a client listens to."""
    own = client.subscriptions
    if own is None:
        return True
    names = [(name, False) for name in (*own.channels, *own.shard_channels)]
    names += [(pattern, True) for pattern in own.patterns]
    return all(
        any(selector.permits_channel(name, is_pattern) for selector in user.selectors)
        for name, is_pattern in names
    )


def _where(client: Client) -> Where:
    return Where.TOPLEVEL if client.transaction is None else Where.MULTI


def denial_text(
    denial: Denial, user: User, command: Command, argv: Sequence[bytes], verbose: bool = False
) -> bytes:
    """Say what is denied to a user; only ``verbose`` tells which key or channel it is."""
    if denial.reason is Reason.COMMAND:
        name = command.display_name.encode()
        return b"User %b has no permissions to run the '%b' command" % (user.name, name)
    kind = b"key" if denial.reason is Reason.KEY else b"channel"
    if verbose:
        word = argv[denial.position]
        return b"User %b has no permissions to access the '%b' %b" % (user.name, word, kind)
    return b"No permissions to access a " + kind
