"""Tests of pyredis.commands.keys."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Simple
from tests.commands.session import Session

NO_SUCH_KEY = b"ERR no such key"
SYNTAX = b"ERR syntax error"
SAME = b"ERR source and destination objects are the same"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NO_DATABASE = b"ERR DB index is out of range"


class KeyCase(SynchronousTestCase):
    """A server in memory with a key of each type."""

    def setUp(self) -> None:
        """Start the server and fill it."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "v")
        self.do("RPUSH", "l", "a", "b")
        self.do("SADD", "t", "a")
        self.do("HSET", "h", "f", "v")
        self.do("ZADD", "z", 1, "a")
        self.do("XADD", "x", "1-1", "f", "v")

    def expire(self, key: str) -> None:
        """Let a key be past its deadline, but not yet removed."""
        self.do("PEXPIRE", key, 1)
        self.session.clock.advance(1)


class DeletionTests(KeyCase):
    """DEL, UNLINK, EXISTS and TOUCH."""

    def test_del_and_unlink_count_what_was_there(self) -> None:
        """A key given twice is deleted once."""
        for command in ("DEL", "UNLINK"):
            session = Session()
            session.do("MSET", "a", 1, "b", 2, "c", 3)
            self.assertEqual(session.do(command, "a", "a", "none", "b"), 2)
            self.assertEqual(session.do("DBSIZE"), 1)
            self.assertEqual(session.changes(command, "c", "none"), 1)

    def test_deletions_are_told(self) -> None:
        """Each key's own; of an expired one only that it expired."""
        self.expire("s")

        told = self.session.events("DEL", "s", "l", "none", "h")
        self.assertEqual(told, [(b"expired", b"s"), (b"del", b"l"), (b"del", b"h")])

    def test_an_expired_key_does_not_count(self) -> None:
        """DEL finds nothing to delete."""
        self.expire("s")

        self.assertEqual(self.do("DEL", "s"), 0)
        self.assertEqual(self.session.server.keyspace.expired_keys, 1)

    def test_exists_counts_repetitions(self) -> None:
        """Each time a key is given."""
        self.assertEqual(self.do("EXISTS", "s", "s", "none", "l"), 3)

    def test_touch_is_an_access_and_exists_is_none(self) -> None:
        """TOUCH makes a key young, and counts those that are there."""
        self.do("OBJECT", "IDLETIME", "s")
        self.session.clock.advance(10)
        self.do("EXISTS", "s")
        self.do("TYPE", "s")
        self.assertEqual(self.do("OBJECT", "IDLETIME", "s"), 10)

        self.assertEqual(self.do("TOUCH", "s", "s", "none"), 2)
        self.assertEqual(self.do("OBJECT", "IDLETIME", "s"), 0)

    def test_a_large_value_is_freed_later(self) -> None:
        """Neither command waits for it."""
        self.do("ZADD", "large", *[word for i in range(2000) for word in (i, f"m{i}")])
        self.do("UNLINK", "large")

        self.assertEqual(len(self.session.server.keyspace.lazy_free), 1)


