"""Norms of vectors and matrices. They give 0 where they have a corner, and ties share."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from autodiff._op import custom, operation
from autodiff.rules.products import conjugate
from autodiff.rules.reductions import add_reduce, expand, spread
from autodiff.rules.shapes import from_end


def _euclidean(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    squares = x * x if x.dtype.kind != "c" else x.real**2 + x.imag**2
    return np.sqrt(add_reduce(squares, axes, keepdims))


def _direction(out: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    lengths = expand(out, axes, keepdims)
    return conjugate(x) / np.where(lengths == 0, 1, lengths)


def _power_norm(x: Any, axes: tuple[int, ...], keepdims: bool, order: float) -> Any:
    return add_reduce(x**order, axes, keepdims) ** (1 / order)


def _shares(out: Any, x: Any, axes: tuple[int, ...], keepdims: bool, order: float) -> Any:
    lengths = expand(out, axes, keepdims)
    corner = (x == 0) | (lengths == 0)
    return np.where(
        corner, 0, (np.where(corner, 1, x) / np.where(corner, 1, lengths)) ** (order - 1)
    )


def _norm_op(compute: Any, weights: Any) -> Any:
    compute.__name__ = "norm"

    def backward(g: Any, out: Any, x: Any, *static: Any) -> Any:
        return expand(np.real(g), *static[:2]) * weights(out, x, *static)

    def forward(t: Any, out: Any, x: Any, axes: Any, keepdims: bool, *order: Any) -> Any:
        products = t * weights(out, x, axes, keepdims, *order)
        return np.sum(np.real(products), axis=axes, keepdims=keepdims)

    return custom(compute, vjp=backward, jvp=forward, spread=spread)


_euclidean_norm = _norm_op(_euclidean, _direction)
_order_norm = _norm_op(_power_norm, _shares)


@operation(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = from_end(axis, x.ndim)
    if ord is None and (axis is None or len(axes) < 3):
        return _euclidean_norm(x, axes, keepdims)
    if len(axes) == 1:
        return _norm_of_vectors(x, ord, axes, keepdims)
    if len(axes) == 2:
        return norm_of_matrices(x, ord, axes, keepdims)
    raise ValueError(f"norm of shape {x.shape} along {axis}: one axis or two expected")


@operation(np.linalg.vector_norm)
def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _norm_of_vectors(x, ord, from_end(axis, x.ndim), keepdims)


@operation(np.linalg.matrix_norm)
def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm_of_matrices(x, ord, (-2, -1), keepdims)


def _norm_of_vectors(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(order, str):
        raise ValueError(f"the norm of a vector has a number for its order, not {order!r}")
    if order is None or order == 2:
        return _euclidean_norm(x, axes, keepdims)
    sizes = np.abs(x)
    if order == 0:
        return np.sum(
            (sizes != 0).astype(np.result_type(sizes.dtype, np.float32)),
            axis=axes,
            keepdims=keepdims,
        )
    if order == 1:
        return np.sum(sizes, axis=axes, keepdims=keepdims)
    if abs(order) == inf:
        return (np.max if order > 0 else np.min)(sizes, axis=axes, keepdims=keepdims)
    return _order_norm(sizes, axes, keepdims, float(order))


_SPECTRAL: dict[Any, Any] = {"nuc": np.sum, 2: np.max, -2: np.min}
_SUMS: dict[Any, Any] = {
    1: (0, np.max),
    -1: (0, np.min),
    inf: (1, np.max),
    -inf: (1, np.min),
}


def norm_of_matrices(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the norm of the matrices on two axes, by NumPy's name of its order."""
    if order in (None, "fro", "f"):
        return _euclidean_norm(x, axes, keepdims)
    if order in _SPECTRAL:
        singular_values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        # A singular value of 0 is a corner: the absolute value makes its derivative 0.
        norm = _SPECTRAL[order](np.abs(singular_values), axis=-1)
        return np.expand_dims(norm, axes) if keepdims else norm
    if order not in _SUMS:
        raise ValueError(f"the norm of a matrix is 'fro', 'nuc', ±1, ±2 or ±inf, not {order!r}")
    i, extremum = _SUMS[order]
    sums = np.sum(np.abs(x), axis=axes[i], keepdims=True)
    norm = extremum(sums, axis=axes[1 - i], keepdims=True)
    return norm if keepdims else np.squeeze(norm, axis=axes)
