"""Calls that change nothing, or say in two steps what one says, are left out.

The rules that do not keep each bit may exchange -0.0 for 0.0, or add up in another order.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._functions import Opaque
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes import _pieces, _repeated
from autodiff.compiled.passes._operands import has_type, is_node, is_real, shape_of
from autodiff.compiled.passes._rewriting import Rewriting, rewrite


def leave_out_trifles(program: Program) -> None:
    """Leave out what changes nothing."""
    rewrite(program, _EXACT, _ROUNDING)


# -- numbers -----------------------------------------------------------------------------------


def _is_number(x: Any, number: int) -> bool:
    """Whether an operand is one number everywhere."""
    if type(x) is Node:
        return x.function is functions.full and _is_number(x.options["value"], number)
    return isinstance(x, int | float | np.generic) and bool(x == number)


def _neutral(number: int, *, left: bool = True) -> Any:
    """Return the rule of an operation that a number on the right (and left) makes the identity."""

    def rule(node: Node, walk: Rewriting) -> Any:
        x, y = node.inputs
        if _is_number(y, number):
            return x
        return y if left and _is_number(x, number) else None

    return rule


def _twice(node: Node, walk: Rewriting) -> Any:
    """Double what is added to itself."""
    x, y = node.inputs
    return walk.make(np.multiply, 2.0, x) if x is y and is_real(node) else None


def _operand(node: Node, walk: Rewriting) -> Any:
    """Return the operand of a call that returns it."""
    return node.inputs[0]


def _inverse_of_itself(node: Node, walk: Rewriting) -> Any:
    x = node.inputs[0]
    return x.inputs[0] if is_node(x, node.function) else None


# -- the same entries in another shape -----------------------------------------------------------


def _same_shape(node: Node, walk: Rewriting) -> Any:
    x = node.inputs[0]
    return x if shape_of(x) == node.shape else None


def _of_the_same(node: Node, walk: Rewriting) -> Any:
    """Do what the same call does to what its operand was made of."""
    x = node.inputs[0]
    return (
        walk.make(node.function, x.inputs[0], **node.options) if is_node(x, node.function) else None
    )


def _transpose(node: Node, walk: Rewriting) -> Any:
    (x,) = node.inputs
    axes = node.options["axes"]
    if axes == tuple(range(len(axes))):
        return x
    if not is_node(x, functions.transpose):
        return None
    inner = x.options["axes"]
    return walk.make(functions.transpose, x.inputs[0], axes=tuple([inner[i] for i in axes]))


def _astype(node: Node, walk: Rewriting) -> Any:
    x = node.inputs[0]
    return x if has_type(x, node.dtype) else None


def _shape(node: Node, walk: Rewriting) -> Any:
    """Return a shape that follows from others."""
    x = node.inputs[0]
    if is_node(x, functions.item, None) or type(x.function) is Opaque:
        return None
    masks = [y for y in x.inputs[1:] if getattr(getattr(y, "dtype", None), "kind", "") == "b"]
    return None if masks and x.function is functions.getitem else node.value


def _of_one_term(node: Node, walk: Rewriting) -> Any:
    """Return the operand of a reduction that has nothing to reduce."""
    x = node.inputs[0]
    if shape_of(x) == node.shape:
        return x
    if prod(shape_of(x)) != node.size or not node.shape:
        return None
    return walk.make(functions.reshape, x, shape=node.shape)


def _real(node: Node, walk: Rewriting) -> Any:
    """Return what is its own conjugate."""
    return node.inputs[0] if node.dtype is not None and node.dtype.kind == "f" else None


def _one_table(*tables: Any) -> Any:
    """Return tables of rules as one: those of the first come first."""
    joined: dict[Any, list[Any]] = {}
    for table in tables:
        for function, rules in table.items():
            joined.setdefault(function, []).extend(rules)
    return joined


_EXACT = _one_table(
    {
        np.add: [_twice],
        np.multiply: [_neutral(1)],
        np.divide: [_neutral(1, left=False)],
        np.power: [_neutral(1, left=False)],
        np.subtract: [_neutral(0, left=False)],
        np.positive: [_operand],
        np.negative: [_inverse_of_itself],
        np.conjugate: [_real],
        functions.copy: [_operand],
        functions.astype: [_astype],
        functions.reshape: [_same_shape, _of_the_same],
        functions.broadcast_to: [_same_shape, _of_the_same],
        functions.transpose: [_transpose],
        functions.shape_of: [_shape],
        **{f: [_of_one_term] for f in (np.add.reduce, np.maximum.reduce, np.minimum.reduce)},
    },
    _repeated.EXACT,
    _pieces.EXACT,
)
_ROUNDING = _one_table({np.add: [_neutral(0)]}, _repeated.ROUNDING, _pieces.ROUNDING)
