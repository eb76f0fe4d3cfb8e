"""
PyRedis inside a program: a server on a thread of its own, and a small client.

A Twisted reactor starts once in a process. Unless the application runs it
already, the first server starts it on a daemon thread, where any number of
servers come and go. An application built on Twisted needs neither: it gives
:class:`pyredis.server.RedisServer` a parent service.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import hiredis
from twisted.internet.defer import maybeDeferred

from pyredis.config.conf_file import Directives, Loader
from pyredis.config.keywords import load_keywords
from pyredis.config.settings import Settings
from pyredis.errors import RedisError
from pyredis.primitives.quoting import split_args
from pyredis.wire.human import encode_human

_T = TypeVar("_T")

# Directives that say that the data is to outlive the program, and where.
_KEEPING = frozenset({"save", "dir", "dbfilename", "appendonly"})

_LOCALHOST = ("127.0.0.1", "-::1")


class _ReactorThread:
    """The process's reactor, started once on a daemon thread if nobody runs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def ensure_running(self) -> Any:
        """Return the reactor, running."""
        with self._lock:
            from twisted.internet import reactor

            running: Any = reactor
            if not running.running:
                started = threading.Event()
                running.callWhenRunning(started.set)
                threading.Thread(
                    target=running.run,
                    kwargs={"installSignalHandlers": False},
                    name="pyredis-reactor",
                    daemon=True,
                ).start()
                started.wait()
            return running

    def call(self, function: Callable[[], _T]) -> _T:
        """
        Run a function on the reactor's thread and return what it returns.

        Raises:
            RuntimeError: This is the reactor's thread: it cannot wait for itself.
        """
        from twisted.internet.threads import blockingCallFromThread
        from twisted.python.threadable import isInIOThread

        reactor = self.ensure_running()
        if isInIOThread():
            raise RuntimeError(
                "PyRedisServer cannot be started or stopped on the reactor's own thread; "
                "add pyredis.server.RedisServer as a service instead"
            )
        result: _T = blockingCallFromThread(reactor, function)
        return result


_reactor_thread = _ReactorThread()


class PyRedisServer:
    """
    A server that runs in this process.

    Args:
        host: Where to listen; ``localhost`` is both loopback addresses, ``"*"`` all there are.
        port: The TCP port; 0 picks a free one, see the attribute.
        unixsocket: The path of a Unix socket to listen on as well.
        directives: Any directive of redis.conf, with underscores: ``maxmemory="100mb"``.
            True and False are ``yes`` and ``no``, None leaves the default, a list stands
            for several lines: ``user=["ann on >secret ~* +@all", "default off"]``.
            Nothing is kept on disk, or loaded from there, unless ``dir``,
            ``dbfilename``, ``save`` or ``appendonly`` is among them. What concerns the
            process (``daemonize``, ``pidfile``, ``logfile``, ``supervised``) is yours and
            has no effect; the log goes to ``twisted.logger``.

    Attributes:
        port: The port listened on, once started.
        service: The :class:`~pyredis.server.RedisServer` underneath, None unless it runs.
            It belongs to the reactor's thread.

    Example::

        with PyRedisServer(port=0, maxmemory="100mb") as server:
            client = redis.Redis(port=server.port)
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        *,
        unixsocket: str | None = None,
        **directives: object,
    ) -> None:
        self.host = host
        self.port = port
        self.service: Any = None
        self._unixsocket = unixsocket
        self._directives = directives
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        # Loaded here, not with this module and not in start(): who makes a
        # server wants it, and then it is up within milliseconds.
        importlib.import_module("pyredis.server")
        importlib.import_module("twisted.internet.reactor")

    def start(self) -> None:
        """
        Run the server; return when :meth:`stop` is called from another thread.

        Raises:
            Exception: It cannot start; see :meth:`start_in_background`.
        """
        self.start_in_background()
        try:
            self._stopped.wait()
        finally:
            self.stop()

    def start_in_background(self) -> None:
        """
        Start the server and return when it serves: data on the disk are loaded by then.

        Raises:
            pyredis.services.listeners.CannotListen: A port or socket is taken, forbidden
                or not of this machine, or a certificate cannot be used.
            pyredis.config.conf_file.ConfigFileError: A directive is wrong, or the module,
                the directory, the users or the file that it names.
            pyredis.services.loading.LoadingFailed: What is on the disk cannot be loaded.
            OSError: The host's name is unknown.
            RuntimeError: It runs already, or this is the reactor's own thread.
        """
        with self._lock:
            if self.service is not None:
                raise RuntimeError("the server runs already")
            settings, directives = self._configuration()
            self._stopped.clear()
            self.service = _reactor_thread.call(lambda: self._start_service(settings, directives))
            self.port = self.service.port

    def stop(self) -> None:
        """Stop the server and return when it is gone; safe from any thread, and twice."""
        with self._lock:
            service, self.service = self.service, None
        if service is not None:
            _reactor_thread.call(service.stopService)
        self._stopped.set()

    def __enter__(self) -> PyRedisServer:
        """Start in the background."""
        self.start_in_background()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _configuration(self) -> tuple[Settings, Directives]:
        """Return the settings, and what else is to be done."""
        given = {"port": self.port, "unixsocket": self._unixsocket, **self._directives}
        settings = Settings(change_directory=_existing_directory)
        loader = Loader(settings)
        if "include" in given:
            from pyredis.startup import expand, read_file

            loader = Loader(settings, read_file, expand)
        directives = load_keywords(loader, given)
        if "bind" not in given:
            settings.bind = _addresses(self.host)
        return settings, directives

    def _start_service(self, settings: Settings, directives: Directives) -> Any:
        """Return a Deferred of the server, when it serves."""
        from pyredis.server import RedisServer

        service = RedisServer(
            settings,
            pick_port=self.port == 0,
            on_shutdown=self._stop_from_inside,
            keeps_snapshots=bool(self._directives.keys() & _KEEPING),
        )
        service.apply_directives(directives)
        ready = service.durability.when_ready()
        ready.addCallbacks(lambda _: service, lambda failure: _stopped(service, failure))
        service.startService()
        return ready

    def _stop_from_inside(self) -> None:
        """Stop because a client said SHUTDOWN: on the reactor's thread, so do not wait."""
        service, self.service = self.service, None
        if service is not None:
            service.stopService()
        self._stopped.set()


