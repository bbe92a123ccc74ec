"""First derivatives from values alone, for a verdict where nothing better is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optim.search._objective import Array
from optim.search._rounding import EPS

STEP = EPS ** (1 / 3)  # of the sizes, for differences on both sides


def differences(
    f: Callable[[Array], Any], x: Array, sizes: Array, lower: Any = -np.inf, upper: Any = np.inf
) -> Array:
    """Return the first derivatives of f as columns, from values on both sides within bounds.

    Examples
    --------
    >>> differences(lambda x: x[0] ** 2 + 3 * x[1], np.array([1.0, 2.0]), np.ones(2)).round(9)
    array([[2., 3.]])
    """
    ahead, behind = np.minimum(x + STEP * sizes, upper), np.maximum(x - STEP * sizes, lower)
    columns = []
    for unit, width in zip(np.eye(x.size, dtype=bool), ahead - behind, strict=True):
        change = np.subtract(f(np.where(unit, ahead, x)), f(np.where(unit, behind, x)))
        columns.append(np.atleast_1d(change) / (width or np.inf))
    return np.column_stack(columns)
