"""Tests of pyredis.execution.blocking: who waits, who is served, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.strings import to_bytes
from pyredis.errors import RedisError
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Client, Context
from pyredis.execution.flags import BLOCKING, NO_AUTH, WRITE
from pyredis.execution.table import Declaration
from pyredis.keyspace.events import LIST, STRING
from pyredis.wire.replies import LATER, NULL_ARRAY, OK, Reply
from tests.execution.playground import Playground, wire_of


def push(ctx: Context, key: bytes, *elements: bytes) -> Reply:
    """Push to a list."""
    value = ctx.db.lookup_write(key, ListValue)
    if value is None:
        value = ListValue()
        ctx.db.overwrite(key, value)
    value.push_right(list(elements), ctx.limits)
    ctx.db.changed(key, LIST, b"push", len(elements))
    return len(elements)


def _pop_from(ctx: Context, key: bytes) -> Reply:
    value = ctx.db.lookup_write(key, ListValue)
    if value is None:
        return None
    element = value.pop_left()
    ctx.db.changed(key, LIST, b"pop")
    if not value:
        ctx.db.delete_emptied(key)
    return element


def pop(ctx: Context, timeout: bytes, *keys: bytes) -> Reply:
    """Pop from the first list that has something, or wait."""
    runs.append((ctx.client.id, timeout))
    for key in keys:
        element = _pop_from(ctx, key)
        if element is not None:
            return [key, element]
    return Blocked(keys, int(timeout), ListValue)  # type: ignore[return-value]


def move(ctx: Context, source: bytes, destination: bytes) -> Reply:
    """Move an element, or wait for one."""
    if ctx.db.lookup_write(source, ListValue) is None:
        return Blocked([source], 0, ListValue, None)  # type: ignore[return-value]
    ctx.db.lookup_write(destination, ListValue)
    element = _pop_from(ctx, source)
    assert isinstance(element, bytes)
    push(ctx, destination, element)
    return element


def read(ctx: Context, key: bytes, length: bytes) -> Reply:
    """Return the length of a list once it is long enough; other than pop it takes nothing."""
    runs.append((ctx.client.id, length))
    value = ctx.db.lookup_read(key, ListValue)
    if value is None or len(value) < int(length):
        return Blocked([key], 0, ListValue)  # type: ignore[return-value]
    return len(value)


def attend(ctx: Context, key: bytes) -> Reply:
    """Wait for a string, or for the key to go."""
    value = ctx.db.lookup_read(key)
    if value is None:
        raise RedisError("it is gone", "GONE")
    if value.__class__ is not bytes:
        return Blocked([key], 0, bytes, wakes_on_removal=True)  # type: ignore[return-value]
    return to_bytes(value)


def remember(ctx: Context, key: bytes, state: bytes) -> Reply:
    """Wait, and come back with what was the state at first."""
    if ctx.db.lookup_read(key) is None:
        return Blocked(  # type: ignore[return-value]
            [key], 0, ListValue, argv=[b"REMEMBER", key, b"as it was: " + state]
        )
    return state


def put(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Store a string."""
    ctx.db.store(key, value)
    ctx.db.changed(key, STRING, b"put")
    return OK


def drop(ctx: Context, key: bytes) -> Reply:
    """Delete a key."""
    ctx.db.delete(key)
    ctx.db.changed(key, STRING, b"del")
    return OK


runs: list[tuple[int, bytes]] = []


class WaitingRoomTestCase(SynchronousTestCase):
    """A server with the commands above."""

    def setUp(self) -> None:
        """Make it."""
        runs.clear()
        waits = BLOCKING | WRITE
        self.play = Playground(
            Declaration("PUSH", push, arity=-3, flags=WRITE),
            Declaration("POP", pop, arity=-3, flags=waits),
            Declaration("MOVE", move, arity=3, flags=waits),
            Declaration("READ", read, arity=3, flags=BLOCKING),
            Declaration("ATTEND", attend, arity=2, flags=BLOCKING),
            Declaration("REMEMBER", remember, arity=3, flags=BLOCKING),
            Declaration("PUT", put, arity=3, flags=WRITE),
            Declaration("DROP", drop, arity=2, flags=WRITE | NO_AUTH),
        )
        self.room = self.play.server.waiting_room

    def wait(self, request: bytes) -> Client:
        """Return a new client that waits."""
        client = self.play.connect()
        self.assertIs(self.play.dispatch(*request.split(), client=client), LATER)
        return client

    def waiters(self, requests: Sequence[bytes]) -> list[Client]:
        """Return new clients that wait."""
        return [self.wait(request) for request in requests]

    def sent(self, *clients: Client) -> list[bytes]:
        """Return what was sent to clients since they waited."""
        return [wire_of(client).sent for client in clients]

    def assert_all_forgotten(self) -> None:
        """Nobody waits, and nothing remembers that anybody did."""
        self.assertEqual((len(self.room), self.room.keys, self.room.ready), (0, 0, {}))
        self.assertFalse(self.play.server.dispatcher.special)
        self.assertFalse(self.play.server.keyspace.told)
        self.assertEqual(self.room.awaited, {})
        self.assertEqual(self.play.clock.getDelayedCalls(), [])
        self.assertEqual(self.room._await_removal, 0)


