"""Tests of pyredis.commands.blocking_lists."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.lists import ListValue
from pyredis.errors import RedisError
from pyredis.execution.ports import NoConnection
from pyredis.keyspace.events import LIST
from pyredis.wire.batches import Batch
from pyredis.wire.replies import LATER, NULL_ARRAY, OK
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
SYNTAX = b"ERR syntax error"


class BlockingCase(SynchronousTestCase):
    """A server in memory with several clients."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error

    def waiting(self, *words: str | int | float) -> Session:
        """Return a client that waits for a command's answer."""
        client = self.session.another()
        self.assertIs(client.do(*words), LATER)
        return client

    def keys(self) -> set[bytes]:
        """Return the keys that exist."""
        return set(self.session.db.values)


class AtOnceTests(BlockingCase):
    """What the commands do when there is something to take."""

    def setUp(self) -> None:
        """Store lists."""
        super().setUp()
        self.do("RPUSH", "l", *"abcde")
        self.do("SET", "s", "x")

    def test_pops(self) -> None:
        """BLPOP and BRPOP answer the key and the element of the first list."""
        self.assertEqual(self.do("BLPOP", "k", "l", 0), [b"l", b"a"])
        self.assertEqual(self.do("BRPOP", "l", "k", 0), [b"l", b"e"])
        self.assertEqual(self.error("BLPOP", "k", "s", "l", 0), WRONG_TYPE)
        self.assertEqual(self.do("BLPOP", "l", "s", 0), [b"l", b"b"])

    def test_moves(self) -> None:
        """BLMOVE and BRPOPLPUSH answer the element."""
        self.assertEqual(self.do("BLMOVE", "l", "m", "LEFT", "RIGHT", 0), b"a")
        self.assertEqual(self.do("BRPOPLPUSH", "l", "m", 0), b"e")
        self.assertEqual(self.do("LRANGE", "m", 0, -1), [b"e", b"a"])
        self.assertEqual(self.error("BRPOPLPUSH", "l", "s", 0), WRONG_TYPE)
        self.assertEqual(self.error("BLMOVE", "s", "l", "LEFT", "LEFT", 0), WRONG_TYPE)

    def test_blmpop(self) -> None:
        """It pops several from the first list."""
        self.assertEqual(
            self.do("BLMPOP", 0, 2, "k", "l", "RIGHT", "COUNT", 2), [b"l", [b"e", b"d"]]
        )
        self.assertEqual(self.do("BLMPOP", 0, 1, "l", "LEFT"), [b"l", [b"a"]])

    def test_the_emptied_list_goes(self) -> None:
        """Its key is deleted with its event."""
        self.do("RPUSH", "one", "1")
        self.assertEqual(
            self.session.events("BLPOP", "one", 0), [(b"lpop", b"one"), (b"del", b"one")]
        )
        self.assertNotIn(b"one", self.keys())

    def test_what_is_repeated_elsewhere_does_not_block(self) -> None:
        """Each is propagated as its plain kin."""
        effects = self.session.effects
        self.assertEqual(effects("BLPOP", "k", "l", 0), [(b"LPOP", b"l")])
        self.assertEqual(effects("BRPOP", "l", 0), [(b"RPOP", b"l")])
        self.assertEqual(
            effects("BLMOVE", "l", "m", "left", "RIGHT", 0),
            [(b"LMOVE", b"l", b"m", b"left", b"RIGHT")],
        )
        self.assertEqual(effects("BRPOPLPUSH", "l", "m", 0), [(b"RPOPLPUSH", b"l", b"m")])
        self.assertEqual(effects("BLMPOP", 0, 1, "l", "LEFT", "COUNT", 7), [(b"LPOP", b"l", b"1")])

    def test_timeouts_are_checked_first(self) -> None:
        """A timeout is a float that is not negative, and not too large."""
        for words in (
            ("BLPOP", "l", "{}"),
            ("BRPOP", "s", "{}"),
            ("BRPOPLPUSH", "s", "l", "{}"),
            ("BLMOVE", "s", "l", "LEFT", "LEFT", "{}"),
            ("BLMPOP", "{}", 1, "s", "LEFT"),
        ):
            for timeout, text in (
                ("-1", b"ERR timeout is negative"),
                ("x", b"ERR timeout is not a float or out of range"),
                ("nan", b"ERR timeout is not a float or out of range"),
                ("1e300", b"ERR timeout is out of range"),
                ("inf", b"ERR timeout is out of range"),
                ("-inf", b"ERR timeout is negative"),
                ("9223372036854775", b"ERR timeout is out of range"),
            ):
                filled = [timeout if word == "{}" else word for word in words]
                self.assertEqual(self.error(*filled), text)

    def test_words_come_before_the_timeout(self) -> None:
        """BLMOVE reads its directions, and BLMPOP its options, first."""
        self.assertEqual(self.error("BLMOVE", "s", "l", "UP", "LEFT", "x"), SYNTAX)
        self.assertEqual(self.error("BLMPOP", "x", 1, "l", "UP"), SYNTAX)
        self.assertEqual(
            self.error("BLMPOP", "x", 0, "l", "LEFT"), b"ERR numkeys should be greater than 0"
        )
        self.assertEqual(
            self.error("BLMPOP", "x", 1, "l", "LEFT", "COUNT", 0),
            b"ERR count should be greater than 0",
        )


