"""Tests of pyredis.execution.key_specs."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.flags import (
    ACCESS,
    DELETE,
    INCOMPLETE,
    NOT_KEY,
    OW,
    RO,
    RW,
    UPDATE,
    VARIABLE_FLAGS,
)
from pyredis.execution.key_specs import (
    FoundKey,
    KeyNum,
    KeyRange,
    KeySpec,
    Keyword,
    UnknownKeys,
    find_keys_and_access,
    has_keys,
    is_movable,
    key_finder,
    legacy_range,
)


def migrate_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Stand in for a command's own way to find its keys."""
    return [(3, RW | ACCESS | DELETE)]


GET = (KeyRange(1, access=RO | ACCESS),)
MSET = (KeyRange(1, last=-1, step=2, access=OW | UPDATE),)
BLPOP = (KeyRange(1, last=-2, access=RW | ACCESS | DELETE),)
COPY = (KeyRange(1, access=RO | ACCESS), KeyRange(2, access=OW | UPDATE))
SINTERSTORE = (KeyRange(1, access=OW | UPDATE), KeyRange(2, last=-1, access=RO | ACCESS))
ZUNIONSTORE = (KeyRange(1, access=OW | UPDATE), KeyNum(2, access=RO | ACCESS))
XREAD = (KeyRange(Keyword("STREAMS"), last=-1, limit=2, access=RO | ACCESS),)
GEORADIUS = (
    KeyRange(1, access=RO | ACCESS),
    KeyRange(Keyword("STORE", 6), access=OW | UPDATE),
    KeyRange(Keyword("STOREDIST", 6), access=OW | UPDATE),
)
MIGRATE = (
    KeyRange(3, access=RW | ACCESS | DELETE),
    KeyRange(
        Keyword("KEYS", -2),
        last=-1,
        access=RW | ACCESS | DELETE | INCOMPLETE,
        positions=migrate_keys,
    ),
)
SORT = (KeyRange(1, access=RO | ACCESS), UnknownKeys(access=OW | UPDATE, notes="STORE"))
SPUBLISH = (KeyRange(1, access=NOT_KEY),)


def find(specs: Sequence[KeySpec], line: str) -> list[int]:
    """Find the keys in a typed command."""
    return list(key_finder(specs)(line.encode().split()))


class FindingKeysTests(SynchronousTestCase):
    """Which arguments are keys."""

    def test_a_single_key(self) -> None:
        """The simplest specification finds the one argument it names, if there is one."""
        self.assertEqual(find(GET, "GET k"), [1])
        self.assertEqual(find(GET, "GET"), [])

    def test_a_stepped_range(self) -> None:
        """MSET has a key in every second place; a missing last value is not looked for."""
        self.assertEqual(find(MSET, "MSET a 1 b 2 c 3"), [1, 3, 5])
        self.assertEqual(find(MSET, "MSET a 1 b"), [1, 3])

    def test_a_range_counted_from_the_end(self) -> None:
        """BLPOP's timeout, the last argument, is no key."""
        self.assertEqual(find(BLPOP, "BLPOP a b 0"), [1, 2])
        self.assertEqual(find(BLPOP, "BLPOP 0"), [])

    def test_a_number_of_keys(self) -> None:
        """The keys that an argument announces are found behind it."""
        self.assertEqual(find(ZUNIONSTORE, "ZUNIONSTORE d 2 a b WEIGHTS 1 2"), [1, 3, 4])

    def test_a_wrong_number_of_keys_finds_nothing(self) -> None:
        """If the number cannot be right, no argument counts as a key, not even others."""
        for number in ("0", "-1", "3", "02", "x", "+1", "99999999999999999999"):
            self.assertEqual(find(ZUNIONSTORE, f"ZUNIONSTORE d {number} a b"), [], number)
        self.assertEqual(find((KeyNum(1, access=RO),), "ZUNION"), [])

    def test_a_keyword_in_any_case(self) -> None:
        """Only the first half of what follows STREAMS are keys."""
        self.assertEqual(find(XREAD, "XREAD COUNT 1 streams a b 0-0 $"), [4, 5])
        self.assertEqual(find(XREAD, "XREAD COUNT 1"), [])

    def test_an_absent_keyword_leaves_the_other_keys(self) -> None:
        """GEORADIUS has a second key only with STORE or STOREDIST."""
        self.assertEqual(find(GEORADIUS, "GEORADIUS k 1 2 3 m"), [1])
        self.assertEqual(find(GEORADIUS, "GEORADIUS k 1 2 3 m storedist d"), [1, 7])
        self.assertEqual(find(GEORADIUS, "GEORADIUS STORE 1 2 3 m"), [1])

    def test_a_keyword_searched_from_the_end(self) -> None:
        """A negative start searches backward, so that a key of that name is not mistaken."""
        spec = KeyRange(Keyword("KEYS", -2), last=-1, access=RO)
        self.assertEqual(spec.find(b"MIGRATE h 1 x 0 9 KEYS KEYS b".split()), [8])
        self.assertEqual(spec.find(b"MIGRATE KEYS".split()), [])

    def test_an_incomplete_specification_asks_the_command(self) -> None:
        """What a specification may miss is left to the command's own function."""
        self.assertEqual(find(MIGRATE, "MIGRATE h 1 k 0 9 KEYS a b"), [3])
        self.assertEqual(find(MIGRATE, "MIGRATE h 1 k 0 9"), [3])

    def test_unknown_places_find_nothing_without_a_function(self) -> None:
        """A specification without places raises, and so the whole command has none."""
        self.assertRaises(ValueError, SORT[1].find, [b"SORT", b"k"])
        self.assertEqual(find(SORT, "SORT k STORE d"), [])

    def test_variable_access_asks_the_command(self) -> None:
        """The command's function answers even though the place is certain."""
        spec = KeyRange(
            1,
            access=RW | VARIABLE_FLAGS,
            positions=lambda argv: [(1, RO if b"GET" in argv else RW)],
        )
        self.assertEqual(find_keys_and_access([spec], [b"X", b"k", b"GET"]), [(1, RO)])
        self.assertEqual(find_keys_and_access([spec], [b"X", b"k"]), [(1, RW)])

    def test_access_is_found_with_the_key(self) -> None:
        """Each key comes with what the command does to it."""
        self.assertEqual(
            find_keys_and_access(ZUNIONSTORE, b"ZUNIONSTORE d 1 a".split()),
            [(1, OW | UPDATE), (3, RO | ACCESS)],
        )

    def test_a_shard_channel_is_routed_and_no_key(self) -> None:
        """Only the cluster is told of what is not a key."""
        self.assertEqual(find(SPUBLISH, "SPUBLISH channel message"), [])
        self.assertEqual(list(key_finder(SPUBLISH, routed=True)([b"SPUBLISH", b"c", b"m"])), [1])
        self.assertEqual(find_keys_and_access(SPUBLISH, [b"SPUBLISH", b"c", b"m"]), [])
        self.assertFalse(has_keys(SPUBLISH))
        self.assertFalse(has_keys(()))
        self.assertTrue(has_keys(GET))

    @given(
        st.sampled_from([GET, MSET, COPY, ZUNIONSTORE, XREAD, GEORADIUS, MIGRATE, SORT, SPUBLISH]),
        st.lists(st.sampled_from([b"k", b"1", b"2", b"STORE", b"KEYS", b"STREAMS", b""])),
    )
    def test_nonsense_is_survived(self, specs: Sequence[KeySpec], arguments: list[bytes]) -> None:
        """Whatever the arguments are, the finder and the slower way with access agree."""
        argv = [b"NAME", *arguments]
        found = find_keys_and_access(specs, argv)
        self.assertEqual(list(key_finder(specs)(argv)), [index for index, _ in found])


