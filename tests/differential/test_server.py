"""Server commands, and what is said of commands, compared with a real server."""

from __future__ import annotations

from collections.abc import Sequence

from tests.differential.compare import shown
from tests.differential.families import DifferentialTestCase, FamilyTests
from tests.differential.frames import Node, parse
from tests.differential.mutations import Sample
from tests.differential.peers import Peer
from tests.differential.script import Scenario, step

#: Calls whose keys COMMAND GETKEYS is asked for.
_CALLS = """
    GET k|SET k v|SET k v GET|MGET a b c|MSET a 1 b 2|MSETNX a 1|GETEX k|GETDEL k|LCS a b|STRLEN k
    LPUSH l a b|LMOVE a b LEFT RIGHT|LMPOP 2 a b LEFT|LMPOP 1 a LEFT COUNT 2|RPOPLPUSH a b|LINSERT l BEFORE a b
    SADD s a|SMOVE a b m|SINTER a b|SINTERSTORE d a b|SINTERCARD 2 a b LIMIT 1|SUNIONSTORE d a|SDIFF a b c
    HSET h f v|HGETALL h|HSCAN h 0|DEL a b|UNLINK a|EXISTS a b|TOUCH a|RENAME a b|COPY a b|MOVE a 1|TYPE a
    OBJECT ENCODING k|EXPIRE k 1|PEXPIREAT k 1|TTL k|PERSIST k|PING|SCAN 0|KEYS *|ECHO a|DBSIZE|CLIENT ID|foo bar
    GET|SET k|LMPOP 0 a LEFT|LMPOP x a LEFT|LMPOP 3 a b LEFT|SINTERCARD 2 a|MSET a 1 b|MSET|CONFIG GET x|GET a b
"""