class ListingTests(KeyCase):
    """KEYS, SCAN, RANDOMKEY and TYPE."""

    def test_keys(self) -> None:
        """Those that match a pattern, which may be the very name of one."""
        self.do("MSET", "", 1, "ab", 2, "a*", 3)

        self.assertEqual(len(self.do("KEYS", "*")), 9)
        self.assertEqual(sorted(self.do("KEYS", "a*")), [b"a*", b"ab"])
        self.assertEqual(self.do("KEYS", "a\\*"), [b"a*"])
        self.assertEqual(self.do("KEYS", "ab"), [b"ab"])
        self.assertEqual(self.do("KEYS", "a"), [])
        self.assertEqual(self.do("KEYS", ""), [b""])
        self.assertEqual(len(self.do("KEYS", "?")), 6)

    def test_keys_leaves_out_what_has_expired(self) -> None:
        """And removes nothing."""
        self.expire("s")

        for pattern in ("*", "s", "[s]"):
            self.assertNotIn(b"s", self.do("KEYS", pattern))
        self.assertEqual(self.do("DBSIZE"), 6)

    def test_scan_finds_all_that_stays(self) -> None:
        """However many keys come and go in between."""
        for number in range(500):
            self.do("SET", f"stay:{number}", number)
        found: set[bytes] = set()
        cursor = b"0"
        turn = 0
        while True:
            cursor, page = self.do("SCAN", cursor, "COUNT", 20)
            found.update(page)
            if cursor == b"0":
                break
            turn += 1
            self.do("MSET", *[word for i in range(20) for word in (f"new:{turn}:{i}", 1)])
            self.do("DEL", *[f"new:{turn - 1}:{i}" for i in range(20)])

        self.assertLessEqual({b"stay:%d" % number for number in range(500)}, found)

    def test_scan_filters(self) -> None:
        """By pattern and by type, in any case; of an unknown type there is nothing."""
        self.assertEqual(self.do("SCAN", 0, "TYPE", "LIST"), [b"0", [b"l"]])
        self.assertEqual(self.do("SCAN", 0, "MATCH", "[sz]", "TYPE", "zset"), [b"0", [b"z"]])
        self.assertEqual(self.do("SCAN", 0, "TYPE", "nonsense"), [b"0", []])
        self.assertEqual(sorted(self.do("SCAN", 0, "MATCH", "?")[1]), sorted(self.do("KEYS", "?")))

    def test_scan_expires(self) -> None:
        """What is past its deadline is removed on the way."""
        self.expire("s")
        self.assertNotIn(b"s", self.do("SCAN", 0, "COUNT", 100)[1])
        self.assertEqual(self.do("DBSIZE"), 5)
        self.expire("l")
        self.assertEqual(self.do("SCAN", 0, "COUNT", 100, "TYPE", "list"), [b"0", []])
        self.assertEqual(self.do("DBSIZE"), 4)

    def test_scan_refuses(self) -> None:
        """A wrong cursor before wrong options."""
        self.assertEqual(self.error("SCAN", "x", "FOO"), b"ERR invalid cursor")
        self.assertEqual(self.error("SCAN", 0, "FOO", "x"), SYNTAX)
        self.assertEqual(self.error("SCAN", 0, "COUNT", 0), SYNTAX)
        self.assertEqual(self.error("SCAN", 0, "COUNT", "x"), NOT_INTEGER)
        self.assertEqual(self.error("SCAN", 0, "TYPE"), SYNTAX)

    def test_randomkey(self) -> None:
        """One of the keys; none of an empty database, or of expired keys only."""
        self.assertIn(self.do("RANDOMKEY"), {b"s", b"l", b"t", b"h", b"z", b"x"})
        self.do("FLUSHALL")
        self.do("SET", "k", "v", "PX", 1)
        self.session.clock.advance(1)

        self.assertIsNone(self.do("RANDOMKEY"))

    def test_type(self) -> None:
        """As Redis names them."""
        names = [self.do("TYPE", key) for key in ("s", "l", "t", "h", "z", "x", "none")]

        texts = (b"string", b"list", b"set", b"hash", b"zset", b"stream", b"none")
        self.assertEqual(names, [Simple(text) for text in texts])


