"""Where else to start, if the usual start has led to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from fit.arguments._numbers import Array

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

FEW = 3  # parameters, up to which each may have either sign beside any of the others


def other_starts(n: int) -> list[Array]:
    """Return vectors of ones that have other signs than all positive."""
    if n > FEW:
        return [-np.ones(n)]
    return [np.array(signs) for signs in product((1.0, -1.0), repeat=n)][1:]


def best_from(
    starts: Iterable[Array], search: Callable[[Array], OptimizeResult], found: OptimizeResult
) -> OptimizeResult:
    """Return the lowest of the minima that are found, and of what was found before."""
    best = found
    for start in starts:
        try:
            other = search(start)
        except (ArithmeticError, ValueError):  # The model may refuse it.
            continue
        if other.success and (not best.success or other.cost < best.cost):
            best = other
    return best
