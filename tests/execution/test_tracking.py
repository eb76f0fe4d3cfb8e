"""Tests of pyredis.execution.tracking."""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.tracking import TrackingState, _Readers
from pyredis.wire.replies import LATER, OK, Push, Several
from tests.commands.session import Session


class ReadersTests(SynchronousTestCase):
    """Who read what."""

    def test_a_key_is_given_out_once(self) -> None:
        """With all who read it."""
        readers = _Readers()
        for number in (1, 2, 2, 1, 3):
            readers.add(b"k", number)
        readers.add(b"l", 1)

        self.assertEqual((len(readers), readers.items), (2, 4))
        self.assertEqual(set(readers.take(b"k")), {1, 2, 3})
        self.assertEqual(list(readers.take(b"k")), [])
        self.assertEqual((len(readers), readers.items), (1, 1))

    def test_any_key_can_be_picked(self) -> None:
        """Whichever were taken out before."""
        readers, rng = _Readers(), random.Random(1)
        for number in range(50):
            readers.add(b"%d" % number, 1)
        for number in range(0, 50, 2):
            readers.take(b"%d" % number)

        picked = {readers.pick(rng) for _ in range(500)}
        self.assertEqual(picked, {b"%d" % number for number in range(1, 50, 2)})
        readers.clear()
        self.assertEqual((len(readers), readers.items), (0, 0))


class PrefixesTests(SynchronousTestCase):
    """No key may be told twice."""

    def test_overlaps_are_refused(self) -> None:
        """With what there is, and among themselves."""
        state = TrackingState()
        state.prefixes = {b"foo", b"bar"}

        state.check_prefixes([b"x", b"y"])
        for prefixes in ([b"fo"], [b"barb"], [b""], [b"x", b"xy"], [b"a", b"a"]):
            self.assertRaises(RedisError, state.check_prefixes, prefixes)


class TrackingTestCase(SynchronousTestCase):
    """A client that tracks, and one that writes."""

    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        """Start a server with two clients."""
        self.session = Session()
        self.session.resp3 = True
        self.other = self.session.another()
        self.tracking = self.session.server.tracking
        self.session.do("CLIENT", "TRACKING", "ON", *self.options)

    def told(self) -> list[object]:
        """Return what the client was told, at the end of the turn."""
        self.session.clock.advance(0)
        told = [push[1] for push in self.session.written]
        self.session.written.clear()
        return told


