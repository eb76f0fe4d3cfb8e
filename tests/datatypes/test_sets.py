"""Tests of sets."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.sets import SetValue, difference, intersection, union

LIMITS = EncodingLimits()
SMALL_LIMITS = EncodingLimits(set_max_intset_entries=6, set_max_listpack_entries=4)
MEMBERS = st.one_of(st.integers(-9, 9).map(b"%d".__mod__), st.sampled_from([b"a", b"b", b"007"]))


def words(start: int, stop: int) -> list[bytes]:
    """Return members that are not integers."""
    return [b"word:%d" % number for number in range(start, stop)]


def numbers(start: int, stop: int) -> list[bytes]:
    """Return members that are integers."""
    return [b"%d" % number for number in range(start, stop)]


def made_of(members: list[bytes], limits: EncodingLimits = LIMITS) -> SetValue:
    """Return a set as one SADD makes it."""
    value = SetValue()
    value.add_many(members, limits)
    return value


class ModelTests(SynchronousTestCase):
    """A set does what a Python set does, in every encoding."""

    @settings(max_examples=200)
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["add", "many", "remove", "pop", "copy"]), MEMBERS),
            max_size=60,
        ),
        seed=st.integers(0, 1000),
    )
    def test_it_holds_what_was_put_in(self, steps: list[tuple[str, bytes]], seed: int) -> None:
        """Members, answers, order and encoding agree with a model after every step."""
        rng = Random(seed)
        value, model = SetValue(), set[bytes]()
        for name, member in steps:
            if not model:
                value = SetValue()  # the key of an empty set is gone
            if name == "add":
                self.assertEqual(value.add(member, SMALL_LIMITS), member not in model)
                model.add(member)
            elif name == "many":
                members = [member, b"1", b"x", member]
                new = set(members) - model
                self.assertEqual(value.add_many(members, SMALL_LIMITS), len(new))
                model |= new
            elif name == "remove":
                self.assertEqual(value.remove(member), member in model)
                model.discard(member)
            elif name == "pop" and model:
                popped = value.pop_random(rng)
                self.assertIn(popped, model)
                model.remove(popped)
            elif name == "copy":
                original, value = value, value.copy()
                original.add_many([b"spoilt", *model], SMALL_LIMITS)
            self.assertEqual(len(value), len(model))
            self.assertEqual(set(value.members), model)
            self.assertEqual(sorted(value), sorted(model))
            self.assertEqual(sorted(value.to_list()), sorted(model))
            self.assertEqual(member in value, member in model)
            if value.encoding == "intset":
                self.assertTrue(len(value) <= 6)
                self.assertEqual(list(value), sorted(model, key=int))
            elif value.encoding == "listpack":
                self.assertTrue(len(value) <= 4)
            if model:
                self.assertIn(value.random(rng), model)
                some = value.random_distinct(rng, 3)
                self.assertEqual(len(set(some) & model), min(3, len(model)))

    def test_a_listpack_keeps_the_order_of_additions(self) -> None:
        """SMEMBERS of a small set of words lists them as they came."""
        value = made_of([b"c", b"a", b"b"])
        value.remove(b"a")
        value.add(b"a", LIMITS)
        self.assertEqual(value.to_list(), [b"c", b"b", b"a"])

    def test_what_is_returned_is_not_the_set_itself(self) -> None:
        """A list handed out may be changed by whoever got it."""
        for value in (made_of(words(0, 3)), made_of(words(0, 500)), made_of(numbers(0, 3))):
            expected = sorted(value)
            value.to_list().clear()
            value.random_distinct(Random(1), 1000).clear()
            value.scan(0, 1000)[1].clear()
            self.assertEqual(sorted(value), expected)


class EncodingTests(SynchronousTestCase):
    """What OBJECT ENCODING would say."""

    def test_integers_make_an_intset_up_to_its_limit(self) -> None:
        """One more makes a hashtable, never a listpack, and there is no way back."""
        value = SetValue()
        for number in numbers(0, 512):
            value.add(number, LIMITS)
        self.assertEqual(value.encoding, "intset")
        value.add(b"512", LIMITS)
        self.assertEqual(value.encoding, "hashtable")
        for number in numbers(0, 500):
            value.remove(number)
        self.assertEqual(value.encoding, "hashtable")

    def test_a_word_makes_an_intset_a_listpack_in_order(self) -> None:
        """The listpack begins with the integers in order of value."""
        value = made_of([b"3", b"-1", b"2"])
        value.add(b"x", LIMITS)
        self.assertEqual((value.encoding, list(value)), ("listpack", [b"-1", b"2", b"3", b"x"]))
        value.remove(b"x")
        self.assertEqual(value.encoding, "listpack")

    def test_a_word_makes_a_big_intset_a_hashtable(self) -> None:
        """More than a listpack takes goes straight to a hashtable."""
        value = made_of(numbers(0, 128))
        value.add(b"x", LIMITS)
        self.assertEqual(value.encoding, "hashtable")

    def test_a_listpack_is_left_by_number_or_by_length(self) -> None:
        """129 members or one of 65 bytes."""
        value = made_of(words(0, 128))
        self.assertEqual(value.encoding, "listpack")
        value.add(b"x", LIMITS)
        self.assertEqual(value.encoding, "hashtable")
        self.assertEqual(made_of([b"x" * 64]).encoding, "listpack")
        self.assertEqual(made_of([b"x" * 65]).encoding, "hashtable")

    def test_the_number_announced_decides_first(self) -> None:
        """SADD of many goes to a hashtable even if they turn out to be the same."""
        self.assertEqual(made_of([b"x"] * 129).encoding, "hashtable")
        self.assertEqual(made_of([b"1"] * 513).encoding, "hashtable")
        self.assertEqual(made_of([b"1"] * 512).encoding, "intset")
        value = made_of([b"1"])
        value.add_many([b"1"] * 513, LIMITS)
        self.assertEqual(value.encoding, "hashtable")
        wide = EncodingLimits(set_max_intset_entries=2, set_max_listpack_entries=128)
        self.assertEqual(made_of(numbers(0, 3), wide).encoding, "listpack")

    def test_integers_too_long_for_a_listpack(self) -> None:
        """An intset of long integers cannot become a listpack of short values."""
        limits = EncodingLimits(set_max_listpack_value=3)
        value = made_of([b"12345"], limits)
        value.add(b"x", limits)
        self.assertEqual(value.encoding, "hashtable")

    def test_what_a_store_command_makes(self) -> None:
        """SUNIONSTORE begins with an intset, SINTERSTORE with the smallest set's encoding."""
        self.assertEqual(SetValue.of([b"x", b"1"], LIMITS).encoding, "listpack")
        self.assertEqual(SetValue.of(words(0, 200), LIMITS).encoding, "hashtable")
        big, small = made_of([*numbers(0, 600), b"x"]), made_of([b"5", b"7", b"y"])
        self.assertEqual(small.encoding, "listpack")
        self.assertEqual(SetValue.of_intersection([big, small], LIMITS).encoding, "intset")
        self.assertEqual(SetValue.of_intersection([big], LIMITS).encoding, "hashtable")

    def test_popping_most_members_makes_a_new_set(self) -> None:
        """SPOP of five times as many as stay leaves a listpack of few."""
        value = made_of(words(0, 1000))
        popped = value.pop_random_many(Random(1), 950, LIMITS)
        self.assertEqual((len(value), value.encoding), (50, "listpack"))
        self.assertEqual(sorted(popped + value.to_list()), sorted(words(0, 1000)))
        value = made_of(words(0, 1000))
        value.pop_random_many(Random(1), 500, LIMITS)
        self.assertEqual((len(value), value.encoding), (500, "hashtable"))


