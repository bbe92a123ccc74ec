"""Consecutive parts of one vector, as the parameters of an optimiser are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node
from autodiff.compiled.passes._keys import index_at
from autodiff.compiled.passes._operands import is_node
from autodiff.compiled.passes._rewriting import Rewriting


class Segment(NamedTuple):
    """Some entries of a vector that stand one behind the other."""

    vector: Node
    start: int
    stop: int


def segment_of(x: Any) -> Segment | None:
    """Return which part of a vector an operand is, in whatever shape."""
    while is_node(x, functions.reshape):
        x = x.inputs[0]
    if is_node(x, functions.getitem) and len(x.inputs) == 1 and type(x.inputs[0]) is Node:
        vector = x.inputs[0]
        index = index_at(x.options["key"], vector.shape, 0) if vector.ndim == 1 else None
        if type(index) is slice and index.step == 1:
            return Segment(vector, index.start, index.stop)
    return Segment(x, 0, x.size) if type(x) is Node and x.ndim == 1 else None


def joined_segment(xs: Sequence[Any]) -> Segment | None:
    """Return the part of a vector that some consecutive parts make up."""
    first = whole = segment_of(xs[0])
    for x in xs[1:]:
        part = segment_of(x)
        if first is None or whole is None or part is None or part.vector is not first.vector:
            return None
        if part.start != whole.stop:
            return None
        whole = Segment(first.vector, whole.start, part.stop)
    return whole


def read(part: Segment, walk: Rewriting) -> Node:
    """Return the node of a part of a vector."""
    vector, start, stop = part
    if (start, stop) == (0, vector.size):
        return vector
    node: Node = walk.make(functions.getitem, vector, key=(slice(start, stop),))
    return node
