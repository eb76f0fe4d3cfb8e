"""Tests of pyredis.commands.lolwut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session

NOT_INTEGER = b"ERR value is not an integer or out of range"
HEADS = set("▶◀▼▲")


def drawn(*words: str | int, seed: int = 0) -> list[str]:
    """Return the lines that LOLWUT answers."""
    return list(Session(seed).do("LOLWUT", *words).text.decode().split("\n"))


class LolwutTests(SynchronousTestCase):
    """Pictures."""

    def test_the_version_stands_at_the_end(self) -> None:
        """Where redis-cli's users look for it."""
        for words in ((), ("VERSION", 5), ("VERSION", 6), ("VERSION", 99), ("x",), ("VERSION",)):
            self.assertTrue(drawn(*words)[-2].endswith("Redis ver. 7.2.6"))
            self.assertEqual(drawn(*words)[-1], "")

    @given(st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 20))
    def test_a_snake_has_one_head(self, seed: int, columns: int, lines: int) -> None:
        """And fits into the picture."""
        picture = drawn("VERSION", 6, columns, lines, seed=seed)[:-3]

        self.assertEqual(len(picture), lines)
        self.assertLessEqual(max(map(len, picture)), columns)
        self.assertEqual(sum(sign in HEADS for row in picture for sign in row), 1)

    def test_a_maze_fills_the_picture(self) -> None:
        """With two sorts of walls."""
        picture = drawn("VERSION", 5, 40, 5)[:-3]

        self.assertEqual([len(row) for row in picture], [40] * 5)
        self.assertEqual(len(set("".join(picture))), 2)

    def test_pictures_differ(self) -> None:
        """By chance."""
        self.assertNotEqual(drawn(seed=1), drawn(seed=2))

    def test_sizes_are_kept_within_bounds(self) -> None:
        """Nobody gets a picture of gigabytes."""
        for columns, lines in ((10**9, 10**9), (-5, 0)):
            picture = drawn("VERSION", 5, columns, lines, 7)[:-3]
            self.assertIn(len(picture), (1, 100))
            self.assertIn(len(picture[0]), (1, 200))

    def test_numbers_must_be_numbers(self) -> None:
        """Where they are looked at."""
        for words in (("VERSION", "x"), ("VERSION", 5, "x"), ("VERSION", 6, 1, "x")):
            self.assertEqual(Session().error("LOLWUT", *words), NOT_INTEGER)
        self.assertIn("ver.", drawn("VERSION", 7, "x")[-2])
