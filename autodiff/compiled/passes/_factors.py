"""Factors that all terms of a sum have in common are multiplied once."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from autodiff._core.types import Shape
from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._keys import adds_axes
from autodiff.compiled.passes._operands import has_type, is_node, is_real, is_scalar, shape_of
from autodiff.compiled.passes._repeated import equal_entries
from autodiff.compiled.passes._rewriting import Rewriting, rewrite


class Step(NamedTuple):
    """What is done to all terms of a sum alike."""

    function: Any
    factor: Any  # None where the terms are negated
    before: Any  # what it is done to


def take_factors_out(program: Program) -> None:
    """Take factors out of sums, also where this needs a sum that is there already."""
    rewrite(
        program,
        {functions.getitem: [_new_axes], functions.reshape: [_reshaped_twice]},
        {np.add.reduce: [factors_in_front, _known_sum]},
        uses=True,
    )


def factors_in_front(node: Node, walk: Rewriting) -> Any:
    """Multiply the sum by what multiplies all its terms."""
    if not is_real(node) or node.size == node.inputs[0].size:
        return None
    steps = _steps(node, walk)
    if not steps:
        return None
    total = walk.make(np.add.reduce, steps[-1].before, **node.options)
    rest = [step for step in steps if not _is_quotient_by(step, total)]
    if len(rest) < len(steps):
        quotient = _in_any_shape(next(step for step in steps if step not in rest).factor)
        total = _repetition(quotient.inputs[0], node, walk)
    for step in reversed(rest):
        factors = () if step.factor is None else (_along_rest(step.factor, node, walk),)
        total = walk.make(step.function, total, *factors)
    return total


def _steps(node: Node, walk: Rewriting) -> list[Step]:
    """Return what is done to all terms: the last first, as far as nothing is computed twice."""
    terms = node.inputs[0]
    steps: list[Step] = []
    worthwhile, alone = 0, True
    while (step := _step(terms, node)) is not None:
        alone = alone and walk.uses[terms] <= 1
        steps.append(step)
        terms = step.before
        if alone or _sum_of(terms, node) in walk.memo:
            worthwhile = len(steps)
    return steps[:worthwhile]


def _step(x: Any, node: Node) -> Step | None:
    """Return what is done last to the terms of a sum, where it is the same for all."""
    if is_node(x, np.negative):
        return Step(np.negative, None, x.inputs[0])
    if not is_node(x, np.multiply, np.divide):
        return None
    a, b = x.inputs
    pairs = [(a, b), (b, a)] if x.function is np.multiply else [(a, b)]
    for before, factor in pairs:
        if (
            shape_of(before) == x.shape
            and has_type(before, node.dtype)
            and _is_common(factor, x.ndim, node)
        ):
            return Step(x.function, factor, before)
    return None


def _is_common(factor: Any, ndim: int, node: Node) -> bool:
    """Whether a factor is the same along the axes of a sum."""
    if is_scalar(factor):
        return True
    shape = _with_axes(shape_of(factor), ndim)
    return has_type(factor, node.dtype) and all(shape[i] == 1 for i in node.options["axis"])


def _with_axes(shape: Shape, ndim: int) -> Shape:
    return (1,) * (ndim - len(shape)) + shape


def _along_rest(factor: Any, node: Node, walk: Rewriting) -> Any:
    """Return a factor as it stands beside the sum."""
    if not shape_of(factor) or node.options["keepdims"]:
        return factor
    shape = _with_axes(shape_of(factor), node.inputs[0].ndim)
    left = tuple([n for i, n in enumerate(shape) if i not in node.options["axis"]])
    return walk.in_shape(factor, left)


# -- sums that are there ------------------------------------------------------------------------


def _sum_of(terms: Any, node: Node) -> Any:
    """Return what to remember a sum by."""
    return "sum", id(terms), node.options["axis"]


def _known_sum(node: Node, walk: Rewriting) -> Any:
    """Return the sum that is there, or note that there is one."""
    known = walk.memo.setdefault(_sum_of(node.inputs[0], node), node)
    return walk.in_shape(known, node.shape)


def _is_quotient_by(step: Step, total: Any) -> bool:
    """Whether a factor is divided by the sum of exponentials, one of which is 1, that it meets."""
    quotient = _in_any_shape(step.factor)
    return (
        step.function is np.multiply
        and is_node(quotient, np.divide)
        and _in_any_shape(quotient.inputs[1]) is total
        and is_node(total, np.add.reduce)
        and _largest_is_one(total.inputs[0])
    )


def _largest_is_one(x: Any) -> bool:
    """Whether an operand is exp(y - max y)."""
    difference: Any = x.inputs[0] if is_node(x, np.exp) else None
    if not is_node(difference, np.subtract):
        return False
    y, largest = difference.inputs
    largest = _in_any_shape(largest)
    return is_node(largest, np.maximum.reduce) and largest.inputs[0] is y


def _in_any_shape(x: Any) -> Any:
    while is_node(x, functions.reshape, functions.broadcast_to):
        x = x.inputs[0]
    return x


def _repetition(x: Any, node: Node, walk: Rewriting) -> Any:
    """Return what is to have the shape of a node."""
    if is_scalar(x) and type(x) is not Node:
        return equal_entries(node, x, walk)
    if shape_of(x) == node.shape or prod(shape_of(x)) == node.size:
        return walk.in_shape(x, node.shape)
    return walk.make(functions.broadcast_to, x, shape=node.shape)


# -- shapes ---------------------------------------------------------------------------------------


def _new_axes(node: Node, walk: Rewriting) -> Any:
    """Write a key that adds axes as a shape."""
    x, *parts = node.inputs
    if parts or not adds_axes(node.options["key"]):
        return None
    return walk.make(functions.reshape, x, shape=node.shape)


def _reshaped_twice(node: Node, walk: Rewriting) -> Any:
    """Return what has the shape, or give it that shape at once."""
    x = node.inputs[0]
    while is_node(x, functions.reshape):
        x = x.inputs[0]
    if shape_of(x) == node.shape:
        return x
    return None if x is node.inputs[0] else walk.make(functions.reshape, x, shape=node.shape)