class WaitingTests(BlockingCase):
    """Clients that wait for a list."""

    def test_a_push_serves_who_waits(self) -> None:
        """The answer comes later, and the element is gone."""
        client = self.waiting("BLPOP", "k", 0)
        self.assertEqual(client.written, [])
        self.assertEqual(self.do("RPUSH", "k", "a", "b"), 2)
        self.assertEqual(client.written, [[b"k", b"a"]])
        self.assertFalse(client.waits)
        self.assertEqual(self.do("LRANGE", "k", 0, -1), [b"b"])

    def test_each_command_answers_as_it_would_at_once(self) -> None:
        """There is no second implementation."""
        cases: list[tuple[tuple[str | int, ...], object]] = [
            (("BLPOP", "k", 0), [b"k", b"a"]),
            (("BRPOP", "k", 0), [b"k", b"b"]),
            (("BLMOVE", "k", "d", "RIGHT", "LEFT", 0), b"b"),
            (("BRPOPLPUSH", "k", "d", 0), b"b"),
            (("BLMPOP", 0, 1, "k", "LEFT", "COUNT", 5), [b"k", [b"a", b"b"]]),
        ]
        for words, expected in cases:
            client = self.waiting(*words)
            self.do("RPUSH", "k", "a", "b")
            self.assertEqual(client.written, [expected])
            self.do("LTRIM", "k", 1, 0)

    def test_first_come_first_served(self) -> None:
        """Who waited longest is served first, whatever command it is."""
        first = self.waiting("BRPOP", "k", 0)
        second = self.waiting("BLMPOP", 0, 1, "k", "LEFT", "COUNT", 2)
        third = self.waiting("BLPOP", "k", 0)
        self.do("RPUSH", "k", *"abcd")
        self.assertEqual(first.written, [[b"k", b"d"]])
        self.assertEqual(second.written, [[b"k", [b"a", b"b"]]])
        self.assertEqual(third.written, [[b"k", b"c"]])
        self.assertEqual(self.keys(), set())

    def test_one_element_serves_one_client(self) -> None:
        """The others go on waiting, in their order."""
        clients = [self.waiting("BLPOP", "k", 0) for _ in range(3)]
        for number in range(3):
            self.assertEqual(self.do("RPUSH", "k", number), 1)
            self.assertEqual(
                [len(c.written) for c in clients], [1] * (number + 1) + [0] * (2 - number)
            )

    def test_several_keys_are_one_wait(self) -> None:
        """A client is served once, whichever key comes."""
        client = self.waiting("BLPOP", "a", "b", "a", "c", 0)
        self.do("RPUSH", "b", "1")
        self.do("RPUSH", "a", "2")
        self.assertEqual(client.written, [[b"b", b"1"]])
        self.assertEqual(self.keys(), {b"a"})
        self.assertEqual(self.session.server.waiting_room.keys, 0)

    def test_a_move_serves_who_waits_for_its_destination(self) -> None:
        """Chains of waiting clients are served one after the other."""
        mover = self.waiting("BLMOVE", "a", "b", "LEFT", "RIGHT", 0)
        last = self.waiting("BRPOPLPUSH", "b", "c", 0)
        self.do("RPUSH", "a", "x")
        self.assertEqual((mover.written, last.written), ([b"x"], [b"x"]))
        self.assertEqual(self.keys(), {b"c"})

    def test_a_move_in_a_circle_ends(self) -> None:
        """Two clients that move to each other's source are served once each."""
        there = self.waiting("BRPOPLPUSH", "a", "b", 0)
        back = self.waiting("BRPOPLPUSH", "b", "a", 0)
        self.do("RPUSH", "a", "x")
        self.assertEqual((there.written, back.written), ([b"x"], [b"x"]))
        self.assertEqual(self.keys(), {b"a"})

    def test_another_type_does_not_wake(self) -> None:
        """A string or set under the key leaves the client waiting."""
        client = self.waiting("BLPOP", "k", 0)
        self.do("SET", "k", "v")
        self.assertEqual(client.written, [])
        self.do("GETDEL", "k")
        self.do("SADD", "k", "m")
        self.assertEqual(client.written, [])
        self.do("SREM", "k", "m")
        self.do("RPUSH", "k", "a")
        self.assertEqual(client.written, [[b"k", b"a"]])

    def test_a_wrong_destination_is_an_error_when_it_is_met(self) -> None:
        """The element stays where it was pushed."""
        self.do("SET", "d", "v")
        client = self.waiting("BRPOPLPUSH", "k", "d", 0)
        self.do("RPUSH", "k", "a")
        [error] = client.written
        self.assertIsInstance(error, RedisError)
        self.assertEqual(error.text, WRONG_TYPE)
        self.assertEqual(self.do("LRANGE", "k", 0, -1), [b"a"])

    def test_a_key_before_it_that_became_another_type_is_an_error(self) -> None:
        """The whole command runs again, and looks at its keys in order."""
        client = self.waiting("BLPOP", "a", "b", 0)
        self.do("SET", "a", "v")
        self.do("RPUSH", "b", "x")
        self.assertEqual([e.text for e in client.written], [WRONG_TYPE])

    def test_a_client_that_left_is_not_served(self) -> None:
        """Its element goes to the next in line, or stays."""
        gone = self.waiting("BLPOP", "k", 0)
        client = self.waiting("BLPOP", "k", 0)
        gone.disconnect()
        self.do("RPUSH", "k", "a")
        self.assertEqual((gone.written, client.written), ([], [[b"k", b"a"]]))
        gone = self.waiting("BLPOP", "k", 0)
        gone.disconnect()
        self.do("RPUSH", "k", "b")
        self.assertEqual(self.do("LLEN", "k"), 1)

    def test_a_key_pushed_and_emptied_by_one_command_wakes_nobody_wrongly(self) -> None:
        """The waiting client stays when the list is gone again."""
        self.do("RPUSH", "s", "a")
        client = self.waiting("BLPOP", "k", 0)
        self.do("RPUSH", "k", "x")
        self.assertEqual(client.written, [[b"k", b"x"]])
        again = self.waiting("BLPOP", "k", 0)
        self.do("LPOP", "k")
        self.assertEqual(again.written, [])
        self.assertTrue(again.waits)

    def test_served_elements_are_repeated_elsewhere(self) -> None:
        """The waiting client's own effect is its plain pop."""
        client = self.waiting("BLPOP", "k", 0)
        client.client.ctx.effects = effects = []
        self.do("RPUSH", "k", "a")
        self.assertEqual([argv for _, argv in effects], [(b"LPOP", b"k")])


