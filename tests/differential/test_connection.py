"""Connection commands, compared with a real server."""

from __future__ import annotations

from collections.abc import Callable

from tests.differential.compare import shown
from tests.differential.families import DifferentialTestCase, FamilyTests
from tests.differential.forms import form_of
from tests.differential.mutations import Sample
from tests.differential.peers import Peer
from tests.differential.script import Scenario, since


class ConnectionTests(FamilyTests):
    """Connection commands answer as Redis does."""

    scenarios = {
        "PING and ECHO": r'PING ; PING hello ; PING "" ; PING a b ; ping ; ECHO hi ; ECHO "\x00\r\n" ; ECHO ; ECHO a b',
        "HELLO": """
            HELLO ; HELLO 2 ; HELLO 3 ; PING ; HELLO 2 ; HELLO 4 ; HELLO 1 ; HELLO 0 ; HELLO -1 ; HELLO abc ; HELLO ''
            HELLO 3 SETNAME bob ; CLIENT GETNAME ; HELLO 3 SETNAME 'a b' ; CLIENT GETNAME ; HELLO 3 SETNAME
            HELLO 3 AUTH ; HELLO 3 AUTH default ; HELLO 3 AUTH default any ; HELLO 3 AUTH nobody x ; HELLO 3 FOO
            HELLO 3 AUTH default x SETNAME al ; CLIENT GETNAME
            HELLO 3 3 ; HELLO 9223372036854775808 ; HELLO 2.0 ; hello 3 setname low ; CLIENT GETNAME
        """,
        "HELLO does all or nothing": since(
            "7.2", "HELLO 2 SETNAME zed AUTH nobody x ; CLIENT GETNAME"
        ),
        "HELLO changes how nil, maps and sets are written": "SADD s a ; HSET h f v ; HELLO 3 ; GET nil ; SMEMBERS s ; HGETALL h ; HELLO 2 ; GET nil ; SMEMBERS s ; HGETALL h",
        "AUTH without a password": "AUTH x ; AUTH default x ; AUTH nobody x ; AUTH ; AUTH a b c ; AUTH '' ; AUTH default '' ; PING",
        "QUIT": Scenario("SET k v ; QUIT ; PING ; @b GET k"),
        "QUIT takes what it is given": Scenario("QUIT now please ; PING"),
        "RESET": """
            SELECT 1 ; CLIENT SETNAME bob ; HELLO 3 ; RESET ; CLIENT GETNAME ; SET k v ; SELECT 0 ; GET k ; GET nil ; RESET x
            reset ; PING
        """,
        "RESET ends MULTI": Scenario("MULTI ; SET k v ; RESET ; GET k ; EXEC", needs=("MULTI",)),
        "CLIENT SETNAME and GETNAME": r"""
            CLIENT GETNAME ; CLIENT SETNAME bob ; CLIENT GETNAME ; CLIENT SETNAME '' ; CLIENT GETNAME ; CLIENT SETNAME 'a b'
            CLIENT SETNAME "a\nb" ; CLIENT SETNAME "\xc3\xa9" ; CLIENT GETNAME ; CLIENT SETNAME ; CLIENT GETNAME x
            client setname ann ; @b CLIENT GETNAME ; CLIENT GETNAME ; CLIENT SETNAME ~!@# ; CLIENT GETNAME
        """,
        "CLIENT ID": "CLIENT ID ; CLIENT ID x",
        "CLIENT LIST and INFO": since(
            "7.2",
            "CLIENT INFO ; CLIENT INFO x ; CLIENT SETNAME bob ; @b CLIENT INFO ; CLIENT LIST TYPE pubsub",
        ),
        "CLIENT LIST filters": """
            CLIENT LIST TYPE foo ; CLIENT LIST TYPE master ; CLIENT LIST TYPE replica ; CLIENT LIST TYPE pubsub ; CLIENT LIST TYPE
            CLIENT LIST FOO ; CLIENT LIST ID ; CLIENT LIST ID abc ; CLIENT LIST ID 0 ; CLIENT LIST ID -1
            CLIENT LIST ID 999999999 888888888 ; CLIENT LIST TYPE normal foo ; CLIENT LIST ID 1 x
        """,
        "CLIENT KILL of nobody": """
            CLIENT KILL ; CLIENT KILL 1.2.3.4:5 ; CLIENT KILL ID 999999999 ; CLIENT KILL ID abc ; CLIENT KILL ID 0 ; CLIENT KILL ID -1
            CLIENT KILL TYPE foo ; CLIENT KILL TYPE pubsub ; CLIENT KILL ADDR 1.2.3.4:5 ; CLIENT KILL LADDR 1.2.3.4:5
            CLIENT KILL USER nobody ; CLIENT KILL SKIPME maybe ; CLIENT KILL FOO bar ; CLIENT KILL ID ; CLIENT KILL ID 999999999 TYPE
            CLIENT KILL ID 999999999 SKIPME no ; CLIENT KILL ID 999999999 TYPE normal USER default ADDR 1:1 ; CLIENT KILL ID 999999999 x
            CLIENT KILL ''
        """,
        "CLIENT NO-EVICT": "CLIENT NO-EVICT ON ; CLIENT NO-EVICT off ; CLIENT NO-EVICT maybe ; CLIENT NO-EVICT ; CLIENT NO-EVICT ON x",
        "CLIENT NO-TOUCH": since(
            "7.2",
            "CLIENT NO-TOUCH ON ; CLIENT NO-TOUCH off ; CLIENT NO-TOUCH maybe ; CLIENT NO-TOUCH",
        ),
        "CLIENT SETINFO": since(
            "7.2",
            r"""
            CLIENT SETINFO LIB-NAME redis-py ; CLIENT SETINFO lib-ver 1.2.3 ; CLIENT SETINFO LIB-NAME 'a b' ; CLIENT SETINFO LIB-VER "a\n"
            CLIENT SETINFO FOO bar ; CLIENT SETINFO LIB-NAME ; CLIENT SETINFO ; CLIENT SETINFO LIB-NAME '' ; CLIENT SETINFO LIB-NAME "\xff"
            CLIENT SETINFO LIB-NAME a b
            """,
        ),
        "CLIENT REPLY ON": "CLIENT REPLY ON ; CLIENT REPLY maybe ; CLIENT REPLY ; CLIENT REPLY ON x ; PING",
        "CLIENT UNBLOCK of nobody": """
            CLIENT UNBLOCK 999999999 ; CLIENT UNBLOCK 999999999 TIMEOUT ; CLIENT UNBLOCK 999999999 error ; CLIENT UNBLOCK abc
            CLIENT UNBLOCK 1 foo ; CLIENT UNBLOCK ; CLIENT UNBLOCK 1 ERROR x ; CLIENT UNBLOCK -1
        """,
        "no such subcommand": "CLIENT ; CLIENT foo ; CLIENT foo bar ; client FOO ; CLIENT '' ; CLIENT SETNAMES bob",
        "connections have their own database": "SELECT 1 ; SET k one ; @b SET k zero ; GET k ; @b SELECT 1 ; @b GET k ; @c GET k",
    }

    samples = [
        Sample("PING hello"),
        Sample("ECHO hello"),
        Sample("CLIENT SETNAME bob", without=(b"\x00",)),
        Sample("CLIENT GETNAME"),
        Sample("CLIENT NO-EVICT ON"),
        Sample("CLIENT NO-TOUCH ON", since="7.2"),
        Sample("CLIENT SETINFO LIB-NAME x", since="7.2"),
        Sample("CLIENT UNBLOCK 999999999 TIMEOUT", without=(b"1", b"2", b"+1", b"01")),
        Sample("CLIENT KILL ID 999999999", without=(b"1", b"2", b"+1", b"01")),
        Sample(
            "HELLO 2", "SETNAME bob|AUTH default x|AUTH nobody x", since="7.2", without=(b"\x00",)
        ),
        Sample("AUTH default any"),
    ]


