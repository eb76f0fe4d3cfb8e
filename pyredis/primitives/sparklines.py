"""Small graphs of letters, as LATENCY GRAPH draws them."""

from __future__ import annotations

from collections.abc import Sequence

_HEIGHTS = "_o#"
"""What fills a third, two thirds and all of a row; above a full row there may be more."""


def sparkline(samples: Sequence[tuple[int, str]], columns: int, rows: int) -> str:
    """
    Draw values from left to right, their labels written downwards beneath.

    Args:
        samples: Values and labels.
        columns: How many to draw side by side; the others follow underneath.
        rows: How high a graph is.
    """
    if not samples:
        return ""
    values = [value for value, _ in samples]
    least, spread = min(values), max(values) - min(values)
    steps = len(_HEIGHTS) * rows
    heights = [min((value - least) * steps // (spread or 1), steps - 1) for value in values]
    labels = [label for _, label in samples]
    graphs = [
        _graph(heights[start : start + columns], labels[start : start + columns], rows)
        for start in range(0, len(samples), columns)
    ]
    return "\n".join(graphs)


def _graph(heights: Sequence[int], labels: Sequence[str], rows: int) -> str:
    lines = [
        "".join(_letter(height - row * len(_HEIGHTS)) for height in heights)
        for row in reversed(range(rows))
    ]
    lines.append(" " * len(heights))
    for position in range(max(map(len, labels))):
        lines.append("".join(label[position : position + 1] or " " for label in labels))
    return "".join(line + "\n" for line in lines)


def _letter(height: int) -> str:
    """Return what a bar shows in a row: ``height`` counts from the row's foot."""
    if height < 0:
        return " "
    return _HEIGHTS[height] if height < len(_HEIGHTS) else "|"
