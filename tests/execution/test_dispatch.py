"""Tests of pyredis.execution.dispatch: the short way, the long way, and what is counted."""

from __future__ import annotations

import itertools
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError, WrongType
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.dispatch import A_WHILE_NS, FLUSH_BYTES
from pyredis.execution.flags import BLOCKING, FAST, NO_AUTH, NO_MULTI, READONLY, WRITE
from pyredis.execution.table import Declaration
from pyredis.execution.transactions import Transaction
from pyredis.keyspace.events import STRING
from pyredis.wire.replies import LATER, NO_REPLY, NULL_ARRAY, OK, QUEUED, Double, Reply
from tests.execution.playground import START_MS, Playground, wire_of


def put(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Store."""
    ctx.db.store(key, value)
    ctx.db.changed(key, STRING, b"put")
    return OK


def take(ctx: Context, key: bytes) -> Reply:
    """Read."""
    return ctx.db.lookup_read(key)


def say(ctx: Context, *words: bytes) -> Reply:
    """Return the words."""
    return list(words)


def count(ctx: Context, *words: bytes) -> Reply:
    """Return how many there are."""
    return len(words)


def much(ctx: Context, size: bytes) -> Reply:
    """Return so many bytes."""
    return b"x" * int(size)


def refuse(ctx: Context) -> Reply:
    """Refuse."""
    raise WrongType()


def fail(ctx: Context, how: bytes) -> Reply:
    """Fail as no body should."""
    if how == b"type":
        raise TypeError("takes 2 positional arguments but 3 were given")
    raise ZeroDivisionError


def dawdle(ctx: Context, ms: bytes) -> Reply:
    """Take time."""
    ctx.server.scheduler.advance(int(ms) / 1000)  # type: ignore[attr-defined]
    return ctx.server.timer() and OK


def slow(ctx: Context, ms: bytes) -> Reply:
    """Take time, and say so."""
    return dawdle(ctx, ms)


def wait(ctx: Context, key: bytes) -> Reply:
    """Wait for a string."""
    value = ctx.db.lookup_write(key, bytes)
    if value is None:
        return Blocked([key], 0, bytes)  # type: ignore[return-value]
    ctx.db.delete(key)
    return value


def leave(ctx: Context) -> Reply:
    """Close the connection."""
    ctx.client.close()
    return OK


def login(ctx: Context) -> Reply:
    """Authenticate."""
    ctx.client.authenticated = True
    ctx.client.refresh()
    return OK


def begin(ctx: Context) -> Reply:
    """Begin a transaction."""
    ctx.client.transaction = Transaction()
    ctx.client.refresh()
    return OK


def commit(ctx: Context) -> Reply:
    """Run what is queued."""
    transaction = ctx.client.transaction
    assert transaction is not None
    ctx.client.transaction = None
    ctx.client.refresh()
    return ctx.server.transactions.run(ctx.client, transaction.queued)


def switch(ctx: Context, version: bytes) -> Reply:
    """Change the protocol."""
    ctx.client.resp = int(version)
    return OK


def silence(ctx: Context, mode: bytes) -> Reply:
    """Switch replies off, or the next one."""
    ctx.client.reply_mode = {b"off": "off", b"on": "on", b"skip": "skip next"}[mode]
    ctx.client.refresh()
    return OK


def declarations() -> list[Declaration]:
    """Return the commands of these tests."""
    steady: dict[str, Any] = {"complexity": "O(1)", "flags": FAST}
    box = Declaration("BOX", None, arity=-2)
    box.subcommands["OPEN"] = Declaration("BOX|OPEN", take, arity=3, complexity="O(1)")
    return [
        Declaration("PUT", put, arity=3, flags=WRITE, complexity="O(1)"),
        Declaration("TAKE", take, arity=2, flags=READONLY, complexity="O(1)"),
        Declaration("SAY", say, arity=-2, complexity="O(N) for N words"),
        Declaration("COUNT", count, arity=-1, **steady),
        Declaration("MUCH", much, arity=2, **steady),
        Declaration("REFUSE", refuse, arity=1, **steady),
        Declaration("FAIL", fail, arity=2, **steady),
        Declaration("DAWDLE", dawdle, arity=2, **steady),
        Declaration("SLOW", slow, arity=2, complexity="O(N)"),
        Declaration("WAIT", wait, arity=2, flags=BLOCKING | WRITE),
        Declaration("LEAVE", leave, arity=1, flags=NO_MULTI),
        Declaration("LOGIN", login, arity=1, flags=NO_AUTH),
        Declaration("BEGIN", begin, arity=1, flags=NO_AUTH, runs_in_transaction=True),
        Declaration("COMMIT", commit, arity=1, flags=NO_AUTH, runs_in_transaction=True),
        Declaration("SWITCH", switch, arity=2, flags=NO_AUTH),
        Declaration("SILENCE", silence, arity=2, flags=NO_AUTH),
        box,
    ]


class DispatcherTestCase(SynchronousTestCase):
    """A server of the commands above."""

    def setUp(self) -> None:
        """Make it."""
        self.play = Playground(*declarations())

    def counters(self, name: str) -> tuple[int, int, int]:
        """Return how often a command ran, was rejected and failed."""
        record = self.play.command(name)
        return record.calls, record.rejected, record.failed


class ShortWayTests(DispatcherTestCase):
    """Plain commands of plain clients."""

    def test_replies(self) -> None:
        """A pipeline's replies come in order, each in its form."""
        self.assertEqual(
            self.play.run(b"PUT k v", b"TAKE k", b"take nothing", b"count a b", b"say a b"),
            b"+OK\r\n$1\r\nv\r\n$-1\r\n:2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
        )

    def test_the_null_in_resp3(self) -> None:
        """The null follows the client's protocol, changed in the middle of a pipeline."""
        self.assertEqual(
            self.play.run(b"TAKE k", b"SWITCH 3", b"TAKE k", b"SWITCH 2", b"TAKE k"),
            b"$-1\r\n+OK\r\n_\r\n+OK\r\n$-1\r\n",
        )

    def test_every_length(self) -> None:
        """A long string looks as a short one does."""
        for size in (0, 1, 1023, 1024, 1025, 100_000):
            self.assertEqual(
                self.play.run(b"MUCH %d" % size), b"$%d\r\n%b\r\n" % (size, b"x" * size)
            )

    def test_any_case(self) -> None:
        """Names are found in any case."""
        self.assertEqual(self.play.run(b"Count a", b"COUNT a", b"cOUNT"), b":1\r\n:1\r\n:0\r\n")
        self.assertEqual(self.counters("COUNT"), (3, 0, 0))

    def test_too_few_words(self) -> None:
        """A request with too few words is refused, counted as rejected, and the next one runs."""
        self.assertEqual(
            self.play.run(b"PUT k", b"PUT k v", b"TAKE", b"SAY"),
            b"-ERR wrong number of arguments for 'put' command\r\n+OK\r\n"
            b"-ERR wrong number of arguments for 'take' command\r\n"
            b"-ERR wrong number of arguments for 'say' command\r\n",
        )
        self.assertEqual(self.counters("PUT"), (1, 1, 0))
        self.assertEqual(self.counters("TAKE"), (0, 1, 0))
        self.assertEqual(self.play.server.statistics.errors, {"ERR": 3})

    def test_too_many_words(self) -> None:
        """So is one with too many, which the body itself cannot take."""
        self.assertEqual(
            self.play.run(b"PUT k v w", b"TAKE k l", b"REFUSE now", b"MUCH 1 2 3 4 5"),
            b"".join(
                b"-ERR wrong number of arguments for '%b' command\r\n" % name
                for name in (b"put", b"take", b"refuse", b"much")
            ),
        )
        self.assertEqual(self.counters("PUT"), (0, 1, 0))
        self.assertEqual(self.counters("REFUSE"), (0, 1, 0))
        self.assertEqual(self.play.server.statistics.error_replies, 4)
        self.assertEqual(self.play.failures, [])

    def test_a_refusal(self) -> None:
        """What a body refuses is a reply, counted as failed and by its code."""
        self.assertEqual(
            self.play.run(b"REFUSE", b"COUNT"), b"-" + WrongType().text + b"\r\n:0\r\n"
        )
        self.assertEqual(self.counters("REFUSE"), (1, 0, 1))
        self.assertEqual(self.play.server.statistics.errors, {"WRONGTYPE": 1})

    def test_our_own_bug(self) -> None:
        """A body that fails costs its client an error, is logged, and stops nobody."""
        self.assertEqual(self.play.run(b"FAIL x", b"COUNT"), b"-ERR internal error\r\n:0\r\n")
        self.assertEqual(self.play.failures, ["fail"])
        self.assertEqual(self.play.server.statistics.unexpected_errors, 1)
        self.assertEqual(self.counters("FAIL"), (1, 0, 1))

    def test_a_type_error_inside(self) -> None:
        """A TypeError from within a body is our bug, not a wrong number of arguments."""
        self.assertEqual(self.play.run(b"FAIL type"), b"-ERR internal error\r\n")
        self.assertEqual(self.play.failures, ["fail"])
        self.assertEqual(self.counters("FAIL"), (1, 0, 1))

    def test_logged_where_it_happened(self) -> None:
        """The log is told while the exception is at hand."""
        import sys

        seen: list[Any] = []
        self.play.server.dispatcher.log_failure = lambda name: seen.append(sys.exc_info()[0])
        self.play.run(b"FAIL x")

        self.assertEqual(seen, [ZeroDivisionError])

    def test_interaction(self) -> None:
        """A client was last heard of at the moment of its last pipeline."""
        self.play.clock.advance(3)
        self.play.server.keyspace.refresh_now()
        self.play.run(b"COUNT")

        self.assertEqual(self.play.client.last_interaction_ms, START_MS + 3000)


class PauseTests(DispatcherTestCase):
    """A pipeline pauses where its caller has to look up."""

    def _look_up(self, *requests: bytes) -> tuple[bool, int, list[list[bytes]]]:
        """Return whether a pipeline ended, how many bytes it wrote, and what is left."""
        pieces: list[bytes] = []
        left = iter([request.split() for request in requests])
        ended = self.play.server.dispatcher.run(self.play.client, left, pieces.append)
        return ended, len(b"".join(pieces)), list(left)

    def test_much_output(self) -> None:
        """It pauses when 64 KiB have gathered, behind the reply that passed it."""
        size = FLUSH_BYTES // 4
        ended, written, left = self._look_up(*[b"MUCH %d" % size] * 7)

        self.assertFalse(ended)
        self.assertEqual(len(left), 2)
        self.assertEqual(written, 5 * (size + len(b"$16384\r\n\r\n")))

    def test_much_output_in_arrays(self) -> None:
        """Arrays count as well."""
        ended, _, left = self._look_up(b"SAY " + b"x" * FLUSH_BYTES, b"COUNT")

        self.assertFalse(ended)
        self.assertEqual(left, [[b"COUNT"]])

    def test_the_end_of_much_output(self) -> None:
        """At its very end it says so too, and there is nothing left."""
        ended, _, left = self._look_up(b"MUCH %d" % (FLUSH_BYTES + 1))

        self.assertFalse(ended)
        self.assertEqual(left, [])

    def test_little_output(self) -> None:
        """It does not pause otherwise."""
        self.assertEqual(self._look_up(*[b"COUNT"] * 100), (True, 400, []))

    def test_a_client_that_waits(self) -> None:
        """It pauses when the client waits, with the replies so far."""
        self.assertEqual(self._look_up(b"COUNT", b"WAIT k", b"COUNT"), (False, 4, [[b"COUNT"]]))
        self.assertIsNotNone(self.play.client.waiting)

    def test_a_client_that_leaves(self) -> None:
        """It ends when the client is closing, with the last reply."""
        self.assertEqual(self._look_up(b"COUNT", b"LEAVE", b"COUNT"), (False, 9, [[b"COUNT"]]))

    def test_what_was_paused_is_counted(self) -> None:
        """What ran before a pause is counted once."""
        self._look_up(b"COUNT", b"MUCH 70000", b"MUCH 1")
        self._look_up(b"COUNT", b"WAIT k")

        self.assertEqual(self.counters("COUNT"), (2, 0, 0))
        self.assertEqual(self.counters("MUCH"), (1, 0, 0))
        self.assertEqual(self.counters("WAIT"), (0, 0, 0))  # it is not over yet


class AccountTests(DispatcherTestCase):
    """Calls and their time are counted, several in a row together."""

    def _times(self, *names: str) -> list[tuple[int, float]]:
        """Return calls and milliseconds of commands."""
        records = [self.play.command(name) for name in names]
        return [(record.calls, record.nanoseconds / 1e6) for record in records]

    def test_in_a_row(self) -> None:
        """Steady commands of one name are timed together."""
        self.play.run(b"DAWDLE 1", b"DAWDLE 2", b"DAWDLE 3")

        self.assertEqual(self._times("DAWDLE"), [(3, 6.0)])

    def test_taking_turns(self) -> None:
        """Each name gets its own time."""
        self.play.run(b"DAWDLE 1", b"SLOW 10", b"SLOW 20", b"COUNT", b"DAWDLE 2", b"SLOW 30")

        self.assertEqual(self._times("DAWDLE", "SLOW", "COUNT"), [(2, 3.0), (3, 60.0), (1, 0.0)])

    def test_on_the_long_way(self) -> None:
        """The long way counts the same, and does not count for what ran before it."""
        self.play.run(b"DAWDLE 1", b"dawDLE 5", b"COUNT", b"Slow 7", b"DAWDLE 2")

        self.assertEqual(self._times("DAWDLE", "SLOW", "COUNT"), [(3, 8.0), (1, 7.0), (1, 0.0)])

    def test_failures_take_time(self) -> None:
        """A command that failed has run; one that was refused has not."""
        self.play.run(b"DAWDLE 1", b"REFUSE", b"REFUSE", b"REFUSE 1", b"DAWDLE", b"DAWDLE 1")

        self.assertEqual(self._times("DAWDLE", "REFUSE"), [(2, 2.0), (2, 0.0)])

    def test_time_goes_on_behind_a_long_one(self) -> None:
        """A command that took long leaves no stale moment to those behind it."""
        server = self.play.server
        db = server.keyspace.databases[0]
        db.store(b"k", b"v")
        db.set_deadline(b"k", START_MS + 50)

        self.assertEqual(
            self.play.run(b"TAKE k", b"SLOW 100", b"TAKE k"), b"$1\r\nv\r\n+OK\r\n$-1\r\n"
        )

    def test_durations_are_distributed(self) -> None:
        """Each call counts in its command's histogram, several in a row by their average."""
        self.play.run(b"DAWDLE 1", b"DAWDLE 3")
        self.play.server.dispatcher.call_plain(self.play.client, [b"DAWDLE", b"4"])

        histogram = self.play.command("DAWDLE").histogram
        self.assertEqual(histogram.total, 3)
        self.assertEqual([count for _, count in histogram.counts()], [2, 1])

    def test_one_that_took_long_is_told_of(self) -> None:
        """With its request; but not one of several that took long together."""
        told: list[tuple[object, int]] = []
        dispatcher = self.play.server.dispatcher
        dispatcher.took_long = lambda client, command, argv, ns: told.append((argv, ns))

        self.play.run(b"DAWDLE 5", b"COUNT", b"SLOW 7", b"DAWDLE 5", b"DAWDLE 5")
        dispatcher.call_plain(self.play.client, [b"DAWDLE", b"2"])

        self.assertEqual(
            told,
            [
                ([b"DAWDLE", b"5"], 5_000_000),
                ([b"SLOW", b"7"], 7_000_000),
                ([b"DAWDLE", b"2"], 2_000_000),
            ],
        )

    def test_the_only_request_of_a_chunk(self) -> None:
        """It is answered as in a pipeline, or not at all."""
        call = self.play.server.dispatcher.call_plain
        client = self.play.client
        self.assertEqual(call(client, [b"PUT", b"k", b"v"]), OK)
        self.assertEqual(call(client, [b"TAKE", b"k"]), b"v")
        self.assertEqual(call(client, [b"SAY", b"a", b"b", b"c"]), [b"a", b"b", b"c"])
        refused = call(client, [b"TAKE", b"a", b"b"])
        assert isinstance(refused, RedisError)
        self.assertEqual(refused.text, b"ERR wrong number of arguments for 'take' command")
        for left_alone in ([b"TAKE"], [b"WAIT", b"k"], [b"nosuch"], [b"BOX", b"OPEN", b"k"]):
            self.assertIs(call(client, left_alone), LATER)
        self.play.server.dispatcher.watch_over("test")
        self.assertIs(call(client, [b"TAKE", b"k"]), LATER)

    def test_time_stands_still_for_one_command(self) -> None:
        """The moment is frozen while a command runs."""
        seen: list[int] = []

        def look(ctx: Context) -> Reply:
            """Look at the clock twice."""
            seen.append(ctx.now_ms)
            self.play.clock.advance(1)
            seen.append(ctx.now_ms)
            return OK

        self.play = Playground(Declaration("LOOK", look, arity=1))
        self.play.run(b"LOOK", b"look", b"Look")

        self.assertEqual(seen, [START_MS + s for s in (0, 0, 1000, 1000, 2000, 2000)])


class LongWayTests(DispatcherTestCase):
    """Everything that is not plain passes the guards."""

    def test_unknown_commands(self) -> None:
        """An unknown command is named with the beginning of its arguments."""
        self.assertEqual(
            self.play.run(b"NOTHING", b"nothing a b", b"x " + b"y" * 200),
            b"-ERR unknown command 'NOTHING', with args beginning with: \r\n"
            b"-ERR unknown command 'nothing', with args beginning with: 'a' 'b' \r\n"
            b"-ERR unknown command 'x', with args beginning with: '" + b"y" * 128 + b"' \r\n",
        )
        self.assertEqual(self.play.server.statistics.errors, {"ERR": 3})

    def test_subcommands(self) -> None:
        """A container finds its subcommand; the arity error names both."""
        self.play.run(b"PUT k v")

        self.assertEqual(
            self.play.run(
                b"BOX OPEN k", b"box open k", b"BOX OPEN", b"BOX open k l", b"BOX", b"BOX SHUT"
            ),
            b"$1\r\nv\r\n$1\r\nv\r\n"
            b"-ERR wrong number of arguments for 'box|open' command\r\n"
            b"-ERR wrong number of arguments for 'box|open' command\r\n"
            b"-ERR wrong number of arguments for 'box' command\r\n"
            b"-ERR unknown subcommand 'SHUT'. Try BOX HELP.\r\n",
        )
        self.assertEqual(self.counters("BOX|OPEN"), (2, 2, 0))

    def test_arity_before_the_guards(self) -> None:
        """A wrong number of words is seen before a missing password."""
        self.play.server.access.users.default.apply(b"off")
        self.play.client.authenticated = False
        self.play.client.refresh()

        self.assertEqual(
            self.play.run(b"TAKE", b"TAKE k", b"NOTHING", b"LOGIN", b"TAKE k"),
            b"-ERR wrong number of arguments for 'take' command\r\n"
            b"-NOAUTH Authentication required.\r\n"
            b"-ERR unknown command 'NOTHING', with args beginning with: \r\n+OK\r\n$-1\r\n",
        )
        self.assertEqual(self.counters("TAKE"), (1, 2, 0))
        self.assertEqual(self.play.server.statistics.errors, {"ERR": 2, "NOAUTH": 1})

    def test_failures_on_the_long_way(self) -> None:
        """Refusals and our own bugs are told apart there as well."""
        self.assertEqual(
            self.play.run(b"Refuse", b"Fail type", b"Fail x y"),
            b"-" + WrongType().text + b"\r\n-ERR internal error\r\n"
            b"-ERR wrong number of arguments for 'fail' command\r\n",
        )
        self.assertEqual(self.counters("FAIL"), (1, 1, 1))
        self.assertEqual(self.play.failures, ["fail"])

    def test_a_special_client(self) -> None:
        """A client with something special about it takes it, the others do not."""
        other = self.play.connect()
        self.play.run(b"BEGIN")

        self.assertEqual(self.play.run(b"COUNT"), b"+QUEUED\r\n")
        self.assertEqual(self.play.run(b"COUNT", client=other), b":0\r\n")

    def test_a_watched_server(self) -> None:
        """All take it while something watches over the server, for whatever reasons."""
        seen: list[bytes] = []
        dispatcher = self.play.server.dispatcher
        dispatcher.log_command = lambda client, argv: seen.append(argv[0])
        self.play.run(b"COUNT")
        dispatcher.watch_over("a monitor")
        dispatcher.watch_over("a file")
        self.play.run(b"PUT k v", b"TAKE k")
        dispatcher.let_go("a monitor")
        self.play.run(b"TAKE x")
        dispatcher.let_go("a file")
        self.play.run(b"COUNT")

        self.assertEqual(seen, [b"PUT", b"TAKE", b"TAKE"])

    def test_watched_from_the_next_command_on(self) -> None:
        """A command that makes the server special is the last to take the short way."""
        seen: list[bytes] = []

        def watch(ctx: Context) -> Reply:
            """Watch."""
            ctx.server.dispatcher.watch_over("this test")
            return OK

        self.play = Playground(
            *declarations(), Declaration("WATCHED", watch, arity=1, flags=NO_AUTH)
        )
        self.play.server.dispatcher.log_command = lambda client, argv: seen.append(argv[0])
        self.play.run(b"COUNT", b"WATCHED", b"COUNT")

        self.assertEqual(seen, [b"WATCHED", b"COUNT"])

    def test_the_last_command(self) -> None:
        """A client's last command is known by its full name."""
        self.play.run(b"BOX OPEN k")
        assert self.play.client.last_command is not None

        self.assertEqual(self.play.client.last_command.display_name, "box|open")

    def test_the_last_command_of_a_plain_pipeline(self) -> None:
        """The short way leaves the last command's name as well."""
        self.play.run(b"TAKE k", b"COUNT")
        assert self.play.client.last_command is not None

        self.assertEqual(self.play.client.last_command.display_name, "count")


class TransactionTests(DispatcherTestCase):
    """Between BEGIN and COMMIT requests are kept."""

    def test_queued(self) -> None:
        """They are queued unread, and run in order."""
        self.assertEqual(
            self.play.run(b"BEGIN", b"PUT k v", b"FAIL x", b"TAKE k", b"COMMIT", b"TAKE k"),
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
            b"*3\r\n+OK\r\n-ERR internal error\r\n$1\r\nv\r\n$1\r\nv\r\n",
        )
        self.assertEqual(self.counters("PUT"), (1, 0, 0))

    def test_refused_while_queueing(self) -> None:
        """What is refused while queueing aborts the whole; what a body refuses does not."""
        for request, aborted in (
            (b"PUT k", True),
            (b"NOTHING", True),
            (b"LEAVE", True),
            (b"BOX SHUT", True),
            (b"PUT k v", False),
            (b"REFUSE", False),
        ):
            self.play = Playground(*declarations())
            self.play.run(b"BEGIN", request)
            transaction = self.play.client.transaction
            assert transaction is not None

            self.assertEqual(transaction.aborted, aborted, request)

    def test_while_somebody_watches(self) -> None:
        """Everything is looked at while it is queued, and while it runs."""
        seen: list[bytes] = []
        dispatcher = self.play.server.dispatcher
        dispatcher.log_command = lambda client, argv: seen.append(argv[0])
        called: list[bytes] = []
        dispatcher.after_call = lambda client, command, argv, *_: called.append(argv[0])
        self.play.run(b"BEGIN", b"PUT k v", b"COMMIT")
        self.assertEqual((seen, called), ([b"BEGIN", b"COMMIT"], [b"BEGIN", b"COMMIT"]))

        dispatcher.watch_over("test")
        self.play.run(b"BEGIN", b"PUT k w", b"COMMIT")

        self.assertEqual(seen[2:], [b"BEGIN", b"PUT", b"COMMIT"])
        self.assertEqual(called[2:], [b"BEGIN", b"PUT", b"COMMIT"])
        self.assertEqual(self.counters("PUT"), (2, 0, 0))

    def test_the_slow_ones(self) -> None:
        """One that takes long is told of with its own request, not the transaction's."""
        told: list[list[bytes]] = []
        dispatcher = self.play.server.dispatcher
        dispatcher.took_long = lambda client, command, argv, nanoseconds: told.append([*argv])
        times = itertools.count(0, A_WHILE_NS + 1)
        self.patch(self.play.server.transactions, "_timer", lambda: next(times))
        self.play.run(b"BEGIN", b"PUT k v", b"COMMIT")

        self.assertEqual(told, [[b"PUT", b"k", b"v"]])

    def test_nobody_waits_in_it(self) -> None:
        """A command that would wait answers as if its time had run out."""
        self.assertEqual(
            self.play.run(b"BEGIN", b"WAIT k", b"PUT k v", b"WAIT k", b"COMMIT", b"COUNT"),
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n*-1\r\n+OK\r\n$1\r\nv\r\n:0\r\n",
        )
        self.assertIsNone(self.play.client.waiting)

    def test_waiting_is_possible_again(self) -> None:
        """Behind the transaction the client may wait again, whatever failed in it."""
        self.play.run(b"BEGIN", b"FAIL x", b"COMMIT")

        self.assertIs(self.play.dispatch(b"WAIT", b"k"), LATER)


class RepliesSwitchedOffTests(DispatcherTestCase):
    """CLIENT REPLY: what it switches off is not sent."""

    def test_off(self) -> None:
        """Nothing is sent until replies are on again, errors included."""
        self.assertEqual(
            self.play.run(b"SILENCE off", b"COUNT", b"NOTHING", b"TAKE", b"SILENCE on", b"COUNT"),
            b"+OK\r\n:0\r\n",
        )

    def test_skip(self) -> None:
        """The next reply is skipped, and only that."""
        self.assertEqual(
            self.play.run(b"SILENCE skip", b"COUNT a", b"COUNT a b", b"COUNT a b c"),
            b":2\r\n:3\r\n",
        )

    def test_skip_an_error(self) -> None:
        """An error counts as a reply."""
        self.assertEqual(self.play.run(b"SILENCE skip", b"NOTHING", b"COUNT"), b":0\r\n")

    def test_a_later_reply(self) -> None:
        """The answer to a client that waited is skipped as well, and no more than that."""
        for mode, expected in ((b"off", b""), (b"skip", b":0\r\n")):
            self.play = Playground(*declarations())
            other = self.play.connect()
            self.play.run(b"SILENCE " + mode, b"WAIT k")
            self.play.run(b"PUT k v", client=other)

            self.assertEqual(wire_of(self.play.client).sent, b"")
            self.assertEqual(wire_of(self.play.client).happened, ["resumed"])
            self.assertEqual(self.play.run(b"COUNT"), expected)

    def test_as_a_value(self) -> None:
        """A reply that was dropped is no value either."""
        self.play.run(b"SILENCE off")

        self.assertIs(self.play.dispatch(b"COUNT"), NO_REPLY)


class WaitingTests(DispatcherTestCase):
    """A body that has to wait is run again."""

    def test_later(self) -> None:
        """The client waits; its answer comes behind the command that brought it."""
        waiter = self.play.connect()

        self.assertIs(self.play.dispatch(b"WAIT", b"k", client=waiter), LATER)
        self.assertEqual(self.play.run(b"PUT k v", b"TAKE k"), b"+OK\r\n$-1\r\n")
        self.assertEqual(wire_of(waiter).sent, b"$1\r\nv\r\n")
        self.assertEqual(wire_of(waiter).happened, ["resumed"])

    def test_on_the_short_way_too(self) -> None:
        """While anybody waits every command is followed by a look at what it made ready."""
        waiter = self.play.connect()
        self.play.run(b"WAIT k", client=waiter)
        self.play.run(*[b"COUNT"] * 3, b"PUT k v", b"COUNT")

        self.assertEqual(wire_of(waiter).sent, b"$1\r\nv\r\n")
        self.assertFalse(self.play.server.dispatcher.special)

    def test_waiting_on_the_short_way(self) -> None:
        """A pipeline ends with the request that has to wait; it is counted when it is over."""
        requests = iter([[b"PUT", b"k", b"v"], *[[b"WAIT", b"k"]] * 3, [b"COUNT"]])
        pieces: list[bytes] = []
        client = self.play.client

        self.assertFalse(self.play.server.dispatcher.run(client, requests, pieces.append))
        self.assertEqual(b"".join(pieces), b"+OK\r\n$1\r\nv\r\n")
        self.assertIsNotNone(client.waiting)
        self.assertEqual([*requests], [[b"WAIT", b"k"], [b"COUNT"]])
        self.assertEqual(self.counters("WAIT"), (1, 0, 0))
        assert client.last_command is not None
        self.assertEqual(client.last_command.display_name, "wait")
        self.assertEqual(self.play.run(b"PUT k w", client=self.play.connect()), b"+OK\r\n")
        self.assertEqual(wire_of(client).sent, b"$1\r\nw\r\n")
        self.assertEqual(self.counters("WAIT"), (2, 0, 0))

    def test_who_sends_one_at_a_time(self) -> None:
        """A request that may have to wait is left to those who can let it wait."""
        call = self.play.server.dispatcher.call_plain

        self.assertIs(call(self.play.client, [b"WAIT", b"k"]), LATER)
        self.assertIsNone(self.play.client.waiting)
        self.assertEqual(self.counters("WAIT"), (0, 0, 0))

    def test_answered_at_once(self) -> None:
        """A client that is answered within its own command goes on with the next."""
        for name in (b"Hasty", b"HASTY"):
            with self.subTest(name):
                self.answer_at_once(name)

    def answer_at_once(self, name: bytes) -> None:
        """Let a client be answered within its own command; see above."""
        runs: list[int] = []

        def hasty(ctx: Context) -> Reply:
            """Wait for a key that was changed in this very command."""
            runs.append(1)
            if len(runs) > 1:
                return OK
            ctx.db.store(b"k", b"v")
            ctx.server.waiting_room.ready[(ctx.db, b"k")] = None
            return Blocked([b"k"], 0, bytes)  # type: ignore[return-value]

        declaration = Declaration("HASTY", hasty, arity=1, flags=BLOCKING)
        self.play = Playground(*declarations(), declaration)

        written = self.play.run(name, b"COUNT")

        self.assertEqual((wire_of(self.play.client).sent, written), (b"+OK\r\n", b":0\r\n"))

    def test_values(self) -> None:
        """Commands of the long way return values, not bytes."""
        self.assertIs(self.play.dispatch(b"BEGIN"), OK)
        self.assertIs(self.play.dispatch(b"COUNT"), QUEUED)
        self.assertEqual(self.play.dispatch(b"COMMIT"), [0])
        error = self.play.dispatch(b"REFUSE")

        self.assertIsInstance(error, RedisError)


class OddRepliesTests(SynchronousTestCase):
    """The encoder writes what the short way has no ready form for."""

    def test_odd_replies(self) -> None:
        """Doubles, maps and null arrays."""
        replies: list[Any] = [Double(1.5), {b"k": 1}, NULL_ARRAY, NO_REPLY, 7]
        queue = iter(replies)

        def odd(ctx: Context) -> Reply:
            """Return the next one."""
            return next(queue)

        play = Playground(Declaration("ODD", odd, arity=1, complexity="O(1)"))

        self.assertEqual(
            play.run(*[b"ODD"] * 5), b"$3\r\n1.5\r\n*2\r\n$1\r\nk\r\n:1\r\n*-1\r\n:7\r\n"
        )
