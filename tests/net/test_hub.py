"""Tests of pyredis.net.hub: many connections, one reader."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Any
from unittest import SkipTest, mock

from twisted.internet import main
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net import hub as hub_module
from pyredis.net.hub import ReadHub, make_hub


class Readers:
    """A reactor as far as a hub uses it."""

    def __init__(self) -> None:
        self.readers: list[Any] = []
        self.writers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        """Add it."""
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """Remove it."""
        self.readers.remove(reader)

    def removeWriter(self, writer: Any) -> None:
        """Note it."""
        self.writers.append(writer)


class Connection:
    """A transport that reads what comes and does as it is told."""

    receive = None

    def __init__(self, name: str, happened: list[Any]) -> None:
        self.near, self.far = socket.socketpair()
        self.name = name
        self.happened = happened
        self.action: Callable[[], Any] = lambda: None
        self.connected = True
        self.disconnecting = False
        self.holds_back = True
        self.lost: list[Any] = []

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.near.fileno()

    def doRead(self) -> Any:
        """Read."""
        self.happened.append((self.name, self.near.recv(100)))
        return self.action()

    def doWrite(self) -> Any:
        """Say that all has left."""
        return main.CONNECTION_DONE

    def flush(self) -> None:
        """Note it."""
        self.happened.append((self.name, "flushed"))

    def abortConnection(self) -> None:
        """Note it."""
        self.happened.append((self.name, "aborted"))

    def connectionLost(self, reason: Any) -> None:
        """Note it."""
        self.lost.append(reason.value)

    def close(self) -> None:
        """Close both ends."""
        self.near.close()
        self.far.close()


class HubTestCase(SynchronousTestCase):
    """A hub with three connections."""

    def setUp(self) -> None:
        """Make them."""
        if not hasattr(select, "epoll"):
            raise SkipTest("this platform has no epoll")
        self.reactor = Readers()
        self.happened: list[Any] = []
        self.hub = ReadHub(self.reactor, lambda: self.happened.append("round"))
        self.a, self.b, self.c = (Connection(name, self.happened) for name in "abc")
        for connection in (self.a, self.b, self.c):
            self.addCleanup(connection.close)
        self.addCleanup(self.hub.close)

    def send(self, *connections: Connection) -> None:
        """Let something come on connections."""
        for connection in connections:
            connection.far.send(b"x")

    def read(self) -> set[str]:
        """Let the hub read; return whom it has read."""
        self.happened.clear()
        self.hub.doRead()
        return {event[0] for event in self.happened if event != "round"}


class RegisteringTests(HubTestCase):
    """The reactor knows the hub while it has connections."""

    def test_one_reader(self) -> None:
        """However many connections, the reactor has one reader."""
        self.assertEqual(self.reactor.readers, [])
        for connection in (self.a, self.b):
            self.hub.add(connection)
            self.assertEqual(self.reactor.readers, [self.hub])
        self.hub.remove(self.a)
        self.assertEqual(self.reactor.readers, [self.hub])
        self.hub.remove(self.b)

        self.assertEqual(self.reactor.readers, [])

    def test_twice(self) -> None:
        """Adding and removing twice do no harm."""
        for _ in range(2):
            self.hub.add(self.a)
        for _ in range(2):
            self.hub.remove(self.a)

        self.assertEqual(self.reactor.readers, [])
        self.hub.add(self.a)
        self.send(self.a)

        self.assertEqual(self.read(), {"a"})

    def test_a_descriptor_used_again(self) -> None:
        """A connection with the number of one that is gone is not taken for it."""
        self.hub.add(self.a)
        stranger = mock.Mock(fileno=self.a.fileno)
        self.hub.remove(stranger)
        self.send(self.a)

        self.assertEqual(self.read(), {"a"})

    def test_descriptor(self) -> None:
        """The reactor can wait for it: it is readable when a connection is."""
        self.hub.add(self.a)
        self.assertEqual(select.select([self.hub], [], [], 0)[0], [])
        self.send(self.a)

        self.assertEqual(select.select([self.hub], [], [], 1)[0], [self.hub])
        self.assertEqual(self.hub.logPrefix(), "connections")

    def test_closed(self) -> None:
        """A closed hub is known to nobody."""
        hub = ReadHub(self.reactor, lambda: None)
        hub.add(self.a)
        hub.close()

        self.assertEqual(self.reactor.readers, [])


class ReadingTests(HubTestCase):
    """Rounds of reading."""

    def setUp(self) -> None:
        """Add the connections."""
        super().setUp()
        for connection in (self.a, self.b, self.c):
            self.hub.add(connection)

    def test_who_has_something(self) -> None:
        """Those are read that have something."""
        self.send(self.a, self.c)

        self.assertEqual(self.read(), {"a", "c"})
        self.assertEqual(self.read(), set())

    def test_rounds(self) -> None:
        """Before each round the hub's owner is called, and replies are held back during it."""
        reading: list[bool] = []
        self.a.action = lambda: reading.append(self.hub.is_reading)
        self.send(self.a)
        self.read()

        self.assertEqual(self.happened, ["round", ("a", b"x")])
        self.assertEqual(reading, [True])
        self.assertFalse(self.hub.is_reading)

    def test_another_round(self) -> None:
        """What comes during a busy round is read in the next, but not for ever."""
        self.a.action = lambda: self.send(self.a)
        self.b.action = lambda: self.send(self.b)
        self.send(self.a, self.b)
        self.read()

        self.assertEqual(self.happened.count("round"), hub_module._ROUNDS * 2)
        self.assertEqual(len([e for e in self.happened if e[0] == "a"]), hub_module._ROUNDS * 2)

    def test_one_that_is_quick(self) -> None:
        """Who sends again at once is read again, but the reactor has its turn now and then."""
        self.a.action = lambda: self.send(self.a)
        self.send(self.a)
        self.read()

        rounds = self.happened.count("round")
        self.assertEqual(rounds, hub_module._ROUNDS * 2)

    def test_one_that_is_slow(self) -> None:
        """After it was looked for in vain it is not for a while, and then for a longer one."""
        looks: list[int] = []
        self.hub._epoll = mock.Mock(wraps=self.hub._epoll)
        pause = hub_module._LEAST_PAUSE
        for _ in range(pause + 2 * pause + 3):
            self.send(self.a)
            self.hub._epoll.poll.reset_mock()
            self.read()
            looks.append(self.hub._epoll.poll.call_count - 1)

        many = hub_module._LOOKS
        self.assertEqual(looks, [many, *[1] * pause, many, *[1] * 2 * pause, many])

    def test_one_that_is_quick_again(self) -> None:
        """Who was slow for long is looked for again when it is quick."""
        for _ in range(1000):
            self.send(self.a)
            self.read()
        paused = self.hub._next_pause
        self.assertGreater(paused, 8 * hub_module._LEAST_PAUSE)
        self.a.action = lambda: self.send(self.a)
        self.hub._pause = 0
        self.send(self.a)
        self.read()

        self.assertEqual(self.hub._next_pause, hub_module._LEAST_PAUSE)

    def test_no_round_behind_a_removal(self) -> None:
        """The reactor has its turn first: only then who was cut off is gone."""
        self.a.action = lambda: self.send(self.a)
        self.b.action = lambda: self.hub.remove(self.c)
        self.send(self.a, self.b)
        self.read()

        self.assertEqual(self.happened.count("round"), 1)
        self.assertEqual(self.read(), {"a"})

    def test_no_round_before_the_reactor(self) -> None:
        """Nothing is read before it had its turn, if that is asked for during a round."""

        def act() -> None:
            self.send(self.a)
            self.hub.yield_turn()

        self.a.action = act
        self.send(self.a)
        self.read()

        self.assertEqual(self.happened.count("round"), 1)
        self.assertEqual(self.read(), {"a"})

    def test_flushing(self) -> None:
        """At a round's end what was held back is sent, once."""
        for connection in (self.a, self.b):
            connection.action = lambda c=connection: self.hub.unsent.append(c)
        self.send(self.a, self.b)
        self.read()
        flushed = [event for event in self.happened if event[1] == "flushed"]

        self.assertEqual(sorted(flushed), [("a", "flushed"), ("b", "flushed")])
        self.assertEqual(self.hub.unsent, [])
        self.assertEqual(self.happened.index(flushed[0]), 3)

    def test_removed_meanwhile(self) -> None:
        """Who is removed by another in the same round is not read."""
        readers = {"a": self.a, "b": self.b}

        def remove_other(name: str) -> Callable[[], None]:
            return lambda: self.hub.remove(readers["b" if name == "a" else "a"])

        for name, connection in readers.items():
            connection.action = remove_other(name)
        self.send(self.a, self.b)

        self.assertEqual(len(self.read()), 1)

    def test_lost(self) -> None:
        """A connection that says so is lost, for its reason, and read no more."""
        self.a.action = lambda: main.CONNECTION_DONE
        self.send(self.a, self.b)

        self.assertEqual(self.read(), {"a", "b"})
        self.assertEqual(self.a.lost, [main.CONNECTION_DONE])
        self.assertEqual(self.reactor.writers, [self.a])
        self.send(self.a)
        self.assertEqual(self.read(), set())

    def test_our_own_bug(self) -> None:
        """A connection that fails is lost and logged; the others are read."""

        def fail() -> None:
            raise ZeroDivisionError

        self.a.action = fail
        self.send(self.a, self.b, self.c)

        self.assertEqual(self.read(), {"a", "b", "c"})
        self.assertEqual(self.a.lost, [main.CONNECTION_LOST])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertFalse(self.hub.is_reading)

    def test_hung_up(self) -> None:
        """A peer that hung up is something to read."""
        self.a.far.close()

        self.assertEqual(self.read(), {"a"})
        self.assertEqual(self.happened[1], ("a", b""))


