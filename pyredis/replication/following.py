"""
A server as a replica of another.

It asks its primary for the part of the history it lacks. It is sent that, or a
whole snapshot, and then repeats every command as it comes. What comes is passed
on to replicas of its own byte by byte, so that one history with one count of
bytes holds for the whole chain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis._version import REDIS_VERSION
from pyredis.config.special_types import PrimaryAddress
from pyredis.errors import ProtocolError, RedisError
from pyredis.execution.client import Client
from pyredis.net.primary_link import PrimaryConnection, PrimaryLink, PrimaryLinkFactory
from pyredis.replication.handshake import Handshake, Refused, Request
from pyredis.replication.intake import Aux, Intake, Load, Loader
from pyredis.wire.request_encoder import encode_request
from pyredis.wire.requests import RequestReader

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.keyspace.database import Database
    from pyredis.replication.incoming_snapshot import IncomingSnapshot
    from pyredis.replication.primary import Primary
    from pyredis.replication.transfer import Spool

_REASON = "following"
_LINE_BYTES = 1024
_WRITTEN_KEPT = 100_000
_MOST_UNREPEATED_BYTES = 64 << 20
_UNBLOCKED = RedisError(
    "force unblock from blocking operation, instance state changed (master -> replica?)",
    code="UNBLOCKED",
)


class LinkState(Enum):
    """How far a replica has come with its primary; the values are ROLE's words."""

    CONNECT = "connect"
    CONNECTING = "connecting"
    HANDSHAKE = "handshake"
    SYNC = "sync"
    CONNECTED = "connected"


