"""
A server as its replicas see it: the primary.

A replica asks for the part of the history that it has missed. If that is kept,
it is sent from there on; if not, it is sent a snapshot, and then what was written
since that was begun. Without a replica so far no history is kept, and none costs
anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.execution.propagation import ANY_DATABASE
from pyredis.execution.replicas import (
    STAGE_NAMES,
    FailoverState,
    ReplicaState,
    Stage,
    Target,
    replica_name,
)
from pyredis.replication.feed import Feed
from pyredis.replication.snapshots import Contents, Snapshots
from pyredis.replication.transfer import Spool, Transfer, state_of

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

_FEW_REPLICAS = "too few replicas"


class Primary:
    """
    The primary's part in replication (:class:`pyredis.execution.replicas.Replication`).

    Args:
        server: Whose data are followed.
        make_spool: Returns a new temporary file.
        snapshots: Makes snapshots.

    Attributes:
        history: What replicas are sent.
        lacks_replicas: Writes are refused: too few replicas are near enough.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        make_spool: Callable[[], Spool],
        snapshots: Snapshots,
    ) -> None:
        self._server = server
        self._settings = server.settings
        self._make_spool = make_spool
        self._snapshots = snapshots
        self._replicas: dict[Client, ReplicaState] = {}
        self._transfers: list[Transfer] = []
        self._awaited: dict[Client, Target] = {}
        self._counts = {"sync_full": 0, "sync_partial_ok": 0, "sync_partial_err": 0}
        self._seconds = 0
        self._alone_since_ms = 0
        self._feed = Feed(server, self._replicas)
        self.history = self._feed.history
        self.lacks_replicas = False
        server.facts.update(
            mem_not_counted_for_evict=self._uncounted_bytes,
            mem_replication_backlog=self._backlog_bytes,
            mem_total_replication_buffers=lambda: self.history.memory + self._on_its_way(),
            mem_clients_slaves=self._buffered_bytes,
        )

    # What is so

    @property
    def offset(self) -> int:
        """How long the history is, in bytes of the stream."""
        return self.history.offset

    @property
    def second_id(self) -> str:
        """What the history was called before."""
        return self.history.second_id

    @property
    def second_offset(self) -> int:
        """Up to where it was called so, -1 if it never was."""
        return self.history.second_offset

    def replicas(self) -> Sequence[Client]:
        """Return the replicas, in the order they came."""
        return tuple(self._replicas)

    def unsent(self, client: Client) -> int:
        """Return how many bytes of the history so far a replica is still to be sent."""
        return self._feed.unsent(state_of(client))

    def place(self) -> Sequence[tuple[bytes, bytes]]:
        """Return which history, and how much of it, is in the data, as AUX fields of a file."""
        return self.history.place()

    def facts(self) -> Mapping[str, Any]:
        """Return the counters of INFO, by the names of its fields."""
        return {
            **self._counts,
            "total_net_repl_output_bytes": self._feed.sent_bytes,
            "repl_backlog_active": int(self.history.is_kept),
            "repl_backlog_first_byte_offset": self.history.first,
            "repl_backlog_histlen": self.history.length,
        }

    def _backlog_bytes(self) -> int:
        """Return what of the memory is the backlog's; what is beyond its limit is replicas'."""
        memory = self.history.memory
        limit: int = self._settings.repl_backlog_size
        return limit if self._replicas and memory > limit else memory

    def _uncounted_bytes(self) -> int:
        """
        Return what must not make the server evict keys.

        What is deleted is told to replicas: that would only grow, and more be deleted.
        """
        limit: int = self._settings.repl_backlog_size
        return max(0, self.history.memory - limit) + self._on_its_way()

    def _buffered_bytes(self) -> int:
        """Return what is kept for replicas only, on its way to them or not."""
        return self.history.memory - self._backlog_bytes() + self._on_its_way()

    def _on_its_way(self) -> int:
        """Return how much memory what replicas were sent takes, until they take it."""
        return sum(client.connection.output_memory() for client in self._replicas)

    def reset_statistics(self) -> None:
        """Count anew."""
        self._counts = dict.fromkeys(self._counts, 0)
        self._feed.sent_bytes = 0

    def _now_ms(self) -> int:
        return self._server.keyspace.clock()

    # Who asks for synchronization

    def synchronize(self, client: Client, history: str | None, offset: int) -> None:
        """
        Make a client a replica.

        Args:
            client: Who asks; it gets its answer over its connection, in its own time.
            history: What it has a part of, ``?`` for nothing; None if it came by SYNC.
            offset: The first byte it does not have.

        Raises:
            RedisError: It cannot be one.
        """
        state = client.replica
        if state is None:
            state = client.replica = ReplicaState()
        if state.is_attached:
            return
        if self._server.failover.state is not FailoverState.NONE:
            raise RedisError("Can't SYNC while failing over", code="NOMASTERLINK")
        if not self.history.is_own and not self._server.following.is_linked:
            raise RedisError("Can't SYNC while not connected with my master", code="NOMASTERLINK")
        if client.connection.pending_output():
            raise RedisError("SYNC and PSYNC are invalid with pending output")
        if not (state.wants_all or state.takes_streams):
            raise RedisError("Filtered replica requires EOF capability")
        self._log.info("Replica {name} asks for synchronization", name=replica_name(client))
        self._server.propagation.flush()
        if history is not None:
            if self._continue(client, state, history, offset):
                return
            if not history.startswith("?"):
                self._counts["sync_partial_err"] += 1
        state.is_old = history is None
        self._counts["sync_full"] += 1
        self._attach(client, state, Stage.WAITING)
        if self._settings.repl_disable_tcp_nodelay:
            client.connection.set_no_delay(False)
        if not self.history.is_kept:
            self.history.begin()
        self._join_or_begin(client, state)

    def _attach(self, client: Client, state: ReplicaState, stage: Stage) -> None:
        state.stage = stage
        state.ack_ms = self._now_ms()
        self._replicas[client] = state
        # It is sent the history only; see Dispatcher.dispatch.
        client.reply_mode = "off"
        client.refresh()
        client.connection.apply_limits()

    def _continue(self, client: Client, state: ReplicaState, history: str, offset: int) -> bool:
        """Send a replica what it has missed, if that is known; return whether it is."""
        name = replica_name(client)
        if self.history.lacks(name, history, offset):
            return False
        self._attach(client, state, Stage.ONLINE)
        state.next_offset = offset
        new_id = f" {self._server.replication_id}" if state.takes_new_ids else ""
        client.connection.write(f"+CONTINUE{new_id}\r\n".encode())
        self._server.soon(self._feed.send)
        self._counts["sync_partial_ok"] += 1
        self._log.info(
            "Partial resynchronization request from {name} accepted. Sending {count} bytes of "
            "backlog starting from offset {offset}.",
            name=name,
            count=self.unsent(client),
            offset=offset,
        )
        self.count_near_replicas()
        return True

    # Whose history it is

    def stop_leading(self) -> None:
        """Write no history of its own any more; replicas come back for what they get."""
        self.history.stop_writing()
        self._dismiss()
        self.count_near_replicas()

    def repeat_history(self, history: str, offset: int) -> None:
        """Begin with another's history, from an offset on."""
        self._dismiss()
        self.history.repeat(history, offset)

    def forget_history(self) -> None:
        """Forget the history that was repeated: the data are no part of it any more."""
        self._dismiss()
        self.history.forget()

    def rename_history(self, history: str) -> None:
        """Go on with the same history under another name: another has become its primary."""
        if history != self._server.replication_id:
            self.history.take_name(history)
            self._dismiss()

    def lead(self) -> None:
        """Go on with the history under a name of its own, with what this server does."""
        self.history.write_on()
        self.count_near_replicas()
        if self.history.is_kept:
            self._alone_since_ms = self._now_ms()
            self._dismiss()

    def change_id(self) -> None:
        """Begin a new history, though the data stays (DEBUG CHANGE-REPL-ID)."""
        self.history.change_name()

    def _dismiss(self) -> None:
        """Hang up on all replicas: they are to ask again what they follow."""
        for client, state in list(self._replicas.items()):
            state.next_offset = 0
            client.kill()

    def repeat(self, database: int, argv: Sequence[bytes]) -> None:
        """Let replicas run a request that this server does not run."""
        self.history.add(database, argv)

    # Snapshots

    def _join_or_begin(self, client: Client, state: ReplicaState) -> None:
        """Let a replica that waits have the snapshot under way, or one of its own."""
        making = self._making()
        if making is None:
            settings = self._settings
            is_diskless = settings.repl_diskless_sync and state.takes_streams
            if is_diskless and settings.repl_diskless_sync_delay:
                self._log.info("Delay next BGSAVE for diskless SYNC")
            else:
                self.begin_snapshot()
        elif making.is_streamed:
            self._log.info("Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC")
        elif not self._join(making, client, state):
            self._log.info(
                "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
            )

    def _making(self) -> Transfer | None:
        """Return the snapshot that is being made."""
        self._transfers = [t for t in self._transfers if t.members or not t.is_made]
        return next((transfer for transfer in self._transfers if not transfer.is_made), None)

    def _join(self, transfer: Transfer, client: Client, state: ReplicaState) -> bool:
        """Let a replica have a snapshot begun for others like it; return whether it could."""
        for other in transfer.members:
            theirs = state_of(other)
            if theirs.rdb_only and not state.rdb_only:
                continue
            if (theirs.takes_streams and not state.takes_streams) or (
                theirs.takes_new_ids and not state.takes_new_ids
            ):
                return False
            self._announce(client, state, theirs.initial_offset)
            transfer.join(client)
            self._log.info("Waiting for end of BGSAVE for SYNC")
            return True
        return False

    def begin_snapshot(self) -> None:
        """Begin a snapshot for the first replica that waits, and all that want the same."""
        members = [c for c, state in self._replicas.items() if state.stage is Stage.WAITING]
        if not members or self._making() is not None:
            return
        if self._snapshots.is_busy:
            self._log.info(
                "No BGSAVE in progress, but another BG operation is active. "
                "BGSAVE for replication delayed"
            )
            return
        contents = _contents(state_of(members[0]))
        members = [member for member in members if _contents(state_of(member)) == contents]
        takes_streams = all(state_of(member).takes_streams for member in members)
        is_partial = not (contents.data and contents.functions)
        is_streamed = (self._settings.repl_diskless_sync or is_partial) and takes_streams
        self._log.info(
            "Starting BGSAVE for SYNC with target: {target}",
            target="replicas sockets" if is_streamed else "disk",
        )
        offset = self.history.begin_part()
        try:
            snapshot = self._snapshots.begin(contents)
        except OSError as error:
            self._log.warn("BGSAVE for replication failed: {error}", error=error)
            self._refuse(members)
            return
        self._log.info(
            "Background {what} started by pid {pid}",
            what="RDB transfer" if is_streamed else "saving",
            pid=snapshot.pid,
        )
        for member in members:
            self._announce(member, state_of(member), offset)
        mark = f"{self._server.rng.getrandbits(160):040x}".encode() if is_streamed else None
        self._transfers.append(
            Transfer(
                self._server,
                snapshot,
                members,
                mark=mark,
                spool=None if is_streamed else self._make_spool(),
                on_sent=self._snapshot_sent,
                on_end=self._snapshot_ended,
            )
        )

    def _announce(self, client: Client, state: ReplicaState, offset: int) -> None:
        """Tell a replica where the history goes on behind its snapshot."""
        state.stage = Stage.SNAPSHOT
        state.initial_offset = offset
        if not state.rdb_only:
            state.next_offset = offset + 1
        if not state.is_old:
            history = self._server.replication_id
            client.connection.write(f"+FULLRESYNC {history} {offset}\r\n".encode())

    def _refuse(self, members: Sequence[Client]) -> None:
        """Send replicas away for which no snapshot can be begun."""
        for member in members:
            self.forget(member)
            member.write(RedisError("BGSAVE failed, replication can't continue"))
            member.close()

    def _snapshot_sent(self, client: Client) -> None:
        """Let a replica that has its snapshot follow the stream."""
        state = state_of(client)
        name = replica_name(client)
        if state.rdb_only:
            state.stage = Stage.TRANSMITTED
            self._log.info(
                "RDB transfer completed, rdb only replica ({name}) should be disconnected asap",
                name=name,
            )
            client.close()
            return
        was_streamed = state.stage is Stage.SNAPSHOT
        state.stage = Stage.ONLINE
        state.ack_ms = self._now_ms()
        # Where a stream ends is easier to see if nothing comes behind it.
        state.starts_on_ack = was_streamed
        self._server.soon(self._feed.send)
        self._log.info("Synchronization with replica {name} succeeded", name=name)
        self.count_near_replicas()

    def _snapshot_ended(self, transfer: Transfer, reason: str | None) -> None:
        """Begin the next snapshot, if one is waited for, when one has been made."""
        if reason is None:
            what = "RDB transfer" if transfer.is_streamed else "saving"
            self._log.info("Background {what} terminated with success", what=what)
        else:
            self._log.warn("SYNC failed. BGSAVE child returned an error: {why}", why=reason)
            for member in list(transfer.members):
                member.kill()
        self._server.scheduler.callLater(0, self._begin_if_due)

    def _begin_if_due(self) -> None:
        """Begin a snapshot if one is waited for and no more replicas are to be waited for."""
        waiting = [state for state in self._replicas.values() if state.stage is Stage.WAITING]
        if not waiting or self._making() is not None or self._snapshots.is_busy:
            return
        settings = self._settings
        is_delayed = settings.repl_diskless_sync and all(s.takes_streams for s in waiting)
        most = settings.repl_diskless_sync_max_replicas
        waited_ms = self._now_ms() - min(state.ack_ms for state in waiting)
        if (
            not is_delayed
            or waited_ms >= settings.repl_diskless_sync_delay * 1000
            or (most and len(waiting) >= most)
        ):
            self.begin_snapshot()

    # What replicas say

    def acknowledged(self, client: Client) -> None:
        """Take note that a replica has told how far it is."""
        state = state_of(client)
        state.ack_ms = self._now_ms()
        if state.starts_on_ack and state.stage is Stage.ONLINE:
            state.starts_on_ack = False
            self._server.soon(self._feed.send)
        self.look_at_waiting()
        if self.lacks_replicas:
            self.count_near_replicas()

    def look_at_waiting(self) -> None:
        """Let those go on whose waiting for replicas or the append-only file is over."""
        for waiting in list(self._awaited):
            if waiting.waiting is None:
                del self._awaited[waiting]
            else:
                self._server.waiting_room.run_again(waiting)

    def acknowledgements(self, offset: int, in_file: bool = False) -> int:
        """Count the replicas that have processed, or have on disk, so much of the history."""
        return sum(
            state.stage is Stage.ONLINE
            and (state.file_offset if in_file else state.ack_offset) >= offset
            for state in self._replicas.values()
        )

    def wait(self, client: Client, target: Target) -> None:
        """Run what a client waits with again when acknowledgements come; ask for them."""
        if client not in self._awaited:
            self._awaited[client] = target
            self.ask()

    def ask(self) -> None:
        """Ask replicas how far they are."""
        self.repeat(ANY_DATABASE, (b"REPLCONF", b"GETACK", b"*"))

    def is_in_step(self) -> bool:
        """Tell whether every replica has everything."""
        offset = self.offset
        return all(state.ack_offset >= offset for state in self._replicas.values())

    def log_step(self) -> None:
        """Tell the operator which replicas lack something at the end."""
        offset, now_ms = self.offset, self._now_ms()
        lagging = [c for c, state in self._replicas.items() if state.ack_offset < offset]
        for client in lagging:
            state = state_of(client)
            self._log.info(
                "Lagging replica {name} reported offset {behind} behind master, lag={lag}, "
                "state={stage}.",
                name=replica_name(client),
                behind=offset - state.ack_offset,
                lag=(now_ms - state.ack_ms) // 1000 if state.stage is Stage.ONLINE else 0,
                stage=STAGE_NAMES[state.stage],
            )
        if self._replicas:
            self._log.info(
                "{near} of {all} replicas are in sync when shutting down.",
                near=len(self._replicas) - len(lagging),
                all=len(self._replicas),
            )

    def awaited(self, client: Client) -> Target | None:
        """Return what a client waits for, None if it does not."""
        target = self._awaited.get(client)
        if target is not None and client.waiting is None:
            del self._awaited[client]
            return None
        return target

    def near_replicas(self) -> int:
        """Count the replicas that have told how far they are not too long ago."""
        now_ms, most_ms = self._now_ms(), self._settings.min_replicas_max_lag * 1000
        return sum(
            state.stage is Stage.ONLINE and now_ms - state.ack_ms < most_ms + 1000
            for state in self._replicas.values()
        )

    def count_near_replicas(self) -> None:
        """Find out anew whether there are enough of them for writes."""
        settings = self._settings
        needed = settings.min_replicas_to_write if settings.min_replicas_max_lag else 0
        if not self.history.is_own:
            needed = 0  # what its primary has written is not refused
        self.lacks_replicas = needed > 0 and self.near_replicas() < needed
        dispatcher = self._server.dispatcher
        if self.lacks_replicas:
            dispatcher.watch_over(_FEW_REPLICAS)
        else:
            dispatcher.let_go(_FEW_REPLICAS)

    # As time goes by

    def tick(self) -> None:
        """Do what is due each second."""
        self._seconds += 1
        settings = self._settings
        is_due = self._seconds % settings.repl_ping_replica_period == 0
        # Who hands over waits until a replica has everything: nothing is added meanwhile.
        if self._replicas and is_due and self._server.failover.state is FailoverState.NONE:
            self.repeat(ANY_DATABASE, (b"PING",))
        self._keep_alive()
        self._end_silent()
        self._begin_if_due()
        self.count_near_replicas()
        history = self.history
        is_unused = history.is_kept and history.is_own and not self._replicas
        if is_unused and settings.repl_backlog_ttl:
            # With a history that was in its data it has been alone since the start.
            self._alone_since_ms = self._alone_since_ms or self._now_ms()
            alone_ms = self._now_ms() - self._alone_since_ms
            if alone_ms > settings.repl_backlog_ttl * 1000:
                history.end()
                self._log.info(
                    "Replication backlog freed after {seconds} seconds without connected replicas.",
                    seconds=settings.repl_backlog_ttl,
                )

    def _keep_alive(self) -> None:
        """Let replicas that wait for a snapshot know that it will come."""
        making = self._making()
        streamed = making.members if making is not None and making.is_streamed else ()
        for client, state in self._replicas.items():
            is_waiting = state.stage in (Stage.WAITING, Stage.SNAPSHOT)
            if is_waiting and client not in streamed:
                client.deliver(b"\n")

    def _end_silent(self) -> None:
        """Hang up on replicas that were not heard of for repl-timeout."""
        now_ms, timeout_ms = self._now_ms(), self._settings.repl_timeout * 1000
        making = self._making()
        streamed = making.members if making is not None and making.is_streamed else ()
        for client, state in list(self._replicas.items()):
            if state.stage is Stage.ONLINE and not state.is_old:
                since_ms, what = state.ack_ms, "streaming sync"
            elif client in streamed and state.last_taken_ms:
                since_ms, what = state.last_taken_ms, "full sync"
            else:
                continue
            if now_ms - since_ms > timeout_ms:
                self._log.warn(
                    "Disconnecting timedout replica ({what}): {name}",
                    what=what,
                    name=replica_name(client),
                )
                client.kill()

    def forget(self, client: Client) -> None:
        """Have nothing to do with a client any more."""
        self._awaited.pop(client, None)
        state = self._replicas.pop(client, None)
        if state is None:
            return
        self._log.info("Connection with replica {name} lost.", name=replica_name(client))
        for transfer in list(self._transfers):
            transfer.leave(client)
        if not self._replicas:
            self._alone_since_ms = self._now_ms()
        state.stage = Stage.CONFIGURED
        state.next_offset = 0
        self.history.trim()
        self.count_near_replicas()

    def close(self) -> None:
        """End all transfers: the server stops."""
        self._feed.close()
        for transfer in self._transfers:
            transfer.close()
        self._transfers.clear()


def _contents(state: ReplicaState) -> Contents:
    return Contents(state.wants_data, state.wants_functions)
