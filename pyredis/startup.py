"""
From a command line to a running process: configuration, log, pid file, readiness.

Shared by ``pyredis-server`` and the twistd plugin. Whatever keeps a server from
starting is one line that names it and exit code 1, never a traceback.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import glob
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple, TextIO

from pyredis import open_files
from pyredis._version import __version__
from pyredis.acl.files import AclFileError, DeclaredUsers
from pyredis.config.conf_file import (
    CommandLine,
    Directives,
    Loader,
    check,
    from_command_line,
    ineffective,
    read_matching,
)
from pyredis.config.parameter_types import decode
from pyredis.config.settings import Settings
from pyredis.execution.permissions import rulebook_of
from pyredis.execution.table import CommandTable
from pyredis.log_file import LogFile
from pyredis.process_title import ProcessTitle, title_setter

# How exactly Linux wakes this process, in nanoseconds; and how long it lingers then.
_TIMER_SLACK = "/proc/self/timerslack_ns"
_LINGER_S = 2e-5
# Half of what stays at hand of freed memory.
_LARGE_PIECE = 4 << 20


class Start(NamedTuple):
    """What a configuration came to."""

    settings: Settings
    directives: Directives
    users: DeclaredUsers
    config_path: str | None
    notes: list[str]


class CannotStart(Exception):
    """The server cannot start; the text is one line for the operator."""


def read_file(path: str) -> bytes:
    """Return a file's bytes; raise OSError if it cannot be read."""
    with open(path, "rb") as file:
        return file.read()


def expand(pattern: str) -> list[str]:
    """Return the files that a pattern of ``include`` stands for, in order."""
    return sorted(glob.glob(pattern))


def _change_directory(path: str) -> str:
    os.chdir(path)
    return os.getcwd()


def settings_from(arguments: Sequence[str]) -> Start:
    """
    Return what the arguments of ``pyredis-server`` say.

    Raises:
        ConfigFileError: A file, a line or an option is wrong.
    """
    return load_start(from_command_line(list(arguments)))


def load_start(line: CommandLine) -> Start:
    """
    Read a configuration from all its sources.

    Raises:
        ConfigFileError: A file, a line or an option is wrong.
    """
    from_file = read_matching(line.path, read_file, expand) if line.path else b""
    from_stdin = sys.stdin.buffer.read() if line.from_stdin else b""
    notes: list[str] = []
    settings = Settings(os.getcwd(), _change_directory, notes.append)
    # Before ``dir`` moves away from where the path was given.
    config_path = os.path.abspath(line.path) if line.path else None
    users = _no_users()
    loader = Loader(settings, read_file, expand, declare_user=users.declare)
    directives = loader.load(line.text(from_file, from_stdin))
    return Start(settings, directives, users, config_path, notes)


def _no_users() -> DeclaredUsers:
    """Return what ``user`` lines are declared to: it knows the commands that rules may name."""
    importlib.import_module("pyredis.commands")
    return DeclaredUsers(rulebook_of(CommandTable()))


def check_config(arguments: Sequence[str]) -> int:
    """
    Say what is wrong with configuration files, without starting.

    Returns:
        0 if nothing is, else 1.
    """
    if not arguments:
        sys.stderr.write("pyredis-server: --check-config needs a file\n")
        return 1
    wrong = False
    for path in arguments:
        try:
            text = read_file(path)
        except OSError as error:
            sys.stdout.write(f"{path}: {error.strerror}\n")
            wrong = True
            continue
        problems = check(text, read_file, expand, declare_user=_no_users().declare)
        for problem in problems:
            line = f": {decode(problem.line)!r}" if problem.line else ""
            sys.stdout.write(f"{problem.path or path}: {problem}{line}\n")
        for note in ineffective(text, read_file, expand):
            sys.stdout.write(f"{path}: note: {note}\n")
        wrong = wrong or bool(problems)
        sys.stdout.write(f"{path}: {'not usable' if problems else 'OK'}\n")
    return int(wrong)


def build(start: Start, reactor: Any, stop: Any) -> Any:
    """
    Put together the server that a configuration describes.

    Args:
        start: The configuration.
        reactor: Twisted's reactor.
        stop: Called by SHUTDOWN.

    Returns:
        A :class:`~pyredis.server.RedisServer` that has not started yet.

    Raises:
        CannotStart: A directive names something that is not there, or the system
            lets the process open no files.
    """
    from pyredis.server import RedisServer

    _make_room_for_clients(start.settings)
    server = RedisServer(
        start.settings,
        reactor,
        config_path=start.config_path,
        on_shutdown=stop,
        keeps_snapshots=True,
        forks=hasattr(os, "fork"),
    )
    for module in start.directives.modules:
        if module.arguments:
            raise CannotStart(f"Can't load module {module.path}: it takes no arguments")
        try:
            server.load_module(module.path)
        except (Exception, SystemExit) as error:
            why = _why_not_loaded(error)
            raise CannotStart(f"Can't load module {module.path}: {why}") from None
    for old, new in start.directives.renamed:
        try:
            server.rename_command(old, new)
        except ValueError as error:
            raise CannotStart(f"rename-command {old.decode('latin-1')}: {error}") from None
    try:
        server.load_users(start.users)
    except AclFileError as error:
        raise CannotStart(str(error)) from None
    return server


