"""Sums around matrix products, computed on the smaller matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiled import _functions as functions
from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._operands import has_type, is_node, is_real, shape_of
from autodiff.compiled.passes._rewriting import Rewriting, rewrite


def compute_of_small_matrices(program: Program) -> None:
    """Add to a factor instead of to a product, and sum factors instead of products."""
    if any(node.function is np.matmul for node in program.nodes):
        rewrite(program, {}, {np.add: [_diagonal_within]}, uses=True)
        _Diagonals(program)


# -- A·v + A @ B = A @ (diag v + B) ----------------------------------------------------------------


def _diagonal_within(node: Node, walk: Rewriting) -> Any:
    """Add a row of factors to the diagonal of the matrix that the same rows are multiplied by."""
    x, y = node.inputs
    if not is_node(x, np.matmul):
        x, y = y, x
    if not is_node(x, np.matmul) or not is_node(y, np.multiply) or not is_real(node):
        return None
    rows, matrix = x.inputs
    v = next((v for v, z in (y.inputs, y.inputs[::-1]) if z is rows), None)
    if v is None or walk.uses[x] > 1 or walk.uses[y] > 1 or not _is_row(v):
        return None
    n, shape = node.shape[-1], shape_of(matrix)
    if shape[-2:] != (n, n) or rows.shape != node.shape or node.shape[-2] < n:
        return None
    if not has_type(v, node.dtype) or not has_type(matrix, node.dtype):
        return None
    ones = np.eye(n, dtype=node.dtype)
    ones.flags.writeable = False
    diagonal = walk.make(np.multiply, v, ones)
    return walk.make(np.matmul, rows, walk.make(np.add, diagonal, matrix))


def _is_row(v: Any) -> bool:
    """Whether an operand has one row in each matrix."""
    shape = shape_of(v)
    return len(shape) == 1 or (len(shape) > 1 and shape[-2] == 1)


# -- sums of products ------------------------------------------------------------------------------


class _Diagonals:
    """A walk in which Σᵢ Xᵢⱼ Yᵢⱼ is read off the diagonal of Xᵀ @ Y, where that is needed too."""

    def __init__(self, program: Program) -> None:
        self.wanted = {_factors(node) for node in program.nodes if node.function is np.matmul}
        self.made: dict[Any, Node] = {}
        rules: Any = {
            np.add.reduce: [self.diagonal, _sum_of_product],
            np.matmul: [self.product],
        }
        rewrite(program, {}, rules, uses=True)

    def product(self, node: Node, walk: Rewriting) -> Any:
        """Return the product of the same matrices that a sum was read off."""
        factors = _factors(node)
        return None if factors is None else self.made.setdefault(factors, node)

    def diagonal(self, node: Node, walk: Rewriting) -> Any:
        """Return a diagonal in the place of sums over the rows of a product, entry by entry."""
        terms = node.inputs[0]
        if not is_node(terms, np.multiply) or node.options["axis"] != (terms.ndim - 2,):
            return None
        if walk.uses[terms] > 1 or not is_real(node):
            return None
        x, y = terms.inputs
        if type(x) is not Node or type(y) is not Node:
            return None
        pair = next((p for p in ((x, y), (y, x)) if p in self.wanted), None)
        if pair is None or any(z.shape != terms.shape for z in pair):
            return None
        if pair not in self.made:
            axes = (*range(terms.ndim - 2), terms.ndim - 1, terms.ndim - 2)
            walk.make(np.matmul, walk.make(functions.transpose, pair[0], axes=axes), pair[1])
        *rest, n = terms.shape[:-2] + terms.shape[-1:]
        flat = walk.make(functions.reshape, self.made[pair], shape=(*rest, n * n))
        diagonal = walk.make(functions.getitem, flat, key=(..., slice(None, None, n + 1)))
        return walk.in_shape(diagonal, node.shape)


def _factors(product: Node) -> tuple[Any, Any] | None:
    """Return X and Y of Xᵀ @ Y."""
    x, y = product.inputs
    if not is_node(x, functions.transpose) or type(y) is not Node or x.ndim != y.ndim:
        return None
    n = x.ndim
    swapped = (*range(n - 2), n - 1, n - 2)
    return (x.inputs[0], y) if n > 1 and x.options["axes"] == swapped else None


def _sum_of_product(node: Node, walk: Rewriting) -> Any:
    """Sum the rows of the first factor, or the columns of the second."""
    x = node.inputs[0]
    if not is_node(x, np.matmul) or walk.uses[x] > 1 or not is_real(node):
        return None
    a, b = x.inputs
    axes = node.options["axis"]
    rows, columns = x.ndim - 2, x.ndim - 1
    if min(len(shape_of(a)), len(shape_of(b))) < 2 or not {rows, columns}.intersection(axes):
        return None
    if rows in axes:
        a = walk.make(np.add.reduce, a, axis=(len(shape_of(a)) - 2,), keepdims=True)
    if columns in axes:
        b = walk.make(np.add.reduce, b, axis=(len(shape_of(b)) - 1,), keepdims=True)
    product = walk.make(np.matmul, a, b)
    rest = tuple(axis for axis in axes if axis < rows)
    if rest:
        product = walk.make(np.add.reduce, product, axis=rest, keepdims=True)
    return walk.in_shape(product, node.shape)
