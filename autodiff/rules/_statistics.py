"""Running sums and products, differences, integrals and covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import open_to
from autodiff._core.constants_like import constants_like
from autodiff._core.nonnegative import Nonnegative
from autodiff._core.record import value_of
from autodiff._core.table import linear, operation
from autodiff._core.types import Axes, Function, Value
from autodiff.rules._reductions import replace_nan
from autodiff.rules._shapes import as_array, from_end, operands

# -- running sums and products ---------------------------------------------------------------


def _reverse(x: Value, axis: int) -> Value:
    return x[(..., slice(None, None, -1), *(slice(None),) * (-axis - 1))]


_running_sum = linear(
    np.cumsum,
    lambda g, out, x, axis: _reverse(np.cumsum(_reverse(g, axis), axis=axis), axis),
    compute=lambda x, axis: np.cumsum(x, axis=axis),
    kind=Nonnegative,
)


def _running_product(x: Value) -> Value:
    """Return the products of the first entries along the last axis, by those of pairs.

    Nothing is divided, so that derivatives of any order are right at zeros too.
    Blelloch, "Prefix sums and their applications", CMU-CS-90-190 (1990).
    """
    n = x.shape[-1]
    if n < 2:
        return x
    first, second = x[..., ::2], x[..., 1::2]
    even = _running_product(first[..., : n // 2] * second)  # of an even number of entries
    odd = np.concatenate([first[..., :1], even[..., : (n - 1) // 2] * first[..., 1:]], axis=-1)
    pairs = np.stack([odd[..., : n // 2], even], axis=-1)
    both = np.reshape(pairs, (*x.shape[:-1], n - n % 2))
    return np.concatenate([both, odd[..., -1:]], axis=-1) if n % 2 else both


def _along_one(a: Value, axis: int | None) -> tuple[Value, int]:
    """Return the array, flat if no axis is named, and the axis counted from the end."""
    if axis is None:
        return np.ravel(a), -1
    return a, normalize_axis_index(axis, a.ndim) - a.ndim


@operation(np.cumsum)
def _cumsum(a: Value, axis: int | None = None, dtype: DTypeLike | None = None) -> Value:
    return _running_sum(*_along_one(a if dtype is None else a.astype(dtype), axis))


@operation(np.cumprod)
def _cumprod(a: Value, axis: int | None = None, dtype: DTypeLike | None = None) -> Value:
    a, axis = _along_one(a if dtype is None else a.astype(dtype), axis)
    return np.moveaxis(_running_product(np.moveaxis(a, axis, -1)), -1, axis)


@operation(np.nancumsum)
def _nancumsum(a: Value, axis: int | None = None, dtype: DTypeLike | None = None) -> Value:
    return np.cumsum(replace_nan(a, 0), axis, dtype)


@operation(np.nancumprod)
def _nancumprod(a: Value, axis: int | None = None, dtype: DTypeLike | None = None) -> Value:
    return np.cumprod(replace_nan(a, 1), axis, dtype)


def _cumulative(function: Function, running: Function, start: int) -> None:
    @operation(function)
    def accumulate(
        x: Value,
        /,
        *,
        axis: int | None = None,
        dtype: DTypeLike | None = None,
        include_initial: bool = False,
    ) -> Value:
        x = np.atleast_1d(x if dtype is None else x.astype(dtype))
        if axis is None and x.ndim != 1:
            raise ValueError(f"np.{function.__name__} of shape {x.shape} needs an axis")
        result = running(x, axis)
        if not include_initial:
            return result
        lengths = list(result.shape)
        lengths[axis or 0] = 1
        initial = constants_like(x, np.full(lengths, start, x.dtype))
        return np.concatenate([initial, result], axis=axis or 0)


if hasattr(np, "cumulative_sum"):  # from NumPy 2.1 on
    _cumulative(np.cumulative_sum, np.cumsum, 0)
    _cumulative(np.cumulative_prod, np.cumprod, 1)

# -- differences and integrals ---------------------------------------------------------------


def _entries(x: Value, axis: int, start: int | None, stop: int | None) -> Value:
    return x[(..., slice(start, stop), *(slice(None),) * (-axis - 1))]


@operation(np.diff)
def _diff(
    a: Value, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Value:
    if n < 0:
        raise ValueError(f"np.diff takes a number n >= 0 of differences, not {n}")
    a = as_array(a)
    if n == 0:
        return a
    axis = normalize_axis_index(axis, a.ndim) - a.ndim
    given = [x is not np._NoValue for x in (prepend, append)]
    if any(given):
        before = [_as_end(prepend, a, axis)] if given[0] else []
        after = [_as_end(append, a, axis)] if given[1] else []
        a = np.concatenate([*before, a, *after], axis=axis)
    for _ in range(n):
        a = _entries(a, axis, 1, None) - _entries(a, axis, None, -1)
    return a


def _as_end(end: Any, a: Value, axis: int) -> Value:
    """Return what is put before or behind an array: a number stands for one layer."""
    end = operands([end, a])[0]
    if end.ndim:
        return end
    return np.broadcast_to(end, [1 if i == axis else a.shape[i] for i in range(-a.ndim, 0)])


@operation(np.ediff1d)
def _ediff1d(ary: Value, to_end: Any = None, to_begin: Any = None) -> Value:
    ary = as_array(ary)
    parts = operands([p for p in (to_begin, np.diff(np.ravel(ary)), to_end) if p is not None])
    return np.concatenate([np.ravel(part).astype(ary.dtype) for part in parts])


def _inexact(x: Value) -> Value:
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


@operation(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Axes = None, edge_order: int = 1) -> Any:
    f = _inexact(f)
    axes = from_end(axis, f.ndim)
    spacings = varargs or (1.0,)
    if len(spacings) == 1 and not np.ndim(spacings[0]):
        spacings = spacings * len(axes)
    if len(spacings) != len(axes) or edge_order not in (1, 2):
        raise (TypeError if edge_order in (1, 2) else ValueError)(
            f"np.gradient over {len(axes)} axes takes one spacing, or one for each, and the "
            f"edge_order 1 or 2, not {len(spacings)} spacings and edge_order={edge_order}"
        )
    slopes = tuple(
        np.moveaxis(_slope(np.moveaxis(f, i, -1), _inexact(h), edge_order), -1, i)
        for i, h in zip(axes, spacings, strict=True)
    )
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Any, spacing: Any, edge_order: int) -> Any:
    """Return the derivative along the last axis, of parabolas through three points each.

    It is the mean of the slopes on both sides, each weighted with the other side's width.
    """
    n = f.shape[-1]
    if n <= edge_order or spacing.shape not in ((), (n,)):
        raise ValueError(
            f"np.gradient with edge_order={edge_order} needs at least {edge_order + 1} points and "
            f"a spacing that is a number or has a coordinate for each of them, but along one axis "
            f"there are {n} points and a spacing of shape {spacing.shape}"
        )
    h = np.diff(spacing) if spacing.ndim else constants_like(f, spacing)
    h = h.astype(f.dtype)
    share = h[1:] / (h[:-1] + h[1:]) if h.ndim else constants_like(f, np.full(1, 0.5, f.dtype))
    sides = np.diff(f, axis=-1) / h
    left, right = sides[..., :-1], sides[..., 1:]
    inner = left * share + right * (1 - share)
    first, last = sides[..., :1], sides[..., -1:]
    if edge_order == 2:
        first = first + (first - right[..., :1]) * (1 - share[:1])
        last = last + (last - left[..., -1:]) * share[-1:]
    return np.concatenate([first, inner, last], axis=-1)


@operation(np.trapezoid)
def _trapezoid(y: Value, x: Value = None, dx: Any = 1.0, axis: int = -1) -> Value:
    y = as_array(y)
    axis = normalize_axis_index(axis, y.ndim) - y.ndim
    if x is not None:
        x = as_array(x)
        dx = np.diff(x, axis=axis if x.ndim > 1 else -1)
        if x.ndim == 1:
            dx = np.reshape(dx, (-1,) + (1,) * (-axis - 1))
    middle = (_entries(y, axis, 1, None) + _entries(y, axis, None, -1)) / 2
    return np.sum(dx * middle, axis=axis)


@operation(np.interp)
def _interp(
    x: Value, xp: Value, fp: Value, left: Any = None, right: Any = None, period: float | None = None
) -> Value:
    # In float64, as NumPy does. At a knot the slope is that of the interval to its right.
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.size:
        raise ValueError(
            f"np.interp needs points xp and values fp along one axis, as many of each, not of "
            f"shapes {xp.shape} and {fp.shape}"
        )
    x, xp = x.astype(np.float64), xp.astype(np.float64)
    fp = fp.astype(np.result_type(fp.dtype, np.float64))
    if period is not None:
        x, xp, fp = _within_period(x, xp, fp, abs(period))
        left = right = None
    below, above = x < xp[0], x > xp[-1]
    within = np.where(below | above, xp[0], x)  # even an infinite x, which must not meet a 0
    last = xp.size - 1
    places = value_of(np.searchsorted(open_to(xp, within), within, side="right"))
    i = np.clip(places - 1, 0, max(last - 1, 0))
    j = np.minimum(i + 1, last)
    points, values = open_to(xp, i), open_to(fp, i)
    width = points[j] - points[i]
    fraction = (within - points[i]) / np.where(width == 0, 1, width)
    inside = values[i] + fraction * (values[j] - values[i])
    inside = np.where(below, fp[0] if left is None else left, inside)
    return np.where(above, fp[-1] if right is None else right, inside)


def _within_period(x: Value, xp: Value, fp: Value, period: float) -> tuple[Value, Value, Value]:
    """Return arguments within one period, and points in order with one more on either side."""
    if not period:
        raise ValueError("np.interp: the period must not be 0")
    x, xp = x - period * np.floor(x / period), xp - period * np.floor(xp / period)
    order = value_of(np.argsort(xp))
    xp, fp = xp[order], open_to(fp, order)[order]
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


# -- covariances -----------------------------------------------------------------------------


def _variables(m: Value, rowvar: bool, dtype: DTypeLike | None) -> Value:
    """Return an array with a variable in each row and an observation in each column."""
    m = as_array(m)
    if m.ndim > 2:
        raise ValueError(f"np.cov takes arrays of one or two axes, not of shape {m.shape}")
    m = m.astype(np.result_type(m.dtype, np.float64) if dtype is None else dtype)
    m = np.reshape(m, (1, -1)) if m.ndim < 2 else m
    return m if rowvar or m.shape[0] == 1 else np.transpose(m)


@operation(np.cov)
def _cov(
    m: Value,
    y: Value = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: DTypeLike | None = None,
) -> Value:
    x = _variables(m, rowvar, dtype)
    if y is not None:
        x = np.concatenate([x, _variables(y, rowvar, dtype)], axis=0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    a = _observation_weights("aweights", aweights, x)
    w = _observation_weights("fweights", fweights, x) * a
    total = np.sum(w)
    centred = x - np.sum(x * w, axis=1, keepdims=True) / total
    freedom = total - ddof * np.sum(w * a) / total
    products = np.dot(centred, np.conjugate((centred * w).T))
    return np.squeeze(products / np.where(freedom > 0, freedom, 0))


def _observation_weights(name: str, weights: Value, x: Value) -> Value:
    """Return the weights of the observations, ones where none are given."""
    ones = np.ones(x.shape[1], value_of(x).real.dtype)
    weights = constants_like(x, ones) if weights is None else as_array(weights)
    if weights.shape != x.shape[1:] or np.any(weights < 0):
        raise ValueError(
            f"np.cov of {x.shape[1]} observations needs as many {name}, none of them negative, "
            f"not {weights!r:.60}"
        )
    return weights


@operation(np.corrcoef)
def _corrcoef(
    x: Value, y: Value = None, rowvar: bool = True, *, dtype: DTypeLike | None = None
) -> Value:
    c = _cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviations = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviations[:, None] / deviations
    return c if c.dtype.kind == "c" else np.clip(c, -1, 1)
