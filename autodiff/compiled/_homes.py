"""Which nodes are computed where others want them: pieces of a joined array straight into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autodiff._core.machine import LARGE
from autodiff._core.types import Shape
from autodiff.compiled import _functions as functions
from autodiff.compiled._claims import before_reshaping
from autodiff.compiled._forms import CHANGING, JOINING, Kind, is_elementwise, pieces_of
from autodiff.compiled._program import Node

if TYPE_CHECKING:
    from autodiff.compiled._buffers import Layout


class Home(NamedTuple):
    """Where a node is computed: in a part of another one's place, or in all of it."""

    node: Node
    key: Any  # or None
    shape: Shape  # of that part


def homes_of(plan: Layout, positions: dict[Node, int]) -> dict[Node, Home]:
    """Return which nodes are computed where others want them.

    Pieces of a joined array are computed into it, and what is written into becomes the result.
    """
    homes: dict[Node, Home] = {}
    last = plan.last

    def take(x: Any, node: Node, key: Any, shape: Shape) -> bool:
        free = type(x) is Node and not any(x in taken for taken in (homes, plan.owned, plan.places))
        if not free or plan.kinds.get(x) is not Kind.OUT or x.function is functions.full:
            return False
        if x.dtype != node.dtype:
            return False
        homes[x] = Home(node, key, shape)
        return True

    for node in plan.order:
        position = positions[node]
        if node.function in CHANGING:
            x = node.inputs[0]
            if type(x) is Node and last[x] == position:
                take(x, node, None, x.shape)
        elif node.function is functions.scatter:
            for x, key in plan.scatterings[node].assigned:
                if type(x) is Node and last[x] == position:
                    take(x, node, key, x.shape)
        elif node.function in JOINING:
            for x, key in pieces_of(node):
                y = before_reshaping(x) if node.options["axis"] == 0 else x
                if take(y, node, key, np.shape(x)):
                    last[node] = max(last[node], last[y])
    _add_operands(plan, homes, positions)
    return homes


def _add_operands(plan: Layout, homes: dict[Node, Home], positions: dict[Node, int]) -> None:
    """Let what is computed entry by entry where others want it begin there, too.

    An array that a replay allocates has to be made earlier then, which pays where it is large.
    """
    for node in reversed(plan.order):
        wanted = node in homes or (node in plan.owned and node.size > LARGE)
        if not wanted or not is_elementwise(node):
            continue
        for x in overwritable(node):
            if (
                type(x) is Node
                and plan.kinds.get(x) is Kind.OUT
                and is_elementwise(x)
                and not any(x in taken for taken in (homes, plan.owned, plan.places))
                and (x.shape, x.dtype) == (node.shape, node.dtype)
                and plan.last[x] == positions[node]
                and not any(y is not x and _shows(y, x, plan.kinds) for y in node.inputs)
            ):
                homes[x] = Home(node, None, x.shape)
                break


def _shows(y: Any, x: Node, kinds: dict[Node, Kind]) -> bool:
    """Return whether something is a view of a node."""
    while type(y) is Node and y is not x and kinds.get(y) is Kind.VIEW:
        y = y.inputs[0]
    return y is x


def overwritable(node: Node) -> tuple[Any, ...]:
    """Return the inputs in whose places a node can be computed."""
    if node.function in CHANGING:
        return node.inputs[:1]
    if node.function is np.where:
        return node.inputs[2:]
    return node.inputs if is_elementwise(node) else ()