POPPED = b"*2\r\n$1\r\nk\r\n$1\r\n%b\r\n"


class ServingTests(WaitingRoomTestCase):
    """Who waited is served, the first in line first."""

    def test_in_order(self) -> None:
        """Clients are served in the order they came, each once."""
        clients = self.waiters([b"POP 0 k"] * 3)

        self.play.run(b"PUSH k a")
        self.assertEqual(self.sent(*clients), [POPPED % b"a", b"", b""])
        self.play.run(b"PUSH k b c d")

        self.assertEqual(self.sent(*clients), [POPPED % b"a", POPPED % b"b", POPPED % b"c"])
        self.assertEqual(self.play.run(b"POP 0 k"), POPPED % b"d")
        self.assert_all_forgotten()

    def test_a_place_in_line_is_kept(self) -> None:
        """Who leaves and comes again stands at the end."""
        first, second = self.waiters([b"POP 0 k"] * 2)
        self.room.release(first)
        self.play.dispatch(b"POP", b"0", b"k", client=first)
        self.play.run(b"PUSH k a")

        self.assertEqual(self.sent(first, second), [b"*-1\r\n", POPPED % b"a"])

    def test_on_several_keys(self) -> None:
        """A client that waits on several keys is served once, by the first that is ready."""
        client = self.wait(b"POP 0 i j k k")

        self.assertEqual((len(self.room), self.room.keys), (1, 3))
        self.play.run(b"PUSH k a", b"PUSH j b")

        self.assertEqual(self.sent(client), [POPPED % b"a"])
        self.assertEqual(self.play.run(b"POP 0 i j"), b"*2\r\n$1\r\nj\r\n$1\r\nb\r\n")
        self.assert_all_forgotten()

    def test_several_keys_at_once(self) -> None:
        """Keys that become ready together serve in the order they were changed."""
        first, second = self.waiters([b"POP 0 j k", b"POP 0 k j"])
        db = self.play.server.keyspace.databases[0]
        for key in (b"k", b"j"):
            push(self.play.client.ctx, key, key)
        self.room.serve()

        self.assertEqual(len(db), 0)
        self.assertEqual(
            self.sent(first, second),
            # The first in line takes what it names first of what there is.
            [b"*2\r\n$1\r\nj\r\n$1\r\nj\r\n", POPPED % b"k"],
        )

    def test_who_feeds_others(self) -> None:
        """A client that is served may make the key of another ready, and so on."""
        first, second, third = self.waiters([b"MOVE i j", b"MOVE j k", b"POP 0 k"])
        self.play.run(b"PUSH i a")

        self.assertEqual(
            self.sent(first, second, third), [b"$1\r\na\r\n", b"$1\r\na\r\n", POPPED % b"a"]
        )
        self.assert_all_forgotten()

    def test_a_circle(self) -> None:
        """Clients that feed each other all get their turn, and it ends."""
        clients = self.waiters([b"MOVE i j", b"MOVE j i"] * 3)
        self.play.run(b"PUSH i a")

        self.assertEqual(self.sent(*clients), [b"$1\r\na\r\n"] * 6)
        self.assert_all_forgotten()

    def test_an_error_is_an_answer(self) -> None:
        """What fails when it is run again is answered, and the next in line is served."""
        self.play.run(b"PUT j string")
        first, second = self.waiters([b"MOVE k j", b"POP 0 k"])
        self.play.run(b"PUSH k a")

        self.assertEqual(
            self.sent(first, second),
            [
                b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
                POPPED % b"a",
            ],
        )
        self.assertEqual(self.play.server.statistics.errors, {"WRONGTYPE": 1})

    def test_another_type(self) -> None:
        """A value of another type wakes nobody."""
        client = self.wait(b"POP 0 k")
        runs.clear()
        self.play.run(b"PUT k string")

        self.assertEqual(runs, [])
        self.play.run(b"DROP k", b"PUSH k a")

        self.assertEqual(self.sent(client), [POPPED % b"a"])

    def test_gone_before_the_end(self) -> None:
        """What is there and gone within one command wakes nobody."""
        client = self.wait(b"POP 0 k")
        runs.clear()
        push(self.play.client.ctx, b"k", b"a")
        drop(self.play.client.ctx, b"k")
        self.room.serve()

        self.assertEqual((runs, self.sent(client)), ([], [b""]))

    def test_who_cannot_be_served_holds_up_nobody(self) -> None:
        """Behind a client that needs more, one that needs less is served."""
        reader, first, second = self.waiters([b"READ k 3", b"READ k 2", b"POP 0 k"])
        self.play.run(b"PUSH k a b")

        self.assertEqual(self.sent(reader, first, second), [b"", b":2\r\n", POPPED % b"a"])
        self.play.run(b"PUSH k c d")

        self.assertEqual(self.sent(reader), [b":3\r\n"])

    def test_what_runs_again(self) -> None:
        """A body may have other words run than those it got."""
        client = self.wait(b"REMEMBER k old")
        self.play.run(b"PUSH k a")

        self.assertEqual(self.sent(client), [b"$14\r\nas it was: old\r\n"])

    def test_counted(self) -> None:
        """A command that waited counts as one call, when it is over."""
        self.wait(b"POP 0 k")
        self.assertEqual(self.play.command("POP").calls, 0)
        self.play.run(b"PUSH k a")

        self.assertEqual(self.play.command("POP").calls, 1)

    def test_in_its_own_database(self) -> None:
        """A client waits for the key of its database."""
        client = self.wait(b"POP 0 k")
        other = self.play.connect()
        other.ctx.db = self.play.server.keyspace.databases[1]
        self.play.run(b"PUSH k elsewhere", client=other)

        self.assertEqual(self.sent(client), [b""])

    def test_in_its_own_protocol(self) -> None:
        """It is answered in the protocol it speaks, and then told to go on."""
        client = self.wait(b"POP 100 k")
        client.resp = 3
        self.play.clock.advance(0.1)

        self.assertEqual(self.sent(client), [b"_\r\n"])
        self.assertEqual(wire_of(client).happened, ["resumed"])


