"""Tests of pyredis.execution.permissions: the users of a server, asked about its requests."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.files import AclFileError
from pyredis.acl.log import Where
from pyredis.acl.selectors import READ, WRITE, Reason
from pyredis.acl.users import RefusedRule, User
from pyredis.execution.flags import FAST, READONLY
from pyredis.execution.permissions import CommandRequest, denial_text
from pyredis.execution.table import Declaration
from pyredis.wire.batches import Batch
from pyredis.wire.replies import OK
from tests.commands.session import Session


class PermissionTestCase(SynchronousTestCase):
    """A server with a user."""

    def setUp(self) -> None:
        """Make them."""
        self.session = Session()
        self.server = self.session.server
        self.access = self.server.access

    def user(self, *rules: bytes) -> User:
        """Make the user ann, who logs in without a password, and let the client be ann."""
        self.access.set_user(b"ann", [b"reset", b"on", b"nopass", *rules])
        self.assertEqual(self.session.do("AUTH", "ann", "x"), OK)
        return self.session.client.user


class RequestTests(PermissionTestCase):
    """What permissions ask of a request."""

    def request(self, *words: bytes) -> CommandRequest:
        """Return a request of words."""
        return self.access.request(self.server.table.resolve(words), words)

    def test_keys(self) -> None:
        """Each with what is done to it; a key that is only looked for needs nothing."""
        self.assertEqual(list(self.request(b"GET", b"k").find_keys()), [(1, READ)])
        self.assertEqual(self.request(b"SET", b"k", b"v").find_keys(), [(1, WRITE)])
        self.assertEqual(self.request(b"SET", b"k", b"v", b"GET").find_keys(), [(1, READ | WRITE)])
        self.assertEqual(self.request(b"EXISTS", b"k", b"l").find_keys(), [(1, 0), (2, 0)])
        self.assertEqual(self.request(b"COPY", b"a", b"b").find_keys(), [(1, READ), (2, WRITE)])
        self.assertEqual(
            self.request(b"EVAL", b"", b"2", b"a", b"b").find_keys(),
            [(3, READ | WRITE), (4, READ | WRITE)],
        )
        for words in (
            [b"SET"],
            [b"GET"],
            [b"EVAL", b"", b"x", b"a"],
            [b"PING"],
            [b"SPUBLISH", b"c"],
        ):
            self.assertEqual(list(self.request(*words).find_keys()), [])

    def test_channels(self) -> None:
        """Those that are used; leaving one is no use."""
        self.assertEqual(
            self.request(b"PSUBSCRIBE", b"a", b"b").find_channels(), [(1, True), (2, True)]
        )
        self.assertEqual(self.request(b"SPUBLISH", b"a", b"m").find_channels(), [(1, False)])
        self.assertEqual(self.request(b"UNSUBSCRIBE", b"a").find_channels(), ())
        self.assertEqual(self.request(b"PUBLISH").find_channels(), [])


class ShortWayTests(PermissionTestCase):
    """Which commands go the short way for whom."""

    def test_unrestricted(self) -> None:
        """All short commands: the table is the server's own. Scripts have the plain ones."""
        self.user(b"+@all", b"~*", b"&*")
        self.assertEqual(self.session.client.plain, self.server.table.short.get)
        self.assertEqual(self.session.client.plain_in_scripts, self.server.table.plain.get)
        self.assertFalse(self.session.client.special)

    def test_restricted(self) -> None:
        """Those that no key, or its keys alone, could keep from the user; the former in scripts."""
        self.user(b"+@all", b"-set", b"~a", b"(+get +set|x ~*)")
        names = (b"PING", b"get", b"SET", b"MGET", b"GET")
        client = self.session.client
        found = {name for name in names if client.plain(name)}
        in_scripts = {name for name in names if client.plain_in_scripts(name)}

        self.assertEqual(found, {b"PING", b"get", b"GET", b"MGET"})
        self.assertEqual(in_scripts, {b"PING", b"get", b"GET"})

    def test_commands_that_wait(self) -> None:
        """They go the short way, but not in scripts."""
        for rules in ((b"+@all", b"~*"), (b"+@all", b"-get", b"~*"), (b"+blpop", b"~l")):
            self.user(*rules)
            self.assertIsNotNone(self.session.client.plain(b"BLPOP"))
            self.assertIsNone(self.session.client.plain_in_scripts(b"BLPOP"))
        self.user(b"+get", b"~*")
        self.assertIsNone(self.session.client.plain(b"BLPOP"))

    def test_waiting_on_the_short_way(self) -> None:
        """A user that may use some keys only waits for them as anybody."""
        self.user(b"+@all", b"~l")
        dispatcher = self.server.dispatcher
        replies: list[bytes] = []

        def run(*argv: bytes) -> bytes:
            replies.clear()
            dispatcher.run(self.session.client, iter([argv]), replies.append)
            return b"".join(replies)

        self.assertIn(b"-NOPERM", run(b"BLPOP", b"other", b"0"))
        self.assertEqual(run(b"BLPOP", b"l", b"0"), b"")
        self.assertTrue(self.session.waits)
        self.session.another().do("RPUSH", "l", "a", "b")
        self.assertEqual(self.session.written, [[b"l", b"a"]])
        self.assertEqual(run(b"BLPOP", b"l", b"0"), b"*2\r\n$1\r\nl\r\n$1\r\nb\r\n")
        self.assertEqual(self.server.table.commands["BLPOP"].calls, 2)

    def test_pipelines_of_one_command(self) -> None:
        """They are refused as a whole to who may not run the command, or not with all keys."""
        dispatcher = self.server.dispatcher
        batch = Batch(b"GET", 2, 1, (b"a", b"b"))
        self.user(b"+@all", b"~*")
        self.assertEqual(dispatcher.run_batch(self.session.client, batch), [None, None])
        for rules in ((b"+@all", b"-get", b"~*"), (b"+@all", b"~a")):
            self.user(*rules)
            self.assertEqual(dispatcher.run_batch(self.session.client, batch), [])

    def test_a_change_is_felt_at_once(self) -> None:
        """By clients that are connected."""
        self.user(b"+@all", b"~*")
        self.assertIsNotNone(self.session.client.plain(b"GET"))
        self.access.set_user(b"ann", [b"-get"])
        self.assertIsNone(self.session.client.plain(b"GET"))

    def test_renamed_commands(self) -> None:
        """Rules call them by the names they always had."""
        table = self.server.table
        table.add(table.remove("GET"), "FETCH")
        self.user(b"+get", b"~*")

        self.assertIsNone(self.session.do("FETCH", "k"))
        self.assertIsNotNone(self.session.client.plain(b"FETCH"))

    def test_commands_that_come_later(self) -> None:
        """Users that may do everything may run them, short way and long."""
        self.user(b"+@all", b"-get", b"~*")

        def later(ctx: object, key: bytes) -> bytes:
            """Return the key."""
            return key

        self.server.table.add(Declaration("LATER", later, arity=2, flags=READONLY | FAST))
        request = self.access.request(self.server.table.commands["LATER"], [b"LATER"])
        self.assertIsNotNone(self.session.client.user.denial(request))
        self.access.commands_added()

        self.assertEqual(self.session.do("LATER", "k"), b"k")
        self.assertIsNotNone(self.session.client.plain(b"LATER"))
        self.assertIsNone(self.session.client.plain(b"GET"))


