"""HyperLogLogs: the bytes are those redis-server 7.2.6 writes for the same elements."""

from hashlib import sha256
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import hyperloglog
from pyredis.datatypes.hyperloglog import (
    DENSE_SIZE,
    REGISTERS,
    CorruptHyperLogLog,
    NotHyperLogLog,
    SparseIndexes,
    Union,
    UnpackedRegisters,
)

LIMIT = 3000
CORRUPT = b"HYLL\x01" + bytes(11) + b"\x7f\xffhello"


def numbered(count: int, limit: int = LIMIT) -> bytearray:
    """Return a HyperLogLog of elements added one by one."""
    string = hyperloglog.create()
    indexes = SparseIndexes()
    for number in range(count):
        hyperloglog.add(string, [b"element:%d" % number], limit, indexes)
    return string


def union_of(*strings: bytes | bytearray) -> Union:
    """Return the union of HyperLogLogs."""
    union = Union()
    for string in strings:
        union.add(string)
    return union


def with_registers(registers: list[int]) -> bytearray:
    """Return a dense HyperLogLog with these registers, the others zero."""
    string = hyperloglog.create()
    hyperloglog.make_dense(string)
    for register, value in enumerate(registers):
        hyperloglog.raise_dense_register(string, register, value)
    return string


class AddTests(SynchronousTestCase):
    """Adding elements."""

    def test_a_few_elements(self) -> None:
        """Redis' own bytes for three elements, before and after the cardinality is known."""
        string = hyperloglog.create()

        changed = hyperloglog.add(string, [b"a", b"b", b"c", b"a"], LIMIT, SparseIndexes())

        self.assertEqual(changed, 3)
        self.assertEqual(string.hex(), "48594c4c01000000000000000000008060f38050b1844bfb80425a")
        self.assertIsNone(hyperloglog.cached_cardinality(string))
        self.assertEqual(hyperloglog.refresh_cardinality(string), 3)
        self.assertEqual(string.hex(), "48594c4c01000000030000000000000060f38050b1844bfb80425a")
        self.assertEqual(hyperloglog.cached_cardinality(string), 3)

    def test_many_elements(self) -> None:
        """Redis' own bytes and estimates for sparse and dense ones."""
        for count, digest, cardinality in (
            (100, "28e31e2547b980be9aad13ecd2c02fb549be331441875739d0ee5a88e0f55b88", 99),
            (1000, "c3d3a91d5d2882e1a3d0ccdc6a70c7ec3ce8e3aa58c8f26a04215d1556ef0e32", 997),
            (1600, "a34035707571550f81c000b059de0ba05c2d465bcde2c7de23d82fb7483b0502", 1604),
            (20000, "fead0d85a6b6d337fb76938a6494bfeb5643adfaf8ae222ea3fe1aa0d0927860", 19986),
        ):
            string = numbered(count)

            self.assertEqual(sha256(string).hexdigest(), digest)
            self.assertEqual(hyperloglog.refresh_cardinality(string), cardinality)
            self.assertEqual(hyperloglog.is_dense(string), count == 20000)

    def test_a_new_one_knows_its_cardinality(self) -> None:
        """Nothing was added yet."""
        self.assertEqual(hyperloglog.cached_cardinality(hyperloglog.create()), 0)

    def test_known_elements_change_nothing(self) -> None:
        """Neither registers nor the cached cardinality."""
        string = numbered(50)
        hyperloglog.refresh_cardinality(string)
        before = bytes(string)

        changed = hyperloglog.add(string, [b"element:7"], LIMIT, SparseIndexes())

        self.assertEqual(changed, 0)
        self.assertEqual(string, before)

    @given(st.integers(20, 400), st.lists(st.binary(max_size=4), max_size=60))
    @settings(max_examples=50)
    def test_dense_and_sparse_agree(self, limit: int, elements: list[bytes]) -> None:
        """Whenever a HyperLogLog becomes dense, its registers are the same."""
        first, second = hyperloglog.create(), hyperloglog.create()
        hyperloglog.make_dense(second)
        indexes = SparseIndexes()

        for element in elements:
            one = hyperloglog.add(first, [element], limit, indexes)
            other = hyperloglog.add(second, [element], limit, indexes)
            self.assertEqual(one, other)

        self.assertEqual(hyperloglog.read_registers(first), hyperloglog.read_registers(second))
        self.assertEqual(
            hyperloglog.refresh_cardinality(first), hyperloglog.refresh_cardinality(second)
        )

    def test_an_index_is_not_used_for_other_bytes(self) -> None:
        """A string changed behind the index's back is walked again."""
        string = numbered(300)
        indexes = SparseIndexes()
        hyperloglog.add(string, [b"one"], LIMIT, indexes)
        string[:] = numbered(100)
        untouched = bytearray(string)

        hyperloglog.add(string, [b"two"], LIMIT, indexes)

        hyperloglog.add(untouched, [b"two"], LIMIT, SparseIndexes())
        self.assertEqual(string, untouched)

    def test_indexes_are_bounded(self) -> None:
        """The oldest index makes room for a new one."""
        indexes = SparseIndexes(capacity=2)
        strings = [numbered(100) for _ in range(4)]
        for string in strings:
            hyperloglog.add(string, [b"new"], LIMIT, indexes)

        self.assertEqual(len(indexes._entries), 2)
        self.assertEqual(list(indexes._entries), [*map(id, strings[2:])])


