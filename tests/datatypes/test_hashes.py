"""Tests of hashes."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import hashes
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.hashes import HashValue

LIMITS = EncodingLimits()
FIELDS = st.sampled_from([b"f%d" % number for number in range(12)])


def numbered(size: int, value: bytes = b"v") -> HashValue:
    """Return a hash with so many fields."""
    hash_value = HashValue()
    for number in range(size):
        hash_value.set(b"field:%d" % number, value, LIMITS)
    return hash_value


class ModelTests(SynchronousTestCase):
    """A hash does what a dict does."""

    @settings(max_examples=150)
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["set", "many", "replace", "delete", "copy"]), FIELDS),
            max_size=50,
        )
    )
    def test_it_holds_what_was_put_in(self, steps: list[tuple[str, bytes]]) -> None:
        """Fields, values, answers and deadlines agree with a model after every step."""
        value, model = HashValue(), dict[bytes, bytes]()
        deadlines: dict[bytes, int] = {}
        limits = EncodingLimits(hash_max_listpack_entries=5)
        for number, (name, field) in enumerate(steps):
            content = b"%d" % number
            if name == "set":
                self.assertEqual(value.set(field, content, limits), field not in model)
                deadlines.pop(field, None)
                model[field] = content
                if number % 3 == 0:
                    value.deadlines = (value.deadlines or {}) | {field: number}
                    deadlines[field] = number
            elif name == "many":
                new = len({field, b"g"} - set(model))
                pairs = [field, b"old", b"g", b"x", field, content]
                self.assertEqual(value.set_many(pairs, limits), new)
                model[field], model[b"g"] = content, b"x"
                deadlines.pop(field, None)
            elif name == "replace":
                self.assertEqual(value.replace(field, content, limits), field not in model)
                model[field] = content
            elif name == "delete":
                self.assertEqual(value.delete(field), field in model)
                model.pop(field, None)
                deadlines.pop(field, None)
            else:
                original, value = value, value.copy()
                original.set_many([b"spoilt", b"", field, b""], limits)
            self.assertEqual(value.fields, model)
            self.assertEqual(list(value), list(model))
            self.assertEqual(value.get(field), model.get(field))
            self.assertEqual(value.deadlines or {}, deadlines)
            self.assertEqual((field in value, len(value)), (field in model, len(model)))


class EncodingTests(SynchronousTestCase):
    """What OBJECT ENCODING would say."""

    def test_a_listpack_is_left_by_number(self) -> None:
        """513 fields make a hashtable, and there is no way back."""
        value = numbered(512)
        self.assertEqual(value.encoding, "listpack")
        value.set(b"one more", b"v", LIMITS)
        self.assertEqual(value.encoding, "hashtable")
        for field in list(value)[5:]:
            value.delete(field)
        self.assertEqual(value.encoding, "hashtable")

    def test_a_listpack_is_left_by_length(self) -> None:
        """A field or a value of 65 bytes makes a hashtable."""
        for field, content in ((b"f" * 65, b"v"), (b"f", b"v" * 65)):
            value = numbered(3)
            value.set(b"f" * 64, b"v" * 64, LIMITS)
            self.assertEqual(value.encoding, "listpack")
            value.set(field, content, LIMITS)
            self.assertEqual(value.encoding, "hashtable")

    def test_the_number_announced_decides_first(self) -> None:
        """HSET of many goes to a hashtable even if the fields are the same."""
        limits = EncodingLimits(hash_max_listpack_entries=2)
        value = HashValue()
        self.assertEqual(value.set_many([b"f", b"v"] * 3, limits), 1)
        self.assertEqual(value.encoding, "hashtable")
        value = HashValue()
        value.set_many([b"f", b"v"] * 2, limits)
        self.assertEqual(value.encoding, "listpack")


class SharedNamesTests(SynchronousTestCase):
    """Equal names are kept once."""

    def made(self, *names: bytes) -> HashValue:
        """Return a hash with these fields, their names made anew."""
        value = HashValue()
        pairs = [bytes(bytearray(word)) for name in names for word in (name, b"value")]
        value.set_many(pairs, EncodingLimits())
        return value

    def test_small_hashes(self) -> None:
        """Two hashes hold the same object."""
        (one,), (other,) = self.made(b"a name"), self.made(b"a name")

        self.assertIs(one, other)

    def test_large_hashes(self) -> None:
        """Their names are their own: there is no end of them."""
        names = [b"name %d" % number for number in range(600)]
        one, other = self.made(*names), self.made(*names)

        self.assertEqual((list(one), one.encoding), (list(other), "hashtable"))
        self.assertIsNot(next(iter(one)), next(iter(other)))

    def test_names_are_forgotten(self) -> None:
        """However many different ones come, and however many with one command."""
        for number in range(10_000):
            self.made(b"name %d" % number)
        self.assertLess(len(hashes._names), 5000)
        limits = EncodingLimits(hash_max_listpack_entries=1 << 20)
        HashValue().set_many([b"%d" % number for number in range(20_000)], limits)

        self.assertLess(len(hashes._names), 5000)


class RandomTests(SynchronousTestCase):
    """Choosing at random."""

    def test_each_field_has_the_same_chance(self) -> None:
        """Counts of many draws are those of a uniform choice, for few and for many fields."""
        for size in (50, 700):
            value = numbered(size)
            rng = Random(11)
            counts = Counter(value.random(rng) for _ in range(40 * size))
            self.assertEqual(len(counts), size)
            chi_square = sum((count - 40) ** 2 / 40 for count in counts.values())
            self.assertTrue(chi_square < size + 5 * (2 * size) ** 0.5, chi_square)

    def test_different_fields(self) -> None:
        """As many different ones as asked for, or all there are."""
        for size in (10, 700):
            value = numbered(size)
            for count in (1, 5, size // 2, size - 1, size, 2 * size):
                fields = value.random_distinct(Random(count), count)
                self.assertEqual(len(set(fields)), min(count, size))
                self.assertEqual(len(fields), min(count, size))
                self.assertTrue(set(fields) <= set(value))

    def test_nothing_can_be_chosen_from_nothing(self) -> None:
        """An empty hash raises KeyError."""
        self.assertRaises(KeyError, HashValue().random, Random(1))
        self.assertEqual(HashValue().random_distinct(Random(1), 3), [])


class ScanTests(SynchronousTestCase):
    """What HSCAN promises."""

    def test_a_small_hash_comes_whole(self) -> None:
        """Whatever the cursor and the count."""
        value = numbered(100)
        for cursor in (0, 5, 2**64 - 1):
            self.assertEqual(value.scan(cursor, 1), (0, list(value)))

    def test_a_big_hash_comes_in_parts(self) -> None:
        """Each field once, and what stays is found while others come and go."""
        value = numbered(2000)
        cursor, found = value.scan(0, 10)
        self.assertTrue(10 <= len(found) < 100)
        number = 2000
        while cursor:
            for _ in range(20):
                value.set(b"field:%d" % number, b"v", LIMITS)
                value.delete(b"field:%d" % (number - 1000))
                number += 1
            cursor, more = value.scan(cursor, 10)
            found += more
        self.assertTrue({b"field:%d" % stay for stay in range(1000)} <= set(found))

    def test_a_hash_with_long_values_comes_in_parts(self) -> None:
        """A hashtable of few fields too: its values may be as long as a whole page should be."""
        value = numbered(72, b"v" * 100)
        self.assertEqual(value.encoding, "hashtable")
        cursor, first = value.scan(0, 50)
        self.assertNotEqual(cursor, 0)
        end, rest = value.scan(cursor, 50)

        self.assertEqual((end, sorted(first + rest)), (0, sorted(value)))
        self.assertTrue(len(rest) <= 22, len(rest))

    def test_a_hashtable_no_longer_than_the_count_comes_whole(self) -> None:
        """At once, and once more."""
        value = numbered(50, b"v" * 100)
        for _ in range(2):
            self.assertEqual(value.scan(0, 50), (0, list(value)))

    def test_a_hash_that_lost_its_fields_gives_memory_back(self) -> None:
        """What is left of a big hash does not keep the room of what was there."""
        value = numbered(60_000)
        full = value.fields.__sizeof__()
        for number in range(59_999):
            value.delete(b"field:%d" % number)
        self.assertEqual(value.fields, {b"field:59999": b"v"})
        self.assertTrue(value.fields.__sizeof__() < full / 10)


class DeadlineTests(SynchronousTestCase):
    """Fields that expire."""

    def setUp(self) -> None:
        """Make a hash whose fields 0 and 1 are due at 10 and 20."""
        self.value = numbered(3)
        self.value.set_deadline(b"field:0", 10)
        self.value.set_deadline(b"field:1", 20)

    def test_what_is_due_is_taken(self) -> None:
        """With its deadline; without any deadline left there is no record of them."""
        self.assertEqual(self.value.take_due(10), [])
        self.assertEqual(self.value.take_due(11), [b"field:0"])
        self.assertEqual(self.value.deadlines, {b"field:1": 20})
        self.assertEqual(self.value.take_due(99), [b"field:1"])
        self.assertEqual((list(self.value), self.value.deadlines), ([b"field:2"], None))

    def test_setting_and_deleting_forget_the_deadline(self) -> None:
        """HINCRBY's way of setting does not."""
        self.value.replace(b"field:1", b"1", LIMITS)
        self.assertEqual(self.value.deadlines, {b"field:0": 10, b"field:1": 20})
        self.value.set(b"field:1", b"1", LIMITS)
        self.value.delete(b"field:0")
        self.assertEqual(self.value.take_due(99), [])

    def test_persisting(self) -> None:
        """It tells whether there was a deadline."""
        self.assertTrue(self.value.persist(b"field:0"))
        self.assertFalse(self.value.persist(b"field:0"))
        self.assertFalse(self.value.persist(b"field:2"))
        self.assertTrue(self.value.persist(b"field:1"))
        self.assertIsNone(self.value.deadlines)

    def test_a_hash_without_what_is_due(self) -> None:
        """The hash itself if nothing is, else another."""
        self.assertIs(self.value.without_due(10), self.value)
        other = self.value.without_due(15)
        self.assertEqual((list(other), len(self.value)), ([b"field:1", b"field:2"], 3))
        self.assertEqual(other.deadlines, {b"field:1": 20})

    def test_a_listpack_makes_room_for_deadlines(self) -> None:
        """And keeps it; a hashtable stays one."""
        self.assertEqual(self.value.encoding, "listpackex")
        self.value.take_due(99)
        self.assertEqual(self.value.encoding, "listpackex")
        self.value.set(b"long", b"x" * 100, LIMITS)
        self.value.set_deadline(b"long", 10)
        self.assertEqual(self.value.encoding, "hashtable")

    def test_release_forgets_in_slices(self) -> None:
        """With the index beside the fields."""
        value = HashValue()
        value.set_many([b"%d" % number for number in range(6000)], LIMITS)
        sizes = []
        while value:
            value.release(1000)
            sizes.append(len(value))

        self.assertEqual(sizes, [2000, 1000, 0])

    def test_very_many_that_are_due_at_once(self) -> None:
        """A big hash loses most of its fields, and can be scanned as before."""
        value = numbered(5000)
        for number in range(4000):
            value.set_deadline(b"field:%d" % number, number % 10)
        self.assertEqual(len(value.take_due(10)), 4000)
        self.assertEqual((len(value), value.deadlines), (1000, None))
        cursor, found = value.scan(0, 10)
        while cursor:
            cursor, more = value.scan(cursor, 10)
            found += more
        self.assertEqual(set(found), {b"field:%d" % number for number in range(4000, 5000)})


class LoadingTests(SynchronousTestCase):
    """A hash is made of a dict."""

    def test_it_is_made_in_a_known_encoding(self) -> None:
        """As one found in a file is; a big one can be scanned like any other."""
        small = HashValue.of_encoding({b"f": b"v"}, "listpack")
        fields = {b"field:%d" % number: b"v" for number in range(1000)}
        big = HashValue.of_encoding(dict(fields), "hashtable")

        self.assertEqual((small.encoding, small.fields), ("listpack", {b"f": b"v"}))
        cursor, found = big.scan(0, 10)
        while cursor:
            cursor, more = big.scan(cursor, 10)
            found += more
        self.assertEqual(sorted(found), sorted(fields))
        self.assertTrue(big.delete(b"field:7"))
