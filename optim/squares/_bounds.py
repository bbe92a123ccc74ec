"""Bounds: between which values each unknown stays."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from autodiff import flatten
from optim.search._objective import Array, Problem

Bounds: TypeAlias = tuple[Array, Array]  # lower and upper, one number for each unknown

SHOWN = 3  # pairs, at most, that a message spells out


def as_vectors(bounds: Any, problem: Problem) -> Bounds | None:
    """Return the bounds as two vectors; None where there is none."""
    x = problem.shaped(problem.start)
    if isinstance(bounds, Mapping):
        lower, upper = _by_key(bounds, x, "bounds")
    else:
        sides = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
        lower, upper = _lower_and_upper(sides, x, "bounds")
    wrong = np.flatnonzero(~(lower <= upper))
    if wrong.size:
        i = wrong[0]
        raise ValueError(
            f"the lower bound of {_entry(problem, i)} is {lower[i]}, the upper {upper[i]}"
        )
    if not (np.isfinite(lower) | np.isfinite(upper)).any():
        return None
    return lower, upper


def _by_key(bounds: Any, x: Any, path: str) -> Bounds:
    """Return the bounds of some part of x from pairs by its keys, of which some may be missing."""
    if bounds is None:
        return _lower_and_upper((None, None), x, path)
    if not isinstance(bounds, Mapping):
        return _lower_and_upper(bounds, x, path)
    if not isinstance(x, Mapping):
        raise ValueError(f"{path} has keys, but x0 none there: write (lower, upper) for {x!r:.80}")
    unknown = [key for key in bounds if key not in x]
    if unknown:
        keys = ", ".join(map(repr, x))
        raise ValueError(f"{path} has the key {unknown[0]!r}, expected some of those of x0: {keys}")
    sides = [_by_key(bounds.get(key), part, f"{path}[{key!r}]") for key, part in x.items()]
    lower, upper = (np.concatenate(side) for side in zip(*sides, strict=True))
    return lower, upper


def _lower_and_upper(pair: Any, x: Any, path: str) -> Bounds:
    """Return the bounds of some part of x from a pair of numbers, or of parts that are like it."""
    _refuse_list_of_pairs(pair, x, path)
    if not _is_row(pair) or len(pair) != 2:
        raise ValueError(f"expected {path} to be (lower, upper), got {pair!r:.80}")
    return _vector("lower", pair[0], -np.inf, x), _vector("upper", pair[1], np.inf, x)


def _vector(name: str, bound: Any, infinity: float, x: Any) -> Array:
    """Return one side as a vector, with infinities where there is no bound."""
    start, shaped = flatten(x)
    bound = _with_infinity(bound, infinity)
    if hasattr(bound, "__float__") and np.ndim(bound) == 0:
        return np.full(start.size, float(bound))
    vector, as_given = flatten(bound)
    # Both are alike if numbers in a row fall into the same places.
    order = np.arange(start.size)
    if vector.size != start.size or repr(as_given(order)) != repr(shaped(order)):
        raise ValueError(
            f"expected the {name} bounds to be one number or to be built like x0, {x!r:.80}, but "
            f"got {bound!r:.80}"
        )
    return np.asarray(vector, float)


def _with_infinity(bound: Any, infinity: float) -> Any:
    """Return a bound with an infinite one for each None."""
    if isinstance(bound, Mapping):
        return {key: _with_infinity(part, infinity) for key, part in bound.items()}
    if type(bound) in (list, tuple):
        return type(bound)(_with_infinity(part, infinity) for part in bound)
    return infinity if bound is None else bound


def _refuse_list_of_pairs(bounds: Any, x: Any, path: str) -> None:
    """Refuse a pair for each unknown, as `minimize` takes them, and say what to write."""
    if not _is_row(bounds) or not all(_is_row(p) and len(p) == 2 for p in bounds):
        return
    # Two rows of two numbers may be either: a list of tuples is meant as pairs.
    if not len(bounds) or (len(bounds) == 2 and not _is_list_of_tuples(bounds)):
        return
    keys = list(x) if isinstance(x, Mapping) else [chr(ord("a") + i) for i in range(SHOWN)]
    some = list(islice(zip(keys, bounds, strict=False), SHOWN))
    more = ", ..." if len(bounds) > len(some) else ""
    low, high = (
        ", ".join(_as_code(end, infinity) for end in side) + more
        for side, infinity in zip(
            zip(*(pair for _, pair in some), strict=True), (-np.inf, np.inf), strict=True
        )
    )
    by_key = ", ".join(
        f"{key!r}: ({_as_code(a, -np.inf)}, {_as_code(b, np.inf)})" for key, (a, b) in some
    )
    raise ValueError(
        f"{path} is a list of pairs, which minimize takes: write the lower bounds and the upper "
        f"ones, {path}=([{low}], [{high}]), or, where x0 is a dict, pairs by key, "
        f"bounds={{{by_key}{more}}}"
    )


def _is_row(values: Any) -> bool:
    return isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim > 0)


def _is_list_of_tuples(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, tuple) for value in values)


def _as_code(bound: Any, infinity: float) -> str:
    bound = infinity if bound is None else bound
    return f"{bound}".replace("inf", "np.inf")


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
