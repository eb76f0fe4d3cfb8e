"""The opcodes of sparse HyperLogLogs."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import hyperloglog_sparse as sparse
from pyredis.datatypes.hyperloglog_sparse import REGISTERS, SparseIndex

HEADER = b"HYLL\x01" + bytes(11)


def raised(*changes: tuple[int, int]) -> bytearray:
    """Return an empty HyperLogLog whose registers were raised one after the other."""
    string = bytearray(HEADER + sparse.empty_body())
    index = SparseIndex(string)
    for register, value in changes:
        index.raise_register(string, register, value, 3000)
    return string


class SparseIndexTests(SynchronousTestCase):
    """Changing single registers."""

    def test_runs_are_split_as_needed(self) -> None:
        """A value leaves zeros before and behind it, short or long."""
        for changes, described in (
            ([], b"Z:16384"),
            ([(0, 1)], b"v:1,1 Z:16383"),
            ([(16383, 3)], b"Z:16383 v:3,1"),
            ([(64, 2)], b"z:64 v:2,1 Z:16319"),
            ([(65, 2)], b"Z:65 v:2,1 Z:16318"),
            ([(1, 2), (3, 2)], b"z:1 v:2,1 z:1 v:2,1 Z:16380"),
            ([(1000, 2), (1020, 3), (1021, 3)], b"Z:1000 v:2,1 z:19 v:3,2 Z:15362"),
        ):
            self.assertEqual(sparse.describe(raised(*changes)), described)

    def test_runs_of_one_value_are_joined(self) -> None:
        """Up to four registers of a value make one opcode, and splitting one leaves the rest."""
        five = [(register, 4) for register in range(5)]

        self.assertEqual(sparse.describe(raised(*five)), b"v:4,4 v:4,1 Z:16379")
        self.assertEqual(sparse.describe(raised(*five, (2, 9))), b"v:4,2 v:9,1 v:4,2 Z:16379")

    def test_only_greater_values_count(self) -> None:
        """A register is never lowered, and one raised says so."""
        string = raised((5, 3))
        index = SparseIndex(string)

        self.assertIs(index.raise_register(string, 5, 3, 3000), False)
        self.assertIs(index.raise_register(string, 5, 4, 3000), True)
        self.assertEqual(sparse.registers_of(string)[5], 4)

    def test_what_needs_the_dense_form(self) -> None:
        """A value above 32, or a string that would pass the limit."""
        string = raised((5, 3))
        before = bytes(string)
        index = SparseIndex(string)

        self.assertIsNone(index.raise_register(string, 9, 33, 3000))
        self.assertIsNone(index.raise_register(string, 9, 3, len(string) + 1))
        self.assertEqual(string, before)

    @given(
        st.lists(
            st.tuples(
                st.one_of(st.integers(0, 80), st.integers(0, REGISTERS - 1)), st.integers(1, 4)
            ),
            max_size=60,
        )
    )
    def test_an_index_kept_is_an_index_built(self, changes: list[tuple[int, int]]) -> None:
        """After any changes the registers are right, and the index is that of a new walk."""
        string = bytearray(HEADER + sparse.empty_body())
        kept = SparseIndex(string)
        expected = bytearray(REGISTERS)
        for register, value in changes:
            kept.raise_register(string, register, value, 3000)
            expected[register] = max(expected[register], value)

        built = SparseIndex(string)

        self.assertEqual(sparse.registers_of(string), expected)
        self.assertEqual(kept._starts, built._starts)
        self.assertEqual(kept._long, built._long)
        histogram = sparse.histogram_of(string)
        self.assertEqual(histogram[:5], [expected.count(value) for value in range(5)])
