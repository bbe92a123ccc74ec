"""Functions that make one entry out of many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.nonnegative import Nonnegative
from autodiff._core.record import value_of
from autodiff._core.table import custom, linear, operation
from autodiff._core.tensor import stop_gradient
from autodiff._core.types import Axes, Cotangent, Function, Shape, Value
from autodiff.rules._shapes import as_array, from_end

_add_reduce: Any = np.add.reduce


def add_reduce(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    """Return the sum over axes; NumPy's inner function is twice as fast as np.sum on arrays."""
    if type(x) is not np.ndarray:
        return np.sum(x, axis=axes, keepdims=keepdims) if axes else x
    return _add_reduce(x, None if len(axes) == x.ndim else axes, keepdims=keepdims)


def expand(g: Cotangent, axes: tuple[int, ...], keepdims: bool) -> Cotangent:
    """Put back, with length 1, the axes that a reduction took out; a lone number stays one."""
    if keepdims or not g.ndim or not axes:
        return g
    rank = g.ndim + len(axes)
    gone = {rank + axis for axis in axes}
    return g[tuple(None if i in gone else slice(None) for i in range(rank))]


def expand_cotangent(
    g: Cotangent, x: Value, axes: tuple[int, ...], keepdims: bool, *static: Any
) -> Cotangent:
    """Return the cotangent of the entry that each entry of ``x`` was reduced to."""
    return expand(g, axes, keepdims)


def count(x: Value, axes: tuple[int, ...]) -> int:
    """Return how many entries of ``x`` are reduced to one."""
    n = 1
    for axis in axes:
        n *= x.shape[axis]
    return n


# -- sums and means --------------------------------------------------------------------------

_sum_op = linear(
    np.sum,
    lambda g, out, x, axes, keepdims: expand(g, axes, keepdims),
    compute=add_reduce,
    kind=Nonnegative,
)
_mean_op = linear(
    np.mean,
    lambda g, out, x, axes, keepdims: expand(g, axes, keepdims) / count(x, axes),
    compute=lambda x, axes, keepdims: add_reduce(x, axes, keepdims) / count(x, axes),
    kind=Nonnegative,
)


@operation(np.sum)
def _sum(
    a: Value,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    *,
    keepdims: bool = False,
    initial: Value = None,
    where: Value = True,
) -> Value:
    if dtype is not None or where is not True:
        a = _with_neutral(a, dtype, where, 0)
    total = _sum_op(a, from_end(axis, a.ndim), keepdims)
    return total if initial is None else total + _of_type(initial, total.dtype)


@operation(np.mean)
def _mean(
    a: Value,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    *,
    keepdims: bool = False,
    where: Value = True,
) -> Value:
    if dtype is None and where is True:
        return _mean_op(a, from_end(axis, a.ndim), keepdims)
    a = a if dtype is None else a.astype(dtype)
    total = _sum(a, axis, keepdims=keepdims, where=where)
    mean = total / _how_many(where, a, axis, keepdims)
    return mean if dtype is None else mean.astype(dtype)


def _with_neutral(a: Value, dtype: DTypeLike | None, where: Value, neutral: Any) -> Value:
    """Return an array cast, with a neutral number in place of the entries that do not count."""
    a = a if dtype is None else a.astype(dtype)
    return a if where is True else np.where(_mask(where, a), a, neutral)


def _mask(where: Value, a: Value) -> Value:
    """Return the mask of the entries that count, in the shape of the array."""
    return np.broadcast_to(as_array(where).astype(bool), a.shape)


def _how_many(where: Value, a: Value, axis: Axes, keepdims: bool) -> Value:
    """Return how many of the entries count that are reduced to one."""
    return np.sum(_mask(where, a).astype(value_of(a).real.dtype), axis, keepdims=keepdims)


def _of_type(number: Any, dtype: DTypeLike | None) -> Any:
    return as_array(number).astype(dtype)


# -- products --------------------------------------------------------------------------------


def shape_after(a: Value, axes: tuple[int, ...], keepdims: bool) -> Shape:
    """Return the shape that a reduction over axes leaves."""
    lengths = [1 if i in axes else a.shape[i] for i in range(-a.ndim, 0)]
    return tuple(n for i, n in enumerate(lengths, -a.ndim) if keepdims or i not in axes)


def along_last(a: Value, axes: tuple[int, ...]) -> Value:
    """Return the array with the axes to be reduced joined to one, behind the others."""
    if axes == (-1,):
        return a
    kept = tuple(i for i in range(-a.ndim, 0) if i not in axes)
    lengths = tuple(a.shape[i] for i in kept)
    return np.reshape(np.transpose(a, kept + axes), (*lengths, count(a, axes)))


