"""Sorted sets: order, ranges, encodings, and the packed form of those not in use."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import packed_sorted_sets, sorted_sets
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.sorted_set_ranges import LexRange, ScoreRange
from pyredis.datatypes.sorted_sets import SortedSetValue

LIMITS = EncodingLimits()
INF = float("inf")

SCORES = st.one_of(
    st.sampled_from([-INF, INF, -0.0, 0.0, 1.0, 2.0, 127.0, 128.0, -32769.0, 2.0**31, 2.0**60]),
    st.floats(allow_nan=False),
    st.integers(-5, 5).map(float),
)
MEMBERS = st.one_of(
    st.sampled_from([b"", b"a", b"\x00", b"\n\xff|\x01\xfe\x00"]), st.binary(max_size=3)
)


def sorted_set(**scores: float) -> SortedSetValue:
    """Return a sorted set of some members, by keyword."""
    value = SortedSetValue()
    for member, score in scores.items():
        value.put(member.encode(), score, LIMITS)
    return value


def numbered(count: int, step: float = 1.0) -> SortedSetValue:
    """Return a sorted set of members ``0000`` onwards."""
    value = SortedSetValue()
    for number in range(count):
        value.put(b"%04d" % number, number * step, LIMITS)
    return value


def is_packed(value: SortedSetValue) -> bool:
    """Tell whether a set is in its packed form."""
    return value._scores is None


class SortedSetTests(SynchronousTestCase):
    """Members, scores and ranks."""

    def test_put_tells_the_former_score(self) -> None:
        """A new member has had no score, a known one its last."""
        value = SortedSetValue()

        self.assertIsNone(value.put(b"a", 1.0, LIMITS))
        self.assertEqual(value.put(b"a", 2.5, LIMITS), 1.0)
        self.assertEqual(value.score(b"a"), 2.5)
        self.assertEqual(len(value), 1)

    def test_the_order_is_by_score_then_bytes(self) -> None:
        """Equal scores are ordered as memcmp orders, shorter first."""
        value = SortedSetValue()
        for member, score in ((b"b", 1), (b"\xff", 0), (b"", 1), (b"a\x00", 1), (b"a", 1)):
            value.put(member, float(score), LIMITS)

        self.assertEqual(list(value), [b"\xff", b"", b"a", b"a\x00", b"b"])
        self.assertEqual(value.rank(b"a\x00"), 3)

    def test_infinities_are_at_the_ends(self) -> None:
        """Negative infinity is first and infinity last."""
        value = sorted_set(a=INF, b=-INF, c=1e308, d=-1e308)

        self.assertEqual(list(value), [b"b", b"d", b"c", b"a"])

    def test_what_is_not_there(self) -> None:
        """A member that is not there has no score and no rank, and is not removed."""
        value = sorted_set(a=1)

        self.assertIsNone(value.score(b"x"))
        self.assertIsNone(value.rank(b"x"))
        self.assertFalse(value.remove(b"x"))
        self.assertNotIn(b"x", value)

    def test_remove(self) -> None:
        """A removed member is gone from the order, too."""
        value = sorted_set(a=1, b=2, c=3)

        self.assertTrue(value.remove(b"b"))
        self.assertEqual(list(value.items()), [(b"a", 1.0), (b"c", 3.0)])
        self.assertEqual(value.rank(b"c"), 1)

    def test_an_empty_set_is_false(self) -> None:
        """A set is true while there are members in it."""
        value = sorted_set(a=1)

        self.assertTrue(value)
        value.remove(b"a")
        self.assertFalse(value)

    def test_random_members(self) -> None:
        """Each member has the same chance."""
        rng = Random(3)
        for count in (5, 1500):
            value = numbered(count)
            seen = Counter(value.random(rng) for _ in range(10 * count))

            self.assertGreater(len(seen), count * 0.99)
            self.assertLess(max(seen.values()), 30)

    def test_a_copy_lives_on_its_own(self) -> None:
        """A copy has the encoding and members of its original and changes alone."""
        for count in (3, 200, 1500):
            value = numbered(count)
            twin = value.copy()
            twin.put(b"new", 0.5, LIMITS)

            self.assertEqual(twin.encoding, value.encoding)
            self.assertEqual((len(value), len(twin)), (count, count + 1))
            self.assertEqual(list(value), [b"%04d" % number for number in range(count)])

    def test_a_large_set_that_shrank_gives_room_back(self) -> None:
        """What a dict had room for is given back when nearly all members are gone."""
        for shrink in (
            lambda value: value.delete_between(5, 29999),
            lambda value: [value.remove(b"%04d" % number) for number in range(29995)],
            lambda value: [value.pop() for _ in range(29995)],
        ):
            value = numbered(30000)
            shrink(value)

            self.assertLess(value.scores.__sizeof__(), 50_000)
            self.assertEqual(set(value.scores), set(value))
            self.assertEqual(value.rank(b"29999"), len(value) - 1)

    def test_release_frees_in_slices(self) -> None:
        """A large set loses some members at each call and is empty in the end."""
        value = numbered(3000)
        calls = 0
        while value:
            value.release(1000)
            calls += 1

        self.assertLess(calls, 5)
        self.assertGreater(calls, 1)
        self.assertEqual(len(value), 0)

    @given(st.lists(st.tuples(MEMBERS, st.one_of(st.none(), SCORES), st.booleans())))
    def test_it_is_what_a_sorted_list_is(
        self, steps: list[tuple[bytes, float | None, bool]]
    ) -> None:
        """Whatever is put, removed and packed in between, the set is its model."""
        value = SortedSetValue()
        model: dict[bytes, float] = {}
        for member, score, pack in steps:
            if score is None:
                self.assertEqual(value.remove(member), model.pop(member, None) is not None)
            else:
                self.assertEqual(value.put(member, score, LIMITS), model.get(member))
                model[member] = score
            if pack:
                value._pack()
                self.assertEqual(len(value), len(model))
        wanted = sorted(model, key=lambda member: (model[member], member))

        self.assertEqual(list(value.items()), [(member, model[member]) for member in wanted])
        self.assertEqual([value.rank(member) for member in wanted], list(range(len(wanted))))


class SeveralTests(SynchronousTestCase):
    """Members that come together."""

    @given(
        st.lists(st.tuples(MEMBERS, SCORES)),
        st.lists(st.tuples(MEMBERS, SCORES), min_size=1),
        st.booleans(),
    )
    def test_as_one_by_one(
        self, before: list[tuple[bytes, float]], pairs: list[tuple[bytes, float]], scanned: bool
    ) -> None:
        """Whatever is there, each finds what the one before it left."""
        self.patch(sorted_sets, "FLAT_MAX", 8)
        self.patch(sorted_sets, "PACK_MAX", 4)
        limits = EncodingLimits()
        limits.zset_max_listpack_entries = 6
        mine, theirs = SortedSetValue(), SortedSetValue()
        for value in (mine, theirs):
            for member, score in before:
                value.put(member, score, limits)
            if scanned:
                value.scan(0, 1)
        olds = [theirs.put(member, score, limits) for member, score in pairs]
        changes = sum(old != score for old, (_, score) in zip(olds, pairs, strict=True))

        added = mine.put_each([member for member, _ in pairs], [s for _, s in pairs], limits)

        self.assertEqual(added, ([int(old is None) for old in olds], changes))
        self.assertEqual(repr([*mine.items()]), repr([*theirs.items()]))
        self.assertEqual(mine.encoding, theirs.encoding)
        self.assertEqual(mine.scan(0, 1000), theirs.scan(0, 1000))


class MakingTests(SynchronousTestCase):
    """Sorted sets made at once of a dict."""

    def test_members_are_ordered(self) -> None:
        """The dict's order does not matter."""
        value = SortedSetValue.of({b"b": 1.0, b"c": -INF, b"a": 1.0}, LIMITS)

        self.assertEqual(list(value), [b"c", b"a", b"b"])

    def test_large(self) -> None:
        """A set of many members is as good as one filled one by one."""
        rng = Random(1)
        scores = {b"%d" % number: float(rng.randrange(50)) for number in range(3000)}
        value = SortedSetValue.of(dict(scores), LIMITS)
        value.put(b"new", 25.5, LIMITS)
        scores[b"new"] = 25.5
        wanted = sorted(scores, key=lambda member: (scores[member], member))

        self.assertEqual(list(value), wanted)
        self.assertEqual(value.rank(b"new"), wanted.index(b"new"))

    def test_the_result_decides_about_the_encoding(self) -> None:
        """Number and length of the members decide, both limits included."""
        at_limits = SortedSetValue.of({b"%064d" % n: 0.0 for n in range(128)}, LIMITS)
        too_many = SortedSetValue.of({b"%d" % n: 0.0 for n in range(129)}, LIMITS)
        too_long = SortedSetValue.of({b"x" * 65: 0.0}, LIMITS)

        self.assertEqual(at_limits.encoding, "listpack")
        self.assertEqual(too_many.encoding, "skiplist")
        self.assertEqual(too_long.encoding, "skiplist")
        self.assertEqual(SortedSetValue.of({}, LIMITS).encoding, "listpack")

    def test_loaded_packed(self) -> None:
        """A set that was a listpack is packed at once, without minus zeros, if it can be."""
        value = SortedSetValue.of_listpack([-0.0, 1.5], [b"z", b"a"])
        assert value is not None
        scores = [score for _, score in value.items()]
        self.assertEqual((list(value), str(scores)), ([b"z", b"a"], "[0.0, 1.5]"))
        self.assertEqual((len(value), value.encoding), (2, "listpack"))
        self.assertEqual(value.scores, {b"z": 0.0, b"a": 1.5})
        many = [b"%d" % number for number in range(1000)]
        self.assertIsNone(SortedSetValue.of_listpack([1.0] * 1000, many))

    def test_it_is_made_of_members_in_order(self) -> None:
        """As one found in a file is, in a known encoding."""
        for encoding in ("listpack", "skiplist"):
            scores = {b"a": 1.0, b"z": -0.0}
            value = SortedSetValue.of_ordered(scores, [b"z", b"a"], encoding)
            self.assertEqual(list(value.items()), [(b"z", 0.0), (b"a", 1.0)])
            self.assertEqual((value.encoding, value.rank(b"a")), (encoding, 1))
            sign = "0.0" if encoding == "listpack" else "-0.0"
            self.assertEqual(str(value.score(b"z")), sign)


