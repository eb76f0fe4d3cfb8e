"""Tests of pyredis.commands.debugging."""

from __future__ import annotations

import signal

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.ports import NoHost
from pyredis.keyspace.digest import digest_of_value, hexadecimal
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import NULL_ARRAY, OK, Simple
from tests.commands.session import Session


class RecordingHost(NoHost):
    """A process that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def sleep(self, seconds: float) -> None:
        """Note it."""
        self.asked.append(seconds)

    def set_active_expiry(self, active: bool) -> None:
        """Note it."""
        self.asked.append(("expiry", active))

    def pause_ticking(self, paused: bool) -> None:
        """Note it."""
        self.asked.append(("paused", paused))

    def crash(self, reason: str, signal: int) -> None:
        """Note it."""
        self.asked.append(signal)

    def rewrite_config(self, force_all: bool = False) -> None:
        """Note it."""
        self.asked.append(("rewrite", force_all))


class DebugCase(SynchronousTestCase):
    """A server that allows DEBUG."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session(enable_debug_command="yes")
        self.host = self.session.server.host = RecordingHost()
        self.do = self.session.do
        self.error = self.session.error


class GuardTests(DebugCase):
    """Who may use DEBUG."""

    REFUSED = (
        b'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", '
        b"you can run it from a local connection, otherwise you need to set this option in the "
        b"configuration file, and then restart the server."
    )

    def test_nobody_by_default(self) -> None:
        """The refusal says how to allow it; what does not exist is refused otherwise."""
        session = Session()

        self.assertEqual(session.error("DEBUG", "HELP"), self.REFUSED)
        self.assertTrue(session.error("DEBUG").startswith(b"ERR wrong number of arguments"))

    def test_local_clients_with_local(self) -> None:
        """Over loopback and Unix sockets, not from elsewhere."""
        self.session.server.settings.enable_debug_command = "local"
        client = self.session.client
        for address in ("127.0.0.1:1", "127.9.9.9:1", "[::1]:1"):
            client.address = address
            self.assertEqual(self.do("DEBUG", "SLEEP", 0), OK)
        client.address = "192.0.2.1:1"
        self.assertEqual(self.error("DEBUG", "SLEEP", 0), self.REFUSED)
        client.is_unix = True
        self.assertEqual(self.do("DEBUG", "SLEEP", 0), OK)

    def test_before_authentication(self) -> None:
        """Redis says first that DEBUG is closed, then that a password is missing."""
        session = Session(requirepass=b"secret")

        self.assertEqual(session.error("DEBUG", "HELP"), self.REFUSED)


class ProcessTests(DebugCase):
    """What is the process's business is asked of it."""

    def test_switches(self) -> None:
        """They are read as C reads numbers."""
        self.do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        self.do("DEBUG", "set-active-expire", " 12x")
        self.do("DEBUG", "PAUSE-CRON", "1")
        self.do("DEBUG", "PAUSE-CRON", "no")

        self.assertEqual(
            self.host.asked,
            [("expiry", False), ("expiry", True), ("paused", True), ("paused", False)],
        )

    def test_switches_of_the_server(self) -> None:
        """Scripts and checksums."""
        self.do("DEBUG", "SET-DISABLE-DENY-SCRIPTS", "1")
        self.do("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1")

        switches = self.session.server.switches
        self.assertTrue(switches.scripts_run_anything)
        self.assertTrue(switches.checksums_ignored)

    def test_sleep(self) -> None:
        """Fractions are seconds, nonsense is none."""
        for seconds in ("0.5", "-1", "abc"):
            self.assertEqual(self.do("DEBUG", "SLEEP", seconds), OK)

        self.assertEqual(self.host.asked, [0.5, 0.0])

    def test_ways_to_die(self) -> None:
        """Each by its signal."""
        for name in ("SEGFAULT", "PANIC", "ASSERT"):
            self.do("DEBUG", name)

        self.assertEqual(self.host.asked, [signal.SIGSEGV, signal.SIGABRT, signal.SIGABRT])

    def test_rewriting_everything(self) -> None:
        """The configuration file gets all parameters."""
        self.do("DEBUG", "CONFIG-REWRITE-FORCE-ALL")

        self.assertEqual(self.host.asked, [("rewrite", True)])


