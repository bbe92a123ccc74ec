"""Norms of vectors and matrices. They give 0 where they have a corner, and ties share."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from autodiff._core.fast_recorders import recorder
from autodiff._core.op import Custom
from autodiff._core.record import value_of
from autodiff._core.table import operation
from autodiff._core.types import Axes, Cotangent, Tangent, Value
from autodiff.rules._lengths import (
    at_corner,
    corners,
    euclidean_norm,
    kink,
    refuse_corners,
    slope_at,
)
from autodiff.rules._reductions import add_reduce, expand, expand_cotangent
from autodiff.rules._shapes import from_end
from autodiff.rules._tails import is_recorded

# -- of another order than 2 -------------------------------------------------------------------
# Its square has a corner at 0 too. Of an order below 2 the second derivative is infinite where an
# entry is 0.


def _power_norm(x: Value, axes: tuple[int, ...], keepdims: bool, order: float) -> Value:
    return add_reduce(np.abs(x) ** order, axes, keepdims) ** (1 / order)


def _weights(out: Value, x: Value, axes: tuple[int, ...], keepdims: bool, order: float) -> Value:
    lengths = expand(out, axes, keepdims)
    if order % 2 == 0:  # no corner in an entry
        return np.where(lengths == 0, 0, x / np.where(lengths == 0, 1, lengths)) ** int(order - 1)
    corner = (x == 0) | (lengths == 0)
    shares = np.abs(np.where(corner, 1, x)) / np.where(corner, 1, lengths)
    return np.where(corner, 0, np.sign(x) * shares ** (order - 1))


def _image(
    g: Cotangent, out: Value, x: Value, axes: tuple[int, ...], keepdims: bool, order: float
) -> Cotangent:
    spread_g = expand(g, axes, keepdims)
    image = spread_g * _weights(out, x, axes, keepdims, order)
    if not is_recorded(out):
        return image
    corner = corners(out)
    if corner is not None:
        slope = slope_at(corner, g, out, smooth_square=False)
        corner, slope = expand(corner, axes, keepdims), expand(slope, axes, keepdims)
        image = image + at_corner(corner, slope, g, x, np.sum(x, axes, keepdims=True))
    if order < 2:
        slope = np.where((value_of(x) == 0) & (value_of(spread_g) != 0), np.nan, 0)
        image = image + kink(slope, slope, x)
    return image


def _tangent(
    t: Tangent, out: Value, x: Value, axes: tuple[int, ...], keepdims: bool, order: float
) -> Tangent:
    refuse_corners("norm", t, out, axes, keepdims)
    products = t * _weights(out, x, axes, keepdims, order)
    if is_recorded(out):
        edge = (expand(value_of(out), axes, keepdims) == 0) | ((value_of(x) == 0) & (order < 2))
        slope = np.where(edge, np.nan, 0)
        products = products + t * kink(slope, slope, x)
    return np.sum(products, axis=axes, keepdims=keepdims)


_order_norm: Any = recorder(Custom("norm", _power_norm, (_image,), (_tangent,), expand_cotangent))

# -- NumPy's functions -----------------------------------------------------------------------


@operation(np.linalg.norm)
def _norm(x: Value, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Value:
    axes = from_end(axis, x.ndim)
    if ord is None and (axis is None or len(axes) < 3):
        return euclidean_norm(x, axes, keepdims)
    if len(axes) == 1:
        return _norm_of_vectors(x, ord, axes, keepdims)
    if len(axes) == 2:
        return norm_of_matrices(x, ord, axes, keepdims)
    raise ValueError(f"norm of shape {x.shape} along {axis}: one axis or two expected")


@operation(np.linalg.vector_norm)
def _vector_norm(x: Value, *, axis: Axes = None, keepdims: bool = False, ord: Any = 2) -> Value:
    return _norm_of_vectors(x, ord, from_end(axis, x.ndim), keepdims)


@operation(np.linalg.matrix_norm)
def _matrix_norm(x: Value, *, keepdims: bool = False, ord: Any = "fro") -> Value:
    return norm_of_matrices(x, ord, (-2, -1), keepdims)


def _norm_of_vectors(x: Value, order: Any, axes: tuple[int, ...], keepdims: bool) -> Value:
    if isinstance(order, str):
        raise ValueError(f"the norm of a vector has a number for its order, not {order!r}")
    if order is None or order == 2:
        return euclidean_norm(x, axes, keepdims)
    sizes = x if x.dtype.kind != "c" else np.abs(x)
    if order == 0:
        return np.sum(
            (sizes != 0).astype(np.result_type(sizes.dtype, np.float32)),
            axis=axes,
            keepdims=keepdims,
        )
    if order == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if abs(order) == inf:
        return (np.max if order > 0 else np.min)(np.abs(x), axis=axes, keepdims=keepdims)
    return _order_norm(sizes, axes, keepdims, float(order))


_SPECTRAL: dict[Any, Any] = {"nuc": np.sum, 2: np.max, -2: np.min}
_SUMS: dict[Any, Any] = {
    1: (0, np.max),
    -1: (0, np.min),
    inf: (1, np.max),
    -inf: (1, np.min),
}


def norm_of_matrices(x: Value, order: Any, axes: tuple[int, ...], keepdims: bool) -> Value:
    """Return the norm of the matrices on two axes, by NumPy's name of its order."""
    if order in (None, "fro", "f"):
        return euclidean_norm(x, axes, keepdims)
    if order in _SPECTRAL:
        singular_values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        # A singular value of 0 is a corner, that of a length.
        norm = _SPECTRAL[order](np.hypot(singular_values, 0), axis=-1)
        return np.expand_dims(norm, axes) if keepdims else norm
    if order not in _SUMS:
        raise ValueError(f"the norm of a matrix is 'fro', 'nuc', ±1, ±2 or ±inf, not {order!r}")
    i, extremum = _SUMS[order]
    sums = np.sum(np.abs(x), axis=axes[i], keepdims=True)
    norm = extremum(sums, axis=axes[1 - i], keepdims=True)
    return norm if keepdims else np.squeeze(norm, axis=axes)