class RefusalTests(PermissionTestCase):
    """What is refused, and what is known of it afterwards."""

    def test_texts(self) -> None:
        """Short for the client, with names for DRYRUN."""
        user = self.user(b"+get", b"+publish", b"~a")
        shown = []
        for line in (b"SET k v", b"GET k", b"PUBLISH c m"):
            argv = line.split()
            command = self.server.table.resolve(argv)
            denial = user.denial(self.access.request(command, argv))
            assert denial is not None
            shown += [
                denial_text(denial, user, command, argv, verbose) for verbose in (False, True)
            ]

        self.assertEqual(
            shown,
            [
                b"User ann has no permissions to run the 'set' command",
                b"User ann has no permissions to run the 'set' command",
                b"No permissions to access a key",
                b"User ann has no permissions to access the 'k' key",
                b"No permissions to access a channel",
                b"User ann has no permissions to access the 'c' channel",
            ],
        )

    def test_counted_and_logged(self) -> None:
        """By the reason, with the command, key or channel, and what it was part of."""
        self.user(b"+@all", b"-set", b"~a")
        for line in ("SET k v", "GET k", "PUBLISH c m"):
            self.session.do(*line.split())
        self.session.do("MULTI")
        self.session.do("GET", "b")

        self.assertEqual(
            [(e.reason, e.where, e.what, e.user_name) for e in self.access.log.newest(10)],
            [
                (Reason.KEY, Where.MULTI, b"b", b"ann"),
                (Reason.CHANNEL, Where.TOPLEVEL, b"c", b"ann"),
                (Reason.KEY, Where.TOPLEVEL, b"k", b"ann"),
                (Reason.COMMAND, Where.TOPLEVEL, b"set", b"ann"),
            ],
        )
        self.assertEqual(self.server.statistics.denials[Reason.KEY], 2)
        self.assertEqual(self.server.statistics.errors["NOPERM"], 4)

    def test_queued_commands_are_asked_for_again(self) -> None:
        """Even one before them in the transaction may have changed the rules."""
        self.user(b"+@all", b"~*")
        self.session.do("MULTI")
        self.session.do("ACL", "SETUSER", "ann", "-get")
        self.session.do("GET", "k")
        first, second = self.session.do("EXEC")

        self.assertEqual(first, OK)
        self.assertEqual(
            second.text,
            b"NOPERM ACLs rules changed between the moment the transaction was accumulated and "
            b"the EXEC call. This command is no longer allowed for the following reason: no "
            b"permission to execute the command or subcommand",
        )

    def test_a_command_that_waited(self) -> None:
        """It is refused when its turn comes."""
        other = self.session.another()
        self.user(b"+@all", b"~*")
        self.session.do("BLPOP", "l", 0)
        other.do("ACL", "SETUSER", "ann", "-blpop")
        other.do("RPUSH", "l", "a")

        [refused] = self.session.written
        self.assertIn(b"has no permissions to run the 'blpop'", refused.text)
        self.assertEqual(other.do("LLEN", "l"), 1)

    def test_the_superuser(self) -> None:
        """It may do everything whatever the default user may."""
        self.access.set_user(b"default", [b"reset"])
        self.session.client.become(self.access.superuser)
        self.assertEqual(self.session.do("SET", "k", "v"), OK)
        self.assertIsNone(self.access.users.find(self.access.superuser.name))