class ProtocolTests(DebugCase):
    """DEBUG PROTOCOL and DEBUG ERROR."""

    def test_every_type_in_both_protocols(self) -> None:
        """As Redis writes them."""
        expected = {
            "string": (b"$11\r\nHello World\r\n",) * 2,
            "integer": (b":12345\r\n",) * 2,
            "double": (b"$5\r\n3.141\r\n", b",3.141\r\n"),
            "null": (b"$-1\r\n", b"_\r\n"),
            "set": (b"*3\r\n:0\r\n:1\r\n:2\r\n", b"~3\r\n:0\r\n:1\r\n:2\r\n"),
            "map": (
                b"*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
                b"%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
            ),
            "true": (b":1\r\n", b"#t\r\n"),
            "verbatim": (
                b"$25\r\nThis is a verbatim\nstring\r\n",
                b"=29\r\ntxt:This is a verbatim\nstring\r\n",
            ),
        }
        for name, forms in expected.items():
            reply = self.do("DEBUG", "PROTOCOL", name)
            self.assertEqual((encoded(reply, 2), encoded(reply, 3)), forms)

    def test_pushes_and_attributes_come_before_a_reply(self) -> None:
        """They are for RESP3."""
        self.assertEqual(
            self.error("DEBUG", "PROTOCOL", "push"),
            b"ERR RESP2 is not supported by this command",
        )
        self.session.resp3 = True
        self.assertEqual(
            self.do("DEBUG", "PROTOCOL", "push"), b"Some real reply following the push reply"
        )
        self.assertEqual(self.session.written, [[b"server-cpu-usage", 42]])

    def test_any_error_can_be_asked_for(self) -> None:
        """It is answered as it is, and is no error of the server's."""
        reply = self.do("DEBUG", "ERROR", "FOO bar\r\nbaz")

        self.assertEqual(encoded(reply, 2), b"-FOO bar  baz\r\n")
        self.assertEqual(self.session.server.statistics.error_replies, 0)