class TrackingTests(TrackingTestCase):
    """Keys that were read."""

    def test_a_change_is_told(self) -> None:
        """Once, until the key is read again."""
        self.session.do("MGET", "k", "l")
        self.other.do("SET", "k", 1)
        self.other.do("SET", "k", 2)
        self.other.do("SET", "m", 2)

        self.assertEqual(self.told(), [[b"k"]])
        self.assertEqual((self.tracking.keys, self.tracking.items), (1, 1))

    def test_own_changes_follow_the_reply(self) -> None:
        """Even to EXEC's."""
        self.session.do("GET", "k")

        reply = self.session.do("SET", "k", 1)
        self.assertEqual(reply, Several([OK, Push([b"invalidate", [b"k"]])]))
        self.session.do("MULTI")
        self.session.do("GET", "k")
        self.session.do("DEL", "k")
        reply = self.session.do("EXEC")
        self.assertEqual(reply, Several([[b"1", 1], Push([b"invalidate", [b"k"]])]))

    def test_without_a_reply(self) -> None:
        """CLIENT REPLY does not silence what is told."""
        self.session.do("GET", "k")
        self.session.do("CLIENT", "REPLY", "OFF")
        reply = self.session.sent("SET", "k", 1)

        self.assertEqual(reply, b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")

    def test_a_client_that_waits(self) -> None:
        """What its own command changes follows its answer."""
        self.session.do("LRANGE", "dst", 0, -1)
        self.assertIs(self.session.do("BLMOVE", "src", "dst", "LEFT", "LEFT", 0), LATER)
        self.other.do("RPUSH", "src", "x")

        self.assertEqual(self.session.written, [b"x", [b"invalidate", [b"dst"]]])

    def test_expired_keys(self) -> None:
        """They are nobody's change."""
        self.session.do("SET", "k", 1, "PX", 10)
        self.session.do("GET", "k")
        self.session.clock.advance(1)
        self.other.do("GET", "k")

        self.assertEqual(self.told(), [[b"k"]])

    def test_keys_of_scripts(self) -> None:
        """Those their commands read, whatever was announced."""
        self.session.do("EVAL", "return redis.call('get', 'k')", 1, "l")
        self.other.do("MSET", "k", 1, "l", 1)

        self.assertEqual(self.told(), [[b"k"]])

    def test_flushing(self) -> None:
        """All is told at once, and forgotten."""
        self.session.do("GET", "k")
        self.other.do("FLUSHALL")

        self.assertEqual(self.told(), [None])
        self.assertEqual(self.tracking.keys, 0)

    def test_the_table_is_limited(self) -> None:
        """What is forgotten is told, in portions that grow."""
        self.session.do("MGET", *(f"k{number}" for number in range(350)))
        self.session.server.settings.tracking_table_max_keys = 5
        self.tracking.limit()
        self.assertEqual((self.tracking.keys, len(self.told())), (250, 100))
        self.tracking.limit()
        self.assertEqual(self.tracking.keys, 50)
        self.tracking.limit()
        self.assertEqual(self.tracking.keys, 5)

        self.session.do("GET", "another")
        self.session.do("PING")
        self.assertEqual(self.tracking.keys, 5)

    def test_nothing_is_left_behind(self) -> None:
        """While nobody tracks, nobody observes, and no command is special."""
        self.session.do("GET", "k")
        keyspace = self.session.server.keyspace
        self.assertTrue(keyspace.observed and self.session.client.special)
        self.assertFalse(self.other.client.special)
        self.session.do("CLIENT", "TRACKING", "OFF")

        self.assertFalse(keyspace.observed or self.session.client.special)
        self.assertEqual((keyspace.expired_observers, self.tracking.keys), ((), 0))

    def test_a_client_that_leaves(self) -> None:
        """It is told nothing, and tracks no more."""
        self.session.do("GET", "k")
        self.session.disconnect()
        self.other.do("SET", "k", 1)

        self.assertEqual((len(self.tracking), self.session.written), (0, []))


class RedirectionTests(TrackingTestCase):
    """One client is told what another has cached."""

    def setUp(self) -> None:
        """The second client is told."""
        super().setUp()
        self.session.do("CLIENT", "TRACKING", "ON", "REDIRECT", self.other.client.id)
        self.session.do("GET", "k")

    def test_in_resp2_by_a_message(self) -> None:
        """If it has subscribed to something."""
        self.session.do("SET", "k", 1)
        self.assertEqual(self.other.written, [])
        self.session.do("GET", "k")
        self.other.do("SUBSCRIBE", "any")
        self.session.do("SET", "k", 1)

        self.assertEqual(self.other.written, [[b"message", b"__redis__:invalidate", [b"k"]]])

    def test_in_resp3_by_a_push(self) -> None:
        """Behind the reply if the change was its own."""
        self.other.resp3 = True
        self.session.do("SET", "k", 1)
        self.session.do("GET", "k")
        reply = self.other.do("SET", "k", 1)

        self.assertEqual(self.other.written, [[b"invalidate", [b"k"]]])
        self.assertEqual(reply, Several([OK, Push([b"invalidate", [b"k"]])]))

    def test_who_is_told_has_gone(self) -> None:
        """The client hears of that."""
        number = self.other.client.id
        self.other.disconnect()
        third = self.session.another()
        third.do("SET", "k", 1)

        self.assertEqual(self.session.written, [[b"tracking-redir-broken", number]])
        assert self.session.client.tracking is not None
        self.assertTrue(self.session.client.tracking.is_broken)


class BroadcastTests(TrackingTestCase):
    """Changes of keys that nobody read."""

    options = ("BCAST", "NOLOOP", "PREFIX", "b", "PREFIX", "a")

    def test_are_told_when_the_turn_ends(self) -> None:
        """By prefix, in order."""
        self.other.do("MSET", "b2", 1, "a", 1, "c", 1, "b1", 1)

        self.assertEqual(self.session.written, [])
        self.assertEqual(self.told(), [[b"a"], [b"b1", b"b2"]])
        self.assertEqual(self.told(), [])

    def test_own_changes_are_not(self) -> None:
        """Unless another client changed the key last, or it expired."""
        self.session.do("MSET", "a", 1, "b", 1)
        self.other.do("SET", "b", 1)
        self.assertEqual(self.told(), [[b"b"]])
        self.session.do("SET", "a", 1, "PX", 1)
        self.assertEqual(self.told(), [])
        self.session.clock.advance(1)
        self.session.do("GET", "a")

        self.assertEqual(self.told(), [[b"a"]])

    def test_until_it_ends(self) -> None:
        """With what was not told yet."""
        self.other.do("SET", "a", 1)
        self.assertEqual(self.tracking.prefixes, 2)
        self.session.do("CLIENT", "TRACKING", "OFF")

        self.assertEqual((self.told(), self.tracking.prefixes), ([], 0))
