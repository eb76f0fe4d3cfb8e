"""
``twistd pyredis``: the options, and the service they make.

twistd brings daemonisation, pid file, log file, --uid and --gid. What keeps the
server from starting is one line on standard error and exit code 1.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.application.service import Service
from twisted.python import usage

from pyredis.config.conf_file import CommandLine, ConfigFileError
from pyredis.primitives.quoting import quote

_DIRECTIVES = ("port", "bind", "unixsocket", "requirepass", "databases", "loglevel")


class Options(usage.Options):
    """The command line of ``twistd pyredis``."""

    synopsis = "[options]"
    longdesc = "Run PyRedis, an in-memory data store that speaks to every Redis client."
    optParameters = [  # noqa: RUF012 - Twisted reads it from the class
        ["port", "p", None, "TCP port (default 6379; 0 listens on none)"],
        ["bind", "b", None, "Addresses to listen on, separated by blanks (default loopback)"],
        ["unixsocket", None, None, "Path of a Unix socket to listen on"],
        ["config", "c", None, "A redis.conf to read first"],
        ["requirepass", None, None, "Password that clients must give"],
        ["databases", None, None, "How many databases there are (default 16)"],
        ["loglevel", None, None, "debug, verbose, notice, warning or nothing"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["set"] = []

    def opt_set(self, assignment: str) -> None:
        """Set any directive of redis.conf: --set maxmemory=100mb (may be repeated)."""
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise usage.UsageError(f"--set takes name=value, not {assignment!r}")
        self["set"].append((name, value))

    def opt_version(self) -> None:
        """Show the version of PyRedis and exit."""
        from pyredis._version import __version__

        sys.stdout.write(f"PyRedis {__version__}\n")
        sys.exit(0)

    def command_line(self) -> CommandLine:
        """Return the same as ``pyredis-server`` would get."""
        pairs = [(name, self[name]) for name in _DIRECTIVES if self[name] is not None]
        lines = [
            b"%b %b" % (name.encode(), _words(name, value)) for name, value in pairs + self["set"]
        ]
        return CommandLine(self["config"], False, b"\n".join(lines))


def _words(name: str, value: str) -> bytes:
    """Return a value as a line of redis.conf has it: several words, or one in quotes."""
    if name == "bind":
        return value.encode()
    return quote(os.fsencode(value))


class DaemonService(Service):
    """
    The server under twistd: opens its ports before privileges are dropped.

    Args:
        server: A :class:`~pyredis.server.RedisServer`.
        stop_reactor: Called when the data turn out to be damaged.
    """

    def __init__(self, server: Any, stop_reactor: Callable[[], None]) -> None:
        self._server = server
        self._stop_reactor = stop_reactor

    def privilegedStartService(self) -> None:
        """Open the ports, as the user who may."""
        from pyredis.services.listeners import CannotListen
        from pyredis.startup import open_ports

        super().privilegedStartService()
        try:
            open_ports(self._server)
        except CannotListen as error:
            refuse(str(error).splitlines()[0])

    def startService(self) -> None:
        """Serve."""
        from pyredis.startup import tell_when_ready, tune_process

        super().startService()
        durability = self._server.durability
        durability.give_up = lambda: None  # twistd runs the reactor later
        tell_when_ready(self._server)
        self._server.startService()
        if durability.failure is not None:
            refuse(f"cannot load {durability.failure}")
        # What is large fails later, when the reactor runs.
        durability.give_up = self._give_up
        tune_process(self._server)

    def _give_up(self) -> None:
        # twistd has no exit code for a reactor that was stopped but 0, and a supervisor
        # would take that for success. This is called when twistd has done all it does.
        atexit.register(_exit_with_code_1)
        self._stop_reactor()

    def stopService(self) -> Any:
        """Stop serving."""
        super().stopService()
        return self._server.stopService()


def _exit_with_code_1() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


class Refusal(SystemExit, Exception):
    """
    The end of a process whose server cannot start: exit code 1 and the reason.

    An ``Exception``, too, because twistd looks for one: a daemon that ended
    otherwise would leave its pid file behind, and twistd, which waits to be told
    how the daemon fares, waiting for ever.
    """


def refuse(reason: str) -> NoReturn:
    """Say why the server cannot start, and end the process with exit code 1."""
    raise Refusal(f"pyredis: {reason}")


def makeService(options: Options) -> Service:
    """Return the service that the options describe."""
    from twisted.internet import reactor

    from pyredis.server import REDIS_VERSION
    from pyredis.startup import CannotStart, build, load_start

    running: Any = reactor
    try:
        start = load_start(options.command_line())
        server = build(start, running, running.stop)
    except ConfigFileError as error:
        refuse(" ".join(error.report(REDIS_VERSION).split()))
    except CannotStart as error:
        refuse(str(error))
    return DaemonService(server, running.stop)