class Following:
    """
    The replica's part in replication (:class:`pyredis.execution.replicas.Following`).

    Args:
        server: Who follows.
        primary: Its own part as a primary of others: it keeps the history.
        endpoint: Returns the endpoint of a server, and takes a timeout in seconds.
        make_spool: Returns a new temporary file.
        loader: Replaces all data by a snapshot's.

    Attributes:
        address: Whom it follows; None if nobody.
        state: How far it has come.
        on_change: Called when it begins to follow, or is a primary again.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        primary: Primary,
        endpoint: Callable[[tuple[str, int], float], Any],
        make_spool: Callable[[], Spool],
        loader: Loader,
    ) -> None:
        self._server = server
        self._primary = primary
        self._endpoint = endpoint
        self._make_spool = make_spool
        self._loader = loader
        self.on_change: Callable[[], None] = lambda: None
        self.address: PrimaryAddress | None = None
        self.state = LinkState.CONNECT
        self._link: PrimaryLink | None = None
        self._attempt: Deferred[Any] | None = None
        self._handshake: Handshake | None = None
        self._intake: Intake | None = None
        self._client: Client | None = None
        self.database = 0
        self._reader = RequestReader()
        self._held = bytearray()
        self._promised = ("", 0)
        self._acknowledges_now = False
        self._takes_over: Callable[[bool], None] | None = None
        self._is_stopped = False
        self._unrepeated = bytearray()
        # Offsets of the append-only file, and those of the history that are in it up to there.
        self._written: deque[tuple[int, int]] = deque(maxlen=_WRITTEN_KEPT)
        self._on_disk = 0
        self._own: dict[tuple[Database, bytes], None] = {}
        server.keyspace.expire_own = self._expire_own
        server.settings.observe("replica-read-only", self.apply_read_only)
        self._heard_ms = self._down_since_ms = self._now_ms()

    # As commands see it

    @property
    def is_on(self) -> bool:
        """Whether it follows anybody."""
        return self.address is not None

    @property
    def is_linked(self) -> bool:
        """Whether it has the data and hears of every change."""
        return self.state is LinkState.CONNECTED

    def is_primary(self, client: Client) -> bool:
        """Tell whether a client stands for the primary."""
        return client is self._client

    def hand_over(self, address: PrimaryAddress, answered: Callable[[bool], None]) -> None:
        """
        Follow a replica of this server, which is asked to become a primary for that.

        Args:
            address: Where it listens.
            answered: Called with whether it does.
        """
        self._takes_over = answered
        self.follow(address)

    def follow(self, address: PrimaryAddress) -> bool:
        """
        Follow a server from now on.

        Returns:
            False if it is followed already.
        """
        if address == self.address:
            return False
        was_primary = not self.is_on
        self._drop_link()
        server = self._server
        server.settings.replicaof = self.address = address
        server.keyspace.may_expire = False
        server.dispatcher.watch_over(_REASON)
        server.table.hold_back_writes()
        server.access.commands_added()
        for client in list(server.clients.values()):
            if client.waiting is not None and client.waiting.blocked.may_be_ended:
                server.waiting_room.release_with_error(client, _UNBLOCKED)
        if was_primary:
            self._primary.stop_leading()
        self.apply_read_only()
        self._down_since_ms = self._now_ms()
        self._connect()
        self.on_change()
        return True

    def unfollow(self) -> None:
        """Be a primary from now on, with the data as they are."""
        if not self.is_on:
            return
        self._takes_over = None
        self._drop_link()
        server = self._server
        server.settings.replicaof = self.address = None
        server.keyspace.may_expire = True
        server.dispatcher.let_go(_REASON)
        server.table.let_writes_go()
        server.access.commands_added()
        self.apply_read_only()
        self._primary.lead()
        self.on_change()

    def apply_read_only(self) -> None:
        """Note from now on, or no more, which keys are this server's own (replica-read-only)."""
        keyspace = self._server.keyspace
        keyspace.forget_observer(self._note_own)
        self._own.clear()
        keyspace.replaces_expired = self.is_on and not self._server.settings.replica_read_only
        if self.is_on and not self._server.settings.replica_read_only:
            keyspace.observe_changes(self._note_own)

    def _note_own(self, db: Database, key: bytes) -> None:
        """Note a key to which a client here, not the primary, has given a deadline."""
        if not self._server.keyspace.keeps_expired and key in db.deadlines:
            self._own[db, key] = None

    def _expire_own(self, limit: int) -> int:
        """Remove keys that are due and that the primary does not know of."""
        now_ms = self._server.keyspace.now_ms
        due = [place for place in self._own if place[0].deadlines.get(place[1], 0) < now_ms]
        for db, key in due[:limit]:
            del self._own[db, key]
            if key in db.deadlines:
                db.expire(key)
        return min(len(due), limit)

    def acknowledge(self) -> None:
        """Tell the primary how far this server is, when the commands under way are over."""
        self._acknowledges_now = True

    def fields(self) -> dict[str, object]:
        """Return what INFO says of a replica, by the names of the fields."""
        address = self.address
        if address is None:
            return {}
        settings, offset = self._server.settings, self._primary.offset
        silent_s = (self._now_ms() - self._heard_ms) // 1000
        fields: dict[str, object] = {
            "master_host": address.host,
            "master_port": address.port,
            "master_link_status": "up" if self.is_linked else "down",
            "master_last_io_seconds_ago": silent_s if self.is_linked else -1,
            "master_sync_in_progress": int(self.state is LinkState.SYNC),
            "slave_read_repl_offset": offset + len(self._unrepeated),
            "slave_repl_offset": offset,
        }
        if self._intake is not None:
            fields |= self._intake.fields()
            fields["master_sync_last_io_seconds_ago"] = silent_s
        if not self.is_linked:
            down_s = (self._now_ms() - self._down_since_ms) // 1000
            fields["master_link_down_since_seconds"] = down_s
        return fields | {
            "slave_priority": settings.replica_priority,
            "slave_read_only": int(settings.replica_read_only),
            "replica_announced": int(settings.replica_announced),
        }

    def close(self) -> None:
        """Hang up: the server stops."""
        self._drop_link()
        self.address = None

    # As time goes by

    def tick(self) -> None:
        """Do what is due each second."""
        if self.address is None:
            return
        timeout_ms = self._server.settings.repl_timeout * 1000
        intake = self._intake
        if intake is not None and not intake.is_waiting:
            self._heard_ms = self._now_ms()  # nothing can be heard
        if self.state is LinkState.CONNECT:
            self._connect()
        elif self._now_ms() - self._heard_ms > timeout_ms:
            if self.is_linked:
                self._log.warn("MASTER timeout: no data nor PING received...")
            else:
                self._log.warn("Timeout connecting to the MASTER...")
            self._drop_link()
        elif self.is_linked:
            self._say_offset()
        elif intake is not None and intake.is_loading and self._link is not None:
            self._link.write(b"\n")  # still there, but busy

    def _say_offset(self) -> None:
        words: list[bytes] = [b"REPLCONF", b"ACK", b"%d" % self._primary.offset]
        if self._server.append_only.is_on:
            words += [b"FACK", b"%d" % self._offset_on_disk()]
        if self._link is not None:
            self._link.write(encode_request(words))

    def _offset_on_disk(self) -> int:
        """Return how much of the history is in the append-only file for sure."""
        synced = self._server.append_only.synced_offset
        written = self._written
        while written and written[0][0] <= synced:
            self._on_disk = written.popleft()[1]
        return self._on_disk

    # The link

    def _now_ms(self) -> int:
        return self._server.keyspace.clock()

    def _connect(self) -> None:
        address = self.address
        assert address is not None
        self._log.info("Connecting to MASTER {host}:{port}", host=address.host, port=address.port)
        self.state = LinkState.CONNECTING
        self._heard_ms = self._now_ms()
        endpoint = self._endpoint(address, self._server.settings.repl_timeout)
        attempt = self._attempt = endpoint.connect(PrimaryLinkFactory())
        self._log.info("MASTER <-> REPLICA sync started")
        attempt.addCallbacks(self._connected, self._not_connected)

    def _not_connected(self, failure: Failure) -> None:
        self._attempt = None
        if self.state is LinkState.CONNECTING:
            self._log.warn(
                "Error condition on socket for SYNC: {why}", why=failure.getErrorMessage()
            )
            self.state = LinkState.CONNECT

    def _connected(self, link: PrimaryLink) -> None:
        self._attempt = None
        self._link = link
        link.on_data = self._take
        link.on_lost = self._lost
        self.state = LinkState.HANDSHAKE
        self._held.clear()
        self._log.info("Non blocking connect for SYNC fired the event.")
        self._handshake = Handshake(self._introduction(), self._request(), link.write, self._note)

    def _note(self, line: str) -> None:
        self._log.info("{line}", line=line)

    def _introduction(self) -> list[tuple[str, Request]]:
        settings = self._server.settings
        words: list[tuple[str, Request]] = []
        if settings.masterauth:
            user = (settings.masteruser,) if settings.masteruser else ()
            words.append(("AUTH", (b"AUTH", *user, settings.masterauth)))
        port = settings.replica_announce_port or self._server.fact("tcp_port")
        words.append(("listening-port", (b"REPLCONF", b"listening-port", b"%d" % port)))
        if settings.replica_announce_ip:
            ip = settings.replica_announce_ip.encode()
            words.append(("ip-address", (b"REPLCONF", b"ip-address", ip)))
        capabilities = (b"REPLCONF", b"capa", b"eof", b"capa", b"psync2")
        words.append(("capa", capabilities))
        words.append(("version", (b"REPLCONF", b"version", REDIS_VERSION.encode())))
        return words

    def _request(self) -> Request:
        """Ask for what comes behind the history that is known here, if any is."""
        if not self._primary.history.is_kept:
            self._log.info("Partial resynchronization not possible (no cached master)")
            return (b"PSYNC", b"?", b"-1")
        history, offset = self._server.replication_id, self._primary.offset + 1
        self._log.info(
            "Trying a partial resynchronization (request {history}:{offset}).",
            history=history,
            offset=offset,
        )
        request = (b"PSYNC", history.encode(), b"%d" % offset)
        return (*request, b"FAILOVER") if self._takes_over is not None else request

    def _lost(self) -> None:
        intake = self._intake
        if intake is not None and intake.is_loading:
            intake.lose_link()
            return
        self._log.warn("Connection with master lost.")
        # Not a second later: the part that is missed is not to grow out of reach.
        is_urgent = self.is_linked or intake is not None
        self._drop_link()
        if is_urgent:
            self._reconnect()

    def _reconnect(self, why: str = "") -> None:
        if self.address is not None:
            self._log.info(
                "Reconnecting to MASTER {host}:{port}{why}",
                host=self.address.host,
                port=self.address.port,
                why=why,
            )
            self._connect()

    def _drop_link(self) -> None:
        """Hang up, and forget what was under way; what is known of the history stays."""
        if self.is_linked:
            self._down_since_ms = self._now_ms()
            self._server.dispatcher.watch_over(_REASON)  # the data grow stale
        self.state = LinkState.CONNECT
        link, self._link = self._link, None
        attempt, self._attempt = self._attempt, None
        intake, self._intake = self._intake, None
        client, self._client = self._client, None
        self._handshake = None
        self._unrepeated.clear()
        if attempt is not None:
            attempt.addErrback(lambda failure: None)
            attempt.cancel()
        if link is not None:
            link.abort()
        if intake is not None:
            intake.cancel()
        if client is not None:
            self._server.disconnect(client)

    # What comes

    def _take(self, data: bytes) -> None:
        self._heard_ms = self._now_ms()
        try:
            if self._client is not None:
                self._repeat(data)
            elif self._intake is not None:
                self._intake.take(data)
            else:
                self._held += data
                self._take_lines()
        except (Refused, ProtocolError, OSError, ValueError) as error:
            self._log.warn("{error}", error=error)
            self._drop_link()

    def _take_lines(self) -> None:
        """Take lines until the answer to PSYNC says what comes behind them."""
        held = self._held
        while self._client is None and self._intake is None:
            end = held.find(b"\n")
            if end < 0:
                if len(held) > _LINE_BYTES:
                    raise Refused("The master does not end its lines")
                return
            line = bytes(held[:end]).rstrip(b"\r")
            del held[: end + 1]
            self._take_line(line)
            if self._link is None:
                return
        rest = bytes(held)
        held.clear()
        if rest:
            self._take(rest)

    def _take_line(self, line: bytes) -> None:
        handshake = self._handshake
        if handshake is None:
            if line:
                self._announced(line)
            return
        handshake.take(line)
        if handshake.answer is not None:
            self._handshake = None
            self._answered(handshake.answer)

    def _answered(self, answer: bytes) -> None:
        """Do as the answer to PSYNC says."""
        words = answer.split()
        takes_over, self._takes_over = self._takes_over, None
        if takes_over is not None:
            is_accepted = answer.startswith((b"+FULLRESYNC", b"+CONTINUE"))
            takes_over(is_accepted)
            if not is_accepted:
                return  # it is a primary again
        if words[0] == b"+FULLRESYNC" and len(words) == 3:
            self._promised = words[1].decode("ascii", "replace"), int(words[2])
            self.state = LinkState.SYNC
            history, offset = self._promised
            self._log.info(
                "Full resync from master: {history}:{offset}", history=history, offset=offset
            )
        elif words[0] == b"+CONTINUE":
            self._log.info("Successful partial resynchronization with master.")
            if len(words) > 1:
                self._primary.rename_history(words[1].decode("ascii", "replace"))
            self._begin_stream(self.database)
        else:
            said = answer.decode("utf-8", "backslashreplace")
            raise Refused(f"Unexpected reply to PSYNC from master: {said}")

    # A snapshot

    def _announced(self, line: bytes) -> None:
        assert self._link is not None
        is_direct, load = self._way_to_load()
        spool = None if is_direct else self._make_spool()
        self._intake = Intake(self._link, line, spool, load, self._snapshot_over)
        self._intake.start()

    def _way_to_load(self) -> tuple[bool, Load]:
        """Return whether a snapshot is loaded while it comes, and how (repl-diskless-load)."""
        server = self._server
        wanted = server.settings.repl_diskless_load
        if wanted == "swapdb":
            # Data of the same history are only older: they may be served all the while.
            serving = server.replication_id == self._promised[0]
            return True, lambda incoming: self._loader.aside(incoming, serving)
        is_direct = wanted == "on-empty-db" and not any(map(len, server.keyspace.databases))
        return is_direct, self._load_at_once

    def _load_at_once(self, incoming: IncomingSnapshot) -> Deferred[Aux]:
        # Should that fail there is nothing left from which the history could go on.
        self._primary.forget_history()
        return self._loader.at_once(incoming)

    def _snapshot_over(self, result: Aux | Failure) -> None:
        intake, link = self._intake, self._link
        assert intake is not None and link is not None
        if isinstance(result, Failure):
            self._log.warn(
                "Failed trying to load the MASTER synchronization DB from {source}, check "
                "server logs.",
                source="socket" if intake.is_direct else "disk",
            )
            self._drop_link()
            self._reconnect(" after failure")
            return
        self._intake = None
        self._own.clear()
        self._log.info("MASTER <-> REPLICA sync: Finished with success")
        self._primary.repeat_history(*self._promised)
        number = result.get(b"repl-stream-db", b"0")
        self._begin_stream(int(number) if number.isdigit() else 0)
        if intake.is_lost:
            self._lost()
            return
        link.resume()
        if intake.rest:
            self._take(bytes(intake.rest))

    # The stream

    def _begin_stream(self, database: int) -> None:
        """Repeat from now on what the primary does."""
        server = self._server
        address = self.address
        assert address is not None
        self._reader = RequestReader()
        client = server.connect(
            PrimaryConnection(self._drop_link), f"{address.host}:{address.port}"
        )
        client.become(server.access.superuser)
        client.authenticated = True
        client.refresh()
        databases = server.keyspace.databases
        client.ctx.db = databases[database if database < len(databases) else 0]
        self._client = client
        self.state = LinkState.CONNECTED
        # Reads are as on any server now; what writes is looked at all the same.
        server.dispatcher.let_go(_REASON)
        self._say_offset()

    def _repeat(self, data: bytes) -> None:
        """Run what has come, and pass it on once it is whole."""
        client, keyspace = self._client, self._server.keyspace
        assert client is not None
        if self._is_stopped or self._server.pause.is_on:
            self._stop_repeating(data)
            return
        client.input_bytes += len(data)
        self._held += data
        dispatch = self._server.dispatcher.dispatch
        for argv in self._reader.feed(data):
            keyspace.keeps_expired = True
            try:
                reply = dispatch(client, argv)
            finally:
                keyspace.keeps_expired = False
            if isinstance(reply, RedisError):
                self._failed(argv[0], reply)
            if self._client is not client:
                return  # it was told to follow somebody else
        self.database = client.ctx.db.number
        whole = len(self._held) - self._reader.pending_bytes
        # A transaction counts when it is over: a link lost before begins it anew.
        if client.transaction is None and whole:
            self._primary.history.pass_on(bytes(self._held[:whole]))
            del self._held[:whole]
            if self._server.append_only.is_on:
                self._written.append(
                    (self._server.append_only.appended_offset, self._primary.offset)
                )
        if self._acknowledges_now:
            self._acknowledges_now = False
            self._say_offset()

    def _stop_repeating(self, data: bytes) -> None:
        """Keep what comes while clients are paused: nothing changes then, up to a point."""
        if not self._is_stopped:
            self._is_stopped = True
            self._server.pause.when_over(self._go_on)
        self._unrepeated += data
        if len(self._unrepeated) > _MOST_UNREPEATED_BYTES and self._link is not None:
            self._link.pause()

    def _go_on(self) -> None:
        """Repeat what has come during a pause."""
        self._is_stopped = False
        data = bytes(self._unrepeated)
        self._unrepeated.clear()
        if data and self._link is not None:
            self._link.resume()
            self._take(data)

    def _failed(self, name: bytes, error: RedisError) -> None:
        self._server.statistics.errors_in_streams += 1
        self._log.warn(
            "== CRITICAL == This replica is sending an error to its master: '{error}' after "
            "processing the command '{name}'",
            error=error.text.decode("utf-8", "backslashreplace"),
            name=name.lower().decode("utf-8", "backslashreplace"),
        )
