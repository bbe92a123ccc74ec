"""Rules for arrays of equal entries, and for what is repeated along axes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node
from autodiff.compiled.passes._operands import (
    is_constant_scalar,
    is_node,
    is_real,
    shape_of,
    type_of,
)
from autodiff.compiled.passes._rewriting import Rewriting


def _without_repeating(node: Node, walk: Rewriting) -> Any:
    """Give an elementwise call what is repeated once, where it repeats that itself."""
    inputs = list(node.inputs)
    for i, x in enumerate(inputs):
        once = _once(x)
        if once is not None:
            others = [shape_of(y) for y in inputs if y is not x]
            if np.broadcast_shapes(shape_of(once), *others) == node.shape:
                inputs[i] = once
    if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
        return None
    return walk.make(node.function, *inputs)


def _once(x: Any) -> Any:
    """Return what an operand repeats; None where it is not seen to repeat anything."""
    if type(x) is not Node:
        return x.flat[0] if isinstance(x, np.ndarray) and x.ndim and _is_uniform(x) else None
    if x.function is functions.full:
        return type_of(x)(x.options["value"])
    return x.inputs[0] if x.function is functions.broadcast_to else None


def _is_uniform(x: Any) -> bool:
    """Whether all entries of a constant array are the same, bit for bit."""
    if x.size < 2 or x.dtype.kind not in "fiub" or x.flat[0] != x.flat[-1]:
        return False
    first = x.flat[0]
    return bool(np.all(x == first)) and (first != 0 or not np.any(np.signbit(x)))


def _of_equal_entries(node: Node, walk: Rewriting) -> Any:
    """Compute of equal entries one; move none of them."""
    if not all(is_node(x, functions.full) or np.isscalar(x) for x in node.inputs):
        return None
    values = [type_of(x)(x.options["value"]) if type(x) is Node else x for x in node.inputs]
    value = values[0] if node.function in _MOVES else node.function(*values, **_of_one(node))
    return equal_entries(node, value, walk)


def equal_entries(node: Node, value: Any, walk: Rewriting) -> Any:
    """Return what stands for a node whose entries are all one value."""
    if not node.shape:
        return type_of(node)(value)
    return walk.make(functions.full, shape=node.shape, value=value, dtype=node.dtype)


def _of_one(node: Node) -> Any:
    return {} if node.function is not functions.astype else node.options


_MOVES = frozenset(
    {functions.reshape, functions.transpose, functions.broadcast_to, functions.getitem}
)


def _sum_of_repeated(node: Node, walk: Rewriting) -> Any:
    """Count what is repeated along the axes of a sum."""
    (x,) = node.inputs
    axes, keepdims = node.options["axis"], node.options["keepdims"]
    once = _once(x)
    if once is None or not is_real(node):
        return None
    own = (1,) * (x.ndim - len(shape_of(once))) + shape_of(once)
    if any(own[axis] != 1 for axis in axes):
        return None
    total = walk.make(np.multiply, once, type_of(node)(prod([x.shape[axis] for axis in axes])))
    if not node.shape and not shape_of(total):
        return total
    left = tuple([n for axis, n in enumerate(own) if keepdims or axis not in axes])
    if not x.inputs:
        return walk.make(functions.full, shape=node.shape, value=total, dtype=node.dtype)
    return walk.make(
        functions.broadcast_to, walk.make(functions.reshape, total, shape=left), shape=node.shape
    )


def _never(node: Node, walk: Rewriting) -> Any:
    """Tell what is infinite from what equals a number, as the rule of logaddexp does by masks."""
    x, y = node.inputs
    x, y = (x, y) if is_node(x, np.isinf) else (y, x)
    if not (is_node(x, np.isinf) and is_node(y, np.equal)) or x.inputs[0] not in y.inputs:
        return None
    number = y.inputs[1] if y.inputs[0] is x.inputs[0] else y.inputs[0]
    if not is_constant_scalar(number) or not np.isfinite(number):
        return None
    return equal_entries(node, False, walk)


def _of_zero(node: Node, walk: Rewriting) -> Any:
    """Return zeros in the place of what counts, or its quotient by a count, times zeros."""
    x, y = node.inputs
    x, y = (x, y) if node.function is np.divide or _is_zero(x) else (y, x)
    return equal_entries(node, 0.0, walk) if _is_zero(x) and _counts(y) else None


def _is_zero(x: Any) -> bool:
    once = x if is_constant_scalar(x) else _once(x)
    return is_constant_scalar(once) and once == 0


def _counts(x: Any) -> bool:
    """Whether an operand is made of masks, as ties are told among the largest entries."""
    if is_node(x, np.divide):
        return all(map(_counts, x.inputs))
    while is_node(x, functions.reshape, functions.broadcast_to, np.add.reduce):
        x = x.inputs[0]
    return is_node(x, functions.astype) and x.inputs[0].dtype.kind == "b"


def _choice(node: Node, walk: Rewriting) -> Any:
    """Return the operand that a condition chooses everywhere."""
    condition = _once(node.inputs[0])
    if type(condition) is not np.bool_:
        return None
    x = node.inputs[1 if condition else 2]
    return x if shape_of(x) == node.shape else None


_ELEMENTWISE = (
    *(np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, np.arctan2),
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
    *(np.logical_and, np.logical_or, np.bitwise_or, np.hypot, np.logaddexp),
)
_OF_ONE = (
    *(np.negative, np.square, np.sqrt, np.exp, np.log, np.absolute, np.reciprocal),
    *(functions.astype, functions.reshape, functions.broadcast_to, functions.transpose),
)
EXACT: Any = {
    **{f: [_of_equal_entries, _without_repeating] for f in _ELEMENTWISE},
    **{f: [_of_equal_entries] for f in _OF_ONE},
    np.bitwise_and: [_never, _of_equal_entries, _without_repeating],
    np.where: [_choice, _of_equal_entries, _without_repeating],
}
ROUNDING: Any = {
    np.add.reduce: [_sum_of_repeated],
    np.multiply: [_of_zero],
    np.divide: [_of_zero],
}
