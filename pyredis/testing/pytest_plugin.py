"""
Fixtures for pytest, there as soon as ``pyredis[testing]`` is installed.

==========================  =====================================================
``pyredis_server``          a :class:`~pyredis.testing.server.RedisForTests`, as new
``pyredis_url``             its URL
``pyredis_client``          a ``redis.Redis`` connected to it
``pyredis_async_client``    a ``redis.asyncio.Redis``
``make_pyredis_server``     makes more of them, with options
==========================  =====================================================

Each test finds the server as if it had just been started. How it is, is said
by a marker, by options of the same names as ``RedisForTests`` has::

    @pytest.mark.pyredis(frozen=True, maxmemory="1mb")
    def test_expiry(pyredis_server, pyredis_client): ...

or for all tests in the ini file::

    [pytest]
    pyredis_scope = module          # as new for each module, not for each test
    pyredis_directives =
        notify-keyspace-events KEA

Nothing of PyRedis is loaded before a test asks for a fixture. Every process of
pytest-xdist has servers of its own; they end with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyredis.testing.server import RedisForTests

_SCOPES = ("function", "class", "module", "package", "session")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the ini file."""
    parser.addini(
        "pyredis_scope", f"how long pyredis_server keeps its state: {_SCOPES}", default="function"
    )
    parser.addini(
        "pyredis_directives",
        "directives of redis.conf for pyredis_server, one a line",
        type="linelist",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers",
        "pyredis(frozen, unixsocket, port, seed, **directives): "
        "how the pyredis_server of this test is to be",
    )


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    scope = config.getini("pyredis_scope")
    if scope not in _SCOPES:
        raise pytest.UsageError(f"pyredis_scope is {scope!r}, not one of {', '.join(_SCOPES)}")
    return scope


class _Pool:
    """Servers that run for the whole session, one for each way they are wanted."""

    def __init__(self) -> None:
        self._idle: dict[Any, list[RedisForTests]] = {}
        self._all: list[RedisForTests] = []
        self._clients: dict[RedisForTests, Any] = {}

    def take(self, options: dict[str, Any]) -> RedisForTests:
        """Return a server as new, that nobody else uses."""
        from pyredis.testing.server import RedisForTests

        idle = self._idle.get(_key(options))
        if idle:
            server = idle.pop()
            server.reset()
            return server
        server = RedisForTests(**options)
        self._all.append(server)
        return server.start()

    def give_back(self, server: RedisForTests, options: dict[str, Any]) -> None:
        """Take a server back that is used no more."""
        self._idle.setdefault(_key(options), []).append(server)

    def client(self, server: RedisForTests) -> Any:
        """Return a ``redis.Redis`` of a server; one, as its connection may last."""
        if server not in self._clients:
            redis = pytest.importorskip("redis")
            self._clients[server] = redis.Redis.from_url(server.url)
        return self._clients[server]

    def close(self) -> None:
        """Stop them all."""
        for client in self._clients.values():
            client.close()
        for server in self._all:
            server.stop()


def _key(options: dict[str, Any]) -> Any:
    return tuple(sorted((name, repr(value)) for name, value in options.items()))


# Not a fixture: pytest would look after it in every test.
_POOL = pytest.StashKey[_Pool]()


def _pool(request: pytest.FixtureRequest) -> _Pool:
    """Return the servers of this session."""
    stash = request.config.stash
    if _POOL not in stash:
        stash[_POOL] = _Pool()
    return stash[_POOL]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of this session."""
    if _POOL in config.stash:
        config.stash[_POOL].close()
        del config.stash[_POOL]


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return how a server is wanted: by the ini file, by the marker, by a parameter."""
    options: dict[str, Any] = {}
    for line in request.config.getini("pyredis_directives"):
        name, _, value = line.strip().partition(" ")
        options[name.replace("-", "_")] = value.strip()
    for marker in reversed(list(request.node.iter_markers("pyredis"))):
        options |= marker.kwargs
    return options | getattr(request, "param", {})


@pytest.fixture(scope=_scope)
def pyredis_server(request: pytest.FixtureRequest) -> Iterator[RedisForTests]:
    """Give a Redis server of this test's own, on a thread of this process."""
    options, pool = _options(request), _pool(request)
    server = pool.take(options)
    yield server
    pool.give_back(server, options)


@pytest.fixture
def make_pyredis_server(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., RedisForTests]]:
    """Give a function that starts further servers, with the options of RedisForTests."""
    pool = _pool(request)
    taken: list[tuple[RedisForTests, dict[str, Any]]] = []

    def make(**options: Any) -> RedisForTests:
        server = pool.take(options)
        taken.append((server, options))
        return server

    yield make
    for server, options in taken:
        pool.give_back(server, options)


@pytest.fixture(scope=_scope)
def pyredis_url(pyredis_server: RedisForTests) -> str:
    """Give the server's URL, as client libraries take it."""
    return pyredis_server.url


@pytest.fixture
def pyredis_client(pyredis_server: RedisForTests, request: pytest.FixtureRequest) -> Any:
    """Give a ``redis.Redis`` client of the server."""
    return _pool(request).client(pyredis_server)


@pytest.fixture
def pyredis_async_client(pyredis_server: RedisForTests) -> Iterator[Any]:
    """
    Give a ``redis.asyncio.Redis`` client of the server.

    It is not closed: its event loop may be over by then. The server hangs up.
    """
    redis = pytest.importorskip("redis.asyncio")
    client = redis.Redis.from_url(pyredis_server.url)
    yield client
    with suppress(Exception):
        client.connection_pool.reset()
