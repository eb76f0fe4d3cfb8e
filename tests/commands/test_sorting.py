"""Tests of pyredis.commands.sorting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session

SYNTAX = b"ERR syntax error"
WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NO_NUMBER = b"ERR One or more scores can't be converted into double"
NOT_INTEGER = b"ERR value is not an integer or out of range"


class SortingCase(SynchronousTestCase):
    """A server in memory with the list ``l``, and weights and names of its elements."""

    def setUp(self) -> None:
        """Start the server and fill it."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("RPUSH", "l", 3, 1, 2, 10)
        self.do("MSET", "w1", 30, "w2", 20, "w3", 10, "w10", 5)
        for number, name in ((1, "one"), (2, "two"), (3, "three")):
            self.do("HSET", f"h{number}", "name", name, "w", -number)

    def sort(self, *words: str | int) -> list[str]:
        """Return what SORT answers, as text."""
        reply = self.do("SORT", *words)
        return [None if word is None else word.decode() for word in reply]

    def stored(self, key: str) -> list[str]:
        """Return the elements of a list."""
        return [word.decode() for word in self.do("LRANGE", key, 0, -1)]


class OrderTests(SortingCase):
    """By what is sorted."""

    def test_by_number(self) -> None:
        """Upwards unless told otherwise; the last word counts."""
        self.assertEqual(self.sort("l"), ["1", "2", "3", "10"])
        self.assertEqual(self.sort("l", "DESC"), ["10", "3", "2", "1"])
        self.assertEqual(self.sort("l", "DESC", "ASC"), ["1", "2", "3", "10"])

    def test_many_numbers(self) -> None:
        """A few, or all, of many; equal ones by their texts."""
        distinct = [str(number * 7919 % 1009 - 500) for number in range(1009)]
        for words in (distinct, [f"{word}.0" for word in distinct[:300]] + distinct):
            self.do("DEL", "many")
            self.do("RPUSH", "many", *words)
            upwards = sorted(words, key=lambda word: (float(word), word))
            downwards = upwards[::-1]

            self.assertEqual(self.sort("many"), upwards)
            self.assertEqual(self.sort("many", "DESC"), downwards)
            self.assertEqual(self.sort("many", "LIMIT", 3, 20), upwards[3:23])
            self.assertEqual(self.sort("many", "LIMIT", 3, 20, "DESC"), downwards[3:23])
            self.assertEqual(self.sort("many", "LIMIT", 0, 0), [])

    def test_by_text(self) -> None:
        """Byte by byte."""
        self.assertEqual(self.sort("l", "ALPHA"), ["1", "10", "2", "3"])
        self.assertEqual(self.sort("l", "ALPHA", "desc"), ["3", "2", "10", "1"])

    def test_every_collection(self) -> None:
        """Lists, sets and sorted sets; a sorted set's scores do not matter."""
        self.do("SADD", "t", 3, 1, 2)
        self.do("ZADD", "z", 1, 3, 2, 2, 3, 1)

        self.assertEqual(self.sort("t"), ["1", "2", "3"])
        self.assertEqual(self.sort("z"), ["1", "2", "3"])
        self.assertEqual(self.do("OBJECT", "ENCODING", "z"), b"skiplist")
        self.assertEqual(self.sort("none"), [])
        self.assertEqual(self.error("SORT", "w1"), WRONG_TYPE)
        self.assertEqual(self.error("SORT_RO", "h1"), WRONG_TYPE)

    def test_equal_numbers_are_sorted_as_text(self) -> None:
        """So the result does not depend on where they were."""
        self.do("RPUSH", "m", "1", "01", "1.0", "001")

        self.assertEqual(self.sort("m"), ["001", "01", "1", "1.0"])
        self.assertEqual(self.sort("m", "DESC"), ["1.0", "1", "01", "001"])

    def test_equal_texts_stay_as_they_were(self) -> None:
        """Also downwards."""
        self.do("RPUSH", "m", "b", "a", "c")
        self.do("SET", "w_c", "x")

        self.assertEqual(self.sort("m", "BY", "w_*", "ALPHA"), ["b", "a", "c"])
        self.assertEqual(self.sort("m", "BY", "w_*", "ALPHA", "DESC"), ["c", "b", "a"])

    def test_what_c_takes_for_a_number(self) -> None:
        """Blanks ahead, nothing at all, hexadecimals, infinity, and what a NUL byte hides."""
        for element in ("", " 1", "0x1p3", "inf", "-Infinity", "1e3", "+5", b"2\0x"):
            self.do("DEL", "m")
            self.do("RPUSH", "m", element, 7)
            self.assertEqual(len(self.do("SORT", "m")), 2)

    def test_what_is_no_number(self) -> None:
        """Nothing is stored then."""
        for element in ("a", " ", "1 ", "nan", "1_0", "1e400", "1e-400", "1e-310"):
            self.do("DEL", "m")
            self.do("RPUSH", "m", 1, element)
            self.assertEqual(self.error("SORT", "m", "STORE", "d"), NO_NUMBER)
        self.assertEqual(self.do("EXISTS", "d"), 0)

    def test_text_ends_at_a_nul_byte_unless_stored(self) -> None:
        """As strcoll() and memcmp() have it."""
        self.do("RPUSH", "m", b"a\0b", b"a\0a")

        self.assertEqual(self.do("SORT", "m", "ALPHA"), [b"a\0b", b"a\0a"])
        self.do("SORT", "m", "ALPHA", "STORE", "d")
        self.assertEqual(self.do("LRANGE", "d", 0, -1), [b"a\0a", b"a\0b"])

    @given(st.lists(st.integers(-50, 50), max_size=50), st.booleans(), st.integers(0, 60))
    def test_numbers_of_any_kind(self, numbers: list[int], descending: bool, limit: int) -> None:
        """It is what sorted() says."""
        session = Session()
        if numbers:
            session.do("RPUSH", "l", *numbers)
        words = ["DESC"] if descending else []

        found = session.do("SORT", "l", "LIMIT", 2, limit, *words)
        wanted = sorted(numbers, reverse=descending)[2 : 2 + limit]
        self.assertEqual([int(each) for each in found], wanted)