class EncodingTests(SynchronousTestCase):
    """What OBJECT ENCODING reports, and its one visible effect."""

    def test_too_many_members(self) -> None:
        """One member more than the limit makes it a skiplist, for good."""
        value = numbered(128)
        self.assertEqual(value.encoding, "listpack")

        value.put(b"new", 1.0, LIMITS)
        self.assertEqual(value.encoding, "skiplist")
        value.remove(b"new")
        self.assertEqual(value.encoding, "skiplist")

    def test_too_long_a_member(self) -> None:
        """A member longer than the limit makes it a skiplist."""
        value = SortedSetValue()
        value.put(b"x" * 64, 1.0, LIMITS)
        self.assertEqual(value.encoding, "listpack")

        value.put(b"x" * 65, 1.0, LIMITS)
        self.assertEqual(value.encoding, "skiplist")

    def test_an_announcement(self) -> None:
        """Announced pairs count as if they were new."""
        value = SortedSetValue()
        value.expect(LIMITS, 128, 64)
        self.assertEqual(value.encoding, "listpack")

        value.expect(LIMITS, 129)
        self.assertEqual(value.encoding, "skiplist")

        value = SortedSetValue()
        value.expect(LIMITS, 1, 65)
        self.assertEqual(value.encoding, "skiplist")

    def test_an_announcement_to_a_packed_set(self) -> None:
        """A packed set is unpacked when it becomes a skiplist."""
        value = sorted_set(a=1)
        value._pack()
        value.expect(LIMITS, 129)

        self.assertEqual((value.encoding, value.score(b"a")), ("skiplist", 1.0))

    def test_a_listpack_forgets_the_sign_of_zero(self) -> None:
        """Negative zero is kept by a skiplist only."""
        small = sorted_set(a=-0.0, b=5)
        small.put(b"b", -0.0, LIMITS)
        large = numbered(129)
        large.put(b"a", -0.0, LIMITS)
        made = SortedSetValue.of({b"a": -0.0}, LIMITS)

        self.assertEqual([str(small.score(member)) for member in (b"a", b"b")], ["0.0", "0.0"])
        self.assertEqual(str(large.score(b"a")), "-0.0")
        self.assertEqual(str(made.score(b"a")), "0.0")

    def test_the_two_zeros_are_one_score(self) -> None:
        """A change from zero to negative zero is none."""
        value = numbered(129)
        value.put(b"0000", -0.0, LIMITS)

        self.assertEqual(str(value.score(b"0000")), "0.0")