class SummaryTests(SynchronousTestCase):
    """First key, last key, step and movable keys of COMMAND INFO."""

    def check(self, specs: Sequence[KeySpec], summary: tuple[int, int, int], movable: bool) -> None:
        """Compare both answers about one command."""
        self.assertEqual(legacy_range(specs), summary)
        self.assertIs(is_movable(specs), movable)

    def test_one_range_is_told_as_it_is(self) -> None:
        """A single range is summed up without loss."""
        self.check(GET, (1, 1, 1), False)
        self.check(MSET, (1, -1, 2), False)
        self.check(BLPOP, (1, -2, 1), False)

    def test_adjoining_ranges_are_one(self) -> None:
        """Ranges that follow each other count as one."""
        self.check(COPY, (1, 2, 1), False)
        self.check(SINTERSTORE, (1, -1, 1), False)

    def test_what_cannot_be_told_makes_keys_movable(self) -> None:
        """Numbers of keys, keywords and unknown places are left out of the summary."""
        self.check(ZUNIONSTORE, (1, 1, 1), True)
        self.check(GEORADIUS, (1, 1, 1), True)
        self.check(MIGRATE, (3, 3, 1), True)
        self.check(SORT, (1, 1, 1), True)
        self.check(XREAD, (0, 0, 0), True)

    def test_a_gap_makes_keys_movable(self) -> None:
        """A range that does not follow the one before is left out."""
        self.check((KeyRange(1, access=RO), KeyRange(3, access=RO)), (1, 1, 1), True)

    def test_no_keys(self) -> None:
        """A command without keys has a summary of zeros."""
        self.check((), (0, 0, 0), False)


class ReplyTests(SynchronousTestCase):
    """Key specifications as COMMAND INFO tells them (compared with a real server's)."""

    def test_a_range(self) -> None:
        """A range tells its last key, step and limit."""
        self.assertEqual(
            XREAD[0].reply(),
            {
                "flags": ["RO", "access"],
                "begin_search": {
                    "type": "keyword",
                    "spec": {"keyword": "STREAMS", "startfrom": 1},
                },
                "find_keys": {"type": "range", "spec": {"lastkey": -1, "keystep": 1, "limit": 2}},
            },
        )

    def test_a_number_of_keys(self) -> None:
        """A number of keys tells where the number and the first key are."""
        self.assertEqual(
            ZUNIONSTORE[1].reply(),
            {
                "flags": ["RO", "access"],
                "begin_search": {"type": "index", "spec": {"index": 2}},
                "find_keys": {
                    "type": "keynum",
                    "spec": {"keynumidx": 0, "firstkey": 1, "keystep": 1},
                },
            },
        )

    def test_unknown_places(self) -> None:
        """Unknown places have notes for a human, and those come first."""
        reply = SORT[1].reply()
        self.assertEqual(
            reply,
            {
                "notes": "STORE",
                "flags": ["OW", "update"],
                "begin_search": {"type": "unknown", "spec": {}},
                "find_keys": {"type": "unknown", "spec": {}},
            },
        )
        self.assertEqual(next(iter(reply)), "notes")
