"""What each type of parameter reads, refuses and writes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.parameter_types import (
    LONG_MAX,
    ULONG_MAX,
    Binary,
    Choice,
    Choices,
    Integer,
    Memory,
    MemoryOrPercent,
    Octal,
    Parameter,
    Text,
    Trait,
    YesNo,
    strtoll,
    strtoll_clamped,
    with_unit,
    wrapped,
)


def named(parameter: Parameter[Any]) -> Parameter[Any]:
    """Give a parameter the name it would have from a declaration."""
    parameter.__set_name__(type(parameter), "some_name")
    return parameter


class TypeTests(SynchronousTestCase):
    """A base with words for reading and refusing."""

    def reads(self, parameter: Parameter[Any], word: bytes, value: object) -> None:
        """Check the value of a word."""
        self.assertEqual(parameter.parse([word], parameter.default), value)

    def refuses(self, parameter: Parameter[Any], word: bytes, text: str) -> None:
        """Check the words of a refusal."""
        with self.assertRaises(ValueError) as caught:
            parameter.parse([word], parameter.default)
        self.assertEqual(str(caught.exception), text)


class DeclarationTests(TypeTests):
    """Names come from attributes."""

    def test_the_name_has_hyphens(self) -> None:
        """An attribute's underscores are the name's hyphens."""
        parameter = named(YesNo(True))

        self.assertEqual((parameter.name, parameter.attribute), ("some-name", "some_name"))

    def test_a_name_can_be_given(self) -> None:
        """Names that have underscores themselves are spelt out."""
        self.assertEqual(named(Text(None, name="bio_cpulist")).name, "bio_cpulist")

    def test_a_line_has_the_name_and_says_whether_it_is_needed(self) -> None:
        """A line with the default is not needed in a file."""
        parameter = named(YesNo(True))

        self.assertEqual(list(parameter.lines(True)), [(b"some-name yes", False)])
        self.assertEqual(list(parameter.lines(False)), [(b"some-name no", True)])

    def test_repr_has_the_name(self) -> None:
        """A parameter in a traceback tells which one it is."""
        self.assertEqual(repr(named(YesNo(True))), "<YesNo some-name>")


class YesNoTests(TypeTests):
    """Switches."""

    def test_case_does_not_matter(self) -> None:
        """Both words are read in any case."""
        self.reads(YesNo(False), b"YES", True)
        self.reads(YesNo(True), b"No", False)

    def test_other_words_are_refused(self) -> None:
        """Neither numbers nor other words of agreement are taken."""
        for word in (b"1", b"true", b"", b"yes "):
            self.refuses(YesNo(False), word, "argument must be 'yes' or 'no'")

    def test_a_switch_may_not_go_on(self) -> None:
        """What cannot be had is refused instead of ignored."""
        parameter = YesNo(False, refuse_yes="cannot be had")

        self.refuses(parameter, b"yes", "cannot be had")
        self.reads(parameter, b"no", False)


class TextTests(TypeTests):
    """Strings the server reads."""

    @given(st.binary().filter(lambda data: b"\0" not in data))
    def test_any_bytes_come_back(self, data: bytes) -> None:
        """Bytes that are no UTF-8 are not lost."""
        parameter = Text("")

        self.assertEqual(parameter.text(parameter.parse([data], "")), data)

    def test_a_nul_ends_it(self) -> None:
        """Redis keeps these as C strings."""
        self.reads(Text(""), b"a\0b", "a")

    def test_a_string_that_is_not_set_has_no_line(self) -> None:
        """Only by its absence an unset string stays unset."""
        self.assertEqual(list(named(Text(None)).lines("")), [])
        self.assertEqual(list(named(Text("")).lines("")), [(b'some-name ""', False)])

    def test_lines_are_quoted(self) -> None:
        """A value with blanks or quotes can be read back."""
        self.assertEqual(list(named(Text("")).lines('a "b"')), [(rb'some-name "a \"b\""', True)])

    def test_the_check_refuses(self) -> None:
        """A check's words are the refusal."""

        def check(value: str) -> None:
            raise ValueError(f"not {value}")

        self.refuses(Text("", check=check), b"x", "not x")