class ServerTests(FamilyTests):
    """Server commands answer as Redis does."""

    scenarios = {
        "unknown commands": (
            step("FOO"),
            step("foo", "bar", "baz"),
            step("fOo", "a" * 200, "b"),
            step("x" * 300, "a", "b"),
            step(""),
            step("", "a"),
            step("foo", "'quoted'", '"more"', "\\"),
            step("foo\r\nbar", "a\r\nb"),
            step(b"\x00\xff", b"\x00\xff"),
            # Not here: "get\x00", which Redis takes for GET when its hash seed puts both
            # into one bucket.
            step(" GET", "a"),
            step("foo", *"abcdefghijklmnopqrstuvwxyz" * 10),
            step("foo", "", ""),
            step("foo", "x" * 127),
            step("foo", "x" * 128),
            step("foo", "x" * 129),
            step("foo", "x" * 100, "y" * 100),
        ),
        "wrong arity": "GET ; GET a b ; SET ; SET a ; DEL ; PING a b ; get ; SeT k ; TYPE ; CONFIG ; OBJECT ; COMMAND COUNT x ; CONFIG GET ; CLIENT SETNAME a b ; DBSIZE x ; TIME x",
        "subcommands": """
            CONFIG foo ; CONFIG foo bar ; CONFIG GET ; CONFIG SET ; CONFIG SET a ; CONFIG RESETSTAT x ; CONFIG REWRITE x ; COMMAND foo
            COMMAND foo bar ; COMMAND GETKEYS ; config get ; config FOO ; CONFIG '' ; OBJECT '' ; command Foo
        """,
        "TIME": "TIME ; time ; TIME x",
        "LASTSAVE": Scenario("~type LASTSAVE ; LASTSAVE x", needs=("LASTSAVE",)),
        "COMMAND COUNT and LIST": """
            COMMAND COUNT ; COMMAND LIST ; ~unordered COMMAND LIST FILTERBY PATTERN sint* ; COMMAND LIST FILTERBY PATTERN nothing*
            ~unordered COMMAND LIST FILTERBY PATTERN get ; COMMAND LIST FILTERBY ACLCAT nonsense ; COMMAND LIST FILTERBY MODULE nonsense
            COMMAND LIST FILTERBY ; COMMAND LIST FILTERBY PATTERN ; COMMAND LIST FILTERBY FOO x ; COMMAND LIST FOO x y ; COMMAND LIST x
            ~unordered COMMAND LIST filterby pattern GET ; ~unordered COMMAND LIST FILTERBY PATTERN config|* ; COMMAND LIST FILTERBY PATTERN a b
            ~unordered COMMAND LIST FILTERBY ACLCAT bitmap ; ~unordered COMMAND LIST FILTERBY PATTERN GETR*
        """,
        "COMMAND INFO of nothing": "COMMAND INFO nonsense ; COMMAND INFO nonsense more ; COMMAND INFO config|nonsense ; COMMAND INFO ''",
        "COMMAND DOCS of nothing": "COMMAND DOCS nonsense ; COMMAND DOCS nonsense more ; COMMAND DOCS config|nonsense",
        "CONFIG GET": """
            CONFIG GET nonsense ; CONFIG GET maxmemory ; CONFIG GET MAXMEMORY ; CONFIG GET maxmemory maxmemory ; CONFIG GET maxmemory-pol*
            CONFIG GET hash-max-listpack-* ; CONFIG GET hash-max-ziplist-entries ; CONFIG GET '' ; CONFIG GET maxmemory nonsense appendonly
            CONFIG GET list-max-listpack-size ; CONFIG GET lis[t]-compress-depth ; CONFIG GET databases ; CONFIG GET save
            CONFIG GET list-max-ziplist-size ; CONFIG GET hash-*-entries hash-max-listpack-entries
        """,
        "CONFIG SET of nonsense": """
            CONFIG SET nonsense 1 ; CONFIG SET maxmemory ; CONFIG SET maxmemory 1 nonsense ; CONFIG SET nonsense 1 other 2
            CONFIG SET maxmemory 0 maxmemory 0 ; CONFIG SET '' 1 ; CONFIG SET databases 4 ; CONFIG SET maxmemory 0 databases 4
            CONFIG SET daemonize yes ; CONFIG SET hash-max-listpack-entries abc ; CONFIG SET hash-max-listpack-entries -1
            CONFIG SET hash-max-listpack-entries 99999999999999999999 ; CONFIG SET maxmemory-policy nonsense ; CONFIG SET lazyfree-lazy-expire maybe
            CONFIG SET maxmemory 1xb ; CONFIG SET maxmemory -1 ; CONFIG SET maxmemory '' ; CONFIG SET hz abc ; CONFIG SET maxmemory-samples 0
            CONFIG SET hash-max-listpack-entries 5 hash-max-listpack-value abc ; CONFIG GET hash-max-listpack-entries
            CONFIG SET list-max-listpack-size abc ; CONFIG SET maxmemory-policy '' ; CONFIG SET lfu-log-factor -1
        """,
        "CONFIG SET": Scenario(
            """
            CONFIG SET maxmemory 1gb ; CONFIG GET maxmemory ; CONFIG SET maxmemory 2K ; CONFIG SET maxmemory 100mb ; CONFIG GET maxmemory
            CONFIG SET MAXMEMORY 0 ; CONFIG SET maxmemory-policy ALLKEYS-LRU ; CONFIG GET maxmemory-policy
            CONFIG SET hash-max-ziplist-entries 7 ; CONFIG GET hash-max-listpack-entries ; CONFIG SET lazyfree-lazy-expire YES
            CONFIG GET lazyfree-lazy-expire ; CONFIG SET maxmemory-samples 7 lfu-log-factor 9 ; CONFIG GET maxmemory-samples lfu-log-factor
            CONFIG SET hz 1000 ; CONFIG GET hz ; CONFIG SET hz 0 ; CONFIG GET hz
            """,
            config={
                "maxmemory": "0",
                "maxmemory-policy": "noeviction",
                "hash-max-listpack-entries": "128",
                "lazyfree-lazy-expire": "no",
                "maxmemory-samples": "5",
                "lfu-log-factor": "10",
                "hz": "10",
            },
        ),
        "CONFIG RESETSTAT and REWRITE": "CONFIG RESETSTAT ; CONFIG REWRITE ; config resetstat",
        "CONFIG SET takes effect at once": Scenario(
            """
            %many 5 2 HSET h f{} v{} ; OBJECT ENCODING h ; CONFIG SET hash-max-listpack-entries 4 ; OBJECT ENCODING h
            HSET h f0 x ; OBJECT ENCODING h ; HSET h g x ; OBJECT ENCODING h ; HSET i f aaaaaaaaaa ; OBJECT ENCODING i
            CONFIG SET hash-max-listpack-value 5 ; HSET j f aaaaaaaaaa ; OBJECT ENCODING j
            CONFIG SET set-max-intset-entries 2 ; SADD s 1 2 ; OBJECT ENCODING s
            """,
            config={
                "hash-max-listpack-entries": "128",
                "hash-max-listpack-value": "64",
                "set-max-intset-entries": "512",
            },
        ),
        "SHUTDOWN that is refused": "SHUTDOWN foo ; SHUTDOWN SAVE NOSAVE ; SHUTDOWN ABORT ; SHUTDOWN ABORT NOW ; SHUTDOWN SAVE ABORT ; SHUTDOWN NOW x",
        "LOLWUT": "~type LOLWUT ; ~type LOLWUT VERSION ; LOLWUT VERSION abc ; ~type LOLWUT VERSION 5 ; ~type LOLWUT VERSION 5 10 ; ~type LOLWUT VERSION 6 ; ~type LOLWUT x",
        "DEBUG": Scenario(
            """
            DEBUG SLEEP 0 ; DEBUG SLEEP ; DEBUG JMAP ; DEBUG SET-ACTIVE-EXPIRE 1 ; DEBUG SET-ACTIVE-EXPIRE ; DEBUG nonsense ; DEBUG
            DEBUG OBJECT missing ; DEBUG PROTOCOL string ; DEBUG PROTOCOL integer ; DEBUG PROTOCOL double ; DEBUG PROTOCOL null
            DEBUG PROTOCOL array ; DEBUG PROTOCOL set ; DEBUG PROTOCOL map ; DEBUG PROTOCOL true ; DEBUG PROTOCOL false
            DEBUG PROTOCOL bignum ; DEBUG PROTOCOL verbatim ; DEBUG PROTOCOL attrib ; DEBUG PROTOCOL nonsense
            DEBUG QUICKLIST-PACKED-THRESHOLD 100b ; DEBUG QUICKLIST-PACKED-THRESHOLD 0
            """,
            needs=("DEBUG",),
        ),
    }

    samples = [
        Sample("COMMAND COUNT"),
        Sample("CONFIG GET maxmemory", form="unordered_pairs", without=(b"*",)),
        Sample("CONFIG RESETSTAT"),
        Sample(
            "COMMAND LIST",
            "FILTERBY PATTERN get|FILTERBY ACLCAT nonsense|FILTERBY MODULE x",
            form="type",
        ),
        Sample("TIME"),
    ]


