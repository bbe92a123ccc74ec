"""Functions that choose entries: by a condition, by bounds, because they are finite or distinct."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autodiff._core.array_kinds import open_to, refuse_lazy
from autodiff._core.constants_like import constants_like, zeros_like
from autodiff._core.record import value_of
from autodiff._core.table import elementwise, operation
from autodiff._core.tensor import constant, stop_gradient
from autodiff._core.types import Value
from autodiff.rules._shapes import as_array

_where_op = elementwise(
    np.where,
    lambda g, out, condition, x, y: 0 * g,  # never asked for: the condition is made a constant
    lambda g, out, condition, x, y: np.where(condition, g, 0),
    lambda g, out, condition, x, y: np.where(condition, 0, g),
)


@operation(np.where)
def _where(condition: Value, *choices: Value) -> Value:
    return _where_op(stop_gradient(condition), *choices) if choices else np.nonzero(condition)


@operation(np.clip)
def _clip(
    a: Value,
    a_min: Value = None,
    a_max: Value = None,
    *,
    min: Value = None,
    max: Value = None,
    dtype: DTypeLike | None = None,
    casting: Any = "same_kind",
) -> Value:
    low = a_min if min is None else min
    high = a_max if max is None else max
    loop = {} if dtype is None and casting == "same_kind" else {"dtype": dtype, "casting": casting}
    if low is None and high is None:
        return np.positive(a, **loop)
    a = a if low is None else np.maximum(a, low, **loop)
    return a if high is None else np.minimum(a, high, **loop)


@operation(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select takes as many choices as conditions, at least one, not {len(condlist)} "
            f"conditions and {len(choicelist)} choices"
        )
    chosen = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        chosen = np.where(condition, choice, chosen)
    return chosen


@operation(np.piecewise)
def _piecewise(x: Value, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Value:
    instead = "write np.where(x < 0, f(x), g(x))"
    refuse_lazy("np.piecewise is", instead, value_of(x), condlist)
    masks = _masks(x, condlist)
    if len(funclist) == len(masks) + 1:
        masks = np.concatenate([masks, ~masks.any(axis=0, keepdims=True)])
    if len(funclist) != len(masks):
        raise ValueError(
            f"piecewise takes a function for each of the {len(masks)} conditions and perhaps one "
            f"for all other entries, not {len(funclist)}"
        )
    x_flat = np.ravel(x)
    pieces, used = [zeros_like(x_flat[:1])], 1  # where no condition holds the result is 0
    source = open_to(np.zeros(x.size, np.intp), masks)
    for mask, function in zip(masks, funclist, strict=True):
        piece = x_flat[mask]
        count = piece.size
        if count:
            piece = function(piece, *args, **kw) if callable(function) else function
            pieces.append(np.broadcast_to(piece, (count,)).astype(x.dtype))
            source[mask] = constants_like(source, np.arange(used, used + count))
            used += count
    return np.concatenate(pieces)[source].reshape(x.shape)


def _masks(x: Value, conditions: Any) -> Value:
    """Return the conditions of ``piecewise``, a row for each."""
    if isinstance(conditions, list | tuple) and conditions:
        conditions = np.stack([as_array(value_of(condition)) for condition in conditions])
    masks = as_array(value_of(conditions)).astype(bool)
    if masks.shape[max(masks.ndim - np.ndim(x), 0) :] != np.shape(x):
        raise ValueError(
            f"piecewise takes conditions of the shape {np.shape(x)} of x, not {masks.shape}"
        )
    return masks.reshape(len(masks) if masks.ndim > np.ndim(x) else 1, np.size(x))


@operation(np.nan_to_num)
def _nan_to_num(
    x: Value, copy: bool = True, *, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Value:
    if not copy:
        raise TypeError(
            "np.nan_to_num(copy=False) writes into the array, but a Tensor's value never changes: "
            "leave it out, and assign the result"
        )
    if x.dtype.kind == "c":
        return (
            _nan_to_num(np.real(x), nan=nan, posinf=posinf, neginf=neginf)
            + _nan_to_num(np.imag(x), nan=nan, posinf=posinf, neginf=neginf) * 1j
        )
    numbers = np.nan_to_num(value_of(x), nan=nan, posinf=posinf, neginf=neginf)
    return np.where(np.isfinite(x), x, numbers)


@operation(np.unique)
def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Return the sorted distinct entries; the first of equal ones carries the derivative."""
    refuse_lazy("np.unique is", "give an array in memory, as x.compute()", value_of(ar))
    distinct: Any = np.unique
    wanted = (True, return_inverse, return_counts, axis)
    _, first, *facts = distinct(value_of(ar), *wanted, equal_nan=equal_nan)
    facts = [first, *facts] if return_index else facts
    values = np.take(ar, first, axis)
    return (values, *map(constant, facts)) if facts else values
