"""
Makes a server under test as new without building another.

Most tests leave keys behind, counters, perhaps a script: all of it is state of
the server's own objects, which are given back what they held when it started
(:mod:`pyredis.testing.pristine`). Where more may have happened, nothing is
guessed: :meth:`Renewal.renew` refuses, and a whole new server is built.
"""

from __future__ import annotations

import random
import select
from contextlib import suppress
from typing import TYPE_CHECKING

from hiredis import Reader
from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import LoopingCall

from pyredis.acl.catalogue import CommandEntry
from pyredis.execution.client import Client
from pyredis.execution.flags import ADMIN, MODULE, PROTECTED
from pyredis.execution.table import Command, Declaration
from pyredis.net.hub import ReadHub
from pyredis.net.transport import RedisPort
from pyredis.process_memory import ProcessMemory
from pyredis.testing.pristine import CannotRemember, Pristine

if TYPE_CHECKING:
    from pyredis.execution.table import CommandTable
    from pyredis.testing.service import RedisTestService

# What an administrator's command does reaches beyond the server's own objects: to
# files, ports, other servers, the process. So may a user's, and DEBUG.
_REACHES_OUT = ADMIN | MODULE | PROTECTED
_ALSO_REACH_OUT = frozenset({"MIGRATE"})

_WORLD = (
    *(Client, Command, CommandEntry, Declaration, ProcessMemory, Protocol, ReadHub, RedisPort),
    *(random.Random, Reader),
    *(DelayedCall, Deferred, LoopingCall, select.epoll, type(iter(()))),
)


class Renewal:
    """
    The way back to how a server was when it had started.

    Args:
        service: The server.
    """

    def __init__(self, service: RedisTestService) -> None:
        self._service = service
        self._pristine: Pristine | None = None
        self._commands: list[Command] = []

    def remember(self, *world: type) -> None:
        """
        Take the server for new, as it is now: just started, and without clients so far.

        Args:
            world: Types of what is outside of it: its reactor, for one.
        """
        self._commands = all_commands(self._service.instance.table)
        if _keeps_to_itself(self._service):
            with suppress(CannotRemember):
                self._pristine = Pristine(self._service, (*_WORLD, Renewal, *world), _is_ours)

    def renew(self) -> bool:
        """
        Let the server be as new, with its idle clients.

        Returns:
            False if more may have happened to it than can be taken back: it is as it
            was then.
        """
        service, pristine = self._service, self._pristine
        if pristine is None:
            return False
        used = used_commands(self._commands)
        if not stays_within(service, used):
            return False
        instance = service.instance
        clients = list(instance.clients.values())
        for command in used:
            command.reset_statistics()
        pristine.restore()
        service.begin_run()
        for client in clients:
            client.connection.move_to(instance)
        return True


def stays_within(service: RedisTestService, used: list[Command]) -> bool:
    """
    Tell whether nothing has happened to a server but to the state of its own objects.

    Args:
        service: The server.
        used: The commands that ran or were refused.
    """
    instance = service.instance
    return not (
        service.is_exposed
        or service.faults.were_used
        or service.has_plans
        or instance.modules
        or any(not _is_idle(client) for client in instance.clients.values())
        or any(_reaches_out(command) for command in used)
    )


def all_commands(table: CommandTable) -> list[Command]:
    """Return all that counts: commands, subcommands, and what only contains such."""
    return [each for command in table for each in (command, *command.subcommands.values())]


def used_commands(commands: list[Command]) -> list[Command]:
    """Return those commands that have counted anything."""
    return [command for command in commands if command.calls or command.rejected]


def _keeps_to_itself(service: RedisTestService) -> bool:
    """Tell whether a server that has just started has no files and no other servers to care of."""
    settings = service.settings
    return not (settings.appendonly or settings.replicaof or service.has_plans)


def _reaches_out(command: Command) -> bool:
    declaration = command.declaration
    return bool(declaration.flags & _REACHES_OUT) or declaration.name in _ALSO_REACH_OUT


def _is_idle(client: Client) -> bool:
    connection = client.connection
    return client.is_as_new and not (connection.pending_input() or connection.pending_output())


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("pyredis.")
