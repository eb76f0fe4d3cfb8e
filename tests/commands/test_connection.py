"""Tests of pyredis.commands.connection."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.selectors import Reason
from pyredis.errors import RedisError
from pyredis.execution.modules import LoadedModule
from pyredis.wire.replies import OK, PONG, QUEUED, Simple
from tests.commands.session import Session

WRONG_PASSWORD = b"WRONGPASS invalid username-password pair or user is disabled."


class PingTests(SynchronousTestCase):
    """PING and ECHO."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()

    def test_ping_answers_pong_or_the_message(self) -> None:
        """PING alone says PONG, with a message it says that."""
        self.assertEqual(self.session.do("PING"), PONG)
        self.assertEqual(self.session.do("ping", b"\x00\r\n"), b"\x00\r\n")

    def test_ping_takes_one_message(self) -> None:
        """Two messages are one too many."""
        error = self.session.error("PING", "a", "b")

        self.assertEqual(error, b"ERR wrong number of arguments for 'ping' command")

    def test_echo_answers_the_message(self) -> None:
        """ECHO says what it is told."""
        self.assertEqual(self.session.do("ECHO", ""), b"")


class SelectTests(SynchronousTestCase):
    """SELECT."""

    def setUp(self) -> None:
        """Start a server with four databases."""
        self.session = Session(databases=4)

    def test_each_connection_has_its_database(self) -> None:
        """Keys of one database are not seen in another."""
        other = self.session.another()
        self.assertEqual(self.session.do("SELECT", 3), OK)
        self.session.do("SET", "k", "three")

        self.assertEqual(self.session.do("GET", "k"), b"three")
        self.assertIsNone(other.do("GET", "k"))

    def test_numbers_out_of_range_are_refused(self) -> None:
        """What is no database, no int, and no number is refused in three ways."""
        error = self.session.error
        for number in ("4", "-1"):
            self.assertEqual(error("SELECT", number), b"ERR DB index is out of range")
        self.assertEqual(
            error("SELECT", 2**31),
            b"ERR value is out of range, value must between -2147483648 and 2147483647",
        )
        self.assertEqual(error("SELECT", "1.5"), b"ERR value is not an integer or out of range")

    def test_a_cluster_has_one_database(self) -> None:
        """In cluster mode only database 0 can be selected."""
        session = Session(cluster_enabled=True)

        self.assertEqual(session.do("SELECT", 0), OK)
        self.assertEqual(session.error("SELECT", 1), b"ERR SELECT is not allowed in cluster mode")


class AuthTests(SynchronousTestCase):
    """AUTH, and what a client may do before it."""

    def setUp(self) -> None:
        """Start a server with a password."""
        self.session = Session(requirepass=b"sec\x00ret")
        self.error = self.session.error

    def test_before_it_most_commands_are_refused(self) -> None:
        """Only AUTH, HELLO, QUIT and RESET pass without the password."""
        self.assertEqual(self.error("PING"), b"NOAUTH Authentication required.")
        self.assertEqual(self.session.do("RESET"), Simple(b"RESET"))
        self.assertEqual(self.error("GET", "k"), b"NOAUTH Authentication required.")

    def test_the_password_opens(self) -> None:
        """The password alone or with the default user's name logs in."""
        other = self.session.another()

        self.assertEqual(self.session.do("AUTH", b"sec\x00ret"), OK)
        self.assertEqual(other.do("AUTH", "default", b"sec\x00ret"), OK)
        self.assertEqual(self.session.do("PING"), PONG)
        self.assertEqual(other.do("PING"), PONG)

    def test_a_wrong_password_or_user_does_not(self) -> None:
        """What comes close is as wrong as anything, and is counted."""
        for words in (["sec"], [""], ["default", "sec"], ["nobody", b"sec\x00ret"]):
            self.assertEqual(self.error("AUTH", *words), WRONG_PASSWORD)

        self.assertEqual(self.session.server.statistics.denials[Reason.AUTH], 4)
        self.assertEqual(self.error("PING"), b"NOAUTH Authentication required.")

    def test_more_words_are_a_syntax_error(self) -> None:
        """AUTH takes two words at most."""
        self.assertEqual(self.error("AUTH", "a", "b", "c"), b"ERR syntax error")

    def test_without_a_password_there_is_nothing_to_say(self) -> None:
        """A password that nobody asked for is an error, a named default user is welcome."""
        session = Session()

        self.assertTrue(
            session.error("AUTH", "x").startswith(b"ERR AUTH <password> called without any")
        )
        self.assertEqual(session.do("AUTH", "default", "whatever"), OK)

    def test_reset_takes_the_login_back(self) -> None:
        """After RESET the password is needed again."""
        self.session.do("AUTH", b"sec\x00ret")
        self.session.do("RESET")

        self.assertEqual(self.error("PING"), b"NOAUTH Authentication required.")


