"""
The one place where a PyRedis server is put together.

:class:`RedisServer` plugs the real clock, chance, files and network into the
floors below and is itself a Twisted service: give it a parent, and it runs in
any application. The daemon, the twistd plugin and the embedding faces are thin
layers over it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

import pyredis.commands  # noqa: F401 - declares the commands
from pyredis._version import REDIS_VERSION
from pyredis.acl.files import DeclaredUsers
from pyredis.config.conf_file import ConfigFileError, Directives
from pyredis.config.settings import Settings
from pyredis.configuration_files import ConfigurationFiles
from pyredis.durability import Durability
from pyredis.errors import RedisError
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Client
from pyredis.execution.flags import MODULE
from pyredis.execution.instance import Instance
from pyredis.execution.modules import LoadedModule
from pyredis.execution.ports import Dialogue
from pyredis.execution.table import CommandTable, declared_commands
from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.keyspace.keyspace import Keyspace
from pyredis.killer_score import KillerScore
from pyredis.net.dialogue import SocketDialogue, open_dialogue
from pyredis.net.links import Links
from pyredis.net.tls import SETTINGS as TLS_SETTINGS
from pyredis.net.tls import Tls, TlsUnusable
from pyredis.process_facts import process_facts
from pyredis.process_memory import ProcessMemory, release_memory
from pyredis.replication.following import Following
from pyredis.replication.handover import Handover
from pyredis.replication.primary import Primary
from pyredis.replication.snapshots import Contents, MadeByChild, MadeInSlices, Snapshots
from pyredis.replication.transfer import Spool
from pyredis.server_log import ServerLog
from pyredis.services.catching_up import CatchingUp
from pyredis.services.debug_sessions import DebugSessions
from pyredis.services.keyspace_service import KeyspaceService
from pyredis.services.listeners import ListenerService
from pyredis.services.replication_service import ReplicationService
from pyredis.services.sampling_service import SamplingService
from pyredis.services.signalled_shutdown import SignalledShutdown
from pyredis.services.snapshots import snapshot

_REPLICAS_NEEDED = ("min-replicas-to-write", "min-replicas-max-lag")
_LIMITS = (
    "hash-max-listpack-entries",
    "hash-max-listpack-value",
    "list-max-listpack-size",
    "list-compress-depth",
    "set-max-intset-entries",
    "set-max-listpack-entries",
    "set-max-listpack-value",
    "zset-max-listpack-entries",
    "zset-max-listpack-value",
    "stream-node-max-bytes",
    "stream-node-max-entries",
    "hll-sparse-max-bytes",
)


def built_in_commands() -> CommandTable:
    """Return a new table of all commands but those of users' modules."""
    return CommandTable(d for d in declared_commands().values() if MODULE not in d.flags)