class PatternTests(SortingCase):
    """BY and GET."""

    def test_by_keys(self) -> None:
        """A missing weight is zero, or the first of texts."""
        self.assertEqual(self.sort("l", "BY", "w*"), ["10", "3", "2", "1"])
        self.do("DEL", "w1")
        self.assertEqual(self.sort("l", "BY", "w*"), ["1", "10", "3", "2"])
        self.assertEqual(self.sort("l", "BY", "w*", "ALPHA"), ["1", "3", "2", "10"])

    def test_by_hash_fields(self) -> None:
        """Behind an arrow."""
        self.assertEqual(self.sort("l", "BY", "h*->w"), ["3", "2", "1", "10"])
        self.assertEqual(self.sort("l", "BY", "w*->w"), ["1", "10", "2", "3"])

    def test_a_weight_must_be_a_number(self) -> None:
        """Unless it is text."""
        self.assertEqual(self.error("SORT", "l", "BY", "h*->name"), NO_NUMBER)
        self.assertEqual(self.sort("l", "BY", "h*->name", "ALPHA"), ["10", "1", "3", "2"])

    def test_get(self) -> None:
        """Several values for each element; ``#`` is itself, and what is not there null."""
        self.assertEqual(
            self.sort("l", "GET", "#", "GET", "w*", "GET", "h*->name", "LIMIT", 2, 2),
            ["3", "10", "three", "10", "5", None],
        )

    def test_patterns_that_find_nothing(self) -> None:
        """Without a star, of another type, with an arrow and no field."""
        for pattern in ("w1", "", "##", "h*", "h*->", "h*->none", "w*->w", "l"):
            self.assertEqual(self.sort("l", "GET", pattern), [None] * 4)

    def test_the_first_star_and_the_first_arrow_behind_it_count(self) -> None:
        """Whatever else is there belongs to names."""
        self.do("SET", "1*", "star")
        self.do("HSET", "a->1b", "f->g", "arrow")

        self.assertEqual(self.sort("l", "GET", "**", "LIMIT", 0, 1), ["star"])
        self.assertEqual(self.sort("l", "GET", "a->*b->f->g", "LIMIT", 0, 1), ["arrow"])

    def test_numbers_and_changed_strings_are_found(self) -> None:
        """In whichever form a string is held."""
        self.do("INCR", "n1")
        self.do("APPEND", "n2", "x")
        self.do("APPEND", "n2", "y")

        self.assertEqual(self.sort("l", "GET", "n*"), ["1", "xy", None, None])

    def test_looking_counts(self) -> None:
        """As reading of each key."""
        before = self.session.db.hits
        self.sort("l", "BY", "w*", "GET", "h*->w")

        self.assertEqual((self.session.db.hits - before, self.session.db.misses), (8, 1))