class HelloTests(SynchronousTestCase):
    """HELLO."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()

    def test_it_tells_about_server_and_connection(self) -> None:
        """Without arguments nothing changes, and the fields are those of Redis."""
        self.session.server.modules.append(LoadedModule("my.module", "/my/module.py"))

        self.assertEqual(
            self.session.do("HELLO"),
            {
                b"server": b"redis",
                b"version": b"7.2.6",
                b"proto": 2,
                b"id": self.session.client.id,
                b"mode": b"standalone",
                b"role": b"master",
                b"modules": [
                    {b"name": b"my.module", b"ver": 1, b"path": b"/my/module.py", b"args": []}
                ],
            },
        )

    def test_its_own_reply_is_in_the_new_protocol(self) -> None:
        """HELLO 3 answers a map."""
        self.assertTrue(self.session.sent("HELLO", 3).startswith(b"%7\r\n"))
        self.assertEqual(self.session.sent("GET", "nothing"), b"_\r\n")
        self.assertTrue(self.session.sent("HELLO", 2).startswith(b"*14\r\n"))

    def test_unknown_versions_are_refused(self) -> None:
        """There are 2 and 3."""
        for version in (0, 1, 4, -3):
            self.assertEqual(
                self.session.error("HELLO", version), b"NOPROTO unsupported protocol version"
            )
        self.assertEqual(
            self.session.error("HELLO", "three"),
            b"ERR Protocol version is not an integer or out of range",
        )

    def test_unknown_options_are_named(self) -> None:
        """So is an option whose value is missing."""
        for words in (["FOO"], ["setname"], ["AUTH", "user"], ["SETNAME", "a", "auth"]):
            self.assertEqual(
                self.session.error("HELLO", 3, *words),
                b"ERR Syntax error in HELLO option '%b'"
                % (words[0] if len(words) < 3 else words[2]).encode(),
            )

    def test_a_refusal_changes_nothing(self) -> None:
        """Neither name nor protocol are set when the login fails."""
        error = self.session.error("HELLO", 3, "SETNAME", "me", "AUTH", "nobody", "x")

        self.assertEqual(error, WRONG_PASSWORD)
        self.assertIsNone(self.session.do("CLIENT", "GETNAME"))
        self.assertFalse(self.session.resp3)

    def test_bad_names_are_refused(self) -> None:
        """The name must stand in a line of CLIENT LIST."""
        self.assertEqual(
            self.session.error("HELLO", 3, "SETNAME", "a b"),
            b"ERR Client names cannot contain spaces, newlines or special characters.",
        )

    def test_it_logs_in(self) -> None:
        """With a password set, HELLO asks for it and takes it."""
        session = Session(requirepass=b"secret")

        self.assertTrue(
            session.error("HELLO", 3).startswith(b"NOAUTH HELLO must be called with the client")
        )
        session.do("HELLO", 3, "AUTH", "default", "secret", "SETNAME", "me")
        self.assertEqual(session.do("CLIENT", "GETNAME"), b"me")


class QuitAndResetTests(SynchronousTestCase):
    """QUIT and RESET."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()

    def test_quit_closes_after_its_reply(self) -> None:
        """The reply is OK, in a transaction as well."""
        self.session.do("MULTI")

        self.assertEqual(self.session.do("QUIT", "now"), OK)
        self.assertTrue(self.session.client.closing)

    def test_reset_makes_everything_new(self) -> None:
        """Transaction, watched keys, database, name, protocol and modes are as at the start."""
        client = self.session.client
        self.session.do("SELECT", 2)
        self.session.do("CLIENT", "SETNAME", "me")
        self.session.do("CLIENT", "NO-TOUCH", "ON")
        self.session.do("CLIENT", "NO-EVICT", "ON")
        self.session.do("HELLO", 3)
        self.session.do("WATCH", "k")
        self.session.do("MULTI")
        self.assertEqual(self.session.do("SET", "k", "v"), QUEUED)

        self.assertEqual(self.session.do("RESET"), Simple(b"RESET"))

        self.assertEqual(self.session.error("EXEC"), b"ERR EXEC without MULTI")
        self.assertEqual(len(self.session.server.watched), 0)
        self.assertEqual(self.session.db.number, 0)
        self.assertIsNone(self.session.do("CLIENT", "GETNAME"))
        self.assertEqual((client.resp, client.no_touch, client.no_evict), (2, False, False))
        self.assertFalse(client.special)

    def test_reset_keeps_the_library(self) -> None:
        """The library is still the same."""
        self.session.do("CLIENT", "SETINFO", "LIB-NAME", "lib")
        self.session.do("RESET")

        self.assertEqual(self.session.client.library_name, b"lib")

    def test_reset_answers_after_replies_were_off(self) -> None:
        """RESET ends CLIENT REPLY OFF."""
        self.session.do("CLIENT", "REPLY", "OFF")

        self.assertEqual(self.session.do("RESET"), Simple(b"RESET"))
        self.assertNotIsInstance(self.session.do("PING"), RedisError)