class RangeTests(SynchronousTestCase):
    """Ranges by index, score and member, as ranks."""

    def test_indexes(self) -> None:
        """Indexes are inclusive, negative ones count from the end, and the ends are cut off."""
        value = numbered(5)
        for start, stop, ranks in (
            (0, -1, (0, 5)),
            (1, 2, (1, 3)),
            (-2, 9, (3, 5)),
            (-9, 0, (0, 1)),
            (3, 2, (0, 0)),
            (5, 9, (0, 0)),
            (0, -6, (0, 0)),
        ):
            self.assertEqual(value.ranks_by_index(start, stop), ranks)

    def test_indexes_from_the_greatest(self) -> None:
        """Reversed, index 0 is the greatest member."""
        value = numbered(5)

        self.assertEqual(value.ranks_by_index(0, 1, reverse=True), (3, 5))
        self.assertEqual(value.ranks_by_index(-1, -1, reverse=True), (0, 1))
        self.assertEqual(value.ranks_by_index(4, 9, reverse=True), (0, 1))

    def test_scores(self) -> None:
        """Either end may be excluded or infinite."""
        value = sorted_set(a=1, b=2, c=2, d=3)
        for minimum, maximum, members in (
            (b"2", b"3", b"bcd"),
            (b"(1", b"(3", b"bc"),
            (b"(2", b"+inf", b"d"),
            (b"-inf", b"(2", b"a"),
            (b"3", b"1", b""),
            (b"(2", b"2", b""),
            (b"(3", b"inf", b""),
            (b"1.5", b"0x2", b"bc"),
        ):
            ranks = value.ranks_by_score(ScoreRange.parse(minimum, maximum))
            self.assertEqual(b"".join(value.members_between(*ranks)), members)

    def test_infinite_scores(self) -> None:
        """Infinity can be excluded where it is a score."""
        value = sorted_set(a=-INF, b=0, c=INF)

        self.assertEqual(value.ranks_by_score(ScoreRange.parse(b"(-inf", b"(inf")), (1, 2))
        self.assertEqual(value.ranks_by_score(ScoreRange.parse(b"-inf", b"inf")), (0, 3))

    def test_members(self) -> None:
        """Members are compared as bytes; ``-`` and ``+`` are beyond all."""
        value = SortedSetValue.of(dict.fromkeys([b"a", b"aa", b"b", b"c", b"\xff"], 0.0), LIMITS)
        for minimum, maximum, members in (
            (b"-", b"+", [b"a", b"aa", b"b", b"c", b"\xff"]),
            (b"[a", b"(b", [b"a", b"aa"]),
            (b"(a", b"[b", [b"aa", b"b"]),
            (b"(c", b"+", [b"\xff"]),
            (b"-", b"[", []),
            (b"[", b"[a", [b"a"]),
            (b"+", b"-", []),
            (b"+", b"+", []),
            (b"-", b"-", []),
            (b"[c", b"[a", []),
            (b"[b", b"(b", []),
            (b"[b", b"[b", [b"b"]),
        ):
            ranks = value.ranks_by_member(LexRange(minimum, maximum))
            self.assertEqual(value.members_between(*ranks), members)

    def test_members_of_a_large_set(self) -> None:
        """A range of members in many chunks is found by its ends."""
        value = numbered(3000, step=0.0)
        ranks = value.ranks_by_member(LexRange(b"(0700", b"[2500"))

        self.assertEqual(ranks, (701, 2501))

    def test_members_with_different_scores(self) -> None:
        """Where Redis promises nothing, a small set gives what Redis gives by walking it."""
        value = sorted_set(b=1, d=2, a=3, c=4)
        bounds = LexRange(b"[b", b"[c")

        self.assertEqual(value.ranks_by_member(bounds), (0, 1))
        self.assertEqual(value.ranks_by_member(bounds, reverse=True), (3, 4))
        self.assertEqual(value.ranks_by_member(LexRange(b"[d", b"+")), (0, 0))

    def test_pairs_between_ranks(self) -> None:
        """Members and scores of a range go together."""
        value = sorted_set(a=1, b=2, c=3)

        self.assertEqual(value.members_between(1, 3), [b"b", b"c"])
        self.assertEqual(value.scores_between(1, 3), [2.0, 3.0])

    def test_the_first_of_a_range_of_scores(self) -> None:
        """A few members of a range are found as by ranks, whatever the ends."""
        for count in (5, 2500):
            value = numbered(count)
            for low, high in ((b"1", b"3"), (b"(1", b"(3"), (b"0", b"(inf"), (b"9999", b"inf")):
                bounds = ScoreRange.parse(low, high)
                start, stop = value.ranks_by_score(bounds)
                for skip, few in ((0, 2), (1, 2), (2, 600), (1100, 30), (0, 0)):
                    wanted = value.members_between(start, stop)[skip : skip + few]
                    members, scores = value.first_by_score(bounds, skip, few)

                    self.assertEqual(members, wanted)
                    self.assertEqual(scores, [value.scores[member] for member in members])

    def test_pieces(self) -> None:
        """All members between two scores come, the upper end excluded."""
        for count in (5, 2500):
            value = numbered(count)
            for low, high in ((0.0, 3.0), (1.0, 1.0), (-5.0, 1e9), (1500.0, 1600.0), (2400.0, 0.0)):
                members = [m for piece, _ in value.pieces(low, high) for m in piece]
                scores = [s for _, piece in value.pieces(low, high) for s in piece]

                self.assertEqual(members, [m for m, s in value.items() if low <= s < high])
                self.assertEqual(scores, [value.scores[member] for member in members])

    def test_popping(self) -> None:
        """The first and the last member are taken out one by one."""
        for count in (4, 1100):
            value = numbered(count)
            first = [value.pop() for _ in range(count // 2)]
            last = [value.pop(last=True) for _ in range(count // 2)]

            self.assertEqual(first, [(b"%04d" % n, float(n)) for n in range(count // 2)])
            self.assertEqual(last[0], (b"%04d" % (count - 1), count - 1.0))
            self.assertFalse(value)

    def test_popping_several(self) -> None:
        """Several are taken out at once, the outermost first, but never the last one."""
        for count in (4, 1100):
            for last in (False, True):
                value = numbered(count)
                wanted = sorted(value.items(), reverse=last)[: count - 1]
                members, scores = value.pop_several(count // 2, last, 10**6)
                rest = value.pop_several(count, last, 10**6)

                self.assertEqual(members + rest[0], [member for member, _ in wanted])
                self.assertEqual(scores + rest[1], [score for _, score in wanted])
                self.assertEqual(len(value), 1)
                self.assertEqual(value.pop_several(1, last, 10**6), ([], []))

    def test_popping_no_more_than_so_many_bytes(self) -> None:
        """If those asked for are too large together, none is taken."""
        value = numbered(9)

        self.assertEqual(value.pop_several(3, False, 11), ([], []))
        self.assertEqual(value.pop_several(3, False, 12)[0], [b"0000", b"0001", b"0002"])

    def test_deleting_between_ranks(self) -> None:
        """Deleted members are returned and gone from everywhere."""
        for count in (10, 2000):
            value = numbered(count)
            gone = value.delete_between(2, count - 3)

            self.assertEqual(gone, [b"%04d" % number for number in range(2, count - 3)])
            self.assertEqual(len(value), 5)
            self.assertIsNone(value.score(b"0002"))
            self.assertEqual(value.rank(b"%04d" % (count - 1)), 4)


class ScanTests(SynchronousTestCase):
    """Cursors."""

    def test_a_small_set_comes_at_once(self) -> None:
        """A listpack is returned whole, whatever the count."""
        self.assertEqual(sorted_set(a=1, b=0).scan(0, 1), (0, [b"b", b"a"]))

    def test_a_large_set_comes_in_parts(self) -> None:
        """What is there all the time is seen, though others come, move and go meanwhile."""
        value = numbered(1000)
        cursor, seen, calls = 0, set(), 0
        while True:
            cursor, members = value.scan(cursor, 10)
            seen.update(members)
            value.put(b"x%d" % calls, 5.0, LIMITS)
            value.put(b"0998", -float(calls), LIMITS)
            value.remove(b"%04d" % (calls % 500))
            value.delete_between(len(value) - 3, len(value) - 2)
            calls += 1
            if not cursor:
                break

        self.assertGreater(calls, 20)
        self.assertLessEqual({b"%04d" % number for number in range(500, 900)}, seen)


class PackingTests(SynchronousTestCase):
    """Small sets that are not in use."""

    def test_the_set_unused_longest_is_packed(self) -> None:
        """Making and using other sets packs a set; using it unpacks it."""
        self.patch(sorted_sets, "_WARM_MAX", len(sorted_sets._warm) + 2)
        first = sorted_set(a=1, b=2.5)
        self.assertFalse(is_packed(first))

        others = [sorted_set(a=1) for _ in range(sorted_sets._WARM_MAX)]
        self.assertTrue(is_packed(first))
        self.assertEqual(first.score(b"b"), 2.5)
        self.assertFalse(is_packed(first))
        self.assertEqual(len(others), sorted_sets._WARM_MAX)

    def test_what_can_be_asked_without_unpacking(self) -> None:
        """Length, truth, items, encoding and a copy leave a packed set packed."""
        value = sorted_set(b=1, a=2)
        value._pack()
        twin = value.copy()

        self.assertEqual(len(value), 2)
        self.assertTrue(value)
        self.assertEqual(list(value.items()), [(b"b", 1.0), (b"a", 2.0)])
        self.assertEqual(value.encoding, "listpack")
        self.assertTrue(is_packed(value) and is_packed(twin))
        twin.put(b"c", 1.0, LIMITS)
        self.assertEqual(len(value), 2)

    def test_any_access_finds_the_members(self) -> None:
        """Each method works on a packed set."""
        accesses = {
            "put": lambda value: value.put(b"a", 9.0, LIMITS),
            "remove": lambda value: value.remove(b"a"),
            "rank": lambda value: value.rank(b"b"),
            "scores": lambda value: value.scores[b"b"],
            "contains": lambda value: b"a" in value,
            "by score": lambda value: value.ranks_by_score(ScoreRange.parse(b"2", b"9")),
            "by member": lambda value: value.ranks_by_member(LexRange(b"(a", b"+")),
            "members": lambda value: value.members_between(0, 9),
            "scores between": lambda value: value.scores_between(0, 9),
            "first by score": lambda value: value.first_by_score(ScoreRange(1.0, 9.0), 0, 9),
            "pieces": lambda value: list(value.pieces(1.0, 9.0)),
            "pop": lambda value: value.pop(),
            "delete": lambda value: value.delete_between(0, 1),
            "scan": lambda value: value.scan(0, 1),
            "random": lambda value: value.random(Random(1)),
            "release": lambda value: value.release(1),
        }
        for name, access in accesses.items():
            plain, packed = sorted_set(a=1, b=2), sorted_set(a=1, b=2)
            packed._pack()
            self.assertTrue(is_packed(packed))

            self.assertEqual(access(packed), access(plain), name)
            self.assertEqual(list(packed.items()), list(plain.items()), name)

    def test_what_is_not_packed(self) -> None:
        """Skiplists, large sets and members with all separators stay as they are."""
        skiplist = SortedSetValue.of({b"x" * 65: 1.0}, LIMITS)
        many = SortedSetValue()
        for number in range(129):
            many.put(b"%d" % number, 0.0, EncodingLimits(zset_max_listpack_entries=1000))
        odd = SortedSetValue.of({b"".join(packed_sorted_sets._SEPARATORS): 1.0}, LIMITS)
        long = SortedSetValue()
        long.put(b"x" * 20000, 1.0, EncodingLimits(zset_max_listpack_value=30000))
        for value in (skiplist, many, odd, long, SortedSetValue()):
            content = list(value.items())
            value._pack()

            self.assertFalse(is_packed(value))
            self.assertEqual(list(value.items()), content)
