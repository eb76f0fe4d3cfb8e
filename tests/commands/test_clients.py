"""Tests of pyredis.commands.clients."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.wire.replies import LATER, NO_REPLY, OK, PONG, Verbatim
from tests.commands.session import Session, Word

SYNTAX = b"ERR syntax error"


class ClientCase(SynchronousTestCase):
    """A server, and a client with an address."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.session.client.address = "127.0.0.1:1001"
        self.session.client.local_address = "127.0.0.1:6379"
        self.do = self.session.do
        self.error = self.session.error

    def connect(self, port: int) -> Session:
        """Return one more client, from another port."""
        session = self.session.another()
        session.client.address = f"127.0.0.1:{port}"
        session.client.local_address = "127.0.0.1:6379"
        return session

    def listed(self, *words: Word) -> list[dict[str, str]]:
        """Return the lines of CLIENT LIST as maps."""
        reply = self.do("CLIENT", "LIST", *words)
        self.assertIsInstance(reply, Verbatim)
        lines = reply.text.decode().splitlines()
        return [dict(field.partition("=")[::2] for field in line.split(" ")) for line in lines]

    def is_connected(self, session: Session) -> bool:
        """Tell whether the server still knows a client."""
        return session.client.id in self.session.server.clients


class NameTests(ClientCase):
    """What a client says of itself."""

    def test_ids_are_never_given_twice(self) -> None:
        """A later connection has a larger id."""
        first = self.do("CLIENT", "ID")
        other = self.session.another()
        other.disconnect()

        self.assertEqual(self.session.another().do("CLIENT", "ID"), first + 2)

    def test_a_name_can_be_set_and_taken_away(self) -> None:
        """No name is nil; the empty one is none."""
        self.assertIsNone(self.do("CLIENT", "GETNAME"))
        self.assertEqual(self.do("CLIENT", "SETNAME", "me"), OK)
        self.assertEqual(self.do("CLIENT", "GETNAME"), b"me")
        self.do("CLIENT", "SETNAME", "")
        self.assertIsNone(self.do("CLIENT", "GETNAME"))

    def test_names_have_printable_ascii_only(self) -> None:
        """Whatever would break the lines of CLIENT LIST is refused."""
        for name in ("a b", "a\n", "\x7f", "é", "\t"):
            self.assertEqual(
                self.error("CLIENT", "SETNAME", name),
                b"ERR Client names cannot contain spaces, newlines or special characters.",
            )

    def test_a_name_ends_at_a_nul_for_all_but_getname(self) -> None:
        """Redis looks at names as C strings, and so CLIENT LIST shows them."""
        self.assertEqual(self.do("CLIENT", "SETNAME", b"me\x00 too"), OK)
        self.assertEqual(self.do("CLIENT", "GETNAME"), b"me\x00 too")
        self.assertEqual(self.listed()[0]["name"], "me")

    def test_the_library_is_told_by_two_attributes(self) -> None:
        """Name and version are shown; what is misspelled is refused as it was spelled."""
        self.do("CLIENT", "SETINFO", "LIB-NAME", "redis-py")
        self.do("CLIENT", "SETINFO", "lib-ver", "5.0")

        line = self.listed()[0]
        self.assertEqual((line["lib-name"], line["lib-ver"]), ("redis-py", "5.0"))
        self.assertEqual(
            self.error("CLIENT", "SETINFO", "Lib-Name", "a b"),
            b"ERR Lib-Name cannot contain spaces, newlines or special characters.",
        )
        self.assertEqual(
            self.error("CLIENT", "SETINFO", "Lib", "a"), b"ERR Unrecognized option 'Lib'"
        )

    def test_switches_are_on_or_off(self) -> None:
        """NO-EVICT and NO-TOUCH show as flags; other words are refused."""
        self.do("CLIENT", "NO-EVICT", "on")
        self.do("CLIENT", "NO-TOUCH", "ON")
        self.assertEqual(self.listed()[0]["flags"], "eT")
        self.do("CLIENT", "NO-EVICT", "OFF")
        self.do("CLIENT", "NO-TOUCH", "off")
        self.assertEqual(self.listed()[0]["flags"], "N")
        self.assertEqual(self.error("CLIENT", "NO-EVICT", "yes"), SYNTAX)
        self.assertEqual(self.error("CLIENT", "NO-TOUCH", "1"), SYNTAX)