class TimeoutTests(BlockingCase):
    """Clients whose time runs out."""

    def test_all_answer_a_null_array(self) -> None:
        """Also those that answer one element otherwise."""
        for words in (
            ("BLPOP", "k", 1),
            ("BRPOP", "k", 1),
            ("BLMPOP", 1, 1, "k", "LEFT"),
            ("BLMOVE", "k", "d", "LEFT", "LEFT", 1),
            ("BRPOPLPUSH", "k", "d", 1),
        ):
            client = self.session.another()
            raw = client.client.connection = NoConnection()
            self.assertIs(client.do(*words), LATER)
            self.session.clock.advance(0.999)
            self.assertEqual(raw.written, [])
            self.session.clock.advance(0.002)
            self.assertEqual(raw.written, [b"*-1\r\n"])
            self.assertFalse(client.waits)

    def test_a_fraction_of_a_second(self) -> None:
        """Timeouts may have one."""
        client = self.waiting("BLPOP", "k", 0.01)
        self.session.clock.advance(0.011)
        self.assertEqual(client.written, [None])

    def test_zero_is_for_ever(self) -> None:
        """Only a push ends such a wait."""
        client = self.waiting("BLPOP", "k", 0)
        self.session.clock.advance(10**7)
        self.assertEqual(client.written, [])
        self.assertEqual(self.session.clock.getDelayedCalls(), [])

    def test_what_rounds_to_zero_is_for_ever_too(self) -> None:
        """Redis rounds milliseconds up before it looks at the sign."""
        self.waiting("BLPOP", "k", "-0.0009")
        self.assertEqual(self.session.clock.getDelayedCalls(), [])

    def test_a_served_client_has_no_timer_left(self) -> None:
        """Nothing is answered twice."""
        client = self.waiting("BLPOP", "k", 1)
        self.do("RPUSH", "k", "a")
        self.assertEqual(self.session.clock.getDelayedCalls(), [])
        self.session.clock.advance(2)
        self.assertEqual(client.written, [[b"k", b"a"]])

    def test_a_client_that_may_not_wait_gets_the_answer_of_a_timeout(self) -> None:
        """As inside transactions and scripts; the moves then answer a plain null."""
        ctx = self.session.client.ctx
        ctx.may_block = False
        self.assertIs(self.do("BLPOP", "k", 0), NULL_ARRAY)
        self.assertIs(self.do("BLMPOP", 0, 1, "k", "LEFT"), NULL_ARRAY)
        self.assertIsNone(self.do("BLMOVE", "k", "d", "LEFT", "LEFT", 0))
        self.assertIsNone(self.do("BRPOPLPUSH", "k", "d", 0))


