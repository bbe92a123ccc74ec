"""Polynomials by their coefficients, highest power first, and evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._op import operation, value_of
from autodiff._tensor import Tensor


@operation(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    value = 0 * x
    for coefficient in p:
        value = value * x + coefficient
    return value


@operation(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    length = max(len(a1), len(a2))
    return _lengthened(a1, length) + _lengthened(a2, length)


@operation(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    return np.polyadd(a1, -1 * np.atleast_1d(a2))


def _lengthened(p: Any, length: int) -> Any:
    p = np.atleast_1d(p)
    return np.concatenate([np.zeros(length - len(p), p.dtype), p])


@operation(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(p: Any) -> Any:
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
def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@operation(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = 0) -> Any:
    constants = np.broadcast_to(np.atleast_1d(k), (m,))
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@operation(np.polyfit)
def _polyfit(x: Any, y: Any, deg: int) -> Any:
    columns = np.vander(np.atleast_1d(x), deg + 1)
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    solution = np.linalg.lstsq(columns / scale, y)[0]
    return (solution.T / scale).T


@operation(np.linspace)
def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    share = np.linspace(0.0, 1.0, num, endpoint=endpoint, dtype=np.result_type(start, stop, 1.0))
    share = share.reshape(-1, *(1,) * np.ndim(stop - start))
    return np.moveaxis(start * (1 - share) + stop * share, 0, axis)


@operation(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, *, axis: int = 0
) -> Any:
    return base ** np.linspace(start, stop, num, endpoint, axis=axis)


@operation(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0
) -> Any:
    return np.exp(np.linspace(np.log(start), np.log(stop), num, endpoint, axis=axis))


@operation(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    places = np.arange(x.size).reshape(x.shape)
    return np.ravel(x)[np.lib.stride_tricks.sliding_window_view(places, window_shape, axis)]
