"""Tests of EVAL and its kin."""

import sys
from typing import Any
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.client import Client
from pyredis.wire.replies import Boolean, Double, Simple
from tests.commands.session import Session

LOWER = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"  # of "return 1"


class EvalTests(SynchronousTestCase):
    """EVAL."""

    def setUp(self) -> None:
        """Connect."""
        self.session = Session()

    def eval(self, script: str, *words: Any) -> Any:
        """Return a script's reply."""
        return self.session.do("EVAL", script, *(words or (0,)))

    def test_what_lua_has_becomes_a_reply(self) -> None:
        """Numbers lose their decimals, false and nil are null, a table ends at its first nil."""
        for script, expected in (
            ("return 3.99", 3),
            ("return -3.99", -3),
            ("return 1e30", -(1 << 63)),
            ("return 'a'", b"a"),
            ("return true", 1),
            ("return false", None),
            ("return nil", None),
            ("return", None),
            ("return {1, 2, nil, 4}", [1, 2]),
            ("return {1, {'a', false}}", [1, [b"a", None]]),
            ("return {}", []),
            ("return {'a', 'b'}", [b"a", b"b"]),
            ("return {ok = 'fine'}", Simple(b"fine")),
            ("return {double = 1.5}", Double(1.5)),
            ("return {map = {a = 1}}", {b"a": 1}),
            ("return {set = {a = true}}", [b"a"]),
            ("return redis.status_reply('X')", Simple(b"X")),
            ("return tostring", None),
        ):
            with self.subTest(script):
                self.assertEqual(expected, self.eval(script))

    def test_what_commands_answer_becomes_lua(self) -> None:
        """Null is false, statuses and errors are tables, maps are flat."""
        self.session.do("HSET", "h", "f", "v")
        self.session.do("ZADD", "z", "1.5", "m")
        for script, expected in (
            ("return redis.call('get', 'no') == false", 1),
            ("return redis.call('set', 'k', 1).ok", b"OK"),
            ("return redis.call('hgetall', 'h')", [b"f", b"v"]),
            ("return redis.call('zscore', 'z', 'm')", b"1.5"),
            ("return redis.call('incrby', 'n', 5) + 1", 6),
            ("return redis.pcall('incr', 'h').err", b"WRONGTYPE Operation against a key holding"),
            ("return redis.call('lrange', 'no', 0, -1)", []),
            ("return #redis.call('mget', 'a', 'b', 'c')", 3),
        ):
            with self.subTest(script):
                reply = self.eval(script)
                if isinstance(expected, bytes):
                    reply = reply[: len(expected)]
                self.assertEqual(expected, reply)

    def test_resp3_tells_more_apart(self) -> None:
        """A script that asked for it gets maps, doubles and booleans."""
        self.session.do("HSET", "h", "f", "v")
        self.session.do("ZADD", "z", "1.5", "m")
        for script, expected in (
            ("return redis.call('hgetall', 'h').map.f", b"v"),
            ("return redis.call('zscore', 'z', 'm').double * 2", 3),
            ("return redis.call('get', 'no') == nil", Boolean.TRUE),
            ("return redis.call('hgetall', 'h')", {b"f": b"v"}),
            ("return false", Boolean.FALSE),
        ):
            with self.subTest(script):
                self.assertEqual(expected, self.eval("redis.setresp(3) " + script))

    def test_numbers_become_words(self) -> None:
        """Whole ones without a decimal point, others with as few digits as read back."""
        for number, text in (("1", b"1"), ("0.1", b"0.1"), ("1e15", b"1000000000000000")):
            self.assertEqual(text, self.eval(f"return redis.call('echo', {number})"))

    def test_keys_and_arguments(self) -> None:
        """They come in two tables."""
        self.assertEqual(
            [b"k", b"a", 1, 2],
            self.eval("return {KEYS[1], ARGV[1], #KEYS, #ARGV}", 1, "k", "a", "b"),
        )

    def test_wrong_counts_of_keys(self) -> None:
        """They are refused in Redis' words."""
        for count, text in (
            ("x", b"ERR value is not an integer or out of range"),
            (-1, b"ERR Number of keys can't be negative"),
            (2, b"ERR Number of keys can't be greater than number of args"),
        ):
            self.assertEqual(text, self.session.error("EVAL", "return 1", count, "a"))

    def test_it_does_not_compile(self) -> None:
        """The compiler's words are in the error."""
        self.assertEqual(
            b"ERR Error compiling script (new function): "
            b"user_script:1: unexpected symbol near '<eof>'",
            self.session.error("EVAL", "return {", 0),
        )

    def test_a_failing_command_ends_the_script(self) -> None:
        """Its error is the reply, and counted once."""
        self.session.do("SET", "s", "abc")
        text = self.session.error("EVAL", "redis.call('incr', 's')", 0)
        self.assertTrue(
            text.startswith(b"ERR value is not an integer or out of range script: "), text
        )
        self.assertEqual(1, self.session.server.statistics.errors["ERR"])

    def test_pcall_gives_the_error_back(self) -> None:
        """It is a table with its text, and a reply if returned."""
        self.session.do("SET", "s", "abc")
        self.assertEqual(
            b"ERR value is not an integer or out of range",
            self.session.error("EVAL", "return redis.pcall('incr', 's')", 0),
        )

    def test_commands_that_scripts_may_not_call(self) -> None:
        """They are refused, as are unknown ones and wrong numbers of arguments."""
        for call, text in (
            ("'subscribe', 'c'", b"ERR This Redis command is not allowed from script"),
            ("'eval', 'return 1', 0", b"ERR This Redis command is not allowed from script"),
            ("'nosuch'", b"ERR Unknown Redis command called from script"),
            ("'get'", b"ERR Wrong number of args calling Redis command from script"),
            ("'config'", b"ERR Wrong number of args calling Redis command from script"),
            ("{}", b"ERR Lua redis lib command arguments must be strings or integers"),
            ("", b"ERR Please specify at least one argument for this redis lib call"),
        ):
            with self.subTest(call):
                self.assertEqual(text, self.session.error("EVAL", f"return redis.pcall({call})", 0))

    def test_a_blocking_command_does_not_wait(self) -> None:
        """It answers as if its time had run out."""
        self.assertIsNone(self.eval("return redis.call('blpop', 'no', 0)"))

    def test_the_database_is_the_callers(self) -> None:
        """A script's SELECT ends with the script."""
        self.session.do("SELECT", 3)
        self.eval("redis.call('set', 'a', 1) redis.call('select', 4) redis.call('set', 'b', 2)")
        self.assertEqual(b"1", self.session.do("GET", "a"))
        self.session.do("SELECT", 4)
        self.assertEqual(b"2", self.session.do("GET", "b"))

    def test_a_script_wakes_who_waits(self) -> None:
        """What it pushed is given when it is over."""
        other = self.session.another()
        other.do("BLPOP", "l", 0)
        self.eval("redis.call('rpush', 'l', 'x') return redis.call('llen', 'l')")
        self.assertEqual([[b"l", b"x"]], other.written)

    def test_in_a_transaction(self) -> None:
        """It runs with the other commands."""
        self.session.do("MULTI")
        self.session.do("EVAL", "return redis.call('incr', 'n')", 0)
        self.session.do("INCR", "n")
        self.assertEqual([1, 2], self.session.do("EXEC"))

    def test_keys_and_arguments_that_are_empty(self) -> None:
        """They are tables of each run's own, in whatever way they are looked at."""
        for look in ("KEYS", "_G.KEYS", "rawget(_G, 'KEYS')", "getfenv().KEYS"):
            script = f"local keys = {look} table.insert(keys, 'x') return #keys + #ARGV"
            for _ in range(2):
                self.assertEqual(1, self.session.do("EVAL", script, 0))
        count = "local n = 0 for k in pairs(_G) do if k == 'ARGV' then n = n + 1 end end return n"
        self.assertEqual(1, self.session.do("EVAL", count, 0))

    def test_the_short_way(self) -> None:
        """Scripts and what they call take it, and are counted."""
        table = self.session.server.table
        plain = self.session.server.dispatcher.call_plain
        script = b"redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])"
        self.assertEqual(b"v", plain(self.session.client, [b"EVAL", script, b"1", b"k", b"v"]))
        for name in (b"EVAL", b"SET", b"GET"):
            command = table.find(name)
            assert command is not None
            self.assertEqual(command.calls, 1)
        self.assertIn(
            b"not allowed", self.session.error("EVAL", "return redis.call('eval', '', 0)", 0)
        )

    def test_very_many_arguments(self) -> None:
        """As many as Lua can unpack."""
        filled = "local a = {} for i = 1, 7999 do a[i] = i end "
        script = filled + "return redis.call('rpush', 'l', unpack(a))"
        self.assertEqual(7999, self.session.do("EVAL", script, 0))
        self.assertEqual([b"7999"], self.session.do("LRANGE", "l", -1, -1))

    def test_waiting_is_refused(self) -> None:
        """Where it can only be an oversight; other commands answer as if time had run out."""
        for words in ("'xread', 'BLOCK', 0", "'xreadgroup', 'GROUP', 'g', 'c', 'BLOCK', 0"):
            self.assertIn(
                b"command is not allowed with BLOCK option from scripts",
                self.session.error("EVAL", f"return redis.call({words}, 'STREAMS', 's', '$')", 0),
            )
        self.assertIsNone(self.session.do("EVAL", "return redis.call('blpop', 'l', 0)", 0))

    def test_sets_have_an_order(self) -> None:
        """When a script asks for them unsorted, so that it does the same everywhere."""
        self.session.do("SADD", "s", *"dcba", "aa")
        script = "return redis.call('sort', 's', 'by', '_', 'limit', 0, 3)"
        self.assertEqual([b"a", b"aa", b"b"], self.session.do("EVAL", script, 0))

    def test_audiences(self) -> None:
        """No others than there are."""
        error = self.session.error("EVAL", "redis.set_repl(4)", 0)
        self.assertIn(b"Invalid replication flags", error)

    def test_what_scripts_may_not_call(self) -> None:
        """Unless DEBUG lets them."""
        script = "return redis.call('client', 'getname')"
        self.assertIn(b"not allowed from script", self.session.error("EVAL", script, 0))
        self.session.server.switches.scripts_run_anything = True
        self.assertIsNone(self.session.do("EVAL", script, 0))

    def test_without_lua(self) -> None:
        """The error says what to install."""
        with patch.dict(sys.modules, {"lupa": None}):
            self.assertIn(b"pip install lupa", self.session.error("EVAL", "", 0))


