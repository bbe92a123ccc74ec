"""What keeps slopes accurate far out, near poles and where they vanish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._op import Elementwise, Function, recorder, value_of
from autodiff._tensor import Tensor

PLAIN = frozenset({np.ndarray, np.float64, np.float32})


def slope(name: str, function: Function, *rules: Function) -> Function:
    """State a slope as an op, where the parts of its formula have slopes that cancel or underflow.

    It takes arrays, Tensors and power series.
    """
    op = recorder(Elementwise(name, function, rules))

    def call(*operands: Any) -> Any:
        if PLAIN.issuperset(map(type, operands)):
            return function(*operands)
        for x in operands:
            if is_series(x):
                return x.__array_function__(call, (type(x),), operands, {})
        return op(*operands)

    return call


def is_series(x: Any) -> bool:
    """Whether ``x`` is a power series."""
    return hasattr(x, "coefficient")


def is_recorded(x: Any) -> bool:
    """Whether a rule is given what will be differentiated, or developed in a series."""
    return type(x) is Tensor or is_series(x)


def everywhere(condition: Any) -> bool:
    """Whether a condition holds for all entries, as far as that can be known."""
    known = value_of(condition)
    return isinstance(known, (np.ndarray, np.bool_)) and bool(known.all())


def where(condition: Any, accurate: Callable[..., Any], plain: Any, *operands: Any) -> Any:
    """Return np.where(condition, accurate(*operands), plain).

    The accurate form is computed where the condition holds alone; elsewhere it may be singular.
    """
    known = value_of(condition)
    if isinstance(known, (np.ndarray, np.bool_)):
        if not (known if type(known) is np.bool_ else known.any()):
            return plain
        if isinstance(plain, (np.ndarray, np.generic)) and not any(map(is_recorded, operands)):
            if type(known) is np.bool_ or known.all():
                return accurate(*operands)
            chosen = np.array(plain)
            mask = _broadcast(known, chosen.shape)
            entries = [_broadcast(x, mask.shape)[mask] if np.ndim(x) else x for x in operands]
            chosen[mask] = accurate(*entries)
            return chosen
    safe = [np.where(condition, x, 1) if hasattr(x, "dtype") else x for x in operands]
    return np.where(condition, accurate(*safe), plain)


def _broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else np.broadcast_to(x, shape)
