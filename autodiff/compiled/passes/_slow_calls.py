"""Calls that NumPy computes entry by entry in C are written as several that it computes at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._duplicates import merge_duplicates
from autodiff.compiled.passes._operands import is_node, is_real, is_zero, shape_of
from autodiff.compiled.passes._rewriting import Rewriting, rewrite

# Entries, from which logaddexp takes longer than six calls: of 256 2.5 µs for 2.0, of 2000 19 for
# 5, of 20 000 280 for 39.
LEAST = 200


def split_slow_calls(program: Program) -> None:
    """Write what takes long in one call as several, of which slopes share some."""
    if any(node.function is np.logaddexp for node in program.nodes):
        rewrite(program, {}, {np.logaddexp: [_logaddexp]})
        merge_duplicates(program)


def _logaddexp(node: Node, walk: Rewriting) -> Any:
    """Take the greater one out."""
    x, y = node.inputs
    if node.size < LEAST or not is_real(node):
        return None
    below = walk.make(np.negative, _distance(x, y, walk))
    rest = walk.make(np.log1p, walk.make(np.exp, below))
    return walk.make(np.add, walk.make(np.maximum, x, y), rest)


def _distance(x: Any, y: Any, walk: Rewriting) -> Any:
    """Return ``|x - y|``: of x and 0 the same as of -x and 0, which the slope is made of."""
    if is_zero(x) or is_zero(y):
        return walk.make(np.absolute, _without_sign(y if is_zero(x) else x))
    distance = walk.make(np.absolute, walk.make(np.subtract, x, y))
    return walk.make(np.fmax, distance, 0.0)  # for that of two equal infinities is NaN


def _without_sign(x: Any) -> Any:
    """Return what a value is the negative of, be it so itself, or the value."""
    while type(x) is Node:
        if is_node(x, np.negative):
            x = x.inputs[0]
        elif is_node(x, np.subtract) and is_zero(x.inputs[0]) and _is_whole(x):
            x = x.inputs[1]
        else:
            break
    return x


def _is_whole(x: Node) -> bool:
    return shape_of(x.inputs[1]) == x.shape
