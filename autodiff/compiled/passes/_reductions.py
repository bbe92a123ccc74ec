"""Sums of products as products by BLAS."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.compiled._program import Node, Program
from autodiff.compiled.passes._factors import factors_in_front
from autodiff.compiled.passes._operands import has_type, is_node, is_real
from autodiff.compiled.passes._rewriting import Rewriting, rewrite

# How many rows of how few entries are summed faster by a product with ones than one by one.
SHORT_ROW = 64


def sum_by_products(program: Program) -> None:
    """Take factors out of sums, and sum by products of vectors and matrices."""
    rules = [factors_in_front, _inner_product, _product_with_ones]
    rewrite(program, {}, {np.add.reduce: rules}, uses=True)


def _inner_product(node: Node, walk: Rewriting) -> Any:
    """Sum a product over all axes as an inner product."""
    x = node.inputs[0]
    if node.shape or not is_real(node) or not is_node(x, np.multiply, np.square):
        return None
    a, b = x.inputs if x.function is np.multiply else x.inputs * 2
    if not all(_is_flat(y) and y.shape == x.shape and has_type(y, x.dtype) for y in (a, b)):
        return None
    flat_a = walk.in_shape(a, (a.size,))
    flat_b = flat_a if b is a else walk.in_shape(b, (b.size,))
    return walk.make(np.matmul, flat_a, flat_b)


def _is_flat(x: Any) -> bool:
    """Whether an operand is an array that is a vector without being copied."""
    value = x.value if type(x) is Node else x
    return isinstance(value, np.ndarray) and (
        value.ndim == 1 or (value.ndim > 1 and value.flags.c_contiguous)
    )


def _product_with_ones(node: Node, walk: Rewriting) -> Any:
    """Sum over the first axes, over the last if they are short, or over the rows of matrices."""
    x, axes = node.inputs[0], node.options["axis"]
    if not is_real(node) or x.ndim < 2 or x.dtype.char not in "fd" or not _is_flat(x) or not x.size:
        return None
    over = prod(x.shape[i] for i in axes)
    left = x.size // over
    if len(axes) == x.ndim:
        return None
    ones = np.ones(over, x.dtype)
    ones.flags.writeable = False
    if axes == tuple(range(len(axes))):
        total = walk.make(np.matmul, ones, walk.in_shape(x, (over, left)))
    elif axes == tuple(range(x.ndim - len(axes), x.ndim)):
        if over > SHORT_ROW:
            return None
        total = walk.make(np.matmul, walk.in_shape(x, (left, over)), ones)
    elif axes == (x.ndim - 2,) and x.shape[-1] <= SHORT_ROW and over >= prod(x.shape[:-2]):
        total = walk.make(np.matmul, ones, x)
    else:
        return None
    return walk.in_shape(total, node.shape)