class RandomTests(SynchronousTestCase):
    """Choosing at random."""

    def test_each_member_has_the_same_chance(self) -> None:
        """Counts of many draws are those of a uniform choice, in each encoding."""
        for members in (numbers(0, 50), words(0, 50), words(0, 200)):
            value = made_of(members)
            rng = Random(3)
            counts = Counter(value.random(rng) for _ in range(100 * len(members)))
            self.assertEqual(set(counts), set(members))
            chi_square = sum((count - 100) ** 2 / 100 for count in counts.values())
            freedom = len(members) - 1
            self.assertTrue(chi_square < freedom + 5 * (2 * freedom) ** 0.5, chi_square)

    def test_popping_each_is_popping_again_and_again(self) -> None:
        """The same members go in the same order, until they are too much together."""
        for size in (10, 1000):
            members = [b"m%d" % number for number in range(size)]
            mine, theirs = SetValue.of(members, LIMITS), SetValue.of(members, LIMITS)
            my_rng, their_rng = Random(size), Random(size)
            for number in (1, 7, size - 9):
                popped = mine.pop_random_each(my_rng, number, 1 << 16)

                self.assertEqual(popped, [theirs.pop_random(their_rng) for _ in range(number)])
                self.assertEqual([*mine], [*theirs])
                self.assertEqual(mine.members, theirs.members)
        self.assertEqual(len(SetValue.of(members, LIMITS).pop_random_each(my_rng, 9, 5)), 2)

    def test_popping_gives_every_member_once(self) -> None:
        """Until the set is empty, and in no order of its own."""
        for members in (numbers(0, 50), words(0, 50), words(0, 2000)):
            value = made_of(members)
            rng = Random(5)
            popped = [value.pop_random(rng) for _ in members]
            self.assertEqual((sorted(popped), len(value)), (sorted(members), 0))
            self.assertNotEqual(popped, members)
            self.assertRaises(IndexError, value.pop_random, rng)
            self.assertRaises(IndexError, value.random, rng)

    def test_popping_many_gives_different_members(self) -> None:
        """However many are asked for, none comes twice and none is lost."""
        for members in (numbers(0, 100), words(0, 100), words(0, 1000)):
            for part in (0.1, 0.5, 0.9, 0.99, 1, 2):
                value = made_of(members)
                count = int(part * len(members))
                popped = value.pop_random_many(Random(count), count)
                self.assertEqual(len(popped), min(count, len(members)))
                self.assertEqual(sorted(popped + value.to_list()), sorted(members))
                self.assertEqual(set(value.members), set(value))

    def test_a_set_that_lost_its_members_gives_memory_back(self) -> None:
        """What is left of a big set does not keep the room of what was there."""
        value = made_of(words(0, 60_000))
        full = value.members.__sizeof__()
        for word in words(0, 59_990):
            value.remove(word)
        self.assertEqual(sorted(value), sorted(words(59_990, 60_000)))
        self.assertTrue(value.members.__sizeof__() < full / 10)
        self.assertTrue(value.remove(b"word:59995"))
        self.assertEqual(len(list(value)), 9)