class BinaryTests(TypeTests):
    """Strings the server passes on."""

    def test_bytes_stay_as_they_are(self) -> None:
        """A password may have any byte."""
        self.reads(Binary(), b"a\0\xff", b"a\0\xff")

    def test_lines_are_quoted(self) -> None:
        """Unprintable bytes can be read back; nothing is not written."""
        self.assertEqual(list(named(Binary()).lines(b"a\xff")), [(rb'some-name "a\xff"', True)])
        self.assertEqual(list(named(Binary()).lines(b"")), [])


class ChoiceTests(TypeTests):
    """One of several words."""

    def test_case_does_not_matter(self) -> None:
        """A word is read in any case and kept in its own."""
        self.reads(Choice("a", "a b"), b"B", "b")

    def test_a_synonym_reads_as_what_it_means(self) -> None:
        """CONFIG GET shows one word for both."""
        self.reads(Choice("no", "no yes relative=yes"), b"relative", "yes")

    def test_others_are_refused_with_a_list(self) -> None:
        """The refusal names all words, synonyms too."""
        text = "argument(s) must be one of the following: no, yes, relative"

        self.refuses(Choice("no", "no yes relative=yes"), b"x", text)


class ChoicesTests(TypeTests):
    """Any of several words."""

    def setUp(self) -> None:
        """Declare a parameter."""
        self.parameter = Choices("save nosave now", exclusive=("save", "nosave"), refusal="not so")

    def test_the_order_is_the_declared_one(self) -> None:
        """Words are a set, and ``default`` adds nothing."""
        value = self.parameter.parse([b"now", b"DEFAULT", b"save"], ())

        self.assertEqual(value, ("save", "now"))
        self.assertEqual(self.parameter.text(value), b"save now")

    def test_none_is_default(self) -> None:
        """No word at all is written as a word."""
        self.reads(self.parameter, b"default", ())
        self.assertEqual(self.parameter.text(()), b"default")

    def test_two_may_exclude_each_other(self) -> None:
        """Words that contradict each other are refused."""
        with self.assertRaisesRegex(ValueError, "^not so$"):
            self.parameter.parse([b"nosave", b"save"], ())

    def test_no_words_and_wrong_words_are_refused(self) -> None:
        """Nothing is not the same as ``default``."""
        text = "argument(s) must be one of the following: default, save, nosave, now"

        self.refuses(self.parameter, b"x", text)
        with self.assertRaises(ValueError):
            self.parameter.parse([], ())


class IntegerTests(TypeTests):
    """Whole numbers."""

    def test_only_the_canonical_form_is_read(self) -> None:
        """Blanks, a plus and leading zeros are refused."""
        for word in (b"", b" 1", b"+1", b"01", b"1.0", b"99999999999999999999"):
            self.refuses(Integer(1, 0, 9), word, "argument couldn't be parsed into an integer")

    def test_bounds(self) -> None:
        """The bounds belong to the range."""
        self.reads(Integer(1, -1, 9), b"-1", -1)
        self.reads(Integer(1, -1, 9), b"9", 9)
        self.refuses(Integer(1, -1, 9), b"10", "argument must be between -1 and 9 inclusive")

    def test_a_negative_number_is_a_huge_one_where_there_is_no_sign(self) -> None:
        """Unsigned parameters refuse by their upper bound."""
        parameter = Integer(1, 0, 9, unsigned=True)

        self.refuses(parameter, b"-1", "argument must be between 0 and 9 inclusive")

    def test_clamping(self) -> None:
        """Values that are taken can still be moved into a range."""
        parameter = Integer(10, 0, 9999, clamp=(1, 500))

        self.reads(parameter, b"0", 1)
        self.reads(parameter, b"9999", 500)


class OctalTests(TypeTests):
    """Permissions."""

    def test_base_eight(self) -> None:
        """Reading and writing are in base eight, and so are the bounds."""
        parameter = Octal(0, 0, 0o777, unsigned=True)

        self.reads(parameter, b"0755", 0o755)
        self.assertEqual(parameter.text(0o755), b"755")
        self.refuses(parameter, b"1000", "argument must be between 0 and 777 inclusive")
        self.refuses(parameter, b"8", "argument couldn't be parsed as an octal number")
        self.refuses(parameter, b"7" * 30, "argument couldn't be parsed as an octal number")