class AccountTests(BlockingCase):
    """How waiting commands are counted."""

    def test_a_command_that_waits_is_counted_once_when_it_is_over(self) -> None:
        """Served, timed out or unblocked with an error; looking again in vain does not count."""
        command = self.session.server.table.commands["BLPOP"]
        room = self.session.server.waiting_room
        first = self.waiting("BLPOP", "k", 0)
        second = self.waiting("BLPOP", "k", 1)
        third = self.waiting("BLPOP", "k", 0)
        self.assertEqual(command.calls, 0)
        self.do("RPUSH", "k", "a")
        self.assertEqual((len(first.written), command.calls), (1, 1))
        self.session.clock.advance(2)
        self.assertEqual((len(second.written), command.calls), (1, 2))
        room.release_with_error(third.client, RedisError("gone", "UNBLOCKED"))
        self.assertEqual((command.calls, command.failed), (3, 1))

    def test_what_expired_meanwhile_does_not_serve(self) -> None:
        """The time is asked again before waiting clients are."""
        client = self.waiting("BLPOP", "k", 0)
        db, keyspace = self.session.db, self.session.server.keyspace
        value = ListValue()
        value.push_right([b"a"], self.session.server.limits)
        db.store(b"k", value)
        db.set_deadline(b"k", keyspace.now_ms + 100)
        db.changed(b"k", LIST, b"rpush")
        self.session.clock.advance(0.2)
        self.session.server.waiting_room.serve()
        self.assertTrue(client.waits)