def _why_not_loaded(error: BaseException) -> str:
    """Say in one line why a module could not be loaded; what it raised itself, with its place."""
    if isinstance(error, (ImportError, ValueError)):
        return str(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError) or error.__traceback__ is None:
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({last.filename}, line {last.lineno})"


def open_ports(server: Any) -> None:
    """
    Listen where a server is configured to.

    Raises:
        CannotListen: Something is taken or forbidden, or there is nothing to listen on.
    """
    from pyredis.services.listeners import CannotListen

    server.listeners.open()
    if not server.listeners.is_open:
        raise CannotListen("Configured to not listen anywhere, exiting.")


def _make_room_for_clients(settings: Settings) -> None:
    files = open_files.of_this_process(settings)
    if files is None:
        return
    try:
        files.prepare()
    except ValueError as error:
        raise CannotStart(str(error)) from None
    settings.observe("maxclients", files.apply)


def tune_process(server: Any) -> None:
    """Make the most of a process that is the server's own."""
    _tune_garbage_collector()
    _keep_freed_memory()
    _let_requests_gather(server)


def _keep_freed_memory() -> None:
    """
    Keep a few megabytes of freed memory at hand for the next large replies.

    The C library (glibc) gives back all but 128 KiB of what is free at the end of its
    heap, and has to take it again page by page. It keeps twice the largest piece
    that was ever mapped and freed, though; here it meets one.
    """
    bytearray(_LARGE_PIECE)


def _tune_garbage_collector() -> None:
    """
    Keep full collections rare: the data of a server is not cyclic garbage.

    Requests and replies die by their reference counts. What was loaded by now
    lives as long as the process. New collections are looked at twice, while they
    are young, in portions that take a few milliseconds each.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 5, 10_000)


def _let_requests_gather(server: Any) -> None:
    """
    Linger behind small rounds of reading.

    Linux wakes who sleeps when it suits it, within 50 microseconds. That is a
    setting of a thread (``PR_SET_TIMERSLACK``); where it cannot be changed the
    server does not linger.
    """
    try:
        with open(_TIMER_SLACK, "w") as slack:
            slack.write("1000")  # nanoseconds
    except OSError:
        return
    server.listeners.linger(_LINGER_S)


def tell_when_ready(server: Any) -> None:
    """Tell whoever supervises the process, and asked to be told, when it serves everybody."""

    def tell(_: object) -> None:
        notify_service_manager("READY=1\nSTATUS=Ready to accept connections")
        if server.settings.supervised in ("upstart", "auto") and os.environ.get("UPSTART_JOB"):
            # Upstart takes a process that stops itself for ready, and lets it go on.
            os.kill(os.getpid(), signal.SIGSTOP)

    server.durability.when_ready().addCallbacks(tell, lambda failure: None)


def _missing_supervisor(wanted: str) -> str:
    """Return what to tell the operator of supervision that is wanted but not there, if so."""
    variable = {"systemd": "NOTIFY_SOCKET", "upstart": "UPSTART_JOB"}.get(wanted, "")
    if not variable or os.environ.get(variable):
        return ""
    return f"{wanted} supervision requested, but {variable} not found!"


def _report_crashes(settings: Settings, stream: TextIO, log: Any) -> None:
    """Write where all threads were to the log when the process crashes, now and as settings say."""

    def aborted(number: int, frame: object) -> None:
        # Only one that came from outside: whoever aborts in the process does not come back.
        log.critical("PyRedis crashed by signal: {number}", number=number)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def apply() -> None:
        if settings.crash_log_enabled:
            # First, for the other handler to hand on to it.
            signal.signal(signal.SIGABRT, aborted)
            faulthandler.enable(stream)
        else:
            faulthandler.disable()
            signal.signal(signal.SIGABRT, signal.SIG_DFL)

    settings.observe("crash-log-enabled", apply)
    apply()


def notify_service_manager(message: str) -> None:
    """Tell systemd, if it asked to be told (NOTIFY_SOCKET)."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.connect(address)
            channel.sendall(message.encode())
        except OSError as error:
            sys.stderr.write(f"pyredis-server: cannot notify {path}: {error.strerror}\n")