class ScanTests(SynchronousTestCase):
    """What SSCAN promises."""

    def test_a_small_set_comes_whole(self) -> None:
        """Whatever the cursor and the count."""
        for value in (made_of(numbers(0, 300)), made_of(words(0, 100))):
            for cursor in (0, 7, 2**64 - 1):
                self.assertEqual(value.scan(cursor, 1), (0, value.to_list()))

    def test_a_big_set_comes_in_parts_of_the_count(self) -> None:
        """Each member once, as many a call as asked for."""
        value = made_of(words(0, 1000))
        cursor, found = value.scan(0, 30)
        calls = 1
        while cursor:
            cursor, more = value.scan(cursor, 30)
            found += more
            calls += 1
        self.assertEqual((calls, sorted(found)), (34, sorted(words(0, 1000))))

    @settings(max_examples=150)
    @given(
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("change"), st.integers(-40, 40)),
                st.tuples(st.just("change"), st.integers(-2000, 2000)),
                st.tuples(st.just("pop"), st.floats(0, 1)),
                st.tuples(st.just("scan"), st.integers(1, 60)),
            ),
            max_size=40,
        ),
        seed=st.integers(0, 1000),
    )
    def test_a_member_that_stays_is_always_returned(
        self, steps: list[tuple[str, float]], seed: int
    ) -> None:
        """However the set grows and shrinks, members present throughout are all returned."""
        rng = Random(seed)
        value = made_of(words(0, 500))
        stay = set(value)
        seen: set[bytes] = set()
        born = 500
        cursor, found = value.scan(0, 1)
        seen.update(found)
        for name, amount in steps:
            if name == "scan" and cursor:
                cursor, found = value.scan(cursor, int(amount))
                seen.update(found)
            elif name == "pop":
                stay.difference_update(value.pop_random_many(rng, int(amount * len(value)), LIMITS))
            elif amount > 0:
                value.add_many(words(born, born + int(amount)), LIMITS)
                born += int(amount)
            else:
                for member in rng.sample(value.to_list(), min(int(-amount), len(value))):
                    value.remove(member)
                    stay.discard(member)
        while cursor:
            cursor, found = value.scan(cursor, 10)
            seen.update(found)
        self.assertEqual(stay - seen, set())