class CommandTests(DifferentialTestCase):
    """What COMMAND says of each command that PyRedis has."""

    def test_keys_of_calls(self) -> None:
        """COMMAND GETKEYS and GETKEYSANDFLAGS find the same keys."""
        self.require("7.2")
        lines = [
            f"COMMAND {subcommand} {call.strip()}"
            for call in _CALLS.replace("\n", "|").split("|")
            if call.strip()
            for subcommand in ("GETKEYS", "GETKEYSANDFLAGS")
        ]
        self.same("\n".join(lines))

    def test_info_of_every_command(self) -> None:
        """COMMAND INFO is the same: arity, flags, keys, categories, tips; notes have own words."""
        self.require("7.2")
        self._same_of_every_command("INFO", _INFO_FIELDS)

    def test_arguments_of_every_command(self) -> None:
        """COMMAND DOCS is the same but for the words of summaries, complexities and notes."""
        self.require("7.2")
        self._same_of_every_command("DOCS", ())

    def test_subcommands_of_every_container(self) -> None:
        """PyRedis has no subcommand that Redis does not have."""
        self.require("7.2")
        ours, theirs = set(self._names(self.pair.subject)), set(self._names(self.pair.oracle))
        commands = {name.partition("|")[0] for name in theirs}
        own = sorted(name for name in ours - theirs if name.partition("|")[0] in commands)
        self.assertEqual(own, [])

    def test_help_of_every_container(self) -> None:
        """HELP has the same first and last lines, and names the subcommands there are."""
        self.require("7.2")
        found = []
        ours = set(self._names(self.pair.subject))
        for name in self._names(self.pair.oracle):
            container, _, subcommand = name.partition("|")
            if subcommand != "HELP" or container not in ours:
                continue
            left, right = (
                peer.admin.call(container.encode(), b"HELP")
                for peer in (self.pair.oracle, self.pair.subject)
            )
            served = {name.partition("|")[2] for name in ours if name.startswith(f"{container}|")}
            if _help_facts(left, served) != _help_facts(right, served):
                found.append(
                    f"{container} HELP\n    redis:   {shown(left)}\n    pyredis: {shown(right)}"
                )
        self.assertEqual(found, [], "\n".join(found))

    @staticmethod
    def _names(peer: Peer) -> list[str]:
        """Return the names of all commands and subcommands of a server."""
        names = []
        for entry in peer.admin.ask("COMMAND").children or ():
            facts = entry.children or ()
            names.append(facts[0].text.decode().upper())
            names += [
                one.children[0].text.decode().upper()
                for one in facts[-1].children or ()
                if one.children
            ]
        return sorted(names)

    def _same_of_every_command(self, subcommand: str, fields: Sequence[str]) -> None:
        found = []
        theirs = set(self._names(self.pair.oracle))
        for name in self._names(self.pair.subject):
            if name not in theirs:
                continue
            left, right = (
                _facts(peer.admin.ask("COMMAND", subcommand, name), fields)
                for peer in (self.pair.oracle, self.pair.subject)
            )
            found += [
                f"{name} {field}\n    redis:   {left.get(field)}\n    pyredis: {right.get(field)}"
                for field in sorted(left.keys() | right.keys())
                if left.get(field) != right.get(field)
            ]
        self.assertEqual(found, [], "\n".join(found))


