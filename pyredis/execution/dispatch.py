"""
From a request to its reply.

:meth:`Dispatcher.run` takes a pipeline. A plain command of a client with
nothing special about it, on a server that nobody watches over, goes the short
way: look up, compare arity twice, call, encode. Everything else goes through
:meth:`Dispatcher.dispatch`, the long way with all guards. Which way to go costs
the short way nothing: the long way is what happens when the table at hand does
not know the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from pyredis.errors import RedisError, transaction_discarded, wrong_arity
from pyredis.execution.blocking import Blocked
from pyredis.execution.cluster_rules import SlotRefusal
from pyredis.execution.guards import refusal
from pyredis.execution.latencies import SHORT_NS, STEP_BITS
from pyredis.execution.table import Command, check_arity
from pyredis.execution.transactions import leave_transaction
from pyredis.wire.batches import Batch
from pyredis.wire.encoder import BULK_HEADS, CRLF, LARGE_BULK, SMALL_INTEGERS, encode
from pyredis.wire.replies import LATER, NO_REPLY, QUEUED, Reply, Several, Simple

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

Append = Callable[[bytes], object]
TookLong = Callable[["Client", Command, Sequence[bytes], int], None]
Intercept = Callable[["Client", Command, Sequence[bytes]], Reply | None]
AfterCall = Callable[["Client", Command, Sequence[bytes], int, bool], None]

FLUSH_BYTES = 64 * 1024
"""How much output is gathered before it is written."""

# How an HTTP request begins that a web page makes a browser send here. Redis
# hangs up on these words, and so do we, before the body can bring commands.
_BROWSER_WORDS = frozenset({b"post", b"host:"})

A_WHILE_NS = 1_000_000
_NOTHING: Callable[[bytes], Command | None] = dict[bytes, Command]().get


class Dispatcher:
    """
    Runs the requests of all clients of one server.

    Attributes:
        special: True while something must see every command (a monitor, a pause, a
            memory limit that is near, …).
        running: The client whose command runs now, if that goes the long way.
        log_failure: Called with a command's name inside an ``except`` block when
            its body failed with anything but a RedisError.
        log_intrusion: Called with a client that talks HTTP.
        log_stray_reply: Called with a replica and the reply to what it should not have sent.
        after_call: Called when a command that went the long way is over, or
            waits: with the client, the command, the request without what must
            not be shown, the nanoseconds it took, and whether it waits.
        intercept: Called with client, command and request before a command that
            goes the long way runs; what it returns, unless None, is the reply.
        took_long: Called when a command that went the short way took
            :data:`A_WHILE_NS` or more.
        count_durations: Called with a command, nanoseconds and how often it took
            so long, when the dispatcher cannot count that itself.
        wire: The requests that are run at once, as they came; None if not at hand.
        last_ns: How long the last of them took that was run, if its form has timed it
            because it took :data:`A_WHILE_NS` or more; else 0.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._keyspace = server.keyspace
        self._statistics = server.statistics
        self._timer = server.timer
        # Of clients that wait: what they wait for, and what has changed of it.
        self._awaited = server.waiting_room.awaited
        self._ready = server.waiting_room.ready
        self._reasons: set[str] = set()
        self.special = False
        self.running: Client | None = None
        self.log_command: Callable[[Client, Sequence[bytes]], None] | None = None
        self.log_failure: Callable[[str], None] = lambda name: None
        self.log_intrusion: Callable[[Client], None] = lambda client: None
        self.log_stray_reply: Callable[[Client, Reply], None] = lambda client, reply: None
        self.intercept: Intercept | None = None
        self.after_call: AfterCall = lambda *told: None
        self.took_long: TookLong = lambda *told: None
        self.count_durations: Callable[[Command, int, int], None] = lambda *told: None
        self.wire: bytes | None = None
        self.last_ns = 0

    def watch_over(self, reason: str) -> None:
        """Send every command the long way until :meth:`let_go` with the same reason."""
        self._reasons.add(reason)
        self.special = True

    def let_go(self, reason: str) -> None:
        """End what :meth:`watch_over` began."""
        self._reasons.discard(reason)
        self.special = bool(self._reasons)

    def run(self, client: Client, requests: Iterator[Sequence[bytes]], append: Append) -> bool:
        """
        Run a pipeline until it ends or must pause.

        Args:
            client: Whose requests they are.
            requests: In order; what is not taken from it is left for later.
            append: Takes the encoded replies piece by piece.

        Returns:
            False if the caller should look up: the client waits or is closing,
            or :data:`FLUSH_BYTES` of output have gathered. True at the end.
        """
        keyspace = self._keyspace
        timer = self._timer
        ctx = client.ctx
        ready = self._ready
        plain = client.plain if not (client.special or self.special) else _NOTHING
        null = b"_\r\n" if client.resp == 3 else b"$-1\r\n"
        gathered = 0
        # Commands of one name in a row are counted and timed together.
        current: Command | None = None
        repeated = 0
        command: Command | None = None
        takes_long = False
        client.last_interaction_ms = keyspace.now_ms
        started = timer()
        reply: Any
        first: Sequence[bytes] = ()
        for argv in requests:
            command = plain(argv[0])
            if command is None:
                if current is not None:
                    self.account(client, current, first, repeated, started, timer())
                    current = None
                reply = self._queued(client, argv) if client.queues else None
                if reply is None:
                    reply = self.dispatch(client, argv)
                plain = client.plain if not (client.special or self.special) else _NOTHING
                null = b"_\r\n" if client.resp == 3 else b"$-1\r\n"
                started = timer()
                if client.waiting is not None or client.closing:
                    if reply is not LATER:
                        encode(reply, append, client.resp)
                    return False
            else:
                if command is current:
                    repeated += 1
                else:
                    if current is not None:
                        started = self.account(client, current, first, repeated, started, timer())
                    current = command
                    first = argv
                    repeated = 1
                    call: Any = command.call
                    minimum = command.minimum
                    takes_long = not command.is_steady
                count = len(argv)
                try:
                    if count < minimum:
                        reply = self._wrong_arity(command)
                    elif count == 2:
                        reply = call(ctx, argv[1])
                    elif count == 3:
                        reply = call(ctx, argv[1], argv[2])
                    else:
                        reply = call(ctx, *argv[1:])
                except Exception as error:
                    reply = self.failed(command, count, error)
            kind = reply.__class__
            if kind is bytes:
                size = len(reply)
                if size < LARGE_BULK:
                    append(BULK_HEADS[size])
                    append(reply)
                    append(CRLF)
                else:
                    append(b"$%d\r\n%b\r\n" % (size, reply))
                    gathered += size
            elif kind is Simple:
                append(reply.wire)
            elif kind is int:
                append(SMALL_INTEGERS[reply] if 0 <= reply < LARGE_BULK else b":%d\r\n" % reply)
            elif reply is None:
                append(null)
            elif kind is Blocked:
                if current is not None and repeated > 1:
                    self.account(client, current, first, repeated - 1, started, timer())
                current = None
                client.last_command = command
                reply = self._begin_to_wait(client, argv, reply)
                if client.waiting is not None:
                    return False
                encode(reply, append, client.resp)
                started = timer()
            else:
                gathered += _encode_counted(reply, append, client.resp)
            if ready:
                if current is not None:
                    self.account(client, current, first, repeated, started, timer())
                    current = None
                self._server.waiting_room.serve()
                plain = client.plain if not (client.special or self.special) else _NOTHING
                started = timer()
            if takes_long or gathered > FLUSH_BYTES:
                # A body that may take long is timed by itself, and may have
                # made the frozen moment old.
                takes_long = False
                if current is not None:
                    started = self.account(client, current, first, repeated, started, timer())
                    current = None
                if gathered > FLUSH_BYTES:
                    break
        if command is not None:
            client.last_command = command
            if current is not None:
                self.account(client, current, first, repeated, started, timer())
        return gathered <= FLUSH_BYTES

    def run_batch(
        self,
        client: Client,
        batch: Batch,
        most_bytes: int = FLUSH_BYTES,
        asker: Callable[[int], Client] | None = None,
    ) -> list[Reply]:
        """
        Run requests of one command at once, as far as that can be done.

        Args:
            client: Who asks.
            batch: The requests.
            most_bytes: How much output they may have, about.
            asker: Tells whose request one is, by its number, if they are several clients'.

        Returns:
            Replies to the first of them, maybe none: call :meth:`run` for the others.
        """
        command = client.plain(batch.name)
        if (
            command is None
            or command.batch is None
            or (command.batch_width != batch.width and not command.takes(batch.width))
            or client.special
            or self.special
            or self._keyspace.observed
            or (self._awaited and not self._awaited.keys().isdisjoint(batch.words))
        ):
            return []
        client.last_interaction_ms = self._keyspace.now_ms
        client.last_command = command
        started = self._timer()
        words = (batch.words,) if command.batch_in_order else batch.columns
        self.wire = batch.wire
        client.ctx.batch_bytes = most_bytes
        try:
            replies: list[Reply] = command.batch(client.ctx, batch.count, *words)
        except RedisError:
            return []  # of the first; its body will say so again
        count = len(replies)
        if count > 1 and not self.last_ns and not isinstance(replies[-1], Exception):
            self.account(client, command, (batch.name,), count, started, self._timer())
        elif count:
            self._account_apart(client, command, batch, replies, started, asker)
        if self._ready:
            self._server.waiting_room.serve()  # of keys that a script has named
        return replies

    def _account_apart(
        self,
        client: Client,
        command: Command,
        batch: Batch,
        replies: list[Reply],
        started: int,
        asker: Callable[[int], Client] | None,
    ) -> None:
        """Count the requests of a batch that were run, the last by itself; see `run_batch`."""
        now = self._timer()
        if isinstance(replies[-1], Exception):
            # Of a request that could not be left to the body because it has changed something.
            replies[-1] = self.failed(command, batch.width + 1, replies[-1])
        before = len(replies) - 1
        last_ns, self.last_ns = self.last_ns or (now - started) // (before + 1), 0
        if before:
            self.account(client, command, (batch.name,), before, started, now - last_ns)
        place = before * batch.width
        argv = (batch.name, *batch.words[place : place + batch.width])
        who = asker(before) if asker is not None else client
        self.account(who, command, argv, 1, now - last_ns, now)

    def call_plain(self, client: Client, argv: Sequence[bytes]) -> Reply:
        """
        Run one request, if it can go the short way.

        A client that waits for each reply sends one at a time: it is spared what
        :meth:`run` does for the sake of pipelines.

        Returns:
            Its reply as a value, or ``LATER`` if nothing was done.
        """
        command = client.plain(argv[0])
        count = len(argv)
        if (
            command is None
            or client.special
            or self.special
            or count < command.minimum
            or command.may_wait
        ):
            return LATER
        client.last_interaction_ms = self._keyspace.now_ms
        client.last_command = command
        call: Any = command.call
        reply: Reply
        timer = self._timer
        started = timer()
        try:
            if count == 2:
                reply = call(client.ctx, argv[1])
            elif count == 3:
                reply = call(client.ctx, argv[1], argv[2])
            else:
                reply = call(client.ctx, *argv[1:])
        except Exception as error:
            reply = self.failed(command, count, error)
        elapsed = timer() - started
        histogram = command.histogram
        if histogram is not None and elapsed < SHORT_NS:
            command.calls += 1
            command.nanoseconds += elapsed
            histogram.short[elapsed >> STEP_BITS] += 1
        else:
            self.account(client, command, argv, 1, started, started + elapsed)
        if self._ready and self._server.scripting.caller is None:
            self._server.waiting_room.serve()
        return reply

    def _begin_to_wait(self, client: Client, argv: Sequence[bytes], blocked: Blocked) -> Reply:
        """Let a client wait whose request went the short way; return the reply if it need not."""
        command = self._server.table.resolve(argv)
        command.calls += 1  # as the long way does; it is counted when it is over
        room = self._server.waiting_room
        reply = room.enter(client, command, argv, blocked)
        if room.ready:
            room.serve()
        # It may be there already, and be answered.
        return NO_REPLY if reply is LATER else reply

    def account(
        self,
        client: Client,
        command: Command,
        argv: Sequence[bytes],
        repeated: int,
        started: int,
        now: int,
    ) -> int:
        """
        Count calls of one command that went the short way and ended now.

        Args:
            client: Who called.
            command: What ran.
            argv: The first request.
            repeated: How often it ran in a row.
            started: When the first began, on the statistics' clock.
            now: When the last ended, on that clock.

        Returns:
            When the last ended.
        """
        elapsed = now - started
        command.calls += repeated
        command.nanoseconds += elapsed
        histogram = command.histogram
        each = elapsed // repeated
        if histogram is None or each >= SHORT_NS:
            self.count_durations(command, each, repeated)
        else:
            histogram.short[each >> STEP_BITS] += repeated
        if elapsed > A_WHILE_NS:
            self._keyspace.refresh_now()
            if repeated == 1:
                self.took_long(client, command, argv, elapsed)
        return now

    def dispatch(self, client: Client, argv: Sequence[bytes]) -> Reply:
        """
        Run one request the long way, with every guard.

        Returns:
            Its reply; an error is returned, not raised. ``LATER`` if the client
            waits.
        """
        self._keyspace.refresh_now()
        if self.log_command is not None:
            self.log_command(client, argv)
        try:
            reply = self._dispatch(client, argv)
        except RedisError as error:
            self._statistics.count_error(error.code)
            if client.transaction is not None:
                client.transaction.aborted = True
            # Its traceback refers to this frame and to the request: a circle
            # that would take up memory until the collector comes.
            reply = error.with_traceback(None)
        client.argv = ()
        self._server.client_limit.look_at(client)
        if self._server.waiting_room.ready:
            self._server.waiting_room.serve()
            if reply is LATER and client.waiting is None:
                reply = NO_REPLY  # it was there already
        if client.reply_mode != "on" and reply is not LATER:
            silence = self._silenced(client, reply)
            # Pushes are no replies: CLIENT REPLY does not silence them, not even EXEC's.
            if reply.__class__ is list:
                pushes = Several([each for each in reply if each.__class__ is Several])
                reply = pushes or silence
            elif reply.__class__ is not Several:
                reply = silence
        if client.tracking is not None:
            self._server.tracking.request_over(client)
        behind, client.behind = client.behind, None
        if not behind:
            return reply
        if reply is LATER:
            for push in behind:
                client.push(push)
            return reply
        return Several([reply, *behind])

    def _dispatch(self, client: Client, argv: Sequence[bytes]) -> Reply:
        try:
            command = self._server.table.resolve(argv)
        except RedisError:
            if argv[0].lower() in _BROWSER_WORDS:
                self.log_intrusion(client)
                client.kill()
                return NO_REPLY
            raise
        client.last_command = command
        try:
            check_arity(command, argv)
            refused = refusal(client, command, argv)
            if refused is not None:
                raise refused
        except RedisError as error:
            command.rejected += 1
            if command.runs_queue:
                # What keeps EXEC from running ends the transaction.
                leave_transaction(client)
                if not isinstance(error, SlotRefusal):
                    raise transaction_discarded(error) from None
            raise
        if self.intercept is not None:
            answer = self.intercept(client, command, argv)
            if answer is not None:
                return answer
        pause = self._server.pause
        if pause.is_on and pause.holds(client, command, argv):
            return pause.postpone(client, command, argv)
        if client.is_told:
            self._server.tracking.limit()
        transaction = client.transaction
        if transaction is not None and not command.runs_in_transaction:
            transaction.queued.append((command, argv))
            return QUEUED
        client.behind = []
        reply: Any = self.call(client, command, argv)
        if self._server.tracking.owed:
            self._server.tracking.settle()
        if reply.__class__ is Blocked:
            reply = self._server.waiting_room.enter(client, command, argv, reply)
        return cast(Reply, reply)

    def call(self, client: Client, command: Command, argv: Sequence[bytes]) -> Any:
        """
        Run one command that has passed the guards, and count it.

        Returns:
            Its reply, an error included, or :class:`Blocked`.
        """
        timer = self._timer
        outer, client.argv = client.argv, argv
        outer_client, self.running = self.running, client
        self._keyspace.touching = not client.no_touch
        started = timer()
        reply: Any
        try:
            reply = command.call(client.ctx, *argv[command.words :])  # type: ignore[misc]
        except Exception as error:
            reply = self.failed(command, len(argv), error)
        elapsed = timer() - started
        self._keyspace.touching = True
        command.calls += 1
        waits = reply.__class__ is Blocked and client.ctx.may_block
        if not waits:
            command.nanoseconds += elapsed
        self.after_call(client, command, client.argv, elapsed, waits)
        client.argv = outer
        self.running = outer_client
        return reply

    def _queued(self, client: Client, argv: Sequence[bytes]) -> Reply:
        """Queue a request that nobody would look at if it ran; return None for any other."""
        command = client.plain(argv[0])
        transaction = client.transaction
        if (
            command is None
            or transaction is None
            or self.special
            or not command.minimum <= len(argv) <= command.maximum
        ):
            return None
        client.last_command = command
        transaction.queued.append((command, argv))
        self._server.client_limit.look_at(client)
        return QUEUED

    def failed(self, command: Command, count: int, error: Exception) -> RedisError:
        """
        Return what a body raised as the client's reply, and count it.

        A request with too many words is refused by the body's own signature, so
        that the short way needs no second comparison.
        """
        if count > command.maximum:
            return self._wrong_arity(command)
        command.failed += 1
        if not isinstance(error, RedisError):
            self._statistics.unexpected_errors += 1
            self.log_failure(command.display_name)
            error = RedisError("internal error")
        if not error.is_counted:
            self._statistics.count_error(error.code)
        return error.with_traceback(None)

    def _wrong_arity(self, command: Command) -> RedisError:
        """Return the refusal of a request with too few or too many words, and count it."""
        command.rejected += 1
        command.calls -= 1  # the caller counts one
        error = wrong_arity(command.display_name)
        self._statistics.count_error(error.code)
        return error

    def _silenced(self, client: Client, reply: Reply) -> Reply:
        """Drop a reply that CLIENT REPLY switched off, or that a replica would take for data."""
        if client.is_replica:
            if reply is not NO_REPLY:
                self.log_stray_reply(client, reply)
                client.kill()
            return NO_REPLY
        if client.reply_mode == "skip next":
            client.reply_mode = "skip"
            return NO_REPLY
        if client.reply_mode == "skip":
            client.reply_mode = "on"
            client.refresh()
        return NO_REPLY


def _encode_counted(reply: object, append: Append, resp: int) -> int:
    """Write a reply that is none of the simple ones; return how many bytes it took."""
    pieces: list[bytes] = []
    encode(reply, pieces.append, resp)
    body = b"".join(pieces)
    if body:
        append(body)
    return len(body)
