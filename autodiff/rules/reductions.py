"""Functions that make one entry out of many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._op import Function, custom, linear, operation, value_of
from autodiff._tensor import stop_gradient
from autodiff.rules.shapes import as_array, from_end

_add_reduce: Any = np.add.reduce


def add_reduce(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the sum over axes; NumPy's inner function is twice as fast as np.sum on arrays."""
    if type(x) is not np.ndarray:
        return np.sum(x, axis=axes, keepdims=keepdims) if axes else x
    return _add_reduce(x, None if len(axes) == x.ndim else axes, keepdims=keepdims)


def expand(g: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Put back, with length 1, the axes that a reduction took out; a lone number stays one."""
    if keepdims or not g.ndim or not axes:
        return g
    rank = g.ndim + len(axes)
    gone = {rank + axis for axis in axes}
    return g[tuple(None if i in gone else slice(None) for i in range(rank))]


def spread(g: Any, x: Any, axes: tuple[int, ...], keepdims: bool, *static: Any) -> Any:
    """Return the cotangent of the entry that each entry of ``x`` was reduced to."""
    return expand(g, axes, keepdims)


def count(x: Any, axes: tuple[int, ...]) -> int:
    """Return how many entries of ``x`` are reduced to one."""
    n = 1
    for axis in axes:
        n *= x.shape[axis]
    return n


# -- sums and means --------------------------------------------------------------------------

_summed = linear(
    np.sum,
    lambda g, out, x, axes, keepdims: expand(g, axes, keepdims),
    compute=add_reduce,
)
_averaged = linear(
    np.mean,
    lambda g, out, x, axes, keepdims: expand(g, axes, keepdims) / count(x, axes),
    compute=lambda x, axes, keepdims: add_reduce(x, axes, keepdims) / count(x, axes),
)


@operation(np.sum)
def _sum(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return _summed(a, from_end(axis, a.ndim), keepdims)


@operation(np.add.reduce)
def _add_reduce_of_tensor(a: Any, axis: Any = 0, *, keepdims: bool = False) -> Any:
    return _sum(a, axis, keepdims=keepdims)


@operation(np.mean)
def _mean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return _averaged(a, from_end(axis, a.ndim), keepdims)


# -- products --------------------------------------------------------------------------------


def shape_after(a: Any, axes: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """Return the shape that a reduction over axes leaves."""
    lengths = [1 if i in axes else a.shape[i] for i in range(-a.ndim, 0)]
    return tuple(n for i, n in enumerate(lengths, -a.ndim) if keepdims or i not in axes)


def along_last(a: Any, axes: tuple[int, ...]) -> Any:
    """Return the array with the axes to be reduced joined to one, behind the others."""
    if axes == (-1,):
        return a
    kept = tuple(i for i in range(-a.ndim, 0) if i not in axes)
    lengths = tuple(a.shape[i] for i in kept)
    return np.reshape(np.transpose(a, kept + axes), (*lengths, count(a, axes)))


def _multiplied(x: Any) -> Any:
    """Return the product along the last axis: of the halves, then of their halves, and so on.

    Nothing is divided, so that derivatives of any order are right at zeros too.
    """
    if not x.shape[-1]:
        return np.sum(x, axis=-1) + 1
    left_over = []
    while (n := x.shape[-1]) > 1:
        if n % 2:
            left_over.append(x[..., -1])
        x = x[..., : n // 2] * x[..., n // 2 : n - n % 2]
    return math.prod(left_over, start=x[..., 0])


@operation(np.prod)
def _prod(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    axes = from_end(axis, a.ndim)
    product = _multiplied(along_last(a, axes))
    return np.reshape(product, shape_after(a, axes, True)) if keepdims else product


# -- largest and smallest entries ------------------------------------------------------------


def _ties(out: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the share of each entry in an extremum: ties share equally."""
    equal = (x == expand(out, axes, keepdims)).astype(x.dtype)
    return equal / np.sum(equal, axis=axes, keepdims=True)


def _extremum(function: Any) -> Any:
    def compute(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        return function(x, axis=axes, keepdims=keepdims)

    compute.__name__ = function.__name__
    op = custom(
        compute,
        vjp=lambda g, out, x, axes, keepdims: (
            expand(g, axes, keepdims) * _ties(out, x, axes, keepdims)
        ),
        jvp=lambda t, out, x, axes, keepdims: np.sum(
            t * _ties(out, x, axes, keepdims), axis=axes, keepdims=keepdims
        ),
        spread=spread,
    )

    @operation(function)
    def reduce(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return op(a, from_end(axis, a.ndim), keepdims)

    return reduce


operation(np.amax)(_extremum(np.max))
operation(np.amin)(_extremum(np.min))


@operation(np.ptp)
def _ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


# -- averages and spreads --------------------------------------------------------------------


@operation(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    a = as_array(a)
    if weights is None:
        average = np.mean(a, axis, keepdims=keepdims)
        total = average.dtype.type(a.size / average.size)
    else:
        weights = as_array(weights)
        weights = _beside(weights.astype(np.result_type(a.dtype, weights.dtype)), a, axis)
        total = np.sum(weights, axis, keepdims=keepdims)
        if np.any(total == 0):
            raise ZeroDivisionError(f"np.average: weights of shape {weights.shape} sum to zero")
        average = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (average, np.broadcast_to(total, average.shape)) if returned else average


def _beside(weights: Any, a: Any, axis: Any) -> Any:
    """Return weights of the entries along some axes with axes of length 1 for the others."""
    if weights.shape == a.shape:
        return weights
    axes = from_end(axis, a.ndim)
    if axis is None or weights.shape != tuple(a.shape[i] for i in axes):
        raise (TypeError if axis is None else ValueError)(
            f"np.average of shape {a.shape} over axis={axis} needs weights of that shape, or of "
            f"the shape of the axes that it averages over, not {weights.shape}"
        )
    weights = np.transpose(weights, sorted(range(len(axes)), key=lambda i: axes[i]))
    return np.reshape(weights, tuple(a.shape[i] if i in axes else 1 for i in range(-a.ndim, 0)))


def _squared(x: Any) -> Any:
    return x * x if x.dtype.kind != "c" else np.real(x) ** 2 + np.imag(x) ** 2


def _root(variance: Any) -> Any:
    """Return the square root, with every derivative 0 at 0."""
    none = variance == 0
    return np.where(none, 0, np.sqrt(np.where(none, 1, variance)))


@operation(np.var)
def _var(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    axes = from_end(axis, a.ndim)
    if mean is None:  # shifted first, because the mean of equal entries may differ from them
        one = tuple(slice(0, 1) if i in axes else slice(None) for i in range(-a.ndim, 0))
        a = a - stop_gradient(a)[one]
        mean = np.mean(a, axis, keepdims=True)
    freedom = count(a, axes) - (ddof if correction is None else correction)
    return np.sum(_squared(a - mean), axis, keepdims=keepdims) / max(freedom, 0)


@operation(np.std)
def _std(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    return _root(_var(a, axis, ddof=ddof, keepdims=keepdims, mean=mean, correction=correction))


# -- without NaN -----------------------------------------------------------------------------
# Entries that are NaN get the derivative 0; where there are no others the result is NaN.


def nan_replaced(a: Any, value: float) -> Any:
    """Return the entries with a value for those that are NaN."""
    return np.where(np.isnan(a), value, a)


def _known(a: Any) -> Any:
    """Return 0 for entries that are NaN, 1 for the others."""
    return (~np.isnan(a)).astype(value_of(a).real.dtype)


def _skipping_nan(function: Function, plain: Function, value: float) -> None:
    @operation(function)
    def reduce(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        result = plain(nan_replaced(a, value), axis, keepdims=keepdims)
        if np.isfinite(value):
            return result
        return np.where(np.all(np.isnan(a), axis, keepdims=keepdims), np.nan, result)


_skipping_nan(np.nansum, np.sum, 0)
_skipping_nan(np.nanprod, np.prod, 1)
_skipping_nan(np.nanmax, np.max, -np.inf)
_skipping_nan(np.nanmin, np.min, np.inf)


@operation(np.nanmean)
def _nanmean(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.nansum(a, axis, keepdims=keepdims) / np.sum(_known(a), axis, keepdims=keepdims)


@operation(np.nanvar)
def _nanvar(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    if mean is None:  # shifted first, as in var
        a = a - stop_gradient(np.nanmax(a, axis, keepdims=True))
        mean = np.nanmean(a, axis, keepdims=True)
    number = np.sum(_known(a), axis, keepdims=keepdims)
    freedom = number - (ddof if correction is None else correction)
    squares = np.sum(_squared(nan_replaced(a - mean, 0)), axis, keepdims=keepdims)
    return squares / np.where(freedom > 0, freedom, np.nan)


@operation(np.nanstd)
def _nanstd(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    return _root(_nanvar(a, axis, ddof=ddof, keepdims=keepdims, mean=mean, correction=correction))