class UnsortedTests(SortingCase):
    """A BY without a star."""

    def setUp(self) -> None:
        """Add a sorted set."""
        super().setUp()
        self.do("ZADD", "z", 1, "c", 2, "b", 3, "a")

    def test_elements_keep_their_order(self) -> None:
        """Or come from the end."""
        self.assertEqual(self.sort("l", "BY", "nosort"), ["3", "1", "2", "10"])
        self.assertEqual(self.sort("l", "BY", "nosort", "DESC"), ["10", "2", "1", "3"])
        self.assertEqual(self.sort("z", "BY", "nosort"), ["c", "b", "a"])
        self.assertEqual(self.sort("z", "BY", "nosort", "DESC"), ["a", "b", "c"])

    def test_limits(self) -> None:
        """Count from the end they come from."""
        self.assertEqual(self.sort("l", "BY", "x", "LIMIT", 1, 2), ["1", "2"])
        self.assertEqual(self.sort("l", "BY", "x", "DESC", "LIMIT", 1, 2), ["2", "1"])
        self.assertEqual(self.sort("z", "BY", "x", "DESC", "LIMIT", 0, 2), ["a", "b"])
        self.assertEqual(self.sort("z", "BY", "x", "LIMIT", 9, 2), [])

    def test_what_is_no_number_does_not_matter(self) -> None:
        """There is nothing to compare."""
        self.assertEqual(self.sort("z", "BY", "", "GET", "#"), ["c", "b", "a"])

    def test_a_set_is_sorted_to_be_stored(self) -> None:
        """It has no order that could be repeated elsewhere."""
        self.do("SADD", "t", "b", "a", "10", "9")
        self.do("SORT", "t", "BY", "nosort", "STORE", "d")

        self.assertEqual(self.stored("d"), ["10", "9", "a", "b"])

    def test_one_by_without_a_star_is_enough(self) -> None:
        """Wherever it stands."""
        for words in (("BY", "x", "BY", "w*"), ("BY", "w*", "BY", "x")):
            self.assertEqual(self.sort("l", *words), ["3", "1", "2", "10"])


class LimitTests(SortingCase):
    """LIMIT."""

    def test_windows(self) -> None:
        """Kept within the elements; a negative count is all."""
        for offset, count, wanted in (
            (0, 2, ["1", "2"]),
            (1, 2, ["2", "3"]),
            (-5, 1, ["1"]),
            (2, -1, ["3", "10"]),
            (2, 100, ["3", "10"]),
            (4, 1, []),
            (0, 0, []),
            (2**63 - 1, 2**63 - 1, []),
        ):
            self.assertEqual(self.sort("l", "LIMIT", offset, count), wanted)

    def test_it_must_be_integers(self) -> None:
        """Two of them."""
        self.assertEqual(self.error("SORT", "l", "LIMIT", "a", 1), NOT_INTEGER)
        self.assertEqual(self.error("SORT", "l", "LIMIT", 1, "a"), NOT_INTEGER)
        self.assertEqual(self.error("SORT", "l", "LIMIT", 1), SYNTAX)


class StoreTests(SortingCase):
    """STORE."""

    def test_the_result_is_a_list(self) -> None:
        """Whatever was there, and without its deadline."""
        self.do("SET", "d", "v", "EX", 100)

        self.assertEqual(self.do("SORT", "l", "STORE", "d"), 4)
        self.assertEqual(self.stored("d"), ["1", "2", "3", "10"])
        self.assertEqual(self.do("TTL", "d"), -1)

    def test_what_is_not_found_is_empty(self) -> None:
        """A list has no nulls."""
        self.do("SORT", "l", "GET", "h*->name", "STORE", "d")

        self.assertEqual(self.stored("d"), ["one", "two", "three", ""])

    def test_nothing_deletes(self) -> None:
        """And says so only if there was something."""
        self.do("SORT", "l", "STORE", "d")
        for deleted in ([(b"del", b"d")], []):
            told = self.session.events("SORT", "none", "STORE", "d")
            self.assertEqual(told, [(b"keymiss", b"none"), *deleted])
        self.assertEqual(self.do("SORT", "l", "LIMIT", 0, 0, "STORE", "l"), 0)
        self.assertEqual(self.do("EXISTS", "l"), 0)

    def test_it_is_told(self) -> None:
        """And counts a change for each element."""
        told = self.session.events("SORT", "l", "STORE", "d")
        self.assertEqual(told, [(b"new", b"d"), (b"sortstore", b"d")])
        self.assertEqual(self.session.changes("SORT", "l", "GET", "#", "GET", "#", "STORE", "d"), 8)

    def test_it_wakes_those_who_wait(self) -> None:
        """The result is a list like any other."""
        waiter = self.session.another()
        waiter.do("BLPOP", "d", 0)
        self.do("SORT", "l", "STORE", "d")

        self.assertEqual(waiter.written, [[b"d", b"1"]])

    def test_sort_ro_stores_nothing(self) -> None:
        """The word is unknown to it."""
        self.assertEqual(self.error("SORT_RO", "l", "STORE", "d"), SYNTAX)
        self.assertEqual(self.do("SORT_RO", "l", "LIMIT", 0, 1), [b"1"])

    def test_wrong_options(self) -> None:
        """Are refused before any key is looked at."""
        for words in (["FOO"], ["BY"], ["GET"], ["STORE"], ["LIMIT", "1"]):
            self.assertEqual(self.error("SORT", "w1", *words), SYNTAX)