def _daemonize() -> None:
    """Detach from the terminal, before anything that a fork would split exists."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _open_log(path: str) -> TextIO:
    if not path:
        return sys.stdout
    try:
        return LogFile(path)
    except OSError as error:
        raise CannotStart(f"Can't open the log file: {path}: {error.strerror}") from None


def _write_pid(path: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")


def run_foreground(start: Start) -> int:
    """
    Run a server until it is told to stop.

    Returns:
        The exit code: 0 after a shutdown, 1 if it could not start.
    """
    settings = start.settings
    try:
        stream = _open_log(settings.logfile)
        if settings.daemonize:
            _daemonize()
        return _run(start, stream)
    except CannotStart as error:
        sys.stderr.write(f"pyredis-server: {error}\n")
        return 1


def _syslog_observers(settings: Settings) -> list[Any]:
    """Return what hands the log to syslog as well, if that is wanted and there is one."""
    if not settings.syslog_enabled:
        return []
    try:
        import syslog
    except ImportError:
        raise CannotStart("syslog-enabled: this system has no syslog") from None
    from pyredis.services.log_observer import SyslogObserver

    facility = getattr(syslog, f"LOG_{settings.syslog_facility.upper()}")
    syslog.openlog(settings.syslog_ident, syslog.LOG_PID | syslog.LOG_NDELAY, facility)
    return [SyslogObserver(syslog.syslog, lambda: settings.loglevel)]


def _run(start: Start, stream: TextIO) -> int:
    from twisted.internet import reactor
    from twisted.logger import Logger, globalLogBeginner, globalLogPublisher

    from pyredis.services.listeners import CannotListen
    from pyredis.services.log_observer import RedisLogObserver

    settings = start.settings
    observer: Any = RedisLogObserver(stream, os.getpid(), lambda: settings.loglevel)
    observers = [observer, *_syslog_observers(settings)]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False, discardBuffer=True)
    log = Logger(namespace="pyredis")
    _greet(log, start)
    _report_crashes(settings, stream, log)
    reactor_: Any = reactor
    try:
        server = build(start, reactor_, reactor_.stop)
    except CannotStart as error:
        log.error("{error}", error=error)
        return 1
    observer.is_replica = lambda: server.instance.following.is_on
    _show_title(start, server)

    def give_up() -> None:
        # Why is the last that is said.
        globalLogPublisher.removeObserver(observer)
        reactor_.stop()

    server.durability.give_up = give_up
    try:
        open_ports(server)
    except CannotListen as error:
        for line in str(error).splitlines():
            log.error("{line}", line=line)
        return 1
    pid_path = settings.pidfile or ("/var/run/redis.pid" if settings.daemonize else "")
    if pid_path:
        try:
            _write_pid(pid_path)
        except OSError as error:
            log.warn("Failed to write PID file {path}: {why}", path=pid_path, why=error.strerror)
            pid_path = ""
    if hasattr(signal, "SIGHUP"):
        # As Redis: a daemon outlives the terminal it was started from.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # It says that it is ready when it is: signals are handled by then.
    reactor_.callWhenRunning(_heed_signals, reactor_, server)
    reactor_.callWhenRunning(server.startService)
    tell_when_ready(server)
    reactor_.addSystemEventTrigger("before", "shutdown", server.stopService)
    tune_process(server)
    reactor_.run()
    if pid_path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(pid_path)
    if server.durability.failure is not None:
        return 1
    log.warn("PyRedis is now ready to exit, bye bye...")
    return 0


def _show_title(start: Start, server: Any) -> None:
    """Let ``ps`` tell what runs here, if that can be done."""
    set_title = title_setter()
    if set_title is None:
        return
    title = ProcessTitle(start.settings, sys.argv[0], start.config_path, set_title)
    start.settings.observe("proc-title-template", title.apply)
    server.durability.call_in_children(title.apply_to_child)
    title.apply()


def _heed_signals(reactor: Any, server: Any) -> None:
    """Let SIGTERM and SIGINT end the server as it is configured."""

    def heed(number: int, frame: Any) -> None:
        if number == signal.SIGINT and server.signalled_shutdown.is_under_way:
            # Twice Ctrl-C: whoever insists does not wait for a disk.
            server.durability.remove_temporary()
            os._exit(1)
        name = signal.Signals(number).name
        server.signalled_shutdown.note(name)
        reactor.callFromThread(server.signalled_shutdown.take_up, name)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heed)


def _greet(log: Any, start: Start) -> None:
    from pyredis.server import REDIS_VERSION

    log.info(
        "PyRedis {version} is starting, compatible with Redis {redis}. Port: {port} PID: {pid}",
        version=__version__,
        redis=REDIS_VERSION,
        port=start.settings.port,
        pid=os.getpid(),
    )
    if start.config_path is None:
        log.info("No config file specified, using the default config.")
    for note in start.notes:
        log.info("{note}", note=note)
    if missing := _missing_supervisor(start.settings.supervised):
        log.warn("{missing}", missing=missing)