class NoTouchTests(ClientCase):
    """CLIENT NO-TOUCH."""

    def setUp(self) -> None:
        """Keep access times, and have a key that was not used for a while."""
        super().setUp()
        self.do("SET", "k", "v")
        self.do("OBJECT", "IDLETIME", "k")
        self.do("GET", "k")
        self.session.clock.advance(10)
        self.do("CLIENT", "NO-TOUCH", "ON")

    def test_looking_leaves_no_trace(self) -> None:
        """Neither reading nor looking up for a change counts as an access."""
        self.do("GET", "k")
        self.do("EXPIRE", "k", 100)

        self.assertEqual(self.do("OBJECT", "IDLETIME", "k"), 10)

    def test_touch_does(self) -> None:
        """It is what TOUCH is for."""
        self.do("TOUCH", "k")

        self.assertEqual(self.do("OBJECT", "IDLETIME", "k"), 0)

    def test_others_do(self) -> None:
        """The switch is one connection's, and can be turned back."""
        self.do("GET", "k")
        self.session.another().do("GET", "k")
        self.assertEqual(self.do("OBJECT", "IDLETIME", "k"), 0)

        self.session.clock.advance(10)
        self.do("CLIENT", "NO-TOUCH", "OFF")
        self.do("GET", "k")
        self.assertEqual(self.do("OBJECT", "IDLETIME", "k"), 0)


class ListTests(ClientCase):
    """CLIENT LIST and CLIENT INFO."""

    def test_the_fields_are_those_of_redis(self) -> None:
        """Every field of 7.2, in its order."""
        self.assertEqual(
            " ".join(self.listed()[0]),
            "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem "
            "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver",
        )

    def test_info_is_the_own_line(self) -> None:
        """CLIENT INFO shows this client only, as running CLIENT INFO."""
        self.connect(1002)
        text = self.do("CLIENT", "INFO").text

        self.assertEqual(text.count(b"\n"), 1)
        self.assertIn(b"addr=127.0.0.1:1001 laddr=127.0.0.1:6379 ", text)
        self.assertIn(b" cmd=client|info user=default redir=-1 resp=2 ", text)

    def test_the_request_under_way_counts(self) -> None:
        """Its bytes are in the query buffer, its words in argv-mem; afterwards they are not."""
        line = self.listed()[0]
        self.assertEqual((line["qbuf"], line["argv-mem"]), ("26", "10"))

        other = self.connect(1002)
        other.do("PING")
        line = self.listed()[1]
        self.assertEqual((line["qbuf"], line["argv-mem"]), ("0", "0"))

    def test_age_and_idle_time_are_in_seconds(self) -> None:
        """They count from the connection and from the last request."""
        self.session.clock.advance(5)

        self.assertEqual(self.listed()[0]["age"], "5")

    def test_a_transaction_shows(self) -> None:
        """Its commands are counted and measured, a changed key is a flag."""
        other = self.connect(1002)
        other.do("WATCH", "k")
        other.do("MULTI")
        other.do("SET", "k", "value")
        line = self.listed()[1]
        self.assertEqual((line["flags"], line["multi"], line["multi-mem"]), ("x", "1", "9"))

        self.do("SET", "k", "mine")
        self.assertEqual(self.listed()[1]["flags"], "xd")

    def test_a_waiting_client_shows(self) -> None:
        """It has the flag b, and keeps its request."""
        other = self.connect(1002)
        self.assertIs(other.do("BLPOP", "list", 0), LATER)

        line = self.listed()[1]
        self.assertEqual((line["flags"], line["cmd"], line["argv-mem"]), ("b", "blpop", "10"))

    def test_filters(self) -> None:
        """By type, and by ids in the order asked for."""
        other = self.connect(1002)
        ids = [str(other.client.id), "999", str(self.session.client.id)]

        self.assertEqual([line["id"] for line in self.listed("ID", *ids)], [ids[0], ids[2]])
        self.assertEqual(len(self.listed("TYPE", "normal")), 2)
        self.assertEqual(self.listed("TYPE", "replica"), [])

    def test_what_is_no_filter(self) -> None:
        """Unknown types, ids that are no numbers, and anything else are refused."""
        self.assertEqual(
            self.error("CLIENT", "LIST", "TYPE", "foo"), b"ERR Unknown client type 'foo'"
        )
        self.assertEqual(self.error("CLIENT", "LIST", "ID", "x"), b"ERR Invalid client ID")
        for words in (["ID"], ["TYPE"], ["TYPE", "normal", "ID"], ["foo"]):
            self.assertEqual(self.error("CLIENT", "LIST", *words), SYNTAX)