class ChangeTests(PermissionTestCase):
    """Who is cut off by a change."""

    def closed(self, *sessions: Session) -> list[bool]:
        """Tell which clients were hung up on."""
        return [session.client.closing for session in sessions]

    def test_a_deleted_user(self) -> None:
        """Its clients, and no others; they are nobody from then on."""
        other = self.session.another()
        self.user(b"+@all")
        self.assertTrue(self.access.delete_user(b"ann"))
        self.assertFalse(self.access.delete_user(b"ann"))

        self.assertEqual(self.closed(self.session, other), [True, False])
        self.assertFalse(self.session.client.authenticated)
        self.assertNotIn(self.session.client.id, self.server.clients)

    def test_a_file(self) -> None:
        """All clients of all users but the default one, even if nothing changed for them."""
        other = self.session.another()
        self.user(b"+@all")
        text = self.access.text()
        self.assertRaises(AclFileError, self.access.load, text + b"user x fun", "f")
        self.assertEqual(self.closed(self.session, other), [False, False])
        self.access.load(text, "f")

        self.assertEqual(self.closed(self.session, other), [True, False])
        self.assertEqual(self.access.text(), text)

    def test_subscribers(self) -> None:
        """Those that listen to what the user may not hear any more."""
        self.user(b"+@all", b"&a", b"&b*")
        others = [self.session.another() for _ in range(3)]
        for session, line in zip(
            [self.session, *others],
            ("SUBSCRIBE a", "PSUBSCRIBE b*", "SSUBSCRIBE b1", "PSUBSCRIBE a"),
            strict=True,
        ):
            session.do("AUTH", "ann", "x")
            session.do(*line.split())
        self.access.set_user(b"ann", [b"resetchannels", b"&a"])

        self.assertEqual(self.closed(self.session, *others), [False, True, True, False])

    def test_a_wrong_rule_cuts_off_nobody(self) -> None:
        """Nothing has changed."""
        self.user(b"+@all", b"&a")
        self.session.do("SUBSCRIBE", "a")
        self.assertRaises(RefusedRule, self.access.set_user, b"ann", [b"resetchannels", b"x"])
        self.assertEqual(self.closed(self.session), [False])