class AddEachTests(SynchronousTestCase):
    """Adding the elements of several requests."""

    @settings(max_examples=60)
    @given(
        st.sampled_from([40, 200, LIMIT]),
        st.lists(st.lists(st.binary(min_size=1, max_size=2), max_size=30), max_size=8),
        st.booleans(),
    )
    def test_as_one_by_one(self, limit: int, batches: list[list[bytes]], dense: bool) -> None:
        """Bytes and answers are those of single additions, across the change to dense."""
        mine, theirs = hyperloglog.create(), hyperloglog.create()
        if dense:
            hyperloglog.make_dense(mine)
            hyperloglog.make_dense(theirs)
        my_indexes, their_indexes = SparseIndexes(), SparseIndexes()
        unpacked = UnpackedRegisters()
        for elements in batches:
            done = hyperloglog.add_each(mine, elements, limit, my_indexes, unpacked)
            expected = [
                hyperloglog.add(theirs, [element], limit, their_indexes) for element in elements
            ]

            self.assertEqual(done, expected)
            self.assertEqual(mine, theirs)

    def test_many_raise_the_same_registers(self) -> None:
        """What is raised twice within a batch is compared with what it is by then."""
        elements = [b"element:%d" % (number % 3000) for number in range(20000)]
        mine, theirs = hyperloglog.create(), hyperloglog.create()

        done = hyperloglog.add_each(mine, elements, LIMIT, SparseIndexes(), UnpackedRegisters())

        self.assertEqual(sum(done), hyperloglog.add(theirs, elements, LIMIT, SparseIndexes()))
        self.assertEqual(mine, theirs)
        self.assertTrue(hyperloglog.is_dense(mine))

    def test_nonsense_ends_it(self) -> None:
        """Where the sparse form is nonsense the rest is left; what was added is marked."""
        string = hyperloglog.create()[:-1] + b"\0"  # the last registers are missing
        elements = [b"%d" % number for number in range(1000)]

        done = hyperloglog.add_each(string, elements, LIMIT, SparseIndexes(), UnpackedRegisters())

        self.assertTrue(0 < len(done) < len(elements))
        self.assertIsNone(hyperloglog.cached_cardinality(string))
        with self.assertRaises(CorruptHyperLogLog):
            hyperloglog.add(string, [elements[len(done)]], LIMIT, SparseIndexes())


class CheckTests(SynchronousTestCase):
    """Strings that are no HyperLogLogs, or no good ones."""

    def test_strings_that_are_none(self) -> None:
        """Too short, without the magic, of an unknown encoding, or dense and of another length."""
        good = bytes(hyperloglog.create())
        dense = hyperloglog.create()
        hyperloglog.make_dense(dense)
        hyperloglog.checked(good)
        hyperloglog.checked(dense)
        for bad in (
            7,
            b"",
            good[:15],
            b"hyll" + good[4:],
            b"HYLL\x02" + good[5:],
            bytes(dense) + b"x",
            bytes(dense[:-1]),
        ):
            self.assertRaises(NotHyperLogLog, hyperloglog.checked, bad)

    def test_runs_that_do_not_add_up(self) -> None:
        """Counting, merging and making dense refuse them."""
        self.assertRaises(CorruptHyperLogLog, hyperloglog.refresh_cardinality, bytearray(CORRUPT))
        self.assertRaises(CorruptHyperLogLog, Union().add, CORRUPT)
        self.assertRaises(CorruptHyperLogLog, hyperloglog.make_dense, bytearray(CORRUPT))

    def test_adding_where_no_run_is(self) -> None:
        """A register that no run covers cannot be set."""
        string = bytearray(b"HYLL\x01" + bytes(11) + b"\x40\x00")

        self.assertRaises(
            CorruptHyperLogLog,
            hyperloglog.add,
            string,
            [b"%d" % number for number in range(9)],
            LIMIT,
            SparseIndexes(),
        )

    def test_what_changed_before_stays_marked(self) -> None:
        """The cached cardinality is out of date even if a later element is refused."""
        string = bytearray(b"HYLL\x01" + bytes(11) + b"\x7f\x00")
        elements = [b"%d" % number for number in range(500)]

        self.assertRaises(
            CorruptHyperLogLog, hyperloglog.add, string, elements, LIMIT, SparseIndexes()
        )

        self.assertIsNone(hyperloglog.cached_cardinality(string))

    @given(st.binary(max_size=40), st.lists(st.binary(max_size=3), max_size=5))
    def test_nonsense_is_refused_or_survived(self, body: bytes, elements: list[bytes]) -> None:
        """No sparse body makes anything but the one error."""
        string = bytearray(b"HYLL\x01" + bytes(10) + b"\x80" + body)
        for attempt in (
            lambda: hyperloglog.add(string, elements, LIMIT, SparseIndexes()),
            lambda: hyperloglog.refresh_cardinality(string),
            lambda: union_of(string, string).cardinality,
            lambda: hyperloglog.describe(string),
            lambda: hyperloglog.make_dense(string),
        ):
            try:
                attempt()
            except CorruptHyperLogLog:
                continue
            self.assertTrue(string.startswith(b"HYLL"))