class LingeringTests(HubTestCase):
    """Behind a round of a few the hub lets more come, unless somebody waits for it."""

    def setUp(self) -> None:
        """Add twenty connections, in groups that ask at a time."""
        super().setUp()
        self.hub.linger = lambda: self.happened.append("lingered")
        self.connections = [Connection(str(number), self.happened) for number in range(20)]
        for connection in self.connections:
            self.addCleanup(connection.close)
            self.hub.add(connection)

    def lingers(self, *connections: Connection) -> bool:
        """Let the hub serve some; tell whether it lingered."""
        self.send(*connections)
        self.read()
        return "lingered" in self.happened

    def test_a_few_of_many(self) -> None:
        """When others ask than those who were answered last, more will."""
        for first in (0, 5, 10, 15, 0):
            self.assertTrue(self.lingers(*self.connections[first : first + 5]))

    def test_the_same_again(self) -> None:
        """When who was answered last asks again, nobody is made to wait for a while."""
        few = self.connections[:5], self.connections[5:10]
        self.assertTrue(self.lingers(*few[0]))
        self.assertFalse(self.lingers(*few[0]))
        for number in range(hub_module._HASTE):
            self.assertFalse(self.lingers(*few[number % 2 - 1]))

        self.assertTrue(self.lingers(*few[1]))

    def test_nobody(self) -> None:
        """The reactor may call it for one that another has served, or closed, by then."""
        self.assertFalse(self.lingers())
        self.assertTrue(self.lingers(*self.connections[:5]))

    def test_very_few_or_many(self) -> None:
        """There is nothing to gain."""
        self.assertFalse(self.lingers(*self.connections[:3]))
        self.assertFalse(self.lingers(*self.connections[:18]))

    def test_switched_off(self) -> None:
        """A hub that was not told how to linger does not."""
        self.hub.linger = None

        self.assertFalse(self.lingers(*self.connections[:5]))