class RedisServer(MultiService):
    """
    One server: its data, its commands, its ports.

    Args:
        settings: The configuration; the defaults if None.
        reactor: Twisted's reactor.
        clock: ``IReactorTime`` for deadlines and timeouts; the reactor if None.
        rng: The source of chance.
        config_path: The file that CONFIG REWRITE writes.
        pick_port: Listen on a free port instead of ``port``.
        on_shutdown: Called by SHUTDOWN; ends the process, or just this server.
        keeps_snapshots: Whether the data set is loaded from disk at start, and saved.
        forks: Whether the process may be forked to save in the background; else
            that is done in slices between which clients are served.
        table: The commands; :func:`built_in_commands` if None.

    Attributes:
        instance: The parts that commands reach.
        listeners: The ports; ``listeners.tcp_port`` is the one listened on.
        durability: Where the data are kept.
        files: Of the configuration, and of users.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings | None = None,
        reactor: Any = None,
        *,
        clock: Any = None,
        rng: random.Random | None = None,
        config_path: str | None = None,
        pick_port: bool = False,
        on_shutdown: Callable[[], None] | None = None,
        keeps_snapshots: bool = False,
        forks: bool = False,
        table: CommandTable | None = None,
    ) -> None:
        super().__init__()
        self._memory = ProcessMemory(time.perf_counter_ns)
        if reactor is None:
            from twisted.internet import reactor
        self.settings = settings or Settings()
        self._on_shutdown = on_shutdown or self.disownServiceParent
        rng = rng or random.Random()
        # A cluster has one database only.
        databases = 1 if self.settings.cluster_enabled else self.settings.databases
        keyspace = Keyspace(_wall_clock(reactor, clock), databases, rng)
        self.instance = Instance(
            keyspace,
            self.settings,
            clock or reactor,
            rng,
            time.perf_counter_ns,
            table or built_in_commands(),
        )
        self.instance.host = self
        self.instance.memory = self._memory
        self.instance.entropy = os.urandom
        self.files = ConfigurationFiles(self.instance, config_path)
        ServerLog(self.instance).listen()
        self.instance.wall_us = _wall_clock_us(reactor, clock)
        self.tls = Tls(self.settings, _read_file)
        self.links = Links(reactor, self._source_address, self._endpoint_of_node)
        self.instance.migrations.carrier = self.links
        self.listeners = ListenerService(self.instance, reactor, pick_port, self.tls)
        self.instance.soon = self.listeners.soon
        self.instance.serve_others = self.listeners.serve_others
        self.keyspace_service = KeyspaceService(self.instance, clock or reactor)
        self.sampling_service = SamplingService(self.instance, clock or reactor)
        self.durability = Durability(
            self.instance,
            reactor,
            clock or reactor,
            self.listeners,
            keeps_snapshots=keeps_snapshots,
            forks=forks,
        )
        self.durability.give_up = self._on_shutdown
        self.keyspace_service.has_child = lambda: self.durability.child.is_active
        makes = MadeByChild if forks else MadeInSlices
        snapshots: Snapshots = makes(self._snapshot_for_replicas, self.durability.child)
        self.primary = Primary(self.instance, self._make_spool, snapshots)
        self.instance.replication = self.primary
        self.durability.on_history = self.primary.history.resume
        self.instance.append_only.call_when_synced(self.primary.look_at_waiting)
        self.catching_up = CatchingUp(self.instance, self.primary)
        links = Links(reactor, self._source_address, self._endpoint_of_primary)
        self.following = Following(
            self.instance,
            self.primary,
            links.endpoint,
            self._make_spool,
            self.durability.replacement,
        )
        self.instance.following = self.following
        self.failover = Handover(self.instance, self.primary, self.following)
        self.instance.failover = self.failover
        self.killer_score = KillerScore(self.settings, lambda: self.following.is_on)
        self.following.on_change = self.killer_score.apply_if_possible
        self.durability.call_in_children(lambda kind: self.killer_score.apply_to_child())
        self.replication_service = ReplicationService(
            self.primary, self.following, clock or reactor
        )
        self.debug_sessions = DebugSessions(clock or reactor, forks)
        self.signalled_shutdown = SignalledShutdown(self.instance, self.shutdown)
        # Stopped in reverse order: the ports first.
        self.durability.join(self)
        self.keyspace_service.setServiceParent(self)
        self.sampling_service.setServiceParent(self)
        self.replication_service.setServiceParent(self)
        self.listeners.setServiceParent(self)
        self._apply_settings()
        self._state_facts(reactor)

    @property
    def port(self) -> int:
        """The TCP port listened on, 0 if none."""
        return self.listeners.tcp_port

    def startService(self) -> None:
        """
        Start serving; what is on the disk is loaded first, see ``durability.when_ready``.

        Raises:
            CannotListen: A port or socket is taken; nothing has started then.
        """
        self.listeners.open()
        super().startService()
        self._memory.end_startup()
        self._log.info("Server initialized")
        self.killer_score.apply_if_possible()
        self.durability.start(self._ready)

    def _ready(self) -> None:
        """Say that everything can be served, and follow whom the configuration names."""
        if self.settings.replicaof is not None:
            self.following.follow(self.settings.replicaof)
        for kind in self._kinds_listened_on():
            self._log.info("Ready to accept connections {kind}", kind=kind)

    def stopService(self) -> Deferred[None]:
        """Let the disk have what it is to have, hang up, stop ticking."""
        with contextlib.suppress(RedisError):
            self.durability.prepare_shutdown(None, force=True)
        self.links.close()
        self.debug_sessions.stop()
        stopped: Deferred[None] = maybeDeferred(super().stopService)
        self.durability.stop()
        return stopped

    def load_module(self, name: str) -> None:
        """
        Serve the commands that a Python module declares.

        Args:
            name: A dotted module name; it is imported, never taken as a path.

        Raises:
            ImportError: It cannot be imported.
            ValueError: It declares no command, or one that exists.
        """
        module = importlib.import_module(name)
        own = [
            declaration
            for declaration in declared_commands().values()
            if declaration.body is not None
            and (declaration.body.__module__ + ".").startswith(name + ".")
        ]
        if not own:
            raise ValueError(f"module {name} declares no command")
        table = self.instance.table
        for declaration in own:
            if table.find(declaration.name.encode()) is not None:
                raise ValueError(f"command {declaration.name} exists already")
            table.add(declaration)
        self.instance.access.commands_added()
        self.instance.modules.append(LoadedModule(name, module.__file__ or ""))
        self._log.info("Module '{name}' loaded: {count} commands", name=name, count=len(own))

    def rename_command(self, old: bytes, new: bytes) -> None:
        """
        Serve a command under another name, or not at all if ``new`` is empty.

        Raises:
            ValueError: There is no such command, or the new name is taken.
        """
        table = self.instance.table
        old_name, new_name = old.decode("latin-1").upper(), new.decode("latin-1").upper()
        if old_name not in table.commands:
            raise ValueError("No such command in rename-command")
        if new_name in table.commands:
            raise ValueError("Target command name already exists")
        declaration = table.remove(old_name)
        if new_name:
            table.add(declaration, new_name)

    def load_users(self, declared: DeclaredUsers | None = None) -> None:
        """
        Make the users that the configuration, or its ACL file, describes.

        Args:
            declared: The ``user`` lines of the configuration.

        Raises:
            AclFileError: Something is wrong with them; the text is one line.
        """
        self.files.load_users(declared)

    def apply_directives(self, directives: Directives) -> None:
        """
        Do what a program's configuration asks for besides its settings, in the daemon's order.

        Raises:
            ConfigFileError: A module, a command, a user or the ACL file is wrong.
        """
        try:
            for module in directives.modules:
                if module.arguments:
                    raise ValueError(f"module {module.path} takes no arguments")
                self.load_module(module.path)
            for old, new in directives.renamed:
                self.rename_command(old, new)
            users = DeclaredUsers(self.instance.access.rulebook)
            for words in directives.users:
                users.declare(words)
            if users or self.settings.aclfile:
                self.load_users(users)
        except (ImportError, ValueError) as error:
            raise ConfigFileError(str(error)) from error

    # execution.ports.Host

    def shutdown(self, save: bool | None, now: bool, force: bool) -> Blocked | None:
        """Stop the server, as SHUTDOWN asks; return what to wait with if replicas come first."""
        if self.catching_up.is_under_way:
            return self.catching_up.waiting
        self._log.warn("User requested shutdown...")
        if not now and self.catching_up.begin(partial(self._end, save, force)):
            return self.catching_up.waiting
        self._end(save, force)
        return None

    def _end(self, save: bool | None, force: bool) -> None:
        self.primary.log_step()
        self.durability.prepare_shutdown(save, force)
        # Whoever sees the end of a connection is not to find the server there still.
        self.listeners.close_ports()
        self._on_shutdown()

    def abort_shutdown(self) -> bool:
        """Do not stop, though a signal asked for it; return whether one did."""
        was_asked = self.signalled_shutdown.abort()
        return self.catching_up.abort() or was_asked

    def rewrite_config(self, force_all: bool = False) -> None:
        """Write the running configuration back to its file."""
        self.files.rewrite_config(force_all)

    def read_acl_file(self) -> bytes:
        """Return the text of the ACL file."""
        return self.files.read_acl_file()

    def write_acl_file(self, text: bytes) -> bool:
        """Replace the ACL file's text in one step; tell whether that was possible."""
        return self.files.write_acl_file(text)

    def sleep(self, seconds: float) -> None:
        """Hold up the whole server, as DEBUG SLEEP asks."""
        time.sleep(seconds)

    def set_active_expiry(self, active: bool) -> None:
        """Let keys expire by themselves, or only when they are asked for."""
        self.keyspace_service.active_expiry = active

    def pause_ticking(self, paused: bool) -> None:
        """Stop all periodic work, or go on with it."""
        self.keyspace_service.paused = paused
        self.sampling_service.paused = paused
        self.replication_service.paused = paused
        self.durability.pause(paused)
        self.signalled_shutdown.paused = paused

    def crash(self, reason: str, signal: int) -> None:
        """End the process by a signal, saying why in the log."""
        self._log.critical("{reason}", reason=reason)
        if self.settings.crash_log_enabled:
            # The handler of the signal writes beneath where all threads are.
            self._log.critical("------ STACK TRACE ------")
        os.kill(os.getpid(), signal)

    def release_memory(self) -> None:
        """Give memory that is free inside the process back to the system."""
        release_memory()

    def open_dialogue(self, client: Client) -> SocketDialogue:
        """Speak with a client while everything else waits; a signal ends it."""
        return open_dialogue(client, lambda: self.signalled_shutdown.is_under_way)

    def fork_dialogue(self, client: Client, speak: Callable[[Dialogue], None]) -> None:
        """Speak with a client in a child of this process; here it is a client no more."""
        dialogue = open_dialogue(client)

        def work() -> None:
            try:
                speak(dialogue)
            finally:
                dialogue.close()

        try:
            self.debug_sessions.start(dialogue.fileno(), work)
        finally:
            dialogue.close()
        client.kill()

    # Within

    def _kinds_listened_on(self) -> list[str]:
        kinds = ["tcp"] if self.port else []
        kinds += ["unix"] if self.settings.unixsocket else []
        return kinds + (["tls"] if self.listeners.tls_port else [])

    def _apply_settings(self) -> None:
        """Carry the settings to the parts that keep their own copy, now and when they change."""
        settings = self.settings
        for names, apply in (
            (_LIMITS, self._apply_limits),
            (("requirepass",), self._apply_password),
            (("acl-pubsub-default",), self._apply_channel_default),
            (("notify-keyspace-events",), self._apply_notifications),
        ):
            settings.observe(names, apply)
            apply()
        settings.observe("hz", self.keyspace_service.change_pace)
        settings.observe(TLS_SETTINGS, self._apply_tls)
        settings.observe(("oom-score-adj", "oom-score-adj-values"), self.killer_score.apply)
        settings.observe(("port", "tls-port", "bind"), self.listeners.rebind)
        settings.observe("repl-backlog-size", self.primary.history.resize)
        settings.observe(_REPLICAS_NEEDED, self.primary.count_near_replicas)

    def _source_address(self) -> str:
        """Return the address that connections to other servers come from, "" for any."""
        return self.settings.bind_source_addr or ""

    def _endpoint_of_primary(self, endpoint: Any) -> Any:
        """Encrypt what goes to the primary, if ``tls-replication`` says so."""
        return self.tls.connecting(endpoint) if self.settings.tls_replication else endpoint

    def _endpoint_of_node(self, endpoint: Any) -> Any:
        """Encrypt what goes to other nodes, if ``tls-cluster`` says so."""
        return self.tls.connecting(endpoint) if self.settings.tls_cluster else endpoint

    def _apply_tls(self) -> None:
        """Use other certificates, keys and options for the connections from now on."""
        if not self.tls.is_wanted:
            return
        try:
            self.tls.load()
        except TlsUnusable as error:
            self._log.warn("{error}", error=error)
            raise ValueError("Unable to update TLS configuration. Check server logs.") from None

    def _snapshot_for_replicas(
        self, contents: Contents, frozen: FrozenKeyspace | None = None
    ) -> Iterator[bytes]:
        """Yield the data, with what a replica of a replica must know of the history."""
        return snapshot(
            self.instance,
            aux=self.primary.history.place(),
            has_data=contents.data,
            has_functions=contents.functions,
            on_keys=self.durability.child.report,
            frozen=frozen,
        )

    def _make_spool(self) -> Spool:
        """Return a file for a snapshot that replicas are sent; it has no name."""
        return tempfile.TemporaryFile(dir=self.settings.dir)

    def _apply_limits(self) -> None:
        for name in _LIMITS:
            attribute = name.replace("-", "_")
            setattr(self.instance.limits, attribute, getattr(self.settings, attribute))

    def _apply_password(self) -> None:
        """Without a password clients need none any more; with one those inside stay in."""
        self.instance.access.set_default_password(self.settings.requirepass)

    def _apply_channel_default(self) -> None:
        access = self.instance.access
        access.rulebook.all_channels = self.settings.acl_pubsub_default == "allchannels"

    def _apply_notifications(self) -> None:
        self.instance.notifier.set_classes(self.settings.notify_keyspace_events)

    def _state_facts(self, reactor: Any) -> None:
        self.instance.facts.update(
            process_facts(reactor, self._memory),
            config_file=self.files.config_path or "",
            process_supervised="systemd" if os.environ.get("NOTIFY_SOCKET") else "no",
            tcp_port=lambda: self.port,
            shutdown_in_milliseconds=lambda: self.catching_up.left_ms,
            listeners=self._listeners,
            migrate_cached_sockets=lambda: len(self.links),
        )

    def _listeners(self) -> list[str]:
        """Return what is listened on, as INFO shows it."""
        settings = self.settings
        addresses = "".join(f",bind={address}" for address in settings.bind)
        shown = []
        if self.port:
            shown.append(f"name=tcp{addresses},port={self.port}")
        if settings.unixsocket:
            shown.append(f"name=unix,bind={settings.unixsocket}")
        if self.listeners.tls_port:
            shown.append(f"name=tls{addresses},port={self.listeners.tls_port}")
        return shown


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _wall_clock(reactor: Any, clock: Any) -> Callable[[], int]:
    """Return a function for the wall clock's milliseconds."""
    if clock is not None and clock is not reactor:
        seconds = clock.seconds
        return lambda: int(seconds() * 1000)
    return lambda: time.time_ns() // 1_000_000


def _wall_clock_us(reactor: Any, clock: Any) -> Callable[[], int]:
    """Return a function for the wall clock's microseconds."""
    if clock is not None and clock is not reactor:
        seconds = clock.seconds
        return lambda: round(seconds() * 1_000_000)
    return lambda: time.time_ns() // 1000


__all__ = ["REDIS_VERSION", "RedisServer"]