class RenamingTests(KeyCase):
    """RENAME, RENAMENX, COPY and MOVE."""

    def test_rename_takes_the_deadline_along(self) -> None:
        """And replaces what was there, with its deadline."""
        self.do("EXPIRE", "s", 100)
        self.assertEqual(self.do("RENAME", "s", "new"), OK)
        self.assertEqual((self.do("TTL", "new"), self.do("EXISTS", "s")), (100, 0))
        self.do("RENAME", "l", "new")

        self.assertEqual((self.do("TTL", "new"), self.do("LLEN", "new")), (-1, 2))

    def test_rename_of_nothing(self) -> None:
        """Is refused, to itself as well."""
        for command in ("RENAME", "RENAMENX"):
            self.assertEqual(self.error(command, "none", "s"), NO_SUCH_KEY)
            self.assertEqual(self.error(command, "none", "none"), NO_SUCH_KEY)

    def test_rename_to_itself_changes_nothing(self) -> None:
        """It is no change to anybody."""
        self.assertEqual(self.do("RENAME", "s", "s"), OK)
        self.assertEqual(self.do("RENAMENX", "s", "s"), 0)
        self.assertEqual(self.session.events("RENAME", "s", "s"), [])

    def test_renames_are_told(self) -> None:
        """Of both keys, as one change; an overwritten key counts as new."""
        told = self.session.events("RENAME", "s", "l")
        self.assertEqual(told, [(b"new", b"l"), (b"rename_from", b"s"), (b"rename_to", b"l")])
        self.assertEqual(self.session.changes("RENAMENX", "l", "m"), 1)

    def test_renamenx_spares_what_is_there(self) -> None:
        """But not what has expired."""
        self.assertEqual(self.do("RENAMENX", "s", "l"), 0)
        self.expire("l")
        self.assertEqual(self.do("RENAMENX", "s", "l"), 1)
        self.assertEqual(self.do("GET", "l"), b"v")

    def test_a_renamed_value_is_not_freed(self) -> None:
        """It is the same value under another name."""
        self.do("ZADD", "large", *[word for i in range(2000) for word in (i, f"m{i}")])
        self.do("RENAME", "large", "other")

        self.assertEqual(len(self.session.server.keyspace.lazy_free), 0)
        self.assertEqual(self.do("ZCARD", "other"), 2000)

    def test_renaming_wakes_those_who_wait(self) -> None:
        """A list that gets the name they wait for serves them."""
        waiter = self.session.another()
        waiter.do("BLPOP", "q", 0)
        self.do("RENAME", "l", "q")

        self.assertEqual(waiter.written, [[b"q", b"a"]])

    def test_a_copy_is_its_own(self) -> None:
        """Of every type; changes of one are not seen in the other."""
        for key in ("s", "l", "t", "h", "z", "x"):
            self.assertEqual(self.do("COPY", key, key + "2"), 1)
        self.do("APPEND", "s2", "w")
        self.do("COPY", "s2", "s3")
        self.do("APPEND", "s3", "x")
        self.do("RPUSH", "l2", "c")
        self.do("SADD", "t2", "b")
        self.do("HSET", "h2", "f", "w")
        self.do("ZADD", "z2", 5, "a")
        self.do("XADD", "x2", "2-1", "f", "v")

        self.assertEqual(self.do("MGET", "s", "s2", "s3"), [b"v", b"vw", b"vwx"])
        self.assertEqual(self.do("LLEN", "l"), 2)
        self.assertEqual(self.do("SCARD", "t"), 1)
        self.assertEqual(self.do("HGET", "h", "f"), b"v")
        self.assertEqual(self.do("ZSCORE", "z", "a"), 1)
        self.assertEqual(self.do("XLEN", "x"), 1)

    def test_copy_replaces_only_if_asked_to(self) -> None:
        """The deadline is copied, too."""
        self.do("EXPIRE", "s", 100)
        self.assertEqual(self.do("COPY", "s", "l"), 0)
        self.assertEqual(self.do("COPY", "s", "l", "replace"), 1)
        self.assertEqual((self.do("GET", "l"), self.do("TTL", "l")), (b"v", 100))
        self.assertEqual(self.do("COPY", "none", "l", "REPLACE"), 0)
        self.assertEqual(self.session.events("COPY", "t", "l", "REPLACE")[-1], (b"copy_to", b"l"))

    def test_copy_to_another_database(self) -> None:
        """Under the same name, if there is none."""
        self.assertEqual(self.do("COPY", "s", "s", "DB", 1), 1)
        self.assertEqual(self.do("COPY", "s", "s", "DB", 1), 0)
        self.do("SELECT", 1)
        self.assertEqual(self.do("GET", "s"), b"v")

    def test_copy_refuses(self) -> None:
        """Options are read in their order, before any key."""
        self.assertEqual(self.error("COPY", "s", "s"), SAME)
        self.assertEqual(self.error("COPY", "none", "none", "DB", 0), SAME)
        self.assertEqual(self.error("COPY", "s", "x", "DB", 16), NO_DATABASE)
        self.assertEqual(self.error("COPY", "s", "x", "DB", -1), NO_DATABASE)
        self.assertEqual(self.error("COPY", "s", "x", "DB", "y", "FOO"), NOT_INTEGER)
        self.assertEqual(self.error("COPY", "s", "x", "DB"), SYNTAX)
        self.assertEqual(
            self.error("COPY", "s", "x", "DB", 1 << 40),
            b"ERR value is out of range, value must between -2147483648 and 2147483647",
        )

    def test_move(self) -> None:
        """With its deadline; not onto a key that is there."""
        self.do("EXPIRE", "s", 100)
        self.assertEqual(self.do("MOVE", "s", 1), 1)
        self.assertEqual(self.do("MOVE", "s", 1), 0)
        self.do("SET", "s", "other")
        self.assertEqual(self.do("MOVE", "s", 1), 0)
        self.do("SELECT", 1)

        self.assertEqual((self.do("GET", "s"), self.do("TTL", "s")), (b"v", 100))

    def test_move_is_told_in_both_databases(self) -> None:
        """As one change."""
        told: list[tuple[int, bytes]] = []
        self.session.server.keyspace.observe_events(
            lambda db, key, kind, event: told.append((db.number, event))
        )

        self.assertEqual(self.session.changes("MOVE", "s", 3), 1)
        self.assertEqual(told, [(3, b"new"), (0, b"move_from"), (3, b"move_to")])

    def test_move_refuses(self) -> None:
        """A database that is none, or the same."""
        self.assertEqual(self.error("MOVE", "s", 0), SAME)
        self.assertEqual(self.error("MOVE", "none", 99), NO_DATABASE)
        self.assertEqual(self.error("MOVE", "s", "x"), NOT_INTEGER)