_INFO_FIELDS = (
    "name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs", "subcommands",
)  # fmt: skip

#: What has words of its own in PyRedis, or is compared a subcommand at a time.
_OWN_WORDS = frozenset(("summary", "complexity", "history", "subcommands", "notes", "replaced_by"))


def _facts(reply: Node, fields: Sequence[str]) -> dict[str, str]:
    """Return what INFO or DOCS says of a command, by field, as comparable text."""
    about = (reply.children or ())[-1].children or ()
    if fields:
        pairs = zip(fields, about, strict=True)
    else:
        pairs = zip((name.text.decode() for name in about[::2]), about[1::2], strict=True)
    return {name: _plain(value) for name, value in pairs if name not in _OWN_WORDS}


def _plain(node: Node) -> str:
    if node.children is None:
        return node.text.decode()
    parts = [_plain(child) for child in node.children]
    if node.kind == b"*" and parts[::2] and _OWN_WORDS.intersection(parts[::2]):
        parts = [part for at, part in enumerate(parts) if parts[at - at % 2] not in _OWN_WORDS]
    return f"[{' '.join(parts if _is_record(parts) else sorted(parts))}]"


def _is_record(parts: Sequence[str]) -> bool:
    """Whether these are names and values in turn, rather than a set in no order."""
    return len(parts) % 2 == 0 and bool({"flags", "type", "name"}.intersection(parts[::2]))


def _help_facts(reply: bytes, served: set[str]) -> object:
    """Return what HELP must say: its frame, and the subcommands that are served."""
    node = parse(reply)
    if node.children is None:
        return shown(reply)
    lines = [child.text.decode() for child in node.children]
    words = {line.split()[0] for line in lines[1:-2] if line.strip() and not line.startswith(" ")}
    kinds = {child.kind for child in node.children}
    return (kinds, lines[0], lines[-2:], words & served)


class InfoTests(DifferentialTestCase):
    """INFO has the sections and fields that monitoring reads."""

    def test_sections(self) -> None:
        """The same sections by default, by name and all together."""
        for words in (
            (),
            ("default",),
            ("all",),
            ("everything",),
            ("server", "clients"),
            ("nonsense",),
        ):
            sections = [
                [
                    line
                    for line in peer.admin.ask("INFO", *words).text.splitlines()
                    if line.startswith(b"# ")
                ]
                for peer in (self.pair.oracle, self.pair.subject)
            ]
            self.assertEqual(sections[1], sections[0], f"INFO {words}")

    def test_fields(self) -> None:
        """Every field of Redis's sections is there."""
        self.require("7.2")
        missing = []
        for section in (
            "server",
            "clients",
            "memory",
            "persistence",
            "stats",
            "replication",
            "cpu",
        ):
            theirs, ours = self.pair.oracle.info(section), self.pair.subject.info(section)
            missing += [
                f"{section}: {name}"
                for name in theirs
                if name not in ours and not name.startswith("listener")
            ]
        self.assertEqual(missing, [])

    def test_keyspace(self) -> None:
        """The keyspace section counts keys and expiries by database."""
        for peer in (self.pair.oracle, self.pair.subject):
            peer.reset()
            for words in (
                ("SET", "a", "1"), ("SET", "b", "1", "EX", "1000"), ("SELECT", "3"), ("SET", "c", "1"),
                ("SELECT", "0"),
            ):  # fmt: skip
                peer.admin.ask(*words)
        texts = [
            {name: text.split(",avg_ttl")[0] for name, text in peer.info("keyspace").items()}
            for peer in (self.pair.oracle, self.pair.subject)
        ]
        self.assertEqual(texts[1], texts[0])

    def test_command_statistics_have_the_same_shape(self) -> None:
        """A call, a failed and a rejected one are counted in the same fields."""
        lines = []
        for peer in (self.pair.oracle, self.pair.subject):
            peer.reset()
            peer.admin.ask("CONFIG", "RESETSTAT")
            for words in (
                ("SET", "k", "v"),
                ("GET", "k"),
                ("GET", "k"),
                ("LPUSH", "k", "a"),
                ("GET",),
            ):
                peer.admin.ask(*words)
            stats = {**peer.info("commandstats"), **peer.info("errorstats")}
            lines.append(
                {
                    name: [field for field in text.split(",") if not field.startswith("usec")]
                    for name, text in stats.items()
                    if name in ("cmdstat_get", "cmdstat_lpush", "cmdstat_set") or "error" in name
                }
            )
        self.assertEqual(lines[1], lines[0])


