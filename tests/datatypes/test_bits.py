"""Bits of strings, against a string of the letters 0 and 1."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import bits
from pyredis.datatypes.bits import BitOperation, Overflow

# Short strings of any bytes, and long ones of runs that cross the pieces worked in.
RUNS = st.lists(
    st.tuples(st.sampled_from([b"\0", b"\xff", b"\x10", b"\x80"]), st.integers(1, 20000)),
    max_size=4,
).map(lambda runs: b"".join(byte * times for byte, times in runs))
STRINGS = st.one_of(st.binary(max_size=20), RUNS)
WIDTHS = st.integers(1, 64)


def letters(value: bytes | bytearray) -> str:
    """Spell a string's bits."""
    return "".join(f"{byte:08b}" for byte in value)


class BitTests(SynchronousTestCase):
    """Single bits."""

    @given(st.binary(min_size=1, max_size=9), st.data())
    def test_a_bit_set_is_the_bit_read(self, value: bytes, data: st.DataObject) -> None:
        """Setting returns the old bit and changes no other."""
        offset = data.draw(st.integers(0, len(value) * 8 - 1))
        bit = data.draw(st.integers(0, 1))
        changed = bytearray(value)

        old = bits.set_bit(changed, offset, bit)

        spelled = letters(value)
        self.assertEqual(old, int(spelled[offset]))
        self.assertEqual(letters(changed), f"{spelled[:offset]}{bit}{spelled[offset + 1 :]}")
        self.assertEqual(bits.get_bit(changed, offset), bit)

    def test_bits_beyond_the_end_are_zero(self) -> None:
        """A string goes on with zeros."""
        self.assertEqual(bits.get_bit(b"\xff", 8), 0)
        self.assertEqual(bits.get_bit(b"", 2**40), 0)

    def test_growing_makes_room_for_a_bit(self) -> None:
        """Growing adds the bytes that are missing, and only these."""
        value = bytearray(b"a")

        self.assertFalse(bits.grow(value, 7))
        self.assertTrue(bits.grow(value, 8))
        self.assertEqual(value, b"a\0")


class RangeTests(SynchronousTestCase):
    """Counting and finding."""

    def test_negative_positions_count_from_the_end(self) -> None:
        """Positions before the beginning are the beginning, those beyond the end the end."""
        self.assertEqual(bits.resolve_range(-3, -1, 10), (7, 9))
        self.assertEqual(bits.resolve_range(-30, -20, 10), (0, 0))
        self.assertEqual(bits.resolve_range(4, 30, 10), (4, 9))
        self.assertEqual(bits.resolve_range(0, -1, 0), (0, -1))

    @given(STRINGS, st.data())
    def test_counting(self, value: bytes, data: st.DataObject) -> None:
        """The ones of any range of bits are counted, also of mutable strings."""
        last = len(value) * 8 - 1
        first = data.draw(st.integers(0, max(last, 0)))
        last = data.draw(st.integers(min(first - 1, last), last))

        expected = letters(value)[first : last + 1].count("1")

        self.assertEqual(bits.count_bits(value, first, last), expected)
        self.assertEqual(bits.count_bits(bytearray(value), first, last), expected)

    @given(STRINGS, st.integers(0, 1), st.data())
    def test_finding(self, value: bytes, bit: int, data: st.DataObject) -> None:
        """The first bit of a kind in any range is found, or -1 says there is none."""
        last = len(value) * 8 - 1
        first = data.draw(st.integers(0, max(last, 0)))
        last = data.draw(st.integers(min(first - 1, last), last))

        expected = letters(value)[: last + 1].find(str(bit), first)

        self.assertEqual(bits.find_bit(value, bit, first, last), expected)
        self.assertEqual(bits.find_bit(bytearray(value), bit, first, last), expected)


class CombineTests(SynchronousTestCase):
    """BITOP."""

    @given(st.sampled_from(BitOperation), st.lists(STRINGS, min_size=1, max_size=4))
    def test_combining(self, operation: BitOperation, sources: list[bytes]) -> None:
        """Each bit is that of the operation on the sources' bits, missing ones being zero."""
        if operation is BitOperation.NOT:
            del sources[1:]
        size = max(map(len, sources))
        numbers = [int.from_bytes(source.ljust(size, b"\0"), "big") for source in sources]
        expected = numbers[0]
        for number in numbers[1:]:
            if operation is BitOperation.AND:
                expected &= number
            elif operation is BitOperation.OR:
                expected |= number
            else:
                expected ^= number
        if operation is BitOperation.NOT:
            expected ^= (1 << 8 * size) - 1

        result = bits.combine(operation, [bytearray(sources[0]), *sources[1:]])

        self.assertIs(type(result), bytearray)
        self.assertEqual(bytes(result), expected.to_bytes(size, "big"))


class FieldTests(SynchronousTestCase):
    """BITFIELD."""

    @given(st.binary(max_size=12), st.integers(0, 120), WIDTHS)
    def test_reading(self, value: bytes, offset: int, width: int) -> None:
        """A field is read as the bits spell it, zeros beyond the end."""
        spelled = letters(value.ljust(30, b"\0"))[offset : offset + width]
        unsigned = int(spelled, 2)
        signed = unsigned - (1 << width if spelled[0] == "1" else 0)

        self.assertEqual(bits.get_field(value, offset, width, signed=False), unsigned)
        self.assertEqual(bits.get_field(value, offset, width, signed=True), signed)

    @given(st.binary(min_size=16, max_size=16), st.integers(0, 64), WIDTHS, st.integers())
    def test_writing(self, value: bytes, offset: int, width: int, number: int) -> None:
        """A field written is the field read, and nothing around it changes."""
        changed = bytearray(value)

        bits.set_field(changed, offset, width, number)

        old, new = letters(value), letters(changed)
        self.assertEqual(int(new[offset : offset + width], 2), number % (1 << width))
        self.assertEqual(new[:offset], old[:offset])
        self.assertEqual(new[offset + width :], old[offset + width :])

    @given(st.integers(-(2**65), 2**65), WIDTHS, st.booleans())
    def test_wrapping(self, number: int, width: int, signed: bool) -> None:
        """What does not fit wraps around to the number with the same low bits."""
        result = bits.fit(number, width, signed, Overflow.WRAP)

        assert result is not None
        self.assertEqual((result - number) % (1 << width), 0)
        self.assertEqual(bits.fit(result, width, signed, Overflow.FAIL), result)

    def test_saturating_and_failing(self) -> None:
        """What does not fit becomes the nearest that does, or nothing."""
        for number, width, signed, expected in (
            (128, 8, True, 127),
            (-129, 8, True, -128),
            (256, 8, False, 255),
            (-1, 8, False, 0),
            (2**63, 64, True, 2**63 - 1),
        ):
            self.assertEqual(bits.fit(number, width, signed, Overflow.SATURATE), expected)
            self.assertIsNone(bits.fit(number, width, signed, Overflow.FAIL))
        self.assertEqual(bits.fit(-128, 8, True, Overflow.SATURATE), -128)
