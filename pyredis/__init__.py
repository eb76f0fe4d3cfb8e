"""
PyRedis: a Redis 7.2 compatible server in Python on Twisted.

* :class:`PyRedisServer` runs a server in this process, on a thread of its own.
* :class:`PyRedisClient` is a small client for demonstrations.
* :func:`command` declares a command of your own.
* :mod:`pyredis.testing` has servers for tests.
* :class:`pyredis.server.RedisServer` is a service for applications on Twisted.

Example::

    from pyredis import PyRedisClient, PyRedisServer

    with PyRedisServer(port=0) as server, PyRedisClient(port=server.port) as client:
        print(client.execute("PING"))  # +PONG

The names here are loaded when they are used: importing the package loads
neither a reactor nor a parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyredis._version import __version__

if TYPE_CHECKING:
    from pyredis.embedding import PyRedisClient, PyRedisServer
    from pyredis.execution.table import command

__all__ = ["PyRedisClient", "PyRedisServer", "__version__", "command"]

_HOMES = {
    "PyRedisClient": "pyredis.embedding",
    "PyRedisServer": "pyredis.embedding",
    "command": "pyredis.execution.table",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pyredis' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)
