"""
A Redis server made for tests.

``pip install pyredis[testing]`` brings fixtures for pytest (see
:mod:`pyredis.testing.pytest_plugin`). Without pytest::

    from pyredis.testing import RedisForTests

    with RedisForTests() as server:             # a thread of its own, a free port
        client = redis.Redis.from_url(server.url)
        client.set("session", "x", ex=3600)
        server.clock.advance(3600)              # no test has to sleep
        assert client.get("session") is None

An application on Twisted takes :class:`RedisTestService` instead: the same
without a thread, as a service, or without any socket at all.

The names here are loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyredis.testing.commands import Received
    from pyredis.testing.data import Stream, ZSet
    from pyredis.testing.faults import Fault
    from pyredis.testing.server import RedisForTests
    from pyredis.testing.service import RedisTestService

__all__ = ["Fault", "Received", "RedisForTests", "RedisTestService", "Stream", "ZSet"]

_HOMES = {
    "Fault": "pyredis.testing.faults",
    "Received": "pyredis.testing.commands",
    "RedisForTests": "pyredis.testing.server",
    "RedisTestService": "pyredis.testing.service",
    "Stream": "pyredis.testing.data",
    "ZSet": "pyredis.testing.data",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pyredis.testing' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)
