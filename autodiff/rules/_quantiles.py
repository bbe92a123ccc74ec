"""Order statistics: medians, quantiles and percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import is_plain, of_kind, refuse_lazy
from autodiff._core.constants_like import constants_like
from autodiff._core.record import value_of
from autodiff._core.table import custom, operation
from autodiff._core.tensor import Tensor
from autodiff._core.types import Axes, Function, Value
from autodiff.rules._reductions import along_last, beside, replace_nan, shape_after
from autodiff.rules._shapes import as_array, from_end


def _entries_of_rank(x: Value, ranks: Any) -> Value:
    """Return the entries of these ranks along the last axis; NaN if any entry is."""
    last = x.shape[-1] - 1
    places = [*np.unique(ranks), last] if is_plain(ranks) else None
    ordered = np.partition(x, places, axis=-1) if places else np.sort(x, axis=-1)
    found = np.take_along_axis(ordered, of_kind(ranks, x), axis=-1)
    return np.where(np.isnan(ordered[..., last:]), np.nan, found)


def _shares(out: Value, x: Value) -> Value:
    """Return the matrices of each entry's share in each order statistic: ties share equally."""
    equal = (out[..., :, None] == x[..., None, :]).astype(x.dtype)
    return equal / np.sum(equal, axis=-1, keepdims=True)


_entries_of_rank.__name__ = "order_statistics"
_order_statistics = custom(
    _entries_of_rank,
    vjp=lambda g, out, x, ranks: np.matmul(g[..., None, :], _shares(out, x))[..., 0, :],
    jvp=lambda t, out, x, ranks: np.matmul(_shares(out, x), t[..., :, None])[..., 0],
    spread=lambda g, x, ranks: np.any(g != 0, axis=-1)[..., None],
)


def _positions_among(
    function: Function, numbers: Value, q: Value, method: str, dtype: DTypeLike | None
) -> Value:
    """Return where among so many sorted entries the quantiles lie, along one more last axis.

    Every method interpolates linearly, so the quantiles of 0, 1, 2, … are the places themselves.
    """
    lengths, which = np.unique(numbers, return_inverse=True)
    places = [function(np.arange(max(n, 1), dtype=dtype), q, method=method) for n in lengths]
    return np.stack(places).reshape(len(places), -1)[which.reshape(np.shape(numbers))]


_positions_among.__name__ = "positions"
_positions = custom(_positions_among, vjp=lambda g, *arguments: 0 * g)  # which depend on no number


def _weighted_ranks(x: Value, shares: Any, weights: Value) -> Value:
    """Return the ranks where the weights of the sorted entries, summed up, reach these shares."""
    sums = np.cumsum(np.take_along_axis(weights, np.argsort(x, axis=-1), axis=-1), axis=-1)
    reached = sums / sums[..., -1:]
    reached = np.where(reached == 0, -1, reached)  # entries in front that weigh nothing
    ranks = np.sum(reached[..., None, :] < np.reshape(shares, (-1, 1)), axis=-1)
    return np.minimum(ranks, x.shape[-1] - 1)


def _quantiles(
    function: Function,
    a: Value,
    q: Value,
    axis: Axes,
    method: str,
    keepdims: bool,
    weights: Value,
    skip_nan: bool,
) -> Value:
    a = as_array(a)
    refuse_lazy(
        "medians and quantiles are",
        "they need all entries at once; give an array in memory, as x.compute(), or one of a "
        "sample, x[::1000].compute()",
        *map(value_of, (a, q, weights)),
    )
    if type(q) is Tensor:
        q = np.asarray(q) if q.requires_grad else value_of(q)  # which refuses
    axes = from_end(axis, a.ndim)
    x = along_last(a, axes)
    numbers: Any = np.full((1,) * (x.ndim - 1), x.shape[-1])
    if not x.shape[-1]:
        raise ValueError(f"np.{function.__name__} of shape {a.shape} over axis={axis}: no entries")
    unknown = np.isnan(value_of(x))
    if skip_nan:
        numbers = np.sum(~unknown, axis=-1)
        x = replace_nan(x, np.inf)
    if weights is None:
        position = _positions(function, numbers, q, method, a.dtype)
        result = _between_entries(x, position)
    else:
        function(np.zeros(1), q, method=method, weights=np.ones(1))  # which refuses other methods
        full = np.broadcast_to(beside(as_array(value_of(weights)), a, axis), a.shape)
        weights = np.where(unknown & skip_nan, 0, along_last(full, axes))
        shares = np.divide(q, 100 if function is np.percentile else 1)
        result = _order_statistics(x, _weighted_ranks(value_of(x), shares, weights))
    if skip_nan:
        result = np.where(np.all(unknown, axis=-1)[..., None], np.nan, result)
    return np.reshape(np.moveaxis(result, -1, 0), np.shape(q) + shape_after(a, axes, keepdims))


def _between_entries(x: Value, position: Any) -> Value:
    """Return the numbers at these positions, between which the sorted entries are interpolated."""
    position = constants_like(x, position)
    below = np.floor(position)
    number = position.shape[-1]
    ranks = np.concatenate([below, np.ceil(position)], axis=-1).astype(np.intp)
    found = _order_statistics(x, ranks)
    low, high = found[..., :number], found[..., number:]
    tie = low == high  # infinite ones too: their difference would be NaN
    return low + (position - below) * (np.where(tie, 0, high) - np.where(tie, 0, low))


def _quantile_function(function: Function, plain: Function, skip_nan: bool) -> None:
    @operation(function)
    def quantile(
        a: Value,
        q: Value,
        axis: Axes = None,
        *,
        method: str = "linear",
        keepdims: bool = False,
        weights: Value = None,
    ) -> Value:
        return _quantiles(plain, a, q, axis, method, keepdims, weights, skip_nan)


_quantile_function(np.quantile, np.quantile, False)
_quantile_function(np.percentile, np.percentile, False)
_quantile_function(np.nanquantile, np.quantile, True)
_quantile_function(np.nanpercentile, np.percentile, True)


@operation(np.median)
def _median(a: Value, axis: Axes = None, *, keepdims: bool = False) -> Value:
    return np.quantile(a, 0.5, axis, keepdims=keepdims)


@operation(np.nanmedian)
def _nanmedian(a: Value, axis: Axes = None, *, keepdims: bool = False) -> Value:
    return np.nanquantile(a, 0.5, axis, keepdims=keepdims)