class KillTests(ClientCase):
    """CLIENT KILL."""

    def test_the_old_form_takes_an_address(self) -> None:
        """It closes that connection, even one's own, or finds none."""
        other = self.connect(1002)

        self.assertEqual(self.do("CLIENT", "KILL", "127.0.0.1:1002"), OK)
        self.assertFalse(self.is_connected(other))
        self.assertTrue(other.connection.closed)
        self.assertEqual(self.error("CLIENT", "KILL", "127.0.0.1:1002"), b"ERR No such client")
        self.assertEqual(self.do("CLIENT", "KILL", "127.0.0.1:1001"), OK)
        self.assertTrue(self.session.client.closing)

    def test_all_filters_must_be_passed(self) -> None:
        """Connections that pass all of them are closed and counted."""
        others = [self.connect(port) for port in (1002, 1003)]
        victim = others[1].client

        self.assertEqual(self.do("CLIENT", "KILL", "ID", victim.id, "ADDR", "127.0.0.1:1002"), 0)
        killed = self.do(
            *("CLIENT", "KILL", "ID", victim.id, "ADDR", "127.0.0.1:1003", "USER", "default"),
            *("LADDR", "127.0.0.1:6379", "TYPE", "normal"),
        )

        self.assertEqual(killed, 1)
        self.assertEqual([self.is_connected(other) for other in others], [True, False])

    def test_one_spares_oneself_unless_told_not_to(self) -> None:
        """SKIPME is yes by default."""
        others = [self.connect(port) for port in (1002, 1003)]

        self.assertEqual(self.do("CLIENT", "KILL", "TYPE", "normal"), 2)
        self.assertEqual([self.is_connected(other) for other in others], [False, False])
        self.assertFalse(self.session.client.closing)
        self.assertEqual(self.do("CLIENT", "KILL", "SKIPME", "no"), 1)
        self.assertTrue(self.session.client.closing)

    def test_what_is_no_filter(self) -> None:
        """Each has its own words."""
        greater = b"ERR client-id should be greater than 0"
        for words, expected in (
            (("ID", "0"), greater),
            (("ID", "x"), greater),
            (("TYPE", "x"), b"ERR Unknown client type 'x'"),
            (("USER", "x"), b"ERR No such user 'x'"),
            (("SKIPME", "x"), SYNTAX),
            (("FOO", "x"), SYNTAX),
            (("ID", "1", "ADDR"), SYNTAX),
        ):
            self.assertEqual(self.error("CLIENT", "KILL", *words), expected)


