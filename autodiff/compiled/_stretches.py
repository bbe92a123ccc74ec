"""Stretches: what is computed entry by entry of long arrays, in one pass over their entries.

Between two stretches stands what needs whole arrays, or numbers that an earlier stretch gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from autodiff._core import machine
from autodiff._core.types import Shape
from autodiff.compiled import _functions as functions
from autodiff.compiled._forms import Kind, is_elementwise, is_reduction, kind_of
from autodiff.compiled._operands import shape_of, value_of
from autodiff.compiled._program import FINITE, Node, Program


@dataclass(eq=False)
class Stretch:
    """Nodes that are computed block by block: arrays of one shape, and what they are reduced to."""

    nodes: list[Node]
    shape: Shape
    axis: int  # along which it is divided
    step: int  # the length of a block
    inside: set[Node] = field(default_factory=set)  # arrays that nothing else needs

    @property
    def count(self) -> int:
        """The number of blocks."""
        return -(-self.shape[self.axis] // self.step)


def in_stretches(
    program: Program, nodes: list[Node], exact: set[Node]
) -> tuple[list[Node], list[Stretch]]:
    """Return nodes in an order in which those of a stretch are neighbours, and the stretches.

    Sums of which each bit counts, of the nodes that are ``exact``, are computed whole.
    """
    shapes = _shapes(nodes, exact)
    if not shapes:
        return nodes, []
    levels = _levels(program, nodes, shapes)
    order: list[Node] = []
    stretches = []
    for level in range(1 + max(levels.values())):
        groups: dict[Shape, list[Node]] = {}
        for node in nodes:
            if levels[node] == level:
                (groups.setdefault(shapes[node], []) if node in shapes else order).append(node)
        for shape, group in groups.items():
            order += group
            if _pays(group, shape):
                stretches.append(_stretch(group, shape))
    return (order, stretches) if stretches else (nodes, [])


def note_what_is_inside(program: Program, order: list[Node], stretches: list[Stretch]) -> None:
    """Note of each stretch which of its arrays nothing else needs."""
    home = {node: stretch for stretch in stretches for node in stretch.nodes}
    needed = {x for x in _ends(program) if type(x) is Node}
    for node in order:
        inputs = (x for x in node.inputs if type(x) is Node)
        needed.update(x for x in inputs if home.get(x) is not home.get(node))
    for stretch in stretches:
        stretch.inside = {x for x in stretch.nodes if x.shape and x not in needed}


def _ends(program: Program) -> Iterable[Any]:
    """Yield what is needed whole in the end: to be finite is seen block by block."""
    yield from (g.node for g in program.guards if g.expected is not FINITE)
    yield from program.results
    yield from (effect.node for effect in program.effects)


def _levels(program: Program, nodes: list[Node], shapes: dict[Node, Shape]) -> dict[Node, int]:
    """Return by how many stretches, one after another, each node comes later than the first."""
    levels: dict[Node, int] = {}
    drawn = 0  # the level of the last draw, for they keep their order
    for node in nodes:
        level = drawn if node in program.impure else 0
        for x in node.inputs:
            if type(x) is Node and x in levels:
                together = x.shape and shapes.get(x) == shapes.get(node)
                level = max(level, levels[x] + (x in shapes and not together))
        levels[node] = level
        drawn = level if node in program.impure else drawn
    return levels


def _shapes(nodes: list[Node], exact: set[Node]) -> dict[Node, Shape]:
    """Return the nodes that can be computed in blocks, each with the shape that is divided."""
    shapes: dict[Node, Shape] = {}
    for node in nodes:
        shape: Shape = node.shape or tuple(shape_of(node.inputs[0]) if node.inputs else ())
        if not _division(shape):
            continue
        if not (_is_entry_by_entry(node) if node.shape else _is_reduced_to_number(node)):
            continue
        if not node.shape and node in exact and node.function in _ROUNDED:
            continue
        shapes[node] = shape
    return shapes


def _is_entry_by_entry(node: Node) -> bool:
    alike = is_elementwise(node) or node.function in (functions.astype, functions.copy)
    return alike and kind_of(node) is Kind.OUT


def _is_reduced_to_number(node: Node) -> bool:
    """Return whether a node is a number that those of blocks give: a sum, maximum or product."""
    values = [value_of(x) for x in node.inputs]
    if not all(isinstance(x, np.ndarray) for x in values):
        return False
    if any(type(x) is Node and x.function is functions.full for x in node.inputs):
        return False
    kinds = {node.dtype.kind if node.dtype else "", *(x.dtype.kind for x in values)}
    if node.dtype == np.float16 or kind_of(node) is not Kind.NUMBER:  # or float32 on the way
        return False
    if node.function is np.matmul:
        return kinds <= set("fc") and all(x.ndim == 1 for x in values)
    associative = is_reduction(node.function) and node.function.__self__ in _ASSOCIATIVE
    return associative and kinds <= set("biufc")


# Whose bits depend on the order.
_ROUNDED = frozenset({np.matmul, np.add.reduce, np.multiply.reduce})
_ASSOCIATIVE = frozenset(
    {np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or}
)


def _division(shape: Shape) -> tuple[int, int] | None:
    """Return the axis along which arrays are divided into blocks, and the length of a block."""
    size = prod(shape)
    if size <= machine.BLOCK:
        return None
    axis = max(range(len(shape)), key=lambda i: shape[i])
    beside = size // shape[axis]
    step = machine.BLOCK // beside
    return (axis, step) if 0 < step < shape[axis] else None


def _stretch(nodes: list[Node], shape: Shape) -> Stretch:
    division = _division(shape)
    assert division is not None
    return Stretch(nodes, shape, *division)


def _pays(nodes: list[Node], shape: Shape) -> bool:
    """Return whether the arrays of some nodes are too large together for the cache."""
    if len(nodes) < 2:
        return False
    arrays = {id(x): value_of(x) for node in nodes for x in (node, *node.inputs)}
    total: int = sum(x.nbytes for x in arrays.values() if np.shape(x) == shape)
    return total > machine.cache_bytes()