class MakeHubTests(SynchronousTestCase):
    """A hub where there can be one."""

    def test_without_epoll(self) -> None:
        """Elsewhere the reactor reads by itself."""
        with mock.patch.object(hub_module, "select", object()):
            self.assertIsNone(make_hub(Readers(), lambda: None))

    def test_with_epoll(self) -> None:
        """On Linux there is one."""
        if not hasattr(select, "epoll"):
            raise SkipTest("this platform has no epoll")
        hub = make_hub(Readers(), lambda: None)
        assert hub is not None
        hub.close()

        self.assertIsInstance(hub, ReadHub)


class ReadOthersTests(HubTestCase):
    """The others are read in the middle of one's request."""

    def test_all_but_one(self) -> None:
        """What they answer leaves at once; the round goes on."""
        for connection in (self.a, self.b, self.c):
            self.hub.add(connection)

        def answer() -> None:
            self.hub.unsent.append(self.b)

        def read_others() -> None:
            self.b.action = answer
            self.send(self.a, self.b)
            self.hub.read_others(self.a.fileno())
            self.happened.append(("reading", self.hub.is_reading))
            self.a.action = lambda: None

        self.a.action = read_others
        self.send(self.a)
        self.read()

        self.assertEqual(
            self.happened[:5],
            ["round", ("a", b"x"), ("b", b"x"), ("b", "flushed"), ("reading", True)],
        )
        self.assertFalse(self.hub.is_reading)

    def test_who_hangs_up(self) -> None:
        """The end is not put off until the reactor has its turn."""
        self.hub.add(self.a)
        self.hub.add(self.b)

        def hang_up() -> None:
            self.b.disconnecting = True
            self.hub.remove(self.b)

        self.b.action = hang_up
        self.send(self.b)
        self.hub.read_others(self.a.fileno())

        self.assertEqual(self.b.lost, [main.CONNECTION_DONE])
        self.assertEqual(self.reactor.writers, [self.b])


