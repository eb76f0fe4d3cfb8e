"""Tests of pyredis.wire.layouts: both kinds cut the same, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.layouts import Layout, MaskedLayout, PiecewiseLayout, layout_of
from tests.wire.test_batches import resp

KINDS: tuple[type[Layout], ...] = (MaskedLayout, PiecewiseLayout)
shapes = st.tuples(
    st.integers(1, 4), st.binary(max_size=5), st.lists(st.integers(0, 60), max_size=4).map(tuple)
)


def requests_of(
    shape: tuple[int, bytes, tuple[int, ...]], data: st.DataObject
) -> list[list[bytes]]:
    """Draw requests of a shape."""
    count, name, lengths = shape
    return [
        [name, *(data.draw(st.binary(min_size=n, max_size=n)) for n in lengths)]
        for _ in range(count)
    ]


class LayoutTests(SynchronousTestCase):
    """Chunks of a shape, and others as long."""

    @given(shapes.filter(lambda shape: shape[2]), st.data())
    def test_cut(self, shape: tuple[int, bytes, tuple[int, ...]], data: st.DataObject) -> None:
        """The arguments are found, unless a byte before or behind them is wrong."""
        requests = requests_of(shape, data)
        chunk = b"".join(resp(*words) for words in requests)
        arguments = [word for words in requests for word in words[1:]]
        place = data.draw(st.integers(0, len(chunk) - 1))
        wrong = bytes([chunk[place] ^ data.draw(st.integers(1, 255))])
        changed = chunk[:place] + wrong + chunk[place + 1 :]
        found = []
        for kind in KINDS:
            layout = kind(shape)
            self.assertEqual(layout.size, len(chunk))
            self.assertEqual([*(layout.cut(chunk) or ())], arguments)
            found.append(layout.cut(changed))
        self.assertEqual(found[0], found[1])
        if found[0] is not None:
            # Then the byte is one of an argument.
            self.assertEqual(sum(a != b for a, b in zip(found[0], arguments, strict=True)), 1)

    @given(shapes, st.data())
    def test_the_beginning(
        self, shape: tuple[int, bytes, tuple[int, ...]], data: st.DataObject
    ) -> None:
        """The beginning of a request may be one, as long as no byte between arguments is wrong."""
        shape = (1, *shape[1:])
        layout = MaskedLayout(shape)
        (words,) = requests_of(shape, data)
        chunk = resp(*words)
        for end in range(len(chunk) + 1):
            self.assertTrue(layout.may_begin(chunk[:end]), end)
        place = data.draw(st.integers(0, len(chunk) - 1))
        changed = chunk[:place] + bytes([chunk[place] ^ 1]) + chunk[place + 1 :]
        self.assertEqual(layout.may_begin(changed), layout.cut(changed) is not None)
        self.assertEqual(layout.may_begin(changed[: place + 1]), layout.cut(changed) is not None)

    def test_which_kind(self) -> None:
        """Long arguments are cut piece by piece; too many are not worth a layout."""
        self.assertIsInstance(layout_of((9, b"SET", (16, 3))), MaskedLayout)
        self.assertIsInstance(layout_of((9, b"PING", ())), MaskedLayout)
        self.assertIsInstance(layout_of((9, b"SET", (16, 100))), PiecewiseLayout)
        self.assertIsNone(layout_of((3000, b"GET", (3,))))