class MemoryTests(TypeTests):
    """Bytes with units."""

    def test_units(self) -> None:
        """A k is a thousand, a kb is 1024."""
        self.reads(Memory(0, 0, LONG_MAX), b"2k", 2000)
        self.reads(Memory(0, 0, LONG_MAX), b"2KB", 2048)
        self.refuses(Memory(0, 0, LONG_MAX), b"2q", "argument must be a memory value")
        self.refuses(Memory(0, 0, LONG_MAX), b"-2", "argument must be a memory value")

    def test_64_bits(self) -> None:
        """What passes 63 bits is negative unless the parameter is unsigned."""
        word = b"18446744073709551615"

        self.reads(Memory(0, 0, ULONG_MAX, unsigned=True), word, ULONG_MAX)
        text = f"argument must be between 1 and {LONG_MAX} inclusive"
        self.refuses(Memory(1, 1, LONG_MAX), word, text)

    def test_lines_have_the_largest_unit(self) -> None:
        """CONFIG GET shows bytes, a file has units."""
        parameter = named(Memory(64, 0, LONG_MAX))

        self.assertEqual(parameter.text(1 << 20), b"1048576")
        self.assertEqual(list(parameter.lines(1 << 20)), [(b"some-name 1mb", True)])
        self.assertEqual(list(parameter.lines(64)), [(b"some-name 64", False)])


class MemoryOrPercentTests(TypeTests):
    """Bytes or a percentage."""

    def setUp(self) -> None:
        """Declare a parameter."""
        self.parameter = named(MemoryOrPercent(0, -100, LONG_MAX))

    def test_a_percentage_is_negative(self) -> None:
        """Bytes and percentages share one number."""
        self.reads(self.parameter, b"10%", -10)
        self.reads(self.parameter, b"1kb", 1024)
        self.assertEqual(self.parameter.text(-10), b"10%")
        self.assertEqual(self.parameter.text(1024), b"1024")

    def test_refusals(self) -> None:
        """There is no more than all of it."""
        memory = "argument must be a memory or percent value"

        self.refuses(self.parameter, b"101%", "percentage argument must be less or equal to 100")
        for word in (b"%", b"-1%", b"x%", b"x", b"1.5%"):
            self.refuses(self.parameter, word, memory)

    def test_lines(self) -> None:
        """A percentage is written as one."""
        self.assertEqual(list(self.parameter.lines(-10)), [(b"some-name 10%", True)])
        self.assertEqual(list(self.parameter.lines(1024)), [(b"some-name 1kb", True)])


class TraitTests(TypeTests):
    """Traits combine."""

    def test_no_trait_is_in_none(self) -> None:
        """A plain parameter has none of them."""
        for trait in Trait:
            if trait:
                self.assertNotIn(trait, YesNo(True).traits)


class NumberTests(SynchronousTestCase):
    """The ways of C that some values are read with."""

    def test_strtoll(self) -> None:
        """Blanks and a sign may lead, nothing may follow, nothing is zero."""
        self.assertEqual(strtoll(b"\t +12"), 12)
        self.assertEqual(strtoll(b""), 0)
        self.assertEqual(strtoll(b"12\0x"), 12)
        for word in (b" ", b"1 ", b"1_0", b"x", b"-"):
            with self.assertRaises(ValueError):
                strtoll(word)

    def test_clamping(self) -> None:
        """Numbers past 64 bits become the greatest or the least."""
        self.assertEqual(strtoll_clamped(b"9" * 30), LONG_MAX)
        self.assertEqual(strtoll_clamped(b"-" + b"9" * 30), -LONG_MAX - 1)

    def test_wrapping(self) -> None:
        """A number too great for its type comes out on the other side."""
        self.assertEqual(wrapped(2**31, 32), -(2**31))
        self.assertEqual(wrapped(2**32 + 5, 32), 5)

    def test_units(self) -> None:
        """A unit is only used where nothing is lost."""
        self.assertEqual(with_unit(0), b"0")
        self.assertEqual(with_unit(3 << 30), b"3gb")
        self.assertEqual(with_unit(1536), b"1536")
        self.assertEqual(with_unit(2048), b"2kb")
