"""Tests of pyredis.commands.batch_forms: what is made of any body that is fit for it."""

from __future__ import annotations

import itertools
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.commands import strings
from pyredis.commands.batch_forms import in_turn, once_for_equal, only_value, reply_size
from pyredis.datatypes.lists import ListValue
from pyredis.errors import RedisError
from pyredis.execution.dispatch import A_WHILE_NS, FLUSH_BYTES
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import Double, Scored
from tests.commands.session import Session


class FormsTests(SynchronousTestCase):
    """Both forms, made of bodies that note how they are called."""

    def setUp(self) -> None:
        """Begin with a list and nothing called."""
        self.session = Session()
        self.session.do("RPUSH", "list", "a", "b")
        self.session.do("SET", "string", "s")
        self.ctx = self.session.client.ctx
        self.ctx.batch_bytes = FLUSH_BYTES
        self.called: list[bytes] = []

    def body(self, ctx: Any, key: bytes) -> Any:
        """Note the key, and return what it asks for."""
        self.called.append(key)
        if key == b"bad":
            ctx.db.misses += 1
            raise RedisError("bad")
        if key == b"large":
            return [b"x" * (FLUSH_BYTES // 4)]
        ctx.db.hits += 1
        return key

    def test_in_turn(self) -> None:
        """Each request is run, up to one that fails, which has not even looked anything up."""
        keys = [b"a", b"b", b"bad", b"c"]

        self.assertEqual(in_turn(self.body)(self.ctx, 4, keys), [b"a", b"b"])
        self.assertEqual(self.called, [b"a", b"b", b"bad"])
        self.assertEqual(self.ctx.db.misses, 0)

    def test_in_turn_up_to_a_size(self) -> None:
        """No more is gathered than a client should take at once."""
        self.assertEqual(len(in_turn(self.body)(self.ctx, 9, [b"large"] * 9)), 4)

    def test_in_turn_up_to_one_that_takes_long(self) -> None:
        """It is timed by itself, unless the command takes constant time."""
        dispatcher = self.session.server.dispatcher
        self.session.server.timer = itertools.count(0, A_WHILE_NS + 1).__next__

        self.assertEqual(in_turn(self.body)(self.ctx, 2, [b"a", b"b"]), [b"a"])
        self.assertEqual(dispatcher.last_ns, A_WHILE_NS + 1)
        self.assertEqual(in_turn(strings.strlen)(self.ctx, 2, [b"a", b"b"]), [0, 0])

    def test_not_while_effects_are_gathered(self) -> None:
        """What is to be repeated elsewhere belongs to one request each."""
        self.ctx.effects = []

        self.assertEqual(in_turn(self.body)(self.ctx, 2, [b"a", b"b"]), [])

    def test_once_for_equal_requests(self) -> None:
        """The body is called once, and what it looked up counts for each."""
        hits = self.ctx.db.hits

        self.assertEqual(once_for_equal(self.body)(self.ctx, 3, [b"a"] * 3), [b"a"] * 3)
        self.assertEqual(self.called, [b"a"])
        self.assertEqual(self.ctx.db.hits - hits, 3)

    def test_once_up_to_a_size(self) -> None:
        """An equal reply is not sent more often at once than a client should take."""
        self.assertEqual(len(once_for_equal(self.body)(self.ctx, 9, [b"large"] * 9)), 3)

    def test_different_requests(self) -> None:
        """Others are left to another form, or to the body."""
        keys = [b"a", b"b"]

        self.assertEqual(once_for_equal(self.body)(self.ctx, 2, keys), [])
        self.assertEqual(once_for_equal(self.body, in_turn(self.body))(self.ctx, 2, keys), keys)

    def test_what_fails_is_left_to_the_body(self) -> None:
        """An error is for each request to give."""
        self.assertEqual(once_for_equal(self.body)(self.ctx, 2, [b"bad"] * 2), [])
        self.assertEqual(self.ctx.db.misses, 0)

    def test_what_takes_long_is_timed_by_itself(self) -> None:
        """A slow request is for the slow log, which shows each."""
        self.session.server.timer = iter((0, A_WHILE_NS + 1)).__next__

        self.assertEqual(once_for_equal(self.body)(self.ctx, 2, [b"a"] * 2), [b"a"])

    def test_not_while_accesses_are_counted(self) -> None:
        """Each request is an access of its own."""
        self.session.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")

        self.assertEqual(once_for_equal(self.body)(self.ctx, 2, [b"a"] * 2), [])

        self.session.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.assertEqual(once_for_equal(self.body)(self.ctx, 2, [b"a"] * 2), [b"a"] * 2)

    def test_the_only_value(self) -> None:
        """There is one if the key is the same in all requests, is there, and is of the type."""
        value = only_value(self.ctx, [b"list"] * 3, ListValue)

        self.assertEqual([*value], [b"a", b"b"])
        self.assertIsNone(only_value(self.ctx, [b"list", b"other"], ListValue))
        self.assertIsNone(only_value(self.ctx, [b"absent"] * 2, ListValue))
        self.assertRaises(RedisError, only_value, self.ctx, [b"string"], ListValue)


class ReplySizeTests(SynchronousTestCase):
    """The size of replies, roughly."""

    def test_sizes(self) -> None:
        """No reply is taken for much smaller than it is, and none for nothing."""
        replies: list[Any] = [
            None,
            7,
            Double(1.5),
            b"",
            b"x" * 999,
            [],
            [b"x" * 99, b"y" * 99],
            [b"x", None, b"y" * 500],
            [b"x" * 99, Double(0.1)],
            [[b"x" * 99, [Double(0.1), Double(0.1)]], [b"y" * 99, []]],
            Scored([b"x" * 99, b"y" * 99], [0.1, 0.2]),
            Scored([], []),
        ]
        for reply in replies:
            size = reply_size(reply)

            self.assertGreater(size, 0)
            self.assertLess(abs(size - len(encoded(reply, 2))), 64, reply)