class ShortWayTests(BlockingCase):
    """Who waits slows nobody down, and is served at once by whoever comes the short way."""

    def setUp(self) -> None:
        """Let a client wait for two lists."""
        super().setUp()
        self.waiter = self.waiting("BLPOP", "q", "r", 0)

    def run_all(self, *requests: str) -> list[object]:
        """Run a pipeline the short way; return what it is answered, decoded."""
        connection = self.session.connection
        argvs = iter([request.encode().split() for request in requests])
        self.session.server.dispatcher.run(self.session.client, argvs, connection.write)
        return connection.replies

    def batch(self, name: bytes, *requests: list[bytes]) -> list[object]:
        """Run requests as a batch; return the replies of those that were."""
        words = [word for request in requests for word in request]
        batch = Batch(name, len(requests), len(requests[0]), words)
        return self.session.server.dispatcher.run_batch(self.session.client, batch)

    def test_nothing_watches(self) -> None:
        """Requests go the short way, and in batches that name no awaited key."""
        self.do("RPUSH", "l", 0)
        self.assertFalse(self.session.server.dispatcher.special)
        self.assertEqual(self.batch(b"SET", [b"a", b"1"], [b"b", b"1"]), [OK, OK])
        self.assertEqual(self.batch(b"RPUSH", [b"l", b"1"], [b"l", b"1"]), [2, 3])
        self.assertEqual(self.batch(b"RPUSH", [b"q", b"1"], [b"q", b"2"]), [])
        self.assertEqual(self.batch(b"SET", [b"a", b"1"], [b"r", b"2"]), [])

    def test_within_a_pipeline(self) -> None:
        """It is served before the next request of who has pushed."""
        self.assertEqual(
            self.run_all("RPUSH q 1 2", "LLEN q", "RPUSH r 3", "SET s x"), [2, 1, 1, b"OK"]
        )
        self.assertEqual(self.waiter.written, [[b"q", b"1"]])

    def test_by_a_request_alone(self) -> None:
        """It is served behind it."""
        dispatcher = self.session.server.dispatcher

        self.assertEqual(dispatcher.call_plain(self.session.client, [b"RPUSH", b"r", b"1"]), 1)
        self.assertEqual(self.waiter.written, [[b"r", b"1"]])

    def test_by_a_script(self) -> None:
        """It is served when the script is over, not within."""
        script = b"redis.call('rpush', 'q', 1) return redis.call('llen', 'q')"
        dispatcher = self.session.server.dispatcher

        self.assertEqual(dispatcher.call_plain(self.session.client, [b"EVAL", script, b"0"]), 1)
        self.assertEqual(self.waiter.written, [[b"q", b"1"]])
        self.assertEqual(self.do("EXISTS", "q"), 0)

    def test_by_one_of_several_runs_of_a_script(self) -> None:
        """The batch ends there: the next run finds what is left."""
        script = b"redis.call('rpush', 'q', 1) return redis.call('llen', 'q')"

        self.assertEqual(self.batch(b"EVAL", *[[script, b"0"]] * 3), [1])
        self.assertEqual(self.waiter.written, [[b"q", b"1"]])
        self.assertEqual(self.batch(b"EVAL", *[[script, b"0"]] * 3), [1, 2, 3])

    def test_by_a_transaction(self) -> None:
        """It is served behind all of it."""
        for words in (("MULTI",), ("RPUSH", "q", "1"), ("LLEN", "q")):
            self.do(*words)

        self.assertEqual(self.do("EXEC"), [1, 1])
        self.assertEqual(self.waiter.written, [[b"q", b"1"]])

    def test_time_of_the_served(self) -> None:
        """What it takes to serve others is not counted as time of who has pushed."""
        room = self.session.server.waiting_room
        serve = room.serve

        def slowly() -> None:
            self.session.clock.advance(7)
            serve()

        self.patch(room, "serve", slowly)
        self.run_all("RPUSH q 1", "RPUSH l 1")

        self.assertEqual(self.session.server.table.plain[b"RPUSH"].nanoseconds, 0)
