"""The profile of χ² by one search for each value, where Newton's method does not follow it."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from fit.arguments._numbers import EPS, Array
from fit.arguments._words import in_prose
from fit.problem._chi_squared import half_of
from fit.problem._problem import SpentError
from fit.uncertainties._vicinity import Vicinity
from optim import Status, lagrange, least_squares

FARTHEST = 1e6  # how many standard errors away an end is looked for
SEARCHED = 100  # values of the parameter, at most


def least_with(around: Vicinity, k: int, value: float, near: Array) -> tuple[float, Array]:
    """Return the rise of the least χ² at a value of one parameter, and where it is."""
    result = around.result
    problem = result.problem
    lower, upper = (bound.copy() for bound in around.bounds)
    lower[k] = upper[k] = value
    start = np.clip(near, lower, upper)
    if problem.constraints:
        found = lagrange(
            half_of(problem.chi_squared),
            start,
            _with_one_held(problem.constraint, k, value),
        )
        rise = 2 * float(found.fun) - result.chi_squared
    else:
        found = least_squares(
            problem.residuals,
            start,
            bounds=(lower, upper),
            loss=problem.loss,
            f_scale=problem.f_scale or 1.0,
            max_nfev=problem.evaluations_left,
        )
        rise = 2 * float(found.cost) - result.chi_squared
        if problem.loss == "linear":
            origin = result.weighted_residuals
            rise = float((found.fun - origin) @ (found.fun + origin))
    problem.spend(found.nfev + found.nhev)
    if problem.evaluations_left is not None and found.status is Status.LIMIT:
        raise SpentError
    p = np.asarray(found.x, float)
    if not np.isfinite(rise):
        return np.inf, start
    around.saw(rise, p)
    return rise, p


def _with_one_held(constraint: Callable[[Any], Any], k: int, value: float) -> Callable[[Any], Any]:
    """Return constraints that hold one parameter besides, at a value that plans may vary."""
    at = np.array([value])
    return lambda p: np.concatenate([constraint(p), p[k : k + 1] - at])


def end_by_search(around: Vicinity, k: int, side: int, rise: float, notes: list[str]) -> float:
    """Return where the least χ² has risen so much, by following it step by step."""
    from scipy.optimize import brentq

    middle, error = float(around.result.p[k]), float(around.errors[k])
    bound = float(around.bounds[(side + 1) // 2][k])
    tangent = around.spread @ around.spread[k] / error**2
    # √Δχ², in units of the one looked for, and all parameters, by the value.
    known: dict[float, tuple[float, Array]] = {middle: (0.0, around.result.p)}

    def root(value: float) -> float:
        if value not in known:
            near, ahead = _starts_near(known, value, tangent)
            risen, p = least_with(around, k, value, ahead)
            if not np.isfinite(risen):
                risen, p = least_with(around, k, value, near)
            known[value] = min(sqrt(max(risen, 0.0) / rise), 10.0), p
        return known[value][0]

    unit = sqrt(rise) * error
    step, last, slope = unit / 2, middle, 1 / unit
    while known[last][0] < 1:
        at_bound = last == bound
        if not at_bound and abs(last - middle) > FARTHEST * unit:
            return side * np.inf
        if at_bound or len(known) > SEARCHED:
            notes.append(_without_crossing(around.result.free[k], last, at_bound, side))
            return bound if at_bound else side * np.inf
        value = side * min(side * (last + side * step), side * bound)
        off = abs(root(value) - known[last][0] - slope * abs(value - last))
        if off > 0.25 and step > unit / 100:
            # Too far from the last value to have followed the same valley.
            del known[value]
            step /= 4
            continue
        slope = (known[value][0] - known[last][0]) / abs(value - last)
        before, last = last, value
        step *= 3 if off < 0.1 else 1
    return float(
        brentq(lambda v: root(v) - 1, before, last, xtol=1e-9 * abs(last - before), rtol=4 * EPS)
    )


def _starts_near(
    known: dict[float, tuple[float, Array]], value: float, tangent: Array
) -> tuple[Array, Array]:
    """Return the known parameters nearest to a value, and where the last two lead from there."""
    one, *others = sorted(known, key=lambda other: abs(other - value))
    near = known[one][1]
    slope = (near - known[others[0]][1]) / (one - others[0]) if others else tangent
    return near, near + (value - one) * slope


def _without_crossing(name: str, last: float, at_bound: bool, side: int) -> str:
    """Say why χ² was followed no farther, though it has not risen enough."""
    if at_bound:
        which = ("lower", "upper")[(side + 1) // 2]
        return f"the interval of {name} ends at its {which} bound {in_prose(f'{last:g}')}"
    return (
        f"the interval of {name} has no end as far as {in_prose(f'{last:g}')}, where the search "
        "was given up: χ² goes up and down on the way"
    )
