"""Tests of string values."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import strings
from pyredis.datatypes.strings import Match, lcs_length, longest_common_subsequence

TEXTS = st.binary(max_size=40)
FEW_LETTERS = st.text("abc", max_size=24).map(str.encode)


class ReadingTests(SynchronousTestCase):
    """The three forms read alike."""

    @given(number=st.integers(-(2**63), 2**63 - 1))
    def test_an_integer_reads_as_its_text(self, number: int) -> None:
        """Bytes, length and ranges of an int are those of its decimal text."""
        text = b"%d" % number
        self.assertEqual(strings.to_bytes(number), text)
        self.assertEqual(strings.string_length(number), len(text))
        self.assertEqual(strings.get_range(number, 1, -2), strings.get_range(text, 1, -2))

    @given(text=TEXTS)
    def test_a_buffer_reads_as_its_bytes(self, text: bytes) -> None:
        """A bytearray is read as bytes that do not change with it."""
        buffer = bytearray(text)
        read = strings.to_bytes(buffer)
        part = strings.get_range(buffer, 0, -1)
        buffer += b"more"
        self.assertEqual((read, part), (text, text))
        self.assertIs(type(read), bytes)
        self.assertIs(type(part), bytes)
        self.assertEqual(strings.string_length(buffer), len(text) + 4)

    def test_encodings(self) -> None:
        """An integer is int, up to 44 bytes embstr, longer or changed in place raw."""
        for value, encoding in (
            (7, "int"), (b"7", "int"), (b"-9223372036854775808", "int"), (b"07", "embstr"),
            (b"9223372036854775808", "embstr"), (b"", "embstr"), (b"x" * 44, "embstr"),
            (b"x" * 45, "raw"), (bytearray(b"7"), "raw"),
        ):  # fmt: skip
            self.assertEqual(strings.encoding_of(value), encoding, value)

    def test_what_a_float_printed(self) -> None:
        """It reads as any text, and is not taken for a number."""
        value = strings.from_float(b"12")

        self.assertEqual(strings.encoding_of(value), "embstr")
        self.assertIs(strings.copy_string(value), value)
        self.assertIs(type(strings.to_bytes(value)), bytes)
        self.assertIs(type(strings.get_range(value, 0, -1)), bytes)
        self.assertEqual(strings.append(value, b"3"), b"123")
        self.assertIs(type(strings.from_float(b"1.5")), bytes)

    def test_ranges(self) -> None:
        """GETRANGE counts both ends in, and binds them to the string."""
        for start, end, expected in (
            (0, 3, b"This"), (-3, -1, b"ing"), (0, -1, b"This is a string"), (10, 100, b"string"),
            (5, 3, b""), (-1, -5, b""), (-100, 3, b"This"), (-100, -90, b"T"), (-90, -100, b""),
            (100, 200, b""), (0, -100, b"T"),
        ):  # fmt: skip
            self.assertEqual(strings.get_range(b"This is a string", start, end), expected)
        self.assertEqual(strings.get_range(b"", 0, -1), b"")


class SharedTests(SynchronousTestCase):
    """One object for equal short values."""

    def setUp(self) -> None:
        """Begin with none."""
        self.shared = strings.SharedStrings()

    def test_short_ones_are_one_object(self) -> None:
        """Whether they come one by one or together; long ones are what they were."""
        first, second = bytes([1, 2]), bytes([1, 2])

        self.assertIs(self.shared.of(first), self.shared.of(second))
        for pair in ([first, second], [second, b"other"]):
            self.assertIs(self.shared.of_each(pair)[0], first)

    def test_long_ones_are_left_alone(self) -> None:
        """Also where they stand beside short ones."""
        long = bytes(strings.SHORT_BYTES + 1)

        self.assertIs(self.shared.of(long), long)
        self.assertEqual(self.shared.of_each([long, b"short"]), [long, b"short"])
        self.assertIs(self.shared.of_each([b"short", long])[1], long)
        self.assertEqual([*self.shared], [b"short"])

    def test_bounded(self) -> None:
        """However many different values come."""
        for number in range(25_000):
            self.assertEqual(self.shared.of(b"%d" % number), b"%d" % number)
        self.assertLessEqual(len(self.shared), 10_000)


class ChangingTests(SynchronousTestCase):
    """Changes in place."""

    def test_appending_goes_on_in_the_same_buffer(self) -> None:
        """The first append makes a buffer, the next ones use it."""
        buffer = strings.append(b"Hello", b" ")
        self.assertIs(strings.append(buffer, b"World"), buffer)
        self.assertEqual(buffer, b"Hello World")
        self.assertEqual(strings.append(12, b"3"), b"123")

    def test_a_copy_stays_as_it_is(self) -> None:
        """COPY of a buffer is another buffer."""
        buffer = bytearray(b"ab")
        copy = strings.copy_string(buffer)
        strings.append(buffer, b"c")
        self.assertEqual((copy, type(copy)), (b"ab", bytearray))
        self.assertEqual((strings.copy_string(b"x"), strings.copy_string(5)), (b"x", 5))

    @given(text=TEXTS, offset=st.integers(0, 60), data=st.binary(min_size=1, max_size=20))
    def test_setting_a_range(self, text: bytes, offset: int, data: bytes) -> None:
        """Zero bytes fill what was not there, and what lies behind stays."""
        buffer = strings.set_range(text, offset, data)
        expected = text.ljust(offset, b"\0")[:offset] + data + text[offset + len(data) :]
        self.assertEqual(buffer, expected)
        self.assertIs(strings.set_range(buffer, 0, b"x"), buffer)


def table_of(first: bytes, second: bytes) -> list[list[int]]:
    """Return the table of lengths of common subsequences, the plain way."""
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first, 1):
        for j, other in enumerate(second, 1):
            if one == other:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table


class CommonSubsequenceTests(SynchronousTestCase):
    """Longest common subsequences."""

    def test_the_example_of_the_documentation(self) -> None:
        """Two genes of the Redis documentation, with their matches from the end."""
        found = longest_common_subsequence(b"ohmytext", b"mynewtext")
        self.assertEqual(found.text, b"mytext")
        self.assertEqual(found.matches, [Match(4, 7, 5, 8), Match(2, 3, 0, 1)])
        self.assertEqual([match.length for match in found.matches], [4, 2])
        self.assertEqual(lcs_length(b"ohmytext", b"mynewtext"), 6)

    @settings(max_examples=300)
    @given(first=FEW_LETTERS, second=FEW_LETTERS)
    def test_it_is_the_one_the_table_leads_to(self, first: bytes, second: bytes) -> None:
        """Where there are several, the way back through the table prefers as Redis does."""
        table = table_of(first, second)
        expected: list[tuple[int, int]] = []
        i, j = len(first), len(second)
        while i and j:
            if first[i - 1] == second[j - 1]:
                i, j = i - 1, j - 1
                expected.append((i, j))
            elif table[i - 1][j] > table[i][j - 1]:
                i -= 1
            else:
                j -= 1
        found = longest_common_subsequence(first, second)
        pairs = [
            (match.first_end - back, match.second_end - back)
            for match in found.matches
            for back in range(match.length)
        ]
        self.assertEqual(pairs, expected)
        self.assertEqual(found.text, bytes(first[i] for i, _ in reversed(expected)))
        self.assertEqual(lcs_length(first, second), table[-1][-1])

    def test_nothing_in_common(self) -> None:
        """Empty strings and strange ones have no match."""
        for first, second in ((b"", b""), (b"abc", b""), (b"", b"abc"), (b"abc", b"xyz")):
            self.assertEqual(longest_common_subsequence(first, second), (b"", []))
            self.assertEqual(lcs_length(first, second), 0)

    def test_the_memory_redis_would_take(self) -> None:
        """Four bytes a cell, with a row and a column of zeros."""
        self.assertEqual(strings.lcs_table_bytes(b"abc", b"de"), 48)
