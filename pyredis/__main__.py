"""
The command line: ``pyredis-server`` and ``python -m pyredis``.

``pyredis-server`` takes what redis-server takes: a configuration file, ``-``
for standard input, and directives as ``--name value``. It stays in the
foreground unless ``daemonize yes`` says otherwise; ``twistd pyredis`` is the
other way to run a daemon.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pyredis._version import __version__
from pyredis.config.conf_file import ConfigFileError

USAGE = """\
Usage: pyredis-server [/path/to/redis.conf] [options] [-]
       pyredis-server - (read the configuration from standard input)
       pyredis-server --check-config /path/to/redis.conf
       pyredis-server -v or --version
       pyredis-server -h or --help

Examples:
       pyredis-server                        (run with the default configuration)
       echo 'maxmemory 128mb' | pyredis-server -
       pyredis-server /etc/redis/6379.conf
       pyredis-server --port 7777
       pyredis-server /etc/myredis.conf --loglevel verbose -

       python -m pyredis server [...]        (the same)
       python -m pyredis demo                (watch a short demonstration)
       twistd pyredis --help                 (run it under Twisted's daemon)
"""


def server_main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a server until it is told to stop.

    Args:
        arguments: Those of the command line, without the program's name.

    Returns:
        The exit code: 0 after a shutdown, 1 if the server could not start.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    if arguments and arguments[0] in ("-v", "--version"):
        from pyredis.server import REDIS_VERSION

        sys.stdout.write(f"PyRedis server v={__version__} redis={REDIS_VERSION}\n")
        return 0
    if arguments and arguments[0] == "--check-config":
        from pyredis.startup import check_config

        return check_config(arguments[1:])
    from pyredis.startup import run_foreground, settings_from

    try:
        start = settings_from(arguments)
    except ConfigFileError as error:
        from pyredis.server import REDIS_VERSION

        sys.stderr.write(error.report(REDIS_VERSION))
        return 1
    except ValueError as error:
        sys.stderr.write(f"pyredis-server: {error}\n")
        return 1
    return run_foreground(start)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run ``python -m pyredis``.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["demo"]:
        from pyredis.demo import run_demo

        return run_demo()
    if arguments[:1] == ["server"]:
        return server_main(arguments[1:])
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        return 0
    sys.stderr.write(USAGE)
    if arguments:
        sys.stderr.write(f"\npyredis: {arguments[0]!r} is neither 'server' nor 'demo'\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
