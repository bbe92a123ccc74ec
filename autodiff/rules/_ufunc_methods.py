"""The methods of ufuncs: reduce, accumulate and outer. Imported last, for it reads the table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.ndarray import operations
from autodiff._core.record import value_of
from autodiff._core.table import operation, without_derivative
from autodiff._core.types import Axes, Function, Value
from autodiff.rules._neural import logsumexp
from autodiff.rules._shapes import from_end, operands

# Along axis 0, where NumPy's functions of the same kind take all axes.


def _reduces(ufunc: np.ufunc, function: Function) -> None:
    @operation(ufunc.reduce)
    def reduce(
        array: Value, axis: Axes = 0, dtype: DTypeLike | None = None, **options: Any
    ) -> Value:
        array = array if dtype is None else array.astype(dtype)
        return function(array, axis=axis, **options)


def _accumulates(ufunc: np.ufunc, function: Function) -> None:
    @operation(ufunc.accumulate)
    def accumulate(array: Value, axis: int = 0, dtype: DTypeLike | None = None) -> Value:
        return function(array if dtype is None else array.astype(dtype), axis=axis)


def _log_sum_exp(
    x: Value, axis: Axes, *, keepdims: bool = False, initial: Value = None, where: Value = True
) -> Value:
    x = x if where is True else np.where(where, x, -np.inf)
    total = logsumexp(x, axis, keepdims=keepdims)
    return total if initial is None else np.logaddexp(total, initial)


def _log2_sum_exp2(x: Value, axis: Axes, *, initial: Value = None, **options: Any) -> Value:
    initial = None if initial is None else initial * math.log(2)
    return _log_sum_exp(x * math.log(2), axis, initial=initial, **options) / math.log(2)


def _running_extremum(ufunc: np.ufunc) -> Function:
    """Take each entry from where it was reached; of equal ones from the latest."""

    def extremum(x: Value, axis: int) -> Value:
        value = value_of(x)
        (axis,) = from_end(axis, value.ndim)
        positions = np.arange(value.shape[axis]).reshape((-1,) + (1,) * (-axis - 1))
        reached = (value == ufunc.accumulate(value, axis)) | np.isnan(value)
        latest = np.maximum.accumulate(np.where(reached, positions, 0), axis)
        return np.take_along_axis(x, latest, axis)

    return extremum


_reduces(np.add, np.sum)
_reduces(np.multiply, np.prod)
_reduces(np.maximum, np.max)
_reduces(np.minimum, np.min)
_reduces(np.fmax, np.nanmax)
_reduces(np.fmin, np.nanmin)
_reduces(np.logaddexp, _log_sum_exp)
_reduces(np.logaddexp2, _log2_sum_exp2)
_accumulates(np.add, np.cumsum)
_accumulates(np.multiply, np.cumprod)
_accumulates(np.maximum, _running_extremum(np.maximum))
_accumulates(np.minimum, _running_extremum(np.minimum))

for _ufunc in (
    *(np.logical_and, np.logical_or, np.logical_xor),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm),
):
    without_derivative(_ufunc.reduce)
    without_derivative(_ufunc.accumulate)


def _has_outer(ufunc: np.ufunc) -> None:
    if ufunc.signature is not None:
        return  # not elementwise

    @operation(ufunc.outer)
    def outer(a: Value, b: Value, **options: Any) -> Value:
        a, b = operands([a, b])
        return ufunc(a[(..., *(None,) * b.ndim)], b, **options)


for _function in list(operations):
    if isinstance(_function, np.ufunc) and (_function.nin, _function.nout) == (2, 1):
        _has_outer(_function)