class ConfigTests(DifferentialTestCase):
    """CONFIG over every parameter that both servers have."""

    #: Parameters that name this process, machine or version, or that each chooses itself.
    own = """
        port bind unixsocket dir pidfile logfile dbfilename proc-title-template save
        maxclients enable-debug-command locale-collate bind-source-addr unixsocketperm
    """
    #: Parameters that may be set to anything without ending the test run.
    harmless = """
        hash-max-listpack-entries hash-max-listpack-value set-max-intset-entries
        list-compress-depth list-max-listpack-size zset-max-listpack-entries
        zset-max-listpack-value maxmemory-policy maxmemory-samples lfu-log-factor
        lfu-decay-time lazyfree-lazy-expire lazyfree-lazy-user-del
        slowlog-log-slower-than slowlog-max-len latency-monitor-threshold
        notify-keyspace-events activerehashing hz dynamic-hz stream-node-max-bytes
        stream-node-max-entries hll-sparse-max-bytes active-expire-effort loglevel
        tracking-table-max-keys acllog-max-len stop-writes-on-bgsave-error
        rdbcompression timeout-nothing proto-max-bulk-len tcp-keepalive appendfsync
        no-appendfsync-on-rewrite auto-aof-rewrite-percentage auto-aof-rewrite-min-size
        busy-reply-threshold maxmemory-eviction-tenacity client-query-buffer-limit
        client-output-buffer-limit oom-score-adj-values shutdown-timeout databases
        appendfilename repl-backlog-size min-replicas-to-write replica-read-only
    """
    values = (
        "", "abc", "-1", "0", "1", "yes", "no", "YES", "1.5", "10", "101", "1001", "100000", "1kb", "1k", "2MB", "1gb",
        "1xb", "5%", "9223372036854775807", "9223372036854775808", "allkeys-lru", "KEA", "AKE", "xyz", "everysec", "notice",
        "normal 0 0 0", "normal 1mb 2mb 60 replica 0 0 0", "slave 1 1 1", "nonsense 0 0 0", "normal 0 0", " 1", "1 ", "0x10",
    )  # fmt: skip

    def test_defaults(self) -> None:
        """Every parameter has the default of Redis."""
        self.require("7.2")
        theirs, ours = (
            dict(
                zip(
                    *[iter(c.text for c in peer.admin.ask("CONFIG", "GET", "*").children or ())]
                    * 2,
                    strict=True,
                )
            )
            for peer in (self.pair.oracle, self.pair.subject)
        )
        found = [
            f"{name.decode()}: redis {value!r} pyredis {ours[name]!r}"
            for name, value in sorted(theirs.items())
            if name in ours and ours[name] != value and name.decode() not in self.own.split()
        ]
        self.assertEqual(found, [], "\n".join(found))

    def test_names(self) -> None:
        """Every parameter of Redis exists."""
        self.require("7.2")
        theirs, ours = (
            {c.text for c in (peer.admin.ask("CONFIG", "GET", "*").children or ())[::2]}
            for peer in (self.pair.oracle, self.pair.subject)
        )
        self.assertEqual(sorted(theirs - ours), [])

    def test_setting_to_anything(self) -> None:
        """The same values are taken, told back alike, or refused in the same words."""
        self.require("7.2")
        found = []
        for name in self.harmless.split():
            before = [peer.admin.ask("CONFIG", "GET", name).children for peer in self._peers()]
            if not all(before):
                continue
            for value in self.values:
                if name == "proto-max-bulk-len" and value in ("0", "1", "10"):
                    continue
                replies = [
                    peer.admin.call(b"CONFIG", b"SET", name.encode(), value.encode())
                    + peer.admin.call(b"CONFIG", b"GET", name.encode())
                    for peer in self._peers()
                ]
                if replies[0] != replies[1]:
                    shown_ = "\n".join(f"    {shown(reply)}" for reply in replies)
                    found.append(f"CONFIG SET {name} {value!r}\n{shown_}")
            for peer, held in zip(self._peers(), before, strict=True):
                assert held is not None
                peer.admin.call(b"CONFIG", b"SET", name.encode(), held[1].text)
        self.assertEqual(found, [], "\n".join(found))

    def _peers(self) -> tuple[Peer, Peer]:
        return (self.pair.oracle, self.pair.subject)