class RemovalTests(WaitingRoomTestCase):
    """Some wait for what may go away as well."""

    def test_woken_by_removal(self) -> None:
        """They are run again when their key goes."""
        self.play.run(b"PUSH k a")
        attending, popping = self.wait(b"ATTEND k"), self.wait(b"READ k 5")
        self.play.run(b"DROP k")

        self.assertEqual(self.sent(attending, popping), [b"-GONE it is gone\r\n", b""])

    def test_woken_by_another_type(self) -> None:
        """They are run again when it becomes something else."""
        self.play.run(b"PUSH k a")
        client = self.wait(b"ATTEND k")
        self.play.run(b"PUT k string")

        self.assertEqual(self.sent(client), [b"$6\r\nstring\r\n"])
        self.assert_all_forgotten()

    def test_a_whole_database(self) -> None:
        """They hear of a database that was emptied or exchanged."""
        self.play.run(b"PUSH k a")
        client, other = self.wait(b"ATTEND k"), self.wait(b"POP 0 j")
        db, second = self.play.server.keyspace.databases[:2]
        push_elsewhere = self.play.connect()
        push_elsewhere.ctx.db = second
        self.play.run(b"PUSH j b", client=push_elsewhere)
        db.exchange(second)
        self.room.database_changed(db, second)
        self.room.serve()

        self.assertEqual(
            self.sent(client, other), [b"-GONE it is gone\r\n", b"*2\r\n$1\r\nj\r\n$1\r\nb\r\n"]
        )


