"""Tests of pyredis.primitives.sparklines: the graphs are those of redis-server 7.2.6."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.primitives.sparklines import sparkline


class SparklineTests(SynchronousTestCase):
    """Graphs of letters."""

    def test_a_graph(self) -> None:
        """Bars of four rows, three heights a row, and labels downwards."""
        values = (2, 8, 14, 5, 11, 2, 8)
        labels = ("15m", "10m", "9s", "8s", "7s", "6s", "1s")

        self.assertEqual(
            sparkline(list(zip(values, labels, strict=True)), 80, 4).splitlines(),
            [
                "  # _  ",
                " _| | _",
                " ||_| |",
                "_||||_|",
                "       ",
                "1198761",
                "50sssss",
                "mm     ",
            ],
        )

    def test_equal_values_lie_on_the_ground(self) -> None:
        """Nothing rises above another."""
        self.assertEqual(
            sparkline([(5, "a"), (5, "b")], 80, 2).splitlines(), ["  ", "__", "  ", "ab"]
        )

    def test_many_samples_take_several_graphs(self) -> None:
        """Each is as wide as there is room."""
        text = sparkline([(value, "x") for value in range(5)], 3, 1)

        self.assertEqual(text, "__o\n   \nxxx\n\n##\n  \nxx\n")

    def test_nothing(self) -> None:
        """No samples, no graph."""
        self.assertEqual(sparkline([], 80, 4), "")