class ReplyTests(ClientCase):
    """CLIENT REPLY."""

    def test_off_silences_until_on(self) -> None:
        """Not even errors are answered; ON itself is."""
        self.assertIs(self.do("CLIENT", "REPLY", "OFF"), NO_REPLY)
        self.assertIs(self.do("PING"), NO_REPLY)
        self.assertIs(self.do("foo"), NO_REPLY)
        self.assertIs(self.do("CLIENT", "REPLY", "SKIP"), NO_REPLY)
        self.assertIs(self.do("PING"), NO_REPLY)
        self.assertEqual(self.do("CLIENT", "REPLY", "ON"), OK)
        self.assertEqual(self.do("PING"), PONG)
        self.assertFalse(self.session.client.special)

    def test_skip_silences_the_next(self) -> None:
        """Neither itself nor the next command is answered, the one after is."""
        self.assertIs(self.do("CLIENT", "REPLY", "SKIP"), NO_REPLY)
        self.assertIs(self.do("PING"), NO_REPLY)
        self.assertEqual(self.do("PING"), PONG)

    def test_skips_add_up(self) -> None:
        """A skipped SKIP skips one more."""
        self.do("CLIENT", "REPLY", "SKIP")
        self.do("CLIENT", "REPLY", "SKIP")
        self.assertIs(self.do("PING"), NO_REPLY)
        self.assertEqual(self.do("PING"), PONG)

    def test_a_reply_that_comes_later_is_skipped_as_well(self) -> None:
        """The silence is for the command, however long it waits."""
        other = self.connect(1002)
        other.do("CLIENT", "REPLY", "SKIP")
        self.assertIs(other.do("BLPOP", "list", 0), LATER)
        self.do("RPUSH", "list", "a")

        self.assertEqual(other.written, [])
        self.assertEqual(other.do("PING"), PONG)

    def test_other_words_are_refused(self) -> None:
        """There are three."""
        self.assertEqual(self.error("CLIENT", "REPLY", "maybe"), SYNTAX)


class UnblockTests(ClientCase):
    """CLIENT UNBLOCK."""

    def test_as_if_the_time_had_run_out(self) -> None:
        """The waiting client gets what a timeout gives."""
        other = self.connect(1002)
        other.do("BLPOP", "list", 0)

        self.assertEqual(self.do("CLIENT", "UNBLOCK", other.client.id), 1)
        self.assertEqual(other.written, [None])
        self.assertEqual(self.do("CLIENT", "UNBLOCK", other.client.id), 0)

    def test_with_an_error(self) -> None:
        """The waiting client is told who ended its wait."""
        other = self.connect(1002)
        other.do("BLPOP", "list", 0)

        self.assertEqual(self.do("CLIENT", "UNBLOCK", other.client.id, "error"), 1)
        [error] = other.written
        self.assertIsInstance(error, RedisError)
        self.assertEqual(error.text, b"UNBLOCKED client unblocked via CLIENT UNBLOCK")

    def test_refusals(self) -> None:
        """Nobody is 0; the reason is read before the id."""
        self.assertEqual(self.do("CLIENT", "UNBLOCK", 999), 0)
        self.assertEqual(
            self.error("CLIENT", "UNBLOCK", "x", "foo"),
            b"ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
        )
        self.assertEqual(
            self.error("CLIENT", "UNBLOCK", "x"), b"ERR value is not an integer or out of range"
        )
        self.assertEqual(
            self.error("CLIENT", "UnBlock", "1", "ERROR", "x"),
            b"ERR unknown subcommand or wrong number of arguments for 'UnBlock'. Try CLIENT HELP.",
        )


class HelpTests(ClientCase):
    """CLIENT HELP, and what is no subcommand."""

    def test_every_subcommand_has_a_line(self) -> None:
        """They come in alphabetical order between the first and the last lines of Redis."""
        lines = [line.text.decode() for line in self.do("CLIENT", "HELP")]

        self.assertEqual(
            lines[0], "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
        )
        self.assertEqual(lines[-2:], ["HELP", "    Print this help."])
        names = [line.split(" ")[0] for line in lines[1:-2] if not line.startswith(" ")]
        self.assertEqual(names, sorted(names))
        self.assertIn("SETNAME connection-name", lines)

    def test_unknown_subcommands(self) -> None:
        """The name is shown as it came; alone the container has too few words."""
        self.assertEqual(
            self.error("client", "Foo"), b"ERR unknown subcommand 'Foo'. Try CLIENT HELP."
        )
        self.assertEqual(
            self.error("CLIENT"), b"ERR wrong number of arguments for 'client' command"
        )
        self.assertEqual(
            self.error("CLIENT", "HELP", "x"),
            b"ERR wrong number of arguments for 'client|help' command",
        )