def _stopped(service: Any, failure: Any) -> Any:
    """Stop a server that could not load its data, then hand on why."""
    return maybeDeferred(service.stopService).addBoth(lambda _: failure)


def _existing_directory(path: str) -> str:
    """Return a directory's full path; a program's working directory is not ours to change."""
    if not os.path.isdir(path):
        code = errno.ENOTDIR if os.path.exists(path) else errno.ENOENT
        raise OSError(code, os.strerror(code), path)
    return os.path.abspath(path)


def _addresses(host: str) -> tuple[str, ...]:
    """Return what ``bind`` has to say for a host name."""
    if host == "localhost":
        return _LOCALHOST
    if host in ("", "*"):
        return ("*", "-::*")
    return (socket.gethostbyname(host) if not _is_address(host) else host,)


def _is_address(host: str) -> bool:
    for kind in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(kind, host)
            return True
    return False


class PyRedisClient:
    """
    A small client for demonstrations and tests: a command line in, a readable reply out.

    One request at a time, from one thread. Programs take redis-py or another library.

    Args:
        host: Where the server is.
        port: Its port.
        timeout: Seconds to wait for a connection or a reply; None is for ever.

    Example::

        with PyRedisClient(port=6379) as client:
            client.execute('SET greeting "Hello, PyRedis!"')   # '+OK'
            client.execute("GET greeting")                     # '+Hello, PyRedis!'
            client.execute("GET nothing")                      # '$-1'
            client.execute("NOSUCH")   # "-ERR unknown command 'NOSUCH', ..."
    """

    def __init__(
        self, host: str = "localhost", port: int = 6379, timeout: float | None = 30.0
    ) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self._socket: socket.socket | None = None
        self._reader: Any = None

    def connect(self) -> None:
        """
        Connect to the server.

        Raises:
            OSError: It cannot be reached, or not within ``timeout`` (``TimeoutError``).
        """
        self.disconnect()
        self._socket = socket.create_connection((self.host, self.port), self.timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader()

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> PyRedisClient:
        """Connect."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self.disconnect()

    def execute(self, line: str) -> str:
        """
        Send a command and return its reply. An error is a reply: nothing is raised.

        Args:
            line: As typed at redis-cli, words with blanks in quotes.

        Returns:
            ``+value``, ``:integer``, ``$-1`` for nil, ``-ERR …`` for an error, and
            for an array ``*N`` with its members on lines of their own.

        Raises:
            ValueError: The quotes are unbalanced, or there is no word.
            TimeoutError: There was no reply within ``timeout``; the connection is closed,
                for a reply that comes late would be taken for the next one's.
            ConnectionError: There is no connection, or the server closed it.
        """
        words = split_args(line.encode("utf-8", "surrogateescape"))
        if not words:
            raise ValueError("no command")
        return _readable(self._exchange(words))

    def _exchange(self, words: list[bytes]) -> Any:
        if self._socket is None:
            raise ConnectionError("not connected")
        body = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        try:
            self._socket.sendall(b"*%d\r\n%b" % (len(words), body))
            while (reply := self._reader.gets()) is False:
                data = self._socket.recv(65536)
                if not data:
                    raise ConnectionError("the server closed the connection")
                self._reader.feed(data)
        except BaseException:
            # Where the next reply begins is not known any more.
            self.disconnect()
            raise
        return reply


def _readable(reply: Any) -> str:
    pieces: list[bytes] = []
    encode_human(_as_value(reply), pieces.append)
    return b"\n".join(piece.removesuffix(b"\r\n") for piece in pieces).decode(
        "utf-8", "surrogateescape"
    )


def _as_value(reply: Any) -> Any:
    """Return what hiredis read as a value of the reply vocabulary."""
    if isinstance(reply, hiredis.ReplyError):
        code, _, message = str(reply).partition(" ")
        return RedisError(message, code=code)
    if isinstance(reply, list):
        return [_as_value(item) for item in reply]
    return reply