class DataTests(DebugCase):
    """What looks into the data."""

    def test_digests(self) -> None:
        """Of all data, and of values; a missing key has none."""
        self.assertEqual(self.do("DEBUG", "DIGEST"), Simple(b"0" * 40))
        self.do("SET", "k", "v")
        value = Simple(hexadecimal(digest_of_value(self.session.db, b"k")))

        self.assertEqual(self.do("DEBUG", "DIGEST-VALUE", "k", "x"), [value, Simple(b"0" * 40)])
        self.assertNotEqual(self.do("DEBUG", "DIGEST"), Simple(b"0" * 40))

    def test_object(self) -> None:
        """Encoding and idle time; of a long list its nodes as well."""
        self.do("DEBUG", "OBJECT", "nothing")
        self.do("SET", "k", "value")
        self.session.clock.advance(3)
        text = self.do("DEBUG", "OBJECT", "k").text
        self.assertIn(b" refcount:1 encoding:embstr serializedlength:5 lru:", text)
        self.assertTrue(text.endswith(b" lru_seconds_idle:3"))

        self.do("RPUSH", "list", *["x" * 100] * 200)
        text = self.do("DEBUG", "OBJECT", "list").text
        self.assertIn(b" encoding:quicklist ", text)
        self.assertIn(b" ql_nodes:3 ql_avg_node:66.67 ql_listpack_max:-2 ql_compressed:0 ", text)

    def test_listpack(self) -> None:
        """For what Redis has in one, with deadlines of its fields or without."""
        printed = Simple(b"Listpack structure printed on stdout")
        self.do("HSET", "h", "a", "1", "b", "2")
        self.assertEqual(self.do("DEBUG", "LISTPACK", "h"), printed)
        self.do("HEXPIRE", "h", 9, "FIELDS", 1, "a")
        self.assertEqual(self.do("OBJECT", "ENCODING", "h"), b"listpackex")
        self.assertEqual(self.do("DEBUG", "LISTPACK", "h"), printed)
        self.do("HSET", "h", "a", "x" * 99)
        self.assertEqual(
            self.error("DEBUG", "LISTPACK", "h"), b"ERR Not a listpack encoded object."
        )

    def test_object_shows_what_is_past_its_time(self) -> None:
        """Looking does not expire."""
        self.session.server.keyspace.may_expire = False
        self.do("SET", "k", "v", "PX", 1)
        self.session.clock.advance(1)

        self.assertIsNone(self.do("GET", "k"))
        self.assertIn(b"encoding:embstr", self.do("DEBUG", "OBJECT", "k").text)

    def test_populate(self) -> None:
        """Keys that are missing are made, of any size, and watchers are told."""
        other = self.session.another()
        other.do("WATCH", "key:1")
        other.do("MULTI")
        self.do("SET", "key:0", "mine")
        self.assertEqual(self.do("DEBUG", "POPULATE", 2), OK)
        self.assertEqual(self.do("MGET", "key:0", "key:1"), [b"mine", b"value:1"])
        self.assertIs(other.do("EXEC"), NULL_ARRAY)

        self.do("DEBUG", "POPULATE", 1, "p", 3)
        self.do("DEBUG", "POPULATE", 1, "q", 9)
        self.assertEqual(self.do("MGET", "p:0", "q:0"), [b"val", b"value:0\x00\x00"])
        self.assertTrue(self.error("DEBUG", "POPULATE", -1).endswith(b"must be positive"))

    def test_tables(self) -> None:
        """How large they are; compact values have none."""
        self.do("SET", "k", "v")
        text = self.do("DEBUG", "HTSTATS", 0).text
        self.assertIn(
            b"[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: 8\n"
            b" number of elements: 1\n[Expires HT]\n",
            text,
        )
        self.assertEqual(self.error("DEBUG", "HTSTATS", 99), b"ERR Out of range database")
        self.do("SADD", "set", *[f"m{number}" for number in range(1000)])
        self.assertIn(b" number of elements: 1000\n", self.do("DEBUG", "HTSTATS-KEY", "set").text)
        self.assertIn(
            b"not represented using an hash table", self.error("DEBUG", "HTSTATS-KEY", "k")
        )

    def test_sdslen(self) -> None:
        """Only of strings that are no integers."""
        self.do("SET", "k", "value")
        self.assertIn(b"key_sds_len:1, ", self.do("DEBUG", "SDSLEN", "k").text)
        self.do("SET", "k", 5)
        self.assertEqual(self.error("DEBUG", "SDSLEN", "k"), b"ERR Not an sds encoded string.")

    def test_thresholds_are_checked(self) -> None:
        """A memory value below four gigabytes."""
        self.assertEqual(self.do("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b"), OK)
        for size in ("4gb", "x"):
            self.assertEqual(
                self.error("DEBUG", "QUICKLIST-PACKED-THRESHOLD", size),
                b"ERR argument must be a memory value bigger than 1 and smaller than 4gb",
            )

    def test_patterns(self) -> None:
        """Whether a string matches."""
        self.assertEqual(self.do("DEBUG", "STRINGMATCH-LEN", "a*c", "abc"), 1)
        self.assertEqual(self.do("DEBUG", "STRINGMATCH-LEN", "a*c", "abd"), 0)


class SubcommandTests(DebugCase):
    """How subcommands are found."""

    def test_wrong_names_and_numbers(self) -> None:
        """Both are one error, with the name as it came."""
        for words in (["Foo"], ["Sleep"], ["Digest", "x"], ["Populate", "1", "2", "3", "4"]):
            self.assertEqual(
                self.error("DEBUG", *words),
                b"ERR unknown subcommand or wrong number of arguments for '%b'. Try DEBUG HELP."
                % words[0].encode(),
            )

    def test_help_lists_them(self) -> None:
        """Made of the bodies."""
        lines = [line.text for line in self.do("DEBUG", "HELP")]

        self.assertIn(b"POPULATE count [prefix] [size]", lines)
        self.assertEqual(lines[-2:], [b"HELP", b"    Print this help."])
