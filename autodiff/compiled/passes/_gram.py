"""Weighted products of a matrix with itself, as the Hessians of regressions are.

All columns of such a Hessian go forward at once, from the identity: ((I @ Xᵀ) · v · w) @ X. Weights
of the rows of X are multiplied with each other first, and their product with X twice is symmetric.

The identity is left out, although what is not finite in X would spread further through it: on the
diagonal of the product it stays, and only where all of the product is checked is this done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autodiff._core.machine import RANK_UPDATE
from autodiff.compiled import _functions as functions
from autodiff.compiled._program import FINITE, Node, Program
from autodiff.compiled.passes._operands import is_node, is_real, shape_of
from autodiff.compiled.passes._rewriting import Rewriting, rewrite
from autodiff.compiled.passes._unused import drop_unused

# Of what these functions give, what is not finite in an operand is not finite either.
_KEEPING = frozenset(
    {
        *(np.add, np.subtract, np.multiply, np.negative, np.add.reduce, functions.copy),
        *(functions.reshape, functions.transpose, functions.concatenate, functions.stack),
    }
)


class Scaled(NamedTuple):
    """The transpose of a matrix, with a weight for each of its columns or one for all."""

    matrix: Any
    weights: Any


def use_rank_updates(program: Program) -> None:
    """Compute weighted products of a matrix with itself from the matrix and the weights."""
    if any(node.function is np.matmul for node in program.nodes):
        _GramMatrices(program)


class _GramMatrices:
    """A walk that knows which nodes are scaled transposes."""

    def __init__(self, program: Program) -> None:
        self.checked = _what_is_checked(program)
        self.scaled: dict[Node, Scaled] = {}
        self.constants = _transposed_constants(program)
        rules: Any = {
            np.matmul: [self.product],
            np.multiply: [self.multiple],
            np.divide: [self.quotient],
            np.negative: [self.negative],
            np.add: [self.sum],
            np.subtract: [self.sum],
        }
        rewrite(program, {}, rules)
        drop_unused(program)  # weights of what became no product

    def as_scaled(self, x: Any) -> Scaled | None:
        """Return an operand as a scaled transpose, if it is one."""
        if type(x) is Node:
            return self.scaled.get(x)
        return self.constants.get(id(x))

    # -- scaled transposes ---------------------------------------------------------------------

    def multiple(self, node: Node, walk: Rewriting) -> None:
        """Take note of a scaled transpose that is scaled further."""
        for x, y in (node.inputs, node.inputs[::-1]):
            known = self.as_scaled(x)
            factor = None if known is None else _row(y, node, walk)
            if known is not None and factor is not None:
                one = type(known.weights) is float and known.weights == 1
                weights = factor if one else _make(walk, np.multiply, known.weights, factor)
                self.scaled[node] = Scaled(known.matrix, weights)
                return

    def quotient(self, node: Node, walk: Rewriting) -> None:
        """Take note of a scaled transpose that is divided."""
        known = self.as_scaled(node.inputs[0])
        divisor = None if known is None else _row(node.inputs[1], node, walk)
        if known is not None and divisor is not None:
            weights = _make(walk, np.divide, known.weights, divisor)
            self.scaled[node] = Scaled(known.matrix, weights)

    def negative(self, node: Node, walk: Rewriting) -> None:
        """Take note of a scaled transpose with another sign."""
        known = self.as_scaled(node.inputs[0])
        if known is not None:
            weights = _make(walk, np.multiply, -1.0, known.weights)
            self.scaled[node] = Scaled(known.matrix, weights)

    def sum(self, node: Node, walk: Rewriting) -> None:
        """Take note of a sum or difference of one transpose, scaled in two ways."""
        a, b = map(self.as_scaled, node.inputs)
        if a is not None and b is not None and a.matrix is b.matrix:
            weights = _make(walk, node.function, a.weights, b.weights)
            self.scaled[node] = Scaled(a.matrix, weights)

    # -- products ------------------------------------------------------------------------------

    def product(self, node: Node, walk: Rewriting) -> Any:
        """Return the product of a scaled transpose with its matrix; take note of transposes."""
        x, y = node.inputs
        if not is_real(node) or node.ndim != 2:
            return None
        if is_node(y, functions.transpose) and _is_identity(x):
            self.scaled[node] = Scaled(y.inputs[0], 1.0)
            return None
        known = self.as_scaled(x)
        if known is None or known.matrix is not y or node not in self.checked:
            return None
        weights = known.weights
        if shape_of(weights) and shape_of(y)[0] * shape_of(y)[1] >= RANK_UPDATE:
            return walk.make(functions.weighted_gram, y, weights)
        transposed = walk.make(functions.transpose, y, axes=(1, 0))
        if shape_of(weights):
            return walk.make(np.matmul, walk.make(np.multiply, transposed, weights), y)
        return walk.make(np.multiply, weights, walk.make(np.matmul, transposed, y))


def _what_is_checked(program: Program) -> set[Node]:
    """Return the nodes of which each entry has to be finite, or the call is made as written."""
    checked = {guard.node for guard in program.guards if guard.expected is FINITE}
    for node in reversed(program.nodes):
        if node in checked:
            operands = node.inputs[: None if node.function in _KEEPING else 0]
            checked.update([x for x in operands if type(x) is Node])
    return checked


def _transposed_constants(program: Program) -> dict[int, Scaled]:
    """Return constants that are scaled transposes of others, which something is multiplied with."""
    matrices = {
        id(y): y
        for node in program.nodes
        if node.function is np.matmul and type(y := node.inputs[1]) is np.ndarray and y.ndim == 2
    }
    found: dict[int, Scaled] = {}
    for node in program.nodes if matrices else ():
        for x in node.inputs:
            if type(x) is np.ndarray and x.ndim == 2 and id(x) not in found:
                for y in matrices.values():
                    weights = _column_weights(x, y)
                    if weights is not None:
                        found[id(x)] = Scaled(y, weights)
    return found


def _column_weights(x: Any, y: Any) -> Any:
    """Return what the columns of yᵀ are multiplied by in x, to rounding; None if by no one number.

    It is found where the entries are largest.
    """
    if x.shape != y.T.shape or x.dtype != y.dtype or x.dtype.kind != "f" or not x.size:
        return None
    rows, largest = np.arange(len(y)), np.abs(y).argmax(axis=1)
    divisors = y[rows, largest]
    with np.errstate(all="ignore"):
        weights = np.divide(x[largest, rows], divisors, np.ones_like(divisors), where=divisors != 0)
        if not np.allclose(x, y.T * weights, rtol=4 * np.finfo(x.dtype).eps, atol=0):
            return None
    return 1.0 if np.all(weights == 1) else weights


def _is_identity(x: Any) -> bool:
    """Return whether an operand is the identity matrix."""
    return (
        type(x) is np.ndarray
        and x.ndim == 2
        and x.shape[0] == x.shape[1]
        and np.array_equal(x, np.eye(len(x)))
    )


def _make(walk: Rewriting, function: Any, *inputs: Any) -> Any:
    """Return weights made of others; of Python's numbers another one, which keeps single precision.

    For NumPy's float64 would not.
    """
    value = walk.make(function, *inputs)
    return float(value) if set(map(type, inputs)) <= {int, float} else value


def _row(x: Any, node: Node, walk: Rewriting) -> Any:
    """Return the factors of a matrix, if an operand has one for each column, or one for all."""
    if node.ndim != 2 or min(node.shape) < 2:
        return None
    if is_node(x, functions.broadcast_to):
        x = x.inputs[0]
    if shape_of(x) == (1, node.shape[1]):
        x = walk.make(functions.reshape, x, shape=node.shape[1:])
    return x if not shape_of(x) or shape_of(x) == node.shape[1:] else None