def _product_along_last(x: Value) -> Value:
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
def _prod(
    a: Value,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    *,
    keepdims: bool = False,
    initial: Value = None,
    where: Value = True,
) -> Value:
    if dtype is not None or where is not True:
        a = _with_neutral(a, dtype, where, 1)
    axes = from_end(axis, a.ndim)
    product = _product_along_last(along_last(a, axes))
    product = np.reshape(product, shape_after(a, axes, True)) if keepdims else product
    return product if initial is None else product * _of_type(initial, product.dtype)


# -- largest and smallest entries ------------------------------------------------------------


def _ties(out: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    """Return the share of each entry in an extremum: ties share equally."""
    equal = (x == expand(out, axes, keepdims)).astype(x.dtype)
    return equal / np.sum(equal, axis=axes, keepdims=True)


def _extremum(function: Any, least: float) -> Any:
    def compute(x: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
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
        spread=expand_cotangent,
    )

    @operation(function)
    def reduce(
        a: Value,
        axis: Axes = None,
        *,
        keepdims: bool = False,
        initial: Value = None,
        where: Value = True,
    ) -> Value:
        axes = from_end(axis, a.ndim)
        if initial is None and where is True:
            return op(a, axes, keepdims)
        if initial is None:
            raise ValueError(f"np.{function.__name__} with where= needs an initial= to begin with")
        initial = _of_type(initial, a.dtype)
        a = _with_neutral(a, None, where, least if a.dtype.kind in "fc" else initial)
        entries = along_last(a, axes)
        beginning = np.broadcast_to(initial, (*entries.shape[:-1], 1))
        largest = op(np.concatenate([entries, beginning], axis=-1), (-1,), False)
        return np.reshape(largest, shape_after(a, axes, keepdims))

    return reduce


operation(np.amax)(_extremum(np.max, -math.inf))
operation(np.amin)(_extremum(np.min, math.inf))


@operation(np.ptp)
def _ptp(a: Value, axis: Axes = None, *, keepdims: bool = False) -> Value:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


# -- averages and spreads --------------------------------------------------------------------


@operation(np.average)
def _average(
    a: Value,
    axis: Axes = None,
    weights: Value = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Value:
    a = as_array(a)
    if weights is None:
        average = np.mean(a, axis, keepdims=keepdims)
        total = average.dtype.type(a.size / average.size)
    else:
        weights = as_array(weights)
        weights = beside(weights.astype(np.result_type(a.dtype, weights.dtype)), a, axis)
        total = np.sum(weights, axis, keepdims=keepdims)
        if np.any(total == 0):
            raise ZeroDivisionError(f"np.average: weights of shape {weights.shape} sum to zero")
        average = np.sum(a * weights, axis, keepdims=keepdims) / total
    return (average, np.broadcast_to(total, average.shape)) if returned else average


def beside(weights: Value, a: Value, axis: Axes) -> Value:
    """Return weights of the entries along some axes with axes of length 1 for the others."""
    if weights.shape == a.shape:
        return weights
    axes = from_end(axis, a.ndim)
    if axis is None or weights.shape != tuple(a.shape[i] for i in axes):
        raise (TypeError if axis is None else ValueError)(
            f"an array of shape {a.shape} over axis={axis} needs weights of its shape, or of the "
            f"shape of these axes, not {weights.shape}"
        )
    weights = np.transpose(weights, sorted(range(len(axes)), key=lambda i: axes[i]))
    return np.reshape(weights, tuple(a.shape[i] if i in axes else 1 for i in range(-a.ndim, 0)))


def _squared_modulus(x: Value) -> Value:
    return x * x if x.dtype.kind != "c" else np.real(x) ** 2 + np.imag(x) ** 2


def deviations(
    a: Value,
    axis: Axes,
    keepdims: bool,
    ddof: float,
    mean: Value,
    dtype: DTypeLike | None,
    where: Value,
) -> tuple[Any, tuple[int, ...], bool, Any]:
    """Return what is left of the mean, the axes, keepdims and the degrees of freedom."""
    axes = from_end(axis, a.ndim)
    a = _to_spread(a, dtype)
    if mean is None:  # shifted first, because the mean of equal entries may differ from them
        a = a - stop_gradient(_one_of(a, axes, where))
        mean = np.mean(a, axis, keepdims=True, where=where)
    centred = _with_neutral(a - mean, None, where, 0)
    if where is True:
        return centred, axes, keepdims, max(count(a, axes) - ddof, 0)
    freedom = value_of(_how_many(where, centred, axis, keepdims)) - ddof
    return centred, axes, keepdims, np.maximum(freedom, 0)


def _to_spread(a: Value, dtype: DTypeLike | None) -> Value:
    """Return an array cast to the type in which its variance is computed."""
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"the variance of a Tensor is computed in a floating dtype=, not in {np.dtype(dtype)}: "
            "leave it out, and cast the result by astype"
        )
    return a if dtype is None else a.astype(dtype)


def _one_of(a: Value, axes: tuple[int, ...], where: Value) -> Value:
    """Return an entry that counts of each set that is reduced to one."""
    if where is not True:
        return np.max(np.where(_mask(where, a), a, -math.inf), axes, keepdims=True)
    return a[tuple(slice(0, 1) if i in axes else slice(None) for i in range(-a.ndim, 0))]


def measure_of_spread(deviations_of: Function, measure: Function) -> Function:
    """Return what NumPy's function computes with a measure of the deviations from the mean."""

    def call(
        a: Value,
        axis: Axes = None,
        dtype: DTypeLike | None = None,
        *,
        ddof: float = 0,
        keepdims: bool = False,
        where: Value = True,
        mean: Value = None,
        correction: float | None = None,
    ) -> Value:
        ddof = ddof if correction is None else correction
        centred, axes, _, freedom = deviations_of(a, axis, keepdims, ddof, mean, dtype, where)
        result = measure(centred, axes, keepdims, freedom)
        return result if dtype is None else result.astype(dtype)

    return call


def _variance(centred: Value, axes: tuple[int, ...], keepdims: bool, freedom: Any) -> Value:
    return np.sum(_squared_modulus(centred), axes, keepdims=keepdims) / freedom


operation(np.var)(measure_of_spread(deviations, _variance))


# -- without NaN -----------------------------------------------------------------------------
# Entries that are NaN get the derivative 0; where there are no others the result is NaN.


def replace_nan(a: Value, value: float) -> Value:
    """Return the entries with a value for those that are NaN, which no integer is."""
    if a.dtype.kind not in "fc":
        return a
    return np.where(np.isnan(a), value, a)


def _not_nan(a: Value) -> Value:
    """Return 0 for entries that are NaN, 1 for the others."""
    return (~np.isnan(a)).astype(value_of(a).real.dtype)


def _without_nan(a: Value, where: Value) -> Value:
    """Return an array with NaN for the entries that do not count."""
    return a if where is True else np.where(_mask(where, a), a, np.nan)


def _total_of_known(function: Function, plain: Function, neutral: float) -> None:
    @operation(function)
    def reduce(
        a: Value,
        axis: Axes = None,
        dtype: DTypeLike | None = None,
        *,
        keepdims: bool = False,
        initial: Value = None,
        where: Value = True,
    ) -> Value:
        a = replace_nan(a, neutral)
        return plain(a, axis, dtype, keepdims=keepdims, initial=initial, where=where)


def _extremum_of_known(function: Function, plain: Function, least: float) -> None:
    @operation(function)
    def reduce(
        a: Value,
        axis: Axes = None,
        *,
        keepdims: bool = False,
        initial: Value = None,
        where: Value = True,
    ) -> Value:
        known = replace_nan(a, least)
        result = plain(known, axis, keepdims=keepdims, initial=initial, where=where)
        if initial is not None or a.dtype.kind not in "fc":
            return result
        return np.where(np.all(np.isnan(a), axis, keepdims=keepdims), np.nan, result)


_total_of_known(np.nansum, np.sum, 0)
_total_of_known(np.nanprod, np.prod, 1)
_extremum_of_known(np.nanmax, np.max, -math.inf)
_extremum_of_known(np.nanmin, np.min, math.inf)


@operation(np.nanmean)
def _nanmean(
    a: Value,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    *,
    keepdims: bool = False,
    where: Value = True,
) -> Value:
    a = _without_nan(a if dtype is None else a.astype(dtype), where)
    return np.nansum(a, axis, keepdims=keepdims) / np.sum(_not_nan(a), axis, keepdims=keepdims)


def nan_deviations(
    a: Value,
    axis: Axes,
    keepdims: bool,
    ddof: float,
    mean: Value,
    dtype: DTypeLike | None,
    where: Value,
) -> tuple[Any, tuple[int, ...], bool, Any]:
    """Return the same of the entries that are not NaN, with 0 for the others."""
    axes = from_end(axis, a.ndim)
    a = _without_nan(_to_spread(a, dtype), where)
    if mean is None:  # shifted first, as in var
        a = a - stop_gradient(np.nanmax(a, axes, keepdims=True))
        mean = np.nanmean(a, axes, keepdims=True)
    freedom = value_of(np.sum(_not_nan(a), axes, keepdims=keepdims)) - ddof
    return replace_nan(a - mean, 0), axes, keepdims, np.where(freedom > 0, freedom, np.nan)[()]


operation(np.nanvar)(measure_of_spread(nan_deviations, _variance))