class ClientTests(DifferentialTestCase):
    """CLIENT subcommands that need to know the ids of connections."""

    def both(self, play: Callable[[Peer], list[bytes]]) -> None:
        """Fail unless ``play`` returns the same for both servers."""
        expected, got = play(self.pair.oracle), play(self.pair.subject)
        self.assertEqual([shown(one) for one in got], [shown(one) for one in expected])

    def test_kill_by_id(self) -> None:
        """The victim is gone, the killer goes on, and SKIPME spares oneself."""

        def play(peer: Peer) -> list[bytes]:
            killer, victim = peer.connect(), peer.connect()
            self.addCleanup(killer.close)
            self.addCleanup(victim.close)
            own, other = killer.ask("CLIENT", "ID").text, victim.ask("CLIENT", "ID").text
            return [
                killer.call(b"CLIENT", b"KILL", b"ID", own),
                killer.call(b"CLIENT", b"KILL", b"ID", other),
                victim.reply(),
                killer.call(b"PING"),
                killer.call(b"CLIENT", b"KILL", b"ID", other),
                killer.call(b"CLIENT", b"KILL", b"ID", own, b"SKIPME", b"no"),
                killer.reply(),
            ]

        self.both(play)

    def test_kill_by_address(self) -> None:
        """Both the old form and the filter find a connection by its address."""

        def play(peer: Peer) -> list[bytes]:
            replies = []
            killer = peer.connect()
            self.addCleanup(killer.close)
            for words in ((), (b"ADDR",)):
                victim = peer.connect()
                self.addCleanup(victim.close)
                fields = victim.ask("CLIENT", "INFO").text.split()
                address = next(f[5:] for f in fields if f.startswith(b"addr="))
                if address.endswith(b":0"):  # All on a Unix socket share one address.
                    return [b"+OK\r\n", victim.CLOSED, b":1\r\n", victim.CLOSED]
                replies += [killer.call(b"CLIENT", b"KILL", *words, address), victim.reply()]
            return replies

        self.both(play)

    def test_list_by_id(self) -> None:
        """Ids that exist are listed, in the order asked for, others are left out."""

        def play(peer: Peer) -> list[bytes]:
            one, two = peer.connect(), peer.connect()
            self.addCleanup(one.close)
            self.addCleanup(two.close)
            one.call(b"CLIENT", b"SETNAME", b"one")
            two.call(b"CLIENT", b"SETNAME", b"two")
            ids = [two.ask("CLIENT", "ID").text, b"999999999", one.ask("CLIENT", "ID").text]
            text = one.ask("CLIENT", "LIST", "ID", *ids).text
            return [
                field for field in text.split() if field.startswith((b"name=", b"db=", b"cmd="))
            ]

        self.both(play)

    def test_fields_of_a_fresh_client(self) -> None:
        """What does not depend on the machine is the same: database, counts, flags."""
        self.require("7.2")
        steady = (b"name", b"db", b"sub", b"psub", b"ssub", b"multi", b"watch", b"flags", b"events")
        steady += (
            b"cmd",
            b"user",
            b"redir",
            b"resp",
            b"lib-name",
            b"lib-ver",
            b"argv-mem",
            b"qbuf",
        )

        def play(peer: Peer) -> list[bytes]:
            client = peer.connect(3)
            self.addCleanup(client.close)
            client.call(b"SELECT", b"3")
            client.call(b"CLIENT", b"SETINFO", b"LIB-NAME", b"here")
            text = client.ask("CLIENT", "INFO").text
            pairs = [field.partition(b"=") for field in text.split()]
            names = (b"argv-mem", b"qbuf", b"flags")
            return [
                name + b"=" + (value if name not in names else b"")
                for name, _, value in pairs
                if name in steady
            ]

        self.both(play)

    def test_a_password(self) -> None:
        """Before AUTH everything is refused but what Redis lets through."""
        self.require("7.2")
        script = [
            b"PING", b"GET k", b"HELLO", b"HELLO 3", b"AUTH wrong", b"AUTH default wrong", b"RESET",
            b"CLIENT ID", b"COMMAND COUNT", b"foo", b"GET", b"ECHO a", b"HELLO 3 AUTH default wrong",
            b"AUTH secret", b"PING", b"AUTH default secret", b"RESET", b"PING",
            b"HELLO 3 AUTH default secret SETNAME me", b"CLIENT GETNAME", b"RESET", b"QUIT", b"PING",
        ]  # fmt: skip
        with self.pair.configured({"requirepass": "secret"}):
            for first in (b"PING", b"QUIT", b"SELECT 1"):
                one, other = self.pair.oracle.connect(), self.pair.subject.connect()
                self.addCleanup(one.close)
                self.addCleanup(other.close)
                for line in [first, *script]:
                    argv = line.split()
                    expected, got = one.call(*argv), other.call(*argv)
                    if not form_of(argv)(expected, got):
                        self.assertEqual(shown(got), shown(expected), line)