class CountTests(SynchronousTestCase):
    """Estimates."""

    def test_the_error_is_small(self) -> None:
        """The standard error is 0.81 %; three times that is not passed by these."""
        for count in (10, 500, 3000, 30000):
            estimated = hyperloglog.refresh_cardinality(numbered(count))

            self.assertLessEqual(abs(estimated - count), max(1, count * 0.0244))

    @given(st.lists(st.integers(0, 63), max_size=40))
    @settings(max_examples=50)
    def test_the_histogram_counts_every_register(self, registers: list[int]) -> None:
        """Lanes of six and of eight bits are counted alike, and as one would."""
        string = with_registers(registers)
        padded = registers + [0] * (REGISTERS - len(registers))
        expected = [padded.count(value) for value in range(64)]

        packed = int.from_bytes(string[16:], "little")
        unpacked = int.from_bytes(hyperloglog.read_registers(string), "little")

        self.assertEqual(hyperloglog._count_lanes(packed, hyperloglog._LOW_BIT_OF_6), expected)
        self.assertEqual(hyperloglog._count_lanes(unpacked, hyperloglog._LOW_BIT_OF_8), expected)

    def test_full_registers_have_no_estimate(self) -> None:
        """The estimate of what no elements bring about is what C makes of infinity."""
        histogram = [0] * 64
        histogram[51] = REGISTERS

        self.assertEqual(hyperloglog.estimate(histogram), 2**63)

    def test_the_union_counts_each_element_once(self) -> None:
        """Two HyperLogLogs of the same elements are as one."""
        string = numbered(5000)

        both = union_of(string, numbered(100), string).cardinality

        self.assertEqual(both, hyperloglog.refresh_cardinality(string))


class MergeTests(SynchronousTestCase):
    """Merging."""

    def test_a_merged_one_is_what_adding_makes(self) -> None:
        """Sparse ones merged are the registers of one that saw all."""
        first, second = hyperloglog.create(), hyperloglog.create()
        hyperloglog.add(first, [b"a", b"b"], LIMIT, SparseIndexes())
        hyperloglog.add(second, [b"b", b"c"], LIMIT, SparseIndexes())

        hyperloglog.merge(first, union_of(first, second), LIMIT, SparseIndexes())

        self.assertEqual(first.hex(), "48594c4c01000000000000000000008060f38050b1844bfb80425a")

    def test_a_dense_source_makes_a_dense_target(self) -> None:
        """The target takes the form of its greatest source."""
        target = hyperloglog.create()
        source = numbered(10)
        hyperloglog.make_dense(source)

        hyperloglog.merge(target, union_of(target, source), LIMIT, SparseIndexes())

        self.assertEqual(len(target), DENSE_SIZE)
        self.assertEqual(hyperloglog.read_registers(target), hyperloglog.read_registers(source))

    def test_a_target_that_grows_too_long_becomes_dense(self) -> None:
        """As it would by adding."""
        target = hyperloglog.create()

        hyperloglog.merge(target, union_of(numbered(60), target), 100, SparseIndexes())

        self.assertTrue(hyperloglog.is_dense(target))
        self.assertEqual(
            hyperloglog.read_registers(target), hyperloglog.read_registers(numbered(60))
        )

    def test_the_greatest_register_wins(self) -> None:
        """Whichever of any number of sources it is in."""
        rng = Random(1)
        sources = [[rng.randrange(64) for _ in range(300)] for _ in range(3)]
        target = with_registers(sources[0])

        union = union_of(*(with_registers(source) for source in sources))
        hyperloglog.merge(target, union, LIMIT, SparseIndexes())

        expected = [max(values) for values in zip(*sources, strict=True)]
        self.assertEqual(list(hyperloglog.read_registers(target)[:300]), expected)