class ObjectTests(KeyCase):
    """What OBJECT tells of a value."""

    def encoding(self, key: str) -> object:
        """Return what OBJECT ENCODING answers."""
        return self.do("OBJECT", "ENCODING", key)

    def test_encodings(self) -> None:
        """Those that Redis would use."""
        self.do("MSET", "int", 12, "long", "x" * 45)
        self.do("APPEND", "raw", "x")
        self.do("APPEND", "raw", "y")
        self.do("SADD", "ints", 1, 2)
        wanted = {"s": b"embstr", "int": b"int", "long": b"raw", "raw": b"raw", "x": b"stream"}
        wanted |= dict.fromkeys("lthz", b"listpack") | {"ints": b"intset"}

        self.assertEqual({key: self.encoding(key) for key in wanted}, wanted)

    def test_of_no_key(self) -> None:
        """Null, before anything else is looked at."""
        for subcommand in ("ENCODING", "FREQ", "IDLETIME", "REFCOUNT"):
            self.assertIsNone(self.do("OBJECT", subcommand, "none"))

    def test_nobody_is_told_of_a_miss(self) -> None:
        """But it counts as one."""
        self.assertEqual(self.session.events("OBJECT", "ENCODING", "none"), [])
        self.assertEqual(self.session.db.misses, 1)

    def test_small_integers_are_shared(self) -> None:
        """As Redis has one object for each of the first ten thousand, unless it evicts."""
        self.do("MSET", "a", 0, "b", 9999, "c", 10000, "d", -1, "e", "x")
        counts = [self.do("OBJECT", "REFCOUNT", key) for key in "abcde"]
        self.assertEqual(counts, [2**31 - 1, 2**31 - 1, 1, 1, 1])
        self.assertEqual(self.do("OBJECT", "REFCOUNT", "l"), 1)

        self.session.server.settings.maxmemory = 1 << 30
        self.assertEqual(self.do("OBJECT", "REFCOUNT", "a"), 2**31 - 1)
        self.session.server.settings.maxmemory_policy = "allkeys-lru"
        self.assertEqual(self.do("OBJECT", "REFCOUNT", "a"), 1)

    def test_idletime(self) -> None:
        """Seconds since the last access; asking is none."""
        self.do("OBJECT", "IDLETIME", "s")
        self.do("GET", "s")
        self.session.clock.advance(7.9)

        self.assertEqual(self.do("OBJECT", "IDLETIME", "s"), 7)
        self.assertEqual(self.do("OBJECT", "IDLETIME", "s"), 7)

    def test_freq_needs_an_lfu_policy_and_idletime_none(self) -> None:
        """The other is refused."""
        self.assertIn(b"LFU maxmemory policy is not selected", self.error("OBJECT", "FREQ", "s"))
        self.session.server.settings.maxmemory_policy = "volatile-lfu"
        self.assertEqual(self.do("OBJECT", "FREQ", "s"), 5)
        self.do("GET", "s")
        self.assertEqual(self.do("OBJECT", "FREQ", "s"), 6)
        self.assertIn(b"LFU maxmemory policy is selected", self.error("OBJECT", "IDLETIME", "s"))

    def test_help_names_all_subcommands(self) -> None:
        """And itself."""
        lines = [line.text for line in self.do("OBJECT", "HELP")]

        names = {line.split()[0] for line in lines if not line.startswith(b" ")}
        self.assertEqual(
            names, {b"OBJECT", b"ENCODING", b"FREQ", b"HELP", b"IDLETIME", b"REFCOUNT"}
        )
