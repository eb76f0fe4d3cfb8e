"""Tests of pyredis.commands.scripting_batches: several runs of a script are as many single ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.batches import Batch
from tests.commands.session import Session
from tests.commands.test_batches import comparable, one_by_one, state, together

SCRIPTS = [
    b"return redis.call('incr', KEYS[1])",
    b"return redis.call('append', KEYS[1], ARGV[1])",
    b"return {KEYS, ARGV, 1, 'x', redis.call('get', KEYS[1])}",
    b"redis.call('set', KEYS[1], 'x') if ARGV[1] == '2' then error('two') end return ARGV[1]",
    b"redis.setresp(tonumber(ARGV[1])) return redis.call('hgetall', KEYS[1])",
    b"redis.call('select', ARGV[1]) redis.call('incr', 'n') return redis.call('dbsize')",
    b"return redis.pcall('lpush', KEYS[1], ARGV[1])",
    b"redis.set_repl(redis.REPL_NONE) return redis.status_reply(ARGV[1])",
    b"return #KEYS + #ARGV",
    b"return redis.error_reply('MINE ' .. KEYS[1])",
    b"x = 1",
    b"return false",
    b"#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])",
    b"#!lua\nreturn redis.call('incr', KEYS[1])",
    b"this does not compile",
]
runs = st.tuples(
    st.sampled_from(SCRIPTS),
    st.lists(
        st.tuples(
            st.sampled_from([b"1"] * 5 + [b"0", b"2", b"-1", b"3", b"x"]),
            st.sampled_from([b"a", b"b"]),
            st.sampled_from([b"2", b"3"]),
        ),
        min_size=1,
        max_size=5,
    ),
)


class SameAsSingleTests(SynchronousTestCase):
    """What scripts do and answer does not depend on how many requests come at once."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(runs, max_size=6))
    def test_replies_and_state(self, steps: list[Any]) -> None:
        """Replies, data and statistics are those of single requests."""
        mine, theirs = Session(), Session()
        for script, words in steps:
            requests = [[script, *three] for three in words]
            _, replies = together(mine, b"EVAL", requests)

            self.assertEqual(
                comparable(replies), comparable(one_by_one(theirs, b"EVAL", requests)), script
            )
            self.assertEqual(state(mine), state(theirs), script)
            for section in ("commandstats", "errorstats"):
                self.assertEqual(counts(mine, section), counts(theirs, section), script)


def counts(session: Session, section: str) -> list[str]:
    """Return what INFO counts, without what it has timed."""
    lines = session.do("INFO", section).text.decode().splitlines()
    return [",".join(w for w in line.split(",") if "usec" not in w) for line in lines]


class ScriptBatchTests(SynchronousTestCase):
    """Several requests for one script."""

    def setUp(self) -> None:
        """Start a server."""
        self.session = Session()
        self.dispatcher = self.session.server.dispatcher

    def tell_times(self, times: Iterator[int]) -> None:
        """Let each look at the statistics' clock show the next of some times."""
        for owner, name in ((self.session.server, "timer"), (self.dispatcher, "_timer")):
            self.patch(owner, name, lambda: next(times))

    def test_an_error_ends_it(self) -> None:
        """It has run and must not run again; those behind it are run by themselves."""
        script = b"redis.call('incr', 'n') return redis.call('incr', KEYS[1])"
        self.session.do("SET", "text", "x")
        requests = [[script, b"1", key] for key in (b"a", b"text", b"b")]

        done, replies = together(self.session, b"EVAL", requests)

        self.assertEqual((done, replies[0], replies[2]), (2, 1, 1))
        self.assertIsInstance(replies[1], RedisError)
        self.assertEqual(self.session.do("GET", "n"), b"3")
        self.assertEqual(self.session.server.table.plain[b"EVAL"].failed, 1)

    def test_a_failure_within(self) -> None:
        """It is logged and told as that of any command; nothing is lost of what came before."""
        failures: list[str] = []
        self.dispatcher.log_failure = failures.append
        script = self.session.server.scripting.load(b"return 1")
        with mock.patch.object(script.code, "runner", side_effect=[1, ValueError, 1]):
            done, replies = together(self.session, b"EVAL", [[b"return 1", b"0"]] * 3)

        self.assertEqual((done, comparable(replies)), (2, [1, b"ERR internal error", 1]))
        self.assertEqual(failures, ["eval"])
        self.assertIsNone(self.session.server.scripting.caller)

    def test_different_scripts(self) -> None:
        """They are run by themselves."""
        requests = [[b"return 1", b"0"], [b"return 2", b"0"]]

        self.assertEqual(together(self.session, b"EVAL", requests), (0, [1, 2]))

    def test_unknown_digest(self) -> None:
        """The body says so."""
        done, replies = together(self.session, b"EVALSHA", [[b"f" * 40, b"0"]] * 2)

        self.assertEqual(done, 0)
        self.assertTrue(replies[0].text.startswith(b"NOSCRIPT"))

    def test_not_with_an_append_only_file(self) -> None:
        """What each run did is a unit of its own for whoever repeats it."""
        fed: list[Any] = []
        feed = mock.Mock(feed=fed.append)
        script = b"redis.call('set', KEYS[1], 1) return redis.call('incr', KEYS[1])"
        self.session.server.propagation.add(feed)
        requests = [[script, b"1", b"a"], [script, b"1", b"b"]]

        self.assertEqual(together(self.session, b"EVAL", requests), (0, [2, 2]))
        self.assertEqual([len(effects) for effects in fed], [4, 4])

        self.session.server.propagation.remove(feed)
        self.assertEqual(together(self.session, b"EVAL", requests), (2, [2, 2]))

    def test_a_slow_one_is_timed_by_itself(self) -> None:
        """The slow log has it as it was, and names who sent it; the others are not counted in."""
        told: list[Any] = []
        self.dispatcher.took_long = lambda *what: told.append(what)
        askers = [self.session.another().client for _ in range(5)]
        times = iter([0, 0, 1_000, 2_000, 9_002_000, 9_003_000, 9_003_000, 9_003_000])
        script = b"return ARGV[1]"
        words = [word for n in range(5) for word in (script, b"0", b"%d" % n)]
        self.tell_times(times)
        batch = Batch(b"EVAL", 5, 3, words)
        replies = self.dispatcher.run_batch(self.session.client, batch, 1000, askers.__getitem__)

        self.assertEqual(replies, [b"0", b"1"])
        ((client, command, argv, nanoseconds),) = told
        self.assertIs(client, askers[1])
        self.assertEqual((command.calls, argv), (2, (b"EVAL", script, b"0", b"1")))
        self.assertEqual(nanoseconds, 9_000_000)

    def test_large_replies_are_not_gathered(self) -> None:
        """So much is not answered in one go."""
        script = b"return {string.rep('x', 20000)}"

        self.assertEqual(together(self.session, b"EVAL", [[script, b"0"]] * 9)[0], 4)

    def test_busy(self) -> None:
        """A script that takes for ever ends the batch; the server is not busy behind it."""
        self.session.do("CONFIG", "SET", "busy-reply-threshold", "1")
        script = b"for i = 1, tonumber(ARGV[1]) do end return 1"
        requests = [[script, b"0", n] for n in (b"1", b"1000000", b"1")]
        self.tell_times(count(0, 100_000))
        with mock.patch.object(self.session.server, "serve_others"):
            done, replies = together(self.session, b"EVAL", requests)

        self.assertEqual((done, replies), (2, [1, 1, 1]))
        self.assertFalse(self.session.server.scripting.busy.is_on)
        self.assertFalse(self.dispatcher.special)
