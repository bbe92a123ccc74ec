"""What keeps slopes accurate far out, near poles and where they vanish."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autodiff._core.array_kinds import is_plain
from autodiff._core.fast_recorders import recorder
from autodiff._core.op import Elementwise
from autodiff._core.record import value_of
from autodiff._core.tensor import Tensor
from autodiff._core.types import Cotangent, Function, Shape, Value

# Kinds of arrays that rules compute with in the fewest passes. While a call is recorded for a plan,
# what stands in for NumPy's arrays is among them.
PLAIN: set[type] = {np.ndarray, np.float64, np.float32}


def inner(name: str, function: Function, *rules: Function) -> Function:
    """State an op that rules call: it takes arrays, Tensors and power series."""
    op = recorder(Elementwise(name, function, rules))

    def call(*operands: Any) -> Any:
        if PLAIN.issuperset(map(type, operands)):
            return function(*operands)
        for x in operands:
            if is_series(x):
                return x.__array_function__(call, (type(x),), operands, {})
        return op(*operands)

    return call


def slope(name: str, times: Function, *rules: Function) -> Function:
    """State a slope as an op, where the parts of its formula have slopes that cancel or underflow.

    ``times`` takes ``g`` and the operands, and returns ``g`` times the slope in the fewest passes.
    So does what is returned; it may take Tensors and power series.
    """
    op = inner(name, partial(times, 1), *rules)

    def of_one(g: Cotangent, x: Value) -> Cotangent:
        return times(g, x) if type(x) in PLAIN else g * op(x)

    def of_several(g: Cotangent, *operands: Any) -> Cotangent:
        return times(g, *operands) if PLAIN.issuperset(map(type, operands)) else g * op(*operands)

    return of_one if len(rules) == 1 else of_several  # a third of a microsecond less


def is_series(x: Value) -> bool:
    """Whether ``x`` is a power series."""
    return hasattr(x, "coefficient")


def is_recorded(x: Value) -> bool:
    """Whether a rule is given what will be differentiated, or developed in a series."""
    return type(x) is Tensor or is_series(x)


def everywhere(condition: Value) -> bool:
    """Whether a condition holds for all entries, as far as that can be known."""
    known = value_of(condition)
    plain = is_plain(known) or type(known) in PLAIN
    return plain and bool(np.count_nonzero(known) == known.size)


def where(condition: Value, accurate: Callable[..., Any], plain: Any, *operands: Any) -> Value:
    """Return np.where(condition, accurate(*operands), plain).

    The accurate form is computed where the condition holds alone; elsewhere it may be singular.
    """
    known = value_of(condition)
    if is_plain(known):
        if not np.count_nonzero(known):  # which takes a quarter of the time of any()
            return plain
        if is_plain(plain) and not any(map(is_recorded, operands)):
            return where_known(known, accurate, plain, *operands)
    elif type(known) in PLAIN and PLAIN.issuperset(map(type, (plain, *operands))):
        arguments = (known, accurate, plain, *operands)
        return known.__array_function__(where_known, (type(known),), arguments, {})
    safe = [np.where(condition, x, 1) if hasattr(x, "dtype") else x for x in operands]
    return np.where(condition, accurate(*safe), plain)


def where_known(condition: Value, accurate: Callable[..., Any], plain: Any, *operands: Any) -> Any:
    """Return what `where` does of NumPy's arrays."""
    count = np.count_nonzero(condition)
    if not count:
        return plain
    if count == condition.size:
        return accurate(*operands)
    chosen = np.array(plain)
    mask = _broadcast(condition, chosen.shape)
    entries = [_broadcast(x, mask.shape)[mask] if np.ndim(x) else x for x in operands]
    chosen[mask] = accurate(*entries)
    return chosen


def _broadcast(x: Value, shape: Shape) -> Value:
    return x if x.shape == shape else np.broadcast_to(x, shape)