class BarrierTests(HubTestCase):
    """What has to be done before replies leave."""

    def setUp(self) -> None:
        """Let two connections have something to send."""
        super().setUp()
        self.passes = True
        self.hub.put_barrier(self.barrier)
        for connection in (self.a, self.b):
            self.hub.add(connection)
            connection.far.send(b"x")
            connection.action = lambda connection=connection: self.hub.unsent.append(connection)

    def barrier(self) -> bool:
        """Note it."""
        self.happened.append("barrier")
        return self.passes

    def test_it_comes_before_the_replies(self) -> None:
        """Once for all connections of the round."""
        self.hub.doRead()
        first = self.happened.index("barrier")
        self.assertEqual(self.happened.count("barrier"), self.happened.count("round"))
        self.assertEqual(
            sorted(self.happened[first + 1 : first + 3]), [("a", "flushed"), ("b", "flushed")]
        )

    def test_nothing_leaves_if_it_does_not_pass(self) -> None:
        """The connections are cut off, but for those that have sent what they had."""
        self.passes = False
        self.b.holds_back = False
        self.hub.doRead()
        self.assertIn(("a", "aborted"), self.happened)
        self.assertNotIn(("b", "aborted"), self.happened)
        self.assertNotIn(("a", "flushed"), self.happened)

    def test_before_the_end_of_a_round(self) -> None:
        """Who has a lot to send passes by itself."""
        self.hub.let_out(self.a)
        self.passes = False
        self.hub.let_out(self.b)
        self.assertEqual(self.happened, ["barrier", ("a", "flushed"), "barrier", ("b", "aborted")])

    def test_without_it(self) -> None:
        """It can be taken away."""
        self.hub.put_barrier(None)
        self.hub.doRead()
        self.hub.let_out(self.a)
        self.assertNotIn("barrier", self.happened)
        self.assertIn(("a", "flushed"), self.happened)
