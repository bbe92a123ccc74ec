"""What runs from item to item in a layered graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

APART = 18.0  # between neighbours of a layer, in points
MANY = 20_000  # points; nobody sees how well they stand


def sweeps(points: int) -> int:
    """Return how often to go over the layers, down or up."""
    return 8 if points < MANY else 2


@dataclass
class Signal:
    """A value on its way from the item that makes it to the items that use it.

    Items are numbers, a tail's less than its heads'. ``leaves`` and ``arrives`` say how far from
    the middle of an item the signal leaves and arrives; where it ends in an arrow, there is room
    for other arrows beside it.
    """

    tail: int
    heads: list[int]
    leaves: float = 0.0
    arrives: list[float] = field(default_factory=list)
    is_arrow: list[bool] = field(default_factory=list)
    weight: int = 1


class Link(NamedTuple):
    """A piece of a signal between points of neighbouring layers; ``use`` if it ends in one."""

    upper: int
    lower: int
    signal: int
    use: int | None
