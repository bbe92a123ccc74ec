"""Bounds: between which values each unknown stays."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from autodiff import flatten
from optim.search._objective import Array, Problem

Bounds: TypeAlias = tuple[Array, Array]  # lower and upper, one number for each unknown


def as_vectors(bounds: Any, problem: Problem) -> Bounds | None:
    """Return the bounds as two vectors; None where there is none."""
    pair = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError(f"expected bounds to be (lower, upper), got {bounds!r:.80}")
    lower, upper = (
        _bound_vector(name, b, problem) for name, b in zip(("lower", "upper"), pair, strict=True)
    )
    wrong = np.flatnonzero(~(lower <= upper))
    if wrong.size:
        i = wrong[0]
        raise ValueError(
            f"the lower bound of {_entry(problem, i)} is {lower[i]}, the upper {upper[i]}"
        )
    if not (np.isfinite(lower) | np.isfinite(upper)).any():
        return None
    return lower, upper


def _bound_vector(name: str, bound: Any, problem: Problem) -> Array:
    if bound is None:
        raise ValueError(f"the {name} bound is None: use np.inf or -np.inf where there is none")
    n = problem.start.size
    x = problem.shaped(problem.start)
    if hasattr(bound, "__float__") and np.ndim(bound) == 0:
        return np.full(n, float(bound))
    vector, shaped = flatten(bound)
    # Both are alike if numbers in a row fall into the same places.
    if vector.size != n or repr(shaped(np.arange(n))) != repr(problem.shaped(np.arange(n))):
        raise ValueError(
            f"expected the {name} bounds to be one number or to be built like x0, {x!r:.80}, but "
            f"got {bound!r:.80}"
        )
    return np.asarray(vector, float)


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
