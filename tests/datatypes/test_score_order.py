"""The two orders of sorted sets: flat and in chunks."""

from bisect import insort
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import score_order
from pyredis.datatypes.score_order import ChunkedOrder, FlatOrder

Order = FlatOrder | ChunkedOrder

# Few scores, so that many are alike; members that differ in length and sign of the first byte.
SCORES = st.sampled_from([float("-inf"), -1.5, -0.0, 0.0, 1.0, 2.0, 1e300, float("inf")])
MEMBERS = st.sampled_from(
    [b"", b"\x00", b"a", b"a\x00", b"ab", b"b", b"\xff"] + [b"%d" % n for n in range(40)]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), MEMBERS, SCORES),
        st.tuples(st.just("remove"), MEMBERS, SCORES),
        st.tuples(st.just("delete"), st.integers(0, 60), st.integers(0, 60)),
    ),
    max_size=120,
)


class OrderModel:
    """A plain sorted list of pairs, and the order under test beside it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.pairs: list[tuple[float, bytes]] = []
        self.scores: dict[bytes, float] = {}

    def put(self, member: bytes, score: float) -> None:
        """Add a member or move it."""
        old = self.scores.get(member)
        if old is None:
            self.order.insert(score, member)
        elif old != score:
            self.order.move(old, score, member)
            self.pairs.remove((old, member))
        else:
            return
        self.scores[member] = score
        insort(self.pairs, (score, member))

    def remove(self, member: bytes, _: float) -> None:
        """Remove a member that is there."""
        score = self.scores.pop(member, None)
        if score is not None:
            self.order.remove(score, member)
            self.pairs.remove((score, member))

    def delete(self, start: int, size: int) -> None:
        """Remove a range of ranks."""
        stop = min(start + size, len(self.pairs))
        self.order.delete_between(start, stop)
        for _, member in self.pairs[start:stop]:
            del self.scores[member]
        del self.pairs[start:stop]

    def content(self) -> list[tuple[float, bytes]]:
        """Return what the order says is in it."""
        size = len(self.pairs)
        scores = self.order.scores_between(0, size)
        return list(zip(scores, self.order.members_between(0, size), strict=True))


class OrderTests(SynchronousTestCase):
    """What both orders do, with chunks so small that they split and join all the time."""

    def setUp(self) -> None:
        """Make chunks tiny."""
        self.patch(score_order, "_CHUNK", 4)
        self.patch(score_order, "_SPARSE", 2)
        self.patch(score_order, "_GROUP_BITS", 1)
        self.patch(score_order, "_GROUP", 2)

    def orders(self) -> list[Order]:
        """Return an empty order of each kind."""
        return [FlatOrder([], []), ChunkedOrder([], [])]

    @given(STEPS)
    def test_any_steps_leave_it_in_order(self, steps: list[tuple[str, bytes, float]]) -> None:
        """Whatever is added, moved and removed, members are in order and ranks are positions."""
        for order in self.orders():
            model = OrderModel(order)
            for name, *arguments in steps:
                getattr(model, name)(*arguments)

            self.assertEqual(model.content(), model.pairs)
            for rank, (score, member) in enumerate(model.pairs):
                self.assertEqual(order.rank(score, member), rank)
                self.assertEqual(order.members_between(rank, rank + 1), [member])

    @given(STEPS, SCORES)
    def test_scores_are_counted(self, steps: list[tuple[str, bytes, float]], bound: float) -> None:
        """The counts of scores below and through a bound are those of a plain list."""
        for order in self.orders():
            model = OrderModel(order)
            for name, *arguments in steps:
                getattr(model, name)(*arguments)

            scores = [score for score, _ in model.pairs]
            self.assertEqual(order.count_below(bound), sum(score < bound for score in scores))
            self.assertEqual(order.count_through(bound), sum(score <= bound for score in scores))

    @given(st.sets(MEMBERS), MEMBERS)
    def test_members_of_one_score_are_counted(self, members: set[bytes], bound: bytes) -> None:
        """With equal scores, the counts of members below and through a bound are a list's."""
        for order in self.orders():
            for member in members:
                order.insert(7.0, member)

            self.assertEqual(order.count_members_below(bound), sum(m < bound for m in members))
            self.assertEqual(order.count_members_through(bound), sum(m <= bound for m in members))

    def test_ranges_cross_chunks(self) -> None:
        """A range of ranks returns the same from chunks as from a list."""
        pairs = [(float(number), b"%02d" % number) for number in range(60)]
        order = ChunkedOrder([score for score, _ in pairs], [member for _, member in pairs])
        for start in range(0, 61, 3):
            for stop in range(start, 61):
                wanted = pairs[start:stop]

                self.assertEqual(order.members_between(start, stop), [m for _, m in wanted])
                self.assertEqual(order.scores_between(start, stop), [s for s, _ in wanted])

    def test_ranges_are_deleted_across_chunks(self) -> None:
        """Deleting any range of ranks leaves the rest, and what is added next finds its place."""
        pairs = [(float(number // 3), b"%02d" % number) for number in range(30)]
        for start in range(30):
            for stop in range(start, 31):
                model = OrderModel(ChunkedOrder([s for s, _ in pairs], [m for _, m in pairs]))
                model.pairs = pairs[:]
                model.scores = {member: score for score, member in pairs}
                model.delete(start, stop - start)
                model.put(b"new", 4.0)

                self.assertEqual(model.content(), model.pairs)

    def test_a_copy_lives_on_its_own(self) -> None:
        """What happens to a copy does not happen to its original."""
        for order in self.orders():
            for number in range(20):
                order.insert(float(number), b"%d" % number)
            twin = order.copy()
            twin.delete_between(0, 15)
            twin.insert(3.0, b"new")

            self.assertEqual(order.members_between(0, 20), [b"%d" % n for n in range(20)])

    def test_shedding_empties_it(self) -> None:
        """Shedding returns each member once and leaves an order that can be used."""
        order = ChunkedOrder([float(n) for n in range(11)], [b"%d" % n for n in range(11)])
        shed = []
        while len(shed) < 11:
            shed += order.shed()
        order.insert(-1.0, b"new")

        self.assertEqual(sorted(shed), sorted(b"%d" % n for n in range(11)))
        self.assertEqual(list(order.items()), [(b"new", -1.0)])


class LargeOrderTests(SynchronousTestCase):
    """The order in chunks, at its real size."""

    def test_many_members(self) -> None:
        """Tens of thousands of members come, move and go, and ranks stay right."""
        rng = Random(5)
        order = ChunkedOrder([], [])
        scores = {b"%d" % number: float(rng.randrange(1000)) for number in range(20000)}
        for member, score in scores.items():
            order.insert(score, member)
        for member in rng.sample(sorted(scores), 5000):
            new = float(rng.randrange(1000))
            if new != scores[member]:
                order.move(scores[member], new, member)
                scores[member] = new
        for member in rng.sample(sorted(scores), 12000):
            order.remove(scores.pop(member), member)
        wanted = sorted((score, member) for member, score in scores.items())

        self.assertEqual([(s, m) for m, s in order.items()], wanted)
        for rank in range(0, len(wanted), 97):
            self.assertEqual(order.rank(*wanted[rank]), rank)

    def test_taking_from_either_end(self) -> None:
        """A large order empties from its ends and is good for new members then."""
        numbers = range(5000)
        order = ChunkedOrder([float(n) for n in numbers], [b"%d" % n for n in numbers])
        taken = []
        for left in range(5000, 0, -1):
            rank = 0 if left % 2 else left - 1
            taken += order.members_between(rank, rank + 1)
            order.delete_between(rank, rank + 1)
        order.insert(1.0, b"new")

        self.assertEqual(taken[:4], [b"4999", b"0", b"4998", b"1"])
        self.assertEqual(len(set(taken)), 5000)
        self.assertEqual(order.members_between(0, 1), [b"new"])
