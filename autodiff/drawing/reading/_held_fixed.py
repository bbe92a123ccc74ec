"""Which local derivatives hold something fixed that changes with the operand."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from operator import attrgetter

from autodiff.drawing._view import Edge

NOTE = "∂(…)/∂x: other operands of that call are held fixed, though they depend on x, too"
ORDINALS = ("first", "second", "third")


def mark_held_operands(edges: list[Edge]) -> None:
    """Mark the edges to whose heads more than one way leads from the tail.

    The edges are in the order in which their heads were computed.
    """
    left = Counter(edge.tail for edge in edges)
    bits: dict[str, int] = {}  # of what is used more than once, and so may be met again
    for tail, uses in left.items():
        if uses > 1:
            bits[tail] = 1 << len(bits)
    behind: defaultdict[str, int] = defaultdict(int)  # the bits of all that a node depends on
    for head, group in groupby(edges, attrgetter("head")):
        own = list(group)
        once = twice = 0
        for edge in own:
            reached = behind[edge.tail] | bits.get(edge.tail, 0)
            twice |= once & reached
            once |= reached
        behind[head] = once
        alike = Counter(edge.tail for edge in own)
        met: Counter[str] = Counter()
        for edge in own:
            edge.holds_others = bool(twice & bits.get(edge.tail, 0))
            edge.ordinal = ordinal(met[edge.tail]) if alike[edge.tail] > 1 else ""
            met[edge.tail] += 1
            left[edge.tail] -= 1
            if not left[edge.tail]:
                del behind[edge.tail]


def ordinal(i: int) -> str:
    """Return the word that counts, from 0."""
    return ORDINALS[i] if i < len(ORDINALS) else f"{i + 1}th"
