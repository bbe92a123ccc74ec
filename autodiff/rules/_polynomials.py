"""Polynomials by their coefficients, highest power first, and evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.record import value_of
from autodiff._core.table import operation
from autodiff._core.tensor import Tensor
from autodiff._core.types import Axes, Value
from autodiff.rules._shapes import as_array, operands


@operation(np.polyval)
def _polyval(p: Value, x: Value) -> Value:
    value = 0 * x
    for coefficient in p:
        value = value * x + coefficient
    return value


@operation(np.polyadd)
def _polyadd(a1: Value, a2: Value) -> Value:
    length = max(len(a1), len(a2))
    return _pad_in_front(a1, length) + _pad_in_front(a2, length)


@operation(np.polysub)
def _polysub(a1: Value, a2: Value) -> Value:
    return np.polyadd(a1, -1 * np.atleast_1d(a2))


def _pad_in_front(p: Value, length: int) -> Value:
    p = np.atleast_1d(p)
    return np.concatenate([zeros_like(p, shape=(length - len(p),)), p])


@operation(np.polymul)
def _polymul(a1: Value, a2: Value) -> Value:
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(p: Value) -> Value:
    """Drop zeros in front, as NumPy does, unless the result depends on one of them."""
    p = p if type(p) is Tensor else np.atleast_1d(p)
    nonzero = np.flatnonzero(value_of(p))
    start = int(nonzero[0]) if nonzero.size else len(p) - 1
    if start and type(p) is Tensor and p.requires_grad:
        raise ValueError(
            f"np.polymul would drop {start} leading zero(s) of a Tensor, and with them its "
            "derivative: use np.convolve, which keeps them"
        )
    return p[start:]


@operation(np.polyder)
def _polyder(p: Value, m: int = 1) -> Value:
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@operation(np.polyint)
def _polyint(p: Value, m: int = 1, k: Any = None) -> Value:
    k = 0 if k is None else k
    constants = np.broadcast_to(np.atleast_1d(k), (m,))
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@operation(np.polyfit)
def _polyfit(
    x: Value,
    y: Value,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Value:
    columns, y = np.vander(np.atleast_1d(x), deg + 1), as_array(y)
    if w is not None:
        columns, y = columns * np.expand_dims(w, 1), (y.T * w).T
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns / scale
    rcond = len(columns) * np.finfo(columns.dtype).eps if rcond is None else rcond
    solution, residuals, rank, singular = np.linalg.lstsq(columns, y, rcond)
    fit = (solution.T / scale).T
    if full:
        return fit, residuals, rank, singular, rcond
    return (fit, _covariance(columns, scale, residuals, y, cov)) if cov else fit


def _covariance(columns: Any, scale: Any, residuals: Any, y: Value, cov: Any) -> Value:
    """Return the covariance of fitted coefficients, for each set of values where there are many."""
    inverse = np.linalg.inv(columns.T @ columns) / np.outer(scale, scale)
    n, k = columns.shape
    if n <= k and cov != "unscaled":
        raise ValueError(
            f"np.polyfit of {n} points by {k} coefficients has no errors to scale a covariance by: "
            "write cov='unscaled', or fit more points"
        )
    factor = np.ones(1) if cov == "unscaled" else residuals / (n - k)
    return inverse * factor if y.ndim == 1 else inverse[:, :, None] * factor


@operation(np.linspace)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint=endpoint, dtype=np.result_type(start, stop, 1.0))
    share = constants_like(stop - start, share.reshape(-1, *(1,) * np.ndim(stop - start)))
    points = np.moveaxis(start * (1 - share) + stop * share, 0, axis)
    if dtype is not None:
        points = (np.floor(points) if np.dtype(dtype).kind in "iu" else points).astype(dtype)
    steps = num - 1 if endpoint else num
    return (points, (stop - start) / (steps or np.nan)) if retstep else points


@operation(np.logspace)
def _logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    if np.ndim(base):
        ends = operands([start, stop, base])
        rank = max(a.ndim for a in ends)
        start, stop, base = [a[(None,) * (rank - a.ndim)] for a in ends]
        base = np.expand_dims(base, axis)
    points = base ** np.linspace(start, stop, num, endpoint, axis=axis)
    return points if dtype is None else points.astype(dtype)


@operation(np.geomspace)
def _geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    points = np.exp(np.linspace(np.log(start), np.log(stop), num, endpoint, axis=axis))
    return points if dtype is None else points.astype(dtype)


@operation(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(x: Value, window_shape: Any, axis: Axes = None) -> Value:
    places = np.arange(x.size).reshape(x.shape)
    return np.ravel(x)[np.lib.stride_tricks.sliding_window_view(places, window_shape, axis)]