class AlgebraTests(SynchronousTestCase):
    """Intersection, union, difference."""

    @given(lists=st.lists(st.lists(MEMBERS, max_size=12), min_size=1, max_size=4))
    def test_they_are_those_of_python(self, lists: list[list[bytes]]) -> None:
        """Whatever the sets and their encodings."""
        sets = [made_of(members, SMALL_LIMITS) for members in lists]
        models = [set(members) for members in lists]
        self.assertEqual(sorted(intersection(sets)), sorted(set.intersection(*models)))
        self.assertEqual(sorted(union(sets)), sorted(set.union(*models)))
        self.assertEqual(sorted(union(sets, LIMITS)), sorted(set.union(*models)))
        expected = sorted(models[0].difference(*models[1:]))
        self.assertEqual(sorted(difference(sets[0], sets[1:])), expected)
        self.assertEqual(sorted(difference(sets[0], sets[1:], LIMITS)), expected)

    def test_an_intersection_stops_at_its_limit(self) -> None:
        """SINTERCARD LIMIT looks no further than it must."""
        one, two = made_of(words(0, 1000)), made_of(words(500, 2000))
        self.assertEqual(len(intersection([one, two], 10)), 10)
        self.assertEqual(len(intersection([one, two], 501)), 500)
        self.assertEqual(len(intersection([one, two])), 500)

    def test_a_set_minus_itself_is_empty(self) -> None:
        """The same key named twice."""
        value = made_of(words(0, 10))
        self.assertEqual(difference(value, [made_of([]), value]), [])
        self.assertEqual(sorted(intersection([value, value])), sorted(value))

    def test_a_big_set_minus_many_small_ones(self) -> None:
        """Members are crossed out where that is less work."""
        value = made_of(words(0, 2000))
        others = [made_of(words(number, number + 3)) for number in range(0, 90, 3)]
        self.assertEqual(sorted(difference(value, others)), sorted(words(90, 2000)))

    def test_results_have_the_order_of_redis(self) -> None:
        """A union of integers is in order of value, with limits given."""
        sets = [made_of([b"5", b"3"]), made_of([b"4", b"x"])]
        self.assertEqual(union(sets, LIMITS), [b"3", b"4", b"5", b"x"])
        self.assertEqual(union(sets[:1], LIMITS), [b"3", b"5"])

    def test_release_forgets_in_slices(self) -> None:
        """Small sets and big ones."""
        for count, sizes in ((2500, [1500, 500, 0]), (3, [0])):
            value = made_of(words(0, count))
            found = []
            while value:
                value.release(1000)
                found.append(len(value))

            self.assertEqual(found, sizes)

    def test_it_is_made_in_a_known_encoding(self) -> None:
        """As one found in a file is, whatever its members."""
        for encoding in ("intset", "listpack", "hashtable"):
            value = SetValue.of_encoding([b"2", b"1"], encoding)
            self.assertEqual((value.encoding, sorted(value)), (encoding, [b"1", b"2"]))
            self.assertTrue(value.add(b"3", LIMITS))
            self.assertTrue(value.remove(b"2"))
            self.assertEqual(sorted(value), [b"1", b"3"])
            self.assertRaises(ValueError, SetValue.of_encoding, [b"1", b"1"], encoding)