class TimeoutTests(WaitingRoomTestCase):
    """Nobody waits longer than they asked to."""

    def test_time_runs_out(self) -> None:
        """The reply of a timeout comes when the time has run out, not before."""
        client = self.wait(b"POP 1500 k")
        self.play.clock.advance(1.499)
        self.assertEqual(self.sent(client), [b""])
        self.play.clock.advance(0.001)

        self.assertEqual(self.sent(client), [b"*-1\r\n"])
        self.assert_all_forgotten()

    def test_of_its_own_kind(self) -> None:
        """A body says what its timeout answers."""
        client = self.wait(b"MOVE i j")
        self.room.release(client)

        self.assertEqual(self.sent(client), [b"$-1\r\n"])

    def test_for_ever(self) -> None:
        """0 waits for ever."""
        self.wait(b"POP 0 k")

        self.assertEqual(self.play.clock.getDelayedCalls(), [])

    def test_served_in_time(self) -> None:
        """Who was served hears nothing of the timeout."""
        client = self.wait(b"POP 100 k")
        self.play.run(b"PUSH k a")
        self.play.clock.advance(1)

        self.assertEqual(self.sent(client), [POPPED % b"a"])
        self.assert_all_forgotten()

    def test_waiting_again(self) -> None:
        """An old timeout does not end a new wait."""
        client = self.wait(b"POP 100 k")
        self.play.clock.advance(0.05)
        self.play.run(b"PUSH k a")
        self.play.dispatch(b"POP", b"100", b"k", client=client)
        self.play.clock.advance(0.06)

        self.assertIsNotNone(client.waiting)
        self.play.clock.advance(0.05)

        self.assertEqual(self.sent(client), [POPPED % b"a" + b"*-1\r\n"])


class LeavingTests(WaitingRoomTestCase):
    """Who is released, or gone, waits no more."""

    def test_released(self) -> None:
        """A released client is answered as by a timeout."""
        client = self.wait(b"POP 100 k")

        self.assertTrue(self.room.release(client))
        self.assertFalse(self.room.release(client))
        self.assertEqual(self.sent(client), [b"*-1\r\n"])
        self.assert_all_forgotten()

    def test_released_with_an_error(self) -> None:
        """Or with an error, which is counted."""
        client = self.wait(b"POP 100 k")
        error = RedisError("client unblocked via CLIENT UNBLOCK", "UNBLOCKED")

        self.assertTrue(self.room.release_with_error(client, error))
        self.assertFalse(self.room.release_with_error(client, error))
        self.assertEqual(self.sent(client), [b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"])
        self.assertEqual(self.play.server.statistics.errors, {"UNBLOCKED": 1})
        self.assert_all_forgotten()

    def test_disconnected(self) -> None:
        """Who is gone is out of every queue, and the next one gets what comes."""
        gone, client = self.waiters([b"POP 100 j k", b"POP 0 k"])
        self.play.server.disconnect(gone)
        self.play.run(b"PUSH k a")

        self.assertEqual(self.sent(gone, client), [b"", POPPED % b"a"])
        self.assert_all_forgotten()

    def test_gone_while_serving(self) -> None:
        """A client that goes because of an answer to another is not served."""
        first, second, third = self.waiters([b"POP 0 k"] * 3)
        wire_of(first).write = lambda data: (  # type: ignore[method-assign]
            self.play.server.disconnect(second)
        )
        self.play.run(b"PUSH k a b")

        self.assertEqual(self.sent(second, third), [b"", POPPED % b"b"])
        self.assert_all_forgotten()

    def test_may_not_wait(self) -> None:
        """Where a client may not wait it is answered at once."""
        self.play.client.ctx.may_block = False

        self.assertIs(self.play.dispatch(b"POP", b"0", b"k"), NULL_ARRAY)
        self.assert_all_forgotten()


class CostTests(WaitingRoomTestCase):
    """Work goes with the clients served, not with those waiting."""

    def test_a_thousand_waiters(self) -> None:
        """One element runs one client again, whoever else waits for the key."""
        clients = self.waiters([b"POP 0 k"] * 1000)
        runs.clear()
        for number in range(10):
            self.play.run(b"PUSH k %d" % number)

        self.assertEqual(runs, [(client.id, b"0") for client in clients[:10]])

    def test_a_thousand_keys(self) -> None:
        """Changes of other keys run nobody."""
        self.waiters([b"POP 0 k%d" % number for number in range(1000)])
        runs.clear()
        self.play.run(b"PUSH other a", b"PUSH k500 a")

        self.assertEqual(len(runs), 1)

    def test_leaving_a_long_queue(self) -> None:
        """Leaving looks at no other waiting client."""
        clients = self.waiters([b"POP 0 k"] * 1000)
        looked_at: list[Any] = []
        queue = self.room._queues[(self.play.client.ctx.db, b"k")]
        iterate = type(queue).__iter__

        class Watched(type(queue)):  # type: ignore[misc]
            def __iter__(self) -> Any:
                looked_at.append(self)
                return iterate(self)

        self.room._queues[(self.play.client.ctx.db, b"k")] = Watched(queue)
        looked_at.clear()
        for client in clients[500:]:
            self.play.server.disconnect(client)

        self.assertEqual((len(self.room), looked_at), (500, []))
