"""Edges from a node to itself, as from repeat to repeat: beside the node, clear of its layer."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.drawing._themes import LINE, SMALL, text_width
from autodiff.drawing.pictures._shapes import path

Point = tuple[float, float]
OUT = 22.0  # how far a loop bends from the node
HALF = 6.0  # between its ends, halved


def room_with_loops(size: Point, labels: Sequence[str], is_upright: bool) -> Point:
    """Return the size of a node and of its loops with what stands on them, on both sides of it."""
    wide = max(text_width(label, SMALL) for label in labels)
    tall = len(labels) * SMALL * LINE
    if is_upright:
        return size[0] + 2 * (OUT + wide), max(size[1], tall)
    return max(size[0], wide), size[1] + 2 * (OUT + tall)


def loop_label(
    centre: Point, size: Point, label: str, place: int, count: int, is_upright: bool
) -> Point:
    """Return the middle of what stands on one of a node's loops."""
    x, y = centre
    line = SMALL * LINE
    if is_upright:
        width = text_width(label, SMALL)
        return x + size[0] / 2 + OUT + width / 2, y + (place - (count - 1) / 2) * line
    return x, y + size[1] / 2 + OUT + (place + 0.5) * line


def loop_lines(centre: Point, size: Point, arrow: float, is_upright: bool) -> tuple[str, str]:
    """Return the data of the paths of a loop and its arrowhead, which points at the node."""
    x, y = centre
    slim = arrow / 2.4
    if is_upright:
        side = x + size[0] / 2
        line = path("M", side, y + HALF, "C", side + OUT, y + 2 * HALF, side + OUT, y - 2 * HALF,
                    side + arrow, y - HALF)  # fmt: skip
        head = path("M", side, y - HALF, "L", side + arrow, y - HALF - slim,
                    "L", side + arrow, y - HALF + slim, "z")  # fmt: skip
        return line, head
    side = y + size[1] / 2
    line = path("M", x + HALF, side, "C", x + 2 * HALF, side + OUT, x - 2 * HALF, side + OUT,
                x - HALF, side + arrow)  # fmt: skip
    head = path("M", x - HALF, side, "L", x - HALF - slim, side + arrow,
                "L", x - HALF + slim, side + arrow, "z")  # fmt: skip
    return line, head
