"""Bounds: between which values each unknown stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optim.search._bounds import Bounds, bounds_by_key, bounds_of_scipy, bounds_of_sides
from optim.search._objective import Problem


def as_vectors(bounds: Any, problem: Problem) -> Bounds | None:
    """Return the bounds as two vectors; None where there is none."""
    x = problem.shaped(problem.start)
    if isinstance(bounds, Mapping):
        lower, upper = bounds_by_key(bounds, x, "bounds")
    elif hasattr(bounds, "lb"):
        lower, upper = bounds_of_scipy(bounds, problem.start.size)
    else:
        lower, upper = bounds_of_sides(bounds, x, "bounds")
    wrong = np.flatnonzero(~(lower <= upper))
    if wrong.size:
        i = wrong[0]
        raise ValueError(
            f"the lower bound of {_entry(problem, i)} is {lower[i]}, the upper {upper[i]}"
        )
    if not (np.isfinite(lower) | np.isfinite(upper)).any():
        return None
    return lower, upper


def out_of_bounds(bounds: Bounds | None, problem: Problem) -> str:
    """Return what is wrong with the start, if anything."""
    if bounds is None:
        return ""
    (lower, upper), x = bounds, problem.start
    wrong = np.flatnonzero((x < lower) | (x > upper))
    if not wrong.size:
        return ""
    i = wrong[0]
    return (
        f"the start is out of bounds: {_entry(problem, i)} is {x[i]}, expected between {lower[i]} "
        f"and {upper[i]}"
    )


def _entry(problem: Problem, i: int) -> str:
    """Return how an unknown is called."""
    x = problem.shaped(problem.start)
    if not isinstance(x, np.ndarray | np.generic):
        return f"number {i} of those in x0"
    index = ", ".join(map(str, np.unravel_index(i, x.shape)))
    return f"x0[{index}]" if index else "x0"