class ReadOnlyTests(SynchronousTestCase):
    """EVAL_RO, EVALSHA_RO and flags."""

    def test_writing_is_refused(self) -> None:
        """In scripts called so, and in those that say they do not write."""
        session = Session()
        refusal = b"ERR Write commands are not allowed from read-only scripts."
        write = "return redis.pcall('set', 'a', 1)"
        self.assertEqual(refusal, session.error("EVAL_RO", write, 0))
        self.assertEqual(refusal, session.error("EVAL", "#!lua flags=no-writes\n" + write, 0))
        sha = session.do("SCRIPT", "LOAD", write)
        self.assertEqual(refusal, session.error("EVALSHA_RO", sha, 0))
        self.assertEqual(
            b"ERR Can not execute a script with write flag using *_ro command.",
            session.error("EVAL_RO", "#!lua\nreturn 1", 0),
        )

    def test_reading_is_not(self) -> None:
        """It gives what it read."""
        session = Session()
        session.do("SET", "a", 1)
        self.assertEqual(b"1", session.do("EVAL_RO", "return redis.call('get', KEYS[1])", 1, "a"))


class ScriptTests(SynchronousTestCase):
    """EVALSHA and SCRIPT."""

    def test_a_script_is_kept(self) -> None:
        """EVALSHA runs what EVAL or SCRIPT LOAD have seen, by a digest in any case."""
        session = Session()
        self.assertEqual(
            b"NOSCRIPT No matching script. Please use EVAL.", session.error("EVALSHA", LOWER, 0)
        )
        self.assertEqual(LOWER.encode(), session.do("SCRIPT", "LOAD", "return 1"))
        self.assertEqual(1, session.do("EVALSHA", LOWER, 0))
        self.assertEqual(1, session.do("EVALSHA", LOWER.upper(), 0))
        self.assertEqual([1, 0], session.do("SCRIPT", "EXISTS", LOWER, "x"))

    def test_flush(self) -> None:
        """It forgets all, and takes two words only."""
        session = Session()
        for words in ((), ("SYNC",), ("async",)):
            session.do("EVAL", "return 1", 0)
            self.assertEqual(Simple(b"OK"), session.do("SCRIPT", "FLUSH", *words))
            self.assertEqual([0], session.do("SCRIPT", "EXISTS", LOWER))
        self.assertEqual(
            b"ERR SCRIPT FLUSH only support SYNC|ASYNC option",
            session.error("SCRIPT", "FLUSH", "soon"),
        )

    def test_nothing_to_kill(self) -> None:
        """Without a running script there is nothing to end."""
        self.assertEqual(
            b"NOTBUSY No scripts in execution right now.", Session().error("SCRIPT", "KILL")
        )

    def test_monitors_see_the_script_first(self) -> None:
        """Its commands follow, marked as a script's."""
        session = Session()
        shown: list[bytes] = []
        other = session.another()
        other.do("MONITOR")
        self.patch(Client, "deliver", lambda client, data: shown.append(data))
        session.do("EVAL", "return redis.call('get', 'k')", 0)
        self.assertIn(b'"EVAL"', shown[0])
        self.assertIn(b'[0 lua] "get" "k"', shown[1])


class FailureStatisticsTests(SynchronousTestCase):
    """What a script answers with an error counts as failed, and the error once."""

    def test_errors_of_commands(self) -> None:
        """An error that a command had in the script is the script's as well."""
        for call in ("call", "pcall"):
            session = Session()
            reply = session.do("EVAL", f"return redis.{call}('SELECT', '99')", 0)
            self.assertIsInstance(reply, RedisError)
            commands = session.do("INFO", "commandstats").text.decode().splitlines()
            (usage,) = [line for line in commands if line.startswith("cmdstat_eval:")]
            self.assertTrue(usage.endswith(",rejected_calls=0,failed_calls=1"), usage)
            self.assertIn(b"errorstat_ERR:count=1\r\n", session.do("INFO", "errorstats").text)
